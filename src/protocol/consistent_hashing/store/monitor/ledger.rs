//! Which disks hold which versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Violation;
use crate::protocol::consistent_hashing::store::Dynamo;
use crate::protocol::consistent_hashing::store::options::Options;
use crate::protocol::consistent_hashing::store::ring::Place;
use crate::protocol::consistent_hashing::store::version::{Dot, Siblings, Version, VersionVector};
use crate::protocol::{NodeId, Observation};

/// A set of nodes, at most 128.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Nodes(u128);

impl Nodes {
    fn bit(node: NodeId) -> u128 {
        1u128.checked_shl(node.0.into()).unwrap_or(0)
    }

    pub(super) fn insert(&mut self, node: NodeId) {
        self.0 |= Self::bit(node);
    }

    pub(super) fn remove(&mut self, node: NodeId) {
        self.0 &= !Self::bit(node);
    }

    pub(super) fn contains(self, node: NodeId) -> bool {
        self.0 & Self::bit(node) != 0
    }

    pub(super) fn includes(self, other: Nodes) -> bool {
        other.0 & !self.0 == 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn and(self, other: Nodes) -> Nodes {
        Nodes(self.0 & other.0)
    }

    pub(super) fn len(self) -> u16 {
        self.0.count_ones() as u16
    }
}

/// A version, and where it is. A disk that holds a version which descends from it counts as one that holds it.
#[derive(Clone, PartialEq, Debug)]
struct Known {
    dot: Dot,
    /// All that it replaces: what its own vector names, and what those replace which that names. Vectors are cut.
    context: VersionVector,
    is_tombstone: bool,
    /// The disks that hold it.
    holders: Nodes,
    /// The disks that hold it or ever did.
    arrived: Nodes,
    /// How many disks were lost that held it.
    lost: u16,
    is_acknowledged: bool,
    /// Whether a tombstone that is or replaces it has gone from a disk. Nobody needs to hold it any more, be it that the
    /// client is told only then that it is written.
    is_gone: bool,
}

/// All versions that no acknowledged one has replaced.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Ledger {
    keys: Arc<BTreeMap<Place, Vec<Known>>>,
    /// By key, what acknowledged versions have replaced. It need not be anywhere any more, and stays struck out even once
    /// the tombstone that replaced it is gone: a message that was under way for longer than the grace may bring it back,
    /// and a book that began anew then would not know the disks that it was on before.
    retired: Arc<BTreeMap<Place, VersionVector>>,
    /// The nodes that have started at least once.
    has_started: Nodes,
}

impl Known {
    fn first_seen(version: &Version, all: &[Known], on: NodeId) -> Known {
        let mut holders = Nodes::default();
        holders.insert(on);
        // What the operator wrote to the disks was never a client's to be told of, but must not be lost either.
        let is_acknowledged = version.dot.is_initial();
        let dot = version.dot;
        let mut context = version.context.clone();
        for known in all.iter().filter(|known| version.context.covers(&known.dot)) {
            context.join(&known.context);
        }
        let is_tombstone = version.is_deleted;
        Known {
            dot,
            context,
            is_tombstone,
            holders,
            arrived: holders,
            lost: 0,
            is_acknowledged,
            is_gone: false,
        }
    }

    fn check_lost(&self, place: &Place, options: &Options) -> Option<Violation> {
        let is_lost = self.is_acknowledged && self.holders.is_empty() && self.lost < options.write_quorum;
        let (position, dot, lost) = (place.position, self.dot, self.lost);
        is_lost.then_some(Violation::AcknowledgedWriteLost {
            position,
            dot,
            lost,
            needed: options.write_quorum,
        })
    }
}

/// Whether these versions are, or replace, the one with that dot, whatever was cut off their vectors.
fn include(siblings: &Siblings, dot: &Dot, all: &[Known]) -> bool {
    let replaces = |version: &Version| {
        let known = all.iter().find(|known| known.dot == version.dot);
        known.is_some_and(|known| known.context.covers(dot))
    };
    siblings.include(dot) || siblings.iter().any(replaces)
}

