//! Ballots: the numbers of proposals.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protocol::NodeId;

/// The number of a proposal: ordered by round, then by the proposer that owns it, so that no two proposers
/// ever use the same one ("Paxos Made Simple" §2.5: different proposers choose from disjoint sets of numbers).
///
/// People read it as `3.n1`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Ballot {
    /// Counts up; 1 is the first.
    pub round: u32,
    /// The proposer that issued it.
    pub node: NodeId,
}

impl Ballot {
    /// The lowest ballot of `node` that is higher than `highest`, or `None` when the rounds are used up.
    pub fn above(highest: Option<Ballot>, node: NodeId) -> Option<Ballot> {
        let round = match highest {
            None => 1,
            Some(highest) if highest.node < node => highest.round,
            Some(highest) => highest.round.checked_add(1)?,
        };
        Some(Ballot { round, node })
    }
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.round, self.node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ballot(round: u32, node: u16) -> Ballot {
        Ballot { round, node: NodeId(node) }
    }

    #[test]
    fn a_ballot_above_another_is_the_lowest_of_its_proposer_that_is_higher() {
        assert_eq!(Ballot::above(None, NodeId(2)), Some(ballot(1, 2)));
        assert_eq!(
            Ballot::above(Some(ballot(4, 1)), NodeId(2)),
            Some(ballot(4, 2)),
            "the node breaks the tie"
        );
        assert_eq!(Ballot::above(Some(ballot(4, 2)), NodeId(2)), Some(ballot(5, 2)), "never the same again");
        assert_eq!(Ballot::above(Some(ballot(4, 3)), NodeId(2)), Some(ballot(5, 2)));
    }

    #[test]
    fn rounds_never_wrap_around() {
        assert_eq!(Ballot::above(Some(ballot(u32::MAX, 1)), NodeId(0)), None);
        assert_eq!(Ballot::above(Some(ballot(u32::MAX, 1)), NodeId(2)), Some(ballot(u32::MAX, 2)));
    }
}
