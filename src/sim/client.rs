//! Clients that issue commands, time out, retry and follow redirects.
//!
//! A client has one request under way at a time. A retry keeps the request's number, so that a session on the
//! other side can tell it from a new one.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::random::Stream;
use super::{EventId, OutOfBounds, Problem, Workload, limits};
use crate::protocol::{ClientId, NodeId, Participant, RequestId};

/// How clients behave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientOptions {
    /// How long a client waits for an answer before it asks another node, in µs.
    pub timeout_us: u64,
    /// How long it waits before it asks again where nobody could serve it, in µs.
    pub backoff_us: u64,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions { timeout_us: 400_000, backoff_us: 30_000 }
    }
}

impl ClientOptions {
    /// Whether the figures are within bounds.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<(), OutOfBounds> {
        for (what, us) in [("timeout_us", self.timeout_us), ("backoff_us", self.backoff_us)] {
            if us == 0 || us > 60_000_000 {
                return Err(OutOfBounds { what, limit: 60_000_000 });
            }
        }
        Ok(())
    }
}

/// A request that has no final answer yet.
#[derive(Clone, PartialEq, Debug)]
pub struct Outstanding<P: Participant> {
    /// Its number.
    pub request: RequestId,
    /// What is asked.
    pub command: P::Command,
    /// Who was asked last.
    pub asked: NodeId,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was first sent, in µs.
    pub since_us: u64,
}

/// One client.
#[derive(Clone, PartialEq, Debug)]
pub struct Client<P: Participant> {
    /// Who it is.
    pub id: ClientId,
    /// The request under way.
    pub outstanding: Option<Outstanding<P>>,
    /// Commands given by hand that wait for their turn.
    pub waiting: VecDeque<P::Command>,
    /// Whom it will ask next: the node that served it last.
    pub target: NodeId,
    /// How many requests it has issued.
    pub issued: u64,
    /// How many of its requests are done.
    pub done: u64,
    /// How many commands of the workload it has issued.
    pub(super) worked: u32,
    /// The event that will wake it. Any other one is void.
    pub(super) wake: Option<EventId>,
    /// Whether it wakes to follow a redirect.
    pub(super) follows_redirect: bool,
    pub(super) stream: Stream,
}

impl<P: Participant> Client<P> {
    pub(super) fn new(seed: u64, id: ClientId, nodes: u16) -> Self {
        Client {
            id,
            outstanding: None,
            waiting: VecDeque::new(),
            target: NodeId(id.0 % nodes.max(1)),
            issued: 0,
            done: 0,
            worked: 0,
            wake: None,
            follows_redirect: false,
            stream: Stream::new(seed, u64::from(id.0) * 4 + 3),
        }
    }

    /// Whether this event is the one that will wake it.
    pub fn wakes_by(&self, event: EventId) -> bool {
        self.wake == Some(event)
    }

    /// Queues a command that was given by hand.
    pub(super) fn enqueue(&mut self, command: P::Command) -> Result<(), Problem> {
        if self.waiting.len() >= limits::COMMANDS_WAITING_MAX {
            return Err(Problem::Full {
                what: "waiting commands".into(),
                limit: limits::COMMANDS_WAITING_MAX as u64,
            });
        }
        self.waiting.push_back(command);
        Ok(())
    }

    /// The next command: one given by hand, or one of the workload.
    pub(super) fn next_command(&mut self, nodes: u16, workload: Option<&Workload>) -> Option<P::Command> {
        if let Some(command) = self.waiting.pop_front() {
            return Some(command);
        }
        let workload = workload?;
        if workload.commands_per_client != 0 && self.worked >= workload.commands_per_client {
            return None;
        }
        self.worked += 1;
        Some(P::random_command(self.id, nodes, workload.keys, self.stream.source()))
    }

    /// How long it thinks before the next command.
    pub(super) fn draw_think_us(&mut self, workload: &Workload) -> u64 {
        let mean = workload.think_us_mean;
        self.stream.between(mean / 2, mean + mean / 2)
    }

    /// Some node other than the one that was asked last.
    pub(super) fn another_target(&mut self, nodes: u16) -> NodeId {
        if nodes <= 1 {
            return NodeId(0);
        }
        let by = self.stream.between(1, u64::from(nodes) - 1) as u16;
        let asked = self.outstanding.as_ref().map_or(self.target, |outstanding| outstanding.asked);
        NodeId((asked.0 + by) % nodes)
    }
}
