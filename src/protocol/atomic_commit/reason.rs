//! Why a node does what it does: the rules of the protocols by name, with the figures that a sentence needs.

use serde::Serialize;

use super::message::ProcessState;
use super::transaction::{AbortCause, GaveUp, NoVote, Outcome, Refusal, TransactionId};
use crate::protocol::{ClientId, NodeId};

/// Why something is done. The transaction that it is about is [`Reason::transaction`].
#[expect(missing_docs, reason = "each variant's sentence says what its fields are")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    // Starting and the disk.
    /// The node starts and counts its starts on disk, so that what it said before a crash is told apart.
    Starts { incarnation: u32 },
    /// The node takes part again; `in_doubt` of its transactions wait for a decision.
    TakesPart { incarnation: u32, in_doubt: u16 },
    /// Nothing is on the disk, so it was lost: the node may have promised something and keeps out.
    DiskLost,
    /// The log is damaged at this byte: a promise may be missing, so the node keeps out.
    DiskDamaged { at_byte: u64 },
    /// The node has been started as often as can be counted; its next transactions would have names that were used.
    NoMoreStarts,
    /// A transaction that had not voted before the crash is undone.
    UndoesLoser { transaction: TransactionId },
    /// The log is replaced by what it amounts to; so many records were dropped.
    Checkpoints { dropped: u32 },

    // Clients.
    /// Only the coordinator takes requests.
    NotCoordinator { coordinator: NodeId },
    /// The node is not ready to take requests.
    NotReady,
    /// The command makes no sense.
    RefusesCommand { why: Refusal },
    /// The request was carried out before; its client is told again.
    AnswersAgain { transaction: TransactionId },
    /// The request is being carried out; its client will be told.
    AlreadyUnderWay { transaction: TransactionId },
    /// The client will be told that its request was aborted, and any later copy of the request the same: so that is
    /// on record before the client is told.
    RecordsAbortForClient { transaction: TransactionId },
    /// A copy of a request whose client has been answered; it is not carried out again.
    IgnoresOldRequest { request_of: ClientId },
    /// No site has answered anything about the request, which an earlier incarnation may have left to the only
    /// participant: nobody can say yet how it ended.
    CannotTellYet { transaction: TransactionId },
    /// The coordinator has been started anew since this transaction began: who had not voted for it aborts it.
    AbortsOfFormerCoordinator { transaction: TransactionId },
    /// The client is told the outcome.
    AnswersClient { transaction: TransactionId, outcome: Outcome },

    // The work.
    /// The coordinator hands out the work.
    SendsWork { transaction: TransactionId, sites: u16 },
    /// A site has not reported its work; the coordinator asks again.
    SendsWorkAgain { transaction: TransactionId },
    /// The coordinator limits how long the work may take.
    LimitsWork { transaction: TransactionId },
    /// What is not answered is said again after a while.
    WillRepeat { transaction: TransactionId },
    /// A value is changed in place; the record lets it be undone or done again.
    Updates { transaction: TransactionId, before: i64, after: i64 },
    /// The work has to wait for a lock; `holder` is the first of so many that it waits for.
    WaitsForLock { transaction: TransactionId, holder: TransactionId, holders: u16 },
    /// All locks are held and the work is done.
    WorkDone { transaction: TransactionId },
    /// A younger transaction must not wait for an older one, so it dies.
    Dies { transaction: TransactionId, holder: TransactionId },
    /// So many transactions wait for each other in a circle; the youngest is aborted.
    BreaksDeadlock { transaction: TransactionId, length: u16 },
    /// The work does not go on; before the vote the coordinator may abort without a record.
    GivesWorkUp { transaction: TransactionId, cause: AbortCause },
    /// A site that has not voted limits how long it waits to be asked.
    LimitsWaitForPrepare { transaction: TransactionId },
    /// A site that has not voted aborts on its own, which it may.
    AbortsUnvoted { transaction: TransactionId, why: GaveUp },
    /// Another in doubt asks a site that has not voted, which therefore aborts and can tell.
    AbortsUnvotedWhenAsked { transaction: TransactionId, by: NodeId },
    /// A site that had voted nothing refuses late work.
    RefusesLateWork { transaction: TransactionId },
    /// The request was committed under an earlier transaction.
    CommittedEarlier { transaction: TransactionId, earlier: TransactionId },

    // Voting.
    /// The coordinator records whom it is going to ask, before anyone can be prepared.
    ForcesInitiation { transaction: TransactionId, participants: u16 },
    /// The coordinator asks for votes.
    AsksForVotes { transaction: TransactionId, participants: u16 },
    /// A vote is missing; the coordinator asks again.
    AsksForVoteAgain { transaction: TransactionId },
    /// The coordinator limits how long it waits for votes.
    LimitsVoting { transaction: TransactionId },
    /// The only participant decides by itself: one phase is enough.
    LeavesDecision { transaction: TransactionId },
    /// A participant must be able to go either way after a crash, before it votes yes.
    ForcesPrepared { transaction: TransactionId },
    /// The prepared record is durable: the participant votes yes and is in doubt from now on.
    VotesYes { transaction: TransactionId },
    /// Broken on purpose: the vote does not wait for the prepared record.
    VotesTooEarly { transaction: TransactionId },
    /// The participant votes no and aborts.
    VotesNo { transaction: TransactionId, why: NoVote },
    /// The participant has only read; it gives its locks back and drops out.
    VotesReadOnly { transaction: TransactionId },
    /// The coordinator asked again, so the vote is given again.
    VotesAgain { transaction: TransactionId },

    // Deciding.
    /// All have voted yes: the coordinator decides to commit, which holds once the record is durable.
    DecidesCommit { transaction: TransactionId, yes: u16, participants: u16 },
    /// Broken on purpose: more than half have voted yes.
    DecidesOnMajority { transaction: TransactionId, yes: u16, participants: u16 },
    /// Everybody has only read: there is nothing to decide in a second phase.
    CommitsReadOnly { transaction: TransactionId },
    /// The coordinator decides to abort.
    DecidesAbort { transaction: TransactionId, cause: AbortCause },
    /// The only participant decides.
    DecidesAlone { transaction: TransactionId, outcome: Outcome },
    /// The decision is sent to whoever needs it.
    TellsDecision { transaction: TransactionId, outcome: Outcome },
    /// A participant has not acknowledged; it is told again.
    TellsDecisionAgain { transaction: TransactionId, outcome: Outcome },
    /// A participant learns the decision and records it. `forced` says whether it may only acknowledge
    /// what is durable.
    LearnsDecision { transaction: TransactionId, outcome: Outcome, from: NodeId, forced: bool },
    /// The decision is durable here, so the coordinator need not remember it for this participant.
    Acknowledges { transaction: TransactionId },
    /// Everyone has acknowledged: the coordinator forgets the transaction.
    Forgets { transaction: TransactionId, outcome: Outcome },
    /// Nobody will ask: the presumption says it all, and the coordinator forgets at once.
    ForgetsByPresumption { transaction: TransactionId, outcome: Outcome },
    /// Two nodes say different things about the same transaction.
    Contradiction { transaction: TransactionId, own: Outcome, told: Outcome, by: NodeId },

    // In doubt.
    /// A participant in doubt limits how long it waits before it asks.
    LimitsDoubt { transaction: TransactionId },
    /// In doubt and told nothing, the participant asks.
    AsksForDecision { transaction: TransactionId, asked: u16 },
    /// The coordinator knows nothing of the transaction and answers what is presumed.
    Presumes { transaction: TransactionId, outcome: Outcome },
    /// The one who was asked is in doubt too.
    CannotHelp { transaction: TransactionId },
    /// All participants are in doubt: only the coordinator can tell, and until then locks stay held.
    Blocked { transaction: TransactionId, participants: u16 },
    /// Broken on purpose: a participant in doubt aborts on its own.
    AbortsAloneInDoubt { transaction: TransactionId },

    // Three-phase commit.
    /// All have voted yes: everybody must know before anybody commits.
    PreCommits { transaction: TransactionId, participants: u16 },
    /// The coordinator, or a backup, waits so long for acknowledgements and takes the silent for crashed.
    LimitsPreCommit { transaction: TransactionId },
    /// The participant knows now that all voted yes.
    AcknowledgesPreCommit { transaction: TransactionId },
    /// All that are up know that all voted yes: commit. So many were silent.
    CommitsAfterPreCommit { transaction: TransactionId, silent: u16 },
    /// Whoever leads is silent; the lowest participant that is not suspected takes over.
    Elects { transaction: TransactionId, candidate: NodeId, silent: NodeId },
    /// This participant takes over as backup coordinator and asks everybody's state.
    TakesOver { transaction: TransactionId },
    /// The backup coordinator is told the state.
    TellsState { transaction: TransactionId, state: ProcessState },
    /// Somebody has decided already: everybody does the same (TR1, TR2).
    FollowsDecision { transaction: TransactionId, outcome: Outcome },
    /// Everybody that is up is uncertain, so nobody can have committed: abort (TR3).
    AllUncertain { transaction: TransactionId, up: u16 },
    /// Somebody that is up is committable: the others are told first, then all commit (TR4).
    SomeCommittable { transaction: TransactionId, committable: u16, up: u16 },
    /// A message of one who no longer leads is ignored.
    IgnoresFormerLeader { transaction: TransactionId, from: NodeId },
    /// Everybody crashed and came back, and nobody has a decision on record: abort.
    TotalFailure { transaction: TransactionId, processes: u16 },
}

