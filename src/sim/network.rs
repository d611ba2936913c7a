//! The network between the parties.

use serde::{Deserialize, Serialize};

use super::random::Stream;
use super::{Address, OutOfBounds};
use crate::protocol::NodeId;

/// Parts per million: how rates are given, so that no floating-point number decides anything.
pub type PartsPerMillion = u32;

/// All of a million.
pub const MILLION: PartsPerMillion = 1_000_000;

/// The longest latency that can be configured, in µs: one minute.
pub const LATENCY_US_MAX: u64 = 60_000_000;

/// How one connection (or all of them) behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkOptions {
    /// The shortest latency, in µs.
    pub latency_us_min: u64,
    /// The mean of what comes on top of the shortest latency (jitter), in µs.
    pub jitter_us_mean: u64,
    /// How the jitter is distributed.
    pub jitter: Jitter,
    /// How many of a million messages are lost.
    pub loss_ppm: PartsPerMillion,
    /// How many of a million messages arrive twice.
    pub duplication_ppm: PartsPerMillion,
    /// Whether a later message may overtake an earlier one. If not, it waits for it, as on a TCP connection.
    pub reordering: bool,
}

/// How jitter is distributed around its mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// Evenly, from nothing to twice the mean.
    #[default]
    Uniform,
    /// With a long tail: each further mean is half as likely.
    LongTail,
}

impl Default for LinkOptions {
    fn default() -> Self {
        LinkOptions {
            latency_us_min: 3_000,
            jitter_us_mean: 1_500,
            jitter: Jitter::Uniform,
            loss_ppm: 0,
            duplication_ppm: 0,
            reordering: true,
        }
    }
}

impl LinkOptions {
    /// Whether the figures are within bounds.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<(), OutOfBounds> {
        if self.latency_us_min > LATENCY_US_MAX || self.jitter_us_mean > LATENCY_US_MAX {
            return Err(OutOfBounds { what: "latency_us", limit: LATENCY_US_MAX });
        }
        if self.loss_ppm > MILLION || self.duplication_ppm > MILLION {
            return Err(OutOfBounds { what: "ppm", limit: u64::from(MILLION) });
        }
        Ok(())
    }

    /// The latency of one message.
    pub(super) fn draw_latency_us(&self, stream: &mut Stream) -> u64 {
        let jitter = match self.jitter {
            Jitter::Uniform => stream.between(0, self.jitter_us_mean.saturating_mul(2)),
            Jitter::LongTail => {
                // The number of trailing zeros of random bits is geometric with mean 1, and an even part smooths
                // the steps; a tail has at most 32 steps, so it is long and never endless.
                let steps = u64::from(stream.bits().trailing_zeros());
                let width = self.jitter_us_mean.saturating_mul(2);
                (steps * width + stream.between(0, width)) / 3
            }
        };
        self.latency_us_min + jitter
    }
}

/// Who can reach whom, and how well.
#[derive(Clone, PartialEq, Debug)]
pub struct Network {
    options: LinkOptions,
    /// Connections with options of their own, ordered.
    links: Vec<((Address, Address), LinkOptions)>,
    /// Directions that are cut one by one, ordered.
    cuts: Vec<(Address, Address)>,
    /// The group of each node while the network is partitioned; empty while it is whole.
    groups: Vec<u16>,
    /// Connections between groups that were mended one by one, the lesser address first.
    mended: Vec<(Address, Address)>,
}

impl Network {
    /// A network without cuts.
    pub fn new(options: LinkOptions) -> Self {
        Network { options, links: Vec::new(), cuts: Vec::new(), groups: Vec::new(), mended: Vec::new() }
    }

    /// How most connections behave.
    pub fn options(&self) -> LinkOptions {
        self.options
    }

    /// Sets how all connections behave; those with options of their own keep them.
    pub(super) fn set_options(&mut self, options: LinkOptions) {
        self.options = options;
    }

    /// How this connection behaves.
    pub fn link(&self, from: Address, to: Address) -> LinkOptions {
        if self.links.is_empty() {
            return self.options;
        }
        match self.links.binary_search_by_key(&(from, to), |(link, _)| *link) {
            Ok(at) => self.links.get(at).map_or(self.options, |(_, options)| *options),
            Err(_) => self.options,
        }
    }

