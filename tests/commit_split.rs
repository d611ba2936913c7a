//! Three-phase commit and a partition: every moment at which one can begin, and every way in which it can fall
//! between two groups. The shortest run that ends in two different decisions is printed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod commit_run;

use std::sync::Arc;

use commit_run::{Seen, at};
use lamplight::lang::Lang;
use lamplight::protocol::atomic_commit::{
    Command, CommitViolation, Operation, ThreePhaseCommit, ThreePhaseOptions,
};
use lamplight::protocol::{ClientId, NodeId};
use lamplight::scenario::{Scenario, link};
use lamplight::scene::open;
use lamplight::sim::{Cluster, ClusterSetup, Doer, Intervention, Scratch, Scripted};

const SEED: u64 = 1;

/// One transaction over three participants, in a cluster in which nothing is ever late.
fn setup() -> ClusterSetup<ThreePhaseCommit> {
    let add = |site: u16, key: &str, amount: i64| Operation::Add { at: at(site, key), amount };
    let operations = vec![add(1, "alice", -10), add(2, "bob", -10), add(3, "carol", 20)];
    let act = Intervention::Command { client: ClientId(0), command: Command::Transaction { operations } };
    ClusterSetup {
        nodes: 4,
        clients: 1,
        options: ThreePhaseOptions::default(),
        script: vec![Scripted { at_us: 20_000, from_leader: false, act }],
        ..ClusterSetup::default()
    }
}

/// A partition and what it led to.
struct Split {
    begins_at_step: u32,
    group: Vec<NodeId>,
    violated_at_step: u32,
    violation: CommitViolation,
}

#[test]
fn the_search_finds_the_split_decision_and_its_shortest_run() {
    let mut cluster = Cluster::new(Arc::new(setup()), SEED);
    let mut scratch = Scratch::default();
    let (mut tried, mut splits) = (0, Vec::new());
    while cluster.now_us() < 150_000 && cluster.step(&mut scratch, &mut ()).is_ok() {
        // Each way to part four nodes in two; the first node stands on a side of its own choice.
        for others in 0..7u16 {
            let group: Vec<NodeId> =
                (0..4).filter(|node| *node == 0 || others >> (node - 1) & 1 == 1).map(NodeId).collect();
            tried += 1;
            if let Some((violated_at_step, violation)) = after_partition(&cluster, &group) {
                let begins_at_step = cluster.steps();
                splits.push(Split { begins_at_step, group, violated_at_step, violation });
            }
        }
    }
    let shortest = splits.iter().min_by_key(|split| (split.violated_at_step, split.begins_at_step)).unwrap();
    println!(
        "{tried} partitions tried, {} of them split a decision. The shortest run: before step {}, {:?} is parted \
         from the rest; at step {}: {:?}",
        splits.len(),
        shortest.begins_at_step,
        shortest.group,
        shortest.violated_at_step,
        shortest.violation
    );
    let link = link_to(shortest);
    println!("#{link}");
    let mut run = open(&format!("#{link}")).map_err(|error| error.cause).unwrap();
    let sentence = run.sentence(run.cursor(), Lang::En).unwrap().text;
    assert!(sentence.starts_with("AC1 is violated"), "the link opens the run at its violation: {sentence}");
    for split in &splits {
        let CommitViolation::SplitDecision { first, second, .. } = split.violation else {
            panic!("something else is violated: {:?}", split.violation)
        };
        let side = |node: NodeId| split.group.contains(&node);
        assert_ne!(side(first), side(second), "the two that decided differently are of one side");
    }
    assert!(splits.len() < tried, "a partition that comes late enough does no harm");
}

/// The run up to the split decision.
fn link_to(split: &Split) -> String {
    let act = Intervention::Partition { groups: vec![split.group.clone()] };
    link::write(&Scenario {
        preset: None,
        setup: Arc::new(setup()),
        seed: SEED,
        interventions: [(split.begins_at_step, act)].into(),
        cursor: split.violated_at_step + 1,
        about: lamplight::scenario::About::default(),
    })
}

/// What happens if the network falls apart now, and stays so.
fn after_partition(cluster: &Cluster<ThreePhaseCommit>, group: &[NodeId]) -> Option<(u32, CommitViolation)> {
    let mut cluster = cluster.clone();
    let (mut scratch, mut seen) = (Scratch::default(), Seen::default());
    let act = Intervention::Partition { groups: vec![group.to_vec()] };
    cluster.intervene(&act, Doer::Person, &mut scratch, &mut seen).unwrap();
    let until_us = cluster.now_us() + 600_000;
    while seen.violation.is_none() && cluster.now_us() < until_us {
        if cluster.step(&mut scratch, &mut seen).is_err() {
            break;
        }
    }
    seen.violation
}
