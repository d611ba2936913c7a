//! How the store of consistent hashing is checked.
//!
//! It promises availability and not one copy, so a read may miss a write that was acknowledged (Dynamo §2.3).
//! What a client is told must all the same have been written by somebody, no acknowledged write may be lost,
//! which the monitor sees, and all replicas must agree in the end. What the disks say of it is judged in [`judge`].

mod judge;

use std::collections::BTreeSet;

use super::checkable::Tolerance;
use super::history::OperationOf;
use super::{Checkable, FaultModel, Judgement};
use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::Algorithm;
use crate::protocol::consistent_hashing::store::{
    Answer, Command, Dynamo, Entry, Operation, Options, Place, Siblings, Status,
};
use crate::sim::random::Stream;
use crate::sim::{Cluster, ClusterSetup, Workload};

/// The algorithms that the store can be run with.
const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::Ring,
    Algorithm::Ketama,
    Algorithm::KetamaLibmemcached,
    Algorithm::Rendezvous,
    Algorithm::Maglev,
    Algorithm::MultiProbe,
    Algorithm::Modulo,
];

impl Checkable for Dynamo {
    type Judge = judge::StoreJudge;

    const OPERATION_KINDS: &'static [&'static str] = &["join", "leave", "remove"];

    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Dynamo> {
        let mut one_of = |choices: &[u32]| {
            let last = (choices.len() as u64).saturating_sub(1);
            choices.get(stream.between(0, last) as usize).copied().unwrap_or(1)
        };
        let replicas = nodes.min(one_of(&[2, 3, 3, 3, 5]) as u16);
        let algorithm = one_of(&[0, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
        let options = Options {
            replicas,
            write_quorum: one_of(&[1, 2, 2, 2, 3]).min(u32::from(replicas)) as u16,
            read_quorum: one_of(&[1, 2, 2, 3]).min(u32::from(replicas)) as u16,
            algorithm: ALGORITHMS.get(algorithm as usize).copied().unwrap_or(Algorithm::Ring),
            virtual_nodes: one_of(&[1, 8, 32]),
            // The others join when an operator tells them.
            initial_members: nodes.saturating_sub(one_of(&[0, 1, 1]) as u16).max(replicas),
            initial_keys: one_of(&[0, 12, 40]),
            sloppy_quorum: one_of(&[0, 1]) == 1,
            read_repair: one_of(&[0, 1]) == 1,
            read_load_factor_thousandths: one_of(&[0, 1_250]),
            chunk_keys: one_of(&[1, 5, 64]),
            compact_every_records: one_of(&[0, 20, 2_000]),
            vector_entries_max: one_of(&[0, 2, 10]),
            tombstone_grace_us: u64::from(one_of(&[0, 300_000, 2_000_000])),
            gossip_interval_us: u64::from(one_of(&[30_000, 100_000, 400_000])),
            suspect_after_us: u64::from(one_of(&[200_000, 600_000, 2_000_000])),
            replica_timeout_us: u64::from(one_of(&[15_000, 50_000, 200_000])),
            anti_entropy_interval_us: u64::from(one_of(&[150_000, 400_000, 1_000_000])),
            handoff_interval_us: u64::from(one_of(&[20_000, 60_000, 300_000])),
            ..Options::default()
        };
        let workload = Workload {
            think_us_mean: u64::from(one_of(&[5_000, 20_000, 60_000])),
            keys: one_of(&[1, 4, 30]) as u16,
            commands_per_client: 0,
        };
        ClusterSetup { nodes, clients: 3, options, workload: Some(workload), ..ClusterSetup::default() }
    }

    /// R and W of N nodes have to answer. Another node can stand in for one that is down, but in a read it counts only
    /// if it has something.
    fn tolerance(setup: &ClusterSetup<Dynamo>) -> Tolerance {
        let Options { replicas, read_quorum, write_quorum, .. } = setup.options;
        Tolerance::of_any(replicas.saturating_sub(read_quorum.max(write_quorum)))
    }

    /// Each pair of nodes has to compare its trees a few times.
    fn patience_us(setup: &ClusterSetup<Dynamo>) -> u64 {
        let rounds = 12 * u64::from(setup.nodes);
        (rounds * setup.options.anti_entropy_interval_us).max(30_000_000)
    }

    /// An update is a read, a write to the coordinator's own disk and one to the others'. Where a coordinator gives it up
    /// before all of that can be over, a client may ask for ever.
    fn promises_progress(setup: &ClusterSetup<Dynamo>) -> bool {
        let network = &setup.network;
        let round_trip_us =
            2 * network.latency_us_min.saturating_add(network.jitter_us_mean.saturating_mul(2));
        let takes_us = round_trip_us.saturating_add(setup.disk.sync_us_max).saturating_mul(2);
        setup.options.gives_up_after_us() >= takes_us
    }

    /// Gossip and hints find their way without a client. That an owner missed a write without anybody standing in for it
    /// is found out only by comparing trees (§4.7), or by a read of that very key, and at rest nobody reads.
    fn promises_agreement(setup: &ClusterSetup<Dynamo>) -> bool {
        setup.options.anti_entropy_interval_us > 0
    }

    fn fault_model(setup: &ClusterSetup<Dynamo>) -> FaultModel {
        FaultModel::asynchronous(setup.nodes)
    }

    /// Spare nodes join. A member leaves or is removed only if its number is beyond those that always stay, because
    /// an operator who removes nodes from every side at once removes them all. Where a read has to see every write,
    /// members do not change: Dynamo promises that for one ring only.
    fn draw_operation(&self, setup: &ClusterSetup<Dynamo>, stream: &mut Stream) -> Option<Operation> {
        let options = &setup.options;
        if !options.sloppy_quorum && (0..setup.nodes).all(|node| options.is_initial_member(NodeId(node))) {
            return None;
        }
        let suspects = self.suspects(&setup.options);
        let dead = suspects.into_iter().find(|node| {
            node.0 >= setup.options.replicas && self.membership().get(*node).status != Status::Outside
        });
        if let Some(node) = dead.filter(|_| self.entry().owns() && stream.chance(500_000)) {
            return Some(Operation::Remove { node });
        }
        match self.entry().status {
            Status::Outside => Some(Operation::Join),
            Status::Member if self.id().0 >= setup.options.replicas => Some(Operation::Leave),
            _ => None,
        }
    }

    /// A member that fetches what it gained when another one was removed, or what it lost, counts in no read before it
    /// has that.
    fn is_out(&self) -> bool {
        self.entry().refilling || self.entry().owns() && self.transfer().is_some()
    }

    fn operation_kind(operation: &Operation) -> &'static str {
        match operation {
            Operation::Join => "join",
            Operation::Leave => "leave",
            Operation::Remove { .. } => "remove",
        }
    }

    fn serves(answer: &Answer) -> bool {
        !matches!(answer, Answer::TooManySiblings)
    }

    fn judge(_: &ClusterSetup<Dynamo>, history: &[OperationOf<Dynamo>]) -> Judgement {
        for read in history {
            let (Command::Get { key }, Some((at, Answer::Versions { siblings }))) =
                (&read.command, &read.answered.as_ref().map(|(at, answer)| (at, answer.clone())))
            else {
                continue;
            };
            for version in siblings.iter().filter(|version| !version.dot.is_initial()) {
                let wrote = |operation: &OperationOf<Dynamo>| match &operation.command {
                    Command::Put { key: other, value, .. } | Command::Update { key: other, value } => {
                        other == key
                            && !version.is_deleted
                            && *value == version.value
                            && operation.asked < **at
                    }
                    Command::Delete { key: other } => {
                        other == key && version.is_deleted && operation.asked < **at
                    }
                    Command::Get { .. } => false,
                };
                if !history.iter().any(wrote) {
                    let (client, value) = (read.client, &version.value);
                    return Judgement::Broken(format!("{client} read {value} in {key}, which nobody wrote"));
                }
            }
        }
        Judgement::Kept
    }

    fn unsettled(cluster: &Cluster<Dynamo>) -> Option<String> {
        let options = &cluster.setup().options;
        let mut nodes: Vec<&Dynamo> = Vec::new();
        for (id, node) in (0..).map(NodeId).zip(cluster.nodes()) {
            let Some(node) = node else { return Some(format!("{id} is down")) };
            let entry = node.entry();
            if entry.refilling || !node.knows_the_ring() {
                return Some(format!("{id} has not refilled its lost disk"));
            }
            if entry.owns() && node.transfer().is_some() {
                return Some(format!("{id} has not fetched what it gained: {:?}", node.transfer()));
            }
            if matches!(entry.status, Status::Joining | Status::Leaving) {
                return Some(format!("{id} has not yet joined or left: {:?}", node.transfer()));
            }
            nodes.push(node);
        }
        let first = nodes.first()?;
        for node in &nodes {
            if node.membership() != first.membership() {
                return Some(format!("{} and {} know different members", first.id(), node.id()));
            }
            for (place, held) in node.data() {
                if !node.keeps_for_itself(place, options) || !held.hints.is_empty() {
                    return Some(format!("{} holds {} for others", node.id(), place.key));
                }
            }
        }
        if first.membership().nodes_with(Entry::owns) != cluster.monitor().ring().members() {
            return Some("the members are others than everybody thinks".to_owned());
        }
        None
    }

    fn differing(cluster: &Cluster<Dynamo>) -> Option<String> {
        let options = &cluster.setup().options;
        let nodes = || cluster.nodes().iter().flatten();
        let ring = nodes().next()?.ring();
        let places: BTreeSet<&Place> = nodes().flat_map(|node| node.data().map(|(place, _)| place)).collect();
        for place in places {
            let mut held: Option<(NodeId, Siblings)> = None;
            for owner in ring.owners(place, options) {
                let siblings = cluster.node(owner).map(|node| node.siblings_of(place)).unwrap_or_default();
                // Whether a tombstone has gone yet makes no difference.
                let siblings = if siblings.are_deleted() { Siblings::default() } else { siblings };
                match &held {
                    Some((other, same)) if *same != siblings => {
                        return Some(format!("{other} and {owner} differ in {}", place.key));
                    }
                    _ => held = Some((owner, siblings)),
                }
            }
        }
        None
    }
}
