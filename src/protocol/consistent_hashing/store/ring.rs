//! Who owns a key, as one node sees the members.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::options::Options;
use crate::protocol::consistent_hashing::{Node, Placement, PlacementError, Roster, key_hash};
use crate::protocol::{NodeId, shared};

/// A key and its position on the circle. Keys are kept in the order of their positions, so that a range of the
/// circle is a range of the map.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The hash of the key.
    pub position: u64,
    /// The key.
    #[serde(deserialize_with = "shared::text")]
    pub key: Arc<str>,
}

impl Place {
    /// Where a key lies.
    pub fn of(key: &Arc<str>) -> Place {
        Place { position: key_hash(key.as_bytes()), key: key.clone() }
    }
}

/// Some members and how keys are assigned to them. A clone shares the tables; it compares by the members,
/// because the options are the same everywhere.
#[derive(Clone, Debug)]
pub struct Ring {
    members: Rc<[NodeId]>,
    /// `None` without members, or if the options were not validated.
    placement: Option<Rc<dyn Placement>>,
    /// Walks that were taken before. A walk from a key is always the same, and is asked for at nearly every step.
    walks: Rc<RefCell<Walks>>,
}

/// Walks by the position of the key and how many nodes were asked for, each with its key: positions are hashes.
type Walks = BTreeMap<(u64, usize), (Arc<str>, Rc<[NodeId]>)>;

/// The most walks that a ring remembers.
const WALKS_MAX: usize = 4_096;

impl PartialEq for Ring {
    fn eq(&self, other: &Ring) -> bool {
        self.members == other.members
    }
}

/// The placement of these members.
///
/// # Errors
/// A limit of the algorithm.
pub fn build(members: &[NodeId], options: &Options) -> Result<Box<dyn Placement>, PlacementError> {
    let mut placement = options.algorithm.build(&options.settings())?;
    let named = |node: &NodeId| Node::new(node.0, node.to_string()).with_weight(options.weight(*node));
    placement.set_roster(Roster::new(members.iter().map(named))?)?;
    Ok(placement)
}

impl Ring {
    /// The ring of these members, by rising number.
    pub fn new(members: &[NodeId], options: &Options) -> Ring {
        let placement = if members.is_empty() { None } else { build(members, options).ok() };
        Ring { members: members.into(), placement: placement.map(Rc::from), walks: Rc::default() }
    }

    /// The members, by rising number.
    pub fn members(&self) -> &[NodeId] {
        &self.members
    }

    /// How the keys are assigned.
    pub fn placement(&self) -> Option<&dyn Placement> {
        self.placement.as_deref()
    }

    /// The nodes in the order in which a walk from the key meets them, the preference list first (§4.3).
    pub fn walk(&self, place: &Place, count: usize) -> Vec<NodeId> {
        self.known_walk(place, count).to_vec()
    }

    fn known_walk(&self, place: &Place, count: usize) -> Rc<[NodeId]> {
        let at = (place.position, count);
        let known =
            self.walks.borrow().get(&at).filter(|(key, _)| *key == place.key).map(|(_, nodes)| nodes.clone());
        if let Some(nodes) = known {
            return nodes;
        }
        let list = |placement: &Rc<dyn Placement>| placement.preference_list(place.key.as_bytes(), count);
        let nodes: Rc<[NodeId]> = self.placement.as_ref().map(list).unwrap_or_default().into();
        let mut walks = self.walks.borrow_mut();
        if walks.len() >= WALKS_MAX {
            walks.clear();
        }
        walks.insert(at, (place.key.clone(), nodes.clone()));
        nodes
    }

    /// The preference list: N distinct nodes, the coordinator of the key first (§4.3).
    pub fn owners(&self, place: &Place, options: &Options) -> Vec<NodeId> {
        let mut owners = self.walk(place, usize::from(options.replicas));
        if options.break_rules.two_replicas_on_one_node
            && let [first, second, ..] = owners.as_mut_slice()
        {
            *second = *first;
        }
        owners
    }

    /// Whether a node is on the key's preference list.
    pub fn is_owner(&self, node: NodeId, place: &Place, options: &Options) -> bool {
        if options.break_rules.two_replicas_on_one_node {
            return self.owners(place, options).contains(&node);
        }
        self.known_walk(place, usize::from(options.replicas)).contains(&node)
    }

    /// A number that rings of the same members share.
    pub fn fingerprint(&self) -> u64 {
        let bytes: Vec<u8> = self.members.iter().flat_map(|node| node.0.to_le_bytes()).collect();
        key_hash(&bytes)
    }
}
