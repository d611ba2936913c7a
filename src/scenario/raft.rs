//! Raft's built-in scenarios.

use super::preset::{Preset, Presets};
use crate::lang::Lang;
use crate::protocol::key_value::Command;
use crate::protocol::raft::{BreakRules, Options, Raft};
use crate::protocol::{ClientId, NodeId};
use crate::sim::{
    Address, ClusterSetup, DiskOptions, Intervention, InterventionOf, Jitter, LinkOptions, Scripted,
    Unsynced, Workload,
};
use crate::word;

type Setup = ClusterSetup<Raft>;
type Act = InterventionOf<Raft>;

impl Presets for Raft {
    fn presets() -> Vec<Preset<Raft>> {
        vec![
            preset("calm", |l| word!(l, "A calm cluster", "平静的集群"), calm_text, 7, calm),
            preset(
                "leader-crash",
                |l| word!(l, "Leader crash", "领导者崩溃"),
                leader_crash_text,
                7,
                leader_crash,
            ),
            preset("split-vote", |l| word!(l, "Split vote", "选票瓜分"), split_vote_text, 1, split_vote),
            preset(
                "minority",
                |l| word!(l, "Leader in the minority", "领导者落入少数派"),
                minority_text,
                // Its old leader takes commands while it is cut off.
                8,
                minority,
            ),
            preset(
                "majority",
                |l| word!(l, "Leader keeps the majority", "领导者保有多数派"),
                majority_text,
                7,
                majority,
            ),
            preset(
                "figure-7",
                |l| word!(l, "The logs of Figure 7", "图 7 的日志"),
                figure_7_text,
                3,
                figure_7,
            ),
            preset(
                "figure-8",
                |l| word!(l, "The commit hazard of Figure 8", "图 8 的提交隐患"),
                figure_8_text,
                1,
                figure_8,
            ),
            preset(
                "figure-8-broken",
                |l| word!(l, "Figure 8 with the rule switched off", "关闭规则的图 8"),
                figure_8_broken_text,
                1,
                figure_8_broken,
            ),
            preset("lossy", |l| word!(l, "A lossy network", "丢包的网络"), lossy_text, 7, lossy),
            preset("slow-disk", |l| word!(l, "A slow disk", "缓慢的磁盘"), slow_disk_text, 7, slow_disk),
            preset(
                "snapshot",
                |l| word!(l, "A follower that needs a snapshot", "需要快照的跟随者"),
                snapshot_text,
                7,
                snapshot,
            ),
            preset(
                "duel",
                |l| word!(l, "Duelling clients on one key", "争抢同一个键的客户端"),
                duel_text,
                7,
                duel,
            ),
            preset(
                "stale-read",
                |l| word!(l, "A read at a leader that was deposed", "被废黜的领导者上的读取"),
                stale_read_text,
                7,
                stale_read,
            ),
            preset(
                "stale-read-broken",
                |l| word!(l, "The same read without its round", "省去轮次的同一次读取"),
                stale_read_broken_text,
                7,
                stale_read_broken,
            ),
            preset("lost-disk", |l| word!(l, "A lost disk", "丢失的磁盘"), lost_disk_text, 7, lost_disk),
            preset(
                "disruptive",
                |l| word!(l, "A server that disrupts", "扰乱集群的服务器"),
                disruptive_text,
                7,
                disruptive,
            ),
            preset(
                "transfer",
                |l| word!(l, "Leadership handed over", "移交领导权"),
                transfer_text,
                7,
                transfer,
            ),
            preset(
                "lost-answer",
                |l| word!(l, "An answer that is lost", "丢失的答复"),
                lost_answer_text,
                7,
                lost_answer,
            ),
            preset(
                "lost-answer-broken",
                |l| word!(l, "The same retry without sessions", "没有会话的同一次重试"),
                lost_answer_broken_text,
                7,
                lost_answer_broken,
            ),
        ]
    }
}

