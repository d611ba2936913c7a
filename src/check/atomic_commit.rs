//! How the two atomic commit protocols are checked.
//!
//! Strict two-phase locking together with an atomic commit makes transactions linearizable as a whole, whatever
//! they are about. That is checked from what clients were told, besides the invariants AC1 to AC5.

mod records;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::records::Records;
use super::faults::{AIMED_PPM, LateMessages};
use super::history::{Operation as Asked, OperationOf};
use super::linearizability::{self, Model, Verdict};
use super::{Checkable, FaultModel, Judgement};
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::node::Node;
use crate::protocol::atomic_commit::three_phase::ThreePhase;
use crate::protocol::atomic_commit::transaction::VALUE_MAX;
use crate::protocol::atomic_commit::two_phase::TwoPhase;
use crate::protocol::atomic_commit::{
    Answer, Balance, COORDINATOR, Command, DeadlockHandling, Duty, Message, Operation, OperatorRequest,
    Place, Presumption, Reading, ResourceOptions, ThreePhaseCommit, ThreePhaseOptions, TwoPhaseCommit,
    TwoPhaseOptions, Variant,
};
use crate::sim::random::Stream;
use crate::sim::{Chaos, Cluster, ClusterSetup, DiskOptions, LinkOptions, Workload};

/// All accounts in one place, and one transaction at a time.
struct Accounts<'a> {
    nodes: u16,
    resources: &'a ResourceOptions,
}

/// What a client was told, as far as it bears on the accounts.
#[derive(Clone, Debug)]
enum Told {
    /// It took effect, and this was read.
    Committed(Arc<[Reading]>),
    /// It had no effect, and no copy of the request ever has one.
    Nothing,
}

impl Told {
    fn of(answer: &Answer) -> Told {
        match answer {
            Answer::Committed { readings, .. } => Told::Committed(readings.clone()),
            _ => Told::Nothing,
        }
    }
}

impl Accounts<'_> {
    fn opening(&self, at: &Place) -> i64 {
        let listed = self.resources.balances.iter().find(|balance| balance.at == *at);
        listed.map_or(self.resources.opening_balance, |balance| balance.balance)
    }

    /// What a transaction that commits leaves, and what it reads; `None` if it must not commit.
    fn commit(&self, state: &State, command: &Command) -> Option<(State, Vec<(Place, i64)>)> {
        let mut state = state.clone();
        let mut readings = Vec::new();
        for operation in command.operations(self.nodes).ok()?.iter() {
            let at = operation.at();
            let before = state.get(at).copied().unwrap_or_else(|| self.opening(at));
            let after = match operation {
                Operation::Read { .. } => before,
                Operation::Write { value, .. } => *value,
                Operation::Add { amount, .. } => before.saturating_add(*amount),
            };
            let is_overdrawn = matches!(operation, Operation::Add { .. }) && after < 0;
            if is_overdrawn || after.unsigned_abs() > VALUE_MAX.unsigned_abs() {
                return None;
            }
            if after != before {
                state.insert(at.clone(), after);
            }
            readings.push((at.clone(), after));
        }
        Some((state, readings))
    }
}

/// The accounts that were written, with what they hold.
type State = BTreeMap<Place, i64>;

impl Model for Accounts<'_> {
    type Command = Command;
    type Answer = Told;
    type Part = ();
    type State = State;

    fn part(&self, _: &Command) {}

    fn initial(&self, (): &()) -> State {
        State::new()
    }

    fn apply(
        &self,
        state: &State,
        command: &Command,
        told: Option<&Told>,
    ) -> impl IntoIterator<Item = State> {
        let unchanged = || state.clone();
        match (told, self.commit(state, command)) {
            (Some(Told::Nothing), _) => vec![unchanged()],
            (Some(Told::Committed(readings)), Some((next, expected))) if agrees(&expected, readings) => {
                vec![next]
            }
            (Some(Told::Committed(_)), _) => Vec::new(),
            (None, Some((next, _))) => vec![next],
            (None, None) => vec![unchanged()],
        }
    }

    fn is_read(&self, command: &Command) -> bool {
        match command {
            Command::Transfer { .. } => false,
            Command::Transaction { operations } => operations.iter().all(Operation::is_read),
        }
    }
}

