//! A node of either protocol: the coordinator (node 0) or a resource manager (all others), with its log.
//!
//! Two-phase and three-phase commit share all of it but what a [`Variant`] adds: what follows when all have
//! voted yes, and what is done in doubt.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use super::coordinator::Coordinator;
use super::log::{Log, Then};
use super::message::{MESSAGE_KINDS, Message, Record, TIMERS, Timer};
use super::monitor::CommitMonitor;
use super::options::{BreakRules, Presumption, ResourceOptions, Rule};
use super::reason::Reason;
use super::site::Site;
use super::transaction::{Answer, COORDINATOR, Command, TransactionId};
use super::{recovery, workload};
use crate::protocol::wal::{Recovered, Tail};
use crate::protocol::{
    ClientId, Disposition, Effects, Input, Invalid, Lane, NodeId, Participant, RuleName, Setup, Standing,
    Surroundings,
};

/// What distinguishes two-phase from three-phase commit.
pub trait Variant: Copy + Eq + Debug + Hash + Serialize + 'static {
    /// The options.
    type Options: Clone + PartialEq + Debug + Default + Serialize + DeserializeOwned;
    /// The protocol's name.
    const NAME: &'static str;
    /// The rules that it keeps.
    const RULES: &'static [RuleName];

    /// Whether a cluster of `nodes` can be run with these options.
    ///
    /// # Errors
    /// All that is wrong.
    fn validate(options: &Self::Options, nodes: u16) -> Result<(), Vec<Invalid>>;

    /// The rules broken on purpose, to be changed.
    fn break_rules(options: &mut Self::Options) -> &mut BreakRules;

    /// The options as the shared part needs them.
    fn settings(options: &Self::Options) -> Settings<'_>;

    /// All participants have voted yes, or have only read.
    fn all_voted_yes(node: &mut Node<Self>, cx: &mut Context<'_, Self>, transaction: TransactionId);

    /// A message that the shared part does not know.
    fn message(node: &mut Node<Self>, cx: &mut Context<'_, Self>, from: NodeId, message: Message);

    /// A timer that the shared part does not know.
    fn timer(node: &mut Node<Self>, cx: &mut Context<'_, Self>, timer: Timer);

    /// The coordinator takes part again and finds a transaction for which it had begun to ask for votes, and
    /// no decision.
    fn coordinator_finds_undecided(
        node: &mut Node<Self>,
        cx: &mut Context<'_, Self>,
        transaction: TransactionId,
    );

    /// A participant takes part again and finds that it is in doubt.
    fn participant_finds_doubt(node: &mut Node<Self>, cx: &mut Context<'_, Self>, transaction: TransactionId);
}

/// The options as the shared part needs them.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// How resource managers work.
    pub resources: &'a ResourceOptions,
    /// Rules broken on purpose.
    pub break_rules: BreakRules,
    /// What is forced and acknowledged. Three-phase commit presumes nothing.
    pub presumption: Presumption,
    /// Whether the coordinator records whom it asks before it asks.
    pub logs_initiation: bool,
    /// Whether a coordinator may have to ask its participants how a transaction ended (three-phase commit), so that
    /// they must not forget it before.
    pub asks_outcomes: bool,
    /// Whether a participant that has only read drops out after its vote.
    pub read_only_vote: bool,
    /// Whether the decision is left to the only participant where there is only one.
    pub one_phase: bool,
    /// How long the coordinator waits for votes, in µs.
    pub vote_timeout_us: u64,
    /// How long a participant waits for a decision before it acts, in µs.
    pub decision_timeout_us: u64,
}

/// What one input is handled with.
pub struct Context<'a, V: Variant> {
    pub(super) settings: Settings<'a>,
    pub(super) options: &'a V::Options,
    pub(super) nodes: u16,
    pub(super) now_us: u64,
    pub(super) effects: &'a mut Effects<Node<V>>,
}

impl<V: Variant> Context<'_, V> {
    /// Whether this rule is broken. Asked last, where keeping it makes a difference.
    pub(super) fn breaks(&mut self, rule: Rule) -> bool {
        self.effects.reached(rule);
        self.settings.break_rules.breaks(rule)
    }
}

