//! The stage as a static picture that stands alone: no style sheet, no script, no font of its own.

use std::fmt::Write;

use super::circle::Circle;
use super::model::{Cell, Fate, Message, Outline, Party, Stage, Tone};
use super::stage::CIRCLE_RADIUS;
use crate::lang::{Lang, time};
use crate::sim::Address;

/// The width and height of the stage inside the picture, in units.
pub const SIDE: f32 = 760.0;
/// The room around it.
const MARGIN: f32 = 50.0;
/// The room for the headline above it.
const HEAD: f32 = 70.0;
/// The radius of a node's disc in a small cluster; it shrinks as nodes get closer.
const DISC: f32 = 34.0;

pub(super) const INK: &str = "#1e1f23";
pub(super) const MUTED: &str = "#676259";
pub(super) const PAPER: &str = "#faf8f3";
pub(super) const MESH: &str = "#e3ddd2";
pub(super) const BAD: &str = "#bd3722";

/// The width and height of the picture.
pub const SIZE: (f32, f32) = (SIDE + 2.0 * MARGIN, SIDE + HEAD + MARGIN);

/// Draws the stage, and the circle with its words in a language where keys are placed on one.
pub fn draw(stage: &Stage, circle: Option<(&Circle, Lang)>) -> String {
    draw_with(stage, circle, true)
}

/// The same for a small picture: without keys, which nobody could see in it.
pub fn draw_small(stage: &Stage, circle: Option<(&Circle, Lang)>) -> String {
    draw_with(stage, circle, false)
}

/// The circle alone, as elements of a picture of [`SIDE`] units: for a figure that draws the rest by itself.
pub fn draw_circle(circle: &Circle, lang: Lang) -> String {
    let (mut svg, centre) = (String::new(), f64::from(SIDE / 2.0));
    let radius = f64::from(CIRCLE_RADIUS * SIDE);
    super::circle_svg::draw(&mut svg, circle, (centre, centre), radius, lang, true);
    svg
}

