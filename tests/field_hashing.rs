//! Small inputs on which the store of consistent hashing once did wrong, each with what is right.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_types, reason = "how long a handover takes is the machine's time")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lamplight::check::Checkable;
use lamplight::check::judge::DiskReader;
use lamplight::check::range::check;
use lamplight::check::run::{Plan, Subject};
use lamplight::protocol::consistent_hashing::store::{
    Answer, Dynamo, Operation, Options, Place, Reason, Record, Status, key_name,
};
use lamplight::protocol::{EffectBody, NodeId};
use lamplight::scenario::json;
use lamplight::sim::{
    Cluster, ClusterSetup, Doer, Intervention, InterventionOf, Scratch, Step, Watcher, Workload,
};

#[derive(Default)]
struct Violations {
    found: Vec<String>,
    /// How often a node took no further key in for another one.
    refused: u32,
    /// What clients have read.
    read: Vec<String>,
}

impl Watcher<Dynamo> for Violations {
    fn step(&mut self, _: &Cluster<Dynamo>, step: &Step<'_, Dynamo>) {
        self.found.extend(step.violation.map(|violation| format!("{violation:?}")));
        for effect in step.effects {
            if let EffectBody::Reply { answer: Answer::Versions { siblings }, .. } = &effect.body {
                let values: Vec<&str> = siblings.iter().map(|version| &*version.value).collect();
                self.read.push(values.join(" "));
            }
        }
        let refuses = |why: &Reason| matches!(why, Reason::TooManyHints { .. });
        self.refused += step.effects.iter().filter(|effect| refuses(&effect.why)).count() as u32;
    }
}

struct Run {
    cluster: Cluster<Dynamo>,
    scratch: Scratch<Dynamo>,
    seen: Violations,
}

impl Run {
    fn of(text: &str, adjust: impl Fn(&mut ClusterSetup<Dynamo>)) -> Run {
        let scenario = json::read::<Dynamo>(text).unwrap();
        let mut setup = (*scenario.setup).clone();
        adjust(&mut setup);
        setup.validate().unwrap();
        let cluster = Cluster::new(Arc::new(setup), scenario.seed);
        Run { cluster, scratch: Scratch::default(), seen: Violations::default() }
    }

    fn step_until_us(&mut self, until_us: u64) {
        while self.cluster.next_due_us().is_some_and(|due| due <= until_us) {
            self.cluster.step(&mut self.scratch, &mut self.seen).unwrap();
        }
    }

    fn until_us(&mut self, until_us: u64) {
        self.step_until_us(until_us);
        assert_eq!(self.seen.found, [] as [String; 0]);
    }

    fn act(&mut self, act: InterventionOf<Dynamo>) {
        self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.seen).unwrap();
    }

    fn node(&self, node: u16) -> &Dynamo {
        self.cluster.node(NodeId(node)).unwrap()
    }
}

/// A node that leaves waits for an owner that is dead. An operator who knows that it is dead says so to any other node;
/// then the leave ends, and every key has its owners.
#[test]
fn a_leave_that_waits_for_a_dead_owner_ends_when_an_operator_has_that_removed() {
    let mut run = Run::of(include_str!("field/hashing/leave-never-ends.json"), |_| {});
    run.until_us(10_000_000);
    assert_eq!(run.node(4).entry().status, Status::Leaving, "nobody may decide by itself that n6 is dead");
    assert!(run.node(4).data().len() > 0, "it has something to hand over");
    let remove = Operation::Remove { node: NodeId(5) };
    run.act(Intervention::Operation { node: NodeId(0), operation: remove });
    run.until_us(20_000_000);
    assert_eq!(run.node(4).entry().status, Status::Outside);
    for node in 0..4 {
        assert_eq!(run.node(node).ring().members(), [0, 1, 2, 3].map(NodeId), "n{}", node + 1);
        assert!(run.node(node).transfer().is_none(), "what it gained has arrived");
    }
    let options = run.cluster.setup().options.clone();
    // All keys, and not those of one node: with few points on the circle shares differ, and n1 owns 24 of the 50. And a
    // key that nobody had any more would not be missed among those that somebody has.
    for place in (0..options.initial_keys).map(|number| Place::of(&key_name(number))) {
        let owners = run.node(0).ring().owners(&place, &options);
        assert_eq!(owners.len(), 3, "{}", place.key);
        for owner in owners {
            assert!(!run.node(owner.0).on_disk(&place).is_empty(), "{owner} owns {} and lacks it", place.key);
        }
    }
    // The dead comes back, hears that it was removed, and hands over what it alone may have.
    run.act(Intervention::Restart { node: NodeId(5) });
    run.until_us(30_000_000);
    assert_eq!(run.node(5).entry().status, Status::Outside);
    assert_eq!(run.node(5).data().len(), 0);
}

