//! The engine of the store on consistent hashing, a WebAssembly module of its own.

lamplight::engine_module!(lamplight::protocol::consistent_hashing::store::Dynamo);
