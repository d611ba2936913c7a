//! Raft on the virtual cluster: what the paper ("Raft") and Ongaro's thesis promise, told as stories. Each
//! story is told for several seeds, and the properties of Figure 3 are checked at every step of it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use lamplight::protocol::key_value::Command;
use lamplight::protocol::raft::{Membership, Operation, Options, ProgressState, Raft, Role, Violation};
use lamplight::protocol::{ClientId, NodeId};
use lamplight::sim::{
    Cluster, ClusterSetup, DiskOptions, Doer, Intervention, LinkOptions, Problem, Scratch, Step, Unsynced,
    Watcher, Workload,
};

const MS: u64 = 1_000;
const SEEDS: std::ops::Range<u64> = 0..5;

#[derive(Default)]
struct Violations(Vec<Violation>);

impl Watcher<Raft> for Violations {
    fn step(&mut self, _: &Cluster<Raft>, step: &Step<'_, Raft>) {
        self.0.extend(step.violation);
    }
}

/// A cluster in a story.
struct Story {
    cluster: Cluster<Raft>,
    scratch: Scratch<Raft>,
    violations: Violations,
}

type Act = Intervention<Command, Operation>;

impl Story {
    fn of(nodes: u16, seed: u64) -> Story {
        Story::with(seed, ClusterSetup { nodes, ..ClusterSetup::default() })
    }

    fn with(seed: u64, setup: ClusterSetup<Raft>) -> Story {
        assert_eq!(setup.validate(), Ok(()));
        let cluster = Cluster::new(Arc::new(setup), seed);
        Story { cluster, scratch: Scratch::default(), violations: Violations::default() }
    }

    fn step(&mut self) -> Result<(), Problem> {
        let result = self.cluster.step(&mut self.scratch, &mut self.violations);
        assert_eq!(self.violations.0, [], "seed {} at {} µs", self.cluster.seed(), self.cluster.now_us());
        result
    }

    fn run_for(&mut self, duration_us: u64) {
        let until_us = self.cluster.now_us() + duration_us;
        while self.cluster.now_us() < until_us && self.step().is_ok() {}
    }

    /// Goes on until something is so, at most for ten seconds.
    fn run_until(&mut self, what: &str, is_so: impl Fn(&Cluster<Raft>) -> bool) {
        let until_us = self.cluster.now_us() + 10_000 * MS;
        while !is_so(&self.cluster) {
            let seed = self.cluster.seed();
            assert!(self.cluster.now_us() < until_us && self.step().is_ok(), "{what}, seed {seed}");
        }
    }

    fn act(&mut self, act: Act) {
        self.cluster.intervene(&act, Doer::Script, &mut self.scratch, &mut self.violations).unwrap();
    }

    fn crash(&mut self, node: NodeId) {
        self.act(Intervention::Crash { node, unsynced: Unsynced::Lost, unsent: 0 });
    }

    fn restart(&mut self, node: NodeId) {
        self.act(Intervention::Restart { node });
    }

    /// These nodes on one side, all others on the other.
    fn partition(&mut self, side: &[NodeId]) {
        self.act(Intervention::Partition { groups: vec![side.to_vec()] });
    }

    fn put(&mut self, value: &str) {
        let command = Command::Put { key: "a".into(), value: value.into() };
        self.act(Intervention::Command { client: ClientId(0), command });
    }

    /// A client sets the key and gets its answer.
    fn put_and_wait(&mut self, value: &str) {
        let done = self.done();
        self.put(value);
        self.run_until("the command is done", |cluster| cluster.clients()[0].done > done);
    }

    fn done(&self) -> u64 {
        self.cluster.clients()[0].done
    }

    /// Goes on until there is a leader that a majority follows, and names it.
    fn leader(&mut self) -> NodeId {
        let nodes = usize::from(self.cluster.setup().nodes);
        let settled = move |cluster: &Cluster<Raft>| {
            let leader = cluster.leader().and_then(|leader| cluster.node(leader));
            leader.is_some_and(|leader| {
                let follows = |node: &&Raft| {
                    !node.is_out() && node.leader() == Some(leader.id()) && node.term() == leader.term()
                };
                cluster.nodes().iter().flatten().filter(follows).count() > nodes / 2
            })
        };
        self.run_until("there is a leader", settled);
        self.cluster.leader().unwrap()
    }

