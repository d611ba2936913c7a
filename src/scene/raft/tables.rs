//! The logs of all nodes side by side.

use super::entry_hint;
use crate::protocol::NodeId;
use crate::protocol::raft::Raft;
use crate::protocol::raft::log::Entry;
use crate::scene::Lang;
use crate::scene::model::{Cell, Row, Table, Tone};
use crate::sim::Address;
use crate::word;

/// The most columns that are shown: the end of the longest log.
const COLUMNS_MAX: u64 = 24;

pub(super) fn logs(nodes: &[Option<Raft>], lang: Lang) -> Table {
    let last = nodes.iter().flatten().map(|node| node.log().last_index()).max().unwrap_or(0);
    let first = last.saturating_sub(COLUMNS_MAX - 1).max(1);
    let mut hints = Hints { columns: (first..=last).map(|_| None).collect(), first, lang };
    let rows: Vec<Row> = (0..)
        .map(NodeId)
        .zip(nodes)
        .map(|(id, node)| Row {
            name: id.to_string(),
            address: Some(Address::Node(id)),
            faint: node.is_none(),
            key: None,
            is_current: false,
            cells: (first..=last).map(|index| cell(node.as_ref()?, index, &mut hints)).collect(),
        })
        .collect();
    Table {
        chart: None,
        title: word!(lang, "Logs", "日志").to_owned(),
        note: word!(lang, "filled = committed", "实心 = 已提交").to_owned(),
        columns: (first..=last).map(|index| index.to_string()).collect(),
        rows,
    }
}

/// What the cells of a column mean. Nearly all nodes hold the same entry there (Log Matching, §5.3), so its words are
/// put together once and not for every node.
struct Hints<'a> {
    columns: Vec<Option<(&'a Entry, bool, String)>>,
    first: u64,
    lang: Lang,
}

impl<'a> Hints<'a> {
    fn of(&mut self, index: u64, entry: &'a Entry, committed: bool) -> String {
        let hint = || entry_hint(index, entry.term, &entry.payload, committed, self.lang);
        let column = self.columns.get_mut((index - self.first) as usize);
        match column {
            Some(Some((known, was_committed, text))) if *known == entry && *was_committed == committed => {
                text.clone()
            }
            Some(column) => column.insert((entry, committed, hint())).2.clone(),
            None => hint(),
        }
    }
}

fn cell<'a>(node: &'a Raft, index: u64, hints: &mut Hints<'a>) -> Option<Cell> {
    if index <= node.log().base_index() {
        // Compaction removed the entry; the snapshot holds what it did.
        return Some(Cell {
            text: "·".to_owned(),
            tone: Tone::Plain,
            settled: true,
            changed: false,
            hint: word!(hints.lang, "in the snapshot", "在快照中").to_owned(),
        });
    }
    let entry = node.log().get(index)?;
    let committed = index <= node.commit_index();
    Some(Cell {
        text: entry.term.to_string(),
        tone: Tone::Era(entry.term),
        settled: committed,
        changed: false,
        hint: hints.of(index, entry, committed),
    })
}
