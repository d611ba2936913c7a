//! The circle on which keys lie: painted on a canvas below the stage, because there may be thousands of keys, and
//! anew only when something on it changes.
//!
//! To assistive technology it is a slider over the keys, clockwise. What is chosen is drawn over the canvas.

use std::f64::consts::TAU;
use std::rc::Rc;

use yew::prelude::*;

use super::geometry::Geometry;
use super::px;
use crate::scene::circle::{Circle, position_text};
use crate::scene::circle_svg::{at, key_depth, names};
use crate::scene::model::Tone;
use crate::scene::{Command, Selection};
use crate::ui::ask::Ui;
use crate::ui::canvas::{Canvas, Sketch};
use crate::ui::colours::Colours;
use crate::ui::tone_class;
use crate::word;

/// The width of the band, and of what changes its owner.
const BAND: f64 = 8.0;
const BAND_MOVED: f64 = 14.0;

/// With more virtual nodes than this, each of them is a tick and not a ring.
const POINTS_RINGED_MAX: usize = 160;

/// With more keys than this, each of them is a little smaller.
const KEYS_LARGE_MAX: usize = 1_500;

/// How near the pointer has to be to a key, in pixels.
const REACH: f64 = 9.0;

/// The diameter of a stop on the walk to the owners.
const STOP: f64 = 17.0;

/// By how many keys Page Up and Page Down go on.
const PAGE: usize = 10;

/// What the circle is drawn from.
#[derive(Properties, PartialEq)]
pub struct CircleProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The circle.
    pub circle: Rc<Circle>,
    /// Where it is.
    pub geometry: Rc<Geometry>,
    /// The colours, for the canvas.
    pub colours: Rc<Colours>,
    /// The key that is chosen.
    pub chosen: Option<usize>,
    /// The key under the pointer.
    pub hovered: Option<usize>,
    /// The slider, to give it the focus.
    pub slider: NodeRef,
}

/// The circle, and in its middle the key that is shown, or what the change moves.
#[component]
pub fn CircleView(props: &CircleProps) -> Html {
    let (ground, moves) = (use_node_ref(), use_node_ref());
    {
        let (ground, circle) = (ground.clone(), Rc::clone(&props.circle));
        // What stays is many times more than what moves, and is painted once for each change of the members.
        let placed = Rc::as_ptr(&circle.placed).addr();
        let deps = (placed, Rc::clone(&props.geometry), Rc::clone(&props.colours));
        use_effect_with(deps, move |(_, geometry, colours)| {
            if let Some(canvas) = Canvas::new(&ground, geometry.width, geometry.height, geometry.scale) {
                let mut sketch = Sketch::new();
                paint_ranges(&mut sketch, &circle, geometry, colours);
                paint_points(&mut sketch, &circle, geometry, colours);
                paint_keys_that_stay(&mut sketch, &circle, geometry, colours);
                canvas.show(&sketch);
            }
        });
    }
    {
        let moves = moves.clone();
        let deps = (Rc::clone(&props.circle), Rc::clone(&props.geometry), Rc::clone(&props.colours));
        use_effect_with(deps, move |(circle, geometry, colours)| {
            if let Some(canvas) = Canvas::new(&moves, geometry.width, geometry.height, geometry.scale) {
                let mut sketch = Sketch::new();
                paint_keys_that_move(&mut sketch, circle, geometry, colours);
                canvas.show(&sketch);
            }
        });
    }
    let geometry = &*props.geometry;
    let view_box = geometry.view_box();
    let shown = props.hovered.or(props.chosen);
    html! {
        <>
            <canvas ref={ground} class="circle-canvas" aria-hidden="true" />
            <canvas ref={moves} class="circle-canvas" aria-hidden="true" />
            <svg class="circle" viewBox={view_box} width={px(geometry.width * geometry.scale)} height={px(geometry.height * geometry.scale)}>
                { slider(props, shown) }
            </svg>
            { middle(props, shown) }
        </>
    }
}

