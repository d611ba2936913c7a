//! The virtual cluster in headless Chromium: the same work as `benches/cluster.rs`. `make bench` runs it and
//! shows what it prints; it asserts nothing, because times are no tests.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use lamplight::check::measure::{record_raft, scattered};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn now_ms() -> f64 {
    js_sys::Date::now()
}

#[wasm_bindgen_test]
fn events_per_second() {
    for (nodes, steps, budget) in [(5, 1_000_000, 1_000_000), (25, 400_000, 300_000), (50, 200_000, 100_000)]
    {
        let mut rates: Vec<f64> = (0..5)
            .map(|_| {
                let started = now_ms();
                let recording = record_raft(nodes, steps);
                f64::from(recording.steps()) / (now_ms() - started) * 1_000.0
            })
            .collect();
        rates.sort_by(f64::total_cmp);
        let median = rates.get(2).copied().unwrap_or(0.0);
        console_log!("BENCH events per second, {nodes} nodes, wasm: {median:.0} (budget >= {budget})");
    }
}

#[wasm_bindgen_test]
fn seeking() {
    for nodes in [5, 50] {
        let recording = record_raft(nodes, 100_000);
        let started = now_ms();
        let count = 400;
        for step in scattered(100_000, count) {
            std::hint::black_box(recording.at(step));
        }
        let mean = (now_ms() - started) / f64::from(count);
        console_log!("BENCH seek mean, {nodes} nodes, 100,000 events, wasm: {mean:.2} ms");
    }
}
