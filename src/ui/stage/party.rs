//! One node, participant or client.

use yew::prelude::*;

use super::geometry::{CARD_HEIGHT, CLIENT};
use super::{item_key, px};
use crate::scene::Selection;
use crate::scene::model::{Cell, Outline, Party};
use crate::ui::tone_class;

/// Below this radius a node has no room for more than its name.
const RADIUS_WITH_WORDS: f64 = 33.0;

/// Below this half of its width a card has no room for more than its name.
const CARD_WITH_WORDS: f64 = 44.0;

/// The most letters that are written beside a client; all of it is in its description.
const CLIENT_LETTERS_MAX: usize = 24;

/// Below this radius a node has no log tail and no letter.
const RADIUS_WITH_LETTER: f64 = 13.0;

/// What a party is drawn from.
#[derive(Properties, PartialEq)]
pub struct PartyProps {
    /// The party. When its timer runs out is left out: what moves is not drawn here.
    pub party: Party,
    /// Whether it has a timer that is drawn here.
    pub has_timer: bool,
    /// Where it stands, in pixels.
    pub x: f64,
    /// Where it stands, in pixels.
    pub y: f64,
    /// The radius of a node.
    pub radius: f64,
    /// Half the width of a card.
    pub card: f64,
    /// Whether it is chosen.
    pub is_selected: bool,
    /// Whether the current step happened to it.
    pub is_here: bool,
    /// Whether the cut that is being drawn takes it aside.
    pub is_aside: bool,
    /// Whether the Tab key stops here.
    pub is_tabbable: bool,
    /// It got the focus.
    pub choose: Callback<Selection>,
    /// It was pressed.
    pub press: Callback<Selection>,
    /// Its menu: where, and whether it was asked for expressly.
    pub menu: Callback<(Selection, f64, f64, bool)>,
}

/// A party.
#[component]
pub fn PartyView(props: &PartyProps) -> Html {
    let party = &props.party;
    let item = Selection::Party(party.address);
    let is_small = props.radius < RADIUS_WITH_WORDS;
    let class = classes!(
        "party",
        tone_class(party.tone),
        match party.outline {
            Outline::Disc => "is-disc",
            Outline::Card => "is-card",
            Outline::Client => "is-client",
        },
        (!party.up).then_some("is-down"),
        party.paused.then_some("is-paused"),
        props.is_selected.then_some("is-selected"),
        props.is_here.then_some("is-here"),
        props.is_aside.then_some("is-aside"),
    );
    let onfocus = {
        let choose = props.choose.clone();
        Callback::from(move |_: FocusEvent| choose.emit(item))
    };
    let onpointerdown = {
        let press = props.press.clone();
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                press.emit(item);
            }
        })
    };
    let open = |asked: bool| {
        let menu = props.menu.clone();
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            menu.emit((item, event.client_x().into(), event.client_y().into(), asked));
        })
    };
    let bottom = match party.outline {
        Outline::Disc => props.radius,
        Outline::Card => CARD_HEIGHT,
        Outline::Client => CLIENT,
    };
    html! {
        <g {class} data-key={item_key(item)} transform={format!("translate({:.1} {:.1})", props.x, props.y)}
            role="option" aria-selected={props.is_selected.to_string()} aria-label={party.description.clone()}
            tabindex={if props.is_tabbable { "0" } else { "-1" }}
            {onfocus} {onpointerdown} onclick={open(false)} oncontextmenu={open(true)}>
            { outline(party.outline, props.radius, props.card) }
            if props.has_timer {
                <path class="timer" pathLength="1" d={timer_path(party.outline, props.radius, props.card)} />
            }
            { words(party, props.radius, props.card, is_small) }
            if party.unsynced && props.radius >= RADIUS_WITH_LETTER {
                <g class="unsynced" transform={format!("translate({:.1} {:.1})", bottom * 0.92, bottom * 0.62)}>
                    <rect x="-6.5" y="-5.5" width="13" height="11" rx="2.5" />
                    <path d="M-3 0h6M0-2.500v5" />
                </g>
            }
            if !party.tail.is_empty() && props.radius >= 24.0 {
                { tail(&party.tail, bottom + if party.badge.is_some() { 34.0 } else { 16.0 }) }
            }
            if let Some(cell) = &party.badge { { badge(cell, party.is_locked, bottom + 10.0) } }
        </g>
    }
}

