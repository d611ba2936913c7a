//! Why a run cannot be started: which option, and what is wrong with it.
//!
//! Protocols state problems as data. The English of the command line is the `Display` of [`Problem`]; the page
//! tells them in the reader's language (`scene::problems`), where a problem without a translation does not compile.

use serde::{Serialize, Serializer};

/// Why an option is refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// The option, by its name in the scenario's JSON.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: Problem,
}

impl Invalid {
    /// A problem of one option.
    pub fn new(field: impl Into<String>, problem: Problem) -> Self {
        Invalid { field: field.into(), problem }
    }
}

/// What is wrong with an option. It serialises as its English sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence above each variant says what its figures are")]
pub enum Problem {
    /// A figure is too small or too large.
    #[error("{value} is not between {low} and {high}")]
    OutOfRange { value: u64, low: u64, high: u64 },
    /// A word that is none of those that are known.
    #[error("is none of {known}")]
    UnknownWord { known: String },
    /// A part of the option is too large.
    #[error("{what} is out of bounds (at most {most})")]
    PartOutOfBounds { what: &'static str, most: u64 },
    /// A figure of either sign is too far from zero.
    #[error("must lie within ±{most}")]
    TooFarFromZero { most: u64 },
    /// A list is too long.
    #[error("has {count} entries, and at most {most} are possible")]
    TooMany { count: usize, most: usize },
    /// A list that has one entry for each node is longer than that.
    #[error("has more entries than there are nodes")]
    MoreThanNodes,
    /// It must not be less than another option.
    #[error("must not be less than {other}")]
    LessThan { other: &'static str },
    /// It must not be more than another option.
    #[error("must not be more than {other}")]
    MoreThan { other: &'static str },
    /// Nodes whose election timeouts are equal stand for election at the same time, again and again (Raft §5.2).
    #[error("must be more than {other}: nodes that draw the same timeout split the vote again and again")]
    TimeoutsEqual { other: &'static str },
    /// One lost heartbeat would start an election (Raft §5.6).
    #[error("must be at least twice {other}, so that one lost message does not start an election")]
    LessThanTwice { other: &'static str },
    /// Followers would give up every leader.
    #[error("must be less than {other}, or every leader is given up")]
    HeartbeatTooSlow { other: &'static str },
    /// The network is too slow for the election timeout (Raft §5.6).
    #[error("must be more than {needed_us}, the heartbeat interval and the longest latency together")]
    LatencyTooLong { needed_us: u64 },
    /// The terms of an initial log are impossible.
    #[error("n{node}: terms must begin at 1, never fall, and leave room for later ones")]
    TermsFall { node: usize },
    /// Two initial logs contradict Log Matching (Raft §5.3).
    #[error("n{node}: entry {index} of term {term} stands behind different entries in different logs")]
    LogsContradict { node: usize, index: usize, term: u64 },
    /// A role that somebody has to hold has nobody.
    #[error("at least one node has to hold this role")]
    NobodyHasRole,
    /// A node is named that the cluster does not have.
    #[error("there is no node {node}: the nodes are numbered from 0 to {}", nodes.saturating_sub(1))]
    NoSuchNode { node: u16, nodes: u16 },
    /// A client is named that the cluster does not have.
    #[error("there is no client {client}: there are {clients}, numbered from 0")]
    NoSuchClient { client: u16, clients: u16 },
    /// Nodes are counted from the leader on, and further than there are nodes.
    #[error("counts {offset} nodes on from the leader, and the one before it is {} nodes on", nodes.saturating_sub(1))]
    CountsTooFar { offset: u16, nodes: u16 },
    /// A quorum of phase 1 and one of phase 2 can miss each other ("Flexible Paxos").
    #[error(
        "a phase-1 quorum of {phase_1} and a phase-2 quorum of {phase_2} out of {acceptors} acceptors need not have \
         an acceptor in common, so two values could be chosen; the sizes must add up to more than {acceptors}, or \
         break_rules.allow_disjoint_quorums must be set"
    )]
    QuorumsMiss { phase_1: u16, phase_2: u16, acceptors: u16 },
    /// Atomic commit needs a coordinator and somebody to coordinate.
    #[error("must be at least 2: one coordinates, the others keep the values")]
    NobodyKeepsValues,
    /// An answer of a live process could come later.
    #[error("must be at least {least_us}: an answer takes up to two latencies and a sync")]
    AnswerTimeoutTooShort { least_us: u128 },
    /// The one who leads could still be at work.
    #[error("must be at least {least_us}: two answer time-outs, a sync and a latency")]
    DecisionTimeoutTooShort { least_us: u128 },
    /// A value is placed where no values are kept.
    #[error("no resource manager is there")]
    NoResourceManager,
    /// The name of a key is empty or too long.
    #[error("a key has 1 to {bytes_max} bytes")]
    KeyLength { bytes_max: usize },
    /// Jump numbers its buckets without gaps (Lamping and Veach, §1).
    #[error("jump lets only the last node leave, and here any node may")]
    OnlyLastLeaves,
    /// Nodes that gossip may learn of changes in different orders.
    #[error(
        "AnchorHash depends on the order of the changes, which nodes that gossip may learn of in different orders"
    )]
    DependsOnOrder,
    /// Bounded loads need to know all keys.
    #[error(
        "bounded loads places the keys by all that are placed, which no node knows; bound the reads with \
         read_load_factor_thousandths instead"
    )]
    NeedsAllKeys,
    /// The algorithm gives every node the same share.
    #[error("has no weights: every node must have weight 1")]
    HasNoWeights,
    /// Weights times virtual nodes are too many.
    #[error(
        "would need {points} points on the circle, and at most {most} are possible; lower weights or virtual_nodes"
    )]
    TooManyPoints { points: u64, most: u64 },
    /// The placement refuses the nodes for another reason.
    #[error("cannot place keys on these nodes with these weights")]
    NoPlacement,
}

impl Problem {
    /// Nothing, or that a figure is out of its range.
    pub fn of_range(value: u64, low: u64, high: u64) -> Option<Problem> {
        (value < low || value > high).then_some(Problem::OutOfRange { value, low, high })
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_a_sentence_in_json_and_on_the_command_line() {
        let problem = Problem::of_range(0, 1, 100).unwrap();
        let invalid = Invalid::new("nodes", problem);
        assert_eq!(invalid.to_string(), "nodes: 0 is not between 1 and 100");
        assert_eq!(
            serde_json::to_string(&invalid).unwrap(),
            r#"{"field":"nodes","problem":"0 is not between 1 and 100"}"#
        );
        assert_eq!(Problem::of_range(100, 1, 100), None);
    }
}
