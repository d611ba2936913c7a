//! A million inputs from outside that nobody meant well: links, scenario files, traces, disks. All of them are
//! read or refused; none panics, and none takes much memory.
//!
//! The inputs come from seeds, so that a failure can be had again: the message of an assertion names the
//! number of the input.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::OnceLock;

use lamplight::lang::Lang;
use lamplight::protocol::consistent_hashing::store::Dynamo;
use lamplight::protocol::paxos::multi::MultiPaxos;
use lamplight::protocol::paxos::synod::Synod;
use lamplight::protocol::raft::{Raft, Record};
use lamplight::protocol::{Participant, wal};
use lamplight::scenario::{Presets, Scenario, json, link};
use lamplight::scene::{Workbench, catalogue, open, trace};
use lamplight::sim::random::Stream;
use lamplight::sim::{Chaos, Intervention, Unsynced, limits};

/// The most memory that the process may ever have had, in KiB, however hostile the inputs.
const PEAK_KIB_MAX: u64 = 512 * 1024;

fn assert_memory_is_bounded() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < PEAK_KIB_MAX, "{kib} KiB");
}

/// Runs of all kinds: every built-in one, and one with chaos and many interventions.
fn runs() -> Vec<Box<dyn Workbench>> {
    let mut runs: Vec<Box<dyn Workbench>> = catalogue(Lang::En)
        .iter()
        .map(|card| {
            let mut run = open(&card.id).map_err(|error| error.cause).unwrap();
            run.seek(60);
            run
        })
        .collect();
    let mut busy = open("raft/lossy").map_err(|error| error.cause).unwrap();
    for number in 0..12 {
        busy.seek(40 * (number + 1));
        let node = lamplight::protocol::NodeId((number % 5) as u16);
        let act = match number % 4 {
            0 => Intervention::Crash { node, unsynced: Unsynced::Torn, unsent: 0 },
            1 => Intervention::Partition { groups: vec![vec![node]] },
            2 => Intervention::Clock { node, skew_us: -1, drift_ppm: 9 },
            _ => Intervention::Chaos { chaos: Some(Chaos::default()) },
        };
        // Some of it is impossible by then, which is as good.
        let _ = busy.act(act, Lang::En);
    }
    runs.push(busy);
    runs
}

fn links() -> &'static [String] {
    static LINKS: OnceLock<Vec<String>> = OnceLock::new();
    LINKS.get_or_init(|| runs().iter().map(|run| run.link()).collect())
}

fn files() -> &'static [String] {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    // Files of a page or less: what is long takes long to read, and is no other code.
    FILES.get_or_init(|| {
        let compact =
            |run: &dyn Workbench| serde_json::from_str::<serde_json::Value>(&run.json()).unwrap().to_string();
        runs().iter().map(|run| compact(&**run)).filter(|file| file.len() < 4_000).collect()
    })
}

fn pick<'a, T>(list: &'a [T], stream: &mut Stream) -> &'a T {
    &list[stream.between(0, list.len() as u64 - 1) as usize]
}

/// Changes, removes, inserts, doubles and swaps a few bytes.
fn mutated(input: &[u8], alphabet: &[u8], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = input.to_vec();
    // Mostly one change, so that many inputs are wrong in one place only and are read far.
    for _ in 0..1 + stream.bits().trailing_zeros().min(5) {
        let at = stream.between(0, bytes.len() as u64) as usize;
        let byte = *pick(alphabet, stream);
        match stream.between(0, 5) {
            0 if at < bytes.len() => bytes[at] = byte,
            1 if at < bytes.len() => {
                bytes.remove(at);
            }
            2 => bytes.insert(at, byte),
            3 => bytes.truncate(at),
            4 => {
                let end = (at + stream.between(1, 30) as usize).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = stream.between(0, bytes.len() as u64) as usize;
                bytes.splice(to..to, piece);
            }
            _ if at < bytes.len() => bytes[at] ^= 1 << stream.between(0, 7),
            _ => {}
        }
    }
    bytes
}

