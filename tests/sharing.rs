//! A run that was shared is the same run: whatever was done to it survives the link, the scenario file and being
//! opened again.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use lamplight::lang::Lang;
use lamplight::protocol::{ClientId, NodeId};
use lamplight::scene::{Action, Workbench, catalogue, open};
use lamplight::sim::random::Stream;
use lamplight::sim::{
    Address, Chaos, DiskOptions, EventId, Intervention, Jitter, LinkOptions, Unsynced, Workload,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The kinds of intervention, by the names that a scenario file gives them.
const KINDS: [&str; 25] = [
    "crash",
    "restart",
    "pause",
    "resume",
    "cut",
    "mend",
    "partition",
    "heal",
    "drop",
    "hold",
    "release",
    "delay",
    "duplicate",
    "deliver_now",
    "choose",
    "network",
    "link",
    "clock",
    "disk",
    "corrupt_tail",
    "lose_disk",
    "command",
    "operation",
    "workload",
    "chaos",
];

fn opened(source: &str) -> Box<dyn Workbench> {
    open(source).map_err(|error| error.cause).unwrap()
}

/// An intervention of this kind, with figures from the stream. It names nodes, messages and timers that there are;
/// whether it is possible is for the cluster to say.
fn action(kind: &str, bench: &dyn Workbench, stream: &mut Stream) -> Option<Action> {
    let node = NodeId(stream.between(0, u64::from(bench.nodes()) - 1) as u16);
    let other = NodeId(stream.between(0, u64::from(bench.nodes()) - 1) as u16);
    let (from, to) = (Address::Node(node), Address::Node(other));
    let client = ClientId(stream.between(0, u64::from(bench.clients()).saturating_sub(1)) as u16);
    let pending = bench.pending(50, Lang::En);
    let is_for_message = matches!(kind, "drop" | "hold" | "release" | "delay" | "duplicate");
    let choice: Vec<_> = pending.iter().filter(|event| event.message || !is_for_message).collect();
    let event = (!choice.is_empty()).then(|| {
        let at = stream.between(0, choice.len() as u64 - 1) as usize;
        EventId(u32::try_from(choice[at].id).unwrap())
    });
    let options = LinkOptions {
        latency_us_min: stream.between(0, 20_000),
        jitter_us_mean: stream.between(0, 9_000),
        jitter: if stream.chance(500_000) { Jitter::LongTail } else { Jitter::Uniform },
        loss_ppm: stream.between(0, 300_000) as u32,
        duplication_ppm: stream.between(0, 300_000) as u32,
        reordering: stream.chance(500_000),
    };
    let pick = |prompts: Vec<lamplight::scene::Prompt>, stream: &mut Stream| {
        let at = stream.between(0, prompts.len().max(1) as u64 - 1) as usize;
        prompts.into_iter().nth(at).map(|prompt| prompt.example)
    };
    use Intervention as I;
    Some(match kind {
        "crash" => {
            let unsynced = [Unsynced::Torn, Unsynced::Lost, Unsynced::Kept];
            I::Crash { node, unsynced: unsynced[stream.between(0, 2) as usize], unsent: 0 }
        }
        "restart" => I::Restart { node },
        "pause" => I::Pause { node },
        "resume" => I::Resume { node },
        "cut" => I::Cut { from, to, both_ways: stream.chance(500_000) },
        "mend" => I::Mend { from, to },
        "partition" => {
            let all = (0..bench.nodes()).map(NodeId);
            let groups = all.fold(vec![Vec::new(), Vec::new()], |mut groups: Vec<Vec<NodeId>>, node| {
                groups[stream.between(0, 1) as usize].push(node);
                groups
            });
            I::Partition { groups }
        }
        "heal" => I::Heal,
        "drop" => I::Drop { event: event? },
        "hold" => I::Hold { event: event? },
        "release" => I::Release { event: event? },
        "delay" => I::Delay { event: event?, by_us: stream.between(0, 50_000) },
        "duplicate" => I::Duplicate { event: event?, after_us: stream.between(0, 50_000) },
        "deliver_now" => I::DeliverNow { event: event? },
        "choose" => I::Choose { event: event? },
        "network" => I::Network { options },
        "link" => I::Link { from, to, options: stream.chance(700_000).then_some(options) },
        "clock" => {
            let (skew, drift) = (stream.between(0, 4_000_000), stream.between(0, 400));
            I::Clock { node, skew_us: skew as i64 - 2_000_000, drift_ppm: drift as i32 - 200 }
        }
        "disk" => {
            let sync_us_min = stream.between(0, 5_000);
            let options = DiskOptions { sync_us_min, sync_us_max: sync_us_min + stream.between(0, 20_000) };
            I::Disk { node: stream.chance(500_000).then_some(node), options }
        }
        "corrupt_tail" => I::CorruptTail { node },
        "lose_disk" => I::LoseDisk { node },
        "command" => I::Command { client, command: pick(bench.commands(Lang::En), stream)? },
        "operation" => I::Operation { node, operation: pick(bench.operations(node, Lang::En), stream)? },
        "workload" => {
            let think_us_mean = stream.between(1_000, 90_000);
            let workload =
                Workload { think_us_mean, keys: stream.between(1, 40) as u16, commands_per_client: 0 };
            I::Workload { workload: stream.chance(800_000).then_some(workload) }
        }
        _ => {
            let chaos = Chaos {
                beat_us_mean: stream.between(10_000, 200_000),
                crash: stream.between(0, 9) as u32,
                drop: stream.between(0, 9) as u32,
                loss_ppm: stream.between(0, 100_000) as u32,
                ..Chaos::default()
            };
            I::Chaos { chaos: stream.chance(700_000).then_some(chaos) }
        }
    })
}

/// Does one thing after another to a run, each some steps later, and returns the kinds that were possible. What is
/// not possible is tried again with other figures a few times.
fn disturb(bench: &mut dyn Workbench, acts: &[(u32, usize, u64)]) -> Vec<usize> {
    let mut done = Vec::new();
    for (steps, kind, seed) in acts {
        let cursor = bench.cursor();
        bench.seek(cursor + steps);
        let mut stream = Stream::new(*seed, 9);
        for _ in 0..4 {
            let Some(action) = action(KINDS[*kind], bench, &mut stream) else { continue };
            if bench.act(action, Lang::En).is_ok() {
                done.push(*kind);
                break;
            }
        }
    }
    done
}

fn acts(count: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<(u32, usize, u64)>> {
    prop::collection::vec((0_u32..30, 0..KINDS.len(), any::<u64>()), count)
}

#[test]
fn any_interventions_survive_link_file_and_being_opened_again() {
    let names: Vec<String> = catalogue(Lang::En).into_iter().map(|card| card.id).collect();
    let mut kinds = BTreeSet::new();
    let mut runner = TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    let input = (0..names.len(), acts(0..=200), 0_u32..120);
    let kinds_seen = std::cell::RefCell::new(&mut kinds);
    runner
        .run(&input, |(scenario, acts, back)| {
            let mut run = opened(&names[scenario]);
            kinds_seen.borrow_mut().extend(disturb(run.as_mut(), &acts));
            // The reader stopped somewhere before the end: what was done after that is shared all the same.
            let end = run.recorded();
            let end_digest = run.digest();
            run.seek(end.saturating_sub(back));
            let (cursor, digest, link, json) = (run.cursor(), run.digest(), run.link(), run.json());
            for shared in [link.clone(), format!("https://example.org/lamplight/#{link}"), json.clone()] {
                let mut again = opened(&shared);
                prop_assert_eq!(again.cursor(), cursor);
                prop_assert_eq!(again.digest(), digest);
                again.seek(end);
                prop_assert_eq!(again.digest(), end_digest);
                again.seek(cursor);
                // A file writes its setup out, so only a link remembers the name of a scenario.
                prop_assert_eq!(again.json(), json.clone());
                if shared != json {
                    prop_assert_eq!(again.link(), link.clone());
                }
                // Both go on in the same way.
                again.seek(end + 50);
                run.seek(end + 50);
                prop_assert_eq!(again.digest(), run.digest());
                run.seek(cursor);
            }
            Ok(())
        })
        .unwrap();
    let missing: Vec<&str> =
        (0..KINDS.len()).filter(|kind| !kinds.contains(kind)).map(|kind| KINDS[kind]).collect();
    assert!(missing.is_empty(), "never possible, so never tested: {missing:?}");
}

/// A run comes to rest when the last message was lost. Time passed for it, but no step happened, so whoever opens the
/// run again does not know of that: what is done next has to be done before it.
#[test]
fn what_is_done_at_rest_is_the_same_for_who_opens_the_run_again() {
    const FAR: u32 = 6_000;
    let mut rested = 0;
    for card in catalogue(Lang::En) {
        let mut run = opened(&card.id);
        if run.seek(FAR) == FAR {
            continue;
        }
        let command = run.commands(Lang::En).into_iter().next().map(|prompt| prompt.example);
        for node in (0..run.nodes()).map(NodeId) {
            // What the client sends from here on is lost, and it asks nobody else while it waits.
            let (from, to) = (Address::Client(ClientId(0)), Address::Node(node));
            let _ = run.act(Intervention::Cut { from, to, both_ways: true }, Lang::En);
            let other = Address::Node(NodeId(0));
            let _ = run.act(Intervention::Cut { from: to, to: other, both_ways: true }, Lang::En);
        }
        let client = ClientId(0);
        if let Some(command) = command {
            let _ = run.act(Intervention::Command { client, command }, Lang::En);
        }
        let end = run.recorded();
        run.seek(end + FAR);
        let _ = run.act(Intervention::Heal, Lang::En);
        let _ = run.act(Intervention::Pause { node: NodeId(0) }, Lang::En);
        let end = run.recorded();
        run.seek(end + 200);
        rested += 1;
        for shared in [run.json(), run.link()] {
            assert_eq!(opened(&shared).digest(), run.digest(), "{}", card.id);
        }
    }
    assert!(rested > 2, "only {rested} runs come to rest");
}

/// What stands before the fragment, with room for a longer host and folder than those of most project pages.
const ADDRESS_CHARS: usize = 60;

#[test]
fn fifty_interventions_of_any_kind_fit_into_a_link_of_two_thousand_characters() {
    let names: Vec<String> = catalogue(Lang::En).into_iter().map(|card| card.id).collect();
    let longest = std::cell::Cell::new(0);
    // A length is a figure to watch, not a thing to find by luck: the same cases each time.
    let config = Config { cases: 512, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner
        .run(&(0..names.len(), acts(90)), |(scenario, acts)| {
            let mut run = opened(&names[scenario]);
            let mut done = 0;
            for act in acts {
                done += disturb(run.as_mut(), &[act]).len();
                if done == 50 {
                    break;
                }
            }
            prop_assume!(done == 50);
            let length = run.link().chars().count() + ADDRESS_CHARS;
            longest.set(longest.get().max(length));
            prop_assert!(length <= 2_000, "{length} characters");
            // A run of its own, which has to say what it started from, is no longer than that either.
            let own = opened(&run.json()).link().chars().count() + ADDRESS_CHARS;
            longest.set(longest.get().max(own));
            prop_assert!(own <= 2_000, "{own} characters with the setup");
            Ok(())
        })
        .unwrap();
    println!("the longest has {} characters", longest.get());
    assert!(longest.get() > 400, "the links hold what was done");
}

#[test]
fn every_intervention_that_a_file_knows_is_tried_here() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../docs/scenario.schema.json")).unwrap();
    let mut known = BTreeSet::new();
    for form in schema["$defs"]["act"]["oneOf"].as_array().unwrap() {
        // One without fields is a bare name, or one of several.
        let names = form["required"].as_array().or(form["enum"].as_array()).cloned().unwrap_or_default();
        known.extend(
            names
                .into_iter()
                .chain([form["const"].clone()])
                .filter_map(|name| Some(name.as_str()?.to_owned())),
        );
    }
    assert_eq!(known, KINDS.iter().map(|kind| (*kind).to_owned()).collect());
}
