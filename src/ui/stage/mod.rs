//! The stage: the cluster as a picture that can be touched.
//!
//! To assistive technology it is a list of nodes and messages: one stop of the Tab key, arrow keys up and
//! down within it, Enter for what can be done. What moves is written by [`Motion`].

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::ask::{Ask, Subject, Ui};
use super::colours::Colours;
use super::dom;
use super::motion::Motion;
use super::shared::Shared;
use super::tone_class;
use crate::scene::circle::Circle;
use crate::scene::model::{Cut, Message, Outline, Party, Quorum, Stage, TimerArc};
use crate::scene::{Command, Selection};
use crate::sim::{Address, EventId, Intervention};
use crate::word;
use circle::CircleView;
use geometry::Geometry;
use painted::Painted;

pub mod circle;
pub mod geometry;
pub mod message;
pub mod painted;
pub mod party;
mod svg;

/// With more messages than this, they are painted on a canvas.
const MESSAGES_DRAWN_MAX: usize = 60;

/// With more nodes than this, messages are too small for a letter, and are painted on a canvas.
const NODES_DRAWN_MAX: usize = 24;

/// With at most so many nodes, all connections are drawn.
const NODES_MESHED_MAX: usize = 12;

/// The shortest cut that a drag makes, in units of the stage.
const KNIFE_PIXELS_MIN: f64 = 40.0;

/// What the stage is drawn from.
#[derive(Properties, PartialEq)]
pub struct StageProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The cluster.
    pub stage: Rc<Stage>,
    /// The circle of keys, where there is one.
    pub circle: Option<Rc<Circle>>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// Who acted in the current step.
    pub here: Option<Address>,
    /// Whether the run plays: then what moves is painted.
    pub is_playing: bool,
    /// The loop that moves what moves.
    pub motion: Shared<Motion>,
    /// The colours, for the canvas.
    pub colours: Rc<Colours>,
}

/// A cut that is being drawn.
type Knife = Option<((f64, f64), (f64, f64))>;

