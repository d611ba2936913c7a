//! The built-in scenarios of Multi-Paxos.

use super::preset::{Preset, Presets};
use crate::lang::Lang;
use crate::protocol::key_value::Command;
use crate::protocol::paxos::multi::{MultiPaxos, Options};
use crate::protocol::{ClientId, NodeId};
use crate::sim::{
    Address, ClientOptions, ClusterSetup, DiskOptions, InterventionOf, LinkOptions, Scripted, Unsynced,
    Workload,
};
use crate::word;

type Setup = ClusterSetup<MultiPaxos>;
type Act = InterventionOf<MultiPaxos>;

impl Presets for MultiPaxos {
    fn presets() -> Vec<Preset<MultiPaxos>> {
        vec![
            preset("calm", |l| word!(l, "A calm log", "平静的日志"), calm_text, steady),
            preset("gap", |l| word!(l, "A leader change leaves a gap", "更换领导者留下空缺"), gap_text, gap),
            preset(
                "leader-crash",
                |l| word!(l, "Leader crash", "领导者崩溃"),
                leader_crash_text,
                leader_crash,
            ),
            preset(
                "minority",
                |l| word!(l, "Leader in the minority", "领导者落入少数派"),
                minority_text,
                minority,
            ),
            preset(
                "duel",
                |l| word!(l, "Would-be leaders without back-off", "没有退避的领导权之争"),
                duel_text,
                duel,
            ),
            preset(
                "duel-back-off",
                |l| word!(l, "Would-be leaders with back-off", "有退避的领导权之争"),
                duel_back_off_text,
                duel_back_off,
            ),
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
            preset(
                "catch-up",
                |l| word!(l, "A node that missed too much", "错过太多的节点"),
                catch_up_text,
                catch_up,
            ),
            preset("chain", |l| word!(l, "A chain of connections", "连成一串的网络"), chain_text, chain),
            preset(
                "chain-no-pre-election",
                |l| word!(l, "A chain without pre-election", "没有预选的串联网络"),
                chain_without_text,
                chain_without,
            ),
            preset(
                "deaf-leader",
                |l| word!(l, "A leader that hears nobody", "听不见任何答复的领导者"),
                deaf_leader_text,
                deaf_leader,
            ),
        ]
    }
}

fn preset(
    name: &'static str,
    title: fn(Lang) -> &'static str,
    look_for: fn(Lang) -> &'static str,
    setup: fn() -> Setup,
) -> Preset<MultiPaxos> {
    Preset { name, title, look_for, seed: 7, setup }
}

fn steady() -> Setup {
    Setup { workload: Some(Workload { think_us_mean: 30_000, ..Workload::default() }), ..Setup::default() }
}

fn at(at_us: u64, act: Act) -> Scripted<Act> {
    Scripted { at_us, from_leader: false, act }
}

fn from_leader(at_us: u64, act: Act) -> Scripted<Act> {
    Scripted { at_us, from_leader: true, act }
}

fn crash(node: u16) -> Act {
    Act::Crash { node: NodeId(node), unsynced: Unsynced::Torn, unsent: 0 }
}

fn restart(node: u16) -> Act {
    Act::Restart { node: NodeId(node) }
}

fn partition(nodes: &[u16]) -> Act {
    Act::Partition { groups: vec![nodes.iter().copied().map(NodeId).collect()] }
}

fn put(client: u16, key: &str, value: &str) -> Act {
    Act::Command { client: ClientId(client), command: Command::Put { key: key.into(), value: value.into() } }
}

fn calm_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Phase 1 once, for all slots. Then each command takes one slot, and one round of acceptances chooses it.",
        "阶段一只做一次，覆盖所有槽位。此后每条命令占一个槽位，一轮接受即可选定。"
    )
}

fn gap_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Slot 3 reaches nobody, slot 4 reaches one node. The next leader fills slot 3 with a no-op and finishes slot 4.",
        "槽位 3 没有到达任何节点，槽位 4 到达了一个。新的领导者用空操作填补 3，并完成 4。"
    )
}