/// Dynamo §4.4: "when the number of (node, counter) pairs in the vector clock reaches a threshold (say 10), the oldest
/// pair is removed". The bound gives way only to versions that are being replaced at this moment.
#[test]
fn version_vectors_are_bounded_however_often_members_change() {
    let longest = |vector_entries_max| {
        let text = include_str!("field/hashing/version-vectors-grow.json");
        // Tombstones that go take their vectors along.
        let mut run = Run::of(text, |setup| {
            setup.options.vector_entries_max = vector_entries_max;
            setup.options.tombstone_grace_us = 0;
        });
        run.until_us(125_000_000);
        let nodes = run.cluster.nodes().iter().flatten();
        let held = nodes.flat_map(|node| node.data().map(|(_, held)| held.siblings.clone()));
        let entries = held.flat_map(|siblings| {
            siblings.iter().map(|version| version.context.iter().len()).collect::<Vec<_>>()
        });
        entries.max().unwrap()
    };
    let (bounded, unbounded) = (longest(10), longest(0));
    assert!(bounded == 10 && unbounded > 25, "{bounded} and {unbounded}");
}

/// An owner that has a version on its disk counts among the W, also where its answer comes after somebody else was asked
/// in its place (Dynamo §4.5, §4.6). Where a time-out is shorter than a round trip, hardly any other answer comes.
#[test]
fn the_answer_of_an_owner_counts_however_late_it_is() {
    let mut run = Run::of(include_str!("field/hashing/owners-answer-late.json"), |_| {});
    run.until_us(20_000_000);
    let done: Vec<u64> = run.cluster.clients().iter().map(|client| client.done).collect();
    assert!(done.iter().sum::<u64>() > 100, "{done:?}");
}

/// A node that has given its keys to all owners leaves. It hears that one of those is leaving, too, before its own
/// decision is on disk; who owns the keys after that is that one's business (§4.9).
#[test]
fn a_leave_is_judged_by_the_ring_in_which_it_was_decided() {
    let mut run = Run::of(include_str!("field/hashing/leave-hears-of-a-leave.json"), |_| {});
    run.until_us(5_000_000);
    for node in [4, 5] {
        assert_eq!((run.node(node).entry().status, run.node(node).data().len()), (Status::Outside, 0));
    }
}

/// What a deleted key held need not be read any more, also where the record that the tombstone has gone never reached a
/// disk, because the log was compacted in the same step: then a new log without the key is what says so.
#[test]
fn a_tombstone_that_goes_with_a_compacted_log_is_gone() {
    let mut compacted = 0;
    for every in 1..=20 {
        let text = include_str!("field/hashing/tombstone-goes-with-the-log.json");
        let mut run = Run::of(text, |setup| setup.options.compact_every_records = every);
        let mut judged = Judged { reader: DiskReader::new(&run.cluster), found: Vec::new(), compacted: 0 };
        while run.cluster.next_due_us().is_some_and(|due| due <= 2_000_000) {
            run.cluster.step(&mut run.scratch, &mut judged).unwrap();
        }
        assert_eq!(judged.found, [] as [String; 0], "compacted after {every} records");
        compacted += judged.compacted;
    }
    assert!(compacted > 0, "no tombstone went with a log");
}

