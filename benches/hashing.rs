//! Nanoseconds per lookup at 10, 100 and 1,000 nodes, ours beside published crates in the same run.
//!
//! Where a crate takes a hash function it gets ours (SipHash-1-3 with the key zero over the bytes of the key);
//! the crate `ketama` and ours both have to compute MD5. Tables and capacities are equal on both sides. Ours and a
//! crate are timed by turns, and the table gives the median of the ratios: below one, ours is the faster.

#![allow(clippy::disallowed_types, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use lamplight::protocol::consistent_hashing::ketama::KetamaShare;
use lamplight::protocol::consistent_hashing::{
    Anchor, BoundedLoads, HashRing, Jump, Ketama, Maglev, Modulo, MultiProbe, Node, Placement, Rendezvous,
};
use maglev::ConsistentHasher;
use siphasher::sip::SipHasher13;

const NODES: [u16; 3] = [10, 100, 1_000];
/// The crate `maglev` writes out every node's permutation, so a table as large as ours by default would take
/// half a gigabyte at 1,000 nodes.
const MAGLEV_TABLE_SIZE: u32 = 10_007;
/// How often either of a pair is timed, and how often it looks up all keys each time.
const ROUNDS: usize = 61;
const PASSES: usize = 10;

/// A key whose hash is the hash of its bytes, as in our library.
#[derive(PartialEq, Eq)]
struct Raw<'a>(&'a [u8]);

impl Hash for Raw<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}

type Sip = BuildHasherDefault<SipHasher13>;

struct Bench {
    criterion: Criterion,
    keys: Vec<Vec<u8>>,
    directory: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hashing");
        let criterion = Criterion::default()
            .output_directory(&directory)
            .sample_size(20)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_millis(1_000))
            .configure_from_args();
        let keys = (0..4_096).map(|key| format!("user:{key:08}").into_bytes()).collect();
        Self { criterion, keys, directory }
    }

    /// Measures one lookup function.
    fn lookups<T>(&mut self, algorithm: &str, nodes: u16, lookup: impl Fn(&[u8]) -> T) {
        let mut group = self.criterion.benchmark_group(algorithm);
        group.throughput(Throughput::Elements(self.keys.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(nodes), |bencher| {
            bencher.iter(|| {
                for key in &self.keys {
                    black_box(lookup(black_box(key)));
                }
            });
        });
        group.finish();
    }

    /// Measures an algorithm of ours, with that many nodes in it.
    fn ours(&mut self, nodes: u16, mut placement: impl Placement) {
        placement.add_nodes(&pool(nodes)).unwrap();
        let name = placement.algorithm().name();
        self.lookups(name, nodes, |key| placement.node_for_key(key));
    }

    /// The median that criterion found, in nanoseconds per lookup.
    fn median(&self, algorithm: &str, nodes: u16) -> Option<f64> {
        let file = format!("{algorithm}/{nodes}/new/estimates.json");
        let estimates = std::fs::read(self.directory.join(file)).ok()?;
        let estimates: serde_json::Value = serde_json::from_slice(&estimates).ok()?;
        let per_iteration = estimates.get("median")?.get("point_estimate")?.as_f64()?;
        Some(per_iteration / self.keys.len() as f64)
    }
}

fn pool(nodes: u16) -> Vec<Node> {
    (0..nodes).map(|id| Node::new(id, name(id))).collect()
}

fn name(id: u16) -> String {
    format!("10.0.{}.{}:11211", id / 256, id % 256)
}

/// Times two ways to look all keys up by turns, so that a machine whose speed changes changes both of them: the
/// medians in nanoseconds per lookup, and the median of the ratios of neighbours.
fn by_turns<A, B>(keys: &[Vec<u8>], ours: impl Fn(&[u8]) -> A, theirs: impl Fn(&[u8]) -> B) -> Pair {
    let ns_ours = || ns_per_lookup(keys, &ours);
    let ns_theirs = || ns_per_lookup(keys, &theirs);
    // Once for nothing, to warm up.
    ns_ours();
    ns_theirs();
    // Who comes first changes, too.
    let rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|round| {
            if round % 2 == 0 {
                let ours = ns_ours();
                (ours, ns_theirs())
            } else {
                let theirs = ns_theirs();
                (ns_ours(), theirs)
            }
        })
        .collect();
    let median = |of: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Pair {
        ours: median(|round| round.0),
        theirs: median(|round| round.1),
        ratio: median(|round| round.0 / round.1),
    }
}

