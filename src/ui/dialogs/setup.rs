//! What the run starts from: how many nodes, and the options of the protocol. What is invalid is explained at the
//! field.

use std::collections::BTreeMap;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{DialogFrame, on_submit, value};
use crate::lang::plural;
use crate::scene::Lang;
use crate::scene::settings::{Setting, SettingValue};
use crate::ui::ask::{Ask, Ui};
use crate::wire::WrongSetting;
use crate::{say, word};

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct SetupProps {
    /// Language and wishes.
    pub ui: Ui,
    /// What the run starts from.
    pub known: Vec<Setting>,
    /// What was wrong with the last attempt.
    pub wrong: Rc<Vec<WrongSetting>>,
    /// What else was wrong.
    pub refusal: Option<String>,
}

/// The dialog.
#[component]
pub fn SetupDialog(props: &SetupProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let known = &props.known;
    let typed = use_state(BTreeMap::<String, SettingValue>::new);
    let unreadable = use_state(BTreeMap::<String, String>::new);
    let onsubmit = {
        let (ui, typed, unreadable) = (ui.clone(), typed.clone(), unreadable.clone());
        on_submit(move || {
            if unreadable.is_empty() {
                let changes = typed.iter();
                let changes =
                    changes.map(|(path, value)| Setting { path: path.clone(), value: value.clone() });
                ui.ask(Ask::Rebuild(changes.collect()));
            }
        })
    };
    let set = {
        let (typed, unreadable) = (typed.clone(), unreadable.clone());
        move |path: &str, value: Result<SettingValue, String>| {
            let (mut good, mut bad) = ((*typed).clone(), (*unreadable).clone());
            match value {
                Ok(value) => {
                    bad.remove(path);
                    good.insert(path.to_owned(), value);
                }
                Err(text) => {
                    bad.insert(path.to_owned(), text);
                }
            }
            typed.set(good);
            unreadable.set(bad);
        }
    };
    let field = |setting: &Setting| {
        let path = &setting.path;
        let value = typed.get(path).unwrap_or(&setting.value);
        let wrong = match unreadable.get(path) {
            Some(_) => Some(word!(lang, "A whole number, please.", "请输入整数。").to_owned()),
            None => problems(&props.wrong, path, lang),
        };
        let text = unreadable.get(path).cloned();
        row(path, value, text, wrong, set.clone())
    };
    // What was wrong and has no field of its own, such as two options that do not fit together.
    let paths: Vec<&str> = known.iter().map(|setting| setting.path.as_str()).collect();
    let is_said = |wrong: &WrongSetting| {
        paths.iter().any(|path| path == &wrong.path || wrong.path == format!("options.{path}"))
    };
    let others = props.wrong.iter().filter(|wrong| !is_said(wrong));
    html! {
        <DialogFrame ui={ui.clone()} title={word!(lang, "What the run starts from", "运行的起始设置")}>
            <form class="conditions" {onsubmit}>
                <div class="settings">{ for known.iter().map(field) }</div>
                for other in others {
                    <p class="wrong" role="alert">{ other.text_with_name.clone() }</p>
                }
                if let Some(refusal) = &props.refusal { <p class="wrong" role="alert">{ refusal.clone() }</p> }
                <p class="hint">{ word!(lang,
                    "The run begins again, with the same seed. Network, disks and clients are under “Conditions”, and can change at any moment.",
                    "运行将以相同的种子重新开始。网络、磁盘与客户端在“环境”中设置，可随时更改。") }</p>
                <div class="button-row">
                    <button type="button" class="boxed" onclick={ui.on(Ask::Close)}>{ word!(lang, "Cancel", "取消") }</button>
                    <button type="submit" class="strong" disabled={!unreadable.is_empty()}>{ word!(lang, "Start the run", "开始运行") }</button>
                </div>
            </form>
        </DialogFrame>
    }
}

fn problems(wrong: &[WrongSetting], path: &str, lang: Lang) -> Option<String> {
    let of_path = wrong.iter().filter(|wrong| wrong.path == path);
    let texts: Vec<&str> = of_path.map(|wrong| wrong.text.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join(word!(lang, "; ", "；")))
}

/// A field. Its name is the one of the scenario file, where it can be looked up.
fn row(
    path: &str,
    value_now: &SettingValue,
    text: Option<String>,
    wrong: Option<String>,
    set: impl Fn(&str, Result<SettingValue, String>) + 'static,
) -> Html {
    let name = path.rsplit('.').next().unwrap_or(path).to_owned();
    let id = format!("setting-{name}");
    let wrong_id = format!("{id}-wrong");
    let described = wrong.is_some().then(|| wrong_id.clone());
    let path = path.to_owned();
    let input = match value_now {
        SettingValue::Switch(on) => {
            let onchange = Callback::from(move |event: Event| {
                let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
                set(&path, Ok(SettingValue::Switch(input.is_some_and(|input| input.checked()))));
            });
            html! { <input id={id.clone()} type="checkbox" checked={*on} {onchange} aria-describedby={described} /> }
        }
        SettingValue::Figure(figure) => {
            let oninput = Callback::from(move |event: InputEvent| {
                let text = value(&event);
                set(&path, text.trim().parse().map(SettingValue::Figure).map_err(|_| text));
            });
            let shown = text.unwrap_or_else(|| figure.to_string());
            html! {
                <input id={id.clone()} type="text" inputmode="numeric" autocomplete="off" value={shown} {oninput}
                    aria-invalid={wrong.is_some().then_some("true")} aria-describedby={described} />
            }
        }
        SettingValue::Word(word) => {
            let oninput = Callback::from(move |event: InputEvent| {
                set(&path, Ok(SettingValue::Word(value(&event))));
            });
            html! {
                <input id={id.clone()} type="text" autocomplete="off" value={word.clone()} {oninput}
                    aria-invalid={wrong.is_some().then_some("true")} aria-describedby={described} />
            }
        }
    };
    let switch = matches!(value_now, SettingValue::Switch(_));
    html! {
        <div class={classes!("field", switch.then_some("switch"))}>
            <label for={id}><code>{ name.replace('_', "_\u{200b}") }</code></label>
            <span class="field-input">{ input }</span>
            if let Some(wrong) = wrong { <span class="wrong" id={wrong_id}>{ wrong }</span> }
        </div>
    }
}

/// What the button says that opens the dialog.
pub fn label(nodes: u16, lang: Lang) -> String {
    let s = plural(nodes);
    say!(lang, "{nodes} node{s} …", "{nodes} 个节点……")
}
