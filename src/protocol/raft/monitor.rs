//! The properties that the paper proves (Raft Figure 3), checked after every step.
//!
//! Each check looks only at what the step changed: the entries that its effects append, the indexes that it
//! commits, the answer that it gives. Whole logs are looked at when a process starts or its disk is rewritten.
//! Nodes that are kept out are not members, so nothing is asked of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Raft;
use super::log::{Entry, Index, Term};
use super::message::Answer;
use super::options::Options;
use super::quorum::majority;
use super::reason::Reason;
use super::storage::Record;
use crate::protocol::chunked::Chunked;
use crate::protocol::{ClientId, EffectBody, Monitor, NodeId, Observation, RequestId};

/// A property that does not hold, and the facts that contradict each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// Two nodes lead in one term.
    ElectionSafety {
        /// The term.
        term: Term,
        /// Who was elected first.
        first: NodeId,
        /// Who was elected besides.
        second: NodeId,
    },
    /// A leader replaced an entry of its own log.
    LeaderAppendOnly {
        /// The leader.
        leader: NodeId,
        /// Its term.
        term: Term,
        /// The entry.
        index: Index,
    },
    /// Two logs hold an entry with the same index and term, and it is not the same entry, or not the same
    /// entry stands before it.
    LogMatching {
        /// The index of the entry.
        index: Index,
        /// Its term.
        term: Term,
        /// Who held it first.
        first: NodeId,
        /// Who holds it differently.
        second: NodeId,
    },
    /// A leader's log lacks an entry that was committed in an earlier term.
    LeaderCompleteness {
        /// The leader.
        leader: NodeId,
        /// The leader's term.
        term: Term,
        /// The entry that was committed.
        index: Index,
        /// Its term.
        committed_term: Term,
        /// The term of what the leader has there instead; `None` if its log is shorter.
        found_term: Option<Term>,
    },
    /// Two nodes committed different entries at one index.
    StateMachineSafety {
        /// The index.
        index: Index,
        /// Who committed first.
        first: NodeId,
        /// The term of its entry.
        first_term: Term,
        /// Who committed something else.
        second: NodeId,
        /// The term of its entry.
        second_term: Term,
    },
    /// A client was told that its command is done, and too few disks hold it. A node whose disk was lost or
    /// damaged is counted as if it still held what it had: that is the fault of the disk, not of the protocol.
    Durability {
        /// The last entry that a client was told of.
        index: Index,
        /// Its term.
        term: Term,
        /// How many nodes hold it.
        holders: u16,
        /// How many make a majority.
        needed: u16,
    },
    /// A read was answered from a state that lacks what a client had been told of before the read arrived (thesis
    /// §6.4).
    StaleRead {
        /// Who answered.
        node: NodeId,
        /// What it had applied.
        applied: Index,
        /// The last entry that a client had been told of when the read arrived.
        acknowledged: Index,
    },
}

impl Violation {
    /// The name of the property in the paper; the last two are the promises to clients that follow from them.
    pub fn name(&self) -> &'static str {
        match self {
            Violation::ElectionSafety { .. } => "Election Safety",
            Violation::LeaderAppendOnly { .. } => "Leader Append-Only",
            Violation::LogMatching { .. } => "Log Matching",
            Violation::LeaderCompleteness { .. } => "Leader Completeness",
            Violation::StateMachineSafety { .. } => "State Machine Safety",
            Violation::Durability { .. } => "Durability of acknowledged writes",
            Violation::StaleRead { .. } => "Linearizable reads",
        }
    }

    /// Where the property is stated.
    pub fn section(&self) -> &'static str {
        match self {
            Violation::ElectionSafety { .. } => "Raft Figure 3, §5.2",
            Violation::LeaderAppendOnly { .. } | Violation::LogMatching { .. } => "Raft Figure 3, §5.3",
            Violation::LeaderCompleteness { .. } => "Raft Figure 3, §5.4",
            Violation::StateMachineSafety { .. } => "Raft Figure 3, §5.4.3",
            Violation::Durability { .. } => "Raft Figure 2",
            Violation::StaleRead { .. } => "thesis §6.4",
        }
    }
}

/// An entry that was seen in some log.
#[derive(Clone, PartialEq, Debug)]
struct Known {
    term_before: Term,
    entry: Arc<Entry>,
    holder: NodeId,
}

/// An entry that some node committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Committed {
    term: Term,
    /// The term of the node that committed it first.
    in_term: Term,
    by: NodeId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Down,
    Member,
    /// Its disk was lost or damaged, and it was not readmitted.
    Out,
}

