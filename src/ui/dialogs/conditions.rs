//! What surrounds the nodes: network, disks, clients, chance. What is invalid is explained at the field.

use yew::prelude::*;

use super::chaos::{self, ChaosForm};
use super::figures::{
    MS_MAX, ms, out_of_bounds, percent, ppm, us, whole, wrong_ms, wrong_percent, wrong_whole,
};
use super::{DialogFrame, NumberField, Switch, on_submit};
use crate::scene::model::Conditions;
use crate::scene::{Action, Command};
use crate::sim::{DiskOptions, Intervention, Jitter, LinkOptions, Workload};
use crate::ui::ask::{Ask, Ui};
use crate::word;

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct ConditionsProps {
    /// Language and wishes.
    pub ui: Ui,
    /// What holds at the cursor.
    pub conditions: Conditions,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
}

/// The form as text, so that anything can be typed.
#[derive(Clone, PartialEq)]
struct Form {
    latency: String,
    jitter: String,
    long_tail: bool,
    loss: String,
    duplication: String,
    reordering: bool,
    sync_min: String,
    sync_max: String,
    works: bool,
    think: String,
    keys: String,
    chaos: ChaosForm,
}

impl Form {
    fn new(conditions: &Conditions) -> Form {
        let Conditions { network, disk, workload, chaos } = conditions;
        let work = workload.unwrap_or_default();
        Form {
            latency: ms(network.latency_us_min),
            jitter: ms(network.jitter_us_mean),
            long_tail: network.jitter == Jitter::LongTail,
            loss: percent(network.loss_ppm),
            duplication: percent(network.duplication_ppm),
            reordering: network.reordering,
            sync_min: ms(disk.sync_us_min),
            sync_max: ms(disk.sync_us_max),
            works: workload.is_some(),
            think: ms(work.think_us_mean),
            keys: work.keys.to_string(),
            chaos: ChaosForm::new(*chaos),
        }
    }

    /// What was typed as conditions; those that do not have a field stay as they are.
    fn read(&self, old: &Conditions) -> Option<Conditions> {
        let network = LinkOptions {
            latency_us_min: us(&self.latency, 0.0)?,
            jitter_us_mean: us(&self.jitter, 0.0)?,
            jitter: if self.long_tail { Jitter::LongTail } else { Jitter::Uniform },
            loss_ppm: ppm(&self.loss)?,
            duplication_ppm: ppm(&self.duplication)?,
            reordering: self.reordering,
        };
        let disk =
            DiskOptions { sync_us_min: us(&self.sync_min, 0.0)?, sync_us_max: us(&self.sync_max, 0.0)? };
        let workload = Workload {
            think_us_mean: us(&self.think, 0.0)?,
            keys: whole(&self.keys, 1.0, 10_000.0)? as u16,
            ..old.workload.unwrap_or_default()
        };
        let chaos = self.chaos.read()?;
        (disk.sync_us_min <= disk.sync_us_max).then_some(Conditions {
            network,
            disk,
            workload: self.works.then_some(workload),
            chaos,
        })
    }
}

/// What has to be done to come from one to the other.
fn changes(old: &Conditions, new: &Conditions) -> Vec<Action> {
    let mut acts = Vec::new();
    if new.network != old.network {
        acts.push(Intervention::Network { options: new.network });
    }
    if new.disk != old.disk {
        acts.push(Intervention::Disk { node: None, options: new.disk });
    }
    if new.workload != old.workload {
        acts.push(Intervention::Workload { workload: new.workload });
    }
    if new.chaos != old.chaos {
        acts.push(Intervention::Chaos { chaos: new.chaos });
    }
    acts
}

