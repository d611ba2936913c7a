//! The contract between a protocol and whatever runs it.
//!
//! Whoever drives a participant calls [`Participant::start`] once per life of the process and then
//! [`Participant::handle`] for each input, and carries out the effects in the order in which they were
//! emitted. A write is durable only when [`Input::Synced`] says so: a participant that must not answer before
//! a write is durable keeps the answer back until then.

use std::fmt::{self, Debug};
use std::panic::Location;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Invalid, RuleName, RuleSet};

/// A node of the cluster, counted from 0. People read it as `n1`, `n2`, …
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u16);

/// A client of the cluster, counted from 0. People read it as `c1`, `c2`, …
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub u16);

/// The number of a client's request, unique and increasing for each client; a retry keeps its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// The number that a participant gives to a disk sync, so that it knows which one has finished.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SyncId(pub u64);

impl NodeId {
    /// Position in a vector that holds one element for each node.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl ClientId {
    /// Position in a vector that holds one element for each client.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", u32::from(self.0) + 1)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", u32::from(self.0) + 1)
    }
}

/// What a participant knows before it starts: who it is, and how the cluster was set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a, O> {
    /// The participant's own name.
    pub id: NodeId,
    /// How many nodes the cluster has; their names are `0..nodes`.
    pub nodes: u16,
    /// The protocol's options, already validated.
    pub options: &'a O,
}

/// What is handed in with every input because a participant has none of its own.
pub struct Surroundings<'a> {
    /// The participant's own monotonic clock in µs. It may drift against those of the others, and starts
    /// anew with the process, so it is good for measuring durations and for nothing else.
    pub now_us: u64,
    /// Randomness that whoever drives the participant accounts for.
    pub random: &'a mut dyn rand::Rng,
}

impl Surroundings<'_> {
    /// A random integer of `low..=high`; `low` where the range is empty.
    pub fn random_between(&mut self, low: u64, high: u64) -> u64 {
        if high <= low {
            return low;
        }
        // Multiplying instead of dividing keeps the draw portable and cheap; the bias is below 2^-32 for
        // the ranges in use (less than 2^32).
        let span = u128::from(high - low) + 1;
        low + ((u128::from(self.random.next_u64()) * span) >> 64) as u64
    }
}

/// One thing that happens to a participant.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(bound = "")]
pub enum Input<P: Participant> {
    /// A message from another node arrived. It may be late, doubled or out of order.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: P::Message,
    },
    /// A timer that the participant set has expired.
    Timer(P::Timer),
    /// A client asks for something. The same request may arrive more than once.
    Request {
        /// Who asks.
        client: ClientId,
        /// The request's number, the same for each retry.
        request: RequestId,
        /// What is asked.
        command: P::Command,
    },
    /// All that was appended before the sync of this number is durable.
    Synced(SyncId),
    /// An operator of the cluster asks for something, such as a transfer of leadership.
    Operation(P::Operation),
}

/// One thing that a participant wants done, with why and where in the source it was decided.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(bound = "")]
pub struct Effect<P: Participant> {
    /// What is to be done.
    pub body: EffectBody<P>,
    /// The rule of the protocol that asks for it.
    pub why: P::Reason,
    /// The line that emitted it. Not part of a run's bytes: a comment added above it must not change them.
    #[serde(skip)]
    pub at: &'static Location<'static>,
}

/// The kinds of effect.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(bound = "")]
pub enum EffectBody<P: Participant> {
    /// Send a message to another node. It may be lost.
    Send {
        /// The receiver.
        to: NodeId,
        /// What to say.
        message: P::Message,
    },
    /// Set a timer, or set it anew: a timer of the same name is replaced.
    SetTimer {
        /// Which one.
        timer: P::Timer,
        /// When it expires, in µs of the participant's own clock from now.
        after_us: u64,
    },
    /// Forget a timer; nothing happens if it was not set.
    CancelTimer {
        /// Which one.
        timer: P::Timer,
    },
    /// Append a record to the log on disk. Not durable before a later [`EffectBody::Sync`] has finished.
    Append {
        /// The record.
        record: P::Record,
    },
    /// Replace the whole log on disk by these records, atomically: a crash before the sync that follows has
    /// finished leaves the old one. This is how a log is compacted (new file, sync, rename).
    Rewrite {
        /// All that the log will hold.
        records: Vec<P::Record>,
    },
    /// Make durable what was appended so far, and say so with [`Input::Synced`].
    Sync {
        /// The number to say it with.
        sync: SyncId,
    },
    /// Answer a client. The answer may be lost.
    Reply {
        /// Who asked.
        client: ClientId,
        /// The number of the request.
        request: RequestId,
        /// What to answer.
        answer: P::Answer,
    },
    /// Nothing to do: a fact worth telling, such as a vote that was refused.
    Note,
}

