//! Every run of a small cluster in the world that three-phase commit is made for: every message arrives, within
//! a known time; disks are reliable and as fast as the time-outs assume; processes crash, in the middle of what
//! they do, and may come back.
//!
//! Time goes in units. A message of the commit protocol takes one or two of them, whichever hurts more; one
//! unit stands for half the longest latency. Writing takes no time, and a crash may come before, between and
//! after any two things that a process does. When several things are due at once they happen in a fixed order.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use lamplight::protocol::atomic_commit::node::{Node, Variant};
use lamplight::protocol::atomic_commit::{
    COORDINATOR, Command, CommitMonitor, CommitViolation, Message, Record, Timer,
};
use lamplight::protocol::wal::{Recovered, Tail};
use lamplight::protocol::{
    ClientId, Effect, EffectBody, Effects, Input, Monitor, NodeId, Observation, Participant, RequestId,
    Setup, Surroundings,
};

/// One unit of time, in µs of the options.
pub const UNIT_US: u64 = 1_000;
/// The longest that a message takes, in units.
pub const LATENCY_UNITS: u8 = 2;

/// What is explored.
pub struct World<'a, V: Variant> {
    pub nodes: u16,
    pub options: &'a V::Options,
    pub command: Command,
    /// How many crashes there are at most.
    pub crashes: u8,
    /// Whether a process that has crashed may come back.
    pub restarts: bool,
    /// Whether each message may be fast or slow by itself, and not only all of a step's messages together.
    pub each_message_alone: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    pub states: usize,
    pub violation: Option<CommitViolation>,
    /// A process that never crashed and is in doubt for ever, while others are down.
    pub blocked: bool,
    /// A process that does not decide although all are back.
    pub undecided: bool,
}

#[derive(Clone)]
struct State<V: Variant> {
    nodes: Vec<Option<Node<V>>>,
    disks: Vec<Vec<Record>>,
    timers: Vec<BTreeMap<Timer, u32>>,
    /// What is due now, in order.
    due: Vec<(NodeId, Event<V>)>,
    /// Messages under way: units left, receiver, sender, message.
    under_way: Vec<(u8, NodeId, NodeId, Message)>,
    has_crashed: Vec<bool>,
    crashes_left: u8,
    monitor: CommitMonitor,
}

#[derive(Clone)]
enum Event<V: Variant> {
    Input(Input<Node<V>>),
    Start,
}

/// How a step goes.
#[derive(Clone, Copy)]
enum Way {
    /// The messages that it sends take two units where the bit is set, and else one.
    Done { slow: u32 },
    /// The process crashes after so many effects; what was written and not synced is kept or not.
    Crashes { after: usize, keeps: bool },
}

