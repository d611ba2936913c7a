//! Single-decree Paxos, the Synod: a cluster chooses one value, once ("Paxos Made Simple" §2).
//!
//! A node can hold the role of a proposer, of an acceptor, of a learner, or several; messages between roles of
//! one node do not travel, and are handled by the same code as all others.
//!
//! A client hands a value to a proposer and hears which value was chosen: its own, or one that another had
//! brought before it.

mod acceptor;
mod learner;
mod message;
mod monitor;
mod options;
mod proposer;
mod reason;
mod turn;

use std::sync::Arc;

use serde::Serialize;

pub use acceptor::{Acceptor, Waiting};
pub use learner::{Learner, Votes};
pub use message::{Answer, Command, Message, Operation, Proposal, Record, Timer, Value};
pub use monitor::{SynodMonitor, Violation};
pub use options::{BreakRules, Options, Rule};
pub use proposer::{Phase, Proposer};
pub use reason::Reason;

use super::Ballot;
use crate::protocol::wal::{Recovered, Tail};
use crate::protocol::{
    ClientId, Disposition, Effects, Input, Invalid, Lane, NodeId, Participant, RequestId, RuleName, Setup,
    Standing, Surroundings,
};
use acceptor::{Journal, Recorded};
use turn::Turn;

/// After how many vain questions a learner asks for a ballot that settles the matter.
const QUESTIONS_MAX: u8 = 2;

/// One node of the Synod.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Synod {
    /// Whether the disk can be trusted. If not, only the learner works.
    trusted: bool,
    proposer: Proposer,
    acceptor: Acceptor,
    learner: Learner,
    chosen: Option<Proposal>,
    journal: Journal,
}

impl Synod {
    /// Whether the node keeps out because its disk cannot be trusted.
    pub fn is_out(&self) -> bool {
        !self.trusted
    }

    /// What it knows as a proposer: its phase, with the quorum as it forms, and its wish.
    pub fn proposer(&self) -> &Proposer {
        &self.proposer
    }

    /// What it remembers as an acceptor: its promise and what it has accepted.
    pub fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// What it knows as a learner: the votes, as long as nothing is chosen.
    pub fn learner(&self) -> &Learner {
        &self.learner
    }

    /// The proposal that it knows to be chosen, as proposer or as learner.
    pub fn chosen(&self) -> Option<&Proposal> {
        self.chosen.as_ref()
    }

    /// What it will say once the disk is ready, in order.
    pub fn waiting_for_disk(&self) -> impl ExactSizeIterator<Item = &Waiting> {
        self.journal.waiting.held()
    }

    fn on_message(&mut self, from: NodeId, message: Message, turn: &mut Turn<'_, '_>) {
        if !message.is_plausible(turn.setup.nodes) {
            return;
        }
        let me = turn.me();
        let accepts = self.trusted && turn.acceptors().contains(me);
        let proposes = self.trusted && turn.proposers().contains(me);
        match message {
            Message::Prepare { .. } | Message::Accept(_) if accepts && self.journal.waiting.is_full() => {
                turn.effects.note(Reason::DiskBehind);
            }
            Message::Prepare { ballot } if accepts => {
                let recorded = self.acceptor.prepare(from, ballot, turn);
                let promised = recorded.is_some();
                self.answer(Rule::PromiseBeforeDurable, recorded, turn);
                // It is of no use to go on with a ballot when a higher one has begun ("Paxos Made Simple" §2.2),
                // and the acceptor of the same node is the first to know.
                if let (true, Some(own)) = (promised && proposes, self.proposer.ballot())
                    && own < ballot
                    && self.proposer.refused(own, ballot, turn)
                {
                    self.begin_ballot(turn);
                }
            }
            Message::Accept(proposal) if accepts => {
                let recorded = self.acceptor.accept(from, proposal, turn);
                self.answer(Rule::AcceptBeforeDurable, recorded, turn);
            }
            Message::Promise { ballot, accepted } if proposes => {
                self.proposer.promise(from, ballot, accepted, turn);
            }
            Message::Refused { ballot, promised } if proposes => {
                if self.proposer.refused(ballot, promised, turn) {
                    self.begin_ballot(turn);
                }
            }
            Message::Accepted(proposal) => self.on_accepted(from, proposal, proposes, turn),
            Message::Chosen(proposal) => {
                let why = Reason::ChosenHeard { ballot: proposal.ballot };
                self.learn(proposal, why, turn);
            }
            Message::Ask { undecided } => self.on_ask(from, undecided, turn),
            Message::Prepare { .. } | Message::Accept(_) => turn.effects.note(Reason::KeepsOut),
            Message::Promise { ballot, .. } | Message::Refused { ballot, .. } => {
                turn.effects.note(Reason::AnswerTooLate { ballot });
            }
        }
    }

