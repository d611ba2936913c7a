//! The invariants of Multi-Paxos, by name, evaluated after every step.
//!
//! Like the monitor of the Synod this one counts what acceptors *say*, for each slot. It looks back over the
//! last [`SLOTS_MAX`] slots; a violation that shows itself only later than that goes unnoticed.

use std::sync::Arc;

use serde::Serialize;

use super::{Message, MultiPaxos, Options, Reason, Report, Role, Slot, Value};
use crate::protocol::chunked::Chunked;
use crate::protocol::paxos::{Ballot, Invariant, NodeSet};
use crate::protocol::{ClientId, EffectBody, Monitor, NodeId, Observation, RequestId};

/// For how many slots votes are remembered.
const SLOTS_MAX: u64 = 1_024;

/// A proposal for a slot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Proposal {
    /// Its ballot.
    pub ballot: Ballot,
    /// Its value.
    pub value: Value,
}

/// Two facts that contradict each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum Violation {
    /// Two values were chosen for a slot.
    Agreement {
        /// The slot.
        slot: Slot,
        /// The proposal that was chosen first.
        first: Proposal,
        /// Another value that a quorum has accepted, or that a node holds to be chosen.
        second: Value,
        /// The node at which it showed.
        node: NodeId,
    },
    /// A leader claims to take over a value that nobody has proposed for the slot.
    Unproposed {
        /// The slot.
        slot: Slot,
        /// By whom.
        node: NodeId,
        /// What it proposes.
        proposal: Proposal,
    },
    /// Two values are proposed for a slot under one ballot.
    TwoValues {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
        /// The value that was proposed first.
        first: Value,
        /// The other.
        second: Value,
    },
    /// A node holds a value to be chosen that no quorum has accepted.
    LearnedOnlyIfChosen {
        /// The slot.
        slot: Slot,
        /// The node.
        node: NodeId,
        /// The value.
        value: Value,
    },
    /// An acceptor has gone below its promise.
    PromisesKept {
        /// The acceptor.
        node: NodeId,
        /// What it had promised.
        promised: Ballot,
        /// The lower ballot that it has promised or accepted since; `None` if it no longer knows any.
        now: Option<Ballot>,
    },
    /// An acceptor has lost what it had accepted.
    AcceptedNeverGoesBack {
        /// The slot.
        slot: Slot,
        /// The acceptor.
        node: NodeId,
        /// The ballot that it had accepted.
        accepted: Ballot,
        /// The ballot of what it knows to have accepted now.
        now: Option<Ballot>,
    },
    /// A proposal above a chosen one carries another value.
    P2c {
        /// The slot.
        slot: Slot,
        /// The chosen proposal.
        chosen: Proposal,
        /// The proposal of the higher ballot.
        proposed: Proposal,
    },
    /// A read was answered from a state that lacks what a client had been told of before the read arrived.
    StaleRead {
        /// Who answered.
        node: NodeId,
        /// The last slot that it had applied.
        applied: Slot,
        /// The last slot of whose command a client had been told when the read arrived.
        answered: Slot,
    },
}

impl Violation {
    /// The invariant that is violated.
    pub fn invariant(&self) -> Invariant {
        match self {
            Violation::Agreement { .. } => Invariant::Agreement,
            Violation::Unproposed { .. } | Violation::TwoValues { .. } => Invariant::Validity,
            Violation::LearnedOnlyIfChosen { .. } => Invariant::LearnedOnlyIfChosen,
            Violation::PromisesKept { .. } => Invariant::PromisesKept,
            Violation::AcceptedNeverGoesBack { .. } => Invariant::AcceptedNeverGoesBack,
            Violation::P2c { .. } => Invariant::P2c,
            Violation::StaleRead { .. } => Invariant::LinearizableReads,
        }
    }
}

/// A proposal and who says that it accepted it.
#[derive(Clone, PartialEq, Debug)]
struct Proposed {
    proposal: Proposal,
    votes: NodeSet,
}

/// What was said about one slot.
#[derive(Clone, PartialEq, Default, Debug)]
struct Said {
    /// By the time at which they were made. Mostly there is one.
    proposed: Vec<Proposed>,
    chosen: Option<Proposal>,
}

/// What an acceptor has promised, and whether it was up after the last step.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
struct Known {
    promised: Option<Ballot>,
    is_up: bool,
}

