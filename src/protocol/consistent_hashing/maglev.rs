//! Maglev hashing: a table that the nodes fill in turn.
//!
//! Eisenbud, Yi, Contavalli, Smith, Kononov, Mann-Hielscher, Cilingiroglu, Cheyney, Shang and Hosein, "Maglev: a
//! fast and reliable software network load balancer", NSDI 2016, §3.4. Each node has a permutation of the
//! table, given by an offset and a skip; the nodes take turns, and each turn takes the next free entry of the
//! node's own permutation. So with equal weights no two nodes differ by more than one entry. The size is a
//! prime, so that every skip reaches every entry.
//!
//! The paper says that weights are possible "by altering the relative frequency of the backends' turns" and
//! leaves the rule open. Here, in each round a node earns its weight and takes a turn for every greatest weight
//! earned, so the heaviest node takes one in every round and the others skip rounds evenly.
//!
//! A change of the nodes may also move a few keys between nodes that stay (§3.4, §5.3): a small disruption that
//! buys the best balance. The larger the table, the fewer they are.

use super::error::TABLE_SIZE_MAX;
use super::hash::{Role, hash_for, key_hash, reduce};
use super::{Algorithm, Disruption, Placement, PlacementError, Roster};
use crate::protocol::NodeId;

/// The order in which one node wants the entries of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    /// The first entry, from 0 to the size of the table less one.
    pub offset: u32,
    /// The step to the next one, from 1 to the size of the table less one.
    pub skip: u32,
}

/// What an entry holds that no node has taken.
pub const FREE: u32 = u32::MAX;

/// Fills a table of `table_size` entries: pseudocode 1 of the paper, with turns by weight. Each entry is the index
/// of a node in `wishes`, which holds permutations and weights. Without nodes the table is empty.
///
/// The size is to be a prime; with another, a skip that divides it may leave entries at [`FREE`].
pub fn populate(table_size: u32, wishes: &[(Permutation, u32)]) -> Vec<u32> {
    let Some(heaviest) = wishes.iter().map(|(_, weight)| *weight).max() else {
        return Vec::new();
    };
    let mut table = vec![FREE; table_size as usize];
    // Each node's next wish and what it has earned.
    let mut state: Vec<(u32, u32)> = wishes.iter().map(|(wish, _)| (wish.offset, 0)).collect();
    let mut free = table_size;
    loop {
        let free_before = free;
        for (index, ((wish, weight), (next, earned))) in wishes.iter().zip(&mut state).enumerate() {
            *earned += weight;
            if *earned < heaviest || free == 0 {
                continue;
            }
            *earned -= heaviest;
            // A permutation of a prime size reaches every entry, so while one is free this finds it.
            for _ in 0..table_size {
                let entry = table.get_mut(*next as usize);
                *next = (*next + wish.skip) % table_size;
                if let Some(entry) = entry.filter(|entry| **entry == FREE) {
                    *entry = index as u32;
                    free -= 1;
                    break;
                }
            }
        }
        if free == 0 || free == free_before {
            return table;
        }
    }
}

/// Maglev hashing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maglev {
    roster: Roster,
    table_size: u32,
    /// The node of each entry, so that a lookup reads memory once.
    table: Vec<NodeId>,
}

impl Maglev {
    /// The smaller of the two sizes that the paper measures (§5.3).
    pub const TABLE_SIZE_DEFAULT: u32 = 65_537;
    /// What a join or leave may move.
    pub const DISRUPTION: Disruption = Disruption::Small;

    /// No nodes yet, and a table of that many entries. For shares equal to one per cent the paper wants a
    /// hundred times as many entries as nodes.
    ///
    /// # Errors
    /// The size is not a prime, or above [`TABLE_SIZE_MAX`].
    pub fn new(table_size: u32) -> Result<Self, PlacementError> {
        if table_size > TABLE_SIZE_MAX {
            return Err(PlacementError::TableSizeOutOfRange { table_size, nodes: 0 });
        }
        if !is_prime(table_size) {
            return Err(PlacementError::TableSizeNotPrime(table_size));
        }
        Ok(Self { roster: Roster::default(), table_size, table: Vec::new() })
    }

    /// The entries; empty without nodes.
    pub fn table(&self) -> &[NodeId] {
        &self.table
    }

    /// Where in the table a key's entry is. The paper takes the hash modulo the size; a multiplication maps
    /// as evenly and is faster.
    #[inline]
    fn entry_of(&self, key: &[u8]) -> usize {
        reduce(key_hash(key), self.table_size) as usize
    }

    fn permutation_of(&self, name: &str) -> Permutation {
        let offset = hash_for(Role::Node, name.as_bytes()) % u64::from(self.table_size);
        let skip = match self.table_size {
            ..=2 => 1,
            size => hash_for(Role::Skip, name.as_bytes()) % u64::from(size - 1) + 1,
        };
        Permutation { offset: offset as u32, skip: skip as u32 }
    }
}

/// Whether a number is a prime, by trial division: at most 4,095 divisors for the greatest table.
pub fn is_prime(number: u32) -> bool {
    let divides = |divisor: u64| u64::from(number).is_multiple_of(divisor);
    number >= 2 && !(2..).take_while(|divisor| divisor * divisor <= u64::from(number)).any(divides)
}

impl Placement for Maglev {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Maglev
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        let (table_size, nodes) = (self.table_size, roster.len());
        if table_size as usize <= nodes {
            return Err(PlacementError::TableSizeOutOfRange { table_size, nodes });
        }
        let ids: Vec<NodeId> = roster.ids().collect();
        let wishes: Vec<(Permutation, u32)> =
            roster.iter().map(|node| (self.permutation_of(&node.name), node.weight)).collect();
        let entries = populate(table_size, &wishes).into_iter();
        self.table = entries.filter_map(|index| ids.get(index as usize).copied()).collect();
        self.roster = roster;
        Ok(())
    }

    #[inline]
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        self.table.get(self.entry_of(key)).copied()
    }

    /// The paper defines no list; these are the distinct nodes from the key's entry onwards.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        let (before, from) = self.table.split_at_checked(self.entry_of(key)).unwrap_or_default();
        let count = count.min(self.roster.len());
        let mut list = Vec::with_capacity(count);
        // A node whose weight is a tiny part of the heaviest may have no entry; it comes last.
        for node in from.iter().chain(before).copied().chain(self.roster.ids()) {
            if list.len() == count {
                break;
            }
            if !list.contains(&node) {
                list.push(node);
            }
        }
        list
    }

    fn memory_bytes(&self) -> u64 {
        size_of_val(self.table.as_slice()) as u64
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }
}
