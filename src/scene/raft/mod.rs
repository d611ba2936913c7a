//! Raft, drawn and told.

mod facts;
mod messages;
mod reasons;
mod tables;
mod trace;

use serde_json::Value;

use super::facts::{FactOf, Verb};
use super::model::{Cell, Field, Table, Tone};
use super::portray::{Face, Portrait, Portray, ViolationOf};
use super::workbench::Prompt;
use super::{Lang, key_value, telling};
use crate::lang::time;
use crate::protocol::raft::message::{Answer, Message, Operation, Timer, Unavailable};
use crate::protocol::raft::progress::ProgressState;
use crate::protocol::raft::{DiskLoss, Membership, Options, Payload, Raft, Reason, Record, Role};
use crate::protocol::{NodeId, Participant};
use crate::sim::Cluster;
use crate::{say, word};

/// How many cells of a log are drawn beside its node.
const TAIL_CELLS: u64 = 7;

fn role_text(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Follower => word!(lang, "follower", "跟随者"),
        Role::PreCandidate => word!(lang, "pre-candidate", "预候选人"),
        Role::Candidate => word!(lang, "candidate", "候选人"),
        Role::Leader => word!(lang, "leader", "领导者"),
    }
}

fn loss_text(loss: DiskLoss, lang: Lang) -> &'static str {
    match loss {
        DiskLoss::Empty => word!(lang, "its disk is empty", "磁盘是空的"),
        DiskLoss::Damaged => word!(lang, "a record on its disk is damaged", "磁盘上有记录损坏"),
        DiskLoss::StillOut => {
            word!(lang, "it was kept out before and was not readmitted", "此前已被排除，尚未重新接纳")
        }
    }
}

pub(super) fn payload_text(payload: &Payload, lang: Lang) -> String {
    match payload {
        Payload::NoOp => word!(lang, "no-op", "空操作").to_owned(),
        Payload::Command { client, command, .. } => format!("{client}: {}", key_value::command_text(command)),
        Payload::Readmit { node, .. } => say!(lang, "readmit {node}", "重新接纳 {node}"),
    }
}

fn or_none(node: Option<NodeId>) -> String {
    node.map_or_else(|| "–".to_owned(), |node| node.to_string())
}

impl Portray for Raft {
    const FACTS: &'static [FactOf<Self>] = facts::FACTS;
    const VERBS: &'static [Verb] = facts::VERBS;

