//! Two branches side by side: where they part, and what differs at the cursor.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::ask::{Ask, Ui};
use super::branches::branch_name;
use crate::lang::time;
use crate::scene::compare::{Comparison, Difference};
use crate::scene::model::BranchView;
use crate::scene::{Command, Lang, Selection, svg};
use crate::{say, word};

/// The comparison of the branch that is shown with another one.
pub fn view(ui: &Ui, comparison: Option<&Comparison>, branches: &[BranchView], other: u32) -> Html {
    let lang = ui.lang;
    let name =
        |branch: Option<&BranchView>| branch.map(|branch| branch_name(branch, lang)).unwrap_or_default();
    let names = [
        name(branches.iter().find(|branch| branch.current)),
        name(branches.iter().find(|branch| branch.id == other)),
    ];
    html! {
        <div class="compare">
            { chooser(ui, branches, other) }
            if let Some(comparison) = comparison {
                <p>
                    { say!(lang, "They are the same for {} steps and part at {}.", "前 {} 步相同，在 {} 分开。",
                        comparison.common_steps, time(comparison.parts_us, lang)) }
                </p>
                <div class="compare-pair">
                    for (at, name) in names.iter().enumerate() { { side(name, comparison, at, lang) } }
                </div>
                <button type="button" class="plain" onclick={ui.on_play(Command::SeekTo(comparison.common_steps))}>
                    { word!(lang, "Go to where they part", "跳到分开的地方") }
                </button>
                <h2>{ say!(lang, "Different at {}", "在 {} 的差别", time(comparison.at_us, lang)) }</h2>
                if comparison.differences.is_empty() {
                    <p class="empty">{ word!(lang, "All nodes are in the same state.", "所有节点的状态相同。") }</p>
                } else {
                    <table class="differences">
                        <thead><tr>
                            <td></td><th scope="col">{ names[0].clone() }</th><th scope="col">{ names[1].clone() }</th>
                        </tr></thead>
                        <tbody>{ for comparison.differences.iter().map(|one| difference(ui, one)) }</tbody>
                    </table>
                }
            }
        </div>
    }
}

fn chooser(ui: &Ui, branches: &[BranchView], other: u32) -> Html {
    let lang = ui.lang;
    let onchange = {
        let ui = ui.clone();
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            if let Some(branch) = select.and_then(|select| select.value().parse().ok()) {
                ui.ask(Ask::Compare(branch));
            }
        })
    };
    html! {
        <label class="compare-with">
            { word!(lang, "Compare with", "对比") }{ " " }
            <select {onchange}>
                for branch in branches.iter().filter(|branch| !branch.current) {
                    <option key={branch.id} value={branch.id.to_string()} selected={branch.id == other}>
                        { branch_name(branch, lang) }
                    </option>
                }
            </select>
        </label>
    }
}

/// One of the two, in small.
fn side(name: &str, comparison: &Comparison, at: usize, lang: Lang) -> Html {
    let (Some(stage), first) = (comparison.stages.get(at), comparison.first.get(at)) else {
        return Html::default();
    };
    let circle = comparison.circles.get(at).and_then(Option::as_deref);
    let picture = js_sys::encode_uri_component(&svg::draw_small(stage, circle.map(|circle| (circle, lang))));
    html! {
        <figure>
            <img src={format!("data:image/svg+xml,{picture}")} alt={stage.headline.clone()} />
            <figcaption>
                <strong>{ name.to_owned() }</strong>
                if let Some(Some(first)) = first { { " " }{ first.text.clone() } }
            </figcaption>
        </figure>
    }
}

fn difference(ui: &Ui, one: &Difference) -> Html {
    html! {
        <tr>
            <th scope="row">
                <button type="button" class="row-name" onclick={ui.on_select(Selection::Party(one.address))}>{ one.party.clone() }</button>
                { " " }{ one.field.clone() }
            </th>
            <td>{ one.values[0].clone() }</td>
            <td>{ one.values[1].clone() }</td>
        </tr>
    }
}
