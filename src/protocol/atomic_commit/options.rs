//! What an operator configures: how resource managers work, which rules are broken on purpose, and what
//! either protocol adds.

use serde::{Deserialize, Serialize};

use super::transaction::{COORDINATOR, KEY_BYTES_MAX, Outcome, Place, VALUE_MAX};
use crate::protocol::rules::RuleName;
use crate::protocol::{Invalid, Problem, rules};

/// The longest time-out, in µs: one hour.
pub const TIMEOUT_US_MAX: u64 = 3_600_000_000;
/// The largest number of opening balances that can be listed.
pub const BALANCES_MAX: usize = 1_000;
/// The largest number of outcomes that a compacted log keeps.
pub const OUTCOMES_KEPT_MAX: u64 = 65_536;
/// Parts per million in a whole.
const MILLION: u128 = 1_000_000;

/// What a key holds at the start.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Balance {
    /// Which key.
    pub at: Place,
    /// What it holds.
    pub balance: i64,
}

/// What is done against deadlocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlockHandling {
    /// Sites tell the coordinator who waits for whom; it aborts the youngest of a circle. The time-out for
    /// the work stays as a net below, since such a message can be lost.
    #[default]
    WaitForGraph,
    /// Wait-die: only an older transaction may wait for a younger one, so that no circle can form.
    WaitDie,
    /// Nothing but the time-out for the work.
    Timeout,
}

/// How resource managers and the work before the vote behave, the same in both protocols.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceOptions {
    /// What a key holds that is not listed in `balances`.
    pub opening_balance: i64,
    /// What the listed keys hold at the start.
    pub balances: Vec<Balance>,
    /// What is done against deadlocks.
    pub deadlock: DeadlockHandling,
    /// How long the coordinator waits for the work to be done, locks included, in µs.
    pub work_timeout_us: u64,
    /// How long a site that has not voted waits to be asked before it aborts on its own, in µs.
    pub prepare_timeout_us: u64,
    /// How long the coordinator waits before it repeats what was not answered, in µs.
    pub retransmit_us: u64,
    /// The log is compacted when it has grown to so many records; 0 for never.
    pub checkpoint_records: u32,
    /// Of how many transactions that have ended a compacted log still tells how, at least 1.
    pub outcomes_kept: u32,
}

impl Default for ResourceOptions {
    fn default() -> Self {
        ResourceOptions {
            opening_balance: 100,
            balances: Vec::new(),
            deadlock: DeadlockHandling::default(),
            work_timeout_us: 250_000,
            prepare_timeout_us: 400_000,
            retransmit_us: 40_000,
            checkpoint_records: 512,
            outcomes_kept: 256,
        }
    }
}

