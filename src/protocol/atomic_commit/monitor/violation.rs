//! What the invariants say when they are broken: the invariant by its name, and the facts that contradict it.

use serde::Serialize;

use super::super::transaction::{Key, Outcome, TransactionId};
use crate::protocol::{ClientId, NodeId, RequestId};

/// What contradicts what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitViolation {
    /// AC1: two processes decided differently.
    SplitDecision {
        /// The transaction.
        transaction: TransactionId,
        /// Who decided first.
        first: NodeId,
        /// What the first one decided.
        decided: Outcome,
        /// Who decided the opposite.
        second: NodeId,
    },
    /// AC2: a process reversed its decision.
    ReversedDecision {
        /// The transaction.
        transaction: TransactionId,
        /// Who did.
        node: NodeId,
        /// What it had decided before.
        decided: Outcome,
    },
    /// AC3: commit was decided although somebody had not voted yes.
    CommittedWithoutVote {
        /// The transaction.
        transaction: TransactionId,
        /// Who decided.
        by: NodeId,
        /// Who had not voted yes.
        missing: NodeId,
        /// Whether that one had voted no; otherwise it had not voted at all.
        voted_no: bool,
    },
    /// Isolation: these committed transactions depend on each other in a circle, so no serial order explains
    /// them.
    NotSerialisable {
        /// The circle.
        circle: Vec<TransactionId>,
    },
    /// Isolation: a committed transaction read what one had written that did not commit.
    DirtyRead {
        /// Who read.
        reader: TransactionId,
        /// Who had written.
        writer: TransactionId,
        /// Where.
        site: NodeId,
    },
    /// Durability: a process that had told its decision does not know it after a restart.
    LostDecision {
        /// The transaction.
        transaction: TransactionId,
        /// Who has lost it.
        node: NodeId,
        /// What it had decided.
        decided: Outcome,
    },
    /// Durability: after a restart a value is not the one that was committed last.
    LostWrite {
        /// Where.
        site: NodeId,
        /// Which value.
        key: Key,
        /// Who committed it last.
        committed: TransactionId,
        /// Whose value is there instead; `None` for the opening balance.
        found: Option<TransactionId>,
    },
    /// A request has two outcomes: it was committed although its client was told that it was aborted, or it was
    /// committed twice.
    TwoOutcomes {
        /// The client.
        client: ClientId,
        /// Its request.
        request: RequestId,
        /// The transaction that ended it first.
        first: TransactionId,
        /// How.
        decided: Outcome,
        /// The one that ended it again.
        second: TransactionId,
        /// How.
        outcome: Outcome,
    },
    /// A lock was given back while its holder was in doubt.
    LockReleasedInDoubt {
        /// The transaction in doubt.
        transaction: TransactionId,
        /// Where.
        site: NodeId,
        /// How many locks it held when it voted.
        held: u16,
        /// How many it holds now.
        left: u16,
    },
}

impl CommitViolation {
    /// The invariant's name.
    pub fn name(&self) -> &'static str {
        match self {
            CommitViolation::SplitDecision { .. } => "AC1",
            CommitViolation::ReversedDecision { .. } => "AC2",
            CommitViolation::CommittedWithoutVote { .. } => "AC3",
            CommitViolation::NotSerialisable { .. } | CommitViolation::DirtyRead { .. } => "isolation",
            CommitViolation::TwoOutcomes { .. } => "one outcome",
            CommitViolation::LostDecision { .. } | CommitViolation::LostWrite { .. } => "durability",
            CommitViolation::LockReleasedInDoubt { .. } => "locks held in doubt",
        }
    }
}