    /// Lets an answer of the acceptor wait for the record that it rests on.
    fn answer(&mut self, rule: Rule, recorded: Option<Recorded>, turn: &mut Turn<'_, '_>) {
        let Some(Recorded { record, to, message, why }) = recorded else { return };
        if let Some(record) = record {
            self.write(record, why, turn);
        }
        if !self.journal.waiting.is_settled() && turn.breaks(rule) {
            for node in to.iter() {
                turn.say(node, message.clone(), why);
            }
            return;
        }
        self.journal.waiting.hold(Waiting::Answer { to, message, why });
        self.release(turn);
    }

    #[track_caller]
    fn write(&mut self, record: Record, why: Reason, turn: &mut Turn<'_, '_>) {
        if self.journal.records >= turn.setup.options.records_max {
            let mut records = vec![Record::Formatted { node: turn.me() }];
            let tried = self.proposer.highest.filter(|_| !turn.breaks(Rule::ShortenTried));
            let promised = self.acceptor.promised.filter(|_| !turn.breaks(Rule::ShortenPromise));
            let accepted = self.acceptor.accepted.clone().filter(|_| !turn.breaks(Rule::ShortenAccepted));
            records.extend(tried.map(|ballot| Record::Tried { ballot }));
            records.extend(promised.map(|ballot| Record::Promised { ballot }));
            records.extend(accepted.map(Record::Accepted));
            self.journal.records = records.len() as u32;
            turn.effects.rewrite(records, Reason::LogShortened);
            turn.effects.sync(self.journal.waiting.issue_for_replacement(), why);
        } else {
            self.journal.records += 1;
            turn.effects.append(record, why);
            turn.effects.sync(self.journal.waiting.issue(), why);
        }
    }

    /// Says whatever the disk no longer holds up.
    fn release(&mut self, turn: &mut Turn<'_, '_>) {
        while let Some(waiting) = self.journal.waiting.pop_ready() {
            match waiting {
                Waiting::Prepare(ballot) => self.proposer.recorded(ballot, turn),
                Waiting::Answer { to, message, why } => {
                    for node in to.iter() {
                        turn.say(node, message.clone(), why);
                    }
                }
            }
        }
    }

    fn begin_ballot(&mut self, turn: &mut Turn<'_, '_>) {
        let mut above = self.proposer.highest.max(self.acceptor.promised);
        // What a proposer has issued is below what its own acceptor has promised, mostly.
        if self.proposer.forgot_tried {
            above = self.proposer.highest;
        }
        self.proposer.highest = above;
        let Some(ballot) = self.proposer.begin(turn) else { return };
        self.write(Record::Tried { ballot }, Reason::BallotBegun { ballot, above }, turn);
        self.journal.waiting.hold(Waiting::Prepare(ballot));
        if !self.journal.waiting.is_settled() && turn.breaks(Rule::PrepareBeforeDurable) {
            self.proposer.recorded(ballot, turn);
        }
    }

