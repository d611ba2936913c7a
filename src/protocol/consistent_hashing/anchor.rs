//! AnchorHash: a fixed set of buckets, of which some work.
//!
//! Mendelson, Vargaftik, Barabash, Lorenz, Keslassy and Orda, "AnchorHash: a scalable consistent hash", IEEE/ACM
//! Transactions on Networking 29(2), 2021 (arXiv:1812.09674), algorithms 2 and 3. A key hashes into the anchor,
//! which holds all buckets that can ever be. If the bucket does not work, the key hashes again among the
//! buckets that worked just after that one was removed, and so on; so a key moves only if its bucket leaves
//! or one that it would have preferred comes back.
//!
//! Buckets come back in the reverse order in which they left, so the answers depend on the order of changes:
//! whoever shares an anchor has to agree on that order. A node has a bucket for every unit of its weight.
//! The capacity is fixed at the start; a lookup takes about 1 + ln(capacity / working) hashes.

use std::collections::BTreeMap;

use super::error::TABLE_SIZE_MAX;
use super::hash::{key_hash, nth_mix, reduce};
use super::placement::distinct_by_rehash;
use super::{Algorithm, Disruption, Placement, PlacementError, Roster};
use crate::protocol::NodeId;

/// What a lookup reads of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    /// A of the paper: zero while the bucket works, else how many worked just after it was removed.
    working_after_removal: u32,
    /// K of the paper: the bucket that took its place among the working ones.
    replacement: u32,
}

/// The anchor: which buckets work, and what replaced the others. The names in the comments are the paper's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorTable {
    /// A and K.
    buckets: Vec<Bucket>,
    /// W: the working buckets, in the first N places.
    working: Vec<u32>,
    /// L: where in W a bucket stands, or stood last.
    location: Vec<u32>,
    /// R: the removed buckets, the last one on top.
    removed: Vec<u32>,
}

/// Sets an element, if there is one.
fn set(list: &mut [u32], index: u32, value: u32) {
    if let Some(element) = list.get_mut(index as usize) {
        *element = value;
    }
}

fn at(list: &[u32], index: u32) -> u32 {
    list.get(index as usize).copied().unwrap_or_default()
}

impl AnchorTable {
    /// An anchor of that many buckets, none of which works yet. The first to be added is bucket 0.
    pub fn new(capacity: u32) -> Self {
        let bucket = |bucket| Bucket { working_after_removal: bucket, replacement: bucket };
        Self {
            buckets: (0..capacity).map(bucket).collect(),
            working: (0..capacity).collect(),
            location: (0..capacity).collect(),
            removed: (0..capacity).rev().collect(),
        }
    }

    /// a: how many buckets there are.
    pub fn capacity(&self) -> u32 {
        self.buckets.len() as u32
    }

    /// N: how many buckets work.
    pub fn working_count(&self) -> u32 {
        self.capacity() - self.removed.len() as u32
    }

    /// GETBUCKET: the working bucket of a key, `None` if none works. `first` is the key's hash in the anchor,
    /// `next(b, n)` its hash from 0 to n − 1 after bucket b, which has to be another function for every b.
    #[inline]
    pub fn bucket(&self, first: u32, next: impl Fn(u32, u32) -> u32) -> Option<u32> {
        if self.removed.len() == self.buckets.len() {
            return None;
        }
        let mut bucket = first;
        loop {
            let view = self.buckets.get(bucket as usize)?.working_after_removal;
            if view == 0 {
                return Some(bucket);
            }
            bucket = next(bucket, view);
            // Whoever stood in that place when `view` buckets worked.
            loop {
                let candidate = self.buckets.get(bucket as usize)?;
                if candidate.working_after_removal < view {
                    break;
                }
                bucket = candidate.replacement;
            }
        }
    }

    /// ADDBUCKET: the bucket that was removed last works again; `None` if all work.
    pub fn add(&mut self) -> Option<u32> {
        let count = self.working_count();
        let bucket = self.removed.pop()?;
        if let Some(state) = self.buckets.get_mut(bucket as usize) {
            *state = Bucket { working_after_removal: 0, replacement: bucket };
        }
        set(&mut self.location, at(&self.working, count), count);
        set(&mut self.working, at(&self.location, bucket), bucket);
        Some(bucket)
    }

