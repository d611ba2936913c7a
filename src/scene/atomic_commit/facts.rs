//! The facts of a node of two-phase or three-phase commit.

use std::marker::PhantomData;

use super::view::View;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::{
    BranchState, COORDINATOR, Coordinator, Duty, Node, Outcome, Phase, Site, Vote,
};
use crate::scenario::atomic_commit::Staged;
use crate::scene::facts::{FactKind, FactOf, FactValue, Verb, VerbTest};
use crate::word;

/// The coordinator goes by its duty, too.
pub(super) const NAMED_NODES: &[(&str, NodeId)] = &[("coordinator", COORDINATOR)];

const PHASES: &[&str] = &[
    "working",
    "initiating",
    "one-phase",
    "voting",
    "pre-committing",
    "deciding-commit",
    "deciding-abort",
    "completing-commit",
    "completing-abort",
    "asking",
];

const STATES: &[&str] = &["working", "worked", "preparing", "prepared", "pre-committed", "committing"];

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Working => "working",
        Phase::Initiating => "initiating",
        Phase::OnePhase => "one-phase",
        Phase::Voting => "voting",
        Phase::PreCommitting => "pre-committing",
        Phase::Deciding(Outcome::Commit) => "deciding-commit",
        Phase::Deciding(Outcome::Abort) => "deciding-abort",
        Phase::Completing(Outcome::Commit) => "completing-commit",
        Phase::Completing(Outcome::Abort) => "completing-abort",
        Phase::Asking => "asking",
    }
}

fn state(state: BranchState) -> &'static str {
    match state {
        BranchState::Working => "working",
        BranchState::Worked => "worked",
        BranchState::Preparing => "preparing",
        BranchState::Prepared => "prepared",
        BranchState::PreCommitted => "pre-committed",
        BranchState::Committing => "committing",
    }
}

/// The coordinator's oldest open transaction.
fn first_book<'a>(node: &View<'a>) -> Option<&'a crate::protocol::atomic_commit::Coordination> {
    node.coordinator.into_iter().flat_map(Coordinator::transactions).next().map(|(_, book)| book)
}

fn who_voted<V: Staged>(node: &Node<V>, is: fn(&Vote) -> bool) -> FactValue {
    let votes = first_book(&node.into()).map(|book| &book.votes);
    let found = votes.into_iter().flatten().filter(|(_, vote)| is(vote)).map(|(site, _)| *site);
    FactValue::Nodes(found.collect())
}

/// The list, for each of the two protocols.
pub(super) struct FactsOf<V>(PhantomData<V>);

