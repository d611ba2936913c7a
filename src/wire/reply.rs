//! What an engine answers.

use serde::{Deserialize, Serialize};

use super::circle::CircleUpdate;
use crate::scene::Selection;
use crate::scene::model::{Cone, Deed, Inspection, Pending, Sentence, SourceSpot, Table, Tape};

/// Why a request was not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
pub enum Wrong {
    /// It is of another version than this one.
    #[error("the engine speaks version {0}")]
    Version(u8),
    /// It is longer than any request needs to be.
    #[error("the request is too long")]
    TooLong,
    /// It is no request.
    #[error("this is no request")]
    Malformed,
    /// It is about a run, and none is open.
    #[error("no run is open")]
    NoRun,
}

/// How things stand after a request.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The cursor.
    pub cursor: u32,
    /// How many steps there are.
    pub recorded: u32,
    /// The moment of the step before the cursor, in µs.
    pub now_us: u64,
    /// The moment of the last step, in µs.
    pub recorded_us: u64,
    /// The shown moment, in µs.
    pub time_us: u64,
    /// Whether it plays.
    pub is_playing: bool,
    /// Whether time has to go by for something to go on.
    pub is_moving: bool,
    /// Whether the person schedules.
    pub is_manual: bool,
    /// How many times slower than virtual time it is shown.
    pub slowdown: u32,
    /// What is chosen.
    pub selection: Option<Selection>,
}

/// What of a run stays the same.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The protocol: `raft`.
    pub protocol: String,
    /// The scenario, `raft/calm`, or `custom`.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: u16,
    /// How many clients there are.
    pub clients: u16,
}

/// A run was opened.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Opened {
    /// What stays the same of it.
    pub facts: Facts,
}

/// What was asked for could not be opened.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Refused {
    /// What is wrong, and what to do.
    pub text: String,
    /// Whether something could be saved, which [`Request::Salvage`](super::Request::Salvage) opens.
    pub can_be_salvaged: bool,
}

/// Why a run cannot start from changed settings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Rebuilt {
    /// These are wrong.
    Settings(Vec<WrongSetting>),
    /// Something else is.
    Other(String),
}

/// A setting that is not valid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WrongSetting {
    /// Where it stands: `options.election_timeout_us_min`.
    pub path: String,
    /// What is wrong with it, as a sentence that follows its name.
    pub text: String,
    /// The same with its name.
    pub text_with_name: String,
}

/// What happened at the cursor.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// The sentence.
    pub sentence: Option<Sentence>,
    /// The scrubber's paint, and what the reader did.
    pub tape: Option<(Tape, Vec<Deed>)>,
}

/// What is beside the stage; of what was not asked for there is nothing.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Panels {
    /// The circle of keys, where there is one.
    pub circle: Option<CircleUpdate>,
    /// What happened between the cursor positions that were asked for.
    pub story: Vec<Vec<Sentence>>,
    /// The tables.
    pub tables: Option<Vec<Table>>,
    /// What waits.
    pub pending: Option<Vec<Pending>>,
    /// The fields of what is selected, and what that is.
    pub inspected: Option<(Selection, Inspection)>,
}

/// Why a step happened.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Why {
    /// The chain of causes, the step itself first.
    pub causes: Vec<Sentence>,
    /// What led to it, and what came of it.
    pub cone: Option<Cone>,
    /// The lines that ran.
    pub spots: Option<Vec<SourceSpot>>,
}

/// A file.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Saved {
    /// What stands in it.
    pub text: String,
    /// The size of a picture.
    pub size: Option<(f64, f64)>,
}
