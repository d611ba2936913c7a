//! What a check has to know of a protocol.

use super::faults::FaultModel;
use super::history::OperationOf;
use super::judge::Judge;
use crate::protocol::{Participant, Standing};
use crate::sim::random::Stream;
use crate::sim::{Cluster, ClusterSetup};

/// Whether the clients were told what the protocol promises them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Judgement {
    /// They were.
    Kept,
    /// They were not, and this is why.
    Broken(String),
    /// It would have taken too much work to find out; this says where.
    Undecided(String),
}

/// What the clients must be served in spite of, once everything else is repaired: so many nodes, at the same time, that
/// are as it says. A protocol with majority quorums stands a minority of each.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tolerance {
    /// Nodes that are down.
    pub down: u16,
    /// Nodes whose disk and connections are slow: a fifth of a second for each message and each sync.
    pub slow: u16,
    /// Nodes that hear the others and are not heard by them.
    pub unheard: u16,
    /// Nodes that are heard by the others and do not hear them.
    pub deaf: u16,
}

impl Tolerance {
    /// So many nodes, whatever is wrong with them.
    pub fn of_any(nodes: u16) -> Tolerance {
        Tolerance { down: nodes, slow: nodes, unheard: nodes, deaf: nodes }
    }
}

/// A protocol that can be checked with faults drawn from seeds.
pub trait Checkable: Participant {
    /// Who looks at the disks; `()` for nobody.
    type Judge: Judge<Self> + Clone + PartialEq + std::fmt::Debug;

    /// How many steps under faults make a run long enough.
    const STEPS: u32 = 6_000;

    /// What operators do besides, by the names under which it is counted; see [`Checkable::operation_kind`].
    const OPERATION_KINDS: &'static [&'static str] = &[];

    /// A cluster to be put through faults. What may differ from run to run without changing what is promised
    /// is drawn: how often snapshots are taken, which of two ways is taken, how busy the clients are.
    fn draw_setup(nodes: u16, stream: &mut Stream) -> ClusterSetup<Self>;

    /// The faults that a cluster with this setup must survive.
    fn fault_model(setup: &ClusterSetup<Self>) -> FaultModel;

    /// What an operator might ask of this node at any moment.
    fn draw_operation(&self, _setup: &ClusterSetup<Self>, _stream: &mut Stream) -> Option<Self::Operation> {
        None
    }

    /// The name under which an operation is counted among the faults.
    fn operation_kind(_operation: &Self::Operation) -> &'static str {
        "operation"
    }

    /// Whether this message says something that its sender no longer stands by after a crash.
    fn holds_for_this_life(_message: &Self::Message) -> bool {
        false
    }

    /// Whether this node cannot do its part yet, so that it takes the place of one that may be impaired.
    fn is_out(&self) -> bool {
        self.lane().standing == Standing::Out
    }

    /// What an operator does about a node that keeps out of the cluster because its disk was lost or damaged.
    fn remedy(&self) -> Option<Self::Operation> {
        None
    }

    /// How many nodes may be impaired while clients must still be served.
    fn tolerance(_setup: &ClusterSetup<Self>) -> Tolerance {
        Tolerance::default()
    }

    /// Whether clients must be served at all once everything is repaired. Options can rule that out: proposers that never
    /// back off may outbid each other for ever.
    fn promises_progress(_setup: &ClusterSetup<Self>) -> bool {
        true
    }

    /// Whether replicas must come to hold the same by themselves. Options can rule that out: without anything that
    /// compares replicas, one that missed a write lacks it until somebody asks.
    fn promises_agreement(_setup: &ClusterSetup<Self>) -> bool {
        true
    }

    /// How long progress, and coming to rest, may take, in µs of virtual time: in proportion to the time-outs.
    fn patience_us(setup: &ClusterSetup<Self>) -> u64 {
        (40 * setup.client.timeout_us).max(30_000_000)
    }

    /// Whether a client that gets this final answer was served, as it must be once all is repaired.
    fn serves(_answer: &Self::Answer) -> bool {
        true
    }

    /// Whether so much was lost that, by the protocol's own rules, clients may wait for ever.
    fn is_crippled(_cluster: &Cluster<Self>) -> bool {
        false
    }

    /// Whether the clients were told what the protocol promises.
    fn judge(setup: &ClusterSetup<Self>, history: &[OperationOf<Self>]) -> Judgement;

    /// What is not yet as it must become once everything is repaired and nobody asks for anything any more:
    /// replicas that differ, a transaction without a decision. `None` where all is well.
    fn unsettled(cluster: &Cluster<Self>) -> Option<String>;

    /// In what replicas differ that is repaired only where [`Checkable::promises_agreement`] says so; whatever must be
    /// the same in every case belongs to [`Checkable::unsettled`].
    fn differing(_cluster: &Cluster<Self>) -> Option<String> {
        None
    }
}
