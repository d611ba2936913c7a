//! Every scenario of three-phase commit shows what it says, whatever the seed.

use super::tests::{FIRST, Run};
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::three_phase::ThreePhase;
use crate::protocol::atomic_commit::{Outcome, Reason, ThreePhaseCommit};
use crate::scenario::Presets;

fn run(name: &str, seed: u64, until_us: u64) -> Run<ThreePhase> {
    Run::of(name, seed, until_us)
}

/// What the participants did with the first transaction.
fn outcomes(run: &Run<ThreePhase>) -> Vec<Option<Outcome>> {
    let sites = run.cluster.nodes().iter().flatten().filter_map(|node| node.site());
    sites.map(|site| site.ended(FIRST).and_then(|ended| ended.outcome())).collect()
}

#[test]
fn every_scenario_inside_the_assumptions_ends_well() {
    for preset in ThreePhaseCommit::presets() {
        if !["partition", "late"].contains(&preset.name) {
            run(preset.name, preset.seed, 6_000_000).assert_ends_well(preset.name);
        }
    }
}

#[test]
fn a_calm_transaction_pre_commits_and_commits() {
    let run = run("commit", 7, 400_000);
    assert!(run.has(|reason| matches!(reason, Reason::PreCommits { participants: 3, .. })));
    assert_eq!((run.balance("alice"), run.balance("bob"), run.balance("carol")), (90, 90, 120));
}

#[test]
fn the_crash_that_blocks_two_phase_commit_does_not_block() {
    for seed in 0..10 {
        assert_eq!(run("where-two-phase-blocks", seed, 45_000).in_doubt(), 3);
        let after = run("where-two-phase-blocks", seed, 590_000);
        assert_eq!(outcomes(&after), [Some(Outcome::Abort); 3], "TR3, with the coordinator still down");
        assert!(after.cluster.node(NodeId(0)).is_none());
    }
}

#[test]
fn after_the_pre_commit_the_backup_commits() {
    for seed in 0..10 {
        let after = run("committable", seed, 590_000);
        assert_eq!(outcomes(&after), [Some(Outcome::Commit); 3], "TR4");
        assert!(after.has(|reason| matches!(reason, Reason::SomeCommittable { .. })));
    }
}

/// The failure that the third phase is for: some know that all voted yes, and others do not.
#[test]
fn a_coordinator_that_dies_half_way_through_its_pre_commits_leaves_no_split() {
    for seed in 0..10 {
        let after = run("half-told", seed, 590_000);
        assert_eq!(outcomes(&after), [Some(Outcome::Commit); 3], "TR4");
        let some = |reason: &Reason| matches!(reason, Reason::SomeCommittable { committable: 1, up: 3, .. });
        assert!(after.has(some), "one of three was told");
        let after = run("half-told-and-gone", seed, 590_000);
        assert_eq!(outcomes(&after), [Some(Outcome::Abort); 3], "TR3, and n2 follows");
    }
}

/// The known limit, outside what Skeen assumes: AC1 is violated, by one of each side.
#[test]
fn a_partition_splits_the_decision() {
    for seed in 0..10 {
        let after = run("partition", seed, 800_000);
        assert_eq!(after.seen.violations.first(), Some(&"AC1"));
        let (commit, abort) = (Some(Outcome::Commit), Some(Outcome::Abort));
        assert_eq!(outcomes(&after), [commit, abort, abort]);
    }
}

#[test]
fn a_delay_beyond_the_bound_splits_the_decision_without_any_loss() {
    for seed in 0..10 {
        let after = run("late", seed, 1_000_000);
        assert_eq!(after.seen.violations.first(), Some(&"AC1"));
        assert!(after.has(|reason| matches!(reason, Reason::CommitsAfterPreCommit { silent: 3, .. })));
        assert_eq!(outcomes(&after), [Some(Outcome::Abort); 3]);
    }
}

#[test]
fn after_a_total_failure_nobody_decides_before_the_last_one_is_back() {
    for seed in 0..10 {
        assert!(run("total-failure", seed, 640_000).in_doubt() > 0);
        let after = run("total-failure", seed, 3_000_000);
        assert!(after.has(|reason| matches!(reason, Reason::TotalFailure { processes: 4, .. })));
        assert_eq!(outcomes(&after), [Some(Outcome::Abort); 3]);
    }
}
