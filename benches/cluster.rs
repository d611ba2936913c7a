//! The virtual cluster, natively: events a second with full recording, seeking, memory for an event.
//!
//! Machines are noisy: read the medians, and compare within one run.

// The clock is what a benchmark is about.
#![allow(clippy::disallowed_types, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Instant;

use lamplight::check::measure::{record_raft, scattered};

const RUNS: usize = 5;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn quantile(values: &mut [f64], of: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * of) as usize]
}

/// The memory that the process has in use, in bytes.
fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    pages * 4096.0
}

fn main() {
    println!("\nRaft, native, full recording (medians of {RUNS} runs)");
    println!("{:<34} {:>14} {:>14}", "", "measured", "budget (wasm)");
    // Memory first, while the process is small.
    let before = resident_bytes();
    let steps = 1_000_000;
    let kept = record_raft(5, steps);
    let bytes = (resident_bytes() - before) / f64::from(steps);
    println!("{:<34} {:>14.1} {:>14}", "bytes per event, 5 nodes", bytes, "<= 64");
    drop(kept);

    for (nodes, steps, budget) in [(5, 400_000, 1_000_000), (25, 200_000, 300_000), (50, 100_000, 100_000)] {
        let rates = (0..RUNS).map(|_| {
            let started = Instant::now();
            let recording = record_raft(nodes, steps);
            let rate = f64::from(recording.steps()) / started.elapsed().as_secs_f64();
            std::hint::black_box(recording);
            rate
        });
        let title = format!("events per second, {nodes} nodes");
        println!("{title:<34} {:>14.0} {:>14}", median(rates.collect()), format!(">= {budget}"));
    }
    for (nodes, budget) in [(5, "8 with render"), (50, "16 with render")] {
        let recording = record_raft(nodes, 100_000);
        let mut times: Vec<f64> = scattered(100_000, 400)
            .map(|step| {
                let started = Instant::now();
                std::hint::black_box(recording.at(step));
                started.elapsed().as_secs_f64() * 1_000.0
            })
            .collect();
        let (p50, p95) = (quantile(&mut times, 0.5), quantile(&mut times, 0.95));
        let title = format!("seek p50 / p95 ms, {nodes} nodes");
        println!("{title:<34} {:>14} {:>14}", format!("{p50:.2} / {p95:.2}"), budget);
    }
}
