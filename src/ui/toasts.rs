//! Short remarks that come and go.

use yew::prelude::*;

use super::ask::{Ask, Ui};
use super::icons::{Icon, icon};
use crate::word;

/// A remark.
#[derive(Clone, PartialEq, Debug)]
pub struct Toast {
    /// Its number.
    pub id: u32,
    /// What it says.
    pub text: String,
    /// What can be done about it: what each button says, and what it asks for.
    pub offers: Vec<(&'static str, Ask)>,
}

/// What the remarks are drawn from.
#[derive(Properties, PartialEq)]
pub struct ToastsProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The remarks.
    pub toasts: Vec<Toast>,
    /// What a screen reader says next; empty while a run plays.
    pub announcement: AttrValue,
}

/// The remarks.
#[component]
pub fn Toasts(props: &ToastsProps) -> Html {
    let close = word!(props.ui.lang, "Close", "关闭");
    html! {
        <>
            <div class="toasts" role="status" aria-live="polite">
                for toast in &props.toasts {
                    <p key={toast.id} class="toast">
                        <span>{ toast.text.clone() }</span>
                        for (label, ask) in &toast.offers {
                            <button key={*label} type="button" class="link-like" onclick={props.ui.on(ask.clone())}>{ *label }</button>
                        }
                        <button type="button" class="quiet" aria-label={close} onclick={props.ui.on(Ask::Hush(toast.id))}>
                            { icon(Icon::Close) }
                        </button>
                    </p>
                }
            </div>
            <p class="visually-hidden" aria-live="polite">{ props.announcement.clone() }</p>
        </>
    }
}
