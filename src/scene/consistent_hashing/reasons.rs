//! The store's reasons in sentences: what a node did, and the rule that made it do so.

use super::{position_text, status_text};
use crate::lang::plural;
use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::store::{DiskLoss, Reason, Violation};
use crate::scene::Lang;
use crate::{say, word};

/// How much a reader wants to hear this reason, of all those of a step.
pub(super) fn weight(why: &Reason) -> u8 {
    use Reason as R;
    match why {
        R::DiskLost { .. } | R::Joined { .. } | R::Left { .. } | R::Refilled { .. } | R::Removes { .. } => 10,
        _ if why.is_milestone() => 9,
        R::LeaveRefused { .. } | R::RemovalRefused { .. } | R::RemovalOfTheLiving { .. } => 9,
        R::JoinGivenUp
        | R::LeaveTakenBack
        | R::TooManySiblings { .. }
        | R::TooManyHints { .. }
        | R::TooFewReplicas { .. } => 9,
        R::ReadAnswered { .. } | R::NewVersion { .. } | R::KeepsHint { .. } => 8,
        R::WritesToStandIn { .. } | R::RepairedByComparing { .. } | R::NoCoordinator { .. } => 8,
        R::HandsOver { .. } | R::TookOver { .. } | R::HandoverConfirmed { .. } => 7,
        R::SendsRange { .. } | R::RangeArrived { .. } | R::RangeArrives { .. } | R::TellsOfMembers { .. } => {
            7
        }
        R::TransferBegins { .. }
        | R::PassesOn { .. }
        | R::ReadSpread { .. }
        | R::LeavesDiffer { .. }
        | R::FoundSilent { .. } => 7,
        R::RefillingAnswersNoReads { .. } | R::HeardOf { .. } | R::RemembersStanding { .. } => 7,
        R::Coordinates { .. } | R::ReadBeforeWrite { .. } | R::WritesToOwner { .. } => 6,
        R::Stores { .. } | R::StoredDurably { .. } | R::AnswersRead { .. } | R::TakesOver { .. } => 6,
        R::ReplicaRead { .. } | R::ReplicaWrote { .. } | R::OffersKeys { .. } | R::AnswersOffer { .. } => 5,
        R::TreesDiffer { .. } | R::TreesAgree { .. } | R::AsksReplica { .. } | R::Started { .. } => 5,
        R::ComparesTrees { .. } | R::Gossips { .. } | R::GossipsBack { .. } => 4,
        R::Durable { .. } | R::SyncBeforeAcknowledging { .. } => 2,
        R::WaitsToGossip | R::WaitsToCompare | R::WaitsForReplicas | R::WaitsForCoordinator { .. } => 1,
        _ => 3,
    }
}

