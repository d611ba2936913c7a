//! Handing over what belongs to others (§4.6, §4.9).
//!
//! A node may hold keys that it does not own: it stood in for an owner, the ring has changed, it is leaving, or
//! somebody with an older view of the ring sent them. It keeps such a key until those it belongs to have
//! confirmed to have these very versions on disk:
//!
//! * a hinted key until the nodes that the hints name have;
//! * a key that it owned until all N owners have.
//!
//! Then it forgets the key, and because it no longer knows which versions of it it has made, it goes on as
//! another writer (see [`super::version`]).
//!
//! A tombstone of its own goes the same way, once it is older than the grace and all owners have confirmed that they
//! have it and nothing older. That is safe against everything but an older version which none of the owners has and
//! which comes later than that: from a node that stood in for an owner and was out of reach for longer than the grace,
//! or in a message that was under way as long. Such a version brings the key back.
//!
//! Owners do not count the grace from the same moment: they heard of the deletion one after the other, and a process
//! that starts counts anew. Who is offered a tombstone that may go, and has it, takes it for old, too; and old
//! tombstones have no part in comparing and repairing. Otherwise the owners that still have one would bring it back to
//! those that have dropped it, for ever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::disk::Action;
use super::message::{Item, Message, Offered, Timer};
use super::options::{Options, Rule};
use super::reason::Reason;
use super::ring::Place;
use super::storage::{COUNT_MAX, Held, Record, numbered, stored};
use super::version::{Siblings, Writer};
use super::{Context, Dynamo, Status};
use crate::protocol::NodeId;

/// What is on its way to its owners.
///
/// Which keys are due to whom is kept up to date key by key, so that a handover takes work in proportion to its keys.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Handoff {
    is_planned: bool,
    chunks_sent: u64,
    /// The chunk under way to each node: its number, the digests of what was sent, and when.
    under_way: BTreeMap<NodeId, Outgoing>,
    /// The keys that are due, each with the nodes that have yet to confirm it.
    due: Arc<BTreeMap<Place, Vec<NodeId>>>,
    /// The same by node.
    owed: Arc<BTreeMap<NodeId, BTreeSet<Place>>>,
    /// Keys that are due, and everybody has confirmed.
    done: BTreeSet<Place>,
    /// The last key that was offered to each node. A node that takes none of a chunk does not keep it from the rest.
    offered: BTreeMap<NodeId, Place>,
    /// Tombstones by the time when they may go, each with the digest of what is on disk: a later tombstone of the same key
    /// has a grace of its own.
    tombstones: VecDeque<(u64, Place, u64)>,
    /// Tombstones that are older than the grace.
    aged: BTreeSet<Place>,
}

/// A chunk is first offered, and sent as far as the receiver lacks it (§4.9: nodes "offer to and upon
/// confirmation transfer the appropriate set of keys").
#[derive(Clone, PartialEq, Debug)]
struct Outgoing {
    chunk: u64,
    keys: Vec<Offered>,
    sent_us: u64,
}

impl Handoff {
    /// Notes who has yet to confirm a key; `None` if it is not due to anybody.
    fn set(&mut self, place: &Place, missing: Option<Vec<NodeId>>) {
        if self.due.get(place) == missing.as_ref() {
            return;
        }
        let due = Arc::make_mut(&mut self.due);
        let owed = Arc::make_mut(&mut self.owed);
        for node in due.remove(place).unwrap_or_default() {
            if let Some(keys) = owed.get_mut(&node) {
                keys.remove(place);
                if keys.is_empty() {
                    owed.remove(&node);
                }
            }
        }
        self.done.remove(place);
        let Some(missing) = missing else { return };
        if missing.is_empty() {
            self.done.insert(place.clone());
        }
        for node in &missing {
            owed.entry(*node).or_default().insert(place.clone());
        }
        due.insert(place.clone(), missing);
    }

    /// Whether a key is a tombstone that is older than the grace.
    pub(super) fn is_aged(&self, place: &Place) -> bool {
        self.aged.contains(place)
    }

