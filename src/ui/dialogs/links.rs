//! The connections of one node: which are open, and in which direction.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::DialogFrame;
use crate::protocol::NodeId;
use crate::scene::model::{Cut, Party, Stage};
use crate::scene::{Command, Lang};
use crate::sim::{Address, Intervention};
use crate::ui::ask::{Ask, Subject, Ui};
use crate::{say, word};

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct LinksProps {
    /// Language and wishes.
    pub ui: Ui,
    /// Whose connections.
    pub node: NodeId,
    /// The cluster.
    pub stage: Rc<Stage>,
}

/// What a connection lets through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    OnlyOut,
    OnlyIn,
    Cut,
}

impl State {
    const ALL: [State; 4] = [State::Open, State::OnlyOut, State::OnlyIn, State::Cut];

    fn of(stage: &Stage, me: Address, other: Address) -> State {
        let is_cut = |from, to| {
            stage.cuts.iter().any(|cut| {
                (cut.from, cut.to) == (from, to) || (cut.both_ways && (cut.from, cut.to) == (to, from))
            })
        };
        match (is_cut(me, other), is_cut(other, me)) {
            (false, false) => State::Open,
            (false, true) => State::OnlyOut,
            (true, false) => State::OnlyIn,
            (true, true) => State::Cut,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            State::Open => "⇄",
            State::OnlyOut => "→",
            State::OnlyIn => "←",
            State::Cut => "✕",
        }
    }

    fn meaning(self, me: &str, other: &str, lang: Lang) -> String {
        match self {
            State::Open => say!(lang, "{} and {} hear each other", "{} 与 {} 互通", me, other),
            State::OnlyOut => say!(lang, "Only {} reaches {}", "仅 {} 可到达 {}", me, other),
            State::OnlyIn => say!(lang, "Only {} reaches {}", "仅 {} 可到达 {}", other, me),
            State::Cut => say!(lang, "{} and {} do not hear each other", "{} 与 {} 互不可达", me, other),
        }
    }
}

/// The dialog. What is chosen holds at once, and the dialog stays.
#[component]
pub fn LinksDialog(props: &LinksProps) -> Html {
    let (ui, lang, stage) = (&props.ui, props.ui.lang, &props.stage);
    let me = Address::Node(props.node);
    let name = stage.parties.iter().find(|party| party.address == me).map(|party| party.name.clone());
    let name = name.unwrap_or_else(|| me.to_string());
    let choice = |party: &Party, state: State| {
        let (ui, other) = (ui.clone(), party.address);
        let current = State::of(stage, me, other);
        let onclick = Callback::from(move |_: MouseEvent| {
            let cut = |from, to, both_ways| Command::Act(Intervention::Cut { from, to, both_ways });
            if current != State::Open && current != state {
                ui.play(Command::Act(Intervention::Mend { from: me, to: other }));
            }
            match state {
                _ if current == state => {}
                State::Open => {}
                State::OnlyOut => ui.play(cut(other, me, false)),
                State::OnlyIn => ui.play(cut(me, other, false)),
                State::Cut => ui.play(cut(me, other, true)),
            }
        });
        let meaning = state.meaning(&name, &party.name, lang);
        html! {
            <button type="button" class="boxed" aria-pressed={(current == state).to_string()} aria-label={meaning.clone()}
                title={meaning} {onclick}>{ state.sign() }</button>
        }
    };
    // The menu that the line on the stage has as well: slow, lossy, as the rest.
    let more = |party: &Party| {
        let (ui, link) = (ui.clone(), Cut { from: me, to: party.address, both_ways: false });
        let label = say!(lang, "More for {} and {}", "{} 与 {} 的更多操作", name, party.name);
        let onclick = Callback::from(move |event: MouseEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            let place = target.map(|target| target.get_bounding_client_rect());
            let (x, y) = place.map_or((0.0, 0.0), |place| (place.left(), place.bottom()));
            ui.ask(Ask::Close);
            ui.ask(Ask::Menu(Subject::Link(link), x, y));
        });
        html! { <button type="button" class="boxed" aria-label={label.clone()} title={label} {onclick}>{ "…" }</button> }
    };
    let others = stage.parties.iter().filter(|party| party.address != me && party.address.node().is_some());
    html! {
        <DialogFrame ui={ui.clone()} title={say!(lang, "The connections of {}", "{} 的连接", name)}>
            <p>{ word!(lang,
                "A connection that is cut loses what is sent over it; it can be cut in one direction only.",
                "被切断的连接会丢失经过它的消息；也可以只切断一个方向。") }</p>
            <ul class="groups">
                for party in others {
                    <li key={party.name.clone()}>
                        <span class="group-name"><strong>{ party.name.clone() }</strong>{ " " }<span>{ party.role.clone() }</span></span>
                        <span class="choice">
                            { for State::ALL.map(|state| choice(party, state)) }
                            { more(party) }
                        </span>
                    </li>
                }
            </ul>
        </DialogFrame>
    }
}
