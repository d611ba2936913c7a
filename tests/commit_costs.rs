//! What two-phase commit costs under each presumption, counted in a run without failures.
//!
//! The table is the published one (Mohan, Lindsay and Obermarck 1986, for processes that form a tree of two
//! levels; Lampson and Lomet 1993 name its first column presumed nothing). It counts what the commit protocol
//! adds to the work: log records, how many of them are forced, and messages.
//!
//! ```text
//!                          coordinator                    each participant
//!                      records forced messages        records forced messages
//!                                     to each                         to the
//!                                                                  coordinator
//! commit, updates
//!   presumed nothing      2      1       2               2      2       2
//!   presumed abort        2      1       2               2      2       2
//!   presumed commit       2      2       2               2      1       1
//! abort, voted yes
//!   presumed nothing      2      1       2               2      2       2
//!   presumed abort        0      0       2               2      1       1
//!   presumed commit       2      1       2               2      2       2
//! all have only read
//!   presumed nothing      2      1       2               2      2       2
//!   presumed abort        0      0       1               0      0       1
//!   presumed commit       2      1       1               0      0       1
//! ```
//!
//! Presumed nothing knows no read-only vote, so a participant that has only read costs what any other does. One
//! that votes no is sent one message and answers with one; it writes an abort record, forced unless abort is
//! presumed. On an abort under presumed commit the coordinator writes no abort record, as Lampson and Lomet have
//! it: the initiation record without a commit record says the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod commit_run;

use commit_run::{FIRST, Run, at};
use lamplight::protocol::NodeId;
use lamplight::protocol::atomic_commit::two_phase::TwoPhase;
use lamplight::protocol::atomic_commit::{
    Answer, COORDINATOR, Command, Message, Operation, Presumption, Record, TwoPhaseOptions, Write,
};
use lamplight::sim::{Address, Intervention, LinkOptions};

/// Records, forced ones among them, messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Cost {
    records: usize,
    forced: usize,
    messages: usize,
}

const fn cost(records: usize, forced: usize, messages: usize) -> Cost {
    Cost { records, forced, messages }
}

const PRESUMPTIONS: [Presumption; 3] = [Presumption::Nothing, Presumption::Abort, Presumption::Commit];

/// The published rows: the coordinator's cost (with messages to each participant), a participant's.
fn commit_row(presumption: Presumption) -> (Cost, Cost) {
    match presumption {
        Presumption::Nothing | Presumption::Abort => (cost(2, 1, 2), cost(2, 2, 2)),
        Presumption::Commit => (cost(2, 2, 2), cost(2, 1, 1)),
    }
}

fn abort_row(presumption: Presumption) -> (Cost, Cost) {
    match presumption {
        Presumption::Nothing | Presumption::Commit => (cost(2, 1, 2), cost(2, 2, 2)),
        Presumption::Abort => (cost(0, 0, 2), cost(2, 1, 1)),
    }
}

fn read_only_row(presumption: Presumption) -> (Cost, Cost) {
    match presumption {
        Presumption::Nothing => commit_row(presumption),
        Presumption::Abort => (cost(0, 0, 1), cost(0, 0, 1)),
        Presumption::Commit => (cost(2, 1, 1), cost(0, 0, 1)),
    }
}

/// What a site does in the transaction.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Part {
    Updates,
    Reads,
    VotesNo,
}

/// Runs one transaction with these parts at sites 1, 2, … and returns it when all has come to rest.
fn run(presumption: Presumption, parts: &[Part]) -> Run<TwoPhase> {
    let options = TwoPhaseOptions {
        presumption,
        read_only_vote: presumption != Presumption::Nothing,
        one_phase: false,
        ..TwoPhaseOptions::default()
    };
    let sites = parts.len() as u16;
    let mut run = Run::<TwoPhase>::ready(sites, options);
    let steady = LinkOptions { jitter_us_mean: 0, reordering: false, ..LinkOptions::default() };
    run.act(Intervention::Network { options: steady });
    let mut operations = Vec::new();
    for (part, site) in parts.iter().zip(1..) {
        let place = at(site, "account");
        operations.push(match part {
            Part::Updates => Operation::Add { at: place, amount: 5 },
            Part::Reads => Operation::Read { at: place },
            Part::VotesNo => Operation::Add { at: place, amount: -1_000 },
        });
        if *part == Part::VotesNo {
            // The no arrives last, so that all others have voted by then.
            let slow = LinkOptions { latency_us_min: 9_000, ..steady };
            let (from, to) = (Address::Node(NodeId(site)), Address::Node(COORDINATOR));
            run.act(Intervention::Link { from, to, options: Some(slow) });
        }
    }
    run.command(0, Command::Transaction { operations });
    run.for_us(2_000_000);
    run.assert_no_violation();
    run
}