/// The slider over the keys.
fn slider(props: &CircleProps, shown: Option<usize>) -> Html {
    let (geometry, placed, lang) = (&*props.geometry, &props.circle.placed, props.ui.lang);
    let drawn = html! {
        <>
            { for names(&placed.ranges).iter().map(|range| {
                let owner = range.owners.then;
                let (x, y) = at(geometry.centre(), geometry.circle + 18.0, (range.from + range.to) / 2.0);
                html! { <text key={owner.0} class={classes!("circle-owner", tone_class(placed.tone(owner)))} x={px(x)} y={px(y + 4.5)}>{ owner.to_string() }</text> }
            }) }
            if let Some(key) = shown { { walk(props, key) } }
        </>
    };
    let count = placed.keys.len();
    if count == 0 {
        return html! { <g aria-hidden="true">{ drawn }</g> };
    }
    let current = props.chosen.unwrap_or(0);
    let choose = {
        let (ui, circle) = (props.ui.clone(), Rc::clone(&props.circle));
        move |index: usize| {
            if let Some(key) = circle.placed.keys.get(index) {
                ui.play(Command::Select(Some(Selection::Key(key.position))));
            }
        }
    };
    let onfocus = {
        let (choose, is_chosen) = (choose.clone(), props.chosen.is_some());
        Callback::from(move |_: FocusEvent| {
            if !is_chosen {
                choose(current);
            }
        })
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key() {
            return;
        }
        let to = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => (current + 1) % count,
            "ArrowLeft" | "ArrowUp" => (current + count - 1) % count,
            "PageDown" => (current + PAGE) % count,
            "PageUp" => (current + count - PAGE % count) % count,
            "Home" => 0,
            "End" => count - 1,
            _ => return,
        };
        // The same keys would step the run.
        event.prevent_default();
        choose(to);
    });
    let label = word!(lang, "Keys on the circle, clockwise", "环上的键，顺时针");
    html! {
        <g ref={props.slider.clone()} class="circle-slider" role="slider" tabindex="0" aria-label={label} aria-valuemin="1"
            aria-valuemax={count.to_string()} aria-valuenow={(current + 1).to_string()}
            aria-valuetext={props.circle.key_text(current)} {onfocus} {onkeydown}>
            <circle class="circle-focus" cx={px(geometry.width / 2.0)} cy={px(geometry.height / 2.0)} r={px(geometry.circle + 10.0)} />
            { drawn }
        </g>
    }
}

/// A key, and the way along the circle to the nodes that own it.
fn walk(props: &CircleProps, index: usize) -> Html {
    let (geometry, placed) = (&*props.geometry, &props.circle.placed);
    let Some(key) = placed.keys.get(index) else { return Html::default() };
    let (centre, radius) = (geometry.centre(), geometry.circle);
    let (x, y) = at(centre, radius - key_depth(key.position, radius), key.turn);
    let stops = placed.walk(index);
    let way = stops.last().map(|last| {
        let to = if last.turn < key.turn { last.turn + 1.0 } else { last.turn };
        let large = u8::from(to - key.turn > 0.5);
        let ((x1, y1), (x2, y2)) = (at(centre, radius, key.turn), at(centre, radius, to));
        format!("M{x:.1} {y:.1}L{x1:.1} {y1:.1}A{radius:.1} {radius:.1} 0 {large} 1 {x2:.1} {y2:.1}")
    });
    // Where two stops are close together, the second stands outside the first.
    let mut outside = Vec::new();
    for (rank, stop) in stops.iter().enumerate() {
        let last = rank.checked_sub(1).and_then(|before| stops.get(before).zip(outside.get(before)));
        let is_near = last.filter(|(last, _)| (stop.turn - last.turn).abs() * TAU * radius < STOP);
        outside.push(is_near.map_or(0.0, |(_, out)| out + STOP));
    }
    let stop = |rank: usize, turn: f64, tone: Tone| {
        let (x, y) = at(centre, radius + outside.get(rank).copied().unwrap_or(0.0), turn);
        html! {
            <g key={rank} class={classes!("circle-stop", tone_class(tone))} transform={format!("translate({x:.1} {y:.1})")}>
                <circle r="7.5" />
                <text y="3.8">{ (rank + 1).to_string() }</text>
            </g>
        }
    };
    html! {
        <g class="circle-walk" aria-hidden="true">
            if let Some(d) = way { <path {d} /> }
            { for stops.iter().enumerate().map(|(rank, point)| stop(rank, point.turn, placed.tone(point.node))) }
            <circle class="circle-key" cx={px(x)} cy={px(y)} r="5" />
        </g>
    }
}

