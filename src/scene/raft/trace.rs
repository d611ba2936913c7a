//! A node's state after a step, for a trace.

use serde_json::{Value, json};

use crate::protocol::Participant;
use crate::protocol::raft::{Entry, Membership, Raft, Role};

fn entry_json(index: u64, entry: &Entry) -> Value {
    json!({ "index": index, "term": entry.term, "payload": entry.payload })
}

/// Role, term, vote, leader, commit, applied, both ends of the log, each entry that the step added or removed, and
/// what waits for the disk. A node that has just started tells its whole log as added: what it recovered, or what it
/// was given to begin with.
pub(super) fn state(node: &Raft, before: Option<&Raft>) -> Value {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    if let Some(before) = before {
        // Logs that agree at an index agree before it (Raft §5.3), so the comparison goes backwards.
        let (old, new) = (before.log(), node.log());
        let common = (0..=old.last_index().min(new.last_index()))
            .rev()
            .find(|index| old.term(*index).is_some() && old.term(*index) == new.term(*index))
            .unwrap_or(0);
        removed.extend(old.iter_from(common + 1).map(|(index, entry)| entry_json(index, entry)));
        added.extend(new.iter_from(common + 1).map(|(index, entry)| entry_json(index, entry)));
    }
    // A process that has just started says what it has read, all of it: nobody else can know.
    if before.is_none() {
        added.extend(node.log().iter().map(|(index, entry)| entry_json(index, entry)));
    }
    // What was decided and is not said yet, because the disk has not finished.
    let held: Vec<Value> = node
        .held_messages()
        .map(|(to, message)| json!({ "to": to, "kind": Raft::MESSAGE_KINDS.get(usize::from(message.kind())), "fields": message }))
        .collect();
    json!({
        "role": match node.role() {
            Role::Follower => "follower",
            Role::PreCandidate => "pre_candidate",
            Role::Candidate => "candidate",
            Role::Leader => "leader",
        },
        "member": matches!(node.membership(), Membership::Member),
        "term": node.term(),
        "voted_for": node.voted_for(),
        "leader": node.leader(),
        "commit": node.commit_index(),
        "applied": node.applied_index(),
        "last_log_index": node.log().last_index(),
        "last_log_term": node.log().last_term(),
        "log_base_index": node.log().base_index(),
        "log_base_term": node.log().base_term(),
        "snapshot_index": node.snapshot().last_included_index,
        "snapshot_term": node.snapshot().last_included_term,
        "durable_index": node.durable_index(),
        "hard_state_durable": node.hard_state_is_durable(),
        "held_for_disk": held,
        "entries_added": added,
        "entries_removed": removed,
    })
}
