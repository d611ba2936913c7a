//! The built-in scenarios of atomic commit. All are about money: alice keeps her account at `n2`, bob his at `n3`,
//! carol hers at `n4`, and each begins with 100.
//!
//! Times are fixed, so that what a script does falls between the same steps whatever the seed. A message takes
//! 4 ms and a sync 1 ms; a transaction that is asked for at 20 ms then goes like this:
//!
//! | at | what |
//! |---|---|
//! | 24 ms | the coordinator hands the work out |
//! | 28 ms | the sites lock and do it |
//! | 32 ms | the coordinator asks for votes |
//! | 36 ms | the participants force their prepared records |
//! | 37 ms | they vote |
//! | 41 ms | the coordinator has all votes; two-phase commit forces the decision, three-phase commit pre-commits |
//! | 42 ms | the decision is durable and is told |
//! | 46 ms | the participants learn it |

mod three_phase;
#[cfg(test)]
mod three_phase_tests;
mod two_phase;
#[cfg(test)]
mod two_phase_tests;

use crate::protocol::atomic_commit::node::{Node, Variant};
use crate::protocol::atomic_commit::{Balance, Command, Operation, Place, ResourceOptions};
use crate::protocol::{ClientId, NodeId};
use crate::scenario::{Preset, Presets};
use crate::sim::{
    Address, ClientOptions, ClusterSetup, DiskOptions, Intervention, LinkOptions, Scripted, Unsynced,
};

/// What distinguishes the two protocols here: their scenarios.
pub trait Staged: Variant {
    /// The scenarios, the calmest first.
    fn presets() -> Vec<Preset<Node<Self>>>;
}

impl<V: Staged> Presets for Node<V> {
    fn presets() -> Vec<Preset<Node<V>>> {
        V::presets()
    }
}

/// What is done in a scenario, whichever of the two protocols it is about.
type Act = Intervention<Command, crate::protocol::atomic_commit::OperatorRequest>;

/// How long a message takes.
const LATENCY_US: u64 = 4_000;
/// How long a sync takes.
const SYNC_US: u64 = 1_000;
/// When the first client asks.
const FIRST_US: u64 = 20_000;
/// Where the accounts are.
const ACCOUNTS: [(&str, u16); 3] = [("alice", 1), ("bob", 2), ("carol", 3)];

/// The account of a person.
fn account(name: &str) -> Place {
    let site = ACCOUNTS.iter().find(|(other, _)| *other == name).map_or(1, |(_, site)| *site);
    Place::new(NodeId(site), name)
}

/// Balances for the sites of a cluster.
fn resources(nodes: u16) -> ResourceOptions {
    let here = ACCOUNTS.iter().filter(|(_, site)| *site < nodes);
    ResourceOptions {
        balances: here.map(|(name, _)| Balance { at: account(name), balance: 100 }).collect(),
        ..ResourceOptions::default()
    }
}

/// A cluster of fixed times and patient clients.
fn steady<V: Variant>(nodes: u16, options: V::Options, script: Vec<Scripted<Act>>) -> ClusterSetup<Node<V>> {
    ClusterSetup {
        nodes,
        clients: 2,
        options,
        network: LinkOptions { latency_us_min: LATENCY_US, jitter_us_mean: 0, ..LinkOptions::default() },
        disk: DiskOptions { sync_us_min: SYNC_US, sync_us_max: SYNC_US },
        client: ClientOptions { timeout_us: 30_000_000, ..ClientOptions::default() },
        script,
        ..ClusterSetup::default()
    }
}

fn at(at_us: u64, act: Act) -> Scripted<Act> {
    Scripted { at_us, from_leader: false, act }
}

/// The first client asks for a transaction; `c1` asks the coordinator first.
fn ask(at_us: u64, command: Command) -> Scripted<Act> {
    at(at_us, Act::Command { client: ClientId(0), command })
}

/// The second client asks. It asks `n2` first, which sends it on to the coordinator: that takes 8 ms more.
fn second_asks(at_us: u64, command: Command) -> Scripted<Act> {
    at(at_us, Act::Command { client: ClientId(1), command })
}

fn transfer(amount: i64, from: &str, to: &str) -> Command {
    Command::Transfer { from: account(from), to: account(to), amount }
}

/// Ten from each of alice and bob to carol: three participants.
fn collection() -> Command {
    let add = |name: &str, amount: i64| Operation::Add { at: account(name), amount };
    Command::Transaction { operations: vec![add("alice", -10), add("bob", -10), add("carol", 20)] }
}

