//! Each scenario of Multi-Paxos shows what it says.

use std::sync::Arc;

use super::*;
use crate::protocol::Participant;
use crate::protocol::paxos::Invariant;
use crate::protocol::paxos::multi::{Role, Slot, Value};
use crate::sim::Recording;

/// The run of a preset up to a moment, and not a step further.
fn run(name: &str, seed: u64, until_us: u64) -> Recording<MultiPaxos> {
    let setup = (MultiPaxos::preset(name).unwrap().setup)();
    setup.validate().unwrap();
    let mut recording = Recording::new(Arc::new(setup), seed);
    recording.record_until(until_us, u32::MAX).unwrap();
    recording.fork(recording.steps_at(until_us))
}

fn leaders(recording: &Recording<MultiPaxos>) -> Vec<NodeId> {
    let leads =
        |node: &Option<MultiPaxos>| node.as_ref().is_some_and(|node| matches!(node.role(), Role::Leading(_)));
    (0..)
        .map(NodeId)
        .zip(recording.head().nodes())
        .filter(|(_, node)| leads(node))
        .map(|(id, _)| id)
        .collect()
}

fn chosen(recording: &Recording<MultiPaxos>, node: u16, slot: Slot) -> Option<Value> {
    recording.head().node(NodeId(node))?.slots().chosen(slot).cloned()
}

/// How far the node has got that has got furthest.
fn applied(recording: &Recording<MultiPaxos>) -> Slot {
    recording.head().nodes().iter().flatten().map(MultiPaxos::applied).max().unwrap_or(0)
}

const SEEDS: std::ops::Range<u64> = 0..20;

#[test]
fn every_preset_that_is_not_meant_to_go_wrong_ends_with_a_leader_and_without_a_violation() {
    for preset in MultiPaxos::presets() {
        if matches!(preset.name, "flexible-broken" | "duel" | "chain-no-pre-election") {
            continue;
        }
        for seed in SEEDS {
            let recording = run(preset.name, seed, 4_000_000);
            let counts = (leaders(&recording).len(), recording.violations().count());
            assert_eq!(counts, (1, 0), "{}, seed {seed}", preset.name);
        }
    }
}

/// "Paxos Made Simple" §3: the new leader fills the gap with a no-op and finishes what the old one had begun.
#[test]
fn the_gap_is_filled_with_a_no_op_and_the_slot_after_it_keeps_its_command() {
    for seed in SEEDS {
        let before = run("gap", seed, 190_000);
        assert_eq!(applied(&before), 2, "seed {seed}");
        let third = before.head().node(NodeId(2)).unwrap();
        assert!(
            third.slots().get(3).is_some_and(|slot| slot.accepted.is_none()),
            "seed {seed}: n3 sees a gap"
        );
        assert!(third.slots().accepted(4).is_some(), "seed {seed}: and what came after it");
        let after = run("gap", seed, 260_000);
        assert_eq!(leaders(&after), [NodeId(1)], "seed {seed}");
        assert_eq!(chosen(&after, 1, 3), Some(Value::NoOp), "seed {seed}");
        let Some(Value::Command(kept)) = chosen(&after, 1, 4) else { panic!("seed {seed}: slot 4") };
        assert_eq!(kept.command, Command::Put { key: "d".into(), value: "4".into() }, "seed {seed}");
        // Its client asks again, and the command gets a slot after all.
        let store =
            |run: &Recording<MultiPaxos>| run.head().node(NodeId(1)).unwrap().store().get("c").is_some();
        assert!(!store(&after) && store(&run("gap", seed, 3_000_000)), "seed {seed}");
    }
}

#[test]
fn another_node_leads_after_the_crash_and_slots_go_on() {
    for seed in SEEDS {
        let (before, after) = (run("leader-crash", seed, 899_000), run("leader-crash", seed, 2_000_000));
        assert_ne!(leaders(&before), leaders(&after), "seed {seed}");
        assert!(applied(&after) > applied(&before), "seed {seed}");
    }
}

