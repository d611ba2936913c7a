//! The clock of a node: how far it is off, and how fast it runs.

use yew::prelude::*;

use super::{DialogFrame, NumberField, on_submit};
use crate::protocol::NodeId;
use crate::scene::Command;
use crate::sim::Intervention;
use crate::ui::ask::Ui;
use crate::{say, word};

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct ClockProps {
    /// Language and wishes.
    pub ui: Ui,
    /// Whose clock.
    pub node: NodeId,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
}

/// The dialog.
#[component]
pub fn ClockDialog(props: &ClockProps) -> Html {
    let (ui, lang, node) = (&props.ui, props.ui.lang, props.node);
    let skew = use_state(|| "0".to_owned());
    let drift = use_state(|| "0".to_owned());
    let not_a_number = || word!(lang, "This is not a number.", "这不是数字。").to_owned();
    let skew_us = skew.trim().parse::<f64>().ok().map(|ms| (ms * 1000.0) as i64);
    let drift_ppm = drift.trim().parse::<i32>().ok();
    let onsubmit = {
        let ui = ui.clone();
        on_submit(move || {
            if let (Some(skew_us), Some(drift_ppm)) = (skew_us, drift_ppm) {
                ui.play(Command::Act(Intervention::Clock { node, skew_us, drift_ppm }));
            }
        })
    };
    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |text| state.set(text))
    };
    html! {
        <DialogFrame ui={ui.clone()} title={say!(lang, "The clock of {}", "{} 的时钟", node)}>
            <form {onsubmit}>
                <NumberField id="clock-skew" label={word!(lang, "Ahead of true time by", "比真实时间快")} unit={word!(lang, "ms", "毫秒")}
                    value={(*skew).clone()} wrong={skew_us.is_none().then(not_a_number)} oninput={set(&skew)} />
                <NumberField id="clock-drift" label={word!(lang, "Runs faster by", "走时偏快")} unit="ppm"
                    value={(*drift).clone()} wrong={drift_ppm.is_none().then(not_a_number)} oninput={set(&drift)} />
                if let Some(refusal) = &props.refusal { <p class="wrong" role="alert">{ refusal.clone() }</p> }
                <div class="button-row"><button type="submit" class="strong">{ word!(lang, "Set the clock", "设置时钟") }</button></div>
            </form>
        </DialogFrame>
    }
}
