//! Single-decree Paxos, drawn and told.

mod facts;
mod messages;
mod reasons;
mod tables;

use serde_json::{Value, json};

use super::{ballot_json, ballot_text, promised_field, quorum, set_text, tone_of};
use crate::protocol::key_value::TEXT_BYTES_MAX;
use crate::protocol::paxos::NodeSet;
use crate::protocol::paxos::synod::{
    Answer, Command, Message, Operation, Options, Phase, Proposal, Reason, Record, Synod, Timer,
};
use crate::protocol::{NodeId, Participant};
use crate::scene::facts::{ClusterFactOf, FactOf, Verb};
use crate::scene::model::{Cell, Field, Quorum, Table, Tone};
use crate::scene::portray::{Face, Portrait, Portray, ViolationOf};
use crate::scene::workbench::Prompt;
use crate::scene::{Lang, telling};
use crate::sim::Cluster;
use crate::{say, word};

/// A proposal in short: `1.n1 tea`.
fn proposal_text(proposal: &Proposal) -> String {
    format!("{} {}", proposal.ballot, proposal.value)
}

/// The acceptors that hold this value under this ballot or a higher one.
fn holders(nodes: &[Option<Synod>], chosen: &Proposal) -> NodeSet {
    let holds = |node: &Synod| {
        let accepted = node.acceptor().accepted.as_ref();
        accepted.is_some_and(|held| held.value == chosen.value && held.ballot >= chosen.ballot)
    };
    (0..)
        .map(NodeId)
        .zip(nodes)
        .filter(|(_, node)| node.as_ref().is_some_and(holds))
        .map(|(id, _)| id)
        .collect()
}

/// The proposals that some node knows to be chosen, one for each value. More than one is a violation.
fn known_to_be_chosen(nodes: &[Option<Synod>]) -> Vec<&Proposal> {
    let mut known: Vec<&Proposal> = Vec::new();
    for chosen in nodes.iter().flatten().filter_map(Synod::chosen) {
        match known.iter_mut().find(|other| other.value == chosen.value) {
            None => known.push(chosen),
            // Others may have learned it from a later ballot that took it over.
            Some(other) if chosen.ballot < other.ballot => *other = chosen,
            Some(_) => {}
        }
    }
    known
}

/// A proposal that enough acceptors hold on their disks, whether anybody knows it or not, and whether they still run or
/// not: those that run are looked at, and of the others counts what they have said.
fn held_by_quorum(cluster: &Cluster<Synod>) -> Option<&Proposal> {
    let setup = cluster.setup();
    let monitor = cluster.monitor();
    let needed = setup.options.quorums(setup.nodes).phase_2;
    let holds = |node: NodeId, proposal: &Proposal| {
        let process = cluster.nodes().get(node.index()).and_then(Option::as_ref);
        process.is_some_and(|process| process.acceptor().accepted.as_ref() == Some(proposal))
            && cluster.host(node).is_some_and(|host| !host.disk.has_unsynced())
    };
    monitor.chosen().or_else(|| {
        let held = |(proposal, said): (_, NodeSet)| {
            let count = (0..setup.nodes)
                .map(NodeId)
                .filter(|node| said.contains(*node) || holds(*node, proposal))
                .count();
            (count >= usize::from(needed)).then_some(proposal)
        };
        monitor.votes().find_map(held)
    })
}

fn phase_text(node: &Synod, lang: Lang) -> String {
    match &node.proposer().phase {
        Phase::Idle => word!(lang, "idle", "空闲").to_owned(),
        Phase::Recording { .. } => word!(lang, "new ballot", "新编号").to_owned(),
        Phase::Preparing { promised_by, .. } => {
            say!(lang, "phase 1: {}", "阶段一：{}", promised_by.len())
        }
        Phase::Proposing { accepted_by, .. } => {
            say!(lang, "phase 2: {}", "阶段二：{}", accepted_by.len())
        }
        Phase::BackingOff => word!(lang, "backs off", "退避").to_owned(),
    }
}

