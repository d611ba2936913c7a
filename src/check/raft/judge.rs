//! What Raft's disks must hold for what its nodes say.
//!
//! The monitor of the protocol believes a node about its disk. This judge reads the disk: each record is handed to it
//! once it is durable, and every step is compared with that.

use std::collections::{BTreeMap, VecDeque};

use crate::check::{Judge, Replacement};
use crate::protocol::raft::log::{Index, Term};
use crate::protocol::raft::message::AppendResult;
use crate::protocol::raft::{Machine, Membership, Message, Payload, Raft, Reason, Record, majority};
use crate::protocol::{Effect, EffectBody, Input, NodeId};
use crate::sim::{Cluster, ClusterSetup, Happening, Step};

/// How many snapshots are remembered, to compare later ones of the same index with.
const SNAPSHOTS_MAX: usize = 64;

/// What the durable part of one disk holds.
#[derive(Clone, PartialEq, Debug, Default)]
struct Disk {
    term: Term,
    voted_for: Option<NodeId>,
    base_index: Index,
    snapshot_index: Index,
    /// The terms of the entries after the base.
    terms: Vec<Term>,
    /// The node lost its disk or found it damaged, and was not readmitted since. What it knew is forgotten by right, and
    /// counts as if it were still there: that is the fault of the disk.
    is_lost: bool,
    /// That has happened before, so somebody may still hold a vote of it that is forgotten.
    was_lost: bool,
}

impl Disk {
    fn last_index(&self) -> Index {
        self.base_index + self.terms.len() as u64
    }

    /// Whether it holds the entry of this index and term, itself or in its snapshot.
    fn holds(&self, index: Index, term: Term) -> bool {
        if index <= self.base_index || index <= self.snapshot_index {
            return true;
        }
        let position = (index - self.base_index - 1) as usize;
        self.terms.get(position) == Some(&term)
    }
}

/// Looks at the disks, and at what follows from all logs together.
#[derive(Clone, PartialEq, Debug)]
pub struct RaftJudge {
    disks: Vec<Disk>,
    /// Who has the durable votes of each node, by term.
    votes: Vec<BTreeMap<Term, NodeId>>,
    /// What the committed log makes of the state machine, up to an index.
    reference: Machine,
    reference_index: Index,
    snapshots: VecDeque<(Index, Machine)>,
    leads_in: Vec<Option<Term>>,
    committed: Vec<Index>,
    applied: Vec<Index>,
    /// The last round that a node has had a message of, and in which term.
    heard: Vec<(Term, u64)>,
    /// The number that a node has drawn when it found its disk lost, until it is back, and whether an entry has readmitted
    /// it under that number. An older request may be committed behind it, and then its state machine names that one.
    incarnations: Vec<Option<(u64, bool)>>,
    broken: Option<String>,
}

impl Judge<Raft> for RaftJudge {
    fn new(setup: &ClusterSetup<Raft>) -> RaftJudge {
        let count = usize::from(setup.nodes);
        RaftJudge {
            disks: vec![Disk::default(); count],
            votes: vec![BTreeMap::new(); count],
            reference: Machine::default(),
            reference_index: 0,
            snapshots: VecDeque::new(),
            leads_in: vec![None; count],
            committed: vec![0; count],
            applied: vec![0; count],
            heard: vec![(0, 0); count],
            incarnations: vec![None; count],
            broken: None,
        }
    }

    fn durable(&mut self, node: NodeId, record: Record) {
        self.read(node, &record);
    }

    fn replaced(&mut self, node: NodeId, cause: Replacement) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        // Term and vote must not fall even so; the log may be any.
        let Disk { term, voted_for, is_lost, was_lost, .. } = *disk;
        *disk = Disk { term, voted_for, is_lost, was_lost, ..Disk::default() };
        if cause == Replacement::Harmed {
            *disk = Disk { is_lost: true, was_lost: true, ..Disk::default() };
            self.forget_votes_of(node);
        }
    }

    fn step(&mut self, cluster: &Cluster<Raft>, step: &Step<'_, Raft>) -> Option<String> {
        if let Some(node) = step.party.and_then(|party| party.node()) {
            self.look(node, cluster.nodes(), step.effects);
            if let (Some(process), Happening::Input { input: Some(Input::Message { from, message }), .. }) =
                (cluster.node(node), step.happening)
            {
                self.look_at_message(process, *from, message, step.effects);
            }
        }
        self.broken.take()
    }
}

