//! What an operator configures.

use serde::{Deserialize, Serialize};

use crate::protocol::paxos::{NodeSet, Quorums};
use crate::protocol::{Invalid, NodeId, Problem, rules};

/// The longest time that can be configured: an hour, in µs.
const TIME_US_MAX: u64 = 3_600_000_000;
/// The most nodes that a cluster can have.
const NODES_MAX: u16 = 100;

/// The options of [`super::Synod`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The nodes that propose; all of them if left open.
    pub proposers: Option<NodeSet>,
    /// The nodes that accept; all of them if left open.
    pub acceptors: Option<NodeSet>,
    /// The nodes that learn; all of them if left open.
    pub learners: Option<NodeSet>,
    /// How many acceptors have to promise; a majority if left open ("Flexible Paxos").
    pub phase_1_quorum: Option<u16>,
    /// How many acceptors have to accept; a majority if left open ("Flexible Paxos").
    pub phase_2_quorum: Option<u16>,
    /// Whether a proposer whose ballot was refused waits for a random time before it tries a higher one.
    /// Without it two proposers can outbid each other for ever ("Paxos Made Simple" §2.4).
    pub back_off: bool,
    /// The shortest time to back off, in µs.
    pub back_off_us_min: u64,
    /// The longest time to back off after a first refusal, in µs; it doubles with each further one, sixteenfold
    /// at most.
    pub back_off_us_max: u64,
    /// How long a proposer waits before it asks silent acceptors again, in µs.
    pub resend_us: u64,
    /// How long a learner that knows no chosen value waits before it asks (again), in µs.
    pub ask_again_us: u64,
    /// How many records the log on disk may hold before it is replaced by the few that still matter.
    pub records_max: u32,
    /// Rules to break on purpose.
    pub break_rules: BreakRules,
}

rules! {
    /// A proposer proposes its own value although an acceptor reported an accepted one (against P2c).
    ignore_accepted_value => IgnoreAcceptedValue,
    /// An acceptor that restarts knows its accepted value and no promise.
    forget_promise_at_restart => ForgetPromiseAtRestart,
    /// The quorums of the two phases need not intersect (against "Flexible Paxos"): half of the acceptors is enough in
    /// each, unless their sizes are given.
    allow_disjoint_quorums => AllowDisjointQuorums,
    /// A proposer takes over the reported value of the lowest ballot, not of the highest (against P2c, "Paxos Made
    /// Simple" §2.2).
    adopt_lowest_ballot => AdoptLowestBallot,
    /// An acceptor's promise leaves before it is on disk (against "Paxos Made Simple" §2.5).
    promise_before_durable => PromiseBeforeDurable,
    /// An acceptance leaves before it is on disk (against "Paxos Made Simple" §2.5).
    accept_before_durable => AcceptBeforeDurable,
    /// A proposer uses a ballot before it is on disk that it did, so that it may use it twice (against "Paxos Made
    /// Simple" §2.5).
    prepare_before_durable => PrepareBeforeDurable,
    /// An acceptor promises a ballot below its promise, and lowers that (against P1a, "Paxos Made Simple" §2.2).
    promise_below_promise => PromiseBelowPromise,
    /// An acceptor accepts a ballot below its promise (against P1a, "Paxos Made Simple" §2.2).
    accept_below_promise => AcceptBelowPromise,
    /// An acceptor that accepts a ballot does not count it as promised (against "Paxos Made Simple" §2.2: nothing below
    /// what was accepted may be accepted after it).
    accept_without_promise => AcceptWithoutPromise,
    /// An acceptor that restarts knows its promise and nothing of what it has accepted (against "Paxos Made Simple"
    /// §2.5).
    forget_accepted_at_restart => ForgetAcceptedAtRestart,
    /// A proposer that restarts does not know which ballots it has issued, and uses one again (against "Paxos Made
    /// Simple" §2.5).
    forget_tried_at_restart => ForgetTriedAtRestart,
    /// At a restart a record takes the place of an earlier one even if that was higher: a promise goes back to the
    /// ballot that the last record names.
    replay_by_overwriting => ReplayByOverwriting,
    /// What is read at a start counts as durable, although the process may only have been killed and the machine may
    /// not have written it yet.
    trust_page_cache => TrustPageCache,
    /// A node whose disk was lost takes part again as if it had never promised anything (against "Paxos Made Live"
    /// §5.1).
    lost_disk_rejoins => LostDiskRejoins,
    /// A node takes part with what stands before a damaged record (against "Protocol-Aware Recovery").
    damaged_disk_rejoins => DamagedDiskRejoins,
    /// A log that is shortened loses the promise.
    shorten_promise => ShortenPromise,
    /// A log that is shortened loses what was accepted.
    shorten_accepted => ShortenAccepted,
    /// A log that is shortened loses the highest ballot that the proposer has issued.
    shorten_tried => ShortenTried,
    /// A promise of an earlier ballot counts for this one.
    count_promise_of_older_ballot => CountPromiseOfOlderBallot,
    /// Acceptances of two ballots count together.
    count_mixed_ballots => CountMixedBallots,
    /// The same acceptor's acceptance counts as often as it arrives.
    count_duplicates => CountDuplicates,
    /// One acceptance less than a quorum is enough.
    choose_before_quorum => ChooseBeforeQuorum,
    /// A proposer asks silent acceptors again with its own value, whatever it had proposed under the ballot (against P2b:
    /// one value for a ballot, "Paxos Made Simple" §2.2).
    resend_own_value => ResendOwnValue,
    /// A learner believes a single acceptance (against "Paxos Made Simple" §2.3).
    learn_from_one => LearnFromOne,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            proposers: None,
            acceptors: None,
            learners: None,
            phase_1_quorum: None,
            phase_2_quorum: None,
            back_off: true,
            back_off_us_min: 20_000,
            back_off_us_max: 80_000,
            resend_us: 100_000,
            ask_again_us: 200_000,
            records_max: 64,
            break_rules: BreakRules::default(),
        }
    }
}

