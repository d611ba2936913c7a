//! The palette: what one can do to the cluster, always at hand.

use yew::prelude::*;

use super::ask::{Ask, Dialog, Ui};
use super::icons::{Icon, icon};
use crate::protocol::NodeId;
use crate::scene::Command;
use crate::sim::{Intervention, Unsynced};
use crate::word;

/// What the palette is drawn from.
#[derive(Properties, PartialEq)]
pub struct HandsProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The chosen node, if a node is chosen.
    pub chosen: Option<NodeId>,
    /// Whether the chosen node runs.
    pub is_up: bool,
    /// Whether no connection is cut.
    pub is_whole: bool,
    /// The first client, if there is one.
    pub client: Option<u16>,
    /// Whether the person schedules.
    pub manual: bool,
}

/// The palette. What is about one node works on the chosen one.
#[component]
pub fn Hands(props: &HandsProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let HandsProps { chosen, is_up, is_whole, client, .. } = *props;
    let choose = word!(lang, "Choose a node first", "请先选择一个节点");

    let button = |what: Icon, label: &'static str, ask: Option<Ask>, title: Option<&'static str>| {
        let disabled = ask.is_none();
        let popup = matches!(ask, Some(Ask::Dialog(_))).then_some("dialog");
        let onclick = ask.map(|ask| ui.on::<MouseEvent>(ask));
        html! {
            <button type="button" class="hand" {disabled} aria-haspopup={popup} title={title.unwrap_or(label)} {onclick}>
                { icon(what) }<span>{ label }</span>
            </button>
        }
    };
    let on_node =
        |action: Option<crate::scene::Action>| action.map(|action| Ask::Player(Command::Act(action)));
    let (life_icon, life, life_ask, life_hint) = if is_up {
        let crash = chosen.map(|node| Intervention::Crash { node, unsynced: Unsynced::Torn, unsent: 0 });
        (
            Icon::Crash,
            word!(lang, "Crash", "崩溃"),
            on_node(crash),
            word!(
                lang,
                "End the chosen node's process; it keeps what its disk has synced",
                "终止所选节点的进程；磁盘上已同步的内容保留"
            ),
        )
    } else {
        (
            Icon::Restart,
            word!(lang, "Restart", "重启"),
            on_node(chosen.map(|node| Intervention::Restart { node })),
            word!(lang, "Start the chosen node again from its disk", "从磁盘重新启动所选节点"),
        )
    };
    let cut_off = on_node(chosen.map(|node| Intervention::Partition { groups: vec![vec![node]] }));
    let heal = (!is_whole).then_some(Ask::Player(Command::Act(Intervention::Heal)));
    let hint = |text| Some(if chosen.is_none() { choose } else { text });
    let cut_hint =
        word!(lang, "Cut the chosen node off from the other nodes", "切断所选节点与其他节点的连接");
    let split_hint =
        word!(lang, "Split the network into groups that do not hear each other", "把网络分成互不相通的几组");
    let heal_hint = if is_whole {
        word!(lang, "The network is whole", "网络是连通的")
    } else {
        word!(lang, "Mend all connections", "恢复所有连接")
    };
    let command_hint = word!(lang, "Tell a client what to ask the cluster for", "指定客户端向集群发出的请求");
    html! {
        <div class="hands" role="toolbar" aria-label={word!(lang, "What you can do", "你可以做的操作")}>
            { button(life_icon, life, life_ask, hint(life_hint)) }
            { button(Icon::CutOff, word!(lang, "Cut off", "隔离"), cut_off, hint(cut_hint)) }
            { button(Icon::Partition, word!(lang, "Partition", "分区"), Some(Ask::Dialog(Dialog::Partition)), Some(split_hint)) }
            { button(Icon::Heal, word!(lang, "Heal", "恢复"), heal, Some(heal_hint)) }
            <span class="hands-gap"></span>
            { button(Icon::Command, word!(lang, "Command", "命令"), client.map(|client| Ask::Dialog(Dialog::Command(client))), Some(command_hint)) }
            { button(Icon::Settings, word!(lang, "Conditions", "环境"), Some(Ask::Dialog(Dialog::Conditions)), Some(word!(lang, "Network, disks, clients, chaos", "网络、磁盘、客户端、混沌"))) }
            <button type="button" class="hand" aria-pressed={props.manual.to_string()}
                title={word!(lang, "Decide yourself what happens next", "自行决定接下来发生什么")}
                onclick={ui.on_play(Command::Manual(!props.manual))}>
                { icon(Icon::Hand) }<span>{ word!(lang, "By hand", "手动调度") }</span>
            </button>
        </div>
    }
}
