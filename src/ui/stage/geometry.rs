//! From the unit square of the scene to units, of which each is about a pixel: more where there is much room, so that a
//! projector shows the stage to the last row, and less where there is little.

use crate::scene::model::{Outline, Stage};
use crate::scene::stage::CIRCLE_RADIUS;
use crate::sim::Address;

/// Where the parties stand, and how large they are, in units.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Geometry {
    /// How many CSS pixels a unit is.
    pub scale: f64,
    /// The width of the stage.
    pub width: f64,
    /// The height of the stage.
    pub height: f64,
    /// The radius of a node.
    pub radius: f64,
    /// The radius of a message.
    pub message: f64,
    /// Half the width of a card: narrower where many stand side by side.
    pub card: f64,
    /// The radius of the circle of keys, where there is one.
    pub circle: f64,
    places: Vec<(Address, f64, f64, Outline)>,
}

/// With less room than this, in pixels, everything is smaller.
const ROOM_MIN: (f64, f64) = (290.0, 230.0);

/// With more room than this, in pixels, everything is larger.
const ROOM_MAX: (f64, f64) = (620.0, 430.0);

/// The scales that this leads to at most.
const SCALES: (f64, f64) = (0.5, 3.0);

/// How many pixels a unit is in this room.
fn scale_of(width: f64, height: f64) -> f64 {
    let fits = |room: (f64, f64)| (width / room.0).min(height / room.1);
    let (least, most) = (fits(ROOM_MIN), fits(ROOM_MAX));
    if least < 1.0 { least.max(SCALES.0) } else { most.clamp(1.0, SCALES.1) }
}

/// The most that half the width of a card is, and the least.
const CARD_MAX: f64 = 62.0;
const CARD_MIN: f64 = 17.0;

/// Half the height of a card.
pub const CARD_HEIGHT: f64 = 36.0;

/// How far a party stays away from the edge, in pixels: the ring around one that is chosen needs that.
const EDGE: f64 = 13.0;

/// Half the side of a client.
pub const CLIENT: f64 = 15.0;

/// The way of a message, from edge to edge.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Path {
    /// Where it begins.
    pub from: (f64, f64),
    /// Where it ends.
    pub to: (f64, f64),
}

impl Path {
    /// The place at a part of the way.
    pub fn at(&self, part: f64) -> (f64, f64) {
        (self.from.0 + (self.to.0 - self.from.0) * part, self.from.1 + (self.to.1 - self.from.1) * part)
    }
}

impl Geometry {
    /// Lays the stage out in this space, in pixels. The picture may be stretched a little, not much.
    pub fn new(stage: &Stage, has_circle: bool, width: f64, height: f64) -> Geometry {
        let scale = scale_of(width, height);
        let (width, height) = (width / scale, height / scale);
        let nodes = stage.parties.iter().filter(|party| party.outline != Outline::Client).count().max(1);
        // The figures below the nodes need some room, the more the larger they are.
        let side = width.min(height);
        let around = std::f64::consts::TAU * 0.36 * side / nodes as f64;
        let radius = (around * 0.36).clamp(3.5, 41.0).min(side * if has_circle { 0.068 } else { 0.09 });
        let circle = if has_circle { f64::from(CIRCLE_RADIUS) * side } else { 0.0 };
        let (inner_w, inner_h) = (width.min(height * 1.3), height.min(width * 1.3));
        // All cards but one stand in a row.
        let cards = stage.parties.iter().filter(|party| party.outline == Outline::Card).count();
        let card = (inner_w * 0.45 / cards.saturating_sub(1).max(1) as f64 - 8.0).clamp(CARD_MIN, CARD_MAX);
        let (left, top) = ((width - inner_w) / 2.0, (height - inner_h) / 2.0);
        let mut places: Vec<_> = stage
            .parties
            .iter()
            .map(|party| {
                let (x, y) = (left + f64::from(party.x) * inner_w, top + f64::from(party.y) * inner_h);
                let (half_w, half_h) = half(party.outline, radius, card);
                let (least_x, least_y) = (half_w + EDGE, half_h + EDGE);
                let x = x.clamp(least_x, (width - least_x).max(least_x));
                let y = y.clamp(least_y, (height - half_h - 20.0).max(least_y));
                (party.address, x, y, party.outline)
            })
            .collect();
        places.sort_by_key(|(address, ..)| *address);
        let message = if radius > 24.0 { 12.0 } else { (radius * 0.5).clamp(4.0, 9.0) };
        Geometry { scale, width, height, radius, message, card, circle, places }
    }

