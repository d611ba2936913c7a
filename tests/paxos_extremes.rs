//! Messages with numbers at the ends of their ranges: no node believes them, stops because of them, or grows without
//! end.

#![allow(clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::Arc;

use lamplight::protocol::key_value::Command;
use lamplight::protocol::paxos::multi::{self, ClientCommand, MultiPaxos, Report, Value};
use lamplight::protocol::paxos::synod::{self, Proposal, Synod};
use lamplight::protocol::paxos::{Ballot, durable};
use lamplight::protocol::wal::{Recovered, Tail};
use lamplight::protocol::{
    ClientId, EffectBody, Effects, Input, NodeId, Participant, RequestId, Setup, Surroundings, SyncId,
};
use rand::RngExt;
use rand_pcg::Pcg32;

const NODES: u16 = 3;

fn one_of<T: Copy>(random: &mut Pcg32, choices: &[T]) -> T {
    choices[random.random_range(0..choices.len())]
}

fn ballot(random: &mut Pcg32) -> Ballot {
    let round = one_of(random, &[0, 1, 2, 3, u32::MAX - 1, u32::MAX]);
    Ballot { round, node: NodeId(one_of(random, &[0, 1, 2, 3, 127, 128, u16::MAX])) }
}

fn number(random: &mut Pcg32) -> u64 {
    let choices = [0, 1, 2, 3, 5, 17, 1 << 16, 1 << 40, (1 << 62) - 1, 1 << 62, u64::MAX - 1, u64::MAX];
    one_of(random, &choices)
}

fn value(random: &mut Pcg32) -> Value {
    match random.random_range(0..3) {
        0 => Value::NoOp,
        _ => Value::Command(Arc::new(ClientCommand {
            client: ClientId(one_of(random, &[0, 1, u16::MAX])),
            request: RequestId(number(random)),
            command: Command::Put { key: "a".into(), value: "1".into() },
        })),
    }
}

/// Runs one node on what it is handed, with a disk that finishes its syncs now and then.
fn feed<P: Participant>(seed: u64, mut draw: impl FnMut(&mut Pcg32) -> Input<P>, mut look: impl FnMut(&P)) {
    let options = P::Options::default();
    let setup = || Setup { id: NodeId(0), nodes: NODES, options: &options };
    let mut random = Pcg32::new(seed, 1);
    let mut own = Pcg32::new(seed, 2);
    let mut effects = Effects::new();
    let disk = Recovered { records: P::format(setup()), tail: Tail::Clean };
    let mut surroundings = Surroundings { now_us: 0, random: &mut own };
    let mut node = P::start(setup(), disk, &mut surroundings, &mut effects);
    let mut now_us = 0u64;
    let mut syncs: Vec<SyncId> = Vec::new();
    for _ in 0..3_000 {
        now_us = now_us.saturating_add(random.random_range(0..50_000));
        syncs.extend(effects.drain().filter_map(|effect| match effect.body {
            EffectBody::Sync { sync } => Some(sync),
            _ => None,
        }));
        let input = match random.random_range(0..4) {
            0 if !syncs.is_empty() => Input::Synced(syncs.remove(0)),
            _ => draw(&mut random),
        };
        let mut surroundings = Surroundings { now_us, random: &mut own };
        node.handle(setup(), input, &mut surroundings, &mut effects);
        look(&node);
    }
}

fn synod_input(random: &mut Pcg32) -> Input<Synod> {
    use synod::Message as M;
    let proposal = |random: &mut Pcg32| Proposal { ballot: ballot(random), value: "x".into() };
    let from = NodeId(one_of(random, &[0, 1, 2]));
    let message = match random.random_range(0..10) {
        0 => {
            return Input::Timer(one_of(
                random,
                &[synod::Timer::Resend, synod::Timer::BackOff, synod::Timer::AskAgain],
            ));
        }
        1 => {
            let (client, request) = (ClientId(one_of(random, &[0, u16::MAX])), RequestId(number(random)));
            return Input::Request {
                client,
                request,
                command: synod::Command::Propose { value: "y".into() },
            };
        }
        2 => return Input::Synced(SyncId(number(random).min(1))),
        3 => M::Prepare { ballot: ballot(random) },
        4 => {
            M::Promise { ballot: ballot(random), accepted: random.random_bool(0.5).then(|| proposal(random)) }
        }
        5 => M::Accept(proposal(random)),
        6 => M::Accepted(proposal(random)),
        7 => M::Refused { ballot: ballot(random), promised: ballot(random) },
        8 => M::Ask { undecided: random.random_bool(0.5) },
        _ => return Input::Operation(synod::Operation::BeginBallot),
    };
    Input::Message { from, message }
}

