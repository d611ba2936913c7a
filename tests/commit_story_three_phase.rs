//! Three-phase commit on the virtual cluster: it goes on where two-phase commit blocks, and splits where its
//! assumptions fail (Skeen 1981; Bernstein, Hadzilacos and Goodman §7.5).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod commit_run;

use commit_run::{FIRST, Run, at};
use lamplight::protocol::NodeId;
use lamplight::protocol::atomic_commit::node::Variant;
use lamplight::protocol::atomic_commit::three_phase::ThreePhase;
use lamplight::protocol::atomic_commit::two_phase::TwoPhase;
use lamplight::protocol::atomic_commit::{
    Answer, COORDINATOR, Command, CommitViolation, Operation, Outcome, Reason, ThreePhaseOptions,
    TwoPhaseOptions,
};
use lamplight::sim::Intervention;

/// Ten from each of alice and bob to carol: three participants.
fn collection() -> Command {
    let add = |site: u16, key: &str, amount: i64| Operation::Add { at: at(site, key), amount };
    Command::Transaction { operations: vec![add(1, "alice", -10), add(2, "bob", -10), add(3, "carol", 20)] }
}

fn balances<V: Variant>(run: &Run<V>) -> (i64, i64, i64) {
    (run.balance(1, "alice"), run.balance(2, "bob"), run.balance(3, "carol"))
}

fn all_in_doubt<V: Variant>(run: &Run<V>) -> bool {
    (1..=3).all(|site| run.branch(site, FIRST).is_some_and(|branch| branch.state.is_in_doubt()))
}

fn is_over<V: Variant>(run: &Run<V>) -> bool {
    (1..=3).all(|site| run.branch(site, FIRST).is_none())
}

fn started() -> Run<ThreePhase> {
    let mut run = Run::<ThreePhase>::ready(3, ThreePhaseOptions::default());
    run.command(0, collection());
    run
}

fn pre_commits(run: &Run<ThreePhase>) -> bool {
    run.has_reason(|reason| matches!(reason, Reason::PreCommits { .. }))
}

#[test]
fn a_calm_transaction_takes_three_phases() {
    let mut run = started();
    run.for_us(500_000);
    assert!(matches!(run.seen.answers[0].1, Answer::Committed { .. }));
    assert_eq!(balances(&run), (90, 90, 120));
    let from_coordinator = |kind: u8| {
        run.seen.messages.iter().filter(|(from, _, m)| *from == COORDINATOR && m.kind() == kind).count()
    };
    let (prepare, decision, pre_commit) = (5, 8, 12);
    let phases = [prepare, pre_commit, decision].map(from_coordinator);
    assert_eq!(phases, [3, 3, 3], "prepare, pre-commit and commit to each of the three");
    run.assert_no_violation();
    run.assert_everyone_has_decided();
}

#[test]
fn three_phase_commit_goes_on_where_two_phase_commit_blocks() {
    let mut two = Run::<TwoPhase>::ready(3, TwoPhaseOptions::default());
    two.command(0, collection());
    two.until("all are in doubt", all_in_doubt);
    two.crash(0);
    two.for_us(10_000_000);
    assert!(all_in_doubt(&two), "two-phase commit is blocked");

    let mut three = started();
    three.until("all are in doubt", all_in_doubt);
    three.crash(0);
    three.for_us(300_000);
    assert!(is_over(&three), "three-phase commit is not");
    assert_eq!(balances(&three), (100, 100, 100), "TR3: all were uncertain");
    assert!(three.has_reason(|reason| matches!(reason, Reason::AllUncertain { up: 3, .. })));
    three.restart(0);
    three.for_us(1_000_000);
    three.assert_no_violation();
    three.assert_everyone_has_decided();
}

