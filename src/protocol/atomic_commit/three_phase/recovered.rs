//! A process that has crashed after its vote does not know what was decided without it, and may not help to
//! decide: it asks, and waits (Bernstein, Hadzilacos and Goodman §7.5).
//!
//! Only if every process of the transaction has crashed and come back, and none has a decision on record, is
//! nobody left to wait for. Every decision is durable before it is told, so nobody can have acted on one:
//! all of them abort, each by itself, and cannot differ.

use super::super::coordinator::{Phase, count};
use super::super::message::{Message, ProcessState};
use super::super::node::{Context, Node};
use super::super::options::Rule;
use super::super::reason::Reason;
use super::super::transaction::{AbortCause, COORDINATOR, Outcome, TransactionId};
use super::ThreePhase;
use crate::protocol::NodeId;

impl Node<ThreePhase> {
    /// Asks everybody, and again after a while.
    pub(super) fn ask_after_crash(&mut self, cx: &mut Context<'_, ThreePhase>, transaction: TransactionId) {
        let own = self.id;
        if own == COORDINATOR
            && self.coordinator.phase(transaction) == Some(Phase::Asking)
            && cx.breaks(Rule::AbortAtRecovery)
        {
            return self.decide_abort(cx, transaction, AbortCause::CoordinatorCrashed);
        }
        let asked: Vec<NodeId> = if own == COORDINATOR {
            match self.coordinator.transactions.get(&transaction) {
                Some(coordination) if coordination.phase == Phase::Asking => {
                    coordination.participants.iter().copied().collect()
                }
                _ => return,
            }
        } else {
            match self.site.branches.get(&transaction) {
                Some(branch) if branch.state.is_in_doubt() => {
                    std::iter::once(COORDINATOR).chain(branch.others(own)).collect()
                }
                _ => return,
            }
        };
        let why = Reason::AsksForDecision { transaction, asked: count(asked.len()) };
        for node in asked {
            cx.effects.send(node, Message::Inquire { transaction }, why);
        }
        self.limit_doubt(cx, transaction);
    }

    pub(super) fn on_inquire(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        from: NodeId,
        transaction: TransactionId,
    ) {
        if self.id == COORDINATOR {
            match self.coordinator.phase(transaction) {
                Some(Phase::Completing(outcome)) => {
                    let message = Message::Decision { transaction, outcome, acknowledge: true };
                    cx.effects.send(from, message, Reason::TellsDecisionAgain { transaction, outcome });
                }
                Some(Phase::Asking) => self.tell_state(cx, from, transaction, ProcessState::Recovered),
                // It has not decided yet and will tell; or everybody has acknowledged, and nobody can ask.
                _ => {}
            }
            return;
        }
        if self.answer_if_not_in_doubt(cx, from, transaction) {
            return;
        }
        // One that has not crashed is going to find out, alone or with others, and will tell everybody.
        if self.site.branches.get(&transaction).is_some_and(|branch| branch.recovered) {
            self.tell_state(cx, from, transaction, ProcessState::Recovered);
        }
    }

    pub(super) fn on_state(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        from: NodeId,
        transaction: TransactionId,
        state: ProcessState,
    ) {
        let own = self.id;
        if own == COORDINATOR {
            let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
            if coordination.phase != Phase::Asking || state != ProcessState::Recovered {
                return;
            }
            coordination.recovered.insert(from);
            if coordination.participants.iter().all(|site| coordination.recovered.contains(site))
                || cx.breaks(Rule::DecideBeforeAllHaveRecovered)
            {
                let processes = count(coordination.participants.len() + 1);
                cx.effects.note(Reason::TotalFailure { transaction, processes });
                self.decide_abort(cx, transaction, AbortCause::CoordinatorCrashed);
            }
            return;
        }
        let Some(branch) = self.site.branches.get_mut(&transaction) else { return };
        if !branch.state.is_in_doubt() {
            return;
        }
        if !branch.recovered {
            return self.backup_on_state(cx, from, transaction, state);
        }
        branch.peers.insert(from, state);
        let has_recovered =
            |process: NodeId| branch.peers.get(&process).is_some_and(|s| *s == ProcessState::Recovered);
        if branch.others(own).chain([COORDINATOR]).all(has_recovered)
            || cx.breaks(Rule::DecideBeforeAllHaveRecovered)
        {
            let processes = count(branch.participants.len() + 1);
            cx.effects.note(Reason::TotalFailure { transaction, processes });
            self.participant_is_told(cx, own, transaction, Outcome::Abort, false);
        }
    }
}
