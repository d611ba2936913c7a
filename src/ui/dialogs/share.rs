//! Sharing: the link that is the exact run, the run as a figure in other pages, and as a file.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::DialogFrame;
use super::exports::Exports;
use crate::ui::ask::{Ask, Ui};
use crate::ui::dom;
use crate::ui::export::Export;
use crate::{say, word};

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct ShareProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The whole address.
    pub address: String,
    /// The digest of the run up to the cursor.
    pub digest: u64,
    /// The cursor.
    pub cursor: u32,
    /// How many steps are recorded.
    pub recorded: u32,
}

/// The dialog.
#[component]
pub fn Share(props: &ShareProps) -> Html {
    let lang = props.ui.lang;
    let onchange = {
        let ui = props.ui.clone();
        Callback::from(move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(file) = input.and_then(|input| input.files()).and_then(|files| files.get(0)) {
                let ui = ui.clone();
                dom::read_file(file, move |bytes, length| ui.ask(Ask::OpenFile(bytes, length)));
            }
        })
    };
    let here = dom::address_with("");
    let folder = here.rsplit_once('/').map_or("", |(folder, _)| folder);
    let fragment = props.address.split_once('#').map_or("", |(_, fragment)| fragment);
    // Neither a link nor an address holds what would end an attribute.
    let element = format!(
        r##"<script type="module" src="{folder}/embed/lamplight.js"></script><lamplight-cluster link="#{fragment}"></lamplight-cluster>"##
    );
    let preview = format!("{folder}/embed.html#{fragment}");
    let frame = format!(r#"<iframe src="{preview}" title="Lamplight" width="100%" height="640"></iframe>"#);
    html! {
        <DialogFrame ui={props.ui.clone()} title={word!(lang, "Share this run", "分享这次运行")}>
            <p>{ word!(lang,
                "The link is the exact run, paused at this very step. Whoever opens it sees the same bytes.",
                "链接就是这次运行本身，停在当前这一步。打开链接的人会看到完全相同的运行。") }</p>
            <CopyRow ui={props.ui.clone()} id="share-link" text={props.address.clone()} is_strong=true
                name={word!(lang, "Link", "链接")} button={word!(lang, "Copy link", "复制链接")} />
            <p class="hint figures">
                { say!(lang, "{} characters", "{} 个字符", props.address.chars().count()) }{ " · " }
                <span title={word!(lang, "Equal digests are equal runs, to the byte", "摘要相同，运行就逐字节相同")}>
                    { say!(lang, "digest {:016x}", "摘要 {:016x}", props.digest) }
                </span>
            </p>
            <div class="button-row">
                <label class="boxed file">
                    <input type="file" accept=".json,.ndjson,application/json" class="visually-hidden" {onchange} />
                    { word!(lang, "Open a scenario file …", "打开场景文件……") }
                </label>
                <button type="button" class="boxed" onclick={props.ui.on(Ask::Export(Export::Scenario))}>{ word!(lang, "Save as a scenario file", "保存为场景文件") }</button>
            </div>
            <h3>{ word!(lang, "In your own page", "放进你自己的页面") }</h3>
            <p>{ word!(lang,
                "As a living figure: an element where scripts are allowed, a frame elsewhere.",
                "作为可操作的图示：允许脚本的地方用元素，其他地方用框架。") }{ " " }
                <a href={preview} target="_blank" rel="noopener">{ word!(lang, "Preview", "预览") }</a>{ " · " }
                <a href={format!("{folder}/gallery.html?lang={}", lang.tag())} target="_blank" rel="noopener">{ word!(lang, "Examples", "示例") }</a>
            </p>
            <CopyRow ui={props.ui.clone()} id="share-element" text={element} is_strong=false
                name={word!(lang, "Element", "元素")} button={word!(lang, "Copy element", "复制元素")} />
            <CopyRow ui={props.ui.clone()} id="share-frame" text={frame} is_strong=false
                name={word!(lang, "Frame", "框架")} button={word!(lang, "Copy frame", "复制框架")} />
            <Exports ui={props.ui.clone()} cursor={props.cursor} recorded={props.recorded} />
        </DialogFrame>
    }
}

#[derive(Properties, PartialEq)]
struct CopyRowProps {
    ui: Ui,
    id: &'static str,
    name: &'static str,
    button: &'static str,
    text: String,
    is_strong: bool,
}

/// A text that can be copied.
#[component]
fn CopyRow(props: &CopyRowProps) -> Html {
    let lang = props.ui.lang;
    let field = use_node_ref();
    let copied = use_state_eq(|| false);
    let onclick = {
        let (text, field, copied, ui) = (props.text.clone(), field.clone(), copied.clone(), props.ui.clone());
        Callback::from(move |_: MouseEvent| {
            let (text, field, copied, ui) = (text.clone(), field.clone(), copied.clone(), ui.clone());
            spawn_local(async move {
                if dom::copy(&text).await {
                    copied.set(true);
                } else {
                    // The browser does not let the page copy: the reader can.
                    if let Some(field) = field.cast::<HtmlInputElement>() {
                        field.select();
                    }
                    let text = word!(
                        ui.lang,
                        "Copy the marked text with your keyboard.",
                        "请用键盘复制选中的文字。"
                    );
                    ui.ask(Ask::Say(text.to_owned()));
                }
            });
        })
    };
    let onfocus = {
        let field = field.clone();
        Callback::from(move |_: FocusEvent| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                field.select();
            }
        })
    };
    html! {
        <div class="copy-row">
            <label class="visually-hidden" for={props.id}>{ props.name }</label>
            <input id={props.id} ref={field} type="text" readonly=true value={props.text.clone()} {onfocus} />
            <button type="button" class={if props.is_strong { "strong" } else { "boxed" }} {onclick}>
                { if *copied { word!(lang, "Copied", "已复制") } else { props.button } }
            </button>
        </div>
    }
}
