//! What is drawn of the circle is what the algorithms say.

use std::collections::BTreeSet;

use super::*;
use crate::protocol::consistent_hashing::measure::Moves;
use crate::protocol::consistent_hashing::store::ring::build;
use crate::scene::circle::Placed;
use crate::scene::circle::position_text;
use crate::scene::consistent_hashing::comparison;
use crate::scene::model::{Stage, Tone};
use crate::scene::{Lang, Selection, Workbench, open, svg};
use crate::sim::{Intervention, Unsynced};

fn bench(name: &str, time_us: u64) -> Box<dyn Workbench> {
    let mut bench = open(name).ok().unwrap();
    bench.record(time_us, 60_000).unwrap();
    let cursor = bench.cursor_at(time_us);
    bench.seek(cursor);
    bench
}

/// A circle of 500 keys, on which one of six nodes joins or leaves.
fn circle_of(algorithm: Algorithm, initial: u16, change: &str) -> (Box<dyn Workbench>, Options) {
    let scenario = if algorithm == Algorithm::Modulo { "modulo" } else { "ring" };
    let mut file: serde_json::Value =
        serde_json::from_str(&bench(&format!("consistent-hashing/{scenario}"), 0).json()).unwrap();
    let setup = file.get_mut("setup").unwrap();
    setup["nodes"] = 6.into();
    setup["script"] = serde_json::json!([]);
    let options = &mut setup["options"];
    options["algorithm"] = serde_json::to_value(algorithm).unwrap();
    options["initial_members"] = initial.into();
    options["initial_keys"] = 500.into();
    options["replicas"] = 3.into();
    let options: Options = serde_json::from_value(options.clone()).unwrap();
    file["cursor"] = 0.into();
    let mut bench = open(&file.to_string()).ok().unwrap();
    bench.record(150_000, 10_000).unwrap();
    bench.seek(bench.recorded());
    let operation = change.to_owned();
    bench.act(Intervention::Operation { node: NodeId(5), operation }, Lang::En).unwrap();
    bench.record(170_000, 10_000).unwrap();
    bench.seek(bench.recorded());
    (bench, options)
}

const CHANGES: [(u16, &str); 2] = [(5, "join"), (6, "leave")];

fn ranges_at(placed: &Placed, turn: f64) -> Vec<Owners> {
    let holds = |range: &&Range| {
        (range.from < turn && turn <= range.to) || (range.from < turn - 1.0 && turn - 1.0 <= range.to)
    };
    placed.ranges.iter().filter(holds).map(|range| range.owners).collect()
}

#[test]
fn every_key_lies_in_one_range_and_belongs_to_whom_the_range_belongs() {
    for algorithm in [Algorithm::Ring, Algorithm::Ketama, Algorithm::KetamaLibmemcached] {
        for (initial, change) in CHANGES {
            let (bench, _) = circle_of(algorithm, initial, change);
            let circle = bench.circle().unwrap();
            let placed = &circle.placed;
            assert_eq!(placed.keys.len(), 500);
            for (index, key) in placed.keys.iter().enumerate() {
                assert_eq!(ranges_at(placed, key.turn), [key.owners], "{algorithm:?} {change} {}", key.name);
                assert_eq!(placed.owners_of(index).first(), Some(&key.owners.now));
                // The walk along the circle stops at the owners, in their order.
                let stops: Vec<NodeId> = placed.walk(index).iter().map(|stop| stop.node).collect();
                assert_eq!(stops, placed.owners_of(index), "{algorithm:?} {change} {}", key.name);
            }
            // The ranges cover the circle without a gap.
            let ends = placed.ranges.windows(2).filter(|pair| pair[0].to != pair[1].from).count();
            let length: f64 = placed.ranges.iter().map(|range| range.to - range.from).sum();
            assert_eq!((ends, (length * 1e9) as u64), (0, 1_000_000_000));
        }
    }
}

