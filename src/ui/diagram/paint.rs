//! Paints the diagram.

use super::state::{Diagram, HEAD};
use crate::lang::time;
use crate::scene::Lang;
use crate::scene::model::{Arrow, MarkKind, Span, Tone};
use crate::ui::canvas::Sketch;
use crate::ui::colours::Colours;
use crate::word;

/// The room that the head of a lane needs, in pixels; where there is less, not every head is written.
const HEAD_WIDTH: f64 = 40.0;

/// Roughly how wide a digit is; measuring would take longer than painting.
const WIDTH_OF_A_DIGIT: f64 = 7.4;

/// Paints all of it but the heads.
pub fn paint(to: &mut Sketch, diagram: &Diagram, lang: Lang) {
    to.font(&font(&diagram.colours));
    cuts(to, diagram, lang);
    scale(to, diagram);
    lanes(to, diagram);
    arrows(to, diagram);
    cone(to, diagram);
    causes(to, diagram);
    marks(to, diagram, lang);
    cursor(to, diagram, lang);
}

/// The one font of the diagram.
fn font(colours: &Colours) -> String {
    format!("500 12px {}", colours.font)
}

/// Stretches of time in which connections were cut.
fn cuts(to: &mut Sketch, diagram: &Diagram, lang: Lang) {
    to.text_align("left");
    to.fill_colour(diagram.colours.tone(Tone::Bad));
    for cut in &diagram.data.cuts {
        let (top, bottom) = (diagram.y(cut.from_us).max(HEAD), diagram.y(cut.to_us).min(diagram.height));
        if bottom > top {
            to.alpha(0.08);
            to.fill_rect(0.0, top, diagram.width, bottom - top);
            to.alpha(1.0);
            if bottom - top > 18.0 {
                to.text(word!(lang, "cut", "断网"), 2.0, top + 13.0);
            }
        }
    }
}

/// What led to the current step, and what came of it: the messages that carried it.
fn cone(to: &mut Sketch, diagram: &Diagram) {
    let is_in = |steps: &[u32], arrow: &Arrow| {
        arrow.received_step.is_some_and(|step| steps.binary_search(&step).is_ok())
            && steps.binary_search(&arrow.sent_step).is_ok()
    };
    let cone = &diagram.cone;
    for (steps, colour) in [(&cone.future, &diagram.colours.ink), (&cone.past, &diagram.colours.cursor)] {
        to.stroke_colour(colour);
        to.line_width(2.0);
        to.begin_path();
        for arrow in diagram.data.arrows.iter().filter(|arrow| is_in(steps, arrow)) {
            if let Some((from, end)) = ends(diagram, arrow) {
                to.line(from, end);
            }
        }
        to.stroke();
    }
}

/// Faint lines at round moments.
fn scale(to: &mut Sketch, diagram: &Diagram) {
    let tick_us = diagram.view.tick_us(6.0).max(1.0);
    let mut at_us = (diagram.view.from_us() / tick_us).ceil() * tick_us;
    to.stroke_colour(&diagram.colours.hairline);
    to.line_width(0.5);
    to.begin_path();
    while at_us < diagram.view.to_us() {
        let y = diagram.y(at_us as u64).round() + 0.5;
        to.line((0.0, y), (diagram.width, y));
        at_us += tick_us;
    }
    to.stroke();
}

fn lanes(to: &mut Sketch, diagram: &Diagram) {
    let many = diagram.data.lanes.len() > 30;
    for (at, lane) in diagram.data.lanes.iter().enumerate() {
        let x = diagram.lane_x(at);
        to.stroke_colour(diagram.colours.tone(Tone::Plain));
        to.line_width(if many { 1.0 } else { 3.0 });
        to.begin_path();
        to.line((x, HEAD), (x, diagram.height));
        to.stroke();
        for span in &lane.spans {
            let (top, bottom) =
                (diagram.y(span.from_us).max(HEAD), diagram.y(span.to_us).min(diagram.height));
            if bottom > top {
                lane_span(to, diagram, span, x, (top, bottom), many);
            }
        }
    }
}

