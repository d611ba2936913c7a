//! The tape: the whole run as a strip that is painted with eras, leaders, marks and branches.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::ask::{Ask, Dialog, Ui};
use super::branches::branch_name;
use super::dom;
use super::motion::Motion;
use super::shared::Shared;
use super::stage::px;
use super::tone_class;
use crate::lang::time;
use crate::scene::Command;
use crate::scene::model::{BranchView, Mark, MarkKind, Span, Tape};
use crate::scene::viewport::horizon_us;
use crate::{say, word};

const TOP: f64 = 20.0;
const HEIGHT: f64 = 18.0;

/// Room for the needle's knob at both ends; `.needle` in the style sheet begins there.
const SIDE: f64 = 9.0;

/// Where branches are drawn, below the tape; more than these are in their own list.
const BRANCH_ROWS: usize = 2;

/// What the scrubber is drawn from.
#[derive(Properties, PartialEq)]
pub struct ScrubberProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The paint.
    pub tape: Rc<Tape>,
    /// The branches.
    pub branches: Rc<Vec<BranchView>>,
    /// The cursor.
    pub cursor: u32,
    /// How many steps there are.
    pub recorded: u32,
    /// The moment of the cursor, in µs.
    pub now_us: u64,
    /// The moment of the last step, in µs.
    pub recorded_us: u64,
    /// How many things the reader did in this branch.
    pub deeds: usize,
    /// The loop that moves the needle.
    pub motion: Shared<Motion>,
}

/// The scrubber.
#[component]
pub fn Scrubber(props: &ScrubberProps) -> Html {
    let frame = use_node_ref();
    let needle = use_node_ref();
    let dragging = use_mut_ref(|| false);
    // The picture grows with the type around it; the needle, which moves over it, is in pixels.
    let room = dom::use_room(frame.clone());
    let scale = room.scale.max(1.0);
    let width = (room.width / scale - 2.0 * SIDE).max(60.0);
    let needle_width = width * scale;
    let end_us = horizon_us(props.recorded_us);
    let (ui, lang) = (&props.ui, props.ui.lang);

    {
        let (needle, motion) = (needle.clone(), props.motion.clone());
        use_effect_with((needle_width as u32, end_us), move |_| {
            if let Some(needle) = needle.cast::<Element>() {
                motion.with(|motion| motion.attach_needle(needle, needle_width, end_us));
            }
        });
    }

    let seek = {
        let (ui, frame) = (ui.clone(), frame.clone());
        move |event: &PointerEvent| {
            let Some(bounds) = frame.cast::<Element>().map(|frame| frame.get_bounding_client_rect()) else {
                return;
            };
            let part =
                ((f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0)).clamp(0.0, 1.0);
            ui.play(Command::SeekTime((part * end_us as f64) as u64));
        }
    };
    let onpointerdown = {
        let (seek, dragging) = (seek.clone(), dragging.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            if let Some(element) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok())
            {
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            *dragging.borrow_mut() = true;
            seek(&event);
        })
    };
    let onpointermove = {
        let dragging = dragging.clone();
        Callback::from(move |event: PointerEvent| {
            if *dragging.borrow() {
                seek(&event);
            }
        })
    };
    let onpointerup = Callback::from(move |_: PointerEvent| *dragging.borrow_mut() = false);
    let onkeydown = {
        let ui = ui.clone();
        Callback::from(move |event: KeyboardEvent| {
            // The keys of the page move the cursor already; a slider has two more.
            let forward = match event.key().as_str() {
                "PageUp" | "ArrowUp" => true,
                "PageDown" | "ArrowDown" => false,
                _ => return,
            };
            event.prevent_default();
            ui.play(Command::Milestone { forward });
        })
    };

    let value_text = say!(
        lang,
        "step {} of {}, {}",
        "第 {} 步，共 {} 步，{}",
        props.cursor,
        props.recorded,
        time(props.now_us, lang)
    );
    html! {
        <div class="scrubber">
            <div class="tape" ref={frame} role="slider" tabindex="0" aria-label={word!(lang, "The run", "运行进度")}
                aria-valuemin="0" aria-valuemax={props.recorded.to_string()} aria-valuenow={props.cursor.to_string()}
                aria-valuetext={value_text} {onkeydown} {onpointerdown} {onpointermove} {onpointerup}>
                <Picture ui={ui.clone()} tape={props.tape.clone()} branches={props.branches.clone()} {width} {scale} {end_us} />
                // Not part of the picture: it moves in every frame, and the picture would be painted with it.
                <div class="needle" ref={needle}></div>
            </div>
            <div class="counts">
                if props.deeds > 0 {
                    <button type="button" class="link-like" aria-haspopup="dialog" onclick={ui.on(Ask::Dialog(Dialog::Deeds))}
                        title={word!(lang, "Find what you did, or take it out", "查找或撤去你的操作")}>
                        { say!(lang, "you did {}", "操作 {} 次", props.deeds) }
                    </button>
                }
                if props.branches.len() > 1 {
                    <button type="button" class="link-like" aria-haspopup="dialog" onclick={ui.on(Ask::Dialog(Dialog::Branches))}
                        title={word!(lang, "Show, name, compare or delete a branch", "显示、命名、对比或删除分支")}>
                        { say!(lang, "{} branches", "{} 条分支", props.branches.len()) }
                    </button>
                }
            </div>
        </div>
    }
}