/// The stage.
#[component]
pub fn StageView(props: &StageProps) -> Html {
    let frame = use_node_ref();
    let svg = use_node_ref();
    let canvas = use_node_ref();
    let room = dom::use_room(frame.clone());
    let roving = use_state_eq(|| None::<Selection>);
    let knife = use_state_eq(|| Knife::None);
    let pressed = use_mut_ref(|| None::<Selection>);
    let hovered = use_state_eq(|| None::<usize>);
    let slider = use_node_ref();

    let stage = Rc::clone(&props.stage);
    let nodes = stage.parties.iter().filter(|party| party.outline != Outline::Client).count();
    let is_dense = stage.messages.len() > MESSAGES_DRAWN_MAX || nodes > NODES_DRAWN_MAX;
    let is_painted = is_dense || props.is_playing;
    // Before its size is known, some size.
    let (width, height) = if room.width > 0.0 { (room.width, room.height.max(1.0)) } else { (300.0, 240.0) };
    let geometry = Rc::new(Geometry::new(&stage, props.circle.is_some(), width, height));

    // One item of the list can be reached with the Tab key: the last one that had the focus, if it is there.
    let tabbable = (*roving)
        .filter(|item| is_on_stage(&stage, *item))
        .or_else(|| stage.parties.first().map(|party| Selection::Party(party.address)));

    {
        let frame = frame.clone();
        use_effect_with(geometry.scale.to_string(), move |scale| {
            if let Some(frame) = frame.cast::<Element>() {
                // For the words in the middle of the circle, which are no part of a picture.
                dom::set_property(&frame, "--scale", scale);
            }
        });
    }
    {
        // Not of what is acted on or cut off: while a crowd plays, newer messages than those of the stage are painted.
        let (svg, canvas, motion) = (svg.clone(), canvas.clone(), props.motion.clone());
        let (colours, selection) = (Rc::clone(&props.colours), props.selection);
        let deps = (Rc::clone(&stage), Rc::clone(&geometry), is_painted, colours, selection, tabbable);
        use_effect_with(deps, move |(stage, geometry, is_painted, colours, selection, tabbable)| {
            let Some(svg) = svg.cast::<Element>() else { return };
            let layer =
                is_painted.then(|| Painted::new(&canvas, stage, geometry, colours, *selection)).flatten();
            let looks = if *is_painted { Vec::new() } else { looks(stage, geometry, *selection, *tabbable) };
            motion.with(|motion| motion.show_messages(&svg, geometry.message, looks, layer));
        });
    }
    {
        let (svg, motion) = (svg.clone(), props.motion.clone());
        let parties = Parties {
            stage: Rc::clone(&stage),
            geometry: Rc::clone(&geometry),
            is_dense,
            is_painted,
            selection: props.selection,
            tabbable,
            here: props.here,
            aside: (*knife).map(|(a, b)| geometry.sides(a, b).0).unwrap_or_default(),
        };
        use_effect_with(parties, move |parties| {
            if let Some(svg) = svg.cast::<Element>() {
                motion.with(|motion| motion.show_parties(&svg, parties.looks()));
            }
        });
    }

    let choose = {
        let (ui, roving) = (props.ui.clone(), roving.clone());
        Callback::from(move |item: Selection| {
            roving.set(Some(item));
            ui.play(Command::Select(Some(item)));
        })
    };
    let press = {
        let (choose, pressed, selection) = (choose.clone(), pressed.clone(), props.selection);
        Callback::from(move |item: Selection| {
            // A second press on what is chosen opens its menu.
            *pressed.borrow_mut() = (selection == Some(item)).then_some(item);
            choose.emit(item);
        })
    };
    let menu = {
        let (ui, pressed) = (props.ui.clone(), pressed.clone());
        Callback::from(move |(item, x, y, asked): (Selection, f64, f64, bool)| {
            if (asked || *pressed.borrow() == Some(item))
                && let Some(subject) = subject(item)
            {
                ui.ask(Ask::Menu(subject, x, y));
            }
        })
    };

    let onkeydown = {
        let (svg, stage) = (svg.clone(), Rc::clone(&stage));
        let (ui, geometry, frame) = (props.ui.clone(), Rc::clone(&geometry), frame.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(item) = tabbable else { return };
            if event.ctrl_key() || event.alt_key() || event.meta_key() {
                return;
            }
            let by = match event.key().as_str() {
                "ArrowDown" => 1,
                "ArrowUp" => -1,
                "Enter" | "ContextMenu" => 0,
                "F10" if event.shift_key() => 0,
                _ => return,
            };
            event.prevent_default();
            if by == 0 {
                if let (Some(subject), Some((x, y))) =
                    (subject(item), window_place(&frame, &geometry, &stage, item))
                {
                    ui.ask(Ask::Menu(subject, x, y));
                }
                return;
            }
            let items = items(&stage, is_painted);
            let at = items.iter().position(|known| *known == item).unwrap_or(0);
            let next = (at + items.len()).saturating_add_signed(by).checked_rem(items.len());
            if let Some(next) = next.and_then(|next| items.get(next)) {
                focus_item(&svg, *next);
            }
        })
    };

    let place = {
        let (frame, scale) = (frame.clone(), geometry.scale);
        move |event: &MouseEvent| {
            let bounds = frame.cast::<Element>().map(|element| element.get_bounding_client_rect());
            let (left, top) = bounds.map_or((0.0, 0.0), |bounds| (bounds.left(), bounds.top()));
            ((f64::from(event.client_x()) - left) / scale, (f64::from(event.client_y()) - top) / scale)
        }
    };
    let onpointerdown = {
        let (knife, place, geometry) = (knife.clone(), place.clone(), Rc::clone(&geometry));
        let (motion, press) = (props.motion.clone(), press.clone());
        let circle = props.circle.clone();
        Callback::from(move |event: PointerEvent| {
            let at = place(&event);
            if event.pointer_type() == "touch"
                && geometry.party_at(at.0, at.1).is_none()
                && let Some(item) = key_selection(circle.as_deref(), &geometry, at)
            {
                press.emit(item);
                return;
            }
            if is_painted
                && geometry.party_at(at.0, at.1).is_none()
                && let Some(id) = motion.with(|motion| motion.message_at(at)).flatten()
            {
                if event.button() == 0 {
                    press.emit(Selection::Message(EventId(id)));
                }
            } else if event.button() == 0
                && event.pointer_type() != "touch"
                && geometry.party_at(at.0, at.1).is_none()
                && is_ground(&event)
            {
                knife.set(Some((at, at)));
            }
        })
    };
    // The same as for messages that are elements: a second press opens the menu, and so does the other button.
    let on_painted = |asked: bool| {
        let (place, geometry) = (place.clone(), Rc::clone(&geometry));
        let (motion, menu) = (props.motion.clone(), menu.clone());
        Callback::from(move |event: MouseEvent| {
            let at = place(&event);
            if is_painted
                && geometry.party_at(at.0, at.1).is_none()
                && let Some(id) = motion.with(|motion| motion.message_at(at)).flatten()
            {
                event.prevent_default();
                let (x, y) = (event.client_x().into(), event.client_y().into());
                menu.emit((Selection::Message(EventId(id)), x, y, asked));
            }
        })
    };
    let onpointermove = {
        let (knife, place, geometry) = (knife.clone(), place.clone(), Rc::clone(&geometry));
        let (circle, hovered) = (props.circle.clone(), hovered.clone());
        Callback::from(move |event: PointerEvent| {
            let at = place(&event);
            if let Some((from, _)) = *knife {
                knife.set(Some((from, at)));
            } else if let Some(circle) = &circle {
                let is_free = geometry.party_at(at.0, at.1).is_none();
                hovered.set(is_free.then(|| circle::key_at(circle, &geometry, at)).flatten());
            }
        })
    };
    let onpointerup = {
        let (knife, geometry, ui) = (knife.clone(), Rc::clone(&geometry), props.ui.clone());
        let (circle, slider) = (props.circle.clone(), slider.clone());
        Callback::from(move |_: PointerEvent| {
            let Some((a, b)) = *knife else { return };
            knife.set(None);
            if (b.0 - a.0).hypot(b.1 - a.1) < KNIFE_PIXELS_MIN {
                let key = key_selection(circle.as_deref(), &geometry, b);
                if let Some(slider) = key.and_then(|_| slider.cast::<Element>()) {
                    // From here the arrow keys go on to its neighbours.
                    dom::focus(&slider);
                }
                ui.play(Command::Select(key));
                return;
            }
            let (fewer, more) = geometry.sides(a, b);
            if fewer.is_empty() || more.is_empty() {
                return;
            }
            let groups = vec![fewer.iter().filter_map(|who| who.node()).collect()];
            ui.play(Command::Act(Intervention::Partition { groups }));
        })
    };
    let onpointerleave = {
        let (knife, hovered) = (knife.clone(), hovered.clone());
        Callback::from(move |_: PointerEvent| {
            knife.set(None);
            hovered.set(None);
        })
    };

    let onfocusin = {
        let stage = Rc::clone(&stage);
        Callback::from(move |event: FocusEvent| {
            if let Some(item) = item_at(&event, &stage) {
                choose.emit(item);
            }
        })
    };
    let onitemdown = {
        let stage = Rc::clone(&stage);
        Callback::from(move |event: PointerEvent| {
            if let Some(item) = item_at(&event, &stage).filter(|_| event.button() == 0) {
                press.emit(item);
            }
        })
    };
    let open = |asked: bool| {
        let (menu, stage) = (menu.clone(), Rc::clone(&stage));
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            if let Some(item) = item_at(&event, &stage) {
                menu.emit((item, event.client_x().into(), event.client_y().into(), asked));
            }
        })
    };

    let label = word!(props.ui.lang, "Cluster: nodes, clients and messages", "集群：节点、客户端与消息");
    let view_box = geometry.view_box();
    let (width, height) = (geometry.width * geometry.scale, geometry.height * geometry.scale);

    html! {
        <div class="stage-frame" ref={frame}>
            if let Some(circle) = &props.circle {
                <CircleView ui={props.ui.clone()} circle={circle.clone()} geometry={geometry.clone()} colours={props.colours.clone()}
                    chosen={chosen_key(circle, props.selection)} hovered={*hovered} {slider} />
            }
            <svg ref={svg} class={classes!("stage", props.circle.is_some().then_some("has-circle"), hovered.is_some().then_some("is-over-key"))} viewBox={view_box} width={px(width)} height={px(height)}
                role="listbox" aria-label={label} {onkeydown} {onpointerdown} {onpointermove} {onpointerup} {onpointerleave}
                onclick={on_painted(false)} oncontextmenu={on_painted(true)}>
                <g class="links" aria-hidden="true"><Links ui={props.ui.clone()} nodes={Rc::new(node_addresses(&stage))} cuts={stage.cuts.clone()} geometry={geometry.clone()} /></g>
                <g class="quorums" aria-hidden="true">{ for stage.quorums.iter().map(|quorum| quorum_view(quorum, &geometry)) }</g>
                // What is in it is drawn by `party::Parties` and `message::Messages`.
                <g class="items" role="presentation" {onfocusin} onpointerdown={onitemdown} onclick={open(false)} oncontextmenu={open(true)}>
                    <g class="parties" role="presentation"></g>
                    <g class="messages" role="presentation"></g>
                </g>
                if let Some((a, b)) = *knife {
                    <line class="knife" x1={px(a.0)} y1={px(a.1)} x2={px(b.0)} y2={px(b.1)} aria-hidden="true" />
                }
            </svg>
            <canvas ref={canvas} class={if is_painted { "moving" } else { "moving is-empty" }} aria-hidden="true" />
        </div>
    }
}

