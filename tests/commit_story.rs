//! Atomic commit on the virtual cluster: the moments that the protocols are about, told as stories.
//!
//! `n1` coordinates; alice's account is at `n2`, bob's at `n3`, carol's at `n4`. Everybody begins with 100.
//! (In the code nodes are counted from 0: alice's site is 1.)

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod commit_run;

use commit_run::{FIRST, Run, at, transfer};
use lamplight::protocol::atomic_commit::two_phase::TwoPhase;
use lamplight::protocol::atomic_commit::{
    AbortCause, Answer, BranchState, Command, DeadlockHandling, Duty, GaveUp, Message, NoVote, Operation,
    OutBecause, Outcome, Presumption, Reason, Record, ResourceOptions, TransactionId, TwoPhaseOptions, Vote,
};
use lamplight::protocol::{NodeId, Participant, Standing};
use lamplight::sim::{Address, Intervention, LinkOptions, Unsynced};

const ALICE: (u16, &str) = (1, "alice");
const BOB: (u16, &str) = (2, "bob");

/// 30 from alice to bob.
fn thirty() -> Command {
    transfer(at(ALICE.0, ALICE.1), at(BOB.0, BOB.1), 30)
}

fn presumed(presumption: Presumption) -> TwoPhaseOptions {
    TwoPhaseOptions { presumption, ..TwoPhaseOptions::default() }
}

fn cluster(options: TwoPhaseOptions) -> Run<TwoPhase> {
    Run::ready(2, options)
}

/// The balances of alice and bob.
fn balances(run: &Run<TwoPhase>) -> (i64, i64) {
    (run.balance(ALICE.0, ALICE.1), run.balance(BOB.0, BOB.1))
}

fn both_are_in_doubt(run: &Run<TwoPhase>) -> bool {
    let prepared = |site| run.branch(site, FIRST).is_some_and(|b| b.state == BranchState::Prepared);
    prepared(1) && prepared(2)
}

fn cut(run: &mut Run<TwoPhase>, from: u16, to: u16) {
    let [from, to] = [from, to].map(|node| Address::Node(NodeId(node)));
    run.act(Intervention::Cut { from, to, both_ways: false });
}

fn only_answer(run: &Run<TwoPhase>) -> &Answer {
    assert_eq!(run.seen.answers.len(), 1, "{:?}", run.seen.answers);
    &run.seen.answers[0].1
}

#[test]
fn a_transfer_moves_the_money_once_all_have_voted_yes() {
    let mut run = cluster(TwoPhaseOptions::default());
    run.command(0, thirty());
    run.for_us(500_000);
    let Answer::Committed { readings, .. } = only_answer(&run) else { panic!("it was not committed") };
    assert_eq!(readings.iter().map(|reading| reading.value).collect::<Vec<_>>(), [70, 130]);
    assert_eq!(balances(&run), (70, 130));
    run.assert_no_violation();
    run.assert_everyone_has_decided();
}

#[test]
fn one_no_vote_is_enough_to_abort() {
    let mut run = cluster(TwoPhaseOptions::default());
    run.command(0, transfer(at(ALICE.0, ALICE.1), at(BOB.0, BOB.1), 101));
    run.for_us(500_000);
    let why = AbortCause::VotedNo { site: NodeId(1), why: NoVote::Overdrawn };
    assert_eq!(*only_answer(&run), Answer::Aborted { transaction: FIRST, why });
    assert_eq!(balances(&run), (100, 100), "what was changed in place is undone");
    run.assert_no_violation();
}

#[test]
fn a_participant_that_does_not_vote_in_time_makes_the_coordinator_abort() {
    let mut run = cluster(TwoPhaseOptions::default());
    run.command(0, thirty());
    run.until("votes are asked for", |run| run.has_reason(|r| matches!(r, Reason::AsksForVotes { .. })));
    run.crash(2);
    run.for_us(1_000_000);
    let why = AbortCause::VoteTimeout { missing: 1 };
    assert_eq!(*only_answer(&run), Answer::Aborted { transaction: FIRST, why });
    run.restart(2);
    run.for_us(500_000);
    assert_eq!(balances(&run), (100, 100));
    run.assert_no_violation();
    run.assert_everyone_has_decided();
}

