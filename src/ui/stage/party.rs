//! The nodes, participants and clients of the stage.
//!
//! Something about them changes in nearly every step, so they are not drawn by Yew either: an element is made once,
//! and only what differs is written. How far a timer has run, [`Motion`](crate::ui::motion::Motion) says.

use web_sys::{Element, Node};

use super::geometry::{CARD_HEIGHT, CLIENT, Geometry};
use super::item_key;
use super::svg::{self, tenths};
use crate::scene::Selection;
use crate::scene::model::{Cell, Outline, Party, TimerArc, Tone};
use crate::ui::dom::set_attribute as set;
use crate::ui::tone_class;

/// Below this radius a node has no room for more than its name.
const RADIUS_WITH_WORDS: f64 = 33.0;

/// Below this half of its width a card has no room for more than its name.
const CARD_WITH_WORDS: f64 = 44.0;

/// The most letters that are written beside a client; all of it is in its description.
const CLIENT_LETTERS_MAX: usize = 24;

/// Below this radius a node has no letter, and no mark for what its disk has not synced.
const RADIUS_WITH_LETTER: f64 = 13.0;

/// Below this radius a node has no log tail.
const RADIUS_WITH_TAIL: f64 = 24.0;

/// A timer is written anew when it has run this part of its way: less is not seen, and a frame in which nothing is
/// written costs little.
const TIMER_STEP: f64 = 0.001;

/// The width of a cell of the log tail, and how far it is to the next one, in pixels.
const CELL_WIDTH: f64 = 10.0;
const CELL_STEP: f64 = 12.5;

/// What a party is drawn from.
#[derive(Clone, PartialEq)]
pub struct Look {
    /// The party, without its timer: that moves.
    pub party: Party,
    /// Where it stands, in pixels.
    pub place: (f64, f64),
    /// The radius of a node.
    pub radius: f64,
    /// Half the width of a card.
    pub card: f64,
    /// Whether it has a timer that is drawn here.
    pub has_timer: bool,
    /// Whether it is chosen.
    pub is_selected: bool,
    /// Whether the current step happened to it.
    pub is_here: bool,
    /// Whether the cut that is being drawn takes it aside.
    pub is_aside: bool,
    /// Whether the Tab key stops here.
    pub is_tabbable: bool,
}

impl Look {
    /// A party as it stands in this geometry, with nothing special about it.
    pub fn new(party: &Party, geometry: &Geometry) -> Look {
        Look {
            party: Party { timer: None, ..party.clone() },
            place: geometry.place(party.address).unwrap_or_default(),
            radius: geometry.radius,
            card: geometry.card,
            has_timer: false,
            is_selected: false,
            is_here: false,
            is_aside: false,
            is_tabbable: false,
        }
    }

    fn form(&self) -> Form {
        let (is_left, is_right) = (self.party.x < 0.25, self.party.x > 0.75);
        Form { outline: self.party.outline, radius: self.radius, card: self.card, is_left, is_right }
    }

    fn item(&self) -> Selection {
        Selection::Party(self.party.address)
    }

    /// The lower edge of the outline.
    fn bottom(&self) -> f64 {
        match self.party.outline {
            Outline::Disc => self.radius,
            Outline::Card => CARD_HEIGHT,
            Outline::Client => CLIENT,
        }
    }

    fn classes(&self) -> String {
        let party = &self.party;
        let mut classes = format!("party {}", tone_class(party.tone));
        let outline = match party.outline {
            Outline::Disc => " is-disc",
            Outline::Card => " is-card",
            Outline::Client => " is-client",
        };
        classes.push_str(outline);
        for (holds, class) in [
            (!party.up, " is-down"),
            (party.paused, " is-paused"),
            (self.is_selected, " is-selected"),
            (self.is_here, " is-here"),
            (self.is_aside, " is-aside"),
        ] {
            if holds {
                classes.push_str(class);
            }
        }
        classes
    }

    fn is_unsynced(&self) -> bool {
        self.party.unsynced && self.radius >= RADIUS_WITH_LETTER
    }

    /// The end of the log, where there is room for it.
    fn tail(&self) -> &[Cell] {
        if self.radius >= RADIUS_WITH_TAIL { &self.party.tail } else { &[] }
    }

    /// Where the log tail begins.
    fn tail_top(&self) -> f64 {
        self.bottom() + if self.party.badge.is_some() { 34.0 } else { 16.0 }
    }
}

/// What the parts of a party are made for: those of another form are other parts.
#[derive(Clone, Copy, PartialEq)]
struct Form {
    outline: Outline,
    radius: f64,
    card: f64,
    /// Whether what a client does is written to its right, because it stands at the left edge; or the other way.
    is_left: bool,
    is_right: bool,
}

