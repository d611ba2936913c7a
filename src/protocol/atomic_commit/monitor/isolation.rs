//! Whether the committed transactions are conflict-serialisable: an incremental graph of who must come before
//! whom (Bernstein, Hadzilacos and Goodman §2.3).
//!
//! Every value carries the name of its writer, so that the graph does not have to believe the locks: a
//! transaction comes after the writer of what it read, before the next writer, and writers come in the order
//! in which they wrote.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use super::super::transaction::{Key, Outcome, TransactionId};
use super::CommitViolation;
use super::decisions::Decisions;
use crate::protocol::NodeId;

/// How many of the latest committed transactions are in the graph. Strict two-phase locking orders
/// conflicting transactions that are far apart by their locks; a circle is short.
const COMMITTED_KEPT: usize = 128;
/// How many transactions that have not ended are followed.
const OPEN_KEPT: usize = 1_024;

/// What happened to one value.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
struct Accesses {
    /// Who wrote it, in order.
    writers: Vec<TransactionId>,
    /// Who read it, and whose value that was.
    readers: Vec<(TransactionId, Option<TransactionId>)>,
}

/// The committed transactions and what they depend on, and what open ones have touched.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub(super) struct History {
    accesses: BTreeMap<(NodeId, Key), Accesses>,
    touched: BTreeMap<TransactionId, Vec<(NodeId, Key)>>,
    /// The committed ones, in the order of their decisions.
    committed: VecDeque<TransactionId>,
    /// Who must come after whom.
    after: BTreeMap<TransactionId, BTreeSet<TransactionId>>,
}

impl History {
    fn touch(&mut self, transaction: TransactionId, site: NodeId, key: &Key) -> &mut Accesses {
        let touched = self.touched.entry(transaction).or_default();
        if !touched.iter().any(|(other, k)| *other == site && k == key) {
            touched.push((site, key.clone()));
        }
        self.accesses.entry((site, key.clone())).or_default()
    }

    pub(super) fn wrote(&mut self, transaction: TransactionId, site: NodeId, key: &Key) {
        self.bound();
        let accesses = self.touch(transaction, site, key);
        if accesses.writers.last() != Some(&transaction) {
            accesses.writers.push(transaction);
        }
    }

    pub(super) fn read(
        &mut self,
        transaction: TransactionId,
        site: NodeId,
        key: &Key,
        version: Option<TransactionId>,
    ) {
        if self.is_committed(transaction) {
            return;
        }
        self.bound();
        let accesses = self.touch(transaction, site, key);
        if !accesses.readers.contains(&(transaction, version)) {
            accesses.readers.push((transaction, version));
        }
    }

    fn is_committed(&self, transaction: TransactionId) -> bool {
        self.after.contains_key(&transaction)
    }

    pub(super) fn aborted(&mut self, transaction: TransactionId) {
        for (site, key) in self.touched.remove(&transaction).unwrap_or_default() {
            self.remove_access(transaction, (site, key));
        }
    }

    fn remove_access(&mut self, transaction: TransactionId, at: (NodeId, Key)) {
        if let Some(accesses) = self.accesses.get_mut(&at) {
            accesses.writers.retain(|writer| *writer != transaction);
            accesses.readers.retain(|(reader, _)| *reader != transaction);
            if accesses.writers.is_empty() && accesses.readers.is_empty() {
                self.accesses.remove(&at);
            }
        }
    }

    /// Whether a transaction that has not ended has touched something there.
    pub(super) fn has_open(&self, site: NodeId) -> bool {
        self.touched
            .iter()
            .any(|(t, at)| !self.is_committed(*t) && at.iter().any(|(other, _)| *other == site))
    }

    /// A site has crashed: what open transactions did there is gone, unless they are in doubt.
    pub(super) fn crashed(&mut self, site: NodeId, stays: impl Fn(TransactionId) -> bool) {
        let gone: Vec<TransactionId> =
            self.touched.keys().copied().filter(|t| !self.is_committed(*t) && !stays(*t)).collect();
        for transaction in gone {
            let touched = self.touched.remove(&transaction).unwrap_or_default();
            let (here, elsewhere): (Vec<_>, Vec<_>) = touched.into_iter().partition(|(s, _)| *s == site);
            for at in here {
                self.remove_access(transaction, at);
            }
            if !elsewhere.is_empty() {
                self.touched.insert(transaction, elsewhere);
            }
        }
    }

    /// A transaction is committed: adds what it depends on, and looks for a circle.
    pub(super) fn committed(
        &mut self,
        transaction: TransactionId,
        decisions: &Decisions,
    ) -> Option<CommitViolation> {
        self.after.entry(transaction).or_default();
        self.committed.push_back(transaction);
        let touched = self.touched.get(&transaction).cloned().unwrap_or_default();
        let mut edges = Vec::new();
        for (site, key) in touched {
            let Some(accesses) = self.accesses.get(&(site, key)) else { continue };
            for (reader, version) in &accesses.readers {
                if let (true, Some(writer)) = (*reader == transaction, *version)
                    && !self.is_committed(writer)
                    && decisions.outcome(writer) != Some(Outcome::Commit)
                {
                    return Some(CommitViolation::DirtyRead { reader: transaction, writer, site });
                }
            }
            self.conflicts(transaction, accesses, &mut edges);
        }
        for (earlier, later) in edges {
            if earlier != later && self.is_committed(earlier) && self.is_committed(later) {
                self.after.entry(earlier).or_default().insert(later);
            }
        }
        let circle = self.circle(transaction);
        self.forget_oldest();
        circle.map(|circle| CommitViolation::NotSerialisable { circle })
    }