/// What stands in the middle.
fn middle(props: &CircleProps, shown: Option<usize>) -> Html {
    let (placed, lang) = (&props.circle.placed, props.ui.lang);
    if let Some((index, key)) = shown.and_then(|index| Some((index, placed.keys.get(index)?))) {
        let owners = key.owners;
        return html! {
            <div class="circle-middle is-key">
                <p class="circle-name">{ key.name.to_string() }</p>
                <p class="code">{ position_text(key.position) }</p>
                <p class="code">{ placed.walk_text(index) }</p>
                if owners.moves() {
                    <p class="circle-move">
                        { word!(lang, "moves", "移动") }{ " " }<span class="code">{ format!("{} → {}", owners.before, owners.then) }</span>
                    </p>
                }
            </div>
        };
    }
    let figure = props.circle.figure(lang);
    html! {
        <div class="circle-middle">
            <p class="circle-large">{ figure.large }</p>
            for line in figure.lines { <p>{ line }</p> }
        </div>
    }
}

/// The key that is nearest to a point of the stage.
pub fn key_at(circle: &Circle, geometry: &Geometry, (x, y): (f64, f64)) -> Option<usize> {
    let (centre, radius) = (geometry.centre(), geometry.circle);
    let from_centre = (x - centre.0).hypot(y - centre.1);
    if from_centre > radius + REACH || from_centre < radius * 0.6 {
        return None;
    }
    let distance = |(index, key): (usize, &crate::scene::circle::Key)| {
        let (key_x, key_y) = at(centre, radius - key_depth(key.position, radius), key.turn);
        ((key_x - x).hypot(key_y - y), index)
    };
    let nearest = circle.placed.keys.iter().enumerate().map(distance).min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.filter(|(far, _)| *far < REACH).map(|(_, index)| index)
}

/// Canvas angles begin at the right.
fn angle(turn: f64) -> f64 {
    (turn - 0.25) * TAU
}

/// Everything of one colour is one path.
fn by_tone<T>(items: impl Iterator<Item = (Tone, T)>) -> Vec<(Tone, Vec<T>)> {
    let mut groups: Vec<(Tone, Vec<T>)> = Vec::new();
    for (tone, item) in items {
        match groups.iter_mut().find(|(known, _)| *known == tone) {
            Some((_, list)) => list.push(item),
            None => groups.push((tone, vec![item])),
        }
    }
    groups
}

fn paint_ranges(to: &mut Sketch, circle: &Circle, geometry: &Geometry, colours: &Colours) {
    let (placed, (x, y), radius) = (&circle.placed, geometry.centre(), geometry.circle);
    if placed.ranges.is_empty() {
        to.stroke_colour(&colours.muted);
        to.line_width(1.0);
        to.begin_path();
        to.arc((x, y), radius, 0.0, TAU);
        to.stroke();
    }
    let mut arcs = |ranges: &[(f64, f64)], width: f64, colour: &str| {
        to.stroke_colour(colour);
        to.line_width(width);
        to.begin_path();
        for (from, end) in ranges {
            let (px, py) = at((x, y), radius, *from);
            to.move_to(px, py);
            to.arc((x, y), radius, angle(*from), angle(*end));
        }
        to.stroke();
    };
    let kind = |moved: bool, pending: bool| {
        let of_kind = placed.ranges.iter().filter(move |range| {
            range.owners.moves() == moved && (range.owners.now != range.owners.then) == pending
        });
        by_tone(of_kind.map(|range| (placed.tone(range.owners.then), (range.from, range.to))))
    };
    for (tone, ranges) in kind(false, false).iter().chain(&kind(false, true)) {
        arcs(ranges, BAND, colours.tone(*tone));
    }
    for (tone, ranges) in kind(true, false) {
        arcs(&ranges, BAND_MOVED, colours.tone(tone));
    }
    // What has not been taken over yet is an outline.
    for (tone, ranges) in kind(true, true) {
        arcs(&ranges, BAND_MOVED, colours.tone(tone));
        let inside = 1.5 / (TAU * radius);
        let inner: Vec<(f64, f64)> =
            ranges.iter().map(|(from, end)| (from + inside, (end - inside).max(from + inside))).collect();
        arcs(&inner, BAND_MOVED - 4.0, &colours.paper);
    }
}

