//! A replica stores what it is sent and answers once that is on its disk (§4.5, §4.6).

use super::disk::Action;
use super::message::{Item, Message, RequestNumber};
use super::reason::Reason;
use super::ring::Place;
use super::version::Siblings;
use super::{Context, Dynamo};
use crate::protocol::NodeId;

impl Dynamo {
    pub(super) fn on_read(&mut self, from: NodeId, number: RequestNumber, place: &Place, cx: &mut Context) {
        let position = place.position;
        if self.membership.get(self.id).refilling || !self.knows_the_ring() {
            // What it holds is less than what it is supposed to hold, so it must not count.
            cx.effects.note(Reason::RefillingAnswersNoReads { position });
            return;
        }
        let siblings = self.on_disk(place);
        let why = Reason::AnswersRead { position, versions: siblings.len() as u16 };
        cx.effects.send(from, Message::ReadAnswer { number, siblings }, why);
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
        let why = match hint.filter(|owner| *owner != self.id) {
            Some(owner) => Reason::KeepsHint { position, owner },
            None => Reason::Stores { position, from },
        };
        self.store(place, siblings, hint, why, cx);
        if let Some(number) = number {
            let item = (place.clone(), siblings.clone());
            self.when_durable(Action::Acknowledge { to: from, number, item }, cx);
        }
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
            cx.effects.send(to, Message::WriteAnswer { number }, why);
        }
    }
}
