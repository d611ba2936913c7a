//! What a log means after a crash, and how it is kept short.
//!
//! A resource manager repeats what the log says, in its order: changes are done again, and a transaction that
//! was aborted is undone where its abort stands. In the end whoever has neither voted nor ended is undone; whoever
//! is prepared gets its locks back and is in doubt (Bernstein, Hadzilacos and Goodman §6.4 and §7.4).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::coordinator::{Coordination, Coordinator, Phase, count};
use super::locks::LockMode;
use super::log::{Entry, Write};
use super::message::{Checkpoint, Record};
use super::node::{Context, Duty, Node, Settings, Variant};
use super::options::{Presumption, Rule};
use super::reason::Reason;
use super::session::{Ending, Session, Sessions};
use super::site::{Branch, BranchState, Ended, Site};
use super::store::Version;
use super::transaction::{AbortCause, COORDINATOR, Origin, Outcome, TransactionId};
use crate::protocol::NodeId;

/// What a log amounts to.
pub(super) struct Replayed {
    pub(super) incarnation: u32,
    pub(super) coordinator: Coordinator,
    pub(super) site: Site,
    /// Transactions that were undone because they had not voted.
    pub(super) losers: Vec<TransactionId>,
}

/// Reads a node's log.
pub(super) fn replay(
    id: NodeId,
    settings: Settings<'_>,
    records: &[Record],
    now_us: u64,
    breaks: &mut dyn FnMut(Rule) -> bool,
) -> Replayed {
    let mut replayed = Replayed {
        incarnation: 0,
        coordinator: Coordinator::default(),
        site: Site::opening(id, settings.resources),
        losers: Vec::new(),
    };
    for record in records {
        match record {
            Record::Started { incarnation } => replayed.incarnation = replayed.incarnation.max(*incarnation),
            Record::Checkpoint(checkpoint) => replayed.restore(id, checkpoint),
            _ if id == COORDINATOR => replayed.coordinator.replay(record),
            _ => replayed.site.replay(record, breaks),
        }
    }
    replayed.coordinator.finish_replay(settings, breaks);
    replayed.losers = replayed.site.finish_replay(now_us, breaks);
    // Whoever had heard of a later coordinator before the crash does no work for an earlier one after it.
    let heard = records.iter().filter_map(Record::transaction).map(|transaction| transaction.incarnation);
    let heard = heard.chain(replayed.site.ended.keys().map(|transaction| transaction.incarnation)).max();
    replayed.site.coordinator_incarnation = heard.unwrap_or(0);
    replayed
}

impl Replayed {
    fn restore(&mut self, id: NodeId, checkpoint: &Checkpoint) {
        self.incarnation = self.incarnation.max(checkpoint.incarnation);
        let mut sessions = Sessions::default();
        for session in &checkpoint.sessions {
            sessions.remember(session.as_ref().clone());
        }
        if id == COORDINATOR {
            self.coordinator.sessions = sessions;
            return;
        }
        self.site.sessions = sessions;
        self.site.forgotten = checkpoint.forgotten;
        for (key, version) in &checkpoint.versions {
            self.site.store.set(key, *version);
        }
        for (transaction, outcome) in &checkpoint.outcomes {
            self.site.end(*transaction, Ended::from(*outcome));
        }
    }
}

impl Coordinator {
    fn replay(&mut self, record: &Record) {
        match record {
            Record::Initiation { transaction, participants, origin } => {
                let origin = Some(Arc::clone(origin));
                let coordination = Coordination::recovered(Phase::Asking, participants, origin);
                self.transactions.insert(*transaction, coordination);
            }
            Record::Commit { transaction, participants, origin } => {
                if let Some(origin) = origin {
                    self.sessions.remember(Session::committed(*transaction, origin));
                }
                let phase = Phase::Completing(Outcome::Commit);
                let coordination = Coordination::recovered(phase, participants, origin.clone());
                self.transactions.insert(*transaction, coordination);
            }
            Record::Abort { transaction, participants } => {
                let known = self.transactions.remove(transaction);
                let origin = known.and_then(|coordination| coordination.origin);
                self.remember_abort(*transaction, origin.as_deref());
                let phase = Phase::Completing(Outcome::Abort);
                let coordination = Coordination::recovered(phase, participants, origin);
                self.transactions.insert(*transaction, coordination);
            }
            Record::End { transaction } => {
                let ended = self.transactions.remove(transaction);
                // Under presumed commit an initiation without a commit record says that it was aborted.
                if let Some(aborted) = ended.filter(|coordination| coordination.phase == Phase::Asking) {
                    self.remember_abort(*transaction, aborted.origin.as_deref());
                }
            }
            Record::Refused(session) => {
                self.was_refused(session);
                self.sessions.remember(session.as_ref().clone());
            }
            Record::Started { .. }
            | Record::Update { .. }
            | Record::Prepared { .. }
            | Record::Checkpoint(_) => {}
        }
    }

