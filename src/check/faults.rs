//! Which faults a run is put through, drawn from its seed, and how often each was used.

use std::collections::BTreeMap;

use super::Checkable;
use crate::protocol::Participant;
use crate::sim::random::Stream;
use crate::sim::{Chaos, ClusterSetup, Intervention, InterventionOf, LinkOptions, Unsynced};

/// How many of a million eventful steps are followed by a crash where many are.
pub const AIMED_PPM: u32 = 12_000;

/// Messages that come late just where that is worst: when whoever said them would not say them any more. A protocol whose
/// faults have none of them draws nothing for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LateMessages {
    /// How many of a million messages that hold only as long as their sender lives ([`Checkable::holds_for_this_life`])
    /// are the last of it: the sender crashes and starts again, and only then they come.
    pub last_words_ppm: u32,
    /// How many of a million requests of clients come once more when their receiver has been started again.
    pub echoes_ppm: u32,
    /// How likely one of those that are due comes after a step, in parts per million.
    pub delivery_ppm: u32,
    /// How long a message may be under way at most, in µs, where the protocol relies on that. What a client asks may be
    /// later: no protocol relies on that.
    pub within_us: Option<u64>,
}

impl LateMessages {
    /// Draws how many of them a run has.
    pub fn draw(self, stream: &mut Stream) -> LateMessages {
        if self == LateMessages::default() {
            return self;
        }
        let mut some = |most: u32, parts: &[u64]| (u64::from(most) / one_of(parts, stream)) as u32;
        LateMessages {
            last_words_ppm: some(self.last_words_ppm, &[1, 4, 16, u64::MAX]),
            echoes_ppm: some(self.echoes_ppm, &[1, 1, u64::MAX]),
            delivery_ppm: some(self.delivery_ppm, &[1, 4, 16]),
            ..self
        }
    }
}

/// What a protocol must survive with given options.
#[derive(Clone, PartialEq, Debug)]
pub struct FaultModel {
    /// The most crashes of a million steps that write, send or answer: right after the step, or half-way through its
    /// sends.
    pub aimed_ppm: u32,
    /// The weights of the random faults; a weight of 0 lies outside the model. Each run draws its own weights
    /// from these, because faults that are rare in one mixture are frequent in another (Groce et al., "Swarm
    /// Testing", 2012).
    pub chaos: Chaos,
    /// How the network may behave while faults happen, besides as it was set up.
    pub networks: Vec<LinkOptions>,
    /// Whether somebody may interfere with single messages and timers: let them happen at once, change a
    /// single connection, cut off a client. Asynchronous protocols must survive that; timed ones need not.
    pub asynchronous: bool,
    /// Which messages come late besides those that chaos picks.
    pub late: LateMessages,
}

impl FaultModel {
    /// All that an asynchronous protocol with a quorum must survive: every kind of fault, and the loss of
    /// fewer disks than half.
    pub fn asynchronous(nodes: u16) -> FaultModel {
        let minority = nodes.saturating_sub(1) / 2;
        let chaos = Chaos {
            corrupt_tail: 1,
            lose_disk: 1,
            disks_lost_max: minority,
            victims_max: nodes,
            loss_ppm: 40_000,
            duplication_ppm: 40_000,
            ..Chaos::default()
        };
        let slow = LinkOptions { latency_us_min: 20_000, jitter_us_mean: 20_000, ..LinkOptions::default() };
        let tailed = LinkOptions {
            jitter: crate::sim::Jitter::LongTail,
            jitter_us_mean: 15_000,
            ..LinkOptions::default()
        };
        let ordered = LinkOptions { reordering: false, jitter_us_mean: 8_000, ..LinkOptions::default() };
        let bad = LinkOptions { loss_ppm: 100_000, duplication_ppm: 100_000, ..tailed };
        FaultModel {
            aimed_ppm: AIMED_PPM,
            chaos,
            networks: vec![slow, tailed, ordered, bad],
            asynchronous: true,
            late: LateMessages::default(),
        }
    }

    /// Draws the faults of one run.
    pub fn draw_chaos(&self, nodes: u16, stream: &mut Stream) -> Chaos {
        let most = self.chaos;
        let mut weight = |weight: u32| match stream.between(0, 3) {
            0 => 0,
            1 => weight * 4,
            _ => weight,
        };
        let mut chaos = Chaos {
            crash: weight(most.crash),
            pause: weight(most.pause),
            partition: weight(most.partition),
            cut: weight(most.cut),
            drop: weight(most.drop),
            delay: weight(most.delay),
            duplicate: weight(most.duplicate),
            hold: weight(most.hold),
            clock: weight(most.clock),
            slow_disk: weight(most.slow_disk),
            corrupt_tail: weight(most.corrupt_tail),
            lose_disk: weight(most.lose_disk),
            ..most
        };
        chaos.beat_us_mean = stream.between(10_000, 90_000);
        let minority = nodes.saturating_sub(1) / 2;
        let victims = match stream.between(0, 3) {
            0 => 1,
            1 => most.victims_max,
            _ => minority.max(1),
        };
        if self.asynchronous {
            // Old messages: of seconds ago, from a term, ballot or life that has ended.
            chaos.delay_us_max = one_of(&[200_000, 2_000_000, 6_000_000], stream);
            chaos.release_ppm = one_of(&[1_000_000, 100_000, 10_000], stream) as u32;
        }
        chaos.victims_max = victims.min(most.victims_max);
        chaos.loss_ppm = stream.between(0, u64::from(most.loss_ppm)) as u32;
        chaos.duplication_ppm = stream.between(0, u64::from(most.duplication_ppm)) as u32;
        chaos
    }

