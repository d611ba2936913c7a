//! Atomic commit judged by what the disks hold: a vote, an acknowledgement, a decision and an answer leave only when
//! the record that they rest on is durable, no two durable records contradict each other (AC1 to AC3), and a client
//! is told what they say. Besides, that no deadlock is left where one of the two ways to prevent it is in use.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use crate::check::judge::{Judge, Replacement};
use crate::protocol::atomic_commit::node::{Node, Variant};
use crate::protocol::atomic_commit::session::{Ending, Session};
use crate::protocol::atomic_commit::{
    Answer, BranchState, COORDINATOR, DeadlockHandling, Message, Outcome, Phase, Reason, Record,
    TransactionId, Vote,
};
use crate::protocol::{ClientId, Effect, EffectBody, Input, NodeId, RequestId};
use crate::sim::{Cluster, ClusterSetup, Happening, Step};

/// A client's request.
type Request = (ClientId, RequestId);

/// What the disks were seen to hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Records<V: Variant> {
    /// Who has ever had a durable prepared record of what.
    prepared: BTreeSet<(NodeId, TransactionId)>,
    /// Who has written one since it was last started, durable or not.
    preparing: BTreeSet<(NodeId, TransactionId)>,
    /// The decisions that have ever been durable, by node.
    decided: BTreeMap<(NodeId, TransactionId), Outcome>,
    /// The first of them for each transaction.
    first: BTreeMap<TransactionId, (NodeId, Outcome)>,
    /// Those whose first durable commit this step has brought.
    just_committed: Vec<TransactionId>,
    /// Transactions that change something.
    writers: BTreeSet<TransactionId>,
    /// The requests that durable records say were committed, and as what.
    committed: BTreeMap<Request, TransactionId>,
    /// The requests that durable records say were aborted, or begun and not committed.
    refused: BTreeSet<Request>,
    /// The requests whose clients were told that they were aborted.
    told_aborted: BTreeSet<Request>,
    /// Whether the coordinator's disk was harmed: then nothing more is known of clients.
    is_blind: bool,
    found: Option<String>,
    variant: PhantomData<V>,
}

impl<V: Variant> Records<V> {
    fn found(&mut self, what: impl FnOnce() -> String) {
        if self.found.is_none() {
            self.found = Some(what());
        }
    }

    fn decided(&mut self, node: NodeId, transaction: TransactionId, outcome: Outcome) {
        if outcome == Outcome::Commit && !self.first.contains_key(&transaction) {
            self.just_committed.push(transaction);
        }
        let own = *self.decided.entry((node, transaction)).or_insert(outcome);
        let (first, decided) = *self.first.entry(transaction).or_insert((node, outcome));
        if own != outcome {
            self.found(|| format!("AC2: {node} has durable records of both outcomes of {transaction}"));
        } else if decided != outcome {
            self.found(|| {
                format!("AC1: {transaction}: a durable record of {first} says {decided:?}, one of {node} {outcome:?}")
            });
        }
    }

    fn request_committed(&mut self, request: Request, transaction: TransactionId) {
        let known = *self.committed.entry(request).or_insert(transaction);
        if known != transaction && self.writers.contains(&transaction) {
            self.found(|| format!("{request:?} was committed as {known} and again as {transaction}"));
        }
        if self.told_aborted.contains(&request) && self.writers.contains(&transaction) {
            self.found(|| {
                format!(
                    "{request:?} was committed as {transaction}, and its client was told that it was aborted"
                )
            });
        }
    }

    fn session(&mut self, session: &Session) {
        let request = (session.client, session.request);
        match session.ending {
            Ending::Committed(_) => self.request_committed(request, session.transaction),
            Ending::Aborted(_) => drop(self.refused.insert(request)),
        }
    }

    fn is_committed(&self, transaction: TransactionId) -> bool {
        self.first.get(&transaction).is_some_and(|(_, outcome)| *outcome == Outcome::Commit)
    }

