//! What the command line reads: scenario files as people and editors write them, and what is wrong with them.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

fn lamplight(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lamplight")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The output of a command that must succeed.
fn output(arguments: &[&str]) -> String {
    let done = lamplight(arguments);
    assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", text(&done.stderr));
    text(&done.stdout)
}

/// The one line with which a command is refused.
fn refusal(arguments: &[&str]) -> String {
    let done = lamplight(arguments);
    assert_eq!(done.status.code(), Some(2), "{arguments:?}: {}", text(&done.stdout));
    let said = text(&done.stderr);
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    said
}

/// A file of this test, gone with the target directory.
fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn field_file(name: &str) -> String {
    format!("{}/tests/field/page/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Nodes are counted from 0 in a file: of five the last one is node 4. Node 5 was once taken for the first.
#[test]
fn a_script_that_names_what_there_is_not_is_refused_with_place_and_reason() {
    let said = refusal(&["run", &field_file("script-node-wraps.json")]);
    assert!(said.contains("script[0].act: there is no node 5: the nodes are numbered from 0 to 4"), "{said}");
    let said = refusal(&["run", &field_file("script-acts-skipped-silently.json")]);
    assert!(said.contains("script[0].act: there is no client 8"), "{said}");
    assert!(said.contains("script[2].act: there is no node 9"), "a transfer of leadership to it: {said}");

    let with = |protocol: &str, line: Value| {
        let setup = json!({ "nodes": 3, "script": [{ "at_us": 0, "act": "heal" }, line] });
        file("script.json", json!({ "format": 1, "protocol": protocol, "setup": setup }).to_string())
    };
    let at = |act: Value| json!({ "at_us": 5, "act": act });
    let node = |node: u16| json!({ "node": node });
    let slow = json!({ "latency_us_min": 60_000_001 });
    let command = json!({ "transfer": { "from": { "site": 1, "key": "a" }, "to": { "site": 3, "key": "a" }, "amount": 1 } });
    let cases = [
        ("raft", at(json!({ "cut": { "from": node(0), "to": node(3), "both_ways": true } })), "no node 3"),
        ("raft", at(json!({ "mend": { "from": { "client": 1 }, "to": node(2) } })), "no client 1"),
        ("raft", at(json!({ "link": { "from": node(7), "to": node(2), "options": null } })), "no node 7"),
        ("raft", at(json!({ "partition": { "groups": [[0, 1], [3]] } })), "no node 3"),
        ("raft", at(json!({ "disk": { "node": 3, "options": {} } })), "no node 3"),
        ("raft", at(json!({ "network": { "options": slow } })), "latency_us is out of bounds"),
        ("raft", at(json!({ "clock": { "node": 0, "skew_us": 0, "drift_ppm": -500_001 } })), "drift_ppm"),
        (
            "raft",
            json!({ "at_us": 0, "from_leader": true, "act": { "crash": node(3) } }),
            "counts 3 nodes on",
        ),
        ("raft", json!({ "at_us": 86_400_000_001_u64, "act": "heal" }), "script[1].at_us"),
        ("two-phase-commit", at(json!({ "command": { "client": 0, "command": command } })), "no node 3"),
    ];
    for (protocol, line, expected) in cases {
        let said = refusal(&["run", &with(protocol, line.clone())]);
        assert!(said.contains("script[1]") && said.contains(expected), "{line}: {said}");
    }
    output(&["run", &with("raft", json!({ "at_us": 0, "from_leader": true, "act": { "crash": node(2) } }))]);
}

#[test]
fn an_act_of_the_script_that_cannot_be_done_is_told_as_a_step() {
    let at = |at_us: u64, act: Value| json!({ "at_us": at_us, "act": act });
    let script = json!([
        at(2_000, json!({ "restart": { "node": 0 } })),
        at(3_000, json!({ "drop": { "event": 999_999 } })),
        at(4_000, json!({ "crash": { "node": 1 } })),
        at(5_000, json!({ "crash": { "node": 1 } })),
        at(6_000, json!({ "choose": { "event": 999_999 } })),
    ]);
    let setup = json!({ "nodes": 3, "script": script });
    let path = file("skipped.json", json!({ "format": 1, "protocol": "raft", "setup": setup }).to_string());
    let trace = output(&["run", &path, "--until-us", "10000", "--trace", "-"]);
    let lines: Vec<Value> = trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let not_done: Vec<(&str, &Value)> = lines
        .iter()
        .filter_map(|line| line["input"].get("not_possible").map(|act| (act, &line["input"]["problem"])))
        .map(|(act, problem)| (problem.as_str().unwrap(), act))
        .collect();
    assert_eq!(
        not_done,
        [
            ("n1 is running", &json!({ "restart": { "node": 0 } })),
            ("no pending event 999999 allows that", &json!({ "drop": { "event": 999_999 } })),
            ("n2 is down", &json!({ "crash": { "node": 1, "unsynced": "torn" } })),
            ("no pending event 999999 allows that", &json!({ "choose": { "event": 999_999 } })),
        ]
    );
    let said =
        |lang: &str| output(&["export", &path, "--format", "shiviz", "--to-step", "40", "--lang", lang]);
    let (en, zh) = (said("en"), said("zh"));
    for sentence in [
        "The scenario asks for this: “n1 restarts from its disk”. It cannot be done: n1 runs already.",
        "The scenario asks for this: “Message 999999 is dropped”. It cannot be done: event 999999 is not pending.",
        "The scenario asks for this: “n2 crashes”. It cannot be done: n2 does not run.",
        "The scenario asks for this: “Event 999999 happens now”.",
    ] {
        assert!(en.contains(sentence), "{sentence} is not in {en}");
    }
    assert!(zh.contains("场景要求：“n1 从磁盘重新启动”。但无法做到：n1 已在运行。"), "{zh}");
}