/// §7.4: without a decision on record the coordinator aborts when it recovers.
#[test]
fn a_coordinator_that_crashes_before_its_decision_is_durable_aborts() {
    for presumption in [Presumption::Nothing, Presumption::Abort, Presumption::Commit] {
        let mut run = cluster(presumed(presumption));
        run.command(0, thirty());
        run.until("the decision is on its way to the disk", |run| {
            run.has_reason(|r| matches!(r, Reason::DecidesCommit { .. }))
        });
        run.crash(0);
        run.for_us(300_000);
        assert!(both_are_in_doubt(&run), "nobody can decide: {presumption:?}");
        run.restart(0);
        run.until("the participants have decided", |run| !both_are_in_doubt(run));
        run.for_us(50_000);
        // The client asks again in the meantime, and that is a new transaction unless this one is on record.
        let aborted = |site: u16| {
            let log = run.cluster.node(NodeId(site)).unwrap().log();
            log.entries().iter().any(|e| matches!(e.record, Record::Abort { transaction: FIRST, .. }))
        };
        assert!(aborted(1) && aborted(2), "{presumption:?}");
        run.for_us(2_000_000);
        run.assert_no_violation();
        run.assert_everyone_has_decided();
        let (alice, bob) = balances(&run);
        assert_eq!(alice + bob, 200, "{presumption:?}");
    }
}

#[test]
fn a_coordinator_that_crashes_after_its_decision_is_durable_commits() {
    for presumption in [Presumption::Nothing, Presumption::Abort, Presumption::Commit] {
        let mut run = cluster(presumed(presumption));
        run.command(0, thirty());
        run.until("the decision is on its way to the disk", |run| {
            run.has_reason(|r| matches!(r, Reason::DecidesCommit { .. }))
        });
        run.act(Intervention::Crash { node: NodeId(0), unsynced: Unsynced::Kept, unsent: 0 });
        run.for_us(300_000);
        assert!(both_are_in_doubt(&run), "{presumption:?}");
        run.restart(0);
        run.for_us(2_000_000);
        assert_eq!(balances(&run), (70, 130), "{presumption:?}");
        assert!(matches!(only_answer(&run), Answer::Committed { transaction: FIRST, .. }));
        run.assert_no_violation();
        run.assert_everyone_has_decided();
    }
}

/// §7.4: two-phase commit can block, whatever the participants say to each other.
#[test]
fn when_everybody_is_in_doubt_nobody_can_decide_and_the_locks_stay() {
    let mut run = cluster(TwoPhaseOptions::default());
    run.command(0, thirty());
    run.until("all are in doubt", both_are_in_doubt);
    run.crash(0);
    run.until("they find that they are stuck", |run| {
        let stuck =
            |node| move |(n, r): &(NodeId, Reason)| *n == NodeId(node) && matches!(r, Reason::Blocked { .. });
        run.seen.reasons.iter().any(stuck(1)) && run.seen.reasons.iter().any(stuck(2))
    });
    run.for_us(30_000_000);
    assert!(both_are_in_doubt(&run), "half a minute later they are where they were");
    for site in [1, 2] {
        let node = run.cluster.node(NodeId(site)).unwrap();
        assert_eq!(node.lane().standing, Standing::Blocked);
        assert_eq!(node.site().unwrap().locks().held_by(FIRST), 1);
        assert!(run.branch(site, FIRST).unwrap().in_doubt_since_us.is_some());
    }
    run.restart(0);
    run.for_us(2_000_000);
    run.assert_everyone_has_decided();
    run.assert_no_violation();
}

