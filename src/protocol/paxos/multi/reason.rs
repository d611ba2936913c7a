//! Why a step does what it does.

use serde::Serialize;

use super::slots::Slot;
use crate::protocol::NodeId;
use crate::protocol::paxos::Ballot;

/// The rules of the algorithm by name, with the figures that a sentence about them needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Reason {
    // Starting, and the disk.
    /// The node starts with what its disk holds.
    Started {
        /// The promise that it found.
        promised: Option<Ballot>,
        /// All slots up to this one are applied.
        applied: Slot,
    },
    /// The disk is empty although it had been formatted: the node stays out.
    DiskLost,
    /// A record that may have been synced is damaged: the node stays out.
    DiskDamaged,
    /// Broken on purpose: the acceptor forgets what it had promised.
    PromiseForgotten {
        /// What it had promised.
        promised: Ballot,
    },
    /// The node stays out because its disk cannot be trusted: it promises and accepts nothing.
    KeepsOut,
    /// The log has grown enough: the state machine is saved, and the slots before it are trimmed.
    Trimmed {
        /// The last slot that was trimmed.
        through: Slot,
        /// The last slot that the saved state includes.
        snapshot: Slot,
    },

    // Leadership.
    /// The node waits for a leader to be heard.
    AwaitLeader {
        /// How long, in µs.
        wait_us: u64,
    },
    /// No leader was heard for too long: the node wants to lead. Its ballot is on disk before it is used.
    BallotBegun {
        /// The new ballot.
        ballot: Ballot,
        /// What it had to be higher than.
        above: Option<Ballot>,
    },
    /// No leader was heard for too long: before it begins a ballot the node asks whether a quorum would promise it.
    Canvassed {
        /// The ballot that it would begin.
        ballot: Ballot,
    },
    /// An acceptor hears no leader and would promise the ballot.
    WouldPromise {
        /// The ballot.
        ballot: Ballot,
    },
    /// An acceptor would not promise the ballot: it hears a leader, or leads.
    LeaderIsHeard {
        /// The ballot.
        ballot: Ballot,
        /// The leader.
        leader: NodeId,
    },
    /// An acceptor says that it would promise.
    WillingnessCounted {
        /// The ballot.
        ballot: Ballot,
        /// How many would promise it.
        count: u16,
        /// How many it takes.
        needed: u16,
    },
    /// Too few acceptors have answered the leader for too long: it leads no more.
    Unheard {
        /// Its ballot.
        ballot: Ballot,
        /// How many have answered.
        heard: u16,
        /// How many it takes.
        needed: u16,
    },
    /// Phase 1 has taken too long: the node gives its ballot up.
    PhaseOneGivenUp {
        /// Its ballot.
        ballot: Ballot,
    },
    /// There is no higher ballot left to try.
    BallotsUsedUp,
    /// The operator asks the node to lead.
    OperatorAsks,
    /// Phase 1a, for all slots from the first that is not known to be chosen.
    Prepare {
        /// The ballot.
        ballot: Ballot,
        /// That slot.
        from: Slot,
    },
    /// A promise is counted.
    PromiseCounted {
        /// The ballot.
        ballot: Ballot,
        /// How many acceptors have promised it.
        count: u16,
        /// How many it takes.
        needed: u16,
    },
    /// A promise that does not count yet: its acceptor has trimmed slots that the proposer does not know, and reports
    /// nothing about them.
    PromiseBeyondKnown {
        /// The ballot.
        ballot: Ballot,
        /// Up to which slot the acceptor has trimmed.
        trimmed: Slot,
    },
    /// Phase 1 is over: the node leads.
    Leads {
        /// The ballot.
        ballot: Ballot,
        /// The first slot that is free for new commands.
        next: Slot,
    },
    /// Silent acceptors are asked again; messages can be lost.
    AskedAgain {
        /// The ballot.
        ballot: Ballot,
        /// How many acceptors have not answered.
        silent: u16,
    },
    /// A higher ballot is under way: this one is given up.
    Preempted {
        /// The node's own ballot.
        ballot: Ballot,
        /// The higher one.
        by: Ballot,
    },
    /// Back-off is switched off: a higher ballot follows at once.
    OutbidAtOnce {
        /// The ballot that has to be outbid.
        above: Ballot,
    },
    /// The leader lets the others hear from it.
    Heartbeat {
        /// The ballot.
        ballot: Ballot,
    },
    /// A leader is heard.
    LeaderHeard {
        /// Its ballot.
        ballot: Ballot,
    },

    // Acceptors.
    /// Phase 1b: promised for all slots, and on disk before the answer leaves.
    Promised {
        /// The ballot.
        ballot: Ballot,
        /// How many slots it reports.
        reported: u32,
    },
    /// Phase 2b: accepted, and on disk before the answer leaves.
    Accepted {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
    },
    /// A ballot below the promise is refused.
    Refused {
        /// The ballot.
        ballot: Ballot,
        /// The promise.
        promised: Ballot,
    },
    /// The slot is long since decided; the proposer hears how.
    AlreadyChosen {
        /// The slot.
        slot: Slot,
    },

    // The leader's slots.
    /// Phase 2a: a client's command gets a slot.
    Proposed {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
    },
    /// Phase 2a: a new leader finishes what an earlier one began, with the value of the highest-numbered
    /// proposal that the quorum reported (P2c).
    TakenOver {
        /// The slot.
        slot: Slot,
        /// The new ballot.
        ballot: Ballot,
        /// The ballot of the proposal whose value it takes over.
        from: Ballot,
    },
    /// Phase 2a: a new leader fills a gap with a no-op, because nobody in its quorum has accepted anything.
    GapFilled {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
    },
    /// Broken on purpose: phase 2a with a no-op, although the quorum reported a value.
    AcceptedValueIgnored {
        /// The slot.
        slot: Slot,
        /// The new ballot.
        ballot: Ballot,
        /// The ballot of the proposal that is ignored.
        from: Ballot,
    },
    /// An acceptance is counted.
    AcceptanceCounted {
        /// The slot.
        slot: Slot,
        /// How many acceptors have accepted.
        count: u16,
        /// How many it takes.
        needed: u16,
    },
    /// A quorum has accepted: the slot's value is chosen, and everybody is told.
    Chosen {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
        /// How many acceptors have accepted.
        count: u16,
    },

    // Learners.
    /// Another node told what was chosen.
    ChosenHeard {
        /// The slot, or the last of several.
        slot: Slot,
    },
    /// Consecutive slots are chosen, and applied in order.
    Applied {
        /// The first of them.
        from: Slot,
        /// The last of them.
        through: Slot,
    },
    /// The node has missed slots, and asks for them.
    CatchUp {
        /// The first slot that it does not know.
        from: Slot,
        /// The last slot that it knows it is missing.
        through: Slot,
    },
    /// A node that is behind is told what was chosen.
    DecisionsTold {
        /// The first slot.
        from: Slot,
        /// The last slot.
        through: Slot,
    },
    /// A node that is behind asks for slots which were trimmed, and gets the state after them.
    SnapshotTold {
        /// The last slot that the state includes.
        through: Slot,
    },
    /// Another part of the snapshot follows.
    SnapshotGoesOn {
        /// The last slot that the state includes.
        through: Slot,
        /// How many of its bytes have been sent.
        sent: u32,
        /// How many bytes it has.
        total: u32,
    },
    /// A part of a snapshot has arrived, and the next one is asked for.
    SnapshotPart {
        /// The last slot that the state includes.
        through: Slot,
        /// How many of its bytes have arrived.
        received: u32,
        /// How many bytes it has.
        total: u32,
    },
    /// The disk is so far behind that an answer is dropped.
    DiskBehind,
    /// A snapshot took the place of all slots that it includes.
    SnapshotInstalled {
        /// The last slot that it includes.
        through: Slot,
    },

    // Clients.
    /// Only a leader serves clients.
    NotLeader {
        /// Whom the node takes for the leader.
        hint: Option<NodeId>,
    },
    /// The command waits because enough slots are in phase 2.
    CommandWaits {
        /// How many commands wait.
        waiting: u32,
    },
    /// The same request is under way.
    AlreadyUnderWay,
    /// The request was applied before; its session remembers the answer.
    AnsweredFromSession,
    /// Too many requests wait.
    Overloaded,
    /// The command is chosen and applied: its client gets the answer.
    ClientAnswered {
        /// The slot that was applied.
        slot: Slot,
    },
    /// A read: before it is answered, a quorum has to confirm that it knows of no higher ballot.
    ReadWaits {
        /// The number of the question that it waits for.
        round: u64,
        /// All slots up to this one have to be applied, too.
        slot: Slot,
    },
    /// An acceptor has promised no higher ballot.
    StillFollowing {
        /// The leader's ballot.
        ballot: Ballot,
    },
    /// A quorum has confirmed the leader after the read had come in, so nothing newer can have been answered.
    ReadConfirmed {
        /// All slots up to this one are in the answer.
        slot: Slot,
        /// How many acceptors have confirmed.
        count: u16,
    },
}

