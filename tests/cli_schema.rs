//! `docs/scenario.schema.json` says what a scenario file is, no more and no less than what is read and written.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use lamplight::lang::Lang;
use lamplight::protocol::atomic_commit::{ThreePhaseCommit, TwoPhaseCommit};
use lamplight::protocol::consistent_hashing::store::Dynamo;
use lamplight::protocol::paxos::multi::MultiPaxos;
use lamplight::protocol::paxos::synod::Synod;
use lamplight::protocol::raft::Raft;
use lamplight::scenario::json;
use lamplight::scene::{catalogue, open};
use lamplight::sim::random::Stream;
use serde_json::{Value, json};

fn schema() -> Value {
    serde_json::from_str(include_str!("../docs/scenario.schema.json")).unwrap()
}

/// What is wrong with a value, by the keywords that our schema uses; any other keyword is an error.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            found.push(format!("{at}: {what}"));
        }
    };
    let is_valid = |schema: &Value| faults(root, schema, value, at).is_empty();
    let schemas = |list: &Value| list.as_array().unwrap().clone();
    let mut deeper = Vec::new();
    for (keyword, argument) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "$defs" | "then" => {}
            "$ref" => {
                let pointer = argument.as_str().unwrap().strip_prefix('#').unwrap();
                deeper.extend(faults(root, root.pointer(pointer).unwrap(), value, at));
            }
            "const" => expect(
                value == argument || argument.is_number() && value.as_f64() == argument.as_f64(),
                format!("{value} is not {argument}"),
            ),
            "uniqueItems" => {
                let items = value.as_array().cloned().unwrap_or_default();
                let is_new = |(at, item): (usize, &Value)| !items[..at].contains(item);
                expect(items.iter().enumerate().all(is_new), format!("{value} has something twice"));
            }
            "enum" if argument.as_array().unwrap().iter().any(Value::is_number) => {
                panic!("{at}: enum of numbers")
            }
            "enum" => {
                expect(argument.as_array().unwrap().contains(value), format!("{value} is none of {argument}"))
            }
            "type" => {
                let is = match argument.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    // A number without a fraction is an integer, however it is written.
                    "integer" => {
                        value.is_u64() || value.is_i64() || value.as_f64().is_some_and(|f| f.fract() == 0.0)
                    }
                    other => panic!("type {other}"),
                };
                expect(is, format!("{value} is no {argument}"));
            }
            "minimum" => expect(value.as_f64() >= argument.as_f64(), format!("{value} < {argument}")),
            "maximum" => expect(value.as_f64() <= argument.as_f64(), format!("{value} > {argument}")),
            "maxItems" => expect(
                value.as_array().is_none_or(|items| items.len() as u64 <= argument.as_u64().unwrap()),
                "too many".to_owned(),
            ),
            "required" => {
                for name in argument.as_array().unwrap() {
                    expect(value.get(name.as_str().unwrap()).is_some(), format!("no {name}"));
                }
            }
            "properties" => {
                for (name, property) in argument.as_object().unwrap() {
                    if let Some(inner) = value.get(name) {
                        deeper.extend(faults(root, property, inner, &format!("{at}/{name}")));
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(*argument, json!(false));
                let known = schema["properties"].as_object().unwrap();
                for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
                    expect(known.contains_key(name), format!("unknown {name}"));
                }
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    deeper.extend(faults(root, argument, item, &format!("{at}/{number}")));
                }
            }
            "oneOf" => {
                let valid = schemas(argument).iter().filter(|schema| is_valid(schema)).count();
                expect(valid == 1, format!("{value} fits {valid} of the forms"));
            }
            "not" => expect(!is_valid(argument), format!("{argument} is not allowed")),
            "anyOf" => expect(schemas(argument).iter().any(is_valid), format!("{value} fits no form")),
            "allOf" => {
                for schema in schemas(argument) {
                    deeper.extend(faults(root, &schema, value, at));
                }
            }
            "if" if is_valid(argument) => deeper.extend(faults(root, &schema["then"], value, at)),
            "if" => {}
            other => panic!("{at}: the test does not know {other}"),
        }
    }
    found.extend(deeper);
    found
}

