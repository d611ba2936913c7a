//! Versions of a value, and which of them have replaced which.
//!
//! DeCandia et al., "Dynamo", SOSP 2007, §4.4: each version carries a vector clock, a list of (node, counter)
//! pairs, and of two versions of which neither descends from the other both are kept, as siblings. One vector
//! for a version is not enough when clients write through the same coordinator without having read each other:
//! the second would seem to descend from the first. So the event that made a version, its *dot*, is kept apart
//! from what its writer had read, its *context* (Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Dotted
//! version vectors", arXiv:1011.5808, 2010).
//!
//! A context is a plain vector: a pair (writer, n) stands for all dots of that writer up to n. That is true as
//! long as nobody has the n-th dot of a writer for a key without having met the earlier ones. Three rules keep
//! it true. Nodes send each other the whole set of siblings; a coordinator has its new version on its own disk
//! before it tells anybody; and a node that gave up a key, or lost its disk, goes on as another [`Writer`].

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::consistent_hashing::key_hash;
use crate::protocol::{NodeId, shared};

/// Who makes versions: a node in one of its lives. A life ends when the node forgets what it has written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writer {
    /// The node.
    pub node: NodeId,
    /// Which life, of no particular order.
    pub life: u32,
}

/// The event that made a version. No two versions share one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dot {
    /// Who made it.
    pub writer: Writer,
    /// Which of the writer's, rising.
    pub counter: u64,
}

/// What was seen of one writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Seen {
    writer: Writer,
    /// All its versions up to this one.
    counter: u64,
    /// How many versions, one on the other, had led to that one. It tells old entries from new ones without a clock.
    #[serde(default)]
    height: u64,
}

impl Seen {
    fn dot(&self) -> Dot {
        Dot { writer: self.writer, counter: self.counter }
    }
}

/// What somebody has seen: for each writer, all its versions up to a counter (§4.4).
///
/// Writers come and go with nodes, so a vector would grow for ever. Dynamo keeps a time with each entry and drops the
/// oldest of more than ten. Here the *height* of the version takes the place of the time: it is the same wherever it is
/// computed, and rises from a version to what replaces it. A vector is cut only when a version is made and never after,
/// so everybody sees the same vector for the same version. An entry that is cut off makes a descendant look concurrent:
/// a version that was replaced long ago may come back beside newer ones, and none is ever lost.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionVector {
    /// By writer; no writer occurs twice.
    entries: Vec<Seen>,
}

impl VersionVector {
    /// Whether it includes the event.
    pub fn covers(&self, dot: &Dot) -> bool {
        self.counter_of(dot.writer) >= dot.counter
    }

    /// The last event of a writer that it includes; 0 for none.
    pub fn counter_of(&self, writer: Writer) -> u64 {
        let at = self.entries.binary_search_by_key(&writer, |entry| entry.writer);
        at.ok().and_then(|at| self.entries.get(at)).map_or(0, |entry| entry.counter)
    }