    /// The connections that have options of their own.
    pub fn links_of_their_own(&self) -> impl Iterator<Item = (Address, Address)> + '_ {
        self.links.iter().map(|(link, _)| *link)
    }

    pub(super) fn set_link(&mut self, from: Address, to: Address, options: Option<LinkOptions>) {
        match (self.links.binary_search_by_key(&(from, to), |(link, _)| *link), options) {
            (Ok(at), None) => drop(self.links.remove(at)),
            (Ok(at), Some(options)) => {
                if let Some(link) = self.links.get_mut(at) {
                    link.1 = options;
                }
            }
            (Err(at), Some(options)) => self.links.insert(at, ((from, to), options)),
            (Err(_), None) => {}
        }
    }

    /// Whether messages from `from` reach `to` at present.
    pub fn is_open(&self, from: Address, to: Address) -> bool {
        if self.cuts.is_empty() && self.groups.is_empty() {
            return true;
        }
        if self.cuts.binary_search(&(from, to)).is_ok() {
            return false;
        }
        match (from, to) {
            (Address::Node(a), Address::Node(b)) => {
                self.group(a) == self.group(b) || self.mended.contains(&(from.min(to), from.max(to)))
            }
            _ => true,
        }
    }

    /// Whether nothing is cut.
    pub fn is_whole(&self) -> bool {
        self.cuts.is_empty() && self.groups.is_empty()
    }

    fn group(&self, node: NodeId) -> u16 {
        self.groups.get(node.index()).copied().unwrap_or(0)
    }

    pub(super) fn cut(&mut self, from: Address, to: Address) {
        if let Err(at) = self.cuts.binary_search(&(from, to)) {
            self.cuts.insert(at, (from, to));
        }
    }

    pub(super) fn mend(&mut self, from: Address, to: Address) {
        self.cuts.retain(|cut| *cut != (from, to) && *cut != (to, from));
        if !self.is_open(from, to) {
            self.mended.push((from.min(to), from.max(to)));
        }
    }

    pub(super) fn partition(&mut self, groups: &[Vec<NodeId>], nodes: u16) {
        self.groups = (0..nodes)
            .map(|node| {
                let named = groups.iter().position(|group| group.contains(&NodeId(node)));
                named.and_then(|at| u16::try_from(at + 1).ok()).unwrap_or(0)
            })
            .collect();
        self.mended.clear();
    }

    pub(super) fn heal(&mut self) {
        self.cuts.clear();
        self.groups.clear();
        self.mended.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Address = Address::Node(NodeId(0));
    const B: Address = Address::Node(NodeId(1));

    #[test]
    fn a_one_way_cut_leaves_the_other_direction_open() {
        let mut network = Network::new(LinkOptions::default());
        network.cut(A, B);
        assert!(!network.is_open(A, B) && network.is_open(B, A));
        network.mend(B, A);
        assert!(network.is_whole());
    }

    #[test]
    fn nodes_that_no_group_names_form_one_more_group() {
        let mut network = Network::new(LinkOptions::default());
        network.partition(&[vec![NodeId(0)]], 3);
        assert!(!network.is_open(A, B));
        assert!(network.is_open(B, Address::Node(NodeId(2))));
    }

    #[test]
    fn a_connection_that_a_partition_cut_can_be_mended_by_itself() {
        let mut network = Network::new(LinkOptions::default());
        let c = Address::Node(NodeId(2));
        network.partition(&[vec![NodeId(0)]], 3);
        network.mend(B, A);
        assert!(network.is_open(A, B) && network.is_open(B, A) && !network.is_open(A, c));
        network.cut(A, B);
        assert!(!network.is_open(A, B) && network.is_open(B, A));
        network.partition(&[vec![NodeId(0)]], 3);
        network.mend(A, c);
        network.heal();
        assert!(network.is_whole() && network.is_open(A, B));
    }

    #[test]
    fn both_kinds_of_jitter_keep_their_mean() {
        for jitter in [Jitter::Uniform, Jitter::LongTail] {
            let options =
                LinkOptions { latency_us_min: 0, jitter_us_mean: 1_000, jitter, ..Default::default() };
            let mut stream = Stream::new(7, 0);
            let mean = (0..20_000).map(|_| options.draw_latency_us(&mut stream)).sum::<u64>() / 20_000;
            assert!((950..=1_150).contains(&mean), "{jitter:?}: {mean}");
        }
    }
}
