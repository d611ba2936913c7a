//! The messages under way: each a disc with a letter, hollow for an answer.
//!
//! They come and go with every step, so they are not drawn by Yew: elements are used again for other messages, and
//! only what differs is written. Where a message is, [`Motion`](crate::ui::motion::Motion) says.

use web_sys::{Element, Node};

use super::geometry::Path;
use super::svg::{self, tenths};
use super::{MESSAGES_DRAWN_MAX, item_key, item_of};
use crate::scene::model::{Fate, Message};
use crate::ui::dom::{self, set_attribute as set};
use crate::ui::motion::Flight;
use crate::ui::tone_class;

/// The smallest disc that has room for a letter, in pixels.
pub const RADIUS_WITH_LETTER: f64 = 8.0;

/// How finely a place is written, in pixels.
const STEP: f64 = 0.1;

/// What a message is drawn from.
#[derive(Clone, PartialEq)]
pub struct Look {
    /// The message.
    pub message: Message,
    /// Its way.
    pub path: Path,
    /// Whether it is chosen.
    pub is_selected: bool,
    /// Whether the Tab key stops here.
    pub is_tabbable: bool,
}

/// A message that is drawn.
struct Drawn {
    look: Look,
    flight: Flight,
    root: Element,
    trail: Element,
    disc: Element,
    letter: Option<Node>,
    /// Where it was written last.
    place: (f64, f64),
}

/// All messages that are drawn.
#[derive(Default)]
pub struct Messages {
    drawn: Vec<Drawn>,
    /// Elements that are not in the picture now: making them takes much longer.
    spare: Vec<Drawn>,
    /// What every message is copied from, and the radius that it was made for.
    template: Option<(Element, f64)>,
}

impl Messages {
    /// Draws these messages, in this order, as children of a group.
    pub fn show(&mut self, group: &Element, radius: f64, looks: Vec<Look>) {
        if self.template.as_ref().is_none_or(|(_, of)| *of != radius) {
            self.clear();
            self.spare.clear();
            self.template = template(radius).map(|template| (template, radius));
        }
        let mut free: Vec<Drawn> = std::mem::take(&mut self.drawn);
        let is_same = |drawn: &Drawn, look: &Look| drawn.look.message.id == look.message.id;
        let mut known = Vec::new();
        for look in &looks {
            let at = free.iter().position(|drawn| is_same(drawn, look));
            known.push(at.map(|at| free.remove(at)));
        }
        // An element that has the focus never becomes another message behind its reader's back.
        let focused = dom::document().active_element();
        let (focused, mut free): (Vec<Drawn>, Vec<Drawn>) =
            free.into_iter().partition(|drawn| Some(&drawn.root) == focused.as_ref());
        free.reverse();
        for (look, known) in looks.into_iter().zip(known) {
            let drawn = match known.or_else(|| free.pop()).or_else(|| self.spare.pop()) {
                Some(mut drawn) => {
                    drawn.change(look, radius);
                    Some(drawn)
                }
                None => self.template.as_ref().and_then(|(template, _)| Drawn::new(template, look, radius)),
            };
            self.drawn.extend(drawn);
        }
        for gone in free.into_iter().chain(focused) {
            self.put_aside(gone);
        }
        let mut next = group.first_element_child();
        for drawn in &self.drawn {
            if next.as_ref() == Some(&drawn.root) {
                next = drawn.root.next_element_sibling();
            } else {
                let _ = group.insert_before(&drawn.root, next.as_deref());
            }
        }
    }

    /// Draws none of them any more.
    pub fn clear(&mut self) {
        for gone in std::mem::take(&mut self.drawn) {
            self.put_aside(gone);
        }
    }

    fn put_aside(&mut self, gone: Drawn) {
        gone.root.remove();
        if self.spare.len() < MESSAGES_DRAWN_MAX {
            self.spare.push(gone);
        }
    }

    /// Writes where they are at this moment.
    pub fn write(&mut self, time_us: u64) {
        for drawn in &mut self.drawn {
            let (x, y) = drawn.look.path.at(drawn.flight.part(time_us));
            let place = ((x / STEP).round() * STEP, (y / STEP).round() * STEP);
            if place == drawn.place {
                continue;
            }
            drawn.place = place;
            let from = drawn.look.path.from;
            set(&drawn.disc, "transform", &svg::translate(place));
            set(
                &drawn.trail,
                "d",
                &format!("M{} {}L{} {}", tenths(from.0), tenths(from.1), tenths(place.0), tenths(place.1)),
            );
        }
    }
}