    fn node(&self, node: NodeId) -> &Raft {
        self.cluster.node(node).unwrap()
    }

    fn others(&self, than: &[NodeId]) -> Vec<NodeId> {
        (0..self.cluster.setup().nodes).map(NodeId).filter(|node| !than.contains(node)).collect()
    }

    fn value(&self, node: NodeId) -> Option<String> {
        self.node(node).store().get("a").map(|value| value.to_string())
    }

    /// All nodes that are up hold the same value.
    fn all_hold(&mut self, value: &str) {
        let holds = |node: &Raft| node.store().get("a").as_deref() == Some(value);
        self.run_until("all hold the value", |cluster| cluster.nodes().iter().flatten().all(holds));
    }
}

fn for_each_seed(nodes: u16, tell: impl Fn(&mut Story)) {
    for seed in SEEDS {
        tell(&mut Story::of(nodes, seed));
    }
}

#[test]
fn a_calm_cluster_keeps_its_first_leader_and_serves_its_clients() {
    for seed in SEEDS {
        let workload = Some(Workload::default());
        let mut story = Story::with(seed, ClusterSetup { clients: 3, workload, ..ClusterSetup::default() });
        let leader = story.leader();
        let term = story.node(leader).term();
        story.run_for(5_000 * MS);
        assert_eq!(story.cluster.leader(), Some(leader));
        assert!(story.cluster.nodes().iter().flatten().all(|node| node.term() == term));
        assert!(story.cluster.clients().iter().all(|client| client.done > 50));
    }
}

#[test]
fn section_5_2_a_crashed_leader_is_replaced_and_nothing_acknowledged_is_lost() {
    for_each_seed(5, |story| {
        let first = story.leader();
        story.put_and_wait("before");
        let term = story.node(first).term();
        story.crash(first);
        let second = story.leader();
        assert_ne!(first, second);
        assert!(story.node(second).term() > term);
        story.all_hold("before");
        story.put_and_wait("after");
        story.restart(first);
        story.all_hold("after");
        assert_eq!(story.node(first).role(), Role::Follower);
    });
}

#[test]
fn section_5_4_with_a_majority_down_nothing_is_done_and_with_one_back_everything_is() {
    for_each_seed(5, |story| {
        let leader = story.leader();
        let rest = story.others(&[leader]);
        for node in rest.iter().take(3) {
            story.crash(*node);
        }
        story.put("patient");
        story.run_for(2_000 * MS);
        assert_eq!(story.done(), 0);
        story.restart(rest[0]);
        story.run_until("the command is done", |cluster| cluster.clients()[0].done == 1);
    });
}

#[test]
fn thesis_6_2_a_leader_cut_off_with_a_minority_steps_down_and_what_it_had_not_committed_goes() {
    for_each_seed(5, |story| {
        let old = story.leader();
        story.put_and_wait("committed");
        let companion = story.others(&[old])[0];
        story.partition(&[old, companion]);
        story.put("lost");
        story.run_until("the old leader has it", |cluster| {
            cluster.node(old).is_some_and(|node| node.log().last_index() > node.commit_index())
        });
        let index = story.node(old).log().last_index();
        story.run_until("it steps down", |cluster| cluster.node(old).is_some_and(|node| !node.is_leader()));
        story.run_until("the majority elects another", |cluster| cluster.leader().is_some());
        let new = story.leader();
        assert!(new != old && new != companion);
        story.run_until("the client finds it", |cluster| cluster.clients()[0].done == 2);
        story.act(Intervention::Heal);
        story.all_hold("lost");
        let term = story.node(old).log().term(index);
        assert_eq!(term, story.node(new).log().term(index), "the logs agree");
    });
}

