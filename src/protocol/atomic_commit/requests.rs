//! The coordinator's side of the work before the vote: it takes a client's request, hands the operations to the
//! sites that keep the values, and waits until they have done them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::coordinator::{Coordination, Phase, Work, count};
use super::log::Then;
use super::message::{Message, Record, Timer, Vote};
use super::node::{Context, Node, Settings, Variant};
use super::options::{DeadlockHandling, Rule};
use super::reason::Reason;
use super::session::{Ending, Known, Session};
use super::transaction::{
    AbortCause, Answer, COORDINATOR, Command, GaveUp, NoVote, Operation, Origin, Outcome, Reading, Refusal,
    TransactionId,
};
use crate::protocol::{ClientId, NodeId, RequestId};

/// How many transactions can be open at once; the coordinator is busy beyond that.
pub const OPEN_MAX: usize = 512;

impl<V: Variant> Node<V> {
    pub(super) fn on_request(
        &mut self,
        cx: &mut Context<'_, V>,
        client: ClientId,
        request: RequestId,
        command: &Command,
    ) {
        match self.coordinator.sessions.look_up(client, request) {
            Known::Ended(session) if !cx.breaks(Rule::CarryOutTwice) => {
                if self.may_be_said(client) {
                    let why = Reason::AnswersAgain { transaction: session.transaction };
                    return cx.effects.reply(client, request, session.answer(), why);
                }
                let why = Reason::RecordsAbortForClient { transaction: session.transaction };
                return self.log.flush_once(Then::Answer(client, request), why, cx.effects);
            }
            Known::Stale => {
                let why = Refusal::Stale;
                return cx.effects.reply(
                    client,
                    request,
                    Answer::Refused { why },
                    Reason::RefusesCommand { why },
                );
            }
            Known::Ended(_) | Known::New => {}
        }
        let mut open = self.coordinator.transactions.iter_mut();
        if let Some((transaction, coordination)) =
            open.find(|(_, coordination)| coordination.client() == Some((client, request)))
        {
            // After a crash nobody was waiting for this answer; now somebody is.
            coordination.asked_by = Some((client, request));
            return cx.effects.note(Reason::AlreadyUnderWay { transaction: *transaction });
        }
        if self.coordinator.transactions.len() >= OPEN_MAX || self.coordinator.last_number == u32::MAX {
            return cx.effects.reply(client, request, Answer::NotReady, Reason::NotReady);
        }
        match command.operations(cx.nodes) {
            Ok(operations) => self.begin(cx, (client, request), operations),
            Err(why) => {
                cx.effects.reply(client, request, Answer::Refused { why }, Reason::RefusesCommand { why });
            }
        }
    }

    fn begin(
        &mut self,
        cx: &mut Context<'_, V>,
        asked_by: (ClientId, RequestId),
        operations: Arc<[Operation]>,
    ) {
        self.coordinator.last_number += 1;
        let transaction =
            TransactionId { incarnation: self.incarnation, number: self.coordinator.last_number };
        let participants: BTreeSet<NodeId> = operations.iter().map(|operation| operation.at().site).collect();
        let voters = voters(&participants, &operations, cx.settings);
        let coordination = Coordination {
            asked_by: Some(asked_by),
            operations,
            voters,
            ..Coordination::recovered(Phase::Working, &participants.iter().copied().collect(), None)
        };
        let why = Reason::SendsWork { transaction, sites: count(participants.len()) };
        let settled = self.coordinator.settled(transaction);
        for site in participants {
            cx.effects.send(site, work_for(transaction, settled, &coordination, site), why);
        }
        self.coordinator.transactions.insert(transaction, coordination);
        let resources = cx.settings.resources;
        let timer = Timer::Work(transaction);
        cx.effects.set_timer(timer, resources.work_timeout_us, Reason::LimitsWork { transaction });
        self.repeat_later(cx, transaction);
    }

    pub(super) fn repeat_later(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let after_us = cx.settings.resources.retransmit_us;
        cx.effects.set_timer(Timer::Retransmit(transaction), after_us, Reason::WillRepeat { transaction });
    }

