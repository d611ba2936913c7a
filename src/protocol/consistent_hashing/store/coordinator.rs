//! A request that a node coordinates: whom it asks, and how long it waits (§4.5, §4.6).
//!
//! Reads and writes go to the first N healthy nodes of the preference list. A node further on that stands in
//! for one which is not is asked in its place, so each of the N places is answered by one node and no node
//! answers for two.

use super::disk::Action;
use super::message::{Answer, Command, Message, RequestNumber, Timer};
use super::options::{Options, PATIENCE, Rule};
use super::reason::Reason;
use super::ring::Place;
use super::storage::{COUNT_MAX, numbered};
use super::version::{Dot, Siblings};
use super::{Context, Dynamo};
use crate::protocol::{ClientId, NodeId, RequestId};

/// The most requests that a node coordinates or passes on at a time.
pub(super) const REQUESTS_MAX: usize = 1_024;

/// Who wants an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    /// The node that the client has asked; it gets the answer.
    pub(super) gate: NodeId,
    /// That node's number for the request.
    pub(super) number: RequestNumber,
    pub(super) client: ClientId,
    pub(super) request: RequestId,
}

/// One of the N places of a request.
#[derive(Clone, PartialEq, Debug)]
pub struct Slot {
    /// The node of the preference list.
    pub owner: NodeId,
    /// Who is asked: the owner, or a node that stands in for it.
    pub asked: NodeId,
    /// What it answered; for a write, that it has stored the versions.
    pub answer: Option<Siblings>,
    /// Whether it is an owner as it sees the ring itself; for a read, one that has all that an owner must have.
    pub(super) is_owner: bool,
}

impl Slot {
    /// Whether a node stands in for the owner.
    pub fn is_stand_in(&self) -> bool {
        self.asked != self.owner
    }

    /// Whether its answer counts. In a read, a node that stands in for another counts only if it holds something:
    /// otherwise it knows less than the one it stands in for. And an owner counts only if it is one as it sees the ring
    /// itself: one that has given its range up, or has not got it yet, may know less, too, and what is written to it no
    /// read looks for there.
    fn counts(&self, is_read: bool) -> bool {
        match &self.answer {
            Some(siblings) if self.is_stand_in() => !is_read || !siblings.is_empty(),
            Some(_) => self.is_owner,
            None => false,
        }
    }
}

/// What a new version says.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Change {
    Value(std::sync::Arc<str>),
    Delete,
}

/// What is being done.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Work {
    /// Versions are gathered; a change is then written in their place.
    Read { then_write: Option<Change> },
    /// A version is being stored.
    Write { dot: Dot, siblings: Siblings, is_sent: bool },
}

/// A request under way.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    pub(super) asked: Asked,
    /// The key.
    pub place: Place,
    /// Its N places.
    pub slots: Vec<Slot>,
    pub(super) work: Work,
    pub(super) is_answered: bool,
    pub(super) timeouts: u8,
}

impl Dynamo {
    /// The first N healthy nodes for a key, each with the owner that it is asked for.
    pub(super) fn slots(&self, place: &Place, is_read: bool, options: &Options) -> Vec<Slot> {
        let walk = self.rings.current.walk(place, self.rings.current.members().len());
        let owners = self.rings.current.owners(place, options);
        let mut stand_ins = walk.into_iter().filter(|node| !owners.contains(node));
        let mut slots = Vec::with_capacity(owners.len());
        for owner in &owners {
            let mut asked = *owner;
            if options.sloppy_quorum && !self.may_ask(*owner, is_read, options) {
                asked =
                    stand_ins.by_ref().find(|node| self.may_ask(*node, is_read, options)).unwrap_or(*owner);
            }
            slots.push(Slot { owner: *owner, asked, answer: None, is_owner: false });
        }
        slots
    }

    fn may_ask(&self, node: NodeId, is_read: bool, options: &Options) -> bool {
        self.seems_up(node, options) && !(is_read && self.membership.get(node).refilling)
    }

