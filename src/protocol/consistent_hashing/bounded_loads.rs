//! Consistent hashing with bounded loads: the ring, but no node takes more than c times its share.
//!
//! Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded loads", SODA 2018 (arXiv:1608.01350).
//! With m keys on n nodes and a balancing parameter c = 1 + ε, a node takes at most ⌈cm/n⌉ keys, and a key whose
//! node is full is forwarded clockwise to the first that is not. A join, a leave, a new key or one less then
//! moves O(1/ε²) keys per key concerned, in expectation.
//!
//! As in the paper (§1), the assignment depends on what is there now and not on the order in which it came.
//! Keys have a fixed random rank; the assignment is the one that arises when the keys come by rank. It is kept
//! under changes by two moves: a key that arrives at a full node displaces a key of worse rank, which moves on
//! clockwise; and a place that falls free goes to the best of the keys that had to pass it.
//!
//! Nodes with weights take at most ⌈c · m · w / W⌉ keys, W being the sum of the weights.
//!
//! Where all weigh the same, the capacities sum to ⌈cm⌉ exactly, as in the paper: some nodes take ⌈cm/n⌉ keys and the
//! others ⌊cm/n⌋. One key more then makes room on one or two nodes, and not on all of them at once, which would move a
//! key to each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::error::PLACED_KEYS_MAX;
use super::hash::{Role, hash_for, key_hash, nth_mix};
use super::{Algorithm, Disruption, HashRing, Placement, PlacementError, Roster};
use crate::protocol::NodeId;

/// A key that is placed, ordered by its rank. A hot key is several of them, told apart by `copy`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ball {
    rank: u64,
    key: Arc<[u8]>,
    copy: u32,
}

impl Ball {
    fn new(key: &[u8], copy: u32) -> Self {
        Self { rank: nth_mix(hash_for(Role::Rank, key), u64::from(copy)), key: key.into(), copy }
    }

    fn position(&self) -> u64 {
        key_hash(&self.key)
    }
}

/// What one node holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bin {
    weight: u32,
    /// Its place among the nodes: the first are given a place more before the others are.
    turn: u64,
    /// The keys that are here.
    held: BTreeSet<Ball>,
    /// The keys that passed here on their way to where they are.
    passed: BTreeSet<Ball>,
}

/// A hash ring with a bound on the load of every node. Keys have to be placed, and released when they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundedLoads {
    ring: HashRing,
    load_factor_thousandths: u32,
    /// m: how many keys the capacities allow for.
    keys: u64,
    /// Whether all nodes have the same weight.
    is_even: bool,
    placed: BTreeMap<Ball, NodeId>,
    bins: BTreeMap<NodeId, Bin>,
}

impl BoundedLoads {
    /// c = 1.25 in thousandths: no node takes more than a quarter above its share.
    pub const LOAD_FACTOR_THOUSANDTHS_DEFAULT: u32 = 1_250;
    /// What a join or leave may move.
    pub const DISRUPTION: Disruption = Disruption::Bounded;

    /// An empty ring with that many virtual nodes per unit of weight and the load factor c, in thousandths.
    ///
    /// # Errors
    /// Virtual nodes out of range, or a load factor outside 1,001 to 1,000,000.
    pub fn new(virtual_nodes: u32, load_factor_thousandths: u32) -> Result<Self, PlacementError> {
        if !(1_001..=1_000_000).contains(&load_factor_thousandths) {
            return Err(PlacementError::LoadFactorOutOfRange(load_factor_thousandths));
        }
        let ring = HashRing::new(virtual_nodes)?;
        Ok(Self {
            ring,
            load_factor_thousandths,
            keys: 0,
            is_even: true,
            placed: BTreeMap::new(),
            bins: BTreeMap::new(),
        })
    }

    /// The ring that the keys walk on.
    pub fn ring(&self) -> &HashRing {
        &self.ring
    }

    /// How many keys a node holds.
    pub fn load(&self, node: NodeId) -> u64 {
        self.bins.get(&node).map_or(0, |bin| bin.held.len() as u64)
    }

