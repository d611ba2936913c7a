//! The virtual cluster: time, network, disks, clients and faults, for any [`Participant`].
//!
//! A run is a function of (scenario, seed, interventions). A *step* is one input handed to one party, with
//! its effects, or one intervention; steps are totally ordered and each knows its cause.
//!
//! * [`cluster`]: the state of everything at one moment, and how it takes a step.
//! * [`queue`]: what is pending. [`network`], [`disk`], [`host`]: what lies between the parties and under them.
//! * [`client`], [`workload`]: who asks. [`intervention`], [`chaos`]: what goes wrong.
//! * [`recording`]: the steps as columns and keyframes; any of them is reachable. [`history`]: its branches.
//!
//! [`Participant`]: crate::protocol::Participant

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protocol::{ClientId, NodeId};

pub mod act;
pub mod chaos;
pub mod client;
pub mod cluster;
pub mod digest;
pub mod disk;
pub mod history;
pub mod host;
pub mod intervention;
pub mod network;
pub mod queue;
pub mod random;
pub mod recording;
pub mod setup;
pub mod step;
pub mod workload;

#[cfg(test)]
mod tests;

pub use chaos::Chaos;
pub use client::ClientOptions;
pub use cluster::{Cluster, Scratch};
pub use digest::Digest;
pub use disk::DiskOptions;
pub use history::History;
pub use intervention::{EventId, Intervention, Unsynced};
pub use network::{Jitter, LinkOptions};
pub use recording::Recording;
pub use setup::{ClusterSetup, InterventionOf, Scripted};
pub use step::{Doer, Happening, InputKind, Step, Watcher};
pub use workload::Workload;

/// A party of the network: a node or a client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// A node of the cluster.
    Node(NodeId),
    /// A client.
    Client(ClientId),
}

impl Address {
    /// The node, if it is one.
    pub fn node(self) -> Option<NodeId> {
        match self {
            Address::Node(node) => Some(node),
            Address::Client(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Node(node) => node.fmt(f),
            Address::Client(client) => client.fmt(f),
        }
    }
}

/// A figure that is out of bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfBounds {
    /// Which one.
    pub what: &'static str,
    /// The largest that is allowed.
    pub limit: u64,
}

impl From<OutOfBounds> for Problem {
    fn from(OutOfBounds { what, limit }: OutOfBounds) -> Problem {
        Problem::OutOfBounds { what: what.into(), limit }
    }
}

/// Why the cluster does not do something. Nothing has changed then.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// There is no such party.
    #[error("there is no {address}")]
    NoSuchParty {
        /// Who was named.
        address: Address,
    },
    /// There is no such pending event, or it is of a kind that this cannot be done to.
    #[error("no pending event {} allows that", event.0)]
    NoSuchEvent {
        /// Which one was named.
        event: EventId,
    },
    /// The node is down, and that needs one that runs.
    #[error("{node} is down")]
    Down {
        /// Which node.
        node: NodeId,
    },
    /// The node runs, and that needs one that is down (or paused).
    #[error("{node} is running")]
    Running {
        /// Which node.
        node: NodeId,
    },
    /// A figure is out of bounds.
    #[error("{what} is out of bounds (at most {limit})")]
    OutOfBounds {
        /// Which one.
        what: Cow<'static, str>,
        /// The largest that is allowed.
        limit: u64,
    },
    /// Something grew to its limit; the run goes no further.
    #[error("the run has reached its limit of {limit} {what}")]
    Full {
        /// What grew.
        what: Cow<'static, str>,
        /// How large it may be.
        limit: u64,
    },
    /// Nothing is pending: the run has come to rest.
    #[error("nothing is pending; the run has come to rest")]
    AtRest,
}

/// How large a run may grow.
pub mod limits {
    /// Nodes of a cluster.
    pub const NODES_MAX: u16 = 100;
    /// Clients of a cluster.
    pub const CLIENTS_MAX: u16 = 16;
    /// Steps of one branch.
    pub const STEPS_MAX: u32 = 4_000_000;
    /// Events that are pending at once.
    pub const PENDING_MAX: u32 = 200_000;
    /// Bytes on one disk.
    pub const DISK_BYTES_MAX: u64 = 64 * 1024 * 1024;
    /// Branches of a history.
    pub const BRANCHES_MAX: u32 = 64;
    /// Interventions of one branch, those of a script and of a person together.
    pub const INTERVENTIONS_MAX: usize = 10_000;
    /// Commands that wait at one client.
    pub const COMMANDS_WAITING_MAX: usize = 64;
    /// The longest virtual time, in µs: 24 hours.
    pub const TIME_US_MAX: u64 = 24 * 3_600 * 1_000_000;
}
