//! TiKV's Raft, the crate `raft`, as an oracle for ours: two clusters of the same size go through the same
//! schedule of ticks, elections, commands, reads, crashes, deliveries and losses, and must agree on everything that
//! Figure 2 of the paper names.
//!
//! A schedule consists of events. After each one every message is delivered, or lost if its connection is cut
//! for messages of its kind, until nothing is under way; then leaders send a few heartbeats. So the clusters are
//! compared where both have come to rest, and may get there by different messages. Our timers expire exactly
//! when theirs do, and disks are immediate.
//!
//! Where the two differ by design, the rule is named in [`Explained`], and the schedule ends there.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use lamplight::protocol::key_value::Command;
use lamplight::protocol::raft::{Message as OurMessage, Operation, Options, Raft, Reason, Role, Timer};
use lamplight::protocol::wal::{Recovered, Tail};
use lamplight::protocol::{
    ClientId, EffectBody, Effects, Input, NodeId, Participant, RequestId, Setup, Surroundings,
};
use raft::eraftpb::{Message as TheirMessage, MessageType};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

const ELECTION_TICKS: usize = 10;
const TICK_US: u64 = 1_000;

/// Rules by which the two differ on purpose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Explained {
    /// Raft Figure 2, RequestVote and AppendEntries, receiver, step 1: "Reply false if term < currentTerm".
    /// Theirs ignores such a RequestVote, and such an AppendEntries unless PreVote or CheckQuorum is on, so the
    /// sender does not learn of the later term; ours answers.
    RepliesToOldTerm,
    /// Thesis §9.6: a node that would not vote says so. Where it is in an earlier term than the one that asks,
    /// theirs takes the refusal for a late message; ours counts it, and may know sooner that there can be no
    /// majority.
    CountsRefusalsFromEarlierTerms,
    /// Raft §5.3 leaves to the leader in how many messages it sends entries, and when it tells what is
    /// committed. A leader that is deposed in the middle of that leaves followers behind that have got a little
    /// more in one implementation than in the other, until they hear from another leader.
    LeaderDeposedWhileReplicating,
}

/// What is compared.
#[derive(PartialEq, Debug)]
struct View {
    role: Role,
    term: u64,
    voted_for: Option<u16>,
    leader: Option<u16>,
    commit: u64,
    log: Vec<u64>,
}

/// The kinds of message that a connection can be cut for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    PreVote,
    PreVoteResponse,
    Vote,
    VoteResponse,
    Replication,
}

#[derive(Clone, Default)]
struct Connections {
    groups: Vec<u8>,
    cut: Vec<(Kind, u16, u16)>,
}

impl Connections {
    fn is_open(&self, kind: Kind, from: u16, to: u16) -> bool {
        self.groups[usize::from(from)] == self.groups[usize::from(to)]
            && !self.cut.contains(&(kind, from, to))
    }
}

// ---- ours ----

struct Ours {
    options: Options,
    nodes: u16,
    processes: Vec<Option<Raft>>,
    disks: Vec<Vec<<Raft as Participant>::Record>>,
    ticks: Vec<u64>,
    random: Pcg64Mcg,
    explained: Option<Explained>,
    /// The reads that were answered, each with its read index.
    reads: BTreeMap<u64, u64>,
    /// The requests that came while the leadership was handed over.
    refused: BTreeSet<u64>,
}

impl Ours {
    fn new(nodes: u16, options: Options) -> Ours {
        let setup = |id| Setup { id: NodeId(id), nodes, options: &options };
        let disks = (0..nodes).map(|id| Raft::format(setup(id))).collect();
        let mut ours = Ours {
            nodes,
            processes: (0..nodes).map(|_| None).collect(),
            disks,
            ticks: vec![0; usize::from(nodes)],
            random: Pcg64Mcg::seed_from_u64(1),
            explained: None,
            reads: BTreeMap::new(),
            refused: BTreeSet::new(),
            options,
        };
        for id in 0..nodes {
            ours.start(id);
        }
        ours
    }

