//! Elements of the picture that are made and written here, past Yew.

use web_sys::{Element, Node};

use crate::ui::dom::{self, set_attribute};

/// An element with these attributes. Nothing if the browser makes none.
pub fn element(name: &str, attributes: &[(&str, &str)]) -> Option<Element> {
    let element = dom::document().create_element_ns(Some("http://www.w3.org/2000/svg"), name).ok()?;
    for (name, value) in attributes {
        set_attribute(&element, name, value);
    }
    Some(element)
}

/// The same, as the last child of another one.
pub fn append(parent: &Element, name: &str, attributes: &[(&str, &str)]) -> Option<Element> {
    let element = element(name, attributes)?;
    parent.append_child(&element).ok()?;
    Some(element)
}

/// A text without letters yet, as the last child of an element.
pub fn append_text(parent: &Element) -> Option<Node> {
    let text = dom::document().create_text_node("");
    parent.append_child(&text).ok()
}

/// Shows an element, or does not.
pub fn show(element: &Element, is_shown: bool) {
    if is_shown {
        let _ = element.remove_attribute("display");
    } else {
        set_attribute(element, "display", "none");
    }
}

/// A length or place, to a tenth of a pixel.
pub fn tenths(value: f64) -> String {
    // Much quicker than writing it as a fraction.
    let tenths = (value * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

/// The transformation that moves something to a place.
pub fn translate((x, y): (f64, f64)) -> String {
    format!("translate({} {})", tenths(x), tenths(y))
}