#[test]
fn cooperative_termination_succeeds_where_one_participant_knows() {
    let mut run = cluster(TwoPhaseOptions::default());
    run.command(0, thirty());
    run.until("all are in doubt", both_are_in_doubt);
    cut(&mut run, 0, 2);
    run.until("one has learnt the decision", |run| run.branch(1, FIRST).is_none());
    run.crash(0);
    run.for_us(500_000);
    assert!(run.branch(2, FIRST).is_none(), "it has asked the other one");
    let asked = |(n, r): &(NodeId, Reason)| {
        *n == NodeId(2)
            && matches!(r, Reason::LearnsDecision { from: NodeId(1), outcome: Outcome::Commit, .. })
    };
    assert!(run.seen.reasons.iter().any(asked));
    assert_eq!(balances(&run), (70, 130));
    run.assert_no_violation();
}

#[test]
fn without_cooperation_only_the_coordinator_can_help() {
    let mut run = cluster(TwoPhaseOptions { cooperative_termination: false, ..TwoPhaseOptions::default() });
    run.command(0, thirty());
    run.until("all are in doubt", both_are_in_doubt);
    cut(&mut run, 0, 2);
    run.until("one has learnt the decision", |run| run.branch(1, FIRST).is_none());
    run.crash(0);
    run.for_us(5_000_000);
    assert!(run.branch(2, FIRST).is_some(), "it does not ask the one that knows");
}

#[test]
fn whoever_has_not_voted_aborts_when_asked_and_so_frees_the_one_in_doubt() {
    let mut run = cluster(TwoPhaseOptions::default());
    run.command(0, thirty());
    run.until("the work is done", |run| {
        run.seen.messages.iter().filter(|(_, _, m)| matches!(m, Message::Worked { .. })).count() == 2
    });
    cut(&mut run, 0, 2);
    run.until("one has voted", |run| {
        run.seen.messages.iter().any(|(_, _, m)| matches!(m, Message::Vote { vote: Vote::Yes, .. }))
    });
    run.crash(0);
    run.for_us(300_000);
    assert_eq!((run.branch(1, FIRST), run.branch(2, FIRST)), (None, None));
    assert_eq!(balances(&run), (100, 100));
    let gave_up = |(n, r): &(NodeId, Reason)| {
        *n == NodeId(2) && matches!(r, Reason::AbortsUnvotedWhenAsked { by: NodeId(1), .. })
    };
    assert!(run.seen.reasons.iter().any(gave_up));
    run.assert_no_violation();
}

#[test]
fn a_participant_that_crashes_in_doubt_comes_back_in_doubt_with_its_locks_and_asks() {
    for presumption in [Presumption::Nothing, Presumption::Abort, Presumption::Commit] {
        let mut run = cluster(presumed(presumption));
        run.command(0, thirty());
        run.until("all are in doubt", both_are_in_doubt);
        run.crash(2);
        run.until("the other one knows", |run| run.branch(1, FIRST).is_none());
        run.crash(0);
        run.crash(1);
        run.restart(2);
        run.for_us(300_000);
        assert!(run.branch(2, FIRST).is_some_and(|branch| branch.recovered), "{presumption:?}");
        let locks = run.cluster.node(NodeId(2)).unwrap().site().unwrap().locks().held_by(FIRST);
        assert_eq!(locks, 1, "{presumption:?}");
        run.restart(0);
        run.restart(1);
        run.for_us(1_000_000);
        assert_eq!(balances(&run), (70, 130), "{presumption:?}");
        run.assert_no_violation();
        run.assert_everyone_has_decided();
    }
}

/// Mohan, Lindsay and Obermarck 1986: what presumed abort saves.
#[test]
fn presumed_abort_forgets_at_once_and_presumed_nothing_waits_for_everybody() {
    let overdraft = transfer(at(ALICE.0, ALICE.1), at(BOB.0, BOB.1), 101);
    for (presumption, open) in [(Presumption::Abort, 0), (Presumption::Nothing, 1), (Presumption::Commit, 1)]
    {
        let mut run = cluster(presumed(presumption));
        run.command(0, overdraft.clone());
        run.until("bob's site is in doubt", |run| {
            run.branch(2, FIRST).is_some_and(|branch| branch.state == BranchState::Prepared)
        });
        run.crash(2);
        run.for_us(300_000);
        let coordinator = run.cluster.node(NodeId(0)).unwrap().coordinator().unwrap();
        assert_eq!(coordinator.transactions().count(), open, "{presumption:?}");
        run.restart(2);
        run.for_us(1_000_000);
        assert_eq!(balances(&run), (100, 100));
        run.assert_everyone_has_decided();
        run.assert_no_violation();
    }
}

