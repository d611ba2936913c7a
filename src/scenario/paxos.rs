//! The built-in scenarios of single-decree Paxos.

use super::preset::{Preset, Presets};
use crate::lang::Lang;
use crate::protocol::paxos::NodeSet;
use crate::protocol::paxos::synod::{BreakRules, Command, Operation, Options, Synod};
use crate::protocol::{ClientId, NodeId};
use crate::sim::{
    Address, ClientOptions, ClusterSetup, DiskOptions, Intervention, InterventionOf, LinkOptions, Scripted,
    Unsynced,
};
use crate::word;

type Setup = ClusterSetup<Synod>;
type Act = InterventionOf<Synod>;

impl Presets for Synod {
    fn presets() -> Vec<Preset<Synod>> {
        vec![
            preset("calm", |l| word!(l, "One proposer, calm", "一个提议者，一切平静"), calm_text, calm),
            preset("duel", |l| word!(l, "Duelling proposers", "提议者的对决"), duel_text, duel),
            preset(
                "duel-back-off",
                |l| word!(l, "The duel with back-off", "带退避的对决"),
                duel_back_off_text,
                duel_back_off,
            ),
            preset(
                "survivor",
                |l| word!(l, "A value outlives its proposer", "比提议者活得更久的值"),
                survivor_text,
                survivor,
            ),
            preset(
                "restart",
                |l| word!(l, "An acceptor restarts mid-ballot", "接受者在投票中途重启"),
                restart_text,
                restart_mid_ballot,
            ),
            preset(
                "forgotten",
                |l| word!(l, "A promise is forgotten", "被遗忘的承诺"),
                forgotten_text,
                forgotten,
            ),
            preset("minority", |l| word!(l, "A minority partition", "少数派分区"), minority_text, minority),
            preset(
                "flexible",
                |l| word!(l, "Flexible quorums that work", "可行的灵活法定数"),
                flexible_text,
                flexible,
            ),
            preset(
                "flexible-broken",
                |l| word!(l, "Quorums that do not meet", "不相交的法定数"),
                flexible_broken_text,
                flexible_broken,
            ),
        ]
    }
}

fn preset(
    name: &'static str,
    title: fn(Lang) -> &'static str,
    look_for: fn(Lang) -> &'static str,
    setup: fn() -> Setup,
) -> Preset<Synod> {
    Preset { name, title, look_for, seed: 7, setup }
}

/// How long a message takes in these scenarios. It is fixed, so that what the script does falls between the same
/// steps whatever the seed.
const LATENCY_US: u64 = 4_000;
/// How long a sync takes, fixed for the same reason.
const SYNC_US: u64 = 1_000;
/// When the first client asks, where the script does it.
const FIRST_US: u64 = 20_000;

/// Only the first so many nodes propose; time is fixed, and clients are patient.
fn steady(proposers: u16) -> Setup {
    Setup {
        options: Options { proposers: Some(NodeSet::all(proposers)), ..Options::default() },
        network: LinkOptions { latency_us_min: LATENCY_US, jitter_us_mean: 0, ..LinkOptions::default() },
        disk: DiskOptions { sync_us_min: SYNC_US, sync_us_max: SYNC_US },
        client: ClientOptions { timeout_us: 5_000_000, ..ClientOptions::default() },
        ..Setup::default()
    }
}

fn at(at_us: u64, act: Act) -> Scripted<Act> {
    Scripted { at_us, from_leader: false, act }
}

/// Client `c1` asks `n1` first, `c2` asks `n2`.
fn propose(client: u16, value: &str) -> Act {
    Act::Command { client: ClientId(client), command: Command::Propose { value: value.into() } }
}

fn crash(node: u16) -> Act {
    Act::Crash { node: NodeId(node), unsynced: Unsynced::Torn, unsent: 0 }
}

fn restart(node: u16) -> Act {
    Act::Restart { node: NodeId(node) }
}

fn cut(from: u16, to: u16) -> Act {
    let (from, to) = (Address::Node(NodeId(from)), Address::Node(NodeId(to)));
    Act::Cut { from, to, both_ways: true }
}

