//! One run: random faults of every kind, repairs, progress, and rest.
//!
//! A run has three phases. In the first, faults drawn from the seed happen while clients ask; the invariants
//! look at every step. Then everything is repaired, and each client must be served again. At last the clients
//! stop, and the cluster must come to the state that the protocol promises. What the clients were told is
//! judged as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checkable::{Checkable, Judgement};
use super::faults::{FaultModel, Faults};
use super::history::OperationLog;
use crate::protocol::{ClientId, Disposition, Monitor, NodeId, Standing};
use crate::sim::act::repairs;
use crate::sim::random::Stream;
use crate::sim::step::{Event, Loss};
use crate::sim::{
    Address, Cluster, ClusterSetup, Doer, Happening, Intervention, InterventionOf, Problem, Scratch, Step,
    Unsynced, Watcher,
};

/// How long the phases are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Steps under faults.
    pub steps: u32,
    /// How many more commands of each client must be answered once all is repaired.
    pub progress: u64,
    /// How long that, and coming to rest, may take, in µs of virtual time each.
    pub patience_us: u64,
}

impl Plan {
    /// The plan for runs of this protocol.
    pub fn of<P: Checkable>() -> Plan {
        Plan { steps: P::STEPS, progress: 3, patience_us: 30_000_000 }
    }
}

/// The most steps of each of the last two phases, should virtual time pass too slowly.
const PHASE_STEPS_MAX: u32 = 400_000;

/// What is put to the test.
#[derive(Clone, Debug)]
pub enum Subject<P: Checkable> {
    /// The protocol as such: each run draws its own setup.
    Protocol {
        /// How many nodes.
        nodes: u16,
        /// What is changed in what was drawn: rules to break on purpose, for instance.
        adjust: fn(&mut ClusterSetup<P>),
    },
    /// One setup, with faults drawn for it.
    Setup(Box<ClusterSetup<P>>),
}

/// What was found in a run that should not be there.
#[derive(Clone, PartialEq, Debug)]
pub enum Finding<P: Checkable> {
    /// An invariant was violated.
    Invariant(<P::Monitor as Monitor<P>>::Violation),
    /// The clients were told what cannot be.
    Clients(String),
    /// After all repairs this client was not served as often as it must be.
    NoProgress {
        /// Which one.
        client: ClientId,
        /// How many of its commands were answered after the repairs.
        answered: u64,
    },
    /// The cluster did not come to the state that it must come to.
    Unsettled(String),
    /// The run could not go on.
    Stopped(Problem),
}

/// A run in which something was found, as far as it takes to see that again.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure<P: Checkable> {
    /// What.
    pub finding: Finding<P>,
    /// What the run started from.
    pub setup: Arc<ClusterSetup<P>>,
    /// What was done from outside, by the number of steps before it.
    pub interventions: BTreeMap<u32, InterventionOf<P>>,
    /// After how many steps it was found.
    pub steps: u32,
}

/// One run.
#[derive(Clone, PartialEq, Debug)]
pub struct Run<P: Checkable> {
    /// Its seed.
    pub seed: u64,
    /// How many steps it took in all.
    pub steps: u32,
    /// The faults of the first phase.
    pub faults: Faults,
    /// How many commands were answered.
    pub acknowledged: u64,
    /// Where the judgement of the clients' history was given up.
    pub undecided: Option<String>,
    /// What was found.
    pub failure: Option<Failure<P>>,
}

/// The number of the stream from which the setup and an operator's deeds are drawn. The cluster itself uses
/// small numbers.
const STREAM: u64 = 1 << 40;

/// Runs one seed.
pub fn run<P: Checkable>(subject: &Subject<P>, seed: u64, plan: Plan) -> Run<P> {
    let mut stream = Stream::new(seed, STREAM);
    let mut setup = match subject {
        Subject::Protocol { nodes, .. } => P::draw_setup(*nodes, &mut stream),
        Subject::Setup(setup) => (**setup).clone(),
    };
    let faults = P::fault_model(&setup);
    setup.chaos = Some(faults.draw_chaos(setup.nodes, &mut stream));
    if let Subject::Protocol { adjust, .. } = subject {
        adjust(&mut setup);
    }
    let cluster = Cluster::new(Arc::new(setup), seed);
    let mut bench = Bench { cluster, stream, faults, scratch: Scratch::default(), log: Log::default() };
    let finding = bench.all_phases(plan).err();
    bench.conclude(seed, finding)
}

/// What is written down during a run.
struct Log<P: Checkable> {
    clients: OperationLog<P>,
    /// How often each client was served.
    served: Vec<u64>,
    violation: Option<<P::Monitor as Monitor<P>>::Violation>,
    interventions: BTreeMap<u32, InterventionOf<P>>,
    used: Faults,
    counts_faults: bool,
}

impl<P: Checkable> Default for Log<P> {
    fn default() -> Self {
        Log {
            clients: OperationLog::default(),
            served: Vec::new(),
            violation: None,
            interventions: BTreeMap::new(),
            used: Faults::default(),
            counts_faults: true,
        }
    }
}