    /// The next keys that a node has yet to confirm, after those that it was offered last.
    fn next_keys(&self, node: NodeId, count: usize) -> Vec<Place> {
        let Some(keys) = self.owed.get(&node) else { return Vec::new() };
        let after = self.offered.get(&node);
        let follows = |place: &&Place| after.is_none_or(|after| *place > after);
        let rest = after.map_or_else(|| keys.range(..), |after| keys.range(after.clone()..));
        let later: Vec<Place> = rest.filter(follows).take(count).cloned().collect();
        if later.is_empty() { keys.iter().take(count).cloned().collect() } else { later }
    }

    /// Whether nobody has yet to confirm anything.
    pub(super) fn is_all_confirmed(&self) -> bool {
        self.owed.is_empty()
    }

    /// Whether anything is due to anybody.
    pub(super) fn is_any_due(&self) -> bool {
        !self.due.is_empty()
    }
}

impl Dynamo {
    pub(super) fn plan_handoff(&mut self, cx: &mut Context) {
        if !self.handoff.is_planned {
            self.handoff.is_planned = true;
            let why = Reason::HasKeysOfOthers;
            cx.effects.set_timer(Timer::Handoff, cx.options.handoff_interval_us, why);
        }
    }

    /// Something about a key has changed: to whom is it due now?
    pub(super) fn review(&mut self, place: &Place, cx: &mut Context) {
        let mut missing = self.data.get(place).and_then(|held| self.missing(place, held, cx.options));
        let is_early = |missing: &Vec<NodeId>| !missing.is_empty() && !missing.contains(&self.id);
        if missing.as_ref().is_some_and(is_early)
            && self.handoff.aged.contains(place)
            && self.keeps(place, cx.options)
            && cx.breaks(Rule::TombstoneDroppedTooEarly)
        {
            missing = Some(Vec::new());
        }
        let is_due = missing.is_some();
        self.handoff.set(place, missing);
        if is_due {
            self.plan_handoff(cx);
        }
    }

    /// The ring has changed, or how this node stands to it: all keys are looked at.
    pub(super) fn review_all(&mut self, cx: &mut Context) {
        let data = self.data.clone();
        for place in data.keys() {
            self.review(place, cx);
        }
    }

    /// Who has yet to confirm a key. A key without owners, which nobody can confirm, is due to this node itself and
    /// never offered.
    fn missing(&self, place: &Place, held: &Held, options: &Options) -> Option<Vec<NodeId>> {
        let due_to = self.due_to(place, held, options)?;
        if due_to.is_empty() && !self.keeps(place, options) {
            return Some(vec![self.id]);
        }
        let lacks = |node: &NodeId| *node != self.id && !held.delivered.contains(node);
        Some(due_to.into_iter().filter(lacks).collect())
    }

    /// Who has to have a key before this node may forget it, or that it keeps it for them. `None` if it is
    /// simply its own.
    fn due_to(&self, place: &Place, held: &Held, options: &Options) -> Option<Vec<NodeId>> {
        if self.membership.get(self.id).status == Status::Leaving {
            return Some(self.rings.staying.owners(place, options));
        }
        let owners = self.rings.current.owners(place, options);
        let hints_are_owners = held.hints.iter().all(|node| owners.contains(node));
        if self.keeps(place, options) {
            if held.hints.is_empty() {
                return self.is_collectable(place, held).then_some(owners);
            }
            // Its own; but it may owe it to somebody whom it stood in for before it became an owner.
            let owed: Vec<NodeId> =
                held.hints.iter().copied().filter(|node| owners.contains(node) && *node != self.id).collect();
            return Some(owed);
        }
        if held.own || !hints_are_owners || held.hints.is_empty() {
            Some(owners)
        } else {
            Some(held.hints.clone())
        }
    }

    /// Whether a key of this node is a tombstone that may go once all owners have confirmed it. Nobody may be about to
    /// join or leave, or fetch again what was lost: an owner that comes may bring something older along.
    pub(super) fn is_collectable(&self, place: &Place, held: &Held) -> bool {
        self.handoff.aged.contains(place)
            && held.siblings.are_deleted()
            && held.durable == held.siblings
            && self.rings.coming == self.rings.current
            && self.rings.staying == self.rings.current
            && self.unfilled.is_empty()
            && !self.membership.iter().any(|(_, entry)| entry.owns() && entry.refilling)
    }

