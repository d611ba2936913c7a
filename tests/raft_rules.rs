//! The rules of Raft, one at a time, on single nodes that are handed their inputs directly. Each test names
//! the section of the paper ("Raft") or of Ongaro's thesis that demands what it checks.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use lamplight::protocol::key_value::{Command, Outcome};
use lamplight::protocol::raft::message::{AppendEntries, AppendResult, Entries, InstallSnapshot};
use lamplight::protocol::raft::storage::Persistent;
use lamplight::protocol::raft::{
    Answer, BreakRules, Entry, Log, Machine, Membership, Message, Operation, Options, Payload, Raft, Reason,
    Record, Role, Term, Timer,
};
use lamplight::protocol::wal::{Recovered, Tail};
use lamplight::protocol::{
    ClientId, EffectBody, Effects, Input, NodeId, Participant, RequestId, Setup, Surroundings, SyncId,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

const CLIENT: ClientId = ClientId(0);

/// A node, its disk, and what it said.
struct Bench {
    nodes: u16,
    options: Options,
    raft: Raft,
    now_us: u64,
    random: Pcg64Mcg,
    /// Syncs that have not finished.
    syncs: Vec<SyncId>,
    sent: Vec<(NodeId, Message)>,
    replies: Vec<Answer>,
    reasons: Vec<Reason>,
}

fn plain() -> Options {
    Options { pre_vote: false, check_quorum: false, ..Options::default() }
}

fn log_of(terms: &[Term]) -> Log {
    let mut log = Log::default();
    for term in terms {
        log.push(entry(*term));
    }
    log
}

fn entry(term: Term) -> Arc<Entry> {
    Arc::new(Entry { term, payload: Payload::NoOp })
}

fn put(value: &str) -> Command {
    Command::Put { key: "a".into(), value: value.into() }
}

impl Bench {
    /// The first of `nodes` nodes, with this log, in this term.
    fn new(nodes: u16, options: Options, term: Term, log: &[Term]) -> Bench {
        Bench::with_id(0, nodes, options, term, log)
    }

    fn with_id(id: u16, nodes: u16, options: Options, term: Term, log: &[Term]) -> Bench {
        let disk = Persistent { term, log: log_of(log), ..Persistent::default() }.records(NodeId(id));
        Bench::on_disk(id, nodes, options, disk)
    }

    fn on_disk(id: u16, nodes: u16, options: Options, disk: Vec<Record>) -> Bench {
        let mut bench = Bench::started(id, nodes, options, disk);
        // What it has read is durable once it says so itself.
        bench.sync();
        bench
    }

    fn on_disk_unsynced(id: u16, nodes: u16, options: Options, term: Term, log: &[Term]) -> Bench {
        let disk = Persistent { term, log: log_of(log), ..Persistent::default() }.records(NodeId(id));
        Bench::started(id, nodes, options, disk)
    }

    fn started(id: u16, nodes: u16, options: Options, disk: Vec<Record>) -> Bench {
        options.validate(nodes).unwrap();
        let mut random = Pcg64Mcg::seed_from_u64(7);
        let mut effects = Effects::new();
        let raft = Raft::start(
            Setup { id: NodeId(id), nodes, options: &options },
            Recovered { records: disk, tail: Tail::Clean },
            &mut Surroundings { now_us: 0, random: &mut random },
            &mut effects,
        );
        let mut bench = Bench {
            nodes,
            options,
            raft,
            now_us: 0,
            random,
            syncs: Vec::new(),
            sent: Vec::new(),
            replies: Vec::new(),
            reasons: Vec::new(),
        };
        bench.take(effects);
        bench
    }

    fn take(&mut self, mut effects: Effects<Raft>) {
        for effect in effects.drain() {
            self.reasons.push(effect.why);
            match effect.body {
                EffectBody::Send { to, message } => self.sent.push((to, message)),
                EffectBody::Sync { sync } => self.syncs.push(sync),
                EffectBody::Reply { answer, .. } => self.replies.push(answer),
                _ => {}
            }
        }
    }

    fn input(&mut self, input: Input<Raft>) {
        let mut effects = Effects::new();
        self.raft.handle(
            Setup { id: self.raft.id(), nodes: self.nodes, options: &self.options },
            input,
            &mut Surroundings { now_us: self.now_us, random: &mut self.random },
            &mut effects,
        );
        self.take(effects);
    }

    fn hear(&mut self, from: u16, message: Message) {
        self.input(Input::Message { from: NodeId(from), message });
    }

    fn time_out(&mut self) {
        self.input(Input::Timer(Timer::Election));
    }

    fn ask(&mut self, request: u64, command: Command) {
        self.input(Input::Request { client: CLIENT, request: RequestId(request), command });
    }

    /// The disk finishes everything, and what that leads to.
    fn sync(&mut self) {
        while !self.syncs.is_empty() {
            let sync = self.syncs.remove(0);
            self.input(Input::Synced(sync));
        }
    }

    fn sent(&mut self) -> Vec<(u16, Message)> {
        self.sent.drain(..).map(|(to, message)| (to.0, message)).collect()
    }

    fn replies(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.replies)
    }

    /// Makes it the leader of the term after its own, its own entry of that term being durable.
    fn elect(mut self) -> Bench {
        self.time_out();
        self.sync();
        let term = self.raft.term();
        for voter in 1..=self.nodes / 2 {
            self.hear(voter, Message::RequestVoteResponse { term, vote_granted: true });
        }
        assert_eq!(self.raft.role(), Role::Leader);
        self.sync();
        self.sent.clear();
        self
    }

    fn matched(&mut self, from: u16, match_index: u64) {
        self.matched_in_round(from, match_index, 0);
    }

    fn matched_in_round(&mut self, from: u16, match_index: u64, round: u64) {
        let result = AppendResult::Matched { match_index };
        let term = self.raft.term();
        self.hear(from, Message::AppendEntriesResponse { term, round, result, counts: true });
    }

    fn log(&self) -> Vec<Term> {
        self.raft.log().iter().map(|(_, entry)| entry.term).collect()
    }
}

