//! A verdict of `lamplight check` on a scenario holds: what the scenario itself forces is no fault of the protocol.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::Command;

/// The violations that a check reports.
fn violations(subject: &str, seeds: &str, steps: &str) -> Vec<String> {
    let done = Command::new(env!("CARGO_BIN_EXE_lamplight"))
        .args(["check", subject, "--seeds", seeds, "--steps", steps])
        .output()
        .unwrap();
    let report = String::from_utf8(done.stdout).unwrap();
    assert!(report.contains("\nviolations: "), "{subject}: {}", String::from_utf8_lossy(&done.stderr));
    let found =
        report.lines().filter(|line| line.starts_with("  seed ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(done.status.code(), Some(i32::from(!found.is_empty())), "{subject}");
    found
}

/// A workload that ends, a script that loses a disk while chance may lose more, and a cluster with one proposer: each
/// was once called a violation.
#[test]
fn what_a_file_forces_is_no_violation() {
    for name in ["check-workload-ends", "check-script-loses-disk", "check-one-proposer"] {
        let file = format!("{}/tests/field/page/{name}.json", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(violations(&file, "0..8", "2000"), Vec::<String>::new(), "{name}");
    }
}

/// The built-in scenarios keep their protocols' promises, except those in which a rule is broken on purpose, and those
/// whose script goes beyond what three-phase commit assumes of the network.
#[test]
fn built_in_scenarios_are_judged_by_what_they_promise() {
    let list = Command::new(env!("CARGO_BIN_EXE_lamplight")).arg("list").output().unwrap();
    for line in String::from_utf8(list.stdout).unwrap().lines() {
        let name = line.split('\t').next().unwrap();
        let shows_a_violation = name.ends_with("broken")
            || ["paxos/forgotten", "three-phase-commit/partition", "three-phase-commit/late"].contains(&name)
            || name == "consistent-hashing/broken-handover";
        let found = violations(name, "0..2", "800");
        assert!(shows_a_violation || found.is_empty(), "{name}: {found:?}");
    }
}
