//! A node's state after a step, for a trace.

use serde_json::{Value, json};

use super::view::View;
use crate::protocol::atomic_commit::{BranchState, Duty, Outcome, Phase, Vote, Write};

fn phase_json(phase: Phase) -> &'static str {
    match phase {
        Phase::Working => "working",
        Phase::Initiating => "initiating",
        Phase::OnePhase => "one_phase",
        Phase::Voting => "voting",
        Phase::PreCommitting => "pre_committing",
        Phase::Deciding(Outcome::Commit) => "deciding_commit",
        Phase::Deciding(Outcome::Abort) => "deciding_abort",
        Phase::Completing(Outcome::Commit) => "completing_commit",
        Phase::Completing(Outcome::Abort) => "completing_abort",
        Phase::Asking => "asking",
    }
}

fn state_json(state: BranchState) -> &'static str {
    match state {
        BranchState::Working => "working",
        BranchState::Worked => "worked",
        BranchState::Preparing => "preparing",
        BranchState::Prepared => "prepared",
        BranchState::PreCommitted => "pre_committed",
        BranchState::Committing => "committing",
    }
}

fn vote_json(vote: Vote) -> &'static str {
    match vote {
        Vote::Yes => "yes",
        Vote::No(_) => "no",
        Vote::ReadOnly => "read_only",
    }
}

/// Duty, open transactions, locks and values; and what the step wrote to the log.
pub(super) fn state(node: View<'_>, before: Option<View<'_>>) -> Value {
    let transactions = node.coordinator.into_iter().flat_map(|c| c.transactions()).map(|(t, book)| {
        let votes: Vec<Value> = book
            .votes
            .iter()
            .map(|(site, vote)| json!({ "node": site.0, "vote": vote_json(*vote) }))
            .collect();
        let nodes = |nodes: &mut dyn Iterator<Item = u16>| nodes.map(Value::from).collect::<Vec<_>>();
        json!({
            "transaction": t.to_string(),
            "phase": phase_json(book.phase),
            "participants": nodes(&mut book.participants.iter().map(|site| site.0)),
            "votes": votes,
            "awaited": nodes(&mut book.awaited.iter().map(|site| site.0)),
        })
    });
    let transactions: Vec<Value> = transactions.collect();
    let branches: Vec<Value> = node
        .site
        .into_iter()
        .flat_map(|site| site.branches())
        .map(|(t, branch)| {
            json!({
                "transaction": t.to_string(),
                "state": state_json(branch.state),
                "in_doubt_since_us": branch.in_doubt_since_us,
                "recovered": branch.recovered,
            })
        })
        .collect();
    let locks: Vec<Value> = node
        .site
        .into_iter()
        .flat_map(|site| site.locks().iter())
        .map(|(key, lock)| {
            let names = |list: &mut dyn Iterator<Item = String>| list.map(Value::from).collect::<Vec<_>>();
            json!({
                "key": key.to_string(),
                "held_by": names(&mut lock.holders.iter().map(|(t, _)| t.to_string())),
                "waited_for_by": names(&mut lock.waiters.iter().map(|(t, _)| t.to_string())),
            })
        })
        .collect();
    let values: serde_json::Map<String, Value> = node
        .site
        .into_iter()
        .flat_map(|site| site.store().iter())
        .map(|(key, version)| (key.to_string(), version.value.into()))
        .collect();
    let known = before.map_or(node.log.written(), |before| before.log.written());
    let added = usize::try_from(node.log.written().saturating_sub(known)).unwrap_or(usize::MAX);
    let skipped = node.log.entries().len().saturating_sub(added);
    let written: Vec<Value> = node
        .log
        .entries()
        .iter()
        .skip(skipped)
        .map(|entry| {
            json!({
                "record": super::records::text(&entry.record, crate::lang::Lang::En),
                "forced": entry.write == Write::Forced,
            })
        })
        .collect();
    json!({
        "member": !matches!(node.duty, Duty::Out(_)),
        "incarnation": node.incarnation,
        "transactions": transactions,
        "branches": branches,
        "locks": locks,
        "values": values,
        "log_length": node.log.entries().len(),
        "log_durable": node.log.durable(),
        "records_written": written,
    })
}