/// Whether these are the readings that one expects. They come site by site, so only the order at each place is
/// the same.
fn agrees(expected: &[(Place, i64)], readings: &[Reading]) -> bool {
    let mut expected: Vec<(&Place, i64)> = expected.iter().map(|(at, value)| (at, *value)).collect();
    let mut told: Vec<(&Place, i64)> = readings.iter().map(|reading| (&reading.at, reading.value)).collect();
    expected.sort_by_key(|(at, _)| *at);
    told.sort_by_key(|(at, _)| *at);
    expected == told
}

/// How far clocks drift under chaos, in parts per million.
const CHAOS_DRIFT_PPM: u32 = 20_000;

/// What a coordinator or a site said before a crash, and what a client asked before it went on, is what the names of
/// transactions, incarnations and sessions are for.
const LATE: LateMessages =
    LateMessages { last_words_ppm: 400_000, echoes_ppm: 200_000, delivery_ppm: 120_000, within_us: None };

/// Before it has voted a site may give up what it does, and begin anew after a crash; and what a coordinator leaves to
/// a single site is on no record of its own.
fn holds_for_this_life(message: &Message) -> bool {
    matches!(message, Message::GaveUp { .. } | Message::CommitOnePhase { .. })
}

/// How many pairs of accounts and transactions under way the search may visit.
const WORK_MAX: usize = 2_000_000;

fn judge(nodes: u16, resources: &ResourceOptions, history: &[Asked<Command, Answer>]) -> Judgement {
    let told = |asked: &Asked<Command, Answer>| {
        asked.answered.as_ref().map(|(step, answer)| (*step, Told::of(answer)))
    };
    let history: Vec<Asked<Command, Told>> = history
        .iter()
        .map(|asked| Asked {
            client: asked.client,
            request: asked.request,
            command: asked.command.clone(),
            asked: asked.asked,
            reached: asked.reached.clone(),
            answered: told(asked),
        })
        .collect();
    match linearizability::check(&Accounts { nodes, resources }, &history, WORK_MAX) {
        Verdict::Linearizable => Judgement::Kept,
        Verdict::Undecided { .. } => Judgement::Undecided("transactions".to_owned()),
        Verdict::Contradiction(found) => {
            let mut text = "no order of the transactions explains what clients were told".to_owned();
            for Asked { client, asked, command, answered, .. } in &found.operations {
                text.push_str(&format!("\n  {client}, step {asked}: {command:?}: {answered:?}"));
            }
            Judgement::Broken(text)
        }
    }
}

/// One of these.
fn one_of<T: Copy + Default>(stream: &mut Stream, of: &[T]) -> T {
    let last = of.len().saturating_sub(1) as u64;
    of.get(stream.between(0, last) as usize).copied().unwrap_or_default()
}

/// `usually` is drawn in half of the runs, so that what lies far from it is not all that is seen.
fn mostly(stream: &mut Stream, usually: u64, others: &[u64]) -> u64 {
    if stream.chance(500_000) { usually } else { one_of(stream, others) }
}

fn draw_resources(nodes: u16, stream: &mut Stream) -> ResourceOptions {
    use DeadlockHandling as D;
    let opening_balance = one_of(stream, &[0, 20, 100, 1_000]);
    let mut balances = Vec::new();
    for site in 1..nodes {
        if stream.chance(300_000) {
            let at = Place::new(NodeId(site), format!("k{}", stream.between(1, 3)));
            balances.push(Balance { at, balance: one_of(stream, &[-5, 0, 7, 300]) });
        }
    }
    ResourceOptions {
        opening_balance,
        balances,
        deadlock: one_of(stream, &[D::WaitForGraph, D::WaitDie, D::Timeout]),
        work_timeout_us: mostly(stream, 250_000, &[60_000, 120_000, 1_000_000]),
        prepare_timeout_us: mostly(stream, 400_000, &[30_000, 100_000, 2_000_000]),
        retransmit_us: mostly(stream, 40_000, &[12_000, 25_000, 150_000]),
        checkpoint_records: mostly(stream, 24, &[0, 3, 8, 100]) as u32,
        outcomes_kept: mostly(stream, 256, &[1, 3, 16]) as u32,
    }
}

