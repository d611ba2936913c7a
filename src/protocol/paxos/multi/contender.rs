//! Becoming the leader: one phase 1 for all slots.

use std::collections::BTreeMap;

use super::leader::Leading;
use super::slots::{Slot, Slots, Value};
use super::storage::{Record, Waiting};
use super::{Message, MultiPaxos, Reason, Report, Role, Rule, Timer, Turn};
use crate::protocol::NodeId;
use crate::protocol::paxos::{Ballot, NodeSet, Quorums};

/// Phase 1 as it goes on.
#[derive(Clone, PartialEq, Debug)]
pub struct Preparing {
    /// The ballot.
    pub ballot: Ballot,
    /// The first slot that was not known to be chosen when phase 1 began.
    pub from: Slot,
    /// Whose promises count.
    pub promised_by: NodeSet,
    /// Who has promised and trimmed slots that this node does not know, with the last of them. What was accepted for
    /// those is not in its report, so the promise counts only once they are known.
    pub beyond: BTreeMap<NodeId, Slot>,
    /// For each slot the report that counts: that it is chosen, or else the one of the highest ballot.
    pub reports: BTreeMap<Slot, Report>,
    /// When phase 1 last came nearer to its end, in µs.
    pub(super) progress_us: u64,
}

impl MultiPaxos {
    /// Whether the node may lead.
    pub(super) fn may_propose(&self, turn: &Turn<'_, '_>) -> bool {
        self.trusted && turn.proposers().contains(turn.me())
    }

    /// Picks a ballot higher than any that was issued or heard of; it must be on disk before it is used.
    pub(super) fn begin_ballot(&mut self, turn: &mut Turn<'_, '_>) {
        let above = self.highest;
        let Some(ballot) = Ballot::above(above, turn.me()) else {
            turn.effects.note(Reason::BallotsUsedUp);
            return;
        };
        self.canvass = None;
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
        if !self.waiting.is_settled() && turn.breaks(Rule::PrepareBeforeDurable) {
            self.ballot_recorded(ballot, turn);
        }
    }