fn preset(
    name: &'static str,
    title: fn(Lang) -> &'static str,
    look_for: fn(Lang) -> &'static str,
    seed: u64,
    setup: fn() -> Setup,
) -> Preset<Raft> {
    Preset { name, title, look_for, seed, setup }
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

fn put(client: u16, key: &str, value: &str) -> Act {
    Act::Command { client: ClientId(client), command: Command::Put { key: key.into(), value: value.into() } }
}

fn group(nodes: &[u16]) -> Vec<Vec<NodeId>> {
    vec![nodes.iter().copied().map(NodeId).collect()]
}

fn calm_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "One election, then every command goes to a majority before it is answered.",
        "一次选举之后，每条命令都先到达多数派，再得到答复。"
    )
}

fn calm() -> Setup {
    steady()
}

fn leader_crash_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The leader dies at 900 ms: watch who notices first, and that no committed entry is lost.",
        "领导者在 900 ms 时崩溃：看谁最先察觉，以及已提交的条目一条不丢。"
    )
}

fn leader_crash() -> Setup {
    Setup { script: vec![from_leader(900_000, crash(0))], ..steady() }
}

fn split_vote_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Timeouts lie close together, so candidates take votes from each other; a new draw decides.",
        "超时时间过于接近，候选人互相分走选票；重新抽取后才见分晓。"
    )
}

fn split_vote() -> Setup {
    let options = Options {
        election_timeout_us_min: 150_000,
        election_timeout_us_max: 156_000,
        pre_vote: false,
        ..Options::default()
    };
    Setup { nodes: 4, options, ..steady() }
}

fn minority_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The old leader goes on taking commands that it can never commit, until it hears no majority and steps down.",
        "旧领导者仍在接收永远无法提交的命令，直到听不到多数派而退位。"
    )
}

fn minority() -> Setup {
    Setup {
        clients: 2,
        script: vec![
            from_leader(800_000, Act::Partition { groups: group(&[0, 1]) }),
            at(2_200_000, Act::Heal),
        ],
        ..steady()
    }
}

fn majority_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Two followers are cut off; the rest goes on. PreVote keeps them from disturbing it when they return.",
        "两个跟随者被隔开，其余照常运行。预投票使它们归来时不会打扰集群。"
    )
}

fn majority() -> Setup {
    Setup {
        script: vec![
            from_leader(800_000, Act::Partition { groups: group(&[1, 2]) }),
            at(2_200_000, Act::Heal),
        ],
        ..steady()
    }
}

fn figure_7_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Followers that miss entries, have extra ones, or both: the new leader makes every log its own.",
        "有的跟随者缺条目，有的多出条目，有的两者皆有：新领导者让所有日志与自己一致。"
    )
}

fn figure_7() -> Setup {
    let initial_logs = vec![
        vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
        vec![1, 1, 1, 4, 4, 5, 5, 6, 6],
        vec![1, 1, 1, 4],
        vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        vec![1, 1, 1, 4, 4, 4, 4],
        vec![1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    let options = Options { initial_logs, ..Options::default() };
    // The node that the figure calls the leader for term 8 stands first, because the others' clocks are slow.
    let mut script: Vec<_> = (1..7).map(slow_clock).collect();
    script
        .extend((1..7).map(|node| at(700_000, Act::Clock { node: NodeId(node), skew_us: 0, drift_ppm: 0 })));
    Setup { nodes: 7, options, clients: 1, script, ..Setup::default() }
}

fn slow_clock(node: u16) -> Scripted<Act> {
    at(1, Act::Clock { node: NodeId(node), skew_us: 0, drift_ppm: -500_000 })
}

fn figure_8_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "An entry of term 2 reaches a majority in a later term and is still not committed: it could be overwritten.",
        "任期 2 的条目在后来的任期里到达了多数派，却仍未提交：它还可能被覆盖。"
    )
}

