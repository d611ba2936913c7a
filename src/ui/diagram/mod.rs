//! The space-time diagram: a lane for each party, time runs down, messages are slanted lines.
//!
//! It is painted on a canvas, and only what lies in the window is asked for. The story lists the same events
//! as text.

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::ask::{Ask, Ui};
use super::dom;
use super::icons::{Icon, icon};
use super::shared::Shared;
use crate::scene::Command;
use crate::scene::viewport::Viewport;
use crate::word;

pub use state::Diagram;

pub use search::FIELD_ID as SEARCH_ID;

mod paint;
mod search;
mod state;

/// What the diagram is drawn from; what it shows is in the shared state.
#[derive(Properties, PartialEq)]
pub struct DiagramProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The state, painted by the animation loop.
    pub diagram: Shared<Diagram>,
}

/// The diagram.
#[component]
pub fn DiagramView(props: &DiagramProps) -> Html {
    let frame = use_node_ref();
    let canvas = use_node_ref();
    let heads = use_node_ref();
    let range = use_node_ref();
    let drag = use_mut_ref(|| None::<Drag>);
    let room = dom::use_room(frame.clone());
    let ui = &props.ui;

    {
        let (canvas, heads, range) = (canvas.clone(), heads.clone(), range.clone());
        let (diagram, frame) = (props.diagram.clone(), frame.clone());
        let ui = ui.clone();
        use_effect_with((room, ui.lang), move |(room, _)| {
            let range = range.cast::<Element>();
            diagram.with(|diagram| diagram.attach([&canvas, &heads], range, *room));
            ui.ask(Ask::DiagramMoved);
            // Yew's own wheel listener is passive, and this one has to keep the page from scrolling.
            let wheel = frame.cast::<Element>().map(|element| wheel_listener(&element, diagram.clone(), ui));
            let detached = diagram;
            move || {
                drop(wheel);
                detached.with(Diagram::detach);
            }
        });
    }

    let change = {
        let (diagram, ui) = (props.diagram.clone(), ui.clone());
        move |f: fn(&mut Viewport)| {
            let (diagram, ui) = (diagram.clone(), ui.clone());
            Callback::from(move |_: MouseEvent| {
                diagram.with(|diagram| f(&mut diagram.view));
                ui.ask(Ask::DiagramMoved);
            })
        }
    };
    let follow = {
        let (diagram, ui) = (props.diagram.clone(), ui.clone());
        Callback::from(move |_: MouseEvent| {
            diagram.with(Diagram::follow);
            ui.ask(Ask::DiagramMoved);
        })
    };
    let onkeydown = {
        let (diagram, ui) = (props.diagram.clone(), ui.clone());
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.alt_key() || event.meta_key() {
                return;
            }
            let change: fn(&mut Viewport) = match event.key().as_str() {
                "+" | "=" => |view| view.zoom_here(0.5),
                "-" => |view| view.zoom_here(2.0),
                "ArrowUp" => |view| view.scroll(-0.15),
                "ArrowDown" => |view| view.scroll(0.15),
                "PageUp" => |view| view.scroll(-0.9),
                "PageDown" => |view| view.scroll(0.9),
                _ => return,
            };
            event.prevent_default();
            diagram.with(|diagram| change(&mut diagram.view));
            ui.ask(Ask::DiagramMoved);
        })
    };

    let onpointerdown = {
        let drag = drag.clone();
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                *drag.borrow_mut() = Some(Drag { y: f64::from(event.offset_y()), moved: 0.0 });
            }
        })
    };
    let onpointermove = {
        let (drag, diagram, ui) = (drag.clone(), props.diagram.clone(), ui.clone());
        Callback::from(move |event: PointerEvent| {
            let Ok(mut drag) = drag.try_borrow_mut() else { return };
            let Some(drag) = drag.as_mut() else { return };
            let y = f64::from(event.offset_y());
            drag.moved += (y - drag.y).abs();
            if drag.moved > 3.0 {
                diagram.with(|diagram| diagram.scroll_pixels(drag.y - y));
                ui.ask(Ask::DiagramMoved);
            }
            drag.y = y;
        })
    };
    let onpointerup = {
        let (drag, diagram, ui) = (drag.clone(), props.diagram.clone(), ui.clone());
        Callback::from(move |event: PointerEvent| {
            let ended = drag.borrow_mut().take();
            if ended.is_some_and(|drag| drag.moved <= 3.0) {
                let at = (f64::from(event.offset_x()), f64::from(event.offset_y()));
                if let Some((step, address)) = diagram.with(|diagram| diagram.step_at(at)).flatten() {
                    ui.play(Command::SeekTo(step));
                    ui.play(Command::Select(Some(crate::scene::Selection::Party(address))));
                }
            }
        })
    };
    let onpointerleave = Callback::from(move |_: PointerEvent| *drag.borrow_mut() = None);

    let lang = ui.lang;
    let button = |what: Icon, label: &'static str, onclick: Callback<MouseEvent>| {
        html! {
            <button type="button" class="quiet" aria-label={label} title={label} {onclick}>{ icon(what) }</button>
        }
    };
    let label = word!(
        lang,
        "Space-time diagram; the story lists the same events as text",
        "时空图；“经过”面板以文字列出相同的事件"
    );
    html! {
        <section class="panel diagram" aria-label={word!(lang, "Space and time", "时空图")}>
            <header class="panel-head">
                <h2>{ word!(lang, "Space and time", "时空图") }</h2>
                <span class="panel-note figures" ref={range}></span>
                <span class="panel-tools">
                    { button(Icon::Minus, word!(lang, "Show more time", "缩小"), change(|view| view.zoom_here(2.0))) }
                    { button(Icon::Plus, word!(lang, "Show less time", "放大"), change(|view| view.zoom_here(0.5))) }
                    { button(Icon::Follow, word!(lang, "Follow the cursor", "跟随光标"), follow) }
                </span>
            </header>
            <search::Search ui={ui.clone()} />
            <div class="diagram-frame" ref={frame} tabindex="0" role="group" aria-label={label}
                {onkeydown} {onpointerdown} {onpointermove} {onpointerup} {onpointerleave}>
                <canvas ref={canvas} aria-hidden="true" />
                <canvas ref={heads} class="diagram-heads" aria-hidden="true" />
            </div>
        </section>
    }
}

struct Drag {
    y: f64,
    moved: f64,
}

fn wheel_listener(element: &Element, diagram: Shared<Diagram>, ui: Ui) -> gloo::events::EventListener {
    let options = gloo::events::EventListenerOptions::enable_prevent_default();
    gloo::events::EventListener::new_with_options(element, "wheel", options, move |event| {
        let Some(event) = event.dyn_ref::<web_sys::WheelEvent>() else { return };
        event.prevent_default();
        let line = if event.delta_mode() == 0 { 1.0 } else { 24.0 };
        let delta = event.delta_y() * line;
        diagram.with(|diagram| {
            if event.ctrl_key() || event.shift_key() {
                diagram.zoom_at((delta * 0.004).exp(), f64::from(event.offset_y()));
            } else {
                diagram.scroll_pixels(delta);
            }
        });
        ui.ask(Ask::DiagramMoved);
    })
}