/// The end of the part of a log that is on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct End {
    index: Index,
    term: Term,
}

/// What a node was like after its last step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Seen {
    status: Status,
    leads_in: Option<Term>,
    last_index: Index,
    base_index: Index,
    commit: Index,
    /// What its disk held when it had nothing to write. Entries that were removed from the log are on the disk
    /// until the write that removes them is.
    settled: End,
    /// What it takes for durable now.
    durable: End,
}

/// Checks the properties that the paper proves.
#[derive(Clone, PartialEq, Debug)]
pub struct RaftMonitor {
    seen: Vec<Seen>,
    /// Who was elected in which term, in the order of the terms.
    leaders: Arc<Vec<(Term, NodeId)>>,
    /// The entries seen first at each index.
    known: Chunked<Known>,
    /// Other entries at the same indexes.
    variants: Arc<BTreeMap<(Index, Term), Known>>,
    committed: Chunked<Committed>,
    /// The last index that a client was told of.
    acknowledged: Index,
    has_reported_durability: bool,
    /// The reads that wait at a node, each with the last index that a client had been told of when it arrived.
    reads: Arc<BTreeMap<(NodeId, ClientId, RequestId), Index>>,
}

impl Monitor<Raft> for RaftMonitor {
    type Violation = Violation;

    fn new(nodes: u16, _options: &Options) -> Self {
        let seen = Seen {
            status: Status::Down,
            leads_in: None,
            last_index: 0,
            base_index: 0,
            commit: 0,
            settled: End::default(),
            durable: End::default(),
        };
        RaftMonitor {
            seen: vec![seen; usize::from(nodes)],
            leaders: Arc::default(),
            known: Chunked::starting_at(1),
            variants: Arc::default(),
            committed: Chunked::starting_at(1),
            acknowledged: 0,
            has_reported_durability: false,
            reads: Arc::default(),
        }
    }

    fn observe(&mut self, step: &Observation<'_, Raft>) -> Option<Violation> {
        let mut seen = *self.seen.get(step.node.index())?;
        let Some(node) = step.subject() else {
            if self.reads.keys().any(|(node, ..)| *node == step.node) {
                Arc::make_mut(&mut self.reads).retain(|(node, ..), _| *node != step.node);
            }
            if seen.status == Status::Member {
                seen.status = Status::Down;
                seen.leads_in = None;
                self.remember(step.node, seen);
            }
            return None;
        };
        if node.is_out() {
            if seen.status != Status::Out {
                seen.status = Status::Out;
                seen.leads_in = None;
                self.remember(step.node, seen);
            }
            return None;
        }
        let violation = self.look_at(step, node, &mut seen);
        self.remember(step.node, seen);
        violation
    }
}

impl RaftMonitor {
    fn remember(&mut self, node: NodeId, seen: Seen) {
        if let Some(place) = self.seen.get_mut(node.index()) {
            *place = seen;
        }
    }