fn request_vote(term: Term, last_log_index: u64, last_log_term: Term) -> Message {
    Message::RequestVote { term, last_log_index, last_log_term, leadership_transfer: false }
}

fn append(term: Term, previous: (u64, Term), entries: &[Term], leader_commit: u64) -> Message {
    Message::AppendEntries(AppendEntries {
        term,
        previous_log_index: previous.0,
        previous_log_term: previous.1,
        entries: Entries::of(entries.iter().copied().map(entry).collect()),
        leader_commit,
        round: 0,
    })
}

fn granted(sent: &[(u16, Message)]) -> Option<bool> {
    sent.iter().find_map(|(_, message)| match message {
        Message::RequestVoteResponse { vote_granted, .. } | Message::PreVoteResponse { vote_granted, .. } => {
            Some(*vote_granted)
        }
        _ => None,
    })
}

// ---- elections ----

#[test]
fn section_5_2_a_node_has_one_vote_in_a_term() {
    let mut node = Bench::new(5, plain(), 1, &[1]);
    for (candidate, term, expected) in [
        (1, 2, Some(true)),
        (2, 2, Some(false)),
        (1, 2, Some(true)),
        (2, 1, Some(false)),
        (2, 3, Some(true)),
        (1, 3, Some(false)),
    ] {
        node.hear(candidate, request_vote(term, 1, 1));
        node.sync();
        let sent = node.sent();
        assert_eq!(granted(&sent), expected, "n{candidate} in term {term}");
    }
}

#[test]
fn figure_2_a_vote_survives_a_crash() {
    let mut node = Bench::new(3, plain(), 1, &[1]);
    node.hear(1, request_vote(2, 1, 1));
    node.sync();
    assert_eq!(granted(&node.sent()), Some(true));
    let mut again = Bench::on_disk(0, 3, plain(), node.raft.persistent().records(NodeId(0)));
    again.hear(2, request_vote(2, 9, 1));
    again.sync();
    assert_eq!(granted(&again.sent()), Some(false));
}

#[test]
fn section_5_4_1_a_vote_is_for_candidates_that_are_at_least_as_up_to_date() {
    for (own, last_log_index, last_log_term, expected) in [
        (&[1, 1, 2][..], 3, 2, true),
        (&[1, 1, 2], 4, 2, true),
        (&[1, 1, 2], 2, 2, false),
        (&[1, 1, 2], 9, 1, false),
        (&[1, 1, 2], 1, 3, true),
        (&[], 0, 0, true),
    ] {
        let mut node = Bench::new(3, plain(), 3, own);
        node.hear(1, request_vote(4, last_log_index, last_log_term));
        node.sync();
        assert_eq!(granted(&node.sent()), Some(expected), "{own:?} and ({last_log_index}, {last_log_term})");
        let advance = Message::PreVote { term: 9, last_log_index, last_log_term };
        node.hear(1, advance);
        assert_eq!(granted(&node.sent()), Some(expected), "and the same when it is asked in advance");
    }
}