/// Two transfers in opposite directions, each of which gets its first lock before the other gets its second.
fn deadlock(handling: DeadlockHandling) -> Run<TwoPhase> {
    let resources = ResourceOptions { deadlock: handling, ..ResourceOptions::default() };
    let mut run = cluster(TwoPhaseOptions { resources, ..TwoPhaseOptions::default() });
    let link = |options| {
        let (from, to) = (Address::Node(NodeId(0)), Address::Node(NodeId(2)));
        Intervention::Link { from, to, options }
    };
    run.act(link(Some(LinkOptions { latency_us_min: 40_000, ..LinkOptions::default() })));
    run.command(0, thirty());
    run.until("the first one is at work", |run| run.branch(1, FIRST).is_some());
    run.act(link(None));
    run.command(1, transfer(at(BOB.0, BOB.1), at(ALICE.0, ALICE.1), 10));
    run.until("both are answered", |run| run.seen.answers.len() == 2);
    run.for_us(100_000);
    run.assert_no_violation();
    run
}

const SECOND: TransactionId = TransactionId { incarnation: 1, number: 2 };

/// §3.11: no site alone sees a circle that goes through two of them.
#[test]
fn a_deadlock_across_two_sites_is_seen_and_the_youngest_is_aborted() {
    let run = deadlock(DeadlockHandling::WaitForGraph);
    assert!(run.has_reason(|r| matches!(r, Reason::BreaksDeadlock { transaction: SECOND, length: 2 })));
    let aborted = Answer::Aborted { transaction: SECOND, why: AbortCause::Deadlock };
    assert!(run.seen.answers.iter().any(|(_, answer)| *answer == aborted));
    assert_eq!(balances(&run), (70, 130));
}

#[test]
fn under_wait_die_the_younger_one_dies_and_no_circle_forms() {
    let run = deadlock(DeadlockHandling::WaitDie);
    let why = AbortCause::GaveUp { site: NodeId(1), why: GaveUp::WaitDie };
    assert!(run.seen.answers.iter().any(|(_, a)| *a == Answer::Aborted { transaction: SECOND, why }));
    assert_eq!(balances(&run), (70, 130));
}

#[test]
fn with_nothing_but_a_time_out_a_deadlock_ends_when_the_time_is_up() {
    let run = deadlock(DeadlockHandling::Timeout);
    let timed_out =
        |answer: &Answer| matches!(answer, Answer::Aborted { why: AbortCause::WorkTimeout { .. }, .. });
    assert!(run.seen.answers.iter().any(|(_, answer)| timed_out(answer)));
}

#[test]
fn a_coordinator_whose_disk_was_lost_keeps_out_and_does_not_presume() {
    for presumption in [Presumption::Abort, Presumption::Commit] {
        let mut run = cluster(presumed(presumption));
        run.command(0, thirty());
        run.until("all are in doubt", both_are_in_doubt);
        run.act(Intervention::LoseDisk { node: NodeId(0) });
        run.restart(0);
        run.for_us(3_000_000);
        let coordinator = run.cluster.node(NodeId(0)).unwrap();
        assert_eq!(coordinator.duty(), Duty::Out(OutBecause::DiskLost));
        assert_eq!(coordinator.lane().standing, Standing::Out);
        assert!(both_are_in_doubt(&run), "nobody knows what it had decided: {presumption:?}");
        assert_eq!(run.seen.answers, []);
        let undecided = run.cluster.monitor().undecided(run.cluster.nodes());
        assert!(undecided.len() == 2 && undecided.iter().all(|entry| entry.with_a_disk_lost));
        run.assert_no_violation();
    }
}

