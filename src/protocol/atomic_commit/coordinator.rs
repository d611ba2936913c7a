//! The coordinator's books: how far it is with which transaction, what it waits for, and what clients were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::deadlock::WaitForGraph;
use super::message::Vote;
use super::session::Sessions;
use super::transaction::{AbortCause, Operation, Origin, Outcome, Reading, TransactionId};
use crate::protocol::{ClientId, NodeId, RequestId};

/// How far the coordinator is with a transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The sites are doing the work.
    Working,
    /// The initiation record is on its way to the disk.
    Initiating,
    /// The only participant was asked to decide.
    OnePhase,
    /// Votes are being collected.
    Voting,
    /// Pre-commits are being acknowledged (three-phase commit).
    PreCommitting,
    /// The decision is on its way to the disk.
    Deciding(Outcome),
    /// The decision is final and being acknowledged.
    Completing(Outcome),
    /// After a crash without a decision, the coordinator asks what the others decided (three-phase commit).
    Asking,
}

/// What a site reported about its work.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Work {
    /// How often the site had been started when it did the work.
    pub incarnation: u32,
    /// What it read or left.
    pub readings: Arc<[Reading]>,
}

/// The coordinator's book about one transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Coordination {
    /// How far it is.
    pub phase: Phase,
    /// Whose request it is; `None` if the coordinator has crashed since and did not have to know.
    pub asked_by: Option<(ClientId, RequestId)>,
    /// The operations; empty after a crash.
    pub operations: Arc<[Operation]>,
    /// All sites that work for it.
    pub participants: Arc<[NodeId]>,
    /// Those of them that may come to be in doubt: all but the ones that only read, if these drop out.
    pub voters: Arc<[NodeId]>,
    /// What was reported of the work.
    pub worked: BTreeMap<NodeId, Work>,
    /// The votes.
    pub votes: BTreeMap<NodeId, Vote>,
    /// Who has still to acknowledge the pre-commit or the decision.
    pub awaited: BTreeSet<NodeId>,
    /// Whether a site has answered anything about it. A site that has will do nothing more for a transaction of
    /// an earlier incarnation of the coordinator that it had not voted for.
    pub heard: bool,
    /// Who has recovered without knowing a decision (three-phase commit).
    pub recovered: BTreeSet<NodeId>,
    /// Why it is aborted, once it is.
    pub cause: Option<AbortCause>,
    /// What a retry after a crash is answered with.
    pub origin: Option<Arc<Origin>>,
}

impl Coordination {
    /// The book of a transaction that was found on disk.
    pub(super) fn recovered(
        phase: Phase,
        participants: &Arc<[NodeId]>,
        origin: Option<Arc<Origin>>,
    ) -> Coordination {
        Coordination {
            phase,
            asked_by: None,
            operations: [].into(),
            participants: Arc::clone(participants),
            voters: Arc::clone(participants),
            worked: BTreeMap::new(),
            votes: BTreeMap::new(),
            awaited: participants.iter().copied().collect(),
            heard: false,
            recovered: BTreeSet::new(),
            cause: None,
            origin,
        }
    }

    /// Who needs to be told an outcome: all but those who voted no or have only read.
    pub(super) fn to_tell(&self) -> Vec<NodeId> {
        let out = |site: &&NodeId| matches!(self.votes.get(site), Some(Vote::No(_) | Vote::ReadOnly));
        self.participants.iter().filter(|site| !out(site)).copied().collect()
    }

    /// Whose request it is, if that is known.
    pub(super) fn client(&self) -> Option<(ClientId, RequestId)> {
        self.asked_by.or(self.origin.as_ref().map(|origin| (origin.client, origin.request)))
    }

    /// How many have voted yes.
    pub(super) fn yes_votes(&self) -> usize {
        self.votes.values().filter(|vote| **vote == Vote::Yes).count()
    }
}

/// All that the coordinator knows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub struct Coordinator {
    pub(super) last_number: u32,
    pub(super) transactions: BTreeMap<TransactionId, Coordination>,
    pub(super) sessions: Sessions,
    pub(super) waits: WaitForGraph,
    /// Which record has to be durable before these clients may be told how their latest request ended.
    pub(super) unsaid: BTreeMap<ClientId, u64>,
}

impl Coordinator {
    /// The open transactions, the oldest first.
    pub fn transactions(&self) -> impl Iterator<Item = (TransactionId, &Coordination)> {
        self.transactions.iter().map(|(transaction, coordination)| (*transaction, coordination))
    }

    /// Who waits for whom, as far as it was told.
    pub fn wait_for_graph(&self) -> &WaitForGraph {
        &self.waits
    }

    pub(super) fn open(&self) -> impl Iterator<Item = TransactionId> {
        self.transactions.keys().copied()
    }

    /// Before which transaction all have ended, this one at the latest.
    pub(super) fn settled(&self, transaction: TransactionId) -> TransactionId {
        self.transactions.keys().next().map_or(transaction, |oldest| transaction.min(*oldest))
    }

    pub(super) fn is_voting(&self, transaction: TransactionId) -> bool {
        self.phase(transaction) == Some(Phase::Voting)
    }

    pub(super) fn phase(&self, transaction: TransactionId) -> Option<Phase> {
        self.transactions.get(&transaction).map(|coordination| coordination.phase)
    }
}

/// Counts for a sentence.
pub(super) fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
