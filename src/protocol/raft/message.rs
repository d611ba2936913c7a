//! What nodes say to each other (Raft Figures 2 and 13), what clients are told, and what operators ask.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::log::{Entry, Index, Term};
use crate::protocol::NodeId;
use crate::protocol::key_value::Outcome;

/// A message. Every kind carries a term (Raft §5.1).
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Would you vote for me? Asked before the term is raised (thesis §9.6).
    PreVote {
        /// The term that the sender would stand in, one above its own.
        term: Term,
        /// The index of the last entry of its log.
        last_log_index: Index,
        /// The term of that entry.
        last_log_term: Term,
    },
    /// The answer to [`Message::PreVote`].
    PreVoteResponse {
        /// The term asked about if it is a yes, the answering node's own otherwise.
        term: Term,
        /// Whether the node would vote so.
        vote_granted: bool,
    },
    /// A candidate asks for a vote (Raft §5.2).
    RequestVote {
        /// The candidate's term.
        term: Term,
        /// The index of the last entry of its log.
        last_log_index: Index,
        /// The term of that entry.
        last_log_term: Term,
        /// Whether the leader itself asked for this election, so that nobody protects it (thesis §4.2.3).
        leadership_transfer: bool,
    },
    /// The answer to [`Message::RequestVote`].
    RequestVoteResponse {
        /// The answering node's term.
        term: Term,
        /// Whether the candidate has the vote.
        vote_granted: bool,
    },
    /// A leader replicates entries; without entries it is a heartbeat (Raft §5.3).
    AppendEntries(AppendEntries),
    /// The answer to [`Message::AppendEntries`].
    AppendEntriesResponse {
        /// The answering node's term.
        term: Term,
        /// The round of the message that it answers; 0 where that message was from an earlier term, whose rounds
        /// mean nothing in this one.
        round: u64,
        /// Whether the entry before the new ones was the same.
        result: AppendResult,
        /// Whether the node counts in majorities; false while it is kept out because it lost its disk.
        counts: bool,
    },
    /// A leader sends a part of a snapshot (Raft §7).
    InstallSnapshot(InstallSnapshot),
    /// The answer to [`Message::InstallSnapshot`].
    InstallSnapshotResponse {
        /// The answering node's term.
        term: Term,
        /// Which snapshot it is about.
        last_included_index: Index,
        /// Where the chunk begins that it answers. A leader that has sent this chunk last knows by it that the node
        /// has less than it was thought to have, because it was restarted.
        offset_bytes: u32,
        /// How many bytes of it the node has, from the first on; as many as there are once the snapshot is
        /// installed and durable.
        bytes_received: u32,
        /// Whether it is installed.
        installed: bool,
        /// Whether the node counts in majorities.
        counts: bool,
    },
    /// A leader asks a follower to stand for election at once (thesis §3.10).
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
    /// A node that lost its disk asks the leader to be readmitted; see [`super::readmission`].
    Readmit {
        /// The latest term that the node has heard of since it restarted.
        term: Term,
        /// The number that the node drew when it found its disk lost.
        incarnation: u64,
    },
}

/// The AppendEntries RPC (Raft Figure 2).
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AppendEntries {
    /// The leader's term.
    pub term: Term,
    /// The index of the entry before the new ones.
    pub previous_log_index: Index,
    /// The term of that entry.
    pub previous_log_term: Term,
    /// The new entries; none in a heartbeat.
    pub entries: Entries,
    /// The leader's commit index.
    pub leader_commit: Index,
    /// The leader's count of heartbeat rounds, which the answer repeats: it shows that a majority took this
    /// leader for theirs after a read had arrived (thesis §6.4).
    pub round: u64,
}

/// What a follower found when it looked for the entry before the new ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppendResult {
    /// Its log is the leader's up to this index, and durably so.
    Matched {
        /// The last index that matches.
        match_index: Index,
    },
    /// The message was from a term that has passed. Nothing that it said was looked at.
    OldTerm,
    /// Its log has no such entry.
    Rejected {
        /// Where the entry was looked for.
        previous_log_index: Index,
        /// The last index at which the logs may agree: nothing after it does (Raft §5.3, end).
        hint_index: Index,
        /// The term of the follower's entry there.
        hint_term: Term,
    },
}

/// The InstallSnapshot RPC (Raft Figure 13).
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct InstallSnapshot {
    /// The leader's term.
    pub term: Term,
    /// The snapshot replaces all entries up to this one.
    pub last_included_index: Index,
    /// The term of that entry.
    pub last_included_term: Term,
    /// Where in the snapshot these bytes begin.
    pub offset_bytes: u32,
    /// How long the whole snapshot is.
    pub total_bytes: u32,
    /// The bytes.
    pub data: Arc<[u8]>,
}

