//! What nodes say to each other, what stands in their logs, and the names of their timers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::session::Session;
use super::store::Version;
use super::transaction::{GaveUp, Key, NoVote, Operation, Origin, Outcome, Reading, TransactionId};
use crate::protocol::{ClientId, NodeId, RequestId};

/// A participant's vote.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// It is prepared and will do whatever is decided.
    Yes,
    /// It cannot commit and has aborted.
    No(NoVote),
    /// It has only read and does not care how it ends.
    ReadOnly,
}

/// What a participant says to a backup coordinator about itself (three-phase commit).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// It has voted yes and knows nothing more.
    Uncertain,
    /// It knows that all have voted yes.
    Committable,
    /// It has crashed since and is no longer fit to judge.
    Recovered,
}

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Coordinator to site: do this work.
    Work {
        /// The transaction.
        transaction: TransactionId,
        /// The client that asked for it.
        client: ClientId,
        /// The client's request, by which a site knows one that it has already committed.
        request: RequestId,
        /// Transactions before this one have ended for the coordinator: it will not ask how.
        settled: TransactionId,
        /// What to do at this site.
        operations: Arc<[Operation]>,
    },
    /// Site to coordinator: the work is done, and the locks are held.
    Worked {
        /// The transaction.
        transaction: TransactionId,
        /// How often the site had been started when it did the work.
        incarnation: u32,
        /// What was read or left.
        readings: Arc<[Reading]>,
    },
    /// Site to coordinator: the work waits for locks of others.
    Waiting {
        /// The transaction.
        transaction: TransactionId,
        /// For whom it waits.
        holders: Vec<TransactionId>,
    },
    /// Site to coordinator: it has given the transaction up before it was asked for a vote.
    GaveUp {
        /// The transaction.
        transaction: TransactionId,
        /// How often the site had been started when it said so.
        incarnation: u32,
        /// Why.
        why: GaveUp,
    },
    /// Site to coordinator: this request has been committed under an earlier transaction's name.
    CommittedEarlier {
        /// The transaction that was asked for now.
        transaction: TransactionId,
        /// The one that carried the request out.
        earlier: TransactionId,
        /// What that one read.
        readings: Arc<[Reading]>,
    },
    /// Coordinator to participant: can you commit?
    Prepare {
        /// The transaction.
        transaction: TransactionId,
        /// The incarnation under which the site did its work.
        incarnation: u32,
        /// All participants that may be in doubt, and so can be asked.
        participants: Arc<[NodeId]>,
    },
    /// Coordinator to the only participant: commit if you can (two-phase commit's one-phase shortcut).
    CommitOnePhase {
        /// The transaction.
        transaction: TransactionId,
        /// The incarnation under which the site did its work.
        incarnation: u32,
    },
    /// Participant to coordinator: its vote.
    Vote {
        /// The transaction.
        transaction: TransactionId,
        /// The incarnation under which the site did the work that the vote is about, as the question named it.
        incarnation: u32,
        /// The vote.
        vote: Vote,
    },
    /// Whoever knows the outcome, to whoever needs it.
    Decision {
        /// The transaction.
        transaction: TransactionId,
        /// The outcome.
        outcome: Outcome,
        /// Whether the sender wants to know that it has arrived and is durable.
        acknowledge: bool,
    },
    /// Participant to coordinator: the decision is durable here.
    Acknowledge {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Whoever is in doubt, to the coordinator and the other participants: what was decided?
    Inquire {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Answer to an inquiry: I am in doubt too.
    InDoubt {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Coordinator or backup to participant: all have voted yes (three-phase commit).
    PreCommit {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Participant to whoever sent the pre-commit: it has arrived (three-phase commit).
    PreCommitted {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Participant to participant: you are the backup coordinator (three-phase commit).
    Elect {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Backup coordinator to participant: in what state are you (three-phase commit)?
    AskState {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Answer to that, or to an inquiry of one that has recovered (three-phase commit).
    State {
        /// The transaction.
        transaction: TransactionId,
        /// The state.
        state: ProcessState,
    },
}

/// The names of the kinds of message, in the order of [`Message::kind`].
pub const MESSAGE_KINDS: &[&str] = &[
    "work",
    "worked",
    "waiting",
    "gave-up",
    "committed-earlier",
    "prepare",
    "commit-one-phase",
    "vote",
    "decision",
    "acknowledge",
    "inquire",
    "in-doubt",
    "pre-commit",
    "pre-committed",
    "elect",
    "ask-state",
    "state",
];

impl Message {
    /// Position of its kind in [`MESSAGE_KINDS`].
    pub fn kind(&self) -> u8 {
        match self {
            Message::Work { .. } => 0,
            Message::Worked { .. } => 1,
            Message::Waiting { .. } => 2,
            Message::GaveUp { .. } => 3,
            Message::CommittedEarlier { .. } => 4,
            Message::Prepare { .. } => 5,
            Message::CommitOnePhase { .. } => 6,
            Message::Vote { .. } => 7,
            Message::Decision { .. } => 8,
            Message::Acknowledge { .. } => 9,
            Message::Inquire { .. } => 10,
            Message::InDoubt { .. } => 11,
            Message::PreCommit { .. } => 12,
            Message::PreCommitted { .. } => 13,
            Message::Elect { .. } => 14,
            Message::AskState { .. } => 15,
            Message::State { .. } => 16,
        }
    }

    /// The transaction that it is about.
    pub fn transaction(&self) -> TransactionId {
        match self {
            Message::Work { transaction, .. }
            | Message::Worked { transaction, .. }
            | Message::Waiting { transaction, .. }
            | Message::GaveUp { transaction, .. }
            | Message::CommittedEarlier { transaction, .. }
            | Message::Prepare { transaction, .. }
            | Message::CommitOnePhase { transaction, .. }
            | Message::Vote { transaction, .. }
            | Message::Decision { transaction, .. }
            | Message::Acknowledge { transaction }
            | Message::Inquire { transaction }
            | Message::InDoubt { transaction }
            | Message::PreCommit { transaction }
            | Message::PreCommitted { transaction }
            | Message::Elect { transaction }
            | Message::AskState { transaction }
            | Message::State { transaction, .. } => *transaction,
        }
    }

    /// Whether it belongs to the commit protocol; what comes before is the work itself.
    pub fn is_commit_protocol(&self) -> bool {
        self.kind() >= 5
    }
}

/// The names of the timers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Coordinator: the work of a transaction is taking too long.
    Work(TransactionId),
    /// Coordinator: votes (or, in three-phase commit, acknowledgements of a pre-commit) are missing.
    Answers(TransactionId),
    /// Coordinator: say again what was not answered.
    Retransmit(TransactionId),
    /// Site: nobody asks for its vote.
    Prepare(TransactionId),
    /// Participant in doubt, or a coordinator that has recovered: nobody tells the decision.
    Decision(TransactionId),
    /// Participant: whoever was elected does not begin (three-phase commit).
    Election(TransactionId),
    /// Backup coordinator: states or acknowledgements are missing (three-phase commit).
    Backup(TransactionId),
}

/// The names of the timers, in the order of [`Timer::index`].
pub const TIMERS: &[&str] = &["work", "answers", "retransmit", "prepare", "decision", "election", "backup"];

impl Timer {
    /// Position in [`TIMERS`].
    pub fn index(self) -> u8 {
        match self {
            Timer::Work(_) => 0,
            Timer::Answers(_) => 1,
            Timer::Retransmit(_) => 2,
            Timer::Prepare(_) => 3,
            Timer::Decision(_) => 4,
            Timer::Election(_) => 5,
            Timer::Backup(_) => 6,
        }
    }

    /// The transaction that it is about.
    pub fn transaction(self) -> TransactionId {
        match self {
            Timer::Work(transaction)
            | Timer::Answers(transaction)
            | Timer::Retransmit(transaction)
            | Timer::Prepare(transaction)
            | Timer::Decision(transaction)
            | Timer::Election(transaction)
            | Timer::Backup(transaction) => transaction,
        }
    }
}

/// What stands in the log on disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The node was started, for the so-manieth time.
    Started {
        /// How often, counting this one.
        incarnation: u32,
    },
    /// A site changed a value.
    Update {
        /// The transaction that did.
        transaction: TransactionId,
        /// Which value.
        key: Key,
        /// What it was before, to undo.
        before: Version,
        /// What it is now, to redo.
        after: i64,
    },
    /// A participant is prepared to go either way.
    Prepared {
        /// The transaction.
        transaction: TransactionId,
        /// Whom it can ask, besides the coordinator.
        participants: Arc<[NodeId]>,
        /// The keys that it holds a shared lock on.
        reads: Arc<[Key]>,
    },
    /// A coordinator begins to ask for votes (presumed commit's "collecting" record, three-phase commit's
    /// "start" record).
    Initiation {
        /// The transaction.
        transaction: TransactionId,
        /// Whom it asks.
        participants: Arc<[NodeId]>,
        /// Whose request it is.
        origin: Arc<Origin>,
    },
    /// The transaction is committed.
    Commit {
        /// The transaction.
        transaction: TransactionId,
        /// Whom the coordinator has to tell; empty at a participant.
        participants: Arc<[NodeId]>,
        /// Whose request it is; `None` at a participant that did not decide by itself.
        origin: Option<Arc<Origin>>,
    },
    /// The transaction is aborted.
    Abort {
        /// The transaction.
        transaction: TransactionId,
        /// Whom the coordinator has to tell; empty at a participant.
        participants: Arc<[NodeId]>,
    },
    /// The coordinator is going to tell a client that its request was aborted. It has to be able to say the same
    /// to a copy of the request that arrives after a crash, so this is durable before the client is told.
    Refused(Arc<Session>),
    /// Everyone has acknowledged: the coordinator can forget the transaction.
    End {
        /// The transaction.
        transaction: TransactionId,
    },
    /// All that the records before it amount to, so that they could be dropped.
    Checkpoint(Box<Checkpoint>),
}

/// What a log amounts to, apart from the transactions that are still open.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How often the node had been started.
    pub incarnation: u32,
    /// The values in place, those of open transactions included.
    pub versions: Vec<(Key, Version)>,
    /// How the latest transactions ended.
    pub outcomes: Vec<(TransactionId, Outcome)>,
    /// Transactions up to this one that are not listed have ended, and how is forgotten.
    pub forgotten: TransactionId,
    /// The latest request of each client that has ended.
    pub sessions: Vec<Arc<Session>>,
}

impl Record {
    /// The transaction that it is about.
    pub fn transaction(&self) -> Option<TransactionId> {
        match self {
            Record::Started { .. } | Record::Checkpoint(_) | Record::Refused(_) => None,
            Record::Update { transaction, .. }
            | Record::Prepared { transaction, .. }
            | Record::Initiation { transaction, .. }
            | Record::Commit { transaction, .. }
            | Record::Abort { transaction, .. }
            | Record::End { transaction } => Some(*transaction),
        }
    }

    /// Whether the published comparisons of commit protocols count it: the records of the protocol, not
    /// those of the work.
    pub fn is_commit_protocol(&self) -> bool {
        !matches!(
            self,
            Record::Started { .. } | Record::Update { .. } | Record::Checkpoint(_) | Record::Refused(_)
        )
    }
}
