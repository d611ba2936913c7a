//! Atomic commit under random faults: nothing breaks, and what is broken on purpose is found.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::panic)]

use lamplight::check::Checkable;
use lamplight::check::range::{Report, check};
use lamplight::check::run::{Finding, Plan, Subject};
use lamplight::protocol::Monitor;
use lamplight::protocol::atomic_commit::{CommitViolation, ThreePhaseCommit, TwoPhaseCommit};
use lamplight::sim::ClusterSetup;
use lamplight::sim::random::Stream;

fn report<P: Checkable>(nodes: u16, seeds: u64, failures: u64, adjust: fn(&mut ClusterSetup<P>)) -> Report<P>
where
    Subject<P>: Sync,
    Report<P>: Send,
{
    check(&Subject::Protocol { nodes, adjust, broken: None }, 0..seeds, Plan::of::<P>(), failures)
}

fn expect_all_well<P: Checkable>(nodes: u16, seeds: u64)
where
    Subject<P>: Sync,
    Report<P>: Send,
{
    let report = report::<P>(nodes, seeds, 1, |_| {});
    if let Some((seed, failure)) = report.failures.first() {
        panic!("seed {seed}, {nodes} nodes, step {}: {:?}", failure.steps, failure.finding);
    }
    let model = P::fault_model(&P::draw_setup(nodes, &mut Stream::new(0, 0)));
    let unused: Vec<_> = model.kinds().into_iter().filter(|kind| report.faults.of(kind) == 0).collect();
    assert!(unused.is_empty(), "these faults never happened: {unused:?}");
    assert_eq!(report.undecided(), 0);
    assert!(report.acknowledged > report.runs * 20, "{} commands only", report.acknowledged);
}

#[test]
fn two_phase_commit_survives_every_kind_of_fault() {
    expect_all_well::<TwoPhaseCommit>(5, 150);
    expect_all_well::<TwoPhaseCommit>(3, 150);
}

#[test]
fn three_phase_commit_survives_the_crashes_that_it_is_made_for() {
    expect_all_well::<ThreePhaseCommit>(5, 150);
    expect_all_well::<ThreePhaseCommit>(3, 150);
}

/// Expects that some seed shows a violation of one of these invariants.
fn expect_found<P>(report: Report<P>, expected: &[&str])
where
    P: Checkable,
    P::Monitor: Monitor<P, Violation = CommitViolation>,
{
    let shows_it = |finding: &Finding<P>| match finding {
        Finding::Invariant(found) => expected.contains(&found.name()),
        // The judge of the disks sees the cause, often before the invariants see what follows from it.
        Finding::Disk(_) => true,
        _ => false,
    };
    let found = report.failures.iter().find(|(_, failure)| shows_it(&failure.finding));
    let (seed, failure) = found.unwrap_or_else(|| panic!("not found: {:?}", report.failures));
    eprintln!("found by seed {seed} at step {}: {:?}", failure.steps, failure.finding);
}

/// The vote is a promise, and a promise that a crash can take back is none (Gray, "Notes on Data Base Operating
/// Systems", 1978).
#[test]
fn a_vote_before_the_prepare_record_is_durable_is_found() {
    let two = report::<TwoPhaseCommit>(4, 200, 5, |setup| {
        setup.options.break_rules.vote_before_prepare_is_durable = true;
    });
    expect_found(two, &["AC1", "AC2", "durability"]);
    let three = report::<ThreePhaseCommit>(4, 200, 5, |setup| {
        setup.options.break_rules.vote_before_prepare_is_durable = true;
    });
    expect_found(three, &["AC1", "AC2", "durability"]);
}

/// AC3 (Bernstein, Hadzilacos and Goodman §7.3): the decision is commit only if all voted yes.
#[test]
fn a_commit_on_a_majority_is_found() {
    let two =
        report::<TwoPhaseCommit>(4, 200, 5, |setup| setup.options.break_rules.commit_on_majority = true);
    expect_found(two, &["AC3"]);
    let three =
        report::<ThreePhaseCommit>(4, 200, 5, |setup| setup.options.break_rules.commit_on_majority = true);
    expect_found(three, &["AC3"]);
}

/// AC1 (Bernstein, Hadzilacos and Goodman §7.3): whoever is in doubt must wait.
#[test]
fn an_abort_alone_while_in_doubt_is_found() {
    let two = report::<TwoPhaseCommit>(4, 200, 5, |setup| {
        setup.options.break_rules.abort_alone_while_in_doubt = true;
    });
    expect_found(two, &["AC1"]);
    let three = report::<ThreePhaseCommit>(4, 200, 5, |setup| {
        setup.options.break_rules.abort_alone_while_in_doubt = true;
    });
    expect_found(three, &["AC1"]);
}
