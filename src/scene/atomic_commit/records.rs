//! Records of the write-ahead log in words.

use crate::protocol::atomic_commit::{Record, Write};
use crate::scene::Lang;
use crate::scene::model::Tone;
use crate::{say, word};

/// A record in short.
pub(super) fn text(record: &Record, lang: Lang) -> String {
    match record {
        Record::Started { incarnation } => say!(lang, "start {incarnation}", "第 {incarnation} 次启动"),
        Record::Update { transaction, key, before, after } => {
            let before = before.value;
            format!("{transaction} {key} {before}→{after}")
        }
        Record::Prepared { transaction, .. } => say!(lang, "prepared {transaction}", "已准备 {transaction}"),
        Record::Initiation { transaction, .. } => say!(lang, "begin {transaction}", "开始 {transaction}"),
        Record::Commit { transaction, .. } => say!(lang, "commit {transaction}", "提交 {transaction}"),
        Record::Abort { transaction, .. } => say!(lang, "abort {transaction}", "中止 {transaction}"),
        Record::Refused(session) => {
            let (client, transaction) = (session.client, session.transaction);
            say!(lang, "{client}: {transaction} aborted", "{client}：{transaction} 已中止")
        }
        Record::End { transaction } => say!(lang, "end {transaction}", "结束 {transaction}"),
        Record::Checkpoint(_) => word!(lang, "checkpoint", "检查点").to_owned(),
    }
}

/// The colour of a record.
pub(super) fn tone(record: &Record) -> Tone {
    match record {
        Record::Prepared { .. } => Tone::Contender,
        Record::Commit { .. } => Tone::Good,
        Record::Abort { .. } => Tone::Bad,
        Record::Initiation { .. } => Tone::Leader,
        Record::Update { .. } => Tone::Member,
        Record::Started { .. } | Record::End { .. } | Record::Refused(_) | Record::Checkpoint(_) => {
            Tone::Plain
        }
    }
}

/// How a record came to the log.
pub(super) fn write_mark(write: Write) -> &'static str {
    match write {
        Write::Forced => "▪ ",
        Write::Lazy => "▫ ",
        Write::Recovered => "",
    }
}

/// What a record and its state mean, as a tooltip.
pub(super) fn hint(record: &Record, write: Write, is_durable: bool, lang: Lang) -> String {
    let text = text(record, lang);
    let write = match write {
        Write::Forced => {
            word!(lang, "forced: nothing goes on before it is durable", "强制写入：持久化之前不再继续")
        }
        Write::Lazy => {
            word!(lang, "lazy: durable with the next forced write", "惰性写入：随下一次强制写入一起持久化")
        }
        Write::Recovered => word!(lang, "found on the disk after a restart", "重启后从磁盘读出"),
    };
    let durable = if is_durable {
        word!(lang, "durable", "已持久化")
    } else {
        word!(lang, "not durable yet", "尚未持久化")
    };
    say!(lang, "{text}; {write}; {durable}", "{text}；{write}；{durable}")
}
