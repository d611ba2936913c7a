//! The key-value store as one copy that takes one command at a time. Each key is checked by itself.

use std::sync::Arc;

use super::Judgement;
use super::history::Operation;
use super::linearizability::{self, Contradiction, Model, Verdict};
use crate::protocol::key_value::{Command, Outcome};

/// The model of [`crate::protocol::key_value`].
#[derive(Clone, Copy, Debug)]
pub struct KeyValue;

impl Model for KeyValue {
    type Command = Command;
    type Answer = Outcome;
    type Part = Arc<str>;
    type State = Option<Arc<str>>;

    fn part(&self, command: &Command) -> Arc<str> {
        Arc::from(command.key())
    }

    fn initial(&self, _: &Arc<str>) -> Option<Arc<str>> {
        None
    }

    fn apply(
        &self,
        state: &Option<Arc<str>>,
        command: &Command,
        answer: Option<&Outcome>,
    ) -> impl IntoIterator<Item = Option<Arc<str>>> {
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

    fn is_read(&self, command: &Command) -> bool {
        command.is_read()
    }

    fn left_unchanged(&self, command: &Command, answer: &Outcome) -> bool {
        command.is_read() || *answer == Outcome::Swapped(false)
    }
}

/// Judges a history of the key-value store; `outcome` says what an answer means for the store.
pub fn judge<A>(history: &[Operation<Command, A>], outcome: impl Fn(&A) -> Option<Outcome>) -> Judgement {
    let history: Vec<Operation<Command, Outcome>> = history
        .iter()
        .map(|operation| Operation {
            client: operation.client,
            request: operation.request,
            command: operation.command.clone(),
            asked: operation.asked,
            reached: operation.reached.clone(),
            answered: operation.answered.as_ref().and_then(|(step, answer)| Some((*step, outcome(answer)?))),
        })
        .collect();
    match linearizability::check(&KeyValue, &history, linearizability::WORK_MAX) {
        Verdict::Linearizable => Judgement::Kept,
        Verdict::Undecided { part } => Judgement::Undecided(format!("key {part}")),
        Verdict::Contradiction(contradiction) => Judgement::Broken(tell(&contradiction)),
    }
}

/// A contradiction as a few lines that name each operation with its steps.
fn tell(contradiction: &Contradiction<KeyValue>) -> String {
    let value =
        |value: &Option<Arc<str>>| value.as_ref().map_or("nothing".into(), |value| format!("{value:?}"));
    let before: Vec<String> = contradiction.before.iter().map(value).collect();
    let mut text = format!(
        "not linearizable: {:?} held {} at first, and no order explains",
        contradiction.part,
        before.join(" or ")
    );
    for Operation { client, command, asked, answered, .. } in &contradiction.operations {
        let command = match command {
            Command::Get { .. } => "get".to_owned(),
            Command::Put { value, .. } => format!("put {value:?}"),
            Command::Delete { .. } => "delete".to_owned(),
            Command::CompareAndSet { expected, value: new, .. } => {
                format!("compare {} and set {new:?}", value(expected))
            }
        };
        let answer = match answered.as_ref().map(|(_, outcome)| outcome) {
            Some(Outcome::Value(found)) => value(found),
            Some(Outcome::Applied) => "done".to_owned(),
            Some(Outcome::Swapped(true)) => "swapped".to_owned(),
            Some(Outcome::Swapped(false)) => "not swapped".to_owned(),
            Some(Outcome::Stale) => "refused as stale".to_owned(),
            None => "no answer".to_owned(),
        };
        let until = answered.as_ref().map_or_else(String::new, |(step, _)| format!(" to {step}"));
        text.push_str(&format!("\n  {client}, steps {asked}{until}: {command}: {answer}"));
    }
    text
}