impl Reason {
    /// The transaction that it is about.
    pub fn transaction(&self) -> Option<TransactionId> {
        match *self {
            Reason::Starts { .. }
            | Reason::TakesPart { .. }
            | Reason::DiskLost
            | Reason::NoMoreStarts
            | Reason::DiskDamaged { .. }
            | Reason::Checkpoints { .. }
            | Reason::NotCoordinator { .. }
            | Reason::NotReady
            | Reason::IgnoresOldRequest { .. }
            | Reason::RefusesCommand { .. } => None,
            Reason::UndoesLoser { transaction }
            | Reason::RecordsAbortForClient { transaction }
            | Reason::CannotTellYet { transaction }
            | Reason::AbortsOfFormerCoordinator { transaction }
            | Reason::AnswersAgain { transaction }
            | Reason::AlreadyUnderWay { transaction }
            | Reason::AnswersClient { transaction, .. }
            | Reason::SendsWork { transaction, .. }
            | Reason::SendsWorkAgain { transaction }
            | Reason::LimitsWork { transaction }
            | Reason::WillRepeat { transaction }
            | Reason::Updates { transaction, .. }
            | Reason::WaitsForLock { transaction, .. }
            | Reason::WorkDone { transaction }
            | Reason::Dies { transaction, .. }
            | Reason::BreaksDeadlock { transaction, .. }
            | Reason::GivesWorkUp { transaction, .. }
            | Reason::LimitsWaitForPrepare { transaction }
            | Reason::AbortsUnvoted { transaction, .. }
            | Reason::AbortsUnvotedWhenAsked { transaction, .. }
            | Reason::RefusesLateWork { transaction }
            | Reason::CommittedEarlier { transaction, .. }
            | Reason::ForcesInitiation { transaction, .. }
            | Reason::AsksForVotes { transaction, .. }
            | Reason::AsksForVoteAgain { transaction }
            | Reason::LimitsVoting { transaction }
            | Reason::LeavesDecision { transaction }
            | Reason::ForcesPrepared { transaction }
            | Reason::VotesYes { transaction }
            | Reason::VotesTooEarly { transaction }
            | Reason::VotesNo { transaction, .. }
            | Reason::VotesReadOnly { transaction }
            | Reason::VotesAgain { transaction }
            | Reason::DecidesCommit { transaction, .. }
            | Reason::DecidesOnMajority { transaction, .. }
            | Reason::CommitsReadOnly { transaction }
            | Reason::DecidesAbort { transaction, .. }
            | Reason::DecidesAlone { transaction, .. }
            | Reason::TellsDecision { transaction, .. }
            | Reason::TellsDecisionAgain { transaction, .. }
            | Reason::LearnsDecision { transaction, .. }
            | Reason::Acknowledges { transaction }
            | Reason::Forgets { transaction, .. }
            | Reason::ForgetsByPresumption { transaction, .. }
            | Reason::Contradiction { transaction, .. }
            | Reason::LimitsDoubt { transaction }
            | Reason::AsksForDecision { transaction, .. }
            | Reason::Presumes { transaction, .. }
            | Reason::CannotHelp { transaction }
            | Reason::Blocked { transaction, .. }
            | Reason::AbortsAloneInDoubt { transaction }
            | Reason::PreCommits { transaction, .. }
            | Reason::LimitsPreCommit { transaction }
            | Reason::AcknowledgesPreCommit { transaction }
            | Reason::CommitsAfterPreCommit { transaction, .. }
            | Reason::Elects { transaction, .. }
            | Reason::TakesOver { transaction }
            | Reason::TellsState { transaction, .. }
            | Reason::FollowsDecision { transaction, .. }
            | Reason::AllUncertain { transaction, .. }
            | Reason::SomeCommittable { transaction, .. }
            | Reason::IgnoresFormerLeader { transaction, .. }
            | Reason::TotalFailure { transaction, .. } => Some(transaction),
        }
    }

