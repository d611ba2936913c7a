//! Every reachable state of a small cluster, found breadth first.
//!
//! The network is the most hostile one that cannot lie: what was ever sent stays deliverable for ever, so a
//! message can arrive late, out of order, many times, or never. What is bounded is named in [`Plan`]: the
//! clients' requests, how often timers fire, and how often nodes crash. Within these bounds every behaviour of
//! the very code that runs everywhere else is covered, and the protocol's own monitor looks at every step.
//!
//! Since a participant is a function of its state and its input, the state of a node, a message and the state
//! of the monitor are each kept once and referred to by number; a step that was computed once is never computed
//! again for the same state of the same node. Virtual time stands still, and randomness is a constant.

mod cell;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::rc::Rc;

use serde::Serialize;

use crate::protocol::{
    ClientId, Effect, EffectBody, Input, Monitor, NodeId, Observation, Participant, RequestId, Setup,
};
use cell::{Cell, Process};

/// The most nodes that a cluster can be explored with.
pub const NODES_MAX: u16 = 8;
/// The most different messages and requests that can be told apart.
pub const ENVELOPES_MAX: usize = 128;

/// What to explore, and how far.
pub struct Plan<P: Participant> {
    /// How many nodes; at most [`NODES_MAX`].
    pub nodes: u16,
    /// The protocol's options.
    pub options: P::Options,
    /// What clients may ask at any time, and any number of times.
    pub requests: Vec<(NodeId, ClientId, RequestId, P::Command)>,
    /// How often a timer may fire at a node; the timer fires at any time while it is set.
    pub firings: fn(NodeId, P::Timer) -> u8,
    /// How often nodes may crash and restart, all together. What was written and not yet synced may be lost
    /// from any point on.
    pub crashes: u8,
    /// Which nodes may crash.
    pub may_crash: fn(NodeId) -> bool,
    /// At which nodes a sync takes time, so that anything can happen before it has finished.
    pub slow_disk: fn(NodeId) -> bool,
    /// To give up beyond this many states.
    pub states_max: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Report<P: Participant> {
    /// How many different states can be reached.
    pub states: usize,
    /// How many steps lead from one of them to another.
    pub transitions: usize,
    /// How many steps it takes at most to reach a state.
    pub depth: usize,
    /// How many different messages and requests there were.
    pub envelopes: usize,
    /// Whether all states within the bounds were visited.
    pub complete: bool,
    /// A shortest way to a violation, if there is one.
    pub counterexample: Option<Counterexample<P>>,
}

/// A shortest way to a violation.
#[derive(Debug)]
pub struct Counterexample<P: Participant> {
    /// What happened, in order.
    pub steps: Vec<(NodeId, Happening<P>)>,
    /// What contradicts what.
    pub violation: <P::Monitor as Monitor<P>>::Violation,
}

/// One thing that happened to a node.
#[derive(Clone, Debug)]
pub enum Happening<P: Participant> {
    /// It was given an input.
    Input(Box<Input<P>>),
    /// It crashed, kept this many of the writes that were not synced, and restarted.
    CrashAndRestart {
        /// How many.
        kept: usize,
    },
}

/// Visits every state, or stops at the first violation.
pub fn explore<P>(plan: &Plan<P>) -> Report<P>
where
    P: Participant + Serialize,
    P::Monitor: Serialize,
{
    explore_with(plan, |_, _| ())
}

/// Visits every state and shows it: the nodes in order, and what was ever sent to whom (messages and requests). So one
/// can count what a specification with other variables would count.
pub fn explore_with<P>(
    plan: &Plan<P>,
    mut see: impl FnMut(&[&P], &mut dyn Iterator<Item = (NodeId, &Input<P>)>),
) -> Report<P>
where
    P: Participant + Serialize,
    P::Monitor: Serialize,
{
    let mut explorer = Explorer::new(plan);
    explorer.run(&mut see);
    explorer.report()
}

/// Who looks at every state.
type See<'a, P> = &'a mut dyn FnMut(&[&P], &mut dyn Iterator<Item = (NodeId, &Input<P>)>);

/// A message or a request: what can be delivered, and to whom.
#[derive(Clone, Serialize)]
#[serde(bound = "")]
struct Envelope<P: Participant> {
    to: NodeId,
    input: Input<P>,
}

/// What can happen to a node, by number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Move {
    Deliver(u8),
    Fire(u8),
    Synced,
    Crash(u8),
}

