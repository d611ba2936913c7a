//! The engine of Multi-Paxos, a WebAssembly module of its own.

lamplight::engine_module!(lamplight::protocol::paxos::multi::MultiPaxos);
