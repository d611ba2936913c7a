//! The replicated state machine that Raft and Multi-Paxos serve: a key-value store with client sessions.
//!
//! A session remembers the last answer that a client was given, so that a command which reached the log twice
//! because its client retried is applied once (Ongaro, "Consensus: Bridging Theory and Practice", §6.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::participant::{ClientId, RequestId};
use super::shared;

/// The longest key or value, in bytes.
pub const TEXT_BYTES_MAX: usize = 1024;

/// What can be asked of the store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Read a key.
    Get {
        /// Which one.
        #[serde(deserialize_with = "shared::text")]
        key: Arc<str>,
    },
    /// Set a key to a value.
    Put {
        /// Which one.
        #[serde(deserialize_with = "shared::text")]
        key: Arc<str>,
        /// To what.
        #[serde(deserialize_with = "shared::text")]
        value: Arc<str>,
    },
    /// Remove a key.
    Delete {
        /// Which one.
        #[serde(deserialize_with = "shared::text")]
        key: Arc<str>,
    },
    /// Set a key to a value if it holds the expected one now; `None` stands for a key that is not there.
    CompareAndSet {
        /// Which one.
        #[serde(deserialize_with = "shared::text")]
        key: Arc<str>,
        /// What it must hold.
        #[serde(default, deserialize_with = "shared::optional_text")]
        expected: Option<Arc<str>>,
        /// What it will hold.
        #[serde(deserialize_with = "shared::text")]
        value: Arc<str>,
    },
}

/// What the store answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The value of a key that was read; `None` if it is not there.
    Value(#[serde(deserialize_with = "shared::optional_text")] Option<Arc<str>>),
    /// A put or a delete was applied.
    Applied,
    /// A compare-and-set was applied (`true`), or found something else (`false`).
    Swapped(bool),
    /// The request is older than the last one that its client's session remembers; nothing was done.
    Stale,
}

impl Command {
    /// The key that it is about.
    pub fn key(&self) -> &str {
        match self {
            Command::Get { key }
            | Command::Put { key, .. }
            | Command::Delete { key }
            | Command::CompareAndSet { key, .. } => key,
        }
    }

    /// Whether it leaves the store as it is.
    pub fn is_read(&self) -> bool {
        matches!(self, Command::Get { .. })
    }

    /// A command drawn at random over `keys` keys (at least one): half reads, then puts, compare-and-sets and
    /// a few deletes. Values are unique for a client, so that a history can be checked.
    pub fn random(client: ClientId, keys: u16, random: &mut dyn rand::Rng) -> Command {
        let key: Arc<str> = key_name(random.next_u32() % u32::from(keys.max(1)));
        let value = |random: &mut dyn rand::Rng| -> Arc<str> {
            Arc::from(format!("{client}.{}", random.next_u32() % 10_000))
        };
        match random.next_u32() % 16 {
            0..=7 => Command::Get { key },
            8..=12 => Command::Put { key, value: value(random) },
            13 => Command::Delete { key },
            _ => Command::CompareAndSet { key, expected: None, value: value(random) },
        }
    }
}

/// `a`, `b`, …, `z`, `k26`, `k27`, …
fn key_name(number: u32) -> Arc<str> {
    match u8::try_from(number) {
        Ok(letter @ 0..=25) => Arc::from(char::from(b'a' + letter).to_string()),
        _ => Arc::from(format!("k{number}")),
    }
}

/// What a client was told last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The number of its latest request that was applied.
    pub request: RequestId,
    /// The answer to that one.
    pub outcome: Outcome,
}

/// The state machine. Clones share what they have in common until one of them is written to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Store {
    #[serde(deserialize_with = "shared::texts")]
    entries: Arc<BTreeMap<Arc<str>, Arc<str>>>,
    #[serde(deserialize_with = "shared::value")]
    sessions: Arc<BTreeMap<ClientId, Session>>,
}

impl Store {
    /// Applies a client's command once, however often it is applied: a repeated request gets its old answer.
    pub fn apply(&mut self, client: ClientId, request: RequestId, command: &Command) -> Outcome {
        if let Some(session) = self.sessions.get(&client) {
            if session.request == request {
                return session.outcome.clone();
            }
            if session.request > request {
                return Outcome::Stale;
            }
        }
        let outcome = self.execute(command);
        Arc::make_mut(&mut self.sessions).insert(client, Session { request, outcome: outcome.clone() });
        outcome
    }

