//! What the disks say of the store, and whether it is what clients were told.
//!
//! The monitor asks the nodes what they have on disk. This judge does not: it is handed every record once it is durable,
//! and keeps its own book of what each disk holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check::judge::{Judge, Replacement};
use crate::protocol::consistent_hashing::store::{
    Answer, Command, Dot, Dynamo, Entry, Message, Options, Place, Reason, Record, Siblings, Status, Version,
    VersionVector,
};
use crate::protocol::{EffectBody, NodeId};
use crate::sim::{Cluster, ClusterSetup, Happening, Step};

/// The book of all disks.
#[derive(Clone, PartialEq, Debug)]
pub struct StoreJudge {
    options: Options,
    disks: Vec<Disk>,
    /// All versions of each key that ever were on a disk.
    made: BTreeMap<Place, Vec<Made>>,
    /// Where each of them belongs: a dot is never used twice.
    dots: BTreeMap<Dot, (Place, Arc<str>)>,
    /// What the clients had read that wrote a value without reading it first, by key and value.
    put: BTreeMap<(Arc<str>, Arc<str>), VersionVector>,
    /// Values that were written in the place of what was there.
    updated: BTreeSet<(Arc<str>, Arc<str>)>,
    /// What clients were told is written, and when.
    told: BTreeMap<Place, Vec<(Dot, u64)>>,
    /// What tombstones had replaced that a node has dropped. No read has to see it any more, and that it was deleted
    /// nobody can tell, be it that the client hears of its write only now.
    gone: BTreeMap<Place, VersionVector>,
    /// Tombstones that went with the latest step.
    collected: Vec<(NodeId, Place, Dot, u64)>,
    /// Whether a read must see every write that was acknowledged before it began.
    is_strict: bool,
    disks_lost: u16,
    /// Counts what became durable.
    count: u64,
    found: Option<String>,
}

/// What a disk holds.
#[derive(Clone, PartialEq, Debug, Default)]
struct Disk {
    keys: BTreeMap<Place, Stored>,
    /// What it held before its log was written anew, until all of that has been read.
    replaced: BTreeMap<Place, Stored>,
    entries: BTreeMap<NodeId, Entry>,
    /// Tombstones that the node has dropped, and whose record has not come to the disk. It never does where the log is
    /// written anew meanwhile; then they are those that the new log does not name.
    collects: BTreeSet<Place>,
}

/// The versions of a key, each with the count at which it came to the disk.
#[derive(Clone, PartialEq, Debug, Default)]
struct Stored {
    siblings: Siblings,
    since: BTreeMap<Dot, u64>,
}

/// A version that is or was on a disk.
#[derive(Clone, PartialEq, Debug)]
struct Made {
    dot: Dot,
    /// All that it replaces, also what was cut off its vector.
    replaces: VersionVector,
    /// The disks that have it or what replaces it, or had.
    disks: BTreeSet<NodeId>,
}

impl Made {
    fn includes(&self, dot: &Dot) -> bool {
        self.dot == *dot || self.replaces.covers(dot)
    }
}

/// Whether these versions are, or replace, the one with that dot.
fn include(siblings: &Siblings, dot: &Dot, made: &[Made]) -> bool {
    let replaces =
        |version: &Version| made.iter().any(|known| known.dot == version.dot && known.replaces.covers(dot));
    siblings.include(dot) || siblings.iter().any(replaces)
}

impl Judge<Dynamo> for StoreJudge {
    fn new(setup: &ClusterSetup<Dynamo>) -> Self {
        let options = setup.options.clone();
        let is_strict =
            !options.sloppy_quorum && options.read_quorum + options.write_quorum > options.replicas;
        StoreJudge {
            disks: vec![Disk::default(); usize::from(setup.nodes)],
            made: BTreeMap::new(),
            dots: BTreeMap::new(),
            put: BTreeMap::new(),
            updated: BTreeSet::new(),
            told: BTreeMap::new(),
            gone: BTreeMap::new(),
            collected: Vec::new(),
            is_strict,
            disks_lost: 0,
            count: 0,
            found: None,
            options,
        }
    }

