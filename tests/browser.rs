//! What has to be seen in a browser: these tests are compiled to wasm32 and run in headless Chromium.
//!
//! `make test STAGES=browser` runs them. Add a module below for each subject, in `tests/browser/`.

#![cfg(target_arch = "wasm32")]
// A test stops at whatever it did not expect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[path = "hashing_digest.rs"]
mod hashing_digest;
#[path = "browser/page.rs"]
mod page;
#[path = "run_digests.rs"]
mod run_digests;
