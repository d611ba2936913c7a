//! A disk that can be slow, torn, damaged and lost.
//!
//! It holds one file, the participant's log, as bytes. What was written is durable only once a sync that
//! began after the write has finished.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::random::Stream;
use super::{OutOfBounds, Unsynced};
use crate::protocol::wal;

/// The longest sync that can be configured, in µs.
pub const SYNC_US_MAX: u64 = 60_000_000;

/// How a disk behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiskOptions {
    /// The shortest sync, in µs.
    pub sync_us_min: u64,
    /// The longest sync, in µs.
    pub sync_us_max: u64,
}

impl Default for DiskOptions {
    fn default() -> Self {
        DiskOptions { sync_us_min: 500, sync_us_max: 1_500 }
    }
}

impl DiskOptions {
    /// Whether the figures are within bounds.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<(), OutOfBounds> {
        if self.sync_us_min > self.sync_us_max || self.sync_us_max > SYNC_US_MAX {
            return Err(OutOfBounds { what: "sync_us", limit: SYNC_US_MAX });
        }
        Ok(())
    }
}

/// How many of a million torn tails are filled with zeros up to the length that the file would have had.
const ZERO_FILLED_PPM: u32 = 250_000;

/// Bytes of one chunk of the file. Full chunks are shared between clones; only the last one is copied.
const CHUNK_BYTES: usize = 1024;

/// The bytes of a file, cheap to clone.
#[derive(Clone, PartialEq, Debug, Default)]
struct File {
    full: Vec<Arc<[u8]>>,
    last: Vec<u8>,
}

impl File {
    fn length(&self) -> usize {
        self.full.len() * CHUNK_BYTES + self.last.len()
    }

    fn seal(&mut self) {
        if self.last.len() < CHUNK_BYTES {
            return;
        }
        // The room of the last chunk stays: what follows would grow into it step by step again.
        let chunks = self.last.chunks_exact(CHUNK_BYTES);
        let rest = chunks.remainder().len();
        self.full.extend(chunks.map(Arc::from));
        self.last.drain(..self.last.len() - rest);
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length());
        for chunk in &self.full {
            bytes.extend_from_slice(chunk);
        }
        bytes.extend_from_slice(&self.last);
        bytes
    }

    fn range(&self, from: usize, to: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(to.saturating_sub(from));
        // All full chunks are of one length.
        let passed = (from / CHUNK_BYTES).min(self.full.len());
        let mut at = passed * CHUNK_BYTES;
        for chunk in self.full.iter().map(AsRef::as_ref).chain([self.last.as_slice()]).skip(passed) {
            let (start, end) = (from.saturating_sub(at), to.saturating_sub(at).min(chunk.len()));
            bytes.extend_from_slice(chunk.get(start..end).unwrap_or_default());
            at += chunk.len();
        }
        bytes
    }

    fn from_bytes(bytes: Vec<u8>) -> File {
        let mut file = File { full: Vec::new(), last: bytes };
        file.seal();
        file
    }
}

/// The log file, or one that is to take its place.
#[derive(Clone, PartialEq, Debug)]
struct Version {
    file: File,
    /// How many bytes of the file are durable.
    durable: usize,
    generation: u32,
}

/// One node's disk.
#[derive(Clone, PartialEq, Debug)]
pub struct Disk {
    options: DiskOptions,
    /// The file that a crash leaves, and those written since to replace it, of which none is durable yet. The
    /// running process sees the last one. There always is one.
    versions: Vec<Version>,
    /// How often it was lost or damaged.
    harms: u32,
    /// When the last sync that was begun finishes.
    pub(super) busy_until_us: u64,
}

/// How much a sync will make durable when it finishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    generation: u32,
    length: usize,
}

impl Disk {
    /// A disk that an operator has formatted with these records.
    pub(super) fn formatted<R: Serialize>(options: DiskOptions, records: &[R]) -> Disk {
        let mut disk =
            Disk { options, versions: vec![Version::of(File::default(), 0)], harms: 0, busy_until_us: 0 };
        for record in records {
            disk.append(record);
        }
        let current = disk.current_mut();
        current.durable = current.file.length();
        disk
    }

    /// How it behaves.
    pub fn options(&self) -> DiskOptions {
        self.options
    }

    pub(super) fn set_options(&mut self, options: DiskOptions) {
        self.options = options;
    }

    fn current(&self) -> Option<&Version> {
        self.versions.last()
    }

