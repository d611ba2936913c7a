//! The virtual cluster at one moment, and how it takes a step: [`effects`] carries out what a node wants done,
//! [`clients`] is how clients ask, [`change`] is what interventions reach for.

use std::sync::Arc;

use super::client::Client;
use super::host::{Host, Timer};
use super::network::Network;
use super::queue::{Entry, Queue};
use super::random::Stream;
use super::setup::{ClusterSetup, InterventionOf, counted_from};
use super::step::{Body, Doer, Envelope, Event, Happening, InputKind, Loss, Watcher};
use super::{Address, Chaos, EventId, Problem, Workload, limits};
use crate::protocol::wal;
use crate::protocol::{
    ClientId, Effects, Input, Monitor, NodeId, Participant, Setup, Standing, Surroundings,
};

mod change;
mod clients;
mod effects;

/// The codes of what a step can be, one byte each, for the columns of a recording.
pub mod kind_code {
    /// The first message kind; the others follow.
    pub const MESSAGE: u8 = 0;
    /// A client's request.
    pub const REQUEST: u8 = 64;
    /// An answer to a client.
    pub const ANSWER: u8 = 65;
    /// The first timer; the others follow.
    pub const TIMER: u8 = 96;
    /// A finished sync.
    pub const SYNCED: u8 = 128;
    /// A node's first start.
    pub const BOOT: u8 = 129;
    /// An operator's request.
    pub const OPERATION: u8 = 130;
    /// A client that asks.
    pub const ASK: u8 = 131;
    /// A crash.
    pub const CRASH: u8 = 160;
    /// A restart.
    pub const RESTART: u8 = 161;
    /// The network was cut, mended, partitioned or healed.
    pub const NETWORK: u8 = 162;
    /// Any other intervention.
    pub const INTERVENTION: u8 = 163;
    /// What a script asked for and could not be done.
    pub const NOT_POSSIBLE: u8 = 164;
}

/// After how many steps what has lapsed is forgotten; the number of the step decides, so that every run does it alike.
const LAPSE_STEPS: u32 = 128;

/// The state of everything at one moment.
///
/// A clone shares what is large, so a keyframe costs little.
#[derive(Clone, Debug)]
pub struct Cluster<P: Participant> {
    setup: Arc<ClusterSetup<P>>,
    seed: u64,
    now_us: u64,
    steps: u32,
    nodes: Vec<Option<P>>,
    hosts: Vec<Host<P>>,
    clients: Vec<Client<P>>,
    network: Network,
    queue: Queue<Event<P>>,
    workload: Option<Workload>,
    pub(super) chaos: Option<ChaosState>,
    monitor: P::Monitor,
    /// When the latest message of a connection that keeps its order arrives.
    in_order_us: Vec<((Address, Address), u64)>,
}

/// Chaos that is at work.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct ChaosState {
    pub(super) options: Chaos,
    pub(super) stream: Stream,
    pub(super) disks_lost: u16,
    pub(super) event: Option<EventId>,
}

/// The buffers of a step, which are no part of the state.
#[derive(Debug)]
pub struct Scratch<P: Participant> {
    effects: Effects<P>,
}

impl<P: Participant> Default for Scratch<P> {
    fn default() -> Self {
        Scratch { effects: Effects::new() }
    }
}

impl<P: Participant> std::fmt::Debug for Effects<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

/// What a step is about, before the watchers see it.
pub(super) struct Occasion {
    pub(super) party: Option<Address>,
    pub(super) cause: Option<u32>,
    pub(super) event: Option<EventId>,
    pub(super) chosen: bool,
}

impl<P: Participant> Cluster<P> {
    /// A cluster in which nothing has happened yet. The setup has been validated.
    pub fn new(setup: Arc<ClusterSetup<P>>, seed: u64) -> Self {
        let nodes = setup.nodes;
        let hosts = (0..nodes)
            .map(|node| {
                let records = P::format(Setup { id: NodeId(node), nodes, options: &setup.options });
                Host::new(seed, node, setup.disk, &records)
            })
            .collect();
        let clients = (0..setup.clients).map(|id| Client::new(seed, ClientId(id), nodes)).collect();
        let mut cluster = Cluster {
            seed,
            now_us: 0,
            steps: 0,
            nodes: (0..nodes).map(|_| None).collect(),
            hosts,
            clients,
            network: Network::new(setup.network),
            queue: Queue::default(),
            workload: setup.workload,
            chaos: None,
            monitor: P::Monitor::new(nodes, &setup.options),
            in_order_us: Vec::new(),
            setup,
        };
        cluster.schedule_start();
        cluster
    }

