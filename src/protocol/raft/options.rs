//! What an operator configures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::log::{TERM_MAX, Term};
use super::quorum::NODES_MAX;
use crate::protocol::{Invalid, Problem, rules};

/// The longest timeout or interval, in µs: an hour.
const DURATION_US_MAX: u64 = 3_600_000_000;
/// The most entries that one node's log may be given at its first start.
pub const INITIAL_ENTRIES_MAX: usize = 1_000;

/// The options of a Raft cluster, the same for all nodes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The shortest time without word from a leader after which a follower stands for election, in µs
    /// (Raft §5.2; the paper suggests 150 ms). Also how long a follower protects its leader from others when
    /// `check_quorum` is on.
    pub election_timeout_us_min: u64,
    /// The longest such time, in µs. Each node draws anew from the range each time, so that votes rarely
    /// split (Raft §5.2; the paper suggests 300 ms).
    pub election_timeout_us_max: u64,
    /// How often a leader sends heartbeats, in µs (Raft §5.2).
    pub heartbeat_interval_us: u64,
    /// Whether a node asks if it could win before it raises its term (Ongaro's thesis §9.6), so that one
    /// that was cut off does not depose a working leader when it returns.
    pub pre_vote: bool,
    /// Whether a leader steps down when it has not heard from a majority for an election timeout, and whether
    /// followers that hear from a leader ignore requests for votes (thesis §6.2 and §4.2.3).
    pub check_quorum: bool,
    /// How linearizable reads are served.
    pub reads: ReadPolicy,
    /// The most entries in one AppendEntries message.
    pub entries_per_message_max: u32,
    /// The most AppendEntries messages with entries that may be under way to one follower without an answer
    /// (pipelining, thesis §10.2.1).
    pub messages_in_flight_max: u32,
    /// The most entries that a leader may hold which are not yet committed; more requests are turned away.
    pub uncommitted_entries_max: u32,
    /// The most reads that may wait at a leader; more are turned away.
    pub waiting_reads_max: u32,
    /// After how many applied entries a node takes a snapshot and compacts its log (Raft §7); 0 for never.
    pub snapshot_every_entries: u32,
    /// How many entries a node keeps behind its snapshot, so that a follower which is a little slow needs no
    /// snapshot.
    pub log_tail_entries: u32,
    /// The most bytes of a snapshot in one InstallSnapshot message (Raft §7, Figure 13).
    pub snapshot_chunk_bytes_max: u32,
    /// The terms of the entries in each node's log at its very first start, to begin where a figure of the
    /// paper does. Nodes without a list begin with an empty log.
    pub initial_logs: Vec<Vec<Term>>,
    /// Rules to break on purpose, so that one can see what each is for.
    pub break_rules: BreakRules,
}

/// How linearizable reads are served. Lease reads (thesis §6.4.1) will be one more way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadPolicy {
    /// The leader makes sure that it still leads by one round of heartbeats (thesis §6.4).
    #[default]
    ReadIndex,
}

