//! Raft's reasons in sentences: what a node did, and the rule that made it do so.

use super::loss_text;
use crate::lang::plural;
use crate::lang::time;
use crate::protocol::NodeId;
use crate::protocol::raft::{Reason, Violation};
use crate::scene::Lang;
use crate::{say, word};

/// How much a reader wants to hear this reason, of all those of a step.
pub(super) fn weight(why: &Reason) -> u8 {
    use Reason as R;
    match why {
        _ if why.is_milestone() => 9,
        // A refusal, and what it is about, is what people ask "why?" about.
        R::RefusedOldTerm { .. }
        | R::RefusedVotedAlready { .. }
        | R::RefusedLeaderKnown { .. }
        | R::RefusedOlderLastTerm { .. }
        | R::RefusedShorterLog { .. }
        | R::IgnoredLeaderAlive { .. }
        | R::RefusedOldLeader { .. }
        | R::RefusedNoSuchEntry { .. }
        | R::RefusedToOverwriteCommitted { .. }
        | R::RemovedConflict { .. }
        | R::LostQuorum { .. }
        | R::ElectionLost { .. }
        | R::HigherTerm { .. }
        | R::NotCommittedByCounting { .. }
        | R::TornTailCut { .. }
        | R::NoLaterTerm { .. }
        | R::ImpossibleMessage { .. }
        | R::GaveUpHeldAnswer { .. }
        | R::LeavesOutcomeOpen { .. }
        | R::DamagedFileKept { .. }
        | R::ReadmissionImpossible { .. }
        | R::Returns { .. } => 8,
        R::VoteGranted { .. }
        | R::PreVoteGranted { .. }
        | R::VoteReceived { .. }
        | R::VoteDenied { .. }
        | R::PreVoteReceived { .. }
        | R::PreVoteDenied { .. }
        | R::ElectionTimedOut { .. }
        | R::Backtracks { .. }
        | R::TookSnapshot { .. }
        | R::NeedsSnapshot { .. }
        | R::TransferBegins { .. }
        | R::TransferGivenUp { .. }
        | R::TransferNeedsLeader { .. }
        | R::TransferImpossible { .. }
        | R::ReadConfirmed { .. }
        | R::KeptOutOfElections { .. }
        | R::ReadmissionProposed { .. } => 7,
        R::AppliedAndAnswered { .. }
        | R::AppendedForClient { .. }
        | R::CommitLearned { .. }
        | R::OnlyLeaderServes { .. }
        | R::AnsweredFromSession { .. }
        | R::ReadRoundBegins { .. }
        | R::ReadWaitsForRound { .. } => 6,
        R::Appended { .. } | R::MatchAdvanced { .. } | R::Durable { .. } | R::Acknowledges { .. } => 5,
        R::WaitsForLeader { .. } | R::WaitsForVotes { .. } | R::SyncBeforeAnswering { .. } => 1,
        _ => 3,
    }
}

