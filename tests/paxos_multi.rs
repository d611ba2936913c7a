//! Multi-Paxos on the virtual cluster.

#![allow(clippy::panic, reason = "tests")]

mod paxos_run;

use std::sync::Arc;

use lamplight::check::{Judgement, key_value};
use lamplight::protocol::key_value::{Command, Outcome};
use lamplight::protocol::paxos::multi::{
    Answer, Message, MultiPaxos, Operation as Ask, Options, Reason, Role, Slot, Value,
};
use lamplight::protocol::paxos::{Invariant, NodeSet};
use lamplight::protocol::{Lane, NodeId, Participant, Standing};
use lamplight::sim::{Address, Chaos, ClientOptions, ClusterSetup, Intervention, LinkOptions, Workload};
use paxos_run::Run;

const SECOND_US: u64 = 1_000_000;

fn setup(nodes: u16, clients: u16) -> ClusterSetup<MultiPaxos> {
    ClusterSetup { nodes, clients, ..ClusterSetup::default() }
}

fn with_options(nodes: u16, clients: u16, options: Options) -> ClusterSetup<MultiPaxos> {
    ClusterSetup { options, ..setup(nodes, clients) }
}

fn put(key: &str, value: &str) -> Command {
    Command::Put { key: key.into(), value: value.into() }
}

fn get(key: &str) -> Command {
    Command::Get { key: key.into() }
}

fn read(value: Option<&str>) -> Answer {
    Answer::Done(Outcome::Value(value.map(Arc::from)))
}

fn applied() -> Answer {
    Answer::Done(Outcome::Applied)
}

fn leads(run: &Run<MultiPaxos>, node: u16) -> bool {
    run.cluster.node(NodeId(node)).is_some_and(|node| matches!(node.role(), Role::Leading(_)))
}

/// Lets a node become the leader.
fn elect(run: &mut Run<MultiPaxos>, node: u16) {
    run.act(Intervention::Operation { node: NodeId(node), operation: Ask::TryToLead });
    run.until("the node leads", SECOND_US, |run| leads(run, node));
}

/// A cluster that n1 leads.
fn led_by_n1(setup: ClusterSetup<MultiPaxos>) -> Run<MultiPaxos> {
    let mut run = Run::new(setup, 1);
    elect(&mut run, 0);
    run
}

fn chosen(run: &Run<MultiPaxos>, node: u16, slot: Slot) -> Option<&Value> {
    run.node(node).slots().chosen(slot)
}

fn is_accept(slot: Slot) -> impl Fn(&Message) -> bool {
    move |message| matches!(message, Message::Accept { slot: of, .. } if *of == slot)
}

fn messages(run: &Run<MultiPaxos>, test: impl Fn(&Message) -> bool) -> usize {
    run.seen.messages.iter().filter(|(_, message)| test(message)).count()
}

#[track_caller]
fn assert_linearizable(run: &Run<MultiPaxos>, what: &str) {
    let judgement = key_value::judge(run.seen.log.operations(), |answer| match answer {
        Answer::Done(outcome) => Some(outcome.clone()),
        other => panic!("{other:?} is no final answer"),
    });
    assert_eq!(judgement, Judgement::Kept, "{what}");
}

/// Whether all nodes that are up have the same state machine.
fn agree(run: &Run<MultiPaxos>) -> bool {
    let mut up = run.cluster.nodes().iter().flatten();
    let first = up.next();
    up.all(|node| {
        first.is_some_and(|first| (first.applied(), first.store()) == (node.applied(), node.store()))
    })
}

#[test]
fn a_calm_cluster_elects_one_leader_that_serves_its_clients() {
    for nodes in [1, 2, 3, 5, 9] {
        let workload = Workload { commands_per_client: 50, ..Workload::default() };
        let mut run = Run::new(ClusterSetup { workload: Some(workload), ..setup(nodes, 3) }, 1);
        let elections = |run: &Run<MultiPaxos>| {
            run.seen.reasons.iter().filter(|(_, why)| matches!(why, Reason::Leads { .. })).count()
        };
        run.for_us(SECOND_US);
        let at_first = elections(&run);
        run.until("all commands are done", 20 * SECOND_US, |run| run.seen.answers.len() == 150);
        run.until("all nodes agree", SECOND_US, agree);
        assert!(run.seen.violations.is_empty());
        assert_linearizable(&run, "calm");
        assert!(at_first >= 1 && elections(&run) == at_first, "a leader that is heard stays the leader");
    }
}

