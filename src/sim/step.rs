//! A step, as those who watch a run see it.

use serde::Serialize;

use super::{Address, EventId, Intervention, Problem};
use crate::protocol::{ClientId, Effect, Input, NodeId, Participant, RequestId, RuleSet, SyncId};

/// What happened in a step.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Happening<P: Participant> {
    /// A node started for the first time, from a disk that an operator formatted.
    Boot,
    /// A node was handed this input. `input` is there only for watchers that want details.
    Input {
        /// Its kind.
        kind: InputKind,
        /// All of it.
        input: Option<Input<P>>,
    },
    /// A client sent a request, for the first time or again.
    Ask {
        /// Its number.
        request: RequestId,
        /// What it asks for.
        command: P::Command,
        /// Whom.
        node: NodeId,
        /// How often it was sent before.
        retries: u32,
    },
    /// A client got an answer that it waited for.
    Answered {
        /// The request's number.
        request: RequestId,
        /// What it had asked for.
        command: P::Command,
        /// The answer.
        answer: P::Answer,
        /// When it had asked first, in µs.
        since_us: u64,
    },
    /// A client got an answer that it no longer waits for.
    Ignored {
        /// The request's number.
        request: RequestId,
    },
    /// A person, a script or chaos did this.
    Intervention {
        /// What was done.
        act: Intervention<P::Command, P::Operation>,
        /// Who did it.
        by: Doer,
    },
    /// A script asked for this, and it could not be done. Nothing has changed.
    NotPossible {
        /// What was to be done.
        act: Intervention<P::Command, P::Operation>,
        /// Why it could not.
        problem: Problem,
    },
}

/// The kinds of input.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// A message of this kind.
    Message(u8),
    /// A timer.
    Timer(u8),
    /// A client's request.
    Request,
    /// A finished sync.
    Synced,
    /// An operator's request.
    Operation,
}

/// Who did an intervention.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doer {
    /// A person.
    Person,
    /// The scenario's script.
    Script,
    /// Chaos.
    Chaos,
}

/// One step.
#[derive(Debug)]
pub struct Step<'a, P: Participant> {
    /// Its number, counted from 0.
    pub index: u32,
    /// When it happened, in µs.
    pub time_us: u64,
    /// Whom it happened to; `None` for an intervention in the network as a whole.
    pub party: Option<Address>,
    /// What happened.
    pub happening: &'a Happening<P>,
    /// The step that brought it about: that sent the message, set the timer or began the sync.
    pub cause: Option<u32>,
    /// The message or other event that was taken from the queue, if one was.
    pub event: Option<EventId>,
    /// Whether a person chose that it happens now.
    pub chosen: bool,
    /// What the node did.
    pub effects: &'a [Effect<P>],
    /// The rules that decided something in it.
    pub rules: RuleSet,
    /// What the invariants say.
    pub violation: Option<&'a <P::Monitor as crate::protocol::Monitor<P>>::Violation>,
}

/// A message that did not arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loss {
    /// The message.
    pub event: EventId,
    /// The step that sent it.
    pub cause: u32,
    /// Who sent it.
    pub from: Address,
    /// Who was to get it.
    pub to: Address,
    /// Its kind; see [`super::cluster::kind_code`].
    pub kind: u8,
    /// When it was sent.
    pub sent_us: u64,
    /// When it would have arrived.
    pub time_us: u64,
}

/// Somebody who watches a run.
pub trait Watcher<P: Participant> {
    /// Whether [`Happening::Input`] is to hold the input itself, which costs a copy.
    fn wants_details(&self) -> bool {
        false
    }

    /// A step was taken; `cluster` is the state after it, but what it sent is not yet on its way.
    fn step(&mut self, cluster: &super::Cluster<P>, step: &Step<'_, P>);

    /// The effect at this position of the last step put a message on its way; a lost one as well.
    fn sent(&mut self, effect: usize, event: EventId) {
        let _ = (effect, event);
    }

    /// A message did not arrive.
    fn lost(&mut self, loss: &Loss) {
        let _ = loss;
    }
}

/// Somebody who looks away.
impl<P: Participant> Watcher<P> for () {
    fn step(&mut self, _: &super::Cluster<P>, _: &Step<'_, P>) {}
}

/// What is on its way between two parties.
#[derive(Clone, PartialEq, Debug)]
pub enum Body<P: Participant> {
    /// From node to node.
    Peer(P::Message),
    /// From client to node.
    Request {
        /// The request's number.
        request: RequestId,
        /// What is asked.
        command: P::Command,
    },
    /// From node to client.
    Answer {
        /// The request's number.
        request: RequestId,
        /// The answer.
        answer: P::Answer,
    },
}

/// A message on its way.
#[derive(Clone, PartialEq, Debug)]
pub struct Envelope<P: Participant> {
    /// Who sent it.
    pub from: Address,
    /// Who is to get it.
    pub to: Address,
    /// What it says.
    pub body: Body<P>,
    /// When it was sent, in µs.
    pub sent_us: u64,
    /// The step that sent it.
    pub cause: u32,
    /// Whether the network has already decided to lose it.
    pub doomed: bool,
}

/// A pending event.
#[derive(Clone, PartialEq, Debug)]
pub enum Event<P: Participant> {
    /// A node starts for the first time.
    Boot(NodeId),
    /// A message on its way.
    Message(Envelope<P>),
    /// A timer.
    Timer {
        /// Whose.
        node: NodeId,
        /// Which one.
        timer: P::Timer,
    },
    /// A sync.
    Sync {
        /// Whose.
        node: NodeId,
        /// Its number.
        sync: SyncId,
        /// The life of the process that began it.
        life: u32,
        /// The step that began it.
        cause: u32,
        /// What it makes durable.
        mark: super::disk::Mark,
    },
    /// A client wakes up.
    Wake {
        /// Which one.
        client: ClientId,
        /// The step after which it went to sleep.
        cause: Option<u32>,
    },
    /// The next entry of the script.
    Script(u32),
    /// The next beat of chaos.
    Chaos,
}
