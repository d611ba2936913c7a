//! Multi-Paxos, judged by its disks and by the states of its replicas.

use std::collections::BTreeMap;

use crate::check::judge::{Judge, Replacement};
use crate::protocol::key_value::Store;
use crate::protocol::paxos::multi::{Message, MultiPaxos, Reason, Record, Report, Role, Slot, Value};
use crate::protocol::paxos::{Ballot, NodeSet, Quorums};
use crate::protocol::{ClientId, EffectBody, Input, NodeId, RequestId};
use crate::sim::{Cluster, ClusterSetup, Happening, Step};

/// For how many slots values are remembered, and at how many states.
const SLOTS_MAX: usize = 4_096;
/// Of how many ballots promises are remembered.
const BALLOTS_MAX: usize = 512;
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
    /// Who has promised a ballot, and the ballots under which they had accepted something, by slot.
    promises: BTreeMap<Ballot, BTreeMap<NodeId, BTreeMap<Slot, Ballot>>>,
    /// Who has said to have accepted a ballot for a slot.
    votes: BTreeMap<(Slot, Ballot), NodeSet>,
    /// The last slot whose client has been answered.
    answered: Slot,
    /// What that was when a read came in at a node.
    reads: BTreeMap<(NodeId, ClientId, RequestId), Slot>,
    quorums: Quorums,
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

    /// A node leads: a quorum must have promised its ballot.
    fn leads(&self, node: NodeId, ballot: Ballot) -> Option<String> {
        let promised = self.promises.get(&ballot).map_or(0, BTreeMap::len);
        (promised < usize::from(self.quorums.phase_1))
            .then(|| format!("{node} leads with {ballot}, which {promised} acceptors have promised"))
    }

    /// A leader takes over the value of a ballot: it must be the highest that some quorum has reported (P2c).
    fn taken_over(&self, node: NodeId, slot: Slot, ballot: Ballot, from: Ballot) -> Option<String> {
        let promises = self.promises.get(&ballot)?;
        let not_above = |reports: &&BTreeMap<Slot, Ballot>| reports.get(&slot).is_none_or(|at| *at <= from);
        let count = promises.values().filter(not_above).count();
        (count < usize::from(self.quorums.phase_1)).then(|| {
            format!("{node} takes over the value of {from} for slot {slot}, and a higher ballot was reported")
        })
    }

    /// A leader holds a value to be chosen: a quorum must have accepted it under its ballot.
    fn chosen(&self, node: NodeId, slot: Slot, ballot: Ballot) -> Option<String> {
        let votes = self.votes.get(&(slot, ballot)).map_or(0, |votes| votes.len());
        (votes < self.quorums.phase_2).then(|| {
            format!(
                "{node} holds slot {slot} to be chosen under {ballot}, which {votes} acceptors have accepted"
            )
        })
    }

    fn note_promise(&mut self, node: NodeId, ballot: Ballot, reports: BTreeMap<Slot, Ballot>) {
        self.promises.entry(ballot).or_default().entry(node).or_insert(reports);
        if self.promises.len() > BALLOTS_MAX {
            self.promises.pop_first();
        }
    }

    fn note_vote(&mut self, node: NodeId, slot: Slot, ballot: Ballot) {
        self.votes.entry((slot, ballot)).or_default().insert(node);
        if self.votes.len() > SLOTS_MAX {
            self.votes.pop_first();
        }
    }

    /// A read is answered with the state after a slot: no command that was answered before it came in may be missing.
    fn read(&mut self, node: NodeId, client: ClientId, request: RequestId, slot: Slot) -> Option<String> {
        let least = self.reads.remove(&(node, client, request))?;
        (slot < least).then(|| {
            format!("{node} answers a read of {client} from slot {slot}, and slot {least} had been answered before")
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
        MultiJudge {
            disks: vec![Disk::default(); usize::from(setup.nodes)],
            values: BTreeMap::new(),
            promises: BTreeMap::new(),
            votes: BTreeMap::new(),
            answered: 0,
            reads: BTreeMap::new(),
            quorums: setup.options.quorums(setup.nodes),
            states: BTreeMap::new(),
            found: None,
        }
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
                    let accepted = reports.iter().filter_map(|report| Some((report.slot, report.accepted?)));
                    self.note_promise(node, *ballot, accepted.collect());
                    self.promise(node, *ballot, (*trimmed, reports), from)
                }
                (EffectBody::Send { message: Message::Accepted { ballot, slot }, .. }, _) => {
                    self.note_vote(node, *slot, *ballot);
                    self.accepted(node, *slot, *ballot)
                }
                (EffectBody::Note, Reason::Promised { ballot, .. }) => {
                    // What it told itself is not seen; it counts as if it were nothing.
                    self.note_promise(node, ballot, BTreeMap::new());
                    self.promise(node, ballot, (0, &[]), None)
                }
                (EffectBody::Note, Reason::Accepted { slot, ballot }) => {
                    self.note_vote(node, slot, ballot);
                    self.accepted(node, slot, ballot)
                }
                (EffectBody::Note, Reason::Leads { ballot, .. }) => self.leads(node, ballot),
                (EffectBody::Send { .. } | EffectBody::Note, Reason::TakenOver { slot, ballot, from }) => {
                    self.taken_over(node, slot, ballot, from)
                }
                (EffectBody::Note, Reason::Chosen { slot, ballot, .. }) => self.chosen(node, slot, ballot),
                (EffectBody::Reply { .. }, Reason::ClientAnswered { slot }) => {
                    self.answered = self.answered.max(slot);
                    None
                }
                (EffectBody::Note, Reason::ReadWaits { .. }) => {
                    if let Happening::Input { input: Some(Input::Request { client, request, .. }), .. } =
                        step.happening
                    {
                        self.reads.entry((node, *client, *request)).or_insert(self.answered);
                        if self.reads.len() > SLOTS_MAX {
                            self.reads.pop_first();
                        }
                    }
                    None
                }
                (EffectBody::Reply { client, request, .. }, Reason::ReadConfirmed { slot, .. }) => {
                    self.read(node, *client, *request, slot)
                }
                (EffectBody::Reply { client, request, .. }, Reason::NotLeader { .. }) => {
                    self.reads.remove(&(node, *client, *request));
                    None
                }
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
