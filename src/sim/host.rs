//! The machine under a node: its clock, its timers, its disk and its streams of randomness.

use super::disk::{Disk, DiskOptions};
use super::random::Stream;
use super::step::Event;
use super::{EventId, Problem};
use crate::protocol::Participant;

/// The largest difference between a clock and true time that can be configured, in µs.
pub const SKEW_US_MAX: i64 = 3_600_000_000;
/// The fastest (and slowest) that a clock can run, in parts per million.
pub const DRIFT_PPM_MAX: i32 = 500_000;

/// A clock that can be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    skew_us: i64,
    drift_ppm: i32,
    /// True time when the clock was last adjusted, and what it showed then.
    adjusted_us: u64,
    shown_us: i64,
}

impl Clock {
    /// What it shows.
    pub fn reading_us(&self, now_us: u64) -> i64 {
        let passed = now_us.saturating_sub(self.adjusted_us);
        self.shown_us + self.measured_us(passed)
    }

    /// By how much it was last set ahead of true time, in µs.
    pub fn skew_us(&self) -> i64 {
        self.skew_us
    }

    /// How much faster than true time it runs, in parts per million.
    pub fn drift_ppm(&self) -> i32 {
        self.drift_ppm
    }

    fn rate(&self) -> i128 {
        1_000_000 + i128::from(self.drift_ppm)
    }

    /// How long a stretch of true time is by this clock.
    pub(super) fn measured_us(&self, true_us: u64) -> i64 {
        if self.drift_ppm == 0 {
            return true_us as i64;
        }
        (i128::from(true_us) * self.rate() / 1_000_000) as i64
    }

    /// How long a stretch of this clock's time is in truth.
    pub(super) fn true_us(&self, measured_us: u64) -> u64 {
        if self.drift_ppm == 0 {
            return measured_us;
        }
        (i128::from(measured_us) * 1_000_000 / self.rate()) as u64
    }

    /// Sets the clock.
    ///
    /// # Errors
    /// A figure out of bounds.
    pub(super) fn adjust(&mut self, now_us: u64, skew_us: i64, drift_ppm: i32) -> Result<(), Problem> {
        if !(-SKEW_US_MAX..=SKEW_US_MAX).contains(&skew_us) {
            return Err(Problem::OutOfBounds { what: "skew_us".into(), limit: SKEW_US_MAX as u64 });
        }
        if !(-DRIFT_PPM_MAX..=DRIFT_PPM_MAX).contains(&drift_ppm) {
            return Err(Problem::OutOfBounds { what: "drift_ppm".into(), limit: DRIFT_PPM_MAX as u64 });
        }
        let reading_us = now_us as i64 + skew_us;
        *self = Clock { skew_us, drift_ppm, adjusted_us: now_us, shown_us: reading_us };
        Ok(())
    }
}

/// A timer that runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Timer<P: Participant> {
    /// Which one.
    pub timer: P::Timer,
    /// The event that stands for it.
    pub event: EventId,
    /// When it was set, in true time.
    pub set_us: u64,
    /// When it expires, in true time. The event may be due earlier: a timer that is set anew again and again
    /// keeps its place in the queue and is looked at when that comes up.
    pub due_us: u64,
    /// The step that set it.
    pub cause: u32,
}

/// The machine under a node.
#[derive(Clone, PartialEq, Debug)]
pub struct Host<P: Participant> {
    /// How many times its process was started or died. What an earlier life left pending is void.
    pub life: u32,
    /// Whether the process is paused.
    pub paused: bool,
    /// Its clock.
    pub clock: Clock,
    /// What the clock showed when the process started.
    pub(super) started_us: i64,
    /// Its timers that run.
    pub timers: Vec<Timer<P>>,
    /// What came up while the process was paused, in order.
    pub(super) backlog: Vec<Event<P>>,
    /// Its disk.
    pub disk: Disk,
    /// Whether its disk was lost or damaged and the node does not yet take part again.
    pub harmed: bool,
    /// The step at which its process last died, started, or was paused.
    pub last_fate: Option<u32>,
    /// What the protocol draws.
    pub(super) protocol_stream: Stream,
    /// What the network and the disk draw for it.
    pub(super) machine_stream: Stream,
}

impl<P: Participant> Host<P> {
    pub(super) fn new(seed: u64, node: u16, disk_options: DiskOptions, records: &[P::Record]) -> Self {
        Host {
            life: 0,
            paused: false,
            clock: Clock::default(),
            started_us: 0,
            timers: Vec::new(),
            backlog: Vec::new(),
            disk: Disk::formatted(disk_options, records),
            harmed: false,
            last_fate: None,
            protocol_stream: Stream::new(seed, u64::from(node) * 4 + 1),
            machine_stream: Stream::new(seed, u64::from(node) * 4 + 2),
        }
    }

    /// The process's own monotonic clock, in µs.
    pub fn process_us(&self, now_us: u64) -> u64 {
        u64::try_from(self.clock.reading_us(now_us) - self.started_us).unwrap_or(0)
    }

    /// The timer of this name, if this event stands for it.
    pub(super) fn timer_of(&self, timer: P::Timer, event: EventId) -> Option<&Timer<P>> {
        self.timer(timer).filter(|running| running.event == event)
    }

    /// The timer of this name, if it runs.
    pub fn timer(&self, timer: P::Timer) -> Option<&Timer<P>> {
        self.timers.iter().find(|running| running.timer == timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_makes_timers_expire_early() {
        let mut clock = Clock::default();
        clock.adjust(1_000, 500, 250_000).unwrap();
        assert_eq!(clock.reading_us(1_000), 1_500);
        assert_eq!(clock.reading_us(2_000), 2_750);
        assert_eq!(clock.true_us(1_250), 1_000);
    }

    #[test]
    fn a_clock_that_would_stand_still_is_refused() {
        assert!(Clock::default().adjust(0, 0, -1_000_000).is_err());
    }
}
