//! Sets of nodes that cost no more than two words.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::protocol::NodeId;

/// A set of the nodes `0..128`, in order. Written as a list of numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeSet(u128);

impl NodeSet {
    /// How many nodes a set can tell apart.
    pub const CAPACITY: u16 = 128;

    /// The empty set.
    pub const EMPTY: NodeSet = NodeSet(0);

    /// The nodes `0..nodes`.
    pub fn all(nodes: u16) -> NodeSet {
        match 1u128.checked_shl(u32::from(nodes)) {
            Some(bit) => NodeSet(bit - 1),
            None => NodeSet(u128::MAX),
        }
    }

    /// Adds a node and says whether it is new. A node beyond the capacity is not added.
    pub fn insert(&mut self, node: NodeId) -> bool {
        let bit = Self::bit(node);
        let new = bit & !self.0 != 0;
        self.0 |= bit;
        new
    }

    /// Whether the node is in the set.
    pub fn contains(self, node: NodeId) -> bool {
        self.0 & Self::bit(node) != 0
    }

    /// How many nodes it has.
    pub fn len(self) -> u16 {
        self.0.count_ones() as u16
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The nodes of this set that the other lacks.
    pub fn without(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 & !other.0)
    }

    /// The nodes of both sets.
    pub fn union(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 | other.0)
    }

    /// The node with the lowest number.
    pub fn first(self) -> Option<NodeId> {
        (self.0 != 0).then(|| NodeId(self.0.trailing_zeros() as u16))
    }

    /// The nodes in ascending order.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let node = rest.first()?;
            rest.0 &= rest.0 - 1;
            Some(node)
        })
    }

    fn bit(node: NodeId) -> u128 {
        1u128.checked_shl(u32::from(node.0)).unwrap_or(0)
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        let mut set = NodeSet::EMPTY;
        for node in nodes {
            set.insert(node);
        }
        set
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|node| node.0)).finish()
    }
}

impl Serialize for NodeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|node| node.0).collect::<Vec<u16>>())
    }
}

impl<'de> Deserialize<'de> for NodeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nodes = Vec::<u16>::deserialize(deserializer)?;
        match nodes.iter().find(|node| **node >= NodeSet::CAPACITY) {
            Some(node) => Err(D::Error::custom(format!("node {node} is not below {}", NodeSet::CAPACITY))),
            None => Ok(nodes.into_iter().map(NodeId).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_behaves_like_a_sorted_list_without_repetitions() {
        let mut set: NodeSet = [NodeId(5), NodeId(127), NodeId(0)].into_iter().collect();
        assert!(!set.insert(NodeId(5)), "it is there already");
        assert!(!set.insert(NodeId(128)), "beyond the capacity");
        assert_eq!(set.iter().collect::<Vec<_>>(), [NodeId(0), NodeId(5), NodeId(127)]);
        assert_eq!(set.len(), 3);
        assert_eq!(NodeSet::all(128).len(), 128);
        assert_eq!(NodeSet::all(3).without(set).iter().collect::<Vec<_>>(), [NodeId(1), NodeId(2)]);
    }

    #[test]
    fn it_is_written_as_a_list_and_a_node_out_of_range_is_refused() {
        let set: NodeSet = serde_json::from_str("[2,1,2]").unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), "[1,2]");
        assert!(serde_json::from_str::<NodeSet>("[128]").is_err());
    }
}
