//! Atomic commit: two-phase commit and three-phase commit over resource managers that lock, log and recover.
//!
//! Node 0 coordinates; all other nodes are resource managers, each a key-value store. A transaction's work is
//! done first, under strict two-phase locking, with changes in place and a write-ahead log to undo or redo
//! them; then its participants vote, and the commit protocol makes them agree.
//!
//! Read in this order:
//!
//! * [`transaction`]: what a client asks for and is told. [`options`]: what can be configured.
//! * [`message`]: what nodes say, log and wait for. [`reason`]: why they do what they do.
//! * [`coordinator`] and [`site`]: both sides' books. [`locks`], [`deadlock`], [`store`], [`log`] and [`session`]
//!   are what they stand on.
//! * `requests` and `work`: both sides of the work before the vote.
//! * `voting` and `participant`: both sides of the vote and of the decision.
//! * [`two_phase`] and [`three_phase`]: what distinguishes the two, above all what is done in doubt.
//! * `recovery`: what a log means after a crash. [`node`]: all of it as a participant of a cluster.
//! * [`monitor`]: the invariants AC1 to AC5, isolation and durability.

pub mod coordinator;
pub mod deadlock;
pub mod locks;
pub mod log;
pub mod message;
pub mod monitor;
pub mod node;
pub mod options;
mod participant;
pub mod reason;
mod recovery;
mod requests;
pub mod session;
pub mod site;
pub mod store;
pub mod three_phase;
pub mod transaction;
pub mod two_phase;
mod voting;
mod work;
mod workload;

pub use coordinator::{Coordination, Coordinator, Phase};
pub use locks::{Lock, LockMode, LockTable};
pub use log::{Entry, Log, Write};
pub use message::{Message, ProcessState, Record, Timer, Vote};
pub use monitor::{CommitMonitor, CommitViolation};
pub use node::{Duty, Node, Operation as OperatorRequest, OutBecause, Variant};
pub use options::{
    Balance, BreakRules, DeadlockHandling, Presumption, ResourceOptions, Rule, ThreePhaseOptions,
    TwoPhaseOptions,
};
pub use reason::Reason;
pub use site::{Branch, BranchState, Ended, Site, Stage};
pub use three_phase::ThreePhaseCommit;
pub use transaction::{
    AbortCause, Answer, COORDINATOR, Command, GaveUp, Key, NoVote, Operation, Outcome, Place, Reading,
    Refusal, TransactionId,
};
pub use two_phase::TwoPhaseCommit;
