//! The inspector: fields before and after the step, why it happened, and the code that ran.

use std::rc::Rc;

use yew::prelude::*;

use super::ask::Ui;
use super::narration::Why;
use super::source::Source;
use crate::protocol::NodeId;
use crate::scene::Command;
use crate::scene::model::{Field, Inspection, Sentence, SourceSpot};
use crate::{say, word};

/// What the inspector is drawn from.
#[derive(Properties, PartialEq)]
pub struct InspectorProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The fields.
    pub inspection: Option<Rc<Inspection>>,
    /// The node that they are of, if they are of one.
    pub node: Option<NodeId>,
    /// Why.
    pub causes: Rc<Vec<Sentence>>,
    /// Where in the source.
    pub spots: Rc<Vec<SourceSpot>>,
}

/// The inspector.
#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let lang = props.ui.lang;
    html! {
        <div class="inspector">
            <section class="fields">
                if let Some(inspection) = &props.inspection {
                    <h2>{ inspection.title.clone() }</h2>
                    <dl>
                        for field in &inspection.fields { { field_view(&props.ui, field, props.node) } }
                    </dl>
                } else {
                    <p class="empty">{ word!(lang,
                        "Choose a node or a message to look inside it.",
                        "选择一个节点或消息，查看其内部状态。") }</p>
                }
            </section>
            <Why ui={props.ui.clone()} causes={props.causes.clone()} />
            <Source ui={props.ui.clone()} spots={props.spots.clone()} />
        </div>
    }
}

/// A field. The name of a node's field leads to the step that gave it its value.
fn field_view(ui: &Ui, field: &Field, node: Option<NodeId>) -> Html {
    let title = (!field.hint.is_empty()).then(|| field.hint.clone());
    let leads = word!(ui.lang, "To the step that gave it this value", "跳到使它变成这个值的那一步");
    let since = node.map(|node| Command::LastChange { node, field: field.name.clone() });
    html! {
        <>
            <dt title={title.clone()}>
                if let Some(since) = since {
                    <button type="button" class="field-name" title={title.is_none().then_some(leads)} onclick={ui.on_play(since)}
                        aria-label={say!(ui.lang, "{}: why this value?", "{}：为什么是这个值？", field.name)}>{ field.name.clone() }</button>
                } else { { field.name.clone() } }
            </dt>
            <dd>
                if let Some(before) = &field.before {
                    <mark><del>{ before.clone() }</del>{ " → " }<ins>{ field.value.clone() }</ins></mark>
                } else { { field.value.clone() } }
            </dd>
        </>
    }
}
