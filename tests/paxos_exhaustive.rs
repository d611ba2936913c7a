//! Every reachable state of a small Synod: two proposers, three acceptors, two ballots, on a network that
//! reorders, loses and repeats messages at will.
//!
//! The proposers are nodes of their own, so that nothing between the roles is left out of the network's reach.

#![allow(clippy::panic, reason = "tests")]

use lamplight::check::explore::{Plan, Report, explore};
use lamplight::protocol::paxos::Invariant;
use lamplight::protocol::paxos::NodeSet;
use lamplight::protocol::paxos::synod::{Command, Options, Synod};
use lamplight::protocol::{ClientId, NodeId, RequestId};

const PROPOSERS: [NodeId; 2] = [NodeId(0), NodeId(1)];
const ACCEPTORS: [NodeId; 3] = [NodeId(2), NodeId(3), NodeId(4)];

/// Each proposer is asked for a value of its own. No timer fires, so that each begins one ballot: `1.n1` and
/// `1.n2`. Repeated messages stand for everything that the timers would repeat.
fn plan() -> Plan<Synod> {
    let propose = |value: &str| Command::Propose { value: value.into() };
    Plan {
        nodes: 5,
        options: Options {
            proposers: Some(PROPOSERS.into_iter().collect()),
            acceptors: Some(ACCEPTORS.into_iter().collect()),
            learners: Some(NodeSet::EMPTY),
            ..Options::default()
        },
        requests: vec![
            (PROPOSERS[0], ClientId(0), RequestId(1), propose("x")),
            (PROPOSERS[1], ClientId(1), RequestId(1), propose("y")),
        ],
        firings: |_, _| 0,
        crashes: 0,
        may_crash: |_| false,
        slow_disk: |_| false,
        states_max: 3_000_000,
    }
}

fn run(name: &str, plan: &Plan<Synod>) -> Report<Synod> {
    let report = explore(plan);
    println!(
        "{name}: {} states, {} transitions, depth {}, {} messages",
        report.states, report.transitions, report.depth, report.envelopes
    );
    report
}

fn assert_safe(name: &str, plan: &Plan<Synod>) {
    let report = run(name, plan);
    assert!(report.counterexample.is_none(), "{:#?}", report.counterexample);
    assert!(report.complete, "the exploration was cut short");
}

fn assert_found(name: &str, plan: &Plan<Synod>, expected: Invariant) {
    let report = run(name, plan);
    let Some(found) = report.counterexample else { panic!("a broken rule was not noticed") };
    assert_eq!(found.violation.invariant(), expected, "{found:#?}");
}

#[test]
fn no_reachable_state_of_two_ballots_violates_an_invariant() {
    assert_safe("two proposers, three acceptors, two ballots", &plan());
}

/// Acceptors are interchangeable, so it does not matter which of them crashes.
#[test]
fn nor_does_any_in_which_an_acceptor_crashed_and_restarted() {
    let plan = Plan { crashes: 1, may_crash: |node| node == ACCEPTORS[0], ..plan() };
    assert_safe("the same with a crash of one acceptor at any time", &plan);
}

/// "Paxos Made Simple" §2.2, P2c.
#[test]
fn a_proposer_that_ignores_an_accepted_value_is_found() {
    let mut plan = plan();
    plan.options.break_rules.ignore_accepted_value = true;
    assert_found("ignoring the accepted value", &plan, Invariant::P2c);
}

/// "Paxos Made Simple" §2.5: the promise has to survive a restart.
#[test]
fn an_acceptor_that_forgets_its_promise_at_a_restart_is_found() {
    let mut plan = Plan { crashes: 1, may_crash: |node| node == ACCEPTORS[0], ..plan() };
    plan.options.break_rules.forget_promise_at_restart = true;
    assert_found("forgetting a promise", &plan, Invariant::PromisesKept);
}

/// "Flexible Paxos": a quorum of phase 1 that misses a quorum of phase 2 does not hear what it chose.
#[test]
fn quorums_that_do_not_intersect_are_found_and_unequal_ones_that_do_are_safe() {
    let mut plan = plan();
    (plan.options.phase_1_quorum, plan.options.phase_2_quorum) = (Some(3), Some(1));
    assert_safe("quorums of 3 and 1", &plan);
    (plan.options.phase_1_quorum, plan.options.phase_2_quorum) = (Some(1), Some(3));
    assert_safe("quorums of 1 and 3", &plan);
    (plan.options.phase_1_quorum, plan.options.phase_2_quorum) = (Some(2), Some(1));
    plan.options.break_rules.allow_disjoint_quorums = true;
    assert_found("quorums of 2 and 1", &plan, Invariant::P2c);
}
