//! Conditions over runs, and the facts that they are about.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use lamplight::cli;
use lamplight::lang::Lang;
use lamplight::protocol::NodeId;
use lamplight::scene::facts::FactValue;
use lamplight::scene::{Selection, Workbench, catalogue, open};
use lamplight::sim::random::Stream;
use lamplight::sim::{Intervention, Unsynced};

fn bench_of(scenario: &str) -> Box<dyn Workbench> {
    open(scenario).ok().unwrap()
}

/// All that can be named is documented: the tables of the document are those that the command prints.
#[test]
fn the_tables_of_the_document_are_current() {
    let mut now = Vec::new();
    cli::facts::write(&mut now).unwrap();
    let now = String::from_utf8(now).unwrap();
    let (_, kept) = include_str!("../docs/CONDITIONS.md").split_once("<!-- lamplight facts -->\n\n").unwrap();
    for (now, kept) in now.lines().zip(kept.lines()) {
        assert_eq!(now, kept, "what stands below the mark is what `lamplight facts` prints");
    }
    assert_eq!(
        now.lines().count(),
        kept.lines().count(),
        "what `lamplight facts` prints stands below the mark"
    );
}

/// Each scenario with a condition and others that hold, or do not hold, when it does first.
#[test]
fn conditions_come_true_in_built_in_scenarios() {
    for (scenario, condition, then) in [
        ("raft/calm", "any node leads", "1 node leads and a majority follow"),
        ("raft/calm", "a majority.commit_index >= 1", "any node leads"),
        ("raft/calm", "c1 was answered", "answers >= 1"),
        ("raft/calm", "time >= 500ms", "time >= 500ms and not violated"),
        ("raft/calm", "step >= 40", "step = 40"),
        ("raft/calm", "delivers AppendEntries to n2", "any node leads"),
        ("raft/minority", "2 nodes lead", "not violated and cluster.split"),
        ("raft/leader-crash", "any node is down and step > 20", "no node leads and 1 node is down"),
        ("raft/stale-read-broken", "violated", "violated"),
        ("raft/snapshot", "any node.snapshot_index >= 1", "any node.log_start >= 1"),
        ("raft/lost-disk", "any node is kept out", "1 node.kept_out"),
        ("paxos/calm", "any node.accepted_value != none", "any node.promised >= 1.n1"),
        ("paxos/calm", "cluster.chosen != none", "no node.chosen != none"),
        ("paxos/calm", "every node.chosen != none", "a majority.accepted_value != none"),
        ("multi-paxos/calm", "any node leads", "a majority.promised != none"),
        ("multi-paxos/minority", "2 nodes lead", "not violated"),
        ("two-phase-commit/commit", "every node.open = none and 2 nodes committed", "no node holds locks"),
        ("two-phase-commit/no-vote", "any node aborted", "no node committed"),
        ("two-phase-commit/everyone-in-doubt", "n2 is in doubt and coordinator is down", "n1.up = no"),
        ("three-phase-commit/commit", "any node is pre-committed", "any node is in doubt"),
        ("consistent-hashing/join", "any node joins", "1 node.status = joining"),
        ("consistent-hashing/leave", "any node leaves", "1 node.status = leaving"),
        ("consistent-hashing/hinted-handoff", "any node.hints >= 1", "no node.hints > 5"),
        ("consistent-hashing/siblings", "any node.conflicts >= 1", "any node.keys >= 1"),
    ] {
        let mut bench = bench_of(scenario);
        let read = bench.condition(condition).unwrap_or_else(|error| panic!("{scenario}: {error}"));
        let step = bench.until(&read, 0, 20_000).unwrap_or_else(|| panic!("{scenario}: {condition} never"));
        assert!(step > 0, "{scenario}: {condition}");
        assert!(
            bench.recorded() <= step.max(bench.cursor()),
            "{scenario}: no more is recorded than is needed"
        );
        assert!(bench.holds_at(&read, step) && !bench.holds_at(&read, step - 1), "{scenario}: {condition}");
        assert_eq!(bench.until(&read, step, 0), Some(step));
        assert_eq!(bench.until(&read, 0, step), Some(step));
        assert_eq!(bench.until(&read, 0, step - 1), None);
        let then = bench.condition(then).unwrap_or_else(|error| panic!("{scenario}: {error}"));
        assert!(bench.holds_at(&then, step), "{scenario}: at step {step} {then}");
    }
}

#[test]
fn a_condition_that_never_comes_true_ends_at_the_limit_or_at_rest() {
    let mut bench = bench_of("raft/calm");
    let never = bench.condition("n1.term >= 1000000").unwrap();
    assert_eq!(bench.until(&never, 0, 3_000), None);
    assert!((3_000..=3_001).contains(&bench.recorded()));
    let mut bench = bench_of("paxos/calm");
    let never = bench.condition("violated").unwrap();
    assert_eq!(bench.until(&never, 0, u32::MAX), None);
    let end = bench.recorded();
    let rest = bench.condition("at rest").unwrap();
    assert_eq!(bench.until(&rest, 0, u32::MAX), Some(end), "the run comes to rest where it ends");
    assert!(!bench.holds_at(&rest, end - 1));
    assert!(!bench.holds_at(&never, end + 1), "beyond the end nothing holds");
    assert_eq!(bench.until(&rest, end + 1, 10), None);
}

