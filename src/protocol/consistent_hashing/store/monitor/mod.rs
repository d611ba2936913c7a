//! What must hold after every step.
//!
//! The monitor sees all nodes at once and keeps its own book: which disks hold which version (`ledger`), and
//! who is a member according to each node itself. Each check looks only at what the step changed; all keys of a
//! node are looked at when it starts, and all keys of the book when the membership changes.

mod ledger;

use std::collections::BTreeMap;

use serde::Serialize;

use self::ledger::{Ledger, Nodes};
use super::Dynamo;
use super::member::{Entry, Status};
use super::message::{Answer, Message};
use super::options::Options;
use super::reason::Reason;
use super::ring::{Place, Ring};
use super::storage::Record;
use super::version::Dot;
use crate::protocol::consistent_hashing::Disruption;
use crate::protocol::{EffectBody, Monitor, NodeId, Observation};

/// A property that does not hold, and the facts that contradict each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// A client was told that its write is on W disks, and it was on fewer.
    ReplicasOnDistinctNodes {
        /// The position of the key.
        position: u64,
        /// On how many disks it was.
        disks: u16,
        /// W.
        needed: u16,
    },
    /// A node became an owner, or another one gave a key up for it, before it had the key on its disk.
    KeyAlwaysOwned {
        /// The position of the key.
        position: u64,
        /// The owner that lacks it.
        owner: NodeId,
        /// Who gave it up; the owner itself if it took the range over without having it.
        by: NodeId,
    },
    /// A key changed its first owner although it neither belonged to the node that left nor belongs to the one
    /// that joined.
    MinimalDisruption {
        /// The position of the key.
        position: u64,
        /// Who joined or left.
        changed: NodeId,
        /// Whose it was.
        from: NodeId,
        /// Whose it is.
        to: NodeId,
    },
    /// A client was told that its write is done, and no disk holds it, although fewer than W of the disks that
    /// had acknowledged it were lost.
    AcknowledgedWriteLost {
        /// The position of the key.
        position: u64,
        /// The version.
        dot: Dot,
        /// How many of the disks were lost.
        lost: u16,
        /// W.
        needed: u16,
    },
    /// A node started from a disk that was neither lost nor damaged, and has forgotten what it had
    /// acknowledged.
    AcknowledgementKept {
        /// The position of the key.
        position: u64,
        /// The version.
        dot: Dot,
        /// The node.
        node: NodeId,
    },
    /// A node was given more than c times its share of the reads.
    LoadBound {
        /// Which node.
        node: NodeId,
        /// How many reads it was given.
        load: u64,
        /// How many it may have.
        bound: u64,
    },
}

impl Violation {
    /// The name of the property.
    pub fn name(&self) -> &'static str {
        match self {
            Violation::ReplicasOnDistinctNodes { .. } => "Replicas on distinct nodes",
            Violation::KeyAlwaysOwned { .. } => "A key is always owned",
            Violation::MinimalDisruption { .. } => "Minimal disruption",
            Violation::AcknowledgedWriteLost { .. } => "No acknowledged write is lost",
            Violation::AcknowledgementKept { .. } => "What was acknowledged is on disk",
            Violation::LoadBound { .. } => "Bounded loads",
        }
    }

    /// Where the property is stated.
    pub fn section(&self) -> &'static str {
        match self {
            Violation::ReplicasOnDistinctNodes { .. } => "Dynamo §4.3",
            Violation::KeyAlwaysOwned { .. } => "Dynamo §4.9",
            Violation::MinimalDisruption { .. } => "Karger et al. §4",
            Violation::AcknowledgedWriteLost { .. } => "Dynamo §4.5",
            Violation::AcknowledgementKept { .. } => "Dynamo §4.6",
            Violation::LoadBound { .. } => "Mirrokni, Thorup and Zadimoghaddam §1",
        }
    }

    fn bit(&self) -> u8 {
        match self {
            Violation::ReplicasOnDistinctNodes { .. } => 1,
            Violation::KeyAlwaysOwned { .. } => 2,
            Violation::MinimalDisruption { .. } => 4,
            Violation::AcknowledgedWriteLost { .. } => 8,
            Violation::AcknowledgementKept { .. } => 16,
            Violation::LoadBound { .. } => 32,
        }
    }
}

/// A version that a node must have once its ranges have arrived, and the owners that have it.
type Expected = (Place, Dot, Nodes);

