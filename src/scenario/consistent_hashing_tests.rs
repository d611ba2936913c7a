//! Each scenario of consistent hashing shows what it says, whatever the seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::protocol::consistent_hashing::store::{Answer, Reason, Status, Violation};
use crate::sim::{Address, Cluster, Happening, Recording, Step, Watcher};

#[derive(Default)]
struct Reasons(Vec<(NodeId, Reason)>);

impl Watcher<Dynamo> for Reasons {
    fn step(&mut self, _: &Cluster<Dynamo>, step: &Step<'_, Dynamo>) {
        let Some(node) = step.party.and_then(Address::node) else { return };
        self.0.extend(step.effects.iter().map(|effect| (node, effect.why)));
    }
}

fn run(name: &str, seed: u64, until_us: u64) -> Recording<Dynamo> {
    let setup = (Dynamo::preset(name).unwrap().setup)();
    setup.validate().unwrap();
    let mut recording = Recording::new(Arc::new(setup), seed);
    recording.record_until(until_us, u32::MAX).unwrap();
    recording
}

fn reasons(recording: &Recording<Dynamo>) -> Vec<(NodeId, Reason)> {
    let mut reasons = Reasons::default();
    recording.run_on(&mut recording.at(0), recording.steps(), &mut reasons);
    reasons.0
}

fn count(reasons: &[(NodeId, Reason)], is: impl Fn(&Reason) -> bool) -> usize {
    reasons.iter().filter(|(_, why)| is(why)).count()
}

const SEEDS: std::ops::Range<u64> = 0..8;

#[test]
fn nothing_is_violated_but_where_a_rule_is_broken_on_purpose() {
    for preset in Dynamo::presets() {
        for seed in SEEDS {
            let recording = run(preset.name, seed, 4_000_000);
            let found: Vec<Violation> = recording.violations().map(|(_, violation)| *violation).collect();
            let is_broken = preset.name == "broken-handover";
            assert_eq!(!found.is_empty(), is_broken, "{} with seed {seed}: {found:?}", preset.name);
        }
    }
}

#[test]
fn the_node_that_joins_is_a_member_in_the_end_whoever_dies_on_the_way() {
    for name in ["join", "dies-during-the-move", "ring", "modulo"] {
        for seed in SEEDS {
            let recording = run(name, seed, 4_000_000);
            let node = recording.head().node(NodeId(4)).unwrap();
            assert_eq!(node.entry().status, Status::Member, "{name} with seed {seed}");
            assert!(node.data().len() > 10, "{name} with seed {seed}");
        }
    }
}

#[test]
fn modulo_moves_several_times_the_keys_that_the_ring_moves() {
    // The keys that nodes give up because somebody else owns them.
    let moved = |name| {
        let given_up = |why: &(NodeId, Reason)| match why.1 {
            Reason::Dropped { keys } => Some(keys),
            _ => None,
        };
        reasons(&run(name, 7, 6_000_000)).iter().filter_map(given_up).sum::<u32>()
    };
    let (ring, modulo) = (moved("ring"), moved("modulo"));
    assert!(modulo > 2 * ring, "{modulo} keys moved with modulo, {ring} with the ring");
}

#[test]
fn a_hot_key_falls_upon_one_node_without_a_bound_and_upon_several_with_one() {
    let coordinators = |name| {
        let mut reads: BTreeMap<NodeId, u32> = BTreeMap::new();
        for (node, why) in reasons(&run(name, 7, 1_500_000)) {
            if let Reason::Coordinates { .. } = why {
                *reads.entry(node).or_default() += 1;
            }
        }
        (reads.len(), reads.values().copied().max().unwrap())
    };
    assert_eq!(coordinators("hot-key"), (1, 48));
    let (nodes, most) = coordinators("hot-key-bounded");
    assert!(nodes >= 4 && most < 30, "{nodes} nodes, {most} reads on one of them");
}

#[test]
fn a_partition_leaves_hints_and_all_of_them_are_delivered() {
    let recording = run("hinted-handoff", 7, 8_000_000);
    let told = reasons(&recording);
    assert!(count(&told, |why| matches!(why, Reason::KeepsHint { .. })) > 10);
    assert!(count(&told, |why| matches!(why, Reason::WriteAcknowledged { .. })) > 20);
    for node in recording.head().nodes().iter().flatten() {
        assert!(node.data().all(|(_, held)| held.hints.is_empty()), "{} has hints left", node.id());
    }
}

