//! What a node writes to its disk, and what it makes of what it finds there.
//!
//! The disk holds a log of records (see [`crate::protocol::wal`]), read in order; a later record replaces an
//! earlier one about the same thing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::member::{Entry, Membership};
use super::message::key_name;
use super::options::Options;
use super::ring::{Place, Ring};
use super::version::{Dot, Siblings, Version, VersionVector, Writer};
use crate::protocol::wal::{Recovered, Tail};
use crate::protocol::{NodeId, Setup};

/// By how much a start is shifted in the numbers that a node counts with: dots, heartbeats, requests. What a
/// process counts to then never meets what the next process begins with.
pub const START_SHIFT: u32 = 24;
/// The most that a process counts to.
pub const COUNT_MAX: u64 = (1 << START_SHIFT) - 1;

/// The number that a process gives when it counts to `count`: those of later processes are greater.
pub fn numbered(starts: u64, count: u64) -> u64 {
    (starts.min(u64::MAX >> START_SHIFT) << START_SHIFT) | count.min(COUNT_MAX)
}

/// One record on disk.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The first record of every disk: whose it is. Where it is missing, the disk was lost.
    Formatted {
        /// The node.
        node: NodeId,
    },
    /// A process has started.
    Started {
        /// How many have, this one included.
        starts: u64,
        /// As which writer it makes versions.
        life: u32,
    },
    /// What was heard of a node.
    Heard {
        /// Which node.
        node: NodeId,
        /// How it stands to the ring.
        entry: Entry,
    },
    /// All versions of a key.
    Stored {
        /// The key.
        place: Place,
        /// The versions.
        siblings: Siblings,
        /// For whom the node keeps them, where it stands in (§4.6).
        hints: Vec<NodeId>,
        /// Whether it keeps them for its own part, too.
        own: bool,
    },
    /// Keys that all who own them have on their disks now.
    Dropped {
        /// The keys.
        places: Vec<Place>,
        /// Who has confirmed it, for all of these keys.
        given_to: Vec<NodeId>,
        /// As which writer the node goes on, because it has forgotten versions that it made.
        life: u32,
    },
    /// Deleted keys of which no owner has anything older than the tombstone, so that the tombstone can go.
    Collected {
        /// The keys.
        places: Vec<Place>,
        /// As which writer the node goes on.
        life: u32,
    },
    /// The ranges have arrived that the node gained when these nodes were removed.
    Filled {
        /// Each with the number of the removal.
        removed: Vec<(NodeId, u64)>,
    },
    /// The ranges have not arrived yet that the node gained when these nodes were removed. A log that is written anew
    /// says so by itself: what the nodes said of themselves since has replaced the word of their removal.
    Unfilled {
        /// Each with the number of the removal.
        removed: Vec<(NodeId, u64)>,
    },
}

/// A key that a node holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Held {
    /// All versions.
    pub siblings: Siblings,
    /// What of them is on disk.
    pub durable: Siblings,
    /// For whom the node keeps them, where it stands in (§4.6).
    pub hints: Vec<NodeId>,
    /// Whether it keeps them for its own part: as an owner, or because it was one.
    pub own: bool,
    /// Who has confirmed to have these very versions on disk, while they are being handed over.
    pub(super) delivered: Vec<NodeId>,
}

/// Why a disk cannot be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskLoss {
    /// There is nothing on it.
    Empty,
    /// A record that was whole does not match its checksum, or the records contradict each other.
    Damaged,
}

/// What a node finds on its disk.
#[derive(Clone, PartialEq, Debug)]
pub struct Persistent {
    /// How many processes have started.
    pub starts: u64,
    /// The writer of the last one.
    pub life: u32,
    /// Who is a member.
    pub membership: Membership,
    /// The keys.
    pub data: BTreeMap<Place, Held>,
    /// Nodes that were removed, with the number of the removal, of whose ranges this node may own a part that has not
    /// arrived yet.
    pub unfilled: BTreeMap<NodeId, u64>,
}

