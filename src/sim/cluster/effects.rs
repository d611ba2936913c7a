//! How a step is concluded, and its effects are carried out.

use super::super::host::{Host, Timer};
use super::super::setup::InterventionOf;
use super::super::step::{Body, Doer, Envelope, Event, Happening, Step, Watcher};
use super::super::{Address, EventId, Problem, limits};
use super::{Cluster, Occasion, Scratch};
use crate::protocol::{EffectBody, Monitor, NodeId, Observation, Participant};

impl<P: Participant> Cluster<P> {
    /// Concludes a step: the invariants and the watcher look at it, and its effects are carried out.
    pub(super) fn conclude(
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
            rules: scratch.effects.rules_reached(),
            violation: violation.as_ref(),
        };
        watcher.step(self, &step);
        match occasion.party {
            Some(Address::Node(node)) => self.carry_out(node, index, scratch, watcher),
            _ => Ok(()),
        }
    }

    /// Concludes a step that an intervention was.
    pub(in crate::sim) fn conclude_intervention(
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
    pub(super) fn carry_out(
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

    pub(super) fn set_timer(
        &mut self,
        node: NodeId,
        timer: P::Timer,
        after_us: u64,
        step: u32,
    ) -> Result<(), Problem> {
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
    pub(in crate::sim) fn send(
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

    pub(super) fn keep_order(&mut self, from: Address, to: Address, due_us: u64) -> u64 {
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
}

fn check_disk<P: Participant>(host: &Host<P>) -> Result<(), Problem> {
    if host.disk.length() as u64 > limits::DISK_BYTES_MAX {
        return Err(Problem::Full { what: "bytes on a disk".into(), limit: limits::DISK_BYTES_MAX });
    }
    Ok(())
}
