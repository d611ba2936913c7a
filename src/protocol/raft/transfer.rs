//! Handing leadership over (thesis §3.10).
//!
//! The leader takes no more commands, brings the other node's log up to its own, and tells it to stand for
//! election at once. Nobody protects the old leader from that election, and nobody is asked in advance. If it
//! takes longer than an election timeout the leader goes on as before.

use super::log::Term;
use super::message::{Message, Timer};
use super::options::Rule;
use super::progress::Transfer;
use super::reason::Reason;
use super::state::RoleState;
use super::{Context, Raft};
use crate::protocol::NodeId;

impl Raft {
    pub(super) fn on_transfer_asked(&mut self, to: NodeId, cx: &mut Context) {
        let own_id = self.id;
        let RoleState::Leader(leadership) = &mut self.role else {
            cx.effects.note(Reason::TransferNeedsLeader { to, leader: self.leader });
            return;
        };
        if leadership.transfer.is_some_and(|transfer| transfer.to == to) {
            return;
        }
        if to == own_id
            && let Some(transfer) = leadership.transfer.take()
        {
            // Asking a leader to hand over to itself calls off what was asked before.
            let why = Reason::TransferGivenUp { to: transfer.to, term: self.term };
            cx.effects.cancel_timer(Timer::Transfer, why);
            return;
        }
        let counts = leadership.progress.get(to.index()).is_some_and(|progress| progress.counts);
        if to == own_id || !counts {
            cx.effects.note(Reason::TransferImpossible { to });
            return;
        }
        leadership.transfer = Some(Transfer { to, told: false });
        let why = Reason::TransferBegins { to, term: self.term };
        cx.effects.set_timer(Timer::Transfer, cx.options.election_timeout_us_max, why);
        self.replicate_to(to, cx);
        self.continue_transfer(to, cx);
    }

    /// Tells the next leader to stand for election, once its log is complete.
    pub(super) fn continue_transfer(&mut self, with: NodeId, cx: &mut Context) {
        let last_index = self.log.last_index();
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let Some(transfer) = &mut leadership.transfer else { return };
        let match_index =
            leadership.progress.get(transfer.to.index()).map_or(0, |progress| progress.match_index);
        if transfer.to == with && !transfer.told && match_index == last_index {
            transfer.told = true;
            let why = Reason::TellsToTimeOutNow { to: with, match_index };
            cx.effects.send(with, Message::TimeoutNow { term: self.term }, why);
        }
    }

    pub(super) fn on_transfer_timeout(&mut self, cx: &mut Context) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        if let Some(transfer) = leadership.transfer.take() {
            cx.effects.note(Reason::TransferGivenUp { to: transfer.to, term: self.term });
        }
    }

    pub(super) fn on_timeout_now(&mut self, from: NodeId, term: Term, cx: &mut Context) {
        if term < self.term || self.is_leader() {
            cx.effects.note(Reason::LateAnswer { from, term });
            return;
        }
        if term > self.term {
            let why = Reason::HigherTerm { from, term, old_term: self.term };
            self.become_follower(term, Some(from), why, cx);
        }
        cx.effects.note(Reason::ToldToTimeOutNow { leader: from, term });
        if let Some(next) = self.term.checked_add(1)
            && cx.breaks(Rule::TransferWithoutElection)
        {
            self.become_follower(next, None, Reason::StandsForElection { term: next }, cx);
            self.become_leader(0, cx);
            return;
        }
        self.campaign(true, cx);
    }
}
