//! The built-in scenarios.

use crate::lang::Lang;
use crate::protocol::Participant;
use crate::sim::ClusterSetup;

/// A built-in scenario.
pub struct Preset<P: Participant> {
    /// Its name behind the protocol's: `calm` of `raft/calm`.
    pub name: &'static str,
    /// What people call it.
    pub title: fn(Lang) -> &'static str,
    /// One line that says what to look for.
    pub look_for: fn(Lang) -> &'static str,
    /// The seed that shows it well.
    pub seed: u64,
    /// What the cluster starts from.
    pub setup: fn() -> ClusterSetup<P>,
}

/// A protocol that comes with built-in scenarios.
pub trait Presets: Participant {
    /// The scenarios, the calmest first. There is at least one.
    fn presets() -> Vec<Preset<Self>>;

    /// The scenario of this name.
    fn preset(name: &str) -> Option<Preset<Self>> {
        Self::presets().into_iter().find(|preset| preset.name == name)
    }
}
