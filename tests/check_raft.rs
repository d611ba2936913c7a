//! Raft under random faults: nothing breaks, and what is broken on purpose is found.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::panic)]

use lamplight::check::range::{Report, check};
use lamplight::check::run::{Finding, Plan, Subject};
use lamplight::check::{Checkable, FaultModel};
use lamplight::protocol::raft::{Raft, Violation};
use lamplight::sim::random::Stream;
use lamplight::sim::{Chaos, ClusterSetup};

fn protocol(nodes: u16, adjust: fn(&mut ClusterSetup<Raft>)) -> Subject<Raft> {
    Subject::Protocol { nodes, adjust, broken: None }
}

fn model(nodes: u16) -> FaultModel {
    Raft::fault_model(&Raft::draw_setup(nodes, &mut Stream::new(0, 0)))
}

fn expect_all_well(nodes: u16, seeds: std::ops::Range<u64>) {
    let report = check(&protocol(nodes, |_| {}), seeds.clone(), Plan::of::<Raft>(), 1);
    if let Some((seed, failure)) = report.failures.first() {
        panic!("seed {seed}, {nodes} nodes, step {}: {:?}", failure.steps, failure.finding);
    }
    assert_eq!(report.runs, seeds.end - seeds.start);
    assert_eq!(report.undecided(), 0);
    let unused: Vec<_> =
        model(nodes).kinds().into_iter().filter(|kind| report.faults.of(kind) == 0).collect();
    assert!(unused.is_empty(), "these faults never happened: {unused:?}");
    assert!(report.acknowledged > report.runs * 50, "{} commands only", report.acknowledged);
    eprintln!(
        "{} runs, {} steps, {} acknowledged, {:?}",
        report.runs, report.steps, report.acknowledged, report.faults
    );
}

#[test]
fn five_nodes_survive_every_kind_of_fault() {
    expect_all_well(5, 0..200);
}

#[test]
fn three_nodes_survive_every_kind_of_fault() {
    expect_all_well(3, 0..200);
}

/// Breaks a rule and expects that some seed shows it: by the violation of an invariant, or by what a disk does not hold,
/// which mostly comes first.
fn expect_found(seeds: u64, adjust: fn(&mut ClusterSetup<Raft>), is_it: fn(&Violation) -> bool) {
    let report: Report<Raft> = check(&protocol(5, adjust), 0..seeds, Plan::of::<Raft>(), 5);
    let shows_it = |finding: &Finding<Raft>| match finding {
        Finding::Invariant(found) => is_it(found),
        Finding::Disk(_) => true,
        _ => false,
    };
    let found = report.failures.iter().find(|(_, failure)| shows_it(&failure.finding));
    let others: Vec<_> = report.failures.iter().map(|(seed, failure)| (seed, &failure.finding)).collect();
    let (seed, failure) = found.unwrap_or_else(|| panic!("not in {seeds} seeds: {others:?}"));
    eprintln!("found by seed {seed} at step {}: {:?}", failure.steps, failure.finding);
}

/// Raft §5.4.2 and Figure 8. It takes a leader that gets an old entry to a majority and crashes before it gets
/// one of its own there, twice: so leaders crash all the time, and entries travel one by one.
#[test]
fn a_leader_that_commits_an_entry_of_an_earlier_term_is_found() {
    expect_found(
        2_000,
        |setup| {
            setup.options.break_rules.commit_earlier_term = true;
            setup.options.entries_per_message_max = 1;
            setup.options.messages_in_flight_max = 1;
            setup.options.snapshot_every_entries = 0;
            (setup.options.pre_vote, setup.options.check_quorum) = (false, false);
            setup.network.latency_us_min = 10_000;
            setup.network.jitter_us_mean = 15_000;
            let calm = Chaos::default();
            setup.chaos = Some(Chaos {
                beat_us_mean: 15_000,
                victims_max: 3,
                crash: 10,
                restart: 12,
                pause: 0,
                partition: 2,
                heal: 4,
                cut: 0,
                loss_ppm: 50_000,
                ..calm
            });
        },
        |found| matches!(found, Violation::LeaderCompleteness { .. } | Violation::StateMachineSafety { .. }),
    );
}

/// Raft §5.2: "each server will vote for at most one candidate in a given term".
#[test]
fn a_node_that_votes_twice_in_a_term_is_found() {
    expect_found(
        100,
        |setup| setup.options.break_rules.vote_twice = true,
        |found| matches!(found, Violation::ElectionSafety { .. }),
    );
}

/// Raft Figure 2: "persistent state (updated on stable storage before responding to RPCs)".
#[test]
fn a_node_that_answers_before_the_sync_is_found() {
    expect_found(
        200,
        |setup| {
            setup.options.break_rules.answer_before_sync = true;
            (setup.disk.sync_us_min, setup.disk.sync_us_max) = (20_000, 60_000);
        },
        |found| {
            matches!(
                found,
                Violation::Durability { .. }
                    | Violation::LeaderCompleteness { .. }
                    | Violation::StateMachineSafety { .. }
            )
        },
    );
}
