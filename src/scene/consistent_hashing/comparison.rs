//! All algorithms with the same keys and the same change of the members.
//!
//! What each of them moves and how even it is follows from the keys; how long a lookup takes is measured where
//! the page runs, and is part of nothing else: no recording, no link, no trace.

use std::cell::Cell as Slot;
use std::hint::black_box;

use super::tables::algorithm_text;
use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::measure::{Balance, ideal_share};
use crate::protocol::consistent_hashing::store::Options;
use crate::protocol::consistent_hashing::{
    Algorithm, HashRing, Node, Placement, PlacementError, Roster, Settings,
};
use crate::scene::Lang;
use crate::scene::circle::{Members, Placed};
use crate::scene::model::{Cell, Row, Table, Tone};
use crate::{say, word};

/// For how long the lookups of one algorithm are timed, in ms.
const TIMED_MS: f64 = 5.0;

/// How many keys are looked up between two looks at the clock.
const TIMED_KEYS: usize = 256;

/// What the change does to the keys under every algorithm.
#[derive(Debug)]
pub struct Comparison {
    rows: Vec<Compared>,
    keys: usize,
    /// How many members there are before the change and after it.
    members: (usize, usize),
    /// The expected number of moves if the shares change and nothing else does.
    ideal: f64,
    /// Whether the run has no change, so that one more node joins instead.
    is_assumed: bool,
}

/// One algorithm.
#[derive(Debug)]
struct Compared {
    algorithm: Algorithm,
    /// Points per unit of weight, where they are not the algorithm's own default.
    virtual_nodes: Option<u32>,
    is_current: bool,
    figures: Result<Figures, PlacementError>,
}

#[derive(Debug)]
struct Figures {
    after: Box<dyn Placement>,
    moved: usize,
    peak_hundredths: u64,
    bytes: u64,
    lookup_ns: Slot<Option<u32>>,
}

impl Comparison {
    /// Places the keys with every algorithm, before the change and after it.
    pub(super) fn of(placed: &Placed, options: &Options) -> Comparison {
        let Members { before, then, .. } = &placed.members;
        let is_assumed = before == then;
        let mut after = then.clone();
        if is_assumed {
            after.push(NodeId(then.last().map_or(0, |last| last.0.saturating_add(1))));
        }
        let roster = |members: &[NodeId]| {
            Roster::new(
                members.iter().map(|id| Node::new(id.0, id.to_string()).with_weight(options.weight(*id))),
            )
            .unwrap_or_default()
        };
        let (old, new) = (roster(before), roster(&after));
        let ideal = ideal_share(&old, &new) * placed.keys.len() as f64;
        let rows = candidates(options).into_iter().map(|(algorithm, settings, is_current)| Compared {
            algorithm,
            virtual_nodes: settings.virtual_nodes,
            is_current,
            figures: figures(algorithm, &settings, &old, &new, placed),
        });
        Comparison {
            rows: rows.collect(),
            keys: placed.keys.len(),
            members: (before.len(), after.len()),
            ideal,
            is_assumed,
        }
    }

    /// Times the lookups with a clock in ms, once. Returns whether there was anything to time.
    pub(super) fn time_lookups(&self, placed: &Placed, clock: &dyn Fn() -> f64) -> bool {
        let mut has_timed = false;
        for figures in self.rows.iter().filter_map(|row| row.figures.as_ref().ok()) {
            if figures.lookup_ns.get().is_some() || placed.keys.is_empty() {
                continue;
            }
            has_timed = true;
            let (started, mut looked_up, mut passed) = (clock(), 0u32, 0.0);
            let mut keys = placed.keys.iter().cycle();
            while passed < TIMED_MS && looked_up < 1 << 24 {
                for key in keys.by_ref().take(TIMED_KEYS) {
                    black_box(figures.after.node_for_key(black_box(key.name.as_bytes())));
                }
                looked_up += TIMED_KEYS as u32;
                passed = clock() - started;
            }
            figures.lookup_ns.set(Some((passed.max(0.0) * 1e6 / f64::from(looked_up)) as u32));
        }
        has_timed
    }
}

/// The algorithms and their settings: that of the run with its own, all with their defaults.
fn candidates(options: &Options) -> Vec<(Algorithm, Settings, bool)> {
    let mut candidates = Vec::new();
    for algorithm in Algorithm::ALL {
        let is_current = algorithm == options.algorithm;
        if is_current {
            candidates.push((algorithm, options.settings(), true));
        }
        let has_defaults = match algorithm {
            Algorithm::Ring => matches!(options.virtual_nodes, 0 | HashRing::VIRTUAL_NODES_DEFAULT),
            _ => true,
        };
        if !is_current || !has_defaults {
            candidates.push((algorithm, Settings::default(), false));
        }
    }
    candidates
}

