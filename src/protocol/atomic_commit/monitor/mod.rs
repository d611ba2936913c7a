//! The invariants of atomic commit, under the names of Bernstein, Hadzilacos and Goodman §7.3, with isolation
//! and durability, evaluated incrementally after every step.
//!
//! * AC1: all processes that reach a decision reach the same one.
//! * AC2: a process cannot reverse its decision after it has reached one.
//! * AC3: commit can only be decided if all processes voted yes.
//! * AC4: if there are no failures and all processes voted yes, the decision is to commit.
//! * AC5: if all failures are repaired and no new ones occur for long enough, all processes decide.
//!
//! AC4 and AC5 speak about whole runs; whoever knows that a run was free of failures, or has healed, asks
//! [`CommitMonitor::aborted_though_all_voted_yes`] and [`CommitMonitor::undecided`].
//!
//! A process has decided when it says so to one in doubt or to a client, or when a record of the decision is durable.

mod decisions;
mod isolation;
mod requests;
mod violation;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use self::decisions::Decisions;
use self::isolation::History;
use self::requests::Requests;
pub use self::violation::CommitViolation;
use super::coordinator::{Coordinator, Phase};
use super::locks::LockMode;
use super::log::Write;
use super::message::{Message, Record};
use super::node::{Duty, Node, Variant};
use super::site::{Ended, Site};
use super::store::Version;
use super::transaction::{Answer, COORDINATOR, Key, Outcome, TransactionId};
use crate::protocol::{EffectBody, Monitor, NodeId, Observation};

/// A process that has not decided, and what it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Undecided {
    /// The process.
    pub node: NodeId,
    /// The transaction.
    pub transaction: TransactionId,
    /// Whether the disk of a process of this transaction was lost or damaged, so that waiting may be all that is
    /// left.
    pub with_a_disk_lost: bool,
}

/// A decision on record that is not durable yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
struct OnItsWay {
    /// The record's number in the log.
    number: u64,
    transaction: TransactionId,
    outcome: Outcome,
}

/// The monitor of both protocols.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CommitMonitor {
    decisions: Arc<Decisions>,
    history: Arc<History>,
    requests: Arc<Requests>,
    /// Decisions on their way to each node's disk.
    on_their_way: BTreeMap<NodeId, Vec<OnItsWay>>,
    /// How many locks each branch in doubt held when it was first seen so.
    in_doubt: BTreeMap<(NodeId, TransactionId), usize>,
    /// How often each node has been started.
    incarnations: Vec<u32>,
    aborted_though_all_voted_yes: Option<TransactionId>,
}

impl CommitMonitor {
    /// AC4: a transaction that was aborted although all its participants had voted yes, if there is one.
    /// That is a violation only in a run without failures and time-outs.
    pub fn aborted_though_all_voted_yes(&self) -> Option<TransactionId> {
        self.aborted_though_all_voted_yes
    }

    /// AC5: who has not decided. In a run whose failures have all been repaired for long enough nobody is
    /// left, but for those who depend on a disk that was lost.
    pub fn undecided<V: Variant>(&self, nodes: &[Option<Node<V>>]) -> Vec<Undecided> {
        let is_out = |id: &NodeId| {
            let node = nodes.get(id.index()).and_then(Option::as_ref);
            node.is_some_and(|node| matches!(node.duty(), Duty::Out(_)))
        };
        let mut undecided = Vec::new();
        for node in nodes.iter().flatten() {
            let own = node.id();
            let mut add = |transaction, participants: &[NodeId]| {
                let with_a_disk_lost = is_out(&COORDINATOR) || participants.iter().any(is_out);
                undecided.push(Undecided { node: own, transaction, with_a_disk_lost });
            };
            for (transaction, book) in node.coordinator().into_iter().flat_map(Coordinator::transactions) {
                if !matches!(book.phase, Phase::Completing(_)) {
                    add(transaction, &book.participants);
                }
            }
            for (transaction, branch) in node.site().into_iter().flat_map(Site::in_doubt) {
                add(transaction, &branch.participants);
            }
        }
        undecided
    }

    fn decided(
        &mut self,
        node: NodeId,
        transaction: TransactionId,
        outcome: Outcome,
    ) -> Option<CommitViolation> {
        if self.decisions.knows(node, transaction, outcome) {
            return None;
        }
        let decisions = Arc::make_mut(&mut self.decisions);
        let (first, violation) = decisions.decided(node, transaction, outcome);
        if first && outcome == Outcome::Abort && decisions.all_voted_yes(transaction) {
            self.aborted_though_all_voted_yes.get_or_insert(transaction);
        }
        if violation.is_some() || !first {
            return violation;
        }
        let history = Arc::make_mut(&mut self.history);
        match outcome {
            Outcome::Abort => {
                history.aborted(transaction);
                None
            }
            Outcome::Commit => {
                let violation = history.committed(transaction, &self.decisions);
                violation.or_else(|| Arc::make_mut(&mut self.requests).committed(transaction))
            }
        }
    }