/// How things stand while no ballot is under way: what the nodes that run have accepted, and what cannot be seen.
fn idle(nodes: &[Option<Synod>], lang: Lang) -> String {
    let up = || (0..).map(NodeId).zip(nodes).filter_map(|(id, node)| Some((id, node.as_ref()?)));
    let highest =
        up().filter_map(|(_, node)| node.acceptor().accepted.as_ref()).max_by_key(|proposal| proposal.ballot);
    if let Some(Proposal { value, .. }) = highest {
        let holds =
            |node: &Synod| node.acceptor().accepted.as_ref().is_some_and(|proposal| proposal.value == *value);
        let holders: Vec<String> =
            up().filter(|(_, node)| holds(node)).map(|(id, _)| id.to_string()).collect();
        let holders = telling::listed(&holders, lang);
        return say!(
            lang,
            "No ballot is under way. “{value}” was accepted by {holders}; the next ballot finds it there.",
            "当前没有进行中的提案。{holders} 已接受“{value}”；下一次提案会在那里发现它。"
        );
    }
    if nodes.iter().any(Option::is_none) {
        return word!(
            lang,
            "No ballot is under way, and no node that runs has accepted a value.",
            "当前没有进行中的提案，运行中的节点都没有接受过值。"
        )
        .to_owned();
    }
    word!(
        lang,
        "No node has accepted a value yet. A client has to hand one to a proposer.",
        "还没有节点接受过值。需要客户端把一个值交给提议者。"
    )
    .to_owned()
}

impl Portray for Synod {
    const FACTS: &'static [FactOf<Self>] = facts::FACTS;
    const CLUSTER_FACTS: &'static [ClusterFactOf<Self>] = facts::CLUSTER_FACTS;
    const VERBS: &'static [Verb] = facts::VERBS;

