//! What a person or a script does to the cluster.
//!
//! The words follow TigerBeetle's packet simulator where it has one. Every intervention is a step of the
//! recording, so it can be stepped to, asked about and shared.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::chaos::Chaos;
use super::disk::DiskOptions;
use super::host::{DRIFT_PPM_MAX, SKEW_US_MAX};
use super::network::{LATENCY_US_MAX, LinkOptions};
use super::workload::Workload;
use super::{Address, OutOfBounds};
use crate::protocol::NodeId;

/// The number of a pending event: a message under way, a timer, a sync. Numbers are never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub u32);

/// What becomes of writes that were not yet durable when a node crashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsynced {
    /// A part of them survives, drawn from the seed; the last one may be torn.
    #[default]
    Torn,
    /// None of them survives.
    Lost,
    /// All of them can still be read: the process was killed, and the machine goes on. They are as little durable as
    /// before, so a loss of power after that takes them.
    Kept,
}

fn is_zero(count: &u16) -> bool {
    *count == 0
}

/// One intervention. `C` is a client's command and `O` an operator's request: those of the protocol inside
/// the cluster, and text where a person types them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
pub enum Intervention<C, O> {
    /// The process dies; what it had in memory is gone.
    Crash {
        /// Which node.
        node: NodeId,
        /// What becomes of its unsynced writes.
        #[serde(default)]
        unsynced: Unsynced,
        /// It died half-way through its last step: so many of the last messages of that step never left it.
        #[serde(default, skip_serializing_if = "is_zero")]
        unsent: u16,
    },
    /// A process that was down starts again from its disk.
    Restart {
        /// Which node.
        node: NodeId,
    },
    /// The process stops doing anything (a long garbage collection, a stopped virtual machine); what arrives
    /// waits for it.
    Pause {
        /// Which node.
        node: NodeId,
    },
    /// A paused process goes on.
    Resume {
        /// Which node.
        node: NodeId,
    },
    /// Messages from one party to another are lost.
    Cut {
        /// The sender.
        from: Address,
        /// The receiver.
        to: Address,
        /// Whether the other direction is cut, too.
        both_ways: bool,
    },
    /// A cut is mended, in both directions.
    Mend {
        /// One end.
        from: Address,
        /// The other end.
        to: Address,
    },
    /// The network falls into groups that do not hear each other. Nodes that are not named form one more
    /// group. Clients reach everybody.
    Partition {
        /// The groups.
        groups: Vec<Vec<NodeId>>,
    },
    /// All cuts and partitions are mended.
    Heal,
    /// A message under way is lost.
    Drop {
        /// Which one.
        event: EventId,
    },
    /// A message under way stays where it is until it is released.
    Hold {
        /// Which one.
        event: EventId,
    },
    /// A message that was held goes on.
    Release {
        /// Which one.
        event: EventId,
    },
    /// A message or timer comes later than it would.
    Delay {
        /// Which one.
        event: EventId,
        /// By how much, in µs.
        by_us: u64,
    },
    /// A copy of a message is put under way.
    Duplicate {
        /// Which one.
        event: EventId,
        /// When the copy arrives, in µs from now.
        after_us: u64,
    },
    /// A message arrives, a timer expires, or a sync finishes at this very moment.
    DeliverNow {
        /// Which one.
        event: EventId,
    },
    /// The event that comes next is this one, whenever it is due: the schedule is in a person's hands. A
    /// message comes at once; for a timer the clock moves on to when it expires.
    Choose {
        /// Which one.
        event: EventId,
    },
    /// How all connections behave from now on.
    Network {
        /// Latency, loss and so on.
        options: LinkOptions,
    },
    /// How one connection behaves from now on, in one direction.
    Link {
        /// The sender.
        from: Address,
        /// The receiver.
        to: Address,
        /// Latency, loss and so on; `None` for those of the network.
        options: Option<LinkOptions>,
    },
    /// A node's clock runs differently from now on.
    Clock {
        /// Which node.
        node: NodeId,
        /// By how much it is ahead of true time, in µs.
        skew_us: i64,
        /// How much faster than true time it runs, in parts per million.
        drift_ppm: i32,
    },
    /// How a node's disk behaves from now on; all disks where no node is named.
    Disk {
        /// Which node.
        node: Option<NodeId>,
        /// Sync latency and so on.
        options: DiskOptions,
    },
    /// The last synced bytes on a disk are damaged. A node that runs crashes.
    CorruptTail {
        /// Which node.
        node: NodeId,
    },
    /// A disk is lost and replaced by an empty one. A node that runs crashes.
    LoseDisk {
        /// Which node.
        node: NodeId,
    },
    /// A client issues a command, as soon as it has no other under way.
    Command {
        /// Which client.
        client: crate::protocol::ClientId,
        /// What it asks for.
        command: C,
    },
    /// An operator asks a node for something.
    Operation {
        /// Which node.
        node: NodeId,
        /// What is asked.
        operation: O,
    },
    /// The steady workload changes; `None` stops it.
    Workload {
        /// What the clients do.
        workload: Option<Workload>,
    },
    /// Random faults from the seed begin, change or (`None`) end.
    Chaos {
        /// How often which fault.
        chaos: Option<Chaos>,
    },
}