    /// What the elements of the stage are drawn in.
    pub fn view_box(&self) -> String {
        format!("0 0 {:.2} {:.2}", self.width, self.height)
    }

    /// The middle of the stage, and of the circle.
    pub fn centre(&self) -> (f64, f64) {
        (self.width / 2.0, self.height / 2.0)
    }

    /// Where a party stands.
    pub fn place(&self, address: Address) -> Option<(f64, f64)> {
        self.entry(address).map(|(x, y, _)| (x, y))
    }

    /// The radius of a ring around a node; none around a card, which is too wide for one.
    pub fn ring(&self, address: Address) -> Option<f64> {
        let (_, _, outline) = self.entry(address)?;
        (outline == Outline::Disc).then_some(self.radius + 9.0)
    }

    fn entry(&self, address: Address) -> Option<(f64, f64, Outline)> {
        let at = self.places.binary_search_by_key(&address, |(who, ..)| *who).ok()?;
        self.places.get(at).map(|(_, x, y, outline)| (*x, *y, *outline))
    }

    /// The way of a message between two parties. The two directions lie a little beside each other.
    pub fn path(&self, from: Address, to: Address) -> Option<Path> {
        let (x1, y1, outline1) = self.entry(from)?;
        let (x2, y2, outline2) = self.entry(to)?;
        let (dx, dy) = (x2 - x1, y2 - y1);
        let length = dx.hypot(dy).max(1.0);
        let (ux, uy) = (dx / length, dy / length);
        let beside = self.message * 0.45;
        let (ox, oy) = (-uy * beside, ux * beside);
        // A message never covers the words in a node: its way begins and ends beside it.
        let clear = self.message + if self.radius > 24.0 { 7.0 } else { 2.0 };
        let start = edge(outline1, self.radius, self.card, ux, uy) + clear;
        let end = (length - edge(outline2, self.radius, self.card, ux, uy) - clear).max(start);
        Some(Path {
            from: (x1 + ux * start + ox, y1 + uy * start + oy),
            to: (x1 + ux * end + ox, y1 + uy * end + oy),
        })
    }

    /// The node whose centre is nearest to a point, if it is within its reach.
    pub fn party_at(&self, x: f64, y: f64) -> Option<Address> {
        let found = self.places.iter().find(|(_, px, py, outline)| {
            let (half_w, half_h) = half(*outline, self.radius, self.card);
            (px - x).abs() <= half_w + 4.0 && (py - y).abs() <= half_h + 4.0
        });
        found.map(|(address, ..)| *address)
    }

    /// The nodes on either side of the line through two points: the smaller side first.
    pub fn sides(&self, a: (f64, f64), b: (f64, f64)) -> (Vec<Address>, Vec<Address>) {
        let nodes = self.places.iter().filter(|(who, ..)| who.node().is_some());
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (who, x, y, _) in nodes {
            let side = (b.0 - a.0) * (y - a.1) - (b.1 - a.1) * (x - a.0);
            if side < 0.0 { left.push(*who) } else { right.push(*who) }
        }
        if left.len() <= right.len() { (left, right) } else { (right, left) }
    }
}

fn half(outline: Outline, radius: f64, card: f64) -> (f64, f64) {
    match outline {
        Outline::Disc => (radius, radius),
        Outline::Card => (card, CARD_HEIGHT),
        Outline::Client => (CLIENT, CLIENT),
    }
}

/// How far the edge is from the centre in a direction.
fn edge(outline: Outline, radius: f64, card: f64, ux: f64, uy: f64) -> f64 {
    if outline == Outline::Disc {
        return radius;
    }
    let (half_w, half_h) = half(outline, radius, card);
    (half_w / ux.abs().max(1e-6)).min(half_h / uy.abs().max(1e-6))
}
