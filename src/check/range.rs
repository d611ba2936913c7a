//! Many runs, on all processors, with one result whatever their number.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::checkable::Checkable;
use super::faults::Faults;
use super::run::{Failure, Finding, Plan, RuleCounts, Run, Subject, run};

/// What came out of a range of seeds.
#[derive(Clone, Debug)]
pub struct Report<P: Checkable> {
    /// How many runs there were.
    pub runs: u64,
    /// How many steps they took together.
    pub steps: u64,
    /// The faults of all of them.
    pub faults: Faults,
    /// How many commands were answered.
    pub acknowledged: u64,
    /// How often the guard of each rule decided something.
    pub rules: RuleCounts,
    /// What was found, by seed.
    pub failures: Vec<(u64, Failure<P>)>,
}

impl<P: Checkable> Default for Report<P> {
    fn default() -> Self {
        Report {
            runs: 0,
            steps: 0,
            faults: Faults::default(),
            acknowledged: 0,
            rules: RuleCounts::default(),
            failures: Vec::new(),
        }
    }
}

impl<P: Checkable> Report<P> {
    fn add(&mut self, run: Run<P>) {
        self.runs += 1;
        self.steps += u64::from(run.steps);
        self.faults.add(&run.faults);
        self.acknowledged += run.acknowledged;
        self.rules.add(&run.rules);
        if let Some(failure) = run.failure {
            self.failures.push((run.seed, failure));
        }
    }

    /// How many histories could not be judged with the work that was allowed. Each is a failure, too.
    pub fn undecided(&self) -> usize {
        let is_undecided = |failure: &Failure<P>| matches!(failure.finding, Finding::Undecided(_));
        self.failures.iter().filter(|(_, failure)| is_undecided(failure)).count()
    }

    fn merge(&mut self, other: Report<P>) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.faults.add(&other.faults);
        self.acknowledged += other.acknowledged;
        self.rules.add(&other.rules);
        self.failures.extend(other.failures);
    }
}

/// Runs all seeds of a range, and stops early once `failures_max` failures were found. Without failures the
/// report does not depend on the number of processors.
pub fn check<P>(subject: &Subject<P>, seeds: Range<u64>, plan: Plan, failures_max: u64) -> Report<P>
where
    P: Checkable,
    Subject<P>: Sync,
    Report<P>: Send,
{
    let next = AtomicU64::new(seeds.start);
    let failures = AtomicU64::new(0);
    let whole = Mutex::new(Report::default());
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut report = Report::default();
                while failures.load(Ordering::Relaxed) < failures_max {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let run = run(subject, seed, plan);
                    if run.failure.is_some() {
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                    report.add(run);
                }
                // A worker that panicked took its own report with it; the others' are as good as before.
                whole.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).merge(report);
            });
        }
    });
    let mut report = whole.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    report.failures.sort_by_key(|(seed, _)| *seed);
    report
}
