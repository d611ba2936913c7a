//! Jump consistent hash: no table at all.
//!
//! Lamping and Veach, "A fast, minimal memory, consistent hash algorithm", arXiv:1406.2294, 2014. The buckets
//! are numbered from zero without gaps, so a node can join only after the last one and only the last can leave
//! (§1); and every bucket has the same share. The number of a node is its place among the node numbers.

use super::hash::{key_hash, nth_mix};
use super::placement::distinct_by_rehash;
use super::{Algorithm, Disruption, Placement, PlacementError, Roster};
use crate::protocol::NodeId;

/// The bucket of a key hash among `buckets` buckets: figure 1 of the paper, with its end found a conversion earlier.
///
/// The paper truncates the next jump and compares that with the number of buckets. A whole number lies on the same
/// side of a jump and of the jump without its fraction, so the comparison need not wait for the conversion; it is what
/// the processor guesses wrong once in every lookup.
///
/// The jump is in double precision, as in the paper. Conversions, one quotient and one product are basic operations of
/// IEEE 754 and the same on every target; the cast truncates, as in C. Without buckets the answer is zero.
#[inline]
pub fn jump_bucket(mut key: u64, buckets: u32) -> u32 {
    let end = f64::from(buckets);
    let mut bucket = 0_i64;
    loop {
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let next = (bucket + 1) as f64 * ((1_u64 << 31) as f64 / ((key >> 33) + 1) as f64);
        if next >= end {
            return bucket as u32;
        }
        bucket = next as i64;
    }
}

/// Jump consistent hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jump {
    roster: Roster,
    buckets: Vec<NodeId>,
    /// Whether the nodes are numbered like the buckets, so that no list has to be read.
    are_numbers_buckets: bool,
}

impl Jump {
    /// What a join or leave may move.
    pub const DISRUPTION: Disruption = Disruption::Minimal;

    /// No nodes yet.
    pub fn new() -> Self {
        Self::default()
    }

    #[inline]
    fn node_of(&self, hash: u64) -> Option<NodeId> {
        let bucket = jump_bucket(hash, self.buckets.len() as u32);
        if self.are_numbers_buckets {
            return u16::try_from(bucket).ok().map(NodeId);
        }
        self.buckets.get(bucket as usize).copied()
    }
}

impl Placement for Jump {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Jump
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        if let Some(node) = roster.weighted() {
            return Err(PlacementError::WeightsUnsupported {
                algorithm: Algorithm::Jump,
                weight: node.weight,
            });
        }
        let buckets: Vec<NodeId> = roster.ids().collect();
        // One list has to be a prefix of the other. At the first difference, a new number that comes too early
        // is below the old one that it displaces; otherwise the old one is missing.
        if let Some((&old, &new)) = self.buckets.iter().zip(&buckets).find(|(old, new)| old != new) {
            let last = self.buckets.last().copied().unwrap_or(old);
            return Err(if new < old {
                PlacementError::JoinsOnlyAtTheEnd { node: new, last }
            } else {
                PlacementError::LeavesOnlyAtTheEnd { node: old, last }
            });
        }
        self.are_numbers_buckets =
            !buckets.is_empty() && buckets.iter().map(|node| node.0).eq(0..buckets.len() as u16);
        self.buckets = buckets;
        self.roster = roster;
        Ok(())
    }

    #[inline]
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        self.node_of(key_hash(key))
    }

    /// The paper defines no list; the key's hash is mixed anew until there are enough distinct buckets.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        let hash = key_hash(key);
        distinct_by_rehash(&self.roster, count, |attempt| match attempt {
            0 => self.node_of(hash),
            _ => self.node_of(nth_mix(hash, attempt)),
        })
    }

    fn memory_bytes(&self) -> u64 {
        size_of_val(self.buckets.as_slice()) as u64
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }
}
