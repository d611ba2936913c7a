//! The reasons of Multi-Paxos in sentences: what a node did, and the rule that made it do so.

use super::super::invariant_text;
use super::{ballot_text, value_text};
use crate::lang::time;
use crate::protocol::NodeId;
use crate::protocol::paxos::multi::{Reason, Violation};
use crate::say;
use crate::scene::Lang;

/// How much a reader wants to hear this reason, of all those of a step.
pub(super) fn weight(why: &Reason) -> u8 {
    use Reason as R;
    match why {
        R::TakenOver { .. } | R::GapFilled { .. } | R::AcceptedValueIgnored { .. } => 8,
        _ if why.is_milestone() => 9,
        R::Chosen { .. }
        | R::Refused { .. }
        | R::OutbidAtOnce { .. }
        | R::ReadConfirmed { .. }
        | R::Trimmed { .. } => 8,
        R::Canvassed { .. } | R::LeaderIsHeard { .. } | R::PhaseOneGivenUp { .. } | R::DiskBehind => 7,
        R::PromiseBeyondKnown { .. } => 7,
        R::WouldPromise { .. } | R::SnapshotGoesOn { .. } | R::SnapshotPart { .. } => 6,
        R::WillingnessCounted { .. } => 5,
        R::CatchUp { .. } | R::SnapshotTold { .. } | R::DecisionsTold { .. } | R::AlreadyChosen { .. } => 7,
        R::Prepare { .. }
        | R::Promised { .. }
        | R::Proposed { .. }
        | R::ReadWaits { .. }
        | R::NotLeader { .. } => 7,
        R::Accepted { .. } | R::ChosenHeard { .. } | R::CommandWaits { .. } | R::AnsweredFromSession => 6,
        R::PromiseCounted { .. } | R::AcceptanceCounted { .. } | R::AskedAgain { .. } | R::OperatorAsks => 5,
        R::Applied { .. }
        | R::ClientAnswered { .. }
        | R::StillFollowing { .. }
        | R::KeepsOut
        | R::Started { .. } => 4,
        R::Heartbeat { .. } | R::LeaderHeard { .. } => 3,
        R::AwaitLeader { .. } => 1,
        _ => 2,
    }
}

