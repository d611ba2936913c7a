//! An exact run in the fragment of a link.
//!
//! `run=1.` and then, in URL-safe base64 without padding, the deflated bytes of: the protocol's name; the
//! preset's name and the checksum of its setup, or the setup itself; the seed; the cursor; the interventions,
//! each with the steps since the one before. Everything is in postcard's format, and a CRC-32C of the bytes
//! before deflation stands in front of them. The most telling things come first, so that what is left of a
//! damaged link can be saved.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crc::{CRC_32_ISCSI, Crc, Table};
use serde::{Serialize, de::DeserializeOwned};

use super::{Presets, Scenario};
use crate::protocol::Invalid;
use crate::sim::{ClusterSetup, InterventionOf, limits};

static CHECKSUM: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);

/// The version that is written, the one before the dot.
pub const VERSION: u32 = 1;
/// What a run's fragment begins with.
pub const PREFIX: &str = "run=";
/// The longest fragment that is read, in characters.
pub const LINK_CHARS_MAX: usize = 200_000;
/// The most bytes that a fragment may inflate to.
const INFLATED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Why a link is refused.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum LinkError {
    /// It is not a link to a run at all.
    #[error("this is not a link to a run")]
    NotALink,
    /// It is too long to be read.
    #[error("the link has {0} characters; at most {LINK_CHARS_MAX} are read")]
    TooLong(usize),
    /// It was made by a later version.
    #[error("the link is of version {0}; this version reads up to {VERSION}")]
    Newer(u32),
    /// Characters are missing or were changed.
    #[error("the link is damaged: characters are missing or were changed")]
    Damaged,
    /// It is about a protocol that is not built in.
    #[error("there is no protocol `{0}`")]
    Protocol(String),
    /// It names a preset that there is no longer.
    #[error("there is no scenario `{0}`")]
    Preset(String),
    /// The preset has changed since the link was made, so the run would be another one.
    #[error("the scenario `{0}` has changed since the link was made")]
    PresetChanged(String),
    /// Its figures are not valid.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Invalid>),
}

/// What a link holds, before the protocol is known.
#[derive(Clone, PartialEq, Debug)]
pub struct Unpacked {
    /// The protocol's name.
    pub protocol: String,
    /// What follows, in that protocol's terms.
    rest: Vec<u8>,
    /// Whether the checksum was right.
    pub whole: bool,
}

/// A scenario that was read, in full or in part.
#[derive(Clone, PartialEq, Debug)]
pub struct Read<P: Presets> {
    /// What could be read; `None` where not even the start of the run could.
    pub scenario: Option<Scenario<P>>,
    /// What is missing.
    pub error: Option<LinkError>,
}

/// Whether a text looks like a link to a run, with or without what stands before the fragment.
pub fn fragment_of(text: &str) -> Option<&str> {
    let fragment = text.rsplit_once('#').map_or(text, |(_, fragment)| fragment);
    fragment.starts_with(PREFIX).then_some(fragment)
}

/// Opens a link's envelope.
///
/// # Errors
/// It is no link, too long, of a later version, or so damaged that not even the protocol can be read.
pub fn unpack(text: &str) -> Result<Unpacked, LinkError> {
    if text.len() > LINK_CHARS_MAX {
        return Err(LinkError::TooLong(text.len()));
    }
    let fragment = fragment_of(text.trim()).ok_or(LinkError::NotALink)?;
    let body = fragment.strip_prefix(PREFIX).ok_or(LinkError::NotALink)?;
    let (version, body) = body.split_once('.').ok_or(LinkError::Damaged)?;
    let version: u32 = version.parse().map_err(|_| LinkError::Damaged)?;
    if version > VERSION {
        return Err(LinkError::Newer(version));
    }
    let (deflated, decoded_whole) = decode(body);
    let (bytes, inflated_whole) =
        match miniz_oxide::inflate::decompress_to_vec_with_limit(&deflated, INFLATED_BYTES_MAX) {
            Ok(bytes) => (bytes, true),
            Err(error) => (error.output, false),
        };
    let (checksum, content) = bytes.split_first_chunk::<4>().ok_or(LinkError::Damaged)?;
    let whole =
        decoded_whole && inflated_whole && CHECKSUM.checksum(content) == u32::from_le_bytes(*checksum);
    let (protocol, rest) = postcard::take_from_bytes::<String>(content).map_err(|_| LinkError::Damaged)?;
    Ok(Unpacked { protocol, rest: rest.to_vec(), whole })
}