    fn durable(&mut self, node: NodeId, record: Record) {
        self.count += 1;
        match record {
            Record::Stored { place, siblings, .. } => self.stored(node, &place, &siblings),
            Record::Dropped { places, .. } => {
                if let Some(disk) = self.disks.get_mut(node.index()) {
                    for place in &places {
                        disk.keys.remove(place);
                        disk.replaced.remove(place);
                    }
                }
            }
            Record::Collected { places, .. } => {
                for place in places {
                    let Some(disk) = self.disks.get_mut(node.index()) else { return };
                    disk.collects.remove(&place);
                    let stored = disk.keys.remove(&place).unwrap_or_default();
                    self.collected(node, &place, &stored);
                }
            }
            Record::Heard { node: about, entry } => self.heard(node, about, entry),
            Record::Formatted { .. }
            | Record::Started { .. }
            | Record::Filled { .. }
            | Record::Unfilled { .. } => {}
        }
    }

    fn replaced(&mut self, node: NodeId, cause: Replacement) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        match cause {
            Replacement::Harmed => *disk = Disk::default(),
            Replacement::Rewritten => disk.replaced = std::mem::take(&mut disk.keys),
        }
    }

    fn step(&mut self, cluster: &Cluster<Dynamo>, step: &Step<'_, Dynamo>) -> Option<String> {
        self.note(step);
        if let Some(node) = step.party.and_then(|party| party.node()) {
            self.dropped_with_the_log(node);
        }
        let found = self.found.take();
        let found = found.or_else(|| self.told_of_what_is_nowhere(step));
        let found = found.or_else(|| self.acknowledged(step));
        let found = found.or_else(|| self.read(step));
        found.or_else(|| self.collected_too_early(cluster))
    }
}

