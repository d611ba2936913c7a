//! The interface that all algorithms share.

use std::fmt;

use super::{Algorithm, Circle, Node, PlacementError, Roster};
use crate::protocol::NodeId;

/// What an algorithm promises about the keys that move when one node joins or leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disruption {
    /// A join moves keys only to the node that joins, a leave only from the node that leaves.
    Minimal,
    /// As [`Disruption::Minimal`], with a few moves between the others, which the paper measures (Maglev).
    Small,
    /// A bounded expected number of further moves, for the sake of the load bound (bounded loads).
    Bounded,
    /// Nearly every key moves (modulo).
    Unbounded,
}

/// An assignment of keys to nodes that changes little when the nodes change.
///
/// A placement is a value: it compares, it clones, and equal histories give equal placements. All algorithms
/// but AnchorHash forget their history: the roster (and, with bounded loads, the keys that are placed)
/// determines the answers. AnchorHash depends on the order of the changes, as its paper says.
pub trait Placement: fmt::Debug {
    /// Which algorithm this is.
    fn algorithm(&self) -> Algorithm;

    /// The nodes.
    fn roster(&self) -> &Roster;

    /// Replaces the nodes: the one way in which a placement changes its nodes, so that several may join and
    /// leave at once. Prepared tables are built anew once, not once a node.
    ///
    /// # Errors
    /// A limit of the algorithm; the placement is then unchanged.
    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError>;

    /// The node that owns a key; `None` without nodes.
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId>;

    /// The first `count` distinct nodes for a key, its owner first: Dynamo's preference list
    /// (DeCandia et al., §4.3). All nodes, if there are fewer.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId>;

    /// The points on the circle, where the algorithm has some.
    fn points(&self) -> Option<&Circle> {
        None
    }

    /// The bytes of the tables that a lookup reads. The names and weights of the nodes are not counted.
    fn memory_bytes(&self) -> u64;

    /// A copy behind the trait.
    fn boxed_clone(&self) -> Box<dyn Placement>;

    /// Adds nodes.
    ///
    /// # Errors
    /// A node or name that is already there, or a limit; no node is then added.
    fn add_nodes(&mut self, nodes: &[Node]) -> Result<(), PlacementError> {
        self.set_roster(self.roster().with(nodes)?)
    }

    /// Adds one node.
    ///
    /// # Errors
    /// As for [`Placement::add_nodes`].
    fn add_node(&mut self, node: Node) -> Result<(), PlacementError> {
        self.add_nodes(&[node])
    }

    /// Removes one node.
    ///
    /// # Errors
    /// There is no such node, or it is not the last one and the algorithm is jump.
    fn remove_node(&mut self, node: NodeId) -> Result<(), PlacementError> {
        self.set_roster(self.roster().without(node)?)
    }

    /// Gives a node another weight.
    ///
    /// # Errors
    /// There is no such node, or a limit: some algorithms have no weights.
    fn set_weight(&mut self, node: NodeId, weight: u32) -> Result<(), PlacementError> {
        self.set_roster(self.roster().with_weight(node, weight)?)
    }

    /// Tells a placement with bounded loads that the key is stored or served now, and counts it as load; the
    /// others keep no loads and only look the key up.
    ///
    /// # Errors
    /// Too many keys are placed.
    fn place_key(&mut self, key: &[u8]) -> Result<Option<NodeId>, PlacementError> {
        Ok(self.node_for_key(key))
    }

    /// Takes back [`Placement::place_key`].
    fn release_key(&mut self, _key: &[u8]) {}
}

impl Clone for Box<dyn Placement> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// The preference list of the algorithms whose papers define none: the key is hashed again and again, and each
/// answer that is new joins the list. A node that no attempt has found joins at the end, in the order of the
/// numbers, so the list is complete whatever the hash does.
pub(super) fn distinct_by_rehash(
    roster: &Roster,
    count: usize,
    mut attempt: impl FnMut(u64) -> Option<NodeId>,
) -> Vec<NodeId> {
    // With n nodes of equal share, the last of n distinct ones takes n expected attempts.
    const ATTEMPTS_PER_NODE: u64 = 8;
    let count = count.min(roster.len());
    let mut list: Vec<NodeId> = Vec::with_capacity(count);
    let attempts = ATTEMPTS_PER_NODE.saturating_mul(roster.len() as u64);
    for number in 0..attempts {
        if list.len() == count {
            return list;
        }
        if let Some(node) = attempt(number)
            && !list.contains(&node)
        {
            list.push(node);
        }
    }
    for node in roster.ids() {
        if list.len() == count {
            break;
        }
        if !list.contains(&node) {
            list.push(node);
        }
    }
    list
}
