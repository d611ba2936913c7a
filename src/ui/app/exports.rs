//! Saves what somebody wants to have of a run.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::App;
use crate::scene::export::{diagram, mermaid, prometheus, shiviz};
use crate::scene::svg;
use crate::ui::ask::Ask;
use crate::ui::dom;
use crate::ui::export::{Export, Form};
use crate::ui::words;
use crate::word;

/// The most characters that the page puts into one file; the command line writes longer ones.
const CHARS_MAX: usize = 64_000_000;

impl App {
    /// Saves a file, or says why not. Returns whether the page is drawn anew.
    pub(super) fn export(&mut self, ctx: &Context<Self>, export: Export) -> bool {
        let (lang, ui) = (self.ui.lang, self.ui.clone());
        let Some(player) = &self.player else { return false };
        let bench = player.bench();
        let name = format!("{}-{}{}", bench.scenario().replace('/', "-"), bench.cursor(), export.ending());
        let mut text = String::new();
        let mut add = |line: &str| {
            text.push_str(line);
            text.push('\n');
            text.len() < CHARS_MAX
        };
        let mut size = (0.0, 0.0);
        let is_whole = match export {
            Export::Trace => bench.trace(&mut add),
            Export::Shiviz(from, to) => shiviz::write(bench, from, to, lang, &mut add),
            Export::Scenario => add(&bench.json()),
            Export::Metrics => add(prometheus::write(bench).trim_end()),
            Export::Mermaid(from, to) | Export::MermaidToPaste(from, to) => {
                add(mermaid::write(bench, from, to, lang).trim_end())
            }
            Export::Stage(_) => {
                size = (f64::from(svg::SIZE.0), f64::from(svg::SIZE.1));
                add(&svg::draw(&self.shot.stage, self.shot.circle.as_deref().map(|circle| (circle, lang))))
            }
            Export::Diagram(_) => {
                let window = self.diagram.with(|diagram| {
                    (diagram.view.from_us() as u64, (diagram.view.to_us() as u64).min(bench.recorded_us()))
                });
                let (from_us, to_us) = window.unwrap_or_default();
                let picture = diagram::draw(bench, from_us, to_us, lang);
                size = (picture.width, picture.height);
                add(&picture.svg)
            }
        };
        if !is_whole {
            let said = word!(
                lang,
                "This run is too long for one file of a browser; the command line can write it.",
                "这次运行太长，浏览器无法写成一个文件；请使用命令行工具。"
            );
            self.toast(ctx, said.to_owned());
            return true;
        }
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
