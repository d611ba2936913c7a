//! The engine of three-phase commit, a WebAssembly module of its own.

lamplight::engine_module!(lamplight::protocol::atomic_commit::ThreePhaseCommit);
