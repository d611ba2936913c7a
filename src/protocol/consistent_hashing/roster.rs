//! The nodes of a placement: who is there, under which name, with which weight.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::PlacementError;
use super::error::{NAME_BYTES_MAX, NODES_MAX, WEIGHT_MAX};
use crate::protocol::NodeId;
/// One node of a placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The caller's number for the node, with which lookups answer. Names are hashed, numbers are not; they only
    /// give the nodes an order: buckets are numbered in it, and of two nodes that are equally good for a key the
    /// lower number wins.
    pub id: NodeId,
    /// What is hashed, for example `10.0.1.1:11211`. Two nodes never share a name.
    pub name: String,
    /// The share of the keys, relative to the other weights; from 1 to [`WEIGHT_MAX`].
    pub weight: u32,
}

impl Node {
    /// A node of weight 1.
    pub fn new(id: u16, name: impl Into<String>) -> Self {
        Self { id: NodeId(id), name: name.into(), weight: 1 }
    }

    /// The same node with another weight.
    pub fn with_weight(self, weight: u32) -> Self {
        Self { weight, ..self }
    }
}

/// The nodes of a placement, in the order of their numbers. Its bounds hold by construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    nodes: BTreeMap<NodeId, Node>,
}

impl Roster {
    /// A roster of these nodes, in whatever order they come.
    ///
    /// # Errors
    /// A name or number that occurs twice, a name or weight out of its bounds, too many nodes.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Result<Self, PlacementError> {
        let mut roster = Self::default();
        let mut names = BTreeSet::new();
        for node in nodes {
            if !(1..=NAME_BYTES_MAX).contains(&node.name.len()) {
                return Err(PlacementError::NameLength(node.name.len()));
            }
            if !(1..=WEIGHT_MAX).contains(&node.weight) {
                return Err(PlacementError::WeightOutOfRange(node.weight));
            }
            if !names.insert(node.name.clone()) {
                return Err(PlacementError::DuplicateName(node.name));
            }
            let id = node.id;
            if roster.nodes.insert(id, node).is_some() {
                return Err(PlacementError::DuplicateNode(id));
            }
            if roster.nodes.len() > NODES_MAX {
                return Err(PlacementError::TooManyNodes(roster.nodes.len()));
            }
        }
        Ok(roster)
    }

    /// This roster and those nodes.
    ///
    /// # Errors
    /// As for [`Roster::new`].
    pub fn with(&self, nodes: &[Node]) -> Result<Self, PlacementError> {
        Self::new(self.iter().chain(nodes).cloned())
    }

    /// This roster without that node.
    ///
    /// # Errors
    /// There is no such node.
    pub fn without(&self, node: NodeId) -> Result<Self, PlacementError> {
        let mut roster = self.clone();
        roster.nodes.remove(&node).ok_or(PlacementError::UnknownNode(node))?;
        Ok(roster)
    }

    /// This roster with another weight for that node.
    ///
    /// # Errors
    /// There is no such node, or the weight is out of its bounds.
    pub fn with_weight(&self, node: NodeId, weight: u32) -> Result<Self, PlacementError> {
        if !(1..=WEIGHT_MAX).contains(&weight) {
            return Err(PlacementError::WeightOutOfRange(weight));
        }
        let mut roster = self.clone();
        roster.nodes.get_mut(&node).ok_or(PlacementError::UnknownNode(node))?.weight = weight;
        Ok(roster)
    }

    /// The nodes, by rising number.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Node> + ExactSizeIterator {
        self.nodes.values()
    }

    /// The numbers of the nodes, rising.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator {
        self.nodes.keys().copied()
    }

    /// The node of that number.
    pub fn get(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(&node)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The sum of the weights.
    pub fn total_weight(&self) -> u64 {
        self.iter().map(|node| u64::from(node.weight)).sum()
    }

    /// The first node whose weight is not 1, for the algorithms that have no weights.
    pub(super) fn weighted(&self) -> Option<&Node> {
        self.iter().find(|node| node.weight != 1)
    }

    /// Whether that node is here with the same name and weight.
    pub(super) fn holds(&self, node: &Node) -> bool {
        self.get(node.id) == Some(node)
    }
}