    fn title(lang: Lang) -> &'static str {
        word!(lang, "Paxos, one decree", "Paxos（单次决议）")
    }

    fn face(kind: u8) -> Face {
        let (letter, tone, answer) = match kind {
            0 => ('P', Tone::Contender, false),
            1 => ('P', Tone::Contender, true),
            2 => ('A', Tone::Member, false),
            3 => ('A', Tone::Good, true),
            4 => ('R', Tone::Bad, true),
            5 => ('Q', Tone::Plain, false),
            _ => ('C', Tone::Good, true),
        };
        Face { letter, tone, answer }
    }

    fn portrait(&self, node: NodeId, options: &Options, lang: Lang) -> Portrait {
        let holds = |role: Option<NodeSet>| role.is_none_or(|role| role.contains(node));
        let (role, tone) = match (&self.proposer().phase, self.chosen()) {
            _ if self.is_out() => (word!(lang, "kept out", "被排除").to_owned(), Tone::Bad),
            (Phase::Idle, Some(_)) => (word!(lang, "learned", "已学到").to_owned(), Tone::Good),
            (Phase::Idle, None) if holds(options.acceptors) => {
                (word!(lang, "acceptor", "接受者").to_owned(), Tone::Member)
            }
            (Phase::Idle, None) if holds(options.proposers) => {
                (word!(lang, "proposer", "提议者").to_owned(), Tone::Member)
            }
            (Phase::Idle, None) => (word!(lang, "learner", "学习者").to_owned(), Tone::Member),
            (Phase::Proposing { .. }, _) => (phase_text(self, lang), Tone::Leader),
            _ => (phase_text(self, lang), Tone::Contender),
        };
        let figure = match self.acceptor().promised {
            Some(promised) => format!("≥ {promised}"),
            None => String::new(),
        };
        Portrait { role, figure, tone, tail: Vec::new() }
    }

    fn badge(&self, lang: Lang) -> Option<Cell> {
        let accepted = self.acceptor().accepted.as_ref()?;
        let is_chosen = self.chosen().is_some_and(|chosen| chosen.value == accepted.value);
        let text = proposal_text(accepted);
        let hint = match is_chosen {
            true => say!(lang, "accepted {text}, which is chosen", "已接受 {text}，且已选定"),
            false => say!(lang, "accepted {text}", "已接受 {text}"),
        };
        Some(Cell { text, tone: tone_of(accepted.ballot), settled: is_chosen, changed: false, hint })
    }

    fn quorums(nodes: &[Option<Synod>], options: &Options) -> Vec<Quorum> {
        let needed = options.quorums(nodes.len() as u16);
        let mut found: Vec<Quorum> = known_to_be_chosen(nodes)
            .into_iter()
            .map(|chosen| quorum(chosen.ballot.node, holders(nodes, chosen), 0, Tone::Good))
            .collect();
        for (id, node) in (0..).map(NodeId).zip(nodes) {
            match node.as_ref().map(|node| &node.proposer().phase) {
                Some(Phase::Preparing { promised_by, .. }) => {
                    found.push(quorum(id, *promised_by, needed.phase_1, Tone::Contender));
                }
                Some(Phase::Proposing { accepted_by, .. }) => {
                    found.push(quorum(id, *accepted_by, needed.phase_2, Tone::Leader));
                }
                _ => {}
            }
        }
        found
    }

    fn headline(cluster: &Cluster<Synod>, lang: Lang) -> String {
        let (nodes, options) = (cluster.nodes(), &cluster.setup().options);
        let known = known_to_be_chosen(nodes);
        if let [first, second, ..] = known.as_slice() {
            let (first, second) = (&first.value, &second.value);
            return say!(
                lang,
                "Two values are chosen, {first} and {second}: agreement is broken.",
                "选定了两个值：{first} 和 {second}。一致性已被破坏。"
            );
        }
        if let Some(chosen) = known.first() {
            let (value, learned) =
                (&chosen.value, nodes.iter().flatten().filter(|node| node.chosen().is_some()).count());
            return say!(
                lang,
                "“{value}” is chosen, for good; {learned} of {} nodes have learned it.",
                "“{value}”已选定，不会再变；{} 个节点中有 {learned} 个已学到。",
                nodes.len()
            );
        }
        if let Some(held) = held_by_quorum(cluster) {
            let value = &held.value;
            return say!(
                lang,
                "“{value}” is chosen: a quorum has accepted it. No node that runs knows it yet.",
                "“{value}”已选定：法定数的接受者已接受它，但运行中的节点还没有一个知道。"
            );
        }
        let needed = options.quorums(nodes.len() as u16);
        let proposers: Vec<(NodeId, &Phase)> = (0..)
            .map(NodeId)
            .zip(nodes)
            .filter_map(|(id, node)| Some((id, &node.as_ref()?.proposer().phase)))
            .filter(|(_, phase)| **phase != Phase::Idle)
            .collect();
        match proposers.as_slice() {
            [] => idle(nodes, lang),
            [(id, Phase::Preparing { ballot, promised_by, .. })] => say!(
                lang,
                "{id} has {} of the {} promises that it needs for ballot {ballot}.",
                "{id} 的提案 {ballot} 已得到 {} 个承诺，需要 {} 个。",
                promised_by.len(),
                needed.phase_1
            ),
            [(id, Phase::Proposing { proposal, accepted_by })] => say!(
                lang,
                "{id} asks to accept {}: {} of {} have.",
                "{id} 请求接受 {}：已有 {} 个，需要 {} 个。",
                proposal_text(proposal),
                accepted_by.len(),
                needed.phase_2
            ),
            [(id, _)] => say!(lang, "{id} is about to begin a ballot.", "{id} 即将发起新的提案。"),
            several => {
                let names: Vec<String> = several.iter().map(|(id, _)| id.to_string()).collect();
                let names = telling::listed(&names, lang);
                say!(
                    lang,
                    "{names} compete: a higher ballot closes the lower ones.",
                    "{names} 在竞争：较高的编号会让较低的失效。"
                )
            }
        }
    }

    fn timer_rank(timer: Timer) -> Option<u8> {
        Some(timer as u8)
    }

    fn timer_name(timer: Timer, lang: Lang) -> String {
        match timer {
            Timer::Resend => word!(lang, "resend", "重发"),
            Timer::BackOff => word!(lang, "back-off", "退避"),
            Timer::AskAgain => word!(lang, "ask again", "再次询问"),
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
        let (acceptor, proposer) = (self.acceptor(), self.proposer());
        let short = |proposal: Option<&Proposal>| proposal.map_or_else(|| "–".to_owned(), proposal_text);
        let mut fields =
            vec![
                promised_field(acceptor.promised, lang),
                Field::new(word!(lang, "accepted", "已接受"), short(acceptor.accepted.as_ref())).hint(word!(
                    lang,
                    "the proposal of the highest ballot that the acceptor has accepted",
                    "接受者接受过的编号最高的提案"
                )),
                Field::new(word!(lang, "learned", "已学到"), short(self.chosen())).hint(word!(
                    lang,
                    "what it knows to be chosen",
                    "它所知的已选定的提案"
                )),
                Field::new(word!(lang, "proposer", "提议者"), phase_text(self, lang)),
                Field::new(word!(lang, "its value", "想提的值"), proposer.wish.as_deref().unwrap_or("–"))
                    .hint(word!(
                        lang,
                        "what it proposes if the acceptors report nothing",
                        "若接受者没有报告任何值，它就提这个"
                    )),
                Field::new(word!(lang, "highest ballot", "最高编号"), ballot_text(proposer.highest)).hint(
                    word!(lang, "the highest that it has issued or heard of", "它发出过或听说过的最高编号"),
                ),
            ];
        match &proposer.phase {
            Phase::Preparing { promised_by, highest, .. } => {
                fields.push(Field::new(word!(lang, "promised by", "承诺者"), set_text(*promised_by)));
                fields.push(Field::new(word!(lang, "reported", "报告的提案"), short(highest.as_ref())).hint(
                    word!(
                        lang,
                        "of all proposals that the promises reported, the one of the highest ballot",
                        "承诺中报告的提案里编号最高的一个"
                    ),
                ));
            }
            Phase::Proposing { accepted_by, .. } => {
                fields.push(Field::new(word!(lang, "accepted by", "接受它的"), set_text(*accepted_by)));
            }
            _ => {}
        }
        for votes in self.learner().votes() {
            let proposal = proposal_text(&votes.proposal);
            fields
                .push(Field::new(say!(lang, "votes for {proposal}", "{proposal} 的票"), set_text(votes.by)));
        }
        fields
    }

    fn tables(nodes: &[Option<Synod>], options: &Options, lang: Lang) -> Vec<Table> {
        vec![tables::acceptors(nodes, lang), tables::ballots(nodes, options, lang)]
    }

    fn record_text(record: &Record, lang: Lang) -> String {
        match record {
            Record::Formatted { node } => say!(lang, "{node}'s disk", "{node} 的磁盘"),
            Record::Tried { ballot } => say!(lang, "issued {ballot}", "发出 {ballot}"),
            Record::Promised { ballot } => say!(lang, "promised {ballot}", "承诺 {ballot}"),
            Record::Accepted(proposal) => {
                let proposal = proposal_text(proposal);
                say!(lang, "accepted {proposal}", "接受 {proposal}")
            }
        }
    }

    fn command_text(Command::Propose { value }: &Command) -> String {
        format!("propose {value}")
    }

    fn parse_command(text: &str, lang: Lang) -> Result<Command, String> {
        match text.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["propose", value] if value.len() <= TEXT_BYTES_MAX => {
                Ok(Command::Propose { value: (*value).into() })
            }
            ["propose", _] => Err(say!(
                lang,
                "A value has at most {TEXT_BYTES_MAX} bytes.",
                "值最多 {TEXT_BYTES_MAX} 字节。"
            )),
            _ => Err(word!(lang, "Write: propose tea.", "请输入：propose tea。").to_owned()),
        }
    }

    fn commands(lang: Lang) -> Vec<Prompt> {
        let prompt =
            |label: &str, example: &str| Prompt { label: label.to_owned(), example: example.to_owned() };
        vec![
            prompt(word!(lang, "propose a value", "提出一个值"), "propose tea"),
            prompt(word!(lang, "propose another", "提出另一个值"), "propose coffee"),
        ]
    }

    fn answer_text(answer: &Answer, lang: Lang) -> String {
        match answer {
            Answer::Chosen { value } => say!(lang, "chosen: {value}", "已选定：{value}"),
            Answer::NotProposer { ask } => say!(lang, "no proposer; ask {ask}", "不是提议者；请找 {ask}"),
            Answer::Out => word!(lang, "kept out", "被排除").to_owned(),
        }
    }

    fn operation_text(_: &Operation) -> String {
        "ballot".to_owned()
    }

    fn parse_operation(text: &str, lang: Lang) -> Result<Operation, String> {
        match text.trim() {
            "ballot" => Ok(Operation::BeginBallot),
            _ => Err(word!(lang, "Write: ballot.", "请输入：ballot。").to_owned()),
        }
    }

    fn operations(&self, _: NodeId, _: u16, lang: Lang) -> Vec<Prompt> {
        let label = word!(lang, "begin a ballot now", "立即发起新的编号").to_owned();
        vec![Prompt { label, example: Synod::operation_text(&Operation::BeginBallot) }]
    }

    fn violation_text(violation: &ViolationOf<Synod>, lang: Lang) -> (String, String) {
        reasons::violation(violation, lang)
    }

    /// What the proposer does and under which ballot, the promise, and what is accepted and chosen.
    fn trace_state(&self, _: Option<&Synod>) -> Value {
        let proposal = |proposal: Option<&Proposal>| {
            proposal.map_or(
                Value::Null,
                |proposal| json!({ "ballot": ballot_json(Some(proposal.ballot)), "value": proposal.value }),
            )
        };
        json!({
            "phase": match &self.proposer().phase {
                Phase::Idle => "idle",
                Phase::Recording { .. } => "recording",
                Phase::Preparing { .. } => "preparing",
                Phase::Proposing { .. } => "proposing",
                Phase::BackingOff => "backing_off",
            },
            "member": !self.is_out(),
            "ballot": ballot_json(self.proposer().ballot()),
            "promised": ballot_json(self.acceptor().promised),
            "accepted": proposal(self.acceptor().accepted.as_ref()),
            "chosen": proposal(self.chosen()),
        })
    }

    fn era_text(era: u64, lang: Lang) -> String {
        super::round_text(era, lang)
    }
}

const _: () = assert!(Synod::MESSAGE_KINDS.len() == 7, "every kind of message has a face");
