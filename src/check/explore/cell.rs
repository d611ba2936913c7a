//! A node of the cluster that is explored: the participant, its disk and its timers.

use std::collections::VecDeque;
use std::rc::Rc;

use rand_pcg::Pcg32;
use serde::Serialize;

use crate::protocol::wal::{Recovered, Tail};
use crate::protocol::{Effect, EffectBody, Effects, Input, Participant, Setup, Surroundings, SyncId};

/// What may be on its way to the disk.
#[derive(Clone, Debug, Serialize)]
#[serde(bound = "")]
enum Write<P: Participant> {
    Append(P::Record),
    Rewrite(Vec<P::Record>),
    Sync(SyncId),
}

/// The state of a node with its disk and timers.
#[derive(Clone, Debug, Serialize)]
#[serde(bound = "P: Serialize")]
pub(super) struct Cell<P: Participant> {
    pub participant: P,
    disk: Rc<Vec<P::Record>>,
    /// What is on its way to the disk, in order.
    unsynced: VecDeque<Write<P>>,
    /// The timers that are set, by their index.
    pub timers: Vec<P::Timer>,
    /// How often each timer has fired, by its index.
    pub fired: Vec<u8>,
    pub crashes: u8,
}

impl<P: Participant> Cell<P> {
    /// Whether a sync is under way.
    pub fn is_syncing(&self) -> bool {
        self.unsynced.iter().any(|write| matches!(write, Write::Sync(_)))
    }

    /// How many writes are not durable.
    pub fn unsynced_writes(&self) -> usize {
        self.unsynced.iter().filter(|write| !matches!(write, Write::Sync(_))).count()
    }

    /// Lets a timer fire.
    pub fn fire(&mut self, index: u8) -> Option<Input<P>> {
        let at = self.timers.iter().position(|timer| P::timer_index(*timer) == index)?;
        *self.fired.get_mut(usize::from(index))? += 1;
        Some(Input::Timer(self.timers.remove(at)))
    }

    /// Lets the sync that began first finish.
    pub fn finish_sync(&mut self) -> Option<Input<P>> {
        loop {
            match self.unsynced.pop_front()? {
                Write::Sync(sync) => return Some(Input::Synced(sync)),
                write => self.write(write),
            }
        }
    }

    /// Lets a write reach the disk.
    fn write(&mut self, write: Write<P>) {
        match write {
            Write::Append(record) => Rc::make_mut(&mut self.disk).push(record),
            Write::Rewrite(records) => self.disk = Rc::new(records),
            Write::Sync(_) => {}
        }
    }
}

/// What carries out the effects of a node.
pub(super) struct Process<'a, P: Participant> {
    pub setup: Setup<'a, P::Options>,
    pub has_slow_disk: bool,
}

impl<P: Participant> Process<'_, P> {
    /// Starts the node from what its disk holds.
    pub fn start(&self, disk: Rc<Vec<P::Record>>, fired: Vec<u8>, crashes: u8) -> (Cell<P>, Vec<Effect<P>>) {
        let mut effects = Effects::new();
        let found = Recovered { records: disk.as_ref().clone(), tail: Tail::Clean };
        let mut random = Pcg32::new(0, 0);
        let mut surroundings = Surroundings { now_us: 0, random: &mut random };
        let participant = P::start(self.setup(), found, &mut surroundings, &mut effects);
        let mut cell =
            Cell { participant, disk, unsynced: VecDeque::new(), timers: Vec::new(), fired, crashes };
        let mut effects: Vec<Effect<P>> = effects.drain().collect();
        self.carry_out(&mut cell, &mut effects);
        (cell, effects)
    }

    /// Hands an input to the node.
    pub fn handle(&self, cell: &mut Cell<P>, input: Input<P>) -> Vec<Effect<P>> {
        let mut effects = Effects::new();
        let mut random = Pcg32::new(0, 0);
        let mut surroundings = Surroundings { now_us: 0, random: &mut random };
        cell.participant.handle(self.setup(), input, &mut surroundings, &mut effects);
        let mut effects: Vec<Effect<P>> = effects.drain().collect();
        self.carry_out(cell, &mut effects);
        effects
    }

    /// Lets the node crash, keep the first `kept` of the writes that are not durable, and start again.
    pub fn crash_and_restart(&self, mut cell: Cell<P>, kept: usize) -> (Cell<P>, Vec<Effect<P>>) {
        let unsynced = std::mem::take(&mut cell.unsynced);
        let writes = unsynced.into_iter().filter(|write| !matches!(write, Write::Sync(_)));
        for write in writes.take(kept) {
            cell.write(write);
        }
        self.start(cell.disk, cell.fired, cell.crashes + 1)
    }

    fn setup(&self) -> Setup<'_, P::Options> {
        Setup { id: self.setup.id, nodes: self.setup.nodes, options: self.setup.options }
    }

    /// Does what the effects ask of disk and timers. On a fast disk a sync has finished before anything else
    /// happens, and what follows from that is part of the same step.
    fn carry_out(&self, cell: &mut Cell<P>, effects: &mut Vec<Effect<P>>) {
        for effect in effects.iter() {
            match &effect.body {
                EffectBody::SetTimer { timer, .. } => {
                    let index = P::timer_index(*timer);
                    cell.timers.retain(|set| P::timer_index(*set) != index);
                    cell.timers.push(*timer);
                    cell.timers.sort_by_key(|set| P::timer_index(*set));
                }
                EffectBody::CancelTimer { timer } => cell.timers.retain(|set| set != timer),
                EffectBody::Append { record } => cell.unsynced.push_back(Write::Append(record.clone())),
                EffectBody::Rewrite { records } => cell.unsynced.push_back(Write::Rewrite(records.clone())),
                EffectBody::Sync { sync } => cell.unsynced.push_back(Write::Sync(*sync)),
                EffectBody::Send { .. } | EffectBody::Reply { .. } | EffectBody::Note => {}
            }
        }
        if !self.has_slow_disk
            && cell.is_syncing()
            && let Some(input) = cell.finish_sync()
        {
            effects.extend(self.handle(cell, input));
        }
    }
}
