//! What the reader did in this branch: where to find it, and how to take it out again.

use yew::prelude::*;

use super::DialogFrame;
use crate::lang::time;
use crate::scene::Command;
use crate::scene::model::Deed;
use crate::ui::ask::Ui;
use crate::ui::words;
use crate::word;

/// The dialog.
pub fn dialog(ui: &Ui, deeds: &[Deed]) -> Html {
    let lang = ui.lang;
    html! {
        <DialogFrame ui={ui.clone()} title={word!(lang, "What you did", "你的操作")}>
            <p class="hint">{ word!(lang,
                "To take something out opens a branch without it. What you did later is done again there, as far as it still can be.",
                "撤去一项操作会打开一条没有它的分支；之后的操作会在那里尽可能重做。") }</p>
            <ul class="deeds">
                for deed in deeds {
                    <li key={deed.step}>
                        <button type="button" class="plain" onclick={ui.on_play(Command::SeekTo(deed.step))}>
                            <span class="figures">{ words::step(deed.step, lang) }{ " · " }{ time(deed.time_us, lang) }</span>
                            <span>{ deed.text.clone() }</span>
                        </button>
                        <button type="button" class="boxed" onclick={ui.on_play(Command::Undo(deed.step))}>
                            { word!(lang, "Take out", "撤去") }
                        </button>
                    </li>
                }
            </ul>
            if deeds.is_empty() {
                <p class="empty">{ word!(lang, "You have not done anything in this branch yet.", "你还没有在这条分支中做任何操作。") }</p>
            }
        </DialogFrame>
    }
}