    pub(super) fn on_worked(
        &mut self,
        cx: &mut Context<'_, V>,
        site: NodeId,
        transaction: TransactionId,
        incarnation: u32,
        readings: Arc<[Reading]>,
    ) {
        self.coordinator.waits.goes_on(transaction, site);
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        if coordination.phase != Phase::Working || !coordination.participants.contains(&site) {
            return;
        }
        coordination.heard = true;
        let work = Work { incarnation, readings };
        match coordination.worked.get(&site) {
            // The site did the work twice, so it must have crashed in between and lost it once; which of the
            // two reports is the later one cannot be told.
            Some(earlier) if earlier.incarnation != incarnation && !cx.breaks(Rule::CommitWorkDoneAnew) => {
                return self.give_work_up(cx, transaction, AbortCause::SiteRestarted { site });
            }
            Some(_) => return,
            None => drop(coordination.worked.insert(site, work)),
        }
        if coordination.worked.len() == coordination.participants.len() {
            self.all_work_is_done(cx, transaction);
        }
    }

    fn all_work_is_done(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        cx.effects.cancel_timer(Timer::Work(transaction), Reason::WorkDone { transaction });
        self.coordinator.waits.forget(transaction);
        coordination.origin = coordination.asked_by.map(|(client, request)| {
            let readings =
                coordination.worked.values().flat_map(|work| work.readings.iter().cloned()).collect();
            Arc::new(Origin { client, request, readings })
        });
        if cx.settings.one_phase && coordination.participants.len() == 1 {
            coordination.phase = Phase::OnePhase;
            self.send_commit_one_phase(cx, transaction);
            return self.repeat_later(cx, transaction);
        }
        match coordination.origin.clone().filter(|_| cx.settings.logs_initiation) {
            Some(origin) => {
                coordination.phase = Phase::Initiating;
                let participants = Arc::clone(&coordination.voters);
                let why = Reason::ForcesInitiation { transaction, participants: count(participants.len()) };
                let record = Record::Initiation { transaction, participants, origin };
                if cx.breaks(Rule::AskBeforeInitiationIsDurable) {
                    self.log.write(record, why, cx.effects);
                    return self.ask_for_votes(cx, transaction);
                }
                self.log.force(record, Then::AskForVotes(transaction), why, cx.effects);
            }
            None => self.ask_for_votes(cx, transaction),
        }
    }

    fn send_commit_one_phase(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(coordination) = self.coordinator.transactions.get(&transaction) else { return };
        for (site, work) in &coordination.worked {
            let message = Message::CommitOnePhase { transaction, incarnation: work.incarnation };
            cx.effects.send(*site, message, Reason::LeavesDecision { transaction });
        }
    }

    pub(super) fn on_waiting(
        &mut self,
        cx: &mut Context<'_, V>,
        site: NodeId,
        transaction: TransactionId,
        holders: Vec<TransactionId>,
    ) {
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        // A report that was overtaken by the one that the work is done is out of date.
        if cx.settings.resources.deadlock != DeadlockHandling::WaitForGraph
            || coordination.phase != Phase::Working
            || !coordination.participants.contains(&site)
            || coordination.worked.contains_key(&site)
        {
            return;
        }
        coordination.heard = true;
        self.coordinator.waits.waits(transaction, site, holders);
        // One that waits for several can be part of several circles.
        loop {
            let circle = self.coordinator.waits.circle(transaction);
            let working = |member: &&TransactionId| self.coordinator.phase(**member) == Some(Phase::Working);
            let Some(youngest) = circle.iter().filter(working).max().copied() else { return };
            if cx.breaks(Rule::KeepDeadlocks) {
                return;
            }
            let length = count(circle.len());
            cx.effects.note(Reason::BreaksDeadlock { transaction: youngest, length });
            self.give_work_up(cx, youngest, AbortCause::Deadlock);
        }
    }

    pub(super) fn on_gave_up(
        &mut self,
        cx: &mut Context<'_, V>,
        site: NodeId,
        transaction: TransactionId,
        incarnation: u32,
        why: GaveUp,
    ) {
        let Some(coordination) = self.coordinator.transactions.get_mut(&transaction) else { return };
        if !coordination.participants.contains(&site) {
            return;
        }
        coordination.heard = true;
        let worked_as = coordination.worked.get(&site).map(|work| work.incarnation);
        match coordination.phase {
            Phase::Working if why == GaveUp::OldRequest && !cx.breaks(Rule::CallOldRequestAborted) => {
                self.refuse_old_request(cx, transaction, site);
            }
            Phase::Working => self.give_work_up(cx, transaction, AbortCause::GaveUp { site, why }),
            // What the site said before a crash does not take back the work that it has done since: it may be
            // prepared now, and then has to be told the decision.
            Phase::Voting
                if worked_as.is_some_and(|worked_as| incarnation < worked_as)
                    && !cx.breaks(Rule::CountVotesOfEarlierStarts) => {}
            Phase::Voting => {
                let vote = Vote::No(NoVote::AlreadyAborted);
                self.on_vote(cx, site, transaction, worked_as.unwrap_or(incarnation), vote);
            }
            _ => {}
        }
    }