/// Checks what must hold after every step.
#[derive(Clone, PartialEq, Debug)]
pub struct DynamoMonitor {
    is_up: Nodes,
    ledger: Ledger,
    /// What each node says of itself.
    entries: Vec<Entry>,
    /// By which all of that is a ring.
    ring: Ring,
    /// What nodes that fetch their ranges must have in the end.
    expected: BTreeMap<NodeId, std::sync::Arc<[Expected]>>,
    /// Each property is reported once.
    reported: u8,
}

impl Monitor<Dynamo> for DynamoMonitor {
    type Violation = Violation;

    fn new(nodes: u16, options: &Options) -> Self {
        let membership = super::Membership::initial(nodes, options);
        DynamoMonitor {
            is_up: Nodes::default(),
            ledger: Ledger::default(),
            entries: membership.iter().map(|(_, entry)| entry).collect(),
            ring: Ring::new(&membership.nodes_with(Entry::owns), options),
            expected: BTreeMap::new(),
            reported: 0,
        }
    }

    fn observe(&mut self, step: &Observation<'_, Dynamo>) -> Option<Violation> {
        let Some(node) = step.subject() else {
            self.is_up.remove(step.node);
            return None;
        };
        let mut found = None;
        for effect in step.effects {
            if let EffectBody::Append { record: Record::Stored { place, siblings, .. } } = &effect.body {
                self.ledger.written(place, siblings);
            }
        }
        let has_started = !self.is_up.contains(step.node);
        if has_started {
            self.is_up.insert(step.node);
            let lost = step.effects.iter().any(|effect| matches!(effect.why, Reason::DiskLost { .. }));
            found = self.ledger.started(node, lost, step);
        } else {
            for place in node.lately_durable() {
                self.ledger.learn(node, place, step.nodes);
            }
        }
        for effect in step.effects {
            found = found.or(match (&effect.body, effect.why) {
                (EffectBody::Append { record: Record::Dropped { places, given_to, .. } }, _) => {
                    self.ledger.dropped(step.node, places, given_to, step.options)
                }
                (EffectBody::Append { record: Record::Collected { places, .. } }, _) => {
                    self.ledger.collected(step.node, places);
                    None
                }
                // It leaves by this decision. When others hear of it, once it is on disk, the ring may be another one:
                // a node that keeps its keys may be leaving itself meanwhile, and see to them then.
                (EffectBody::Append { .. }, Reason::Left { .. }) => {
                    let owners = |place: &Place| node.staying_ring().owners(place, step.options);
                    self.ledger.left(step.node, owners)
                }
                (
                    EffectBody::Reply { answer: Answer::Written { place, dot }, .. }
                    | EffectBody::Send {
                        message: Message::ForwardAnswer { answer: Answer::Written { place, dot }, .. },
                        ..
                    },
                    Reason::WriteAcknowledged { .. },
                ) => self.ledger.acknowledged(place, dot, step.options),
                (_, Reason::ReadSpread { to, weights, .. }) => load_bound(node, to, weights, step.options),
                _ => None,
            });
        }
        let known = self.entries.get(step.node.index()).copied().unwrap_or_default();
        if node.entry() != known {
            let changed = self.entry_changed(node, known, step.options);
            // A process that starts goes on from its last decision that reached the disk. Nobody had heard of a
            // later one, so that is not a change of its own.
            found = found.or(changed.filter(|_| !has_started));
        }
        let violation = found.filter(|violation| self.reported & violation.bit() == 0)?;
        self.reported |= violation.bit();
        Some(violation)
    }
}

/// Mirrokni et al., §1: with m reads under way no node has more than ⌈c·m·w/W⌉.
fn load_bound(node: &Dynamo, to: NodeId, weights: u64, options: &Options) -> Option<Violation> {
    let loads = node.reads_under_way();
    let under_way: u64 = loads.iter().map(|(_, load)| load).sum();
    let load = loads.iter().find(|(other, _)| *other == to).map_or(0, |(_, load)| *load);
    let factor = u64::from(options.read_load_factor_thousandths);
    let bound = (factor * under_way * u64::from(options.weight(to))).div_ceil((weights * 1_000).max(1));
    (load > bound).then_some(Violation::LoadBound { node: to, load, bound })
}

impl DynamoMonitor {
    /// Who is a member, each node according to itself.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// On how many disks a version is known to be.
    pub fn copies(&self, place: &Place, dot: &Dot) -> usize {
        self.ledger.copies(place, dot)
    }

