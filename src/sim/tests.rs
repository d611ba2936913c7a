//! The cluster under a protocol of a few lines: each node counts, and tells the others what it has counted
//! once that is on its disk.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::step::{Envelope, Event};
use super::*;
use crate::protocol::wal::{Recovered, Tail};
use crate::protocol::{
    Disposition, Effects, Input, Invalid, Lane, Monitor, Observation, Participant, Setup, Standing,
    Surroundings, SyncId,
};

const BEAT_US: u64 = 10_000;

#[derive(Clone, PartialEq, Debug)]
struct Counter {
    counted: u64,
    heard: u64,
    out: bool,
}

#[derive(Clone, PartialEq, Debug)]
struct NeverBackwards(Vec<u64>);

impl Monitor<Counter> for NeverBackwards {
    type Violation = (u64, u64);

    fn new(nodes: u16, _: &()) -> Self {
        NeverBackwards(vec![0; usize::from(nodes)])
    }

    fn observe(&mut self, step: &Observation<'_, Counter>) -> Option<(u64, u64)> {
        let node = step.subject()?;
        let known = self.0.get_mut(step.node.index())?;
        let before = std::mem::replace(known, node.counted);
        (node.counted < before).then_some((before, node.counted))
    }
}

impl Participant for Counter {
    type Options = ();
    type Message = u64;
    type Timer = u8;
    type Record = u64;
    type Command = u64;
    type Answer = u64;
    type Operation = u8;
    type Reason = &'static str;
    type Monitor = NeverBackwards;

    const NAME: &'static str = "counter";
    const MESSAGE_KINDS: &'static [&'static str] = &["Counted"];
    const TIMERS: &'static [&'static str] = &["beat"];

    fn validate((): &(), _: u16) -> Result<(), Vec<Invalid>> {
        Ok(())
    }

    fn format(_: Setup<'_, ()>) -> Vec<u64> {
        vec![0]
    }

    fn start(
        _: Setup<'_, ()>,
        disk: Recovered<u64>,
        _: &mut Surroundings<'_>,
        out: &mut Effects<Self>,
    ) -> Self {
        out.set_timer(0, BEAT_US, "start");
        let damaged = disk.is_empty() || matches!(disk.tail, Tail::Damaged { .. });
        Counter { counted: disk.records.last().copied().unwrap_or(0), heard: 0, out: damaged }
    }

    fn handle(
        &mut self,
        setup: Setup<'_, ()>,
        input: Input<Self>,
        by: &mut Surroundings<'_>,
        out: &mut Effects<Self>,
    ) {
        match input {
            Input::Timer(_) => {
                self.counted += 1;
                out.append(self.counted, "count");
                out.sync(SyncId(self.counted), "count");
                out.set_timer(0, BEAT_US + by.random_between(0, 100), "again");
            }
            Input::Synced(SyncId(count)) => {
                for node in (0..setup.nodes).map(NodeId).filter(|node| *node != setup.id) {
                    out.send(node, count, "it is durable");
                }
            }
            Input::Message { message, .. } => self.heard = self.heard.max(message),
            Input::Request { client, request, command } => out.reply(client, request, command, "echo"),
            Input::Operation(_) => {}
        }
    }

    fn message_kind(_: &u64) -> u8 {
        0
    }

    fn timer_index(_: u8) -> u8 {
        0
    }

    fn disposition(_: &u64) -> Disposition {
        Disposition::Done
    }

    fn is_milestone(_: &&'static str) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane { standing: if self.out { Standing::Out } else { Standing::Member }, era: self.counted / 10 }
    }

    fn random_command(_: ClientId, _: u16, keys: u16, random: &mut dyn rand::Rng) -> u64 {
        u64::from(random.next_u32() % u32::from(keys))
    }
}

fn setup() -> ClusterSetup<Counter> {
    ClusterSetup { nodes: 3, workload: Some(Workload::default()), ..ClusterSetup::default() }
}

fn recording(setup: ClusterSetup<Counter>, seed: u64, steps: u32) -> Recording<Counter> {
    setup.validate().unwrap();
    let mut recording = Recording::new(Arc::new(setup), seed);
    recording.record_until(u64::MAX, steps).unwrap();
    recording
}