/// "Paxos Made Simple" §3: phase 1 is done once, for all slots.
#[test]
fn a_leader_runs_phase_1_once_and_phase_2_for_each_command() {
    let mut run = led_by_n1(setup(3, 1));
    for number in 0..10 {
        run.ask(0, put("a", &number.to_string()));
    }
    run.until("all are done", 5 * SECOND_US, |run| run.seen.answers.len() == 10);
    assert_eq!(messages(&run, |message| matches!(message, Message::Prepare { .. })), 2);
    assert_eq!(messages(&run, |message| matches!(message, Message::Accept { .. })), 2 * 10);
}

/// "Paxos Made Simple" §2.5.
#[test]
fn an_acceptance_is_on_disk_before_the_leader_hears_of_it() {
    let mut run = led_by_n1(setup(3, 1));
    run.ask(0, put("a", "1"));
    run.until("n2 has accepted in memory", SECOND_US, |run| run.node(1).slots().accepted(1).is_some());
    assert_eq!(run.node(1).waiting_for_disk().len(), 1);
    assert_eq!(messages(&run, |message| matches!(message, Message::Accepted { .. })), 0);
    run.crash(1);
    run.restart(1);
    assert_eq!(run.node(1).slots().accepted(1), None, "the write was lost, and nobody relies on it");
    run.until("it is chosen all the same", SECOND_US, |run| run.seen.answers.len() == 1);
}

#[test]
fn slots_are_chosen_out_of_order_and_applied_in_order() {
    let mut run = led_by_n1(setup(3, 3));
    run.ask(0, put("a", "1"));
    run.until("slot 1 is proposed", SECOND_US, |run| messages(run, is_accept(1)) == 2);
    run.lose(1, is_accept(1));
    run.lose(2, is_accept(1));
    run.ask(1, put("b", "2"));
    run.until("slot 2 is chosen", SECOND_US, |run| chosen(run, 0, 2).is_some());
    assert_eq!((chosen(&run, 0, 1), run.node(0).applied()), (None, 0), "slot 1 is not");
    assert!(run.seen.answers.is_empty(), "so nobody was answered");
    // The leader asks again when a heartbeat has passed.
    run.until("both are answered", SECOND_US, |run| run.seen.answers.len() == 2);
    assert!(run.gave_reason(|why| matches!(why, Reason::AskedAgain { .. })));
    run.until("all nodes agree", SECOND_US, agree);
}

/// "Paxos Made Simple" §3, the example with the missing commands 136 and 137.
#[test]
fn a_new_leader_finishes_what_the_old_one_began_and_fills_the_gap_with_a_no_op() {
    let mut run = led_by_n1(setup(3, 3));
    run.ask(0, put("a", "1"));
    run.until("slot 1 is proposed", SECOND_US, |run| messages(run, is_accept(1)) == 2);
    run.lose(1, is_accept(1));
    run.lose(2, is_accept(1));
    run.ask(1, put("b", "2"));
    run.until("slot 2 is accepted by n2", SECOND_US, |run| run.node(1).slots().accepted(2).is_some());
    run.until("and on its disk", SECOND_US, |run| run.node(1).waiting_for_disk().len() == 0);
    run.crash(0);
    run.act(Intervention::LoseDisk { node: NodeId(0) });
    elect(&mut run, 1);
    run.until("both slots are chosen", 5 * SECOND_US, |run| run.node(2).applied() >= 2);
    assert_eq!(chosen(&run, 2, 1), Some(&Value::NoOp));
    assert!(matches!(chosen(&run, 2, 2), Some(Value::Command(command)) if command.command == put("b", "2")));
    assert!(run.gave_reason(|why| matches!(why, Reason::GapFilled { slot: 1, .. })));
    assert!(run.gave_reason(|why| matches!(why, Reason::TakenOver { slot: 2, .. })));
    run.until("the clients are served", 5 * SECOND_US, |run| run.seen.answers.len() == 2);
    assert!(run.seen.violations.is_empty());
}

#[test]
fn what_was_answered_survives_the_leader() {
    for seed in 0..20 {
        let mut run = Run::new(setup(5, 2), seed);
        run.ask(0, put("a", "1"));
        run.until("it is done", 5 * SECOND_US, |run| run.seen.answers.len() == 1);
        let old = run.cluster.leader().unwrap();
        run.crash(old.0);
        run.ask(1, get("a"));
        run.until("the read is done", 10 * SECOND_US, |run| run.seen.answers.len() == 2);
        assert_eq!(run.answers_to(1), [&read(Some("1"))]);
        assert_ne!(run.cluster.leader(), Some(old));
        run.restart(old.0);
        run.until("the old leader has caught up", 5 * SECOND_US, agree);
    }
}

