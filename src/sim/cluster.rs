//! The virtual cluster at one moment, and how it takes a step.

use std::sync::Arc;

use super::client::{Client, Outstanding};
use super::host::{Host, Timer};
use super::network::Network;
use super::queue::{Entry, Queue};
use super::random::Stream;
use super::setup::{ClusterSetup, InterventionOf, counted_from};
use super::step::{Body, Doer, Envelope, Event, Happening, InputKind, Loss, Step, Watcher};
use super::{Address, Chaos, EventId, Problem, Workload, limits};
use crate::protocol::wal;
use crate::protocol::{
    ClientId, Disposition, EffectBody, Effects, Input, Monitor, NodeId, Observation, Participant, RequestId,
    Setup, Standing, Surroundings,
};

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
}

/// The state of everything at one moment.
///
/// A clone shares what is large, so a keyframe costs little. It compares by value.
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
            return Err(Problem::Full { what: "steps", limit: u64::from(limits::STEPS_MAX) });
        }
        loop {
            let Some(entry) = self.queue.pop() else { return Err(Problem::AtRest) };
            if entry.due_us > limits::TIME_US_MAX {
                return Err(Problem::Full { what: "µs", limit: limits::TIME_US_MAX });
            }
            self.now_us = self.now_us.max(entry.due_us);
            if self.process(entry, false, scratch, watcher)? {
                return Ok(());
            }
        }
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
            return Err(Problem::Full { what: "steps", limit: u64::from(limits::STEPS_MAX) });
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
                let act = counted_from(scripted.act.clone(), first, setup.nodes);
                // What a script wants may have become impossible because a person got there first.
                return Ok(self.intervene(&act, Doer::Script, scratch, watcher).is_ok());
            }
            Event::Chaos => return super::act::chaos_beat(self, id, scratch, watcher),
        }
        Ok(true)
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

    /// Concludes a step: the invariants and the watcher look at it, and its effects are carried out.
    fn conclude(
        &mut self,
        occasion: Occasion,
        happening: Happening<P>,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<(), Problem> {
        let violation = match occasion.party {
            Some(Address::Node(node)) => self.monitor.observe(&Observation {
                node,
                nodes: &self.nodes,
                effects: scratch.effects.as_slice(),
                options: &self.setup.options,
            }),
            _ => None,
        };
        let index = self.steps;
        self.steps += 1;
        let step = Step {
            index,
            time_us: self.now_us,
            party: occasion.party,
            happening: &happening,
            cause: occasion.cause,
            event: occasion.event,
            chosen: occasion.chosen,
            effects: scratch.effects.as_slice(),
            violation: violation.as_ref(),
        };
        watcher.step(self, &step);
        match occasion.party {
            Some(Address::Node(node)) => self.carry_out(node, index, scratch, watcher),
            _ => Ok(()),
        }
    }

    /// Concludes a step that an intervention was.
    pub(super) fn conclude_intervention(
        &mut self,
        act: &InterventionOf<P>,
        by: Doer,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<(), Problem> {
        let occasion =
            Occasion { party: act.subject(), cause: None, event: None, chosen: by == Doer::Person };
        let happening = Happening::Intervention { act: act.clone(), by };
        self.conclude(occasion, happening, scratch, watcher)
    }

    /// Does what the node wants done.
    fn carry_out(
        &mut self,
        node: NodeId,
        step: u32,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<(), Problem> {
        for (at, effect) in scratch.effects.drain().enumerate() {
            match effect.body {
                EffectBody::Note => {}
                EffectBody::Send { to, message } => {
                    if to.index() < self.nodes.len() {
                        let event =
                            self.send(Address::Node(node), Address::Node(to), Body::Peer(message), step)?;
                        watcher.sent(at, event);
                    }
                }
                EffectBody::Reply { client, request, answer } => {
                    if client.index() < self.clients.len() {
                        let body = Body::Answer { request, answer };
                        let event = self.send(Address::Node(node), Address::Client(client), body, step)?;
                        watcher.sent(at, event);
                    }
                }
                EffectBody::SetTimer { timer, after_us } => self.set_timer(node, timer, after_us, step)?,
                EffectBody::CancelTimer { timer } => {
                    if let Some(host) = self.hosts.get_mut(node.index()) {
                        host.timers.retain(|running| running.timer != timer);
                    }
                }
                EffectBody::Append { record } => {
                    let Some(host) = self.hosts.get_mut(node.index()) else { continue };
                    host.disk.append(&record);
                    check_disk(host)?;
                }
                EffectBody::Rewrite { records } => {
                    let Some(host) = self.hosts.get_mut(node.index()) else { continue };
                    host.disk.rewrite(&records);
                    check_disk(host)?;
                }
                EffectBody::Sync { sync } => {
                    let Some(host) = self.hosts.get_mut(node.index()) else { continue };
                    let (mark, takes_us) = host.disk.begin_sync(&mut host.machine_stream);
                    // Syncs of one disk finish in the order in which they began.
                    let due_us = (self.now_us + takes_us).max(host.disk.busy_until_us);
                    host.disk.busy_until_us = due_us;
                    let event = Event::Sync { node, sync, life: host.life, cause: step, mark };
                    self.queue.push(due_us, event)?;
                }
            }
        }
        Ok(())
    }

    fn set_timer(&mut self, node: NodeId, timer: P::Timer, after_us: u64, step: u32) -> Result<(), Problem> {
        let Some(host) = self.hosts.get_mut(node.index()) else { return Ok(()) };
        let now_us = self.now_us;
        let due_us = now_us.saturating_add(host.clock.true_us(after_us.min(limits::TIME_US_MAX)));
        if let Some(running) = host.timers.iter_mut().find(|running| running.timer == timer) {
            let later = due_us >= running.due_us;
            (running.set_us, running.due_us, running.cause) = (now_us, due_us, step);
            if !later {
                running.event = self.queue.push(due_us, Event::Timer { node, timer })?;
            }
            return Ok(());
        }
        let event = self.queue.push(due_us, Event::Timer { node, timer })?;
        host.timers.push(Timer { timer, event, set_us: now_us, due_us, cause: step });
        Ok(())
    }

    /// Puts a message on its way.
    pub(super) fn send(
        &mut self,
        from: Address,
        to: Address,
        body: Body<P>,
        cause: u32,
    ) -> Result<EventId, Problem> {
        let link = self.network.link(from, to);
        let stream = match from {
            Address::Node(node) => self.hosts.get_mut(node.index()).map(|host| &mut host.machine_stream),
            Address::Client(client) => self.clients.get_mut(client.index()).map(|client| &mut client.stream),
        };
        let Some(stream) = stream else { return Err(Problem::NoSuchParty { address: from }) };
        let (extra_loss, extra_duplication) = self
            .chaos
            .as_ref()
            .map_or((0, 0), |chaos| (chaos.options.loss_ppm, chaos.options.duplication_ppm));
        let doomed = stream.chance(link.loss_ppm.saturating_add(extra_loss));
        let doubled = stream.chance(link.duplication_ppm.saturating_add(extra_duplication));
        let mut due_us = self.now_us + link.draw_latency_us(stream);
        let copy_due_us = if doubled { Some(self.now_us + link.draw_latency_us(stream)) } else { None };
        if !link.reordering {
            due_us = self.keep_order(from, to, due_us);
        }
        let doomed = doomed || !self.network.is_open(from, to);
        let envelope = Envelope { from, to, body, sent_us: self.now_us, cause, doomed };
        if let Some(copy_due_us) = copy_due_us {
            self.queue.push(copy_due_us, Event::Message(Envelope { doomed: false, ..envelope.clone() }))?;
        }
        self.queue.push(due_us, Event::Message(envelope))
    }

    fn keep_order(&mut self, from: Address, to: Address, due_us: u64) -> u64 {
        match self.in_order_us.binary_search_by_key(&(from, to), |(link, _)| *link) {
            Ok(at) => match self.in_order_us.get_mut(at) {
                Some((_, latest_us)) => {
                    *latest_us = due_us.max(*latest_us);
                    *latest_us
                }
                None => due_us,
            },
            Err(at) => {
                self.in_order_us.insert(at, ((from, to), due_us));
                due_us
            }
        }
    }

    // ---- what interventions need ----

    pub(super) fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    pub(super) fn pending(&self, event: EventId) -> Option<&Event<P>> {
        self.queue.get(event).map(|entry| &entry.event)
    }

    pub(super) fn take_entry(&mut self, event: EventId) -> Option<Entry<Event<P>>> {
        self.queue.take(event)
    }

    pub(super) fn take_pending(&mut self, event: EventId) -> Option<Event<P>> {
        self.queue.take(event).map(|entry| entry.event)
    }

    pub(super) fn push_event(&mut self, due_us: u64, event: Event<P>) -> Result<EventId, Problem> {
        self.queue.push(due_us, event)
    }

    pub(super) fn set_held(&mut self, event: EventId, held: bool) {
        self.queue.set_held(event, held, self.now_us);
    }

    pub(super) fn advance_to(&mut self, time_us: u64) {
        self.now_us = self.now_us.max(time_us);
    }

    pub(super) fn delay(&mut self, event: EventId, by_us: u64) {
        let Some(entry) = self.queue.get(event) else { return };
        let mut due_us = entry.due_us.max(self.now_us) + by_us;
        if let Event::Timer { node, timer } = entry.event
            && let Some(host) = self.hosts.get_mut(node.index())
            && let Some(running) = host.timers.iter_mut().find(|running| running.timer == timer)
        {
            running.due_us = running.due_us.max(self.now_us) + by_us;
            due_us = running.due_us;
        }
        self.queue.set_due_us(event, due_us);
    }

    pub(super) fn set_paused(&mut self, node: NodeId, paused: bool) -> Result<(), Problem> {
        let Some(host) = self.hosts.get_mut(node.index()) else { return Ok(()) };
        host.paused = paused;
        host.last_fate = Some(self.steps);
        if paused {
            return Ok(());
        }
        for event in std::mem::take(&mut host.backlog) {
            let timer = match &event {
                Event::Timer { timer, .. } => Some(*timer),
                _ => None,
            };
            let id = self.queue.push(self.now_us, event)?;
            if let Some(running) = host.timers.iter_mut().find(|running| Some(running.timer) == timer) {
                running.event = id;
            }
        }
        Ok(())
    }

    pub(super) fn set_clock(&mut self, node: NodeId, skew_us: i64, drift_ppm: i32) -> Result<(), Problem> {
        let now_us = self.now_us;
        match self.hosts.get_mut(node.index()) {
            Some(host) => {
                // A process measures durations; a clock that is set must not make its own time jump. Timers
                // that run have their rest of the way by the clock as it goes from now on.
                let process_us = host.process_us(now_us);
                let old = host.clock;
                host.clock.adjust(now_us, skew_us, drift_ppm)?;
                host.started_us = host.clock.reading_us(now_us) - process_us as i64;
                for running in &mut host.timers {
                    let left_us = old.measured_us(running.due_us.saturating_sub(now_us));
                    let due_us = now_us + host.clock.true_us(u64::try_from(left_us).unwrap_or(0));
                    if due_us < running.due_us {
                        let event = Event::Timer { node, timer: running.timer };
                        running.event = self.queue.push(due_us, event)?;
                    }
                    running.due_us = due_us;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn set_disk_options(&mut self, node: Option<NodeId>, options: super::DiskOptions) {
        for (at, host) in self.hosts.iter_mut().enumerate() {
            if node.is_none_or(|node| node.index() == at) {
                host.disk.set_options(options);
            }
        }
    }

    pub(super) fn harm_disk(&mut self, node: NodeId, lose: bool) {
        let Some(host) = self.hosts.get_mut(node.index()) else { return };
        if lose {
            host.disk.lose();
        } else {
            host.disk.corrupt_tail(&mut host.machine_stream);
        }
    }

    pub(super) fn enqueue(&mut self, client: ClientId, command: P::Command) -> Result<(), Problem> {
        match self.clients.get_mut(client.index()) {
            Some(actor) => actor.enqueue(command),
            None => Err(Problem::NoSuchParty { address: Address::Client(client) }),
        }
    }

    // ---- clients ----

    /// Lets a client wait for its next command of the workload.
    fn let_think(&mut self, client: ClientId, cause: Option<u32>) {
        let Some(workload) = self.workload else { return };
        let Some(actor) = self.clients.get_mut(client.index()) else { return };
        let after_us = actor.draw_think_us(&workload);
        actor.wake = self.queue.push(self.now_us + after_us, Event::Wake { client, cause }).ok();
    }

    /// Wakes a client that has nothing under way, to issue what waits.
    pub(super) fn rouse(&mut self, client: ClientId, cause: Option<u32>) -> Result<(), Problem> {
        let Some(actor) = self.clients.get_mut(client.index()) else { return Ok(()) };
        if actor.outstanding.is_none() {
            actor.wake = Some(self.queue.push(self.now_us, Event::Wake { client, cause })?);
        }
        Ok(())
    }

    /// The steady workload changes.
    pub(super) fn set_workload(&mut self, workload: Option<Workload>) {
        self.workload = workload;
        for client in 0..self.setup.clients {
            if self.clients.get(usize::from(client)).is_some_and(|actor| actor.outstanding.is_none()) {
                self.let_think(ClientId(client), None);
            }
        }
    }

    pub(super) fn set_chaos(&mut self, chaos: Option<Chaos>) -> Result<(), Problem> {
        let Some(options) = chaos else {
            self.chaos = None;
            return Ok(());
        };
        let mut state = match self.chaos.take() {
            Some(state) => ChaosState { options, ..state },
            None => ChaosState {
                options,
                stream: Stream::new(self.seed, u64::from(u32::MAX)),
                disks_lost: 0,
                event: None,
            },
        };
        let after_us = state.stream.between(1, options.beat_us_mean * 2);
        state.event = Some(self.queue.push(self.now_us + after_us, Event::Chaos)?);
        self.chaos = Some(state);
        Ok(())
    }

    /// Plans the next beat of chaos.
    pub(super) fn plan_chaos(&mut self) -> Result<(), Problem> {
        let options = self.chaos.as_ref().map(|chaos| chaos.options);
        self.set_chaos(options)
    }

    fn wake(
        &mut self,
        id: EventId,
        client: ClientId,
        cause: Option<u32>,
        chosen: bool,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<bool, Problem> {
        let nodes = self.setup.nodes;
        let workload = self.workload;
        let now_us = self.now_us;
        let Some(actor) = self.clients.get_mut(client.index()) else { return Ok(false) };
        if actor.wake != Some(id) {
            return Ok(false);
        }
        actor.wake = None;
        let next = actor.another_target(nodes);
        match &mut actor.outstanding {
            // The answer is overdue, or nobody could serve it: ask somebody else.
            Some(_) if actor.follows_redirect => actor.follows_redirect = false,
            Some(outstanding) => {
                outstanding.attempts = outstanding.attempts.saturating_add(1);
                outstanding.asked = next;
            }
            None => {
                let Some(command) = actor.next_command(nodes, workload.as_ref()) else { return Ok(false) };
                actor.issued += 1;
                actor.outstanding = Some(Outstanding {
                    request: RequestId(actor.issued),
                    command,
                    asked: actor.target,
                    attempts: 1,
                    since_us: now_us,
                });
            }
        }
        self.ask(client, Some(id), cause, chosen, scratch, watcher)?;
        Ok(true)
    }

    /// Sends the client's request to whom it has chosen, and waits for the answer.
    fn ask(
        &mut self,
        client: ClientId,
        event: Option<EventId>,
        cause: Option<u32>,
        chosen: bool,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<(), Problem> {
        let Some(outstanding) = self.clients.get(client.index()).and_then(|actor| actor.outstanding.clone())
        else {
            return Ok(());
        };
        let index = self.steps;
        let happening = Happening::Ask {
            request: outstanding.request,
            command: outstanding.command.clone(),
            node: outstanding.asked,
            retries: outstanding.attempts.saturating_sub(1),
        };
        let occasion = Occasion { party: Some(Address::Client(client)), cause, event, chosen };
        self.conclude(occasion, happening, scratch, watcher)?;
        let body = Body::Request { request: outstanding.request, command: outstanding.command };
        let sent = self.send(Address::Client(client), Address::Node(outstanding.asked), body, index)?;
        watcher.sent(0, sent);
        self.sleep(client, self.setup.client.timeout_us, index)
    }

    fn sleep(&mut self, client: ClientId, after_us: u64, step: u32) -> Result<(), Problem> {
        let event = self.queue.push(self.now_us + after_us, Event::Wake { client, cause: Some(step) })?;
        if let Some(actor) = self.clients.get_mut(client.index()) {
            actor.wake = Some(event);
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "an answer has that many sides")]
    fn answered(
        &mut self,
        client: ClientId,
        from: NodeId,
        request: RequestId,
        answer: P::Answer,
        occasion: Occasion,
        scratch: &mut Scratch<P>,
        watcher: &mut dyn Watcher<P>,
    ) -> Result<(), Problem> {
        let backoff_us = self.setup.client.backoff_us;
        let index = self.steps;
        let Some(actor) = self.clients.get_mut(client.index()) else { return Ok(()) };
        let Some(outstanding) = actor.outstanding.as_mut().filter(|waiting| waiting.request == request)
        else {
            return self.conclude(occasion, Happening::Ignored { request }, scratch, watcher);
        };
        let (command, since_us) = (outstanding.command.clone(), outstanding.since_us);
        let disposition = P::disposition(&answer);
        let mut ask_at_once = false;
        match disposition {
            Disposition::Done => {
                actor.outstanding = None;
                actor.target = from;
                actor.done += 1;
                actor.wake = None;
            }
            // A redirect is followed at once a few times; nodes that point at each other are left to settle.
            Disposition::Redirect(to) if outstanding.attempts % 4 != 0 && to != from => {
                outstanding.asked = to;
                outstanding.attempts = outstanding.attempts.saturating_add(1);
                actor.target = to;
                ask_at_once = true;
            }
            Disposition::Redirect(_) | Disposition::Retry => {}
        }
        let happening = Happening::Answered { request, command, answer, since_us };
        self.conclude(occasion, happening, scratch, watcher)?;
        if ask_at_once {
            // The new request leaves with a step of its own, right after this one.
            let event = self.queue.push(self.now_us, Event::Wake { client, cause: Some(index) })?;
            if let Some(actor) = self.clients.get_mut(client.index()) {
                actor.wake = Some(event);
                actor.follows_redirect = true;
            }
            return Ok(());
        }
        match disposition {
            Disposition::Done => {
                let waits = self.clients.get(client.index()).is_some_and(|actor| !actor.waiting.is_empty());
                if waits {
                    self.rouse(client, Some(index))?;
                } else {
                    self.let_think(client, Some(index));
                }
                Ok(())
            }
            _ => self.sleep(client, backoff_us, index),
        }
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

fn check_disk<P: Participant>(host: &Host<P>) -> Result<(), Problem> {
    if host.disk.length() as u64 > limits::DISK_BYTES_MAX {
        return Err(Problem::Full { what: "bytes on a disk", limit: limits::DISK_BYTES_MAX });
    }
    Ok(())
}
