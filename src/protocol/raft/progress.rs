//! What a leader knows of its followers, and what else belongs to a leadership.

use std::collections::VecDeque;
use std::sync::Arc;

use super::client::Proposals;
use super::log::{Entry, Index, Payload};
use super::quorum::{NODES_MAX, NodeSet, majority};
use super::read_index::WaitingReads;
use super::snapshot::Outgoing;
use crate::protocol::NodeId;

/// What a leader knows of one follower (Raft Figure 2: `nextIndex[]`, `matchIndex[]`).
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    /// The last index up to which the follower's log is durably the leader's, as a vote for commitment.
    pub match_index: Index,
    /// The last index that the follower has received. Runs ahead of `match_index` only for a node that does
    /// not count.
    pub received_index: Index,
    /// The index of the next entry to send.
    pub next_index: Index,
    /// How entries are sent to it.
    pub state: ProgressState,
    /// The last heartbeat round that it has answered as a member.
    pub acknowledged_round: u64,
    /// Whether it counts in majorities. A node that lost its disk does not, and learners will not.
    pub counts: bool,
    /// The oldest message that was under way at the last heartbeat, by its last index; 0 for none.
    pub(super) oldest_at_heartbeat: Index,
}

/// How a leader sends entries to a follower. The names are those of etcd and of the thesis, §10.2.1.
#[derive(Clone, PartialEq, Debug)]
pub enum ProgressState {
    /// Where the logs agree is not known: one message at a time.
    Probe {
        /// Whether that message is under way.
        waiting: bool,
    },
    /// The logs agree: entries are sent without waiting for answers.
    Pipeline {
        /// The last index of each message that has not been answered.
        in_flight: VecDeque<Index>,
    },
    /// The follower needs entries that were compacted, so it gets a snapshot.
    Snapshot(Outgoing),
}

impl Progress {
    fn new(next_index: Index) -> Self {
        Progress {
            match_index: 0,
            received_index: 0,
            next_index,
            state: ProgressState::Probe { waiting: false },
            acknowledged_round: 0,
            counts: true,
            oldest_at_heartbeat: 0,
        }
    }

    /// The last index that the follower is known to hold in the leader's version.
    pub(super) fn held_index(&self) -> Index {
        self.match_index.max(self.received_index)
    }

    /// The follower's log is the leader's up to an index. Returns whether that is news.
    pub(super) fn matched(&mut self, index: Index, counts: bool) -> bool {
        let known = if counts { &mut self.match_index } else { &mut self.received_index };
        let is_news = index > *known;
        *known = (*known).max(index);
        let held = self.held_index();
        self.next_index = self.next_index.max(held + 1);
        match &mut self.state {
            // In a probe, only the answer to the probe itself tells where the logs agree.
            ProgressState::Probe { .. } if held + 1 >= self.next_index => {
                self.state = ProgressState::Pipeline { in_flight: VecDeque::new() };
            }
            ProgressState::Probe { .. } | ProgressState::Snapshot(_) => {}
            ProgressState::Pipeline { in_flight } => {
                while in_flight.front().is_some_and(|last| *last <= held) {
                    in_flight.pop_front();
                }
            }
        }
        is_news
    }

    /// The follower's log differs; goes on from `next_index`, one message at a time.
    pub(super) fn probe_from(&mut self, next_index: Index) {
        self.next_index = next_index.max(self.held_index() + 1);
        self.state = ProgressState::Probe { waiting: false };
    }

    /// Which entry the next heartbeat asks about, and whether the answer is needed to go on.
    ///
    /// A message that was under way at the heartbeat before and still is was probably lost; asking about the
    /// last entry sent finds out. Otherwise the heartbeat asks about one that is known to match, so that it may
    /// overtake entries without alarm. While a snapshot is sent nothing is known, and index 0 always matches.
    pub(super) fn heartbeat_asks_about(&mut self) -> (Index, bool) {
        match &self.state {
            ProgressState::Probe { .. } => (self.next_index - 1, true),
            ProgressState::Snapshot(_) => (0, false),
            ProgressState::Pipeline { in_flight } => {
                let oldest = in_flight.front().copied().unwrap_or(0);
                let is_stuck = oldest != 0 && oldest == self.oldest_at_heartbeat;
                self.oldest_at_heartbeat = oldest;
                if is_stuck { (self.next_index - 1, true) } else { (self.held_index(), false) }
            }
        }
    }

