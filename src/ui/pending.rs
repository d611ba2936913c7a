//! What waits for its turn. A person who schedules by hand chooses here what happens next.

use std::rc::Rc;

use yew::prelude::*;

use super::ask::{Ask, Ui};
use crate::lang::time;
use crate::scene::model::Pending;
use crate::scene::{Command, Selection};
use crate::sim::{EventId, Intervention};
use crate::word;

/// What the list is drawn from.
#[derive(Properties, PartialEq)]
pub struct PendingProps {
    /// Language and wishes.
    pub ui: Ui,
    /// What waits, the earliest first.
    pub pending: Rc<Vec<Pending>>,
    /// Whether the person schedules.
    pub manual: bool,
}

/// The list.
#[component]
pub fn PendingList(props: &PendingProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let hint = if props.manual {
        word!(lang, "You decide: choose what happens next.", "由你决定：选择接下来发生的事件。")
    } else {
        word!(
            lang,
            "The seed decides the order. Turn on “By hand” to decide it yourself.",
            "顺序由随机种子决定。打开“手动调度”可自行决定。"
        )
    };
    html! {
        <div class="pending">
            <p class="hint">{ hint }</p>
            <ol>
                for (at, event) in props.pending.iter().enumerate() {
                    <li key={event.id}>
                        <PendingLine ui={ui.clone()} event={event.clone()} manual={props.manual} is_next={at == 0} />
                    </li>
                }
            </ol>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct PendingLineProps {
    ui: Ui,
    event: Pending,
    manual: bool,
    is_next: bool,
}

#[component]
fn PendingLine(props: &PendingLineProps) -> Html {
    let event = EventId(u32::try_from(props.event.id).unwrap_or(u32::MAX));
    let ask = match (props.manual, props.event.message) {
        (true, _) => Ask::Player(Command::Act(Intervention::Choose { event })),
        (false, true) => Ask::Player(Command::Select(Some(Selection::Message(event)))),
        (false, false) => Ask::Player(Command::Select(Some(Selection::Party(props.event.address)))),
    };
    let class = classes!("pending-line", props.is_next.then_some("is-next"));
    html! {
        <button type="button" {class} onclick={props.ui.on(ask)}>
            <span class="figures">{ time(props.event.due_us, props.ui.lang) }</span>
            <span>{ props.event.text.clone() }</span>
        </button>
    }
}