/// Decodes as many characters as can be, and says whether that was all of them.
fn decode(text: &str) -> (Vec<u8>, bool) {
    let is_coded = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let good: String = text.chars().take_while(is_coded).collect();
    let whole = good.len() == text.len();
    match URL_SAFE_NO_PAD.decode(&good) {
        Ok(bytes) => (bytes, whole),
        Err(_) => {
            let groups = good.len() / 4 * 4;
            (URL_SAFE_NO_PAD.decode(good.get(..groups).unwrap_or_default()).unwrap_or_default(), false)
        }
    }
}

fn setup_checksum<P: Presets>(setup: &ClusterSetup<P>) -> u32 {
    CHECKSUM.checksum(&postcard::to_allocvec(setup).unwrap_or_default())
}

/// Reads what an unpacked link says about a run of this protocol. What cannot be read is left out, and said.
pub fn read<P: Presets>(unpacked: &Unpacked) -> Read<P> {
    let mut error = if unpacked.whole { None } else { Some(LinkError::Damaged) };
    let mut rest: &[u8] = &unpacked.rest;
    let nothing = |error| Read { scenario: None, error: Some(error) };

    let Some(origin) = take::<Option<(String, u32)>>(&mut rest) else { return nothing(LinkError::Damaged) };
    let (preset, setup) = match origin {
        Some((name, checksum)) => {
            let Some(preset) = P::preset(&name) else { return nothing(LinkError::Preset(name)) };
            let setup = (preset.setup)();
            if setup_checksum(&setup) != checksum {
                error.get_or_insert(LinkError::PresetChanged(name));
            }
            (Some(preset.name), setup)
        }
        None => match take::<ClusterSetup<P>>(&mut rest) {
            Some(setup) => (None, setup),
            None => return nothing(LinkError::Damaged),
        },
    };
    if let Err(invalid) = setup.validate() {
        return nothing(LinkError::Invalid(invalid));
    }
    let seed = take::<u64>(&mut rest);
    let cursor = take::<u32>(&mut rest);
    let mut scenario = Scenario {
        preset,
        setup: Arc::new(setup),
        seed: seed.unwrap_or(1),
        interventions: BTreeMap::new(),
        cursor: cursor.unwrap_or(0).min(limits::STEPS_MAX),
    };
    let mut step = 0_u32;
    while !rest.is_empty() && scenario.interventions.len() < limits::INTERVENTIONS_MAX {
        let Some((steps_since, act)) = take::<(u32, InterventionOf<P>)>(&mut rest) else {
            error.get_or_insert(LinkError::Damaged);
            break;
        };
        step = step.saturating_add(steps_since);
        scenario.interventions.insert(step, act);
        // Each intervention is a step, so the next one stands at least one later.
        step = step.saturating_add(1);
    }
    if seed.is_none() || cursor.is_none() || !rest.is_empty() {
        error.get_or_insert(LinkError::Damaged);
    }
    Read { scenario: Some(scenario), error }
}

fn take<T: DeserializeOwned>(rest: &mut &[u8]) -> Option<T> {
    let (value, left) = postcard::take_from_bytes(rest).ok()?;
    *rest = left;
    Some(value)
}

/// Writes a run as a fragment, without the `#`.
pub fn write<P: Presets>(scenario: &Scenario<P>) -> String {
    let mut content = Vec::new();
    put(&mut content, &P::NAME);
    let preset = scenario
        .preset
        .filter(|name| P::preset(name).is_some_and(|preset| (preset.setup)() == *scenario.setup));
    match preset {
        Some(name) => put(&mut content, &Some((name, setup_checksum(&scenario.setup)))),
        None => {
            put(&mut content, &None::<(String, u32)>);
            put(&mut content, &*scenario.setup);
        }
    }
    put(&mut content, &scenario.seed);
    put(&mut content, &scenario.cursor);
    let mut next = 0;
    for (step, act) in &scenario.interventions {
        put(&mut content, &(step - next, act));
        next = step + 1;
    }
    let mut bytes = CHECKSUM.checksum(&content).to_le_bytes().to_vec();
    bytes.append(&mut content);
    let deflated = miniz_oxide::deflate::compress_to_vec(&bytes, 9);
    format!("{PREFIX}{VERSION}.{}", URL_SAFE_NO_PAD.encode(deflated))
}

fn put<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    // Writing plain data into memory cannot fail.
    bytes.extend(postcard::to_allocvec(value).unwrap_or_default());
}
