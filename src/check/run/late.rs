//! Messages that come when whoever sent them would not say them any more.
//!
//! Chance alone makes a message that late seldom, and then it is seldom the one that matters. So those that matter are
//! put aside: what a node says that holds only as long as it lives, and what a client asks. They come once the node has
//! crashed and lives again.

use std::collections::VecDeque;

use super::{Bench, Finding};
use crate::check::Checkable;
use crate::protocol::{Effect, EffectBody, NodeId};
use crate::sim::step::Event;
use crate::sim::{Address, EventId, Happening, Intervention, Step, Unsynced};

/// How far in the future a message is put that somebody lets come earlier, in µs.
const FAR_US: u64 = 50_000_000;
/// How many requests of clients are kept to come once more.
const ECHOES_MAX: usize = 12;

/// What makes the messages of a step worth being late.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Occasion {
    /// This node has said what holds only as long as it lives.
    LastWords(NodeId),
    /// A client has asked for something.
    Request,
}

impl Occasion {
    /// That of this step.
    pub(super) fn of<P: Checkable>(step: &Step<'_, P>) -> Option<Occasion> {
        if matches!(step.happening, Happening::Ask { .. }) {
            return Some(Occasion::Request);
        }
        let holds = |effect: &Effect<P>| match &effect.body {
            EffectBody::Send { message, .. } => P::holds_for_this_life(message),
            _ => false,
        };
        step.party?.node().filter(|_| step.effects.iter().any(holds)).map(Occasion::LastWords)
    }
}

/// The messages that were put aside.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// Second copies of what clients asked, and whom: they come when that node has been started again.
    echoes: VecDeque<(EventId, Address)>,
    /// Those that may come at any step.
    due: Vec<EventId>,
}

impl<P: Checkable> Bench<P> {
    /// Puts aside what the last step has sent, if that is worth it, and lets something come that was put aside.
    pub(super) fn late_messages(&mut self) -> Result<(), Finding<P>> {
        let late = self.faults.late;
        let restarted = self.log.restarted.take().map(Address::Node);
        let (due, waiting) = self.post.echoes.drain(..).partition(|(_, to)| Some(*to) == restarted);
        self.post.echoes = waiting;
        let due: VecDeque<(EventId, Address)> = due;
        self.post.due.extend(due.into_iter().map(|(event, _)| event));
        match self.log.occasion.take() {
            Some(Occasion::Request) if late.echoes_ppm > 0 && self.stream.chance(late.echoes_ppm) => {
                self.keep_echo()?;
            }
            Some(Occasion::LastWords(node))
                if late.last_words_ppm > 0 && self.may_crash() && self.stream.chance(late.last_words_ppm) =>
            {
                self.leave_last_words(node)?;
            }
            _ => {}
        }
        if let Some(last) = self.post.due.len().checked_sub(1)
            && self.stream.chance(late.delivery_ppm)
        {
            let event = self.post.due.swap_remove(self.stream.between(0, last as u64) as usize);
            if !self.act(Intervention::DeliverNow { event })? && self.cluster.queue().get(event).is_some() {
                // A node that is paused takes it later.
                self.post.due.push(event);
            }
        }
        Ok(())
    }

    /// Lets all come that was put aside.
    pub(super) fn deliver_all_late(&mut self) -> Result<(), Finding<P>> {
        let Post { echoes, due } = std::mem::take(&mut self.post);
        for event in due.into_iter().chain(echoes.into_iter().map(|(event, _)| event)) {
            self.act(Intervention::DeliverNow { event })?;
        }
        Ok(())
    }

    /// The node crashes and starts again. What it has just said comes afterwards.
    fn leave_last_words(&mut self, node: NodeId) -> Result<(), Finding<P>> {
        let now_us = self.cluster.now_us();
        let sent = self.last_sent();
        let unsynced = if self.stream.chance(250_000) { Unsynced::Kept } else { Unsynced::Lost };
        self.act(Intervention::Crash { node, unsynced, unsent: 0 })?;
        for (event, due_us, _) in sent {
            let most_us =
                self.faults.late.within_us.map(|within_us| (now_us + within_us).saturating_sub(due_us));
            let by_us = most_us.map_or(FAR_US, |most_us| self.stream.between(0, most_us));
            if self.act(Intervention::Delay { event, by_us })? && most_us.is_none() {
                self.post.due.push(event);
            }
        }
        self.act(Intervention::Restart { node }).map(drop)
    }

    /// Keeps a second copy of what a client has just asked.
    fn keep_echo(&mut self) -> Result<(), Finding<P>> {
        for (event, _, to) in self.last_sent() {
            let copy = self.cluster.queue().next_id();
            if self.act(Intervention::Duplicate { event, after_us: FAR_US })? {
                self.post.echoes.push_back((copy, to));
            }
        }
        if self.post.echoes.len() > ECHOES_MAX
            && let Some((event, _)) = self.post.echoes.pop_front()
        {
            self.act(Intervention::Drop { event })?;
        }
        Ok(())
    }

    /// The messages that the last step put on their way, in order, when they are due, and to whom they go.
    fn last_sent(&self) -> Vec<(EventId, u64, Address)> {
        let Some(last) = self.cluster.steps().checked_sub(1) else { return Vec::new() };
        let sent = self.cluster.queue().in_order().into_iter().filter_map(|entry| match &entry.event {
            Event::Message(sent) if sent.cause == last => Some((entry.id, entry.due_us, sent.to)),
            _ => None,
        });
        let mut sent: Vec<_> = sent.collect();
        sent.sort_by_key(|(event, _, _)| *event);
        sent
    }
}