#[test]
fn a_participant_whose_log_is_damaged_keeps_out_and_says_where() {
    let mut run = cluster(TwoPhaseOptions::default());
    run.command(0, thirty());
    run.for_us(500_000);
    run.act(Intervention::CorruptTail { node: NodeId(1) });
    run.restart(1);
    run.for_us(500_000);
    let duty = run.cluster.node(NodeId(1)).unwrap().duty();
    assert!(matches!(duty, Duty::Out(OutBecause::DiskDamaged { at_byte }) if at_byte > 0), "{duty:?}");
    run.command(0, thirty());
    run.for_us(2_000_000);
    let why = AbortCause::WorkTimeout { missing: 1 };
    assert!(matches!(run.seen.answers.last(), Some((_, Answer::Aborted { why: w, .. })) if *w == why));
    run.assert_no_violation();
}

#[test]
fn a_request_that_is_repeated_after_a_crash_of_the_coordinator_is_carried_out_once() {
    // One phase: the coordinator keeps no record, so that only the participant knows.
    let mut run = Run::<TwoPhase>::ready(1, TwoPhaseOptions::default());
    run.command(0, transfer(at(1, "alice"), at(1, "bob"), 30));
    run.until("the participant has decided", |run| {
        run.balance(1, "alice") == 70 && run.branch(1, FIRST).is_none()
    });
    run.crash(0);
    run.restart(0);
    run.for_us(3_000_000);
    assert!(run.has_reason(|r| matches!(r, Reason::CommittedEarlier { earlier: FIRST, .. })));
    assert!(matches!(only_answer(&run), Answer::Committed { transaction: FIRST, .. }));
    assert_eq!((run.balance(1, "alice"), run.balance(1, "bob")), (70, 130));
    run.assert_no_violation();
}

#[test]
fn a_log_that_was_compacted_means_the_same_after_a_restart() {
    let resources = ResourceOptions { checkpoint_records: 8, ..ResourceOptions::default() };
    let mut run = cluster(TwoPhaseOptions { resources, ..TwoPhaseOptions::default() });
    for _ in 0..12 {
        run.command(0, transfer(at(ALICE.0, ALICE.1), at(BOB.0, BOB.1), 5));
    }
    run.until("all are done", |run| run.seen.answers.len() == 12);
    run.for_us(200_000);
    for node in 0..3 {
        let length = run.cluster.node(NodeId(node)).unwrap().log().entries().len();
        assert!(length < 30, "the log of n{} has {length} records", node + 1);
        run.crash(node);
        run.restart(node);
    }
    run.for_us(1_000_000);
    assert_eq!(balances(&run), (40, 160));
    run.assert_no_violation();
    run.assert_everyone_has_decided();
}

#[test]
fn a_command_that_makes_no_sense_is_refused_and_locks_nothing() {
    let mut run = cluster(TwoPhaseOptions::default());
    let read = |site, key: &str| Operation::Read { at: at(site, key) };
    let long = "k".repeat(65);
    let senseless = [
        Command::Transaction { operations: vec![] },
        Command::Transaction { operations: vec![read(1, "a"); 65] },
        Command::Transaction { operations: vec![read(0, "a")] },
        Command::Transaction { operations: vec![read(3, "a")] },
        Command::Transaction { operations: vec![read(1, "")] },
        Command::Transaction { operations: vec![read(1, &long)] },
        transfer(at(1, "a"), at(2, "b"), -1),
        transfer(at(1, "a"), at(2, "b"), i64::MAX),
    ];
    let count = senseless.len();
    for command in senseless {
        run.command(0, command);
    }
    run.for_us(3_000_000);
    assert_eq!(run.seen.answers.len(), count);
    assert!(run.seen.answers.iter().all(|(_, answer)| matches!(answer, Answer::Refused { .. })));
    assert!(run.seen.messages.is_empty());
}