    fn start(&mut self, id: u16) {
        let setup = Setup { id: NodeId(id), nodes: self.nodes, options: &self.options };
        let disk = Recovered { records: self.disks[usize::from(id)].clone(), tail: Tail::Clean };
        let mut surroundings = Surroundings { now_us: 0, random: &mut self.random };
        self.ticks[usize::from(id)] = 0;
        let mut effects = Effects::new();
        self.processes[usize::from(id)] = Some(Raft::start(setup, disk, &mut surroundings, &mut effects));
        // What it has read counts once it has synced it itself.
        let syncs: Vec<_> = effects
            .drain()
            .filter_map(|effect| match effect.body {
                EffectBody::Sync { sync } => Some(sync),
                _ => None,
            })
            .collect();
        for sync in syncs {
            self.handle(id, Input::Synced(sync));
        }
    }

    /// Hands in an input, finishes every disk write at once, and returns what was sent.
    fn handle(&mut self, id: u16, input: Input<Raft>) -> Vec<(u16, OurMessage)> {
        let mut sent = Vec::new();
        let mut inputs = vec![input];
        let Some(process) = &mut self.processes[usize::from(id)] else { return sent };
        while !inputs.is_empty() {
            let input = inputs.remove(0);
            let setup = Setup { id: NodeId(id), nodes: self.nodes, options: &self.options };
            let now_us = self.ticks[usize::from(id)] * TICK_US;
            let mut surroundings = Surroundings { now_us, random: &mut self.random };
            let mut effects = Effects::new();
            let is_request_vote =
                matches!(&input, Input::Message { message: OurMessage::RequestVote { .. }, .. });
            if let Input::Message {
                message: OurMessage::PreVoteResponse { term, vote_granted: false }, ..
            } = &input
                && *term < process.term()
                && process.role() == Role::PreCandidate
            {
                self.explained = Some(Explained::CountsRefusalsFromEarlierTerms);
            }
            process.handle(setup, input, &mut surroundings, &mut effects);
            for effect in effects.drain() {
                let answers_old_term = match effect.why {
                    Reason::RefusedOldTerm { .. } => is_request_vote,
                    Reason::RefusedOldLeader { .. } => !self.options.pre_vote && !self.options.check_quorum,
                    _ => false,
                };
                if answers_old_term {
                    self.explained = Some(Explained::RepliesToOldTerm);
                }
                match effect.body {
                    EffectBody::Reply { request, .. } => {
                        match effect.why {
                            Reason::ReadConfirmed { read_index, .. } => {
                                self.reads.insert(request.0, read_index);
                            }
                            // Theirs answers reads while the leadership is handed over.
                            Reason::RefusedDuringTransfer => {
                                self.refused.insert(request.0);
                            }
                            _ => {}
                        }
                    }
                    EffectBody::Send { to, message } => sent.push((to.0, message)),
                    EffectBody::Append { record } => self.disks[usize::from(id)].push(record),
                    EffectBody::Rewrite { records } => self.disks[usize::from(id)] = records,
                    EffectBody::Sync { sync } => inputs.push(Input::Synced(sync)),
                    _ => {}
                }
            }
        }
        sent
    }

    fn kind(message: &OurMessage) -> Kind {
        match message {
            OurMessage::PreVote { .. } => Kind::PreVote,
            OurMessage::PreVoteResponse { .. } => Kind::PreVoteResponse,
            OurMessage::RequestVote { .. } => Kind::Vote,
            OurMessage::RequestVoteResponse { .. } => Kind::VoteResponse,
            _ => Kind::Replication,
        }
    }

    fn view(&self, id: u16) -> Option<View> {
        self.processes[usize::from(id)].as_ref().map(|process| View {
            role: process.role(),
            term: process.term(),
            voted_for: process.voted_for().map(|node| node.0),
            leader: process.leader().map(|node| node.0),
            commit: process.commit_index(),
            log: process.log().iter().map(|(_, entry)| entry.term).collect(),
        })
    }
}

// ---- theirs ----

struct Theirs {
    nodes: u16,
    configs: Vec<Config>,
    disks: Vec<MemStorage>,
    processes: Vec<Option<RawNode<MemStorage>>>,
    logger: slog::Logger,
    /// The reads that were answered, each with its read index.
    reads: BTreeMap<u64, u64>,
}

