//! A write-ahead log of checksummed frames.
//!
//! A frame is a header of 8 bytes (length of the payload, then a CRC-32C over that length; both little
//! endian), the payload (the record in postcard's format) and 4 bytes of CRC-32C over the payload.
//!
//! What the log assumes of the file system is what journalling ones give for an append-only file: after a
//! crash the file is a prefix of what was written, whole or up to a boundary between sectors with nothing but zeros
//! behind it, where its length was updated before its bytes. Under that assumption the two ways in which a log can
//! be wrong are told apart:
//!
//! * A frame that ends beyond the end of the file, or of which a sector and all that follows are zeros, was **torn** by
//!   a crash. It had not been synced, so nobody was ever told that it was durable, and it is cut off. A whole frame
//!   that a flipped bit damaged is taken for one only if it ends with at least [`ZEROS_MIN`] zeros, its checksum among them.
//! * A frame that is complete and does not match its checksum was **damaged** after it had been written. It
//!   may have been synced and acknowledged; the participant must not go on as if it had never existed
//!   (Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018).
//!
//! On a device that tears in other ways a torn frame is taken for a damaged one, which costs availability
//! and never safety.

use crc::{CRC_32_ISCSI, Crc};
use serde::{Serialize, de::DeserializeOwned};

/// Sixteen bytes at a time where runs are counted in millions of steps; in the page, where every kilobyte is fetched,
/// one at a time. The checksum is the same.
#[cfg(not(target_arch = "wasm32"))]
type Table = crc::Table<16>;
#[cfg(target_arch = "wasm32")]
type Table = crc::Table<1>;

static CHECKSUM: Crc<u32, Table> = Crc::<u32, Table>::new(&CRC_32_ISCSI);

/// Bytes before the payload of a frame.
pub const HEADER_BYTES: usize = 8;
/// Bytes after the payload of a frame.
pub const TRAILER_BYTES: usize = 4;
/// The longest payload that a reader accepts, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a disk writes whole or not at all, in bytes.
pub const SECTOR_BYTES: usize = 512;
/// How many zeros at the end of a log say at least that they were never written, in bytes.
pub const ZEROS_MIN: usize = 8;

/// What was found on a disk.
#[derive(Clone, PartialEq, Debug)]
pub struct Recovered<R> {
    /// The records up to the first frame that cannot be read, in order.
    pub records: Vec<R>,
    /// How the log ends.
    pub tail: Tail,
}

/// How a log ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tail {
    /// After a whole frame.
    Clean,
    /// In the middle of a frame that a crash cut short, at this byte. It is safe to go on without it.
    Torn {
        /// Where the unfinished frame begins.
        at: usize,
    },
    /// With a frame that is complete and wrong, at this byte. What followed is unknown.
    Damaged {
        /// Where the damaged frame begins.
        at: usize,
    },
}

impl<R> Recovered<R> {
    /// How many of the first `length` bytes, all that was read, the records take.
    pub fn whole(&self, length: usize) -> usize {
        match self.tail {
            Tail::Clean => length,
            Tail::Torn { at } | Tail::Damaged { at } => at,
        }
    }

    /// Whether there is nothing at all: no node that was ever started has such a disk.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.tail == Tail::Clean
    }
}

/// Appends one record as a frame to `bytes`, and returns how many bytes that took.
pub fn append<R: Serialize>(record: &R, bytes: &mut Vec<u8>) -> usize {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; HEADER_BYTES]);
    // Serialising into memory cannot fail for the plain data that records are; should a record ever not be
    // serialisable, an empty payload is written, which a reader reports as damage instead of reading nonsense.
    let payload = Payload { bytes, start: start + HEADER_BYTES };
    let length = match postcard::serialize_with_flavor::<R, Payload<'_>, usize>(record, payload) {
        Ok(length) => length,
        Err(_) => {
            bytes.truncate(start + HEADER_BYTES);
            0
        }
    };
    let length_bytes = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let header_checksum = CHECKSUM.checksum(&length_bytes).to_le_bytes();
    for (to, from) in bytes.iter_mut().skip(start).zip(length_bytes.into_iter().chain(header_checksum)) {
        *to = from;
    }
    let checksum = CHECKSUM.checksum(bytes.get(start + HEADER_BYTES..).unwrap_or_default());
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.len() - start
}

