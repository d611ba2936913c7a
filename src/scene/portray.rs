//! What a protocol has to say about itself to be drawn, told and traced.
//!
//! This is the only place where a scene learns anything of a protocol: a further protocol is one more
//! implementation, and one more line in [`super::registry`].

use serde_json::Value;

use super::Lang;
use super::circle::Circle;
use super::facts::{ClusterFactOf, Fact, FactOf, Verb};
use super::model::{Cell, Field, Inspection, Outline, Quorum, Table, Tone};
use super::workbench::Prompt;
use crate::protocol::{NodeId, Participant};
use crate::scenario::Presets;
use crate::sim::Cluster;

/// How a kind of message looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Face {
    /// The letter on its disc.
    pub letter: char,
    /// Its colour.
    pub tone: Tone,
    /// Whether it answers another message: drawn hollow.
    pub answer: bool,
}

/// How a node looks, apart from where it stands and what its machine does.
#[derive(Clone, PartialEq, Debug)]
pub struct Portrait {
    /// What it does, in a word.
    pub role: String,
    /// The figure below its name.
    pub figure: String,
    /// Its colour.
    pub tone: Tone,
    /// The end of its log, oldest first; few cells.
    pub tail: Vec<Cell>,
}

/// Where the nodes stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Around a ring, all alike.
    Ring,
    /// Outside a circle on which keys lie, all alike.
    Circle,
    /// The first node above, the others below it.
    CoordinatorAbove,
}

/// A protocol that can be drawn, told and traced.
pub trait Portray: Presets {
    /// The facts of a node, by name: plain data, which conditions and scripts use. The names are part of what is written
    /// down in conditions, so they stay.
    const FACTS: &'static [FactOf<Self>];

    /// The facts of the whole cluster, besides those that every cluster has.
    const CLUSTER_FACTS: &'static [ClusterFactOf<Self>] = &[];

    /// Short ways to say something of a node: `leads`.
    const VERBS: &'static [Verb];