/// A party that is drawn.
struct Drawn {
    look: Look,
    root: Element,
    parts: Parts,
    timer: Option<TimerArc>,
    /// How far its timer was written to have run.
    written: f64,
}

/// The parts whose content changes.
struct Parts {
    timer: Element,
    words: Vec<Node>,
    unsynced: Element,
    tail: Element,
    cells: Vec<TailCell>,
    badge: Element,
}

/// A cell of the log tail.
struct TailCell {
    element: Element,
    place: (f64, f64),
    /// Its tone, whether it is settled, and whether it has changed, if it is shown.
    kind: Option<(Tone, bool, bool)>,
}

/// All parties that are drawn.
#[derive(Default)]
pub struct Parties {
    drawn: Vec<Drawn>,
}

impl Parties {
    /// Draws these parties with these timers, in this order, as children of a group.
    pub fn show(&mut self, group: &Element, looks: Vec<(Look, Option<TimerArc>)>) {
        let mut before = std::mem::take(&mut self.drawn).into_iter().peekable();
        let mut known = Vec::new();
        for (look, timer) in looks {
            // They are the same ones in the same order but for a run that has just been opened.
            let same = before.next_if(|drawn| drawn.look.party.address == look.party.address);
            known.push((same, look, timer));
        }
        for gone in before {
            gone.root.remove();
        }
        let mut next = group.first_element_child();
        for (same, look, timer) in known {
            let drawn = match same {
                Some(mut drawn) => {
                    drawn.change(look);
                    Some(drawn)
                }
                None => Drawn::new(look),
            };
            let Some(mut drawn) = drawn else { continue };
            if next.as_ref() == Some(&drawn.root) {
                next = drawn.root.next_element_sibling();
            } else {
                let _ = group.insert_before(&drawn.root, next.as_deref());
            }
            drawn.timer = timer;
            self.drawn.push(drawn);
        }
    }

    /// Writes how far the timers have run at this moment.
    pub fn write(&mut self, time_us: u64) {
        for drawn in &mut self.drawn {
            let Some(timer) = drawn.timer.filter(|_| drawn.look.has_timer) else { continue };
            let all_us = timer.due_us.saturating_sub(timer.set_us).max(1) as f64;
            let left = (timer.due_us.saturating_sub(time_us) as f64 / all_us).min(1.0);
            let gone = ((1.0 - left) / TIMER_STEP).round() * TIMER_STEP;
            if gone != drawn.written {
                set(&drawn.parts.timer, "stroke-dashoffset", &format!("{gone:.3}"));
                drawn.written = gone;
            }
        }
    }
}

impl Drawn {
    fn new(look: Look) -> Option<Drawn> {
        let root = svg::element("g", &[("role", "option"), ("data-key", &item_key(look.item()))])?;
        let parts = Parts::new(&root, &look)?;
        let mut drawn = Drawn { look, root, parts, timer: None, written: f64::NAN };
        drawn.write(None);
        Some(drawn)
    }

    /// It has changed.
    fn change(&mut self, look: Look) {
        if self.look == look {
            return;
        }
        let before = std::mem::replace(&mut self.look, look);
        if before.form() == self.look.form() {
            self.write(Some(&before));
            return;
        }
        // The root stays, because it may have the focus.
        self.root.set_text_content(None);
        if let Some(parts) = Parts::new(&self.root, &self.look) {
            self.parts = parts;
        }
        self.written = f64::NAN;
        self.write(None);
    }

    /// Writes what is other than before.
    fn write(&mut self, before: Option<&Look>) {
        let (look, root) = (&self.look, &self.root);
        let was = |is_same: fn(&Look, &Look) -> bool| before.is_some_and(|before| is_same(before, look));
        if !was(|a, b| a.place == b.place) {
            set(root, "transform", &svg::translate(look.place));
        }
        let classes = look.classes();
        if before.is_none_or(|before| before.classes() != classes) {
            set(root, "class", &classes);
        }
        if !was(|a, b| a.is_selected == b.is_selected) {
            set(root, "aria-selected", if look.is_selected { "true" } else { "false" });
        }
        if !was(|a, b| a.is_tabbable == b.is_tabbable) {
            set(root, "tabindex", if look.is_tabbable { "0" } else { "-1" });
        }
        if !was(|a, b| a.party.description == b.party.description) {
            set(root, "aria-label", &look.party.description);
        }
        let parts = &mut self.parts;
        if !was(|a, b| a.has_timer == b.has_timer) {
            svg::show(&parts.timer, look.has_timer);
        }
        if !was(|a, b| a.is_unsynced() == b.is_unsynced()) {
            svg::show(&parts.unsynced, look.is_unsynced());
        }
        parts.write_words(before, look);
        if !was(|a, b| a.tail() == b.tail() && a.tail_top() == b.tail_top()) {
            parts.write_tail(look);
        }
        if !was(|a, b| a.party.badge == b.party.badge && a.party.is_locked == b.party.is_locked) {
            parts.write_badge(look);
        }
    }
}

