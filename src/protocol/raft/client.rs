//! Clients (Raft §8, thesis §6).

use super::log::{Index, Payload};
use super::message::{Answer, Unavailable};
use super::options::Rule;
use super::progress::Leadership;
use super::reason::Reason;
use super::state::RoleState;
use super::{Context, Raft};
use crate::protocol::key_value::Command;
use crate::protocol::{ClientId, RequestId};

/// The commands that stand in the log and are not applied, the latest of each client. A client has one
/// request at a time, because its session remembers one answer (thesis §6.3).
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Proposals {
    /// Sorted by client.
    latest: Vec<(ClientId, Proposal)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Proposal {
    request: RequestId,
    index: Index,
    /// Whether the client asked this leader, and so gets its answer from it.
    is_awaited: bool,
}

impl Proposals {
    fn put(&mut self, client: ClientId, proposal: Proposal) {
        match self.latest.binary_search_by_key(&client, |(client, _)| *client) {
            Ok(position) => {
                if let Some((_, known)) = self.latest.get_mut(position) {
                    *known = proposal;
                }
            }
            Err(position) => self.latest.insert(position, (client, proposal)),
        }
    }

    fn get_mut(&mut self, client: ClientId) -> Option<&mut Proposal> {
        let position = self.latest.binary_search_by_key(&client, |(client, _)| *client).ok()?;
        self.latest.get_mut(position).map(|(_, proposal)| proposal)
    }

    /// The commands whose clients wait for an answer from this leader.
    pub(super) fn awaited(&self) -> impl Iterator<Item = (ClientId, RequestId, Index)> + '_ {
        let awaited = self.latest.iter().filter(|(_, proposal)| proposal.is_awaited);
        awaited.map(|(client, proposal)| (*client, proposal.request, proposal.index))
    }

    /// A new leader finds a command in its log.
    pub(super) fn found(&mut self, client: ClientId, request: RequestId, index: Index) {
        self.put(client, Proposal { request, index, is_awaited: false });
    }

    /// A command was applied. Returns whether its client waits for the answer.
    pub(super) fn applied(&mut self, client: ClientId, request: RequestId, index: Index) -> bool {
        let Ok(position) = self.latest.binary_search_by_key(&client, |(client, _)| *client) else {
            return false;
        };
        let Some((_, proposal)) = self.latest.get(position).copied() else { return false };
        // The same request may stand in the log twice, from two leaders; the first is as good as the second.
        if proposal.request == request || proposal.index == index {
            self.latest.remove(position);
        }
        proposal.request == request && proposal.is_awaited
    }
}

impl Raft {
    pub(super) fn on_request(
        &mut self,
        client: ClientId,
        request: RequestId,
        command: Command,
        cx: &mut Context,
    ) {
        let uncommitted = self.log.last_index() - self.commit;
        let RoleState::Leader(leadership) = &mut self.role else {
            if let Command::Get { key } = &command
                && cx.breaks(Rule::ReadAtFollower)
            {
                self.answer_read(client, request, key, 0, self.applied, cx);
                return;
            }
            let hint = self.leader.filter(|leader| *leader != self.id);
            let why = Reason::OnlyLeaderServes { leader: hint };
            cx.effects.reply(client, request, Answer::NotLeader { hint }, why);
            return;
        };
        // The session knows the answer: the command was applied before, so it must not be applied again.
        if let Some(outcome) = self.machine.store.remembered(client, request)
            && !cx.breaks(Rule::IgnoreSessions)
        {
            let answer = Answer::Done(outcome.clone());
            cx.effects.reply(client, request, answer, Reason::AnsweredFromSession { client, request });
            return;
        }
        if let Some(proposal) = leadership.proposals.get_mut(client) {
            if proposal.request == request {
                proposal.is_awaited = true;
                cx.effects.note(Reason::AlreadyInLog { client, request, index: proposal.index });
                return;
            }
            if proposal.request > request {
                // The client has gone on to its next request, so nobody waits for this one.
                cx.effects.note(Reason::OlderThanPending { client, request, pending: proposal.request });
                return;
            }
        }
        // Only now, because a command that stands in the log may take effect, and then it must not be said that nothing
        // was done with it.
        if leadership.transfer.is_some() {
            let answer = Answer::Unavailable(Unavailable::TransferringLeadership);
            cx.effects.reply(client, request, answer, Reason::RefusedDuringTransfer);
            return;
        }
        if let Command::Get { key } = command {
            self.on_read(client, request, key, cx);
            return;
        }
        if uncommitted >= u64::from(cx.options.uncommitted_entries_max) {
            let why = Reason::RefusedTooManyUncommitted { uncommitted };
            cx.effects.reply(client, request, Answer::Unavailable(Unavailable::Overloaded), why);
            return;
        }
        let index = self.log.last_index() + 1;
        let answers_now = cx.breaks(Rule::AnswerBeforeCommit);
        leadership.proposals.put(client, Proposal { request, index, is_awaited: !answers_now });
        if answers_now {
            let outcome = self.machine.store.clone().apply(client, request, &command);
            let why = Reason::AppliedAndAnswered { index, term: self.term };
            cx.effects.reply(client, request, Answer::Done(outcome), why);
        }
        let why = Reason::AppendedForClient { client, request, index };
        self.append_as_leader(Payload::Command { client, request, command }, why, cx);
        self.replicate_to_all(cx);
    }

    /// A leader steps down: whoever waits for it is told so, and what is known of the request.
    pub(super) fn leave_clients(&mut self, leadership: Leadership, cx: &mut Context) {
        let hint = self.leader;
        for (client, request, index) in leadership.proposals.awaited() {
            // Whether it will be committed is for the next leader to decide; this one cannot know.
            let why = Reason::LeavesOutcomeOpen { client, request, index };
            cx.effects.reply(client, request, Answer::OutcomeUnknown { hint }, why);
        }
        self.refuse_waiting_reads(leadership.reads, cx);
    }
}
