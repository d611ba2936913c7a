//! What is said, answered and timed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::slots::{Slot, Value};
use crate::protocol::NodeId;
use crate::protocol::key_value::Outcome;
use crate::protocol::paxos::Ballot;

/// What an acceptor knows of a slot, for the proposer of a new ballot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The slot.
    pub slot: Slot,
    /// The ballot under which the acceptor has accepted the value; `None` if it knows that the value was
    /// chosen, which ends all questions.
    pub accepted: Option<Ballot>,
    /// The value.
    pub value: Value,
}

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Phase 1a for all slots at once ("Paxos Made Simple" §3).
    Prepare {
        /// The proposer's ballot.
        ballot: Ballot,
        /// The first slot that the proposer does not know to be chosen; it wants to hear of this one and of
        /// all after it.
        from: Slot,
    },
    /// Phase 1b: promised, for all slots.
    Promise {
        /// The ballot.
        ballot: Ballot,
        /// Up to here the acceptor has trimmed its log: these slots are chosen, and it can only tell what
        /// became of them.
        trimmed: Slot,
        /// The slots that the acceptor knows something about, in order.
        reports: Arc<[Report]>,
    },
    /// Phase 2a for one slot.
    Accept {
        /// The leader's ballot.
        ballot: Ballot,
        /// The slot.
        slot: Slot,
        /// The value.
        value: Value,
    },
    /// Phase 2b for one slot.
    Accepted {
        /// The ballot.
        ballot: Ballot,
        /// The slot.
        slot: Slot,
    },
    /// Acceptor to proposer: your ballot is too low.
    Refused {
        /// The ballot that is refused.
        ballot: Ballot,
        /// The higher one that the acceptor has promised.
        promised: Ballot,
    },
    /// This value was chosen for this slot ("Paxos Made Moderately Complex": `decision`).
    Decision {
        /// The slot.
        slot: Slot,
        /// The value.
        value: Value,
    },
    /// The leader lives; and does everybody still follow it?
    Heartbeat {
        /// The leader's ballot.
        ballot: Ballot,
        /// All slots up to this one are chosen.
        chosen_through: Slot,
        /// The number of the question, for reads that wait for the answer.
        round: u64,
    },
    /// Acceptor to leader: I have promised no higher ballot.
    StillFollowing {
        /// The leader's ballot.
        ballot: Ballot,
        /// The number of the question.
        round: u64,
    },
    /// Tell me what was chosen from this slot on.
    CatchUp {
        /// The first slot that the sender does not know.
        from: Slot,
    },
    /// What was chosen for consecutive slots.
    Decisions {
        /// The first of these slots.
        first: Slot,
        /// Their values.
        values: Arc<[Value]>,
        /// There is more: all slots up to this one are chosen.
        chosen_through: Slot,
    },
    /// A part of the state machine as it was after a slot, for a node that asks for slots which were trimmed.
    Snapshot {
        /// The last slot that the state includes.
        through: Slot,
        /// How many bytes the whole state has.
        total: u64,
        /// How many bytes of it come before these.
        offset: u64,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// Node that is behind to the one that sends it a snapshot: go on from here.
    SnapshotMore {
        /// The last slot that the state includes.
        through: Slot,
        /// How many bytes of it have arrived.
        offset: u64,
    },
    /// Would-be leader to acceptor: would you promise this ballot? It has no effect on the acceptor.
    Canvass {
        /// The ballot that would be begun.
        ballot: Ballot,
    },
    /// Acceptor to would-be leader: I would, and I hear no leader.
    WouldPromise {
        /// The ballot.
        ballot: Ballot,
    },
}

/// No slot beyond this one is believed: far more than any cluster can fill, and far enough from the end of the numbers
/// that nothing wraps around.
const SLOT_MAX: Slot = 1 << 62;

impl Message {
    /// Whether its numbers can be what a node of this cluster says. A message that arrives damaged, or from a
    /// program that is not this one, must neither be believed nor stop the process.
    pub(super) fn is_plausible(&self, nodes: u16) -> bool {
        let issued = |ballot: &Ballot| ballot.node.0 < nodes && ballot.round > 0;
        match self {
            Message::Prepare { ballot, from } => issued(ballot) && *from <= SLOT_MAX,
            Message::Promise { ballot, trimmed, reports } => {
                issued(ballot)
                    && *trimmed <= SLOT_MAX
                    && reports.iter().all(|report| report.slot <= SLOT_MAX && report.slot > *trimmed)
            }
            Message::Accept { ballot, slot, .. } | Message::Accepted { ballot, slot } => {
                issued(ballot) && (1..=SLOT_MAX).contains(slot)
            }
            Message::Refused { ballot, promised } => issued(ballot) && issued(promised),
            Message::Decision { slot, .. } => (1..=SLOT_MAX).contains(slot),
            Message::Heartbeat { ballot, chosen_through, .. } => {
                issued(ballot) && *chosen_through <= SLOT_MAX
            }
            Message::StillFollowing { ballot, .. }
            | Message::Canvass { ballot }
            | Message::WouldPromise { ballot } => issued(ballot),
            Message::CatchUp { from } => *from <= SLOT_MAX,
            Message::Decisions { first, chosen_through, .. } => {
                (1..=SLOT_MAX).contains(first) && *chosen_through <= SLOT_MAX
            }
            Message::Snapshot { through, .. } | Message::SnapshotMore { through, .. } => *through <= SLOT_MAX,
        }
    }
}

/// The timers of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Nothing was heard from a leader for too long.
    Election,
    /// The leader lets the others hear from it.
    Heartbeat,
    /// A proposer in phase 1 asks silent acceptors again.
    PrepareAgain,
}

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The command was chosen and applied, or the read was confirmed.
    Done(Outcome),
    /// Only a leader serves clients. What was asked may happen all the same if this node led until now, so it
    /// is to be asked again under the same number.
    NotLeader {
        /// Whom the node takes for the leader.
        hint: Option<NodeId>,
    },
    /// Too many requests wait at the leader; nothing was done.
    Overloaded,
}

/// What an operator can ask of a running node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Try to become the leader now, without waiting for a timer.
    TryToLead,
}
