//! What there is to choose from, in every language, so that listing it loads no engine. `lamplight manifest` writes it.

use serde::{Deserialize, Serialize};

use crate::lang::{Lang, Language};

/// A text in every language.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Words {
    /// In English.
    pub en: String,
    /// In Simplified Chinese.
    pub zh: String,
}

impl Words {
    /// From what says it in a language.
    pub fn of(say: impl Fn(Lang) -> String) -> Words {
        Words { en: say(Lang::En), zh: say(Lang::Zh) }
    }

    /// In the reader's language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang.language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }
}

/// A built-in scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Card {
    /// `raft/calm`.
    pub id: String,
    /// What it is called.
    pub title: Words,
    /// One line that says what to look for.
    pub look_for: Words,
}

/// A protocol with its scenarios.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProtocolCard {
    /// `raft`.
    pub name: String,
    /// What people call it.
    pub title: Words,
    /// Its scenarios, in the order in which they are offered.
    pub scenarios: Vec<Card>,
}

/// All of them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// In the order in which they are offered.
    pub protocols: Vec<ProtocolCard>,
}
