//! Whether what clients saw could have happened one command at a time.
//!
//! A history is *linearizable* if every command can be given a moment between its first sending and its answer
//! such that a single copy of the data, taking the commands at those moments, gives the same answers (Herlihy
//! and Wing, "Linearizability: A Correctness Condition for Concurrent Objects", 1990).
//!
//! The search follows Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) in the just-in-time
//! form of Lowe ("Testing for Linearizability", 2017): it walks along the history and keeps every state that
//! the data can be in, together with the commands under way that have already had their effect; a command is
//! given its moment no earlier than an answer needs it. Commands on different parts of the data are checked
//! apart, because a history is linearizable if and only if each part is (Herlihy and Wing, Theorem 1; Horn and
//! Kroening, "Faster Linearizability Checking via P-Compositionality", 2015).
//!
//! Of two configurations with the same data that differ only in commands that are never answered, the one in which fewer of
//! those have had their effect can do all that the other can: such a command may still have its effect later, and need
//! not. So only the smaller one is kept.
//!
//! A command that left the data as it was, as its answer says, has its effect as soon as it can: nothing is lost by that.
//!
//! The walk stops at the first answer that no order explains, so what it reports is the shortest prefix that
//! is wrong, and the few commands in it that contradict each other whatever the others did.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::Range;

use super::history::Operation;

/// The data that commands are about, as if there were one copy of it and one command at a time.
pub trait Model {
    /// What is asked.
    type Command: Clone + Debug;
    /// What is answered.
    type Answer: Clone + Debug;
    /// A part of the data that a command is about. No command is about more than one.
    type Part: Ord + Clone + Debug;
    /// What such a part holds.
    type State: Ord + Clone + Debug;

    /// Which part a command is about.
    fn part(&self, command: &Self::Command) -> Self::Part;

    /// What a part holds at first.
    fn initial(&self, part: &Self::Part) -> Self::State;

    /// All that the part can hold after the command; nothing if the command cannot have had this answer. Where
    /// the answer is not known, any answer will do.
    fn apply(
        &self,
        state: &Self::State,
        command: &Self::Command,
        answer: Option<&Self::Answer>,
    ) -> impl IntoIterator<Item = Self::State>;

    /// Whether the command leaves everything as it is, so that nothing follows from it without its answer.
    fn is_read(&self, command: &Self::Command) -> bool;

    /// Whether a command with this answer has left everything as it was, whatever that was.
    fn left_unchanged(&self, command: &Self::Command, answer: &Self::Answer) -> bool {
        let _ = answer;
        self.is_read(command)
    }
}

/// The operation of a model.
pub type OperationOf<M> = Operation<<M as Model>::Command, <M as Model>::Answer>;

/// What came out.
#[derive(Clone, Debug)]
pub enum Verdict<M: Model> {
    /// There is such an order.
    Linearizable,
    /// There is none.
    Contradiction(Box<Contradiction<M>>),
    /// It would have taken more work than was allowed.
    Undecided {
        /// The part of the data at which the search gave up.
        part: M::Part,
    },
}

/// Operations that contradict each other.
#[derive(Clone, Debug)]
pub struct Contradiction<M: Model> {
    /// The part of the data that they are about.
    pub part: M::Part,
    /// All that this part can have held before the first of them.
    pub before: Vec<M::State>,
    /// The operations, in the order in which they were first sent. All others may have happened at any time
    /// after they were sent, or not at all, and these still could not have been answered as they were.
    pub operations: Vec<OperationOf<M>>,
    /// The answer that came last, without which there is no contradiction yet: the step that brought it.
    pub at_step: u32,
}

/// How many pairs of a state and a set of commands a search may visit.
pub const WORK_MAX: usize = 2_000_000;
/// How many it may visit for each attempt to leave an operation out of a contradiction.
const SHORTENING_WORK_MAX: usize = 20_000;
/// How many operations before the wrong answer are looked at to explain it.
const EXPLAINED_OPERATIONS: usize = 20;

/// Checks a history, visiting at most `work_max` pairs of a state and a set of commands for each part.
pub fn check<M: Model>(model: &M, history: &[OperationOf<M>], work_max: usize) -> Verdict<M> {
    let mut parts: BTreeMap<M::Part, Vec<&OperationOf<M>>> = BTreeMap::new();
    for operation in history {
        if operation.answered.is_some() || !model.is_read(&operation.command) {
            parts.entry(model.part(&operation.command)).or_default().push(operation);
        }
    }
    let mut undecided = None;
    let mut first: Option<Contradiction<M>> = None;
    for (part, operations) in parts {
        let walk = Walk::new(model, &part, operations, work_max);
        match walk.outcome() {
            Outcome::Explained(_) => {}
            Outcome::TooMuch => undecided = undecided.or(Some(part)),
            Outcome::Unexplained { event, at_step } => {
                if first.as_ref().is_none_or(|known| at_step < known.at_step) {
                    first = Some(walk.contradiction(part, event, at_step));
                }
            }
        }
    }
    match (first, undecided) {
        (Some(contradiction), _) => Verdict::Contradiction(Box::new(contradiction)),
        (None, Some(part)) => Verdict::Undecided { part },
        (None, None) => Verdict::Linearizable,
    }
}

