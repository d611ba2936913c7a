//! What the page hears from window and document.

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element, KeyboardEvent};
use yew::html::Scope;

use super::{App, Msg};
use crate::ui::ask::Ask;
use crate::ui::{dom, keys};

/// Listens until the page is gone.
pub fn install(link: &Scope<App>) -> Vec<EventListener> {
    let (window, document) = (dom::window(), dom::document());
    let active = EventListenerOptions::enable_prevent_default;
    let mut listeners = Vec::new();

    let to = link.clone();
    listeners.push(EventListener::new_with_options(&document, "keydown", active(), move |event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        if let Some(ask) = key(event) {
            event.prevent_default();
            to.send_message(Msg::Ask(ask));
        }
    }));
    let to = link.clone();
    listeners.push(EventListener::new(&window, "resize", move |_| to.send_message(Msg::Resized)));
    let to = link.clone();
    listeners.push(EventListener::new(&window, "hashchange", move |_| to.send_message(Msg::AddressChanged)));
    for query in
        ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)", "(forced-colors: active)"]
    {
        if let Ok(Some(list)) = window.match_media(query) {
            let to = link.clone();
            listeners.push(EventListener::new(&list, "change", move |_| to.send_message(Msg::SystemChanged)));
        }
    }

    // A scenario file can be dropped anywhere.
    listeners.push(EventListener::new_with_options(&document, "dragover", active(), |event| {
        event.prevent_default()
    }));
    let to = link.clone();
    listeners.push(EventListener::new_with_options(&document, "drop", active(), move |event| {
        event.prevent_default();
        let Some(event) = event.dyn_ref::<DragEvent>() else { return };
        if let Some(file) = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0))
        {
            let to = to.clone();
            dom::read_file(file, move |bytes, length| {
                to.send_message(Msg::Ask(Ask::OpenFile(bytes, length)))
            });
        }
    }));
    listeners
}

/// What a key on the page asks for: nothing with Ctrl, Alt or Meta, nothing in a field, a menu or a dialog,
/// and not Space or Enter on a button.
fn key(event: &KeyboardEvent) -> Option<Ask> {
    if event.default_prevented() || event.meta_key() || event.is_composing() {
        return None;
    }
    let key = event.key();
    // A character that this keyboard makes with AltGr (which Windows calls Ctrl and Alt), or a Mac's with Option, is no
    // combination.
    let makes =
        event.get_modifier_state("AltGraph") || (event.alt_key() && !event.ctrl_key() && dom::is_mac());
    if (event.ctrl_key() || event.alt_key()) && !(makes && keys::may_need_alt(&key)) {
        return None;
    }
    if let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) {
        let is_in = |selector: &str| matches!(target.closest(selector), Ok(Some(_)));
        if is_in("input, select, textarea, dialog, [role=menu], [contenteditable]") {
            return None;
        }
        if matches!(key.as_str(), " " | "Enter") && is_in("button, a, summary") {
            return None;
        }
    }
    keys::ask_for(keys::Key { says: &key, place: &event.code(), shift: event.shift_key() })
}
