//! Log replication, the leader's side (Raft §5.3).

use std::sync::Arc;

use super::log::{Entry, Index, Payload, Term};
use super::message::{AppendEntries, AppendResult, Entries, Message, Timer};
use super::options::Rule;
use super::progress::ProgressState;
use super::reason::Reason;
use super::state::RoleState;
use super::{Context, Raft};
use crate::protocol::NodeId;

/// A batch that was made for one follower and fits the next one that stands at the same place.
struct Batch {
    next_index: Index,
    entries: Entries,
}

impl Raft {
    /// Appends an entry of its own to a leader's log. It counts as the leader's copy once it is on disk.
    #[track_caller]
    pub(super) fn append_as_leader(&mut self, payload: Payload, why: Reason, cx: &mut Context) -> Index {
        let index = self.log.push(Arc::new(Entry { term: self.term, payload }));
        self.persist_entry(index, why, cx);
        index
    }

    /// Sends each follower what it lacks, as far as its window allows.
    pub(super) fn replicate_to_all(&mut self, cx: &mut Context) {
        let mut batch = None;
        for to in cx.others(self.id) {
            self.replicate(to, &mut batch, cx);
        }
    }

    pub(super) fn replicate_to(&mut self, to: NodeId, cx: &mut Context) {
        self.replicate(to, &mut None, cx);
    }

    fn replicate(&mut self, to: NodeId, batch: &mut Option<Batch>, cx: &mut Context) {
        let last_index = self.log.last_index();
        loop {
            let RoleState::Leader(leadership) = &mut self.role else { return };
            let (round, leader_commit) = (leadership.round, self.commit);
            let Some(progress) = leadership.progress.get_mut(to.index()) else { return };
            let next_index = progress.next_index;
            let may_send = match &progress.state {
                ProgressState::Probe { waiting } => !waiting,
                ProgressState::Pipeline { in_flight } => {
                    next_index <= last_index && in_flight.len() < cx.options.messages_in_flight_max as usize
                }
                ProgressState::Snapshot(_) => false,
            };
            if !may_send {
                return;
            }
            let previous_log_index = next_index - 1;
            let Some(previous_log_term) = self.log.term(previous_log_index) else {
                self.begin_snapshot(to, cx);
                return;
            };
            let entries = match batch {
                Some(made) if made.next_index == next_index => made.entries.clone(),
                _ => {
                    let limit = cx.options.entries_per_message_max as usize;
                    let wanted = self.log.iter_from(next_index).take(limit).map(|(_, entry)| entry.clone());
                    let entries = Entries::of(wanted.collect());
                    *batch = Some(Batch { next_index, entries: entries.clone() });
                    entries
                }
            };
            let count = entries.len();
            let why = match &mut progress.state {
                ProgressState::Pipeline { in_flight } => {
                    progress.next_index += count;
                    in_flight.push_back(previous_log_index + count);
                    Reason::Replicates { to, first_index: next_index, count: count as u32 }
                }
                ProgressState::Probe { waiting } => {
                    *waiting = true;
                    Reason::Probes { to, previous_log_index, count: count as u32 }
                }
                ProgressState::Snapshot(_) => return,
            };
            let message = AppendEntries {
                term: self.term,
                previous_log_index,
                previous_log_term,
                entries,
                leader_commit,
                round,
            };
            cx.effects.send(to, Message::AppendEntries(message), why);
        }
    }

    pub(super) fn on_heartbeat_due(&mut self, cx: &mut Context) {
        if !self.is_leader() {
            return;
        }
        let why = Reason::HeartbeatDue { term: self.term };
        cx.effects.set_timer(Timer::Heartbeat, cx.options.heartbeat_interval_us, why);
        self.send_heartbeats(cx);
    }

    /// Begins a round of heartbeats and returns its number.
    pub(super) fn send_heartbeats(&mut self, cx: &mut Context) -> u64 {
        let RoleState::Leader(leadership) = &mut self.role else { return 0 };
        leadership.round += 1;
        let round = leadership.round;
        for to in cx.others(self.id) {
            self.send_heartbeat(to, round, cx);
        }
        round
    }

