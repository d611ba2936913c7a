//! What is exported is what happened: metrics against a watcher that counts for itself, ShiViz logs against the
//! causes of the trace, and each text against the published rules of its format.
//!
//! The readers in here are written from the formats' own descriptions and share nothing with the writers.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use lamplight::lang::Lang;
use lamplight::protocol::paxos::{multi::MultiPaxos, synod::Synod};
use lamplight::protocol::raft::Raft;
use lamplight::protocol::{Disposition, NodeId, Participant};
use lamplight::scenario::{Presets, Scenario};
use lamplight::scene::export::{mermaid, prometheus, shiviz};
use lamplight::scene::metrics::metrics;
use lamplight::scene::{Portray, Workbench, catalogue, open};
use lamplight::sim::step::Loss;
use lamplight::sim::{Chaos, Cluster, Happening, InputKind, Intervention, Step, Unsynced, Watcher};
use serde_json::Value;

fn opened(source: &str, steps: u32) -> Box<dyn Workbench> {
    let mut bench = open(source).map_err(|error| error.cause).unwrap();
    bench.seek(steps);
    bench
}

/// All built-in scenarios, and a run in which people and chaos did much to nodes, messages and network.
fn runs(steps: u32) -> Vec<Box<dyn Workbench>> {
    let cards = catalogue(Lang::En);
    let mut runs: Vec<Box<dyn Workbench>> = cards.iter().map(|card| opened(&card.id, steps)).collect();
    let mut busy = opened("raft/lossy", 100);
    busy.act(Intervention::Chaos { chaos: Some(Chaos::default()) }, Lang::En).unwrap();
    for round in 0..6 {
        let node = NodeId(round % 5);
        let _ = busy.act(Intervention::Crash { node, unsynced: Unsynced::Torn, unsent: 0 }, Lang::En);
        busy.act(Intervention::Partition { groups: vec![vec![NodeId((round + 1) % 5)]] }, Lang::En).unwrap();
        let past = busy.cursor();
        busy.seek(past + 40);
        busy.act(Intervention::Heal, Lang::En).unwrap();
        let _ = busy.act(Intervention::Restart { node }, Lang::En);
        let past = busy.cursor();
        busy.seek(past + 40);
    }
    busy.seek(steps);
    runs.push(busy);
    runs
}

// ---- metrics ----

/// Counts what a run does while it is run, in the plainest way.
#[derive(Default)]
struct Counted {
    messages: BTreeMap<String, u64>,
    lost: u64,
    latencies_us: Vec<u64>,
    syncs: u64,
    up: usize,
    crashes: u64,
    leader_changes: u64,
    leaderless_us: u64,
    last_us: u64,
    nobody_led: bool,
    leader_eras: BTreeSet<(u64, NodeId)>,
}

impl<P: Participant> Watcher<P> for Counted {
    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        let mut message = |kind: &str| *self.messages.entry(kind.to_owned()).or_default() += 1;
        match step.happening {
            Happening::Input { kind: InputKind::Message(kind), .. } => {
                message(P::MESSAGE_KINDS[usize::from(*kind)]);
            }
            Happening::Input { kind: InputKind::Request, .. } => message("Request"),
            Happening::Input { kind: InputKind::Synced, .. } => self.syncs += 1,
            Happening::Answered { answer, since_us, .. } => {
                message("Answer");
                if P::disposition(answer) == Disposition::Done {
                    self.latencies_us.push(step.time_us - since_us);
                }
            }
            Happening::Ignored { .. } => message("Answer"),
            _ => {}
        }
        let up = cluster.nodes().iter().flatten().count();
        self.crashes += self.up.saturating_sub(up) as u64;
        self.up = up;
        if self.nobody_led {
            self.leaderless_us += step.time_us - self.last_us;
        }
        self.last_us = step.time_us;
        self.nobody_led = cluster.leader().is_none();
        for (node, process) in (0..).map(NodeId).zip(cluster.nodes()) {
            let lane = process.as_ref().map(P::lane);
            if let Some(lane) = lane.filter(|lane| lane.standing == lamplight::protocol::Standing::Leader)
                && self.leader_eras.insert((lane.era, node))
            {
                self.leader_changes += 1;
            }
        }
    }

    fn lost(&mut self, _: &Loss) {
        self.lost += 1;
    }
}