#[test]
fn thesis_6_4_a_deposed_leader_that_does_not_know_it_never_answers_a_read() {
    for seed in SEEDS {
        // Without CheckQuorum it goes on believing that it leads.
        let options = Options { check_quorum: false, ..Options::default() };
        let mut story = Story::with(seed, ClusterSetup { clients: 2, options, ..ClusterSetup::default() });
        let old = story.leader();
        story.put_and_wait("old");
        story.partition(&[old]);
        story.run_until("another leads", |cluster| cluster.leader().is_some_and(|leader| leader != old));
        assert!(story.node(old).is_leader(), "it does not know");
        // The second client talks to the old leader and to nobody else.
        for node in story.others(&[old]) {
            let (from, to) =
                (lamplight::sim::Address::Client(ClientId(1)), lamplight::sim::Address::Node(node));
            story.act(Intervention::Cut { from, to, both_ways: true });
        }
        let command = Command::Get { key: "a".into() };
        story.act(Intervention::Command { client: ClientId(1), command });
        story.put_and_wait("new");
        let asked = |cluster: &Cluster<Raft>| cluster.node(old).is_some_and(|node| node.waiting_reads() > 0);
        story.run_until("the old leader is asked", asked);
        story.run_for(3_000 * MS);
        assert!(story.node(old).is_leader());
        assert_eq!(story.value(old).as_deref(), Some("old"));
        assert_eq!(story.cluster.clients()[1].done, 0, "and would have answered with the old value");
    }
}

#[test]
fn thesis_9_6_a_node_that_returns_deposes_the_leader_only_without_pre_vote() {
    for (pre_vote, expected) in [(true, true), (false, false)] {
        for seed in SEEDS {
            let options = Options { pre_vote, check_quorum: false, ..Options::default() };
            let mut story = Story::with(seed, ClusterSetup { options, ..ClusterSetup::default() });
            let leader = story.leader();
            let term = story.node(leader).term();
            let wanderer = story.others(&[leader])[0];
            story.partition(&[wanderer]);
            story.run_for(3_000 * MS);
            assert_eq!(story.node(wanderer).term() == term, pre_vote);
            story.act(Intervention::Heal);
            story.run_for(1_000 * MS);
            let undisturbed = story.cluster.leader().is_some_and(|now| story.node(now).term() == term);
            assert_eq!(undisturbed, expected, "seed {seed}");
        }
    }
}

#[test]
fn thesis_10_2_1_a_leader_with_a_slow_disk_commits_with_the_disks_of_others() {
    for_each_seed(5, |story| {
        let leader = story.leader();
        let options = DiskOptions { sync_us_min: 900 * MS, sync_us_max: 900 * MS };
        story.act(Intervention::Disk { node: Some(leader), options });
        let began_us = story.cluster.now_us();
        for value in ["1", "2", "3"] {
            story.put_and_wait(value);
        }
        assert!(story.cluster.now_us() - began_us < 800 * MS, "before its own disk had finished once");
        assert_eq!(story.node(leader).syncs_outstanding(), 3, "its writes are pipelined");
        assert!(story.node(leader).durable_index() < story.node(leader).commit_index());
    });
}

#[test]
fn section_7_a_follower_that_was_away_too_long_gets_a_snapshot_in_chunks_over_a_lossy_network() {
    for seed in SEEDS {
        let options = Options {
            snapshot_every_entries: 10,
            log_tail_entries: 2,
            snapshot_chunk_bytes_max: 16,
            ..Options::default()
        };
        let setup = ClusterSetup { nodes: 3, options, ..ClusterSetup::default() };
        let network = setup.network;
        let mut story = Story::with(seed, setup);
        let leader = story.leader();
        let away = story.others(&[leader])[0];
        story.crash(away);
        let long = "long ".repeat(50);
        for number in 0..30 {
            story.put_and_wait(&format!("{long}{number}"));
        }
        story.act(Intervention::Network { options: LinkOptions { loss_ppm: 200_000, ..network } });
        story.restart(away);
        story.run_until("a snapshot is under way", |cluster| {
            let leader = cluster.leader().and_then(|leader| cluster.node(leader));
            let progress = leader.and_then(|leader| leader.progress(away));
            progress.is_some_and(|progress| {
                matches!(&progress.state, ProgressState::Snapshot(outgoing) if outgoing.bytes_confirmed > 0)
            })
        });
        story.all_hold(&format!("{long}29"));
        assert!(story.node(away).snapshot().last_included_index >= 20);
        // What it has installed is on its disk.
        story.run_until("its disk has finished", |cluster| {
            cluster.node(away).is_some_and(|node| node.syncs_outstanding() == 0)
        });
        story.crash(away);
        story.restart(away);
        assert!(story.node(away).applied_index() >= 20, "it goes on from the snapshot");
        story.all_hold(&format!("{long}29"));
    }
}