fn random_bytes(length_max: u64, stream: &mut Stream) -> Vec<u8> {
    (0..stream.between(0, length_max)).map(|_| stream.bits() as u8).collect()
}

/// What was read can be run: a little, because a hostile cursor is allowed to be far away.
fn try_out<P: Participant>(mut scenario: Scenario<P>) {
    scenario.cursor = scenario.cursor.min(40);
    scenario.interventions.retain(|step, _| *step < 40);
    match scenario.record() {
        Ok(recording) => assert!(recording.steps() <= 41),
        Err(interrupted) => assert!(interrupted.recording.steps() <= 41),
    }
}

fn read_link(text: &str, stream: &mut Stream) -> bool {
    let Ok(unpacked) = link::unpack(text) else { return false };
    match unpacked.protocol.as_str() {
        "paxos" => read_unpacked::<Synod>(text, &unpacked, stream),
        "multi-paxos" => read_unpacked::<MultiPaxos>(text, &unpacked, stream),
        "consistent-hashing" => read_unpacked::<Dynamo>(text, &unpacked, stream),
        _ => read_unpacked::<Raft>(text, &unpacked, stream),
    }
}

fn read_unpacked<P: Presets>(text: &str, unpacked: &link::Unpacked, stream: &mut Stream) -> bool {
    let read = link::read::<P>(unpacked);
    assert!(read.scenario.is_some() || read.error.is_some(), "{text}");
    let Some(scenario) = read.scenario else { return false };
    assert!(scenario.setup.validate().is_ok() && scenario.cursor <= limits::STEPS_MAX, "{text}");
    if stream.chance(10_000) {
        try_out(scenario);
    }
    true
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=#%\xff";

#[test]
fn links_with_changed_characters() {
    let mut read = 0;
    for number in 0..250_000 {
        let mut stream = Stream::new(number, 1);
        let bytes = mutated(pick(links(), &mut stream).as_bytes(), BASE64, &mut stream);
        read += usize::from(read_link(&String::from_utf8_lossy(&bytes), &mut stream));
    }
    assert!(read > 10_000, "only {read} were still read: the changes are too coarse to get anywhere");
    assert_memory_is_bounded();
}

/// Behind the envelope: the bytes inside the deflated stream are changed, so that all of them get to be read.
#[test]
fn links_with_changed_content() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let contents: Vec<Vec<u8>> = links()
        .iter()
        .map(|link| {
            let body = link.split_once('.').unwrap().1;
            miniz_oxide::inflate::decompress_to_vec(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
        })
        .collect();
    let all: Vec<u8> = (0..=255).collect();
    for number in 0..200_000 {
        let mut stream = Stream::new(number, 2);
        let bytes = if stream.chance(50_000) {
            let mut bytes = vec![0, 0, 0, 0, 4];
            bytes.extend(b"raft");
            bytes.extend(random_bytes(80, &mut stream));
            bytes
        } else {
            mutated(pick::<Vec<u8>>(&contents, &mut stream), &all, &mut stream)
        };
        let body = URL_SAFE_NO_PAD.encode(miniz_oxide::deflate::compress_to_vec(&bytes, 0));
        read_link(&format!("#run=2.{body}"), &mut stream);
    }
    assert_memory_is_bounded();
}

/// A few bytes that inflate to as much as they can: no more than the limit is ever held.
#[test]
fn links_that_inflate_to_gigabytes() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let zeros = miniz_oxide::deflate::compress_to_vec(&vec![0; 64 << 20], 9);
    let text = format!("run=1.{}", URL_SAFE_NO_PAD.encode(&zeros));
    assert!(text.len() < link::LINK_CHARS_MAX, "the bomb must get past the door");
    for _ in 0..20 {
        read_link(&text, &mut Stream::new(0, 3));
    }
    assert!(link::unpack(&"run=1.".repeat(link::LINK_CHARS_MAX)).is_err());
    assert_memory_is_bounded();
}

const JSON: &[u8] = b"{}[]\",:0123456789-+.eEnulltruefasehp_ \\u\n\x00\xff";

