//! Opening runs: from a link, from what was open last, from the catalogue.

use std::rc::Rc;

use super::catalogue::Card;
use super::{dom, engines, prefs, words};
use crate::scene::Lang;
use crate::scene::registry::{protocol_of, text_of_file};
use crate::wire::{Remote, Source};

/// What somebody wants to open.
#[derive(Clone, PartialEq, Debug)]
pub struct Wanted {
    /// What.
    pub source: Source,
    /// Another seed than that of a built-in scenario.
    pub seed: Option<u64>,
    /// Whether the engine is to be started anew, because the one that there was has stopped.
    pub afresh: bool,
}

impl Wanted {
    /// A scenario by name, a link, or the text of a scenario file.
    pub fn text(text: impl Into<String>) -> Wanted {
        Wanted { source: Source::Text(text.into()), seed: None, afresh: false }
    }

    /// The protocol whose engine can open it, or say what is wrong with it.
    pub fn protocol(&self, cards: &[Card]) -> String {
        let name = match &self.source {
            Source::Text(text) => protocol_of(text),
            Source::File(bytes, length) => text_of_file(bytes, *length).and_then(|text| protocol_of(&text)),
        };
        let is_known = |name: &String| cards.iter().any(|card| card.protocol == name.as_str());
        // Where it cannot be told, any engine says as well as another what is wrong.
        let any = || cards.first().map(|card| card.protocol.to_string()).unwrap_or_default();
        name.filter(is_known).unwrap_or_else(any)
    }
}

/// Why something could not be opened.
pub struct Failure {
    /// What was wrong, and what to do.
    pub text: String,
    /// The engine that could save some of it.
    pub salvaged: Option<Rc<Remote>>,
    /// What can be tried again.
    pub again: Option<Wanted>,
}

/// What a visit begins with.
#[derive(Default)]
pub struct First {
    /// The run.
    pub run: Option<Rc<Remote>>,
    /// What was wrong with what was asked for.
    pub failure: Option<Failure>,
}

/// Opens it in an engine of its own.
///
/// # Errors
/// What was wrong, and what could be saved.
pub async fn open(
    wanted: Wanted,
    slowdown: Option<u32>,
    cards: &[Card],
    lang: Lang,
) -> Result<Rc<Remote>, Failure> {
    let Some(engine) = engines::start(&wanted.protocol(cards), wanted.afresh).await else {
        let again = Wanted { afresh: true, ..wanted };
        return Err(Failure { text: words::no_engine(lang).to_owned(), salvaged: None, again: Some(again) });
    };
    open_in(&engine, &wanted, slowdown, lang).map(|()| engine)
}

/// Opens it in this engine, in place of what is open there.
///
/// # Errors
/// What was wrong, and what could be saved.
pub fn open_in(
    engine: &Rc<Remote>,
    wanted: &Wanted,
    slowdown: Option<u32>,
    lang: Lang,
) -> Result<(), Failure> {
    engine.open(wanted.source.clone(), wanted.seed, slowdown, lang).map_err(|refused| {
        if engine.fault().is_some() {
            return stopped(Wanted { afresh: true, ..wanted.clone() }, lang);
        }
        let salvaged = refused.can_be_salvaged.then(|| Rc::clone(engine));
        Failure { text: refused.text, salvaged, again: None }
    })
}

/// The engine has stopped because of a fault of its own.
pub fn stopped(again: Wanted, lang: Lang) -> Failure {
    Failure { text: words::engine_stopped(lang).to_owned(), salvaged: None, again: Some(again) }
}

/// The first run of a visit: that of the link, else the last one, else the first of the catalogue.
pub async fn first(cards: &[Card], lang: Lang) -> First {
    let fragment = dom::fragment();
    let mut first = First::default();
    // An engine that stopped on the way is not asked again.
    let mut afresh = false;
    if !fragment.is_empty() {
        match open(Wanted::text(fragment), None, cards, lang).await {
            Ok(run) => return First { run: Some(run), failure: None },
            Err(failure) => {
                afresh = failure.again.is_some();
                first.failure = Some(failure);
            }
        }
    } else if let Some(last) = prefs::last_run() {
        match open(Wanted::text(last), None, cards, lang).await {
            Ok(run) => return First { run: Some(run), failure: None },
            // What was remembered and can no longer be opened is not worth a word: nobody asked for it.
            Err(failure) => afresh = failure.again.is_some(),
        }
    }
    if let Some(card) = cards.first() {
        match open(Wanted { afresh, ..Wanted::text(card.id.to_string()) }, None, cards, lang).await {
            Ok(run) => first.run = Some(run),
            Err(failure) => first.failure = first.failure.or(Some(failure)),
        }
    }
    first
}