fn groups(groups: &[&[u16]]) -> Act {
    let group = |nodes: &&[u16]| nodes.iter().copied().map(NodeId).collect();
    Act::Partition { groups: groups.iter().map(group).collect() }
}

fn calm_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Two phases, a majority in each: first promises, then acceptances. Then the value is chosen for good.",
        "两个阶段，各需多数派：先是承诺，再是接受。然后值就永远选定了。"
    )
}

fn calm() -> Setup {
    Setup { script: vec![at(FIRST_US, propose(0, "tea"))], ..steady(1) }
}

fn duel_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Each new ballot closes the other's before it gets its acceptances. Without back-off this never ends.",
        "每个新编号都赶在对方得到接受之前使其失效。没有退避，永远不会结束。"
    )
}

fn duel_with(back_off: bool) -> Setup {
    let mut setup = steady(2);
    setup.options.back_off = back_off;
    // Learners that ask in vain would have a proposer begin a ballot; here the two shall be alone.
    setup.options.ask_again_us = 10_000_000;
    setup.clients = 2;
    // The second begins in the middle of the first one's phase 1, so that each phase 2 finds a higher promise.
    setup.script =
        vec![at(FIRST_US, propose(0, "tea")), at(FIRST_US + LATENCY_US + 2 * SYNC_US, propose(1, "coffee"))];
    setup
}

fn duel() -> Setup {
    duel_with(false)
}

fn duel_back_off_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The same start, but who is outbid waits for a random time. Soon one of them has the time that it needs.",
        "同样的开局，但被压过的一方会随机等待。很快其中之一就有了足够的时间。"
    )
}

fn duel_back_off() -> Setup {
    duel_with(true)
}

fn survivor_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n1 dies once a majority has accepted tea, and nobody knows. n2 wants coffee: see why it must propose tea.",
        "多数派刚接受 tea，n1 就崩溃了，没有人知情。n2 想要 coffee：看它为何必须提议 tea。"
    )
}

/// Phase 2 of `n1` reaches `n2` and `n3` only, and `n1` dies before their answers come back.
fn survivor() -> Setup {
    let mut setup = steady(2);
    setup.clients = 2;
    // Nobody learns but proposers, so that the choice stays unknown until somebody looks for it.
    setup.options.learners = Some(NodeSet::all(2));
    setup.options.ask_again_us = 10_000_000;
    let accepts = accept_sent_us();
    setup.script = vec![
        at(FIRST_US, propose(0, "tea")),
        at(accepts - 2_000, cut(0, 3)),
        at(accepts - 2_000, cut(0, 4)),
        at(
            accepts + LATENCY_US + SYNC_US / 2,
            Act::Cut { from: Address::Node(NodeId(2)), to: Address::Node(NodeId(1)), both_ways: false },
        ),
        at(accepts + LATENCY_US + 2 * SYNC_US, crash(0)),
        at(accepts + 12_000, Act::Heal),
        at(accepts + 40_000, propose(1, "coffee")),
        at(accepts + 140_000, restart(0)),
    ];
    setup
}

/// When a proposer whose client asks at `FIRST_US` sends its accept requests: the request travels, the ballot goes
/// to the disk, the prepare requests travel, promises go to the disk and travel.
const fn accept_sent_us() -> u64 {
    FIRST_US + LATENCY_US + SYNC_US + LATENCY_US + SYNC_US + LATENCY_US
}

fn restart_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n3 promises 1.n2, crashes, and finds the promise on its disk. The older 1.n1 asks in vain.",
        "n3 承诺 1.n2 后崩溃，重启后在磁盘上找到这个承诺。更早的 1.n1 请求落空。"
    )
}

