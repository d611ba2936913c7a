//! The built-in scenarios of two-phase commit.

use super::{
    FIRST_US, LATENCY_US, Staged, ask, at, collection, crash, cut, read, resources, restart, second_asks,
    slow, steady, transfer,
};
use crate::lang::Lang;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::two_phase::TwoPhase;
use crate::protocol::atomic_commit::{
    BreakRules, Command, DeadlockHandling, Operation, Presumption, ResourceOptions, TwoPhaseCommit,
    TwoPhaseOptions,
};
use crate::scenario::Preset;
use crate::sim::{Address, ClusterSetup, DiskOptions, Intervention, LinkOptions, Unsynced};
use crate::word;

type Setup = ClusterSetup<TwoPhaseCommit>;

impl Staged for TwoPhase {
    fn presets() -> Vec<Preset<TwoPhaseCommit>> {
        vec![
            preset("commit", |l| word!(l, "A commit", "一次提交"), commit_text, commit),
            preset("no-vote", |l| word!(l, "A no vote", "一张反对票"), no_vote_text, no_vote),
            preset(
                "vote-timeout",
                |l| word!(l, "A vote that does not come", "等不到的选票"),
                vote_timeout_text,
                vote_timeout,
            ),
            preset(
                "crash-before-decision",
                |l| word!(l, "Crash before the decision record", "决定记录之前的崩溃"),
                crash_before_text,
                crash_before,
            ),
            preset(
                "crash-after-decision",
                |l| word!(l, "Crash after the decision record", "决定记录之后的崩溃"),
                crash_after_text,
                crash_after,
            ),
            preset(
                "everyone-in-doubt",
                |l| word!(l, "Everyone in doubt", "人人存疑"),
                everyone_in_doubt_text,
                everyone_in_doubt,
            ),
            preset(
                "cooperation",
                |l| word!(l, "Cooperative termination", "协作终止"),
                cooperation_text,
                cooperation,
            ),
            preset(
                "abort-waits-for-disk",
                |l| word!(l, "An abort that waits for its disk", "等待磁盘的中止"),
                abort_waits_text,
                abort_waits,
            ),
            preset(
                "abort-told-early",
                |l| word!(l, "An abort that does not wait", "不等磁盘的中止"),
                abort_told_early_text,
                abort_told_early,
            ),
            preset(
                "presumed-abort",
                |l| word!(l, "Presumed abort, counted", "推定中止的开销"),
                presumed_abort_text,
                presumed_abort,
            ),
            preset(
                "presumed-commit",
                |l| word!(l, "Presumed commit, counted", "推定提交的开销"),
                presumed_commit_text,
                presumed_commit,
            ),
            preset(
                "read-only",
                |l| word!(l, "A read-only participant", "只读参与者"),
                read_only_text,
                read_only,
            ),
            preset("deadlock", |l| word!(l, "A deadlock", "死锁"), deadlock_text, deadlock),
        ]
    }
}

fn preset(
    name: &'static str,
    title: fn(Lang) -> &'static str,
    look_for: fn(Lang) -> &'static str,
    setup: fn() -> Setup,
) -> Preset<TwoPhaseCommit> {
    Preset { name, title, look_for, seed: 7, setup }
}

fn options(nodes: u16) -> TwoPhaseOptions {
    TwoPhaseOptions { resources: resources(nodes), ..TwoPhaseOptions::default() }
}

fn commit_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "30 go from alice to bob. Both sites say yes, and only then does either side of it become true.",
        "alice 转 30 给 bob。两个站点都说“是”，然后两边才一起成为事实。"
    )
}

fn commit() -> Setup {
    let script = vec![
        ask(FIRST_US, transfer(30, "alice", "bob")),
        ask(100_000, transfer(20, "bob", "alice")),
        ask(180_000, transfer(5, "alice", "bob")),
    ];
    steady(3, options(3), script)
}

fn no_vote_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "alice has 100 and is to give 130. Her site says no, so bob's money is taken back too.",
        "alice 只有 100，却要转出 130。她的站点说“不”，于是 bob 收到的钱也被收回。"
    )
}

fn no_vote() -> Setup {
    steady(3, options(3), vec![ask(FIRST_US, transfer(130, "alice", "bob"))])
}