fn multi_input(random: &mut Pcg32) -> Input<MultiPaxos> {
    use multi::Message as M;
    let from = NodeId(one_of(random, &[0, 1, 2]));
    let message = match random.random_range(0..20) {
        0 | 1 => {
            let timers = [multi::Timer::Election, multi::Timer::Heartbeat, multi::Timer::PrepareAgain];
            return Input::Timer(one_of(random, &timers));
        }
        2 | 3 => {
            let (client, request) = (ClientId(one_of(random, &[0, u16::MAX])), RequestId(number(random)));
            let command = match random.random_range(0..2) {
                0 => Command::Get { key: "a".into() },
                _ => Command::Put { key: "a".into(), value: "1".into() },
            };
            return Input::Request { client, request, command };
        }
        4 => return Input::Operation(multi::Operation::TryToLead),
        5 => M::Prepare { ballot: ballot(random), from: number(random) },
        6 => M::Promise {
            ballot: ballot(random),
            trimmed: number(random),
            reports: (0..random.random_range(0..3))
                .map(|_| Report {
                    slot: number(random),
                    accepted: random.random_bool(0.5).then(|| ballot(random)),
                    value: value(random),
                })
                .collect(),
        },
        7 => M::Accept { ballot: ballot(random), slot: number(random), value: value(random) },
        8 => M::Accepted { ballot: ballot(random), slot: number(random) },
        9 => M::Refused { ballot: ballot(random), promised: ballot(random) },
        10 => M::Decision { slot: number(random), value: value(random) },
        11 => M::Heartbeat { ballot: ballot(random), chosen_through: number(random), round: number(random) },
        12 => M::StillFollowing { ballot: ballot(random), round: number(random) },
        13 => M::CatchUp { from: number(random) },
        14 => M::Decisions {
            first: number(random),
            values: (0..random.random_range(0..3)).map(|_| value(random)).collect(),
            chosen_through: number(random),
        },
        15 => M::Snapshot {
            through: number(random),
            total: number(random),
            offset: number(random),
            bytes: vec![0u8; random.random_range(0..20)].into(),
        },
        16 => M::SnapshotMore { through: number(random), offset: number(random) },
        17 => M::Canvass { ballot: ballot(random) },
        18 => M::WouldPromise { ballot: ballot(random) },
        _ => return Input::Synced(SyncId(number(random).min(1))),
    };
    Input::Message { from, message }
}

#[test]
fn no_number_stops_a_node_of_the_synod() {
    for seed in 0..40 {
        feed::<Synod>(seed, synod_input, |node| {
            assert!(node.waiting_for_disk().len() <= durable::HELD_MAX + 1);
        });
    }
}

#[test]
fn no_number_stops_a_node_of_multi_paxos() {
    for seed in 0..40 {
        feed::<MultiPaxos>(seed, multi_input, |node| {
            assert!(node.waiting_for_disk().len() <= durable::HELD_MAX + 1);
            assert!(node.slots().last() < 1 << 63);
        });
    }
}

/// A disk that hangs must not cost memory without end.
#[test]
fn what_waits_for_a_disk_that_hangs_is_bounded() {
    let options = multi::Options::default();
    let setup = || Setup { id: NodeId(0), nodes: NODES, options: &options };
    let mut random = Pcg32::new(0, 0);
    let mut effects = Effects::new();
    let disk = Recovered { records: MultiPaxos::format(setup()), tail: Tail::Clean };
    let mut surroundings = Surroundings { now_us: 0, random: &mut random };
    let mut node = MultiPaxos::start(setup(), disk, &mut surroundings, &mut effects);
    let ballot = Ballot { round: 1, node: NodeId(1) };
    for _ in 0..10_000 {
        let message = multi::Message::Prepare { ballot, from: 1 };
        let input = Input::Message { from: NodeId(1), message };
        let mut surroundings = Surroundings { now_us: 0, random: &mut random };
        node.handle(setup(), input, &mut surroundings, &mut effects);
        effects.clear();
    }
    assert_eq!(node.waiting_for_disk().len(), durable::HELD_MAX);
}
