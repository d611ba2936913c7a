//! The invariants of the Synod, by name, evaluated after every step.
//!
//! The monitor counts what acceptors *say*: an acceptance that was never told to anybody cannot have made a
//! quorum that anybody knows of, and a promise binds from the moment in which it is given.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::{Message, Options, Phase, Proposal, Reason, Synod, Value};
use crate::protocol::paxos::{Ballot, Invariant, NodeSet};
use crate::protocol::{EffectBody, Monitor, NodeId, Observation};

/// How many ballots with a proposal are remembered; the lowest are forgotten first. A duel without back-off
/// seldom gets as far as a proposal, so this is more than a run needs.
const BALLOTS_MAX: usize = 256;

/// Two facts that contradict each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum Violation {
    /// Two values were chosen.
    Agreement {
        /// The proposal that was chosen first.
        first: Proposal,
        /// One with another value that was chosen, or is held to be chosen, now.
        second: Proposal,
    },
    /// A value is proposed that no client handed in.
    Unasked {
        /// By whom.
        node: NodeId,
        /// The proposal.
        proposal: Proposal,
    },
    /// Two values are proposed under one ballot.
    TwoValues {
        /// The proposal that was made first.
        first: Proposal,
        /// The other.
        second: Proposal,
    },
    /// A node holds a value to be chosen that no quorum has accepted.
    LearnedOnlyIfChosen {
        /// The node.
        node: NodeId,
        /// The proposal.
        proposal: Proposal,
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
        /// The acceptor.
        node: NodeId,
        /// The ballot that it had accepted.
        accepted: Ballot,
        /// The ballot of what it says to have accepted now.
        now: Option<Ballot>,
    },
    /// A proposal above a chosen one carries another value.
    P2c {
        /// The chosen proposal.
        chosen: Proposal,
        /// The proposal of the higher ballot.
        proposed: Proposal,
    },
}

impl Violation {
    /// The invariant that is violated.
    pub fn invariant(&self) -> Invariant {
        match self {
            Violation::Agreement { .. } => Invariant::Agreement,
            Violation::Unasked { .. } | Violation::TwoValues { .. } => Invariant::Validity,
            Violation::LearnedOnlyIfChosen { .. } => Invariant::LearnedOnlyIfChosen,
            Violation::PromisesKept { .. } => Invariant::PromisesKept,
            Violation::AcceptedNeverGoesBack { .. } => Invariant::AcceptedNeverGoesBack,
            Violation::P2c { .. } => Invariant::P2c,
        }
    }
}

/// What an acceptor has told others.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
struct Told {
    promised: Option<Ballot>,
    accepted: Option<Ballot>,
}

/// A proposal and who says that it accepted it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Proposed {
    proposal: Proposal,
    votes: NodeSet,
}

/// The monitor of a cluster. What is large is shared between clones.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SynodMonitor {
    quorum: u16,
    told: Arc<Vec<Told>>,
    wishes: Arc<BTreeSet<Value>>,
    /// By ascending ballot.
    proposed: Arc<Vec<Proposed>>,
    chosen: Option<Proposal>,
}

impl SynodMonitor {
    /// The proposal of the lowest ballot that a quorum says to have accepted.
    pub fn chosen(&self) -> Option<&Proposal> {
        self.chosen.as_ref()
    }

    /// Each proposal made so far with the acceptors that say to have accepted it, by ascending ballot.
    pub fn votes(&self) -> impl ExactSizeIterator<Item = (&Proposal, NodeSet)> {
        self.proposed.iter().map(|proposed| (&proposed.proposal, proposed.votes))
    }

    fn position(&self, ballot: Ballot) -> Result<usize, usize> {
        self.proposed.binary_search_by_key(&ballot, |proposed| proposed.proposal.ballot)
    }

    fn on_proposed(&mut self, node: NodeId, proposal: &Proposal) -> Option<Violation> {
        let at = match self.position(proposal.ballot) {
            Ok(at) => {
                let first = &self.proposed.get(at)?.proposal;
                return (first.value != proposal.value)
                    .then(|| Violation::TwoValues { first: first.clone(), second: proposal.clone() });
            }
            Err(at) => at,
        };
        let list = Arc::make_mut(&mut self.proposed);
        list.insert(at, Proposed { proposal: proposal.clone(), votes: NodeSet::EMPTY });
        if list.len() > BALLOTS_MAX {
            list.remove(0);
        }
        if !self.wishes.contains(&proposal.value) {
            return Some(Violation::Unasked { node, proposal: proposal.clone() });
        }
        let chosen = self.chosen.as_ref()?;
        (chosen.ballot < proposal.ballot && chosen.value != proposal.value)
            .then(|| Violation::P2c { chosen: chosen.clone(), proposed: proposal.clone() })
    }

    fn on_promised(&mut self, node: NodeId, ballot: Ballot, accepted: Option<Ballot>) -> Option<Violation> {
        // The report is an acceptance too, perhaps the first that anybody hears of it.
        let voted = accepted.and_then(|accepted| self.on_vote(node, accepted));
        let told = Arc::make_mut(&mut self.told).get_mut(node.index())?;
        let before = told.promised;
        told.promised = Some(ballot);
        voted.or_else(|| {
            let promised = before.filter(|before| *before > ballot)?;
            Some(Violation::PromisesKept { node, promised, now: Some(ballot) })
        })
    }

