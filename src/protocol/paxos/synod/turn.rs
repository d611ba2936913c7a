//! One input's turn: what the roles of a node share while they handle it.

use std::collections::VecDeque;

use crate::protocol::paxos::{NodeSet, Quorums};
use crate::protocol::{Effects, NodeId, Setup, Surroundings};

use super::{Message, Options, Reason, Synod};

/// What is handed in with an input, and where the effects go.
pub(super) struct Turn<'a, 'b> {
    pub setup: Setup<'a, Options>,
    pub surroundings: &'a mut Surroundings<'b>,
    pub effects: &'a mut Effects<Synod>,
    /// Messages from one role to another of the same node; they do not travel.
    local: VecDeque<Message>,
}

impl<'a, 'b> Turn<'a, 'b> {
    pub fn new(
        setup: Setup<'a, Options>,
        surroundings: &'a mut Surroundings<'b>,
        effects: &'a mut Effects<Synod>,
    ) -> Self {
        Turn { setup, surroundings, effects, local: VecDeque::new() }
    }

    pub fn me(&self) -> NodeId {
        self.setup.id
    }

    pub fn proposers(&self) -> NodeSet {
        self.setup.options.proposers(self.setup.nodes)
    }

    pub fn acceptors(&self) -> NodeSet {
        self.setup.options.acceptors(self.setup.nodes)
    }

    pub fn learners(&self) -> NodeSet {
        self.setup.options.learners(self.setup.nodes)
    }

    pub fn quorums(&self) -> Quorums {
        self.setup.options.quorums(self.setup.nodes)
    }

    /// Says something to another node, or to another role of this one.
    #[track_caller]
    pub fn say(&mut self, to: NodeId, message: Message, why: Reason) {
        if to == self.me() {
            // The fact is worth telling although nothing travels.
            self.effects.note(why);
            self.local.push_back(message);
        } else {
            self.effects.send(to, message, why);
        }
    }

    /// The next message from one role of this node to another.
    pub fn next_local(&mut self) -> Option<Message> {
        self.local.pop_front()
    }
}