/// A state of the cluster, by number: small, because there are many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    cells: [u16; NODES_MAX as usize],
    monitor: u32,
    sent: u128,
}

/// What a move does to a node in a certain state.
struct Outcome<P: Participant> {
    cell: u16,
    sent: u128,
    effects: Vec<Effect<P>>,
}

/// The steps that were computed; `None` where one could not be.
type Outcomes<P> = BTreeMap<(NodeId, u16, Move), Option<Rc<Outcome<P>>>>;

/// Things by number, each kept once.
struct Numbered<T> {
    items: Vec<T>,
    numbers: BTreeMap<Vec<u8>, usize>,
}

impl<T: Serialize> Numbered<T> {
    fn new() -> Self {
        Numbered { items: Vec::new(), numbers: BTreeMap::new() }
    }

    /// The number of an item; `None` if it cannot be encoded or there are `limit` others already.
    fn number(&mut self, item: T, limit: usize) -> Option<usize> {
        let bytes = postcard::to_allocvec(&item).ok()?;
        if let Some(number) = self.numbers.get(&bytes) {
            return Some(*number);
        }
        let number = self.items.len();
        if number >= limit {
            return None;
        }
        self.items.push(item);
        self.numbers.insert(bytes, number);
        Some(number)
    }
}

struct Explorer<'a, P: Participant> {
    plan: &'a Plan<P>,
    cells: Numbered<Cell<P>>,
    envelopes: Numbered<Envelope<P>>,
    monitors: Numbered<P::Monitor>,
    outcomes: Outcomes<P>,
    visited: BTreeSet<State>,
    /// For each state by its number: the state that it was reached from, and how.
    origins: Vec<(u32, NodeId, Move)>,
    transitions: usize,
    depth: usize,
    complete: bool,
    counterexample: Option<Counterexample<P>>,
}

