//! What must not be said before the disk has finished.
//!
//! Every acknowledgement of the store means "on disk". Each step that writes ends with one sync, several syncs
//! may be under way, and what depends on one is held back until it has finished.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::message::{Item, Message, RequestNumber};
use super::options::Rule;
use super::reason::Reason;
use super::ring::Place;
use super::storage::{self, Persistent, Record};
use super::version::Siblings;
use super::{Context, Dynamo};
use crate::protocol::{NodeId, SyncId};

/// How much may wait for a disk that hangs. A node that has so much held back takes nothing more upon itself.
const HELD_MAX: usize = 4_096;

/// The node's view of its disk.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Disk {
    next_sync: u64,
    /// What this step has written; a sync is due if it has written anything.
    written: Vec<(Place, Siblings)>,
    dirty: bool,
    /// The syncs under way, each with the keys that it makes durable.
    outstanding: VecDeque<(SyncId, Vec<(Place, Siblings)>)>,
    /// What is held back, in the order of the syncs.
    held: VecDeque<(SyncId, Action)>,
    /// Records since the log was last compacted.
    records: u32,
}

/// What waits for the disk.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Action {
    Send {
        to: NodeId,
        message: Message,
        why: Reason,
    },
    /// The coordinator's own copy is on disk: the others may hear of it.
    Coordinate {
        number: RequestNumber,
    },
    /// The coordinator is one of those who store, and has.
    CountOwn {
        number: RequestNumber,
    },
    /// A write is on disk.
    Acknowledge {
        to: NodeId,
        number: RequestNumber,
        item: Item,
    },
    /// Keys that were handed over are on disk.
    Confirm {
        to: NodeId,
        chunk: u64,
        items: Arc<[Item]>,
    },
    /// This process may make versions: no later one will use its numbers.
    Ready,
    /// A chunk of a transfer has arrived.
    Arrived {
        transfer: u64,
        from: NodeId,
        after: Option<Place>,
        is_last: bool,
        unfilled: Vec<NodeId>,
    },
}

impl Disk {
    /// The last sync asked for, this step's own included.
    fn latest_sync(&self) -> Option<SyncId> {
        if self.dirty { Some(SyncId(self.next_sync)) } else { self.outstanding.back().map(|(sync, _)| *sync) }
    }

    /// Whether so much waits for it that nothing more is taken on.
    pub(super) fn is_behind(&self) -> bool {
        self.held.len() >= HELD_MAX || self.outstanding.len() >= HELD_MAX
    }

    /// What was read from the disk is durable with the next sync, like what is written.
    pub(super) fn read(&mut self, keys: impl Iterator<Item = (Place, Siblings)>) {
        self.written.extend(keys);
    }

    /// The rule is broken on purpose: nobody waits for the first sync.
    pub(super) fn trust(&mut self) {
        self.dirty = false;
    }

    pub(super) fn outstanding(&self) -> usize {
        self.outstanding.len()
    }
}

impl Dynamo {
    #[track_caller]
    pub(super) fn append(&mut self, record: Record, why: Reason, cx: &mut Context) {
        self.disk.dirty = true;
        self.disk.records = self.disk.records.saturating_add(1);
        cx.effects.append(record, why);
    }

    /// Merges versions into what this node holds of a key and writes them down if anything is new.
    #[track_caller]
    pub(super) fn store(
        &mut self,
        place: &Place,
        incoming: &Siblings,
        hint: Option<NodeId>,
        why: Reason,
        cx: &mut Context,
    ) {
        let hint = hint.filter(|node| *node != self.id);
        let data = Arc::make_mut(&mut self.data);
        let held = data.entry(place.clone()).or_insert_with(super::storage::Held::nothing);
        let mut merged = held.siblings.merge(incoming);
        if merged.len() > 1 && cx.breaks(Rule::SiblingsDropped) {
            merged = merged.only_last();
        }
        let is_new_hint = hint.is_some_and(|node| !held.hints.contains(&node));
        let becomes_own = hint.is_none() && !held.own;
        let has_changed = merged != held.siblings;
        if !has_changed && !is_new_hint && !becomes_own {
            return;
        }
        if has_changed {
            held.siblings = merged.clone();
            held.delivered.clear();
        }
        held.own |= becomes_own;
        held.hints.extend(hint.filter(|_| is_new_hint));
        if hint.is_some() && !held.own && cx.breaks(Rule::HintsDroppedAtACrash) {
            // The rule is broken on purpose: the node takes for durable what is in memory only.
            self.set_durable(place, merged, cx);
        } else {
            let record = storage::stored(place, held);
            self.disk.written.push((place.clone(), merged));
            self.append(record, why, cx);
        }
        self.note_change_of_tombstone(place, has_changed);
        self.review(place, cx);
    }

