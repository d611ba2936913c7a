//! Single-decree Paxos on the virtual cluster.

mod paxos_run;

use lamplight::protocol::paxos::Ballot;
use lamplight::protocol::paxos::synod::{Answer, Command, Message, Options, Phase, Reason, Synod};
use lamplight::protocol::paxos::{Invariant, NodeSet};
use lamplight::protocol::{Lane, NodeId, Participant, Standing};
use lamplight::sim::{Chaos, ClientOptions, ClusterSetup, DiskOptions, Intervention, LinkOptions, Workload};
use paxos_run::Run;

fn setup(nodes: u16, clients: u16) -> ClusterSetup<Synod> {
    ClusterSetup { nodes, clients, ..ClusterSetup::default() }
}

fn propose(value: &str) -> Command {
    Command::Propose { value: value.into() }
}

fn chosen(value: &str) -> Answer {
    Answer::Chosen { value: value.into() }
}

fn set(nodes: &[u16]) -> Option<NodeSet> {
    Some(nodes.iter().copied().map(NodeId).collect())
}

fn knows(run: &Run<Synod>, node: u16) -> Option<&str> {
    run.node(node).chosen().map(|proposal| proposal.value.as_ref())
}

#[test]
fn one_proposer_in_a_calm_cluster_gets_its_value_chosen_and_everybody_learns_it() {
    for nodes in [1, 2, 3, 5, 9] {
        let mut run = Run::new(setup(nodes, 1), 1);
        run.ask(0, propose("x"));
        run.until("the client has its answer", 100_000, |run| !run.seen.answers.is_empty());
        assert_eq!(run.answers_to(0), [&chosen("x")]);
        run.until("all have learned it", 50_000, |run| (0..nodes).all(|node| knows(run, node) == Some("x")));
        assert!(run.seen.violations.is_empty());
    }
}

/// "Paxos Made Simple" §2.1: a single value is chosen, whoever asks.
#[test]
fn proposers_with_different_values_hear_the_same_answer() {
    let mut winners = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut run = Run::new(setup(5, 3), seed);
        for (client, value) in ["x", "y", "z"].into_iter().enumerate() {
            run.ask(client as u16, propose(value));
            run.for_us(seed * 31 % 12_000);
        }
        run.until("all clients have an answer", 10_000_000, |run| run.seen.answers.len() == 3);
        let answers: Vec<_> = run.seen.answers.iter().map(|answered| &answered.answer).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert!(run.seen.violations.is_empty(), "{:?}", run.seen.violations);
        winners.insert(knows(&run, 0).map(str::to_owned));
    }
    assert!(winners.len() > 1, "seeds that always give the same winner show nothing: {winners:?}");
}

/// "Paxos Made Simple" §2.2: a majority has accepted, so every later ballot carries the value.
#[test]
fn a_chosen_value_survives_the_crash_of_its_proposer_for_good() {
    // Without learners nobody can know but the proposer.
    let options = Options { learners: set(&[]), ..Options::default() };
    let mut run = Run::new(ClusterSetup { options, ..setup(3, 2) }, 7);
    run.ask(0, propose("x"));
    run.until("n1 proposes", 200_000, |run| matches!(run.node(0).proposer().phase, Phase::Proposing { .. }));
    run.lose(2, |message| matches!(message, Message::Accept(_)));
    run.until("two have accepted", 100_000, |run| run.cluster.monitor().chosen().is_some());
    run.crash(0);
    assert!(run.seen.answers.is_empty(), "nobody knows yet");
    run.ask(1, propose("y"));
    run.until("the second client has its answer", 5_000_000, |run| !run.answers_to(1).is_empty());
    assert_eq!(run.answers_to(1), [&chosen("x")]);
    assert!(run.gave_reason(|why| matches!(why, Reason::AcceptedValueTakenOver { .. })));
}

/// "Paxos Made Simple" §2.3: a learner that cannot tell has a proposer issue a ballot.
#[test]
fn votes_without_a_quorum_are_finished_at_the_request_of_a_learner() {
    let options = Options { learners: set(&[1, 2]), ..Options::default() };
    // The client is patient: another request would begin a ballot as well.
    let client = ClientOptions { timeout_us: 60_000_000, ..ClientOptions::default() };
    let mut run = Run::new(ClusterSetup { options, client, ..setup(3, 1) }, 3);
    run.ask(0, propose("x"));
    run.until("n1 proposes", 200_000, |run| matches!(run.node(0).proposer().phase, Phase::Proposing { .. }));
    // n2 is asked to accept, n3 is not, and n1 dies before its own acceptance is on disk.
    run.lose(2, |message| matches!(message, Message::Accept(_)));
    run.crash(0);
    assert_eq!(run.cluster.monitor().chosen(), None);
    run.until("the learners know", 5_000_000, |run| [1, 2].iter().all(|node| knows(run, *node) == Some("x")));
    assert!(run.gave_reason(|why| *why == Reason::FinishForLearner));
    assert!(run.seen.violations.is_empty());
}

