//! Rendezvous hashing: every node bids for a key, and the highest bid wins.
//!
//! Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on
//! Networking 6(1), 1998 ("highest random weight"). For unequal weights, Schindelhauer and Schomaker, "Weighted
//! distributed hash tables", SPAA 2005, their logarithmic method: node i bids −wᵢ / ln uᵢ, where uᵢ is its
//! hash for the key as a fraction. The time to the first event of a process with rate wᵢ is exponential, so
//! node i wins with probability wᵢ / Σw, exactly.
//!
//! Nodes of one weight are compared by their hashes alone, which is the same order. Only the best of each
//! weight needs a logarithm, and that is computed in integers (`fixed_log.rs`); costs are compared by
//! cross-multiplication, so nothing is rounded after it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::fixed_log::minus_log2;
use super::hash::{Role, hash_for, key_hash, mix};
use super::{Algorithm, Disruption, Placement, PlacementError, Roster};
use crate::protocol::NodeId;

/// One node among those of its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bidder {
    seed: u64,
    node: NodeId,
}

/// The nodes of one weight, by rising number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct WeightClass {
    weight: u32,
    bidders: Vec<Bidder>,
}

/// A bid: the lowest cost wins, and of equal ones the lowest node number.
#[derive(Clone, Copy)]
struct Bid {
    /// −log₂ of the node's hash for the key, as a fraction.
    minus_log2: u64,
    weight: u32,
    node: NodeId,
}

impl Bid {
    /// Compares cost / weight without dividing.
    fn cmp(&self, other: &Self) -> Ordering {
        let mine = u128::from(self.minus_log2) * u128::from(other.weight);
        let theirs = u128::from(other.minus_log2) * u128::from(self.weight);
        mine.cmp(&theirs).then(self.node.cmp(&other.node))
    }
}

impl Bidder {
    /// This node's hash for a key: high is good.
    #[inline]
    fn hash(&self, key: u64) -> u64 {
        mix(key ^ self.seed)
    }
}

impl WeightClass {
    /// The node with the highest hash for a key, and that hash.
    #[inline]
    fn best(&self, key: u64) -> Option<(u64, NodeId)> {
        let (first, rest) = self.bidders.split_first()?;
        let mut best = (first.hash(key), first.node);
        for bidder in rest {
            let hash = bidder.hash(key);
            if hash > best.0 {
                best = (hash, bidder.node);
            }
        }
        Some(best)
    }
}

/// Rendezvous hashing with weights. A lookup asks every node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendezvous {
    roster: Roster,
    classes: Vec<WeightClass>,
}

impl Rendezvous {
    /// What a join or leave may move.
    pub const DISRUPTION: Disruption = Disruption::Minimal;

    /// No nodes yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Placement for Rendezvous {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Rendezvous
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        let mut classes: BTreeMap<u32, Vec<Bidder>> = BTreeMap::new();
        for node in roster.iter() {
            let seed = hash_for(Role::Node, node.name.as_bytes());
            classes.entry(node.weight).or_default().push(Bidder { seed, node: node.id });
        }
        self.classes = classes.into_iter().map(|(weight, bidders)| WeightClass { weight, bidders }).collect();
        self.roster = roster;
        Ok(())
    }

    #[inline]
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        let key = key_hash(key);
        if let [only] = self.classes.as_slice() {
            return only.best(key).map(|(_, node)| node);
        }
        let bids = self.classes.iter().filter_map(|class| {
            let (hash, node) = class.best(key)?;
            Some(Bid { minus_log2: minus_log2(hash), weight: class.weight, node })
        });
        bids.min_by(Bid::cmp).map(|bid| bid.node)
    }

    /// The nodes in the order of their bids: who would win if the ones before had left.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        let key = key_hash(key);
        let mut ranking: Vec<(Bid, u64)> = Vec::with_capacity(self.roster.len());
        for class in &self.classes {
            ranking.extend(class.bidders.iter().map(|bidder| {
                let hash = bidder.hash(key);
                (Bid { minus_log2: minus_log2(hash), weight: class.weight, node: bidder.node }, hash)
            }));
        }
        ranking.sort_by(|(a, a_hash), (b, b_hash)| {
            // Within one weight the hashes decide, as in a lookup: they differ where logarithms may not.
            if a.weight == b.weight { b_hash.cmp(a_hash).then(a.node.cmp(&b.node)) } else { a.cmp(b) }
        });
        ranking.into_iter().take(count).map(|(bid, _)| bid.node).collect()
    }

    fn memory_bytes(&self) -> u64 {
        self.classes.iter().map(|class| size_of_val(class.bidders.as_slice()) as u64).sum()
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }
}
