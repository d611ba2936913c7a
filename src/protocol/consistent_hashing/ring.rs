//! The hash ring with virtual nodes and weights.
//!
//! Karger, Lehman, Leighton, Panigrahy, Levine and Lewin, "Consistent hashing and random trees", STOC 1997;
//! the form with virtual nodes in proportion to a node's capacity is that of DeCandia et al., "Dynamo: Amazon's
//! highly available key-value store", SOSP 2007, §4.2 and §4.3.

use super::error::{POINTS_MAX, VIRTUAL_NODES_MAX};
use super::hash::{Role, hash_for, key_hash, nth_mix};
use super::{Algorithm, Circle, Disruption, Node, Placement, PlacementError, RingPoint, Roster};
use crate::protocol::NodeId;

/// A hash ring: every node has `weight × virtual_nodes` points on a circle of 2⁶⁴ positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashRing {
    roster: Roster,
    virtual_nodes: u32,
    circle: Circle,
}

impl HashRing {
    /// The virtual nodes per unit of weight if none are asked for. The share of a node then has a standard
    /// deviation of about 1/√160, 8 %, of the mean.
    pub const VIRTUAL_NODES_DEFAULT: u32 = 160;
    /// What a join or leave may move.
    pub const DISRUPTION: Disruption = Disruption::Minimal;

    /// An empty ring with that many virtual nodes per unit of weight.
    ///
    /// # Errors
    /// Virtual nodes outside 1 to [`VIRTUAL_NODES_MAX`].
    pub fn new(virtual_nodes: u32) -> Result<Self, PlacementError> {
        if !(1..=VIRTUAL_NODES_MAX).contains(&virtual_nodes) {
            return Err(PlacementError::VirtualNodesOutOfRange(virtual_nodes));
        }
        Ok(Self { roster: Roster::default(), virtual_nodes, circle: Circle::default() })
    }

    /// The circle, to be drawn or walked.
    pub fn circle(&self) -> &Circle {
        &self.circle
    }

    /// The virtual nodes per unit of weight.
    pub fn virtual_nodes(&self) -> u32 {
        self.virtual_nodes
    }

    /// The points of a node: they depend on its name alone, and a greater weight only adds to them.
    fn points_of(&self, node: &Node) -> impl Iterator<Item = RingPoint> + use<> {
        let seed = hash_for(Role::Node, node.name.as_bytes());
        let id = node.id;
        let count = u64::from(node.weight) * u64::from(self.virtual_nodes);
        (0..count).map(move |number| RingPoint { position: nth_mix(seed, number), node: id })
    }
}

impl Placement for HashRing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ring
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        let points = roster.total_weight().saturating_mul(u64::from(self.virtual_nodes));
        if points > POINTS_MAX {
            return Err(PlacementError::TooManyPoints(points));
        }
        let mut joining = Vec::new();
        for node in roster.iter().filter(|node| !self.roster.holds(node)) {
            joining.extend(self.points_of(node));
        }
        let old = std::mem::replace(&mut self.roster, roster);
        let new = &self.roster;
        self.circle.replace(|id| old.get(id).is_none_or(|node| !new.holds(node)), joining);
        Ok(())
    }

    #[inline]
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        self.circle.successor(key_hash(key)).map(|point| point.node)
    }

    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        self.circle.distinct_nodes(key_hash(key)).take(count.min(self.roster.len())).collect()
    }

    fn points(&self) -> Option<&Circle> {
        Some(self.circle())
    }

    fn memory_bytes(&self) -> u64 {
        self.circle.memory_bytes()
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }
}
