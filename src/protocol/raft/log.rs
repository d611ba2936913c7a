//! The replicated log (Raft §5.3), without what compaction has removed from its front (§7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::chunked::Chunked;
use crate::protocol::key_value::Command;
use crate::protocol::{ClientId, NodeId, RequestId};

/// The number of a term (Raft §5.1). Terms begin with 1; 0 stands before the first.
pub type Term = u64;
/// The position of an entry in the log. Indexes begin with 1; 0 stands before the first.
pub type Index = u64;

/// The latest term that a log may be given to begin with: there is room for more elections than there ever will be.
pub const TERM_MAX: Term = 1 << 62;
/// The largest index that a node believes. What claims to go further is nonsense, and one could not count on from there.
pub const INDEX_MAX: Index = 1 << 62;

/// One entry of the log. Its index is where it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The term in which a leader received it.
    pub term: Term,
    /// What it asks of the state machine.
    pub payload: Payload,
}

/// What an entry asks of the state machine.
///
/// A change of the cluster's members (joint consensus, learners) will be one more kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// Nothing. A leader begins its term with it (Ongaro, "Consensus: Bridging Theory and Practice", §6.4).
    NoOp,
    /// A client's command.
    Command {
        /// Who asked.
        client: ClientId,
        /// The number of the request, the same for each retry.
        request: RequestId,
        /// What was asked.
        command: Command,
    },
    /// A node that had lost its disk may count again; see [`super::readmission`].
    Readmit {
        /// Which one.
        node: NodeId,
        /// The number that the node drew when it found its disk lost, so that an entry from an earlier loss
        /// does not readmit it.
        incarnation: u64,
    },
}

/// The log of one node.
#[derive(Clone, Debug)]
pub struct Log {
    base_index: Index,
    base_term: Term,
    entries: Chunked<Arc<Entry>>,
}

/// Two logs are the same if they hold the same entries, however these lie in memory.
impl PartialEq for Log {
    fn eq(&self, other: &Log) -> bool {
        (self.base_index, self.base_term, self.last_index())
            == (other.base_index, other.base_term, other.last_index())
            && self.iter().map(|(_, entry)| entry).eq(other.iter().map(|(_, entry)| entry))
    }
}

impl Default for Log {
    fn default() -> Self {
        Log::starting_after(0, 0)
    }
}

impl Log {
    /// An empty log behind an entry that is no longer held.
    pub fn starting_after(index: Index, term: Term) -> Self {
        Log { base_index: index, base_term: term, entries: Chunked::starting_at(index + 1) }
    }

    /// The index before the first entry held: what compaction removed last, or 0.
    pub fn base_index(&self) -> Index {
        self.base_index
    }

    /// The term of the entry at [`Log::base_index`], or 0.
    pub fn base_term(&self) -> Term {
        self.base_term
    }

    /// The index of the last entry, held or removed by compaction.
    pub fn last_index(&self) -> Index {
        self.entries.end() - 1
    }

    /// The term of the last entry.
    pub fn last_term(&self) -> Term {
        if self.last_index() == self.base_index {
            return self.base_term;
        }
        self.entries.last().map_or(self.base_term, |entry| entry.term)
    }

    /// The term of the entry at an index; `None` where it is unknown because the log ends before or was
    /// compacted beyond it. The term at index 0 is 0.
    pub fn term(&self, index: Index) -> Option<Term> {
        if index == self.base_index {
            return Some(self.base_term);
        }
        self.get(index).map(|entry| entry.term)
    }

    /// The entry at an index, if it is held.
    pub fn get(&self, index: Index) -> Option<&Arc<Entry>> {
        if index <= self.base_index { None } else { self.entries.get(index) }
    }

    /// All entries held, with their indexes.
    pub fn iter(&self) -> impl Iterator<Item = (Index, &Arc<Entry>)> {
        self.iter_from(self.base_index + 1)
    }

    /// The entries held from an index on, with their indexes.
    pub fn iter_from(&self, index: Index) -> impl Iterator<Item = (Index, &Arc<Entry>)> {
        let first = index.max(self.base_index + 1);
        (first..).zip(self.entries.iter_from(first))
    }

    /// Whether a log that ends so is at least as up to date as this one (Raft §5.4.1): the later last term
    /// wins, and between equal terms the longer log.
    pub fn is_not_ahead_of(&self, last_index: Index, last_term: Term) -> bool {
        (last_term, last_index) >= (self.last_term(), self.last_index())
    }

    /// The largest index of at most `index` whose term is at most `term`, among those that are known.
    ///
    /// Terms never fall along a log, so whatever follows it up to `index` is of a later term: when two logs
    /// disagree, all of that can be skipped at once (Raft §5.3, end).
    pub fn last_index_of_term_at_most(&self, index: Index, term: Term) -> Index {
        let after = index.min(self.last_index()) + 1;
        let first_later =
            self.entries.partition_point(self.base_index + 1, after, |entry| entry.term <= term);
        first_later.saturating_sub(1).max(self.base_index)
    }

    /// Adds an entry and returns its index.
    pub fn push(&mut self, entry: Arc<Entry>) -> Index {
        self.entries.push(entry);
        self.last_index()
    }

    /// Removes the entry at an index and all that follow it.
    pub fn truncate(&mut self, index: Index) {
        self.entries.truncate(index.max(self.base_index + 1));
    }

    /// Removes the entries up to an index, which a snapshot covers (Raft §7).
    pub fn compact(&mut self, index: Index) {
        if let Some(term) = self.term(index)
            && index > self.base_index
        {
            self.base_index = index;
            self.base_term = term;
            self.entries.forget_before(index + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(terms: &[Term]) -> Log {
        let mut log = Log::default();
        for term in terms {
            log.push(Arc::new(Entry { term: *term, payload: Payload::NoOp }));
        }
        log
    }

    #[test]
    fn section_5_4_1_the_later_last_term_wins_and_then_the_longer_log() {
        let log = log_of(&[1, 1, 3]);
        for (last_index, last_term, up_to_date) in
            [(3, 3, true), (4, 3, true), (2, 3, false), (1, 4, true), (9, 2, false), (0, 0, false)]
        {
            assert_eq!(log.is_not_ahead_of(last_index, last_term), up_to_date, "({last_index}, {last_term})");
        }
    }

    #[test]
    fn section_5_3_a_hint_skips_all_entries_of_later_terms() {
        let log = log_of(&[1, 1, 2, 4, 4, 4, 6]);
        for (index, term, expected) in
            [(7, 6, 7), (7, 5, 6), (5, 4, 5), (7, 3, 3), (7, 1, 2), (7, 0, 0), (99, 9, 7)]
        {
            assert_eq!(log.last_index_of_term_at_most(index, term), expected, "({index}, {term})");
        }
    }

    #[test]
    fn section_7_a_compacted_log_keeps_the_term_before_its_first_entry() {
        let mut log = log_of(&[1, 1, 2, 4]);
        log.compact(3);
        assert_eq!((log.base_index(), log.base_term()), (3, 2));
        assert_eq!((log.term(2), log.term(3), log.term(4), log.term(5)), (None, Some(2), Some(4), None));
        assert_eq!(log.iter().map(|(index, _)| index).collect::<Vec<_>>(), [4]);
        log.truncate(4);
        assert_eq!((log.last_index(), log.last_term()), (3, 2), "what was compacted stays");
        log.truncate(1);
        assert_eq!((log.last_index(), log.last_term()), (3, 2), "even when asked for");
    }
}
