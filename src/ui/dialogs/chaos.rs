//! Chaos as a part of the conditions: how often a fault happens, and how often which.

use yew::prelude::*;

use super::figures::{self, ms, percent};
use super::{NumberField, Switch};
use crate::scene::Lang;
use crate::sim::Chaos;
use crate::sim::chaos::KINDS;
use crate::word;

/// The greatest weight that the page offers.
const WEIGHT_MAX: f64 = 1_000.0;

/// The form as text, so that anything can be typed.
#[derive(Clone, PartialEq)]
pub struct ChaosForm {
    on: bool,
    beat: String,
    victims: String,
    disks: String,
    loss: String,
    duplication: String,
    weights: [String; KINDS],
}

impl ChaosForm {
    /// What holds at present, or what would if it were switched on.
    pub fn new(chaos: Option<Chaos>) -> ChaosForm {
        let faults = chaos.unwrap_or_default();
        ChaosForm {
            on: chaos.is_some(),
            beat: ms(faults.beat_us_mean),
            victims: faults.victims_max.to_string(),
            disks: faults.disks_lost_max.to_string(),
            loss: percent(faults.loss_ppm),
            duplication: percent(faults.duplication_ppm),
            weights: faults.weights().map(|(_, weight)| weight.to_string()),
        }
    }

    /// What was typed; nothing where some of it is invalid.
    pub fn read(&self) -> Option<Option<Chaos>> {
        if !self.on {
            return Some(None);
        }
        let mut chaos = Chaos {
            beat_us_mean: figures::us(&self.beat, 1.0)?,
            victims_max: figures::whole(&self.victims, 0.0, 100.0)? as u16,
            disks_lost_max: figures::whole(&self.disks, 0.0, 100.0)? as u16,
            loss_ppm: figures::ppm(&self.loss)?,
            duplication_ppm: figures::ppm(&self.duplication)?,
            ..Chaos::default()
        };
        for (weight, typed) in chaos.weights_mut().into_iter().zip(&self.weights) {
            *weight = figures::whole(typed, 0.0, WEIGHT_MAX)? as u32;
        }
        Some(Some(chaos))
    }
}

/// The kinds of faults in the order of [`Chaos::weights`]: the id of the field, and what it is called.
fn kinds(lang: Lang) -> [(&'static str, &'static str); KINDS] {
    [
        ("chaos-crash", word!(lang, "Crash", "崩溃")),
        ("chaos-restart", word!(lang, "Restart", "重启")),
        ("chaos-pause", word!(lang, "Pause", "暂停")),
        ("chaos-resume", word!(lang, "Resume", "恢复运行")),
        ("chaos-partition", word!(lang, "Partition", "分区")),
        ("chaos-cut", word!(lang, "One-way cut", "单向断网")),
        ("chaos-heal", word!(lang, "Heal", "恢复网络")),
        ("chaos-drop", word!(lang, "Drop a message", "丢弃消息")),
        ("chaos-delay", word!(lang, "Delay a message", "延迟消息")),
        ("chaos-duplicate", word!(lang, "Duplicate a message", "复制消息")),
        ("chaos-hold", word!(lang, "Hold a message", "扣留消息")),
        ("chaos-clock", word!(lang, "Clock off", "时钟偏差")),
        ("chaos-slow-disk", word!(lang, "Slow disk", "磁盘变慢")),
        ("chaos-corrupt-tail", word!(lang, "Damaged log", "日志损坏")),
        ("chaos-lose-disk", word!(lang, "Lost disk", "磁盘丢失")),
    ]
}

/// The part of the dialog.
pub fn fieldset(lang: Lang, form: &ChaosForm, set: &Callback<ChaosForm>) -> Html {
    let text = |change: fn(&mut ChaosForm, String)| {
        let (form, set) = (form.clone(), set.clone());
        Callback::from(move |typed: String| {
            let mut next = form.clone();
            change(&mut next, typed);
            set.emit(next);
        })
    };
    let onswitch = {
        let (form, set) = (form.clone(), set.clone());
        Callback::from(move |on: bool| set.emit(ChaosForm { on, ..form.clone() }))
    };
    let weight = |(at, (id, label)): (usize, (&'static str, &'static str))| {
        let (form, set) = (form.clone(), set.clone());
        let value = form.weights.get(at).cloned().unwrap_or_default();
        let wrong = figures::wrong_whole(&value, 0.0, WEIGHT_MAX, lang);
        let oninput = Callback::from(move |typed: String| {
            let mut next = form.clone();
            if let Some(weight) = next.weights.get_mut(at) {
                *weight = typed;
            }
            set.emit(next);
        });
        html! { <NumberField key={id} {id} {label} {value} {wrong} {oninput} /> }
    };
    let unit = word!(lang, "ms", "毫秒");
    html! {
        <fieldset>
            <legend>{ word!(lang, "Chaos", "混沌") }</legend>
            <Switch id="chaos" label={word!(lang, "Random faults from the seed", "由种子产生随机故障")} on={form.on} onchange={onswitch} />
            if form.on {
                <NumberField id="beat" label={word!(lang, "Between faults, mean", "故障间隔均值")} {unit} value={form.beat.clone()}
                    wrong={figures::wrong_ms(&form.beat, 1.0, lang)} oninput={text(|form, typed| form.beat = typed)} />
                <NumberField id="victims" label={word!(lang, "Nodes out at a time, at most", "同时失效的节点上限")} value={form.victims.clone()}
                    wrong={figures::wrong_whole(&form.victims, 0.0, 100.0, lang)} oninput={text(|form, typed| form.victims = typed)} />
                <NumberField id="chaos-loss" label={word!(lang, "Messages lost meanwhile", "期间丢失的消息")} unit="%" value={form.loss.clone()}
                    wrong={figures::wrong_percent(&form.loss, lang)} oninput={text(|form, typed| form.loss = typed)} />
                <NumberField id="chaos-duplication" label={word!(lang, "Messages duplicated meanwhile", "期间重复的消息")} unit="%" value={form.duplication.clone()}
                    wrong={figures::wrong_percent(&form.duplication, lang)} oninput={text(|form, typed| form.duplication = typed)} />
                <NumberField id="chaos-disks" label={word!(lang, "Disks lost or damaged in the whole run, at most", "整个运行中丢失或损坏的磁盘上限")} value={form.disks.clone()}
                    wrong={figures::wrong_whole(&form.disks, 0.0, 100.0, lang)} oninput={text(|form, typed| form.disks = typed)} />
                <details class="weights">
                    <summary>{ word!(lang, "How often which fault", "各类故障的频率") }</summary>
                    <p class="hint">{ word!(lang,
                        "Weights against each other: twice the weight, twice as often. 0 rules a fault out.",
                        "相对权重：权重加倍，频率加倍；0 表示排除。") }</p>
                    <div class="weights-fields">{ for kinds(lang).into_iter().enumerate().map(weight) }</div>
                </details>
            }
        </fieldset>
    }
}