    pub(super) fn on_committed_earlier(
        &mut self,
        cx: &mut Context<'_, V>,
        site: NodeId,
        transaction: TransactionId,
        earlier: TransactionId,
        readings: Arc<[Reading]>,
    ) {
        let is_asked = |coordination: &mut Coordination| {
            coordination.phase == Phase::Working && *coordination.participants == [site]
        };
        if !self.coordinator.transactions.get_mut(&transaction).is_some_and(is_asked) {
            return;
        }
        let Some(coordination) = self.coordinator.transactions.remove(&transaction) else { return };
        self.coordinator.waits.forget(transaction);
        let why = Reason::CommittedEarlier { transaction, earlier };
        cx.effects.cancel_timer(Timer::Work(transaction), why);
        cx.effects.cancel_timer(Timer::Retransmit(transaction), why);
        if let Some((client, request)) = coordination.asked_by {
            let session =
                Session { client, request, transaction: earlier, ending: Ending::Committed(readings) };
            let answer = session.answer();
            self.coordinator.sessions.remember(session);
            cx.effects.reply(client, request, answer, why);
        }
    }

    pub(super) fn work_took_too_long(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(coordination) = self.coordinator.transactions.get(&transaction) else { return };
        if coordination.phase == Phase::Working {
            let missing = count(coordination.participants.len() - coordination.worked.len());
            self.give_work_up(cx, transaction, AbortCause::WorkTimeout { missing });
        }
    }

    /// A site knows that the request's client has gone on, so this is a copy that came late. It was answered, and what the
    /// answer was may have been known to an earlier incarnation of the coordinator alone: to call it aborted now could
    /// contradict that. Nobody waits for this answer.
    fn refuse_old_request(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, site: NodeId) {
        let cause = AbortCause::GaveUp { site, why: GaveUp::OldRequest };
        let Some(coordination) = self.call_work_off(cx, transaction, cause) else { return };
        let Some((client, request)) = coordination.asked_by else { return };
        let why = Refusal::Stale;
        cx.effects.reply(client, request, Answer::Refused { why }, Reason::RefusesCommand { why });
    }

    /// The transaction is forgotten, and whoever works for it is told to stop. Nobody has been asked for a vote, so nobody
    /// is in doubt, and no record is needed to abort.
    fn call_work_off(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        cause: AbortCause,
    ) -> Option<Coordination> {
        let coordination = self.coordinator.transactions.remove(&transaction)?;
        self.coordinator.waits.forget(transaction);
        let why = Reason::GivesWorkUp { transaction, cause };
        cx.effects.cancel_timer(Timer::Work(transaction), why);
        cx.effects.cancel_timer(Timer::Retransmit(transaction), why);
        for site in coordination.participants.iter() {
            let message = Message::Decision { transaction, outcome: Outcome::Abort, acknowledge: false };
            cx.effects.send(*site, message, why);
        }
        Some(coordination)
    }

    /// The work does not go on, and the client is told so as soon as that is on record.
    fn give_work_up(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, cause: AbortCause) {
        let Some(coordination) = self.call_work_off(cx, transaction, cause) else { return };
        if self.may_be_left_to_one(cx, &coordination) && !cx.breaks(Rule::TellUnheardRequestAborted) {
            let Some((client, request)) = coordination.asked_by else { return };
            let why = Reason::CannotTellYet { transaction };
            return cx.effects.reply(client, request, Answer::NotReady, why);
        }
        self.record_abort(cx, transaction, &coordination, cause);
        self.answer_client(cx, transaction, &coordination, Outcome::Abort);
    }

    /// Whether an earlier incarnation of the coordinator may have left this request to its only participant, which
    /// may be about to commit it. Once that site has answered anything about the present transaction it cannot
    /// any more: see [`Site::follow`](super::site::Site).
    fn may_be_left_to_one(&self, cx: &Context<'_, V>, coordination: &Coordination) -> bool {
        cx.settings.one_phase
            && coordination.participants.len() == 1
            && self.incarnation > 1
            && !coordination.heard
    }

    /// Puts on record that a client's request was aborted. The client may be told once that is durable: a copy of
    /// the request that arrives after a crash of the coordinator must not be carried out any more.
    pub(super) fn record_abort(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        coordination: &Coordination,
        cause: AbortCause,
    ) {
        let Some((client, request)) = coordination.client() else { return };
        if self.coordinator.sessions.look_up(client, request) != Known::New {
            return;
        }
        let session = Session { client, request, transaction, ending: Ending::Aborted(cause) };
        self.coordinator.unsaid.insert(client, self.log.written());
        let why = Reason::RecordsAbortForClient { transaction };
        self.log.write(Record::Refused(Arc::new(session.clone())), why, cx.effects);
        self.coordinator.sessions.remember(session);
    }

