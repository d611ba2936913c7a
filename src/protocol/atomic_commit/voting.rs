//! The coordinator's side of voting, deciding and completing (Bernstein, Hadzilacos and Goodman §7.4; the
//! presumptions after Mohan, Lindsay and Obermarck 1986 and Lampson and Lomet 1993).

use super::options::Rule;
use std::sync::Arc;

use super::coordinator::{Phase, count};
use super::log::Then;
use super::message::{Message, Record, Timer, Vote};
use super::node::{Context, Node, Variant};
use super::options::Presumption;
use super::reason::Reason;
use super::transaction::{AbortCause, COORDINATOR, Outcome, TransactionId};
use crate::protocol::NodeId;

impl<V: Variant> Node<V> {
    /// Phase one: asks every participant for its vote.
    pub(super) fn ask_for_votes(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        coordination.phase = Phase::Voting;
        let why = Reason::AsksForVotes { transaction, participants: count(coordination.participants.len()) };
        for (site, work) in &coordination.worked {
            let message = Message::Prepare {
                transaction,
                incarnation: work.incarnation,
                participants: Arc::clone(&coordination.voters),
            };
            cx.effects.send(*site, message, why);
        }
        let timer = Timer::Answers(transaction);
        cx.effects.set_timer(timer, cx.settings.vote_timeout_us, Reason::LimitsVoting { transaction });
        self.repeat_later(cx, transaction);
    }

    pub(super) fn on_vote(
        &mut self,
        cx: &mut Context<'_, V>,
        site: NodeId,
        transaction: TransactionId,
        incarnation: u32,
        vote: Vote,
    ) {
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        // A vote about work that was lost in a crash says nothing about the work that was done since.
        if !coordination.participants.contains(&site)
            || coordination.worked.get(&site).is_none_or(|work| work.incarnation != incarnation)
                && !cx.breaks(Rule::CountVotesOfEarlierStarts)
        {
            return;
        }
        match (coordination.phase, vote) {
            (Phase::Voting, _) => {}
            (Phase::OnePhase, Vote::No(why)) => {
                let cause = AbortCause::VotedNo { site, why };
                return self.only_participant_decided(cx, site, transaction, Outcome::Abort, cause);
            }
            (Phase::OnePhase, Vote::ReadOnly) => {
                let cause = AbortCause::Termination;
                return self.only_participant_decided(cx, site, transaction, Outcome::Commit, cause);
            }
            _ => return,
        }
        // A participant's first vote counts: it cannot take it back.
        let vote = *coordination.votes.entry(site).or_insert(vote);
        let (votes, participants) = (coordination.votes.len(), coordination.participants.len());
        let yes = coordination.yes_votes();
        let majority = yes * 2 > participants && cx.breaks(Rule::CommitOnMajority);
        match vote {
            _ if majority && votes < participants => {
                let (yes, participants) = (count(yes), count(participants));
                cx.effects.note(Reason::DecidesOnMajority { transaction, yes, participants });
                V::all_voted_yes(self, cx, transaction);
            }
            Vote::No(_) if majority => V::all_voted_yes(self, cx, transaction),
            Vote::No(why) => self.decide_abort(cx, transaction, AbortCause::VotedNo { site, why }),
            Vote::Yes | Vote::ReadOnly if votes < participants => {}
            Vote::Yes | Vote::ReadOnly if yes == 0 => self.commit_read_only(cx, transaction),
            Vote::Yes | Vote::ReadOnly => V::all_voted_yes(self, cx, transaction),
        }
    }

    pub(super) fn votes_took_too_long(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(coordination) = self.coordinator.transactions.get(&transaction) else { return };
        let missing = count(coordination.participants.len() - coordination.votes.len());
        self.decide_abort(cx, transaction, AbortCause::VoteTimeout { missing });
    }

    fn voting_is_over(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, why: Reason) {
        cx.effects.cancel_timer(Timer::Answers(transaction), why);
        cx.effects.cancel_timer(Timer::Retransmit(transaction), why);
    }

    /// Everybody has only read: there is no second phase. The record is lazy, because it makes no difference
    /// to anybody whether it is ever found; without an initiation record there is nothing to close either.
    fn commit_read_only(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let why = Reason::CommitsReadOnly { transaction };
        self.voting_is_over(cx, transaction, why);
        let Some(coordination) = self.coordinator.transactions.remove(&transaction) else { return };
        if cx.settings.logs_initiation {
            let origin = coordination.origin.clone();
            let record = Record::Commit { transaction, participants: [].into(), origin };
            self.log.write(record, why, cx.effects);
        }
        self.answer_client(cx, transaction, &coordination, Outcome::Commit);
    }

    /// Decides to commit. The decision holds as soon as its record is durable, and is told only then.
    pub(super) fn decide_commit(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, why: Reason) {
        self.voting_is_over(cx, transaction, why);
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        coordination.phase = Phase::Deciding(Outcome::Commit);
        let participants = coordination.to_tell().into();
        let record = Record::Commit { transaction, participants, origin: coordination.origin.clone() };
        if cx.breaks(Rule::TellCommitBeforeDurable) {
            self.log.force(record, Then::Nothing, why, cx.effects);
            return self.tell_commit(cx, transaction);
        }
        self.log.force(record, Then::TellCommit(transaction), why, cx.effects);
    }