    fn current_mut(&mut self) -> &mut Version {
        if self.versions.is_empty() {
            self.versions.push(Version::of(File::default(), 0));
        }
        let last = self.versions.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "there is at least one, as the lines above make sure")]
        &mut self.versions[last]
    }

    /// Bytes written.
    pub fn length(&self) -> usize {
        self.current().map_or(0, |version| version.file.length())
    }

    /// The file that a loss of power would leave, as its generation and how many of its bytes are durable. The
    /// generation changes when another file takes its place.
    pub fn on_medium(&self) -> (u32, usize) {
        self.versions.first().map_or((0, 0), |version| (version.generation, version.durable))
    }

    /// How often it was lost or damaged.
    pub fn harms(&self) -> u32 {
        self.harms
    }

    /// The bytes of that file that are durable, from this one on.
    pub fn durable_bytes(&self, from: usize) -> Vec<u8> {
        let Some(version) = self.versions.first() else { return Vec::new() };
        version.file.range(from, version.durable)
    }

    /// Bytes of the log that are durable; 0 while a replaced log is not durable yet.
    pub fn durable(&self) -> usize {
        match self.versions.as_slice() {
            [only] => only.durable,
            _ => 0,
        }
    }

    /// Whether something was written that is not durable.
    pub fn has_unsynced(&self) -> bool {
        self.versions.len() > 1 || self.durable() < self.length()
    }

    /// All that was written, durable or not.
    pub fn bytes(&self) -> Vec<u8> {
        self.current().map(|version| version.file.bytes()).unwrap_or_default()
    }

    pub(super) fn append<R: Serialize>(&mut self, record: &R) {
        let file = &mut self.current_mut().file;
        wal::append(record, &mut file.last);
        file.seal();
    }

    pub(super) fn rewrite<R: Serialize>(&mut self, records: &[R]) {
        let generation = self.current_mut().generation.wrapping_add(1);
        self.versions.push(Version::of(File::default(), generation));
        for record in records {
            self.append(record);
        }
    }

    /// Begins a sync and says how long it takes.
    pub(super) fn begin_sync(&mut self, stream: &mut Stream) -> (Mark, u64) {
        let current = self.current_mut();
        let mark = Mark { generation: current.generation, length: current.file.length() };
        (mark, stream.between(self.options.sync_us_min, self.options.sync_us_max))
    }

    pub(super) fn finish_sync(&mut self, mark: Mark) {
        let Some(at) = self.versions.iter().position(|version| version.generation == mark.generation) else {
            return;
        };
        // The synced file takes the place of all that came before it; a later one may still be on its way.
        self.versions.drain(..at);
        if let Some(synced) = self.versions.first_mut() {
            synced.durable = synced.durable.max(mark.length);
        }
    }

    /// The process or the machine died: what was not durable is gone, or a part of it. Where only the process died,
    /// all can still be read, and is as little durable as before.
    pub(super) fn crash(&mut self, unsynced: Unsynced, stream: &mut Stream) {
        // A new file takes the old one's place after its sync, so before that the old one is there.
        self.versions.truncate(1);
        let there = self.current_mut();
        let length = there.file.length();
        let kept = match unsynced {
            Unsynced::Torn => stream.between(there.durable as u64, length as u64) as usize,
            Unsynced::Lost => there.durable,
            Unsynced::Kept => return,
        };
        if kept < length {
            let mut bytes = there.file.bytes();
            bytes.truncate(kept);
            // Some file systems had made the file longer before they wrote what it holds.
            if unsynced == Unsynced::Torn && stream.chance(ZERO_FILLED_PPM) {
                let sector = kept / wal::SECTOR_BYTES * wal::SECTOR_BYTES;
                let written = sector.max(there.durable);
                if length - written >= wal::ZEROS_MIN {
                    bytes.truncate(written);
                    bytes.resize(length, 0);
                }
            }
            there.file = File::from_bytes(bytes);
        }
        // What a loss of power left is what the medium holds.
        there.durable = there.file.length();
    }

    /// Cuts off what follows this byte.
    pub(super) fn truncate(&mut self, length: usize) {
        let current = self.current_mut();
        let mut bytes = current.file.bytes();
        bytes.truncate(length);
        current.file = File::from_bytes(bytes);
        current.durable = current.durable.min(length);
    }

    /// Damages one bit of the last durable frame.
    pub(super) fn corrupt_tail(&mut self, stream: &mut Stream) {
        let current = self.current_mut();
        let mut bytes = current.file.bytes();
        let last = wal::frames(&bytes).filter(|(start, length)| start + length <= current.durable).last();
        if let Some((start, length)) = last {
            let at = start as u64 + stream.between(0, length as u64 - 1);
            let bit = stream.between(0, 7);
            if let Some(byte) = bytes.get_mut(at as usize) {
                *byte ^= 1 << bit;
            }
            current.file = File::from_bytes(bytes);
        }
        self.harms += 1;
    }

    pub(super) fn lose(&mut self) {
        let generation = self.current_mut().generation.wrapping_add(1);
        self.versions = vec![Version::of(File::default(), generation)];
        self.harms += 1;
    }
}