    /// Its client may be told that a transaction is aborted as soon as that is on record. It is written together with the
    /// decision, of which a torn write may leave only this: so it says that the decision was taken.
    fn was_refused(&mut self, session: &Session) {
        if let Ending::Aborted(cause) = session.ending
            && let Some(coordination) = self.transactions.get_mut(&session.transaction)
            && coordination.phase == Phase::Asking
        {
            (coordination.phase, coordination.cause) = (Phase::Completing(Outcome::Abort), Some(cause));
        }
    }

    fn remember_abort(&mut self, transaction: TransactionId, origin: Option<&Origin>) {
        let Some(origin) = origin else { return };
        let (client, request) = (origin.client, origin.request);
        let ending = Ending::Aborted(AbortCause::CoordinatorCrashed);
        self.sessions.remember(Session { client, request, transaction, ending });
    }

    fn finish_replay(&mut self, settings: Settings<'_>, breaks: &mut dyn FnMut(Rule) -> bool) {
        let is_undecided = |coordination: &Coordination| {
            coordination.phase == Phase::Asking && !coordination.participants.is_empty()
        };
        if settings.presumption == Presumption::Commit
            && self.transactions.values().any(is_undecided)
            && breaks(Rule::ForgetInitiationAtRecovery)
        {
            self.transactions.retain(|_, coordination| !is_undecided(coordination));
        }
        if settings.presumption == Presumption::Commit {
            // It is on record that votes were asked for and not that the transaction was committed: then it
            // was not. (Three-phase commit presumes nothing and asks instead.)
            let mut aborted = Vec::new();
            for (transaction, coordination) in &mut self.transactions {
                // Where everybody has only read, the client may have been told that it was committed: trying
                // it anew cannot contradict that.
                if is_undecided(coordination) {
                    coordination.phase = Phase::Completing(Outcome::Abort);
                    coordination.cause = Some(AbortCause::CoordinatorCrashed);
                    aborted.push((*transaction, coordination.origin.clone()));
                }
            }
            for (transaction, origin) in aborted {
                self.remember_abort(transaction, origin.as_deref());
            }
        }
        // Nobody has to be told: everybody has only read, or the presumption tells.
        self.transactions.retain(|_, coordination| match coordination.phase {
            Phase::Completing(outcome) => {
                settings.presumption.acknowledges(outcome) && !coordination.participants.is_empty()
            }
            _ => !coordination.participants.is_empty(),
        });
    }
}

impl Site {
    fn replay(&mut self, record: &Record, breaks: &mut dyn FnMut(Rule) -> bool) {
        match record {
            Record::Update { transaction, key, before, after } => {
                let branch =
                    self.branches.entry(*transaction).or_insert_with(|| Branch::new(None, [].into()));
                branch.undo.push((key.clone(), *before));
                let after = Version { value: *after, written_by: Some(*transaction) };
                if self.store.get(key) != after && !breaks(Rule::SkipRedoAtRecovery) {
                    self.store.set(key, after);
                }
            }
            Record::Prepared { transaction, participants, reads } => {
                let branch =
                    self.branches.entry(*transaction).or_insert_with(|| Branch::new(None, [].into()));
                branch.state = BranchState::Prepared;
                branch.recovered = true;
                branch.participants = Arc::clone(participants);
                for key in reads.iter() {
                    self.locks.request(*transaction, key, LockMode::Shared);
                }
            }
            Record::Commit { transaction, origin, .. } => {
                self.branches.remove(transaction);
                self.locks.release(*transaction);
                self.end(*transaction, Ended::Committed);
                if let Some(origin) = origin {
                    self.sessions.remember(Session::committed(*transaction, origin));
                }
            }
            Record::Abort { transaction, .. } => {
                if let Some(branch) = self.branches.remove(transaction) {
                    self.store.undo(&branch.undo);
                }
                self.locks.release(*transaction);
                self.end(*transaction, Ended::Aborted);
            }
            Record::Started { .. }
            | Record::Initiation { .. }
            | Record::End { .. }
            | Record::Refused(_)
            | Record::Checkpoint(_) => {}
        }
    }

