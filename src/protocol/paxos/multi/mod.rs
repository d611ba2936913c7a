//! Multi-Paxos: a replicated log, one instance of the Synod for each slot ("Paxos Made Simple" §3).
//!
//! A leader runs phase 1 once, for all slots from the first that it does not know to be chosen, and then needs
//! phase 2 only. Each of these files is one idea:
//!
//! * `follower`: noticing that a leader fails. `contender`: phase 1, and giving way to a higher ballot.
//! * `leader`: phase 2, several slots at a time. `reads`: linearizable reads that take no slot.
//! * `acceptor`: one promise for all slots, a value for each. `slots`: what a node knows of them.
//! * `pre_election`: asking before a ballot is begun whether a quorum would promise it.
//! * `replica`: what is chosen out of order is applied in order; catch-up. `storage`: the disk, and trimming.
//! * `transfer`: a state machine in parts, for a node that is too far behind.
//! * `monitor`: the invariants.
//!
//! Every node learns and keeps a copy of the [`Store`]; which nodes propose and accept is configured.

mod acceptor;
mod contender;
mod follower;
mod leader;
mod message;
mod monitor;
mod options;
mod pre_election;
mod reads;
mod reason;
mod replica;
mod slots;
mod storage;
mod transfer;

pub use contender::Preparing;
pub use leader::{InFlight, Leading};
pub use message::{Answer, Message, Operation, Report, Timer};
pub use monitor::{MultiMonitor, Violation};
pub use options::{BreakRules, Options, Rule};
pub use pre_election::Canvass;
pub use reads::{Read, Reads};
pub use reason::Reason;
pub use slots::{Accepted, ClientCommand, Slot, SlotState, Slots, Value};
pub use storage::{Record, Waiting};
pub use transfer::{Incoming, Outgoing};

use super::durable::AfterSync;
use super::{Ballot, NodeSet, Quorums, turn};
use crate::protocol::key_value::{Command, Store};
use crate::protocol::wal::Recovered;
use crate::protocol::{
    ClientId, Disposition, Effects, Input, Invalid, Lane, NodeId, Participant, RuleName, Setup, Standing,
    Surroundings,
};

type Turn<'a, 'b> = turn::Turn<'a, 'b, MultiPaxos>;

impl Turn<'_, '_> {
    /// Whether this rule is broken. Asked last, where keeping it makes a difference.
    fn breaks(&mut self, rule: Rule) -> bool {
        self.effects.reached(rule);
        self.setup.options.break_rules.breaks(rule)
    }

    fn proposers(&self) -> NodeSet {
        self.setup.options.proposers(self.setup.nodes)
    }

    fn acceptors(&self) -> NodeSet {
        self.setup.options.acceptors(self.setup.nodes)
    }

    fn quorums(&self) -> Quorums {
        self.setup.options.quorums(self.setup.nodes)
    }

    /// All nodes but this one.
    fn others(&self) -> impl Iterator<Item = NodeId> + use<> {
        NodeSet::all(self.setup.nodes).without(NodeSet::from_iter([self.me()])).iter()
    }
}

/// What a node does besides accepting and learning.
#[derive(Clone, PartialEq, Debug)]
#[allow(clippy::large_enum_variant, reason = "one for each node; a box would only make the leader slower")]
pub enum Role {
    /// It waits for a leader to be heard.
    Follower,
    /// It wants to lead; its ballot is on its way to the disk.
    Recording {
        /// The ballot.
        ballot: Ballot,
    },
    /// It wants to lead: phase 1.
    Preparing(Preparing),
    /// It leads: phase 2.
    Leading(Leading),
}

impl Role {
    /// The ballot under which the node leads or wants to.
    pub fn ballot(&self) -> Option<Ballot> {
        match self {
            Role::Follower => None,
            Role::Recording { ballot } => Some(*ballot),
            Role::Preparing(preparing) => Some(preparing.ballot),
            Role::Leading(leading) => Some(leading.ballot),
        }
    }
}

