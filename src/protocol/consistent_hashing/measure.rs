//! What a placement costs and saves: how even the loads are, and how many keys a change moves.
//!
//! The figures are for tables and tests. No lookup reads them.

use std::collections::BTreeMap;

use super::{Placement, Roster};
use crate::protocol::NodeId;

/// The keys of each node.
#[derive(Clone, Debug, PartialEq)]
pub struct Balance {
    /// Every node of the placement with its weight and the keys it owns, by rising number.
    pub loads: Vec<(NodeId, u32, u64)>,
}

impl Balance {
    /// Counts the keys of each node.
    pub fn of<K: AsRef<[u8]>>(placement: &dyn Placement, keys: impl IntoIterator<Item = K>) -> Self {
        let mut counts: BTreeMap<NodeId, u64> = BTreeMap::new();
        for key in keys {
            if let Some(node) = placement.node_for_key(key.as_ref()) {
                *counts.entry(node).or_default() += 1;
            }
        }
        let load = |id| counts.get(&id).copied().unwrap_or_default();
        Self { loads: placement.roster().iter().map(|node| (node.id, node.weight, load(node.id))).collect() }
    }

    /// All keys.
    pub fn total(&self) -> u64 {
        self.loads.iter().map(|(.., load)| load).sum()
    }

    /// Every node's load beside the load that its weight entitles it to.
    fn with_expected(&self) -> impl Iterator<Item = (f64, f64)> {
        let weights: u64 = self.loads.iter().map(|(_, weight, _)| u64::from(*weight)).sum();
        let per_weight = self.total() as f64 / weights.max(1) as f64;
        self.loads.iter().map(move |(_, weight, load)| (*load as f64, per_weight * f64::from(*weight)))
    }

    /// The greatest load as a multiple of the load that is due; 1 is perfect. With equal weights, the peak over
    /// the mean.
    pub fn peak_over_mean(&self) -> f64 {
        self.with_expected().filter(|(_, due)| *due > 0.0).map(|(load, due)| load / due).fold(0.0, f64::max)
    }

    /// The smallest load as a multiple of the load that is due.
    pub fn trough_over_mean(&self) -> f64 {
        let ratios = self.with_expected().filter(|(_, due)| *due > 0.0).map(|(load, due)| load / due);
        ratios.reduce(f64::min).unwrap_or_default()
    }

    /// Pearson's statistic: Σ (load − due)² / due. For keys that choose their nodes independently by weight it
    /// is about the number of nodes less one.
    pub fn chi_square(&self) -> f64 {
        let terms = self.with_expected().filter(|(_, due)| *due > 0.0);
        terms.map(|(load, due)| (load - due) * (load - due) / due).sum()
    }
}

/// What a change of the nodes moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moves {
    /// The keys that were looked up.
    pub keys: u64,
    /// The keys whose owner changed.
    pub moved: u64,
    /// Of those, the keys that moved although neither their old owner left or lost weight nor their new one
    /// joined or gained weight. Where the disruption is minimal there are none.
    pub needless: u64,
    /// The expected number of moves if the shares change and nothing else does: the sum of what the gaining
    /// nodes gain.
    pub ideal: f64,
}

impl Moves {
    /// Compares the owners of the keys before and after a change.
    pub fn between<K: AsRef<[u8]>>(
        before: &dyn Placement,
        after: &dyn Placement,
        keys: impl IntoIterator<Item = K>,
    ) -> Self {
        let (old, new) = (before.roster(), after.roster());
        let weight = |roster: &Roster, id| roster.get(id).map_or(0, |node| node.weight);
        let lost = |id| weight(new, id) < weight(old, id);
        let gained = |id| weight(new, id) > weight(old, id);
        let mut moves = Self { keys: 0, moved: 0, needless: 0, ideal: 0.0 };
        for key in keys {
            let (from, to) = (before.node_for_key(key.as_ref()), after.node_for_key(key.as_ref()));
            moves.keys += 1;
            if from != to {
                moves.moved += 1;
                moves.needless += u64::from(!from.is_none_or(lost) && !to.is_none_or(gained));
            }
        }
        moves.ideal = ideal_share(old, new) * moves.keys as f64;
        moves
    }
}

/// The part of the keys that has to move if the shares change and nothing else does: the sum of what the gaining
/// nodes gain.
pub fn ideal_share(before: &Roster, after: &Roster) -> f64 {
    let share = |roster: &Roster, id| match roster.total_weight() {
        0 => 0.0,
        total => f64::from(roster.get(id).map_or(0, |node| node.weight)) / total as f64,
    };
    after.ids().map(|id| (share(after, id) - share(before, id)).max(0.0)).sum()
}
