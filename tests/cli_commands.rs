//! The command line as scripts use it: what it prints, what it writes, how it exits.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
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
    assert_eq!(text(&done.stderr), "");
    text(&done.stdout)
}

/// The one line with which a command is refused.
fn refusal(arguments: &[&str]) -> String {
    let done = lamplight(arguments);
    assert_eq!(done.status.code(), Some(2), "{arguments:?}: {}", text(&done.stdout));
    let said = text(&done.stderr);
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    assert!(said.starts_with("lamplight: "), "{said}");
    said
}

/// A file of this test, gone with the target directory.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// A line of `name: value`.
fn field<'a>(output: &'a str, name: &str) -> &'a str {
    let line = output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {output}"))
}

fn trace(arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["run"], arguments, &["--trace", "-"]].concat();
    output(&arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn list_prints_each_scenario_with_what_to_look_for() {
    let list = output(&["list"]);
    assert!(list.lines().count() >= 10);
    for line in list.lines() {
        let (name, look_for) = line.split_once('\t').unwrap();
        let (protocol, preset) = name.split_once('/').unwrap();
        assert!(!protocol.is_empty() && !preset.is_empty() && !look_for.is_empty(), "{line}");
    }
    assert!(list.lines().any(|line| line.starts_with("raft/calm\t")));
}

#[test]
fn every_built_in_scenario_runs_and_is_the_same_run_as_a_file_as_a_link_and_as_a_trace() {
    for line in output(&["list"]).lines() {
        let name = line.split('\t').next().unwrap();
        let built_in = output(&["run", name, "--steps", "400"]);
        // A run in which nobody asks for anything any more ends before that.
        let steps = field(&built_in, "steps");
        assert!(steps == "400" || field(&built_in, "protocol") != "raft", "{name} ends after {steps} steps");
        let link = output(&["link", name, "--step", steps]);
        let shown = output(&["show", link.trim()]);
        let file = file(&format!("{}.json", name.replace('/', "-")), &shown);
        let lines = output(&["run", name, "--steps", "400", "--trace", "-"]);
        let traced = self::file(&format!("{}.ndjson", name.replace('/', "-")), &lines);
        for other in [link.trim(), file.to_str().unwrap(), traced.to_str().unwrap()] {
            let run = output(&["run", other]);
            assert_eq!(field(&run, "steps"), steps, "{name} as {other}");
            assert_eq!(field(&run, "digest"), field(&built_in, "digest"), "{name} as {other}");
        }
        let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        let steps: u64 = steps.parse().unwrap();
        assert_eq!(last, json!({ "digest": field(&built_in, "digest"), "steps": steps }), "{name}");
    }
}

#[test]
fn a_run_goes_on_for_so_many_steps_or_until_a_time() {
    let run = output(&["run", "raft/calm", "--until-us", "500000"]);
    let steps = field(&run, "steps");
    assert!(field(&run, "time_us").parse::<u64>().unwrap() <= 500_000);
    assert_eq!(field(&output(&["run", "raft/calm", "--steps", steps]), "digest"), field(&run, "digest"));
    let one_more = (steps.parse::<u64>().unwrap() + 1).to_string();
    let later = output(&["run", "raft/calm", "--steps", &one_more]);
    assert!(field(&later, "time_us").parse::<u64>().unwrap() > 500_000);
}

#[test]
fn a_run_goes_on_until_a_condition_holds_or_says_that_it_never_does() {
    let run = output(&["run", "raft/minority", "--until", "2 nodes lead"]);
    assert_eq!(field(&run, "condition"), "holds");
    let steps = field(&run, "steps");
    assert_eq!(field(&output(&["run", "raft/minority", "--steps", steps]), "digest"), field(&run, "digest"));
    let lines = trace(&["raft/minority", "--until", "2 nodes lead"]);
    assert_eq!(lines.last().unwrap()["steps"], steps.parse::<u64>().unwrap());

    let never = lamplight(&["run", "raft/minority", "--until", "2 nodes lead", "--steps", "300"]);
    assert_eq!(never.status.code(), Some(1));
    let said = text(&never.stdout);
    assert_eq!((field(&said, "steps"), field(&said, "condition")), ("300", "never"));

    let refused = refusal(&["run", "raft/calm", "--until", "n1.trem = 2"]);
    assert!(
        refused.contains("character 4") && refused.contains("`trem`") && refused.contains("`term`"),
        "{refused}"
    );
    refusal(&["run", "raft/calm", "--until", "n1 leads", "--until-us", "5"]);
}

#[test]
fn a_run_is_exported_in_every_form_and_a_scenario_and_a_trace_are_the_same_run_again() {
    let exported = |format: &str| {
        output(&["export", "raft/leader-crash", "--format", format, "--from-step", "300", "--to-step", "420"])
    };
    let digest = output(&["run", "raft/leader-crash", "--steps", "420"]);
    for (format, name) in [("scenario", "exported.json"), ("trace", "exported.ndjson")] {
        let path = file(name, &exported(format));
        assert_eq!(field(&output(&["run", path.to_str().unwrap()]), "digest"), field(&digest, "digest"));
    }
    for (format, start) in [
        ("mermaid", "sequenceDiagram\n"),
        ("shiviz", "300 · "),
        ("prometheus", "# HELP lamplight_run_info"),
        ("stage", "<svg "),
        ("diagram", "<svg "),
    ] {
        assert!(exported(format).starts_with(start), "{format}");
    }
    let path = file("metrics.prom", "");
    output(&["run", "raft/leader-crash", "--steps", "420", "--metrics", path.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), exported("prometheus"));
    assert_eq!(
        output(&["run", "raft/leader-crash", "--steps", "420", "--metrics", "-"]),
        exported("prometheus")
    );
    let zh = output(&["export", "raft/calm", "--format", "shiviz", "--lang", "zh"]);
    assert!(zh.contains("启动") && zh.lines().count() == 120, "{zh}");
}

#[test]
fn another_seed_is_another_run_whatever_the_scenario_is_given_as() {
    let link = output(&["link", "raft/lossy", "--step", "300"]);
    let seven = output(&["run", "raft/lossy", "--steps", "300", "--seed", "1234"]);
    assert_eq!(field(&seven, "seed"), "1234");
    assert_eq!(field(&output(&["run", link.trim(), "--seed", "1234"]), "digest"), field(&seven, "digest"));
    assert_ne!(field(&output(&["run", link.trim()]), "digest"), field(&seven, "digest"));
}

#[test]
fn the_trace_of_a_calm_run_is_consistent_with_itself() {
    let lines = trace(&["raft/calm", "--steps", "3000"]);
    let (header, steps) = (&lines[0], &lines[1..lines.len() - 1]);
    assert_eq!(
        (&header["format"], &header["protocol"], &header["nodes"]),
        (&json!(1), &json!("raft"), &json!(5))
    );
    assert_eq!(steps.len(), 3_000);
    let mut sent: BTreeMap<u64, (usize, Value)> = BTreeMap::new();
    let mut last_index = [0_u64; 5];
    let (mut delivered, mut answered) = (0, 0);
    for (number, step) in steps.iter().enumerate() {
        assert_eq!(step["step"], number);
        assert!(number == 0 || step["time_us"].as_u64() >= steps[number - 1]["time_us"].as_u64());
        assert!(step["cause"].is_null() || step["cause"].as_u64().unwrap() < number as u64);
        // A message arrives as it was sent, and its cause is the step that sent it.
        if let Some(arrived) = step["input"].get("message") {
            let (sender, message) = &sent[&arrived["id"].as_u64().unwrap()];
            for field in ["id", "from", "to", "kind", "fields"] {
                assert_eq!(arrived[field], message[field], "step {number}: {field}");
            }
            assert_eq!(step["cause"], *sender);
            assert_eq!(arrived["to"]["node"], step["node"]);
            delivered += 1;
        }
        answered += usize::from(step["input"].get("answered").is_some());
        for effect in step["effects"].as_array().unwrap() {
            assert!(effect["section"].is_string() && !effect["reason"].is_null(), "step {number}: {effect}");
            if let Some(message) = effect.get("send") {
                assert_eq!(message["from"]["node"], step["node"]);
                sent.insert(message["id"].as_u64().unwrap(), (number, message.clone()));
            }
        }
        // The entries that steps add and remove make up the logs.
        if let Some(node) = step["node"].as_u64() {
            let state = &step["state"];
            let changed = |name: &str| state[name].as_array().unwrap().len() as u64;
            let last = &mut last_index[node as usize];
            *last = *last + changed("entries_added") - changed("entries_removed");
            assert_eq!(state["last_log_index"], *last, "step {number}");
            for field in ["role", "term", "voted_for", "leader", "commit", "applied", "last_log_term"] {
                assert!(state.get(field).is_some(), "step {number} has no {field}");
            }
        }
    }
    assert!(delivered > 1_000 && answered > 10, "{delivered} messages and {answered} answers");
}

#[test]
fn the_picture_is_one_svg_with_every_node() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("stage.svg");
    let arguments = ["render", "raft/calm", "--step", "300", "--output", path.to_str().unwrap()];
    assert_eq!(output(&arguments), "");
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, output(&["render", "raft/calm", "--step", "300"]));
    assert!(written.starts_with("<svg ") && written.trim_end().ends_with("</svg>"));
    for node in ["n1", "n2", "n3", "n4", "n5"] {
        assert!(written.contains(&format!(">{node}</text>")), "{node}");
    }
    // Each element that opens is closed, in order: what any XML parser demands.
    let mut open = Vec::new();
    for tag in written.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split_whitespace().next().unwrap().to_owned()),
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn a_check_finds_nothing_wrong_and_can_be_split_over_machines() {
    let count = |output: &str, name: &str| field(output, name).parse::<u64>().unwrap();
    let check = |seeds: &str| output(&["check", "raft", "--seeds", seeds, "--nodes", "3", "--steps", "2000"]);
    let (whole, first, second) = (check("0..12"), check("0..5"), check("5..12"));
    assert_eq!((field(&whole, "runs"), field(&whole, "violations")), ("12", "0"));
    for name in ["runs", "steps", "faults", "  lose disk", "  partition", "commands acknowledged"] {
        assert_eq!(count(&whole, name), count(&first, name) + count(&second, name), "{name}");
    }
}

