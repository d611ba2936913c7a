//! The termination protocol of three-phase commit (Bernstein, Hadzilacos and Goodman §7.5): when whoever
//! leads is silent, the participants that have not crashed elect the lowest of them as backup coordinator. It
//! asks everybody's state and decides by four rules:
//!
//! * TR1, TR2: somebody has decided, so everybody does the same.
//! * TR3: everybody that is up is uncertain, so nobody can have committed: abort.
//! * TR4: somebody is committable, so nobody can have aborted: the uncertain are told first, then all commit.

use super::super::coordinator::count;
use super::super::log::Then;
use super::super::message::{Message, ProcessState, Record, Timer};
use super::super::node::{Context, Node};
use super::super::reason::Reason;
use super::super::site::{BranchState, Stage};
use super::super::transaction::{COORDINATOR, Outcome, TransactionId};
use super::ThreePhase;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::Rule;

impl Node<ThreePhase> {
    /// The decision does not come: whoever leads has crashed, says the bound on delays.
    pub(super) fn nobody_leads(&mut self, cx: &mut Context<'_, ThreePhase>, transaction: TransactionId) {
        if self.id == COORDINATOR {
            return self.ask_after_crash(cx, transaction);
        }
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        if !branch.state.is_in_doubt() {
            return;
        }
        if cx.breaks(Rule::AbortAloneWhileInDoubt) {
            cx.effects.note(Reason::AbortsAloneInDoubt { transaction });
            return self.participant_is_told(cx, self.id, transaction, Outcome::Abort, false);
        }
        if branch.recovered && !cx.breaks(Rule::CountRecoveredAsLive) {
            return self.ask_after_crash(cx, transaction);
        }
        let silent = branch.obeys;
        self.elect_without(cx, transaction, silent);
    }

    pub(super) fn elected_does_not_begin(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        transaction: TransactionId,
    ) {
        let Some(branch) = self.site.branches.get(&transaction) else { return };
        if let (Stage::Elected(silent), true) = (branch.stage, branch.state.is_in_doubt()) {
            self.elect_without(cx, transaction, silent);
        }
    }

    /// Elects the lowest participant that is not taken for crashed.
    fn elect_without(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        transaction: TransactionId,
        silent: NodeId,
    ) {
        let own = self.id;
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        if silent != own {
            branch.suspects.insert(silent);
        }
        let candidates = branch.participants.iter().filter(|other| !branch.suspects.contains(other));
        let candidate = candidates.min().copied().unwrap_or(own);
        let why = Reason::Elects { transaction, candidate, silent };
        if candidate == own {
            cx.effects.note(why);
            return self.take_over(cx, transaction);
        }
        branch.stage = Stage::Elected(candidate);
        cx.effects.send(candidate, Message::Elect { transaction }, why);
        cx.effects.set_timer(Timer::Election(transaction), cx.options.answer_timeout_us, why);
    }

    pub(super) fn on_elect(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        if self.answer_if_not_in_doubt(cx, from, transaction) {
            return;
        }
        let Some(branch) = self.site.branches.get(&transaction) else { return };
        if branch.recovered && !cx.breaks(Rule::CountRecoveredAsLive) {
            self.tell_state(cx, from, transaction, ProcessState::Recovered);
        } else if !branch.leads() {
            self.take_over(cx, transaction);
        }
    }

    fn take_over(&mut self, cx: &mut Context<'_, ThreePhase>, transaction: TransactionId) {
        let own = self.id;
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        branch.stage = Stage::CollectingStates;
        branch.obeys = own;
        branch.peers.clear();
        let why = Reason::TakesOver { transaction };
        cx.effects.note(why);
        cx.effects.cancel_timer(Timer::Decision(transaction), why);
        cx.effects.cancel_timer(Timer::Election(transaction), why);
        let mut alone = true;
        for other in branch.others(own) {
            alone = false;
            cx.effects.send(other, Message::AskState { transaction }, why);
        }
        if alone {
            self.judge(cx, transaction);
        } else {
            cx.effects.set_timer(Timer::Backup(transaction), cx.options.answer_timeout_us, why);
        }
    }

    /// Whoever has decided says so. Whoever has not voted aborts, which it may, and says so. Returns whether
    /// that settles it.
    pub(super) fn answer_if_not_in_doubt(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        to: NodeId,
        transaction: TransactionId,
    ) -> bool {
        if self.id == COORDINATOR {
            return true;
        }
        if let Some(ended) = self.site.ended(transaction) {
            if let Some(outcome) = ended.outcome() {
                self.tell_once_durable(cx, to, transaction, outcome);
            }
            return true;
        }
        if self.site.has_forgotten(transaction) {
            return true;
        }
        match self.site.branches.get(&transaction).map(|branch| branch.state) {
            Some(BranchState::Prepared | BranchState::PreCommitted) => false,
            Some(BranchState::Committing) => true,
            Some(BranchState::Working | BranchState::Worked | BranchState::Preparing) | None => {
                self.abort_unvoted_when_asked(cx, to, transaction);
                true
            }
        }
    }

    pub(super) fn on_ask_state(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        if self.answer_if_not_in_doubt(cx, from, transaction) {
            return;
        }
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        if branch.recovered && !cx.breaks(Rule::CountRecoveredAsLive) {
            return self.tell_state(cx, from, transaction, ProcessState::Recovered);
        }
        if from < branch.obeys {
            // Leaders follow each other in order; this one has been given up already.
            return cx.effects.note(Reason::IgnoresFormerLeader { transaction, from });
        }
        branch.obeys = from;
        branch.stage = Stage::Waiting;
        let state = match branch.state {
            BranchState::PreCommitted => ProcessState::Committable,
            _ => ProcessState::Uncertain,
        };
        let why = Reason::TellsState { transaction, state };
        cx.effects.cancel_timer(Timer::Election(transaction), why);
        cx.effects.cancel_timer(Timer::Backup(transaction), why);
        self.tell_state(cx, from, transaction, state);
        self.limit_doubt(cx, transaction);
    }

