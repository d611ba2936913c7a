//! The store of consistent hashing under random faults: nothing breaks, and what is broken on purpose is found.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::ops::Range;

use lamplight::check::Checkable;
use lamplight::check::range::{Report, check};
use lamplight::check::run::{Finding, Plan, Subject};
use lamplight::protocol::consistent_hashing::store::{Dynamo, Violation};
use lamplight::sim::ClusterSetup;
use lamplight::sim::random::Stream;

fn protocol(nodes: u16, adjust: fn(&mut ClusterSetup<Dynamo>)) -> Subject<Dynamo> {
    Subject::Protocol { nodes, adjust, broken: None }
}

fn expect_all_well(nodes: u16, seeds: Range<u64>) {
    let report = check(&protocol(nodes, |_| {}), seeds, Plan::of::<Dynamo>(), 1);
    if let Some((seed, failure)) = report.failures.first() {
        panic!("seed {seed}, {nodes} nodes, step {}: {:?}", failure.steps, failure.finding);
    }
    let model = Dynamo::fault_model(&Dynamo::draw_setup(nodes, &mut Stream::new(0, 0)));
    let kinds = model.kinds().into_iter().chain(Dynamo::OPERATION_KINDS.iter().copied());
    let unused: Vec<_> = kinds.filter(|kind| report.faults.of(kind) == 0).collect();
    assert!(unused.is_empty(), "these faults never happened: {unused:?}");
    assert!(report.acknowledged > report.runs * 50, "{} commands only", report.acknowledged);
    eprintln!(
        "{} runs, {} steps, {} acknowledged, {:?}",
        report.runs, report.steps, report.acknowledged, report.faults
    );
}

#[test]
fn five_nodes_survive_every_kind_of_fault_with_joins_and_leaves() {
    expect_all_well(5, 0..100);
}

#[test]
fn seven_nodes_survive_every_kind_of_fault_with_joins_and_leaves() {
    expect_all_well(7, 0..50);
}

/// Breaks a rule and expects that some seed shows it by the violation of an invariant.
fn expect_found(seeds: u64, adjust: fn(&mut ClusterSetup<Dynamo>), is_it: fn(&Violation) -> bool) {
    let report: Report<Dynamo> = check(&protocol(5, adjust), 0..seeds, Plan::of::<Dynamo>(), 5);
    let shows_it = |finding: &Finding<Dynamo>| matches!(finding, Finding::Invariant(found) if is_it(found));
    let found = report.failures.iter().find(|(_, failure)| shows_it(&failure.finding));
    let (seed, failure) = found.unwrap_or_else(|| panic!("not in {seeds} seeds: {:?}", report.failures));
    eprintln!("found by seed {seed} at step {}: {:?}", failure.steps, failure.finding);
}

/// Dynamo §4.3: "the preference list for a key is constructed by skipping positions in the ring to ensure that
/// the list contains only distinct physical nodes".
#[test]
fn two_replicas_on_one_node_are_found() {
    expect_found(
        50,
        |setup| setup.options.break_rules.two_replicas_on_one_node = true,
        |found| matches!(found, Violation::ReplicasOnDistinctNodes { .. }),
    );
}

/// Dynamo §4.6: hinted replicas are kept "in a separate local database", and the write was acknowledged.
#[test]
fn hints_that_are_dropped_at_a_crash_are_found() {
    expect_found(
        100,
        |setup| {
            setup.options.break_rules.hints_dropped_at_a_crash = true;
            setup.options.sloppy_quorum = true;
        },
        |found| {
            matches!(found, Violation::AcknowledgementKept { .. } | Violation::AcknowledgedWriteLost { .. })
        },
    );
}

/// Dynamo §4.9: the "confirmation round between the source and the destination".
#[test]
fn a_range_that_is_handed_over_before_it_arrived_is_found() {
    expect_found(
        50,
        |setup| {
            setup.options.break_rules.range_handed_over_before_it_arrived = true;
            setup.options.initial_members = 4;
            setup.options.initial_keys = 40;
        },
        |found| matches!(found, Violation::KeyAlwaysOwned { .. } | Violation::AcknowledgedWriteLost { .. }),
    );
}
