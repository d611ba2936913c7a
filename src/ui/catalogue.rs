//! What there is to choose from, in the reader's language. The build wrote it down, so that no engine is asked.

use yew::AttrValue;

use crate::scene::Lang;
use crate::wire::Manifest;

/// What `lamplight manifest` wrote.
const MANIFEST: &str = include_str!("../../static/catalogue.json");

/// A built-in scenario, to choose from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Card {
    /// `raft/calm`.
    pub id: AttrValue,
    /// `raft`.
    pub protocol: AttrValue,
    /// What the protocol is called.
    pub protocol_title: AttrValue,
    /// What the scenario is called.
    pub title: AttrValue,
    /// One line that says what to look for.
    pub look_for: AttrValue,
}

/// All built-in scenarios, in the order in which they are offered.
pub fn cards(lang: Lang) -> Vec<Card> {
    let manifest: Manifest = serde_json::from_str(MANIFEST).unwrap_or_default();
    let words = |words: &crate::wire::Words| AttrValue::from(words.text(lang).to_owned());
    let mut cards = Vec::new();
    for protocol in &manifest.protocols {
        let (name, protocol_title) = (AttrValue::from(protocol.name.clone()), words(&protocol.title));
        cards.extend(protocol.scenarios.iter().map(|card| Card {
            id: AttrValue::from(card.id.clone()),
            protocol: name.clone(),
            protocol_title: protocol_title.clone(),
            title: words(&card.title),
            look_for: words(&card.look_for),
        }));
    }
    cards
}