    /// Whether a client's session has gone as far as this request.
    pub fn knows(&self, client: ClientId, request: RequestId) -> bool {
        self.sessions.get(&client).is_some_and(|session| session.request >= request)
    }

    /// Applies a command whether its session knows it or not: what a store without sessions does. Only for rules that
    /// are broken on purpose.
    pub fn apply_again(&mut self, client: ClientId, request: RequestId, command: &Command) -> Outcome {
        let outcome = self.execute(command);
        Arc::make_mut(&mut self.sessions).insert(client, Session { request, outcome: outcome.clone() });
        outcome
    }

    /// The same keys and values, and no sessions. Only for rules that are broken on purpose.
    pub fn without_sessions(&self) -> Store {
        Store { entries: self.entries.clone(), sessions: Arc::default() }
    }

    /// Reads a key without a session, as a linearizable read does that never entered the log.
    pub fn get(&self, key: &str) -> Option<Arc<str>> {
        self.entries.get(key).cloned()
    }

    /// All keys in order, with their values.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Arc<str>)> {
        self.entries.iter()
    }

    /// All sessions, in the order of the clients.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = (ClientId, &Session)> {
        self.sessions.iter().map(|(client, session)| (*client, session))
    }

    /// The answer that a client's session remembers for this request.
    pub fn remembered(&self, client: ClientId, request: RequestId) -> Option<&Outcome> {
        self.sessions
            .get(&client)
            .filter(|session| session.request == request)
            .map(|session| &session.outcome)
    }

    /// Forgets the session of a client: where a rule is broken on purpose.
    pub(crate) fn forget_session(&mut self, client: ClientId) {
        Arc::make_mut(&mut self.sessions).remove(&client);
    }

    /// Forgets all sessions: where a rule is broken on purpose.
    pub(crate) fn forget_sessions(&mut self) {
        self.sessions = Arc::default();
    }

    fn execute(&mut self, command: &Command) -> Outcome {
        match command {
            Command::Get { key } => Outcome::Value(self.get(key)),
            Command::Put { key, value } => {
                Arc::make_mut(&mut self.entries).insert(key.clone(), value.clone());
                Outcome::Applied
            }
            Command::Delete { key } => {
                if self.entries.contains_key(key) {
                    Arc::make_mut(&mut self.entries).remove(key);
                }
                Outcome::Applied
            }
            Command::CompareAndSet { key, expected, value } => {
                let matches = self.entries.get(key) == expected.as_ref();
                if matches {
                    Arc::make_mut(&mut self.entries).insert(key.clone(), value.clone());
                }
                Outcome::Swapped(matches)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: ClientId = ClientId(0);

    fn put(value: &str) -> Command {
        Command::Put { key: "a".into(), value: value.into() }
    }

    #[test]
    fn a_retried_command_is_applied_once_even_after_others_wrote() {
        let mut store = Store::default();
        let compare = Command::CompareAndSet { key: "a".into(), expected: None, value: "1".into() };
        assert_eq!(store.apply(CLIENT, RequestId(1), &compare), Outcome::Swapped(true));
        store.apply(ClientId(1), RequestId(1), &put("2"));
        assert_eq!(store.apply(CLIENT, RequestId(1), &compare), Outcome::Swapped(true), "the old answer");
        assert_eq!(store.get("a").as_deref(), Some("2"), "and no second effect");
    }

    #[test]
    fn a_request_older_than_the_session_is_refused() {
        let mut store = Store::default();
        store.apply(CLIENT, RequestId(2), &put("2"));
        assert_eq!(store.apply(CLIENT, RequestId(1), &put("1")), Outcome::Stale);
        assert_eq!(store.get("a").as_deref(), Some("2"));
    }

    #[test]
    fn a_clone_does_not_see_later_writes() {
        let mut store = Store::default();
        store.apply(CLIENT, RequestId(1), &put("1"));
        let before = store.clone();
        store.apply(CLIENT, RequestId(2), &put("2"));
        assert_eq!(before.get("a").as_deref(), Some("1"));
    }
}