    /// The follower counts again. What it had received while it did not need not be on its disk, so where the logs agree
    /// is to be found out.
    pub(super) fn count_again(&mut self) {
        self.received_index = 0;
        if matches!(self.state, ProgressState::Pipeline { .. }) {
            self.state = ProgressState::Probe { waiting: false };
        }
        self.counts = true;
    }

    /// The follower has lost what it had: nothing of it counts until it says otherwise.
    pub(super) fn stop_counting(&mut self) {
        *self = Progress { counts: false, ..Progress::new(self.next_index) };
    }
}

/// A transfer of leadership that is under way (thesis §3.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Transfer {
    pub(super) to: NodeId,
    pub(super) told: bool,
}

/// What a leader knows of the durable copies of its log.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Copies {
    /// A majority holds the log up to here.
    pub(super) majority: Index,
    /// One node less than a majority holds it up to here, which is not enough.
    pub(super) one_less: Index,
    /// Whether some node that is kept out has received more.
    pub(super) kept_out_has_more: bool,
}

/// All that only a leader has. Gone when it steps down.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Leadership {
    /// One for each node; the leader's own is not used.
    pub(super) progress: Vec<Progress>,
    /// The count of heartbeat rounds.
    pub(super) round: u64,
    /// Members heard from since CheckQuorum counted last.
    heard_from: NodeSet,
    pub(super) reads: WaitingReads,
    pub(super) proposals: Proposals,
    pub(super) transfer: Option<Transfer>,
    /// The readmissions that stand in the log and are not committed.
    pub(super) readmissions: Vec<(NodeId, u64)>,
}

impl Leadership {
    pub(super) fn new(nodes: u16, next_index: Index) -> Self {
        Leadership {
            progress: (0..nodes).map(|_| Progress::new(next_index)).collect(),
            round: 0,
            heard_from: NodeSet::default(),
            reads: WaitingReads::default(),
            proposals: Proposals::default(),
            transfer: None,
            readmissions: Vec::new(),
        }
    }

    /// Learns what earlier leaders left uncommitted, so that a retried command is not appended again.
    pub(super) fn remember_uncommitted<'a>(
        &mut self,
        entries: impl Iterator<Item = (Index, &'a Arc<Entry>)>,
    ) {
        for (index, entry) in entries {
            match &entry.payload {
                Payload::Command { client, request, .. } => self.proposals.found(*client, *request, index),
                Payload::Readmit { node, incarnation } => self.readmissions.push((*node, *incarnation)),
                Payload::NoOp => {}
            }
        }
    }

    pub(super) fn heard(&mut self, from: NodeId) {
        self.heard_from.insert(from);
    }

    pub(super) fn take_heard_from(&mut self) -> NodeSet {
        std::mem::take(&mut self.heard_from)
    }

    /// How far the log is copied, counted over the cluster's full size, the leader's own log being durable up to
    /// `own_index`. Nodes that are kept out count only where a rule is broken on purpose.
    pub(super) fn copies(&self, leader: NodeId, own_index: Index, count_kept_out: bool) -> Copies {
        let mut indexes = [0; NODES_MAX as usize];
        let (mut count, mut received) = (0, 0);
        for (slot, (node, progress)) in indexes.iter_mut().zip(self.progress.iter().enumerate()) {
            *slot = match () {
                () if node == leader.index() => own_index,
                () if progress.counts => progress.match_index,
                () => {
                    received = received.max(progress.received_index);
                    if count_kept_out { progress.received_index } else { 0 }
                }
            };
            count += 1;
        }
        let Some(indexes) = indexes.get_mut(..count) else { return Copies::default() };
        if indexes.is_empty() {
            return Copies::default();
        }
        let position = count - majority(count as u16);
        let (_, index, larger) = indexes.select_nth_unstable(position);
        let majority = *index;
        let one_less = larger.iter().copied().min().unwrap_or(majority);
        Copies { majority, one_less, kept_out_has_more: received > majority }
    }

    /// How many nodes have answered a heartbeat round, the leader included.
    pub(super) fn acknowledgements(&self, leader: NodeId, round: u64, count_kept_out: bool) -> usize {
        let acknowledged = |(node, progress): (usize, &Progress)| {
            let may_count = progress.counts || count_kept_out;
            node == leader.index() || (may_count && progress.acknowledged_round >= round)
        };
        self.progress.iter().enumerate().filter(|item| acknowledged(*item)).count()
    }
}
