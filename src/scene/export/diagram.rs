//! The space-time diagram as a static picture that stands alone, in the colours of the light theme.

use std::fmt::Write;

use crate::lang::time;
use crate::scene::Lang;
use crate::scene::model::{Arrow, LaneView, Mark, MarkKind, Party, SpaceTime, Tone};
use crate::scene::svg::{BAD, INK, MESH, MUTED, PAPER, colours, escape};
use crate::scene::viewport::Viewport;
use crate::scene::workbench::Workbench;
use crate::sim::Address;

/// The distance between two lanes.
const LANE: f64 = 84.0;
/// The room on the left, for the times.
const LEFT: f64 = 92.0;
/// The room above, for the names.
const HEAD: f64 = 44.0;
/// The room on the right and below.
const MARGIN: f64 = 36.0;
/// The height of the window.
const BODY: f64 = 900.0;
/// The most arrows that are drawn.
const ARROWS_MAX: usize = 4_000;
/// About how many lines the scale has.
const TICKS: u32 = 8;

/// A picture with its size.
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    /// The SVG.
    pub svg: String,
    /// Its width in pixels.
    pub width: f64,
    /// Its height in pixels.
    pub height: f64,
}

/// Draws what lies between two moments, with the cursor where it is.
pub fn draw(bench: &dyn Workbench, from_us: u64, to_us: u64, lang: Lang) -> Picture {
    // Beyond what is recorded there is nothing to draw, however far the window reaches.
    let end_us = bench.recorded_us();
    let from_us = from_us.min(end_us);
    let to_us = to_us.min(end_us).max(from_us + 1);
    let space_time = bench.space_time(from_us, to_us, ARROWS_MAX);
    draw_window(&space_time, &bench.stage(lang).parties, (from_us, to_us), bench.now_us(), lang)
}

/// Where things are.
struct Window<'a> {
    lanes: &'a [LaneView],
    from_us: u64,
    to_us: u64,
}

impl Window<'_> {
    fn x(&self, address: Address) -> Option<f64> {
        let at = self.lanes.iter().position(|lane| lane.address == address)?;
        Some(LEFT + LANE * at as f64)
    }

    fn y(&self, time_us: u64) -> f64 {
        let span_us = (self.to_us - self.from_us) as f64;
        HEAD + BODY * (time_us as f64 - self.from_us as f64) / span_us
    }

    fn holds(&self, time_us: u64) -> bool {
        (self.from_us..=self.to_us).contains(&time_us)
    }
}

