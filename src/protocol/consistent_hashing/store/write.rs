//! Writes: a new version on W disks (§4.4, §4.5).

use std::collections::BTreeSet;

use super::coordinator::{Change, Request, Slot, Work};
use super::disk::Action;
use super::message::{Answer, Message, RequestNumber, Timer};
use super::options::{Rule, SIBLINGS_MAX};
use super::reason::Reason;
use super::storage::{COUNT_MAX, Record, numbered};
use super::version::{Dot, Siblings, Version, VersionVector, Writer};
use super::{Context, Dynamo, Status};
use crate::protocol::NodeId;

impl Dynamo {
    /// Makes the new version and stores it here first: nobody hears of a version that its maker could forget.
    pub(super) fn begin_write(
        &mut self,
        number: RequestNumber,
        mut request: Request,
        read: Siblings,
        mut context: VersionVector,
        change: Change,
        cx: &mut Context,
    ) {
        let position = request.place.position;
        let known = self.siblings_of(&request.place).merge(&read);
        let beside = known.iter().filter(|version| !context.covers(&version.dot)).count();
        if beside >= SIBLINGS_MAX {
            let why = Reason::TooManySiblings { position, siblings: beside as u16 };
            cx.effects.cancel_timer(Timer::Request(number), why);
            self.answer(request.asked, Answer::TooManySiblings, why, cx);
            return;
        }
        request.slots = self.slots(&request.place, false, cx.options);
        let own_slot = request.slots.iter().find(|slot| slot.asked == self.id);
        let hint = own_slot.filter(|slot| slot.is_stand_in()).map(|slot| slot.owner);
        if let Some(why) = self.refuses_hint(&request.place, hint, cx) {
            // Its own copy would be the first one.
            cx.effects.cancel_timer(Timer::Request(number), why);
            self.answer(request.asked, Answer::Unavailable, why, cx);
            return;
        }
        let reads_all = known.iter().all(|version| context.covers(&version.dot));
        if !reads_all && cx.breaks(Rule::ContextCoversUnread) {
            context.join(&known.context());
        }
        let dot = self.next_dot(cx);
        context.exclude(&dot);
        self.truncate(&mut context, &known, cx);
        let (value, is_deleted) = match change {
            Change::Value(value) => (value, false),
            Change::Delete => ("".into(), true),
        };
        let siblings = known.merge(&Siblings::of(Version { dot, context, value, is_deleted }));
        request.work = Work::Write { dot, siblings: siblings.clone(), is_sent: false };
        let (place, slots) = (request.place.clone(), request.slots.len());
        self.requests.insert(number, request);
        let why = Reason::NewVersion { position, siblings: siblings.len() as u16 };
        self.store(&place, &siblings, hint, why, cx);
        if slots > 1 {
            cx.effects.reached(Rule::TwoReplicasOnOneNode);
        }
        if cx.breaks(Rule::ToldBeforeOwnDisk) {
            self.send_writes(number, cx);
            return;
        }
        self.when_durable(Action::Coordinate { number }, cx);
    }

    /// The event of a new version. A process that has counted to the end goes on as another writer.
    fn next_dot(&mut self, cx: &mut Context) -> Dot {
        if self.versions_made >= COUNT_MAX {
            (self.versions_made, self.life) = (0, self.life.wrapping_add(1));
            let why = Reason::RemembersStarts { starts: self.starts };
            self.append(Record::Started { starts: self.starts, life: self.life }, why, cx);
        }
        self.versions_made += 1;
        let writer = Writer { node: self.id, life: self.life };
        Dot { writer, counter: numbered(self.starts, self.versions_made) }
    }

    /// Cuts a version vector to its bound (§4.4). What is just being replaced stays covered.
    fn truncate(&self, context: &mut VersionVector, known: &Siblings, cx: &mut Context) {
        let limit = cx.options.vector_entries_max as usize;
        if limit == 0 || context.iter().len() <= limit {
            return;
        }
        let replaced = known.iter().filter(|version| context.covers(&version.dot));
        let keep: BTreeSet<Writer> = replaced.map(|version| version.dot.writer).collect();
        let entries = context.truncate(limit, &keep) as u32;
        cx.effects.note(Reason::VectorTruncated { entries });
    }

    /// The coordinator's copy is on disk; now the others are asked.
    pub(super) fn send_writes(&mut self, number: RequestNumber, cx: &mut Context) {
        let Some(request) = self.requests.get_mut(&number) else { return };
        let Work::Write { siblings, is_sent, .. } = &mut request.work else { return };
        *is_sent = true;
        let (place, siblings) = (request.place.clone(), siblings.clone());
        let slots: Vec<Slot> = request.slots.clone();
        for slot in &slots {
            self.ask(number, slot, cx);
        }
        // Who is about to own the key is told, too, and does not count.
        let position = place.position;
        for to in self.rings.coming.owners(&place, cx.options) {
            let is_joining = self.membership.get(to).status == Status::Joining;
            if is_joining && to != self.id && !slots.iter().any(|slot| slot.asked == to) {
                let (place, siblings) = (place.clone(), siblings.clone());
                let message = Message::Write { number: None, place, siblings, hint: None };
                cx.effects.send(to, message, Reason::WritesToJoining { position, to });
            }
        }
        self.conclude_write(number, cx);
    }

    pub(super) fn on_write_answer(
        &mut self,
        from: NodeId,
        number: RequestNumber,
        is_owner: bool,
        cx: &mut Context,
    ) {
        let stored = match self.requests.get(&number).map(|request| &request.work) {
            Some(Work::Write { siblings, .. }) => siblings.clone(),
            _ => Siblings::default(),
        };
        if self.count_answer(number, from, stored, is_owner, cx) {
            cx.effects.note(Reason::ReplicaWrote { from });
            self.conclude_write(number, cx);
        } else {
            cx.effects.note(Reason::LateAnswer { from });
        }
    }

    /// Answers once the version is on W disks.
    pub(super) fn conclude_write(&mut self, number: RequestNumber, cx: &mut Context) {
        let Some(request) = self.requests.get(&number) else { return };
        let Work::Write { dot, is_sent: true, .. } = request.work else { return };
        let (have, needed) = self.quorum(request, cx.options);
        let all_answered = request.slots.iter().all(|slot| slot.answer.is_some());
        let is_enough =
            have >= needed || have.saturating_add(1) == needed && cx.breaks(Rule::AcknowledgedByTooFew);
        if is_enough && !request.is_answered {
            let (asked, place) = (request.asked, request.place.clone());
            if let Some(request) = self.requests.get_mut(&number) {
                request.is_answered = true;
            }
            self.answer(
                asked,
                Answer::Written { place, dot },
                Reason::WriteAcknowledged { have, needed },
                cx,
            );
        }
        if all_answered && self.requests.get(&number).is_some_and(|request| request.is_answered) {
            self.end_request(number, Reason::AllReplicasAnswered, cx);
        }
    }
}
