//! Three-phase commit in the world that it is made for, and two-phase commit in the same: every run with two
//! crashes, three participants.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod commit_run;

use commit_run::at;
use commit_run::synchronous::{Found, LATENCY_UNITS, UNIT_US, World};
use lamplight::protocol::Participant;
use lamplight::protocol::atomic_commit::node::Variant;
use lamplight::protocol::atomic_commit::three_phase::ThreePhase;
use lamplight::protocol::atomic_commit::two_phase::TwoPhase;
use lamplight::protocol::atomic_commit::{
    BreakRules, Command, Operation, ResourceOptions, ThreePhaseCommit, ThreePhaseOptions, TwoPhaseOptions,
};

/// Time-outs that are as short as the world allows: whatever is longer only waits longer.
fn three_phase() -> ThreePhaseOptions {
    let latency_us_max = UNIT_US * u64::from(LATENCY_UNITS);
    let options = ThreePhaseOptions {
        latency_us_max,
        sync_us_max: 0,
        clock_drift_ppm_max: 0,
        answer_timeout_us: 2 * latency_us_max + 1,
        decision_timeout_us: 5 * latency_us_max + 3,
        resources: resources(),
        ..ThreePhaseOptions::default()
    };
    assert_eq!(ThreePhaseCommit::validate(&options, 4), Ok(()));
    options
}

fn resources() -> ResourceOptions {
    ResourceOptions { checkpoint_records: 0, ..ResourceOptions::default() }
}

fn explore<V: Variant>(name: &str, world: &World<'_, V>) -> Found {
    let found = world.explore();
    let (crashes, states) = (world.crashes, found.states);
    println!("{name}, up to {crashes} crashes, restarts {:?}: {states} states", world.restarts);
    found
}

fn world<V: Variant>(options: &V::Options) -> World<'_, V> {
    let add = |site: u16| Operation::Add { at: at(site, "account"), amount: 1 };
    let command = Command::Transaction { operations: (1..=3).map(add).collect() };
    World { nodes: 4, options, command, crashes: 1, restarts: false, each_message_alone: true }
}

/// Skeen 1981: whoever stays up decides, whatever crashes when.
#[test]
fn three_phase_commit_never_blocks_and_never_splits_whatever_crashes() {
    let options = three_phase();
    let found = explore::<ThreePhase>("three-phase commit", &world(&options));
    assert_eq!((found.violation, found.blocked), (None, false));
    let two = World { crashes: 2, ..world(&options) };
    let found = explore::<ThreePhase>("three-phase commit", &two);
    assert_eq!((found.violation, found.blocked), (None, false));
}

/// AC5: everyone decides once failures are repaired.
#[test]
fn three_phase_commit_lets_everybody_decide_who_comes_back() {
    let options = three_phase();
    let world = World { restarts: true, each_message_alone: false, ..world(&options) };
    let found = explore::<ThreePhase>("three-phase commit", &world);
    assert_eq!((found.violation, found.blocked, found.undecided), (None, false, false));
}

/// The same world makes two-phase commit block, and nothing worse: that is why there is a third phase.
#[test]
fn two_phase_commit_blocks_in_the_same_world() {
    let options = TwoPhaseOptions { resources: resources(), ..TwoPhaseOptions::default() };
    let found =
        explore::<TwoPhase>("two-phase commit", &World { each_message_alone: false, ..world(&options) });
    assert_eq!((found.violation, found.blocked), (None, true));
}

#[test]
fn a_participant_that_aborts_alone_while_in_doubt_is_found() {
    let break_rules = BreakRules { abort_alone_while_in_doubt: true, ..BreakRules::default() };
    let options = ThreePhaseOptions { break_rules, ..three_phase() };
    let found = explore::<ThreePhase>("three-phase commit, broken", &world(&options));
    assert_eq!(found.violation.map(|violation| violation.name()), Some("AC1"));
}
