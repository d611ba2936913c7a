//! What an operator would chart, for any protocol, from the columns of a recording: nothing is run again.
//!
//! Figures are those of the run up to the cursor; the charts show all that is recorded. One pass over the rows
//! gives both, so whoever shows them keeps the result until the cursor moves or more is recorded.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::portray::Portray;
use super::viewport::horizon_us;
use crate::protocol::{Lane, Standing};
use crate::sim::cluster::kind_code;
use crate::sim::recording::{LaneChange, StepInfo};
use crate::sim::step::Loss;
use crate::sim::{Address, Recording};

/// The most buckets that a chart has.
const BUCKETS_MAX: u64 = 50;

/// What requests and answers are called where the kinds of messages are named.
pub const REQUEST_AND_ANSWER: [&str; 2] = ["Request", "Answer"];

/// All of it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// The run up to the cursor.
    pub totals: Totals,
    /// The messages by kind, up to the cursor, in the order of the protocol; kinds that never occurred as well.
    pub kinds: Vec<KindCount>,
    /// How wide a bucket is, in µs.
    pub bucket_us: u64,
    /// The whole of the recorded branch.
    pub buckets: Vec<Bucket>,
    /// When the recorded branch ends, in µs.
    pub end_us: u64,
    /// Whether the protocol elects leaders; where it does not, changes and absence of one mean nothing.
    pub has_leaders: bool,
    /// Whether there are clients.
    pub has_clients: bool,
}

/// What happened up to the cursor.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Steps.
    pub steps: u32,
    /// Virtual time, in µs.
    pub time_us: u64,
    /// Messages that arrived, those of clients included.
    pub messages: u64,
    /// Messages that did not arrive.
    pub lost: u64,
    /// Commands with a final answer.
    pub commands: u64,
    /// How long they took, from when the client first asked; `None` where there was none yet.
    pub latency: Option<Latency>,
    /// How often a node came to lead, in a new era or after another one.
    pub leader_changes: u64,
    /// Disk syncs that finished.
    pub syncs: u64,
    /// Processes that ended: crashed, or stopped with the loss of their disk.
    pub crashes: u64,
    /// Processes that were started again.
    pub restarts: u64,
    /// Steps that violated an invariant.
    pub violations: u64,
    /// For how long no node led, in µs.
    pub leaderless_us: u64,
}

/// How long commands took, in µs; percentiles are nearest ranks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50_us: u64,
    /// 95 of 100 took no longer.
    pub p95_us: u64,
    /// 99 of 100 took no longer.
    pub p99_us: u64,
    /// All of them together.
    pub sum_us: u64,
}

/// How many messages of one kind there were.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KindCount {
    /// The kind, as the paper calls it.
    pub name: Cow<'static, str>,
    /// Those that arrived.
    pub arrived: u64,
    /// Those that did not.
    pub lost: u64,
}

/// What happened in one bucket of virtual time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Bucket {
    /// Messages that arrived.
    pub messages: u32,
    /// Messages that did not arrive.
    pub lost: u32,
    /// Commands with a final answer.
    pub commands: u32,
    /// The median of their latencies, in µs, and their 95th percentile; `None` where there was no command.
    pub latency_us: Option<(u64, u64)>,
    /// How often a node came to lead.
    pub leader_changes: u32,
    /// Disk syncs that finished.
    pub syncs: u32,
    /// Processes that ended.
    pub crashes: u32,
    /// For how long no node led, in µs.
    pub leaderless_us: u64,
}

/// Counts a recording; figures up to the cursor, which stands after `cursor` steps.
pub fn metrics<P: Portray>(recording: &Recording<P>, cursor: u32) -> Metrics {
    let setup = recording.head().setup();
    let names = P::MESSAGE_KINDS.iter().chain(&REQUEST_AND_ANSWER);
    let mut metrics = Metrics {
        kinds: names.map(|name| KindCount { name: (*name).into(), arrived: 0, lost: 0 }).collect(),
        has_leaders: P::elects_leaders(),
        has_clients: setup.clients > 0,
        ..Metrics::default()
    };
    metrics.totals.steps = cursor.min(recording.steps());
    metrics.totals.time_us = recording.time_at(metrics.totals.steps);
    metrics.end_us = recording.time_at(recording.steps());
    let mut tally = Tally::new(metrics, usize::from(setup.nodes), usize::from(setup.clients));
    for info in recording.infos(0) {
        tally.step(&info);
    }
    for loss in recording.losses() {
        tally.loss(loss);
    }
    for change in recording.lane_changes() {
        tally.lane(change);
    }
    tally.finish()
}

