//! A growing sequence whose clones share what they have in common.
//!
//! A recording keeps a copy of every node each few hundred steps, and a log may hold thousands of entries, so
//! copying a log has to cost next to nothing. The elements lie in chunks behind reference counts: a copy
//! shares all chunks, and only the one that is written to next is copied.

use std::sync::Arc;

const CHUNK: u64 = 64;

/// Elements at consecutive positions, from [`Chunked::start`] to before [`Chunked::end`].
#[derive(Clone, PartialEq, Debug)]
pub struct Chunked<T> {
    start: u64,
    end: u64,
    /// Every chunk but the last is full.
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T: Clone> Chunked<T> {
    /// An empty sequence whose first element will be at `start`.
    pub fn starting_at(start: u64) -> Self {
        Chunked { start, end: start, chunks: Vec::new() }
    }

    /// The position of the first element.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The position after the last element.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The element at a position.
    pub fn get(&self, position: u64) -> Option<&T> {
        let offset = position.checked_sub(self.start)?;
        self.chunks.get((offset / CHUNK) as usize)?.get((offset % CHUNK) as usize)
    }

    /// The last element.
    pub fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// Adds an element at [`Chunked::end`].
    pub fn push(&mut self, element: T) {
        match self.chunks.last_mut() {
            Some(chunk) if (chunk.len() as u64) < CHUNK => match Arc::get_mut(chunk) {
                Some(own) => own.push(element),
                None => {
                    // The copy gets room for a whole chunk, so that it is not moved again while it fills up.
                    let mut own = Vec::with_capacity(CHUNK as usize);
                    own.extend(chunk.iter().cloned());
                    own.push(element);
                    *chunk = Arc::new(own);
                }
            },
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK as usize);
                chunk.push(element);
                self.chunks.push(Arc::new(chunk));
            }
        }
        self.end += 1;
    }

    /// Changes the element at a position; nothing happens if there is none.
    pub fn replace(&mut self, position: u64, element: T) {
        if let Some(slot) = self.get_mut(position) {
            *slot = element;
        }
    }

    /// The element at a position, to be changed; its chunk is copied first if clones share it.
    pub fn get_mut(&mut self, position: u64) -> Option<&mut T> {
        let offset = position.checked_sub(self.start)?;
        let chunk = self.chunks.get_mut((offset / CHUNK) as usize)?;
        Arc::make_mut(chunk).get_mut((offset % CHUNK) as usize)
    }

    /// Removes the elements at `position` and after it.
    pub fn truncate(&mut self, position: u64) {
        if position >= self.end {
            return;
        }
        let keep = position.saturating_sub(self.start);
        self.chunks.truncate(keep.div_ceil(CHUNK) as usize);
        let rest = (keep % CHUNK) as usize;
        if rest != 0
            && let Some(chunk) = self.chunks.last_mut()
        {
            Arc::make_mut(chunk).truncate(rest);
        }
        self.end = self.start + keep;
    }

    /// Gives up whole chunks before `position`; up to a chunk of older elements may stay.
    pub fn forget_before(&mut self, position: u64) {
        let unneeded = (position.min(self.end).saturating_sub(self.start) / CHUNK) as usize;
        // The last chunk stays unless it is full, so that the end of the sequence is where it was.
        let unneeded = unneeded.min(self.chunks.len());
        self.chunks.drain(..unneeded);
        self.start += unneeded as u64 * CHUNK;
    }

    /// The elements from a position on, in order.
    pub fn iter_from(&self, position: u64) -> impl Iterator<Item = &T> {
        let offset = position.saturating_sub(self.start);
        let (chunk, within) = ((offset / CHUNK) as usize, (offset % CHUNK) as usize);
        let chunks = self.chunks.get(chunk..).unwrap_or_default();
        chunks.iter().flat_map(|chunk| chunk.iter()).skip(within)
    }

    /// The first position of `low..high` at which `before` no longer holds, if it holds for a first part of
    /// the sequence and for nothing after it.
    pub fn partition_point(&self, low: u64, high: u64, before: impl Fn(&T) -> bool) -> u64 {
        let (mut low, mut high) = (low.max(self.start), high.min(self.end));
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some(element) if before(element) => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Change {
        Push(u8),
        Truncate(u64),
        Forget(u64),
        Replace(u64, u8),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            20 => any::<u8>().prop_map(Change::Push),
            1 => (0..400u64).prop_map(Change::Truncate),
            1 => (0..400u64).prop_map(Change::Forget),
            1 => (0..400u64, any::<u8>()).prop_map(|(at, value)| Change::Replace(at, value)),
        ]
    }

    proptest! {
        /// Whatever is done to it, a chunked sequence holds what a vector would, and an earlier clone of it
        /// does not notice.
        #[test]
        fn it_behaves_like_a_vector_and_leaves_its_clones_alone(changes in prop::collection::vec(change(), 0..600)) {
            let mut plain: Vec<u8> = Vec::new();
            let mut chunked = Chunked::starting_at(1);
            let mut clones = Vec::new();
            for (number, change) in changes.into_iter().enumerate() {
                if number % 50 == 0 {
                    clones.push((chunked.clone(), chunked.iter_from(0).copied().collect::<Vec<u8>>()));
                }
                match change {
                    Change::Push(value) => {
                        plain.push(value);
                        chunked.push(value);
                    }
                    Change::Truncate(position) if position >= chunked.start() => {
                        plain.truncate((position.max(1) - 1) as usize);
                        chunked.truncate(position);
                    }
                    Change::Truncate(_) => {}
                    Change::Forget(position) => {
                        let before = chunked.start();
                        chunked.forget_before(position);
                        prop_assert!(chunked.start() <= position.max(before));
                    }
                    Change::Replace(position, value) => {
                        chunked.replace(position, value);
                        if position >= chunked.start() && position < chunked.end() {
                            plain[position as usize - 1] = value;
                        }
                    }
                }
                prop_assert_eq!(chunked.end(), plain.len() as u64 + 1);
            }
            for position in chunked.start()..chunked.end() {
                prop_assert_eq!(chunked.get(position), plain.get(position as usize - 1));
            }
            prop_assert_eq!(chunked.get(chunked.end()), None);
            for (clone, content) in clones {
                prop_assert_eq!(clone.iter_from(0).copied().collect::<Vec<u8>>(), content);
            }
        }
    }
}