impl Theirs {
    fn new(nodes: u16, options: &Options, random: &mut Pcg64Mcg) -> Theirs {
        let voters: Vec<u64> = (1..=u64::from(nodes)).collect();
        let mut theirs = Theirs {
            nodes,
            configs: Vec::new(),
            disks: Vec::new(),
            processes: Vec::new(),
            logger: slog::Logger::root(slog::Discard, slog::o!()),
            reads: BTreeMap::new(),
        };
        for id in 1..=u64::from(nodes) {
            let min_election_tick = ELECTION_TICKS + (random.next_u32() % 10) as usize;
            theirs.configs.push(Config {
                id,
                election_tick: ELECTION_TICKS,
                heartbeat_tick: 1,
                min_election_tick,
                max_election_tick: min_election_tick + 1,
                pre_vote: options.pre_vote,
                check_quorum: options.check_quorum,
                max_inflight_msgs: options.messages_in_flight_max as usize,
                max_size_per_msg: u64::MAX,
                // Followers learn what is committed with the next message, as in the paper.
                skip_bcast_commit: true,
                ..Config::default()
            });
            theirs.disks.push(MemStorage::new_with_conf_state((voters.clone(), vec![])));
            theirs.processes.push(None);
            theirs.start(id as u16 - 1);
        }
        theirs
    }

    fn start(&mut self, id: u16) {
        let at = usize::from(id);
        // The commit index is volatile in the paper (Figure 2); they keep it on disk.
        self.disks[at].wl().mut_hard_state().commit = 0;
        self.processes[at] =
            Some(RawNode::new(&self.configs[at], self.disks[at].clone(), &self.logger).unwrap());
    }

    /// Does something, finishes every disk write at once, and returns what was sent.
    fn handle(&mut self, id: u16, act: impl FnOnce(&mut RawNode<MemStorage>)) -> Vec<(u16, TheirMessage)> {
        let at = usize::from(id);
        let mut sent: Vec<TheirMessage> = Vec::new();
        let Some(process) = &mut self.processes[at] else { return Vec::new() };
        act(process);
        while process.has_ready() {
            let mut ready = process.ready();
            for state in ready.take_read_states() {
                let request = u64::from_be_bytes(state.request_ctx.as_slice().try_into().unwrap());
                self.reads.insert(request, state.index);
            }
            sent.extend(ready.take_messages());
            self.disks[at].wl().append(ready.entries()).unwrap();
            if let Some(hard_state) = ready.hs() {
                self.disks[at].wl().set_hardstate(hard_state.clone());
            }
            sent.extend(ready.take_persisted_messages());
            let mut rest = process.advance(ready);
            sent.extend(rest.take_messages());
            process.advance_apply();
        }
        // Besides the paper, their votes tell what is committed.
        for message in &mut sent {
            if Self::kind(message) != Kind::Replication {
                message.commit = 0;
                message.commit_term = 0;
            }
        }
        sent.into_iter().map(|message| (message.to as u16 - 1, message)).collect()
    }

    fn kind(message: &TheirMessage) -> Kind {
        match message.get_msg_type() {
            MessageType::MsgRequestPreVote => Kind::PreVote,
            MessageType::MsgRequestPreVoteResponse => Kind::PreVoteResponse,
            MessageType::MsgRequestVote => Kind::Vote,
            MessageType::MsgRequestVoteResponse => Kind::VoteResponse,
            _ => Kind::Replication,
        }
    }

    fn view(&self, id: u16) -> Option<View> {
        let process = self.processes[usize::from(id)].as_ref()?;
        let raft = &process.raft;
        let node = |id: u64| id.checked_sub(1).map(|id| id as u16);
        let last = raft.raft_log.last_index();
        Some(View {
            role: match raft.state {
                StateRole::Follower => Role::Follower,
                StateRole::PreCandidate => Role::PreCandidate,
                StateRole::Candidate => Role::Candidate,
                StateRole::Leader => Role::Leader,
            },
            term: raft.term,
            voted_for: node(raft.vote),
            leader: node(raft.leader_id),
            commit: raft.raft_log.committed,
            log: (1..=last).map(|index| raft.raft_log.term(index).unwrap()).collect(),
        })
    }

    fn local(id: u16, kind: MessageType) -> TheirMessage {
        let mut message = TheirMessage::default();
        message.set_msg_type(kind);
        message.from = u64::from(id) + 1;
        message
    }
}

