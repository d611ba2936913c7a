//! The colours of the style sheet, for what is painted on a canvas.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::dom;
use crate::scene::model::Tone;

/// The colours as they are at present, in light or dark.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Colours {
    /// Paper.
    pub paper: String,
    /// Ink.
    pub ink: String,
    /// Faint ink.
    pub muted: String,
    /// Hairlines.
    pub hairline: String,
    /// The cursor.
    pub cursor: String,
    /// Text on the cursor's colour.
    pub on_cursor: String,
    tones: [String; 7],
    on_tones: [String; 7],
    eras: [String; 6],
    owners: [String; 6],
    /// The typeface of the page.
    pub font: String,
}

impl Colours {
    /// Reads them from the document: the style sheet computes them, `light-dark()` and all.
    pub fn read() -> Colours {
        let Some(probe) = probe() else { return Colours::default() };
        let read = |value: &str| {
            let _ = probe.style().set_property("color", value);
            let style = dom::window().get_computed_style(&probe).ok().flatten();
            style.and_then(|style| style.get_property_value("color").ok()).unwrap_or_default()
        };
        let tone = |name: &str| read(&format!("var(--{name})"));
        let font = dom::window().get_computed_style(&probe).ok().flatten();
        let font = font.and_then(|style| style.get_property_value("font-family").ok()).unwrap_or_default();
        let colours = Colours {
            paper: tone("paper"),
            ink: tone("ink"),
            muted: tone("muted"),
            hairline: tone("hairline"),
            cursor: tone("cursor"),
            on_cursor: tone("on-cursor"),
            tones: ["lane", "member", "contender", "amber", "good", "bad", "absent"].map(tone),
            on_tones: ["paper", "on-member", "on-contender", "on-amber", "on-good", "on-bad", "paper"]
                .map(tone),
            eras: ["era0-line", "era1-line", "era2-line", "era3-line", "era4-line", "era5-line"].map(tone),
            owners: ["owner0", "owner1", "owner2", "owner3", "owner4", "owner5"].map(tone),
            font,
        };
        probe.remove();
        colours
    }

    /// The colour of a tone.
    pub fn tone(&self, tone: Tone) -> &str {
        match tone {
            Tone::Owner(node) => self.owners.get(usize::from(node) % 6).map_or("", String::as_str),
            Tone::Era(era) => self.eras.get((era % 6) as usize).map_or("", String::as_str),
            tone => self.tones.get(place(tone)).map_or("", String::as_str),
        }
    }

    /// The colour of what is written on a tone.
    pub fn on_tone(&self, tone: Tone) -> &str {
        match tone {
            Tone::Owner(_) | Tone::Era(_) => &self.ink,
            tone => self.on_tones.get(place(tone)).map_or("", String::as_str),
        }
    }
}

/// The place of a tone among the colours.
fn place(tone: Tone) -> usize {
    match tone {
        Tone::Plain | Tone::Owner(_) | Tone::Era(_) => 0,
        Tone::Member => 1,
        Tone::Contender => 2,
        Tone::Leader => 3,
        Tone::Good => 4,
        Tone::Bad => 5,
        Tone::Absent => 6,
    }
}

fn probe() -> Option<HtmlElement> {
    let probe: HtmlElement = dom::document().create_element("span").ok()?.dyn_into().ok()?;
    probe.set_attribute("hidden", "").ok()?;
    // Where the system forces colours, the style sheet maps ours to them; forced, all would read the same.
    let _ = probe.style().set_property("forced-color-adjust", "none");
    gloo::utils::body().append_child(&probe).ok()?;
    Some(probe)
}
