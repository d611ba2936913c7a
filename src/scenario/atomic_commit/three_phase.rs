//! The built-in scenarios of three-phase commit.

use super::{FIRST_US, Staged, ask, at, collection, crash, resources, restart, slow, steady};
use crate::lang::Lang;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::three_phase::ThreePhase;
use crate::protocol::atomic_commit::{ThreePhaseCommit, ThreePhaseOptions};
use crate::scenario::Preset;
use crate::sim::{ClusterSetup, Intervention, Scripted, Unsynced};
use crate::word;

type Setup = ClusterSetup<ThreePhaseCommit>;

impl Staged for ThreePhase {
    fn presets() -> Vec<Preset<ThreePhaseCommit>> {
        vec![
            preset("commit", |l| word!(l, "Three phases", "三个阶段"), commit_text, commit),
            preset(
                "where-two-phase-blocks",
                |l| word!(l, "Where two-phase commit blocks", "两阶段提交阻塞之处"),
                where_two_phase_blocks_text,
                where_two_phase_blocks,
            ),
            preset(
                "committable",
                |l| word!(l, "Crash after the pre-commit", "预提交之后的崩溃"),
                committable_text,
                committable,
            ),
            preset(
                "half-told",
                |l| word!(l, "Dead half-way through the pre-commits", "预提交发到一半时崩溃"),
                half_told_text,
                half_told,
            ),
            preset(
                "half-told-and-gone",
                |l| word!(l, "The only one that was told dies too", "唯一得知者也崩溃"),
                half_told_and_gone_text,
                half_told_and_gone,
            ),
            preset(
                "partition",
                |l| word!(l, "Split by a partition", "被分区撕裂"),
                partition_text,
                partition,
            ),
            preset("late", |l| word!(l, "Split by a delay", "被延迟撕裂"), late_text, late),
            preset(
                "total-failure",
                |l| word!(l, "Everybody crashes", "全体崩溃"),
                total_failure_text,
                total_failure,
            ),
        ]
    }
}

fn preset(
    name: &'static str,
    title: fn(Lang) -> &'static str,
    look_for: fn(Lang) -> &'static str,
    setup: fn() -> Setup,
) -> Preset<ThreePhaseCommit> {
    Preset { name, title, look_for, seed: 7, setup }
}

/// Ten from each of alice and bob to carol, and what is done to the cluster meanwhile.
fn with(script: Vec<Scripted<super::Act>>) -> Setup {
    let options = ThreePhaseOptions { resources: resources(4), ..ThreePhaseOptions::default() };
    let first = ask(FIRST_US, collection());
    steady(4, options, std::iter::once(first).chain(script).collect())
}

fn commit_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Between the votes and the decision everybody learns that all said yes: nobody commits while another is uncertain.",
        "在投票与决定之间，人人先得知全体赞成：有人不确定时，谁也不提交。"
    )
}

fn commit() -> Setup {
    with(Vec::new())
}

fn where_two_phase_blocks_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The same crash that leaves everyone in doubt under two-phase commit. Here the participants elect a backup and go on.",
        "同样的崩溃在两阶段提交下会让人人存疑。这里参与者选出备份协调者，继续前进。"
    )
}

fn where_two_phase_blocks() -> Setup {
    with(vec![crash(39_000, 0, Unsynced::Lost), restart(600_000, 0)])
}

fn committable_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The coordinator dies just after its pre-commits arrived. The backup finds committable participants and commits.",
        "协调者在预提交到达之后崩溃。备份协调者发现有可提交的参与者，于是提交。"
    )
}

fn committable() -> Setup {
    with(vec![crash(46_500, 0, Unsynced::Lost), restart(600_000, 0)])
}

fn half_told_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The coordinator dies while it sends its pre-commits: n2 gets one, n3 and n4 get none. n2 takes over, tells the other two first, and only then commits.",
        "协调者在发送预提交的途中崩溃：n2 收到了，n3 和 n4 没有。n2 接手，先告知另外两个，然后才提交。"
    )
}

/// The step that sends the pre-commits is at 42 ms; of its three messages the last two never left.
fn half_told() -> Setup {
    let dies = Intervention::Crash { node: NodeId(0), unsynced: Unsynced::Lost, unsent: 2 };
    with(vec![at(42_500, dies), restart(600_000, 0)])
}

fn half_told_and_gone_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n2 alone hears that all voted yes, and dies before it can say so. n3 and n4 know nothing and abort; n2 comes back, may not judge any more, and follows them.",
        "只有 n2 得知全体赞成，却在说出之前崩溃。n3 和 n4 一无所知，于是中止；n2 归来后无权再判断，只能跟随。"
    )
}

fn half_told_and_gone() -> Setup {
    let dies = Intervention::Crash { node: NodeId(0), unsynced: Unsynced::Lost, unsent: 2 };
    with(vec![at(42_500, dies), crash(47_000, 1, Unsynced::Lost), restart(300_000, 1), restart(600_000, 0)])
}

fn partition_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The known limit: a partition is not a crash. Each side takes the other for dead; one commits and the other aborts.",
        "已知的局限：分区不是崩溃。每一边都以为另一边已死；一边提交，另一边中止。"
    )
}

/// The network parts while the pre-commits are on their way: `n2` hears, `n3` and `n4` do not.
fn partition() -> Setup {
    let groups = vec![vec![NodeId(0), NodeId(1)], vec![NodeId(2), NodeId(3)]];
    with(vec![at(43_000, Intervention::Partition { groups }), at(900_000, Intervention::Heal)])
}

fn late_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Nothing is lost and nobody crashes; the pre-commits are only later than the time-outs assume. That is enough for a split.",
        "没有丢失，也没有崩溃；预提交只是比超时假设的来得晚。这就足以造成分裂。"
    )
}

fn late() -> Setup {
    with((1..4).map(|site| slow(40_000, 0, site, 250_000)).collect())
}

fn total_failure_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "All four crash after the vote. Nobody may judge until the last one is back, for it might know more.",
        "四个进程在投票后全部崩溃。最后一个归来之前谁也不能判断，因为它可能知道得更多。"
    )
}

fn total_failure() -> Setup {
    let crashes = (0..4).map(|node| crash(39_000, node, Unsynced::Lost));
    let returns = (0..4).map(|node| restart(200_000 + 150_000 * u64::from(node), node));
    with(crashes.chain(returns).collect())
}
