//! What an operator configures.

use serde::{Deserialize, Serialize};

use crate::protocol::consistent_hashing::{Algorithm, POINTS_MAX, PlacementError, Settings, WEIGHT_MAX};
use crate::protocol::{Invalid, NodeId, Problem, rules};

/// The longest interval or timeout, in µs: an hour.
const DURATION_US_MAX: u64 = 3_600_000_000;
/// The most nodes of a cluster.
pub const NODES_MAX: u16 = 100;
/// The most replicas of a key.
pub const REPLICAS_MAX: u16 = 16;
/// The most keys that a cluster can begin with.
pub const INITIAL_KEYS_MAX: u32 = 10_000;
/// The most virtual nodes per unit of weight in the store.
pub const VIRTUAL_NODES_MAX: u32 = 1_000;
/// How often a coordinator waits for replicas before it gives a request up.
pub(super) const PATIENCE: u8 = 3;
/// The most versions of one key beside each other. A coordinator that knows so many takes no further one which
/// does not replace any.
pub const SIBLINGS_MAX: usize = 32;
/// The greatest bound on the entries of a version vector.
const VECTOR_ENTRIES_MAX: u64 = 10_000;

/// The options of the store, the same for all nodes. N, R and W are the paper's (§4.5).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// N: on how many nodes a key lies (§4.3).
    pub replicas: u16,
    /// R: how many of them a read waits for (§4.5).
    pub read_quorum: u16,
    /// W: on how many disks a write is before the client is told (§4.5).
    pub write_quorum: u16,
    /// How keys are assigned to nodes.
    pub algorithm: Algorithm,
    /// Points per unit of weight on the circle (§4.2), for the algorithms that have a number of them to set;
    /// 0 for the algorithm's own default.
    pub virtual_nodes: u32,
    /// The weight of each node; 1 for those that the list does not reach.
    pub weights: Vec<u32>,
    /// How many nodes are members at the start, beginning with the first; 0 for all. The others wait to be
    /// told to join.
    pub initial_members: u16,
    /// How many keys are on the disks at the start, `user:0`, `user:1`, …
    pub initial_keys: u32,
    /// Whether other nodes stand in for owners that do not answer, and keep a hint for them (§4.6).
    pub sloppy_quorum: bool,
    /// For how many keys a node stands in for others at a time (§4.6); beyond that it takes none in before it has handed
    /// some over. 0 for no bound.
    pub hinted_keys_max: u32,
    /// Whether a read brings the replicas that answered it up to date (§5).
    pub read_repair: bool,
    /// c = 1 + ε in thousandths: no node is given more than c times its share of the reads that a node passes
    /// on (Mirrokni, Thorup and Zadimoghaddam, SODA 2018); 0 for no bound, so that all reads of a key go to
    /// its first owner.
    pub read_load_factor_thousandths: u32,
    /// How often a node tells another one what it knows of the members, in µs (§4.8.1).
    pub gossip_interval_us: u64,
    /// After how long without news a node is taken for failed, in µs (§4.8.3).
    pub suspect_after_us: u64,
    /// How long a coordinator waits for a replica before it asks another node, in µs.
    pub replica_timeout_us: u64,
    /// How often a node compares its Merkle trees with another one's, in µs; 0 for never (§4.7).
    pub anti_entropy_interval_us: u64,
    /// How often a node tries to hand over what belongs to others, in µs (§4.6).
    pub handoff_interval_us: u64,
    /// The most keys in one message of a handover.
    pub chunk_keys: u32,
    /// After how many records the log on disk is compacted; 0 for never.
    pub compact_every_records: u32,
    /// How many writers a version vector names; of more, the oldest are dropped when a version is made (§4.4). 0 for no
    /// bound.
    pub vector_entries_max: u32,
    /// How long a tombstone stays, at the least, on the disk of each owner, in µs; 0 for ever. After that it goes once
    /// all owners have confirmed that they have nothing older. Whoever is none of them and still has an older version,
    /// because it stood in for an owner and was cut off for longer than this, brings the key back. So it has to be
    /// longer than any node is ever out of reach.
    pub tombstone_grace_us: u64,
    /// Rules to break on purpose, so that one can see what each is for.
    pub break_rules: BreakRules,
}

