//! What has a form of its own in scenario files crosses the wire in that form: as JSON in a string.
//!
//! Those forms leave out what is not set and tell variants by their names, which a compact format without names cannot
//! read back.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes it.
///
/// # Errors
/// If it has no form as JSON.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    let text = serde_json::to_string(value).map_err(S::Error::custom)?;
    to.serialize_str(&text)
}

/// Reads it.
///
/// # Errors
/// If the text is not its JSON.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    serde_json::from_str(&text).map_err(D::Error::custom)
}