/// Figure 8 of the paper, from its moment (b) on. Nodes are S1 to S5: S1 had led in term 2 and replicated index
/// 2 only to S2; S5 had led in term 3 and wrote another entry there.
///
/// Latencies are fixed and timeouts close, so that the moments below fit whatever the seed.
fn figure_8_with(break_rules: BreakRules) -> Setup {
    let options = Options {
        initial_logs: vec![vec![1, 2], vec![1, 2], vec![1], vec![1], vec![1, 3]],
        election_timeout_us_min: 150_000,
        election_timeout_us_max: 151_000,
        pre_vote: false,
        check_quorum: false,
        // So that the entry of term 2 reaches S3 alone, without the one of term 4 behind it.
        entries_per_message_max: 1,
        break_rules,
        ..Options::default()
    };
    let cut_off_first = |from: u16| Act::Cut {
        from: Address::Node(NodeId(0)),
        to: Address::Node(NodeId(from)),
        both_ways: true,
    };
    let mut script: Vec<_> = (1..4).map(slow_clock).collect();
    script.push(at(1, crash(4)));
    script.push(at(1, Act::Clock { node: NodeId(4), skew_us: 0, drift_ppm: 500_000 }));
    // (c): S1 is elected by S2 and S3 in term 4. Its entry of term 2 gets to S3 and so to a majority; the entry
    // of its own term, which would settle the matter, does not.
    script.push(at(2, cut_off_first(3)));
    script.push(at(173_800, cut_off_first(2)));
    script.push(at(177_000, crash(0)));
    // (d): S5 returns and is elected by S3 and S4, because its log ends in term 3 and theirs do not go further.
    script.push(at(178_000, Act::Heal));
    script.push(at(180_000, restart(4)));
    script.push(at(900_000, restart(0)));
    Setup {
        options,
        clients: 1,
        network: LinkOptions { latency_us_min: 3_000, jitter_us_mean: 0, ..LinkOptions::default() },
        disk: DiskOptions { sync_us_min: 1_000, sync_us_max: 1_000 },
        script,
        ..Setup::default()
    }
}

fn figure_8() -> Setup {
    figure_8_with(BreakRules::default())
}

fn figure_8_broken_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The leader commits an entry of an earlier term by counting, and a later leader overwrites it: safety is gone.",
        "领导者靠计数提交了旧任期的条目，随后被新领导者覆盖：安全性被破坏。"
    )
}

fn figure_8_broken() -> Setup {
    figure_8_with(BreakRules { commit_earlier_term: true, ..BreakRules::default() })
}

fn lossy_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "One message in five is lost and some come twice: retries make up for it, and no command applies twice.",
        "五分之一的消息丢失，有些还会重复：重试弥补了这一切，且没有命令被应用两次。"
    )
}

fn lossy() -> Setup {
    let network = LinkOptions {
        loss_ppm: 200_000,
        duplication_ppm: 50_000,
        jitter: Jitter::LongTail,
        jitter_us_mean: 5_000,
        ..LinkOptions::default()
    };
    Setup { network, clients: 2, ..steady() }
}

fn slow_disk_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "One follower's disk takes 40 ms to sync: it answers late, and the others make the majority without it.",
        "一个跟随者的磁盘同步需要 40 ms：它答复得晚，其余节点不等它也能形成多数派。"
    )
}

fn slow_disk() -> Setup {
    let slow = DiskOptions { sync_us_min: 35_000, sync_us_max: 45_000 };
    Setup {
        script: vec![from_leader(600_000, Act::Disk { node: Some(NodeId(1)), options: slow })],
        ..steady()
    }
}

fn snapshot_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "A follower is down for so long that the log no longer reaches back to it: it gets a snapshot instead.",
        "一个跟随者停机太久，日志已回溯不到它：它将收到一份快照。"
    )
}

fn snapshot() -> Setup {
    let options = Options {
        snapshot_every_entries: 20,
        log_tail_entries: 4,
        snapshot_chunk_bytes_max: 64,
        ..Options::default()
    };
    Setup {
        options,
        clients: 3,
        workload: Some(Workload { think_us_mean: 8_000, ..Workload::default() }),
        script: vec![from_leader(600_000, crash(1)), from_leader(2_400_000, restart(1))],
        ..Setup::default()
    }
}