// ---- both ----

struct Pair {
    ours: Ours,
    theirs: Theirs,
    connections: Connections,
    requests: u64,
    /// What was committed at the leader when a read was asked of it.
    asked: BTreeMap<u64, u64>,
    /// The reads that came while a round was under way. Ours lets them share the next one, and may not get to that.
    shares_next_round: BTreeSet<u64>,
}

/// Delivers wave after wave, each in the order of the receivers and senders, until nothing is under way.
fn deliver<M>(
    mut wave: Vec<(u16, u16, M)>,
    connections: &Connections,
    kind: impl Fn(&M) -> Kind,
    mut receive: impl FnMut(u16, u16, M) -> Vec<(u16, M)>,
) {
    for _ in 0..10_000 {
        if wave.is_empty() {
            return;
        }
        wave.sort_by_key(|(from, to, _)| (*to, *from));
        let mut next = Vec::new();
        for (from, to, message) in wave {
            if connections.is_open(kind(&message), from, to) {
                next.extend(
                    receive(from, to, message).into_iter().map(|(to_next, answer)| (to, to_next, answer)),
                );
            }
        }
        wave = next;
    }
    panic!("it never comes to rest");
}

impl Pair {
    fn ours(&mut self, id: u16, input: Input<Raft>) {
        let sent = self.ours.handle(id, input);
        let wave = sent.into_iter().map(|(to, message)| (id, to, message)).collect();
        deliver(wave, &self.connections, Ours::kind, |from, to, message| {
            self.ours.handle(to, Input::Message { from: NodeId(from), message })
        });
    }

    fn theirs(&mut self, id: u16, act: impl FnOnce(&mut RawNode<MemStorage>)) {
        let sent = self.theirs.handle(id, act);
        let wave = sent.into_iter().map(|(to, message)| (id, to, message)).collect();
        deliver(wave, &self.connections, Theirs::kind, |_, to, message| {
            self.theirs.handle(to, |process| {
                // Refused messages are the other side's business.
                let _ = process.step(message);
            })
        });
    }

    fn tick(&mut self, id: u16) {
        self.ours.ticks[usize::from(id)] += 1;
        let Some(process) = &self.theirs.processes[usize::from(id)] else { return };
        let led = process.raft.state == StateRole::Leader;
        let transferred = process.raft.lead_transferee.is_some();
        let mut is_election_timeout = false;
        let mut gives_up = false;
        self.theirs(id, |process| {
            process.tick();
            // Both timers of theirs count anew when they expire, and only then.
            is_election_timeout = process.raft.election_elapsed == 0;
            gives_up = transferred && process.raft.lead_transferee.is_none();
        });
        match (led, is_election_timeout) {
            (true, true) => {
                if self.ours.options.check_quorum {
                    self.ours(id, Input::Timer(Timer::CheckQuorum));
                }
                if gives_up {
                    self.ours(id, Input::Timer(Timer::Transfer));
                }
                self.ours(id, Input::Timer(Timer::Heartbeat));
            }
            (true, false) => self.ours(id, Input::Timer(Timer::Heartbeat)),
            (false, true) => self.ours(id, Input::Timer(Timer::Election)),
            (false, false) => {}
        }
    }

    fn stand(&mut self, id: u16) {
        self.theirs(id, |process| {
            let _ = process.raft.step(Theirs::local(id, MessageType::MsgHup));
        });
        self.ours(id, Input::Timer(Timer::Election));
    }

    fn propose(&mut self, id: u16) {
        self.requests += 1;
        let is_leader = |process: &RawNode<MemStorage>| process.raft.state == StateRole::Leader;
        if self.theirs.processes[usize::from(id)].as_ref().is_some_and(is_leader) {
            self.theirs(id, |process| {
                let _ = process.propose(vec![], vec![1]);
            });
        }
        let command = Command::Put { key: "a".into(), value: "1".into() };
        let request = RequestId(self.requests);
        self.ours(id, Input::Request { client: ClientId(0), request, command });
    }