    fn effect<V: Variant>(
        &mut self,
        node: NodeId,
        body: &EffectBody<Node<V>>,
        number: &mut u64,
    ) -> Option<CommitViolation> {
        match body {
            EffectBody::Append { record } => {
                let this = *number;
                *number += 1;
                self.record(node, this, record);
                None
            }
            EffectBody::Send { to, message } => self.message(node, *to, message),
            EffectBody::Reply { client, request, answer } => match answer {
                Answer::Committed { transaction, .. } => self.decided(node, *transaction, Outcome::Commit),
                Answer::Aborted { transaction, .. } => {
                    let violation = self.decided(node, *transaction, Outcome::Abort);
                    violation.or_else(|| {
                        Arc::make_mut(&mut self.requests).told_aborted(*client, *request, *transaction)
                    })
                }
                Answer::Refused { .. } | Answer::Redirected { .. } | Answer::NotReady => None,
            },
            _ => None,
        }
    }

    fn record(&mut self, node: NodeId, number: u64, record: &Record) {
        let (transaction, outcome) = match record {
            Record::Commit { transaction, .. } => (*transaction, Outcome::Commit),
            Record::Abort { transaction, .. } => (*transaction, Outcome::Abort),
            Record::Update { transaction, key, .. } => {
                return Arc::make_mut(&mut self.history).wrote(*transaction, node, key);
            }
            _ => return,
        };
        self.on_their_way.entry(node).or_default().push(OnItsWay { number, transaction, outcome });
    }

    fn message(&mut self, node: NodeId, to: NodeId, message: &Message) -> Option<CommitViolation> {
        match message {
            Message::Work { transaction, client, request, operations, .. } => {
                Arc::make_mut(&mut self.decisions).takes_part(*transaction, to);
                if !self.requests.knows(*transaction) && operations.iter().any(|o| !o.is_read()) {
                    Arc::make_mut(&mut self.requests).carries_out(*transaction, *client, *request);
                }
                None
            }
            Message::Worked { transaction, readings, .. } => {
                let history = Arc::make_mut(&mut self.history);
                for reading in readings.iter().filter(|reading| reading.written_by != Some(*transaction)) {
                    history.read(*transaction, node, &reading.at.key, reading.written_by);
                }
                None
            }
            Message::Vote { transaction, vote, .. } => {
                Arc::make_mut(&mut self.decisions).voted(*transaction, node, *vote);
                None
            }
            Message::Acknowledge { transaction } => {
                Arc::make_mut(&mut self.decisions).acknowledged(*transaction, node);
                None
            }
            // What a process says to one that is not in doubt decides nothing: a question that was answered
            // long ago may arrive once more and be answered by presumption.
            Message::Decision { transaction, outcome, .. }
                if self.in_doubt.contains_key(&(to, *transaction)) =>
            {
                self.decided(node, *transaction, *outcome)
            }
            _ => None,
        }
    }

    /// Decisions that have become durable.
    fn became_durable(&mut self, node: NodeId, durable: u64) -> Option<CommitViolation> {
        let waiting = self.on_their_way.get_mut(&node)?;
        let ready: Vec<OnItsWay> = waiting.iter().filter(|entry| entry.number < durable).copied().collect();
        waiting.retain(|entry| entry.number >= durable);
        if waiting.is_empty() {
            self.on_their_way.remove(&node);
        }
        ready.into_iter().find_map(|entry| self.decided(node, entry.transaction, entry.outcome))
    }

    fn locks_in_doubt<V: Variant>(&mut self, node: &Node<V>) -> Option<CommitViolation> {
        let site = node.site()?;
        let id = node.id();
        let mut violation = None;
        for (transaction, branch) in site.in_doubt() {
            let left = site.locks().held_by(transaction);
            let held = *self.in_doubt.entry((id, transaction)).or_insert(left);
            let is_locked =
                |(key, _): &(Key, Version)| site.locks().held(transaction, key) == Some(LockMode::Exclusive);
            if held != left || !branch.undo.iter().all(is_locked) {
                let [held, left] = [held, left].map(|n| u16::try_from(n).unwrap_or(u16::MAX));
                violation = Some(CommitViolation::LockReleasedInDoubt { transaction, site: id, held, left });
            }
        }
        let range =
            (id, TransactionId::default())..=(id, TransactionId { incarnation: u32::MAX, number: u32::MAX });
        let over: Vec<(NodeId, TransactionId)> = self
            .in_doubt
            .range(range)
            .map(|(entry, _)| *entry)
            .filter(|(_, transaction)| !site.in_doubt().any(|(other, _)| other == *transaction))
            .collect();
        for entry in over {
            self.in_doubt.remove(&entry);
        }
        violation
    }