#[test]
fn what_moves_is_what_the_measure_says() {
    let all = Algorithm::ALL.into_iter().filter(|algorithm| {
        !matches!(algorithm, Algorithm::Jump | Algorithm::Anchor | Algorithm::BoundedLoads)
    });
    for algorithm in all {
        for (initial, change) in CHANGES {
            let (bench, mut options) = circle_of(algorithm, initial, change);
            let circle = bench.circle().unwrap();
            let placed = &circle.placed;
            assert_eq!(placed.members.then.len(), if change == "join" { 6 } else { 5 });
            let placements = [&placed.members.before, &placed.members.then]
                .map(|members| build(members, &options).unwrap());
            let keys = placed.keys.iter().map(|key| key.name.as_bytes());
            let moves = Moves::between(&*placements[0], &*placements[1], keys);
            assert_eq!(placed.moved as u64, moves.moved, "{algorithm:?} {change}");
            assert!((placed.ideal - moves.ideal).abs() < 1e-6);
            assert_eq!(placed.keys.iter().filter(|key| key.owners.moves()).count() as u64, moves.moved);
            // And what the comparison says of the algorithm that runs.
            options.algorithm = algorithm;
            let compared = comparison::moved(placed, &options);
            let current: Vec<_> = compared.iter().filter(|(_, is_current, _)| *is_current).collect();
            assert_eq!(current, [&(algorithm, true, Some(placed.moved))]);
        }
    }
}

#[test]
fn one_of_five_takes_its_fifth_and_modulo_moves_four_fifths() {
    let figure = |name: &str| {
        let bench = bench(name, 200_000);
        let circle = bench.circle().unwrap();
        (circle.placed.moved, circle.figure(Lang::En))
    };
    let (ring, shown) = figure("consistent-hashing/ring");
    assert_eq!((ring, shown.large.as_str()), (17, "14.2 %"));
    assert_eq!(shown.lines[1], "ideal 20.0 %");
    let (modulo, shown) = figure("consistent-hashing/modulo");
    assert!((90..=102).contains(&modulo), "{modulo} of 120 keys");
    assert!(shown.large.starts_with("7") || shown.large.starts_with("8"), "{}", shown.large);
}

#[test]
fn keys_arrive_chunk_by_chunk_and_all_of_them_in_the_end() {
    let mut bench = bench("consistent-hashing/join", 160_000);
    let mut seen = BTreeSet::new();
    let moved = bench.circle().unwrap().placed.moved;
    assert!(moved > 10);
    for _ in 0..400 {
        seen.insert(bench.circle().unwrap().moved_and_arrived());
        bench.seek(bench.cursor() + 1);
    }
    assert!(seen.len() > 3, "{seen:?}");
    assert_eq!(seen.last(), Some(&moved));
    let circle = bench.circle().unwrap();
    assert_eq!(circle.placed.members.now.len(), 5);
    assert!(circle.placed.keys.iter().all(|key| key.owners.now == key.owners.then));
    // The newcomer is amber, on the circle as on the stage.
    assert_eq!(circle.placed.tone(NodeId(4)), Tone::Leader);
    let Stage { parties, .. } = bench.stage(Lang::En);
    assert_eq!([parties[0].tone, parties[4].tone], [Tone::Owner(0), Tone::Leader]);
}

#[test]
fn a_moment_is_drawn_alike_wherever_the_reader_comes_from() {
    let mut bench = bench("consistent-hashing/dies-during-the-move", 0);
    bench.record(1_500_000, 60_000).unwrap();
    let moments = [0, 900, 200, 700, 420, 421, 1_200];
    for cursor in moments {
        bench.seek(cursor);
        let known = bench.circle().unwrap();
        let mut fresh = open("consistent-hashing/dies-during-the-move").ok().unwrap();
        fresh.seek(cursor);
        let new = fresh.circle().unwrap();
        assert_eq!(known.arrived, new.arrived, "at {cursor}");
        assert_eq!((&known.placed.keys, &known.placed.owners), (&new.placed.keys, &new.placed.owners));
        assert_eq!((&known.placed.ranges, &known.placed.members), (&new.placed.ranges, &new.placed.members));
    }
}

