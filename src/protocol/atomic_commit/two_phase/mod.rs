//! Two-phase commit (Gray 1978; Bernstein, Hadzilacos and Goodman §7.4; Mohan, Lindsay and Obermarck 1986).
//!
//! The two phases themselves are what both protocols share (`voting`, `participant`); here is what only
//! two-phase commit has: all votes are yes, so the coordinator commits at once; a participant in doubt asks
//! whoever may know (`termination`); the only participant decides by itself (`one_phase`).

mod one_phase;
mod termination;

use serde::Serialize;

use super::coordinator::count;
use super::message::{Message, Timer};
use super::node::{Context, Node, Settings, Variant};
use super::options::{BreakRules, Presumption, TWO_PHASE_RULES, TwoPhaseOptions};
use super::reason::Reason;
use super::transaction::TransactionId;
use crate::protocol::{Invalid, NodeId, RuleName};

/// A node of two-phase commit.
pub type TwoPhaseCommit = Node<TwoPhase>;

/// What makes a [`Node`] follow two-phase commit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct TwoPhase;

impl Variant for TwoPhase {
    type Options = TwoPhaseOptions;
    const NAME: &'static str = "two-phase-commit";
    const RULES: &'static [RuleName] = TWO_PHASE_RULES;

    fn validate(options: &TwoPhaseOptions, nodes: u16) -> Result<(), Vec<Invalid>> {
        options.validate(nodes)
    }

    fn break_rules(options: &mut TwoPhaseOptions) -> &mut BreakRules {
        &mut options.break_rules
    }

    fn settings(options: &TwoPhaseOptions) -> Settings<'_> {
        Settings {
            resources: &options.resources,
            break_rules: options.break_rules,
            presumption: options.presumption,
            // Presumed commit would take a coordinator's crash for a commit, unless it is on record that the
            // votes had only been asked for.
            logs_initiation: options.presumption == Presumption::Commit,
            asks_outcomes: false,
            read_only_vote: options.read_only_vote,
            one_phase: options.one_phase,
            vote_timeout_us: options.vote_timeout_us,
            decision_timeout_us: options.decision_timeout_us,
        }
    }

    fn all_voted_yes(node: &mut Node<Self>, cx: &mut Context<'_, Self>, transaction: TransactionId) {
        let Some(coordination) = node.coordinator.transactions.get(&transaction) else { return };
        let (yes, participants) = (count(coordination.yes_votes()), count(coordination.participants.len()));
        node.decide_commit(cx, transaction, Reason::DecidesCommit { transaction, yes, participants });
    }

    fn message(node: &mut Node<Self>, cx: &mut Context<'_, Self>, from: NodeId, message: Message) {
        match message {
            Message::CommitOnePhase { transaction, incarnation } => {
                node.on_commit_one_phase(cx, from, transaction, incarnation);
            }
            Message::Inquire { transaction } => node.on_inquire(cx, from, transaction),
            Message::InDoubt { transaction } => node.on_in_doubt(cx, from, transaction),
            _ => {}
        }
    }

    fn timer(node: &mut Node<Self>, cx: &mut Context<'_, Self>, timer: Timer) {
        if let Timer::Decision(transaction) = timer {
            node.nobody_tells_decision(cx, transaction);
        }
    }

    fn coordinator_finds_undecided(_: &mut Node<Self>, _: &mut Context<'_, Self>, _: TransactionId) {
        // The log has been read as an abort already: two-phase commit's coordinator alone decides, and a
        // decision to commit would be on record.
    }

    fn participant_finds_doubt(
        node: &mut Node<Self>,
        cx: &mut Context<'_, Self>,
        transaction: TransactionId,
    ) {
        node.ask_for_decision(cx, transaction);
    }
}
