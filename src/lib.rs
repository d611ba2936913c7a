//! Lamplight: real distributed protocols on one deterministic virtual cluster, in the browser tab.
//!
//! The layers point one way; each module may use only those listed below it (`docs/ARCHITECTURE.md`):
//! `ui`, `engine`, `embed`, `lesson`, `wire`, `scene`, `scenario`, `check`, `sim`, `protocol`. [`lang`] serves them all.
//!
//! A run is a function of (scenario, seed, interventions): the same input gives the same bytes natively
//! and in wasm.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod check;
pub mod engine;
pub mod lang;
pub mod protocol;
pub mod scenario;
pub mod scene;
pub mod sim;
pub mod wire;

#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
#[cfg(target_arch = "wasm32")]
pub mod ui;