    /// Includes the event, at the height of its version, and all before it of the same writer.
    pub fn include(&mut self, dot: Dot, height: u64) {
        let seen = Seen { writer: dot.writer, counter: dot.counter, height };
        match self.entries.binary_search_by_key(&dot.writer, |entry| entry.writer) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.counter = entry.counter.max(seen.counter);
                    entry.height = entry.height.max(seen.height);
                }
            }
            Err(at) => self.entries.insert(at, seen),
        }
    }

    /// Includes all that the other one does.
    pub fn join(&mut self, other: &VersionVector) {
        for seen in &other.entries {
            self.include(seen.dot(), seen.height);
        }
    }

    /// The last event of each writer, by writer.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Dot> {
        self.entries.iter().map(Seen::dot)
    }

    /// Whether it includes all that the other one does.
    pub fn includes(&self, other: &VersionVector) -> bool {
        other.iter().all(|dot| self.covers(&dot))
    }

    /// The greatest height of an entry; 0 if there is none.
    pub fn height(&self) -> u64 {
        self.entries.iter().map(|entry| entry.height).max().unwrap_or_default()
    }

    /// Drops the oldest entries until `limit` remain (§4.4), but none of these writers'. Returns how many went.
    pub fn truncate(&mut self, limit: usize, keep: &BTreeSet<Writer>) -> usize {
        let excess = self.entries.len().saturating_sub(limit);
        let mut oldest: Vec<(u64, Writer)> = self
            .entries
            .iter()
            .filter(|entry| !keep.contains(&entry.writer))
            .map(|entry| (entry.height, entry.writer))
            .collect();
        oldest.sort_unstable();
        oldest.truncate(excess);
        let gone: BTreeSet<Writer> = oldest.into_iter().map(|(_, writer)| writer).collect();
        self.entries.retain(|entry| !gone.contains(&entry.writer));
        gone.len()
    }

    /// Takes back what it claims to have seen of this event and later ones of the same writer: nobody can have seen
    /// what is only being made.
    pub fn exclude(&mut self, dot: &Dot) {
        for entry in &mut self.entries {
            if entry.writer == dot.writer {
                entry.counter = entry.counter.min(dot.counter.saturating_sub(1));
            }
        }
        self.entries.retain(|entry| entry.counter > 0);
    }
}

/// One version of a key's value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Version {
    /// The event that made it.
    pub dot: Dot,
    /// What its writer had read: it replaces all of that.
    pub context: VersionVector,
    /// The value; empty in a tombstone.
    #[serde(deserialize_with = "shared::text")]
    pub value: Arc<str>,
    /// Whether it is a tombstone: it says that the key was deleted, and replaces what its writer had read.
    pub is_deleted: bool,
}

impl Version {
    /// How many versions, one on the other, have led to it, itself included.
    pub fn height(&self) -> u64 {
        self.context.height().saturating_add(1)
    }

    /// Whether this is the version with that dot or descends from it.
    pub fn includes(&self, dot: &Dot) -> bool {
        self.dot == *dot || self.context.covers(dot)
    }
}

/// The versions of a key of which none descends from another: one in quiet times, more after concurrent
/// writes (§4.4). A clone shares them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Siblings {
    /// By dot.
    versions: Arc<[Version]>,
}

impl Default for Siblings {
    fn default() -> Self {
        Siblings { versions: Arc::from([]) }
    }
}

impl Siblings {
    /// One version alone.
    pub fn of(version: Version) -> Siblings {
        Siblings { versions: Arc::from([version]) }
    }

    /// The versions, by dot.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Version> {
        self.versions.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// Whether the key was never written.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// Whether the version with that dot is here, or one that descends from it.
    pub fn include(&self, dot: &Dot) -> bool {
        self.versions.iter().any(|version| version.includes(dot))
    }

    /// What a client has seen that reads them: the context of its next write (§4.4).
    pub fn context(&self) -> VersionVector {
        let mut context = VersionVector::default();
        for version in self.versions.iter() {
            context.join(&version.context);
            context.include(version.dot, version.height());
        }
        context
    }

    /// Whether the key was deleted, and nobody has written it since or at the same time.
    pub fn are_deleted(&self) -> bool {
        !self.is_empty() && self.versions.iter().all(|version| version.is_deleted)
    }

