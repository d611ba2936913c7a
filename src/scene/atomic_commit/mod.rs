//! Two-phase and three-phase commit, drawn and told.
//!
//! What is drawn is the same for both, so all of it works on a [`view::View`] that does not know which of the two
//! a node follows.

mod causes;
mod commands;
mod facts;
mod messages;
mod reasons;
mod records;
mod tables;
mod trace;
mod view;
mod violations;

use serde_json::Value;

use self::facts::FactsOf;
use self::view::{View, views};
use super::Lang;
use super::facts::{FactOf, Verb};
use super::model::{Cell, Field, Outline, Quorum, Table, Tone};
use super::portray::{Face, Layout, Portrait, Portray, ViolationOf};
use super::workbench::Prompt;
use crate::lang::plural;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::{
    Answer, BranchState, COORDINATOR, Command, Coordination, Duty, Message, Node, OperatorRequest,
    OutBecause, Outcome, Phase, Reason, Record, Site, Timer, TransactionId, Vote,
};
use crate::scenario::atomic_commit::Staged;
use crate::sim::{Address, Cluster};
use crate::{say, word};

/// How many records of a log are drawn beside its node.
const TAIL_CELLS: usize = 7;

fn out_text(because: OutBecause, lang: Lang) -> String {
    match because {
        OutBecause::DiskLost => word!(lang, "its disk was lost", "磁盘丢失").to_owned(),
        OutBecause::NoMoreStarts => {
            word!(lang, "it was started too often to be counted", "启动次数过多，无法计数").to_owned()
        }
        OutBecause::DiskDamaged { at_byte } => {
            say!(lang, "its log is damaged at byte {at_byte}", "日志在第 {at_byte} 字节处损坏")
        }
    }
}

/// How far the coordinator is with a transaction, in few words.
fn phase_text(book: &Coordination, lang: Lang) -> String {
    let of = book.participants.len();
    match book.phase {
        Phase::Working => say!(lang, "work {}/{of}", "工作 {}/{of}", book.worked.len()),
        Phase::Initiating => word!(lang, "begins", "开始").to_owned(),
        Phase::OnePhase => word!(lang, "left to one", "交给唯一者").to_owned(),
        Phase::Voting => say!(lang, "votes {}/{of}", "选票 {}/{of}", book.votes.len()),
        Phase::PreCommitting => word!(lang, "pre-commits", "预提交").to_owned(),
        Phase::Deciding(Outcome::Commit) => word!(lang, "commits", "提交中").to_owned(),
        Phase::Deciding(Outcome::Abort) => word!(lang, "aborts", "中止中").to_owned(),
        Phase::Completing(Outcome::Commit) => word!(lang, "committed", "已提交").to_owned(),
        Phase::Completing(Outcome::Abort) => word!(lang, "aborted", "已中止").to_owned(),
        Phase::Asking => word!(lang, "asks", "询问中").to_owned(),
    }
}

fn state_text(state: BranchState, lang: Lang) -> &'static str {
    match state {
        BranchState::Working => word!(lang, "at work", "工作中"),
        BranchState::Worked => word!(lang, "work done", "工作完成"),
        BranchState::Preparing => word!(lang, "preparing", "准备中"),
        BranchState::Prepared => word!(lang, "in doubt", "存疑"),
        BranchState::PreCommitted => word!(lang, "committable", "可提交"),
        BranchState::Committing => word!(lang, "commits", "提交中"),
    }
}

fn portrait(node: View<'_>, lang: Lang) -> Portrait {
    // What a reader looks for in so small a picture are promises and decisions.
    let cells = tables::log_cells(&node, TAIL_CELLS, lang).into_iter().flatten();
    let tail = cells.filter(|cell| cell.tone != Tone::Plain).collect();
    let (role, figure, tone) = match (node.duty, node.coordinator) {
        (Duty::Out(_), _) => (word!(lang, "kept out", "被排除").to_owned(), String::new(), Tone::Bad),
        (Duty::Starting, _) => (word!(lang, "starting", "启动中").to_owned(), String::new(), Tone::Plain),
        (Duty::TakesPart, Some(coordinator)) => {
            let figure = coordinator.transactions().next().map(|(t, book)| {
                let phase = phase_text(book, lang);
                format!("{t} {phase}")
            });
            (word!(lang, "coordinator", "协调者").to_owned(), figure.unwrap_or_default(), Tone::Leader)
        }
        (Duty::TakesPart, None) => participant(node, lang),
    };
    Portrait { role, figure, tone, tail }
}