/// What the messages are drawn from.
fn looks(
    stage: &Stage,
    geometry: &Geometry,
    selection: Option<Selection>,
    tabbable: Option<Selection>,
) -> Vec<message::Look> {
    let look = |message: &Message| {
        let (path, item) = (geometry.path(message.from, message.to)?, Some(item_of(message.id)));
        let (is_selected, is_tabbable) = (selection == item, tabbable == item);
        Some(message::Look { message: message.clone(), path, is_selected, is_tabbable })
    };
    stage.messages.iter().filter_map(look).collect()
}

/// What the parties are drawn from.
#[derive(PartialEq)]
struct Parties {
    stage: Rc<Stage>,
    geometry: Rc<Geometry>,
    /// Whether there is little room for each of them.
    is_dense: bool,
    /// Whether what moves is painted.
    is_painted: bool,
    selection: Option<Selection>,
    /// Where the Tab key stops.
    tabbable: Option<Selection>,
    /// Who acted in the current step.
    here: Option<Address>,
    /// Whom the cut that is being drawn takes aside.
    aside: Vec<Address>,
}

impl Parties {
    fn looks(&self) -> Vec<(party::Look, Option<TimerArc>)> {
        let look = |party: &Party| {
            let item = Some(Selection::Party(party.address));
            let has_timer = party.timer.is_some()
                && match party.outline {
                    Outline::Disc => !self.is_painted,
                    Outline::Card => !self.is_dense,
                    Outline::Client => false,
                };
            let look = party::Look {
                has_timer,
                is_selected: self.selection == item,
                is_here: self.here == Some(party.address),
                is_aside: self.aside.contains(&party.address),
                is_tabbable: self.tabbable == item,
                ..party::Look::new(party, &self.geometry)
            };
            (look, party.timer)
        };
        self.stage.parties.iter().map(look).collect()
    }
}