/// What happens in a history: the operation at this position is sent, or answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Event {
    Asked(usize),
    Answered(usize),
}

/// The most operations that can be under way at once: one bit each.
const UNDER_WAY_MAX: usize = 64;

/// What the data can hold at one moment, by its number, with those of the commands under way that have had their effect.
type Configuration = (u32, u64);

/// All that a part of the data can hold, numbered as it comes up: numbers are quicker to compare and to keep.
struct States<S> {
    by_number: Vec<S>,
    numbers: BTreeMap<S, u32>,
}

impl<S: Ord + Clone> States<S> {
    fn number_of(&mut self, state: S) -> u32 {
        if let Some(number) = self.numbers.get(&state) {
            return *number;
        }
        let number = self.by_number.len() as u32;
        self.by_number.push(state.clone());
        self.numbers.insert(state, number);
        number
    }

    fn get(&self, number: u32) -> Option<&S> {
        self.by_number.get(number as usize)
    }
}

/// What the operations under way make of states, as far as a walk has tried it.
struct Tried {
    /// By the bit of an operation and by state, where the states after it stand.
    known: Vec<Vec<(u32, Range<usize>)>>,
    after: Vec<u32>,
}

impl Tried {
    fn nothing() -> Tried {
        Tried { known: vec![Vec::new(); UNDER_WAY_MAX], after: Vec::new() }
    }

    /// The bit stands for another operation from now on.
    fn forget(&mut self, bit: u32, is_last: bool) {
        if let Some(known) = self.known.get_mut(bit as usize) {
            known.clear();
        }
        if is_last {
            self.after.clear();
        }
    }
}

/// Configurations of which none can do all that another can.
///
/// They are grouped by data and by the answered commands that have had their effect; each group holds the sets of
/// commands never answered, none of which contains another.
struct Frontier {
    unanswered: u64,
    /// By group.
    sets: BTreeSet<(u32, u64, u64)>,
}

impl Frontier {
    fn new(unanswered: u64) -> Self {
        Frontier { unanswered, sets: BTreeSet::new() }
    }

    fn key(&self, (state, done): Configuration) -> (u32, u64, u64) {
        (state, done & !self.unanswered, done & self.unanswered)
    }

    /// Adds a configuration. Returns whether it can do something that those before cannot.
    fn insert(&mut self, configuration: Configuration) -> bool {
        let key = self.key(configuration);
        let (state, answered, set) = key;
        let mut larger = Vec::new();
        for known in self.sets.range((state, answered, 0)..=(state, answered, u64::MAX)) {
            if known.2 & set == known.2 {
                return false;
            }
            if known.2 & set == set {
                larger.push(*known);
            }
        }
        for known in larger {
            self.sets.remove(&known);
        }
        self.sets.insert(key)
    }

    fn contains(&self, configuration: Configuration) -> bool {
        self.sets.contains(&self.key(configuration))
    }

    /// In their order.
    fn into_configurations(self) -> Vec<Configuration> {
        let mut all: Vec<Configuration> =
            self.sets.into_iter().map(|(state, done, set)| (state, done | set)).collect();
        all.sort_unstable();
        all
    }
}

/// Where a walk along a history stands.
#[derive(Clone)]
struct Position {
    /// In their order.
    configurations: Vec<Configuration>,
    /// The operation that each bit stands for, if the bit is among those in use.
    under_way: [usize; UNDER_WAY_MAX],
    in_use: u64,
}

impl Position {
    /// The operations under way, each with its bit, by the places of the bits.
    fn under_way(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        (0..).zip(&self.under_way).filter(|(bit, _)| self.in_use >> bit & 1 == 1).map(|(bit, at)| (bit, *at))
    }

    fn bit_of(&self, operation: usize) -> Option<u32> {
        self.under_way().find(|(_, at)| *at == operation).map(|(bit, _)| bit)
    }

    /// Gives an operation the first bit that is free. Returns whether there is one.
    fn take_up(&mut self, operation: usize) -> bool {
        let bit = (!self.in_use).trailing_zeros();
        let Some(place) = self.under_way.get_mut(bit as usize) else { return false };
        *place = operation;
        self.in_use |= 1 << bit;
        true
    }
}

