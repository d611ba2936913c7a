//! Who is a member, as far as a node has heard (§4.8.1).
//!
//! Each node decides about its own entry and numbers its decisions, so of two entries for a node the one with the
//! greater number is right, and tables that have met agree. There is one exception: an operator may have a node that is
//! dead removed by another one. Should both decide at once, with the same number, the removal counts.

use serde::{Deserialize, Serialize};

use super::options::Options;
use crate::protocol::NodeId;

/// How a node stands to the ring.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It owns nothing. Clients can ask it all the same.
    #[default]
    Outside,
    /// It fetches what it is going to own.
    Joining,
    /// It owns ranges.
    Member,
    /// It still owns its ranges and hands them to those who are going to.
    Leaving,
}

/// What is known of one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Entry {
    /// How it stands to the ring.
    pub status: Status,
    /// Whether it lost its disk and has not yet fetched again what it owns: it stores, and answers no reads.
    pub refilling: bool,
    /// The number of the decision; 0 if nothing was heard.
    pub number: u64,
    /// Whether an operator had it removed by another node, and it has not become a member again since. What it holds did
    /// not go to those who own it since.
    pub is_removed: bool,
}

impl Entry {
    /// Whether this entry is right where the other one is what was known.
    pub fn replaces(&self, known: &Entry) -> bool {
        let order = |entry: &Entry| {
            // A node that joins again was removed, too, but by an earlier decision.
            let removes = entry.is_removed && entry.status == Status::Outside;
            (entry.number, removes, entry.is_removed, entry.status, entry.refilling)
        };
        self.number > 0 && order(self) > order(known)
    }

    /// Whether this is how a node that was removed says so itself, where its removal was known already.
    pub fn repeats_removal(&self, known: &Entry) -> bool {
        self.is_removed && known.is_removed && self.number == known.number.saturating_add(1)
    }

    /// Whether the node is in the ring by which keys are assigned.
    pub fn owns(&self) -> bool {
        matches!(self.status, Status::Member | Status::Leaving)
    }

    /// Whether it holds all that it is supposed to.
    pub fn is_full(&self) -> bool {
        self.owns() && !self.refilling
    }
}

/// What a node knows of all nodes, by number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    entries: Vec<Entry>,
}

impl Membership {
    /// What the operator writes to every disk before the first start.
    pub fn initial(nodes: u16, options: &Options) -> Membership {
        let entry = |node| {
            let is_member = options.is_initial_member(NodeId(node));
            let status = if is_member { Status::Member } else { Status::Outside };
            Entry { status, refilling: false, number: 1, is_removed: false }
        };
        Membership { entries: (0..nodes).map(entry).collect() }
    }

    /// What a node knows that has lost its disk.
    pub fn unknown(nodes: u16) -> Membership {
        Membership { entries: vec![Entry::default(); usize::from(nodes)] }
    }

    /// What is known of a node.
    pub fn get(&self, node: NodeId) -> Entry {
        self.entries.get(node.index()).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, node: NodeId, entry: Entry) {
        if let Some(known) = self.entries.get_mut(node.index()) {
            *known = entry;
        }
    }

    /// All entries, by node.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, Entry)> + '_ {
        (0..).map(NodeId).zip(self.entries.iter().copied())
    }

    /// The nodes whose entry is of that kind, by number.
    pub fn nodes_with(&self, is: impl Fn(&Entry) -> bool) -> Vec<NodeId> {
        self.iter().filter(|(_, entry)| is(entry)).map(|(node, _)| node).collect()
    }

    /// The sum of all numbers, which rises with every change.
    pub fn era(&self) -> u64 {
        self.entries.iter().fold(0, |era, entry| era.saturating_add(entry.number))
    }
}
