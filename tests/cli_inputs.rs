//! What the command line reads: scenario files as people and editors write them, and what is wrong with them.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

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

/// What a command makes of its standard input.
fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lamplight"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever has read enough closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// A line of `name: value`.
fn field<'a>(output: &'a str, name: &str) -> &'a str {
    let line = output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {output}"))
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

const CAFE: &str = r#"{"format":1,"protocol":"raft","seed":3,"description":"Café","setup":{"nodes":3}}"#;

fn utf16(text: &str, mark: [u8; 2], bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.into_iter().chain(text.encode_utf16().flat_map(bytes_of)).collect()
}

#[test]
fn a_file_is_read_in_every_form_of_unicode_and_refused_in_any_other_encoding() {
    output(&["run", &field_file("byte-order-mark.json")]);
    let files = [
        file("plain.json", CAFE),
        file("marked.json", [&[0xEF, 0xBB, 0xBF], CAFE.as_bytes()].concat()),
        file("little.json", utf16(CAFE, [0xFF, 0xFE], u16::to_le_bytes)),
        file("big.json", utf16(CAFE, [0xFE, 0xFF], u16::to_be_bytes)),
    ];
    for file in &files {
        let shown: Value = serde_json::from_str(&output(&["show", file])).unwrap();
        assert_eq!((&shown["description"], &shown["seed"]), (&json!("Café"), &json!(3)), "{file}");
    }
    let latin: Vec<u8> = CAFE.chars().map(|letter| letter as u8).collect();
    let said = refusal(&["run", &file("latin-1.json", latin)]);
    assert!(said.contains("latin-1.json: this is not a scenario file: byte 0xE9 at position"), "{said}");
    let said = refusal(&["run", &file("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")]);
    assert!(said.contains("this is not a scenario file: byte 0x89 at position 0"), "{said}");
    let said = refusal(&["run", &file("words.txt", "raft/calm")]);
    assert!(said.contains("this is not a scenario file"), "{said}");
}

#[test]
fn a_scenario_comes_from_standard_input() {
    let shown = output(&["show", "raft/leader-crash"]);
    let from_file = output(&["run", &file("shown.json", &shown), "--steps", "300"]);
    let done = with_input(&["run", "-", "--steps", "300"], shown.as_bytes());
    assert_eq!(field(&text(&done.stdout), "digest"), field(&from_file, "digest"));
    let done = with_input(&["check", "-", "--seeds", "0..1", "--steps", "50"], CAFE.as_bytes());
    assert_eq!(field(&text(&done.stdout), "nodes"), "3", "{}", text(&done.stderr));
    let link = output(&["link", "raft/calm", "--step", "20"]);
    let done =
        with_input(&["run", "-"], format!("Look at this: https://example.org/{}.\n", link.trim()).as_bytes());
    assert_eq!(field(&text(&done.stdout), "steps"), "20", "{}", text(&done.stderr));
    let mut large = vec![b' '; 5 * 1024 * 1024];
    large.extend(CAFE.as_bytes());
    let done = with_input(&["run", "-"], &large);
    assert_eq!(done.status.code(), Some(2));
}

#[test]
fn what_is_too_long_is_refused_and_a_trace_may_be_as_long_as_it_likes() {
    let long = format!("{}{}", CAFE.strip_suffix('}').unwrap(), " ".repeat(4 * 1024 * 1024) + "}");
    let said = refusal(&["run", &file("long.json", long)]);
    assert!(said.contains("at most 4194304 are read"), "{said}");
    let mut trace = output(&["run", "raft/calm", "--steps", "40", "--trace", "-"]);
    trace.push_str(&"é".repeat(3 * 1024 * 1024));
    assert_eq!(field(&output(&["run", &file("long.ndjson", trace)]), "steps"), "40");
}

#[test]
fn every_built_in_scenario_is_exported_without_a_word_about_where_to_end() {
    for line in output(&["list"]).lines() {
        let name = line.split('\t').next().unwrap();
        let told = output(&["export", name, "--format", "shiviz"]);
        assert!((2..=120).contains(&told.lines().count()), "{name}: {}", told.lines().count());
    }
    let told = output(&["export", "raft/calm", "--format", "shiviz", "--from-step", "101"]);
    assert_eq!(told.lines().count(), 120, "sixty steps from the first one on");
    let said = refusal(&["export", "raft/calm", "--format", "shiviz", "--to-step", "4000001"]);
    assert!(said.contains("does not exist"), "{said}");
}

#[test]
fn whole_numbers_are_read_however_they_are_written_and_what_a_file_says_of_itself_is_kept() {
    let content = r#"{"$schema":"https://example.org/scenario.schema.json","description":"Three nodes, slow.",
        "format":1.0,"protocol":"raft","seed":1e3,"cursor":-0,
        "setup":{"nodes":3.0,"network":{"latency_us_min":2.5e4}}}"#;
    let path = file("numbers.json", content);
    for arguments in
        [&["show", path.as_str()] as &[&str], &["export", &path, "--format", "scenario", "--to-step", "9"]]
    {
        let shown: Value = serde_json::from_str(&output(arguments)).unwrap();
        assert_eq!(shown["$schema"], "https://example.org/scenario.schema.json");
        assert_eq!(shown["description"], "Three nodes, slow.");
        assert_eq!((&shown["seed"], &shown["setup"]["nodes"]), (&json!(1_000), &json!(3)));
        assert_eq!(shown["setup"]["network"]["latency_us_min"], 25_000);
    }
    for (wrong, why) in [
        (r#""seed":1.5"#, "floating point"),
        (r#""preset":null"#, "null"),
        (r#""setup":null"#, "null"),
        (r#""preset":"calm","setup":{}"#, "not both"),
        (r#""setup":{"network":[1,2]}"#, "network"),
        (r#""interventions":[{"step":1,"act":{"heal":null}}]"#, "at interventions[0].act"),
        (
            r#""interventions":[{"step":1,"act":{"command":{"client":0,"command":{"get":{"key":"a","kee":1}}}}}]"#,
            "kee",
        ),
        (
            r#""interventions":[{"step":1,"act":{"crash":{"node":5}}}]"#,
            "interventions[0].act: there is no node 5",
        ),
    ] {
        let path = file("wrong.json", format!(r#"{{"format":1,"protocol":"raft",{wrong}}}"#));
        let said = refusal(&["run", &path]);
        assert!(said.contains(why), "{wrong}: {said}");
    }
    refusal(&["run", &file("zero.json", r#"{"format":0,"protocol":"raft"}"#)]);
}

#[test]
fn a_link_of_an_earlier_version_is_opened_with_a_word_about_it() {
    let new = output(&["link", "raft/calm", "--step", "50"]);
    let old = new.trim().replacen("#run=2.", "#run=1.", 1);
    let done = lamplight(&["run", &old]);
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(
        text(&done.stderr),
        "lamplight: the link was made by an earlier version, in which protocols behaved differently: the run may go \
         another way\n"
    );
    let steps = text(&done.stdout);
    assert_eq!(field(&steps, "steps"), "50");
    let done = lamplight(&["show", OLD]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let shown: Value = serde_json::from_str(&text(&done.stdout)).unwrap();
    assert_eq!((&shown["protocol"], &shown["cursor"]), (&json!("raft"), &json!(300)));
    assert!(text(&done.stderr).contains("earlier version"));
}

/// A link that was made before version 2 was, with `lamplight link raft/lossy --step 300`.
const OLD: &str = "#run=1.ASYA2f8EVIoiInJhZnQiClsibG9zc3kiLDMwNTMxNDk5OThdCjcKMzAwCg";
