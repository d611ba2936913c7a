//! One phase is enough for one participant: the coordinator leaves the decision to it (Gray 1978; the
//! published comparisons leave this case out, because it needs no agreement).

use super::super::log::Then;
use super::super::message::{Message, Record, Timer, Vote};
use super::super::node::{Context, Node};
use super::super::options::Rule;
use super::super::reason::Reason;
use super::super::site::{BranchState, Ended};
use super::super::transaction::{COORDINATOR, NoVote, Outcome, TransactionId};
use super::TwoPhase;
use crate::protocol::NodeId;

impl Node<TwoPhase> {
    pub(super) fn on_commit_one_phase(
        &mut self,
        cx: &mut Context<'_, TwoPhase>,
        from: NodeId,
        transaction: TransactionId,
        incarnation: u32,
    ) {
        if from != COORDINATOR || self.id == COORDINATOR {
            return;
        }
        match self.site.ended(transaction) {
            Some(Ended::Committed) => return self.answer_committed(cx, transaction),
            Some(Ended::DroppedOut) => return self.answer_read_only(cx, transaction, incarnation),
            Some(Ended::Aborted) => return self.send_no_once_durable(cx, transaction, incarnation),
            None => {}
        }
        // The outcome may be forgotten while the coordinator still waits for it. But as long as it does, the client
        // has not been answered and has not gone on: the session knows what was committed.
        if self.site.sessions.of(transaction).is_some() && !cx.breaks(Rule::ForgetDecisionLeftToOne) {
            return self.answer_committed(cx, transaction);
        }
        let Some(branch) = self.site.branches.get(&transaction) else {
            return self.refuse_lost_work(cx, transaction, incarnation);
        };
        match branch.state {
            BranchState::Worked if incarnation == self.incarnation => {}
            BranchState::Working | BranchState::Worked => {
                return self.refuse_lost_work(cx, transaction, incarnation);
            }
            _ => return,
        }
        if let Some(why) = branch.objection(&self.site.store) {
            return self.abort_alone(cx, transaction, why);
        }
        let why = Reason::DecidesAlone { transaction, outcome: Outcome::Commit };
        cx.effects.cancel_timer(Timer::Prepare(transaction), why);
        if branch.undo.is_empty() && cx.settings.read_only_vote {
            // Nothing was changed, so there is nothing to decide that a crash could take away.
            self.site.branches.remove(&transaction);
            self.site.release(transaction);
            self.site.end(transaction, Ended::DroppedOut);
            return self.answer_read_only(cx, transaction, incarnation);
        }
        self.decide_to_commit(cx, transaction, Then::Tell(transaction, COORDINATOR), why);
    }

    /// The participant cannot commit. The record is lazy: without it a restart would abort, too.
    fn abort_alone(&mut self, cx: &mut Context<'_, TwoPhase>, transaction: TransactionId, vote: NoVote) {
        let why = Reason::DecidesAlone { transaction, outcome: Outcome::Abort };
        self.finish(cx, transaction, Outcome::Abort, why);
        self.log.write(Record::Abort { transaction, participants: [].into() }, why, cx.effects);
        let message = Message::Vote { transaction, incarnation: self.incarnation, vote: Vote::No(vote) };
        cx.effects.send(COORDINATOR, message, why);
    }

    fn answer_read_only(
        &mut self,
        cx: &mut Context<'_, TwoPhase>,
        transaction: TransactionId,
        incarnation: u32,
    ) {
        let message = Message::Vote { transaction, incarnation, vote: Vote::ReadOnly };
        cx.effects.send(COORDINATOR, message, Reason::VotesReadOnly { transaction });
    }

    fn answer_committed(&mut self, cx: &mut Context<'_, TwoPhase>, transaction: TransactionId) {
        let outcome = Outcome::Commit;
        let message = Message::Decision { transaction, outcome, acknowledge: false };
        cx.effects.send(COORDINATOR, message, Reason::DecidesAlone { transaction, outcome });
    }
}
