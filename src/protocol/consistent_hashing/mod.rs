//! Consistent hashing: which node owns a key, when nodes join and leave.
//!
//! Ten algorithms stand behind one trait, [`Placement`]. Each file holds one of them and names its source:
//!
//! | file | algorithm | source |
//! |---|---|---|
//! | `ketama.rs` | the ring of the memcached clients | libketama (R. Jones, Last.fm, 2007) and libmemcached |
//! | `ring.rs` | hash ring with virtual nodes and weights | Karger et al., STOC 1997; DeCandia et al., SOSP 2007, §4.2 |
//! | `bounded_loads.rs` | the ring with a bound on every load | Mirrokni, Thorup and Zadimoghaddam, SODA 2018 |
//! | `rendezvous.rs` | highest random weight | Thaler and Ravishankar, IEEE/ACM ToN 6(1), 1998 |
//! | `jump.rs` | jump consistent hash | Lamping and Veach, arXiv:1406.2294, 2014 |
//! | `maglev.rs` | Maglev hashing | Eisenbud et al., NSDI 2016, §3.4 |
//! | `multi_probe.rs` | multi-probe consistent hashing | Appleton and O'Reilly, arXiv:1505.00062, 2015 |
//! | `anchor.rs` | AnchorHash | Mendelson et al., IEEE/ACM ToN 29(2), 2021 (arXiv:1812.09674) |
//! | `modulo.rs` | the hash modulo the number of nodes | none: it is what the others replace |
//!
//! [`store`] is a replicated key-value store whose keys they place, and move, on a cluster.
//!
//! Every answer is the same on every target. Nothing here draws a random number, reads a clock or depends on
//! the order of a hash map. Floating point occurs in three places, where the published mapping is defined by
//! it: [`jump`], the share of a ketama server ([`ketama`]), and the figures of [`measure`], which decide
//! nothing. All three use only the basic IEEE 754 operations, whose results are prescribed to the bit.
//! The logarithm of weighted rendezvous, which is not, is computed in integers (`fixed_log.rs`).

mod algorithm;
pub mod anchor;
pub mod bounded_loads;
pub mod circle;
mod error;
mod fixed_log;
mod hash;
pub mod jump;
pub mod ketama;
pub mod maglev;
pub mod measure;
pub mod modulo;
pub mod multi_probe;
mod placement;
pub mod rendezvous;
pub mod ring;
mod roster;
pub mod store;

pub use algorithm::{Algorithm, Settings, UnknownAlgorithm};
pub use anchor::Anchor;
pub use bounded_loads::BoundedLoads;
pub use circle::{Circle, RingPoint};
pub use error::{
    NAME_BYTES_MAX, NODES_MAX, PLACED_KEYS_MAX, POINTS_MAX, PROBES_MAX, PlacementError, TABLE_SIZE_MAX,
    VIRTUAL_NODES_MAX, WEIGHT_MAX,
};
pub use hash::key_hash;
pub use jump::Jump;
pub use ketama::Ketama;
pub use maglev::Maglev;
pub use modulo::Modulo;
pub use multi_probe::MultiProbe;
pub use placement::{Disruption, Placement};
pub use rendezvous::Rendezvous;
pub use ring::HashRing;
pub use roster::{Node, Roster};
