//! The part of the sharing dialog that saves a run for other tools.

use yew::prelude::*;

use super::NumberField;
use crate::scene::export::mermaid;
use crate::ui::ask::{Ask, Ui};
use crate::ui::export::{Export, Form};
use crate::{say, word};

/// How many steps up to the cursor a diagram or log tells at first.
const STEPS_AT_FIRST: u32 = 40;

/// The most steps of a log with vector clocks: what draws it gets slow long before.
const LOG_STEPS_MAX: u32 = 10_000;

/// What it is drawn from.
#[derive(Properties, PartialEq)]
pub struct ExportsProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The cursor.
    pub cursor: u32,
    /// How many steps are recorded.
    pub recorded: u32,
}

/// What can be saved.
#[component]
pub fn Exports(props: &ExportsProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let from = use_state_eq(|| (props.cursor.saturating_sub(STEPS_AT_FIRST - 1)).max(1).to_string());
    let to = use_state_eq(|| props.cursor.max(1).to_string());
    let recorded = props.recorded;
    let first = step(&from, 1, recorded);
    let last = step(&to, first.unwrap_or(1), recorded);
    let wrong = |step: Option<u32>, least: u32| {
        step.is_none().then(|| {
            say!(lang, "A step from {} to {}.", "请输入 {} 到 {} 之间的步骤。", least, recorded.max(least))
        })
    };
    let steps = first.zip(last);
    let count = steps.map_or(0, |(first, last)| last - first + 1);
    let save = |what: &'static str, label: &'static str, export: Option<Export>| {
        let onclick = export.map(|export| ui.on(Ask::Export(export)));
        html! {
            <button type="button" class="boxed" aria-label={label} disabled={onclick.is_none()} {onclick}>{ what }</button>
        }
    };
    let line = |name: &'static str, hint: &'static str, buttons: Html| {
        html! {
            <li>
                <span>{ name }<small>{ hint }</small></span>
                <span class="exports-buttons">{ buttons }</span>
            </li>
        }
    };
    let word_save = word!(lang, "Save", "保存");
    let mermaid = steps.filter(|_| count <= mermaid::STEPS_MAX);
    let log = steps.filter(|_| count <= LOG_STEPS_MAX);
    html! {
        <>
            <h3>{ word!(lang, "Pictures and files", "图片与文件") }</h3>
            <ul class="exports">
                { line(word!(lang, "Stage", "舞台"), word!(lang, "as it stands", "当前状态"), html! { <>
                    { save("SVG", word!(lang, "Save the stage as SVG", "将舞台保存为 SVG"), Some(Export::Stage(Form::Svg))) }
                    { save("PNG", word!(lang, "Save the stage as PNG", "将舞台保存为 PNG"), Some(Export::Stage(Form::Png))) }
                </> }) }
                { line(word!(lang, "Space-time diagram", "时空图"), word!(lang, "the part in its window", "窗口中的部分"), html! { <>
                    { save("SVG", word!(lang, "Save the diagram as SVG", "将时空图保存为 SVG"), Some(Export::Diagram(Form::Svg))) }
                    { save("PNG", word!(lang, "Save the diagram as PNG", "将时空图保存为 PNG"), Some(Export::Diagram(Form::Png))) }
                </> }) }
                { line(word!(lang, "Trace", "跟踪"), word!(lang, "every step so far, NDJSON", "到目前为止的每一步，NDJSON"),
                    save(word_save, word!(lang, "Save the trace", "保存跟踪"), Some(Export::Trace))) }
                { line(word!(lang, "Metrics", "指标"), word!(lang, "so far, for Prometheus", "到目前为止，供 Prometheus 使用"),
                    save(word_save, word!(lang, "Save the metrics", "保存指标"), Some(Export::Metrics))) }
            </ul>
            <h3>{ word!(lang, "Some of the steps", "部分步骤") }</h3>
            <div class="exports-steps">
                <NumberField id="export-from" label={word!(lang, "From step", "从步骤")} value={(*from).clone()}
                    wrong={wrong(first, 1)} oninput={Callback::from(move |text| from.set(text))} />
                <NumberField id="export-to" label={word!(lang, "To step", "到步骤")} value={(*to).clone()}
                    wrong={wrong(last, first.unwrap_or(1))} oninput={Callback::from(move |text| to.set(text))} />
            </div>
            <ul class="exports">
                { line(word!(lang, "Sequence diagram", "时序图"), word!(lang, "Mermaid, at most 500 steps", "Mermaid，最多 500 步"), html! { <>
                    { save(word!(lang, "Copy", "复制"), word!(lang, "Copy the sequence diagram", "复制时序图"), mermaid.map(|(from, to)| Export::MermaidToPaste(from, to))) }
                    { save(word_save, word!(lang, "Save the sequence diagram", "保存时序图"), mermaid.map(|(from, to)| Export::Mermaid(from, to))) }
                </> }) }
                { line(word!(lang, "Log with vector clocks", "带向量时钟的日志"), word!(lang, "ShiViz, at most 10,000 steps", "ShiViz，最多 10,000 步"),
                    save(word_save, word!(lang, "Save the log with vector clocks", "保存带向量时钟的日志"), log.map(|(from, to)| Export::Shiviz(from, to)))) }
            </ul>
        </>
    }
}

/// The step that somebody typed, if there is one of this number.
fn step(text: &str, least: u32, recorded: u32) -> Option<u32> {
    text.trim().parse().ok().filter(|step| (least..=recorded).contains(step))
}
