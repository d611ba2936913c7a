//! How clients think, ask, wait and are answered.

use super::super::client::Outstanding;
use super::super::step::{Body, Event, Happening, Watcher};
use super::super::{Address, EventId, Problem};
use super::{Cluster, Occasion, Scratch};
use crate::protocol::{ClientId, Disposition, NodeId, Participant, RequestId};

impl<P: Participant> Cluster<P> {
    /// Lets a client wait for its next command of the workload.
    pub(super) fn let_think(&mut self, client: ClientId, cause: Option<u32>) {
        let Some(workload) = self.workload else { return };
        let Some(actor) = self.clients.get_mut(client.index()) else { return };
        let after_us = actor.draw_think_us(&workload);
        actor.wake = self.queue.push(self.now_us + after_us, Event::Wake { client, cause }).ok();
    }

    /// Wakes a client that has nothing under way, to issue what waits.
    pub(in crate::sim) fn rouse(&mut self, client: ClientId, cause: Option<u32>) -> Result<(), Problem> {
        let Some(actor) = self.clients.get_mut(client.index()) else { return Ok(()) };
        if actor.outstanding.is_none() {
            actor.wake = Some(self.queue.push(self.now_us, Event::Wake { client, cause })?);
        }
        Ok(())
    }

    pub(super) fn wake(
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
    pub(super) fn ask(
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

    pub(super) fn sleep(&mut self, client: ClientId, after_us: u64, step: u32) -> Result<(), Problem> {
        let event = self.queue.push(self.now_us + after_us, Event::Wake { client, cause: Some(step) })?;
        if let Some(actor) = self.clients.get_mut(client.index()) {
            actor.wake = Some(event);
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "an answer has that many sides")]
    pub(super) fn answered(
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