impl Parts {
    /// Makes the parts of a form, without what changes.
    fn new(root: &Element, look: &Look) -> Option<Parts> {
        let Form { outline, radius, card, .. } = look.form();
        let (w, h, corner) = match outline {
            Outline::Disc => (radius, radius, 0.0),
            Outline::Card => (card, CARD_HEIGHT, 16.0),
            Outline::Client => (CLIENT, CLIENT, 7.0),
        };
        let outs = if outline == Outline::Disc { [7.0, 11.0, 0.0] } else { [5.0, 8.0, 0.0] };
        for (class, out) in ["halo", "ring", "body"].into_iter().zip(outs) {
            if outline == Outline::Disc {
                svg::append(root, "circle", &[("class", class), ("r", &tenths(radius + out))])?;
            } else {
                let (x, y) = (tenths(-w - out), tenths(-h - out));
                let (width, height, rx) =
                    (tenths(2.0 * (w + out)), tenths(2.0 * (h + out)), tenths(corner + out));
                let shape = [("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)];
                set(&svg::append(root, "rect", &shape)?, "rx", &rx);
            }
        }
        let path = timer_path(outline, radius, card);
        let timer = svg::append(root, "path", &[("class", "timer"), ("pathLength", "1"), ("d", &path)])?;
        let mut words = Vec::new();
        for (class, x, y) in places_of_words(look) {
            let text = svg::append(root, "text", &[("class", class), ("y", &tenths(y))])?;
            if x != 0.0 {
                set(&text, "x", &tenths(x));
            }
            words.push(svg::append_text(&text)?);
        }
        let bottom = look.bottom();
        let beside = svg::translate((bottom * 0.92, bottom * 0.62));
        let unsynced = svg::append(root, "g", &[("class", "unsynced"), ("transform", &beside)])?;
        let sheet = [("x", "-6.5"), ("y", "-5.5"), ("width", "13"), ("height", "11"), ("rx", "2.5")];
        svg::append(&unsynced, "rect", &sheet)?;
        svg::append(&unsynced, "path", &[("d", "M-3 0h6M0-2.500v5")])?;
        let tail = svg::append(root, "g", &[("class", "tail")])?;
        let badge = svg::append(root, "g", &[])?;
        Some(Parts { timer, words, unsynced, tail, cells: Vec::new(), badge })
    }

    fn write_words(&self, before: Option<&Look>, look: &Look) {
        let said = before.map(words).unwrap_or_default();
        for (at, (node, word)) in self.words.iter().zip(words(look)).enumerate() {
            if said.get(at) != Some(&word) {
                node.set_node_value(Some(&word));
            }
        }
    }

    /// The end of the log, cell by cell. Cells that are not needed now stay for later: making them takes much longer.
    fn write_tail(&mut self, look: &Look) {
        let cells = look.tail();
        svg::show(&self.tail, !cells.is_empty());
        if cells.is_empty() {
            return;
        }
        while self.cells.len() < cells.len() {
            let size = [("width", "10"), ("height", "9"), ("rx", "2"), ("display", "none")];
            let Some(element) = svg::append(&self.tail, "rect", &size) else { return };
            self.cells.push(TailCell { element, place: (f64::NAN, f64::NAN), kind: None });
        }
        let width = cells.len() as f64 * CELL_STEP - (CELL_STEP - CELL_WIDTH);
        for (at, drawn) in self.cells.iter_mut().enumerate() {
            let kind = cells.get(at).map(|cell| (cell.tone, cell.settled, cell.changed));
            if drawn.kind.is_some() != kind.is_some() {
                svg::show(&drawn.element, kind.is_some());
            }
            if drawn.kind != kind
                && let Some(cell) = cells.get(at)
            {
                set(&drawn.element, "class", &cell_classes("log-cell", cell));
            }
            drawn.kind = kind;
            let place = (at as f64 * CELL_STEP - width / 2.0, look.tail_top());
            if kind.is_some() && drawn.place != place {
                set(&drawn.element, "x", &tenths(place.0));
                set(&drawn.element, "y", &tenths(place.1));
                drawn.place = place;
            }
        }
    }

    /// What the party holds, below it.
    fn write_badge(&self, look: &Look) {
        self.badge.set_text_content(None);
        let Some(cell) = &look.party.badge else {
            let _ = self.badge.remove_attribute("class");
            return;
        };
        set(&self.badge, "class", &cell_classes("badge", cell));
        // Figures and ASCII letters of this size are about 6.5 wide, others twice that.
        let letters = cell.text.chars().map(|letter| if letter.is_ascii() { 6.5 } else { 12.0 }).sum::<f64>();
        let lock = if look.party.is_locked { 13.0 } else { 0.0 };
        let (width, top) = (letters + lock + 12.0, look.bottom() + 10.0);
        let (x, y) = (tenths(-width / 2.0), tenths(top));
        let shape = [("x", x.as_str()), ("y", &y), ("width", &tenths(width)), ("height", "18"), ("rx", "9")];
        svg::append(&self.badge, "rect", &shape);
        if look.party.is_locked {
            let place = svg::translate((7.0 - width / 2.0, top + 4.0));
            let outline = "M1 4.500h8v5.500h-8zM2.500 4.500v-1.500a2.500 2.500 0 0 1 5 0v1.500";
            svg::append(&self.badge, "path", &[("class", "lock"), ("transform", &place), ("d", outline)]);
        }
        let place = [("x", tenths(lock / 2.0)), ("y", tenths(top + 13.0))];
        if let Some(text) =
            svg::append(&self.badge, "text", &place.each_ref().map(|(name, at)| (*name, at.as_str())))
        {
            text.set_text_content(Some(&cell.text));
        }
    }
}

fn cell_classes(kind: &str, cell: &Cell) -> String {
    let settled = if cell.settled { " is-settled" } else { "" };
    let changed = if cell.changed { " is-changed" } else { "" };
    format!("{kind} {}{settled}{changed}", tone_class(cell.tone))
}

/// The timer runs around the outline, clockwise from the top; its length in user units is 1.
fn timer_path(outline: Outline, radius: f64, card: f64) -> String {
    match outline {
        Outline::Card => {
            let (w, h, r) = (card + 4.0, CARD_HEIGHT + 4.0, 19.0);
            format!(
                "M0 {t:.1}H{a:.1}A{r} {r} 0 0 1 {w:.1} {b:.1}V{c:.1}A{r} {r} 0 0 1 {a:.1} {h:.1}H{d:.1}A{r} {r} 0 0 1 {e:.1} {c:.1}V{b:.1}A{r} {r} 0 0 1 {d:.1} {t:.1}Z",
                t = -h,
                a = w - r,
                b = r - h,
                c = h - r,
                d = r - w,
                e = -w,
            )
        }
        _ => {
            let r = radius + 5.0;
            format!("M0 {:.1}A{r:.1} {r:.1} 0 1 1 -0.01 {:.1}", -r, -r)
        }
    }
}

/// The lines in and beside a party: their class, and where they stand.
fn places_of_words(look: &Look) -> Vec<(&'static str, f64, f64)> {
    let Form { outline, radius, card, is_left, is_right } = look.form();
    let is_small = radius < RADIUS_WITH_WORDS;
    match outline {
        // What a client does is written inwards, where there is room.
        Outline::Client => {
            let (class, x) = match (is_left, is_right) {
                (true, _) => ("figure at-start", -CLIENT),
                (_, true) => ("figure at-end", CLIENT),
                _ => ("figure", 0.0),
            };
            let role = (!is_small).then_some((class, x, CLIENT + 13.0));
            std::iter::once(("name", 0.0, 4.5)).chain(role).collect()
        }
        Outline::Card if card < CARD_WITH_WORDS => vec![("name", 0.0, -4.0), ("figure", 0.0, 14.0)],
        Outline::Disc if radius < RADIUS_WITH_LETTER => Vec::new(),
        Outline::Disc if is_small => {
            vec![("name", 0.0, radius * 0.02), ("figure", 0.0, radius * 0.62)]
        }
        Outline::Disc | Outline::Card => {
            vec![("name", 0.0, -6.0), ("figure", 0.0, 10.0), ("figure", 0.0, 24.0)]
        }
    }
}

/// What stands in these lines.
fn words(look: &Look) -> Vec<String> {
    let party = &look.party;
    let letter = || party.role.chars().take(1).flat_map(char::to_uppercase).collect();
    let is_small = match party.outline {
        Outline::Client => return vec![party.name.clone(), shortened(&party.role)],
        Outline::Card => look.card < CARD_WITH_WORDS,
        Outline::Disc => look.radius < RADIUS_WITH_WORDS,
    };
    if is_small {
        vec![party.name.clone(), letter()]
    } else {
        vec![party.name.clone(), party.role.clone(), party.figure.clone()]
    }
}

/// The beginning of a text, if it is too long to stand beside a client.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(CLIENT_LETTERS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}