#[test]
fn a_check_that_finds_something_exits_with_1_and_prints_a_link_that_shows_it() {
    let broken = json!({ "format": 1, "protocol": "raft", "setup": { "options": { "break_rules": { "vote_twice": true }}}});
    let path = file("vote-twice.json", &broken.to_string());
    let done = lamplight(&["check", path.to_str().unwrap(), "--seeds", "0..20", "--steps", "3000"]);
    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
    let report = text(&done.stdout);
    let at = report.lines().position(|line| line.trim_start().starts_with("seed ")).unwrap();
    let (what, link) = (report.lines().nth(at).unwrap(), report.lines().nth(at + 1).unwrap().trim());
    // A second vote is seen on the disk before it elects anybody.
    assert!(what.contains("the disks tell otherwise") && what.contains("vote"), "{what}");
    let at_step = what.split_once("step ").and_then(|(_, rest)| rest.split_once(':')).unwrap().0;
    assert_eq!(field(&output(&["run", link]), "steps"), at_step);
    let lines = trace(&[link]);
    let step = &lines[lines.len() - 2];
    assert!(step.to_string().contains("vote"), "{step}");
}

#[test]
fn what_cannot_be_used_is_refused_in_one_line() {
    let cases: &[(&[&str], &str)] = &[
        (&["run", "raft/nosuch"], "no built-in scenario"),
        (&["run", "raft/calm", "--steps", "many"], "many"),
        (&["run", "raft/calm", "--steps", "1", "--until-us", "1"], "--until-us"),
        (&["check", "chord", "--seeds", "0..1"], "the protocols are raft"),
        (&["check", "raft", "--seeds", "7"], "write A..B"),
        (&["check", "raft", "--seeds", "7..7"], "write A..B"),
        (&["check", "raft", "--seeds", "0..1", "--nodes", "101"], "nodes"),
        (&["show", "raft/nosuch"], "no built-in scenario, file or link"),
        (&["show", "#run=1.!"], "damaged"),
        (&["show", "#run=99.AAAA"], "version 99"),
        (&["render", "raft/calm"], "--step"),
        (&["render", "raft/calm", "--step", "1", "--output", "/nonexistent/a.svg"], "/nonexistent/a.svg"),
        (&["export", "raft/calm"], "--format"),
        (&["export", "raft/calm", "--format", "tarot"], "tarot"),
        (&["export", "raft/calm", "--format", "mermaid", "--to-step", "501"], "at most 500"),
        (&["export", "raft/calm", "--format", "shiviz", "--from-step", "0"], "--from-step"),
        (
            &["export", "raft/calm", "--format", "shiviz", "--from-step", "61", "--to-step", "60"],
            "comes after",
        ),
        (&["run", "raft/calm", "--metrics", "/nonexistent/a.prom"], "/nonexistent/a.prom"),
        (&["fly"], "fly"),
    ];
    for (arguments, expected) in cases {
        let said = refusal(arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let files = [
        ("no-json.json", "raft"),
        ("torn.json", r#"{"format":1,"protocol":"raft","#),
        ("newer.json", r#"{"format":2,"protocol":"raft"}"#),
        ("unknown.json", r#"{"format":1,"protocol":"chord"}"#),
        ("field.json", r#"{"format":1,"protocol":"raft","speed":3}"#),
        ("nodes.json", r#"{"format":1,"protocol":"raft","setup":{"nodes":0}}"#),
        (
            "twice.json",
            r#"{"format":1,"protocol":"raft","interventions":[{"step":1,"act":"heal"},{"step":1,"act":"heal"}]}"#,
        ),
        (
            "impossible.json",
            r#"{"format":1,"protocol":"raft","interventions":[{"step":9,"act":{"restart":{"node":0}}}]}"#,
        ),
    ];
    for (name, content) in files {
        refusal(&["run", file(name, content).to_str().unwrap()]);
    }
}

#[test]
fn what_is_left_of_a_damaged_link_is_shown_all_the_same() {
    let link = output(&["link", "raft/minority", "--step", "200"]);
    let torn = &link.trim()[..link.trim().len() - 4];
    let done = lamplight(&["show", torn]);
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains("damaged"));
    let saved: Value = serde_json::from_str(&text(&done.stdout)).unwrap_or(Value::Null);
    assert!(saved.is_null() || saved["protocol"] == "raft");
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lamplight"))
        .args(["run", "raft/calm", "--steps", "20000", "--trace", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"format\":1"));
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), text(&done.stderr)), (Some(0), String::new()));
}

/// A solution is handed in as a link, and the challenge's condition decides; the scenario must be the challenge's own.
#[test]
fn grade_says_whether_a_run_solves_a_challenge_of_a_lesson() {
    let list = output(&["grade"]);
    assert!(list.lines().any(|line| line == "raft/1-an-election\traft/calm\tn3 leads"), "{list}");
    let mut run: Value = serde_json::from_str(&output(&["show", "raft/calm"])).unwrap();
    let graded = |run: &Value| {
        let path = file("handed-in.json", &run.to_string());
        let link = output(&["link", path.to_str().unwrap()]);
        let done = lamplight(&["grade", "raft/1-an-election", link.trim()]);
        (done.status.code().unwrap(), text(&done.stdout))
    };
    assert_eq!(graded(&run), (1, "not solved\tnothing was done in this run\n".to_owned()));
    run["interventions"] = json!([{"step": 10, "act": {"crash": {"node": 0, "unsynced": "lost"}}}]);
    let (status, said) = graded(&run);
    assert!(
        status == 0 && said.starts_with("solved\tat step ") && said.ends_with("with 1 intervention\n"),
        "{said}"
    );
    run["interventions"] = json!([{"step": 10, "act": {"crash": {"node": 2, "unsynced": "lost"}}}]);
    let (status, said) = graded(&run);
    assert!(status == 1 && said.starts_with("not solved\tin "), "{said}");
    run["setup"]["options"]["election_timeout_us_max"] = json!(400_000);
    let (status, said) = graded(&run);
    assert_eq!(
        (status, &*said),
        (1, "not solved\tthis is not a run of raft/calm: its settings are other ones\n")
    );
    assert!(refusal(&["grade", "raft/1-an-election#9", "x"]).contains("there is no challenge"));
    assert!(refusal(&["grade", "raft/1-an-election"]).contains("no run to grade"));
}
