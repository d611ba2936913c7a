//! The ring of the memcached clients, byte for byte.
//!
//! Source: libketama by Richard Jones and Christian Muehlhaeuser at Last.fm, 2007 (`ketama.c`), and the weighted
//! ketama distribution of libmemcached (`libmemcached/hosts.cc`), which twemproxy follows.
//!
//! A server's points come from the MD5 digests of `name-0`, `name-1`, …; each digest gives four points, its four
//! little-endian 32-bit words. A key's position is the first word of its own digest, and the key belongs to
//! the first point at or after it.
//!
//! An average server gets 40 digests, so 160 points; a server's number of digests is
//! `floor(weight / total × 40 × servers)`. Both libraries compute that in single precision, each in its own
//! way, and the roundings decide. See [`digests_of_share`]: in a pool of 25 equal servers libmemcached gives
//! each 39 digests where libketama gives 40, and at 61 servers libketama loses one too.
//!
//! The share depends on the whole pool, so with unequal weights a join changes the number of points of the
//! others as well, and a few keys move between them. That is what the deployed clients do.
//!
//! A name is the string that the client hashes. For libketama that is `host:port` as the server file has it;
//! libmemcached leaves out the port if it is 11211.

use md5::{Digest, Md5};

use super::{Algorithm, Circle, Disruption, Node, Placement, PlacementError, RingPoint, Roster};
use crate::protocol::NodeId;

/// The digests of a server whose weight is the mean of its pool.
const DIGESTS_PER_SERVER: u32 = 40;
/// The points that one digest gives.
const POINTS_PER_DIGEST: u32 = 4;

/// Whose arithmetic gives a server its share of the points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KetamaShare {
    /// That of libketama: a float quotient, products in double precision, then `floorf` of the float again.
    Libketama,
    /// That of libmemcached and twemproxy: every product in single precision.
    Libmemcached,
}

/// The ring of the memcached clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ketama {
    roster: Roster,
    share: KetamaShare,
    circle: Circle,
}

impl Ketama {
    /// What a join or leave may move while all weights and digests are equal.
    pub const DISRUPTION: Disruption = Disruption::Minimal;

    /// An empty ring with that library's arithmetic.
    pub fn new(share: KetamaShare) -> Self {
        Self { roster: Roster::default(), share, circle: Circle::default() }
    }

    /// The circle. A ketama point has 32 bits; here they are the upper half of a position.
    pub fn circle(&self) -> &Circle {
        &self.circle
    }

    /// The position of a key on the 32-bit circle: `ketama_hashi` of libketama.
    #[inline]
    pub fn key_point(key: &[u8]) -> u32 {
        let [a, b, c, d, ..] = <[u8; 16]>::from(Md5::digest(key));
        u32::from_le_bytes([a, b, c, d])
    }

    #[inline]
    fn position_of(key: &[u8]) -> u64 {
        u64::from(Self::key_point(key)) << 32
    }
}

/// How many digests a server of that weight has, in a pool of that total weight and number of servers.
///
/// The operations are the conversions, quotients and products of IEEE 754, rounded to nearest, which are the
/// same on every target; they are kept in the order and in the precision of the C sources as x86-64 runs them.
/// libketama writes `floorf(pct * 40.0 * (float)servers)`: `40.0` is a double, so the products are, and the
/// argument is rounded to a float. libmemcached writes `floorf((float)(pct * 160 / 4 * (float)servers +
/// 0.0000000001))`: its products are floats, and the addend is too small to change the rounded sum. The
/// truncating conversion is the floor, because no factor is negative.
pub fn digests_of_share(share: KetamaShare, weight: u32, total_weight: u64, servers: usize) -> u32 {
    let quotient = weight as f32 / total_weight as f32;
    let servers = servers as f32;
    match share {
        KetamaShare::Libketama => {
            (f64::from(quotient) * f64::from(DIGESTS_PER_SERVER) * f64::from(servers)) as f32 as u32
        }
        KetamaShare::Libmemcached => {
            let product = quotient * (DIGESTS_PER_SERVER * POINTS_PER_DIGEST) as f32
                / POINTS_PER_DIGEST as f32
                * servers;
            (f64::from(product) + 0.000_000_000_1) as f32 as u32
        }
    }
}

/// The points of a server: four for each digest.
fn points_of(node: &Node, digests: u32) -> impl Iterator<Item = RingPoint> + '_ {
    (0..digests).flat_map(move |number| {
        let digest = <[u8; 16]>::from(Md5::digest(format!("{}-{number}", node.name)));
        let words = u128::from_le_bytes(digest);
        (0..POINTS_PER_DIGEST).map(move |word| {
            let point = (words >> (32 * word)) as u32;
            RingPoint { position: u64::from(point) << 32, node: node.id }
        })
    })
}

impl Placement for Ketama {
    fn algorithm(&self) -> Algorithm {
        match self.share {
            KetamaShare::Libketama => Algorithm::Ketama,
            KetamaShare::Libmemcached => Algorithm::KetamaLibmemcached,
        }
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    fn set_roster(&mut self, roster: Roster) -> Result<(), PlacementError> {
        let (total, servers) = (roster.total_weight(), roster.len());
        let mut points = Vec::new();
        for node in roster.iter() {
            points.extend(points_of(node, digests_of_share(self.share, node.weight, total, servers)));
        }
        self.circle = Circle::new(points);
        self.roster = roster;
        Ok(())
    }

    #[inline]
    fn node_for_key(&self, key: &[u8]) -> Option<NodeId> {
        self.circle.successor(Self::position_of(key)).map(|point| point.node)
    }

    /// The servers that a walk meets. One whose share rounds to no digest at all comes last: it has no point.
    fn preference_list(&self, key: &[u8], count: usize) -> Vec<NodeId> {
        let count = count.min(self.roster.len());
        let mut list: Vec<NodeId> = self.circle.distinct_nodes(Self::position_of(key)).take(count).collect();
        let pointless = self.roster.ids().filter(|id| !list.contains(id)).take(count - list.len());
        let pointless: Vec<NodeId> = pointless.collect();
        list.extend(pointless);
        list
    }

    fn points(&self) -> Option<&Circle> {
        Some(self.circle())
    }

    fn memory_bytes(&self) -> u64 {
        self.circle.memory_bytes()
    }

    fn boxed_clone(&self) -> Box<dyn Placement> {
        Box::new(self.clone())
    }
}
