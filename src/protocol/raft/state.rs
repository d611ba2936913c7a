//! The roles, and what others may read of a node.

use serde::{Deserialize, Serialize};

use super::Raft;
use super::log::{Index, Log, Term};
use super::message::Message;
use super::progress::{Leadership, Progress};
use super::quorum::NodeSet;
use super::readmission::Membership;
use super::storage::{Machine, Persistent, Snapshot};
use crate::protocol::NodeId;
use crate::protocol::key_value::Store;

/// The role of a node (Raft §5.1, Figure 4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It answers leaders and candidates.
    Follower,
    /// It asks whether it could win an election (thesis §9.6).
    PreCandidate,
    /// It stands for election.
    Candidate,
    /// It leads.
    Leader,
}

/// The role with what belongs to it.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum RoleState {
    Follower,
    PreCandidate(Votes),
    Candidate(Votes),
    Leader(Box<Leadership>),
}

/// The answers that a candidate has so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Votes {
    /// Who voted for it, itself included once that vote is durable.
    pub granted: NodeSet,
    /// Who refused.
    pub refused: NodeSet,
}

impl Votes {
    /// A yes counts, whatever the same node said before or says later.
    pub(super) fn grant(&mut self, from: NodeId) {
        self.granted.insert(from);
        self.refused.remove(from);
    }

    pub(super) fn refuse(&mut self, from: NodeId) {
        if !self.granted.contains(from) {
            self.refused.insert(from);
        }
    }
}

impl Raft {
    /// Who this node is.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its role.
    pub fn role(&self) -> Role {
        match self.role {
            RoleState::Follower => Role::Follower,
            RoleState::PreCandidate(_) => Role::PreCandidate,
            RoleState::Candidate(_) => Role::Candidate,
            RoleState::Leader(_) => Role::Leader,
        }
    }

    /// Whether it leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, RoleState::Leader(_))
    }

    /// Whether it counts in majorities, or is kept out because its disk was lost or damaged.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Its current term.
    pub fn term(&self) -> Term {
        self.term
    }

    /// Who has its vote in the current term.
    pub fn voted_for(&self) -> Option<NodeId> {
        self.voted_for
    }

    /// Whom it takes for the leader of the current term.
    pub fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// The last index that it knows to be committed.
    pub fn commit_index(&self) -> Index {
        self.commit
    }

    /// The last index that its state machine has applied.
    pub fn applied_index(&self) -> Index {
        self.applied
    }

    /// The last index up to which its log is on its disk.
    pub fn durable_index(&self) -> Index {
        self.disk.durable_index()
    }

    /// Whether its term and vote are on its disk.
    pub fn hard_state_is_durable(&self) -> bool {
        self.disk.hard_state_is_durable()
    }

    /// How many disk syncs it waits for.
    pub fn syncs_outstanding(&self) -> usize {
        self.disk.outstanding()
    }

    /// What it has decided to say and holds back until its disk has finished: to whom, and what.
    pub fn held_messages(&self) -> impl Iterator<Item = (NodeId, &Message)> {
        self.disk.held_messages()
    }

    /// How many answers it holds back for its disk.
    pub fn answers_held(&self) -> usize {
        self.disk.held()
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its latest snapshot; index 0 if it has none.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// How much of a snapshot that a leader is sending it has: the index it will cover, bytes received, and
    /// bytes in all.
    pub fn incoming_snapshot(&self) -> Option<(Index, u32, u32)> {
        self.incoming_snapshot.as_ref().map(|incoming| incoming.extent())
    }

    /// Its key-value store.
    pub fn store(&self) -> &Store {
        &self.machine.store
    }

    /// The replicated state, the store included.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The votes that it has gathered, while it is a candidate or asks in advance.
    pub fn votes(&self) -> Option<Votes> {
        match self.role {
            RoleState::PreCandidate(votes) | RoleState::Candidate(votes) => Some(votes),
            RoleState::Follower | RoleState::Leader(_) => None,
        }
    }

    /// What it knows of another node's log, while it leads.
    pub fn progress(&self, of: NodeId) -> Option<&Progress> {
        match &self.role {
            RoleState::Leader(leadership) if of != self.id => leadership.progress.get(of.index()),
            _ => None,
        }
    }

    /// To whom it is handing its leadership over.
    pub fn transferring_to(&self) -> Option<NodeId> {
        match &self.role {
            RoleState::Leader(leadership) => leadership.transfer.map(|transfer| transfer.to),
            _ => None,
        }
    }

    /// How many reads wait for a round of heartbeats, while it leads.
    pub fn waiting_reads(&self) -> usize {
        match &self.role {
            RoleState::Leader(leadership) => leadership.reads.len(),
            _ => 0,
        }
    }

    /// The count of its heartbeat rounds, while it leads.
    pub fn round(&self) -> Option<u64> {
        match &self.role {
            RoleState::Leader(leadership) => Some(leadership.round),
            _ => None,
        }
    }

    /// The election timeout that it drew last, in µs.
    pub fn election_timeout_us(&self) -> u64 {
        self.election_timeout_us
    }

    /// All that its disk has to hold, once it has finished writing.
    pub fn persistent(&self) -> Persistent {
        Persistent {
            term: self.term,
            voted_for: self.voted_for,
            snapshot: self.snapshot.clone(),
            log: self.log.clone(),
        }
    }
}