impl Ledger {
    /// A process has started: what is on its disk, and what is not.
    pub(super) fn started(
        &mut self,
        node: &Dynamo,
        disk_lost: bool,
        step: &Observation<'_, Dynamo>,
    ) -> Option<Violation> {
        let id = node.id();
        let mut violation = None;
        for (place, all) in Arc::make_mut(&mut self.keys).iter_mut() {
            let read = node.siblings_of(place);
            let there: Vec<bool> = all.iter().map(|known| include(&read, &known.dot, all)).collect();
            let lacking = all.iter_mut().zip(there).filter(|(_, is_there)| !is_there);
            for known in lacking.map(|(known, _)| known).filter(|known| known.holders.contains(id)) {
                known.holders.remove(id);
                if disk_lost {
                    known.lost += 1;
                    violation = violation.or(known.check_lost(place, step.options));
                } else {
                    let (position, dot) = (place.position, known.dot);
                    violation.get_or_insert(Violation::AcknowledgementKept { position, dot, node: id });
                }
            }
        }
        // What the operator wrote to a disk before the first start is durable, though the node does not take its word
        // for that before a sync of its own.
        let is_first = !disk_lost && !self.has_started.contains(id);
        self.has_started.insert(id);
        for (place, held) in node.data() {
            let durable = if is_first { &held.siblings } else { &held.durable };
            self.on_disk(node.id(), place, durable, step.nodes);
        }
        violation
    }

    /// A node writes versions of a key down. None of them is on disk yet; but what one of them replaces has to be known
    /// even if it never is, because the next write comes before the sync.
    pub(super) fn written(&mut self, place: &Place, siblings: &Siblings) {
        let all = Arc::make_mut(&mut self.keys).entry(place.clone()).or_default();
        let none = VersionVector::default();
        let retired = self.retired.get(place).unwrap_or(&none);
        for version in siblings.iter() {
            let is_known = retired.covers(&version.dot) || all.iter().any(|known| known.dot == version.dot);
            if !is_known {
                let mut known = Known::first_seen(version, all, version.dot.writer.node);
                (known.holders, known.arrived) = Default::default();
                all.push(known);
            }
        }
    }

    /// Whether a node has a version on its disk, or what replaces it.
    pub(super) fn has(&self, node: &Dynamo, place: &Place, dot: &Dot) -> bool {
        let all = self.keys.get(place).map(Vec::as_slice).unwrap_or_default();
        include(&node.on_disk(place), dot, all)
    }

    /// A node has new versions of a key on its disk.
    pub(super) fn learn(&mut self, node: &Dynamo, place: &Place, nodes: &[Option<Dynamo>]) {
        let Some(held) = node.held(place) else { return };
        self.on_disk(node.id(), place, &held.durable, nodes);
    }

    fn on_disk(&mut self, node: NodeId, place: &Place, durable: &Siblings, nodes: &[Option<Dynamo>]) {
        let keys = Arc::make_mut(&mut self.keys);
        let all = keys.entry(place.clone()).or_default();
        let there: Vec<bool> = all.iter().map(|known| include(durable, &known.dot, all)).collect();
        for (known, _) in all.iter_mut().zip(there).filter(|(_, is_there)| *is_there) {
            known.holders.insert(node);
            known.arrived.insert(node);
        }
        let none = VersionVector::default();
        let retired = self.retired.get(place).unwrap_or(&none);
        for version in durable.iter() {
            let is_known = retired.covers(&version.dot) || all.iter().any(|known| known.dot == version.dot);
            if !is_known {
                let mut known = Known::first_seen(version, all, node);
                // What descends from it may have come to other disks before it was on one itself.
                for other in nodes.iter().flatten().filter(|other| other.has_on_disk(place, &known.dot)) {
                    known.holders.insert(other.id());
                }
                known.arrived = known.holders;
                all.push(known);
            }
        }
    }

    /// A node has given keys up because others have confirmed to have them.
    pub(super) fn dropped(
        &mut self,
        by: NodeId,
        places: &[Place],
        given_to: &[NodeId],
        options: &Options,
    ) -> Option<Violation> {
        let mut violation = None;
        let keys = Arc::make_mut(&mut self.keys);
        for place in places {
            let Some(all) = keys.get_mut(place) else { continue };
            for known in all.iter_mut().filter(|known| known.holders.contains(by)) {
                let lacking = given_to.iter().find(|owner| !known.arrived.contains(**owner));
                let nobody = given_to.is_empty().then_some(&by);
                if let Some(owner) = lacking.or(nobody) {
                    let (position, owner) = (place.position, *owner);
                    violation.get_or_insert(Violation::KeyAlwaysOwned { position, owner, by });
                }
                known.holders.remove(by);
                violation = violation.or(known.check_lost(place, options));
            }
        }
        violation
    }

