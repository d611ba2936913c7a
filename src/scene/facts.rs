//! Facts of a node, with names: plain data that depends on no language and on nothing that is drawn.
//!
//! Each protocol has a list of them ([`super::Portray::FACTS`]), a row for each: what it is called, what kind of value it
//! has, what it means, and how it is read from a node. [`super::condition`] compares them, scripts get them as JSON,
//! and `docs/CONDITIONS.md` lists them.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

use super::Lang;
use super::portray::Portray;
use crate::protocol::NodeId;
use crate::sim::Cluster;
use crate::sim::client::Client;
use crate::word;

/// The value of a fact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FactValue {
    /// There is none: no vote, no ballot.
    None,
    /// Whether something is so.
    Flag(bool),
    /// A count, an index, a term.
    Number(i64),
    /// One of few words.
    Word(&'static str),
    /// A node.
    Node(NodeId),
    /// A ballot, `2.n1`: its round and its node. A higher round is higher, then a higher node.
    Ballot(u32, NodeId),
    /// Nodes, in their order.
    Nodes(Vec<NodeId>),
    /// Names, such as those of transactions.
    Names(Vec<String>),
    /// What somebody has written: a value.
    Text(String),
}

impl FactValue {
    /// A number; one that is too large for a fact is the largest.
    pub fn number<N: TryInto<i64>>(number: N) -> FactValue {
        FactValue::Number(number.try_into().unwrap_or(i64::MAX))
    }

    /// A node, if there is one.
    pub fn node(node: Option<NodeId>) -> FactValue {
        node.map_or(FactValue::None, FactValue::Node)
    }

    /// A word, if there is one.
    pub fn word(word: Option<&'static str>) -> FactValue {
        word.map_or(FactValue::None, FactValue::Word)
    }

    /// How it compares with another one, where one can be larger. The size of a list compares with a number.
    pub fn order(&self, other: &FactValue) -> Option<Ordering> {
        let as_number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        match (self, other) {
            (FactValue::Number(a), FactValue::Number(b)) => Some(a.cmp(b)),
            (FactValue::Nodes(list), FactValue::Number(b)) => Some(as_number(list.len()).cmp(b)),
            (FactValue::Names(list), FactValue::Number(b)) => Some(as_number(list.len()).cmp(b)),
            (FactValue::Ballot(round, node), FactValue::Ballot(other_round, other_node)) => {
                Some((round, node).cmp(&(other_round, other_node)))
            }
            _ => None,
        }
    }

    /// Whether it is the same as another one; an empty list is none, and a list is also equal to its size.
    pub fn is(&self, other: &FactValue) -> bool {
        match (self, other) {
            (FactValue::Nodes(list), FactValue::None) => list.is_empty(),
            (FactValue::Names(list), FactValue::None) => list.is_empty(),
            _ => self == other || self.order(other) == Some(Ordering::Equal),
        }
    }

    /// Whether it is a list with this in it.
    pub fn has(&self, other: &FactValue) -> bool {
        match (self, other) {
            (FactValue::Nodes(list), FactValue::Node(node)) => list.contains(node),
            (FactValue::Names(list), FactValue::Text(name)) => list.contains(name),
            _ => false,
        }
    }
}

impl fmt::Display for FactValue {
    /// As a condition writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, names: Vec<String>| match names.as_slice() {
            [] => f.write_str("none"),
            names => f.write_str(&names.join(" ")),
        };
        match self {
            FactValue::None => f.write_str("none"),
            FactValue::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            FactValue::Number(number) => write!(f, "{number}"),
            FactValue::Word(word) => f.write_str(word),
            FactValue::Node(node) => write!(f, "{node}"),
            FactValue::Ballot(round, node) => write!(f, "{round}.{node}"),
            FactValue::Nodes(nodes) => list(f, nodes.iter().map(NodeId::to_string).collect()),
            FactValue::Names(names) => list(f, names.clone()),
            FactValue::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

impl Serialize for FactValue {
    /// As scripts read it: nodes by their names, ballots as text, nothing as `null`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            FactValue::None => to.serialize_none(),
            FactValue::Flag(flag) => to.serialize_bool(*flag),
            FactValue::Number(number) => to.serialize_i64(*number),
            FactValue::Word(word) => to.serialize_str(word),
            FactValue::Node(node) => to.collect_str(node),
            FactValue::Ballot(..) => to.collect_str(self),
            FactValue::Nodes(nodes) => to.collect_seq(nodes.iter().map(NodeId::to_string)),
            FactValue::Names(names) => to.collect_seq(names),
            FactValue::Text(text) => to.serialize_str(text),
        }
    }
}

/// What values a fact can have, besides none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FactKind {
    /// Yes or no.
    Flag,
    /// A number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A node.
    Node,
    /// A ballot.
    Ballot,
    /// Nodes.
    Nodes,
    /// Names.
    Names,
    /// Any text.
    Text,
}

/// What a fact is called, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct FactName {
    /// The name: `commit_index`.
    pub key: &'static str,
    /// What values it has.
    pub kind: FactKind,
    /// What it means, in a few words.
    pub says: fn(Lang) -> &'static str,
}

