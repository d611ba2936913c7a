//! What moves: written straight to the document in one animation loop, past Yew.
//!
//! Yew draws the nodes of the stage; messages and timers are elements that are written here while the run rests, and
//! painted while it plays.

use web_sys::Element;

use super::dom;
use super::stage::message::{Look, Messages};
use super::stage::painted::Painted;
use crate::scene::model::{Fate, Message, Outline, Stage};

/// When a message is where.
#[derive(Clone, Copy)]
pub struct Flight {
    sent_us: u64,
    due_us: u64,
    fate: Fate,
}

impl Flight {
    /// Of this message.
    pub fn of(message: &Message) -> Flight {
        Flight { sent_us: message.sent_us, due_us: message.due_us, fate: message.fate }
    }

    /// Which part of its way it has gone. A message that is held waits half-way, where it can be seen; one
    /// that will be lost gets no further than that.
    pub fn part(&self, time_us: u64) -> f64 {
        let way_us = self.due_us.saturating_sub(self.sent_us).max(1) as f64;
        let part = (time_us.saturating_sub(self.sent_us) as f64 / way_us).min(1.0);
        match self.fate {
            Fate::Flying => part,
            Fate::Held => 0.5,
            Fate::Lost => part.min(0.5),
        }
    }
}

struct Arc {
    path: Element,
    written: f64,
    set_us: u64,
    due_us: u64,
}

/// Everything that moves.
#[derive(Default)]
pub struct Motion {
    messages: Messages,
    arcs: Vec<Arc>,
    painted: Option<Painted>,
    /// For how many more frames elements stay where messages are painted now: until the first picture is there.
    staying: u8,
    needle: Option<Needle>,
    time_us: u64,
}

/// The scrubber's needle.
struct Needle {
    element: Element,
    width: f64,
    end_us: u64,
    written: f64,
}

/// What is drawn anew moves at least by this part of its way round, or by so many pixels: less is not seen, and a frame
/// in which nothing is drawn anew costs little.
const ARC_STEP: f64 = 0.001;
const NEEDLE_STEP: f64 = 1.0;

/// How many frames the first picture of a canvas takes at most.
const STAYING: u8 = 3;

impl Motion {
    /// The stage was drawn anew: draws its messages, and finds what else moves in it.
    pub fn attach_stage(
        &mut self,
        svg: &Element,
        stage: &Stage,
        looks: Vec<Look>,
        radius: f64,
        painted: Option<Painted>,
    ) {
        self.arcs.clear();
        if painted.is_some() {
            if self.painted.is_none() {
                self.staying = STAYING;
            }
        } else if let Ok(Some(group)) = svg.query_selector(".messages") {
            self.messages.show(&group, radius, looks);
            if let Some(gone) = self.painted.take() {
                gone.clear();
            }
        }
        if let Ok(Some(group)) = svg.query_selector(".parties") {
            let mut next = group.first_element_child();
            for party in &stage.parties {
                let Some(element) = next else { break };
                next = element.next_element_sibling();
                let is_painted = painted.is_some() && party.outline == Outline::Disc;
                let Some(timer) = party.timer.filter(|_| !is_painted) else { continue };
                if let Ok(Some(path)) = element.query_selector(".timer") {
                    self.arcs.push(Arc {
                        path,
                        written: f64::NAN,
                        set_us: timer.set_us,
                        due_us: timer.due_us,
                    });
                }
            }
        }
        self.painted = painted;
        self.write(self.time_us);
    }

    /// Where messages are painted, other ones are under way.
    pub fn set_messages(&mut self, messages: Vec<Message>) {
        if let Some(painted) = &mut self.painted {
            painted.set_messages(messages);
        }
    }

    /// The scrubber was drawn anew.
    pub fn attach_needle(&mut self, element: Element, width: f64, end_us: u64) {
        self.needle = Some(Needle { element, width, end_us, written: f64::NAN });
        self.write_needle();
    }

    /// Writes where everything is at this moment.
    pub fn write(&mut self, time_us: u64) {
        self.time_us = time_us;
        if self.painted.is_some() {
            self.staying = self.staying.saturating_sub(1);
            if self.staying == 0 {
                self.messages.clear();
            }
        }
        self.messages.write(time_us);
        for arc in &mut self.arcs {
            let all_us = arc.due_us.saturating_sub(arc.set_us).max(1) as f64;
            let left = (arc.due_us.saturating_sub(time_us) as f64 / all_us).min(1.0);
            let gone = ((1.0 - left) / ARC_STEP).round() * ARC_STEP;
            if gone != arc.written {
                dom::set_attribute(&arc.path, "stroke-dashoffset", &format!("{gone:.4}"));
                arc.written = gone;
            }
        }
        if let Some(painted) = &self.painted {
            painted.paint(time_us);
        }
        self.write_needle();
    }

    fn write_needle(&mut self) {
        let Some(needle) = &mut self.needle else { return };
        let part = (self.time_us as f64 / needle.end_us.max(1) as f64).min(1.0);
        let x = (part * needle.width / NEEDLE_STEP).round() * NEEDLE_STEP;
        if x != needle.written {
            dom::set_property(&needle.element, "transform", &format!("translateX({x}px)"));
            needle.written = x;
        }
    }

    /// The message that is nearest to a point of the stage, where messages are painted and not elements.
    pub fn message_at(&self, at: (f64, f64)) -> Option<u32> {
        self.painted.as_ref()?.message_at(at, self.time_us)
    }
}