/// The first value that at least so many percent of all do not exceed, found by counting.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let enough =
        |value: &&u64| sorted.iter().filter(|other| other <= value).count() * 100 >= percent * sorted.len();
    *sorted.iter().find(enough).unwrap()
}

#[test]
fn metrics_are_what_a_watcher_counts_at_any_step_and_whatever_was_recorded_beyond_it() {
    compare::<Raft>();
    compare::<MultiPaxos>();
    compare::<Synod>();
    assert!(Raft::elects_leaders() && MultiPaxos::elects_leaders() && !Synod::elects_leaders());
}

fn compare<P: Portray>() {
    for preset in P::presets() {
        let mut scenario = Scenario::<P>::of_setup((preset.setup)(), preset.seed);
        scenario.cursor = 4_000;
        let recording = scenario.record().map_err(|cut| cut.problem).unwrap();
        for cursor in [0, 1, 57, 1_500, 4_000] {
            let mut counted = Counted { nobody_led: true, ..Counted::default() };
            let mut cluster = recording.at(0);
            recording.run_on(&mut cluster, cursor, &mut counted);
            let found = metrics(&recording, cursor);
            let name = format!("{}/{} at {cursor}", P::NAME, preset.name);
            let kinds = found.kinds.iter().filter(|kind| kind.arrived > 0);
            let kinds: BTreeMap<String, u64> =
                kinds.map(|kind| (kind.name.clone().into_owned(), kind.arrived)).collect();
            assert_eq!(kinds, counted.messages, "{name}");
            let totals = found.totals;
            assert_eq!(totals.messages, counted.messages.values().sum::<u64>(), "{name}");
            // A message that is lost at the very time of the step may have been lost right after it.
            let tied = recording.losses().filter(|loss| loss.time_us == totals.time_us).count() as u64;
            assert!(totals.lost.abs_diff(counted.lost) <= tied, "{name}: {} {}", totals.lost, counted.lost);
            assert_eq!(totals.syncs, counted.syncs, "{name}");
            assert_eq!(totals.crashes, counted.crashes, "{name}");
            assert_eq!(totals.leader_changes, counted.leader_changes, "{name}");
            assert_eq!(totals.leaderless_us, counted.leaderless_us, "{name}");
            assert_eq!(totals.commands, counted.latencies_us.len() as u64, "{name}");
            counted.latencies_us.sort_unstable();
            let expected = (!counted.latencies_us.is_empty()).then(|| {
                let sorted = &counted.latencies_us;
                (percentile(sorted, 50), percentile(sorted, 95), percentile(sorted, 99), sorted.iter().sum())
            });
            let told = totals.latency.map(|l| (l.p50_us, l.p95_us, l.p99_us, l.sum_us));
            assert_eq!(told, expected, "{name}");
        }
    }
}

#[test]
fn the_buckets_of_the_charts_add_up_to_the_totals_at_the_end() {
    for preset in Raft::presets() {
        let mut scenario = Scenario::<Raft>::of_setup((preset.setup)(), preset.seed);
        scenario.cursor = 3_000;
        let recording = scenario.record().map_err(|cut| cut.problem).unwrap();
        let found = metrics(&recording, recording.steps());
        let sum = |count: fn(&lamplight::scene::metrics::Bucket) -> u64| {
            found.buckets.iter().map(count).sum::<u64>()
        };
        assert_eq!(sum(|bucket| u64::from(bucket.messages)), found.totals.messages, "{}", preset.name);
        assert_eq!(sum(|bucket| u64::from(bucket.commands)), found.totals.commands, "{}", preset.name);
        assert_eq!(sum(|bucket| u64::from(bucket.syncs)), found.totals.syncs, "{}", preset.name);
        assert_eq!(sum(|bucket| u64::from(bucket.crashes)), found.totals.crashes, "{}", preset.name);
        assert_eq!(sum(|bucket| u64::from(bucket.leader_changes)), found.totals.leader_changes);
        assert_eq!(sum(|bucket| bucket.leaderless_us), found.totals.leaderless_us, "{}", preset.name);
        assert!(found.buckets.iter().all(|bucket| bucket.leaderless_us <= found.bucket_us));
        assert!(found.buckets.iter().all(|bucket| bucket.latency_us.is_some() == (bucket.commands > 0)));
    }
}