    fn on_accepted(&mut self, from: NodeId, proposal: Proposal, proposes: bool, turn: &mut Turn<'_, '_>) {
        if self.chosen.is_some() {
            return;
        }
        let mut quorum = None;
        if proposes {
            quorum = self.proposer.accepted(from, &proposal, turn);
        }
        if turn.learners().contains(turn.me()) {
            let needed = turn.quorums().phase_2;
            let again = self.learner.has_counted(from, &proposal);
            let mut count = self.learner.count(from, &proposal);
            if count < needed && again && turn.breaks(Rule::CountDuplicates) {
                count += 1;
            }
            if count < needed
                && self.learner.count_of_all_ballots() >= needed
                && turn.breaks(Rule::CountMixedBallots)
            {
                count = needed;
            }
            if count < needed && turn.breaks(Rule::LearnFromOne) {
                count = needed;
            }
            quorum = quorum.or((count >= needed).then_some(count));
        }
        if let Some(count) = quorum {
            let why = Reason::Chosen { ballot: proposal.ballot, count };
            self.learn(proposal, why, turn);
        }
    }

    /// The value is known: nothing is left to propose or to ask.
    fn learn(&mut self, proposal: Proposal, why: Reason, turn: &mut Turn<'_, '_>) {
        if self.chosen.is_some() {
            return;
        }
        turn.effects.note(why);
        turn.effects.cancel_timer(Timer::AskAgain, why);
        self.proposer.stop(why, turn);
        self.proposer.wish = None;
        self.learner.settle();
        for (client, request) in std::mem::take(&mut self.proposer.clients) {
            let answer = Answer::Chosen { value: proposal.value.clone() };
            turn.effects.reply(client, request, answer, Reason::ClientAnswered);
        }
        self.chosen = Some(proposal);
    }

    fn on_ask(&mut self, from: NodeId, undecided: bool, turn: &mut Turn<'_, '_>) {
        let me = turn.me();
        if let Some(chosen) = &self.chosen {
            let why = Reason::LearnerTold { ballot: chosen.ballot };
            turn.say(from, Message::Chosen(chosen.clone()), why);
            return;
        }
        // An acceptance that is not yet on disk has not happened as far as others are concerned; the learner
        // hears of it soon enough.
        if self.trusted
            && turn.acceptors().contains(me)
            && self.journal.waiting.is_settled()
            && let Some(accepted) = &self.acceptor.accepted
        {
            let why = Reason::AcceptedToldAgain { ballot: accepted.ballot };
            turn.say(from, Message::Accepted(accepted.clone()), why);
        }
        if undecided && self.trusted && turn.proposers().contains(me) && !self.proposer.is_busy() {
            turn.effects.note(Reason::FinishForLearner);
            self.begin_ballot(turn);
        }
    }

    /// Asks what was chosen, and sets the timer to ask again.
    fn ask(&mut self, turn: &mut Turn<'_, '_>) {
        if self.chosen.is_some() {
            return;
        }
        let seen = self.learner.seen();
        let why = Reason::LearnerAsks { seen };
        let undecided = seen.is_some() && self.learner.asked >= QUESTIONS_MAX;
        self.learner.asked = self.learner.asked.saturating_add(1).min(QUESTIONS_MAX);
        let me = turn.me();
        let everybody = turn.acceptors().union(turn.learners()).union(turn.proposers());
        for node in everybody.iter().filter(|node| *node != me) {
            turn.effects.send(node, Message::Ask { undecided }, why);
        }
        turn.effects.set_timer(Timer::AskAgain, turn.setup.options.ask_again_us, why);
        if undecided {
            self.on_ask(me, true, turn);
        }
    }

    fn on_request(
        &mut self,
        client: ClientId,
        request: RequestId,
        Command::Propose { value }: Command,
        turn: &mut Turn<'_, '_>,
    ) {
        if let Some(chosen) = &self.chosen {
            let answer = Answer::Chosen { value: chosen.value.clone() };
            turn.effects.reply(client, request, answer, Reason::ClientAnswered);
            return;
        }
        let proposers = turn.proposers();
        if !proposers.contains(turn.me()) {
            let ask = proposers.first().unwrap_or(turn.me());
            turn.effects.reply(client, request, Answer::NotProposer { ask }, Reason::NotProposer { ask });
            return;
        }
        if !self.trusted {
            turn.effects.reply(client, request, Answer::Out, Reason::KeepsOut);
            return;
        }
        self.proposer.clients.insert(client, request);
        if self.proposer.wish.is_some() {
            turn.effects.note(Reason::ValueWaits);
            return;
        }
        turn.effects.note(Reason::ValueTaken);
        self.proposer.wish = Some(value);
        if !self.proposer.is_busy() {
            self.begin_ballot(turn);
        }
    }

