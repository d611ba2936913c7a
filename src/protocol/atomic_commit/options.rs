//! What an operator configures: how resource managers work, which rules are broken on purpose, and what
//! either protocol adds.

use serde::{Deserialize, Serialize};

use super::transaction::{COORDINATOR, KEY_BYTES_MAX, Outcome, Place, VALUE_MAX};
use crate::protocol::{Invalid, Problem, rules};

/// The longest time-out, in µs: one hour.
pub const TIMEOUT_US_MAX: u64 = 3_600_000_000;
/// The largest number of opening balances that can be listed.
pub const BALANCES_MAX: usize = 1_000;
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
        }
    }
}

rules! {
    /// A participant votes yes without waiting for its prepared record to be durable.
    vote_before_prepare_is_durable => VoteBeforePrepareIsDurable,
    /// The coordinator decides to commit as soon as more than half of the participants have voted yes.
    commit_on_majority => CommitOnMajority,
    /// A participant that is in doubt and hears nothing aborts on its own.
    abort_alone_while_in_doubt => AbortAloneWhileInDoubt,
}

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

    /// The time-outs against the bounds. A clock that runs fast makes a time-out end early, so the shortest
    /// that it can be has to exceed the longest that an answer can take.
    fn validate_timeouts(&self, problems: &mut Vec<Invalid>) {
        let drift = u128::from(self.clock_drift_ppm_max);
        let (latency, sync) = (u128::from(self.latency_us_max), u128::from(self.sync_us_max));
        let answer = u128::from(self.answer_timeout_us);
        // All times are multiplied by a million, so that drift needs no fractions.
        let answer_needs = (2 * latency + sync) * MILLION;
        if answer * (MILLION - drift) <= answer_needs {
            let least_us = answer_needs / (MILLION - drift) + 1;
            problems.push(Invalid::new("answer_timeout_us", Problem::AnswerTimeoutTooShort { least_us }));
        }
        let decision_needs = 2 * answer * (MILLION + drift) + (latency + sync) * MILLION;
        if u128::from(self.decision_timeout_us) * (MILLION - drift) <= decision_needs {
            let least_us = decision_needs / (MILLION - drift) + 1;
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
        let mended = ThreePhaseOptions { answer_timeout_us: 62_063, decision_timeout_us: 156_407, ..options };
        assert_eq!(mended.validate(4), Ok(()));
        let short = ThreePhaseOptions { decision_timeout_us: 156_406, ..mended };
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
