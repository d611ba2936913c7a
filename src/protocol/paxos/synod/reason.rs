//! Why a step does what it does.

use serde::Serialize;

use crate::protocol::NodeId;
use crate::protocol::paxos::Ballot;

/// The rules of the algorithm by name, with the figures that a sentence about them needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Reason {
    // Starting.
    /// The node starts with what its disk holds.
    Started {
        /// The promise that it found.
        promised: Option<Ballot>,
        /// The ballot of the accepted proposal that it found.
        accepted: Option<Ballot>,
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
    /// The log on disk is replaced by what still matters of it.
    LogShortened,

    // Clients.
    /// A client hands in a value, and the proposer takes it for its own.
    ValueTaken,
    /// The proposer is busy with the value of another client; this one waits to hear what is chosen.
    ValueWaits,
    /// The client hears which value was chosen.
    ClientAnswered,
    /// The node is no proposer and names one.
    NotProposer {
        /// Who is.
        ask: NodeId,
    },
    /// The node stays out because its disk cannot be trusted, and serves nobody.
    KeepsOut,

    // The proposer.
    /// A new ballot, higher than any the proposer has used or heard of; on disk before it is used.
    BallotBegun {
        /// The new ballot.
        ballot: Ballot,
        /// What it had to be higher than.
        above: Option<Ballot>,
    },
    /// There is no higher ballot left to try.
    BallotsUsedUp,
    /// Phase 1a: ask for promises.
    Prepare {
        /// The ballot.
        ballot: Ballot,
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
    /// Phase 2a with the value of the highest-numbered proposal that the quorum reported (P2c).
    AcceptedValueTakenOver {
        /// The ballot.
        ballot: Ballot,
        /// The ballot of the proposal whose value it takes over.
        from: Ballot,
    },
    /// Phase 2a with the proposer's own value: the quorum has accepted nothing yet.
    OwnValueProposed {
        /// The ballot.
        ballot: Ballot,
    },
    /// Broken on purpose: phase 2a with the proposer's own value, although the quorum reported another.
    AcceptedValueIgnored {
        /// The ballot.
        ballot: Ballot,
        /// The ballot of the proposal that is ignored.
        from: Ballot,
    },
    /// The quorum has accepted nothing, and the proposer has no value of its own.
    NothingToFinish {
        /// The ballot.
        ballot: Ballot,
    },
    /// An acceptance is counted.
    AcceptanceCounted {
        /// The ballot.
        ballot: Ballot,
        /// How many acceptors have accepted it.
        count: u16,
        /// How many it takes.
        needed: u16,
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
        /// The proposer's ballot.
        ballot: Ballot,
        /// The higher one.
        by: Ballot,
    },
    /// After a refusal the proposer waits for a random time, so that another can finish.
    BackOff {
        /// How long, in µs.
        wait_us: u64,
    },
    /// Back-off is switched off: a higher ballot follows at once.
    OutbidAtOnce {
        /// The ballot that has to be outbid.
        above: Ballot,
    },
    /// An answer to a ballot that the proposer has left behind.
    AnswerTooLate {
        /// That ballot.
        ballot: Ballot,
    },

    // The acceptor.
    /// Phase 1b: promised, and on disk before the answer leaves.
    Promised {
        /// The ballot.
        ballot: Ballot,
        /// The ballot of the highest-numbered proposal that was accepted.
        accepted: Option<Ballot>,
    },
    /// Phase 2b: accepted, and on disk before the answer leaves.
    Accepted {
        /// The ballot.
        ballot: Ballot,
    },
    /// A prepare request below the promise is refused.
    PrepareRefused {
        /// Its ballot.
        ballot: Ballot,
        /// The promise.
        promised: Ballot,
    },
    /// A proposal below the promise is refused.
    AcceptRefused {
        /// Its ballot.
        ballot: Ballot,
        /// The promise.
        promised: Ballot,
    },
    /// A prepare request that came late: its proposer is in phase 2 already.
    PrepareTooLate {
        /// Its ballot.
        ballot: Ballot,
    },
    /// The disk is so far behind that a request is dropped.
    DiskBehind,
    /// A learner is told which proposal the acceptor has accepted.
    AcceptedToldAgain {
        /// The ballot of that proposal.
        ballot: Ballot,
    },

    // The learner.
    /// A quorum has accepted the same proposal: its value is chosen.
    Chosen {
        /// The ballot.
        ballot: Ballot,
        /// How many acceptors are known to have accepted it.
        count: u16,
    },
    /// Another learner told what was chosen.
    ChosenHeard {
        /// The ballot.
        ballot: Ballot,
    },
    /// The learner knows no chosen value, and asks.
    LearnerAsks {
        /// The highest ballot that it has seen a vote for.
        seen: Option<Ballot>,
    },
    /// A learner is told what was chosen.
    LearnerTold {
        /// The ballot.
        ballot: Ballot,
    },
    /// A learner has seen votes and no quorum: a ballot of the proposer's will show what was chosen.
    FinishForLearner,
    /// The operator asks for a ballot.
    OperatorAsks,
}

impl Reason {
    /// The paper and section that ask for it; empty for what is no rule of a paper.
    pub fn section(&self) -> &'static str {
        use Reason::*;
        match self {
            Started { .. } | PromiseForgotten { .. } | LogShortened => "Paxos Made Simple §2.5",
            DiskLost | DiskDamaged | KeepsOut => {
                "Protocol-Aware Recovery, disentangling crashes and corruption"
            }
            BallotBegun { .. } | BallotsUsedUp => "Paxos Made Simple §2.5",
            Prepare { .. }
            | Promised { .. }
            | PrepareRefused { .. }
            | AcceptRefused { .. }
            | Accepted { .. }
            | AcceptedValueTakenOver { .. }
            | AcceptedValueIgnored { .. }
            | OwnValueProposed { .. }
            | NothingToFinish { .. }
            | Preempted { .. } => "Paxos Made Simple §2.2",
            PromiseCounted { .. } | AcceptanceCounted { .. } => "Flexible Paxos",
            BackOff { .. } | OutbidAtOnce { .. } => "Paxos Made Simple §2.4",
            AskedAgain { .. } => "Paxos Made Simple §2.4",
            Chosen { .. }
            | ChosenHeard { .. }
            | LearnerAsks { .. }
            | LearnerTold { .. }
            | AcceptedToldAgain { .. }
            | FinishForLearner => "Paxos Made Simple §2.3",
            PrepareTooLate { .. }
            | AnswerTooLate { .. }
            | DiskBehind
            | ValueTaken
            | ValueWaits
            | ClientAnswered
            | NotProposer { .. }
            | OperatorAsks => "",
        }
    }

    /// Whether a reader wants to stop here.
    pub fn is_milestone(&self) -> bool {
        match self {
            Reason::Chosen { .. }
            | Reason::Preempted { .. }
            | Reason::AcceptedValueTakenOver { .. }
            | Reason::AcceptedValueIgnored { .. }
            | Reason::PromiseForgotten { .. }
            | Reason::DiskLost
            | Reason::DiskDamaged => true,
            Reason::PromiseCounted { count, needed, .. } => count == needed,
            _ => false,
        }
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
