//! How even the loads are: peak over mean and chi-square against the bounds of the papers, and shares by weight.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use lamplight::protocol::NodeId;
use lamplight::protocol::consistent_hashing::ketama::KetamaShare;
use lamplight::protocol::consistent_hashing::measure::Balance;
use lamplight::protocol::consistent_hashing::{
    Algorithm, Anchor, BoundedLoads, Circle, HashRing, Ketama, Maglev, MultiProbe, Node, Placement,
    Rendezvous, Settings,
};
use proptest::prelude::*;

/// Chance exceeds a bound of this many standard deviations about once in 10⁹ draws.
const SIGMAS: f64 = 6.0;

fn nodes(seed: u32, weights: impl IntoIterator<Item = u32>) -> Vec<Node> {
    let node = |(id, weight)| Node::new(id, format!("{seed:x}-node-{id}")).with_weight(weight);
    (0..).zip(weights).map(node).collect()
}

fn keys(seed: u32, count: u32) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{seed:x}/{number}"))
}

/// The value that Pearson's statistic exceeds with the chance of [`SIGMAS`] (Wilson and Hilferty, 1931).
fn chi_square_bound(degrees: f64) -> f64 {
    let spread = 2.0 / (9.0 * degrees);
    degrees * (1.0 - spread + SIGMAS * spread.sqrt()).powi(3)
}

/// The shares of the circle that the nodes own, by their arcs and not by samples.
fn arcs(circle: &Circle) -> BTreeMap<NodeId, f64> {
    let mut shares = BTreeMap::new();
    let points = circle.points();
    for (index, point) in points.iter().enumerate() {
        let previous = points[(index + points.len() - 1) % points.len()];
        let arc = point.position.wrapping_sub(previous.position) as f64 / 2_f64.powi(64);
        *shares.entry(point.node).or_insert(0.0) += arc;
    }
    shares
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Where every key chooses its node independently and evenly, chi-square is distributed as its name says:
    /// Thaler and Ravishankar; Lamping and Veach, §3; Mendelson et al., "balance"; and modulo.
    #[test]
    fn independent_choices_are_as_even_as_chance_allows(seed: u32, count in 2_u16..60) {
        let algorithms = [Algorithm::Modulo, Algorithm::Rendezvous, Algorithm::Jump, Algorithm::Anchor];
        for algorithm in algorithms {
            let mut placement = algorithm.build(&Settings::default()).unwrap();
            placement.add_nodes(&nodes(seed, vec![1; count.into()])).unwrap();
            let balance = Balance::of(placement.as_ref(), keys(seed, 12_000));
            let (name, chi_square) = (algorithm.name(), balance.chi_square());
            prop_assert!(chi_square < chi_square_bound(f64::from(count) - 1.0), "{name}: {chi_square}");
            let mean = 12_000.0 / f64::from(count);
            prop_assert!(balance.peak_over_mean() < 1.0 + SIGMAS / mean.sqrt() + 0.01, "{name}: {balance:?}");
        }
    }

    /// Karger et al.: with V points a node, shares deviate by about 1/√V, here 8 %; keys add their own chance.
    #[test]
    fn rings_deviate_as_their_virtual_nodes_allow(seed: u32, count in 2_u16..40) {
        for algorithm in [Algorithm::Ring, Algorithm::Ketama, Algorithm::KetamaLibmemcached] {
            let mut placement = algorithm.build(&Settings::default()).unwrap();
            placement.add_nodes(&nodes(seed, vec![1; count.into()])).unwrap();
            let balance = Balance::of(placement.as_ref(), keys(seed, 12_000));
            let mean = 12_000.0 / f64::from(count);
            let variance = 1.0 / 160.0 + 1.0 / mean;
            let bound = chi_square_bound(f64::from(count) - 1.0) * mean * variance;
            let (name, chi_square) = (algorithm.name(), balance.chi_square());
            prop_assert!(chi_square < bound, "{name}: {chi_square} of {bound}");
            prop_assert!(balance.peak_over_mean() < 1.0 + SIGMAS * variance.sqrt() + 0.05, "{name}: {balance:?}");
            // One point a node is far from even: the bound above is a bound of 160.
            let mut sparse = HashRing::new(1).unwrap();
            sparse.set_roster(placement.roster().clone()).unwrap();
            let sparse = arcs(sparse.circle());
            prop_assert_eq!(sparse.len(), usize::from(count));
        }
    }

    /// Eisenbud et al., §3.4: the nodes take turns, so their entries differ by at most one.
    #[test]
    fn maglev_gives_every_node_its_entries_to_within_one(seed: u32, count in 1_u16..60, size in 0_usize..3) {
        let mut placement = Maglev::new([251, 1_009, 65_537][size]).unwrap();
        placement.add_nodes(&nodes(seed, vec![1; count.into()])).unwrap();
        let mut entries = vec![0_u32; count.into()];
        placement.table().iter().for_each(|node| entries[usize::from(node.0)] += 1);
        prop_assert!(entries.iter().max().unwrap() - entries.iter().min().unwrap() <= 1);
    }
}