/// The party or message at which an event happened.
fn item_at(event: &web_sys::Event, stage: &Stage) -> Option<Selection> {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok())?;
    let key = target.closest("[data-key]").ok().flatten()?.get_attribute("data-key")?;
    items(stage, false).into_iter().find(|item| item_key(*item) == key)
}

fn node_addresses(stage: &Stage) -> Vec<Address> {
    stage.parties.iter().filter(|party| party.outline != Outline::Client).map(|party| party.address).collect()
}

#[derive(Properties, PartialEq)]
struct LinksProps {
    ui: Ui,
    nodes: Rc<Vec<Address>>,
    cuts: Vec<Cut>,
    geometry: Rc<Geometry>,
}

/// The connections: a mesh where it is legible, and those that are cut. They stay while the nodes change.
#[component]
fn Links(props: &LinksProps) -> Html {
    let LinksProps { ui, nodes, cuts, geometry } = props;
    let mut lines = Vec::new();
    if nodes.len() <= NODES_MESHED_MAX {
        for (at, a) in nodes.iter().enumerate() {
            for b in nodes.iter().skip(at + 1) {
                let (a, b) = (*a, *b);
                let Some(((x1, y1), (x2, y2))) = geometry.place(a).zip(geometry.place(b)) else {
                    continue;
                };
                let cut = cuts.iter().find(|cut| is_between(cut, a, b)).copied();
                let is_cut = cut.is_some();
                let link = cut.unwrap_or(Cut { from: a, to: b, both_ways: false });
                let oncontextmenu = {
                    let ui = ui.clone();
                    Callback::from(move |event: MouseEvent| {
                        event.prevent_default();
                        let link = if is_cut { link } else { Cut { both_ways: false, ..link } };
                        ui.ask(Ask::Menu(
                            Subject::Link(link),
                            event.client_x().into(),
                            event.client_y().into(),
                        ));
                    })
                };
                lines.push(html! {
                    <g key={format!("{a}{b}")} {oncontextmenu}>
                        <line class={if is_cut { "link is-cut" } else { "link" }} x1={px(x1)} y1={px(y1)} x2={px(x2)} y2={px(y2)} />
                        <line class="link-hit" x1={px(x1)} y1={px(y1)} x2={px(x2)} y2={px(y2)} />
                        if let Some(cut) = cut { { cross(&cut, geometry) } }
                    </g>
                });
            }
        }
    }
    lines.into_iter().collect()
}

