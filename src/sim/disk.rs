//! A disk that can be slow, torn, damaged and lost.
//!
//! It holds one file, the participant's log, as bytes. What was written is durable only once a sync that
//! began after the write has finished.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::random::Stream;
use super::{Problem, Unsynced};
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
    pub fn validate(&self) -> Result<(), Problem> {
        if self.sync_us_min > self.sync_us_max || self.sync_us_max > SYNC_US_MAX {
            return Err(Problem::OutOfBounds { what: "sync_us", limit: SYNC_US_MAX });
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

/// One node's disk.
#[derive(Clone, PartialEq, Debug)]
pub struct Disk {
    options: DiskOptions,
    /// What the running process sees: all that was written.
    file: File,
    /// How many bytes of the file are durable.
    durable: usize,
    /// The old file while a new one that replaces it is not durable yet.
    replaced: Option<Arc<[u8]>>,
    /// How many times the file was replaced: a sync of an older one does not make the new one durable.
    generation: u32,
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
        let mut bytes = Vec::new();
        for record in records {
            wal::append(record, &mut bytes);
        }
        let durable = bytes.len();
        Disk {
            options,
            file: File::from_bytes(bytes),
            durable,
            replaced: None,
            generation: 0,
            busy_until_us: 0,
        }
    }

    /// How it behaves.
    pub fn options(&self) -> DiskOptions {
        self.options
    }

    pub(super) fn set_options(&mut self, options: DiskOptions) {
        self.options = options;
    }

    /// Bytes written.
    pub fn length(&self) -> usize {
        self.file.length()
    }

    /// Bytes of the log that are durable; 0 while a replaced log is not durable yet.
    pub fn durable(&self) -> usize {
        if self.replaced.is_some() { 0 } else { self.durable }
    }

    /// Whether something was written that is not durable.
    pub fn has_unsynced(&self) -> bool {
        self.replaced.is_some() || self.durable < self.file.length()
    }

    /// All that was written, durable or not.
    pub fn bytes(&self) -> Vec<u8> {
        self.file.bytes()
    }

    pub(super) fn append<R: Serialize>(&mut self, record: &R) {
        wal::append(record, &mut self.file.last);
        self.file.seal();
    }

    pub(super) fn rewrite<R: Serialize>(&mut self, records: &[R]) {
        if self.replaced.is_none() {
            let mut old = self.file.bytes();
            old.truncate(self.durable);
            self.replaced = Some(Arc::from(old));
        }
        self.generation = self.generation.wrapping_add(1);
        self.file = File::default();
        self.durable = 0;
        for record in records {
            self.append(record);
        }
    }

    /// Begins a sync and says how long it takes.
    pub(super) fn begin_sync(&self, stream: &mut Stream) -> (Mark, u64) {
        let mark = Mark { generation: self.generation, length: self.file.length() };
        (mark, stream.between(self.options.sync_us_min, self.options.sync_us_max))
    }

    pub(super) fn finish_sync(&mut self, mark: Mark) {
        if mark.generation == self.generation {
            self.durable = self.durable.max(mark.length);
            self.replaced = None;
        }
    }

    /// The process or the machine died: what was not durable is gone, or a part of it.
    pub(super) fn crash(&mut self, unsynced: Unsynced, stream: &mut Stream) {
        if let Some(old) = self.replaced.take() {
            // The new file takes the old one's place with the sync, so before that the old one is there.
            if unsynced != Unsynced::Kept {
                self.durable = old.len();
                self.file = File::from_bytes(old.to_vec());
                return;
            }
        }
        let length = self.file.length();
        let kept = match unsynced {
            Unsynced::Torn => stream.between(self.durable as u64, length as u64) as usize,
            Unsynced::Lost => self.durable,
            Unsynced::Kept => length,
        };
        if kept < length {
            let mut bytes = self.file.bytes();
            bytes.truncate(kept);
            self.file = File::from_bytes(bytes);
        }
        self.durable = kept;
    }

    /// Cuts off what follows this byte.
    pub(super) fn truncate(&mut self, length: usize) {
        let mut bytes = self.file.bytes();
        bytes.truncate(length);
        self.file = File::from_bytes(bytes);
        self.durable = self.durable.min(length);
    }

    /// Damages one bit of the last durable frame.
    pub(super) fn corrupt_tail(&mut self, stream: &mut Stream) {
        let mut bytes = self.file.bytes();
        let last = wal::frames(&bytes).filter(|(start, length)| start + length <= self.durable).last();
        if let Some((start, length)) = last {
            let at = start as u64 + stream.between(0, length as u64 - 1);
            let bit = stream.between(0, 7);
            if let Some(byte) = bytes.get_mut(at as usize) {
                *byte ^= 1 << bit;
            }
            self.file = File::from_bytes(bytes);
        }
    }

    pub(super) fn lose(&mut self) {
        self.file = File::default();
        self.durable = 0;
        self.replaced = None;
        self.generation = self.generation.wrapping_add(1);
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
