//! A state machine on its way to a node that is too far behind, in parts.
//!
//! Whoever is behind asks for each part when the one before has arrived, so a slow connection carries one part at a
//! time, however often it is said that there is more. The sender keeps for each that is behind the state that it began to
//! send it, so that a transfer ends although the log goes on and others fall behind meanwhile; those whom one state helps
//! share its bytes.

use std::sync::Arc;

use super::slots::{Slot, Slots};
use super::{Message, MultiPaxos, Reason, Role, Rule, Turn};
use crate::protocol::NodeId;
use crate::protocol::key_value::Store;
use crate::protocol::wal::PAYLOAD_BYTES_MAX;

/// A state that is sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Outgoing {
    /// The last slot that it includes.
    pub through: Slot,
    bytes: Arc<[u8]>,
}

/// A state that arrives.
#[derive(Clone, PartialEq, Debug)]
pub struct Incoming {
    /// Who sends it.
    pub from: NodeId,
    /// The last slot that it includes.
    pub through: Slot,
    /// How many bytes it has.
    pub total: u64,
    /// What has arrived.
    received: Arc<Vec<u8>>,
    /// When the last part arrived, in µs.
    part_us: u64,
}

impl Incoming {
    /// How many bytes have arrived.
    pub fn received(&self) -> u64 {
        self.received.len() as u64
    }
}

impl MultiPaxos {
    /// Asks for what was missed, unless that was asked for a moment ago and nothing has come of it yet.
    pub(super) fn catch_up(&mut self, whom: NodeId, through: Slot, turn: &mut Turn<'_, '_>) {
        let now_us = turn.surroundings.now_us;
        let options = turn.setup.options;
        let received = self.incoming.as_ref().map_or(0, Incoming::received);
        let asked = (self.applied, received);
        let pause_us = options.heartbeat_interval_us;
        if self.asked.is_some_and(|(what, at_us)| what == asked && now_us.saturating_sub(at_us) < pause_us) {
            return;
        }
        self.asked = Some((asked, now_us));
        if let Some(incoming) = &self.incoming {
            if now_us.saturating_sub(incoming.part_us) < options.election_timeout_us_max {
                self.ask_for_more(turn);
                return;
            }
            // Whoever sent it is gone, it seems.
            self.incoming = None;
        }
        let from = self.applied + 1;
        turn.say(whom, Message::CatchUp { from }, Reason::CatchUp { from, through });
    }

    fn ask_for_more(&self, turn: &mut Turn<'_, '_>) {
        let Some(Incoming { from, through, total, received, .. }) = &self.incoming else { return };
        let why = Reason::SnapshotPart {
            through: *through,
            received: received.len() as u32,
            total: (*total).min(u64::from(u32::MAX)) as u32,
        };
        turn.say(*from, Message::SnapshotMore { through: *through, offset: received.len() as u64 }, why);
    }

    fn outgoing_to(&self, to: NodeId) -> Option<&Outgoing> {
        self.outgoing.iter().find(|(node, _)| *node == to).map(|(_, outgoing)| outgoing)
    }

    fn send_from_now_on(&mut self, to: NodeId, outgoing: Outgoing) {
        self.outgoing.retain(|(node, _)| *node != to);
        self.outgoing.push((to, outgoing));
    }

    /// Begins to send the state machine to a node that asks for what was trimmed.
    pub(super) fn tell_snapshot(&mut self, to: NodeId, first: Slot, turn: &mut Turn<'_, '_>) {
        let least = self.slots.trimmed().max(first);
        let newest =
            self.outgoing.iter().map(|(_, outgoing)| outgoing).max_by_key(|outgoing| outgoing.through);
        if let Some(outgoing) = newest.filter(|outgoing| outgoing.through >= least).cloned() {
            self.send_from_now_on(to, outgoing);
        } else {
            let mut store = self.store.clone();
            if store.sessions().len() > 0 && turn.breaks(Rule::SnapshotWithoutSessions) {
                store.forget_sessions();
            }
            let Ok(bytes) = postcard::to_allocvec(&store) else { return };
            self.send_from_now_on(to, Outgoing { through: self.applied, bytes: bytes.into() });
        }
        let through = self.outgoing_to(to).map_or(0, |outgoing| outgoing.through);
        self.tell_part(to, 0, Reason::SnapshotTold { through }, turn);
    }

