//! What the diagram shows at present, and where things are in it.

use std::rc::Rc;

use web_sys::Element;
use yew::NodeRef;

use super::paint;
use crate::scene::model::{Arrow, Cone, Message, Sentence, SpaceTime, Stage};
use crate::scene::viewport::Viewport;
use crate::scene::{Lang, Selection};
use crate::sim::Address;
use crate::ui::canvas::{Canvas, Sketch};
use crate::ui::colours::Colours;
use crate::ui::dom::Room;
use crate::ui::words;
use crate::wire::Remote;

/// The height of the heads of the lanes. This and all else here is in units, of which each is a pixel or, where type is
/// larger, more.
pub const HEAD: f64 = 26.0;

/// The most arrows that are asked for.
const ARROWS_MAX: u32 = 1_500;

/// How far from a point a step may be to be meant, in pixels.
const REACH: f64 = 12.0;

/// The state of the diagram.
#[derive(Default)]
pub struct Diagram {
    /// The window.
    pub view: Viewport,
    /// The colours.
    pub colours: Rc<Colours>,
    /// What lies in (and a little around) the window.
    pub data: SpaceTime,
    /// The chain of causes of the current step.
    pub causes: Rc<Vec<Sentence>>,
    /// What led to the current step, and what came of it.
    pub cone: Rc<Cone>,
    /// The message that is chosen, if one is.
    pub chosen: Option<Message>,
    /// The party that is chosen, if one is.
    pub chosen_party: Option<Address>,
    /// Who acted in the current step.
    pub here: Option<Address>,
    /// The shown moment.
    pub now_us: u64,
    /// How many pixels a unit is.
    pub scale: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    covered: (u64, u64),
    /// The lanes by their party.
    lanes: Vec<(Address, usize)>,
    canvas: Option<Canvas>,
    heads: Option<Canvas>,
    /// What the heads were painted from.
    heads_of: Option<Heads>,
    range: Option<Element>,
    range_text: String,
}

/// What the heads of the lanes depend on, besides the size. To write them takes longer than to paint all the rest, and
/// they seldom change.
#[derive(PartialEq)]
struct Heads {
    names: Vec<String>,
    chosen_party: Option<Address>,
    here: Option<Address>,
}

impl Diagram {
    /// The canvases are there, that of the diagram and that of the heads of its lanes, in this size.
    pub fn attach(&mut self, [canvas, heads]: [&NodeRef; 2], range: Option<Element>, room: Room) {
        let scale = room.scale.max(1.0);
        (self.scale, self.width, self.height) = (scale, room.width / scale, room.height / scale);
        self.canvas = Canvas::new(canvas, self.width, self.height, scale);
        self.heads = Canvas::new(heads, self.width, HEAD, scale);
        self.heads_of = None;
        self.range = range;
        self.range_text.clear();
    }

    /// The canvas is gone.
    pub fn detach(&mut self) {
        self.canvas = None;
        self.heads = None;
        self.range = None;
    }

    /// The colours are others.
    pub fn recolour(&mut self, colours: Rc<Colours>) {
        self.colours = colours;
        self.heads_of = None;
    }

    /// Follows the cursor again.
    pub fn follow(&mut self) {
        self.view.follow(self.now_us as f64);
    }

    /// Scrolls by so many pixels.
    pub fn scroll_pixels(&mut self, pixels: f64) {
        self.view.scroll(pixels / self.scale.max(1.0) / self.body());
    }

    /// Zooms around a height, in pixels.
    pub fn zoom_at(&mut self, factor: f64, y: f64) {
        self.view.zoom(factor, ((y / self.scale.max(1.0) - HEAD) / self.body()).clamp(0.0, 1.0));
    }

    fn body(&self) -> f64 {
        (self.height - HEAD).max(1.0)
    }

    /// Asks for what lies in the window, and some around it, so that moving it does not ask in every frame.
    pub fn fetch(&mut self, run: &Remote, stage: &Stage) {
        if self.canvas.is_none() {
            return;
        }
        let margin_us = self.view.span_us() * 0.5;
        let (from_us, to_us) =
            ((self.view.from_us() - margin_us).max(0.0) as u64, (self.view.to_us() + margin_us) as u64);
        let Some(data) = run.space_time(from_us, to_us, ARROWS_MAX) else { return };
        (self.covered, self.data) = ((from_us, to_us), data);
        self.lanes = self.data.lanes.iter().map(|lane| lane.address).zip(0..).collect();
        self.lanes.sort_unstable();
        // Parties are called the same here as on the stage.
        for lane in &mut self.data.lanes {
            if let Some(party) = stage.parties.iter().find(|party| party.address == lane.address) {
                lane.name.clone_from(&party.name);
            }
        }
    }

    /// The cursor is at this moment. Returns whether the window has left what was asked for.
    pub fn present(&mut self, now_us: u64) -> bool {
        self.now_us = now_us;
        self.view.present(now_us as f64);
        (self.view.from_us() as u64) < self.covered.0 || self.view.to_us() as u64 > self.covered.1
    }