fn vote_timeout_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "bob's site dies before it votes. The coordinator may abort when it has waited long enough: silence is no yes.",
        "bob 的站点在投票前崩溃。协调者等够之后就可以中止：沉默不等于赞成。"
    )
}

fn vote_timeout() -> Setup {
    let script = vec![
        ask(FIRST_US, transfer(30, "alice", "bob")),
        crash(34_000, 2, Unsynced::Lost),
        restart(300_000, 2),
    ];
    steady(3, options(3), script)
}

fn crash_before_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The coordinator has all votes and dies before its decision is on disk. When it returns it knows nothing, so it aborts.",
        "协调者收齐选票，却在决定落盘前崩溃。它归来时一无所知，于是中止。"
    )
}

fn crash_before() -> Setup {
    let script = vec![
        ask(FIRST_US, transfer(30, "alice", "bob")),
        crash(41_500, 0, Unsynced::Lost),
        restart(400_000, 0),
    ];
    steady(3, options(3), script)
}

fn crash_after_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The crash comes at the same moment, but the decision reached the disk, although nobody was told. After the restart it is a commit.",
        "崩溃发生在同一时刻，但决定已经落盘，只是没有人被告知；重启之后，结果是提交。"
    )
}

fn crash_after() -> Setup {
    let script = vec![
        ask(FIRST_US, transfer(30, "alice", "bob")),
        crash(41_500, 0, Unsynced::Kept),
        restart(400_000, 0),
    ];
    steady(3, options(3), script)
}

fn everyone_in_doubt_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Everyone said yes and the coordinator is gone. They ask each other and nobody knows: the locks stay until it returns.",
        "人人都说了“是”，协调者却不在了。他们互相询问，谁也不知道：在它归来之前锁一直保持。"
    )
}

/// Three participants vote yes; the votes never arrive. A second transfer waits for bob's account all the while.
fn everyone_in_doubt() -> Setup {
    let script = vec![
        ask(FIRST_US, collection()),
        second_asks(22_000, transfer(5, "bob", "alice")),
        crash(39_000, 0, Unsynced::Lost),
        restart(1_500_000, 0),
    ];
    // The second transaction has not voted and is not the point here: it is given up only later.
    let resources = ResourceOptions { prepare_timeout_us: 900_000, ..resources(4) };
    steady(4, TwoPhaseOptions { resources, ..options(4) }, script)
}

fn cooperation_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Only n2 hears the decision before the coordinator dies. The others are in doubt, ask around, and n2 can tell them.",
        "协调者崩溃前只有 n2 听到决定。其余参与者存疑，四处询问，而 n2 可以告诉它们。"
    )
}

fn cooperation() -> Setup {
    let script = vec![
        ask(FIRST_US, collection()),
        cut(41_500, 0, 2),
        cut(41_500, 0, 3),
        crash(44_000, 0, Unsynced::Lost),
        at(600_000, Intervention::Heal),
        restart(700_000, 0),
    ];
    steady(4, options(4), script)
}

/// A commit, an abort and a transaction that only reads, far enough apart to be counted one by one.
fn one_of_each(presumption: Presumption) -> Setup {
    let look = Command::Transaction { operations: vec![read("alice"), read("bob")] };
    let script = vec![
        ask(FIRST_US, transfer(30, "alice", "bob")),
        ask(150_000, transfer(500, "alice", "bob")),
        ask(300_000, look),
    ];
    steady(3, TwoPhaseOptions { presumption, ..options(3) }, script)
}

fn abort_waits_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n4 is asked by n3, in doubt, while its prepared record is still on the way to a slow disk. It aborts, and tells nobody before that is durable. It crashes first: only the prepared record is left, so it votes yes, and all commit.",
        "n4 的准备记录还在写入缓慢的磁盘时，存疑的 n3 来询问。它中止，但在持久化之前谁也不告知。它先崩溃了：只剩准备记录，于是投赞成票，全体提交。"
    )
}

fn abort_waits() -> Setup {
    abort_on_a_slow_disk(BreakRules::default())
}

