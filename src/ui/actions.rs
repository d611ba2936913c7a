//! What can be done with what: the lines of the menus, and nothing else.

use super::ask::{Ask, Dialog, Subject};
use super::menu::Item;
use crate::lang::time;
use crate::protocol::NodeId;
use crate::scene::model::{Cut, Fate, Party, Stage};
use crate::scene::{Action, Command, Lang};
use crate::sim::{Address, DiskOptions, EventId, Intervention, LinkOptions, Unsynced};
use crate::wire::Remote;
use crate::{say, word};

/// How much later a message comes, in µs.
const DELAYS_US: [u64; 3] = [5_000, 50_000, 500_000];

/// The latency of a connection or a disk that was made slow, in µs.
const SLOW_US: u64 = 50_000;

fn act(action: Action) -> Ask {
    Ask::Player(Command::Act(action))
}

/// The name of a subject, and what can be done with it. Nothing where it is gone.
pub fn menu(subject: Subject, stage: &Stage, run: &Remote, lang: Lang) -> Option<(String, Vec<Item>)> {
    match subject {
        Subject::Party(address) => {
            let party = stage.parties.iter().find(|party| party.address == address)?;
            let items = match address {
                Address::Node(node) => node_items(node, party, stage, run, lang),
                Address::Client(client) => {
                    vec![Item::new(
                        word!(lang, "Send a command …", "发送命令……"),
                        Ask::Dialog(Dialog::Command(client.0)),
                    )]
                }
            };
            Some((format!("{} · {}", party.name, party.role), items))
        }
        Subject::Message(id) => {
            let message = stage.messages.iter().find(|message| message.id == id)?;
            Some((message.kind.clone().into_owned(), message_items(id, message.fate, lang)))
        }
        Subject::Link(link) => Some(link_items(link, stage, run, lang)),
    }
}

fn node_items(node: NodeId, party: &Party, stage: &Stage, run: &Remote, lang: Lang) -> Vec<Item> {
    let mut items = Vec::new();
    if party.up {
        let crash = |unsynced| act(Intervention::Crash { node, unsynced, unsent: 0 });
        items.push(Item::new(word!(lang, "Crash", "崩溃"), crash(Unsynced::Torn)).harsh());
        if party.unsynced {
            items.push(
                Item::new(
                    word!(lang, "Crash and lose unsynced writes", "崩溃并丢失未落盘的写入"),
                    crash(Unsynced::Lost),
                )
                .harsh(),
            );
        }
        items.push(if party.paused {
            Item::new(word!(lang, "Resume", "恢复运行"), act(Intervention::Resume { node }))
        } else {
            Item::new(word!(lang, "Pause", "暂停进程"), act(Intervention::Pause { node }))
        });
    } else {
        items.push(Item::new(word!(lang, "Restart", "重启"), act(Intervention::Restart { node })));
    }
    items.push(
        Item::new(
            word!(lang, "Cut off from the others", "与其他节点隔离"),
            act(Intervention::Partition { groups: vec![vec![node]] }),
        )
        .apart(),
    );
    items.push(Item::new(word!(lang, "Connections …", "连接……"), Ask::Dialog(Dialog::Links(node.0))));
    if !stage.cuts.is_empty() {
        items.push(Item::new(word!(lang, "Heal the network", "恢复网络"), act(Intervention::Heal)));
    }
    if party.up && !run.prompts(Address::Node(node), lang).is_empty() {
        let ask = Ask::Dialog(Dialog::Operation(node.0));
        items.push(Item::new(word!(lang, "Ask it for something …", "发出运维请求……"), ask).apart());
    }
    items.push(
        Item::new(word!(lang, "Set its clock …", "调整时钟……"), Ask::Dialog(Dialog::Clock(node.0))).apart(),
    );
    let slow = DiskOptions { sync_us_min: SLOW_US, sync_us_max: 2 * SLOW_US };
    items.push(Item::new(
        word!(lang, "Make its disk slow", "让磁盘变慢"),
        act(Intervention::Disk { node: Some(node), options: slow }),
    ));
    items.push(
        Item::new(
            word!(lang, "Damage the end of its log", "损坏日志末尾"),
            act(Intervention::CorruptTail { node }),
        )
        .harsh(),
    );
    items.push(
        Item::new(word!(lang, "Lose its disk", "丢失磁盘"), act(Intervention::LoseDisk { node })).harsh(),
    );
    items
}

fn message_items(id: u64, fate: Fate, lang: Lang) -> Vec<Item> {
    let event = EventId(u32::try_from(id).unwrap_or(u32::MAX));
    let mut items =
        vec![Item::new(word!(lang, "Deliver now", "立即送达"), act(Intervention::DeliverNow { event }))];
    items.push(if fate == Fate::Held {
        Item::new(word!(lang, "Release", "放行"), act(Intervention::Release { event }))
    } else {
        Item::new(word!(lang, "Hold", "扣留"), act(Intervention::Hold { event }))
    });
    items.push(Item::new(
        word!(lang, "Duplicate", "复制一份"),
        act(Intervention::Duplicate { event, after_us: DELAYS_US.first().copied().unwrap_or(5_000) }),
    ));
    for by_us in DELAYS_US {
        let label = say!(lang, "Delay by {}", "延迟 {}", time(by_us, lang));
        items.push(Item::new(label, act(Intervention::Delay { event, by_us })));
    }
    items.push(Item::new(word!(lang, "Drop", "丢弃"), act(Intervention::Drop { event })).apart().harsh());
    items
}

fn link_items(link: Cut, stage: &Stage, run: &Remote, lang: Lang) -> (String, Vec<Item>) {
    let name = |address: Address| {
        let party = stage.parties.iter().find(|party| party.address == address);
        party.map_or_else(|| address.to_string(), |party| party.name.clone())
    };
    let (a, b) = (name(link.from), name(link.to));
    let Cut { from, to, .. } = link;
    let is_cut =
        stage.cuts.iter().any(|cut| (cut.from, cut.to) == (from, to) || (cut.from, cut.to) == (to, from));
    let mut items = Vec::new();
    if is_cut {
        items.push(Item::new(
            word!(lang, "Mend the connection", "修复连接"),
            act(Intervention::Mend { from, to }),
        ));
        items.push(Item::new(word!(lang, "Heal the whole network", "恢复整个网络"), act(Intervention::Heal)));
    } else {
        let cut = |from, to, both_ways| act(Intervention::Cut { from, to, both_ways });
        items.push(Item::new(word!(lang, "Cut both ways", "双向切断"), cut(from, to, true)).harsh());
        items.push(
            Item::new(say!(lang, "Cut from {} to {}", "切断 {} 到 {}", a, b), cut(from, to, false)).harsh(),
        );
        items.push(
            Item::new(say!(lang, "Cut from {} to {}", "切断 {} 到 {}", b, a), cut(to, from, false)).harsh(),
        );
    }
    let network = run.conditions().network;
    let link = |options| act(Intervention::Link { from, to, options });
    let slow = LinkOptions { latency_us_min: SLOW_US, ..network };
    let lossy = LinkOptions { loss_ppm: 500_000, ..network };
    items.push(Item::new(say!(lang, "Slow from {} to {}", "{} 到 {} 变慢", a, b), link(Some(slow))).apart());
    items.push(Item::new(say!(lang, "Lose half from {} to {}", "{} 到 {} 丢一半", a, b), link(Some(lossy))));
    items.push(Item::new(word!(lang, "As the rest of the network", "与其余网络相同"), link(None)));
    (format!("{a} – {b}"), items)
}
