//! The metrics in the text format of Prometheus, version 0.0.4: what a scrape at the cursor would have found.

use std::fmt::Write;

use crate::scene::metrics::Metrics;
use crate::scene::workbench::Workbench;

/// The media type of the text.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes the metrics of a run up to its cursor.
pub fn write(bench: &dyn Workbench) -> String {
    let metrics = bench.metrics();
    let mut text = Text(String::new());
    text.family("run_info", "gauge", "What was run; always 1.");
    let labels = [
        ("protocol", bench.protocol().to_owned()),
        ("scenario", bench.scenario().to_owned()),
        ("seed", bench.seed().to_string()),
        ("nodes", bench.nodes().to_string()),
        ("clients", bench.clients().to_string()),
    ];
    text.sample("run_info", &labels, "1");
    write_totals(&mut text, &metrics);
    text.0
}

fn write_totals(text: &mut Text, metrics: &Metrics) {
    let totals = &metrics.totals;
    text.one("virtual_time_seconds", "gauge", "Virtual time since the start.", &seconds(totals.time_us));
    text.count("steps_total", "Steps taken.", u64::from(totals.steps));
    text.count("violations_total", "Steps that violated an invariant.", totals.violations);
    for (name, help, count) in [
        ("messages_arrived_total", "Messages that arrived, by kind.", true),
        ("messages_lost_total", "Messages that did not arrive, by kind.", false),
    ] {
        text.family(name, "counter", help);
        for kind in &metrics.kinds {
            let count = if count { kind.arrived } else { kind.lost };
            text.sample(name, &[("kind", kind.name.clone().into_owned())], &count.to_string());
        }
    }
    text.count("disk_syncs_total", "Disk syncs that finished.", totals.syncs);
    text.count("crashes_total", "Processes that ended.", totals.crashes);
    text.count("restarts_total", "Processes that were started again.", totals.restarts);
    if metrics.has_leaders {
        text.count("leader_changes_total", "How often a node came to lead.", totals.leader_changes);
        let leaderless = seconds(totals.leaderless_us);
        let name = "leaderless_seconds_total";
        text.one(name, "counter", "Virtual time in which no node led.", &leaderless);
    }
    if metrics.has_clients {
        text.count("commands_acknowledged_total", "Commands with a final answer.", totals.commands);
        let name = "command_latency_seconds";
        text.family(name, "summary", "Virtual time from a client's first request to the final answer.");
        let latency = totals.latency;
        for (quantile, us) in [
            ("0.5", latency.map(|latency| latency.p50_us)),
            ("0.95", latency.map(|latency| latency.p95_us)),
            ("0.99", latency.map(|latency| latency.p99_us)),
        ] {
            let value = us.map_or_else(|| "NaN".to_owned(), seconds);
            text.sample(name, &[("quantile", quantile.to_owned())], &value);
        }
        let sum_us = latency.map_or(0, |latency| latency.sum_us);
        text.sample("command_latency_seconds_sum", &[], &seconds(sum_us));
        text.sample("command_latency_seconds_count", &[], &totals.commands.to_string());
    }
}

/// A time in seconds, to the last microsecond.
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

struct Text(String);

// Writing into a string cannot fail, in all of these.
impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP lamplight_{name} {help}\n# TYPE lamplight_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, String)], value: &str) {
        let _ = write!(self.0, "lamplight_{name}");
        for (at, (label, content)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"{}\"", escape(content));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{after} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: &str) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    fn count(&mut self, name: &str, help: &str, count: u64) {
        self.one(name, "counter", help, &count.to_string());
    }
}

/// The value of a label: backslash, quotation mark and line feed mean something else.
fn escape(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_as_the_format_says() {
        let mut text = Text(String::new());
        text.sample("a", &[("b", "c\\d\"e\nf".to_owned()), ("g", String::new())], "1");
        assert_eq!(text.0, "lamplight_a{b=\"c\\\\d\\\"e\\nf\",g=\"\"} 1\n");
    }

    #[test]
    fn seconds_keep_every_microsecond() {
        assert_eq!((seconds(1), seconds(1_204_000)), ("0.000001".into(), "1.204000".into()));
    }
}