rules! {
    /// The first two places of a preference list are one node, as in a list of virtual nodes that does not
    /// skip those of a node it has already (against §4.3).
    two_replicas_on_one_node => TwoReplicasOnOneNode,
    /// Hints are kept in memory only, and acknowledged all the same (against §4.6: "hinted replicas in a
    /// separate local database").
    hints_dropped_at_a_crash => HintsDroppedAtACrash,
    /// A node owns its ranges as soon as it joins, and who owned them before forgets them as soon as they are
    /// sent (against §4.9: a "confirmation round between the source and the destination").
    range_handed_over_before_it_arrived => RangeHandedOverBeforeItArrived,
    /// A replica acknowledges a write before it is on its disk (against §4.5: W nodes have it when the client is told).
    acknowledged_before_durable => AcknowledgedBeforeDurable,
    /// A coordinator tells others of a version before it is on its own disk, so that it can forget a version which
    /// others have.
    told_before_own_disk => ToldBeforeOwnDisk,
    /// A client is told that its write is done when W − 1 nodes have it (against §4.5).
    acknowledged_by_too_few => AcknowledgedByTooFew,
    /// A read is answered when R − 1 nodes have answered (against §4.5).
    read_of_too_few => ReadOfTooFew,
    /// A second answer of the same node counts as that of another one (against §4.5).
    same_replica_counted_twice => SameReplicaCountedTwice,
    /// What a replica had read counts as an acknowledgement of what is being written since.
    late_read_counted_as_write => LateReadCountedAsWrite,
    /// A replica that is brought up to date after a read forgets what it had, be it newer (against §5).
    repair_overwrites => RepairOverwrites,
    /// Of siblings only the last is kept (against §4.4).
    siblings_dropped => SiblingsDropped,
    /// A new version replaces all that its coordinator holds, also what the client has not read (against §4.4).
    context_covers_unread => ContextCoversUnread,
    /// What is handed over counts as confirmed when it is sent (against §4.6: "once the transfer succeeds").
    forgotten_when_sent => ForgottenWhenSent,
    /// A confirmation of older versions counts for those that have come since.
    old_confirmation_counts => OldConfirmationCounts,
    /// A node says that it has what is only in its memory.
    offer_answered_from_memory => OfferAnsweredFromMemory,
    /// A node confirms what is handed over to it before it is on its disk.
    handover_confirmed_before_durable => HandoverConfirmedBeforeDurable,
    /// An older entry of the membership takes the place of a newer one (against §4.8.1).
    older_ring_accepted => OlderRingAccepted,
    /// A process begins to count where the one before it began, so that two versions share a dot.
    starts_not_counted => StartsNotCounted,
    /// Comparing trees deletes what the other does not have (against §4.7).
    comparing_deletes => ComparingDeletes,
    /// A tombstone goes before all owners have confirmed it, so that what was deleted comes back.
    tombstone_dropped_too_early => TombstoneDroppedTooEarly,
    /// A node leaves before everybody has what it holds (against §4.9).
    left_before_handover => LeftBeforeHandover,
    /// A node that lost its disk goes on as if it held all that it owns.
    lost_disk_not_told => LostDiskNotTold,
    /// A node owns its ranges although too many have not sent what they hold of them (against §4.9).
    ranges_taken_too_early => RangesTakenTooEarly,
    /// A member sends what it has left of a range to a node that does not know whom it gave the rest (against §4.9).
    range_of_an_older_ring => RangeOfAnOlderRing,
    /// A node that has not yet fetched again what it lost answers reads.
    refilling_answers_reads => RefillingAnswersReads,
    /// Others hear of a version that is not on any disk.
    read_from_memory => ReadFromMemory,
    /// What a process reads at its start counts as durable, though only the one before it was killed and its writes had
    /// not reached the disk.
    read_at_start_counts_as_durable => ReadAtStartCountsAsDurable,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            replicas: 3,
            read_quorum: 2,
            write_quorum: 2,
            algorithm: Algorithm::Ring,
            virtual_nodes: 16,
            weights: Vec::new(),
            initial_members: 0,
            initial_keys: 0,
            sloppy_quorum: true,
            hinted_keys_max: 10_000,
            read_repair: true,
            read_load_factor_thousandths: 0,
            gossip_interval_us: 100_000,
            suspect_after_us: 600_000,
            replica_timeout_us: 50_000,
            anti_entropy_interval_us: 400_000,
            handoff_interval_us: 60_000,
            chunk_keys: 16,
            compact_every_records: 2_000,
            vector_entries_max: 10,
            tombstone_grace_us: 60_000_000,
            break_rules: BreakRules::default(),
        }
    }
}

impl Options {
    /// The settings of the placement.
    pub fn settings(&self) -> Settings {
        let virtual_nodes = Some(self.virtual_nodes).filter(|number| *number > 0 && self.has_virtual_nodes());
        // A prime that is large enough for the most nodes and small enough to be built at every change.
        Settings { virtual_nodes, maglev_table_size: 2_039, ..Settings::default() }
    }

    fn has_virtual_nodes(&self) -> bool {
        matches!(self.algorithm, Algorithm::Ring | Algorithm::MultiProbe)
    }

    /// The weight of a node.
    pub fn weight(&self, node: NodeId) -> u32 {
        self.weights.get(node.index()).copied().unwrap_or(1)
    }

    /// How long a coordinator tries before it tells the client that too few replicas answer, in µs.
    pub fn gives_up_after_us(&self) -> u64 {
        self.replica_timeout_us.saturating_mul(PATIENCE.into())
    }