/// What the judge of the disks says.
struct Judged {
    reader: DiskReader<<Dynamo as Checkable>::Judge, Record>,
    found: Vec<String>,
    compacted: u32,
}

impl Watcher<Dynamo> for Judged {
    fn step(&mut self, cluster: &Cluster<Dynamo>, step: &Step<'_, Dynamo>) {
        self.found.extend(self.reader.step(cluster, step));
        let has = |is: fn(&EffectBody<Dynamo>) -> bool| step.effects.iter().any(|effect| is(&effect.body));
        let collects = has(|body| matches!(body, EffectBody::Append { record: Record::Collected { .. } }));
        let rewrites = has(|body| matches!(body, EffectBody::Rewrite { .. }));
        self.compacted += u32::from(collects && rewrites);
    }
}

/// What an operator wrote to the disks is there before any process has synced: the loss of one of two disks loses nothing,
/// also while the node of the other one is paused and has not said so.
#[test]
fn what_the_cluster_begins_with_is_on_the_disks_before_anybody_says_so() {
    let mut run = Run::of(include_str!("field/hashing/initial-keys-are-durable.json"), |_| {});
    run.until_us(5_000_000);
    assert!(!run.node(1).entry().refilling);
    assert!(run.node(1).data().len() > 0);
}

/// A node that stands in for one that is dead is not filled up without end: beyond the bound it says why it takes no more
/// (§4.6). Once the owner is back, all it has is handed over.
#[test]
fn a_node_stands_in_with_no_more_keys_than_are_allowed() {
    let mut run = Run::of(include_str!("field/hashing/leave-never-ends.json"), |setup| {
        setup.script.truncate(1);
        setup.options = Options { write_quorum: 3, hinted_keys_max: 2, ..Options::default() };
        (setup.clients, setup.workload) =
            (4, Some(Workload { keys: 50, think_us_mean: 5_000, ..Workload::default() }));
    });
    let hinted = |run: &Run| -> Vec<usize> {
        let of = |node: &Dynamo| node.data().filter(|(_, held)| !held.hints.is_empty()).count();
        run.cluster.nodes().iter().flatten().map(of).collect()
    };
    run.until_us(10_000_000);
    let done: u64 = run.cluster.clients().iter().map(|client| client.done).sum();
    assert!(hinted(&run).contains(&2) && hinted(&run).iter().all(|keys| *keys <= 2), "{:?}", hinted(&run));
    assert!(run.seen.refused > 0 && done > 0, "{} refused, {done} done", run.seen.refused);
    run.act(Intervention::Restart { node: NodeId(5) });
    run.act(Intervention::Workload { workload: None });
    run.until_us(20_000_000);
    assert_eq!(hinted(&run), [0; 6]);
}

/// A node that hears nobody says to everybody that it is up, so reads are passed on to it, and it answers none. Whoever
/// has waited for one of two such nodes tries the next node, and not those two in turn.
#[test]
fn a_request_is_not_passed_on_to_those_that_did_not_answer_it() {
    let mut run = Run::of(include_str!("field/hashing/deaf-coordinators.json"), |_| {});
    run.until_us(60_000_000);
    let done = run.cluster.clients()[0].done;
    assert!(done > 150, "{done}");
}

