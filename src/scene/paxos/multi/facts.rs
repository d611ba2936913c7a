//! The facts of a node of Multi-Paxos.

use crate::protocol::paxos::multi::{MultiPaxos, Role};
use crate::scene::facts::{FactKind, FactOf, FactValue, Verb, VerbTest};
use crate::scene::paxos::{ballot_fact, nodes_fact};
use crate::word;

fn role(role: &Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::Recording { .. } => "recording",
        Role::Preparing(_) => "preparing",
        Role::Leading(_) => "leader",
    }
}

pub(super) const FACTS: &[FactOf<MultiPaxos>] = &[
    FactOf::new(
        "role",
        FactKind::Word(&["follower", "recording", "preparing", "leader"]),
        |lang| {
            word!(lang, "whether it leads, or how far it is on its way there", "是否领导，或离领导还有多远")
        },
        |node, _| FactValue::Word(role(node.role())),
    ),
    FactOf::new(
        "ballot",
        FactKind::Ballot,
        |lang| word!(lang, "the ballot under which it leads or wants to", "它以此编号领导或想要领导"),
        |node, _| ballot_fact(node.role().ballot()),
    ),
    FactOf::new(
        "promised",
        FactKind::Ballot,
        |lang| word!(lang, "below which ballot it refuses all", "拒绝低于此编号的一切"),
        |node, _| ballot_fact(node.promised()),
    ),
    FactOf::new(
        "leader",
        FactKind::Node,
        |lang| word!(lang, "whom it takes for the leader", "它认为谁是领导者"),
        |node, _| FactValue::node(node.leader()),
    ),
    FactOf::new(
        "applied",
        FactKind::Number,
        |lang| word!(lang, "the last slot that has changed its state", "最后一个已作用于状态机的槽位"),
        |node, _| FactValue::number(node.applied()),
    ),
    FactOf::new(
        "last_slot",
        FactKind::Number,
        |lang| word!(lang, "the last slot that it knows anything of", "它所知的最后一个槽位"),
        |node, _| FactValue::number(node.slots().last()),
    ),
    FactOf::new(
        "accepted_ballot",
        FactKind::Ballot,
        |lang| word!(lang, "the ballot of what it accepted for its last slot", "它在最后槽位所接受的编号"),
        |node, _| {
            let slots = node.slots();
            ballot_fact(slots.accepted(slots.last()).map(|accepted| accepted.ballot))
        },
    ),
    FactOf::new(
        "trimmed",
        FactKind::Number,
        |lang| {
            word!(lang, "the last slot that lives on in its snapshot only", "最后一个只存在于快照中的槽位")
        },
        |node, _| FactValue::number(node.slots().trimmed()),
    ),
    FactOf::new(
        "promised_by",
        FactKind::Nodes,
        |lang| word!(lang, "who has promised its ballot, in phase 1", "阶段一中谁已承诺它的编号"),
        |node, _| match node.role() {
            Role::Preparing(preparing) => nodes_fact(preparing.promised_by),
            _ => FactValue::Nodes(Vec::new()),
        },
    ),
    FactOf::new(
        "in_flight",
        FactKind::Number,
        |lang| word!(lang, "how many slots it has under way, while it leads", "领导时进行中的槽位数"),
        |node, _| match node.role() {
            Role::Leading(leading) => FactValue::number(leading.in_flight.len()),
            _ => FactValue::Number(0),
        },
    ),
    FactOf::new(
        "kept_out",
        FactKind::Flag,
        |lang| word!(lang, "whether it is kept out because of its disk", "是否因磁盘问题被排除"),
        |node, _| FactValue::Flag(node.is_out()),
    ),
];

pub(super) const VERBS: &[Verb] = &[
    Verb { one: "leads", many: "lead", fact: "role", test: VerbTest::Is("leader") },
    Verb { one: "follows", many: "follow", fact: "role", test: VerbTest::Is("follower") },
    Verb { one: "prepares", many: "prepare", fact: "role", test: VerbTest::Is("preparing") },
    Verb { one: "promised", many: "promised", fact: "promised", test: VerbTest::Object },
    Verb { one: "is kept out", many: "are kept out", fact: "kept_out", test: VerbTest::Flag(true) },
];
