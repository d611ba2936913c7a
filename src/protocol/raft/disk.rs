//! What must not be said before the disk has finished.
//!
//! Raft Figure 2: persistent state is "updated on stable storage before responding to RPCs". Each step that
//! writes ends with one sync, several syncs may be under way, and what depends on one is held back until it
//! has finished. A leader sends its entries in parallel with its own write (thesis §10.2.1) and counts itself
//! only for what its disk has confirmed.

use super::options::Rule;
use std::collections::VecDeque;

use super::log::{Index, Term};
use super::message::Message;
use super::reason::Reason;
use super::state::RoleState;
use super::storage::Record;
use super::{Context, Raft};
use crate::protocol::{NodeId, SyncId};

/// The most answers that are held back. A disk that hangs must not fill the memory; an answer that is given up is as
/// good as lost on the way, and whoever waits for it asks again.
pub const HELD_MAX: usize = 1_024;
/// The most syncs that are under way at once. What is written while there are so many shares the next one.
pub const SYNCS_MAX: usize = 64;

/// The node's view of its disk.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Disk {
    next_sync: u64,
    /// Whether this step has written something.
    dirty: bool,
    /// The log is on disk up to here.
    durable_index: Index,
    /// The syncs that have not finished, each with the last index of the log that it makes durable.
    outstanding: VecDeque<(SyncId, Index)>,
    /// The sync that makes the current term and vote durable, if they are not.
    hard_state_sync: Option<SyncId>,
    /// What is held back, in the order of the syncs.
    held: VecDeque<Held>,
}

#[derive(Clone, PartialEq, Debug)]
struct Held {
    until: SyncId,
    action: Action,
}

#[derive(Clone, PartialEq, Debug)]
enum Action {
    Send { to: NodeId, message: Message, why: Reason },
    Campaign { term: Term, leadership_transfer: bool },
}

impl Disk {
    /// A disk that holds nothing that this node answers for.
    pub(super) fn empty() -> Disk {
        Disk {
            next_sync: 0,
            dirty: false,
            durable_index: 0,
            outstanding: VecDeque::new(),
            hard_state_sync: None,
            held: VecDeque::new(),
        }
    }

    /// A disk as a process finds it that starts. What it reads may be in the page cache only: an earlier life of the
    /// process may have written it and died before its sync, and a power loss would then take it. So nothing is
    /// durable before the first sync of this life has finished.
    pub(super) fn just_read() -> Disk {
        let mut disk = Disk::empty();
        disk.sync_of_hard_state();
        disk
    }

    /// A disk of which everything is durable.
    pub(super) fn holding(last_index: Index) -> Disk {
        Disk { durable_index: last_index, ..Disk::empty() }
    }

    pub(super) fn durable_index(&self) -> Index {
        self.durable_index
    }

    pub(super) fn hard_state_is_durable(&self) -> bool {
        self.hard_state_sync.is_none()
    }

    pub(super) fn outstanding(&self) -> usize {
        self.outstanding.len()
    }

    /// The log was cut off after an index; what is on disk beyond it is no longer a part of it.
    fn forget_after(&mut self, last_index: Index) {
        self.durable_index = self.durable_index.min(last_index);
        for (_, index) in &mut self.outstanding {
            *index = (*index).min(last_index);
        }
    }

    /// The sync that what is written now will be durable with.
    pub(super) fn sync_of_this_step(&mut self) -> SyncId {
        self.dirty = true;
        SyncId(self.next_sync)
    }

    /// The same, for a new term or vote.
    pub(super) fn sync_of_hard_state(&mut self) -> SyncId {
        let sync = self.sync_of_this_step();
        self.hard_state_sync = Some(sync);
        sync
    }

    /// Takes everything for durable. Only for a rule that is broken on purpose.
    pub(super) fn pretend_durable(&mut self, last_index: Index) {
        self.durable_index = last_index;
        self.hard_state_sync = None;
    }

    /// A new file takes the place of the old one, so what waits for the old one waits for the new one.
    fn wait_for_new_file(&mut self) {
        let sync = self.sync_of_this_step();
        self.outstanding.clear();
        self.hard_state_sync = self.hard_state_sync.map(|_| sync);
        for held in &mut self.held {
            held.until = sync;
        }
    }

    /// The last sync asked for, this step's own included.
    fn latest_sync(&self) -> Option<SyncId> {
        if self.dirty { Some(SyncId(self.next_sync)) } else { self.outstanding.back().map(|(sync, _)| *sync) }
    }

    /// Whether a sync has finished.
    pub(super) fn has_finished(&self, sync: SyncId) -> bool {
        sync.0 < self.next_sync && self.outstanding.front().is_none_or(|(first, _)| *first > sync)
    }

    /// How many answers are held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// What is held back, in the order in which it will be done: to whom, and what.
    pub(super) fn held_messages(&self) -> impl Iterator<Item = (NodeId, &Message)> {
        self.held.iter().filter_map(|held| match &held.action {
            Action::Send { to, message, .. } => Some((*to, message)),
            Action::Campaign { .. } => None,
        })
    }

    /// Answers of an earlier term are of no use to anyone.
    pub(super) fn forget_held(&mut self) {
        self.held.clear();
    }
}

impl Raft {
    /// Whether what changes is written down: always, except by a node that is kept out.
    pub(super) fn persists(&self) -> bool {
        !self.is_out() || self.is_returning()
    }

    #[track_caller]
    pub(super) fn persist_hard_state(&mut self, why: Reason, cx: &mut Context) {
        if self.persists() {
            self.disk.sync_of_hard_state();
            cx.effects.append(Record::HardState { term: self.term, voted_for: self.voted_for }, why);
        }
    }

