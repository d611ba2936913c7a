//! Conditions over a run: when something is so for the first time.
//!
//! A condition is a text such as `n3 leads and not violated`. It is read with bounds into a tree ([`parse`](parse())), for
//! the protocol and the cluster that it is about, so that a name that does not exist is refused with those that do.
//! Whether it holds is asked of a moment: the cluster at a cursor position, and the step that led there.
//!
//! ```text
//! condition = both { "or" both }
//! both      = single { "and" single }
//! single    = "not" single | "(" condition ")" | claim
//! claim     = parties "." FACT [ compare VALUE ]      only a fact that is yes or no stands alone
//!           | parties VERB [ VALUE ]                  leads, is down, is in doubt, accepted tea
//!           | parties "is" [ "a" | "an" | "the" ] WORD     a word of a fact: n2 is candidate
//!           | "time" compare TIME | "step" compare NUMBER | "answers" compare NUMBER
//!           | "violated" | "at rest"
//!           | ( "delivers" | "sends" ) KIND { "to" NODE | "from" NODE }
//! parties   = NODE | CLIENT | "cluster" | "any" noun | "every" noun | "no" noun | "a majority"
//!           | [ "at least" | "at most" | "exactly" ] NUMBER noun
//! noun      = "node" | "nodes" | "client" | "clients"
//! compare   = "=" | "!=" | "<" | "<=" | ">" | ">=" | "has"
//! ```
//!
//! A number without more is exactly so many: `2 nodes lead`. Nothing is true of a node that is down, but that it is
//! down. `docs/CONDITIONS.md` is the same for readers, with the facts and verbs of each protocol.

mod evaluate;
mod parse;
mod problem;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt;

use super::facts::{FactName, FactValue, Verb};
use super::portray::Portray;
use crate::protocol::{ClientId, NodeId};

pub(super) use evaluate::{cluster_facts, facts, until};
pub use parse::parse;
pub use problem::{ConditionError, ConditionProblem, Wanted};

/// The longest condition, in bytes.
pub const BYTES_MAX: usize = 2_000;
/// How deep parentheses and negations can be nested.
pub const DEPTH_MAX: u32 = 32;
/// The most claims of a condition.
pub const CLAIMS_MAX: usize = 64;

/// The names that a condition can use: those of a protocol, in a cluster of this size.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// The facts of its nodes, without those that every node has.
    pub facts: Vec<FactName>,
    /// The facts of the whole cluster, without those that every cluster has.
    pub cluster: Vec<FactName>,
    /// Its verbs, without those that every node has.
    pub verbs: &'static [Verb],
    /// The kinds of its messages.
    pub kinds: &'static [&'static str],
    /// The nodes that go by another name, too.
    pub named: &'static [(&'static str, NodeId)],
    /// How many nodes there are.
    pub nodes: u16,
    /// How many clients there are.
    pub clients: u16,
}

impl Vocabulary {
    /// The names of a protocol.
    pub fn of<P: Portray>(nodes: u16, clients: u16) -> Vocabulary {
        let facts = P::FACTS.iter().map(|fact| fact.name).collect();
        let cluster = P::CLUSTER_FACTS.iter().map(|fact| fact.name).collect();
        let (verbs, kinds, named) = (P::VERBS, P::MESSAGE_KINDS, P::NAMED_NODES);
        Vocabulary { facts, cluster, verbs, kinds, named, nodes, clients }
    }
}

/// A condition that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    tree: Tree,
    /// What is asked of parties; the tree holds positions in it.
    tests: Vec<Test>,
    /// What is asked of messages; the tree holds positions in it.
    letters: Vec<Letter>,
}

impl Condition {
    /// Whether what happens in a step is asked for, and not only how things stand after it.
    pub fn asks_for_steps(&self) -> bool {
        !self.letters.is_empty()
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Parties { who: Who, test: usize },
    Letter(usize),
    Time(Operator, u64),
    Step(Operator, u64),
    Answers(Operator, u64),
    Violated,
    AtRest,
}

/// What is asked of each of some parties.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Test {
    of: Whom,
    fact: &'static str,
    operator: Operator,
    value: FactValue,
}

/// A message that comes or goes in the step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Letter {
    is_delivered: bool,
    kind: u8,
    /// Its name, to be written again.
    name: &'static str,
    from: Option<NodeId>,
    to: Option<NodeId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whom {
    Nodes,
    Clients,
    /// All of it; there is one.
    Cluster,
}

