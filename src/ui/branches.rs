//! The branches of a history: acting in the past leaves the old future as one.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::ask::{Ask, Ui};
use crate::lang::time;
use crate::scene::model::BranchView;
use crate::scene::{Command, Lang};
use crate::{say, word};

/// What a branch is called: its own name, else where it came from.
pub fn branch_name(branch: &BranchView, lang: Lang) -> String {
    if !branch.name.is_empty() {
        return branch.name.clone();
    }
    match branch.id {
        0 => word!(lang, "first history", "最初的历史").to_owned(),
        id => say!(lang, "branch {}", "分支 {}", id + 1),
    }
}

/// What the list is drawn from.
#[derive(Properties, PartialEq)]
pub struct BranchesProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The branches.
    pub branches: Rc<Vec<BranchView>>,
}

/// The branches as a list: which one is shown, and what they are called.
#[component]
pub fn Branches(props: &BranchesProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    html! {
        <ul class="branches">
            for branch in props.branches.iter() {
                <li key={branch.id}>
                    <button type="button" class="boxed" aria-pressed={branch.current.to_string()} onclick={ui.on_play(Command::Switch(branch.id))}>
                        { if branch.current { word!(lang, "Shown", "当前") } else { word!(lang, "Show", "显示") } }
                    </button>
                    <input type="text" maxlength="60" value={branch_name(branch, lang)}
                        aria-label={say!(lang, "Name of branch {}", "分支 {} 的名称", branch.id + 1)} onchange={rename(ui, branch.id)} />
                    <span class="figures">
                        { say!(lang, "{} steps, {}", "{} 步，{}", branch.steps, time(branch.end_us, lang)) }
                        if branch.parent.is_some() { { say!(lang, ", from step {}", "，始于第 {} 步", branch.forked_at + 1) } }
                    </span>
                    <span class="branch-tools">
                        if !branch.current {
                            <button type="button" class="link-like" onclick={ui.on(Ask::Compare(branch.id))}>
                                { word!(lang, "Compare", "对比") }
                            </button>
                        }
                        if props.branches.len() > 1 {
                            <button type="button" class="link-like" onclick={ui.on_play(Command::Delete(branch.id))}>
                                { word!(lang, "Delete", "删除") }
                            </button>
                        }
                    </span>
                </li>
            }
        </ul>
    }
}

fn rename(ui: &Ui, id: u32) -> Callback<Event> {
    let ui = ui.clone();
    Callback::from(move |event: Event| {
        if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) {
            ui.play(Command::Rename(id, input.value()));
        }
    })
}
