//! The slots of all nodes side by side, with the gaps between them.

use super::{ballot_text, tone_of, value_text};
use crate::protocol::NodeId;
use crate::protocol::paxos::multi::{MultiPaxos, Slot, Value};
use crate::scene::Lang;
use crate::scene::model::{Cell, Row, Table, Tone};
use crate::sim::Address;
use crate::{say, word};

/// The most columns that are shown: the last slots.
const COLUMNS_MAX: u64 = 20;

pub(super) fn table(nodes: &[Option<MultiPaxos>], lang: Lang) -> Table {
    let last = nodes.iter().flatten().map(|node| node.slots().last()).max().unwrap_or(0);
    let first = last.saturating_sub(COLUMNS_MAX - 1).max(1);
    let rows = (0..).map(NodeId).zip(nodes).map(|(id, node)| Row {
        name: id.to_string(),
        address: Some(Address::Node(id)),
        faint: node.is_none(),
        key: None,
        is_current: false,
        cells: (first..=last)
            .map(|slot| {
                node.as_ref().filter(|node| slot <= node.slots().last()).map(|node| cell(node, slot, lang))
            })
            .collect(),
    });
    Table {
        chart: None,
        title: word!(lang, "Slots", "槽位").to_owned(),
        note: word!(
            lang,
            "outlined = accepted under this ballot, filled = chosen, – = gap, ∅ = no-op",
            "空心 = 在此编号下接受，实心 = 已选定，– = 空缺，∅ = 空操作"
        )
        .to_owned(),
        columns: (first..=last).map(|slot| slot.to_string()).collect(),
        rows: rows.collect(),
    }
}

/// What a node knows of a slot that is not beyond its last one.
pub(super) fn cell(node: &MultiPaxos, slot: Slot, lang: Lang) -> Cell {
    let Some(state) = node.slots().get(slot) else {
        return Cell {
            text: "·".to_owned(),
            tone: Tone::Plain,
            settled: true,
            changed: false,
            hint: say!(lang, "slot {slot}: in the snapshot", "槽位 {slot}：在快照中"),
        };
    };
    let ballot = state.accepted.as_ref().map(|accepted| accepted.ballot);
    let tone = ballot.map_or(Tone::Absent, tone_of);
    let no_op = |value: &Value| if *value == Value::NoOp { " ∅" } else { "" };
    let (text, tone, hint) = match (&state.chosen, &state.accepted) {
        (Some(chosen), _) => {
            let (mark, value) = (no_op(chosen), value_text(chosen, lang));
            let tone = if ballot.is_some() { tone } else { Tone::Good };
            let text = ballot.map_or_else(|| "✓".to_owned(), |ballot| ballot.to_string());
            (
                format!("{text}{mark}"),
                tone,
                say!(lang, "slot {slot}: {value}, chosen", "槽位 {slot}：{value}，已选定"),
            )
        }
        (None, Some(accepted)) => {
            let (ballot, mark, value) =
                (ballot_text(ballot), no_op(&accepted.value), value_text(&accepted.value, lang));
            let hint = say!(
                lang,
                "slot {slot}: {value}, accepted under {ballot}, not known to be chosen",
                "槽位 {slot}：{value}，在 {ballot} 下接受，尚不知是否选定"
            );
            (format!("{ballot}{mark}"), tone, hint)
        }
        (None, None) => {
            let hint =
                say!(lang, "slot {slot}: a gap, nothing is known of it", "槽位 {slot}：空缺，一无所知");
            ("–".to_owned(), Tone::Absent, hint)
        }
    };
    Cell { text, tone, settled: state.chosen.is_some(), changed: false, hint }
}
