//! One input's turn: what the roles of a node share while they handle it.

use std::collections::VecDeque;

use crate::protocol::{Effects, NodeId, Participant, Setup, Surroundings};

/// What is handed in with an input, and where the effects go.
pub(super) struct Turn<'a, 'b, P: Participant> {
    pub setup: Setup<'a, P::Options>,
    pub surroundings: &'a mut Surroundings<'b>,
    pub effects: &'a mut Effects<P>,
    /// Messages from one role to another of the same node; they do not travel.
    local: VecDeque<P::Message>,
}

impl<'a, 'b, P: Participant> Turn<'a, 'b, P> {
    pub fn new(
        setup: Setup<'a, P::Options>,
        surroundings: &'a mut Surroundings<'b>,
        effects: &'a mut Effects<P>,
    ) -> Self {
        Turn { setup, surroundings, effects, local: VecDeque::new() }
    }

    pub fn me(&self) -> NodeId {
        self.setup.id
    }

    /// Says something to another node, or to another role of this one.
    #[track_caller]
    pub fn say(&mut self, to: NodeId, message: P::Message, why: P::Reason) {
        if to == self.me() {
            // The fact is worth telling although nothing travels.
            self.effects.note(why);
            self.local.push_back(message);
        } else {
            self.effects.send(to, message, why);
        }
    }

    /// The next message from one role of this node to another.
    pub fn next_local(&mut self) -> Option<P::Message> {
        self.local.pop_front()
    }
}