#[test]
fn figure_2_nothing_is_said_before_the_disk_has_finished() {
    let mut voter = Bench::new(3, plain(), 1, &[1]);
    voter.hear(1, request_vote(2, 1, 1));
    assert_eq!(voter.sent(), [], "a vote");
    voter.sync();
    assert_eq!(granted(&voter.sent()), Some(true));

    let mut candidate = Bench::new(3, plain(), 1, &[1]);
    candidate.time_out();
    assert_eq!(candidate.sent(), [], "a candidacy");
    assert_eq!(candidate.raft.votes().unwrap().granted.len(), 0, "its own vote");
    candidate.sync();
    assert_eq!(candidate.sent().len(), 2);
    assert_eq!(candidate.raft.votes().unwrap().granted.len(), 1);

    let mut follower = Bench::new(3, plain(), 1, &[1]);
    follower.hear(1, append(1, (1, 1), &[1], 0));
    assert_eq!(follower.sent(), [], "an acknowledgement");
    follower.sync();
    let sent = follower.sent();
    let result = AppendResult::Matched { match_index: 2 };
    assert_eq!(sent, [(1, Message::AppendEntriesResponse { term: 1, round: 0, result, counts: true })]);
}

#[test]
fn a_heartbeat_is_answered_at_once_with_what_is_durable() {
    let mut follower = Bench::new(3, plain(), 1, &[1]);
    follower.hear(1, append(1, (1, 1), &[1, 1], 0));
    follower.hear(1, append(1, (3, 1), &[], 0));
    let result = AppendResult::Matched { match_index: 1 };
    assert_eq!(
        follower.sent(),
        [(1, Message::AppendEntriesResponse { term: 1, round: 0, result, counts: true })]
    );
}

#[test]
fn an_answer_that_waits_for_the_disk_is_not_given_in_a_later_term() {
    let mut node = Bench::new(3, plain(), 1, &[1]);
    node.hear(1, append(1, (1, 1), &[1], 0));
    node.hear(2, request_vote(2, 2, 1));
    node.sync();
    let kinds: Vec<u8> = node.sent().iter().map(|(_, message)| message.kind()).collect();
    assert_eq!(kinds, [3], "only the vote of the later term");
}

#[test]
fn section_5_2_a_candidate_needs_a_majority_of_the_full_cluster() {
    let mut node = Bench::new(5, plain(), 1, &[1]);
    node.time_out();
    node.sync();
    let answer = |vote_granted| Message::RequestVoteResponse { term: 2, vote_granted };
    node.hear(1, answer(true));
    node.hear(1, answer(true));
    assert_eq!(node.raft.role(), Role::Candidate, "the same vote twice is one vote");
    node.hear(2, answer(false));
    node.hear(3, answer(true));
    assert_eq!(node.raft.role(), Role::Leader);
    assert_eq!(node.log(), [1, 2], "it begins with an entry of its own term");
}

#[test]
fn thesis_9_6_asking_in_advance_changes_nothing_on_either_side() {
    let options = Options { pre_vote: true, ..plain() };
    let mut node = Bench::new(3, options.clone(), 4, &[1]);
    node.time_out();
    assert_eq!((node.raft.role(), node.raft.term(), node.syncs.len()), (Role::PreCandidate, 4, 0));
    let sent = node.sent();
    assert_eq!(sent[0], (1, Message::PreVote { term: 5, last_log_index: 1, last_log_term: 1 }));

    let mut other = Bench::with_id(1, 3, options, 4, &[1]);
    other.hear(0, sent[0].1.clone());
    assert_eq!((other.raft.term(), other.raft.voted_for(), other.syncs.len()), (4, None, 0));
    node.hear(1, other.sent()[0].1.clone());
    assert_eq!((node.raft.role(), node.raft.term()), (Role::Candidate, 5));
}

#[test]
fn thesis_4_2_3_a_follower_that_hears_its_leader_protects_it() {
    let options = Options { check_quorum: true, ..plain() };
    let shortest_us = options.election_timeout_us_min;
    for (silent_us, transfer, expected) in
        [(shortest_us - 1, false, None), (shortest_us, false, Some(true)), (1, true, Some(true))]
    {
        let mut node = Bench::new(3, options.clone(), 1, &[1]);
        node.hear(1, append(1, (1, 1), &[], 0));
        node.sent();
        node.now_us = silent_us;
        let ballot = Message::RequestVote {
            term: 2,
            last_log_index: 1,
            last_log_term: 1,
            leadership_transfer: transfer,
        };
        node.hear(2, ballot);
        node.sync();
        assert_eq!(granted(&node.sent()), expected, "after {silent_us} µs, transfer: {transfer}");
    }
}

#[test]
fn thesis_6_2_a_leader_that_hears_no_majority_steps_down() {
    let mut leader = Bench::new(5, Options { check_quorum: true, ..plain() }, 1, &[1]).elect();
    leader.matched(1, 2);
    leader.matched(2, 2);
    leader.input(Input::Timer(Timer::CheckQuorum));
    assert_eq!(leader.raft.role(), Role::Leader, "three of five");
    leader.matched(1, 2);
    leader.input(Input::Timer(Timer::CheckQuorum));
    assert_eq!(leader.raft.role(), Role::Follower, "two of five");
}

