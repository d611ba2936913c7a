//! How Paxos is checked.

mod multi_judge;
mod synod_judge;

pub use multi_judge::MultiJudge;
pub use synod_judge::SynodJudge;

use super::checkable::Tolerance;
use super::history::OperationOf;
use super::{Checkable, FaultModel, Judgement, key_value};
use crate::protocol::NodeId;
use crate::protocol::paxos::multi::{self, MultiPaxos};
use crate::protocol::paxos::synod::{Answer, Command, Operation, Options, Synod};
use crate::protocol::paxos::{NodeSet, Quorums};
use crate::sim::random::Stream;
use crate::sim::{Cluster, ClusterSetup, LinkOptions, Workload};

/// Majorities, or ("Flexible Paxos") sizes of any two quorums that intersect.
fn draw_quorums(acceptors: u16, stream: &mut Stream) -> (Option<u16>, Option<u16>) {
    if !stream.chance(300_000) {
        return (None, None);
    }
    let phase_1 = stream.between(1, u64::from(acceptors)) as u16;
    (Some(phase_1), Some(acceptors + 1 - phase_1))
}

/// All nodes, or `least` or more of them at random.
fn draw_role(nodes: u16, least: u16, stream: &mut Stream) -> Option<NodeSet> {
    if !stream.chance(200_000) {
        return None;
    }
    let count = stream.between(u64::from(least.min(nodes)), u64::from(nodes)) as u16;
    let mut role = NodeSet::EMPTY;
    while role.len() < count {
        role.insert(NodeId(stream.between(0, u64::from(nodes) - 1) as u16));
    }
    Some(role)
}

/// One of these numbers.
fn one_of(choices: &[u32], stream: &mut Stream) -> u32 {
    let last = (choices.len() as u64).saturating_sub(1);
    choices.get(stream.between(0, last) as usize).copied().unwrap_or(1)
}

/// A node whose disk was lost is out for good, which leaves nobody to be impaired later on; so in a part of the runs, told
/// by this option, no disk is lost.
const WAITING_MAX_WITHOUT_LOSS: u32 = 4;

/// How many nodes may be missing: as many acceptors as leave a quorum of each phase, and all proposers but one.
fn spare(proposers: u16, acceptors: u16, quorums: Quorums) -> u16 {
    let acceptors = acceptors.saturating_sub(quorums.phase_1.max(quorums.phase_2));
    acceptors.min(proposers.saturating_sub(1))
}

/// Whatever an asynchronous system has to survive. An acceptor that lost its disk keeps out for good, so only as
/// many disks are lost as leave a quorum of each phase, and a proposer.
fn fault_model(nodes: u16, proposers: u16, acceptors: u16, quorums: Quorums) -> FaultModel {
    let mut model = FaultModel::asynchronous(nodes);
    model.chaos.disks_lost_max = spare(proposers, acceptors, quorums).min(model.chaos.disks_lost_max);
    model
}

impl Checkable for Synod {
    type Judge = SynodJudge;

    /// There is one decision in a run, and it is interesting until it has been learned everywhere; so faults
    /// come quickly, and few steps are enough.
    const STEPS: u32 = 1_200;

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Synod> {
        let back_off_us_min = u64::from(one_of(&[1_000, 20_000, 80_000], stream));
        let mut options = Options {
            proposers: draw_role(nodes, 1, stream),
            acceptors: draw_role(nodes, 1, stream),
            learners: draw_role(nodes, 0, stream),
            back_off_us_min,
            back_off_us_max: back_off_us_min + u64::from(one_of(&[10_000, 60_000, 300_000], stream)),
            resend_us: u64::from(one_of(&[20_000, 100_000, 400_000], stream)),
            ask_again_us: u64::from(one_of(&[50_000, 200_000, 800_000], stream)),
            records_max: one_of(&[4, 8, 64], stream),
            ..Options::default()
        };
        let acceptors = options.acceptors(nodes).len();
        (options.phase_1_quorum, options.phase_2_quorum) = draw_quorums(acceptors, stream);
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
        let (options, nodes) = (&setup.options, setup.nodes);
        let (proposers, acceptors) = (options.proposers(nodes).len(), options.acceptors(nodes).len());
        let mut model = fault_model(nodes, proposers, acceptors, options.quorums(nodes));
        model.chaos.beat_us_mean = 8_000;
        model
    }

