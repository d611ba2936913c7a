//! Who is a member, and who has failed: told from node to node (§4.8).
//!
//! At every interval a node tells one other node, drawn at random, all it has heard, and is told in turn. Each
//! rumour carries a heartbeat that only its subject raises; a node whose heartbeat has not risen for a while is
//! taken for failed (van Renesse, Minsky and Hayden, "A Gossip-Style Failure Detection Service", Middleware
//! 1998). Besides, a node that has just not answered is left out until something is heard from it, which is
//! the local notion of failure of §4.8.3. Both only decide whom to ask. Nothing is lost when they are wrong.

use std::sync::Arc;

use super::member::{Entry, Status};
use super::message::{Message, Rumour, Timer};
use super::options::{Options, Rule};
use super::reason::Reason;
use super::storage::{Record, START_SHIFT, numbered};
use super::{Context, Dynamo};
use crate::protocol::NodeId;

/// What a node has heard of the others' heartbeats.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Heartbeats {
    /// By node.
    heard: Vec<Heard>,
    /// How often this process has gossiped.
    own: u64,
    /// This process's clock when it last did something.
    now_us: u64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Heard {
    heartbeat: u64,
    at_us: u64,
}

impl Heartbeats {
    pub(super) fn new(nodes: u16, now_us: u64) -> Heartbeats {
        let heard = vec![Heard { heartbeat: 0, at_us: now_us }; usize::from(nodes)];
        Heartbeats { heard, own: 0, now_us }
    }
}

impl Dynamo {
    /// An input has come: what time it is.
    pub(super) fn look_at_the_clock(&mut self, cx: &Context) {
        self.heartbeats.now_us = cx.surroundings.now_us;
    }

    /// Whether it has lately heard of a node, and the node has not just failed to answer.
    pub(super) fn seems_up(&self, node: NodeId, options: &Options) -> bool {
        if node == self.id {
            return true;
        }
        let is_fresh =
            |heard: &Heard| self.heartbeats.now_us.saturating_sub(heard.at_us) <= options.suspect_after_us;
        !self.silent.contains(&node) && self.heartbeats.heard.get(node.index()).is_some_and(is_fresh)
    }

    /// The nodes that it takes for failed.
    pub fn suspects(&self, options: &Options) -> Vec<NodeId> {
        let nodes = (0..self.heartbeats.heard.len()).map(|node| NodeId(node as u16));
        nodes.filter(|node| !self.seems_up(*node, options)).collect()
    }

    /// A message from a node is as good as a heartbeat.
    pub(super) fn heard_from(&mut self, from: NodeId, cx: &mut Context) {
        if let Some(heard) = self.heartbeats.heard.get_mut(from.index()) {
            heard.at_us = cx.surroundings.now_us;
        }
        self.silent.remove(&from);
    }

    /// A node has not answered in time.
    pub(super) fn found_silent(&mut self, node: NodeId, cx: &mut Context) {
        if node != self.id && self.silent.insert(node) {
            cx.effects.note(Reason::FoundSilent { node });
        }
    }

    pub(super) fn plan_gossip(&mut self, least_us: u64, cx: &mut Context) {
        // Nodes that gossip at the same moment tell each other what both know.
        let most_us = cx.options.gossip_interval_us.saturating_mul(3) / 2;
        let after_us = cx.surroundings.random_between(least_us, most_us);
        cx.effects.set_timer(Timer::Gossip, after_us, Reason::WaitsToGossip);
    }

    pub(super) fn on_gossip_due(&mut self, cx: &mut Context) {
        self.heartbeats.own = self.heartbeats.own.saturating_add(1);
        self.plan_gossip(cx.options.gossip_interval_us / 2, cx);
        if cx.nodes < 2 {
            return;
        }
        // Also nodes that seem down are told now and then, or two halves would not find together again.
        let by = cx.surroundings.random_between(1, u64::from(cx.nodes) - 1) as u16;
        let to = NodeId((self.id.0 + by) % cx.nodes);
        let message = Message::Gossip { rumours: self.rumours(), asks: true };
        self.send_when_durable(to, message, Reason::Gossips { to }, cx);
    }

