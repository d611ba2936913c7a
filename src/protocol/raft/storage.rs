//! What a node writes to its disk, and what it makes of what it finds there.
//!
//! The disk holds a log of records (see [`crate::protocol::wal`]). They are read in order, and a later one
//! has precedence: a hard state replaces the one before, and an entry removes whatever stood at its index and
//! after it. So every change is an append, and a compaction rewrites the whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::log::{Entry, INDEX_MAX, Index, Log, Payload, Term};
use super::options::Options;
use super::reason::DiskLoss;
use crate::protocol::key_value::Store;
use crate::protocol::wal::{Recovered, Tail};
use crate::protocol::{NodeId, Setup, shared};

/// One record on disk.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The first record of a disk that is a member's: whose it is. Where it is missing, the disk was lost.
    Formatted {
        /// The node.
        node: NodeId,
    },
    /// The first and only record of a node that is kept out; see [`super::readmission`].
    KeptOut,
    /// The current term, and who has this node's vote in it (Raft Figure 2).
    HardState {
        /// The term.
        term: Term,
        /// The candidate, if any.
        voted_for: Option<NodeId>,
    },
    /// A snapshot of the state machine (Raft §7).
    Snapshot(Snapshot),
    /// The log begins after this entry, because compaction removed what came before.
    LogStart {
        /// The index of the last entry that was removed.
        index: Index,
        /// Its term.
        term: Term,
    },
    /// An entry of the log. It replaces what stood at its index and after it.
    Entry {
        /// Where it stands.
        index: Index,
        /// The entry.
        #[serde(deserialize_with = "shared::value")]
        entry: Arc<Entry>,
    },
}

/// The replicated state: what the applied entries have made of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Machine {
    /// The key-value store with its client sessions.
    pub store: Store,
    /// Each node that was ever readmitted, with the latest number that it was readmitted under.
    #[serde(deserialize_with = "shared::value")]
    pub readmitted: Arc<BTreeMap<NodeId, u64>>,
}

/// The state machine after an entry (Raft §7).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last entry that the state includes; 0 if there is no snapshot.
    pub last_included_index: Index,
    /// The term of that entry.
    pub last_included_term: Term,
    /// The state.
    pub machine: Machine,
}

/// What a member finds on its disk.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Persistent {
    /// The current term.
    pub term: Term,
    /// Who has this node's vote in it.
    pub voted_for: Option<NodeId>,
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The log.
    pub log: Log,
}

impl Persistent {
    /// All that a disk has to hold, with nothing superfluous.
    pub fn records(&self, node: NodeId) -> Vec<Record> {
        let held = self.log.last_index() - self.log.base_index();
        let mut records = Vec::with_capacity(held as usize + 4);
        records.push(Record::Formatted { node });
        records.push(Record::HardState { term: self.term, voted_for: self.voted_for });
        if self.snapshot.last_included_index > 0 {
            records.push(Record::Snapshot(self.snapshot.clone()));
        }
        if self.log.base_index() > 0 {
            records.push(Record::LogStart { index: self.log.base_index(), term: self.log.base_term() });
        }
        records.extend(self.log.iter().map(|(index, entry)| Record::Entry { index, entry: entry.clone() }));
        records
    }
}

/// What the operator writes before a node's first start.
pub fn format(setup: Setup<'_, Options>) -> Vec<Record> {
    let logs = &setup.options.initial_logs;
    let Some(terms) = logs.get(setup.id.index()) else {
        // Where some logs begin with entries, every node has seen the terms that the entries are from.
        return Persistent { term: latest_term(logs), ..Persistent::default() }.records(setup.id);
    };
    let mut log = Log::default();
    for term in terms {
        log.push(Arc::new(Entry { term: *term, payload: Payload::NoOp }));
    }
    Persistent { term: latest_term(logs), log, ..Persistent::default() }.records(setup.id)
}

fn latest_term(logs: &[Vec<Term>]) -> Term {
    logs.iter().flatten().copied().max().unwrap_or(0)
}