fn participant(node: View<'_>, lang: Lang) -> (String, String, Tone) {
    if let Some((t, branch)) = node.main_branch() {
        let role = if node.waits(t, branch) {
            word!(lang, "waits for a lock", "等待锁")
        } else {
            state_text(branch.state, lang)
        };
        let tone = match branch.state {
            _ if branch.leads() => Tone::Leader,
            BranchState::Prepared | BranchState::PreCommitted => Tone::Contender,
            _ => Tone::Member,
        };
        return (role.to_owned(), t.to_string(), tone);
    }
    let (role, figure) = match node.last_ended() {
        Some((t, Some(Outcome::Commit))) => (word!(lang, "committed", "已提交"), t.to_string()),
        Some((t, Some(Outcome::Abort))) => (word!(lang, "aborted", "已中止"), t.to_string()),
        Some((t, None)) => (word!(lang, "dropped out", "已退出"), t.to_string()),
        None => (word!(lang, "participant", "参与者"), String::new()),
    };
    (role.to_owned(), figure, Tone::Member)
}

/// One account of the site, a locked one before a free one, with its lock.
fn badge(node: View<'_>, lang: Lang) -> Option<Cell> {
    let site = node.site?;
    let locked = site.locks().iter().find_map(|(key, lock)| Some((key, lock.holders.first()?.0, lock)));
    if let Some((key, holder, lock)) = locked {
        let value = site.store().get(key).value;
        let in_doubt = site.in_doubt().any(|(t, _)| t == holder);
        let mut hint = say!(lang, "{key} {value}, locked by {holder}", "{key} {value}，被 {holder} 锁住");
        for (waiter, _) in &lock.waiters {
            hint.push_str(&say!(lang, ", {waiter} waits", "，{waiter} 在等待"));
        }
        return Some(Cell {
            text: format!("{key} {value}"),
            tone: if in_doubt { Tone::Contender } else { Tone::Member },
            settled: false,
            changed: false,
            hint,
        });
    }
    let (key, version) = site.store().iter().next()?;
    let value = version.value;
    Some(Cell {
        text: format!("{key} {value}"),
        tone: Tone::Plain,
        settled: true,
        changed: false,
        hint: format!("{key} {value}"),
    })
}

