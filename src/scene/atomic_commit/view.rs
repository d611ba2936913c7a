//! A node as the scene sees it, whichever of the two protocols it follows.

use crate::protocol::NodeId;
use crate::protocol::atomic_commit::{
    Branch, BranchState, Coordinator, Duty, Log, Node, Outcome, Site, TransactionId, Variant,
};

/// A node's books.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub id: NodeId,
    pub duty: Duty,
    pub incarnation: u32,
    pub log: &'a Log,
    /// What it coordinates, if it is the coordinator.
    pub coordinator: Option<&'a Coordinator>,
    /// What it keeps, if it is a resource manager.
    pub site: Option<&'a Site>,
}

impl<'a, V: Variant> From<&'a Node<V>> for View<'a> {
    fn from(node: &'a Node<V>) -> View<'a> {
        View {
            id: node.id(),
            duty: node.duty(),
            incarnation: node.incarnation(),
            log: node.log(),
            coordinator: node.coordinator(),
            site: node.site(),
        }
    }
}

/// All nodes of a cluster; `None` where one is down.
pub(super) fn views<V: Variant>(nodes: &[Option<Node<V>>]) -> Vec<Option<View<'_>>> {
    nodes.iter().map(|node| node.as_ref().map(View::from)).collect()
}

impl<'a> View<'a> {
    /// The open transaction that says most about a site: one in doubt, else the oldest.
    pub fn main_branch(&self) -> Option<(TransactionId, &'a Branch)> {
        let site = self.site?;
        site.in_doubt().next().or_else(|| site.branches().next())
    }

    /// How the latest transaction of a site that has ended did so.
    pub fn last_ended(&self) -> Option<(TransactionId, Option<Outcome>)> {
        let (transaction, ended) = self.site?.last_ended()?;
        Some((transaction, ended.outcome()))
    }

    /// Whether the site waits for a lock.
    pub fn waits(&self, transaction: TransactionId, branch: &Branch) -> bool {
        let locks = self.site.map(Site::locks);
        branch.state == BranchState::Working
            && locks.is_some_and(|locks| locks.awaited_by(transaction).is_some())
    }
}
