//! What is known of a selection, and what the step at the cursor changed.

use super::Lang;
use super::circle::Circle;
use super::model::{Cell, Field, Inspection, Row, Table, Tone};
use super::open_run::OpenRun;
use super::portray::Portray;
use super::stage::{body_text, face};
use super::telling::{address_name, effect_text, happening_text};
use super::workbench::Selection;
use crate::lang::time;
use crate::protocol::{NodeId, wal};
use crate::sim::step::{Body, Event};
use crate::sim::{Address, Cluster, EventId};
use crate::{say, word};

/// The most records of a disk that the table shows: the last ones.
const RECORDS_SHOWN: usize = 12;

pub(super) fn inspect<P: Portray>(run: &OpenRun<P>, selection: Selection, lang: Lang) -> Option<Inspection> {
    let cluster = run.history.cluster();
    match selection {
        Selection::Party(Address::Node(node)) => node_inspection(run, node, lang),
        Selection::Party(Address::Client(client)) => {
            let client = cluster.clients().get(client.index())?;
            let mut fields = vec![
                Field::new(word!(lang, "done", "已完成"), client.done.to_string()),
                Field::new(word!(lang, "asks next", "下次请求"), client.target.to_string()),
                Field::new(word!(lang, "waiting", "排队"), client.waiting.len().to_string()),
            ];
            if let Some(outstanding) = &client.outstanding {
                fields.push(Field::new(
                    word!(lang, "under way", "进行中"),
                    P::command_text(&outstanding.command),
                ));
                fields.push(Field::new(word!(lang, "asked", "已请求"), outstanding.asked.to_string()));
                fields
                    .push(Field::new(word!(lang, "attempts", "尝试次数"), outstanding.attempts.to_string()));
                fields.push(Field::new(word!(lang, "since", "始于"), time(outstanding.since_us, lang)));
            }
            let name = client.id;
            Some(Inspection { title: say!(lang, "{name} · client", "{name} · 客户端"), fields })
        }
        Selection::Message(event) => message_inspection(cluster, event, lang),
        Selection::Step(cursor) => step_inspection(run, cursor, lang),
        Selection::Key(position) => {
            let circle = run.circle_now()?;
            P::inspect_key(&nodes(cluster), &cluster.setup().options, &circle, position, lang)
        }
    }
}

fn node_inspection<P: Portray>(run: &OpenRun<P>, node: NodeId, lang: Lang) -> Option<Inspection> {
    let cluster = run.history.cluster();
    let options = &cluster.setup().options;
    let host = cluster.host(node)?;
    let name = P::name_of(node, options, lang);
    let mut fields = Vec::new();
    let role = match cluster.node(node) {
        Some(process) => {
            fields = process.fields(options, lang);
            let before =
                run.detail.as_ref().filter(|(_, _, detail)| detail.party == Some(Address::Node(node)));
            if let Some(before) = before.and_then(|(_, _, detail)| detail.before.as_ref()) {
                mark_changes(&mut fields, &before.fields(options, lang));
            }
            process.portrait(node, options, lang).role
        }
        None => word!(lang, "crashed", "已崩溃").to_owned(),
    };
    let disk = if host.disk.has_unsynced() {
        say!(lang, "{} of {} bytes durable", "{} / {} 字节已持久化", host.disk.durable(), host.disk.length())
    } else {
        say!(lang, "{} bytes, all durable", "{} 字节，全部持久化", host.disk.length())
    };
    fields.push(Field::new(word!(lang, "disk", "磁盘"), disk));
    let (skew_us, drift_ppm) = (host.clock.skew_us(), host.clock.drift_ppm());
    if (skew_us, drift_ppm) != (0, 0) {
        let sign = if skew_us < 0 { "−" } else { "+" };
        let value = format!("{sign}{}, {drift_ppm} ppm", time(skew_us.unsigned_abs(), lang));
        fields.push(Field::new(word!(lang, "clock", "时钟"), value));
    }
    for running in &host.timers {
        let timer = P::timer_name(running.timer, lang);
        let left = time(running.due_us.saturating_sub(cluster.now_us()), lang);
        fields.push(Field::new(
            say!(lang, "{timer} timer", "{timer}定时器"),
            say!(lang, "in {left}", "{left} 后"),
        ));
    }
    Some(Inspection { title: format!("{name} · {role}"), fields })
}

/// Marks the fields that had another value before.
fn mark_changes(fields: &mut [Field], before: &[Field]) {
    for field in fields {
        let old = before.iter().find(|old| old.name == field.name);
        field.before = old.filter(|old| old.value != field.value).map(|old| old.value.clone());
    }
}

