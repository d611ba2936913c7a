//! Groups of nodes that do not hear each other.

use std::rc::Rc;

use yew::prelude::*;

use super::{DialogFrame, on_submit};
use crate::protocol::NodeId;
use crate::scene::Command;
use crate::scene::model::{Party, Stage, Tone};
use crate::sim::Intervention;
use crate::ui::ask::Ui;
use crate::{say, word};

/// How many groups there can be.
const GROUPS: u8 = 3;

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct PartitionProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The cluster.
    pub stage: Rc<Stage>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
}

/// The dialog.
#[component]
pub fn PartitionDialog(props: &PartitionProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let nodes: Vec<(NodeId, &Party)> =
        props.stage.parties.iter().filter_map(|party| Some((party.address.node()?, party))).collect();
    let leader = nodes.iter().position(|(_, party)| party.tone == Tone::Leader);
    let halves = |count: usize| (0..count).map(|at| u8::from(at >= count / 2)).collect::<Vec<u8>>();
    let groups = use_state(|| halves(nodes.len()));
    let onsubmit = {
        let (ui, groups) = (ui.clone(), groups.clone());
        let ids: Vec<NodeId> = nodes.iter().map(|(id, _)| *id).collect();
        on_submit(move || {
            let members = |group: u8| -> Vec<NodeId> {
                ids.iter().zip(groups.iter()).filter(|(_, of)| **of == group).map(|(id, _)| *id).collect()
            };
            let groups: Vec<_> = (0..GROUPS).map(members).filter(|group| !group.is_empty()).collect();
            ui.play(Command::Act(Intervention::Partition { groups }));
        })
    };
    let preset = |label: &'static str, choice: Vec<u8>| {
        let groups = groups.clone();
        let onclick = Callback::from(move |_: MouseEvent| groups.set(choice.clone()));
        html! { <button type="button" class="boxed" {onclick}>{ label }</button> }
    };
    let count = nodes.len();
    let alone = |who: usize| (0..count).map(|at| u8::from(at != who)).collect::<Vec<u8>>();
    let pair = |who: usize| {
        let other = (who + 1) % count.max(1);
        (0..count).map(|at| u8::from(at != who && at != other)).collect::<Vec<u8>>()
    };
    let line = |at: usize, party: &Party| {
        let own = groups.get(at).copied().unwrap_or(0);
        let option = |group: u8| {
            let groups = groups.clone();
            let onclick = Callback::from(move |_: MouseEvent| {
                let mut next = (*groups).clone();
                if let Some(own) = next.get_mut(at) {
                    *own = group;
                }
                groups.set(next);
            });
            let letter = char::from(b'A' + group);
            html! {
                <button type="button" class={format!("boxed group-{group}")} aria-pressed={(own == group).to_string()}
                    aria-label={say!(lang, "{} in group {}", "{} 归入 {} 组", party.name, letter)} {onclick}>{ letter }</button>
            }
        };
        html! {
            <li>
                <span class="group-name"><strong>{ party.name.clone() }</strong>{ " " }<span>{ party.role.clone() }</span></span>
                <span class="choice">{ for (0..GROUPS).map(option) }</span>
            </li>
        }
    };
    html! {
        <DialogFrame ui={ui.clone()} title={word!(lang, "Partition the network", "网络分区")}>
            <p>{ word!(lang,
                "Nodes of different groups do not hear each other; clients reach everybody. On the stage, dragging a line across does the same.",
                "不同组的节点彼此听不到；客户端可以到达所有节点。在舞台上拖出一条线也能做到。") }</p>
            <div class="button-row is-start">
                { preset(word!(lang, "Halves", "对半"), halves(count)) }
                if let Some(leader) = leader {
                    { preset(word!(lang, "The leader alone", "领导者独处"), alone(leader)) }
                    if count > 3 { { preset(word!(lang, "The leader and one more", "领导者加一个节点"), pair(leader)) } }
                }
            </div>
            <form {onsubmit}>
                <ul class="groups">{ for nodes.iter().enumerate().map(|(at, (_, party))| line(at, party)) }</ul>
                if let Some(refusal) = &props.refusal { <p class="wrong" role="alert">{ refusal.clone() }</p> }
                <div class="button-row"><button type="submit" class="strong">{ word!(lang, "Cut the network", "切断网络") }</button></div>
            </form>
        </DialogFrame>
    }
}
