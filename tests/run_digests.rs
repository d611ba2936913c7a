//! The same scenario, seed and interventions give the same bytes natively and in wasm.
//!
//! `tests/digests` holds the digest of a run under chaos for each of 500 seeds, one file for each protocol. This
//! file is compiled twice: for the machine, and (from `tests/browser.rs`) for headless Chromium; both must find the same
//! digests. When a change means to change what happens, write the file anew:
//! `LAMPLIGHT_WRITE=1 cargo test --test run_digests`.

// A test stops at whatever it did not expect.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use lamplight::protocol::Participant;
use lamplight::protocol::atomic_commit::{ThreePhaseCommit, TwoPhaseCommit};
use lamplight::protocol::consistent_hashing::store::Dynamo;
use lamplight::protocol::paxos::multi::MultiPaxos;
use lamplight::protocol::paxos::synod::Synod;
use lamplight::protocol::raft::Raft;
use lamplight::sim::{Chaos, ClusterSetup, Digest, Recording, Workload};

const SEEDS: u64 = 500;
const STEPS: u32 = 600;

/// The digest of a run with every kind of fault.
fn digest_of<P: Participant>(seed: u64) -> u64 {
    let chaos =
        Chaos { beat_us_mean: 20_000, lose_disk: 1, corrupt_tail: 1, disks_lost_max: 1, ..Chaos::default() };
    let setup = ClusterSetup::<P> {
        clients: 2,
        workload: Some(Workload { think_us_mean: 10_000, ..Workload::default() }),
        chaos: Some(chaos),
        ..ClusterSetup::default()
    };
    let recording = {
        let mut recording = Recording::new(Arc::new(setup), seed);
        recording.record_until(u64::MAX, STEPS).unwrap();
        recording
    };
    let mut digest = Digest::default();
    recording.run_on(&mut recording.at(0), STEPS, &mut digest);
    digest.finish()
}

fn lines<P: Participant>() -> String {
    (0..SEEDS).map(|seed| format!("{seed}\t{:016x}\n", digest_of::<P>(seed))).collect()
}

fn compare(found: &str, expected: &str) {
    let differing = found.lines().zip(expected.lines()).filter(|(found, expected)| found != expected).count();
    assert_eq!((found.lines().count(), differing), (expected.lines().count(), 0), "runs that differ");
}

/// Compares the digests of a protocol with those in its file, or writes them.
fn check<P: Participant>(expected: &str) {
    let found = lines::<P>();
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::var_os("LAMPLIGHT_WRITE").is_some() {
        let path = format!("{}/tests/digests/{}.txt", env!("CARGO_MANIFEST_DIR"), P::NAME);
        std::fs::write(path, &found).unwrap();
        return;
    }
    compare(&found, expected);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn five_hundred_runs_of_raft_have_the_same_digests_everywhere() {
    check::<Raft>(include_str!("digests/raft.txt"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn five_hundred_runs_of_paxos_have_the_same_digests_everywhere() {
    check::<Synod>(include_str!("digests/paxos.txt"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn five_hundred_runs_of_multi_paxos_have_the_same_digests_everywhere() {
    check::<MultiPaxos>(include_str!("digests/multi-paxos.txt"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn five_hundred_runs_of_two_phase_commit_have_the_same_digests_everywhere() {
    check::<TwoPhaseCommit>(include_str!("digests/two-phase-commit.txt"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn five_hundred_runs_of_three_phase_commit_have_the_same_digests_everywhere() {
    check::<ThreePhaseCommit>(include_str!("digests/three-phase-commit.txt"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn five_hundred_runs_of_consistent_hashing_have_the_same_digests_everywhere() {
    check::<Dynamo>(include_str!("digests/consistent-hashing.txt"));
}