/// A client that hears nothing asks again under the same number; the session knows that it was done.
#[test]
fn a_command_that_is_retried_at_a_new_leader_is_applied_once() {
    let mut run = led_by_n1(setup(3, 2));
    let swap = |expected: Option<&str>, value: &str| Command::CompareAndSet {
        key: "a".into(),
        expected: expected.map(Arc::from),
        value: value.into(),
    };
    run.act(Intervention::Cut {
        from: Address::Node(NodeId(0)),
        to: Address::Client(lamplight::protocol::ClientId(0)),
        both_ways: false,
    });
    run.ask(0, swap(None, "1"));
    run.until("it is applied everywhere", SECOND_US, |run| (0..3).all(|node| run.node(node).applied() == 1));
    run.ask(1, put("a", "2"));
    run.until("another one writes", SECOND_US, |run| run.answers_to(1) == [&applied()]);
    run.crash(0);
    run.until("the first client has its answer", 10 * SECOND_US, |run| run.answers_to(0).len() == 1);
    assert_eq!(run.answers_to(0), [&Answer::Done(Outcome::Swapped(true))], "the old answer");
    assert_eq!(run.node(1).store().get("a").as_deref(), Some("2"), "and no second effect");
}

/// A leader that is cut off must not answer a read, however sure it is: another may lead by now.
#[test]
fn a_leader_without_a_quorum_answers_neither_reads_nor_writes() {
    let client = ClientOptions { timeout_us: 60 * SECOND_US, ..ClientOptions::default() };
    // It goes on although nobody answers it, so that there are two.
    let mut options = Options::default();
    options.break_rules.lead_unheard = true;
    let mut run = led_by_n1(ClusterSetup { client, ..with_options(5, 3, options) });
    run.ask(0, put("a", "old"));
    run.until("it is done", SECOND_US, |run| run.seen.answers.len() == 1);
    run.partition(&[&[0, 1], &[2, 3, 4]]);
    run.until("the others elect a leader", 5 * SECOND_US, |run| (2..5).any(|node| leads(run, node)));
    assert!(leads(&run, 0), "n1 does not know");
    // The first client still asks n1, the third asks n3 and is sent to the new leader.
    run.ask(0, get("a"));
    run.ask(2, put("a", "new"));
    run.until("the new leader serves", 5 * SECOND_US, |run| run.answers_to(2) == [&applied()]);
    run.for_us(SECOND_US);
    assert_eq!(run.answers_to(0).len(), 1, "the old one does not");
    run.act(Intervention::Heal);
    run.until("the read is served by the new leader", 5 * SECOND_US, |run| run.answers_to(0).len() == 2);
    assert_eq!(run.answers_to(0), [&applied(), &read(Some("new"))]);
    assert_linearizable(&run, "minority");
}

/// Reads take no slot, and no lease either.
#[test]
fn a_read_is_confirmed_by_a_quorum_and_costs_no_slot() {
    let mut run = led_by_n1(setup(3, 2));
    run.ask(0, put("a", "1"));
    run.until("it is done", SECOND_US, |run| run.seen.answers.len() == 1);
    run.ask(1, get("a"));
    run.until("it is read", SECOND_US, |run| run.answers_to(1) == [&read(Some("1"))]);
    assert!(run.gave_reason(|why| matches!(why, Reason::ReadConfirmed { count: 2, .. })));
    assert_eq!(run.node(0).slots().last(), 1);
}

/// A read at a leader that has only just taken over must not miss what the old one had answered.
#[test]
fn a_new_leader_does_not_read_before_it_has_applied_what_it_inherited() {
    let mut run = led_by_n1(setup(3, 2));
    // Nobody but n1 learns that the write is chosen.
    run.ask(0, put("a", "1"));
    run.until("it is done", SECOND_US, |run| run.node(0).applied() == 1);
    run.lose(1, |message| matches!(message, Message::Decision { .. }));
    run.lose(2, |message| matches!(message, Message::Decision { .. }));
    run.until("the client knows", SECOND_US, |run| run.seen.answers.len() == 1);
    run.crash(0);
    elect(&mut run, 1);
    assert_eq!(run.node(1).applied(), 0);
    run.ask(1, get("a"));
    run.until("it is read", 5 * SECOND_US, |run| run.answers_to(1).len() == 1);
    assert_eq!(run.answers_to(1), [&read(Some("1"))]);
}

