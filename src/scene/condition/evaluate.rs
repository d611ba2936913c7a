//! Whether a condition holds at a moment of a run, and when it does so first.
//!
//! A cluster is run on step by step, and after each one only the party that it happened to is looked at anew: no other
//! one has changed.

use super::{Condition, Letter, Operator, Test, Tree, Who, Whom};
use crate::protocol::{ClientId, EffectBody, Input, NodeId};
use crate::scene::facts::{self, Fact, FactOf, FactValue, OF_EVERY_CLIENT, OF_EVERY_CLUSTER, OF_EVERY_NODE};
use crate::scene::portray::Portray;
use crate::sim::{Address, Cluster, Happening, History, InputKind, Recording, Step, Watcher};

/// The first cursor position at or after `from` at which a condition holds, among so many that follow. Records what is
/// not yet recorded, one step after the other, as seeking does; where it is asked whether all is at rest, one more.
pub(in crate::scene) fn until<P: Portray>(
    history: &mut History<P>,
    condition: &Condition,
    from: u32,
    steps_max: u32,
) -> Option<u32> {
    let missing = from.saturating_sub(history.recording()?.steps());
    // At a limit there are fewer steps, which is seen below.
    let _ = history.record(u64::MAX, missing);
    let recording = history.recording()?;
    let mut cluster = recording.at(from.saturating_sub(1));
    let mut walk = Walk::new(condition, recording, cluster.steps());
    recording.run_on(&mut cluster, from, &mut walk);
    if cluster.steps() != from {
        return None;
    }
    walk.look_at_all(&cluster);
    let last = from.saturating_add(steps_max);
    loop {
        let at = cluster.steps();
        let is_at_end = |history: &History<P>| history.recording().is_some_and(|all| all.steps() == at);
        let is_at_rest = condition.asks_for_rest()
            && is_at_end(history)
            && history.record(u64::MAX, 1).is_ok()
            && is_at_end(history);
        if walk.holds(&condition.tree, &cluster, is_at_rest) {
            return Some(at);
        }
        if at >= last {
            return None;
        }
        if is_at_end(history) {
            let _ = history.record(u64::MAX, 1);
        }
        history.recording()?.run_on(&mut cluster, at + 1, &mut walk);
        if cluster.steps() == at {
            return None;
        }
        walk.look_again(&cluster);
    }
}

/// The facts of all parties: first the nodes, then the clients. Of a node that is down there are only those that every
/// node has.
pub(in crate::scene) fn facts<P: Portray>(cluster: &Cluster<P>) -> Vec<(Address, Vec<Fact>)> {
    let options = &cluster.setup().options;
    let nodes = (0..cluster.setup().nodes).map(NodeId).map(|node| {
        let common = OF_EVERY_NODE
            .iter()
            .filter_map(|name| Some(Fact { key: name.key, value: of_every_node(cluster, node, name.key)? }));
        let own = cluster.node(node).map(|process| process.facts(options)).unwrap_or_default();
        (Address::Node(node), common.chain(own).collect())
    });
    let clients = cluster.clients().iter().map(|client| {
        let of_client =
            |name: &facts::FactName| Fact { key: name.key, value: facts::of_client(client, name.key) };
        (Address::Client(client.id), OF_EVERY_CLIENT.iter().map(of_client).collect())
    });
    nodes.chain(clients).collect()
}

/// The facts of the whole cluster.
pub(in crate::scene) fn cluster_facts<P: Portray>(cluster: &Cluster<P>) -> Vec<Fact> {
    let own = P::CLUSTER_FACTS.iter().map(|fact| fact.name.key);
    let keys = OF_EVERY_CLUSTER.iter().map(|name| name.key).chain(own);
    keys.map(|key| Fact { key, value: facts::of_cluster(cluster, key) }).collect()
}

/// A fact that every node has, running or not.
fn of_every_node<P: Portray>(cluster: &Cluster<P>, node: NodeId, key: &str) -> Option<FactValue> {
    match key {
        "up" => Some(FactValue::Flag(cluster.node(node).is_some())),
        "paused" => Some(FactValue::Flag(cluster.host(node)?.paused)),
        _ => None,
    }
}

impl Condition {
    fn asks_for_rest(&self) -> bool {
        fn is_in(tree: &Tree) -> bool {
            match tree {
                Tree::All(parts) | Tree::Any(parts) => parts.iter().any(is_in),
                Tree::Not(part) => is_in(part),
                tree => *tree == Tree::AtRest,
            }
        }
        is_in(&self.tree)
    }
}

/// Whom a step may have changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touched {
    Node(NodeId),
    NoNode,
    All,
}

/// A condition on its way through a run.
struct Walk<'c, P: Portray> {
    condition: &'c Condition,
    /// The facts that are asked for; `None` for those that do not come from the protocol.
    facts: Vec<Option<&'static FactOf<P>>>,
    /// Which parties pass each test.
    passes: Vec<Vec<bool>>,
    /// Which messages come or go in the last step.
    letters: Vec<bool>,
    is_violated: bool,
    touched: Touched,
}

impl<'c, P: Portray> Walk<'c, P> {
    fn new(condition: &'c Condition, recording: &Recording<P>, steps: u32) -> Self {
        let fact =
            |test: &Test| P::FACTS.iter().find(|fact| test.of == Whom::Nodes && fact.name.key == test.fact);
        Walk {
            condition,
            facts: condition.tests.iter().map(fact).collect(),
            passes: vec![Vec::new(); condition.tests.len()],
            letters: vec![false; condition.letters.len()],
            is_violated: recording.violations().any(|(step, _)| *step < steps),
            touched: Touched::All,
        }
    }