fn read_file<P: Presets>(text: &str, stream: &mut Stream) -> bool {
    let Ok(scenario) = json::read::<P>(text) else { return false };
    assert!(scenario.setup.validate().is_ok(), "{text}");
    if stream.chance(20_000) {
        try_out(scenario);
    }
    true
}

#[test]
fn scenario_files_with_changed_characters() {
    let mut read = 0;
    for number in 0..200_000 {
        let mut stream = Stream::new(number, 4);
        let bytes = mutated(pick(files(), &mut stream).as_bytes(), JSON, &mut stream);
        let text = String::from_utf8_lossy(&bytes);
        let is_read = match json::protocol_of(&text).as_deref() {
            Ok("paxos") => read_file::<Synod>(&text, &mut stream),
            Ok("multi-paxos") => read_file::<MultiPaxos>(&text, &mut stream),
            Ok("consistent-hashing") => read_file::<Dynamo>(&text, &mut stream),
            _ => read_file::<Raft>(&text, &mut stream),
        };
        read += usize::from(is_read);
    }
    assert!(read > 2_000, "only {read} were still read: the changes are too coarse to get anywhere");
    assert_memory_is_bounded();
}

/// Puts a figure that is as large or as small as can be in the place of one of a file's.
fn with_an_extreme(value: &mut serde_json::Value, at: &mut u64, figure: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Number(_) => {
            if *at == 0 {
                *value = figure.clone();
            }
            *at = at.wrapping_sub(1);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| with_an_extreme(item, at, figure)),
        Value::Object(fields) => fields.values_mut().for_each(|field| with_an_extreme(field, at, figure)),
        _ => {}
    }
}

fn figures_of(value: &serde_json::Value) -> u64 {
    use serde_json::Value;
    match value {
        Value::Number(_) => 1,
        Value::Array(items) => items.iter().map(figures_of).sum(),
        Value::Object(fields) => fields.values().map(figures_of).sum(),
        _ => 0,
    }
}

fn run_file<P: Presets>(text: &str) -> bool {
    let Ok(mut scenario) = json::read::<P>(text) else { return false };
    scenario.cursor = scenario.cursor.min(250);
    scenario.interventions.retain(|step, _| *step < 250);
    // Whatever the figures are, the run goes on or says why it does not.
    let recording = scenario.record().unwrap_or_else(|interrupted| interrupted.recording);
    assert!(recording.steps() <= 251);
    true
}

