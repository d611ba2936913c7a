//! Play, pause, step, seek; how fast; where in the run.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::ask::{Ask, Dialog, Ui};
use super::dom;
use super::icons::{Icon, icon};
use super::motion::Motion;
use super::scrubber::Scrubber;
use super::shared::Shared;
use super::snapshot::Figures;
use super::words;
use crate::lang::time;
use crate::scene::Command;
use crate::scene::model::{BranchView, Tape};
use crate::scene::player::SLOWDOWNS;
use crate::{say, word};

/// What the transport is drawn from.
#[derive(Properties, PartialEq)]
pub struct TransportProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The figures.
    pub figures: Figures,
    /// The scrubber's paint.
    pub tape: Rc<Tape>,
    /// The branches.
    pub branches: Rc<Vec<BranchView>>,
    /// How many things the reader did in this branch.
    pub deeds: usize,
    /// The loop that moves the needle.
    pub motion: Shared<Motion>,
}

/// The transport.
#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let (ui, lang, figures) = (&props.ui, props.ui.lang, props.figures);
    let label = word!(lang, "Transport", "播放控制");
    html! {
        <section class="transport" aria-label={label}>
            <Buttons ui={ui.clone()} is_playing={figures.playing} />
            <SpeedMenu ui={ui.clone()} slowdown={figures.slowdown} />
            <Scrubber ui={ui.clone()} tape={props.tape.clone()} branches={props.branches.clone()}
                cursor={figures.cursor} recorded={figures.recorded} now_us={figures.now_us}
                recorded_us={figures.recorded_us} deeds={props.deeds} motion={props.motion.clone()} />
            <div class="transport-aside">
                <div class="transport-figures figures">
                    <span>
                        <strong>{ words::step(figures.cursor, lang) }</strong>
                        { say!(lang, " of {}", " / {}", figures.recorded) }
                    </span>
                    <span>
                        { time(figures.now_us, lang) }{ " · " }
                        <button type="button" class="link-like" aria-haspopup="dialog" onclick={ui.on(Ask::Dialog(Dialog::Seed))}
                            title={word!(lang, "Another seed, or the same from the start", "更换种子，或从头开始")}>
                            { say!(lang, "seed {}", "种子 {}", figures.seed) }
                        </button>
                        <button type="button" class="quiet" onclick={ui.on(Ask::Reopen(None))}
                            aria-label={word!(lang, "Start again", "重新开始")} title={word!(lang, "Start again", "重新开始")}>
                            { icon(Icon::Reset) }
                        </button>
                    </span>
                </div>
            </div>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct ButtonsProps {
    ui: Ui,
    is_playing: bool,
}

/// The buttons: they stay while the figures beside them change with every step.
#[component]
fn Buttons(props: &ButtonsProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let button = |what: Icon, label: &'static str, keys: &'static str, command: Command| {
        html! {
            <button type="button" class="boxed" aria-label={label} title={format!("{label} ({keys})")}
                onclick={ui.on_play(command)}>{ icon(what) }</button>
        }
    };
    let (play, play_label) = if props.is_playing {
        (Icon::Pause, word!(lang, "Pause", "暂停"))
    } else {
        (Icon::Play, word!(lang, "Play", "播放"))
    };
    let space = word!(lang, "Space", "空格");
    html! {
        <div class="transport-buttons">
            { button(Icon::First, word!(lang, "First step", "第一步"), "Home", Command::First) }
            { button(Icon::MilestoneBack, word!(lang, "Previous milestone", "上一个关键步骤"), "Shift+←", Command::Milestone { forward: false }) }
            { button(Icon::Previous, word!(lang, "One step back", "后退一步"), "←", Command::Step(-1)) }
            <button type="button" class="play" aria-label={play_label} title={format!("{play_label} ({space})")}
                onclick={ui.on_play(Command::PlayPause)}>{ icon(play) }</button>
            { button(Icon::Next, word!(lang, "One step forward", "前进一步"), "→", Command::Step(1)) }
            { button(Icon::MilestoneOn, word!(lang, "Next milestone", "下一个关键步骤"), "Shift+→", Command::Milestone { forward: true }) }
            { button(Icon::Last, word!(lang, "Last step", "最后一步"), "End", Command::Last) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct SpeedProps {
    ui: Ui,
    slowdown: u32,
}

#[component]
fn SpeedMenu(props: &SpeedProps) -> Html {
    let lang = props.ui.lang;
    let onchange = {
        let ui = props.ui.clone();
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            if let Some(slowdown) = select.and_then(|select| select.value().parse().ok()) {
                ui.play(Command::Slowdown(slowdown));
            }
        })
    };
    let list = use_node_ref();
    dom::use_choice(&list, &props.slowdown.to_string());
    html! {
        <label class="speed">
            <span class="visually-hidden">{ word!(lang, "Speed", "速度") }</span>
            <select ref={list} {onchange} title={word!(lang, "Speed against virtual time (j slower, l faster)", "相对虚拟时间的速度（j 减速，l 加速）")}>
                for slowdown in SLOWDOWNS {
                    <option key={slowdown} value={slowdown.to_string()} selected={slowdown == props.slowdown}>{ words::speed(slowdown) }</option>
                }
            </select>
        </label>
    }
}
