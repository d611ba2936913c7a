//! An exact run in the fragment of a link.
//!
//! `run=2.` and then, in URL-safe base64 without padding, the deflated lines of: the protocol's name; the
//! preset's name (or `null`) and the checksum of the setup; where there is no preset, the setup as far as it is
//! not the default; the seed; the cursor; the interventions, each with the steps since the one before. Each line
//! is JSON, as in a scenario file, and a CRC-32C of the lines stands in front of them. The most telling things
//! come first, so that what is left of a damaged link can be saved.
//!
//! Version 1 had the same form; since then the protocols have come to behave differently, so a run of version 1 may go
//! another way, and whoever opens one is told.
//!
//! People pass links on in sentences, mails and chats. What these add is read over: a full stop or a bracket behind
//! the link, `?utm_source=…`, `%3D` for `=`, a line break in the middle. The checksum says whether the run is whole.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crc::{CRC_32_ISCSI, Crc, Table};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json::{text_of, value_of};
use super::{About, Presets, Scenario};
use crate::protocol::Invalid;
use crate::sim::{ClusterSetup, InterventionOf, limits};

static CHECKSUM: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);

/// The version that is written, the one before the dot.
pub const VERSION: u32 = 2;
/// What a run's fragment begins with.
pub const PREFIX: &str = "run=";
/// The longest fragment that is read, in characters.
pub const LINK_CHARS_MAX: usize = 200_000;
/// The most bytes that a fragment may inflate to.
const INFLATED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What is said of a link of an earlier version.
const EARLIER: &str = "the link was made by an earlier version, in which protocols behaved differently";

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
    /// It was made by an earlier version.
    #[error("{EARLIER}: the run may go another way")]
    Earlier,
    /// It was made by an earlier version, and what it starts from cannot be read any more.
    #[error("{EARLIER}, and its settings are no longer known")]
    EarlierUnread,
    /// Its figures are not valid.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Invalid>),
}

/// What a link holds, before the protocol is known.
#[derive(Clone, PartialEq, Debug)]
pub struct Unpacked {
    /// The protocol's name.
    pub protocol: String,
    /// The lines that follow, in that protocol's terms.
    rest: String,
    /// Whether the checksum was right.
    pub whole: bool,
    /// The version that made it.
    pub version: u32,
}

/// A scenario that was read, in full or in part.
#[derive(Clone, PartialEq, Debug)]
pub struct Read<P: Presets> {
    /// What could be read; `None` where not even the start of the run could.
    pub scenario: Option<Scenario<P>>,
    /// What is missing.
    pub error: Option<LinkError>,
}

/// The fragment of a link to a run, with or without what stands before it; `None` if the text is no such link.
pub fn fragment_of(text: &str) -> Option<Cow<'_, str>> {
    let begin = |text: &str| match text.rfind("#run=") {
        Some(at) => Some(at + 1),
        None => text.starts_with(PREFIX).then_some(0),
    };
    let text = text.trim();
    if let Some(fragment) = begin(text).and_then(|at| text.get(at..)) {
        return Some(Cow::Borrowed(fragment));
    }
    // Some programs write `#` and `=` as `%23` and `%3D`.
    if text.len() > LINK_CHARS_MAX || !text.contains('%') {
        return None;
    }
    let text = without_escapes(text);
    begin(&text).and_then(|at| text.get(at..)).map(|fragment| Cow::Owned(fragment.to_owned()))
}

/// The text with `%3D` and its like written out, as far as they stand for ASCII.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code.filter(u8::is_ascii_graphic).zip(part.get(2..)) {
            Some((code, rest)) => {
                plain.push(char::from(code));
                plain.push_str(rest);
            }
            None => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// Opens a link's envelope.
///
/// # Errors
/// It is no link, too long, of a later version, or so damaged that not even the protocol can be read.
pub fn unpack(text: &str) -> Result<Unpacked, LinkError> {
    if text.len() > LINK_CHARS_MAX {
        return Err(LinkError::TooLong(text.len()));
    }
    let fragment = fragment_of(text).ok_or(LinkError::NotALink)?;
    let rest = fragment.strip_prefix(PREFIX).ok_or(LinkError::NotALink)?;
    let (version, body) = rest.split_once('.').ok_or(LinkError::Damaged)?;
    let version: u32 = version.parse().map_err(|_| LinkError::Damaged)?;
    if version > VERSION {
        return Err(LinkError::Newer(version));
    }
    let first = open_body(body, version);
    if first.as_ref().is_ok_and(|unpacked| unpacked.whole) {
        return first;
    }
    // Mail breaks long lines, and what follows is then a part of the link.
    let joined: String = body.split_ascii_whitespace().collect();
    if joined == body {
        return first;
    }
    match open_body(&joined, version) {
        Ok(unpacked) if unpacked.whole || first.is_err() => Ok(unpacked),
        _ => first,
    }
}