fn draw_window(
    data: &SpaceTime,
    parties: &[Party],
    (from_us, to_us): (u64, u64),
    now_us: u64,
    lang: Lang,
) -> Picture {
    let window = Window { lanes: &data.lanes, from_us, to_us };
    let width = LEFT + LANE * data.lanes.len().saturating_sub(1) as f64 + MARGIN;
    let height = HEAD + BODY + MARGIN;
    let mut svg = String::new();
    // Writing into a string cannot fail, here and below.
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-labelledby="span">"#
    );
    let _ = writeln!(svg, r#"<title id="span">{} – {}</title>"#, time(from_us, lang), time(to_us, lang));
    let _ = writeln!(svg, r#"<rect width="{width}" height="{height}" fill="{PAPER}"/>"#);
    draw_scale(&mut svg, &window, width, lang);
    // What reaches beyond the window is cut off there; the names stand outside.
    let _ = writeln!(
        svg,
        r#"<clipPath id="window"><rect x="0" y="{HEAD}" width="{width}" height="{BODY}"/></clipPath><g clip-path="url(#window)">"#
    );
    for lane in &data.lanes {
        draw_lane(&mut svg, &window, lane);
    }
    for arrow in &data.arrows {
        draw_arrow(&mut svg, &window, arrow);
    }
    for mark in &data.marks {
        draw_mark(&mut svg, &window, mark);
    }
    svg.push_str("</g>\n");
    if window.holds(now_us) {
        let y = window.y(now_us);
        let (line, _) = colours(Tone::Leader);
        let _ = writeln!(
            svg,
            r#"<line x1="{LEFT}" y1="{y:.1}" x2="{width}" y2="{y:.1}" stroke="{line}" stroke-width="1.5"/>"#
        );
        text(&mut svg, (LEFT - 14.0, y + 4.0), "end", INK, &time(now_us, lang));
    }
    for lane in &data.lanes {
        let party = parties.iter().find(|party| party.address == lane.address);
        let name = party.map_or(&lane.name, |party| &party.name);
        text(&mut svg, (window.x(lane.address).unwrap_or(LEFT), 26.0), "middle", INK, name);
    }
    svg.push_str("</svg>\n");
    Picture { svg, width, height }
}

fn draw_scale(svg: &mut String, window: &Window<'_>, width: f64, lang: Lang) {
    let mut view = Viewport::default();
    view.zoom((window.to_us - window.from_us) as f64 / view.span_us(), 0.0);
    let tick_us = (view.tick_us(f64::from(TICKS)) as u64).max(1);
    let mut at_us = window.from_us.div_ceil(tick_us) * tick_us;
    while at_us < window.to_us {
        let y = window.y(at_us);
        let _ = writeln!(svg, r#"<line x1="{LEFT}" y1="{y:.1}" x2="{width}" y2="{y:.1}" stroke="{MESH}"/>"#);
        text(svg, (LEFT - 14.0, y + 4.0), "end", MUTED, &time(at_us, lang));
        at_us += tick_us;
    }
}

fn draw_lane(svg: &mut String, window: &Window<'_>, lane: &LaneView) {
    let Some(x) = window.x(lane.address) else { return };
    if lane.spans.is_empty() {
        let bottom = HEAD + BODY;
        let _ = writeln!(
            svg,
            r#"<line x1="{x}" y1="{HEAD}" x2="{x}" y2="{bottom}" stroke="{MESH}" stroke-width="3"/>"#
        );
    }
    for span in &lane.spans {
        let (top, bottom) = (window.y(span.from_us), window.y(span.to_us));
        let (line, _) = colours(span.tone);
        let (wide, dash) = match span.tone {
            Tone::Absent => (1.5, r#" stroke-dasharray="1.5 5""#),
            Tone::Leader | Tone::Contender | Tone::Bad => (5.0, ""),
            _ => (3.0, ""),
        };
        let _ = writeln!(
            svg,
            r#"<line x1="{x}" y1="{top:.1}" x2="{x}" y2="{bottom:.1}" stroke="{line}" stroke-width="{wide}"{dash}/>"#
        );
    }
}

fn draw_arrow(svg: &mut String, window: &Window<'_>, arrow: &Arrow) {
    let (Some(x1), Some(x2)) = (window.x(arrow.from), window.x(arrow.to)) else { return };
    let (y1, y2) = (window.y(arrow.sent_us), window.y(arrow.end_us));
    if arrow.lost {
        // A lost message ends on its way, with a cross.
        let (x2, y2) = (x1 + (x2 - x1) * 0.55, y1 + (y2 - y1) * 0.55);
        let _ = writeln!(
            svg,
            r#"<path d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}" stroke="{BAD}" stroke-dasharray="3 3.5" fill="none"/><path d="M{:.1} {:.1}l7 7m0-7l-7 7" stroke="{BAD}" stroke-width="1.5" fill="none"/>"#,
            x2 - 3.5,
            y2 - 3.5
        );
        return;
    }
    let (line, _) = colours(arrow.tone);
    let _ = writeln!(
        svg,
        r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{line}" stroke-width="1.4"/>"#
    );
    if arrow.received_step.is_some() {
        let _ = writeln!(svg, r#"<circle cx="{x2:.1}" cy="{y2:.1}" r="2.6" fill="{line}"/>"#);
    }
}

fn draw_mark(svg: &mut String, window: &Window<'_>, mark: &Mark) {
    let Some(x) = mark.address.and_then(|address| window.x(address)) else { return };
    let y = window.y(mark.time_us);
    let path = match mark.kind {
        MarkKind::Crash => "m-6-6 12 12m0-12-12 12",
        MarkKind::Restart => "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
        MarkKind::Violation => "m0-7 7 13h-14z",
        MarkKind::Milestone => "m0-6 6 6-6 6-6-6z",
        MarkKind::Network | MarkKind::Intervention => "m-4-4h8v8h-8z",
    };
    let line = match mark.kind {
        MarkKind::Crash | MarkKind::Violation => BAD,
        _ => INK,
    };
    let _ =
        writeln!(svg, r#"<path d="M{x:.1} {y:.1}{path}" fill="none" stroke="{line}" stroke-width="1.8"/>"#);
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, fill: &str, content: &str) {
    let content = escape(content);
    let _ =
        writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{fill}">{content}</text>"#);
}
