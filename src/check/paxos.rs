//! How Paxos is checked.

use super::history::OperationOf;
use super::{Checkable, FaultModel, Judgement, key_value};
use crate::protocol::NodeId;
use crate::protocol::paxos::Quorums;
use crate::protocol::paxos::multi::{self, MultiPaxos};
use crate::protocol::paxos::synod::{Answer, Command, Operation, Options, Synod};
use crate::sim::random::Stream;
use crate::sim::{Cluster, ClusterSetup, LinkOptions, Workload};

/// Majorities, or ("Flexible Paxos") sizes of any two quorums that intersect.
fn draw_quorums(nodes: u16, stream: &mut Stream) -> (Option<u16>, Option<u16>) {
    if !stream.chance(300_000) {
        return (None, None);
    }
    let phase_1 = stream.between(1, u64::from(nodes)) as u16;
    (Some(phase_1), Some(nodes + 1 - phase_1))
}

/// Whatever an asynchronous system has to survive. An acceptor that lost its disk keeps out for good, so only as
/// many disks are lost as leave a quorum of each phase.
fn fault_model(nodes: u16, acceptors: u16, quorums: Quorums) -> FaultModel {
    let mut model = FaultModel::asynchronous(nodes);
    let spare = acceptors.saturating_sub(quorums.phase_1.max(quorums.phase_2));
    model.chaos.disks_lost_max = spare.min(model.chaos.disks_lost_max);
    model
}

impl Checkable for Synod {
    type Judge = ();

    /// There is one decision in a run, and it is interesting until it has been learned everywhere; so faults
    /// come quickly, and few steps are enough.
    const STEPS: u32 = 1_200;

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Synod> {
        let mut options = Options::default();
        (options.phase_1_quorum, options.phase_2_quorum) = draw_quorums(nodes, stream);
        let workload = Workload { think_us_mean: stream.between(5_000, 60_000), ..Workload::default() };
        // A network that is slow and loses much gives the duel time.
        let network = LinkOptions {
            latency_us_min: 5_000,
            jitter_us_mean: 25_000,
            loss_ppm: stream.between(0, 300_000) as u32,
            ..LinkOptions::default()
        };
        ClusterSetup {
            nodes,
            clients: 3,
            options,
            network,
            workload: Some(workload),
            ..ClusterSetup::default()
        }
    }

    fn fault_model(setup: &ClusterSetup<Synod>) -> FaultModel {
        let acceptors = setup.options.acceptors(setup.nodes).len();
        let mut model = fault_model(setup.nodes, acceptors, setup.options.quorums(setup.nodes));
        model.chaos.beat_us_mean = 8_000;
        model
    }

    fn draw_operation(&self, _: &ClusterSetup<Synod>, _: &mut Stream) -> Option<Operation> {
        Some(Operation::BeginBallot)
    }

    /// Agreement and Validity ("Paxos Made Simple" §2.1), as clients see them.
    fn judge(_: &ClusterSetup<Synod>, history: &[OperationOf<Synod>]) -> Judgement {
        let mut chosen = None;
        for operation in history {
            let Some((step, Answer::Chosen { value })) = &operation.answered else { continue };
            let is_proposed = history.iter().any(|other| {
                let Command::Propose { value: proposed } = &other.command;
                proposed == value && other.asked < *step
            });
            if !is_proposed {
                return Judgement::Broken(format!(
                    "{} was told {value:?}, which nobody proposed",
                    operation.client
                ));
            }
            match &chosen {
                None => chosen = Some(value),
                Some(first) if *first == value => {}
                Some(first) => {
                    let client = operation.client;
                    return Judgement::Broken(format!(
                        "{client} was told {value:?}, and somebody else {first:?}"
                    ));
                }
            }
        }
        Judgement::Kept
    }

    fn unsettled(cluster: &Cluster<Synod>) -> Option<String> {
        let setup = cluster.setup();
        let learners = setup.options.learners(setup.nodes);
        for (id, node) in (0..).map(NodeId).zip(cluster.nodes()) {
            let Some(node) = node else { return Some(format!("{id} is down")) };
            if learners.contains(id) && node.chosen().is_none() && !node.is_out() {
                return Some(format!("{id} has not learned the value"));
            }
        }
        None
    }
}

impl Checkable for MultiPaxos {
    type Judge = ();

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<MultiPaxos> {
        let mut one_of = |choices: &[u32]| {
            let last = (choices.len() as u64).saturating_sub(1);
            choices.get(stream.between(0, last) as usize).copied().unwrap_or(1)
        };
        let mut options = multi::Options {
            snapshot_every_slots: one_of(&[0, 8, 40, 1_000]),
            kept_slots: one_of(&[0, 4, 200]),
            catch_up_slots_max: one_of(&[1, 8, 64]),
            window_slots: one_of(&[1, 4, 16]),
            ..multi::Options::default()
        };
        let workload = Workload {
            think_us_mean: u64::from(one_of(&[2_000, 20_000, 60_000])),
            keys: one_of(&[1, 3]) as u16,
            commands_per_client: 0,
        };
        (options.phase_1_quorum, options.phase_2_quorum) = draw_quorums(nodes, stream);
        ClusterSetup { nodes, clients: 3, options, workload: Some(workload), ..ClusterSetup::default() }
    }

    fn fault_model(setup: &ClusterSetup<MultiPaxos>) -> FaultModel {
        let acceptors = setup.options.acceptors(setup.nodes).len();
        fault_model(setup.nodes, acceptors, setup.options.quorums(setup.nodes))
    }

    fn draw_operation(&self, _: &ClusterSetup<MultiPaxos>, _: &mut Stream) -> Option<multi::Operation> {
        Some(multi::Operation::TryToLead)
    }

    /// Commands of clients take effect once and in an order that explains all answers.
    fn judge(_: &ClusterSetup<MultiPaxos>, history: &[OperationOf<MultiPaxos>]) -> Judgement {
        key_value::judge(history, |answer| match answer {
            multi::Answer::Done(outcome) => Some(outcome.clone()),
            multi::Answer::NotLeader { .. } | multi::Answer::Overloaded => None,
        })
    }

    /// Every node learns, even one that keeps out because of its disk; so all end with the same state.
    fn unsettled(cluster: &Cluster<MultiPaxos>) -> Option<String> {
        let Some((leader, known)) = cluster.leader().and_then(|id| Some((id, cluster.node(id)?))) else {
            return Some("nobody leads".to_owned());
        };
        if known.applied() < known.slots().last() {
            return Some(format!("{leader} leads and has not applied all slots that were begun"));
        }
        for (id, node) in (0..).map(NodeId).zip(cluster.nodes()) {
            let Some(node) = node else { return Some(format!("{id} is down")) };
            if node.leader() != Some(leader) {
                return Some(format!("{id} does not follow {leader}"));
            }
            if node.applied() != known.applied() {
                return Some(format!("{id} has not applied all that is chosen"));
            }
            if node.store() != known.store() {
                return Some(format!("{id} and {leader} have applied the same slots and differ"));
            }
        }
        None
    }
}