/// A reason as a sentence about `node`.
#[expect(clippy::too_many_lines, reason = "one sentence for each rule, side by side")]
pub(super) fn text(why: &Reason, node: NodeId, lang: Lang) -> String {
    use Reason as R;
    let at = position_text;
    match *why {
        R::Started { keys, .. } => {
            let s = plural(keys);
            say!(lang, "{node} starts; its disk holds {keys} key{s}.", "{node} 启动；磁盘上有 {keys} 个键。")
        }
        R::TornTailCut { at } => say!(
            lang,
            "{node}'s log ends in the middle of a record, at byte {at}. Nobody was told of it, so it is cut off.",
            "{node} 的日志在字节 {at} 处断在一条记录中间。没有人据此得到过确认，因此截去。"
        ),
        R::DiskLost { loss: DiskLoss::Empty } => say!(
            lang,
            "{node} finds its disk empty. It says so, and answers no reads before it has fetched again what it owns.",
            "{node} 发现磁盘是空的。它如实告知，在重新取回所属的键之前不回答读请求。"
        ),
        R::DiskLost { loss: DiskLoss::Damaged } => say!(
            lang,
            "{node} finds a damaged record. What followed is unknown, so it counts its disk as lost and says so.",
            "{node} 发现一条损坏的记录。其后的内容不明，因此它把磁盘当作丢失，并如实告知。"
        ),
        R::RemembersStarts { starts } => say!(
            lang,
            "Another node knows of later starts; {node} counts its starts from {starts} on.",
            "别的节点知道更晚的启动；{node} 从 {starts} 起计数。"
        ),
        R::RemembersStanding { status } => {
            let status = status_text(status, lang);
            say!(
                lang,
                "{node} has forgotten how it stood to the ring, and is told: {status}.",
                "{node} 忘了自己与环的关系，由别人告知：{status}。"
            )
        }
        R::LogCompacted { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} writes its log anew with its {keys} key{s}; later records had replaced most of it.",
                "{node} 重写日志，只留 {keys} 个键；旧记录多已被取代。"
            )
        }
        R::SyncBeforeAcknowledging { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} syncs {keys} key{s} to disk before it tells anybody.",
                "{node} 先把 {keys} 个键同步到磁盘，再告诉别人。"
            )
        }
        R::Durable { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "What {node} wrote is on disk ({keys} key{s}).",
                "{node} 写入的内容已落盘（{keys} 个键）。"
            )
        }
        R::WaitsToGossip => say!(lang, "{node} will gossip again.", "{node} 将再次传播消息。"),
        R::Gossips { to } => say!(
            lang,
            "{node} tells {to} what it has heard of all nodes, and asks the same.",
            "{node} 把它对所有节点的了解告诉 {to}，并询问同样的事。"
        ),
        R::GossipsBack { to } => {
            say!(lang, "{node} tells {to} in turn what it has heard.", "{node} 把它的了解告诉 {to}。")
        }
        R::HeardOf { node: other, status, from } => {
            let status = status_text(status, lang);
            say!(
                lang,
                "{node} hears from {from}: {other} is {status} now.",
                "{node} 从 {from} 得知：{other} 现在{status}。"
            )
        }
        R::FoundSilent { node: other } => say!(
            lang,
            "{other} has not answered {node} in time; until it is heard of, others are asked instead.",
            "{other} 没有及时回答 {node}；在听到它的消息之前改问别的节点。"
        ),
        R::Joins { members } => say!(
            lang,
            "{node} is to join the ring of {members}. First it fetches what it is going to own.",
            "{node} 要加入有 {members} 个成员的环。它先取来将要拥有的键。"
        ),
        R::Joined { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} joins and owns its ranges from now on; its disk holds {keys} key{s}.",
                "{node} 加入，从此拥有自己的区间；磁盘上有 {keys} 个键。"
            )
        }
        R::JoinGivenUp => say!(
            lang,
            "{node} is told to leave before it has joined, so it stays outside.",
            "{node} 尚未加入就被要求离开，因此留在环外。"
        ),
        R::LeaveTakenBack => say!(
            lang,
            "{node} is told to join while it is leaving: it owns its ranges still, and stays.",
            "{node} 在离开途中被要求加入：它仍拥有自己的区间，于是留下。"
        ),
        R::NothingToJoin => {
            say!(lang, "{node} is in the ring already, or about to be.", "{node} 已在环中，或即将加入。")
        }
        R::Leaves { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} is to leave. First it hands its {keys} key{s} to the next owners.",
                "{node} 要离开。它先把 {keys} 个键交给将拥有它们的节点。"
            )
        }
        R::Left { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} leaves the ring: the next owners have its {keys} key{s} on disk.",
                "{node} 离开环：它的 {keys} 个键的新主人都已落盘。"
            )
        }
        R::LeaveRefused { remaining, needed } => {
            let s = plural(remaining);
            say!(
                lang,
                "{node} may not leave: {remaining} member{s} would remain, and a key needs {needed} nodes.",
                "{node} 不能离开：只会剩 {remaining} 个成员，而每个键需要 {needed} 个节点。"
            )
        }
        R::NothingToLeave => {
            say!(lang, "{node} is no member that could leave now.", "{node} 现在不是可以离开的成员。")
        }
        R::TransferBegins { sources } => {
            let s = plural(sources);
            say!(
                lang,
                "{node} asks {sources} member{s} for the keys that it is going to own.",
                "{node} 向 {sources} 个成员索取它将拥有的键。"
            )
        }
        R::FetchesNext { from } => {
            say!(lang, "{node} asks {from} for the next part.", "{node} 向 {from} 索取下一部分。")
        }
        R::FetchesAgain => say!(
            lang,
            "A part has not arrived in time; {node} asks for it again.",
            "有一部分没有及时到达；{node} 再次索取。"
        ),
        R::IsNoSource { from } => say!(
            lang,
            "{node} does not hold all that a member holds, so {from} gets nothing from it.",
            "{node} 自己也不完整，因此 {from} 不能从它这里取。"
        ),
        R::TellsOfMembers { to } => say!(
            lang,
            "{node} knows of a member that {to} has not named, and may have given keys up for it. It tells {to} of all members, and asks the same.",
            "{node} 知道有一个 {to} 没有提到的成员，可能已把一些键让给了它；它把所有成员告诉 {to}，并询问同样的事。"
        ),
        R::SendsRange { to, keys, is_last: false } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} sends {to} {keys} key{s} that it is going to own.",
                "{node} 把 {to} 将拥有的 {keys} 个键发给它。"
            )
        }
        R::SendsRange { to, keys: 0, is_last: true } => {
            say!(
                lang,
                "{node} has no more keys that {to} is going to own.",
                "{node} 没有更多 {to} 将拥有的键了。"
            )
        }
        R::SendsRange { to, keys, is_last: true } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} sends {to} the last {keys} key{s} that it is going to own.",
                "{node} 把 {to} 将拥有的最后 {keys} 个键发给它。"
            )
        }
        R::RangeArrives { from, keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} writes {keys} key{s} from {from} to disk.",
                "来自 {from} 的 {keys} 个键到达；{node} 写入磁盘。"
            )
        }
        R::RangeArrived { from, keys, is_last } => {
            let s = plural(keys);
            let last = if is_last { word!(lang, ", the last of them", "，已是最后一批") } else { "" };
            say!(
                lang,
                "The part from {from} is on {node}'s disk{last}; it holds {keys} key{s}.",
                "来自 {from} 的部分已在 {node} 的磁盘上{last}；它有 {keys} 个键。"
            )
        }
        R::Refilled { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} has fetched again what was lost with its disk, {keys} key{s}; it answers reads again.",
                "{node} 已取回随磁盘丢失的内容，共 {keys} 个键；它重新回答读请求。"
            )
        }
        R::Removes { node: dead } => say!(
            lang,
            "{node} is told that {dead} is dead, and removes it. Others own its ranges now, and fetch what is left.",
            "{node} 被告知 {dead} 已停机，将其移除。它的区间改由别的节点拥有，并取回仍在的键。"
        ),
        R::NothingToRemove { node: other } => {
            say!(
                lang,
                "{other} is no member that {node} could remove.",
                "{other} 不是 {node} 可以移除的成员。"
            )
        }
        R::RemovalOfTheLiving { node: other } => say!(
            lang,
            "{node} heard of {other} only lately, so it does not remove it; {other} can leave by itself.",
            "{node} 不久前还听到 {other} 的消息，因此不移除它；{other} 可以自己离开。"
        ),
        R::RemovalRefused { node: other, remaining, needed } => {
            let s = plural(remaining);
            say!(
                lang,
                "{other} may not be removed: {remaining} member{s} would remain, and a key needs {needed} nodes.",
                "{other} 不能移除：只会剩 {remaining} 个成员，而每个键需要 {needed} 个节点。"
            )
        }
        R::Filled { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "What {node} gained by the removal has arrived; it holds {keys} key{s} and answers reads there, too.",
                "{node} 因移除而得到的区间已经到齐；它有 {keys} 个键，并开始回答这些区间的读请求。"
            )
        }
        R::DiskNotReady { from } => say!(
            lang,
            "{node}'s disk is not ready, so it does not take up what {from} asks; {from} will ask again.",
            "{node} 的磁盘尚未就绪，因此不处理 {from} 的请求；{from} 会再问。"
        ),
        R::VectorTruncated { entries: 1 } => say!(
            lang,
            "The version vector names too many writers; {node} drops the oldest entry.",
            "版本向量的写入者过多；{node} 删去最旧的一项。"
        ),
        R::VectorTruncated { entries } => say!(
            lang,
            "The version vector names too many writers; {node} drops the {entries} oldest entries.",
            "版本向量的写入者过多；{node} 删去最旧的 {entries} 项。"
        ),
        R::TombstonesCollected { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "No owner has anything older than the tombstone{s} of {keys} deleted key{s}; {node} drops what is left.",
                "{keys} 个已删除的键，各主人都没有更旧的版本；{node} 删去其墓碑。"
            )
        }
        R::PassesOn { position, to, owners } => say!(
            lang,
            "{node} does not own the key at {} (owners: {owners}), so it passes the request on to {to}.",
            "{node} 不是位于 {} 的键的 {owners} 个拥有者之一，因此把请求转给 {to}。",
            at(position)
        ),
        R::ReadSpread { position, to, load, bound, under_way, .. } => say!(
            lang,
            "{to} takes the read of the key at {}: it has {load} of {under_way} reads with it, and may have {bound}.",
            "{to} 接下位于 {} 的键的读请求：连同它共 {load} 个（总计 {under_way} 个），上限 {bound} 个。",
            at(position)
        ),
        R::WaitsForCoordinator { to } => say!(
            lang,
            "If {to} does not answer in time, {node} asks another node.",
            "若 {to} 没有及时回答，{node} 就问别的节点。"
        ),
        R::AnswerPassedBack { from } => say!(
            lang,
            "{node} passes {from}'s answer back to the client.",
            "{node} 把 {from} 的回答转给客户端。"
        ),
        R::NoCoordinator { attempts } => {
            let s = plural(attempts);
            say!(
                lang,
                "{node} asked {attempts} node{s}, without an answer.",
                "{node} 问了 {attempts} 个节点，都没有回答。"
            )
        }
        R::RequestUnderWay { client, .. } => say!(
            lang,
            "{node} is serving this request of {client} already.",
            "{node} 已在处理 {client} 的这个请求。"
        ),
        R::NotReady => say!(
            lang,
            "{node} cannot serve now: it has only just started, or does not know the ring.",
            "{node} 现在无法服务：它刚刚启动，或还不了解环。"
        ),
        R::Coordinates { position, client } => say!(
            lang,
            "{node} coordinates {client}'s request for the key at {}.",
            "{node} 协调 {client} 对位于 {} 的键的请求。",
            at(position)
        ),
        R::WaitsForReplicas => say!(
            lang,
            "If replicas do not answer in time, {node} asks others.",
            "若副本没有及时回答，{node} 就问别的节点。"
        ),
        R::AsksReplica { to, stands_in_for, .. } if to == stands_in_for => {
            say!(lang, "{node} asks {to} for its versions.", "{node} 向 {to} 询问它的版本。")
        }
        R::AsksReplica { to, stands_in_for, .. } => say!(
            lang,
            "{node} asks {to} in the place of {stands_in_for}, which seems down.",
            "{stands_in_for} 似乎已停机，{node} 改问 {to}。"
        ),
        R::AsksOthers { timeouts } => say!(
            lang,
            "Some have not answered in time ({timeouts} so far); {node} asks again, and others in their place.",
            "有的节点没有及时回答（第 {timeouts} 次）；{node} 再问，并由别的节点顶替。"
        ),
        R::AnswersRead { versions, .. } => {
            let s = plural(versions);
            say!(
                lang,
                "{node} sends the {versions} version{s} that it holds.",
                "{node} 发出它持有的 {versions} 个版本。"
            )
        }
        R::RefillingAnswersNoReads { .. } => say!(
            lang,
            "{node} lost its disk and is not refilled yet, so it does not answer a read.",
            "{node} 丢失了磁盘且尚未恢复，因此不回答读请求。"
        ),
        R::ReplicaRead { from, versions } => {
            let s = plural(versions);
            say!(
                lang,
                "{from} answers {node} with {versions} version{s}.",
                "{from} 以 {versions} 个版本回答 {node}。"
            )
        }
        R::ReadAnswered { versions: 0, have, needed } => say!(
            lang,
            "Answers: {have}, needed: {needed}. The client learns that the key was never written.",
            "已有 {have} 个回答（需 {needed} 个）：客户端得知该键从未写入。"
        ),
        R::ReadAnswered { versions, have, needed } => {
            let s = plural(versions);
            say!(
                lang,
                "Answers: {have}, needed: {needed}. The client gets {versions} version{s} that no other has replaced.",
                "已有 {have} 个回答（需 {needed} 个）：客户端得到 {versions} 个未被取代的版本。"
            )
        }
        R::ReadBeforeWrite { versions, have, needed } => say!(
            lang,
            "Answers: {have}, needed: {needed}. The new version will replace the {versions} that were read.",
            "已有 {have} 个回答（需 {needed} 个）：新版本将取代读到的 {versions} 个版本。"
        ),
        R::ReadRepair { to, .. } => say!(
            lang,
            "{to} answered with less than is known; {node} brings it up to date.",
            "{to} 的回答不完整；{node} 替它补齐。"
        ),
        R::AllReplicasAnswered => {
            say!(lang, "All have answered; {node} is done with it.", "全部已回答；{node} 处理完毕。")
        }
        R::TooFewReplicas { have, needed } => say!(
            lang,
            "Only {have} of the {needed} nodes that are needed have answered; {node} gives the request up.",
            "需要 {needed} 个节点，只有 {have} 个回答；{node} 放弃这个请求。"
        ),
        R::LateAnswer { from } => {
            say!(
                lang,
                "{node} no longer waits for this answer of {from}.",
                "{node} 已不再等待 {from} 的这个回答。"
            )
        }
        R::NewVersion { siblings: 1, .. } => say!(
            lang,
            "{node} makes a new version and writes it to its own disk first.",
            "{node} 生成新版本，先写入自己的磁盘。"
        ),
        R::NewVersion { siblings, .. } => say!(
            lang,
            "{node} makes a new version that does not replace all others: {siblings} siblings stand beside each other.",
            "{node} 生成的新版本没有取代全部旧版本：{siblings} 个兄弟版本并存。"
        ),
        R::TooManySiblings { siblings, .. } => say!(
            lang,
            "{node} refuses: the key has {siblings} siblings already, and this write replaces none.",
            "{node} 拒绝：该键已有 {siblings} 个兄弟版本，而这次写入一个也不取代。"
        ),
        R::TooManyHints { owner, keys, .. } => say!(
            lang,
            "{node} stands in with {keys} keys, as many as are allowed, and refuses one more that belongs to {owner}.",
            "{node} 已替其他节点代管 {keys} 个键，达到上限，拒绝再代管一个属于 {owner} 的键。"
        ),
        R::KeepsForItself { .. } => {
            say!(lang, "{node} is one of the nodes that keep the key.", "{node} 自己也是保存该键的节点之一。")
        }
        R::WritesToOwner { to, .. } => {
            say!(lang, "{node} sends the version to {to}, an owner.", "{node} 把版本发给拥有者 {to}。")
        }
        R::WritesToStandIn { to, owner, .. } => say!(
            lang,
            "{owner} seems down, so {node} lets {to} keep the version for it.",
            "{owner} 似乎已停机，{node} 让 {to} 替它保管这个版本。"
        ),
        R::WritesToJoining { to, .. } => say!(
            lang,
            "{to} is about to own the key, so {node} sends it the version, too.",
            "{to} 即将拥有该键，{node} 也把版本发给它。"
        ),
        R::KeepsHint { owner, .. } => say!(
            lang,
            "{node} keeps the version for {owner}, with a hint whose it is.",
            "{node} 替 {owner} 保管这个版本，并记下它属于谁。"
        ),
        R::Stores { from, .. } => {
            say!(lang, "{node} stores what {from} sent.", "{node} 存下 {from} 发来的版本。")
        }
        R::StoredDurably { .. } => say!(
            lang,
            "It is on {node}'s disk, so the coordinator may count on it.",
            "它已在 {node} 的磁盘上，协调者可以计入。"
        ),
        R::ReplicaWrote { from } => {
            say!(lang, "{from} has the version on its disk.", "{from} 已把版本落盘。")
        }
        R::WriteAcknowledged { have, needed } => say!(
            lang,
            "Disks that hold the version: {have}, needed: {needed}. The client is told.",
            "版本已在 {have} 个磁盘上（需 {needed} 个）：告知客户端。"
        ),
        R::HasKeysOfOthers => {
            say!(
                lang,
                "{node} holds keys of others, and will offer them.",
                "{node} 持有属于别人的键，将提供给它们。"
            )
        }
        R::OffersKeys { to, keys } => {
            say!(
                lang,
                "{node} offers {to} {keys} of {to}'s own keys.",
                "{node} 向 {to} 提供属于它的 {keys} 个键。"
            )
        }
        R::AnswersOffer { to, wanted: 0, keys } => {
            let s = plural(keys);
            say!(
                lang,
                "Of the {keys} key{s} that {to} offers, {node} lacks none.",
                "{to} 提供的 {keys} 个键，{node} 一个不缺。"
            )
        }
        R::AnswersOffer { to, wanted, keys } => {
            let s = plural(keys);
            say!(
                lang,
                "Of the {keys} key{s} that {to} offers, {node} lacks {wanted}.",
                "{to} 提供的 {keys} 个键中，{node} 缺 {wanted} 个。"
            )
        }
        R::OfferedKeysOfOthers { from } => say!(
            lang,
            "{from} offers {node} keys that are not its own as it sees the ring; one of them has not heard of a change.",
            "在 {node} 看来，{from} 提供的键不属于它；其中一方还没听说环的变动。"
        ),
        R::HandsOver { to, keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} hands {to} the {keys} key{s} that it lacks.",
                "{node} 把 {to} 缺少的 {keys} 个键交给它。"
            )
        }
        R::TakesOver { from, keys } => {
            let s = plural(keys);
            say!(lang, "{node} takes over {keys} key{s} from {from}.", "{node} 从 {from} 接收 {keys} 个键。")
        }
        R::TookOver { from, keys } => {
            let s = plural(keys);
            say!(
                lang,
                "{node} has {keys} key{s} on its disk; {from} need not keep a copy for it.",
                "{keys} 个键已在 {node} 的磁盘上；{from} 不必再替它保管。"
            )
        }
        R::HandoverConfirmed { from, keys } => {
            let s = plural(keys);
            say!(lang, "{from} has confirmed {keys} key{s}.", "{from} 确认了 {keys} 个键。")
        }
        R::HintDelivered { .. } => say!(
            lang,
            "The node that the hint names has the version; {node} forgets the hint.",
            "提示所指的节点已有该版本；{node} 删除提示。"
        ),
        R::Dropped { keys } => {
            let s = plural(keys);
            say!(
                lang,
                "All owners have the {keys} key{s} on disk, so {node} forgets what it kept for them.",
                "这 {keys} 个键的主人都已落盘，{node} 将它们删除。"
            )
        }
        R::WaitsToCompare => {
            say!(lang, "{node} will compare with the next member.", "{node} 将与下一个成员比较。")
        }
        R::ComparesTrees { with } => say!(
            lang,
            "{node} sends {with} the root of a Merkle tree over the keys that both own.",
            "{node} 把双方共有的键的 Merkle 树根发给 {with}。"
        ),
        R::TreesAgree { with } => {
            say!(lang, "The trees of {node} and {with} agree.", "{node} 与 {with} 的树一致。")
        }
        R::TreesDiffer { with, nodes, level } => say!(
            lang,
            "{node} and {with} differ in {nodes} of the hashes on level {level}; they descend.",
            "{node} 与 {with} 在第 {level} 层有 {nodes} 个哈希值不同；继续向下比较。"
        ),
        R::LeavesDiffer { with, leaves } => say!(
            lang,
            "{node} sends {with} its keys of leaves that differ, {leaves} of them.",
            "{node} 把 {leaves} 个不同叶子中的键发给 {with}。"
        ),
        R::RepairedByComparing { from, .. } => say!(
            lang,
            "{node} lacked a version that {from} has, and stores it.",
            "{node} 缺少 {from} 持有的一个版本，现已存下。"
        ),
        R::OtherRing { from } => say!(
            lang,
            "{from} goes by another ring than {node}, so their trees cannot be compared.",
            "{from} 与 {node} 依据的环不同，无法比较树。"
        ),
    }
}