/// A reason as a sentence about `node`.
#[expect(clippy::too_many_lines, reason = "one sentence for each rule, side by side")]
pub(super) fn text(why: &Reason, node: NodeId, lang: Lang) -> String {
    use Reason as R;
    match *why {
        R::Started { term, last_index } => say!(
            lang,
            "{node} starts as a follower in term {term}; its log goes to index {last_index}.",
            "{node} 以跟随者身份启动，任期 {term}，日志至索引 {last_index}。"
        ),
        R::TornTailCut { at } => say!(
            lang,
            "{node} finds the last record torn by the crash and cuts it off at byte {at}: nobody was told that it was durable.",
            "{node} 发现最后一条记录在崩溃时只写了一半，于是在第 {at} 字节处截断：没有人被告知它已持久化。"
        ),
        R::NoLaterTerm { term } => say!(
            lang,
            "{node} cannot stand for election: there is no number after term {term}.",
            "{node} 无法参选：任期 {term} 之后已没有编号。"
        ),
        R::ImpossibleMessage { from, term } => say!(
            lang,
            "{node} does not believe a message of {from} (term {term}): it speaks of an index that cannot be.",
            "{node} 不相信 {from} 的消息（任期 {term}）：它提到了不可能存在的索引。"
        ),
        R::GaveUpHeldAnswer { to, held } => say!(
            lang,
            "{node} gives up its oldest answer, to {to}: {held} wait for a disk that does not finish. It is as if that answer had been lost on the way.",
            "{node} 放弃最早一条给 {to} 的答复：已有 {held} 条在等待迟迟未完成的磁盘。这与答复在途中丢失无异。"
        ),
        R::LeavesOutcomeOpen { client, index, .. } => say!(
            lang,
            "{node} leads no more and cannot tell {client} what becomes of its command at index {index}: the next leader commits it or removes it.",
            "{node} 已不再领导，无法告诉 {client} 它在索引 {index} 处的命令结果如何：下一任领导者会提交或移除它。"
        ),
        R::DamagedFileKept { at, needed } => say!(
            lang,
            "{node} cannot read its log from byte {at} on and keeps the file as it is. To come back it needs an operator who allows it and a majority of {needed} other nodes, or its file from a copy.",
            "{node} 的日志从第 {at} 字节起无法读取，文件保持原样。要归来，它需要运维人员允许并由其他 {needed} 个节点组成的多数派接纳，或者从副本恢复文件。"
        ),
        R::WaitsForLeader { term } => say!(
            lang,
            "{node} waits to hear from a leader in term {term}.",
            "{node} 在任期 {term} 等待领导者的消息。"
        ),
        R::ElectionTimedOut { after_us, .. } => {
            let after = time(after_us, lang);
            say!(
                lang,
                "{node} has heard from no leader for {after}.",
                "{node} 已有 {after} 没有收到领导者的消息。"
            )
        }
        R::AsksForPreVote { term, .. } => say!(
            lang,
            "{node} asks if it could win in term {term}, before it raises its own.",
            "{node} 先询问自己能否在任期 {term} 当选，暂不提升任期。"
        ),
        R::PreVoteGranted { candidate, term } => say!(
            lang,
            "{node} would vote for {candidate} in term {term}: it hears from no leader, and the candidate's log is not behind.",
            "{node} 愿意在任期 {term} 投票给 {candidate}：它没有收到领导者的消息，且候选人的日志不落后。"
        ),
        R::PreVoteReceived { from, votes, needed, .. } => say!(
            lang,
            "{node} learns that {from} would vote for it: {votes} of {needed}.",
            "{node} 得知 {from} 愿意投票给它：{votes} / {needed}。"
        ),
        R::PreVoteDenied { from, term } => say!(
            lang,
            "{node} learns that {from} (term {term}) would not vote for it.",
            "{node} 得知 {from}（任期 {term}）不愿投票给它。"
        ),
        R::StandsForElection { term } => say!(
            lang,
            "{node} stands for election in term {term} and votes for itself.",
            "{node} 在任期 {term} 参选，并投票给自己。"
        ),
        R::WaitsForVotes { term } => {
            say!(lang, "{node} waits for votes in term {term}.", "{node} 在任期 {term} 等待选票。")
        }
        R::AsksForVote { term, last_log_index, last_log_term } => say!(
            lang,
            "{node} asks for votes in term {term}; its log ends at index {last_log_index} of term {last_log_term}.",
            "{node} 在任期 {term} 请求投票；其日志末尾是任期 {last_log_term} 的索引 {last_log_index}。"
        ),
        R::VoteGranted { candidate, term } => say!(
            lang,
            "{node} grants its vote to {candidate}: it has not voted for anyone else in term {term}, and the candidate's log is not behind its own.",
            "{node} 投票给 {candidate}：它在任期 {term} 没有投给别人，且候选人的日志不落后于自己。"
        ),
        R::VoteReceived { from, votes, needed, term } => say!(
            lang,
            "{node} gets the vote of {from} in term {term}: {votes} of the {needed} it needs.",
            "{node} 在任期 {term} 得到 {from} 的选票：需要 {needed} 票，已有 {votes} 票。"
        ),
        R::VoteDenied { from, term } => say!(
            lang,
            "{node} is refused the vote of {from} in term {term}.",
            "{node} 在任期 {term} 被 {from} 拒绝投票。"
        ),
        R::RefusedOldTerm { candidate, term, own_term } => say!(
            lang,
            "{node} refuses {candidate}: term {term} has passed, it is in term {own_term}.",
            "{node} 拒绝 {candidate}：任期 {term} 已过，现在是任期 {own_term}。"
        ),
        R::RefusedVotedAlready { candidate, voted_for, term } => say!(
            lang,
            "{node} refuses {candidate}: its one vote of term {term} went to {voted_for}.",
            "{node} 拒绝 {candidate}：任期 {term} 唯一的一票已投给 {voted_for}。"
        ),
        R::RefusedLeaderKnown { candidate, leader, term } => say!(
            lang,
            "{node} refuses {candidate}: {leader} leads in term {term}.",
            "{node} 拒绝 {candidate}：任期 {term} 的领导者是 {leader}。"
        ),
        R::RefusedOlderLastTerm { candidate, last_log_term, own_last_term } => say!(
            lang,
            "{node} refuses {candidate}: the candidate's log is behind. It ends in term {last_log_term}, its own in term {own_last_term}.",
            "{node} 拒绝 {candidate}：候选人的日志落后，末尾任期是 {last_log_term}，而自己是 {own_last_term}。"
        ),
        R::RefusedShorterLog { candidate, last_log_index, own_last_index, last_log_term } => say!(
            lang,
            "{node} refuses {candidate}: the candidate's log is behind. Both end in term {last_log_term}, but its log goes to {last_log_index} and this one to {own_last_index}.",
            "{node} 拒绝 {candidate}：候选人的日志落后。两者末尾都是任期 {last_log_term}，但对方至 {last_log_index}，自己至 {own_last_index}。"
        ),
        R::IgnoredLeaderAlive { candidate, leader, silent_us, .. } => {
            let silent = time(silent_us, lang);
            say!(
                lang,
                "{node} ignores {candidate}: it heard from its leader {leader} {silent} ago.",
                "{node} 忽略 {candidate}：{silent} 前刚收到领导者 {leader} 的消息。"
            )
        }
        R::KeptOutOfElections { from, .. } => say!(
            lang,
            "{node} does not answer {from}: it no longer knows what it had promised, because its disk was lost.",
            "{node} 不回应 {from}：它的磁盘丢失过，已不知道自己承诺过什么。"
        ),
        R::HigherTerm { from, term, old_term } => say!(
            lang,
            "{node} learns from {from} that term {term} has begun; it was in term {old_term} and becomes a follower.",
            "{node} 从 {from} 得知任期 {term} 已开始；它原在任期 {old_term}，现转为跟随者。"
        ),
        R::ElectionLost { term } => say!(
            lang,
            "{node} gives up its candidacy in term {term}: a majority has refused.",
            "{node} 放弃任期 {term} 的参选：多数派已拒绝。"
        ),
        R::BecameLeader { term, votes, nodes } => say!(
            lang,
            "{node} becomes leader of term {term} with {votes} of {nodes} votes.",
            "{node} 以 {votes}/{nodes} 票成为任期 {term} 的领导者。"
        ),
        R::NoOpOfNewLeader { term, index } => say!(
            lang,
            "{node} begins term {term} with an empty entry at index {index}: only an entry of its own term can be committed by counting.",
            "{node} 在任期 {term} 先写入一条空条目（索引 {index}）：只有本任期的条目才能靠计数提交。"
        ),
        R::SteppedDown { term } => say!(
            lang,
            "{node} no longer leads; it is a follower in term {term}.",
            "{node} 不再领导；在任期 {term} 成为跟随者。"
        ),
        R::LostQuorum { term, heard, needed } => {
            let s = plural(heard);
            say!(
                lang,
                "{node} steps down in term {term}: it heard from {heard} node{s}, and {needed} make a majority.",
                "{node} 在任期 {term} 退位：只收到 {heard} 个节点的消息，而多数派需要 {needed} 个。"
            )
        }
        R::HasQuorum { heard, needed, .. } => {
            let s = plural(heard);
            say!(
                lang,
                "{node} still hears from {heard} node{s}; {needed} make a majority.",
                "{node} 仍能收到 {heard} 个节点的消息；多数派需要 {needed} 个。"
            )
        }
        R::HeardFromLeader { leader, term } => say!(
            lang,
            "{node} hears from {leader}, the leader of term {term}, and waits anew.",
            "{node} 收到任期 {term} 领导者 {leader} 的消息，重新计时。"
        ),
        R::HeartbeatDue { term } => say!(
            lang,
            "{node} plans its next heartbeat in term {term}.",
            "{node} 安排任期 {term} 的下一次心跳。"
        ),
        R::KeepsAuthority { to, term, .. } => say!(
            lang,
            "{node} reminds {to} that it leads in term {term}.",
            "{node} 提醒 {to}：自己在任期 {term} 领导。"
        ),
        R::Replicates { to, first_index, count: 1 } => say!(
            lang,
            "{node} sends {to} the entry of index {first_index}.",
            "{node} 向 {to} 发送索引 {first_index} 的条目。"
        ),
        R::Replicates { to, first_index, count } => say!(
            lang,
            "{node} sends {to} {count} entries from index {first_index} on.",
            "{node} 向 {to} 发送从索引 {first_index} 起的 {count} 条。"
        ),
        R::Probes { to, previous_log_index, .. } => say!(
            lang,
            "{node} looks where the log of {to} agrees with its own, at index {previous_log_index}.",
            "{node} 试探 {to} 的日志在索引 {previous_log_index} 处是否与自己一致。"
        ),
        R::Appended { leader, index, term } => say!(
            lang,
            "{node} takes over entry {index} of term {term} from {leader}; it is written, not yet durable.",
            "{node} 从 {leader} 接收任期 {term} 的条目 {index}；已写入，尚未持久化。"
        ),
        R::RemovedConflict { index, term, leader_term, count: 1 } => say!(
            lang,
            "{node} removes the entry of index {index}: it has term {term} there, the leader has {leader_term}.",
            "{node} 删除索引 {index} 的条目：自己在此处是任期 {term}，领导者是 {leader_term}。"
        ),
        R::RemovedConflict { index, term, leader_term, count } => say!(
            lang,
            "{node} removes {count} entries from index {index} on: it has term {term} there, the leader has {leader_term}.",
            "{node} 删除从索引 {index} 起的 {count} 条：自己在此处是任期 {term}，领导者是 {leader_term}。"
        ),
        R::RefusedToOverwriteCommitted { index, .. } => say!(
            lang,
            "{node} refuses to overwrite index {index}: that entry is committed.",
            "{node} 拒绝覆盖索引 {index}：该条目已提交。"
        ),
        R::Acknowledges { match_index } => say!(
            lang,
            "{node} confirms that its log holds everything up to index {match_index}, durably.",
            "{node} 确认其日志到索引 {match_index} 为止都已持久化。"
        ),
        R::ReceivedWithoutCounting { match_index } => say!(
            lang,
            "{node} has received up to index {match_index}, but does not count: it has not been readmitted.",
            "{node} 已收到至索引 {match_index}，但不计入多数派：尚未被重新接纳。"
        ),
        R::RefusedOldLeader { leader, term, own_term } => say!(
            lang,
            "{node} refuses {leader}: it leads in term {term}, and term {own_term} has begun.",
            "{node} 拒绝 {leader}：它在任期 {term} 领导，而任期 {own_term} 已开始。"
        ),
        R::RefusedNoSuchEntry { previous_log_index, previous_log_term, hint_index } => say!(
            lang,
            "{node} refuses: it has no entry of term {previous_log_term} at index {previous_log_index}. The logs may agree up to {hint_index}.",
            "{node} 拒绝：它在索引 {previous_log_index} 处没有任期 {previous_log_term} 的条目。双方可能在 {hint_index} 之前一致。"
        ),
        R::MatchAdvanced { node: follower, match_index } => say!(
            lang,
            "{node} learns that {follower} holds everything up to index {match_index}.",
            "{node} 得知 {follower} 已有至索引 {match_index} 的全部条目。"
        ),
        R::HeartbeatAnswered { node: follower, .. } => {
            say!(lang, "{node} hears that {follower} still follows it.", "{node} 得知 {follower} 仍在跟随。")
        }
        R::Backtracks { node: follower, rejected_index, next_index } => say!(
            lang,
            "{node} goes back with {follower}: index {rejected_index} did not fit, it tries {next_index} next.",
            "{node} 对 {follower} 回退：索引 {rejected_index} 不匹配，接下来从 {next_index} 试起。"
        ),
        R::LateAnswer { from, term } => say!(
            lang,
            "{node} no longer needs the answer of {from} from term {term}.",
            "{node} 不再需要 {from} 在任期 {term} 的答复。"
        ),
        R::DoesNotCount { node: other } => say!(
            lang,
            "{node} does not count {other}: it has lost its disk and was not readmitted.",
            "{node} 不计入 {other}：它丢失过磁盘且尚未被重新接纳。"
        ),
        R::Committed { index, term, own_term, nodes } if term != own_term => say!(
            lang,
            "{node} commits up to index {index} because a majority of the {nodes} nodes holds that entry. It is of term {term}, not of its own term {own_term}, so another leader may still remove it.",
            "{node} 因 {nodes} 个节点中的多数派已持有而提交至索引 {index}。该条目属于任期 {term} 而非本任期 {own_term}，别的领导者仍可能删除它。"
        ),
        R::Committed { index, term, nodes, .. } => say!(
            lang,
            "{node} commits up to index {index}: a majority of the {nodes} nodes holds that entry, and it is of the leader's own term {term}.",
            "{node} 提交至索引 {index}：{nodes} 个节点中的多数派已持有该条目，且它属于领导者的本任期 {term}。"
        ),
        R::NotCommittedByCounting { index, term, own_term } => say!(
            lang,
            "{node} does not commit index {index} although a majority holds it: it is of term {term}, not of its own term {own_term}.",
            "{node} 不提交索引 {index}，尽管多数派已持有：它属于任期 {term}，不是本任期 {own_term}。"
        ),
        R::CommitLearned { leader, commit } => say!(
            lang,
            "{node} learns from {leader} that everything up to index {commit} is committed.",
            "{node} 从 {leader} 得知至索引 {commit} 都已提交。"
        ),
        R::Durable { last_index } => say!(
            lang,
            "{node}'s disk has finished: its log is durable up to index {last_index}.",
            "{node} 的磁盘写完了：日志到索引 {last_index} 已持久化。"
        ),
        R::SyncBeforeAnswering { .. } => {
            say!(lang, "{node} syncs its disk before it answers.", "{node} 先同步磁盘，再答复。")
        }
        R::AppendedForClient { client, index, .. } => say!(
            lang,
            "{node} writes the command of {client} into its log at index {index} and sends it to all.",
            "{node} 将 {client} 的命令写入日志索引 {index}，并发送给所有节点。"
        ),
        R::AppliedAndAnswered { index, .. } => say!(
            lang,
            "{node} has applied the committed entry {index} and answers the client.",
            "{node} 已应用已提交的条目 {index}，并答复客户端。"
        ),
        R::AnsweredFromSession { client, .. } => say!(
            lang,
            "{node} gives {client} the answer that it remembers: this command was applied before and must not be applied twice.",
            "{node} 把记住的答复给 {client}：该命令之前已应用，不能应用两次。"
        ),
        R::AlreadyInLog { client, index, .. } => say!(
            lang,
            "{node} does not write the retry of {client} again: it stands at index {index} already.",
            "{node} 不再重复写入 {client} 的重试：它已在索引 {index} 处。"
        ),
        R::OlderThanPending { client, .. } => say!(
            lang,
            "{node} drops an old request of {client}: a later one is already in the log.",
            "{node} 丢弃 {client} 的旧请求：更新的请求已在日志中。"
        ),
        R::OnlyLeaderServes { leader: Some(leader) } => say!(
            lang,
            "{node} does not lead; it sends the client on to {leader}.",
            "{node} 不是领导者；它让客户端去找 {leader}。"
        ),
        R::OnlyLeaderServes { leader: None } => say!(
            lang,
            "{node} does not lead and knows of no leader.",
            "{node} 不是领导者，也不知道谁是领导者。"
        ),
        R::RefusedDuringTransfer => say!(
            lang,
            "{node} takes no commands while it hands leadership over.",
            "{node} 在移交领导权期间不接受命令。"
        ),
        R::RefusedTooManyUncommitted { uncommitted } => say!(
            lang,
            "{node} takes no more commands; entries that wait to be committed: {uncommitted}.",
            "{node} 不再接受命令：已有 {uncommitted} 条等待提交。"
        ),
        R::RefusedTooManyReads { waiting } => say!(
            lang,
            "{node} takes no more reads: {waiting} are waiting.",
            "{node} 不再接受读取：已有 {waiting} 个在等待。"
        ),
        R::ReadWaitsForRound { client, .. } => say!(
            lang,
            "{node} keeps the read of {client} until a majority has confirmed that it still leads.",
            "{node} 暂存 {client} 的读取，直到多数派确认它仍是领导者。"
        ),
        R::ReadWaitsAlready { client, .. } => say!(
            lang,
            "{node} has that read of {client} waiting already.",
            "{node} 已有 {client} 的这次读取在等待。"
        ),
        R::ReadRoundBegins { read_index, reads, .. } => {
            let s = plural(reads);
            say!(
                lang,
                "{node} asks all if it still leads, for {reads} read{s} at index {read_index}.",
                "{node} 询问大家自己是否仍在领导；{reads} 个读取在索引 {read_index} 处等待。"
            )
        }
        R::ReadConfirmed { read_index, applied, .. } => say!(
            lang,
            "{node} still led when the read came, and has applied {applied} (index {read_index} was needed): it answers.",
            "读取到达时 {node} 仍在领导，且已应用至 {applied}（需要 {read_index}）：于是答复。"
        ),
        R::TookSnapshot { last_included_index, log_base } => say!(
            lang,
            "{node} takes a snapshot up to index {last_included_index} and forgets its log up to {log_base}.",
            "{node} 生成至索引 {last_included_index} 的快照，并丢弃 {log_base} 及之前的日志。"
        ),
        R::NeedsSnapshot { node: follower, next_index, log_base, .. } => say!(
            lang,
            "{node} must send {follower} a snapshot: index {next_index} would be its turn, and the log begins after {log_base}.",
            "{node} 必须给 {follower} 发送快照：接下来该发索引 {next_index}，而日志从 {log_base} 之后才开始。"
        ),
        R::SendsSnapshotChunk { to, offset_bytes, total_bytes } => say!(
            lang,
            "{node} sends {to} the snapshot from byte {offset_bytes} of {total_bytes} on.",
            "{node} 向 {to} 发送快照，从第 {offset_bytes} / {total_bytes} 字节起。"
        ),
        R::ReceivedSnapshotChunk { bytes_received, total_bytes } => say!(
            lang,
            "{node} has {bytes_received} of {total_bytes} bytes of the snapshot.",
            "{node} 已收到快照的 {bytes_received} / {total_bytes} 字节。"
        ),
        R::SnapshotChunkConfirmed { node: follower, bytes_received } => say!(
            lang,
            "{node} learns that {follower} has {bytes_received} bytes of the snapshot.",
            "{node} 得知 {follower} 已收到快照的 {bytes_received} 字节。"
        ),
        R::InstalledSnapshot { leader, last_included_index, .. } => say!(
            lang,
            "{node} takes over the snapshot of {leader}: its state is that of index {last_included_index}.",
            "{node} 采用 {leader} 的快照：其状态即索引 {last_included_index} 时的状态。"
        ),
        R::SnapshotNotNeeded { last_included_index, commit } => say!(
            lang,
            "{node} needs no snapshot up to {last_included_index}: it has committed {commit}.",
            "{node} 不需要至 {last_included_index} 的快照：它已提交至 {commit}。"
        ),
        R::SnapshotUnreadable => say!(
            lang,
            "{node} cannot read the snapshot and begins again.",
            "{node} 无法读取快照，重新开始接收。"
        ),
        R::TransferBegins { to, term } => say!(
            lang,
            "{node} wants to hand leadership of term {term} to {to}, as soon as that one's log is complete.",
            "{node} 准备将任期 {term} 的领导权移交给 {to}，待其日志齐全即可。"
        ),
        R::TransferNeedsLeader { to, .. } => say!(
            lang,
            "{node} cannot hand leadership to {to}: it does not lead.",
            "{node} 无法把领导权交给 {to}：它不是领导者。"
        ),
        R::TransferImpossible { to } => {
            say!(lang, "{node} cannot hand leadership to {to}.", "{node} 无法把领导权交给 {to}。")
        }
        R::TellsToTimeOutNow { to, .. } => say!(
            lang,
            "{node} tells {to} to stand for election at once: its log is complete.",
            "{node} 让 {to} 立即参选：它的日志已齐全。"
        ),
        R::ToldToTimeOutNow { leader, term } => say!(
            lang,
            "{node} is told by {leader} to stand for election at once, in the place of term {term}.",
            "{leader} 让 {node} 立即参选，接替任期 {term}。"
        ),
        R::TransferGivenUp { to, .. } => say!(
            lang,
            "{node} gives up the transfer to {to}: it took too long.",
            "{node} 放弃移交给 {to}：耗时太久。"
        ),
        R::KeptOut { loss } => {
            let loss = loss_text(loss, lang);
            say!(
                lang,
                "{node} stays out: {loss}. It may have voted or confirmed entries that it no longer knows of, so it must not count until it is readmitted.",
                "{node} 不再参与：{loss}。它可能投过票或确认过如今已不知道的条目，因此在重新接纳之前不能计入。"
            )
        }
        R::IsMember => say!(lang, "{node} is a member already.", "{node} 已经是成员。"),
        R::ReadmissionImpossible { nodes } => say!(
            lang,
            "{node} cannot be readmitted: of {nodes} nodes no majority is left without it. Its disk has to be put back from a copy.",
            "{node} 无法被重新接纳：{nodes} 个节点去掉它后无法形成多数派。它的磁盘必须从副本恢复。"
        ),
        R::AsksForReadmission { leader: Some(leader), .. } => {
            say!(lang, "{node} asks {leader} to be readmitted.", "{node} 请求 {leader} 重新接纳它。")
        }
        R::AsksForReadmission { leader: None, .. } => say!(
            lang,
            "{node} wants to be readmitted and looks for a leader.",
            "{node} 希望被重新接纳，正在寻找领导者。"
        ),
        R::ReadmissionProposed { node: other, .. } => say!(
            lang,
            "{node} proposes to readmit {other}; a majority without it has to agree.",
            "{node} 提议重新接纳 {other}；需要不含它的多数派同意。"
        ),
        R::ReadmissionInLog { node: other, .. } => say!(
            lang,
            "{node} has the readmission of {other} in its log already.",
            "{node} 的日志中已有重新接纳 {other} 的条目。"
        ),
        R::Returns { leader, term, .. } => say!(
            lang,
            "{node} has the committed readmission: it adopts term {term} as one in which it voted for {leader}, and writes that down before it counts.",
            "{node} 已持有已提交的接纳条目：它采用任期 {term}，视为已投票给 {leader}，先写盘再计入。"
        ),
        R::IsMemberAgain { term, .. } => {
            say!(lang, "{node} is a member again, in term {term}.", "{node} 在任期 {term} 重新成为成员。")
        }
    }
}