    /// Whether anything was asked for yet.
    pub fn has_data(&self) -> bool {
        !self.data.lanes.is_empty()
    }

    /// Paints.
    pub fn paint(&mut self, lang: Lang) {
        let Some(canvas) = &self.canvas else { return };
        let mut sketch = Sketch::new();
        paint::paint(&mut sketch, self, lang);
        canvas.show(&sketch);
        let heads_of = Some(Heads {
            names: self.data.lanes.iter().map(|lane| lane.name.clone()).collect(),
            chosen_party: self.chosen_party,
            here: self.here,
        });
        if let Some(heads) = &self.heads
            && self.heads_of != heads_of
        {
            let mut sketch = Sketch::new();
            paint::heads(&mut sketch, self);
            heads.show(&sketch);
            self.heads_of = heads_of;
        }
    }

    /// Writes which stretch of time is shown. Not in every frame: the page is laid out for it.
    pub fn write_range(&mut self, lang: Lang) {
        let range = words::range(self.view.from_us() as u64, self.view.to_us() as u64, lang);
        if let Some(element) = &self.range
            && range != self.range_text
        {
            element.set_text_content(Some(&range));
            self.range_text = range;
        }
    }

    /// What is chosen.
    pub fn choose(&mut self, selection: Option<Selection>, messages: &[Message]) {
        self.chosen_party = match selection {
            Some(Selection::Party(address)) => Some(address),
            _ => None,
        };
        self.chosen = match selection {
            Some(Selection::Message(id)) => {
                messages.iter().find(|message| message.id == u64::from(id.0)).cloned()
            }
            _ => None,
        };
    }

    /// Where a lane stands.
    pub fn x(&self, address: Address) -> Option<f64> {
        let at = self.lanes.binary_search_by_key(&address, |(lane, _)| *lane).ok()?;
        self.lanes.get(at).map(|(_, lane)| self.lane_x(*lane))
    }

    /// Where the lane with this number stands.
    pub fn lane_x(&self, at: usize) -> f64 {
        let count = self.data.lanes.len().max(1) as f64;
        // The pill of the cursor is at the right edge, so the last lane keeps a little away from it.
        let (left, right) = (34.0, 46.0);
        let step = (self.width - left - right) / (count - 1.0).max(1.0);
        left + step * at as f64
    }

    /// Where a moment stands.
    pub fn y(&self, time_us: u64) -> f64 {
        HEAD + self.view.part(time_us as f64) * self.body()
    }

    /// Whether this arrow is the message that is chosen.
    pub fn is_chosen(&self, arrow: &Arrow) -> bool {
        self.chosen.as_ref().is_some_and(|message| {
            (message.from, message.to, message.sent_us) == (arrow.from, arrow.to, arrow.sent_us)
        })
    }

    /// The step at a point: the nearest end of an arrow, else the nearest mark, else the last step before.
    pub fn step_at(&self, (x, y): (f64, f64)) -> Option<(u32, Address)> {
        let (x, y) = (x / self.scale.max(1.0), y / self.scale.max(1.0));
        let mut best: Option<(f64, u32, Address)> = None;
        let mut offer = |address: Address, time_us: u64, step: u32| {
            let Some(at_x) = self.x(address) else { return };
            let far = (at_x - x).hypot(self.y(time_us) - y);
            if far < REACH && best.is_none_or(|(known, ..)| far < known) {
                best = Some((far, step, address));
            }
        };
        for arrow in &self.data.arrows {
            offer(arrow.from, arrow.sent_us, arrow.sent_step);
            if let Some(step) = arrow.received_step {
                offer(arrow.to, arrow.end_us, step);
            }
        }
        for mark in &self.data.marks {
            if let Some(address) = mark.address {
                offer(address, mark.time_us, mark.step);
            }
        }
        if best.is_none() {
            // Somewhere on the line of a message: what it led to.
            let on_line = self.data.arrows.iter().find(|arrow| self.distance(arrow, (x, y)) < 5.0);
            return on_line.map(|arrow| match arrow.received_step {
                Some(step) => (step, arrow.to),
                None => (arrow.sent_step, arrow.from),
            });
        }
        best.map(|(_, step, address)| (step, address))
    }

    fn distance(&self, arrow: &Arrow, (x, y): (f64, f64)) -> f64 {
        let (Some(x1), Some(x2)) = (self.x(arrow.from), self.x(arrow.to)) else { return f64::INFINITY };
        let (y1, y2) = (self.y(arrow.sent_us), self.y(arrow.end_us));
        let (dx, dy) = (x2 - x1, y2 - y1);
        let part = (((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy).max(1.0)).clamp(0.0, 1.0);
        (x1 + part * dx - x).hypot(y1 + part * dy - y)
    }
}