/// How many reads that wait are known at most.
const READS_MAX: usize = 8_192;

/// A read that a leader has not answered yet.
type WaitingRead = (NodeId, ClientId, RequestId);

/// The monitor of a cluster. What is large is shared between clones.
#[derive(Clone, PartialEq, Debug)]
pub struct MultiMonitor {
    quorum: u16,
    known: Arc<Vec<Known>>,
    slots: Chunked<Said>,
    /// The last slot of whose command a client has been told.
    answered: Slot,
    /// What that was when each read arrived that a leader has not answered yet.
    reads: Arc<Vec<(WaitingRead, Slot)>>,
}

impl MultiMonitor {
    /// The proposal that was chosen for a slot, as far as the monitor looks back.
    pub fn chosen(&self, slot: Slot) -> Option<&Proposal> {
        self.slots.get(slot)?.chosen.as_ref()
    }

    /// The proposals for a slot, each with the acceptors that say to have accepted it.
    pub fn votes(&self, slot: Slot) -> impl Iterator<Item = (&Proposal, NodeSet)> {
        let said = self.slots.get(slot).map(|said| said.proposed.as_slice()).unwrap_or_default();
        said.iter().map(|proposed| (&proposed.proposal, proposed.votes))
    }

    /// What was said about a slot, to be added to; `None` if it lies too far back.
    fn said(&mut self, slot: Slot) -> Option<&mut Said> {
        if slot < self.slots.start() || slot > self.slots.end() + SLOTS_MAX {
            return None;
        }
        while self.slots.end() <= slot {
            self.slots.push(Said::default());
            self.slots.forget_before(self.slots.end().saturating_sub(SLOTS_MAX));
        }
        self.slots.get_mut(slot)
    }

    /// Phase 2a. `is_new` says that the leader brings the value up; else it takes it over from somebody.
    fn on_proposed(&mut self, node: NodeId, slot: Slot, now: Proposal, is_new: bool) -> Option<Violation> {
        // Most messages repeat to the next acceptor what the last one was told; that needs no copy.
        let known = self
            .slots
            .get(slot)
            .and_then(|said| said.proposed.iter().find(|proposed| proposed.proposal.ballot == now.ballot));
        if let Some(known) = known {
            let first = &known.proposal.value;
            return (*first != now.value).then(|| Violation::TwoValues {
                slot,
                ballot: now.ballot,
                first: first.clone(),
                second: now.value,
            });
        }
        let said = self.said(slot)?;
        let is_known = said.proposed.iter().any(|proposed| proposed.proposal.value == now.value);
        said.proposed.push(Proposed { proposal: now.clone(), votes: NodeSet::EMPTY });
        if let Some(chosen) = &said.chosen
            && chosen.ballot < now.ballot
            && chosen.value != now.value
        {
            return Some(Violation::P2c { slot, chosen: chosen.clone(), proposed: now });
        }
        (!is_new && !is_known).then_some(Violation::Unproposed { slot, node, proposal: now })
    }

    fn on_promised(&mut self, node: NodeId, ballot: Ballot) -> Option<Violation> {
        let known = Arc::make_mut(&mut self.known).get_mut(node.index())?;
        let before = known.promised.replace(ballot);
        let promised = before.filter(|before| *before > ballot)?;
        Some(Violation::PromisesKept { node, promised, now: Some(ballot) })
    }

    /// Phase 2b: somebody is told that `node` has accepted.
    fn on_accepted(&mut self, node: NodeId, slot: Slot, ballot: Ballot) -> Option<Violation> {
        let promised = self.known.get(node.index())?.promised;
        // Whoever has accepted a ballot has promised it: nothing below it may follow.
        if promised < Some(ballot)
            && let Some(known) = Arc::make_mut(&mut self.known).get_mut(node.index())
        {
            known.promised = Some(ballot);
        }
        let broken = promised.filter(|promised| *promised > ballot);
        let voted = self.on_vote(node, slot, ballot)?;
        voted.or_else(|| broken.map(|promised| Violation::PromisesKept { node, promised, now: Some(ballot) }))
    }