impl Persistent {
    /// All that a disk has to hold, with nothing superfluous.
    pub fn records(&self, node: NodeId) -> Vec<Record> {
        let mut records = Vec::with_capacity(self.data.len() + 8);
        records.push(Record::Formatted { node });
        records.push(Record::Started { starts: self.starts, life: self.life });
        // A node that has lost its disk says so in an entry that nobody has numbered yet.
        let known = self.membership.iter().filter(|(_, entry)| entry.number > 0 || entry.refilling);
        records.extend(known.map(|(node, entry)| Record::Heard { node, entry }));
        let is_filled = |(node, entry): &(NodeId, Entry)| {
            entry.is_removed && self.unfilled.get(node).is_none_or(|number| *number != entry.number)
        };
        let filled = self.membership.iter().filter(is_filled).map(|(node, entry)| (node, entry.number));
        let removed: Vec<(NodeId, u64)> = filled.collect();
        records.extend((!removed.is_empty()).then_some(Record::Filled { removed }));
        let removed: Vec<(NodeId, u64)> =
            self.unfilled.iter().map(|(node, number)| (*node, *number)).collect();
        records.extend((!removed.is_empty()).then_some(Record::Unfilled { removed }));
        records.extend(self.data.iter().map(|(place, held)| stored(place, held)));
        records
    }
}

/// The record of a key.
pub(super) fn stored(place: &Place, held: &Held) -> Record {
    Record::Stored {
        place: place.clone(),
        siblings: held.siblings.clone(),
        hints: held.hints.clone(),
        own: held.own,
    }
}

/// What the operator writes before a node's first start: the members, and the keys that the cluster begins
/// with.
pub fn format(setup: Setup<'_, Options>) -> Vec<Record> {
    let options = setup.options;
    let membership = Membership::initial(setup.nodes, options);
    let ring = Ring::new(&membership.nodes_with(Entry::owns), options);
    let mut data = BTreeMap::new();
    for number in 0..options.initial_keys {
        let place = Place::of(&key_name(number));
        let owners = ring.owners(&place, options);
        let Some(first) = owners.first().filter(|_| owners.contains(&setup.id)) else { continue };
        let dot = Dot { writer: Writer { node: *first, life: 0 }, counter: u64::from(number) + 1 };
        let context = VersionVector::default();
        let version = Version { dot, context, value: "initial".into(), is_deleted: false };
        data.insert(place, Held::read(Siblings::of(version), Vec::new(), true));
    }
    Persistent { starts: 0, life: 0, membership, data, unfilled: BTreeMap::new() }.records(setup.id)
}

impl Dot {
    /// Whether the version was there before the first start.
    pub fn is_initial(&self) -> bool {
        self.counter >> START_SHIFT == 0
    }
}

impl Held {
    /// A key as it stands in the log. What can be read there may be in the cache of the operating system only, so it
    /// is not durable before a sync has finished.
    fn read(siblings: Siblings, hints: Vec<NodeId>, own: bool) -> Held {
        Held { durable: Siblings::default(), siblings, hints, own, delivered: Vec::new() }
    }

    /// A key of which nothing is known yet.
    pub(super) fn nothing() -> Held {
        Held::read(Siblings::default(), Vec::new(), false)
    }
}

