//! Faults of Raft that were found by reading or in the field, each as the scenario that showed it.
//!
//! Scenarios whose interventions name single messages mean other messages since the protocol was mended, so the tests
//! of those play the same story and look for the message that matters.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use lamplight::check::range::check;
use lamplight::check::run::{Plan, Subject};
use lamplight::protocol::key_value::Command;
use lamplight::protocol::raft::{
    BreakRules, DiskLoss, Membership, Message, Operation, Options, Raft, Reason, Violation,
};
use lamplight::protocol::{ClientId, NodeId};
use lamplight::scenario::{Scenario, json};
use lamplight::sim::step::{Body, Envelope, Event};
use lamplight::sim::{
    Address, Cluster, ClusterSetup, Doer, EventId, Intervention, Scratch, Step, Unsynced, Watcher,
};

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("tests/field/raft/{name}.json")).unwrap()
}

fn scenario(name: &str) -> Scenario<Raft> {
    json::read(&file(name)).unwrap()
}

fn setup_of(name: &str) -> ClusterSetup<Raft> {
    (*scenario(name).setup).clone()
}

/// What is written down of a run.
#[derive(Default)]
struct Log {
    violations: Vec<Violation>,
    reasons: Vec<Reason>,
}

impl Watcher<Raft> for Log {
    fn wants_details(&self) -> bool {
        true
    }

    fn step(&mut self, _: &Cluster<Raft>, step: &Step<'_, Raft>) {
        self.violations.extend(step.violation.copied());
        self.reasons.extend(step.effects.iter().map(|effect| effect.why));
    }
}

type Act = Intervention<Command, Operation>;

struct Story {
    cluster: Cluster<Raft>,
    scratch: Scratch<Raft>,
    log: Log,
}

impl Story {
    fn of(setup: ClusterSetup<Raft>, seed: u64) -> Story {
        setup.validate().unwrap();
        Story {
            cluster: Cluster::new(Arc::new(setup), seed),
            scratch: Scratch::default(),
            log: Log::default(),
        }
    }

    fn step(&mut self) {
        self.cluster.step(&mut self.scratch, &mut self.log).unwrap();
    }

    fn act(&mut self, act: Act) {
        self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.log).unwrap();
    }

    fn go_on_for(&mut self, us: u64) {
        let until_us = self.cluster.now_us() + us;
        while self.cluster.now_us() < until_us {
            self.step();
        }
    }

    fn until(&mut self, what: &str, mut is_so: impl FnMut(&Cluster<Raft>) -> bool) {
        for _ in 0..200_000 {
            if is_so(&self.cluster) {
                return;
            }
            self.step();
        }
        panic!("never: {what}");
    }

    fn until_led_by(&mut self, leader: Option<NodeId>) -> NodeId {
        self.until("a leader", |cluster| {
            cluster.leader().is_some() && leader.is_none_or(|wanted| cluster.leader() == Some(wanted))
        });
        self.cluster.leader().unwrap()
    }

    /// A message on its way, the latest of those that fit.
    fn pending(&self, fits: impl Fn(&Envelope<Raft>, &Message) -> bool) -> Option<EventId> {
        let entries = self.cluster.queue().in_order();
        let found = entries.into_iter().rev().find(|entry| match &entry.event {
            Event::Message(envelope @ Envelope { body: Body::Peer(message), .. }) => fits(envelope, message),
            _ => false,
        });
        found.map(|entry| entry.id)
    }

    fn done(&self, client: u16) -> u64 {
        self.cluster.clients()[usize::from(client)].done
    }

    fn node(&self, node: NodeId) -> &Raft {
        self.cluster.node(node).unwrap()
    }

    fn command(&mut self, client: u16, command: Command) {
        self.act(Intervention::Command { client: ClientId(client), command });
    }
}

fn put(value: &str) -> Command {
    Command::Put { key: "a".into(), value: value.into() }
}

/// A heartbeat of term 1 is held on its way; the leadership goes away and comes back; then it is released. Its refusal
/// must not count for a round of the new term, or the leader, cut off, answers a read with the old value.
fn stale_read(break_rules: BreakRules) -> Vec<Violation> {
    let mut setup = setup_of("stale-read");
    (setup.options.check_quorum, setup.options.break_rules) = (false, break_rules);
    let mut story = Story::of(setup, 1);
    let leader = story.until_led_by(None);
    story.command(0, put("old"));
    story.go_on_for(3_000_000);
    assert_eq!(story.done(0), 1);
    let other = NodeId((leader.0 + 1) % 3);
    let held = (0..10_000).find_map(|_| {
        story.step();
        story.pending(|envelope, message| {
            envelope.to == Address::Node(other) && matches!(message, Message::AppendEntries(_))
        })
    });
    let held = held.unwrap();
    story.act(Intervention::Hold { event: held });
    for (from, to) in [(leader, other), (other, leader)] {
        story.act(Intervention::Operation { node: from, operation: Operation::TransferLeadership { to } });
        story.until_led_by(Some(to));
        story.go_on_for(100_000);
    }
    story.act(Intervention::Release { event: held });
    story.go_on_for(30_000);
    story.act(Intervention::Partition { groups: vec![vec![leader]] });
    story.command(1, put("new"));
    story.until("the other side has served", |cluster| cluster.clients()[1].done == 1);
    story.command(0, Command::Get { key: "a".into() });
    story.go_on_for(200_000);
    story.log.violations
}