    /// Counts a vote. `None` if it was counted before or cannot be.
    fn on_vote(&mut self, node: NodeId, slot: Slot, ballot: Ballot) -> Option<Option<Violation>> {
        let quorum = self.quorum;
        let at = self.slots.get(slot)?.proposed.iter().position(|p| p.proposal.ballot == ballot)?;
        if self.slots.get(slot)?.proposed.get(at)?.votes.contains(node) {
            return None;
        }
        let said = self.slots.get_mut(slot)?;
        let proposed = said.proposed.get_mut(at)?;
        proposed.votes.insert(node);
        if proposed.votes.len() != quorum {
            return Some(None);
        }
        let now = proposed.proposal.clone();
        if let Some(first) = said.chosen.as_ref().filter(|first| first.value != now.value) {
            return Some(Some(Violation::Agreement { slot, first: first.clone(), second: now.value, node }));
        }
        if said.chosen.as_ref().is_none_or(|chosen| now.ballot < chosen.ballot) {
            said.chosen = Some(now.clone());
        }
        let mut proposals = said.proposed.iter().map(|proposed| &proposed.proposal);
        let other = proposals.find(|other| other.ballot > now.ballot && other.value != now.value).cloned();
        Some(other.map(|proposed| Violation::P2c { slot, chosen: now, proposed }))
    }

    fn on_learned(&self, node: NodeId, slot: Slot, value: &Value) -> Option<Violation> {
        if slot < self.slots.start() {
            return None;
        }
        match self.chosen(slot) {
            None => Some(Violation::LearnedOnlyIfChosen { slot, node, value: value.clone() }),
            Some(first) if first.value != *value => {
                Some(Violation::Agreement { slot, first: first.clone(), second: value.clone(), node })
            }
            Some(_) => None,
        }
    }

    /// Whether an acceptor that was down still knows what it has told others.
    fn on_restart(&mut self, node: NodeId, subject: &MultiPaxos) -> Option<Violation> {
        let known = Arc::make_mut(&mut self.known).get_mut(node.index())?;
        known.is_up = true;
        if subject.is_out() {
            return None;
        }
        if let Some(promised) = known.promised.filter(|promised| subject.promised() < Some(*promised)) {
            // Said once: from now on the acceptor is measured by what it knows now.
            known.promised = subject.promised();
            return Some(Violation::PromisesKept { node, promised, now: subject.promised() });
        }
        let first = subject.applied().max(subject.slots().trimmed()) + 1;
        let first = first.max(self.slots.start());
        for (slot, said) in (first..).zip(self.slots.iter_from(first)) {
            let votes = said.proposed.iter().filter(|proposed| proposed.votes.contains(node));
            let Some(accepted) = votes.map(|proposed| proposed.proposal.ballot).max() else { continue };
            let now = subject.slots().accepted(slot).map(|accepted| accepted.ballot);
            if now < Some(accepted) && subject.slots().chosen(slot).is_none() {
                return Some(Violation::AcceptedNeverGoesBack { slot, node, accepted, now });
            }
        }
        None
    }

    /// A read has arrived at a leader, and waits: what clients had been told by then.
    fn on_read_waits(&mut self, node: NodeId, subject: &MultiPaxos, answered: Slot) {
        let Role::Leading(leading) = subject.role() else { return };
        let Some(read) = leading.reads.waiting().last() else { return };
        let read = (node, read.client, read.request);
        if self.reads.iter().any(|(known, _)| *known == read) {
            return;
        }
        let reads = Arc::make_mut(&mut self.reads);
        if reads.len() >= READS_MAX {
            reads.drain(..READS_MAX / 2);
        }
        reads.push((read, answered));
    }

    /// A request is answered: what clients had been told when it arrived, if it is a read that waited.
    fn on_reply(&mut self, read: WaitingRead) -> Option<Slot> {
        let at = self.reads.iter().position(|(known, _)| *known == read)?;
        Some(Arc::make_mut(&mut self.reads).remove(at).1)
    }

