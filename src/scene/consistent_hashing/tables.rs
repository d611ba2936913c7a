//! How the keys are spread, and where each of them lies.

use super::siblings_text;
use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::Algorithm;
use crate::protocol::consistent_hashing::store::{Dynamo, Held, Place};
use crate::scene::Lang;
use crate::scene::circle::{Circle, Placed, position_text, ratio_text};
use crate::scene::model::{Bar, Cell, Chart, Row, Table, Tone};
use crate::sim::Address;
use crate::{say, word};

/// The most keys of the table of keys.
const KEYS_SHOWN: usize = 40;

/// What people call an algorithm.
pub(super) fn algorithm_text(algorithm: Algorithm, lang: Lang) -> &'static str {
    match algorithm {
        Algorithm::Modulo => word!(lang, "Modulo", "取模"),
        Algorithm::Ring => word!(lang, "Hash ring", "哈希环"),
        Algorithm::Ketama => "Ketama",
        Algorithm::KetamaLibmemcached => word!(lang, "Ketama (libmemcached)", "Ketama（libmemcached）"),
        Algorithm::BoundedLoads => word!(lang, "Bounded loads", "有界负载"),
        Algorithm::Rendezvous => word!(lang, "Rendezvous", "集合点哈希"),
        Algorithm::Jump => word!(lang, "Jump", "跳跃哈希"),
        Algorithm::Maglev => "Maglev",
        Algorithm::MultiProbe => word!(lang, "Multi-probe", "多探针"),
        Algorithm::Anchor => "AnchorHash",
    }
}

fn cell(text: String, tone: Tone, settled: bool, hint: String) -> Option<Cell> {
    Some(Cell { text, tone, settled, changed: false, hint })
}

/// For each node, how many keys it holds that are not its own, now or after the change.
fn strays(nodes: &[Option<Dynamo>], placed: &Placed) -> Vec<Option<usize>> {
    let count = |(at, node): (usize, &Option<Dynamo>)| {
        let (node, id) = (node.as_ref()?, NodeId(at as u16));
        let is_own = |index: usize| {
            placed.owners_of(index).contains(&id) || placed.coming_owners_of(index).contains(&id)
        };
        // Both are in the order of the positions.
        let mut known = placed.by_position.iter().map(|index| *index as usize).peekable();
        let mut strays = 0;
        for (place, _) in node.data() {
            let before =
                |index: &usize| placed.keys.get(*index).is_some_and(|key| key.position < place.position);
            while known.next_if(before).is_some() {}
            strays += usize::from(!known.peek().is_some_and(|index| is_own(*index)));
        }
        Some(strays)
    };
    nodes.iter().enumerate().map(count).collect()
}

