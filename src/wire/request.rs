//! What can be asked of an engine.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::scene::settings::Setting;
use crate::scene::{Command, Lang, Selection};
use crate::sim::Address;

/// A request. The reply to each is named beside it; all but what is malformed are answered together with the
/// [`State`](super::State) after them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Opens a run in place of the one that is open, paused: a [`Result`] of [`Opened`](super::Opened) and
    /// [`Refused`](super::Refused). What is open stays open where it is refused.
    Open {
        /// What.
        source: Source,
        /// Another seed than that of a built-in scenario.
        seed: Option<u64>,
        /// How slowly it is shown.
        slowdown: Option<u32>,
        /// The reader's language.
        lang: Lang,
    },
    /// Opens the same run from its start with these settings: a [`Result`] of [`Opened`](super::Opened) and
    /// [`Rebuilt`](super::Rebuilt).
    Rebuild {
        /// The settings that change.
        changes: Vec<Setting>,
        /// The reader's language.
        lang: Lang,
    },
    /// Opens what could be saved of what was refused last: an [`Option`] of [`Opened`](super::Opened).
    Salvage {
        /// How slowly it is shown.
        slowdown: Option<u32>,
    },
    /// Something for the player: a [`Result`] of [`Change`](crate::scene::player::Change) and, as a sentence, why it was
    /// refused.
    Command {
        /// What.
        command: Command,
        /// Whether a single step is shown as a movement.
        glides: bool,
        /// The reader's language.
        lang: Lang,
    },
    /// Real time goes by: a [`Change`](crate::scene::player::Change).
    Tick {
        /// How much, in µs.
        elapsed_us: u64,
    },
    /// The cluster, drawn: a [`Stage`](crate::scene::model::Stage).
    Stage {
        /// The reader's language.
        lang: Lang,
    },
    /// The messages alone, without their descriptions: a list of [`Message`](crate::scene::model::Message).
    Traffic,
    /// What happened at the cursor: [`Told`](super::Told).
    Sentence {
        /// Whether the scrubber's paint and the deeds are wanted, too.
        with_tape: bool,
        /// The reader's language.
        lang: Lang,
    },
    /// What is beside the stage: [`Panels`](super::Panels).
    Panels(PanelsWanted),
    /// Two branches side by side: an [`Option`] of a comparison.
    Compare {
        /// The branch that the one that is shown is compared with.
        other: u32,
        /// The reader's language.
        lang: Lang,
    },
    /// Why a step happened: an [`Option`] of [`Why`](super::Why), nothing while more steps have to be run again for it
    /// than are allowed at a time.
    Why {
        /// Which step, as a cursor position.
        step: u32,
        /// How many steps may be run again for it.
        steps_max: Option<u32>,
        /// Whether all that led to it and came of it is wanted.
        with_cone: bool,
        /// Whether the lines that ran are wanted.
        with_source: bool,
        /// The reader's language.
        lang: Lang,
    },
    /// Times the lookups that a table compares: an [`Option`] of the tables, if anything was timed.
    TimeLookups {
        /// The table that is in view.
        shown: u32,
        /// The reader's language.
        lang: Lang,
    },
    /// What an operator would chart: [`Metrics`](crate::scene::metrics::Metrics).
    Metrics,
    /// All branches: a list of [`BranchView`](crate::scene::model::BranchView).
    Branches,
    /// The space-time diagram between two moments: a [`SpaceTime`](crate::scene::model::SpaceTime).
    SpaceTime {
        /// From this moment.
        from_us: u64,
        /// To this one.
        to_us: u64,
        /// With so many arrows at most.
        arrows_max: u32,
    },
    /// What surrounds the nodes at the cursor: [`Conditions`](crate::scene::model::Conditions).
    Conditions,
    /// What a client or an operator can type there: a list of [`Prompt`](crate::scene::Prompt).
    Prompts {
        /// A client, or the node that an operator asks.
        of: Address,
        /// The reader's language.
        lang: Lang,
    },
    /// What the run starts from, as a form: a list of [`Setting`].
    Settings,
    /// The exact run as the fragment of a link, a text.
    Link,
    /// The exact run as a scenario file, a text.
    File,
    /// The digest of the run up to the cursor, a number.
    Digest,
    /// A file for another tool: an [`Option`] of [`Saved`](super::Saved), nothing where it would be too long.
    Export {
        /// What.
        export: Export,
        /// How many bytes it may have.
        bytes_max: u32,
        /// The reader's language.
        lang: Lang,
    },
}

/// What a run is opened from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Source {
    /// A scenario by name, a link, or the text of a scenario file.
    Text(String),
    /// What stands in a file: its beginning, and how many bytes it has.
    File(Rc<[u8]>, u64),
}

/// What is in view beside the stage.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PanelsWanted {
    /// The circle of keys on the stage.
    pub circle: bool,
    /// What happened from one cursor position to another, both included.
    pub story: Vec<(u32, u32)>,
    /// The position of the table.
    pub table: Option<u32>,
    /// Events that wait, at most so many.
    pub pending: Option<u32>,
    /// The fields of the first of these that is there.
    pub inspect: Vec<Selection>,
    /// The reader's language.
    pub lang: Lang,
}

/// A file for another tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Export {
    /// The scenario file.
    Scenario,
    /// Every step up to the cursor as NDJSON.
    Trace,
    /// The metrics for Prometheus.
    Metrics,
    /// A Mermaid sequence diagram of the steps from one to another.
    Mermaid(u32, u32),
    /// A ShiViz log of these steps.
    Shiviz(u32, u32),
    /// The stage as SVG.
    Stage,
    /// The space-time diagram between two moments, in µs, as SVG.
    Diagram(u64, u64),
}