#[test]
fn a_refusal_of_an_old_heartbeat_confirms_no_read() {
    assert_eq!(stale_read(BreakRules::default()), []);
    let broken = stale_read(BreakRules { count_old_rounds: true, ..BreakRules::default() });
    assert!(matches!(broken.as_slice(), [Violation::StaleRead { .. }, ..]), "{broken:?}");
}

#[test]
fn a_readmitted_node_sets_off_no_storm() {
    let mut scenario = scenario("readmission-storm");
    // The last of its acts is a crash of a third node, after which the other two must go on.
    let crash = scenario.interventions.pop_last().unwrap();
    scenario.cursor = crash.0.min(4_000);
    let recording = scenario.record().unwrap();
    let mut story = Story::of((*scenario.setup).clone(), 1);
    story.cluster = recording.head().clone();
    story.until("the node is back", |cluster| {
        let is_out = |node: &Raft| node.is_out();
        !cluster.nodes().iter().flatten().any(is_out) || cluster.now_us() > 20_000_000
    });
    story.go_on_for(1_000_000);
    let before = story.cluster.steps();
    story.go_on_for(1_000_000);
    let steps = story.cluster.steps() - before;
    assert!(steps < 20_000, "{steps} steps in a second");
    let out: Vec<NodeId> =
        story.cluster.nodes().iter().flatten().filter(|node| node.is_out()).map(Raft::id).collect();
    if out.is_empty() {
        story.act(Intervention::Crash { node: NodeId(1), unsynced: Unsynced::Lost, unsent: 0 });
        story.go_on_for(2_000_000);
        let done: u64 = story.cluster.clients().iter().map(|client| client.done).sum();
        story.go_on_for(2_000_000);
        let later: u64 = story.cluster.clients().iter().map(|client| client.done).sum();
        assert!(later > done + 20, "with the third node down commits go on: {done}, {later}");
    }
    assert_eq!(story.log.violations, []);
}

#[test]
fn a_snapshot_goes_on_when_its_receiver_was_restarted_and_got_an_old_chunk() {
    let mut setup = setup_of("snapshot-livelock");
    setup.clients = 4;
    let mut story = Story::of(setup, 1);
    story.until_led_by(None);
    let behind = NodeId((story.cluster.leader().unwrap().0 + 1) % 3);
    story.act(Intervention::Crash { node: behind, unsynced: Unsynced::Lost, unsent: 0 });
    story.go_on_for(3_000_000);
    story.act(Intervention::Restart { node: behind });
    let is_first_chunk = |envelope: &Envelope<Raft>, message: &Message| {
        envelope.to == Address::Node(behind)
            && matches!(message, Message::InstallSnapshot(install) if install.offset_bytes == 0)
    };
    let first = (0..10_000).find_map(|_| {
        story.step();
        story.pending(is_first_chunk)
    });
    story.act(Intervention::Duplicate { event: first.unwrap(), after_us: 60_000 });
    story.until("a part of the snapshot has arrived", |cluster| {
        cluster.node(behind).and_then(Raft::incoming_snapshot).is_some_and(|(_, received, _)| received >= 64)
    });
    story.act(Intervention::Crash { node: behind, unsynced: Unsynced::Lost, unsent: 0 });
    story.act(Intervention::Restart { node: behind });
    story.go_on_for(2_000_000);
    let leader = story.until_led_by(None);
    let (known, commit) = (story.node(behind).commit_index(), story.node(leader).commit_index());
    assert!(known > 0 && known + 40 > commit, "{known} of {commit} after two seconds");
    assert_eq!(story.log.violations, []);
}

#[test]
fn election_timeouts_that_are_equal_are_refused_with_the_reason() {
    let error = json::read::<Raft>(&file("equal-timeouts")).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("election_timeout_us_max") && error.contains("split the vote"), "{error}");
}