// ---- Prometheus ----

/// A sample: its name, its labels, its value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads the text exposition format 0.0.4 without mercy: what its description does not allow is an error.
fn read_prometheus(text: &str) -> (BTreeMap<String, String>, Vec<Sample>) {
    let is_name = |name: &str, extra: &str| {
        let mut characters = name.chars();
        let head = |c: char| c.is_ascii_alphabetic() || c == '_' || extra.contains(c);
        characters.next().is_some_and(head) && characters.all(|c| head(c) || c.is_ascii_digit())
    };
    assert!(text.ends_with('\n'), "the last line ends with a line feed");
    let (mut types, mut helps) = (BTreeMap::new(), BTreeSet::new());
    let mut samples: Vec<Sample> = Vec::new();
    let mut closed = BTreeSet::new();
    let mut open_family = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let (keyword, rest) = rest.split_once(' ').unwrap();
            let (name, rest) = rest.split_once(' ').unwrap();
            assert!(is_name(name, ":"), "{line}");
            if name != open_family {
                assert!(closed.insert(open_family.clone()), "the lines of {open_family} stand together");
                assert!(!closed.contains(name), "the lines of {name} stand together");
                name.clone_into(&mut open_family);
            }
            match keyword {
                "HELP" => assert!(!rest.is_empty() && helps.insert(name.to_owned()), "{line}"),
                "TYPE" => {
                    assert!(
                        ["counter", "gauge", "histogram", "summary", "untyped"].contains(&rest),
                        "{line}"
                    );
                    assert!(types.insert(name.to_owned(), rest.to_owned()).is_none(), "one TYPE: {line}");
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let end = line.find(['{', ' ']).unwrap();
        let (name, mut rest) = line.split_at(end);
        assert!(is_name(name, ":"), "{line}");
        let mut labels = BTreeMap::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            loop {
                let (label, after) = rest.split_once("=\"").unwrap();
                assert!(is_name(label, "") && !label.starts_with("__"), "{line}");
                let mut content = String::new();
                let mut characters = after.char_indices();
                let end = loop {
                    match characters.next().unwrap() {
                        (at, '"') => break at,
                        (_, '\\') => content.push(match characters.next().unwrap().1 {
                            'n' => '\n',
                            c @ ('\\' | '"') => c,
                            c => panic!("\\{c} in {line}"),
                        }),
                        (_, c) => content.push(c),
                    }
                };
                assert!(labels.insert(label.to_owned(), content).is_none(), "a label stands once: {line}");
                rest = &after[end + 1..];
                match rest.split_at(1) {
                    (",", more) => rest = more,
                    ("}", more) => {
                        rest = more;
                        break;
                    }
                    _ => panic!("{line}"),
                }
            }
        }
        let value = rest.strip_prefix(' ').unwrap();
        let value = if value == "NaN" { f64::NAN } else { value.parse().unwrap() };
        let family = types
            .iter()
            .filter(|(family, kind)| {
                let suffix = name.strip_prefix(family.as_str());
                suffix == Some("") || (*kind == "summary" && matches!(suffix, Some("_sum" | "_count")))
            })
            .map(|(family, _)| family.clone())
            .next_back();
        assert_eq!(family.as_deref(), Some(open_family.as_str()), "TYPE comes first: {line}");
        let known = samples.iter().any(|(n, l, _)| (n.as_str(), l) == (name, &labels));
        assert!(!known, "name and labels are unique: {line}");
        samples.push((name.to_owned(), labels, value));
    }
    (types, samples)
}

