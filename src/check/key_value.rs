//! The key-value store as one copy that takes one command at a time. Each key is checked by itself.

use std::sync::Arc;

use super::linearizability::Model;
use crate::protocol::key_value::{Command, Outcome};

/// The model of [`crate::protocol::key_value`].
#[derive(Clone, Copy, Debug)]
pub struct KeyValue;

impl Model for KeyValue {
    type Command = Command;
    type Answer = Outcome;
    type Part = Arc<str>;
    type State = Option<Arc<str>>;

    fn part(command: &Command) -> Arc<str> {
        Arc::from(command.key())
    }

    fn initial(_: &Arc<str>) -> Option<Arc<str>> {
        None
    }

    fn apply(
        state: &Option<Arc<str>>,
        command: &Command,
        answer: Option<&Outcome>,
    ) -> Option<Option<Arc<str>>> {
        let (next, outcome) = match command {
            Command::Get { .. } => (state.clone(), Outcome::Value(state.clone())),
            Command::Put { value, .. } => (Some(value.clone()), Outcome::Applied),
            Command::Delete { .. } => (None, Outcome::Applied),
            Command::CompareAndSet { expected, value, .. } if expected == state => {
                (Some(value.clone()), Outcome::Swapped(true))
            }
            Command::CompareAndSet { .. } => (state.clone(), Outcome::Swapped(false)),
        };
        answer.is_none_or(|answer| *answer == outcome).then_some(next)
    }

    fn is_read(command: &Command) -> bool {
        command.is_read()
    }
}
