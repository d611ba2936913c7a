//! A participant's side of the vote and of the decision (Bernstein, Hadzilacos and Goodman §7.4; what is
//! forced and acknowledged after Mohan, Lindsay and Obermarck 1986).

use super::options::Rule;
use std::sync::Arc;

use super::log::Then;
use super::message::{Message, Record, Timer, Vote};
use super::node::{Context, Node, Variant};
use super::options::Presumption;
use super::reason::Reason;
use super::session::Session;
use super::site::{BranchState, Ended};
use super::transaction::{COORDINATOR, NoVote, Outcome, TransactionId};
use crate::protocol::NodeId;

impl<V: Variant> Node<V> {
    pub(super) fn on_prepare(
        &mut self,
        cx: &mut Context<'_, V>,
        from: NodeId,
        transaction: TransactionId,
        incarnation: u32,
        participants: Arc<[NodeId]>,
    ) {
        if from != COORDINATOR || self.id == COORDINATOR {
            return;
        }
        match self.site.ended(transaction) {
            Some(Ended::Aborted) => return self.send_no_once_durable(cx, transaction, incarnation),
            Some(Ended::DroppedOut) => {
                let message = Message::Vote { transaction, incarnation, vote: Vote::ReadOnly };
                return cx.effects.send(COORDINATOR, message, Reason::VotesAgain { transaction });
            }
            Some(Ended::Committed) => return,
            None if self.site.has_forgotten(transaction) => return,
            None => {}
        }
        let Some(branch) = self.site.branches.get_mut(&transaction) else {
            return self.refuse_lost_work(cx, transaction, incarnation);
        };
        match branch.state {
            BranchState::Preparing | BranchState::Committing => {}
            BranchState::Prepared | BranchState::PreCommitted => {
                if cx.breaks(Rule::VoteOtherwiseWhenAskedAgain) {
                    return self.send_no(cx, transaction, incarnation, NoVote::AlreadyAborted);
                }
                let message = Message::Vote { transaction, incarnation, vote: Vote::Yes };
                cx.effects.send(COORDINATOR, message, Reason::VotesAgain { transaction });
            }
            // The coordinator speaks of work that was done before a crash: what is here now is what a late
            // copy of its request has begun anew.
            BranchState::Working => self.refuse_lost_work(cx, transaction, incarnation),
            BranchState::Worked
                if incarnation != self.incarnation && !cx.breaks(Rule::CommitWorkDoneAnew) =>
            {
                self.refuse_lost_work(cx, transaction, incarnation);
            }
            BranchState::Worked => {
                branch.voted_as = incarnation;
                branch.participants = participants;
                let has_only_read = branch.undo.is_empty();
                match branch.objection(&self.site.store) {
                    Some(why) if !cx.breaks(Rule::VoteYesWhenOverdrawn) => self.vote_no(cx, transaction, why),
                    _ if cx.settings.read_only_vote
                        && (has_only_read || cx.breaks(Rule::VoteReadOnlyAfterWriting)) =>
                    {
                        self.vote_read_only(cx, transaction, incarnation);
                    }
                    _ => self.prepare(cx, transaction),
                }
            }
        }
    }

    /// Writes down by force all that is needed to go either way after a crash.
    fn prepare(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        branch.state = BranchState::Preparing;
        let why = Reason::ForcesPrepared { transaction };
        cx.effects.cancel_timer(Timer::Prepare(transaction), why);
        let participants = Arc::clone(&branch.participants);
        let record = Record::Prepared { transaction, participants, reads: branch.reads() };
        if cx.breaks(Rule::VoteBeforePrepareIsDurable) {
            let why = Reason::VotesTooEarly { transaction };
            self.log.force(record, Then::Nothing, why, cx.effects);
            self.vote_yes(cx, transaction);
        } else {
            self.log.force(record, Then::VoteYes(transaction), why, cx.effects);
        }
    }

