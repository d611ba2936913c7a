//! A replica stores what it is sent and answers once that is on its disk (§4.5, §4.6).

use std::sync::Arc;

use super::disk::Action;
use super::message::{Item, Message, RequestNumber};
use super::options::Rule;
use super::reason::Reason;
use super::ring::Place;
use super::storage::Held;
use super::version::Siblings;
use super::{Context, Dynamo};
use crate::protocol::NodeId;

impl Dynamo {
    pub(super) fn on_read(&mut self, from: NodeId, number: RequestNumber, place: &Place, cx: &mut Context) {
        let position = place.position;
        if !self.may_answer_reads(place, cx) {
            return;
        }
        let (siblings, is_owner) = (self.read_here(place, cx), self.has_its_share(place, cx.options));
        let why = Reason::AnswersRead { position, versions: siblings.len() as u16 };
        cx.effects.send(from, Message::ReadAnswer { number, siblings, is_owner }, why);
    }

    /// A node that holds less than it is supposed to hold must not count in a read.
    pub(super) fn may_answer_reads(&mut self, place: &Place, cx: &mut Context) -> bool {
        let lacks = self.membership.get(self.id).refilling || !self.knows_the_ring();
        if lacks && !cx.breaks(Rule::RefillingAnswersReads) {
            cx.effects.note(Reason::RefillingAnswersNoReads { position: place.position });
            return false;
        }
        true
    }

    /// What others may read here of a key: what is on disk.
    pub(super) fn read_here(&mut self, place: &Place, cx: &mut Context) -> Siblings {
        let Some(held) = self.data.get(place) else { return Siblings::default() };
        let is_broken = held.siblings != held.durable && cx.breaks(Rule::ReadFromMemory);
        if is_broken { held.siblings.clone() } else { held.durable.clone() }
    }

    pub(super) fn on_write(
        &mut self,
        from: NodeId,
        number: Option<RequestNumber>,
        place: &Place,
        siblings: &Siblings,
        hint: Option<NodeId>,
        cx: &mut Context,
    ) {
        if *place != Place::of(&place.key) {
            return;
        }
        let position = place.position;
        if self.refuses_hint(place, hint, cx).is_some() {
            return;
        }
        let why = match hint.filter(|owner| *owner != self.id) {
            Some(owner) => Reason::KeepsHint { position, owner },
            None => Reason::Stores { position, from },
        };
        if number.is_none()
            && hint.is_none()
            && self.siblings_of(place).merge(siblings) != *siblings
            && cx.breaks(Rule::RepairOverwrites)
            && let Some(held) = Arc::make_mut(&mut self.data).get_mut(place)
        {
            held.siblings = Siblings::default();
        }
        self.store(place, siblings, hint, why, cx);
        if let Some(number) = number {
            if !self.has_all_on_disk(&(place.clone(), siblings.clone()))
                && cx.breaks(Rule::AcknowledgedBeforeDurable)
            {
                let is_owner = self.owns(place, cx.options);
                let answer = Message::WriteAnswer { number, is_owner };
                cx.effects.send(from, answer, Reason::StoredDurably { position });
                return;
            }
            let item = (place.clone(), siblings.clone());
            self.when_durable(Action::Acknowledge { to: from, number, item }, cx);
        }
    }

    /// Why it does not stand in with one more key, if it does not: it would keep as many as it is sent while an owner is
    /// out of reach. What it keeps already, it goes on keeping. Whoever asked looks for another node.
    pub(super) fn refuses_hint(
        &mut self,
        place: &Place,
        hint: Option<NodeId>,
        cx: &mut Context,
    ) -> Option<Reason> {
        let owner = hint.filter(|owner| *owner != self.id)?;
        let most = cx.options.hinted_keys_max as usize;
        let is_hinted = |held: &Held| !held.hints.is_empty();
        if most == 0 || self.data.len() < most || self.data.get(place).is_some_and(is_hinted) {
            return None;
        }
        let keys = self.data.values().filter(|held| is_hinted(held)).count();
        if keys < most {
            return None;
        }
        let why = Reason::TooManyHints { position: place.position, owner, keys: keys as u32 };
        cx.effects.note(why);
        Some(why)
    }

    /// What was written is on disk; unless it was given away again meanwhile.
    pub(super) fn acknowledge_write(
        &mut self,
        to: NodeId,
        number: RequestNumber,
        item: &Item,
        cx: &mut Context,
    ) {
        if self.has_all_on_disk(item) {
            let why = Reason::StoredDurably { position: item.0.position };
            let is_owner = self.owns(&item.0, cx.options);
            cx.effects.send(to, Message::WriteAnswer { number, is_owner }, why);
        }
    }
}
