//! A partitioned, replicated key-value store that moves its keys: the design of Dynamo.
//!
//! DeCandia, Hastorun, Jampani, Kakulapati, Lakshman, Pilchin, Sivasubramanian, Vosshall and Vogels, "Dynamo:
//! Amazon's Highly Available Key-value Store", SOSP 2007. A bare "§" in these comments is a section of it.
//!
//! A [`Dynamo`] is one node. [`Dynamo::handle`](Participant::handle) takes one input to its rule:
//!
//! | file | rule | section |
//! |---|---|---|
//! | [`ring`] | which nodes own a key: the preference list | §4.2, §4.3 |
//! | [`version`] | which version has replaced which; siblings | §4.4 |
//! | `gate` | a request is passed on to a node of the preference list | §4.5 |
//! | `coordinator`, `read`, `write` | R and W; nodes that stand in for others; read repair | §4.5, §4.6, §5 |
//! | `replica` | what a replica stores and answers | §4.5, §4.6 |
//! | `handoff` | hints and keys that belong to others are handed over, then dropped | §4.6, §4.9 |
//! | [`merkle`], `anti_entropy` | replicas that differ find out where | §4.7 |
//! | [`member`], `gossip` | who is a member and who has failed | §4.8 |
//! | `lifecycle`, `transfer` | joining, leaving, removing the dead, refilling a lost disk, in chunks | §4.9 |
//! | [`storage`], `disk` | what is on disk, and what must wait for it | §5 |
//! | [`monitor`] | what must hold after every step | |
//!
//! One rule is behind all that moves: *a node keeps what it has stored until everybody who owns it has
//! confirmed to have it on disk.* Views of the ring may differ for a while; then keys lie in more places than
//! they must, never in fewer.

mod anti_entropy;
mod coordinator;
mod disk;
mod gate;
mod gossip;
mod handoff;
mod lifecycle;
pub mod member;
pub mod merkle;
pub mod message;
pub mod monitor;
pub mod options;
mod read;
pub mod reason;
mod replica;
pub mod ring;
mod state;
pub mod storage;
mod transfer;
pub mod version;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use member::{Entry, Membership, Status};
pub use message::{Answer, Command, Message, Operation, Timer, key_name};
pub use monitor::{DynamoMonitor, Violation};
pub use options::{BreakRules, Options, Rule};
pub use reason::Reason;
pub use ring::{Place, Ring};
pub use storage::{DiskLoss, Held, Record};
pub use version::{Dot, Siblings, Version, VersionVector, Writer};

use crate::protocol::wal::{Recovered, Tail};
use crate::protocol::{
    ClientId, Disposition, Effects, Input, Invalid, Lane, NodeId, Participant, RuleName, Setup, Standing,
    Surroundings,
};

/// One node of the store.
#[derive(Clone, PartialEq, Debug)]
pub struct Dynamo {
    id: NodeId,

    // Durable, or on the way to the disk.
    starts: u64,
    life: u32,
    membership: Membership,
    /// Nodes that were removed, of whose ranges this one may own a part that has not arrived yet.
    unfilled: BTreeMap<NodeId, u64>,
    data: Arc<BTreeMap<Place, Held>>,
    disk: disk::Disk,

    // Volatile.
    rings: lifecycle::Rings,
    is_ready: bool,
    versions_made: u64,
    requests_begun: u64,
    requests: BTreeMap<message::RequestNumber, coordinator::Request>,
    passed_on: BTreeMap<message::RequestNumber, gate::PassedOn>,
    heartbeats: gossip::Heartbeats,
    /// Nodes that did not answer in time and have not been heard of since (§4.8.3).
    silent: BTreeSet<NodeId>,
    handoff: handoff::Handoff,
    /// For each node that it has compared with, the tree over the keys that both own.
    trees: BTreeMap<NodeId, Arc<merkle::MerkleTree>>,
    transfer: Option<transfer::Transfer>,
    /// Whom this node compares trees with next.
    next_peer: u16,
    /// The keys that became durable with the latest input.
    fresh: Vec<Place>,
}

/// What a rule needs besides the node's own state.
struct Context<'a, 's, 'r> {
    nodes: u16,
    options: &'a Options,
    surroundings: &'s mut Surroundings<'r>,
    effects: &'s mut Effects<Dynamo>,
}

impl Context<'_, '_, '_> {
    /// Whether this rule is broken. Asked last, where keeping it makes a difference.
    fn breaks(&mut self, rule: Rule) -> bool {
        self.effects.reached(rule);
        self.options.break_rules.breaks(rule)
    }
}

impl Participant for Dynamo {
    type Options = Options;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Command = Command;
    type Answer = Answer;
    type Operation = Operation;
    type Reason = Reason;
    type Monitor = DynamoMonitor;

