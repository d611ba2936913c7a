//! What others may read of a node.

use super::Dynamo;
use super::coordinator::{Request, Work};
use super::member::{Entry, Membership};
use super::options::Options;
use super::ring::{Place, Ring};
use super::storage::Held;
use super::transfer::Transfer;
use super::version::{Dot, Siblings};
use crate::protocol::NodeId;

impl Dynamo {
    /// Who this node is.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// How it stands to the ring.
    pub fn entry(&self) -> Entry {
        self.membership.get(self.id)
    }

    /// What it has heard of all nodes.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The ring by which it takes keys to be owned.
    pub fn ring(&self) -> &Ring {
        &self.rings.current
    }

    /// The ring once those have left that are leaving.
    pub fn staying_ring(&self) -> &Ring {
        &self.rings.staying
    }

    /// The ring once everybody has joined who is about to.
    pub fn coming_ring(&self) -> &Ring {
        &self.rings.coming
    }

    /// All keys that it holds, in the order of their positions.
    pub fn data(&self) -> impl ExactSizeIterator<Item = (&Place, &Held)> {
        self.data.iter()
    }

    /// What it holds of a key.
    pub fn held(&self, place: &Place) -> Option<&Held> {
        self.data.get(place)
    }

    /// All versions that it holds of a key.
    pub fn siblings_of(&self, place: &Place) -> Siblings {
        self.data.get(place).map(|held| held.siblings.clone()).unwrap_or_default()
    }

    /// The versions of a key that are on its disk: what others may hear of.
    pub fn on_disk(&self, place: &Place) -> Siblings {
        self.data.get(place).map(|held| held.durable.clone()).unwrap_or_default()
    }

    /// Whether a version, or one that descends from it, is on its disk.
    pub fn has_on_disk(&self, place: &Place, dot: &Dot) -> bool {
        self.data.get(place).is_some_and(|held| held.durable.include(dot))
    }

    /// The keys that became durable with the latest input.
    pub fn lately_durable(&self) -> &[Place] {
        &self.fresh
    }

    /// Whether a key belongs to it, now or once it has joined.
    pub fn keeps_for_itself(&self, place: &Place, options: &Options) -> bool {
        self.keeps(place, options)
    }

    /// The transfer to it, while it joins or refills a lost disk.
    pub fn transfer(&self) -> Option<&Transfer> {
        self.transfer.as_ref()
    }

    /// The requests that it coordinates, and whether each of them writes.
    pub fn requests(&self) -> impl Iterator<Item = (&Request, bool)> {
        self.requests.values().map(|request| (request, matches!(request.work, Work::Write { .. })))
    }

    /// How many disk syncs it waits for.
    pub fn syncs_outstanding(&self) -> usize {
        self.disk.outstanding()
    }

    /// The life in which it makes versions.
    pub fn life(&self) -> u32 {
        self.life
    }
}