impl Drawn {
    fn new(template: &Element, look: Look, radius: f64) -> Option<Drawn> {
        let root: Element = wasm_bindgen::JsCast::dyn_into(template.clone_node_with_deep(true).ok()?).ok()?;
        let trail = root.first_element_child()?;
        let disc = root.last_element_child()?;
        let letter = disc.query_selector("text").ok()?.as_deref().and_then(Node::first_child);
        let flight = Flight::of(&look.message);
        let place = (f64::NAN, f64::NAN);
        let drawn = Drawn { look, flight, root, trail, disc, letter, place };
        drawn.write(None, radius);
        Some(drawn)
    }

    /// It has changed, or is another message now.
    fn change(&mut self, look: Look, radius: f64) {
        if self.look != look {
            self.flight = Flight::of(&look.message);
            if self.look.path != look.path {
                self.place = (f64::NAN, f64::NAN);
            }
            let before = std::mem::replace(&mut self.look, look);
            self.write(Some(&before), radius);
        }
    }

    /// Writes what is other than before.
    fn write(&self, before: Option<&Look>, radius: f64) {
        let (look, message) = (&self.look, &self.look.message);
        let was = |is_same: fn(&Look, &Look) -> bool| before.is_some_and(|before| is_same(before, look));
        if !was(|a, b| a.message.id == b.message.id) {
            set(&self.root, "data-key", &item_key(item_of(message.id)));
        }
        let kind =
            |look: &Look| (look.message.tone, look.message.answer, look.message.fate, look.is_selected);
        if before.is_none_or(|before| kind(before) != kind(look)) {
            set(&self.root, "class", &classes(look));
            for (class, is_needed) in [
                ("ring", look.is_selected),
                ("cross", message.fate == Fate::Lost),
                ("held", message.fate == Fate::Held),
            ] {
                if is_needed {
                    mark(&self.disc, class, radius);
                }
            }
        }
        if !was(|a, b| a.is_selected == b.is_selected) {
            set(&self.root, "aria-selected", if look.is_selected { "true" } else { "false" });
        }
        if !was(|a, b| a.is_tabbable == b.is_tabbable) {
            set(&self.root, "tabindex", if look.is_tabbable { "0" } else { "-1" });
        }
        if !was(|a, b| a.message.description == b.message.description) {
            set(&self.root, "aria-label", &message.description);
        }
        if let Some(letter) = &self.letter
            && !was(|a, b| a.message.letter == b.message.letter)
        {
            letter.set_node_value(Some(&message.letter.to_string()));
        }
    }
}

fn classes(look: &Look) -> String {
    let fate = match look.message.fate {
        Fate::Flying => "is-flying",
        Fate::Lost => "is-lost",
        Fate::Held => "is-held",
    };
    let answer = if look.message.answer { " is-answer" } else { "" };
    let selected = if look.is_selected { " is-selected" } else { "" };
    format!("message {}{answer} {fate}{selected}", tone_class(look.message.tone))
}

/// What few messages have: the ring of a chosen one, the cross of a lost one, the bars of a held one. The style sheet
/// shows them, so they stay where they were made.
fn mark(disc: &Element, class: &str, radius: f64) {
    if disc.query_selector(&format!(".{class}")).ok().flatten().is_some() {
        return;
    }
    let bars = format!("M{a:.1}-4v8M{b:.1}-4v8", a = radius + 4.0, b = radius + 8.0);
    match class {
        "ring" => svg::append(disc, "circle", &[("class", class), ("r", &tenths(radius + 5.0))]),
        "cross" => svg::append(disc, "path", &[("class", class), ("d", "m-6-6 12 12m0-12-12 12")]),
        _ => svg::append(disc, "path", &[("class", class), ("d", &bars)]),
    };
}

/// A message without anything that differs between messages.
fn template(radius: f64) -> Option<Element> {
    let root = svg::element("g", &[("role", "option")])?;
    svg::append(&root, "path", &[("class", "trail")])?;
    let disc = svg::append(&root, "g", &[("class", "disc")])?;
    svg::append(&disc, "circle", &[("class", "hit"), ("r", &tenths(radius.max(14.0)))])?;
    svg::append(&disc, "circle", &[("class", "body"), ("r", &tenths(radius))])?;
    if radius > RADIUS_WITH_LETTER {
        // A copy of a text without letters would have no node to write them to.
        svg::append(&disc, "text", &[("y", &tenths(radius * 0.36))])?.set_text_content(Some("?"));
    }
    Some(root)
}
