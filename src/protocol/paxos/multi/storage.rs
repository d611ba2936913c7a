//! What a node writes to its disk, and what it makes of what it finds there.

use serde::{Deserialize, Serialize};

use super::slots::{Accepted, Slot, SlotState, Slots, Value};
use super::{Message, MultiPaxos, Reason, Rule, Turn};
use crate::protocol::NodeId;
use crate::protocol::key_value::Store;
use crate::protocol::paxos::{Ballot, NodeSet};
use crate::protocol::wal::{Recovered, Tail};

/// What stands in the log on disk. A later record has precedence.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Record {
    /// The operator gave the node this disk. A disk without it was lost.
    Formatted {
        /// The node that it belongs to.
        node: NodeId,
    },
    /// The acceptor accepts nothing below this ballot. A proposer writes it too before it uses a ballot of its
    /// own, so that it does not use it twice.
    Promised {
        /// The ballot.
        ballot: Ballot,
    },
    /// The acceptor has accepted a value for a slot (and thereby promised its ballot).
    Accepted {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
        /// The value.
        value: Value,
    },
    /// The value that is accepted for this slot is chosen. This and the next kind save work after a restart,
    /// and nobody waits for them.
    Chosen {
        /// The slot.
        slot: Slot,
    },
    /// This value is chosen for this slot.
    Learned {
        /// The slot.
        slot: Slot,
        /// The value.
        value: Value,
    },
    /// The state machine after a slot.
    Snapshot {
        /// The last slot that the state includes.
        through: Slot,
        /// The slots up to this one are not in the log any more.
        trimmed: Slot,
        /// The state.
        store: Store,
    },
}

/// Something that must not be done before the disk holds what it rests on.
#[derive(Clone, PartialEq, Debug)]
pub enum Waiting {
    /// The proposer may send its prepare requests: the ballot is on disk and will not be used twice.
    Prepare(Ballot),
    /// The acceptor may answer.
    Answer {
        /// Whom.
        to: NodeId,
        /// What.
        message: Message,
        /// Why.
        why: Reason,
    },
}

impl MultiPaxos {
    /// Takes up what the disk holds, or stays out if it cannot be trusted.
    pub(super) fn recover(&mut self, disk: Recovered<Record>, turn: &mut Turn<'_, '_>) {
        let holds_a_role: NodeSet = turn.acceptors().union(turn.proposers());
        let damaged = matches!(disk.tail, Tail::Damaged { .. });
        let formatted = matches!(disk.records.first(), Some(Record::Formatted { .. }));
        if holds_a_role.contains(turn.me()) && (damaged || !formatted) {
            let rule = if damaged { Rule::DamagedDiskRejoins } else { Rule::LostDiskRejoins };
            if !turn.breaks(rule) {
                self.trusted = false;
                turn.effects.note(if damaged { Reason::DiskDamaged } else { Reason::DiskLost });
                return;
            }
            // The process begins anew on what can be read.
            let mut records = disk.records.clone();
            records.retain(|record| !matches!(record, Record::Formatted { .. }));
            records.insert(0, Record::Formatted { node: turn.me() });
            turn.effects.rewrite(records, Reason::DiskLost);
        }
        for record in disk.records {
            match record {
                Record::Formatted { .. } => {}
                Record::Promised { ballot } => self.recover_promise(ballot, turn),
                Record::Accepted { slot, ballot, value } => {
                    if !turn.setup.options.break_rules.accept_without_promise {
                        self.recover_promise(ballot, turn);
                    }
                    let known = self.slots.accepted(slot).map(|accepted| accepted.ballot);
                    if let Some(state) = self.slots.get_mut(slot).filter(|_| known <= Some(ballot)) {
                        state.accepted = Some(Accepted { ballot, value });
                    }
                }
                Record::Chosen { slot } => {
                    if let Some(state) = self.slots.get_mut(slot) {
                        state.chosen = state.accepted.as_ref().map(|accepted| accepted.value.clone());
                    }
                }
                Record::Learned { slot, value } => {
                    if let Some(state) = self.slots.get_mut(slot) {
                        state.chosen = Some(value);
                    }
                }
                Record::Snapshot { through, trimmed, store } => {
                    (self.applied, self.store, self.saved) = (through, store, through);
                    self.slots = Slots::after(trimmed);
                }
            }
        }
        (self.highest, self.issued) = (self.promised, self.promised);
        if let Some(Ballot { round, node }) = self.promised
            && node == turn.me()
            && turn.breaks(Rule::ReuseBallotAfterRestart)
        {
            // The highest ballot below the one that it had issued.
            let below = Ballot { round: round.saturating_sub(1), node: NodeId(u16::MAX) };
            (self.highest, self.issued) = (Some(below), None);
        }
        if let Some(promised) = self.promised
            && turn.breaks(Rule::ForgetPromiseAtRestart)
        {
            turn.effects.note(Reason::PromiseForgotten { promised });
            self.promised = None;
        }
        self.apply(turn);
        let unfinished = |state: &SlotState| state.accepted.is_some() && state.chosen.is_none();
        if self.slots.iter_from(self.applied + 1).any(|(_, state)| unfinished(state))
            && turn.breaks(Rule::ForgetAcceptedAtRestart)
        {
            for slot in self.applied + 1..=self.slots.last() {
                if let Some(state) = self.slots.get_mut(slot).filter(|state| unfinished(state)) {
                    state.accepted = None;
                }
            }
        }
        let why = Reason::Started { promised: self.promised, applied: self.applied };
        turn.effects.note(why);
        // What was read may be in the memory of the machine only, if it was the process that ended; whoever was told
        // of it since would be told wrong after a loss of power. So nothing is said of it before a sync has finished.
        let sync = self.waiting.issue();
        turn.effects.sync(sync, why);
        if turn.breaks(Rule::TrustPageCache) {
            self.waiting.finish(sync);
        }
    }

