//! Becoming the leader: one phase 1 for all slots.

use super::options::Rule;
use std::collections::BTreeMap;

use super::leader::Leading;
use super::slots::{Slot, Value};
use super::storage::{Record, Waiting};
use super::{Message, MultiPaxos, Reason, Report, Role, Timer, Turn};
use crate::protocol::NodeId;
use crate::protocol::paxos::{Ballot, NodeSet};

/// Phase 1 as it goes on.
#[derive(Clone, PartialEq, Debug)]
pub struct Preparing {
    /// The ballot.
    pub ballot: Ballot,
    /// The first slot that was not known to be chosen when phase 1 began.
    pub from: Slot,
    /// Who has promised.
    pub promised_by: NodeSet,
    /// For each slot the report that counts: that it is chosen, or else the one of the highest ballot.
    pub reports: BTreeMap<Slot, Report>,
    /// The acceptor that has trimmed most, and up to which slot.
    pub trimmed: Option<(Slot, NodeId)>,
}

impl MultiPaxos {
    /// Picks a ballot higher than any that was issued or heard of; it must be on disk before it is used.
    pub(super) fn begin_ballot(&mut self, turn: &mut Turn<'_, '_>) {
        let above = self.highest.max(self.promised);
        let Some(ballot) = Ballot::above(above, turn.me()) else {
            turn.effects.note(Reason::BallotsUsedUp);
            return;
        };
        let why = Reason::BallotBegun { ballot, above };
        (self.highest, self.issued) = (Some(ballot), Some(ballot));
        self.leader = None;
        self.role = Role::Recording { ballot };
        turn.effects.cancel_timer(Timer::Election, why);
        self.write_durably(Record::Promised { ballot }, why, turn);
        if turn.acceptors().contains(turn.me()) {
            // From now on this node promises nothing to lower ballots; it will tell itself so in phase 1.
            self.promised = Some(ballot);
        }
        self.waiting.hold(Waiting::Prepare(ballot));
    }

    /// Phase 1a: the ballot is on disk.
    pub(super) fn ballot_recorded(&mut self, ballot: Ballot, turn: &mut Turn<'_, '_>) {
        if self.role != (Role::Recording { ballot }) {
            return;
        }
        let from = self.applied + 1;
        let preparing =
            Preparing { ballot, from, promised_by: NodeSet::EMPTY, reports: BTreeMap::new(), trimmed: None };
        self.role = Role::Preparing(preparing);
        self.prepare(turn.acceptors(), ballot, from, Reason::Prepare { ballot, from }, turn);
    }

    fn prepare(&mut self, to: NodeSet, ballot: Ballot, from: Slot, why: Reason, turn: &mut Turn<'_, '_>) {
        for acceptor in to.iter() {
            turn.say(acceptor, Message::Prepare { ballot, from }, why);
        }
        let again_us = turn.setup.options.heartbeat_interval_us;
        turn.effects.set_timer(Timer::PrepareAgain, again_us, why);
    }

    /// Asks the acceptors that have not promised yet once more, in the same ballot.
    pub(super) fn prepare_again(&mut self, turn: &mut Turn<'_, '_>) {
        if let Role::Preparing(Preparing { ballot, from, promised_by, .. }) = self.role {
            let silent = turn.acceptors().without(promised_by);
            self.prepare(silent, ballot, from, Reason::AskedAgain { ballot, silent: silent.len() }, turn);
        }
    }

    /// A promise came in; with a quorum of them the node leads.
    pub(super) fn on_promise(
        &mut self,
        from: NodeId,
        promised: Ballot,
        trimmed: Slot,
        reports: &[Report],
        turn: &mut Turn<'_, '_>,
    ) {
        let needed = turn.quorums().phase_1;
        let Role::Preparing(preparing) = &mut self.role else { return };
        if preparing.ballot != promised || !preparing.promised_by.insert(from) {
            return;
        }
        for report in reports {
            preparing.take(report);
        }
        if preparing.trimmed.is_none_or(|(most, _)| trimmed > most) {
            preparing.trimmed = Some((trimmed, from));
        }
        let (ballot, count) = (preparing.ballot, preparing.promised_by.len());
        turn.effects.note(Reason::PromiseCounted { ballot, count, needed });
        if count < needed {
            return;
        }
        let Role::Preparing(preparing) = std::mem::replace(&mut self.role, Role::Follower) else { return };
        self.lead(preparing, turn);
    }

