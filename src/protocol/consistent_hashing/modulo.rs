//! The hash modulo the number of nodes, for contrast: when n nodes become n + 1, all but about one key in n + 1
//! move.

use super::hash::key_hash;
use super::{Algorithm, Disruption, Placement, PlacementError, Roster};
use crate::protocol::NodeId;

/// The hash of a key modulo the number of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modulo {
    roster: Roster,
    nodes: Vec<NodeId>,
}

impl Modulo {
    /// What a join or leave may move.
    pub const DISRUPTION: Disruption = Disruption::Unbounded;

    /// No nodes yet.
    pub fn new() -> Self {
        Self::default()
    }

    #[inline]
    fn index_of(&self, key: &[u8]) -> usize {
        key_hash(key).checked_rem(self.nodes.len() as u64).unwrap_or_default() as usize
    }
}

impl Placement for Modulo {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Modulo
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        if let Some(node) = roster.weighted() {
            return Err(PlacementError::WeightsUnsupported {
                algorithm: Algorithm::Modulo,
                weight: node.weight,
            });
        }
        self.nodes = roster.ids().collect();
        self.roster = roster;
        Ok(())
    }

    #[inline]
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        self.nodes.get(self.index_of(key)).copied()
    }

    /// The nodes after the owner, by number.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        let (before, from) = self.nodes.split_at_checked(self.index_of(key)).unwrap_or_default();
        from.iter().chain(before).take(count).copied().collect()
    }

    fn memory_bytes(&self) -> u64 {
        size_of_val(self.nodes.as_slice()) as u64
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }
}
