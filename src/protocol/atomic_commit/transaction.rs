//! Transactions: what a client asks for, and what it is told.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::{ClientId, NodeId, RequestId};

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 64;
/// The largest number of operations in one transaction.
pub const OPERATIONS_MAX: usize = 64;
/// The largest absolute value that a key can be given, so that sums of balances never overflow.
pub const VALUE_MAX: i64 = 1 << 52;

/// The node that coordinates all transactions; the others are resource managers.
pub const COORDINATOR: NodeId = NodeId(0);

/// The name of a value at one site, such as an account.
pub type Key = Arc<str>;

/// The name of a transaction. Names are ordered by age: an older transaction has the smaller one.
///
/// It begins with the coordinator's incarnation, so that a coordinator that has forgotten all about a
/// transaction can never give its name to another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct TransactionId {
    /// How often the coordinator had been started when the transaction began.
    pub incarnation: u32,
    /// The transaction's number within that incarnation, counted from 1.
    pub number: u32,
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}.{}", self.incarnation, self.number)
    }
}

/// Where a value lives.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The resource manager that keeps it.
    pub site: NodeId,
    /// Its name there.
    pub key: Key,
}

impl Place {
    /// The place of `key` at `site`.
    pub fn new(site: NodeId, key: impl Into<Key>) -> Place {
        Place { site, key: key.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.key, self.site)
    }
}

/// One operation of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Read a value.
    Read {
        /// Which one.
        at: Place,
    },
    /// Give a value, whatever was there.
    Write {
        /// Which one.
        at: Place,
        /// What it will be.
        value: i64,
    },
    /// Add to a value. The site votes no if the result is below zero: an account cannot be overdrawn.
    Add {
        /// Which one.
        at: Place,
        /// How much; negative to take away.
        amount: i64,
    },
}

impl Operation {
    /// Where it operates.
    pub fn at(&self) -> &Place {
        match self {
            Operation::Read { at } | Operation::Write { at, .. } | Operation::Add { at, .. } => at,
        }
    }

    /// Whether it leaves the value as it is.
    pub fn is_read(&self) -> bool {
        matches!(self, Operation::Read { .. })
    }
}

/// What a client asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Move an amount from one account to another.
    Transfer {
        /// The account to take it from; it must hold at least as much.
        from: Place,
        /// The account to give it to.
        to: Place,
        /// How much, at least 0.
        amount: i64,
    },
    /// Carry out these operations, all or none, as if alone.
    Transaction {
        /// The operations, each site's in this order.
        operations: Vec<Operation>,
    },
}

impl Command {
    /// Where its operations operate.
    pub fn places(&self) -> Vec<&Place> {
        match self {
            Command::Transfer { from, to, .. } => vec![from, to],
            Command::Transaction { operations } => operations.iter().map(Operation::at).collect(),
        }
    }

    /// The operations that the command consists of.
    ///
    /// # Errors
    /// Why the command makes no sense in a cluster of `nodes`.
    pub fn operations(&self, nodes: u16) -> Result<Arc<[Operation]>, Refusal> {
        let operations: Arc<[Operation]> = match self {
            Command::Transfer { from, to, amount } => {
                if *amount < 0 {
                    return Err(Refusal::ValueOutOfRange);
                }
                Arc::from([
                    Operation::Add { at: from.clone(), amount: amount.saturating_neg() },
                    Operation::Add { at: to.clone(), amount: *amount },
                ])
            }
            Command::Transaction { operations } => Arc::from(operations.as_slice()),
        };
        if operations.is_empty() || operations.len() > OPERATIONS_MAX {
            return Err(Refusal::OperationCount { max: OPERATIONS_MAX as u16 });
        }
        for operation in operations.iter() {
            let at = operation.at();
            if at.site == COORDINATOR || at.site.0 >= nodes {
                return Err(Refusal::NoSuchSite { site: at.site });
            }
            if at.key.is_empty() || at.key.len() > KEY_BYTES_MAX {
                return Err(Refusal::KeyLength { max_bytes: KEY_BYTES_MAX as u16 });
            }
            let value = match operation {
                Operation::Read { .. } => 0,
                Operation::Write { value, .. } => *value,
                Operation::Add { amount, .. } => *amount,
            };
            if value.unsigned_abs() > VALUE_MAX.unsigned_abs() {
                return Err(Refusal::ValueOutOfRange);
            }
        }
        Ok(operations)
    }
}