fn faults_of(file: &Value) -> Vec<String> {
    let schema = schema();
    faults(&schema, &schema, file, "")
}

/// Files are written with every field, so a field that the schema does not know would be found here.
#[test]
fn every_built_in_scenario_is_written_as_the_schema_says() {
    for card in catalogue(Lang::En) {
        let run = open(&card.id).map_err(|error| error.cause).unwrap();
        let file: Value = serde_json::from_str(&run.json()).unwrap();
        assert_eq!(faults_of(&file), Vec::<String>::new(), "{}", card.id);
    }
}

/// One of each kind of intervention, in a file that is read, written again, and still the same.
fn all_interventions() -> Value {
    let network = json!({ "latency_us_min": 1, "jitter_us_mean": 2, "jitter": "long_tail", "loss_ppm": 3, "duplication_ppm": 4, "reordering": false });
    let chaos = json!({ "beat_us_mean": 5000, "lose_disk": 1, "disks_lost_max": 1 });
    let acts = [
        json!({ "crash": { "node": 0, "unsynced": "kept" } }),
        json!({ "restart": { "node": 0 } }),
        json!({ "pause": { "node": 1 } }),
        json!({ "resume": { "node": 1 } }),
        json!({ "cut": { "from": { "node": 0 }, "to": { "client": 0 }, "both_ways": false } }),
        json!({ "mend": { "from": { "node": 0 }, "to": { "client": 0 } } }),
        json!({ "partition": { "groups": [[0, 1], [2]] } }),
        json!("heal"),
        json!({ "drop": { "event": 1 } }),
        json!({ "hold": { "event": 1 } }),
        json!({ "release": { "event": 1 } }),
        json!({ "delay": { "event": 1, "by_us": 10 } }),
        json!({ "duplicate": { "event": 1, "after_us": 10 } }),
        json!({ "deliver_now": { "event": 1 } }),
        json!({ "choose": { "event": 1 } }),
        json!({ "network": { "options": network } }),
        json!({ "link": { "from": { "node": 0 }, "to": { "node": 1 }, "options": network } }),
        json!({ "clock": { "node": 0, "skew_us": -5, "drift_ppm": 7 } }),
        json!({ "disk": { "node": null, "options": { "sync_us_min": 1, "sync_us_max": 2 } } }),
        json!({ "corrupt_tail": { "node": 0 } }),
        json!({ "lose_disk": { "node": 0 } }),
        json!({ "command": { "client": 0, "command": { "get": { "key": "a" } } } }),
        json!({ "command": { "client": 0, "command": { "put": { "key": "a", "value": "1" } } } }),
        json!({ "command": { "client": 0, "command": { "delete": { "key": "a" } } } }),
        json!({ "command": { "client": 0, "command": { "compare_and_set": { "key": "a", "expected": null, "value": "1" } } } }),
        json!({ "operation": { "node": 0, "operation": { "transfer_leadership": { "to": 1 } } } }),
        json!({ "operation": { "node": 0, "operation": "readmit" } }),
        json!({ "workload": { "workload": { "think_us_mean": 1, "keys": 2, "commands_per_client": 3 } } }),
        json!({ "chaos": { "chaos": chaos } }),
        json!({ "chaos": { "chaos": null } }),
    ];
    let interventions: Vec<Value> =
        acts.iter().enumerate().map(|(step, act)| json!({ "step": step, "act": act })).collect();
    let script = json!([{ "at_us": 5, "from_leader": true, "act": "heal" }]);
    json!({
        "format": 1, "protocol": "raft", "seed": 7, "cursor": 3,
        "setup": { "chaos": chaos, "workload": null, "script": script },
        "interventions": interventions,
    })
}

#[test]
fn every_intervention_is_read_and_written_as_the_schema_says() {
    let file = all_interventions();
    assert_eq!(faults_of(&file), Vec::<String>::new());
    let read = json::read::<Raft>(&file.to_string()).unwrap();
    let written: Value = serde_json::from_str(&json::write(&read)).unwrap();
    assert_eq!(faults_of(&written), Vec::<String>::new());
    for (number, done) in file["interventions"].as_array().unwrap().iter().enumerate() {
        let (before, after) = (&done["act"], &written["interventions"][number]["act"]);
        // What was left out is written out; what was given is the same.
        if done["act"].get("chaos").is_none() {
            assert_eq!(before, after);
        }
    }
}

