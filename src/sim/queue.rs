//! What is pending: messages under way, timers, syncs, the clients' own business.
//!
//! Events are ordered by (due time, number). Numbers are given out in the order in which events come into
//! being, so ties are decided the same way in every run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{EventId, Problem, limits};

/// An event and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry<T> {
    /// Its number.
    pub id: EventId,
    /// When it is due, in µs.
    pub due_us: u64,
    /// Whether it waits for somebody to release it, whatever its due time.
    pub held: bool,
    /// What it is.
    pub event: T,
}

/// A place in the heap. Ordered by due time, then number; the slot only says where the event is kept.
type Key = Reverse<(u64, u32, u32)>;

/// The pending events.
///
/// A clone takes no more room than what is pending: a keyframe is kept for long, and the slots are as many as were
/// once needed at the same time.
#[derive(Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Key>,
    slots: Vec<Option<Entry<T>>>,
    free: Vec<u32>,
    next: u32,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), next: 0 }
    }
}

impl<T: Clone> Clone for Queue<T> {
    fn clone(&self) -> Self {
        let slots: Vec<Option<Entry<T>>> = self.iter().map(|entry| Some(entry.clone())).collect();
        let free_to_come = self.iter().zip(0..).filter(|(entry, _)| !entry.held);
        let keys: Vec<Key> =
            free_to_come.map(|(entry, slot)| Reverse((entry.due_us, entry.id.0, slot))).collect();
        Queue { heap: BinaryHeap::from(keys), slots, free: Vec::new(), next: self.next }
    }
}

impl<T> Queue<T> {
    /// How many events are pending, held ones included.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number that the next event will get.
    pub fn next_id(&self) -> EventId {
        EventId(self.next)
    }

    /// Adds an event.
    ///
    /// # Errors
    /// [`Problem::Full`] where too many are pending.
    pub fn push(&mut self, due_us: u64, event: T) -> Result<EventId, Problem> {
        let id = EventId(self.next);
        let Some(next) = self.next.checked_add(1) else {
            return Err(Problem::Full { what: "events".into(), limit: u64::from(u32::MAX) });
        };
        let entry = Entry { id, due_us, held: false, event };
        let slot = match self.free.pop() {
            Some(slot) => {
                if let Some(place) = self.slots.get_mut(slot as usize) {
                    *place = Some(entry);
                }
                slot
            }
            None => {
                if self.slots.len() >= limits::PENDING_MAX as usize {
                    return Err(Problem::Full {
                        what: "pending events".into(),
                        limit: u64::from(limits::PENDING_MAX),
                    });
                }
                self.slots.push(Some(entry));
                (self.slots.len() - 1) as u32
            }
        };
        self.next = next;
        self.heap.push(Reverse((due_us, id.0, slot)));
        Ok(id)
    }

    /// Whether the key at the top of the heap still stands for an event.
    fn is_live(&self, (due_us, id, slot): (u64, u32, u32)) -> bool {
        match self.slots.get(slot as usize) {
            Some(Some(entry)) => entry.id.0 == id && entry.due_us == due_us && !entry.held,
            _ => false,
        }
    }

