//! The seed: another one is another run of the same scenario.

use yew::prelude::*;

use super::{DialogFrame, NumberField, on_submit};
use crate::ui::ask::{Ask, Ui};
use crate::word;

/// The largest seed that is offered; any link may have a larger one.
const SEEDS_OFFERED: f64 = 100_000.0;

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct SeedProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The seed of the open run.
    pub seed: u64,
}

/// The dialog.
#[component]
pub fn SeedDialog(props: &SeedProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let text = use_state(|| props.seed.to_string());
    let seed = text.trim().parse::<u64>().ok();
    let onsubmit = {
        let ui = ui.clone();
        on_submit(move || {
            if let Some(seed) = seed {
                ui.ask(Ask::Reopen(Some(seed)));
            }
        })
    };
    let oninput = {
        let text = text.clone();
        Callback::from(move |typed| text.set(typed))
    };
    let dice = {
        let text = text.clone();
        // Outside of a run, chance is allowed: the page picks the seed.
        Callback::from(move |_: MouseEvent| {
            text.set(((js_sys::Math::random() * SEEDS_OFFERED) as u64).to_string())
        })
    };
    let wrong = seed
        .is_none()
        .then(|| word!(lang, "A seed is a whole number, not negative.", "种子是非负整数。").to_owned());
    html! {
        <DialogFrame ui={ui.clone()} title={word!(lang, "Run with another seed", "更换种子运行")}>
            <p>{ word!(lang,
                "Everything that is left to chance comes from the seed: the same seed is the same run, to the byte.",
                "所有随机都来自种子：同一个种子就是同一次运行，分毫不差。") }</p>
            <form {onsubmit}>
                <NumberField id="seed" label={word!(lang, "Seed", "种子")} value={(*text).clone()} {wrong} {oninput} />
                <div class="button-row">
                    <button type="button" class="boxed" onclick={dice}>{ word!(lang, "Draw one", "随机抽取") }</button>
                    <button type="submit" class="strong">{ word!(lang, "Start the run", "开始运行") }</button>
                </div>
            </form>
        </DialogFrame>
    }
}