    /// Its own entry has changed: everybody is told at once.
    #[track_caller]
    pub(super) fn tell_everyone(&mut self, why: Reason, cx: &mut Context) {
        let (rumours, id) = (self.rumours(), self.id);
        for to in (0..cx.nodes).map(NodeId).filter(|to| *to != id) {
            let message = Message::Gossip { rumours: rumours.clone(), asks: false };
            self.send_when_durable(to, message, why, cx);
        }
    }

    pub(super) fn rumours(&self) -> Arc<[Rumour]> {
        let own = numbered(self.starts, self.heartbeats.own);
        let rumour = |(node, entry): (NodeId, Entry)| {
            let heard = self.heartbeats.heard.get(node.index()).map_or(0, |heard| heard.heartbeat);
            Rumour { entry, heartbeat: if node == self.id { own } else { heard } }
        };
        self.membership.iter().map(rumour).collect()
    }

    pub(super) fn on_gossip(&mut self, from: NodeId, rumours: &[Rumour], asks: bool, cx: &mut Context) {
        let mut has_changed = false;
        for (node, rumour) in (0..).map(NodeId).zip(rumours.iter().take(usize::from(cx.nodes))) {
            if node == self.id {
                continue;
            }
            if let Some(heard) = self.heartbeats.heard.get_mut(node.index())
                && rumour.heartbeat > heard.heartbeat
            {
                *heard = Heard { heartbeat: rumour.heartbeat, at_us: cx.surroundings.now_us };
            }
            let known = self.membership.get(node);
            let is_older = rumour.entry.number > 0 && rumour.entry.number < known.number;
            if rumour.entry.replaces(&known) || is_older && cx.breaks(Rule::OlderRingAccepted) {
                let why = Reason::HeardOf { node, status: rumour.entry.status, from };
                self.hear(node, rumour.entry, why, cx);
                has_changed = true;
            }
        }
        // Its own entry comes last, so that a node which lost its disk and finds its entry there after a crash
        // finds the others', too.
        if let Some(rumour) = rumours.get(self.id.index()) {
            has_changed |= self.hear_of_itself(*rumour, cx);
        }
        if has_changed {
            self.set_rings(cx);
            self.resume(cx);
        }
        if asks && self.knows_the_ring() {
            let message = Message::Gossip { rumours: self.rumours(), asks: false };
            self.send_when_durable(from, message, Reason::GossipsBack { to: from }, cx);
        }
    }

    /// Others know this node longer than it does if it has lost its disk. Then it takes their word for how it
    /// stands to the ring, and numbers its decisions after those it has forgotten.
    fn hear_of_itself(&mut self, rumour: Rumour, cx: &mut Context) -> bool {
        let starts = rumour.heartbeat >> START_SHIFT;
        if starts > self.starts {
            self.starts = starts.saturating_add(1);
            let why = Reason::RemembersStarts { starts: self.starts };
            self.append(Record::Started { starts: self.starts, life: self.life }, why, cx);
        }
        let own = self.membership.get(self.id);
        // Who has lost its disk, too, knows nothing of this node. The same number with another decision is one that it
        // took before its disk was lost, or another node has removed it.
        if rumour.entry.number == 0 || rumour.entry.number < own.number || rumour.entry == own {
            return false;
        }
        let status = rumour.entry.status;
        let owned = matches!(status, Status::Member | Status::Leaving);
        // What it has become since it found its disk lost stands only as long as nobody knows better.
        let refilling = owned && (own.refilling || own.status != status);
        let refilling = refilling && !cx.breaks(Rule::LostDiskNotTold);
        let number = rumour.entry.number.max(own.number);
        self.membership.set(self.id, Entry { number, ..rumour.entry });
        self.transfer = None;
        self.decide(status, refilling, Reason::RemembersStanding { status }, cx);
        true
    }
}
