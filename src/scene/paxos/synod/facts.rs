//! The facts of a node of single-decree Paxos.

use crate::protocol::paxos::synod::{Phase, Proposal, Synod};
use crate::scene::facts::{ClusterFactOf, FactKind, FactName, FactOf, FactValue, Verb, VerbTest};
use crate::scene::paxos::{ballot_fact, nodes_fact};
use crate::word;

fn phase(phase: &Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Recording { .. } => "recording",
        Phase::Preparing { .. } => "preparing",
        Phase::Proposing { .. } => "proposing",
        Phase::BackingOff => "backing-off",
    }
}

fn value(proposal: Option<&Proposal>) -> FactValue {
    proposal.map_or(FactValue::None, |proposal| FactValue::Text(proposal.value.to_string()))
}

pub(super) const FACTS: &[FactOf<Synod>] = &[
    FactOf::new(
        "role",
        FactKind::Word(&["idle", "recording", "preparing", "proposing", "backing-off"]),
        |lang| word!(lang, "what its proposer does", "提议者正在做什么"),
        |node, _| FactValue::Word(phase(&node.proposer().phase)),
    ),
    FactOf::new(
        "ballot",
        FactKind::Ballot,
        |lang| word!(lang, "the ballot that its proposer has under way", "提议者进行中的编号"),
        |node, _| ballot_fact(node.proposer().ballot()),
    ),
    FactOf::new(
        "highest_ballot",
        FactKind::Ballot,
        |lang| word!(lang, "the highest ballot that it issued or heard of", "发出过或听说过的最高编号"),
        |node, _| ballot_fact(node.proposer().highest),
    ),
    FactOf::new(
        "wish",
        FactKind::Text,
        |lang| {
            word!(lang, "what it proposes if the promises report nothing", "若承诺没有报告任何值，它提什么")
        },
        |node, _| {
            let wish = node.proposer().wish.as_deref();
            wish.map_or(FactValue::None, |wish| FactValue::Text(wish.to_owned()))
        },
    ),
    FactOf::new(
        "promised",
        FactKind::Ballot,
        |lang| word!(lang, "below which ballot its acceptor refuses all", "接受者拒绝低于此编号的一切"),
        |node, _| ballot_fact(node.acceptor().promised),
    ),
    FactOf::new(
        "accepted_ballot",
        FactKind::Ballot,
        |lang| word!(lang, "the ballot of what its acceptor has accepted", "接受者所接受提案的编号"),
        |node, _| ballot_fact(node.acceptor().accepted_ballot()),
    ),
    FactOf::new(
        "accepted_value",
        FactKind::Text,
        |lang| word!(lang, "the value that its acceptor has accepted", "接受者所接受的值"),
        |node, _| value(node.acceptor().accepted.as_ref()),
    ),
    FactOf::new(
        "chosen",
        FactKind::Text,
        |lang| word!(lang, "the value that it knows to be chosen", "它所知的已选定的值"),
        |node, _| value(node.chosen()),
    ),
    FactOf::new(
        "promised_by",
        FactKind::Nodes,
        |lang| word!(lang, "who has promised its ballot, in phase 1", "阶段一中谁已承诺它的编号"),
        |node, _| match &node.proposer().phase {
            Phase::Preparing { promised_by, .. } => nodes_fact(*promised_by),
            _ => FactValue::Nodes(Vec::new()),
        },
    ),
    FactOf::new(
        "accepted_by",
        FactKind::Nodes,
        |lang| word!(lang, "who has accepted its proposal, in phase 2", "阶段二中谁已接受它的提案"),
        |node, _| match &node.proposer().phase {
            Phase::Proposing { accepted_by, .. } => nodes_fact(*accepted_by),
            _ => FactValue::Nodes(Vec::new()),
        },
    ),
    FactOf::new(
        "kept_out",
        FactKind::Flag,
        |lang| word!(lang, "whether it is kept out because of its disk", "是否因磁盘问题被排除"),
        |node, _| FactValue::Flag(node.is_out()),
    ),
];

pub(super) const CLUSTER_FACTS: &[ClusterFactOf<Synod>] = &[ClusterFactOf {
    name: FactName {
        key: "chosen",
        kind: FactKind::Text,
        says: |lang| {
            word!(
                lang,
                "the value that a quorum has accepted, whether anybody knows it or not",
                "法定数已接受的值，无论是否有人知道"
            )
        },
    },
    read: |monitor| value(monitor.chosen()),
}];

pub(super) const VERBS: &[Verb] = &[
    Verb { one: "prepares", many: "prepare", fact: "role", test: VerbTest::Is("preparing") },
    Verb { one: "proposes", many: "propose", fact: "role", test: VerbTest::Is("proposing") },
    Verb { one: "promised", many: "promised", fact: "promised", test: VerbTest::Object },
    Verb { one: "accepted", many: "accepted", fact: "accepted_value", test: VerbTest::Object },
    Verb { one: "learned", many: "learned", fact: "chosen", test: VerbTest::Object },
    Verb { one: "is kept out", many: "are kept out", fact: "kept_out", test: VerbTest::Flag(true) },
];