/// What the schema refuses is refused by the program, too, each for one thing that is wrong.
#[test]
fn what_the_schema_refuses_is_refused() {
    let set = |pointer: &str, value: Value| {
        let mut file = all_interventions();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        file.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        file
    };
    let wrong = [
        set("/format", json!(2)),
        set("/protocol", json!("chord")),
        set("/speed", json!(1)),
        set("/seed", json!(-1)),
        set("/cursor", json!(4_000_001)),
        set("/setup/nodes", json!(0)),
        set("/setup/nodes", json!(101)),
        set("/setup/clients", json!(17)),
        set("/setup/colour", json!("amber")),
        set("/setup/options", json!({ "heartbeat_interval_us": 1 })),
        set("/setup/options", json!({ "quorum": 2 })),
        set("/setup/network", json!({ "loss_ppm": 1_000_001 })),
        set("/setup/network", json!({ "jitter": "gaussian" })),
        set("/setup/disk", json!({ "sync_us_max": 60_000_001 })),
        set("/setup/client", json!({ "timeout_us": 0 })),
        set("/setup/workload", json!({ "keys": 0 })),
        set("/setup/chaos", json!({ "beat_us_mean": 999 })),
        set("/setup/chaos", json!({ "crash": 1_000_001 })),
        set("/interventions/0/act", json!("explode")),
        set("/interventions/0/act", json!({ "crash": {} })),
        set("/interventions/0/act", json!({ "crash": { "node": 0, "hard": true } })),
        set("/interventions/0/who", json!("me")),
    ];
    for file in wrong {
        assert_ne!(faults_of(&file), Vec::<String>::new(), "the schema allows {file}");
        assert!(json::read::<Raft>(&file.to_string()).is_err(), "the program allows {file}");
    }
}

/// A file of another protocol with these options.
fn with_options(protocol: &str, options: &Value) -> Value {
    json!({ "format": 1, "protocol": protocol, "setup": { "options": options } })
}

#[test]
fn the_options_of_consistent_hashing_are_read_and_refused_as_the_schema_says() {
    let right = [
        json!({ "replicas": 5, "read_quorum": 1, "write_quorum": 5, "algorithm": "ketama-libmemcached" }),
        json!({ "weights": [4, 2], "sloppy_quorum": false, "read_load_factor_thousandths": 1_250 }),
        json!({ "anti_entropy_interval_us": 0, "break_rules": { "two_replicas_on_one_node": true } }),
    ];
    let wrong = [
        json!({ "replicas": 0 }),
        json!({ "algorithm": "jump" }),
        json!({ "weights": [0] }),
        json!({ "read_load_factor_thousandths": 1_000 }),
        json!({ "anti_entropy_interval_us": 1 }),
        json!({ "break_rules": { "answer_before_sync": true } }),
    ];
    for options in &right {
        let file = with_options("consistent-hashing", options);
        assert_eq!(faults_of(&file), Vec::<String>::new(), "{file}");
        assert!(json::read::<Dynamo>(&file.to_string()).is_ok(), "the program refuses {file}");
    }
    for options in &wrong {
        let file = with_options("consistent-hashing", options);
        assert_ne!(faults_of(&file), Vec::<String>::new(), "the schema allows {file}");
        assert!(json::read::<Dynamo>(&file.to_string()).is_err(), "the program allows {file}");
    }
}

