//! What the page remembers of its reader, in the browser's own storage.

use super::dom;
use crate::lang::Units;
use crate::scene::Lang;

/// Light, dark, or what the system says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// What the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Whether what happens is shown as a movement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Movement {
    /// What the system says.
    #[default]
    System,
    /// Messages jump, whatever the system says.
    Reduced,
    /// Messages move, whatever the system says.
    Full,
}

impl Movement {
    /// Whether messages jump.
    pub fn is_reduced(self) -> bool {
        match self {
            Movement::System => dom::reduced_motion(),
            Movement::Reduced => true,
            Movement::Full => false,
        }
    }
}

/// What is remembered.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Prefs {
    /// The language, and the unit of times.
    pub lang: Lang,
    /// Light or dark.
    pub theme: Theme,
    /// Whether messages move.
    pub movement: Movement,
    /// Whether this is the first visit, or nobody was told yet where to start.
    pub first_visit: bool,
}

const LANG: &str = "lamplight.lang";
const THEME: &str = "lamplight.theme";
const MOVEMENT: &str = "lamplight.motion";
const UNITS: &str = "lamplight.units";
const RUN: &str = "lamplight.run";
const PROTOCOL: &str = "lamplight.protocol";
const VISITED: &str = "lamplight.visited";

/// The names under which choices are remembered.
const THEMES: [(Theme, &str); 3] =
    [(Theme::System, "system"), (Theme::Light, "light"), (Theme::Dark, "dark")];
const MOVEMENTS: [(Movement, &str); 3] =
    [(Movement::System, "system"), (Movement::Reduced, "reduced"), (Movement::Full, "full")];
const ALL_UNITS: [(Units, &str); 3] = [(Units::Auto, "auto"), (Units::Ms, "ms"), (Units::Us, "us")];

/// The browser's storage: none where it is switched off (Firefox gives `null` then) or refused (it throws).
fn storage() -> Option<web_sys::Storage> {
    dom::window().local_storage().ok().flatten()
}

/// Whether the browser lets the page remember anything.
pub fn can_remember() -> bool {
    storage().is_some_and(|storage| storage.length().is_ok())
}

fn load(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Remembers; a browser without storage forgets, which is no harm.
fn save(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

/// What was remembered by its name, else what holds by default.
fn load_choice<T: Copy + Default>(key: &str, names: &[(T, &str)]) -> T {
    let name = load(key).unwrap_or_default();
    names.iter().find(|(_, known)| *known == name).map(|(choice, _)| *choice).unwrap_or_default()
}

fn name_of<T: PartialEq>(choice: T, names: &[(T, &'static str)]) -> &'static str {
    names.iter().find(|(known, _)| *known == choice).map_or("", |(_, name)| name)
}

impl Prefs {
    /// What was remembered, else what the browser says.
    pub fn load() -> Prefs {
        let lang = Lang::from_tag(&load(LANG).unwrap_or_else(dom::browser_language));
        Prefs {
            lang: lang.with_units(load_choice(UNITS, &ALL_UNITS)),
            theme: load_choice(THEME, &THEMES),
            movement: load_choice(MOVEMENT, &MOVEMENTS),
            first_visit: load(VISITED).is_none(),
        }
    }

    /// Tells the document the language and the theme.
    pub fn apply(&self) {
        let Some(root) = dom::document().document_element() else { return };
        let _ = root.set_attribute("lang", self.lang.tag());
        match self.theme {
            Theme::System => drop(root.remove_attribute("data-theme")),
            theme => drop(root.set_attribute("data-theme", name_of(theme, &THEMES))),
        }
    }

    /// Remembers what was chosen.
    pub fn save(&self) {
        save(LANG, self.lang.tag());
        save(THEME, name_of(self.theme, &THEMES));
        save(MOVEMENT, name_of(self.movement, &MOVEMENTS));
        save(UNITS, name_of(self.lang.units, &ALL_UNITS));
    }
}

/// Remembers that the person was told where to start.
pub fn remember_visit() {
    save(VISITED, "1");
}

/// The run that was open last.
pub fn last_run() -> Option<String> {
    load(RUN)
}

/// Remembers the run, and its protocol, so that the next visit can fetch its engine at once.
pub fn remember_run(link: &str, protocol: &str) {
    save(RUN, link);
    save(PROTOCOL, protocol);
}