enum Outcome {
    Explained(Box<Position>),
    Unexplained { event: usize, at_step: u32 },
    TooMuch,
}

/// A walk along the operations on one part of the data.
struct Walk<'a, M: Model> {
    model: &'a M,
    operations: Vec<&'a OperationOf<M>>,
    /// All that happened, in order, with its step.
    events: Vec<(u32, Event)>,
    states: RefCell<States<M::State>>,
    start: u32,
    work_max: usize,
}

impl<'a, M: Model> Walk<'a, M> {
    fn new(model: &'a M, part: &M::Part, operations: Vec<&'a OperationOf<M>>, work_max: usize) -> Self {
        let mut events = Vec::with_capacity(operations.len() * 2);
        for (at, operation) in operations.iter().enumerate() {
            events.push((operation.asked, Event::Asked(at)));
            if let Some((step, _)) = &operation.answered {
                events.push((*step, Event::Answered(at)));
            }
        }
        // Of two events with the same step the sending counts as the earlier one, which allows more.
        events.sort_unstable();
        let mut states = States { by_number: Vec::new(), numbers: BTreeMap::new() };
        let start = states.number_of(model.initial(part));
        Walk { model, operations, events, states: RefCell::new(states), start, work_max }
    }

    fn first_position(&self) -> Position {
        Position { configurations: vec![(self.start, 0)], under_way: [0; UNDER_WAY_MAX], in_use: 0 }
    }

    fn outcome(&self) -> Outcome {
        self.walk(self.first_position(), 0..self.events.len(), &BTreeSet::new(), self.work_max)
    }

    /// Walks on from a position along some events. The answers of the operations in `ignored` count as
    /// unknown.
    fn walk(
        &self,
        mut position: Position,
        events: Range<usize>,
        ignored: &BTreeSet<usize>,
        work_max: usize,
    ) -> Outcome {
        let (mut work, mut tried) = (0, Tried::nothing());
        let Some(stretch) = self.events.get(events.clone()) else { return Outcome::TooMuch };
        for (offset, (step, event)) in stretch.iter().enumerate() {
            match *event {
                Event::Asked(operation) => {
                    if ignored.contains(&operation) && self.is_read(operation) {
                        continue;
                    }
                    if !position.take_up(operation) {
                        return Outcome::TooMuch;
                    }
                }
                Event::Answered(operation) if ignored.contains(&operation) => {}
                Event::Answered(operation) => {
                    let Some(bit) = position.bit_of(operation) else { return Outcome::TooMuch };
                    match self.explain(&position, bit, ignored, &mut tried, &mut work, work_max) {
                        Some(configurations) => position.configurations = configurations,
                        None => return Outcome::TooMuch,
                    }
                    if position.configurations.is_empty() {
                        return Outcome::Unexplained { event: events.start + offset, at_step: *step };
                    }
                    position.in_use &= !(1 << bit);
                    tried.forget(bit, position.in_use == 0);
                }
            }
        }
        Outcome::Explained(Box::new(position))
    }

    fn is_read(&self, operation: usize) -> bool {
        self.operations.get(operation).is_some_and(|operation| self.model.is_read(&operation.command))
    }

    /// The answer of an operation, unless it counts as unknown.
    fn answer(&self, operation: usize, ignored: &BTreeSet<usize>) -> Option<&M::Answer> {
        let known = self.operations.get(operation).filter(|_| !ignored.contains(&operation))?;
        known.answered.as_ref().map(|(_, answer)| answer)
    }

    /// All that an operation can make of a state, as a part of [`Tried::after`].
    fn after(
        &self,
        (bit, operation): (u32, usize),
        state: u32,
        ignored: &BTreeSet<usize>,
        tried: &mut Tried,
    ) -> Range<usize> {
        let Some(known) = tried.known.get_mut(bit as usize) else { return 0..0 };
        let place = match known.binary_search_by_key(&state, |(state, _)| *state) {
            Ok(at) => return known.get(at).map_or(0..0, |(_, range)| range.clone()),
            Err(place) => place,
        };
        let start = tried.after.len();
        let mut states = self.states.borrow_mut();
        let from = states.get(state).cloned();
        if let (Some(from), Some(operation_known)) = (from, self.operations.get(operation)) {
            let answer = self.answer(operation, ignored);
            for next in self.model.apply(&from, &operation_known.command, answer) {
                tried.after.push(states.number_of(next));
            }
        }
        let range = start..tried.after.len();
        known.insert(place, (state, range.clone()));
        range
    }

