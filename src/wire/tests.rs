//! Both ends against each other: what a page sees through the wire is what the run is, and no bytes stop either end.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::scene::registry::PROTOCOLS;
use crate::scene::settings::{Setting, SettingValue};
use crate::scene::{Command, Lang, Player, Selection, catalogue, open};
use crate::sim::Address;

fn host() -> Host {
    Host::new(PROTOCOLS, || 0.0)
}

fn remote() -> Remote {
    Remote::new(Box::new(RefCell::new(host())))
}

fn open_in(remote: &Remote, source: &str) {
    remote.open(Source::Text(source.to_owned()), None, None, Lang::En).unwrap();
}

#[test]
fn what_is_seen_through_the_wire_is_what_the_run_is() {
    let remote = remote();
    for card in catalogue(Lang::En) {
        open_in(&remote, &card.id);
        let mut player = Player::new(open(&card.id).ok().unwrap());
        for lang in Lang::ALL {
            for command in [Command::SeekTo(150), Command::Milestone { forward: true }, Command::Step(-3)] {
                let far = remote.apply(command.clone(), false, lang).unwrap();
                player.set_glides(false);
                // The engine has recorded the start already.
                let near = player.apply(command, lang).unwrap();
                assert_eq!(far.cursor, near.cursor, "{}", card.id);
            }
            let bench = player.bench_mut();
            let cursor = bench.cursor();
            assert_eq!(remote.state().cursor, cursor, "{}", card.id);
            assert_eq!(remote.stage(lang), Some(bench.stage(lang)), "{}", card.id);
            assert_eq!(remote.traffic(), Some(bench.traffic()));
            assert_eq!(remote.told(true, lang).unwrap().sentence, bench.sentence(cursor, lang));
            assert_eq!(remote.metrics(), Some(bench.metrics()));
            assert_eq!(remote.conditions(), bench.conditions());
            assert_eq!(remote.branches(), Some(bench.branches()));
            assert_eq!(remote.space_time(0, 400_000, 500), Some(bench.space_time(0, 400_000, 500)));
            let node = Selection::Party(Address::Node(crate::protocol::NodeId(0)));
            let wanted = PanelsWanted {
                circle: true,
                story: vec![(1, cursor)],
                table: Some(0),
                pending: Some(50),
                inspect: vec![Selection::Message(crate::sim::EventId(u32::MAX)), node],
                lang,
            };
            let (panels, circle) = remote.panels(wanted).unwrap();
            assert_eq!(panels.story, vec![bench.sentences(1, cursor, lang)]);
            assert_eq!(panels.tables.unwrap(), bench.tables(0, lang));
            assert_eq!(panels.pending.unwrap(), bench.pending(50, lang));
            assert_eq!(panels.inspected.map(|(_, fields)| fields), bench.inspect(node, lang));
            assert_eq!(
                circle.map(|circle| circle.figure(lang)),
                bench.circle().map(|circle| circle.figure(lang))
            );
            let why = remote.why(cursor, None, true, true, lang).unwrap();
            assert_eq!(why.causes, bench.causes(cursor, lang));
            assert_eq!(why.cone, Some(bench.cone(cursor)));
            assert_eq!(why.spots, Some(bench.source(cursor)));
            assert_eq!((remote.digest(), remote.link()), (bench.digest(), bench.link()), "{}", card.id);
        }
        assert_eq!(remote.fault(), None);
    }
}

#[test]
fn what_depends_on_members_and_keys_alone_crosses_once() {
    let mut host = host();
    let open = Request::Open {
        source: Source::Text("consistent-hashing/join".to_owned()),
        seed: None,
        slowdown: None,
        lang: Lang::En,
    };
    host.ask(&encode(&open));
    let circle = encode(&Request::Panels(PanelsWanted { circle: true, ..PanelsWanted::default() }));
    let (first, second) = (host.ask(&circle).len(), host.ask(&circle).len());
    assert!(first > 1_000 && second * 4 < first, "{first} bytes, then {second}");
}

/// Until the page has the newest build, its engine may be of another one.
#[test]
fn a_request_of_another_version_is_refused_by_its_version() {
    let mut bytes = encode(&Request::Link);
    bytes[0] = VERSION + 1;
    assert_eq!(decode(&bytes), Err(Wrong::Version(VERSION)));
    assert_eq!(decode(&[]), Err(Wrong::Malformed));
    assert_eq!(decode(&vec![VERSION; REQUEST_BYTES_MAX + 1]), Err(Wrong::TooLong));
}

#[test]
fn without_a_run_there_is_nothing_to_ask() {
    let remote = remote();
    assert_eq!(remote.link(), "");
    assert_eq!(remote.fault().unwrap().0, Wrong::NoRun.to_string());
}

