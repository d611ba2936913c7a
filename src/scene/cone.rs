//! The causality of a step: what led to it, and what came of it.

use super::model::Cone;
use crate::protocol::Participant;
use crate::sim::Recording;

/// The longest past that is followed, in causes.
const PAST_MAX: usize = 4_096;

/// How far ahead the future is followed, in steps.
const FUTURE_STEPS_MAX: usize = 20_000;

/// The past and the future of a step, given by its cursor position, along the causes that the recording knows: who
/// sent the message, who set the timer.
pub fn cone<P: Participant>(recording: &Recording<P>, cursor: u32) -> Cone {
    let Some(index) = cursor.checked_sub(1) else { return Cone::default() };
    let cause_of = |index: &u32| recording.info(*index)?.cause;
    let mut past: Vec<u32> =
        std::iter::successors(Some(index), cause_of).take(PAST_MAX).map(|index| index + 1).collect();
    past.reverse();
    // Causes come before what they cause, so one pass finds all that follows, and the list stays sorted.
    let mut future = vec![cursor];
    for info in recording.infos(cursor).take(FUTURE_STEPS_MAX) {
        if info.cause.is_some_and(|cause| future.binary_search(&(cause + 1)).is_ok()) {
            future.push(info.index + 1);
        }
    }
    Cone { past, future }
}
