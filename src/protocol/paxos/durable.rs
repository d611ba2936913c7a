//! What must not be said before the disk holds it.
//!
//! An acceptor has to have its answer in stable storage before it sends it, and a proposer the number of its
//! ballot before it uses it ("Paxos Made Simple" §2.5). Whatever depends on a write is held back here until its
//! sync has finished.

use std::collections::VecDeque;

use serde::Serialize;

use crate::protocol::SyncId;

/// How many things may wait for the disk. A disk that hangs must not cost memory without end; whoever asked for an
/// answer that is dropped asks again.
pub const HELD_MAX: usize = 4_096;

/// Things to be done in order, each once all that was written before it is durable.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AfterSync<T> {
    issued: u64,
    finished: u64,
    /// The sync of the last replacement of the whole log.
    replaced: u64,
    held: VecDeque<(u64, T)>,
}

impl<T> Default for AfterSync<T> {
    fn default() -> Self {
        AfterSync { issued: 0, finished: 0, replaced: 0, held: VecDeque::new() }
    }
}

impl<T> AfterSync<T> {
    /// The number for the next sync.
    pub fn issue(&mut self) -> SyncId {
        self.issued += 1;
        SyncId(self.issued)
    }

    /// The number for the sync after the whole log was replaced. A sync that is still under way then says
    /// something about the old log only, so whatever waits for it waits for this one.
    pub fn issue_for_replacement(&mut self) -> SyncId {
        self.replaced = self.issued + 1;
        self.issue()
    }

    /// Whether everything that was written is durable.
    pub fn is_settled(&self) -> bool {
        self.finished >= self.issued
    }

    /// Holds something back until the sync that was issued last has finished. What is held when nothing is
    /// under way is ready at once.
    pub fn hold(&mut self, item: T) {
        self.held.push_back((self.issued, item));
    }

    /// Whether so much is held back that an answer has to be dropped instead.
    pub fn is_full(&self) -> bool {
        self.held.len() >= HELD_MAX
    }

    /// Notes that a sync has finished, and with it all that were issued before it; unless the log that it was
    /// about has been replaced since.
    pub fn finish(&mut self, sync: SyncId) {
        if sync.0 >= self.replaced {
            self.finished = self.finished.max(sync.0.min(self.issued));
        }
    }

    /// The next thing that may be done.
    pub fn pop_ready(&mut self) -> Option<T> {
        if self.held.front()?.0 > self.finished {
            return None;
        }
        self.held.pop_front().map(|(_, item)| item)
    }

    /// What still waits for the disk, in order.
    pub fn held(&self) -> impl ExactSizeIterator<Item = &T> {
        self.held.iter().map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_comes_out_in_order_and_not_before_its_own_sync() {
        let mut queue = AfterSync::default();
        queue.hold("nothing to wait for");
        assert_eq!(queue.pop_ready(), Some("nothing to wait for"));
        let first = queue.issue();
        queue.hold("first");
        let second = queue.issue();
        queue.hold("second");
        assert_eq!(queue.pop_ready(), None);
        queue.finish(first);
        assert_eq!(queue.pop_ready(), Some("first"));
        assert_eq!(queue.pop_ready(), None, "its own sync has not finished");
        assert!(!queue.is_settled());
        queue.finish(second);
        assert_eq!(queue.pop_ready(), Some("second"));
        assert!(queue.is_settled());
    }

    /// A crash before the replacement is durable leaves the old log as it was last synced; what was on its way
    /// to it may not have arrived.
    #[test]
    fn what_was_on_its_way_when_the_log_is_replaced_waits_for_the_new_log() {
        let mut queue = AfterSync::default();
        let before = queue.issue();
        queue.hold("written to the old log");
        let replacement = queue.issue_for_replacement();
        queue.finish(before);
        assert_eq!(queue.pop_ready(), None);
        queue.finish(replacement);
        assert_eq!(queue.pop_ready(), Some("written to the old log"));
    }

    #[test]
    fn a_finished_sync_covers_all_that_were_issued_before_it_and_an_unknown_one_covers_nothing_more() {
        let mut queue = AfterSync::default();
        queue.issue();
        queue.hold("first");
        let second = queue.issue();
        queue.hold("second");
        queue.finish(second);
        queue.issue();
        queue.hold("third");
        queue.finish(second);
        assert_eq!(
            [queue.pop_ready(), queue.pop_ready(), queue.pop_ready()],
            [Some("first"), Some("second"), None]
        );
    }
}
