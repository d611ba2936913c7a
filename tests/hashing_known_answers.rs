//! Known answers, with the source of each.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};

use lamplight::protocol::NodeId;
use lamplight::protocol::consistent_hashing::anchor::AnchorTable;
use lamplight::protocol::consistent_hashing::jump::jump_bucket;
use lamplight::protocol::consistent_hashing::maglev::{Permutation, is_prime, populate};
use lamplight::protocol::consistent_hashing::{
    Algorithm, Circle, Node, RingPoint, Roster, Settings, key_hash,
};
use maglev::ConsistentHasher;
use md5::{Digest, Md5};
use proptest::prelude::*;

/// A key whose hash is the hash of its bytes and nothing else, for the crates that take any `Hash`.
struct Raw<'a>(&'a [u8]);

impl Hash for Raw<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}

/// The standard library's hasher is SipHash-1-3 with the key zero, as ours for keys is.
#[test]
fn a_key_hashes_as_the_standard_library_would() {
    for length in 0..100_u8 {
        let key: Vec<u8> = (0..length).collect();
        let mut hasher = DefaultHasher::new();
        hasher.write(&key);
        assert_eq!(key_hash(&key), hasher.finish());
    }
}

/// An independent implementation, written from the definitions: `tests/oracles/placements.py`.
#[test]
fn every_algorithm_equals_its_definition() {
    let answers = include_str!("oracles/placements.tsv");
    let mut seen = BTreeSet::new();
    for line in answers.lines() {
        let [name, pool, size, digest] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let algorithm: Algorithm = name.parse().unwrap();
        seen.insert(algorithm);
        let weight = |id: u16| if pool == "weighted" { 1 + 7 * u32::from(id) % 5 } else { 1 };
        let size: u16 = size.parse().unwrap();
        let node = |id: u16| Node::new(id, format!("node-{id}")).with_weight(weight(id));
        let nodes: Vec<Node> = (0..size).map(node).collect();
        let mut placement = algorithm.build(&Settings::default()).unwrap();
        placement.add_nodes(&nodes).unwrap();
        if pool == "churned" {
            let stays = |node: &Node| node.id.0 % 3 != 1;
            placement.set_roster(Roster::new(nodes.into_iter().filter(stays)).unwrap()).unwrap();
            if size > 1 {
                placement.add_node(node(1)).unwrap();
            }
        }
        let few = matches!(name, "ring" | "bounded-loads" | "multi-probe" | "anchor");
        let keys: Vec<String> =
            (0..if few { 200 } else { 2_000 }).map(|number| format!("key-{number}")).collect();
        for key in &keys {
            placement.place_key(key.as_bytes()).unwrap();
        }
        let mut ours = Md5::new();
        for key in &keys {
            let list = placement.preference_list(key.as_bytes(), 3);
            assert_eq!(placement.node_for_key(key.as_bytes()), list.first().copied());
            ours.update(list.iter().map(|node| node.0 as u8).collect::<Vec<_>>());
        }
        let ours: String = ours.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(ours, digest, "{line}");
    }
    // The two forms of ketama have oracles of their own (`hashing_ketama.rs`).
    assert_eq!(seen.len(), Algorithm::ALL.len() - 2);
}

/// The "golden" values by which Guava's `HashingTest` checks that implementations across languages agree.
#[test]
fn jump_equals_guava() {
    let golden = [0, 55, 62, 8, 45, 59, 86, 97, 82, 59, 73, 37, 17, 56, 86, 21, 90, 37, 38, 83];
    for (key, bucket) in (0..).zip(golden) {
        assert_eq!(jump_bucket(key, 100), bucket);
    }
    assert_eq!(jump_bucket(10_863_919_174_838_991, 11), 6);
    assert_eq!(jump_bucket(2_016_238_256_797_177_309, 11), 3);
    assert_eq!(jump_bucket(1_673_758_223_894_951_030, 11), 5);
    assert_eq!(jump_bucket(2, 100_001), 80_343);
    assert_eq!(jump_bucket(2_201, 100_001), 22_152);
    assert_eq!(jump_bucket(2_202, 100_001), 15_018);
}

/// The crate `jumphash`, with its keys zero, hashes as we do.
#[test]
fn jump_equals_the_crate_jumphash() {
    let theirs = jumphash::JumpHasher::new_with_keys(0, 0);
    for number in 0..100_000_u32 {
        let (key, buckets) = (format!("key-{number}"), number % 2_000 + 1);
        let ours = jump_bucket(key_hash(key.as_bytes()), buckets);
        assert_eq!(ours, theirs.slot(&Raw(key.as_bytes()), buckets));
    }
}