fn duel_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Three clients write and compare-and-set the same key at once: the log decides who came first.",
        "三个客户端同时写入并比较设置同一个键：谁先谁后由日志决定。"
    )
}

fn duel() -> Setup {
    let mut script = Vec::new();
    for round in 0..6_u64 {
        for client in 0..3 {
            script.push(at(
                500_000 + round * 60_000,
                put(client, "x", &format!("{}.{round}", ClientId(client))),
            ));
        }
    }
    Setup { clients: 3, script, ..Setup::default() }
}

fn stale_read_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The old leader is cut off and does not know that another leads. A read asks it at 3 s: its round of heartbeats is answered by nobody, so it must not answer from what it knows.",
        "旧领导者被隔开，不知道已有新领导者。3 s 时一次读取找到它：它的心跳轮次无人应答，因此不能用自己所知的内容答复。"
    )
}

/// The leader is cut off from the others, and clients reach both sides. Without CheckQuorum it never notices.
fn stale_read_with(break_rules: BreakRules) -> Setup {
    let options = Options { check_quorum: false, break_rules, ..Options::default() };
    let get = |client| Act::Command { client: ClientId(client), command: Command::Get { key: "a".into() } };
    let script = vec![
        at(700_000, put(0, "a", "old")),
        // So that the second client goes on asking the one that leads now.
        at(800_000, get(1)),
        from_leader(1_000_000, Act::Partition { groups: group(&[0]) }),
        at(1_500_000, put(0, "a", "new")),
        at(3_000_000, get(1)),
        at(3_700_000, Act::Heal),
    ];
    Setup { nodes: 3, options, clients: 2, script, ..Setup::default() }
}

fn stale_read() -> Setup {
    stale_read_with(BreakRules::default())
}

fn stale_read_broken_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The old leader answers at once, without asking anybody whether it still leads: a client reads a value that another has replaced long before.",
        "旧领导者不问任何人自己是否仍在领导，就立即答复：客户端读到了早已被替换的值。"
    )
}

fn stale_read_broken() -> Setup {
    stale_read_with(BreakRules { read_without_round: true, ..BreakRules::default() })
}

fn lost_disk_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "A follower returns with an empty disk. It must not vote: it could break a promise that it no longer knows.",
        "一个跟随者带着空磁盘归来。它不能投票：否则可能违背自己已不记得的承诺。"
    )
}

fn lost_disk() -> Setup {
    Setup {
        script: vec![
            at(800_000, Act::LoseDisk { node: NodeId(3) }),
            at(1_000_000, restart(3)),
            at(
                1_800_000,
                Intervention::Operation {
                    node: NodeId(3),
                    operation: crate::protocol::raft::Operation::Readmit,
                },
            ),
        ],
        ..steady()
    }
}

fn disruptive_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "Without PreVote, a follower that was cut off comes back with a high term: a leader whom everybody heard has to step down.",
        "没有预投票时，被隔开的跟随者带着很高的任期归来：人人都听得到的领导者也不得不退位。"
    )
}

/// The counterpart of `majority`, where PreVote keeps the peace.
fn disruptive() -> Setup {
    let options = Options { pre_vote: false, ..Options::default() };
    Setup {
        options,
        script: vec![from_leader(800_000, Act::Partition { groups: group(&[1]) }), at(2_200_000, Act::Heal)],
        ..steady()
    }
}

fn transfer_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The leader is asked at 900 ms to hand over: it takes no new commands, brings the other up to date, and tells it to stand at once. Nobody waits for a timeout.",
        "900 ms 时领导者被要求移交：它不再接收新命令，让对方的日志跟上，再叫对方立即参选。谁也不必等超时。"
    )
}