/// Which parties, and how many of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    /// This one, by its position.
    One(u16),
    Every,
    Majority,
    /// So many, compared in this way.
    Count(Operator, u16),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Is,
    IsNot,
    Less,
    AtMost,
    More,
    AtLeast,
    Has,
}

impl Operator {
    const fn text(self) -> &'static str {
        match self {
            Operator::Is => "=",
            Operator::IsNot => "!=",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::More => ">",
            Operator::AtLeast => ">=",
            Operator::Has => "has",
        }
    }

    /// Whether it asks which of two is larger.
    fn orders(self) -> bool {
        matches!(self, Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast)
    }

    fn holds_for_order(self, order: std::cmp::Ordering) -> bool {
        match self {
            Operator::Is => order.is_eq(),
            Operator::IsNot => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::More => order.is_gt(),
            Operator::AtLeast => order.is_ge(),
            Operator::Has => false,
        }
    }

    fn holds_for(self, value: &FactValue, other: &FactValue) -> bool {
        match self {
            Operator::Is => value.is(other),
            Operator::IsNot => !value.is(other),
            Operator::Has => value.has(other),
            _ => value.order(other).is_some_and(|order| self.holds_for_order(order)),
        }
    }
}

impl fmt::Display for Condition {
    /// The condition in its plainest form, without verbs. It reads as the same condition again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(&self.tree, f)
    }
}

impl Condition {
    fn write(&self, tree: &Tree, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match tree {
            Tree::All(parts) => {
                self.write_list(parts, " and ", |part| matches!(part, Tree::All(_) | Tree::Any(_)), f)
            }
            Tree::Any(parts) => self.write_list(parts, " or ", |part| matches!(part, Tree::Any(_)), f),
            Tree::Not(part) => {
                f.write_str("not ")?;
                self.write_part(part, matches!(**part, Tree::All(_) | Tree::Any(_)), f)
            }
            Tree::Parties { who, test } => match self.tests.get(*test) {
                Some(test) => write_claim(*who, test, f),
                None => Ok(()),
            },
            Tree::Letter(at) => self.letters.get(*at).map_or(Ok(()), |letter| write!(f, "{letter}")),
            Tree::Time(operator, us) => write!(f, "time {} {us}us", operator.text()),
            Tree::Step(operator, step) => write!(f, "step {} {step}", operator.text()),
            Tree::Answers(operator, count) => write!(f, "answers {} {count}", operator.text()),
            Tree::Violated => f.write_str("violated"),
            Tree::AtRest => f.write_str("at rest"),
        }
    }

    fn write_list(
        &self,
        parts: &[Tree],
        between: &str,
        is_wrapped: fn(&Tree) -> bool,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                f.write_str(between)?;
            }
            self.write_part(part, is_wrapped(part), f)?;
        }
        Ok(())
    }

    fn write_part(&self, part: &Tree, is_wrapped: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !is_wrapped {
            return self.write(part, f);
        }
        f.write_str("(")?;
        self.write(part, f)?;
        f.write_str(")")
    }
}

fn write_claim(who: Who, test: &Test, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (one, many) = match test.of {
        Whom::Nodes => ("node", "nodes"),
        Whom::Clients => ("client", "clients"),
        Whom::Cluster => ("cluster", "clusters"),
    };
    match (who, test.of) {
        (Who::One(at), Whom::Nodes) => write!(f, "{}", NodeId(at)),
        (Who::One(at), Whom::Clients) => write!(f, "{}", ClientId(at)),
        (Who::One(_), Whom::Cluster) => f.write_str("cluster"),
        (Who::Every, _) => write!(f, "every {one}"),
        (Who::Majority, _) => write!(f, "a majority"),
        (Who::Count(Operator::AtLeast, 1), _) => write!(f, "any {one}"),
        (Who::Count(Operator::Is, 0), _) => write!(f, "no {one}"),
        (Who::Count(Operator::AtLeast, count), _) => write!(f, "at least {count} {many}"),
        (Who::Count(Operator::AtMost, count), _) => write!(f, "at most {count} {many}"),
        (Who::Count(_, count), _) => write!(f, "{count} {many}"),
    }?;
    write!(f, ".{} {} {}", test.fact, test.operator.text(), test.value)
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.is_delivered { "delivers" } else { "sends" }, self.name)?;
        if let Some(to) = self.to {
            write!(f, " to {to}")?;
        }
        if let Some(from) = self.from {
            write!(f, " from {from}")?;
        }
        Ok(())
    }
}
