//! Why a node does what it does: the rules of Raft by name, with the figures that a sentence needs.

use serde::{Deserialize, Serialize};

use super::log::{Index, Term};
use crate::protocol::{ClientId, NodeId, RequestId};

/// Why a disk cannot be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskLoss {
    /// There is nothing on it.
    Empty,
    /// A record that was whole does not match its checksum, or the records contradict each other.
    Damaged,
    /// The node was kept out before, and was not readmitted since.
    StillOut,
}

/// A rule, and the figures that it was applied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The node read its disk and takes part.
    Started {
        /// The term that it was in.
        term: Term,
        /// The last index of its log.
        last_index: Index,
    },
    /// The log on disk ended in the middle of a record. Nothing had been said that depended on it, so it is cut off.
    TornTailCut {
        /// Where in the file, in bytes.
        at: u64,
    },
    /// There is no term after this one.
    NoLaterTerm {
        /// The last term that there is.
        term: Term,
    },
    /// A message speaks of what cannot be: an index beyond the end of all logs. It is not looked at further.
    ImpossibleMessage {
        /// Who sent it.
        from: NodeId,
        /// Its term.
        term: Term,
    },
    /// So many answers wait for the disk that the oldest was given up. It is as if it had been lost on the way.
    GaveUpHeldAnswer {
        /// Whose answer it was.
        to: NodeId,
        /// How many wait.
        held: u32,
    },
    /// A leader steps down while a client waits for a command in its log. The next leader decides what becomes of it.
    LeavesOutcomeOpen {
        /// Who waits.
        client: ClientId,
        /// The number of its request.
        request: RequestId,
        /// Where the command stands.
        index: Index,
    },
    /// The damaged file stays as it is until the node is readmitted.
    DamagedFileKept {
        /// The byte from which on it cannot be read.
        at: u64,
        /// How many others have to readmit the node.
        needed: u16,
    },
    /// A follower waits for word from a leader.
    WaitsForLeader {
        /// The term.
        term: Term,
    },
    /// A follower or candidate has waited long enough.
    ElectionTimedOut {
        /// Its term.
        term: Term,
        /// How long it waited, in µs.
        after_us: u64,
    },
    /// It asks whether it could win before it raises its term.
    AsksForPreVote {
        /// The term it would stand in.
        term: Term,
        /// The last index of its log.
        last_log_index: Index,
        /// The term of that entry.
        last_log_term: Term,
    },
    /// The node would vote for the candidate.
    PreVoteGranted {
        /// Who asked.
        candidate: NodeId,
        /// The term that it would stand in.
        term: Term,
    },
    /// A node would vote for this one.
    PreVoteReceived {
        /// Which.
        from: NodeId,
        /// How many would, itself included.
        votes: u16,
        /// How many make a majority.
        needed: u16,
        /// The term that it would stand in.
        term: Term,
    },
    /// A node would not vote for this one.
    PreVoteDenied {
        /// Which.
        from: NodeId,
        /// That node's term.
        term: Term,
    },
    /// It raises its term and votes for itself.
    StandsForElection {
        /// The new term.
        term: Term,
    },
    /// If there is no result by then, it tries again.
    WaitsForVotes {
        /// The term that it stands in.
        term: Term,
    },
    /// A candidate asks for a vote.
    AsksForVote {
        /// The term.
        term: Term,
        /// The last index of its log.
        last_log_index: Index,
        /// The term of that entry.
        last_log_term: Term,
    },
    /// The node gives its one vote of the term; the candidate is at least as up to date.
    VoteGranted {
        /// To whom.
        candidate: NodeId,
        /// The term.
        term: Term,
    },
    /// A candidate has got a vote.
    VoteReceived {
        /// From whom.
        from: NodeId,
        /// How many it has.
        votes: u16,
        /// How many make a majority.
        needed: u16,
        /// The term.
        term: Term,
    },
    /// A candidate was refused a vote.
    VoteDenied {
        /// By whom.
        from: NodeId,
        /// The term.
        term: Term,
    },
    /// No vote: the term of the candidate has passed.
    RefusedOldTerm {
        /// Who asked.
        candidate: NodeId,
        /// The term of the candidate.
        term: Term,
        /// The term of the node.
        own_term: Term,
    },
    /// No vote: a node has one vote in a term, and it is given.
    RefusedVotedAlready {
        /// Who asked.
        candidate: NodeId,
        /// Who has the vote.
        voted_for: NodeId,
        /// The term.
        term: Term,
    },
    /// No vote: the term has a leader.
    RefusedLeaderKnown {
        /// Who asked.
        candidate: NodeId,
        /// The leader.
        leader: NodeId,
        /// The term.
        term: Term,
    },
    /// No vote: the last entry of the candidate's log is of an earlier term.
    RefusedOlderLastTerm {
        /// Who asked.
        candidate: NodeId,
        /// The last term of the candidate's log.
        last_log_term: Term,
        /// The last term of the node's log.
        own_last_term: Term,
    },
    /// No vote: the logs end with the same term, and the candidate's is shorter.
    RefusedShorterLog {
        /// Who asked.
        candidate: NodeId,
        /// The last index of the candidate's log.
        last_log_index: Index,
        /// The last index of the node's log.
        own_last_index: Index,
        /// The last term of both.
        last_log_term: Term,
    },
    /// The request is ignored: the node has heard from a leader within the shortest election timeout, and protects it.
    IgnoredLeaderAlive {
        /// Who asked.
        candidate: NodeId,
        /// The leader.
        leader: NodeId,
        /// The term of the candidate.
        term: Term,
        /// How long ago the node has heard from the leader, in µs.
        silent_us: u64,
    },
    /// The node lost its disk and does not know what it voted for, so it does not answer.
    KeptOutOfElections {
        /// Who sent the message.
        from: NodeId,
        /// The term of the message.
        term: Term,
    },
    /// A message of a later term: the node moves on to that term as a follower.
    HigherTerm {
        /// Who sent it.
        from: NodeId,
        /// The later term.
        term: Term,
        /// The term until now.
        old_term: Term,
    },
    /// So many have refused that there can be no majority.
    ElectionLost {
        /// The term.
        term: Term,
    },
    /// A majority has voted for the candidate.
    BecameLeader {
        /// The term.
        term: Term,
        /// How many votes it has.
        votes: u16,
        /// How many nodes there are.
        nodes: u16,
    },
    /// A leader begins with an entry of its own term, so that it can commit what earlier terms left.
    NoOpOfNewLeader {
        /// The term.
        term: Term,
        /// Where the entry stands.
        index: Index,
    },
    /// A leader is a follower again.
    SteppedDown {
        /// The term that it is in now.
        term: Term,
    },
    /// A leader has not heard from a majority for an election timeout.
    LostQuorum {
        /// The term.
        term: Term,
        /// From how many it has heard, itself included.
        heard: u16,
        /// How many make a majority.
        needed: u16,
    },
    /// A leader has heard from a majority.
    HasQuorum {
        /// The term.
        term: Term,
        /// From how many it has heard, itself included.
        heard: u16,
        /// How many make a majority.
        needed: u16,
    },
    /// Word from the leader: the follower waits anew.
    HeardFromLeader {
        /// The leader.
        leader: NodeId,
        /// The term.
        term: Term,
    },
    /// A leader sends heartbeats at regular intervals.
    HeartbeatDue {
        /// The term.
        term: Term,
    },
    /// A heartbeat, so that nobody stands for election.
    KeepsAuthority {
        /// To whom.
        to: NodeId,
        /// The term.
        term: Term,
        /// The number of the round.
        round: u64,
    },
    /// A leader sends entries without waiting for earlier answers.
    Replicates {
        /// To whom.
        to: NodeId,
        /// The first entry.
        first_index: Index,
        /// How many entries.
        count: u32,
    },
    /// A leader does not know where the logs agree, and tries one message.
    Probes {
        /// To whom.
        to: NodeId,
        /// Where the logs are compared.
        previous_log_index: Index,
        /// How many entries follow.
        count: u32,
    },
    /// A follower appends an entry of the leader.
    Appended {
        /// The leader.
        leader: NodeId,
        /// Where the entry stands.
        index: Index,
        /// The term of the entry.
        term: Term,
    },
    /// A follower's entries differ from the leader's from here on, so they go.
    RemovedConflict {
        /// The first that differs.
        index: Index,
        /// The term of the follower's entry there.
        term: Term,
        /// The term of the leader's entry there.
        leader_term: Term,
        /// How many entries go.
        count: u32,
    },
    /// The leader wants a committed entry replaced, which no correct leader does.
    RefusedToOverwriteCommitted {
        /// Which.
        index: Index,
        /// The term of the committed entry.
        term: Term,
        /// The term of the leader's entry there.
        leader_term: Term,
    },
    /// The follower's log is the leader's up to this index, and durably so.
    Acknowledges {
        /// The index.
        match_index: Index,
    },
    /// A node that is kept out tells what it has received; it does not count.
    ReceivedWithoutCounting {
        /// Up to which index.
        match_index: Index,
    },
    /// The term of the sender has passed.
    RefusedOldLeader {
        /// The sender.
        leader: NodeId,
        /// Its term.
        term: Term,
        /// The term of the node.
        own_term: Term,
    },
    /// The entry before the new ones is not in the log. The answer says up to where the logs may agree.
    RefusedNoSuchEntry {
        /// Where it was looked for.
        previous_log_index: Index,
        /// The term that it should have.
        previous_log_term: Term,
        /// Up to where the logs may agree.
        hint_index: Index,
    },
    /// The leader learns how far a follower is.
    MatchAdvanced {
        /// Which.
        node: NodeId,
        /// Up to which index.
        match_index: Index,
    },
    /// A follower answered, with nothing new.
    HeartbeatAnswered {
        /// Which.
        node: NodeId,
        /// The number of the round.
        round: u64,
    },
    /// The logs differ; the leader goes back over whole terms instead of single entries.
    Backtracks {
        /// Whose log.
        node: NodeId,
        /// Where they did not agree.
        rejected_index: Index,
        /// The next entry to send.
        next_index: Index,
    },
    /// The message is late, and nothing depends on it any more.
    LateAnswer {
        /// Who sent it.
        from: NodeId,
        /// Its term.
        term: Term,
    },
    /// A node has lost its disk; it is not counted until it is readmitted.
    DoesNotCount {
        /// Which.
        node: NodeId,
    },
    /// A majority holds an entry of the leader's own term, so it is committed with all before it. (Where the rule is
    /// broken that asks for it, the entry may be of an earlier term.)
    Committed {
        /// Up to which index.
        index: Index,
        /// The term of that entry.
        term: Term,
        /// The leader's term. It is the same unless a rule is broken.
        own_term: Term,
        /// How many nodes there are.
        nodes: u16,
    },
    /// A majority holds the entry; it is of an earlier term, so counting does not commit it.
    NotCommittedByCounting {
        /// Which.
        index: Index,
        /// Its term.
        term: Term,
        /// The leader's term.
        own_term: Term,
    },
    /// A follower learns what is committed.
    CommitLearned {
        /// From whom.
        leader: NodeId,
        /// Up to which index.
        commit: Index,
    },
    /// The disk has finished.
    Durable {
        /// The log is durable up to here.
        last_index: Index,
    },
    /// What was written must be durable before anyone is told.
    SyncBeforeAnswering {
        /// The term.
        term: Term,
        /// The last index of the log.
        last_index: Index,
    },
    /// A leader appends a client's command.
    AppendedForClient {
        /// The client.
        client: ClientId,
        /// The number of the request.
        request: RequestId,
        /// Where the entry stands.
        index: Index,
    },
    /// The entry is committed and applied, so its client is answered.
    AppliedAndAnswered {
        /// Which entry.
        index: Index,
        /// Its term.
        term: Term,
    },
    /// The command was applied before; the client's session has the answer.
    AnsweredFromSession {
        /// The client.
        client: ClientId,
        /// The number of the request.
        request: RequestId,
    },
    /// The command stands in the log already; the retry waits with it.
    AlreadyInLog {
        /// The client.
        client: ClientId,
        /// The number of the request.
        request: RequestId,
        /// Where the entry stands.
        index: Index,
    },
    /// A later request of the same client stands in the log; nobody waits for this one.
    OlderThanPending {
        /// The client.
        client: ClientId,
        /// The number of the request.
        request: RequestId,
        /// The number of the later one.
        pending: RequestId,
    },
    /// Only a leader serves clients.
    OnlyLeaderServes {
        /// Whom the node takes for the leader.
        leader: Option<NodeId>,
    },
    /// A leader that hands its leadership over takes no commands.
    RefusedDuringTransfer,
    /// Too many entries wait to be committed.
    RefusedTooManyUncommitted {
        /// How many.
        uncommitted: u64,
    },
    /// Too many reads wait to be confirmed.
    RefusedTooManyReads {
        /// How many.
        waiting: u64,
    },
    /// A read waits until a majority has confirmed the leader.
    ReadWaitsForRound {
        /// The client.
        client: ClientId,
        /// The number of the request.
        request: RequestId,
    },
    /// The same read waits already.
    ReadWaitsAlready {
        /// The client.
        client: ClientId,
        /// The number of the request.
        request: RequestId,
    },
    /// A round of heartbeats begins, to confirm the leader for all reads that wait.
    ReadRoundBegins {
        /// The number of the round.
        round: u64,
        /// The commit index that the reads will see at least.
        read_index: Index,
        /// How many reads.
        reads: u32,
    },
    /// A majority has answered the round, so nobody else led when the read arrived.
    ReadConfirmed {
        /// The number of the round.
        round: u64,
        /// The commit index at that time.
        read_index: Index,
        /// What the answer includes.
        applied: Index,
    },
    /// The node replaces old entries by a snapshot of the state.
    TookSnapshot {
        /// The last entry that it includes.
        last_included_index: Index,
        /// The last entry that was removed.
        log_base: Index,
    },
    /// A follower needs entries that were removed, so it gets a snapshot.
    NeedsSnapshot {
        /// Which.
        node: NodeId,
        /// The entry that it needs.
        next_index: Index,
        /// The last entry that was removed.
        log_base: Index,
        /// The last entry that the snapshot includes.
        last_included_index: Index,
    },
    /// A leader sends a part of a snapshot.
    SendsSnapshotChunk {
        /// To whom.
        to: NodeId,
        /// Where it begins.
        offset_bytes: u32,
        /// How long the snapshot is.
        total_bytes: u32,
    },
    /// A follower has a part of a snapshot.
    ReceivedSnapshotChunk {
        /// How much.
        bytes_received: u32,
        /// Of how much.
        total_bytes: u32,
    },
    /// The leader learns how much of a snapshot a follower has.
    SnapshotChunkConfirmed {
        /// Which.
        node: NodeId,
        /// How much.
        bytes_received: u32,
    },
    /// A follower replaces its state by a snapshot.
    InstalledSnapshot {
        /// From whom.
        leader: NodeId,
        /// The last entry that it includes.
        last_included_index: Index,
        /// The term of that entry.
        last_included_term: Term,
    },
    /// The follower has committed all that the snapshot includes.
    SnapshotNotNeeded {
        /// The last entry that it includes.
        last_included_index: Index,
        /// What the follower has committed.
        commit: Index,
    },
    /// What was received is no snapshot; the transfer begins anew.
    SnapshotUnreadable,
    /// An operator wants another node to lead.
    TransferBegins {
        /// Which.
        to: NodeId,
        /// The leader's term.
        term: Term,
    },
    /// Only a leader can hand its leadership over.
    TransferNeedsLeader {
        /// To whom it was asked to.
        to: NodeId,
        /// Whom the node takes for the leader.
        leader: Option<NodeId>,
    },
    /// That node cannot lead: it is the leader itself, is not in the cluster, or is kept out.
    TransferImpossible {
        /// Which.
        to: NodeId,
    },
    /// The other log is complete, so that node may stand for election.
    TellsToTimeOutNow {
        /// Which.
        to: NodeId,
        /// The last index of both logs.
        match_index: Index,
    },
    /// The leader asks this node to stand for election at once.
    ToldToTimeOutNow {
        /// The leader.
        leader: NodeId,
        /// The term.
        term: Term,
    },
    /// The transfer took too long or was called off; the leader goes on.
    TransferGivenUp {
        /// To whom.
        to: NodeId,
        /// The term.
        term: Term,
    },
    /// The disk cannot be trusted: what the node voted for and acknowledged may be gone, so it stays out.
    KeptOut {
        /// What happened.
        loss: DiskLoss,
    },
    /// The node is a member, so there is nothing to readmit.
    IsMember,
    /// A cluster so small has no majority without the node.
    ReadmissionImpossible {
        /// How many nodes there are.
        nodes: u16,
    },
    /// The node asks the leader to be readmitted.
    AsksForReadmission {
        /// The leader, if it knows one.
        leader: Option<NodeId>,
        /// The number that it drew when it found its disk lost.
        incarnation: u64,
    },
    /// The leader asks a majority of the others to readmit the node.
    ReadmissionProposed {
        /// Which.
        node: NodeId,
        /// The number that it drew when it found its disk lost.
        incarnation: u64,
    },
    /// The readmission stands in the log already.
    ReadmissionInLog {
        /// Of which node.
        node: NodeId,
        /// The number that it drew when it found its disk lost.
        incarnation: u64,
    },
    /// The node is readmitted. It writes down the log and the term, with its vote given to the leader.
    Returns {
        /// The leader.
        leader: NodeId,
        /// The term.
        term: Term,
        /// The last index of its log.
        last_index: Index,
    },
    /// All that is on disk, so the node counts again.
    IsMemberAgain {
        /// The term.
        term: Term,
        /// The last index of its log.
        last_index: Index,
    },
}