#[test]
fn a_backup_coordinator_commits_if_anybody_is_committable() {
    let mut run = started();
    run.until("the coordinator pre-commits", pre_commits);
    run.crash(0);
    run.for_us(300_000);
    assert_eq!(balances(&run), (90, 90, 120), "TR4");
    let backup = |(node, reason): &(NodeId, Reason)| {
        *node == NodeId(1) && matches!(reason, Reason::SomeCommittable { .. })
    };
    assert!(run.seen.reasons.iter().any(backup), "the lowest participant leads");
    run.restart(0);
    run.for_us(2_000_000);
    assert!(
        matches!(run.seen.answers[..], [(_, Answer::Committed { transaction: FIRST, .. })]),
        "the coordinator has asked, and tells the client: {:?}",
        run.seen.answers
    );
    run.assert_no_violation();
    run.assert_everyone_has_decided();
}

#[test]
fn when_the_backup_crashes_as_well_the_next_one_takes_over() {
    let mut run = started();
    run.until("all are in doubt", all_in_doubt);
    run.crash(0);
    run.until("a backup takes over", |run| run.has_reason(|r| matches!(r, Reason::TakesOver { .. })));
    run.crash(1);
    run.for_us(500_000);
    assert!(run.branch(2, FIRST).is_none() && run.branch(3, FIRST).is_none());
    let second = |(node, reason): &(NodeId, Reason)| {
        *node == NodeId(2) && matches!(reason, Reason::AllUncertain { up: 2, .. })
    };
    assert!(run.seen.reasons.iter().any(second));
    run.restart(1);
    run.restart(0);
    run.for_us(1_000_000);
    run.assert_no_violation();
    run.assert_everyone_has_decided();
}

#[test]
fn one_that_crashed_after_its_vote_may_not_judge_and_asks() {
    let mut run = started();
    run.until("all are in doubt", all_in_doubt);
    run.crash(1);
    run.restart(1);
    run.crash(0);
    run.for_us(500_000);
    let led =
        |node| move |(n, r): &(NodeId, Reason)| *n == NodeId(node) && matches!(r, Reason::TakesOver { .. });
    assert!(!run.seen.reasons.iter().any(led(1)), "the lowest has crashed in between");
    assert!(run.seen.reasons.iter().any(led(2)));
    assert!(is_over(&run));
    run.restart(0);
    run.for_us(1_000_000);
    run.assert_no_violation();
    run.assert_everyone_has_decided();
}

#[test]
fn after_a_total_failure_everybody_has_to_be_back_before_anybody_decides() {
    let mut run = started();
    run.until("the coordinator pre-commits", pre_commits);
    for node in 0..4 {
        run.crash(node);
    }
    for node in 0..3 {
        run.restart(node);
    }
    run.for_us(5_000_000);
    assert!(run.branch(1, FIRST).is_some() && run.branch(2, FIRST).is_some(), "the last one might know more");
    run.restart(3);
    run.for_us(1_000_000);
    assert!(run.has_reason(|reason| matches!(reason, Reason::TotalFailure { processes: 4, .. })));
    assert!(is_over(&run));
    run.assert_no_violation();
    run.assert_everyone_has_decided();
}

/// The known limit: a partition is not a crash, and to each side the other one looks like one.
#[test]
fn a_partition_makes_two_sides_decide_differently_and_both_are_named() {
    let mut run = started();
    run.until("the coordinator pre-commits", pre_commits);
    run.act(Intervention::Partition { groups: vec![vec![NodeId(0), NodeId(1)], vec![NodeId(2), NodeId(3)]] });
    run.for_us(1_000_000);
    let Some((_, CommitViolation::SplitDecision { first, decided, second, .. })) = run.seen.violation else {
        panic!("no split decision: {:?}", run.seen.violation)
    };
    let side = |node: NodeId| node.0 < 2;
    assert_ne!(side(first), side(second), "one of each side: {first} and {second}");
    let on_coordinators_side = if side(first) { decided } else { opposite(decided) };
    assert_eq!(on_coordinators_side, Outcome::Commit);
    assert_eq!(balances(&run), (90, 100, 100), "ten are gone");
}

fn opposite(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Commit => Outcome::Abort,
        Outcome::Abort => Outcome::Commit,
    }
}
