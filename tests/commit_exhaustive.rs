//! Every reachable state of one transaction over three participants under two-phase commit, on a network that
//! reorders, loses and repeats messages at will, with a crash at any moment. The number of states is printed.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplight::check::explore::{Plan, Report, explore};
use lamplight::protocol::atomic_commit::{
    BreakRules, COORDINATOR, Command, Operation, Place, Presumption, ResourceOptions, Timer, TwoPhaseCommit,
    TwoPhaseOptions,
};
use lamplight::protocol::{ClientId, NodeId, RequestId};

/// One of the participants; they are all alike, so it is enough that this one crashes.
const PARTICIPANT: NodeId = NodeId(1);

/// One transaction that changes a value at each of three sites.
fn plan(presumption: Presumption) -> Plan<TwoPhaseCommit> {
    let add = |site: u16| Operation::Add { at: Place::new(NodeId(site), "account"), amount: 1 };
    let command = Command::Transaction { operations: (1..=3).map(add).collect() };
    Plan {
        nodes: 4,
        options: TwoPhaseOptions {
            presumption,
            resources: ResourceOptions { checkpoint_records: 0, ..ResourceOptions::default() },
            ..TwoPhaseOptions::default()
        },
        requests: vec![(COORDINATOR, ClientId(0), RequestId(1), command)],
        firings: |_, _| 0,
        crashes: 0,
        may_crash: |_| false,
        slow_disk: |_| false,
        states_max: 3_000_000,
    }
}

fn participant_crashes(presumption: Presumption) -> Plan<TwoPhaseCommit> {
    Plan { crashes: 1, may_crash: |node| node == PARTICIPANT, ..plan(presumption) }
}

fn coordinator_crashes(presumption: Presumption) -> Plan<TwoPhaseCommit> {
    Plan { crashes: 1, may_crash: |node| node == COORDINATOR, ..plan(presumption) }
}

fn run(name: &str, plan: &Plan<TwoPhaseCommit>) -> Report<TwoPhaseCommit> {
    let report = explore(plan);
    println!(
        "two-phase commit, presumed {:?}, {name}: {} states, {} transitions, depth {}, {} messages",
        plan.options.presumption, report.states, report.transitions, report.depth, report.envelopes,
    );
    report
}

fn assert_all_is_well(name: &str, plan: &Plan<TwoPhaseCommit>) {
    let report = run(name, plan);
    assert!(report.complete, "{name}: not all states were visited");
    assert!(report.counterexample.is_none(), "{name}: {:?}", report.counterexample);
}

/// AC1 to AC3, isolation, durability and locks, in every state.
fn no_state_violates_an_invariant(presumption: Presumption) {
    let slow = Plan { slow_disk: |_| true, ..plan(presumption) };
    assert_all_is_well("every disk slow", &slow);
    assert_all_is_well("a participant crashes", &participant_crashes(presumption));
    assert_all_is_well("the coordinator crashes", &coordinator_crashes(presumption));
}

#[test]
fn no_state_violates_an_invariant_under_presumed_abort() {
    no_state_violates_an_invariant(Presumption::Abort);
    let slow = Plan { slow_disk: |node| node == PARTICIPANT, ..participant_crashes(Presumption::Abort) };
    assert_all_is_well("a participant with a slow disk crashes", &slow);
}

#[test]
fn no_state_violates_an_invariant_under_presumed_commit() {
    no_state_violates_an_invariant(Presumption::Commit);
}

#[test]
fn no_state_violates_an_invariant_under_presumed_nothing() {
    no_state_violates_an_invariant(Presumption::Nothing);
}

/// The invariant that is violated first, and after how many steps, if a rule is broken.
fn broken(name: &str, break_rules: BreakRules, plan: Plan<TwoPhaseCommit>) -> (&'static str, usize) {
    let options = TwoPhaseOptions { break_rules, ..plan.options.clone() };
    let Some(found) = run(name, &Plan { options, ..plan }).counterexample else {
        panic!("{name}: not found")
    };
    println!("  {} after {} steps: {:?}", found.violation.name(), found.steps.len(), found.violation);
    (found.violation.name(), found.steps.len())
}

#[test]
fn each_rule_that_is_broken_on_purpose_is_found_by_a_shortest_run() {
    let rules = BreakRules { commit_on_majority: true, ..BreakRules::default() };
    let (name, steps) = broken("commit on a majority", rules, plan(Presumption::Abort));
    assert_eq!(name, "AC3");
    assert!(steps < 25, "a shortest run has {steps} steps");

    let rules = BreakRules { abort_alone_while_in_doubt: true, ..BreakRules::default() };
    let fires = |node, timer| u8::from(node == PARTICIPANT && matches!(timer, Timer::Decision(_)));
    let impatient = Plan { firings: fires, ..plan(Presumption::Abort) };
    let (name, _) = broken("abort alone while in doubt", rules, impatient);
    assert_eq!(name, "AC1");

    let rules = BreakRules { vote_before_prepare_is_durable: true, ..BreakRules::default() };
    let crashes = Plan { slow_disk: |node| node == PARTICIPANT, ..participant_crashes(Presumption::Abort) };
    let (name, _) = broken("vote before the prepared record is durable", rules, crashes);
    assert!(matches!(name, "AC1" | "AC2" | "durability"), "{name}");
}
