//! Each scenario of single-decree Paxos shows what it says, whatever the seed.

use std::sync::Arc;

use super::*;
use crate::protocol::paxos::Invariant;
use crate::protocol::paxos::synod::Reason;
use crate::sim::{Cluster, Recording, Step, Watcher};

/// What was done in a run, and why.
#[derive(Default)]
struct Reasons(Vec<(u64, NodeId, Reason)>);

impl Watcher<Synod> for Reasons {
    fn wants_details(&self) -> bool {
        true
    }

    fn step(&mut self, _: &Cluster<Synod>, step: &Step<'_, Synod>) {
        let Some(node) = step.party.and_then(Address::node) else { return };
        self.0.extend(step.effects.iter().map(|effect| (step.time_us, node, effect.why)));
    }
}

/// The run of a preset up to a moment, and not a step further.
fn run(name: &str, seed: u64, until_us: u64) -> Recording<Synod> {
    let setup = (Synod::preset(name).unwrap().setup)();
    setup.validate().unwrap();
    let mut recording = Recording::new(Arc::new(setup), seed);
    recording.record_until(until_us, u32::MAX).unwrap();
    recording.fork(recording.steps_at(until_us))
}

fn reasons(recording: &Recording<Synod>) -> Vec<(u64, NodeId, Reason)> {
    let mut reasons = Reasons::default();
    recording.run_on(&mut recording.at(0), recording.steps(), &mut reasons);
    reasons.0
}

/// What each node has learned; `None` where it is down or knows nothing.
fn learned(recording: &Recording<Synod>) -> Vec<Option<String>> {
    let value = |node: &Option<Synod>| Some(node.as_ref()?.chosen()?.value.to_string());
    recording.head().nodes().iter().map(value).collect()
}

fn violated(recording: &Recording<Synod>) -> Vec<Invariant> {
    recording.violations().map(|(_, violation)| violation.invariant()).collect()
}

fn tea() -> Option<String> {
    Some("tea".to_owned())
}

const SEEDS: std::ops::Range<u64> = 0..20;

#[test]
fn nothing_is_violated_but_where_a_rule_is_broken_on_purpose() {
    for preset in Synod::presets() {
        let is_broken = matches!(preset.name, "forgotten" | "flexible-broken");
        for seed in SEEDS {
            assert_eq!(
                !violated(&run(preset.name, seed, 3_000_000)).is_empty(),
                is_broken,
                "{}, seed {seed}",
                preset.name
            );
        }
    }
}

#[test]
fn when_all_is_calm_one_ballot_is_enough_and_everybody_learns() {
    for seed in SEEDS {
        let recording = run("calm", seed, 300_000);
        assert_eq!(learned(&recording), vec![tea(); 5]);
        let ballots =
            reasons(&recording).iter().filter(|(.., why)| matches!(why, Reason::Prepare { .. })).count();
        assert!(ballots <= 6, "one message to each acceptor, and a timer");
    }
}

/// "Paxos Made Simple" §2.4: two proposers can keep issuing proposals with increasing numbers, none of which is
/// ever chosen.
#[test]
fn the_duel_never_ends_without_back_off_and_ends_with_it() {
    for seed in SEEDS {
        let recording = run("duel", seed, 3_000_000);
        let is_given_up = |(.., why): &&(u64, NodeId, Reason)| matches!(why, Reason::Preempted { .. });
        assert!(reasons(&recording).iter().filter(is_given_up).count() > 100, "seed {seed}");
        assert_eq!(learned(&recording), vec![None; 5], "seed {seed}");
        assert!(learned(&run("duel-back-off", seed, 3_000_000)).iter().all(Option::is_some), "seed {seed}");
    }
}

/// P2c: the value of the highest-numbered proposal among the promises.
#[test]
fn the_survivor_is_chosen_before_anybody_knows_and_coffee_gives_way_to_it() {
    for seed in SEEDS {
        let at_the_crash = run("survivor", seed, accept_sent_us() + 12_500);
        assert!(at_the_crash.head().monitor().chosen().is_some(), "seed {seed}: tea is chosen");
        assert_eq!(learned(&at_the_crash), vec![None; 5], "seed {seed}: and nobody knows");
        assert!(at_the_crash.head().node(NodeId(0)).is_none(), "seed {seed}: its proposer is dead");
        let later = run("survivor", seed, 3_000_000);
        let takes_over = |(_, node, why): &(u64, NodeId, Reason)| {
            *node == NodeId(1) && matches!(why, Reason::AcceptedValueTakenOver { .. })
        };
        assert!(reasons(&later).iter().any(takes_over), "seed {seed}");
        assert_eq!(learned(&later).get(1), Some(&tea()), "seed {seed}");
    }
}

/// "Paxos Made Simple" §2.5: an acceptor must remember its promise even if it fails and restarts.
#[test]
fn the_acceptor_that_restarts_keeps_its_promise_and_refuses_the_older_ballot() {
    for seed in SEEDS {
        let found = reasons(&run("restart", seed, 3_000_000));
        let restarted = |(_, node, why): &(u64, NodeId, Reason)| {
            *node == NodeId(2) && matches!(why, Reason::Started { promised: Some(_), .. })
        };
        let at = found.iter().position(restarted).unwrap_or_else(|| panic!("seed {seed}"));
        let refuses = |(_, node, why): &(u64, NodeId, Reason)| {
            *node == NodeId(2) && matches!(why, Reason::AcceptRefused { .. })
        };
        assert!(found[at..].iter().any(refuses), "seed {seed}");
    }
}

#[test]
fn the_acceptor_that_forgets_accepts_what_it_had_promised_to_refuse() {
    for seed in SEEDS {
        let violated = violated(&run("forgotten", seed, 3_000_000));
        assert!(violated.contains(&Invariant::PromisesKept), "seed {seed}: {violated:?}");
        assert!(violated.contains(&Invariant::Agreement), "seed {seed}: two values are chosen: {violated:?}");
    }
}

#[test]
fn the_minority_chooses_nothing_and_learns_once_the_network_is_whole() {
    for seed in SEEDS {
        let cut_off = run("minority", seed, FIRST_US + 499_000);
        let coffee = Some("coffee".to_owned());
        let split = [None, None, coffee.clone(), coffee.clone(), coffee.clone()];
        assert_eq!(learned(&cut_off), split, "seed {seed}");
        assert_eq!(learned(&run("minority", seed, 3_000_000)), vec![coffee; 5], "seed {seed}");
    }
}

/// "Flexible Paxos": the two phases' quorums have to meet, and neither needs to be a majority.
#[test]
fn two_acceptors_are_enough_for_phase_2_if_phase_1_had_four() {
    for seed in SEEDS {
        let recording = run("flexible", seed, accept_sent_us() + 100_000);
        assert_eq!(recording.head().nodes().iter().flatten().count(), 2, "seed {seed}");
        assert_eq!(learned(&recording), [tea(), tea(), None, None, None], "seed {seed}");
    }
}

#[test]
fn quorums_that_do_not_meet_choose_two_values() {
    for seed in SEEDS {
        let recording = run("flexible-broken", seed, 3_000_000);
        assert!(violated(&recording).contains(&Invariant::Agreement), "seed {seed}");
        let values: std::collections::BTreeSet<_> = learned(&recording).into_iter().flatten().collect();
        assert_eq!(values.len(), 2, "seed {seed}: both have been learned");
    }
}
