//! The built-in scenarios of consistent hashing.

use super::preset::{Preset, Presets};
use crate::lang::Lang;
use crate::protocol::consistent_hashing::Algorithm;
use crate::protocol::consistent_hashing::store::{
    BreakRules, Command, Dynamo, Operation, Options, VersionVector, key_name,
};
use crate::protocol::{ClientId, NodeId};
use crate::sim::{ClusterSetup, Intervention, InterventionOf, Scripted, Unsynced, Workload};
use crate::word;

type Setup = ClusterSetup<Dynamo>;
type Act = InterventionOf<Dynamo>;

impl Presets for Dynamo {
    fn presets() -> Vec<Preset<Dynamo>> {
        vec![
            preset("join", |l| word!(l, "One node joins", "一个节点加入"), join_text, join),
            preset(
                "dies-during-the-move",
                |l| word!(l, "One dies during the move", "移动途中有节点停机"),
                dies_text,
                dies,
            ),
            preset(
                "ring",
                |l| word!(l, "The ring, for comparison", "哈希环，用于对比"),
                ring_text,
                || one_joins(Algorithm::Ring, 16),
            ),
            preset(
                "modulo",
                |l| word!(l, "Modulo: nearly all keys move", "取模：几乎所有键都移动"),
                modulo_text,
                || one_joins(Algorithm::Modulo, 0),
            ),
            preset("one-point", |l| word!(l, "Virtual nodes: 1", "虚拟节点：1"), points_text, || points(1)),
            preset(
                "ten-points",
                |l| word!(l, "Virtual nodes: 10", "虚拟节点：10"),
                points_text,
                || points(10),
            ),
            preset(
                "hundred-points",
                |l| word!(l, "Virtual nodes: 100", "虚拟节点：100"),
                points_text,
                || points(100),
            ),
            preset("hot-key", |l| word!(l, "A hot key", "热点键"), hot_text, || hot_key(0)),
            preset(
                "hot-key-bounded",
                |l| word!(l, "A hot key with bounded loads", "有界负载下的热点键"),
                hot_bounded_text,
                || hot_key(1_250),
            ),
            preset("weights", |l| word!(l, "Weights", "权重"), weights_text, weights),
            preset(
                "hinted-handoff",
                |l| word!(l, "A partition with hinted handoff", "分区与提示移交"),
                handoff_text,
                handoff,
            ),
            preset(
                "siblings",
                |l| word!(l, "Siblings and read repair", "兄弟版本与读修复"),
                siblings_text,
                siblings,
            ),
            preset(
                "missed-write",
                |l| word!(l, "A read that misses a write", "漏读写入的读"),
                missed_text,
                || reads_and_writes(1),
            ),
            preset(
                "no-missed-write",
                |l| word!(l, "A read that cannot miss one", "不会漏读的读"),
                not_missed_text,
                || reads_and_writes(2),
            ),
            preset(
                "removal",
                |l| word!(l, "A dead owner is removed", "移除已停机的主人"),
                removal_text,
                removal,
            ),
            preset("leave", |l| word!(l, "One node leaves", "一个节点离开"), leave_text, leave),
            preset(
                "lost-disk",
                |l| word!(l, "A disk is lost and refilled", "磁盘丢失与恢复"),
                lost_disk_text,
                lost_disk,
            ),
            preset(
                "dense-ring",
                |l| word!(l, "A dense ring: 10,000 keys", "稠密的环：一万个键"),
                dense_text,
                dense,
            ),
            preset(
                "broken-handover",
                |l| word!(l, "Handed over before it arrived", "尚未到达就移交"),
                broken_handover_text,
                broken_handover,
            ),
        ]
    }
}

fn preset(
    name: &'static str,
    title: fn(Lang) -> &'static str,
    look_for: fn(Lang) -> &'static str,
    setup: fn() -> Setup,
) -> Preset<Dynamo> {
    Preset { name, title, look_for, seed: 7, setup }
}