    /// Whether a node is a member at the start.
    pub fn is_initial_member(&self, node: NodeId) -> bool {
        self.initial_members == 0 || node.0 < self.initial_members
    }

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
        within("replicas", u64::from(self.replicas), 1, u64::from(REPLICAS_MAX));
        within("read_quorum", u64::from(self.read_quorum), 1, u64::from(self.replicas));
        within("write_quorum", u64::from(self.write_quorum), 1, u64::from(self.replicas));
        within("virtual_nodes", u64::from(self.virtual_nodes), 0, u64::from(VIRTUAL_NODES_MAX));
        within("initial_members", u64::from(self.initial_members), 0, u64::from(nodes));
        within("initial_keys", u64::from(self.initial_keys), 0, u64::from(INITIAL_KEYS_MAX));
        within("gossip_interval_us", self.gossip_interval_us, 1_000, DURATION_US_MAX);
        within("suspect_after_us", self.suspect_after_us, 1_000, DURATION_US_MAX);
        within("replica_timeout_us", self.replica_timeout_us, 1_000, DURATION_US_MAX);
        within("handoff_interval_us", self.handoff_interval_us, 1_000, DURATION_US_MAX);
        within("chunk_keys", u64::from(self.chunk_keys), 1, 1_024);
        within("compact_every_records", u64::from(self.compact_every_records), 0, 1_000_000);
        within("hinted_keys_max", u64::from(self.hinted_keys_max), 0, 1_000_000);
        within("vector_entries_max", u64::from(self.vector_entries_max), 0, VECTOR_ENTRIES_MAX);
        if self.tombstone_grace_us != 0 {
            within("tombstone_grace_us", self.tombstone_grace_us, 1_000, DURATION_US_MAX);
        }
        if self.anti_entropy_interval_us != 0 {
            within("anti_entropy_interval_us", self.anti_entropy_interval_us, 1_000, DURATION_US_MAX);
        }
        if self.read_load_factor_thousandths != 0 {
            within(
                "read_load_factor_thousandths",
                self.read_load_factor_thousandths.into(),
                1_001,
                1_000_000,
            );
        }
        if self.weights.len() > usize::from(nodes) {
            wrong.push(Invalid::new("weights", Problem::MoreThanNodes));
        }
        let mut weights = self.weights.iter();
        let problem = weights.find_map(|weight| Problem::of_range((*weight).into(), 1, WEIGHT_MAX.into()));
        wrong.extend(problem.map(|problem| Invalid::new("weights", problem)));
        self.validate_placement(nodes, &mut wrong);
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn validate_placement(&self, nodes: u16, wrong: &mut Vec<Invalid>) {
        const FIELD: &str = "algorithm";
        let problem = match self.algorithm {
            Algorithm::Jump => Problem::OnlyLastLeaves,
            Algorithm::Anchor => Problem::DependsOnOrder,
            Algorithm::BoundedLoads => Problem::NeedsAllKeys,
            _ if self.weights.iter().any(|weight| *weight != 1) && !self.algorithm.has_weights() => {
                Problem::HasNoWeights
            }
            _ => {
                // What remains are the limits of the placement itself, which it knows best.
                let all: Vec<NodeId> = (0..nodes.min(NODES_MAX)).map(NodeId).collect();
                if wrong.is_empty()
                    && let Err(error) = super::ring::build(&all, self)
                {
                    wrong.push(Invalid::new(FIELD, problem_of(&error)));
                }
                return;
            }
        };
        wrong.push(Invalid::new(FIELD, problem));
    }
}

/// Why no placement can be built. The options were looked at before, so that little but its size is left.
fn problem_of(error: &PlacementError) -> Problem {
    match *error {
        PlacementError::TooManyPoints(points) => Problem::TooManyPoints { points, most: POINTS_MAX },
        _ => Problem::NoPlacement,
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
        for nodes in [1, 2, 3, 10, NODES_MAX] {
            assert_eq!(Options::default().validate(nodes), Ok(()), "{nodes} nodes");
        }
        assert_eq!(fields(&Options::default(), 0), ["nodes"]);
        assert_eq!(fields(&Options::default(), NODES_MAX + 1), ["nodes"]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let options = Options {
            read_quorum: 4,
            chunk_keys: 0,
            weights: vec![1, 0],
            algorithm: Algorithm::Jump,
            ..Options::default()
        };
        assert_eq!(fields(&options, 5), ["read_quorum", "chunk_keys", "weights", "algorithm"]);
    }

    #[test]
    fn a_placement_that_nodes_with_different_histories_would_see_differently_is_refused() {
        for algorithm in Algorithm::ALL {
            let expected: &[&str] = match algorithm {
                Algorithm::Jump | Algorithm::Anchor | Algorithm::BoundedLoads => &["algorithm"],
                _ => &[],
            };
            assert_eq!(fields(&Options { algorithm, ..Options::default() }, 5), expected, "{algorithm:?}");
        }
        let weighted = Options { algorithm: Algorithm::Modulo, weights: vec![2], ..Options::default() };
        assert_eq!(fields(&weighted, 5), ["algorithm"]);
        let points = Options { weights: vec![100_000], ..Options::default() };
        assert_eq!(fields(&points, 5), [] as [&str; 0], "1,600,000 points are allowed");
        let too_many = Options { weights: vec![1_000_000], ..Options::default() };
        assert_eq!(fields(&too_many, 5), ["algorithm"], "16,000,000 points are not");
    }
}
