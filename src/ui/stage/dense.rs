//! Many messages and the timers of many nodes, painted on a canvas over the stage.

use std::f64::consts::TAU;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use yew::prelude::*;

use super::geometry::{Geometry, Path};
use super::item_of;
use crate::scene::Selection;
use crate::scene::model::{Fate, Stage, Tone};
use crate::ui::colours::Colours;
use crate::ui::dom;
use crate::ui::motion::Flight;

/// The smallest node whose timer is painted, in pixels.
const ARC_RADIUS_MIN: f64 = 7.0;

struct Dot {
    path: Path,
    flight: Flight,
    lost: bool,
    answer: bool,
}

struct Arc {
    place: (f64, f64),
    set_us: u64,
    due_us: u64,
}

/// The canvas, and what is painted on it, ordered by colour so that each colour is one path.
pub struct DenseLayer {
    context: CanvasRenderingContext2d,
    width: f64,
    height: f64,
    radius: f64,
    groups: Vec<(Tone, Vec<Dot>)>,
    arc_radius: f64,
    arcs: Vec<(Tone, Vec<Arc>)>,
    selected: Option<(Path, Flight)>,
    colours: Rc<Colours>,
}

impl DenseLayer {
    /// Prepares the canvas. Nothing if there is none.
    pub fn new(
        canvas: &NodeRef,
        stage: &Stage,
        geometry: &Geometry,
        colours: Rc<Colours>,
        selection: Option<Selection>,
    ) -> Option<DenseLayer> {
        let canvas = canvas.cast::<HtmlCanvasElement>()?;
        let context = context(&canvas, geometry.width, geometry.height)?;
        let mut groups: Vec<(Tone, Vec<Dot>)> = Vec::new();
        let mut selected = None;
        for message in &stage.messages {
            let Some(path) = geometry.path(message.from, message.to) else { continue };
            let flight = Flight::new(message.sent_us, message.due_us, message.fate);
            let dot = Dot { path, flight, lost: message.fate == Fate::Lost, answer: message.answer };
            if selection == Some(item_of(message.id)) {
                selected = Some((path, flight));
            }
            push(&mut groups, message.tone, dot);
        }
        let mut arcs = Vec::new();
        // Around small nodes that stand close together, timers would be a tangle.
        let timed = stage.parties.iter().filter(|_| geometry.radius >= ARC_RADIUS_MIN);
        for party in timed {
            if let Some((timer, place)) = party.timer.zip(geometry.place(party.address)) {
                push(&mut arcs, party.tone, Arc { place, set_us: timer.set_us, due_us: timer.due_us });
            }
        }
        let (width, height, radius) = (geometry.width, geometry.height, geometry.message.max(2.5));
        let arc_radius = geometry.radius + 4.0;
        Some(DenseLayer { context, width, height, radius, groups, arc_radius, arcs, selected, colours })
    }

    /// Paints everything where it is at this moment.
    pub fn paint(&self, time_us: u64) {
        let to = &self.context;
        to.clear_rect(0.0, 0.0, self.width, self.height);
        self.paint_arcs(time_us);
        to.set_line_width(1.2);
        for (tone, dots) in &self.groups {
            let colour = if *tone == Tone::Plain { &self.colours.muted } else { self.colours.tone(*tone) };
            to.set_fill_style_str(colour);
            to.set_stroke_style_str(colour);
            to.begin_path();
            for dot in dots.iter().filter(|dot| !dot.answer && !dot.lost) {
                self.circle(dot.path.at(dot.flight.part(time_us)), self.radius);
            }
            to.fill();
            to.begin_path();
            for dot in dots.iter().filter(|dot| dot.answer && !dot.lost) {
                self.circle(dot.path.at(dot.flight.part(time_us)), self.radius);
            }
            to.stroke();
        }
        to.set_stroke_style_str(self.colours.tone(Tone::Bad));
        to.begin_path();
        let lost = self.groups.iter().flat_map(|(_, dots)| dots).filter(|dot| dot.lost);
        for dot in lost {
            let (x, y) = dot.path.at(dot.flight.part(time_us));
            to.move_to(x - 3.0, y - 3.0);
            to.line_to(x + 3.0, y + 3.0);
            to.move_to(x - 3.0, y + 3.0);
            to.line_to(x + 3.0, y - 3.0);
        }
        to.stroke();
        if let Some((path, flight)) = self.selected {
            to.set_stroke_style_str(&self.colours.cursor);
            to.set_line_width(2.0);
            to.begin_path();
            self.circle(path.at(flight.part(time_us)), self.radius + 4.0);
            to.stroke();
        }
    }

    fn paint_arcs(&self, time_us: u64) {
        let to = &self.context;
        to.set_line_width(2.0);
        for (tone, arcs) in &self.arcs {
            to.set_stroke_style_str(self.colours.tone(*tone));
            to.begin_path();
            for Arc { place: (x, y), set_us, due_us } in arcs {
                let all_us = due_us.saturating_sub(*set_us).max(1) as f64;
                let left = (due_us.saturating_sub(time_us) as f64 / all_us).min(1.0);
                let end = left * TAU - TAU / 4.0;
                to.move_to(*x, y - self.arc_radius);
                let _ = to.arc(*x, *y, self.arc_radius, -TAU / 4.0, end);
            }
            to.stroke();
        }
    }

    fn circle(&self, (x, y): (f64, f64), radius: f64) {
        self.context.move_to(x + radius, y);
        let _ = self.context.arc(x, y, radius, 0.0, TAU);
    }
}

fn push<T>(groups: &mut Vec<(Tone, Vec<T>)>, tone: Tone, what: T) {
    match groups.iter_mut().find(|(known, _)| *known == tone) {
        Some((_, list)) => list.push(what),
        None => groups.push((tone, vec![what])),
    }
}

/// The context of a canvas that is sized for this many CSS pixels; units are CSS pixels.
pub fn context(canvas: &HtmlCanvasElement, width: f64, height: f64) -> Option<CanvasRenderingContext2d> {
    let ratio = dom::pixel_ratio();
    let (device_w, device_h) = ((width * ratio) as u32, (height * ratio) as u32);
    if (canvas.width(), canvas.height()) != (device_w, device_h) {
        canvas.set_width(device_w);
        canvas.set_height(device_h);
        dom::set_property(canvas, "width", &format!("{width}px"));
        dom::set_property(canvas, "height", &format!("{height}px"));
    }
    let context = canvas.get_context("2d").ok().flatten()?;
    let context: CanvasRenderingContext2d = context.dyn_into().ok()?;
    context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
    Some(context)
}
