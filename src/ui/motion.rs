//! What moves: written straight to the document in one animation loop, past Yew.
//!
//! Yew draws a message once; from then on only its position changes, and that is an attribute here.

use web_sys::Element;

use super::stage::dense::DenseLayer;
use super::stage::geometry::{Geometry, Path};
use crate::scene::model::{Fate, Stage};

/// A message that Yew has drawn.
struct Moving {
    disc: Element,
    trail: Option<Element>,
    path: Path,
    flight: Flight,
}

/// When a message is where.
#[derive(Clone, Copy)]
pub struct Flight {
    sent_us: u64,
    due_us: u64,
    fate: Fate,
}

impl Flight {
    /// Of this message.
    pub fn new(sent_us: u64, due_us: u64, fate: Fate) -> Flight {
        Flight { sent_us, due_us, fate }
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
    set_us: u64,
    due_us: u64,
}

/// Everything that moves.
#[derive(Default)]
pub struct Motion {
    messages: Vec<Moving>,
    arcs: Vec<Arc>,
    dense: Option<DenseLayer>,
    needle: Option<Needle>,
    time_us: u64,
}

/// The scrubber's needle.
struct Needle {
    element: Element,
    width: f64,
    end_us: u64,
}

impl Motion {
    /// The stage was drawn anew: finds what moves in it.
    pub fn attach_stage(
        &mut self,
        svg: &Element,
        stage: &Stage,
        geometry: &Geometry,
        dense: Option<DenseLayer>,
    ) {
        self.messages.clear();
        self.arcs.clear();
        if dense.is_none()
            && let Ok(Some(group)) = svg.query_selector(".messages")
        {
            let mut next = group.first_element_child();
            for message in &stage.messages {
                let Some(element) = next else { break };
                next = element.next_element_sibling();
                let Some(path) = geometry.path(message.from, message.to) else { continue };
                let Some(disc) = element.last_element_child() else { continue };
                let trail = element.first_element_child();
                let flight = Flight::new(message.sent_us, message.due_us, message.fate);
                self.messages.push(Moving { disc, trail, path, flight });
            }
        }
        if dense.is_none()
            && let Ok(Some(group)) = svg.query_selector(".parties")
        {
            let mut next = group.first_element_child();
            for party in &stage.parties {
                let Some(element) = next else { break };
                next = element.next_element_sibling();
                let Some(timer) = party.timer else { continue };
                if let Ok(Some(path)) = element.query_selector(".timer") {
                    self.arcs.push(Arc { path, set_us: timer.set_us, due_us: timer.due_us });
                }
            }
        }
        self.dense = dense;
        self.write(self.time_us);
    }

    /// The scrubber was drawn anew.
    pub fn attach_needle(&mut self, element: Element, width: f64, end_us: u64) {
        self.needle = Some(Needle { element, width, end_us });
        self.write_needle();
    }

    /// Writes where everything is at this moment.
    pub fn write(&mut self, time_us: u64) {
        self.time_us = time_us;
        for message in &self.messages {
            let (x, y) = message.path.at(message.flight.part(time_us));
            set(&message.disc, "transform", &format!("translate({x:.1} {y:.1})"));
            if let Some(trail) = &message.trail {
                set(trail, "x2", &format!("{x:.1}"));
                set(trail, "y2", &format!("{y:.1}"));
            }
        }
        for arc in &self.arcs {
            let all_us = arc.due_us.saturating_sub(arc.set_us).max(1) as f64;
            let left = (arc.due_us.saturating_sub(time_us) as f64 / all_us).min(1.0);
            set(&arc.path, "stroke-dashoffset", &format!("{:.4}", 1.0 - left));
        }
        if let Some(dense) = &self.dense {
            dense.paint(time_us);
        }
        self.write_needle();
    }

    fn write_needle(&self) {
        let Some(needle) = &self.needle else { return };
        let part = (self.time_us as f64 / needle.end_us.max(1) as f64).min(1.0);
        set(&needle.element, "transform", &format!("translate({:.2} 0)", part * needle.width));
    }
}

fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

impl Motion {
    /// The message that is nearest to a point of the stage, where messages are painted and not elements.
    pub fn message_at(&self, stage: &Stage, geometry: &Geometry, at: (f64, f64)) -> Option<u32> {
        const REACH: f64 = 12.0;
        let distance = |message: &crate::scene::model::Message| {
            let path = geometry.path(message.from, message.to)?;
            let flight = Flight::new(message.sent_us, message.due_us, message.fate);
            let (x, y) = path.at(flight.part(self.time_us));
            Some(((x - at.0).hypot(y - at.1), message.id))
        };
        let nearest = stage.messages.iter().filter_map(distance).min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.filter(|(far, _)| *far < REACH).and_then(|(_, id)| u32::try_from(id).ok())
    }
}