    /// Versions of a key are on disk.
    pub(super) fn set_durable(&mut self, place: &Place, siblings: Siblings, cx: &mut Context) {
        let Some(held) = Arc::make_mut(&mut self.data).get_mut(place) else { return };
        let are_deleted = siblings.are_deleted();
        let before = std::mem::replace(&mut held.durable, siblings.clone());
        self.change_trees(place, &before, &siblings, cx.options);
        self.note_change_of_tombstone(place, before != siblings);
        self.fresh.push(place.clone());
        if are_deleted && before != siblings {
            self.note_tombstone(place, cx);
        }
    }

    /// A key was given up: syncs that are under way do not make it durable any more, should it come back.
    pub(super) fn forget_writes(&mut self, places: &[Place]) {
        let places: BTreeSet<&Place> = places.iter().collect();
        let lists = self.disk.outstanding.iter_mut().map(|(_, written)| written);
        for written in lists.chain(std::iter::once(&mut self.disk.written)) {
            written.retain(|(place, _)| !places.contains(place));
        }
    }

    /// Whether all these versions, or some that descend from them, are on disk.
    pub(super) fn has_all_on_disk(&self, (place, siblings): &Item) -> bool {
        siblings.iter().all(|version| self.has_on_disk(place, &version.dot))
    }

    /// Does something once everything written so far is on disk.
    pub(super) fn when_durable(&mut self, action: Action, cx: &mut Context) {
        match self.disk.latest_sync() {
            None => self.act(action, cx),
            Some(until) => self.disk.held.push_back((until, action)),
        }
    }

    /// Says something once everything written so far is on disk.
    #[track_caller]
    pub(super) fn send_when_durable(&mut self, to: NodeId, message: Message, why: Reason, cx: &mut Context) {
        match self.disk.latest_sync() {
            None => cx.effects.send(to, message, why),
            // Messages may be lost, so these may be, too, while a disk hangs.
            Some(_) if self.disk.held.len() >= 2 * HELD_MAX => {}
            Some(until) => self.disk.held.push_back((until, Action::Send { to, message, why })),
        }
    }

    fn act(&mut self, action: Action, cx: &mut Context) {
        match action {
            Action::Send { to, message, why } => cx.effects.send(to, message, why),
            Action::Coordinate { number } => self.send_writes(number, cx),
            Action::CountOwn { number } => self.count_own(number, cx),
            Action::Acknowledge { to, number, item } => self.acknowledge_write(to, number, &item, cx),
            Action::Confirm { to, chunk, items } => self.confirm_handoff(to, chunk, &items, cx),
            Action::Ready => self.is_ready = true,
            Action::Arrived { transfer, from, after, is_last, unfilled } => {
                self.on_chunk_durable(transfer, from, after, is_last, unfilled, cx);
            }
        }
    }

    /// All that the disk has to hold.
    pub(super) fn persistent(&self) -> Persistent {
        Persistent {
            starts: self.starts,
            life: self.life,
            membership: self.membership.clone(),
            data: (*self.data).clone(),
            unfilled: self.unfilled.clone(),
        }
    }

    /// Ends a step: what it wrote is to be made durable.
    pub(super) fn finish(&mut self, cx: &mut Context) {
        if !self.disk.dirty {
            return;
        }
        let limit = cx.options.compact_every_records;
        if limit > 0 && self.disk.records > limit.max(2 * self.data.len() as u32) {
            self.disk.records = 0;
            let mut whole = self.persistent();
            if cx.options.break_rules.hints_dropped_at_a_crash {
                whole.data.retain(|_, held| held.own);
            }
            let why = Reason::LogCompacted { keys: whole.data.len() as u32 };
            cx.effects.rewrite(whole.records(self.id), why);
        }
        self.disk.dirty = false;
        let sync = SyncId(self.disk.next_sync);
        self.disk.next_sync += 1;
        let written = std::mem::take(&mut self.disk.written);
        let why = Reason::SyncBeforeAcknowledging { keys: written.len() as u32 };
        self.disk.outstanding.push_back((sync, written));
        cx.effects.sync(sync, why);
    }

    pub(super) fn on_synced(&mut self, sync: SyncId, cx: &mut Context) {
        while let Some((first, written)) = self.disk.outstanding.pop_front_if(|(first, _)| *first <= sync) {
            let _ = first;
            for (place, siblings) in written {
                self.set_durable(&place, siblings, cx);
            }
        }
        cx.effects.note(Reason::Durable { keys: self.fresh.len() as u32 });
        while let Some((_, action)) = self.disk.held.pop_front_if(|(until, _)| *until <= sync) {
            self.act(action, cx);
        }
    }
}