impl<V: Staged> FactsOf<V> {
    pub(super) const FACTS: &'static [FactOf<Node<V>>] = &[
        FactOf::new(
            "role",
            FactKind::Word(&["coordinator", "participant"]),
            |lang| word!(lang, "whether it coordinates or keeps values", "是协调者还是参与者"),
            |node, _| match node.id() {
                COORDINATOR => FactValue::Word("coordinator"),
                _ => FactValue::Word("participant"),
            },
        ),
        FactOf::new(
            "state",
            FactKind::Word(STATES),
            |lang| {
                word!(
                    lang,
                    "how far a participant is with its transaction: one in doubt if there is one, else the oldest",
                    "参与者的事务进展：有存疑的取存疑的，否则取最早的"
                )
            },
            |node, _| FactValue::word(View::from(node).main_branch().map(|(_, branch)| state(branch.state))),
        ),
        FactOf::new(
            "phase",
            FactKind::Word(PHASES),
            |lang| {
                word!(lang, "how far the coordinator is with its oldest transaction", "协调者最早事务的进展")
            },
            |node, _| FactValue::word(first_book(&node.into()).map(|book| phase(book.phase))),
        ),
        FactOf::new(
            "open",
            FactKind::Names,
            |lang| word!(lang, "its transactions that have not ended", "尚未结束的事务"),
            |node, _| {
                let coordinated = node.coordinator().into_iter().flat_map(Coordinator::transactions);
                let branches = node.site().into_iter().flat_map(Site::branches);
                let names = coordinated.map(|(t, _)| t).chain(branches.map(|(t, _)| t));
                FactValue::Names(names.map(|t| t.to_string()).collect())
            },
        ),
        FactOf::new(
            "in_doubt",
            FactKind::Names,
            |lang| {
                word!(
                    lang,
                    "transactions that it is prepared for without knowing the outcome",
                    "已做好准备而不知结果的事务"
                )
            },
            |node, _| {
                let in_doubt = node.site().into_iter().flat_map(Site::in_doubt);
                FactValue::Names(in_doubt.map(|(t, _)| t.to_string()).collect())
            },
        ),
        FactOf::new(
            "outcome",
            FactKind::Word(&["committed", "aborted", "dropped-out"]),
            |lang| {
                word!(lang, "how the latest transaction of a participant ended", "参与者最近一个事务的结局")
            },
            |node, _| {
                FactValue::word(View::from(node).last_ended().map(|(_, outcome)| match outcome {
                    Some(Outcome::Commit) => "committed",
                    Some(Outcome::Abort) => "aborted",
                    None => "dropped-out",
                }))
            },
        ),
        FactOf::new(
            "yes_votes",
            FactKind::Nodes,
            |lang| {
                word!(
                    lang,
                    "who voted yes on the coordinator's oldest transaction",
                    "谁对协调者最早的事务投了赞成票"
                )
            },
            |node, _| who_voted(node, |vote| *vote == Vote::Yes),
        ),
        FactOf::new(
            "no_votes",
            FactKind::Nodes,
            |lang| word!(lang, "who voted no on it", "谁投了反对票"),
            |node, _| who_voted(node, |vote| matches!(vote, Vote::No(_))),
        ),
        FactOf::new(
            "awaited",
            FactKind::Nodes,
            |lang| word!(lang, "whose confirmation of it the coordinator waits for", "协调者在等谁确认它"),
            |node, _| {
                let book = first_book(&node.into());
                FactValue::Nodes(book.into_iter().flat_map(|book| book.awaited.iter().copied()).collect())
            },
        ),
        FactOf::new(
            "locked",
            FactKind::Number,
            |lang| word!(lang, "how many of its values are locked", "被锁住的值的数目"),
            |node, _| {
                let locks = node.site().into_iter().flat_map(|site| site.locks().iter());
                FactValue::number(locks.filter(|(_, lock)| !lock.holders.is_empty()).count())
            },
        ),
        FactOf::new(
            "lock_waits",
            FactKind::Number,
            |lang| word!(lang, "how many transactions wait for a lock there", "在那里等待锁的事务数"),
            |node, _| {
                let locks = node.site().into_iter().flat_map(|site| site.locks().iter());
                FactValue::number(locks.map(|(_, lock)| lock.waiters.len()).sum::<usize>())
            },
        ),
        FactOf::new(
            "starts",
            FactKind::Number,
            |lang| word!(lang, "how often it has been started", "启动过多少次"),
            |node, _| FactValue::number(node.incarnation()),
        ),
        FactOf::new(
            "log_length",
            FactKind::Number,
            |lang| word!(lang, "how many records its log has", "日志的记录数"),
            |node, _| FactValue::number(node.log().entries().len()),
        ),
        FactOf::new(
            "log_durable",
            FactKind::Number,
            |lang| word!(lang, "how many of them are on its disk", "其中已写入磁盘的记录数"),
            |node, _| FactValue::number(node.log().durable()),
        ),
        FactOf::new(
            "kept_out",
            FactKind::Flag,
            |lang| word!(lang, "whether it is kept out because of its disk", "是否因磁盘问题被排除"),
            |node, _| FactValue::Flag(matches!(node.duty(), Duty::Out(_))),
        ),
    ];
}

pub(super) const VERBS: &[Verb] = &[
    Verb { one: "is in doubt", many: "are in doubt", fact: "in_doubt", test: VerbTest::Some },
    Verb { one: "committed", many: "committed", fact: "outcome", test: VerbTest::Is("committed") },
    Verb { one: "aborted", many: "aborted", fact: "outcome", test: VerbTest::Is("aborted") },
    Verb { one: "holds locks", many: "hold locks", fact: "locked", test: VerbTest::Some },
    Verb { one: "is kept out", many: "are kept out", fact: "kept_out", test: VerbTest::Flag(true) },
];
