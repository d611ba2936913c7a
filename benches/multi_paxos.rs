//! Commits a second of our Multi-Paxos beside the crate `omnipaxos`, in the same driver.
//!
//! All nodes live in this process. One queue carries all messages in order, nothing is lost, a write is durable at
//! once, and no timer fires once there is a leader, so that what is measured is phase 2: a fixed number of commands is
//! under way, every node applies what is chosen to the same key-value store, and a command counts when the leader has
//! applied it. Logs are not trimmed on either side. What the two do for a command differs: ours keeps a slot
//! for each, writes down what it learns, and gives each effect its reason; `omnipaxos` appends to one sequence.
//!
//! Machines are noisy: read the ratio of the medians, which come from the same run.

// The clock is what a benchmark is about.
#![allow(
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::VecDeque;
use std::time::Instant;

use lamplight::protocol::key_value::{Command, Store};
use lamplight::protocol::paxos::multi::{self, MultiPaxos, Operation, Options, Role};
use lamplight::protocol::wal::{Recovered, Tail};
use lamplight::protocol::{
    ClientId, EffectBody, Effects, Input, NodeId, Participant, RequestId, Setup, Surroundings,
};
use omnipaxos::macros::Entry;
use omnipaxos::messages::Message;
use omnipaxos::util::LogEntry;
use omnipaxos::{ClusterConfig, OmniPaxos, ServerConfig};
use omnipaxos_storage::memory_storage::MemoryStorage;
use rand_pcg::Pcg32;

const RUNS: usize = 5;
const COMMITS: u64 = 100_000;
/// How many commands are under way at a time; each has a client of its own.
const UNDER_WAY: u64 = 64;
const KEYS: u64 = 1_000;

/// What the driver has to know of an implementation. Node 0 leads.
trait Cluster {
    fn new(nodes: u16) -> Self;

    /// Hands a command to the leader.
    fn submit(&mut self, client: ClientId, request: RequestId, command: Command);

    /// Delivers the oldest message.
    fn deliver(&mut self);

    /// How many commands the leader has applied.
    fn committed(&self) -> u64;
}

/// Commits a second.
fn rate<C: Cluster>(nodes: u16) -> f64 {
    let mut cluster = C::new(nodes);
    let started = Instant::now();
    let mut submitted = 0;
    while cluster.committed() < COMMITS {
        while submitted < COMMITS && submitted - cluster.committed() < UNDER_WAY {
            let (client, request) =
                (ClientId((submitted % UNDER_WAY) as u16), RequestId(submitted / UNDER_WAY + 1));
            let key = format!("k{}", submitted % KEYS).into();
            cluster.submit(client, request, Command::Put { key, value: "1".into() });
            submitted += 1;
        }
        cluster.deliver();
    }
    COMMITS as f64 / started.elapsed().as_secs_f64()
}

/// Our own.
struct Ours {
    options: Options,
    nodes: Vec<MultiPaxos>,
    /// What a node's disk holds.
    disks: Vec<Vec<multi::Record>>,
    random: Pcg32,
    queue: VecDeque<(NodeId, NodeId, multi::Message)>,
    effects: Effects<MultiPaxos>,
}

impl Ours {
    fn handle(&mut self, id: NodeId, input: Input<MultiPaxos>) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let setup = Setup { id, nodes: self.nodes.len() as u16, options: &self.options };
            let mut surroundings = Surroundings { now_us: 0, random: &mut self.random };
            self.nodes[id.index()].handle(setup, input, &mut surroundings, &mut self.effects);
            for effect in self.effects.drain() {
                match effect.body {
                    EffectBody::Send { to, message } => self.queue.push_back((id, to, message)),
                    EffectBody::Append { record } => self.disks[id.index()].push(record),
                    EffectBody::Rewrite { records } => self.disks[id.index()] = records,
                    EffectBody::Sync { sync } => inputs.push_back(Input::Synced(sync)),
                    _ => {}
                }
            }
        }
    }
}

