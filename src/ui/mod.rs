//! The page.
//!
//! Yew draws structure, and only when the step, the selection or a setting changes; one animation loop
//! ([`motion`]) writes what moves. All state is in [`app`]; every other component gets data and one callback,
//! [`ask::Ui`], through which it says what the person wants.

mod actions;
mod app;
mod ask;
mod branches;
mod canvas;
mod catalogue;
mod colours;
mod compare;
mod diagram;
mod dialogs;
mod dom;
mod engines;
mod export;
mod hands;
mod icons;
mod inspector;
mod keys;
mod load_chart;
mod menu;
mod metrics;
mod motion;
mod narration;
mod panels;
mod pending;
mod prefs;
mod row_window;
mod scrubber;
mod session;
mod shared;
mod snapshot;
mod source;
mod stage;
mod tables;
mod toasts;
mod top_bar;
mod transport;
mod words;

pub use app::{App, AppProps};

/// Mounts the page on the document's body, as soon as the engine of the first run is there.
pub fn mount() {
    wasm_bindgen_futures::spawn_local(async {
        let prefs = prefs::Prefs::load();
        prefs.apply();
        let first = session::first(&catalogue::cards(prefs.lang), prefs.lang).await;
        yew::Renderer::<App>::with_props(app::AppProps { first: shared::Shared::new(first) }).render();
    });
}

/// The class of a [`Tone`](crate::scene::model::Tone); `styles/tones.css` says what it looks like.
fn tone_class(tone: crate::scene::model::Tone) -> &'static str {
    use crate::scene::model::Tone;
    match tone {
        Tone::Plain => "tone-plain",
        Tone::Member => "tone-member",
        Tone::Contender => "tone-contender",
        Tone::Leader => "tone-leader",
        Tone::Good => "tone-good",
        Tone::Bad => "tone-bad",
        Tone::Absent => "tone-absent",
        Tone::Owner(node) => OWNERS.get(usize::from(node) % 6).copied().unwrap_or("tone-plain"),
        Tone::Era(era) => ERAS.get((era % 6) as usize).copied().unwrap_or("tone-plain"),
    }
}

const ERAS: [&str; 6] = ["tone-era0", "tone-era1", "tone-era2", "tone-era3", "tone-era4", "tone-era5"];
const OWNERS: [&str; 6] =
    ["tone-owner0", "tone-owner1", "tone-owner2", "tone-owner3", "tone-owner4", "tone-owner5"];
