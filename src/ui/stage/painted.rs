//! What moves on the stage, painted on a canvas over it: while a run plays, because elements that move are laid out and
//! painted anew in every frame, and always where there are too many of them.

use std::f64::consts::TAU;
use std::rc::Rc;

use yew::prelude::*;

use super::geometry::{Geometry, Path};
use super::item_of;
use super::message::RADIUS_WITH_LETTER;
use crate::scene::Selection;
use crate::scene::model::{Fate, Message, Outline, Stage, Tone};
use crate::ui::canvas::{Canvas, Sketch};
use crate::ui::colours::Colours;
use crate::ui::motion::Flight;

/// The smallest node whose timer is painted, in pixels.
const ARC_RADIUS_MIN: f64 = 7.0;

/// How wide a letter of a message is written at most, in pixels.
const LETTER: f64 = 12.0;

/// How near a message has to be to be meant, in pixels.
const REACH: f64 = 14.0;

struct Dot {
    path: Path,
    flight: Flight,
    fate: Fate,
    answer: bool,
    letter: char,
    is_selected: bool,
}

struct Arc {
    place: (f64, f64),
    set_us: u64,
    due_us: u64,
}

/// The canvas, and what is painted on it, ordered by colour so that each colour is one path.
pub struct Painted {
    canvas: Canvas,
    geometry: Rc<Geometry>,
    colours: Rc<Colours>,
    selection: Option<Selection>,
    messages: Vec<Message>,
    groups: Vec<(Tone, Vec<Dot>)>,
    arcs: Vec<(Tone, Vec<Arc>)>,
}

impl Painted {
    /// Prepares the canvas. Nothing if there is none.
    pub fn new(
        canvas: &NodeRef,
        stage: &Stage,
        geometry: &Rc<Geometry>,
        colours: &Rc<Colours>,
        selection: Option<Selection>,
    ) -> Option<Painted> {
        let canvas = Canvas::new(canvas, geometry.width, geometry.height, geometry.scale)?;
        let (geometry, colours, messages) = (Rc::clone(geometry), Rc::clone(colours), stage.messages.clone());
        let (groups, arcs) = Default::default();
        let mut painted = Painted { canvas, geometry, colours, selection, messages, groups, arcs };
        painted.sort_messages();
        painted.sort_arcs(stage);
        Some(painted)
    }

    /// Other messages of the same cluster.
    pub fn set_messages(&mut self, messages: Vec<Message>) {
        self.messages = messages;
        self.sort_messages();
    }

    /// Puts together what has one colour.
    fn sort_messages(&mut self) {
        self.groups.clear();
        for message in &self.messages {
            let Some(path) = self.geometry.path(message.from, message.to) else { continue };
            let flight = Flight::of(message);
            let is_selected = self.selection == Some(item_of(message.id));
            let (fate, answer, letter) = (message.fate, message.answer, message.letter);
            push(&mut self.groups, message.tone, Dot { path, flight, fate, answer, letter, is_selected });
        }
    }

    fn sort_arcs(&mut self, stage: &Stage) {
        // Around small nodes that stand close together, timers would be a tangle.
        let discs = stage.parties.iter().filter(|party| party.outline == Outline::Disc);
        for party in discs.filter(|_| self.geometry.radius >= ARC_RADIUS_MIN) {
            if let Some((timer, place)) = party.timer.zip(self.geometry.place(party.address)) {
                let arc = Arc { place, set_us: timer.set_us, due_us: timer.due_us };
                push(&mut self.arcs, party.tone, arc);
            }
        }
    }

    /// The message that is nearest to a point of the stage at this moment, if one is near.
    pub fn message_at(&self, at: (f64, f64), time_us: u64) -> Option<u32> {
        let distance = |message: &Message| {
            let path = self.geometry.path(message.from, message.to)?;
            let flight = Flight::of(message);
            let (x, y) = path.at(flight.part(time_us));
            Some(((x - at.0).hypot(y - at.1), message.id))
        };
        let nearest = self.messages.iter().filter_map(distance).min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.filter(|(far, _)| *far < REACH).and_then(|(_, id)| u32::try_from(id).ok())
    }

    fn radius(&self) -> f64 {
        self.geometry.message.max(2.5)
    }

    /// Paints everything where it is at this moment.
    pub fn paint(&self, time_us: u64) {
        let mut sketch = Sketch::new();
        self.arcs(&mut sketch, time_us);
        if self.has_letters() {
            self.trails(&mut sketch, time_us);
            self.letters(&mut sketch, time_us);
        } else {
            self.dots(&mut sketch, time_us);
        }
        self.marks(&mut sketch, time_us);
        self.canvas.show(&sketch);
    }

    /// Shows nothing any more.
    pub fn clear(&self) {
        self.canvas.show(&Sketch::new());
    }

    fn has_letters(&self) -> bool {
        self.radius() > RADIUS_WITH_LETTER
    }

    fn tone(&self, tone: Tone) -> &str {
        if tone == Tone::Plain { &self.colours.muted } else { self.colours.tone(tone) }
    }

