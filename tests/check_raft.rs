//! Raft under random faults: nothing breaks, and what is broken on purpose is found.

use lamplight::check::range::{Report, check};
use lamplight::check::run::{Finding, Plan, Subject};
use lamplight::check::{Checkable, FaultModel};
use lamplight::protocol::raft::Raft;
use lamplight::sim::ClusterSetup;
use lamplight::sim::random::Stream;

fn protocol(nodes: u16, adjust: fn(&mut ClusterSetup<Raft>)) -> Subject<Raft> {
    Subject::Protocol { nodes, adjust }
}

fn model(nodes: u16) -> FaultModel {
    Raft::fault_model(&Raft::draw_setup(nodes, &mut Stream::new(0, 0)))
}

fn expect_all_well(nodes: u16, seeds: std::ops::Range<u64>) {
    let report = check(&protocol(nodes, |_| {}), seeds.clone(), Plan::default(), 1);
    if let Some((seed, failure)) = report.failures.first() {
        panic!("seed {seed}, {nodes} nodes, step {}: {:?}", failure.steps, failure.finding);
    }
    assert_eq!(report.runs, seeds.end - seeds.start);
    assert_eq!(report.undecided, []);
    let unused: Vec<_> =
        model(nodes).kinds().into_iter().filter(|kind| report.faults.of(kind) == 0).collect();
    assert!(unused.is_empty(), "these faults never happened: {unused:?}");
    assert!(report.acknowledged > report.runs * 50, "{} commands only", report.acknowledged);
    eprintln!(
        "{} runs, {} steps, {} acknowledged, {:?}",
        report.runs, report.steps, report.acknowledged, report.faults
    );
}

#[test]
fn five_nodes_survive_every_kind_of_fault() {
    expect_all_well(5, 0..200);
}

#[test]
fn three_nodes_survive_every_kind_of_fault() {
    expect_all_well(3, 0..200);
}

/// Breaks a rule and returns what was found first.
fn found_when(adjust: fn(&mut ClusterSetup<Raft>), seeds: u64) -> (u64, Finding<Raft>) {
    let report: Report<Raft> = check(&protocol(5, adjust), 0..seeds, Plan::default(), 1);
    let (seed, failure) = report.failures.into_iter().next().expect("nothing was found");
    eprintln!("found by seed {seed} at step {}: {:?}", failure.steps, failure.finding);
    (seed, failure.finding)
}

#[test]
fn a_leader_that_commits_an_entry_of_an_earlier_term_is_found() {
    found_when(|setup| setup.options.break_rules.commit_earlier_term = true, 2_000);
}

#[test]
fn a_node_that_votes_twice_in_a_term_is_found() {
    found_when(|setup| setup.options.break_rules.vote_twice = true, 500);
}

#[test]
fn a_node_that_answers_before_the_sync_is_found() {
    found_when(|setup| setup.options.break_rules.answer_before_sync = true, 500);
}
