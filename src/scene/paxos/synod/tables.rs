//! What each acceptor remembers, and what each ballot has achieved.

use super::{ballot_text, proposal_text, tone_of};
use crate::protocol::NodeId;
use crate::protocol::paxos::synod::{Options, Phase, Synod};
use crate::protocol::paxos::{Ballot, NodeSet};
use crate::scene::Lang;
use crate::scene::model::{Cell, Row, Table, Tone};
use crate::sim::Address;
use crate::{say, word};

/// The most ballots that are shown: the highest.
const BALLOTS_MAX: usize = 6;

fn cell(text: String, tone: Tone, settled: bool, hint: String) -> Option<Cell> {
    Some(Cell { text, tone, settled, changed: false, hint })
}

/// One row for each node: its promise, what it has accepted, what it has learned.
pub(super) fn acceptors(nodes: &[Option<Synod>], lang: Lang) -> Table {
    let rows = (0..).map(NodeId).zip(nodes).map(|(id, node)| Row {
        name: id.to_string(),
        address: Some(Address::Node(id)),
        faint: node.is_none(),
        key: None,
        is_current: false,
        cells: node.as_ref().map_or_else(|| vec![None; 3], |node| memory(node, lang)),
    });
    Table {
        chart: None,
        title: word!(lang, "Acceptors", "接受者").to_owned(),
        note: word!(lang, "filled = known to be chosen", "实心 = 已知选定").to_owned(),
        columns: vec![
            word!(lang, "promised", "已承诺").to_owned(),
            word!(lang, "accepted", "已接受").to_owned(),
            word!(lang, "learned", "已学到").to_owned(),
        ],
        rows: rows.collect(),
    }
}

fn memory(node: &Synod, lang: Lang) -> Vec<Option<Cell>> {
    let acceptor = node.acceptor();
    let promised = acceptor.promised.and_then(|promised| {
        let hint = say!(lang, "refuses every ballot below {promised}", "拒绝低于 {promised} 的一切提案");
        cell(ballot_text(Some(promised)), tone_of(promised), false, hint)
    });
    let accepted = acceptor.accepted.as_ref().and_then(|accepted| {
        let is_chosen = node.chosen().is_some_and(|chosen| chosen.value == accepted.value);
        let hint = word!(lang, "what it will report to a higher ballot", "它将向更高的编号报告的提案");
        cell(proposal_text(accepted), tone_of(accepted.ballot), is_chosen, hint.to_owned())
    });
    let learned = node.chosen().and_then(|chosen| {
        let ballot = chosen.ballot;
        let hint = say!(lang, "chosen under ballot {ballot}", "在编号 {ballot} 下选定");
        cell(chosen.value.to_string(), Tone::Good, true, hint)
    });
    vec![promised, accepted, learned]
}

/// One row for each ballot, one column for each acceptor: the quorums as they form.
pub(super) fn ballots(nodes: &[Option<Synod>], options: &Options, lang: Lang) -> Table {
    let acceptors = options.acceptors(nodes.len() as u16);
    let quorums = options.quorums(nodes.len() as u16);
    let mut columns: Vec<String> = acceptors.iter().map(|node| node.to_string()).collect();
    columns.push(word!(lang, "promised", "承诺").to_owned());
    columns.push(word!(lang, "accepted", "接受").to_owned());
    let rows = known_ballots(nodes).into_iter().map(|ballot| {
        let mut counts = [NodeSet::EMPTY; 2];
        let mut cells: Vec<Option<Cell>> = Vec::new();
        for id in acceptors.iter() {
            let node = nodes.get(id.index()).and_then(Option::as_ref);
            let is_promised = node.is_some_and(|node| has_promised(nodes, ballot, id, node));
            let is_accepted = node.is_some_and(|node| node.acceptor().accepted_ballot() == Some(ballot));
            for (is, count) in [is_promised || is_accepted, is_accepted].into_iter().zip(&mut counts) {
                if is {
                    count.insert(id);
                }
            }
            let closed = node.and_then(|node| node.acceptor().promised).filter(|promised| *promised > ballot);
            cells.push(if is_accepted {
                let hint = word!(lang, "has accepted it", "已接受它");
                cell("A".to_owned(), Tone::Good, true, hint.to_owned())
            } else if let Some(closed) = closed {
                let hint = say!(lang, "refuses it: has promised {closed}", "拒绝它：已承诺 {closed}");
                cell("×".to_owned(), Tone::Absent, false, hint)
            } else if is_promised {
                let hint = word!(lang, "has promised nothing higher", "没有承诺更高的编号");
                cell("P".to_owned(), Tone::Contender, false, hint.to_owned())
            } else {
                None
            });
        }
        for (count, needed) in counts.iter().zip([quorums.phase_1, quorums.phase_2]) {
            let is_enough = count.len() >= needed;
            let tone = if is_enough { Tone::Good } else { Tone::Plain };
            let (count, sign) = (count.len(), if is_enough { '≥' } else { '<' });
            let hint =
                say!(lang, "{count} of the {needed} that it takes", "已有 {count} 个，需要 {needed} 个");
            cells.push(cell(format!("{count} {sign} {needed}"), tone, is_enough, hint));
        }
        let node = Address::Node(ballot.node);
        Row {
            name: ballot.to_string(),
            address: Some(node),
            faint: false,
            key: None,
            is_current: false,
            cells,
        }
    });
    Table {
        chart: None,
        title: word!(lang, "Ballots", "各编号").to_owned(),
        note: word!(
            lang,
            "P = promised, A = accepted, × = closed by a higher promise",
            "P = 承诺，A = 接受，× = 因更高的承诺而关闭"
        )
        .to_owned(),
        columns,
        rows: rows.collect(),
    }
}

/// Whether the acceptor's promise of this ballot still stands, or its proposer has counted it.
fn has_promised(nodes: &[Option<Synod>], ballot: Ballot, id: NodeId, node: &Synod) -> bool {
    let proposer = nodes.get(ballot.node.index()).and_then(Option::as_ref).map(|node| &node.proposer().phase);
    let is_counted = matches!(
        proposer,
        Some(Phase::Preparing { ballot: own, promised_by, .. }) if *own == ballot && promised_by.contains(id)
    );
    is_counted || node.acceptor().promised == Some(ballot)
}

/// The ballots that some acceptor remembers or some proposer is about to bring through, the highest last.
fn known_ballots(nodes: &[Option<Synod>]) -> Vec<Ballot> {
    let mut known: Vec<Ballot> = nodes
        .iter()
        .flatten()
        .flat_map(|node| {
            let acceptor = node.acceptor();
            [acceptor.promised, acceptor.accepted_ballot(), node.proposer().ballot()]
        })
        .flatten()
        .collect();
    known.sort_unstable();
    known.dedup();
    let skip = known.len().saturating_sub(BALLOTS_MAX);
    known.split_off(skip)
}