// ---- replication ----

#[test]
fn figure_2_the_follower_takes_entries_only_behind_the_one_that_it_has() {
    for (own, previous, entries, expected, accepted) in [
        (&[1, 1][..], (2, 1), &[2][..], &[1, 1, 2][..], true),
        (&[1, 1], (3, 1), &[2], &[1, 1], false),
        (&[1, 1], (2, 2), &[2], &[1, 1], false),
        (&[1, 1, 1], (1, 1), &[2], &[1, 2], true),
        (&[1, 1, 1], (1, 1), &[1], &[1, 1, 1], true),
        (&[1, 1, 1], (0, 0), &[], &[1, 1, 1], true),
        (&[], (0, 0), &[1, 2], &[1, 2], true),
    ] {
        let mut follower = Bench::new(3, plain(), 2, own);
        follower.hear(1, append(2, previous, entries, 0));
        follower.sync();
        assert_eq!(follower.log(), expected, "{own:?} {previous:?} {entries:?}");
        let sent = follower.sent();
        let Some((1, Message::AppendEntriesResponse { result, .. })) = sent.last() else {
            panic!("{sent:?}")
        };
        assert_eq!(matches!(result, AppendResult::Matched { .. }), accepted);
    }
}

#[test]
fn figure_2_a_follower_commits_only_what_it_knows_to_match() {
    let mut follower = Bench::new(3, plain(), 2, &[1, 1, 1, 1]);
    follower.hear(1, append(2, (2, 1), &[], 4));
    assert_eq!(follower.raft.commit_index(), 2, "what follows may be removed yet");
    follower.hear(1, append(2, (2, 1), &[2], 9));
    assert_eq!(follower.raft.commit_index(), 3);
}

#[test]
fn section_5_4_3_a_committed_entry_is_never_overwritten() {
    let mut follower = Bench::new(3, plain(), 2, &[1, 1]);
    follower.hear(1, append(2, (2, 1), &[], 2));
    follower.sent();
    follower.hear(1, append(2, (1, 1), &[2], 2));
    assert_eq!((follower.log(), follower.sent()), (vec![1, 1], vec![]));
}

#[test]
fn section_5_3_a_leader_brings_each_log_of_figure_7_into_line_skipping_whole_terms() {
    let leader_log = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    for (name, follower_log, rejections_max) in [
        ("a", &[1, 1, 1, 4, 4, 5, 5, 6, 6][..], 1),
        ("b", &[1, 1, 1, 4], 1),
        ("c", &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], 0),
        ("d", &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], 0),
        ("e", &[1, 1, 1, 4, 4, 4, 4], 1),
        ("f", &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], 1),
    ] {
        let mut leader = Bench::new(2, plain(), 7, &leader_log);
        leader.time_out();
        leader.sync();
        leader.sent();
        leader.hear(1, Message::RequestVoteResponse { term: 8, vote_granted: true });
        let mut follower = Bench::with_id(1, 2, plain(), 8, follower_log);
        let mut rejections = 0;
        for _ in 0..50 {
            for (_, message) in leader.sent() {
                follower.hear(0, message);
            }
            follower.sync();
            leader.sync();
            for (_, message) in follower.sent() {
                if matches!(
                    message,
                    Message::AppendEntriesResponse { result: AppendResult::Rejected { .. }, .. }
                ) {
                    rejections += 1;
                }
                leader.hear(1, message);
            }
        }
        assert_eq!(follower.log(), [&leader_log[..], &[8]].concat(), "({name})");
        assert_eq!(leader.raft.commit_index(), 11, "({name})");
        assert_eq!(
            rejections, rejections_max,
            "({name}) takes one refusal for each term that differs at most"
        );
    }
}

#[test]
fn section_5_4_2_an_entry_of_an_earlier_term_is_not_committed_by_counting() {
    for (break_rules, expected) in
        [(BreakRules::default(), 0), (BreakRules { commit_earlier_term: true, ..BreakRules::default() }, 2)]
    {
        let mut leader = Bench::new(5, Options { break_rules, ..plain() }, 3, &[1, 2]).elect();
        leader.matched(1, 2);
        leader.matched(2, 2);
        assert_eq!(leader.raft.commit_index(), expected, "on three of five");
        leader.matched(1, 3);
        leader.matched(2, 3);
        assert_eq!(leader.raft.commit_index(), 3, "with an entry of the leader's own term behind it");
    }
}

