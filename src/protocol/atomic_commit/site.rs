//! A resource manager's books, and the work before the vote: strict two-phase locking, changes in place with
//! what undoes them (Bernstein, Hadzilacos and Goodman §3.5, §6.4).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use super::coordinator::count;
use super::locks::{LockMode, LockRequest, LockTable};
use super::message::{Message, ProcessState, Record, Timer};
use super::node::{Context, Node, Variant};
use super::options::{DeadlockHandling, ResourceOptions};
use super::reason::Reason;
use super::session::{Known, Sessions};
use super::store::{Store, Version};
use super::transaction::{
    Answer, COORDINATOR, GaveUp, Key, NoVote, Operation, Origin, Outcome, Reading, TransactionId, VALUE_MAX,
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
    pub(super) fn leads(&self) -> bool {
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
    /// Requests that this site committed by itself, as the only participant.
    pub(super) sessions: Sessions,
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
            sessions: Sessions::default(),
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

    pub(super) fn end(&mut self, transaction: TransactionId, ended: Ended) {
        Arc::make_mut(&mut self.ended).insert(transaction, ended);
    }

    /// Gives a transaction's locks back; whoever gets one goes on when the input has been handled.
    pub(super) fn release(&mut self, transaction: TransactionId) {
        self.granted.extend(self.locks.release(transaction));
    }
}

impl<V: Variant> Node<V> {
    pub(super) fn on_work(
        &mut self,
        cx: &mut Context<'_, V>,
        from: NodeId,
        transaction: TransactionId,
        asked_by: (ClientId, RequestId),
        operations: Arc<[Operation]>,
    ) {
        if from != COORDINATOR || self.id == COORDINATOR {
            return;
        }
        match self.site.ended(transaction) {
            Some(Ended::Aborted) => {
                let message = Message::GaveUp { transaction, why: GaveUp::Earlier };
                return cx.effects.send(COORDINATOR, message, Reason::RefusesLateWork { transaction });
            }
            Some(_) => return,
            None if self.site.has_forgotten(transaction) => return,
            None => {}
        }
        match self.site.branches.get(&transaction).map(|branch| branch.state) {
            Some(BranchState::Worked) => return self.report_work(cx, transaction),
            Some(BranchState::Working) => return self.report_wait(cx, transaction),
            Some(_) => return,
            None => {}
        }
        if let Known::Answered(answer) = self.site.sessions.look_up(asked_by.0, asked_by.1)
            && let Answer::Committed { transaction: earlier, readings } = answer.as_ref()
        {
            let (earlier, readings) = (*earlier, Arc::clone(readings));
            let message = Message::CommittedEarlier { transaction, earlier, readings };
            return cx.effects.send(COORDINATOR, message, Reason::CommittedEarlier { transaction, earlier });
        }
        self.site.branches.insert(transaction, Branch::new(Some(asked_by), operations));
        let after_us = cx.settings.resources.prepare_timeout_us;
        let why = Reason::LimitsWaitForPrepare { transaction };
        cx.effects.set_timer(Timer::Prepare(transaction), after_us, why);
        self.work(cx, transaction);
    }

    /// Goes on with those who have just got a lock; that may give further locks back.
    pub(super) fn resume_granted(&mut self, cx: &mut Context<'_, V>) {
        while let Some(transaction) = self.site.granted.pop_front() {
            if self.site.branches.get(&transaction).is_some_and(|b| b.state == BranchState::Working) {
                self.work(cx, transaction);
            }
        }
    }

    /// Does the operations one by one, each under its lock, until one has to wait.
    fn work(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        loop {
            let Some(branch) = self.site.branches.get(&transaction) else { return };
            let Some(operation) = branch.operations.get(branch.done).cloned() else { break };
            let mode = if operation.is_read() { LockMode::Shared } else { LockMode::Exclusive };
            match self.site.locks.request(transaction, &operation.at().key, mode) {
                LockRequest::Granted => self.operate(cx, transaction, &operation),
                LockRequest::Waits(holders) => return self.wait_or_die(cx, transaction, holders),
            }
        }
        if let Some(branch) = self.site.branches.get_mut(&transaction) {
            branch.state = BranchState::Worked;
        }
        self.report_work(cx, transaction);
    }

    fn operate(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, operation: &Operation) {
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        let at = operation.at();
        let before = self.site.store.get(&at.key);
        let after = match operation {
            Operation::Read { .. } => before,
            Operation::Write { value, .. } => Version { value: *value, written_by: Some(transaction) },
            Operation::Add { amount, .. } => {
                Version { value: before.value.saturating_add(*amount), written_by: Some(transaction) }
            }
        };
        if !operation.is_read() {
            let (key, value) = (at.key.clone(), after.value);
            let record = Record::Update { transaction, key, before, after: value };
            let why = Reason::Updates { transaction, before: before.value, after: value };
            self.log.write(record, why, cx.effects);
            branch.undo.push((at.key.clone(), before));
            self.site.store.set(&at.key, after);
        }
        branch.readings.push(Reading { at: at.clone(), value: after.value, written_by: after.written_by });
        branch.done += 1;
    }

    fn wait_or_die(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        holders: Vec<TransactionId>,
    ) {
        let older = holders.first().copied().filter(|holder| *holder < transaction);
        match (cx.settings.resources.deadlock, older) {
            (DeadlockHandling::WaitDie, Some(holder)) => {
                self.give_branch_up(cx, transaction, GaveUp::WaitDie, Reason::Dies { transaction, holder });
            }
            _ => self.report_wait(cx, transaction),
        }
    }

    fn report_work(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(branch) = self.site.branches.get(&transaction) else { return };
        let readings = branch.readings.as_slice().into();
        let message = Message::Worked { transaction, incarnation: self.incarnation, readings };
        cx.effects.send(COORDINATOR, message, Reason::WorkDone { transaction });
    }

    fn report_wait(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let holders = self.site.locks.waits_for(transaction);
        let Some(holder) = holders.first().copied() else { return };
        let why = Reason::WaitsForLock { transaction, holder, holders: count(holders.len()) };
        match cx.settings.resources.deadlock {
            DeadlockHandling::WaitForGraph => {
                cx.effects.send(COORDINATOR, Message::Waiting { transaction, holders }, why);
            }
            DeadlockHandling::WaitDie | DeadlockHandling::Timeout => cx.effects.note(why),
        }
    }

    pub(super) fn nobody_asks_for_vote(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let state = self.site.branches.get(&transaction).map(|branch| branch.state);
        if matches!(state, Some(BranchState::Working | BranchState::Worked)) {
            let why = GaveUp::NotAsked;
            self.give_branch_up(cx, transaction, why, Reason::AbortsUnvoted { transaction, why });
        }
    }

    /// A site that has not voted may abort on its own.
    fn give_branch_up(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        why: GaveUp,
        reason: Reason,
    ) {
        self.undo_branch(cx, transaction, reason);
        cx.effects.send(COORDINATOR, Message::GaveUp { transaction, why }, reason);
    }

    /// Takes a branch back: the values, the locks, the book. Nothing needs to be forced: without a prepared
    /// record a restart would do the same.
    pub(super) fn undo_branch(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, why: Reason) {
        let Some(branch) = self.site.branches.remove(&transaction) else { return };
        self.site.store.undo(&branch.undo);
        cx.effects.cancel_timer(Timer::Prepare(transaction), why);
        if !branch.undo.is_empty() {
            let record = Record::Abort { transaction, participants: [].into() };
            self.log.write(record, why, cx.effects);
        }
        self.site.release(transaction);
        self.site.end(transaction, Ended::Aborted);
    }
}