    /// Phase 1a: the ballot is on disk.
    pub(super) fn ballot_recorded(&mut self, ballot: Ballot, turn: &mut Turn<'_, '_>) {
        if self.role != (Role::Recording { ballot }) {
            return;
        }
        let from = self.applied + 1;
        let preparing = Preparing {
            ballot,
            from,
            promised_by: NodeSet::EMPTY,
            beyond: BTreeMap::new(),
            reports: BTreeMap::new(),
            progress_us: turn.surroundings.now_us,
        };
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

    /// Asks the acceptors that have not promised yet once more, in the same ballot; or gives up, because nothing has
    /// come of it for so long that somebody else should have a try.
    pub(super) fn prepare_again(&mut self, turn: &mut Turn<'_, '_>) {
        let Role::Preparing(Preparing { ballot, from, promised_by, beyond, progress_us, .. }) = &self.role
        else {
            return;
        };
        let (ballot, from) = (*ballot, *from);
        let patience_us = turn.setup.options.election_timeout_us_max;
        if turn.surroundings.now_us.saturating_sub(*progress_us) >= patience_us {
            turn.effects.note(Reason::PhaseOneGivenUp { ballot });
            self.role = Role::Follower;
            self.await_leader(turn);
            return;
        }
        let silent = turn.acceptors().without(*promised_by).without(beyond.keys().copied().collect());
        let ahead =
            beyond.iter().max_by_key(|(_, trimmed)| **trimmed).map(|(node, trimmed)| (*node, *trimmed));
        self.prepare(silent, ballot, from, Reason::AskedAgain { ballot, silent: silent.len() }, turn);
        if let Some((node, trimmed)) = ahead {
            self.catch_up(node, trimmed, turn);
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
        let Role::Preparing(preparing) = &mut self.role else { return };
        if preparing.ballot != promised
            && !(promised.node == turn.me() && turn.breaks(Rule::CountPromiseOfOlderBallot))
        {
            return;
        }
        if preparing.promised_by.contains(from) || preparing.beyond.contains_key(&from) {
            return;
        }
        let lowest = preparing.reports_differ(reports) && turn.breaks(Rule::AdoptLowestBallot);
        for report in reports {
            preparing.take(report, lowest);
        }
        preparing.progress_us = turn.surroundings.now_us;
        // Slots that lie too far ahead are a reason to catch up first, too.
        let reach = reports.iter().map(|report| report.slot).max().unwrap_or(0);
        let trimmed = trimmed.max(reach.saturating_sub(Slots::AHEAD_MAX));
        if trimmed > self.applied && !turn.breaks(Rule::CountTrimmedPromise) {
            let ballot = preparing.ballot;
            preparing.beyond.insert(from, trimmed);
            turn.effects.note(Reason::PromiseBeyondKnown { ballot, trimmed });
            self.catch_up(from, trimmed, turn);
            return;
        }
        self.count_promise(from, turn);
    }

    /// Counts a promise whose acceptor has trimmed nothing that this node does not know.
    fn count_promise(&mut self, from: NodeId, turn: &mut Turn<'_, '_>) {
        let needed = turn.quorums().phase_1;
        let Role::Preparing(preparing) = &mut self.role else { return };
        preparing.promised_by.insert(from);
        let (ballot, count) = (preparing.ballot, preparing.promised_by.len());
        turn.effects.note(Reason::PromiseCounted { ballot, count, needed });
        if count < needed {
            if count >= Quorums::halves(turn.acceptors().len()).phase_1 {
                turn.effects.reached(Rule::AllowDisjointQuorums);
            }
            return;
        }
        let Role::Preparing(preparing) = std::mem::replace(&mut self.role, Role::Follower) else { return };
        self.lead(preparing, turn);
    }

    /// More slots are known: promises may count that did not.
    pub(super) fn recount_promises(&mut self, turn: &mut Turn<'_, '_>) {
        while let Role::Preparing(preparing) = &mut self.role {
            let known = preparing.beyond.iter().find(|(_, trimmed)| **trimmed <= self.applied);
            let Some(node) = known.map(|(node, _)| *node) else { return };
            preparing.beyond.remove(&node);
            self.count_promise(node, turn);
        }
    }

    /// Phase 1 is over: the slots that others began are finished, gaps between them are filled, and new
    /// commands come after them ("Paxos Made Simple" §3).
    fn lead(&mut self, phase_1: Preparing, turn: &mut Turn<'_, '_>) {
        let Preparing { ballot, reports, .. } = phase_1;
        let last_reported = reports.keys().next_back().copied().unwrap_or(0);
        let last = last_reported.max(self.applied);
        let leads = Reason::Leads { ballot, next: last + 1 };
        turn.effects.note(leads);
        turn.effects.cancel_timer(Timer::PrepareAgain, leads);
        self.leader = Some(turn.me());
        self.role = Role::Leading(Leading::new(ballot, last, turn.surroundings.now_us));
        for slot in self.applied + 1..=last {
            if self.slots.chosen(slot).is_some() {
                continue;
            }
            match reports.get(&slot) {
                Some(Report { accepted: None, value, .. }) => {
                    self.choose(slot, value.clone(), Reason::ChosenHeard { slot }, turn);
                }
                Some(Report { accepted: Some(from), value, .. })
                    if *value != Value::NoOp && turn.breaks(Rule::IgnoreAcceptedValue) =>
                {
                    let why = Reason::AcceptedValueIgnored { slot, ballot, from: *from };
                    self.propose(slot, Value::NoOp, why, turn);
                }
                Some(Report { accepted: Some(from), value, .. }) => {
                    // P2c: the value may have been chosen, so no other may be proposed.
                    let why = Reason::TakenOver { slot, ballot, from: *from };
                    self.propose(slot, value.clone(), why, turn);
                }
                None if turn.breaks(Rule::LeaveGaps) => {}
                None => self.propose(slot, Value::NoOp, Reason::GapFilled { slot, ballot }, turn),
            }
        }
        self.apply(turn);
        self.beat(turn);
    }

    /// A higher ballot has begun: it is of no use to go on with an own lower one ("Paxos Made Simple" §2.2).
    pub(super) fn outbid_by(&mut self, higher: Ballot, turn: &mut Turn<'_, '_>) {
        let is_new = Some(higher) > self.highest;
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
            // A prepare request that is repeated must not keep everybody waiting: its proposer may hear nobody.
            None if is_new => {
                self.canvass = None;
                self.await_leader(turn);
            }
            None => {}
        }
    }

    /// The leader gives up because too few acceptors answer it: another that they hear may lead.
    pub(super) fn step_down(&mut self, heard: u16, needed: u16, turn: &mut Turn<'_, '_>) {
        let Some(ballot) = self.role.ballot() else { return };
        let why = Reason::Unheard { ballot, heard, needed };
        turn.effects.note(why);
        turn.effects.cancel_timer(Timer::Heartbeat, why);
        self.leader = None;
        if let Role::Leading(leading) = std::mem::replace(&mut self.role, Role::Follower) {
            self.send_clients_away(leading, None, turn);
        }
        self.await_leader(turn);
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
            self.send_clients_away(leading, Some(higher.node), turn);
        }
        // A random time, so that two proposers do not outbid each other for ever ("Paxos Made Simple" §2.4).
        self.await_leader(turn);
    }
}

impl Preparing {
    /// Whether these reports name an accepted value for a slot that another one is known for.
    fn reports_differ(&self, reports: &[Report]) -> bool {
        reports.iter().any(|report| {
            let known = self.reports.get(&report.slot).and_then(|known| known.accepted);
            report.accepted.is_some_and(|ballot| known.is_some_and(|known| known != ballot))
        })
    }

    fn take(&mut self, report: &Report, lowest: bool) {
        let better = match self.reports.get(&report.slot) {
            None => true,
            // That a slot is chosen outweighs everything.
            Some(Report { accepted: None, .. }) => false,
            Some(Report { accepted: Some(known), .. }) => {
                report.accepted.is_none_or(|ballot| if lowest { ballot < *known } else { ballot > *known })
            }
        };
        if better {
            self.reports.insert(report.slot, report.clone());
        }
    }
}