impl Version {
    fn of(file: File, generation: u32) -> Version {
        Version { file, durable: 0, generation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::wal::Tail;

    fn disk_with(synced: &[&str], unsynced: &[&str]) -> Disk {
        let mut disk = Disk::formatted::<&str>(DiskOptions::default(), synced);
        for record in unsynced {
            disk.append(record);
        }
        disk
    }

    fn records(disk: &Disk) -> (Vec<String>, Tail) {
        let found = wal::recover(&disk.bytes());
        (found.records, found.tail)
    }

    #[test]
    fn a_crash_loses_what_no_sync_covered() {
        let mut disk = disk_with(&["a"], &["b", "c"]);
        let (mark, _) = disk.begin_sync(&mut Stream::new(0, 0));
        disk.append(&"d");
        disk.finish_sync(mark);
        disk.crash(Unsynced::Lost, &mut Stream::new(0, 0));
        assert_eq!(records(&disk), (vec!["a".into(), "b".into(), "c".into()], Tail::Clean));
    }

    #[test]
    fn a_torn_crash_never_loses_or_damages_what_was_synced() {
        for seed in 0..200 {
            let mut disk = disk_with(&["a", "b"], &["c", "d"]);
            disk.crash(Unsynced::Torn, &mut Stream::new(seed, 0));
            let (found, tail) = records(&disk);
            assert!(found.len() >= 2, "seed {seed}: {found:?}");
            assert!(!matches!(tail, Tail::Damaged { .. }), "seed {seed}: {tail:?}");
        }
    }

    /// A process that is killed leaves its writes to the operating system, which has not yet written them.
    #[test]
    fn what_a_killed_process_wrote_can_be_read_and_is_not_durable() {
        let mut disk = disk_with(&["a"], &["b"]);
        disk.crash(Unsynced::Kept, &mut Stream::new(0, 0));
        assert_eq!(records(&disk).0, ["a", "b"]);
        assert!(disk.has_unsynced());
        disk.crash(Unsynced::Lost, &mut Stream::new(0, 0));
        assert_eq!(records(&disk).0, ["a"]);
    }

    #[test]
    fn a_tail_of_zeros_is_torn() {
        let mut zero_filled = 0;
        for seed in 0..2_000 {
            let long = "x".repeat(700);
            let mut disk = disk_with(&["a", "b"], &["c", &long, "d"]);
            disk.crash(Unsynced::Torn, &mut Stream::new(seed, 0));
            zero_filled += u32::from(disk.bytes().ends_with(&[0; wal::ZEROS_MIN]));
            let (found, tail) = records(&disk);
            assert!(found.len() >= 2, "seed {seed}: {found:?}");
            assert!(!matches!(tail, Tail::Damaged { .. }), "seed {seed}: {tail:?}");
        }
        assert!(zero_filled > 100, "{zero_filled}");
    }

    #[test]
    fn what_is_durable_can_be_read_from_any_byte_on() {
        let long = "x".repeat(CHUNK_BYTES * 3);
        let disk = disk_with(&[&long, "end"], &["not durable"]);
        let (_, durable) = disk.on_medium();
        let all = disk.bytes();
        for from in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 7, durable - 1, durable, durable + 1] {
            assert_eq!(disk.durable_bytes(from), all.get(from..durable).unwrap_or_default(), "{from}");
        }
    }

    #[test]
    fn a_rewrite_is_all_or_nothing() {
        let mut disk = disk_with(&["a", "b"], &[]);
        disk.rewrite(&["snapshot"]);
        let mut crashed = disk.clone();
        crashed.crash(Unsynced::Torn, &mut Stream::new(0, 0));
        assert_eq!(records(&crashed).0, ["a", "b"], "before the sync: the old log");
        let (mark, _) = disk.begin_sync(&mut Stream::new(0, 0));
        disk.finish_sync(mark);
        disk.crash(Unsynced::Torn, &mut Stream::new(0, 0));
        assert_eq!(records(&disk).0, ["snapshot"], "after the sync: the new one");
    }

    #[test]
    fn a_sync_of_the_old_file_that_finishes_after_a_rewrite_keeps_its_word() {
        let mut disk = disk_with(&["a"], &["b"]);
        let (mark, _) = disk.begin_sync(&mut Stream::new(0, 0));
        disk.rewrite(&["snapshot"]);
        disk.finish_sync(mark);
        disk.crash(Unsynced::Lost, &mut Stream::new(0, 0));
        assert_eq!(records(&disk).0, ["a", "b"]);
    }

    #[test]
    fn a_sync_of_the_old_file_does_not_cover_the_new_one() {
        let mut disk = disk_with(&["a"], &["b"]);
        let (mark, _) = disk.begin_sync(&mut Stream::new(0, 0));
        disk.rewrite(&["snapshot"]);
        disk.finish_sync(mark);
        assert!(disk.has_unsynced());
    }

    #[test]
    fn a_damaged_synced_frame_is_found() {
        for seed in 0..200 {
            let mut disk = disk_with(&["a", "b"], &["unsynced"]);
            disk.corrupt_tail(&mut Stream::new(seed, 0));
            assert!(matches!(records(&disk).1, Tail::Damaged { .. }), "seed {seed}");
        }
    }

    #[test]
    fn chunks_do_not_change_what_is_read() {
        let long = "x".repeat(CHUNK_BYTES * 3);
        let disk = disk_with(&[&long, "end"], &[]);
        assert_eq!(records(&disk).0, [long, "end".to_owned()]);
    }
}
