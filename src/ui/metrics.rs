//! What an operator would chart: small plots over virtual time, on the scale of the scrubber.
//!
//! The figures are those up to the cursor; the plots show all that is recorded, what lies after the cursor faintly.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::ask::{Ask, Ui};
use super::export::Export;
use crate::lang::time;
use crate::scene::metrics::{Bucket, KindCount, Metrics};
use crate::scene::sparkline::{SIDE, area, ranges, step};
use crate::scene::viewport::horizon_us;
use crate::scene::{Command, Lang};
use crate::{say, word};

/// What the panel is drawn from.
#[derive(Properties, PartialEq)]
pub struct MetricsProps {
    /// Language and wishes.
    pub ui: Ui,
    /// The figures.
    pub metrics: Rc<Metrics>,
}

/// The panel.
#[component]
pub fn MetricsPanel(props: &MetricsProps) -> Html {
    let (ui, lang, metrics) = (&props.ui, props.ui.lang, &*props.metrics);
    let totals = &metrics.totals;
    let onpointerdown = {
        let (ui, end_us) = (ui.clone(), horizon_us(metrics.end_us));
        Callback::from(move |event: PointerEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let plot = target.and_then(|target| target.closest(".plot").ok().flatten());
            if let Some(bounds) = plot.map(|plot| plot.get_bounding_client_rect())
                && event.button() == 0
            {
                let part = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0);
                ui.play(Command::SeekTime((part.clamp(0.0, 1.0) * end_us as f64) as u64));
            }
        })
    };
    let chart = |name: &'static str, hint: &'static str, figure: String, rate: Option<String>, plot: Html| {
        html! {
            <section class="chart">
                <h2 title={hint}>{ name }</h2>
                <span class="figures chart-rate">{ rate }</span>
                <strong class="figures">{ figure }</strong>
                { plot }
            </section>
        }
    };
    let count = |name, hint, total: u64, of: fn(&Bucket) -> u32| {
        chart(name, hint, grouped(total), Some(rate_here(metrics, of)), rate_plot(metrics, name, of, lang))
    };
    let rare = |name, hint, total: u64, of: fn(&Bucket) -> u32| {
        let values: Vec<f64> = metrics.buckets.iter().map(|bucket| f64::from(of(bucket))).collect();
        let peak = metrics.buckets.iter().map(of).max().unwrap_or(0);
        let label = format!("{name}: {}", at_most(lang, &peak.to_string()));
        chart(name, hint, grouped(total), None, area_plot(metrics, &label, &values))
    };
    let share = totals.leaderless_us as f64 * 100.0 / (totals.time_us.max(1)) as f64;
    let leaderless: Vec<f64> = metrics.buckets.iter().map(|bucket| bucket.leaderless_us as f64).collect();
    html! {
        <div class="metrics" role="region" tabindex="0" aria-label={word!(lang, "Metrics", "指标")} {onpointerdown}>
            if metrics.has_clients {
                { count(word!(lang, "Commands", "命令"), word!(lang, "Commands with a final answer, and how many a second of virtual time", "得到最终答复的命令，以及每秒虚拟时间的数量"),
                    totals.commands, |bucket| bucket.commands) }
                { latency(props) }
            }
            if metrics.has_leaders {
                { rare(word!(lang, "Leader changes", "领导者变更"), word!(lang, "How often a node came to lead", "节点成为领导者的次数"),
                    totals.leader_changes, |bucket| bucket.leader_changes) }
                { chart(word!(lang, "No leader", "无领导者"), word!(lang, "Time in which no node led", "没有节点担任领导者的时间"),
                    time(totals.leaderless_us, lang), Some(format!("{share:.1} %")), area_plot(metrics, word!(lang, "No leader", "无领导者"), &leaderless)) }
            }
            { count(word!(lang, "Messages", "消息"), word!(lang, "Messages that arrived, and how many a second of virtual time", "到达的消息，以及每秒虚拟时间的数量"),
                totals.messages, |bucket| bucket.messages) }
            { count(word!(lang, "Lost messages", "丢失的消息"), word!(lang, "Messages that did not arrive", "未到达的消息"),
                totals.lost, |bucket| bucket.lost) }
            { count(word!(lang, "Disk syncs", "磁盘同步"), word!(lang, "Disk syncs that finished", "完成的磁盘同步"),
                totals.syncs, |bucket| bucket.syncs) }
            { rare(word!(lang, "Crashes", "崩溃"), word!(lang, "Processes that ended", "终止的进程"),
                totals.crashes, |bucket| bucket.crashes) }
            { kinds(props) }
            <button type="button" class="boxed" onclick={ui.on(Ask::Export(Export::Metrics))}>
                { word!(lang, "Save for Prometheus", "保存为 Prometheus 格式") }
            </button>
        </div>
    }
}

