//! `lamplight manifest`: what there is to choose from, in every language, for the page to list without an engine.

use std::io::{self, Write};

use crate::scene::{catalogue, protocols};
use crate::wire::{Card, Manifest, ProtocolCard, Words};

/// All protocols with their built-in scenarios.
pub fn manifest() -> Manifest {
    let said = |id: &str, say: fn(&crate::scene::ScenarioCard) -> &'static str| {
        Words::of(|lang| {
            let cards = catalogue(lang);
            cards.iter().find(|card| card.id == id).map(say).unwrap_or_default().to_owned()
        })
    };
    let cards = catalogue(crate::lang::Lang::En);
    let scenarios = |name: &str| {
        let cards = cards.iter().filter(|card| card.protocol == name);
        let card = |card: &crate::scene::ScenarioCard| Card {
            id: card.id.clone(),
            title: said(&card.id, |card| card.title),
            look_for: said(&card.id, |card| card.look_for),
        };
        cards.map(card).collect()
    };
    let protocols = protocols(crate::lang::Lang::En).into_iter().map(|(name, _)| ProtocolCard {
        name: name.to_owned(),
        title: Words::of(|lang| {
            let known = protocols(lang).into_iter().find(|(known, _)| *known == name);
            known.map(|(_, title)| title.to_owned()).unwrap_or_default()
        }),
        scenarios: scenarios(name),
    });
    Manifest { protocols: protocols.collect() }
}

/// Writes it as JSON.
///
/// # Errors
/// The output cannot be written.
pub fn write(output: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(&manifest())?;
    writeln!(output, "{text}")
}