    /// Draws how often a step of this run is followed by a crash, in parts per million.
    pub fn draw_aimed_ppm(&self, stream: &mut Stream) -> u32 {
        (u64::from(self.aimed_ppm) / one_of(&[1, 4, 16, u64::MAX], stream)) as u32
    }

    /// Draws what the clients and the disks are like, as far as that changes nothing of what is promised.
    pub fn draw_surroundings<P: Participant>(&self, setup: &mut ClusterSetup<P>, stream: &mut Stream) {
        setup.clients = one_of(&[1, 2, 3, 3, 5, 8], stream) as u16;
        setup.client.timeout_us = one_of(&[60_000, 400_000, 400_000, 2_000_000], stream);
        setup.client.backoff_us = one_of(&[2_000, 30_000, 30_000, 200_000], stream);
        if !self.asynchronous {
            return;
        }
        (setup.disk.sync_us_min, setup.disk.sync_us_max) = match stream.between(0, 3) {
            0 => (20, 200),
            1 => (2_000, 15_000),
            _ => (setup.disk.sync_us_min, setup.disk.sync_us_max),
        };
        match stream.between(0, 3) {
            0 => (setup.network.latency_us_min, setup.network.jitter_us_mean) = (200, 400),
            1 => setup.network.jitter_us_mean = 6_000,
            _ => {}
        }
    }

    /// Draws how the network behaves, or goes back to how it was set up.
    pub fn draw_network<P: Participant>(&self, setup: &ClusterSetup<P>, stream: &mut Stream) -> LinkOptions {
        let at = stream.between(0, self.networks.len() as u64) as usize;
        self.networks.get(at).copied().unwrap_or(setup.network)
    }

    /// The kinds of fault in this model, by the names that [`Faults`] counts them under.
    pub fn kinds(&self) -> Vec<&'static str> {
        let chaos = &self.chaos;
        let mut kinds = Vec::new();
        let mut when = |is_used: bool, names: &[&'static str]| {
            if is_used {
                kinds.extend_from_slice(names);
            }
        };
        when(chaos.crash > 0, &["crash, writes torn", "crash, writes lost", "crash, writes kept", "restart"]);
        when(chaos.crash > 0 && self.aimed_ppm > 0, &["crash, half-way through its sends"]);
        when(chaos.pause > 0, &["pause", "resume"]);
        when(chaos.partition > 0, &["partition"]);
        when(chaos.cut > 0, &["one-way cut", "cut"]);
        when(chaos.partition > 0 || chaos.cut > 0, &["heal"]);
        when(chaos.drop > 0, &["drop"]);
        when(chaos.delay > 0, &["delay"]);
        when(chaos.duplicate > 0, &["duplicate"]);
        when(chaos.hold > 0, &["hold", "release"]);
        when(chaos.clock > 0, &["clock"]);
        when(chaos.slow_disk > 0, &["slow disk"]);
        when(chaos.corrupt_tail > 0 && chaos.disks_lost_max > 0, &["corrupt tail"]);
        when(chaos.lose_disk > 0 && chaos.disks_lost_max > 0, &["lose disk"]);
        when(chaos.loss_ppm > 0, &["network loss"]);
        when(!self.networks.is_empty(), &["network"]);
        when(self.asynchronous, &["deliver now", "link"]);
        kinds
    }
}

fn one_of(choices: &[u64], stream: &mut Stream) -> u64 {
    let last = (choices.len() as u64).saturating_sub(1);
    choices.get(stream.between(0, last) as usize).copied().unwrap_or(1)
}

/// How often each kind of fault was used.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    counts: BTreeMap<&'static str, u64>,
}

impl Faults {
    /// Counts one.
    pub fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Counts an intervention under its name.
    pub fn count_act<P: Checkable>(&mut self, act: &InterventionOf<P>) {
        if let Some(kind) = kind_of::<P>(act) {
            self.count(kind);
        }
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Faults) {
        for (kind, count) in &other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
    }

    /// How often a kind was used.
    pub fn of(&self, kind: &str) -> u64 {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    /// All kinds that were used, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }

    /// All together.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// The name of a fault; `None` for an intervention that is none.
fn kind_of<P: Checkable>(act: &InterventionOf<P>) -> Option<&'static str> {
    use Intervention as I;
    Some(match act {
        I::Crash { unsent: 1.., .. } => "crash, half-way through its sends",
        I::Crash { unsynced: Unsynced::Torn, .. } => "crash, writes torn",
        I::Crash { unsynced: Unsynced::Lost, .. } => "crash, writes lost",
        I::Crash { unsynced: Unsynced::Kept, .. } => "crash, writes kept",
        I::Restart { .. } => "restart",
        I::Pause { .. } => "pause",
        I::Resume { .. } => "resume",
        I::Cut { both_ways: false, .. } => "one-way cut",
        I::Cut { both_ways: true, .. } => "cut",
        I::Mend { .. } => "mend",
        I::Partition { .. } => "partition",
        I::Heal => "heal",
        I::Drop { .. } => "drop",
        I::Hold { .. } => "hold",
        I::Release { .. } => "release",
        I::Delay { .. } => "delay",
        I::Duplicate { .. } => "duplicate",
        I::DeliverNow { .. } | I::Choose { .. } => "deliver now",
        I::Network { .. } => "network",
        I::Link { .. } => "link",
        I::Clock { .. } => "clock",
        I::Disk { .. } => "slow disk",
        I::CorruptTail { .. } => "corrupt tail",
        I::LoseDisk { .. } => "lose disk",
        I::Operation { operation, .. } => P::operation_kind(operation),
        I::Command { .. } | I::Workload { .. } | I::Chaos { .. } => return None,
    })
}