#[test]
fn what_is_refused_leaves_what_is_open() {
    let remote = remote();
    open_in(&remote, "raft/calm");
    remote.apply(Command::SeekTo(40), false, Lang::En).unwrap();
    let link = remote.link();
    let refused = remote.open(Source::Text("raft/nothing".to_owned()), None, None, Lang::En).unwrap_err();
    assert!(!refused.can_be_salvaged && refused.text.contains("raft/nothing"), "{refused:?}");
    let damaged: String = link.chars().take(link.len() - 3).collect();
    assert!(remote.open(Source::Text(damaged), None, None, Lang::En).is_err());
    assert!(remote.open(Source::File(Rc::from(&b"\xFF\x00"[..]), 2), None, None, Lang::Zh).is_err());
    let wrong = vec![Setting { path: "nodes".to_owned(), value: SettingValue::Figure(0) }];
    let Err(Rebuilt::Settings(wrong)) = remote.rebuild(wrong, Lang::En) else { panic!("it was opened") };
    assert_eq!(wrong[0].path, "nodes");
    assert_eq!((remote.link(), remote.state().cursor), (link, 40));
}

#[test]
fn a_script_sees_the_same_run_as_a_page() {
    let (mut host, remote) = (host(), remote());
    host.open_text("raft/calm", Some(3), Lang::En).unwrap();
    remote.open(Source::Text("raft/calm".to_owned()), Some(3), None, Lang::En).unwrap();
    assert_eq!(host.seek(90), Ok(90));
    let crash = crate::sim::Intervention::Crash {
        node: crate::protocol::NodeId(1),
        unsynced: crate::sim::Unsynced::Torn,
        unsent: 0,
    };
    host.act(&serde_json::to_string(&crash).unwrap(), Lang::En).unwrap();
    for command in [Command::SeekTo(90), Command::Act(crash)] {
        remote.apply(command, false, Lang::En).unwrap();
    }
    assert_eq!(host.link_text(), Ok(remote.link()));
    let stage: crate::scene::model::Stage =
        serde_json::from_str(&host.stage_json(Lang::Zh).unwrap()).unwrap();
    assert_eq!(Some(stage), remote.stage(Lang::Zh));
    assert!(host.act("{}", Lang::En).is_err() && host.open_text("raft/none", None, Lang::En).is_err());
    assert_eq!(host.digest_text(), Ok(crate::scene::trace::hex(remote.digest())));
}

/// A carrier whose engine stops after so many requests.
struct Stops(RefCell<Host>, std::cell::Cell<u32>);

impl Carrier for Stops {
    fn carry(&self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let left = self.1.get();
        self.1.set(left.saturating_sub(1));
        if left == 0 { Err(Fault("it stopped".to_owned())) } else { self.0.carry(request) }
    }
}

#[test]
fn an_engine_that_stops_is_said_and_asked_nothing_more() {
    let carrier = Stops(RefCell::new(host()), std::cell::Cell::new(4));
    let remote = Remote::new(Box::new(carrier));
    open_in(&remote, "paxos/calm");
    remote.apply(Command::SeekTo(20), false, Lang::En).unwrap();
    remote.apply(Command::Play, false, Lang::En).unwrap();
    let before = remote.state();
    assert!(before.is_playing && before.is_moving);
    assert!(!remote.stage(Lang::En).unwrap().parties.is_empty());
    assert_eq!(remote.stage(Lang::En), None);
    assert_eq!(remote.fault(), Some(Fault("it stopped".to_owned())));
    // How things stood last is still known, so that the page can say where it was; but nothing moves any more.
    let now = State { is_playing: false, is_moving: false, ..before };
    assert_eq!((remote.state(), remote.link()), (now, String::new()));
}

/// A carrier that answers whatever it was given.
struct Says(Vec<u8>);

impl Carrier for Says {
    fn carry(&self, _: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.0.clone())
    }
}

/// One request of each kind, with figures far out of range: each takes little time even so.
fn requests() -> Vec<Request> {
    let lang = Lang::Zh;
    vec![
        Request::Command { command: Command::Select(Some(Selection::Step(7))), glides: true, lang },
        Request::Command { command: Command::Step(-1), glides: true, lang },
        Request::Tick { elapsed_us: 16_000 },
        Request::Stage { lang },
        Request::Traffic,
        Request::Sentence { with_tape: true, lang },
        Request::Panels(PanelsWanted {
            circle: true,
            story: vec![(0, u32::MAX), (9, 3)],
            table: Some(u32::MAX),
            pending: Some(u32::MAX),
            inspect: vec![Selection::Key(u64::MAX)],
            lang,
        }),
        Request::Compare { other: u32::MAX, lang },
        Request::Why { step: u32::MAX, steps_max: None, with_cone: true, with_source: true, lang },
        Request::TimeLookups { shown: u32::MAX, lang },
        Request::Metrics,
        Request::Branches,
        Request::SpaceTime { from_us: u64::MAX, to_us: 0, arrows_max: u32::MAX },
        Request::Conditions,
        Request::Prompts { of: Address::Client(crate::protocol::ClientId(u16::MAX)), lang },
        Request::Prompts { of: Address::Node(crate::protocol::NodeId(u16::MAX)), lang },
        Request::Settings,
        Request::Link,
        Request::File,
        Request::Digest,
        Request::Export { export: Export::Mermaid(u32::MAX, 0), bytes_max: 0, lang },
        Request::Export { export: Export::Diagram(u64::MAX, u64::MAX), bytes_max: u32::MAX, lang },
        Request::Export { export: Export::Shiviz(0, u32::MAX), bytes_max: 9_000, lang },
    ]
}

