//! Starting, joining, leaving, and coming back after a lost disk (§4.8.1, §4.9).
//!
//! A node decides about its own entry in the membership and nobody else does, so there is nothing to agree
//! upon: an operator tells it, it writes the decision down, and gossip spreads it.
//!
//! * *Join*: outside → joining, while it fetches what it is going to own → member, once that is on its disk.
//! * *Leave*: member → leaving, while it hands over all it holds → outside, once everybody who is going to own
//!   it has confirmed.
//! * *Removal*: a node that is dead and will not come back decides nothing any more, so an operator has another one
//!   remove it. Those who own its ranges from then on fetch what the other members hold of them, and answer no reads
//!   there before that has arrived. What the dead node alone held is out of reach until it comes back: then it hears
//!   that it was removed, and hands over all it has.
//! * *A lost disk*: it says so as `refilling`, stores what it is sent and answers no reads until it has fetched
//!   again what it owns. It stays an owner, so no range moves for it.
//!
//! Each of these survives a crash at any point: the decision is on disk, what has arrived is on disk, and the
//! process that starts next goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::disk::Action;
use super::member::{Entry, Membership, Status};
use super::options::{Options, Rule};
use super::reason::Reason;
use super::ring::{Place, Ring};
use super::storage::{DiskLoss, Persistent, Record};
use super::{Context, Dynamo};
use crate::protocol::NodeId;

/// The rings that a node acts by.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Rings {
    /// By which keys are owned: members, and those that are leaving.
    pub(super) current: Ring,
    /// Without those that are leaving.
    pub(super) staying: Ring,
    /// With those that are joining, too.
    pub(super) coming: Ring,
    /// With this node, whoever else joins.
    pub(super) with_me: Ring,
    /// With those that were removed and whose ranges have not arrived yet, if there are any: what this node owns now
    /// and not in that ring, it does not have.
    before: Option<Ring>,
}

impl Rings {
    pub(super) fn of(
        id: NodeId,
        membership: &Membership,
        unfilled: &BTreeMap<NodeId, u64>,
        options: &Options,
        former: Option<&Rings>,
    ) -> Rings {
        // A ring takes long to build, and most changes leave most of them as they were.
        let of = |members: &[NodeId]| {
            let mut rings = former.into_iter().flat_map(Rings::all);
            let same = rings.find(|ring| ring.members() == members).cloned();
            same.unwrap_or_else(|| Ring::new(members, options))
        };
        let current = of(&membership.nodes_with(Entry::owns));
        let same_or = |is: fn(&Entry) -> bool| {
            let members = membership.nodes_with(is);
            if members == current.members() { current.clone() } else { of(&members) }
        };
        let staying = same_or(|entry| entry.status == Status::Member);
        let coming = same_or(|entry| entry.status != Status::Outside);
        let mut with_me = coming.clone();
        if coming.members().len() > current.members().len() + 1 && coming.members().contains(&id) {
            let mut members = current.members().to_vec();
            members.extend(Some(id).filter(|_| !current.members().contains(&id)));
            members.sort();
            with_me = of(&members);
        }
        let before = (!unfilled.is_empty()).then(|| {
            let mut members: Vec<NodeId> = unfilled.keys().chain(current.members()).copied().collect();
            members.sort();
            members.dedup();
            of(&members)
        });
        Rings { staying, coming, with_me, before, current }
    }

    fn all(&self) -> impl Iterator<Item = &Ring> {
        [&self.current, &self.staying, &self.coming, &self.with_me].into_iter().chain(&self.before)
    }
}

impl Dynamo {
    pub(super) fn with(id: NodeId, found: Persistent, cx: &mut Context) -> Dynamo {
        let begins_anew = found.starts > 0 && cx.breaks(Rule::StartsNotCounted);
        Dynamo {
            id,
            starts: if begins_anew { found.starts } else { found.starts.saturating_add(1) },
            life: found.life,
            rings: Rings::of(id, &found.membership, &found.unfilled, cx.options, None),
            membership: found.membership,
            unfilled: found.unfilled,
            data: Arc::new(found.data),
            disk: Default::default(),
            is_ready: false,
            versions_made: 0,
            requests_begun: 0,
            requests: Default::default(),
            passed_on: Default::default(),
            heartbeats: super::gossip::Heartbeats::new(cx.nodes, cx.surroundings.now_us),
            silent: Default::default(),
            handoff: Default::default(),
            trees: Default::default(),
            transfer: None,
            next_peer: id.0,
            fresh: Vec::new(),
        }
    }

