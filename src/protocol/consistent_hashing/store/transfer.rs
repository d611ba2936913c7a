//! Fetching what a node is going to own, in chunks (§4.9).
//!
//! A node that joins asks every member for the keys that it will own in the ring with itself in it, chunk after
//! chunk; a chunk is asked for once the one before is on disk. When at most W − 1 members have not sent all of
//! theirs, those that lost their disks included, one of the W disks that hold an acknowledged write is among the
//! others, so the node has it: its ranges have arrived, and it becomes an owner. A node that refills its own lost
//! disk counts itself among those that have not. The same is done by members that gain ranges because another one was
//! removed: it, too, counts among those that have not, also where only the one that is asked has not made up for it yet.
//!
//! All of that holds for one ring. Who is asked and knows of a member that the other has not heard of may have given
//! keys up for it, so it tells of that member and sends nothing.
//!
//! Chunks are asked for again until they come, and a source only reads, so it does not matter who dies
//! half-way. If the membership changes meanwhile, the ranges are others, and it begins anew; what has arrived
//! is not sent for nothing, because it is on disk and merging it again changes nothing.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use super::disk::Action;
use super::member::Entry;
use super::message::{Item, Message, Timer};
use super::options::Rule;
use super::reason::Reason;
use super::ring::{Place, Ring};
use super::storage::Record;
use super::{Context, Dynamo, Status};
use crate::protocol::NodeId;

/// A transfer under way to this node.
#[derive(Clone, PartialEq, Debug)]
pub struct Transfer {
    number: u64,
    /// The ring that it is for.
    members: Arc<[NodeId]>,
    sources: Vec<Source>,
    /// How many keys have arrived.
    keys: u32,
}

/// How far one member has sent what it has.
#[derive(Clone, PartialEq, Debug)]
struct Source {
    node: NodeId,
    after: Option<Place>,
    is_done: bool,
    /// Nodes that were removed and of whose ranges it lacked a part when it had sent what it has.
    unfilled: Vec<NodeId>,
}

/// A part of a range.
pub(super) struct Chunk {
    pub(super) transfer: u64,
    pub(super) after: Option<Place>,
    pub(super) items: Arc<[Item]>,
    pub(super) is_last: bool,
    pub(super) unfilled: Vec<NodeId>,
}

impl Transfer {
    /// How many keys have arrived, how many members have sent all of theirs, and how many there are.
    pub fn progress(&self) -> (u32, usize, usize) {
        (self.keys, self.sources.iter().filter(|source| source.is_done).count(), self.sources.len())
    }
}

impl Dynamo {
    /// Begins a transfer if one is needed and none is under way for this very ring.
    pub(super) fn begin_transfer(&mut self, cx: &mut Context) {
        let own = self.membership.get(self.id);
        let is_filling = own.owns() && !self.unfilled.is_empty();
        let is_needed =
            self.knows_the_ring() && (own.status == Status::Joining || own.refilling || is_filling);
        if !is_needed {
            self.transfer = None;
            return;
        }
        let mut members = self.membership.nodes_with(Entry::owns);
        if let Err(at) = members.binary_search(&self.id) {
            members.insert(at, self.id);
        }
        let mut full = self.membership.nodes_with(Entry::is_full);
        full.retain(|node| *node != self.id);
        let is_same = |transfer: &Transfer| {
            *transfer.members == *members
                && transfer.sources.iter().map(|source| source.node).eq(full.iter().copied())
        };
        if self.transfer.as_ref().is_some_and(is_same) {
            return;
        }
        let number = self.next_number();
        let source =
            |node: &NodeId| Source { node: *node, after: None, is_done: false, unfilled: Vec::new() };
        let sources = full.iter().map(source).collect();
        let why = Reason::TransferBegins { sources: full.len() as u16 };
        self.transfer = Some(Transfer { number, members: members.into(), sources, keys: 0 });
        self.fetch_from_all(why, cx);
        self.finish_transfer(cx);
    }

    #[track_caller]
    fn fetch_from_all(&mut self, why: Reason, cx: &mut Context) {
        let Some(transfer) = self.transfer.clone() else { return };
        for source in transfer.sources.iter().filter(|source| !source.is_done) {
            self.fetch(&transfer, source, why, cx);
        }
        cx.effects.set_timer(Timer::Transfer, cx.options.replica_timeout_us.saturating_mul(2), why);
    }

    #[track_caller]
    fn fetch(&mut self, transfer: &Transfer, source: &Source, why: Reason, cx: &mut Context) {
        let (members, after) = (transfer.members.clone(), source.after.clone());
        let message = Message::Fetch { transfer: transfer.number, members, after };
        // Its decision to join is on disk before it acts on it.
        self.send_when_durable(source.node, message, why, cx);
    }

    pub(super) fn on_transfer_timeout(&mut self, cx: &mut Context) {
        if self.transfer.is_some() {
            self.fetch_from_all(Reason::FetchesAgain, cx);
        }
    }

