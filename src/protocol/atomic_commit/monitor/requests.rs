//! Which transactions carried out which request, and what clients were told: one outcome for one request, however
//! many transactions copies of it led to.
//!
//! A transaction that only reads is left out: to carry it out once more changes nothing and contradicts nobody.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::transaction::{Outcome, TransactionId};
use super::CommitViolation;
use crate::protocol::{ClientId, RequestId};

/// How many transactions are known by the request that they carry out.
const TRANSACTIONS_KEPT: usize = 1_024;
/// How many requests of each client are known by their outcome.
const REQUESTS_KEPT: usize = 64;

/// What is known about requests.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub(super) struct Requests {
    of: BTreeMap<TransactionId, (ClientId, RequestId)>,
    outcomes: BTreeMap<ClientId, BTreeMap<RequestId, (TransactionId, Outcome)>>,
}

impl Requests {
    /// A transaction that changes something carries out a request.
    pub(super) fn carries_out(&mut self, transaction: TransactionId, client: ClientId, request: RequestId) {
        self.of.insert(transaction, (client, request));
        while self.of.len() > TRANSACTIONS_KEPT {
            self.of.pop_first();
        }
    }

    /// Whether this transaction is known to change something.
    pub(super) fn knows(&self, transaction: TransactionId) -> bool {
        self.of.contains_key(&transaction)
    }

    /// A transaction was committed.
    pub(super) fn committed(&mut self, transaction: TransactionId) -> Option<CommitViolation> {
        let (client, request) = *self.of.get(&transaction)?;
        self.ended(client, request, transaction, Outcome::Commit)
    }

    /// A client is told that its request was aborted as this transaction. Other attempts may have been aborted
    /// without its being told.
    pub(super) fn told_aborted(
        &mut self,
        client: ClientId,
        request: RequestId,
        transaction: TransactionId,
    ) -> Option<CommitViolation> {
        if self.of.get(&transaction) == Some(&(client, request)) {
            self.ended(client, request, transaction, Outcome::Abort)
        } else {
            None
        }
    }

    fn ended(
        &mut self,
        client: ClientId,
        request: RequestId,
        transaction: TransactionId,
        outcome: Outcome,
    ) -> Option<CommitViolation> {
        let outcomes = self.outcomes.entry(client).or_default();
        let (first, decided) = *outcomes.entry(request).or_insert((transaction, outcome));
        while outcomes.len() > REQUESTS_KEPT {
            outcomes.pop_first();
        }
        let is_same = first == transaction && decided == outcome
            || (decided, outcome) == (Outcome::Abort, Outcome::Abort);
        (!is_same).then_some(CommitViolation::TwoOutcomes {
            client,
            request,
            first,
            decided,
            second: transaction,
            outcome,
        })
    }
}
