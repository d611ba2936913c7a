//! Both kinds of Paxos, drawn and told.

pub mod multi;
pub mod synod;

use serde_json::{Value, json};

use super::Lang;
use super::facts::FactValue;
use super::model::{Field, Quorum, Tone};
use crate::protocol::NodeId;
use crate::protocol::paxos::{Ballot, Invariant, NodeSet};
use crate::sim::Address;
use crate::{say, word};

/// A ballot, or a dash where there is none.
fn ballot_text(ballot: Option<Ballot>) -> String {
    ballot.map_or_else(|| "–".to_owned(), |ballot| ballot.to_string())
}

/// The colour of a ballot: that of its round.
fn tone_of(ballot: Ballot) -> Tone {
    Tone::Era(u64::from(ballot.round))
}

/// Names of nodes, or a dash where there are none.
fn set_text(nodes: NodeSet) -> String {
    if nodes.is_empty() {
        return "–".to_owned();
    }
    nodes.iter().map(|node| node.to_string()).collect::<Vec<_>>().join(" ")
}

/// A ballot as a fact.
fn ballot_fact(ballot: Option<Ballot>) -> FactValue {
    ballot.map_or(FactValue::None, |ballot| FactValue::Ballot(ballot.round, ballot.node))
}

/// Nodes as a fact.
fn nodes_fact(nodes: NodeSet) -> FactValue {
    FactValue::Nodes(nodes.iter().collect())
}

/// The field of an acceptor's promise.
fn promised_field(promised: Option<Ballot>, lang: Lang) -> Field {
    Field::new(word!(lang, "promised", "已承诺"), ballot_text(promised)).hint(word!(
        lang,
        "the acceptor refuses every ballot below this one",
        "接受者拒绝低于此编号的一切提案"
    ))
}

fn quorum(asked_by: NodeId, members: NodeSet, needed: u16, tone: Tone) -> Quorum {
    Quorum {
        asked_by: Address::Node(asked_by),
        members: members.iter().map(Address::Node).collect(),
        tone,
        is_complete: members.len() >= needed,
    }
}

/// A ballot for a trace.
fn ballot_json(ballot: Option<Ballot>) -> Value {
    ballot.map_or(Value::Null, |ballot| json!({ "round": ballot.round, "node": ballot.node }))
}

/// What a round is called on the scrubber; before the first promise there is none.
fn round_text(round: u64, lang: Lang) -> String {
    match round {
        0 => "–".to_owned(),
        _ => say!(lang, "round {round}", "第 {round} 轮"),
    }
}

/// The name of an invariant.
fn invariant_text(invariant: Invariant, lang: Lang) -> String {
    match invariant {
        Invariant::Agreement => word!(lang, "Agreement", "一致性"),
        Invariant::Validity => word!(lang, "Validity", "有效性"),
        Invariant::LearnedOnlyIfChosen => word!(lang, "Learned only if chosen", "只学习已选定的值"),
        Invariant::PromisesKept => word!(lang, "Promises kept", "信守承诺"),
        Invariant::AcceptedNeverGoesBack => {
            word!(lang, "Accepted ballot never goes back", "已接受的编号不后退")
        }
        Invariant::P2c => word!(lang, "What is chosen stays chosen (P2c)", "选定的值不再改变（P2c）"),
        Invariant::LinearizableReads => word!(lang, "Linearizable reads", "可线性化读取"),
    }
    .to_owned()
}
