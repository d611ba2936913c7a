//! Dialogs: what needs more than a click.

use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlInputElement};
use yew::prelude::*;

use super::ask::{Ask, Ui};
use super::icons::{Icon, icon};
use crate::word;

pub mod chaos;
pub mod clock;
pub mod command;
pub mod conditions;
pub mod deeds;
pub mod exports;
pub mod figures;
pub mod help;
pub mod links;
pub mod partition;
pub mod seed;
pub mod settings;
pub mod setup;
pub mod share;

/// What every dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct FrameProps {
    /// Language and wishes.
    pub ui: Ui,
    /// What it is called.
    pub title: AttrValue,
    /// What it holds.
    pub children: Html,
}

/// The frame: the browser's own modal dialog, which keeps the focus and closes with Escape.
#[component]
pub fn DialogFrame(props: &FrameProps) -> Html {
    let dialog = use_node_ref();
    {
        let (dialog, ui) = (dialog.clone(), props.ui.clone());
        use_effect_with((), move |()| {
            let element = dialog.cast::<HtmlDialogElement>();
            let listener = element.as_ref().map(|element| {
                // The page decides that it closes; the browser only asks.
                let options = gloo::events::EventListenerOptions::enable_prevent_default();
                gloo::events::EventListener::new_with_options(element, "cancel", options, move |event| {
                    event.prevent_default();
                    ui.ask(Ask::Close);
                })
            });
            if let Some(element) = element {
                let _ = element.show_modal();
            }
            move || drop(listener)
        });
    }
    let close = word!(props.ui.lang, "Close", "关闭");
    html! {
        <dialog ref={dialog} class="dialog" aria-label={props.title.clone()}>
            <header class="dialog-head">
                <h2>{ props.title.clone() }</h2>
                <button type="button" class="quiet" aria-label={close} onclick={props.ui.on(Ask::Close)}>{ icon(Icon::Close) }</button>
            </header>
            { props.children.clone() }
        </dialog>
    }
}

/// A handler for a form: the browser sends nothing anywhere.
pub fn on_submit(f: impl Fn() + 'static) -> Callback<SubmitEvent> {
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        f();
    })
}

/// The text of the field that an event came from.
pub fn value(event: &InputEvent) -> String {
    let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    input.map(|input| input.value()).unwrap_or_default()
}

/// A field for a figure.
#[derive(Properties, PartialEq)]
pub struct NumberProps {
    /// Its id in the document.
    pub id: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Its unit.
    #[prop_or_default]
    pub unit: &'static str,
    /// What stands in it.
    pub value: String,
    /// What is wrong with it.
    #[prop_or_default]
    pub wrong: Option<String>,
    /// What was typed.
    pub oninput: Callback<String>,
}

/// A field for a figure, with its unit, and with what is wrong where it is wrong.
#[component]
pub fn NumberField(props: &NumberProps) -> Html {
    let oninput = props.oninput.reform(|event: InputEvent| value(&event));
    let wrong_id = format!("{}-wrong", props.id);
    html! {
        <div class="field">
            <label for={props.id}>{ props.label }</label>
            <span class="field-input">
                <input id={props.id} type="text" inputmode="decimal" autocomplete="off" value={props.value.clone()} {oninput}
                    aria-invalid={props.wrong.is_some().then_some("true")}
                    aria-describedby={props.wrong.is_some().then(|| wrong_id.clone())} />
                <span class="unit">{ props.unit }</span>
            </span>
            if let Some(wrong) = &props.wrong { <span class="wrong" id={wrong_id}>{ wrong.clone() }</span> }
        </div>
    }
}

/// A switch.
#[derive(Properties, PartialEq)]
pub struct SwitchProps {
    /// Its id in the document.
    pub id: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Whether it is on.
    pub on: bool,
    /// It was turned.
    pub onchange: Callback<bool>,
}

/// A switch.
#[component]
pub fn Switch(props: &SwitchProps) -> Html {
    let on = props.on;
    let onchange = props.onchange.reform(move |_: Event| !on);
    html! {
        <div class="field switch">
            <input id={props.id} type="checkbox" checked={on} {onchange} />
            <label for={props.id}>{ props.label }</label>
        </div>
    }
}