    /// How many keys a node may hold with the keys that are placed now; `None` if there is no such node.
    pub fn capacity(&self, node: NodeId) -> Option<u64> {
        self.bins.get(&node).map(|bin| self.capacity_of(bin, self.keys))
    }

    /// How many keys are placed.
    pub fn placed_count(&self) -> u64 {
        self.placed.len() as u64
    }

    /// Where a copy of a key is placed.
    pub fn placed_node(&self, key: &[u8], copy: u32) -> Option<NodeId> {
        self.placed.get(&Ball::new(key, copy)).copied()
    }

    /// Places a copy of a key: a hot key is as many copies as it has requests at a time, and they spread over
    /// as many nodes as the bound demands. To place what is placed changes nothing. Without nodes nothing is
    /// placed.
    ///
    /// # Errors
    /// More than [`PLACED_KEYS_MAX`] keys.
    pub fn place(&mut self, key: &[u8], copy: u32) -> Result<Option<NodeId>, PlacementError> {
        let ball = Ball::new(key, copy);
        if let Some(node) = self.placed.get(&ball) {
            return Ok(Some(*node));
        }
        if self.bins.is_empty() {
            return Ok(None);
        }
        if self.placed.len() >= PLACED_KEYS_MAX {
            return Err(PlacementError::TooManyKeys);
        }
        self.keys += 1;
        // One more key may raise capacities, and a place that was full then takes a key that had passed it.
        self.fill(self.bins.keys().copied().collect());
        self.offer(ball.clone(), None);
        Ok(self.placed.get(&ball).copied())
    }

    /// Releases a copy of a key; nothing happens if it is not placed.
    pub fn release(&mut self, key: &[u8], copy: u32) {
        let ball = Ball::new(key, copy);
        let Some(home) = self.placed.remove(&ball) else {
            return;
        };
        for node in self.ring.circle().distinct_nodes(ball.position()) {
            if let Some(bin) = self.bins.get_mut(&node) {
                if node == home {
                    bin.held.remove(&ball);
                    break;
                }
                bin.passed.remove(&ball);
            }
        }
        self.fill(vec![home]);
        self.keys -= 1;
        // One key less may lower capacities. Who no longer fits moves on, worst rank first.
        let nodes: Vec<NodeId> = self.bins.keys().copied().collect();
        for node in nodes {
            while let Some(worst) = self.pop_excess(node) {
                self.offer(worst, Some(node));
            }
        }
    }

    fn capacity_of(&self, bin: &Bin, keys: u64) -> u64 {
        let all = u128::from(self.load_factor_thousandths) * u128::from(keys);
        let total = u128::from(self.ring.roster().total_weight()).max(1);
        let nodes = self.bins.len() as u64;
        if self.is_even {
            let places = all.div_ceil(1_000) as u64;
            let share = (places + nodes.saturating_sub(1).saturating_sub(bin.turn)) / nodes.max(1);
            // Where there are fewer places than nodes, every node has one all the same, or a few nodes would take all.
            return share.max(u64::from(keys > 0));
        }
        (all * u128::from(bin.weight)).div_ceil(total * 1_000) as u64
    }

    /// Takes the key of worst rank off a node that holds more than its capacity.
    fn pop_excess(&mut self, node: NodeId) -> Option<Ball> {
        let capacity = self.capacity(node)?;
        let bin = self.bins.get_mut(&node)?;
        if bin.held.len() as u64 <= capacity {
            return None;
        }
        let worst = bin.held.pop_last()?;
        bin.passed.insert(worst.clone());
        Some(worst)
    }

