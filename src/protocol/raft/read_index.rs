//! Linearizable reads without the log: ReadIndex (thesis §6.4).
//!
//! A leader may have been deposed without knowing it, so it cannot answer a read from its own state alone. It
//! takes the commit index when the read arrives, sends a round of heartbeats, and answers when a majority has
//! answered that round: then no other leader had committed anything when the read arrived. Reads that arrive
//! while a round is under way share the next one.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::log::Index;
use super::message::{Answer, Unavailable};
use super::options::Rule;
use super::quorum::majority;
use super::reason::Reason;
use super::state::RoleState;
use super::{Context, Raft};
use crate::protocol::key_value::Outcome;
use crate::protocol::{ClientId, RequestId};

/// A read that waits for its round.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct WaitingRead {
    client: ClientId,
    request: RequestId,
    key: Arc<str>,
    /// Once the round has begun: its number, and the commit index at the time.
    round: Option<(u64, Index)>,
}

/// The reads that wait at a leader, in the order in which they arrived. Those of a round stand before those that
/// have none yet.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct WaitingReads {
    queue: VecDeque<WaitingRead>,
    /// The same by client and number, so that a repeated one is found without looking at all of them.
    asked: BTreeSet<(ClientId, RequestId)>,
}

impl WaitingReads {
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Adds a read; `false` if it waits already.
    fn push(&mut self, read: WaitingRead) -> bool {
        let is_new = self.asked.insert((read.client, read.request));
        if is_new {
            self.queue.push_back(read);
        }
        is_new
    }

    fn pop(&mut self) -> Option<WaitingRead> {
        let read = self.queue.pop_front()?;
        self.asked.remove(&(read.client, read.request));
        Some(read)
    }

    fn first_round(&self) -> Option<(u64, Index)> {
        self.queue.front().and_then(|read| read.round)
    }
}

impl Raft {
    pub(super) fn on_read(&mut self, client: ClientId, request: RequestId, key: Arc<str>, cx: &mut Context) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        if cx.breaks(Rule::ReadWithoutRound) {
            self.answer_read(client, request, &key, 0, self.commit, cx);
            return;
        }
        let reads = &mut leadership.reads;
        if reads.asked.contains(&(client, request)) {
            cx.effects.note(Reason::ReadWaitsAlready { client, request });
            return;
        }
        if reads.len() >= cx.options.waiting_reads_max as usize {
            let why = Reason::RefusedTooManyReads { waiting: reads.len() as u64 };
            cx.effects.reply(client, request, Answer::Unavailable(Unavailable::Overloaded), why);
            return;
        }
        reads.push(WaitingRead { client, request, key, round: None });
        cx.effects.note(Reason::ReadWaitsForRound { client, request });
        self.begin_reads(cx);
    }

    /// Begins a round for the reads that have none, unless one is under way, or the leader does not yet know
    /// what is committed because no entry of its own term is (thesis §6.4, step 1).
    pub(super) fn begin_reads(&mut self, cx: &mut Context) {
        let RoleState::Leader(leadership) = &self.role else { return };
        let is_under_way = leadership.reads.first_round().is_some();
        if is_under_way || leadership.reads.len() == 0 {
            return;
        }
        if self.log.term(self.commit) != Some(self.term) && !cx.breaks(Rule::ReadBeforeOwnCommit) {
            return;
        }
        let round = self.send_heartbeats(cx);
        let read_index = self.commit;
        let RoleState::Leader(leadership) = &mut self.role else { return };
        for read in &mut leadership.reads.queue {
            read.round = Some((round, read_index));
        }
        let reads = leadership.reads.len() as u32;
        cx.effects.note(Reason::ReadRoundBegins { round, read_index, reads });
        self.confirm_reads(cx);
    }

    /// Answers the reads whose round a majority has answered and whose index is applied.
    pub(super) fn confirm_reads(&mut self, cx: &mut Context) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let needed = majority(cx.nodes);
        let mut confirmed_round = 0;
        let count_kept_out = cx.options.break_rules.count_kept_out;
        while let Some((round, read_index)) = leadership.reads.first_round() {
            if round > confirmed_round {
                if leadership.acknowledgements(self.id, round, count_kept_out) < needed {
                    return;
                }
                confirmed_round = round;
            }
            if self.applied < read_index {
                return;
            }
            let Some(read) = leadership.reads.pop() else { return };
            let value = self.machine.store.get(&read.key);
            let why = Reason::ReadConfirmed { round, read_index, applied: self.applied };
            cx.effects.reply(read.client, read.request, Answer::Done(Outcome::Value(value)), why);
        }
        if confirmed_round > 0 {
            self.begin_reads(cx);
        }
    }

    /// Answers a read from this node's own state, whatever others have done since. Only for rules that are broken on
    /// purpose.
    pub(super) fn answer_read(
        &self,
        client: ClientId,
        request: RequestId,
        key: &str,
        round: u64,
        read_index: Index,
        cx: &mut Context,
    ) {
        let value = self.machine.store.get(key);
        let why = Reason::ReadConfirmed { round, read_index, applied: self.applied };
        cx.effects.reply(client, request, Answer::Done(Outcome::Value(value)), why);
    }

    /// A leader that steps down cannot confirm its reads. They changed nothing, so the clients may ask again.
    pub(super) fn refuse_waiting_reads(&mut self, reads: WaitingReads, cx: &mut Context) {
        for read in reads.queue {
            let answer = Answer::NotLeader { hint: self.leader };
            let why = Reason::OnlyLeaderServes { leader: self.leader };
            cx.effects.reply(read.client, read.request, answer, why);
        }
    }
}