#[test]
fn the_options_of_paxos_are_read_and_refused_as_the_schema_says() {
    let is_read = |protocol: &str, file: &Value| match protocol {
        "paxos" => json::read::<Synod>(&file.to_string()).is_ok(),
        _ => json::read::<MultiPaxos>(&file.to_string()).is_ok(),
    };
    let right = [
        json!({ "acceptors": [0, 2, 4], "phase_1_quorum": 3, "phase_2_quorum": 1 }),
        json!({ "proposers": null, "back_off": false, "break_rules": { "ignore_accepted_value": true } }),
    ];
    let wrong = [
        json!({ "acceptors": [100] }),
        json!({ "acceptors": 3 }),
        json!({ "phase_1_quorum": 0 }),
        json!({ "back_off": 1 }),
        json!({ "break_rules": { "answer_before_sync": true } }),
        json!({ "majority": 3 }),
    ];
    for protocol in ["paxos", "multi-paxos"] {
        for options in &right {
            let file = with_options(protocol, options);
            assert_eq!(faults_of(&file), Vec::<String>::new(), "{file}");
            assert!(is_read(protocol, &file), "the program refuses {file}");
        }
        for options in &wrong {
            let file = with_options(protocol, options);
            assert_ne!(faults_of(&file), Vec::<String>::new(), "the schema allows {file}");
            assert!(!is_read(protocol, &file), "the program allows {file}");
        }
    }
}

#[test]
fn the_options_of_atomic_commit_are_read_and_refused_as_the_schema_says() {
    let is_read = |protocol: &str, file: &Value| match protocol {
        "two-phase-commit" => json::read::<TwoPhaseCommit>(&file.to_string()).is_ok(),
        _ => json::read::<ThreePhaseCommit>(&file.to_string()).is_ok(),
    };
    let balance = json!({ "at": { "site": 1, "key": "alice" }, "balance": 70 });
    let right = [
        json!({ "read_only_vote": false, "resources": { "balances": [balance], "deadlock": "wait_die" } }),
        json!({ "decision_timeout_us": 90_000, "break_rules": { "commit_on_majority": true } }),
    ];
    let wrong = [
        json!({ "presumption": "commit", "latency_us_max": 1 }),
        json!({ "decision_timeout_us": 0 }),
        json!({ "resources": { "deadlock": "hope" } }),
        json!({ "resources": { "balances": [{ "at": { "site": 1 }, "balance": 1 }] } }),
        json!({ "break_rules": { "vote_twice": true } }),
        json!({ "quorum": 2 }),
    ];
    for protocol in ["two-phase-commit", "three-phase-commit"] {
        for options in &right {
            let file = with_options(protocol, options);
            assert_eq!(faults_of(&file), Vec::<String>::new(), "{file}");
            assert!(is_read(protocol, &file), "the program refuses {file}");
        }
        for options in &wrong {
            let file = with_options(protocol, options);
            assert_ne!(faults_of(&file), Vec::<String>::new(), "the schema allows {file}");
            assert!(!is_read(protocol, &file), "the program allows {file}");
        }
    }
}

#[test]
fn the_commands_of_atomic_commit_are_read_as_the_schema_says() {
    let at = |site: u16, key: &str| json!({ "site": site, "key": key });
    let operations = json!([
        { "read": { "at": at(1, "alice") } },
        { "write": { "at": at(2, "bob"), "value": -5 } },
        { "add": { "at": at(1, "alice"), "amount": 5 } },
    ]);
    let acts = [
        json!({ "command": { "client": 0, "command": { "transfer": { "from": at(1, "alice"), "to": at(2, "bob"), "amount": 30 } } } }),
        json!({ "command": { "client": 0, "command": { "transaction": { "operations": operations } } } }),
        json!({ "operation": { "node": 1, "operation": "checkpoint" } }),
    ];
    for act in acts {
        let file = json!({
            "format": 1, "protocol": "two-phase-commit", "interventions": [{ "step": 0, "act": act }],
        });
        assert_eq!(faults_of(&file), Vec::<String>::new(), "{file}");
        assert!(json::read::<TwoPhaseCommit>(&file.to_string()).is_ok(), "the program refuses {file}");
    }
}

