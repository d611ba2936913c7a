//! The follower: it waits for a leader to be heard, and wants to lead when none is.

use super::slots::Slot;
use super::{Message, MultiPaxos, Reason, Timer, Turn};
use crate::protocol::NodeId;
use crate::protocol::paxos::Ballot;

impl MultiPaxos {
    /// A leader is heard.
    pub(super) fn hear(&mut self, leader: NodeId, turn: &mut Turn<'_, '_>) {
        self.leader = Some(leader);
        self.heard_us = Some(turn.surroundings.now_us);
        self.canvass = None;
        self.await_leader(turn);
    }

    /// Waits for a leader to be heard, for a random time.
    pub(super) fn await_leader(&mut self, turn: &mut Turn<'_, '_>) {
        if !self.may_propose(turn) {
            return;
        }
        let options = turn.setup.options;
        let (low, high) = (options.election_timeout_us_min, options.election_timeout_us_max);
        let wait_us = turn.surroundings.random_between(low, high);
        turn.effects.set_timer(Timer::Election, wait_us, Reason::AwaitLeader { wait_us });
    }

    /// The leader is heard; an acceptor says whether it still follows.
    pub(super) fn on_heartbeat(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        chosen_through: Slot,
        round: u64,
        turn: &mut Turn<'_, '_>,
    ) {
        let accepts = self.trusted && turn.acceptors().contains(turn.me());
        if self.trusted && self.refuses(from, ballot, turn) {
            return;
        }
        self.highest = self.highest.max(Some(ballot));
        if self.role.ballot().is_some_and(|own| own < ballot) {
            self.give_up(ballot, turn);
        }
        if self.role.ballot().is_some() {
            return;
        }
        self.hear(from, turn);
        if accepts {
            let message = Message::StillFollowing { ballot, round };
            turn.say(from, message, Reason::StillFollowing { ballot });
        }
        self.notice_gap(from, chosen_through, turn);
    }
}