    /// Lets a key walk to the first node that takes it, from the start or from after a node. Whom it displaces
    /// walks on in turn. Capacities sum to at least the number of keys, so every walk ends.
    fn offer(&mut self, ball: Ball, after: Option<NodeId>) {
        let mut walker = Some((ball, after));
        while let Some((ball, after)) = walker.take() {
            let mut skipping = after.is_some();
            for node in self.ring.circle().distinct_nodes(ball.position()) {
                if skipping {
                    skipping = Some(node) != after;
                    continue;
                }
                let Some(capacity) = self.capacity(node) else { continue };
                let Some(bin) = self.bins.get_mut(&node) else { continue };
                let full = bin.held.len() as u64 >= capacity;
                if full && bin.held.last().is_none_or(|worst| *worst < ball) {
                    bin.passed.insert(ball.clone());
                    continue;
                }
                if full && let Some(worst) = bin.held.pop_last() {
                    bin.passed.insert(worst.clone());
                    walker = Some((worst, Some(node)));
                }
                bin.held.insert(ball.clone());
                self.placed.insert(ball, node);
                break;
            }
        }
    }

    /// Fills the free places of these nodes with the best keys that had passed them, then the places which
    /// those leave behind, and so on.
    fn fill(&mut self, mut nodes: Vec<NodeId>) {
        while let Some(node) = nodes.pop() {
            let capacity = self.capacity(node).unwrap_or_default();
            let Some(bin) = self.bins.get_mut(&node) else { continue };
            if bin.held.len() as u64 >= capacity {
                continue;
            }
            let Some(ball) = bin.passed.pop_first() else { continue };
            bin.held.insert(ball.clone());
            let left = self.placed.insert(ball.clone(), node);
            // On the rest of its way it passes nobody any more.
            let walk = self.ring.circle().distinct_nodes(ball.position());
            for later in walk.skip_while(|met| *met != node).skip(1) {
                let Some(bin) = self.bins.get_mut(&later) else { continue };
                if Some(later) == left {
                    bin.held.remove(&ball);
                    break;
                }
                bin.passed.remove(&ball);
            }
            nodes.push(node);
            nodes.extend(left);
        }
    }
}

impl Placement for BoundedLoads {
    fn algorithm(&self) -> Algorithm {
        Algorithm::BoundedLoads
    }

    fn roster(&self) -> &Roster {
        self.ring.roster()
    }

    /// The keys that are placed stay placed and are assigned anew, by rank. Without nodes they are forgotten.
    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        self.ring.set_roster(roster)?;
        let bin = |turn, weight| Bin { weight, turn, ..Bin::default() };
        let nodes: BTreeMap<NodeId, u32> =
            self.ring.roster().iter().map(|node| (node.id, node.weight)).collect();
        let mut weights = nodes.values();
        let first = weights.next();
        self.is_even = weights.all(|weight| Some(weight) == first);
        self.bins = (0..).zip(nodes).map(|(turn, (id, weight))| (id, bin(turn, weight))).collect();
        let balls = std::mem::take(&mut self.placed).into_keys();
        if self.bins.is_empty() {
            self.keys = 0;
            return Ok(());
        }
        for ball in balls {
            self.offer(ball, None);
        }
        Ok(())
    }

    /// Where the key is placed. For a key that is not, the first node on its walk that has room for one more.
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        self.placed_node(key, 0).or_else(|| {
            self.ring.circle().distinct_nodes(key_hash(key)).find(|node| {
                let room = |bin: &Bin| (bin.held.len() as u64) < self.capacity_of(bin, self.keys + 1);
                self.bins.get(node).is_some_and(room)
            })
        })
    }

    /// The owner, then the other nodes in the order of the walk.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        let owner = self.node_for_key(key);
        let others = self.ring.circle().distinct_nodes(key_hash(key)).filter(|node| Some(*node) != owner);
        owner.into_iter().chain(others).take(count.min(self.roster().len())).collect()
    }

    /// The circle, and for each key its bytes and 32 bytes for every set that it is in.
    fn memory_bytes(&self) -> u64 {
        let keys: usize = self.placed.keys().map(|ball| ball.key.len()).sum();
        let entries: usize = self.bins.values().map(|bin| bin.held.len() + bin.passed.len()).sum();
        self.ring.memory_bytes() + keys as u64 + 32 * (entries + self.placed.len()) as u64
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }

    fn place_key(&mut self, key: &[u8]) -> Result<Option<NodeId>, PlacementError> {
        self.place(key, 0)
    }

    fn release_key(&mut self, key: &[u8]) {
        self.release(key, 0);
    }
}
