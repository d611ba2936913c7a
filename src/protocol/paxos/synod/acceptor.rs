//! The acceptor: promises and accepts, and never goes back on either.

use serde::Serialize;

use crate::protocol::NodeId;
use crate::protocol::paxos::durable::AfterSync;
use crate::protocol::paxos::{Ballot, NodeSet};

use super::turn::Turn;
use super::{Message, Proposal, Reason, Record, Rule};

/// What an acceptor remembers ("Paxos Made Simple" §2.2): nothing else of its past matters.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Acceptor {
    /// It accepts nothing below this ballot.
    pub promised: Option<Ballot>,
    /// The proposal of the highest number that it has accepted.
    pub accepted: Option<Proposal>,
}

/// Something that must not be said before the disk holds what it rests on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum Waiting {
    /// The proposer may send its prepare requests: the ballot is on disk and will not be used twice.
    Prepare(Ballot),
    /// The acceptor may answer.
    Answer {
        /// Whom.
        to: NodeSet,
        /// What.
        message: Message,
        /// Why.
        why: Reason,
    },
}

impl Acceptor {
    /// The ballot of the accepted proposal.
    pub fn accepted_ballot(&self) -> Option<Ballot> {
        self.accepted.as_ref().map(|proposal| proposal.ballot)
    }

    /// Phase 1b. Returns the records to write and the answer that has to wait for them.
    pub(super) fn prepare(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        turn: &mut Turn<'_, '_>,
    ) -> Option<Recorded> {
        if self.promised > Some(ballot) && turn.breaks(Rule::PromiseBelowPromise) {
            self.promised = None;
        }
        if let Some(promised) = self.promised.filter(|promised| *promised > ballot) {
            let why = Reason::PrepareRefused { ballot, promised };
            turn.say(from, Message::Refused { ballot, promised }, why);
            return None;
        }
        if self.accepted_ballot() == Some(ballot) {
            // Its proposer has had its quorum long since; a repeated promise would tell it nothing.
            turn.effects.note(Reason::PrepareTooLate { ballot });
            return None;
        }
        let why = Reason::Promised { ballot, accepted: self.accepted_ballot() };
        let record = (self.promised != Some(ballot)).then_some(Record::Promised { ballot });
        self.promised = Some(ballot);
        let message = Message::Promise { ballot, accepted: self.accepted.clone() };
        Some(Recorded { record, to: NodeSet::from_iter([from]), message, why })
    }

    /// Phase 2b. The answer goes to the proposer and to every learner ("Paxos Made Simple" §2.3).
    pub(super) fn accept(
        &mut self,
        from: NodeId,
        proposal: Proposal,
        turn: &mut Turn<'_, '_>,
    ) -> Option<Recorded> {
        let ballot = proposal.ballot;
        let below = self.promised.filter(|promised| *promised > ballot);
        if let Some(promised) = below
            && !turn.breaks(Rule::AcceptBelowPromise)
        {
            let why = Reason::AcceptRefused { ballot, promised };
            turn.say(from, Message::Refused { ballot, promised }, why);
            return None;
        }
        let why = Reason::Accepted { ballot };
        let message = Message::Accepted(proposal.clone());
        let mut to = turn.learners();
        to.insert(from);
        if self.accepted_ballot() == Some(ballot) {
            return Some(Recorded { record: None, to, message, why });
        }
        if self.promised < Some(ballot) && !turn.breaks(Rule::AcceptWithoutPromise) {
            self.promised = Some(ballot);
        }
        self.accepted = Some(proposal.clone());
        Some(Recorded { record: Some(Record::Accepted(proposal)), to, message, why })
    }
}

/// An answer of the acceptor, with what has to be on disk before it leaves. Without a record it rests on an
/// earlier one, which may still be on its way to the disk.
pub(super) struct Recorded {
    pub record: Option<Record>,
    pub to: NodeSet,
    pub message: Message,
    pub why: Reason,
}

/// What is written and what waits for it.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub(super) struct Journal {
    pub waiting: AfterSync<Waiting>,
    /// How many records the log on disk holds.
    pub records: u32,
}
