//! What moves: written straight to the document in one animation loop, past Yew.
//!
//! Messages and timers are elements that are written here while the run rests, and painted while it plays.

use web_sys::Element;

use super::dom;
use super::stage::message::{self, Messages};
use super::stage::painted::Painted;
use super::stage::party::{self, Parties};
use crate::scene::model::{Fate, Message, TimerArc};

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

/// Everything that moves.
#[derive(Default)]
pub struct Motion {
    parties: Parties,
    messages: Messages,
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

/// The needle moves at least by so many pixels: less is not seen, and a frame in which nothing is drawn anew costs
/// little.
const NEEDLE_STEP: f64 = 1.0;

/// How many frames the first picture of a canvas takes at most.
const STAYING: u8 = 3;

impl Motion {
    /// Draws these parties, and these timers around them as they are at the present moment.
    pub fn show_parties(&mut self, svg: &Element, parties: Vec<(party::Look, Option<TimerArc>)>) {
        if let Ok(Some(group)) = svg.query_selector(".parties") {
            self.parties.show(&group, parties);
            self.parties.write(self.time_us);
        }
    }

    /// Draws these messages with this radius where they are at the present moment; or paints what moves.
    pub fn show_messages(
        &mut self,
        svg: &Element,
        radius: f64,
        messages: Vec<message::Look>,
        painted: Option<Painted>,
    ) {
        if painted.is_some() {
            if self.painted.is_none() {
                self.staying = STAYING;
            }
        } else if let Ok(Some(group)) = svg.query_selector(".messages") {
            self.messages.show(&group, radius, messages);
            if let Some(gone) = self.painted.take() {
                gone.clear();
            }
        }
        self.painted = painted;
        self.write(self.time_us);
    }

    /// The moment that the next picture is of, so that it is not written for the last one first.
    pub fn set_time(&mut self, time_us: u64) {
        self.time_us = time_us;
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
        self.parties.write(time_us);
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
