//! Saves what somebody wants to have of a run.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::App;
use crate::ui::ask::Ask;
use crate::ui::dom;
use crate::ui::export::{Export, Form};
use crate::ui::words;
use crate::wire::{Export as Wire, Saved};
use crate::word;

/// The most bytes that the page puts into one file; the command line writes longer ones.
const BYTES_MAX: u32 = 64_000_000;

impl App {
    /// Saves a file, or says why not. Returns whether the page is drawn anew.
    pub(super) fn export(&mut self, ctx: &Context<Self>, export: Export) -> bool {
        let (lang, ui) = (self.ui.lang, self.ui.clone());
        let Some(run) = &self.run else { return false };
        let (facts, state) = (run.facts(), run.state());
        let name = format!("{}-{}{}", facts.scenario.replace('/', "-"), state.cursor, export.ending());
        let what = match export {
            Export::Trace => Wire::Trace,
            Export::Shiviz(from, to) => Wire::Shiviz(from, to),
            Export::Scenario => Wire::Scenario,
            Export::Metrics => Wire::Metrics,
            Export::Mermaid(from, to) | Export::MermaidToPaste(from, to) => Wire::Mermaid(from, to),
            Export::Stage(_) => Wire::Stage,
            Export::Diagram(_) => {
                let window = self.diagram.with(|diagram| {
                    (diagram.view.from_us() as u64, (diagram.view.to_us() as u64).min(state.recorded_us))
                });
                let (from_us, to_us) = window.unwrap_or_default();
                Wire::Diagram(from_us, to_us)
            }
        };
        let saved = run.export(what, BYTES_MAX, lang);
        if run.fault().is_some() {
            return true;
        }
        let Some(Saved { text, size }) = saved else {
            let said = word!(
                lang,
                "This run is too long for one file of a browser; the command line can write it.",
                "这次运行太长，浏览器无法写成一个文件；请使用命令行工具。"
            );
            self.toast(ctx, said.to_owned());
            return true;
        };
        let size = size.unwrap_or_default();
        match export {
            Export::MermaidToPaste(..) => spawn_local(async move {
                let said = if dom::copy(&text).await {
                    word!(lang, "The diagram is copied.", "已复制时序图。")
                } else {
                    word!(
                        lang,
                        "The browser does not let the page copy. Save the file instead.",
                        "浏览器不允许复制，请改为保存文件。"
                    )
                };
                ui.ask(Ask::Say(said.to_owned()));
            }),
            Export::Stage(Form::Png) | Export::Diagram(Form::Png) => spawn_local(async move {
                if dom::save_as_png(&name, &text, size).await.is_none() {
                    let said = word!(
                        lang,
                        "The browser could not draw the picture. Save it as SVG instead.",
                        "浏览器无法绘制图片，请改存为 SVG。"
                    );
                    ui.ask(Ask::Say(said.to_owned()));
                }
            }),
            _ => drop(dom::download(&name, export.media_type(), &text)),
        }
        if dom::is_framed() && !matches!(export, Export::MermaidToPaste(..)) {
            self.toast(ctx, words::may_not_save(lang).to_owned());
            return true;
        }
        false
    }
}
