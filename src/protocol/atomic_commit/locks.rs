//! The lock table of one site, for strict two-phase locking (Bernstein, Hadzilacos and Goodman §3.5).
//!
//! Locks are shared or exclusive and granted first come, first served; a holder that wants more goes first,
//! because nobody behind it could be served before it anyway.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::transaction::{Key, TransactionId};

/// How much a lock excludes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// For reading: others may read too.
    Shared,
    /// For writing: nobody else may read or write.
    Exclusive,
}

impl LockMode {
    fn conflicts(self, other: LockMode) -> bool {
        self == LockMode::Exclusive || other == LockMode::Exclusive
    }
}

/// One key's lock.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub struct Lock {
    /// Who holds it, and how.
    pub holders: Vec<(TransactionId, LockMode)>,
    /// Who waits for it, first come first.
    pub waiters: VecDeque<(TransactionId, LockMode)>,
}

/// What came of asking for a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LockRequest {
    /// It is held.
    Granted,
    /// It has to wait for these transactions.
    Waits(Vec<TransactionId>),
}

/// All locks of one site.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub struct LockTable {
    locks: BTreeMap<Key, Lock>,
    held: BTreeMap<TransactionId, Vec<Key>>,
    waiting: BTreeMap<TransactionId, Key>,
}

impl LockTable {
    /// Asks for a lock; if it cannot be had at once, the transaction is put in the queue.
    pub fn request(&mut self, transaction: TransactionId, key: &Key, mode: LockMode) -> LockRequest {
        let lock = self.locks.entry(key.clone()).or_default();
        let held = lock.holders.iter().find(|(holder, _)| *holder == transaction).map(|(_, mode)| *mode);
        if held.is_some_and(|held| held >= mode) {
            return LockRequest::Granted;
        }
        if !lock.waiters.iter().any(|(waiter, _)| *waiter == transaction) {
            match held {
                Some(_) => lock.waiters.push_front((transaction, mode)),
                None => lock.waiters.push_back((transaction, mode)),
            }
            self.waiting.insert(transaction, key.clone());
        }
        if self.grant(key).contains(&transaction) {
            LockRequest::Granted
        } else {
            LockRequest::Waits(self.waits_for(transaction))
        }
    }

    /// Who has to finish before the transaction gets the lock that it waits for: whoever holds it in a way
    /// that conflicts, and whoever asked for that earlier.
    pub fn waits_for(&self, transaction: TransactionId) -> Vec<TransactionId> {
        let Some(lock) = self.waiting.get(&transaction).and_then(|key| self.locks.get(key)) else {
            return Vec::new();
        };
        let Some(position) = lock.waiters.iter().position(|(waiter, _)| *waiter == transaction) else {
            return Vec::new();
        };
        let wanted = lock.waiters.get(position).map_or(LockMode::Exclusive, |(_, mode)| *mode);
        let mut blockers: Vec<TransactionId> = lock
            .holders
            .iter()
            .chain(lock.waiters.iter().take(position))
            .filter(|(other, mode)| *other != transaction && mode.conflicts(wanted))
            .map(|(other, _)| *other)
            .collect();
        blockers.sort_unstable();
        blockers.dedup();
        blockers
    }

    /// Who waits behind this transaction for the same lock, and so for it.
    pub fn waits_behind(&self, transaction: TransactionId) -> Vec<TransactionId> {
        let Some(lock) = self.waiting.get(&transaction).and_then(|key| self.locks.get(key)) else {
            return Vec::new();
        };
        let mut behind = lock.waiters.iter().skip_while(|(waiter, _)| *waiter != transaction);
        let wanted = behind.next().map_or(LockMode::Exclusive, |(_, mode)| *mode);
        behind.filter(|(_, mode)| mode.conflicts(wanted)).map(|(waiter, _)| *waiter).collect()
    }

    /// How this transaction holds a lock, if it does.
    pub fn held(&self, transaction: TransactionId, key: &Key) -> Option<LockMode> {
        let holders = &self.locks.get(key)?.holders;
        holders.iter().find(|(holder, _)| *holder == transaction).map(|(_, mode)| *mode)
    }

    /// Every transaction that waits for a lock.
    pub fn waiting(&self) -> impl Iterator<Item = TransactionId> {
        self.waiting.keys().copied()
    }

    /// The key whose lock the transaction waits for.
    pub fn awaited_by(&self, transaction: TransactionId) -> Option<&Key> {
        self.waiting.get(&transaction)
    }