#[test]
fn a_key_is_inspected_with_its_owners_and_its_versions() {
    let mut bench = bench("consistent-hashing/siblings", 380_000);
    let circle = bench.circle().unwrap();
    let position = circle.placed.keys[0].position;
    let found = bench.inspect(Selection::Key(position), Lang::En).unwrap();
    assert_eq!(found.title, "key “cart”");
    let value =
        |name: &str| found.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str());
    assert_eq!(value("hash"), Some(position_text(position).as_str()));
    assert_eq!(value("walk to the owners"), Some(circle.placed.walk_text(0).as_str()));
    assert_eq!(value("quorums"), Some("R 2, W 2 of N 3"));
    let first = circle.placed.owners_of(0)[0];
    let held = value(&format!("{first} holds")).unwrap();
    assert!(held.contains("milk | bread") || held.contains("bread | milk"), "{held}");
    assert_eq!(bench.inspect(Selection::Key(position + 1), Lang::En), None);
}

#[test]
fn lookups_are_timed_once_and_the_run_does_not_know_of_it() {
    let mut bench = bench("consistent-hashing/ring", 200_000);
    let clock_ms = std::cell::Cell::new(0.0);
    let clock = || {
        clock_ms.set(clock_ms.get() + 1.0);
        clock_ms.get()
    };
    let before = (bench.digest(), bench.link());
    assert!(!bench.time_lookups(&clock), "nobody has asked for the comparison");
    let unmeasured = bench.tables(1, Lang::En).remove(1);
    assert_eq!(unmeasured.rows[0].cells[3].as_ref().unwrap().text, "–");
    assert!(bench.time_lookups(&clock));
    let table = bench.tables(1, Lang::En).remove(1);
    for row in table.rows.iter().filter(|row| row.cells.len() == 4) {
        // Every look at that clock takes a millisecond, and there are 256 lookups between two.
        assert_eq!(row.cells[3].as_ref().unwrap().text, "3906", "{}", row.name);
    }
    assert!(!bench.time_lookups(&clock));
    assert_eq!((bench.digest(), bench.link()), before);
}

#[test]
fn jump_says_what_it_cannot_do() {
    let cell = |name: &str| {
        let bench = bench(name, 200_000);
        let table = bench.tables(1, Lang::En).remove(1);
        let row = table.rows.iter().find(|row| row.name == "Jump").unwrap().clone();
        row.cells[0].clone().unwrap().text
    };
    assert!(cell("consistent-hashing/ring").parse::<u32>().is_ok());
    assert_eq!(cell("consistent-hashing/weights"), "no weights");
}

#[test]
fn branches_that_are_compared_have_each_their_own_circle() {
    let (mut bench, _) = circle_of(Algorithm::Ring, 5, "join");
    let joined = bench.cursor();
    let before = bench.cursor_at(60_000);
    bench.seek(before);
    bench
        .act(Intervention::Crash { node: NodeId(1), unsynced: Unsynced::Kept, unsent: 0 }, Lang::En)
        .unwrap();
    bench.record(170_000, 10_000).unwrap();
    bench.seek(bench.recorded());
    assert!(joined > before, "the join is in the other branch alone");
    let compared = bench.compare(0, Lang::En).unwrap();
    let [here, there] = compared.circles.each_ref().map(|circle| circle.as_deref().unwrap());
    assert_eq!(Some(here), bench.circle().as_deref());
    assert_eq!(here.placed.members.then.len(), 5, "here nobody was told to join");
    assert_eq!(there.placed.members.then.len(), 6);

    let picture = svg::draw_small(&compared.stages[1], Some((there, Lang::En)));
    let whole = svg::draw(&compared.stages[1], Some((there, Lang::En)));
    assert!(picture.contains(r#"<g class="circle">"#));
    let dots = |picture: &str| picture.matches("<circle").count();
    assert_eq!(dots(&whole) - dots(&picture), there.placed.keys.len(), "only the keys are left out");
}