/// `n1` leads; two commands are chosen; of two more the first is lost on its way and the second reaches `n3`
/// alone; then the disk of `n1` is lost, so that nobody can tell what slot 3 was.
fn gap() -> Setup {
    let cut = |to: u16| Act::Cut {
        from: Address::Node(NodeId(0)),
        to: Address::Node(NodeId(to)),
        both_ways: false,
    };
    let lead = |node: u16| Act::Operation {
        node: NodeId(node),
        operation: crate::protocol::paxos::multi::Operation::TryToLead,
    };
    let mut script = vec![at(10_000, lead(0)), at(60_000, put(0, "a", "1")), at(80_000, put(1, "b", "2"))];
    // What n1 sends while it is cut off is lost. A client that asks another node first is sent to n1 within 9 ms.
    script.extend([1, 2, 3, 4].map(|node| at(119_000, cut(node))));
    script.push(at(120_000, put(2, "c", "3")));
    script.push(at(135_000, Act::Mend { from: Address::Node(NodeId(0)), to: Address::Node(NodeId(2)) }));
    script.push(at(136_000, put(3, "d", "4")));
    script.push(at(155_000, Act::LoseDisk { node: NodeId(0) }));
    script.push(at(160_000, Act::Heal));
    script.push(at(200_000, lead(1)));
    script.push(at(600_000, restart(0)));
    Setup {
        clients: 4,
        network: LinkOptions { latency_us_min: 3_000, jitter_us_mean: 0, ..LinkOptions::default() },
        disk: DiskOptions { sync_us_min: 1_000, sync_us_max: 1_000 },
        // Long enough that nobody tries to lead before the script says so, and nobody asks again before it is over.
        options: Options {
            election_timeout_us_min: 250_000,
            election_timeout_us_max: 500_000,
            ..Options::default()
        },
        client: ClientOptions { timeout_us: 600_000, ..ClientOptions::default() },
        script,
        ..Setup::default()
    }
}

fn leader_crash_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The leader dies at 900 ms: the next one asks what was accepted, and finishes it before anything new.",
        "领导者在 900 ms 时崩溃：继任者先问清已接受的内容并完成它，然后才处理新命令。"
    )
}

fn leader_crash() -> Setup {
    Setup {
        clients: 3,
        script: vec![from_leader(900_000, crash(0)), from_leader(2_000_000, restart(0))],
        ..steady()
    }
}

fn minority_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The old leader gets nothing chosen any more, and gives up when no quorum answers it; what it began is settled by the new one.",
        "旧领导者再也无法选定任何槽位，得不到法定数的答复后便放弃；它开始的由新领导者了结。"
    )
}

fn minority() -> Setup {
    Setup {
        clients: 2,
        script: vec![from_leader(800_000, partition(&[0, 1])), at(2_200_000, Act::Heal)],
        ..steady()
    }
}

fn duel_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Two nodes outbid each other at once, again and again: ballots rise, and no slot is chosen.",
        "两个节点不断立即压过对方：编号越来越高，却没有一个槽位被选定。"
    )
}

fn duel() -> Setup {
    duel_with(false)
}

fn duel_back_off_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The same two, but whoever is outbid waits a while that is drawn at random: soon one has time for both phases, leads, and takes the command.",
        "还是这两个节点，但被压过的一方会随机等待一阵：不久就有一方来得及走完两个阶段，成为领导者并接下命令。"
    )
}

fn duel_back_off() -> Setup {
    duel_with(true)
}

fn duel_with(back_off: bool) -> Setup {
    let lead = |node: u16| Act::Operation {
        node: NodeId(node),
        operation: crate::protocol::paxos::multi::Operation::TryToLead,
    };
    Setup {
        options: Options {
            proposers: Some([NodeId(0), NodeId(1)].into_iter().collect()),
            back_off,
            election_timeout_us_min: 1_000_000,
            election_timeout_us_max: 1_500_000,
            ..Options::default()
        },
        clients: 2,
        network: LinkOptions { latency_us_min: 4_000, jitter_us_mean: 0, ..LinkOptions::default() },
        disk: DiskOptions { sync_us_min: 1_000, sync_us_max: 1_000 },
        script: vec![at(10_000, lead(0)), at(16_000, lead(1)), at(30_000, put(0, "a", "1"))],
        ..Setup::default()
    }
}

