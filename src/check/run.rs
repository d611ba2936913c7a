//! One run: random faults of every kind, repairs, progress, and rest.
//!
//! A run has four phases. In the first, faults drawn from the seed happen while clients ask; the invariants, and a
//! judge that reads the disks, look at every step. Then everything is repaired, and each client must be served again.
//! Then as many nodes as the protocol tolerates are down, slow or half cut off, and each client must be served all the
//! same. At last all is repaired once more and the clients stop, and the cluster must come to the state that the
//! protocol promises. What the clients were told is judged as a whole.

mod late;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::late::{Occasion, Post};
use super::checkable::{Checkable, Judgement, Tolerance};
use super::expectations::{Expectations, endless};
use super::faults::{FaultModel, Faults};
use super::history::OperationLog;
use super::judge::DiskReader;
use crate::protocol::{ClientId, Disposition, EffectBody, Monitor, NodeId, RuleSet, Standing};
use crate::sim::act::repairs;
use crate::sim::random::Stream;
use crate::sim::step::{Event, Loss};
use crate::sim::{
    Address, Cluster, ClusterSetup, DiskOptions, Doer, Happening, Intervention, InterventionOf, LinkOptions,
    Problem, Scratch, Step, Unsynced, Watcher,
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
/// How long each message and each sync of a slow node takes, in µs.
const SLOW_US: u64 = 200_000;

/// What is put to the test.
#[derive(Clone, Debug)]
pub enum Subject<P: Checkable> {
    /// The protocol as such: each run draws its own setup.
    Protocol {
        /// How many nodes.
        nodes: u16,
        /// What is changed in what was drawn: rules to break on purpose, for instance.
        adjust: fn(&mut ClusterSetup<P>),
        /// The place of a rule that is broken, among [`crate::protocol::Participant::RULES`].
        broken: Option<u8>,
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
    /// A disk holds, or does not hold, what contradicts what was said.
    Disk(String),
    /// It would have taken too much work to find out what the clients were told.
    Undecided(String),
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

/// How often the guard of each rule decided something, by the rule's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleCounts([u64; 64]);

impl Default for RuleCounts {
    fn default() -> Self {
        RuleCounts([0; 64])
    }
}

impl RuleCounts {
    fn count(&mut self, rules: RuleSet) {
        let mut left = rules.0;
        while left != 0 {
            if let Some(count) = self.0.get_mut(left.trailing_zeros() as usize) {
                *count += 1;
            }
            left &= left - 1;
        }
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &RuleCounts) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// How often the rule at this place decided something.
    pub fn of(&self, index: u8) -> u64 {
        self.0.get(usize::from(index)).copied().unwrap_or(0)
    }
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
    /// How often the guard of each rule decided something.
    pub rules: RuleCounts,
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
    let mut faults = P::fault_model(&setup);
    if let Subject::Protocol { adjust, broken, .. } = subject {
        faults.draw_surroundings(&mut setup, &mut stream);
        adjust(&mut setup);
        if let Some(rule) = broken {
            P::break_rule(&mut setup.options, *rule);
        }
    }
    let expected = Expectations::settle(&mut setup, &mut faults, plan.progress);
    setup.chaos = Some(faults.draw_chaos(setup.nodes, &mut stream));
    let aimed_ppm = faults.draw_aimed_ppm(&mut stream);
    faults.late = faults.late.draw(&mut stream);
    let patience_us = plan.patience_us.max(P::patience_us(&setup)).max(expected.patience_us);
    let cluster = Cluster::new(Arc::new(setup), seed);
    let log = Log::of(&cluster);
    let (post, scratch) = (Post::default(), Scratch::default());
    let mut bench = Bench { cluster, stream, faults, expected, aimed_ppm, post, scratch, log };
    let finding = bench.all_phases(Plan { patience_us, ..plan }).err();
    bench.conclude(seed, finding)
}

/// What is written down during a run.
struct Log<P: Checkable> {
    clients: OperationLog<P>,
    disks: DiskReader<P::Judge, P::Record>,
    rules: RuleCounts,
    /// How often each client was served.
    served: Vec<u64>,
    found: Option<Finding<P>>,
    interventions: BTreeMap<u32, InterventionOf<P>>,
    used: Faults,
    counts_faults: bool,
    /// The node of the last step, if the step was eventful, and how many messages it sent.
    eventful: Option<(NodeId, u16)>,
    /// What makes the messages of the last step worth being late.
    occasion: Option<Occasion>,
    /// Who has been started again since somebody last looked.
    restarted: Option<NodeId>,
}

impl<P: Checkable> Log<P> {
    fn of(cluster: &Cluster<P>) -> Self {
        Log {
            clients: OperationLog::default(),
            disks: DiskReader::new(cluster),
            rules: RuleCounts::default(),
            served: Vec::new(),
            found: None,
            interventions: BTreeMap::new(),
            used: Faults::default(),
            counts_faults: true,
            eventful: None,
            occasion: None,
            restarted: None,
        }
    }
}

/// Whether a crash right after this step is worth trying, and how many messages it sent.
fn eventful<P: Checkable>(step: &Step<'_, P>) -> Option<(NodeId, u16)> {
    let node = step.party?.node()?;
    let starts = matches!(
        step.happening,
        Happening::Intervention { act: Intervention::Restart { .. }, .. } | Happening::Boot
    );
    let mut sends = 0;
    let mut writes = starts;
    for effect in step.effects {
        match effect.body {
            EffectBody::Send { .. } | EffectBody::Reply { .. } => sends += 1,
            EffectBody::Append { .. } | EffectBody::Rewrite { .. } => writes = true,
            _ => {}
        }
    }
    (writes || sends > 0).then_some((node, sends))
}

impl<P: Checkable> Watcher<P> for Log<P> {
    fn wants_details(&self) -> bool {
        true
    }

    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        self.clients.step(cluster, step);
        self.rules.count(step.rules);
        self.eventful = eventful(step);
        self.occasion = Occasion::of(step);
        if let Happening::Intervention { act: Intervention::Restart { node }, .. } = step.happening {
            self.restarted = Some(*node);
        }
        if let Some(violation) = step.violation {
            self.found.get_or_insert_with(|| Finding::Invariant(violation.clone()));
        }
        if let Some(broken) = self.disks.step(cluster, step) {
            self.found.get_or_insert(Finding::Disk(broken));
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
    expected: Expectations,
    aimed_ppm: u32,
    post: Post,
    scratch: Scratch<P>,
    log: Log<P>,
}

impl<P: Checkable> Bench<P> {
    fn all_phases(&mut self, plan: Plan) -> Result<(), Finding<P>> {
        self.under_faults(plan.steps)?;
        self.repair()?;
        // What a script does later than anybody waits for is still to come, and nothing is promised before.
        if !self.expected.progress || self.cluster.now_us() < self.expected.script_ends_us {
            return Ok(());
        }
        if let Some(workload) = endless(self.cluster.workload()) {
            self.act(Intervention::Workload { workload: Some(workload) })?;
        }
        self.make_progress(plan)?;
        if self.impair(plan)? {
            self.make_progress(plan)?;
            self.repair()?;
        }
        self.come_to_rest(plan)
    }

    fn conclude(self, seed: u64, finding: Option<Finding<P>>) -> Run<P> {
        let setup = self.cluster.setup().clone();
        let steps = self.cluster.steps();
        // A history up to a violation is judged only if nothing was found before.
        let finding = finding.or_else(|| match P::judge(&setup, self.log.clients.operations()) {
            Judgement::Kept => None,
            Judgement::Broken(why) => Some(Finding::Clients(why)),
            // What was not decided may as well be wrong.
            Judgement::Undecided(part) => Some(Finding::Undecided(part)),
        });
        let interventions = self.log.interventions;
        let failure = finding.map(|finding| Failure { finding, setup, interventions, steps });
        let acknowledged = self.log.clients.answered() as u64;
        Run { seed, steps, faults: self.log.used, acknowledged, rules: self.log.rules, failure }
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
        self.log.found.take().map_or(Ok(()), Err)
    }

    fn nodes(&self) -> impl Iterator<Item = NodeId> + use<P> {
        (0..self.cluster.setup().nodes).map(NodeId)
    }

    // ---- the first phase ----

    fn under_faults(&mut self, steps: u32) -> Result<(), Finding<P>> {
        let mut next_deed = self.stream.between(0, 400) as u32;
        // The script is a part of what happens before anything is repaired.
        let goes_on = |cluster: &Cluster<P>, ends_us| {
            cluster.steps() < steps || (cluster.now_us() < ends_us && cluster.steps() < PHASE_STEPS_MAX)
        };
        while goes_on(&self.cluster, self.expected.script_ends_us) {
            if self.cluster.steps() >= next_deed {
                next_deed = self.cluster.steps() + self.stream.between(50, 500) as u32;
                if let Some(deed) = self.draw_deed() {
                    self.act(deed)?;
                }
            }
            self.step()?;
            self.late_messages()?;
            self.aim()?;
        }
        self.deliver_all_late()
    }

    /// A crash at the worst moment: right after a step that writes, sends or answers, or half-way through its sends.
    fn aim(&mut self) -> Result<(), Finding<P>> {
        let Some((node, sends)) = self.log.eventful.take() else { return Ok(()) };
        if self.aimed_ppm == 0 || !self.stream.chance(self.aimed_ppm) || !self.may_crash() {
            return Ok(());
        }
        let unsynced = match self.stream.between(0, 3) {
            0 => Unsynced::Torn,
            1 => Unsynced::Kept,
            _ => Unsynced::Lost,
        };
        let unsent = if sends > 0 && self.stream.chance(500_000) {
            self.stream.between(1, u64::from(sends)) as u16
        } else {
            0
        };
        self.act(Intervention::Crash { node, unsynced, unsent })?;
        // Half of them come back before anything else happens, so that a start can be hit as well.
        if self.faults.chaos.restart > 0 && self.stream.chance(500_000) {
            self.act(Intervention::Restart { node })?;
        }
        Ok(())
    }

    fn may_crash(&self) -> bool {
        let Some(chaos) = self.cluster.chaos() else { return false };
        let down = self.nodes().filter(|node| self.cluster.node(*node).is_none()).count();
        chaos.crash > 0 && down < usize::from(chaos.victims_max)
    }

    /// What chaos does not do by itself: operators at work, other networks, and crashes that keep or lose
    /// all that was not synced.
    fn draw_deed(&mut self) -> Option<InterventionOf<P>> {
        use Intervention as I;
        let setup = self.cluster.setup().clone();
        let node = NodeId(self.stream.between(0, u64::from(setup.nodes) - 1) as u16);
        let other = NodeId(self.stream.between(0, u64::from(setup.nodes) - 1) as u16);
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
                let unsynced = if self.stream.chance(500_000) { Unsynced::Lost } else { Unsynced::Kept };
                Some(I::Crash { node, unsynced, unsent: 0 }).filter(|_| self.may_crash())
            }
            3 if self.faults.asynchronous => {
                let pending: Vec<_> = self
                    .cluster
                    .queue()
                    .in_order_where(|entry| match entry.event {
                        Event::Message(_) => true,
                        Event::Timer { node, timer } => {
                            self.cluster.running_timer(node, timer, entry.id).is_some()
                        }
                        _ => false,
                    })
                    .into_iter()
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
        let links: Vec<_> = self.cluster.network().links_of_their_own().collect();
        for (from, to) in links {
            self.act(Intervention::Link { from, to, options: None })?;
        }
        for act in repairs(&self.cluster) {
            self.act(act)?;
        }
        for node in self.nodes() {
            if let Some(remedy) = self.remedy_of(node) {
                self.act(remedy)?;
            }
        }
        Ok(())
    }

    /// Impairs as many nodes as the protocol says that it tolerates. Returns whether it did.
    fn impair(&mut self, plan: Plan) -> Result<bool, Finding<P>> {
        let Tolerance { down, slow, unheard, deaf } = P::tolerance(self.cluster.setup());
        if down.max(slow).max(unheard).max(deaf) == 0 || P::is_crippled(&self.cluster) {
            return Ok(false);
        }
        // A node that has yet to come back counts as impaired, and whoever never comes back takes a place for good.
        let is_out = |bench: &Self, node| bench.cluster.node(node).is_none_or(P::is_out);
        let deadline_us = self.cluster.now_us() + plan.patience_us / 4;
        let steps_max = self.cluster.steps() + PHASE_STEPS_MAX / 8;
        while self.nodes().any(|node| is_out(self, node))
            && self.cluster.now_us() < deadline_us
            && self.cluster.steps() < steps_max
        {
            self.step()?;
        }
        let out = self.nodes().filter(|node| is_out(self, *node)).count() as u16;
        let kind = self.stream.between(0, 3);
        let most = match kind {
            0 => down,
            1 => slow,
            2 => unheard,
            _ => deaf,
        };
        let Some(most) = most.checked_sub(out).filter(|most| *most > 0) else { return Ok(false) };
        let count = self.stream.between(1, u64::from(most)) as u16;
        // Whoever leads is the one whose absence hurts; the others follow around the ring.
        let first = match self.cluster.leader().filter(|_| self.stream.chance(500_000)) {
            Some(leader) => leader.0,
            None => self.stream.between(0, u64::from(self.cluster.setup().nodes) - 1) as u16,
        };
        let nodes = self.cluster.setup().nodes;
        let around = (0..nodes).map(|by| NodeId((first + by) % nodes)).filter(|node| !is_out(self, *node));
        let chosen: Vec<NodeId> = around.take(usize::from(count)).collect();
        for node in chosen {
            self.impair_one(node, kind)?;
        }
        Ok(true)
    }

    fn impair_one(&mut self, node: NodeId, kind: u64) -> Result<(), Finding<P>> {
        use Intervention as I;
        if kind == 0 {
            return self.act(I::Crash { node, unsynced: Unsynced::Torn, unsent: 0 }).map(drop);
        }
        if kind == 1 {
            let options = DiskOptions { sync_us_min: SLOW_US, sync_us_max: SLOW_US };
            self.act(I::Disk { node: Some(node), options })?;
        }
        let slow = LinkOptions { latency_us_min: SLOW_US, ..LinkOptions::default() };
        let others: Vec<NodeId> = self.nodes().filter(|other| *other != node).collect();
        for other in others {
            let (node, other) = (Address::Node(node), Address::Node(other));
            match kind {
                1 => {
                    self.act(I::Link { from: node, to: other, options: Some(slow) })?;
                    self.act(I::Link { from: other, to: node, options: Some(slow) })?;
                }
                2 => drop(self.act(I::Cut { from: node, to: other, both_ways: false })?),
                _ => drop(self.act(I::Cut { from: other, to: node, both_ways: false })?),
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
                _ => {
                    let differing = || P::differing(&self.cluster).filter(|_| self.expected.agreement);
                    P::unsettled(&self.cluster).or_else(differing)
                }
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
