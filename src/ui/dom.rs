//! What is asked of the browser. None of it fails loudly: a browser that lacks something does without.

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Document, Element, HtmlElement, Window};
use yew::prelude::*;

use crate::scene::FILE_BYTES_READ;

#[wasm_bindgen(module = "/static/browser.js")]
extern "C" {
    #[wasm_bindgen(js_name = full_screen)]
    async fn ask_for_full_screen() -> JsValue;
}

/// Fills the screen with the page, or no longer. Returns whether the browser let it.
pub async fn full_screen() -> bool {
    ask_for_full_screen().await.as_bool().unwrap_or(false)
}

/// The window.
pub fn window() -> Window {
    gloo::utils::window()
}

/// The document.
pub fn document() -> Document {
    gloo::utils::document()
}

/// The first language that the browser prefers.
pub fn browser_language() -> String {
    window().navigator().language().unwrap_or_default()
}

/// Whether a media query holds.
pub fn matches_media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Whether the reader prefers that nothing moves.
pub fn reduced_motion() -> bool {
    matches_media("(prefers-reduced-motion: reduce)")
}

/// How many device pixels a CSS pixel has.
pub fn pixel_ratio() -> f64 {
    window().device_pixel_ratio().clamp(1.0, 3.0)
}

/// The browser's clock, in ms since the page was opened.
pub fn now_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// The width and the height of the window in CSS pixels.
pub fn window_size() -> (f64, f64) {
    let pixels = |side: Result<JsValue, JsValue>, otherwise| {
        side.ok().and_then(|side| side.as_f64()).unwrap_or(otherwise)
    };
    (pixels(window().inner_width(), 1280.0), pixels(window().inner_height(), 800.0))
}

/// Whether this is a Mac, whose Option key makes characters.
pub fn is_mac() -> bool {
    window().navigator().platform().is_ok_and(|platform| platform.starts_with("Mac"))
}

/// Whether the page is in a frame of another one.
pub fn is_framed() -> bool {
    window().parent().ok().flatten().is_some_and(|parent| parent != window())
}

/// The size of type at which everything is drawn as it was designed, in pixels.
const TYPE_PIXELS: f64 = 14.0;

/// How much larger than designed the page's type is: it grows with the room.
fn type_scale() -> f64 {
    let style =
        document().document_element().and_then(|root| window().get_computed_style(&root).ok().flatten());
    let size = style.and_then(|style| style.get_property_value("font-size").ok());
    let pixels = size.and_then(|size| size.trim_end_matches("px").parse::<f64>().ok());
    pixels.map_or(1.0, |pixels| (pixels / TYPE_PIXELS).clamp(1.0, 4.0))
}

/// Sets an attribute of an element.
pub fn set_attribute(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Sets a CSS property of an element; the content security policy allows this, and no `style` attribute.
pub fn set_property(element: &Element, name: &str, value: &str) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.style().set_property(name, value);
    }
}

/// The part of the address after `#`.
pub fn fragment() -> String {
    let hash = window().location().hash().unwrap_or_default();
    hash.strip_prefix('#').unwrap_or(&hash).to_owned()
}

/// Writes the part of the address after `#`, without a new entry in the history.
pub fn set_fragment(fragment: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
    }
}

/// The same as a new entry in the history: the browser's way back leads to what was there before.
pub fn push_fragment(fragment: &str) {
    if fragment == self::fragment() {
        return;
    }
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
    }
}

/// The whole address with this fragment.
pub fn address_with(fragment: &str) -> String {
    let href = window().location().href().unwrap_or_default();
    let page = href.split('#').next().unwrap_or_default();
    format!("{page}#{fragment}")
}

/// Copies a text. Returns whether the browser let it.
pub async fn copy(text: &str) -> bool {
    // In a page that is not served securely there is no clipboard, and `write_text` would throw.
    let navigator = window().navigator();
    if !js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_object()) {
        return false;
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}

/// Fetches a text file of this site.
pub async fn fetch_text(path: &str) -> Option<String> {
    let response = JsFuture::from(window().fetch_with_str(path)).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

fn blob_of(kind: &str, text: &str) -> Option<web_sys::Blob> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    web_sys::Blob::new_with_str_sequence_and_options(&parts, &options).ok()
}

/// Offers a text as a file to save.
pub fn download(name: &str, kind: &str, text: &str) -> Option<()> {
    save(name, &blob_of(kind, text)?)
}

