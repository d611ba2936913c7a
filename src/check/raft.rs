//! How Raft is checked.

use super::history::OperationOf;
use super::{Checkable, FaultModel, Judgement, key_value};
use crate::protocol::NodeId;
use crate::protocol::raft::{Answer, Operation, Options, Raft};
use crate::sim::random::Stream;
use crate::sim::{Cluster, ClusterSetup, Workload};

impl Checkable for Raft {
    type Judge = ();

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Raft> {
        let mut one_of = |choices: &[u32]| {
            let last = (choices.len() as u64).saturating_sub(1);
            choices.get(stream.between(0, last) as usize).copied().unwrap_or(1)
        };
        let options = Options {
            snapshot_every_entries: one_of(&[0, 8, 40, 1_000]),
            log_tail_entries: one_of(&[0, 4, 200]),
            snapshot_chunk_bytes_max: one_of(&[64, 4_096]),
            entries_per_message_max: one_of(&[1, 4, 64]),
            messages_in_flight_max: one_of(&[1, 16]),
            pre_vote: one_of(&[0, 1, 1]) == 1,
            check_quorum: one_of(&[0, 1, 1]) == 1,
            ..Options::default()
        };
        let workload = Workload {
            think_us_mean: u64::from(one_of(&[2_000, 20_000, 60_000])),
            keys: one_of(&[1, 3]) as u16,
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
            Answer::NotLeader { .. } | Answer::Unavailable(_) => None,
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