#[test]
fn the_leader_in_the_minority_gets_nothing_chosen_until_the_network_is_whole() {
    for seed in SEEDS {
        let (before, during) = (run("minority", seed, 799_000), run("minority", seed, 2_100_000));
        let old = leaders(&before)[0];
        let progress = |run: &Recording<MultiPaxos>| run.head().node(old).unwrap().applied();
        // What was on its way when the network was cut may still count.
        assert!(progress(&during) <= progress(&before) + 2, "seed {seed}");
        assert!(applied(&during) > progress(&during), "seed {seed}: the majority goes on");
        let healed = run("minority", seed, 4_000_000);
        assert!(
            applied(&healed) <= healed.head().node(old).unwrap().applied() + 2,
            "seed {seed}: it has caught up"
        );
    }
}

/// "Paxos Made Simple" §2.4.
#[test]
fn would_be_leaders_outbid_each_other_for_ever_unless_they_back_off() {
    for seed in SEEDS {
        let recording = run("duel", seed, 3_000_000);
        assert_eq!(applied(&recording), 0, "seed {seed}");
        let highest =
            recording.head().nodes().iter().flatten().filter_map(MultiPaxos::promised).max().unwrap();
        assert!(highest.round > 50, "seed {seed}: {highest}");
        assert!(applied(&run("duel-back-off", seed, 3_000_000)) > 0, "seed {seed}: with back-off it ends");
    }
}

/// "Flexible Paxos": a small phase-2 quorum lets a leader go on where a majority is down.
#[test]
fn with_a_phase_2_quorum_of_two_a_leader_goes_on_while_three_of_five_are_down() {
    for seed in SEEDS {
        let (before, during) = (run("flexible", seed, 850_000), run("flexible", seed, 1_900_000));
        assert_eq!(during.head().nodes().iter().flatten().count(), 2, "seed {seed}");
        assert!(applied(&during) > applied(&before) + 5, "seed {seed}");
    }
}

#[test]
fn quorums_that_do_not_meet_choose_two_values_for_a_slot() {
    for seed in SEEDS {
        let recording = run("flexible-broken", seed, 3_000_000);
        let violated: Vec<Invariant> =
            recording.violations().map(|(_, violation)| violation.invariant()).collect();
        assert!(
            violated.contains(&Invariant::Agreement) || violated.contains(&Invariant::P2c),
            "seed {seed}: {violated:?}"
        );
    }
}

#[test]
fn the_node_that_missed_too_much_gets_a_snapshot() {
    let kind = MultiPaxos::MESSAGE_KINDS.iter().position(|kind| *kind == "snapshot").unwrap() as u8;
    for seed in SEEDS {
        assert!(run("catch-up", seed, 4_000_000).infos(0).any(|info| info.kind == kind), "seed {seed}");
    }
}

/// How often a node became the leader after a moment.
fn elections_after(recording: &Recording<MultiPaxos>, us: u64) -> u32 {
    let highest = |recording: &Recording<MultiPaxos>| {
        let promised = recording.head().nodes().iter().flatten().filter_map(MultiPaxos::promised);
        promised.max().map_or(0, |ballot| ballot.round)
    };
    highest(recording) - highest(&recording.fork(recording.steps_at(us)))
}

#[test]
fn a_chain_keeps_its_leader_with_pre_election_and_changes_it_again_and_again_without() {
    for seed in SEEDS {
        let (with, without) = (run("chain", seed, 6_000_000), run("chain-no-pre-election", seed, 6_000_000));
        assert_eq!(elections_after(&with, 799_000), 0, "seed {seed}");
        assert!(
            elections_after(&without, 799_000) >= 5,
            "seed {seed}: {}",
            elections_after(&without, 799_000)
        );
        assert_eq!((with.violations().count(), without.violations().count()), (0, 0), "seed {seed}");
    }
}

#[test]
fn a_leader_that_hears_nobody_makes_way_for_another() {
    for seed in SEEDS {
        let (before, after) = (run("deaf-leader", seed, 799_000), run("deaf-leader", seed, 2_500_000));
        assert_ne!(leaders(&before), leaders(&after), "seed {seed}");
        assert!(applied(&after) > applied(&before) + 5, "seed {seed}");
    }
}
