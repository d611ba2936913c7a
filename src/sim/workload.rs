//! What the clients do when nobody tells them.

use serde::{Deserialize, Serialize};

use super::OutOfBounds;

/// A steady workload: each client issues a random command, waits for the answer, thinks, and goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Workload {
    /// The mean time between an answer and the next command, in µs.
    pub think_us_mean: u64,
    /// Over how many keys the commands spread.
    pub keys: u16,
    /// How many commands each client issues in all; 0 for no end.
    pub commands_per_client: u32,
}

impl Default for Workload {
    fn default() -> Self {
        Workload { think_us_mean: 40_000, keys: 4, commands_per_client: 0 }
    }
}

impl Workload {
    /// Whether the figures are within bounds.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<(), OutOfBounds> {
        if self.think_us_mean > 60_000_000 {
            return Err(OutOfBounds { what: "think_us_mean", limit: 60_000_000 });
        }
        if self.keys == 0 || self.keys > 10_000 {
            return Err(OutOfBounds { what: "keys", limit: 10_000 });
        }
        Ok(())
    }
}