fn draw_with(stage: &Stage, circle: Option<(&Circle, Lang)>, has_keys: bool) -> String {
    let (width, height) = SIZE;
    let mut svg = String::new();
    // Writing into a string cannot fail, here and below.
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-labelledby="headline">"#
    );
    let headline = escape(&stage.headline);
    let _ = writeln!(svg, r#"<title id="headline">{headline}</title>"#);
    let _ = writeln!(svg, r#"<rect width="{width}" height="{height}" fill="{PAPER}"/>"#);
    let _ = writeln!(svg, r#"<text x="{MARGIN}" y="34" font-size="19" fill="{INK}">{headline}</text>"#);
    let _ = writeln!(
        svg,
        r#"<text x="{MARGIN}" y="56" fill="{MUTED}">{}</text>"#,
        time(stage.now_us, Lang::default())
    );
    let nodes = stage.parties.iter().filter(|party| party.outline != Outline::Client).count();
    let disc = (DISC * 8.0 / nodes.max(8) as f32).max(7.0);
    if let Some((circle, lang)) = circle {
        let centre = (f64::from(place_x(0.5)), f64::from(place_y(0.5)));
        super::circle_svg::draw(&mut svg, circle, centre, f64::from(CIRCLE_RADIUS * SIDE), lang, has_keys);
    }
    draw_connections(&mut svg, stage, circle.is_none());
    draw_quorums(&mut svg, stage, disc);
    for party in &stage.parties {
        draw_party(&mut svg, party, stage.now_us, disc);
    }
    for message in &stage.messages {
        draw_message(&mut svg, stage, message, disc);
    }
    svg.push_str("</svg>\n");
    svg
}

fn place_x(x: f32) -> f32 {
    MARGIN + x * SIDE
}

fn place_y(y: f32) -> f32 {
    HEAD + y * SIDE
}

fn place_of(stage: &Stage, address: Address) -> Option<(f32, f32)> {
    let party = stage.parties.iter().find(|party| party.address == address)?;
    Some((place_x(party.x), place_y(party.y)))
}

fn draw_connections(svg: &mut String, stage: &Stage, has_mesh: bool) {
    let nodes: Vec<&Party> = stage.parties.iter().filter(|party| party.outline != Outline::Client).collect();
    // Beyond a few nodes the mesh would be a grey surface.
    if has_mesh && nodes.len() <= 12 {
        for (at, one) in nodes.iter().enumerate() {
            for other in nodes.iter().skip(at + 1) {
                let (x1, y1) = (place_x(one.x), place_y(one.y));
                let (x2, y2) = (place_x(other.x), place_y(other.y));
                let _ = writeln!(
                    svg,
                    r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{MESH}"/>"#
                );
            }
        }
    }
    for cut in &stage.cuts {
        let (Some((x1, y1)), Some((x2, y2))) = (place_of(stage, cut.from), place_of(stage, cut.to)) else {
            continue;
        };
        // One that is cut in one direction is drawn on the receiver's half only.
        let (x1, y1) = if cut.both_ways { (x1, y1) } else { ((x1 + x2) / 2.0, (y1 + y2) / 2.0) };
        let _ = writeln!(
            svg,
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{BAD}" stroke-width="1.5" stroke-dasharray="3 5"/>"#
        );
    }
}

/// Who has agreed, and with whom; solid when they are enough.
fn draw_quorums(svg: &mut String, stage: &Stage, disc: f32) {
    for quorum in &stage.quorums {
        let Some((x1, y1)) = place_of(stage, quorum.asked_by) else { continue };
        let (line, _) = colours(quorum.tone);
        let (width, dash) = if quorum.is_complete { (6, "none") } else { (3, "1 7") };
        let radius = disc + 9.0;
        for (x2, y2) in quorum.members.iter().filter_map(|member| place_of(stage, *member)) {
            let _ = writeln!(
                svg,
                r#"<g stroke="{line}" stroke-width="{width}" stroke-dasharray="{dash}" stroke-linecap="round" opacity="0.4"><line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/><circle cx="{x2:.1}" cy="{y2:.1}" r="{radius:.1}" fill="none"/></g>"#
            );
        }
    }
}

fn draw_party(svg: &mut String, party: &Party, now_us: u64, disc: f32) {
    let (x, y) = (place_x(party.x), place_y(party.y));
    let (line, soft) = colours(party.tone);
    let dash = if party.up { "" } else { r#" stroke-dasharray="4 4""# };
    let _ = writeln!(svg, "<g><title>{}</title>", escape(&party.description));
    match party.outline {
        Outline::Disc => {
            let _ = writeln!(
                svg,
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="{disc:.1}" fill="{soft}" stroke="{line}" stroke-width="2"{dash}/>"#
            );
            draw_timer(svg, party, now_us, (x, y), disc + 5.0);
        }
        Outline::Card => {
            let (left, top) = (x - disc * 1.5, y - disc);
            let (wide, high) = (disc * 3.0, disc * 2.0);
            let _ = writeln!(
                svg,
                r#"<rect x="{left:.1}" y="{top:.1}" width="{wide:.1}" height="{high:.1}" rx="6" fill="{soft}" stroke="{line}" stroke-width="2"{dash}/>"#
            );
        }
        Outline::Client => {
            let (left, top) = (x - 12.0, y - 12.0);
            let _ = writeln!(
                svg,
                r#"<rect x="{left:.1}" y="{top:.1}" width="24" height="24" rx="4" fill="{soft}" stroke="{line}"/>"#
            );
        }
    }
    let below = y + 5.0;
    text(svg, (x, below), INK, 15.0, &party.name);
    if party.outline != Outline::Client && disc > 16.0 {
        let role = if party.paused { format!("{} (paused)", party.role) } else { party.role.clone() };
        text(svg, (x, y + disc + 20.0), line, 13.0, &role);
        text(svg, (x, y + disc + 36.0), MUTED, 12.0, &party.figure);
        draw_tail(svg, &party.tail, (x, y + disc + 44.0));
        if let Some(badge) = &party.badge {
            let (line, soft) = colours(badge.tone);
            let (left, top, wide) = (x - 45.0, y + disc + 44.0, 90);
            let fill = if badge.settled { soft } else { PAPER };
            let _ = writeln!(
                svg,
                r#"<rect x="{left:.1}" y="{top:.1}" width="{wide}" height="20" rx="10" fill="{fill}" stroke="{line}"/>"#
            );
            text(svg, (x, top + 14.0), INK, 11.0, &badge.text);
        }
    }
    svg.push_str("</g>\n");
}

/// The part of the timer that is left, as an arc that shrinks towards the top.
fn draw_timer(svg: &mut String, party: &Party, now_us: u64, (x, y): (f32, f32), radius: f32) {
    let Some(timer) = party.timer else { return };
    let whole = timer.due_us.saturating_sub(timer.set_us).max(1) as f32;
    let left = (timer.due_us.saturating_sub(now_us) as f32 / whole).clamp(0.0, 0.999);
    let angle = left * std::f32::consts::TAU;
    let (end_x, end_y) = (x + radius * angle.sin(), y - radius * angle.cos());
    let top = y - radius;
    let large = u8::from(left > 0.5);
    let (line, _) = colours(party.tone);
    let _ = writeln!(
        svg,
        r#"<path d="M {x:.1} {top:.1} A {radius:.1} {radius:.1} 0 {large} 1 {end_x:.1} {end_y:.1}" fill="none" stroke="{line}" stroke-width="3"/>"#
    );
}

fn draw_tail(svg: &mut String, tail: &[Cell], (x, y): (f32, f32)) {
    let mut left = x - tail.len() as f32 * 11.0;
    for cell in tail {
        let (line, soft) = colours(cell.tone);
        let fill = if cell.settled { soft } else { "none" };
        let _ = writeln!(
            svg,
            r#"<rect x="{left:.1}" y="{y:.1}" width="20" height="18" rx="3" fill="{fill}" stroke="{line}"><title>{}</title></rect>"#,
            escape(&cell.hint)
        );
        text(svg, (left + 10.0, y + 13.0), INK, 10.0, &cell.text);
        left += 22.0;
    }
}

fn draw_message(svg: &mut String, stage: &Stage, message: &Message, disc: f32) {
    let (Some(from), Some(to)) = (place_of(stage, message.from), place_of(stage, message.to)) else { return };
    let whole = message.due_us.saturating_sub(message.sent_us).max(1) as f32;
    let gone = (stage.now_us.saturating_sub(message.sent_us) as f32 / whole).clamp(0.0, 1.0);
    let (x, y) = (from.0 + (to.0 - from.0) * gone, from.1 + (to.1 - from.1) * gone);
    let (line, _) = colours(message.tone);
    let (line, opacity) = match message.fate {
        Fate::Flying => (line, 1.0),
        Fate::Lost => (BAD, 0.5),
        Fate::Held => (MUTED, 1.0),
    };
    let (fill, ink) = if message.answer { (PAPER, line) } else { (line, "#ffffff") };
    let radius = (disc * 0.34).max(5.0);
    let _ = writeln!(
        svg,
        r#"<g opacity="{opacity}"><title>{}</title><circle cx="{x:.1}" cy="{y:.1}" r="{radius:.1}" fill="{fill}" stroke="{line}" stroke-width="1.5"/>"#,
        escape(&message.description)
    );
    text(svg, (x, y + 4.0), ink, 11.0, &message.letter.to_string());
    svg.push_str("</g>\n");
}

fn text(svg: &mut String, (x, y): (f32, f32), fill: &str, size: f32, content: &str) {
    if !content.is_empty() {
        let _ = writeln!(
            svg,
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="middle" fill="{fill}">{}</text>"#,
            escape(content)
        );
    }
}

/// The colour of a line and of a surface, as in the light theme of the page.
pub(super) fn colours(tone: Tone) -> (&'static str, &'static str) {
    const ERAS: [(&str, &str); 6] = [
        ("#5c86b0", "#dbe7f2"),
        ("#bd7d10", "#f7e3bf"),
        ("#2f8769", "#d8ebdf"),
        ("#a8458a", "#f3dcec"),
        ("#4c757d", "#dbe6e7"),
        ("#765ba6", "#e6def3"),
    ];
    const OWNERS: [(&str, &str); 6] = [
        ("#6d84c6", "#e9edf8"),
        ("#be7ca1", "#f7ebf2"),
        ("#2da36e", "#e0f2e9"),
        ("#53368a", "#e9e3f4"),
        ("#953c2f", "#f5e5e2"),
        ("#305962", "#e1eaec"),
    ];
    match tone {
        Tone::Plain => (MUTED, "#ffffff"),
        Tone::Member => ("#4d7aa6", "#e7eff7"),
        Tone::Contender => ("#a8458a", "#f8e5f1"),
        Tone::Leader => ("#c67f00", "#fdf1d6"),
        Tone::Good => ("#1f7f63", "#ddf0e7"),
        Tone::Bad => (BAD, "#fbe6e1"),
        Tone::Absent => ("#75716a", "none"),
        Tone::Owner(node) => {
            OWNERS.get(usize::from(node) % OWNERS.len()).copied().unwrap_or((MUTED, "#ffffff"))
        }
        Tone::Era(era) => ERAS.get((era % ERAS.len() as u64) as usize).copied().unwrap_or((MUTED, "#ffffff")),
    }
}

/// A text in which no character means anything to XML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML knows no other control characters than these.
            c if c.is_control() && !matches!(c, '\n' | '\t') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