    fn on_timer(&mut self, timer: Timer, turn: &mut Turn<'_, '_>) {
        match timer {
            Timer::Resend => self.proposer.resend(turn),
            Timer::BackOff => {
                if self.proposer.phase == Phase::BackingOff {
                    self.begin_ballot(turn);
                }
            }
            Timer::AskAgain => self.ask(turn),
        }
    }

    /// Takes up what the disk holds, or stays out if it cannot be trusted.
    fn recover(&mut self, disk: Recovered<Record>, turn: &mut Turn<'_, '_>) {
        let me = turn.me();
        let keeps_a_promise = turn.acceptors().union(turn.proposers()).contains(me);
        let damaged = matches!(disk.tail, Tail::Damaged { .. });
        let formatted = matches!(disk.records.first(), Some(Record::Formatted { .. }));
        if keeps_a_promise && (damaged || !formatted) {
            let rule = if damaged { Rule::DamagedDiskRejoins } else { Rule::LostDiskRejoins };
            if !turn.breaks(rule) {
                self.trusted = false;
                turn.effects.note(if damaged { Reason::DiskDamaged } else { Reason::DiskLost });
                return;
            }
            // The process begins anew on what can be read.
            let mut records = disk.records.clone();
            records.retain(|record| !matches!(record, Record::Formatted { .. }));
            records.insert(0, Record::Formatted { node: me });
            turn.effects.rewrite(records, Reason::DiskLost);
        }
        for record in disk.records {
            match record {
                Record::Formatted { .. } => {}
                Record::Tried { ballot } => {
                    self.proposer.highest = self.proposer.highest.max(Some(ballot));
                }
                Record::Promised { ballot } => self.recover_promise(ballot, turn),
                Record::Accepted(proposal) => {
                    if !turn.setup.options.break_rules.accept_without_promise {
                        self.recover_promise(proposal.ballot, turn);
                    }
                    if self.acceptor.accepted_ballot() <= Some(proposal.ballot) {
                        self.acceptor.accepted = Some(proposal);
                    }
                }
            }
        }
        if let Some(Ballot { round, node }) = self.proposer.highest
            && node == me
            && turn.breaks(Rule::ForgetTriedAtRestart)
        {
            // The highest ballot below the one that it had issued.
            let below = Ballot { round: round.saturating_sub(1), node: NodeId(u16::MAX) };
            self.proposer.highest = Some(below);
            self.proposer.forgot_tried = true;
        }
        if let Some(promised) = self.acceptor.promised
            && turn.breaks(Rule::ForgetPromiseAtRestart)
        {
            turn.effects.note(Reason::PromiseForgotten { promised });
            self.acceptor.promised = None;
        }
        if self.acceptor.accepted.is_some() && turn.breaks(Rule::ForgetAcceptedAtRestart) {
            self.acceptor.accepted = None;
        }
        let (promised, accepted) = (self.acceptor.promised, self.acceptor.accepted_ballot());
        let why = Reason::Started { promised, accepted };
        turn.effects.note(why);
        // What was read may be in the memory of the machine only, if it was the process that ended; whoever was told
        // of it since would be told wrong after a loss of power. So nothing is said of it before a sync has finished.
        let sync = self.journal.waiting.issue();
        turn.effects.sync(sync, why);
        if turn.breaks(Rule::TrustPageCache) {
            self.journal.waiting.finish(sync);
        }
    }

    fn recover_promise(&mut self, ballot: Ballot, turn: &mut Turn<'_, '_>) {
        if self.acceptor.promised <= Some(ballot) || turn.breaks(Rule::ReplayByOverwriting) {
            self.acceptor.promised = Some(ballot);
        }
    }

    fn settle_local(&mut self, turn: &mut Turn<'_, '_>) {
        while let Some(message) = turn.next_local() {
            self.on_message(turn.me(), message, turn);
        }
    }
}

impl Participant for Synod {
    type Options = Options;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Command = Command;
    type Answer = Answer;
    type Operation = Operation;
    type Reason = Reason;
    type Monitor = SynodMonitor;

