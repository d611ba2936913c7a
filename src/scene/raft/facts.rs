//! The facts of a node of Raft.

use crate::protocol::raft::{Membership, NodeSet, Raft, Role};
use crate::scene::facts::{FactKind, FactOf, FactValue, Verb, VerbTest};
use crate::word;

fn role(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}

fn nodes(set: Option<NodeSet>) -> FactValue {
    FactValue::Nodes(set.into_iter().flat_map(NodeSet::iter).collect())
}

pub(super) const FACTS: &[FactOf<Raft>] = &[
    FactOf::new(
        "role",
        FactKind::Word(&["follower", "pre-candidate", "candidate", "leader"]),
        |lang| word!(lang, "what it is in its term", "它在本任期中的角色"),
        |node, _| FactValue::Word(role(node.role())),
    ),
    FactOf::new(
        "term",
        FactKind::Number,
        |lang| word!(lang, "its current term", "当前任期"),
        |node, _| FactValue::number(node.term()),
    ),
    FactOf::new(
        "voted_for",
        FactKind::Node,
        |lang| word!(lang, "who has its vote of this term", "本任期的一票投给了谁"),
        |node, _| FactValue::node(node.voted_for()),
    ),
    FactOf::new(
        "leader",
        FactKind::Node,
        |lang| word!(lang, "whom it takes for the leader of its term", "它认为谁是本任期的领导者"),
        |node, _| FactValue::node(node.leader()),
    ),
    FactOf::new(
        "commit_index",
        FactKind::Number,
        |lang| word!(lang, "the last entry that it knows to be committed", "它所知的最后一条已提交条目"),
        |node, _| FactValue::number(node.commit_index()),
    ),
    FactOf::new(
        "last_applied",
        FactKind::Number,
        |lang| word!(lang, "the last entry that has changed its state", "最后一条已作用于状态机的条目"),
        |node, _| FactValue::number(node.applied_index()),
    ),
    FactOf::new(
        "last_log_index",
        FactKind::Number,
        |lang| word!(lang, "the last entry of its log", "日志最后一条的索引"),
        |node, _| FactValue::number(node.log().last_index()),
    ),
    FactOf::new(
        "last_log_term",
        FactKind::Number,
        |lang| word!(lang, "the term of the last entry of its log", "日志最后一条的任期"),
        |node, _| FactValue::number(node.log().last_term()),
    ),
    FactOf::new(
        "log_start",
        FactKind::Number,
        |lang| word!(lang, "the index after which its log starts", "日志从此索引之后开始"),
        |node, _| FactValue::number(node.log().base_index()),
    ),
    FactOf::new(
        "durable_index",
        FactKind::Number,
        |lang| word!(lang, "the last entry that is on its disk", "最后一条已写入磁盘的条目"),
        |node, _| FactValue::number(node.durable_index()),
    ),
    FactOf::new(
        "snapshot_index",
        FactKind::Number,
        |lang| {
            word!(
                lang,
                "the last entry that its snapshot covers, 0 without one",
                "快照涵盖的最后条目，没有快照为 0"
            )
        },
        |node, _| FactValue::number(node.snapshot().last_included_index),
    ),
    FactOf::new(
        "votes",
        FactKind::Nodes,
        |lang| word!(lang, "who votes for it, while it is a candidate", "作为候选人时，谁投了它的票"),
        |node, _| nodes(node.votes().map(|votes| votes.granted)),
    ),
    FactOf::new(
        "refusals",
        FactKind::Nodes,
        |lang| word!(lang, "who votes against it, while it is a candidate", "作为候选人时，谁拒绝投票"),
        |node, _| nodes(node.votes().map(|votes| votes.refused)),
    ),
    FactOf::new(
        "transferring_to",
        FactKind::Node,
        |lang| word!(lang, "to whom it hands its leadership over", "正在把领导权移交给谁"),
        |node, _| FactValue::node(node.transferring_to()),
    ),
    FactOf::new(
        "kept_out",
        FactKind::Flag,
        |lang| word!(lang, "whether it is kept out because of its disk", "是否因磁盘问题被排除"),
        |node, _| FactValue::Flag(matches!(node.membership(), Membership::Out(_))),
    ),
];

pub(super) const VERBS: &[Verb] = &[
    Verb { one: "leads", many: "lead", fact: "role", test: VerbTest::Is("leader") },
    Verb { one: "follows", many: "follow", fact: "role", test: VerbTest::Is("follower") },
    Verb { one: "voted for", many: "voted for", fact: "voted_for", test: VerbTest::Object },
    Verb { one: "is kept out", many: "are kept out", fact: "kept_out", test: VerbTest::Flag(true) },
];