    fn on_accepted(&mut self, node: NodeId, ballot: Ballot) -> Option<Violation> {
        let known = self
            .position(ballot)
            .ok()
            .and_then(|at| self.proposed.get(at))
            .is_none_or(|proposed| proposed.votes.contains(node));
        if known {
            return None;
        }
        let told = Arc::make_mut(&mut self.told).get_mut(node.index())?;
        told.accepted = told.accepted.max(Some(ballot));
        let broken = told.promised.filter(|promised| *promised > ballot);
        // Whoever has accepted a ballot has promised it: nothing below it may follow.
        told.promised = told.promised.max(Some(ballot));
        let voted = self.on_vote(node, ballot);
        voted.or_else(|| broken.map(|promised| Violation::PromisesKept { node, promised, now: Some(ballot) }))
    }

    fn on_vote(&mut self, node: NodeId, ballot: Ballot) -> Option<Violation> {
        let at = self.position(ballot).ok()?;
        if self.proposed.get(at)?.votes.contains(node) {
            return None;
        }
        let proposed = Arc::make_mut(&mut self.proposed).get_mut(at)?;
        proposed.votes.insert(node);
        if proposed.votes.len() != self.quorum {
            return None;
        }
        let now = proposed.proposal.clone();
        if let Some(first) = self.chosen.as_ref().filter(|first| first.value != now.value) {
            return Some(Violation::Agreement { first: first.clone(), second: now });
        }
        if self.chosen.as_ref().is_none_or(|chosen| now.ballot < chosen.ballot) {
            self.chosen = Some(now.clone());
        }
        let above = self.proposed.get(at + 1..)?;
        let other = above.iter().find(|higher| higher.proposal.value != now.value)?;
        Some(Violation::P2c { chosen: now, proposed: other.proposal.clone() })
    }

    fn on_learned(&self, node: NodeId, proposal: &Proposal) -> Option<Violation> {
        match &self.chosen {
            None => Some(Violation::LearnedOnlyIfChosen { node, proposal: proposal.clone() }),
            Some(chosen) if chosen.value != proposal.value => {
                Some(Violation::Agreement { first: chosen.clone(), second: proposal.clone() })
            }
            Some(_) => None,
        }
    }

    /// Whether the acceptor still knows what it has told others.
    fn on_state(&mut self, node: NodeId, subject: &Synod) -> Option<Violation> {
        let told = *self.told.get(node.index())?;
        let acceptor = subject.acceptor();
        if subject.is_out()
            || (acceptor.promised >= told.promised && acceptor.accepted_ballot() >= told.accepted)
        {
            return None;
        }
        // Said once: from now on the acceptor is measured by what it knows now.
        if let Some(told) = Arc::make_mut(&mut self.told).get_mut(node.index()) {
            told.promised = told.promised.min(acceptor.promised);
            told.accepted = told.accepted.min(acceptor.accepted_ballot());
        }
        let lost_acceptance = told.accepted.filter(|accepted| acceptor.accepted_ballot() < Some(*accepted));
        let now = acceptor.accepted_ballot();
        lost_acceptance.map(|accepted| Violation::AcceptedNeverGoesBack { node, accepted, now }).or_else(
            || {
                told.promised.map(|promised| Violation::PromisesKept {
                    node,
                    promised,
                    now: acceptor.promised,
                })
            },
        )
    }
}

impl Monitor<Synod> for SynodMonitor {
    type Violation = Violation;

    fn new(nodes: u16, options: &Options) -> Self {
        SynodMonitor {
            quorum: options.quorums(nodes).phase_2,
            told: Arc::new(vec![Told::default(); usize::from(nodes)]),
            wishes: Arc::default(),
            proposed: Arc::default(),
            chosen: None,
        }
    }

    fn observe(&mut self, step: &Observation<'_, Synod>) -> Option<Violation> {
        let node = step.node;
        let subject = step.subject()?;
        let mut found = None;
        for effect in step.effects {
            let violation = match (&effect.body, effect.why) {
                (EffectBody::Send { message: Message::Promise { ballot, accepted }, .. }, _) => {
                    self.on_promised(node, *ballot, accepted.as_ref().map(|proposal| proposal.ballot))
                }
                (EffectBody::Note, Reason::Promised { ballot, accepted }) => {
                    self.on_promised(node, ballot, accepted)
                }
                (EffectBody::Send { message: Message::Accept(proposal), .. }, _) => {
                    self.on_proposed(node, proposal)
                }
                (
                    EffectBody::Note,
                    Reason::OwnValueProposed { .. }
                    | Reason::AcceptedValueTakenOver { .. }
                    | Reason::AcceptedValueIgnored { .. },
                ) => match &subject.proposer().phase {
                    Phase::Proposing { proposal, .. } => self.on_proposed(node, proposal),
                    _ => None,
                },
                (EffectBody::Send { message: Message::Accepted(proposal), .. }, _) => {
                    self.on_accepted(node, proposal.ballot)
                }
                // What an acceptor tells the learner in its own process is not sent, the first time or again.
                (EffectBody::Note, Reason::Accepted { ballot } | Reason::AcceptedToldAgain { ballot }) => {
                    self.on_accepted(node, ballot)
                }
                (EffectBody::Note, Reason::ValueTaken) => {
                    if let Some(wish) = &subject.proposer().wish {
                        Arc::make_mut(&mut self.wishes).insert(wish.clone());
                    }
                    None
                }
                (EffectBody::Note, Reason::Chosen { .. } | Reason::ChosenHeard { .. }) => {
                    subject.chosen().and_then(|proposal| self.on_learned(node, proposal))
                }
                _ => None,
            };
            found = found.or(violation);
        }
        found.or_else(|| self.on_state(node, subject))
    }
}
