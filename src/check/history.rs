//! What clients saw: each command with its first sending and its answer.

use std::collections::BTreeMap;

use crate::protocol::{ClientId, Disposition, NodeId, Participant, RequestId};
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
    /// Whom the client asked, each time that it sent it.
    pub nodes: Vec<NodeId>,
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
}

impl<P: Participant> Default for OperationLog<P> {
    fn default() -> Self {
        OperationLog { operations: Vec::new(), under_way: BTreeMap::new() }
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

    fn asked(&mut self, step: u32, client: ClientId, node: NodeId, request: RequestId, command: &P::Command) {
        let known = self.under_way.get(&client).and_then(|at| self.operations.get_mut(*at));
        if let Some(operation) = known.filter(|operation| operation.request == request) {
            // A retry is the same operation.
            operation.nodes.push(node);
            return;
        }
        self.under_way.insert(client, self.operations.len());
        let command = command.clone();
        self.operations.push(Operation {
            client,
            request,
            command,
            asked: step,
            nodes: vec![node],
            answered: None,
        });
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
    fn step(&mut self, _: &Cluster<P>, step: &Step<'_, P>) {
        let Some(Address::Client(client)) = step.party else { return };
        match step.happening {
            Happening::Ask { request, command, node, .. } => {
                self.asked(step.index, client, *node, *request, command);
            }
            Happening::Answered { request, answer, .. } => self.answer(step.index, client, *request, answer),
            _ => {}
        }
    }
}