#[test]
fn thesis_10_2_1_a_leader_counts_itself_only_when_its_own_disk_has_finished() {
    let mut leader = Bench::new(3, plain(), 1, &[]).elect();
    leader.matched(1, 1);
    leader.ask(1, put("x"));
    assert_eq!(leader.sent().len(), 1, "it sends before its own disk has finished");
    leader.matched(1, 2);
    assert_eq!(leader.raft.commit_index(), 1, "one disk of three");
    leader.sync();
    assert_eq!((leader.raft.commit_index(), leader.replies()), (2, vec![Answer::Done(Outcome::Applied)]));

    leader.ask(2, put("y"));
    leader.matched(1, 3);
    leader.matched(2, 3);
    assert_eq!(leader.raft.commit_index(), 3, "two other disks are a majority without its own");
}

#[test]
fn thesis_10_2_1_entries_are_pipelined_up_to_the_window_and_batched_behind_it() {
    let options = Options { messages_in_flight_max: 3, entries_per_message_max: 4, ..plain() };
    let mut leader = Bench::new(2, options, 1, &[]).elect();
    leader.matched(1, 1);
    leader.sent();
    let counts = |sent: Vec<(u16, Message)>| -> Vec<u64> {
        sent.iter()
            .filter_map(|(_, message)| match message {
                Message::AppendEntries(append) => Some(append.entries.len()),
                _ => None,
            })
            .collect()
    };
    for request in 1..=9 {
        leader.ask(request, put("x"));
    }
    assert_eq!(counts(leader.sent()), [1, 1, 1], "three messages are under way and six entries wait");
    leader.matched(1, 2);
    assert_eq!(counts(leader.sent()), [4]);
    leader.matched(1, 4);
    assert_eq!(counts(leader.sent()), [2]);
}

// ---- clients ----

#[test]
fn thesis_6_3_a_retry_of_a_command_that_is_under_way_is_not_appended_again() {
    let mut leader = Bench::new(3, plain(), 1, &[]).elect();
    leader.ask(1, put("x"));
    leader.ask(1, put("x"));
    leader.sync();
    assert_eq!(leader.log().len(), 2);
    leader.matched(1, 2);
    assert_eq!(leader.replies(), [Answer::Done(Outcome::Applied)], "one answer");
    leader.ask(1, put("x"));
    assert_eq!(leader.log().len(), 2, "nor is one that was applied");
    assert_eq!(leader.replies(), [Answer::Done(Outcome::Applied)], "but it is answered");
}

#[test]
fn thesis_6_3_a_new_leader_knows_the_commands_that_its_predecessor_left() {
    let mut node = Bench::new(3, plain(), 1, &[]);
    let payload = Payload::Command { client: CLIENT, request: RequestId(1), command: put("x") };
    let entries = Entries::of(vec![Arc::new(Entry { term: 1, payload })]);
    let append = AppendEntries {
        term: 1,
        previous_log_index: 0,
        previous_log_term: 0,
        entries,
        leader_commit: 0,
        round: 0,
    };
    node.hear(1, Message::AppendEntries(append));
    node.sync();
    let mut leader = node.elect();
    leader.ask(1, put("x"));
    leader.sync();
    assert_eq!(leader.log(), [1, 2], "the command and the leader's own entry");
    leader.matched(1, 2);
    assert_eq!(leader.replies(), [Answer::Done(Outcome::Applied)]);
}

#[test]
fn section_8_only_a_leader_serves_and_others_name_it() {
    let mut follower = Bench::new(3, plain(), 1, &[]);
    follower.ask(1, put("x"));
    follower.hear(2, append(1, (0, 0), &[], 0));
    follower.ask(1, put("x"));
    assert_eq!(
        follower.replies(),
        [Answer::NotLeader { hint: None }, Answer::NotLeader { hint: Some(NodeId(2)) }]
    );
}

#[test]
fn thesis_6_4_a_read_waits_for_an_entry_of_the_term_and_for_a_round_that_began_after_it() {
    let get = || Command::Get { key: "a".into() };
    let mut leader = Bench::new(3, plain(), 1, &[]).elect();
    leader.input(Input::Timer(Timer::Heartbeat));
    let before = leader.raft.round().unwrap();
    leader.ask(1, get());
    leader.matched_in_round(1, 0, before);
    assert_eq!(
        (leader.replies(), leader.raft.round()),
        (vec![], Some(before)),
        "nothing of its term is committed"
    );
    leader.matched(1, 1);
    assert_eq!(leader.raft.round(), Some(before + 1), "now a round begins");
    leader.matched_in_round(2, 1, before);
    assert_eq!(leader.replies(), [], "an answer to an earlier round confirms nothing");
    leader.ask(2, get());
    leader.ask(3, get());
    assert_eq!(leader.raft.round(), Some(before + 1), "reads that arrive meanwhile wait for the next");
    leader.matched_in_round(2, 1, before + 1);
    assert_eq!(leader.replies(), [Answer::Done(Outcome::Value(None))]);
    assert_eq!(leader.raft.round(), Some(before + 2), "and share it");
    leader.matched_in_round(2, 1, before + 2);
    assert_eq!(leader.replies().len(), 2);
}

