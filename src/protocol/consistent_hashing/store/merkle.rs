//! Merkle trees over the keys of a range (§4.7).
//!
//! A leaf is a 256th of the circle: its hash is the sum of those of its keys with their versions, so that it can be kept
//! up to date key by key, in any order. An inner node hashes its 16 children. Two nodes that hold the same need to compare one number; where they differ, they descend.

use crate::protocol::consistent_hashing::key_hash;

/// How many children an inner node has.
pub const FANOUT: usize = 16;
/// The level of the leaves; the root is level 0.
pub const LEAF_LEVEL: u8 = 2;
const LEAVES: usize = FANOUT * FANOUT;
/// The last leaf.
pub const LEAF_LAST: u16 = LEAVES as u16 - 1;
/// By how much a leaf's number is shifted to be the first position of its keys.
pub const LEAF_SHIFT: u32 = 56;

/// A tree of two levels below its root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MerkleTree {
    leaves: Vec<u64>,
    inner: Vec<u64>,
    root: u64,
}

/// The leaf that a position on the circle belongs to.
pub fn leaf_of(position: u64) -> u16 {
    (position >> LEAF_SHIFT) as u16
}

impl Default for MerkleTree {
    fn default() -> MerkleTree {
        let leaves = vec![0; LEAVES];
        let inner: Vec<u64> = leaves.chunks(FANOUT).map(hash_of).collect();
        MerkleTree { root: hash_of(&inner), inner, leaves }
    }
}

impl MerkleTree {
    /// The tree of these keys, each with its position and the digest of its versions.
    pub fn of(keys: impl IntoIterator<Item = (u64, u64)>) -> MerkleTree {
        let mut leaves = vec![0u64; LEAVES];
        for (position, digest) in keys {
            if let Some(leaf) = leaves.get_mut(usize::from(leaf_of(position))) {
                *leaf = leaf.wrapping_add(item_hash(position, digest));
            }
        }
        let inner: Vec<u64> = leaves.chunks(FANOUT).map(hash_of).collect();
        MerkleTree { root: hash_of(&inner), inner, leaves }
    }

    /// A key has other versions than before, or is new, or gone. It costs the one path from its leaf to the root.
    pub fn change(&mut self, position: u64, before: Option<u64>, after: Option<u64>) {
        let at = usize::from(leaf_of(position));
        let Some(leaf) = self.leaves.get_mut(at) else { return };
        *leaf = leaf.wrapping_sub(before.map_or(0, |digest| item_hash(position, digest)));
        *leaf = leaf.wrapping_add(after.map_or(0, |digest| item_hash(position, digest)));
        let parent = at / FANOUT;
        if let Some(children) = self.leaves.chunks(FANOUT).nth(parent)
            && let Some(inner) = self.inner.get_mut(parent)
        {
            *inner = hash_of(children);
        }
        self.root = hash_of(&self.inner);
    }

    /// The hash of a node of the tree.
    pub fn hash(&self, level: u8, index: u16) -> Option<u64> {
        match level {
            0 => (index == 0).then_some(self.root),
            1 => self.inner.get(usize::from(index)).copied(),
            LEAF_LEVEL => self.leaves.get(usize::from(index)).copied(),
            _ => None,
        }
    }

    /// The children of these nodes, with their hashes.
    pub fn children(&self, level: u8, indexes: &[u16]) -> Vec<(u16, u64)> {
        let mut children = Vec::with_capacity(indexes.len() * FANOUT);
        for index in indexes {
            let first = index.saturating_mul(FANOUT as u16);
            for child in first..first.saturating_add(FANOUT as u16) {
                children.extend(self.hash(level + 1, child).map(|hash| (child, hash)));
            }
        }
        children
    }

    /// Which of these nodes have another hash here.
    pub fn differing(&self, level: u8, nodes: &[(u16, u64)]) -> Vec<u16> {
        let differs = |(index, hash): &&(u16, u64)| self.hash(level, *index).is_some_and(|own| own != *hash);
        nodes.iter().filter(differs).map(|(index, _)| *index).collect()
    }
}

fn item_hash(position: u64, digest: u64) -> u64 {
    let mut bytes = [0; 16];
    let (first, second) = bytes.split_at_mut(8);
    first.copy_from_slice(&position.to_le_bytes());
    second.copy_from_slice(&digest.to_le_bytes());
    key_hash(&bytes)
}

fn hash_of(children: &[u64]) -> u64 {
    let bytes: Vec<u8> = children.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    key_hash(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_that_differ_in_one_key_differ_on_the_one_path_to_it() {
        let keys: Vec<(u64, u64)> = (0..1_000).map(|n| (n * (u64::MAX / 1_000), n)).collect();
        let mut others = keys.clone();
        others[617].1 ^= 1;
        let (one, other) = (MerkleTree::of(keys), MerkleTree::of(others));
        let mut nodes = vec![(0, other.hash(0, 0).unwrap())];
        for level in 0..=LEAF_LEVEL {
            let differing = one.differing(level, &nodes);
            let expected = u64::from(leaf_of(617 * (u64::MAX / 1_000))) >> (4 * (2 - level));
            assert_eq!(differing, [expected as u16], "level {level}");
            nodes = other.children(level, &differing);
        }
    }

    #[test]
    fn a_tree_that_was_kept_up_to_date_is_the_one_that_is_built_anew() {
        let at = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut kept = MerkleTree::default();
        (0..500).for_each(|n| kept.change(at(n), None, Some(n)));
        (100..200).for_each(|n| kept.change(at(n), Some(n), Some(n + 7)));
        (200..300).for_each(|n| kept.change(at(n), Some(n), None));
        let there = (0..500).filter(|n| !(200..300).contains(n));
        let anew = MerkleTree::of(there.map(|n| (at(n), if (100..200).contains(&n) { n + 7 } else { n })));
        assert_eq!(kept, anew);
    }

    #[test]
    fn equal_contents_make_equal_trees_and_an_empty_leaf_is_not_a_full_one() {
        assert_eq!(MerkleTree::of([(5, 6)]), MerkleTree::of([(5, 6)]));
        assert_ne!(MerkleTree::of([(5, 6)]).hash(0, 0), MerkleTree::of([]).hash(0, 0));
    }
}