rules! {
    /// A coordinator that knows nothing of a transaction says the opposite of what is presumed (against
    /// Mohan et al. 1986).
    presume_the_opposite => PresumeTheOpposite,
    /// Under presumed commit a coordinator that finds an initiation record without a decision forgets it,
    /// instead of aborting (against Mohan et al. 1986).
    forget_initiation_at_recovery => ForgetInitiationAtRecovery,
    /// A participant in doubt aborts once all other participants say that they are in doubt too (against
    /// Bernstein et al. 1987 §7.4: it is blocked).
    abort_when_all_are_in_doubt => AbortWhenAllAreInDoubt,
    /// The only participant forgets what it decided while the coordinator may still ask, and takes the
    /// question for lost work.
    forget_decision_left_to_one => ForgetDecisionLeftToOne,
    /// After a crash the coordinator tells a client that its request was aborted, though the only
    /// participant, to which it may have left the decision before, has not been heard.
    tell_unheard_request_aborted => TellUnheardRequestAborted,
    /// A site carries a request out that it has already committed by itself as the only participant.
    ignore_earlier_commit => IgnoreEarlierCommit,
    /// The coordinator tells that a request was aborted because a site says that it is old: that its client was
    /// answered and has gone on. What the answer was, neither of them knows any more.
    call_old_request_aborted => CallOldRequestAborted,
    /// A site goes on with work for an earlier incarnation of the coordinator, after it has heard of a
    /// later one.
    work_for_former_coordinator => WorkForFormerCoordinator,
    /// A participant votes yes without waiting for its prepared record to be durable (against Gray 1978
    /// §5.8).
    vote_before_prepare_is_durable => VoteBeforePrepareIsDurable,
    /// The coordinator decides to commit as soon as more than half of the participants have voted yes
    /// (against AC3).
    commit_on_majority => CommitOnMajority,
    /// A participant that is in doubt and hears nothing aborts on its own (against Bernstein et al. 1987
    /// §7.4).
    abort_alone_while_in_doubt => AbortAloneWhileInDoubt,
    /// A participant votes yes although it cannot commit, because a value would break its rule.
    vote_yes_when_overdrawn => VoteYesWhenOverdrawn,
    /// A participant that has voted yes votes no when it is asked again.
    vote_otherwise_when_asked_again => VoteOtherwiseWhenAskedAgain,
    /// A participant that has changed something drops out after its vote as if it had only read (against
    /// Mohan et al. 1986).
    vote_read_only_after_writing => VoteReadOnlyAfterWriting,
    /// A participant gives its locks back when it votes, before it knows the outcome (against Bernstein et
    /// al. 1987 §3.5).
    release_locks_with_the_vote => ReleaseLocksWithTheVote,
    /// A site that has not voted tells one in doubt that the transaction is aborted, and votes yes later
    /// all the same.
    vote_after_telling_abort => VoteAfterTellingAbort,
    /// Work that was lost in a crash and done anew from a late copy is taken for the work that was
    /// reported.
    commit_work_done_anew => CommitWorkDoneAnew,
    /// The coordinator counts what a site said about work that it has lost since.
    count_votes_of_earlier_starts => CountVotesOfEarlierStarts,
    /// A site says that it has aborted before the record of that is durable.
    tell_own_abort_before_durable => TellOwnAbortBeforeDurable,
    /// A participant acknowledges a commit before its record is durable (against Mohan et al. 1986).
    acknowledge_commit_before_durable => AcknowledgeCommitBeforeDurable,
    /// A participant acknowledges an abort before its record is durable, where the presumption asks for
    /// that (against Mohan et al. 1986).
    acknowledge_abort_before_durable => AcknowledgeAbortBeforeDurable,
    /// The coordinator tells a commit before its record is durable (against Gray 1978 §5.8).
    tell_commit_before_durable => TellCommitBeforeDurable,
    /// A participant that decides by itself tells it before its record is durable.
    decide_alone_before_durable => DecideAloneBeforeDurable,
    /// The coordinator asks for votes before the record that it is going to is durable (against Mohan et
    /// al. 1986, presumed commit).
    ask_before_initiation_is_durable => AskBeforeInitiationIsDurable,
    /// The coordinator forgets a transaction as soon as one participant has acknowledged (against Mohan et
    /// al. 1986).
    forget_before_all_acknowledged => ForgetBeforeAllAcknowledged,
    /// A node takes part before what it has read from its disk is sure to be durable.
    take_part_before_start_is_durable => TakePartBeforeStartIsDurable,
    /// A node does not count its start, so that what it says and names is taken for what it did before a
    /// crash.
    reuse_incarnation => ReuseIncarnation,
    /// A restart leaves the changes of transactions that had not voted (against Bernstein et al. 1987
    /// §6.4).
    skip_undo_at_recovery => SkipUndoAtRecovery,
    /// A restart does not do again what the log says was done (against Bernstein et al. 1987 §6.4).
    skip_redo_at_recovery => SkipRedoAtRecovery,
    /// A participant that finds itself in doubt after a restart does not take its locks again (against
    /// Bernstein et al. 1987 §7.4).
    recover_without_locks => RecoverWithoutLocks,
    /// An abort leaves the changes in place (against Bernstein et al. 1987 §6.4).
    skip_undo_of_abort => SkipUndoOfAbort,
    /// A read does not wait for the lock of a writer (against Bernstein et al. 1987 §3.5).
    read_without_lock => ReadWithoutLock,
    /// A write does not wait for the locks of others (against Bernstein et al. 1987 §3.5).
    write_without_lock => WriteWithoutLock,
    /// Under wait-die a younger transaction waits for an older one (against Rosenkrantz et al. 1978 §3).
    wait_for_older => WaitForOlder,
    /// The coordinator sees a circle of transactions that wait for each other and aborts none (against
    /// Bernstein et al. 1987 §3.11).
    keep_deadlocks => KeepDeadlocks,
    /// A checkpoint drops the records of transactions that are still open (against Bernstein et al. 1987
    /// §6.5).
    drop_open_transactions_at_checkpoint => DropOpenTransactionsAtCheckpoint,
    /// A checkpoint drops how the clients' latest requests ended.
    drop_sessions_at_checkpoint => DropSessionsAtCheckpoint,
    /// A request whose answer is known is carried out again when a copy arrives.
    carry_out_twice => CarryOutTwice,
    /// A client is told of an abort before it is on record, so that a late copy of the request can still be
    /// committed after a crash.
    tell_abort_before_it_is_remembered => TellAbortBeforeItIsRemembered,
    /// The coordinator commits as soon as all have voted yes, without telling anybody first (against Skeen
    /// 1981).
    skip_pre_commit => SkipPreCommit,
    /// A participant that has crashed since its vote takes part in the termination as if it had not
    /// (against Bernstein et al. 1987 §7.5).
    count_recovered_as_live => CountRecoveredAsLive,
    /// A backup coordinator aborts although somebody is committable (against TR4, Bernstein et al. 1987
    /// §7.5).
    abort_though_some_are_committable => AbortThoughSomeAreCommittable,
    /// A backup coordinator commits while some are uncertain, without telling them first (against TR4,
    /// Bernstein et al. 1987 §7.5).
    commit_without_telling_the_uncertain => CommitWithoutTellingTheUncertain,
    /// A backup coordinator commits although everybody is uncertain (against TR3, Bernstein et al. 1987
    /// §7.5).
    commit_though_all_are_uncertain => CommitThoughAllAreUncertain,
    /// A backup coordinator goes by states although somebody has answered with a decision (against TR1 and
    /// TR2, Bernstein et al. 1987 §7.5).
    ignore_decision_as_backup => IgnoreDecisionAsBackup,
    /// A process that has recovered aborts once another one has recovered, though not all have (against
    /// Bernstein et al. 1987 §7.5, total failure).
    decide_before_all_have_recovered => DecideBeforeAllHaveRecovered,
    /// A participant forgets how a transaction ended though the coordinator may still have to ask.
    forget_outcomes_asked_for => ForgetOutcomesAskedFor,
    /// A coordinator that finds no decision after a crash aborts, as in two-phase commit (against Bernstein
    /// et al. 1987 §7.5: the others may have decided).
    abort_at_recovery => AbortAtRecovery,
}