    /// A tombstone is on disk: from now on its grace runs. A process that starts counts anew.
    pub(super) fn note_tombstone(&mut self, place: &Place, cx: &mut Context) {
        if cx.options.tombstone_grace_us > 0 {
            let until_us = cx.surroundings.now_us.saturating_add(cx.options.tombstone_grace_us);
            let digest = self.on_disk(place).digest();
            self.handoff.tombstones.push_back((until_us, place.clone(), digest));
            self.plan_handoff(cx);
        }
    }

    /// Who owns what has changed: that an owner has nothing older than a tombstone says nothing of the others, nor that
    /// it has the tombstone.
    pub(super) fn confirm_tombstones_anew(&mut self) {
        if self.handoff.aged.is_empty() {
            return;
        }
        let data = Arc::make_mut(&mut self.data);
        for place in &self.handoff.aged {
            if let Some(held) = data.get_mut(place) {
                held.delivered.clear();
            }
        }
        self.handoff.under_way.clear();
    }

    /// A tombstone is older than the grace, here or at another owner: from now on it is offered, and goes once all owners
    /// have confirmed that they have nothing older.
    fn age(&mut self, place: &Place, cx: &mut Context) {
        let Some(held) = Arc::make_mut(&mut self.data).get_mut(place) else { return };
        held.delivered.clear();
        self.handoff.aged.insert(place.clone());
        self.trees.clear();
        self.review(place, cx);
    }

    /// A key that is written anew is no old tombstone any more. Trees are built again: which tombstones have a part in them
    /// depends on what has changed here, be it only a hint.
    pub(super) fn note_change_of_tombstone(&mut self, place: &Place, has_changed: bool) {
        let was_aged =
            if has_changed { self.handoff.aged.remove(place) } else { self.handoff.aged.contains(place) };
        if was_aged {
            self.trees.clear();
        }
    }

    fn age_tombstones(&mut self, cx: &mut Context) {
        let now_us = cx.surroundings.now_us;
        let tombstones = &mut self.handoff.tombstones;
        let mut old = Vec::new();
        while let Some((_, place, digest)) = tombstones.pop_front_if(|(until_us, ..)| *until_us <= now_us) {
            old.push((place, digest));
        }
        for (place, digest) in old {
            let is_old = |held: &Held| held.durable.are_deleted() && held.durable.digest() == digest;
            if self.data.get(&place).is_some_and(is_old) && !self.handoff.is_aged(&place) {
                self.age(&place, cx);
            }
        }
    }

    pub(super) fn on_handoff_due(&mut self, cx: &mut Context) {
        self.handoff.is_planned = false;
        if !self.is_ready {
            self.plan_handoff(cx);
            return;
        }
        self.age_tombstones(cx);
        let patience_us = cx.options.replica_timeout_us.saturating_mul(2);
        let now_us = cx.surroundings.now_us;
        self.handoff.under_way.retain(|_, outgoing| now_us.saturating_sub(outgoing.sent_us) < patience_us);
        self.hand_over(cx);
    }

    /// Drops what everybody has and sends the next chunk to each node that nothing is under way to.
    fn hand_over(&mut self, cx: &mut Context) {
        let is_free = |node: &NodeId| *node != self.id && !self.handoff.under_way.contains_key(node);
        let free: Vec<NodeId> = self.handoff.owed.keys().copied().filter(is_free).collect();
        for to in free {
            let places = self.handoff.next_keys(to, cx.options.chunk_keys as usize);
            if let Some(last) = places.last() {
                self.handoff.offered.insert(to, last.clone());
            }
            // What is not on its own disk yet nobody is told of.
            let keys: Vec<Offered> =
                places.into_iter().filter_map(|place| self.offered(place, cx.options)).collect();
            if !keys.is_empty() {
                self.offer(to, keys, cx);
            }
        }
        if self.membership.get(self.id).status == Status::Leaving {
            self.leave_if_handed_over(cx);
        } else {
            self.let_go(cx);
        }
        if self.handoff.is_any_due() && cx.breaks(Rule::RangeHandedOverBeforeItArrived) {
            self.let_go_unconfirmed(cx);
        }
        if self.handoff.is_any_due() || !self.handoff.tombstones.is_empty() {
            self.plan_handoff(cx);
        }
    }

