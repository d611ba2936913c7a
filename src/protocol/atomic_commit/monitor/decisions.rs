//! Who takes part in what, who voted how, and who decided what.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::message::Vote;
use super::super::requests::OPEN_MAX;
use super::super::transaction::{COORDINATOR, Outcome, TransactionId};
use super::CommitViolation;
use crate::protocol::NodeId;

/// How many transactions are known in full. Of older ones only the outcome is kept, in two bits.
const KNOWN_IN_FULL: usize = 256;

/// How many undecided ones are known at most: more than a coordinator has open at a time.
const UNDECIDED_MAX: usize = 2 * OPEN_MAX;

#[derive(Clone, PartialEq, Debug, Default, Serialize)]
struct Account {
    participants: Vec<NodeId>,
    /// Each participant's first vote: whether it was no.
    votes: Vec<(NodeId, bool)>,
    decided: Vec<(NodeId, Outcome)>,
    acknowledged: Vec<NodeId>,
}

impl Account {
    fn outcome(&self) -> Option<(NodeId, Outcome)> {
        self.decided.first().copied()
    }
}

/// One bit for each transaction of one incarnation of the coordinator.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, number: u32) {
        let word = (number / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (number % 64);
        }
    }

    fn get(&self, number: u32) -> bool {
        self.0.get((number / 64) as usize).is_some_and(|bits| bits >> (number % 64) & 1 == 1)
    }
}

/// What is known about decisions.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub(super) struct Decisions {
    accounts: BTreeMap<TransactionId, Account>,
    /// The outcomes of older transactions, by incarnation: committed, aborted.
    settled: BTreeMap<u32, (Bits, Bits)>,
}

impl Decisions {
    pub(super) fn takes_part(&mut self, transaction: TransactionId, site: NodeId) {
        if self.settled_outcome(transaction).is_some() {
            return;
        }
        let account = self.accounts.entry(transaction).or_default();
        if !account.participants.contains(&site) {
            account.participants.push(site);
        }
        self.settle_oldest();
    }

    pub(super) fn voted(&mut self, transaction: TransactionId, site: NodeId, vote: Vote) {
        if let Some(account) = self.accounts.get_mut(&transaction)
            && !account.votes.iter().any(|(voter, _)| *voter == site)
        {
            account.votes.push((site, matches!(vote, Vote::No(_))));
        }
    }

    pub(super) fn acknowledged(&mut self, transaction: TransactionId, site: NodeId) {
        if let Some(account) = self.accounts.get_mut(&transaction)
            && !account.acknowledged.contains(&site)
        {
            account.acknowledged.push(site);
        }
    }

    pub(super) fn all_voted_yes(&self, transaction: TransactionId) -> bool {
        self.accounts.get(&transaction).is_some_and(|account| {
            account.participants.iter().all(|site| account.votes.contains(&(*site, false)))
        })
    }

    /// Whether this is no news.
    pub(super) fn knows(&self, node: NodeId, transaction: TransactionId, outcome: Outcome) -> bool {
        match self.accounts.get(&transaction) {
            Some(account) => account.decided.contains(&(node, outcome)),
            None => self.settled_outcome(transaction) == Some(outcome),
        }
    }

    /// A process has decided. Returns whether it is the first to, and what that contradicts.
    pub(super) fn decided(
        &mut self,
        node: NodeId,
        transaction: TransactionId,
        outcome: Outcome,
    ) -> (bool, Option<CommitViolation>) {
        if !self.accounts.contains_key(&transaction)
            && let Some(decided) = self.settled_outcome(transaction)
        {
            let split =
                CommitViolation::SplitDecision { transaction, first: COORDINATOR, decided, second: node };
            return (false, (decided != outcome).then_some(split));
        }
        let account = self.accounts.entry(transaction).or_default();
        if let Some((_, decided)) = account.decided.iter().find(|(other, o)| *other == node && *o != outcome)
        {
            let decided = *decided;
            return (false, Some(CommitViolation::ReversedDecision { transaction, node, decided }));
        }
        let first = account.outcome();
        account.decided.push((node, outcome));
        match first {
            Some((first, decided)) if decided != outcome => {
                (false, Some(CommitViolation::SplitDecision { transaction, first, decided, second: node }))
            }
            Some(_) => (false, None),
            None => {
                let violation = if outcome == Outcome::Commit { missing_vote(account, node) } else { None };
                (
                    true,
                    violation.map(|(missing, voted_no)| CommitViolation::CommittedWithoutVote {
                        transaction,
                        by: node,
                        missing,
                        voted_no,
                    }),
                )
            }
        }
    }

    pub(super) fn outcome(&self, transaction: TransactionId) -> Option<Outcome> {
        match self.accounts.get(&transaction) {
            Some(account) => account.outcome().map(|(_, outcome)| outcome),
            None => self.settled_outcome(transaction),
        }
    }

