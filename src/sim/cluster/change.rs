//! What interventions and chaos reach for: network, clocks, disks, pending events, workload.

use super::super::network::Network;
use super::super::queue::Entry;
use super::super::random::Stream;
use super::super::step::{Envelope, Event};
use super::super::{Address, Chaos, DiskOptions, EventId, Problem, Workload};
use super::{ChaosState, Cluster};
use crate::protocol::{ClientId, NodeId, Participant};

impl<P: Participant> Cluster<P> {
    pub(in crate::sim) fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    pub(in crate::sim) fn pending(&self, event: EventId) -> Option<&Event<P>> {
        self.queue.get(event).map(|entry| &entry.event)
    }

    pub(in crate::sim) fn take_entry(&mut self, event: EventId) -> Option<Entry<Event<P>>> {
        self.queue.take(event)
    }

    pub(in crate::sim) fn take_pending(&mut self, event: EventId) -> Option<Event<P>> {
        self.queue.take(event).map(|entry| entry.event)
    }

    /// Takes the last messages back of the latest step of which this node's messages are under way, as if it had died
    /// before it sent them.
    pub(in crate::sim) fn take_last_sent(
        &mut self,
        node: NodeId,
        count: usize,
    ) -> Vec<(EventId, Envelope<P>)> {
        let under_way = self.queue.iter().filter_map(|entry| match &entry.event {
            Event::Message(envelope) if envelope.from == Address::Node(node) => {
                Some((envelope.cause, entry.id))
            }
            _ => None,
        });
        let under_way: Vec<(u32, EventId)> = under_way.collect();
        let last = under_way.iter().map(|(cause, _)| *cause).max();
        let of_last = under_way.into_iter().filter(|(cause, _)| Some(*cause) == last);
        let mut sent: Vec<EventId> = of_last.map(|(_, event)| event).collect();
        sent.sort_unstable();
        let kept = sent.len().saturating_sub(count);
        let taken = sent.into_iter().skip(kept).filter_map(|event| match self.take_pending(event)? {
            Event::Message(envelope) => Some((event, envelope)),
            _ => None,
        });
        taken.collect()
    }

    pub(in crate::sim) fn push_event(&mut self, due_us: u64, event: Event<P>) -> Result<EventId, Problem> {
        self.queue.push(due_us, event)
    }

    pub(in crate::sim) fn set_held(&mut self, event: EventId, held: bool) {
        self.queue.set_held(event, held, self.now_us);
    }

    pub(in crate::sim) fn advance_to(&mut self, time_us: u64) {
        self.now_us = self.now_us.max(time_us);
    }

    pub(in crate::sim) fn delay(&mut self, event: EventId, by_us: u64) {
        let Some(entry) = self.queue.get(event) else { return };
        let mut due_us = entry.due_us.max(self.now_us) + by_us;
        if let Event::Timer { node, timer } = entry.event
            && let Some(host) = self.hosts.get_mut(node.index())
            && let Some(running) =
                host.timers.iter_mut().find(|running| running.timer == timer && running.event == event)
        {
            running.due_us = running.due_us.max(self.now_us) + by_us;
            due_us = running.due_us;
        }
        self.queue.set_due_us(event, due_us);
    }

    pub(in crate::sim) fn set_paused(&mut self, node: NodeId, paused: bool) -> Result<(), Problem> {
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

    pub(in crate::sim) fn set_clock(
        &mut self,
        node: NodeId,
        skew_us: i64,
        drift_ppm: i32,
    ) -> Result<(), Problem> {
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

    pub(in crate::sim) fn set_disk_options(&mut self, node: Option<NodeId>, options: DiskOptions) {
        for (at, host) in self.hosts.iter_mut().enumerate() {
            if node.is_none_or(|node| node.index() == at) {
                host.disk.set_options(options);
            }
        }
    }

    pub(in crate::sim) fn harm_disk(&mut self, node: NodeId, lose: bool) {
        let Some(host) = self.hosts.get_mut(node.index()) else { return };
        host.harmed = true;
        if lose {
            host.disk.lose();
        } else {
            host.disk.corrupt_tail(&mut host.machine_stream);
        }
    }

    pub(in crate::sim) fn enqueue(&mut self, client: ClientId, command: P::Command) -> Result<(), Problem> {
        match self.clients.get_mut(client.index()) {
            Some(actor) => actor.enqueue(command),
            None => Err(Problem::NoSuchParty { address: Address::Client(client) }),
        }
    }

    /// The steady workload changes.
    pub(in crate::sim) fn set_workload(&mut self, workload: Option<Workload>) {
        self.workload = workload;
        for client in 0..self.setup.clients {
            if self.clients.get(usize::from(client)).is_some_and(|actor| actor.outstanding.is_none()) {
                self.let_think(ClientId(client), None);
            }
        }
    }

    pub(in crate::sim) fn set_chaos(&mut self, chaos: Option<Chaos>) -> Result<(), Problem> {
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
    pub(in crate::sim) fn plan_chaos(&mut self) -> Result<(), Problem> {
        let options = self.chaos.as_ref().map(|chaos| chaos.options);
        self.set_chaos(options)
    }
}
