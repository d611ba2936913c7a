//! Who holds which role, asked while an input is handled.

use super::{Rule, Synod};
use crate::protocol::paxos::turn;
use crate::protocol::paxos::{NodeSet, Quorums};

pub(super) type Turn<'a, 'b> = turn::Turn<'a, 'b, Synod>;

impl Turn<'_, '_> {
    /// Whether this rule is broken. Asked last, where keeping it makes a difference.
    pub fn breaks(&mut self, rule: Rule) -> bool {
        self.effects.reached(rule);
        self.setup.options.break_rules.breaks(rule)
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

    /// Notes where quorums that need not meet would be content with fewer.
    pub fn note_larger_quorum(&mut self, count: u16, needed: u16) {
        if count < needed && count >= Quorums::halves(self.acceptors().len()).phase_1 {
            self.effects.reached(Rule::AllowDisjointQuorums);
        }
    }
}