    /// Lets each command that changes nothing have its effect at once if its answer fits.
    fn settle(
        &self,
        (state, done): Configuration,
        idle: &[(u32, usize)],
        ignored: &BTreeSet<usize>,
        tried: &mut Tried,
    ) -> Configuration {
        let mut settled = done;
        for (bit, operation) in idle {
            if settled >> bit & 1 == 0 && !self.after((*bit, *operation), state, ignored, tried).is_empty() {
                settled |= 1 << bit;
            }
        }
        (state, settled)
    }

    /// All that the data can hold when the operation of this bit has its answer. `None` if that is too much work.
    fn explain(
        &self,
        position: &Position,
        bit: u32,
        ignored: &BTreeSet<usize>,
        tried: &mut Tried,
        work: &mut usize,
        work_max: usize,
    ) -> Option<Vec<Configuration>> {
        let answered = 1u64 << bit;
        // What is under way is looked at once for each configuration, and is the same for all of them.
        let under_way: Vec<(u32, usize)> = position.under_way().collect();
        let mut unanswered = 0;
        let mut idle = Vec::new();
        for (bit, other) in &under_way {
            match (self.answer(*other, ignored), self.operations.get(*other)) {
                (None, _) => unanswered |= 1 << bit,
                (Some(answer), Some(known)) if self.model.left_unchanged(&known.command, answer) => {
                    idle.push((*bit, *other));
                }
                _ => {}
            }
        }
        let mut explained = Frontier::new(unanswered);
        let mut seen = Frontier::new(unanswered);
        let mut open = Vec::with_capacity(position.configurations.len());
        for configuration in &position.configurations {
            let configuration = self.settle(*configuration, &idle, ignored, tried);
            if seen.insert(configuration) {
                open.push(configuration);
            }
        }
        // Those in which fewer commands have had their effect come first: they make others superfluous.
        open.sort_by_key(|(_, done)| std::cmp::Reverse(done.count_ones()));
        while let Some((state, done)) = open.pop() {
            *work += 1;
            if *work > work_max {
                return None;
            }
            // A smaller one may have come since it was put here.
            if !seen.contains((state, done)) {
                continue;
            }
            if done & answered != 0 {
                explained.insert((state, done & !answered));
                continue;
            }
            for (bit, other) in under_way.iter().filter(|(bit, _)| done >> bit & 1 == 0) {
                for at in self.after((*bit, *other), state, ignored, tried) {
                    let Some(next) = tried.after.get(at).copied() else { continue };
                    let next = self.settle((next, done | 1 << bit), &idle, ignored, tried);
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
        }
        Some(explained.into_configurations())
    }

    /// Explains why the answer at this event is wrong by as few operations as possible.
    ///
    /// An operation whose answer is taken as unknown can only allow more orders. What still contradicts
    /// itself after that contradicts itself without that operation.
    fn contradiction(&self, part: M::Part, event: usize, at_step: u32) -> Contradiction<M> {
        let from = event.saturating_sub(EXPLAINED_OPERATIONS * 2);
        let none = BTreeSet::new();
        let before = match self.walk(self.first_position(), 0..from, &none, self.work_max) {
            Outcome::Explained(position) => *position,
            // The walk came this way before, so it gets here again.
            Outcome::Unexplained { .. } | Outcome::TooMuch => self.first_position(),
        };
        let stretch = self.events.get(from..=event).unwrap_or_default();
        let asked = stretch.iter().filter_map(|(_, event)| match event {
            Event::Asked(operation) => Some(*operation),
            Event::Answered(_) => None,
        });
        let recent: BTreeSet<usize> = before.under_way().map(|(_, at)| at).chain(asked).collect();
        let mut ignored: BTreeSet<usize> = BTreeSet::new();
        for operation in &recent {
            ignored.insert(*operation);
            let outcome = self.walk(before.clone(), from..event + 1, &ignored, SHORTENING_WORK_MAX);
            if !matches!(outcome, Outcome::Unexplained { .. }) {
                ignored.remove(operation);
            }
        }
        let is_known = |operation: &&OperationOf<M>| {
            operation.answered.as_ref().is_some_and(|(step, _)| *step <= at_step)
        };
        let operations: Vec<OperationOf<M>> = recent
            .difference(&ignored)
            .filter_map(|operation| self.operations.get(*operation).copied())
            .filter(is_known)
            .cloned()
            .collect();
        let states = self.states.borrow();
        let before = before.configurations.into_iter().filter_map(|(state, _)| states.get(state).cloned());
        let before = before.collect::<BTreeSet<_>>();
        Contradiction { part, before: before.into_iter().collect(), operations, at_step }
    }
}

#[cfg(test)]
#[path = "linearizability_tests.rs"]
mod tests;