/// One node of Multi-Paxos.
#[derive(Clone, PartialEq, Debug)]
pub struct MultiPaxos {
    /// Whether the disk can be trusted. If not, the node learns and does nothing else.
    trusted: bool,
    /// The acceptor's promise, for all slots.
    promised: Option<Ballot>,
    slots: Slots,
    /// All slots up to this one are applied.
    applied: Slot,
    store: Store,
    /// The last slot that the state on disk includes.
    saved: Slot,
    role: Role,
    /// Whom it takes for the leader.
    leader: Option<NodeId>,
    /// The highest ballot that it has issued itself.
    issued: Option<Ballot>,
    /// The highest ballot that it has heard of.
    highest: Option<Ballot>,
    /// Whether a quorum would promise the node's next ballot, as far as it has heard.
    canvass: Option<Canvass>,
    /// When a leader was heard last, in µs of the process's own clock.
    heard_us: Option<u64>,
    /// What had been applied at the last heartbeat, if that was less than the leader had applied.
    stuck_at: Option<Slot>,
    /// What was missing when it was asked for last (all up to a slot and so many bytes of a snapshot were there), and
    /// when that was, in µs.
    asked: Option<((Slot, u64), u64)>,
    /// A snapshot that arrives.
    incoming: Option<Incoming>,
    /// The snapshots that others are sent, by receiver. One that has what it was sent is taken off when it asks for more.
    outgoing: Vec<(NodeId, Outgoing)>,
    waiting: AfterSync<Waiting>,
}

impl MultiPaxos {
    /// Whether the node keeps out because its disk cannot be trusted.
    pub fn is_out(&self) -> bool {
        !self.trusted
    }

    /// The acceptor's promise, for all slots.
    pub fn promised(&self) -> Option<Ballot> {
        self.promised
    }

    /// What it knows of each slot.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// All slots up to this one are chosen and applied.
    pub fn applied(&self) -> Slot {
        self.applied
    }

    /// The last slot that the state on disk includes; 0 if there is no snapshot.
    pub fn saved(&self) -> Slot {
        self.saved
    }

    /// The state machine.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What it does besides accepting and learning; with the quorums as they form.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Whom it takes for the leader.
    pub fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// Whether a quorum would promise its next ballot, as far as it has heard.
    pub fn canvass(&self) -> Option<&Canvass> {
        self.canvass.as_ref()
    }

    /// A snapshot that arrives in parts.
    pub fn incoming(&self) -> Option<&Incoming> {
        self.incoming.as_ref()
    }

    /// What it will say once the disk is ready, in order.
    pub fn waiting_for_disk(&self) -> impl ExactSizeIterator<Item = &Waiting> {
        self.waiting.held()
    }

    fn on_message(&mut self, from: NodeId, message: Message, turn: &mut Turn<'_, '_>) {
        if !message.is_plausible(turn.setup.nodes) {
            return;
        }
        let accepts = self.trusted && turn.acceptors().contains(turn.me());
        match message {
            Message::Prepare { ballot, from: first } if accepts => self.on_prepare(from, ballot, first, turn),
            Message::Accept { ballot, slot, value } if accepts => {
                self.on_accept(from, ballot, slot, value, turn);
            }
            Message::Prepare { .. } | Message::Accept { .. } => turn.effects.note(Reason::KeepsOut),
            Message::Promise { ballot, trimmed, reports } => {
                self.on_promise(from, ballot, trimmed, &reports, turn);
            }
            Message::Accepted { ballot, slot } => self.on_accepted(from, ballot, slot, turn),
            Message::Refused { ballot, promised } => {
                if self.role.ballot() == Some(ballot) {
                    self.outbid_by(promised, turn);
                } else if self.canvass.is_some_and(|canvass| canvass.ballot == ballot && ballot < promised) {
                    self.highest = self.highest.max(Some(promised));
                    self.election_due(turn);
                }
            }
            Message::Decision { slot, value } => self.on_decision(slot, value, turn),
            Message::Heartbeat { ballot, chosen_through, round } => {
                self.on_heartbeat(from, ballot, chosen_through, round, turn);
            }
            Message::StillFollowing { ballot, round } => self.on_still_following(from, ballot, round, turn),
            Message::CatchUp { from: first } => self.on_catch_up(from, first, turn),
            Message::Decisions { first, values, chosen_through } => {
                self.on_decisions(from, first, &values, chosen_through, turn);
            }
            Message::Snapshot { through, total, offset, bytes } => {
                self.on_snapshot(from, (through, total, offset), &bytes, turn);
            }
            Message::SnapshotMore { through, offset } => self.on_snapshot_more(from, through, offset, turn),
            Message::Canvass { ballot } if accepts => self.on_canvass(from, ballot, turn),
            Message::Canvass { .. } => turn.effects.note(Reason::KeepsOut),
            Message::WouldPromise { ballot } => self.on_would_promise(from, ballot, turn),
        }
    }
}

impl Participant for MultiPaxos {
    type Options = Options;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Command = Command;
    type Answer = Answer;
    type Operation = Operation;
    type Reason = Reason;
    type Monitor = MultiMonitor;