/// Reads a log.
pub fn recover<R: DeserializeOwned>(bytes: &[u8]) -> Recovered<R> {
    recover_knowing(bytes, |_| None)
}

/// Reads a log of which some frames were read before: `known` is given the bytes of what claims to be a frame, unchecked,
/// and gives the record if it has read these very bytes.
pub fn recover_knowing<R: DeserializeOwned>(
    bytes: &[u8],
    known: impl Fn(&[u8]) -> Option<R>,
) -> Recovered<R> {
    let mut records = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Recovered { records, tail: Tail::Clean };
        }
        if let Some(claimed) = claimed_frame(rest)
            && let Some(record) = known(claimed)
        {
            records.push(record);
            at += claimed.len();
            continue;
        }
        match frame(rest) {
            Frame::Whole { payload, length } => match postcard::from_bytes(payload) {
                Ok(record) => {
                    records.push(record);
                    at += length;
                }
                Err(_) => return Recovered { records, tail: Tail::Damaged { at } },
            },
            Frame::Torn => return Recovered { records, tail: Tail::Torn { at } },
            Frame::Damaged { claims } if was_never_written(bytes, at, claims) => {
                return Recovered { records, tail: Tail::Torn { at } };
            }
            Frame::Damaged { .. } => return Recovered { records, tail: Tail::Damaged { at } },
        }
    }
}

/// Where each whole frame of a log begins, and its length in bytes; ends where the log cannot be read.
pub fn frames(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || match frame(bytes.get(at..).unwrap_or_default()) {
        Frame::Whole { length, .. } => {
            let start = at;
            at += length;
            Some((start, length))
        }
        Frame::Torn | Frame::Damaged { .. } => None,
    })
}

/// What would be the first frame if its length were right. Nothing is checked.
pub fn claimed_frame(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize;
    bytes.get(..HEADER_BYTES + length.min(PAYLOAD_BYTES_MAX) + TRAILER_BYTES)
}

enum Frame<'a> {
    Whole {
        payload: &'a [u8],
        length: usize,
    },
    Torn,
    /// It is wrong, and takes at least so many bytes, by what can be believed of its header.
    Damaged {
        claims: usize,
    },
}

fn frame(bytes: &[u8]) -> Frame<'_> {
    let Some((length_bytes, rest)) = bytes.split_first_chunk::<4>() else { return Frame::Torn };
    let Some((header_checksum, rest)) = rest.split_first_chunk::<4>() else { return Frame::Torn };
    if CHECKSUM.checksum(length_bytes) != u32::from_le_bytes(*header_checksum) {
        return Frame::Damaged { claims: HEADER_BYTES };
    }
    let length = u32::from_le_bytes(*length_bytes) as usize;
    if length > PAYLOAD_BYTES_MAX {
        return Frame::Damaged { claims: HEADER_BYTES };
    }
    let Some((payload, rest)) = rest.split_at_checked(length) else { return Frame::Torn };
    let Some(checksum) = rest.first_chunk::<TRAILER_BYTES>() else { return Frame::Torn };
    if CHECKSUM.checksum(payload) != u32::from_le_bytes(*checksum) {
        return Frame::Damaged { claims: HEADER_BYTES + length + TRAILER_BYTES };
    }
    Frame::Whole { payload, length: HEADER_BYTES + length + TRAILER_BYTES }
}

/// Whether a log holds nothing but zeros from this frame on, or from a boundary between sectors inside it on. Where the
/// zeros begin behind the frame, they are of a later write that was torn, and say nothing of this one.
fn was_never_written(bytes: &[u8], frame_at: usize, claims: usize) -> bool {
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let zeros_at = if written <= frame_at { frame_at } else { written.next_multiple_of(SECTOR_BYTES) };
    zeros_at < frame_at + claims && bytes.len().saturating_sub(zeros_at) >= ZEROS_MIN
}