    fn title(_: Lang) -> &'static str {
        "Raft"
    }

    fn elects_leaders() -> bool {
        true
    }

    fn face(kind: u8) -> Face {
        let (letter, tone, answer) = match kind {
            0 => ('P', Tone::Contender, false),
            1 => ('P', Tone::Contender, true),
            2 => ('V', Tone::Contender, false),
            3 => ('V', Tone::Contender, true),
            4 => ('A', Tone::Member, false),
            5 => ('H', Tone::Member, false),
            6 => ('A', Tone::Good, true),
            7 => ('S', Tone::Member, false),
            8 => ('S', Tone::Good, true),
            9 => ('T', Tone::Leader, false),
            _ => ('R', Tone::Bad, false),
        };
        Face { letter, tone, answer }
    }

    fn portrait(&self, _: NodeId, _: &Options, lang: Lang) -> Portrait {
        let term = self.term();
        let (role, tone) = match (self.membership(), self.role()) {
            (Membership::Out(_), _) => (word!(lang, "kept out", "被排除"), Tone::Bad),
            (_, role @ Role::Follower) => (role_text(role, lang), Tone::Member),
            (_, role @ (Role::PreCandidate | Role::Candidate)) => (role_text(role, lang), Tone::Contender),
            (_, role @ Role::Leader) => (role_text(role, lang), Tone::Leader),
        };
        let first = self.log().last_index().saturating_sub(TAIL_CELLS - 1).max(1);
        let tail = self
            .log()
            .iter_from(first)
            .map(|(index, entry)| {
                let committed = index <= self.commit_index();
                Cell {
                    text: entry.term.to_string(),
                    tone: Tone::Era(entry.term),
                    settled: committed,
                    changed: false,
                    hint: entry_hint(index, entry.term, &entry.payload, committed, lang),
                }
            })
            .collect();
        Portrait { role: role.to_owned(), figure: say!(lang, "term {term}", "任期 {term}"), tone, tail }
    }

    fn headline(cluster: &Cluster<Raft>, lang: Lang) -> String {
        let nodes = cluster.nodes();
        let majority = nodes.len() / 2 + 1;
        let up = nodes.iter().flatten().filter(|node| !node.is_out()).count();
        let leaders = || nodes.iter().flatten().filter(|node| node.is_leader());
        let leader = leaders().max_by_key(|node| node.term());
        let contender = nodes
            .iter()
            .flatten()
            .filter(|node| matches!(node.role(), Role::Candidate | Role::PreCandidate))
            .max_by_key(|node| (node.term(), node.role()));
        if up < majority {
            return say!(
                lang,
                "{up} of {} nodes can take part; {majority} are needed for anything to happen.",
                "{} 个节点中只有 {up} 个可以参与；至少需要 {majority} 个。",
                nodes.len()
            );
        }
        match (leader, contender) {
            (Some(leader), _) => {
                let (id, term, commit) = (leader.id(), leader.term(), leader.commit_index());
                let others: Vec<String> = leaders()
                    .map(Raft::id)
                    .filter(|other| *other != id)
                    .map(|other| other.to_string())
                    .collect();
                if !others.is_empty() {
                    let others = telling::listed(&others, lang);
                    say!(
                        lang,
                        "{id} leads in term {term}. {others} still believes to lead, in an earlier term.",
                        "{id} 在任期 {term} 领导。{others} 仍以为自己在更早的任期中领导。"
                    )
                } else {
                    say!(
                        lang,
                        "{id} leads in term {term}; the log is committed up to index {commit}.",
                        "{id} 在任期 {term} 领导；日志已提交至索引 {commit}。"
                    )
                }
            }
            (None, Some(contender)) => {
                let (id, votes) = (contender.id(), contender.votes().map_or(0, |votes| votes.granted.len()));
                // A vote for itself counts once it is durable.
                if votes == 0 {
                    return say!(
                        lang,
                        "No leader. {id} stands for election and writes down its vote for itself.",
                        "没有领导者。{id} 参加选举，正在记下投给自己的一票。"
                    );
                }
                say!(
                    lang,
                    "No leader. {id} has {votes} of the {majority} votes it needs.",
                    "没有领导者。{id} 需要 {majority} 票，已得 {votes} 票。"
                )
            }
            (None, None) => word!(
                lang,
                "No leader. Whoever's timer runs out first will stand for election.",
                "没有领导者。谁的定时器先到期，谁就会发起选举。"
            )
            .to_owned(),
        }
    }

    fn timer_rank(timer: Timer) -> Option<u8> {
        match timer {
            Timer::Election => Some(0),
            Timer::Heartbeat => Some(1),
            Timer::Readmit => Some(2),
            Timer::CheckQuorum | Timer::Transfer => None,
        }
    }

    fn timer_name(timer: Timer, lang: Lang) -> String {
        match timer {
            Timer::Election => word!(lang, "election", "选举"),
            Timer::Heartbeat => word!(lang, "heartbeat", "心跳"),
            Timer::CheckQuorum => word!(lang, "quorum check", "多数派检查"),
            Timer::Transfer => word!(lang, "transfer", "领导权移交"),
            Timer::Readmit => word!(lang, "readmission", "重新接纳"),
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
        let mut fields = vec![
            Field::new(word!(lang, "term", "任期"), self.term().to_string()).hint(word!(
                lang,
                "a number that grows with every election",
                "每次选举都会增长的编号"
            )),
            Field::new(word!(lang, "voted for", "投票给"), or_none(self.voted_for())).hint(word!(
                lang,
                "who has its one vote of this term",
                "本任期唯一的一票给了谁"
            )),
            Field::new(word!(lang, "leader", "领导者"), or_none(self.leader())),
            Field::new(word!(lang, "commit", "已提交"), self.commit_index().to_string()).hint(word!(
                lang,
                "entries up to here can never be lost",
                "到此为止的条目不会再丢失"
            )),
            Field::new(word!(lang, "applied", "已应用"), self.applied_index().to_string()).hint(word!(
                lang,
                "entries up to here have changed the state",
                "到此为止的条目已作用于状态机"
            )),
            Field::new(
                word!(lang, "log", "日志"),
                say!(
                    lang,
                    "to index {}, last term {}",
                    "至索引 {}，最后任期 {}",
                    self.log().last_index(),
                    self.log().last_term()
                ),
            ),
            Field::new(word!(lang, "durable", "已持久化"), self.durable_index().to_string()).hint(word!(
                lang,
                "entries up to here survive a crash",
                "到此为止的条目崩溃后仍在"
            )),
        ];
        if let Membership::Out(out) = self.membership() {
            fields.push(Field::new(word!(lang, "kept out", "被排除"), loss_text(out.loss, lang)));
        }
        if let Some(votes) = self.votes() {
            let list = |set: crate::protocol::raft::NodeSet| {
                let names: Vec<String> = set.iter().map(|node| node.to_string()).collect();
                if names.is_empty() { "–".to_owned() } else { names.join(" ") }
            };
            fields.push(Field::new(word!(lang, "votes for it", "赞成票"), list(votes.granted)));
            fields.push(Field::new(word!(lang, "votes against", "反对票"), list(votes.refused)));
        }
        if self.snapshot().last_included_index > 0 {
            fields.push(Field::new(
                word!(lang, "snapshot", "快照"),
                say!(lang, "to index {}", "至索引 {}", self.snapshot().last_included_index),
            ));
        }
        if self.is_leader() {
            for node in (0..100).map(NodeId) {
                let Some(progress) = self.progress(node) else { continue };
                let state = match &progress.state {
                    ProgressState::Probe { .. } => word!(lang, "probe", "探测"),
                    ProgressState::Pipeline { .. } => word!(lang, "pipeline", "流水线"),
                    ProgressState::Snapshot(_) => word!(lang, "snapshot", "快照"),
                };
                let (matched, next) = (progress.match_index, progress.next_index);
                fields.push(
                    Field::new(
                        say!(lang, "knows of {node}", "对 {node} 的了解"),
                        say!(
                            lang,
                            "match {matched}, next {next}, {state}",
                            "匹配 {matched}，下一条 {next}，{state}"
                        ),
                    )
                    .hint(word!(
                        lang,
                        "match: durably the same up to here; next: what is sent next",
                        "匹配：到此为止持久一致；下一条：接下来要发送的条目"
                    )),
                );
            }
        }
        let timeout = self.election_timeout_us();
        if timeout > 0 && !self.is_leader() {
            fields.push(Field::new(word!(lang, "election timeout", "选举超时"), time(timeout, lang)));
        }
        fields
    }

    fn tables(nodes: &[Option<Raft>], _: &Options, lang: Lang) -> Vec<Table> {
        let stores: Vec<_> = nodes.iter().map(|node| node.as_ref().map(Raft::store)).collect();
        vec![tables::logs(nodes, lang), key_value::store_table(&stores, lang)]
    }

    fn record_text(record: &Record, lang: Lang) -> String {
        match record {
            Record::Formatted { node } => say!(lang, "{node}'s disk", "{node} 的磁盘"),
            Record::KeptOut => word!(lang, "kept out", "被排除").to_owned(),
            Record::HardState { term, voted_for } => match voted_for {
                Some(node) => say!(lang, "term {term}, vote {node}", "任期 {term}，票 {node}"),
                None => say!(lang, "term {term}", "任期 {term}"),
            },
            Record::Snapshot(snapshot) => {
                say!(lang, "snapshot to {}", "快照至 {}", snapshot.last_included_index)
            }
            Record::LogStart { index, .. } => say!(lang, "log after {index}", "日志起于 {index} 之后"),
            Record::Entry { index, entry } => format!("{index}: {}", payload_text(&entry.payload, lang)),
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
            Answer::OutcomeUnknown { .. } => word!(
                lang,
                "leads no more; whether the command takes effect is for the next leader to say",
                "已不再领导；命令是否生效由下一任领导者决定"
            )
            .to_owned(),
            Answer::Unavailable(Unavailable::TransferringLeadership) => {
                word!(lang, "leadership is being handed over", "领导权正在移交").to_owned()
            }
            Answer::Unavailable(Unavailable::Overloaded) => word!(lang, "overloaded", "过载").to_owned(),
        }
    }

    fn operation_text(operation: &Operation) -> String {
        match operation {
            Operation::TransferLeadership { to } => format!("transfer {to}"),
            Operation::Readmit => "readmit".to_owned(),
        }
    }

    fn parse_operation(text: &str, lang: Lang) -> Result<Operation, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let node = |text: &str| {
            let number: u16 = text.strip_prefix('n')?.parse().ok()?;
            number.checked_sub(1).map(NodeId)
        };
        match words.as_slice() {
            ["readmit"] => Ok(Operation::Readmit),
            ["transfer", to] if node(to).is_some() => {
                Ok(Operation::TransferLeadership { to: node(to).unwrap_or(NodeId(0)) })
            }
            _ => Err(word!(lang, "Write one of: transfer n2; readmit.", "请输入：transfer n2；readmit。")
                .to_owned()),
        }
    }

    fn operations(&self, node: NodeId, nodes: u16, lang: Lang) -> Vec<Prompt> {
        let mut prompts = Vec::new();
        if self.is_leader() {
            for to in (0..nodes).map(NodeId).filter(|to| *to != node) {
                prompts.push(Prompt {
                    label: say!(lang, "hand leadership to {to}", "将领导权交给 {to}"),
                    example: Raft::operation_text(&Operation::TransferLeadership { to }),
                });
            }
        }
        if self.is_out() {
            prompts.push(Prompt {
                label: word!(lang, "let it ask to be readmitted", "允许它请求重新接纳").to_owned(),
                example: Raft::operation_text(&Operation::Readmit),
            });
        }
        prompts
    }

    fn violation_text(violation: &ViolationOf<Raft>, lang: Lang) -> (String, String) {
        reasons::violation(violation, lang)
    }

    fn trace_state(&self, before: Option<&Raft>) -> Value {
        trace::state(self, before)
    }

    fn era_text(era: u64, lang: Lang) -> String {
        say!(lang, "term {era}", "任期 {era}")
    }
}

pub(super) fn entry_hint(index: u64, term: u64, payload: &Payload, committed: bool, lang: Lang) -> String {
    let payload = payload_text(payload, lang);
    let state = if committed {
        word!(lang, "committed", "已提交")
    } else {
        word!(lang, "not committed", "未提交")
    };
    say!(
        lang,
        "index {index}, term {term}, {payload}, {state}",
        "索引 {index}，任期 {term}，{payload}，{state}"
    )
}

const _: () = assert!(Raft::MESSAGE_KINDS.len() == 11, "every kind of message has a face");