    fn arcs(&self, to: &mut Sketch, time_us: u64) {
        to.line_width(if self.has_letters() { 3.0 } else { 2.0 });
        to.line_cap("round");
        let arc_radius = self.geometry.radius + 5.0;
        for (tone, arcs) in &self.arcs {
            to.stroke_colour(self.colours.tone(*tone));
            to.alpha(if *tone == Tone::Member { 0.85 } else { 1.0 });
            to.begin_path();
            for Arc { place: (x, y), set_us, due_us } in arcs {
                let all_us = due_us.saturating_sub(*set_us).max(1) as f64;
                let left = (due_us.saturating_sub(time_us) as f64 / all_us).min(1.0);
                let end = left * TAU - TAU / 4.0;
                to.move_to(*x, y - arc_radius);
                to.arc((*x, *y), arc_radius, -TAU / 4.0, end);
            }
            to.stroke();
        }
        to.alpha(1.0);
        to.line_cap("butt");
    }

    /// Many messages: solid discs, and circles for answers.
    fn dots(&self, to: &mut Sketch, time_us: u64) {
        to.line_width(1.2);
        for (tone, dots) in &self.groups {
            let colour = self.tone(*tone);
            to.fill_colour(colour);
            to.stroke_colour(colour);
            for answer in [false, true] {
                to.begin_path();
                for dot in dots.iter().filter(|dot| dot.answer == answer && dot.fate != Fate::Lost) {
                    to.circle(dot.path.at(dot.flight.part(time_us)), self.radius());
                }
                if answer { to.stroke() } else { to.fill() }
            }
        }
    }

    /// The lines from where messages were sent.
    fn trails(&self, to: &mut Sketch, time_us: u64) {
        to.line_width(1.5);
        for is_lost in [false, true] {
            if is_lost {
                to.dash(3.0, 4.0);
            }
            to.alpha(if is_lost { 0.9 } else { 0.45 });
            for (tone, dots) in &self.groups {
                to.stroke_colour(if is_lost { self.colours.tone(Tone::Bad) } else { self.tone(*tone) });
                to.begin_path();
                for dot in dots.iter().filter(|dot| (dot.fate == Fate::Lost) == is_lost) {
                    to.line(dot.path.from, dot.path.at(dot.flight.part(time_us)));
                }
                to.stroke();
            }
        }
        to.no_dash();
        to.alpha(1.0);
    }

    /// Few messages: as they are at rest.
    fn letters(&self, to: &mut Sketch, time_us: u64) {
        to.font(&format!("700 12px {}", self.colours.font));
        to.text_align("center");
        to.line_width(2.0);
        for (tone, dots) in &self.groups {
            let colour = self.tone(*tone);
            to.stroke_colour(colour);
            for dot in dots.iter().filter(|dot| dot.fate != Fate::Lost) {
                let (x, y) = dot.path.at(dot.flight.part(time_us));
                let is_held = dot.fate == Fate::Held;
                to.fill_colour(if dot.answer { &self.colours.paper } else { colour });
                to.begin_path();
                to.circle((x, y), self.radius());
                to.fill();
                if is_held {
                    to.dash(3.0, 2.5);
                }
                to.stroke();
                if is_held {
                    to.no_dash();
                    to.begin_path();
                    for beside in [4.0, 8.0] {
                        to.line((x + self.radius() + beside, y - 4.0), (x + self.radius() + beside, y + 4.0));
                    }
                    to.stroke();
                }
                to.fill_colour(if dot.answer { colour } else { self.colours.on_tone(*tone) });
                to.text_within(&dot.letter.to_string(), x, y + self.radius() * 0.36, LETTER);
            }
        }
    }

    /// What is lost is a cross, and what is chosen has a ring.
    fn marks(&self, to: &mut Sketch, time_us: u64) {
        let all = || self.groups.iter().flat_map(|(_, dots)| dots);
        let arm = if self.has_letters() { 6.0 } else { 3.0 };
        to.stroke_colour(self.colours.tone(Tone::Bad));
        to.line_width(if self.has_letters() { 2.4 } else { 1.2 });
        to.begin_path();
        for dot in all().filter(|dot| dot.fate == Fate::Lost) {
            let (x, y) = dot.path.at(dot.flight.part(time_us));
            to.line((x - arm, y - arm), (x + arm, y + arm));
            to.line((x - arm, y + arm), (x + arm, y - arm));
        }
        to.stroke();
        to.stroke_colour(&self.colours.cursor);
        to.line_width(2.0);
        for dot in all().filter(|dot| dot.is_selected) {
            to.begin_path();
            to.circle(dot.path.at(dot.flight.part(time_us)), self.radius() + 5.0);
            to.stroke();
        }
    }
}

fn push<T>(groups: &mut Vec<(Tone, Vec<T>)>, tone: Tone, what: T) {
    match groups.iter_mut().find(|(known, _)| *known == tone) {
        Some((_, list)) => list.push(what),
        None => groups.push((tone, vec![what])),
    }
}
