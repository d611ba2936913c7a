//! Paxos: single-decree ([`synod`]) and as a replicated log ([`multi`]).
//!
//! Both are written after Lamport's "Paxos Made Simple" (2001), with the engineering of van Renesse and
//! Altinbuken's "Paxos Made Moderately Complex" (2015) and the quorums of Howard, Malkhi and Spiegelman's
//! "Flexible Paxos: Quorum Intersection Revisited" (2016); reasons also name Chandra, Griesemer and Redstone's
//! "Paxos Made Live" (2007), Alagappan et al.'s "Protocol-Aware Recovery for Consensus-Based Storage" (2018)
//! and, for the sessions of clients, Ongaro's "Consensus: Bridging Theory and Practice" (2014). They share:
//!
//! * [`ballot`]: proposal numbers that no two proposers can have in common.
//! * [`node_set`] and [`quorum`]: who holds a role, who has answered, and how many answers are enough.
//! * [`invariant`]: what must hold after every step, by name.
//! * [`durable`]: answers that wait until the disk holds what they promise.
//!
//! # An acceptor whose disk cannot be trusted
//!
//! An acceptor that forgets a promise can help two quorums to choose two values, so one that finds its disk
//! empty (the operator formats a disk before a node's first start) or a synced record damaged takes no part as
//! proposer or acceptor any more: [`crate::protocol::Standing::Out`]. It writes nothing either, so that its
//! next start finds the disk as it is and stays out again. It still learns what the others choose.
//!
//! It is never readmitted under its old name. Within one decree nothing short of a new set of acceptors would
//! be safe, because nobody else knows what it had promised. A log could readmit it from a slot on that lies
//! beyond everything it may have voted for, which takes a change of membership; these protocols have none.

pub mod ballot;
pub mod durable;
pub mod invariant;
pub mod multi;
pub mod node_set;
pub mod quorum;
pub mod synod;
mod turn;

pub use ballot::Ballot;
pub use invariant::Invariant;
pub use node_set::NodeSet;
pub use quorum::Quorums;
