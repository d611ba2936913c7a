//! How many acceptors are enough.
//!
//! Classic Paxos asks a majority in both phases. What the proof needs is less: every quorum of phase 1 has to
//! meet every quorum of phase 2, so that a new ballot hears of any value that may have been chosen before it.
//! Two quorums of the same phase need not meet (Howard, Malkhi and Spiegelman, "Flexible Paxos").

use serde::{Deserialize, Serialize};

use crate::protocol::{Invalid, Problem};

/// The size of a quorum in each phase.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Quorums {
    /// How many acceptors have to promise before a value may be proposed.
    pub phase_1: u16,
    /// How many acceptors have to accept before a value is chosen.
    pub phase_2: u16,
}

impl Quorums {
    /// The sizes that an operator asked for; what was left open is a majority.
    pub fn new(acceptors: u16, phase_1: Option<u16>, phase_2: Option<u16>) -> Quorums {
        let majority = acceptors / 2 + 1;
        Quorums { phase_1: phase_1.unwrap_or(majority), phase_2: phase_2.unwrap_or(majority) }
    }

    /// Half of the acceptors in each phase: quorums that can miss each other.
    pub fn halves(acceptors: u16) -> Quorums {
        let half = (acceptors / 2).max(1);
        Quorums { phase_1: half, phase_2: half }
    }

    /// Whether every quorum of phase 1 has an acceptor in common with every quorum of phase 2.
    pub fn intersect(self, acceptors: u16) -> bool {
        u32::from(self.phase_1) + u32::from(self.phase_2) > u32::from(acceptors)
    }

    /// Reports sizes that no cluster of so many acceptors can be run with.
    pub fn validate(self, acceptors: u16, allow_disjoint: bool, problems: &mut Vec<Invalid>) {
        for (field, size) in [("phase_1_quorum", self.phase_1), ("phase_2_quorum", self.phase_2)] {
            let problem = Problem::of_range(size.into(), 1, acceptors.into());
            problems.extend(problem.map(|problem| Invalid::new(field, problem)));
        }
        if !self.intersect(acceptors) && !allow_disjoint {
            let Quorums { phase_1, phase_2 } = self;
            let problem = Problem::QuorumsMiss { phase_1, phase_2, acceptors };
            problems.push(Invalid::new("phase_1_quorum", problem));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flexible Paxos: the requirement is about the two phases, and about nothing else.
    #[test]
    fn sizes_are_refused_exactly_if_two_quorums_of_them_can_miss_each_other() {
        let acceptors = 5u16;
        for phase_1 in 1..=acceptors {
            for phase_2 in 1..=acceptors {
                let quorums = Quorums { phase_1, phase_2 };
                // Every choice of acceptors as a bit pattern: an independent, exhaustive meaning of "can miss".
                let patterns =
                    |size: u16| (0u16..1 << acceptors).filter(move |p| p.count_ones() == u32::from(size));
                let can_miss = patterns(phase_1).any(|a| patterns(phase_2).any(|b| a & b == 0));
                let mut problems = Vec::new();
                quorums.validate(acceptors, false, &mut problems);
                assert_eq!(!problems.is_empty(), can_miss, "{quorums:?}");
                problems.clear();
                quorums.validate(acceptors, true, &mut problems);
                assert!(problems.is_empty(), "{quorums:?} can be forced");
            }
        }
    }

    #[test]
    fn no_size_is_zero_or_more_than_there_are_acceptors_even_if_forced() {
        for (phase_1, phase_2, field) in [(0, 3, "phase_1_quorum"), (3, 4, "phase_2_quorum")] {
            let mut problems = Vec::new();
            Quorums { phase_1, phase_2 }.validate(3, true, &mut problems);
            assert_eq!(problems.iter().map(|p| p.field.as_str()).collect::<Vec<_>>(), [field]);
        }
    }

    #[test]
    fn left_open_it_is_a_majority() {
        assert_eq!(Quorums::new(4, None, None), Quorums { phase_1: 3, phase_2: 3 });
        assert_eq!(Quorums::new(5, None, Some(2)), Quorums { phase_1: 3, phase_2: 2 });
    }
}
