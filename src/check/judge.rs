//! A second opinion: what a protocol promises, judged by what its disks hold and by what its nodes do, and never by
//! what a node says of itself.
//!
//! The invariants of a protocol's own monitor run in the page, too, so they are quick and look at the nodes. A judge
//! sees in addition each record as soon as it is durable, read back from the bytes on the disk.

use crate::protocol::{NodeId, Participant, wal};
use crate::sim::{Cluster, ClusterSetup, Step};

/// Who judges the runs of a protocol.
pub trait Judge<P: Participant>: Sized {
    /// The judge of a cluster that has not yet started.
    fn new(setup: &ClusterSetup<P>) -> Self;

    /// This record is durable on the disk of this node, and stands behind those that were told before.
    fn durable(&mut self, node: NodeId, record: P::Record);

    /// What the disk of this node holds is told anew from its beginning: its log was replaced, or the disk was lost
    /// or damaged.
    fn replaced(&mut self, node: NodeId, cause: Replacement);

    /// A step was taken; what became durable with it has been told. Returns what it breaks.
    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) -> Option<String>;
}

/// Why what a disk holds is told anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replacement {
    /// The node has replaced its log by another one.
    Rewritten,
    /// The disk was lost, or its tail damaged.
    Harmed,
}

/// Nobody judges.
impl<P: Participant> Judge<P> for () {
    fn new(_: &ClusterSetup<P>) -> Self {}

    fn durable(&mut self, _: NodeId, _: P::Record) {}

    fn replaced(&mut self, _: NodeId, _: Replacement) {}

    fn step(&mut self, _: &Cluster<P>, _: &Step<'_, P>) -> Option<String> {
        None
    }
}

/// How far a disk has been read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Mark {
    generation: u32,
    harms: u32,
    /// Bytes that were durable when it was last read.
    durable: usize,
    /// Bytes of whole frames among them.
    read: usize,
}

/// Reads what becomes durable, for a judge.
#[derive(Clone, Debug)]
pub struct DiskReader<J> {
    judge: J,
    marks: Vec<Mark>,
}

impl<J> DiskReader<J> {
    /// Whom it reads for.
    pub fn judge(&self) -> &J {
        &self.judge
    }

    /// A reader of a cluster that has not yet started.
    pub fn new<P: Participant>(cluster: &Cluster<P>) -> Self
    where
        J: Judge<P>,
    {
        let nodes = cluster.setup().nodes;
        let judge = J::new(cluster.setup());
        let mut reader = DiskReader { judge, marks: vec![Mark::default(); usize::from(nodes)] };
        for node in 0..nodes {
            reader.read(cluster, NodeId(node));
        }
        reader
    }

    /// Lets the judge look at a step.
    pub fn step<P: Participant>(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) -> Option<String>
    where
        J: Judge<P>,
    {
        if let Some(node) = step.party.and_then(|party| party.node()) {
            self.read(cluster, node);
        }
        self.judge.step(cluster, step)
    }

    fn read<P: Participant>(&mut self, cluster: &Cluster<P>, node: NodeId)
    where
        J: Judge<P>,
    {
        let (Some(host), Some(mark)) = (cluster.host(node), self.marks.get_mut(node.index())) else { return };
        let (generation, durable) = host.disk.on_medium();
        let harms = host.disk.harms();
        if (generation, harms, durable) == (mark.generation, mark.harms, mark.durable) {
            return;
        }
        if generation != mark.generation || harms != mark.harms || durable < mark.read {
            let cause = if harms == mark.harms { Replacement::Rewritten } else { Replacement::Harmed };
            self.judge.replaced(node, cause);
            *mark = Mark { generation, harms, durable: 0, read: 0 };
        }
        let bytes = host.disk.durable_bytes(mark.read);
        let whole = wal::frames(&bytes).map(|(start, length)| start + length).last().unwrap_or(0);
        for record in wal::recover::<P::Record>(&bytes).records {
            self.judge.durable(node, record);
        }
        (mark.durable, mark.read) = (durable, mark.read + whole);
    }
}