impl<P: Checkable> Watcher<P> for Log<P> {
    fn wants_details(&self) -> bool {
        true
    }

    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        self.clients.step(cluster, step);
        if let Some(violation) = step.violation {
            self.violation.get_or_insert_with(|| violation.clone());
        }
        match (step.happening, step.party) {
            (Happening::Intervention { act, by: Doer::Chaos | Doer::Person }, _) if self.counts_faults => {
                self.used.count_act::<P>(act);
            }
            (Happening::Answered { answer, .. }, Some(Address::Client(client)))
                if P::disposition(answer) == Disposition::Done && P::serves(answer) =>
            {
                let clients = self.served.len().max(client.index() + 1);
                self.served.resize(clients, 0);
                if let Some(served) = self.served.get_mut(client.index()) {
                    *served += 1;
                }
            }
            _ => {}
        }
    }

    fn lost(&mut self, _: &Loss) {
        if self.counts_faults {
            self.used.count("network loss");
        }
    }
}

/// A cluster under test.
struct Bench<P: Checkable> {
    cluster: Cluster<P>,
    stream: Stream,
    faults: FaultModel,
    scratch: Scratch<P>,
    log: Log<P>,
}

impl<P: Checkable> Bench<P> {
    fn all_phases(&mut self, plan: Plan) -> Result<(), Finding<P>> {
        self.under_faults(plan.steps)?;
        self.repair()?;
        self.make_progress(plan)?;
        self.come_to_rest(plan)
    }

    fn conclude(self, seed: u64, finding: Option<Finding<P>>) -> Run<P> {
        let setup = self.cluster.setup().clone();
        let steps = self.cluster.steps();
        let mut undecided = None;
        // A history up to a violation is judged only if nothing was found before.
        let finding = finding.or_else(|| match P::judge(&setup, self.log.clients.operations()) {
            Judgement::Kept => None,
            Judgement::Broken(why) => Some(Finding::Clients(why)),
            Judgement::Undecided(part) => {
                undecided = Some(part);
                None
            }
        });
        let interventions = self.log.interventions;
        let failure = finding.map(|finding| Failure { finding, setup, interventions, steps });
        let acknowledged = self.log.clients.answered() as u64;
        Run { seed, steps, faults: self.log.used, acknowledged, undecided, failure }
    }

    /// Takes one step by the schedule.
    fn step(&mut self) -> Result<(), Finding<P>> {
        self.cluster.step(&mut self.scratch, &mut self.log).map_err(Finding::Stopped)?;
        self.look()
    }