fn paint_points(to: &mut Sketch, circle: &Circle, geometry: &Geometry, colours: &Colours) {
    let (placed, centre, radius) = (&circle.placed, geometry.centre(), geometry.circle);
    let is_ringed = placed.points.len() <= POINTS_RINGED_MAX;
    to.fill_colour(&colours.paper);
    to.line_width(if is_ringed { 1.6 } else { 0.8 });
    for (tone, turns) in by_tone(placed.points.iter().map(|point| (placed.tone(point.node), point.turn))) {
        to.stroke_colour(colours.tone(tone));
        to.begin_path();
        for turn in turns {
            if is_ringed {
                to.circle(at(centre, radius, turn), 3.2);
            } else {
                let ((x1, y1), (x2, y2)) = (
                    at(centre, radius + BAND / 2.0 + 2.0, turn),
                    at(centre, radius + BAND / 2.0 + 6.0, turn),
                );
                to.move_to(x1, y1);
                to.line_to(x2, y2);
            }
        }
        if is_ringed {
            to.fill();
        }
        to.stroke();
    }
}

/// A key by its index, and where it is on the stage.
type PlacedKey = (usize, (f64, f64));

/// The keys that move, or those that do not, by colour.
fn keys_by_tone(circle: &Circle, geometry: &Geometry, moved: bool) -> Vec<(Tone, Vec<PlacedKey>)> {
    let (placed, centre, radius) = (&circle.placed, geometry.centre(), geometry.circle);
    let keys = placed.keys.iter().enumerate().filter(move |(_, key)| key.owners.moves() == moved);
    by_tone(keys.map(|(index, key)| {
        let place = at(centre, radius - key_depth(key.position, radius), key.turn);
        (placed.tone(key.owners.then), (index, place))
    }))
}

/// Half the side, or the radius, of a key.
fn key_size(circle: &Circle) -> f64 {
    if circle.placed.keys.len() > KEYS_LARGE_MAX { 0.8 } else { 1.9 }
}

fn paint_keys_that_stay(to: &mut Sketch, circle: &Circle, geometry: &Geometry, colours: &Colours) {
    let (size, is_crowded) = (key_size(circle), circle.placed.keys.len() > KEYS_LARGE_MAX);
    for (tone, keys) in keys_by_tone(circle, geometry, false) {
        to.fill_colour(colours.tone(tone));
        to.begin_path();
        for (_, (x, y)) in keys {
            // Squares are much cheaper than discs, and at that size nobody sees the difference.
            if is_crowded {
                to.fill_rect(x - size, y - size, 2.0 * size, 2.0 * size);
            } else {
                to.circle((x, y), size);
            }
        }
        to.fill();
    }
}

fn paint_keys_that_move(to: &mut Sketch, circle: &Circle, geometry: &Geometry, colours: &Colours) {
    let size = key_size(circle) + 0.6;
    to.line_width(1.2);
    for (tone, keys) in keys_by_tone(circle, geometry, true) {
        let colour = colours.tone(tone);
        to.fill_colour(colour);
        to.stroke_colour(colour);
        // What is on its way is hollow.
        for is_on_its_way in [false, true] {
            to.begin_path();
            for (_, place) in keys.iter().filter(|(index, _)| circle.is_on_its_way(*index) == is_on_its_way) {
                to.circle(*place, size);
            }
            if is_on_its_way { to.stroke() } else { to.fill() }
        }
    }
}
