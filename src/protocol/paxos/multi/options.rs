//! What an operator configures.

use serde::{Deserialize, Serialize};

use crate::protocol::paxos::{NodeSet, Quorums};
use crate::protocol::{Invalid, Problem, rules};

/// The longest time that can be configured: an hour, in µs.
const TIME_US_MAX: u64 = 3_600_000_000;
/// The most nodes that a cluster can have.
const NODES_MAX: u16 = 100;

/// The options of [`super::MultiPaxos`]. Every node learns: each keeps a copy of the state machine.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The nodes that may lead; all of them if left open.
    pub proposers: Option<NodeSet>,
    /// The nodes that accept; all of them if left open.
    pub acceptors: Option<NodeSet>,
    /// How many acceptors have to promise; a majority if left open ("Flexible Paxos").
    pub phase_1_quorum: Option<u16>,
    /// How many acceptors have to accept; a majority if left open ("Flexible Paxos").
    pub phase_2_quorum: Option<u16>,
    /// The shortest time without word from a leader after which a node wants to lead itself, in µs.
    pub election_timeout_us_min: u64,
    /// The longest such time, in µs. Each node draws anew from the range each time, so that one of them is
    /// usually the only one.
    pub election_timeout_us_max: u64,
    /// How often a leader lets the others hear from it, and how long it or a proposer in phase 1 waits before
    /// it asks silent acceptors again, in µs.
    pub heartbeat_interval_us: u64,
    /// Whether a node that hears no leader asks the acceptors first whether they would promise a ballot, and begins
    /// one only if a quorum would; those that hear a leader say no. Without it a node that is cut off from the leader
    /// and from nobody else outbids it again and again.
    pub pre_election: bool,
    /// Whether a leader gives up when no quorum of acceptors has answered it for the longest election time-out. Without it
    /// a leader that is heard and hears nobody keeps all others from leading, and nothing is chosen.
    pub check_quorum: bool,
    /// Whether a proposer that was outbid waits for a random time before it tries again. Without it proposers
    /// can outbid each other for ever ("Paxos Made Simple" §2.4).
    pub back_off: bool,
    /// The most slots that may be in phase 2 at a time (the "window").
    pub window_slots: u32,
    /// The most commands that may wait at a leader for a slot, and the most reads that may wait to be confirmed;
    /// more are turned away.
    pub waiting_max: u32,
    /// After how many applied slots a node takes a snapshot and trims its log; 0 for never.
    pub snapshot_every_slots: u32,
    /// How many applied slots a node keeps, so that another that is a little behind needs no snapshot.
    pub kept_slots: u32,
    /// The most slots in one answer to a node that catches up.
    pub catch_up_slots_max: u32,
    /// The most bytes of a snapshot in one message.
    pub snapshot_chunk_bytes_max: u32,
    /// Rules to break on purpose.
    pub break_rules: BreakRules,
}

rules! {
    /// A new leader fills a slot with a no-op although an acceptor reported an accepted value (against P2c).
    ignore_accepted_value => IgnoreAcceptedValue,
    /// An acceptor that restarts knows what it has accepted and no promise.
    forget_promise_at_restart => ForgetPromiseAtRestart,
    /// The quorums of the two phases need not intersect (against "Flexible Paxos"): half of the acceptors is enough in
    /// each, unless their sizes are given.
    allow_disjoint_quorums => AllowDisjointQuorums,
    /// A new leader takes over the reported value of the lowest ballot, not of the highest (against P2c, "Paxos Made
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
    /// An acceptor that restarts knows its promise, and nothing of what it has accepted and does not know to be chosen
    /// (against "Paxos Made Simple" §2.5).
    forget_accepted_at_restart => ForgetAcceptedAtRestart,
    /// A proposer that restarts uses the ballot again that it had issued last (against "Paxos Made Simple" §2.5).
    reuse_ballot_after_restart => ReuseBallotAfterRestart,
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
    /// A log that is trimmed loses the promise.
    trim_promise => TrimPromise,
    /// A log that is trimmed loses what was accepted and is not known to be chosen.
    trim_accepted => TrimAccepted,
    /// A promise of an earlier ballot counts for this one.
    count_promise_of_older_ballot => CountPromiseOfOlderBallot,
    /// An acceptance under an earlier ballot counts for this one.
    count_acceptance_of_older_ballot => CountAcceptanceOfOlderBallot,
    /// The same acceptor's acceptance counts as often as it arrives.
    count_duplicates => CountDuplicates,
    /// One acceptance less than a quorum is enough.
    choose_before_quorum => ChooseBeforeQuorum,
    /// A promise counts although its acceptor has trimmed slots that the proposer does not know: gaps are filled where
    /// something was chosen.
    count_trimmed_promise => CountTrimmedPromise,
    /// A new leader leaves the gaps that an earlier one left (against "Paxos Made Simple" §3).
    leave_gaps => LeaveGaps,
    /// A slot is applied although one before it is not known to be chosen (against "Paxos Made Moderately Complex",
    /// replicas).
    apply_over_gaps => ApplyOverGaps,
    /// A leader answers reads without asking whether it still leads.
    read_without_confirmation => ReadWithoutConfirmation,
    /// A new leader answers reads before it has applied what earlier leaders may have had chosen.
    read_before_inherited => ReadBeforeInherited,
    /// An answer to an earlier question confirms a read that came in after that.
    confirm_by_older_round => ConfirmByOlderRound,
    /// A command that was applied is applied again if it is chosen for another slot (against "Bridging Theory and
    /// Practice" §6.3).
    ignore_sessions => IgnoreSessions,
    /// A snapshot for another node lacks the sessions of clients.
    snapshot_without_sessions => SnapshotWithoutSessions,
    /// A leader goes on although no quorum of acceptors answers it.
    lead_unheard => LeadUnheard,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            proposers: None,
            acceptors: None,
            phase_1_quorum: None,
            phase_2_quorum: None,
            election_timeout_us_min: 150_000,
            election_timeout_us_max: 300_000,
            heartbeat_interval_us: 50_000,
            pre_election: true,
            check_quorum: true,
            back_off: true,
            window_slots: 16,
            waiting_max: 1_024,
            snapshot_every_slots: 256,
            kept_slots: 64,
            catch_up_slots_max: 64,
            snapshot_chunk_bytes_max: 4_096,
            break_rules: BreakRules::default(),
        }
    }
}

