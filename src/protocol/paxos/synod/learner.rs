//! The learner: finds out which value a quorum has accepted, and asks again until it knows.

use serde::Serialize;

use crate::protocol::NodeId;
use crate::protocol::paxos::{Ballot, NodeSet};

use super::Proposal;

/// For how many ballots votes are counted at a time. Only the highest matter in the end, and a duel without
/// back-off would otherwise leave traces without end.
const BALLOTS_MAX: usize = 8;

/// Who is known to have accepted a proposal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Votes {
    /// The proposal.
    pub proposal: Proposal,
    /// The acceptors that said so.
    pub by: NodeSet,
}

/// What a learner knows.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Learner {
    votes: Vec<Votes>,
    /// How often it has asked in vain since it last saw a new vote.
    pub(super) asked: u8,
}

impl Learner {
    /// The votes seen so far, by ascending ballot; none any more once a value is known to be chosen.
    pub fn votes(&self) -> &[Votes] {
        &self.votes
    }

    /// The highest ballot that it has seen a vote for.
    pub fn seen(&self) -> Option<Ballot> {
        self.votes.last().map(|votes| votes.proposal.ballot)
    }

    /// Counts a vote, and returns how many acceptors are now known to have accepted the proposal.
    pub(super) fn count(&mut self, from: NodeId, proposal: &Proposal) -> u16 {
        let at = match self.votes.binary_search_by_key(&proposal.ballot, |votes| votes.proposal.ballot) {
            Ok(at) => at,
            Err(at) => {
                self.votes.insert(at, Votes { proposal: proposal.clone(), by: NodeSet::EMPTY });
                at
            }
        };
        let Some(votes) = self.votes.get_mut(at) else { return 0 };
        if votes.by.insert(from) {
            self.asked = 0;
        }
        let count = votes.by.len();
        if self.votes.len() > BALLOTS_MAX {
            self.votes.remove(0);
        }
        count
    }

    /// How many acceptors are known to have accepted something, whatever its ballot: where a rule is broken on purpose.
    pub(super) fn count_of_all_ballots(&self) -> u16 {
        self.votes.iter().fold(NodeSet::EMPTY, |all, votes| all.union(votes.by)).len()
    }

    /// How many votes of how many acceptors it has seen for this proposal, if the last one was a repetition: where a
    /// rule is broken on purpose.
    pub(super) fn has_counted(&self, from: NodeId, proposal: &Proposal) -> bool {
        self.votes.iter().any(|votes| votes.proposal.ballot == proposal.ballot && votes.by.contains(from))
    }

    /// Forgets the votes: the value is known.
    pub(super) fn settle(&mut self) {
        self.votes.clear();
        self.asked = 0;
    }
}