/// Whether a node takes part.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// It waits for its start to be on disk.
    Starting,
    /// It takes part.
    TakesPart,
    /// It keeps out, because nobody can say what it has promised.
    Out(OutBecause),
}

/// Why a node keeps out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutBecause {
    /// Its disk is empty.
    DiskLost,
    /// It has been started as often as can be counted.
    NoMoreStarts,
    /// Its log is damaged.
    DiskDamaged {
        /// Where.
        at_byte: u64,
    },
}

/// A node of an atomic commit protocol.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Node<V: Variant> {
    pub(super) id: NodeId,
    pub(super) duty: Duty,
    pub(super) incarnation: u32,
    pub(super) log: Log,
    /// How many records the log held after it was last compacted.
    pub(super) compacted_to: usize,
    pub(super) coordinator: Coordinator,
    pub(super) site: Site,
    variant: PhantomData<V>,
}

impl<V: Variant> Node<V> {
    /// Who it is.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Whether it takes part.
    pub fn duty(&self) -> Duty {
        self.duty
    }

    /// How often it has been started.
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What it coordinates, if it is the coordinator.
    pub fn coordinator(&self) -> Option<&Coordinator> {
        (self.id == COORDINATOR).then_some(&self.coordinator)
    }

    /// What it keeps as a resource manager, if it is one.
    pub fn site(&self) -> Option<&Site> {
        (self.id != COORDINATOR).then_some(&self.site)
    }

    /// A disk on which a node has counted its starts, and nothing else.
    fn out(setup: Setup<'_, V::Options>, because: OutBecause) -> Node<V> {
        Node {
            id: setup.id,
            duty: Duty::Out(because),
            incarnation: 0,
            log: Log::default(),
            compacted_to: 0,
            coordinator: Coordinator::default(),
            site: Site::opening(setup.id, V::settings(setup.options).resources),
            variant: PhantomData,
        }
    }

    fn take_part(&mut self, cx: &mut Context<'_, V>) {
        self.duty = Duty::TakesPart;
        let in_doubt: Vec<TransactionId> = self.site.in_doubt().map(|(transaction, _)| transaction).collect();
        let count = u16::try_from(in_doubt.len()).unwrap_or(u16::MAX);
        cx.effects.note(Reason::TakesPart { incarnation: self.incarnation, in_doubt: count });
        for transaction in self.coordinator.open().collect::<Vec<_>>() {
            self.coordinator_resumes(cx, transaction);
        }
        for transaction in in_doubt {
            V::participant_finds_doubt(self, cx, transaction);
        }
    }

    fn message(&mut self, cx: &mut Context<'_, V>, from: NodeId, message: Message) {
        match message {
            Message::Work { transaction, client, request, settled, operations } => {
                self.site.settled = self.site.settled.max(settled).min(transaction);
                self.on_work(cx, from, transaction, (client, request), operations);
            }
            Message::Worked { transaction, incarnation, readings } => {
                self.on_worked(cx, from, transaction, incarnation, readings);
            }
            Message::Waiting { transaction, holders } => self.on_waiting(cx, from, transaction, holders),
            Message::GaveUp { transaction, incarnation, why } => {
                self.on_gave_up(cx, from, transaction, incarnation, why);
            }
            Message::CommittedEarlier { transaction, earlier, readings } => {
                self.on_committed_earlier(cx, from, transaction, earlier, readings);
            }
            Message::Prepare { transaction, incarnation, participants } => {
                self.on_prepare(cx, from, transaction, incarnation, participants);
            }
            Message::Vote { transaction, incarnation, vote } => {
                self.on_vote(cx, from, transaction, incarnation, vote);
            }
            Message::Decision { transaction, outcome, acknowledge } => {
                self.on_decision(cx, from, transaction, outcome, acknowledge);
            }
            Message::Acknowledge { transaction } => self.on_acknowledge(cx, from, transaction),
            Message::CommitOnePhase { .. }
            | Message::Inquire { .. }
            | Message::InDoubt { .. }
            | Message::PreCommit { .. }
            | Message::PreCommitted { .. }
            | Message::Elect { .. }
            | Message::AskState { .. }
            | Message::State { .. } => V::message(self, cx, from, message),
        }
    }