    fn entry_changed(&mut self, node: &Dynamo, known: Entry, options: &Options) -> Option<Violation> {
        let (id, entry) = (node.id(), node.entry());
        let needs = |entry: &Entry| entry.status == Status::Joining || (entry.refilling && entry.owns());
        let mut violation = None;
        if needs(&entry) && !needs(&known) || entry.is_full() && !known.is_full() && !needs(&known) {
            self.expect(id, options);
        }
        if entry.is_full() && !known.is_full() {
            violation = self.check_arrival(node, options);
        }
        if !needs(&entry) {
            self.expected.remove(&id);
        }
        if let Some(place) = self.entries.get_mut(id.index()) {
            *place = entry;
        }
        if entry.owns() != known.owns() {
            let members: Vec<NodeId> = (0..)
                .map(NodeId)
                .zip(&self.entries)
                .filter(|(_, entry)| entry.owns())
                .map(|(node, _)| node)
                .collect();
            let ring = Ring::new(&members, options);
            violation = violation.or(self.check_disruption(id, &ring, options));
            self.ring = ring;
        }
        violation
    }

    /// A node begins to fetch its ranges. What all their present owners hold, it must hold in the end.
    fn expect(&mut self, node: NodeId, options: &Options) {
        let mut members = self.ring.members().to_vec();
        if let Err(at) = members.binary_search(&node) {
            members.insert(at, node);
        }
        let with_it = Ring::new(&members, options);
        let expected = self.ledger.acknowledged_versions().filter_map(|(place, dot, holders)| {
            let mut owners = Nodes::default();
            let present = self.ring.owners(place, options);
            present.into_iter().filter(|owner| *owner != node).for_each(|owner| owners.insert(owner));
            let is_due =
                !owners.is_empty() && holders.includes(owners) && with_it.is_owner(node, place, options);
            is_due.then(|| (place.clone(), dot, owners))
        });
        let expected = expected.collect();
        self.expected.insert(node, expected);
    }

    /// §4.9: a node owns a range only once it has arrived. That one of the W disks of a write is among those that are asked
    /// holds as long as fewer than W of them are out of reach: lost, or those of nodes that an operator had removed, which
    /// hand over what they hold when they come back. Beyond that it must have what those had that it could ask. Who has
    /// just got back its own lost disk may not have been told of others that they have, too, and asks none of those.
    fn check_arrival(&self, node: &Dynamo, options: &Options) -> Option<Violation> {
        let expected = self.expected.get(&node.id())?;
        let of = |is: fn(&Entry) -> bool| {
            let mut nodes = Nodes::default();
            node.membership().nodes_with(is).into_iter().for_each(|node| nodes.insert(node));
            nodes
        };
        let (removed, asked) = (of(|entry| entry.is_removed), of(Entry::is_full));
        expected.iter().find_map(|(place, dot, owners)| {
            // Owners may have given it up for others meanwhile. Who asks has to be told of those. And a tombstone that has
            // gone from one of them is wanted no more.
            let is_enough =
                |holders: Nodes| holders.includes(*owners) || holders.len() >= options.write_quorum;
            let still_there =
                self.ledger.is_wanted(place, dot) && self.ledger.holders(place, dot).is_some_and(is_enough);
            let is_promised = self.ledger.out_of_reach(place, dot, removed) < options.write_quorum
                || !owners.and(asked).is_empty();
            let lacks = still_there
                && is_promised
                && node.ring().is_owner(node.id(), place, options)
                && !self.ledger.has(node, place, dot);
            let (position, owner) = (place.position, node.id());
            lacks.then_some(Violation::KeyAlwaysOwned { position, owner, by: owner })
        })
    }

    /// What the algorithm promises of a join and a leave.
    fn check_disruption(&self, changed: NodeId, ring: &Ring, options: &Options) -> Option<Violation> {
        if options.algorithm.disruption() != Disruption::Minimal {
            return None;
        }
        let first = |ring: &Ring, place: &Place| ring.walk(place, 1).first().copied();
        self.ledger.places().find_map(|place| {
            let (from, to) = (first(&self.ring, place)?, first(ring, place)?);
            let needless = from != to && from != changed && to != changed;
            let position = place.position;
            needless.then_some(Violation::MinimalDisruption { position, changed, from, to })
        })
    }
}
