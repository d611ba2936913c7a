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
        while self.last.len() >= CHUNK_BYTES {
            let rest = self.last.split_off(CHUNK_BYTES);
            self.full.push(Arc::from(std::mem::replace(&mut self.last, rest)));
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length());
        for chunk in &self.full {
            bytes.extend_from_slice(chunk);
        }
        bytes.extend_from_slice(&self.last);
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
        let mut disk = Disk { options, versions: vec![Version::of(File::default(), 0)], busy_until_us: 0 };
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

    /// The process or the machine died: what was not durable is gone, or a part of it.
    pub(super) fn crash(&mut self, unsynced: Unsynced, stream: &mut Stream) {
        // A new file takes the old one's place with the sync, so before that the old one is there.
        if unsynced == Unsynced::Kept {
            let last = self.versions.len().saturating_sub(1);
            self.versions.drain(..last);
        } else {
            self.versions.truncate(1);
        }
        let there = self.current_mut();
        let length = there.file.length();
        let kept = match unsynced {
            Unsynced::Torn => stream.between(there.durable as u64, length as u64) as usize,
            Unsynced::Lost => there.durable,
            Unsynced::Kept => length,
        };
        if kept < length {
            let mut bytes = there.file.bytes();
            bytes.truncate(kept);
            there.file = File::from_bytes(bytes);
        }
        there.durable = kept;
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
    }

    pub(super) fn lose(&mut self) {
        let generation = self.current_mut().generation.wrapping_add(1);
        self.versions = vec![Version::of(File::default(), generation)];
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
