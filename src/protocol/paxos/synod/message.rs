//! What is said, asked, written and timed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::NodeId;
use crate::protocol::paxos::Ballot;

/// A value that can be chosen. What it means is the business of the client.
pub type Value = Arc<str>;

/// A proposal: a value with its number.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Proposal {
    /// The number.
    pub ballot: Ballot,
    /// The value.
    pub value: Value,
}

/// What nodes say to each other ("Paxos Made Simple" §2.2 and §2.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Phase 1a, proposer to acceptor: promise to accept nothing below this ballot, and say what you have accepted.
    Prepare {
        /// The proposer's ballot.
        ballot: Ballot,
    },
    /// Phase 1b, acceptor to proposer: promised.
    Promise {
        /// The ballot of the prepare request.
        ballot: Ballot,
        /// The proposal of the highest number that the acceptor has accepted.
        accepted: Option<Proposal>,
    },
    /// Phase 2a, proposer to acceptor: accept this proposal.
    Accept(Proposal),
    /// Phase 2b, acceptor to the proposer and to every learner: accepted.
    Accepted(Proposal),
    /// Acceptor to proposer: your ballot is too low.
    Refused {
        /// The ballot that is refused.
        ballot: Ballot,
        /// The higher one that the acceptor has promised.
        promised: Ballot,
    },
    /// Learner to everybody: what was chosen?
    Ask {
        /// Whether votes were seen that make no quorum, so that it takes a new ballot to find out ("Paxos Made
        /// Simple" §2.3).
        undecided: bool,
    },
    /// Learner to learner: this proposal was chosen.
    Chosen(Proposal),
}

impl Message {
    /// Whether its numbers can be what a node of this cluster says.
    pub(super) fn is_plausible(&self, nodes: u16) -> bool {
        let issued = |ballot: &Ballot| ballot.node.0 < nodes && ballot.round > 0;
        match self {
            Message::Prepare { ballot } => issued(ballot),
            Message::Promise { ballot, accepted } => {
                issued(ballot) && accepted.as_ref().is_none_or(|proposal| issued(&proposal.ballot))
            }
            Message::Accept(proposal) | Message::Accepted(proposal) | Message::Chosen(proposal) => {
                issued(&proposal.ballot)
            }
            Message::Refused { ballot, promised } => issued(ballot) && issued(promised),
            Message::Ask { .. } => true,
        }
    }
}

/// The timers of a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// The proposer asks silent acceptors again.
    Resend,
    /// The proposer has backed off for long enough.
    BackOff,
    /// The learner asks again.
    AskAgain,
}

/// What stands in the log on disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Record {
    /// The operator gave the node this disk. A disk without it was lost.
    Formatted {
        /// The node that it belongs to.
        node: NodeId,
    },
    /// The proposer has issued this ballot, and must not use it again after a restart.
    Tried {
        /// The ballot.
        ballot: Ballot,
    },
    /// The acceptor has promised to accept nothing below this ballot.
    Promised {
        /// The ballot.
        ballot: Ballot,
    },
    /// The acceptor has accepted this proposal (and thereby promised its ballot).
    Accepted(Proposal),
}

/// What a client asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Get this value chosen, unless another one is; and say which one was.
    Propose {
        /// The value.
        value: Value,
    },
}

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// This value was chosen, now and for ever.
    Chosen {
        /// The value, not necessarily the client's own.
        value: Value,
    },
    /// The node does not propose.
    NotProposer {
        /// One that does.
        ask: NodeId,
    },
    /// The node keeps out because its disk cannot be trusted.
    Out,
}

/// What an operator can ask of a running node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Begin a new ballot now, without waiting for a timer. A proposer without a value of its own only finishes
    /// what others may have begun.
    BeginBallot,
}
