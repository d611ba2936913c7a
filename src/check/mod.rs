//! Whether a protocol keeps its promises, asked of many runs or of all of them.
//!
//! * [`checkable`]: what a check has to know of a protocol. [`faults`]: what a run is put through.
//! * [`expectations`]: what may be expected of a run, given what it starts from.
//! * [`run`]: one seed; [`range`]: many of them, on all processors.
//! * [`explore`]: every reachable state of a small cluster.
//! * [`judge`]: who looks at what the disks hold, and not at what a node says of it.
//! * [`history`], [`linearizability`], [`key_value`]: what clients saw, and whether one copy explains it.
//! * [`raft`], [`paxos`], [`atomic_commit`], [`consistent_hashing`]: what is special about checking each
//!   protocol.

pub mod atomic_commit;
pub mod checkable;
pub mod consistent_hashing;
pub mod expectations;
pub mod explore;
pub mod faults;
pub mod history;
pub mod judge;
pub mod key_value;
pub mod linearizability;
pub mod measure;
pub mod paxos;
pub mod raft;
#[cfg(not(target_arch = "wasm32"))]
pub mod range;
pub mod run;

pub use checkable::{Checkable, Judgement, Tolerance};
pub use faults::FaultModel;
pub use judge::{Judge, Replacement};