    /// Both sets together, without the versions that others of them have replaced ("syntactic
    /// reconciliation", §4.4). Merging is commutative and idempotent, and associative where no vector was cut.
    ///
    /// A vector that was cut no longer covers what the versions that it replaces had replaced. So a version goes only if
    /// one that stays covers it: whatever was merged is included in what comes out, and replicas that give each other
    /// what they have come to the same. Were it enough that one covers it which goes itself, two replicas could bring
    /// each other's versions back for ever.
    #[must_use]
    pub fn merge(&self, other: &Siblings) -> Siblings {
        if self == other || other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        let mut all: Vec<&Version> = self.versions.iter().chain(other.versions.iter()).collect();
        all.sort_by_key(|version| version.dot);
        all.dedup_by_key(|version| version.dot);
        let covered =
            |version: &Version, by: &[&Version]| by.iter().any(|later| later.context.covers(&version.dot));
        let mut stay: Vec<&Version> = Vec::with_capacity(all.len());
        while !all.is_empty() {
            let (replaced, last): (Vec<&Version>, Vec<&Version>) =
                all.iter().copied().partition(|version| covered(version, &all));
            // Nothing replaces what replaces it, so there always is a last one.
            stay.extend(if last.is_empty() { &replaced } else { &last });
            all = replaced;
            all.retain(|version| !last.is_empty() && !covered(version, &stay));
        }
        stay.sort_by_key(|version| version.dot);
        Siblings { versions: stay.into_iter().cloned().collect() }
    }

    /// The last of them alone: what a store would keep that does not know siblings.
    #[must_use]
    pub(super) fn only_last(&self) -> Siblings {
        self.versions.last().cloned().map(Siblings::of).unwrap_or_default()
    }