/// What the picture of the run is drawn from: not the cursor, so that it stays while that moves.
#[derive(Properties, PartialEq)]
struct PictureProps {
    ui: Ui,
    tape: Rc<Tape>,
    branches: Rc<Vec<BranchView>>,
    width: f64,
    scale: f64,
    end_us: u64,
}

#[component]
fn Picture(props: &PictureProps) -> Html {
    let (tape, width) = (&props.tape, props.width);
    let x = |time_us: u64| time_us as f64 / props.end_us.max(1) as f64 * width;
    let others: Vec<&BranchView> = props.branches.iter().filter(|branch| !branch.current).collect();
    html! {
        <svg width={px((width + 2.0 * SIDE) * props.scale)} height={px(62.0 * props.scale)} viewBox={format!("{} 0 {:.1} 62", -SIDE, width + 2.0 * SIDE)} aria-hidden="true">
            <rect class="tape-ground" x="0" y={px(TOP)} width={px(width)} height={px(HEIGHT)} rx="4" />
            { eras(&tape.eras, width, &x) }
            <g>{ for merged(&tape.leaders, &x).iter().map(|(from, to, _)| html! {
                <rect class="tape-leader" x={px(*from)} y={px(TOP + HEIGHT - 4.0)} width={px((to - from).max(1.0))} height="4" rx="1.5" />
            }) }</g>
            { branches(&others, width, &x, &props.ui) }
            <g>{ for thinned(&tape.marks, &x).into_iter().map(mark) }</g>
        </svg>
    }
}

/// The eras, side by side; those that are too narrow to be seen are left to their neighbours.
fn eras(eras: &[Span], width: f64, x: &impl Fn(u64) -> f64) -> Html {
    let mut last_label_end = 0.0;
    merged(eras, x)
        .into_iter()
        .map(|(from, to, span)| {
            let class = classes!("tape-era", tone_class(span.tone));
            // Roughly what a label takes; it is left out where it would run into the one before it.
            let label_width = span.label.chars().count() as f64 * 7.2 + 8.0;
            let label = (from >= last_label_end && from + label_width * 0.6 < width && to - from > label_width * 0.8)
                .then(|| span.label.clone());
            if label.is_some() {
                last_label_end = from + label_width;
            }
            html! {
                <g>
                    <rect {class} x={px(from)} y={px(TOP)} width={px((to - from - 1.5).max(1.0))} height={px(HEIGHT)} rx="3" />
                    if let Some(label) = label { <text class="tape-label" x={px(from + 4.0)} y="13">{ label }</text> }
                </g>
            }
        })
        .collect()
}

