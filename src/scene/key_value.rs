//! The key-value commands that Raft and Multi-Paxos serve, as people type and read them.

use super::Lang;
use super::model::{Cell, Row, Table, Tone};
use super::workbench::Prompt;
use crate::protocol::NodeId;
use crate::protocol::key_value::{Command, Outcome, Store, TEXT_BYTES_MAX};
use crate::sim::Address;
use crate::{say, word};

/// A command as a person would type it.
pub fn command_text(command: &Command) -> String {
    match command {
        Command::Get { key } => format!("get {key}"),
        Command::Put { key, value } => format!("put {key} {value}"),
        Command::Delete { key } => format!("delete {key}"),
        Command::CompareAndSet { key, expected, value } => {
            format!("cas {key} {} {value}", expected.as_deref().unwrap_or("-"))
        }
    }
}

/// Reads a command.
///
/// # Errors
/// What is wrong and what would be right.
pub fn parse_command(text: &str, lang: Lang) -> Result<Command, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.iter().any(|word| word.len() > TEXT_BYTES_MAX) {
        return Err(say!(
            lang,
            "A key or value has at most {TEXT_BYTES_MAX} bytes.",
            "键或值最多 {TEXT_BYTES_MAX} 字节。"
        ));
    }
    match words.as_slice() {
        ["get", key] => Ok(Command::Get { key: (*key).into() }),
        ["put" | "set", key, value] => Ok(Command::Put { key: (*key).into(), value: (*value).into() }),
        ["delete" | "del", key] => Ok(Command::Delete { key: (*key).into() }),
        ["cas", key, expected, value] => Ok(Command::CompareAndSet {
            key: (*key).into(),
            expected: (*expected != "-").then(|| (*expected).into()),
            value: (*value).into(),
        }),
        _ => Err(word!(
            lang,
            "Write one of: get a; put a 1; delete a; cas a 1 2 (sets a to 2 if it is 1; - stands for no value).",
            "请输入：get a；put a 1；delete a；cas a 1 2（若 a 为 1 则设为 2；- 表示不存在）。"
        )
        .to_owned()),
    }
}

/// Commands to start from.
pub fn prompts(lang: Lang) -> Vec<Prompt> {
    let prompt = |label: &str, example: &str| Prompt { label: label.to_owned(), example: example.to_owned() };
    vec![
        prompt(word!(lang, "set a key", "写入键"), "put a 1"),
        prompt(word!(lang, "read a key", "读取键"), "get a"),
        prompt(word!(lang, "set it if it holds a value", "比较并设置"), "cas a 1 2"),
        prompt(word!(lang, "remove a key", "删除键"), "delete a"),
    ]
}

/// An outcome in short.
pub fn outcome_text(outcome: &Outcome, lang: Lang) -> String {
    match outcome {
        Outcome::Value(Some(value)) => value.to_string(),
        Outcome::Value(None) => word!(lang, "no value", "无值").to_owned(),
        Outcome::Applied => word!(lang, "done", "完成").to_owned(),
        Outcome::Swapped(true) => word!(lang, "set", "已设置").to_owned(),
        Outcome::Swapped(false) => {
            word!(lang, "not set: it held something else", "未设置：现值不符").to_owned()
        }
        Outcome::Stale => {
            word!(lang, "stale: a later request was served", "过期：已处理更新的请求").to_owned()
        }
    }
}

/// The stores of all nodes side by side, a column for each key.
pub fn store_table(stores: &[Option<&Store>], lang: Lang) -> Table {
    let mut keys: Vec<&str> =
        stores.iter().flatten().flat_map(|store| store.entries().map(|(key, _)| &**key)).collect();
    keys.sort_unstable();
    keys.dedup();
    let rows = (0..).map(NodeId).zip(stores).map(|(node, store)| Row {
        name: node.to_string(),
        address: Some(Address::Node(node)),
        faint: store.is_none(),
        key: None,
        is_current: false,
        cells: keys
            .iter()
            .map(|key| {
                let value = (*store)?.get(key)?;
                Some(Cell {
                    text: value.to_string(),
                    tone: Tone::Member,
                    settled: true,
                    changed: false,
                    hint: format!("{key} = {value}"),
                })
            })
            .collect(),
    });
    Table {
        chart: None,
        title: word!(lang, "State machine", "状态机").to_owned(),
        note: word!(lang, "what each node has applied", "各节点已应用的内容").to_owned(),
        columns: keys.iter().map(|key| (*key).to_owned()).collect(),
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_read_back_as_it_is_written() {
        for text in ["get a", "put a 1", "delete a", "cas a - 1", "cas a 1 2"] {
            assert_eq!(command_text(&parse_command(text, Lang::En).unwrap()), text);
        }
    }

    #[test]
    fn what_is_no_command_is_refused_with_what_would_be() {
        for text in ["", "put a", "drop table", "get a b", &format!("get {}", "k".repeat(2_000))] {
            assert!(parse_command(text, Lang::Zh).is_err(), "{text}");
        }
    }
}