    /// Decisions that were on their way to the disk when the node crashed: some of them arrived, and are durable
    /// once a sync after the restart says so.
    fn found_on_disk<V: Variant>(&mut self, node: &Node<V>) {
        let Some(on_their_way) = self.on_their_way.get_mut(&node.id()) else { return };
        on_their_way.retain_mut(|OnItsWay { number, transaction, outcome }| {
            let mut recovered =
                node.log().entries().iter().take_while(|entry| entry.write == Write::Recovered);
            let found = recovered.position(|entry| match entry.record {
                Record::Commit { transaction: t, .. } => t == *transaction && *outcome == Outcome::Commit,
                Record::Abort { transaction: t, .. } => t == *transaction && *outcome == Outcome::Abort,
                _ => false,
            });
            *number = found.map_or(*number, |position| position as u64);
            found.is_some()
        });
    }

    /// What open transactions did at a site is gone after a crash, unless it is in doubt about them or has
    /// found that they were committed.
    fn lost_by_crash<V: Variant>(&mut self, node: &Node<V>) {
        let (id, Some(site)) = (node.id(), node.site()) else { return };
        if self.history.has_open(id) {
            let stays = |transaction: TransactionId| {
                site.ended(transaction) == Some(Ended::Committed)
                    || site.in_doubt().any(|(other, _)| other == transaction)
            };
            Arc::make_mut(&mut self.history).crashed(id, stays);
        }
    }

    /// What a node knows after a restart against what it had said before.
    fn after_restart<V: Variant>(&self, node: &Node<V>, options: &V::Options) -> Option<CommitViolation> {
        match (node.coordinator(), node.site()) {
            (Some(coordinator), _) => {
                self.decisions.told_by(COORDINATOR).find_map(|(transaction, decided)| {
                    let in_doubt = self.in_doubt.keys().any(|(_, other)| *other == transaction);
                    let says = match coordinator.phase(transaction) {
                        Some(Phase::Completing(outcome)) => Some(outcome),
                        Some(_) => None,
                        None => Some(V::settings(options).presumption.outcome()),
                    };
                    let lost = CommitViolation::LostDecision { transaction, node: COORDINATOR, decided };
                    (in_doubt && says != Some(decided)).then_some(lost)
                })
            }
            (None, Some(site)) => {
                let id = node.id();
                let forgotten = self.decisions.acknowledged_by(id).find_map(|(transaction, decided)| {
                    let known = site.ended(transaction).and_then(|ended| ended.outcome());
                    let lost = CommitViolation::LostDecision { transaction, node: id, decided };
                    (decided == Outcome::Commit && known != Some(decided) && !site.has_forgotten(transaction))
                        .then_some(lost)
                });
                forgotten.or_else(|| {
                    self.history.last_commits(id).find_map(|(key, committed)| {
                        let found = site.store().get(key).written_by;
                        let in_doubt = found.is_some_and(|t| site.in_doubt().any(|(other, _)| other == t));
                        // A commit that was found and is not durable yet.
                        let on_its_way = self.on_their_way.get(&id).into_iter().flatten().any(|entry| {
                            Some(entry.transaction) == found && entry.outcome == Outcome::Commit
                        });
                        (found != Some(committed) && !in_doubt && !on_its_way).then(|| {
                            CommitViolation::LostWrite { site: id, key: key.clone(), committed, found }
                        })
                    })
                })
            }
            (None, None) => None,
        }
    }
}

impl<V: Variant> Monitor<Node<V>> for CommitMonitor {
    type Violation = CommitViolation;

    fn new(nodes: u16, _options: &V::Options) -> Self {
        CommitMonitor {
            decisions: Arc::default(),
            history: Arc::default(),
            requests: Arc::default(),
            on_their_way: BTreeMap::new(),
            in_doubt: BTreeMap::new(),
            incarnations: vec![0; usize::from(nodes)],
            aborted_though_all_voted_yes: None,
        }
    }

    fn observe(&mut self, step: &Observation<'_, Node<V>>) -> Option<CommitViolation> {
        let id = step.node;
        let Some(node) = step.subject() else {
            // A start that never became durable is counted again by the next one, so numbers do not tell them apart.
            if let Some(incarnation) = self.incarnations.get_mut(id.index()) {
                *incarnation = 0;
            }
            return None;
        };
        if matches!(node.duty(), Duty::Out(_)) {
            self.in_doubt.retain(|(site, _), _| *site != id);
            return None;
        }
        let mut violation = None;
        let restarted = self.incarnations.get_mut(id.index()).is_some_and(|incarnation| {
            std::mem::replace(incarnation, node.incarnation()) != node.incarnation()
        });
        if restarted {
            self.found_on_disk(node);
            self.lost_by_crash(node);
            violation = self.after_restart(node, step.options);
        }
        let appended = step.effects.iter().filter(|e| matches!(e.body, EffectBody::Append { .. })).count();
        let mut number = node.log().written().saturating_sub(appended as u64);
        for effect in step.effects {
            violation = violation.or(self.effect(id, &effect.body, &mut number));
        }
        violation = violation.or(self.became_durable(id, node.log().durable_written()));
        violation = violation.or(self.locks_in_doubt(node));
        violation
    }
}
