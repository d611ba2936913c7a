//! Snapshots (Raft §7): each node compacts its own log, and a leader sends its snapshot in chunks to a
//! follower that needs entries which are gone.

use std::sync::Arc;

use super::log::{Index, Log, Term};
use super::message::{AppendResult, InstallSnapshot, Message};
use super::options::{Options, Rule};
use super::progress::ProgressState;
use super::reason::Reason;
use super::state::RoleState;
use super::storage::{Machine, Snapshot};
use super::{Context, Raft};
use crate::protocol::NodeId;

/// The longest snapshot that is sent or taken in, in bytes.
const SNAPSHOT_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// How many times the usual length a leader's log may have while it sends a snapshot.
const KEPT_FOR_SENDING: u64 = 8;

/// A snapshot that a leader is sending to one follower.
#[derive(Clone, PartialEq, Debug)]
pub struct Outgoing {
    /// It covers the log up to here.
    pub last_included_index: Index,
    /// The term of that entry.
    pub last_included_term: Term,
    /// How many bytes the follower has confirmed.
    pub bytes_confirmed: u32,
    bytes: Arc<[u8]>,
    /// The heartbeat round at the time when the last chunk was sent.
    sent_in_round: u64,
}

impl Outgoing {
    /// How long it is, in bytes.
    pub fn total_bytes(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn is_same_as(&self, other: &Snapshot) -> bool {
        self.last_included_index == other.last_included_index
            && self.last_included_term == other.last_included_term
    }
}

/// A snapshot that a follower is receiving. It may go on under another leader, because a snapshot at an index
/// is the same on all nodes.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Incoming {
    last_included_index: Index,
    last_included_term: Term,
    total_bytes: u32,
    bytes: Arc<Vec<u8>>,
}

impl Incoming {
    pub(super) fn extent(&self) -> (Index, u32, u32) {
        (self.last_included_index, self.bytes.len() as u32, self.total_bytes)
    }
}

/// The answer to a chunk.
#[derive(Clone, Copy)]
pub(super) struct Receipt {
    pub(super) term: Term,
    pub(super) last_included_index: Index,
    pub(super) offset_bytes: u32,
    pub(super) bytes_received: u32,
    pub(super) installed: bool,
    pub(super) counts: bool,
}

impl Raft {
    /// Takes a snapshot when enough was applied since the last, and compacts the log behind it. A tail of
    /// entries stays for followers that are a little behind.
    pub(super) fn snapshot_if_due(&mut self, cx: &mut Context) {
        let every = u64::from(cx.options.snapshot_every_entries);
        if every == 0 || self.applied - self.snapshot.last_included_index.min(self.applied) < every {
            return;
        }
        let Some(term) = self.log.term(self.applied) else { return };
        let mut machine = self.machine.clone();
        if machine.store.sessions().len() > 0 && cx.breaks(Rule::SnapshotWithoutSessions) {
            machine.store = machine.store.without_sessions();
        }
        self.snapshot = Snapshot { last_included_index: self.applied, last_included_term: term, machine };
        self.log.compact(self.first_needed(cx.options));
        let why = Reason::TookSnapshot { last_included_index: self.applied, log_base: self.log.base_index() };
        cx.effects.note(why);
        self.rewrite_disk(why, cx);
    }

    /// Up to where the log may be compacted: a tail stays, and what follows a snapshot that is being sent, so that the
    /// follower needs no second one when it has installed it. Only so much of the latter, because one that takes for
    /// ever must not fill the disk.
    fn first_needed(&self, options: &Options) -> Index {
        let tail = u64::from(options.log_tail_entries);
        let most = (u64::from(options.snapshot_every_entries) + tail) * KEPT_FOR_SENDING;
        let behind_tail = self.applied.saturating_sub(tail);
        let RoleState::Leader(leadership) = &self.role else { return behind_tail };
        let sending = leadership.progress.iter().filter_map(|progress| match &progress.state {
            ProgressState::Snapshot(outgoing) => Some(outgoing.last_included_index),
            _ => None,
        });
        sending.filter(|index| self.applied - index.min(&self.applied) <= most).fold(behind_tail, Index::min)
    }