fn small_log() -> Options {
    Options { snapshot_every_slots: 10, kept_slots: 4, catch_up_slots_max: 3, ..Options::default() }
}

#[test]
fn a_node_that_missed_slots_catches_up_in_chunks() {
    let options = Options { snapshot_every_slots: 0, ..small_log() };
    let mut run = led_by_n1(with_options(3, 1, options));
    run.crash(2);
    for number in 0..20 {
        run.ask(0, put("a", &number.to_string()));
    }
    run.until("all are done", 10 * SECOND_US, |run| run.seen.answers.len() == 20);
    run.restart(2);
    run.until("n3 has caught up", 5 * SECOND_US, agree);
    let chunks = messages(&run, |message| matches!(message, Message::Decisions { .. }));
    assert!(chunks >= 7, "20 slots, 3 at a time, in {chunks} messages");
    assert_eq!(messages(&run, |message| matches!(message, Message::Snapshot { .. })), 0);
}

#[test]
fn a_node_that_missed_what_was_trimmed_gets_a_snapshot() {
    let mut run = led_by_n1(with_options(3, 1, small_log()));
    run.crash(2);
    for number in 0..35 {
        run.ask(0, put(&format!("k{number}"), &number.to_string()));
    }
    run.until("all are done", 10 * SECOND_US, |run| run.seen.answers.len() == 35);
    assert!(run.node(0).slots().trimmed() >= 20);
    run.restart(2);
    run.until("n3 has caught up", 5 * SECOND_US, agree);
    assert!(run.gave_reason(|why| matches!(why, Reason::SnapshotInstalled { .. })));
    assert!(run.seen.violations.is_empty());
    // It has it on disk, too.
    let before = run.node(2).store().clone();
    run.for_us(100_000);
    run.crash(2);
    run.restart(2);
    assert_eq!(run.node(2).store(), &before);
}

#[test]
fn a_node_that_restarts_finds_its_snapshot_and_the_slots_after_it() {
    let mut run = led_by_n1(with_options(3, 1, small_log()));
    for number in 0..25 {
        run.ask(0, put(&format!("k{number}"), &number.to_string()));
    }
    run.until("all are done", 10 * SECOND_US, |run| run.seen.answers.len() == 25);
    run.until("all nodes agree", SECOND_US, agree);
    run.for_us(200_000);
    let bytes = run.cluster.host(NodeId(1)).map(|host| host.disk.length());
    assert!(bytes < Some(4_000), "the log on disk is trimmed, too: {bytes:?} bytes");
    for node in 0..3 {
        run.crash(node);
    }
    for node in 0..3 {
        run.restart(node);
        assert!(run.node(node).saved() >= 20 && run.node(node).applied() >= 20);
    }
    run.ask(0, get("k24"));
    run.until("it is read", 5 * SECOND_US, |run| run.seen.answers.len() == 26);
    assert_eq!(run.answers_to(0).last(), Some(&&read(Some("24"))));
}

/// A candidate that is far behind wins phase 1: what it lacks was trimmed everywhere.
#[test]
fn a_leader_that_lacks_trimmed_slots_gets_a_snapshot_and_proposes_after_them() {
    let mut run = led_by_n1(with_options(3, 1, small_log()));
    run.crash(2);
    for number in 0..35 {
        run.ask(0, put(&format!("k{number}"), &number.to_string()));
    }
    run.until("all are done", 10 * SECOND_US, |run| run.seen.answers.len() == 35);
    run.crash(0);
    run.restart(2);
    elect(&mut run, 2);
    assert!(run.gave_reason(|why| matches!(why, Reason::PromiseBeyondKnown { .. })));
    run.ask(0, get("k3"));
    run.until("it is read", 10 * SECOND_US, |run| run.seen.answers.len() == 36);
    assert_eq!(run.answers_to(0).last(), Some(&&read(Some("3"))));
    run.ask(0, put("k3", "new"));
    run.until("it is written", 10 * SECOND_US, |run| run.seen.answers.len() == 37);
    assert!(run.seen.violations.is_empty());
}