    fn look_at(&mut self, step: &Observation<'_, Raft>, node: &Raft, seen: &mut Seen) -> Option<Violation> {
        let mut violation = None;
        let (has_started, was_down) = (seen.status != Status::Member, seen.status == Status::Down);
        let mut has_rewritten = has_started;
        let mut must_count_holders = has_started;
        // What clients had been told before this step; a read that arrives in it must not miss any of that.
        let acknowledged = self.acknowledged;
        for effect in step.effects {
            match &effect.body {
                EffectBody::Note => {
                    if let Reason::ReadWaitsForRound { client, request } = effect.why {
                        Arc::make_mut(&mut self.reads).insert((step.node, client, request), acknowledged);
                    }
                }
                EffectBody::Reply { client, request, answer, .. }
                    if matches!(effect.why, Reason::ReadConfirmed { .. })
                        || !matches!(answer, Answer::Done(_)) =>
                {
                    let asked = (step.node, *client, *request);
                    let known = self.reads.get(&asked).copied();
                    // During a transfer of leadership a leader refuses a copy of a read that goes on waiting.
                    let is_over = matches!(effect.why, Reason::ReadConfirmed { .. }) || !node.is_leader();
                    if is_over && known.is_some() {
                        Arc::make_mut(&mut self.reads).remove(&asked);
                    }
                    let (node, acknowledged) = (step.node, known.unwrap_or(acknowledged));
                    if let Reason::ReadConfirmed { applied, .. } = effect.why
                        && applied < acknowledged
                    {
                        violation.get_or_insert(Violation::StaleRead { node, applied, acknowledged });
                    }
                }
                EffectBody::Append { record: Record::Entry { index, entry } } => {
                    let replaces = *index <= seen.last_index;
                    must_count_holders |= replaces && *index <= self.acknowledged;
                    if replaces && node.is_leader() && seen.leads_in == Some(node.term()) {
                        let (leader, term) = (step.node, node.term());
                        violation.get_or_insert(Violation::LeaderAppendOnly { leader, term, index: *index });
                    }
                    seen.last_index = *index;
                    if let Some(term_before) = node.log().term(index - 1) {
                        violation = violation.or(self.register(*index, term_before, entry, step.node));
                    }
                }
                EffectBody::Rewrite { .. } => has_rewritten = true,
                EffectBody::Reply { answer: Answer::Done(_), .. } => {
                    let told_of = match effect.why {
                        Reason::AppliedAndAnswered { index, .. } => index,
                        Reason::AnsweredFromSession { .. } => node.applied_index(),
                        _ => 0,
                    };
                    if told_of > self.acknowledged {
                        self.acknowledged = told_of;
                        must_count_holders = true;
                    }
                }
                _ => {}
            }
        }
        if has_rewritten {
            violation = violation.or(self.read_whole_log(node, seen, has_started));
        }
        self.read_durable(node, seen, has_started, was_down);
        if node.commit_index() != seen.commit {
            violation = violation.or(self.check_commits(node, seen));
        }
        let leads_in = node.is_leader().then_some(node.term());
        if leads_in != seen.leads_in {
            seen.leads_in = leads_in;
            if leads_in.is_some() {
                violation = violation.or_else(|| self.check_election(node)).or(self.check_completeness(node));
            }
        }
        if must_count_holders {
            self.remember(step.node, *seen);
            violation = violation.or(self.count_holders());
        }
        violation
    }

    /// Election Safety: at most one leader in a term.
    fn check_election(&mut self, node: &Raft) -> Option<Violation> {
        let (term, second) = (node.term(), node.id());
        match self.leaders.binary_search_by_key(&term, |(term, _)| *term) {
            Ok(position) => {
                let (_, first) = *self.leaders.get(position)?;
                (first != second).then_some(Violation::ElectionSafety { term, first, second })
            }
            Err(position) => {
                Arc::make_mut(&mut self.leaders).insert(position, (term, second));
                None
            }
        }
    }

    /// Leader Completeness: a leader has all that was committed in earlier terms. By Log Matching it is enough
    /// to look at the last of it.
    fn check_completeness(&self, node: &Raft) -> Option<Violation> {
        let mut index = self.committed.end().checked_sub(1)?;
        while self.committed.get(index)?.in_term >= node.term() {
            index -= 1;
        }
        let committed_term = self.committed.get(index)?.term;
        let found_term = node.log().term(index);
        if index <= node.log().base_index() || found_term == Some(committed_term) {
            return None;
        }
        let (leader, term) = (node.id(), node.term());
        Some(Violation::LeaderCompleteness { leader, term, index, committed_term, found_term })
    }

    /// Log Matching: what has the same index and term is the same entry, behind the same entry. By induction
    /// the logs are then identical up to there.
    fn register(
        &mut self,
        index: Index,
        term_before: Term,
        entry: &Arc<Entry>,
        holder: NodeId,
    ) -> Option<Violation> {
        if let Some(known) = self.find(index, entry.term) {
            let is_same = known.term_before == term_before
                && (Arc::ptr_eq(&known.entry, entry) || known.entry == *entry);
            let (first, term) = (known.holder, entry.term);
            return (!is_same).then_some(Violation::LogMatching { index, term, first, second: holder });
        }
        let known = Known { term_before, entry: entry.clone(), holder };
        if index == self.known.end() {
            self.known.push(known);
        } else if index >= self.known.start() {
            Arc::make_mut(&mut self.variants).insert((index, entry.term), known);
        }
        None
    }

    fn find(&self, index: Index, term: Term) -> Option<&Known> {
        match self.known.get(index) {
            Some(known) if known.entry.term == term => Some(known),
            Some(_) | None => self.variants.get(&(index, term)),
        }
    }