/// Reads what a disk holds.
///
/// # Errors
/// Says why the disk cannot be trusted. Then the node must not go on as if nothing had happened: what it has
/// acknowledged may be gone.
pub fn recover(setup: &Setup<'_, Options>, disk: Recovered<Record>) -> Result<Persistent, DiskLoss> {
    if let Tail::Damaged { .. } = disk.tail {
        return Err(DiskLoss::Damaged);
    }
    let mut records = disk.records.into_iter();
    match records.next() {
        Some(Record::Formatted { node }) if node == setup.id => {}
        Some(_) => return Err(DiskLoss::Damaged),
        None => return Err(DiskLoss::Empty),
    }
    let membership = Membership::unknown(setup.nodes);
    let unfilled = BTreeMap::new();
    let mut found = Persistent { starts: 0, life: 0, membership, data: BTreeMap::new(), unfilled };
    for record in records {
        match record {
            Record::Formatted { .. } => return Err(DiskLoss::Damaged),
            Record::Started { starts, life } => {
                (found.starts, found.life) = (found.starts.max(starts), life);
            }
            // Whatever is read twice, the later decision counts, and no version is lost that nothing replaces.
            Record::Heard { node, entry } => {
                let known = found.membership.get(node);
                if entry.replaces(&known) || known.number == 0 {
                    found.membership.set(node, entry);
                    if entry.is_removed
                        && (!entry.repeats_removal(&known) || found.unfilled.contains_key(&node))
                    {
                        found.unfilled.insert(node, entry.number);
                    }
                }
            }
            Record::Filled { removed } => {
                for (node, number) in removed {
                    if found.unfilled.get(&node).is_some_and(|known| *known <= number) {
                        found.unfilled.remove(&node);
                    }
                }
            }
            Record::Unfilled { removed } => found.unfilled.extend(removed),
            Record::Stored { place, siblings, hints, own } => {
                let known = found.data.get(&place).map(|held| held.siblings.clone()).unwrap_or_default();
                found.data.insert(place, Held::read(known.merge(&siblings), hints, own));
            }
            Record::Dropped { places, life, .. } | Record::Collected { places, life } => {
                found.life = life;
                for place in &places {
                    found.data.remove(place);
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::consistent_hashing::store::member::Status;

    fn setup(options: &Options) -> Setup<'_, Options> {
        Setup { id: NodeId(1), nodes: 4, options }
    }

    #[test]
    fn what_is_written_as_a_whole_is_read_back_as_it_was() {
        let options = Options { initial_keys: 50, initial_members: 3, ..Options::default() };
        let mut whole =
            recover(&setup(&options), Recovered { records: format(setup(&options)), tail: Tail::Clean });
        let found = whole.as_mut().unwrap();
        assert_eq!(found.data.len(), 50, "three members own all keys");
        let leaving = Entry { status: Status::Leaving, refilling: true, number: 7, is_removed: false };
        found.membership.set(NodeId(2), leaving);
        found.data.values_mut().for_each(|held| held.hints.push(NodeId(0)));
        let records = found.records(NodeId(1));
        assert_eq!(recover(&setup(&options), Recovered { records, tail: Tail::Torn { at: 3 } }), whole);
    }

    #[test]
    fn what_has_not_arrived_since_a_removal_is_known_also_when_the_removed_node_is_a_member_again() {
        let options = Options { initial_keys: 5, initial_members: 3, ..Options::default() };
        let mut records = format(setup(&options));
        let heard = |status, number, is_removed| Record::Heard {
            node: NodeId(2),
            entry: Entry { status, refilling: false, number, is_removed },
        };
        records.push(heard(Status::Outside, 5, true));
        records.push(heard(Status::Member, 6, false));
        let found = |records| recover(&setup(&options), Recovered { records, tail: Tail::Clean }).unwrap();
        let before = found(records);
        assert_eq!(before.unfilled, BTreeMap::from([(NodeId(2), 5)]));
        let mut compacted = before.records(NodeId(1));
        assert_eq!(found(compacted.clone()), before, "a log that is written anew forgets nothing");
        compacted.push(Record::Filled { removed: vec![(NodeId(2), 5)] });
        assert_eq!(found(compacted).unfilled, BTreeMap::new());
    }

    #[test]
    fn a_key_that_was_dropped_is_gone_and_the_writer_is_another_one() {
        let options = Options { initial_keys: 5, initial_members: 3, ..Options::default() };
        let mut records = format(setup(&options));
        let place = Place::of(&key_name(0));
        records.push(Record::Dropped { places: vec![place.clone()], given_to: vec![NodeId(0)], life: 9 });
        let found = recover(&setup(&options), Recovered { records, tail: Tail::Clean }).unwrap();
        assert_eq!((found.data.len(), found.life), (4, 9));
        assert!(!found.data.contains_key(&place));
    }

    #[test]
    fn a_disk_that_cannot_be_trusted_is_told_from_one_that_can() {
        let options = Options::default();
        let found = |records: Vec<Record>, tail| recover(&setup(&options), Recovered { records, tail });
        let formatted = Record::Formatted { node: NodeId(1) };
        assert_eq!(found(vec![], Tail::Clean), Err(DiskLoss::Empty));
        assert_eq!(found(vec![], Tail::Torn { at: 0 }), Err(DiskLoss::Empty));
        assert_eq!(found(vec![formatted.clone()], Tail::Damaged { at: 9 }), Err(DiskLoss::Damaged));
        assert_eq!(found(vec![Record::Started { starts: 1, life: 0 }], Tail::Clean), Err(DiskLoss::Damaged));
        assert_eq!(found(vec![Record::Formatted { node: NodeId(0) }], Tail::Clean), Err(DiskLoss::Damaged));
        assert!(found(vec![formatted], Tail::Torn { at: 9 }).is_ok());
    }
}
