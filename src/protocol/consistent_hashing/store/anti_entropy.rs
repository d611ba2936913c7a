//! Replicas find out whether they differ, and where (§4.7).
//!
//! At every interval a node takes the next member in turn and sends it the root of a Merkle tree over the keys
//! that both own. Where hashes differ, the two send each other the level below, in turns, and at the leaves the
//! versions themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::merkle::{LEAF_LAST, LEAF_LEVEL, LEAF_SHIFT, MerkleTree, leaf_of};
use super::message::{Item, Message, Timer};
use super::options::{Options, Rule};
use super::reason::Reason;
use super::ring::Place;
use super::storage::Held;
use super::version::Siblings;
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
        if !self.is_ready {
            return;
        }
        let tree = self.tree_shared_with(to, cx.options);
        let nodes = tree.hash(0, 0).map(|hash| vec![(0, hash)]).unwrap_or_default();
        let ring = self.rings.current.fingerprint();
        cx.effects.send(to, Message::Tree { ring, level: 0, nodes }, Reason::ComparesTrees { with: to });
    }

    /// Whether this node and another one both own a key.
    fn shares(&self, place: &Place, other: NodeId, options: &Options) -> bool {
        let owners = self.rings.current.owners(place, options);
        owners.contains(&other) && owners.contains(&self.id)
    }

    /// Whether a key has a part in comparing: something of it is on disk, and it is no tombstone that is offered to all
    /// owners so that it may go.
    pub(super) fn is_compared(&self, place: &Place, held: &Held) -> bool {
        let may_go = held.hints.is_empty() && self.is_collectable(place, held);
        !held.durable.is_empty() && !may_go
    }

    /// The tree over the keys that both own. It is built once for each ring and then kept up to date.
    fn tree_shared_with(&mut self, other: NodeId, options: &Options) -> Arc<MerkleTree> {
        if let Some(tree) = self.trees.get(&other) {
            return tree.clone();
        }
        let shared = self
            .data
            .iter()
            .filter(|(place, held)| self.is_compared(place, held) && self.shares(place, other, options));
        let tree = MerkleTree::of(shared.map(|(place, held)| (place.position, held.durable.digest())));
        let tree = Arc::new(tree);
        self.trees.insert(other, tree.clone());
        tree
    }

    /// What is on disk of a key has changed: the trees follow.
    pub(super) fn change_trees(
        &mut self,
        place: &Place,
        before: &Siblings,
        after: &Siblings,
        options: &Options,
    ) {
        let digest = |siblings: &Siblings| (!siblings.is_empty()).then(|| siblings.digest());
        let (before, after) = (digest(before), digest(after));
        if self.trees.is_empty() || before == after {
            return;
        }
        let owners = self.rings.current.owners(place, options);
        if !owners.contains(&self.id) {
            return;
        }
        for owner in owners {
            if let Some(tree) = self.trees.get_mut(&owner) {
                Arc::make_mut(tree).change(place.position, before, after);
            }
        }
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
            let (leaves, items) = self.items_of(from, &differing, cx.options);
            let why = Reason::LeavesDiffer { with: from, leaves: leaves.len() as u16 };
            cx.effects.send(from, Message::Leaves { ring, leaves, items, asks: true }, why);
        } else {
            let why = Reason::TreesDiffer { with: from, nodes: differing.len() as u16, level: level.into() };
            let nodes = tree.children(level, &differing);
            cx.effects.send(from, Message::Tree { ring, level: level + 1, nodes }, why);
        }
    }

    /// What this node has on disk of the keys of some leaves that both own, with the leaves: as many of them as fit into a
    /// chunk, and one at least. The others' turn comes when trees are compared again.
    fn items_of(&self, other: NodeId, leaves: &[u16], options: &Options) -> (Vec<u16>, Arc<[Item]>) {
        let mut items = Vec::new();
        let mut taken = Vec::new();
        for leaf in leaves {
            if items.len() >= options.chunk_keys as usize {
                break;
            }
            taken.push(*leaf);
            let first = Place { position: u64::from(*leaf) << LEAF_SHIFT, key: Arc::from("") };
            let of_leaf = self.data.range(first..).take_while(|(place, _)| leaf_of(place.position) == *leaf);
            let shared = of_leaf
                .filter(|(place, held)| self.is_compared(place, held) && self.shares(place, other, options));
            items.extend(shared.map(|(place, held)| (place.clone(), held.durable.clone())));
        }
        (taken, items.into())
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
        let leaves: Vec<u16> = leaves.iter().copied().filter(|leaf| *leaf <= LEAF_LAST).collect();
        let (leaves, mine) = self.items_of(from, &leaves, cx.options);
        let sent: BTreeSet<&Place> = items.iter().map(|(place, _)| place).collect();
        let alone: Vec<Place> =
            mine.iter().map(|(place, _)| place).filter(|place| !sent.contains(place)).cloned().collect();
        if !alone.is_empty() && cx.breaks(Rule::ComparingDeletes) {
            self.forget(alone, vec![from], cx);
        }
        for (place, siblings) in items {
            if *place == Place::of(&place.key) {
                let why = Reason::RepairedByComparing { position: place.position, from };
                self.store(place, siblings, None, why, cx);
            }
        }
        if asks {
            let items = mine;
            let why = Reason::LeavesDiffer { with: from, leaves: leaves.len() as u16 };
            cx.effects.send(from, Message::Leaves { ring, leaves, items, asks: false }, why);
        }
    }
}