impl<'a, P> Explorer<'a, P>
where
    P: Participant + Serialize,
    P::Monitor: Serialize,
{
    fn new(plan: &'a Plan<P>) -> Self {
        Explorer {
            plan,
            cells: Numbered::new(),
            envelopes: Numbered::new(),
            monitors: Numbered::new(),
            outcomes: BTreeMap::new(),
            visited: BTreeSet::new(),
            origins: Vec::new(),
            transitions: 0,
            depth: 0,
            complete: true,
            counterexample: None,
        }
    }

    fn report(self) -> Report<P> {
        Report {
            states: self.visited.len(),
            transitions: self.transitions,
            depth: self.depth,
            envelopes: self.envelopes.items.len(),
            complete: self.complete && self.counterexample.is_none(),
            counterexample: self.counterexample,
        }
    }

    fn setup(&self, id: NodeId) -> Setup<'a, P::Options> {
        Setup { id, nodes: self.plan.nodes, options: &self.plan.options }
    }

    fn run(&mut self, see: See<'_, P>) {
        let Some(first) = self.first() else {
            self.complete = false;
            return;
        };
        self.visited.insert(first);
        self.show(first, see);
        self.origins.push((0, NodeId(0), Move::Synced));
        let mut frontier = vec![(first, 0u32)];
        while !frontier.is_empty() {
            let mut next = Vec::new();
            for (state, number) in frontier {
                if self.counterexample.is_some() {
                    return;
                }
                if self.visited.len() > self.plan.states_max {
                    self.complete = false;
                    return;
                }
                let known = next.len();
                self.expand(state, number, &mut next);
                for (found, _) in next.get(known..).unwrap_or_default() {
                    self.show(*found, see);
                }
            }
            self.depth += usize::from(!next.is_empty());
            frontier = next;
        }
    }

    fn show(&self, state: State, see: See<'_, P>) {
        let cells = self.cells_of(state).into_iter();
        let nodes: Vec<&P> = cells
            .filter_map(|(_, cell)| self.cells.items.get(usize::from(cell)))
            .map(|cell| &cell.participant)
            .collect();
        let was_sent = |number: usize| state.sent & (1 << number) != 0;
        let mut sent = self
            .envelopes
            .items
            .iter()
            .enumerate()
            .filter(|(number, _)| was_sent(*number))
            .map(|(_, envelope)| (envelope.to, &envelope.input));
        see(&nodes, &mut sent);
    }

    /// The state in which every node has started from a formatted disk.
    fn first(&mut self) -> Option<State> {
        if self.plan.nodes > NODES_MAX {
            return None;
        }
        let mut state = State { cells: [0; NODES_MAX as usize], monitor: 0, sent: 0 };
        for (to, client, request, command) in self.plan.requests.clone() {
            let input = Input::Request { client, request, command };
            let number = self.envelopes.number(Envelope { to, input }, ENVELOPES_MAX)?;
            state.sent |= 1 << number;
        }
        let mut monitor = P::Monitor::new(self.plan.nodes, &self.plan.options);
        let mut nodes: Vec<Option<P>> = vec![None; usize::from(self.plan.nodes)];
        for id in (0..self.plan.nodes).map(NodeId) {
            let disk = Rc::new(P::format(self.setup(id)));
            let (cell, effects) = self.process(id).start(disk, vec![0; P::TIMERS.len()], 0);
            if let Some(slot) = nodes.get_mut(id.index()) {
                *slot = Some(cell.participant.clone());
            }
            let options = &self.plan.options;
            monitor.observe(&Observation { node: id, nodes: &nodes, effects: &effects, options });
            state.sent |= self.sent(id, &effects)?;
            let number = self.cells.number(cell, usize::from(u16::MAX))?;
            *state.cells.get_mut(id.index())? = number as u16;
        }
        state.monitor = self.monitors.number(monitor, u32::MAX as usize)? as u32;
        Some(state)
    }

    /// Takes every step that is possible in a state.
    fn expand(&mut self, state: State, number: u32, next: &mut Vec<(State, u32)>) {
        let mut nodes: Vec<Option<P>> = Vec::new();
        for (_, cell) in self.cells_of(state) {
            nodes.push(self.cells.items.get(usize::from(cell)).map(|cell| cell.participant.clone()));
        }
        for (node, cell) in self.cells_of(state) {
            for action in self.moves(state, node, cell) {
                let Some(outcome) = self.outcome(node, cell, action) else { continue };
                let mut after = State { sent: state.sent | outcome.sent, ..state };
                if let Some(slot) = after.cells.get_mut(node.index()) {
                    *slot = outcome.cell;
                }
                if after == state {
                    continue;
                }
                self.transitions += 1;
                let Some(found) = self.observe(&mut after, node, action, &outcome, &mut nodes) else {
                    self.complete = false;
                    continue;
                };
                if let Some(violation) = found {
                    let steps = self.steps_to(number, node, action);
                    self.counterexample.get_or_insert(Counterexample { steps, violation });
                    return;
                }
                if self.visited.insert(after) {
                    next.push((after, self.origins.len() as u32));
                    self.origins.push((number, node, action));
                }
            }
        }
    }

    /// The nodes of a state with the numbers of their cells.
    fn cells_of(&self, state: State) -> Vec<(NodeId, u16)> {
        (0..self.plan.nodes).map(NodeId).zip(state.cells).collect()
    }

    /// What can happen to a node.
    fn moves(&self, state: State, node: NodeId, cell: u16) -> Vec<Move> {
        let mut moves = Vec::new();
        for (number, envelope) in self.envelopes.items.iter().enumerate() {
            if envelope.to == node && state.sent & (1 << number) != 0 {
                moves.push(Move::Deliver(number as u8));
            }
        }
        let Some(cell) = self.cells.items.get(usize::from(cell)) else { return moves };
        for timer in &cell.timers {
            let index = P::timer_index(*timer);
            let fired = cell.fired.get(usize::from(index)).copied().unwrap_or(u8::MAX);
            if fired < (self.plan.firings)(node, *timer) {
                moves.push(Move::Fire(index));
            }
        }
        if cell.is_syncing() {
            moves.push(Move::Synced);
        }
        if !(self.plan.may_crash)(node) {
            return moves;
        }
        let crashes: u32 = self
            .cells_of(state)
            .into_iter()
            .filter_map(|(_, cell)| self.cells.items.get(usize::from(cell)))
            .map(|cell| u32::from(cell.crashes))
            .sum();
        if crashes < u32::from(self.plan.crashes) {
            moves.extend((0..=cell.unsynced_writes()).map(|kept| Move::Crash(kept as u8)));
        }
        moves
    }

    /// Computes a step, or remembers it.
    fn outcome(&mut self, node: NodeId, cell: u16, action: Move) -> Option<Rc<Outcome<P>>> {
        if let Some(known) = self.outcomes.get(&(node, cell, action)) {
            return known.clone();
        }
        let outcome = self.compute(node, cell, action).map(Rc::new);
        self.complete &= outcome.is_some();
        self.outcomes.insert((node, cell, action), outcome.clone());
        outcome
    }

    fn compute(&mut self, node: NodeId, cell: u16, action: Move) -> Option<Outcome<P>> {
        let before = self.cells.items.get(usize::from(cell))?.clone();
        let process = self.process(node);
        let (after, effects) = match action {
            Move::Crash(kept) => process.crash_and_restart(before, usize::from(kept)),
            _ => {
                let mut after = before;
                let input = self.input(&mut after, action)?;
                let effects = process.handle(&mut after, input);
                (after, effects)
            }
        };
        let sent = self.sent(node, &effects)?;
        let cell = self.cells.number(after, usize::from(u16::MAX))? as u16;
        Some(Outcome { cell, sent, effects })
    }

    /// Prepares the input of a move; the cell changes as its disk and timers do.
    fn input(&self, cell: &mut Cell<P>, action: Move) -> Option<Input<P>> {
        match action {
            Move::Deliver(number) => Some(self.envelopes.items.get(usize::from(number))?.input.clone()),
            Move::Fire(index) => cell.fire(index),
            Move::Synced => cell.finish_sync(),
            Move::Crash(_) => None,
        }
    }

    fn process(&self, node: NodeId) -> Process<'a, P> {
        Process { setup: self.setup(node), has_slow_disk: (self.plan.slow_disk)(node) }
    }

    /// The messages among the effects, as a set.
    fn sent(&mut self, from: NodeId, effects: &[Effect<P>]) -> Option<u128> {
        let mut sent = 0;
        for effect in effects {
            if let EffectBody::Send { to, message } = &effect.body {
                let input = Input::Message { from, message: message.clone() };
                sent |= 1 << self.envelopes.number(Envelope { to: *to, input }, ENVELOPES_MAX)?;
            }
        }
        Some(sent)
    }

    /// Shows a step to the monitor. `None` if its states cannot be numbered any more.
    #[allow(clippy::type_complexity, reason = "the violation's type is named by the protocol")]
    fn observe(
        &mut self,
        after: &mut State,
        node: NodeId,
        action: Move,
        outcome: &Outcome<P>,
        nodes: &mut [Option<P>],
    ) -> Option<Option<<P::Monitor as Monitor<P>>::Violation>> {
        let options = &self.plan.options;
        let mut monitor = self.monitors.items.get(after.monitor as usize)?.clone();
        let slot = nodes.get_mut(node.index())?;
        let before = slot.take();
        let mut found = None;
        if matches!(action, Move::Crash(_)) {
            found = monitor.observe(&Observation { node, nodes, effects: &[], options });
        }
        let participant = self.cells.items.get(usize::from(outcome.cell))?.participant.clone();
        *nodes.get_mut(node.index())? = Some(participant);
        found = found
            .or_else(|| monitor.observe(&Observation { node, nodes, effects: &outcome.effects, options }));
        *nodes.get_mut(node.index())? = before;
        after.monitor = self.monitors.number(monitor, u32::MAX as usize)? as u32;
        Some(found)
    }

    /// The steps that lead to a state and one beyond it.
    fn steps_to(&self, mut number: u32, node: NodeId, action: Move) -> Vec<(NodeId, Happening<P>)> {
        let mut moves = vec![(node, action)];
        while number != 0 {
            let Some((origin, node, action)) = self.origins.get(number as usize) else { break };
            moves.push((*node, *action));
            number = *origin;
        }
        // What a timer or a sync looks like depends on the state, so the way is walked once more.
        let mut cells = Vec::new();
        for id in (0..self.plan.nodes).map(NodeId) {
            let disk = Rc::new(P::format(self.setup(id)));
            cells.push(self.process(id).start(disk, vec![0; P::TIMERS.len()], 0).0);
        }
        let mut steps = Vec::new();
        for (node, action) in moves.into_iter().rev() {
            let Some(cell) = cells.get_mut(node.index()) else { break };
            if let Move::Crash(kept) = action {
                let kept = usize::from(kept);
                *cell = self.process(node).crash_and_restart(cell.clone(), kept).0;
                steps.push((node, Happening::CrashAndRestart { kept }));
            } else if let Some(input) = self.input(cell, action) {
                self.process(node).handle(cell, input.clone());
                steps.push((node, Happening::Input(Box::new(input))));
            }
        }
        steps
    }
}