    pub(super) fn next_number(&mut self) -> RequestNumber {
        self.requests_begun = (self.requests_begun + 1) & COUNT_MAX;
        numbered(self.starts, self.requests_begun)
    }

    pub(super) fn coordinate(&mut self, asked: Asked, command: Command, cx: &mut Context) {
        let is_known = |request: &Request| {
            (request.asked.client, request.asked.request) == (asked.client, asked.request)
        };
        if self.requests.values().any(is_known) {
            if asked.gate == self.id {
                self.passed_on.remove(&asked.number);
            }
            cx.effects.note(Reason::RequestUnderWay { client: asked.client, request: asked.request });
            return;
        }
        if !self.is_ready
            || !self.knows_the_ring()
            || self.requests.len() >= REQUESTS_MAX
            || self.disk.is_behind()
        {
            self.answer(asked, Answer::Unavailable, Reason::NotReady, cx);
            return;
        }
        let place = Place::of(command.key());
        let number = self.next_number();
        cx.effects.note(Reason::Coordinates { position: place.position, client: asked.client });
        cx.effects.set_timer(Timer::Request(number), cx.options.replica_timeout_us, Reason::WaitsForReplicas);
        let work = match &command {
            Command::Get { .. } => Work::Read { then_write: None },
            Command::Update { value, .. } => Work::Read { then_write: Some(Change::Value(value.clone())) },
            Command::Delete { .. } => Work::Read { then_write: Some(Change::Delete) },
            Command::Put { .. } => Work::Read { then_write: None },
        };
        let request = Request { asked, place, slots: Vec::new(), work, is_answered: false, timeouts: 0 };
        match command {
            Command::Put { value, context, .. } => {
                self.begin_write(number, request, Siblings::default(), context, Change::Value(value), cx);
            }
            Command::Get { .. } | Command::Update { .. } | Command::Delete { .. } => {
                self.begin_read(number, request, cx);
            }
        }
    }

    /// The client's answer goes the way that its request came.
    #[track_caller]
    pub(super) fn answer(&mut self, asked: Asked, answer: Answer, why: Reason, cx: &mut Context) {
        if asked.gate == self.id {
            self.passed_on.remove(&asked.number);
            cx.effects.reply(asked.client, asked.request, answer, why);
        } else {
            cx.effects.send(asked.gate, Message::ForwardAnswer { number: asked.number, answer }, why);
        }
    }

    /// The request is over; whatever answer comes now is late.
    pub(super) fn end_request(&mut self, number: RequestNumber, why: Reason, cx: &mut Context) {
        if self.requests.remove(&number).is_some() {
            cx.effects.cancel_timer(Timer::Request(number), why);
        }
    }

