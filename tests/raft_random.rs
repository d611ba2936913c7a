//! Raft under random faults: whatever the seed, its properties hold, and it makes progress once all is
//! healed. And the other way round: with a rule broken on purpose, the properties do not hold for long.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use lamplight::protocol::NodeId;
use lamplight::protocol::raft::{BreakRules, Operation, Options, Raft, Violation};
use lamplight::sim::act::repairs;
use lamplight::sim::{
    Chaos, Cluster, ClusterSetup, Doer, Intervention, Scratch, Scripted, Step, Watcher, Workload,
};

#[derive(Default)]
struct Violations(Vec<(u32, Violation)>);

impl Watcher<Raft> for Violations {
    fn step(&mut self, _: &Cluster<Raft>, step: &Step<'_, Raft>) {
        self.0.extend(step.violation.map(|violation| (step.index, *violation)));
    }
}

struct Run {
    cluster: Cluster<Raft>,
    scratch: Scratch<Raft>,
    violations: Violations,
}

impl Run {
    fn new(nodes: u16, options: Options, chaos: Chaos, seed: u64) -> Run {
        let setup = ClusterSetup::<Raft> {
            nodes,
            clients: 3,
            options,
            workload: Some(Workload { think_us_mean: 10_000, ..Workload::default() }),
            script: vec![Scripted {
                at_us: 1,
                from_leader: false,
                act: Intervention::Chaos { chaos: Some(chaos) },
            }],
            ..ClusterSetup::default()
        };
        assert_eq!(setup.validate(), Ok(()));
        Run {
            cluster: Cluster::new(Arc::new(setup), seed),
            scratch: Scratch::default(),
            violations: Violations::default(),
        }
    }

    fn step(&mut self) {
        self.cluster.step(&mut self.scratch, &mut self.violations).unwrap();
    }

    fn steps(&mut self, count: u32) {
        for _ in 0..count {
            self.step();
        }
    }

    fn until(&mut self, time_us: u64) {
        while self.cluster.now_us() < time_us {
            self.step();
        }
    }

    fn intervene(&mut self, act: Intervention<lamplight::protocol::key_value::Command, Operation>) {
        // What turns out to be impossible is left.
        let _ = self.cluster.intervene(&act, Doer::Script, &mut self.scratch, &mut self.violations);
    }

    fn heal(&mut self) {
        for act in repairs(&self.cluster) {
            self.intervene(act);
        }
        for node in (0..self.cluster.setup().nodes).map(NodeId) {
            if self.cluster.node(node).is_some_and(Raft::is_out) {
                self.intervene(Intervention::Operation { node, operation: Operation::Readmit });
            }
        }
    }

    fn done(&self) -> Vec<u64> {
        self.cluster.clients().iter().map(|client| client.done).collect()
    }
}

/// Options that make rare paths common: small windows, batches and snapshots. Every fourth seed runs without
/// PreVote, every fourth without CheckQuorum.
fn options(seed: u64) -> Options {
    Options {
        pre_vote: seed % 4 != 1,
        check_quorum: seed % 4 != 2,
        entries_per_message_max: if seed.is_multiple_of(3) { 2 } else { 64 },
        messages_in_flight_max: if seed.is_multiple_of(5) { 1 } else { 8 },
        snapshot_every_entries: if seed.is_multiple_of(2) { 20 } else { 0 },
        log_tail_entries: 5,
        snapshot_chunk_bytes_max: 64,
        ..Options::default()
    }
}

fn faults(nodes: u16) -> Chaos {
    Chaos {
        beat_us_mean: 40_000,
        victims_max: nodes.div_ceil(2),
        corrupt_tail: 1,
        lose_disk: 1,
        disks_lost_max: (nodes - 1) / 2,
        ..Chaos::default()
    }
}

