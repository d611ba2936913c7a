//! A resource manager's books: its values and locks, the transactions that work there, and how others ended.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use super::locks::LockTable;
use super::message::ProcessState;
use super::options::ResourceOptions;
use super::session::Sessions;
use super::store::{Store, Version};
use super::transaction::{
    COORDINATOR, Key, NoVote, Operation, Origin, Outcome, Reading, TransactionId, VALUE_MAX,
};
use crate::protocol::{ClientId, NodeId, RequestId};

/// How far a site is with a transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BranchState {
    /// It does the work, or waits for a lock.
    Working,
    /// The work is done; the vote has not been asked for.
    Worked,
    /// The prepared record is on its way to the disk; the vote has not been given.
    Preparing,
    /// It has voted yes and is in doubt: uncertain, in three-phase commit.
    Prepared,
    /// It knows that all have voted yes: committable (three-phase commit).
    PreCommitted,
    /// It decided to commit by itself, and the record is on its way to the disk.
    Committing,
}

impl BranchState {
    /// Whether it has voted yes and knows no decision.
    pub fn is_in_doubt(self) -> bool {
        matches!(self, BranchState::Prepared | BranchState::PreCommitted)
    }
}

/// What a participant in doubt does about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It waits for the decision.
    Waiting,
    /// It has told this participant that it is the backup coordinator, and waits for it to begin.
    Elected(NodeId),
    /// As backup coordinator it collects states.
    CollectingStates,
    /// As backup coordinator it collects acknowledgements of its pre-commit.
    CollectingAcknowledgements,
}

/// A site's book about one transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Branch {
    /// How far it is.
    pub state: BranchState,
    /// Whose request it is; `None` after a crash.
    pub asked_by: Option<(ClientId, RequestId)>,
    /// The operations; empty after a crash.
    pub operations: Arc<[Operation]>,
    /// How many of them are done.
    pub done: usize,
    /// What they read or left.
    pub readings: Vec<Reading>,
    /// What the changed values were before, in the order of the changes.
    pub undo: Vec<(Key, Version)>,
    /// The incarnation of the site under which the work was done that a vote was asked for, as the question named it.
    pub voted_as: u32,
    /// Whom it can ask when it is in doubt, besides the coordinator.
    pub participants: Arc<[NodeId]>,
    /// Since when it is in doubt, in µs of the site's own clock; anew after a crash.
    pub in_doubt_since_us: Option<u64>,
    /// Whether it has crashed since it voted. In three-phase commit it is then not fit to judge.
    pub recovered: bool,
    /// What it does about its doubt (three-phase commit).
    pub stage: Stage,
    /// Whom it obeys: the coordinator, or a backup (three-phase commit).
    pub obeys: NodeId,
    /// Whom it takes for crashed (three-phase commit).
    pub suspects: BTreeSet<NodeId>,
    /// What the others said of themselves.
    pub peers: BTreeMap<NodeId, ProcessState>,
}

impl Branch {
    /// A branch that is going to work.
    pub(super) fn new(asked_by: Option<(ClientId, RequestId)>, operations: Arc<[Operation]>) -> Branch {
        Branch {
            state: BranchState::Working,
            asked_by,
            operations,
            done: 0,
            readings: Vec::new(),
            undo: Vec::new(),
            voted_as: 0,
            participants: [].into(),
            in_doubt_since_us: None,
            recovered: false,
            stage: Stage::Waiting,
            obeys: COORDINATOR,
            suspects: BTreeSet::new(),
            peers: BTreeMap::new(),
        }
    }

    /// The other participants.
    pub(super) fn others(&self, own: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.participants.iter().copied().filter(move |other| *other != own)
    }

    /// Whether it acts as backup coordinator.
    pub fn leads(&self) -> bool {
        matches!(self.stage, Stage::CollectingStates | Stage::CollectingAcknowledgements)
    }

    /// Why it cannot commit, if it cannot: a rule about the values that is checked when the vote is due.
    pub(super) fn objection(&self, store: &Store) -> Option<NoVote> {
        for operation in self.operations.iter() {
            let value = store.get(&operation.at().key).value;
            match operation {
                Operation::Add { .. } if value < 0 => return Some(NoVote::Overdrawn),
                Operation::Add { .. } if value > VALUE_MAX => return Some(NoVote::ValueOutOfRange),
                _ => {}
            }
        }
        None
    }

    /// Whose request it is, if this is the only participant: the coordinator then keeps no record, and after
    /// a crash of the coordinator only this site knows that the request was carried out.
    pub(super) fn origin_if_alone(&self) -> Option<Arc<Origin>> {
        let (client, request) = self.asked_by.filter(|_| self.participants.is_empty())?;
        Some(Arc::new(Origin { client, request, readings: self.readings.as_slice().into() }))
    }

    /// The keys that it only reads.
    pub(super) fn reads(&self) -> Arc<[Key]> {
        let written = |key: &Key| self.undo.iter().any(|(other, _)| other == key);
        let keys: BTreeSet<&Key> =
            self.operations.iter().map(|operation| &operation.at().key).filter(|key| !written(key)).collect();
        keys.into_iter().cloned().collect()
    }
}