#[test]
fn extreme_figures_are_answered() {
    for source in ["raft/calm", "paxos/calm", "two-phase-commit/commit", "consistent-hashing/join"] {
        let mut host = host();
        let (source, lang) = (Source::Text(source.to_owned()), Lang::En);
        host.ask(&encode(&Request::Open { source, seed: Some(u64::MAX), slowdown: Some(0), lang }));
        for request in requests() {
            assert_eq!(host.ask(&encode(&request)).first(), Some(&0), "{request:?}");
        }
    }
}

/// Reads pseudo-random bytes, some of them near to what is right: a million natively, which takes seconds.
#[test]
fn a_million_inputs_are_errors_or_requests_and_never_a_panic() {
    use rand::{Rng, SeedableRng};
    let mut random = rand_pcg::Pcg64::seed_from_u64(7);
    let whole: Vec<Vec<u8>> = requests().iter().map(encode).collect();
    let mut good = 0u32;
    for round in 0..1_000_000u32 {
        let mut bytes = whole[round as usize % whole.len()].clone();
        for _ in 0..1 + random.next_u32() % 3 {
            let at = random.next_u32() as usize % bytes.len();
            match random.next_u32() % 3 {
                0 => bytes[at] = random.next_u32() as u8,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.next_u32() as u8),
            }
        }
        if let Ok(request) = decode(&bytes) {
            good += 1;
            // What was read can be written, and is read as the same again.
            assert_eq!(decode(&encode(&request)), Ok(request));
        }
    }
    assert!(good > 10_000, "most inputs are so wrong that they test nothing: {good}");
}

proptest! {
    /// The page's end: whatever an engine says, it is an answer or a fault.
    #[test]
    fn nonsense_from_an_engine_is_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let remote = Remote::new(Box::new(Says(bytes)));
        remote.told(true, Lang::En);
        remote.panels(PanelsWanted::default());
        remote.compare(1, Lang::En);
        remote.space_time(0, 1, 1);
    }

    /// An engine asked for anything, even in a bad state, answers.
    #[test]
    fn an_engine_answers_whatever_it_is_asked(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut host = host();
        prop_assert!(!host.ask(&bytes).is_empty());
    }
}

#[test]
fn a_script_goes_on_until_a_condition_holds_and_reads_facts() {
    let mut host = host();
    assert!(host.until("n1 leads", 10, Lang::En).is_err(), "no run is open");
    host.open_text("raft/calm", None, Lang::En).unwrap();
    assert_eq!(host.until("any node leads", 10, Lang::En), Ok(None));
    assert_eq!(host.seek(0), Ok(0), "the cursor has stayed");
    let step = host.until("any node leads", 5_000, Lang::En).unwrap().unwrap();
    assert_eq!(host.holds("any node leads", Lang::En), Ok(true));
    assert_eq!(host.until("any node leads", 0, Lang::En), Ok(None));
    assert_eq!(host.until("any node leads", 1, Lang::En), Ok(Some(step + 1)), "from the next step on");
    let refusal = host.holds("n9 leads", Lang::En).unwrap_err();
    assert!(refusal.contains("n9") && refusal.contains("n5"), "{refusal}");
    assert!(host.until("n1 领导", 1, Lang::Zh).unwrap_err().starts_with("条件"));
    let facts: serde_json::Value = serde_json::from_str(&host.facts_json().unwrap()).unwrap();
    let of_nodes = || (1..=5).map(|node| &facts[format!("n{node}")]);
    assert_eq!(of_nodes().filter(|facts| facts["role"] == "leader").count(), 1, "{facts}");
    assert!(of_nodes().all(|facts| facts["up"] == true && facts["term"].is_u64()), "{facts}");
    assert!(facts["c1"]["answered"].is_u64(), "{facts}");
    assert_eq!((&facts["cluster"]["running"], &facts["cluster"]["split"]), (&5.into(), &false.into()));
}
