//! What happened, in words: the current step in one sentence, and the steps before it as a list.

use std::rc::Rc;

use yew::prelude::*;

use super::ask::{Ask, Ui};
use super::words;
use crate::lang::time;
use crate::scene::Command;
use crate::scene::model::Sentence;
use crate::word;

/// The current sentence.
#[derive(Properties, PartialEq)]
pub struct NarrationProps {
    /// Language and wishes.
    pub ui: Ui,
    /// What happened in the current step.
    pub sentence: Option<Rc<Sentence>>,
    /// Whether the reader did it.
    pub is_deed: bool,
}

/// The sentence under the stage.
#[component]
pub fn Narration(props: &NarrationProps) -> Html {
    let lang = props.ui.lang;
    let label = word!(lang, "What happened", "发生了什么");
    html! {
        <section class="narration" aria-label={label}>
            <div class="narration-inside">
                if let Some(sentence) = &props.sentence {
                    <span class="narration-step figures">{ sentence.step }</span>
                    <p>
                        { sentence.text.clone() }
                        if let Some(source) = &sentence.source { { " " }<cite>{ source.clone() }</cite> }
                        if props.is_deed {
                            { " " }
                            <button type="button" class="link-like" onclick={props.ui.on_play(Command::Undo(sentence.step))}>
                                { word!(lang, "Take this out", "撤去这一步") }
                            </button>
                        }
                    </p>
                } else {
                    <span class="narration-step figures">{ "0" }</span>
                    <p>{ word!(lang,
                        "Nothing has happened yet. Press Play, or step with the right arrow key.",
                        "还没有发生任何事。点击播放，或按右方向键单步前进。") }</p>
                }
            </div>
        </section>
    }
}

/// The list of past sentences.
#[derive(Properties, PartialEq)]
pub struct StoryProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The last steps, the latest first.
    pub story: Rc<Vec<Sentence>>,
}

/// The story so far: the text alternative to all pictures.
#[component]
pub fn Story(props: &StoryProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let has_more = props.story.last().is_some_and(|sentence| sentence.step > 1);
    html! {
        <div class="story">
            if props.story.is_empty() {
                <p class="empty">{ word!(lang, "The story begins with the first step.", "故事从第一步开始。") }</p>
            }
            <ol>
                for (at, sentence) in props.story.iter().enumerate() {
                    <StoryLine key={sentence.step} ui={ui.clone()} sentence={sentence.clone()} is_current={at == 0} />
                }
            </ol>
            if has_more {
                <button type="button" class="plain" onclick={ui.on(Ask::MoreStory)}>
                    { word!(lang, "Show earlier steps", "显示更早的步骤") }
                </button>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct StoryLineProps {
    ui: Ui,
    sentence: Sentence,
    is_current: bool,
}

#[component]
fn StoryLine(props: &StoryLineProps) -> Html {
    let sentence = &props.sentence;
    let class = classes!(
        "story-line",
        props.is_current.then_some("is-current"),
        sentence.intervention.then_some("is-intervention")
    );
    html! {
        <li {class}>
            <button type="button" aria-current={props.is_current.then_some("step")}
                onclick={props.ui.on_play(Command::SeekTo(sentence.step))}>
                <span class="story-when figures">{ sentence.step }{ " · " }{ time(sentence.time_us, props.ui.lang) }</span>
                <span>{ sentence.text.clone() }</span>
            </button>
        </li>
    }
}

/// The chain of causes.
#[derive(Properties, PartialEq)]
pub struct WhyProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The step itself first.
    pub causes: Rc<Vec<Sentence>>,
}

/// Why the step happened.
#[component]
pub fn Why(props: &WhyProps) -> Html {
    let lang = props.ui.lang;
    html! {
        <section class="why">
            <h2>{ word!(lang, "Why?", "为什么？") }</h2>
            if props.causes.is_empty() {
                <p class="empty">{ word!(lang, "Nothing has happened yet.", "还没有发生任何事。") }</p>
            }
            <ol>
                for (at, cause) in props.causes.iter().enumerate() {
                    <li key={cause.step} class={classes!((at == 0).then_some("is-current"))}>
                        <button type="button" onclick={props.ui.on_play(Command::SeekTo(cause.step))}>
                            <span class="why-text">{ cause.text.clone() }</span>
                            <span class="why-when figures">
                                { words::step(cause.step, lang) }{ " · " }
                                { time(cause.time_us, lang) }
                            </span>
                        </button>
                    </li>
                }
            </ol>
        </section>
    }
}