fn read(name: &str) -> Operation {
    Operation::Read { at: account(name) }
}

fn crash(at_us: u64, node: u16, unsynced: Unsynced) -> Scripted<Act> {
    at(at_us, Act::Crash { node: NodeId(node), unsynced, unsent: 0 })
}

fn restart(at_us: u64, node: u16) -> Scripted<Act> {
    at(at_us, Act::Restart { node: NodeId(node) })
}

fn cut(at_us: u64, from: u16, to: u16) -> Scripted<Act> {
    let (from, to) = (Address::Node(NodeId(from)), Address::Node(NodeId(to)));
    at(at_us, Act::Cut { from, to, both_ways: true })
}

/// Messages from one node to another take so long from now on.
fn slow(at_us: u64, from: u16, to: u16, latency_us_min: u64) -> Scripted<Act> {
    let (from, to) = (Address::Node(NodeId(from)), Address::Node(NodeId(to)));
    let options = LinkOptions { latency_us_min, jitter_us_mean: 0, ..LinkOptions::default() };
    at(at_us, Act::Link { from, to, options: Some(options) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::protocol::atomic_commit::{Answer, Branch, Reason, TransactionId};
    use crate::sim::{Cluster, Happening, Recording, Step, Watcher};

    /// The first transaction of a cluster that has never crashed.
    pub const FIRST: TransactionId = TransactionId { incarnation: 1, number: 1 };
    /// The one after it.
    pub const SECOND: TransactionId = TransactionId { incarnation: 1, number: 2 };

    /// What was seen of a run.
    #[derive(Default)]
    pub struct Seen {
        pub reasons: Vec<(NodeId, Reason)>,
        pub answers: Vec<Answer>,
        /// Messages of the commit protocol itself, by when they were sent.
        pub messages: Vec<u64>,
        pub violations: Vec<&'static str>,
    }

    impl<V: Variant> Watcher<Node<V>> for Seen {
        fn step(&mut self, _: &Cluster<Node<V>>, step: &Step<'_, Node<V>>) {
            use crate::protocol::{EffectBody, Participant};
            self.violations.extend(step.violation.map(|violation| violation.name()));
            if let Happening::Answered { answer, .. } = step.happening
                && Node::<V>::disposition(answer) == crate::protocol::Disposition::Done
            {
                self.answers.push(answer.clone());
            }
            let Some(Address::Node(node)) = step.party else { return };
            for effect in step.effects {
                self.reasons.push((node, effect.why));
                if let EffectBody::Send { message, .. } = &effect.body
                    && message.is_commit_protocol()
                {
                    self.messages.push(step.time_us);
                }
            }
        }
    }

    /// A run of a preset up to a moment.
    pub struct Run<V: Staged> {
        pub cluster: Cluster<Node<V>>,
        pub seen: Seen,
    }

    impl<V: Staged> Run<V> {
        pub fn of(name: &str, seed: u64, until_us: u64) -> Run<V> {
            let setup = (Node::<V>::preset(name).unwrap().setup)();
            setup.validate().unwrap();
            let mut recording = Recording::new(Arc::new(setup), seed);
            // A cluster that comes to rest earlier stays as it is.
            let _ = recording.record_until(until_us, u32::MAX);
            let mut run = Run { cluster: recording.at(0), seen: Seen::default() };
            recording.run_on(&mut run.cluster, recording.steps_at(until_us), &mut run.seen);
            run
        }

        pub fn balance(&self, name: &str) -> i64 {
            let Place { site, key } = account(name);
            self.cluster.node(site).unwrap().site().unwrap().store().get(&key).value
        }

        pub fn branch(&self, site: u16, t: TransactionId) -> Option<&Branch> {
            let site = self.cluster.node(NodeId(site))?.site()?;
            site.branches().find(|(other, _)| *other == t).map(|(_, branch)| branch)
        }

        pub fn in_doubt(&self) -> usize {
            let sites = self.cluster.nodes().iter().flatten().filter_map(Node::site);
            sites.map(|site| site.in_doubt().count()).sum()
        }

        pub fn has(&self, is: impl Fn(&Reason) -> bool) -> bool {
            self.seen.reasons.iter().any(|(_, reason)| is(reason))
        }

        /// Nothing is violated and nobody is left without a decision.
        pub fn assert_ends_well(&self, name: &str) {
            assert!(self.seen.violations.is_empty(), "{name}: {:?}", self.seen.violations);
            assert_eq!(self.cluster.monitor().undecided(self.cluster.nodes()), [], "{name}");
        }
    }
}