    fn sent(&mut self, node: NodeId, to: NodeId, message: &Message, why: &Reason) {
        let t = message.transaction();
        let is_durable = |judge: &Self, outcome| judge.decided.get(&(node, t)) == Some(&outcome);
        // What stands behind a prepared record that a crash could leave alone.
        let may_be_found = self.preparing.contains(&(node, t)) || self.prepared.contains(&(node, t));
        let must_be_durable = node != COORDINATOR && may_be_found;
        match message {
            Message::Work { operations, .. } if operations.iter().any(|operation| !operation.is_read()) => {
                self.writers.insert(t);
            }
            Message::Vote { vote: Vote::Yes, .. } if !self.prepared.contains(&(node, t)) => {
                self.found(|| format!("{node} votes yes on {t}, and its prepared record is not durable"));
            }
            Message::Vote { vote: Vote::No(_), .. } | Message::GaveUp { .. }
                if must_be_durable && !is_durable(self, Outcome::Abort) =>
            {
                self.found(|| format!("{node} says that it has aborted {t}, which is not durable"));
            }
            Message::Decision { outcome: Outcome::Abort, .. }
                if must_be_durable && !is_durable(self, Outcome::Abort) =>
            {
                self.found(|| format!("{node} tells {to} that {t} is aborted, which is not durable"));
            }
            Message::Decision { outcome: Outcome::Commit, .. }
                if !matches!(why, Reason::Presumes { .. }) && !self.is_committed(t) =>
            {
                self.found(|| format!("{node} tells {to} that {t} is committed, which is durable nowhere"));
            }
            Message::Acknowledge { .. } if must_be_durable && !self.decided.contains_key(&(node, t)) => {
                self.found(|| format!("{node} acknowledges the decision on {t}, which is not durable"));
            }
            _ => {}
        }
    }

    fn answered(&mut self, request: Request, answer: &Answer) {
        match answer {
            Answer::Committed { transaction, .. } => {
                if self.writers.contains(transaction) && !self.is_committed(*transaction) {
                    self.found(|| {
                        format!("a client is told of the commit of {transaction}, which is durable nowhere")
                    });
                }
            }
            Answer::Aborted { transaction, .. } => {
                self.told_aborted.insert(request);
                let committed = self.committed.get(&request).copied();
                if let Some(other) = committed.filter(|other| self.writers.contains(other)) {
                    self.found(|| {
                        format!(
                            "a client is told that {request:?} was aborted, and it was committed as {other}"
                        )
                    });
                } else if !self.refused.contains(&request) {
                    self.found(|| {
                        format!("a client is told that {request:?} was aborted as {transaction}, which is not on record")
                    });
                }
            }
            Answer::Refused { .. } | Answer::Redirected { .. } | Answer::NotReady => {}
        }
    }

    fn effect(&mut self, node: NodeId, effect: &Effect<Node<V>>) {
        match &effect.body {
            EffectBody::Append { record: Record::Prepared { transaction, .. } } => {
                self.preparing.insert((node, *transaction));
            }
            EffectBody::Send { to, message } => self.sent(node, *to, message, &effect.why),
            EffectBody::Reply { client, request, answer } if !self.is_blind => {
                self.answered((*client, *request), answer);
            }
            _ => {}
        }
    }

    /// Three-phase commit is not blocking because nobody commits while anybody that is up, and was since its vote, is
    /// uncertain (Skeen 1981).
    fn nobody_is_uncertain(&mut self, cluster: &Cluster<Node<V>>) {
        let is_three_phase = V::settings(&cluster.setup().options).asks_outcomes;
        for transaction in std::mem::take(&mut self.just_committed) {
            for site in cluster.nodes().iter().flatten().filter(|_| is_three_phase) {
                let mut branches = site.site().into_iter().flat_map(|site| site.branches());
                if branches.any(|(other, branch)| {
                    other == transaction && branch.state == BranchState::Prepared && !branch.recovered
                }) {
                    let id = site.id();
                    self.found(|| format!("{transaction} is committed while {id} is up and uncertain"));
                }
            }
        }
    }