    /// A read of the key at a leader. Theirs takes none before an entry of its term is committed; ours lets it wait.
    fn read(&mut self, id: u16) {
        let is_leader = |process: &RawNode<MemStorage>| process.raft.state == StateRole::Leader;
        if !self.theirs.processes[usize::from(id)].as_ref().is_some_and(is_leader) {
            return;
        }
        self.requests += 1;
        let request = self.requests;
        if let Some(process) = &self.ours.processes[usize::from(id)] {
            self.asked.insert(request, process.commit_index());
            if process.waiting_reads() > 0 {
                self.shares_next_round.insert(request);
            }
        }
        self.theirs(id, |process| process.read_index(request.to_be_bytes().to_vec()));
        let (client, request) = (ClientId(1), RequestId(request));
        self.ours(id, Input::Request { client, request, command: Command::Get { key: "a".into() } });
    }

    /// Whatever they have answered, ours has, from a state that is not older. What ours has answered is not older than
    /// what was committed at its leader when it was asked.
    fn compare_reads(&self) -> u64 {
        for (request, index) in &self.theirs.reads {
            let may_wait = self.shares_next_round.contains(request) && !self.ours.reads.contains_key(request);
            if may_wait || self.ours.refused.contains(request) {
                continue;
            }
            let ours = self.ours.reads.get(request);
            assert!(ours.is_some_and(|ours| ours >= index), "read {request}: {ours:?}, theirs {index}");
        }
        for (request, index) in &self.ours.reads {
            assert!(self.asked.get(request).is_some_and(|asked| index >= asked), "read {request} at {index}");
        }
        self.theirs.reads.len() as u64
    }

    fn transfer(&mut self, id: u16, to: u16) {
        let is_leader = |process: &RawNode<MemStorage>| process.raft.state == StateRole::Leader;
        if self.theirs.processes[usize::from(id)].as_ref().is_some_and(is_leader) {
            self.theirs(id, |process| process.transfer_leader(u64::from(to) + 1));
        }
        self.ours(id, Input::Operation(Operation::TransferLeadership { to: NodeId(to) }));
    }

    /// Whether the node that looks like this follows somebody who leads.
    fn hears_a_leader(&self, view: &View) -> bool {
        let leader = view.leader.and_then(|leader| self.ours.view(leader));
        leader.is_some_and(|leader| leader.role == Role::Leader && leader.term == view.term)
    }

    fn settle(&mut self) {
        for _ in 0..4 {
            for id in 0..self.ours.nodes {
                let is_leader = |process: &RawNode<MemStorage>| process.raft.state == StateRole::Leader;
                if self.theirs.processes[usize::from(id)].as_ref().is_some_and(is_leader) {
                    self.theirs(id, |process| {
                        let _ = process.raft.step(Theirs::local(id, MessageType::MsgBeat));
                    });
                }
                if self.ours.processes[usize::from(id)].as_ref().is_some_and(Raft::is_leader) {
                    self.ours(id, Input::Timer(Timer::Heartbeat));
                }
            }
        }
    }
}

/// What came of a schedule.
#[derive(Debug, Default)]
struct Tally {
    schedules: u32,
    events: u64,
    elections: u64,
    commits: u64,
    reads: u64,
    explained: BTreeMap<Explained, u32>,
}