/// Reads what a disk holds.
///
/// # Errors
/// Says why the disk cannot be trusted. Then the node must not take part as if nothing had happened: what it
/// voted for and acknowledged may be gone.
pub fn recover(node: NodeId, disk: Recovered<Record>) -> Result<Persistent, DiskLoss> {
    if let Tail::Damaged { .. } = disk.tail {
        return Err(DiskLoss::Damaged);
    }
    let mut records = disk.records.into_iter();
    match records.next() {
        Some(Record::Formatted { node: owner }) if owner == node => {}
        Some(Record::KeptOut) => return Err(DiskLoss::StillOut),
        Some(_) => return Err(DiskLoss::Damaged),
        None => return Err(DiskLoss::Empty),
    }
    let mut found = Persistent::default();
    for record in records {
        match record {
            Record::Formatted { .. } | Record::KeptOut => return Err(DiskLoss::Damaged),
            // Nobody goes back to an earlier term; a disk that says so is not what was written.
            Record::HardState { term, .. } if term < found.term => return Err(DiskLoss::Damaged),
            Record::HardState { term, voted_for } => {
                found.term = term;
                found.voted_for = voted_for;
            }
            Record::LogStart { index, .. } if index > INDEX_MAX => return Err(DiskLoss::Damaged),
            Record::Snapshot(snapshot) if snapshot.last_included_index > INDEX_MAX => {
                return Err(DiskLoss::Damaged);
            }
            Record::Snapshot(snapshot) => found.snapshot = snapshot,
            Record::LogStart { index, term } => found.log = Log::starting_after(index, term),
            Record::Entry { index, entry } => {
                if index <= found.log.base_index() || index > found.log.last_index() + 1 {
                    return Err(DiskLoss::Damaged);
                }
                found.log.truncate(index);
                found.log.push(entry);
            }
        }
    }
    let covered = found.snapshot.last_included_index;
    if found.log.base_index() > covered || found.log.last_index() < covered {
        return Err(DiskLoss::Damaged);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(1);

    fn entry(index: Index, term: Term) -> Record {
        Record::Entry { index, entry: Arc::new(Entry { term, payload: Payload::NoOp }) }
    }

    fn terms(records: Vec<Record>) -> Result<Vec<(Index, Term)>, DiskLoss> {
        let mut all = vec![Record::Formatted { node: NODE }];
        all.extend(records);
        let found = recover(NODE, Recovered { records: all, tail: Tail::Clean })?;
        Ok(found.log.iter().map(|(index, entry)| (index, entry.term)).collect())
    }

    #[test]
    fn a_later_entry_removes_what_stood_at_its_index_and_after_it() {
        let written = vec![entry(1, 1), entry(2, 1), entry(3, 1), entry(2, 2)];
        assert_eq!(terms(written), Ok(vec![(1, 1), (2, 2)]));
    }

    #[test]
    fn a_log_with_a_hole_is_damage() {
        assert_eq!(terms(vec![entry(1, 1), entry(3, 1)]), Err(DiskLoss::Damaged));
    }

    #[test]
    fn a_disk_that_cannot_be_trusted_is_told_from_one_that_can() {
        let formatted = Record::Formatted { node: NODE };
        for (records, tail, expected) in [
            (vec![], Tail::Clean, Err(DiskLoss::Empty)),
            (vec![], Tail::Torn { at: 0 }, Err(DiskLoss::Empty)),
            (vec![Record::KeptOut], Tail::Clean, Err(DiskLoss::StillOut)),
            (vec![formatted.clone()], Tail::Damaged { at: 9 }, Err(DiskLoss::Damaged)),
            (vec![entry(1, 1)], Tail::Clean, Err(DiskLoss::Damaged)),
            (vec![Record::Formatted { node: NodeId(7) }], Tail::Clean, Err(DiskLoss::Damaged)),
            (vec![formatted.clone()], Tail::Torn { at: 9 }, Ok(Persistent::default())),
            (vec![formatted], Tail::Clean, Ok(Persistent::default())),
        ] {
            assert_eq!(
                recover(NODE, Recovered { records: records.clone(), tail }),
                expected,
                "{records:?} {tail:?}"
            );
        }
    }

    #[test]
    fn what_is_written_as_a_whole_is_read_back_as_it_was() {
        let mut log = Log::starting_after(4, 2);
        for term in [2, 3, 3] {
            log.push(Arc::new(Entry { term, payload: Payload::NoOp }));
        }
        let snapshot =
            Snapshot { last_included_index: 6, last_included_term: 3, machine: Machine::default() };
        let whole = Persistent { term: 5, voted_for: Some(NodeId(2)), snapshot, log };
        assert_eq!(recover(NODE, Recovered { records: whole.records(NODE), tail: Tail::Clean }), Ok(whole));
    }
}