/// The width of the buckets of a run of this length: 1, 2 or 5 and zeros, so that it rarely changes while a run
/// grows and the charts keep their form.
fn bucket_us(end_us: u64) -> u64 {
    let least = horizon_us(end_us).div_ceil(BUCKETS_MAX).max(1);
    let power = 10_u64.saturating_pow(least.ilog10());
    [1, 2, 5].map(|step| step * power).into_iter().find(|width| *width >= least).unwrap_or(10 * power)
}

/// Counts. It knows no protocol, so it is compiled once for all of them.
struct Tally {
    metrics: Metrics,
    /// When each client issued the request that it has under way.
    asked_us: Vec<Option<u64>>,
    /// The latencies of all commands with the bucket in which they ended.
    latencies: Vec<(u32, u64)>,
    /// How many of them ended up to the cursor.
    latencies_told: usize,
    lanes: Vec<Option<Lane>>,
    leaders: u32,
    leaderless_since_us: u64,
}

impl Tally {
    fn new(mut metrics: Metrics, nodes: usize, clients: usize) -> Tally {
        metrics.bucket_us = bucket_us(metrics.end_us);
        let buckets = metrics.end_us / metrics.bucket_us + 1;
        metrics.buckets = vec![Bucket::default(); buckets as usize];
        Tally {
            metrics,
            asked_us: vec![None; clients],
            latencies: Vec::new(),
            latencies_told: 0,
            lanes: vec![None; nodes],
            leaders: 0,
            leaderless_since_us: 0,
        }
    }

    /// Counts into the bucket of a moment.
    fn bucket(&mut self, time_us: u64, count: impl FnOnce(&mut Bucket)) {
        let at = time_us / self.metrics.bucket_us;
        if let Some(bucket) = self.metrics.buckets.get_mut(at as usize) {
            count(bucket);
        }
    }

    fn kind(&mut self, code: u8) -> Option<&mut KindCount> {
        let peers = self.metrics.kinds.len().checked_sub(REQUEST_AND_ANSWER.len())?;
        let at = match code {
            kind_code::REQUEST => peers,
            kind_code::ANSWER => peers + 1,
            kind => usize::from(kind - kind_code::MESSAGE),
        };
        self.metrics.kinds.get_mut(at)
    }

    fn step(&mut self, info: &StepInfo) {
        let told = info.index < self.metrics.totals.steps;
        if told && info.flags.is_violation() {
            self.metrics.totals.violations += 1;
        }
        match info.kind {
            ..=kind_code::ANSWER => {
                self.bucket(info.time_us, |bucket| bucket.messages += 1);
                if told {
                    self.metrics.totals.messages += 1;
                    if let Some(kind) = self.kind(info.kind) {
                        kind.arrived += 1;
                    }
                }
                if info.flags.is_done() {
                    self.done(info, told);
                }
            }
            kind_code::ASK => {
                if let Some(asked_us) = self.asked_us_of(info.party) {
                    // What is asked again was asked before.
                    asked_us.get_or_insert(info.time_us);
                }
            }
            kind_code::SYNCED => {
                self.bucket(info.time_us, |bucket| bucket.syncs += 1);
                self.metrics.totals.syncs += u64::from(told);
            }
            kind_code::RESTART => self.metrics.totals.restarts += u64::from(told),
            _ => {}
        }
    }

    fn asked_us_of(&mut self, party: Option<Address>) -> Option<&mut Option<u64>> {
        match party {
            Some(Address::Client(client)) => self.asked_us.get_mut(client.index()),
            _ => None,
        }
    }

    fn done(&mut self, info: &StepInfo, told: bool) {
        let since_us = self.asked_us_of(info.party).and_then(Option::take).unwrap_or(info.time_us);
        let bucket = (info.time_us / self.metrics.bucket_us) as u32;
        self.latencies.push((bucket, info.time_us - since_us));
        self.bucket(info.time_us, |bucket| bucket.commands += 1);
        if told {
            self.metrics.totals.commands += 1;
            self.latencies_told = self.latencies.len();
        }
    }