    /// A node has dropped tombstones because nobody has anything older. Nobody needs to hold them any more.
    pub(super) fn collected(&mut self, by: NodeId, places: &[Place]) {
        let keys = Arc::make_mut(&mut self.keys);
        for place in places {
            let Some(all) = keys.get_mut(place) else { continue };
            let mut replaced = VersionVector::default();
            all.iter().filter(|known| known.is_tombstone).for_each(|known| replaced.join(&known.context));
            // Another tombstone may be on its way, which this node never had.
            let mut went = VersionVector::default();
            let had = |known: &&Known| known.is_tombstone && known.holders.contains(by);
            all.iter().filter(had).for_each(|known| went.join(&known.context));
            for known in all.iter_mut() {
                known.is_gone |= went.covers(&known.dot) || known.is_tombstone && known.holders.contains(by);
                known.holders.remove(by);
                known.is_acknowledged &= !known.is_tombstone && !replaced.covers(&known.dot);
            }
        }
    }

    /// A node has left the ring, and these own what it holds from now on.
    pub(super) fn left(&self, by: NodeId, owners: impl Fn(&Place) -> Vec<NodeId>) -> Option<Violation> {
        self.acknowledged_by_key().find_map(|(place, known)| {
            let lacks = |owner: &NodeId| !known.arrived.contains(*owner);
            let owner = owners(place).into_iter().find(lacks).filter(|_| known.holders.contains(by))?;
            Some(Violation::KeyAlwaysOwned { position: place.position, owner, by })
        })
    }

    fn acknowledged_by_key(&self) -> impl Iterator<Item = (&Place, &Known)> {
        self.keys.iter().flat_map(|(place, all)| {
            all.iter().filter(|known| known.is_acknowledged).map(move |known| (place, known))
        })
    }

    /// A client is told that its write is on W disks.
    pub(super) fn acknowledged(&mut self, place: &Place, dot: &Dot, options: &Options) -> Option<Violation> {
        let all = Arc::make_mut(&mut self.keys).get_mut(place)?;
        let known = all.iter_mut().find(|known| known.dot == *dot)?;
        known.is_acknowledged = !known.is_gone;
        let (context, disks) = (known.context.clone(), known.arrived.len());
        let lost = known.check_lost(place, options);
        all.retain(|known| !context.covers(&known.dot));
        Arc::make_mut(&mut self.retired).entry(place.clone()).or_default().join(&context);
        let (position, needed) = (place.position, options.write_quorum);
        let too_few =
            (disks < needed).then_some(Violation::ReplicasOnDistinctNodes { position, disks, needed });
        too_few.or(lost)
    }

    /// All versions that must not be lost, with the disks that hold them.
    pub(super) fn acknowledged_versions(&self) -> impl Iterator<Item = (&Place, Dot, Nodes)> {
        self.acknowledged_by_key().map(|(place, known)| (place, known.dot, known.holders))
    }

    /// All keys.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.keys.keys()
    }

    /// The disks that hold a version, if it was not replaced.
    pub(super) fn holders(&self, place: &Place, dot: &Dot) -> Option<Nodes> {
        let known = self.keys.get(place)?.iter().find(|known| known.dot == *dot)?;
        Some(known.holders)
    }

    /// Whether a version must still not be lost.
    pub(super) fn is_wanted(&self, place: &Place, dot: &Dot) -> bool {
        let known = self.keys.get(place).and_then(|all| all.iter().find(|known| known.dot == *dot));
        known.is_some_and(|known| known.is_acknowledged)
    }

    /// How many disks that hold a version, or did, cannot be asked for it: those that were lost, and those of these nodes.
    pub(super) fn out_of_reach(&self, place: &Place, dot: &Dot, removed: Nodes) -> u16 {
        let known = self.keys.get(place).and_then(|all| all.iter().find(|known| known.dot == *dot));
        known.map_or(0, |known| known.lost.saturating_add(known.holders.and(removed).len()))
    }

    /// On how many disks a version is.
    pub(super) fn copies(&self, place: &Place, dot: &Dot) -> usize {
        self.holders(place, dot).map_or(0, |holders| usize::from(holders.len()))
    }
}