/// Where a participant puts its effects.
///
/// Every method takes the reason, and remembers the line that called it.
pub struct Effects<P: Participant> {
    list: Vec<Effect<P>>,
    reached: RuleSet,
}

impl<P: Participant> Default for Effects<P> {
    fn default() -> Self {
        Effects { list: Vec::new(), reached: RuleSet::default() }
    }
}

impl<P: Participant> Effects<P> {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    #[track_caller]
    fn push(&mut self, body: EffectBody<P>, why: P::Reason) {
        self.list.push(Effect { body, why, at: Location::caller() });
    }

    /// Emits [`EffectBody::Send`].
    #[track_caller]
    pub fn send(&mut self, to: NodeId, message: P::Message, why: P::Reason) {
        self.push(EffectBody::Send { to, message }, why);
    }

    /// Emits [`EffectBody::SetTimer`].
    #[track_caller]
    pub fn set_timer(&mut self, timer: P::Timer, after_us: u64, why: P::Reason) {
        self.push(EffectBody::SetTimer { timer, after_us }, why);
    }

    /// Emits [`EffectBody::CancelTimer`].
    #[track_caller]
    pub fn cancel_timer(&mut self, timer: P::Timer, why: P::Reason) {
        self.push(EffectBody::CancelTimer { timer }, why);
    }

    /// Emits [`EffectBody::Append`].
    #[track_caller]
    pub fn append(&mut self, record: P::Record, why: P::Reason) {
        self.push(EffectBody::Append { record }, why);
    }

    /// Emits [`EffectBody::Rewrite`].
    #[track_caller]
    pub fn rewrite(&mut self, records: Vec<P::Record>, why: P::Reason) {
        self.push(EffectBody::Rewrite { records }, why);
    }

    /// Emits [`EffectBody::Sync`].
    #[track_caller]
    pub fn sync(&mut self, sync: SyncId, why: P::Reason) {
        self.push(EffectBody::Sync { sync }, why);
    }

    /// Emits [`EffectBody::Reply`].
    #[track_caller]
    pub fn reply(&mut self, client: ClientId, request: RequestId, answer: P::Answer, why: P::Reason) {
        self.push(EffectBody::Reply { client, request, answer }, why);
    }

    /// Emits [`EffectBody::Note`].
    #[track_caller]
    pub fn note(&mut self, why: P::Reason) {
        self.push(EffectBody::Note, why);
    }

    /// Notes that this rule decides something in this step: without it the step would be another one.
    pub fn reached(&mut self, rule: impl Into<u8>) {
        self.reached.insert(rule.into());
    }

    /// The rules that decided something so far.
    pub fn rules_reached(&self) -> RuleSet {
        self.reached
    }

    /// What was emitted so far, in order.
    pub fn as_slice(&self) -> &[Effect<P>] {
        &self.list
    }

    /// Takes all effects out, in order; the room stays for the next input.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect<P>> {
        self.reached = RuleSet::default();
        self.list.drain(..)
    }

    /// Forgets all effects.
    pub fn clear(&mut self) {
        self.reached = RuleSet::default();
        self.list.clear();
    }
}

/// What a generic client does with an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// The request is done; the answer is final.
    Done,
    /// Ask this node instead.
    Redirect(NodeId),
    /// Nothing happened, and nobody is known to ask: try again later, at any node.
    Retry,
}

/// How a participant stands in the cluster, in words that fit every protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Standing {
    /// It does its ordinary duty (follower, acceptor, participant, replica).
    Member,
    /// It wants to lead and is not yet allowed to (candidate, proposer in phase 1).
    Contender,
    /// It leads (leader, distinguished proposer, coordinator).
    Leader,
    /// It has promised and cannot decide alone (in doubt).
    Blocked,
    /// It keeps out because its disk cannot be trusted.
    Out,
}

/// What colours a node's lane in the space-time diagram.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Lane {
    /// How it stands.
    pub standing: Standing,
    /// The era it believes in: a term, the round of a ballot, a ring's version.
    pub era: u64,
}

