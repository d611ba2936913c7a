//! What to run, as data: protocol, options, seed and what is done to the cluster. Presets, the JSON form and
//! the link codec.
//!
//! * [`preset`]: the built-in scenarios.
//! * [`json`]: scenarios as files (`docs/scenario.schema.json`); [`text`] and [`numbers`] are how they are written.
//! * [`link`]: an exact run in a few hundred characters.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::protocol::Participant;
use crate::sim::{ClusterSetup, InterventionOf, Problem, Recording};

pub mod atomic_commit;
pub mod consistent_hashing;
pub mod json;
pub mod link;
pub mod multi_paxos;
pub mod numbers;
pub mod paxos;
pub mod preset;
pub mod raft;
pub mod text;

pub use preset::{Preset, Presets};

/// An exact run: what it starts from, what a person did, and where to look.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario<P: Participant> {
    /// The preset that it is, if it is one: the part behind `raft/`.
    pub preset: Option<&'static str>,
    /// What the cluster starts from.
    pub setup: Arc<ClusterSetup<P>>,
    /// The seed.
    pub seed: u64,
    /// What a person did, by the number of steps before it.
    pub interventions: BTreeMap<u32, InterventionOf<P>>,
    /// How many steps have happened at the moment that is shown.
    pub cursor: u32,
    /// What its file says about it.
    pub about: About,
}

/// What a scenario file says about itself. It is kept where the file is written again, and no part of a link.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct About {
    /// Where an editor finds the schema of such files (`$schema`).
    pub schema: Option<String>,
    /// A few words to its readers.
    pub description: Option<String>,
}

impl<P: Participant> Scenario<P> {
    /// A scenario in which nobody does anything.
    pub fn of_setup(setup: ClusterSetup<P>, seed: u64) -> Self {
        Scenario {
            preset: None,
            setup: Arc::new(setup),
            seed,
            interventions: BTreeMap::new(),
            cursor: 0,
            about: About::default(),
        }
    }

    /// Runs it up to the cursor, with all interventions.
    ///
    /// # Errors
    /// The first intervention that is not possible, or the limit that was reached, with the recording as far
    /// as it went: that much can be saved.
    pub fn record(&self) -> Result<Recording<P>, Box<Interrupted<P>>> {
        let mut recording = Recording::new(self.setup.clone(), self.seed);
        for (step, act) in &self.interventions {
            let before = step.saturating_sub(recording.steps());
            let result = recording.record_until(u64::MAX, before).and_then(|()| {
                if recording.steps() < *step {
                    Err(Problem::AtRest)
                } else {
                    recording.intervene(act.clone())
                }
            });
            if let Err(problem) = result {
                return Err(Box::new(Interrupted { recording, step: *step, problem }));
            }
        }
        let missing = self.cursor.saturating_sub(recording.steps());
        match recording.record_until(u64::MAX, missing) {
            Ok(()) => Ok(recording),
            Err(problem) => {
                let step = recording.steps();
                Err(Box::new(Interrupted { recording, step, problem }))
            }
        }
    }
}

/// A run that could not be had in full.
#[derive(Debug)]
pub struct Interrupted<P: Participant> {
    /// What there is of it.
    pub recording: Recording<P>,
    /// Where it ends.
    pub step: u32,
    /// Why.
    pub problem: Problem,
}
