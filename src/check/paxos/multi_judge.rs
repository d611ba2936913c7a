//! Multi-Paxos, judged by its disks and by the states of its replicas.

use std::collections::BTreeMap;

use crate::check::judge::{Judge, Replacement};
use crate::protocol::key_value::Store;
use crate::protocol::paxos::Ballot;
use crate::protocol::paxos::multi::{Message, MultiPaxos, Reason, Record, Report, Role, Slot, Value};
use crate::protocol::{EffectBody, NodeId};
use crate::sim::{Cluster, ClusterSetup, Step};

/// For how many slots values are remembered, and at how many states.
const SLOTS_MAX: usize = 4_096;
/// How many states of the replicas are remembered.
const STATES_MAX: usize = 256;

/// What is durable on one disk, and what its node has done with it.
#[derive(Clone, PartialEq, Default, Debug)]
struct Disk {
    promised: Option<Ballot>,
    /// Of the slots that are not trimmed.
    accepted: BTreeMap<Slot, Ballot>,
    trimmed: Slot,
    /// What was durable before the log was replaced, until what replaces it is known.
    before: Option<(Option<Ballot>, BTreeMap<Slot, Ballot>)>,
    /// Whether it was lost or damaged: its node may promise and accept no more.
    is_harmed: bool,
    /// How often the process has started.
    starts: u32,
    /// The highest ballot that the node has asked promises for, and in which of its lives.
    prepared: Option<(Ballot, u32)>,
}

impl Disk {
    /// Whether it holds that a ballot, or a higher one, was accepted for a slot; or what became of the slot.
    fn holds(&self, slot: Slot, ballot: Ballot) -> bool {
        slot <= self.trimmed || self.accepted.get(&slot).is_some_and(|accepted| *accepted >= ballot)
    }
}

/// Judges Multi-Paxos: what leaves a node is durable, nothing that is durable is ever forgotten, and replicas that have
/// applied the same slots have the same state.
#[derive(Clone, PartialEq, Debug)]
pub struct MultiJudge {
    disks: Vec<Disk>,
    /// The value of each ballot that was accepted for a slot.
    values: BTreeMap<(Slot, Ballot), Value>,
    /// The state of the replica that first had applied a slot, and which one that was.
    states: BTreeMap<Slot, (NodeId, Store)>,
    found: Option<String>,
}

impl MultiJudge {
    /// A replica, or a snapshot, has the state after this slot.
    fn state(&mut self, node: NodeId, slot: Slot, store: &Store) -> Option<String> {
        let (first, known) = self.states.entry(slot).or_insert_with(|| (node, store.clone()));
        let differs = (*known != *store).then(|| {
            format!("{first} and {node} have applied all slots up to {slot}, and their states differ")
        });
        if self.states.len() > STATES_MAX {
            self.states.pop_first();
        }
        differs
    }

    fn promise(
        &self,
        node: NodeId,
        ballot: Ballot,
        (trimmed, reports): (Slot, &[Report]),
        from: Option<Slot>,
    ) -> Option<String> {
        let disk = self.disks.get(node.index())?;
        if disk.is_harmed {
            return Some(format!("{node} promises {ballot} although its disk was lost or damaged"));
        }
        if disk.promised < Some(ballot) {
            return Some(format!("{node} promises {ballot}, and its disk does not hold that"));
        }
        let told = |slot: Slot| reports.binary_search_by_key(&slot, |report| report.slot).is_ok();
        let early = reports
            .iter()
            .find(|report| report.accepted.is_some_and(|accepted| !disk.holds(report.slot, accepted)));
        if let Some(Report { slot, .. }) = early {
            return Some(format!("{node} reports for slot {slot} what its disk does not hold"));
        }
        // What it accepted after the promise is not part of it.
        let first = from?.max(trimmed + 1);
        let kept = disk.accepted.range(first..).find(|(slot, accepted)| **accepted < ballot && !told(**slot));
        kept.map(|(slot, accepted)| {
            format!(
                "{node} promises {ballot} and does not report that it accepted {accepted} for slot {slot}"
            )
        })
    }

    fn accepted(&self, node: NodeId, slot: Slot, ballot: Ballot) -> Option<String> {
        let disk = self.disks.get(node.index())?;
        if disk.is_harmed {
            return Some(format!("{node} accepts {ballot} although its disk was lost or damaged"));
        }
        (!disk.holds(slot, ballot)).then(|| {
            format!("{node} says that it accepted {ballot} for slot {slot}, and its disk does not hold that")
        })
    }

