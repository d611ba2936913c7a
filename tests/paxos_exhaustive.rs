//! Every reachable state of a small Synod: two proposers, three acceptors, two ballots, on a network that
//! reorders, loses and repeats messages at will.
//!
//! The proposers are nodes of their own, so that nothing between the roles is left out of the network's reach.

#![allow(clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use lamplight::check::explore::{Plan, Report, explore, explore_with};
use lamplight::protocol::paxos::synod::{Command, Message, Options, Synod};
use lamplight::protocol::paxos::{Ballot, Invariant, NodeSet};
use lamplight::protocol::{ClientId, Input, NodeId, RequestId};

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

/// A message of Lamport's specification Paxos.tla, as numbers: its kind, its ballot and, where it has them, acceptor,
/// value, and ballot and value of what was accepted. -1 stands for "none".
type Said = (u8, i8, i8, i8, i8, i8);

/// The variables of that specification: `maxBal`, `maxVBal` and `maxVal` of each acceptor, and `msgs`.
type Specified = ([(i8, i8, i8); 3], BTreeSet<Said>);

const VALUES: [&str; 2] = ["x", "y"];
const ONE_A: u8 = 0;
const ONE_B: u8 = 1;
const TWO_A: u8 = 2;
const TWO_B: u8 = 3;

/// A state of ours, seen through those variables. The ballots 0 and 1 are `1.n1` and `1.n2`.
fn seen_as_specified(nodes: &[&Synod], sent: &mut dyn Iterator<Item = (NodeId, &Input<Synod>)>) -> Specified {
    let ballot_number = |ballot: Option<Ballot>| match ballot {
        None => -1,
        Some(Ballot { round: 1, node: NodeId(node) }) if node < 2 => node as i8,
        Some(other) => panic!("{other} is not among the model's ballots"),
    };
    let value_number =
        |value: &str| VALUES.iter().position(|known| *known == value).map_or(-1, |at| at as i8);
    let acceptors = ACCEPTORS.map(|NodeId(number)| {
        let acceptor = nodes[usize::from(number)].acceptor();
        let value = acceptor.accepted.as_ref().map_or(-1, |accepted| value_number(&accepted.value));
        (ballot_number(acceptor.promised), ballot_number(acceptor.accepted_ballot()), value)
    });
    let mut said = BTreeSet::new();
    for (_, input) in sent {
        let Input::Message { from, message } = input else { continue };
        let acceptor = from.0 as i8 - 2;
        match message {
            Message::Prepare { ballot } => {
                said.insert((ONE_A, ballot_number(Some(*ballot)), -1, -1, -1, -1));
            }
            Message::Promise { ballot, accepted } => {
                let accepted_ballot = ballot_number(accepted.as_ref().map(|accepted| accepted.ballot));
                let value = accepted.as_ref().map_or(-1, |accepted| value_number(&accepted.value));
                said.insert((ONE_B, ballot_number(Some(*ballot)), acceptor, -1, accepted_ballot, value));
            }
            Message::Accept(proposal) => {
                let ballot = ballot_number(Some(proposal.ballot));
                said.insert((TWO_A, ballot, -1, value_number(&proposal.value), -1, -1));
            }
            Message::Accepted(proposal) => {
                let ballot = ballot_number(Some(proposal.ballot));
                said.insert((TWO_B, ballot, acceptor, value_number(&proposal.value), -1, -1));
            }
            // The specification has no refusals: whoever refuses says nothing.
            Message::Refused { .. } | Message::Ask { .. } | Message::Chosen(_) => {}
        }
    }
    (acceptors, said)
}

/// All states of the specification itself, written down once more and independently of our code: its four actions over
/// three acceptors, two values, majorities and the ballots 0 and 1.
fn specified() -> BTreeSet<Specified> {
    const QUORUMS: [[usize; 2]; 3] = [[0, 1], [0, 2], [1, 2]];
    let first: Specified = ([(-1, -1, -1); 3], BTreeSet::new());
    let mut known = BTreeSet::from([first.clone()]);
    let mut frontier = vec![first];
    while let Some((acceptors, said)) = frontier.pop() {
        let mut next: Vec<Specified> = Vec::new();
        let with = |message: Said| {
            let mut said = said.clone();
            said.insert(message);
            said
        };
        for ballot in 0..2i8 {
            // Phase1a(b)
            next.push((acceptors, with((ONE_A, ballot, -1, -1, -1, -1))));
            // Phase2a(b, v)
            if said.iter().any(|message| message.0 == TWO_A && message.1 == ballot) {
                continue;
            }
            for (value, quorum) in (0..2i8).flat_map(|value| QUORUMS.map(|quorum| (value, quorum))) {
                let promised: Vec<&Said> = said
                    .iter()
                    .filter(|m| m.0 == ONE_B && m.1 == ballot && quorum.contains(&(m.2 as usize)))
                    .collect();
                let all = quorum.iter().all(|a| promised.iter().any(|m| m.2 as usize == *a));
                let voted: Vec<&&Said> = promised.iter().filter(|m| m.4 >= 0).collect();
                let highest = voted.iter().map(|m| m.4).max();
                let free = voted.is_empty() || voted.iter().any(|m| m.5 == value && Some(m.4) == highest);
                if all && free {
                    next.push((acceptors, with((TWO_A, ballot, -1, value, -1, -1))));
                }
            }
        }
        for message in &said {
            for at in 0..3 {
                let (max_bal, max_vbal, max_val) = acceptors[at];
                let (kind, ballot, value) = (message.0, message.1, message.3);
                let mut after = acceptors;
                if kind == ONE_A && ballot > max_bal {
                    // Phase1b(a)
                    after[at].0 = ballot;
                    next.push((after, with((ONE_B, ballot, at as i8, -1, max_vbal, max_val))));
                } else if kind == TWO_A && ballot >= max_bal {
                    // Phase2b(a)
                    after[at] = (ballot, ballot, value);
                    next.push((after, with((TWO_B, ballot, at as i8, value, -1, -1))));
                }
            }
        }
        frontier.extend(next.into_iter().filter(|state| known.insert(state.clone())));
    }
    known
}

/// The model checker finds 3,921 states of Paxos.tla with three acceptors, two values, majorities and the ballots 0
/// and 1. What our code can do, seen through the variables of the specification, are those states: none is missing, and
/// none is there that the specification does not allow.
#[test]
fn our_states_are_those_of_lamports_specification() {
    let specified = specified();
    assert_eq!(specified.len(), 3_921);
    let mut ours = BTreeSet::new();
    for values in VALUES.iter().flat_map(|x| VALUES.map(|y| [*x, y])) {
        // Which value a ballot proposes if it is free to choose is decided before; the specification lets it choose
        // among both.
        let mut plan = plan();
        for (request, value) in plan.requests.iter_mut().zip(values) {
            request.3 = Command::Propose { value: value.into() };
        }
        let report = explore_with(&plan, |nodes, sent| {
            ours.insert(seen_as_specified(nodes, sent));
        });
        assert!(report.counterexample.is_none() && report.complete, "{:?}", report.counterexample);
    }
    let missing: Vec<_> = specified.difference(&ours).take(3).collect();
    let not_allowed: Vec<_> = ours.difference(&specified).take(3).collect();
    assert!(missing.is_empty() && not_allowed.is_empty(), "missing {missing:?}, not allowed {not_allowed:?}");
    assert_eq!(ours.len(), 3_921);
}