#[test]
fn thesis_6_4_a_leader_that_is_deposed_sends_its_readers_away() {
    let mut leader = Bench::new(3, plain(), 1, &[]).elect();
    leader.matched(1, 1);
    leader.ask(1, Command::Get { key: "a".into() });
    leader.hear(2, request_vote(9, 9, 9));
    assert_eq!(leader.replies(), [Answer::NotLeader { hint: None }]);
}

// ---- what is remembered across a change of term ----

/// A leader of term 2 that steps down and leads again in term 4 counts its rounds anew, so the answer to one of its old
/// heartbeats must not look like one to a round of the new term.
#[test]
fn thesis_6_4_a_refusal_of_an_old_heartbeat_confirms_no_read_of_a_later_term() {
    let mut follower = Bench::new(3, plain(), 4, &[2, 4]);
    let old = AppendEntries {
        term: 2,
        previous_log_index: 1,
        previous_log_term: 2,
        entries: Entries::NONE,
        leader_commit: 1,
        round: 7,
    };
    follower.hear(1, Message::AppendEntries(old));
    let answers = follower.sent();
    let [(1, Message::AppendEntriesResponse { term: 4, round: 0, result: AppendResult::OldTerm, .. })] =
        answers.as_slice()
    else {
        panic!("{answers:?}")
    };

    let mut leader = Bench::new(3, plain(), 3, &[2]).elect();
    leader.matched(1, 2);
    leader.ask(1, Command::Get { key: "a".into() });
    let term = leader.raft.term();
    let refusal =
        Message::AppendEntriesResponse { term, round: 0, result: AppendResult::OldTerm, counts: true };
    leader.hear(1, refusal);
    assert_eq!(leader.replies(), [], "it answers no round");
    let round = leader.raft.round().unwrap() + 5;
    leader.matched_in_round(1, 2, round);
    assert_eq!(leader.replies(), [], "nor does an answer to a round that was never begun");
}

// ---- clients are told what is true ----

#[test]
fn section_8_whoever_waits_for_a_write_is_told_that_its_outcome_is_open() {
    let mut leader = Bench::new(3, plain(), 1, &[]).elect();
    leader.matched(1, 1);
    leader.ask(1, put("x"));
    leader.hear(2, request_vote(9, 9, 9));
    assert_eq!(leader.replies(), [Answer::OutcomeUnknown { hint: None }]);
}

#[test]
fn thesis_3_10_a_retry_of_a_command_in_the_log_is_not_told_that_nothing_was_done() {
    let mut leader = Bench::new(3, plain(), 1, &[]).elect();
    leader.matched(1, 1);
    leader.ask(1, put("x"));
    leader.input(Input::Operation(Operation::TransferLeadership { to: NodeId(1) }));
    leader.ask(1, put("x"));
    assert_eq!(leader.replies(), [], "it stands in the log, so its client waits");
    leader.matched(1, 2);
    leader.sync();
    assert_eq!(leader.replies(), [Answer::Done(Outcome::Applied)]);
    leader.ask(1, put("x"));
    assert_eq!(leader.replies(), [Answer::Done(Outcome::Applied)], "and is told again what became of it");
}

#[test]
#[expect(clippy::disallowed_types, reason = "how long it takes is the machine's time")]
fn waiting_reads_take_time_in_proportion_to_their_number() {
    let options = Options { waiting_reads_max: 100_000, ..plain() };
    let mut leader = Bench::new(3, options, 1, &[]).elect();
    leader.matched(1, 1);
    let started = std::time::Instant::now();
    for request in 1..=100_000 {
        leader.ask(request, Command::Get { key: "a".into() });
    }
    assert_eq!(leader.raft.waiting_reads(), 100_000);
    assert!(started.elapsed().as_secs() < 20, "{:?}: 40,000 took 10 s once", started.elapsed());
    leader.ask(7, Command::Get { key: "a".into() });
    assert_eq!(leader.raft.waiting_reads(), 100_000, "a repeated one waits once");
}

// ---- the disk ----

#[test]
fn figure_2_what_a_process_reads_when_it_starts_is_not_durable_before_its_own_sync() {
    let mut node = Bench::on_disk_unsynced(0, 3, plain(), 3, &[1, 2, 3]);
    assert_eq!((node.raft.durable_index(), node.raft.hard_state_is_durable()), (0, false));
    node.hear(1, append(3, (3, 3), &[], 0));
    node.hear(2, request_vote(3, 9, 3));
    assert_eq!(node.sent(), [], "a power loss could still take what an earlier life left in the page cache");
    node.sync();
    let sent = node.sent();
    let acknowledged = |(_, message): &(u16, Message)| {
        matches!(
            message,
            Message::AppendEntriesResponse { result: AppendResult::Matched { match_index: 3 }, .. }
        )
    };
    assert!(sent.len() == 2 && sent.iter().any(acknowledged), "{sent:?}");
}