/// Keys per node, and the peak over the mean.
pub(super) fn loads(nodes: &[Option<Dynamo>], circle: &Circle, with_rows: bool, lang: Lang) -> Table {
    let placed = &circle.placed;
    let (keys, members) = (placed.keys.len(), placed.members.now.as_slice());
    let firsts = placed.loads(nodes.len(), |owners| owners.now);
    let before = placed.loads(nodes.len(), |owners| owners.before);
    let mut replicas = vec![0usize; nodes.len()];
    for owner in &placed.owners {
        if let Some(count) = replicas.get_mut(owner.index()) {
            *count += 1;
        }
    }
    let peak = ratio_text(firsts.iter().copied().max().unwrap_or(0), keys, members.len());
    let strays = if with_rows { strays(nodes, placed) } else { Vec::new() };
    let row = |(at, node): (usize, &Option<Dynamo>)| {
        let id = NodeId(at as u16);
        let is_member = members.contains(&id);
        let (first, replica) = (firsts.get(at).copied().unwrap_or(0), replicas.get(at).copied().unwrap_or(0));
        let tone = if is_member { Tone::Plain } else { Tone::Absent };
        let figure = |text: String| cell(text, tone, true, String::new());
        let held = node.as_ref().map(|node| node.data().len());
        let cells = vec![
            figure(first.to_string()),
            figure(ratio_text(first, keys, members.len())),
            figure(replica.to_string()),
            held.and_then(|held| cell(held.to_string(), Tone::Plain, true, String::new())),
            strays.get(at).copied().flatten().filter(|strays| *strays > 0).and_then(|strays| {
                let hint = word!(lang, "kept until their owners have confirmed them", "保留到主人确认为止");
                cell(strays.to_string(), Tone::Leader, false, hint.to_owned())
            }),
        ];
        Row {
            name: id.to_string(),
            address: Some(Address::Node(id)),
            faint: node.is_none(),
            key: None,
            is_current: false,
            cells,
        }
    };
    let bar = |at: usize| {
        let (value, was) = (firsts.get(at).copied()?, before.get(at).copied()?);
        let (id, has_changed) = (NodeId(at as u16), placed.members.before != placed.members.now);
        (members.contains(&id) || was > 0).then(|| Bar {
            name: id.to_string(),
            tone: placed.tone(id),
            value: value as u64,
            before: (has_changed && value != was).then_some(was as u64),
        })
    };
    let bars: Vec<Bar> = (0..nodes.len()).filter_map(bar).collect();
    let mean_hundredths = (keys * 100).checked_div(members.len()).unwrap_or(0) as u64;
    let mean = format!("{}.{}", mean_hundredths / 100, mean_hundredths / 10 % 10);
    let has_dashes = bars.iter().any(|bar| bar.before.is_some());
    Table {
        chart: (with_rows && keys > 0).then(|| Chart {
            bars,
            mean_hundredths,
            mean_text: say!(lang, "mean {mean}", "平均 {mean}"),
            before_text: if has_dashes {
                word!(lang, "dashed: before the change", "虚线：变更之前").to_owned()
            } else {
                String::new()
            },
        }),
        title: word!(lang, "Keys per node", "各节点的键").to_owned(),
        note: say!(lang, "{keys} keys, peak {peak} × mean", "{keys} 个键，最高为平均的 {peak} 倍"),
        columns: [
            word!(lang, "first owner of", "首要拥有"),
            word!(lang, "× mean", "× 平均"),
            word!(lang, "replicas due", "应有副本"),
            word!(lang, "held", "持有"),
            word!(lang, "of others", "属于别人"),
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: if with_rows { nodes.iter().enumerate().map(row).collect() } else { Vec::new() },
    }
}

/// What a node holds of a key, in short.
fn held_cell(held: &Held, is_owner: bool, lang: Lang) -> Option<Cell> {
    let on_disk = held.durable == held.siblings;
    let tone = match (held.siblings.len(), is_owner) {
        (0 | 1, true) => Tone::Member,
        (0 | 1, false) => Tone::Leader,
        _ => Tone::Contender,
    };
    let mut hint = super::context_text(&held.siblings.context());
    if let Some(owner) = held.hints.first() {
        hint = say!(lang, "kept for {owner}", "替 {owner} 保管");
    }
    cell(siblings_text(&held.siblings), tone, on_disk, hint)
}

/// Which keys are listed: those that clients have written first, because the others are all alike.
fn listed(nodes: &[Option<Dynamo>], placed: &Placed) -> Vec<usize> {
    let mut fresh: Vec<u64> = Vec::new();
    for node in nodes.iter().flatten() {
        let is_written = |held: &Held| held.siblings.iter().any(|version| !version.dot.is_initial());
        fresh.extend(node.data().filter(|(_, held)| is_written(held)).map(|(place, _)| place.position));
    }
    fresh.sort_unstable();
    fresh.dedup();
    let all = placed.by_position.iter().map(|index| *index as usize);
    let is_fresh =
        |index: &usize| placed.keys.get(*index).is_some_and(|key| fresh.binary_search(&key.position).is_ok());
    let mut listed: Vec<usize> = all.clone().filter(is_fresh).take(KEYS_SHOWN).collect();
    listed.extend(all.filter(|index| !is_fresh(index)).take(KEYS_SHOWN - listed.len()));
    listed
}

/// Each key: its hash, its walk to the owners, and who holds which versions.
pub(super) fn keys(nodes: &[Option<Dynamo>], circle: &Circle, with_rows: bool, lang: Lang) -> Table {
    let placed = &circle.placed;
    let shown = if with_rows { listed(nodes, placed) } else { Vec::new() };
    let row = |index: &usize| {
        let key = placed.keys.get(*index)?;
        let place = Place { position: key.position, key: key.name.clone() };
        let owners = placed.owners_of(*index);
        let mut cells = vec![
            cell(position_text(key.position), Tone::Plain, true, String::new()),
            cell(placed.walk_text(*index), Tone::Plain, true, String::new()),
        ];
        for (at, node) in nodes.iter().enumerate() {
            let held = node.as_ref().and_then(|node| node.held(&place));
            cells.push(held.and_then(|held| held_cell(held, owners.contains(&NodeId(at as u16)), lang)));
        }
        Some(Row {
            name: key.name.to_string(),
            address: None,
            faint: false,
            key: Some(key.position),
            is_current: false,
            cells,
        })
    };
    let mut columns = vec![
        word!(lang, "hash", "哈希").to_owned(),
        word!(lang, "walk to the owners", "走向拥有者").to_owned(),
    ];
    columns.extend((0..nodes.len()).map(|at| NodeId(at as u16).to_string()));
    Table {
        chart: None,
        title: word!(lang, "Keys", "键").to_owned(),
        note: say!(
            lang,
            "filled = on disk; {} of {} keys",
            "填色 = 已落盘；{} / {} 个键",
            shown.len(),
            placed.keys.len()
        ),
        columns,
        rows: shown.iter().filter_map(row).collect(),
    }
}