    /// The follower needs an entry that was compacted.
    pub(super) fn begin_snapshot(&mut self, to: NodeId, cx: &mut Context) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        // Followers that need the same snapshot share its bytes.
        let shared = leadership.progress.iter().find_map(|progress| match &progress.state {
            ProgressState::Snapshot(outgoing) if outgoing.is_same_as(&self.snapshot) => {
                Some(outgoing.bytes.clone())
            }
            _ => None,
        });
        let bytes = match shared {
            Some(bytes) => bytes,
            None => match postcard::to_allocvec(&self.snapshot.machine) {
                Ok(bytes) => Arc::from(bytes),
                // Plain data in memory can be serialised. Should it ever not be, the follower stays behind.
                Err(_) => return,
            },
        };
        let Some(progress) = leadership.progress.get_mut(to.index()) else { return };
        progress.state = ProgressState::Snapshot(Outgoing {
            last_included_index: self.snapshot.last_included_index,
            last_included_term: self.snapshot.last_included_term,
            bytes_confirmed: 0,
            bytes,
            sent_in_round: 0,
        });
        let last_included_index = self.snapshot.last_included_index;
        cx.effects.note(Reason::NeedsSnapshot {
            node: to,
            next_index: progress.next_index,
            log_base: self.log.base_index(),
            last_included_index,
        });
        self.send_snapshot_chunk(to, cx);
    }

    fn send_snapshot_chunk(&mut self, to: NodeId, cx: &mut Context) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let round = leadership.round;
        let Some(progress) = leadership.progress.get_mut(to.index()) else { return };
        let ProgressState::Snapshot(outgoing) = &mut progress.state else { return };
        outgoing.sent_in_round = round;
        let offset_bytes = outgoing.bytes_confirmed;
        let rest = outgoing.bytes.get(offset_bytes as usize..).unwrap_or_default();
        let length = rest.len().min(cx.options.snapshot_chunk_bytes_max as usize);
        let data = Arc::from(rest.get(..length).unwrap_or_default());
        let total_bytes = outgoing.total_bytes();
        let message = InstallSnapshot {
            term: self.term,
            last_included_index: outgoing.last_included_index,
            last_included_term: outgoing.last_included_term,
            offset_bytes,
            total_bytes,
            data,
        };
        let why = Reason::SendsSnapshotChunk { to, offset_bytes, total_bytes };
        cx.effects.send(to, Message::InstallSnapshot(message), why);
    }

    /// A chunk, or its answer, was probably lost when a heartbeat of a later round has been answered and it
    /// has not.
    pub(super) fn resend_snapshot_chunk(&mut self, to: NodeId, answered_round: u64, cx: &mut Context) {
        let RoleState::Leader(leadership) = &self.role else { return };
        let Some(progress) = leadership.progress.get(to.index()) else { return };
        if let ProgressState::Snapshot(outgoing) = &progress.state
            && answered_round > outgoing.sent_in_round + 1
        {
            self.send_snapshot_chunk(to, cx);
        }
    }

    pub(super) fn on_install_snapshot(&mut self, from: NodeId, install: InstallSnapshot, cx: &mut Context) {
        let InstallSnapshot { term, last_included_index, last_included_term, offset_bytes, .. } = install;
        let response = |term, bytes_received, installed, counts| Message::InstallSnapshotResponse {
            term,
            last_included_index,
            offset_bytes,
            bytes_received,
            installed,
            counts,
        };
        if !self.follow(from, term, cx) {
            let why = Reason::RefusedOldLeader { leader: from, term, own_term: self.term };
            // The leader of this term sends a snapshot of its own, perhaps to this node, and the bytes of the old one say
            // nothing of it.
            let (result, counts) = (AppendResult::OldTerm, !self.is_out());
            let message = Message::AppendEntriesResponse { term: self.term, round: 0, result, counts };
            self.respond(from, message, why, cx);
            return;
        }
        let is_old = last_included_index < self.commit;
        if last_included_index <= self.commit && !(is_old && cx.breaks(Rule::InstallOldSnapshot)) {
            self.incoming_snapshot = None;
            let why = Reason::SnapshotNotNeeded { last_included_index, commit: self.commit };
            // What this node has instead must be durable before it counts.
            let message = response(term, install.total_bytes, true, !self.is_out());
            self.respond_when_durable(from, message, why, cx);
            return;
        }
        let received = self.receive_chunk(&install);
        let counts = !self.is_out();
        if received < install.total_bytes {
            let why =
                Reason::ReceivedSnapshotChunk { bytes_received: received, total_bytes: install.total_bytes };
            self.respond(from, response(term, received, false, counts), why, cx);
            return;
        }
        let Some(incoming) = self.incoming_snapshot.take() else { return };
        let Ok(machine) = postcard::from_bytes::<Machine>(&incoming.bytes) else {
            // Begins anew; the answer says that nothing was received.
            self.respond(from, response(term, 0, false, counts), Reason::SnapshotUnreadable, cx);
            return;
        };
        self.install(Snapshot { last_included_index, last_included_term, machine }, from, cx);
        let why = Reason::InstalledSnapshot { leader: from, last_included_index, last_included_term };
        let message = response(term, install.total_bytes, true, counts);
        if counts {
            if cx.breaks(Rule::SnapshotBeforeSync) {
                cx.effects.send(from, message, why);
            } else {
                self.respond_when_durable(from, message, why, cx);
            }
        } else {
            cx.effects.send(from, message, why);
        }
    }

    /// Adds a chunk to what was received, if it is the next one. Returns how many bytes there are.
    fn receive_chunk(&mut self, install: &InstallSnapshot) -> u32 {
        let is_same = self.incoming_snapshot.as_ref().is_some_and(|incoming| {
            incoming.last_included_index == install.last_included_index
                && incoming.last_included_term == install.last_included_term
                && incoming.total_bytes == install.total_bytes
        });
        if !is_same {
            self.incoming_snapshot = Some(Incoming {
                last_included_index: install.last_included_index,
                last_included_term: install.last_included_term,
                total_bytes: install.total_bytes.min(SNAPSHOT_BYTES_MAX),
                bytes: Arc::default(),
            });
        }
        let Some(incoming) = &mut self.incoming_snapshot else { return 0 };
        let room = (incoming.total_bytes as usize).saturating_sub(incoming.bytes.len());
        if install.offset_bytes as usize == incoming.bytes.len() && install.data.len() <= room {
            Arc::make_mut(&mut incoming.bytes).extend_from_slice(&install.data);
        }
        incoming.bytes.len() as u32
    }

    /// Replaces the state by a snapshot. Entries behind it stay if the log holds the one that it ends with;
    /// otherwise the whole log goes (Raft Figure 13, steps 6 and 7).
    fn install(&mut self, snapshot: Snapshot, from: NodeId, cx: &mut Context) {
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        let fits = self.log.term(index) == Some(term);
        if fits || (self.log.last_index() > index && cx.breaks(Rule::KeepLogBehindSnapshot)) {
            self.log.compact(index);
        } else {
            self.truncate_log(self.commit + 1);
            self.log = Log::starting_after(index, term);
        }
        self.machine = snapshot.machine.clone();
        self.snapshot = snapshot;
        self.commit = index;
        self.applied = index;
        let why =
            Reason::InstalledSnapshot { leader: from, last_included_index: index, last_included_term: term };
        cx.effects.note(why);
        self.rewrite_disk(why, cx);
        self.return_if_readmitted(cx);
    }

    pub(super) fn on_install_snapshot_response(&mut self, from: NodeId, receipt: Receipt, cx: &mut Context) {
        let Receipt { term, last_included_index, offset_bytes, bytes_received, installed, counts } = receipt;
        if term > self.term {
            self.become_follower(term, None, Reason::HigherTerm { from, term, old_term: self.term }, cx);
            return;
        }
        if term < self.term || !self.hear_follower(from, counts, cx) {
            cx.effects.note(Reason::LateAnswer { from, term });
            return;
        }
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.progress.get_mut(from.index()) else { return };
        let ProgressState::Snapshot(outgoing) = &mut progress.state else {
            cx.effects.note(Reason::LateAnswer { from, term });
            self.replicate_to(from, cx);
            return;
        };
        if outgoing.last_included_index != last_included_index {
            cx.effects.note(Reason::LateAnswer { from, term });
            return;
        }
        if installed {
            progress.state = ProgressState::Probe { waiting: false };
            progress.matched(last_included_index, counts);
            cx.effects.note(Reason::MatchAdvanced { node: from, match_index: last_included_index });
            self.advance_commit(cx);
            self.replicate_to(from, cx);
            self.continue_transfer(from, cx);
        } else if (bytes_received > outgoing.bytes_confirmed && bytes_received <= outgoing.total_bytes())
            // It has less than it was thought to have, because it was restarted: so it answers to the chunk that was
            // sent last. A late answer to an earlier chunk says nothing.
            || (offset_bytes == outgoing.bytes_confirmed && bytes_received < outgoing.bytes_confirmed)
        {
            outgoing.bytes_confirmed = bytes_received;
            cx.effects.note(Reason::SnapshotChunkConfirmed { node: from, bytes_received });
            self.send_snapshot_chunk(from, cx);
        } else {
            cx.effects.note(Reason::LateAnswer { from, term });
        }
    }
}