/// `n1` hears of its promises only after `n2` has had its own from `n2`, `n3` and `n4`, and `n3` has crashed and come
/// back, so long after the second client asked.
fn restart_with(crash_after_us: u64, break_rules: BreakRules) -> Setup {
    let mut setup = steady(2);
    setup.clients = 2;
    setup.options.break_rules = break_rules;
    setup.options.ask_again_us = 10_000_000;
    setup.options.learners = Some(NodeSet::all(2));
    // `n1` has the promises of `n3` and `n5` and its own; `n2` and `n4` never hear of its ballot.
    let prepares = FIRST_US + LATENCY_US;
    let slow = LinkOptions { latency_us_min: 60_000, jitter_us_mean: 0, ..LinkOptions::default() };
    let late = |node: u16| Act::Link {
        from: Address::Node(NodeId(0)),
        to: Address::Node(NodeId(node)),
        options: Some(slow),
    };
    let second = FIRST_US + 30_000;
    setup.script = vec![
        at(1_000, cut(0, 1)),
        at(1_000, cut(0, 3)),
        at(FIRST_US, propose(0, "tea")),
        // The accept requests of `n1` take so long that all that follows happens before they arrive.
        at(prepares + SYNC_US + LATENCY_US, late(2)),
        at(prepares + SYNC_US + LATENCY_US, late(4)),
        at(1_000, cut(1, 4)),
        at(second, propose(1, "coffee")),
        at(second + crash_after_us + 500, crash(2)),
        at(second + crash_after_us + 7_500, restart(2)),
        at(300_000, Act::Heal),
        at(300_000, Act::Operation { node: NodeId(1), operation: Operation::BeginBallot }),
    ];
    setup
}

fn restart_mid_ballot() -> Setup {
    // It has promised `n2`, and its answer has left.
    restart_with(2 * LATENCY_US + 2 * SYNC_US, BreakRules::default())
}

fn forgotten_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n3 helps coffee to be chosen, restarts, and forgets its promise: it accepts the older tea, and two values are chosen.",
        "n3 帮助选定了 coffee，重启后却忘记了承诺：它接受了更早的 tea，于是选定了两个值。"
    )
}

fn forgotten() -> Setup {
    // Its acceptance has left, too.
    let break_rules = BreakRules { forget_promise_at_restart: true, ..BreakRules::default() };
    restart_with(4 * LATENCY_US + 3 * SYNC_US, break_rules)
}

fn minority_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n1 and n2 are cut off: two promises are not enough, however often n1 asks. The other side chooses.",
        "n1 和 n2 被隔开：两个承诺不够，无论 n1 问多少次。另一边则选定了值。"
    )
}

fn minority() -> Setup {
    let mut setup = steady(3);
    setup.clients = 3;
    setup.script = vec![
        at(5_000, groups(&[&[0, 1]])),
        at(FIRST_US, propose(0, "tea")),
        at(FIRST_US + 150_000, propose(2, "coffee")),
        at(FIRST_US + 500_000, Intervention::Heal),
    ];
    setup
}

fn flexible_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Phase 1 needs 4 of 5, phase 2 only 2: three nodes die after the promises, and the value is still chosen.",
        "阶段一需要 5 个中的 4 个，阶段二只要 2 个：承诺之后三个节点崩溃，值仍能选定。"
    )
}

fn flexible() -> Setup {
    let mut setup = steady(1);
    setup.options.phase_1_quorum = Some(4);
    setup.options.phase_2_quorum = Some(2);
    let accepts = accept_sent_us();
    setup.script = vec![at(FIRST_US, propose(0, "tea"))];
    setup.script.extend([2, 3, 4].map(|node| at(accepts + 500, crash(node))));
    setup.script.extend([2, 3, 4].map(|node| at(accepts + 400_000, restart(node))));
    setup
}

fn flexible_broken_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Two of five are enough in both phases, so two quorums can miss each other: tea is chosen, and so is coffee.",
        "两个阶段都只需五分之二，两个法定数可能互不相交：tea 被选定，coffee 也被选定。"
    )
}

fn flexible_broken() -> Setup {
    let mut setup = steady(3);
    setup.clients = 3;
    setup.options.phase_1_quorum = Some(2);
    setup.options.phase_2_quorum = Some(2);
    setup.options.break_rules.allow_disjoint_quorums = true;
    setup.script = vec![
        at(5_000, groups(&[&[0, 1]])),
        at(FIRST_US, propose(0, "tea")),
        at(FIRST_US + 100_000, propose(2, "coffee")),
    ];
    setup
}

#[cfg(test)]
#[path = "paxos_tests.rs"]
mod tests;