fn run_schedule(seed: u64, tally: &mut Tally) {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut draw = move |below: u32| random.next_u32() % below;
    let nodes = [3, 5, 4, 7][draw(4) as usize];
    let options = Options {
        pre_vote: seed % 4 != 1 && seed % 4 != 3,
        check_quorum: seed % 4 != 2 && seed % 4 != 3,
        election_timeout_us_min: ELECTION_TICKS as u64 * TICK_US,
        election_timeout_us_max: ELECTION_TICKS as u64 * TICK_US * 2,
        heartbeat_interval_us: TICK_US,
        messages_in_flight_max: 4,
        snapshot_every_entries: 0,
        ..Options::default()
    };
    options.validate(nodes).unwrap();
    let mut pair = Pair {
        theirs: Theirs::new(nodes, &options, &mut Pcg64Mcg::seed_from_u64(seed ^ 0x5eed)),
        ours: Ours::new(nodes, options),
        connections: Connections { groups: vec![0; usize::from(nodes)], cut: Vec::new() },
        requests: 0,
        asked: BTreeMap::new(),
        shares_next_round: BTreeSet::new(),
    };
    assert_eq!(pair.theirs.nodes, nodes);
    let mut story = Vec::new();
    tally.schedules += 1;
    for _ in 0..80 {
        let id = draw(u32::from(nodes)) as u16;
        match draw(100) {
            0..=49 => {
                story.push("tick".to_owned());
                for id in 0..nodes {
                    pair.tick(id);
                }
            }
            50..=54 => {
                story.push("read".to_owned());
                for id in 0..nodes {
                    pair.read(id);
                }
            }
            55..=64 => {
                story.push("propose".to_owned());
                for id in 0..nodes {
                    pair.propose(id);
                }
            }
            65..=74 => {
                story.push(format!("{id} stands for election"));
                pair.stand(id);
            }
            75..=77 => {
                let to = draw(u32::from(nodes)) as u16;
                story.push(format!("leaders hand over to {to}"));
                for id in 0..nodes {
                    pair.transfer(id, to);
                }
            }
            78..=87 => {
                let mut connections = Connections { groups: vec![0; usize::from(nodes)], cut: Vec::new() };
                match draw(4) {
                    0 => {}
                    1 | 2 => connections.groups.iter_mut().for_each(|group| *group = draw(2) as u8),
                    _ => {
                        for from in 0..nodes {
                            for to in 0..nodes {
                                for kind in
                                    [Kind::PreVote, Kind::PreVoteResponse, Kind::Vote, Kind::VoteResponse]
                                {
                                    if draw(6) == 0 {
                                        connections.cut.push((kind, from, to));
                                    }
                                }
                                // Both ways, because a follower whose answers are lost gets different messages
                                // from the two: theirs waits, ours asks anew with each heartbeat.
                                if from < to && draw(6) == 0 {
                                    connections.cut.push((Kind::Replication, from, to));
                                    connections.cut.push((Kind::Replication, to, from));
                                }
                            }
                        }
                    }
                }
                story.push(format!("groups {:?}, cut {:?}", connections.groups, connections.cut));
                pair.connections = connections;
            }
            88..=93 => {
                story.push(format!("{id} crashes"));
                pair.ours.processes[usize::from(id)] = None;
                pair.theirs.processes[usize::from(id)] = None;
            }
            _ => {
                if pair.ours.processes[usize::from(id)].is_none() {
                    story.push(format!("{id} restarts"));
                    pair.ours.start(id);
                    pair.theirs.start(id);
                }
            }
        }
        pair.settle();
        if let Some(explained) = pair.ours.explained {
            *tally.explained.entry(explained).or_default() += 1;
            return;
        }
        tally.events += 1;
        let mut explained = None;
        for id in 0..nodes {
            let (ours, mut theirs) = (pair.ours.view(id), pair.theirs.view(id));
            if let (Some(ours), Some(theirs)) = (&ours, &mut theirs)
                && !pair.hears_a_leader(ours)
                && (ours.commit != theirs.commit || ours.log != theirs.log)
                && (ours.log.starts_with(&theirs.log) || theirs.log.starts_with(&ours.log))
            {
                theirs.commit = ours.commit;
                theirs.log.clone_from(&ours.log);
                explained = Some(Explained::LeaderDeposedWhileReplicating);
            }
            assert_eq!(ours, theirs, "n{id} of {nodes} with seed {seed} after {story:#?}");
        }
        if let Some(explained) = explained {
            *tally.explained.entry(explained).or_default() += 1;
            return;
        }
    }
    let views = || (0..nodes).filter_map(|id| pair.ours.view(id));
    tally.elections += views().map(|view| view.term).max().unwrap_or(0);
    tally.reads += pair.compare_reads();
    tally.commits += views().map(|view| view.commit).max().unwrap_or(0);
}

#[test]
fn ours_and_theirs_agree_on_terms_votes_logs_and_commits() {
    let mut tally = Tally::default();
    for seed in 0..1_600 {
        run_schedule(seed, &mut tally);
    }
    println!("{tally:?}");
    let explained: u32 = tally.explained.values().sum();
    assert!(tally.schedules - explained >= 1_000, "{tally:?}");
    assert!(tally.reads > 1_000, "{tally:?}");
    assert!(tally.elections > 2_000 && tally.commits > 5_000, "the schedules are too dull: {tally:?}");
}