/// The dialog.
#[component]
pub fn ConditionsDialog(props: &ConditionsProps) -> Html {
    let (ui, lang) = (&props.ui, props.ui.lang);
    let form = use_state(|| Form::new(&props.conditions));
    let read = form.read(&props.conditions);
    let onsubmit = {
        let (ui, old) = (ui.clone(), props.conditions);
        on_submit(move || {
            let Some(new) = read else { return };
            for action in changes(&old, &new) {
                ui.play(Command::Act(action));
            }
            ui.ask(Ask::Close);
        })
    };
    let text = |set: fn(&mut Form, String)| {
        let form = form.clone();
        Callback::from(move |typed: String| {
            let mut next = (*form).clone();
            set(&mut next, typed);
            form.set(next);
        })
    };
    let flag = |set: fn(&mut Form, bool)| {
        let form = form.clone();
        Callback::from(move |on: bool| {
            let mut next = (*form).clone();
            set(&mut next, on);
            form.set(next);
        })
    };
    let unit = word!(lang, "ms", "毫秒");
    let set_chaos = {
        let form = form.clone();
        Callback::from(move |chaos: ChaosForm| form.set(Form { chaos, ..(*form).clone() }))
    };
    let sync_order = match (us(&form.sync_min, 0.0), us(&form.sync_max, 0.0)) {
        (Some(least), Some(most)) if least > most => {
            let text = word!(
                lang,
                "The longest sync is shorter than the shortest.",
                "最长同步时间短于最短同步时间。"
            );
            Some(text.to_owned())
        }
        (_, None) => Some(out_of_bounds(lang, 0.0, MS_MAX)),
        _ => None,
    };
    html! {
        <DialogFrame ui={ui.clone()} title={word!(lang, "Conditions", "环境")}>
            <form class="conditions" {onsubmit}>
                <fieldset>
                    <legend>{ word!(lang, "Network", "网络") }</legend>
                    <NumberField id="latency" label={word!(lang, "Shortest latency", "最短延迟")} {unit} value={form.latency.clone()}
                        wrong={wrong_ms(&form.latency, 0.0, lang)} oninput={text(|form, typed| form.latency = typed)} />
                    <NumberField id="jitter" label={word!(lang, "Jitter on top, mean", "附加抖动均值")} {unit} value={form.jitter.clone()}
                        wrong={wrong_ms(&form.jitter, 0.0, lang)} oninput={text(|form, typed| form.jitter = typed)} />
                    <NumberField id="loss" label={word!(lang, "Lost", "丢失")} unit="%" value={form.loss.clone()}
                        wrong={wrong_percent(&form.loss, lang)} oninput={text(|form, typed| form.loss = typed)} />
                    <NumberField id="duplication" label={word!(lang, "Duplicated", "重复")} unit="%" value={form.duplication.clone()}
                        wrong={wrong_percent(&form.duplication, lang)} oninput={text(|form, typed| form.duplication = typed)} />
                    <Switch id="long-tail" label={word!(lang, "Long tail", "长尾")} on={form.long_tail} onchange={flag(|form, on| form.long_tail = on)} />
                    <Switch id="reordering" label={word!(lang, "Messages may overtake", "消息可以乱序")} on={form.reordering}
                        onchange={flag(|form, on| form.reordering = on)} />
                </fieldset>
                <fieldset>
                    <legend>{ word!(lang, "Disks", "磁盘") }</legend>
                    <NumberField id="sync-min" label={word!(lang, "Shortest sync", "最短同步时间")} {unit} value={form.sync_min.clone()}
                        wrong={wrong_ms(&form.sync_min, 0.0, lang)} oninput={text(|form, typed| form.sync_min = typed)} />
                    <NumberField id="sync-max" label={word!(lang, "Longest sync", "最长同步时间")} {unit} value={form.sync_max.clone()}
                        wrong={sync_order} oninput={text(|form, typed| form.sync_max = typed)} />
                </fieldset>
                <fieldset>
                    <legend>{ word!(lang, "Clients", "客户端") }</legend>
                    <Switch id="works" label={word!(lang, "Steady workload", "持续负载")} on={form.works} onchange={flag(|form, on| form.works = on)} />
                    if form.works {
                        <NumberField id="think" label={word!(lang, "Between commands, mean", "命令间隔均值")} {unit} value={form.think.clone()}
                            wrong={wrong_ms(&form.think, 0.0, lang)} oninput={text(|form, typed| form.think = typed)} />
                        <NumberField id="keys" label={word!(lang, "Keys", "键的数量")} value={form.keys.clone()}
                            wrong={wrong_whole(&form.keys, 1.0, 10_000.0, lang)} oninput={text(|form, typed| form.keys = typed)} />
                    }
                </fieldset>
                { chaos::fieldset(lang, &form.chaos, &set_chaos) }
                if let Some(refusal) = &props.refusal { <p class="wrong" role="alert">{ refusal.clone() }</p> }
                <div class="button-row">
                    <button type="submit" class="strong" disabled={read.is_none()}>{ word!(lang, "Apply from here on", "从此刻起生效") }</button>
                </div>
            </form>
        </DialogFrame>
    }
}
