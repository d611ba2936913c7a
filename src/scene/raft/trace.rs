//! A node's state after a step, for a trace.

use serde_json::{Value, json};

use crate::protocol::raft::{Entry, Membership, Raft, Role};

fn entry_json(index: u64, entry: &Entry) -> Value {
    json!({ "index": index, "term": entry.term, "payload": entry.payload })
}

/// Role, term, vote, leader, commit, applied, the end of the log, and each entry that the step added or
/// removed.
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
        "entries_added": added,
        "entries_removed": removed,
    })
}