/// Reads what stands behind the version.
fn open_body(body: &str, version: u32) -> Result<Unpacked, LinkError> {
    let deflated = decode(body);
    let (bytes, inflated_whole) =
        match miniz_oxide::inflate::decompress_to_vec_with_limit(&deflated, INFLATED_BYTES_MAX) {
            Ok(bytes) => (bytes, true),
            Err(error) => (error.output, false),
        };
    let (checksum, content) = bytes.split_first_chunk::<4>().ok_or(LinkError::Damaged)?;
    let whole = inflated_whole && CHECKSUM.checksum(content) == u32::from_le_bytes(*checksum);
    // What was cut off in the middle of a character belongs to a line that is lost anyway.
    let content = String::from_utf8_lossy(content);
    let mut rest: &str = &content;
    let protocol = take::<String>(&mut rest).ok_or(LinkError::Damaged)?;
    Ok(Unpacked { protocol, rest: rest.to_owned(), whole, version })
}

/// Decodes as many characters as can be. Whether that was all of the link is for its checksum to say: what follows may
/// be the end of the sentence in which it stood.
fn decode(text: &str) -> Vec<u8> {
    let is_coded = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let good: String = text.chars().take_while(is_coded).collect();
    URL_SAFE_NO_PAD.decode(&good).unwrap_or_else(|_| {
        // The last group is not whole, or has bits that no encoder sets.
        let groups = good.len() / 4 * 4;
        let most = URL_SAFE_NO_PAD.decode(good.get(..groups).unwrap_or_default());
        most.or_else(|_| URL_SAFE_NO_PAD.decode(good.get(..groups.saturating_sub(4)).unwrap_or_default()))
            .unwrap_or_default()
    })
}

fn setup_checksum<P: Presets>(setup: &ClusterSetup<P>) -> u32 {
    CHECKSUM.checksum(text_of(setup).as_bytes())
}