    /// Whether the record of how a client's latest request ended is durable.
    fn may_be_said(&self, client: ClientId) -> bool {
        let record = self.coordinator.unsaid.get(&client);
        record.is_none_or(|record| *record < self.log.durable_written())
    }

    /// Tells a client how its request ended, as far as it is on record.
    pub(super) fn answer_from_session(
        &mut self,
        cx: &mut Context<'_, V>,
        client: ClientId,
        request: RequestId,
    ) {
        if !self.may_be_said(client) {
            return;
        }
        self.coordinator.unsaid.remove(&client);
        if let Known::Ended(session) = self.coordinator.sessions.look_up(client, request) {
            let outcome = match session.ending {
                Ending::Committed(_) => Outcome::Commit,
                Ending::Aborted(_) => Outcome::Abort,
            };
            let why = Reason::AnswersClient { transaction: session.transaction, outcome };
            cx.effects.reply(client, request, session.answer(), why);
        }
    }

    /// Tells the client: of a commit at once, since whoever decided it has it on record; of an abort as soon as
    /// that is.
    pub(super) fn answer_client(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        coordination: &Coordination,
        outcome: Outcome,
    ) {
        if let (Outcome::Commit, Some(origin)) = (outcome, &coordination.origin) {
            self.coordinator.sessions.remember(Session::committed(transaction, origin));
        }
        // After a crash the client may not be waiting for this answer; it gets it when it asks again.
        let Some((client, request)) = coordination.asked_by else { return };
        if self.may_be_said(client) {
            self.answer_from_session(cx, client, request);
        } else if cx.breaks(Rule::TellAbortBeforeItIsRemembered) {
            self.coordinator.unsaid.remove(&client);
            self.answer_from_session(cx, client, request);
        } else {
            let why = Reason::RecordsAbortForClient { transaction };
            self.log.flush_once(Then::Answer(client, request), why, cx.effects);
        }
    }

    /// Says again whatever was not answered.
    pub(super) fn retransmit(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let settled = self.coordinator.settled(transaction);
        let Some(coordination) = self.coordinator.transactions.get(&transaction) else { return };
        match coordination.phase {
            Phase::Working => {
                for site in coordination.participants.iter() {
                    if !coordination.worked.contains_key(site) {
                        let message = work_for(transaction, settled, coordination, *site);
                        cx.effects.send(*site, message, Reason::SendsWorkAgain { transaction });
                    }
                }
            }
            Phase::Voting => {
                for (site, work) in &coordination.worked {
                    if !coordination.votes.contains_key(site) {
                        let message = Message::Prepare {
                            transaction,
                            incarnation: work.incarnation,
                            participants: Arc::clone(&coordination.voters),
                        };
                        cx.effects.send(*site, message, Reason::AsksForVoteAgain { transaction });
                    }
                }
            }
            Phase::Completing(outcome) => {
                for site in &coordination.awaited {
                    let message = Message::Decision { transaction, outcome, acknowledge: true };
                    cx.effects.send(*site, message, Reason::TellsDecisionAgain { transaction, outcome });
                }
            }
            Phase::OnePhase => self.send_commit_one_phase(cx, transaction),
            Phase::Initiating | Phase::PreCommitting | Phase::Deciding(_) | Phase::Asking => return,
        }
        self.repeat_later(cx, transaction);
    }
}

/// Who may come to be in doubt.
fn voters(
    participants: &BTreeSet<NodeId>,
    operations: &[Operation],
    settings: Settings<'_>,
) -> Arc<[NodeId]> {
    let writes = |site: &NodeId| operations.iter().any(|o| o.at().site == *site && !o.is_read());
    participants.iter().filter(|site| !settings.read_only_vote || writes(site)).copied().collect()
}

/// The work of one site.
fn work_for(
    transaction: TransactionId,
    settled: TransactionId,
    coordination: &Coordination,
    site: NodeId,
) -> Message {
    let (client, request) = coordination.asked_by.unwrap_or((ClientId(0), RequestId(0)));
    let operations = coordination.operations.iter().filter(|o| o.at().site == site).cloned().collect();
    debug_assert!(site != COORDINATOR, "the coordinator keeps no values");
    Message::Work { transaction, client, request, settled, operations }
}