rules! {
    /// A leader commits an entry of an earlier term by counting its copies (against Raft §5.4.2, Figure 8).
    commit_earlier_term => CommitEarlierTerm,
    /// A node grants its vote to everyone who asks in a term (against Raft §5.2).
    vote_twice => VoteTwice,
    /// A node answers, and a leader counts itself, before the disk has finished (against Raft Figure 2:
    /// "updated on stable storage before responding to RPCs").
    answer_before_sync => AnswerBeforeSync,
    /// A node votes for a candidate whose log is behind its own (against Raft §5.4.1).
    skip_log_check_on_vote => SkipLogCheckOnVote,
    /// A vote is sent before it is on disk (against Raft Figure 2).
    vote_before_sync => VoteBeforeSync,
    /// A vote is never written to disk (against Raft Figure 2: `votedFor` is persistent).
    vote_not_persisted => VoteNotPersisted,
    /// A candidate asks for votes before its own vote is on disk (against Raft Figure 2).
    campaign_before_sync => CampaignBeforeSync,
    /// A term that was heard of is not written to disk (against Raft Figure 2: `currentTerm` is persistent).
    term_not_persisted => TermNotPersisted,
    /// A candidate that has lost forgets that it has voted for itself (against Raft §5.2).
    loser_forgets_vote => LoserForgetsVote,
    /// A node votes in a term that is over for it (against Raft §5.1).
    vote_in_old_term => VoteInOldTerm,
    /// A candidate takes the lead with one vote less than a majority (against Raft §5.2).
    win_without_majority => WinWithoutMajority,
    /// A leader goes on when it hears of a higher term (against Raft §5.1).
    ignore_higher_term => IgnoreHigherTerm,
    /// A follower takes entries from the leader of an earlier term (against Raft §5.1).
    follow_old_leader => FollowOldLeader,
    /// A node that leadership is handed to leads at once, without an election (against thesis §3.10).
    transfer_without_election => TransferWithoutElection,
    /// A leader that hears from no majority goes on leading (against thesis §6.2).
    lead_without_quorum => LeadWithoutQuorum,
    /// A follower takes entries without comparing the one before them (against Raft §5.3).
    skip_consistency_check => SkipConsistencyCheck,
    /// A follower keeps its own entry where the leader has another (against Raft §5.3).
    keep_conflicts => KeepConflicts,
    /// A follower removes what stands behind the entries of a message that all match, although the message may
    /// be an old one (against Raft Figure 2, AppendEntries step 3).
    truncate_on_stale => TruncateOnStale,
    /// A follower takes for committed what the leader has committed, beyond what the message has compared
    /// (against Raft Figure 2, AppendEntries step 5).
    commit_beyond_verified => CommitBeyondVerified,
    /// A follower acknowledges entries before they are on disk (against Raft Figure 2).
    acknowledge_before_sync => AcknowledgeBeforeSync,
    /// A leader counts its own copy before it is on disk (against thesis §10.2.1).
    leader_counts_unsynced => LeaderCountsUnsynced,
    /// A leader commits with one copy less than a majority (against Raft §5.3).
    commit_without_majority => CommitWithoutMajority,
    /// A new leader removes what earlier terms left uncommitted in its log (against Raft §5.3: Leader
    /// Append-Only).
    leader_drops_uncommitted => LeaderDropsUncommitted,
    /// A process takes for durable what it reads when it starts, although an earlier life of it may have written
    /// that without a sync (against Raft Figure 2).
    trust_page_cache => TrustPageCache,
    /// A leader answers a read without a round that shows that it still leads (against thesis §6.4).
    read_without_round => ReadWithoutRound,
    /// A leader answers reads before an entry of its own term is committed (against thesis §6.4, step 1).
    read_before_own_commit => ReadBeforeOwnCommit,
    /// A follower answers reads from its own state (against Raft §8).
    read_at_follower => ReadAtFollower,
    /// The answer to a message of an earlier term counts for the round of the same number in this term (against
    /// thesis §6.4).
    count_old_rounds => CountOldRounds,
    /// A command that a client repeats is applied again (against thesis §6.3).
    ignore_sessions => IgnoreSessions,
    /// A leader answers a client before the command is committed (against Raft §5.3).
    answer_before_commit => AnswerBeforeCommit,
    /// A follower applies entries before it knows that they are committed (against Raft §5.3).
    apply_uncommitted => ApplyUncommitted,
    /// A snapshot does not hold the sessions of clients (against thesis §6.3).
    snapshot_without_sessions => SnapshotWithoutSessions,
    /// A snapshot is acknowledged before it is on disk (against Raft Figure 2).
    snapshot_before_sync => SnapshotBeforeSync,
    /// Entries behind a snapshot stay although the log held another entry where it ends (against Raft Figure 13,
    /// steps 6 and 7).
    keep_log_behind_snapshot => KeepLogBehindSnapshot,
    /// A snapshot is installed although the node has committed more than it holds (against Raft §7).
    install_old_snapshot => InstallOldSnapshot,
    /// A node that has lost its disk goes on as if it were new (against Raft §5.2 and §5.4.1).
    trust_lost_disk => TrustLostDisk,
    /// A node that is kept out votes (against Raft §5.2).
    vote_while_out => VoteWhileOut,
    /// A leader counts the copies of nodes that are kept out (against Raft §5.3).
    count_kept_out => CountKeptOut,
    /// A node returns by the readmission that an earlier loss was answered with (Viewstamped Replication Revisited,
    /// §4.3: the nonce).
    ignore_incarnation => IgnoreIncarnation,
    /// A node returns before what it returns with is on disk (against Raft Figure 2).
    return_before_sync => ReturnBeforeSync,
    /// A node returns without having given its vote to the leader of the term (against Raft §5.2).
    return_without_vote => ReturnWithoutVote,
    /// A node returns as soon as an operator allows it, without an entry that readmits it.
    return_without_entry => ReturnWithoutEntry,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            election_timeout_us_min: 150_000,
            election_timeout_us_max: 300_000,
            heartbeat_interval_us: 50_000,
            pre_vote: true,
            check_quorum: true,
            reads: ReadPolicy::ReadIndex,
            entries_per_message_max: 64,
            messages_in_flight_max: 16,
            uncommitted_entries_max: 4_096,
            waiting_reads_max: 1_024,
            snapshot_every_entries: 1_000,
            log_tail_entries: 200,
            snapshot_chunk_bytes_max: 4_096,
            initial_logs: Vec::new(),
            break_rules: BreakRules::default(),
        }
    }
}