/// "Paxos Made Simple" §2.5: what was promised and accepted is in stable storage before anybody hears of it.
#[test]
fn an_answer_never_leaves_before_the_disk_holds_it() {
    let slow = DiskOptions { sync_us_min: 50_000, sync_us_max: 50_000 };
    let mut run = Run::new(ClusterSetup { disk: slow, ..setup(3, 1) }, 1);
    run.ask(0, propose("x"));
    run.until("n2 has promised in memory", 100_000, |run| run.node(1).acceptor().promised.is_some());
    assert_eq!(run.node(1).waiting_for_disk().len(), 1);
    run.for_us(40_000);
    assert!(!run.seen.messages.iter().any(|(node, _)| *node == NodeId(1)), "n2 has said nothing yet");
    run.crash(1);
    run.restart(1);
    assert_eq!(run.node(1).acceptor().promised, None, "the write was lost, and nobody relies on it");
    run.until("the value is chosen all the same", 2_000_000, |run| !run.seen.answers.is_empty());
}

#[test]
fn an_acceptor_that_restarts_in_the_middle_of_a_ballot_keeps_its_promise() {
    let mut run = Run::new(setup(3, 1), 1);
    run.ask(0, propose("x"));
    let promise = |run: &Run<Synod>| {
        run.seen
            .messages
            .iter()
            .any(|(node, message)| *node == NodeId(1) && matches!(message, Message::Promise { .. }))
    };
    run.until("n2 has promised", 100_000, promise);
    let promised = run.node(1).acceptor().promised;
    assert_eq!(promised, Some(Ballot { round: 1, node: NodeId(0) }));
    run.crash(1);
    run.restart(1);
    assert_eq!(run.node(1).acceptor().promised, promised);
}

/// "Protocol-Aware Recovery": an acceptor without its memory must not vote as if nothing had happened.
#[test]
fn a_node_whose_disk_was_lost_or_damaged_votes_no_more_but_learns() {
    for act in [Intervention::LoseDisk { node: NodeId(2) }, Intervention::CorruptTail { node: NodeId(2) }] {
        let mut run = Run::new(setup(3, 2), 1);
        run.for_us(10_000);
        run.act(act);
        run.restart(2);
        // A second restart finds the same disk and comes to the same conclusion.
        run.crash(2);
        run.restart(2);
        assert!(run.node(2).is_out());
        assert!(matches!(run.node(2).lane(), Lane { standing: Standing::Out, .. }));
        run.ask(0, propose("x"));
        run.until("n3 has learned", 2_000_000, |run| knows(run, 2) == Some("x"));
        let votes = run.seen.messages.iter().any(|(node, message)| {
            *node == NodeId(2) && !matches!(message, Message::Ask { .. } | Message::Chosen(_))
        });
        assert!(!votes, "n3 has promised or accepted");
    }
}

/// "Paxos Made Simple" §2.4, the run in which nothing is ever chosen.
#[test]
fn two_proposers_outbid_each_other_for_ever_unless_they_back_off() {
    let steady = LinkOptions { latency_us_min: 4_000, jitter_us_mean: 0, ..LinkOptions::default() };
    let disk = DiskOptions { sync_us_min: 1_000, sync_us_max: 1_000 };
    for back_off in [false, true] {
        let options = Options { back_off, proposers: set(&[0, 1]), ..Options::default() };
        let mut run = Run::new(ClusterSetup { network: steady, disk, options, ..setup(5, 2) }, 1);
        run.ask(0, propose("x"));
        // Half-way through the other's phase 1, so that each phase 2 finds a higher promise.
        run.for_us(6_000);
        run.ask(1, propose("y"));
        run.for_us(3_000_000);
        assert_eq!(!run.seen.answers.is_empty(), back_off, "back-off {back_off}");
        let outbid =
            run.seen.reasons.iter().filter(|(_, why)| matches!(why, Reason::Preempted { .. })).count();
        assert!(if back_off { outbid < 10 } else { outbid > 100 }, "{outbid} ballots were preempted");
    }
}

#[test]
fn proposers_acceptors_and_learners_can_be_different_nodes() {
    let options = Options {
        proposers: set(&[0, 1]),
        acceptors: set(&[2, 3, 4]),
        learners: set(&[5]),
        ..Options::default()
    };
    let mut run = Run::new(ClusterSetup { options, ..setup(6, 6) }, 1);
    for client in 0..6 {
        run.ask(client, propose(&format!("v{client}")));
    }
    run.until("all clients have an answer", 10_000_000, |run| run.seen.answers.len() == 6);
    run.until("the learner knows", 1_000_000, |run| knows(run, 5).is_some());
    assert!(run.gave_reason(|why| *why == Reason::NotProposer { ask: NodeId(0) }), "clients were redirected");
    assert!(
        (2..5).all(|node| run.node(node).chosen().is_none()),
        "acceptors that are no learners do not know"
    );
    assert!(run.seen.violations.is_empty());
}

