//! Many seeds under faults: no invariant is violated, and everyone decides once all is repaired.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod commit_run;

use commit_run::under_chaos;
use lamplight::protocol::atomic_commit::node::Node;
use lamplight::protocol::atomic_commit::three_phase::ThreePhase;
use lamplight::protocol::atomic_commit::two_phase::TwoPhase;
use lamplight::protocol::atomic_commit::{
    Answer, BreakRules, CommitViolation, DeadlockHandling, Presumption, ResourceOptions, ThreePhaseOptions,
    TwoPhaseOptions,
};
use lamplight::sim::{Chaos, ClusterSetup};

/// How many seeds each test runs; `lamplight check` runs as many as it is told.
const SEEDS: u64 = 200;

/// Every combination that the options allow, a different one for each seed.
fn options_for(seed: u64) -> TwoPhaseOptions {
    TwoPhaseOptions {
        presumption: [Presumption::Nothing, Presumption::Abort, Presumption::Commit][(seed % 3) as usize],
        read_only_vote: seed.is_multiple_of(2),
        one_phase: !seed.is_multiple_of(5),
        cooperative_termination: !seed.is_multiple_of(7),
        resources: resources_for(seed),
        ..TwoPhaseOptions::default()
    }
}

fn resources_for(seed: u64) -> ResourceOptions {
    use DeadlockHandling as D;
    ResourceOptions {
        deadlock: [D::WaitForGraph, D::WaitDie, D::Timeout][(seed / 3 % 3) as usize],
        checkpoint_records: if seed.is_multiple_of(4) { 0 } else { 24 },
        ..ResourceOptions::default()
    }
}

fn two_phase(seed: u64, chaos: Chaos) -> commit_run::Run<TwoPhase> {
    let setup = ClusterSetup::<Node<TwoPhase>> {
        nodes: 3 + (seed % 3) as u16,
        options: options_for(seed),
        ..ClusterSetup::default()
    };
    under_chaos(setup, chaos, seed)
}

/// The faults that three-phase commit is made for: processes crash and come back. Messages may be doubled and
/// overtake each other, and nothing is lost or late.
fn crashes_only() -> Chaos {
    Chaos {
        victims_max: 4,
        pause: 0,
        resume: 0,
        partition: 0,
        cut: 0,
        heal: 0,
        drop: 0,
        delay: 0,
        hold: 0,
        clock: 0,
        slow_disk: 0,
        loss_ppm: 0,
        beat_us_mean: 25_000,
        ..Chaos::default()
    }
}

fn three_phase(seed: u64, chaos: Chaos, break_rules: BreakRules) -> commit_run::Run<ThreePhase> {
    let options = ThreePhaseOptions {
        read_only_vote: seed.is_multiple_of(2),
        resources: resources_for(seed),
        break_rules,
        ..ThreePhaseOptions::default()
    };
    let setup =
        ClusterSetup::<Node<ThreePhase>> { nodes: 3 + (seed % 3) as u16, options, ..ClusterSetup::default() };
    under_chaos(setup, chaos, seed)
}

fn committed(answers: &[(lamplight::protocol::ClientId, Answer)]) -> usize {
    answers.iter().filter(|(_, answer)| matches!(answer, Answer::Committed { .. })).count()
}

#[test]
fn two_phase_commit_under_every_fault_but_lost_disks() {
    let mut commits = 0;
    for seed in 0..SEEDS {
        let run = two_phase(seed, Chaos { victims_max: 3, ..Chaos::default() });
        assert_eq!(run.seen.violation, None, "seed {seed}");
        let undecided = run.cluster.monitor().undecided(run.cluster.nodes());
        assert_eq!(undecided, [], "AC5, seed {seed}");
        commits += committed(&run.seen.answers);
    }
    assert!(commits > SEEDS as usize * 20, "only {commits} commits: the runs show little");
}

#[test]
fn two_phase_commit_with_disks_lost_and_damaged() {
    for seed in 0..SEEDS {
        let chaos = Chaos { corrupt_tail: 3, lose_disk: 3, disks_lost_max: 2, ..Chaos::default() };
        let run = two_phase(seed, chaos);
        assert_eq!(run.seen.violation, None, "seed {seed}");
        let undecided = run.cluster.monitor().undecided(run.cluster.nodes());
        assert!(undecided.iter().all(|entry| entry.with_a_disk_lost), "AC5, seed {seed}: {undecided:?}");
    }
}

#[test]
fn three_phase_commit_under_crashes_is_safe_and_everyone_decides() {
    let mut commits = 0;
    for seed in 0..SEEDS {
        let run = three_phase(seed, crashes_only(), BreakRules::default());
        assert_eq!(run.seen.violation, None, "seed {seed}");
        let undecided = run.cluster.monitor().undecided(run.cluster.nodes());
        assert_eq!(undecided, [], "AC5, seed {seed}");
        commits += committed(&run.seen.answers);
    }
    assert!(commits > SEEDS as usize * 10, "only {commits} commits: the runs show little");
}

/// The first seed whose run violates an invariant, and the invariant's name.
fn found_by_seeds(violation: impl Fn(u64) -> Option<(u32, CommitViolation)>) -> Option<(u64, &'static str)> {
    (0..SEEDS).find_map(|seed| violation(seed).map(|(_, violation)| (seed, violation.name())))
}

fn broken_two_phase(break_rules: BreakRules) -> Option<(u64, &'static str)> {
    found_by_seeds(|seed| {
        let options = TwoPhaseOptions { break_rules, ..options_for(seed) };
        let setup = ClusterSetup::<Node<TwoPhase>> { nodes: 4, options, ..ClusterSetup::default() };
        under_chaos(setup, Chaos::default(), seed).seen.violation
    })
}

fn broken_three_phase(break_rules: BreakRules) -> Option<(u64, &'static str)> {
    found_by_seeds(|seed| three_phase(seed, crashes_only(), break_rules).seen.violation)
}

#[test]
fn a_vote_before_the_prepare_record_is_durable_is_found() {
    let rules = BreakRules { vote_before_prepare_is_durable: true, ..BreakRules::default() };
    // What shows first is a participant that aborts after its restart, whether it had committed by then or
    // not, or that has lost the commit which it had told.
    assert!(matches!(broken_two_phase(rules), Some((_, "AC1" | "AC2" | "durability"))));
    assert!(matches!(broken_three_phase(rules), Some((_, "AC1" | "AC2" | "durability"))));
}

#[test]
fn a_commit_on_a_majority_is_found() {
    let rules = BreakRules { commit_on_majority: true, ..BreakRules::default() };
    assert_eq!(broken_two_phase(rules).map(|(_, name)| name), Some("AC3"));
    assert_eq!(broken_three_phase(rules).map(|(_, name)| name), Some("AC3"));
}

#[test]
fn an_abort_alone_while_in_doubt_is_found() {
    let rules = BreakRules { abort_alone_while_in_doubt: true, ..BreakRules::default() };
    assert_eq!(broken_two_phase(rules).map(|(_, name)| name), Some("AC1"));
    assert_eq!(broken_three_phase(rules).map(|(_, name)| name), Some("AC1"));
}