    /// Who comes before whom at one value, as far as this transaction is concerned.
    fn conflicts(
        &self,
        transaction: TransactionId,
        accesses: &Accesses,
        edges: &mut Vec<(TransactionId, TransactionId)>,
    ) {
        let writers: Vec<TransactionId> =
            accesses.writers.iter().copied().filter(|writer| self.is_committed(*writer)).collect();
        for pair in writers.windows(2) {
            if let [earlier, later] = pair
                && (*earlier == transaction || *later == transaction)
            {
                edges.push((*earlier, *later));
            }
        }
        for (reader, version) in &accesses.readers {
            let next = match version {
                None => writers.first(),
                Some(writer) => match writers.iter().position(|other| other == writer) {
                    Some(position) => writers.get(position + 1),
                    // Its writer is no longer in the graph, so neither is what came right after it.
                    None => None,
                },
            };
            let involved =
                *reader == transaction || *version == Some(transaction) || next == Some(&transaction);
            if involved {
                edges.extend(version.map(|writer| (writer, *reader)));
                edges.extend(next.map(|next| (*reader, *next)));
            }
        }
    }

    fn circle(&self, from: TransactionId) -> Option<Vec<TransactionId>> {
        // A depth-first search without recursion: who was found from whom.
        let mut found_from: BTreeMap<TransactionId, TransactionId> = BTreeMap::new();
        let mut to_visit = vec![from];
        while let Some(at) = to_visit.pop() {
            for next in self.after.get(&at).into_iter().flatten() {
                if *next == from {
                    let mut circle = vec![at];
                    let mut back = at;
                    while let Some(earlier) = found_from.get(&back).filter(|_| back != from) {
                        circle.push(*earlier);
                        back = *earlier;
                    }
                    circle.reverse();
                    return Some(circle);
                }
                if !found_from.contains_key(next) {
                    found_from.insert(*next, at);
                    to_visit.push(*next);
                }
            }
        }
        None
    }

    fn forget_oldest(&mut self) {
        while self.committed.len() > COMMITTED_KEPT {
            let Some(oldest) = self.committed.pop_front() else { return };
            self.aborted(oldest);
            self.after.remove(&oldest);
            for later in self.after.values_mut() {
                later.remove(&oldest);
            }
        }
    }

    fn bound(&mut self) {
        if self.touched.len() > COMMITTED_KEPT + OPEN_KEPT {
            let oldest = self.touched.keys().copied().find(|transaction| !self.is_committed(*transaction));
            if let Some(oldest) = oldest {
                self.aborted(oldest);
            }
        }
    }

    /// Who committed each value of a site last.
    pub(super) fn last_commits(&self, site: NodeId) -> impl Iterator<Item = (&Key, TransactionId)> {
        self.accesses.iter().filter(move |((other, _), _)| *other == site).filter_map(
            |((_, key), accesses)| {
                let last = accesses.writers.iter().rev().find(|writer| self.is_committed(**writer))?;
                Some((key, *last))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: NodeId = NodeId(1);

    fn t(number: u32) -> TransactionId {
        TransactionId { incarnation: 1, number }
    }

    fn commit(history: &mut History, decisions: &mut Decisions, number: u32) -> Option<CommitViolation> {
        decisions.decided(NodeId(0), t(number), Outcome::Commit);
        history.committed(t(number), decisions)
    }

    #[test]
    fn transfers_one_after_the_other_are_serialisable() {
        let (mut history, mut decisions) = (History::default(), Decisions::default());
        let key: Key = "alice".into();
        for number in 1..=3 {
            history.read(t(number), SITE, &key, (number > 1).then(|| t(number - 1)));
            history.wrote(t(number), SITE, &key);
            assert_eq!(commit(&mut history, &mut decisions, number), None);
        }
    }

    #[test]
    fn write_skew_is_not_serialisable() {
        let (mut history, mut decisions) = (History::default(), Decisions::default());
        let (alice, bob): (Key, Key) = ("alice".into(), "bob".into());
        history.read(t(1), SITE, &alice, None);
        history.read(t(2), SITE, &bob, None);
        history.wrote(t(1), SITE, &bob);
        history.wrote(t(2), SITE, &alice);
        assert_eq!(commit(&mut history, &mut decisions, 1), None);
        let circle = vec![t(2), t(1)];
        assert_eq!(
            commit(&mut history, &mut decisions, 2),
            Some(CommitViolation::NotSerialisable { circle })
        );
    }

    #[test]
    fn a_lost_update_is_not_serialisable() {
        let (mut history, mut decisions) = (History::default(), Decisions::default());
        let alice: Key = "alice".into();
        history.read(t(1), SITE, &alice, None);
        history.read(t(2), SITE, &alice, None);
        history.wrote(t(1), SITE, &alice);
        history.wrote(t(2), SITE, &alice);
        assert_eq!(commit(&mut history, &mut decisions, 1), None);
        assert!(commit(&mut history, &mut decisions, 2).is_some());
    }

    #[test]
    fn reading_from_one_that_aborted_is_a_dirty_read() {
        let (mut history, mut decisions) = (History::default(), Decisions::default());
        let alice: Key = "alice".into();
        history.wrote(t(1), SITE, &alice);
        history.read(t(2), SITE, &alice, Some(t(1)));
        decisions.decided(NodeId(0), t(1), Outcome::Abort);
        history.aborted(t(1));
        assert_eq!(
            commit(&mut history, &mut decisions, 2),
            Some(CommitViolation::DirtyRead { reader: t(2), writer: t(1), site: SITE })
        );
    }
}
