//! What clients were told, so that a request that arrives twice is carried out once, whenever the copy arrives
//! (Ongaro, "Consensus: Bridging Theory and Practice", 2014, §6.3; older systems call it a persistent session).
//!
//! A client has one request under way at a time and numbers them upwards. So it is enough to keep, for each client,
//! the number of the latest request that has ended, and how it did: whatever has a smaller number was answered, and
//! its client has moved on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::transaction::{AbortCause, Answer, Origin, Reading, TransactionId};
use crate::protocol::{ClientId, RequestId};

/// How a request ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It was committed, and this was read.
    Committed(Arc<[Reading]>),
    /// It was aborted.
    Aborted(AbortCause),
}

/// The latest request of a client that has ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The client.
    pub client: ClientId,
    /// Its request.
    pub request: RequestId,
    /// The transaction that carried it out, or tried to.
    pub transaction: TransactionId,
    /// How it ended.
    pub ending: Ending,
}

impl Session {
    /// What the client is told.
    pub fn answer(&self) -> Answer {
        let transaction = self.transaction;
        match &self.ending {
            Ending::Committed(readings) => Answer::Committed { transaction, readings: Arc::clone(readings) },
            Ending::Aborted(why) => Answer::Aborted { transaction, why: *why },
        }
    }

    /// A request that was committed.
    pub fn committed(transaction: TransactionId, origin: &Origin) -> Session {
        let ending = Ending::Committed(Arc::clone(&origin.readings));
        Session { client: origin.client, request: origin.request, transaction, ending }
    }
}

/// The sessions of all clients: one entry for each.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub struct Sessions {
    latest: BTreeMap<ClientId, Arc<Session>>,
}

/// What is known of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// It is new.
    New,
    /// It has ended like this.
    Ended(Arc<Session>),
    /// Its client has been answered and has moved on.
    Stale,
}

impl Sessions {
    /// What is known of a request.
    pub fn look_up(&self, client: ClientId, request: RequestId) -> Known {
        match self.latest.get(&client) {
            Some(latest) if request == latest.request => Known::Ended(Arc::clone(latest)),
            Some(latest) if request < latest.request => Known::Stale,
            _ => Known::New,
        }
    }

    /// Remembers how a request ended. The first ending that is known of a request is the one that holds.
    pub fn remember(&mut self, session: Session) {
        let known = self.latest.get(&session.client);
        if known.is_none_or(|known| known.request < session.request) {
            self.latest.insert(session.client, Arc::new(session));
        }
    }

    /// The session that this transaction ended, if no later one of the same client has.
    pub fn of(&self, transaction: TransactionId) -> Option<&Session> {
        self.latest.values().find(|session| session.transaction == transaction).map(Arc::as_ref)
    }

    /// All of them, as a checkpoint keeps them.
    pub fn all(&self) -> Vec<Arc<Session>> {
        self.latest.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(request: u64, number: u32, ending: Ending) -> Session {
        let transaction = TransactionId { incarnation: 1, number };
        Session { client: ClientId(0), request: RequestId(request), transaction, ending }
    }

    #[test]
    fn a_request_keeps_its_first_ending_and_older_ones_are_stale() {
        let mut sessions = Sessions::default();
        let aborted = session(2, 7, Ending::Aborted(AbortCause::Deadlock));
        sessions.remember(aborted.clone());
        sessions.remember(session(2, 8, Ending::Committed([].into())));
        assert_eq!(sessions.look_up(ClientId(0), RequestId(2)), Known::Ended(Arc::new(aborted)));
        assert_eq!(sessions.look_up(ClientId(0), RequestId(1)), Known::Stale);
        assert_eq!(sessions.look_up(ClientId(0), RequestId(3)), Known::New);
        assert_eq!(sessions.look_up(ClientId(1), RequestId(1)), Known::New);
    }
}
