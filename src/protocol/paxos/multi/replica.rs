//! The learner of every node: what is chosen is applied in order, and what was missed is asked for.

use std::sync::Arc;

use super::slots::{Slot, Value};
use super::storage::Record;
use super::{Message, MultiPaxos, Reason, Role, Rule, Turn};
use crate::protocol::NodeId;

impl MultiPaxos {
    /// Takes note that a value is chosen. It is applied once all slots before it are.
    pub(super) fn choose(&mut self, slot: Slot, value: Value, why: Reason, turn: &mut Turn<'_, '_>) {
        if slot <= self.applied {
            return;
        }
        let Some(state) = self.slots.get_mut(slot).filter(|state| state.chosen.is_none()) else { return };
        let accepted = state.accepted.as_ref().is_some_and(|accepted| accepted.value == value);
        state.chosen = Some(value.clone());
        turn.effects.note(why);
        let record = if accepted { Record::Chosen { slot } } else { Record::Learned { slot, value } };
        self.write(record, why, turn);
        if let Role::Leading(leading) = &mut self.role
            && let Some(in_flight) = leading.in_flight.remove(&slot)
            && let Value::Command(command) = in_flight.value
            && self.slots.chosen(slot) != Some(&Value::Command(command.clone()))
        {
            // This happens only where a rule is broken on purpose. The command gets another slot, or its client
            // would wait for ever.
            leading.queue.push_back(command);
        }
    }

    /// Applies what can be applied, in order, and does what waited for it.
    pub(super) fn apply(&mut self, turn: &mut Turn<'_, '_>) {
        let from = self.applied + 1;
        while let Some(value) = self.next_to_apply(turn) {
            self.applied += 1;
            if let Value::Command(command) = value {
                if self.store.remembered(command.client, command.request).is_some()
                    && turn.breaks(Rule::IgnoreSessions)
                {
                    self.store.forget_session(command.client);
                }
                let outcome = self.store.apply(command.client, command.request, &command.command);
                self.answer_applied(self.applied, &command, outcome, turn);
            }
        }
        if self.applied >= from {
            turn.effects.note(Reason::Applied { from, through: self.applied });
            self.serve_reads(turn);
            self.trim_if_due(turn);
            self.recount_promises(turn);
        }
    }

    /// The value of the slot after the last that is applied, if it is known to be chosen.
    fn next_to_apply(&self, turn: &mut Turn<'_, '_>) -> Option<Value> {
        if let Some(value) = self.slots.chosen(self.applied + 1) {
            return Some(value.clone());
        }
        let waits = self.slots.chosen(self.applied + 2).is_some();
        (waits && turn.breaks(Rule::ApplyOverGaps)).then_some(Value::NoOp)
    }

    /// A value was chosen for a slot.
    pub(super) fn on_decision(&mut self, slot: Slot, value: Value, turn: &mut Turn<'_, '_>) {
        self.choose(slot, value, Reason::ChosenHeard { slot }, turn);
        self.apply(turn);
        self.propose_waiting(turn);
    }

    /// The leader has applied more than this node. What is on its way arrives by itself; if nothing has come
    /// between two heartbeats, it is asked for.
    pub(super) fn notice_gap(&mut self, leader: NodeId, chosen_through: Slot, turn: &mut Turn<'_, '_>) {
        if self.applied >= chosen_through {
            self.stuck_at = None;
        } else if self.stuck_at == Some(self.applied) {
            self.stuck_at = None;
            self.catch_up(leader, chosen_through, turn);
        } else {
            self.stuck_at = Some(self.applied);
        }
    }

    /// Another node is behind.
    pub(super) fn on_catch_up(&mut self, from: NodeId, first: Slot, turn: &mut Turn<'_, '_>) {
        self.outgoing.retain(|(node, outgoing)| *node != from || outgoing.through >= first);
        if first > self.applied {
            return;
        }
        if first <= self.slots.trimmed() {
            self.tell_snapshot(from, first, turn);
            return;
        }
        let most = turn.setup.options.catch_up_slots_max as usize;
        let values: Arc<[Value]> = self
            .slots
            .iter_from(first)
            .take_while(|(slot, _)| *slot <= self.applied)
            .map_while(|(_, state)| state.chosen.clone())
            .take(most)
            .collect();
        if values.is_empty() {
            return;
        }
        let why = Reason::DecisionsTold { from: first, through: first + values.len() as u64 - 1 };
        let chosen_through = self.applied;
        turn.say(from, Message::Decisions { first, values, chosen_through }, why);
    }

    /// What was missed, or a part of it.
    pub(super) fn on_decisions(
        &mut self,
        from: NodeId,
        first: Slot,
        values: &[Value],
        chosen_through: Slot,
        turn: &mut Turn<'_, '_>,
    ) {
        let (before, nothing_told) = (self.applied, values.is_empty());
        for (slot, value) in (first..).zip(values) {
            self.choose(slot, value.clone(), Reason::ChosenHeard { slot }, turn);
        }
        self.apply(turn);
        self.propose_waiting(turn);
        if (nothing_told || self.applied > before) && self.applied < chosen_through {
            self.catch_up(from, chosen_through, turn);
        }
    }
}