/// The entries of a message. Copies of a message share them, and a leader sends the same ones to all
/// followers that stand at the same place.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
#[serde(transparent)]
pub struct Entries(Option<Arc<[Arc<Entry>]>>);

impl Entries {
    /// No entries, which costs nothing.
    pub const NONE: Entries = Entries(None);

    /// These entries.
    pub fn of(entries: Vec<Arc<Entry>>) -> Self {
        if entries.is_empty() { Entries::NONE } else { Entries(Some(entries.into())) }
    }

    /// The entries, in order.
    pub fn as_slice(&self) -> &[Arc<Entry>] {
        self.0.as_deref().unwrap_or_default()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Message {
    /// The names of the kinds, in the order of [`Message::kind`].
    pub const KINDS: &'static [&'static str] = &[
        "PreVote",
        "PreVoteResponse",
        "RequestVote",
        "RequestVoteResponse",
        "AppendEntries",
        "Heartbeat",
        "AppendEntriesResponse",
        "InstallSnapshot",
        "InstallSnapshotResponse",
        "TimeoutNow",
        "Readmit",
    ];

    /// The position of its kind in [`Message::KINDS`]. An AppendEntries without entries is a heartbeat.
    pub fn kind(&self) -> u8 {
        match self {
            Message::PreVote { .. } => 0,
            Message::PreVoteResponse { .. } => 1,
            Message::RequestVote { .. } => 2,
            Message::RequestVoteResponse { .. } => 3,
            Message::AppendEntries(append) if append.entries.is_empty() => 5,
            Message::AppendEntries(_) => 4,
            Message::AppendEntriesResponse { .. } => 6,
            Message::InstallSnapshot(_) => 7,
            Message::InstallSnapshotResponse { .. } => 8,
            Message::TimeoutNow { .. } => 9,
            Message::Readmit { .. } => 10,
        }
    }

    /// The term that it carries.
    pub fn term(&self) -> Term {
        match self {
            Message::PreVote { term, .. }
            | Message::PreVoteResponse { term, .. }
            | Message::RequestVote { term, .. }
            | Message::RequestVoteResponse { term, .. }
            | Message::AppendEntriesResponse { term, .. }
            | Message::InstallSnapshotResponse { term, .. }
            | Message::TimeoutNow { term }
            | Message::Readmit { term, .. } => *term,
            Message::AppendEntries(append) => append.term,
            Message::InstallSnapshot(install) => install.term,
        }
    }
}

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The command was committed and applied, or the read was confirmed.
    Done(Outcome),
    /// Only a leader serves clients; ask this node if one is named.
    NotLeader {
        /// Whom the node takes for the leader.
        hint: Option<NodeId>,
    },
    /// The node did nothing with the request, and will not; an earlier attempt with the same number may still take
    /// effect.
    Unavailable(Unavailable),
    /// The command stands in the log of this node, which leads no more: a later leader commits it or removes it.
    /// Who asks again with the same number, learns what became of it.
    OutcomeUnknown {
        /// Whom the node takes for the leader.
        hint: Option<NodeId>,
    },
}

/// Why a leader takes no commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unavailable {
    /// It is handing its leadership over.
    TransferringLeadership,
    /// Too many entries wait to be committed, or too many reads to be confirmed.
    Overloaded,
}

/// What an operator can ask of a running node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Asked of a leader: hand the leadership to another node (thesis §3.10).
    TransferLeadership {
        /// To which one.
        to: NodeId,
    },
    /// Asked of a node that is kept out because its disk was lost or damaged: it may ask to come back.
    Readmit,
}

/// The timers of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// A follower or candidate has waited too long for a leader.
    Election,
    /// A leader is due to send heartbeats.
    Heartbeat,
    /// A leader is due to count from how many it has heard.
    CheckQuorum,
    /// A transfer of leadership has taken too long.
    Transfer,
    /// A node that is kept out is due to ask again to be readmitted.
    Readmit,
}

impl Timer {
    /// The names of the timers, in the order of [`Timer::position`].
    pub const NAMES: &'static [&'static str] =
        &["Election", "Heartbeat", "CheckQuorum", "Transfer", "Readmit"];

    /// The position of its name in [`Timer::NAMES`].
    pub fn position(self) -> u8 {
        match self {
            Timer::Election => 0,
            Timer::Heartbeat => 1,
            Timer::CheckQuorum => 2,
            Timer::Transfer => 3,
            Timer::Readmit => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stays_small_because_thousands_are_under_way() {
        assert!(size_of::<Message>() <= 64, "{} bytes", size_of::<Message>());
    }
}
