//! Nanoseconds per lookup at 10, 100 and 1,000 nodes, ours beside published crates in the same run.
//!
//! Where a crate takes a hash function it gets ours (SipHash-1-3 with the key zero over the bytes of the key);
//! the crate `ketama` and ours both have to compute MD5. Tables and capacities are equal on both sides. The table
//! at the end gives the ratio of the medians: below one, ours is the faster.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
const OURS: &str = "lamplight";

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
    fn lookups<T>(&mut self, algorithm: &str, by: &str, nodes: u16, lookup: impl Fn(&[u8]) -> T) {
        let mut group = self.criterion.benchmark_group(format!("{algorithm}-{by}"));
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
        self.lookups(name, OURS, nodes, |key| placement.node_for_key(key));
    }

    /// The median that criterion found, in nanoseconds per lookup.
    fn median(&self, algorithm: &str, by: &str, nodes: u16) -> Option<f64> {
        let file = format!("{algorithm}-{by}/{nodes}/new/estimates.json");
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

fn beside_crates(bench: &mut Bench, nodes: u16) {
    let names: Vec<String> = (0..nodes).map(name).collect();

    bench.ours(nodes, Ketama::new(KetamaShare::Libketama));
    let ring = ketama::Ring::build(&names.iter().map(String::as_str).collect::<Vec<_>>());
    bench.lookups("ketama", "ketama", nodes, |key| ring.route(key));

    bench.ours(nodes, Jump::new());
    let jump = jumphash::JumpHasher::new_with_keys(0, 0);
    bench.lookups("jump", "jumphash", nodes, |key| jump.slot(&Raw(key), u32::from(nodes)));

    bench.ours(nodes, Maglev::new(MAGLEV_TABLE_SIZE).unwrap());
    let table =
        maglev::Maglev::with_capacity_and_hasher(0..nodes, MAGLEV_TABLE_SIZE as usize, Sip::default());
    bench.lookups("maglev", "maglev", nodes, |key| table.get(&Raw(key)).copied());

    bench.ours(nodes, Anchor::new(2 * u32::from(nodes)).unwrap());
    let anchor =
        anchorhash::Builder::with_hasher(Sip::default()).with_resources(0..nodes).build::<Raw<'_>>(2 * nodes);
    bench.lookups("anchor", "anchorhash", nodes, |key| anchor.get_resource(Raw(key)).copied());
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
    bench.lookups("bounded-loads", OURS, nodes, |key| bounded.node_for_key(key));
}

fn print_table(bench: &Bench) {
    println!(
        "\n{:<14} {:>6} {:>10} {:>12} {:>12} {:>7}",
        "algorithm", "nodes", "ours, ns", "crate", "its ns", "ratio"
    );
    let rivals = [("ketama", "ketama"), ("jump", "jumphash"), ("maglev", "maglev"), ("anchor", "anchorhash")];
    let alone = ["modulo", "ring", "bounded-loads", "rendezvous", "multi-probe"];
    for (algorithm, rival) in
        rivals.map(|(name, rival)| (name, Some(rival))).into_iter().chain(alone.map(|n| (n, None)))
    {
        for nodes in NODES {
            let Some(ours) = bench.median(algorithm, OURS, nodes) else { continue };
            print!("{algorithm:<14} {nodes:>6} {ours:>10.1}");
            match rival.and_then(|rival| Some((rival, bench.median(algorithm, rival, nodes)?))) {
                Some((rival, theirs)) => println!(" {rival:>12} {theirs:>12.1} {:>7.2}", ours / theirs),
                None => println!(),
            }
        }
    }
}

fn main() {
    let mut bench = Bench::new();
    for nodes in NODES {
        beside_crates(&mut bench, nodes);
        ours_alone(&mut bench, nodes);
    }
    print_table(&bench);
}