    /// A heartbeat is an AppendEntries without entries (Raft §5.2).
    fn send_heartbeat(&mut self, to: NodeId, round: u64, cx: &mut Context) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.progress.get_mut(to.index()) else { return };
        let (asks_about, is_needed) = progress.heartbeat_asks_about();
        // What was compacted cannot be asked about; index 0 matches in every log, and shows nothing.
        let known = self.log.term(asks_about);
        let (previous_log_index, previous_log_term) = known.map_or((0, 0), |term| (asks_about, term));
        let message = AppendEntries {
            term: self.term,
            previous_log_index,
            previous_log_term,
            entries: Entries::NONE,
            leader_commit: self.commit,
            round,
        };
        cx.effects.send(
            to,
            Message::AppendEntries(message),
            Reason::KeepsAuthority { to, term: self.term, round },
        );
        if known.is_none() && is_needed {
            // Whether the follower has that entry cannot be found out any more.
            self.begin_snapshot(to, cx);
        }
    }

    pub(super) fn on_append_entries_response(
        &mut self,
        from: NodeId,
        term: Term,
        round: u64,
        result: AppendResult,
        counts: bool,
        cx: &mut Context,
    ) {
        if term > self.term {
            self.become_follower(term, None, Reason::HigherTerm { from, term, old_term: self.term }, cx);
            return;
        }
        if term < self.term || !self.is_leader() {
            cx.effects.note(Reason::LateAnswer { from, term });
            return;
        }
        if !self.hear_follower(from, counts, cx) {
            return;
        }
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.progress.get_mut(from.index()) else { return };
        // A round that was not begun yet cannot have been answered.
        let was_begun = round <= leadership.round || cx.breaks(Rule::CountOldRounds);
        if was_begun && (counts || (round > 0 && cx.breaks(Rule::CountKeptOut))) {
            progress.acknowledged_round = progress.acknowledged_round.max(round);
        }
        match result {
            AppendResult::OldTerm => {
                // It answers a message from another term of this leader, so it tells nothing of the logs.
                cx.effects.note(Reason::LateAnswer { from, term });
                self.confirm_reads(cx);
                return;
            }
            AppendResult::Matched { match_index } if match_index > self.log.last_index() => {
                cx.effects.note(Reason::ImpossibleMessage { from, term });
                return;
            }
            AppendResult::Matched { match_index } => {
                if progress.matched(match_index, counts) {
                    cx.effects.note(Reason::MatchAdvanced { node: from, match_index });
                } else {
                    cx.effects.note(Reason::HeartbeatAnswered { node: from, round });
                }
                self.advance_commit(cx);
            }
            AppendResult::Rejected { previous_log_index, hint_index, hint_term } => {
                self.backtrack(from, previous_log_index, hint_index, hint_term, cx);
            }
        }
        self.resend_snapshot_chunk(from, round, cx);
        self.replicate_to(from, cx);
        self.confirm_reads(cx);
        self.continue_transfer(from, cx);
    }

    /// Takes note of a sign of life. Returns whether there is a leadership to go on with.
    pub(super) fn hear_follower(&mut self, from: NodeId, counts: bool, cx: &mut Context) -> bool {
        let RoleState::Leader(leadership) = &mut self.role else { return false };
        if counts {
            leadership.heard(from);
        }
        let Some(progress) = leadership.progress.get_mut(from.index()) else { return false };
        if progress.counts && !counts {
            progress.stop_counting();
            cx.effects.note(Reason::DoesNotCount { node: from });
        } else if counts && !progress.counts {
            progress.count_again();
        }
        progress.counts = counts;
        true
    }

    /// The follower has no such entry. Its hint and the leader's own log tell how far back the logs can agree
    /// at best, which skips whole terms instead of single entries (Raft §5.3, end).
    fn backtrack(
        &mut self,
        from: NodeId,
        previous_log_index: Index,
        hint_index: Index,
        hint_term: Term,
        cx: &mut Context,
    ) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.progress.get_mut(from.index()) else { return };
        if !progress.counts && previous_log_index <= progress.received_index {
            // A node that is kept out remembers nothing across a restart.
            progress.received_index = 0;
        }
        let is_current = match progress.state {
            ProgressState::Probe { .. } => previous_log_index == progress.next_index - 1,
            ProgressState::Pipeline { .. } => {
                previous_log_index > progress.held_index() && previous_log_index < progress.next_index
            }
            ProgressState::Snapshot(_) => false,
        };
        if !is_current {
            cx.effects.note(Reason::LateAnswer { from, term: self.term });
            return;
        }
        let agree_at_most =
            self.log.last_index_of_term_at_most(hint_index.min(previous_log_index), hint_term);
        // Where the leader's own log was compacted below the hint, the hint is as good as it gets.
        let agree_at_most = agree_at_most.min(hint_index).min(previous_log_index.saturating_sub(1));
        let before = progress.next_index;
        progress.probe_from(agree_at_most + 1);
        let next_index = progress.next_index;
        if next_index >= before {
            // The follower lacks what it was known to hold. Asking for the same again at once would go on for ever at
            // the speed of the network; the next heartbeat asks.
            progress.state = ProgressState::Probe { waiting: true };
        }
        cx.effects.note(Reason::Backtracks { node: from, rejected_index: previous_log_index, next_index });
    }
}