    /// From here on the participant is in doubt: it has given the decision out of its hands.
    pub(super) fn vote_yes(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        if branch.state != BranchState::Preparing {
            return;
        }
        branch.state = BranchState::Prepared;
        branch.in_doubt_since_us = Some(cx.now_us);
        let message = Message::Vote { transaction, incarnation: branch.voted_as, vote: Vote::Yes };
        if cx.breaks(Rule::ReleaseLocksWithTheVote) {
            self.site.release(transaction);
        }
        cx.effects.send(COORDINATOR, message, Reason::VotesYes { transaction });
        self.limit_doubt(cx, transaction);
    }

    pub(super) fn limit_doubt(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let after_us = cx.settings.decision_timeout_us;
        cx.effects.set_timer(Timer::Decision(transaction), after_us, Reason::LimitsDoubt { transaction });
    }

    /// Votes no, which is to abort. The record is forced unless abort is what is presumed anyway (Mohan,
    /// Lindsay and Obermarck 1986).
    fn vote_no(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, vote: NoVote) {
        let why = Reason::VotesNo { transaction, why: vote };
        self.take_back(cx, transaction, why);
        let record = Record::Abort { transaction, participants: [].into() };
        if cx.settings.presumption == Presumption::Abort {
            self.log.write(record, why, cx.effects);
            self.send_no(cx, transaction, self.incarnation, vote);
        } else {
            let then = Then::VoteNo(transaction, self.incarnation, vote);
            self.log.force(record, then, why, cx.effects);
        }
    }

    /// The work that the vote is asked for was lost in a crash. There may be nothing left to abort, and the
    /// site may even have dropped out as a reader before: so this is a vote, and no decision is recorded.
    pub(super) fn refuse_lost_work(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        incarnation: u32,
    ) {
        let vote = NoVote::WorkLost;
        self.undo_branch(cx, transaction, Reason::VotesNo { transaction, why: vote });
        self.send_no(cx, transaction, incarnation, vote);
    }

    /// Votes no about work that was aborted here, once that is on record for good.
    pub(super) fn send_no_once_durable(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        incarnation: u32,
    ) {
        let vote = NoVote::AlreadyAborted;
        if self.log.is_durable() || cx.breaks(Rule::TellOwnAbortBeforeDurable) {
            self.send_no(cx, transaction, incarnation, vote);
        } else {
            let why = Reason::VotesNo { transaction, why: vote };
            self.log.flush_once(Then::VoteNo(transaction, incarnation, vote), why, cx.effects);
        }
    }

    /// `incarnation` is that of the work which the vote is about.
    pub(super) fn send_no(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        incarnation: u32,
        why: NoVote,
    ) {
        let message = Message::Vote { transaction, incarnation, vote: Vote::No(why) };
        cx.effects.send(COORDINATOR, message, Reason::VotesNo { transaction, why });
    }

    fn vote_read_only(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, incarnation: u32) {
        let why = Reason::VotesReadOnly { transaction };
        self.site.branches.remove(&transaction);
        self.site.release(transaction);
        self.site.end(transaction, Ended::DroppedOut);
        cx.effects.cancel_timer(Timer::Prepare(transaction), why);
        let message = Message::Vote { transaction, incarnation, vote: Vote::ReadOnly };
        cx.effects.send(COORDINATOR, message, why);
    }

    /// Undoes a branch, gives its locks back and remembers that it was aborted; the record is the caller's.
    fn take_back(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, why: Reason) {
        if let Some(branch) = self.site.branches.remove(&transaction) {
            self.undo_changes(cx, &branch);
            self.site.release(transaction);
            let timer = if branch.state.is_in_doubt() { Timer::Decision } else { Timer::Prepare };
            cx.effects.cancel_timer(timer(transaction), why);
        }
        self.site.end(transaction, Ended::Aborted);
    }

