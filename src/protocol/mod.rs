//! The protocols: state machines without I/O, and the contract between them and whatever runs them.
//!
//! A participant is driven with one [`Input`] at a time and answers with [`Effects`]. It has no clock, no
//! random source, no thread and no global of its own: virtual time and randomness are handed in with
//! [`Surroundings`]. The same code can run on the virtual cluster of [`crate::sim`] or behind real sockets.
//!
//! * [`participant`]: the contract.
//! * [`invalid`]: what can be wrong with options.
//! * [`wal`]: a write-ahead log of checksummed frames, shared by all protocols that keep a log.
//! * [`rules`]: the names of the rules that a protocol keeps, and how they are broken on purpose.
//! * [`shared`]: how shared values are read without detours.
//! * [`chunked`]: a sequence whose clones share what they have in common; what logs are kept in.
//! * [`key_value`]: the replicated state machine that Raft and Multi-Paxos serve.
//! * [`raft`], [`paxos`], [`atomic_commit`], [`consistent_hashing`]: the algorithms.

pub mod atomic_commit;
pub mod chunked;
pub mod consistent_hashing;
pub mod invalid;
pub mod key_value;
pub mod participant;
pub mod paxos;
pub mod raft;
pub mod rules;
pub mod shared;
pub mod wal;

pub use invalid::{Invalid, Problem};
pub use participant::{
    ClientId, Disposition, Effect, EffectBody, Effects, Input, Lane, Monitor, NodeId, Observation,
    Participant, RequestId, Setup, Standing, Surroundings, SyncId,
};
pub use rules::{RuleName, RuleSet, rules};