/// A reason as a sentence about `node`.
#[expect(clippy::too_many_lines, reason = "one sentence for each rule, side by side")]
pub(super) fn text(why: &Reason, node: NodeId, lang: Lang) -> String {
    use Reason as R;
    match *why {
        R::Started { promised, applied } => {
            let promised = ballot_text(promised);
            say!(
                lang,
                "{node} starts: promised {promised}, slots up to {applied} applied.",
                "{node} 启动：已承诺 {promised}，槽位至 {applied} 已应用。"
            )
        }
        R::DiskLost => say!(
            lang,
            "{node} finds its disk empty. It may have promised what it no longer knows, so it votes no more and only learns.",
            "{node} 发现磁盘是空的。它可能做过如今已不记得的承诺，因此不再投票，只学习结果。"
        ),
        R::DiskDamaged => say!(
            lang,
            "{node} finds a damaged record that may have been a promise, so it votes no more and only learns.",
            "{node} 发现一条损坏的记录，那可能是一个承诺，因此不再投票，只学习结果。"
        ),
        R::PromiseForgotten { promised } => say!(
            lang,
            "{node} forgets that it had promised {promised}: this rule is broken on purpose.",
            "{node} 忘记了曾承诺 {promised}：这条规则被故意打破。"
        ),
        R::KeepsOut => say!(
            lang,
            "{node} stays out: it promises and accepts nothing.",
            "{node} 不再参与：不承诺也不接受。"
        ),
        R::Trimmed { through, snapshot } => say!(
            lang,
            "{node} saves its state as it is after slot {snapshot}, and trims the slots up to {through}.",
            "{node} 保存槽位 {snapshot} 之后的状态，并裁剪至槽位 {through}。"
        ),
        R::AwaitLeader { wait_us } => {
            let wait = time(wait_us, lang);
            say!(
                lang,
                "{node} waits {wait} for a leader before it tries to lead itself.",
                "{node} 等待领导者 {wait}，之后才会自己尝试领导。"
            )
        }
        R::BallotBegun { ballot, above: None } => say!(
            lang,
            "{node} has heard no leader and begins ballot {ballot}; the disk holds it before it is used.",
            "{node} 没有听到领导者，发起编号 {ballot}；先写盘再使用。"
        ),
        R::BallotBegun { ballot, above: Some(above) } => say!(
            lang,
            "{node} begins ballot {ballot}, higher than {above}; the disk holds it before it is used.",
            "{node} 发起高于 {above} 的编号 {ballot}；先写盘再使用。"
        ),
        R::Canvassed { ballot } => say!(
            lang,
            "{node} has heard no leader. Before it begins ballot {ballot} it asks who would promise it: this disturbs nobody.",
            "{node} 没有听到领导者。发起编号 {ballot} 之前，它先问谁愿意承诺：这不会打扰任何节点。"
        ),
        R::WouldPromise { ballot } => say!(
            lang,
            "{node} hears no leader either, and would promise {ballot}.",
            "{node} 也没有听到领导者，愿意承诺 {ballot}。"
        ),
        R::LeaderIsHeard { ballot, leader } if leader == node => say!(
            lang,
            "{node} leads, and acceptors answer it: it would not promise {ballot}.",
            "{node} 正在领导，且有接受者答复：它不愿承诺 {ballot}。"
        ),
        R::LeaderIsHeard { ballot, leader } => say!(
            lang,
            "{node} has just heard from {leader}, which leads: it would not promise {ballot}.",
            "{node} 刚听到领导者 {leader} 的消息：它不愿承诺 {ballot}。"
        ),
        R::WillingnessCounted { ballot, count, needed } => say!(
            lang,
            "{count} of the {needed} acceptors that {node} needs would promise {ballot}.",
            "{node} 需要 {needed} 个接受者愿意承诺 {ballot}，现有 {count} 个。"
        ),
        R::Unheard { ballot, heard, needed } => say!(
            lang,
            "Only {heard} of the {needed} acceptors that {node} needs have answered it: it gives up leading under {ballot}, so that another can.",
            "{node} 需要 {needed} 个接受者，只有 {heard} 个答复：它不再以 {ballot} 领导，让其他节点接替。"
        ),
        R::PhaseOneGivenUp { ballot } => say!(
            lang,
            "{node} has found no quorum for {ballot} in time, and gives it up.",
            "{node} 未能及时为 {ballot} 得到法定数，于是放弃。"
        ),
        R::PromiseBeyondKnown { ballot, trimmed } => say!(
            lang,
            "This promise of {ballot} does not count for {node} yet: its acceptor has trimmed up to slot {trimmed}, and {node} does not know what was chosen there.",
            "{node} 还不能计入这个对 {ballot} 的承诺：承诺者已裁剪至槽位 {trimmed}，而 {node} 不知道那里选定了什么。"
        ),
        R::SnapshotGoesOn { through, sent, total } => say!(
            lang,
            "{node} goes on with its state after slot {through}, from byte {sent} of {total}.",
            "{node} 继续发送槽位 {through} 之后的状态，自第 {sent} 字节起，共 {total} 字节。"
        ),
        R::SnapshotPart { through, received, total } => say!(
            lang,
            "{node} has {received} of the {total} bytes of the state after slot {through}, and asks for more.",
            "{node} 已收到槽位 {through} 之后状态的 {received} 字节，共 {total} 字节，继续索取。"
        ),
        R::DiskBehind => say!(
            lang,
            "The disk of {node} is so far behind that it drops this answer; it will be asked again.",
            "{node} 的磁盘落后太多，因此不作答复；对方会再次询问。"
        ),
        R::BallotsUsedUp => say!(lang, "{node} has no higher ballot left.", "{node} 已没有更高的编号可用。"),
        R::OperatorAsks => say!(lang, "{node} is told to try to lead.", "{node} 被要求尝试领导。"),
        R::Prepare { ballot, from } => say!(
            lang,
            "Phase 1, once for all slots: {node} asks for promises of {ballot} and for what is known from slot {from} on.",
            "阶段一，一次覆盖所有槽位：{node} 请求承诺 {ballot}，并询问槽位 {from} 起已知的内容。"
        ),
        R::PromiseCounted { ballot, count, needed } => say!(
            lang,
            "{node} has {count} of the {needed} promises that it needs for {ballot}.",
            "{node} 的编号 {ballot} 已得到 {count} 个承诺，需要 {needed} 个。"
        ),
        R::Leads { ballot, next } => say!(
            lang,
            "{node} leads with ballot {ballot}. It finishes what others began; new commands go to slot {next} and after.",
            "{node} 以编号 {ballot} 领导。它先完成别人开始的槽位；新命令从槽位 {next} 起。"
        ),
        R::AskedAgain { ballot, silent } => say!(
            lang,
            "{node} asks {silent} silent acceptors again, still under {ballot}: messages can be lost.",
            "{node} 仍以 {ballot} 再次询问 {silent} 个未答复的接受者：消息可能丢失。"
        ),
        R::Preempted { ballot, by } => say!(
            lang,
            "{node} gives ballot {ballot} up: {by} is higher.",
            "{node} 放弃编号 {ballot}：{by} 更高。"
        ),
        R::OutbidAtOnce { above } => say!(
            lang,
            "{node} outbids {above} at once: back-off is switched off.",
            "{node} 立即以更高的编号压过 {above}：退避已关闭。"
        ),
        R::Heartbeat { ballot } => say!(
            lang,
            "{node} lets the others hear that it leads, with ballot {ballot}.",
            "{node} 让其他节点知道它仍以编号 {ballot} 领导。"
        ),
        R::LeaderHeard { ballot } => say!(
            lang,
            "{node} hears from the leader of ballot {ballot}.",
            "{node} 听到编号 {ballot} 的领导者。"
        ),
        R::Promised { ballot, reported: 0 } => say!(
            lang,
            "{node} promises {ballot} for all slots; it has nothing to report.",
            "{node} 为所有槽位承诺 {ballot}；没有可报告的内容。"
        ),
        R::Promised { ballot, reported: 1 } => say!(
            lang,
            "{node} promises {ballot} for all slots, and reports what it knows of one slot.",
            "{node} 为所有槽位承诺 {ballot}，并报告一个槽位的内容。"
        ),
        R::Promised { ballot, reported } => say!(
            lang,
            "{node} promises {ballot} for all slots, and reports what it knows of {reported} slots.",
            "{node} 为所有槽位承诺 {ballot}，并报告 {reported} 个槽位的内容。"
        ),
        R::Accepted { slot, ballot } => say!(
            lang,
            "{node} accepts the value of {ballot} for slot {slot}. The disk holds that before the answer leaves.",
            "{node} 在槽位 {slot} 接受 {ballot} 的值。先写盘，再答复。"
        ),
        R::Refused { ballot, promised } => say!(
            lang,
            "{node} refuses {ballot}: it has promised {promised}, which is higher.",
            "{node} 拒绝 {ballot}：它已承诺更高的 {promised}。"
        ),
        R::AlreadyChosen { slot } => say!(
            lang,
            "{node} knows what was chosen for slot {slot}, and says so.",
            "{node} 知道槽位 {slot} 选定了什么，并告知对方。"
        ),
        R::Proposed { slot, ballot } => say!(
            lang,
            "Phase 2: {node} gives the command slot {slot} and asks to accept it under {ballot}.",
            "阶段二：{node} 把命令放入槽位 {slot}，请求在 {ballot} 下接受。"
        ),
        R::TakenOver { slot, ballot, from } => say!(
            lang,
            "Slot {slot} was begun under {from} and may be chosen: {node} finishes it with the same value, under {ballot}.",
            "槽位 {slot} 曾在 {from} 下开始，可能已选定：{node} 在 {ballot} 下用相同的值完成它。"
        ),
        R::GapFilled { slot, ballot } => say!(
            lang,
            "Slot {slot} is a gap that nobody in the quorum knows of: {node} fills it with a no-op, under {ballot}.",
            "槽位 {slot} 是空缺，法定数的节点都不知道它：{node} 在 {ballot} 下用空操作填补。"
        ),
        R::AcceptedValueIgnored { slot, ballot, from } => say!(
            lang,
            "{node} ignores the value reported for slot {slot} from {from} and proposes a no-op under {ballot}: this rule is broken on purpose.",
            "{node} 无视 {from} 在槽位 {slot} 报告的值，在 {ballot} 下提议空操作：这条规则被故意打破。"
        ),
        R::AcceptanceCounted { slot, count, needed } => say!(
            lang,
            "{node} has {count} of the {needed} acceptances that it needs for slot {slot}.",
            "{node} 的槽位 {slot} 已得到 {count} 个接受，需要 {needed} 个。"
        ),
        R::Chosen { slot, ballot, count } => say!(
            lang,
            "{count} acceptors have accepted slot {slot} under {ballot}: a quorum. {node} tells everybody that it is chosen.",
            "{count} 个接受者在 {ballot} 下接受了槽位 {slot}：达到法定数。{node} 告诉所有节点它已选定。"
        ),
        R::ChosenHeard { slot } => {
            say!(lang, "{node} learns what is chosen for slot {slot}.", "{node} 得知槽位 {slot} 选定的值。")
        }
        R::Applied { from, through } if from == through => {
            say!(lang, "{node} applies slot {through}.", "{node} 应用槽位 {through}。")
        }
        R::Applied { from, through } => say!(
            lang,
            "{node} applies slots {from} to {through}, in order.",
            "{node} 按顺序应用槽位 {from} 至 {through}。"
        ),
        R::CatchUp { from, through } => say!(
            lang,
            "{node} has missed slots {from} to {through}, and asks for them.",
            "{node} 错过了槽位 {from} 至 {through}，于是索取。"
        ),
        R::DecisionsTold { from, through } => say!(
            lang,
            "{node} tells what was chosen for slots {from} to {through}.",
            "{node} 告知槽位 {from} 至 {through} 选定的值。"
        ),
        R::SnapshotTold { through } => say!(
            lang,
            "{node} has trimmed the slots that are asked for, and sends its state after slot {through} instead.",
            "{node} 已裁剪所索取的槽位，改为发送槽位 {through} 之后的状态。"
        ),
        R::SnapshotInstalled { through } => say!(
            lang,
            "{node} adopts a snapshot: its state is now that after slot {through}.",
            "{node} 采用快照：其状态即槽位 {through} 之后的状态。"
        ),
        R::NotLeader { hint: Some(leader) } => say!(
            lang,
            "{node} does not lead and sends the client to {leader}.",
            "{node} 不是领导者，让客户端去找 {leader}。"
        ),
        R::NotLeader { hint: None } => say!(
            lang,
            "{node} does not lead and knows of nobody who does.",
            "{node} 不是领导者，也不知道谁是。"
        ),
        R::CommandWaits { waiting } => say!(
            lang,
            "{node} has enough slots under way; {waiting} commands wait.",
            "{node} 进行中的槽位已够多；{waiting} 条命令在等待。"
        ),
        R::AlreadyUnderWay => {
            say!(lang, "{node} has this request under way already.", "{node} 已在处理这个请求。")
        }
        R::AnsweredFromSession => say!(
            lang,
            "{node} has applied this request before and gives the same answer again.",
            "{node} 之前已应用过这个请求，再次给出同样的答复。"
        ),
        R::Overloaded => say!(lang, "{node} has too many requests waiting.", "{node} 等待的请求太多。"),
        R::ClientAnswered { slot } => say!(
            lang,
            "{node} has applied slot {slot} and answers its client.",
            "{node} 已应用槽位 {slot}，答复其客户端。"
        ),
        R::ReadWaits { slot, .. } => say!(
            lang,
            "{node} may answer this read once a quorum confirms that it still leads and slot {slot} is applied. It takes no slot.",
            "待法定数的节点确认它仍在领导，且槽位 {slot} 已应用，{node} 才能答复这次读取。读取不占槽位。"
        ),
        R::StillFollowing { ballot } => say!(
            lang,
            "{node} confirms that it has promised nothing above {ballot}.",
            "{node} 确认它没有承诺高于 {ballot} 的编号。"
        ),
        R::ReadConfirmed { slot, count } => say!(
            lang,
            "{count} acceptors confirm that {node} still leads: it answers the read from its state after slot {slot}.",
            "{count} 个接受者确认 {node} 仍在领导：它以槽位 {slot} 之后的状态答复读取。"
        ),
    }
}