/// A violation: the property's name, and the facts that contradict each other.
pub(super) fn violation(violation: &Violation, lang: Lang) -> (String, String) {
    let at = position_text;
    match *violation {
        Violation::ReplicasOnDistinctNodes { position, disks, needed } => (
            word!(lang, "Replicas on distinct nodes", "副本在不同节点上").to_owned(),
            say!(
                lang,
                "A write at {} was acknowledged, which means {needed} disks, and it was on {disks}.",
                "位于 {} 的写入已确认，应在 {needed} 个磁盘上，实际只在 {disks} 个上。",
                at(position)
            ),
        ),
        Violation::KeyAlwaysOwned { position, owner, by } if owner == by => (
            word!(lang, "A key is always owned", "键始终有主").to_owned(),
            say!(
                lang,
                "{owner} became an owner of the key at {}, and does not have it.",
                "{owner} 成为位于 {} 的键的拥有者，却没有它。",
                at(position)
            ),
        ),
        Violation::KeyAlwaysOwned { position, owner, by } => (
            word!(lang, "A key is always owned", "键始终有主").to_owned(),
            say!(
                lang,
                "{by} gave up the key at {} for {owner}, which never had it on its disk.",
                "{by} 为 {owner} 放弃了位于 {} 的键，而后者从未将它落盘。",
                at(position)
            ),
        ),
        Violation::MinimalDisruption { position, changed, from, to } => (
            word!(lang, "Minimal disruption", "最小扰动").to_owned(),
            say!(
                lang,
                "{changed} joined or left, and the key at {} moved from {from} to {to}.",
                "{changed} 加入或离开，位于 {} 的键却从 {from} 移到 {to}。",
                at(position)
            ),
        ),
        Violation::AcknowledgedWriteLost { position, lost, needed, .. } => (
            word!(lang, "No acknowledged write is lost", "已确认的写入不丢失").to_owned(),
            say!(
                lang,
                "No disk holds an acknowledged write at {}, although {lost} disks with it were lost and not {needed}.",
                "没有磁盘持有位于 {} 的已确认写入，而丢失的相关磁盘只有 {lost} 个，不到 {needed} 个。",
                at(position)
            ),
        ),
        Violation::AcknowledgementKept { position, node, .. } => (
            word!(lang, "What was acknowledged is on disk", "确认过的都在磁盘上").to_owned(),
            say!(
                lang,
                "{node} acknowledged a version at {}, its disk is whole, and the version is not on it.",
                "{node} 确认过位于 {} 的版本，磁盘完好，其上却没有它。",
                at(position)
            ),
        ),
        Violation::LoadBound { node, load, bound } => (
            word!(lang, "Bounded loads", "有界负载").to_owned(),
            say!(
                lang,
                "{node} was given {load} reads, and may have {bound}.",
                "{node} 分到 {load} 个读请求，上限是 {bound} 个。"
            ),
        ),
    }
}
