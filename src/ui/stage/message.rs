//! One message under way: a disc with a letter, hollow for an answer.
//!
//! Where it is, only [`Motion`](crate::ui::motion::Motion) knows: it writes the end of the first child (the
//! trail) and the transform of the last (the disc).

use yew::prelude::*;

use super::geometry::Path;
use super::{item_key, item_of, px};
use crate::scene::Selection;
use crate::scene::model::{Fate, Message};
use crate::ui::tone_class;

/// What a message is drawn from.
#[derive(Properties, PartialEq)]
pub struct MessageProps {
    /// The message.
    pub message: Message,
    /// Its way.
    pub path: Option<Path>,
    /// Its radius.
    pub radius: f64,
    /// Whether it is chosen.
    pub is_selected: bool,
    /// Whether the Tab key stops here.
    pub is_tabbable: bool,
    /// It got the focus.
    pub choose: Callback<Selection>,
    /// It was pressed.
    pub press: Callback<Selection>,
    /// Its menu: where, and whether it was asked for expressly.
    pub menu: Callback<(Selection, f64, f64, bool)>,
}

/// A message.
#[component]
pub fn MessageView(props: &MessageProps) -> Html {
    let message = &props.message;
    let item = item_of(message.id);
    let class = classes!(
        "message",
        tone_class(message.tone),
        message.answer.then_some("is-answer"),
        match message.fate {
            Fate::Flying => "is-flying",
            Fate::Lost => "is-lost",
            Fate::Held => "is-held",
        },
        props.is_selected.then_some("is-selected"),
    );
    let onfocus = {
        let choose = props.choose.clone();
        Callback::from(move |_: FocusEvent| choose.emit(item))
    };
    let onpointerdown = {
        let press = props.press.clone();
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                press.emit(item);
            }
        })
    };
    let open = |asked: bool| {
        let menu = props.menu.clone();
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            menu.emit((item, event.client_x().into(), event.client_y().into(), asked));
        })
    };
    let (x1, y1) = props.path.map_or((0.0, 0.0), |path| path.from);
    let r = props.radius;
    html! {
        <g {class} data-key={item_key(item)} role="option" aria-selected={props.is_selected.to_string()}
            aria-label={message.description.clone()} tabindex={if props.is_tabbable { "0" } else { "-1" }}
            {onfocus} {onpointerdown} onclick={open(false)} oncontextmenu={open(true)}>
            <line class="trail" x1={px(x1)} y1={px(y1)} />
            <g class="disc">
                <circle class="hit" r={px(r.max(14.0))} />
                <circle class="ring" r={px(r + 5.0)} />
                if message.fate == Fate::Lost {
                    <path class="cross" d="m-6-6 12 12m0-12-12 12" />
                } else {
                    <circle class="body" r={px(r)} />
                    if r > 8.0 { <text y={px(r * 0.36)}>{ message.letter }</text> }
                    if message.fate == Fate::Held {
                        <path class="held" d={format!("M{a:.1}-4v8M{b:.1}-4v8", a = r + 4.0, b = r + 8.0)} />
                    }
                }
            </g>
        </g>
    }
}
