//! Sets of nodes and majorities.

use crate::protocol::NodeId;

/// The most nodes that a cluster may have.
pub const NODES_MAX: u16 = 100;

/// How many nodes make a majority of a cluster of `nodes`.
///
/// Always counted over the full size of the cluster: a node that is down, cut off or out still counts in the
/// size, or two quorums might not meet.
pub fn majority(nodes: u16) -> usize {
    usize::from(nodes) / 2 + 1
}

/// A set of nodes, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NodeSet(u128);

impl NodeSet {
    /// A set of one.
    pub fn of(node: NodeId) -> Self {
        let mut set = NodeSet::default();
        set.insert(node);
        set
    }

    /// Puts a node in; nothing happens for one beyond [`NODES_MAX`].
    pub fn insert(&mut self, node: NodeId) {
        self.0 |= Self::bit(node);
    }

    /// Takes a node out.
    pub fn remove(&mut self, node: NodeId) {
        self.0 &= !Self::bit(node);
    }

    /// Whether a node is in.
    pub fn contains(self, node: NodeId) -> bool {
        self.0 & Self::bit(node) != 0
    }

    /// How many nodes are in.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether nobody is in.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The nodes, in order.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        (0..NODES_MAX).map(NodeId).filter(move |node| self.contains(*node))
    }

    fn bit(node: NodeId) -> u128 {
        if node.0 < NODES_MAX { 1 << node.0 } else { 0 }
    }
}