impl Options {
    /// Whether a cluster of `nodes` can be run with these options.
    ///
    /// # Errors
    /// All that is wrong, one line for each option.
    pub fn validate(&self, nodes: u16) -> Result<(), Vec<Invalid>> {
        let mut wrong = Vec::new();
        let mut within = |field: &str, value: u64, low: u64, high: u64| {
            wrong.extend(Problem::of_range(value, low, high).map(|problem| Invalid::new(field, problem)));
        };
        within("nodes", u64::from(nodes), 1, u64::from(NODES_MAX));
        within("heartbeat_interval_us", self.heartbeat_interval_us, 100, DURATION_US_MAX);
        within("election_timeout_us_min", self.election_timeout_us_min, 200, DURATION_US_MAX);
        within("election_timeout_us_max", self.election_timeout_us_max, 200, DURATION_US_MAX);
        within("entries_per_message_max", u64::from(self.entries_per_message_max), 1, 1_024);
        within("messages_in_flight_max", u64::from(self.messages_in_flight_max), 1, 256);
        within("uncommitted_entries_max", u64::from(self.uncommitted_entries_max), 1, 100_000);
        within("waiting_reads_max", u64::from(self.waiting_reads_max), 1, 100_000);
        within("snapshot_every_entries", u64::from(self.snapshot_every_entries), 0, 1_000_000);
        within("log_tail_entries", u64::from(self.log_tail_entries), 0, 1_000_000);
        within("snapshot_chunk_bytes_max", u64::from(self.snapshot_chunk_bytes_max), 16, 1 << 20);
        if self.election_timeout_us_max < self.election_timeout_us_min {
            wrong.push(Invalid::new(
                "election_timeout_us_max",
                Problem::LessThan { other: "election_timeout_us_min" },
            ));
        } else if self.election_timeout_us_max == self.election_timeout_us_min && nodes > 1 {
            wrong.push(Invalid::new(
                "election_timeout_us_max",
                Problem::TimeoutsEqual { other: "election_timeout_us_min" },
            ));
        }
        // One lost heartbeat must not start an election (Raft §5.6: broadcast time ≪ election timeout).
        if self.election_timeout_us_min < self.heartbeat_interval_us.saturating_mul(2) {
            wrong.push(Invalid::new(
                "election_timeout_us_min",
                Problem::LessThanTwice { other: "heartbeat_interval_us" },
            ));
        }
        self.validate_initial_logs(nodes, &mut wrong);
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Whether the network is quick enough for the election timeout (Raft §5.6): a heartbeat that takes the
    /// longest way, `latency_us_max`, must arrive before a follower gives up.
    ///
    /// # Errors
    /// Says what the election timeout would have to be.
    pub fn validate_latency(&self, latency_us_max: u64) -> Result<(), Invalid> {
        let needed_us = self.heartbeat_interval_us.saturating_add(latency_us_max);
        if self.election_timeout_us_min > needed_us {
            return Ok(());
        }
        Err(Invalid::new("election_timeout_us_min", Problem::LatencyTooLong { needed_us }))
    }

    fn validate_initial_logs(&self, nodes: u16, wrong: &mut Vec<Invalid>) {
        const FIELD: &str = "initial_logs";
        if self.initial_logs.len() > usize::from(nodes) {
            wrong.push(Invalid::new(FIELD, Problem::MoreThanNodes));
        }
        // Log Matching (Raft §5.3) holds in every reachable state, so logs that contradict it are refused:
        // whatever stands before an entry is the same in each log that holds the entry.
        let mut term_before: BTreeMap<(usize, Term), Term> = BTreeMap::new();
        for (node, terms) in self.initial_logs.iter().enumerate() {
            let name = node + 1;
            if terms.len() > INITIAL_ENTRIES_MAX {
                let problem = Problem::TooMany { count: terms.len(), most: INITIAL_ENTRIES_MAX };
                wrong.push(Invalid::new(FIELD, problem));
                continue;
            }
            let mut before = 0;
            for (position, term) in terms.iter().copied().enumerate() {
                let index = position + 1;
                if term == 0 || term < before || term > TERM_MAX {
                    wrong.push(Invalid::new(FIELD, Problem::TermsFall { node: name }));
                    break;
                }
                if *term_before.entry((index, term)).or_insert(before) != before {
                    let problem = Problem::LogsContradict { node: name, index, term };
                    wrong.push(Invalid::new(FIELD, problem));
                    break;
                }
                before = term;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(options: &Options, nodes: u16) -> Vec<String> {
        options.validate(nodes).err().unwrap_or_default().into_iter().map(|invalid| invalid.field).collect()
    }

    #[test]
    fn the_defaults_are_valid_for_every_size_that_is_allowed() {
        for nodes in 1..=NODES_MAX {
            assert_eq!(Options::default().validate(nodes), Ok(()), "{nodes} nodes");
        }
        assert_eq!(fields(&Options::default(), 0), ["nodes"]);
        assert_eq!(fields(&Options::default(), NODES_MAX + 1), ["nodes"]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let options = Options {
            heartbeat_interval_us: 100_000,
            election_timeout_us_max: 1_000,
            entries_per_message_max: 0,
            ..Options::default()
        };
        assert_eq!(
            fields(&options, 3),
            ["entries_per_message_max", "election_timeout_us_max", "election_timeout_us_min"]
        );
    }

    #[test]
    fn section_5_6_the_network_must_be_quicker_than_the_election_timeout() {
        assert_eq!(Options::default().validate_latency(90_000), Ok(()));
        assert!(Options::default().validate_latency(100_000).is_err());
    }

    #[test]
    fn figure_7_is_accepted_and_logs_that_contradict_log_matching_are_refused() {
        let figure_7 = vec![
            vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
            vec![1, 1, 1, 4, 4, 5, 5, 6, 6],
            vec![1, 1, 1, 4],
            vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
            vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
            vec![1, 1, 1, 4, 4, 4, 4],
            vec![1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
        ];
        let with = |initial_logs| Options { initial_logs, ..Options::default() };
        assert_eq!(with(figure_7).validate(7), Ok(()));
        assert_eq!(fields(&with(vec![vec![1, 2], vec![2, 2]]), 3), ["initial_logs"]);
        assert_eq!(fields(&with(vec![vec![2, 1]]), 3), ["initial_logs"]);
        assert_eq!(fields(&with(vec![vec![0]]), 3), ["initial_logs"]);
        assert_eq!(fields(&with(vec![vec![], vec![]]), 1), ["initial_logs"]);
    }
}