impl Reason {
    /// The paper and section that ask for it; empty for what is no rule of a paper.
    pub fn section(&self) -> &'static str {
        use Reason::*;
        let read_only = "Paxos Made Moderately Complex, read-only commands";
        match self {
            Started { .. } | PromiseForgotten { .. } => "Paxos Made Simple §2.5",
            DiskLost | DiskDamaged | KeepsOut => {
                "Protocol-Aware Recovery, disentangling crashes and corruption"
            }
            Trimmed { .. }
            | SnapshotTold { .. }
            | SnapshotGoesOn { .. }
            | SnapshotPart { .. }
            | PromiseBeyondKnown { .. }
            | SnapshotInstalled { .. } => "Paxos Made Live §5.5",
            Canvassed { .. } | WouldPromise { .. } | LeaderIsHeard { .. } | WillingnessCounted { .. } => {
                "Consensus: Bridging Theory and Practice §9.6"
            }
            Unheard { .. } | PhaseOneGivenUp { .. } => "Consensus: Bridging Theory and Practice §6.2",
            CatchUp { .. } | DecisionsTold { .. } => "Paxos Made Live, catch-up",
            AwaitLeader { .. } | BallotBegun { .. } | Heartbeat { .. } | LeaderHeard { .. } => {
                "Paxos Made Simple §2.4"
            }
            OutbidAtOnce { .. } | AskedAgain { .. } => "Paxos Made Simple §2.4",
            BallotsUsedUp => "Paxos Made Simple §2.5",
            Prepare { .. } | Promised { .. } | Leads { .. } | GapFilled { .. } | Proposed { .. } => {
                "Paxos Made Simple §3"
            }
            PromiseCounted { .. } | AcceptanceCounted { .. } => "Flexible Paxos",
            Preempted { .. } => "Paxos Made Moderately Complex, leaders",
            Refused { .. } | Accepted { .. } | TakenOver { .. } | AcceptedValueIgnored { .. } => {
                "Paxos Made Simple §2.2"
            }
            Chosen { .. } | ChosenHeard { .. } => "Paxos Made Simple §2.3",
            AlreadyChosen { .. } | CommandWaits { .. } => "Paxos Made Moderately Complex, commanders",
            Applied { .. } => "Paxos Made Moderately Complex, replicas",
            AlreadyUnderWay | AnsweredFromSession => "Consensus: Bridging Theory and Practice §6.3",
            ReadWaits { .. } | StillFollowing { .. } | ReadConfirmed { .. } => read_only,
            OperatorAsks | NotLeader { .. } | Overloaded | ClientAnswered { .. } | DiskBehind => "",
        }
    }

    /// Whether a reader wants to stop here.
    pub fn is_milestone(&self) -> bool {
        matches!(
            self,
            Reason::Leads { .. }
                | Reason::Chosen { .. }
                | Reason::Preempted { .. }
                | Reason::BallotBegun { .. }
                | Reason::TakenOver { .. }
                | Reason::GapFilled { .. }
                | Reason::AcceptedValueIgnored { .. }
                | Reason::PromiseForgotten { .. }
                | Reason::SnapshotInstalled { .. }
                | Reason::Unheard { .. }
                | Reason::DiskLost
                | Reason::DiskDamaged
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_beside_an_effect() {
        assert!(size_of::<Reason>() <= 32, "{} bytes", size_of::<Reason>());
    }
}