    /// A number that is the same for the same versions and, but for a chance of 2⁻⁶⁴, for no others.
    pub fn digest(&self) -> u64 {
        let mut bytes = Vec::with_capacity(self.versions.len() * 14);
        for Version { dot, .. } in self.versions.iter() {
            bytes.extend_from_slice(&dot.writer.node.0.to_le_bytes());
            bytes.extend_from_slice(&dot.writer.life.to_le_bytes());
            bytes.extend_from_slice(&dot.counter.to_le_bytes());
        }
        key_hash(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dot(node: u16, counter: u64) -> Dot {
        Dot { writer: Writer { node: NodeId(node), life: 0 }, counter }
    }

    fn version(made: Dot, read: &[Dot]) -> Version {
        let mut context = VersionVector::default();
        read.iter().for_each(|dot| context.include(*dot, dot.counter));
        Version { dot: made, context, value: "x".into(), is_deleted: false }
    }

    fn dots(siblings: &Siblings) -> Vec<Dot> {
        siblings.iter().map(|version| version.dot).collect()
    }

    #[test]
    fn figure_3_two_writes_on_one_version_are_siblings_until_a_third_has_read_both() {
        // D1 and D2 are written through Sx, D3 through Sy and D4 through Sz, both after D2; D5 reads both.
        let (d1, d2, d3, d4, d5) = (dot(0, 1), dot(0, 2), dot(1, 1), dot(2, 1), dot(0, 3));
        let mut all = Siblings::of(version(d1, &[]));
        all = all.merge(&Siblings::of(version(d2, &[d1])));
        assert_eq!(dots(&all), [d2], "D2 replaces D1");
        all = all.merge(&Siblings::of(version(d3, &[d2])));
        all = all.merge(&Siblings::of(version(d4, &[d2])));
        assert_eq!(dots(&all), [d3, d4], "neither descends from the other");
        all = all.merge(&Siblings::of(version(d5, &[d2, d3, d4])));
        assert_eq!(dots(&all), [d5]);
    }

    #[test]
    fn two_blind_writes_through_one_coordinator_are_siblings_and_not_a_sequence() {
        let (first, second) = (dot(0, 1), dot(0, 2));
        let all = Siblings::of(version(first, &[])).merge(&Siblings::of(version(second, &[])));
        assert_eq!(dots(&all), [first, second]);
        let context = all.context();
        let merged = all.merge(&Siblings::of(Version {
            dot: dot(1, 1),
            context,
            value: "both".into(),
            is_deleted: false,
        }));
        assert_eq!(dots(&merged), [dot(1, 1)], "a client that has read both replaces both");
    }

    #[test]
    fn section_4_4_the_oldest_entries_are_dropped_and_never_one_that_is_just_being_replaced() {
        let mut vector = VersionVector::default();
        (1..=20).for_each(|n| vector.include(dot(n, 1), u64::from(n)));
        let keep = BTreeSet::from([dot(3, 1).writer]);
        assert_eq!(vector.truncate(10, &keep), 10);
        let nodes: Vec<u16> = vector.iter().map(|dot| dot.writer.node.0).collect();
        assert_eq!(nodes, [3, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
        assert_eq!(vector.truncate(10, &keep), 0);
        assert_eq!(vector.height(), 20);
    }

    /// Seed 4,950,608 with five nodes: the vector of the last version was cut, so it covers the one before and not what
    /// that one had replaced. One replica held the one and its neighbour the other, and they took it from each other and
    /// gave it back for ever.
    #[test]
    fn a_version_goes_only_if_one_that_stays_covers_it() {
        let [oldest, old, middle, last] = [dot(1, 86), dot(4, 52), dot(2, 111), dot(2, 113)];
        let (oldest, old) = (version(oldest, &[]), version(old, &[oldest]));
        let middle = version(middle, &[old.dot]);
        let last = version(last, &[middle.dot]);
        let of = |versions: &[&Version]| {
            versions.iter().fold(Siblings::default(), |all, one| all.merge(&Siblings::of((*one).clone())))
        };
        let owner = of(&[&last, &old]);
        assert_eq!(dots(&owner), [last.dot, old.dot], "what the cut vector does not cover stays beside it");
        let stand_in = of(&[&middle]).merge(&of(&[&oldest]));
        let merged = owner.merge(&stand_in);
        assert_eq!(merged, owner, "and is not taken away by what goes itself");
        assert_eq!(stand_in.merge(&owner), owner);
        for version in stand_in.iter().chain(owner.iter()) {
            assert!(merged.include(&version.dot), "{:?} is included in what comes out", version.dot);
        }
    }

    #[test]
    fn nobody_has_seen_what_is_only_being_made() {
        let mut vector = VersionVector::default();
        vector.include(dot(1, u64::MAX), u64::MAX);
        vector.include(dot(2, 7), 3);
        vector.exclude(&dot(1, 5));
        assert!(!vector.covers(&dot(1, 5)) && vector.covers(&dot(1, 4)) && vector.covers(&dot(2, 7)));
        vector.exclude(&dot(1, 1));
        assert_eq!(vector.iter().len(), 1);
    }

    /// What replicas make of writes: each write takes the state of one replica as its context, or none.
    fn histories() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
        prop::collection::vec((0..3usize, 0..3usize, any::<bool>()), 1..24)
    }

    proptest! {
        /// Merging is a join: the order in which replicas meet does not matter (§4.4, §4.7), and no version is
        /// lost that nobody has replaced.
        #[test]
        fn replicas_that_have_met_the_same_writes_hold_the_same_versions(history in histories()) {
            let mut replicas = [Siblings::default(), Siblings::default(), Siblings::default()];
            let mut written: Vec<Version> = Vec::new();
            for (counter, (at, meets, blind)) in (1..).zip(history) {
                let context = if blind { VersionVector::default() } else { replicas[at].context() };
                let dot = dot(at as u16, counter);
                let version = Version { dot, context, value: "x".into(), is_deleted: false };
                written.push(version.clone());
                replicas[at] = replicas[at].merge(&Siblings::of(version));
                replicas[meets] = replicas[meets].merge(&replicas[at]);
            }
            let forwards = replicas.iter().fold(Siblings::default(), |all, one| all.merge(one));
            let backwards = replicas.iter().rev().fold(Siblings::default(), |all, one| one.merge(&all));
            prop_assert_eq!(&forwards, &backwards);
            prop_assert_eq!(forwards.digest(), backwards.digest());
            prop_assert_eq!(&forwards.merge(&forwards), &forwards);
            for version in &written {
                let replaced = written.iter().any(|later| later.context.covers(&version.dot));
                let held = forwards.iter().any(|other| other.dot == version.dot);
                prop_assert_eq!(held, !replaced, "{:?}", version.dot);
            }
        }
    }
}
