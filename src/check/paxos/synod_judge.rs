//! The Synod, judged by its disks.

use std::collections::BTreeMap;

use crate::check::judge::{Judge, Replacement};
use crate::protocol::paxos::Ballot;
use crate::protocol::paxos::synod::{Message, Proposal, Reason, Record, Synod, Value};
use crate::protocol::{EffectBody, NodeId};
use crate::sim::{Cluster, ClusterSetup, Step};

/// What is durable on one disk, and what its node has done with it.
#[derive(Clone, PartialEq, Default, Debug)]
struct Disk {
    tried: Option<Ballot>,
    promised: Option<Ballot>,
    accepted: Option<Proposal>,
    /// What was durable before the log was replaced, until what replaces it is known.
    before: Option<(Option<Ballot>, Option<Ballot>, Option<Ballot>)>,
    /// Whether it was lost or damaged: its node may promise and accept no more.
    is_harmed: bool,
    /// How often the process has started.
    starts: u32,
    /// The highest ballot that the node has asked promises for, and in which of its lives.
    prepared: Option<(Ballot, u32)>,
}

impl Disk {
    fn accepted_ballot(&self) -> Option<Ballot> {
        self.accepted.as_ref().map(|accepted| accepted.ballot)
    }

    /// What binds it.
    fn binding(&self) -> (Option<Ballot>, Option<Ballot>, Option<Ballot>) {
        (self.tried, self.promised, self.accepted_ballot())
    }
}

/// Judges the Synod: what leaves a node is durable, and nothing that is durable is ever forgotten.
#[derive(Clone, PartialEq, Debug)]
pub struct SynodJudge {
    disks: Vec<Disk>,
    /// The value of each ballot that was accepted.
    values: BTreeMap<Ballot, Value>,
    found: Option<String>,
}

impl SynodJudge {
    fn promise(&self, node: NodeId, ballot: Ballot, accepted: Option<Ballot>) -> Option<String> {
        let disk = self.disks.get(node.index())?;
        if disk.is_harmed {
            return Some(format!("{node} promises {ballot} although its disk was lost or damaged"));
        }
        if disk.promised < Some(ballot) {
            return Some(format!("{node} promises {ballot}, and its disk does not hold that"));
        }
        if disk.accepted_ballot() < accepted {
            return Some(format!("{node} reports an acceptance that its disk does not hold"));
        }
        // What it accepted after the promise is not part of it.
        let kept = disk.accepted_ballot().filter(|kept| *kept < ballot && Some(*kept) > accepted);
        kept.map(|kept| format!("{node} promises {ballot} and does not report that it accepted {kept}"))
    }

    fn accepted(&self, node: NodeId, ballot: Ballot) -> Option<String> {
        let disk = self.disks.get(node.index())?;
        if disk.is_harmed {
            return Some(format!("{node} accepts {ballot} although its disk was lost or damaged"));
        }
        (disk.accepted_ballot() < Some(ballot))
            .then(|| format!("{node} says that it accepted {ballot}, and its disk does not hold that"))
    }

    fn prepare(&mut self, node: NodeId, ballot: Ballot) -> Option<String> {
        let disk = self.disks.get_mut(node.index())?;
        if ballot.node != node {
            return Some(format!("{node} uses the ballot {ballot} of another node"));
        }
        if disk.tried < Some(ballot) && !disk.is_harmed {
            return Some(format!("{node} uses {ballot} before its disk holds that it did"));
        }
        let starts = disk.starts;
        let before = disk.prepared.replace((ballot, starts));
        let again = before.filter(|(used, life)| *used > ballot || (*used == ballot && *life != starts));
        again.map(|(used, _)| {
            format!("{node} uses {ballot} after {used}, which it had used before it restarted")
        })
    }
}

impl Judge<Synod> for SynodJudge {
    fn new(setup: &ClusterSetup<Synod>) -> Self {
        let disks = vec![Disk::default(); usize::from(setup.nodes)];
        SynodJudge { disks, values: BTreeMap::new(), found: None }
    }

    fn durable(&mut self, node: NodeId, record: Record) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        match record {
            Record::Formatted { .. } => {}
            Record::Tried { ballot } => disk.tried = disk.tried.max(Some(ballot)),
            Record::Promised { ballot } => disk.promised = disk.promised.max(Some(ballot)),
            Record::Accepted(proposal) => {
                let known = self.values.entry(proposal.ballot).or_insert_with(|| proposal.value.clone());
                if *known != proposal.value {
                    let (ballot, other) = (proposal.ballot, &proposal.value);
                    self.found = Some(format!("{known:?} and {other:?} were both accepted under {ballot}"));
                }
                disk.promised = disk.promised.max(Some(proposal.ballot));
                if disk.accepted_ballot() < Some(proposal.ballot) {
                    disk.accepted = Some(proposal);
                }
            }
        }
    }

    fn replaced(&mut self, node: NodeId, cause: Replacement) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        let is_harmed = disk.is_harmed || cause == Replacement::Harmed;
        let before = (!is_harmed).then(|| disk.before.unwrap_or(disk.binding()));
        *disk = Disk { before, is_harmed, starts: disk.starts, prepared: disk.prepared, ..Disk::default() };
    }

    fn step(&mut self, _: &Cluster<Synod>, step: &Step<'_, Synod>) -> Option<String> {
        let mut found = self.found.take();
        let node = step.party?.node()?;
        let disk = self.disks.get_mut(node.index())?;
        if let Some((tried, promised, accepted)) = disk.before.take() {
            let now = disk.binding();
            if now.1 < promised || now.2 < accepted {
                found = found.or_else(|| Some(format!("{node} has lost a promise by replacing its log")));
            } else if now.0 < tried {
                found =
                    found.or_else(|| Some(format!("{node} has lost an issued ballot by replacing its log")));
            }
        }
        if step.effects.iter().any(|effect| matches!(effect.why, Reason::Started { .. })) {
            disk.starts += 1;
        }
        for effect in step.effects {
            let wrong = match (&effect.body, effect.why) {
                (EffectBody::Send { message: Message::Promise { ballot, accepted }, .. }, _) => {
                    self.promise(node, *ballot, accepted.as_ref().map(|accepted| accepted.ballot))
                }
                (EffectBody::Note, Reason::Promised { ballot, accepted }) => {
                    self.promise(node, ballot, accepted)
                }
                (EffectBody::Send { message: Message::Accepted(proposal), .. }, _) => {
                    self.accepted(node, proposal.ballot)
                }
                (EffectBody::Note, Reason::Accepted { ballot }) => self.accepted(node, ballot),
                (EffectBody::Send { message: Message::Prepare { ballot }, .. }, _) => {
                    self.prepare(node, *ballot)
                }
                _ => None,
            };
            found = found.or(wrong);
        }
        found
    }
}
