//! The algorithms by name, and how to build each.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ketama::KetamaShare;
use super::{
    Anchor, BoundedLoads, Disruption, HashRing, Jump, Ketama, Maglev, Modulo, MultiProbe, Placement,
    PlacementError, Rendezvous,
};

/// One of the algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// The hash modulo the number of nodes.
    Modulo,
    /// The hash ring with virtual nodes.
    Ring,
    /// The ring as libketama has it.
    Ketama,
    /// The ring as libmemcached has it.
    KetamaLibmemcached,
    /// The ring with bounded loads.
    BoundedLoads,
    /// Rendezvous hashing.
    Rendezvous,
    /// Jump consistent hash.
    Jump,
    /// Maglev hashing.
    Maglev,
    /// Multi-probe consistent hashing.
    MultiProbe,
    /// AnchorHash.
    Anchor,
}

/// No algorithm has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no algorithm is named {0:?}; there are {list}", list = Algorithm::ALL.map(Algorithm::name).join(", "))]
pub struct UnknownAlgorithm(pub String);

/// What can be chosen beside the algorithm. Each value concerns the algorithms that its comment names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Points per unit of weight: the ring, bounded loads, multi-probe. `None` is the default of each;
    /// the other algorithms refuse a number.
    pub virtual_nodes: Option<u32>,
    /// c of bounded loads, in thousandths.
    pub load_factor_thousandths: u32,
    /// The entries of Maglev's table, a prime.
    pub maglev_table_size: u32,
    /// The probes of multi-probe.
    pub probes: u32,
    /// The buckets of AnchorHash.
    pub anchor_capacity: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            virtual_nodes: None,
            load_factor_thousandths: BoundedLoads::LOAD_FACTOR_THOUSANDTHS_DEFAULT,
            maglev_table_size: Maglev::TABLE_SIZE_DEFAULT,
            probes: MultiProbe::PROBES_DEFAULT,
            anchor_capacity: Anchor::CAPACITY_DEFAULT,
        }
    }
}

impl Algorithm {
    /// All of them, in the order of a table that compares them.
    pub const ALL: [Self; 10] = [
        Self::Modulo,
        Self::Ring,
        Self::Ketama,
        Self::KetamaLibmemcached,
        Self::BoundedLoads,
        Self::Rendezvous,
        Self::Jump,
        Self::Maglev,
        Self::MultiProbe,
        Self::Anchor,
    ];

    /// The name on the command line and in links.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Modulo => "modulo",
            Self::Ring => "ring",
            Self::Ketama => "ketama",
            Self::KetamaLibmemcached => "ketama-libmemcached",
            Self::BoundedLoads => "bounded-loads",
            Self::Rendezvous => "rendezvous",
            Self::Jump => "jump",
            Self::Maglev => "maglev",
            Self::MultiProbe => "multi-probe",
            Self::Anchor => "anchor",
        }
    }

    /// What the algorithm promises about the keys that move. Ketama keeps its promise while the weights are
    /// equal (`ketama.rs`).
    pub const fn disruption(self) -> Disruption {
        match self {
            Self::Modulo => Modulo::DISRUPTION,
            Self::Ring => HashRing::DISRUPTION,
            Self::Ketama | Self::KetamaLibmemcached => Ketama::DISRUPTION,
            Self::BoundedLoads => BoundedLoads::DISRUPTION,
            Self::Rendezvous => Rendezvous::DISRUPTION,
            Self::Jump => Jump::DISRUPTION,
            Self::Maglev => Maglev::DISRUPTION,
            Self::MultiProbe => MultiProbe::DISRUPTION,
            Self::Anchor => Anchor::DISRUPTION,
        }
    }

    /// Whether nodes may have different weights.
    pub const fn has_weights(self) -> bool {
        !matches!(self, Self::Modulo | Self::Jump)
    }

    /// Whether any node may leave and a node of any number may join; with jump only the last.
    pub const fn has_free_membership(self) -> bool {
        !matches!(self, Self::Jump)
    }

    /// A placement without nodes.
    ///
    /// # Errors
    /// A setting out of its bounds, or a number of virtual nodes for an algorithm that has none to set.
    pub fn build(self, settings: &Settings) -> Result<Box<dyn Placement>, PlacementError> {
        let virtual_nodes = |default| match (self, settings.virtual_nodes) {
            (_, None) => Ok(default),
            (Self::Ring | Self::BoundedLoads | Self::MultiProbe, Some(number)) => Ok(number),
            (_, Some(_)) => Err(PlacementError::VirtualNodesUnsupported(self)),
        };
        // The check comes first, so that no algorithm forgets it.
        let ring_points = virtual_nodes(HashRing::VIRTUAL_NODES_DEFAULT)?;
        Ok(match self {
            Self::Modulo => Box::new(Modulo::new()),
            Self::Ring => Box::new(HashRing::new(ring_points)?),
            Self::Ketama => Box::new(Ketama::new(KetamaShare::Libketama)),
            Self::KetamaLibmemcached => Box::new(Ketama::new(KetamaShare::Libmemcached)),
            Self::BoundedLoads => Box::new(BoundedLoads::new(ring_points, settings.load_factor_thousandths)?),
            Self::Rendezvous => Box::new(Rendezvous::new()),
            Self::Jump => Box::new(Jump::new()),
            Self::Maglev => Box::new(Maglev::new(settings.maglev_table_size)?),
            Self::MultiProbe => Box::new(MultiProbe::new(settings.probes, virtual_nodes(1)?)?),
            Self::Anchor => Box::new(Anchor::new(settings.anchor_capacity)?),
        })
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}