    fn prepare(&mut self, node: NodeId, ballot: Ballot) -> Option<String> {
        let disk = self.disks.get_mut(node.index())?;
        if ballot.node != node {
            return Some(format!("{node} uses the ballot {ballot} of another node"));
        }
        if disk.promised < Some(ballot) && !disk.is_harmed {
            return Some(format!("{node} uses {ballot} before its disk holds that it did"));
        }
        let starts = disk.starts;
        let before = disk.prepared.replace((ballot, starts));
        let again = before.filter(|(used, life)| *used > ballot || (*used == ballot && *life != starts));
        again.map(|(used, _)| {
            format!("{node} uses {ballot} after {used}, which it had used before it restarted")
        })
    }

    /// What is wrong with a log that has taken another one's place.
    fn fallen(&mut self, node: NodeId) -> Option<String> {
        let disk = self.disks.get_mut(node.index())?;
        let (promised, accepted) = disk.before.take()?;
        if disk.promised < promised {
            return Some(format!("{node} has lost a promise by replacing its log"));
        }
        let lost = accepted.iter().find(|(slot, ballot)| !disk.holds(**slot, **ballot))?;
        Some(format!("{node} has lost what it accepted for slot {} by replacing its log", lost.0))
    }
}

impl Judge<MultiPaxos> for MultiJudge {
    fn new(setup: &ClusterSetup<MultiPaxos>) -> Self {
        let disks = vec![Disk::default(); usize::from(setup.nodes)];
        MultiJudge { disks, values: BTreeMap::new(), states: BTreeMap::new(), found: None }
    }

    fn durable(&mut self, node: NodeId, record: Record) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        match record {
            Record::Promised { ballot } => disk.promised = disk.promised.max(Some(ballot)),
            Record::Accepted { slot, ballot, value } => {
                disk.promised = disk.promised.max(Some(ballot));
                let held = disk.accepted.entry(slot).or_insert(ballot);
                *held = ballot.max(*held);
                let known = self.values.entry((slot, ballot)).or_insert_with(|| value.clone());
                if *known != value {
                    self.found =
                        Some(format!("two values were accepted for slot {slot} under {ballot}: {value:?}"));
                }
                if self.values.len() > SLOTS_MAX {
                    self.values.pop_first();
                }
            }
            Record::Snapshot { through, trimmed, store } => {
                disk.trimmed = disk.trimmed.max(trimmed);
                disk.accepted = disk.accepted.split_off(&(disk.trimmed + 1));
                if let Some(differs) = self.state(node, through, &store) {
                    self.found = Some(differs);
                }
            }
            Record::Formatted { .. } | Record::Chosen { .. } | Record::Learned { .. } => {}
        }
    }

    fn replaced(&mut self, node: NodeId, cause: Replacement) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        let is_harmed = disk.is_harmed || cause == Replacement::Harmed;
        let old = std::mem::take(disk);
        let before = (!is_harmed).then(|| old.before.unwrap_or((old.promised, old.accepted)));
        *disk = Disk { before, is_harmed, starts: old.starts, prepared: old.prepared, ..Disk::default() };
    }

    fn step(&mut self, cluster: &Cluster<MultiPaxos>, step: &Step<'_, MultiPaxos>) -> Option<String> {
        let mut found = self.found.take();
        let node = step.party?.node()?;
        found = found.or(self.fallen(node));
        if step.effects.iter().any(|effect| matches!(effect.why, Reason::Started { .. }))
            && let Some(disk) = self.disks.get_mut(node.index())
        {
            disk.starts += 1;
        }
        let mut has_applied = false;
        for effect in step.effects {
            let wrong = match (&effect.body, effect.why) {
                (EffectBody::Send { to, message: Message::Promise { ballot, trimmed, reports } }, _) => {
                    let from = match cluster.node(*to).map(MultiPaxos::role) {
                        Some(Role::Preparing(preparing)) if preparing.ballot == *ballot => {
                            Some(preparing.from)
                        }
                        _ => None,
                    };
                    self.promise(node, *ballot, (*trimmed, reports), from)
                }
                (EffectBody::Send { message: Message::Accepted { ballot, slot }, .. }, _) => {
                    self.accepted(node, *slot, *ballot)
                }
                (EffectBody::Note, Reason::Promised { ballot, .. }) => {
                    self.promise(node, ballot, (0, &[]), None)
                }
                (EffectBody::Note, Reason::Accepted { slot, ballot }) => self.accepted(node, slot, ballot),
                (EffectBody::Send { message: Message::Prepare { ballot, .. }, .. }, _) => {
                    self.prepare(node, *ballot)
                }
                (_, Reason::Applied { .. } | Reason::SnapshotInstalled { .. } | Reason::Started { .. }) => {
                    has_applied = true;
                    None
                }
                _ => None,
            };
            found = found.or(wrong);
        }
        if has_applied && let Some(replica) = cluster.node(node) {
            let differs = self.state(node, replica.applied(), replica.store());
            found = found.or(differs);
        }
        found
    }
}
