//! The code that ran: the very file that was compiled, fetched when it is wanted, with the lines marked.

use std::borrow::Cow;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::ask::Ui;
use super::dom;
use crate::scene::highlight::{Kind, line as highlight};
use crate::scene::model::SourceSpot;
use crate::word;

/// How many lines are shown around those that ran.
const AROUND: usize = 3;

/// The most lines that are shown.
const LINES_MAX: usize = 24;

/// Files that were fetched already; the page has few of them.
const FILES_KEPT: usize = 16;

/// What the code is shown from.
#[derive(Properties, PartialEq)]
pub struct SourceProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The lines that ran.
    pub spots: Rc<Vec<SourceSpot>>,
}

/// A fetched file, or that it could not be fetched.
type Fetched = Option<Rc<str>>;

/// The code that ran.
#[component]
pub fn Source(props: &SourceProps) -> Html {
    let lang = props.ui.lang;
    let files = use_state(Vec::<(Cow<'static, str>, Fetched)>::new);
    let file = props.spots.first().map(|spot| spot.file.clone());
    {
        let files = files.clone();
        use_effect_with(file.clone(), move |file| {
            let Some(file) = file.clone() else { return };
            if files.iter().any(|(known, _)| *known == file) {
                return;
            }
            spawn_local(async move {
                let text = dom::fetch_text(&format!("source/{file}")).await;
                let mut known: Vec<_> = files.iter().rev().take(FILES_KEPT - 1).rev().cloned().collect();
                known.push((file, text.map(Rc::from)));
                files.set(known);
            });
        });
    }
    let fetched = file.as_ref().and_then(|file| files.iter().find(|(known, _)| known == file));
    let name = file.as_ref().and_then(|file| file.rsplit('/').next()).unwrap_or_default();
    html! {
        <section class="source">
            <header class="panel-head">
                <h2>{ word!(lang, "The code that ran", "运行的代码") }</h2>
                <span class="panel-note" title={file.clone().map(Cow::into_owned)}>{ name }</span>
            </header>
            { match (&file, fetched) {
                (None, _) => html! { <p class="empty">{ word!(lang, "No protocol code ran in this step.", "这一步没有运行协议代码。") }</p> },
                (_, None) => html! { <p class="empty">{ word!(lang, "Fetching the source …", "正在获取源代码……") }</p> },
                (_, Some((_, None))) => html! { <p class="empty">{ word!(lang, "The source of this file is not on this site.", "此站点没有该文件的源代码。") }</p> },
                (Some(file), Some((_, Some(text)))) => lines(text, file, &props.spots),
            } }
        </section>
    }
}

fn lines(text: &str, file: &str, spots: &[SourceSpot]) -> Html {
    let marked: Vec<usize> =
        spots.iter().filter(|spot| spot.file == file).map(|spot| spot.line as usize).collect();
    let first = marked.iter().min().copied().unwrap_or(1).saturating_sub(AROUND).max(1);
    let last = (marked.iter().max().copied().unwrap_or(1) + AROUND).min(first + LINES_MAX - 1);
    let shown: Vec<(usize, &str)> =
        (1..).zip(text.lines()).filter(|(number, _)| (first..=last).contains(number)).collect();
    let indent = shown.iter().filter(|(_, line)| !line.trim().is_empty());
    let indent = indent.map(|(_, line)| line.len() - line.trim_start().len()).min().unwrap_or(0);
    html! {
        <pre tabindex="0"><code>
            for (number, line) in shown {
                <span key={number} class={classes!("line", marked.contains(&number).then_some("is-marked"))}>
                    <span class="line-number">{ number }</span>
                    <span class="line-text">{ tokens(line.get(indent..).unwrap_or_default()) }</span>
                </span>
            }
        </code></pre>
    }
}

fn tokens(line: &str) -> Html {
    let token = |(kind, text): (Kind, &str)| {
        let text = text.to_owned();
        match kind {
            Kind::Plain => html! { { text } },
            Kind::Keyword => html! { <span class="code-keyword">{ text }</span> },
            Kind::Literal => html! { <span class="code-literal">{ text }</span> },
            Kind::Comment => html! { <span class="code-comment">{ text }</span> },
            Kind::Type => html! { <span class="code-type">{ text }</span> },
        }
    };
    highlight(line).into_iter().map(token).collect()
}
