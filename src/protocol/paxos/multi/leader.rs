//! The leader: phase 2 for each slot, several at a time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::reads::Reads;
use super::slots::{ClientCommand, Slot, Value};
use super::{Answer, Message, MultiPaxos, Reason, Role, Rule, Timer, Turn};
use crate::protocol::key_value::{Command, Outcome};
use crate::protocol::paxos::{Ballot, NodeSet};
use crate::protocol::{ClientId, NodeId, RequestId};

/// Phase 2 of one slot as it goes on.
#[derive(Clone, PartialEq, Debug)]
pub struct InFlight {
    /// The value.
    pub value: Value,
    /// Who has accepted it.
    pub accepted_by: NodeSet,
    /// Whether a heartbeat has passed since it was proposed: then silent acceptors are asked again.
    pub(super) is_due: bool,
}

/// What a leader knows.
#[derive(Clone, PartialEq, Debug)]
pub struct Leading {
    /// Its ballot.
    pub ballot: Ballot,
    /// The last slot that anybody had begun when it became the leader. A read waits until it is applied.
    pub inherited: Slot,
    /// The next slot that is free.
    pub next: Slot,
    /// The slots in phase 2.
    pub in_flight: BTreeMap<Slot, InFlight>,
    /// The commands that wait for a slot.
    pub queue: VecDeque<Arc<ClientCommand>>,
    /// The reads that wait to be confirmed.
    pub reads: Reads,
    /// The requests to be answered once they are applied: the latest of each client.
    pub(super) clients: BTreeMap<ClientId, RequestId>,
    /// The acceptors that have answered it since the time below.
    pub heard: NodeSet,
    /// When it last began to count who answers, in µs.
    pub(super) counting_since_us: u64,
}

impl Leading {
    pub(super) fn new(ballot: Ballot, inherited: Slot, now_us: u64) -> Leading {
        Leading {
            ballot,
            inherited,
            next: inherited + 1,
            in_flight: BTreeMap::new(),
            queue: VecDeque::new(),
            reads: Reads::default(),
            clients: BTreeMap::new(),
            heard: NodeSet::EMPTY,
            counting_since_us: now_us,
        }
    }
}

impl MultiPaxos {
    /// A client asks for something.
    pub(super) fn on_request(
        &mut self,
        client: ClientId,
        request: RequestId,
        command: Command,
        turn: &mut Turn<'_, '_>,
    ) {
        let Role::Leading(leading) = &mut self.role else {
            let hint = self.leader.filter(|leader| *leader != turn.me());
            turn.effects.reply(client, request, Answer::NotLeader { hint }, Reason::NotLeader { hint });
            return;
        };
        if let Command::Get { key } = command {
            self.on_read(client, request, key, turn);
            return;
        }
        if let Some(outcome) = self.store.remembered(client, request) {
            let answer = Answer::Done(outcome.clone());
            turn.effects.reply(client, request, answer, Reason::AnsweredFromSession);
            return;
        }
        // The same request again, or a late copy of an earlier one, which must not take the place of the latest.
        if leading.clients.get(&client).is_some_and(|latest| *latest >= request) {
            turn.effects.note(Reason::AlreadyUnderWay);
            return;
        }
        if leading.queue.len() >= turn.setup.options.waiting_max as usize {
            turn.effects.reply(client, request, Answer::Overloaded, Reason::Overloaded);
            return;
        }
        leading.clients.insert(client, request);
        leading.queue.push_back(Arc::new(ClientCommand { client, request, command }));
        self.propose_waiting(turn);
        if let Role::Leading(Leading { queue, .. }) = &self.role
            && !queue.is_empty()
        {
            turn.effects.note(Reason::CommandWaits { waiting: queue.len() as u32 });
        }
    }

    /// Gives slots to waiting commands, as long as few enough are in phase 2.
    pub(super) fn propose_waiting(&mut self, turn: &mut Turn<'_, '_>) {
        while let Role::Leading(leading) = &mut self.role
            && leading.in_flight.len() < turn.setup.options.window_slots as usize
            && let Some(command) = leading.queue.pop_front()
        {
            let (slot, ballot) = (leading.next, leading.ballot);
            leading.next += 1;
            self.propose(slot, Value::Command(command), Reason::Proposed { slot, ballot }, turn);
        }
    }

    /// Phase 2a for one slot.
    pub(super) fn propose(&mut self, slot: Slot, value: Value, why: Reason, turn: &mut Turn<'_, '_>) {
        let Role::Leading(leading) = &mut self.role else { return };
        let ballot = leading.ballot;
        let in_flight = InFlight { value: value.clone(), accepted_by: NodeSet::EMPTY, is_due: false };
        leading.in_flight.insert(slot, in_flight);
        for acceptor in turn.acceptors().iter() {
            turn.say(acceptor, Message::Accept { ballot, slot, value: value.clone() }, why);
        }
    }