fn abort_told_early_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Broken on purpose: n4 says that it has aborted before the record of that is durable. The crash takes the record and not the answer: one aborts, and the others commit.",
        "故意违反：n4 在中止记录持久化之前就告知。崩溃带走了记录，却带不走答复：一个中止，其他提交。"
    )
}

fn abort_told_early() -> Setup {
    abort_on_a_slow_disk(BreakRules { tell_own_abort_before_durable: true, ..BreakRules::default() })
}

/// Messages take 1 ms and a sync 0.5 ms here, but for a sync of `n4`, which takes 20 ms. Its prepared record is durable
/// at 125 ms and its abort would be at 129 ms; it crashes between the two.
fn abort_on_a_slow_disk(break_rules: BreakRules) -> Setup {
    let disk = |at_us: u64, sync_us: u64| {
        let options = DiskOptions { sync_us_min: sync_us, sync_us_max: sync_us };
        at(at_us, Intervention::Disk { node: Some(NodeId(3)), options })
    };
    let n4_to_n1 = (Address::Node(NodeId(3)), Address::Node(NodeId(0)));
    let script = vec![
        ask(100_000, collection()),
        disk(103_500, 20_000),
        crash(106_000, 1, Unsynced::Lost),
        crash(106_001, 2, Unsynced::Lost),
        at(107_900, Intervention::Cut { from: n4_to_n1.0, to: n4_to_n1.1, both_ways: false }),
        restart(108_001, 2),
        cut(112_000, 3, 2),
        crash(128_000, 3, Unsynced::Lost),
        disk(128_001, 500),
        at(128_002, Intervention::Mend { from: n4_to_n1.0, to: n4_to_n1.1 }),
        restart(130_000, 3),
        restart(135_000, 1),
    ];
    let options = TwoPhaseOptions { break_rules, ..options(4) };
    ClusterSetup {
        network: LinkOptions { latency_us_min: 1_000, jitter_us_mean: 0, ..LinkOptions::default() },
        disk: DiskOptions { sync_us_min: 500, sync_us_max: 500 },
        ..steady(4, options, script)
    }
}

fn presumed_abort_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "A commit, an abort, a read. The commit takes 8 messages and 5 forced writes, the abort 5 messages and 1, the read 4 and none. Compare with presumed commit.",
        "一次提交、一次中止、一次只读。提交用 8 条消息、5 次强制写入；中止用 5 条消息、1 次；只读用 4 条、0 次。请与推定提交比较。"
    )
}

fn presumed_abort() -> Setup {
    one_of_each(Presumption::Abort)
}

fn presumed_commit_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The same three under presumed commit. The commit takes 6 messages and 4 forced writes, the abort 6 messages and 4, the read 4 and 1.",
        "同样的三个事务，改用推定提交。提交用 6 条消息、4 次强制写入；中止用 6 条消息、4 次；只读用 4 条、1 次。"
    )
}

fn presumed_commit() -> Setup {
    one_of_each(Presumption::Commit)
}

fn read_only_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "carol's account is only looked at. Her site drops out with its vote: it writes nothing and is told nothing.",
        "carol 的账户只被查看。她的站点投票后即退出：不写入，也不再被通知。"
    )
}

fn read_only() -> Setup {
    let add = |name: &str, amount: i64| Operation::Add { at: super::account(name), amount };
    let operations = vec![add("alice", -30), add("bob", 30), read("carol")];
    steady(4, options(4), vec![ask(FIRST_US, Command::Transaction { operations })])
}

fn deadlock_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "alice pays bob while bob pays alice. Each transfer holds one account and waits for the other; the coordinator sees the circle.",
        "alice 付给 bob，同时 bob 付给 alice。每笔转账持有一个账户并等待另一个；协调者看出了这个环。"
    )
}

/// The first transfer's work reaches bob's site late, after that of the second.
fn deadlock() -> Setup {
    let script = vec![
        slow(FIRST_US, 0, 2, 40_000),
        ask(FIRST_US, transfer(30, "alice", "bob")),
        slow(25_000, 0, 2, LATENCY_US),
        second_asks(FIRST_US, transfer(10, "bob", "alice")),
    ];
    let resources = ResourceOptions { deadlock: DeadlockHandling::WaitForGraph, ..resources(3) };
    steady(3, TwoPhaseOptions { resources, ..options(3) }, script)
}
