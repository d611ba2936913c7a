//! The circle of keys crosses the wire in two parts: what depends on the members and the keys alone is large and seldom
//! changes, so it crosses once and is named by its number afterwards.

use std::collections::VecDeque;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::scene::circle::{Circle, Placed};
use crate::scene::compare::Comparison;

/// How many placements both ends remember: those of two branches side by side, before and after a step.
const REMEMBERED_MAX: usize = 4;

/// A circle on the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CircleUpdate {
    number: u32,
    /// Members, points and keys, unless the other end has them by this number.
    placed: Option<Rc<Placed>>,
    arrived: Vec<bool>,
    sums: Vec<(u64, u64)>,
}

impl PartialEq for CircleUpdate {
    fn eq(&self, other: &CircleUpdate) -> bool {
        (self.number, &self.arrived, &self.sums) == (other.number, &other.arrived, &other.sums)
    }
}

/// A comparison with its circles as they cross the wire.
pub(super) type Compared = (Comparison, [Option<CircleUpdate>; 2]);

/// What both ends remember. They see the same updates in the same order, so they remember the same.
#[derive(Debug, Default)]
pub(super) struct Placements {
    numbered: u32,
    known: VecDeque<(u32, Rc<Placed>)>,
}

impl Placements {
    fn remember(&mut self, number: u32, placed: Rc<Placed>) {
        self.known.push_back((number, placed));
        if self.known.len() > REMEMBERED_MAX {
            self.known.pop_front();
        }
    }

    /// The engine's end.
    pub fn write(&mut self, circle: &Circle) -> CircleUpdate {
        let (arrived, sums) = (circle.arrived.clone(), circle.sums.clone());
        let known = self.known.iter().find(|(_, placed)| Rc::ptr_eq(placed, &circle.placed));
        if let Some((number, _)) = known {
            return CircleUpdate { number: *number, placed: None, arrived, sums };
        }
        self.numbered = self.numbered.wrapping_add(1);
        self.remember(self.numbered, Rc::clone(&circle.placed));
        CircleUpdate { number: self.numbered, placed: Some(Rc::clone(&circle.placed)), arrived, sums }
    }

    /// Both circles of a comparison, which leaves them behind: the engine's end.
    pub fn write_both(&mut self, mut compared: Comparison) -> Compared {
        let circles = std::mem::take(&mut compared.circles);
        (compared, circles.map(|circle| circle.map(|circle| self.write(&circle))))
    }

    /// The other end of that.
    pub fn read_both(&mut self, (compared, circles): Compared) -> Comparison {
        let circles = circles.map(|circle| circle.and_then(|update| self.read(update)).map(Rc::new));
        Comparison { circles, ..compared }
    }

    /// The other end. Nothing if the number is not known here.
    pub fn read(&mut self, update: CircleUpdate) -> Option<Circle> {
        let CircleUpdate { number, placed, arrived, sums } = update;
        let placed = match placed {
            Some(placed) => {
                self.remember(number, Rc::clone(&placed));
                placed
            }
            None => Rc::clone(&self.known.iter().find(|(known, _)| *known == number)?.1),
        };
        Some(Circle { placed, arrived, sums })
    }
}