    /// A source sends the next keys. It only reads, and goes by the ring that the other names.
    pub(super) fn on_fetch(
        &mut self,
        from: NodeId,
        transfer: u64,
        members: &[NodeId],
        after: Option<Place>,
        cx: &mut Context,
    ) {
        if !self.membership.get(self.id).is_full() || members.len() > usize::from(cx.nodes) {
            cx.effects.note(Reason::IsNoSource { from });
            return;
        }
        let is_named = |node: &NodeId| *node == from || members.contains(node);
        if !self.rings.current.members().iter().all(is_named) && !cx.breaks(Rule::RangeOfAnOlderRing) {
            // It may be this node that knows less: so both tell each other.
            let message = Message::Gossip { rumours: self.rumours(), asks: true };
            self.send_when_durable(from, message, Reason::TellsOfMembers { to: from }, cx);
            return;
        }
        let ring = [&self.rings.current, &self.rings.coming, &self.rings.with_me]
            .into_iter()
            .find(|ring| ring.members() == members);
        let ring = ring.cloned().unwrap_or_else(|| Ring::new(members, cx.options));
        let start = after.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let chunk = cx.options.chunk_keys as usize;
        let mut rest = self
            .data
            .range((start, Bound::Unbounded))
            .filter(|(place, _)| ring.is_owner(from, place, cx.options))
            .filter(|(_, held)| !held.durable.is_empty())
            .map(|(place, held)| (place.clone(), held.durable.clone()));
        let items: Arc<[Item]> = rest.by_ref().take(chunk).collect();
        let is_last = rest.next().is_none();
        drop(rest);
        let why = Reason::SendsRange { to: from, keys: items.len() as u32, is_last };
        let unfilled = self.unfilled.keys().copied().collect();
        cx.effects.send(from, Message::Range { transfer, after, items, is_last, unfilled }, why);
    }

    pub(super) fn on_range(&mut self, from: NodeId, chunk: Chunk, cx: &mut Context) {
        let is_expected = self.transfer.as_ref().is_some_and(|transfer| {
            let mut sources = transfer.sources.iter();
            transfer.number == chunk.transfer
                && sources.any(|source| source.node == from && !source.is_done && source.after == chunk.after)
        });
        if !is_expected {
            cx.effects.note(Reason::LateAnswer { from });
            return;
        }
        let keys = chunk.items.len() as u32;
        for (place, siblings) in chunk.items.iter() {
            if *place == Place::of(&place.key) {
                self.store(place, siblings, None, Reason::RangeArrives { from, keys }, cx);
            }
        }
        let after = chunk.items.last().map(|(place, _)| place.clone()).or(chunk.after);
        let Chunk { transfer, is_last, unfilled, .. } = chunk;
        let arrived = Action::Arrived { transfer, from, after, is_last, unfilled };
        self.when_durable(arrived, cx);
    }

    /// What arrived is on disk, so the next part may be asked for.
    pub(super) fn on_chunk_durable(
        &mut self,
        number: u64,
        from: NodeId,
        after: Option<Place>,
        is_last: bool,
        unfilled: Vec<NodeId>,
        cx: &mut Context,
    ) {
        let Some(mut transfer) = self.transfer.take() else { return };
        if transfer.number == number
            && let Some(source) = transfer.sources.iter_mut().find(|source| source.node == from)
            && !source.is_done
            && source.after <= after
        {
            (source.after, source.is_done, source.unfilled) = (after, is_last, unfilled);
            let source = source.clone();
            transfer.keys = self.data.len() as u32;
            let keys = transfer.keys;
            cx.effects.note(Reason::RangeArrived { from, keys, is_last });
            if !is_last {
                self.fetch(&transfer, &source, Reason::FetchesNext { from }, cx);
            }
        }
        self.transfer = Some(transfer);
        self.finish_transfer(cx);
    }

    /// The ranges have arrived: the node owns them from now on.
    fn finish_transfer(&mut self, cx: &mut Context) {
        let Some(transfer) = &self.transfer else { return };
        let own = self.membership.get(self.id);
        let refilling = self.membership.nodes_with(|entry| entry.owns() && entry.refilling).len();
        // A node that was removed has not sent its part either, be it that only a source has not made up for that yet.
        let mut removed: BTreeSet<NodeId> = self.unfilled.keys().copied().collect();
        removed.extend(
            transfer.sources.iter().flat_map(|source| &source.unfilled).filter(|node| **node != self.id),
        );
        // Who is asked because its removal has not been heard of here is one of them, and counts once.
        let is_missing = |source: &&Source| !source.is_done && !removed.contains(&source.node);
        let missing = transfer.sources.iter().filter(is_missing).count();
        let gone = refilling + removed.len();
        let may_miss = usize::from(cx.options.write_quorum.saturating_sub(1)).saturating_sub(gone);
        // Others that lost their disks get back what is anywhere and hold again what was written since, so there is
        // something to wait for. Those that refill do not wait for each other: nobody would ever begin.
        let may_come = !own.refilling && refilling > 0 && gone >= usize::from(cx.options.write_quorum);
        if (missing > may_miss || may_come) && !cx.breaks(Rule::RangesTakenTooEarly) {
            return;
        }
        let keys = transfer.keys;
        self.transfer = None;
        let (status, why) = match own.status {
            Status::Joining => (Status::Member, Reason::Joined { keys }),
            other if own.refilling => (other, Reason::Refilled { keys }),
            other => (other, Reason::Filled { keys }),
        };
        cx.effects.cancel_timer(Timer::Transfer, why);
        let removed: Vec<(NodeId, u64)> = std::mem::take(&mut self.unfilled).into_iter().collect();
        if !removed.is_empty() {
            self.append(Record::Filled { removed }, why, cx);
        }
        if own.refilling || status != own.status {
            self.decide(status, false, why, cx);
        } else {
            self.set_rings(cx);
        }
        self.resume(cx);
    }
}