fn message_inspection<P: Portray>(cluster: &Cluster<P>, event: EventId, lang: Lang) -> Option<Inspection> {
    let entry = cluster.queue().get(event)?;
    let Event::Message(envelope) = &entry.event else { return None };
    let options = &cluster.setup().options;
    let (_, kind) = face(&envelope.body);
    let name = |address| address_name::<P>(address, options, lang);
    let mut fields = vec![
        Field::new(word!(lang, "from", "来自"), name(envelope.from)),
        Field::new(word!(lang, "to", "发往"), name(envelope.to)),
        Field::new(word!(lang, "sent", "发送于"), time(envelope.sent_us, lang)),
        Field::new(word!(lang, "arrives", "到达于"), time(entry.due_us, lang)),
        Field::new(word!(lang, "sent in step", "发送步骤"), (envelope.cause + 1).to_string()),
    ];
    match &envelope.body {
        Body::Peer(message) => fields.extend(P::message_fields(message, lang)),
        body => fields.push(Field::new(word!(lang, "content", "内容"), body_text(body, lang))),
    }
    Some(Inspection { title: format!("{kind} · {}", event.0), fields })
}

fn step_inspection<P: Portray>(run: &OpenRun<P>, cursor: u32, lang: Lang) -> Option<Inspection> {
    let (_, at, detail) = run.detail.as_ref()?;
    if *at != cursor {
        return None;
    }
    let options = &run.history.cluster().setup().options;
    let mut fields = vec![
        Field::new(word!(lang, "time", "时间"), time(detail.time_us, lang)),
        Field::new(
            word!(lang, "input", "输入"),
            happening_text::<P>(&detail.happening, detail.party, options, lang),
        ),
    ];
    for (at, effect) in detail.effects.iter().enumerate() {
        fields.push(
            Field::new(say!(lang, "effect {}", "效果 {}", at + 1), effect_text(effect, options, lang)).hint(
                match detail.party.and_then(Address::node) {
                    Some(node) => P::reason_text(&effect.why, node, lang),
                    None => String::new(),
                },
            ),
        );
    }
    Some(Inspection { title: say!(lang, "step {cursor}", "步骤 {cursor}"), fields })
}

/// All nodes; those that are down as they would start from their disks.
pub(super) fn nodes<P: Portray>(cluster: &Cluster<P>) -> Vec<Option<P>> {
    let nodes = (0..cluster.setup().nodes).map(NodeId);
    nodes.map(|node| cluster.node(node).cloned().or_else(|| cluster.on_disk(node))).collect()
}

/// The protocol's tables. A node that is down is shown faintly, as it would start from its disk.
pub(super) fn tables<P: Portray>(
    cluster: &Cluster<P>,
    circle: Option<&Circle>,
    shown: usize,
    lang: Lang,
) -> Vec<Table> {
    let is_down = |address: Option<Address>| match address {
        Some(Address::Node(node)) => cluster.node(node).is_none(),
        _ => false,
    };
    let (nodes, options) = (nodes(cluster), &cluster.setup().options);
    let of_circle = circle.map(|circle| P::circle_tables(&nodes, options, circle, shown, lang));
    let mut tables = of_circle.unwrap_or_default();
    tables.extend(P::tables(&nodes, options, lang));
    for row in tables.iter_mut().flat_map(|table| &mut table.rows) {
        row.faint |= is_down(row.address);
    }
    tables
}

/// The end of each node's log on disk: what is durable and what is not.
/// Without `with_rows` only its head: reading every disk takes a while.
pub(super) fn disk_table<P: Portray>(cluster: &Cluster<P>, with_rows: bool, lang: Lang) -> Table {
    let options = &cluster.setup().options;
    let nodes = if with_rows { cluster.setup().nodes } else { 0 };
    let rows: Vec<Row> = (0..nodes)
        .map(NodeId)
        .map(|node| {
            let cells =
                cluster.host(node).map(|host| record_cells::<P>(&host.disk, lang)).unwrap_or_default();
            Row {
                name: P::name_of(node, options, lang),
                address: Some(Address::Node(node)),
                faint: cluster.node(node).is_none(),
                key: None,
                is_current: false,
                cells,
            }
        })
        .collect();
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    Table {
        chart: None,
        title: word!(lang, "On disk", "磁盘记录").to_owned(),
        note: word!(lang, "filled = durable", "实心 = 已持久化").to_owned(),
        columns: (0..width).map(|_| String::new()).collect(),
        rows,
    }
}

