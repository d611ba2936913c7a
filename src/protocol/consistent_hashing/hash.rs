//! The hash functions that all algorithms but ketama share.
//!
//! SipHash-1-3 (Aumasson and Bernstein, INDOCRYPT 2012, with the reduced rounds that hash tables use) turns
//! bytes into 64 bits. It is portable to the byte, and its key separates the roles below. What follows a hash
//! is only mixed, never hashed again: one pass over the key per lookup.

use siphasher::sip::SipHasher13;

/// What a string is hashed for. Different roles are independent hash functions.
#[derive(Clone, Copy)]
pub(super) enum Role {
    /// The position of a key.
    Key = 0,
    /// The seed of a node's points, or of its scores.
    Node = 1,
    /// Maglev's second hash of a node, the skip.
    Skip = 2,
    /// The rank of a key among those that compete for a place (bounded loads).
    Rank = 3,
}

/// Hashes bytes for a role.
pub(super) fn hash_for(role: Role, bytes: &[u8]) -> u64 {
    SipHasher13::new_with_keys(role as u64, 0).hash(bytes)
}

/// The hash of a key, which every algorithm but ketama starts from: SipHash-1-3 with the key zero.
pub fn key_hash(key: &[u8]) -> u64 {
    hash_for(Role::Key, key)
}

/// The golden ratio in 64 bits: the increment of SplitMix64.
pub(super) const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A bijection in which every input bit reaches every output bit: the finaliser of SplitMix64 (Steele, Lea and
/// Flood, OOPSLA 2014, with Stafford's constants of variant 13).
pub(super) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The `number`-th output of the SplitMix64 generator with that seed, without the ones before.
pub(super) const fn nth_mix(seed: u64, number: u64) -> u64 {
    mix(seed.wrapping_add(GOLDEN_GAMMA.wrapping_mul(number.wrapping_add(1))))
}

/// Maps a hash to 0..range by multiplication in place of a division (Lemire, ACM TOMACS 29(1), 2019). The
/// upper 32 bits decide; a range up to 2²⁴ is hit with a bias below 2⁻⁸ of a share.
pub(super) const fn reduce(hash: u64, range: u32) -> u32 {
    (((hash >> 32) * range as u64) >> 32) as u32
}
