//! A site's side of the work before the vote: strict two-phase locking, and changes in place with what undoes
//! them (Bernstein, Hadzilacos and Goodman §3.5, §6.4).

use std::sync::Arc;

use super::coordinator::count;
use super::locks::{LockMode, LockRequest};
use super::log::Then;
use super::message::{Message, Record, Timer};
use super::node::{Context, Node, Variant};
use super::options::{DeadlockHandling, Rule};
use super::reason::Reason;
use super::session::{Ending, Known};
use super::site::{Branch, BranchState, Ended};
use super::store::Version;
use super::transaction::{COORDINATOR, GaveUp, Operation, Reading, TransactionId};
use crate::protocol::{ClientId, NodeId, RequestId};

/// How many transactions a site works for at once; it does not begin more.
const BRANCHES_MAX: usize = 1_024;

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
        match self.site.follow(transaction.incarnation) {
            None if !cx.breaks(Rule::WorkForFormerCoordinator) => {
                return cx.effects.note(Reason::RefusesLateWork { transaction });
            }
            None => {}
            Some(of_former) => {
                for former in of_former {
                    if !cx.breaks(Rule::WorkForFormerCoordinator) {
                        let why = Reason::AbortsOfFormerCoordinator { transaction: former };
                        self.undo_branch(cx, former, why);
                    }
                }
            }
        }
        match self.site.ended(transaction) {
            Some(Ended::Aborted) => return self.give_up_once_durable(cx, transaction),
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
        // What this site is committing by itself was left to it by an earlier incarnation of the coordinator. The
        // request is asked for again until it is known how that ended.
        let is_under_way =
            |branch: &Branch| branch.state == BranchState::Committing && branch.asked_by == Some(asked_by);
        if self.site.branches.values().any(is_under_way) || self.site.branches.len() >= BRANCHES_MAX {
            return;
        }
        match self.site.sessions.look_up(asked_by.0, asked_by.1) {
            Known::Ended(session) if !cx.breaks(Rule::IgnoreEarlierCommit) => {
                let earlier = session.transaction;
                let Ending::Committed(readings) = &session.ending else { return };
                let message =
                    Message::CommittedEarlier { transaction, earlier, readings: Arc::clone(readings) };
                return cx.effects.send(
                    COORDINATOR,
                    message,
                    Reason::CommittedEarlier { transaction, earlier },
                );
            }
            Known::Stale => {
                // That is no outcome of the request, so none is remembered: whoever asks again is told the same again.
                let (incarnation, why) = (self.incarnation, GaveUp::OldRequest);
                let message = Message::GaveUp { transaction, incarnation, why };
                let reason = Reason::IgnoresOldRequest { request_of: asked_by.0 };
                return cx.effects.send(COORDINATOR, message, reason);
            }
            Known::Ended(_) | Known::New => {}
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
                LockRequest::Waits(holders) => {
                    let rule =
                        if operation.is_read() { Rule::ReadWithoutLock } else { Rule::WriteWithoutLock };
                    if !cx.breaks(rule) {
                        return self.wait_or_die(cx, transaction, holders);
                    }
                    self.operate(cx, transaction, &operation);
                }
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
            (DeadlockHandling::WaitDie, Some(holder)) if !cx.breaks(Rule::WaitForOlder) => {
                self.give_branch_up(cx, transaction, GaveUp::WaitDie, Reason::Dies { transaction, holder });
            }
            (DeadlockHandling::WaitDie, _) => {
                // Whoever holds a lock and wants more goes first, so that others come to wait for it.
                for waiter in self.site.locks.waits_behind(transaction) {
                    if waiter > transaction && !cx.breaks(Rule::WaitForOlder) {
                        let why = Reason::Dies { transaction: waiter, holder: transaction };
                        self.give_branch_up(cx, waiter, GaveUp::WaitDie, why);
                    }
                }
                self.report_wait(cx, transaction);
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
        let message = Message::GaveUp { transaction, incarnation: self.incarnation, why };
        cx.effects.send(COORDINATOR, message, reason);
    }

    /// The coordinator is told that a transaction was aborted here, once that is on record for good: the abort may
    /// stand behind a prepared record that would otherwise be all that a crash leaves.
    fn give_up_once_durable(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        if self.log.is_durable() || cx.breaks(Rule::TellOwnAbortBeforeDurable) {
            self.tell_given_up(cx, transaction);
        } else {
            let why = Reason::RefusesLateWork { transaction };
            self.log.flush_once(Then::GiveUp(transaction), why, cx.effects);
        }
    }

    pub(super) fn tell_given_up(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let (incarnation, why) = (self.incarnation, GaveUp::Earlier);
        let message = Message::GaveUp { transaction, incarnation, why };
        cx.effects.send(COORDINATOR, message, Reason::RefusesLateWork { transaction });
    }

    /// Puts back what a transaction that is aborted had changed.
    pub(super) fn undo_changes(&mut self, cx: &mut Context<'_, V>, branch: &Branch) {
        if !branch.undo.is_empty() && !cx.breaks(Rule::SkipUndoOfAbort) {
            self.site.store.undo(&branch.undo);
        }
    }

    /// Takes a branch back: the values, the locks, the book. Nothing needs to be forced: without a prepared
    /// record a restart would do the same.
    pub(super) fn undo_branch(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, why: Reason) {
        let Some(branch) = self.site.branches.remove(&transaction) else { return };
        self.undo_changes(cx, &branch);
        cx.effects.cancel_timer(Timer::Prepare(transaction), why);
        if !branch.undo.is_empty() {
            let record = Record::Abort { transaction, participants: [].into() };
            self.log.write(record, why, cx.effects);
        }
        self.site.release(transaction);
        self.site.end(transaction, Ended::Aborted);
    }
}
