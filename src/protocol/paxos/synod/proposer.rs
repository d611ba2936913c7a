//! The proposer: leads a value through both phases, and gives way to a higher ballot.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::protocol::paxos::{Ballot, NodeSet};
use crate::protocol::{ClientId, NodeId, RequestId};

use super::turn::Turn;
use super::{Message, Proposal, Reason, Rule, Timer, Value};

/// How often the longest time to back off doubles.
const DOUBLINGS_MAX: u32 = 4;

/// Where a proposer stands with its ballot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum Phase {
    /// No ballot is under way.
    Idle,
    /// The ballot is on its way to the disk; nobody has heard of it yet.
    Recording {
        /// The ballot.
        ballot: Ballot,
    },
    /// Phase 1: promises are collected.
    Preparing {
        /// The ballot.
        ballot: Ballot,
        /// Who has promised.
        promised_by: NodeSet,
        /// The proposal of the highest number that was reported.
        highest: Option<Proposal>,
    },
    /// Phase 2: acceptances are collected.
    Proposing {
        /// The proposal.
        proposal: Proposal,
        /// Who has accepted it.
        accepted_by: NodeSet,
    },
    /// Waiting before the next ballot.
    BackingOff,
}

/// What a proposer remembers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Proposer {
    /// Where it stands.
    pub phase: Phase,
    /// The value that it would like to get chosen: the first that a client handed in.
    pub wish: Option<Value>,
    /// The highest ballot that it has issued, and the highest that it has heard of.
    pub highest: Option<Ballot>,
    /// Whether it has forgotten which ballots it has issued: where a rule is broken on purpose.
    #[serde(skip)]
    pub(super) forgot_tried: bool,
    /// The clients that wait to hear what is chosen, with their latest request.
    pub(super) clients: BTreeMap<ClientId, RequestId>,
    /// How many ballots in a row were refused.
    refusals: u32,
}

impl Default for Proposer {
    fn default() -> Self {
        Proposer {
            phase: Phase::Idle,
            wish: None,
            highest: None,
            forgot_tried: false,
            clients: BTreeMap::new(),
            refusals: 0,
        }
    }
}

impl Proposer {
    /// The ballot under way.
    pub fn ballot(&self) -> Option<Ballot> {
        match &self.phase {
            Phase::Recording { ballot } | Phase::Preparing { ballot, .. } => Some(*ballot),
            Phase::Proposing { proposal, .. } => Some(proposal.ballot),
            Phase::Idle | Phase::BackingOff => None,
        }
    }

    /// Whether a ballot is under way or about to be.
    pub fn is_busy(&self) -> bool {
        self.phase != Phase::Idle
    }

    /// Picks a ballot higher than any that it has issued or heard of. It must be on disk before it is used.
    pub(super) fn begin(&mut self, turn: &mut Turn<'_, '_>) -> Option<Ballot> {
        let Some(ballot) = Ballot::above(self.highest, turn.me()) else {
            turn.effects.note(Reason::BallotsUsedUp);
            self.phase = Phase::Idle;
            return None;
        };
        self.highest = Some(ballot);
        self.phase = Phase::Recording { ballot };
        Some(ballot)
    }

    /// Phase 1a: the ballot is on disk.
    pub(super) fn recorded(&mut self, ballot: Ballot, turn: &mut Turn<'_, '_>) {
        if self.phase != (Phase::Recording { ballot }) {
            return;
        }
        self.phase = Phase::Preparing { ballot, promised_by: NodeSet::EMPTY, highest: None };
        self.prepare(turn.acceptors(), ballot, Reason::Prepare { ballot }, turn);
    }

    fn prepare(&self, to: NodeSet, ballot: Ballot, why: Reason, turn: &mut Turn<'_, '_>) {
        for acceptor in to.iter() {
            turn.say(acceptor, Message::Prepare { ballot }, why);
        }
        turn.effects.set_timer(Timer::Resend, turn.setup.options.resend_us, why);
    }

    fn propose(&self, to: NodeSet, proposal: &Proposal, why: Reason, turn: &mut Turn<'_, '_>) {
        for acceptor in to.iter() {
            turn.say(acceptor, Message::Accept(proposal.clone()), why);
        }
        turn.effects.set_timer(Timer::Resend, turn.setup.options.resend_us, why);
    }