fn workload(stream: &mut Stream) -> Option<Workload> {
    let keys = stream.between(1, 4) as u16;
    Some(Workload { think_us_mean: stream.between(2_000, 40_000), keys, commands_per_client: 0 })
}

/// How long it may take, once nothing goes wrong any more, until clients are served: several of the longest waits,
/// one after the other, and a few attempts.
fn patience_us(resources: &ResourceOptions, protocol_us: u64) -> u64 {
    let longest = resources.work_timeout_us + resources.prepare_timeout_us + resources.retransmit_us;
    60_000_000 + 40 * (longest + protocol_us)
}

/// AC5: everyone decides once all is repaired. A disk that is lost cannot be repaired, and whoever has to ask the
/// node that it belongs to may wait for ever.
fn unsettled<V: Variant>(cluster: &Cluster<Node<V>>) -> Option<String> {
    if let Some(node) = (0..).map(NodeId).zip(cluster.nodes()).find(|(_, node)| node.is_none()) {
        return Some(format!("{} is down", node.0));
    }
    let undecided = cluster.monitor().undecided(cluster.nodes());
    let undecided = undecided.iter().find(|entry| !entry.with_a_disk_lost);
    undecided.map(|entry| format!("{} has not decided {}", entry.node, entry.transaction))
}

fn is_out<V: Variant>(node: &Node<V>) -> bool {
    matches!(node.duty(), Duty::Out(_))
}

impl Checkable for TwoPhaseCommit {
    type Judge = Records<TwoPhase>;

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Self> {
        use Presumption as P;
        let options = TwoPhaseOptions {
            presumption: one_of(stream, &[P::Nothing, P::Abort, P::Commit]),
            read_only_vote: stream.chance(500_000),
            one_phase: stream.chance(500_000),
            cooperative_termination: stream.chance(750_000),
            vote_timeout_us: mostly(stream, 100_000, &[20_000, 40_000, 2_000_000]),
            decision_timeout_us: mostly(stream, 120_000, &[15_000, 40_000, 500_000]),
            resources: draw_resources(nodes, stream),
            ..TwoPhaseOptions::default()
        };
        ClusterSetup { nodes, clients: 3, options, workload: workload(stream), ..ClusterSetup::default() }
    }

    /// Nothing of a site is kept anywhere else, so a disk that is lost is lost for good. That says little about all
    /// that happens afterwards; so it happens in one run of eight only, drawn together with the workload.
    fn fault_model(setup: &ClusterSetup<Self>) -> FaultModel {
        let mut model = FaultModel { late: LATE, ..FaultModel::asynchronous(setup.nodes) };
        let think_us = setup.workload.map_or(0, |workload| workload.think_us_mean);
        if !think_us.is_multiple_of(8) {
            (model.chaos.corrupt_tail, model.chaos.lose_disk, model.chaos.disks_lost_max) = (0, 0, 0);
        }
        model
    }

    fn holds_for_this_life(message: &Message) -> bool {
        holds_for_this_life(message)
    }

    fn draw_operation(&self, _: &ClusterSetup<Self>, _: &mut Stream) -> Option<OperatorRequest> {
        Some(OperatorRequest::Checkpoint)
    }

    fn patience_us(setup: &ClusterSetup<Self>) -> u64 {
        let options = &setup.options;
        patience_us(
            &options.resources,
            setup.client.timeout_us + options.vote_timeout_us + options.decision_timeout_us,
        )
    }

    fn serves(answer: &Answer) -> bool {
        matches!(answer, Answer::Committed { .. })
    }

    /// Without its coordinator nothing goes on, and without too many sites hardly anything. Where the decision was
    /// left to a site that has lost its disk, the client that waits for it waits for ever.
    fn is_crippled(cluster: &Cluster<Self>) -> bool {
        let out = || cluster.nodes().iter().flatten().filter(|node| is_out(node));
        let is_left_alone = cluster.setup().options.one_phase && out().next().is_some();
        is_left_alone
            || out().any(|node| node.id() == COORDINATOR)
            || out().count() * 3 >= cluster.nodes().len()
    }