/// A quorum: its members, and how each hangs together with the one who asks.
fn quorum_view(quorum: &Quorum, geometry: &Geometry) -> Html {
    let Some((x, y)) = geometry.place(quorum.asked_by) else { return Html::default() };
    let class = classes!("quorum", tone_class(quorum.tone), quorum.is_complete.then_some("is-complete"));
    let member = |who: &Address| {
        let (to_x, to_y) = geometry.place(*who)?;
        Some(html! {
            <>
                <line x1={px(x)} y1={px(y)} x2={px(to_x)} y2={px(to_y)} />
                if let Some(radius) = geometry.ring(*who) {
                    <circle cx={px(to_x)} cy={px(to_y)} r={px(radius)} />
                }
            </>
        })
    };
    html! { <g {class}>{ for quorum.members.iter().filter_map(member) }</g> }
}

/// The mark of a cut: in the middle, or near the one that does not hear if only one way is cut.
fn cross(cut: &Cut, geometry: &Geometry) -> Html {
    let Some(path) = geometry.path(cut.from, cut.to) else { return Html::default() };
    let (x, y) = path.at(if cut.both_ways { 0.5 } else { 0.72 });
    html! { <path class="cross" transform={format!("translate({x:.1} {y:.1})")} d="m-5-5 10 10m0-10-10 10" /> }
}

fn is_between(cut: &Cut, a: Address, b: Address) -> bool {
    (cut.from == a && cut.to == b) || (cut.from == b && cut.to == a)
}

/// A length or place as an attribute.
pub fn px(value: f64) -> AttrValue {
    AttrValue::from(format!("{value:.1}"))
}

/// The key under a point of the stage.
fn key_selection(circle: Option<&Circle>, geometry: &Geometry, at: (f64, f64)) -> Option<Selection> {
    let circle = circle?;
    let key = circle.placed.keys.get(circle::key_at(circle, geometry, at)?)?;
    Some(Selection::Key(key.position))
}

/// The index of the key that is chosen.
fn chosen_key(circle: &Circle, selection: Option<Selection>) -> Option<usize> {
    match selection {
        Some(Selection::Key(position)) => circle.placed.find(position),
        _ => None,
    }
}

fn item_of(message: u64) -> Selection {
    Selection::Message(EventId(u32::try_from(message).unwrap_or(u32::MAX)))
}

fn item_key(item: Selection) -> String {
    match item {
        Selection::Party(address) => address.to_string(),
        Selection::Message(EventId(id)) => format!("m{id}"),
        Selection::Step(step) => format!("s{step}"),
        Selection::Key(position) => format!("k{position}"),
    }
}

fn subject(item: Selection) -> Option<Subject> {
    match item {
        Selection::Party(address) => Some(Subject::Party(address)),
        Selection::Message(EventId(id)) => Some(Subject::Message(u64::from(id))),
        Selection::Step(_) | Selection::Key(_) => None,
    }
}

fn items(stage: &Stage, is_painted: bool) -> Vec<Selection> {
    let parties = stage.parties.iter().map(|party| Selection::Party(party.address));
    let drawn = if is_painted { 0 } else { usize::MAX };
    parties.chain(stage.messages.iter().take(drawn).map(|message| item_of(message.id))).collect()
}

fn is_on_stage(stage: &Stage, item: Selection) -> bool {
    match item {
        Selection::Party(address) => stage.parties.iter().any(|party| party.address == address),
        Selection::Message(_) => stage.messages.iter().any(|message| item_of(message.id) == item),
        Selection::Step(_) | Selection::Key(_) => false,
    }
}

fn focus_item(svg: &NodeRef, item: Selection) {
    let Some(svg) = svg.cast::<Element>() else { return };
    if let Ok(Some(element)) = svg.query_selector(&format!("[data-key='{}']", item_key(item))) {
        dom::focus(&element);
    }
}

/// Where an item is in the window, for its menu.
fn window_place(frame: &NodeRef, geometry: &Geometry, stage: &Stage, item: Selection) -> Option<(f64, f64)> {
    let bounds = frame.cast::<Element>()?.get_bounding_client_rect();
    let (x, y) = match item {
        Selection::Party(address) => geometry.place(address)?,
        Selection::Message(_) => {
            let message = stage.messages.iter().find(|message| item_of(message.id) == item)?;
            geometry.path(message.from, message.to)?.at(0.5)
        }
        Selection::Step(_) | Selection::Key(_) => return None,
    };
    Some((bounds.left() + x * geometry.scale, bounds.top() + y * geometry.scale))
}

/// Whether the pointer is on the ground between nodes and messages.
fn is_ground(event: &PointerEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| !matches!(element.closest("[role=option]"), Ok(Some(_))))
}