/// "Flexible Paxos": a phase-2 quorum of 2 out of 5 goes on where a majority could not; phase 1 needs 4 then.
#[test]
fn a_small_phase_2_quorum_chooses_although_a_majority_is_down() {
    let mut options = Options { phase_2_quorum: Some(2), ..Options::default() };
    assert!(Synod::validate(&options, 5).is_err(), "a majority in phase 1 may miss two acceptors");
    options.phase_1_quorum = Some(4);
    let mut run = Run::new(ClusterSetup { options, ..setup(5, 1) }, 1);
    run.ask(0, propose("x"));
    run.until("phase 1 is over", 100_000, |run| {
        matches!(run.node(0).proposer().phase, Phase::Proposing { .. })
    });
    for node in 2..5 {
        run.crash(node);
    }
    run.until("x is chosen by two", 500_000, |run| !run.seen.answers.is_empty());
    assert!(run.seen.violations.is_empty());
}

/// The log of a single decree does not grow with the number of ballots.
#[test]
fn the_log_on_disk_is_shortened() {
    let steady = LinkOptions { latency_us_min: 4_000, jitter_us_mean: 0, ..LinkOptions::default() };
    let disk = DiskOptions { sync_us_min: 1_000, sync_us_max: 1_000 };
    let options = Options { back_off: false, proposers: set(&[0, 1]), ..Options::default() };
    let mut run = Run::new(ClusterSetup { network: steady, disk, options, ..setup(5, 2) }, 1);
    run.ask(0, propose("x"));
    run.for_us(6_000);
    run.ask(1, propose("y"));
    run.for_us(10_000_000);
    assert!(run.gave_reason(|why| *why == Reason::LogShortened));
    let bytes = run.cluster.host(NodeId(2)).map(|host| host.disk.length());
    assert!(bytes < Some(4_000), "{bytes:?} bytes");
    let before = run.node(2).acceptor().clone();
    run.crash(2);
    run.restart(2);
    assert!(run.node(2).acceptor().promised <= before.promised && !run.node(2).is_out());
}

/// A run with faults of every kind, healed after three seconds. Returns what the monitor found, and whether all
/// clients had their answer in the end.
fn chaotic(nodes: u16, seed: u64, options: Options) -> (Vec<Invariant>, bool) {
    let minority = (nodes - 1) / 2;
    let chaos = Chaos {
        victims_max: minority,
        corrupt_tail: 1,
        lose_disk: 1,
        disks_lost_max: minority,
        beat_us_mean: 8_000,
        loss_ppm: 50_000,
        ..Chaos::default()
    };
    let workload = Workload { think_us_mean: 20_000, commands_per_client: 5, ..Workload::default() };
    let mut run = Run::new(
        ClusterSetup { options, chaos: Some(chaos), workload: Some(workload), ..setup(nodes, 3) },
        seed,
    );
    run.for_us(500_000);
    run.heal();
    run.for_us(5_000_000);
    let done = run.cluster.clients().iter().all(|client| client.done == 5 && client.outstanding.is_none());
    (run.seen.violations.iter().map(|violation| violation.invariant()).collect(), done)
}

#[test]
fn chaos_violates_nothing_and_every_client_is_served_once_it_is_over() {
    for seed in 0..300 {
        for nodes in [3, 5] {
            let (violations, done) = chaotic(nodes, seed, Options::default());
            assert!(violations.is_empty(), "{nodes} nodes, seed {seed}: {violations:?}");
            assert!(done, "{nodes} nodes, seed {seed}: a client waits");
        }
    }
}

/// How many of the seeds show a violation, and of what.
fn found(options: &Options) -> Vec<Invariant> {
    (0..300).flat_map(|seed| chaotic(5, seed, options.clone()).0).collect()
}

/// P2c.
#[test]
fn chaos_finds_a_proposer_that_ignores_the_accepted_value() {
    let mut options = Options::default();
    options.break_rules.ignore_accepted_value = true;
    let found = found(&options);
    assert!(found.contains(&Invariant::P2c), "{found:?}");
    assert!(found.contains(&Invariant::Agreement), "{found:?}");
}

/// P1a.
#[test]
fn chaos_finds_an_acceptor_that_forgets_its_promise() {
    let mut options = Options::default();
    options.break_rules.forget_promise_at_restart = true;
    let found = found(&options);
    assert!(found.contains(&Invariant::PromisesKept), "{found:?}");
}

/// "Flexible Paxos".
#[test]
fn chaos_finds_quorums_that_do_not_intersect() {
    let mut options = Options { phase_1_quorum: Some(2), phase_2_quorum: Some(2), ..Options::default() };
    options.break_rules.allow_disjoint_quorums = true;
    let found = found(&options);
    assert!(found.contains(&Invariant::Agreement), "{found:?}");
}
