//! The top of the page: which protocol, which scenario, and what holds for the whole page.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::ask::{Ask, Dialog, Ui};
use super::catalogue::Card;
use super::dialogs::setup;
use super::dom;
use super::icons::{Icon, icon, lamp};
use crate::lang::Lang;
use crate::word;

/// What the bar is drawn from.
#[derive(Properties, PartialEq)]
pub struct TopBarProps {
    /// Language and wishes.
    pub ui: Ui,
    /// All scenarios.
    pub cards: Rc<Vec<Card>>,
    /// The protocol that is open.
    pub protocol: AttrValue,
    /// The scenario that is open.
    pub scenario: AttrValue,
    /// How many nodes there are.
    pub nodes: u16,
    /// Whether the page is shown to a room.
    pub presents: bool,
}

/// The bar.
#[component]
pub fn TopBar(props: &TopBarProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let mut protocols: Vec<(AttrValue, AttrValue)> = Vec::new();
    for card in props.cards.iter() {
        if !protocols.iter().any(|(name, _)| *name == card.protocol) {
            protocols.push((card.protocol.clone(), card.protocol_title.clone()));
        }
    }
    let tab = |(protocol, title): &(AttrValue, AttrValue)| {
        let first =
            props.cards.iter().find(|card| card.protocol == *protocol).map(|card| card.id.to_string());
        let current = *protocol == props.protocol;
        let onclick = first.map(|id| ui.on(Ask::Open(id)));
        html! {
            <button type="button" class="protocol" aria-current={current.then_some("true")} {onclick}>
                { title }
            </button>
        }
    };
    let choose_protocol = {
        let (ui, cards) = (ui.clone(), props.cards.clone());
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let first = select.and_then(|select| {
                let value = select.value();
                cards.iter().find(|card| card.protocol == value.as_str()).map(|card| card.id.to_string())
            });
            if let Some(id) = first {
                ui.ask(Ask::Open(id));
            }
        })
    };
    let other = lang.other();
    let list = use_node_ref();
    dom::use_choice(&list, &props.protocol);
    html! {
        <header class="top-bar">
            <h1 class="sign">{ lamp() }<span>{ "Lamplight" }</span></h1>
            <nav class="protocols" aria-label={word!(lang, "Protocols", "协议")}>
                for protocol in &protocols { { tab(protocol) } }
            </nav>
            <label class="protocol-picker">
                <span class="visually-hidden">{ word!(lang, "Protocol", "协议") }</span>
                <select ref={list} onchange={choose_protocol}>
                    for (protocol, title) in &protocols {
                        <option key={protocol.to_string()} value={protocol.clone()} selected={*protocol == props.protocol}>{ title }</option>
                    }
                </select>
            </label>
            <ScenarioPicker ui={ui.clone()} cards={props.cards.clone()} protocol={props.protocol.clone()} scenario={props.scenario.clone()} />
            <button type="button" class="boxed nodes" aria-haspopup="dialog" onclick={ui.on(Ask::Dialog(Dialog::Setup))}
                title={word!(lang, "What the run starts from: nodes and options", "运行的起始设置：节点与选项")}>
                { setup::label(props.nodes, lang) }
            </button>
            <span class="spacer"></span>
            <a class="boxed lessons" href={lessons(lang)} title={word!(lang, "Lessons: a text beside a living cluster", "课程：正文旁边是一个真实运行的集群")}>
                { word!(lang, "Learn", "学习") }
            </a>
            <button type="button" class="boxed present" aria-pressed={props.presents.to_string()} onclick={ui.on(Ask::Present)}
                aria-label={word!(lang, "Presentation", "演示")} title={word!(lang, "Presentation: only stage, sentence and transport, in large type (p)", "演示：只显示舞台、说明和播放控制，字体更大（p）")}>
                { icon(Icon::Screen) }
            </button>
            <button type="button" class="boxed" lang={other.tag()} onclick={ui.on(Ask::Lang(other))}
                aria-label={word!(lang, "文 / A: 中文", "文 / A: English")} title={word!(lang, "中文", "English")}>{ "文 / A" }</button>
            <button type="button" class="boxed" aria-haspopup="dialog" onclick={ui.on(Ask::Dialog(Dialog::Settings))}
                aria-label={word!(lang, "Settings", "设置")} title={word!(lang, "Settings: language, theme, motion, units (s)", "设置：语言、主题、动态效果、单位（s）")}>
                { icon(Icon::Gear) }
            </button>
            <button type="button" class="boxed" aria-haspopup="dialog" onclick={ui.on(Ask::Dialog(Dialog::Help))}
                aria-label={word!(lang, "Help and keys", "帮助与快捷键")} title={word!(lang, "Help and keys (?)", "帮助与快捷键（?）")}>
                { icon(Icon::Help) }
            </button>
            <button type="button" class="strong" aria-haspopup="dialog" onclick={ui.on(Ask::Dialog(Dialog::Share))}
                title={word!(lang, "A link to this very run and step; pictures and files", "这次运行、这一步的链接；图片与文件")}>
                { word!(lang, "Share run", "分享") }
            </button>
        </header>
    }
}

/// Where the lessons are, beside the page.
pub fn lessons(lang: Lang) -> &'static str {
    word!(lang, "./learn/index.html", "./learn/index.zh.html")
}

#[derive(Properties, PartialEq)]
struct PickerProps {
    ui: Ui,
    cards: Rc<Vec<Card>>,
    protocol: AttrValue,
    scenario: AttrValue,
}

#[component]
fn ScenarioPicker(props: &PickerProps) -> Html {
    let lang = props.ui.lang;
    let onchange = {
        let ui = props.ui.clone();
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            if let Some(select) = select
                && !select.value().is_empty()
            {
                ui.ask(Ask::Open(select.value()));
            }
        })
    };
    let cards: Vec<&Card> = props.cards.iter().filter(|card| card.protocol == props.protocol).collect();
    let known = cards.iter().any(|card| *card.id == *props.scenario);
    let list = use_node_ref();
    dom::use_choice(&list, if known { &props.scenario } else { "" });
    html! {
        <label class="scenario">
            <span class="visually-hidden">{ word!(lang, "Scenario", "场景") }</span>
            <select ref={list} {onchange}>
                if !known {
                    <option value="" selected={true}>{ word!(lang, "A run of its own", "自定义运行") }</option>
                }
                for card in cards {
                    <option key={card.id.to_string()} value={card.id.clone()} selected={card.id == props.scenario} title={card.look_for.clone()}>
                        { card.title.clone() }
                    </option>
                }
            </select>
        </label>
    }
}
