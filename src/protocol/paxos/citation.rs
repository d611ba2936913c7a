//! Which rule of which paper a step follows.

use std::fmt;

use serde::Serialize;

/// The papers that the implementation follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub enum Paper {
    /// Lamport, "Paxos Made Simple", 2001.
    PaxosMadeSimple,
    /// van Renesse and Altinbuken, "Paxos Made Moderately Complex", ACM Computing Surveys, 2015.
    PaxosMadeModeratelyComplex,
    /// Howard, Malkhi and Spiegelman, "Flexible Paxos: Quorum Intersection Revisited", OPODIS 2016.
    FlexiblePaxos,
    /// Chandra, Griesemer and Redstone, "Paxos Made Live", PODC 2007.
    PaxosMadeLive,
    /// Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018.
    ProtocolAwareRecovery,
    /// Ongaro, "Consensus: Bridging Theory and Practice", 2014 (for the sessions of clients).
    BridgingTheoryAndPractice,
}

impl Paper {
    /// The title, as it is printed.
    pub fn title(self) -> &'static str {
        match self {
            Paper::PaxosMadeSimple => "Paxos Made Simple",
            Paper::PaxosMadeModeratelyComplex => "Paxos Made Moderately Complex",
            Paper::FlexiblePaxos => "Flexible Paxos",
            Paper::PaxosMadeLive => "Paxos Made Live",
            Paper::ProtocolAwareRecovery => "Protocol-Aware Recovery for Consensus-Based Storage",
            Paper::BridgingTheoryAndPractice => "Consensus: Bridging Theory and Practice",
        }
    }
}

/// A place in a paper.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Citation {
    /// Which paper.
    pub paper: Paper,
    /// Its section, by number (`§2.2`) or by heading.
    pub section: &'static str,
}

impl Citation {
    /// A section of "Paxos Made Simple".
    pub const fn simple(section: &'static str) -> Citation {
        Citation { paper: Paper::PaxosMadeSimple, section }
    }

    /// A section of "Paxos Made Moderately Complex".
    pub const fn moderately_complex(section: &'static str) -> Citation {
        Citation { paper: Paper::PaxosMadeModeratelyComplex, section }
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.paper.title(), self.section)
    }
}
