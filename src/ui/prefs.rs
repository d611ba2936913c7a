//! What the page remembers of its reader, in the browser's own storage.

use gloo::storage::{LocalStorage, Storage};

use super::dom;
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

impl Theme {
    /// The one that a switch comes to next.
    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// What is remembered.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Prefs {
    /// The language.
    pub lang: Lang,
    /// Light or dark.
    pub theme: Theme,
    /// Whether this is the first visit.
    pub first_visit: bool,
}

const LANG: &str = "lamplight.lang";
const THEME: &str = "lamplight.theme";
const RUN: &str = "lamplight.run";
const VISITED: &str = "lamplight.visited";

fn load(key: &str) -> Option<String> {
    LocalStorage::raw().get_item(key).ok().flatten()
}

/// Remembers; a browser without storage forgets, which is no harm.
fn save(key: &str, value: &str) {
    let _ = LocalStorage::raw().set_item(key, value);
}

impl Prefs {
    /// What was remembered, else what the browser says.
    pub fn load() -> Prefs {
        let lang = match load(LANG) {
            Some(tag) => Lang::from_tag(&tag),
            None => Lang::from_tag(&dom::browser_language()),
        };
        let theme = match load(THEME).as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        };
        let first_visit = load(VISITED).is_none();
        save(VISITED, "1");
        Prefs { lang, theme, first_visit }
    }

    /// Remembers the language and the theme, and tells the document.
    pub fn apply(&self) {
        let Some(root) = dom::document().document_element() else { return };
        let _ = root.set_attribute("lang", self.lang.tag());
        match self.theme {
            Theme::System => drop(root.remove_attribute("data-theme")),
            theme => drop(root.set_attribute("data-theme", theme.name())),
        }
    }

    /// Remembers what was chosen.
    pub fn save(&self) {
        save(LANG, self.lang.tag());
        save(THEME, self.theme.name());
    }
}

/// The run that was open last.
pub fn last_run() -> Option<String> {
    load(RUN)
}

/// Remembers the run.
pub fn remember_run(link: &str) {
    save(RUN, link);
}
