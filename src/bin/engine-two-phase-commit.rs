//! The engine of two-phase commit, a WebAssembly module of its own.

lamplight::engine_module!(lamplight::protocol::atomic_commit::TwoPhaseCommit);
