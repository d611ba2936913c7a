//! The page as a component, in an element of its own: the body belongs to the test runner.

use gloo::timers::callback::Timeout;
use js_sys::Promise;
use lamplight::lang::Lang;
use lamplight::scene::registry::PROTOCOLS;
use lamplight::ui::{App, AppProps};
use lamplight::wire::{Host, Remote, Source};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

/// Returns when the browser has run everything that was due before.
async fn next_task() {
    let due = Promise::new(&mut |resolve, _| {
        Timeout::new(0, move || drop(resolve.call0(&JsValue::NULL))).forget();
    });
    assert!(JsFuture::from(due).await.is_ok(), "a promise that is never rejected");
}

/// A screen reader's list of headings starts with the name of the page, once.
#[wasm_bindgen_test]
async fn the_page_has_one_first_heading() {
    let root = gloo::utils::document().create_element("div").unwrap();
    gloo::utils::body().append_child(&root).unwrap();
    let engine = std::cell::RefCell::new(Host::new(PROTOCOLS, || 0.0));
    let run = std::rc::Rc::new(Remote::new(Box::new(engine)));
    run.open(Source::Text("raft/calm".to_owned()), None, None, Lang::En).unwrap();
    let props = AppProps::of(run);
    let app = yew::Renderer::<App>::with_root_and_props(root.clone(), props).render();
    next_task().await;

    assert_eq!(root.get_elements_by_tag_name("h1").length(), 1);
    app.destroy();
    root.remove();
}
