//! Small inputs on which the store of consistent hashing once did wrong, each with what is right.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_types, reason = "how long a handover takes is the machine's time")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lamplight::protocol::NodeId;
use lamplight::protocol::consistent_hashing::store::{Dynamo, Operation, Place, Status, key_name};
use lamplight::scenario::json;
use lamplight::sim::{Cluster, ClusterSetup, Doer, Intervention, InterventionOf, Scratch, Step, Watcher};

#[derive(Default)]
struct Violations(Vec<String>);

impl Watcher<Dynamo> for Violations {
    fn step(&mut self, _: &Cluster<Dynamo>, step: &Step<'_, Dynamo>) {
        self.0.extend(step.violation.map(|violation| format!("{violation:?}")));
    }
}

struct Run {
    cluster: Cluster<Dynamo>,
    scratch: Scratch<Dynamo>,
    seen: Violations,
}

impl Run {
    fn of(text: &str, adjust: impl Fn(&mut ClusterSetup<Dynamo>)) -> Run {
        let scenario = json::read::<Dynamo>(text).unwrap();
        let mut setup = (*scenario.setup).clone();
        adjust(&mut setup);
        setup.validate().unwrap();
        let cluster = Cluster::new(Arc::new(setup), scenario.seed);
        Run { cluster, scratch: Scratch::default(), seen: Violations::default() }
    }

    fn until_us(&mut self, until_us: u64) {
        while self.cluster.next_due_us().is_some_and(|due| due <= until_us) {
            self.cluster.step(&mut self.scratch, &mut self.seen).unwrap();
        }
        assert_eq!(self.seen.0, [] as [String; 0]);
    }

    fn act(&mut self, act: InterventionOf<Dynamo>) {
        self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.seen).unwrap();
    }

    fn node(&self, node: u16) -> &Dynamo {
        self.cluster.node(NodeId(node)).unwrap()
    }
}

/// A node that leaves waits for an owner that is dead. An operator who knows that it is dead says so to any other node;
/// then the leave ends, and every key has its owners.
#[test]
fn a_leave_that_waits_for_a_dead_owner_ends_when_an_operator_has_that_removed() {
    let mut run = Run::of(include_str!("field/hashing/leave-never-ends.json"), |_| {});
    run.until_us(10_000_000);
    assert_eq!(run.node(4).entry().status, Status::Leaving, "nobody may decide by itself that n6 is dead");
    assert!(run.node(4).data().len() > 0, "it has something to hand over");
    let remove = Operation::Remove { node: NodeId(5) };
    run.act(Intervention::Operation { node: NodeId(0), operation: remove });
    run.until_us(20_000_000);
    assert_eq!(run.node(4).entry().status, Status::Outside);
    for node in 0..4 {
        assert_eq!(run.node(node).ring().members(), [0, 1, 2, 3].map(NodeId), "n{}", node + 1);
        assert!(run.node(node).transfer().is_none(), "what it gained has arrived");
    }
    let options = run.cluster.setup().options.clone();
    // All keys, and not those of one node: with few points on the circle shares differ, and n1 owns 24 of the 50. And a
    // key that nobody had any more would not be missed among those that somebody has.
    for place in (0..options.initial_keys).map(|number| Place::of(&key_name(number))) {
        let owners = run.node(0).ring().owners(&place, &options);
        assert_eq!(owners.len(), 3, "{}", place.key);
        for owner in owners {
            assert!(!run.node(owner.0).on_disk(&place).is_empty(), "{owner} owns {} and lacks it", place.key);
        }
    }
    // The dead comes back, hears that it was removed, and hands over what it alone may have.
    run.act(Intervention::Restart { node: NodeId(5) });
    run.until_us(30_000_000);
    assert_eq!(run.node(5).entry().status, Status::Outside);
    assert_eq!(run.node(5).data().len(), 0);
}

/// Dynamo §4.4: "when the number of (node, counter) pairs in the vector clock reaches a threshold (say 10), the oldest
/// pair is removed". The bound gives way only to versions that are being replaced at this moment.
#[test]
fn version_vectors_are_bounded_however_often_members_change() {
    let longest = |vector_entries_max| {
        let text = include_str!("field/hashing/version-vectors-grow.json");
        let mut run = Run::of(text, |setup| setup.options.vector_entries_max = vector_entries_max);
        run.until_us(125_000_000);
        let nodes = run.cluster.nodes().iter().flatten();
        let held = nodes.flat_map(|node| node.data().map(|(_, held)| held.siblings.clone()));
        let entries = held.flat_map(|siblings| {
            siblings.iter().map(|version| version.context.iter().len()).collect::<Vec<_>>()
        });
        entries.max().unwrap()
    };
    assert_eq!((longest(10), longest(0) > 25), (10, true));
}

/// A handover takes work in proportion to its keys: four times as many keys take some four times as long, and not
/// sixteen times.
#[test]
fn a_handover_takes_work_in_proportion_to_its_keys() {
    let time = |text: &str, keys: u32| {
        let once = || {
            let mut run = Run::of(text, |setup| setup.options.initial_keys = keys);
            run.until_us(900_000);
            let begun = Instant::now();
            while run.node(4).entry().status != Status::Outside {
                let next_us = run.cluster.now_us() + 100_000;
                assert!(next_us < 60_000_000, "the leave of {keys} keys does not end");
                run.until_us(next_us);
            }
            (begun.elapsed(), run.cluster.steps())
        };
        let runs = [once(), once()];
        (runs.iter().map(|(time, _)| *time).min().unwrap_or(Duration::ZERO), runs[0].1)
    };
    let (small, small_steps) = time(include_str!("field/hashing/leave-5000-keys.json"), 2_500);
    let (large, large_steps) = time(include_str!("field/hashing/leave-10000-keys.json"), 10_000);
    eprintln!("2,500 keys: {small:?}, {small_steps} steps; 10,000 keys: {large:?}, {large_steps} steps");
    assert!(large_steps < 5 * small_steps);
    assert!(large < small * 10, "{large:?} for four times the keys of {small:?}");
}