    /// Does something to the cluster. Returns whether it was possible.
    fn act(&mut self, act: InterventionOf<P>) -> Result<bool, Finding<P>> {
        let at = self.cluster.steps();
        match self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.log) {
            Ok(()) => {
                // An operator's request is an input of the node, so the watcher does not see it as a fault.
                if self.log.counts_faults && matches!(act, Intervention::Operation { .. }) {
                    self.log.used.count_act::<P>(&act);
                }
                self.log.interventions.insert(at, act);
                self.look().map(|()| true)
            }
            Err(problem @ Problem::Full { .. }) => Err(Finding::Stopped(problem)),
            Err(_) => Ok(false),
        }
    }

    fn look(&mut self) -> Result<(), Finding<P>> {
        self.log.violation.take().map_or(Ok(()), |violation| Err(Finding::Invariant(violation)))
    }

    fn nodes(&self) -> impl Iterator<Item = NodeId> + use<P> {
        (0..self.cluster.setup().nodes).map(NodeId)
    }

    // ---- the first phase ----

    fn under_faults(&mut self, steps: u32) -> Result<(), Finding<P>> {
        let mut next_deed = self.stream.between(0, 400) as u32;
        while self.cluster.steps() < steps {
            if self.cluster.steps() >= next_deed {
                next_deed = self.cluster.steps() + self.stream.between(50, 500) as u32;
                if let Some(deed) = self.draw_deed() {
                    self.act(deed)?;
                }
            }
            self.step()?;
        }
        Ok(())
    }

    /// What chaos does not do by itself: operators at work, other networks, and crashes that keep or lose
    /// all that was not synced.
    fn draw_deed(&mut self) -> Option<InterventionOf<P>> {
        use Intervention as I;
        let setup = self.cluster.setup().clone();
        let node = NodeId(self.stream.between(0, u64::from(setup.nodes) - 1) as u16);
        let other = NodeId(self.stream.between(0, u64::from(setup.nodes) - 1) as u16);
        let chaos = self.cluster.chaos()?;
        match self.stream.between(0, 7) {
            0 if !self.faults.networks.is_empty() => {
                Some(I::Network { options: self.faults.draw_network(&setup, &mut self.stream) })
            }
            1 => {
                let options = self.faults.draw_network(&setup, &mut self.stream);
                let (from, to) = (Address::Node(node), Address::Node(other));
                Some(I::Link { from, to, options: Some(options) }).filter(|_| self.faults.asynchronous)
            }
            2 => {
                // Whoever leads is the one whose crash hurts.
                let node = self.cluster.leader().filter(|_| self.stream.chance(500_000)).unwrap_or(node);
                let down = self.nodes().filter(|node| self.cluster.node(*node).is_none()).count();
                let unsynced = if self.stream.chance(500_000) { Unsynced::Lost } else { Unsynced::Kept };
                let may_crash = chaos.crash > 0 && down < usize::from(chaos.victims_max);
                Some(I::Crash { node, unsynced, unsent: 0 }).filter(|_| may_crash)
            }
            3 if self.faults.asynchronous => {
                let pending: Vec<_> = self
                    .cluster
                    .queue()
                    .in_order()
                    .into_iter()
                    .filter(|entry| match entry.event {
                        Event::Message(_) => true,
                        Event::Timer { node, timer } => {
                            self.cluster.running_timer(node, timer, entry.id).is_some()
                        }
                        _ => false,
                    })
                    .map(|entry| entry.id)
                    .collect();
                let last = pending.len().checked_sub(1)? as u64;
                pending
                    .get(self.stream.between(0, last) as usize)
                    .map(|event| I::DeliverNow { event: *event })
            }
            4 if self.faults.asynchronous && self.faults.chaos.cut > 0 && setup.clients > 0 => {
                let client = ClientId(self.stream.between(0, u64::from(setup.clients) - 1) as u16);
                let (from, to) = (Address::Node(node), Address::Client(client));
                Some(I::Cut { from, to, both_ways: self.stream.chance(500_000) })
            }
            5 | 6 => {
                let operation = self.cluster.node(node)?.draw_operation(&setup, &mut self.stream)?;
                Some(I::Operation { node, operation })
            }
            _ => self.draw_remedy(),
        }
    }

    /// What an operator does about the first node that keeps out.
    fn draw_remedy(&self) -> Option<InterventionOf<P>> {
        self.nodes().find_map(|node| Some((node, self.remedy_of(node)?))).map(|(_, act)| act)
    }

    fn remedy_of(&self, node: NodeId) -> Option<InterventionOf<P>> {
        let process = self.cluster.node(node)?;
        let operation = process.remedy().filter(|_| process.lane().standing == Standing::Out)?;
        Some(Intervention::Operation { node, operation })
    }

    // ---- the second phase ----

    fn repair(&mut self) -> Result<(), Finding<P>> {
        self.log.counts_faults = false;
        let parties: Vec<NodeId> = self.nodes().collect();
        for from in &parties {
            for to in &parties {
                let (from, to) = (Address::Node(*from), Address::Node(*to));
                if self.cluster.network().link(from, to) != self.cluster.network().options() {
                    self.act(Intervention::Link { from, to, options: None })?;
                }
            }
        }
        for act in repairs(&self.cluster) {
            self.act(act)?;
        }
        for node in parties {
            if let Some(remedy) = self.remedy_of(node) {
                self.act(remedy)?;
            }
        }
        Ok(())
    }

    fn make_progress(&mut self, plan: Plan) -> Result<(), Finding<P>> {
        if P::is_crippled(&self.cluster) {
            return Ok(());
        }
        let before = self.log.served.clone();
        let clients = self.cluster.setup().clients;
        let unserved = |log: &Log<P>| {
            let served = |all: &[u64], client: ClientId| all.get(client.index()).copied().unwrap_or(0);
            (0..clients).map(ClientId).find_map(|client| {
                let answered = served(&log.served, client) - served(&before, client);
                (answered < plan.progress).then_some((client, answered))
            })
        };
        let deadline_us = self.cluster.now_us() + plan.patience_us;
        let steps_max = self.cluster.steps() + PHASE_STEPS_MAX;
        while let Some((client, answered)) = unserved(&self.log) {
            if self.cluster.now_us() > deadline_us || self.cluster.steps() > steps_max {
                return Err(Finding::NoProgress { client, answered });
            }
            self.step()?;
        }
        Ok(())
    }

    // ---- the third phase ----

    fn come_to_rest(&mut self, plan: Plan) -> Result<(), Finding<P>> {
        self.act(Intervention::Workload { workload: None })?;
        let deadline_us = self.cluster.now_us() + plan.patience_us;
        let steps_max = self.cluster.steps() + PHASE_STEPS_MAX;
        loop {
            let waits = self.cluster.clients().iter().find(|client| client.outstanding.is_some());
            let unsettled = match waits {
                Some(client) if !P::is_crippled(&self.cluster) => {
                    Some(format!("{} still waits for an answer", client.id))
                }
                _ => P::unsettled(&self.cluster),
            };
            let Some(unsettled) = unsettled else { return Ok(()) };
            if self.cluster.now_us() > deadline_us || self.cluster.steps() > steps_max {
                return Err(Finding::Unsettled(unsettled));
            }
            match self.step() {
                Err(Finding::Stopped(Problem::AtRest)) => return Err(Finding::Unsettled(unsettled)),
                other => other?,
            }
        }
    }
}