impl RaftJudge {
    fn complain(&mut self, text: String) {
        self.broken.get_or_insert(text);
    }

    fn forget_votes_of(&mut self, node: NodeId) {
        if let Some(votes) = self.votes.get_mut(node.index()) {
            votes.clear();
        }
    }

    /// A record of a node has become durable.
    fn read(&mut self, node: NodeId, record: &Record) {
        let Some(disk) = self.disks.get_mut(node.index()) else { return };
        match record {
            Record::Formatted { .. } => {}
            Record::KeptOut => {
                (disk.is_lost, disk.was_lost) = (true, true);
                self.forget_votes_of(node);
            }
            Record::HardState { term, voted_for } => {
                let (before, had_voted_for) = (disk.term, disk.voted_for);
                (disk.term, disk.voted_for) = (*term, *voted_for);
                if *term < before {
                    self.complain(format!("{node} was in term {before} on its disk, and now in term {term}"));
                } else if *term == before && had_voted_for.is_some() && *voted_for != had_voted_for {
                    self.complain(format!("the vote of {node} in term {term} has changed on its disk"));
                }
                if let Some(candidate) = *voted_for {
                    let Some(votes) = self.votes.get_mut(node.index()) else { return };
                    let first = *votes.entry(*term).or_insert(candidate);
                    if first != candidate {
                        self.complain(format!("{node} voted for {first} and for {candidate} in term {term}"));
                    }
                }
            }
            Record::Snapshot(snapshot) => {
                disk.snapshot_index = snapshot.last_included_index;
                self.compare_snapshot(node, snapshot.last_included_index, &snapshot.machine);
            }
            Record::LogStart { index, .. } => {
                disk.base_index = *index;
                disk.terms.clear();
            }
            Record::Entry { index, entry } => {
                let keep = index.saturating_sub(disk.base_index + 1) as usize;
                disk.terms.truncate(keep);
                disk.terms.push(entry.term);
            }
        }
    }

    fn look(&mut self, at: NodeId, nodes: &[Option<Raft>], effects: &[Effect<Raft>]) {
        let Some(node) = nodes.get(at.index()).and_then(Option::as_ref) else {
            if let (Some(leads), Some(applied), Some(committed)) = (
                self.leads_in.get_mut(at.index()),
                self.applied.get_mut(at.index()),
                self.committed.get_mut(at.index()),
            ) {
                (*leads, *applied, *committed) = (None, 0, 0);
            }
            return;
        };
        self.look_at_loss(node);
        if !node.is_out() {
            self.look_at_term(node);
            for effect in effects {
                self.look_at_effect(node, &effect.body, &effect.why);
            }
            self.look_at_leader(node);
            self.look_at_machine(node, nodes);
        }
    }

    fn look_at_loss(&mut self, node: &Raft) {
        let id = node.id();
        let (Some(disk), Some(incarnation)) =
            (self.disks.get_mut(id.index()), self.incarnations.get_mut(id.index()))
        else {
            return;
        };
        match node.membership() {
            Membership::Member => {
                disk.is_lost = false;
                // Otherwise it could vote a second time in the term in which it returns.
                let has_voted = self.votes.get(id.index()).is_some_and(|votes| !votes.is_empty());
                if incarnation.take().is_some() && !has_voted {
                    self.complain(format!("{id} is back without having given a vote to the leader"));
                }
            }
            Membership::Out(out) => {
                let was_readmitted = *incarnation == Some((out.incarnation, true));
                let is_readmitted =
                    was_readmitted || node.machine().readmitted.get(&id) == Some(&out.incarnation);
                *incarnation = Some((out.incarnation, is_readmitted));
                if out.returning.is_some() && !is_readmitted {
                    self.complain(format!(
                        "{id} returns, and no entry readmits it after this loss of its disk"
                    ));
                    return;
                }
                (disk.is_lost, disk.was_lost) = (true, true);
                // While it returns, what it returns with is being written.
                if out.returning.is_none() {
                    (disk.term, disk.voted_for) = (0, None);
                    self.forget_votes_of(node.id());
                }
            }
        }
    }

