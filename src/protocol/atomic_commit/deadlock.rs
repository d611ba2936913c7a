//! Deadlocks across sites: the coordinator puts together who waits for whom at each site, and looks for a
//! circle (Bernstein, Hadzilacos and Goodman §3.11, a global detector).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::transaction::TransactionId;
use crate::protocol::NodeId;

/// Who waits for whom, as far as the coordinator was told.
///
/// An edge may be out of date, since it was true when a site sent it. That can at worst take a wait for a
/// deadlock that is just being resolved, and abort a transaction that would have gone on.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub struct WaitForGraph {
    waits: BTreeMap<TransactionId, BTreeMap<NodeId, Vec<TransactionId>>>,
}

impl WaitForGraph {
    /// Notes that `waiter` waits at `site` for these.
    pub fn waits(&mut self, waiter: TransactionId, site: NodeId, holders: Vec<TransactionId>) {
        self.waits.entry(waiter).or_default().insert(site, holders);
    }

    /// Notes that `waiter` no longer waits at `site`.
    pub fn goes_on(&mut self, waiter: TransactionId, site: NodeId) {
        if let Some(sites) = self.waits.get_mut(&waiter) {
            sites.remove(&site);
            if sites.is_empty() {
                self.waits.remove(&waiter);
            }
        }
    }

    /// Forgets a transaction that has ended: nobody waits for it any more.
    pub fn forget(&mut self, transaction: TransactionId) {
        self.waits.remove(&transaction);
    }

    /// Every edge: who waits, where, for whom.
    pub fn edges(&self) -> impl Iterator<Item = (TransactionId, NodeId, TransactionId)> {
        self.waits.iter().flat_map(|(waiter, sites)| {
            sites.iter().flat_map(|(site, holders)| holders.iter().map(|holder| (*waiter, *site, *holder)))
        })
    }

    /// The circle that `from` is part of, beginning with it; empty if there is none.
    pub fn circle(&self, from: TransactionId) -> Vec<TransactionId> {
        let mut path = Vec::new();
        let mut seen = BTreeSet::new();
        if self.reaches(from, from, &mut seen, &mut path) { path } else { Vec::new() }
    }

    /// A depth-first search that leaves the way it found in `path`. Its depth is bounded by the number of
    /// transactions that wait, which the coordinator bounds.
    fn reaches(
        &self,
        at: TransactionId,
        target: TransactionId,
        seen: &mut BTreeSet<TransactionId>,
        path: &mut Vec<TransactionId>,
    ) -> bool {
        path.push(at);
        for next in self.waits.get(&at).into_iter().flat_map(BTreeMap::values).flatten() {
            if *next == target || (seen.insert(*next) && self.reaches(*next, target, seen, path)) {
                return true;
            }
        }
        path.pop();
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(number: u32) -> TransactionId {
        TransactionId { incarnation: 1, number }
    }

    #[test]
    fn a_circle_over_two_sites_is_seen_and_no_site_alone_could_see_it() {
        let mut graph = WaitForGraph::default();
        graph.waits(transaction(1), NodeId(2), vec![transaction(2)]);
        assert_eq!(graph.circle(transaction(1)), []);
        graph.waits(transaction(2), NodeId(1), vec![transaction(1)]);
        assert_eq!(graph.circle(transaction(1)), [transaction(1), transaction(2)]);
    }

    #[test]
    fn waiting_for_a_circle_is_not_being_in_it() {
        let mut graph = WaitForGraph::default();
        graph.waits(transaction(1), NodeId(2), vec![transaction(2)]);
        graph.waits(transaction(2), NodeId(1), vec![transaction(1)]);
        graph.waits(transaction(3), NodeId(1), vec![transaction(2)]);
        assert_eq!(graph.circle(transaction(3)), []);
    }

    #[test]
    fn a_wait_that_ended_is_forgotten() {
        let mut graph = WaitForGraph::default();
        graph.waits(transaction(1), NodeId(2), vec![transaction(2)]);
        graph.waits(transaction(2), NodeId(1), vec![transaction(1)]);
        graph.goes_on(transaction(2), NodeId(1));
        assert_eq!(graph.circle(transaction(1)), []);
    }
}
