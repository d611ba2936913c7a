//! Raft, as one would ship it.
//!
//! Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended Version)", 2014, is
//! "Raft" in these comments; Ongaro, "Consensus: Bridging Theory and Practice", 2014, is "the thesis".
//!
//! A [`Raft`] is one node. It has a durable part (term, vote, log, snapshot), a state machine made of the
//! applied entries, and a role. [`Raft::handle`](Participant::handle) takes one input to its rule:
//!
//! * [`election`](self): PreVote, RequestVote and their answers; CheckQuorum.
//! * replication: the leader's side in `replication`, the follower's in `append`; what a leader knows of
//!   each follower in [`progress`]; the rule that commits in `commit`.
//! * `disk`: what must not be said before the disk has finished.
//! * `client`, `read_index`: commands and linearizable reads.
//! * `snapshot`: compaction, and snapshots for followers that are too far behind.
//! * `transfer`: handing leadership over. [`readmission`]: coming back after a lost disk.
//! * [`monitor`]: the properties that the paper proves, checked while it runs.
//!
//! Joint consensus, learners and lease reads are not here yet. They have their places:
//! [`log::Payload`] for configuration entries, [`progress::Progress::counts`] for nodes that receive
//! and do not vote, [`options::ReadPolicy`] for leases.

mod append;
mod client;
mod commit;
mod disk;
mod election;
pub mod log;
pub mod message;
pub mod monitor;
pub mod options;
pub mod progress;
pub mod quorum;
mod read_index;
pub mod readmission;
pub mod reason;
mod replication;
mod snapshot;
mod state;
pub mod storage;
mod transfer;

pub use log::{Entry, Index, Log, Payload, Term};
pub use message::{Answer, Message, Operation, Timer, Unavailable};
pub use monitor::{RaftMonitor, Violation};
pub use options::{BreakRules, Options, ReadPolicy, Rule};
pub use progress::{Progress, ProgressState};
pub use quorum::{NodeSet, majority};
pub use readmission::Membership;
pub use reason::{DiskLoss, Reason};
pub use state::Role;
pub use storage::{Machine, Record, Snapshot};

use crate::protocol::key_value::Command;
use crate::protocol::wal::{Recovered, Tail};
use crate::protocol::{
    ClientId, Disposition, Effects, Input, Invalid, Lane, NodeId, Participant, RuleName, Setup, Standing,
    Surroundings,
};
use disk::Disk;
use log::INDEX_MAX;
use state::RoleState;

/// One node of a Raft cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct Raft {
    id: NodeId,

    // Durable, or on the way to the disk (Raft Figure 2, "Persistent state on all servers").
    term: Term,
    voted_for: Option<NodeId>,
    log: Log,
    snapshot: Snapshot,
    disk: Disk,

    // Volatile on all servers.
    machine: Machine,
    commit: Index,
    applied: Index,
    role: RoleState,
    leader: Option<NodeId>,
    leader_heard_at_us: u64,
    election_timeout_us: u64,
    membership: Membership,
    incoming_snapshot: Option<snapshot::Incoming>,
}

/// What a rule needs besides the node's own state.
struct Context<'a, 's, 'r> {
    nodes: u16,
    options: &'a Options,
    surroundings: &'s mut Surroundings<'r>,
    effects: &'s mut Effects<Raft>,
}

impl Context<'_, '_, '_> {
    /// Whether this rule is broken. Asked last, where keeping it makes a difference.
    fn breaks(&mut self, rule: Rule) -> bool {
        self.effects.reached(rule);
        self.options.break_rules.breaks(rule)
    }

    /// All nodes but one.
    fn others(&self, than: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes).map(NodeId).filter(move |node| *node != than)
    }
}

impl Participant for Raft {
    type Options = Options;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Command = Command;
    type Answer = Answer;
    type Operation = Operation;
    type Reason = Reason;
    type Monitor = RaftMonitor;

