//! Looking for a step by its words.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::scene::Command;
use crate::ui::ask::Ui;
use crate::ui::icons::{Icon, icon};
use crate::word;

/// Where the search stands.
pub const FIELD_ID: &str = "find";

/// What the field is drawn from.
#[derive(Properties, PartialEq)]
pub struct SearchProps {
    /// Language and wishes.
    pub ui: Ui,
}

/// A field for words; Enter goes to the next step that says all of them, Shift and Enter to the previous one.
#[component]
pub fn Search(props: &SearchProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let field = use_node_ref();
    let find = {
        let (ui, field) = (ui.clone(), field.clone());
        move |forward: bool| {
            let query = field.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            if !query.trim().is_empty() {
                ui.play(Command::Find { query, forward });
            }
        }
    };
    let onkeydown = {
        let find = find.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Enter" {
                event.prevent_default();
                find(!event.shift_key());
            }
        })
    };
    let button = |what: Icon, label: &'static str, forward: bool| {
        let find = find.clone();
        html! {
            <button type="button" class="quiet" aria-label={label} title={label}
                onclick={Callback::from(move |_: MouseEvent| find(forward))}>{ icon(what) }</button>
        }
    };
    html! {
        <div class="search" role="search">
            <label class="visually-hidden" for={FIELD_ID}>{ word!(lang, "Find a step", "查找步骤") }</label>
            <input id={FIELD_ID} ref={field} type="search" maxlength="200" autocomplete="off" {onkeydown}
                placeholder={word!(lang, "Find a step: n3, crash, refuses …", "查找步骤：n3、崩溃、拒绝……")} />
            { button(Icon::Previous, word!(lang, "Previous step that says this", "上一个匹配的步骤"), false) }
            { button(Icon::Next, word!(lang, "Next step that says this", "下一个匹配的步骤"), true) }
        </div>
    }
}
