//! A run of either commit protocol on the virtual cluster, for tests that read like a story.

#![allow(dead_code, reason = "each test file uses its own part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

pub mod synchronous;

use std::sync::Arc;

use lamplight::protocol::atomic_commit::node::{Node, Variant};
use lamplight::protocol::atomic_commit::{
    Answer, Branch, Command, CommitViolation, Message, Place, Reason, Record, TransactionId,
};
use lamplight::protocol::{ClientId, Disposition, EffectBody, NodeId, Participant};
use lamplight::sim::act::repairs;
use lamplight::sim::{
    Address, Chaos, Cluster, ClusterSetup, Doer, Happening, Intervention, InterventionOf, Scratch, Step,
    Unsynced, Watcher, Workload,
};

/// What was seen of a run.
#[derive(Default)]
pub struct Seen {
    /// Every message that was sent: from, to, what.
    pub messages: Vec<(NodeId, NodeId, Message)>,
    /// Every record that was written, and by whom.
    pub records: Vec<(NodeId, Record)>,
    /// How many syncs each node has begun.
    pub syncs: Vec<NodeId>,
    /// Every reason, in order.
    pub reasons: Vec<(NodeId, Reason)>,
    /// Every answer that settled a client's request: what only sends it to another node or makes it wait is not
    /// listed.
    pub answers: Vec<(ClientId, Answer)>,
    /// The first violation, with the number of its step.
    pub violation: Option<(u32, CommitViolation)>,
}

impl<V: Variant> Watcher<Node<V>> for Seen {
    fn step(&mut self, _: &Cluster<Node<V>>, step: &Step<'_, Node<V>>) {
        if let (None, Some(violation)) = (&self.violation, step.violation) {
            self.violation = Some((step.index, violation.clone()));
        }
        if let (Some(Address::Client(client)), Happening::Answered { answer, .. }) =
            (step.party, step.happening)
            && Node::<V>::disposition(answer) == Disposition::Done
        {
            self.answers.push((client, answer.clone()));
        }
        let Some(Address::Node(node)) = step.party else { return };
        for effect in step.effects {
            self.reasons.push((node, effect.why));
            match &effect.body {
                EffectBody::Send { to, message } => self.messages.push((node, *to, message.clone())),
                EffectBody::Append { record } => self.records.push((node, record.clone())),
                EffectBody::Sync { .. } => self.syncs.push(node),
                _ => {}
            }
        }
    }
}

/// A running cluster.
pub struct Run<V: Variant> {
    pub cluster: Cluster<Node<V>>,
    scratch: Scratch<Node<V>>,
    pub seen: Seen,
}

impl<V: Variant> Run<V> {
    pub fn new(setup: ClusterSetup<Node<V>>, seed: u64) -> Self {
        if let Err(problems) = setup.validate() {
            panic!("{problems:?}");
        }
        Run {
            cluster: Cluster::new(Arc::new(setup), seed),
            scratch: Scratch::default(),
            seen: Seen::default(),
        }
    }

    /// A cluster of one coordinator and so many resource managers that has started and is idle.
    pub fn ready(sites: u16, options: V::Options) -> Self {
        let setup = ClusterSetup { nodes: sites + 1, clients: 2, options, ..ClusterSetup::default() };
        let mut run = Self::new(setup, 1);
        run.until_us(20_000);
        run.seen = Seen::default();
        run
    }

    /// Takes one step; false if nothing is pending.
    pub fn step(&mut self) -> bool {
        self.cluster.step(&mut self.scratch, &mut self.seen).is_ok()
    }

    pub fn until_us(&mut self, time_us: u64) {
        while self.cluster.next_due_us().is_some_and(|due| due <= time_us) && self.step() {}
    }

    pub fn for_us(&mut self, us: u64) {
        self.until_us(self.cluster.now_us() + us);
    }

    /// Steps until the condition holds; panics if that takes too long.
    pub fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        for _ in 0..100_000 {
            if condition(self) {
                return;
            }
            assert!(self.step(), "the run came to rest before: {what}");
        }
        panic!("it did not happen: {what}");
    }

    pub fn act(&mut self, act: InterventionOf<Node<V>>) {
        self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.seen).unwrap();
    }

    /// Repairs all that can be repaired.
    pub fn heal(&mut self) {
        for act in repairs(&self.cluster) {
            let _ = self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.seen);
        }
    }

    pub fn crash(&mut self, node: u16) {
        self.act(Intervention::Crash { node: NodeId(node), unsynced: Unsynced::Lost, unsent: 0 });
    }

    pub fn restart(&mut self, node: u16) {
        self.act(Intervention::Restart { node: NodeId(node) });
    }

    pub fn command(&mut self, client: u16, command: Command) {
        self.act(Intervention::Command { client: ClientId(client), command });
    }

    /// The transaction's book at a site.
    pub fn branch(&self, site: u16, transaction: TransactionId) -> Option<&Branch> {
        let node = self.cluster.node(NodeId(site))?;
        node.site()?.branches().find(|(other, _)| *other == transaction).map(|(_, branch)| branch)
    }

    /// The value of an account.
    pub fn balance(&self, site: u16, key: &str) -> i64 {
        self.cluster.node(NodeId(site)).unwrap().site().unwrap().store().get(key).value
    }

    pub fn has_reason(&self, is: impl Fn(&Reason) -> bool) -> bool {
        self.seen.reasons.iter().any(|(_, reason)| is(reason))
    }

    pub fn assert_no_violation(&self) {
        assert_eq!(self.seen.violation, None);
    }

    /// Who has not decided, although all has been repaired.
    pub fn assert_everyone_has_decided(&self) {
        let undecided = self.cluster.monitor().undecided(self.cluster.nodes());
        assert_eq!(undecided, [], "AC5");
    }
}

/// The account `key` at `site`.
pub fn at(site: u16, key: &str) -> Place {
    Place::new(NodeId(site), key)
}

/// A transfer from one account to another.
pub fn transfer(from: Place, to: Place, amount: i64) -> Command {
    Command::Transfer { from, to, amount }
}

/// The first transaction of a cluster that has never crashed.
pub const FIRST: TransactionId = TransactionId { incarnation: 1, number: 1 };

/// Two virtual seconds of work under chaos, then two to heal. Returns what was seen and the cluster.
pub fn under_chaos<V: Variant>(setup: ClusterSetup<Node<V>>, chaos: Chaos, seed: u64) -> Run<V> {
    let workload = Some(Workload { think_us_mean: 15_000, keys: 2, commands_per_client: 0 });
    let mut run = Run::new(ClusterSetup { clients: 3, workload, chaos: Some(chaos), ..setup }, seed);
    run.until_us(2_000_000);
    run.heal();
    run.until_us(2_500_000);
    run.act(Intervention::Workload { workload: None });
    run.until_us(5_000_000);
    run
}
