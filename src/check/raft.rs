//! How Raft is checked.

mod judge;

use super::history::OperationOf;
use super::{Checkable, FaultModel, Judgement, Tolerance, key_value};
use crate::protocol::NodeId;
use crate::protocol::raft::{Answer, Operation, Options, Raft};
pub use judge::RaftJudge;

use crate::sim::random::Stream;
use crate::sim::{Cluster, ClusterSetup, Workload};

/// In one run of four, logs that earlier leaders have left: the same beginning for all, and behind it entries of one of
/// a few terms, more or less of them. Nothing of that is committed, so it is for the leaders to come to settle it
/// (Raft §5.4.2).
fn draw_initial_logs(nodes: u16, one_of: &mut dyn FnMut(&[u32]) -> u32) -> Vec<Vec<u64>> {
    if one_of(&[0, 0, 0, 1]) == 0 {
        return Vec::new();
    }
    let common = one_of(&[0, 1, 3]) as usize;
    let log = |_| {
        let (term, length) = (u64::from(one_of(&[1, 2, 2, 3])), one_of(&[0, 1, 4, 20]) as usize);
        [vec![1; common], vec![term; length]].concat()
    };
    (0..nodes).map(log).collect()
}

impl Checkable for Raft {
    type Judge = RaftJudge;

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Raft> {
        let mut one_of = |choices: &[u32]| {
            let last = (choices.len() as u64).saturating_sub(1);
            choices.get(stream.between(0, last) as usize).copied().unwrap_or(1)
        };
        // Also timeouts that the slower of the networks is too slow for, as long as some of them get through.
        let heartbeat_interval_us = u64::from(one_of(&[20_000, 50_000, 50_000, 100_000]));
        let election_timeout_us_min = heartbeat_interval_us * u64::from(one_of(&[2, 3, 3, 5]));
        let spread = u64::from(one_of(&[2, 5, 10, 20]));
        let options = Options {
            heartbeat_interval_us,
            election_timeout_us_min,
            election_timeout_us_max: election_timeout_us_min + election_timeout_us_min * spread / 10,
            snapshot_every_entries: one_of(&[0, 3, 8, 40, 1_000]),
            log_tail_entries: one_of(&[0, 4, 200]),
            snapshot_chunk_bytes_max: one_of(&[64, 4_096]),
            entries_per_message_max: one_of(&[1, 1, 4, 64]),
            messages_in_flight_max: one_of(&[1, 1, 3, 16]),
            uncommitted_entries_max: one_of(&[2, 64, 4_096]),
            waiting_reads_max: one_of(&[1, 4, 1_024]),
            pre_vote: one_of(&[0, 1, 1]) == 1,
            check_quorum: one_of(&[0, 1, 1]) == 1,
            initial_logs: draw_initial_logs(nodes, &mut one_of),
            ..Options::default()
        };
        let workload = Workload {
            think_us_mean: u64::from(one_of(&[500, 2_000, 20_000, 60_000])),
            keys: one_of(&[1, 1, 3]) as u16,
            commands_per_client: 0,
        };
        ClusterSetup { nodes, clients: 3, options, workload: Some(workload), ..ClusterSetup::default() }
    }

    fn fault_model(setup: &ClusterSetup<Raft>) -> FaultModel {
        let mut model = FaultModel::asynchronous(setup.nodes);
        if setup.nodes < 3 {
            // A node that lost its disk needs a majority of others to come back.
            model.chaos.disks_lost_max = 0;
        }
        model
    }

    fn tolerance(setup: &ClusterSetup<Raft>) -> Tolerance {
        let minority = setup.nodes.saturating_sub(1) / 2;
        let Options { pre_vote, check_quorum, .. } = setup.options;
        // Without CheckQuorum a leader that hears nobody goes on; without PreVote a node that hears too little deposes
        // those that lead (thesis §6.2, §9.6). Both are what these two options are for.
        match pre_vote && check_quorum {
            true => Tolerance::of_any(minority),
            false => Tolerance { down: minority, ..Tolerance::default() },
        }
    }

    fn patience_us(setup: &ClusterSetup<Raft>) -> u64 {
        (100 * setup.options.election_timeout_us_max).max(40 * setup.client.timeout_us).max(20_000_000)
    }

    fn draw_operation(&self, setup: &ClusterSetup<Raft>, stream: &mut Stream) -> Option<Operation> {
        let to = NodeId(stream.between(0, u64::from(setup.nodes) - 1) as u16);
        self.is_leader().then_some(Operation::TransferLeadership { to })
    }

    fn remedy(&self) -> Option<Operation> {
        self.is_out().then_some(Operation::Readmit)
    }

    fn judge(_: &ClusterSetup<Raft>, history: &[OperationOf<Raft>]) -> Judgement {
        key_value::judge(history, |answer| match answer {
            Answer::Done(outcome) => Some(outcome.clone()),
            Answer::NotLeader { .. } | Answer::Unavailable(_) | Answer::OutcomeUnknown { .. } => None,
        })
    }

    fn unsettled(cluster: &Cluster<Raft>) -> Option<String> {
        let Some((leader, known)) = cluster.leader().and_then(|id| Some((id, cluster.node(id)?))) else {
            return Some("nobody leads".to_owned());
        };
        let last = known.log().last_index();
        if known.commit_index() != last {
            return Some(format!("{leader} leads and has not committed all of its log"));
        }
        for (id, node) in (0..).map(NodeId).zip(cluster.nodes()) {
            let Some(node) = node else { return Some(format!("{id} is down")) };
            if node.is_out() {
                return Some(format!("{id} is kept out"));
            }
            if node.term() != known.term() || node.leader() != Some(leader) {
                return Some(format!("{id} does not follow {leader}"));
            }
            if (node.log().last_index(), node.applied_index()) != (last, last) {
                return Some(format!("{id} has not applied all that is committed"));
            }
            if node.store() != known.store() {
                return Some(format!("{id} and {leader} have applied the same log and differ"));
            }
        }
        None
    }
}