#[test]
fn the_schema_knows_every_built_in_scenario_by_both_of_its_names() {
    let schema = schema();
    let mut known: Vec<String> = Vec::new();
    for form in schema["allOf"].as_array().unwrap() {
        let protocol = form["if"]["properties"]["protocol"]["const"].as_str().unwrap();
        let names = form["then"]["properties"]["preset"]["enum"].as_array().unwrap();
        let (long, short): (Vec<&str>, Vec<&str>) =
            names.iter().map(|name| name.as_str().unwrap()).partition(|name| name.contains('/'));
        assert!(
            long.iter()
                .map(|name| name.strip_prefix(protocol).unwrap())
                .eq(short.iter().map(|name| format!("/{name}")))
        );
        known.extend(long.into_iter().map(str::to_owned));
    }
    let cards = catalogue(Lang::En);
    assert_eq!(known, cards.iter().map(|card| card.id.clone()).collect::<Vec<_>>());
    for card in cards {
        for name in [card.id.as_str(), card.id.split_once('/').unwrap().1] {
            let file = json!({ "format": 1, "protocol": card.protocol, "preset": name });
            assert_eq!(faults_of(&file), Vec::<String>::new());
            let by_file = open(&file.to_string()).map_err(|error| error.cause).unwrap();
            assert_eq!(by_file.scenario(), card.id);
        }
    }
    let other = json!({ "format": 1, "protocol": "paxos", "preset": "raft/calm" });
    assert_ne!(faults_of(&other), Vec::<String>::new());
    assert!(open(&other.to_string()).is_err());
}

/// What becomes of a file.
#[derive(PartialEq, Debug)]
enum Verdict {
    Read,
    /// Its form is right, and its figures are out of bounds or do not fit each other: a script names a node that the
    /// cluster does not have, a longest time is less than the shortest. The latter is beyond a schema.
    Invalid,
    Refused(json::JsonError),
}

fn verdict(text: &str) -> Verdict {
    use json::JsonError;
    fn of<P: lamplight::scenario::Presets>(text: &str) -> Verdict {
        match json::read::<P>(text) {
            Ok(_) => Verdict::Read,
            Err(JsonError::Invalid(_)) => Verdict::Invalid,
            Err(JsonError::Form(why)) if why.contains("at the same step") => Verdict::Invalid,
            Err(error) => Verdict::Refused(error),
        }
    }
    match json::protocol_of(text).as_deref() {
        Ok("raft") => of::<Raft>(text),
        Ok("paxos") => of::<Synod>(text),
        Ok("multi-paxos") => of::<MultiPaxos>(text),
        Ok("two-phase-commit") => of::<TwoPhaseCommit>(text),
        Ok("three-phase-commit") => of::<ThreePhaseCommit>(text),
        Ok("consistent-hashing") => of::<Dynamo>(text),
        Ok(other) => Verdict::Refused(JsonError::Protocol(other.to_owned())),
        Err(error) => Verdict::Refused(error.clone()),
    }
}

/// Files of every protocol, with every field and every act.
fn whole_files() -> Vec<Value> {
    let mut files: Vec<Value> = catalogue(Lang::En)
        .iter()
        .map(|card| {
            serde_json::from_str(&open(&card.id).map_err(|error| error.cause).unwrap().json()).unwrap()
        })
        .filter(|file: &Value| file.to_string().len() < 6_000)
        .collect();
    let at = |site: u16| json!({ "site": site, "key": "alice" });
    let context = json!({ "entries": [{ "writer": { "node": 0, "life": 7 }, "counter": 3 }] });
    let acts = [
        ("paxos", json!({ "propose": { "value": "tea" } }), json!("begin_ballot")),
        ("multi-paxos", json!({ "put": { "key": "a", "value": "1" } }), json!("try_to_lead")),
        (
            "two-phase-commit",
            json!({ "transaction": { "operations": [{ "add": { "at": at(1), "amount": -5 } }, { "read": { "at": at(2) } }] } }),
            json!("checkpoint"),
        ),
        (
            "three-phase-commit",
            json!({ "transfer": { "from": at(1), "to": at(2), "amount": 3 } }),
            json!("checkpoint"),
        ),
        (
            "consistent-hashing",
            json!({ "put": { "key": "a", "value": "1", "context": context } }),
            json!("join"),
        ),
        ("consistent-hashing", json!({ "update": { "key": "a", "value": "1" } }), json!("leave")),
    ];
    for (protocol, command, operation) in acts {
        let script = json!([{ "at_us": 5, "from_leader": false, "act": { "command": { "client": 0, "command": command } } }]);
        files.push(json!({
            "format": 1, "protocol": protocol, "$schema": "scenario.schema.json", "description": "What to see.",
            "setup": { "script": script },
            "interventions": [{ "step": 3, "act": { "operation": { "node": 0, "operation": operation } } }],
        }));
    }
    // The acts that are the same everywhere weigh as much as all of these.
    files.extend((0..30).map(|_| all_interventions()));
    files
}

