//! The bars of a table, one below the other; the table says the same in figures.

use yew::prelude::*;

use super::tone_class;
use crate::scene::model::{Bar, Chart};

/// The width of the longest bar, in units of its picture.
const WIDTH: f64 = 1000.0;

/// The chart.
pub fn view(chart: &Chart) -> Html {
    let longest = chart.bars.iter().map(|bar| bar.value.max(bar.before.unwrap_or(0))).max().unwrap_or(0);
    let mean = chart.mean_hundredths as f64 / 100.0;
    let scale = WIDTH / (longest as f64).max(mean).max(1.0);
    html! {
        <div class="load-chart" aria-hidden="true">
            { for chart.bars.iter().map(|bar| row(bar, mean, scale)) }
            <p class="load-note">
                <span class="load-mean">{ chart.mean_text.clone() }</span>
                if !chart.before_text.is_empty() { <span>{ chart.before_text.clone() }</span> }
            </p>
        </div>
    }
}

fn row(bar: &Bar, mean: f64, scale: f64) -> Html {
    let x = |value: f64| format!("{:.1}", value * scale);
    let mean = x(mean);
    html! {
        <div key={bar.name.clone()} class={classes!("load-row", tone_class(bar.tone))}>
            <span class="load-name code">{ bar.name.clone() }</span>
            <svg viewBox="0 0 1000 20" preserveAspectRatio="none">
                if let Some(before) = bar.before {
                    <rect class="load-before" x="0" y="1" width={x(before as f64)} height="18" />
                }
                <rect class="load-bar" x="0" y="2" width={x(bar.value as f64)} height="16" />
                <line x1={mean.clone()} x2={mean} y1="0" y2="20" />
            </svg>
            <span class="load-count figures">{ bar.value.to_string() }</span>
        </div>
    }
}