/// How many of the rules at the beginning of [`Rule::NAMES`] only two-phase commit has.
const TWO_PHASE_ONLY: usize = Rule::VoteBeforePrepareIsDurable as usize;
/// How many there are before those that only three-phase commit has.
const TWO_PHASE: usize = Rule::SkipPreCommit as usize;

/// The rules of two-phase commit.
pub const TWO_PHASE_RULES: &[RuleName] = Rule::NAMES.split_at(TWO_PHASE).0;
/// The rules of three-phase commit.
pub const THREE_PHASE_RULES: &[RuleName] = Rule::NAMES.split_at(TWO_PHASE_ONLY).1;

/// What two-phase commit takes the absence of information for (Mohan, Lindsay and Obermarck 1986).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presumption {
    /// Every outcome is logged by force and acknowledged.
    Nothing,
    /// A transaction that the coordinator knows nothing about was aborted.
    #[default]
    Abort,
    /// A transaction that the coordinator knows nothing about was committed.
    Commit,
}

impl Presumption {
    /// Whether participants log this outcome by force and acknowledge it, so that the coordinator may forget.
    pub fn acknowledges(self, outcome: Outcome) -> bool {
        !matches!(
            (self, outcome),
            (Presumption::Abort, Outcome::Abort) | (Presumption::Commit, Outcome::Commit)
        )
    }

    /// What a coordinator that knows nothing about a transaction says of it. Under presumed nothing it can
    /// only be asked about one that it had not decided when it crashed, which it then aborts.
    pub fn outcome(self) -> Outcome {
        match self {
            Presumption::Nothing | Presumption::Abort => Outcome::Abort,
            Presumption::Commit => Outcome::Commit,
        }
    }
}

/// The options of two-phase commit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoPhaseOptions {
    /// What the absence of information means.
    pub presumption: Presumption,
    /// Whether a participant that has only read drops out after its vote.
    pub read_only_vote: bool,
    /// Whether the decision is left to the only participant where there is only one.
    pub one_phase: bool,
    /// Whether a participant in doubt asks the other participants, not only the coordinator.
    pub cooperative_termination: bool,
    /// How long the coordinator waits for votes, in µs.
    pub vote_timeout_us: u64,
    /// How long a participant in doubt waits before it asks for the decision, each time, in µs.
    pub decision_timeout_us: u64,
    /// How resource managers work.
    pub resources: ResourceOptions,
    /// Rules broken on purpose.
    pub break_rules: BreakRules,
}

