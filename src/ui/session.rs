//! Opening runs: from a link, from what was open last, from the catalogue.

use super::{dom, prefs};
use crate::scene::{Lang, OpenError, ScenarioCard, Workbench};

/// An open run, and what was wrong with what was asked for, if something was.
pub struct Opened {
    /// The run.
    pub bench: Box<dyn Workbench>,
    /// What was wrong with the link or file.
    pub failure: Option<Failure>,
}

/// Why something could not be opened.
pub struct Failure {
    /// What was wrong, and what to do.
    pub text: String,
    /// What could be saved.
    pub salvaged: Option<Box<dyn Workbench>>,
}

impl Failure {
    /// In the reader's language.
    pub fn new(error: OpenError, lang: Lang) -> Failure {
        Failure { text: error.cause.text(lang), salvaged: error.salvaged }
    }
}

/// Opens a scenario by name, a link or a file.
///
/// # Errors
/// What was wrong, and what could be saved.
pub fn open(source: &str, seed: Option<u64>, lang: Lang) -> Result<Box<dyn Workbench>, Failure> {
    crate::scene::open_with_seed(source, seed).map_err(|error| Failure::new(error, lang))
}

/// Opens what stands in a file: its beginning, and how many bytes it has.
///
/// # Errors
/// What is wrong, and what could be saved.
pub fn open_file(bytes: &[u8], length: u64, lang: Lang) -> Result<Box<dyn Workbench>, Failure> {
    crate::scene::open_file(bytes, length, None).map_err(|error| Failure::new(error, lang))
}

/// A scenario begins when its nodes have started, which they do at time 0; a link stays where it points to.
pub fn begun(mut bench: Box<dyn Workbench>, source: &str) -> Box<dyn Workbench> {
    /// More steps than any cluster takes to start.
    const STEPS_AT_START_MAX: u32 = 1_000;
    if bench.scenario() == source && bench.cursor() == 0 && bench.record(0, STEPS_AT_START_MAX).is_ok() {
        bench.seek(bench.cursor_at(0));
    }
    bench
}

/// The first run of a visit: that of the link, else the last one, else the first of the catalogue.
pub fn first(cards: &[ScenarioCard], lang: Lang) -> Option<Opened> {
    let fragment = dom::fragment();
    let mut failure = None;
    if !fragment.is_empty() {
        match open(&fragment, None, lang) {
            Ok(bench) => return Some(Opened { bench, failure: None }),
            Err(why) => failure = Some(why),
        }
    } else if let Some(bench) = prefs::last_run().and_then(|last| open(&last, None, lang).ok()) {
        // What was remembered and can no longer be opened is not worth a word: nobody asked for it.
        return Some(Opened { bench, failure: None });
    }
    let bench = cards.iter().find_map(|card| Some(begun(open(&card.id, None, lang).ok()?, &card.id)));
    bench.map(|bench| Opened { bench, failure })
}