    fn loss(&mut self, loss: &Loss) {
        self.bucket(loss.time_us, |bucket| bucket.lost += 1);
        if loss.time_us <= self.metrics.totals.time_us {
            self.metrics.totals.lost += 1;
            if let Some(kind) = self.kind(loss.kind) {
                kind.lost += 1;
            }
        }
    }

    fn lane(&mut self, change: &LaneChange) {
        let told = change.step < self.metrics.totals.steps;
        let Some(known) = self.lanes.get_mut(change.node.index()) else { return };
        let before = std::mem::replace(known, change.lane);
        if before.is_some() && change.lane.is_none() {
            self.bucket(change.time_us, |bucket| bucket.crashes += 1);
            self.metrics.totals.crashes += u64::from(told);
        }
        let led_before = before.is_some_and(|lane| lane.standing == Standing::Leader);
        let leads = change.lane.is_some_and(|lane| lane.standing == Standing::Leader);
        if leads {
            self.bucket(change.time_us, |bucket| bucket.leader_changes += 1);
            self.metrics.totals.leader_changes += u64::from(told);
        }
        match (led_before, leads) {
            (false, true) => {
                if self.leaders == 0 {
                    self.nobody_led(change.time_us);
                }
                self.leaders += 1;
            }
            (true, false) => {
                self.leaders = self.leaders.saturating_sub(1);
                self.leaderless_since_us = change.time_us;
            }
            _ => {}
        }
    }

    /// Nobody led from when the last one stopped until this moment.
    fn nobody_led(&mut self, until_us: u64) {
        let (from_us, width_us) = (self.leaderless_since_us, self.metrics.bucket_us);
        let told_us = until_us.min(self.metrics.totals.time_us).saturating_sub(from_us);
        self.metrics.totals.leaderless_us += told_us;
        let first = from_us / width_us;
        for (at, bucket) in (first..).zip(self.metrics.buckets.iter_mut().skip(first as usize)) {
            let (begins_us, ends_us) = (at * width_us, (at + 1) * width_us);
            if begins_us >= until_us {
                break;
            }
            bucket.leaderless_us += until_us.min(ends_us) - from_us.max(begins_us);
        }
    }

    fn finish(mut self) -> Metrics {
        if self.leaders == 0 {
            self.nobody_led(self.metrics.end_us);
        }
        let told = self.latencies.get(..self.latencies_told).unwrap_or_default();
        self.metrics.totals.latency = latency(told.iter().map(|(_, us)| *us).collect());
        let mut at = 0;
        // Commands end in the order of time, so those of one bucket stand together.
        while let Some((bucket, _)) = self.latencies.get(at).copied() {
            let rest = self.latencies.get(at..).unwrap_or_default();
            let same: Vec<u64> = rest.iter().take_while(|(of, _)| *of == bucket).map(|(_, us)| *us).collect();
            at += same.len();
            if let (Some(bucket), Some(latency)) =
                (self.metrics.buckets.get_mut(bucket as usize), latency(same))
            {
                bucket.latency_us = Some((latency.p50_us, latency.p95_us));
            }
        }
        self.metrics
    }
}

/// The percentiles of some latencies, unless there are none.
fn latency(mut latencies: Vec<u64>) -> Option<Latency> {
    latencies.sort_unstable();
    let count = latencies.len();
    let percentile =
        |percent: usize| latencies.get((count * percent).div_ceil(100).saturating_sub(1)).copied();
    Some(Latency {
        p50_us: percentile(50)?,
        p95_us: percentile(95)?,
        p99_us: percentile(99)?,
        sum_us: latencies.iter().sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        assert_eq!(latency(Vec::new()), None);
        let one = latency(vec![7]).unwrap();
        assert_eq!((one.p50_us, one.p95_us, one.p99_us), (7, 7, 7));
        let hundred = latency((1..=100).rev().collect()).unwrap();
        assert_eq!((hundred.p50_us, hundred.p95_us, hundred.p99_us, hundred.sum_us), (50, 95, 99, 5_050));
    }

    #[test]
    fn buckets_are_round_and_few_whatever_the_length_of_the_run() {
        for end_us in [0, 1, 199_999, 200_000, 1_000_001, 77_000_000, 86_400_000_000] {
            let width = bucket_us(end_us);
            assert!(width.to_string().trim_end_matches('0').len() == 1, "{width}");
            assert!(end_us / width < BUCKETS_MAX + 1, "{end_us}");
        }
    }
}
