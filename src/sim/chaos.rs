//! Random faults, drawn from the seed.

use serde::{Deserialize, Serialize};

use super::{OutOfBounds, network::PartsPerMillion};

/// How often which fault happens. At each beat one fault is drawn by its weight; a weight of 0 rules it out.
/// Every fault has its repair, which is drawn in the same way, so a cluster is never left broken for good
/// while chaos lasts, and all is repaired when it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// The mean time between two faults, in µs.
    pub beat_us_mean: u64,
    /// The most nodes that are down, paused or out at the same time.
    pub victims_max: u16,
    /// Crash of a node, its unsynced writes torn.
    pub crash: u32,
    /// Restart of a node that is down.
    pub restart: u32,
    /// Pause of a node.
    pub pause: u32,
    /// End of a pause.
    pub resume: u32,
    /// Partition into two groups.
    pub partition: u32,
    /// A connection cut in one direction.
    pub cut: u32,
    /// All cuts healed.
    pub heal: u32,
    /// A message under way lost.
    pub drop: u32,
    /// A message under way delayed.
    pub delay: u32,
    /// A message under way doubled.
    pub duplicate: u32,
    /// A message under way held, until it is released at a later beat.
    pub hold: u32,
    /// A clock that skews and drifts.
    pub clock: u32,
    /// A disk that becomes slow, or fast again.
    pub slow_disk: u32,
    /// The tail of a log damaged.
    pub corrupt_tail: u32,
    /// A disk lost.
    pub lose_disk: u32,
    /// The most disks that are lost or damaged in the whole run: more than a minority cannot be survived.
    pub disks_lost_max: u16,
    /// The most nodes that are out at the same time because their disk was lost or damaged; 0 for no limit but that of
    /// the whole run.
    #[serde(skip_serializing_if = "is_default_out")]
    pub disks_out_max: u16,
    /// The longest that a message is delayed, in µs. A copy of a message comes at most half as late.
    #[serde(skip_serializing_if = "is_default_delay")]
    pub delay_us_max: u64,
    /// How likely a message that is held goes on at a beat that is about messages, in parts per million.
    #[serde(skip_serializing_if = "is_default_release")]
    pub release_ppm: PartsPerMillion,
    /// Messages lost by the network itself, while chaos lasts.
    pub loss_ppm: PartsPerMillion,
    /// Messages doubled by the network itself, while chaos lasts.
    pub duplication_ppm: PartsPerMillion,
}

const DELAY_US_MAX: u64 = 200_000;
const RELEASE_PPM: PartsPerMillion = 1_000_000;

// What was added later is written only where it is not the default, so that older files and links stay as they are.

fn is_default_out(nodes: &u16) -> bool {
    *nodes == 0
}

fn is_default_delay(us: &u64) -> bool {
    *us == DELAY_US_MAX
}

fn is_default_release(ppm: &PartsPerMillion) -> bool {
    *ppm == RELEASE_PPM
}

/// How many kinds of fault there are.
pub const KINDS: usize = 15;

impl Default for Chaos {
    fn default() -> Self {
        Chaos {
            beat_us_mean: 60_000,
            victims_max: 1,
            crash: 4,
            restart: 8,
            pause: 2,
            resume: 6,
            partition: 3,
            cut: 3,
            heal: 6,
            drop: 6,
            delay: 6,
            duplicate: 6,
            hold: 4,
            clock: 2,
            slow_disk: 2,
            corrupt_tail: 0,
            lose_disk: 0,
            disks_lost_max: 0,
            disks_out_max: 0,
            delay_us_max: DELAY_US_MAX,
            release_ppm: RELEASE_PPM,
            loss_ppm: 10_000,
            duplication_ppm: 10_000,
        }
    }
}

impl Chaos {
    /// The weights in a fixed order, with the name of each fault.
    pub fn weights(&self) -> [(&'static str, u32); KINDS] {
        [
            ("crash", self.crash),
            ("restart", self.restart),
            ("pause", self.pause),
            ("resume", self.resume),
            ("partition", self.partition),
            ("cut", self.cut),
            ("heal", self.heal),
            ("drop", self.drop),
            ("delay", self.delay),
            ("duplicate", self.duplicate),
            ("hold", self.hold),
            ("clock", self.clock),
            ("slow_disk", self.slow_disk),
            ("corrupt_tail", self.corrupt_tail),
            ("lose_disk", self.lose_disk),
        ]
    }

    /// The weights in the same order, to be changed.
    pub fn weights_mut(&mut self) -> [&mut u32; KINDS] {
        [
            &mut self.crash,
            &mut self.restart,
            &mut self.pause,
            &mut self.resume,
            &mut self.partition,
            &mut self.cut,
            &mut self.heal,
            &mut self.drop,
            &mut self.delay,
            &mut self.duplicate,
            &mut self.hold,
            &mut self.clock,
            &mut self.slow_disk,
            &mut self.corrupt_tail,
            &mut self.lose_disk,
        ]
    }

    /// Whether the figures are within bounds.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<(), OutOfBounds> {
        if self.beat_us_mean < 1_000 || self.beat_us_mean > 60_000_000 {
            return Err(OutOfBounds { what: "beat_us_mean", limit: 60_000_000 });
        }
        if self.delay_us_max < 2_000 || self.delay_us_max > super::network::LATENCY_US_MAX {
            return Err(OutOfBounds { what: "delay_us_max", limit: super::network::LATENCY_US_MAX });
        }
        if self.loss_ppm.max(self.duplication_ppm).max(self.release_ppm) > 1_000_000 {
            return Err(OutOfBounds { what: "ppm", limit: 1_000_000 });
        }
        if self.weights().iter().any(|(_, weight)| *weight > 1_000_000) {
            return Err(OutOfBounds { what: "weight", limit: 1_000_000 });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_that_are_changed_are_those_that_are_listed() {
        let mut chaos = Chaos::default();
        for (at, weight) in (100..).zip(chaos.weights_mut()) {
            *weight = at;
        }
        let listed = chaos.weights().map(|(_, weight)| weight);
        assert!(listed.iter().copied().eq(100..100 + KINDS as u32), "{listed:?}");
    }
}