    pub(super) fn tell_state(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        to: NodeId,
        transaction: TransactionId,
        state: ProcessState,
    ) {
        cx.effects.send(to, Message::State { transaction, state }, Reason::TellsState { transaction, state });
    }

    /// A participant's state arrives at a backup coordinator.
    pub(super) fn backup_on_state(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        from: NodeId,
        transaction: TransactionId,
        state: ProcessState,
    ) {
        let own = self.id;
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        match branch.stage {
            // Who was elected has crashed in the meantime and is not fit to lead.
            Stage::Elected(candidate) if candidate == from && state == ProcessState::Recovered => {
                self.elect_without(cx, transaction, candidate);
            }
            Stage::CollectingStates => {
                branch.peers.insert(from, state);
                if branch.others(own).all(|other| branch.peers.contains_key(&other)) {
                    self.judge(cx, transaction);
                }
            }
            _ => {}
        }
    }

    /// The backup coordinator has heard all that it will hear: TR3 or TR4. (TR1 and TR2 are followed as soon
    /// as somebody answers with a decision.)
    fn judge(&mut self, cx: &mut Context<'_, ThreePhase>, transaction: TransactionId) {
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        let peers = |state: ProcessState| branch.peers.iter().filter(move |(_, other)| **other == state);
        let uncertain: Vec<NodeId> = peers(ProcessState::Uncertain).map(|(other, _)| *other).collect();
        let own = usize::from(branch.state == BranchState::PreCommitted);
        let committable = own + peers(ProcessState::Committable).count();
        let up = count(1 + uncertain.len() + committable - own);
        if committable == 0 && cx.breaks(Rule::CommitThoughAllAreUncertain) {
            let why = Reason::SomeCommittable { transaction, committable: 0, up };
            return self.commit_as_backup(cx, transaction, why);
        }
        if committable == 0 || cx.breaks(Rule::AbortThoughSomeAreCommittable) {
            return self.abort_as_backup(cx, transaction, up);
        }
        let why = Reason::SomeCommittable { transaction, committable: count(committable), up };
        branch.state = BranchState::PreCommitted;
        branch.stage = Stage::CollectingAcknowledgements;
        branch.peers.retain(|other, _| uncertain.contains(other));
        if uncertain.is_empty() || cx.breaks(Rule::CommitWithoutTellingTheUncertain) {
            return self.commit_as_backup(cx, transaction, why);
        }
        for other in uncertain {
            cx.effects.send(other, Message::PreCommit { transaction }, why);
        }
        let why = Reason::LimitsPreCommit { transaction };
        cx.effects.set_timer(Timer::Backup(transaction), cx.options.answer_timeout_us, why);
    }

    fn abort_as_backup(&mut self, cx: &mut Context<'_, ThreePhase>, transaction: TransactionId, up: u16) {
        let Some(branch) = self.site.branches.get(&transaction) else { return };
        let participants = std::sync::Arc::clone(&branch.participants);
        let why = Reason::AllUncertain { transaction, up };
        cx.effects.cancel_timer(Timer::Backup(transaction), why);
        self.finish(cx, transaction, Outcome::Abort, why);
        self.site.to_tell.insert(transaction, participants);
        let record = Record::Abort { transaction, participants: [].into() };
        self.log.force(record, Then::TellEveryone(transaction), why, cx.effects);
    }

    fn commit_as_backup(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        transaction: TransactionId,
        why: Reason,
    ) {
        let Some(branch) = self.site.branches.get(&transaction) else { return };
        let participants = std::sync::Arc::clone(&branch.participants);
        cx.effects.cancel_timer(Timer::Backup(transaction), why);
        self.site.to_tell.insert(transaction, participants);
        self.decide_to_commit(cx, transaction, Then::TellEveryone(transaction), why);
    }

    pub(super) fn on_pre_commit(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        // One that has crashed since it voted is no longer counted on, and will ask.
        if !branch.state.is_in_doubt() || branch.recovered && !cx.breaks(Rule::CountRecoveredAsLive) {
            return;
        }
        if from != branch.obeys {
            return cx.effects.note(Reason::IgnoresFormerLeader { transaction, from });
        }
        branch.state = BranchState::PreCommitted;
        let why = Reason::AcknowledgesPreCommit { transaction };
        cx.effects.send(from, Message::PreCommitted { transaction }, why);
        self.limit_doubt(cx, transaction);
    }

    pub(super) fn backup_on_pre_committed(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        if branch.stage != Stage::CollectingAcknowledgements || branch.state != BranchState::PreCommitted {
            return;
        }
        branch.peers.remove(&from);
        if branch.peers.is_empty() {
            let why = Reason::CommitsAfterPreCommit { transaction, silent: 0 };
            self.commit_as_backup(cx, transaction, why);
        }
    }

    /// Whoever has not answered the backup coordinator must have crashed.
    pub(super) fn backup_has_waited(&mut self, cx: &mut Context<'_, ThreePhase>, transaction: TransactionId) {
        let Some(branch) = self.site.branches.get(&transaction) else { return };
        match (branch.stage, branch.state.is_in_doubt()) {
            (Stage::CollectingStates, true) => self.judge(cx, transaction),
            (Stage::CollectingAcknowledgements, true) => {
                let silent = count(branch.peers.len());
                let why = Reason::CommitsAfterPreCommit { transaction, silent };
                self.commit_as_backup(cx, transaction, why);
            }
            _ => {}
        }
    }
}
