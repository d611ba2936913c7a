//! Committing and applying (Raft §5.3, §5.4.2, Figure 2 "Rules for Servers").

use super::log::{Index, Payload};
use super::message::Answer;
use super::options::Rule;
use super::reason::Reason;
use super::state::RoleState;
use super::{Context, Raft};

impl Raft {
    /// A leader commits what a majority holds durably, if the last of it is of the leader's own term; earlier
    /// entries are committed with it (Raft §5.4.2: an entry of an earlier term on a majority may still be
    /// overwritten, Figure 8).
    pub(super) fn advance_commit(&mut self, cx: &mut Context) {
        let RoleState::Leader(leadership) = &self.role else { return };
        let (mut own_index, last_index) = (self.disk.durable_index(), self.log.last_index());
        if own_index < last_index && cx.breaks(Rule::LeaderCountsUnsynced) {
            own_index = last_index;
        }
        let mut copies = leadership.copies(self.id, own_index, false);
        if copies.kept_out_has_more && cx.breaks(Rule::CountKeptOut) {
            copies = leadership.copies(self.id, own_index, true);
        }
        let mut index = copies.majority;
        if copies.one_less > index.max(self.commit) && cx.breaks(Rule::CommitWithoutMajority) {
            index = copies.one_less;
        }
        if index <= self.commit {
            return;
        }
        let Some(term) = self.log.term(index) else { return };
        if term != self.term && !cx.breaks(Rule::CommitEarlierTerm) {
            cx.effects.note(Reason::NotCommittedByCounting { index, term, own_term: self.term });
            return;
        }
        cx.effects.note(Reason::Committed { index, term, own_term: self.term, nodes: cx.nodes });
        self.commit_to(index, cx);
    }

    /// Takes an index for committed and applies up to it. A leader answers the clients that wait.
    pub(super) fn commit_to(&mut self, index: Index, cx: &mut Context) {
        self.commit = self.commit.max(index.min(self.log.last_index()));
        while self.applied < self.commit {
            let index = self.applied + 1;
            let Some(entry) = self.log.get(index) else { break };
            match &entry.payload {
                Payload::NoOp => {}
                Payload::Command { client, request, command } => {
                    let store = &mut self.machine.store;
                    let outcome = match store.knows(*client, *request) && cx.breaks(Rule::IgnoreSessions) {
                        true => store.apply_again(*client, *request, command),
                        false => store.apply(*client, *request, command),
                    };
                    if let RoleState::Leader(leadership) = &mut self.role
                        && leadership.proposals.applied(*client, *request, index)
                    {
                        let why = Reason::AppliedAndAnswered { index, term: entry.term };
                        cx.effects.reply(*client, *request, Answer::Done(outcome), why);
                    }
                }
                Payload::Readmit { node, incarnation } => {
                    self.machine.readmit(*node, *incarnation);
                    if let RoleState::Leader(leadership) = &mut self.role {
                        leadership.readmissions.retain(|known| *known != (*node, *incarnation));
                    }
                }
            }
            self.applied = index;
        }
        self.return_if_readmitted(cx);
        self.snapshot_if_due(cx);
        self.begin_reads(cx);
    }
}