/// Lets postcard write behind what a vector already holds.
struct Payload<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
}

impl postcard::ser_flavors::Flavor for Payload<'_> {
    type Output = usize;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.bytes.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, more: &[u8]) -> postcard::Result<()> {
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<usize> {
        Ok(self.bytes.len() - self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(records: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in records {
            append(record, &mut bytes);
        }
        bytes
    }

    #[test]
    fn what_was_appended_is_recovered() {
        let found: Recovered<String> = recover(&log_of(&["a", "", "long ".repeat(100).as_str()]));
        assert_eq!(found.records, ["a".to_owned(), String::new(), "long ".repeat(100)]);
        assert_eq!(found.tail, Tail::Clean);
    }

    #[test]
    fn every_prefix_is_torn_and_never_damaged() {
        let bytes = log_of(&["first", "second"]);
        let boundary = log_of(&["first"]).len();
        for length in 1..bytes.len() {
            let found: Recovered<String> = recover(&bytes[..length]);
            let expected = match length {
                l if l < boundary => (0, Tail::Torn { at: 0 }),
                l if l == boundary => (1, Tail::Clean),
                _ => (1, Tail::Torn { at: boundary }),
            };
            assert_eq!((found.records.len(), found.tail), expected, "cut at byte {length}");
        }
    }

    #[test]
    fn every_flipped_bit_is_damage_and_never_taken_for_a_torn_tail() {
        let bytes = log_of(&["first", "second"]);
        let boundary = log_of(&["first"]).len();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let found: Recovered<String> = recover(&damaged);
            let at = if bit / 8 < boundary { 0 } else { boundary };
            assert_eq!(found.tail, Tail::Damaged { at }, "bit {bit}");
        }
    }

    /// The module's two promises at once: a later write was torn, and a frame before it was damaged.
    #[test]
    fn a_flipped_bit_in_front_of_a_torn_tail_is_damage() {
        let mut bytes = log_of(&["first", "second"]);
        let (boundary, whole) = (log_of(&["first"]).len(), bytes.len());
        append(&"third ".repeat(300), &mut bytes);
        for written in [whole, SECTOR_BYTES, 2 * SECTOR_BYTES] {
            let mut torn = bytes.clone();
            torn[written..].fill(0);
            let found: Recovered<String> = recover(&torn);
            assert_eq!(
                (found.records.len(), found.tail),
                (2, Tail::Torn { at: whole }),
                "from byte {written}"
            );
            for bit in 0..whole * 8 {
                let mut damaged = torn.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                let at = if bit / 8 < boundary { 0 } else { boundary };
                let found: Recovered<String> = recover(&damaged);
                assert_eq!(found.tail, Tail::Damaged { at }, "bit {bit}, zeros from byte {written}");
            }
        }
    }

    /// What claims to be a frame is believed only where its bytes are known, whatever is wrong behind it.
    #[test]
    fn a_frame_that_is_known_is_not_read_again_and_any_other_is() {
        let bytes = log_of(&["first", "second", "third"]);
        let second = bytes[log_of(&["first"]).len()..log_of(&["first", "second"]).len()].to_vec();
        let known = |frame: &[u8]| (*frame == second).then(|| "known".to_owned());
        assert_eq!(recover_knowing(&bytes, known).records, ["first", "known", "third"]);
        let mut damaged = bytes.clone();
        damaged[log_of(&["first"]).len() + HEADER_BYTES] ^= 1;
        let found = recover_knowing(&damaged, known);
        assert_eq!((found.records.len(), found.whole(damaged.len())), (1, log_of(&["first"]).len()));
        for cut in 0..bytes.len() {
            assert_eq!(
                recover_knowing::<String>(&bytes[..cut], |_| None),
                recover(&bytes[..cut]),
                "cut at byte {cut}"
            );
        }
    }
}