impl Reason {
    /// Where the rule is stated. "Raft" is the extended paper of 2014, "thesis" is Ongaro's.
    pub fn section(&self) -> &'static str {
        match self {
            Reason::Started { .. }
            | Reason::TornTailCut { .. }
            | Reason::Durable { .. }
            | Reason::SyncBeforeAnswering { .. } => "Raft Figure 2",
            Reason::GaveUpHeldAnswer { .. } => "Raft Figure 2",
            Reason::NoLaterTerm { .. } | Reason::ImpossibleMessage { .. } => "Raft §5.1",
            Reason::LeavesOutcomeOpen { .. } => "Raft §8",
            Reason::DamagedFileKept { .. } => "Raft §5.2, §5.4.1",
            Reason::WaitsForLeader { .. }
            | Reason::ElectionTimedOut { .. }
            | Reason::StandsForElection { .. }
            | Reason::WaitsForVotes { .. }
            | Reason::AsksForVote { .. }
            | Reason::VoteReceived { .. }
            | Reason::VoteDenied { .. }
            | Reason::RefusedVotedAlready { .. }
            | Reason::RefusedLeaderKnown { .. }
            | Reason::ElectionLost { .. }
            | Reason::BecameLeader { .. }
            | Reason::HeardFromLeader { .. }
            | Reason::HeartbeatDue { .. }
            | Reason::KeepsAuthority { .. }
            | Reason::HeartbeatAnswered { .. } => "Raft §5.2",
            Reason::AsksForPreVote { .. }
            | Reason::PreVoteGranted { .. }
            | Reason::PreVoteReceived { .. }
            | Reason::PreVoteDenied { .. } => "thesis §9.6",
            Reason::VoteGranted { .. }
            | Reason::KeptOutOfElections { .. }
            | Reason::DoesNotCount { .. }
            | Reason::KeptOut { .. } => "Raft §5.2, §5.4.1",
            Reason::RefusedOldTerm { .. }
            | Reason::HigherTerm { .. }
            | Reason::SteppedDown { .. }
            | Reason::RefusedOldLeader { .. }
            | Reason::LateAnswer { .. }
            | Reason::IsMember => "Raft §5.1",
            Reason::RefusedOlderLastTerm { .. } | Reason::RefusedShorterLog { .. } => "Raft §5.4.1",
            Reason::IgnoredLeaderAlive { .. } => "thesis §4.2.3",
            Reason::NoOpOfNewLeader { .. } => "thesis §6.4, Raft §5.4.2",
            Reason::LostQuorum { .. } | Reason::HasQuorum { .. } => "thesis §6.2",
            Reason::Replicates { .. } => "Raft §5.3, thesis §10.2.1",
            Reason::Probes { .. }
            | Reason::Appended { .. }
            | Reason::RemovedConflict { .. }
            | Reason::ReceivedWithoutCounting { .. }
            | Reason::RefusedNoSuchEntry { .. }
            | Reason::MatchAdvanced { .. }
            | Reason::Backtracks { .. }
            | Reason::CommitLearned { .. }
            | Reason::AppendedForClient { .. }
            | Reason::AppliedAndAnswered { .. } => "Raft §5.3",
            Reason::RefusedToOverwriteCommitted { .. } => "Raft §5.4.3",
            Reason::Acknowledges { .. } => "Raft §5.3, Figure 2",
            Reason::Committed { .. } => "Raft §5.3, §5.4.2",
            Reason::NotCommittedByCounting { .. }
            | Reason::ReadmissionImpossible { .. }
            | Reason::AsksForReadmission { .. }
            | Reason::ReadmissionProposed { .. }
            | Reason::ReadmissionInLog { .. }
            | Reason::Returns { .. }
            | Reason::IsMemberAgain { .. } => "Raft §5.4.2",
            Reason::AnsweredFromSession { .. }
            | Reason::AlreadyInLog { .. }
            | Reason::OlderThanPending { .. } => "thesis §6.3",
            Reason::OnlyLeaderServes { .. } => "Raft §8",
            Reason::RefusedDuringTransfer
            | Reason::TransferBegins { .. }
            | Reason::TransferNeedsLeader { .. }
            | Reason::TransferImpossible { .. }
            | Reason::TellsToTimeOutNow { .. }
            | Reason::ToldToTimeOutNow { .. }
            | Reason::TransferGivenUp { .. } => "thesis §3.10",
            Reason::RefusedTooManyUncommitted { .. } => "thesis §10.2.1",
            Reason::RefusedTooManyReads { .. }
            | Reason::ReadWaitsForRound { .. }
            | Reason::ReadWaitsAlready { .. }
            | Reason::ReadRoundBegins { .. }
            | Reason::ReadConfirmed { .. } => "thesis §6.4",
            Reason::TookSnapshot { .. }
            | Reason::NeedsSnapshot { .. }
            | Reason::SnapshotNotNeeded { .. }
            | Reason::SnapshotUnreadable => "Raft §7",
            Reason::SendsSnapshotChunk { .. }
            | Reason::ReceivedSnapshotChunk { .. }
            | Reason::SnapshotChunkConfirmed { .. }
            | Reason::InstalledSnapshot { .. } => "Raft §7, Figure 13",
        }
    }

    /// Whether a reader wants to stop here.
    pub fn is_milestone(&self) -> bool {
        matches!(
            self,
            Reason::StandsForElection { .. }
                | Reason::BecameLeader { .. }
                | Reason::SteppedDown { .. }
                | Reason::Committed { .. }
                | Reason::InstalledSnapshot { .. }
                | Reason::ToldToTimeOutNow { .. }
                | Reason::KeptOut { .. }
                | Reason::IsMemberAgain { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stays_small_because_every_effect_has_one() {
        assert!(size_of::<Reason>() <= 32, "{} bytes", size_of::<Reason>());
    }
}
