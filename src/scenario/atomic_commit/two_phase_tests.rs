//! Every scenario of two-phase commit shows what it says, whatever the seed.

use super::tests::{FIRST, Run, SECOND};
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::two_phase::TwoPhase;
use crate::protocol::atomic_commit::{
    AbortCause, Answer, BranchState, COORDINATOR, Duty, NoVote, Outcome, Reason, Record, TwoPhaseCommit,
    Write,
};
use crate::scenario::Presets;

fn run(name: &str, seed: u64, until_us: u64) -> Run<TwoPhase> {
    Run::of(name, seed, until_us)
}

#[test]
fn every_scenario_ends_well() {
    for preset in TwoPhaseCommit::presets().iter().filter(|preset| preset.name != "abort-told-early") {
        run(preset.name, preset.seed, 6_000_000).assert_ends_well(preset.name);
    }
}

#[test]
fn the_calm_one_commits_three_transfers() {
    for seed in 0..10 {
        let run = run("commit", seed, 400_000);
        assert_eq!((run.balance("alice"), run.balance("bob")), (85, 115));
        assert_eq!(run.seen.answers.len(), 3);
    }
}

#[test]
fn the_moments_are_where_the_scripts_expect_them() {
    for seed in 0..10 {
        let before = |until_us| run("commit", seed, until_us);
        let votes = |run: &Run<TwoPhase>| {
            let coordinator = run.cluster.node(COORDINATOR).unwrap().coordinator().unwrap();
            coordinator.transactions().next().map(|(_, book)| book.votes.len())
        };
        assert_eq!(before(39_000).in_doubt(), 2, "both have voted");
        assert_eq!(votes(&before(39_000)), Some(0), "and the votes are under way");
        let deciding = before(41_500);
        assert_eq!(votes(&deciding), Some(2));
        let log = deciding.cluster.node(COORDINATOR).unwrap().log();
        assert!(matches!(log.entries().last().unwrap().record, Record::Commit { .. }) && !log.is_durable());
    }
}

#[test]
fn an_abort_that_waits_for_its_disk_is_told_to_nobody_before() {
    for seed in 0..10 {
        let kept = run("abort-waits-for-disk", seed, 1_500_000);
        assert!(kept.has(|reason| matches!(reason, Reason::AbortsUnvotedWhenAsked { .. })), "it is asked");
        assert_eq!(outcomes(&kept), [Some(Outcome::Commit); 3]);
        assert!(kept.seen.violations.is_empty());
        let broken = run("abort-told-early", seed, 1_500_000);
        assert!(broken.seen.violations.contains(&"AC1"), "{:?}", broken.seen.violations);
        assert!(outcomes(&broken).contains(&Some(Outcome::Abort)));
        assert!(outcomes(&broken).contains(&Some(Outcome::Commit)));
    }
}

#[test]
fn a_no_vote_takes_everything_back() {
    let run = run("no-vote", 7, 400_000);
    let why = AbortCause::VotedNo { site: NodeId(1), why: NoVote::Overdrawn };
    assert_eq!(run.seen.answers, [Answer::Aborted { transaction: FIRST, why }]);
    assert_eq!((run.balance("alice"), run.balance("bob")), (100, 100));
}

#[test]
fn a_vote_that_does_not_come_makes_the_coordinator_abort() {
    let run = run("vote-timeout", 7, 1_000_000);
    let why = AbortCause::VoteTimeout { missing: 1 };
    assert_eq!(run.seen.answers, [Answer::Aborted { transaction: FIRST, why }]);
    assert_eq!((run.balance("alice"), run.balance("bob")), (100, 100));
}

/// What the participants did with the first transaction.
fn outcomes(run: &Run<TwoPhase>) -> Vec<Option<Outcome>> {
    let sites = run.cluster.nodes().iter().flatten().filter_map(|node| node.site());
    sites.map(|site| site.ended(FIRST).and_then(|ended| ended.outcome())).collect()
}

#[test]
fn half_a_millisecond_between_abort_and_commit() {
    for (name, outcome) in
        [("crash-before-decision", Outcome::Abort), ("crash-after-decision", Outcome::Commit)]
    {
        for seed in 0..10 {
            assert_eq!(run(name, seed, 390_000).in_doubt(), 2, "{name}: both wait for the coordinator");
            let after = run(name, seed, 1_000_000);
            assert_eq!(outcomes(&after), [Some(outcome); 2], "{name}");
        }
    }
}