/// A violation: the invariant's name, and the two facts that contradict each other.
pub(super) fn violation(violation: &Violation, lang: Lang) -> (String, String) {
    let facts = match violation {
        Violation::Agreement { slot, first, second, node } => {
            let (first, second) = (value_text(&first.value, lang), value_text(second, lang));
            say!(
                lang,
                "for slot {slot}, {first} was chosen, and {node} shows that {second} is, too.",
                "槽位 {slot} 已选定 {first}，而 {node} 表明 {second} 也被选定。"
            )
        }
        Violation::Unproposed { slot, node, proposal } => {
            let value = value_text(&proposal.value, lang);
            say!(
                lang,
                "{node} takes over {value} for slot {slot}, which nobody has proposed.",
                "{node} 在槽位 {slot} 接手 {value}，但没有人提议过它。"
            )
        }
        Violation::TwoValues { slot, ballot, first, second } => {
            let (first, second) = (value_text(first, lang), value_text(second, lang));
            say!(
                lang,
                "for slot {slot}, {first} and {second} are both proposed under {ballot}.",
                "槽位 {slot} 在 {ballot} 下同时提议了 {first} 和 {second}。"
            )
        }
        Violation::LearnedOnlyIfChosen { slot, node, value } => {
            let value = value_text(value, lang);
            say!(
                lang,
                "{node} holds {value} to be chosen for slot {slot}, and no quorum has accepted it.",
                "{node} 认为槽位 {slot} 选定了 {value}，但没有达到法定数的接受者接受它。"
            )
        }
        Violation::PromisesKept { node, promised, now: None } => {
            say!(
                lang,
                "{node} had promised {promised} and no longer knows of it.",
                "{node} 曾承诺 {promised}，现在却不记得了。"
            )
        }
        Violation::PromisesKept { node, promised, now } => {
            let now = ballot_text(*now);
            say!(
                lang,
                "{node} had promised {promised} and goes below it, to {now}.",
                "{node} 曾承诺 {promised}，却退到了 {now}。"
            )
        }
        Violation::AcceptedNeverGoesBack { slot, node, accepted, now } => {
            let now = ballot_text(*now);
            say!(
                lang,
                "{node} had accepted {accepted} for slot {slot}, and now says {now}.",
                "{node} 在槽位 {slot} 曾接受 {accepted}，现在却是 {now}。"
            )
        }
        Violation::P2c { slot, chosen, proposed } => {
            let (chosen, proposed) = (value_text(&chosen.value, lang), value_text(&proposed.value, lang));
            say!(
                lang,
                "for slot {slot}, {chosen} was chosen, and {proposed} is proposed under a higher ballot.",
                "槽位 {slot} 已选定 {chosen}，却有人以更高的编号提议 {proposed}。"
            )
        }
        Violation::StaleRead { node, applied, answered } => say!(
            lang,
            "{node} answered a read after slot {applied}, and a client had been told of slot {answered} before that read arrived.",
            "{node} 按槽位 {applied} 之后的状态答复了读取，而在该读取到达之前，已有客户端被告知槽位 {answered} 完成。"
        ),
    };
    (invariant_text(violation.invariant(), lang), facts)
}
