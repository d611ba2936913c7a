//! The slots of the log, as one node knows them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::chunked::Chunked;
use crate::protocol::key_value::Command;
use crate::protocol::paxos::Ballot;
use crate::protocol::{ClientId, RequestId, shared};

/// The number of a place in the log; 1 is the first.
pub type Slot = u64;

/// What a slot can hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Value {
    /// Nothing: it fills a gap that a leader left behind ("Paxos Made Simple" §3).
    NoOp,
    /// A client's command.
    Command(#[serde(deserialize_with = "shared::value")] Arc<ClientCommand>),
}

/// A command with the client that issued it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClientCommand {
    /// Who.
    pub client: ClientId,
    /// Under which number.
    pub request: RequestId,
    /// What.
    pub command: Command,
}

/// A value with the ballot under which it was accepted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// The ballot.
    pub ballot: Ballot,
    /// The value.
    pub value: Value,
}

/// What a node knows of one slot.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SlotState {
    /// What it has accepted, as an acceptor.
    pub accepted: Option<Accepted>,
    /// What it knows to be chosen, as a learner.
    pub chosen: Option<Value>,
}

/// The slots that are not trimmed. Clones share what they have in common.
#[derive(Clone, PartialEq, Debug)]
pub struct Slots {
    states: Chunked<SlotState>,
    trimmed: Slot,
}

impl Slots {
    /// How far a slot may lie beyond the last one that is known. No leader gets that far ahead of itself; a
    /// message that names such a slot is nonsense, and would cost memory.
    pub(super) const AHEAD_MAX: u64 = 1 << 16;

    /// No slot is known; those up to `trimmed` are gone.
    pub fn after(trimmed: Slot) -> Slots {
        Slots { states: Chunked::starting_at(trimmed + 1), trimmed }
    }

    /// The slots up to this one are gone; what became of them is in the state machine.
    pub fn trimmed(&self) -> Slot {
        self.trimmed
    }

    /// The last slot that anything is known about, or the last one that was trimmed.
    pub fn last(&self) -> Slot {
        self.states.end() - 1
    }

    /// What is known of a slot; `None` if it was trimmed or lies beyond the last one.
    pub fn get(&self, slot: Slot) -> Option<&SlotState> {
        if slot <= self.trimmed { None } else { self.states.get(slot) }
    }

    /// What was accepted for a slot.
    pub fn accepted(&self, slot: Slot) -> Option<&Accepted> {
        self.get(slot)?.accepted.as_ref()
    }

    /// What is known to be chosen for a slot.
    pub fn chosen(&self, slot: Slot) -> Option<&Value> {
        self.get(slot)?.chosen.as_ref()
    }

    /// The slots from `from` on with what is known of them, in order. Gaps are among them.
    pub fn iter_from(&self, from: Slot) -> impl Iterator<Item = (Slot, &SlotState)> {
        let first = from.max(self.trimmed + 1).max(self.states.start());
        (first..).zip(self.states.iter_from(first))
    }

    /// What is known of a slot, to be changed; `None` if it was trimmed or is nonsense.
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut SlotState> {
        if slot <= self.trimmed || slot > self.last().saturating_add(Self::AHEAD_MAX) {
            return None;
        }
        while self.states.end() <= slot {
            self.states.push(SlotState::default());
        }
        self.states.get_mut(slot)
    }

    /// Forgets the slots up to `through`.
    pub(super) fn trim(&mut self, through: Slot) {
        self.trimmed = self.trimmed.max(through);
        self.states.forget_before(self.trimmed + 1);
        if self.states.end() <= self.trimmed {
            self.states = Chunked::starting_at(self.trimmed + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(slots: &mut Slots, slot: Slot) {
        let ballot = Ballot { round: slot as u32, node: crate::protocol::NodeId(0) };
        slots.get_mut(slot).unwrap().accepted = Some(Accepted { ballot, value: Value::NoOp });
    }

    #[test]
    fn slots_can_be_filled_in_any_order_and_what_is_trimmed_is_gone() {
        let mut slots = Slots::after(0);
        for slot in [200, 3, 70] {
            accept(&mut slots, slot);
        }
        let filled = |slots: &Slots| -> Vec<Slot> {
            slots.iter_from(1).filter(|(_, state)| state.accepted.is_some()).map(|(slot, _)| slot).collect()
        };
        assert_eq!((filled(&slots), slots.last()), (vec![3, 70, 200], 200));
        slots.trim(70);
        assert_eq!((filled(&slots), slots.trimmed(), slots.get(70)), (vec![200], 70, None));
        slots.trim(500);
        assert_eq!((filled(&slots), slots.last()), (vec![], 500));
        accept(&mut slots, 501);
        assert_eq!(filled(&slots), [501]);
    }

    #[test]
    fn a_slot_that_no_leader_can_have_reached_costs_nothing() {
        assert_eq!(Slots::after(0).get_mut(u64::MAX), None);
    }
}
