//! Starting, joining, leaving, and coming back after a lost disk (§4.8.1, §4.9).
//!
//! A node decides about its own entry in the membership and nobody else does, so there is nothing to agree
//! upon: an operator tells it, it writes the decision down, and gossip spreads it.
//!
//! * *Join*: outside → joining, while it fetches what it is going to own → member, once that is on its disk.
//! * *Leave*: member → leaving, while it hands over all it holds → outside, once everybody who is going to own
//!   it has confirmed.
//! * *A lost disk*: it says so as `refilling`, stores what it is sent and answers no reads until it has fetched
//!   again what it owns. It stays an owner, so no range moves for it.
//!
//! Each of these survives a crash at any point: the decision is on disk, what has arrived is on disk, and the
//! process that starts next goes on.

use super::options::Rule;
use std::sync::Arc;

use super::disk::Action;
use super::member::{Entry, Membership, Status};
use super::options::Options;
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
}

impl Rings {
    pub(super) fn of(id: NodeId, membership: &Membership, options: &Options) -> Rings {
        let ring = |is: fn(&Entry) -> bool| Ring::new(&membership.nodes_with(is), options);
        let current = ring(Entry::owns);
        let same_or = |is: fn(&Entry) -> bool| {
            let members = membership.nodes_with(is);
            if members == current.members() { current.clone() } else { Ring::new(&members, options) }
        };
        let staying = same_or(|entry| entry.status == Status::Member);
        let coming = same_or(|entry| entry.status != Status::Outside);
        let mut with_me = coming.clone();
        if coming.members().len() > current.members().len() + 1 && coming.members().contains(&id) {
            let mut members = current.members().to_vec();
            members.extend(Some(id).filter(|_| !current.members().contains(&id)));
            members.sort();
            with_me = Ring::new(&members, options);
        }
        Rings { staying, coming, with_me, current }
    }
}

impl Dynamo {
    pub(super) fn with(id: NodeId, found: Persistent, cx: &Context) -> Dynamo {
        Dynamo {
            id,
            starts: found.starts + 1,
            life: found.life,
            rings: Rings::of(id, &found.membership, cx.options),
            membership: found.membership,
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
        membership.set(id, Entry { status: Status::Outside, refilling: true, number: 0 });
        let found = Persistent { starts, life, membership, data: Default::default() };
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
        self.when_durable(Action::Ready, cx);
        self.plan_gossip(cx.options.gossip_interval_us / 4, cx);
        self.plan_anti_entropy(cx);
        self.resume(cx);
    }

    /// Goes on with what it was about when the membership changed, or the process ended.
    pub(super) fn resume(&mut self, cx: &mut Context) {
        self.begin_transfer(cx);
        if self.membership.get(self.id).status == Status::Leaving
            || self.data.iter().any(|(place, held)| !held.hints.is_empty() || !self.keeps(place, cx.options))
        {
            self.plan_handoff(cx);
        }
        self.leave_if_handed_over(cx);
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

    /// Decides about its own entry. Others hear of it once it is on disk.
    #[track_caller]
    pub(super) fn decide(&mut self, status: Status, refilling: bool, why: Reason, cx: &mut Context) {
        let number = self.membership.get(self.id).number + 1;
        let entry = Entry { status, refilling, number };
        self.membership.set(self.id, entry);
        self.append(Record::Heard { node: self.id, entry }, why, cx);
        self.rings = Rings::of(self.id, &self.membership, cx.options);
        self.tell_everyone(why, cx);
    }

    pub(super) fn on_join_asked(&mut self, cx: &mut Context) {
        if self.membership.get(self.id).status != Status::Outside || !self.knows_the_ring() || !self.is_ready
        {
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
                Arc::make_mut(&mut self.data).values_mut().for_each(|held| held.delivered.clear());
            }
            _ => cx.effects.note(Reason::NothingToLeave),
        }
        self.resume(cx);
    }

    /// The end of a departure: everybody who is going to own what it holds has it on disk.
    pub(super) fn leave_if_handed_over(&mut self, cx: &mut Context) {
        let own = self.membership.get(self.id);
        if own.status != Status::Leaving || own.refilling {
            return;
        }
        let is_handed_over = |(place, held): (&Place, &super::Held)| {
            let owners = self.rings.staying.owners(place, cx.options);
            !owners.is_empty() && owners.iter().all(|owner| held.delivered.contains(owner))
        };
        if !self.data.iter().all(is_handed_over) {
            return;
        }
        let why = Reason::Left { keys: self.data.len() as u32 };
        self.decide(Status::Outside, false, why, cx);
        self.plan_handoff(cx);
    }
}