/// Terms, ballots, counts and times at the ends of their ranges: what is read is run, and nothing overflows.
#[test]
fn files_with_figures_at_the_ends_of_their_ranges() {
    use lamplight::protocol::atomic_commit::{ThreePhaseCommit, TwoPhaseCommit};
    use serde_json::json;
    let mut files: Vec<serde_json::Value> =
        files().iter().map(|file| serde_json::from_str(file).unwrap()).collect();
    // An old log whose terms are as large as can be.
    for terms in [[1, u64::MAX - 1], [u64::MAX, u64::MAX], [1 << 63, (1 << 63) + 1]] {
        let setup =
            json!({ "nodes": 3, "options": { "initial_logs": [terms, terms, [terms[0]]] }, "workload": {} });
        files.push(
            json!({ "format": 1, "protocol": "raft", "seed": u64::MAX, "cursor": 250, "setup": setup }),
        );
    }
    let figures = [
        json!(0),
        json!(1),
        json!(2),
        json!(u16::MAX),
        json!(u32::MAX),
        json!(u32::MAX - 1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(-1),
        json!(100),
        json!(1_000_000),
        json!(60_000_000),
        json!(3_600_000_000_u64),
        json!(86_400_000_000_u64),
        json!(4_000_000),
    ];
    let mut read = 0;
    for number in 0..2_500 {
        let mut stream = Stream::new(number, 8);
        let mut file = pick(&files, &mut stream).clone();
        file["cursor"] = json!(stream.between(0, 250));
        for _ in 0..stream.between(0, 2) {
            let mut at = stream.between(0, figures_of(&file).max(1) - 1);
            with_an_extreme(&mut file, &mut at, pick(&figures, &mut stream));
        }
        let text = file.to_string();
        read += usize::from(match file["protocol"].as_str() {
            Some("paxos") => run_file::<Synod>(&text),
            Some("multi-paxos") => run_file::<MultiPaxos>(&text),
            Some("consistent-hashing") => run_file::<Dynamo>(&text),
            Some("two-phase-commit") => run_file::<TwoPhaseCommit>(&text),
            Some("three-phase-commit") => run_file::<ThreePhaseCommit>(&text),
            _ => run_file::<Raft>(&text),
        });
    }
    assert!(read > 1_000, "only {read} were read");
    assert_memory_is_bounded();
}

#[test]
fn scenario_files_that_nest_and_repeat() {
    for depth in [100, 10_000, 1_000_000] {
        for open in ["[", "{\"setup\":", "{\"a\":["] {
            assert!(json::read::<Raft>(&open.repeat(depth)).is_err());
        }
    }
    let many = vec![r#"{"step":1,"act":"heal"}"#; 100_000].join(",");
    let file = format!(r#"{{"format":1,"protocol":"raft","interventions":[{many}]}}"#);
    assert!(json::read::<Raft>(&file).is_err());
    assert!(json::read::<Raft>(&" ".repeat(json::JSON_BYTES_MAX + 1)).is_err());
    assert_memory_is_bounded();
}

#[test]
fn traces_with_changed_characters() {
    let mut run = open("raft/calm").map_err(|error| error.cause).unwrap();
    run.seek(30);
    let mut lines = String::new();
    run.trace(&mut |line| {
        lines.push_str(line);
        lines.push('\n');
        lines.len() < 3_000
    });
    let mut read = 0;
    for number in 0..100_000 {
        let mut stream = Stream::new(number, 5);
        // Most changes go into the first line, the only one that is read.
        let end = if stream.chance(900_000) { lines.find('\n').unwrap() } else { lines.len() };
        let mut bytes = mutated(&lines.as_bytes()[..end], JSON, &mut stream);
        bytes.extend_from_slice(&lines.as_bytes()[end..]);
        if let Some(link) = trace::link_of(&String::from_utf8_lossy(&bytes)) {
            read += 1;
            read_link(&link, &mut stream);
        }
    }
    assert!(read > 10_000, "only {read} still had a link");
    assert_memory_is_bounded();
}

#[test]
fn bytes_and_texts_of_no_kind() {
    for number in 0..150_000 {
        let mut stream = Stream::new(number, 6);
        let bytes = random_bytes(200, &mut stream);
        let text = String::from_utf8_lossy(&bytes);
        let looks_like =
            ["", "run=1.", "run=2.", "#run=", "{\"format\":1,\"protocol\":\"raft\",", "raft/", "{"];
        let text = format!("{}{text}", pick(&looks_like, &mut stream));
        assert!(!read_link(&text, &mut stream) || text.contains("run="));
        let _ = json::read::<Raft>(&text);
        let _ = trace::link_of(&text);
        if stream.chance(20_000) {
            let _ = open(&text).map(|mut run| run.digest());
        }
    }
    assert_memory_is_bounded();
}

/// A disk is outside, too: whatever stands on it is recovered or reported, and recovery stops where frames do.
#[test]
fn disks_with_changed_bytes() {
    let mut whole = Vec::new();
    for term in 0..6_u64 {
        wal::append(&Record::HardState { term, voted_for: None }, &mut whole);
    }
    let all: Vec<u8> = (0..=255).collect();
    for number in 0..150_000 {
        let mut stream = Stream::new(number, 7);
        let bytes = if stream.chance(100_000) {
            random_bytes(120, &mut stream)
        } else {
            mutated(&whole, &all, &mut stream)
        };
        let found = wal::recover::<Record>(&bytes);
        assert!(found.records.len() <= bytes.len(), "{number}");
    }
    assert_memory_is_bounded();
}