    fn tell_part(&self, to: NodeId, offset: u64, why: Reason, turn: &mut Turn<'_, '_>) {
        let Some(Outgoing { through, bytes }) = self.outgoing_to(to) else { return };
        let most = turn.setup.options.snapshot_chunk_bytes_max as usize;
        let Some(rest) = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)) else { return };
        let part: Arc<[u8]> = rest.get(..most).unwrap_or(rest).into();
        let total = bytes.len() as u64;
        turn.say(to, Message::Snapshot { through: *through, total, offset, bytes: part }, why);
    }

    /// The next part is asked for.
    pub(super) fn on_snapshot_more(
        &mut self,
        from: NodeId,
        through: Slot,
        offset: u64,
        turn: &mut Turn<'_, '_>,
    ) {
        match self.outgoing_to(from) {
            Some(outgoing) if outgoing.through == through => {
                let (sent, total) = (offset.min(u64::from(u32::MAX)) as u32, outgoing.bytes.len() as u32);
                self.tell_part(from, offset, Reason::SnapshotGoesOn { through, sent, total }, turn);
            }
            // This process has started anew since.
            _ if through <= self.applied => self.tell_snapshot(from, through, turn),
            _ => {}
        }
    }

    /// A part arrives.
    pub(super) fn on_snapshot(
        &mut self,
        from: NodeId,
        (through, total, offset): (Slot, u64, u64),
        bytes: &[u8],
        turn: &mut Turn<'_, '_>,
    ) {
        if self.incoming.as_ref().is_some_and(|incoming| incoming.through <= self.applied) {
            self.incoming = None;
        }
        if through <= self.applied || bytes.is_empty() || total > PAYLOAD_BYTES_MAX as u64 {
            return;
        }
        let now_us = turn.surroundings.now_us;
        let stale_us = turn.setup.options.election_timeout_us_max;
        let goes_on =
            |incoming: &Incoming| (incoming.from, incoming.through, incoming.total) == (from, through, total);
        // A transfer that goes on is not given up for a second one.
        let is_taken = self.incoming.as_ref().is_some_and(|incoming| {
            goes_on(incoming) || (incoming.from != from && now_us.saturating_sub(incoming.part_us) < stale_us)
        });
        if !is_taken && offset == 0 {
            let received = Arc::default();
            self.incoming = Some(Incoming { from, through, total, received, part_us: now_us });
        }
        let Some(incoming) = self.incoming.as_mut().filter(|incoming| goes_on(incoming)) else { return };
        if offset != incoming.received() || bytes.len() as u64 > total - offset {
            return;
        }
        Arc::make_mut(&mut incoming.received).extend_from_slice(bytes);
        incoming.part_us = now_us;
        if let Role::Preparing(preparing) = &mut self.role {
            preparing.progress_us = now_us;
        }
        let received = incoming.received();
        if received < total {
            self.asked = Some(((self.applied, received), now_us));
            self.ask_for_more(turn);
            return;
        }
        let Some(incoming) = self.incoming.take() else { return };
        if let Ok(store) = postcard::from_bytes::<Store>(&incoming.received) {
            self.install(through, store, turn);
        }
    }

    /// A state machine takes the place of all slots that it includes.
    fn install(&mut self, through: Slot, store: Store, turn: &mut Turn<'_, '_>) {
        self.store = store;
        self.applied = through;
        if through > self.slots.last() {
            self.slots = Slots::after(through);
        } else {
            self.slots.trim(through);
        }
        if let Role::Leading(leading) = &mut self.role {
            leading.in_flight = leading.in_flight.split_off(&(through + 1));
            leading.next = leading.next.max(through + 1);
        }
        self.save(Reason::SnapshotInstalled { through }, turn);
        self.answer_from_sessions(turn);
        self.apply(turn);
        self.serve_reads(turn);
        self.propose_waiting(turn);
        self.recount_promises(turn);
    }
}