    /// Where the rule is written:
    ///
    /// * Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987.
    /// * Gray, "Notes on Data Base Operating Systems", 1978.
    /// * Skeen, "Nonblocking Commit Protocols", SIGMOD 1981.
    /// * Mohan, Lindsay and Obermarck, "Transaction Management in the R* Distributed Database Management System",
    ///   ACM TODS 11(4), 1986.
    /// * Lampson and Lomet, "A New Presumed Commit Optimization for Two Phase Commit", VLDB 1993.
    /// * Rosenkrantz, Stearns and Lewis, "System Level Concurrency Control for Distributed Database Systems", ACM
    ///   TODS 3(2), 1978 (wait-die).
    /// * Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018.
    pub fn section(&self) -> &'static str {
        match self {
            Reason::DiskLost | Reason::DiskDamaged { .. } => "Alagappan et al. 2018, §2",
            Reason::UndoesLoser { .. } | Reason::Updates { .. } | Reason::Starts { .. } => {
                "Bernstein et al. 1987, §6.4"
            }
            Reason::NoMoreStarts => "Bernstein et al. 1987, §7.1",
            Reason::Checkpoints { .. } => "Bernstein et al. 1987, §6.5",
            Reason::WaitsForLock { .. } | Reason::WorkDone { .. } => "Bernstein et al. 1987, §3.5",
            Reason::Dies { .. } => "Rosenkrantz et al. 1978, §3",
            Reason::BreaksDeadlock { .. } => "Bernstein et al. 1987, §3.11",
            Reason::ForcesInitiation { .. } => "Mohan et al. 1986, Presumed commit",
            Reason::Presumes { .. } | Reason::ForgetsByPresumption { .. } => "Lampson and Lomet 1993, §3",
            Reason::VotesReadOnly { .. } | Reason::CommitsReadOnly { .. } => {
                "Mohan et al. 1986, Presumed abort"
            }
            Reason::Acknowledges { .. } | Reason::Forgets { .. } | Reason::TellsDecisionAgain { .. } => {
                "Mohan et al. 1986, The two-phase commit protocol"
            }
            Reason::LeavesDecision { .. } | Reason::DecidesAlone { .. } => "Gray 1978, §5.8",
            Reason::PreCommits { .. }
            | Reason::LimitsPreCommit { .. }
            | Reason::AcknowledgesPreCommit { .. }
            | Reason::CommitsAfterPreCommit { .. } => "Skeen 1981, Nonblocking commit protocols",
            Reason::Elects { .. }
            | Reason::TakesOver { .. }
            | Reason::TellsState { .. }
            | Reason::FollowsDecision { .. }
            | Reason::AllUncertain { .. }
            | Reason::SomeCommittable { .. }
            | Reason::IgnoresFormerLeader { .. }
            | Reason::TotalFailure { .. } => "Bernstein et al. 1987, §7.5",
            Reason::NotCoordinator { .. }
            | Reason::NotReady
            | Reason::RefusesCommand { .. }
            | Reason::RecordsAbortForClient { .. }
            | Reason::IgnoresOldRequest { .. }
            | Reason::CannotTellYet { .. }
            | Reason::AbortsOfFormerCoordinator { .. }
            | Reason::AnswersAgain { .. }
            | Reason::AlreadyUnderWay { .. }
            | Reason::AnswersClient { .. }
            | Reason::SendsWork { .. }
            | Reason::SendsWorkAgain { .. }
            | Reason::LimitsWork { .. }
            | Reason::WillRepeat { .. }
            | Reason::GivesWorkUp { .. }
            | Reason::RefusesLateWork { .. }
            | Reason::CommittedEarlier { .. } => "Bernstein et al. 1987, §7.1",
            Reason::TakesPart { .. }
            | Reason::LimitsWaitForPrepare { .. }
            | Reason::AbortsUnvoted { .. }
            | Reason::AbortsUnvotedWhenAsked { .. }
            | Reason::AsksForVotes { .. }
            | Reason::AsksForVoteAgain { .. }
            | Reason::LimitsVoting { .. }
            | Reason::ForcesPrepared { .. }
            | Reason::VotesYes { .. }
            | Reason::VotesTooEarly { .. }
            | Reason::VotesNo { .. }
            | Reason::VotesAgain { .. }
            | Reason::DecidesCommit { .. }
            | Reason::DecidesOnMajority { .. }
            | Reason::DecidesAbort { .. }
            | Reason::TellsDecision { .. }
            | Reason::LearnsDecision { .. }
            | Reason::Contradiction { .. }
            | Reason::LimitsDoubt { .. }
            | Reason::AsksForDecision { .. }
            | Reason::CannotHelp { .. }
            | Reason::Blocked { .. }
            | Reason::AbortsAloneInDoubt { .. } => "Bernstein et al. 1987, §7.4",
        }
    }

    /// Whether a reader wants to stop here.
    pub fn is_milestone(&self) -> bool {
        matches!(
            self,
            Reason::VotesNo { .. }
                | Reason::DecidesCommit { .. }
                | Reason::DecidesOnMajority { .. }
                | Reason::DecidesAbort { .. }
                | Reason::DecidesAlone { .. }
                | Reason::GivesWorkUp { .. }
                | Reason::CommitsReadOnly { .. }
                | Reason::CommitsAfterPreCommit { .. }
                | Reason::BreaksDeadlock { .. }
                | Reason::Blocked { .. }
                | Reason::Presumes { .. }
                | Reason::AbortsAloneInDoubt { .. }
                | Reason::TakesOver { .. }
                | Reason::AllUncertain { .. }
                | Reason::SomeCommittable { .. }
                | Reason::TotalFailure { .. }
                | Reason::Contradiction { .. }
                | Reason::TakesPart { .. }
                | Reason::DiskLost
                | Reason::DiskDamaged { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_small_enough_to_be_kept_for_every_effect() {
        assert!(size_of::<Reason>() <= 32, "{} bytes", size_of::<Reason>());
    }
}