/// What three members hold that all lost their disks before is held by nobody who is asked for it. Whoever joins
/// meanwhile waits for them, and owns nothing that it does not have (§4.9).
#[test]
fn whoever_joins_waits_for_members_that_get_back_what_they_lost() {
    let mut run = Run::of(include_str!("field/hashing/join-while-others-refill.json"), |_| {});
    run.until_us(7_900_000);
    assert_eq!(
        run.node(4).entry().status,
        Status::Joining,
        "n1 to n3 refill, and n4 is all that can be asked"
    );
    run.until_us(15_000_000);
    assert_eq!(run.node(4).entry().status, Status::Member);
    assert!((0..3).all(|node| !run.node(node).entry().refilling));
    let options = run.cluster.setup().options.clone();
    for place in (0..options.initial_keys).map(|number| Place::of(&key_name(number))) {
        for owner in run.node(4).ring().owners(&place, &options) {
            let held = run.node(owner.0).siblings_of(&place);
            assert!(held.iter().any(|version| &*version.value == "anew"), "{owner} lacks {}", place.key);
        }
    }
}

/// A node that comes back after it was removed says so under a number of its own. Who has not heard of the removal before
/// must not take it for a node that handed over what it had before it left (§4.9).
#[test]
fn a_node_that_was_removed_is_still_removed_when_it_says_so_itself() {
    let mut run = Run::of(include_str!("field/hashing/removed-says-so-itself.json"), |_| {});
    run.until_us(5_000_000);
    for node in 0..5 {
        let entry = run.node(node).membership().get(NodeId(4));
        assert_eq!((entry.status, entry.is_removed), (Status::Outside, true), "as n{} knows it", node + 1);
    }
}

/// A member that fetches what it gained when another one was removed counts in no read, so one member less may be out of
/// reach meanwhile, as while a lost disk is refilled.
#[test]
fn a_member_that_fetches_what_it_gained_takes_the_place_of_one_that_may_fail() {
    for (nodes, seed) in [(5, 443), (5, 4_900_499), (7, 4_900_497)] {
        let subject: Subject<Dynamo> = Subject::Protocol { nodes, adjust: |_| {}, broken: None };
        let report = check(&subject, seed..seed + 1, Plan::of::<Dynamo>(), 1);
        assert!(report.failures.is_empty(), "{:?}", report.failures[0].1.finding);
    }
}

/// A write is on W disks, so nothing is promised of what was on W that are lost or belong to nodes that were removed. Who
/// gets back its own lost disk meanwhile owns what it can ask for, and what the removed bring along when they come back.
#[test]
fn a_disk_that_is_refilled_lacks_what_only_removed_nodes_hold_until_they_come_back() {
    let mut run = Run::of(include_str!("field/hashing/refill-after-removals.json"), |_| {});
    run.until_us(11_000_000);
    assert!(!run.node(1).entry().refilling, "it does not wait for nodes that may never come back");
    let options = run.cluster.setup().options.clone();
    let lacking = |run: &Run| -> Vec<Place> {
        let places = (0..options.initial_keys).map(|number| Place::of(&key_name(number)));
        let lacks = |place: &Place| {
            let owners = run.node(0).ring().owners(place, &options);
            owners.into_iter().any(|owner| run.node(owner.0).on_disk(place).is_empty())
        };
        places.filter(lacks).collect()
    };
    assert!(!lacking(&run).is_empty(), "two of two disks are out of reach");
    run.until_us(20_000_000);
    assert_eq!(lacking(&run), []);
    // The same where another one had its lost disk back already, and who asked had not been told.
    let subject: Subject<Dynamo> = Subject::Protocol { nodes: 7, adjust: |_| {}, broken: None };
    let report = check(&subject, 4_960_029..4_960_030, Plan::of::<Dynamo>(), 1);
    assert!(report.failures.is_empty(), "{:?}", report.failures[0].1.finding);
}

/// What a node owns and does not have on its disk.
fn lacking(run: &Run, node: u16) -> Vec<Place> {
    let options = &run.cluster.setup().options;
    let node = run.node(node);
    let places = (0..options.initial_keys).map(|number| Place::of(&key_name(number)));
    let lacks =
        |place: &Place| node.ring().is_owner(node.id(), place, options) && node.on_disk(place).is_empty();
    places.filter(lacks).collect()
}

