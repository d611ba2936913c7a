//! Which rule of which source a step follows.

use std::fmt;

use serde::Serialize;

/// The sources that the implementation follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub enum Source {
    /// Gray, "Notes on Data Base Operating Systems", 1978.
    Gray1978,
    /// Skeen, "Nonblocking Commit Protocols", SIGMOD 1981.
    Skeen1981,
    /// Mohan, Lindsay and Obermarck, "Transaction Management in the R* Distributed Database Management
    /// System", ACM TODS 11(4), 1986.
    MohanLindsayObermarck1986,
    /// Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987.
    BernsteinHadzilacosGoodman1987,
    /// Lampson and Lomet, "A New Presumed Commit Optimization for Two Phase Commit", VLDB 1993.
    LampsonLomet1993,
    /// Rosenkrantz, Stearns and Lewis, "System Level Concurrency Control for Distributed Database Systems",
    /// ACM TODS 3(2), 1978 (wait-die).
    RosenkrantzStearnsLewis1978,
    /// Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018.
    ProtocolAwareRecovery,
}

impl Source {
    /// The title, as it is printed.
    pub fn title(self) -> &'static str {
        match self {
            Source::Gray1978 => "Notes on Data Base Operating Systems",
            Source::Skeen1981 => "Nonblocking Commit Protocols",
            Source::MohanLindsayObermarck1986 => {
                "Transaction Management in the R* Distributed Database Management System"
            }
            Source::BernsteinHadzilacosGoodman1987 => "Concurrency Control and Recovery in Database Systems",
            Source::LampsonLomet1993 => "A New Presumed Commit Optimization for Two Phase Commit",
            Source::RosenkrantzStearnsLewis1978 => {
                "System Level Concurrency Control for Distributed Database Systems"
            }
            Source::ProtocolAwareRecovery => "Protocol-Aware Recovery for Consensus-Based Storage",
        }
    }
}

/// A place in a source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Citation {
    /// Which source.
    pub source: Source,
    /// Its section, by number or by heading.
    pub section: &'static str,
}

impl Citation {
    /// A section of "Concurrency Control and Recovery in Database Systems".
    pub const fn book(section: &'static str) -> Citation {
        Citation { source: Source::BernsteinHadzilacosGoodman1987, section }
    }

    /// A section of the paper about R*.
    pub const fn r_star(section: &'static str) -> Citation {
        Citation { source: Source::MohanLindsayObermarck1986, section }
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.source.title(), self.section)
    }
}
