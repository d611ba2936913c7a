//! The termination protocol of two-phase commit: a participant in doubt asks the coordinator and, if
//! termination is cooperative, the other participants (Bernstein, Hadzilacos and Goodman §7.4). If all that
//! can be reached are in doubt too, it stays blocked, with its locks held.

use super::super::coordinator::{Phase, count};
use super::super::message::{Message, ProcessState};
use super::super::node::{Context, Node};
use super::super::reason::Reason;
use super::super::site::{BranchState, Ended};
use super::super::transaction::{COORDINATOR, Outcome, TransactionId};
use super::TwoPhase;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::Rule;

impl Node<TwoPhase> {
    pub(super) fn nobody_tells_decision(
        &mut self,
        cx: &mut Context<'_, TwoPhase>,
        transaction: TransactionId,
    ) {
        let Some(branch) = self.site.branches.get(&transaction) else { return };
        if !branch.state.is_in_doubt() {
            return;
        }
        if cx.breaks(Rule::AbortAloneWhileInDoubt) {
            cx.effects.note(Reason::AbortsAloneInDoubt { transaction });
            return self.participant_is_told(cx, self.id, transaction, Outcome::Abort, false);
        }
        self.ask_for_decision(cx, transaction);
    }

    /// Asks whoever may know, and again after a while.
    pub(super) fn ask_for_decision(&mut self, cx: &mut Context<'_, TwoPhase>, transaction: TransactionId) {
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        branch.peers.clear();
        let own = self.id;
        let peers = branch.others(own).filter(|_| cx.options.cooperative_termination);
        let asked: Vec<NodeId> = std::iter::once(COORDINATOR).chain(peers).collect();
        let why = Reason::AsksForDecision { transaction, asked: count(asked.len()) };
        for node in asked {
            cx.effects.send(node, Message::Inquire { transaction }, why);
        }
        self.limit_doubt(cx, transaction);
    }

    pub(super) fn on_inquire(
        &mut self,
        cx: &mut Context<'_, TwoPhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        if self.id == COORDINATOR {
            self.coordinator_is_asked(cx, from, transaction);
        } else {
            self.participant_is_asked(cx, from, transaction);
        }
    }

    fn coordinator_is_asked(
        &mut self,
        cx: &mut Context<'_, TwoPhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        let (outcome, why) = match self.coordinator.phase(transaction) {
            Some(Phase::Completing(outcome)) => {
                (outcome, Reason::TellsDecisionAgain { transaction, outcome })
            }
            // It has not decided yet, and will tell as soon as it has.
            Some(_) => return,
            // No information is information, too.
            None => {
                let presumed = cx.options.presumption.outcome();
                let outcome =
                    if cx.breaks(Rule::PresumeTheOpposite) { presumed.opposite() } else { presumed };
                (outcome, Reason::Presumes { transaction, outcome })
            }
        };
        let acknowledge = cx.settings.presumption.acknowledges(outcome);
        cx.effects.send(from, Message::Decision { transaction, outcome, acknowledge }, why);
    }

    fn participant_is_asked(
        &mut self,
        cx: &mut Context<'_, TwoPhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        match self.site.ended(transaction) {
            Some(Ended::DroppedOut) => return,
            Some(Ended::Committed) => return self.tell_once_durable(cx, from, transaction, Outcome::Commit),
            Some(Ended::Aborted) => return self.tell_once_durable(cx, from, transaction, Outcome::Abort),
            None if self.site.has_forgotten(transaction) => return,
            None => {}
        }
        match self.site.branches.get(&transaction).map(|branch| branch.state) {
            Some(BranchState::Committing) => {}
            Some(BranchState::Prepared | BranchState::PreCommitted) => {
                cx.effects.send(from, Message::InDoubt { transaction }, Reason::CannotHelp { transaction });
            }
            Some(BranchState::Working | BranchState::Worked | BranchState::Preparing) | None => {
                self.abort_unvoted_when_asked(cx, from, transaction);
            }
        }
    }

    pub(super) fn on_in_doubt(
        &mut self,
        cx: &mut Context<'_, TwoPhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        let own = self.id;
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        if !branch.state.is_in_doubt() || !branch.participants.contains(&from) {
            return;
        }
        let first_time = branch.peers.insert(from, ProcessState::Uncertain).is_none();
        if first_time && branch.others(own).all(|other| branch.peers.contains_key(&other)) {
            let participants = count(branch.participants.len());
            cx.effects.note(Reason::Blocked { transaction, participants });
            if cx.breaks(Rule::AbortWhenAllAreInDoubt) {
                self.participant_is_told(cx, own, transaction, Outcome::Abort, false);
            }
        }
    }
}