fn transfer() -> Setup {
    let hand_over = crate::protocol::raft::Operation::TransferLeadership { to: NodeId(1) };
    Setup {
        script: vec![from_leader(900_000, Intervention::Operation { node: NodeId(0), operation: hand_over })],
        ..steady()
    }
}

fn lost_answer_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The command is carried out and its answer is lost. The client asks again, and its session knows the answer: nothing is done twice.",
        "命令已经执行，答复却丢了。客户端再次询问，它的会话记得那个答复：没有任何事做两遍。"
    )
}

/// A compare-and-set whose answer is lost, because one that is carried out twice fails the second time.
fn lost_answer_with(break_rules: BreakRules) -> Setup {
    let options = Options { break_rules, ..Options::default() };
    let book = |key: &str| Act::Command {
        client: ClientId(0),
        command: Command::CompareAndSet { key: key.into(), expected: None, value: "mine".into() },
    };
    let deaf =
        Act::Cut { from: Address::Node(NodeId(0)), to: Address::Client(ClientId(0)), both_ways: false };
    let script = vec![
        // So that the client knows the leader.
        at(700_000, put(0, "a", "1")),
        from_leader(900_000, deaf),
        at(910_000, book("seat")),
        at(1_200_000, Act::Heal),
    ];
    Setup { nodes: 3, options, clients: 1, script, ..Setup::default() }
}

fn lost_answer() -> Setup {
    lost_answer_with(BreakRules::default())
}

fn lost_answer_broken_text(lang: Lang) -> &'static str {
    word!(
        lang,
        "The retry is carried out as if it were new: the client is told that the seat is taken, and it was the client that took it.",
        "重试被当作新命令执行：客户端被告知座位已被占，而占座的正是它自己。"
    )
}