impl Options {
    /// The nodes that may lead.
    pub fn proposers(&self, nodes: u16) -> NodeSet {
        self.proposers.unwrap_or(NodeSet::all(nodes))
    }

    /// The nodes that accept.
    pub fn acceptors(&self, nodes: u16) -> NodeSet {
        self.acceptors.unwrap_or(NodeSet::all(nodes))
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
        for (field, role) in [("proposers", self.proposers), ("acceptors", self.acceptors)] {
            let Some(role) = role else { continue };
            if role.is_empty() {
                problems.push(Invalid::new(field, Problem::NobodyHasRole));
            }
            if let Some(node) = role.without(NodeSet::all(nodes)).first() {
                problems.push(Invalid::new(field, Problem::NoSuchNode { node: node.0, nodes }));
            }
        }
        let disjoint = self.break_rules.allow_disjoint_quorums;
        self.quorums(nodes).validate(self.acceptors(nodes).len(), disjoint, &mut problems);
        let mut within = |field: &str, value: u64, low: u64, high: u64| {
            problems.extend(Problem::of_range(value, low, high).map(|problem| Invalid::new(field, problem)));
        };
        within("election_timeout_us_min", self.election_timeout_us_min, 1, TIME_US_MAX);
        within("election_timeout_us_max", self.election_timeout_us_max, 1, TIME_US_MAX);
        within("heartbeat_interval_us", self.heartbeat_interval_us, 1, TIME_US_MAX);
        within("window_slots", u64::from(self.window_slots), 1, 1_024);
        within("waiting_max", u64::from(self.waiting_max), 1, 100_000);
        within("snapshot_every_slots", u64::from(self.snapshot_every_slots), 0, 1_000_000);
        within("kept_slots", u64::from(self.kept_slots), 0, 1_000_000);
        within("catch_up_slots_max", u64::from(self.catch_up_slots_max), 1, 1_024);
        within("snapshot_chunk_bytes_max", u64::from(self.snapshot_chunk_bytes_max), 16, 1 << 20);
        if self.election_timeout_us_min > self.election_timeout_us_max {
            problems.push(Invalid::new(
                "election_timeout_us_min",
                Problem::MoreThan { other: "election_timeout_us_max" },
            ));
        }
        if self.election_timeout_us_min == self.election_timeout_us_max && self.proposers(nodes).len() > 1 {
            problems.push(Invalid::new(
                "election_timeout_us_max",
                Problem::TimeoutsEqual { other: "election_timeout_us_min" },
            ));
        }
        if self.heartbeat_interval_us >= self.election_timeout_us_min {
            let problem = Problem::HeartbeatTooSlow { other: "election_timeout_us_min" };
            problems.push(Invalid::new("heartbeat_interval_us", problem));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::NodeId;

    fn fields(options: &Options, nodes: u16) -> Vec<String> {
        options.validate(nodes).err().unwrap_or_default().into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn the_defaults_fit_every_cluster() {
        for nodes in 1..=NODES_MAX {
            assert_eq!(fields(&Options::default(), nodes), [""; 0], "{nodes} nodes");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let options = Options {
            proposers: Some([NodeId(7)].into_iter().collect()),
            phase_1_quorum: Some(2),
            phase_2_quorum: Some(2),
            heartbeat_interval_us: 150_000,
            window_slots: 0,
            ..Options::default()
        };
        assert_eq!(
            fields(&options, 5),
            ["proposers", "phase_1_quorum", "window_slots", "heartbeat_interval_us"]
        );
    }
}
