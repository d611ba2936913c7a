//! Both kinds of Paxos under random faults: nothing breaks, and what is broken on purpose is found.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::panic)]

use std::ops::Range;

use lamplight::check::range::{Report, check};
use lamplight::check::run::{Finding, Plan, Subject};
use lamplight::check::{Checkable, FaultModel};
use lamplight::protocol::Monitor;
use lamplight::protocol::paxos::Invariant;
use lamplight::protocol::paxos::multi::{self, MultiPaxos};
use lamplight::protocol::paxos::synod::{self, Synod};
use lamplight::sim::ClusterSetup;
use lamplight::sim::random::Stream;

fn expect_all_well<P: Checkable>(nodes: u16, seeds: Range<u64>)
where
    Subject<P>: Sync,
    Report<P>: Send,
{
    let subject: Subject<P> = Subject::Protocol { nodes, adjust: |_| {}, broken: None };
    let report = check(&subject, seeds, Plan::of::<P>(), 1);
    if let Some((seed, failure)) = report.failures.first() {
        panic!("seed {seed}, {nodes} nodes, step {}: {:?}", failure.steps, failure.finding);
    }
    let model: FaultModel = P::fault_model(&P::draw_setup(nodes, &mut Stream::new(0, 0)));
    let unused: Vec<_> = model.kinds().into_iter().filter(|kind| report.faults.of(kind) == 0).collect();
    assert!(unused.is_empty(), "these faults never happened: {unused:?}");
    assert!(report.acknowledged > report.runs * 9, "{} commands only", report.acknowledged);
}

#[test]
fn a_decree_survives_every_kind_of_fault() {
    expect_all_well::<Synod>(3, 0..300);
    expect_all_well::<Synod>(5, 0..300);
}

#[test]
fn three_replicas_survive_every_kind_of_fault() {
    expect_all_well::<MultiPaxos>(3, 0..50);
}

#[test]
fn five_replicas_survive_every_kind_of_fault() {
    expect_all_well::<MultiPaxos>(5, 0..50);
}

/// The violation of a protocol's invariants.
type ViolationOf<P> = <<P as lamplight::protocol::Participant>::Monitor as Monitor<P>>::Violation;

/// Breaks a rule and expects that some seed shows it by such a violation.
fn expect_found<P: Checkable>(
    seeds: u64,
    adjust: fn(&mut ClusterSetup<P>),
    is_it: fn(&ViolationOf<P>) -> bool,
) where
    Subject<P>: Sync,
    Report<P>: Send,
{
    let report = check(&Subject::Protocol { nodes: 5, adjust, broken: None }, 0..seeds, Plan::of::<P>(), 5);
    let shows_it = |finding: &Finding<P>| matches!(finding, Finding::Invariant(found) if is_it(found));
    let found = report.failures.iter().find(|(_, failure)| shows_it(&failure.finding));
    let (seed, failure) = found.unwrap_or_else(|| panic!("not in {seeds} seeds: {:?}", report.failures));
    eprintln!("found by seed {seed} at step {}: {:?}", failure.steps, failure.finding);
}

fn two_values(found: &synod::Violation) -> bool {
    matches!(found.invariant(), Invariant::Agreement | Invariant::P2c)
}

fn two_values_in_a_slot(found: &multi::Violation) -> bool {
    matches!(found.invariant(), Invariant::Agreement | Invariant::P2c)
}

/// "Paxos Made Simple" §2.2, P2c: the value of the highest ballot that the quorum has accepted.
#[test]
fn a_proposer_that_ignores_the_accepted_value_is_found() {
    let adjust = |setup: &mut ClusterSetup<Synod>| setup.options.break_rules.ignore_accepted_value = true;
    expect_found::<Synod>(200, adjust, two_values);
    let adjust =
        |setup: &mut ClusterSetup<MultiPaxos>| setup.options.break_rules.ignore_accepted_value = true;
    expect_found::<MultiPaxos>(200, adjust, two_values_in_a_slot);
}

/// "Paxos Made Simple" §2.5: an acceptor must remember its promise even if it fails and restarts.
#[test]
fn an_acceptor_that_forgets_its_promise_at_a_restart_is_found() {
    expect_found::<Synod>(
        200,
        |setup| setup.options.break_rules.forget_promise_at_restart = true,
        |found| found.invariant() == Invariant::PromisesKept || two_values(found),
    );
    expect_found::<MultiPaxos>(
        200,
        |setup| setup.options.break_rules.forget_promise_at_restart = true,
        |found| found.invariant() == Invariant::PromisesKept || two_values_in_a_slot(found),
    );
}

/// "Flexible Paxos": the quorums of the two phases have to intersect.
#[test]
fn quorums_that_do_not_intersect_are_found() {
    expect_found::<Synod>(
        200,
        |setup| {
            setup.options.break_rules.allow_disjoint_quorums = true;
            (setup.options.phase_1_quorum, setup.options.phase_2_quorum) = (Some(2), Some(2));
        },
        two_values,
    );
    expect_found::<MultiPaxos>(
        200,
        |setup| {
            setup.options.break_rules.allow_disjoint_quorums = true;
            (setup.options.phase_1_quorum, setup.options.phase_2_quorum) = (Some(2), Some(2));
        },
        two_values_in_a_slot,
    );
}