/// Appleton and O'Reilly: 21 probes give a peak of 1.05 times the mean. The bound adds the chance of the keys.
#[test]
fn multi_probe_peaks_at_five_per_cent() {
    for seed in 0..5 {
        let mut placement = MultiProbe::new(21, 1).unwrap();
        placement.add_nodes(&nodes(seed, vec![1; 40])).unwrap();
        let balance = Balance::of(&placement, keys(seed, 400_000));
        let chance = SIGMAS / 10_000_f64.sqrt();
        assert!(balance.peak_over_mean() < 1.05 + chance, "{}", balance.peak_over_mean());
        // With one probe it is a ring of one point a node, whose peak grows with the logarithm of the nodes.
        let mut one_probe = MultiProbe::new(1, 1).unwrap();
        one_probe.set_roster(placement.roster().clone()).unwrap();
        assert!(Balance::of(&one_probe, keys(seed, 20_000)).peak_over_mean() > 2.0);
    }
}

const WEIGHTS: [u32; 5] = [1, 2, 3, 4, 10];

/// The greatest relative deviation of shares from the weights.
fn deviation(shares: impl IntoIterator<Item = f64>) -> f64 {
    let total: u32 = WEIGHTS.iter().sum();
    let due = WEIGHTS.map(|weight| f64::from(weight) / f64::from(total));
    shares.into_iter().zip(due).map(|(share, due)| (share / due - 1.0).abs()).fold(0.0, f64::max)
}

/// Shares by half a million keys or more: the lightest node has 25,000, whose own chance is 0.6 %.
fn sampled(placement: &dyn Placement, count: u32) -> impl Iterator<Item = f64> {
    let loads = Balance::of(placement, keys(0, count)).loads.into_iter();
    loads.map(move |(.., load)| load as f64 / f64::from(count))
}

#[test]
fn rendezvous_shares_by_weight() {
    let mut placement = Rendezvous::new();
    placement.add_nodes(&nodes(0, WEIGHTS)).unwrap();
    assert!(deviation(sampled(&placement, 1_000_000)) < 0.02);
}

/// The logarithm has to hold where weights are far apart, too: one node in 2²⁰ of the weight.
#[test]
fn rendezvous_gives_a_feather_next_to_nothing() {
    let mut placement = Rendezvous::new();
    placement.add_nodes(&nodes(0, [1_000, 1_000_000])).unwrap();
    let feather = Balance::of(&placement, keys(0, 1_000_000)).loads[0].2;
    // 999 expected; six standard deviations are 190.
    assert!((809..1_189).contains(&feather), "{feather}");
}

#[test]
fn anchor_shares_by_weight() {
    let mut placement = Anchor::new(64).unwrap();
    placement.add_nodes(&nodes(0, WEIGHTS)).unwrap();
    assert!(deviation(sampled(&placement, 1_000_000)) < 0.02);
}

#[test]
fn maglev_shares_by_weight() {
    let mut placement = Maglev::new(65_537).unwrap();
    placement.add_nodes(&nodes(0, WEIGHTS)).unwrap();
    let share = |id: u16| placement.table().iter().filter(|node| node.0 == id).count() as f64 / 65_537.0;
    assert!(deviation((0..5).map(share)) < 0.001);
}

#[test]
fn the_ring_shares_by_weight() {
    let mut placement = HashRing::new(60_000).unwrap();
    placement.add_nodes(&nodes(0, WEIGHTS)).unwrap();
    assert!(deviation(arcs(placement.circle()).into_values()) < 0.02);
}

#[test]
fn multi_probe_shares_by_weight() {
    let mut placement = MultiProbe::new(21, 1_000).unwrap();
    placement.add_nodes(&nodes(0, WEIGHTS)).unwrap();
    assert!(deviation(sampled(&placement, 500_000)) < 0.02);
}

/// A ketama pool has 160 points a server, so one pool deviates by a tenth; its mean over many pools does not.
#[test]
fn ketama_shares_by_weight_in_the_mean() {
    for library in [KetamaShare::Libketama, KetamaShare::Libmemcached] {
        let mut sums = [0.0; WEIGHTS.len()];
        for seed in 0..2_000 {
            let mut placement = Ketama::new(library);
            placement.add_nodes(&nodes(seed, WEIGHTS)).unwrap();
            for (id, arc) in arcs(placement.circle()) {
                sums[usize::from(id.0)] += arc / 2_000.0;
            }
        }
        assert!(deviation(sums) < 0.02, "{sums:?}");
    }
}

/// With c close to one, bounded loads leave no other choice.
#[test]
fn bounded_loads_share_by_weight() {
    let mut placement = BoundedLoads::new(160, 1_001).unwrap();
    placement.add_nodes(&nodes(0, WEIGHTS)).unwrap();
    for key in keys(0, 20_000) {
        placement.place_key(key.as_bytes()).unwrap();
    }
    assert!(deviation((0..5).map(|id| placement.load(NodeId(id)) as f64 / 20_000.0)) < 0.02);
}