    pub(super) fn participant_is_told(
        &mut self,
        cx: &mut Context<'_, V>,
        from: NodeId,
        transaction: TransactionId,
        outcome: Outcome,
        acknowledge: bool,
    ) {
        match self.site.branches.get(&transaction).map(|branch| branch.state) {
            // It has decided by itself, and says so once that is durable.
            Some(BranchState::Committing) if outcome == Outcome::Commit => return,
            Some(BranchState::Committing) => {
                let why =
                    Reason::Contradiction { transaction, own: Outcome::Commit, told: outcome, by: from };
                return cx.effects.note(why);
            }
            Some(_) => return self.learn(cx, from, transaction, outcome, acknowledge),
            None => {}
        }
        match self.site.ended(transaction).map(Ended::outcome) {
            // A question that was answered long ago arrived at the coordinator once more, after that had
            // forgotten the transaction, and was answered by presumption.
            Some(Some(_))
                if from == COORDINATOR && !acknowledge && outcome == cx.settings.presumption.outcome() => {}
            Some(Some(own)) if own != outcome => {
                cx.effects.note(Reason::Contradiction { transaction, own, told: outcome, by: from });
            }
            // Work that comes late must not be begun.
            None if outcome == Outcome::Abort && !self.site.has_forgotten(transaction) => {
                self.site.end(transaction, Ended::Aborted);
            }
            _ => {}
        }
        if acknowledge {
            // What was learnt from another participant may still be on its way to the disk.
            self.acknowledge_once_durable(cx, transaction);
        }
    }

    /// Learns the decision: records it, makes it true, and gives the locks back.
    fn learn(
        &mut self,
        cx: &mut Context<'_, V>,
        from: NodeId,
        transaction: TransactionId,
        outcome: Outcome,
        acknowledge: bool,
    ) {
        let Some(branch) = self.site.branches.get(&transaction) else { return };
        let prepared_is_on_record = branch.state >= BranchState::Preparing;
        let has_updates = !branch.undo.is_empty();
        let leads = branch.leads();
        if leads && cx.breaks(Rule::IgnoreDecisionAsBackup) {
            return;
        }
        let participants = Arc::clone(&branch.participants);
        // Without a prepared record a restart aborts anyway; with one, it would ask, and whoever may have
        // forgotten by then must not have been told before that this record is durable.
        let forced = prepared_is_on_record && cx.settings.presumption.acknowledges(outcome);
        let why = Reason::LearnsDecision { transaction, outcome, from, forced };
        let record = match outcome {
            Outcome::Commit => Record::Commit { transaction, participants: [].into(), origin: None },
            Outcome::Abort => Record::Abort { transaction, participants: [].into() },
        };
        self.finish(cx, transaction, outcome, why);
        if leads {
            self.site.to_tell.insert(transaction, participants);
            return self.log.force(record, Then::TellEveryone(transaction), why, cx.effects);
        }
        match (forced, acknowledge) {
            (true, true) => {
                let rule = match outcome {
                    Outcome::Commit => Rule::AcknowledgeCommitBeforeDurable,
                    Outcome::Abort => Rule::AcknowledgeAbortBeforeDurable,
                };
                if cx.breaks(rule) {
                    self.log.write(record, why, cx.effects);
                    return self.acknowledge(cx, transaction);
                }
                self.log.force(record, Then::Acknowledge(transaction), why, cx.effects);
            }
            (true, false) => self.log.force(record, Then::Nothing, why, cx.effects),
            (false, _) => {
                if prepared_is_on_record || has_updates || outcome == Outcome::Commit {
                    self.log.write(record, why, cx.effects);
                }
                if acknowledge {
                    self.acknowledge(cx, transaction);
                }
            }
        }
    }

    /// Makes an outcome true at this site.
    pub(super) fn finish(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        outcome: Outcome,
        why: Reason,
    ) {
        match outcome {
            Outcome::Abort => self.take_back(cx, transaction, why),
            Outcome::Commit => {
                if let Some(branch) = self.site.branches.remove(&transaction) {
                    let timer = if branch.state.is_in_doubt() { Timer::Decision } else { Timer::Prepare };
                    cx.effects.cancel_timer(timer(transaction), why);
                }
                self.site.release(transaction);
                self.site.end(transaction, Ended::Committed);
            }
        }
    }

    fn acknowledge_once_durable(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        if self.log.is_durable() {
            self.acknowledge(cx, transaction);
        } else {
            let why = Reason::Acknowledges { transaction };
            self.log.flush_once(Then::Acknowledge(transaction), why, cx.effects);
        }
    }