    fn offered(&self, place: Place, options: &Options) -> Option<Offered> {
        let held = self.data.get(&place)?;
        let durable = &held.durable;
        // A tombstone that is handed over has to arrive. One that may go has done its work where there is nothing.
        let may_go = self.membership.get(self.id).status == Status::Member
            && held.hints.is_empty()
            && self.keeps(&place, options)
            && self.is_collectable(&place, held);
        let digest = durable.digest();
        (!durable.is_empty()).then_some(Offered { place, digest, may_go })
    }

    /// Offers keys to a node: it may have them already, from a transfer or by comparing trees.
    fn offer(&mut self, to: NodeId, keys: Vec<Offered>, cx: &mut Context) {
        let chunk = self.next_chunk();
        let why = Reason::OffersKeys { to, keys: keys.len() as u32 };
        let outgoing = Outgoing { chunk, keys: keys.clone(), sent_us: cx.surroundings.now_us };
        self.handoff.under_way.insert(to, outgoing);
        cx.effects.send(to, Message::Offer { chunk, keys }, why);
    }

    fn next_chunk(&mut self) -> u64 {
        self.handoff.chunks_sent = (self.handoff.chunks_sent + 1) & COUNT_MAX;
        numbered(self.starts, self.handoff.chunks_sent)
    }

    pub(super) fn on_offer(&mut self, from: NodeId, chunk: u64, keys: &[Offered], cx: &mut Context) {
        let places: Vec<Place> = keys.iter().map(|offered| offered.place.clone()).collect();
        if !self.takes(&places, from, cx) {
            return;
        }
        let mut wanted: BTreeSet<Place> = BTreeSet::new();
        let mut answers_at_once = false;
        for Offered { place, digest, may_go } in keys {
            let is_old = |held: &Held| {
                held.own
                    && held.durable.are_deleted()
                    && held.durable == held.siblings
                    && held.durable.digest() == *digest
            };
            if *may_go
                && cx.options.tombstone_grace_us > 0
                && !self.handoff.is_aged(place)
                && self.data.get(place).is_some_and(is_old)
            {
                self.age(place, cx);
            }
            let has = match self.data.get(place) {
                // Nothing at all is as good as a tombstone.
                None => *may_go,
                // What it keeps for somebody else only, it might give away again.
                Some(held) if !held.own => false,
                Some(held) if held.durable.digest() == *digest => true,
                Some(held) => {
                    held.siblings.digest() == *digest && cx.breaks(Rule::OfferAnsweredFromMemory) && {
                        answers_at_once = true;
                        true
                    }
                }
            };
            if !has {
                wanted.insert(place.clone());
            }
        }
        // Two that drop the same tombstone do not rely on each other.
        let relied = keys.iter().filter(|offered| !offered.may_go && !wanted.contains(&offered.place));
        self.rely_on_nobody(relied.map(|offered| offered.place.clone()).collect(), cx);
        let why = Reason::AnswersOffer { to: from, wanted: wanted.len() as u32, keys: keys.len() as u32 };
        let wanted = wanted.into_iter().collect();
        if answers_at_once {
            cx.effects.send(from, Message::OfferAnswer { chunk, wanted }, why);
            return;
        }
        // That a key has gone from here is not sure before it has gone from the disk.
        self.send_when_durable(from, Message::OfferAnswer { chunk, wanted }, why, cx);
    }

    /// Whether these keys are all this node's to have, as it sees the ring. If they are not, somebody has not
    /// yet heard of a change, and it answers nothing: the other keeps them and asks again.
    fn takes(&self, places: &[Place], from: NodeId, cx: &mut Context) -> bool {
        let is_leaving = self.membership.get(self.id).status == Status::Leaving;
        let takes = !is_leaving && places.iter().all(|place| self.keeps(place, cx.options));
        if !takes {
            cx.effects.note(Reason::OfferedKeysOfOthers { from });
        }
        takes
    }

