//! Raft on the virtual cluster: what the papers promise, told as stories.

use std::sync::Arc;

use lamplight::protocol::raft::Raft;
use lamplight::sim::{Cluster, ClusterSetup, Scratch, Workload};

#[test]
fn a_calm_cluster_keeps_its_first_leader_and_serves_its_clients() {
    let setup =
        ClusterSetup::<Raft> { clients: 3, workload: Some(Workload::default()), ..ClusterSetup::default() };
    let mut cluster = Cluster::new(Arc::new(setup), 1);
    let mut scratch = Scratch::default();
    while cluster.now_us() < 5_000_000 {
        cluster.step(&mut scratch, &mut ()).unwrap();
    }
    assert!(cluster.leader().is_some());
    assert!(cluster.nodes().iter().flatten().all(|node| node.term() == 1 && node.commit_index() > 50));
    assert!(cluster.clients().iter().all(|client| client.done > 50));
}