    const NAME: &'static str = "consistent-hashing";
    const MESSAGE_KINDS: &'static [&'static str] = Message::KINDS;
    const TIMERS: &'static [&'static str] = Timer::NAMES;
    const RULES: &'static [RuleName] = Rule::NAMES;

    fn validate(options: &Options, nodes: u16) -> Result<(), Vec<Invalid>> {
        options.validate(nodes)
    }

    fn break_rule(options: &mut Options, index: u8) {
        options.break_rules.break_rule(index);
    }

    fn format(setup: Setup<'_, Options>) -> Vec<Record> {
        storage::format(setup)
    }

    fn start(
        setup: Setup<'_, Options>,
        disk: Recovered<Record>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Dynamo>,
    ) -> Dynamo {
        let mut cx = Context { nodes: setup.nodes, options: setup.options, surroundings, effects };
        let tail = disk.tail;
        let mut node = match storage::recover(&setup, disk) {
            Ok(found) => Dynamo::with(setup.id, found, &mut cx),
            Err(loss) => Dynamo::with_a_lost_disk(setup.id, loss, &mut cx),
        };
        if let Tail::Torn { at } = tail {
            // Whoever opened the log for appending has cut it off there.
            cx.effects.note(Reason::TornTailCut { at: at as u64 });
        }
        node.begin(&mut cx);
        node.finish(&mut cx);
        node
    }

    fn handle(
        &mut self,
        setup: Setup<'_, Options>,
        input: Input<Dynamo>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Dynamo>,
    ) {
        let mut cx = Context { nodes: setup.nodes, options: setup.options, surroundings, effects };
        self.fresh.clear();
        self.look_at_the_clock(&cx);
        match input {
            Input::Message { from, message } => self.on_message(from, message, &mut cx),
            Input::Timer(timer) => self.on_timer(timer, &mut cx),
            Input::Request { client, request, command } => self.on_request(client, request, command, &mut cx),
            Input::Synced(sync) => self.on_synced(sync, &mut cx),
            Input::Operation(Operation::Join) => self.on_join_asked(&mut cx),
            Input::Operation(Operation::Leave) => self.on_leave_asked(&mut cx),
            Input::Operation(Operation::Remove { node }) => self.on_removal_asked(node, &mut cx),
        }
        self.finish(&mut cx);
    }

    fn message_kind(message: &Message) -> u8 {
        message.kind()
    }

    fn timer_index(timer: Timer) -> u8 {
        timer.position()
    }

    fn disposition(answer: &Answer) -> Disposition {
        match answer {
            Answer::Versions { .. } | Answer::Written { .. } | Answer::TooManySiblings => Disposition::Done,
            Answer::Unavailable => Disposition::Retry,
        }
    }

    fn is_milestone(why: &Reason) -> bool {
        why.is_milestone()
    }

    fn lane(&self) -> Lane {
        let own = self.membership.get(self.id);
        let standing = match own.status {
            _ if own.refilling => Standing::Out,
            Status::Joining => Standing::Contender,
            Status::Leaving => Standing::Blocked,
            Status::Member | Status::Outside => Standing::Member,
        };
        Lane { standing, era: self.membership.era() }
    }

    fn node_of_operation(operation: &mut Operation) -> Option<&mut NodeId> {
        match operation {
            Operation::Remove { node } => Some(node),
            Operation::Join | Operation::Leave => None,
        }
    }

    fn random_command(client: ClientId, _nodes: u16, keys: u16, random: &mut dyn rand::Rng) -> Command {
        Command::random(client, keys, random)
    }
}

impl Dynamo {
    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context) {
        if from == self.id || from.0 >= cx.nodes {
            return;
        }
        self.heard_from(from, cx);
        if message.needs_the_disk() && (!self.is_ready || self.disk.is_behind()) {
            // Until its first sync has finished, what it has read may still vanish; and what waits for a disk that
            // hangs has a bound. Whoever asked will ask again.
            cx.effects.note(Reason::DiskNotReady { from });
            return;
        }
        match message {
            Message::Gossip { rumours, asks } => self.on_gossip(from, &rumours, asks, cx),
            Message::Forward { number, client, request, command } => {
                let asked = coordinator::Asked { gate: from, number, client, request };
                self.on_forward(asked, command, cx);
            }
            Message::ForwardAnswer { number, answer } => self.on_forward_answer(from, number, answer, cx),
            Message::Read { number, place } => self.on_read(from, number, &place, cx),
            Message::ReadAnswer { number, siblings, is_owner } => {
                self.on_read_answer(from, number, siblings, is_owner, cx);
            }
            Message::Write { number, place, siblings, hint } => {
                self.on_write(from, number, &place, &siblings, hint, cx);
            }
            Message::WriteAnswer { number, is_owner } => {
                self.on_write_answer(from, number, is_owner, cx);
            }
            Message::Offer { chunk, keys } => self.on_offer(from, chunk, &keys, cx),
            Message::OfferAnswer { chunk, wanted } => self.on_offer_answer(from, chunk, &wanted, cx),
            Message::Handoff { chunk, items } => self.on_handoff(from, chunk, &items, cx),
            Message::HandoffAnswer { chunk } => self.on_handoff_answer(from, chunk, cx),
            Message::Fetch { transfer, members, after } => {
                self.on_fetch(from, transfer, &members, after, cx);
            }
            Message::Range { transfer, after, items, is_last, unfilled } => {
                self.on_range(from, transfer::Chunk { transfer, after, items, is_last, unfilled }, cx);
            }
            Message::Tree { ring, level, nodes } => self.on_tree(from, ring, level, &nodes, cx),
            Message::Leaves { ring, leaves, items, asks } => {
                self.on_leaves(from, ring, &leaves, &items, asks, cx);
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context) {
        match timer {
            Timer::Request(number) => self.on_request_timeout(number, cx),
            Timer::Gossip => self.on_gossip_due(cx),
            Timer::AntiEntropy => self.on_anti_entropy_due(cx),
            Timer::Handoff => self.on_handoff_due(cx),
            Timer::Transfer => self.on_transfer_timeout(cx),
        }
    }
}