#[test]
fn siblings_are_read_replaced_and_the_replica_that_missed_it_is_repaired() {
    let told = reasons(&run("siblings", 7, 3_000_000));
    assert_eq!(count(&told, |why| matches!(why, Reason::ReadAnswered { versions: 2, .. })), 1);
    assert!(count(&told, |why| matches!(why, Reason::ReadBeforeWrite { versions: 2, .. })) >= 1);
    assert_eq!(count(&told, |why| matches!(why, Reason::ReadAnswered { versions: 1, .. })), 2);
}

#[test]
fn one_leaves_and_one_is_refilled() {
    for seed in SEEDS {
        let left = run("leave", seed, 6_000_000);
        let node = left.head().node(NodeId(4)).unwrap();
        assert_eq!((node.entry().status, node.data().len()), (Status::Outside, 0), "seed {seed}");
        let refilled = run("lost-disk", seed, 6_000_000);
        assert!(refilled.head().node(NodeId(1)).unwrap().entry().is_full(), "seed {seed}");
    }
}

#[test]
fn a_dense_ring_gives_the_newcomer_a_little_from_everybody() {
    let recording = run("dense-ring", 7, 3_000_000);
    let newcomer = recording.head().node(NodeId(10)).unwrap();
    assert_eq!(newcomer.entry().status, Status::Member);
    // An eleventh of all keys, more or less.
    assert!((700..1_150).contains(&newcomer.data().len()), "{} keys", newcomer.data().len());
    let sources: std::collections::BTreeSet<NodeId> = reasons(&recording)
        .into_iter()
        .filter_map(|(node, why)| matches!(why, Reason::SendsRange { keys: 1.., .. }).then_some(node))
        .collect();
    assert_eq!(sources.len(), 10, "everybody sends some");
}

#[derive(Default)]
struct Answers(Vec<(ClientId, Answer)>);

impl Watcher<Dynamo> for Answers {
    fn step(&mut self, _: &Cluster<Dynamo>, step: &Step<'_, Dynamo>) {
        if let (Some(Address::Client(client)), Happening::Answered { answer, .. }) =
            (step.party, step.happening)
        {
            self.0.push((client, answer.clone()));
        }
    }
}

#[test]
fn a_read_misses_a_write_where_r_and_w_need_not_meet_and_nowhere_else() {
    for (name, first) in [("missed-write", "milk"), ("no-missed-write", "milk+bread")] {
        for seed in SEEDS {
            let recording = run(name, seed, 4_000_000);
            let mut answers = Answers::default();
            recording.run_on(&mut recording.at(0), recording.steps(), &mut answers);
            let of = |client: u16| answers.0.iter().filter(move |(other, _)| *other == ClientId(client));
            let written = of(0).filter(|(_, answer)| matches!(answer, Answer::Written { .. })).count();
            assert_eq!(written, 2, "{name} with seed {seed}: c1 was told that both writes are done");
            let values = of(1).filter_map(|(_, answer)| match answer {
                Answer::Versions { siblings } => {
                    Some(siblings.iter().map(|version| version.value.to_string()))
                }
                _ => None,
            });
            let values: Vec<String> = values.map(|values| values.collect::<Vec<_>>().join(" ")).collect();
            assert_eq!(values, [first, "milk+bread"], "{name} with seed {seed}");
        }
    }
}

#[test]
fn a_leave_ends_once_the_dead_owner_it_waits_for_is_removed() {
    for seed in SEEDS {
        let before = run("removal", seed, 1_790_000);
        assert_eq!(before.head().node(NodeId(4)).unwrap().entry().status, Status::Leaving, "seed {seed}");
        let after = run("removal", seed, 6_000_000);
        for node in [4, 5] {
            let node = after.head().node(NodeId(node)).unwrap();
            assert_eq!((node.entry().status, node.data().len()), (Status::Outside, 0), "seed {seed}");
        }
        let reasons = reasons(&after);
        assert!(count(&reasons, |why| matches!(why, Reason::Removes { .. })) > 0, "seed {seed}");
        assert!(count(&reasons, |why| matches!(why, Reason::Filled { .. })) > 0, "seed {seed}");
    }
}