    fn tolerance(setup: &ClusterSetup<Synod>) -> Tolerance {
        let (options, nodes) = (&setup.options, setup.nodes);
        let (proposers, acceptors) = (options.proposers(nodes).len(), options.acceptors(nodes).len());
        Tolerance::of_any(spare(proposers, acceptors, options.quorums(nodes)))
    }

    fn patience_us(setup: &ClusterSetup<Synod>) -> u64 {
        let Options { back_off_us_max, resend_us, ask_again_us, .. } = setup.options;
        // A back-off doubles four times at most, and takes some attempts.
        (400 * back_off_us_max + 100 * (resend_us + ask_again_us) + 40 * setup.client.timeout_us)
            .max(30_000_000)
    }

    /// "Paxos Made Simple" §2.4: proposers that outbid each other can keep on doing so; whoever backs off ends that.
    fn promises_progress(setup: &ClusterSetup<Synod>) -> bool {
        setup.options.back_off || setup.options.proposers(setup.nodes).len() == 1
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
    type Judge = MultiJudge;

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<MultiPaxos> {
        let election_timeout_us_min = u64::from(one_of(&[80_000, 150_000, 150_000, 400_000], stream));
        let spread_us = u64::from(one_of(&[60_000, 150_000, 400_000], stream));
        let beats = u64::from(one_of(&[2, 3, 8], stream));
        let mut options = multi::Options {
            proposers: draw_role(nodes, 1, stream),
            acceptors: draw_role(nodes, 1, stream),
            election_timeout_us_min,
            election_timeout_us_max: election_timeout_us_min + spread_us,
            heartbeat_interval_us: election_timeout_us_min / beats,
            pre_election: !stream.chance(150_000),
            check_quorum: !stream.chance(250_000),
            snapshot_every_slots: one_of(&[0, 1, 8, 40, 1_000], stream),
            kept_slots: one_of(&[0, 4, 200], stream),
            catch_up_slots_max: one_of(&[1, 8, 64], stream),
            snapshot_chunk_bytes_max: one_of(&[16, 200, 4_096], stream),
            window_slots: one_of(&[1, 4, 16], stream),
            waiting_max: one_of(&[1, 4, 1_024], stream),
            ..multi::Options::default()
        };
        let workload = Workload {
            think_us_mean: u64::from(one_of(&[2_000, 20_000, 60_000], stream)),
            keys: one_of(&[1, 3], stream) as u16,
            commands_per_client: 0,
        };
        let acceptors = options.acceptors(nodes).len();
        (options.phase_1_quorum, options.phase_2_quorum) = draw_quorums(acceptors, stream);
        ClusterSetup { nodes, clients: 3, options, workload: Some(workload), ..ClusterSetup::default() }
    }

    fn fault_model(setup: &ClusterSetup<MultiPaxos>) -> FaultModel {
        let (options, nodes) = (&setup.options, setup.nodes);
        let (proposers, acceptors) = (options.proposers(nodes).len(), options.acceptors(nodes).len());
        let mut model = fault_model(nodes, proposers, acceptors, options.quorums(nodes));
        if options.waiting_max == WAITING_MAX_WITHOUT_LOSS {
            model.chaos.disks_lost_max = 0;
        }
        model
    }

    /// A node that does not hear the leader must not be able to stop it, which takes pre-election.
    fn tolerance(setup: &ClusterSetup<MultiPaxos>) -> Tolerance {
        let (options, nodes) = (&setup.options, setup.nodes);
        let (proposers, acceptors) = (options.proposers(nodes).len(), options.acceptors(nodes).len());
        let any = spare(proposers, acceptors, options.quorums(nodes));
        let deaf = if options.pre_election && options.check_quorum { any } else { 0 };
        Tolerance { deaf, ..Tolerance::of_any(any) }
    }

    fn patience_us(setup: &ClusterSetup<MultiPaxos>) -> u64 {
        (100 * setup.options.election_timeout_us_max + 40 * setup.client.timeout_us).max(30_000_000)
    }

    /// As for one decree.
    fn promises_progress(setup: &ClusterSetup<MultiPaxos>) -> bool {
        setup.options.back_off || setup.options.proposers(setup.nodes).len() == 1
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
