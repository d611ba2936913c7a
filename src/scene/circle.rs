//! The circle on which keys are placed, as plain data: points, arcs, keys, and what a change of the members moves.
//!
//! A turn is a part of the circle, from 0 to 1: it begins at the top and goes clockwise. What depends on the
//! members and the keys alone is [`Placed`], which many moments share; what has arrived changes with every chunk.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::consistent_hashing::comparison::Comparison;
use super::model::Tone;
use crate::protocol::NodeId;
use crate::{say, word};

use super::Lang;

/// Below this many keys the loads say nothing.
const KEYS_FOR_A_LOAD: usize = 20;

/// The circle at one moment.
#[derive(Clone, Debug)]
pub struct Circle {
    /// Members, points and keys.
    pub placed: Rc<Placed>,
    /// For each key: whether the node that is going to own it has it on disk.
    pub arrived: Vec<bool>,
    /// For each node, how many keys it holds and the sum of their positions: equal sums, equal keys.
    pub sums: Vec<(u64, u64)>,
}

impl PartialEq for Circle {
    fn eq(&self, other: &Circle) -> bool {
        Rc::ptr_eq(&self.placed, &other.placed) && self.arrived == other.arrived
    }
}

impl Eq for Circle {}

/// Who is a member, by rising number: before any change, at this moment, and once all changes are through.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Members {
    /// Those that the run began with.
    pub before: Vec<NodeId>,
    /// Those by whom keys are owned at this moment.
    pub now: Vec<NodeId>,
    /// With those that are joining, without those that are leaving.
    pub then: Vec<NodeId>,
}

/// The nodes that own something before a change, now, and after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Owners {
    /// Before any change.
    pub before: NodeId,
    /// At this moment.
    pub now: NodeId,
    /// Once the change is through.
    pub then: NodeId,
}

impl Owners {
    /// Whether the change gives it to another node.
    pub fn moves(&self) -> bool {
        self.before != self.then
    }
}

/// A part of the circle whose keys have the same first owner.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Range {
    /// Where it begins; negative if that is before the top.
    pub from: f64,
    /// Where it ends: at a point of its owner.
    pub to: f64,
    /// Whose it is.
    pub owners: Owners,
}

/// A virtual node.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Point {
    /// Where it is.
    pub turn: f64,
    /// Whose it is.
    pub node: NodeId,
    /// Whether its node is a member at this moment.
    pub is_now: bool,
}

/// A key.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Key {
    /// Its hash.
    pub position: u64,
    /// Its name.
    pub name: Arc<str>,
    /// Where the algorithm places it on the circle.
    pub turn: f64,
    /// Its first owners.
    pub owners: Owners,
}

/// What depends on the members and the names of the keys.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Placed {
    /// The members.
    pub members: Members,
    /// Ranges of the circle, clockwise; none where keys are owned in another way.
    pub ranges: Vec<Range>,
    /// The virtual nodes, clockwise; none where there are none.
    pub points: Vec<Point>,
    /// The keys, clockwise.
    pub keys: Vec<Key>,
    /// The indexes of the keys by rising position.
    pub by_position: Vec<u32>,
    /// For each key its preference list at this moment, `replicas` entries each.
    pub owners: Vec<NodeId>,
    /// How long a preference list is.
    pub replicas: usize,
    /// For each key and node after the change, whether the key belongs there: by key, then by node.
    pub coming_owners: Vec<NodeId>,
    /// How long a preference list is after the change.
    pub coming_replicas: usize,
    /// How many keys get another first owner.
    pub moved: usize,
    /// The expected number of moves if the shares change and nothing else does.
    pub ideal: f64,
    /// All algorithms with the same keys and the same change; found when somebody asks.
    #[serde(skip)]
    pub comparison: Rc<OnceCell<Comparison>>,
}

/// The figure in the middle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// Large: `21.2 %`.
    pub large: String,
    /// Below it, a line each.
    pub lines: Vec<String>,
}