    /// When the earliest event that is not held is due.
    pub fn peek_due_us(&mut self) -> Option<u64> {
        while let Some(Reverse(key)) = self.heap.peek() {
            if self.is_live(*key) {
                return Some(key.0);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes the earliest event that is not held.
    pub fn pop(&mut self) -> Option<Entry<T>> {
        while let Some(Reverse(key)) = self.heap.pop() {
            if self.is_live(key) {
                return self.take_slot(key.2);
            }
        }
        None
    }

    fn take_slot(&mut self, slot: u32) -> Option<Entry<T>> {
        let entry = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        Some(entry)
    }

    fn slot_of(&self, id: EventId) -> Option<u32> {
        let at = self.slots.iter().position(|slot| slot.as_ref().is_some_and(|entry| entry.id == id))?;
        Some(at as u32)
    }

    /// The event of this number. Takes time in proportion to what is pending: it serves interventions, not
    /// the hot path.
    pub fn get(&self, id: EventId) -> Option<&Entry<T>> {
        self.iter().find(|entry| entry.id == id)
    }

    /// Takes the event of this number, held or not.
    pub fn take(&mut self, id: EventId) -> Option<Entry<T>> {
        self.take_slot(self.slot_of(id)?)
    }

    /// Holds or releases an event. Returns whether there is one of this number.
    pub fn set_held(&mut self, id: EventId, held: bool, now_us: u64) -> bool {
        let Some(slot) = self.slot_of(id) else { return false };
        let Some(Some(entry)) = self.slots.get_mut(slot as usize) else { return false };
        entry.held = held;
        if !held {
            entry.due_us = entry.due_us.max(now_us);
            let key = Reverse((entry.due_us, entry.id.0, slot));
            self.heap.push(key);
        }
        true
    }

    /// Makes an event due at another time. Returns whether there is one of this number.
    pub fn set_due_us(&mut self, id: EventId, due_us: u64) -> bool {
        let Some(slot) = self.slot_of(id) else { return false };
        let Some(Some(entry)) = self.slots.get_mut(slot as usize) else { return false };
        if entry.due_us != due_us {
            entry.due_us = due_us;
            let key = Reverse((due_us, entry.id.0, slot));
            self.heap.push(key);
        }
        true
    }

    /// Forgets all events that this names.
    pub fn remove_where(&mut self, mut unwanted: impl FnMut(&Entry<T>) -> bool) {
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if slot.as_ref().is_some_and(&mut unwanted) {
                *slot = None;
                self.free.push(at as u32);
            }
        }
    }

    /// All pending events, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<T>> {
        self.slots.iter().flatten()
    }

    /// All pending events, the earliest first.
    pub fn in_order(&self) -> Vec<&Entry<T>> {
        self.in_order_where(|_| true)
    }

    /// The pending events that this names, the earliest first.
    pub fn in_order_where(&self, is_named: impl Fn(&Entry<T>) -> bool) -> Vec<&Entry<T>> {
        let mut entries: Vec<&Entry<T>> = self.iter().filter(|entry| is_named(entry)).collect();
        entries.sort_unstable_by_key(|entry| (entry.due_us, entry.id));
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn popped(queue: &mut Queue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop()).map(|entry| entry.event).collect()
    }

    #[test]
    fn events_come_by_time_and_then_in_the_order_of_their_making() {
        let mut queue = Queue::default();
        for (due_us, event) in [(5, "late"), (3, "first of two"), (3, "second of two"), (1, "early")] {
            queue.push(due_us, event).unwrap();
        }
        assert_eq!(popped(&mut queue), ["early", "first of two", "second of two", "late"]);
    }

    #[test]
    fn what_is_held_stays_until_it_is_released() {
        let mut queue = Queue::default();
        let held = queue.push(1, "held").unwrap();
        queue.push(2, "other").unwrap();
        assert!(queue.set_held(held, true, 0));
        assert_eq!(queue.pop().unwrap().event, "other");
        assert_eq!(queue.pop(), None);
        assert!(queue.set_held(held, false, 9));
        assert_eq!(queue.pop().map(|entry| (entry.event, entry.due_us)), Some(("held", 9)));
    }

    #[test]
    fn a_delayed_event_comes_once_and_later() {
        let mut queue = Queue::default();
        let delayed = queue.push(1, "delayed").unwrap();
        queue.push(2, "other").unwrap();
        assert!(queue.set_due_us(delayed, 3));
        assert_eq!(popped(&mut queue), ["other", "delayed"]);
    }

    #[test]
    fn a_copy_has_room_for_what_is_pending_only_and_goes_on_alike() {
        let mut queue = Queue::default();
        let ids: Vec<EventId> = (0..40).map(|at| queue.push(100 - at, "passing").unwrap()).collect();
        queue.push(7, "last").unwrap();
        assert!(queue.set_held(ids[3], true, 0));
        assert!(queue.set_due_us(ids[5], 3));
        for id in &ids[6..] {
            queue.take(*id).unwrap();
        }
        let mut copy = queue.clone();
        assert_eq!((copy.len(), copy.slots.len(), copy.heap.len()), (7, 7, 6));
        for queue in [&mut queue, &mut copy] {
            queue.push(7, "new").unwrap();
            assert!(queue.set_held(ids[3], false, 0));
        }
        assert_eq!(copy.in_order(), queue.in_order());
        let (one, other): (Vec<_>, Vec<_>) =
            (std::iter::from_fn(|| queue.pop()).collect(), std::iter::from_fn(|| copy.pop()).collect());
        assert_eq!(one, other);
        assert_eq!(one.len(), 8);
    }

    #[test]
    fn a_slot_that_is_used_again_does_not_bring_the_old_event_back() {
        let mut queue = Queue::default();
        let gone = queue.push(1, "gone").unwrap();
        assert!(queue.take(gone).is_some());
        queue.push(1, "new").unwrap();
        assert_eq!(popped(&mut queue), ["new"]);
        assert!(queue.is_empty());
    }
}