    /// An acceptor has accepted; with a quorum of them the value is chosen.
    pub(super) fn on_accepted(&mut self, from: NodeId, ballot: Ballot, slot: Slot, turn: &mut Turn<'_, '_>) {
        let Role::Leading(leading) = &mut self.role else { return };
        if leading.ballot != ballot
            && !(leading.in_flight.contains_key(&slot) && turn.breaks(Rule::CountAcceptanceOfOlderBallot))
        {
            return;
        }
        leading.heard.insert(from);
        let Some(in_flight) = leading.in_flight.get_mut(&slot) else { return };
        if !in_flight.accepted_by.insert(from) {
            let silent = turn.acceptors().without(in_flight.accepted_by).first();
            let Some(other) = silent.filter(|_| turn.breaks(Rule::CountDuplicates)) else { return };
            in_flight.accepted_by.insert(other);
        }
        let (count, needed) = (in_flight.accepted_by.len(), turn.quorums().phase_2);
        turn.effects.note(Reason::AcceptanceCounted { slot, count, needed });
        if count < needed && !(count + 1 == needed && turn.breaks(Rule::ChooseBeforeQuorum)) {
            return;
        }
        let Some(InFlight { value, .. }) = leading.in_flight.remove(&slot) else { return };
        let why = Reason::Chosen { slot, ballot, count };
        for node in turn.others() {
            turn.say(node, Message::Decision { slot, value: value.clone() }, why);
        }
        self.choose(slot, value, why, turn);
        self.apply(turn);
        self.propose_waiting(turn);
    }

    /// The leader's beat: it is heard, and whoever owes it an answer is asked again.
    pub(super) fn beat(&mut self, turn: &mut Turn<'_, '_>) {
        let Role::Leading(leading) = &mut self.role else { return };
        let ballot = leading.ballot;
        let acceptors = turn.acceptors();
        let now_us = turn.surroundings.now_us;
        if now_us.saturating_sub(leading.counting_since_us) >= turn.setup.options.election_timeout_us_max {
            if acceptors.contains(turn.me()) {
                leading.heard.insert(turn.me());
            }
            let (heard, needed) = (leading.heard.len(), turn.quorums().phase_2);
            if heard < needed && turn.setup.options.check_quorum && !turn.breaks(Rule::LeadUnheard) {
                self.step_down(heard, needed, turn);
                return;
            }
            (leading.heard, leading.counting_since_us) = (NodeSet::EMPTY, now_us);
        }
        for (slot, in_flight) in &mut leading.in_flight {
            if !in_flight.is_due {
                in_flight.is_due = true;
                continue;
            }
            let silent = acceptors.without(in_flight.accepted_by);
            let why = Reason::AskedAgain { ballot, silent: silent.len() };
            for acceptor in silent.iter() {
                let message = Message::Accept { ballot, slot: *slot, value: in_flight.value.clone() };
                turn.say(acceptor, message, why);
            }
        }
        self.send_heartbeats(Reason::Heartbeat { ballot }, turn);
        let interval_us = turn.setup.options.heartbeat_interval_us;
        turn.effects.set_timer(Timer::Heartbeat, interval_us, Reason::Heartbeat { ballot });
    }

    /// Lets everybody hear from the leader.
    pub(super) fn send_heartbeats(&mut self, why: Reason, turn: &mut Turn<'_, '_>) {
        let Role::Leading(leading) = &self.role else { return };
        let (ballot, round) = (leading.ballot, leading.reads.asked());
        let chosen_through = self.applied;
        for node in turn.others() {
            turn.say(node, Message::Heartbeat { ballot, chosen_through, round }, why);
        }
    }

    /// Answers the client of a command that was just applied, if it waits here.
    pub(super) fn answer_applied(
        &mut self,
        slot: Slot,
        command: &ClientCommand,
        outcome: Outcome,
        turn: &mut Turn<'_, '_>,
    ) {
        let Role::Leading(leading) = &mut self.role else { return };
        if leading.clients.get(&command.client) == Some(&command.request) {
            leading.clients.remove(&command.client);
            let why = Reason::ClientAnswered { slot };
            turn.effects.reply(command.client, command.request, Answer::Done(outcome), why);
        }
    }

    /// Answers clients whose commands are part of a snapshot that was installed.
    pub(super) fn answer_from_sessions(&mut self, turn: &mut Turn<'_, '_>) {
        let Role::Leading(leading) = &mut self.role else { return };
        let store = &self.store;
        leading.clients.retain(|client, request| match store.remembered(*client, *request) {
            Some(outcome) => {
                let answer = Answer::Done(outcome.clone());
                turn.effects.reply(*client, *request, answer, Reason::AnsweredFromSession);
                false
            }
            None => true,
        });
    }

    /// The node leads no more: clients that wait have to ask another.
    pub(super) fn send_clients_away(&self, leading: Leading, to: Option<NodeId>, turn: &mut Turn<'_, '_>) {
        let hint = to.filter(|to| *to != turn.me());
        let reads = leading.reads.waiting().map(|read| (read.client, read.request));
        for (client, request) in leading.clients.into_iter().chain(reads) {
            turn.effects.reply(client, request, Answer::NotLeader { hint }, Reason::NotLeader { hint });
        }
    }
}