    const NAME: &'static str = "multi-paxos";
    const MESSAGE_KINDS: &'static [&'static str] = &[
        "prepare",
        "promise",
        "accept",
        "accepted",
        "refused",
        "decision",
        "heartbeat",
        "still_following",
        "catch_up",
        "decisions",
        "snapshot",
        "snapshot_more",
        "canvass",
        "would_promise",
    ];
    const TIMERS: &'static [&'static str] = &["election", "heartbeat", "prepare_again"];
    const RULES: &'static [RuleName] = Rule::NAMES;

    fn validate(options: &Options, nodes: u16) -> Result<(), Vec<Invalid>> {
        options.validate(nodes)
    }

    fn break_rule(options: &mut Options, index: u8) {
        options.break_rules.break_rule(index);
        if options.break_rules.allow_disjoint_quorums {
            (options.phase_1_quorum, options.phase_2_quorum) = (None, None);
        }
    }

    fn format(setup: Setup<'_, Options>) -> Vec<Record> {
        vec![Record::Formatted { node: setup.id }]
    }

    fn start(
        setup: Setup<'_, Options>,
        disk: Recovered<Record>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Self>,
    ) -> Self {
        let mut turn = Turn::new(setup, surroundings, effects);
        let mut node = MultiPaxos {
            trusted: true,
            promised: None,
            slots: Slots::after(0),
            applied: 0,
            store: Store::default(),
            saved: 0,
            role: Role::Follower,
            leader: None,
            issued: None,
            highest: None,
            canvass: None,
            heard_us: None,
            stuck_at: None,
            asked: None,
            incoming: None,
            outgoing: Vec::new(),
            waiting: AfterSync::default(),
        };
        node.recover(disk, &mut turn);
        node.await_leader(&mut turn);
        node
    }

    fn handle(
        &mut self,
        setup: Setup<'_, Options>,
        input: Input<Self>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Self>,
    ) {
        let mut turn = Turn::new(setup, surroundings, effects);
        match input {
            Input::Message { from, message } => self.on_message(from, message, &mut turn),
            Input::Timer(Timer::Election) => self.election_due(&mut turn),
            Input::Timer(Timer::Heartbeat) => self.beat(&mut turn),
            Input::Timer(Timer::PrepareAgain) => self.prepare_again(&mut turn),
            Input::Request { client, request, command } => {
                self.on_request(client, request, command, &mut turn);
            }
            Input::Synced(sync) => {
                self.waiting.finish(sync);
                self.release(&mut turn);
            }
            Input::Operation(Operation::TryToLead) => {
                if self.may_propose(&turn) && !matches!(self.role, Role::Leading(_)) {
                    turn.effects.note(Reason::OperatorAsks);
                    self.begin_ballot(&mut turn);
                }
            }
        }
        while let Some(message) = turn.next_local() {
            self.on_message(turn.me(), message, &mut turn);
        }
    }

    fn message_kind(message: &Message) -> u8 {
        match message {
            Message::Prepare { .. } => 0,
            Message::Promise { .. } => 1,
            Message::Accept { .. } => 2,
            Message::Accepted { .. } => 3,
            Message::Refused { .. } => 4,
            Message::Decision { .. } => 5,
            Message::Heartbeat { .. } => 6,
            Message::StillFollowing { .. } => 7,
            Message::CatchUp { .. } => 8,
            Message::Decisions { .. } => 9,
            Message::Snapshot { .. } => 10,
            Message::SnapshotMore { .. } => 11,
            Message::Canvass { .. } => 12,
            Message::WouldPromise { .. } => 13,
        }
    }

    fn timer_index(timer: Timer) -> u8 {
        timer as u8
    }

    fn disposition(answer: &Answer) -> Disposition {
        match answer {
            Answer::Done(_) => Disposition::Done,
            Answer::NotLeader { hint: Some(leader) } => Disposition::Redirect(*leader),
            Answer::NotLeader { hint: None } | Answer::Overloaded => Disposition::Retry,
        }
    }

    fn is_milestone(why: &Reason) -> bool {
        why.is_milestone()
    }

    fn lane(&self) -> Lane {
        let standing = match &self.role {
            _ if !self.trusted => Standing::Out,
            Role::Follower => Standing::Member,
            Role::Recording { .. } | Role::Preparing(_) => Standing::Contender,
            Role::Leading(_) => Standing::Leader,
        };
        let ballot = self.promised.max(self.role.ballot());
        Lane { standing, era: ballot.map_or(0, |ballot| u64::from(ballot.round)) }
    }

    fn random_command(client: ClientId, _: u16, keys: u16, random: &mut dyn rand::Rng) -> Command {
        Command::random(client, keys, random)
    }
}