impl<V: Variant> World<'_, V> {
    /// Visits every state.
    pub fn explore(&self) -> Found {
        let mut found = Found::default();
        let mut seen: BTreeSet<u128> = BTreeSet::new();
        let mut to_visit = vec![self.first()];
        while let Some(state) = to_visit.pop() {
            if !seen.insert(self.fingerprint(&state)) {
                continue;
            }
            found.states += 1;
            if state.due.is_empty() {
                self.later(&state, &mut to_visit, &mut found);
            } else {
                self.now(&state, &mut to_visit, &mut found);
            }
            if found.violation.is_some() {
                return found;
            }
        }
        found
    }

    fn first(&self) -> State<V> {
        let count = usize::from(self.nodes);
        let mut state = State {
            nodes: vec![None; count],
            disks: (0..self.nodes).map(|id| Node::<V>::format(self.setup(NodeId(id)))).collect(),
            timers: vec![BTreeMap::new(); count],
            due: (0..self.nodes).map(|id| (NodeId(id), Event::Start)).collect(),
            under_way: Vec::new(),
            has_crashed: vec![false; count],
            crashes_left: 0,
            monitor: <CommitMonitor as Monitor<Node<V>>>::new(self.nodes, self.options),
        };
        let (client, request, command) = (ClientId(0), RequestId(1), self.command.clone());
        state.due.push((COORDINATOR, Event::Input(Input::Request { client, request, command })));
        // Nothing interesting can happen before the votes are asked for.
        while !state.under_way.iter().any(|(_, _, _, message)| matches!(message, Message::Prepare { .. })) {
            if state.due.is_empty() {
                self.advance(&mut state);
            } else {
                assert!(self.step(&mut state, Way::Done { slow: 0 }).is_none());
            }
        }
        state.crashes_left = self.crashes;
        state
    }

    fn setup(&self, id: NodeId) -> Setup<'_, V::Options> {
        Setup { id, nodes: self.nodes, options: self.options }
    }

    /// Takes what is due first, in every way.
    fn now(&self, state: &State<V>, to_visit: &mut Vec<State<V>>, found: &mut Found) {
        let mut probe = state.clone();
        let effects = self.effects(&mut probe);
        let slow = |effect: &&Effect<Node<V>>| matches!(&effect.body, EffectBody::Send { message, .. } if message.is_commit_protocol());
        let messages = effects.iter().filter(slow).count();
        let all = (1u32 << messages) - 1;
        let speeds = (0..=all).filter(|slow| self.each_message_alone || [0, all].contains(slow));
        let mut ways: Vec<Way> = speeds.map(|slow| Way::Done { slow }).collect();
        if state.crashes_left > 0 {
            let points = 0..=effects.len();
            ways.extend(points.flat_map(|after| [true, false].map(|keeps| Way::Crashes { after, keeps })));
        }
        for way in ways {
            let mut next = state.clone();
            if let Some(violation) = self.step(&mut next, way) {
                found.violation.get_or_insert(violation);
                return;
            }
            if matches!(way, Way::Crashes { .. }) {
                found.blocked |= self.is_someone_blocked(&next, found);
            }
            to_visit.push(next);
        }
    }

    /// Nothing is due: time goes on, and whoever is down may come back before it does.
    fn later(&self, state: &State<V>, to_visit: &mut Vec<State<V>>, found: &mut Found) {
        if self.restarts {
            for id in (0..self.nodes).filter(|id| state.nodes[usize::from(*id)].is_none()) {
                let mut next = state.clone();
                next.due.push((NodeId(id), Event::Start));
                found.undecided |= self.is_someone_undecided(&next, found);
                to_visit.push(next);
            }
        }
        if !state.under_way.is_empty() || state.timers.iter().any(|timers| !timers.is_empty()) {
            let mut next = state.clone();
            self.advance(&mut next);
            to_visit.push(next);
        }
    }

    /// Lets time go on until something is due.
    fn advance(&self, state: &mut State<V>) {
        for (units, ..) in &mut state.under_way {
            *units -= 1;
        }
        state.under_way.sort_by_key(|(units, to, from, message)| (*units, *to, *from, message.kind()));
        while let Some((0, ..)) = state.under_way.first() {
            let (_, to, from, message) = state.under_way.remove(0);
            state.due.push((to, Event::Input(Input::Message { from, message })));
        }
        for (id, timers) in state.timers.iter_mut().enumerate() {
            for units in timers.values_mut() {
                *units -= 1;
            }
            let fired: Vec<Timer> =
                timers.iter().filter(|(_, units)| **units == 0).map(|(t, _)| *t).collect();
            for timer in fired {
                timers.remove(&timer);
                state.due.push((NodeId(id as u16), Event::Input(Input::Timer(timer))));
            }
        }
    }

    /// What the first thing that is due makes its process do; the state's node has done it afterwards.
    fn effects(&self, state: &mut State<V>) -> Vec<Effect<Node<V>>> {
        let (id, event) = state.due.remove(0);
        let mut random = rand_pcg::Pcg32::new(0, 0);
        let mut surroundings = Surroundings { now_us: 0, random: &mut random };
        let mut effects = Effects::new();
        let node = &mut state.nodes[id.index()];
        match (event, node.as_mut()) {
            (Event::Start, _) => {
                let records = state.disks[id.index()].clone();
                let disk = Recovered { records, tail: Tail::Clean };
                *node = Some(Node::start(self.setup(id), disk, &mut surroundings, &mut effects));
            }
            (Event::Input(input), Some(node)) => {
                node.handle(self.setup(id), input, &mut surroundings, &mut effects);
            }
            (Event::Input(_), None) => {}
        }
        effects.drain().collect()
    }

    /// Takes what is due first.
    fn step(&self, state: &mut State<V>, way: Way) -> Option<CommitViolation> {
        let id = state.due[0].0;
        let was_down = state.nodes[id.index()].is_none() && !matches!(state.due[0].1, Event::Start);
        let effects = self.effects(state);
        if was_down {
            return None;
        }
        let carried_out = match way {
            Way::Done { .. } => effects.len(),
            Way::Crashes { after, .. } => after,
        };
        let mut unsynced: Vec<Record> = Vec::new();
        let mut sent = 0;
        for effect in effects.iter().take(carried_out) {
            match &effect.body {
                EffectBody::Send { to, message } => {
                    let slow = match way {
                        Way::Done { slow } if message.is_commit_protocol() => {
                            sent += 1;
                            slow >> (sent - 1) & 1 == 1
                        }
                        _ => false,
                    };
                    let units = if slow { LATENCY_UNITS } else { 1 };
                    state.under_way.push((units, *to, id, message.clone()));
                }
                EffectBody::Append { record } => unsynced.push(record.clone()),
                EffectBody::Sync { sync } => {
                    state.disks[id.index()].append(&mut unsynced);
                    // Writing takes no time: what waits for it comes before anything else.
                    state.due.insert(0, (id, Event::Input(Input::Synced(*sync))));
                }
                EffectBody::SetTimer { timer, after_us } => {
                    let units = after_us.div_ceil(UNIT_US) as u32;
                    state.timers[id.index()].insert(*timer, units);
                }
                EffectBody::CancelTimer { timer } => drop(state.timers[id.index()].remove(timer)),
                EffectBody::Rewrite { .. } => panic!("the log is too short to be compacted"),
                EffectBody::Reply { .. } | EffectBody::Note => {}
            }
        }
        let violation = self.observe(state, id, &effects[..carried_out]);
        match way {
            // A lazy write reaches the disk at some time; here, at once. That it may be lost is what a crash
            // in the middle of the step shows.
            Way::Done { .. } => state.disks[id.index()].append(&mut unsynced),
            Way::Crashes { keeps, .. } => {
                if keeps {
                    state.disks[id.index()].append(&mut unsynced);
                }
                state.nodes[id.index()] = None;
                state.timers[id.index()].clear();
                state.due.retain(|(other, _)| *other != id);
                state.has_crashed[id.index()] = true;
                state.crashes_left -= 1;
                return violation.or(self.observe(state, id, &[]));
            }
        }
        violation
    }

    fn observe(
        &self,
        state: &mut State<V>,
        node: NodeId,
        effects: &[Effect<Node<V>>],
    ) -> Option<CommitViolation> {
        let step = Observation { node, nodes: &state.nodes, effects, options: self.options };
        state.monitor.observe(&step)
    }

    /// Lets the world go on without any further trouble. A violation on the way is kept.
    fn settled(&self, state: &State<V>, found: &mut Found) -> State<V> {
        let mut state = state.clone();
        for _ in 0..2_000 {
            if !state.due.is_empty() {
                let violation = self.step(&mut state, Way::Done { slow: 0 });
                found.violation = found.violation.take().or(violation);
            } else if state.under_way.is_empty() && state.timers.iter().all(BTreeMap::is_empty) {
                break;
            } else {
                self.advance(&mut state);
            }
        }
        state
    }

    /// Whether a participant that has never crashed stays in doubt while nobody comes back.
    fn is_someone_blocked(&self, state: &State<V>, found: &mut Found) -> bool {
        let settled = self.settled(state, found);
        let never_crashed = settled.nodes.iter().zip(&settled.has_crashed).filter(|(_, crashed)| !**crashed);
        never_crashed
            .filter_map(|(node, _)| node.as_ref()?.site())
            .any(|site| site.in_doubt().next().is_some())
    }

    /// Whether somebody does not decide although all have come back.
    fn is_someone_undecided(&self, state: &State<V>, found: &mut Found) -> bool {
        let settled = self.settled(state, found);
        settled.nodes.iter().all(Option::is_some) && !settled.monitor.undecided(&settled.nodes).is_empty()
    }

    fn fingerprint(&self, state: &State<V>) -> u128 {
        let mut under_way = state.under_way.clone();
        under_way.sort_by_key(|(units, to, from, message)| (*units, *to, *from, message.kind()));
        let due: Vec<(NodeId, Option<&Input<Node<V>>>)> = state
            .due
            .iter()
            .map(|(id, event)| match event {
                Event::Input(input) => (*id, Some(input)),
                Event::Start => (*id, None),
            })
            .collect();
        let parts = (
            (&state.nodes, &state.disks, &state.timers),
            (due, under_way),
            (&state.has_crashed, state.crashes_left, &state.monitor),
        );
        let bytes = postcard::to_allocvec(&parts).unwrap();
        let mut hashes =
            [siphasher::sip::SipHasher13::new_with_keys(1, 2), siphasher::sip::SipHasher13::new()];
        let [low, high] = hashes.each_mut().map(|hasher| {
            hasher.write(&bytes);
            hasher.finish()
        });
        u128::from(high) << 64 | u128::from(low)
    }
}