    /// Starts with a disk that cannot be trusted: it says so, and knows nothing.
    pub(super) fn with_a_lost_disk(id: NodeId, loss: DiskLoss, cx: &mut Context) -> Dynamo {
        // Numbers of earlier lives may still be under way. It is unlikely that it draws one of those.
        let starts = cx.surroundings.random_between(1 << 16, 1 << 20);
        let life = cx.surroundings.random_between(1, u64::from(u32::MAX)) as u32;
        let mut membership = Membership::unknown(cx.nodes);
        membership.set(id, Entry { status: Status::Outside, refilling: true, ..Entry::default() });
        let (data, unfilled) = (Default::default(), Default::default());
        let found = Persistent { starts, life, membership, data, unfilled };
        let node = Dynamo::with(id, found, cx);
        let why = Reason::DiskLost { loss };
        cx.effects.note(why);
        cx.effects.rewrite(node.persistent().records(id), why);
        node
    }

    /// What every process does first.
    pub(super) fn begin(&mut self, cx: &mut Context) {
        let why = Reason::Started { starts: self.starts, keys: self.data.len() as u32 };
        self.append(Record::Started { starts: self.starts, life: self.life }, why, cx);
        if !self.data.is_empty() && cx.breaks(Rule::ReadAtStartCountsAsDurable) {
            let held = Arc::make_mut(&mut self.data).values_mut();
            held.for_each(|held| held.durable = held.siblings.clone());
            self.fresh = self.data.keys().cloned().collect();
            self.is_ready = true;
            self.disk.trust();
        } else {
            self.disk.read(self.data.iter().map(|(place, held)| (place.clone(), held.siblings.clone())));
            self.when_durable(Action::Ready, cx);
        }
        self.review_all(cx);
        self.plan_gossip(cx.options.gossip_interval_us / 4, cx);
        self.plan_anti_entropy(cx);
        self.resume(cx);
    }

    /// Goes on with what it was about when the membership changed, or the process ended.
    pub(super) fn resume(&mut self, cx: &mut Context) {
        self.begin_transfer(cx);
        if self.membership.get(self.id).status == Status::Leaving || self.handoff.is_any_due() {
            self.plan_handoff(cx);
        }
        self.leave_if_handed_over(cx);
    }

    /// The membership has changed, so others own what.
    pub(super) fn set_rings(&mut self, cx: &mut Context) {
        let former = Some(&self.rings);
        self.rings = Rings::of(self.id, &self.membership, &self.unfilled, cx.options, former);
        self.trees.clear();
        self.confirm_tombstones_anew();
        self.review_all(cx);
    }

    /// Whether it has heard how every node stands to the ring; one that lost its disk has to be told.
    pub fn knows_the_ring(&self) -> bool {
        self.membership.iter().all(|(_, entry)| entry.number > 0)
    }

    /// Whether a key belongs here: now, once this node has joined, or once those have left that are leaving.
    pub(super) fn keeps(&self, place: &Place, options: &Options) -> bool {
        let owns = |ring: &Ring| ring.is_owner(self.id, place, options);
        match self.membership.get(self.id).status {
            Status::Outside => false,
            Status::Joining => owns(&self.rings.with_me) || owns(&self.rings.coming),
            Status::Member => {
                owns(&self.rings.current)
                    || self.rings.staying != self.rings.current && owns(&self.rings.staying)
            }
            Status::Leaving => owns(&self.rings.current),
        }
    }

    /// Whether this node owns a key now, as it sees the ring.
    pub(super) fn owns(&self, place: &Place, options: &Options) -> bool {
        self.membership.get(self.id).owns() && self.rings.current.is_owner(self.id, place, options)
    }

    /// Whether a read may count on this node: it owns the key, and has all that an owner must have.
    pub(super) fn has_its_share(&self, place: &Place, options: &Options) -> bool {
        let is_owner = |ring: &Ring| ring.is_owner(self.id, place, options);
        let entry = self.membership.get(self.id);
        entry.owns()
            && (!entry.refilling || options.break_rules.refilling_answers_reads)
            && is_owner(&self.rings.current)
            && self.rings.before.as_ref().is_none_or(is_owner)
    }

    /// Decides about its own entry. Others hear of it once it is on disk.
    #[track_caller]
    pub(super) fn decide(&mut self, status: Status, refilling: bool, why: Reason, cx: &mut Context) {
        let number = self.membership.get(self.id).number.saturating_add(1);
        // Who was removed and says so under a number of its own is removed still, also while it joins again: who has not
        // heard of it before must not take it for a node that handed over what it had before it left.
        let is_outside = matches!(status, Status::Outside | Status::Joining);
        let is_removed = self.membership.get(self.id).is_removed && is_outside;
        let entry = Entry { status, refilling, number, is_removed };
        self.membership.set(self.id, entry);
        self.append(Record::Heard { node: self.id, entry }, why, cx);
        if status == Status::Leaving {
            Arc::make_mut(&mut self.data).values_mut().for_each(|held| held.delivered.clear());
        }
        self.set_rings(cx);
        self.tell_everyone(why, cx);
    }