fn lane_span(to: &mut Sketch, diagram: &Diagram, span: &Span, x: f64, (top, bottom): (f64, f64), many: bool) {
    let absent = span.tone == Tone::Absent;
    if absent {
        // Nobody is there: the lane is wiped out and dotted.
        to.stroke_colour(&diagram.colours.paper);
        to.line_width(5.0);
        to.begin_path();
        to.line((x, top), (x, bottom));
        to.stroke();
        to.dash(1.5, 5.0);
    }
    to.stroke_colour(diagram.colours.tone(span.tone));
    let wide = matches!(span.tone, Tone::Leader | Tone::Contender | Tone::Bad);
    to.line_width(match (many, absent, wide) {
        (true, ..) => 2.0,
        (_, true, _) => 1.5,
        (_, _, true) => 5.0,
        _ => 3.0,
    });
    to.alpha(if absent || wide { 1.0 } else { 0.45 });
    to.begin_path();
    to.line((x, top), (x, bottom));
    to.stroke();
    to.alpha(1.0);
    to.no_dash();
}

/// What arrows of one path have in common: their colour, whether they were lost, whether they are yet to come.
type Look = (Tone, bool, bool);

fn arrows(to: &mut Sketch, diagram: &Diagram) {
    // Those of one colour and kind make one path: a canvas is slow at changing its mind.
    let mut groups: Vec<(Look, Vec<&Arrow>)> = Vec::new();
    for arrow in &diagram.data.arrows {
        let key = (arrow.tone, arrow.lost, arrow.sent_us > diagram.now_us);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, list)) => list.push(arrow),
            None => groups.push((key, vec![arrow])),
        }
    }
    let few = diagram.data.arrows.len() < 300;
    for ((tone, lost, future), list) in groups {
        let colour = match (lost, tone) {
            (true, _) => diagram.colours.tone(Tone::Bad),
            (false, Tone::Plain) => &diagram.colours.muted,
            (false, tone) => diagram.colours.tone(tone),
        };
        to.stroke_colour(colour);
        to.fill_colour(colour);
        to.line_width(if few { 1.4 } else { 0.8 });
        to.alpha(match (future, few) {
            (true, _) => 0.28,
            (false, true) => 0.85,
            (false, false) => 0.5,
        });
        if lost {
            to.dash(3.0, 3.5);
        }
        to.begin_path();
        for arrow in &list {
            if let Some((from, end)) = ends(diagram, arrow) {
                to.line(from, end);
            }
        }
        to.stroke();
        to.no_dash();
        to.begin_path();
        for arrow in &list {
            let Some((_, (x, y))) = ends(diagram, arrow) else { continue };
            if lost {
                to.line((x - 3.5, y - 3.5), (x + 3.5, y + 3.5));
                to.line((x - 3.5, y + 3.5), (x + 3.5, y - 3.5));
            } else if arrow.received_step.is_some() && few {
                to.circle((x, y), 2.6);
            }
        }
        if lost { to.stroke() } else { to.fill() }
    }
    to.alpha(1.0);
    if let Some((from, end)) = diagram
        .data
        .arrows
        .iter()
        .find(|arrow| diagram.is_chosen(arrow))
        .and_then(|arrow| ends(diagram, arrow))
    {
        to.stroke_colour(&diagram.colours.cursor);
        to.line_width(3.0);
        to.begin_path();
        to.line(from, end);
        to.stroke();
    }
}

/// Where an arrow begins and ends. A lost one ends on its way, and one under way ends at the present.
fn ends(diagram: &Diagram, arrow: &Arrow) -> Option<((f64, f64), (f64, f64))> {
    let from = (diagram.x(arrow.from)?, diagram.y(arrow.sent_us));
    let end = (diagram.x(arrow.to)?, diagram.y(arrow.end_us));
    let part = if arrow.lost {
        0.55
    } else if arrow.received_step.is_none()
        && arrow.end_us > diagram.now_us
        && arrow.sent_us <= diagram.now_us
    {
        let all_us = arrow.end_us.saturating_sub(arrow.sent_us).max(1) as f64;
        (diagram.now_us.saturating_sub(arrow.sent_us)) as f64 / all_us
    } else {
        1.0
    };
    Some((from, (from.0 + (end.0 - from.0) * part, from.1 + (end.1 - from.1) * part)))
}

/// The chain of causes of the current step.
fn causes(to: &mut Sketch, diagram: &Diagram) {
    to.stroke_colour(&diagram.colours.cursor);
    to.fill_colour(&diagram.colours.paper);
    to.line_width(1.6);
    let mut previous: Option<(f64, f64)> = None;
    for cause in diagram.causes.iter() {
        let Some(x) = cause.address.and_then(|address| diagram.x(address)) else { continue };
        let y = diagram.y(cause.time_us);
        if let Some(later) = previous {
            to.alpha(0.55);
            to.dash(2.0, 2.5);
            to.begin_path();
            to.line((x, y), later);
            to.stroke();
            to.no_dash();
            to.alpha(1.0);
        }
        to.begin_path();
        to.circle((x, y), if previous.is_none() { 6.0 } else { 4.0 });
        if previous.is_some() {
            to.fill();
        }
        to.stroke();
        previous = Some((x, y));
    }
}

