//! How what is shared is read from bytes.
//!
//! What derives `Deserialize` reads a shared text into a string, that into a box and that into what is shared, and
//! every other shared value by way of a box. Logs are read at every start of a process and by every judge of disks, so
//! here each is put where it stays at once. What is accepted, and what comes out, is the same.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A shared text, as a value by itself.
struct Text(Arc<str>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text(from).map(Text)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(Arc::from(text))
    }
}

/// Reads a text.
///
/// # Errors
/// What is there is no text.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
    from.deserialize_string(TextVisitor)
}

/// Reads a text, or that there is none.
///
/// # Errors
/// What is there is neither.
pub fn optional_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<str>>, D::Error> {
    Ok(Option::<Text>::deserialize(from)?.map(|text| text.0))
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Arc<BTreeMap<Arc<str>, Arc<str>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((Text(key), Text(value))) = map.next_entry()? {
            texts.insert(key, value);
        }
        Ok(Arc::new(texts))
    }
}

/// Texts by their names, shared.
pub type Texts = Arc<BTreeMap<Arc<str>, Arc<str>>>;

/// Reads texts by their names.
///
/// # Errors
/// What is there is no map of texts.
pub fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Texts, D::Error> {
    from.deserialize_map(TextsVisitor)
}

/// Reads a value.
///
/// # Errors
/// What is there is no such value.
pub fn value<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Arc<T>, D::Error> {
    T::deserialize(from).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::key_value::{Command, Store};
    use crate::protocol::{ClientId, RequestId};

    /// In every form in which texts come: as they stand, with escapes, and from bytes.
    #[test]
    fn what_is_read_is_what_was_written() {
        let key: Arc<str> = "k\"\n é".into();
        let commands = [
            Command::Get { key: key.clone() },
            Command::Put { key: key.clone(), value: "v".into() },
            Command::Delete { key: key.clone() },
            Command::CompareAndSet { key: key.clone(), expected: None, value: "".into() },
            Command::CompareAndSet { key, expected: Some("old".into()), value: "new".into() },
        ];
        let mut store = Store::default();
        for (request, command) in (1..).map(RequestId).zip(&commands) {
            store.apply(ClientId(0), request, command);
            let json = serde_json::to_string(command).unwrap();
            assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), *command);
            assert_eq!(serde_json::from_value::<Command>(json.parse().unwrap()).unwrap(), *command);
            let bytes = postcard::to_allocvec(command).unwrap();
            assert_eq!(postcard::from_bytes::<Command>(&bytes).unwrap(), *command);
        }
        let bytes = postcard::to_allocvec(&store).unwrap();
        assert_eq!(postcard::from_bytes::<Store>(&bytes).unwrap(), store);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for wrong in [r#"{"get":{"key":1}}"#, r#"{"get":{"key":null}}"#, r#"{"get":{}}"#] {
            assert!(serde_json::from_str::<Command>(wrong).is_err(), "{wrong}");
        }
    }
}
