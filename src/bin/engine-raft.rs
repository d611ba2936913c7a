//! The engine of Raft, a WebAssembly module of its own.

lamplight::engine_module!(lamplight::protocol::raft::Raft);