    /// A process has started, or its disk was rewritten: its log may be anything.
    fn read_whole_log(&mut self, node: &Raft, seen: &mut Seen, has_started: bool) -> Option<Violation> {
        let mut violation = None;
        let mut term_before = node.log().base_term();
        for (index, entry) in node.log().iter() {
            violation = violation.or(self.register(index, term_before, entry, node.id()));
            term_before = entry.term;
        }
        seen.status = Status::Member;
        seen.last_index = node.log().last_index();
        // Where the log holds the last entry that the snapshot includes, it must be that one.
        let covered = node.snapshot().last_included_index;
        if let Some(term) = node.log().term(covered)
            && term != node.snapshot().last_included_term
        {
            violation = violation.or_else(|| self.check_commit(covered, term, node));
        }
        if has_started {
            // It knows only what its snapshot tells, and will commit the rest again.
            seen.commit = node.snapshot().last_included_index;
            let (index, term) = (seen.commit, node.snapshot().last_included_term);
            violation = violation.or_else(|| self.check_commit(index, term, node));
        }
        if seen.base_index != node.log().base_index() {
            seen.base_index = node.log().base_index();
            self.remember(node.id(), *seen);
            self.forget_what_all_have_compacted();
        }
        violation
    }

    fn forget_what_all_have_compacted(&mut self) {
        let members = self.seen.iter().filter(|seen| seen.status != Status::Out);
        let Some(base_index) = members.map(|seen| seen.base_index).min() else { return };
        self.known.forget_before(base_index);
        self.committed.forget_before(base_index);
        let first = self.known.start();
        if self.variants.keys().next().is_some_and(|(index, _)| *index < first) {
            let rest = Arc::make_mut(&mut self.variants).split_off(&(first, 0));
            self.variants = Arc::new(rest);
        }
    }

    /// State Machine Safety: whoever commits an index commits the same entry there.
    fn check_commits(&mut self, node: &Raft, seen: &mut Seen) -> Option<Violation> {
        let mut violation = None;
        for index in seen.commit.max(node.log().base_index().saturating_sub(1)) + 1..=node.commit_index() {
            if let Some(term) = node.log().term(index) {
                violation = violation.or(self.check_commit(index, term, node));
            }
        }
        seen.commit = node.commit_index();
        violation
    }

    fn check_commit(&mut self, index: Index, term: Term, node: &Raft) -> Option<Violation> {
        match self.committed.get(index) {
            Some(known) if known.term != term => Some(Violation::StateMachineSafety {
                index,
                first: known.by,
                first_term: known.term,
                second: node.id(),
                second_term: term,
            }),
            Some(_) => None,
            None => {
                if index == self.committed.end() {
                    self.committed.push(Committed { term, in_term: node.term(), by: node.id() });
                }
                None
            }
        }
    }

    fn read_durable(&self, node: &Raft, seen: &mut Seen, has_started: bool, was_down: bool) {
        let index = node.durable_index();
        // A process that has just started knows of nothing that it is durable. What was, before it died, still is.
        if was_down && index < seen.settled.index {
            let last = End { index: node.log().last_index(), term: node.log().last_term() };
            for end in [&mut seen.settled, &mut seen.durable] {
                let has_it =
                    end.index < node.log().base_index() || node.log().term(end.index) == Some(end.term);
                if !has_it {
                    *end = End { index: end.index.min(last.index), term: last.term };
                }
            }
            return;
        }
        if index != seen.durable.index || has_started {
            seen.durable = End { index, term: node.log().term(index).unwrap_or(node.log().base_term()) };
            if has_started || index >= seen.settled.index || index == node.log().last_index() {
                seen.settled = seen.durable;
            }
        }
    }

    /// Durability of acknowledged writes: a majority holds them on disk, at every moment after a client was
    /// told.
    fn count_holders(&mut self) -> Option<Violation> {
        let index = self.acknowledged;
        let term = self.committed.get(index)?.term;
        let holds = |seen: &&Seen| {
            seen.status == Status::Out
                || index <= seen.base_index
                || self.leads_to(seen.settled, index, term)
                || self.leads_to(seen.durable, index, term)
        };
        let holders = self.seen.iter().filter(holds).count();
        let needed = majority(self.seen.len() as u16);
        if holders >= needed || self.has_reported_durability {
            return None;
        }
        self.has_reported_durability = true;
        Some(Violation::Durability { index, term, holders: holders as u16, needed: needed as u16 })
    }

    /// Whether a log with this end holds an entry: each entry is known with the term before it.
    fn leads_to(&self, end: End, index: Index, term: Term) -> bool {
        if end.index < index {
            return false;
        }
        let mut end = end;
        while end.index > index {
            // What is no longer known was compacted by all, so it was committed and is the same for all.
            let Some(known) = self.find(end.index, end.term) else { return true };
            end = End { index: end.index - 1, term: known.term_before };
        }
        end.term == term
    }
}