    /// An operator says that another node is dead.
    pub(super) fn on_removal_asked(&mut self, node: NodeId, cx: &mut Context) {
        let known = self.membership.get(node);
        let (owns, is_joining) = (known.owns(), known.status == Status::Joining);
        if node == self.id || !self.is_ready || !self.knows_the_ring() || !(owns || is_joining) {
            cx.effects.note(Reason::NothingToRemove { node });
            return;
        }
        if self.seems_up(node, cx.options) {
            cx.effects.note(Reason::RemovalOfTheLiving { node });
            return;
        }
        let remaining = self.rings.staying.members().iter().filter(|member| **member != node).count();
        let needed = usize::from(cx.options.replicas);
        if owns && remaining < needed {
            let (remaining, needed) = (remaining as u16, needed as u16);
            cx.effects.note(Reason::RemovalRefused { node, remaining, needed });
            return;
        }
        let number = known.number.saturating_add(1);
        let entry = Entry { status: Status::Outside, refilling: false, number, is_removed: true };
        let why = Reason::Removes { node };
        self.hear(node, entry, why, cx);
        self.set_rings(cx);
        self.tell_everyone(why, cx);
        self.resume(cx);
    }

    /// Writes down how another node stands to the ring.
    #[track_caller]
    pub(super) fn hear(&mut self, node: NodeId, entry: Entry, why: Reason, cx: &mut Context) {
        let known = self.membership.get(node);
        self.membership.set(node, entry);
        if entry.is_removed && (!entry.repeats_removal(&known) || self.unfilled.contains_key(&node)) {
            self.unfilled.insert(node, entry.number);
        }
        self.append(Record::Heard { node, entry }, why, cx);
    }

    pub(super) fn on_join_asked(&mut self, cx: &mut Context) {
        let own = self.membership.get(self.id);
        if own.status == Status::Leaving && self.is_ready {
            // It has given nothing up yet. Where all members leave at once, nobody else could end that.
            self.decide(Status::Member, own.refilling, Reason::LeaveTakenBack, cx);
            self.resume(cx);
            return;
        }
        if own.status != Status::Outside || !self.knows_the_ring() || !self.is_ready {
            cx.effects.note(Reason::NothingToJoin);
            return;
        }
        let members = self.rings.current.members().len() as u16;
        if members == 0 || cx.breaks(Rule::RangeHandedOverBeforeItArrived) {
            // The first member of a ring has nothing to fetch.
            self.decide(Status::Member, false, Reason::Joined { keys: 0 }, cx);
        } else {
            self.decide(Status::Joining, false, Reason::Joins { members }, cx);
        }
        self.resume(cx);
    }

    pub(super) fn on_leave_asked(&mut self, cx: &mut Context) {
        let own = self.membership.get(self.id);
        match own.status {
            Status::Joining => {
                self.transfer = None;
                self.decide(Status::Outside, false, Reason::JoinGivenUp, cx);
            }
            Status::Member if !own.refilling && self.is_ready => {
                let remaining = self.rings.staying.members().len().saturating_sub(1);
                let needed = usize::from(cx.options.replicas);
                if remaining < needed {
                    let (remaining, needed) = (remaining as u16, needed as u16);
                    cx.effects.note(Reason::LeaveRefused { remaining, needed });
                    return;
                }
                let why = Reason::Leaves { keys: self.data.len() as u32 };
                self.decide(Status::Leaving, false, why, cx);
            }
            _ => cx.effects.note(Reason::NothingToLeave),
        }
        self.resume(cx);
    }

    /// The end of a departure: everybody who is going to own what it holds has it on disk.
    pub(super) fn leave_if_handed_over(&mut self, cx: &mut Context) {
        let own = self.membership.get(self.id);
        if own.status != Status::Leaving || own.refilling || !self.unfilled.is_empty() || !self.is_ready {
            return;
        }
        // Without anybody who stays, nobody could have it.
        let nobody_stays = self.rings.staying.members().is_empty();
        if nobody_stays || !self.handoff.is_all_confirmed() && !cx.breaks(Rule::LeftBeforeHandover) {
            return;
        }
        let why = Reason::Left { keys: self.data.len() as u32 };
        self.decide(Status::Outside, false, why, cx);
        self.plan_handoff(cx);
    }
}