impl Default for TwoPhaseOptions {
    fn default() -> Self {
        TwoPhaseOptions {
            presumption: Presumption::default(),
            read_only_vote: true,
            one_phase: true,
            cooperative_termination: true,
            vote_timeout_us: 100_000,
            decision_timeout_us: 120_000,
            resources: ResourceOptions::default(),
            break_rules: BreakRules::default(),
        }
    }
}

impl TwoPhaseOptions {
    /// Whether a cluster of `nodes` can be run with these.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn validate(&self, nodes: u16) -> Result<(), Vec<Invalid>> {
        let mut problems = Vec::new();
        self.resources.validate(nodes, &mut problems);
        timeout("vote_timeout_us", self.vote_timeout_us, &mut problems);
        timeout("decision_timeout_us", self.decision_timeout_us, &mut problems);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// The options of three-phase commit.
///
/// Its time-outs take a silent process for a crashed one, so they have to exceed the longest that a live one
/// can take. That is what the first three options bound; outside these bounds the protocol can split.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThreePhaseOptions {
    /// The longest time that a message takes, in µs, as the time-outs assume it.
    pub latency_us_max: u64,
    /// The longest time that a disk sync takes, in µs, as the time-outs assume it.
    pub sync_us_max: u64,
    /// How far a clock may be off, in parts per million of the time that passes.
    pub clock_drift_ppm_max: u32,
    /// How long whoever asks (for votes, for acknowledgements, for states) waits for answers, in µs. More
    /// than two latencies and a sync.
    pub answer_timeout_us: u64,
    /// How long a participant waits for whoever leads it before it takes that one for crashed, in µs. More
    /// than two answer time-outs, a sync and a latency.
    pub decision_timeout_us: u64,
    /// Whether a participant that has only read drops out after its vote.
    pub read_only_vote: bool,
    /// How resource managers work.
    pub resources: ResourceOptions,
    /// Rules broken on purpose.
    pub break_rules: BreakRules,
}

impl Default for ThreePhaseOptions {
    fn default() -> Self {
        ThreePhaseOptions {
            latency_us_max: 10_000,
            sync_us_max: 2_000,
            clock_drift_ppm_max: 1_000,
            answer_timeout_us: 24_000,
            decision_timeout_us: 64_000,
            read_only_vote: true,
            resources: ResourceOptions::default(),
            break_rules: BreakRules::default(),
        }
    }
}

