//! A menu that opens where something was touched.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::ask::{Ask, Ui};
use super::dom;

/// One line of a menu.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// What it says.
    pub label: String,
    /// What it asks for.
    pub ask: Ask,
    /// Whether a line is drawn above it.
    pub begins_group: bool,
    /// Whether it does harm, and is written in red.
    pub is_harsh: bool,
}

impl Item {
    /// A line.
    pub fn new(label: impl Into<String>, ask: Ask) -> Item {
        Item { label: label.into(), ask, begins_group: false, is_harsh: false }
    }

    /// With a line above it.
    pub fn apart(mut self) -> Item {
        self.begins_group = true;
        self
    }

    /// Written in red.
    pub fn harsh(mut self) -> Item {
        self.is_harsh = true;
        self
    }
}

/// What a menu is drawn from.
#[derive(Properties, PartialEq)]
pub struct MenuProps {
    /// Language and wishes.
    pub ui: Ui,
    /// What it is about.
    pub title: String,
    /// Its lines.
    pub items: Vec<Item>,
    /// Where it opens, in the window.
    pub x: f64,
    /// Where it opens, in the window.
    pub y: f64,
}

/// A menu. It has the focus while it is open.
#[component]
pub fn Menu(props: &MenuProps) -> Html {
    let menu = use_node_ref();
    {
        let menu = menu.clone();
        use_effect_with((props.x, props.y, props.title.clone()), move |(x, y, _)| {
            let Some(element) = menu.cast::<HtmlElement>() else { return };
            // It stays within the window, whatever it was opened on.
            let (width, height) = (f64::from(element.offset_width()), f64::from(element.offset_height()));
            let (window_w, window_h) = dom::window_size();
            let left = x.min(window_w - width - 8.0).max(8.0);
            let top = y.min(window_h - height - 8.0).max(8.0);
            dom::set_property(&element, "left", &format!("{left}px"));
            dom::set_property(&element, "top", &format!("{top}px"));
            focus(&element, 0);
        });
    }
    let onkeydown = {
        let (menu, ui, count) = (menu.clone(), props.ui.clone(), props.items.len());
        Callback::from(move |event: KeyboardEvent| {
            let Some(element) = menu.cast::<HtmlElement>() else { return };
            let at = focused(&element).unwrap_or(0);
            let last = count.saturating_sub(1);
            match event.key().as_str() {
                "ArrowDown" => focus(&element, if at >= last { 0 } else { at + 1 }),
                "ArrowUp" => focus(&element, if at == 0 { last } else { at - 1 }),
                "Home" => focus(&element, 0),
                "End" => focus(&element, last),
                "Escape" | "Tab" => ui.ask(Ask::Close),
                "Enter" | " " => return,
                _ => {}
            }
            event.prevent_default();
        })
    };
    let line = |item: &Item| {
        let class = classes!(item.begins_group.then_some("is-apart"), item.is_harsh.then_some("is-harsh"));
        html! {
            <button type="button" role="menuitem" tabindex="-1" {class} onclick={props.ui.on(item.ask.clone())}>{ item.label.clone() }</button>
        }
    };
    html! {
        <>
            <div class="menu-ground" onpointerdown={props.ui.on(Ask::Close)}></div>
            <div class="menu" role="menu" aria-label={props.title.clone()} ref={menu} {onkeydown}>
                <p class="menu-title" role="presentation">{ props.title.clone() }</p>
                { for props.items.iter().map(line) }
            </div>
        </>
    }
}

fn lines(menu: &HtmlElement) -> Option<web_sys::NodeList> {
    menu.query_selector_all("[role=menuitem]").ok()
}

fn focus(menu: &HtmlElement, at: usize) {
    let line = lines(menu).and_then(|lines| lines.get(at as u32));
    if let Some(line) = line.and_then(|line| line.dyn_into::<Element>().ok()) {
        dom::focus(&line);
    }
}

fn focused(menu: &HtmlElement) -> Option<usize> {
    let active: web_sys::Node = dom::document().active_element()?.into();
    let lines = lines(menu)?;
    (0..lines.length()).find(|at| lines.get(*at).is_some_and(|line| line == active)).map(|at| at as usize)
}
