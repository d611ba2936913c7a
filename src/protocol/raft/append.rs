//! Log replication, the follower's side (Raft §5.3, Figure 2 "AppendEntries RPC: Receiver implementation").

use std::sync::Arc;

use super::log::{Entry, Index, Term};
use super::message::{AppendEntries, AppendResult, Message};
use super::options::Rule;
use super::reason::Reason;
use super::{Context, Raft};
use crate::protocol::NodeId;

impl Raft {
    pub(super) fn on_append_entries(&mut self, from: NodeId, append: AppendEntries, cx: &mut Context) {
        let AppendEntries { term, previous_log_index, previous_log_term, round, .. } = append;
        if !self.follow(from, term, cx) {
            // The round is one of the old term. Were it repeated, and were the old leader elected again, it would
            // take this refusal for an answer to a round of the new term, and answer a read with an old value.
            let round = if cx.breaks(Rule::CountOldRounds) { round } else { 0 };
            let (result, counts) = (AppendResult::OldTerm, !self.is_out());
            let message = Message::AppendEntriesResponse { term: self.term, round, result, counts };
            self.respond(
                from,
                message,
                Reason::RefusedOldLeader { leader: from, term, own_term: self.term },
                cx,
            );
            return;
        }
        if !self.agrees_at(previous_log_index, previous_log_term)
            && (previous_log_index > self.log.last_index() || !cx.breaks(Rule::SkipConsistencyCheck))
        {
            let hint_index = self.log.last_index_of_term_at_most(previous_log_index, previous_log_term);
            let hint_term = self.log.term(hint_index).unwrap_or(0);
            let result = AppendResult::Rejected { previous_log_index, hint_index, hint_term };
            let why = Reason::RefusedNoSuchEntry { previous_log_index, previous_log_term, hint_index };
            let message = Message::AppendEntriesResponse { term, round, result, counts: !self.is_out() };
            self.respond(from, message, why, cx);
            return;
        }
        let match_index = previous_log_index + append.entries.len();
        let Ok(has_appended) = self.take_entries(from, previous_log_index, append.entries.as_slice(), cx)
        else {
            return;
        };
        let mut committed = append.leader_commit.min(match_index);
        let beyond = append.leader_commit.min(self.log.last_index());
        if beyond > committed && cx.breaks(Rule::CommitBeyondVerified) {
            committed = beyond;
        }
        let received = self.log.last_index();
        if has_appended && received > committed && cx.breaks(Rule::ApplyUncommitted) {
            committed = received;
        }
        if committed > self.commit {
            cx.effects.note(Reason::CommitLearned { leader: from, commit: committed });
            self.commit_to(committed, cx);
        }
        self.acknowledge(from, round, match_index, has_appended || !append.entries.is_empty(), cx);
    }

    /// Takes a leader for what it says it is, unless its term has passed (Raft §5.1, §5.2).
    pub(super) fn follow(&mut self, from: NodeId, term: Term, cx: &mut Context) -> bool {
        // Two leaders in one term contradict Election Safety (§5.2). It happens only when a rule is broken on
        // purpose; neither takes orders from the other.
        if (term == self.term && self.is_leader()) || (term < self.term && !cx.breaks(Rule::FollowOldLeader))
        {
            return false;
        }
        let why = Reason::HeardFromLeader { leader: from, term };
        if term > self.term || self.leader != Some(from) || !self.is_follower() {
            self.become_follower(term, Some(from), why, cx);
        }
        self.leader_heard_at_us = cx.surroundings.now_us;
        self.reset_election_timer(why, cx);
        true
    }

    fn is_follower(&self) -> bool {
        matches!(self.role, super::state::RoleState::Follower)
    }

    /// Whether this log holds the entry before the new ones. What compaction removed was committed, and every
    /// later leader has it (Leader Completeness, Raft §5.4.3).
    fn agrees_at(&self, index: Index, term: Term) -> bool {
        index < self.log.base_index() || self.log.term(index) == Some(term)
    }

    /// Removes what conflicts with the leader's entries and appends what is missing. An entry that is already
    /// there stays, with all that follows: the message may be an old one. Returns whether it appended.
    fn take_entries(
        &mut self,
        leader: NodeId,
        previous_log_index: Index,
        entries: &[Arc<Entry>],
        cx: &mut Context,
    ) -> Result<bool, Conflict> {
        let mut has_appended = false;
        for (index, entry) in (previous_log_index + 1..).zip(entries) {
            if index <= self.log.base_index() {
                continue;
            }
            match self.log.term(index) {
                Some(term) if term == entry.term => continue,
                Some(term) if index <= self.commit => {
                    // No correct leader asks for it (State Machine Safety, Raft §5.4.3).
                    cx.effects.note(Reason::RefusedToOverwriteCommitted {
                        index,
                        term,
                        leader_term: entry.term,
                    });
                    return Err(Conflict);
                }
                Some(_) if cx.breaks(Rule::KeepConflicts) => continue,
                Some(term) => {
                    let count = self.log.last_index() + 1 - index;
                    cx.effects.note(Reason::RemovedConflict {
                        index,
                        term,
                        leader_term: entry.term,
                        count: count as u32,
                    });
                    self.truncate_log(index);
                }
                None => {}
            }
            self.log.push(entry.clone());
            self.persist_entry(index, Reason::Appended { leader, index, term: entry.term }, cx);
            has_appended = true;
        }
        // What follows the entries of a message that all match was acknowledged, perhaps, and stays.
        let behind = previous_log_index + entries.len() as u64 + 1;
        if behind.max(self.commit + 1) <= self.log.last_index() && cx.breaks(Rule::TruncateOnStale) {
            self.truncate_log(behind.max(self.commit + 1));
        }
        Ok(has_appended)
    }

    /// Tells the leader up to where this log is the leader's and durable. What is not yet on disk is
    /// acknowledged when it is; a heartbeat is answered at once with what is.
    fn acknowledge(&mut self, leader: NodeId, round: u64, index: Index, had_entries: bool, cx: &mut Context) {
        let counts = !self.is_out();
        let durable_index = self.disk.durable_index();
        let response = |term, match_index| {
            let result = AppendResult::Matched { match_index };
            Message::AppendEntriesResponse { term, round, result, counts }
        };
        let message = response(self.term, index);
        if !counts {
            // It is not on disk, and does not count; the leader only needs to know what to send next.
            cx.effects.send(leader, message, Reason::ReceivedWithoutCounting { match_index: index });
        } else if index > durable_index
            && (had_entries || !self.disk.hard_state_is_durable())
            && !cx.breaks(Rule::AcknowledgeBeforeSync)
        {
            self.respond_when_durable(leader, message, Reason::Acknowledges { match_index: index }, cx);
        } else {
            let match_index = match cx.options.break_rules.acknowledge_before_sync {
                true => index,
                false => index.min(durable_index),
            };
            self.respond(leader, response(self.term, match_index), Reason::Acknowledges { match_index }, cx);
        }
    }
}

/// A leader wants a committed entry overwritten.
struct Conflict;
