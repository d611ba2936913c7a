//! A second opinion: what a protocol promises, judged by what its disks hold and by what its nodes do, and never by
//! what a node says of itself.
//!
//! The invariants of a protocol's own monitor run in the page, too, so they are quick and look at the nodes. A judge
//! sees in addition each record as soon as it is durable, read back from the bytes on the disk.

use std::ops::Range;

use serde::de::DeserializeOwned;

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

/// What was read of a log, frame by frame. The log that takes its place has most of the same frames, which need not be
/// made sense of again.
#[derive(Clone, Debug)]
struct Image<R> {
    bytes: Vec<u8>,
    /// Where each frame begins and ends, under its checksum. In the order of the checksums once it is looked at.
    frames: Vec<(u32, Range<usize>, R)>,
}

impl<R: Clone> Image<R> {
    const EMPTY: Image<R> = Image { bytes: Vec::new(), frames: Vec::new() };

    /// The checksum at the end of a frame.
    fn checksum(frame: &[u8]) -> u32 {
        frame.last_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn sort(&mut self) {
        self.frames.sort_unstable_by_key(|(checksum, range, _)| (*checksum, range.start));
    }

    /// The record of a frame of these very bytes.
    fn record_of(&self, frame: &[u8]) -> Option<R> {
        let checksum = Self::checksum(frame);
        let first = self.frames.partition_point(|(known, ..)| *known < checksum);
        let alike = self.frames.iter().skip(first).take_while(|(known, ..)| *known == checksum);
        let mut same = alike.filter(|(_, range, _)| self.bytes.get(range.clone()) == Some(frame));
        same.next().map(|(.., record)| record.clone())
    }

    /// Takes up frames that were read behind those it has.
    fn extend(&mut self, bytes: &[u8], records: &[R]) {
        self.bytes.reserve(bytes.len());
        self.frames.reserve(records.len());
        let mut at = 0;
        for record in records {
            let Some(frame) = wal::claimed_frame(bytes.get(at..).unwrap_or_default()) else { return };
            let start = self.bytes.len();
            self.bytes.extend_from_slice(frame);
            self.frames.push((Self::checksum(frame), start..self.bytes.len(), record.clone()));
            at += frame.len();
        }
    }
}

/// Reads what becomes durable, for a judge.
#[derive(Clone, Debug)]
pub struct DiskReader<J, R> {
    judge: J,
    marks: Vec<Mark>,
    images: Vec<Image<R>>,
}

impl<J, R: Clone + DeserializeOwned> DiskReader<J, R> {
    /// Whom it reads for.
    pub fn judge(&self) -> &J {
        &self.judge
    }

    /// A reader of a cluster that has not yet started.
    pub fn new<P: Participant<Record = R>>(cluster: &Cluster<P>) -> Self
    where
        J: Judge<P>,
    {
        let nodes = cluster.setup().nodes;
        let judge = J::new(cluster.setup());
        let (marks, images) = (vec![Mark::default(); nodes.into()], vec![Image::EMPTY; nodes.into()]);
        let mut reader = DiskReader { judge, marks, images };
        for node in 0..nodes {
            reader.read(cluster, NodeId(node));
        }
        reader
    }

    /// Lets the judge look at a step.
    pub fn step<P: Participant<Record = R>>(
        &mut self,
        cluster: &Cluster<P>,
        step: &Step<'_, P>,
    ) -> Option<String>
    where
        J: Judge<P>,
    {
        if let Some(node) = step.party.and_then(|party| party.node()) {
            self.read(cluster, node);
        }
        self.judge.step(cluster, step)
    }

    fn read<P: Participant<Record = R>>(&mut self, cluster: &Cluster<P>, node: NodeId)
    where
        J: Judge<P>,
    {
        let (Some(host), Some(mark), Some(image)) =
            (cluster.host(node), self.marks.get_mut(node.index()), self.images.get_mut(node.index()))
        else {
            return;
        };
        let (generation, durable) = host.disk.on_medium();
        let harms = host.disk.harms();
        if (generation, harms, durable) == (mark.generation, mark.harms, mark.durable) {
            return;
        }
        let mut before = Image::EMPTY;
        if generation != mark.generation || harms != mark.harms || durable < mark.read {
            let cause = if harms == mark.harms { Replacement::Rewritten } else { Replacement::Harmed };
            self.judge.replaced(node, cause);
            *mark = Mark { generation, harms, durable: 0, read: 0 };
            before = std::mem::replace(image, Image::EMPTY);
            before.sort();
        }
        let bytes = host.disk.durable_bytes(mark.read);
        let found = wal::recover_knowing::<R>(&bytes, |frame| before.record_of(frame));
        let whole = found.whole(bytes.len());
        image.extend(&bytes, &found.records);
        for record in found.records {
            self.judge.durable(node, record);
        }
        (mark.durable, mark.read) = (durable, mark.read + whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log that takes another one's place holds what both have in common, and what is new.
    #[test]
    fn frames_are_known_by_their_bytes() {
        let log = |records: &[&str]| {
            let mut bytes = Vec::new();
            for record in records {
                wal::append(record, &mut bytes);
            }
            bytes
        };
        let mut image: Image<String> = Image::EMPTY;
        for records in [&["a", "b"][..], &["c", "a"]] {
            let bytes = log(records);
            image.extend(&bytes, &wal::recover::<String>(&bytes).records);
        }
        image.sort();
        for (record, known) in [("a", true), ("b", true), ("c", true), ("d", false), ("", false)] {
            let found = image.record_of(&log(&[record]));
            assert_eq!(found, known.then(|| record.to_owned()), "{record}");
        }
        let mut damaged = log(&["a"]);
        damaged[wal::HEADER_BYTES] ^= 1;
        assert_eq!(image.record_of(&damaged), None);
    }
}