    fn judge(setup: &ClusterSetup<Self>, history: &[OperationOf<Self>]) -> Judgement {
        judge(setup.nodes, &setup.options.resources, history)
    }

    fn unsettled(cluster: &Cluster<Self>) -> Option<String> {
        unsettled(cluster)
    }
}

impl Checkable for ThreePhaseCommit {
    type Judge = Records<ThreePhase>;

    /// The bounds that the protocol is told are those that the network, the disks and the clocks keep, often without
    /// any room to spare.
    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Self> {
        let network = LinkOptions {
            latency_us_min: one_of(stream, &[500, 3_000, 8_000]),
            jitter_us_mean: one_of(stream, &[0, 1_500, 4_000]),
            ..LinkOptions::default()
        };
        let disk = DiskOptions { sync_us_min: 500, sync_us_max: one_of(stream, &[500, 1_500, 6_000]) };
        let room_us = one_of(stream, &[0, 0, 2_000]);
        let latency_us_max = network.latency_us_min + 2 * network.jitter_us_mean + room_us;
        let options = ThreePhaseOptions {
            latency_us_max,
            sync_us_max: disk.sync_us_max,
            clock_drift_ppm_max: one_of(stream, &[0, 1_000, CHAOS_DRIFT_PPM, CHAOS_DRIFT_PPM]),
            read_only_vote: stream.chance(500_000),
            resources: draw_resources(nodes, stream),
            ..ThreePhaseOptions::default()
        };
        let options = options.with_shortest_timeouts();
        let workload = workload(stream);
        ClusterSetup { nodes, clients: 3, options, workload, network, disk, ..ClusterSetup::default() }
    }

    /// What Skeen assumes: processes crash and come back, half-way through what they send if need be; the network
    /// loses nothing, does not split, and is never slower than the time-outs assume.
    fn fault_model(setup: &ClusterSetup<Self>) -> FaultModel {
        let chaos = Chaos {
            victims_max: setup.nodes,
            pause: 0,
            resume: 0,
            partition: 0,
            cut: 0,
            heal: 0,
            drop: 0,
            delay: 0,
            hold: 0,
            clock: if setup.options.clock_drift_ppm_max >= CHAOS_DRIFT_PPM { 2 } else { 0 },
            slow_disk: 0,
            loss_ppm: 0,
            ..Chaos::default()
        };
        // As slow as it may be at all, or now quick and now slow.
        let longest = setup.options.latency_us_max;
        let slow = LinkOptions { latency_us_min: longest, jitter_us_mean: 0, ..LinkOptions::default() };
        let uneven = LinkOptions { latency_us_min: 0, jitter_us_mean: longest / 2, ..LinkOptions::default() };
        FaultModel {
            aimed_ppm: AIMED_PPM,
            chaos,
            networks: vec![slow, uneven],
            asynchronous: false,
            late: LateMessages { within_us: Some(longest), ..LATE },
        }
    }

    fn holds_for_this_life(message: &Message) -> bool {
        holds_for_this_life(message)
    }

    fn draw_operation(&self, _: &ClusterSetup<Self>, _: &mut Stream) -> Option<OperatorRequest> {
        Some(OperatorRequest::Checkpoint)
    }

    fn patience_us(setup: &ClusterSetup<Self>) -> u64 {
        let options = &setup.options;
        patience_us(&options.resources, setup.client.timeout_us + 2 * options.decision_timeout_us)
    }

    fn serves(answer: &Answer) -> bool {
        matches!(answer, Answer::Committed { .. })
    }

    fn judge(setup: &ClusterSetup<Self>, history: &[OperationOf<Self>]) -> Judgement {
        judge(setup.nodes, &setup.options.resources, history)
    }

    fn unsettled(cluster: &Cluster<Self>) -> Option<String> {
        unsettled(cluster)
    }
}