/// Only the party of a step is looked at anew; asked of each moment by itself, the answers are the same.
#[test]
fn what_is_found_on_the_way_is_what_each_moment_says() {
    for (scenario, text) in [
        (
            "raft/leader-crash",
            "at least 2 nodes.commit_index >= 2 and any node is down or any node is paused",
        ),
        ("raft/lossy", "a majority.last_applied >= 3 and c1.waiting"),
        ("raft/minority", "delivers RequestVote or sends AppendEntries to n2"),
        ("multi-paxos/leader-crash", "no node leads and step > 50"),
        ("two-phase-commit/crash-before-decision", "2 nodes are in doubt"),
        ("consistent-hashing/hinted-handoff", "1 node.hints >= 1 or 1 node is down"),
    ] {
        let mut bench = bench_of(scenario);
        let condition = bench.condition(text).unwrap();
        bench.seek(600);
        let alone: Vec<u32> = (0..=bench.recorded()).filter(|at| bench.holds_at(&condition, *at)).collect();
        let (mut found, mut from) = (Vec::new(), 0);
        let last = bench.recorded();
        while from <= last
            && let Some(at) = bench.until(&condition, from, last - from)
        {
            found.push(at);
            from = at + 1;
        }
        assert_eq!(found, alone, "{scenario}: {text}");
        assert!(!found.is_empty() && found.len() <= last as usize, "{scenario}: {text}");
    }
}

/// What somebody did belongs to the run, and each branch has a course of its own.
#[test]
fn interventions_and_branches_are_respected() {
    let mut bench = bench_of("raft/calm");
    let down = bench.condition("n1 is down and step > 10").unwrap();
    assert_eq!(bench.until(&down, 0, 400), None);
    bench.seek(100);
    let crash = Intervention::Crash { node: NodeId(0), unsynced: Unsynced::Torn, unsent: 0 };
    bench.act(crash, Lang::En).unwrap();
    assert_eq!(bench.until(&down, 0, 400), Some(101));
    let mut again = open(&bench.link()).ok().unwrap();
    assert_eq!(again.until(&down, 0, 400), Some(101), "from the link as well");
    let other = bench.branches().iter().find(|branch| !branch.current).map(|branch| branch.id).unwrap();
    assert!(bench.switch(other));
    let cursor = bench.cursor();
    assert_eq!(bench.until(&down, 0, 400), None);
    assert_eq!(bench.cursor(), cursor, "looking does not move the cursor");
}

#[test]
fn ten_thousand_steps_are_looked_through_in_no_time() {
    // In a release this takes some hundredth of a second; the test is built otherwise, on whatever machine.
    let mut bench = bench_of("raft/lossy");
    let text = "2 nodes lead and every node.commit_index > 100000 or a majority.votes >= 4 or delivers Readmit from n1";
    let condition = bench.condition(text).unwrap();
    let before = cpu_ms();
    assert_eq!(bench.until(&condition, 0, 10_000), None);
    assert!(cpu_ms() - before < 5_000, "{} ms", cpu_ms() - before);
}

/// How long this process has computed, in ms; 0 where that is not known.
fn cpu_ms() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0) / 1_000_000
}

/// At steps drawn at random a node's facts are what the inspector shows of it.
#[test]
fn facts_agree_with_what_the_inspector_shows() {
    let shown = [
        (
            "raft",
            vec![
                ("term", "term"),
                ("voted for", "voted_for"),
                ("commit", "commit_index"),
                ("applied", "last_applied"),
            ],
        ),
        ("multi-paxos", vec![("applied", "applied"), ("promised", "promised"), ("leader", "leader")]),
        ("paxos", vec![("promised", "promised"), ("highest ballot", "highest_ballot")]),
        ("two-phase-commit", vec![("starts", "starts")]),
        ("three-phase-commit", vec![("starts", "starts")]),
        (
            "consistent-hashing",
            vec![
                ("keys", "keys"),
                ("hints", "hints"),
                ("keys with siblings", "conflicts"),
                ("members", "members"),
            ],
        ),
    ];
    let mut random = Stream::new(7, 1);
    for card in catalogue(Lang::En) {
        let (_, fields) = shown.iter().find(|(protocol, _)| *protocol == card.protocol).unwrap();
        let mut bench = bench_of(&card.id);
        for _ in 0..6 {
            bench.seek(random.between(1, 900) as u32);
            let stage = bench.stage(Lang::En);
            for (party, facts) in bench.facts() {
                let seen = bench.inspect(Selection::Party(party), Lang::En).unwrap();
                let fact =
                    |key: &str| facts.iter().find(|fact| fact.key == key).map(|fact| fact.value.clone());
                let drawn = stage.parties.iter().find(|drawn| drawn.address == party).unwrap();
                if party.node().is_none() {
                    let done = seen.fields.iter().find(|field| field.name == "done").unwrap();
                    assert_eq!(fact("answered").unwrap().to_string(), done.value);
                    continue;
                }
                let is_up = fact("up") == Some(FactValue::Flag(true));
                assert_eq!((is_up, fact("paused")), (drawn.up, Some(FactValue::Flag(drawn.paused))));
                assert_eq!(is_up, !seen.title.ends_with("crashed"), "{}", seen.title);
                if card.protocol == "raft" && is_up && fact("kept_out") == Some(FactValue::Flag(false)) {
                    let role = fact("role").unwrap().to_string();
                    assert!(seen.title.ends_with(&format!("· {role}")), "{}: {role}", seen.title);
                }
                for (name, key) in fields.iter().filter(|_| is_up) {
                    let field = seen.fields.iter().find(|field| field.name == *name).unwrap();
                    assert_eq!(
                        fact(key).unwrap().to_string(),
                        field.value.replace('–', "none"),
                        "{} {key}",
                        card.id
                    );
                }
                assert_eq!(facts.len() > 2, is_up, "{}", card.id);
            }
        }
    }
}