/// When the first thing is done: every node has started by then.
const FIRST_US: u64 = 150_000;

fn at(at_us: u64, act: Act) -> Scripted<Act> {
    Scripted { at_us, from_leader: false, act }
}

fn operate(node: u16, operation: Operation) -> Act {
    Act::Operation { node: NodeId(node), operation }
}

fn ask(client: u16, command: Command) -> Act {
    Act::Command { client: ClientId(client), command }
}

fn put(client: u16, key: &str, value: &str) -> Act {
    let context = VersionVector::default();
    ask(client, Command::Put { key: key.into(), value: value.into(), context })
}

fn get(client: u16, key: &str) -> Act {
    ask(client, Command::Get { key: key.into() })
}

fn crash(node: u16) -> Act {
    Act::Crash { node: NodeId(node), unsynced: Unsynced::Torn, unsent: 0 }
}

/// Five nodes, of which four are members, with keys on their disks and clients that go on all the time.
fn four_and_a_spare(algorithm: Algorithm, virtual_nodes: u32) -> Setup {
    Setup {
        clients: 2,
        options: Options {
            algorithm,
            virtual_nodes,
            initial_members: 4,
            initial_keys: 120,
            ..Options::default()
        },
        workload: Some(Workload { think_us_mean: 120_000, keys: 120, commands_per_client: 0 }),
        ..Setup::default()
    }
}

fn one_joins(algorithm: Algorithm, virtual_nodes: u32) -> Setup {
    let mut setup = four_and_a_spare(algorithm, virtual_nodes);
    // One replica of each key, so that what moves is what changes its owner.
    (setup.options.replicas, setup.options.read_quorum, setup.options.write_quorum) = (1, 1, 1);
    setup.script = vec![at(FIRST_US, operate(4, Operation::Join))];
    setup
}

fn join_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n5 joins: its ranges arrive in chunks, it owns them once they are on its disk, and nothing else moves.",
        "n5 加入：它的区间分批到达，落盘之后才归它所有，其余的键都不移动。"
    )
}

fn join() -> Setup {
    Setup { script: vec![at(FIRST_US, operate(4, Operation::Join))], ..four_and_a_spare(Algorithm::Ring, 16) }
}

fn dies_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n5 dies half-way, and then a node that it fetches from. What had arrived is on disk, so it goes on.",
        "n5 在半途停机，随后一个来源节点也停机。已到达的内容都在磁盘上，因此可以继续。"
    )
}

fn dies() -> Setup {
    let mut setup = join();
    setup.script.extend([
        at(FIRST_US + 30_000, crash(4)),
        at(FIRST_US + 250_000, Act::Restart { node: NodeId(4) }),
        at(FIRST_US + 270_000, crash(1)),
        at(FIRST_US + 900_000, Act::Restart { node: NodeId(1) }),
    ]);
    setup
}

fn ring_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "One replica a key. When n5 joins, only the keys that it owns from now on move, and no other.",
        "每个键一份副本。n5 加入时，只有从此归它所有的键移动，别的都不动。"
    )
}

fn modulo_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "One replica a key, hash modulo the number of nodes. When n5 joins, four fifths of the keys move.",
        "每个键一份副本，哈希对节点数取模。n5 加入时，五分之四的键要移动。"
    )
}

fn points_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Keys per node: with one point each the shares are a matter of luck. Compare 1, 10 and 100: more points help, but 400 keys have a luck of their own.",
        "每个节点的键数：每个节点只有一个点时，份额全凭运气。比较 1、10、100 个点：点多有帮助，但只有 400 个键时，键本身也有运气。"
    )
}

fn points(virtual_nodes: u32) -> Setup {
    let mut setup = four_and_a_spare(Algorithm::Ring, virtual_nodes);
    setup.options.initial_members = 5;
    setup.options.initial_keys = 400;
    setup
}

fn hot_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "All clients read one key through n1, and n1 passes every read on to the key's first owner.",
        "所有客户端都经 n1 读同一个键，而 n1 把每个读请求都转给该键的第一个拥有者。"
    )
}

