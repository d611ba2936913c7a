//! Scenarios as JSON files: readable, documented in `docs/scenario.schema.json`, refused with a clear error.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Presets, Scenario};
use crate::protocol::Participant;
use crate::sim::{ClusterSetup, InterventionOf, limits};

/// The longest file that is read, in bytes.
pub const JSON_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The version of the form that is written.
pub const FORMAT: u32 = 1;

/// Why a file is refused.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum JsonError {
    /// It is too long to be read.
    #[error("the file has {0} bytes; at most {JSON_BYTES_MAX} are read")]
    TooLong(usize),
    /// It is not JSON, or not of this form.
    #[error("{0}")]
    Form(String),
    /// It was written by a later version.
    #[error("the file has format {0}; this version reads up to {FORMAT}")]
    Newer(u32),
    /// It is about a protocol that is not built in.
    #[error("there is no protocol `{0}`")]
    Protocol(String),
    /// It names a preset that the protocol does not have.
    #[error("there is no scenario `{0}`")]
    Preset(String),
    /// Its figures are not valid.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<crate::protocol::Invalid>),
}

/// What every scenario file begins with, whatever the protocol.
#[derive(Deserialize)]
struct Head {
    format: u32,
    protocol: String,
}

/// The protocol that a scenario file is about.
///
/// # Errors
/// The text is too long, not of this form, or of a later version.
pub fn protocol_of(text: &str) -> Result<String, JsonError> {
    if text.len() > JSON_BYTES_MAX {
        return Err(JsonError::TooLong(text.len()));
    }
    let head: Head = serde_json::from_str(text).map_err(|error| JsonError::Form(error.to_string()))?;
    if head.format > FORMAT {
        return Err(JsonError::Newer(head.format));
    }
    Ok(head.protocol)
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
struct File<P: Participant> {
    format: u32,
    protocol: String,
    /// A preset to start from; `setup` is left out then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preset: Option<String>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    setup: Option<ClusterSetup<P>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    interventions: Vec<Done<InterventionOf<P>>>,
    #[serde(default)]
    cursor: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Done<I> {
    /// How many steps had happened.
    step: u32,
    act: I,
}

/// Reads a scenario of this protocol.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read<P: Presets>(text: &str) -> Result<Scenario<P>, JsonError> {
    let protocol = protocol_of(text)?;
    if protocol != P::NAME {
        return Err(JsonError::Protocol(protocol));
    }
    let file: File<P> = serde_json::from_str(text).map_err(|error| JsonError::Form(error.to_string()))?;
    let (preset, setup, seed) = match (file.preset, file.setup) {
        (Some(name), None) => {
            let preset = P::preset(&name).ok_or(JsonError::Preset(name))?;
            (Some(preset.name), (preset.setup)(), file.seed.unwrap_or(preset.seed))
        }
        (None, setup) => (None, setup.unwrap_or_default(), file.seed.unwrap_or(1)),
        (Some(_), Some(_)) => {
            return Err(JsonError::Form("give either `preset` or `setup`, not both".into()));
        }
    };
    setup.validate().map_err(JsonError::Invalid)?;
    if file.cursor > limits::STEPS_MAX || file.interventions.len() > limits::INTERVENTIONS_MAX {
        return Err(JsonError::Form("the run is longer than can be recorded".into()));
    }
    let count = file.interventions.len();
    let interventions: BTreeMap<u32, _> =
        file.interventions.into_iter().map(|done| (done.step, done.act)).collect();
    if interventions.len() != count {
        return Err(JsonError::Form("two interventions stand at the same step".into()));
    }
    Ok(Scenario { preset, setup: Arc::new(setup), seed, interventions, cursor: file.cursor })
}

/// Writes a scenario. The setup is written out even where it is a preset's, so that the file stands alone.
pub fn write<P: Participant>(scenario: &Scenario<P>) -> String {
    let file = File::<P> {
        format: FORMAT,
        protocol: P::NAME.to_owned(),
        preset: None,
        seed: Some(scenario.seed),
        setup: Some((*scenario.setup).clone()),
        interventions: scenario
            .interventions
            .iter()
            .map(|(step, act)| Done { step: *step, act: act.clone() })
            .collect(),
        cursor: scenario.cursor,
    };
    serde_json::to_string_pretty(&value_of(&file)).unwrap_or_default()
}

/// Anything as JSON. Plain data always has such a form.
///
/// All that is written goes through here: a second way would put a second copy of the code for every message,
/// reason and option of every protocol into the page.
pub fn value_of<T: Serialize + ?Sized>(data: &T) -> serde_json::Value {
    serde_json::to_value(data).unwrap_or_default()
}

/// Anything as one line of JSON.
pub fn text_of<T: Serialize + ?Sized>(data: &T) -> String {
    value_of(data).to_string()
}