#[test]
fn the_prometheus_text_keeps_to_its_format_and_counters_never_fall() {
    for mut bench in runs(1_200) {
        let name = bench.scenario().to_owned();
        let mut before: Vec<Sample> = Vec::new();
        for step in [0, 1, 400, 1_200] {
            bench.seek(step);
            let (types, samples) = read_prometheus(&prometheus::write(bench.as_ref()));
            let value =
                |wanted: &str| samples.iter().find(|(name, ..)| name == wanted).map(|(.., value)| *value);
            assert_eq!(value("lamplight_steps_total"), Some(f64::from(bench.cursor())), "{name}");
            let info = samples.iter().find(|(name, ..)| name == "lamplight_run_info").unwrap();
            assert_eq!(
                (info.1["scenario"].as_str(), info.1["protocol"].as_str()),
                (bench.scenario(), bench.protocol())
            );
            for (family, kind) in &types {
                assert_eq!(kind == "counter", family.ends_with("_total"), "{family} is a {kind}");
            }
            for (metric, labels, value) in &samples {
                assert!(value.is_nan() || *value >= 0.0, "{metric}");
                let earlier = before.iter().find(|(m, l, _)| (m, l) == (metric, labels));
                if let Some((.., earlier)) =
                    earlier.filter(|_| metric.ends_with("_total") || metric.ends_with("_count"))
                {
                    assert!(value >= earlier, "{name}: {metric} fell from {earlier} to {value}");
                }
            }
            before = samples;
        }
    }
}

// ---- ShiViz ----

/// An event of a log: its text, its host, its vector clock.
struct Event {
    text: String,
    host: String,
    clock: BTreeMap<String, u64>,
}

/// Reads a log by the expression `(?<event>.*)\n(?<host>\S*) (?<clock>{.*})`, and refuses what ShiViz refuses: the
/// clocks of a host start at 1 and rise by 1, and a clock names only events that there are.
fn read_shiviz(log: &str) -> Vec<Event> {
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len() % 2, 0);
    let mut events = Vec::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for pair in lines.chunks(2) {
        let (host, clock) = pair[1].split_once(' ').unwrap();
        assert!(!host.is_empty() && !host.contains(char::is_whitespace), "{}", pair[1]);
        assert!(clock.starts_with('{') && clock.ends_with('}'), "{clock}");
        let clock: BTreeMap<String, u64> = serde_json::from_str(clock).unwrap();
        assert!(clock.values().all(|count| *count > 0));
        let count = counts.entry(host.to_owned()).or_default();
        *count += 1;
        assert_eq!(clock.get(host), Some(&*count), "{}", pair[1]);
        events.push(Event { text: pair[0].to_owned(), host: host.to_owned(), clock });
    }
    for event in &events {
        for (host, count) in &event.clock {
            assert!(counts.get(host).is_some_and(|all| all >= count), "{host} has no event {count}");
        }
    }
    events
}

fn shiviz_of(bench: &dyn Workbench, from: u32, to: u32) -> String {
    let mut log = String::new();
    assert!(shiviz::write(bench, from, to, Lang::En, &mut |line| {
        log.push_str(line);
        log.push('\n');
        true
    }));
    log
}

/// What happened before each step, as a set: reached by causes, or by the order of the steps of one party. Causes
/// and parties are those of the trace.
fn pasts(bench: &dyn Workbench, from: u32, to: u32) -> Vec<BTreeSet<usize>> {
    let mut lines: Vec<Value> = Vec::new();
    assert!(bench.trace(&mut |line| {
        lines.push(serde_json::from_str(line).unwrap());
        true
    }));
    let steps = &lines[from as usize..=to as usize];
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    let mut pasts: Vec<BTreeSet<usize>> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let party = format!("{} {}", step["node"], step["client"]);
        let cause = step["cause"].as_u64().and_then(|cause| (cause + 1).checked_sub(u64::from(from)));
        let parents = cause.map(|cause| cause as usize).into_iter().chain(last.insert(party, at));
        let past = parents.flat_map(|parent| pasts[parent].iter().copied().chain([parent])).collect();
        pasts.push(past);
    }
    pasts
}

