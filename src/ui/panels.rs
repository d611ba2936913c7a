//! Panels that share one place: a list of tabs, and the one that is chosen.

use yew::prelude::*;

use super::ask::{Ask, Panel, Ui};
use super::dom;

/// What a group of panels is drawn from.
#[derive(Properties, PartialEq)]
pub struct TabsProps {
    /// Language and wishes.
    pub ui: Ui,
    /// A name for the group, part of the ids in the document.
    pub id: &'static str,
    /// What the group is called.
    pub label: AttrValue,
    /// The panels and their names.
    pub tabs: Vec<(Panel, AttrValue)>,
    /// Which one is shown.
    pub shown: Panel,
    /// The panel that is shown.
    pub children: Html,
}

/// Tabs: arrow keys move between them, and the panel follows.
#[component]
pub fn Tabs(props: &TabsProps) -> Html {
    let list = use_node_ref();
    let shown = props.tabs.iter().position(|(panel, _)| *panel == props.shown).unwrap_or(0);
    let onkeydown = {
        let (ui, tabs, list) = (props.ui.clone(), props.tabs.clone(), list.clone());
        Callback::from(move |event: KeyboardEvent| {
            let count = tabs.len();
            let to = match event.key().as_str() {
                "ArrowRight" => (shown + 1) % count.max(1),
                "ArrowLeft" => (shown + count.saturating_sub(1)) % count.max(1),
                "Home" => 0,
                "End" => count.saturating_sub(1),
                _ => return,
            };
            event.prevent_default();
            if let Some((panel, _)) = tabs.get(to) {
                ui.ask(Ask::Panel(*panel));
            }
            let element = list.cast::<web_sys::Element>().and_then(|list| list.children().item(to as u32));
            if let Some(element) = element {
                dom::focus(&element);
            }
        })
    };
    let is_framed = matches!(props.shown, Panel::Table(_) | Panel::Metrics | Panel::Diagram);
    let (id, panel_id) = (props.id, format!("{}-panel", props.id));
    html! {
        <section class={classes!("panel", "tabs", format!("tabs-{id}"))}>
            <div class="tab-list" role="tablist" aria-label={props.label.clone()} ref={list} {onkeydown}>
                for (at, (panel, name)) in props.tabs.iter().enumerate() {
                    <button key={at} type="button" role="tab" id={format!("{id}-tab-{at}")}
                        aria-selected={(at == shown).to_string()} aria-controls={panel_id.clone()}
                        tabindex={if at == shown { "0" } else { "-1" }}
                        onclick={props.ui.on(Ask::Panel(*panel))}>{ name.clone() }</button>
                }
            </div>
            <div class={classes!("tab-panel", is_framed.then_some("is-framed"))} role="tabpanel" id={panel_id} aria-labelledby={format!("{id}-tab-{shown}")}>
                { props.children.clone() }
            </div>
        </section>
    }
}
