//! The messages of atomic commit in words.

use super::{causes, commands};
use crate::lang::plural;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::{Message, TransactionId, Vote};
use crate::scene::Lang;
use crate::scene::model::{Field, Tone};
use crate::scene::portray::Face;
use crate::{say, word};

/// How a kind of message looks; the position is that of its kind.
pub(super) fn face(kind: u8) -> Face {
    let (letter, tone, answer) = match kind {
        0 => ('W', Tone::Member, false),
        1 => ('W', Tone::Member, true),
        2 => ('L', Tone::Bad, true),
        3 => ('G', Tone::Bad, true),
        4 => ('K', Tone::Good, true),
        5 => ('P', Tone::Contender, false),
        6 => ('1', Tone::Contender, false),
        7 => ('V', Tone::Contender, true),
        8 => ('D', Tone::Good, false),
        9 => ('A', Tone::Good, true),
        10 => ('Q', Tone::Bad, false),
        11 => ('Q', Tone::Bad, true),
        12 => ('C', Tone::Leader, false),
        13 => ('C', Tone::Leader, true),
        14 => ('E', Tone::Leader, false),
        15 => ('S', Tone::Leader, false),
        _ => ('S', Tone::Leader, true),
    };
    Face { letter, tone, answer }
}

fn vote_text(vote: Vote, lang: Lang) -> String {
    match vote {
        Vote::Yes => word!(lang, "yes", "赞成").to_owned(),
        Vote::ReadOnly => word!(lang, "read-only", "只读").to_owned(),
        Vote::No(why) => {
            let why = causes::no_vote_text(why, lang);
            say!(lang, "no, {why}", "反对，{why}")
        }
    }
}

fn transactions_text(transactions: &[TransactionId]) -> String {
    transactions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn nodes_text(nodes: &[NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// A message in one sentence.
pub(super) fn text(message: &Message, lang: Lang) -> String {
    let t = message.transaction();
    match message {
        Message::Work { operations, .. } => {
            let (count, s) = (operations.len(), plural(operations.len()));
            say!(lang, "work for {t}: {count} operation{s}", "{t} 的工作：{count} 个操作")
        }
        Message::Worked { .. } => say!(lang, "work done for {t}", "{t} 的工作已完成"),
        Message::Waiting { holders, .. } => {
            let holders = transactions_text(holders);
            say!(lang, "{t} waits for a lock of {holders}", "{t} 在等待 {holders} 的锁")
        }
        Message::GaveUp { why, .. } => {
            let why = causes::gave_up_text(*why, lang);
            say!(lang, "gave {t} up: {why}", "放弃 {t}：{why}")
        }
        Message::CommittedEarlier { earlier, .. } => {
            say!(lang, "{t} was committed before as {earlier}", "{t} 此前已作为 {earlier} 提交")
        }
        Message::Prepare { .. } => say!(lang, "prepare {t}: can you commit?", "准备 {t}：能提交吗？"),
        Message::CommitOnePhase { .. } => {
            say!(lang, "commit {t} if you can, you alone", "若可以就提交 {t}，由你独自决定")
        }
        Message::Vote { vote, .. } => {
            let vote = vote_text(*vote, lang);
            say!(lang, "vote on {t}: {vote}", "对 {t} 投票：{vote}")
        }
        Message::Decision { outcome, .. } => {
            let outcome = causes::outcome_text(*outcome, lang);
            say!(lang, "decision on {t}: {outcome}", "{t} 的决定：{outcome}")
        }
        Message::Acknowledge { .. } => say!(lang, "{t} is durable here", "{t} 的决定已在此持久化"),
        Message::Inquire { .. } => say!(lang, "what was decided on {t}?", "{t} 的决定是什么？"),
        Message::InDoubt { .. } => say!(lang, "I am in doubt about {t} too", "我对 {t} 也存疑"),
        Message::PreCommit { .. } => say!(lang, "pre-commit {t}: all voted yes", "预提交 {t}：全体赞成"),
        Message::PreCommitted { .. } => say!(lang, "{t} is pre-committed here", "{t} 已在此预提交"),
        Message::Elect { .. } => say!(lang, "you are backup coordinator of {t}", "你是 {t} 的备份协调者"),
        Message::AskState { .. } => say!(lang, "in what state is {t} with you?", "你那里 {t} 处于什么状态？"),
        Message::State { state, .. } => {
            let state = causes::state_text(*state, lang);
            say!(lang, "{t} is {state} here", "{t} 在此{state}")
        }
    }
}

/// A message's fields.
pub(super) fn fields(message: &Message, lang: Lang) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut put = |name: &str, value: String| fields.push(Field::new(name, value));
    put(word!(lang, "transaction", "事务"), message.transaction().to_string());
    match message {
        Message::Work { client, request, operations, .. } => {
            put(word!(lang, "client", "客户端"), client.to_string());
            put(word!(lang, "request", "请求"), request.0.to_string());
            for (at, operation) in operations.iter().enumerate() {
                let command = crate::protocol::atomic_commit::Command::Transaction {
                    operations: vec![operation.clone()],
                };
                put(&say!(lang, "operation {}", "操作 {}", at + 1), commands::text(&command));
            }
        }
        Message::Worked { incarnation, readings, .. } => {
            put(word!(lang, "values", "数值"), commands::readings_text(readings, lang));
            put(word!(lang, "start", "启动次数"), incarnation.to_string());
        }
        Message::Waiting { holders, .. } => put(word!(lang, "waits for", "等待"), transactions_text(holders)),
        Message::GaveUp { why, .. } => {
            put(word!(lang, "why", "原因"), causes::gave_up_text(*why, lang).to_owned())
        }
        Message::CommittedEarlier { earlier, readings, .. } => {
            put(word!(lang, "earlier", "更早的事务"), earlier.to_string());
            put(word!(lang, "values", "数值"), commands::readings_text(readings, lang));
        }
        Message::Prepare { incarnation, participants, .. } => {
            put(word!(lang, "participants", "参与者"), nodes_text(participants));
            put(word!(lang, "start", "启动次数"), incarnation.to_string());
        }
        Message::CommitOnePhase { incarnation, .. } => {
            put(word!(lang, "start", "启动次数"), incarnation.to_string());
        }
        Message::Vote { vote, .. } => put(word!(lang, "vote", "投票"), vote_text(*vote, lang)),
        Message::Decision { outcome, acknowledge, .. } => {
            put(word!(lang, "decision", "决定"), causes::outcome_text(*outcome, lang).to_owned());
            let acknowledge = if *acknowledge { word!(lang, "yes", "是") } else { word!(lang, "no", "否") };
            put(word!(lang, "to be acknowledged", "需要确认"), acknowledge.to_owned());
        }
        Message::State { state, .. } => {
            put(word!(lang, "state", "状态"), causes::state_text(*state, lang).to_owned());
        }
        Message::Acknowledge { .. }
        | Message::Inquire { .. }
        | Message::InDoubt { .. }
        | Message::PreCommit { .. }
        | Message::PreCommitted { .. }
        | Message::Elect { .. }
        | Message::AskState { .. } => {}
    }
    fields
}