/// Reads what an unpacked link says about a run of this protocol. What cannot be read is left out, and said.
pub fn read<P: Presets>(unpacked: &Unpacked) -> Read<P> {
    let mut error = if unpacked.whole { None } else { Some(LinkError::Damaged) };
    let mut rest: &str = &unpacked.rest;
    let nothing = |error| Read { scenario: None, error: Some(error) };
    let is_earlier = unpacked.whole && unpacked.version < VERSION;
    if is_earlier {
        error = Some(LinkError::Earlier);
    }

    let Some((name, checksum)) = take::<(Option<String>, u32)>(&mut rest) else {
        return nothing(LinkError::Damaged);
    };
    let (preset, setup) = match &name {
        Some(name) => match P::preset(name) {
            Some(preset) => (Some(preset.name), (preset.setup)()),
            None => return nothing(LinkError::Preset(name.clone())),
        },
        None => match take::<ClusterSetup<P>>(&mut rest) {
            Some(setup) => (None, setup),
            None if is_earlier => return nothing(LinkError::EarlierUnread),
            None => return nothing(LinkError::Damaged),
        },
    };
    if setup_checksum(&setup) != checksum {
        error.get_or_insert(LinkError::PresetChanged(name.unwrap_or_else(|| "custom".to_owned())));
    }
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
        about: About::default(),
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

/// Takes the first line. One that does not end was cut off, whatever it looks like.
fn take<T: DeserializeOwned>(rest: &mut &str) -> Option<T> {
    let (line, left) = rest.split_once('\n')?;
    *rest = left;
    serde_json::from_str(line).ok()
}

/// Leaves out of a setup, and of its options, what is the same as by default: both are read with their defaults.
/// The checksum says if those ever change.
fn leave_out_defaults(setup: &mut Value, default: &Value) {
    let (Some(fields), Some(known)) = (setup.as_object_mut(), default.as_object()) else { return };
    fields.retain(|name, field| known.get(name) != Some(field));
    let options = fields.get_mut("options").and_then(Value::as_object_mut);
    if let Some((options, known)) = options.zip(known.get("options").and_then(Value::as_object)) {
        options.retain(|name, option| known.get(name) != Some(option));
    }
}

/// Writes a run as a fragment, without the `#`.
pub fn write<P: Presets>(scenario: &Scenario<P>) -> String {
    let preset = scenario
        .preset
        .filter(|name| P::preset(name).is_some_and(|preset| (preset.setup)() == *scenario.setup));
    let mut lines = vec![text_of(P::NAME)];
    lines.push(text_of(&(preset, setup_checksum(&scenario.setup))));
    if preset.is_none() {
        let mut setup = value_of(&*scenario.setup);
        leave_out_defaults(&mut setup, &value_of(&ClusterSetup::<P>::default()));
        lines.push(setup.to_string());
    }
    lines.extend([text_of(&scenario.seed), text_of(&scenario.cursor)]);
    let mut next = 0;
    for (step, act) in &scenario.interventions {
        lines.push(text_of(&(step - next, act)));
        next = step + 1;
    }
    let content = lines.join("\n") + "\n";
    let mut bytes = CHECKSUM.checksum(content.as_bytes()).to_le_bytes().to_vec();
    bytes.extend(content.as_bytes());
    let deflated = miniz_oxide::deflate::compress_to_vec(&bytes, 9);
    format!("{PREFIX}{VERSION}.{}", URL_SAFE_NO_PAD.encode(deflated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::raft::Raft;

    fn link() -> String {
        let preset = Raft::preset("leader-crash").unwrap();
        let mut scenario = Scenario::<Raft>::of_setup((preset.setup)(), 7);
        (scenario.preset, scenario.cursor) = (Some(preset.name), 420);
        write(&scenario)
    }

    #[test]
    fn a_link_is_read_in_whatever_stood_around_it() {
        let link = link();
        let right = unpack(&link).unwrap();
        assert!(right.whole && right.version == VERSION && link.starts_with("run=2."));
        let (first, second) = link.split_at(40);
        for text in [
            format!("#{link}"),
            format!("  https://example.org/lamplight/#{link}\n"),
            format!("https://example.org/#{link}."),
            format!("(see https://example.org/#{link})"),
            format!("<https://example.org/?a=b#{link}>, he said"),
            format!("https://example.org/#{link}?utm_source=chat&utm_medium=run"),
            format!("https://example.org/#{}", link.replacen('=', "%3D", 1)),
            format!("https://example.org/%23{}", link.replacen('=', "%3d", 1).replacen('.', "%2E", 1)),
            format!("https://example.org/#{first}\r\n{second}"),
            format!("https://example.org/#{first}\n {second}\nBest regards"),
            format!("https://example.org/#{link}_"),
        ] {
            // What was written behind a link that a mail broke cannot be told from it.
            if text.ends_with("regards") {
                assert_eq!(unpack(&text).unwrap().protocol, "raft");
            } else {
                assert_eq!(unpack(&text).as_ref(), Ok(&right), "{text}");
            }
        }
    }

    #[test]
    fn what_is_missing_is_missing_whatever_stands_behind_it() {
        let link = link();
        for end in link.len() - 30..link.len() {
            for behind in ["", ".", ")", "?utm_source=chat"] {
                let text = format!("{}{behind}", &link[..end]);
                assert!(!unpack(&text).is_ok_and(|unpacked| unpacked.whole), "{text}");
            }
        }
        for text in ["raft/calm", "", "%", "%3D", "https://example.org/#about", "a run=2.x", "%25%2"] {
            assert_eq!(fragment_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_link_of_version_1_is_opened_and_says_that_protocols_behave_differently_since() {
        let old = link().replacen("run=2.", "run=1.", 1);
        let read = read::<Raft>(&unpack(&old).unwrap());
        assert_eq!(read.error, Some(LinkError::Earlier));
        assert_eq!(read.scenario.map(|scenario| (scenario.seed, scenario.cursor)), Some((7, 420)));
        let torn = unpack(&old[..old.len() - 2]).map(|unpacked| super::read::<Raft>(&unpacked).error);
        assert!(matches!(torn, Err(LinkError::Damaged) | Ok(Some(LinkError::Damaged))), "{torn:?}");
    }
}
