//! What the benchmarks run: the same work natively and in wasm. Whoever calls it holds the clock.

use std::sync::Arc;

use crate::protocol::raft::Raft;
use crate::sim::{ClusterSetup, Recording, Workload};

/// A busy Raft cluster: clients that hardly think, default timeouts, disks and network.
pub fn busy_raft(nodes: u16) -> ClusterSetup<Raft> {
    ClusterSetup {
        nodes,
        clients: 4,
        workload: Some(Workload { think_us_mean: 5_000, ..Workload::default() }),
        ..ClusterSetup::default()
    }
}

/// Records this many steps of a busy cluster, in full.
pub fn record_raft(nodes: u16, steps: u32) -> Recording<Raft> {
    let mut recording = Recording::new(Arc::new(busy_raft(nodes)), 1);
    // A busy cluster never comes to rest, and the limits are far away.
    let _ = recording.record_until(u64::MAX, steps);
    recording
}

/// Steps spread over a recording in an order that has nothing to do with their place, for seeks.
pub fn scattered(steps: u32, count: u32) -> impl Iterator<Item = u32> {
    let mut at = 0_u64;
    (0..count).map(move |_| {
        // A Weyl sequence: consecutive multiples of the golden ratio fill an interval evenly.
        at = at.wrapping_add(0x9E37_79B9);
        (((at & 0xFFFF_FFFF) * u64::from(steps)) >> 32) as u32
    })
}