    /// A promise came in; with a quorum of them phase 2 begins.
    pub(super) fn promise(
        &mut self,
        from: NodeId,
        promised: Ballot,
        accepted: Option<Proposal>,
        turn: &mut Turn<'_, '_>,
    ) {
        let needed = turn.quorums().phase_1;
        let Phase::Preparing { ballot, promised_by, highest } = &mut self.phase else {
            turn.effects.note(Reason::AnswerTooLate { ballot: promised });
            return;
        };
        let ballot = *ballot;
        let is_older = promised < ballot && promised.node == turn.me();
        if promised != ballot && !(is_older && turn.breaks(Rule::CountPromiseOfOlderBallot)) {
            turn.effects.note(Reason::AnswerTooLate { ballot: promised });
            return;
        }
        if !promised_by.insert(from) {
            turn.effects.note(Reason::AnswerTooLate { ballot: promised });
            return;
        }
        let is_higher = accepted.as_ref().map(|a| a.ballot) > highest.as_ref().map(|h| h.ballot);
        let differ = accepted.is_some() && highest.is_some() && accepted != *highest;
        if is_higher != (differ && turn.breaks(Rule::AdoptLowestBallot)) {
            *highest = accepted;
        }
        let count = promised_by.len();
        turn.effects.note(Reason::PromiseCounted { ballot, count, needed });
        if count < needed {
            turn.note_larger_quorum(count, needed);
            return;
        }
        let highest = highest.take();
        let (value, why) = match (highest, &self.wish) {
            (Some(reported), Some(wish))
                if reported.value != *wish && turn.breaks(Rule::IgnoreAcceptedValue) =>
            {
                (wish.clone(), Reason::AcceptedValueIgnored { ballot, from: reported.ballot })
            }
            // P2c: the value may have been chosen, so no other may be proposed.
            (Some(reported), _) => {
                (reported.value, Reason::AcceptedValueTakenOver { ballot, from: reported.ballot })
            }
            (None, Some(wish)) => (wish.clone(), Reason::OwnValueProposed { ballot }),
            (None, None) => {
                turn.effects.note(Reason::NothingToFinish { ballot });
                self.stop(Reason::NothingToFinish { ballot }, turn);
                return;
            }
        };
        let proposal = Proposal { ballot, value };
        self.phase = Phase::Proposing { proposal: proposal.clone(), accepted_by: NodeSet::EMPTY };
        // Any acceptor may accept, whether it was in the quorum of phase 1 or not.
        self.propose(turn.acceptors(), &proposal, why, turn);
    }

    /// An acceptance came in. Returns how many acceptors accepted if that makes a quorum.
    pub(super) fn accepted(
        &mut self,
        from: NodeId,
        accepted: &Proposal,
        turn: &mut Turn<'_, '_>,
    ) -> Option<u16> {
        let needed = turn.quorums().phase_2;
        let Phase::Proposing { proposal, accepted_by } = &mut self.phase else { return None };
        if proposal != accepted && !turn.breaks(Rule::CountMixedBallots) {
            return None;
        }
        if !accepted_by.insert(from) {
            let silent = turn.acceptors().without(*accepted_by).first();
            accepted_by.insert(silent.filter(|_| turn.breaks(Rule::CountDuplicates))?);
        }
        let (ballot, count) = (proposal.ballot, accepted_by.len());
        turn.effects.note(Reason::AcceptanceCounted { ballot, count, needed });
        (count >= needed || (count + 1 == needed && turn.breaks(Rule::ChooseBeforeQuorum))).then_some(count)
    }

    /// An acceptor has promised a higher ballot. Returns whether the next ballot has to begin at once.
    pub(super) fn refused(&mut self, refused: Ballot, promised: Ballot, turn: &mut Turn<'_, '_>) -> bool {
        self.highest = self.highest.max(Some(promised));
        let Some(ballot) = self.ballot().filter(|ballot| *ballot == refused && promised > refused) else {
            turn.effects.note(Reason::AnswerTooLate { ballot: refused });
            return false;
        };
        turn.effects.note(Reason::Preempted { ballot, by: promised });
        let options = turn.setup.options;
        if !options.back_off {
            turn.effects.note(Reason::OutbidAtOnce { above: promised });
            return true;
        }
        let longest = options.back_off_us_max.saturating_mul(1 << self.refusals.min(DOUBLINGS_MAX));
        let wait_us = turn.surroundings.random_between(options.back_off_us_min, longest);
        self.refusals = self.refusals.saturating_add(1).min(DOUBLINGS_MAX);
        self.phase = Phase::BackingOff;
        turn.effects.cancel_timer(Timer::Resend, Reason::Preempted { ballot, by: promised });
        turn.effects.set_timer(Timer::BackOff, wait_us, Reason::BackOff { wait_us });
        false
    }

    /// Asks the acceptors that have not answered yet once more, in the same ballot.
    pub(super) fn resend(&self, turn: &mut Turn<'_, '_>) {
        match &self.phase {
            Phase::Preparing { ballot, promised_by, .. } => {
                let silent = turn.acceptors().without(*promised_by);
                self.prepare(
                    silent,
                    *ballot,
                    Reason::AskedAgain { ballot: *ballot, silent: silent.len() },
                    turn,
                );
            }
            Phase::Proposing { proposal, accepted_by } => {
                let silent = turn.acceptors().without(*accepted_by);
                let mut proposal = proposal.clone();
                if let Some(wish) = &self.wish
                    && *wish != proposal.value
                    && turn.breaks(Rule::ResendOwnValue)
                {
                    proposal.value = wish.clone();
                }
                let why = Reason::AskedAgain { ballot: proposal.ballot, silent: silent.len() };
                self.propose(silent, &proposal, why, turn);
            }
            Phase::Idle | Phase::Recording { .. } | Phase::BackingOff => {}
        }
    }

    /// Gives up whatever is under way: there is nothing left to do.
    pub(super) fn stop(&mut self, why: Reason, turn: &mut Turn<'_, '_>) {
        match self.phase {
            Phase::Idle => {}
            Phase::Recording { .. } | Phase::Preparing { .. } | Phase::Proposing { .. } => {
                turn.effects.cancel_timer(Timer::Resend, why);
            }
            Phase::BackingOff => turn.effects.cancel_timer(Timer::BackOff, why),
        }
        self.phase = Phase::Idle;
        self.refusals = 0;
    }
}