/// Draws an SVG of this size and offers it as a file to save.
pub async fn save_as_png(name: &str, svg: &str, (width, height): (f64, f64)) -> Option<()> {
    /// How many points of the picture stand for one of the SVG.
    const SCALE: f64 = 2.0;
    let image = web_sys::HtmlImageElement::new().ok()?;
    let address = web_sys::Url::create_object_url_with_blob(&blob_of("image/svg+xml", svg)?).ok()?;
    image.set_src(&address);
    let drawn = JsFuture::from(image.decode()).await;
    let _ = web_sys::Url::revoke_object_url(&address);
    drawn.ok()?;
    let canvas: web_sys::HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    let (width, height) = (width * SCALE, height * SCALE);
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height).ok()?;
    let blob = js_sys::Promise::new(&mut |resolve, _| {
        // A canvas that is too large gives no picture at all: `null`, which is no blob.
        let _ = canvas.to_blob(&resolve);
    });
    save(name, &JsFuture::from(blob).await.ok()?.dyn_into().ok()?)
}

fn save(name: &str, blob: &web_sys::Blob) -> Option<()> {
    let address = web_sys::Url::create_object_url_with_blob(blob).ok()?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a").ok()?.dyn_into().ok()?;
    link.set_href(&address);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&address).ok()
}

/// Reads the beginning of a file that the reader chose or dropped, as much of it as can matter, and says how many bytes
/// the file has. A large one is not read any further than a small one. A folder, and a file that is gone or forbidden,
/// has nothing in it.
pub fn read_file(file: web_sys::File, then: impl FnOnce(Rc<[u8]>, u64) + 'static) {
    let length = file.size();
    let Ok(beginning) = file.slice_with_f64_and_f64(0.0, length.min(FILE_BYTES_READ as f64)) else {
        return then(Rc::default(), 0);
    };
    spawn_local(async move {
        match JsFuture::from(beginning.array_buffer()).await {
            Ok(buffer) => then(js_sys::Uint8Array::new(&buffer).to_vec().into(), length as u64),
            Err(_) => then(Rc::default(), 0),
        }
    });
}

/// Gives the focus to an element.
pub fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    } else if let Some(element) = element.dyn_ref::<web_sys::SvgElement>() {
        let _ = element.focus();
    }
}

/// Keeps a list of choices at what holds, also where that changes after somebody chose from the list: from then on a
/// browser no longer looks at the options for what is chosen.
#[hook]
pub fn use_choice(list: &NodeRef, choice: &str) {
    let (list, choice) = (list.clone(), choice.to_owned());
    use_effect(move || {
        if let Some(list) = list.cast::<web_sys::HtmlSelectElement>()
            && list.value() != choice
        {
            list.set_value(&choice);
        }
    });
}

/// The room that an element has.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Room {
    /// Its width in CSS pixels.
    pub width: f64,
    /// Its height in CSS pixels.
    pub height: f64,
    /// How much larger than designed the type in it is.
    pub scale: f64,
}

/// The room of an element's content; it follows the element. Nothing before it is known.
#[hook]
pub fn use_room(node: NodeRef) -> Room {
    let size = use_state_eq(|| Room { scale: 1.0, ..Room::default() });
    {
        let size = size.clone();
        use_effect_with((), move |()| {
            let mut observed = None;
            if let Some(element) = node.cast::<Element>() {
                let measured = element.clone();
                let measure = move || {
                    // What is laid out for paper is still drawn for the screen.
                    if matches_media("print") {
                        return;
                    }
                    let (width, height) =
                        (f64::from(measured.client_width()), f64::from(measured.client_height()));
                    // On paper what was drawn for the screen is shown at another size, in the same proportions.
                    set_property(&measured, "--width", &width.to_string());
                    set_property(&measured, "--height", &height.to_string());
                    size.set(Room { width, height, scale: type_scale() });
                };
                let callback = Closure::<dyn FnMut()>::new(measure.clone());
                if let Ok(observer) = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()) {
                    observer.observe(&element);
                    observed = Some((observer, callback));
                } else {
                    // A browser without observers shows it as large as it is now.
                    measure();
                }
            }
            move || {
                if let Some((observer, _callback)) = observed {
                    observer.disconnect();
                }
            }
        });
    }
    *size
}