/// A value that a transaction saw or left, and whose it is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// Where it was read.
    pub at: Place,
    /// The value.
    pub value: i64,
    /// The transaction that wrote it; `None` for the opening balance. The transaction's own name after a
    /// write or an addition of its own.
    pub written_by: Option<TransactionId>,
}

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All of it takes effect.
    Commit,
    /// None of it does.
    Abort,
}

impl Outcome {
    /// The other one.
    pub fn opposite(self) -> Outcome {
        match self {
            Outcome::Commit => Outcome::Abort,
            Outcome::Abort => Outcome::Commit,
        }
    }
}

/// Why a resource manager votes no.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoVote {
    /// An account would be overdrawn.
    Overdrawn,
    /// A value would leave the range that can be stored.
    ValueOutOfRange,
    /// The site was restarted after it had done its work, and has lost it.
    WorkLost,
    /// The site has already aborted the transaction on its own, as it may before it votes.
    AlreadyAborted,
}

/// Why a resource manager gives a transaction up before anyone asks for its vote.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GaveUp {
    /// Wait-die: an older transaction holds the lock, so the younger one dies.
    WaitDie,
    /// Nobody asked for its vote for too long.
    NotAsked,
    /// It had given it up earlier.
    Earlier,
    /// It is work for a request that is older than one that the site has committed for the same client: the client was
    /// answered and has gone on. The site does not know what the answer was.
    OldRequest,
}

/// Why a transaction was aborted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbortCause {
    /// A site voted no.
    VotedNo {
        /// Which one.
        site: NodeId,
        /// Why.
        why: NoVote,
    },
    /// A site gave it up before it voted.
    GaveUp {
        /// Which one.
        site: NodeId,
        /// Why.
        why: GaveUp,
    },
    /// Votes were missing when the time for them was up.
    VoteTimeout {
        /// How many.
        missing: u16,
    },
    /// The work was not done in time, for instance because of a lock that somebody in doubt holds.
    WorkTimeout {
        /// How many sites had not finished.
        missing: u16,
    },
    /// It was the youngest in a circle of transactions that waited for each other.
    Deadlock,
    /// A site was restarted while the transaction worked there.
    SiteRestarted {
        /// Which one.
        site: NodeId,
    },
    /// The coordinator crashed before it had decided.
    CoordinatorCrashed,
    /// The participants decided among themselves.
    Termination,
}

/// Why a command is refused without being tried.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A transaction needs at least one operation and at most so many.
    OperationCount {
        /// The limit.
        max: u16,
    },
    /// No resource manager has this name.
    NoSuchSite {
        /// The name.
        site: NodeId,
    },
    /// A key has at least one byte and at most so many.
    KeyLength {
        /// The limit, in bytes.
        max_bytes: u16,
    },
    /// A value or an amount is out of range.
    ValueOutOfRange,
    /// The request is older than all that its client's session remembers.
    Stale,
}

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// All of it took effect.
    Committed {
        /// The transaction.
        transaction: TransactionId,
        /// What each operation read or left, site by site.
        readings: Arc<[Reading]>,
    },
    /// None of it took effect.
    Aborted {
        /// The transaction.
        transaction: TransactionId,
        /// Why.
        why: AbortCause,
    },
    /// The command makes no sense.
    Refused {
        /// Why.
        why: Refusal,
    },
    /// This node does not coordinate; that one does.
    Redirected {
        /// The coordinator.
        to: NodeId,
    },
    /// The coordinator is not ready, or cannot tell yet how the request ended: ask again.
    NotReady,
}

/// Whose request a transaction carries out, and what it read: enough to answer a retry after a crash.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The client.
    pub client: ClientId,
    /// Its request.
    pub request: RequestId,
    /// What was read.
    pub readings: Arc<[Reading]>,
}