#[test]
fn thesis_3_10_leadership_is_handed_over_within_a_few_messages() {
    for_each_seed(5, |story| {
        let old = story.leader();
        story.put_and_wait("before");
        let term = story.node(old).term();
        let new = story.others(&[old])[0];
        story
            .act(Intervention::Operation { node: old, operation: Operation::TransferLeadership { to: new } });
        story.run_for(100 * MS);
        assert_eq!(story.cluster.leader(), Some(new), "sooner than any election timeout");
        assert_eq!((story.node(new).term(), story.node(old).role()), (term + 1, Role::Follower));
        story.put_and_wait("after");
    });
}

#[test]
fn thesis_3_10_a_transfer_to_a_node_that_is_down_is_given_up() {
    for_each_seed(5, |story| {
        let leader = story.leader();
        let down = story.others(&[leader])[0];
        story.crash(down);
        let operation = Operation::TransferLeadership { to: down };
        story.act(Intervention::Operation { node: leader, operation });
        assert_eq!(story.node(leader).transferring_to(), Some(down));
        story.put_and_wait("late");
        assert_eq!(story.cluster.leader(), Some(leader));
        assert_eq!(story.node(leader).transferring_to(), None);
    });
}

#[test]
fn figure_2_a_torn_write_is_cut_off_and_the_node_goes_on() {
    for seed in 0..40 {
        let disk = DiskOptions { sync_us_min: 20 * MS, sync_us_max: 20 * MS };
        let mut story = Story::with(seed, ClusterSetup { nodes: 3, disk, ..ClusterSetup::default() });
        let leader = story.leader();
        story.put("x");
        story.run_until("a write is under way", |cluster| {
            cluster.node(leader).is_some_and(|node| node.syncs_outstanding() > 0)
        });
        story.act(Intervention::Crash { node: leader, unsynced: Unsynced::Torn, unsent: 0 });
        story.restart(leader);
        assert_eq!(story.node(leader).membership(), &Membership::Member, "seed {seed}");
        story.all_hold("x");
    }
}

#[test]
fn a_node_with_a_lost_or_damaged_disk_stays_out_until_it_is_readmitted() {
    for seed in SEEDS {
        for (lose, act) in [
            (true, (|node| Intervention::LoseDisk { node }) as fn(NodeId) -> Act),
            (false, |node| Intervention::CorruptTail { node }),
        ] {
            let mut story = Story::of(5, seed);
            let leader = story.leader();
            story.put_and_wait("known");
            let victim = story.others(&[leader])[0];
            story.act(act(victim));
            story.restart(victim);
            assert!(story.node(victim).is_out(), "lost: {lose}");
            story.run_for(500 * MS);
            // It is out after another restart, too, and takes part in nothing.
            story.crash(victim);
            story.restart(victim);
            story.run_for(2_000 * MS);
            assert!(story.node(victim).is_out());
            assert_eq!((story.node(victim).role(), story.node(victim).voted_for()), (Role::Follower, None));
            let leader = story.leader();
            assert!(story.node(leader).progress(victim).is_some_and(|progress| !progress.counts));

            story.act(Intervention::Operation { node: victim, operation: Operation::Readmit });
            story.run_until("it is back", |cluster| cluster.node(victim).is_some_and(|node| !node.is_out()));
            assert_eq!(story.value(victim).as_deref(), Some("known"));
            assert_eq!(story.node(victim).voted_for(), Some(leader), "its vote of the term is given");
            story.crash(victim);
            story.restart(victim);
            assert!(!story.node(victim).is_out(), "and stays a member");
            // It counts again: with two others down, the cluster needs it.
            for node in story.others(&[leader, victim]).into_iter().take(2) {
                story.crash(node);
            }
            story.put_and_wait("together");
        }
    }
}

