//! Multi-Paxos, drawn and told.

mod facts;
mod messages;
mod reasons;
mod slots;

use serde_json::{Value as Json, json};

use super::{ballot_json, ballot_text, promised_field, quorum, set_text, tone_of};
use crate::protocol::paxos::NodeSet;
use crate::protocol::paxos::multi::{
    Answer, Leading, Message, MultiPaxos, Operation, Options, Preparing, Reason, Record, Role, Slot,
    SlotState, Timer, Value,
};
use crate::protocol::{NodeId, Participant};
use crate::scene::facts::{FactOf, Verb};
use crate::scene::model::{Field, Quorum, Table, Tone};
use crate::scene::portray::{Face, Portrait, Portray, ViolationOf};
use crate::scene::workbench::Prompt;
use crate::scene::{Lang, key_value};
use crate::sim::Cluster;
use crate::{say, word};

/// How many slots are drawn beside a node.
const TAIL_CELLS: u64 = 7;

fn value_text(value: &Value, lang: Lang) -> String {
    match value {
        Value::NoOp => word!(lang, "no-op", "空操作").to_owned(),
        Value::Command(command) => {
            format!("{}: {}", command.client, key_value::command_text(&command.command))
        }
    }
}

fn node_text(node: Option<NodeId>) -> String {
    node.map_or_else(|| "–".to_owned(), |node| node.to_string())
}

/// Those whose accepted ballot for this slot is the one under which the leader has it.
fn acceptors_of(nodes: &[Option<MultiPaxos>], leader: &MultiPaxos, slot: Slot) -> NodeSet {
    let Some(ballot) = leader.slots().accepted(slot).map(|accepted| accepted.ballot) else {
        return NodeSet::EMPTY;
    };
    let accepted = |node: &MultiPaxos| node.slots().accepted(slot).is_some_and(|held| held.ballot == ballot);
    (0..)
        .map(NodeId)
        .zip(nodes)
        .filter(|(_, node)| node.as_ref().is_some_and(accepted))
        .map(|(id, _)| id)
        .collect()
}

impl Portray for MultiPaxos {
    const FACTS: &'static [FactOf<Self>] = facts::FACTS;
    const VERBS: &'static [Verb] = facts::VERBS;