    fn recover_promise(&mut self, ballot: Ballot, turn: &mut Turn<'_, '_>) {
        if self.promised <= Some(ballot) || turn.breaks(Rule::ReplayByOverwriting) {
            self.promised = Some(ballot);
        }
    }

    /// Writes a record whose loss nobody would notice. A node that stays out writes nothing.
    #[track_caller]
    pub(super) fn write(&mut self, record: Record, why: Reason, turn: &mut Turn<'_, '_>) {
        if self.trusted {
            turn.effects.append(record, why);
        }
    }

    /// Writes a record and sees to it that it becomes durable.
    #[track_caller]
    pub(super) fn write_durably(&mut self, record: Record, why: Reason, turn: &mut Turn<'_, '_>) {
        if self.trusted {
            turn.effects.append(record, why);
            turn.effects.sync(self.waiting.issue(), why);
        }
    }

    /// Does what the disk no longer holds up.
    pub(super) fn release(&mut self, turn: &mut Turn<'_, '_>) {
        while let Some(waiting) = self.waiting.pop_ready() {
            match waiting {
                Waiting::Prepare(ballot) => self.ballot_recorded(ballot, turn),
                Waiting::Answer { to, message, why } => turn.say(to, message, why),
            }
        }
    }

    /// Saves the state machine and trims the log once it has grown enough ("Paxos Made Live" §5.5).
    pub(super) fn trim_if_due(&mut self, turn: &mut Turn<'_, '_>) {
        let options = turn.setup.options;
        let every = u64::from(options.snapshot_every_slots);
        if every == 0 || self.applied - self.saved < every {
            return;
        }
        self.slots.trim(self.applied.saturating_sub(u64::from(options.kept_slots)));
        self.save(Reason::Trimmed { through: self.slots.trimmed(), snapshot: self.applied }, turn);
    }

    /// Replaces the log on disk by what still matters.
    pub(super) fn save(&mut self, why: Reason, turn: &mut Turn<'_, '_>) {
        self.saved = self.applied;
        if !self.trusted {
            turn.effects.note(why);
            return;
        }
        let (through, trimmed) = (self.applied, self.slots.trimmed());
        let mut records = vec![Record::Formatted { node: turn.me() }];
        let binding = self.promised.max(self.issued);
        let binding = binding.filter(|_| !turn.breaks(Rule::TrimPromise));
        records.extend(binding.map(|ballot| Record::Promised { ballot }));
        records.push(Record::Snapshot { through, trimmed, store: self.store.clone() });
        for (slot, state) in self.slots.iter_from(trimmed + 1) {
            if let Some(Accepted { ballot, value }) = state.accepted.clone() {
                if state.chosen.is_none() && turn.breaks(Rule::TrimAccepted) {
                    continue;
                }
                records.push(Record::Accepted { slot, ballot, value });
            }
            match (&state.chosen, &state.accepted) {
                (None, _) => {}
                (Some(chosen), Some(accepted)) if accepted.value == *chosen => {
                    records.push(Record::Chosen { slot });
                }
                (Some(chosen), _) => records.push(Record::Learned { slot, value: chosen.clone() }),
            }
        }
        turn.effects.rewrite(records, why);
        turn.effects.sync(self.waiting.issue_for_replacement(), why);
    }
}