/// What a node spent on the transaction. What the log claims to be forced is held against the syncs that were
/// really begun.
fn spent(run: &Run<TwoPhase>, node: NodeId) -> Cost {
    let log = run.cluster.node(node).unwrap().log();
    let records = || {
        let of_protocol = |record: &lamplight::protocol::atomic_commit::Record| {
            record.is_commit_protocol() && record.transaction() == Some(FIRST)
        };
        log.entries().iter().filter(move |entry| of_protocol(&entry.record))
    };
    let forced = records().filter(|entry| entry.write == Write::Forced).count();
    // That a client's request was aborted is put on record for the client's sake, which the table does not count. It
    // costs a sync of its own where the abort itself costs none.
    let for_client = log.entries().iter().any(|entry| matches!(entry.record, Record::Refused(_)));
    let abort_is_forced =
        records().any(|entry| entry.write == Write::Forced && matches!(entry.record, Record::Abort { .. }));
    let more = usize::from(for_client && !abort_is_forced);
    assert_eq!(forced + more, run.seen.syncs.iter().filter(|other| **other == node).count(), "{node} syncs");
    Cost { records: records().count(), forced, messages: 0 }
}

fn messages(run: &Run<TwoPhase>, from: NodeId, to: NodeId) -> usize {
    let sent =
        |(f, t, message): &&(NodeId, NodeId, Message)| *f == from && *t == to && message.is_commit_protocol();
    run.seen.messages.iter().filter(sent).count()
}

fn assert_costs(run: &Run<TwoPhase>, parts: &[Part], rows: impl Fn(Part) -> (Cost, Cost), what: &str) {
    let coordinator = spent(run, COORDINATOR);
    let mut heaviest = cost(0, 0, 0);
    for (part, site) in parts.iter().zip(1..) {
        let (of_coordinator, of_participant) = rows(*part);
        let site = NodeId(site);
        let found = Cost { messages: messages(run, site, COORDINATOR), ..spent(run, site) };
        assert_eq!(found, of_participant, "{what}: participant {site}, which {part:?}");
        let sent = messages(run, COORDINATOR, site);
        assert_eq!(sent, of_coordinator.messages, "{what}: messages to {site}, which {part:?}");
        if of_coordinator.records >= heaviest.records && of_coordinator.forced >= heaviest.forced {
            heaviest = of_coordinator;
        }
    }
    assert_eq!(coordinator, Cost { messages: 0, ..heaviest }, "{what}: coordinator");
}

#[test]
fn commit_costs_what_the_published_table_says() {
    for presumption in PRESUMPTIONS {
        for participants in 1..=10 {
            let parts = vec![Part::Updates; participants];
            let run = run(presumption, &parts);
            assert!(matches!(run.seen.answers[0].1, Answer::Committed { .. }));
            let what = format!("commit, presumed {presumption:?}, {participants} participants");
            assert_costs(&run, &parts, |_| commit_row(presumption), &what);
        }
    }
}

#[test]
fn abort_costs_what_the_published_table_says() {
    for presumption in PRESUMPTIONS {
        for participants in 1..=10 {
            let mut parts = vec![Part::Updates; participants - 1];
            parts.push(Part::VotesNo);
            let run = run(presumption, &parts);
            assert!(matches!(run.seen.answers[0].1, Answer::Aborted { .. }));
            let what = format!("abort, presumed {presumption:?}, {participants} participants");
            let no_voter = match presumption {
                Presumption::Abort => cost(1, 0, 1),
                Presumption::Nothing | Presumption::Commit => cost(1, 1, 1),
            };
            let rows = |part| {
                let (coordinator, participant) = abort_row(presumption);
                match part {
                    Part::VotesNo => (Cost { messages: 1, ..coordinator }, no_voter),
                    _ => (coordinator, participant),
                }
            };
            assert_costs(&run, &parts, rows, &what);
        }
    }
}

#[test]
fn reading_only_costs_what_the_published_table_says() {
    for presumption in PRESUMPTIONS {
        for participants in 1..=10 {
            let parts = vec![Part::Reads; participants];
            let run = run(presumption, &parts);
            assert!(matches!(run.seen.answers[0].1, Answer::Committed { .. }));
            let what = format!("read only, presumed {presumption:?}, {participants} participants");
            assert_costs(&run, &parts, |_| read_only_row(presumption), &what);
        }
    }
}

#[test]
fn one_reader_among_writers_drops_out_of_the_second_phase() {
    for presumption in [Presumption::Abort, Presumption::Commit] {
        let parts = [Part::Updates, Part::Reads, Part::Updates];
        let run = run(presumption, &parts);
        let rows = |part| match part {
            Part::Reads => (cost(0, 0, 1), cost(0, 0, 1)),
            _ => commit_row(presumption),
        };
        assert_costs(&run, &parts, rows, &format!("mixed, presumed {presumption:?}"));
    }
}

#[test]
fn one_participant_needs_one_phase_one_forced_write_and_two_messages() {
    for presumption in PRESUMPTIONS {
        let options = TwoPhaseOptions { presumption, ..TwoPhaseOptions::default() };
        let mut run = Run::<TwoPhase>::ready(1, options);
        run.command(0, commit_run::transfer(at(1, "alice"), at(1, "bob"), 30));
        run.for_us(1_000_000);
        assert_eq!((run.balance(1, "alice"), run.balance(1, "bob")), (70, 130));
        assert_eq!(spent(&run, COORDINATOR), cost(0, 0, 0), "{presumption:?}");
        assert_eq!(spent(&run, NodeId(1)), cost(1, 1, 0), "{presumption:?}");
        let exchanged = (messages(&run, COORDINATOR, NodeId(1)), messages(&run, NodeId(1), COORDINATOR));
        assert_eq!(exchanged, (1, 1), "{presumption:?}");
    }
}