    /// What a message may bring about: nothing where its term is over, and a round counts for the term in which the
    /// follower has had a message of it.
    fn look_at_message(&mut self, node: &Raft, from: NodeId, message: &Message, effects: &[Effect<Raft>]) {
        let (id, term) = (node.id(), node.term());
        match message {
            Message::AppendEntries(append) if append.term == term => {
                if let Some(heard) = self.heard.get_mut(id.index()) {
                    *heard = (*heard).max((term, append.round));
                }
            }
            Message::AppendEntries(append) if append.term < term => {
                let writes = |effect: &Effect<Raft>| {
                    matches!(effect.body, EffectBody::Append { record: Record::Entry { .. } })
                };
                if effects.iter().any(writes) {
                    let old = append.term;
                    self.complain(format!(
                        "{id} is in term {term} and takes entries from {from} of term {old}"
                    ));
                }
            }
            Message::AppendEntriesResponse { .. } => {
                let counted = node.progress(from).map_or(0, |progress| progress.acknowledged_round);
                let (heard_in, round) = self.heard.get(from.index()).copied().unwrap_or_default();
                if counted > 0 && heard_in <= term && (heard_in, round) < (term, counted) {
                    self.complain(format!(
                        "{id} counts round {counted} of term {term} as answered by {from}, which has never had it"
                    ));
                }
            }
            _ => {}
        }
    }

    fn disk(&self, node: &Raft) -> Option<&Disk> {
        self.disks.get(node.id().index())
    }

    /// Terms never fall, in a life of the process or from one to the next.
    fn look_at_term(&mut self, node: &Raft) {
        let Some(disk) = self.disk(node) else { return };
        let (own, durable) = (node.term(), disk.term);
        if own < durable {
            self.complain(format!("{} is in term {own}, and its disk in term {durable}", node.id()));
        }
    }

    /// What leaves a node rests on what is on its disk.
    fn look_at_effect(&mut self, node: &Raft, body: &EffectBody<Raft>, why: &Reason) {
        let (id, Some(disk)) = (node.id(), self.disk(node)) else { return };
        let mut complaint = None;
        if let EffectBody::Send { to, message } = body {
            let term = message.term();
            match message {
                Message::RequestVoteResponse { vote_granted: true, .. }
                    if (disk.term, disk.voted_for) != (term, Some(*to)) =>
                {
                    complaint =
                        Some(format!("{id} gave {to} its vote of term {term}, and its disk holds none"));
                }
                Message::RequestVote { .. } if (disk.term, disk.voted_for) != (term, Some(id)) => {
                    complaint =
                        Some(format!("{id} stands in term {term}, and its disk holds no vote for it"));
                }
                Message::AppendEntriesResponse {
                    counts: true,
                    result: AppendResult::Matched { match_index },
                    ..
                } => {
                    let held = node.log().term(*match_index);
                    let is_there =
                        held.map_or(disk.last_index() >= *match_index, |held| disk.holds(*match_index, held));
                    if !is_there {
                        complaint = Some(format!(
                            "{id} acknowledged entry {match_index}, and its disk does not hold it"
                        ));
                    } else if disk.term < term {
                        complaint = Some(format!(
                            "{id} acknowledged in term {term}, and its disk is in term {}",
                            disk.term
                        ));
                    }
                }
                Message::InstallSnapshotResponse {
                    counts: true,
                    installed: true,
                    last_included_index,
                    ..
                } if disk.last_index().max(disk.snapshot_index) < *last_included_index => {
                    complaint = Some(format!(
                        "{id} acknowledged the snapshot up to {last_included_index}, and its disk does not hold it"
                    ));
                }
                _ => {}
            }
        }
        if let Reason::TookSnapshot { last_included_index, .. } = why
            && node.snapshot().last_included_index == *last_included_index
        {
            let machine = node.snapshot().machine.clone();
            self.compare_snapshot(id, *last_included_index, &machine);
        }
        if let Some(complaint) = complaint {
            self.complain(complaint);
        }
    }