impl Options {
    /// The nodes that propose.
    pub fn proposers(&self, nodes: u16) -> NodeSet {
        self.proposers.unwrap_or(NodeSet::all(nodes))
    }

    /// The nodes that accept.
    pub fn acceptors(&self, nodes: u16) -> NodeSet {
        self.acceptors.unwrap_or(NodeSet::all(nodes))
    }

    /// The nodes that learn.
    pub fn learners(&self, nodes: u16) -> NodeSet {
        self.learners.unwrap_or(NodeSet::all(nodes))
    }

    /// How many acceptors are enough.
    pub fn quorums(&self, nodes: u16) -> Quorums {
        let acceptors = self.acceptors(nodes).len();
        if self.break_rules.allow_disjoint_quorums
            && (self.phase_1_quorum, self.phase_2_quorum) == (None, None)
        {
            return Quorums::halves(acceptors);
        }
        Quorums::new(acceptors, self.phase_1_quorum, self.phase_2_quorum)
    }

    /// All that is wrong with the options for a cluster of this size.
    ///
    /// # Errors
    /// One [`Invalid`] for each option that cannot be used.
    pub fn validate(&self, nodes: u16) -> Result<(), Vec<Invalid>> {
        let mut problems = Vec::new();
        let problem = Problem::of_range(nodes.into(), 1, NODES_MAX.into());
        problems.extend(problem.map(|problem| Invalid::new("nodes", problem)));
        let roles =
            [("proposers", self.proposers), ("acceptors", self.acceptors), ("learners", self.learners)];
        for (field, role) in roles {
            let Some(role) = role else { continue };
            if role.is_empty() && field != "learners" {
                problems.push(Invalid::new(field, Problem::NobodyHasRole));
            }
            if let Some(node) = role.without(NodeSet::all(nodes)).first() {
                let NodeId(number) = node;
                problems.push(Invalid::new(field, Problem::NoSuchNode { node: number, nodes }));
            }
        }
        self.quorums(nodes).validate(
            self.acceptors(nodes).len(),
            self.break_rules.allow_disjoint_quorums,
            &mut problems,
        );
        let times = [
            ("back_off_us_min", self.back_off_us_min),
            ("back_off_us_max", self.back_off_us_max),
            ("resend_us", self.resend_us),
            ("ask_again_us", self.ask_again_us),
        ];
        for (field, time) in times {
            let problem = Problem::of_range(time, 1, TIME_US_MAX);
            problems.extend(problem.map(|problem| Invalid::new(field, problem)));
        }
        let problem = Problem::of_range(self.records_max.into(), 4, 1_000_000);
        problems.extend(problem.map(|problem| Invalid::new("records_max", problem)));
        if self.back_off_us_min > self.back_off_us_max {
            problems.push(Invalid::new("back_off_us_min", Problem::MoreThan { other: "back_off_us_max" }));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(options: &Options, nodes: u16) -> Vec<String> {
        options.validate(nodes).err().unwrap_or_default().into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn the_defaults_fit_every_cluster() {
        for nodes in 1..=NODES_MAX {
            assert_eq!(fields(&Options::default(), nodes), [""; 0], "{nodes} nodes");
        }
        assert_eq!(fields(&Options::default(), 0), ["nodes", "phase_1_quorum", "phase_2_quorum"]);
        assert_eq!(fields(&Options::default(), NODES_MAX + 1), ["nodes"]);
    }

    /// Flexible Paxos: it is the acceptors that count, not the nodes.
    #[test]
    fn quorums_are_counted_among_the_acceptors() {
        let mut options = Options {
            acceptors: Some([NodeId(2), NodeId(3), NodeId(4)].into_iter().collect()),
            ..Options::default()
        };
        assert_eq!(options.quorums(5), Quorums { phase_1: 2, phase_2: 2 });
        options.phase_1_quorum = Some(3);
        options.phase_2_quorum = Some(1);
        assert_eq!(fields(&options, 5), [""; 0]);
        options.phase_1_quorum = Some(2);
        assert_eq!(fields(&options, 5), ["phase_1_quorum"]);
        options.break_rules.allow_disjoint_quorums = true;
        assert_eq!(fields(&options, 5), [""; 0]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let options = Options {
            proposers: Some(NodeSet::EMPTY),
            learners: Some([NodeId(3)].into_iter().collect()),
            resend_us: 0,
            back_off_us_min: 90_000,
            ..Options::default()
        };
        assert_eq!(fields(&options, 3), ["proposers", "learners", "resend_us", "back_off_us_min"]);
    }

    #[test]
    fn options_left_out_of_a_scenario_keep_their_defaults_and_unknown_ones_are_refused() {
        let options: Options = serde_json::from_str(r#"{"acceptors":[0,1,2]}"#).unwrap();
        assert_eq!(options, Options { acceptors: Some(NodeSet::all(3)), ..Options::default() });
        assert!(serde_json::from_str::<Options>(r#"{"acceptor":[0,1,2]}"#).is_err());
    }
}
