//! Help: how to read the pictures, and the keys.

use yew::prelude::*;

use super::DialogFrame;
use crate::lang::Language;
use crate::ui::ask::Ui;
use crate::ui::keys;
use crate::ui::top_bar::lessons;
use crate::word;

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct HelpProps {
    /// Language and wishes.
    pub ui: Ui,
}

/// The dialog.
#[component]
pub fn Help(props: &HelpProps) -> Html {
    let lang = props.ui.lang;
    html! {
        <DialogFrame ui={props.ui.clone()} title={word!(lang, "Help and keys", "帮助与快捷键")}>
            <p>{ word!(lang, "New to these protocols? The ", "初次接触这些协议？") }
                <a href={lessons(lang)}>{ word!(lang, "lessons", "课程") }</a>
                { word!(lang, " begin with nothing but a few servers.", "从几台服务器讲起。") }
            </p>
            <h3>{ word!(lang, "How to read it", "如何阅读") }</h3>
            <ul class="legend">
                <li>{ word!(lang,
                    "Amber is what to look at: who leads, where the cursor is, and Play.",
                    "琥珀色是该看的地方：领导者、光标、播放按钮。") }</li>
                <li>{ word!(lang,
                    "A disc with a letter is a message; a hollow one is an answer; a dashed red line that ends in a cross was lost.",
                    "带字母的圆是消息；空心的是应答；以叉结尾的红色虚线表示已丢失。") }</li>
                <li>{ word!(lang,
                    "A filled cell of a log is committed; an outlined one is not.",
                    "日志中填充的格子已提交；空心的尚未提交。") }</li>
                <li>{ word!(lang,
                    "The arc around a node is its timer: when it is gone, the timer expires.",
                    "节点外的弧线是定时器：弧线走完时定时器到期。") }</li>
                <li>{ word!(lang,
                    "Press a chosen node or message again, or use the right button or Enter, to see what can be done with it. Drag across the stage to cut the network in two.",
                    "再次点击已选的节点或消息，或按右键、回车键，可查看能做的操作。在舞台上拖动可把网络切成两半。") }</li>
            </ul>
            <h3>{ word!(lang, "Keys", "快捷键") }</h3>
            <dl class="keys">
                for (keys, english, chinese) in keys::LIST {
                    <dt>{ for keys.split(' ').map(|key| html! { <kbd>{ key }</kbd> }) }</dt>
                    <dd>{ match lang.language { Language::En => english, Language::Zh => chinese } }</dd>
                }
            </dl>
        </DialogFrame>
    }
}