#[test]
fn what_waits_for_a_disk_that_hangs_is_bounded() {
    let mut node = Bench::new(3, plain(), 1, &[]);
    for number in 0..5_000u64 {
        node.hear(1, append(1, (number, u64::from(number > 0)), &[1], 0));
        node.hear(2, Message::PreVote { term: 1 + number % 2, last_log_index: number, last_log_term: 1 });
    }
    assert!(node.raft.answers_held() <= 1_024 && node.raft.syncs_outstanding() <= 64);
    node.sync();
    assert_eq!((node.raft.durable_index(), node.raft.answers_held()), (5_000, 0), "and then all goes on");
}

// ---- readmission ----

#[test]
fn a_readmission_is_for_one_incarnation_and_leaves_no_vote_in_the_term() {
    let mut node = Bench::on_disk(2, 3, plain(), vec![]);
    node.sync();
    let Membership::Out(out) = node.raft.membership().clone() else { panic!("it has no disk") };
    let readmit = |index: u64, incarnation, leader_commit| {
        let entry = Entry { term: 4, payload: Payload::Readmit { node: NodeId(2), incarnation } };
        Message::AppendEntries(AppendEntries {
            term: 4,
            previous_log_index: index - 1,
            previous_log_term: if index == 1 { 0 } else { 4 },
            entries: Entries::of(vec![Arc::new(entry)]),
            leader_commit,
            round: 0,
        })
    };
    let is_flagged = |sent: Vec<(u16, Message)>| {
        sent.iter()
            .all(|(_, message)| matches!(message, Message::AppendEntriesResponse { counts: false, .. }))
    };
    node.hear(0, readmit(1, out.incarnation.wrapping_add(1), 1));
    assert!(node.raft.is_out() && node.syncs.is_empty(), "an entry from another loss is not for it");
    node.hear(0, readmit(2, out.incarnation, 1));
    assert!(node.syncs.is_empty(), "nor is one that is not committed");
    node.hear(1, request_vote(4, 9, 4));
    assert!(is_flagged(node.sent()), "what it says does not count, and it does not vote");
    node.hear(0, append(4, (2, 4), &[], 2));
    assert!(node.raft.is_out() && is_flagged(node.sent()), "it is readmitted once that is on its disk");
    node.sync();
    assert!(!node.raft.is_out());
    assert_eq!((node.raft.term(), node.raft.voted_for(), node.raft.durable_index()), (4, Some(NodeId(0)), 2));
    node.hear(1, request_vote(4, 9, 4));
    assert_eq!(granted(&node.sent()), Some(false), "its vote of the term may be one that it has forgotten");
    node.hear(1, request_vote(5, 9, 4));
    node.sync();
    assert_eq!(granted(&node.sent()), Some(true));
}

// ---- whatever arrives ----

fn any_entries() -> impl Strategy<Value = Entries> {
    prop::collection::vec(0..6u64, 0..4).prop_map(|mut terms| {
        terms.sort_unstable();
        Entries::of(terms.into_iter().map(entry).collect())
    })
}