    fn title(_: Lang) -> &'static str {
        "Multi-Paxos"
    }

    fn elects_leaders() -> bool {
        true
    }

    fn face(kind: u8) -> Face {
        let (letter, tone, answer) = match kind {
            0 => ('P', Tone::Contender, false),
            1 => ('P', Tone::Contender, true),
            2 => ('A', Tone::Member, false),
            3 => ('A', Tone::Good, true),
            4 => ('R', Tone::Bad, true),
            5 => ('D', Tone::Good, false),
            6 => ('H', Tone::Member, false),
            7 => ('H', Tone::Good, true),
            8 => ('U', Tone::Plain, false),
            9 => ('D', Tone::Good, true),
            11 => ('S', Tone::Plain, false),
            12 => ('V', Tone::Contender, false),
            13 => ('V', Tone::Good, true),
            _ => ('S', Tone::Good, true),
        };
        Face { letter, tone, answer }
    }

    fn portrait(&self, _: NodeId, options: &Options, lang: Lang) -> Portrait {
        let (role, tone) = match self.role() {
            _ if self.is_out() => (word!(lang, "kept out", "被排除").to_owned(), Tone::Bad),
            Role::Follower if options.acceptors.is_some() => {
                (word!(lang, "replica", "副本").to_owned(), Tone::Member)
            }
            Role::Follower => (word!(lang, "acceptor", "接受者").to_owned(), Tone::Member),
            Role::Recording { .. } => (word!(lang, "new ballot", "新编号").to_owned(), Tone::Contender),
            Role::Preparing(Preparing { promised_by, .. }) => {
                (say!(lang, "phase 1: {}", "阶段一：{}", promised_by.len()), Tone::Contender)
            }
            Role::Leading(_) => (word!(lang, "leader", "领导者").to_owned(), Tone::Leader),
        };
        let figure = match self.promised() {
            Some(promised) => format!("≥ {promised}"),
            None => String::new(),
        };
        let first = self.slots().last().saturating_sub(TAIL_CELLS - 1).max(1);
        let tail = (first..=self.slots().last()).map(|slot| slots::cell(self, slot, lang)).collect();
        Portrait { role, figure, tone, tail }
    }

    fn quorums(nodes: &[Option<MultiPaxos>], options: &Options) -> Vec<Quorum> {
        let needed = options.quorums(nodes.len() as u16);
        let mut found = Vec::new();
        for (id, node) in (0..).map(NodeId).zip(nodes) {
            let Some(node) = node else { continue };
            match node.role() {
                Role::Preparing(Preparing { promised_by, .. }) => {
                    found.push(quorum(id, *promised_by, needed.phase_1, Tone::Contender));
                }
                Role::Leading(Leading { in_flight, .. }) => match in_flight.values().next() {
                    Some(first) => found.push(quorum(id, first.accepted_by, needed.phase_2, Tone::Leader)),
                    // Nothing is under way: those who have chosen the last slot.
                    None => {
                        let members = acceptors_of(nodes, node, node.applied());
                        if !members.is_empty() {
                            found.push(quorum(id, members, needed.phase_2, Tone::Good));
                        }
                    }
                },
                Role::Follower | Role::Recording { .. } => {}
            }
        }
        found
    }

    fn headline(cluster: &Cluster<MultiPaxos>, lang: Lang) -> String {
        let (nodes, options) = (cluster.nodes(), &cluster.setup().options);
        let needed = options.quorums(nodes.len() as u16);
        let alive = |id: &NodeId| {
            nodes.get(id.index()).is_some_and(|node| node.as_ref().is_some_and(|node| !node.is_out()))
        };
        let up = options.acceptors(nodes.len() as u16).iter().filter(alive).count();
        let all = || (0..).map(NodeId).zip(nodes).filter_map(|(id, node)| Some((id, node.as_ref()?)));
        let mut leaders: Vec<(NodeId, &MultiPaxos, &Leading)> = all()
            .filter_map(|(id, node)| match node.role() {
                Role::Leading(leading) => Some((id, node, leading)),
                _ => None,
            })
            .collect();
        leaders.sort_unstable_by_key(|(_, _, leading)| leading.ballot);
        if up < usize::from(needed.phase_2) {
            return say!(
                lang,
                "{up} acceptors can take part; {} are needed for anything to be chosen.",
                "只有 {up} 个接受者可以参与；至少需要 {} 个才能选定任何值。",
                needed.phase_2
            );
        }
        if let Some((id, node, leading)) = leaders.last() {
            let (ballot, chosen, under_way) = (leading.ballot, node.applied(), leading.in_flight.len());
            return if leaders.len() > 1 {
                say!(
                    lang,
                    "{id} leads with ballot {ballot}. Another one still believes to lead, with a lower ballot.",
                    "{id} 以编号 {ballot} 领导。另有节点仍以为自己以更低的编号领导。"
                )
            } else {
                say!(
                    lang,
                    "{id} leads with ballot {ballot}: slots up to {chosen} are chosen, {under_way} under way.",
                    "{id} 以编号 {ballot} 领导：槽位至 {chosen} 已选定，{under_way} 个进行中。"
                )
            };
        }
        let contender = all().find_map(|(id, node)| match node.role() {
            Role::Preparing(preparing) => Some((id, preparing)),
            _ => None,
        });
        match contender {
            Some((id, Preparing { ballot, promised_by, .. })) => say!(
                lang,
                "No leader. {id} has {} of the {} promises that it needs for ballot {ballot}.",
                "没有领导者。{id} 的编号 {ballot} 已得到 {} 个承诺，需要 {} 个。",
                promised_by.len(),
                needed.phase_1
            ),
            None => word!(
                lang,
                "No leader. Whoever's timer runs out first will begin a ballot.",
                "没有领导者。谁的定时器先到期，谁就发起新的编号。"
            )
            .to_owned(),
        }
    }

    fn timer_rank(timer: Timer) -> Option<u8> {
        Some(timer as u8)
    }

    fn timer_name(timer: Timer, lang: Lang) -> String {
        match timer {
            Timer::Election => word!(lang, "election", "选举"),
            Timer::Heartbeat => word!(lang, "heartbeat", "心跳"),
            Timer::PrepareAgain => word!(lang, "ask again", "再次询问"),
        }
        .to_owned()
    }

    fn message_text(message: &Message, lang: Lang) -> String {
        messages::text(message, lang)
    }

    fn message_fields(message: &Message, lang: Lang) -> Vec<Field> {
        messages::fields(message, lang)
    }

    fn reason_text(why: &Reason, node: NodeId, lang: Lang) -> String {
        reasons::text(why, node, lang)
    }

    fn reason_source(why: &Reason) -> &'static str {
        why.section()
    }

    fn reason_weight(why: &Reason) -> u8 {
        reasons::weight(why)
    }

    fn fields(&self, _: &Options, lang: Lang) -> Vec<Field> {
        let mut fields =
            vec![
                promised_field(self.promised(), lang),
                Field::new(word!(lang, "leader", "领导者"), node_text(self.leader())),
                Field::new(word!(lang, "applied", "已应用"), self.applied().to_string()).hint(word!(
                    lang,
                    "slots up to here are chosen and have changed the state, in order",
                    "到此为止的槽位都已选定，并按顺序作用于状态机"
                )),
                Field::new(word!(lang, "last slot", "最后槽位"), self.slots().last().to_string())
                    .hint(word!(lang, "the last slot that it knows anything of", "它所知的最后一个槽位")),
            ];
        if self.slots().trimmed() > 0 {
            fields.push(
                Field::new(
                    word!(lang, "trimmed", "已裁剪"),
                    say!(lang, "to slot {}", "至槽位 {}", self.slots().trimmed()),
                )
                .hint(word!(
                    lang,
                    "these slots live on in the snapshot only",
                    "这些槽位只存在于快照中"
                )),
            );
        }
        if let Some(incoming) = self.incoming() {
            let (through, from) = (incoming.through, incoming.from);
            let (received, total) = (incoming.received(), incoming.total);
            fields.push(
                Field::new(
                    word!(lang, "snapshot arrives", "快照传入"),
                    say!(lang, "{received} of {total} bytes", "{received} / {total} 字节"),
                )
                .hint(say!(
                    lang,
                    "the state after slot {through}, from {from}",
                    "槽位 {through} 之后的状态，来自 {from}"
                )),
            );
        }
        if let Some(canvass) = self.canvass() {
            fields.push(
                Field::new(
                    say!(lang, "would promise {}", "愿意承诺 {}", canvass.ballot),
                    set_text(canvass.would_promise),
                )
                .hint(word!(
                    lang,
                    "with a quorum of them the node begins this ballot",
                    "达到法定数后该节点才发起这个编号"
                )),
            );
        }
        match self.role() {
            Role::Preparing(preparing) => {
                fields.push(Field::new(word!(lang, "ballot", "编号"), preparing.ballot.to_string()));
                fields
                    .push(Field::new(word!(lang, "promised by", "承诺者"), set_text(preparing.promised_by)));
            }
            Role::Leading(leading) => {
                fields.push(Field::new(word!(lang, "ballot", "编号"), leading.ballot.to_string()));
                fields.push(Field::new(word!(lang, "next slot", "下一槽位"), leading.next.to_string()));
                fields.push(Field::new(
                    word!(lang, "commands wait", "等待的命令"),
                    leading.queue.len().to_string(),
                ));
                fields.push(Field::new(
                    word!(lang, "reads wait", "等待的读取"),
                    leading.reads.waiting().len().to_string(),
                ));
                for (slot, in_flight) in &leading.in_flight {
                    fields.push(
                        Field::new(
                            say!(lang, "slot {slot} accepted by", "接受槽位 {slot} 的"),
                            set_text(in_flight.accepted_by),
                        )
                        .hint(value_text(&in_flight.value, lang)),
                    );
                }
            }
            Role::Recording { ballot } => {
                fields.push(Field::new(word!(lang, "ballot", "编号"), ballot.to_string()));
            }
            Role::Follower => {}
        }
        fields
    }

    fn tables(nodes: &[Option<MultiPaxos>], _: &Options, lang: Lang) -> Vec<Table> {
        let stores: Vec<_> = nodes.iter().map(|node| node.as_ref().map(MultiPaxos::store)).collect();
        vec![slots::table(nodes, lang), key_value::store_table(&stores, lang)]
    }

    fn record_text(record: &Record, lang: Lang) -> String {
        match record {
            Record::Formatted { node } => say!(lang, "{node}'s disk", "{node} 的磁盘"),
            Record::Promised { ballot } => say!(lang, "promised {ballot}", "承诺 {ballot}"),
            Record::Accepted { slot, ballot, value } => {
                let value = value_text(value, lang);
                say!(lang, "{slot}: accepted {ballot} {value}", "{slot}：接受 {ballot} {value}")
            }
            Record::Chosen { slot } => say!(lang, "{slot}: chosen", "{slot}：选定"),
            Record::Learned { slot, value } => {
                let value = value_text(value, lang);
                say!(lang, "{slot}: chosen {value}", "{slot}：选定 {value}")
            }
            Record::Snapshot { through, .. } => say!(lang, "snapshot to {through}", "快照至 {through}"),
        }
    }

    fn command_text(command: &Self::Command) -> String {
        key_value::command_text(command)
    }

    fn parse_command(text: &str, lang: Lang) -> Result<Self::Command, String> {
        key_value::parse_command(text, lang)
    }

    fn commands(lang: Lang) -> Vec<Prompt> {
        key_value::prompts(lang)
    }

    fn answer_text(answer: &Answer, lang: Lang) -> String {
        match answer {
            Answer::Done(outcome) => key_value::outcome_text(outcome, lang),
            Answer::NotLeader { hint: Some(leader) } => {
                say!(lang, "not the leader; ask {leader}", "不是领导者；请找 {leader}")
            }
            Answer::NotLeader { hint: None } => {
                word!(lang, "not the leader, and none is known", "不是领导者，也不知道谁是").to_owned()
            }
            Answer::Overloaded => word!(lang, "overloaded", "过载").to_owned(),
        }
    }

    fn operation_text(_: &Operation) -> String {
        "lead".to_owned()
    }

    fn parse_operation(text: &str, lang: Lang) -> Result<Operation, String> {
        match text.trim() {
            "lead" => Ok(Operation::TryToLead),
            _ => Err(word!(lang, "Write: lead.", "请输入：lead。").to_owned()),
        }
    }

    fn operations(&self, _: NodeId, _: u16, lang: Lang) -> Vec<Prompt> {
        if self.is_out() || matches!(self.role(), Role::Leading(_)) {
            return Vec::new();
        }
        let label = word!(lang, "try to lead now", "立即尝试领导").to_owned();
        vec![Prompt { label, example: MultiPaxos::operation_text(&Operation::TryToLead) }]
    }

    fn violation_text(violation: &ViolationOf<MultiPaxos>, lang: Lang) -> (String, String) {
        reasons::violation(violation, lang)
    }

    /// Role, ballot, promise, leader, how far all is applied and trimmed, and each slot that the step changed.
    fn trace_state(&self, before: Option<&MultiPaxos>) -> Json {
        let mut changed = Vec::new();
        if let Some(before) = before {
            for (slot, state) in self.slots().iter_from(1) {
                let old = before.slots().get(slot);
                if old != Some(state) && (old.is_some() || *state != SlotState::default()) {
                    let accepted = state.accepted.as_ref().map_or(Json::Null, |accepted| {
                        json!({ "ballot": ballot_json(Some(accepted.ballot)), "value": accepted.value })
                    });
                    changed.push(json!({ "slot": slot, "accepted": accepted, "chosen": state.chosen }));
                }
            }
        }
        json!({
            "role": match self.role() {
                Role::Follower => "follower",
                Role::Recording { .. } => "recording",
                Role::Preparing(_) => "preparing",
                Role::Leading(_) => "leading",
            },
            "member": !self.is_out(),
            "ballot": ballot_json(self.role().ballot()),
            "promised": ballot_json(self.promised()),
            "leader": self.leader(),
            "applied": self.applied(),
            "trimmed": self.slots().trimmed(),
            "last_slot": self.slots().last(),
            "saved": self.saved(),
            "waits_for_disk": self.waiting_for_disk().len(),
            "slots_changed": changed,
        })
    }

    fn era_text(era: u64, lang: Lang) -> String {
        super::round_text(era, lang)
    }
}

const _: () = assert!(MultiPaxos::MESSAGE_KINDS.len() == 14, "every kind of message has a face");
