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

            fn tag(lang: Option<String>) -> Lang {
                lang.map_or(Lang::En, |tag| Lang::from_tag(&tag))
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

                /// For scripts: opens a scenario by name, a link, or the text of a scenario file. What is wrong with it is
                /// said in the language of this tag, English if there is none, here and below.
                pub fn open(
                    &mut self,
                    source: &str,
                    seed: Option<u64>,
                    lang: Option<String>,
                ) -> Result<(), JsError> {
                    self.0.open_text(source, seed, tag(lang)).map_err(refused)
                }

                /// Opens the same run from its start with other settings, as JSON: `{"nodes": 7}`.
                pub fn rebuild(&mut self, settings: &str, lang: Option<String>) -> Result<(), JsError> {
                    self.0.rebuild_text(settings, tag(lang)).map_err(refused)
                }

                /// Goes to a step, and says where the cursor stands.
                pub fn seek(&mut self, step: u32) -> Result<u32, JsError> {
                    self.0.seek(step).map_err(refused)
                }

                /// Goes some steps forward, or backward, and says where the cursor stands.
                pub fn step(&mut self, steps: i32) -> Result<u32, JsError> {
                    self.0.step(steps).map_err(refused)
                }

                /// Goes to the next or the previous step that is worth stopping at; nothing where there is none.
                pub fn milestone(&mut self, forward: bool) -> Result<Option<u32>, JsError> {
                    self.0.milestone(forward).map_err(refused)
                }

                /// Goes on to the first step after the cursor at which a condition holds (`docs/CONDITIONS.md`), among
                /// the `steps_max` that follow, and says which; where there is none the cursor stays.
                pub fn until(
                    &mut self,
                    condition: &str,
                    steps_max: u32,
                    lang: Option<String>,
                ) -> Result<Option<u32>, JsError> {
                    self.0.until(condition, steps_max, tag(lang)).map_err(refused)
                }

                /// Whether a condition holds at the cursor.
                pub fn holds(&mut self, condition: &str, lang: Option<String>) -> Result<bool, JsError> {
                    self.0.holds(condition, tag(lang)).map_err(refused)
                }

                /// The facts of all nodes and clients at the cursor, by their names, as JSON.
                pub fn facts(&mut self) -> Result<String, JsError> {
                    self.0.facts_json().map_err(refused)
                }

                /// Acts at the cursor: an intervention of a scenario file, as JSON.
                pub fn act(&mut self, action: &str, lang: Option<String>) -> Result<u32, JsError> {
                    self.0.act(action, tag(lang)).map_err(refused)
                }

                /// What a figure shows, as JSON: where the run stands, the cluster, and what happened in this step.
                pub fn figure(&mut self, lang: &str) -> Result<String, JsError> {
                    self.0.figure_json(Lang::from_tag(lang)).map_err(refused)
                }

                /// Terms, leaders and marks of what is recorded, as JSON.
                pub fn tape(&mut self, lang: &str) -> Result<String, JsError> {
                    self.0.tape_json(Lang::from_tag(lang)).map_err(refused)
                }

                /// The tables at the cursor, as JSON.
                pub fn tables(&mut self, lang: &str) -> Result<String, JsError> {
                    self.0.tables_json(Lang::from_tag(lang)).map_err(refused)
                }

                /// The circle of keys as elements of SVG; empty where there is none.
                pub fn circle(&mut self, lang: &str) -> Result<String, JsError> {
                    self.0.circle_svg(Lang::from_tag(lang)).map_err(refused)
                }

                /// The stage at the cursor as an SVG that stands alone.
                pub fn svg(&mut self, lang: &str) -> Result<String, JsError> {
                    self.0.stage_svg(Lang::from_tag(lang)).map_err(refused)
                }

                /// The space-time diagram between two moments, in µs, as an SVG that stands alone.
                pub fn diagram(&mut self, from_us: f64, to_us: f64, lang: &str) -> Result<String, JsError> {
                    // What is no time becomes 0, and what is beyond all times the last one.
                    let (from_us, to_us) = (from_us as u64, to_us as u64);
                    self.0.diagram_svg(from_us, to_us, Lang::from_tag(lang)).map_err(refused)
                }

                /// The exact run as a scenario file.
                pub fn file(&mut self) -> Result<String, JsError> {
                    self.0.file_text().map_err(refused)
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
