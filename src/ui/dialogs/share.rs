//! Sharing: the link that is the exact run, and the run as a file.

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
    let field = use_node_ref();
    let copied = use_state_eq(|| false);
    let copy = {
        let (address, field, copied, ui) =
            (props.address.clone(), field.clone(), copied.clone(), props.ui.clone());
        Callback::from(move |_: MouseEvent| {
            let (address, field, copied, ui) = (address.clone(), field.clone(), copied.clone(), ui.clone());
            spawn_local(async move {
                if dom::copy(&address).await {
                    copied.set(true);
                } else {
                    // The browser does not let the page copy: the reader can.
                    if let Some(field) = field.cast::<HtmlInputElement>() {
                        field.select();
                    }
                    let text = word!(
                        ui.lang,
                        "Copy the marked link with your keyboard.",
                        "请用键盘复制选中的链接。"
                    );
                    ui.ask(Ask::Say(text.to_owned()));
                }
            });
        })
    };
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
    let onfocus = {
        let field = field.clone();
        Callback::from(move |_: FocusEvent| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                field.select();
            }
        })
    };
    html! {
        <DialogFrame ui={props.ui.clone()} title={word!(lang, "Share this run", "分享这次运行")}>
            <p>{ word!(lang,
                "The link is the exact run, paused at this very step. Whoever opens it sees the same bytes.",
                "链接就是这次运行本身，停在当前这一步。打开链接的人会看到完全相同的运行。") }</p>
            <div class="copy-row">
                <label class="visually-hidden" for="share-link">{ word!(lang, "Link", "链接") }</label>
                <input id="share-link" ref={field} type="text" readonly=true value={props.address.clone()} {onfocus} />
                <button type="button" class="strong" onclick={copy}>
                    { if *copied { word!(lang, "Copied", "已复制") } else { word!(lang, "Copy link", "复制链接") } }
                </button>
            </div>
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
            <Exports ui={props.ui.clone()} cursor={props.cursor} recorded={props.recorded} />
        </DialogFrame>
    }
}