    const NAME: &'static str = "raft";
    const MESSAGE_KINDS: &'static [&'static str] = Message::KINDS;
    const TIMERS: &'static [&'static str] = Timer::NAMES;
    const RULES: &'static [RuleName] = Rule::NAMES;

    fn validate(options: &Options, nodes: u16) -> Result<(), Vec<Invalid>> {
        options.validate(nodes)
    }

    fn break_rule(options: &mut Options, index: u8) {
        options.break_rules.break_rule(index);
    }

    fn format(setup: Setup<'_, Options>) -> Vec<Record> {
        storage::format(setup)
    }

    fn start(
        setup: Setup<'_, Options>,
        disk: Recovered<Record>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Raft>,
    ) -> Raft {
        let mut cx = Context { nodes: setup.nodes, options: setup.options, surroundings, effects };
        let tail = disk.tail;
        match storage::recover(setup.id, disk) {
            Ok(found) => {
                let mut raft = Raft::with(setup.id, found, Membership::Member);
                cx.effects.note(Reason::Started { term: raft.term, last_index: raft.log.last_index() });
                if cx.breaks(Rule::TrustPageCache) {
                    raft.disk = Disk::holding(raft.log.last_index());
                }
                if let Tail::Torn { at } = tail {
                    // Whoever opened the log for appending has cut it off there.
                    cx.effects.note(Reason::TornTailCut { at: at as u64 });
                }
                raft.reset_election_timer(Reason::WaitsForLeader { term: raft.term }, &mut cx);
                raft.finish(&mut cx);
                raft
            }
            Err(_) if cx.breaks(Rule::TrustLostDisk) => Raft::as_if_new(setup.id, &mut cx),
            Err(loss) => Raft::kept_out(setup.id, loss, tail, &mut cx),
        }
    }

    fn handle(
        &mut self,
        setup: Setup<'_, Options>,
        input: Input<Raft>,
        surroundings: &mut Surroundings<'_>,
        effects: &mut Effects<Raft>,
    ) {
        let mut cx = Context { nodes: setup.nodes, options: setup.options, surroundings, effects };
        match input {
            Input::Message { from, message } => self.on_message(from, message, &mut cx),
            Input::Timer(timer) => self.on_timer(timer, &mut cx),
            Input::Request { client, request, command } => self.on_request(client, request, command, &mut cx),
            Input::Synced(sync) => self.on_synced(sync, &mut cx),
            Input::Operation(Operation::TransferLeadership { to }) => self.on_transfer_asked(to, &mut cx),
            Input::Operation(Operation::Readmit) => self.on_readmission_allowed(&mut cx),
        }
        self.finish(&mut cx);
    }

    fn message_kind(message: &Message) -> u8 {
        message.kind()
    }

    fn timer_index(timer: Timer) -> u8 {
        timer.position()
    }

    fn disposition(answer: &Answer) -> Disposition {
        match answer {
            Answer::Done(_) => Disposition::Done,
            Answer::NotLeader { hint: Some(leader) } | Answer::OutcomeUnknown { hint: Some(leader) } => {
                Disposition::Redirect(*leader)
            }
            Answer::NotLeader { hint: None }
            | Answer::OutcomeUnknown { hint: None }
            | Answer::Unavailable(_) => Disposition::Retry,
        }
    }

    fn is_milestone(why: &Reason) -> bool {
        why.is_milestone()
    }

    fn lane(&self) -> Lane {
        let standing = match (&self.membership, &self.role) {
            (Membership::Out(_), _) => Standing::Out,
            (_, RoleState::Follower) => Standing::Member,
            (_, RoleState::PreCandidate(_) | RoleState::Candidate(_)) => Standing::Contender,
            (_, RoleState::Leader(_)) => Standing::Leader,
        };
        Lane { standing, era: self.term }
    }

    fn node_of_operation(operation: &mut Operation) -> Option<&mut NodeId> {
        match operation {
            Operation::TransferLeadership { to } => Some(to),
            Operation::Readmit => None,
        }
    }

    fn random_command(client: ClientId, _nodes: u16, keys: u16, random: &mut dyn rand::Rng) -> Command {
        Command::random(client, keys, random)
    }
}