/// Two join at once, and hear nothing of each other. While n5 is cut off, n4 becomes a member and gets keys that n2 and n3
/// give up for it. When n5 asks those two for its ranges, n1 being out of reach, they must not say that they have sent
/// all: what they gave up is with n1 and n4, and n5 would own it without having it (§4.9).
#[test]
fn whoever_joins_is_told_of_another_member_before_it_takes_what_the_others_have_left() {
    let mut run = Run::of(include_str!("field/hashing/join-while-another-joins.json"), |_| {});
    run.until_us(1_900_000);
    assert_eq!((run.node(3).entry().status, run.node(4).entry().status), (Status::Member, Status::Joining));
    assert_eq!(run.node(4).ring().members(), [0, 1, 2].map(NodeId), "n5 has not heard of n4");
    run.until_us(3_900_000);
    assert_eq!(lacking(&run, 4), [], "what it owns it has");
    assert_eq!(run.node(4).ring().members(), [0, 1, 2, 3].map(NodeId), "those it asked have told it of n4");
    assert_eq!(run.node(4).entry().status, Status::Joining, "two of four are out of reach, n1 and n4");
    run.until_us(5_000_000);
    assert_eq!((run.node(4).entry().status, lacking(&run, 4)), (Status::Member, vec![]));
    // Whoever sends all the same lets n5 own what it lacks.
    let broken = |setup: &mut ClusterSetup<Dynamo>| setup.options.break_rules.range_of_an_older_ring = true;
    let mut run = Run::of(include_str!("field/hashing/join-while-another-joins.json"), broken);
    run.step_until_us(3_900_000);
    assert!(
        matches!(&run.seen.found[..], [found] if found.starts_with("KeyAlwaysOwned")),
        "{:?}",
        run.seen.found
    );
    // The same where an operator had a node removed that held a key, and another one had its lost disk back.
    let subject: Subject<Dynamo> = Subject::Protocol { nodes: 7, adjust: |_| {}, broken: None };
    let report = check(&subject, 9_102_534..9_102_535, Plan::of::<Dynamo>(), 1);
    assert!(report.failures.is_empty(), "{:?}", report.failures[0].1.finding);
}

/// The same, but n4 has died since and was removed, and n2 and n3 still wait for n1 to send what they gained by that. n5
/// has heard neither that n4 was a member nor that it is none any more, and what n2 and n3 gave up for n4 only n1 has.
#[test]
fn whoever_joins_counts_those_as_gone_whose_ranges_the_members_have_not_got_back() {
    let mut run = Run::of(include_str!("field/hashing/join-while-others-fill.json"), |_| {});
    run.until_us(8_900_000);
    for node in [1, 2] {
        assert!(run.node(node).membership().get(NodeId(3)).is_removed);
        assert!(run.node(node).transfer().is_some(), "n{} cannot reach n1", node + 1);
    }
    assert_eq!(run.node(4).membership().get(NodeId(3)).number, 1, "n5 has heard nothing of n4");
    run.until_us(11_900_000);
    assert_eq!(run.node(4).entry().status, Status::Joining, "n1 and n4 are two of two that may hold a key");
    run.until_us(14_000_000);
    assert_eq!((run.node(4).entry().status, lacking(&run, 4)), (Status::Member, vec![]));
}

/// A delete is on all disks, and its tombstone goes, before the client of an earlier write hears that this is written: the
/// answer of one replica was long under way. Nobody needs to have what was deleted.
#[test]
fn a_write_that_a_client_hears_of_after_its_delete_was_forgotten_is_not_lost() {
    let subject: Subject<Dynamo> = Subject::Protocol { nodes: 3, adjust: |_| {}, broken: None };
    let report = check(&subject, 9_300_597..9_300_598, Plan::of::<Dynamo>(), 1);
    assert!(report.failures.is_empty(), "{:?}", report.failures[0].1.finding);
}