/// Spans in pixels, without those that are narrower than one.
fn merged<'a>(spans: &'a [Span], x: &impl Fn(u64) -> f64) -> Vec<(f64, f64, &'a Span)> {
    let mut list: Vec<(f64, f64, &Span)> = Vec::new();
    for span in spans {
        let (from, to) = (x(span.from_us), x(span.to_us));
        match list.last_mut() {
            Some(last) if to - last.0 < 1.5 => last.1 = to,
            _ => list.push((from, to, span)),
        }
    }
    list
}

/// Marks in pixels, at most one for each place and kind.
fn thinned<'a>(marks: &'a [Mark], x: &impl Fn(u64) -> f64) -> Vec<(f64, &'a Mark)> {
    let mut list: Vec<(f64, &Mark)> = Vec::new();
    for mark in marks.iter().filter(|mark| mark.kind != MarkKind::Milestone) {
        let at = x(mark.time_us);
        let near = list.iter().rev().take_while(|(other, _)| at - other < 4.0);
        if !near.into_iter().any(|(_, other)| other.kind == mark.kind) {
            list.push((at, mark));
        }
    }
    list
}

fn mark((x, mark): (f64, &Mark)) -> Html {
    let middle = TOP + HEIGHT / 2.0 - 2.0;
    let (class, path) = match mark.kind {
        MarkKind::Crash => ("tape-mark is-bad", "m-4.5-4.5 9 9m0-9-9 9"),
        MarkKind::Restart => ("tape-mark is-good", "M0-5v10M-5 0h10"),
        MarkKind::Network => ("tape-mark", "M-1.500-7v14M1.500-7v14"),
        MarkKind::Intervention => ("tape-mark", "M0-5 5 0 0 5-5 0z"),
        MarkKind::Violation => ("tape-mark is-bad is-filled", "M0-7 7 6H-7z"),
        MarkKind::Milestone => return Html::default(),
    };
    html! { <path {class} transform={format!("translate({x:.1} {middle:.1})")} d={path} /> }
}

/// The other branches, as lines that leave the tape where they part from it.
fn branches(others: &[&BranchView], width: f64, x: &impl Fn(u64) -> f64, ui: &Ui) -> Html {
    let row = |(row, branch): (usize, &&BranchView)| {
        let from = x(branch.parts_us).clamp(0.0, width - 20.0);
        let y = TOP + HEIGHT + 8.0 + row as f64 * 13.0;
        let end = x(branch.end_us).clamp(from + 26.0, width);
        let name = branch_name(branch, ui.lang);
        // The name stands behind the line, or before its beginning where there is no room behind it.
        let name_width = name.chars().count() as f64 * 6.8;
        let (text_x, anchor) = if end + name_width + 8.0 < width {
            (end + 6.0, "start")
        } else if from > name_width {
            (from - 4.0, "end")
        } else {
            // There is room on neither side: it interrupts the line.
            (end - 12.0, "end")
        };
        let onpointerdown = {
            let (ui, id) = (ui.clone(), branch.id);
            Callback::from(move |event: PointerEvent| {
                event.stop_propagation();
                ui.play(Command::Switch(id));
            })
        };
        html! {
            <g class="tape-branch" {onpointerdown}>
                <path d={format!("M{from:.1} {t}C{a:.1} {y:.1} {a:.1} {y:.1} {b:.1} {y:.1}H{end:.1}", t = TOP + HEIGHT, a = from + 6.0, b = from + 16.0)} />
                <text x={px(text_x)} y={px(y + 4.0)} text-anchor={anchor}>{ name }</text>
            </g>
        }
    };
    others.iter().enumerate().take(BRANCH_ROWS).map(row).collect()
}
