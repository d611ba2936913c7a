//! How the two atomic commit protocols are checked.
//!
//! Strict two-phase locking together with an atomic commit makes transactions linearizable as a whole, whatever
//! they are about. That is checked from what clients were told, besides the invariants AC1 to AC5.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history::{Operation as Asked, OperationOf};
use super::linearizability::{self, Model, Verdict};
use super::{Checkable, FaultModel, Judgement};
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::node::Node;
use crate::protocol::atomic_commit::transaction::VALUE_MAX;
use crate::protocol::atomic_commit::{
    Answer, COORDINATOR, Command, DeadlockHandling, Duty, Operation, OperatorRequest, Place, Presumption,
    Reading, ResourceOptions, ThreePhaseCommit, ThreePhaseOptions, TwoPhaseCommit, TwoPhaseOptions, Variant,
};
use crate::sim::random::Stream;
use crate::sim::{Chaos, Cluster, ClusterSetup, Workload};

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
    /// It had no effect.
    Nothing,
    /// The attempt that was answered had no effect; there may have been another one.
    ///
    /// Nothing may be left in the coordinator's log that the client's request could be known by: so it is with an
    /// abort, and with a commit that was left to the only participant. A copy of the request that arrives after
    /// a crash of the coordinator is then carried out anew, whatever the client is told of the other one.
    NothingThisTime,
}

impl Told {
    fn of(asked: &Asked<Command, Answer>, answer: &Answer, one_phase: bool) -> Told {
        match answer {
            Answer::Committed { readings, .. } => Told::Committed(readings.clone()),
            Answer::Aborted { transaction, .. } => {
                let answered = u64::from(transaction.incarnation);
                let is_left_to_one = one_phase && sites(&asked.command) == 1;
                let may_be_another = |(node, incarnation): &(NodeId, u64)| {
                    *node == COORDINATOR
                        && (*incarnation > answered || is_left_to_one && *incarnation < answered)
                };
                if asked.reached.iter().any(may_be_another) { Told::NothingThisTime } else { Told::Nothing }
            }
            _ => Told::Nothing,
        }
    }
}

/// How many sites a command is about.
fn sites(command: &Command) -> usize {
    let mut sites: Vec<NodeId> = match command {
        Command::Transfer { from, to, .. } => vec![from.site, to.site],
        Command::Transaction { operations } => {
            operations.iter().map(|operation| operation.at().site).collect()
        }
    };
    sites.sort_unstable();
    sites.dedup();
    sites.len()
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
            (Some(Told::NothingThisTime), Some((next, _))) => vec![next, unchanged()],
            (None, Some((next, _))) => vec![next],
            (Some(Told::NothingThisTime) | None, None) => vec![unchanged()],
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

/// How many pairs of accounts and transactions under way the search may visit.
const WORK_MAX: usize = 200_000;

fn judge(
    nodes: u16,
    resources: &ResourceOptions,
    one_phase: bool,
    history: &[Asked<Command, Answer>],
) -> Judgement {
    let told = |asked: &Asked<Command, Answer>| {
        asked.answered.as_ref().map(|(step, answer)| (*step, Told::of(asked, answer, one_phase)))
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

fn draw_resources(stream: &mut Stream) -> ResourceOptions {
    use DeadlockHandling as D;
    let deadlock = [D::WaitForGraph, D::WaitDie, D::Timeout];
    ResourceOptions {
        deadlock: deadlock.get(stream.between(0, 2) as usize).copied().unwrap_or_default(),
        checkpoint_records: if stream.chance(250_000) { 0 } else { 24 },
        ..ResourceOptions::default()
    }
}

fn workload(stream: &mut Stream) -> Option<Workload> {
    let keys = stream.between(1, 3) as u16;
    Some(Workload { think_us_mean: stream.between(5_000, 40_000), keys, commands_per_client: 0 })
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
    type Judge = ();

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Self> {
        use Presumption as P;
        let presumption = [P::Nothing, P::Abort, P::Commit].get(stream.between(0, 2) as usize).copied();
        let options = TwoPhaseOptions {
            presumption: presumption.unwrap_or_default(),
            read_only_vote: stream.chance(500_000),
            one_phase: stream.chance(500_000),
            cooperative_termination: stream.chance(750_000),
            resources: draw_resources(stream),
            ..TwoPhaseOptions::default()
        };
        ClusterSetup { nodes, clients: 3, options, workload: workload(stream), ..ClusterSetup::default() }
    }

    fn fault_model(setup: &ClusterSetup<Self>) -> FaultModel {
        FaultModel::asynchronous(setup.nodes)
    }

    fn draw_operation(&self, _: &ClusterSetup<Self>, _: &mut Stream) -> Option<OperatorRequest> {
        Some(OperatorRequest::Checkpoint)
    }

    fn serves(answer: &Answer) -> bool {
        matches!(answer, Answer::Committed { .. })
    }

    /// A site whose disk is lost keeps out for good, and every transaction that needs it aborts.
    fn is_crippled(cluster: &Cluster<Self>) -> bool {
        cluster.nodes().iter().flatten().any(is_out)
    }

    fn judge(setup: &ClusterSetup<Self>, history: &[OperationOf<Self>]) -> Judgement {
        judge(setup.nodes, &setup.options.resources, setup.options.one_phase, history)
    }

    fn unsettled(cluster: &Cluster<Self>) -> Option<String> {
        unsettled(cluster)
    }
}

impl Checkable for ThreePhaseCommit {
    type Judge = ();

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Self> {
        let options = ThreePhaseOptions {
            read_only_vote: stream.chance(500_000),
            resources: draw_resources(stream),
            ..ThreePhaseOptions::default()
        };
        ClusterSetup { nodes, clients: 3, options, workload: workload(stream), ..ClusterSetup::default() }
    }

    /// What Skeen assumes: processes crash and come back; the network loses nothing, does not split, and is
    /// never slower than the time-outs assume.
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
            clock: 0,
            slow_disk: 0,
            loss_ppm: 0,
            ..Chaos::default()
        };
        FaultModel { aimed_ppm: super::faults::AIMED_PPM, chaos, networks: Vec::new(), asynchronous: false }
    }

    fn draw_operation(&self, _: &ClusterSetup<Self>, _: &mut Stream) -> Option<OperatorRequest> {
        Some(OperatorRequest::Checkpoint)
    }

    fn serves(answer: &Answer) -> bool {
        matches!(answer, Answer::Committed { .. })
    }

    fn judge(setup: &ClusterSetup<Self>, history: &[OperationOf<Self>]) -> Judgement {
        judge(setup.nodes, &setup.options.resources, false, history)
    }

    fn unsettled(cluster: &Cluster<Self>) -> Option<String> {
        unsettled(cluster)
    }
}
