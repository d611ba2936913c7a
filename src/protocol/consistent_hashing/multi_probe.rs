//! Multi-probe consistent hashing: one point a node, many probes a key.
//!
//! Appleton and O'Reilly, "Multi-probe consistent hashing", arXiv:1505.00062, 2015. A key is hashed k times onto
//! the circle, and the probe whose next point is closest wins. With k = 21 the peak load is about 1.05 times
//! the mean, with memory for one point a node where a ring would need many.
//!
//! The paper treats equal nodes. Here a node has a point for every unit of weight (and of `virtual_nodes`),
//! since in expectation every point has the same share.

use super::error::PROBES_MAX;
use super::hash::{key_hash, nth_mix};
use super::{Algorithm, Circle, Disruption, HashRing, Placement, PlacementError, Roster};
use crate::protocol::NodeId;

/// Multi-probe consistent hashing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiProbe {
    ring: HashRing,
    probes: u32,
}

impl MultiProbe {
    /// The probes that the paper recommends: a peak of 1.05 times the mean.
    pub const PROBES_DEFAULT: u32 = 21;
    /// What a join or leave may move.
    pub const DISRUPTION: Disruption = Disruption::Minimal;

    /// No nodes yet, that many probes a key, and that many points per unit of weight (the paper has one).
    ///
    /// # Errors
    /// Probes outside 1 to [`PROBES_MAX`], or too many virtual nodes.
    pub fn new(probes: u32, virtual_nodes: u32) -> Result<Self, PlacementError> {
        if !(1..=PROBES_MAX).contains(&probes) {
            return Err(PlacementError::ProbesOutOfRange(probes));
        }
        Ok(Self { ring: HashRing::new(virtual_nodes)?, probes })
    }

    /// The circle, to be drawn or walked.
    pub fn circle(&self) -> &Circle {
        self.ring.circle()
    }

    /// The positions of a key's probes. The paper derives them from two hashes; these are the outputs of one
    /// generator that the key's hash seeds.
    #[inline]
    pub fn probes_of(&self, key: &[u8]) -> impl Iterator<Item = u64> + use<> {
        let hash = key_hash(key);
        (0..u64::from(self.probes)).map(move |number| nth_mix(hash, number))
    }
}

impl Placement for MultiProbe {
    fn algorithm(&self) -> Algorithm {
        Algorithm::MultiProbe
    }

    fn roster(&self) -> &Roster {
        self.ring.roster()
    }

    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        self.ring.set_roster(roster)
    }

    #[inline]
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        let circle = self.ring.circle();
        let next = |probe| {
            let point = circle.successor(probe)?;
            Some((point.position.wrapping_sub(probe), point.node))
        };
        self.probes_of(key).filter_map(next).min().map(|(_, node)| node)
    }

    /// The nodes in the order of the distance to their closest probe. Every probe walks on clockwise, and the
    /// shortest walk takes the next step.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        let count = count.min(self.roster().len());
        let circle = self.ring.circle();
        let mut walks: Vec<_> = self
            .probes_of(key)
            .map(|probe| circle.walk(probe).map(move |p| (p.position.wrapping_sub(probe), p.node)).peekable())
            .collect();
        let mut list = Vec::with_capacity(count);
        while list.len() < count {
            let closest = walks.iter_mut().filter_map(|walk| Some((*walk.peek()?, walk)));
            let Some(((_, node), walk)) = closest.min_by_key(|(step, _)| *step) else {
                break;
            };
            walk.next();
            if !list.contains(&node) {
                list.push(node);
            }
        }
        list
    }

    fn points(&self) -> Option<&Circle> {
        Some(self.circle())
    }

    fn memory_bytes(&self) -> u64 {
        self.ring.memory_bytes()
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }
}