    /// REMOVEBUCKET: a bucket that works no longer does. One that does not work is left as it is.
    pub fn remove(&mut self, bucket: u32) {
        let Some(state) = self.buckets.get(bucket as usize) else {
            return;
        };
        // Bucket 0 is removed at the start with A[0] = 0, as it is while it works.
        if state.working_after_removal != 0 || self.removed.len() == self.buckets.len() {
            return;
        }
        self.removed.push(bucket);
        let count = self.working_count();
        let last = at(&self.working, count);
        if let Some(state) = self.buckets.get_mut(bucket as usize) {
            *state = Bucket { working_after_removal: count, replacement: last };
        }
        let place = at(&self.location, bucket);
        set(&mut self.working, place, last);
        set(&mut self.location, last, place);
    }
}

/// Stands for no node; it is never looked up.
const NOBODY: NodeId = NodeId(u16::MAX);

/// AnchorHash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    roster: Roster,
    anchor: AnchorTable,
    /// The node of each bucket, and [`NOBODY`] for one that does not work.
    nodes: Vec<NodeId>,
    /// The buckets of each node, in the order in which it got them.
    buckets_of: BTreeMap<NodeId, Vec<u32>>,
}

impl Anchor {
    /// The buckets if none are asked for.
    pub const CAPACITY_DEFAULT: u32 = 1_024;
    /// What a join or leave may move.
    pub const DISRUPTION: Disruption = Disruption::Minimal;

    /// No nodes yet, and room for a total weight of `capacity`.
    ///
    /// # Errors
    /// The capacity is zero or above [`TABLE_SIZE_MAX`].
    pub fn new(capacity: u32) -> Result<Self, PlacementError> {
        if !(1..=TABLE_SIZE_MAX).contains(&capacity) {
            return Err(PlacementError::TableSizeOutOfRange { table_size: capacity, nodes: 0 });
        }
        Ok(Self {
            roster: Roster::default(),
            anchor: AnchorTable::new(capacity),
            nodes: vec![NOBODY; capacity as usize],
            buckets_of: BTreeMap::new(),
        })
    }

    #[inline]
    fn node_of(&self, hash: u64) -> Option<NodeId> {
        let first = reduce(hash, self.anchor.capacity());
        let bucket = self.anchor.bucket(first, |bucket, n| reduce(nth_mix(hash, u64::from(bucket)), n))?;
        self.nodes.get(bucket as usize).copied()
    }
}

impl Placement for Anchor {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Anchor
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Buckets are taken first and given second, both by rising node number.
    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        let (capacity, needed) = (self.anchor.capacity(), roster.total_weight());
        if needed > u64::from(capacity) {
            return Err(PlacementError::AnchorCapacity { capacity, needed });
        }
        for (id, buckets) in &mut self.buckets_of {
            let wanted = roster.get(*id).map_or(0, |node| node.weight as usize);
            while buckets.len() > wanted {
                let Some(bucket) = buckets.pop() else { break };
                self.anchor.remove(bucket);
                if let Some(owner) = self.nodes.get_mut(bucket as usize) {
                    *owner = NOBODY;
                }
            }
        }
        self.buckets_of.retain(|_, buckets| !buckets.is_empty());
        for node in roster.iter() {
            let buckets = self.buckets_of.entry(node.id).or_default();
            while buckets.len() < node.weight as usize {
                let Some(bucket) = self.anchor.add() else { break };
                buckets.push(bucket);
                if let Some(owner) = self.nodes.get_mut(bucket as usize) {
                    *owner = node.id;
                }
            }
        }
        self.roster = roster;
        Ok(())
    }

    #[inline]
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        self.node_of(key_hash(key))
    }

    /// The paper defines no list; the key's hash is mixed anew until there are enough distinct nodes.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        let hash = key_hash(key);
        distinct_by_rehash(&self.roster, count, |attempt| match attempt {
            0 => self.node_of(hash),
            _ => self.node_of(nth_mix(hash, u64::from(u32::MAX) + attempt)),
        })
    }

    fn memory_bytes(&self) -> u64 {
        let table = &self.anchor;
        let words = table.working.len() + table.location.len() + table.removed.len();
        let nodes = size_of_val(self.nodes.as_slice());
        (size_of_val(table.buckets.as_slice()) + words * size_of::<u32>() + nodes) as u64
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }
}