impl Raft {
    fn with(id: NodeId, found: storage::Persistent, membership: Membership) -> Raft {
        let covered = found.snapshot.last_included_index;
        Raft {
            id,
            term: found.term,
            voted_for: found.voted_for,
            disk: match membership {
                Membership::Member => Disk::just_read(),
                Membership::Out(_) => Disk::empty(),
            },
            log: found.log,
            machine: found.snapshot.machine.clone(),
            snapshot: found.snapshot,
            commit: covered,
            applied: covered,
            role: RoleState::Follower,
            leader: None,
            leader_heard_at_us: 0,
            election_timeout_us: 0,
            membership,
            incoming_snapshot: None,
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context) {
        if from == self.id || from.0 >= cx.nodes {
            return;
        }
        if message.is_impossible() {
            cx.effects.note(Reason::ImpossibleMessage { from, term: message.term() });
            return;
        }
        if self.is_out() && !message.is_for_a_node_that_is_out() && !cx.breaks(Rule::VoteWhileOut) {
            cx.effects.note(Reason::KeptOutOfElections { from, term: message.term() });
            return;
        }
        match message {
            Message::PreVote { term, last_log_index, last_log_term } => {
                self.on_pre_vote(from, term, last_log_index, last_log_term, cx);
            }
            Message::PreVoteResponse { term, vote_granted } => {
                self.on_pre_vote_response(from, term, vote_granted, cx);
            }
            Message::RequestVote { term, last_log_index, last_log_term, leadership_transfer } => {
                let asked = election::Ballot { term, last_log_index, last_log_term, leadership_transfer };
                self.on_request_vote(from, asked, cx);
            }
            Message::RequestVoteResponse { term, vote_granted } => {
                self.on_request_vote_response(from, term, vote_granted, cx);
            }
            Message::AppendEntries(append) => self.on_append_entries(from, append, cx),
            Message::AppendEntriesResponse { term, round, result, counts } => {
                self.on_append_entries_response(from, term, round, result, counts, cx);
            }
            Message::InstallSnapshot(install) => self.on_install_snapshot(from, install, cx),
            Message::InstallSnapshotResponse {
                term,
                last_included_index,
                offset_bytes,
                bytes_received,
                installed,
                counts,
            } => {
                let answer = snapshot::Receipt {
                    term,
                    last_included_index,
                    offset_bytes,
                    bytes_received,
                    installed,
                    counts,
                };
                self.on_install_snapshot_response(from, answer, cx);
            }
            Message::TimeoutNow { term } => self.on_timeout_now(from, term, cx),
            Message::Readmit { term, incarnation } => self.on_readmit(from, term, incarnation, cx),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context) {
        match timer {
            Timer::Election => self.on_election_timeout(cx),
            Timer::Heartbeat => self.on_heartbeat_due(cx),
            Timer::CheckQuorum => self.on_check_quorum(cx),
            Timer::Transfer => self.on_transfer_timeout(cx),
            Timer::Readmit => self.on_readmission_retry(cx),
        }
    }
}

impl Message {
    /// Whether a node that is kept out may act on it: all but elections, in which it must not take part.
    fn is_for_a_node_that_is_out(&self) -> bool {
        matches!(self, Message::AppendEntries(_) | Message::InstallSnapshot(_))
    }

    /// Whether it speaks of an index that no log can reach. No node sends such a message, and from there one could
    /// not count on.
    fn is_impossible(&self) -> bool {
        match self {
            Message::AppendEntries(append) => {
                append.previous_log_index > INDEX_MAX || append.entries.len() > INDEX_MAX
            }
            Message::InstallSnapshot(install) => install.last_included_index > INDEX_MAX,
            _ => false,
        }
    }
}
