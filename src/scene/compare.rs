//! Two branches at the same moment: where they part, and what differs.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::circle::Circle;
use super::detail::Detail;
use super::model::{Sentence, Stage};
use super::portray::Portray;
use super::{Lang, inspect, stage, telling};
use crate::protocol::NodeId;
use crate::sim::{Address, Cluster, History, Recording};
use crate::word;

/// How many steps the other branch is recorded on at a time to come to the same moment.
const STEPS_AHEAD: u32 = 20_000;

/// Two branches at the same moment: first the one that is shown, then the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// How many steps they have in common.
    pub common_steps: u32,
    /// When they part.
    pub parts_us: u64,
    /// The first step of each that the other does not have.
    pub first: [Option<Sentence>; 2],
    /// The moment that is compared.
    pub at_us: u64,
    /// How both look then.
    pub stages: [Stage; 2],
    /// Their circles of keys, where keys are placed on one.
    #[serde(skip)]
    pub circles: [Option<Rc<Circle>>; 2],
    /// What differs in the state of the nodes.
    pub differences: Vec<Difference>,
}

/// A field of a node that differs between two branches.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// Which node.
    pub address: Address,
    /// What it is called.
    pub party: String,
    /// The name of the field.
    pub field: String,
    /// Its value in both.
    pub values: [String; 2],
}

/// Compares the branch that is shown with another one, at the moment of the cursor. The first has this circle of keys
/// then, where keys are placed on one.
pub fn compare<P: Portray>(
    history: &mut History<P>,
    circle: Option<Rc<Circle>>,
    other: usize,
    lang: Lang,
) -> Option<Comparison> {
    let at_us = history.cluster().now_us();
    // At a limit the other branch simply ends earlier.
    let _ = history.record_in(other, at_us, STEPS_AHEAD);
    let common_steps = history.common_steps(history.current(), other);
    let here = history.recording()?;
    let there = &history.branches().get(other)?.recording;
    let cluster = there.at(there.steps_at(at_us));
    // Most of it is that of the first.
    let around = circle.as_deref().and_then(|known| {
        P::circle(&inspect::nodes(&cluster), &cluster.setup().options, Some(known)).map(Rc::new)
    });
    Some(Comparison {
        common_steps,
        parts_us: here.time_at(common_steps),
        first: [first(here, common_steps, lang), first(there, common_steps, lang)],
        at_us,
        stages: [stage::stage(history.cluster(), lang), stage::stage(&cluster, lang)],
        circles: [circle, around],
        differences: differences(history.cluster(), &cluster, lang),
    })
}

/// What a branch does first after these steps.
fn first<P: Portray>(recording: &Recording<P>, steps: u32, lang: Lang) -> Option<Sentence> {
    let detail = Detail::of(recording, steps)?;
    Some(telling::sentence(&detail, &recording.head().setup().options, lang))
}

fn differences<P: Portray>(here: &Cluster<P>, there: &Cluster<P>, lang: Lang) -> Vec<Difference> {
    let options = &here.setup().options;
    let mut differences = Vec::new();
    for node in (0..here.setup().nodes).map(NodeId) {
        let (mine, other) = (values(here, node, lang), values(there, node, lang));
        let names = mine.iter().chain(other.iter().filter(|(name, _)| !mine.iter().any(|(n, _)| n == name)));
        let party = P::name_of(node, options, lang);
        differences.extend(names.filter_map(|(name, _)| {
            let value = |values: &[(String, String)]| {
                let found = values.iter().find(|(other, _)| other == name);
                found.map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
            };
            let values = [value(&mine), value(&other)];
            (values[0] != values[1]).then(|| Difference {
                address: Address::Node(node),
                party: party.clone(),
                field: name.clone(),
                values,
            })
        }));
    }
    differences
}

/// A node's role and fields. Of a node that is down there is only the role.
fn values<P: Portray>(cluster: &Cluster<P>, node: NodeId, lang: Lang) -> Vec<(String, String)> {
    let options = &cluster.setup().options;
    let role = word!(lang, "role", "角色").to_owned();
    let Some(process) = cluster.node(node) else {
        return vec![(role, word!(lang, "crashed", "已崩溃").to_owned())];
    };
    let fields = process.fields(options, lang).into_iter().map(|field| (field.name, field.value));
    std::iter::once((role, process.portrait(node, options, lang).role)).chain(fields).collect()
}
