//! The invariants of both kinds of Paxos, by name.

use serde::Serialize;

/// What must hold after every step; for a log, of each slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum Invariant {
    /// Only a single value is chosen ("Paxos Made Simple" §2.1).
    Agreement,
    /// Only a value that has been proposed may be chosen (§2.1), and a ballot has one value (§2.2).
    Validity,
    /// A process never learns that a value has been chosen unless it actually has been (§2.1).
    LearnedOnlyIfChosen,
    /// An acceptor accepts nothing below its promise (P1a, §2.2), not even after a restart (§2.5).
    PromisesKept,
    /// What an acceptor has accepted never goes back to a lower ballot, not even across a crash (§2.5).
    AcceptedNeverGoesBack,
    /// A proposal of a higher ballot than a chosen one carries the chosen value (P2b, which P2c is there for; §2.2).
    P2c,
    /// A read sees all that clients had been told of when it arrived; of a log only.
    LinearizableReads,
}

impl Invariant {
    /// The name that the paper gives it, or the words in which it says it.
    pub fn name(self) -> &'static str {
        match self {
            Invariant::Agreement => "Agreement",
            Invariant::Validity => "Validity",
            Invariant::LearnedOnlyIfChosen => "Learned only if chosen",
            Invariant::PromisesKept => "Promises kept",
            Invariant::AcceptedNeverGoesBack => "Accepted ballot never goes back",
            Invariant::P2c => "P2c",
            Invariant::LinearizableReads => "Linearizable reads",
        }
    }
}