    /// Undoes whoever has not voted, and gives the others the locks on what they changed.
    fn finish_replay(&mut self, now_us: u64, breaks: &mut dyn FnMut(Rule) -> bool) -> Vec<TransactionId> {
        let (in_doubt, losers): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.branches)
            .into_iter()
            .partition(|(_, branch)| branch.state.is_in_doubt());
        for (transaction, branch) in &losers {
            // Each key was locked by one of them at most, so their order makes no difference.
            if !branch.undo.is_empty() && !breaks(Rule::SkipUndoAtRecovery) {
                self.store.undo(&branch.undo);
            }
            self.end(*transaction, Ended::Aborted);
        }
        self.branches = in_doubt;
        for (transaction, branch) in &mut self.branches {
            branch.in_doubt_since_us = Some(now_us);
            if !branch.undo.is_empty() && breaks(Rule::RecoverWithoutLocks) {
                continue;
            }
            for (key, _) in &branch.undo {
                self.locks.request(*transaction, key, LockMode::Exclusive);
            }
        }
        losers.into_keys().collect()
    }
}

impl<V: Variant> Node<V> {
    pub(super) fn checkpoint_if_long(&mut self, cx: &mut Context<'_, V>) {
        let limit = cx.settings.resources.checkpoint_records as usize;
        if limit > 0 && self.log.entries().len().saturating_sub(self.compacted_to) >= limit {
            self.checkpoint(cx);
        }
    }

    /// Replaces the log by what it amounts to, followed by the records of open transactions.
    ///
    /// Waits until all is durable: whoever waits for a write can then rely on it whichever of the two logs a
    /// crash leaves.
    pub(super) fn checkpoint(&mut self, cx: &mut Context<'_, V>) {
        if self.duty != Duty::TakesPart || !self.log.is_durable() {
            return;
        }
        let kept = cx.settings.resources.outcomes_kept as usize;
        let forgets = self.site.ended.len().saturating_sub(kept);
        let may_ask =
            |transaction: &TransactionId| cx.settings.asks_outcomes && *transaction >= self.site.settled;
        let mut oldest = self.site.ended.keys().take(forgets);
        let askable = oldest.clone().any(may_ask);
        let last = if askable && !cx.breaks(Rule::ForgetOutcomesAskedFor) {
            oldest.take_while(|transaction| **transaction < self.site.settled).last()
        } else {
            oldest.next_back()
        };
        if let Some(last) = last.copied() {
            let ended = Arc::make_mut(&mut self.site.ended);
            ended.retain(|transaction, _| *transaction > last);
            self.site.forgotten = self.site.forgotten.max(last);
        }
        // A checkpoint says what the log said. That a site has let go of work by which nothing was changed is only
        // remembered: for a late copy of work that was read for long ago it would be no outcome of the transaction.
        let mut on_record = BTreeSet::new();
        for entry in self.log.entries() {
            match &entry.record {
                Record::Checkpoint(earlier) => on_record.extend(earlier.outcomes.iter().map(|(t, _)| *t)),
                other => on_record.extend(other.transaction()),
            }
        }
        let mut checkpoint = if self.id == COORDINATOR {
            Checkpoint {
                incarnation: self.incarnation,
                sessions: self.coordinator.sessions.all(),
                ..Checkpoint::default()
            }
        } else {
            Checkpoint {
                incarnation: self.incarnation,
                versions: self.site.store.iter().map(|(key, version)| (key.clone(), *version)).collect(),
                outcomes: self
                    .site
                    .ended
                    .iter()
                    .filter(|(transaction, _)| on_record.contains(transaction))
                    .filter_map(|(t, ended)| Some((*t, ended.outcome()?)))
                    .collect(),
                forgotten: self.site.forgotten,
                sessions: self.site.sessions.all(),
            }
        };
        if !checkpoint.sessions.is_empty() && cx.breaks(Rule::DropSessionsAtCheckpoint) {
            checkpoint.sessions.clear();
        }
        let is_open = |transaction: TransactionId| {
            self.coordinator.transactions.contains_key(&transaction)
                || self.site.branches.contains_key(&transaction)
        };
        let mut entries =
            vec![Entry { record: Record::Checkpoint(Box::new(checkpoint)), write: Write::Forced }];
        // Of a decision that a torn write has left no record of, the refusal is the record.
        let presumes_nothing = cx.settings.presumption == Presumption::Nothing;
        let stays = |entry: &&Entry| match &entry.record {
            Record::Refused(session) => presumes_nothing && is_open(session.transaction),
            record => record.transaction().is_some_and(is_open),
        };
        let open: Vec<Entry> = self.log.entries().iter().filter(stays).cloned().collect();
        if open.is_empty() || !cx.breaks(Rule::DropOpenTransactionsAtCheckpoint) {
            entries.extend(open);
        }
        let dropped = (self.log.entries().len() + 1).saturating_sub(entries.len());
        self.compacted_to = entries.len();
        self.log.replace(entries, Reason::Checkpoints { dropped: u32::from(count(dropped)) }, cx.effects);
    }
}