/// One node's part of a protocol: a state machine without I/O.
///
/// It is cheap to clone (what is large is shared), compares by value, and never panics, whatever arrives.
pub trait Participant: Clone + PartialEq + Debug + Sized + 'static {
    /// What an operator configures, the same for all nodes of a cluster.
    type Options: Clone + PartialEq + Debug + Default + Serialize + DeserializeOwned;
    /// What nodes say to each other.
    type Message: Clone + PartialEq + Debug + Serialize;
    /// The names of the timers; each can be set at most once at a time.
    type Timer: Copy + PartialEq + Eq + Debug + Serialize + DeserializeOwned;
    /// What stands in the log on disk.
    type Record: Clone + PartialEq + Debug + Serialize + DeserializeOwned;
    /// What a client asks for.
    type Command: Clone + PartialEq + Debug + Serialize + DeserializeOwned;
    /// What a client is told.
    type Answer: Clone + PartialEq + Debug + Serialize;
    /// What an operator can ask of a running node.
    type Operation: Clone + PartialEq + Debug + Serialize + DeserializeOwned;
    /// Why something is done: the rules of the protocol by name, with the figures that a sentence needs.
    type Reason: Copy + PartialEq + Debug + Serialize;
    /// The invariants of the protocol, checked after every step.
    type Monitor: Monitor<Self>;

    /// The protocol's name in scenarios, links and on the command line: lower case with hyphens.
    const NAME: &'static str;
    /// How many kinds of message there are; see [`Participant::message_kind`].
    const MESSAGE_KINDS: &'static [&'static str];
    /// How many timers there are; see [`Participant::timer_index`].
    const TIMERS: &'static [&'static str];
    /// The rules that can be broken on purpose, in the order of their places.
    const RULES: &'static [RuleName] = &[];

    /// Whether a cluster of `nodes` can be run with these options.
    ///
    /// # Errors
    /// All that is wrong, a line for each option, so that a form can show everything at once.
    fn validate(options: &Self::Options, nodes: u16) -> Result<(), Vec<Invalid>>;

    /// Breaks the rule at this place of [`Participant::RULES`].
    fn break_rule(_options: &mut Self::Options, _index: u8) {}

    /// What the operator writes to an empty disk before a node's very first start. A node that later finds
    /// nothing there knows that its disk was lost.
    fn format(setup: Setup<'_, Self::Options>) -> Vec<Self::Record>;

    /// Starts the process from what the disk holds.
    fn start(
        setup: Setup<'_, Self::Options>,
        disk: crate::protocol::wal::Recovered<Self::Record>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Self>,
    ) -> Self;

    /// Handles one input.
    fn handle(
        &mut self,
        setup: Setup<'_, Self::Options>,
        input: Input<Self>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Self>,
    );

    /// Position of the message's kind in [`Participant::MESSAGE_KINDS`].
    fn message_kind(message: &Self::Message) -> u8;

    /// Position of the timer in [`Participant::TIMERS`].
    fn timer_index(timer: Self::Timer) -> u8;

    /// What a client does with an answer.
    fn disposition(answer: &Self::Answer) -> Disposition;

    /// Whether a step with this reason is one that a reader wants to stop at: an election won, a value
    /// chosen, a decision taken.
    fn is_milestone(why: &Self::Reason) -> bool;

    /// The colour of the node's lane. Called after every step, so it must be cheap.
    fn lane(&self) -> Lane;

    /// The nodes that a command names, so that a scenario can be refused that names one that there is not.
    fn nodes_of_command(command: &Self::Command) -> Vec<NodeId> {
        let _ = command;
        Vec::new()
    }

    /// The node that an operator's request names besides the one that it is made to: a scenario is refused that names
    /// one that there is not, and a script that counts from the leader counts this one, too.
    fn node_of_operation(operation: &mut Self::Operation) -> Option<&mut NodeId> {
        let _ = operation;
        None
    }

    /// A client's next command, drawn at random: what a steady workload consists of. `keys` says over how
    /// many keys it spreads.
    fn random_command(client: ClientId, nodes: u16, keys: u16, random: &mut dyn rand::Rng) -> Self::Command;
}

/// One step, as the protocol's invariants see it.
pub struct Observation<'a, P: Participant> {
    /// The node that the step happened to.
    pub node: NodeId,
    /// The nodes after the step; `None` while one is down.
    pub nodes: &'a [Option<P>],
    /// The effects of the step; empty for a crash.
    pub effects: &'a [Effect<P>],
    /// The cluster's options.
    pub options: &'a P::Options,
}

impl<P: Participant> Observation<'_, P> {
    /// The node that the step happened to, if it is up.
    pub fn subject(&self) -> Option<&P> {
        self.nodes.get(self.node.index())?.as_ref()
    }
}

/// The invariants of a protocol, evaluated incrementally.
///
/// Its state is part of a keyframe, so it has to be small and cheap to clone.
pub trait Monitor<P: Participant>: Clone + PartialEq + Debug {
    /// What contradicts what: the invariant by the name that the paper gives it, and the two facts.
    type Violation: Clone + PartialEq + Debug + Serialize;

    /// The monitor of a cluster that has not yet started.
    fn new(nodes: u16, options: &P::Options) -> Self;

    /// Looks at one step and reports the first violation that it brings.
    fn observe(&mut self, step: &Observation<'_, P>) -> Option<Self::Violation>;
}