/// A fact of the nodes of a protocol.
pub struct FactOf<P: Portray> {
    /// What it is called.
    pub name: FactName,
    /// How it is read from a node.
    pub read: fn(&P, &P::Options) -> FactValue,
}

impl<P: Portray> FactOf<P> {
    /// A row of the list of facts.
    pub const fn new(
        key: &'static str,
        kind: FactKind,
        says: fn(Lang) -> &'static str,
        read: fn(&P, &P::Options) -> FactValue,
    ) -> Self {
        FactOf { name: FactName { key, kind, says }, read }
    }
}

/// A fact of a whole cluster of a protocol, as its invariants know it and perhaps no node does.
pub struct ClusterFactOf<P: Portray> {
    /// What it is called.
    pub name: FactName,
    /// How it is read from the monitor.
    pub read: fn(&P::Monitor) -> FactValue,
}

/// A fact with its value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Fact {
    /// Its name.
    pub key: &'static str,
    /// Its value.
    pub value: FactValue,
}

/// A short way to say something of a node: `leads` for `.role = leader`.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// How it is said of one node: `leads`, `is in doubt`.
    pub one: &'static str,
    /// How it is said of several: `lead`, `are in doubt`.
    pub many: &'static str,
    /// The fact that it is about.
    pub fact: &'static str,
    /// What the fact has to be.
    pub test: VerbTest,
}

/// What a verb asks of its fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VerbTest {
    /// That it is this word.
    Is(&'static str),
    /// That it is so, or not so.
    Flag(bool),
    /// That there is at least one.
    Some,
    /// That it is what is written behind the verb.
    Object,
}

/// How far a machine is with its process: what every protocol's nodes have.
pub const OF_EVERY_NODE: &[FactName] = &[
    FactName {
        key: "up",
        kind: FactKind::Flag,
        says: |lang| {
            word!(lang, "whether its process exists, running or paused", "进程是否存在（运行或暂停）")
        },
    },
    FactName {
        key: "paused",
        kind: FactKind::Flag,
        says: |lang| word!(lang, "whether its process is paused", "进程是否被暂停"),
    },
];

/// What is said of every protocol's nodes.
pub const VERBS_OF_EVERY_NODE: &[Verb] = &[
    Verb { one: "is up", many: "are up", fact: "up", test: VerbTest::Flag(true) },
    Verb { one: "is down", many: "are down", fact: "up", test: VerbTest::Flag(false) },
    Verb { one: "is paused", many: "are paused", fact: "paused", test: VerbTest::Flag(true) },
];

/// What is known of every cluster.
pub const OF_EVERY_CLUSTER: &[FactName] = &[
    FactName {
        key: "leader",
        kind: FactKind::Node,
        says: |lang| {
            word!(lang, "of those who believe to lead, the latest", "以为自己在领导的节点中最近的一个")
        },
    },
    FactName {
        key: "running",
        kind: FactKind::Number,
        says: |lang| word!(lang, "how many nodes are up", "没有停机的节点数"),
    },
    FactName {
        key: "split",
        kind: FactKind::Flag,
        says: |lang| word!(lang, "whether any connection is cut", "是否有连接被切断"),
    },
];

/// What is known of every client.
pub const OF_EVERY_CLIENT: &[FactName] = &[
    FactName {
        key: "asked",
        kind: FactKind::Number,
        says: |lang| word!(lang, "how many requests it has issued", "已发出的请求数"),
    },
    FactName {
        key: "answered",
        kind: FactKind::Number,
        says: |lang| word!(lang, "how many of its requests have a final answer", "已得到最终答复的请求数"),
    },
    FactName {
        key: "waiting",
        kind: FactKind::Flag,
        says: |lang| word!(lang, "whether a request of it has no final answer yet", "是否有请求尚无最终答复"),
    },
];

/// What is said of clients.
pub const VERBS_OF_EVERY_CLIENT: &[Verb] = &[
    Verb { one: "was answered", many: "were answered", fact: "answered", test: VerbTest::Some },
    Verb { one: "waits", many: "wait", fact: "waiting", test: VerbTest::Flag(true) },
];

/// A fact of a client.
pub(super) fn of_client<P: Portray>(client: &Client<P>, key: &str) -> FactValue {
    match key {
        "asked" => FactValue::number(client.issued),
        "answered" => FactValue::number(client.done),
        "waiting" => FactValue::Flag(client.outstanding.is_some()),
        _ => FactValue::None,
    }
}

/// A fact of the whole cluster.
pub(super) fn of_cluster<P: Portray>(cluster: &Cluster<P>, key: &str) -> FactValue {
    match key {
        "leader" => FactValue::node(cluster.leader()),
        "running" => FactValue::number(cluster.nodes().iter().flatten().count()),
        "split" => FactValue::Flag(!cluster.network().is_whole()),
        key => {
            let own = P::CLUSTER_FACTS.iter().find(|fact| fact.name.key == key);
            own.map_or(FactValue::None, |fact| (fact.read)(cluster.monitor()))
        }
    }
}