fn figures(
    algorithm: Algorithm,
    settings: &Settings,
    old: &Roster,
    new: &Roster,
    placed: &Placed,
) -> Result<Figures, PlacementError> {
    let mut placement = algorithm.build(settings)?;
    placement.set_roster(old.clone())?;
    for key in &placed.keys {
        placement.place_key(key.name.as_bytes())?;
    }
    let owners = |placement: &dyn Placement| -> Vec<Option<NodeId>> {
        placed.keys.iter().map(|key| placement.node_for_key(key.name.as_bytes())).collect()
    };
    let before = owners(&*placement);
    placement.set_roster(new.clone())?;
    let after = owners(&*placement);
    let balance = Balance::of(&*placement, placed.keys.iter().map(|key| key.name.as_bytes()));
    Ok(Figures {
        moved: before.iter().zip(&after).filter(|(before, after)| before != after).count(),
        peak_hundredths: (balance.peak_over_mean() * 100.0 + 0.5) as u64,
        bytes: placement.memory_bytes(),
        lookup_ns: Slot::new(None),
        after: placement,
    })
}

/// Bytes in short: `512`, `13 k`, `2.5 M`.
fn bytes_text(bytes: u64) -> String {
    match bytes {
        0..1_000 => bytes.to_string(),
        1_000..10_000 => format!("{}.{} k", bytes / 1_000, bytes / 100 % 10),
        10_000..1_000_000 => format!("{} k", bytes / 1_000),
        _ => format!("{}.{} M", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// Why an algorithm cannot make this change.
fn limit_text(error: &PlacementError, algorithm: Algorithm, lang: Lang) -> String {
    match (error, algorithm) {
        (PlacementError::WeightsUnsupported { .. }, _) => word!(lang, "no weights", "不支持权重").to_owned(),
        (_, Algorithm::Jump) => word!(lang, "only the last may leave", "仅最后一个可离开").to_owned(),
        _ => word!(lang, "cannot", "无法进行").to_owned(),
    }
}

/// The table. Without `with_rows` only its head.
pub(super) fn table(placed: &Placed, options: &Options, with_rows: bool, lang: Lang) -> Table {
    let mut table = Table {
        chart: None,
        title: word!(lang, "The same change", "同样的变更").to_owned(),
        note: String::new(),
        columns: [
            word!(lang, "moved", "移动"),
            word!(lang, "peak × mean", "最高 × 平均"),
            word!(lang, "bytes", "字节"),
            word!(lang, "ns per lookup", "每次查找 ns"),
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: Vec::new(),
    };
    if !with_rows {
        return table;
    }
    let comparison = placed.comparison.get_or_init(|| Comparison::of(placed, options));
    let (keys, (from, to)) = (comparison.keys, comparison.members);
    let ideal = (comparison.ideal + 0.5) as usize;
    table.note = if comparison.is_assumed {
        say!(
            lang,
            "No node joins or leaves here, so this is what one more would do: {keys} keys, {from} → {to} nodes, ideal {ideal}",
            "这里没有节点加入或离开，因此比较再加入一个节点的情形：{keys} 个键，{from} → {to} 个节点，理想值 {ideal}"
        )
    } else {
        say!(
            lang,
            "{keys} keys, {from} → {to} nodes, ideal {ideal}",
            "{keys} 个键，{from} → {to} 个节点，理想值 {ideal}"
        )
    };
    table.rows = comparison.rows.iter().map(|row| table_row(row, ideal, lang)).collect();
    table
}

fn table_row(row: &Compared, ideal: usize, lang: Lang) -> Row {
    let mut name = algorithm_text(row.algorithm, lang).to_owned();
    let points = match row.algorithm {
        Algorithm::Ring => Some(row.virtual_nodes.unwrap_or(HashRing::VIRTUAL_NODES_DEFAULT)),
        _ => None,
    };
    if let Some(points) = points {
        name.push_str(&say!(lang, ", {points} points", "，{points} 个点"));
    }
    let cell = |text: String, tone, hint: &str| {
        Some(Cell { text, tone, settled: true, changed: false, hint: hint.to_owned() })
    };
    let cells = match &row.figures {
        Ok(figures) => {
            let is_much = figures.moved > 2 * ideal.max(1);
            let peak = figures.peak_hundredths;
            let ns = figures.lookup_ns.get();
            vec![
                cell(figures.moved.to_string(), if is_much { Tone::Bad } else { Tone::Plain }, ""),
                cell(format!("{}.{:02}", peak / 100, peak % 100), Tone::Plain, ""),
                cell(bytes_text(figures.bytes), Tone::Plain, ""),
                cell(
                    ns.map_or_else(|| "–".to_owned(), |ns| ns.to_string()),
                    Tone::Plain,
                    word!(
                        lang,
                        "measured in this tab while the run stands still",
                        "运行静止时在此标签页中测得"
                    ),
                ),
            ]
        }
        Err(error) => vec![cell(limit_text(error, row.algorithm, lang), Tone::Absent, &error.to_string())],
    };
    Row { name, address: None, faint: false, key: None, is_current: row.is_current, cells }
}

/// Times the lookups of all algorithms, if the comparison has been asked for and they have not been timed yet.
pub(super) fn time_lookups(placed: &Placed, clock: &dyn Fn() -> f64) -> bool {
    placed.comparison.get().is_some_and(|comparison| comparison.time_lookups(placed, clock))
}

/// How the algorithms compare, by name: the keys that move.
#[cfg(test)]
pub(super) fn moved(placed: &Placed, options: &Options) -> Vec<(Algorithm, bool, Option<usize>)> {
    let comparison = Comparison::of(placed, options);
    let moved = |row: &Compared| row.figures.as_ref().ok().map(|figures| figures.moved);
    comparison.rows.iter().map(|row| (row.algorithm, row.is_current, moved(row))).collect()
}