/// A part of a whole in per cent, with one digit, rounded in integers.
pub fn percent_text(part: usize, whole: usize) -> String {
    let thousandths = (part * 2_000 + whole).checked_div(2 * whole).unwrap_or(0);
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// A multiple of the mean with two digits, computed in integers.
pub fn ratio_text(load: usize, total: usize, members: usize) -> String {
    let hundredths = (load * members * 100).checked_div(total).unwrap_or(0);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

impl Placed {
    /// Whether a node joins or leaves.
    pub fn is_changing(&self, node: NodeId) -> bool {
        self.members.before.contains(&node) != self.members.then.contains(&node)
    }

    /// Whether any node joins or leaves.
    pub fn has_change(&self) -> bool {
        self.members.before != self.members.then
    }

    /// The colour of a node: amber for those that join or leave.
    pub fn tone(&self, node: NodeId) -> Tone {
        if self.is_changing(node) { Tone::Leader } else { Tone::Owner(node.0) }
    }

    /// The preference list of a key at this moment.
    pub fn owners_of(&self, key: usize) -> &[NodeId] {
        self.owners.get(key * self.replicas..(key + 1) * self.replicas).unwrap_or_default()
    }

    /// The preference list of a key after the change.
    pub fn coming_owners_of(&self, key: usize) -> &[NodeId] {
        let from = key * self.coming_replicas;
        self.coming_owners.get(from..from + self.coming_replicas).unwrap_or_default()
    }

    /// The index of the key at a position.
    pub fn find(&self, position: u64) -> Option<usize> {
        let at = |index: &u32| self.keys.get(*index as usize).map_or(0, |key| key.position);
        let found = self.by_position.binary_search_by_key(&position, at).ok()?;
        self.by_position.get(found).map(|index| *index as usize)
    }

    /// How many keys each node is the first owner of, by node.
    pub fn loads(&self, nodes: usize, of: impl Fn(&Owners) -> NodeId) -> Vec<usize> {
        let mut loads = vec![0usize; nodes];
        for key in &self.keys {
            if let Some(load) = loads.get_mut(of(&key.owners).index()) {
                *load += 1;
            }
        }
        loads
    }

    /// The points that a walk clockwise from a key stops at: the first of each of its owners. None where
    /// owners are not found by walking.
    pub fn walk(&self, key: usize) -> Vec<Point> {
        let mut stops: Vec<Point> = Vec::new();
        let (Some(from), false) = (self.keys.get(key).map(|key| key.turn), self.ranges.is_empty()) else {
            return stops;
        };
        let start = self.points.partition_point(|point| point.turn < from);
        let (before, after) = self.points.split_at_checked(start).unwrap_or_default();
        for point in after.iter().chain(before).filter(|point| point.is_now) {
            if stops.len() == self.replicas {
                break;
            }
            if !stops.iter().any(|stop| stop.node == point.node) {
                stops.push(*point);
            }
        }
        stops
    }

    /// The preference list as a reader sees it: `n3 → n1 → n4`.
    pub fn walk_text(&self, key: usize) -> String {
        self.owners_of(key).iter().map(NodeId::to_string).collect::<Vec<_>>().join(" → ")
    }
}

/// A position on the circle as people read it: its upper 32 bits.
pub fn position_text(position: u64) -> String {
    format!("0x{:08x}", position >> 32)
}

/// A position as a turn.
pub fn turn_of(position: u64) -> f64 {
    (position >> 32) as f64 / 4_294_967_296.0
}

impl Circle {
    /// How many of the keys that move have arrived.
    pub fn moved_and_arrived(&self) -> usize {
        let keys = self.placed.keys.iter().zip(&self.arrived);
        keys.filter(|(key, arrived)| key.owners.moves() && **arrived).count()
    }

    /// What stands in the middle: what the change moves beside the ideal, or how even the loads are.
    pub fn figure(&self, lang: Lang) -> Figure {
        let placed = &self.placed;
        let keys = placed.keys.len();
        if keys > 0 && placed.has_change() {
            let (moved, arrived) = (placed.moved, self.moved_and_arrived());
            let ideal = percent_text((placed.ideal + 0.5) as usize, keys);
            let of = if arrived == moved {
                word!(lang, "of the keys moved", "的键已移动")
            } else {
                word!(lang, "of the keys move", "的键要移动")
            };
            return Figure {
                large: percent_text(moved, keys),
                lines: vec![
                    of.to_owned(),
                    say!(lang, "ideal {ideal}", "理想值 {ideal}"),
                    say!(lang, "{arrived} of {moved} have arrived", "已到达 {arrived} / {moved}"),
                ],
            };
        }
        let members = placed.members.now.len();
        if keys < KEYS_FOR_A_LOAD || members == 0 {
            return Figure {
                large: keys.to_string(),
                lines: vec![word!(lang, "keys on the circle", "个键在环上").to_owned()],
            };
        }
        let loads = placed.loads(usize::from(u16::MAX).min(self.sums.len()), |owners| owners.now);
        let peak = loads.iter().copied().max().unwrap_or(0);
        Figure {
            large: format!("{} ×", ratio_text(peak, keys, members)),
            lines: vec![
                word!(lang, "the mean on the fullest node", "最满节点与平均之比").to_owned(),
                say!(lang, "{keys} keys, {members} nodes", "{keys} 个键，{members} 个节点"),
            ],
        }
    }

    /// What the figure says, in one sentence.
    pub fn description(&self, lang: Lang) -> String {
        let figure = self.figure(lang);
        std::iter::once(figure.large).chain(figure.lines).collect::<Vec<_>>().join(", ")
    }

    /// A key in one line: its name, its hash and its walk to the owners.
    pub fn key_text(&self, key: usize) -> String {
        let Some(found) = self.placed.keys.get(key) else { return String::new() };
        format!("{}, {}, {}", found.name, position_text(found.position), self.placed.walk_text(key))
    }

    /// How a key stands: `true` for one that moves and has not arrived.
    pub fn is_on_its_way(&self, key: usize) -> bool {
        let moves = self.placed.keys.get(key).is_some_and(|key| key.owners.moves());
        moves && !self.arrived.get(key).copied().unwrap_or(true)
    }
}
