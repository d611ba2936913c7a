//! A site's side of the work before the vote: strict two-phase locking, and changes in place with what undoes
//! them (Bernstein, Hadzilacos and Goodman §3.5, §6.4).

use std::sync::Arc;

use super::coordinator::count;
use super::locks::{LockMode, LockRequest};
use super::message::{Message, Record, Timer};
use super::node::{Context, Node, Variant};
use super::options::DeadlockHandling;
use super::reason::Reason;
use super::session::Known;
use super::site::{Branch, BranchState, Ended};
use super::store::Version;
use super::transaction::{Answer, COORDINATOR, GaveUp, Operation, Reading, TransactionId};
use crate::protocol::{ClientId, NodeId, RequestId};

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