    const NAME: &'static str = "paxos";
    const MESSAGE_KINDS: &'static [&'static str] =
        &["prepare", "promise", "accept", "accepted", "refused", "ask", "chosen"];
    const TIMERS: &'static [&'static str] = &["resend", "back_off", "ask_again"];
    const RULES: &'static [RuleName] = Rule::NAMES;

    fn validate(options: &Options, nodes: u16) -> Result<(), Vec<Invalid>> {
        options.validate(nodes)
    }

    fn break_rule(options: &mut Options, index: u8) {
        options.break_rules.break_rule(index);
        if options.break_rules.allow_disjoint_quorums {
            (options.phase_1_quorum, options.phase_2_quorum) = (None, None);
        }
    }

    fn format(setup: Setup<'_, Options>) -> Vec<Record> {
        vec![Record::Formatted { node: setup.id }]
    }

    fn start(
        setup: Setup<'_, Options>,
        disk: Recovered<Record>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Self>,
    ) -> Self {
        let (me, options) = (setup.id, setup.options);
        let mut turn = Turn::new(setup, surroundings, effects);
        let mut node = Synod {
            trusted: true,
            proposer: Proposer::default(),
            acceptor: Acceptor::default(),
            learner: Learner::default(),
            chosen: None,
            journal: Journal { records: disk.records.len() as u32, ..Journal::default() },
        };
        node.recover(disk, &mut turn);
        if turn.learners().contains(me) {
            turn.effects.set_timer(Timer::AskAgain, options.ask_again_us, Reason::LearnerAsks { seen: None });
        }
        node
    }

    fn handle(
        &mut self,
        setup: Setup<'_, Options>,
        input: Input<Self>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Self>,
    ) {
        let mut turn = Turn::new(setup, surroundings, effects);
        match input {
            Input::Message { from, message } => self.on_message(from, message, &mut turn),
            Input::Timer(timer) => self.on_timer(timer, &mut turn),
            Input::Request { client, request, command } => {
                self.on_request(client, request, command, &mut turn);
            }
            Input::Synced(sync) => {
                self.journal.waiting.finish(sync);
                self.release(&mut turn);
            }
            Input::Operation(Operation::BeginBallot) => {
                let proposes = self.trusted && turn.proposers().contains(turn.me());
                if proposes && self.chosen.is_none() {
                    turn.effects.note(Reason::OperatorAsks);
                    self.proposer.stop(Reason::OperatorAsks, &mut turn);
                    self.begin_ballot(&mut turn);
                }
            }
        }
        self.settle_local(&mut turn);
    }

    fn message_kind(message: &Message) -> u8 {
        match message {
            Message::Prepare { .. } => 0,
            Message::Promise { .. } => 1,
            Message::Accept(_) => 2,
            Message::Accepted(_) => 3,
            Message::Refused { .. } => 4,
            Message::Ask { .. } => 5,
            Message::Chosen(_) => 6,
        }
    }

    fn timer_index(timer: Timer) -> u8 {
        timer as u8
    }

    fn disposition(answer: &Answer) -> Disposition {
        match answer {
            Answer::Chosen { .. } => Disposition::Done,
            Answer::NotProposer { ask } => Disposition::Redirect(*ask),
            Answer::Out => Disposition::Retry,
        }
    }

    fn is_milestone(why: &Reason) -> bool {
        why.is_milestone()
    }

    fn lane(&self) -> Lane {
        let standing = match &self.proposer.phase {
            _ if !self.trusted => Standing::Out,
            Phase::Recording { .. } | Phase::Preparing { .. } | Phase::BackingOff => Standing::Contender,
            Phase::Proposing { .. } => Standing::Leader,
            Phase::Idle => Standing::Member,
        };
        let ballot = self.acceptor.promised.max(self.proposer.ballot());
        Lane { standing, era: ballot.map_or(0, |ballot: Ballot| u64::from(ballot.round)) }
    }

    fn random_command(client: ClientId, _: u16, _: u16, random: &mut dyn rand::Rng) -> Command {
        Command::Propose { value: Arc::from(format!("{client}.{}", random.next_u32() % 10_000)) }
    }
}