/// "Protocol-Aware Recovery": an acceptor without its memory must not vote as if nothing had happened.
#[test]
fn a_node_whose_disk_was_lost_or_damaged_votes_no_more_but_learns() {
    for act in [Intervention::LoseDisk { node: NodeId(2) }, Intervention::CorruptTail { node: NodeId(2) }] {
        let mut run = led_by_n1(with_options(3, 1, small_log()));
        run.ask(0, put("a", "1"));
        run.until("it is done", SECOND_US, |run| run.seen.answers.len() == 1);
        run.for_us(50_000);
        run.act(act);
        run.restart(2);
        assert!(matches!(run.node(2).lane(), Lane { standing: Standing::Out, .. }));
        run.seen.messages.clear();
        for number in 0..30 {
            run.ask(0, put("b", &number.to_string()));
        }
        run.until("all are done", 10 * SECOND_US, |run| run.seen.answers.len() == 31);
        run.until("n3 has learned", 5 * SECOND_US, agree);
        let said: Vec<_> = run.seen.messages.iter().filter(|(node, _)| *node == NodeId(2)).collect();
        assert!(said.iter().all(|(_, message)| matches!(message, Message::CatchUp { .. })), "{said:?}");
        run.crash(2);
        run.restart(2);
        assert!(run.node(2).is_out(), "it wrote nothing that a second start could take for memory");
        assert!(run.seen.violations.is_empty());
    }
}

#[test]
fn a_follower_sends_clients_to_the_leader() {
    let mut run = led_by_n1(setup(3, 3));
    run.for_us(100_000);
    run.ask(1, put("a", "1"));
    run.until("it is done", SECOND_US, |run| run.seen.answers.len() == 1);
    assert!(run.gave_reason(|why| *why == Reason::NotLeader { hint: Some(NodeId(0)) }));
}

#[test]
fn commands_beyond_the_window_wait_for_a_slot() {
    let options = Options { window_slots: 2, ..Options::default() };
    let mut run = led_by_n1(with_options(3, 8, options));
    for client in 0..8 {
        run.ask(client, put("a", &client.to_string()));
    }
    let mut most = 0;
    run.until("all are done", 5 * SECOND_US, |run| {
        if let Role::Leading(leading) = run.node(0).role() {
            most = most.max(leading.in_flight.len());
        }
        run.seen.answers.len() == 8
    });
    assert_eq!(most, 2);
    assert!(run.gave_reason(|why| matches!(why, Reason::CommandWaits { .. })));
}

/// The nodes that accept need not be those that lead.
#[test]
fn proposers_and_acceptors_can_be_different_nodes() {
    let set = |nodes: &[u16]| -> Option<NodeSet> { Some(nodes.iter().copied().map(NodeId).collect()) };
    let options = Options { proposers: set(&[0, 1]), acceptors: set(&[2, 3, 4]), ..small_log() };
    let workload = Workload { commands_per_client: 40, ..Workload::default() };
    let mut run = Run::new(ClusterSetup { workload: Some(workload), ..with_options(5, 3, options) }, 1);
    run.for_us(SECOND_US);
    let first = run.cluster.leader().unwrap();
    assert!(first.0 < 2);
    run.crash(first.0);
    run.until("the other one leads", 5 * SECOND_US, |run| leads(run, 1 - first.0));
    run.restart(first.0);
    run.until("all are done", 20 * SECOND_US, |run| run.seen.answers.len() == 120);
    run.until("all nodes agree", 5 * SECOND_US, agree);
    assert!(run.seen.violations.is_empty());
    assert_linearizable(&run, "separate roles");
}

/// "Flexible Paxos": with phase-2 quorums of 2 out of 5 the leader goes on with one other acceptor, and nobody
/// can take over until four are there to ask.
#[test]
fn small_phase_2_quorums_pay_with_large_phase_1_quorums() {
    let options = Options { phase_1_quorum: Some(4), phase_2_quorum: Some(2), ..Options::default() };
    let mut run = led_by_n1(with_options(5, 1, options));
    for node in 2..5 {
        run.crash(node);
    }
    run.ask(0, put("a", "1"));
    run.until("two are enough", SECOND_US, |run| run.seen.answers.len() == 1);
    run.crash(0);
    run.restart(2);
    run.restart(3);
    run.for_us(5 * SECOND_US);
    assert!((1..4).all(|node| !leads(&run, node)), "three are too few for phase 1");
    run.restart(4);
    run.ask(0, get("a"));
    run.until("four are enough", 10 * SECOND_US, |run| run.seen.answers.len() == 2);
    assert_eq!(run.answers_to(0).last(), Some(&&read(Some("1"))));
    assert!(run.seen.violations.is_empty());
}