impl ThreePhaseOptions {
    /// Whether a cluster of `nodes` can be run with these.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn validate(&self, nodes: u16) -> Result<(), Vec<Invalid>> {
        let mut problems = Vec::new();
        self.resources.validate(nodes, &mut problems);
        for (field, value) in [("latency_us_max", self.latency_us_max), ("sync_us_max", self.sync_us_max)] {
            let problem = Problem::of_range(value, 0, TIMEOUT_US_MAX);
            problems.extend(problem.map(|problem| Invalid::new(field, problem)));
        }
        timeout("answer_timeout_us", self.answer_timeout_us, &mut problems);
        timeout("decision_timeout_us", self.decision_timeout_us, &mut problems);
        // A clock that is off by half of the time that passes bounds nothing any more.
        if let Some(problem) = Problem::of_range(self.clock_drift_ppm_max.into(), 0, 499_999) {
            problems.push(Invalid::new("clock_drift_ppm_max", problem));
        } else if problems.is_empty() {
            self.validate_timeouts(&mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The same with the shortest time-outs that the bounds allow.
    #[must_use]
    pub fn with_shortest_timeouts(self) -> ThreePhaseOptions {
        let us = |least: u128| u64::try_from(least).unwrap_or(u64::MAX);
        let answer_timeout_us = us(self.least_answer_us());
        let options = ThreePhaseOptions { answer_timeout_us, ..self };
        ThreePhaseOptions { decision_timeout_us: us(options.least_decision_us()), ..options }
    }

    /// How slow the slowest clock can be, in millionths of the time that passes; never 0.
    fn slowest(&self) -> u128 {
        MILLION.saturating_sub(self.clock_drift_ppm_max.into()).max(1)
    }

    /// The shortest time-out for answers, in µs: a clock that runs fast makes a time-out end early, so the shortest
    /// that it can be has to exceed the longest that an answer can take.
    fn least_answer_us(&self) -> u128 {
        let needs = 2 * u128::from(self.latency_us_max) + u128::from(self.sync_us_max);
        needs * MILLION / self.slowest() + 1
    }

    /// The shortest time-out for a decision with this time-out for answers, in µs: whoever leads may have a clock that
    /// runs slow, and whoever waits one that runs fast.
    fn least_decision_us(&self) -> u128 {
        let leads = (2 * u128::from(self.answer_timeout_us) * MILLION).div_ceil(self.slowest());
        let needs = leads + u128::from(self.latency_us_max) + u128::from(self.sync_us_max);
        needs * MILLION / self.slowest() + 1
    }

    /// The time-outs against the bounds.
    fn validate_timeouts(&self, problems: &mut Vec<Invalid>) {
        let least_us = self.least_answer_us();
        if u128::from(self.answer_timeout_us) < least_us {
            problems.push(Invalid::new("answer_timeout_us", Problem::AnswerTimeoutTooShort { least_us }));
        }
        let least_us = self.least_decision_us();
        if u128::from(self.decision_timeout_us) < least_us {
            problems.push(Invalid::new("decision_timeout_us", Problem::DecisionTimeoutTooShort { least_us }));
        }
    }
}

impl ResourceOptions {
    fn validate(&self, nodes: u16, problems: &mut Vec<Invalid>) {
        if nodes < 2 {
            problems.push(Invalid::new("nodes", Problem::NobodyKeepsValues));
        }
        for (field, value) in [
            ("resources.work_timeout_us", self.work_timeout_us),
            ("resources.prepare_timeout_us", self.prepare_timeout_us),
            ("resources.retransmit_us", self.retransmit_us),
        ] {
            timeout(field, value, problems);
        }
        let problem = Problem::of_range(self.outcomes_kept.into(), 1, OUTCOMES_KEPT_MAX);
        problems.extend(problem.map(|problem| Invalid::new("resources.outcomes_kept", problem)));
        let too_far = Problem::TooFarFromZero { most: VALUE_MAX.unsigned_abs() };
        if self.opening_balance.unsigned_abs() > VALUE_MAX.unsigned_abs() {
            problems.push(Invalid::new("resources.opening_balance", too_far.clone()));
        }
        if self.balances.len() > BALANCES_MAX {
            let problem = Problem::TooMany { count: self.balances.len(), most: BALANCES_MAX };
            problems.push(Invalid::new("resources.balances", problem));
        }
        for Balance { at, balance } in self.balances.iter().take(BALANCES_MAX) {
            let mut refuse =
                |problem| problems.push(Invalid::new(format!("resources.balances[{at}]"), problem));
            if at.site == COORDINATOR || at.site.0 >= nodes {
                refuse(Problem::NoResourceManager);
            }
            if at.key.is_empty() || at.key.len() > KEY_BYTES_MAX {
                refuse(Problem::KeyLength { bytes_max: KEY_BYTES_MAX });
            }
            if balance.unsigned_abs() > VALUE_MAX.unsigned_abs() {
                refuse(too_far.clone());
            }
        }
    }
}

fn timeout(field: &str, value: u64, problems: &mut Vec<Invalid>) {
    let problem = Problem::of_range(value, 1, TIMEOUT_US_MAX);
    problems.extend(problem.map(|problem| Invalid::new(field, problem)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_by_default_is_valid() {
        assert_eq!(TwoPhaseOptions::default().validate(4), Ok(()));
        assert_eq!(ThreePhaseOptions::default().validate(4), Ok(()));
    }

    #[test]
    fn three_phase_commit_refuses_a_time_out_that_a_live_process_could_miss() {
        // Skeen 1981 assumes that a site failure is detected and never imagined.
        let options = ThreePhaseOptions { latency_us_max: 30_000, ..ThreePhaseOptions::default() };
        let problems = options.validate(4).unwrap_err();
        assert_eq!(problems[0].field, "answer_timeout_us");
        assert_eq!(problems[0].problem, Problem::AnswerTimeoutTooShort { least_us: 62_063 });
        let mended = ThreePhaseOptions { answer_timeout_us: 62_063, decision_timeout_us: 156_408, ..options };
        assert_eq!(mended.validate(4), Ok(()));
        let short = ThreePhaseOptions { decision_timeout_us: 156_407, ..mended };
        assert_eq!(short.validate(4).unwrap_err()[0].field, "decision_timeout_us");
    }

    #[test]
    fn a_balance_at_the_coordinator_or_beyond_the_cluster_is_refused() {
        for site in [COORDINATOR, crate::protocol::NodeId(4)] {
            let mut options = TwoPhaseOptions::default();
            options.resources.balances.push(Balance { at: Place::new(site, "alice"), balance: 1 });
            assert_eq!(options.validate(4).unwrap_err().len(), 1, "{site}");
        }
    }
}