fn assert_safe_and_live(nodes: u16, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut run = Run::new(nodes, options(seed), faults(nodes), seed);
        for _ in 0..4 {
            run.steps(2_500);
            // Operators go on with their work.
            for node in (0..nodes).map(NodeId) {
                if run.cluster.node(node).is_some_and(Raft::is_out) {
                    run.intervene(Intervention::Operation { node, operation: Operation::Readmit });
                }
                let to = NodeId((node.0 + 1) % nodes);
                let operation = Operation::TransferLeadership { to };
                if seed % 4 == 3 && run.cluster.node(node).is_some_and(Raft::is_leader) {
                    run.intervene(Intervention::Operation { node, operation });
                }
            }
        }
        assert_eq!(run.violations.0, [], "nodes {nodes}, seed {seed}");
        run.heal();
        let healed_at_us = run.cluster.now_us();
        run.until(healed_at_us + 2_000_000);
        let before = run.done();
        run.until(healed_at_us + 4_000_000);
        let after = run.done();
        assert_eq!(run.violations.0, [], "nodes {nodes}, seed {seed}, after healing");
        assert!(
            before.iter().zip(&after).all(|(before, after)| before < after),
            "no progress with nodes {nodes}, seed {seed}: {before:?} {after:?}"
        );
        let members = run.cluster.nodes().iter().flatten().filter(|node| !node.is_out()).count();
        assert_eq!(members, usize::from(nodes), "everyone is back, nodes {nodes}, seed {seed}");
        let furthest = run.cluster.nodes().iter().flatten().map(Raft::commit_index).max().unwrap();
        for node in run.cluster.nodes().iter().flatten() {
            assert!(
                node.commit_index() + 20 > furthest,
                "a follower stays behind: nodes {nodes}, seed {seed}"
            );
        }
    }
}

#[test]
fn three_nodes_are_safe_under_all_faults_and_live_after_them() {
    assert_safe_and_live(3, 0..60);
}

#[test]
fn five_nodes_are_safe_under_all_faults_and_live_after_them() {
    assert_safe_and_live(5, 0..60);
}

/// A longer run of the same, for a quiet machine.
#[test]
#[ignore = "takes minutes"]
fn many_seeds() {
    for nodes in [3, 4, 5, 7] {
        assert_safe_and_live(nodes, 1_000..2_000);
    }
}

#[test]
fn one_node_is_safe_without_disk_loss() {
    let chaos = Chaos { lose_disk: 0, corrupt_tail: 0, ..faults(1) };
    for seed in 0..10 {
        let mut run = Run::new(1, options(seed), chaos, seed);
        run.steps(3_000);
        run.heal();
        let before = run.done();
        run.until(run.cluster.now_us() + 2_000_000);
        assert_eq!(run.violations.0, [], "seed {seed}");
        assert!(before < run.done(), "seed {seed}");
    }
}

/// The first violation that each of the seeds brings to light.
fn found(break_rules: BreakRules, options: &Options, seeds: u64, steps: u32) -> Vec<&'static str> {
    let mut names = Vec::new();
    for seed in 0..seeds {
        let options = Options { break_rules, ..options.clone() };
        let chaos = Chaos {
            beat_us_mean: 15_000,
            lose_disk: 0,
            corrupt_tail: 0,
            crash: 12,
            restart: 16,
            ..faults(5)
        };
        let mut run = Run::new(5, options, chaos, seed);
        run.steps(steps);
        names.extend(run.violations.0.first().map(|(_, violation)| violation.name()));
    }
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn each_broken_rule_is_found() {
    let plain = Options { pre_vote: false, check_quorum: false, ..Options::default() };
    // The commit rule matters where a leader replicates entries of earlier terms without one of its own
    // behind them, and somebody else has entries of a later term: Figure 8, with more entries of term 2.
    let term_2 = [vec![1], vec![2; 20]].concat();
    let figure_8 = Options {
        entries_per_message_max: 1,
        messages_in_flight_max: 1,
        initial_logs: vec![term_2.clone(), term_2, vec![1], vec![1], vec![1, 3]],
        ..plain.clone()
    };
    let none = BreakRules::default();
    for (break_rules, options, seeds, steps, expected) in [
        (BreakRules { vote_twice: true, ..none }, &plain, 20, 5_000, "Election Safety"),
        (
            BreakRules { answer_before_sync: true, ..none },
            &plain,
            20,
            5_000,
            "Durability of acknowledged writes",
        ),
        (BreakRules { skip_log_check_on_vote: true, ..none }, &plain, 20, 5_000, "Leader Completeness"),
        (BreakRules { commit_earlier_term: true, ..none }, &figure_8, 100, 1_000, "Leader Completeness"),
    ] {
        let found = found(break_rules, options, seeds, steps);
        assert!(found.contains(&expected), "{break_rules:?} brings {found:?}");
    }
    assert_eq!(found(none, &plain, 20, 5_000), [""; 0]);
    assert_eq!(found(none, &figure_8, 100, 1_000), [""; 0]);
}
