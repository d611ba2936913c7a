//! A command for a client, or a request to a node, typed as text.

use yew::prelude::*;

use super::{DialogFrame, on_submit, value};
use crate::protocol::{ClientId, NodeId};
use crate::scene::{Action, Command, Prompt};
use crate::sim::Intervention;
use crate::ui::ask::{Ask, Dialog, Ui};
use crate::{say, word};

/// Whom the text is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Receiver {
    /// A client issues a command.
    Client(ClientId),
    /// An operator asks a node.
    Node(NodeId),
}

impl Receiver {
    fn action(self, text: String) -> Action {
        match self {
            Receiver::Client(client) => Intervention::Command { client, command: text },
            Receiver::Node(node) => Intervention::Operation { node, operation: text },
        }
    }
}

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct CommandProps {
    /// Language and wishes.
    pub ui: Ui,
    /// Whom it is for.
    pub receiver: Receiver,
    /// How many clients there are to choose from.
    pub clients: u16,
    /// Examples.
    pub prompts: Vec<Prompt>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
}

/// The dialog.
#[component]
pub fn CommandDialog(props: &CommandProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let text = use_state(|| props.prompts.first().map(|prompt| prompt.example.clone()).unwrap_or_default());
    let title = match props.receiver {
        Receiver::Client(client) => say!(lang, "Send a command from {}", "由 {} 发送命令", client),
        Receiver::Node(node) => say!(lang, "Ask {} for something", "向 {} 发出请求", node),
    };
    let onsubmit = {
        let (ui, text, receiver) = (ui.clone(), text.clone(), props.receiver);
        on_submit(move || ui.play(Command::Act(receiver.action(text.trim().to_owned()))))
    };
    let oninput = {
        let text = text.clone();
        Callback::from(move |event: InputEvent| text.set(value(&event)))
    };
    let example = |prompt: &Prompt| {
        let (text, words) = (text.clone(), prompt.example.clone());
        let onclick = Callback::from(move |_: MouseEvent| text.set(words.clone()));
        html! {
            <li>
                <button type="button" class="boxed example" {onclick}><code>{ prompt.example.clone() }</code></button>
                <span>{ prompt.label.clone() }</span>
            </li>
        }
    };
    let is_client = matches!(props.receiver, Receiver::Client(_));
    html! {
        <DialogFrame ui={ui.clone()} title={title}>
            if is_client && props.clients > 1 {
                <div class="choice" role="group" aria-label={word!(lang, "Client", "客户端")}>
                    for client in (0..props.clients).map(ClientId) {
                        <button key={client.0} type="button" class="boxed" aria-pressed={(props.receiver == Receiver::Client(client)).to_string()}
                            onclick={ui.on(Ask::Dialog(Dialog::Command(client.0)))}>{ client.to_string() }</button>
                    }
                </div>
            }
            <form {onsubmit}>
                <div class="copy-row">
                    <label class="visually-hidden" for="command-text">{ word!(lang, "Command", "命令") }</label>
                    <input id="command-text" class="code" type="text" autocomplete="off" spellcheck="false" maxlength="200" value={(*text).clone()} {oninput}
                        aria-invalid={props.refusal.is_some().then_some("true")} aria-describedby={props.refusal.is_some().then_some("command-wrong")} />
                    <button type="submit" class="strong">{ word!(lang, "Send", "发送") }</button>
                </div>
                if let Some(refusal) = &props.refusal { <p class="wrong" id="command-wrong" role="alert">{ refusal.clone() }</p> }
            </form>
            <ul class="examples">{ for props.prompts.iter().map(example) }</ul>
        </DialogFrame>
    }
}