fn any_input() -> impl Strategy<Value = Input<Raft>> {
    // Small numbers, which meet each other, and now and then some of which one cannot count on from there.
    let n = || {
        prop_oneof![
            30 => 0..8u64,
            1 => (0..4u64).prop_map(|less| u64::MAX - less),
            1 => (0..4u64).prop_map(|less| (1 << 62) + 1 - less),
        ]
    };
    let message = prop_oneof![
        (n(), n(), n()).prop_map(|(term, last_log_index, last_log_term)| Message::PreVote {
            term,
            last_log_index,
            last_log_term
        }),
        (n(), any::<bool>()).prop_map(|(term, vote_granted)| Message::PreVoteResponse { term, vote_granted }),
        (n(), n(), n(), any::<bool>()).prop_map(
            |(term, last_log_index, last_log_term, leadership_transfer)| {
                Message::RequestVote { term, last_log_index, last_log_term, leadership_transfer }
            }
        ),
        (n(), any::<bool>())
            .prop_map(|(term, vote_granted)| Message::RequestVoteResponse { term, vote_granted }),
        (n(), n(), n(), any_entries(), n(), n()).prop_map(
            |(term, previous_log_index, previous_log_term, entries, leader_commit, round)| {
                Message::AppendEntries(AppendEntries {
                    term,
                    previous_log_index,
                    previous_log_term,
                    entries,
                    leader_commit,
                    round,
                })
            }
        ),
        (n(), n(), n(), any::<bool>()).prop_map(|(term, round, match_index, counts)| {
            Message::AppendEntriesResponse {
                term,
                round,
                result: AppendResult::Matched { match_index },
                counts,
            }
        }),
        (n(), n(), n(), n(), any::<bool>()).prop_map(
            |(term, previous_log_index, hint_index, hint_term, counts)| {
                let result = AppendResult::Rejected { previous_log_index, hint_index, hint_term };
                Message::AppendEntriesResponse { term, round: 1, result, counts }
            }
        ),
        (n(), n(), prop_oneof![0..40u32, Just(u32::MAX)], 0..40u32, any::<bool>(), any::<bool>()).prop_map(
            |(term, last_included_index, bytes_received, offset_bytes, installed, counts)| {
                Message::InstallSnapshotResponse {
                    term,
                    last_included_index,
                    offset_bytes,
                    bytes_received,
                    installed,
                    counts,
                }
            }
        ),
        n().prop_map(|term| Message::TimeoutNow { term }),
        (n(), n()).prop_map(|(term, incarnation)| Message::Readmit { term, incarnation }),
        (n(), n(), n(), n().prop_map(|offset| offset as u32), any::<bool>()).prop_map(
            |(term, last_included_index, last_included_term, offset_bytes, is_whole)| {
                let machine = postcard::to_allocvec(&Machine::default()).unwrap();
                let total_bytes = if is_whole { machine.len() as u32 } else { u32::MAX };
                Message::InstallSnapshot(InstallSnapshot {
                    term,
                    last_included_index,
                    last_included_term,
                    offset_bytes: if is_whole { 0 } else { offset_bytes },
                    total_bytes,
                    data: machine.into(),
                })
            }
        ),
    ];
    prop_oneof![
        8 => (0..5u16, message).prop_map(|(from, message)| Input::Message { from: NodeId(from), message }),
        2 => prop_oneof![
            Just(Timer::Election), Just(Timer::Heartbeat), Just(Timer::CheckQuorum), Just(Timer::Transfer)
        ].prop_map(Input::Timer),
        2 => (1..9u64).prop_map(|request| Input::Request {
            client: CLIENT,
            request: RequestId(request),
            command: put("x"),
        }),
        2 => prop_oneof![20 => 0..20u64, 1 => Just(u64::MAX)].prop_map(|sync| Input::Synced(SyncId(sync))),
    ]
}

proptest! {
    /// Whatever arrives, in whatever order, a node does not panic, its term never falls, it changes its vote
    /// only with its term, and what it has committed stays as it is.
    #[test]
    fn figure_2_terms_votes_and_commits_only_move_forward(
        inputs in prop::collection::vec(any_input(), 0..80),
        pre_vote in any::<bool>(),
        check_quorum in any::<bool>(),
        initial in prop::collection::vec(1..4u64, 0..5),
        own_term in prop_oneof![4 => Just(3u64), 1 => (0..3u64).prop_map(|less| u64::MAX - less)],
    ) {
        let mut initial = initial;
        initial.sort_unstable();
        let options = Options { pre_vote, check_quorum, snapshot_every_entries: 3, log_tail_entries: 1, ..plain() };
        let mut node = Bench::new(3, options, own_term, &initial);
        let mut committed: Vec<Term> = Vec::new();
        for input in inputs {
            let (term, voted_for, commit) = (node.raft.term(), node.raft.voted_for(), node.raft.commit_index());
            node.input(input);
            prop_assert!(node.raft.term() >= term);
            prop_assert!(node.raft.term() > term || voted_for.is_none() || node.raft.voted_for() == voted_for);
            prop_assert!(node.raft.commit_index() >= commit);
            prop_assert!(node.raft.applied_index() == node.raft.commit_index());
            prop_assert!(node.raft.commit_index() <= node.raft.log().last_index());
            prop_assert!(node.raft.durable_index() <= node.raft.log().last_index());
            for (at, term) in committed.iter().enumerate() {
                let found = node.raft.log().term(at as u64 + 1);
                prop_assert!(found.is_none() || found == Some(*term), "a committed entry has changed");
            }
            while (committed.len() as u64) < node.raft.commit_index() {
                let term = node.raft.log().term(committed.len() as u64 + 1);
                committed.push(term.unwrap_or(0));
                if term.is_none() { committed.pop(); break; }
            }
            // What is on disk is always what a restart can go on with.
            let disk = node.raft.persistent().records(NodeId(0));
            let again = Bench::on_disk(0, 3, node.options.clone(), disk);
            prop_assert!(!again.raft.is_out());
            prop_assert_eq!(again.raft.log(), node.raft.log());
        }
    }
}
