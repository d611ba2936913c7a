//! The engine of the Synod of Paxos, a WebAssembly module of its own.

lamplight::engine_module!(lamplight::protocol::paxos::synod::Synod);