    pub(super) fn acknowledge(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let message = Message::Acknowledge { transaction };
        cx.effects.send(COORDINATOR, message, Reason::Acknowledges { transaction });
    }

    /// Whoever is in doubt asks a site that has not voted: it aborts now, by force, so that it can never
    /// vote yes after having told somebody that the transaction is aborted.
    pub(super) fn abort_unvoted_when_asked(
        &mut self,
        cx: &mut Context<'_, V>,
        by: NodeId,
        transaction: TransactionId,
    ) {
        let why = Reason::AbortsUnvotedWhenAsked { transaction, by };
        if self.site.branches.contains_key(&transaction) && cx.breaks(Rule::VoteAfterTellingAbort) {
            let outcome = Outcome::Abort;
            let message = Message::Decision { transaction, outcome, acknowledge: false };
            return cx.effects.send(by, message, Reason::TellsDecision { transaction, outcome });
        }
        self.take_back(cx, transaction, why);
        let record = Record::Abort { transaction, participants: [].into() };
        if cx.breaks(Rule::TellOwnAbortBeforeDurable) {
            self.log.force(record, Then::Nothing, why, cx.effects);
            self.tell_own_decision(cx, transaction, &[by]);
            return self.tell_given_up(cx, transaction);
        }
        self.log.force(record, Then::TellAborted(transaction, by), why, cx.effects);
    }

    /// Tells whoever asks how a transaction ended here. A record of it may still be on its way to the disk, behind
    /// a prepared record that would be all that a crash leaves: so the answer waits.
    pub(super) fn tell_once_durable(
        &mut self,
        cx: &mut Context<'_, V>,
        to: NodeId,
        transaction: TransactionId,
        outcome: Outcome,
    ) {
        let why = Reason::TellsDecision { transaction, outcome };
        if self.log.is_durable() || cx.breaks(Rule::TellOwnAbortBeforeDurable) {
            self.tell_own_decision(cx, transaction, &[to]);
        } else {
            self.log.flush_once(Then::Tell(transaction, to), why, cx.effects);
        }
    }

    /// Decides to commit by itself, as the only participant or as backup coordinator. The locks stay until
    /// the record is durable: before that the outcome could still be lost with this node.
    pub(super) fn decide_to_commit(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        then: Then,
        why: Reason,
    ) {
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        branch.state = BranchState::Committing;
        let origin = branch.origin_if_alone();
        let record = Record::Commit { transaction, participants: [].into(), origin };
        if cx.breaks(Rule::DecideAloneBeforeDurable) {
            self.log.force(record, Then::Nothing, why, cx.effects);
            return match then {
                Then::Tell(_, to) => self.tell_own_decision(cx, transaction, &[to]),
                _ => self.tell_everyone(cx, transaction),
            };
        }
        self.log.force(record, then, why, cx.effects);
    }

    /// A decision of this participant's own is durable: tells these nodes.
    pub(super) fn tell_own_decision(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        to: &[NodeId],
    ) {
        let why = Reason::TellsDecision { transaction, outcome: Outcome::Commit };
        if let Some(branch) = self.site.branches.get(&transaction)
            && branch.state == BranchState::Committing
        {
            if let Some(origin) = branch.origin_if_alone() {
                self.site.sessions.remember(Session::committed(transaction, &origin));
            }
            self.finish(cx, transaction, Outcome::Commit, why);
        }
        let Some(outcome) = self.site.ended(transaction).and_then(Ended::outcome) else { return };
        for node in to {
            let message = Message::Decision { transaction, outcome, acknowledge: false };
            cx.effects.send(*node, message, Reason::TellsDecision { transaction, outcome });
        }
    }

    /// A backup coordinator's decision is durable: tells the other participants and the coordinator.
    pub(super) fn tell_everyone(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let participants = self.site.to_tell.remove(&transaction).unwrap_or_default();
        let own = self.id;
        let to: Vec<NodeId> = participants
            .iter()
            .copied()
            .filter(|participant| *participant != own)
            .chain(std::iter::once(COORDINATOR))
            .collect();
        self.tell_own_decision(cx, transaction, &to);
    }
}
