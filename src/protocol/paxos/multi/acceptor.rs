//! The acceptor: one promise for all slots, and a value for each.

use std::sync::Arc;

use super::slots::{Accepted, Slot, Value};
use super::storage::{Record, Waiting};
use super::{Message, MultiPaxos, Reason, Report, Rule, Turn};
use crate::protocol::NodeId;
use crate::protocol::paxos::Ballot;

impl MultiPaxos {
    /// Phase 1b, for all slots from `first` on ("Paxos Made Simple" §3).
    pub(super) fn on_prepare(&mut self, from: NodeId, ballot: Ballot, first: Slot, turn: &mut Turn<'_, '_>) {
        if self.promised > Some(ballot) && turn.breaks(Rule::PromiseBelowPromise) {
            self.promised = None;
        }
        if self.refuses(from, ballot, turn) {
            return;
        }
        if self.waiting.is_full() {
            turn.effects.note(Reason::DiskBehind);
            return;
        }
        let reports: Arc<[Report]> = self
            .slots
            .iter_from(first)
            .filter_map(|(slot, state)| match (&state.chosen, &state.accepted) {
                (Some(value), _) => Some(Report { slot, accepted: None, value: value.clone() }),
                (None, Some(Accepted { ballot, value })) => {
                    Some(Report { slot, accepted: Some(*ballot), value: value.clone() })
                }
                (None, None) => None,
            })
            .collect();
        let why = Reason::Promised { ballot, reported: reports.len() as u32 };
        if self.promised != Some(ballot) {
            self.promised = Some(ballot);
            self.write_durably(Record::Promised { ballot }, why, turn);
        }
        let message = Message::Promise { ballot, trimmed: self.slots.trimmed(), reports };
        self.answer(Rule::PromiseBeforeDurable, from, message, why, turn);
        self.outbid_by(ballot, turn);
    }

    /// Phase 2b, for one slot.
    pub(super) fn on_accept(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        slot: Slot,
        value: Value,
        turn: &mut Turn<'_, '_>,
    ) {
        let below = self.promised.filter(|promised| *promised > ballot);
        if below.is_some() && turn.breaks(Rule::AcceptBelowPromise) {
            self.promised = None;
        }
        if self.refuses(from, ballot, turn) {
            return;
        }
        if slot <= self.slots.trimmed() {
            // A word is enough: whoever is behind asks for what it lacks, one part at a time.
            let chosen_through = self.applied;
            let message = Message::Decisions { first: slot, values: Arc::default(), chosen_through };
            turn.say(from, message, Reason::AlreadyChosen { slot });
            return;
        }
        if self.waiting.is_full() {
            turn.effects.note(Reason::DiskBehind);
            return;
        }
        if let Some(chosen) = self.slots.chosen(slot).filter(|_| from != turn.me()) {
            let message = Message::Decision { slot, value: chosen.clone() };
            turn.say(from, message, Reason::AlreadyChosen { slot });
            return;
        }
        let why = Reason::Accepted { slot, ballot };
        let Some(state) = self.slots.get_mut(slot) else { return };
        if state.accepted.as_ref().map(|accepted| accepted.ballot) != Some(ballot) {
            state.accepted = Some(Accepted { ballot, value: value.clone() });
            if self.promised == Some(ballot) || !turn.breaks(Rule::AcceptWithoutPromise) {
                self.promised = Some(ballot);
            }
            self.promised = self.promised.max(below);
            self.write_durably(Record::Accepted { slot, ballot, value }, why, turn);
        }
        self.answer(Rule::AcceptBeforeDurable, from, Message::Accepted { ballot, slot }, why, turn);
        self.outbid_by(ballot, turn);
        if self.role.ballot().is_none() {
            self.hear(from, turn);
        }
    }

    /// Lets an answer leave once the disk holds what it rests on.
    fn answer(&mut self, rule: Rule, to: NodeId, message: Message, why: Reason, turn: &mut Turn<'_, '_>) {
        if !self.waiting.is_settled() && turn.breaks(rule) {
            turn.say(to, message, why);
            return;
        }
        self.waiting.hold(Waiting::Answer { to, message, why });
        self.release(turn);
    }

    /// Refuses a ballot below the promise, and names the higher one.
    pub(super) fn refuses(&mut self, from: NodeId, ballot: Ballot, turn: &mut Turn<'_, '_>) -> bool {
        let Some(promised) = self.promised.filter(|promised| *promised > ballot) else { return false };
        turn.say(from, Message::Refused { ballot, promised }, Reason::Refused { ballot, promised });
        true
    }
}