    /// A leader has the durable votes of a majority, and commits what is on the disks of a majority.
    fn look_at_leader(&mut self, node: &Raft) {
        let (id, term) = (node.id(), node.term());
        let leads_in = node.is_leader().then_some(term);
        let (Some(known), Some(committed)) =
            (self.leads_in.get_mut(id.index()), self.committed.get_mut(id.index()))
        else {
            return;
        };
        let (was_elected, before) = (leads_in.is_some() && *known != leads_in, *committed);
        (*known, *committed) = (leads_in, node.commit_index());
        let needed = majority(self.disks.len() as u16);
        if was_elected {
            let gave = |(disk, votes): &(&Disk, &BTreeMap<Term, NodeId>)| {
                disk.was_lost || votes.get(&term) == Some(&id)
            };
            let votes = self.disks.iter().zip(&self.votes).filter(gave).count();
            if votes < needed {
                self.complain(format!(
                    "{id} leads in term {term} by {votes} durable votes; {needed} are needed"
                ));
            }
        }
        if leads_in.is_some()
            && !was_elected
            && node.commit_index() > before
            && let Some(entry_term) = node.log().term(node.commit_index())
        {
            let index = node.commit_index();
            if entry_term != term {
                // A majority holds it, and a leader of a term between may overwrite it (Raft §5.4.2, Figure 8).
                self.complain(format!(
                    "{id} leads in term {term} and commits an entry of term {entry_term} by counting"
                ));
            }
            let holders =
                self.disks.iter().filter(|disk| disk.is_lost || disk.holds(index, entry_term)).count();
            if holders < needed {
                self.complain(format!(
                    "{id} committed entry {index} of term {entry_term}, and {holders} disks hold it; {needed} are needed"
                ));
            }
        }
    }

    /// The state machine is what the committed log makes of it, sessions included.
    fn look_at_machine(&mut self, node: &Raft, nodes: &[Option<Raft>]) {
        let (id, applied) = (node.id(), node.applied_index());
        let Some(known) = self.applied.get_mut(id.index()) else { return };
        if *known == applied {
            return;
        }
        *known = applied;
        while self.reference_index < applied {
            let index = self.reference_index + 1;
            match node.log().get(index) {
                Some(entry) => match &entry.payload {
                    Payload::NoOp => {}
                    Payload::Command { client, request, command } => {
                        self.reference.store.apply(*client, *request, command);
                    }
                    Payload::Readmit { node, incarnation } => {
                        std::sync::Arc::make_mut(&mut self.reference.readmitted).insert(*node, *incarnation);
                    }
                },
                None => {
                    // Nobody whom this judge has seen applied it, and it is compacted: there is nothing to compare with.
                    self.reference = node.machine().clone();
                    self.reference_index = applied;
                    return;
                }
            }
            self.reference_index = index;
        }
        if applied == self.reference_index && *node.machine() != self.reference {
            self.complain(format!("{id} has applied {applied} entries, and its state is not what they make"));
            return;
        }
        for other in nodes.iter().flatten().filter(|other| other.id() != id && !other.is_out()) {
            if other.applied_index() == applied && other.machine() != node.machine() {
                self.complain(format!("{id} and {} have applied {applied} entries and differ", other.id()));
                return;
            }
        }
    }

    fn compare_snapshot(&mut self, node: NodeId, index: Index, machine: &Machine) {
        let known = self.snapshots.iter().find(|(known, _)| *known == index).map(|(_, machine)| machine);
        let expected = known.or_else(|| (index == self.reference_index).then_some(&self.reference));
        match expected {
            Some(expected) if expected != machine => {
                self.complain(format!(
                    "the snapshot of {node} up to {index} is not what {index} entries make"
                ));
            }
            _ if known.is_none() => {
                if self.snapshots.len() >= SNAPSHOTS_MAX {
                    self.snapshots.pop_front();
                }
                self.snapshots.push_back((index, machine.clone()));
            }
            _ => {}
        }
    }
}
