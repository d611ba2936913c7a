//! A run of a cluster that a test can talk to, and that remembers what it saw.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::panic, reason = "tests")]

use std::sync::Arc;

use lamplight::check::history::OperationLog;
use lamplight::protocol::{ClientId, Disposition, EffectBody, Monitor, NodeId, Participant, RequestId};
use lamplight::sim::act::repairs;
use lamplight::sim::step::{Body, Event};
use lamplight::sim::{
    Address, Cluster, ClusterSetup, Doer, Happening, Intervention, InterventionOf, Scratch, Step, Unsynced,
    Watcher,
};

/// A request that was done. (Redirects and the like are not kept.)
pub struct Answered<P: Participant> {
    pub client: ClientId,
    pub request: RequestId,
    pub command: P::Command,
    pub answer: P::Answer,
    pub asked_us: u64,
    pub answered_us: u64,
}

/// What was seen so far.
pub struct Seen<P: Participant> {
    pub answers: Vec<Answered<P>>,
    pub violations: Vec<<P::Monitor as Monitor<P>>::Violation>,
    /// The reasons of all effects, by whom.
    pub reasons: Vec<(NodeId, P::Reason)>,
    /// The messages that were sent, by whom.
    pub messages: Vec<(NodeId, P::Message)>,
    /// What clients asked for and were told, for a judgement of the whole.
    pub log: OperationLog<P>,
    /// In long runs only what is needed to judge them is kept.
    pub keeps_everything: bool,
}

impl<P: Participant> Watcher<P> for Seen<P> {
    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        self.violations.extend(step.violation.cloned());
        self.log.step(cluster, step);
        if !self.keeps_everything {
            return;
        }
        if let Some(Address::Node(node)) = step.party {
            for effect in step.effects {
                self.reasons.push((node, effect.why));
                if let EffectBody::Send { message, .. } = &effect.body {
                    self.messages.push((node, message.clone()));
                }
            }
        }
        if let (Some(Address::Client(client)), Happening::Answered { request, command, answer, since_us }) =
            (step.party, step.happening)
            && P::disposition(answer) == Disposition::Done
        {
            self.answers.push(Answered {
                client,
                request: *request,
                command: command.clone(),
                answer: answer.clone(),
                asked_us: *since_us,
                answered_us: step.time_us,
            });
        }
    }
}

pub struct Run<P: Participant> {
    pub cluster: Cluster<P>,
    pub seen: Seen<P>,
    scratch: Scratch<P>,
}

impl<P: Participant> Run<P> {
    pub fn new(setup: ClusterSetup<P>, seed: u64) -> Self {
        if let Err(problems) = setup.validate() {
            panic!("{problems:?}");
        }
        let mut run = Run {
            cluster: Cluster::new(Arc::new(setup), seed),
            seen: Seen {
                answers: Vec::new(),
                violations: Vec::new(),
                reasons: Vec::new(),
                messages: Vec::new(),
                log: OperationLog::default(),
                keeps_everything: true,
            },
            scratch: Scratch::default(),
        };
        // The nodes boot before anything else happens.
        run.for_us(0);
        run
    }

    pub fn step(&mut self) -> bool {
        self.cluster.step(&mut self.scratch, &mut self.seen).is_ok()
    }

    pub fn for_us(&mut self, us: u64) {
        let end = self.cluster.now_us() + us;
        while self.cluster.next_due_us().is_some_and(|due| due <= end) && self.step() {}
    }

    /// Steps until something holds; panics if it does not within `us`.
    #[track_caller]
    pub fn until(&mut self, what: &str, us: u64, mut holds: impl FnMut(&Self) -> bool) {
        let end = self.cluster.now_us() + us;
        while !holds(self) {
            let in_time = self.cluster.next_due_us().is_some_and(|due| due <= end);
            assert!(in_time && self.step(), "within {us} µs it did not come about that {what}");
        }
    }

    pub fn act(&mut self, act: InterventionOf<P>) {
        if let Err(problem) = self.try_act(act) {
            panic!("{problem}");
        }
    }

    pub fn try_act(&mut self, act: InterventionOf<P>) -> Result<(), lamplight::sim::Problem> {
        self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.seen)
    }

    pub fn ask(&mut self, client: u16, command: P::Command) {
        self.act(Intervention::Command { client: ClientId(client), command });
    }

    pub fn crash(&mut self, node: u16) {
        self.act(Intervention::Crash { node: NodeId(node), unsynced: Unsynced::Lost, unsent: 0 });
    }

    pub fn restart(&mut self, node: u16) {
        self.act(Intervention::Restart { node: NodeId(node) });
    }

    pub fn partition(&mut self, groups: &[&[u16]]) {
        let groups = groups.iter().map(|group| group.iter().copied().map(NodeId).collect()).collect();
        self.act(Intervention::Partition { groups });
    }

    /// Loses the messages to a node that are on their way and match.
    pub fn lose(&mut self, to: u16, unwanted: impl Fn(&P::Message) -> bool) {
        let under_way: Vec<_> = self.cluster.queue().in_order().iter().map(|entry| entry.id).collect();
        for event in under_way {
            let Some(entry) = self.cluster.queue().get(event) else { continue };
            let matches = match &entry.event {
                Event::Message(envelope) => match &envelope.body {
                    Body::Peer(message) => envelope.to == Address::Node(NodeId(to)) && unwanted(message),
                    _ => false,
                },
                _ => false,
            };
            if matches {
                self.act(Intervention::Drop { event });
            }
        }
    }

    /// Ends chaos and puts right whatever is wrong.
    pub fn heal(&mut self) {
        for act in repairs(&self.cluster) {
            let _ = self.try_act(act);
        }
    }

    #[track_caller]
    pub fn node(&self, node: u16) -> &P {
        self.cluster.node(NodeId(node)).unwrap_or_else(|| panic!("n{} is down", node + 1))
    }

    pub fn answers_to(&self, client: u16) -> Vec<&P::Answer> {
        self.seen.answers.iter().filter(|a| a.client == ClientId(client)).map(|a| &a.answer).collect()
    }

    pub fn gave_reason(&self, test: impl Fn(&P::Reason) -> bool) -> bool {
        self.seen.reasons.iter().any(|(_, why)| test(why))
    }
}