    fn timer(&mut self, cx: &mut Context<'_, V>, timer: Timer) {
        match timer {
            Timer::Work(transaction) => self.work_took_too_long(cx, transaction),
            Timer::Answers(transaction) if self.coordinator.is_voting(transaction) => {
                self.votes_took_too_long(cx, transaction);
            }
            Timer::Retransmit(transaction) => self.retransmit(cx, transaction),
            Timer::Prepare(transaction) => self.nobody_asks_for_vote(cx, transaction),
            Timer::Answers(_) | Timer::Decision(_) | Timer::Election(_) | Timer::Backup(_) => {
                V::timer(self, cx, timer);
            }
        }
    }

    fn durable(&mut self, cx: &mut Context<'_, V>, then: Then) {
        match then {
            Then::TakePart => self.take_part(cx),
            Then::AskForVotes(transaction) => self.ask_for_votes(cx, transaction),
            Then::VoteYes(transaction) => self.vote_yes(cx, transaction),
            Then::VoteNo(transaction, incarnation, why) => self.send_no(cx, transaction, incarnation, why),
            Then::TellCommit(transaction) => self.tell_commit(cx, transaction),
            Then::TellAbort(transaction) => self.tell_abort(cx, transaction),
            Then::Acknowledge(transaction) => self.acknowledge(cx, transaction),
            Then::Tell(transaction, to) => self.tell_own_decision(cx, transaction, &[to]),
            Then::TellAborted(transaction, to) => {
                self.tell_own_decision(cx, transaction, &[to]);
                self.tell_given_up(cx, transaction);
            }
            Then::GiveUp(transaction) => self.tell_given_up(cx, transaction),
            Then::Answer(client, request) => self.answer_from_session(cx, client, request),
            Then::TellEveryone(transaction) => self.tell_everyone(cx, transaction),
            Then::Nothing => {}
        }
    }
}

impl<V: Variant> Participant for Node<V> {
    type Options = V::Options;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Command = Command;
    type Answer = Answer;
    type Operation = Operation;
    type Reason = Reason;
    type Monitor = CommitMonitor;