    #[track_caller]
    pub(super) fn persist_entry(&mut self, index: Index, why: Reason, cx: &mut Context) {
        if self.persists()
            && let Some(entry) = self.log.get(index)
        {
            cx.effects.append(Record::Entry { index, entry: entry.clone() }, why);
            self.disk.sync_of_this_step();
        }
    }

    /// Writes the whole disk anew, which is how a log is compacted.
    #[track_caller]
    pub(super) fn rewrite_disk(&mut self, why: Reason, cx: &mut Context) {
        if self.persists() {
            self.disk.wait_for_new_file();
            cx.effects.rewrite(self.persistent().records(self.id), why);
        }
    }

    /// Removes the entry at an index and all that follow. Whatever replaces them removes them on disk, too.
    pub(super) fn truncate_log(&mut self, index: Index) {
        self.log.truncate(index);
        self.disk.forget_after(index.saturating_sub(1));
    }

    /// Says at once what needs no write, and holds it back while the term and vote it speaks for are not on
    /// disk.
    #[track_caller]
    pub(super) fn respond(&mut self, to: NodeId, message: Message, why: Reason, cx: &mut Context) {
        match self.disk.hard_state_sync {
            None => cx.effects.send(to, message, why),
            Some(until) => self.hold(until, Action::Send { to, message, why }, cx),
        }
    }

    /// Says something once everything written so far is on disk.
    #[track_caller]
    pub(super) fn respond_when_durable(
        &mut self,
        to: NodeId,
        message: Message,
        why: Reason,
        cx: &mut Context,
    ) {
        match self.disk.latest_sync() {
            None => cx.effects.send(to, message, why),
            Some(until) => self.hold(until, Action::Send { to, message, why }, cx),
        }
    }

    /// Asks for votes once the candidate's term, its vote for itself and the log it stands with are on disk.
    pub(super) fn campaign_when_durable(&mut self, leadership_transfer: bool, cx: &mut Context) {
        let until = self.disk.sync_of_this_step();
        self.hold(until, Action::Campaign { term: self.term, leadership_transfer }, cx);
    }

    fn hold(&mut self, until: SyncId, action: Action, cx: &mut Context) {
        // A repeated message asks for the same answer; one of them is enough.
        if let Some(last) = self.disk.held.back_mut()
            && last.until == until
            && last.action.is_superseded_by(&action)
        {
            last.action = action;
            return;
        }
        if self.disk.held.len() >= HELD_MAX {
            let is_answer = |held: &Held| matches!(held.action, Action::Send { .. });
            if let Some(oldest) = self.disk.held.iter().position(is_answer)
                && let Some(Held { action: Action::Send { to, .. }, .. }) = self.disk.held.remove(oldest)
            {
                cx.effects.note(Reason::GaveUpHeldAnswer { to, held: HELD_MAX as u32 });
            }
        }
        // Held back in the order of the syncs; the current hard state may become durable before the latest
        // entries do.
        let position = self.disk.held.partition_point(|held| held.until <= until);
        self.disk.held.insert(position, Held { until, action });
    }

    /// Ends a step: what it wrote is to be made durable.
    pub(super) fn finish(&mut self, cx: &mut Context) {
        while self.disk.dirty && self.disk.outstanding.len() < SYNCS_MAX {
            self.disk.dirty = false;
            let sync = SyncId(self.disk.next_sync);
            self.disk.next_sync += 1;
            self.disk.outstanding.push_back((sync, self.log.last_index()));
            cx.effects.sync(
                sync,
                Reason::SyncBeforeAnswering { term: self.term, last_index: self.log.last_index() },
            );
            if cx.breaks(Rule::AnswerBeforeSync) {
                self.made_durable(sync, cx);
            }
        }
    }

    pub(super) fn on_synced(&mut self, sync: SyncId, cx: &mut Context) {
        self.made_durable(sync, cx);
    }

    fn made_durable(&mut self, sync: SyncId, cx: &mut Context) {
        while let Some((first, last_index)) = self.disk.outstanding.front().copied()
            && first <= sync
        {
            self.disk.outstanding.pop_front();
            self.disk.durable_index = self.disk.durable_index.max(last_index);
        }
        if self.disk.hard_state_sync.is_some_and(|needed| needed <= sync) {
            self.disk.hard_state_sync = None;
        }
        cx.effects.note(Reason::Durable { last_index: self.disk.durable_index });
        self.return_if_durable(cx);
        while let Some(held) = self.disk.held.front()
            && held.until <= sync
        {
            let Some(held) = self.disk.held.pop_front() else { break };
            match held.action {
                Action::Send { to, message, why } => cx.effects.send(to, message, why),
                Action::Campaign { term, leadership_transfer } => {
                    self.ask_for_votes(term, leadership_transfer, cx);
                }
            }
        }
        if matches!(self.role, RoleState::Leader(_)) {
            self.advance_commit(cx);
        }
    }
}

impl Action {
    fn is_superseded_by(&self, later: &Action) -> bool {
        let (Action::Send { to, message, .. }, Action::Send { to: later_to, message: later_message, .. }) =
            (self, later)
        else {
            return false;
        };
        match (message, later_message) {
            (
                Message::AppendEntriesResponse {
                    result: super::message::AppendResult::Matched { match_index },
                    ..
                },
                Message::AppendEntriesResponse {
                    result: super::message::AppendResult::Matched { match_index: later_index },
                    ..
                },
            ) => to == later_to && match_index <= later_index,
            _ => to == later_to && message == later_message,
        }
    }
}