fn digest(recording: &Recording<Counter>) -> u64 {
    let mut digest = Digest::default();
    recording.run_on(&mut recording.at(0), recording.steps(), &mut digest);
    digest.finish()
}

fn node(number: u16) -> NodeId {
    NodeId(number)
}

fn first_message(cluster: &Cluster<Counter>) -> EventId {
    let entries = cluster.queue().in_order();
    entries.iter().find(|entry| matches!(entry.event, Event::Message(_))).unwrap().id
}

fn with_messages() -> Recording<Counter> {
    let mut recording = recording(ClusterSetup { nodes: 3, clients: 0, ..ClusterSetup::default() }, 1, 3);
    while !recording.head().queue().iter().any(|entry| matches!(entry.event, Event::Message(_))) {
        recording.record().unwrap();
    }
    recording
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let run =
        |seed| digest(&recording(ClusterSetup { chaos: Some(Chaos::default()), ..setup() }, seed, 5_000));
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn what_was_cancelled_or_answered_does_not_wait_in_the_queue_until_it_is_due() {
    // Each request that is answered leaves its timeout behind, which would be due much later than the next ones.
    let patient = ClientOptions { timeout_us: 60_000_000, ..ClientOptions::default() };
    let recording = recording(ClusterSetup { client: patient, ..setup() }, 1, 20_000);
    let cluster = recording.head();
    let lapsed = cluster.queue().iter().filter(|entry| match entry.event {
        Event::Wake { client, .. } => !cluster.clients()[client.index()].wakes_by(entry.id),
        Event::Timer { node, timer } => cluster.running_timer(node, timer, entry.id).is_none(),
        _ => false,
    });
    let (lapsed, answered) =
        (lapsed.count(), cluster.clients().iter().map(|client| client.done).sum::<u64>());
    assert!(answered > 250, "{answered} requests were answered");
    assert!(lapsed < 10, "{lapsed} waits that ended are pending");
}

#[test]
fn a_timer_that_was_set_anew_is_not_chosen_through_its_old_event() {
    let mut recording = recording(setup(), 1, 10);
    let timers = recording.head().queue().in_order().into_iter();
    let (node, timer, old) = timers
        .filter_map(|entry| match entry.event {
            Event::Timer { node, timer } => Some((node, timer, entry.id)),
            _ => None,
        })
        .next()
        .unwrap();
    // By a fast clock it expires earlier, so it enters the queue a second time.
    recording.intervene(Intervention::Clock { node, skew_us: 0, drift_ppm: 100_000 }).unwrap();
    let new = recording.head().host(node).unwrap().timer(timer).unwrap().event;
    assert_ne!(old, new);
    let refused = recording.intervene(Intervention::Choose { event: old });
    assert_eq!(refused, Err(Problem::NoSuchEvent { event: old }));
    recording.intervene(Intervention::Choose { event: new }).unwrap();
}

#[test]
fn every_step_is_reached_with_the_state_that_it_had_when_it_was_recorded() {
    let recording = recording(ClusterSetup { chaos: Some(Chaos::default()), ..setup() }, 3, 3_000);
    let mut forwards = recording.at(0);
    for step in (0..3_000).step_by(97) {
        recording.run_on(&mut forwards, step, &mut ());
        let reached = recording.at(step);
        assert_eq!(reached.nodes(), forwards.nodes(), "step {step}");
        assert_eq!(reached.queue().in_order(), forwards.queue().in_order(), "step {step}");
        assert_eq!(reached.now_us(), recording.time_at(step));
    }
}

#[test]
fn a_step_knows_the_one_that_caused_it() {
    let recording = recording(setup(), 1, 2_000);
    let received = recording.infos(0).find(|info| info.kind == 0).unwrap();
    let sent = recording.info(received.cause.unwrap()).unwrap();
    assert_eq!(sent.kind, cluster::kind_code::SYNCED, "a count is sent when it is durable");
    assert!(sent.time_us < received.time_us);
}

#[test]
fn acting_in_the_past_opens_a_branch_and_keeps_the_old_future() {
    let mut history: History<Counter> = History::new(Arc::new(setup()), 5);
    history.seek(2_500);
    let old = digest(history.recording().unwrap());
    history.seek(1_200);
    history.act(Intervention::Crash { node: node(0), unsynced: Unsynced::Lost, unsent: 0 }).unwrap();
    history.seek(2_500);
    assert_eq!((history.branches().len(), history.current(), history.common_steps(0, 1)), (2, 1, 1_200));
    assert!(history.cluster().node(node(0)).is_none());
    assert_eq!(digest(&history.branches()[0].recording), old, "the old future");
    assert!(history.switch(0) && history.cluster().node(node(0)).is_some());
}

#[test]
fn a_deleted_branch_gives_its_place_to_a_new_one_unless_another_has_left_it() {
    let mut history: History<Counter> = History::new(Arc::new(setup()), 5);
    history.seek(400);
    let branch = |history: &mut History<Counter>| {
        history.seek(200);
        history.act(Intervention::Pause { node: node(0) })
    };
    for _ in 1..limits::BRANCHES_MAX {
        assert!(history.switch(0) && branch(&mut history).is_ok());
    }
    assert!(history.switch(0));
    assert!(matches!(branch(&mut history), Err(Problem::Full { what, .. }) if what == "branches"));
    // The first branch is where all others left, so its place is not free even when nobody wants to see it.
    assert!(history.delete(0) && history.current() != 0);
    assert!(branch(&mut history).is_err());
    assert!(history.delete(7) && branch(&mut history).is_ok());
    assert_eq!((history.current(), history.branches().len()), (7, limits::BRANCHES_MAX as usize));
    assert!(history.restore(0) && history.switch(0));
}

#[test]
fn a_recording_knows_when_connections_were_cut() {
    let mut recording = recording(setup(), 1, 100);
    recording.intervene(Intervention::Partition { groups: vec![vec![node(0)]] }).unwrap();
    recording
        .intervene(Intervention::Cut {
            from: Address::Node(node(1)),
            to: Address::Node(node(2)),
            both_ways: true,
        })
        .unwrap();
    recording.record_until(u64::MAX, 100).unwrap();
    recording.intervene(Intervention::Heal).unwrap();
    let changes = |recording: &Recording<Counter>| {
        recording.network_changes().map(|change| (change.step, change.is_whole)).collect::<Vec<_>>()
    };
    assert_eq!(changes(&recording), [(100, false), (202, true)]);
    assert_eq!(changes(&recording.fork(150)), [(100, false)]);
}

#[test]
fn a_branch_that_does_the_same_as_its_parent_has_the_same_bytes() {
    let act = Intervention::Pause { node: node(1) };
    let mut one: Recording<Counter> = recording(setup(), 9, 1_500);
    one.intervene(act.clone()).unwrap();
    one.record_until(u64::MAX, 1_000).unwrap();
    let mut other = one.fork(1_500);
    other.intervene(act).unwrap();
    other.record_until(u64::MAX, 1_000).unwrap();
    assert_eq!(digest(&one), digest(&other));
}

#[test]
fn an_act_that_is_refused_changes_nothing() {
    let mut recording = recording(setup(), 1, 100);
    let before = digest(&recording);
    for act in [
        Intervention::Restart { node: node(0) },
        Intervention::Crash { node: node(9), unsynced: Unsynced::Lost, unsent: 0 },
        Intervention::Resume { node: node(0) },
        Intervention::Drop { event: EventId(u32::MAX) },
        Intervention::Clock { node: node(0), skew_us: i64::MAX, drift_ppm: 0 },
        Intervention::Command { client: ClientId(7), command: 1 },
        Intervention::Partition { groups: vec![vec![node(0), node(77)]] },
    ] {
        assert!(recording.intervene(act.clone()).is_err(), "{act:?}");
        assert_eq!((recording.steps(), digest(&recording)), (100, before), "{act:?}");
    }
}

#[test]
fn a_message_that_is_dropped_never_arrives_and_one_that_is_doubled_arrives_twice() {
    for (copies, arrivals) in [(None, 0), (Some(5_000), 2)] {
        let mut recording = with_messages();
        let event = first_message(recording.head());
        let Some(Event::Message(Envelope { to, cause, .. })) =
            recording.head().queue().get(event).map(|entry| entry.event.clone())
        else {
            panic!("not a message")
        };
        let from = recording.steps();
        recording
            .intervene(match copies {
                None => Intervention::Drop { event },
                Some(after_us) => Intervention::Duplicate { event, after_us },
            })
            .unwrap();
        recording.record_until(u64::MAX, 100).unwrap();
        let arrived = recording
            .infos(from)
            .filter(|info| info.kind == 0 && info.party == Some(to) && info.cause == Some(cause))
            .count();
        assert_eq!(arrived, arrivals);
        assert_eq!(recording.losses().count(), usize::from(copies.is_none()));
    }
}

#[test]
fn a_message_that_is_held_waits_until_it_is_released() {
    let mut recording = with_messages();
    let event = first_message(recording.head());
    recording.intervene(Intervention::Hold { event }).unwrap();
    recording.record_until(u64::MAX, 300).unwrap();
    assert!(recording.head().queue().get(event).unwrap().held);
    recording.intervene(Intervention::Release { event }).unwrap();
    recording.record().unwrap();
    assert!(recording.head().queue().get(event).is_none());
}

#[test]
fn a_message_that_is_chosen_comes_next_and_takes_no_time() {
    let mut recording = with_messages();
    let last = recording.head().queue().in_order().iter().rev().find_map(|entry| match entry.event {
        Event::Message(_) => Some(entry.id),
        _ => None,
    });
    let before_us = recording.head().now_us();
    recording.intervene(Intervention::Choose { event: last.unwrap() }).unwrap();
    let info = recording.info(recording.steps() - 1).unwrap();
    assert_eq!((info.kind, info.time_us), (0, before_us));
    assert!(info.flags.is_by_person());
}

#[test]
fn a_timer_that_is_chosen_moves_the_clock_to_when_it_expires() {
    let mut recording = recording(ClusterSetup { clients: 0, ..setup() }, 1, 3);
    let due_us = recording.head().host(node(2)).unwrap().timers[0].due_us;
    let event = recording.head().host(node(2)).unwrap().timers[0].event;
    recording.intervene(Intervention::Choose { event }).unwrap();
    assert_eq!(recording.head().now_us(), due_us);
    assert_eq!(recording.head().node(node(2)).unwrap().counted, 1);
}

#[test]
fn a_cut_connection_loses_even_what_is_already_on_its_way() {
    let mut recording = with_messages();
    let groups = vec![vec![node(0)], vec![node(1)], vec![node(2)]];
    recording.intervene(Intervention::Partition { groups }).unwrap();
    let from = recording.steps();
    recording.record_until(u64::MAX, 200).unwrap();
    assert_eq!(recording.infos(from).filter(|info| info.kind == 0).count(), 0);
    recording.intervene(Intervention::Heal).unwrap();
    let from = recording.steps();
    recording.record_until(u64::MAX, 200).unwrap();
    assert!(recording.infos(from).any(|info| info.kind == 0));
}

#[test]
fn what_was_not_synced_is_gone_after_a_crash_and_the_monitor_sees_a_count_that_goes_back() {
    let slow = DiskOptions { sync_us_min: 5_000_000, sync_us_max: 5_000_000 };
    let mut recording = recording(ClusterSetup { disk: slow, clients: 0, ..setup() }, 1, 30);
    assert!(recording.head().node(node(0)).unwrap().counted > 0);
    recording.intervene(Intervention::Crash { node: node(0), unsynced: Unsynced::Lost, unsent: 0 }).unwrap();
    assert_eq!(recording.violations().count(), 0);
    recording.intervene(Intervention::Restart { node: node(0) }).unwrap();
    assert_eq!(recording.head().node(node(0)).unwrap().counted, 0);
    assert_eq!(recording.violations().count(), 1);
}

#[test]
fn a_lost_or_damaged_disk_is_found_at_the_restart() {
    for act in [Intervention::LoseDisk { node: node(1) }, Intervention::CorruptTail { node: node(1) }] {
        let mut recording = recording(setup(), 1, 500);
        recording.intervene(act).unwrap();
        assert!(recording.head().node(node(1)).is_none(), "the process does not survive it");
        recording.intervene(Intervention::Restart { node: node(1) }).unwrap();
        assert!(recording.head().node(node(1)).unwrap().out);
    }
}

#[test]
fn a_paused_node_does_nothing_and_then_takes_in_all_that_waited() {
    let mut recording = recording(setup(), 1, 200);
    recording.intervene(Intervention::Pause { node: node(0) }).unwrap();
    let from = recording.steps();
    recording.record_until(u64::MAX, 300).unwrap();
    let is_its = |info: &recording::StepInfo| info.party == Some(Address::Node(node(0)));
    assert_eq!(recording.infos(from).filter(is_its).count(), 0);
    recording.intervene(Intervention::Resume { node: node(0) }).unwrap();
    let (from, now_us) = (recording.steps(), recording.head().now_us());
    recording.record_until(now_us, 1_000).unwrap();
    assert!(recording.infos(from).filter(is_its).count() > 10, "all at once");
}

#[test]
fn a_fast_clock_counts_faster() {
    let mut recording = recording(ClusterSetup { clients: 0, ..setup() }, 1, 3);
    recording.intervene(Intervention::Clock { node: node(0), skew_us: 0, drift_ppm: 500_000 }).unwrap();
    recording.record_until(3_000_000, u32::MAX).unwrap();
    let counted = |number| recording.head().node(node(number)).unwrap().counted;
    assert!(counted(0) * 10 > counted(1) * 14, "{} against {}", counted(0), counted(1));
}

#[test]
fn a_connection_that_keeps_its_order_never_lets_a_later_message_overtake() {
    let network = LinkOptions { jitter_us_mean: 50_000, reordering: false, ..LinkOptions::default() };
    let run = |network| {
        let recording = recording(ClusterSetup { network, clients: 0, nodes: 2, ..setup() }, 4, 2_000);
        let causes: Vec<u32> = recording
            .infos(0)
            .filter(|info| info.kind == 0 && info.party == Some(Address::Node(node(1))))
            .filter_map(|info| info.cause)
            .collect();
        causes.is_sorted()
    };
    assert!(run(network));
    assert!(!run(LinkOptions { reordering: true, ..network }));
}

#[test]
fn a_script_counts_nodes_from_the_leader_where_it_says_so() {
    let act = Intervention::Crash { node: node(1), unsynced: Unsynced::Lost, unsent: 0 };
    let script = vec![Scripted { at_us: 50_000, from_leader: true, act }];
    let recording = recording(ClusterSetup { script, ..setup() }, 1, 200);
    assert!(recording.head().node(node(1)).is_none(), "without a leader: from the first node");
}

#[test]
fn chaos_uses_every_kind_of_fault_and_repairs_put_the_cluster_right() {
    let chaos =
        Chaos { beat_us_mean: 5_000, lose_disk: 1, corrupt_tail: 1, disks_lost_max: 2, ..Chaos::default() };
    let mut recording = recording(ClusterSetup { chaos: Some(chaos), ..setup() }, 11, 20_000);
    for act in act::repairs(recording.head()) {
        let _ = recording.intervene(act);
    }
    assert!(recording.head().nodes().iter().all(Option::is_some));
    assert!(recording.head().network().is_whole() && recording.head().chaos().is_none());
}

#[test]
fn a_client_asks_somebody_else_when_no_answer_comes() {
    let mut recording = recording(setup(), 1, 10);
    let asked = recording.head().clients()[0].target;
    recording.intervene(Intervention::Crash { node: asked, unsynced: Unsynced::Lost, unsent: 0 }).unwrap();
    recording.record_until(3_000_000, u32::MAX).unwrap();
    let client = &recording.head().clients()[0];
    assert!(client.done > 10 && client.target != asked);
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct InJson(Vec<Scripted<Intervention<String, String>>>);

#[test]
fn interventions_are_written_as_readable_json() {
    let json = r#"[{"at_us":5,"from_leader":true,"act":{"crash":{"node":0,"unsynced":"lost"}}},
                   {"at_us":9,"act":"heal"}]"#;
    let read: InJson = serde_json::from_str(json).unwrap();
    assert_eq!(read.0[1].act, Intervention::Heal);
}