    const NAME: &'static str = V::NAME;
    const MESSAGE_KINDS: &'static [&'static str] = MESSAGE_KINDS;
    const TIMERS: &'static [&'static str] = TIMERS;
    const RULES: &'static [RuleName] = V::RULES;

    fn validate(options: &Self::Options, nodes: u16) -> Result<(), Vec<Invalid>> {
        V::validate(options, nodes)
    }

    fn break_rule(options: &mut Self::Options, index: u8) {
        V::break_rules(options).break_rule(index);
    }

    fn format(_setup: Setup<'_, Self::Options>) -> Vec<Self::Record> {
        vec![Record::Started { incarnation: 0 }]
    }

    fn start(
        setup: Setup<'_, Self::Options>,
        disk: Recovered<Self::Record>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Self>,
    ) -> Self {
        if let Tail::Damaged { at } = disk.tail {
            let at_byte = at as u64;
            effects.note(Reason::DiskDamaged { at_byte });
            return Node::out(setup, OutBecause::DiskDamaged { at_byte });
        }
        if disk.records.is_empty() {
            effects.note(Reason::DiskLost);
            return Node::out(setup, OutBecause::DiskLost);
        }
        let settings = V::settings(setup.options);
        let mut breaks = |rule: Rule| {
            effects.reached(rule);
            settings.break_rules.breaks(rule)
        };
        let now_us = surroundings.now_us;
        let recovered = recovery::replay(setup.id, settings, &disk.records, now_us, &mut breaks);
        // A name that was used once must never be used again.
        let counted = if recovered.incarnation > 0 && breaks(Rule::ReuseIncarnation) { 0 } else { 1 };
        let Some(incarnation) = recovered.incarnation.checked_add(counted) else {
            effects.note(Reason::NoMoreStarts);
            return Node::out(setup, OutBecause::NoMoreStarts);
        };
        let mut node = Node {
            id: setup.id,
            duty: Duty::Starting,
            incarnation,
            compacted_to: 0,
            log: Log::recovered(disk.records),
            coordinator: recovered.coordinator,
            site: recovered.site,
            variant: PhantomData,
        };
        for transaction in recovered.losers {
            let record = Record::Abort { transaction, participants: [].into() };
            node.log.write(record, Reason::UndoesLoser { transaction }, effects);
        }
        let record = Record::Started { incarnation };
        let why = Reason::Starts { incarnation };
        let cx = &mut Context { settings, options: setup.options, nodes: setup.nodes, now_us, effects };
        if cx.breaks(Rule::TakePartBeforeStartIsDurable) {
            node.log.force(record, Then::Nothing, why, cx.effects);
            node.take_part(cx);
        } else {
            node.log.force(record, Then::TakePart, why, cx.effects);
        }
        node
    }

    fn handle(
        &mut self,
        setup: Setup<'_, Self::Options>,
        input: Input<Self>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Self>,
    ) {
        let cx = &mut Context {
            settings: V::settings(setup.options),
            options: setup.options,
            nodes: setup.nodes,
            now_us: surroundings.now_us,
            effects,
        };
        match (self.duty, input) {
            (_, Input::Request { client, request, .. }) if self.id != COORDINATOR => {
                let why = Reason::NotCoordinator { coordinator: COORDINATOR };
                cx.effects.reply(client, request, Answer::Redirected { to: COORDINATOR }, why);
            }
            (Duty::TakesPart, Input::Request { client, request, command }) => {
                self.on_request(cx, client, request, &command);
            }
            (_, Input::Request { client, request, .. }) => {
                cx.effects.reply(client, request, Answer::NotReady, Reason::NotReady);
            }
            (Duty::Out(_), _) => {}
            (_, Input::Synced(sync)) => {
                let then = self.log.synced(sync);
                self.durable(cx, then);
            }
            (Duty::Starting, _) => {}
            (Duty::TakesPart, Input::Message { from, message }) => self.message(cx, from, message),
            (Duty::TakesPart, Input::Timer(timer)) => self.timer(cx, timer),
            (Duty::TakesPart, Input::Operation(Operation::Checkpoint)) => self.checkpoint(cx),
        }
        self.resume_granted(cx);
        self.checkpoint_if_long(cx);
    }

    fn message_kind(message: &Self::Message) -> u8 {
        message.kind()
    }

    fn timer_index(timer: Self::Timer) -> u8 {
        timer.index()
    }

    fn disposition(answer: &Self::Answer) -> Disposition {
        match answer {
            Answer::Committed { .. } | Answer::Aborted { .. } | Answer::Refused { .. } => Disposition::Done,
            Answer::Redirected { to } => Disposition::Redirect(*to),
            Answer::NotReady => Disposition::Retry,
        }
    }

    fn is_milestone(why: &Self::Reason) -> bool {
        why.is_milestone()
    }

    fn lane(&self) -> Lane {
        let standing = match self.duty {
            Duty::Out(_) => Standing::Out,
            _ if self.id == COORDINATOR => Standing::Leader,
            _ if self.site.leads_termination() => Standing::Leader,
            _ if self.site.in_doubt().next().is_some() => Standing::Blocked,
            _ => Standing::Member,
        };
        Lane { standing, era: u64::from(self.incarnation) }
    }

    fn nodes_of_command(command: &Self::Command) -> Vec<NodeId> {
        command.places().into_iter().map(|place| place.site).collect()
    }

    fn random_command(_client: ClientId, nodes: u16, keys: u16, random: &mut dyn rand::Rng) -> Self::Command {
        workload::random_command(nodes, keys, random)
    }
}

/// What an operator can ask of a running node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Compact the log now.
    Checkpoint,
}
