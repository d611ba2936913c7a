//! Votes and decisions by transaction, locks with who waits for whom, and the logs side by side.

use std::collections::BTreeSet;

use super::records;
use super::view::View;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::{
    BranchState, COORDINATOR, Coordination, Ended, LockMode, Outcome, Phase, TransactionId, Vote,
};
use crate::scene::Lang;
use crate::scene::model::{Cell, Row, Table, Tone};
use crate::sim::Address;
use crate::{say, word};

/// The most transactions that are shown: the latest ones.
const TRANSACTIONS_SHOWN: usize = 12;
/// The most records of a log that are shown: the last ones.
const RECORDS_SHOWN: usize = 16;

fn cell(text: impl Into<String>, tone: Tone, settled: bool, hint: impl Into<String>) -> Option<Cell> {
    Some(Cell { text: text.into(), tone, settled, changed: false, hint: hint.into() })
}

fn names(transactions: impl Iterator<Item = TransactionId>) -> String {
    transactions.map(|transaction| transaction.to_string()).collect::<Vec<_>>().join(" ")
}

/// Each transaction with what every node knows of it.
pub(super) fn transactions(nodes: &[Option<View<'_>>], lang: Lang) -> Table {
    let mut known: BTreeSet<TransactionId> = BTreeSet::new();
    for node in nodes.iter().flatten() {
        known.extend(node.coordinator.into_iter().flat_map(|c| c.transactions().map(|(t, _)| t)));
        known.extend(node.site.into_iter().flat_map(|site| site.branches().map(|(t, _)| t)));
        known.extend(node.site.into_iter().flat_map(|site| site.latest_ended(TRANSACTIONS_SHOWN)));
    }
    let skipped = known.len().saturating_sub(TRANSACTIONS_SHOWN);
    let rows = known.iter().skip(skipped).map(|t| Row {
        name: t.to_string(),
        address: None,
        faint: false,
        key: None,
        is_current: false,
        cells: nodes.iter().map(|node| node.as_ref().and_then(|node| standing(node, *t, lang))).collect(),
    });
    Table {
        chart: None,
        title: word!(lang, "Votes", "投票").to_owned(),
        note: word!(
            lang,
            "filled = decided; an empty place = knows nothing of it",
            "实心 = 已决定；空白 = 对它一无所知"
        )
        .to_owned(),
        columns: (0..nodes.len()).map(|at| NodeId(at as u16).to_string()).collect(),
        rows: rows.collect(),
    }
}

/// What a node knows of a transaction.
fn standing(node: &View<'_>, t: TransactionId, lang: Lang) -> Option<Cell> {
    if let Some(coordinator) = node.coordinator {
        let (_, book) = coordinator.transactions().find(|(other, _)| *other == t)?;
        return coordination(book, lang);
    }
    let site = node.site?;
    if let Some((_, branch)) = site.branches().find(|(other, _)| *other == t) {
        let in_doubt =
            word!(lang, "it has voted yes and must wait for the decision", "它已投赞成票，必须等待决定");
        return match branch.state {
            BranchState::Working if node.waits(t, branch) => {
                let holders = names(site.locks().waits_for(t).into_iter());
                cell(
                    say!(lang, "waits for {holders}", "等待 {holders}"),
                    Tone::Bad,
                    false,
                    word!(lang, "another transaction holds the lock", "锁由另一个事务持有"),
                )
            }
            BranchState::Working => cell(word!(lang, "at work", "工作中"), Tone::Member, false, ""),
            BranchState::Worked => cell(word!(lang, "work done", "工作完成"), Tone::Member, false, ""),
            BranchState::Preparing => cell(word!(lang, "preparing", "准备中"), Tone::Member, false, ""),
            BranchState::Prepared => cell(word!(lang, "yes", "赞成"), Tone::Contender, false, in_doubt),
            BranchState::PreCommitted => cell(
                word!(lang, "committable", "可提交"),
                Tone::Leader,
                false,
                word!(lang, "it knows that all have voted yes", "它知道全体已投赞成票"),
            ),
            BranchState::Committing => cell(word!(lang, "commit", "提交"), Tone::Good, false, ""),
        };
    }
    match site.ended(t)? {
        Ended::Committed => cell(word!(lang, "commit", "提交"), Tone::Good, true, ""),
        Ended::Aborted => cell(word!(lang, "abort", "中止"), Tone::Bad, true, ""),
        Ended::DroppedOut => cell(
            word!(lang, "read-only", "只读"),
            Tone::Plain,
            true,
            word!(lang, "it dropped out and need not know", "它已退出，无需知道结果"),
        ),
    }
}

/// How far the coordinator is.
fn coordination(book: &Coordination, lang: Lang) -> Option<Cell> {
    let answers = |votes: usize| format!("{votes}/{}", book.participants.len());
    match book.phase {
        Phase::Working => {
            let worked = answers(book.worked.len());
            cell(say!(lang, "work {worked}", "工作 {worked}"), Tone::Member, false, "")
        }
        Phase::Initiating => cell(word!(lang, "begins", "开始"), Tone::Leader, false, ""),
        Phase::OnePhase => cell(word!(lang, "leaves it", "已交出"), Tone::Contender, false, ""),
        Phase::Voting => {
            let votes = answers(book.votes.len());
            let hint = book.votes.iter().map(|(site, vote)| {
                let vote = match vote {
                    Vote::Yes => word!(lang, "yes", "赞成"),
                    Vote::No(_) => word!(lang, "no", "反对"),
                    Vote::ReadOnly => word!(lang, "read-only", "只读"),
                };
                format!("{site} {vote}")
            });
            let hint = hint.collect::<Vec<_>>().join(", ");
            cell(say!(lang, "votes {votes}", "选票 {votes}"), Tone::Leader, false, hint)
        }
        Phase::PreCommitting => cell(word!(lang, "pre-commits", "预提交"), Tone::Leader, false, ""),
        Phase::Deciding(Outcome::Commit) => cell(word!(lang, "commit", "提交"), Tone::Good, false, ""),
        Phase::Deciding(Outcome::Abort) => cell(word!(lang, "abort", "中止"), Tone::Bad, false, ""),
        Phase::Completing(outcome) => {
            let left = book.awaited.len();
            let hint = say!(lang, "yet to confirm: {left}", "还有 {left} 个参与者尚未确认");
            match outcome {
                Outcome::Commit => cell(word!(lang, "commit", "提交"), Tone::Good, true, hint),
                Outcome::Abort => cell(word!(lang, "abort", "中止"), Tone::Bad, true, hint),
            }
        }
        Phase::Asking => cell(word!(lang, "asks", "询问中"), Tone::Contender, false, ""),
    }
}

/// Every account, with who has locked it and who waits.
pub(super) fn locks(nodes: &[Option<View<'_>>], lang: Lang) -> Table {
    let mut rows = Vec::new();
    for node in nodes.iter().flatten() {
        let Some(site) = node.site else { continue };
        let locked: Vec<_> = site.locks().iter().collect();
        let keys: BTreeSet<&str> = site
            .store()
            .iter()
            .map(|(key, _)| key.as_ref())
            .chain(locked.iter().map(|(key, _)| key.as_ref()))
            .collect();
        for key in keys {
            let lock = locked.iter().find(|(other, _)| other.as_ref() == key).map(|(_, lock)| *lock);
            let held = lock.and_then(|lock| {
                let (first, mode) = lock.holders.first()?;
                let in_doubt = site.in_doubt().any(|(t, _)| t == *first);
                let tone = if in_doubt { Tone::Contender } else { Tone::Member };
                let hint = match (mode, in_doubt) {
                    (_, true) => word!(
                        lang,
                        "held by one in doubt, until it learns the decision",
                        "由存疑者持有，直到它得知决定"
                    ),
                    (LockMode::Shared, _) => word!(lang, "shared: others may read", "共享锁：他人可读"),
                    (LockMode::Exclusive, _) => {
                        word!(lang, "exclusive: nobody else may read or write", "排他锁：他人不可读写")
                    }
                };
                cell(names(lock.holders.iter().map(|(t, _)| *t)), tone, true, hint)
            });
            let waits = lock.filter(|lock| !lock.waiters.is_empty()).and_then(|lock| {
                let waiters = names(lock.waiters.iter().map(|(t, _)| *t));
                let holders = names(lock.holders.iter().map(|(t, _)| *t));
                let hint = say!(lang, "{waiters}: waiting for {holders}", "{waiters}：等待 {holders}");
                cell(waiters, Tone::Bad, false, hint)
            });
            let value = site.store().get(key).value;
            rows.push(Row {
                name: format!("{key}@{}", node.id),
                address: Some(Address::Node(node.id)),
                faint: false,
                key: None,
                is_current: false,
                cells: vec![cell(value.to_string(), Tone::Plain, held.is_none(), ""), held, waits],
            });
        }
    }
    Table {
        chart: None,
        title: word!(lang, "Locks", "锁").to_owned(),
        note: word!(lang, "who holds a lock, and who waits for it", "谁持有锁，谁在等待").to_owned(),
        columns: [
            word!(lang, "balance", "余额"),
            word!(lang, "locked by", "锁持有者"),
            word!(lang, "waits", "等待者"),
        ]
        .map(str::to_owned)
        .into(),
        rows,
    }
}

/// The log of each node, with forced writes marked.
pub(super) fn logs(nodes: &[Option<View<'_>>], lang: Lang) -> Table {
    let rows: Vec<Row> = (0..)
        .map(NodeId)
        .zip(nodes)
        .map(|(id, node)| Row {
            name: id.to_string(),
            address: Some(Address::Node(id)),
            faint: node.is_none(),
            key: None,
            is_current: false,
            cells: node.as_ref().map(|node| log_cells(node, RECORDS_SHOWN, lang)).unwrap_or_default(),
        })
        .collect();
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    Table {
        chart: None,
        title: word!(lang, "Logs", "日志").to_owned(),
        note: word!(lang, "▪ forced, ▫ lazy; filled = durable", "▪ 强制写入，▫ 惰性写入；实心 = 已持久化")
            .to_owned(),
        columns: (0..width).map(|_| String::new()).collect(),
        rows,
    }
}

/// The last records of a log.
pub(super) fn log_cells(node: &View<'_>, most: usize, lang: Lang) -> Vec<Option<Cell>> {
    let (entries, durable) = (node.log.entries(), node.log.durable());
    let skipped = entries.len().saturating_sub(most);
    let cells = entries.iter().enumerate().skip(skipped).map(|(at, entry)| {
        let is_durable = at < durable;
        let text = format!("{}{}", records::write_mark(entry.write), records::text(&entry.record, lang));
        let hint = records::hint(&entry.record, entry.write, is_durable, lang);
        cell(text, records::tone(&entry.record), is_durable, hint)
    });
    cells.collect()
}

/// How many forced and lazy writes each node's log holds, by the published way of counting: the records of the
/// commit protocol, without those of the work.
pub(super) fn writes(nodes: &[Option<View<'_>>], lang: Lang) -> Table {
    use crate::protocol::atomic_commit::Write;
    let rows = (0..).map(NodeId).zip(nodes).map(|(id, node)| {
        let count = |write: Write| {
            let entries = node.iter().flat_map(|node| node.log.entries());
            entries.filter(|entry| entry.write == write && entry.record.is_commit_protocol()).count()
        };
        let figure = |write: Write, tone: Tone| cell(count(write).to_string(), tone, true, "");
        let role = if id == COORDINATOR {
            word!(lang, "coordinator", "协调者")
        } else {
            word!(lang, "participant", "参与者")
        };
        Row {
            name: id.to_string(),
            address: Some(Address::Node(id)),
            faint: node.is_none(),
            key: None,
            is_current: false,
            cells: vec![
                cell(role, Tone::Plain, false, ""),
                figure(Write::Forced, Tone::Contender),
                figure(Write::Lazy, Tone::Plain),
            ],
        }
    });
    Table {
        chart: None,
        title: word!(lang, "Writes", "写入").to_owned(),
        note: word!(
            lang,
            "records of the commit protocol since the last start or checkpoint; a forced one has to be waited for",
            "自上次启动或检查点以来提交协议的记录；强制写入必须等待"
        )
        .to_owned(),
        columns: ["", word!(lang, "forced", "强制"), word!(lang, "lazy", "惰性")].map(str::to_owned).into(),
        rows: rows.collect(),
    }
}
