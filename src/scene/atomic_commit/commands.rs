//! Transactions as people type and read them.

use std::sync::Arc;

use crate::protocol::NodeId;
use crate::protocol::atomic_commit::{Answer, Command, Operation, Place, Reading};
use crate::scene::Lang;
use crate::scene::workbench::Prompt;
use crate::{say, word};

/// A command as a person would type it.
pub(super) fn text(command: &Command) -> String {
    match command {
        Command::Transfer { from, to, amount } => format!("transfer {amount} from {from} to {to}"),
        Command::Transaction { operations } => {
            let texts: Vec<String> = operations.iter().map(operation_text).collect();
            texts.join("; ")
        }
    }
}

fn operation_text(operation: &Operation) -> String {
    match operation {
        Operation::Read { at } => format!("read {at}"),
        Operation::Write { at, value } => format!("write {at} {value}"),
        Operation::Add { at, amount } => format!("add {at} {amount}"),
    }
}

/// Reads a command.
pub(super) fn parse(text: &str, lang: Lang) -> Result<Command, String> {
    read(text).ok_or_else(|| {
        word!(
            lang,
            "Write one of: transfer 30 from alice@n2 to bob@n3; or, parted by semicolons, read alice@n2; write bob@n3 5; add carol@n4 -10. (n1 coordinates and keeps no accounts.)",
            "请输入：transfer 30 from alice@n2 to bob@n3；或用分号隔开的 read alice@n2; write bob@n3 5; add carol@n4 -10。（n1 是协调者，不保存账户。）"
        )
        .to_owned()
    })
}

fn read(text: &str) -> Option<Command> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let ["transfer", amount, "from", from, "to", to] = words.as_slice() {
        return Some(Command::Transfer { from: place(from)?, to: place(to)?, amount: amount.parse().ok()? });
    }
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    let operations: Vec<Operation> = parts.map(operation).collect::<Option<_>>()?;
    (!operations.is_empty()).then_some(Command::Transaction { operations })
}

fn operation(text: &str) -> Option<Operation> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["read", at] => Some(Operation::Read { at: place(at)? }),
        ["write", at, value] => Some(Operation::Write { at: place(at)?, value: value.parse().ok()? }),
        ["add", at, amount] => Some(Operation::Add { at: place(at)?, amount: amount.parse().ok()? }),
        _ => None,
    }
}

/// `alice@n2`: people count nodes from 1.
fn place(text: &str) -> Option<Place> {
    let (key, site) = text.rsplit_once("@n")?;
    let number: u16 = site.parse().ok()?;
    (!key.is_empty()).then_some(Place::new(NodeId(number.checked_sub(1)?), key))
}

/// Commands to start from.
pub(super) fn prompts(lang: Lang) -> Vec<Prompt> {
    let prompt = |label: &str, example: &str| Prompt { label: label.to_owned(), example: example.to_owned() };
    vec![
        prompt(
            word!(lang, "move money between two sites", "跨站点转账"),
            "transfer 30 from alice@n2 to bob@n3",
        ),
        prompt(
            word!(lang, "move more than there is", "转账超过余额"),
            "transfer 1000 from alice@n2 to bob@n3",
        ),
        prompt(word!(lang, "only read", "只读"), "read alice@n2; read bob@n3"),
        prompt(word!(lang, "change one site", "只改一个站点"), "add alice@n2 5"),
    ]
}

/// An answer in short.
pub(super) fn answer_text(answer: &Answer, lang: Lang) -> String {
    match answer {
        Answer::Committed { transaction, readings } => {
            let list = readings_text(readings, lang);
            say!(lang, "{transaction} committed: {list}", "{transaction} 已提交：{list}")
        }
        Answer::Aborted { transaction, why } => {
            let why = super::causes::abort_text(*why, lang);
            say!(lang, "{transaction} aborted: {why}", "{transaction} 已中止：{why}")
        }
        Answer::Refused { why } => {
            let why = super::causes::refusal_text(*why, lang);
            say!(lang, "refused: {why}", "被拒绝：{why}")
        }
        Answer::Redirected { to } => {
            say!(lang, "not the coordinator; ask {to}", "不是协调者；请找 {to}")
        }
        Answer::NotReady => word!(lang, "not ready; try again", "尚未就绪；请重试").to_owned(),
    }
}

pub(super) fn readings_text(readings: &Arc<[Reading]>, lang: Lang) -> String {
    let texts: Vec<String> =
        readings.iter().map(|reading| format!("{} {}", reading.at, reading.value)).collect();
    crate::scene::telling::listed(&texts, lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_typed() {
        let examples = [
            "transfer 30 from alice@n2 to bob@n3",
            "read alice@n2; write bob@n3 5; add carol@n4 -10",
            "add a@b@n2 1",
        ];
        for example in examples {
            assert_eq!(read(example).map(|command| text(&command)).as_deref(), Some(example));
        }
        for prompt in prompts(Lang::En) {
            assert!(read(&prompt.example).is_some(), "{}", prompt.example);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_an_example() {
        for wrong in
            ["", ";", "transfer 30 alice bob", "read alice", "read @n2", "read alice@n0", "add alice@n2"]
        {
            assert!(parse(wrong, Lang::En).is_err_and(|error| error.contains("transfer 30 from")), "{wrong}");
        }
    }
}