    /// Whether a party passes a test.
    fn passes(&self, cluster: &Cluster<P>, at: usize, party: u16) -> bool {
        let Some(test) = self.condition.tests.get(at) else { return false };
        let value = match (test.of, self.facts.get(at).copied().flatten()) {
            (Whom::Cluster, _) => Some(facts::of_cluster(cluster, test.fact)),
            (Whom::Clients, _) => {
                let client = cluster.clients().get(ClientId(party).index());
                client.map(|client| facts::of_client(client, test.fact))
            }
            (Whom::Nodes, Some(fact)) => {
                let process = cluster.node(NodeId(party));
                process.map(|process| (fact.read)(process, &cluster.setup().options))
            }
            (Whom::Nodes, None) => of_every_node(cluster, NodeId(party), test.fact),
        };
        value.is_some_and(|value| test.operator.holds_for(&value, &test.value))
    }

    /// Looks at all parties.
    fn look_at_all(&mut self, cluster: &Cluster<P>) {
        for (at, test) in self.condition.tests.iter().enumerate() {
            let count = match test.of {
                Whom::Nodes => cluster.setup().nodes,
                Whom::Clients => cluster.setup().clients,
                Whom::Cluster => 1,
            };
            let passes = (0..count).map(|party| self.passes(cluster, at, party)).collect();
            if let Some(known) = self.passes.get_mut(at) {
                *known = passes;
            }
        }
    }

    /// Looks at those whom the last step may have changed.
    fn look_again(&mut self, cluster: &Cluster<P>) {
        let node = match self.touched {
            Touched::All => return self.look_at_all(cluster),
            Touched::Node(node) => Some(node),
            Touched::NoNode => None,
        };
        for (at, test) in self.condition.tests.iter().enumerate() {
            let (first, count) = match (test.of, node) {
                (Whom::Nodes, Some(node)) => (node.0, 1),
                (Whom::Nodes, None) => (0, 0),
                (Whom::Clients, _) => (0, cluster.setup().clients),
                (Whom::Cluster, _) => (0, 1),
            };
            for party in first..first.saturating_add(count) {
                let passes = self.passes(cluster, at, party);
                if let Some(known) =
                    self.passes.get_mut(at).and_then(|known| known.get_mut(usize::from(party)))
                {
                    *known = passes;
                }
            }
        }
    }

    fn holds(&self, tree: &Tree, cluster: &Cluster<P>, is_at_rest: bool) -> bool {
        let figure = |operator: &Operator, is: u64, asked: &u64| operator.holds_for_order(is.cmp(asked));
        match tree {
            Tree::All(parts) => parts.iter().all(|part| self.holds(part, cluster, is_at_rest)),
            Tree::Any(parts) => parts.iter().any(|part| self.holds(part, cluster, is_at_rest)),
            Tree::Not(part) => !self.holds(part, cluster, is_at_rest),
            Tree::Parties { who, test } => {
                self.passes.get(*test).is_some_and(|passes| who.are_enough(passes))
            }
            Tree::Letter(at) => self.letters.get(*at).copied().unwrap_or_default(),
            Tree::Time(operator, us) => figure(operator, cluster.now_us(), us),
            Tree::Step(operator, step) => figure(operator, u64::from(cluster.steps()), step),
            Tree::Answers(operator, count) => {
                let answers = cluster.clients().iter().map(|client| client.done);
                figure(operator, answers.fold(0, u64::saturating_add), count)
            }
            Tree::Violated => self.is_violated,
            Tree::AtRest => is_at_rest,
        }
    }
}

impl Who {
    /// Whether those who pass are those who are meant.
    fn are_enough(self, passes: &[bool]) -> bool {
        let count = passes.iter().filter(|passes| **passes).count();
        match self {
            Who::One(party) => passes.get(usize::from(party)).copied().unwrap_or_default(),
            Who::Every => count == passes.len(),
            Who::Majority => count * 2 > passes.len(),
            Who::Count(operator, asked) => operator.holds_for_order(count.cmp(&usize::from(asked))),
        }
    }
}

impl Letter {
    /// Whether it comes or goes in this step.
    fn is_in<P: Portray>(&self, step: &Step<'_, P>) -> bool {
        let Some(party) = step.party.and_then(Address::node) else { return false };
        let is = |asked: Option<NodeId>, node: NodeId| asked.is_none_or(|asked| asked == node);
        if self.is_delivered {
            let Happening::Input { kind: InputKind::Message(kind), input } = step.happening else {
                return false;
            };
            let comes_from = match input {
                Some(Input::Message { from, .. }) => is(self.from, *from),
                _ => self.from.is_none(),
            };
            return *kind == self.kind && is(self.to, party) && comes_from;
        }
        is(self.from, party)
            && step.effects.iter().any(|effect| match &effect.body {
                EffectBody::Send { to, message } => P::message_kind(message) == self.kind && is(self.to, *to),
                _ => false,
            })
    }
}

impl<P: Portray> Watcher<P> for Walk<'_, P> {
    fn wants_details(&self) -> bool {
        // Who has sent a message that arrives stands in the input alone.
        self.condition.letters.iter().any(|letter| letter.is_delivered && letter.from.is_some())
    }

    fn step(&mut self, _: &Cluster<P>, step: &Step<'_, P>) {
        self.letters = self.condition.letters.iter().map(|letter| letter.is_in(step)).collect();
        self.is_violated |= step.violation.is_some();
        self.touched = match (step.happening, step.party) {
            (Happening::Input { .. } | Happening::Boot, Some(Address::Node(node))) => Touched::Node(node),
            (Happening::Ask { .. } | Happening::Answered { .. } | Happening::Ignored { .. }, _) => {
                Touched::NoNode
            }
            // An intervention can reach further than to the party that it names.
            _ => Touched::All,
        };
    }
}