/// Table 1 of Eisenbud et al., NSDI 2016: three backends, a table of seven, and then the second one leaves.
#[test]
fn maglev_fills_the_table_of_the_paper() {
    let b0 = (Permutation { offset: 3, skip: 4 }, 1);
    let b1 = (Permutation { offset: 0, skip: 2 }, 1);
    let b2 = (Permutation { offset: 3, skip: 1 }, 1);
    assert_eq!(populate(7, &[b0, b1, b2]), [1, 0, 1, 0, 2, 2, 0]);
    assert_eq!(populate(7, &[b0, b2]), [0, 0, 0, 0, 1, 1, 1]);
}

/// The crate `maglev`: from its offsets and skips our table gives its answer for every key.
#[test]
fn maglev_fills_the_table_of_the_crate_maglev() {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let seeded = |text: &str, seed: u32| {
        let mut hasher = hasher.build_hasher();
        hasher.write_u32(seed);
        text.hash(&mut hasher);
        hasher.finish()
    };
    for count in [1, 2, 7, 50] {
        let names: Vec<String> = (0..count).map(|node| format!("node-{node}")).collect();
        let theirs = maglev::Maglev::with_capacity(names.iter().map(String::as_str), 1_009);
        let permutation = |name: &String| Permutation {
            offset: (seeded(name, 0xdead_babe) % 1_009) as u32,
            skip: (seeded(name, 0xdead_beef) % 1_008 + 1) as u32,
        };
        let wishes: Vec<(Permutation, u32)> = names.iter().map(|name| (permutation(name), 1)).collect();
        let table = populate(1_009, &wishes);
        for key in 0..20_000 {
            let key = format!("key-{key}");
            let entry = seeded(&key, 0xdead_babe) % 1_009;
            assert_eq!(names[table[entry as usize] as usize], *theirs[key.as_str()]);
        }
        assert_eq!(theirs.capacity(), 1_009);
    }
}

/// §3.4: "M must be a prime number".
#[test]
fn primes_are_told_from_other_numbers() {
    let primes: Vec<u32> = (0..50).filter(|number| is_prime(*number)).collect();
    assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]);
    // The two sizes that the paper measures, and squares of primes.
    assert!(is_prime(65_537) && is_prime(655_373) && !is_prime(65_536));
    assert!(!is_prime(251 * 251) && !is_prime(4_093 * 4_093));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The crate `anchorhash`: with its hash function for ours, the same bucket for every key, through any
    /// sequence of joins and leaves.
    #[test]
    fn anchor_equals_the_crate_anchorhash(
        capacity in 1_u16..200,
        changes in proptest::collection::vec(proptest::option::of(0_usize..200), 1..60),
    ) {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let mut theirs = anchorhash::Builder::with_hasher(hasher.clone()).build::<Raw<'_>>(capacity);
        let mut ours = AnchorTable::new(u32::from(capacity));
        let mut working: Vec<u32> = Vec::new();
        for change in changes {
            match change {
                Some(index) if !working.is_empty() => {
                    let bucket = working.swap_remove(index % working.len());
                    ours.remove(bucket);
                    theirs.remove_resource(&bucket).unwrap();
                }
                _ => {
                    if let Some(bucket) = ours.add() {
                        working.push(bucket);
                        theirs.add_resource(bucket).unwrap();
                    } else {
                        prop_assert!(theirs.add_resource(0).is_err());
                    }
                }
            }
            prop_assert_eq!(ours.working_count() as usize, working.len());
            for key in 0..100 {
                let key = format!("key-{key}");
                let hash = hasher.hash_one(Raw(key.as_bytes())) as u32;
                let first = anchorhash::range_map(hash, u32::from(capacity));
                let bucket = ours.bucket(first, |bucket, size| {
                    anchorhash::range_map(anchorhash::fasthash(bucket, hash), size)
                });
                prop_assert_eq!(bucket.as_ref(), theirs.get_resource(Raw(key.as_bytes())));
            }
        }
    }

    /// Karger et al.: a key belongs to the first point at or after it. The table over the upper bits finds what
    /// a search from end to end finds, also where points crowd and where positions are equal.
    #[test]
    fn the_circle_finds_the_first_point_at_or_after_a_position(
        points in proptest::collection::vec((any::<u64>(), 0_u32..64, 0_u16..5), 0..60),
        probes in proptest::collection::vec((any::<u64>(), 0_u32..64), 1..20),
    ) {
        let points: Vec<RingPoint> = points
            .into_iter()
            .map(|(position, shift, node)| RingPoint { position: position >> shift, node: NodeId(node) })
            .collect();
        let circle = Circle::new(points.clone());
        let positions = probes.into_iter().map(|(position, shift)| position >> shift);
        for position in positions.chain(points.iter().map(|point| point.position)) {
            let at_or_after = points.iter().filter(|point| point.position >= position).min();
            prop_assert_eq!(circle.successor(position), at_or_after.or_else(|| points.iter().min()));
            prop_assert_eq!(circle.walk(position).count(), points.len());
        }
    }
}
