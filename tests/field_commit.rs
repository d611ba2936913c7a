//! Inputs with which atomic commit once broke its promises, each with the outcome that is right, and with the rule
//! that makes the difference broken, so that it is seen that the input still gets there.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod commit_run;

use commit_run::Run;
use lamplight::check::range::check;
use lamplight::check::run::{Plan, Subject};
use lamplight::protocol::atomic_commit::three_phase::ThreePhaseCommit;
use lamplight::protocol::atomic_commit::two_phase::TwoPhase;
use lamplight::protocol::atomic_commit::{Answer, BreakRules, Outcome, Reason, Refusal, TwoPhaseCommit};
use lamplight::protocol::{ClientId, NodeId};
use lamplight::scenario::{Scenario, json};

/// A file of `tests/field/commit`.
fn scenario(name: &str) -> Scenario<TwoPhaseCommit> {
    let path = format!("{}/tests/field/commit/{name}.json", env!("CARGO_MANIFEST_DIR"));
    json::read(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The run of a file up to a moment.
fn run(name: &str, until_us: u64, break_rules: BreakRules) -> Run<TwoPhase> {
    let scenario = scenario(name);
    let mut setup = (*scenario.setup).clone();
    setup.options.break_rules = break_rules;
    let mut run = Run::new(setup, scenario.seed);
    run.until_us(until_us);
    run
}

/// How the sites ended the first transaction, as far as they know.
fn outcomes(run: &Run<TwoPhase>) -> Vec<Option<Outcome>> {
    let sites = run.cluster.nodes().iter().flatten().filter_map(|node| node.site());
    sites.map(|site| site.ended(commit_run::FIRST).and_then(|ended| ended.outcome())).collect()
}

fn answers_to_first_client(run: &Run<TwoPhase>) -> Vec<&Answer> {
    run.seen.answers.iter().filter(|(client, _)| *client == ClientId(0)).map(|(_, answer)| answer).collect()
}

/// A site that was asked by another one in doubt, while its own prepared record was on its way to the disk, aborted and
/// said so before the record of that was durable. A crash then left the prepared record alone. (The scenario
/// `two-phase-commit/abort-told-early` shows it with the rule broken.)
#[test]
fn an_abort_is_told_once_it_is_durable() {
    let kept = run("abort-told-before-durable", 1_500_000, BreakRules::default());
    kept.assert_no_violation();
    kept.assert_everyone_has_decided();
    let outcomes = outcomes(&kept);
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0] && outcome.is_some()), "{outcomes:?}");
    let told = answers_to_first_client(&kept);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(matches!(told[0], Answer::Committed { .. }), outcomes[0] == Some(Outcome::Commit));
}

/// The same under presumed commit, where the coordinator forgets an abort as soon as all have acknowledged it or voted
/// no.
#[test]
fn presumed_commit_survives_the_seed_that_once_broke_it() {
    let setup = Box::new((*scenario("presumed-commit-check-seed-3").setup).clone());
    let report = check(&Subject::Setup(setup), 3..4, Plan::of::<TwoPhaseCommit>(), 1);
    assert!(report.failures.is_empty(), "{:?}", report.failures[0].1.finding);
}

/// The only participant had committed and forgotten it when the coordinator, which had not heard of it, asked again.
/// (The input found was 142 KB long; with fewer outcomes kept it is short.)
#[test]
fn what_was_left_to_one_is_not_forgotten_before_the_coordinator_knows_it() {
    let kept = run("one-phase-forgotten", 12_000_000, BreakRules::default());
    kept.assert_no_violation();
    assert!(matches!(answers_to_first_client(&kept)[..], [Answer::Committed { .. }]));
    assert_eq!(kept.balance(1, "T1"), 7);

    let rules = BreakRules { forget_decision_left_to_one: true, ..BreakRules::default() };
    let broken = run("one-phase-forgotten", 12_000_000, rules);
    assert!(matches!(answers_to_first_client(&broken)[..], [Answer::Aborted { .. }]));
    assert_eq!(broken.balance(1, "T1"), 7);
    assert!(broken.seen.violation.is_some());
}

/// A client was told that its request was aborted. After a crash of the coordinator a late copy of the request was
/// carried out.
#[test]
fn a_request_that_was_aborted_is_never_committed() {
    let kept = run("aborted-yet-committed", 4_000_000, BreakRules::default());
    kept.assert_no_violation();
    assert!(matches!(answers_to_first_client(&kept)[..], [Answer::Aborted { .. }]));
    assert_eq!((kept.balance(1, "alice"), kept.balance(2, "bob")), (100, 100));
    let coordinator = kept.cluster.node(NodeId(0)).unwrap();
    assert_eq!(coordinator.incarnation(), 2, "the late copy reaches a coordinator that was started anew");

    let rules = BreakRules { tell_abort_before_it_is_remembered: true, ..BreakRules::default() };
    let broken = run("aborted-yet-committed", 4_000_000, rules);
    assert_eq!((broken.balance(1, "alice"), broken.balance(2, "bob")), (90, 110));
    assert!(broken.seen.violation.is_some_and(|(_, violation)| violation.name() == "one outcome"));
}

/// A client's first request was committed by the only site that it concerned, and so was its second. A copy of the first
/// one then came to a coordinator that had been started anew. The site knows that the client has gone on, and not how the
/// first request ended; the copy was called aborted for that. (Found by seed 91000035 of three nodes.)
#[test]
fn an_old_request_that_was_committed_is_not_called_aborted() {
    let kept = run("old-request-called-aborted", 3_000_000, BreakRules::default());
    kept.assert_no_violation();
    let reasons = &kept.seen.reasons;
    assert!(reasons.contains(&(NodeId(1), Reason::IgnoresOldRequest { request_of: ClientId(0) })));
    assert!(reasons.contains(&(NodeId(0), Reason::RefusesCommand { why: Refusal::Stale })));
    assert_eq!(kept.balance(1, "alice"), 6);

    let rules = BreakRules { call_old_request_aborted: true, ..BreakRules::default() };
    let broken = run("old-request-called-aborted", 3_000_000, rules);
    assert!(broken.seen.violation.is_some_and(|(_, violation)| violation.name() == "one outcome"));
}

/// The record that a client is refused and that of the decision are written together, and a torn write may leave only the
/// first. Whoever finds it has decided to abort: it tells the client so, and must not ask others what was decided. (Found
/// by a seed of five nodes and one of three.)
#[test]
fn a_refusal_without_its_decision_says_that_the_decision_was_taken() {
    for (nodes, seed) in [(5, 95_500_416), (3, 95_303_517)] {
        let subject: Subject<ThreePhaseCommit> = Subject::Protocol { nodes, adjust: |_| {}, broken: None };
        let report = check(&subject, seed..seed + 1, Plan::of::<ThreePhaseCommit>(), 1);
        assert!(report.failures.is_empty(), "{:?}", report.failures[0].1.finding);
    }
}