/// A violation: the invariant's name, and the two facts that contradict each other.
pub(super) fn violation(violation: &Violation, lang: Lang) -> (String, String) {
    let facts = match *violation {
        Violation::ElectionSafety { term, first, second } => say!(
            lang,
            "{first} was elected in term {term}, and so was {second}.",
            "{first} 在任期 {term} 当选，{second} 也在同一任期当选。"
        ),
        Violation::LeaderAppendOnly { leader, term, index } => say!(
            lang,
            "{leader} leads in term {term}, and it replaced entry {index} of its own log.",
            "{leader} 在任期 {term} 领导，却替换了自己日志中的条目 {index}。"
        ),
        Violation::LogMatching { index, term, first, second } => say!(
            lang,
            "{first} holds an entry of term {term} at index {index}, and {second} holds another one there, or other entries before it.",
            "{first} 在索引 {index} 持有任期 {term} 的条目，而 {second} 在此处或之前持有不同的条目。"
        ),
        Violation::LeaderCompleteness { leader, term, index, committed_term, found_term } => {
            let found = match found_term {
                Some(found) => say!(lang, "an entry of term {found}", "任期 {found} 的条目"),
                None => word!(lang, "nothing", "空缺").to_owned(),
            };
            say!(
                lang,
                "entry {index} of term {committed_term} was committed, and {leader}, the leader of term {term}, has {found} there.",
                "任期 {committed_term} 的条目 {index} 已提交，而任期 {term} 的领导者 {leader} 在此处是{found}。"
            )
        }
        Violation::StateMachineSafety { index, first, first_term, second, second_term } => say!(
            lang,
            "at index {index}, {first} committed an entry of term {first_term} and {second} one of term {second_term}.",
            "在索引 {index}，{first} 提交了任期 {first_term} 的条目，而 {second} 提交了任期 {second_term} 的条目。"
        ),
        Violation::Durability { index, term, holders, needed } => say!(
            lang,
            "a client was told that entry {index} of term {term} is done, and only {holders} disks hold it; {needed} are needed.",
            "客户端被告知任期 {term} 的条目 {index} 已完成，却只有 {holders} 块磁盘持有它；需要 {needed} 块。"
        ),
        Violation::StaleRead { node, applied, acknowledged } => say!(
            lang,
            "{node} answered a read after entry {applied}, and a client had been told of entry {acknowledged} before that read arrived.",
            "{node} 按条目 {applied} 之后的状态答复了读取，而在该读取到达之前，已有客户端被告知条目 {acknowledged} 完成。"
        ),
    };
    let name = match violation {
        Violation::ElectionSafety { .. } => word!(lang, "Election Safety", "选举安全性"),
        Violation::LeaderAppendOnly { .. } => word!(lang, "Leader Append-Only", "领导者只追加"),
        Violation::LogMatching { .. } => word!(lang, "Log Matching", "日志匹配"),
        Violation::LeaderCompleteness { .. } => word!(lang, "Leader Completeness", "领导者完备性"),
        Violation::StateMachineSafety { .. } => word!(lang, "State Machine Safety", "状态机安全性"),
        Violation::Durability { .. } => word!(lang, "Durability", "持久性"),
        Violation::StaleRead { .. } => word!(lang, "Linearizable reads", "可线性化读取"),
    };
    (name.to_owned(), facts)
}