/// A handover takes work in proportion to its keys: four times as many keys take some four times as long, and not
/// sixteen times.
#[test]
fn a_handover_takes_work_in_proportion_to_its_keys() {
    let time = |text: &str, keys: u32| {
        let once = || {
            let mut run = Run::of(text, |setup| setup.options.initial_keys = keys);
            run.until_us(900_000);
            let begun = Instant::now();
            while run.node(4).entry().status != Status::Outside {
                let next_us = run.cluster.now_us() + 100_000;
                assert!(next_us < 60_000_000, "the leave of {keys} keys does not end");
                run.until_us(next_us);
            }
            (begun.elapsed(), run.cluster.steps())
        };
        let runs = [once(), once()];
        (runs.iter().map(|(time, _)| *time).min().unwrap_or(Duration::ZERO), runs[0].1)
    };
    let (small, small_steps) = time(include_str!("field/hashing/leave-5000-keys.json"), 2_500);
    let (large, large_steps) = time(include_str!("field/hashing/leave-10000-keys.json"), 10_000);
    eprintln!("2,500 keys: {small:?}, {small_steps} steps; 10,000 keys: {large:?}, {large_steps} steps");
    assert!(large_steps < 5 * small_steps);
    assert!(large < small * 10, "{large:?} for four times the keys of {small:?}");
}

/// Owners do not count the grace of a tombstone from the same moment, because one of them was down. The one that drops it
/// first does not get it back from the others, and in the end nobody has any.
#[test]
fn tombstones_go_although_owners_count_their_grace_from_different_moments() {
    let mut run = Run::of(include_str!("field/hashing/tombstones-come-back.json"), |_| {});
    run.until_us(60_000_000);
    for node in 0..3 {
        let deleted = run.node(node).data().filter(|(_, held)| held.durable.are_deleted());
        assert_eq!(deleted.count(), 0, "n{}", node + 1);
    }
}

/// A node that has left acknowledges a write of a coordinator that has not heard of it. That is no disk on which a read
/// looks for the write, so it does not count: a read of R owners finds what W owners have.
#[test]
fn what_a_former_owner_acknowledges_does_not_count() {
    let mut run = Run::of(include_str!("field/hashing/write-counts-former-owner.json"), |_| {});
    run.until_us(2_500_000);
    let told: Vec<&str> = run.seen.read.iter().map(String::as_str).collect();
    assert_eq!(told, ["told"], "the read comes after the write was acknowledged");
}

/// All members are told to leave at once, and each sees enough others that stay. Nobody could take over what they hold, so
/// nobody ever leaves, until one is told to join again: it takes its leave back.
#[test]
fn a_leave_can_be_taken_back() {
    let mut run = Run::of(
        r#"{"format":1,"protocol":"consistent-hashing","setup":{"nodes":6,"options":{"initial_keys":20}}}"#,
        |_| {},
    );
    run.until_us(1_000_000);
    let members = run.node(0).ring().members().to_vec();
    for node in &members {
        run.act(Intervention::Operation { node: *node, operation: Operation::Leave });
    }
    run.until_us(20_000_000);
    let stands: Vec<Status> = members.iter().map(|node| run.node(node.0).entry().status).collect();
    assert!(stands.iter().all(|status| *status == Status::Leaving), "{stands:?}");
    run.act(Intervention::Operation { node: members[0], operation: Operation::Join });
    run.until_us(40_000_000);
    let stands: Vec<Status> = members.iter().map(|node| run.node(node.0).entry().status).collect();
    assert_eq!(stands[0], Status::Member);
    assert!(stands[1..].iter().all(|status| *status == Status::Outside), "{stands:?}");
    let keys = run.cluster.setup().options.initial_keys;
    let mut places = (0..keys).map(|number| Place::of(&key_name(number)));
    assert!(places.all(|place| !run.node(members[0].0).on_disk(&place).is_empty()), "it has what they had");
}
