//! What can be refused, and the bounds.

use super::Algorithm;
use crate::protocol::NodeId;

/// The most nodes that one placement takes.
pub const NODES_MAX: usize = 4_096;
/// The greatest weight of a node. Weights are whole numbers from 1.
pub const WEIGHT_MAX: u32 = 1_000_000;
/// The longest name of a node, in bytes.
pub const NAME_BYTES_MAX: usize = 255;
/// The most virtual nodes per unit of weight.
pub const VIRTUAL_NODES_MAX: u32 = 65_536;
/// The most points on one circle, over all nodes.
pub const POINTS_MAX: u64 = 4_194_304;
/// The greatest Maglev table and the greatest AnchorHash capacity, in entries.
pub const TABLE_SIZE_MAX: u32 = 16_777_216;
/// The most probes of multi-probe hashing.
pub const PROBES_MAX: u32 = 256;
/// The most keys that a placement with bounded loads holds.
pub const PLACED_KEYS_MAX: usize = 1_000_000;

/// Why a change of a placement was refused. The placement is then as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// A node of that identifier is already there.
    #[error("{0} is already there")]
    DuplicateNode(NodeId),
    /// Two nodes of one name would own the same points.
    #[error("two nodes are named {0:?}")]
    DuplicateName(String),
    /// There is no such node.
    #[error("there is no {0}")]
    UnknownNode(NodeId),
    /// A name is empty, or longer than [`NAME_BYTES_MAX`].
    #[error("the name of a node has 1 to {NAME_BYTES_MAX} bytes, not {0}")]
    NameLength(usize),
    /// A weight is zero or above [`WEIGHT_MAX`].
    #[error("a weight is from 1 to {WEIGHT_MAX}, not {0}")]
    WeightOutOfRange(u32),
    /// More than [`NODES_MAX`] nodes.
    #[error("at most {NODES_MAX} nodes, not {0}")]
    TooManyNodes(usize),
    /// The algorithm gives every node the same share; its paper defines no weights.
    #[error("{} has no weights: every node has weight 1, not {weight}", algorithm.name())]
    WeightsUnsupported {
        /// The algorithm that was asked.
        algorithm: Algorithm,
        /// The weight that was asked for.
        weight: u32,
    },
    /// The number of virtual nodes is a matter of the ring; this algorithm has none, or a fixed number.
    #[error("the number of virtual nodes cannot be set for {}", .0.name())]
    VirtualNodesUnsupported(Algorithm),
    /// Virtual nodes per unit of weight outside 1 to [`VIRTUAL_NODES_MAX`].
    #[error("virtual nodes are from 1 to {VIRTUAL_NODES_MAX}, not {0}")]
    VirtualNodesOutOfRange(u32),
    /// Weights times virtual nodes exceed [`POINTS_MAX`].
    #[error("at most {POINTS_MAX} points on a circle, not {0}")]
    TooManyPoints(u64),
    /// Jump numbers its buckets without gaps, so a node joins only after the last one (Lamping and Veach, §1).
    #[error("{node} can join only after the last node, {last}")]
    JoinsOnlyAtTheEnd {
        /// The node that was to join.
        node: NodeId,
        /// The last node.
        last: NodeId,
    },
    /// Jump numbers its buckets without gaps, so only the last node can leave (Lamping and Veach, §1).
    #[error("{node} cannot leave before the last node, {last}")]
    LeavesOnlyAtTheEnd {
        /// The node that was to leave.
        node: NodeId,
        /// The last node.
        last: NodeId,
    },
    /// Every skip must be coprime to the size of Maglev's table, so the size is a prime (Eisenbud et al., §3.4).
    #[error("the size of the table must be a prime, and {0} is not")]
    TableSizeNotPrime(u32),
    /// The table is larger than [`TABLE_SIZE_MAX`], or not larger than the number of nodes.
    #[error("a table of {table_size} entries: it must have more than {nodes} and at most {TABLE_SIZE_MAX}")]
    TableSizeOutOfRange {
        /// The size of the table.
        table_size: u32,
        /// The number of nodes.
        nodes: usize,
    },
    /// AnchorHash fixes its capacity at the start (Mendelson et al., §4), and the weights do not fit.
    #[error("the anchor has {capacity} buckets and the weights need {needed}")]
    AnchorCapacity {
        /// The capacity, in buckets.
        capacity: u32,
        /// The sum of the weights.
        needed: u64,
    },
    /// Probes outside 1 to [`PROBES_MAX`].
    #[error("probes are from 1 to {PROBES_MAX}, not {0}")]
    ProbesOutOfRange(u32),
    /// The load factor c = 1 + ε must exceed 1, and at most 1,000 times the mean is meant seriously.
    #[error("the load factor is from 1001 to 1000000 thousandths, not {0}")]
    LoadFactorOutOfRange(u32),
    /// More than [`PLACED_KEYS_MAX`] keys are placed.
    #[error("at most {PLACED_KEYS_MAX} keys can be placed")]
    TooManyKeys,
}
