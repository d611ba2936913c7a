//! Three-phase commit (Skeen 1981; Bernstein, Hadzilacos and Goodman §7.5).
//!
//! Between the votes and the decision everybody is told that all have voted yes. Nobody can then have
//! committed while anybody that is up is still uncertain, and so those that are up can always finish: under
//! the lowest of them as backup coordinator (`termination`). Whoever has crashed asks (`recovered`).
//!
//! All of it stands on telling a crashed process from a slow one by time-outs. Where a message is lost or
//! takes longer than [`ThreePhaseOptions::latency_us_max`], two groups can each take the other for crashed
//! and decide differently.

mod recovered;
mod termination;

use serde::Serialize;

use super::coordinator::{Phase, count};
use super::message::{Message, Timer};
use super::node::{Context, Node, Settings, Variant};
use super::options::{BreakRules, Presumption, Rule, THREE_PHASE_RULES, ThreePhaseOptions};
use super::reason::Reason;
use super::transaction::{COORDINATOR, TransactionId};
use crate::protocol::{Invalid, NodeId, RuleName};

/// A node of three-phase commit.
pub type ThreePhaseCommit = Node<ThreePhase>;

/// What makes a [`Node`] follow three-phase commit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct ThreePhase;

impl Variant for ThreePhase {
    type Options = ThreePhaseOptions;
    const NAME: &'static str = "three-phase-commit";
    const RULES: &'static [RuleName] = THREE_PHASE_RULES;

    fn validate(options: &ThreePhaseOptions, nodes: u16) -> Result<(), Vec<Invalid>> {
        options.validate(nodes)
    }

    fn break_rules(options: &mut ThreePhaseOptions) -> &mut BreakRules {
        &mut options.break_rules
    }

    fn settings(options: &ThreePhaseOptions) -> Settings<'_> {
        Settings {
            resources: &options.resources,
            break_rules: options.break_rules,
            // The participants may decide while the coordinator is down, so that it must neither presume
            // anything nor forget, in a crash, that it had begun.
            presumption: Presumption::Nothing,
            logs_initiation: true,
            asks_outcomes: true,
            read_only_vote: options.read_only_vote,
            one_phase: false,
            vote_timeout_us: options.answer_timeout_us,
            decision_timeout_us: options.decision_timeout_us,
        }
    }

    /// The second of the three phases: everybody is told that everybody will commit.
    fn all_voted_yes(node: &mut Node<Self>, cx: &mut Context<'_, Self>, transaction: TransactionId) {
        if cx.breaks(Rule::SkipPreCommit) {
            return node.decide_commit(
                cx,
                transaction,
                Reason::CommitsAfterPreCommit { transaction, silent: 0 },
            );
        }
        let Some(coordination) = node.coordinator.transactions.get_mut(&transaction) else { return };
        coordination.phase = Phase::PreCommitting;
        let to_tell = coordination.to_tell();
        let why = Reason::PreCommits { transaction, participants: count(to_tell.len()) };
        for site in &to_tell {
            cx.effects.send(*site, Message::PreCommit { transaction }, why);
        }
        coordination.awaited = to_tell.into_iter().collect();
        let timer = Timer::Answers(transaction);
        cx.effects.set_timer(timer, cx.options.answer_timeout_us, Reason::LimitsPreCommit { transaction });
    }

    fn message(node: &mut Node<Self>, cx: &mut Context<'_, Self>, from: NodeId, message: Message) {
        match message {
            Message::PreCommit { transaction } => node.on_pre_commit(cx, from, transaction),
            Message::PreCommitted { transaction } if node.id == COORDINATOR => {
                node.coordinator_on_pre_committed(cx, from, transaction);
            }
            Message::PreCommitted { transaction } => node.backup_on_pre_committed(cx, from, transaction),
            Message::Elect { transaction } => node.on_elect(cx, from, transaction),
            Message::AskState { transaction } => node.on_ask_state(cx, from, transaction),
            Message::State { transaction, state } => node.on_state(cx, from, transaction, state),
            Message::Inquire { transaction } => node.on_inquire(cx, from, transaction),
            _ => {}
        }
    }

    fn timer(node: &mut Node<Self>, cx: &mut Context<'_, Self>, timer: Timer) {
        match timer {
            Timer::Answers(transaction) => node.pre_commit_took_too_long(cx, transaction),
            Timer::Decision(transaction) => node.nobody_leads(cx, transaction),
            Timer::Election(transaction) => node.elected_does_not_begin(cx, transaction),
            Timer::Backup(transaction) => node.backup_has_waited(cx, transaction),
            _ => {}
        }
    }

    fn coordinator_finds_undecided(
        node: &mut Node<Self>,
        cx: &mut Context<'_, Self>,
        transaction: TransactionId,
    ) {
        node.ask_after_crash(cx, transaction);
    }

    fn participant_finds_doubt(
        node: &mut Node<Self>,
        cx: &mut Context<'_, Self>,
        transaction: TransactionId,
    ) {
        node.ask_after_crash(cx, transaction);
    }
}

impl Node<ThreePhase> {
    fn coordinator_on_pre_committed(
        &mut self,
        cx: &mut Context<'_, ThreePhase>,
        site: NodeId,
        transaction: TransactionId,
    ) {
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        if coordination.phase != Phase::PreCommitting {
            return;
        }
        coordination.awaited.remove(&site);
        if coordination.awaited.is_empty() {
            self.decide_commit(cx, transaction, Reason::CommitsAfterPreCommit { transaction, silent: 0 });
        }
    }

    /// Whoever has not acknowledged must have crashed, and will ask when it is back: commit without it.
    fn pre_commit_took_too_long(&mut self, cx: &mut Context<'_, ThreePhase>, transaction: TransactionId) {
        let Some(coordination) = self.coordinator.transactions.get(&transaction) else { return };
        if coordination.phase == Phase::PreCommitting {
            let silent = count(coordination.awaited.len());
            self.decide_commit(cx, transaction, Reason::CommitsAfterPreCommit { transaction, silent });
        }
    }
}