/// Who has voted yes on the transaction that is being decided.
fn quorums(nodes: &[Option<View<'_>>]) -> Vec<Quorum> {
    let coordinator = nodes.iter().flatten().find_map(|node| node.coordinator);
    let deciding = coordinator.into_iter().flat_map(|coordinator| coordinator.transactions());
    let is_open = |phase: Phase| !matches!(phase, Phase::Completing(_));
    let voting =
        deciding.filter(|(_, book)| !book.votes.is_empty() && is_open(book.phase)).map(|(_, book)| {
            let yes = book.votes.iter().filter(|(_, vote)| **vote == Vote::Yes);
            let has_no = book.votes.values().any(|vote| matches!(vote, Vote::No(_)));
            Quorum {
                asked_by: Address::Node(COORDINATOR),
                members: yes.map(|(site, _)| Address::Node(*site)).collect(),
                tone: if has_no { Tone::Bad } else { Tone::Good },
                is_complete: !has_no && book.votes.len() == book.participants.len(),
            }
        });
    voting.take(1).collect()
}

/// Why the coordinator does not coordinate.
fn absence(coordinator: Option<&View<'_>>, lang: Lang) -> &'static str {
    match coordinator.map(|node| node.duty) {
        None => word!(lang, "The coordinator does not run", "协调者没有运行"),
        Some(Duty::Out(_)) => {
            word!(
                lang,
                "The coordinator keeps out, because its disk cannot be trusted",
                "协调者的磁盘不可信，因此不参与"
            )
        }
        Some(_) => word!(lang, "The coordinator is starting", "协调者正在启动"),
    }
}

fn headline(nodes: &[Option<View<'_>>], lang: Lang) -> String {
    let sites = || nodes.iter().flatten().filter_map(|node| node.site);
    let coordinator = nodes.first().and_then(Option::as_ref);
    let in_doubt: Vec<TransactionId> = sites().flat_map(|site| site.in_doubt().map(|(t, _)| t)).collect();
    let locked: usize = sites().map(|site| site.locks().iter().count()).sum();
    let is_up = coordinator.is_some_and(|node| node.duty == Duty::TakesPart);
    if !is_up {
        let absence = absence(coordinator, lang);
        let Some(t) = in_doubt.first() else {
            return say!(lang, "{absence}; nothing can be begun.", "{absence}；无法开始任何事务。");
        };
        let count = in_doubt.iter().filter(|other| *other == t).count();
        let s = plural(count);
        return say!(
            lang,
            "{absence}. {count} participant{s} said yes to {t} without knowing the outcome; accounts locked: {locked}.",
            "{absence}。{count} 个参与者对 {t} 说了“是”，却不知道结果；{locked} 个账户保持锁定。"
        );
    }
    let waiting: usize =
        sites().map(|site| site.locks().iter().map(|(_, lock)| lock.waiters.len()).sum::<usize>()).sum();
    let open = coordinator.and_then(|node| node.coordinator).and_then(|c| c.transactions().next());
    let Some((t, book)) = open else {
        return idle(&mut sites(), in_doubt.len(), lang);
    };
    let of = book.participants.len();
    match book.phase {
        Phase::Working if waiting > 0 => {
            let s = plural(waiting);
            say!(
                lang,
                "{t} does its work, with {waiting} transaction{s} waiting for a lock.",
                "{t} 正在工作；有 {waiting} 个事务在等待锁。"
            )
        }
        Phase::Working => {
            let s = plural(of);
            say!(lang, "{t} does its work at {of} site{s}.", "{t} 正在 {of} 个站点工作。")
        }
        Phase::Initiating | Phase::Voting | Phase::OnePhase => {
            let votes = book.votes.len();
            say!(lang, "{t}: {votes} of {of} votes are in.", "{t}：{of} 张选票已到 {votes} 张。")
        }
        Phase::PreCommitting => say!(
            lang,
            "{t}: all have voted yes; yet to confirm that they know: {}.",
            "{t}：全体赞成；还有 {} 个尚未确认知晓。",
            book.awaited.len()
        ),
        Phase::Deciding(Outcome::Commit) => {
            say!(
                lang,
                "{t}: all have voted yes; the decision is being written.",
                "{t}：全体赞成；决定正在写入磁盘。"
            )
        }
        Phase::Deciding(Outcome::Abort) => {
            say!(
                lang,
                "{t} is to be aborted; the decision is being written.",
                "{t} 将被中止；决定正在写入磁盘。"
            )
        }
        Phase::Completing(outcome) => {
            let outcome = match outcome {
                Outcome::Commit => word!(lang, "committed", "已提交"),
                Outcome::Abort => word!(lang, "aborted", "已中止"),
            };
            say!(
                lang,
                "{t} is {outcome}; yet to confirm: {}.",
                "{t} {outcome}；还有 {} 个尚未确认。",
                book.awaited.len()
            )
        }
        Phase::Asking => {
            say!(
                lang,
                "{t}: the coordinator asks what was decided without it.",
                "{t}：协调者在询问它缺席时的决定。"
            )
        }
    }
}

/// What is said when the coordinator has nothing to do.
fn idle(sites: &mut dyn Iterator<Item = &Site>, in_doubt: usize, lang: Lang) -> String {
    if in_doubt > 0 {
        let who = if in_doubt == 1 { "1 participant has" } else { &format!("{in_doubt} participants have") };
        return say!(
            lang,
            "The coordinator has nothing more to do; {who} said yes without knowing the outcome yet.",
            "协调者已无事可做；{in_doubt} 个参与者投了赞成票，还不知道结果。"
        );
    }
    let total: i64 = sites.flat_map(|site| site.store().iter()).map(|(_, version)| version.value).sum();
    say!(
        lang,
        "No transaction is under way; the accounts hold {total} in all.",
        "没有进行中的事务；所有账户共有 {total}。"
    )
}

fn fields(node: View<'_>, lang: Lang) -> Vec<Field> {
    let mut fields =
        vec![Field::new(word!(lang, "starts", "启动次数"), node.incarnation.to_string()).hint(word!(
            lang,
            "how often it has been started",
            "它启动过多少次"
        ))];
    if let Duty::Out(because) = node.duty {
        fields.push(Field::new(word!(lang, "kept out", "被排除"), out_text(because, lang)));
    }
    for (t, book) in node.coordinator.into_iter().flat_map(|coordinator| coordinator.transactions()) {
        let votes: Vec<String> = book
            .votes
            .iter()
            .map(|(site, vote)| match vote {
                Vote::Yes => say!(lang, "{site} yes", "{site} 赞成"),
                Vote::No(_) => say!(lang, "{site} no", "{site} 反对"),
                Vote::ReadOnly => say!(lang, "{site} read-only", "{site} 只读"),
            })
            .collect();
        fields.push(Field::new(t.to_string(), phase_text(book, lang)));
        if !votes.is_empty() {
            fields.push(Field::new(say!(lang, "votes on {t}", "{t} 的选票"), votes.join(", ")));
        }
        if let Some(cause) = book.cause {
            fields.push(Field::new(say!(lang, "why {t}", "{t} 的原因"), causes::abort_text(cause, lang)));
        }
    }
    for (waiter, site, holder) in node.coordinator.into_iter().flat_map(|c| c.wait_for_graph().edges()) {
        fields.push(
            Field::new(say!(lang, "{waiter} waits at {site}", "{waiter} 在 {site} 等待"), holder.to_string())
                .hint(word!(lang, "as far as the coordinator was told", "据协调者所知")),
        );
    }
    let Some(site) = node.site else {
        fields.push(log_field(node, lang));
        return fields;
    };
    for (t, branch) in site.branches() {
        let state = state_text(branch.state, lang);
        fields.push(Field::new(t.to_string(), state));
        let held = site.locks().held_by(t);
        fields.push(Field::new(say!(lang, "locks of {t}", "{t} 的锁"), held.to_string()));
        if branch.recovered {
            let text = word!(lang, "yes, it asks and does not judge", "是，它只询问，不作判断");
            fields.push(Field::new(say!(lang, "{t} after a crash", "{t} 崩溃后恢复"), text));
        }
    }
    for (key, version) in site.store().iter() {
        let by = version.written_by.map_or_else(|| "–".to_owned(), |t| t.to_string());
        fields.push(Field::new(key.to_string(), version.value.to_string()).hint(say!(
            lang,
            "written by {by}",
            "写入者 {by}"
        )));
    }
    fields.push(log_field(node, lang));
    fields
}

fn log_field(node: View<'_>, lang: Lang) -> Field {
    let (all, durable) = (node.log.entries().len(), node.log.durable());
    let s = plural(all);
    Field::new(
        word!(lang, "log", "日志"),
        say!(lang, "{all} record{s}, {durable} durable", "{all} 条记录，{durable} 条已持久化"),
    )
}

impl<V: Staged> Portray for Node<V> {
    const FACTS: &'static [FactOf<Self>] = FactsOf::<V>::FACTS;
    const VERBS: &'static [Verb] = facts::VERBS;
    const NAMED_NODES: &'static [(&'static str, NodeId)] = facts::NAMED_NODES;

    fn title(lang: Lang) -> &'static str {
        match V::NAME {
            "three-phase-commit" => word!(lang, "Three-phase commit", "三阶段提交"),
            _ => word!(lang, "Two-phase commit", "两阶段提交"),
        }
    }

    fn layout(_: &Self::Options) -> Layout {
        Layout::CoordinatorAbove
    }

    fn outline() -> Outline {
        Outline::Card
    }

    fn face(kind: u8) -> Face {
        messages::face(kind)
    }

    fn portrait(&self, _: NodeId, _: &Self::Options, lang: Lang) -> Portrait {
        portrait(self.into(), lang)
    }

    fn stands_since_us(&self) -> Option<u64> {
        self.site()?.in_doubt().next()?.1.in_doubt_since_us
    }

    fn badge(&self, lang: Lang) -> Option<Cell> {
        badge(self.into(), lang)
    }

    fn is_locked(&self) -> bool {
        self.site().is_some_and(|site| site.locks().iter().any(|(_, lock)| !lock.holders.is_empty()))
    }

    fn quorums(nodes: &[Option<Self>], _: &Self::Options) -> Vec<Quorum> {
        quorums(&views(nodes))
    }

    fn headline(cluster: &Cluster<Self>, lang: Lang) -> String {
        let nodes = cluster.nodes();
        headline(&views(nodes), lang)
    }

    fn timer_rank(timer: Timer) -> Option<u8> {
        match timer {
            Timer::Decision(_) => Some(0),
            Timer::Answers(_) => Some(1),
            Timer::Backup(_) | Timer::Election(_) => Some(2),
            Timer::Work(_) => Some(3),
            Timer::Prepare(_) => Some(4),
            Timer::Retransmit(_) => None,
        }
    }

    fn timer_name(timer: Timer, lang: Lang) -> String {
        let t = timer.transaction();
        match timer {
            Timer::Work(_) => say!(lang, "{t} work", "{t} 工作"),
            Timer::Answers(_) => say!(lang, "{t} votes", "{t} 投票"),
            Timer::Retransmit(_) => say!(lang, "{t} repeat", "{t} 重发"),
            Timer::Prepare(_) => say!(lang, "{t} prepare", "{t} 等待准备"),
            Timer::Decision(_) => say!(lang, "{t} decision", "{t} 等待决定"),
            Timer::Election(_) => say!(lang, "{t} election", "{t} 选举"),
            Timer::Backup(_) => say!(lang, "{t} backup", "{t} 备份协调"),
        }
    }

    fn message_text(message: &Message, lang: Lang) -> String {
        messages::text(message, lang)
    }

    fn message_fields(message: &Message, lang: Lang) -> Vec<Field> {
        messages::fields(message, lang)
    }

    fn reason_text(why: &Reason, node: NodeId, lang: Lang) -> String {
        reasons::text(why, node, lang)
    }

    fn reason_source(why: &Reason) -> &'static str {
        why.section()
    }

    fn reason_weight(why: &Reason) -> u8 {
        reasons::weight(why)
    }

    fn fields(&self, _: &Self::Options, lang: Lang) -> Vec<Field> {
        fields(self.into(), lang)
    }

    fn tables(nodes: &[Option<Self>], _: &Self::Options, lang: Lang) -> Vec<Table> {
        let nodes = views(nodes);
        vec![
            tables::transactions(&nodes, lang),
            tables::locks(&nodes, lang),
            tables::logs(&nodes, lang),
            tables::writes(&nodes, lang),
        ]
    }

    fn record_text(record: &Record, lang: Lang) -> String {
        records::text(record, lang)
    }

    fn command_text(command: &Command) -> String {
        commands::text(command)
    }

    fn parse_command(text: &str, lang: Lang) -> Result<Command, String> {
        commands::parse(text, lang)
    }

    fn commands(lang: Lang) -> Vec<Prompt> {
        commands::prompts(lang)
    }

    fn answer_text(answer: &Answer, lang: Lang) -> String {
        commands::answer_text(answer, lang)
    }

    fn operation_text(operation: &OperatorRequest) -> String {
        match operation {
            OperatorRequest::Checkpoint => "checkpoint".to_owned(),
        }
    }

    fn parse_operation(text: &str, lang: Lang) -> Result<OperatorRequest, String> {
        match text.trim() {
            "checkpoint" => Ok(OperatorRequest::Checkpoint),
            _ => Err(word!(lang, "Write: checkpoint.", "请输入：checkpoint。").to_owned()),
        }
    }

    fn operations(&self, _: NodeId, _: u16, lang: Lang) -> Vec<Prompt> {
        match self.duty() {
            Duty::TakesPart => vec![Prompt {
                label: word!(lang, "compact its log now", "立即压缩日志").to_owned(),
                example: "checkpoint".to_owned(),
            }],
            Duty::Starting | Duty::Out(_) => Vec::new(),
        }
    }

    fn violation_text(violation: &ViolationOf<Self>, lang: Lang) -> (String, String) {
        violations::text(violation, lang)
    }

    fn trace_state(&self, before: Option<&Self>) -> Value {
        trace::state(self.into(), before.map(View::from))
    }

    fn era_text(era: u64, lang: Lang) -> String {
        say!(lang, "start {era}", "第 {era} 次启动")
    }
}