/// Every place in a file.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                places(field, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{number}"), found);
            }
        }
        _ => {}
    }
}

/// One change to one place of a file.
fn changed(file: &Value, stream: &mut Stream) -> Value {
    let mut file = file.clone();
    let mut all = Vec::new();
    places(&file, "", &mut all);
    let at = all[stream.between(0, all.len() as u64 - 1) as usize].clone();
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(7.0),
        json!(-0.0),
        json!(1e3),
        json!(1.5),
        json!(u64::MAX),
        json!(u32::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!(1_000_001),
        json!(""),
        json!("heal"),
        json!("torn"),
        json!([]),
        json!({}),
        json!([[]]),
        json!([0]),
        json!({ "node": 0 }),
        json!({ "heal": null }),
        json!("calm"),
        json!("raft/calm"),
    ];
    let any = values[stream.between(0, values.len() as u64 - 1) as usize].clone();
    let place = file.pointer_mut(&at).unwrap();
    match (stream.between(0, 9), &mut *place) {
        (0..=2, Value::Object(fields)) if !fields.is_empty() => {
            let number = stream.between(0, fields.len() as u64 - 1) as usize;
            let name = fields.keys().nth(number).unwrap().clone();
            fields.remove(&name);
        }
        (3..=5, Value::Object(fields)) => {
            let names =
                ["colour", "node", "preset", "seed", "unsent", "$schema", "description", "options", "to"];
            fields.insert(names[stream.between(0, names.len() as u64 - 1) as usize].to_owned(), any);
        }
        (6, Value::Object(fields)) => *place = Value::Array(fields.values().cloned().collect()),
        (0..=4, Value::Array(items)) if !items.is_empty() => {
            items.remove(stream.between(0, items.len() as u64 - 1) as usize);
        }
        (5, Value::Array(items)) => items.push(any),
        (0..=3, Value::String(name)) => *place = json!({ (name.clone()): null }),
        (4, Value::String(name)) => *place = json!({ (name.clone()): {} }),
        (0..=3, Value::Number(number)) => {
            let whole = number.as_f64().unwrap();
            *place = json!(whole);
        }
        _ => *place = any,
    }
    file
}

/// Five thousand files, each changed in one to three places: what the schema allows is read, and what it refuses is
/// refused, whatever the change was.
#[test]
fn the_schema_allows_exactly_what_is_read() {
    let schema = schema();
    let files = whole_files();
    let (mut allowed, mut refused, mut wrong) = (0, 0, BTreeMap::new());
    for number in 0..5_000 {
        let mut stream = Stream::new(number, 11);
        let mut file = files[stream.between(0, files.len() as u64 - 1) as usize].clone();
        for _ in 0..1 + stream.bits().trailing_zeros().min(2) {
            file = changed(&file, &mut stream);
        }
        let text = file.to_string();
        let faults = faults(&schema, &schema, &file, "");
        let verdict = verdict(&text);
        let shown = || text.chars().take(3_000).collect::<String>();
        if faults.is_empty() {
            allowed += 1;
            if let Verdict::Refused(why) = verdict {
                let why = why.to_string();
                wrong
                    .entry(why.clone())
                    .or_insert_with(|| format!("allowed, and refused: {why}: {}", shown()));
            }
        } else {
            refused += 1;
            if verdict == Verdict::Read {
                let why = faults[0].split(": ").last().unwrap_or_default().to_owned();
                wrong.entry(why).or_insert_with(|| format!("refused, and read: {faults:?}: {}", shown()));
            }
        }
    }
    let wrong: Vec<String> = wrong.into_values().take(12).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    println!("{allowed} allowed, {refused} refused");
    assert!(allowed > 800 && refused > 800, "{allowed} allowed, {refused} refused");
}
