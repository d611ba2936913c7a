//! Engines in the page's own thread: each is fetched when a run of its protocol is opened.

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::wire::{Carrier, Fault, Remote};

#[wasm_bindgen(module = "/static/engines.js")]
extern "C" {
    /// The class that `engine_module!` exports.
    type Engine;

    async fn load(protocol: &str, afresh: bool) -> JsValue;

    #[wasm_bindgen(method, catch)]
    fn ask(this: &Engine, request: &[u8]) -> Result<Vec<u8>, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn free(this: &Engine) -> Result<(), JsValue>;
}

/// An engine of this thread.
struct Here(Engine);

impl Carrier for Here {
    fn carry(&self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        self.0.ask(request).map_err(|error| Fault(format!("{error:?}")))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        // One that has stopped cannot be freed any more; the browser does it with its module.
        let _ = self.0.free();
    }
}

/// Fetches and starts the engine of a protocol; another one than before if that has stopped. Nothing if its file is
/// missing, cut short or refused.
pub async fn start(protocol: &str, afresh: bool) -> Option<Rc<Remote>> {
    let engine = load(protocol, afresh).await;
    engine.is_object().then(|| Rc::new(Remote::new(Box::new(Here(engine.unchecked_into())))))
}
