//! The coordinator's side of the work before the vote: it takes a client's request, hands the operations to the
//! sites that keep the values, and waits until they have done them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::coordinator::{Coordination, Phase, Work, count};
use super::log::Then;
use super::message::{Message, Record, Timer, Vote};
use super::node::{Context, Node, Settings, Variant};
use super::options::DeadlockHandling;
use super::reason::Reason;
use super::session::Known;
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
            Known::Answered(answer) => {
                let why = match answer.as_ref() {
                    Answer::Committed { transaction, .. } | Answer::Aborted { transaction, .. } => {
                        Reason::AnswersAgain { transaction: *transaction }
                    }
                    _ => Reason::NotReady,
                };
                return cx.effects.reply(client, request, answer.as_ref().clone(), why);
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
            Known::New => {}
        }
        let under_way = self.coordinator.transactions.iter().find(|(_, coordination)| {
            coordination.asked_by == Some((client, request))
                || coordination.origin.as_ref().is_some_and(|o| (o.client, o.request) == (client, request))
        });
        if let Some((transaction, _)) = under_way {
            return cx.effects.note(Reason::AlreadyUnderWay { transaction: *transaction });
        }
        if self.coordinator.transactions.len() >= OPEN_MAX {
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
        self.coordinator.last_number = self.coordinator.last_number.saturating_add(1);
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
        for site in participants {
            cx.effects.send(site, work_for(transaction, &coordination, site), why);
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
        let work = Work { incarnation, readings };
        match coordination.worked.get(&site) {
            // The site did the work twice, so it must have crashed in between and lost it once; which of the
            // two reports is the later one cannot be told.
            Some(earlier) if earlier.incarnation != incarnation => {
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
        if cx.settings.resources.deadlock != DeadlockHandling::WaitForGraph
            || self.coordinator.phase(transaction) != Some(Phase::Working)
        {
            return;
        }
        self.coordinator.waits.waits(transaction, site, holders);
        let circle = self.coordinator.waits.circle(transaction);
        let working = |member: &&TransactionId| self.coordinator.phase(**member) == Some(Phase::Working);
        if let Some(youngest) = circle.iter().filter(working).max().copied() {
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
        why: GaveUp,
    ) {
        match self.coordinator.phase(transaction) {
            Some(Phase::Working) => self.give_work_up(cx, transaction, AbortCause::GaveUp { site, why }),
            Some(Phase::Voting) => self.on_vote(cx, site, transaction, Vote::No(NoVote::AlreadyAborted)),
            _ => {}
        }
    }

    pub(super) fn on_committed_earlier(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        earlier: TransactionId,
        readings: Arc<[Reading]>,
    ) {
        if self.coordinator.phase(transaction) != Some(Phase::Working) {
            return;
        }
        let Some(coordination) = self.coordinator.transactions.remove(&transaction) else { return };
        self.coordinator.waits.forget(transaction);
        let why = Reason::CommittedEarlier { transaction, earlier };
        cx.effects.cancel_timer(Timer::Work(transaction), why);
        cx.effects.cancel_timer(Timer::Retransmit(transaction), why);
        if let Some((client, request)) = coordination.asked_by {
            let answer = Answer::Committed { transaction: earlier, readings };
            self.coordinator.sessions.remember(client, request, answer.clone());
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

    /// Nobody has been asked for a vote, so nobody is in doubt, and no record is needed to abort.
    fn give_work_up(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId, cause: AbortCause) {
        let Some(coordination) = self.coordinator.transactions.remove(&transaction) else { return };
        self.coordinator.waits.forget(transaction);
        let why = Reason::GivesWorkUp { transaction, cause };
        cx.effects.cancel_timer(Timer::Work(transaction), why);
        cx.effects.cancel_timer(Timer::Retransmit(transaction), why);
        for site in coordination.participants.iter() {
            let message = Message::Decision { transaction, outcome: Outcome::Abort, acknowledge: false };
            cx.effects.send(*site, message, why);
        }
        self.answer_client(cx, transaction, &coordination, Outcome::Abort, cause);
    }

    /// Tells the client, and remembers for a retry what it was told.
    pub(super) fn answer_client(
        &mut self,
        cx: &mut Context<'_, V>,
        transaction: TransactionId,
        coordination: &Coordination,
        outcome: Outcome,
        cause: AbortCause,
    ) {
        let origin = coordination.origin.as_ref();
        let asked_by = coordination.asked_by.or(origin.map(|origin| (origin.client, origin.request)));
        let Some((client, request)) = asked_by else { return };
        let answer = match outcome {
            Outcome::Commit => {
                let readings = origin.map_or_else(|| [].into(), |origin| Arc::clone(&origin.readings));
                Answer::Committed { transaction, readings }
            }
            Outcome::Abort => Answer::Aborted { transaction, why: cause },
        };
        self.coordinator.sessions.remember(client, request, answer.clone());
        // After a crash the client is not waiting for this answer; it gets it when it asks again.
        if coordination.asked_by.is_some() {
            cx.effects.reply(client, request, answer, Reason::AnswersClient { transaction, outcome });
        }
    }

    /// Says again whatever was not answered.
    pub(super) fn retransmit(&mut self, cx: &mut Context<'_, V>, transaction: TransactionId) {
        let Some(coordination) = self.coordinator.transactions.get(&transaction) else { return };
        match coordination.phase {
            Phase::Working => {
                for site in coordination.participants.iter() {
                    if !coordination.worked.contains_key(site) {
                        let message = work_for(transaction, coordination, *site);
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
fn work_for(transaction: TransactionId, coordination: &Coordination, site: NodeId) -> Message {
    let (client, request) = coordination.asked_by.unwrap_or((ClientId(0), RequestId(0)));
    let operations = coordination.operations.iter().filter(|o| o.at().site == site).cloned().collect();
    debug_assert!(site != COORDINATOR, "the coordinator keeps no values");
    Message::Work { transaction, client, request, operations }
}