#[test]
fn a_node_that_is_out_counts_for_nothing() {
    for_each_seed(3, |story| {
        let leader = story.leader();
        story.put_and_wait("known");
        let (out, down) = (story.others(&[leader])[0], story.others(&[leader])[1]);
        story.act(Intervention::LoseDisk { node: out });
        story.restart(out);
        story.act(Intervention::Operation { node: out, operation: Operation::Readmit });
        story.crash(down);
        story.put("hopeless");
        story.run_for(3_000 * MS);
        assert_eq!(story.done(), 1, "one good disk of three is no majority");
        assert!(story.node(out).is_out());
        story.restart(down);
        story.run_until("all is well", |cluster| {
            cluster.clients()[0].done == 2 && cluster.nodes().iter().flatten().all(|node| !node.is_out())
        });
    });
}

#[test]
fn a_deposed_leader_cannot_readmit_anyone() {
    for seed in SEEDS {
        let options = Options { check_quorum: false, ..Options::default() };
        let mut story = Story::with(seed, ClusterSetup { options, ..ClusterSetup::default() });
        let old = story.leader();
        story.put_and_wait("old");
        story.partition(&[old]);
        story.run_until("another leads", |cluster| cluster.leader().is_some_and(|leader| leader != old));
        let new = story.leader();
        story.put_and_wait("new");
        // A node that helped to commit the new value loses its disk and ends up with the old leader. Were it to
        // count again there, the two and one more that missed the new value could elect somebody without it.
        let victim = story.others(&[old, new])[0];
        story.act(Intervention::LoseDisk { node: victim });
        story.restart(victim);
        story.act(Intervention::Operation { node: victim, operation: Operation::Readmit });
        story.act(Intervention::Heal);
        story.partition(&[old, victim]);
        story.run_for(3_000 * MS);
        assert_eq!(story.node(victim).leader(), Some(old));
        assert!(story.node(old).is_leader() && story.node(victim).is_out());
        story.act(Intervention::Heal);
        story.run_until("it is back", |cluster| cluster.node(victim).is_some_and(|node| !node.is_out()));
        assert_eq!(story.value(victim).as_deref(), Some("new"));
    }
}

#[test]
fn in_a_cluster_of_two_a_node_with_a_lost_disk_cannot_come_back() {
    for_each_seed(2, |story| {
        let leader = story.leader();
        let other = story.others(&[leader])[0];
        story.act(Intervention::LoseDisk { node: other });
        story.restart(other);
        story.act(Intervention::Operation { node: other, operation: Operation::Readmit });
        story.run_for(2_000 * MS);
        assert!(story.node(other).is_out());
    });
}

#[test]
fn figure_7_whoever_wins_brings_all_logs_into_line() {
    for seed in SEEDS {
        let options = Options {
            initial_logs: vec![
                vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
                vec![1, 1, 1, 4, 4, 5, 5, 6, 6],
                vec![1, 1, 1, 4],
                vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
                vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
                vec![1, 1, 1, 4, 4, 4, 4],
                vec![1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
            ],
            ..Options::default()
        };
        let mut story = Story::with(seed, ClusterSetup { nodes: 7, options, ..ClusterSetup::default() });
        story.put_and_wait("agreed");
        story.all_hold("agreed");
        let leader = story.leader();
        let log = story.node(leader).log().clone();
        assert!(story.cluster.nodes().iter().flatten().all(|node| *node.log() == log));
        assert!(story.node(leader).term() >= 8);
        assert!(log.term(9) == Some(6), "the winner had all that may have been committed");
    }
}
