//! Linearizable reads without a slot and without a lease.
//!
//! A read that never enters the log must not miss a command that was answered before the read began. The leader
//! therefore asks the acceptors, after the read came in, whether they have promised a higher ballot. If a
//! quorum of phase 2 has not, then none of them was part of a completed phase 1 of a higher ballot, because
//! every quorum of phase 1 meets it: no newer leader has had anything chosen. All that was answered before is
//! then among what this leader has applied, or has inherited ("Paxos Made Moderately Complex", read-only
//! commands; "Paxos Made Live" §5.2 does the same for a master without a lease).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::slots::Slot;
use super::{Answer, MultiPaxos, Reason, Role, Rule, Turn};
use crate::protocol::key_value::Outcome;
use crate::protocol::paxos::{Ballot, NodeSet};
use crate::protocol::{ClientId, NodeId, RequestId};

/// A read that waits.
#[derive(Clone, PartialEq, Debug)]
pub struct Read {
    /// Who asks.
    pub client: ClientId,
    /// Under which number.
    pub request: RequestId,
    /// For which key.
    pub key: Arc<str>,
    /// The question that has to be answered first; asked after the read came in.
    pub round: u64,
    /// All slots up to this one have to be applied first.
    pub slot: Slot,
}

/// The reads of a leader, and the question that they wait for. One question is under way at a time; reads that
/// come in meanwhile wait for the next.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Reads {
    waiting: VecDeque<Read>,
    /// The latest read of each client that waits.
    latest: BTreeMap<ClientId, RequestId>,
    asked: u64,
    confirmed: u64,
    confirmed_by: NodeSet,
}

impl Reads {
    /// The reads that wait, in order.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Read> {
        self.waiting.iter()
    }

    /// The number of the question that was asked last.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Who has answered it.
    pub fn confirmed_by(&self) -> NodeSet {
        self.confirmed_by
    }
}

impl MultiPaxos {
    /// A client wants to read.
    pub(super) fn on_read(
        &mut self,
        client: ClientId,
        request: RequestId,
        key: Arc<str>,
        turn: &mut Turn<'_, '_>,
    ) {
        let Role::Leading(leading) = &mut self.role else { return };
        let reads = &mut leading.reads;
        if reads.latest.get(&client).is_some_and(|latest| *latest >= request) {
            turn.effects.note(Reason::AlreadyUnderWay);
            return;
        }
        if reads.waiting.len() >= turn.setup.options.waiting_max as usize {
            turn.effects.reply(client, request, Answer::Overloaded, Reason::Overloaded);
            return;
        }
        let mut slot = self.applied.max(leading.inherited);
        if slot > self.applied && turn.breaks(Rule::ReadBeforeInherited) {
            slot = self.applied;
        }
        let round = reads.asked + 1;
        reads.latest.insert(client, request);
        reads.waiting.push_back(Read { client, request, key, round, slot });
        turn.effects.note(Reason::ReadWaits { round, slot });
        if turn.breaks(Rule::ReadWithoutConfirmation) {
            let Role::Leading(leading) = &mut self.role else { return };
            leading.reads.confirmed = round;
            self.serve_reads(turn);
        }
        self.ask_if_idle(turn);
    }

    /// Asks the acceptors, if reads wait for a question that was not asked yet and none is under way.
    fn ask_if_idle(&mut self, turn: &mut Turn<'_, '_>) {
        let Role::Leading(leading) = &mut self.role else { return };
        let (ballot, reads) = (leading.ballot, &mut leading.reads);
        let wanted = reads.waiting.back().map_or(0, |read| read.round);
        if reads.confirmed < reads.asked || wanted <= reads.asked {
            return;
        }
        reads.asked += 1;
        reads.confirmed_by = NodeSet::EMPTY;
        let why = Reason::ReadWaits { round: reads.asked, slot: self.applied };
        self.send_heartbeats(why, turn);
        // The leader's own acceptor has an opinion, too.
        if turn.acceptors().contains(turn.me()) && self.promised <= Some(ballot) {
            let Role::Leading(leading) = &self.role else { return };
            let round = leading.reads.asked;
            self.on_still_following(turn.me(), ballot, round, turn);
        }
    }

    /// An acceptor has promised no higher ballot.
    pub(super) fn on_still_following(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        round: u64,
        turn: &mut Turn<'_, '_>,
    ) {
        let needed = turn.quorums().phase_2;
        let Role::Leading(leading) = &mut self.role else { return };
        if leading.ballot != ballot {
            return;
        }
        leading.heard.insert(from);
        let reads = &mut leading.reads;
        let round =
            if round < reads.asked && turn.breaks(Rule::ConfirmByOlderRound) { reads.asked } else { round };
        if reads.asked != round || reads.confirmed >= round {
            return;
        }
        if reads.confirmed_by.insert(from) && reads.confirmed_by.len() >= needed {
            reads.confirmed = round;
            self.serve_reads(turn);
            self.ask_if_idle(turn);
        }
    }

    /// Answers the reads that are confirmed and whose slots are applied.
    pub(super) fn serve_reads(&mut self, turn: &mut Turn<'_, '_>) {
        let Role::Leading(leading) = &mut self.role else { return };
        let (applied, count) = (self.applied, leading.reads.confirmed_by.len());
        while let Some(read) = leading
            .reads
            .waiting
            .pop_front_if(|read| read.round <= leading.reads.confirmed && read.slot <= applied)
        {
            if leading.reads.latest.get(&read.client) == Some(&read.request) {
                leading.reads.latest.remove(&read.client);
            }
            let answer = Answer::Done(Outcome::Value(self.store.get(&read.key)));
            let why = Reason::ReadConfirmed { slot: applied, count };
            turn.effects.reply(read.client, read.request, answer, why);
        }
    }
}