/// Percentiles, and for each bucket a line from its median to its 95th percentile.
fn latency(props: &MetricsProps) -> Html {
    let (lang, metrics) = (props.ui.lang, &*props.metrics);
    let highest = metrics.buckets.iter().filter_map(|bucket| bucket.latency_us).map(|(_, high)| high).max();
    let peak = highest.unwrap_or(0) as f64;
    let values =
        metrics.buckets.iter().map(|bucket| bucket.latency_us.map(|(low, high)| (low as f64, high as f64)));
    let line = ranges(values, peak, step(metrics.bucket_us, horizon_us(metrics.end_us)));
    let told = metrics.totals.latency;
    let figure = |name: &'static str, us: Option<u64>| {
        html! { <div><dt>{ name }</dt><dd class="figures">{ us.map_or_else(|| "–".to_owned(), |us| time(us, lang)) }</dd></div> }
    };
    let name = word!(lang, "Latency", "延迟");
    let hint = word!(
        lang,
        "From a client's first request to the final answer; each line runs from the median to the 95th percentile",
        "从客户端首次请求到最终答复；每条竖线从中位数到第 95 百分位"
    );
    html! {
        <section class="chart">
            <h2 title={hint}>{ name }</h2>
            { plot(metrics, &format!("{name}: {}", at_most(lang, &time(highest.unwrap_or(0), lang))), html! { <path class="plot-ranges" d={line} /> }) }
            <dl class="percentiles">
                { figure("p50", told.map(|latency| latency.p50_us)) }
                { figure("p95", told.map(|latency| latency.p95_us)) }
                { figure("p99", told.map(|latency| latency.p99_us)) }
            </dl>
        </section>
    }
}

/// How much of a bucket lies within what is recorded, in seconds; a moment is taken for half a bucket.
fn seconds_of(metrics: &Metrics, at: usize) -> f64 {
    let begins_us = at as u64 * metrics.bucket_us;
    let width_us = metrics.end_us.saturating_sub(begins_us).clamp(metrics.bucket_us / 2, metrics.bucket_us);
    width_us.max(1) as f64 / 1e6
}

fn rate_here(metrics: &Metrics, of: fn(&Bucket) -> u32) -> String {
    let at = (metrics.totals.time_us / metrics.bucket_us.max(1)) as usize;
    let count = metrics.buckets.get(at).map_or(0, of);
    format!("{}/s", grouped((f64::from(count) / seconds_of(metrics, at)).round() as u64))
}

fn at_most(lang: Lang, peak: &str) -> String {
    say!(lang, "at most {}", "最多 {}", peak)
}

fn rate_plot(metrics: &Metrics, name: &str, of: fn(&Bucket) -> u32, lang: Lang) -> Html {
    let rates = metrics.buckets.iter().enumerate();
    let rates: Vec<f64> = rates.map(|(at, bucket)| f64::from(of(bucket)) / seconds_of(metrics, at)).collect();
    let peak = rates.iter().copied().fold(0.0, f64::max).round();
    area_plot(metrics, &format!("{name}: {}", at_most(lang, &format!("{}/s", grouped(peak as u64)))), &rates)
}

fn area_plot(metrics: &Metrics, name: &str, values: &[f64]) -> Html {
    let peak = values.iter().copied().fold(0.0, f64::max);
    let outline = area(values, peak, step(metrics.bucket_us, horizon_us(metrics.end_us)));
    plot(metrics, name, html! { <path class="plot-area" d={outline} /> })
}

/// The frame of a plot: what lies after the cursor is veiled, and the cursor is a line.
fn plot(metrics: &Metrics, name: &str, shape: Html) -> Html {
    let x = SIDE * metrics.totals.time_us as f64 / horizon_us(metrics.end_us).max(1) as f64;
    let cursor = format!("M{x:.2} 0V{SIDE}");
    html! {
        <svg class="plot" role="img" aria-label={name.to_owned()} viewBox="0 0 100 100" preserveAspectRatio="none" focusable="false">
            { shape }
            <rect class="plot-veil" x={format!("{x:.2}")} y="-5" width={format!("{:.2}", SIDE - x)} height="110" />
            <path class="plot-ground" d="M0 100H100" />
            <path class="plot-cursor" d={cursor} />
        </svg>
    }
}

/// The messages by kind, the most frequent first, each with a line as long as its share.
fn kinds(props: &MetricsProps) -> Html {
    let lang = props.ui.lang;
    let mut kinds: Vec<&KindCount> =
        props.metrics.kinds.iter().filter(|kind| kind.arrived + kind.lost > 0).collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.arrived + kind.lost));
    let most = kinds.first().map_or(1, |kind| (kind.arrived + kind.lost).max(1));
    html! {
        <table class="kinds">
            <thead>
                <tr>
                    <th scope="col">{ word!(lang, "Messages by kind", "各类消息") }</th>
                    <th scope="col">{ word!(lang, "arrived", "到达") }</th>
                    <th scope="col">{ word!(lang, "lost", "丢失") }</th>
                </tr>
            </thead>
            <tbody>
                for kind in kinds {
                    <tr key={&*kind.name}>
                        <th scope="row">
                            { kind.name.clone().into_owned() }
                            <svg class="kind-share" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                                <rect width={format!("{:.1}", kind.arrived as f64 * SIDE / most as f64)} height="2" />
                                <rect class="is-lost" x={format!("{:.1}", kind.arrived as f64 * SIDE / most as f64)}
                                    width={format!("{:.1}", kind.lost as f64 * SIDE / most as f64)} height="2" />
                            </svg>
                        </th>
                        <td class="figures">{ grouped(kind.arrived) }</td>
                        <td class="figures">{ if kind.lost > 0 { grouped(kind.lost) } else { "–".to_owned() } }</td>
                    </tr>
                }
            </tbody>
        </table>
    }
}

/// A count with its thousands apart: `12,345`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