    /// The nodes that go by another name, too.
    const NAMED_NODES: &'static [(&'static str, NodeId)] = &[];

    /// What people call the protocol.
    fn title(lang: Lang) -> &'static str;

    /// Where the nodes stand.
    fn layout(_options: &Self::Options) -> Layout {
        Layout::Ring
    }

    /// The form of a node.
    fn outline() -> Outline {
        Outline::Disc
    }

    /// Whether its nodes elect a leader without whom nothing goes on: metrics tell for how long there was none.
    fn elects_leaders() -> bool {
        false
    }

    /// What a node is called on the stage.
    fn name_of(node: NodeId, _options: &Self::Options, _lang: Lang) -> String {
        node.to_string()
    }

    /// How a kind of message looks; the position is that of [`Participant::MESSAGE_KINDS`].
    fn face(kind: u8) -> Face;

    /// How a node looks.
    fn portrait(&self, node: NodeId, options: &Self::Options, lang: Lang) -> Portrait;

    /// Since when it stands as it does, in µs of its own clock, where a reader wants to see how long that is.
    fn stands_since_us(&self) -> Option<u64> {
        None
    }

    /// What a node holds, where one value says it all.
    fn badge(&self, _lang: Lang) -> Option<Cell> {
        None
    }

    /// Whether somebody has locked what it holds.
    fn is_locked(&self) -> bool {
        false
    }

    /// The quorums that are forming or have formed.
    fn quorums(_nodes: &[Option<Self>], _options: &Self::Options) -> Vec<Quorum> {
        Vec::new()
    }

    /// One line that says how things stand in the cluster.
    fn headline(cluster: &Cluster<Self>, lang: Lang) -> String;

    /// Whether this timer is the one to draw around a node; the lowest rank of those that run is drawn.
    fn timer_rank(timer: Self::Timer) -> Option<u8>;

    /// What a timer is called.
    fn timer_name(timer: Self::Timer, lang: Lang) -> String;

    /// A message's kind and fields in one sentence, without its sender and receiver.
    fn message_text(message: &Self::Message, lang: Lang) -> String;

    /// A message's fields.
    fn message_fields(message: &Self::Message, lang: Lang) -> Vec<Field>;

    /// A reason as a sentence about the node whose effect it explains.
    fn reason_text(why: &Self::Reason, node: NodeId, lang: Lang) -> String;

    /// The paper and section that ask for it: `Raft §5.4.1`; empty where none does.
    fn reason_source(why: &Self::Reason) -> &'static str;

    /// How much a reader wants to hear this reason, of all the reasons of a step; the highest is told. A
    /// milestone should outrank what is merely routine.
    fn reason_weight(why: &Self::Reason) -> u8;

    /// A node's fields, for the inspector. Names must be unique, because changes are found by name.
    fn fields(&self, options: &Self::Options, lang: Lang) -> Vec<Field>;

    /// A node's facts with their values.
    fn facts(&self, options: &Self::Options) -> Vec<Fact> {
        let fact = |fact: &FactOf<Self>| Fact { key: fact.name.key, value: (fact.read)(self, options) };
        Self::FACTS.iter().map(fact).collect()
    }

    /// Logs, state machine and the like of all nodes.
    fn tables(nodes: &[Option<Self>], options: &Self::Options, lang: Lang) -> Vec<Table>;

    /// The circle, where keys are placed on one ([`Layout::Circle`]). `known` is the last one that was found,
    /// possibly at another moment: most of it can be used again.
    fn circle(_nodes: &[Option<Self>], _options: &Self::Options, _known: Option<&Circle>) -> Option<Circle> {
        None
    }

    /// Tables about the keys on the circle; they come before the other ones. Only the one at the position `shown`
    /// needs to have rows.
    fn circle_tables(
        _nodes: &[Option<Self>],
        _options: &Self::Options,
        _circle: &Circle,
        _shown: usize,
        _lang: Lang,
    ) -> Vec<Table> {
        Vec::new()
    }

    /// What is known of the key at a position.
    fn inspect_key(
        _nodes: &[Option<Self>],
        _options: &Self::Options,
        _circle: &Circle,
        _position: u64,
        _lang: Lang,
    ) -> Option<Inspection> {
        None
    }

    /// Times the lookups of the algorithms that were compared, with a clock in ms, if they are not timed yet.
    fn time_lookups(_circle: &Circle, _clock: &dyn Fn() -> f64) -> bool {
        false
    }

    /// A record of the log on disk, in short.
    fn record_text(record: &Self::Record, lang: Lang) -> String;

    /// A command as a person would type it.
    fn command_text(command: &Self::Command) -> String;

    /// Reads a command that a person typed.
    ///
    /// # Errors
    /// What is wrong and what would be right.
    fn parse_command(text: &str, lang: Lang) -> Result<Self::Command, String>;

    /// Commands to start from.
    fn commands(lang: Lang) -> Vec<Prompt>;

    /// An answer in short.
    fn answer_text(answer: &Self::Answer, lang: Lang) -> String;

    /// An operation as a person would type it.
    fn operation_text(operation: &Self::Operation) -> String;

    /// Reads an operation that a person typed or chose.
    ///
    /// # Errors
    /// What is wrong and what would be right.
    fn parse_operation(text: &str, lang: Lang) -> Result<Self::Operation, String>;

    /// What an operator can ask of a node, now.
    fn operations(&self, node: NodeId, nodes: u16, lang: Lang) -> Vec<Prompt>;

    /// A violation: the invariant's name, and the two facts that contradict each other.
    fn violation_text(violation: &ViolationOf<Self>, lang: Lang) -> (String, String);

    /// A node's state for a trace, with what changed since `before`. The keys are part of the trace's format.
    fn trace_state(&self, before: Option<&Self>) -> Value;

    /// What the eras are called on the scrubber: `term 3`.
    fn era_text(era: u64, lang: Lang) -> String;
}

/// The violation of a protocol's invariants.
pub type ViolationOf<P> = <<P as Participant>::Monitor as crate::protocol::Monitor<P>>::Violation;