impl Cluster for Ours {
    fn new(nodes: u16) -> Ours {
        let window_slots = UNDER_WAY as u32;
        let options = Options { window_slots, snapshot_every_slots: 0, ..Options::default() };
        let mut cluster = Ours {
            options,
            nodes: Vec::new(),
            disks: Vec::new(),
            random: Pcg32::new(7, 1),
            queue: VecDeque::new(),
            effects: Effects::new(),
        };
        for id in (0..nodes).map(NodeId) {
            let setup = Setup { id, nodes, options: &cluster.options };
            let disk = MultiPaxos::format(Setup { id, nodes, options: &cluster.options });
            let mut surroundings = Surroundings { now_us: 0, random: &mut cluster.random };
            let found = Recovered { records: disk.clone(), tail: Tail::Clean };
            cluster.nodes.push(MultiPaxos::start(setup, found, &mut surroundings, &mut cluster.effects));
            cluster.disks.push(disk);
            cluster.effects.drain().for_each(drop);
        }
        cluster.handle(NodeId(0), Input::Operation(Operation::TryToLead));
        while !cluster.queue.is_empty() {
            cluster.deliver();
        }
        assert!(matches!(cluster.nodes[0].role(), Role::Leading(_)));
        cluster
    }

    fn submit(&mut self, client: ClientId, request: RequestId, command: Command) {
        self.handle(NodeId(0), Input::Request { client, request, command });
    }

    fn deliver(&mut self) {
        let (from, to, message) = self.queue.pop_front().expect("the cluster is at rest");
        self.handle(to, Input::Message { from, message });
    }

    fn committed(&self) -> u64 {
        self.nodes[0].applied()
    }
}

/// A command as `omnipaxos` replicates it.
#[derive(Clone, Debug, Entry)]
struct Replicated {
    client: ClientId,
    request: RequestId,
    command: Command,
}

struct Theirs {
    nodes: Vec<OmniPaxos<Replicated, MemoryStorage<Replicated>>>,
    stores: Vec<Store>,
    applied: Vec<usize>,
    queue: VecDeque<Message<Replicated>>,
    outgoing: Vec<Message<Replicated>>,
}

impl Theirs {
    /// Takes up what a node wants to send, and applies what it knows to be decided.
    fn settle(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.take_outgoing_messages(&mut self.outgoing);
        self.queue.extend(self.outgoing.drain(..));
        if node.get_decided_idx() > self.applied[at] {
            for entry in node.read_decided_suffix(self.applied[at]).unwrap_or_default() {
                if let LogEntry::Decided(Replicated { client, request, command }) = entry {
                    self.stores[at].apply(client, request, &command);
                }
                self.applied[at] += 1;
            }
        }
    }
}

impl Cluster for Theirs {
    fn new(nodes: u16) -> Theirs {
        let pids: Vec<u64> = (1..=u64::from(nodes)).collect();
        let build = |pid: &u64| {
            let config = ClusterConfig { configuration_id: 1, nodes: pids.clone(), flexible_quorum: None };
            // The first node is the one that is elected.
            let leader_priority = u32::from(*pid == 1);
            let server = ServerConfig { pid: *pid, leader_priority, ..ServerConfig::default() };
            config.build_for_server(server, MemoryStorage::default()).unwrap()
        };
        let mut cluster = Theirs {
            nodes: pids.iter().map(build).collect(),
            stores: vec![Store::default(); pids.len()],
            applied: vec![0; pids.len()],
            queue: VecDeque::new(),
            outgoing: Vec::new(),
        };
        let leads =
            |cluster: &Theirs| cluster.nodes.iter().all(|node| node.get_current_leader() == Some((1, true)));
        for _ in 0..1_000 {
            if leads(&cluster) && cluster.queue.is_empty() {
                break;
            }
            for at in 0..cluster.nodes.len() {
                cluster.nodes[at].tick();
                cluster.settle(at);
            }
            while !cluster.queue.is_empty() {
                cluster.deliver();
            }
        }
        assert!(leads(&cluster));
        cluster
    }

    fn submit(&mut self, client: ClientId, request: RequestId, command: Command) {
        assert!(self.nodes[0].append(Replicated { client, request, command }).is_ok());
        self.settle(0);
    }

    fn deliver(&mut self) {
        let message = self.queue.pop_front().expect("the cluster is at rest");
        let at = message.get_receiver() as usize - 1;
        self.nodes[at].handle_incoming(message);
        self.settle(at);
    }

    fn committed(&self) -> u64 {
        self.applied[0] as u64
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    println!(
        "\nMulti-Paxos, native: commits per second, {UNDER_WAY} commands under way (medians of {RUNS} runs)"
    );
    println!("{:<12} {:>14} {:>14} {:>8}", "", "lamplight", "omnipaxos", "ratio");
    for nodes in [3, 5] {
        // In turns, so that a machine that gets slower gets slower for both.
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(rate::<Ours>(nodes));
            theirs.push(rate::<Theirs>(nodes));
        }
        let (ours, theirs) = (median(ours), median(theirs));
        println!("{:<12} {ours:>14.0} {theirs:>14.0} {:>8.2}", format!("{nodes} nodes"), ours / theirs);
    }
}