    /// Phase 1 is over: the slots that others began are finished, gaps between them are filled, and new
    /// commands come after them ("Paxos Made Simple" §3).
    fn lead(&mut self, phase_1: Preparing, turn: &mut Turn<'_, '_>) {
        let Preparing { ballot, from, reports, trimmed, .. } = phase_1;
        let (trimmed, trimmed_by) = trimmed.unwrap_or((0, turn.me()));
        let last_reported = reports.keys().next_back().copied().unwrap_or(0);
        let last = last_reported.max(trimmed).max(self.applied);
        let leads = Reason::Leads { ballot, next: last + 1 };
        turn.effects.note(leads);
        turn.effects.cancel_timer(Timer::PrepareAgain, leads);
        let mut leading = Leading::new(ballot, last);
        if trimmed > self.applied {
            leading.misses = Some((trimmed, trimmed_by));
        }
        self.leader = Some(turn.me());
        self.role = Role::Leading(leading);
        for slot in from.max(trimmed + 1)..=last {
            if self.slots.chosen(slot).is_some() || slot <= self.applied {
                continue;
            }
            let ignore = turn.breaks(Rule::IgnoreAcceptedValue);
            match reports.get(&slot) {
                Some(Report { accepted: None, value, .. }) => {
                    self.choose(slot, value.clone(), Reason::ChosenHeard { slot }, turn);
                }
                Some(Report { accepted: Some(from), .. }) if ignore => {
                    let why = Reason::AcceptedValueIgnored { slot, ballot, from: *from };
                    self.propose(slot, Value::NoOp, why, turn);
                }
                Some(Report { accepted: Some(from), value, .. }) => {
                    // P2c: the value may have been chosen, so no other may be proposed.
                    let why = Reason::TakenOver { slot, ballot, from: *from };
                    self.propose(slot, value.clone(), why, turn);
                }
                None => self.propose(slot, Value::NoOp, Reason::GapFilled { slot, ballot }, turn),
            }
        }
        self.apply(turn);
        self.beat(turn);
    }

    /// A higher ballot has begun: it is of no use to go on with an own lower one ("Paxos Made Simple" §2.2).
    pub(super) fn outbid_by(&mut self, higher: Ballot, turn: &mut Turn<'_, '_>) {
        self.highest = self.highest.max(Some(higher));
        if self.leader.is_some_and(|leader| leader != higher.node) {
            self.leader = None;
        }
        match self.role.ballot() {
            Some(own) if own < higher => {
                self.give_up(higher, turn);
                if !turn.setup.options.back_off {
                    turn.effects.note(Reason::OutbidAtOnce { above: higher });
                    self.begin_ballot(turn);
                }
            }
            Some(_) => {}
            None => self.await_leader(turn),
        }
    }

    /// Stops leading, or trying to.
    pub(super) fn give_up(&mut self, higher: Ballot, turn: &mut Turn<'_, '_>) {
        let Some(ballot) = self.role.ballot() else { return };
        let why = Reason::Preempted { ballot, by: higher };
        turn.effects.note(why);
        turn.effects.cancel_timer(Timer::PrepareAgain, why);
        let role = std::mem::replace(&mut self.role, Role::Follower);
        if let Role::Leading(leading) = role {
            turn.effects.cancel_timer(Timer::Heartbeat, why);
            self.leader = None;
            self.send_clients_away(leading, higher.node, turn);
        }
        // A random time, so that two proposers do not outbid each other for ever ("Paxos Made Simple" §2.4).
        self.await_leader(turn);
    }
}

impl Preparing {
    fn take(&mut self, report: &Report) {
        let better = match self.reports.get(&report.slot) {
            None => true,
            // That a slot is chosen outweighs everything.
            Some(Report { accepted: None, .. }) => false,
            Some(Report { accepted: Some(known), .. }) => {
                report.accepted.is_none_or(|ballot| ballot > *known)
            }
        };
        if better {
            self.reports.insert(report.slot, report.clone());
        }
    }
}