impl<C: Serialize, O: Serialize> Serialize for Intervention<C, O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// All interventions are read by the same code: only what is inside a command or an operation is the protocol's. A
/// reader of 25 interventions for each protocol would weigh more in the page than some of the protocols.
impl<'de, C: DeserializeOwned, O: DeserializeOwned> Deserialize<'de> for Intervention<C, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let plain = Intervention::<Value, Value>::deserialize(deserializer)?;
        plain.try_map(serde_json::from_value, serde_json::from_value).map_err(D::Error::custom)
    }
}

impl<C, O> Intervention<C, O> {
    /// The same intervention with other kinds of command and operation.
    ///
    /// # Errors
    /// Whatever the conversions refuse.
    pub fn try_map<D, Q, E>(
        self,
        command_of: impl FnOnce(C) -> Result<D, E>,
        operation_of: impl FnOnce(O) -> Result<Q, E>,
    ) -> Result<Intervention<D, Q>, E> {
        use Intervention as I;
        Ok(match self {
            I::Crash { node, unsynced, unsent } => I::Crash { node, unsynced, unsent },
            I::Restart { node } => I::Restart { node },
            I::Pause { node } => I::Pause { node },
            I::Resume { node } => I::Resume { node },
            I::Cut { from, to, both_ways } => I::Cut { from, to, both_ways },
            I::Mend { from, to } => I::Mend { from, to },
            I::Partition { groups } => I::Partition { groups },
            I::Heal => I::Heal,
            I::Drop { event } => I::Drop { event },
            I::Hold { event } => I::Hold { event },
            I::Release { event } => I::Release { event },
            I::Delay { event, by_us } => I::Delay { event, by_us },
            I::Duplicate { event, after_us } => I::Duplicate { event, after_us },
            I::DeliverNow { event } => I::DeliverNow { event },
            I::Choose { event } => I::Choose { event },
            I::Network { options } => I::Network { options },
            I::Link { from, to, options } => I::Link { from, to, options },
            I::Clock { node, skew_us, drift_ppm } => I::Clock { node, skew_us, drift_ppm },
            I::Disk { node, options } => I::Disk { node, options },
            I::CorruptTail { node } => I::CorruptTail { node },
            I::LoseDisk { node } => I::LoseDisk { node },
            I::Command { client, command } => I::Command { client, command: command_of(command)? },
            I::Operation { node, operation } => I::Operation { node, operation: operation_of(operation)? },
            I::Workload { workload } => I::Workload { workload },
            I::Chaos { chaos } => I::Chaos { chaos },
        })
    }

    /// The pending event that it is about, where it is about one.
    pub fn event(&self) -> Option<EventId> {
        use Intervention as I;
        match self {
            I::Drop { event }
            | I::Hold { event }
            | I::Release { event }
            | I::Delay { event, .. }
            | I::Duplicate { event, .. }
            | I::DeliverNow { event }
            | I::Choose { event } => Some(*event),
            _ => None,
        }
    }

    /// All parties that it names; those inside a command or an operator's request are the protocol's.
    pub fn parties(&self) -> Vec<Address> {
        use Intervention as I;
        match self {
            I::Cut { from, to, .. } | I::Mend { from, to } | I::Link { from, to, .. } => vec![*from, *to],
            I::Partition { groups } => groups.iter().flatten().copied().map(Address::Node).collect(),
            other => other.subject().into_iter().collect(),
        }
    }

    /// Whether its figures are within bounds.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<(), OutOfBounds> {
        use Intervention as I;
        let within = |what, value: u64, limit: u64| {
            if value > limit { Err(OutOfBounds { what, limit }) } else { Ok(()) }
        };
        match self {
            I::Delay { by_us, .. } => within("by_us", *by_us, LATENCY_US_MAX),
            I::Duplicate { after_us, .. } => within("after_us", *after_us, LATENCY_US_MAX),
            I::Network { options } => options.validate(),
            I::Link { options, .. } => options.as_ref().map_or(Ok(()), LinkOptions::validate),
            I::Clock { skew_us, drift_ppm, .. } => {
                within("skew_us", skew_us.unsigned_abs(), SKEW_US_MAX.unsigned_abs())?;
                within("drift_ppm", drift_ppm.unsigned_abs().into(), DRIFT_PPM_MAX.unsigned_abs().into())
            }
            I::Disk { options, .. } => options.validate(),
            I::Workload { workload } => workload.as_ref().map_or(Ok(()), Workload::validate),
            I::Chaos { chaos } => chaos.as_ref().map_or(Ok(()), Chaos::validate),
            _ => Ok(()),
        }
    }

    /// The party that it is about, where it is about one.
    pub fn subject(&self) -> Option<Address> {
        use Intervention as I;
        match self {
            I::Crash { node, .. }
            | I::Restart { node }
            | I::Pause { node }
            | I::Resume { node }
            | I::Clock { node, .. }
            | I::CorruptTail { node }
            | I::LoseDisk { node }
            | I::Operation { node, .. } => Some(Address::Node(*node)),
            I::Disk { node, .. } => node.map(Address::Node),
            I::Command { client, .. } => Some(Address::Client(*client)),
            _ => None,
        }
    }
}