    /// Another node will rely on what this one confirms now, so whatever was confirmed to this one before does
    /// not count any more. Otherwise two with different views of the ring could each forget a key because the
    /// other has it.
    fn rely_on_nobody(&mut self, places: BTreeSet<Place>, cx: &mut Context) {
        for outgoing in self.handoff.under_way.values_mut() {
            outgoing.keys.retain(|offered| !places.contains(&offered.place));
        }
        let is_delivered =
            |place: &&Place| self.data.get(*place).is_some_and(|held| !held.delivered.is_empty());
        let delivered: Vec<Place> = places.iter().filter(is_delivered).cloned().collect();
        for place in delivered {
            if let Some(held) = Arc::make_mut(&mut self.data).get_mut(&place) {
                held.delivered.clear();
            }
            self.review(&place, cx);
        }
    }

    pub(super) fn on_offer_answer(&mut self, from: NodeId, chunk: u64, wanted: &[Place], cx: &mut Context) {
        let Some(outgoing) = self.under_way_to(from, chunk, cx) else { return };
        let wanted: BTreeSet<&Place> = wanted.iter().collect();
        let (lacking, has): (Vec<Offered>, Vec<Offered>) =
            outgoing.keys.into_iter().partition(|offered| wanted.contains(&offered.place));
        self.confirm(from, has, cx);
        let item = |offered: Offered| {
            let durable = self.data.get(&offered.place)?.durable.clone();
            (!durable.is_empty()).then_some((offered.place, durable))
        };
        let items: Vec<Item> = lacking.into_iter().filter_map(item).collect();
        if items.is_empty() {
            self.hand_over(cx);
            return;
        }
        let offered = |(place, siblings): &Item| Offered {
            place: place.clone(),
            digest: siblings.digest(),
            may_go: false,
        };
        let keys: Vec<Offered> = items.iter().map(offered).collect();
        // A new number: an answer to the offer that comes twice must not be taken for one to what is sent now.
        let chunk = self.next_chunk();
        let why = Reason::HandsOver { to: from, keys: items.len() as u32 };
        cx.effects.send(from, Message::Handoff { chunk, items: items.into() }, why);
        if cx.breaks(Rule::ForgottenWhenSent) {
            self.confirm(from, keys, cx);
            return;
        }
        self.handoff.under_way.insert(from, Outgoing { chunk, keys, sent_us: cx.surroundings.now_us });
    }

    /// Takes what is under way to a node off the list, if this is the chunk.
    fn under_way_to(&mut self, node: NodeId, chunk: u64, cx: &mut Context) -> Option<Outgoing> {
        if self.handoff.under_way.get(&node).is_none_or(|outgoing| outgoing.chunk != chunk) {
            cx.effects.note(Reason::LateAnswer { from: node });
            return None;
        }
        self.handoff.under_way.remove(&node)
    }

    /// A node has these very versions on its disk.
    fn confirm(&mut self, from: NodeId, keys: Vec<Offered>, cx: &mut Context) {
        if keys.is_empty() {
            return;
        }
        cx.effects.note(Reason::HandoverConfirmed { from, keys: keys.len() as u32 });
        for Offered { place, digest, .. } in keys {
            let Some(held) = Arc::make_mut(&mut self.data).get_mut(&place) else { continue };
            if held.delivered.contains(&from)
                || held.siblings.digest() != digest && !cx.breaks(Rule::OldConfirmationCounts)
            {
                continue;
            }
            held.delivered.push(from);
            self.review(&place, cx);
        }
    }

    pub(super) fn on_handoff(&mut self, from: NodeId, chunk: u64, items: &[Item], cx: &mut Context) {
        let keys = items.len() as u32;
        let places: Vec<Place> = items.iter().map(|(place, _)| place.clone()).collect();
        if places.iter().any(|place| *place != Place::of(&place.key)) || !self.takes(&places, from, cx) {
            return;
        }
        for (place, siblings) in items {
            self.store(place, siblings, None, Reason::TakesOver { from, keys }, cx);
        }
        if !items.iter().all(|item| self.has_all_on_disk(item))
            && cx.breaks(Rule::HandoverConfirmedBeforeDurable)
        {
            cx.effects.send(from, Message::HandoffAnswer { chunk }, Reason::TookOver { from, keys });
            return;
        }
        self.when_durable(Action::Confirm { to: from, chunk, items: items.into() }, cx);
    }

