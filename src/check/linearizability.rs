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

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

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

/// What the data can hold at one moment, with those of the commands under way that have had their effect.
type Configuration<S> = (S, u64);

/// Configurations of which none can do all that another can.
///
/// They are grouped by data and by the answered commands that have had their effect; each group holds the sets of
/// commands never answered, none of which contains another.
struct Frontier<S> {
    unanswered: u64,
    groups: BTreeMap<Configuration<S>, Vec<u64>>,
}

impl<S: Ord + Clone> Frontier<S> {
    fn new(unanswered: u64) -> Self {
        Frontier { unanswered, groups: BTreeMap::new() }
    }

    /// Adds a configuration. Returns whether it can do something that those before cannot.
    fn insert(&mut self, (state, done): Configuration<S>) -> bool {
        let set = done & self.unanswered;
        let group = self.groups.entry((state, done & !self.unanswered)).or_default();
        if group.iter().any(|smaller| smaller & set == *smaller) {
            return false;
        }
        group.retain(|larger| larger & set != set);
        group.push(set);
        true
    }

    fn contains(&self, (state, done): &Configuration<S>) -> bool {
        let set = done & self.unanswered;
        let group = self.groups.get(&(state.clone(), done & !self.unanswered));
        group.is_some_and(|group| group.contains(&set))
    }

    fn into_configurations(self) -> BTreeSet<Configuration<S>> {
        let groups = self.groups.into_iter();
        groups
            .flat_map(|((state, done), sets)| sets.into_iter().map(move |set| (state.clone(), done | set)))
            .collect()
    }
}

/// Where a walk along a history stands.
struct Position<S> {
    configurations: BTreeSet<Configuration<S>>,
    /// The operation that each bit stands for.
    under_way: [Option<usize>; UNDER_WAY_MAX],
}

impl<S: Clone> Clone for Position<S> {
    fn clone(&self) -> Self {
        Position { configurations: self.configurations.clone(), under_way: self.under_way }
    }
}

impl<S> Position<S> {
    fn bit_of(&self, operation: usize) -> Option<u32> {
        self.under_way.iter().position(|known| *known == Some(operation)).map(|bit| bit as u32)
    }
}

enum Outcome<S> {
    Explained(Box<Position<S>>),
    Unexplained { event: usize, at_step: u32 },
    TooMuch,
}

/// A walk along the operations on one part of the data.
struct Walk<'a, M: Model> {
    model: &'a M,
    operations: Vec<&'a OperationOf<M>>,
    /// All that happened, in order, with its step.
    events: Vec<(u32, Event)>,
    start: M::State,
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
        Walk { model, operations, events, start: model.initial(part), work_max }
    }

    fn first_position(&self) -> Position<M::State> {
        Position {
            configurations: BTreeSet::from([(self.start.clone(), 0)]),
            under_way: [None; UNDER_WAY_MAX],
        }
    }

    fn outcome(&self) -> Outcome<M::State> {
        self.walk(self.first_position(), 0..self.events.len(), &BTreeSet::new(), self.work_max)
    }

    /// Walks on from a position along some events. The answers of the operations in `ignored` count as
    /// unknown.
    fn walk(
        &self,
        mut position: Position<M::State>,
        events: std::ops::Range<usize>,
        ignored: &BTreeSet<usize>,
        work_max: usize,
    ) -> Outcome<M::State> {
        let mut work = 0;
        let Some(stretch) = self.events.get(events.clone()) else { return Outcome::TooMuch };
        for (offset, (step, event)) in stretch.iter().enumerate() {
            match *event {
                Event::Asked(operation) => {
                    if ignored.contains(&operation) && self.is_read(operation) {
                        continue;
                    }
                    let free = position.under_way.iter_mut().find(|place| place.is_none());
                    let Some(place) = free else { return Outcome::TooMuch };
                    *place = Some(operation);
                }
                Event::Answered(operation) if ignored.contains(&operation) => {}
                Event::Answered(operation) => {
                    match self.explain(&position, operation, ignored, &mut work, work_max) {
                        Some(configurations) => position.configurations = configurations,
                        None => return Outcome::TooMuch,
                    }
                    if position.configurations.is_empty() {
                        return Outcome::Unexplained { event: events.start + offset, at_step: *step };
                    }
                    for place in &mut position.under_way {
                        if *place == Some(operation) {
                            *place = None;
                        }
                    }
                }
            }
        }
        Outcome::Explained(Box::new(position))
    }

    fn is_read(&self, operation: usize) -> bool {
        self.operations.get(operation).is_some_and(|operation| self.model.is_read(&operation.command))
    }

    /// All that the data can hold when this operation has its answer. `None` if that is too much work.
    fn explain(
        &self,
        position: &Position<M::State>,
        operation: usize,
        ignored: &BTreeSet<usize>,
        work: &mut usize,
        work_max: usize,
    ) -> Option<BTreeSet<Configuration<M::State>>> {
        let answered = 1u64 << position.bit_of(operation)?;
        let never_answered = |at: usize| {
            ignored.contains(&at) || self.operations.get(at).is_some_and(|known| known.answered.is_none())
        };
        let unanswered = (0..)
            .zip(&position.under_way)
            .fold(0, |set, (bit, under_way)| set | u64::from(under_way.is_some_and(never_answered)) << bit);
        let mut explained = Frontier::new(unanswered);
        let mut seen = Frontier::new(unanswered);
        // A command that changes nothing has its effect at once wherever its answer fits.
        let settle = |(state, done): Configuration<M::State>| {
            let mut settled = done;
            for (bit, under_way) in position.under_way.iter().enumerate() {
                let bit = 1u64 << bit;
                let Some(at) = under_way.filter(|at| settled & bit == 0 && !ignored.contains(at)) else {
                    continue;
                };
                let Some(known) = self.operations.get(at) else { continue };
                let Some((_, answer)) = &known.answered else { continue };
                if self.model.left_unchanged(&known.command, answer)
                    && self.model.apply(&state, &known.command, Some(answer)).into_iter().next().is_some()
                {
                    settled |= bit;
                }
            }
            (state, settled)
        };
        let mut open = Vec::with_capacity(position.configurations.len());
        for configuration in &position.configurations {
            let configuration = settle(configuration.clone());
            if seen.insert(configuration.clone()) {
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
            if !seen.contains(&(state.clone(), done)) {
                continue;
            }
            if done & answered != 0 {
                explained.insert((state, done & !answered));
                continue;
            }
            for (bit, under_way) in position.under_way.iter().enumerate() {
                let bit = 1u64 << bit;
                let Some(other) = under_way.filter(|_| done & bit == 0) else { continue };
                let Some(command) = self.operations.get(other) else { continue };
                let answer = command.answered.as_ref().filter(|_| !ignored.contains(&other));
                let answer = answer.map(|(_, answer)| answer);
                for next in self.model.apply(&state, &command.command, answer) {
                    let next = settle((next, done | bit));
                    if seen.insert(next.clone()) {
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
        let recent: BTreeSet<usize> = before.under_way.iter().flatten().copied().chain(asked).collect();
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
        let before = before.configurations.into_iter().map(|(state, _)| state).collect::<BTreeSet<_>>();
        Contradiction { part, before: before.into_iter().collect(), operations, at_step }
    }
}

#[cfg(test)]
#[path = "linearizability_tests.rs"]
mod tests;