struct Pair {
    ours: f64,
    theirs: f64,
    ratio: f64,
}

fn ns_per_lookup<T>(keys: &[Vec<u8>], lookup: impl Fn(&[u8]) -> T) -> f64 {
    let started = Instant::now();
    for _ in 0..PASSES {
        for key in keys {
            black_box(lookup(black_box(key)));
        }
    }
    started.elapsed().as_nanos() as f64 / (PASSES * keys.len()) as f64
}

/// Ours, ready to look up.
fn with_nodes<P: Placement>(mut placement: P, nodes: u16) -> P {
    placement.add_nodes(&pool(nodes)).unwrap();
    placement
}

fn beside_crates(keys: &[Vec<u8>], nodes: u16) {
    let names: Vec<String> = (0..nodes).map(name).collect();
    let print = |algorithm: &str, rival: &str, pair: Pair| {
        let Pair { ours, theirs, ratio } = pair;
        println!("{algorithm:<14} {nodes:>6} {ours:>10.1} {rival:>12} {theirs:>12.1} {ratio:>7.2}");
    };

    let ours = with_nodes(Ketama::new(KetamaShare::Libketama), nodes);
    let ring = ketama::Ring::build(&names.iter().map(String::as_str).collect::<Vec<_>>());
    print("ketama", "ketama", by_turns(keys, |key| ours.node_for_key(key), |key| ring.route(key)));

    let ours = with_nodes(Jump::new(), nodes);
    let jump = jumphash::JumpHasher::new_with_keys(0, 0);
    let slot = |key: &[u8]| jump.slot(&Raw(key), u32::from(nodes));
    print("jump", "jumphash", by_turns(keys, |key| ours.node_for_key(key), slot));

    let ours = with_nodes(Maglev::new(MAGLEV_TABLE_SIZE).unwrap(), nodes);
    let table =
        maglev::Maglev::with_capacity_and_hasher(0..nodes, MAGLEV_TABLE_SIZE as usize, Sip::default());
    let entry = |key: &[u8]| table.get(&Raw(key)).copied();
    print("maglev", "maglev", by_turns(keys, |key| ours.node_for_key(key), entry));

    let ours = with_nodes(Anchor::new(2 * u32::from(nodes)).unwrap(), nodes);
    let anchor =
        anchorhash::Builder::with_hasher(Sip::default()).with_resources(0..nodes).build::<Raw<'_>>(2 * nodes);
    let resource = |key: &[u8]| anchor.get_resource(Raw(key)).copied();
    print("anchor", "anchorhash", by_turns(keys, |key| ours.node_for_key(key), resource));
}

fn ours_alone(bench: &mut Bench, nodes: u16) {
    bench.ours(nodes, Modulo::new());
    bench.ours(nodes, HashRing::new(HashRing::VIRTUAL_NODES_DEFAULT).unwrap());
    bench.ours(nodes, Rendezvous::new());
    bench.ours(nodes, MultiProbe::new(MultiProbe::PROBES_DEFAULT, 1).unwrap());
    let factor = BoundedLoads::LOAD_FACTOR_THOUSANDTHS_DEFAULT;
    let mut bounded = BoundedLoads::new(HashRing::VIRTUAL_NODES_DEFAULT, factor).unwrap();
    bounded.add_nodes(&pool(nodes)).unwrap();
    for key in &bench.keys {
        bounded.place_key(key).unwrap();
    }
    bench.lookups("bounded-loads", nodes, |key| bounded.node_for_key(key));
}

fn main() {
    let mut bench = Bench::new();
    println!(
        "\n{:<14} {:>6} {:>10} {:>12} {:>12} {:>7}",
        "algorithm", "nodes", "ours, ns", "crate", "its ns", "ratio"
    );
    for nodes in NODES {
        beside_crates(&bench.keys, nodes);
    }
    for nodes in NODES {
        ours_alone(&mut bench, nodes);
    }
    println!("\n{:<14} {:>6} {:>10}", "algorithm", "nodes", "ours, ns");
    for algorithm in ["modulo", "ring", "bounded-loads", "rendezvous", "multi-probe"] {
        for nodes in NODES {
            if let Some(ours) = bench.median(algorithm, nodes) {
                println!("{algorithm:<14} {nodes:>6} {ours:>10.1}");
            }
        }
    }
}