    pub(super) fn on_request_timeout(&mut self, number: RequestNumber, cx: &mut Context) {
        if self.passed_on.contains_key(&number) {
            self.on_pass_on_timeout(number, cx);
            return;
        }
        let Some(mut request) = self.requests.remove(&number) else { return };
        request.timeouts += 1;
        if let Work::Write { is_sent: false, .. } = request.work {
            // It waits for its own disk and not for others.
        } else {
            for slot in request.slots.iter().filter(|slot| slot.answer.is_none()) {
                self.found_silent(slot.asked, cx);
            }
        }
        let is_read = matches!(request.work, Work::Read { .. });
        if request.timeouts >= PATIENCE || (is_read && request.is_answered) {
            if is_read {
                self.repair(&request, cx);
            }
            if !request.is_answered {
                let (have, needed) = self.quorum(&request, cx.options);
                self.answer(request.asked, Answer::Unavailable, Reason::TooFewReplicas { have, needed }, cx);
            }
            return;
        }
        if !self.renew_write(&mut request) {
            if !request.is_answered {
                let (have, needed) = self.quorum(&request, cx.options);
                self.answer(request.asked, Answer::Unavailable, Reason::TooFewReplicas { have, needed }, cx);
            }
            return;
        }
        // Who has answered and does not count may have heard of the ring meanwhile, and is asked again.
        let is_idle = |slot: &&mut Slot| slot.answer.is_some() && !slot.counts(is_read);
        request.slots.iter_mut().filter(is_idle).for_each(|slot| slot.answer = None);
        if !is_read {
            self.follow_ring(&mut request, cx.options);
        }
        let why = Reason::AsksOthers { timeouts: request.timeouts.into() };
        cx.effects.set_timer(Timer::Request(number), cx.options.replica_timeout_us, why);
        self.fill_slots(&mut request, is_read, cx.options);
        let slots: Vec<Slot> = request.slots.iter().filter(|slot| slot.answer.is_none()).cloned().collect();
        let sends = match &request.work {
            Work::Write { is_sent, .. } => *is_sent,
            Work::Read { .. } => true,
        };
        self.requests.insert(number, request);
        if sends {
            slots.iter().for_each(|slot| self.ask(number, slot, cx));
        }
        self.look_at_quorum(number, cx);
    }

    /// What is sent once more is what is on disk now. A version that was replaced meanwhile, by a tombstone, say, that all
    /// owners had and dropped, would come back if it were sent as it was, although no node was out of reach. Returns
    /// whether there is anything to send: a coordinator that has given its copy up, or dropped it as deleted, does not
    /// know whether the version still counts, so it sends none, and the client asks again.
    fn renew_write(&self, request: &mut Request) -> bool {
        let Work::Write { dot, siblings, is_sent: true } = &mut request.work else { return true };
        let durable = self.on_disk(&request.place);
        let has_it = durable.include(dot);
        if has_it {
            *siblings = durable;
        }
        has_it
    }

    /// The ring may have changed since a write began. Those who own the key now are written to, and who has answered and
    /// owns it still has answered.
    fn follow_ring(&self, request: &mut Request, options: &Options) {
        let owners = self.rings.current.owners(&request.place, options);
        if request.slots.iter().map(|slot| slot.owner).eq(owners.iter().copied()) {
            return;
        }
        let former = std::mem::replace(&mut request.slots, self.slots(&request.place, false, options));
        // A node that stood in for one of them may be an owner by now, and would count twice.
        let has_answered = |slot: &&Slot| slot.answer.is_some() && !slot.is_stand_in();
        for slot in &mut request.slots {
            if let Some(same) = former.iter().filter(has_answered).find(|known| known.owner == slot.owner) {
                *slot = same.clone();
            }
        }
    }

    /// Puts other nodes in the places of those that have not answered.
    fn fill_slots(&self, request: &mut Request, is_read: bool, options: &Options) {
        if !options.sloppy_quorum {
            return;
        }
        for at in 0..request.slots.len() {
            let Some(slot) = request.slots.get(at) else { continue };
            if slot.answer.is_some() {
                continue;
            }
            let in_use =
                |node: NodeId| request.slots.iter().any(|slot| slot.asked == node || slot.owner == node);
            let owner_is_up = self.may_ask(slot.owner, is_read, options);
            let walk = self.rings.current.walk(&request.place, self.rings.current.members().len());
            let other = walk.into_iter().find(|node| !in_use(*node) && self.may_ask(*node, is_read, options));
            let next = if owner_is_up { Some(slot.owner) } else { other };
            if let (Some(next), Some(slot)) = (next, request.slots.get_mut(at)) {
                slot.asked = next;
            }
        }
    }