fn hot_bounded_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "No node is given more than 1.25 times its share of the reads under way; the others go on clockwise.",
        "任何节点分到的读请求都不超过份额的 1.25 倍；其余的沿顺时针走向下一个。"
    )
}

/// Clients whose first choice is `n1` read a key that `n1` does not own, again and again.
fn hot_key(read_load_factor_thousandths: u32) -> Setup {
    let mut setup = four_and_a_spare(Algorithm::Ring, 16);
    setup.options.initial_members = 5;
    setup.options.read_load_factor_thousandths = read_load_factor_thousandths;
    setup.clients = 16;
    setup.workload = None;
    let ring = |number: &u32| {
        let members: Vec<NodeId> = (0..setup.nodes).map(NodeId).collect();
        let ring = crate::protocol::consistent_hashing::store::Ring::new(&members, &setup.options);
        let place = crate::protocol::consistent_hashing::store::Place::of(&key_name(*number));
        !ring.owners(&place, &setup.options).contains(&NodeId(0))
    };
    let key = key_name((0..setup.options.initial_keys).find(ring).unwrap_or(0));
    for round in 0..12 {
        for client in [0, 5, 10, 15] {
            setup.script.push(at(FIRST_US + round * 60_000, get(client, &key)));
        }
    }
    setup
}

fn weights_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n1 has weight 4 and n2 weight 2: their shares of the keys are in proportion.",
        "n1 权重为 4，n2 为 2：它们分到的键与权重成正比。"
    )
}

fn weights() -> Setup {
    let mut setup = points(40);
    setup.options.weights = vec![4, 2];
    setup
}

fn handoff_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Both sides go on writing. Others stand in for owners out of reach and hand the keys over when it heals.",
        "两侧都继续写入。别的节点替不可达的拥有者保管，网络恢复后再移交。"
    )
}

fn handoff() -> Setup {
    let groups = vec![vec![NodeId(0), NodeId(1), NodeId(2)], vec![NodeId(3), NodeId(4), NodeId(5)]];
    Setup {
        nodes: 6,
        clients: 6,
        workload: Some(Workload { think_us_mean: 60_000, keys: 6, commands_per_client: 0 }),
        script: vec![
            at(FIRST_US, Intervention::Partition { groups }),
            at(2_000_000, Intervention::Heal),
            at(2_200_000, Intervention::Workload { workload: None }),
        ],
        ..Setup::default()
    }
}

fn siblings_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Two clients write without having read: both versions stay, until c3 reads both and writes. A read then repairs.",
        "两个客户端未读先写：两个版本并存，直到 c3 读到两者再写。随后的读会修复落后的副本。"
    )
}

fn siblings() -> Setup {
    Setup {
        clients: 4,
        options: Options { anti_entropy_interval_us: 0, sloppy_quorum: false, ..Options::default() },
        script: vec![
            at(FIRST_US, put(0, "cart", "milk")),
            at(FIRST_US, put(1, "cart", "bread")),
            at(400_000, get(2, "cart")),
            at(450_000, crash(1)),
            at(470_000, ask(2, Command::Update { key: "cart".into(), value: "milk+bread".into() })),
            at(1_000_000, Act::Restart { node: NodeId(1) }),
            at(1_400_000, get(3, "cart")),
            at(1_700_000, get(2, "cart")),
        ],
        ..Setup::default()
    }
}

fn missed_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "R = W = 1 of N = 3. n1 alone has the last write, which c1 was told is done; n2 answers c2 without it.",
        "N = 3，R = W = 1。最后一次写入只在 n1 上，c1 已得到确认；n2 回答 c2 时却没有它。"
    )
}

fn not_missed_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "R = W = 2 of N = 3. n1 alone cannot acknowledge the write; whoever reads two nodes meets one that has it.",
        "N = 3，R = W = 2。n1 独自无法确认写入；凡是读两个节点的，必遇到一个有它的节点。"
    )
}