    fn on_message(&mut self, node: NodeId, message: &Message, why: Reason) -> Option<Violation> {
        match message {
            Message::Promise { ballot, reports, .. } => {
                // A report is an acceptance too, perhaps the first that anybody hears of it.
                let mut found = None;
                for Report { slot, accepted, .. } in reports.iter() {
                    let vote = accepted.and_then(|accepted| self.on_vote(node, *slot, accepted));
                    found = found.or(vote.flatten());
                }
                found.or_else(|| self.on_promised(node, *ballot))
            }
            Message::Accept { ballot, slot, value } => {
                let now = Proposal { ballot: *ballot, value: value.clone() };
                self.on_proposed(node, *slot, now, !matches!(why, Reason::TakenOver { .. }))
            }
            Message::Accepted { ballot, slot } => self.on_accepted(node, *slot, *ballot),
            Message::Decision { slot, value } => self.on_learned(node, *slot, value),
            _ => None,
        }
    }

    /// What one role of a node tells another: it does not travel, but counts as much.
    fn on_note(&mut self, node: NodeId, subject: &MultiPaxos, why: Reason) -> Option<Violation> {
        match why {
            Reason::Promised { ballot, .. } => {
                let mut found = None;
                for (slot, state) in subject.slots().iter_from(subject.applied() + 1) {
                    let accepted = state.accepted.as_ref().filter(|accepted| accepted.ballot < ballot);
                    let vote = accepted.and_then(|accepted| self.on_vote(node, slot, accepted.ballot));
                    found = found.or(vote.flatten());
                }
                found.or_else(|| self.on_promised(node, ballot))
            }
            Reason::Accepted { slot, ballot } => self.on_accepted(node, slot, ballot),
            Reason::Proposed { slot, ballot }
            | Reason::GapFilled { slot, ballot }
            | Reason::TakenOver { slot, ballot, .. }
            | Reason::AcceptedValueIgnored { slot, ballot, .. } => {
                let value = match subject.role() {
                    Role::Leading(leading) => leading.in_flight.get(&slot).map(|in_flight| &in_flight.value),
                    _ => None,
                };
                let now = Proposal { ballot, value: value?.clone() };
                self.on_proposed(node, slot, now, !matches!(why, Reason::TakenOver { .. }))
            }
            Reason::Chosen { slot, .. } | Reason::ChosenHeard { slot } => {
                let value = subject.slots().chosen(slot)?;
                self.on_learned(node, slot, value)
            }
            _ => None,
        }
    }
}

impl Monitor<MultiPaxos> for MultiMonitor {
    type Violation = Violation;

    fn new(nodes: u16, options: &Options) -> Self {
        MultiMonitor {
            quorum: options.quorums(nodes).phase_2,
            known: Arc::new(vec![Known::default(); usize::from(nodes)]),
            slots: Chunked::starting_at(1),
            answered: 0,
            reads: Arc::default(),
        }
    }

    fn observe(&mut self, step: &Observation<'_, MultiPaxos>) -> Option<Violation> {
        let node = step.node;
        let was_up = self.known.get(node.index())?.is_up;
        let Some(subject) = step.subject() else {
            if was_up && let Some(known) = Arc::make_mut(&mut self.known).get_mut(node.index()) {
                known.is_up = false;
            }
            return None;
        };
        let mut found = if was_up { None } else { self.on_restart(node, subject) };
        if !was_up && !self.reads.is_empty() {
            Arc::make_mut(&mut self.reads).retain(|(read, _)| read.0 != node);
        }
        // A read that arrives in this step must not miss what clients had been told before it.
        let answered = self.answered;
        let mut has_arrived = false;
        for effect in step.effects {
            let violation = match (&effect.body, effect.why) {
                (EffectBody::Send { message, .. }, why) => self.on_message(node, message, why),
                (EffectBody::Note, why) => {
                    has_arrived |= matches!(why, Reason::ReadWaits { .. });
                    self.on_note(node, subject, why)
                }
                (EffectBody::Reply { client, request, .. }, why) => {
                    let known = self.on_reply((node, *client, *request));
                    match why {
                        Reason::ClientAnswered { slot } => {
                            self.answered = self.answered.max(slot);
                            None
                        }
                        // Of one that was not known it is clear only in the step in which it arrived.
                        Reason::ReadConfirmed { slot: applied, .. } => {
                            let answered = known.or(has_arrived.then_some(answered));
                            let stale = answered.filter(|answered| applied < *answered);
                            stale.map(|answered| Violation::StaleRead { node, applied, answered })
                        }
                        _ => None,
                    }
                }
                _ => None,
            };
            found = found.or(violation);
        }
        if has_arrived {
            self.on_read_waits(node, subject, answered);
        }
        found
    }
}