fn record_cells<P: Portray>(disk: &crate::sim::disk::Disk, lang: Lang) -> Vec<Option<Cell>> {
    let bytes = disk.bytes();
    let found = wal::recover::<P::Record>(&bytes);
    let ends = wal::frames(&bytes).map(|(start, length)| start + length);
    let mut cells: Vec<Option<Cell>> = found
        .records
        .iter()
        .zip(ends)
        .map(|(record, end)| {
            let settled = end <= disk.durable();
            Some(Cell {
                text: P::record_text(record, lang),
                tone: if settled { Tone::Member } else { Tone::Plain },
                settled,
                changed: false,
                hint: if settled {
                    word!(lang, "durable", "已持久化").to_owned()
                } else {
                    word!(lang, "written, not yet durable", "已写入，尚未持久化").to_owned()
                },
            })
        })
        .collect();
    if let wal::Tail::Damaged { .. } = found.tail {
        cells.push(Some(Cell {
            text: word!(lang, "damaged", "损坏").to_owned(),
            tone: Tone::Bad,
            settled: true,
            changed: false,
            hint: word!(lang, "the checksum does not match", "校验和不匹配").to_owned(),
        }));
    }
    let skip = cells.len().saturating_sub(RECORDS_SHOWN);
    cells.split_off(skip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Intervention, Unsynced};

    #[test]
    fn of_a_crashed_node_the_tables_show_what_its_disk_holds() {
        let mut bench = crate::scene::open("raft/calm").ok().unwrap();
        bench.seek(600);
        let node = NodeId(2);
        let log_of = |bench: &dyn crate::scene::Workbench| {
            let logs = bench.tables(0, Lang::En).remove(0);
            let row = logs.rows.into_iter().find(|row| row.address == Some(Address::Node(node))).unwrap();
            (row.faint, row.cells.iter().flatten().count())
        };
        let (faint, entries) = log_of(bench.as_ref());
        assert!(!faint && entries > 0);
        bench.act(Intervention::Crash { node, unsynced: Unsynced::Kept, unsent: 0 }, Lang::En).unwrap();
        assert_eq!(log_of(bench.as_ref()), (true, entries));
        bench.act(Intervention::LoseDisk { node }, Lang::En).unwrap();
        assert_eq!(log_of(bench.as_ref()), (true, 0));
    }

    #[test]
    fn causes_told_together_are_those_told_one_by_one() {
        let mut bench = crate::scene::open("raft/lossy").ok().unwrap();
        bench.seek(3_000);
        for cursor in [1, 40, 1_500, 2_900] {
            let chain = bench.causes(cursor, Lang::En);
            assert_eq!(chain.first().map(|first| first.step), Some(cursor));
            for cause in &chain {
                assert_eq!(bench.sentence(cause.step, Lang::En).as_ref(), Some(cause));
            }
        }
        let told = bench.sentences(2_000, 2_100, Lang::Zh);
        let one_by_one: Vec<_> = (2_000..=2_100).filter_map(|step| bench.sentence(step, Lang::Zh)).collect();
        assert_eq!(told, one_by_one);
    }

    #[test]
    fn causes_asked_for_a_step_at_a_time_are_those_asked_for_at_once() {
        let open = || crate::scene::open("raft/lossy").ok().unwrap();
        let (mut at_once, mut in_pieces) = (open(), open());
        for cursor in [1_500, 1_501, 40] {
            at_once.seek(1_500);
            in_pieces.seek(1_500);
            let all = at_once.causes(cursor, Lang::En);
            let pieces: Vec<_> =
                (0..all.len().max(1)).map(|_| in_pieces.causes_within(cursor, Lang::En, 1)).collect();
            assert_eq!(pieces.last(), Some(&Some(all)), "each piece is one more step of the chain");
            assert_eq!(in_pieces.source(cursor), at_once.source(cursor));
        }
        let other = in_pieces.causes(1_500, Lang::Zh);
        assert_ne!(
            other,
            at_once.causes(1_500, Lang::En),
            "what was told in one language is not the other's"
        );
    }

    #[test]
    fn traffic_is_the_messages_of_the_stage_without_their_descriptions() {
        let mut bench = crate::scene::open("raft/lossy").ok().unwrap();
        bench.seek(700);
        let mut messages = bench.stage(Lang::En).messages;
        assert!(!messages.is_empty() && messages.iter().all(|message| !message.description.is_empty()));
        messages.iter_mut().for_each(|message| message.description.clear());
        assert_eq!(bench.traffic(), messages);
    }
}
