//! Replicas find out whether they differ, and where (§4.7).
//!
//! At every interval a node takes the next member in turn and sends it the root of a Merkle tree over the keys
//! that both own. Where hashes differ, the two send each other the level below, in turns, and at the leaves the
//! versions themselves.

use std::sync::Arc;

use super::merkle::{LEAF_LEVEL, MerkleTree, leaf_of};
use super::message::{Item, Message, Timer};
use super::options::Options;
use super::reason::Reason;
use super::ring::Place;
use super::storage::Held;
use super::{Context, Dynamo};
use crate::protocol::NodeId;

impl Dynamo {
    pub(super) fn plan_anti_entropy(&mut self, cx: &mut Context) {
        let mean_us = cx.options.anti_entropy_interval_us;
        if mean_us > 0 {
            let after_us = cx.surroundings.random_between(mean_us / 2, mean_us * 3 / 2);
            cx.effects.set_timer(Timer::AntiEntropy, after_us, Reason::WaitsToCompare);
        }
    }

    pub(super) fn on_anti_entropy_due(&mut self, cx: &mut Context) {
        self.plan_anti_entropy(cx);
        let members = self.rings.current.members();
        if !self.membership.get(self.id).owns() {
            return;
        }
        let next = members.iter().copied().find(|node| node.0 > self.next_peer && *node != self.id);
        let Some(to) = next.or_else(|| members.iter().copied().find(|node| *node != self.id)) else { return };
        self.next_peer = to.0;
        let tree = self.tree_shared_with(to, cx.options);
        let nodes = tree.hash(0, 0).map(|hash| vec![(0, hash)]).unwrap_or_default();
        let ring = self.rings.current.fingerprint();
        cx.effects.send(to, Message::Tree { ring, level: 0, nodes }, Reason::ComparesTrees { with: to });
    }

    fn shared_with<'a>(
        &'a self,
        other: NodeId,
        options: &'a Options,
    ) -> impl Iterator<Item = (&'a Place, &'a Held)> {
        self.data.iter().filter(move |(place, _)| {
            let owners = self.rings.current.owners(place, options);
            owners.contains(&other) && owners.contains(&self.id)
        })
    }

    fn tree_shared_with(&self, other: NodeId, options: &Options) -> MerkleTree {
        MerkleTree::of(
            self.shared_with(other, options).map(|(place, held)| (place.position, held.durable.digest())),
        )
    }

    pub(super) fn on_tree(
        &mut self,
        from: NodeId,
        ring: u64,
        level: u8,
        nodes: &[(u16, u64)],
        cx: &mut Context,
    ) {
        if ring != self.rings.current.fingerprint() {
            cx.effects.note(Reason::OtherRing { from });
            return;
        }
        let tree = self.tree_shared_with(from, cx.options);
        let differing = tree.differing(level, nodes);
        if differing.is_empty() {
            cx.effects.note(Reason::TreesAgree { with: from });
        } else if level >= LEAF_LEVEL {
            let items = self.items_of(from, &differing, cx.options);
            let why = Reason::LeavesDiffer { with: from, leaves: differing.len() as u16 };
            cx.effects.send(from, Message::Leaves { ring, leaves: differing, items, asks: true }, why);
        } else {
            let why = Reason::TreesDiffer { with: from, nodes: differing.len() as u16, level: level.into() };
            let nodes = tree.children(level, &differing);
            cx.effects.send(from, Message::Tree { ring, level: level + 1, nodes }, why);
        }
    }

    fn items_of(&self, other: NodeId, leaves: &[u16], options: &Options) -> Arc<[Item]> {
        self.shared_with(other, options)
            .filter(|(place, _)| leaves.contains(&leaf_of(place.position)))
            .map(|(place, held)| (place.clone(), held.durable.clone()))
            .collect()
    }

    pub(super) fn on_leaves(
        &mut self,
        from: NodeId,
        ring: u64,
        leaves: &[u16],
        items: &[Item],
        asks: bool,
        cx: &mut Context,
    ) {
        if ring != self.rings.current.fingerprint() {
            cx.effects.note(Reason::OtherRing { from });
            return;
        }
        for (place, siblings) in items {
            if *place == Place::of(&place.key) {
                let why = Reason::RepairedByComparing { position: place.position, from };
                self.store(place, siblings, None, why, cx);
            }
        }
        if asks {
            let items = self.items_of(from, leaves, cx.options);
            let why = Reason::LeavesDiffer { with: from, leaves: leaves.len() as u16 };
            cx.effects.send(from, Message::Leaves { ring, leaves: leaves.to_vec(), items, asks: false }, why);
        }
    }
}
