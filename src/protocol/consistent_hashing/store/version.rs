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

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::key_hash;

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

/// What somebody has seen: for each writer, all its versions up to a counter (§4.4).
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionVector {
    /// By writer; no writer occurs twice.
    entries: Vec<Dot>,
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

    /// Includes the event, and all before it of the same writer.
    pub fn include(&mut self, dot: Dot) {
        match self.entries.binary_search_by_key(&dot.writer, |entry| entry.writer) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.counter = entry.counter.max(dot.counter);
                }
            }
            Err(at) => self.entries.insert(at, dot),
        }
    }

    /// Includes all that the other one does.
    pub fn join(&mut self, other: &VersionVector) {
        for dot in &other.entries {
            self.include(*dot);
        }
    }

    /// The last event of each writer, by writer.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Dot> {
        self.entries.iter()
    }
}

/// One version of a key's value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Version {
    /// The event that made it.
    pub dot: Dot,
    /// What its writer had read: it replaces all of that.
    pub context: VersionVector,
    /// The value.
    pub value: Arc<str>,
}

impl Version {
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
            context.include(version.dot);
        }
        context
    }

    /// Both sets together, without the versions that others of them have replaced ("syntactic
    /// reconciliation", §4.4). Merging is commutative, associative and idempotent.
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
        let is_current = |version: &&&Version| !all.iter().any(|later| later.context.covers(&version.dot));
        let versions: Vec<Version> =
            all.iter().filter(is_current).map(|version| (*version).clone()).collect();
        Siblings { versions: versions.into() }
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
        read.iter().for_each(|dot| context.include(*dot));
        Version { dot: made, context, value: "x".into() }
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
        let merged = all.merge(&Siblings::of(Version { dot: dot(1, 1), context, value: "both".into() }));
        assert_eq!(dots(&merged), [dot(1, 1)], "a client that has read both replaces both");
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
                let version = Version { dot: dot(at as u16, counter), context, value: "x".into() };
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
