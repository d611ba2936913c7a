//! The protocols: state machines without I/O, and the contract between them and whatever runs them.

pub mod consistent_hashing;
