//! What clients were told, so that a request that arrives twice is carried out once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::transaction::{Answer, Origin, TransactionId};
use crate::protocol::{ClientId, RequestId};

/// How many answers are remembered for each client.
pub const ANSWERS_KEPT: usize = 16;

/// The latest answers of every client.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub struct Sessions {
    answers: BTreeMap<ClientId, BTreeMap<RequestId, Arc<Answer>>>,
}

/// What is known of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// It is new.
    New,
    /// It was answered like this.
    Answered(Arc<Answer>),
    /// It is older than all that is remembered.
    Stale,
}

impl Sessions {
    /// What is known of a request.
    pub fn look_up(&self, client: ClientId, request: RequestId) -> Known {
        let Some(answers) = self.answers.get(&client) else { return Known::New };
        match answers.get(&request) {
            Some(answer) => Known::Answered(Arc::clone(answer)),
            None if answers.len() >= ANSWERS_KEPT
                && answers.keys().next().is_some_and(|first| request < *first) =>
            {
                Known::Stale
            }
            None => Known::New,
        }
    }

    /// Remembers an answer.
    pub fn remember(&mut self, client: ClientId, request: RequestId, answer: Answer) {
        let answers = self.answers.entry(client).or_default();
        answers.insert(request, Arc::new(answer));
        while answers.len() > ANSWERS_KEPT {
            answers.pop_first();
        }
    }

    /// Remembers that a request was committed.
    pub fn remember_commit(&mut self, transaction: TransactionId, origin: &Origin) {
        let answer = Answer::Committed { transaction, readings: Arc::clone(&origin.readings) };
        self.remember(origin.client, origin.request, answer);
    }

    /// The committed requests, as a checkpoint keeps them. One that was aborted may be tried anew.
    pub fn committed(&self) -> Vec<(TransactionId, Arc<Origin>)> {
        self.answers
            .iter()
            .flat_map(|(client, answers)| answers.iter().map(|(request, answer)| (*client, *request, answer)))
            .filter_map(|(client, request, answer)| match answer.as_ref() {
                Answer::Committed { transaction, readings } => {
                    let origin = Origin { client, request, readings: Arc::clone(readings) };
                    Some((*transaction, Arc::new(origin)))
                }
                _ => None,
            })
            .collect()
    }
}