fn marks(to: &mut Sketch, diagram: &Diagram, lang: Lang) {
    to.text_align("left");
    for mark in &diagram.data.marks {
        let y = diagram.y(mark.time_us);
        if y < HEAD - 10.0 || y > diagram.height + 10.0 {
            continue;
        }
        let Some(x) = mark.address.and_then(|address| diagram.x(address)) else {
            // Something that concerns all lanes, such as a partition.
            if mark.kind == MarkKind::Network {
                to.stroke_colour(diagram.colours.tone(Tone::Bad));
                to.line_width(1.0);
                to.dash(6.0, 4.0);
                to.begin_path();
                to.line((0.0, y), (diagram.width, y));
                to.stroke();
                to.no_dash();
            }
            continue;
        };
        let tone = match mark.kind {
            MarkKind::Crash | MarkKind::Violation => Tone::Bad,
            MarkKind::Restart => Tone::Good,
            MarkKind::Network | MarkKind::Intervention => Tone::Plain,
            MarkKind::Milestone => continue,
        };
        let colour = if tone == Tone::Plain { &diagram.colours.ink } else { diagram.colours.tone(tone) };
        to.stroke_colour(colour);
        to.fill_colour(colour);
        to.line_width(2.2);
        to.begin_path();
        match mark.kind {
            MarkKind::Crash => {
                to.line((x - 6.0, y - 6.0), (x + 6.0, y + 6.0));
                to.line((x - 6.0, y + 6.0), (x + 6.0, y - 6.0));
                to.text(word!(lang, "crash", "崩溃"), x + 11.0, y + 4.0);
            }
            MarkKind::Violation => {
                to.line((x, y - 7.0), (x + 7.0, y + 6.0));
                to.line((x + 7.0, y + 6.0), (x - 7.0, y + 6.0));
                to.line((x - 7.0, y + 6.0), (x, y - 7.0));
                to.text(word!(lang, "violation", "违例"), x + 11.0, y + 4.0);
            }
            MarkKind::Restart => to.circle((x, y), 5.0),
            _ => to.rect(x - 4.0, y - 4.0, 8.0, 8.0),
        }
        to.stroke();
    }
}

fn cursor(to: &mut Sketch, diagram: &Diagram, lang: Lang) {
    let y = diagram.y(diagram.now_us).round() + 0.5;
    if y < HEAD || y > diagram.height {
        return;
    }
    let text = time(diagram.now_us, lang);
    to.stroke_colour(&diagram.colours.cursor);
    to.fill_colour(&diagram.colours.cursor);
    to.line_width(1.5);
    to.begin_path();
    to.line((0.0, y), (diagram.width, y));
    to.stroke();
    let width = text.chars().count() as f64 * WIDTH_OF_A_DIGIT + 12.0;
    let (left, top) = (diagram.width - width - 2.0, (y - 10.0).clamp(HEAD, diagram.height - 20.0));
    to.begin_path();
    to.round_rect(left, top, width, 20.0, 5.0);
    to.fill();
    to.fill_colour(&diagram.colours.on_cursor);
    to.text_align("left");
    to.text(&text, left + 6.0, top + 14.0);
}

/// Writes the names of the lanes on a canvas of their own, which covers what reaches into them from below.
pub fn heads(to: &mut Sketch, diagram: &Diagram) {
    to.font(&font(&diagram.colours));
    to.text_align("center");
    let every =
        (diagram.data.lanes.len() as f64 * HEAD_WIDTH / diagram.width.max(1.0)).ceil().max(1.0) as usize;
    let is_chosen = |address| diagram.chosen_party == Some(address) || diagram.here == Some(address);
    for chosen in [false, true] {
        to.fill_colour(if chosen { &diagram.colours.ink } else { &diagram.colours.muted });
        for (at, lane) in diagram.data.lanes.iter().enumerate() {
            if is_chosen(lane.address) == chosen && (chosen || at % every == 0) {
                let x = diagram.lane_x(at);
                to.text_within(&lane.name, x, 16.0, 76.0);
                if chosen {
                    to.fill_rect(x - 9.0, 21.0, 18.0, 2.0);
                }
            }
        }
    }
}
