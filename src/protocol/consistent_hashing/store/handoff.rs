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

use super::options::Rule;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::disk::Action;
use super::message::{Item, Message, Offered, Timer};
use super::options::Options;
use super::reason::Reason;
use super::ring::Place;
use super::storage::{Held, Record, START_SHIFT, stored};
use super::version::Writer;
use super::{Context, Dynamo, Status};
use crate::protocol::NodeId;

/// What is on its way to its owners.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Handoff {
    is_planned: bool,
    chunks_sent: u64,
    /// The chunk under way to each node: its number, the digests of what was sent, and when.
    under_way: BTreeMap<NodeId, Outgoing>,
}

/// A chunk is first offered, and sent as far as the receiver lacks it (§4.9: nodes "offer to and upon
/// confirmation transfer the appropriate set of keys").
#[derive(Clone, PartialEq, Debug)]
struct Outgoing {
    chunk: u64,
    keys: Vec<Offered>,
    sent_us: u64,
}

impl Dynamo {
    pub(super) fn plan_handoff(&mut self, cx: &mut Context) {
        if !self.handoff.is_planned {
            self.handoff.is_planned = true;
            let why = Reason::HasKeysOfOthers;
            cx.effects.set_timer(Timer::Handoff, cx.options.handoff_interval_us, why);
        }
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
            // Its own; but it may owe it to somebody whom it stood in for before it became an owner.
            let owed: Vec<NodeId> =
                held.hints.iter().copied().filter(|node| owners.contains(node) && *node != self.id).collect();
            return (!held.hints.is_empty()).then_some(owed);
        }
        if held.own || !hints_are_owners || held.hints.is_empty() {
            Some(owners)
        } else {
            Some(held.hints.clone())
        }
    }

    pub(super) fn on_handoff_due(&mut self, cx: &mut Context) {
        self.handoff.is_planned = false;
        let patience_us = 2 * cx.options.replica_timeout_us;
        let now_us = cx.surroundings.now_us;
        self.handoff.under_way.retain(|_, outgoing| now_us.saturating_sub(outgoing.sent_us) < patience_us);
        self.hand_over(cx);
    }

    /// Drops what everybody has and sends the next chunk to each node that nothing is under way to.
    fn hand_over(&mut self, cx: &mut Context) {
        let mut chunks: BTreeMap<NodeId, Vec<Offered>> = BTreeMap::new();
        let mut done: Vec<(Place, Vec<NodeId>)> = Vec::new();
        let mut remains = false;
        for (place, held) in self.data.iter() {
            let Some(due_to) = self.due_to(place, held, cx.options) else { continue };
            let missing = due_to.iter().filter(|node| **node != self.id && !held.delivered.contains(node));
            let mut is_missing = false;
            for node in missing {
                is_missing = true;
                let is_free = !self.handoff.under_way.contains_key(node);
                let chunk = chunks.entry(*node).or_default();
                if is_free && chunk.len() < cx.options.chunk_keys as usize {
                    chunk.push((place.clone(), held.siblings.digest()));
                }
            }
            // Without owners there is nobody who could have it.
            if !is_missing && (!due_to.is_empty() || self.keeps(place, cx.options)) {
                done.push((place.clone(), due_to));
            } else {
                remains = true;
            }
        }
        for (to, keys) in chunks.into_iter().filter(|(_, keys)| !keys.is_empty()) {
            self.offer(to, keys, cx);
        }
        if self.membership.get(self.id).status == Status::Leaving {
            self.leave_if_handed_over(cx);
            remains = true;
        } else {
            self.let_go(done, cx);
        }
        if cx.breaks(Rule::RangeHandedOverBeforeItArrived) {
            self.let_go_unconfirmed(cx);
        }
        if remains {
            self.plan_handoff(cx);
        }
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
        self.handoff.chunks_sent += 1;
        (self.starts << START_SHIFT) + self.handoff.chunks_sent
    }

    pub(super) fn on_offer(&mut self, from: NodeId, chunk: u64, keys: &[Offered], cx: &mut Context) {
        let places: Vec<Place> = keys.iter().map(|(place, _)| place.clone()).collect();
        if !self.takes(&places, from, cx) {
            return;
        }
        // What it keeps for somebody else only, it might give away again.
        let has = |place: &Place, digest: u64| {
            let held = self.data.get(place);
            held.is_some_and(|held| held.own && held.durable.digest() == digest)
        };
        let lacks = |(place, digest): &&Offered| !has(place, *digest);
        let wanted: Vec<Place> = keys.iter().filter(lacks).map(|(place, _)| place.clone()).collect();
        self.rely_on_nobody(places.iter().filter(|place| !wanted.contains(place)));
        let why = Reason::AnswersOffer { to: from, wanted: wanted.len() as u32, keys: keys.len() as u32 };
        cx.effects.send(from, Message::OfferAnswer { chunk, wanted }, why);
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
    fn rely_on_nobody<'a>(&mut self, places: impl Iterator<Item = &'a Place>) {
        let data = Arc::make_mut(&mut self.data);
        for place in places {
            if let Some(held) = data.get_mut(place) {
                held.delivered.clear();
            }
            for outgoing in self.handoff.under_way.values_mut() {
                outgoing.keys.retain(|(other, _)| other != place);
            }
        }
    }

    pub(super) fn on_offer_answer(&mut self, from: NodeId, chunk: u64, wanted: &[Place], cx: &mut Context) {
        let Some(outgoing) = self.under_way_to(from, chunk, cx) else { return };
        let (lacking, has): (Vec<Offered>, Vec<Offered>) =
            outgoing.keys.into_iter().partition(|(place, _)| wanted.contains(place));
        self.confirm(from, has, cx);
        if lacking.is_empty() {
            self.hand_over(cx);
            return;
        }
        let item = |(place, _): &Offered| Some((place.clone(), self.data.get(place)?.siblings.clone()));
        let items: Vec<Item> = lacking.iter().filter_map(item).collect();
        let keys = items.iter().map(|(place, siblings)| (place.clone(), siblings.digest())).collect();
        // A new number: an answer to the offer that comes twice must not be taken for one to what is sent now.
        let chunk = self.next_chunk();
        let why = Reason::HandsOver { to: from, keys: items.len() as u32 };
        self.handoff.under_way.insert(from, Outgoing { chunk, keys, sent_us: cx.surroundings.now_us });
        cx.effects.send(from, Message::Handoff { chunk, items: items.into() }, why);
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
        let data = Arc::make_mut(&mut self.data);
        for (place, digest) in keys {
            if let Some(held) = data.get_mut(&place)
                && held.siblings.digest() == digest
                && !held.delivered.contains(&from)
            {
                held.delivered.push(from);
            }
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
        self.when_durable(Action::Confirm { to: from, chunk, items: items.into() }, cx);
    }

    /// What was handed over is on disk.
    pub(super) fn confirm_handoff(&mut self, to: NodeId, chunk: u64, items: &[Item], cx: &mut Context) {
        let places: Vec<Place> = items.iter().map(|(place, _)| place.clone()).collect();
        if !self.takes(&places, to, cx) || !items.iter().all(|item| self.has_all_on_disk(item)) {
            return;
        }
        self.rely_on_nobody(places.iter());
        let why = Reason::TookOver { from: to, keys: places.len() as u32 };
        cx.effects.send(to, Message::HandoffAnswer { chunk }, why);
    }

    pub(super) fn on_handoff_answer(&mut self, from: NodeId, chunk: u64, cx: &mut Context) {
        if let Some(outgoing) = self.under_way_to(from, chunk, cx) {
            self.confirm(from, outgoing.keys, cx);
            self.hand_over(cx);
        }
    }

    /// Forgets the keys that everybody has, and the hints that have reached whom they name.
    fn let_go(&mut self, done: Vec<(Place, Vec<NodeId>)>, cx: &mut Context) {
        let mut dropped: BTreeMap<Vec<NodeId>, Vec<Place>> = BTreeMap::new();
        for (place, mut due_to) in done {
            if !self.keeps(&place, cx.options) {
                due_to.sort();
                dropped.entry(due_to).or_default().push(place);
                continue;
            }
            let data = Arc::make_mut(&mut self.data);
            let Some(held) = data.get_mut(&place) else { continue };
            held.hints.clear();
            held.own = true;
            let record = stored(&place, held);
            self.append(record, Reason::HintDelivered { position: place.position }, cx);
        }
        for (given_to, places) in dropped {
            self.forget(places, given_to, cx);
        }
    }

    fn forget(&mut self, places: Vec<Place>, given_to: Vec<NodeId>, cx: &mut Context) {
        let me = Writer { node: self.id, life: self.life };
        let data = Arc::make_mut(&mut self.data);
        let mut has_written = false;
        for place in &places {
            if let Some(held) = data.remove(place) {
                has_written |= held.siblings.context().counter_of(me) > 0;
            }
        }
        self.life = if has_written { self.life.wrapping_add(1) } else { self.life };
        self.forget_writes(&places);
        let keys = places.len() as u32;
        let record = Record::Dropped { places, given_to, life: self.life };
        self.append(record, Reason::Dropped { keys }, cx);
    }

    /// The rule is broken on purpose: what was sent once is taken for arrived.
    fn let_go_unconfirmed(&mut self, cx: &mut Context) {
        let is_gone = |(place, held): &(&Place, &Held)| held.own && !self.keeps(place, cx.options);
        let places: Vec<Place> = self.data.iter().filter(is_gone).map(|(place, _)| place.clone()).collect();
        if let Some(place) = places.first() {
            let owners = self.rings.current.owners(place, cx.options);
            self.forget(places, owners, cx);
        }
    }
}