#[test]
fn everyone_is_in_doubt_until_the_coordinator_returns_and_another_waits_for_a_lock() {
    for seed in 0..10 {
        let blocked = run("everyone-in-doubt", seed, 800_000);
        assert_eq!(blocked.in_doubt(), 3);
        assert!(blocked.has(|reason| matches!(reason, Reason::Blocked { participants: 3, .. })));
        let bob = blocked.cluster.node(NodeId(2)).unwrap().site().unwrap();
        assert_eq!(bob.locks().waits_for(SECOND), [FIRST], "the second transfer waits for the first");
        assert_eq!(run("everyone-in-doubt", seed, 1_490_000).in_doubt(), 3, "they would wait for ever");
        assert_eq!(run("everyone-in-doubt", seed, 2_500_000).in_doubt(), 0);
    }
}

#[test]
fn whoever_knows_helps_those_in_doubt() {
    for seed in 0..10 {
        let before = run("cooperation", seed, 100_000);
        assert_eq!((before.in_doubt(), before.branch(1, FIRST).is_none()), (2, true));
        let after = run("cooperation", seed, 590_000);
        assert_eq!(after.in_doubt(), 0, "while the coordinator is still down");
        assert!(after.cluster.node(COORDINATOR).is_none());
        assert_eq!(outcomes(&after), [Some(Outcome::Commit); 3]);
    }
}

/// Messages and forced writes of the three transactions, as the scenarios' texts count them.
fn costs(name: &str) -> Vec<(usize, usize)> {
    let bounds = [20_000, 150_000, 300_000, 600_000];
    let forced_by = |until_us: u64| {
        let run = run(name, 7, until_us);
        let entries = run.cluster.nodes().iter().flatten().flat_map(|node| node.log().entries());
        entries.filter(|entry| entry.write == Write::Forced && entry.record.is_commit_protocol()).count()
    };
    let whole = run(name, 7, 600_000);
    let between = |from_us: u64, to_us: u64| {
        whole.seen.messages.iter().filter(|sent_us| (from_us..to_us).contains(sent_us)).count()
    };
    let windows = bounds.windows(2);
    windows.map(|w| (between(w[0], w[1]), forced_by(w[1]) - forced_by(w[0]))).collect()
}

/// The texts of the two scenarios are held to what is counted.
#[test]
fn presumed_abort_and_presumed_commit_cost_what_their_texts_say() {
    assert_eq!(costs("presumed-abort"), [(8, 5), (5, 1), (4, 0)]);
    assert_eq!(costs("presumed-commit"), [(6, 4), (6, 4), (4, 1)]);
}

#[test]
fn a_reader_drops_out_and_writes_nothing() {
    let run = run("read-only", 7, 400_000);
    let reader = run.cluster.node(NodeId(3)).unwrap();
    assert!(reader.log().entries().iter().all(|entry| !entry.record.is_commit_protocol()));
    assert!(run.seen.reasons.contains(&(NodeId(3), Reason::VotesReadOnly { transaction: FIRST })));
    assert_eq!((run.balance("alice"), run.balance("bob")), (70, 130));
}

#[test]
fn a_circle_of_two_is_seen_and_the_younger_one_is_aborted() {
    for seed in 0..10 {
        let run = run("deadlock", seed, 400_000);
        assert!(
            run.has(|reason| matches!(reason, Reason::BreaksDeadlock { transaction: SECOND, length: 2 }))
        );
        assert!(
            run.seen.answers.contains(&Answer::Aborted { transaction: SECOND, why: AbortCause::Deadlock })
        );
        assert_eq!((run.balance("alice"), run.balance("bob")), (70, 130));
    }
}

#[test]
fn nobody_keeps_out_and_no_scenario_ends_in_the_middle_of_work() {
    for preset in TwoPhaseCommit::presets() {
        let run = run(preset.name, preset.seed, 6_000_000);
        for node in run.cluster.nodes().iter().flatten() {
            assert_eq!(node.duty(), Duty::TakesPart, "{}", preset.name);
        }
        let site = |site: u16| run.branch(site, FIRST).map(|branch| branch.state);
        assert_eq!([site(1), site(2)], [None::<BranchState>; 2], "{}", preset.name);
    }
}
