//! What clients saw: each command with its first sending and its answer.

use std::collections::BTreeMap;

use crate::protocol::{ClientId, Disposition, Input, NodeId, Participant, RequestId};
use crate::sim::{Address, Cluster, Happening, Step, Watcher};

/// One command of one client, however often it was sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Operation<C, A> {
    /// Who asked.
    pub client: ClientId,
    /// The request's number.
    pub request: RequestId,
    /// What was asked.
    pub command: C,
    /// The step with which it was first sent. It has no effect before.
    pub asked: u32,
    /// Each node that a copy of it has reached, with the era in which that node was then. Copies come from retries and from a network that duplicates, and may arrive after
    /// the answer.
    pub reached: Vec<(NodeId, u64)>,
    /// The step with which its final answer arrived, and the answer. A command without one may have happened
    /// at any time since, may still happen, and may never happen.
    pub answered: Option<(u32, A)>,
}

/// The operation of a protocol's own cluster.
pub type OperationOf<P> = Operation<<P as Participant>::Command, <P as Participant>::Answer>;

/// Writes down the operations of a run while it is watched, in the order in which they were first sent.
#[derive(Clone, Debug)]
pub struct OperationLog<P: Participant> {
    operations: Vec<OperationOf<P>>,
    /// The position of the operation that a client waits for.
    under_way: BTreeMap<ClientId, usize>,
    /// The position of each request.
    positions: BTreeMap<(ClientId, RequestId), usize>,
}

impl<P: Participant> Default for OperationLog<P> {
    fn default() -> Self {
        OperationLog { operations: Vec::new(), under_way: BTreeMap::new(), positions: BTreeMap::new() }
    }
}

impl<P: Participant> OperationLog<P> {
    /// The operations so far.
    pub fn operations(&self) -> &[OperationOf<P>] {
        &self.operations
    }

    /// How many of them have their final answer.
    pub fn answered(&self) -> usize {
        self.operations.len() - self.under_way.len()
    }

    fn asked(&mut self, step: u32, client: ClientId, request: RequestId, command: &P::Command) {
        let at = *self.positions.entry((client, request)).or_insert(self.operations.len());
        if at < self.operations.len() {
            // A retry is the same operation.
            return;
        }
        self.under_way.insert(client, at);
        let command = command.clone();
        self.operations.push(Operation {
            client,
            request,
            command,
            asked: step,
            reached: Vec::new(),
            answered: None,
        });
    }

    fn reached(&mut self, node: NodeId, era: u64, client: ClientId, request: RequestId) {
        let known = self.positions.get(&(client, request));
        if let Some(operation) = known.and_then(|at| self.operations.get_mut(*at)) {
            operation.reached.push((node, era));
        }
    }

    fn answer(&mut self, step: u32, client: ClientId, request: RequestId, answer: &P::Answer) {
        if P::disposition(answer) != Disposition::Done {
            // The client was sent elsewhere, and goes on waiting.
            return;
        }
        let Some(at) = self.under_way.remove(&client) else { return };
        if let Some(operation) = self.operations.get_mut(at).filter(|waits| waits.request == request) {
            operation.answered = Some((step, answer.clone()));
        }
    }
}

impl<P: Participant> Watcher<P> for OperationLog<P> {
    fn wants_details(&self) -> bool {
        true
    }

    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        match (step.party, step.happening) {
            (Some(Address::Client(client)), Happening::Ask { request, command, .. }) => {
                self.asked(step.index, client, *request, command);
            }
            (Some(Address::Client(client)), Happening::Answered { request, answer, .. }) => {
                self.answer(step.index, client, *request, answer);
            }
            (
                Some(Address::Node(node)),
                Happening::Input { input: Some(Input::Request { client, request, .. }), .. },
            ) => {
                let era = cluster.node(node).map_or(0, |node| node.lane().era);
                self.reached(node, era, *client, *request);
            }
            _ => {}
        }
    }
}
