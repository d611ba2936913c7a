//! Raft's messages in words.

use super::payload_text;
use crate::protocol::raft::message::{AppendResult, Message};
use crate::scene::Lang;
use crate::scene::model::Field;
use crate::{say, word};

fn kind(message: &Message) -> &'static str {
    Message::KINDS.get(usize::from(message.kind())).copied().unwrap_or_default()
}

pub(super) fn text(message: &Message, lang: Lang) -> String {
    let (kind, term) = (kind(message), message.term());
    let granted = |granted: bool| match granted {
        true => word!(lang, "yes", "同意"),
        false => word!(lang, "no", "拒绝"),
    };
    match message {
        Message::PreVoteResponse { vote_granted, .. } | Message::RequestVoteResponse { vote_granted, .. } => {
            let answer = granted(*vote_granted);
            say!(lang, "{kind}: {answer} (term {term})", "{kind}：{answer}（任期 {term}）")
        }
        Message::AppendEntries(append) if !append.entries.is_empty() => {
            let (count, after) = (append.entries.len(), append.previous_log_index);
            say!(
                lang,
                "{kind}: {count} after index {after} (term {term})",
                "{kind}：索引 {after} 之后 {count} 条（任期 {term}）"
            )
        }
        Message::AppendEntriesResponse { result, .. } => match result {
            AppendResult::Matched { match_index } => {
                say!(
                    lang,
                    "{kind}: holds up to {match_index} (term {term})",
                    "{kind}：已有至 {match_index}（任期 {term}）"
                )
            }
            AppendResult::OldTerm => {
                say!(
                    lang,
                    "{kind}: that term is over (term {term})",
                    "{kind}：那个任期已经过去（任期 {term}）"
                )
            }
            AppendResult::Rejected { previous_log_index, .. } => say!(
                lang,
                "{kind}: nothing that fits at {previous_log_index} (term {term})",
                "{kind}：在 {previous_log_index} 处不匹配（任期 {term}）"
            ),
        },
        Message::InstallSnapshot(install) => {
            let (to, from, all) = (install.last_included_index, install.offset_bytes, install.total_bytes);
            say!(
                lang,
                "{kind}: to index {to}, byte {from} of {all} (term {term})",
                "{kind}：至索引 {to}，第 {from} / {all} 字节（任期 {term}）"
            )
        }
        _ => say!(lang, "{kind} (term {term})", "{kind}（任期 {term}）"),
    }
}

pub(super) fn fields(message: &Message, lang: Lang) -> Vec<Field> {
    let mut fields = vec![Field::new(word!(lang, "term", "任期"), message.term().to_string())];
    let mut put = |name: &str, value: String| fields.push(Field::new(name, value));
    let yes_no = |yes: bool| match yes {
        true => word!(lang, "yes", "是").to_owned(),
        false => word!(lang, "no", "否").to_owned(),
    };
    match message {
        Message::PreVote { last_log_index, last_log_term, .. }
        | Message::RequestVote { last_log_index, last_log_term, .. } => {
            put(word!(lang, "last index", "最后索引"), last_log_index.to_string());
            put(word!(lang, "last term", "最后任期"), last_log_term.to_string());
            if let Message::RequestVote { leadership_transfer: true, .. } = message {
                put(word!(lang, "by transfer", "因移交"), yes_no(true));
            }
        }
        Message::PreVoteResponse { vote_granted, .. } | Message::RequestVoteResponse { vote_granted, .. } => {
            put(word!(lang, "vote granted", "是否投票"), yes_no(*vote_granted));
        }
        Message::AppendEntries(append) => {
            put(word!(lang, "previous index", "前一索引"), append.previous_log_index.to_string());
            put(word!(lang, "previous term", "前一任期"), append.previous_log_term.to_string());
            put(word!(lang, "leader's commit", "领导者已提交"), append.leader_commit.to_string());
            put(word!(lang, "round", "轮次"), append.round.to_string());
            for (at, entry) in append.entries.as_slice().iter().enumerate() {
                let index = append.previous_log_index + 1 + at as u64;
                let (term, payload) = (entry.term, payload_text(&entry.payload, lang));
                put(
                    &say!(lang, "entry {index}", "条目 {index}"),
                    say!(lang, "term {term}, {payload}", "任期 {term}，{payload}"),
                );
            }
        }
        Message::AppendEntriesResponse { round, result, counts, .. } => {
            match result {
                AppendResult::Matched { match_index } => {
                    put(word!(lang, "holds up to", "已有至"), match_index.to_string());
                }
                AppendResult::OldTerm => {
                    put(word!(lang, "refused", "拒绝"), word!(lang, "old term", "旧任期").to_owned());
                }
                AppendResult::Rejected { previous_log_index, hint_index, hint_term } => {
                    put(word!(lang, "refused at", "拒绝处"), previous_log_index.to_string());
                    put(word!(lang, "try index", "建议索引"), hint_index.to_string());
                    put(word!(lang, "of term", "其任期"), hint_term.to_string());
                }
            }
            put(word!(lang, "round", "轮次"), round.to_string());
            put(word!(lang, "counts", "计入多数派"), yes_no(*counts));
        }
        Message::InstallSnapshot(install) => {
            put(word!(lang, "covers up to", "覆盖至"), install.last_included_index.to_string());
            put(word!(lang, "of term", "其任期"), install.last_included_term.to_string());
            put(word!(lang, "from byte", "起始字节"), install.offset_bytes.to_string());
            put(word!(lang, "bytes in all", "总字节数"), install.total_bytes.to_string());
        }
        Message::InstallSnapshotResponse {
            last_included_index,
            offset_bytes,
            bytes_received,
            installed,
            counts,
            ..
        } => {
            put(word!(lang, "covers up to", "覆盖至"), last_included_index.to_string());
            put(word!(lang, "from byte", "起始字节"), offset_bytes.to_string());
            put(word!(lang, "bytes received", "已收字节"), bytes_received.to_string());
            put(word!(lang, "installed", "已安装"), yes_no(*installed));
            put(word!(lang, "counts", "计入多数派"), yes_no(*counts));
        }
        Message::TimeoutNow { .. } => {}
        Message::Readmit { incarnation, .. } => {
            put(word!(lang, "incarnation", "化身编号"), incarnation.to_string());
        }
    }
    fields
}