#[test]
fn in_a_shiviz_log_one_event_is_before_another_exactly_if_causes_and_the_order_of_its_host_lead_there() {
    for bench in runs(700) {
        let name = bench.scenario().to_owned();
        // Some runs come to rest early.
        for (from, to) in [(1, 500), (20, 54), (300, 700)].map(|(from, to)| (from, bench.recorded().min(to)))
        {
            if to < from + 40 {
                continue;
            }
            let events = read_shiviz(&shiviz_of(bench.as_ref(), from, to));
            let pasts = pasts(bench.as_ref(), from, to);
            assert_eq!(events.len(), pasts.len(), "{name}");
            let mut ordered = 0;
            for (later, past) in pasts.iter().enumerate() {
                for earlier in 0..events.len() {
                    let (a, b) = (&events[earlier], &events[later]);
                    let known = b.clock.get(&a.host).is_some_and(|count| *count >= a.clock[&a.host]);
                    let before = known && earlier != later;
                    assert_eq!(before, past.contains(&earlier), "{name}: {} and {}", a.text, b.text);
                    ordered += usize::from(before);
                }
            }
            assert!(ordered > events.len(), "{name}: the order says something");
        }
    }
}

#[test]
fn a_shiviz_log_tells_each_step_in_both_languages_on_one_line() {
    let bench = opened("raft/leader-crash", 900);
    let mut zh = String::new();
    shiviz::write(bench.as_ref(), 1, 900, Lang::Zh, &mut |line| {
        assert!(!line.contains('\n'));
        zh.push_str(line);
        zh.push('\n');
        true
    });
    let (en, zh) = (read_shiviz(&shiviz_of(bench.as_ref(), 1, 900)), read_shiviz(&zh));
    for (at, (en, zh)) in en.iter().zip(&zh).enumerate() {
        assert!(en.text.starts_with(&format!("{} · ", at + 1)), "{}", en.text);
        assert_eq!((&en.host, &en.clock), (&zh.host, &zh.clock));
        assert_ne!(en.text, zh.text);
    }
    let first = shiviz_of(bench.as_ref(), 1, 3);
    let mut lines = 0;
    assert!(!shiviz::write(bench.as_ref(), 1, 900, Lang::En, &mut |_| {
        lines += 1;
        lines < 6
    }));
    assert_eq!((lines, first.lines().count()), (6, 6), "who has seen enough is asked no further");
}

// ---- Mermaid: its own parser reads it in tests/e2e/specs/exports.spec.js ----

#[test]
fn a_sequence_diagram_is_bounded_and_has_each_message_once() {
    let bench = opened("raft/lossy", 3_000);
    let text = mermaid::write(bench.as_ref(), 1, 3_000, Lang::En);
    assert!(text.chars().count() < 50_000, "Mermaid draws no longer text");
    assert!(text.lines().count() < 2_000);
    let (from, to) = (800, 900);
    let text = mermaid::write(bench.as_ref(), from, to, Lang::En);
    let arrows = |arrow: &str| text.lines().filter(|line| line.contains(arrow)).count();
    let mut lines: Vec<Value> = Vec::new();
    bench.trace(&mut |line| {
        lines.push(serde_json::from_str(line).unwrap());
        true
    });
    let span = &lines[from as usize..=to as usize];
    let arrives = |step: &&Value| {
        ["message", "request", "answered", "ignored"].iter().any(|kind| step["input"].get(*kind).is_some())
    };
    assert_eq!(arrows(">>"), span.iter().filter(arrives).count());
    // Losses are told with the step after which they happened; the diagram has them before the next one.
    let before = &lines[from as usize - 1..to as usize];
    let lost: usize = before.iter().map(|step| step["lost"].as_array().map_or(0, Vec::len)).sum();
    assert!(lost > 0 && arrows("-x") == lost, "{} of {lost}", arrows("-x"));
}