/// "Paxos Made Simple" §2.4.
#[test]
fn without_back_off_two_proposers_outbid_each_other_for_ever() {
    let steady = LinkOptions { latency_us_min: 4_000, jitter_us_mean: 0, ..LinkOptions::default() };
    let disk = lamplight::sim::DiskOptions { sync_us_min: 1_000, sync_us_max: 1_000 };
    for back_off in [false, true] {
        let options = Options { back_off, ..Options::default() };
        let mut run = Run::new(ClusterSetup { network: steady, disk, ..with_options(5, 1, options) }, 1);
        for node in 0..2 {
            run.act(Intervention::Operation { node: NodeId(node), operation: Ask::TryToLead });
            run.for_us(5_000);
        }
        run.ask(0, put("a", "1"));
        run.for_us(3 * SECOND_US);
        assert_eq!(!run.seen.answers.is_empty(), back_off, "back-off {back_off}");
    }
}

/// A run with faults of every kind, healed after a while: what the monitor found.
fn chaotic(nodes: u16, seed: u64, options: Options, must_succeed: bool) -> Vec<Invariant> {
    let minority = (nodes - 1) / 2;
    let chaos = Chaos {
        victims_max: if seed.is_multiple_of(3) { nodes } else { minority },
        corrupt_tail: 1,
        lose_disk: 1,
        disks_lost_max: minority,
        beat_us_mean: 20_000 + seed % 7 * 10_000,
        loss_ppm: 30_000,
        ..Chaos::default()
    };
    let workload = Workload { think_us_mean: 10_000, keys: 3, commands_per_client: 0 };
    let options = match seed % 2 {
        0 => Options {
            snapshot_every_slots: 20,
            kept_slots: 5,
            catch_up_slots_max: 4,
            window_slots: 4,
            ..options
        },
        _ => options,
    };
    let setup =
        ClusterSetup { chaos: Some(chaos), workload: Some(workload), ..with_options(nodes, 4, options) };
    let mut run = Run::new(setup, seed);
    run.seen.keeps_everything = false;
    let end = 3 * SECOND_US;
    while run.cluster.now_us() < end && run.seen.violations.is_empty() && run.step() {}
    if must_succeed {
        run.heal();
        let before: Vec<u64> = run.cluster.clients().iter().map(|client| client.done).collect();
        run.until(
            &format!("{nodes} nodes, seed {seed}: every client makes progress"),
            30 * SECOND_US,
            |run| run.cluster.clients().iter().zip(&before).all(|(client, before)| client.done >= before + 3),
        );
        run.act(Intervention::Workload { workload: None });
        let idle = |run: &Run<MultiPaxos>| run.cluster.clients().iter().all(|c| c.outstanding.is_none());
        run.until("the clients are done", 30 * SECOND_US, idle);
        run.until(&format!("{nodes} nodes, seed {seed}: all nodes agree"), 10 * SECOND_US, agree);
        assert_linearizable(&run, &format!("{nodes} nodes, seed {seed}"));
    }
    run.seen.violations.iter().map(|violation| violation.invariant()).collect()
}

#[test]
fn chaos_violates_nothing_and_every_client_is_served_once_it_is_over() {
    for seed in 0..60 {
        for nodes in [3, 5] {
            let violations = chaotic(nodes, seed, Options::default(), true);
            assert!(violations.is_empty(), "{nodes} nodes, seed {seed}: {violations:?}");
        }
    }
}

/// What the seeds show, without a violation being fatal.
fn found(options: &Options) -> Vec<Invariant> {
    (0..60).flat_map(|seed| chaotic(3 + 2 * (seed % 2) as u16, seed, options.clone(), false)).collect()
}

/// P2c.
#[test]
fn chaos_finds_a_leader_that_ignores_accepted_values() {
    let mut options = Options::default();
    options.break_rules.ignore_accepted_value = true;
    let found = found(&options);
    assert!(found.contains(&Invariant::P2c), "{found:?}");
}

/// P1a.
#[test]
fn chaos_finds_an_acceptor_that_forgets_its_promise() {
    let mut options = Options::default();
    options.break_rules.forget_promise_at_restart = true;
    let found = found(&options);
    assert!(found.contains(&Invariant::PromisesKept), "{found:?}");
}

/// "Flexible Paxos".
#[test]
fn chaos_finds_quorums_that_do_not_intersect() {
    let mut options = Options { phase_1_quorum: Some(2), phase_2_quorum: Some(1), ..Options::default() };
    options.break_rules.allow_disjoint_quorums = true;
    let found = found(&options);
    assert!(found.contains(&Invariant::P2c) || found.contains(&Invariant::Agreement), "{found:?}");
}