fn flexible_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Two acceptances choose a slot, so three nodes may die and the leader goes on; only a new leader would need four.",
        "两个接受即可选定槽位：三个节点崩溃后领导者照常运行；只有更换领导者才需要四个。"
    )
}

fn flexible() -> Setup {
    let options = Options { phase_1_quorum: Some(4), phase_2_quorum: Some(2), ..Options::default() };
    let script = vec![
        from_leader(800_000, crash(1)),
        from_leader(800_000, crash(2)),
        from_leader(800_000, crash(3)),
        from_leader(2_000_000, restart(1)),
        from_leader(2_000_000, restart(2)),
        from_leader(2_000_000, restart(3)),
    ];
    Setup { options, script, ..steady() }
}

fn flexible_broken_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Two of five are enough in both phases: on each side of the cut a leader gets its slots chosen, and they differ.",
        "两个阶段都只需五分之二：分区两侧各有领导者选定槽位，而内容不同。"
    )
}

fn flexible_broken() -> Setup {
    let mut options = Options { phase_1_quorum: Some(2), phase_2_quorum: Some(2), ..Options::default() };
    options.break_rules.allow_disjoint_quorums = true;
    // The third client does not reach the old leader's side, and finds the other one.
    let lose_sight = |node: u16| Act::Cut {
        from: Address::Client(ClientId(2)),
        to: Address::Node(NodeId(node)),
        both_ways: true,
    };
    let script = vec![
        from_leader(800_000, partition(&[0, 1])),
        from_leader(800_000, lose_sight(0)),
        from_leader(800_000, lose_sight(1)),
    ];
    Setup { options, clients: 3, script, ..steady() }
}

fn catch_up_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "A node is down while the others trim their slots. It comes back, asks for them, and gets the state instead.",
        "一个节点停机期间，其余节点裁剪了槽位。它归来后索取槽位，得到的却是状态快照。"
    )
}

fn catch_up() -> Setup {
    let options = Options { snapshot_every_slots: 16, kept_slots: 4, ..Options::default() };
    Setup {
        options,
        clients: 3,
        workload: Some(Workload { think_us_mean: 8_000, ..Workload::default() }),
        script: vec![from_leader(600_000, crash(1)), from_leader(2_000_000, restart(1))],
        ..Setup::default()
    }
}

fn chain_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Two nodes lose sight of each other; a third hears both. The one without a leader asks first, is told that there is one, and disturbs nobody.",
        "两个节点互相失联，第三个节点能听到双方。听不到领导者的节点先询问，得知领导者仍在，便不打扰任何节点。"
    )
}

fn chain() -> Setup {
    let cut = |from: u16, to: u16| Act::Cut {
        from: Address::Node(NodeId(from)),
        to: Address::Node(NodeId(to)),
        both_ways: true,
    };
    Setup { nodes: 3, clients: 3, script: vec![from_leader(800_000, cut(0, 1))], ..steady() }
}

fn chain_without_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The same chain, but whoever hears no leader begins a ballot at once. It stops a leader that works, and then the other end does the same.",
        "同样的网络，但听不到领导者的节点立即发起新编号：它打断了正常工作的领导者，随后另一端又如法炮制。"
    )
}

fn chain_without() -> Setup {
    let mut setup = chain();
    setup.options.pre_election = false;
    setup
}

fn deaf_leader_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The leader is heard by all and hears nobody. Nothing is chosen until it notices that no quorum answers, and gives up.",
        "所有节点都能听到领导者，它却听不到任何节点。直到它发现没有法定数的答复而放弃，才能继续选定。"
    )
}

fn deaf_leader() -> Setup {
    let deafen = |node: u16| Act::Cut {
        from: Address::Node(NodeId(node)),
        to: Address::Node(NodeId(0)),
        both_ways: false,
    };
    let script = vec![from_leader(800_000, deafen(1)), from_leader(800_000, deafen(2))];
    Setup { nodes: 3, clients: 3, script, ..steady() }
}

#[cfg(test)]
#[path = "multi_paxos_tests.rs"]
mod tests;