fn lost_answer_broken() -> Setup {
    lost_answer_with(BreakRules { ignore_sessions: true, ..BreakRules::default() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::protocol::Participant;
    use crate::protocol::raft::Role;
    use crate::sim::Recording;

    /// The run of a preset up to a moment, and not a step further.
    fn run(name: &str, seed: Option<u64>, until_us: u64) -> Recording<Raft> {
        let preset = Raft::preset(name).unwrap();
        let setup = (preset.setup)();
        setup.validate().unwrap();
        let mut recording = Recording::new(Arc::new(setup), seed.unwrap_or(preset.seed));
        recording.record_until(until_us, u32::MAX).unwrap();
        recording.fork(recording.steps_at(until_us))
    }

    fn terms(recording: &Recording<Raft>, node: u16) -> Vec<u64> {
        let raft = recording.head().node(NodeId(node)).unwrap();
        raft.log().iter().map(|(_, entry)| entry.term).collect()
    }

    #[test]
    fn every_preset_is_valid_and_ends_with_a_leader_and_without_a_violation() {
        for preset in Raft::presets().iter().filter(|preset| !preset.name.ends_with("-broken")) {
            let recording = run(preset.name, None, 4_000_000);
            let leaders =
                recording.head().nodes().iter().flatten().filter(|node| node.role() == Role::Leader);
            assert_eq!((leaders.count(), recording.violations().count()), (1, 0), "{}", preset.name);
        }
    }

    #[test]
    fn in_figure_7_the_leader_of_term_8_makes_every_log_its_own() {
        let recording = run("figure-7", None, 2_000_000);
        let expected = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8];
        for node in 0..7 {
            assert_eq!(terms(&recording, node), expected, "node {node}");
        }
    }

    #[test]
    fn in_figure_8_an_entry_on_a_majority_is_overwritten_because_it_was_never_committed() {
        for seed in 0..20 {
            let recording = run("figure-8", Some(seed), 176_900);
            let holders = (0..3).filter(|node| terms(&recording, *node).get(1) == Some(&2)).count();
            assert_eq!(holders, 3, "seed {seed}: a majority holds the entry of term 2");
            let recording = run("figure-8", Some(seed), 2_000_000);
            assert_eq!(terms(&recording, 2).get(1), Some(&3), "seed {seed}: and it is gone");
            assert_eq!(recording.violations().count(), 0, "seed {seed}");
        }
    }

    #[test]
    fn without_the_rule_of_5_4_2_figure_8_loses_a_committed_entry() {
        for seed in 0..20 {
            assert!(run("figure-8-broken", Some(seed), 2_000_000).violations().count() > 0, "seed {seed}");
        }
    }

    #[test]
    fn a_read_at_a_deposed_leader_is_stale_only_without_its_round() {
        for seed in 0..10 {
            let kept = run("stale-read", Some(seed), 6_000_000);
            assert_eq!(kept.violations().count(), 0, "seed {seed}");
            let done: u64 = kept.head().clients().iter().map(|client| client.done).sum();
            assert_eq!(done, 4, "seed {seed}: everybody is served in the end");
            let broken = run("stale-read-broken", Some(seed), 6_000_000);
            assert!(broken.violations().count() > 0, "seed {seed}: the old value was read");
        }
    }

    #[test]
    fn the_lagging_follower_gets_a_snapshot() {
        let recording = run("snapshot", None, 4_000_000);
        let installed = Raft::MESSAGE_KINDS.iter().position(|kind| *kind == "InstallSnapshot").unwrap() as u8;
        assert!(recording.infos(0).any(|info| info.kind == installed));
    }

    #[test]
    fn votes_split_at_least_once() {
        let recording = run("split-vote", None, 4_000_000);
        assert!(recording.head().nodes().iter().flatten().any(|node| node.term() > 1));
    }

    /// The node that leads, and its term.
    fn leader(recording: &Recording<Raft>) -> (NodeId, u64) {
        let mut nodes = recording.head().nodes().iter().flatten();
        nodes.find(|node| node.role() == Role::Leader).map(|node| (node.id(), node.term())).unwrap()
    }

    #[test]
    fn without_pre_vote_a_node_that_returns_deposes_the_leader_and_with_it_it_does_not() {
        for seed in 0..10 {
            let (before, after) =
                (run("disruptive", Some(seed), 800_000), run("disruptive", Some(seed), 4_000_000));
            assert!(leader(&after).1 > leader(&before).1, "seed {seed}");
            let (before, after) =
                (run("majority", Some(seed), 800_000), run("majority", Some(seed), 4_000_000));
            assert_eq!(leader(&after), leader(&before), "seed {seed}");
        }
    }

    #[test]
    fn leadership_is_handed_over_without_waiting_for_an_election_timeout() {
        for seed in 0..10 {
            let (before, after) =
                (run("transfer", Some(seed), 900_000), run("transfer", Some(seed), 960_000));
            let (NodeId(old), term) = leader(&before);
            assert_eq!(leader(&after), (NodeId((old + 1) % 5), term + 1), "seed {seed}");
        }
    }

    #[test]
    fn a_command_whose_answer_was_lost_is_done_twice_only_without_sessions() {
        for seed in 0..10 {
            let kept = run("lost-answer", Some(seed), 3_000_000);
            assert_eq!(kept.violations().count(), 0, "seed {seed}");
            assert_eq!(kept.head().clients()[0].done, 2, "seed {seed}");
            let broken = run("lost-answer-broken", Some(seed), 3_000_000);
            let entries = |recording: &Recording<Raft>| {
                let leads = |node: &&Raft| node.role() == Role::Leader;
                let nodes = recording.head().nodes().iter().flatten();
                nodes.filter(leads).map(|node| node.log().last_index()).max().unwrap()
            };
            assert_eq!(entries(&broken), entries(&kept) + 1, "seed {seed}: the retry is an entry of its own");
        }
    }

    #[test]
    fn a_lost_disk_keeps_its_node_out_until_it_is_readmitted() {
        let out = |until_us| run("lost-disk", None, until_us).head().node(NodeId(3)).unwrap().is_out();
        assert!(out(1_700_000) && !out(3_000_000));
    }
}