/// n1 is cut off from n2 and n3 while c1 writes and c2 reads.
fn reads_and_writes(quorum: u16) -> Setup {
    let update = |value: &str| Command::Update { key: "cart".into(), value: value.into() };
    Setup {
        nodes: 3,
        clients: 3,
        options: Options {
            read_quorum: quorum,
            write_quorum: quorum,
            sloppy_quorum: false,
            ..Options::default()
        },
        script: vec![
            at(FIRST_US, put(0, "cart", "milk")),
            at(
                500_000,
                Intervention::Partition { groups: vec![vec![NodeId(0)], vec![NodeId(1), NodeId(2)]] },
            ),
            at(700_000, ask(0, update("milk+bread"))),
            at(1_800_000, get(1, "cart")),
            at(2_000_000, Intervention::Heal),
            at(3_000_000, get(1, "cart")),
        ],
        ..Setup::default()
    }
}

fn removal_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n6 is dead, so n5, which leaves, waits for it. An operator has n1 remove n6; its ranges go to others, and n5 leaves.",
        "n6 已停机，正在离开的 n5 一直等它。操作员让 n1 移除 n6；它的区间归了别人，n5 得以离开。"
    )
}

fn removal() -> Setup {
    let mut setup = four_and_a_spare(Algorithm::Ring, 16);
    (setup.nodes, setup.options.initial_members) = (6, 6);
    setup.script = vec![
        at(FIRST_US, crash(5)),
        at(FIRST_US + 300_000, operate(4, Operation::Leave)),
        at(1_800_000, operate(0, Operation::Remove { node: NodeId(5) })),
        at(3_300_000, Act::Restart { node: NodeId(5) }),
    ];
    setup
}

fn leave_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n5 hands over all it holds and stays an owner until everybody who follows has confirmed.",
        "n5 移交它持有的一切，并在所有后继都确认之前仍是拥有者。"
    )
}

fn leave() -> Setup {
    let mut setup = four_and_a_spare(Algorithm::Ring, 16);
    setup.options.initial_members = 5;
    setup.script = vec![at(FIRST_US, operate(4, Operation::Leave))];
    setup
}

fn lost_disk_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "n2 says that it lost its disk, answers no reads, and fetches again what it owns.",
        "n2 告知自己丢了磁盘，不回答读请求，并重新取回它拥有的键。"
    )
}

fn lost_disk() -> Setup {
    let mut setup = four_and_a_spare(Algorithm::Ring, 16);
    setup.options.initial_members = 5;
    setup.script = vec![
        at(FIRST_US, Intervention::LoseDisk { node: NodeId(1) }),
        at(FIRST_US + 300_000, Act::Restart { node: NodeId(1) }),
    ];
    setup
}

fn dense_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Ten nodes with 100 points each share 10,000 keys evenly; when n11 joins, it takes a little from everybody.",
        "十个节点各有 100 个点，均匀分担一万个键；n11 加入时，从每个节点各取一点。"
    )
}

fn dense() -> Setup {
    let mut setup = four_and_a_spare(Algorithm::Ring, 100);
    setup.nodes = 11;
    (setup.options.replicas, setup.options.read_quorum, setup.options.write_quorum) = (1, 1, 1);
    (setup.options.initial_members, setup.options.initial_keys) = (10, 10_000);
    // With one replica there is nothing to compare.
    setup.options.anti_entropy_interval_us = 0;
    setup.script = vec![at(FIRST_US, operate(10, Operation::Join))];
    setup
}

fn broken_handover_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "This rule is broken on purpose: n5 owns its ranges at once, and nobody has sent them yet.",
        "这条规则被故意打破：n5 立即拥有它的区间，而还没有人把键发给它。"
    )
}

fn broken_handover() -> Setup {
    let mut setup = join();
    setup.options.break_rules =
        BreakRules { range_handed_over_before_it_arrived: true, ..BreakRules::default() };
    setup
}

#[cfg(test)]
#[path = "consistent_hashing_tests.rs"]
mod tests;
