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
            use lamplight::lang::Lang;
            use lamplight::protocol::NodeId;
            use lamplight::scene::registry::{Protocol, line};
            use lamplight::sim::Address;
            use wasm_bindgen::prelude::{JsError, wasm_bindgen};

            fn refused(why: String) -> JsError {
                JsError::new(&why)
            }

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

                /// For scripts: opens a scenario by name, a link, or the text of a scenario file.
                pub fn open(&mut self, source: &str, seed: Option<u64>) -> Result<(), JsError> {
                    self.0.open_text(source, seed, Lang::En).map_err(refused)
                }

                /// Goes to a step, and says where the cursor stands.
                pub fn seek(&mut self, step: u32) -> Result<u32, JsError> {
                    self.0.seek(step).map_err(refused)
                }

                /// Acts at the cursor: an intervention of a scenario file, as JSON.
                pub fn act(&mut self, action: &str) -> Result<u32, JsError> {
                    self.0.act(action, Lang::En).map_err(refused)
                }

                /// The cluster at the cursor, as JSON, in the language of this tag.
                pub fn stage(&mut self, lang: &str) -> Result<String, JsError> {
                    self.0.stage_json(Lang::from_tag(lang)).map_err(refused)
                }

                /// The fields of a node, counted from 0, as JSON.
                pub fn node(&mut self, node: u16, lang: &str) -> Result<String, JsError> {
                    let party = Address::Node(NodeId(node));
                    self.0.party_json(party, Lang::from_tag(lang)).map_err(refused)
                }

                /// What happened in the step at the cursor, as JSON.
                pub fn sentence(&mut self, lang: &str) -> Result<String, JsError> {
                    self.0.sentence_json(Lang::from_tag(lang)).map_err(refused)
                }

                /// The exact run as the fragment of a link.
                pub fn link(&mut self) -> Result<String, JsError> {
                    self.0.link_text().map_err(refused)
                }

                /// The digest of the run up to the cursor, as `lamplight run` prints it.
                pub fn digest(&mut self) -> Result<String, JsError> {
                    self.0.digest_text().map_err(refused)
                }
            }
        }

        fn main() {}
    };
}