    /// What was handed over is on disk.
    pub(super) fn confirm_handoff(&mut self, to: NodeId, chunk: u64, items: &[Item], cx: &mut Context) {
        let places: Vec<Place> = items.iter().map(|(place, _)| place.clone()).collect();
        if !self.takes(&places, to, cx) || !items.iter().all(|item| self.has_all_on_disk(item)) {
            return;
        }
        self.rely_on_nobody(places.iter().cloned().collect(), cx);
        let why = Reason::TookOver { from: to, keys: places.len() as u32 };
        cx.effects.send(to, Message::HandoffAnswer { chunk }, why);
    }

    pub(super) fn on_handoff_answer(&mut self, from: NodeId, chunk: u64, cx: &mut Context) {
        if let Some(outgoing) = self.under_way_to(from, chunk, cx) {
            self.confirm(from, outgoing.keys, cx);
            self.hand_over(cx);
        }
    }

    /// Forgets the keys that everybody has, the hints that have reached whom they name, and old tombstones.
    fn let_go(&mut self, cx: &mut Context) {
        let mut dropped: BTreeMap<Vec<NodeId>, Vec<Place>> = BTreeMap::new();
        let mut collected: Vec<Place> = Vec::new();
        for place in std::mem::take(&mut self.handoff.done) {
            let Some(held) = self.data.get(&place) else { continue };
            if !self.keeps(&place, cx.options) {
                let mut due_to = self.due_to(&place, held, cx.options).unwrap_or_default();
                due_to.sort();
                dropped.entry(due_to).or_default().push(place);
                continue;
            }
            if held.hints.is_empty() {
                collected.push(place);
                continue;
            }
            let Some(held) = Arc::make_mut(&mut self.data).get_mut(&place) else { continue };
            held.hints.clear();
            held.own = true;
            // They confirmed it as a key that the node stood in with; that a tombstone may go is another question.
            held.delivered.clear();
            let record = stored(&place, held);
            self.append(record, Reason::HintDelivered { position: place.position }, cx);
            self.note_change_of_tombstone(&place, false);
            self.handoff.set(&place, None);
            self.review(&place, cx);
        }
        for (given_to, places) in dropped {
            self.forget(places, given_to, cx);
        }
        if !collected.is_empty() {
            self.drop_keys(&collected, cx);
            let keys = collected.len() as u32;
            let record = Record::Collected { places: collected, life: self.life };
            self.append(record, Reason::TombstonesCollected { keys }, cx);
        }
    }

    pub(super) fn forget(&mut self, places: Vec<Place>, given_to: Vec<NodeId>, cx: &mut Context) {
        self.drop_keys(&places, cx);
        let keys = places.len() as u32;
        let record = Record::Dropped { places, given_to, life: self.life };
        self.append(record, Reason::Dropped { keys }, cx);
    }

    /// Drops keys. A node that does not know any more which versions it has made goes on as another writer.
    fn drop_keys(&mut self, places: &[Place], cx: &mut Context) {
        let me = Writer { node: self.id, life: self.life };
        let mut has_written = false;
        for place in places {
            let is_compared = self.data.get(place).is_some_and(|held| self.is_compared(place, held));
            if let Some(held) = Arc::make_mut(&mut self.data).remove(place) {
                has_written |= held.siblings.context().counter_of(me) > 0;
                if is_compared {
                    self.change_trees(place, &held.durable, &Siblings::default(), cx.options);
                }
            }
            self.handoff.aged.remove(place);
            self.handoff.set(place, None);
        }
        self.life = if has_written { self.life.wrapping_add(1) } else { self.life };
        self.forget_writes(places);
    }

    /// The rule is broken on purpose: what was sent once is taken for arrived.
    fn let_go_unconfirmed(&mut self, cx: &mut Context) {
        let is_gone = |place: &&Place| {
            self.data.get(*place).is_some_and(|held| held.own) && !self.keeps(place, cx.options)
        };
        let places: Vec<Place> = self.handoff.due.keys().filter(is_gone).cloned().collect();
        if let Some(place) = places.first() {
            let owners = self.rings.current.owners(place, cx.options);
            self.forget(places, owners, cx);
        }
    }
}