fn outline(outline: Outline, radius: f64, card: f64) -> Html {
    match outline {
        Outline::Disc => html! {
            <>
                <circle class="halo" r={px(radius + 7.0)} />
                <circle class="ring" r={px(radius + 11.0)} />
                <circle class="body" r={px(radius)} />
            </>
        },
        Outline::Card | Outline::Client => {
            let (w, h, rx) =
                if outline == Outline::Card { (card, CARD_HEIGHT, 16.0) } else { (CLIENT, CLIENT, 7.0) };
            let rect = |class: &'static str, out: f64| {
                html! {
                    <rect {class} x={px(-w - out)} y={px(-h - out)} width={px(2.0 * (w + out))}
                        height={px(2.0 * (h + out))} rx={px(rx + out)} />
                }
            };
            html! { <>{ rect("halo", 5.0) }{ rect("ring", 8.0) }{ rect("body", 0.0) }</> }
        }
    }
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

fn words(party: &Party, radius: f64, card: f64, is_small: bool) -> Html {
    let letter = party.role.chars().next().map(|letter| letter.to_uppercase().to_string());
    // What a client does is written inwards, where there is room.
    let (class, x) = match party.x {
        x if x < 0.25 => ("figure at-start", -CLIENT),
        x if x > 0.75 => ("figure at-end", CLIENT),
        _ => ("figure", 0.0),
    };
    match party.outline {
        Outline::Client => html! {
            <>
                <text class="name" y="4.5">{ party.name.clone() }</text>
                if !is_small { <text {class} x={px(x)} y={px(CLIENT + 13.0)}>{ shortened(&party.role) }</text> }
            </>
        },
        Outline::Card if card < CARD_WITH_WORDS => html! {
            <>
                <text class="name" y="-4">{ party.name.clone() }</text>
                <text class="figure" y="14">{ letter }</text>
            </>
        },
        Outline::Disc if radius < RADIUS_WITH_LETTER => Html::default(),
        Outline::Disc if is_small => html! {
            <>
                <text class="name" y={px(radius * 0.02)}>{ party.name.clone() }</text>
                <text class="figure" y={px(radius * 0.62)}>{ letter }</text>
            </>
        },
        Outline::Disc | Outline::Card => html! {
            <>
                <text class="name" y="-6">{ party.name.clone() }</text>
                <text class="figure" y="10">{ party.role.clone() }</text>
                <text class="figure" y="24">{ party.figure.clone() }</text>
            </>
        },
    }
}

/// The beginning of a text, if it is too long to stand beside a client.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(CLIENT_LETTERS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// The end of the log, cell by cell.
fn tail(cells: &[Cell], top: f64) -> Html {
    const WIDTH: f64 = 10.0;
    const STEP: f64 = 12.5;
    let left = -(cells.len() as f64 * STEP - (STEP - WIDTH)) / 2.0;
    let cell = |at: usize, cell: &Cell| {
        let class = classes!(
            "log-cell",
            tone_class(cell.tone),
            cell.settled.then_some("is-settled"),
            cell.changed.then_some("is-changed")
        );
        html! { <rect key={at} {class} x={px(left + at as f64 * STEP)} y={px(top)} width="10" height="9" rx="2" /> }
    };
    html! { <g class="tail">{ for cells.iter().enumerate().map(|(at, each)| cell(at, each)) }</g> }
}

/// What the party holds, below it.
fn badge(cell: &Cell, is_locked: bool, top: f64) -> Html {
    // Figures and ASCII letters of this size are about 6.5 wide, others twice that.
    let letters = cell.text.chars().map(|letter| if letter.is_ascii() { 6.5 } else { 12.0 }).sum::<f64>();
    let lock = if is_locked { 13.0 } else { 0.0 };
    let width = letters + lock + 12.0;
    let class = classes!("badge", tone_class(cell.tone), cell.settled.then_some("is-settled"));
    html! {
        <g {class}>
            <rect x={px(-width / 2.0)} y={px(top)} width={px(width)} height="18" rx="9" />
            if is_locked {
                <path class="lock" transform={format!("translate({:.1} {:.1})", 7.0 - width / 2.0, top + 4.0)}
                    d="M1 4.500h8v5.500h-8zM2.500 4.500v-1.500a2.500 2.500 0 0 1 5 0v1.500" />
            }
            <text x={px(lock / 2.0)} y={px(top + 13.0)}>{ cell.text.clone() }</text>
        </g>
    }
}