    /// Asks the node in one of the places.
    #[track_caller]
    pub(super) fn ask(&mut self, number: RequestNumber, slot: &Slot, cx: &mut Context) {
        let Some(request) = self.requests.get(&number) else { return };
        let (place, work) = (request.place.clone(), request.work.clone());
        let position = place.position;
        match work {
            Work::Read { .. } if slot.asked == self.id => {
                if self.may_answer_reads(&place, cx) {
                    let (siblings, is_owner) =
                        (self.read_here(&place, cx), self.has_its_share(&place, cx.options));
                    self.count_answer(number, self.id, siblings, is_owner, cx);
                }
            }
            Work::Read { .. } => {
                let why = Reason::AsksReplica { position, stands_in_for: slot.owner, to: slot.asked };
                cx.effects.send(slot.asked, Message::Read { number, place }, why);
            }
            Work::Write { siblings, .. } => {
                let hint = Some(slot.owner).filter(|_| slot.is_stand_in());
                if slot.asked == self.id {
                    if self.refuses_hint(&place, hint, cx).is_some() {
                        return;
                    }
                    let why = Reason::KeepsForItself { position };
                    self.store(&place, &siblings, hint, why, cx);
                    self.when_durable(Action::CountOwn { number }, cx);
                    return;
                }
                let why = match hint {
                    None => Reason::WritesToOwner { position, to: slot.asked },
                    Some(owner) => Reason::WritesToStandIn { position, to: slot.asked, owner },
                };
                let message = Message::Write { number: Some(number), place, siblings, hint };
                cx.effects.send(slot.asked, message, why);
            }
        }
    }

    /// The coordinator's own copy counts like any other: if it is on disk, and was not given away meanwhile.
    pub(super) fn count_own(&mut self, number: RequestNumber, cx: &mut Context) {
        let Some(request) = self.requests.get(&number) else { return };
        let Work::Write { dot, siblings, .. } = &request.work else { return };
        if self.has_on_disk(&request.place, dot) {
            let (siblings, is_owner) = (siblings.clone(), self.owns(&request.place, cx.options));
            self.count_answer(number, self.id, siblings, is_owner, cx);
            self.conclude_write(number, cx);
        }
    }

    /// Puts an answer in its place. That of an owner counts also where somebody else has been asked in its place
    /// meanwhile: it is late and no worse, nobody else has this owner's place, and where time-outs are shorter than a
    /// round trip, no other answer ever comes.
    pub(super) fn count_answer(
        &mut self,
        number: RequestNumber,
        from: NodeId,
        siblings: Siblings,
        is_owner: bool,
        cx: &mut Context,
    ) -> bool {
        let Some(request) = self.requests.get_mut(&number) else { return false };
        let asked_here = |slot: &Slot| (slot.asked == from || slot.owner == from) && slot.answer.is_none();
        let open = |slot: &Slot| slot.answer.is_none();
        let mut at = request.slots.iter().position(asked_here);
        if at.is_none()
            && request.slots.iter().any(|slot| slot.asked == from)
            && request.slots.iter().any(open)
            && cx.breaks(Rule::SameReplicaCountedTwice)
        {
            at = request.slots.iter().position(open);
        }
        match at.and_then(|at| request.slots.get_mut(at)) {
            Some(slot) => {
                if slot.owner == from {
                    slot.asked = from;
                }
                (slot.answer, slot.is_owner) = (Some(siblings), is_owner);
                true
            }
            None => false,
        }
    }

    /// How many answers count, and how many are needed.
    pub(super) fn quorum(&self, request: &Request, options: &Options) -> (u16, u16) {
        let is_read = matches!(request.work, Work::Read { .. });
        let have = request.slots.iter().filter(|slot| slot.counts(is_read)).count() as u16;
        (have, if is_read { options.read_quorum } else { options.write_quorum })
    }

    pub(super) fn look_at_quorum(&mut self, number: RequestNumber, cx: &mut Context) {
        match self.requests.get(&number).map(|request| &request.work) {
            Some(Work::Read { .. }) => self.conclude_read(number, cx),
            Some(Work::Write { .. }) => self.conclude_write(number, cx),
            None => {}
        }
    }
}