#[test]
fn a_flipped_bit_leaves_the_damaged_file_where_it_is() {
    let mut story = Story::of(setup_of("one-bit-erases-the-disk"), 1);
    story.until("the file is damaged", |cluster| cluster.now_us() >= 2_050_000);
    let before = story.cluster.host(NodeId(0)).unwrap().disk.bytes();
    story.until("the end", |cluster| cluster.now_us() >= 3_500_000);
    let after = story.cluster.host(NodeId(0)).unwrap().disk.bytes();
    assert!(after.len() > 40 && before == after, "what can be read of it is all that is left");
    let Membership::Out(out) = story.node(NodeId(0)).membership() else { panic!("it takes part") };
    assert_eq!(out.loss, DiskLoss::Damaged);
    let needs = |reason: &Reason| matches!(reason, Reason::DamagedFileKept { .. });
    let cannot = |reason: &Reason| matches!(reason, Reason::ReadmissionImpossible { nodes: 1 });
    assert!(story.log.reasons.iter().any(needs) && story.log.reasons.iter().any(cannot));
}

/// With others to help it the node comes back, and only then is the file replaced.
#[test]
fn a_node_with_a_damaged_file_is_readmitted() {
    let mut setup = setup_of("one-bit-erases-the-disk");
    setup.nodes = 3;
    let mut story = Story::of(setup, 1);
    story.until("the end", |cluster| cluster.now_us() >= 4_000_000);
    assert!(!story.node(NodeId(0)).is_out());
    assert_eq!(story.done(0), 2, "the value was read");
    assert_eq!(story.log.violations, []);
}

/// Sixteen clients on one key, with so little time between their commands that a naive search never ends.
#[test]
fn histories_with_many_unanswered_commands_are_decided() {
    let setup = setup_of("undecided-histories");
    let plan = Plan { steps: 20_000, ..Plan::of::<Raft>() };
    let report = check(&Subject::Setup(Box::new(setup)), 0..6, plan, 1);
    assert_eq!(
        (report.failures.len(), report.undecided()),
        (0, 0),
        "{:?}",
        report.failures.first().map(|(_, failure)| &failure.finding)
    );
}

/// A process that is killed leaves in the page cache what it had not synced; the next one must not acknowledge that as
/// durable, because a power loss takes it.
#[test]
fn what_an_earlier_life_left_in_the_page_cache_is_not_durable() {
    let options = Options { check_quorum: false, ..Options::default() };
    let mut story = Story::of(ClusterSetup { nodes: 3, clients: 1, options, ..ClusterSetup::default() }, 5);
    let leader = story.until_led_by(None);
    story.go_on_for(500_000);
    let follower = NodeId((leader.0 + 1) % 3);
    let slow = lamplight::sim::DiskOptions { sync_us_min: 400_000, sync_us_max: 400_000 };
    story.act(Intervention::Disk { node: Some(follower), options: slow });
    story.command(0, put("x"));
    story.until("it is written", |cluster| {
        cluster.node(follower).is_some_and(|node| node.log().last_index() > node.durable_index())
    });
    let index = story.node(follower).log().last_index();
    story.act(Intervention::Crash { node: follower, unsynced: Unsynced::Kept, unsent: 0 });
    story.act(Intervention::Restart { node: follower });
    assert_eq!(story.node(follower).log().last_index(), index, "it is there");
    story.go_on_for(200_000);
    assert_eq!(story.node(follower).durable_index(), 0, "and nobody knows whether it stays");
    story.go_on_for(700_000);
    assert!(story.node(follower).durable_index() >= index);
    assert_eq!(story.log.violations, []);
}

/// A leader that hands its leadership over refuses a copy of a read that goes on waiting. The read was asked before
/// what others have been told since, so its answer is not stale. (The monitor said so for two seeds.)
#[test]
fn a_read_whose_copy_was_refused_is_as_old_as_its_first_request() {
    for (nodes, seed) in [(3, 95_305_524), (5, 95_501_986)] {
        let subject: Subject<Raft> = Subject::Protocol { nodes, adjust: |_| {}, broken: None };
        let report = check(&subject, seed..seed + 1, Plan::of::<Raft>(), 1);
        assert!(report.failures.is_empty(), "{:?}", report.failures[0].1.finding);
    }
}

/// A bit of a synced record flips in front of the zeros of a write that was torn. What is lost may have been acknowledged,
/// so the node must not count as a member, and the write that a client was told of is not overwritten.
#[test]
fn damage_in_front_of_a_torn_tail_is_no_torn_tail() {
    let scenario = scenario("damage-before-zeros");
    let mut story = Story::of((*scenario.setup).clone(), scenario.seed);
    story.go_on_for(7_000_000);
    let is_out = |node: &Raft| matches!(node.membership(), Membership::Out(_));
    assert!(story.cluster.nodes().iter().flatten().any(is_out));
    assert!(story.log.violations.is_empty(), "{:?}", story.log.violations);
}
