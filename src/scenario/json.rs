//! Scenarios as JSON files: readable, documented in `docs/scenario.schema.json`, refused with a clear error.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::text::NotText;
use super::{About, Preset, Presets, Scenario, numbers};
use crate::protocol::{Invalid, Participant};
use crate::sim::{ClusterSetup, InterventionOf, limits};

/// The longest file that is read, in bytes.
pub const JSON_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The version of the form that is written.
pub const FORMAT: u32 = 1;

/// How many acts that cannot be are named, of many.
const WRONG_MAX: usize = 10;

/// How much of a value is shown where it is written in another way.
const SHOWN_CHARS: usize = 60;

/// Why a file is refused.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum JsonError {
    /// It is too long to be read.
    #[error("the file has {0} bytes; at most {JSON_BYTES_MAX} are read")]
    TooLong(usize),
    /// It is no text.
    #[error("this is not a scenario file: {0}")]
    NotText(#[from] NotText),
    /// It is some other text.
    #[error("this is not a scenario file")]
    NotAScenario,
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
    Invalid(Vec<Invalid>),
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
    protocol_of_plain(&numbers::plain(text))
}

/// The same, of a text in which whole numbers are written as digits.
fn protocol_of_plain(text: &str) -> Result<String, JsonError> {
    let head: Head = serde_json::from_str(text).map_err(|error| JsonError::Form(error.to_string()))?;
    match head.format {
        1..=FORMAT => Ok(head.protocol),
        0 => Err(JsonError::Form("there is no format 0".to_owned())),
        newer => Err(JsonError::Newer(newer)),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
struct File<P: Participant> {
    /// Where an editor finds the schema.
    #[serde(
        rename = "$schema",
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    schema: Option<String>,
    /// What whoever wrote it says about it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    format: u32,
    protocol: String,
    /// A preset to start from; `setup` is left out then.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    preset: Option<String>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    setup: Option<ClusterSetup<P>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    interventions: Vec<Done<InterventionOf<P>>>,
    #[serde(default)]
    cursor: u32,
}

/// A field that may be left out, and is not `null` where it stands.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
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
    if text.len() > JSON_BYTES_MAX {
        return Err(JsonError::TooLong(text.len()));
    }
    let text = numbers::plain(text);
    let protocol = protocol_of_plain(&text)?;
    if protocol != P::NAME {
        return Err(JsonError::Protocol(protocol));
    }
    let form = |error: serde_json::Error| JsonError::Form(error.to_string());
    let file: File<P> = serde_json::from_str(&text).map_err(form)?;
    if let Some(misread) = misread(&serde_json::from_str(&text).map_err(form)?, &value_of(&file), "") {
        return Err(JsonError::Form(misread));
    }
    let (preset, setup, seed) = match (file.preset, file.setup) {
        (Some(name), None) => {
            let preset = preset_of::<P>(&name).ok_or(JsonError::Preset(name))?;
            (Some(preset.name), (preset.setup)(), file.seed.unwrap_or(preset.seed))
        }
        (None, setup) => (None, setup.unwrap_or_default(), file.seed.unwrap_or(1)),
        (Some(_), Some(_)) => {
            return Err(JsonError::Form("give either `preset` or `setup`, not both".into()));
        }
    };
    setup.validate().map_err(JsonError::Invalid)?;
    let last = file.interventions.iter().map(|done| done.step).max().unwrap_or(0).max(file.cursor);
    if last > limits::STEPS_MAX || file.interventions.len() > limits::INTERVENTIONS_MAX {
        return Err(JsonError::Form("the run is longer than can be recorded".into()));
    }
    let acts = file.interventions.iter().enumerate();
    let wrong = acts.filter_map(|(at, done)| {
        let problem = setup.problem_of_act(&done.act)?;
        Some(Invalid::new(format!("interventions[{at}].act"), problem))
    });
    let wrong: Vec<Invalid> = wrong.take(WRONG_MAX).collect();
    if !wrong.is_empty() {
        return Err(JsonError::Invalid(wrong));
    }
    let count = file.interventions.len();
    let interventions: BTreeMap<u32, _> =
        file.interventions.into_iter().map(|done| (done.step, done.act)).collect();
    if interventions.len() != count {
        return Err(JsonError::Form("two interventions stand at the same step".into()));
    }
    let about = About { schema: file.schema, description: file.description };
    Ok(Scenario { preset, setup: Arc::new(setup), seed, interventions, cursor: file.cursor, about })
}

/// The preset of this name, with or without the protocol's in front of it: `calm` and `raft/calm`.
fn preset_of<P: Presets>(name: &str) -> Option<Preset<P>> {
    let own = name.strip_prefix(P::NAME).and_then(|rest| rest.strip_prefix('/'));
    P::preset(own.unwrap_or(name))
}

/// The first place where a file says something else than what was read from it.
///
/// What reads JSON here is generous: it takes a list for an object, and `{"heal": null}` for `"heal"`. The schema allows
/// none of that. What is written again has to be what was given; only what has its default may be missing there.
fn misread(given: &Value, read: &Value, at: &str) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, value)| {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match read.get(name) {
                Some(read) => misread(value, read, &at),
                // It has its default. A field that is not known is refused where it is read.
                None => None,
            }
        }),
        // The order of a set says nothing.
        (Value::Array(given), Value::Array(read)) if is_same_set(given, read) => None,
        (Value::Array(given), Value::Array(read)) if given.len() == read.len() => {
            let pairs = given.iter().zip(read).enumerate();
            pairs
                .filter_map(|(number, (given, read))| misread(given, read, &format!("{at}[{number}]")))
                .next()
        }
        _ if given == read => None,
        _ => {
            let short = |value: &Value| value.to_string().chars().take(SHOWN_CHARS).collect::<String>();
            Some(format!("at {at}: {} is written as {}", short(given), short(read)))
        }
    }
}

/// Whether a list of numbers is a set that was read from another order of them.
fn is_same_set(given: &[Value], read: &[Value]) -> bool {
    given.len() == read.len() && read.iter().all(|number| number.is_u64() && given.contains(number))
}

/// Writes a scenario. The setup is written out even where it is a preset's, so that the file stands alone.
pub fn write<P: Participant>(scenario: &Scenario<P>) -> String {
    let file = File::<P> {
        schema: scenario.about.schema.clone(),
        description: scenario.about.description.clone(),
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
