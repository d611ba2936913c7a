//! The circle of keys in the static picture of the stage.

use std::f64::consts::TAU;
use std::fmt::Write;

use super::Lang;
use super::circle::{Circle, Range};
use super::svg::{INK, MUTED, PAPER, colours, escape};

/// Half the width of the band.
const HALF_BAND: f64 = 4.5;

/// With more ranges than this, the names of their owners would not fit.
const RANGES_NAMED_MAX: usize = 120;

/// Draws the circle around a place, with its keys or without.
pub(super) fn draw(
    svg: &mut String,
    circle: &Circle,
    centre: (f64, f64),
    radius: f64,
    lang: Lang,
    has_keys: bool,
) {
    let placed = &circle.placed;
    // Writing into a string cannot fail, here and below.
    let _ = writeln!(svg, r#"<g class="circle"><title>{}</title>"#, escape(&circle.description(lang)));
    let (x, y) = centre;
    if placed.ranges.is_empty() {
        let _ = writeln!(
            svg,
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius:.1}" fill="none" stroke="{MUTED}"/>"#
        );
    }
    for range in &placed.ranges {
        let (line, _) = colours(placed.tone(range.owners.then));
        let half = if range.owners.moves() { HALF_BAND + 3.0 } else { HALF_BAND };
        // What is not owned yet is outlined.
        let (fill, stroke) =
            if range.owners.now == range.owners.then { (line, "none") } else { (PAPER, line) };
        let outline = band(centre, (radius - half, radius + half), (range.from, range.to));
        let _ = writeln!(svg, r#"<path d="{outline}" fill="{fill}" stroke="{stroke}"/>"#);
    }
    for point in placed.points.iter().take(400) {
        let (line, _) = colours(placed.tone(point.node));
        let (px, py) = at(centre, radius, point.turn);
        let _ = writeln!(
            svg,
            r#"<circle cx="{px:.1}" cy="{py:.1}" r="3" fill="{PAPER}" stroke="{line}" stroke-width="1.5"/>"#
        );
    }
    let keys = if has_keys { placed.keys.as_slice() } else { &[] };
    for (index, key) in keys.iter().enumerate() {
        let (line, _) = colours(placed.tone(key.owners.then));
        let (px, py) = at(centre, radius - key_depth(key.position, radius), key.turn);
        let (r, fill) = match (key.owners.moves(), circle.is_on_its_way(index)) {
            (false, _) => (1.6, line),
            (true, false) => (2.8, line),
            (true, true) => (2.8, PAPER),
        };
        let _ = writeln!(svg, r#"<circle cx="{px:.1}" cy="{py:.1}" r="{r}" fill="{fill}" stroke="{line}"/>"#);
    }
    for range in names(&placed.ranges) {
        let (line, _) = colours(placed.tone(range.owners.then));
        let (px, py) = at(centre, radius + 19.0, (range.from + range.to) / 2.0);
        text(svg, (px, py + 5.0), line, 14, &range.owners.then.to_string());
    }
    let figure = circle.figure(lang);
    text(svg, (x, y), INK, 32, &figure.large);
    for (line, below) in figure.lines.iter().zip(1u8..) {
        text(svg, (x, y + 6.0 + 18.0 * f64::from(below)), MUTED, 13, line);
    }
    svg.push_str("</g>\n");
}

/// The longest range of each node, to write its name beside; none where there are too many.
pub fn names(ranges: &[Range]) -> Vec<Range> {
    let mut longest: Vec<Range> = Vec::new();
    if ranges.len() > RANGES_NAMED_MAX {
        return longest;
    }
    for range in ranges {
        match longest.iter_mut().find(|other| other.owners.then == range.owners.then) {
            Some(other) if other.to - other.from < range.to - range.from => *other = *range,
            Some(_) => {}
            None => longest.push(*range),
        }
    }
    longest
}

/// How far inside the circle a key is drawn: scattered by its lower bits, so that neighbours stay apart.
pub fn key_depth(position: u64, radius: f64) -> f64 {
    let part = (position & 0xffff) as f64 / 65_536.0;
    (0.1 + 0.2 * part) * radius
}

/// The place at a turn and a distance from the centre.
pub fn at((x, y): (f64, f64), radius: f64, turn: f64) -> (f64, f64) {
    let (sin, cos) = (turn * TAU).sin_cos();
    (x + radius * sin, y - radius * cos)
}

/// The outline of a part of a band between two radii.
fn band(centre: (f64, f64), (inner, outer): (f64, f64), (from, to): (f64, f64)) -> String {
    // An arc that ends where it begins would not be drawn at all.
    let to = to.min(from + 0.999);
    let large = u8::from(to - from > 0.5);
    let ((x1, y1), (x2, y2)) = (at(centre, outer, from), at(centre, outer, to));
    let ((x3, y3), (x4, y4)) = (at(centre, inner, to), at(centre, inner, from));
    format!(
        "M{x1:.1} {y1:.1}A{outer:.1} {outer:.1} 0 {large} 1 {x2:.1} {y2:.1}L{x3:.1} {y3:.1}A{inner:.1} {inner:.1} 0 {large} 0 {x4:.1} {y4:.1}Z"
    )
}

fn text(svg: &mut String, (x, y): (f64, f64), fill: &str, size: u8, content: &str) {
    let _ = writeln!(
        svg,
        r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" font-weight="600" text-anchor="middle" fill="{fill}">{}</text>"#,
        escape(content)
    );
}