    /// How many locks the transaction holds.
    pub fn held_by(&self, transaction: TransactionId) -> usize {
        self.held.get(&transaction).map_or(0, Vec::len)
    }

    /// Every key that is locked or waited for, with its lock.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Lock)> {
        self.locks.iter()
    }

    /// Gives all locks of a transaction back and takes it out of the queue. Returns who has got a lock by it,
    /// in the order in which they get it.
    pub fn release(&mut self, transaction: TransactionId) -> Vec<TransactionId> {
        let mut keys = self.held.remove(&transaction).unwrap_or_default();
        keys.extend(self.waiting.remove(&transaction));
        let mut granted = Vec::new();
        for key in keys {
            if let Some(lock) = self.locks.get_mut(&key) {
                lock.holders.retain(|(holder, _)| *holder != transaction);
                lock.waiters.retain(|(waiter, _)| *waiter != transaction);
            }
            granted.extend(self.grant(&key));
            if self.locks.get(&key).is_some_and(|lock| lock.holders.is_empty() && lock.waiters.is_empty()) {
                self.locks.remove(&key);
            }
        }
        granted
    }

    /// Serves the queue of one key as far as it goes.
    fn grant(&mut self, key: &Key) -> Vec<TransactionId> {
        let mut granted = Vec::new();
        let Some(lock) = self.locks.get_mut(key) else { return granted };
        while let Some((next, mode)) = lock.waiters.front().copied() {
            if lock.holders.iter().any(|(holder, held)| *holder != next && held.conflicts(mode)) {
                break;
            }
            lock.waiters.pop_front();
            self.waiting.remove(&next);
            match lock.holders.iter_mut().find(|(holder, _)| *holder == next) {
                Some((_, held)) => *held = mode,
                None => {
                    lock.holders.push((next, mode));
                    self.held.entry(next).or_default().push(key.clone());
                }
            }
            granted.push(next);
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(number: u32) -> TransactionId {
        TransactionId { incarnation: 1, number }
    }

    fn waits(numbers: &[u32]) -> LockRequest {
        LockRequest::Waits(numbers.iter().map(|number| transaction(*number)).collect())
    }

    #[test]
    fn readers_share_and_a_writer_waits_for_all_of_them() {
        let mut table = LockTable::default();
        let key: Key = "alice".into();
        assert_eq!(table.request(transaction(1), &key, LockMode::Shared), LockRequest::Granted);
        assert_eq!(table.request(transaction(2), &key, LockMode::Shared), LockRequest::Granted);
        assert_eq!(table.request(transaction(3), &key, LockMode::Exclusive), waits(&[1, 2]));
        assert_eq!(table.release(transaction(1)), []);
        assert_eq!(table.release(transaction(2)), [transaction(3)]);
        assert_eq!(table.held_by(transaction(3)), 1);
    }

    #[test]
    fn a_reader_does_not_overtake_a_writer_that_waits() {
        let mut table = LockTable::default();
        let key: Key = "alice".into();
        table.request(transaction(1), &key, LockMode::Shared);
        table.request(transaction(2), &key, LockMode::Exclusive);
        assert_eq!(table.request(transaction(3), &key, LockMode::Shared), waits(&[2]));
    }

    #[test]
    fn a_reader_that_wants_to_write_goes_before_those_that_wait() {
        let mut table = LockTable::default();
        let key: Key = "alice".into();
        table.request(transaction(1), &key, LockMode::Shared);
        table.request(transaction(2), &key, LockMode::Shared);
        table.request(transaction(3), &key, LockMode::Exclusive);
        assert_eq!(table.request(transaction(1), &key, LockMode::Exclusive), waits(&[2]));
        assert_eq!(table.release(transaction(2)), [transaction(1)]);
        assert_eq!(table.waits_for(transaction(3)), [transaction(1)]);
    }

    #[test]
    fn whoever_gives_up_lets_those_behind_it_through() {
        let mut table = LockTable::default();
        let key: Key = "alice".into();
        table.request(transaction(1), &key, LockMode::Shared);
        table.request(transaction(2), &key, LockMode::Exclusive);
        table.request(transaction(3), &key, LockMode::Shared);
        assert_eq!(table.release(transaction(2)), [transaction(3)]);
        table.release(transaction(1));
        table.release(transaction(3));
        assert_eq!(table.iter().count(), 0, "nothing is left behind");
    }
}