    /// Puts the first events into the queue. There is room for them: their number is bounded by validation.
    fn schedule_start(&mut self) {
        for node in 0..self.setup.nodes {
            let _ = self.queue.push(0, Event::Boot(NodeId(node)));
        }
        let script = self.setup.clone();
        for (at, scripted) in script.script.iter().enumerate() {
            let _ = self.queue.push(scripted.at_us, Event::Script(at as u32));
        }
        if let Some(chaos) = self.setup.chaos {
            let _ = self.set_chaos(Some(chaos));
        }
        if self.workload.is_some() {
            for client in 0..self.setup.clients {
                self.let_think(ClientId(client), None);
            }
        }
    }

    // ---- what can be seen ----

    /// What the run started from.
    pub fn setup(&self) -> &Arc<ClusterSetup<P>> {
        &self.setup
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Virtual time, in µs.
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// How many steps have been taken.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The nodes; `None` while one is down.
    pub fn nodes(&self) -> &[Option<P>] {
        &self.nodes
    }

    /// The node, if it is up.
    pub fn node(&self, node: NodeId) -> Option<&P> {
        self.nodes.get(node.index())?.as_ref()
    }

    /// The machine under a node.
    pub fn host(&self, node: NodeId) -> Option<&Host<P>> {
        self.hosts.get(node.index())
    }

    /// The timer that this event stands for, unless it was cancelled or set anew since.
    pub fn running_timer(&self, node: NodeId, timer: P::Timer, event: EventId) -> Option<&Timer<P>> {
        self.host(node)?.timer_of(timer, event)
    }

    /// The clients.
    pub fn clients(&self) -> &[Client<P>] {
        &self.clients
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What is pending.
    pub fn queue(&self) -> &Queue<Event<P>> {
        &self.queue
    }

    /// The steady workload, if there is one.
    pub fn workload(&self) -> Option<Workload> {
        self.workload
    }

    /// The random faults that are at work.
    pub fn chaos(&self) -> Option<Chaos> {
        self.chaos.as_ref().map(|chaos| chaos.options)
    }

    /// The invariants' own state.
    pub fn monitor(&self) -> &P::Monitor {
        &self.monitor
    }

    /// The node that leads, as far as one can tell from outside: of those that believe so, the one with the
    /// highest era.
    pub fn leader(&self) -> Option<NodeId> {
        let mut best: Option<(u64, NodeId)> = None;
        for (node, process) in (0..).map(NodeId).zip(&self.nodes) {
            let Some(lane) = process.as_ref().map(P::lane) else { continue };
            if lane.standing == Standing::Leader && best.is_none_or(|(era, _)| lane.era > era) {
                best = Some((lane.era, node));
            }
        }
        best.map(|(_, node)| node)
    }

    /// When the next event is due.
    pub fn next_due_us(&mut self) -> Option<u64> {
        self.queue.peek_due_us()
    }

    // ---- steps ----

    /// Takes the next step by the schedule.
    ///
    /// # Errors
    /// [`Problem::AtRest`] where nothing is pending, [`Problem::Full`] at a limit.
    pub fn step(&mut self, scratch: &mut Scratch<P>, watcher: &mut dyn Watcher<P>) -> Result<(), Problem> {
        if self.steps >= limits::STEPS_MAX {
            return Err(Problem::Full { what: "steps".into(), limit: u64::from(limits::STEPS_MAX) });
        }
        if self.steps.is_multiple_of(LAPSE_STEPS) {
            self.forget_lapsed();
        }
        loop {
            let Some(entry) = self.queue.pop() else { return Err(Problem::AtRest) };
            if entry.due_us > limits::TIME_US_MAX {
                return Err(Problem::Full { what: "µs".into(), limit: limits::TIME_US_MAX });
            }
            self.now_us = self.now_us.max(entry.due_us);
            if self.process(entry, false, scratch, watcher)? {
                return Ok(());
            }
        }
    }

    /// Takes timers that were cancelled, and waits that an answer ended, out of the queue. They would be no steps when
    /// they come up; until then, a busy cluster has more of them than of all else, in every keyframe.
    fn forget_lapsed(&mut self) {
        let (hosts, clients) = (&self.hosts, &self.clients);
        self.queue.remove_where(|entry| match entry.event {
            Event::Timer { node, timer } => {
                hosts.get(node.index()).is_none_or(|host| host.timer_of(timer, entry.id).is_none())
            }
            Event::Wake { client, .. } => {
                !clients.get(client.index()).is_some_and(|actor| actor.wakes_by(entry.id))
            }
            _ => false,
        });
    }

    /// Does what a person (or a script, or chaos) wants; this is a step of its own.
    ///
    /// # Errors
    /// Why it cannot be done. Nothing has changed then.
    pub fn intervene(
        &mut self,
        act: &InterventionOf<P>,
        by: Doer,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<(), Problem> {
        if self.steps >= limits::STEPS_MAX {
            return Err(Problem::Full { what: "steps".into(), limit: u64::from(limits::STEPS_MAX) });
        }
        super::act::intervene(self, act, by, scratch, watcher)
    }

    /// Takes an event that was just removed from the queue. Returns whether that was a step.
    pub(super) fn process(
        &mut self,
        entry: Entry<Event<P>>,
        chosen: bool,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<bool, Problem> {
        let id = entry.id;
        match entry.event {
            Event::Boot(node) => {
                let occasion =
                    Occasion { party: Some(Address::Node(node)), cause: None, event: Some(id), chosen };
                self.start_process(node, scratch);
                self.conclude(occasion, Happening::Boot, scratch, watcher)?;
            }
            Event::Message(envelope) => return self.arrive(id, envelope, chosen, scratch, watcher),
            Event::Timer { node, timer } => {
                let Some(host) = self.hosts.get_mut(node.index()) else { return Ok(false) };
                let now_us = self.now_us;
                let Some(at) = host.timers.iter().position(|t| t.timer == timer && t.event == id) else {
                    return Ok(false);
                };
                let due_us = host.timers.get(at).map_or(0, |t| t.due_us);
                if due_us > now_us && !chosen {
                    // It was set anew since it entered the queue.
                    let event = self.queue.push(due_us, Event::Timer { node, timer })?;
                    if let Some(running) = host.timers.get_mut(at) {
                        running.event = event;
                    }
                    return Ok(false);
                }
                if host.paused {
                    host.backlog.push(Event::Timer { node, timer });
                    return Ok(false);
                }
                let running = host.timers.swap_remove(at);
                let kind = InputKind::Timer(P::timer_index(timer));
                let occasion = Occasion {
                    party: Some(Address::Node(node)),
                    cause: Some(running.cause),
                    event: Some(id),
                    chosen,
                };
                self.hand_over(node, kind, Input::Timer(timer), occasion, scratch, watcher)?;
            }
            Event::Sync { node, sync, life, cause, mark } => {
                let Some(host) = self.hosts.get_mut(node.index()) else { return Ok(false) };
                if host.life != life {
                    return Ok(false);
                }
                host.disk.finish_sync(mark);
                if host.paused {
                    // The disk goes on without the process; only the news of it waits.
                    host.backlog.push(Event::Sync { node, sync, life, cause, mark });
                    return Ok(false);
                }
                let occasion = Occasion {
                    party: Some(Address::Node(node)),
                    cause: Some(cause),
                    event: Some(id),
                    chosen,
                };
                self.hand_over(node, InputKind::Synced, Input::Synced(sync), occasion, scratch, watcher)?;
            }
            Event::Wake { client, cause } => {
                return self.wake(id, client, cause, chosen, scratch, watcher);
            }
            Event::Script(at) => {
                let setup = self.setup.clone();
                let Some(scripted) = setup.script.get(at as usize) else { return Ok(false) };
                let first = match self.leader() {
                    Some(leader) if scripted.from_leader => leader,
                    _ => NodeId(0),
                };
                let act = counted_from::<P>(scripted.act.clone(), first, setup.nodes);
                return self.follow_script(act, scratch, watcher).map(|()| true);
            }
            Event::Chaos => return super::act::chaos_beat(self, id, scratch, watcher),
        }
        Ok(true)
    }

    /// Does what a script asks for. What cannot be done (a node that is to crash is down already) is a step all the
    /// same, so that nobody looks for it in vain.
    fn follow_script(
        &mut self,
        act: InterventionOf<P>,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<(), Problem> {
        let Err(problem) = self.intervene(&act, Doer::Script, scratch, watcher) else { return Ok(()) };
        scratch.effects.clear();
        let party = act.subject().filter(|party| match party {
            Address::Node(node) => node.index() < self.nodes.len(),
            Address::Client(client) => client.index() < self.clients.len(),
        });
        let occasion = Occasion { party, cause: None, event: None, chosen: false };
        self.conclude(occasion, Happening::NotPossible { act, problem }, scratch, watcher)
    }

    fn arrive(
        &mut self,
        id: EventId,
        envelope: Envelope<P>,
        chosen: bool,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<bool, Problem> {
        let Envelope { from, to, .. } = envelope;
        let down = to.node().is_some_and(|node| self.node(node).is_none());
        if envelope.doomed || down || !self.network.is_open(from, to) {
            self.report_loss(id, &envelope, watcher);
            return Ok(false);
        }
        if let Some(host) = to.node().and_then(|node| self.hosts.get_mut(node.index()))
            && host.paused
        {
            host.backlog.push(Event::Message(envelope));
            return Ok(false);
        }
        let occasion = Occasion { party: Some(to), cause: Some(envelope.cause), event: Some(id), chosen };
        match (envelope.body, from, to) {
            (Body::Peer(message), Address::Node(from), Address::Node(node)) => {
                let kind = InputKind::Message(P::message_kind(&message));
                self.hand_over(node, kind, Input::Message { from, message }, occasion, scratch, watcher)?;
            }
            (Body::Request { request, command }, Address::Client(client), Address::Node(node)) => {
                let input = Input::Request { client, request, command };
                self.hand_over(node, InputKind::Request, input, occasion, scratch, watcher)?;
            }
            (Body::Answer { request, answer }, Address::Node(from), Address::Client(client)) => {
                self.answered(client, from, request, answer, occasion, scratch, watcher)?;
            }
            // No other combination is ever sent.
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn report_loss(&self, id: EventId, envelope: &Envelope<P>, watcher: &mut dyn Watcher<P>) {
        watcher.lost(&Loss {
            event: id,
            cause: envelope.cause,
            from: envelope.from,
            to: envelope.to,
            kind: body_code(&envelope.body),
            sent_us: envelope.sent_us,
            time_us: self.now_us,
        });
    }

    /// Hands an input to a process, and concludes the step.
    pub(super) fn hand_over(
        &mut self,
        node: NodeId,
        kind: InputKind,
        input: Input<P>,
        occasion: Occasion,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<(), Problem> {
        let happening = Happening::Input {
            kind,
            input: if watcher.wants_details() { Some(input.clone()) } else { None },
        };
        self.drive(node, input, scratch);
        self.conclude(occasion, happening, scratch, watcher)
    }

    /// Hands an input to a process.
    fn drive(&mut self, node: NodeId, input: Input<P>, scratch: &mut Scratch<P>) {
        let (Some(Some(process)), Some(host)) =
            (self.nodes.get_mut(node.index()), self.hosts.get_mut(node.index()))
        else {
            return;
        };
        let setup = Setup { id: node, nodes: self.setup.nodes, options: &self.setup.options };
        let now_us = host.process_us(self.now_us);
        let mut surroundings = Surroundings { now_us, random: host.protocol_stream.source() };
        process.handle(setup, input, &mut surroundings, &mut scratch.effects);
        if host.harmed && process.lane().standing != Standing::Out {
            host.harmed = false;
        }
    }

    /// Starts a process from its disk.
    pub(super) fn start_process(&mut self, node: NodeId, scratch: &mut Scratch<P>) {
        let (Some(place), Some(host)) = (self.nodes.get_mut(node.index()), self.hosts.get_mut(node.index()))
        else {
            return;
        };
        host.life += 1;
        host.paused = false;
        host.last_fate = Some(self.steps);
        host.started_us = host.clock.reading_us(self.now_us);
        let recovered = wal::recover(&host.disk.bytes());
        let setup = Setup { id: node, nodes: self.setup.nodes, options: &self.setup.options };
        let mut surroundings = Surroundings { now_us: 0, random: host.protocol_stream.source() };
        // What a torn tail left behind would make later frames unreadable, so it is cut off, as a process does
        // that opens its log for appending.
        if let wal::Tail::Torn { at } = recovered.tail {
            host.disk.truncate(at);
        }
        *place = Some(P::start(setup, recovered, &mut surroundings, &mut scratch.effects));
    }

    /// A process as it would start now from the disk of its node, without starting it.
    pub fn on_disk(&self, node: NodeId) -> Option<P> {
        let host = self.hosts.get(node.index())?;
        let mut random = host.protocol_stream.clone();
        let setup = Setup { id: node, nodes: self.setup.nodes, options: &self.setup.options };
        let mut surroundings = Surroundings { now_us: 0, random: random.source() };
        Some(P::start(setup, wal::recover(&host.disk.bytes()), &mut surroundings, &mut Effects::new()))
    }

    /// Ends a process: what it had in memory is gone.
    pub(super) fn end_process(&mut self, node: NodeId, unsynced: super::Unsynced) {
        if let Some(place) = self.nodes.get_mut(node.index()) {
            *place = None;
        }
        if let Some(host) = self.hosts.get_mut(node.index()) {
            host.life += 1;
            host.paused = false;
            host.last_fate = Some(self.steps);
            host.timers.clear();
            host.backlog.clear();
            host.disk.crash(unsynced, &mut host.machine_stream);
        }
        self.queue.remove_where(|entry| match entry.event {
            Event::Timer { node: of, .. } | Event::Sync { node: of, .. } => of == node,
            _ => false,
        });
    }
}

/// The code of a message's kind.
pub fn body_code<P: Participant>(body: &Body<P>) -> u8 {
    match body {
        Body::Peer(message) => kind_code::MESSAGE + P::message_kind(message),
        Body::Request { .. } => kind_code::REQUEST,
        Body::Answer { .. } => kind_code::ANSWER,
    }
}
