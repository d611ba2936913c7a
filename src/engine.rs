//! An engine as a WebAssembly module: one protocol, with the [wire](crate::wire) as its only way in and out.
//!
//! It touches no document, so it runs in a page, in a worker and in Node alike. `src/bin/engine-*.rs` are the modules,
//! a line each; `scripts/engines` builds them.

/// The time in ms, for what a table measures.
#[cfg(target_arch = "wasm32")]
pub fn now_ms() -> f64 {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance, js_name = now)]
        fn performance_now() -> f64;
    }
    performance_now()
}

/// The whole of the module of a protocol: a class `Engine`, each of which holds one run.
#[macro_export]
macro_rules! engine_module {
    ($protocol:ty) => {
        #[cfg(target_arch = "wasm32")]
        mod engine {
            use lamplight::scene::registry::{Protocol, line};
            use wasm_bindgen::prelude::wasm_bindgen;

            static PROTOCOLS: &[Protocol] = &[line::<$protocol>()];

            /// An engine. It holds one run at a time.
            #[wasm_bindgen]
            pub struct Engine(lamplight::wire::Host);

            #[wasm_bindgen]
            impl Engine {
                /// An engine in which no run is open.
                #[wasm_bindgen(constructor)]
                #[allow(clippy::new_without_default, reason = "JavaScript knows only the constructor")]
                pub fn new() -> Engine {
                    Engine(lamplight::wire::Host::new(PROTOCOLS, lamplight::engine::now_ms))
                }

                /// Answers a request of the wire, whatever its bytes are.
                pub fn ask(&mut self, request: &[u8]) -> Vec<u8> {
                    self.0.ask(request)
                }
            }
        }

        fn main() {}
    };
}
