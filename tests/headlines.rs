//! A headline is true: each is compared with an independent reading of the run, the states in its trace.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use lamplight::lang::Lang;
use lamplight::scene::{Workbench, catalogue, open};
use serde_json::Value;

/// How many steps of each scenario are looked at.
const STEPS: u32 = 260;

/// The state of each node after each step, as the trace tells it; `Null` for one that does not run.
fn states(bench: &mut dyn Workbench, steps: u32) -> Vec<Vec<Value>> {
    bench.seek(steps);
    let mut now = vec![Value::Null; usize::from(bench.nodes())];
    let mut all = vec![now.clone()];
    bench.trace(&mut |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        if line.get("step").is_some() {
            if let Some(node) = line["node"].as_u64() {
                now[node as usize] = line["state"].clone();
            }
            all.push(now.clone());
        }
        true
    });
    all
}

/// What is wrong with a headline, if something is.
fn fault(protocol: &str, headline: &str, nodes: &[Value]) -> Option<String> {
    let up = || nodes.iter().filter(|state| !state.is_null());
    let wrong = |holds: bool, what: &str| (!holds).then(|| what.to_owned());
    let named = |name: &str| {
        let number: usize = name.strip_prefix('n')?.parse().ok()?;
        nodes.get(number - 1)
    };
    let first = headline.split([' ', ':']).next().unwrap_or_default();
    match protocol {
        "raft" => {
            let leads = |state: &&Value| state["role"] == "leader";
            let highest = up().filter(leads).map(|state| state["term"].as_u64()).max().flatten();
            if let Some((_, rest)) = headline.split_once(" leads in term ") {
                let term: u64 = rest.split([';', '.']).next().unwrap().parse().unwrap();
                let state = named(first)?;
                return wrong(state["role"] == "leader" && state["term"] == term, "it does not lead")
                    .or_else(|| wrong(highest == Some(term), "another one leads in a later term"));
            }
            if headline.starts_with("No leader") {
                return wrong(highest.is_none(), "somebody leads");
            }
            None
        }
        "paxos" => {
            let chosen: Vec<&Value> =
                up().map(|state| &state["chosen"]).filter(|chosen| !chosen.is_null()).collect();
            let accepted = up().any(|state| !state["accepted"].is_null());
            let idle = up().all(|state| state["phase"] == "idle");
            if let Some((_, rest)) = headline.split_once("is chosen, for good; ") {
                let count: usize = rest.split(' ').next().unwrap().parse().unwrap();
                return wrong(count == chosen.len(), "so many have not learned it");
            }
            if headline.starts_with("No node has accepted") {
                return wrong(!accepted && idle && up().count() == nodes.len(), "a node has, or is down");
            }
            if headline.starts_with("No ballot is under way, and no node that runs") {
                return wrong(!accepted && idle, "one is, or a node has accepted a value");
            }
            if headline.starts_with("No ballot is under way") {
                return wrong(accepted && idle, "one is, or nobody has accepted a value");
            }
            None
        }
        "multi-paxos" => match headline.split_once(" leads with ballot ") {
            Some(_) => wrong(named(first)?["role"] == "leading", "it does not lead"),
            None if headline.starts_with("No leader") => {
                wrong(up().all(|state| state["role"] != "leading"), "somebody leads")
            }
            None => None,
        },
        "two-phase-commit" | "three-phase-commit" => {
            let runs = !nodes[0].is_null();
            wrong(headline.starts_with("The coordinator does not run") != runs, "it is the other way round")
        }
        "consistent-hashing" => {
            wrong((headline == "No node runs.") == (up().count() == 0), "it is the other way round")
        }
        other => panic!("no reading of {other}"),
    }
}

#[test]
fn every_headline_agrees_with_the_states_of_the_nodes() {
    let mut wrong = Vec::new();
    for card in catalogue(Lang::En) {
        let mut bench = open(&card.id).map_err(|error| error.cause).unwrap();
        let states = states(bench.as_mut(), STEPS);
        for (cursor, nodes) in (0..).zip(&states) {
            bench.seek(cursor);
            let headline = bench.stage(Lang::En).headline;
            if let Some(what) = fault(card.protocol, &headline, nodes) {
                wrong.push(format!("{} after step {cursor}: {headline:?}: {what}", card.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are false: {}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
}

/// The moments at which headlines and sentences were false once.
#[test]
fn what_was_false_once_is_true() {
    let all = |name: &str, steps: u32| {
        let mut bench = open(name).map_err(|error| error.cause).unwrap();
        bench.seek(steps);
        let sentences = bench.sentences(1, bench.cursor(), Lang::En);
        sentences.into_iter().map(|sentence| sentence.text).collect::<Vec<_>>()
    };
    let says = |name: &str, steps: u32, text: &str| {
        let sentences = all(name, steps);
        assert!(sentences.iter().any(|sentence| sentence.contains(text)), "{name} does not say {text:?}");
    };
    says("raft/figure-8-broken", 400, "It is of term 2, not of its own term 4");
    says("two-phase-commit/crash-after-decision", 400, "it is in doubt about nothing");
    says("consistent-hashing/broken-handover", 400, "n5 joins and owns its ranges from now on");
    says("paxos/forgotten", 300, "n3 had promised 1.n2 and no longer knows of it");
    says("raft/slow-disk", 400, "n2's disk takes 35.0 ms to 45.0 ms for a sync from now on");
    says("raft/figure-7", 400, "n2's clock runs 50 % too slowly");
    let mut bench = open("two-phase-commit/commit").map_err(|error| error.cause).unwrap();
    bench.seek(1);
    assert_eq!(bench.stage(Lang::En).headline, "The coordinator is starting; nothing can be begun.");
    assert_eq!(bench.stage(Lang::Zh).headline, "协调者正在启动；无法开始任何事务。");
}
