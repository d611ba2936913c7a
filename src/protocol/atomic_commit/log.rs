//! A node's log, with forced and lazy writes told apart.
//!
//! A **forced** write is made durable before the node goes on: what it goes on with is kept as a [`Then`] and
//! taken up when the disk reports. A **lazy** write becomes durable with the next forced one.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use super::message::Record;
use super::node::{Node, Variant};
use super::reason::Reason;
use super::transaction::{NoVote, TransactionId};
use crate::protocol::{ClientId, Effects, NodeId, RequestId, SyncId};

/// How many forced writes can be under way before answers to repeated questions are no longer queued behind them.
pub const PENDING_MAX: usize = 1_024;

/// How a record came to the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// By a write that was waited for.
    Forced,
    /// By a write that rode on a later one.
    Lazy,
    /// It was there when the node started.
    Recovered,
}

/// A record and how it was written.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// How it was written.
    pub write: Write,
}

/// What waits for a forced write.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Take part again after a start.
    TakePart,
    /// Ask for votes, now that it is on record that votes were asked for.
    AskForVotes(TransactionId),
    /// Vote yes.
    VoteYes(TransactionId),
    /// Vote no, about work of this incarnation.
    VoteNo(TransactionId, u32, NoVote),
    /// The coordinator's commit is final: tell it.
    TellCommit(TransactionId),
    /// The coordinator's abort is final: tell it.
    TellAbort(TransactionId),
    /// A participant's decision is final: acknowledge it to the coordinator.
    Acknowledge(TransactionId),
    /// A participant's decision is durable: tell this node.
    Tell(TransactionId, NodeId),
    /// A participant has aborted because this node asked: tell it, and the coordinator.
    TellAborted(TransactionId, NodeId),
    /// A site has given a transaction up for good: tell the coordinator.
    GiveUp(TransactionId),
    /// It is on record how a client's request ended: tell the client.
    Answer(ClientId, RequestId),
    /// A backup coordinator's decision is final: tell everyone.
    TellEveryone(TransactionId),
    /// Nothing waits.
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
struct Pending {
    sync: SyncId,
    /// How many records, counted from the very first one, it makes durable.
    covers: u64,
    then: Then,
}

/// A node's log, as far as the node knows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub struct Log {
    entries: Arc<Vec<Entry>>,
    /// How many records were dropped by compaction.
    dropped: u64,
    /// How many records, dropped ones included, are durable.
    durable: u64,
    last_sync: u64,
    pending: VecDeque<Pending>,
}

impl Log {
    /// The log that was found on disk. It need not be durable: where only the process died, what it had written is
    /// there to be read, and a power loss can still take it. So nothing counts before a sync of this life has
    /// finished.
    pub fn recovered(records: Vec<Record>) -> Log {
        let entries = records.into_iter().map(|record| Entry { record, write: Write::Recovered }).collect();
        Log { entries: Arc::new(entries), ..Log::default() }
    }

    /// All records, the oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many of [`Log::entries`] are durable.
    pub fn durable(&self) -> usize {
        usize::try_from(self.durable.saturating_sub(self.dropped))
            .unwrap_or(usize::MAX)
            .min(self.entries.len())
    }

    /// How many records were ever written, dropped ones included: the next record's number.
    pub fn written(&self) -> u64 {
        self.dropped + self.entries.len() as u64
    }

    /// How many records, dropped ones included, are durable.
    pub fn durable_written(&self) -> u64 {
        self.durable
    }

    /// Whether all that was written is durable.
    pub fn is_durable(&self) -> bool {
        self.durable >= self.written()
    }

    /// Writes a record that does not have to be durable yet.
    #[track_caller]
    pub(super) fn write<V: Variant>(&mut self, record: Record, why: Reason, effects: &mut Effects<Node<V>>) {
        Arc::make_mut(&mut self.entries).push(Entry { record: record.clone(), write: Write::Lazy });
        effects.append(record, why);
    }

    /// Writes a record and has it made durable; then `then`.
    #[track_caller]
    pub(super) fn force<V: Variant>(
        &mut self,
        record: Record,
        then: Then,
        why: Reason,
        effects: &mut Effects<Node<V>>,
    ) {
        Arc::make_mut(&mut self.entries).push(Entry { record: record.clone(), write: Write::Forced });
        effects.append(record, why);
        self.flush(then, why, effects);
    }

    /// Has all that was written so far made durable; then `then`.
    #[track_caller]
    pub(super) fn flush<V: Variant>(&mut self, then: Then, why: Reason, effects: &mut Effects<Node<V>>) {
        self.last_sync += 1;
        let sync = SyncId(self.last_sync);
        effects.sync(sync, why);
        self.pending.push_back(Pending { sync, covers: self.written(), then });
    }

    /// Has all that was written so far made durable; then `then`. Nothing new is begun if the same is awaited
    /// already, or if so much is awaited that the disk must be hanging: whoever asks will ask again.
    #[track_caller]
    pub(super) fn flush_once<V: Variant>(&mut self, then: Then, why: Reason, effects: &mut Effects<Node<V>>) {
        if self.pending.len() < PENDING_MAX && !self.is_awaited(then) {
            self.flush(then, why, effects);
        }
    }

    /// Whether something waits for a write that is under way.
    pub(super) fn is_awaited(&self, then: Then) -> bool {
        self.pending.iter().any(|pending| pending.then == then)
    }

    /// Replaces the whole log.
    #[track_caller]
    pub(super) fn replace<V: Variant>(
        &mut self,
        entries: Vec<Entry>,
        why: Reason,
        effects: &mut Effects<Node<V>>,
    ) {
        self.dropped = self.written();
        let records = entries.iter().map(|entry| entry.record.clone()).collect();
        self.entries = Arc::new(entries);
        effects.rewrite(records, why);
        self.flush(Then::Nothing, why, effects);
    }

    /// The disk reports that a sync has finished. Returns what waited for it.
    pub(super) fn synced(&mut self, sync: SyncId) -> Then {
        let Some(position) = self.pending.iter().position(|pending| pending.sync == sync) else {
            return Then::Nothing;
        };
        let Some(pending) = self.pending.remove(position) else { return Then::Nothing };
        self.durable = self.durable.max(pending.covers);
        pending.then
    }
}
