//! How the keys are spread, and where each of them lies.

use super::{position_text, siblings_text};
use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::Algorithm;
use crate::protocol::consistent_hashing::store::{Dynamo, Options, Place, Ring};
use crate::scene::Lang;
use crate::scene::model::{Cell, Row, Table, Tone};
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

/// The ring of the node that has heard the latest.
fn latest_ring(nodes: &[Option<Dynamo>]) -> Option<&Ring> {
    nodes.iter().flatten().max_by_key(|node| node.membership().era()).map(Dynamo::ring)
}

/// All keys that anybody holds, by position.
fn places(nodes: &[Option<Dynamo>]) -> Vec<&Place> {
    let mut places: Vec<&Place> =
        nodes.iter().flatten().flat_map(|node| node.data().map(|(place, _)| place)).collect();
    places.sort();
    places.dedup();
    places
}

/// A multiple of the mean with two digits, computed in integers.
fn ratio_text(load: usize, total: usize, members: usize) -> String {
    let hundredths = (load * members * 100).checked_div(total).unwrap_or(0);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Keys per node, and the peak over the mean.
pub(super) fn loads(nodes: &[Option<Dynamo>], options: &Options, lang: Lang) -> Table {
    let places = places(nodes);
    let ring = latest_ring(nodes);
    let members = ring.map_or(&[] as &[NodeId], Ring::members);
    let mut firsts = vec![0usize; nodes.len()];
    let mut replicas = vec![0usize; nodes.len()];
    for place in &places {
        let owners = ring.map(|ring| ring.owners(place, options)).unwrap_or_default();
        for (rank, owner) in owners.iter().enumerate() {
            if rank == 0
                && let Some(first) = firsts.get_mut(owner.index())
            {
                *first += 1;
            }
            if let Some(replica) = replicas.get_mut(owner.index()) {
                *replica += 1;
            }
        }
    }
    let peak = firsts.iter().copied().max().unwrap_or(0);
    let peak = ratio_text(peak, places.len(), members.len());
    let row = |at: usize, node: &Option<Dynamo>| {
        let id = NodeId(at as u16);
        let is_member = members.contains(&id);
        let (first, replica) = (firsts.get(at).copied().unwrap_or(0), replicas.get(at).copied().unwrap_or(0));
        let figure = |text: String| {
            cell(text, if is_member { Tone::Member } else { Tone::Absent }, true, String::new())
        };
        let held = node.as_ref().map(|node| node.data().len());
        let others = node
            .as_ref()
            .map(|node| node.data().filter(|(place, _)| !node.keeps_for_itself(place, options)).count());
        let cells = vec![
            figure(first.to_string()),
            figure(ratio_text(first, places.len(), members.len())),
            figure(replica.to_string()),
            held.and_then(|held| cell(held.to_string(), Tone::Plain, true, String::new())),
            others.filter(|others| *others > 0).and_then(|others| {
                let hint = word!(lang, "kept until their owners have confirmed them", "保留到主人确认为止");
                cell(others.to_string(), Tone::Leader, false, hint.to_owned())
            }),
        ];
        Row { name: id.to_string(), address: Some(Address::Node(id)), faint: node.is_none(), cells }
    };
    Table {
        title: word!(lang, "Keys per node", "各节点的键").to_owned(),
        note: say!(lang, "{} keys, peak {peak} × mean", "{} 个键，最高为平均的 {peak} 倍", places.len()),
        columns: [
            word!(lang, "first owner of", "首要拥有"),
            word!(lang, "× mean", "× 平均"),
            word!(lang, "replicas due", "应有副本"),
            word!(lang, "held", "持有"),
            word!(lang, "of others", "属于别人"),
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: nodes.iter().enumerate().map(|(at, node)| row(at, node)).collect(),
    }
}

/// Each key: its hash, its walk to the owners, and who holds which versions.
pub(super) fn keys(nodes: &[Option<Dynamo>], options: &Options, lang: Lang) -> Table {
    let all = places(nodes);
    let ring = latest_ring(nodes);
    // Keys that clients have written are of more interest than those that the run began with.
    let is_fresh = |place: &&Place| {
        nodes
            .iter()
            .flatten()
            .any(|node| node.siblings_of(place).iter().any(|version| !version.dot.is_initial()))
    };
    let (mut shown, rest): (Vec<&Place>, Vec<&Place>) = all.iter().copied().partition(is_fresh);
    shown.extend(rest);
    shown.truncate(KEYS_SHOWN);
    let row = |place: &&Place| {
        let owners = ring.map(|ring| ring.owners(place, options)).unwrap_or_default();
        let walk: Vec<String> = owners.iter().map(NodeId::to_string).collect();
        let mut cells = vec![
            cell(position_text(place.position), Tone::Plain, true, String::new()),
            cell(walk.join(" → "), Tone::Plain, true, String::new()),
        ];
        for (at, node) in nodes.iter().enumerate() {
            let held = node.as_ref().and_then(|node| node.held(place));
            let is_owner = owners.contains(&NodeId(at as u16));
            cells.push(held.and_then(|held| {
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
            }));
        }
        Row { name: place.key.to_string(), address: None, faint: false, cells }
    };
    let mut columns = vec![
        word!(lang, "hash", "散列").to_owned(),
        word!(lang, "walk to the owners", "走向拥有者").to_owned(),
    ];
    columns.extend((0..nodes.len()).map(|at| NodeId(at as u16).to_string()));
    Table {
        title: word!(lang, "Keys", "键").to_owned(),
        note: say!(
            lang,
            "filled = on disk; {} of {} keys",
            "填色 = 已落盘；{} / {} 个键",
            shown.len(),
            all.len()
        ),
        columns,
        rows: shown.iter().map(row).collect(),
    }
}
