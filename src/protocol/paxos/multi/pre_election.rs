//! Whether a ballot is worth beginning: a node asks before it disturbs anybody.
//!
//! A ballot that is begun stops the leader below it, whether its proposer can finish phase 1 or not. A node that is cut
//! off from the leader and from nobody else would do that again and again. So it first asks the acceptors whether they
//! would promise; whoever has heard a leader lately would not. Nothing is promised or written, so safety has no part in
//! it (the idea is Raft's Pre-Vote: Ongaro, "Consensus: Bridging Theory and Practice", §9.6).

use super::{Message, MultiPaxos, Reason, Role, Turn};
use crate::protocol::NodeId;
use crate::protocol::paxos::{Ballot, NodeSet};

/// A question that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Canvass {
    /// The ballot that would be begun.
    pub ballot: Ballot,
    /// The acceptors that would promise it.
    pub would_promise: NodeSet,
}

impl MultiPaxos {
    /// No leader was heard for too long.
    pub(super) fn election_due(&mut self, turn: &mut Turn<'_, '_>) {
        if self.role != Role::Follower || !self.may_propose(turn) {
            return;
        }
        if !turn.setup.options.pre_election {
            self.begin_ballot(turn);
            return;
        }
        let Some(ballot) = Ballot::above(self.highest, turn.me()) else {
            turn.effects.note(Reason::BallotsUsedUp);
            return;
        };
        self.leader = None;
        self.canvass = Some(Canvass { ballot, would_promise: NodeSet::EMPTY });
        // Whoever does not answer in time is asked again, after a random time so that two nodes do not keep in step.
        self.await_leader(turn);
        let why = Reason::Canvassed { ballot };
        for acceptor in turn.acceptors().iter() {
            turn.say(acceptor, Message::Canvass { ballot }, why);
        }
    }

    /// Somebody asks whether this acceptor would promise.
    pub(super) fn on_canvass(&mut self, from: NodeId, ballot: Ballot, turn: &mut Turn<'_, '_>) {
        if self.refuses(from, ballot, turn) {
            return;
        }
        let now_us = turn.surroundings.now_us;
        let quiet_us = turn.setup.options.election_timeout_us_min;
        let hears = self.heard_us.is_some_and(|heard_us| now_us.saturating_sub(heard_us) < quiet_us);
        let leader = match &self.role {
            // It would have given up if no quorum answered it.
            Role::Leading(_) => Some(turn.me()),
            _ => self.leader.filter(|leader| hears && *leader != from),
        };
        match leader {
            Some(leader) => turn.effects.note(Reason::LeaderIsHeard { ballot, leader }),
            None => turn.say(from, Message::WouldPromise { ballot }, Reason::WouldPromise { ballot }),
        }
    }

    /// An acceptor would promise; with a quorum of them the ballot is begun.
    pub(super) fn on_would_promise(&mut self, from: NodeId, ballot: Ballot, turn: &mut Turn<'_, '_>) {
        let needed = turn.quorums().phase_1;
        let Some(canvass) = &mut self.canvass else { return };
        if canvass.ballot != ballot || !canvass.would_promise.insert(from) {
            return;
        }
        let count = canvass.would_promise.len();
        turn.effects.note(Reason::WillingnessCounted { ballot, count, needed });
        if count >= needed && self.role == Role::Follower {
            self.begin_ballot(turn);
        }
    }
}