impl StoreJudge {
    /// A node drops a tombstone. It answers reads without it from now on, before that is on its disk: should it lose that
    /// again, the tombstone is back, which says the same.
    fn drops(&mut self, node: NodeId, place: &Place) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        disk.collects.insert(place.clone());
        let gone = self.gone.entry(place.clone()).or_default();
        let made = self.made.get(place).map(Vec::as_slice).unwrap_or_default();
        for stored in [disk.keys.get(place), disk.replaced.get(place)].into_iter().flatten() {
            gone.join(&stored.siblings.context());
            let is_there = |known: &&Made| stored.siblings.iter().any(|version| version.dot == known.dot);
            made.iter().filter(is_there).for_each(|known| gone.join(&known.replaces));
        }
    }

    /// A tombstone has gone from a disk.
    fn collected(&mut self, node: NodeId, place: &Place, stored: &Stored) {
        for version in stored.siblings.iter().filter(|version| version.is_deleted) {
            let since = stored.since.get(&version.dot).copied().unwrap_or(u64::MAX);
            self.collected.push((node, place.clone(), version.dot, since));
        }
    }

    /// What a new log does not name was dropped with it.
    fn dropped_with_the_log(&mut self, node: NodeId) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        for (place, stored) in std::mem::take(&mut disk.replaced) {
            let is_collected =
                self.disks.get_mut(node.index()).is_some_and(|disk| disk.collects.remove(&place));
            if is_collected {
                self.collected(node, &place, &stored);
            }
        }
    }

    /// A key is on a disk. What was there is there still, or was replaced.
    fn stored(&mut self, node: NodeId, place: &Place, siblings: &Siblings) {
        let made = self.made.entry(place.clone()).or_default();
        for version in siblings.iter() {
            let at = (place.clone(), version.value.clone());
            let first = self.dots.entry(version.dot).or_insert_with(|| at.clone());
            if *first != at {
                let (writer, key) = (version.dot.writer.node, &place.key);
                self.found.get_or_insert(format!(
                    "{writer} used a dot twice: for {} in {} and for {} in {key}",
                    first.1, first.0.key, version.value
                ));
            }
            if !made.iter().any(|known| known.dot == version.dot) {
                let mut replaces = version.context.clone();
                for known in made.iter().filter(|known| version.context.covers(&known.dot)) {
                    replaces.join(&known.replaces);
                }
                made.push(Made { dot: version.dot, replaces, disks: BTreeSet::new() });
                let value = (place.key.clone(), version.value.clone());
                if let Some(read) = self.put.get(&value)
                    && !version.is_deleted
                    && !self.updated.contains(&value)
                    && !read.includes(&version.context)
                {
                    let (key, value) = value;
                    self.found
                        .get_or_insert(format!("{value} in {key} replaces what its writer had not read"));
                }
            }
        }
        let there: Vec<bool> = made.iter().map(|known| include(siblings, &known.dot, made)).collect();
        for (known, _) in made.iter_mut().zip(there).filter(|(_, is_there)| *is_there) {
            known.disks.insert(node);
        }
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        let mut replaced = disk.replaced.remove(place);
        let goes_on =
            |stored: &Stored| stored.siblings.iter().all(|version| include(siblings, &version.dot, made));
        let mut went = None;
        if !replaced.as_ref().is_some_and(goes_on) && disk.collects.remove(place) {
            // The tombstone went, and the key was written anew, between the old log and this one.
            went = replaced.take();
        }
        let before = disk.keys.entry(place.clone()).or_insert_with(|| replaced.unwrap_or_default());
        if let Some(lost) = before.siblings.iter().find(|version| !include(siblings, &version.dot, made)) {
            let (value, key) = (&lost.value, &place.key);
            self.found.get_or_insert(format!("{node} forgot {value} in {key}, which nothing has replaced"));
        }
        let since =
            |version: &Version| (version.dot, before.since.get(&version.dot).copied().unwrap_or(self.count));
        *before = Stored { since: siblings.iter().map(since).collect(), siblings: siblings.clone() };
        if let Some(stored) = went {
            self.collected(node, place, &stored);
        }
    }

    /// A ring never goes back.
    fn heard(&mut self, node: NodeId, about: NodeId, entry: Entry) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        let before = disk.entries.insert(about, entry).unwrap_or_default();
        if entry.number < before.number {
            let (number, was) = (entry.number, before.number);
            self.found.get_or_insert(format!(
                "{node} takes decision {number} of {about} for later than decision {was}"
            ));
        }
    }

    /// Remembers what clients ask for, and what makes reads less strict.
    fn note(&mut self, step: &Step<'_, Dynamo>) {
        if let Happening::Ask { command, .. } = step.happening {
            match command {
                Command::Put { key, value, context } => {
                    self.put.entry((key.clone(), value.clone())).or_default().join(context);
                }
                Command::Update { key, value } => {
                    self.updated.insert((key.clone(), value.clone()));
                }
                Command::Get { .. } | Command::Delete { .. } => {}
            }
        }
        for effect in step.effects {
            match (&effect.body, effect.why) {
                // While members change, nodes go by different rings for a while. Dynamo promises nothing then.
                (EffectBody::Append { record: Record::Heard { node, entry } }, _) => {
                    let was_member = self.options.is_initial_member(*node);
                    self.is_strict &= match entry.status {
                        Status::Member => was_member,
                        Status::Outside => !was_member || entry.number == 0,
                        Status::Joining | Status::Leaving => false,
                    };
                }
                (EffectBody::Append { record: Record::Collected { places, .. } }, _) => {
                    if let Some(node) = step.party.and_then(|party| party.node()) {
                        places.iter().for_each(|place| self.drops(node, place));
                    }
                }
                // A write is on W disks. If as many were lost, it may be gone.
                (EffectBody::Note, Reason::DiskLost { .. }) => {
                    if let Some(disk) = step
                        .party
                        .and_then(|party| party.node())
                        .and_then(|node| self.disks.get_mut(node.index()))
                    {
                        *disk = Disk::default();
                    }
                    self.disks_lost = self.disks_lost.saturating_add(1);
                    self.is_strict &= self.disks_lost < self.options.write_quorum;
                }
                _ => {}
            }
        }
    }

    /// Nobody hears of a version that is on no disk: whoever made it could forget it, and use its number again.
    fn told_of_what_is_nowhere(&self, step: &Step<'_, Dynamo>) -> Option<String> {
        let unknown = |siblings: &Siblings| {
            let mut versions = siblings.iter();
            versions
                .find(|version| !self.dots.contains_key(&version.dot))
                .map(|version| version.value.clone())
        };
        let of_items = |items: &[(Place, Siblings)]| items.iter().find_map(|(_, siblings)| unknown(siblings));
        step.effects.iter().find_map(|effect| {
            let value = match &effect.body {
                EffectBody::Send { message, .. } => match message {
                    Message::ReadAnswer { siblings, .. } | Message::Write { siblings, .. } => {
                        unknown(siblings)
                    }
                    Message::Handoff { items, .. }
                    | Message::Range { items, .. }
                    | Message::Leaves { items, .. } => of_items(items),
                    _ => None,
                },
                EffectBody::Reply { answer: Answer::Versions { siblings }, .. } => unknown(siblings),
                _ => None,
            }?;
            let node = step.party?;
            Some(format!("{node} tells of {value}, which is on no disk"))
        })
    }

    /// A write that a client is told of is on W disks.
    fn acknowledged(&self, step: &Step<'_, Dynamo>) -> Option<String> {
        step.effects.iter().find_map(|effect| {
            let (place, dot) = match (&effect.body, effect.why) {
                (
                    EffectBody::Reply { answer: Answer::Written { place, dot }, .. }
                    | EffectBody::Send {
                        message: Message::ForwardAnswer { answer: Answer::Written { place, dot }, .. },
                        ..
                    },
                    Reason::WriteAcknowledged { .. },
                ) => (place, dot),
                _ => return None,
            };
            let made = self.made.get(place).map(Vec::as_slice).unwrap_or_default();
            let disks: BTreeSet<NodeId> = made
                .iter()
                .filter(|known| known.includes(dot))
                .flat_map(|known| &known.disks)
                .copied()
                .collect();
            let (needed, count) = (usize::from(self.options.write_quorum), disks.len());
            let key = &place.key;
            (count < needed)
                .then(|| format!("a write of {key} is acknowledged and on {count} of {needed} disks"))
        })
    }

    /// With R + W > N a read sees every write that was acknowledged before it began.
    fn read(&mut self, step: &Step<'_, Dynamo>) -> Option<String> {
        let Happening::Answered { command, answer, since_us, .. } = step.happening else { return None };
        match (command, answer) {
            (_, Answer::Written { place, dot }) => {
                self.told.entry(place.clone()).or_default().push((*dot, step.time_us));
                None
            }
            (Command::Get { key }, Answer::Versions { siblings }) if self.is_strict => {
                let place = Place::of(key);
                let made = self.made.get(&place).map(Vec::as_slice).unwrap_or_default();
                let told = self.told.get(&place).map(Vec::as_slice).unwrap_or_default();
                let gone = self.gone.get(&place);
                let missed = |(dot, at_us): &&(Dot, u64)| {
                    *at_us < *since_us
                        && !gone.is_some_and(|gone| gone.covers(dot))
                        && !include(siblings, dot, made)
                };
                let (dot, _) = told.iter().find(missed)?;
                let value = &self.dots.get(dot)?.1;
                Some(format!("a read of {key} missed {value}, acknowledged before it began"))
            }
            _ => None,
        }
    }

    /// A tombstone goes only when no owner has anything older that was there before it.
    fn collected_too_early(&mut self, cluster: &Cluster<Dynamo>) -> Option<String> {
        let collected = std::mem::take(&mut self.collected);
        collected.into_iter().find_map(|(node, place, tombstone, since)| {
            let owners = cluster.node(node)?.ring().owners(&place, &self.options);
            let made = self.made.get(&place)?;
            let older = &made.iter().find(|known| known.dot == tombstone)?.replaces;
            owners.into_iter().filter(|owner| *owner != node).find_map(|owner| {
                let stored = self.disks.get(owner.index())?.keys.get(&place)?;
                // It has the tombstone, too, whose vector was cut, so that what it replaces stands beside it.
                if include(&stored.siblings, &tombstone, made) {
                    return None;
                }
                let (dot, _) = stored.since.iter().find(|(dot, at)| older.covers(dot) && **at < since)?;
                let value = &self.dots.get(dot)?.1;
                Some(format!("{node} drops the tombstone of {}, and {owner} has {value} still", place.key))
            })
        })
    }
}