    /// What this node has decided, as far as it is known in full.
    pub(super) fn told_by(&self, node: NodeId) -> impl Iterator<Item = (TransactionId, Outcome)> + '_ {
        self.accounts.iter().filter_map(move |(transaction, account)| {
            let (_, outcome) = account.decided.iter().find(|(other, _)| *other == node)?;
            Some((*transaction, *outcome))
        })
    }

    /// What this participant has acknowledged.
    pub(super) fn acknowledged_by(
        &self,
        site: NodeId,
    ) -> impl Iterator<Item = (TransactionId, Outcome)> + '_ {
        self.accounts.iter().filter_map(move |(transaction, account)| {
            let (_, outcome) = account.outcome().filter(|_| account.acknowledged.contains(&site))?;
            Some((*transaction, outcome))
        })
    }

    fn settled_outcome(&self, transaction: TransactionId) -> Option<Outcome> {
        let (committed, aborted) = self.settled.get(&transaction.incarnation)?;
        if committed.get(transaction.number) {
            Some(Outcome::Commit)
        } else {
            aborted.get(transaction.number).then_some(Outcome::Abort)
        }
    }

    /// Keeps the number of accounts bounded: of the oldest only the outcome stays.
    fn settle_oldest(&mut self) {
        while self.accounts.len() > KNOWN_IN_FULL {
            // Of one that is not decided, the votes are still wanted.
            let decided = self.accounts.iter().find(|(_, account)| account.outcome().is_some());
            let oldest = decided
                .or_else(|| self.accounts.iter().next().filter(|_| self.accounts.len() > UNDECIDED_MAX));
            let Some(oldest) = oldest.map(|(transaction, _)| *transaction) else { return };
            let Some((transaction, account)) = self.accounts.remove_entry(&oldest) else { return };
            let (committed, aborted) = self.settled.entry(transaction.incarnation).or_default();
            match account.outcome() {
                Some((_, Outcome::Commit)) => committed.set(transaction.number),
                Some((_, Outcome::Abort)) => aborted.set(transaction.number),
                None => {}
            }
        }
    }
}

/// Who has not voted yes, and whether it voted no. A participant that decides by itself need not vote.
fn missing_vote(account: &Account, decided_by: NodeId) -> Option<(NodeId, bool)> {
    let mut missing = account.participants.iter().filter(|site| **site != decided_by);
    let missing = missing.find(|site| !account.votes.contains(&(**site, false)))?;
    Some((*missing, account.votes.contains(&(*missing, true))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: TransactionId = TransactionId { incarnation: 1, number: 1 };

    fn voted(votes: &[(u16, Vote)]) -> Decisions {
        let mut decisions = Decisions::default();
        for (site, vote) in votes {
            decisions.takes_part(T, NodeId(*site));
            decisions.voted(T, NodeId(*site), *vote);
        }
        decisions
    }

    #[test]
    fn ac1_two_processes_decide_differently() {
        let mut decisions = voted(&[(1, Vote::Yes), (2, Vote::Yes)]);
        assert_eq!(decisions.decided(COORDINATOR, T, Outcome::Commit), (true, None));
        let split = CommitViolation::SplitDecision {
            transaction: T,
            first: COORDINATOR,
            decided: Outcome::Commit,
            second: NodeId(2),
        };
        assert_eq!(decisions.decided(NodeId(2), T, Outcome::Abort), (false, Some(split)));
    }

    #[test]
    fn ac2_a_process_reverses_its_decision() {
        let mut decisions = voted(&[(1, Vote::Yes)]);
        decisions.decided(NodeId(1), T, Outcome::Abort);
        let reversed =
            CommitViolation::ReversedDecision { transaction: T, node: NodeId(1), decided: Outcome::Abort };
        assert_eq!(decisions.decided(NodeId(1), T, Outcome::Commit).1, Some(reversed));
    }

    #[test]
    fn ac3_commit_without_everybodys_yes() {
        let missing = |voted_no| CommitViolation::CommittedWithoutVote {
            transaction: T,
            by: COORDINATOR,
            missing: NodeId(2),
            voted_no,
        };
        let no = Vote::No(super::super::super::NoVote::Overdrawn);
        let mut decisions = voted(&[(1, Vote::ReadOnly), (2, no)]);
        assert_eq!(decisions.decided(COORDINATOR, T, Outcome::Commit).1, Some(missing(true)));
        let mut decisions = voted(&[(1, Vote::Yes)]);
        decisions.takes_part(T, NodeId(2));
        assert_eq!(decisions.decided(COORDINATOR, T, Outcome::Commit).1, Some(missing(false)));
    }

    #[test]
    fn what_is_long_settled_still_cannot_be_contradicted() {
        let mut decisions = voted(&[(1, Vote::Yes)]);
        decisions.decided(COORDINATOR, T, Outcome::Commit);
        for number in 2..2 + 2 * KNOWN_IN_FULL as u32 {
            decisions.takes_part(TransactionId { incarnation: 1, number }, NodeId(1));
        }
        assert!(decisions.knows(NodeId(1), T, Outcome::Commit));
        assert!(decisions.decided(NodeId(1), T, Outcome::Abort).1.is_some());
    }
}