    /// Decides to abort. What that costs is what the presumptions are about: under presumed nothing the
    /// decision is logged like a commit, under the other two its absence says enough.
    pub(super) fn decide_abort(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        cause: AbortCause,
    ) {
        let why = Reason::DecidesAbort { transaction, cause };
        self.voting_is_over(cx, transaction, why);
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        coordination.phase = Phase::Deciding(Outcome::Abort);
        coordination.cause = Some(cause);
        let coordination = coordination.clone();
        self.record_abort(cx, transaction, &coordination, cause);
        match cx.settings.presumption {
            Presumption::Nothing => {
                let record = Record::Abort { transaction, participants: coordination.to_tell().into() };
                self.log.force(record, Then::TellAbort(transaction), why, cx.effects);
            }
            Presumption::Abort | Presumption::Commit => {
                cx.effects.note(why);
                self.tell_abort(cx, transaction);
            }
        }
    }

    pub(super) fn tell_commit(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        self.tell_outcome(cx, transaction, Outcome::Commit);
    }

    pub(super) fn tell_abort(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        self.tell_outcome(cx, transaction, Outcome::Abort);
    }

    /// Phase two: tells every participant that needs it, and the client.
    fn tell_outcome(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, outcome: Outcome) {
        let Some(mut coordination) = self.coordinator.transactions.remove(&transaction) else { return };
        let acknowledge = cx.settings.presumption.acknowledges(outcome);
        let to_tell = coordination.to_tell();
        for site in &to_tell {
            let message = Message::Decision { transaction, outcome, acknowledge };
            cx.effects.send(*site, message, Reason::TellsDecision { transaction, outcome });
        }
        self.answer_client(cx, transaction, &coordination, outcome);
        if !acknowledge {
            return cx.effects.note(Reason::ForgetsByPresumption { transaction, outcome });
        }
        coordination.phase = Phase::Completing(outcome);
        coordination.awaited = to_tell.into_iter().collect();
        let nobody = coordination.awaited.is_empty();
        self.coordinator.transactions.insert(transaction, coordination);
        if nobody { self.forget(cx, transaction, outcome) } else { self.repeat_later(cx, transaction) }
    }

    pub(super) fn on_acknowledge(
        &mut self,
        cx: &mut Context<'_, V>,
        site: NodeId,
        transaction: TransactionId,
    ) {
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        if let Phase::Completing(outcome) = coordination.phase {
            coordination.awaited.remove(&site);
            if coordination.awaited.is_empty() || cx.breaks(Rule::ForgetBeforeAllAcknowledged) {
                self.forget(cx, transaction, outcome);
            }
        }
    }

    /// Nobody will ever ask about the transaction again.
    fn forget(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, outcome: Outcome) {
        let why = Reason::Forgets { transaction, outcome };
        self.coordinator.transactions.remove(&transaction);
        cx.effects.cancel_timer(Timer::Retransmit(transaction), why);
        self.log.write(Record::End { transaction }, why, cx.effects);
    }

    /// A node tells the coordinator how a transaction ended that the coordinator could not decide itself: the
    /// only participant did, or the others did while the coordinator was down.
    pub(super) fn coordinator_is_told(
        &mut self,
        cx: &mut Context<'_, V>,
        from: NodeId,
        transaction: TransactionId,
        outcome: Outcome,
    ) {
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        match coordination.phase {
            Phase::OnePhase => {
                self.only_participant_decided(cx, from, transaction, outcome, AbortCause::Termination);
            }
            Phase::Asking => {
                let why = Reason::LearnsDecision { transaction, outcome, from, forced: true };
                cx.effects.cancel_timer(Timer::Decision(transaction), why);
                match outcome {
                    Outcome::Commit => self.decide_commit(cx, transaction, why),
                    Outcome::Abort => self.decide_abort(cx, transaction, AbortCause::Termination),
                }
            }
            // Whoever was told the other outcome by somebody else shows it here; the coordinator stays with
            // its own.
            Phase::Deciding(own) | Phase::Completing(own) if own != outcome => {
                cx.effects.note(Reason::Contradiction { transaction, own, told: outcome, by: from });
            }
            _ => {}
        }
    }

    /// One-phase commit: the answer to the only participant is all that is left to do.
    fn only_participant_decided(
        &mut self,
        cx: &mut Context<'_, V>,
        from: NodeId,
        transaction: TransactionId,
        outcome: Outcome,
        cause: AbortCause,
    ) {
        let Some(coordination) = self.coordinator.transactions.remove(&transaction) else { return };
        let why = Reason::LearnsDecision { transaction, outcome, from, forced: false };
        cx.effects.cancel_timer(Timer::Retransmit(transaction), why);
        if outcome == Outcome::Abort {
            self.record_abort(cx, transaction, &coordination, cause);
        }
        self.answer_client(cx, transaction, &coordination, outcome);
    }

    /// After a restart: goes on with a transaction that is on record.
    pub(super) fn coordinator_resumes(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        match self.coordinator.phase(transaction) {
            Some(Phase::Completing(_)) => self.retransmit(cx, transaction),
            Some(Phase::Asking) => V::coordinator_finds_undecided(self, cx, transaction),
            _ => {}
        }
    }

    pub(super) fn on_decision(
        &mut self,
        cx: &mut Context<'_, V>,
        from: NodeId,
        transaction: TransactionId,
        outcome: Outcome,
        acknowledge: bool,
    ) {
        if self.id == COORDINATOR {
            self.coordinator_is_told(cx, from, transaction, outcome);
        } else {
            self.participant_is_told(cx, from, transaction, outcome, acknowledge);
        }
    }
}