/// How a transaction ended at a site.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It was committed.
    Committed,
    /// It was aborted.
    Aborted,
    /// The site had only read and dropped out; it does not know.
    DroppedOut,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Ended {
        match outcome {
            Outcome::Commit => Ended::Committed,
            Outcome::Abort => Ended::Aborted,
        }
    }
}

impl Ended {
    /// The outcome, if the site knows it.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Ended::Committed => Some(Outcome::Commit),
            Ended::Aborted => Some(Outcome::Abort),
            Ended::DroppedOut => None,
        }
    }
}

/// All that a resource manager knows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Site {
    pub(super) store: Store,
    pub(super) locks: LockTable,
    pub(super) branches: BTreeMap<TransactionId, Branch>,
    pub(super) ended: Arc<BTreeMap<TransactionId, Ended>>,
    /// Transactions up to this one that are in neither list have ended, and how is forgotten.
    pub(super) forgotten: TransactionId,
    /// Transactions before this one have ended for the coordinator.
    pub(super) settled: TransactionId,
    /// The latest request of each client that this site committed by itself, as the only participant.
    pub(super) sessions: Sessions,
    /// The latest incarnation of the coordinator that was heard of.
    pub(super) coordinator_incarnation: u32,
    /// Who has to be told a decision that is on its way to the disk.
    pub(super) to_tell: BTreeMap<TransactionId, Arc<[NodeId]>>,
    /// Transactions that have just got a lock and can go on.
    pub(super) granted: VecDeque<TransactionId>,
}

impl Site {
    /// A site that has never done anything.
    pub(super) fn opening(id: NodeId, options: &ResourceOptions) -> Site {
        Site {
            store: Store::opening(id, options),
            locks: LockTable::default(),
            branches: BTreeMap::new(),
            ended: Arc::default(),
            forgotten: TransactionId::default(),
            settled: TransactionId::default(),
            sessions: Sessions::default(),
            coordinator_incarnation: 0,
            to_tell: BTreeMap::new(),
            granted: VecDeque::new(),
        }
    }

    /// The values, those of open transactions included.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The locks.
    pub fn locks(&self) -> &LockTable {
        &self.locks
    }

    /// The open transactions, the oldest first.
    pub fn branches(&self) -> impl Iterator<Item = (TransactionId, &Branch)> {
        self.branches.iter().map(|(transaction, branch)| (*transaction, branch))
    }

    /// How a transaction ended here, as long as that is remembered.
    pub fn ended(&self, transaction: TransactionId) -> Option<Ended> {
        self.ended.get(&transaction).copied()
    }

    /// The latest transactions that ended here, as many as this at most.
    pub fn latest_ended(&self, most: usize) -> impl Iterator<Item = TransactionId> {
        self.ended.keys().rev().take(most).copied()
    }

    /// The latest transaction that ended here, and how.
    pub fn last_ended(&self) -> Option<(TransactionId, Ended)> {
        self.ended.iter().next_back().map(|(transaction, ended)| (*transaction, *ended))
    }

    /// The transactions that this site is in doubt about, the oldest first.
    pub fn in_doubt(&self) -> impl Iterator<Item = (TransactionId, &Branch)> {
        self.branches().filter(|(_, branch)| branch.state.is_in_doubt())
    }

    /// Whether the site acts as backup coordinator of some transaction.
    pub(super) fn leads_termination(&self) -> bool {
        self.branches.values().any(Branch::leads)
    }

    /// Whether the transaction has ended and how is forgotten.
    pub(super) fn has_forgotten(&self, transaction: TransactionId) -> bool {
        transaction <= self.forgotten && !self.branches.contains_key(&transaction)
    }

    /// Notes how a transaction ended. Nobody reverses a decision (AC2), so the first one holds.
    pub(super) fn end(&mut self, transaction: TransactionId, ended: Ended) {
        Arc::make_mut(&mut self.ended).entry(transaction).or_insert(ended);
    }

    /// A transaction of this incarnation of the coordinator arrives. Returns those of earlier incarnations that have
    /// not been voted for, and that the coordinator has therefore forgotten; `None` if this one is of an earlier
    /// incarnation itself.
    ///
    /// A coordinator that tells a client that its request was aborted relies on it: what an earlier incarnation had
    /// left to this site alone can from now on not be committed any more.
    pub(super) fn follow(&mut self, incarnation: u32) -> Option<Vec<TransactionId>> {
        if incarnation < self.coordinator_incarnation {
            return None;
        }
        if incarnation == self.coordinator_incarnation {
            return Some(Vec::new());
        }
        self.coordinator_incarnation = incarnation;
        let unvoted = |branch: &Branch| matches!(branch.state, BranchState::Working | BranchState::Worked);
        let of_former =
            self.branches.iter().filter(|(t, branch)| t.incarnation < incarnation && unvoted(branch));
        Some(of_former.map(|(transaction, _)| *transaction).collect())
    }

    /// Gives a transaction's locks back; whoever gets one goes on when the input has been handled.
    pub(super) fn release(&mut self, transaction: TransactionId) {
        self.granted.extend(self.locks.release(transaction));
    }
}