    /// Under wait-die nobody waits for an older transaction; with a graph no circle is left once it is seen.
    fn deadlocks(&mut self, node: &Node<V>, options: &V::Options, step: &Step<'_, Node<V>>) {
        let handling = V::settings(options).resources.deadlock;
        if let (DeadlockHandling::WaitDie, Some(site)) = (handling, node.site()) {
            for waiter in site.locks().waiting() {
                if let Some(holder) =
                    site.locks().waits_for(waiter).first().filter(|holder| **holder < waiter)
                {
                    self.found(|| {
                        format!("wait-die: {waiter} waits at {} for {holder}, which is older", node.id())
                    });
                }
            }
        }
        if let (DeadlockHandling::WaitForGraph, Some(coordinator)) = (handling, node.coordinator())
            && let Happening::Input { input: Some(Input::Message { message, .. }), .. } = step.happening
            && let Message::Waiting { transaction, .. } = message
        {
            let circle = coordinator.wait_for_graph().circle(*transaction);
            let works = |t: TransactionId| {
                coordinator.transactions().any(|(other, book)| other == t && book.phase == Phase::Working)
            };
            if circle.iter().any(|t| works(*t)) {
                self.found(|| format!("a circle of {} transactions is seen and left", circle.len()));
            }
        }
    }
}

impl<V: Variant> Judge<Node<V>> for Records<V> {
    fn new(_: &ClusterSetup<Node<V>>) -> Self {
        Records {
            prepared: BTreeSet::new(),
            preparing: BTreeSet::new(),
            decided: BTreeMap::new(),
            first: BTreeMap::new(),
            just_committed: Vec::new(),
            writers: BTreeSet::new(),
            committed: BTreeMap::new(),
            refused: BTreeSet::new(),
            told_aborted: BTreeSet::new(),
            is_blind: false,
            found: None,
            variant: PhantomData,
        }
    }

    fn durable(&mut self, node: NodeId, record: Record) {
        match record {
            Record::Prepared { transaction, .. } => drop(self.prepared.insert((node, transaction))),
            Record::Initiation { origin, .. } => drop(self.refused.insert((origin.client, origin.request))),
            Record::Commit { transaction, participants, origin } => {
                self.decided(node, transaction, Outcome::Commit);
                if let Some(origin) = origin {
                    self.request_committed((origin.client, origin.request), transaction);
                }
                // AC3: whoever has to be told has promised to follow.
                let unprepared =
                    participants.iter().find(|site| !self.prepared.contains(&(**site, transaction)));
                if let Some(site) = unprepared.copied() {
                    self.found(|| format!("AC3: {transaction} is committed, and {site} was never prepared"));
                }
            }
            Record::Abort { transaction, .. } => self.decided(node, transaction, Outcome::Abort),
            Record::Refused(session) => self.session(&session),
            Record::Checkpoint(checkpoint) => {
                for (transaction, outcome) in checkpoint.outcomes {
                    self.decided(node, transaction, outcome);
                }
                for session in checkpoint.sessions {
                    self.session(&session);
                }
            }
            Record::End { transaction } => {
                // Nobody that is prepared may be left who does not know the outcome.
                let knows = |site: NodeId| self.decided.contains_key(&(site, transaction));
                let mut prepared = self.prepared.iter().filter(|(_, other)| *other == transaction);
                if let Some(site) = prepared.find(|(site, _)| !knows(*site)).map(|(site, _)| *site) {
                    self.found(|| {
                        format!("{transaction} is forgotten while {site} is prepared and knows no outcome")
                    });
                }
            }
            Record::Started { .. } | Record::Update { .. } => {}
        }
    }

    fn replaced(&mut self, node: NodeId, cause: Replacement) {
        if cause == Replacement::Harmed && node == COORDINATOR {
            self.is_blind = true;
        }
    }

    fn step(&mut self, cluster: &Cluster<Node<V>>, step: &Step<'_, Node<V>>) -> Option<String> {
        if !self.just_committed.is_empty() {
            self.nobody_is_uncertain(cluster);
        }
        if let Some(id) = step.party.and_then(|party| party.node()) {
            for effect in step.effects {
                self.effect(id, effect);
            }
            match cluster.node(id) {
                Some(node) => self.deadlocks(node, &cluster.setup().options, step),
                // What it had written and was not durable may be gone with it.
                None => self.preparing.retain(|(node, _)| *node != id),
            }
        }
        self.found.take()
    }
}
