//! The reasons of atomic commit in sentences: what a node did, and the rule that made it do so.

use super::causes::{abort_text, gave_up_text, no_vote_text, outcome_text, refusal_text, state_text};
use crate::lang::plural;
use crate::protocol::NodeId;
use crate::protocol::atomic_commit::{Outcome, Reason};
use crate::scene::Lang;
use crate::{say, word};

/// How much a reader wants to hear this reason, of all those of a step.
pub(super) fn weight(why: &Reason) -> u8 {
    use Reason as R;
    match why {
        _ if why.is_milestone() => 9,
        R::VotesYes { .. }
        | R::VotesTooEarly { .. }
        | R::VotesReadOnly { .. }
        | R::WaitsForLock { .. }
        | R::Dies { .. }
        | R::CannotHelp { .. }
        | R::AbortsUnvoted { .. }
        | R::AbortsUnvotedWhenAsked { .. }
        | R::LeavesDecision { .. }
        | R::PreCommits { .. }
        | R::Elects { .. }
        | R::FollowsDecision { .. }
        | R::UndoesLoser { .. }
        | R::CommittedEarlier { .. }
        | R::IgnoresFormerLeader { .. } => 8,
        R::AsksForVotes { .. }
        | R::AsksForDecision { .. }
        | R::LearnsDecision { .. }
        | R::ForcesInitiation { .. }
        | R::ForcesPrepared { .. }
        | R::TellsState { .. }
        | R::AcknowledgesPreCommit { .. }
        | R::RefusesCommand { .. }
        | R::RefusesLateWork { .. } => 7,
        R::TellsDecision { .. }
        | R::TellsDecisionAgain { .. }
        | R::SendsWork { .. }
        | R::ForgetsByPresumption { .. }
        | R::AnswersAgain { .. }
        | R::AlreadyUnderWay { .. }
        | R::NotCoordinator { .. } => 6,
        R::Forgets { .. } | R::Acknowledges { .. } | R::WorkDone { .. } | R::Updates { .. } => 5,
        R::LimitsWork { .. }
        | R::WillRepeat { .. }
        | R::LimitsVoting { .. }
        | R::LimitsDoubt { .. }
        | R::LimitsPreCommit { .. }
        | R::LimitsWaitForPrepare { .. } => 1,
        _ => 3,
    }
}

/// A reason as a sentence about `node`.
#[expect(clippy::too_many_lines, reason = "one sentence for each rule, side by side")]
pub(super) fn text(why: &Reason, node: NodeId, lang: Lang) -> String {
    use Reason as R;
    let t = why.transaction().unwrap_or_default();
    match *why {
        R::Starts { incarnation } => say!(
            lang,
            "{node} notes on its disk that this is start number {incarnation}, so that what it said before a crash can be told apart.",
            "{node} 第 {incarnation} 次启动，并先把这一点写入磁盘，以便与崩溃前说过的话区分开。"
        ),
        R::TakesPart { incarnation: 1, .. } => say!(lang, "{node} takes part.", "{node} 开始参与。"),
        R::TakesPart { in_doubt: 0, .. } => say!(
            lang,
            "{node} has read its log and takes part again; it is in doubt about nothing.",
            "{node} 读完日志后重新参与；没有存疑的事务。"
        ),
        R::TakesPart { in_doubt, .. } => {
            let s = plural(in_doubt);
            say!(
                lang,
                "{node} finds in its log that it was prepared for {in_doubt} transaction{s}, so it may have voted yes, and knows no decision: it takes the locks again and is in doubt.",
                "{node} 从日志得知自己已为 {in_doubt} 个事务做好准备，可能投过赞成票，却不知道决定：它重新取得锁，处于存疑状态。"
            )
        }
        R::DiskLost => say!(
            lang,
            "{node} finds its disk empty. It may have promised something, so it keeps out for good.",
            "{node} 发现磁盘是空的。它可能承诺过什么，因此永远不再参与。"
        ),
        R::DiskDamaged { at_byte } => say!(
            lang,
            "{node} finds its log damaged at byte {at_byte}. A promise may be missing, so it keeps out.",
            "{node} 发现日志在第 {at_byte} 字节处损坏。可能缺失承诺，因此不再参与。"
        ),
        R::NoMoreStarts => say!(
            lang,
            "{node} has been started as often as can be counted, so its next transactions would have names that were used before. It keeps out.",
            "{node} 的启动次数已达可计数的上限，再开始的事务会重用旧名字。因此它不再参与。"
        ),
        R::RecordsAbortForClient { .. } => say!(
            lang,
            "{node} writes down that the client's request was aborted as {t}. It tells the client once that is durable: a copy of the request that comes after a crash must not be carried out any more.",
            "{node} 写下客户端的请求已作为 {t} 中止。持久化之后才告知客户端：崩溃之后到达的请求副本不得再被执行。"
        ),
        R::IgnoresOldRequest { request_of } => say!(
            lang,
            "{node} does not carry out an old copy of a request of {request_of}: that client was answered and has moved on.",
            "{node} 不执行 {request_of} 的旧请求副本：该客户端早已得到答复并继续前进。"
        ),
        R::CannotTellYet { .. } => say!(
            lang,
            "{node} cannot say yet how the request ended. Before its crash it may have left it to the only participant, and that one has not been heard since; the client has to ask again.",
            "{node} 还不能说明请求的结果。崩溃之前它可能已把决定交给唯一的参与者，而此后尚未收到对方消息；客户端需要再问。"
        ),
        R::AbortsOfFormerCoordinator { .. } => say!(
            lang,
            "{node} takes {t} back: the coordinator has been started anew since, and {node} had not voted.",
            "{node} 撤销 {t}：协调者此后已重新启动，而 {node} 尚未投票。"
        ),
        R::UndoesLoser { .. } => say!(
            lang,
            "{node} takes {t} back: it had not voted before the crash, so nobody relies on it.",
            "{node} 撤销 {t}：崩溃前尚未投票，没有人依赖它。"
        ),
        R::Checkpoints { dropped } => {
            let s = plural(dropped);
            say!(
                lang,
                "{node} replaces its log by what it amounts to; it drops {dropped} record{s}.",
                "{node} 用日志的结果替换日志；丢弃 {dropped} 条记录。"
            )
        }
        R::NotCoordinator { coordinator } => say!(
            lang,
            "{node} keeps accounts; requests go to the coordinator, {coordinator}.",
            "{node} 只保存账户；请求应发给协调者 {coordinator}。"
        ),
        R::NotReady => say!(lang, "{node} is not ready for requests.", "{node} 尚未准备好接受请求。"),
        R::RefusesCommand { why } => {
            let why = refusal_text(why, lang);
            say!(lang, "{node} refuses the request: {why}.", "{node} 拒绝该请求：{why}。")
        }
        R::AnswersAgain { .. } => say!(
            lang,
            "{node} has carried this request out before, as {t}, and only answers again.",
            "{node} 已作为 {t} 执行过该请求，只再次答复。"
        ),
        R::AlreadyUnderWay { .. } => say!(
            lang,
            "{node} is already carrying this request out, as {t}.",
            "{node} 正作为 {t} 执行该请求。"
        ),
        R::AnswersClient { outcome, .. } => {
            let outcome = outcome_text(outcome, lang);
            say!(
                lang,
                "{node} tells the client about {t}: {outcome}.",
                "{node} 告知客户端 {t} 的结果：{outcome}。"
            )
        }
        R::SendsWork { sites, .. } => {
            let s = plural(sites);
            say!(
                lang,
                "{node} begins {t} and hands the work to {sites} site{s}; nothing is decided yet.",
                "{node} 开始 {t}，把工作分给 {sites} 个站点；尚未决定任何事。"
            )
        }
        R::SendsWorkAgain { .. } => say!(
            lang,
            "{node} has heard nothing about the work for {t} and sends it again.",
            "{node} 没有得到 {t} 的工作回音，再次发送。"
        ),
        R::LimitsWork { .. } => {
            say!(lang, "{node} limits how long the work for {t} may take.", "{node} 为 {t} 的工作设定时限。")
        }
        R::WillRepeat { .. } => say!(
            lang,
            "{node} will say it again if nothing comes back about {t}.",
            "若 {t} 没有回音，{node} 将重发。"
        ),
        R::Updates { before, after, .. } => say!(
            lang,
            "{node} changes the value in place for {t}, from {before} to {after}; its log can undo that.",
            "{node} 为 {t} 就地修改数值，从 {before} 到 {after}；日志可以撤销它。"
        ),
        R::WaitsForLock { holder, holders: 1, .. } => say!(
            lang,
            "{node}: {t} has to wait, because {holder} holds the lock.",
            "{node}：{t} 必须等待，因为 {holder} 持有锁。"
        ),
        R::WaitsForLock { holder, holders, .. } => say!(
            lang,
            "{node}: {t} has to wait for {holders} transactions that hold the lock or asked earlier, {holder} first.",
            "{node}：{t} 必须等待持有锁或更早请求的 {holders} 个事务，首先是 {holder}。"
        ),
        R::WorkDone { .. } => say!(
            lang,
            "{node} has all locks for {t} and the work is done; it can still be undone.",
            "{node} 已取得 {t} 的全部锁并完成工作；此时仍可撤销。"
        ),
        R::Dies { holder, .. } => say!(
            lang,
            "{node} gives {t} up: it is younger than {holder}, which holds the lock, and only an older one may wait.",
            "{node} 放弃 {t}：它比持锁的 {holder} 年轻，而只有更早的事务可以等待。"
        ),
        R::BreaksDeadlock { length, .. } => say!(
            lang,
            "{node} sees {length} transactions wait for each other in a circle, which no site alone can see, and aborts the youngest, {t}.",
            "{node} 发现 {length} 个事务循环等待，任何单个站点都看不到这一点；它中止其中最年轻的 {t}。"
        ),
        R::GivesWorkUp { cause, .. } => {
            let cause = abort_text(cause, lang);
            say!(lang, "{node} aborts {t} before any vote: {cause}.", "{node} 在投票之前中止 {t}：{cause}。")
        }
        R::LimitsWaitForPrepare { .. } => say!(
            lang,
            "{node} limits how long it waits to be asked for its vote on {t}.",
            "{node} 为等待 {t} 的投票请求设定时限。"
        ),
        R::AbortsUnvoted { why, .. } => {
            let why = gave_up_text(why, lang);
            say!(
                lang,
                "{node} has not voted on {t} and may abort on its own, which it does: {why}.",
                "{node} 尚未对 {t} 投票，可以自行中止，于是中止：{why}。"
            )
        }
        R::AbortsUnvotedWhenAsked { by, .. } => say!(
            lang,
            "{node} has not voted on {t}; {by} is in doubt and asks, so {node} aborts now and can tell it.",
            "{node} 尚未对 {t} 投票；{by} 存疑来问，于是 {node} 现在中止并可以告知。"
        ),
        R::RefusesLateWork { .. } => say!(
            lang,
            "{node} does not begin the work for {t}, which has ended already.",
            "{node} 不再开始 {t} 的工作，它已经结束。"
        ),
        R::CommittedEarlier { earlier, .. } => say!(
            lang,
            "{node} knows the request of {t}: it was committed as {earlier}.",
            "{node} 认得 {t} 的请求：它已作为 {earlier} 提交。"
        ),
        R::ForcesInitiation { participants, .. } => {
            let s = plural(participants);
            say!(
                lang,
                "{node} first records whom it is going to ask about {t}, {participants} participant{s}, so that a crash cannot make it forget that it asked.",
                "{node} 先记录将就 {t} 询问的 {participants} 个参与者，以免崩溃后忘记自己问过。"
            )
        }
        R::AsksForVotes { participants, .. } => {
            let s = plural(participants);
            say!(
                lang,
                "{node} asks {participants} participant{s} for the vote on {t}: can you commit?",
                "{node} 请 {participants} 个参与者对 {t} 投票：能提交吗？"
            )
        }
        R::AsksForVoteAgain { .. } => {
            say!(lang, "{node} misses a vote on {t} and asks again.", "{node} 缺少对 {t} 的投票，再次询问。")
        }
        R::LimitsVoting { .. } => {
            say!(lang, "{node} limits how long it waits for votes on {t}.", "{node} 为 {t} 的投票设定时限。")
        }
        R::LeavesDecision { .. } => say!(
            lang,
            "{node} leaves {t} to its only participant: with nobody to agree with, one phase is enough.",
            "{node} 把 {t} 交给唯一的参与者：无需与他人一致，一个阶段就够了。"
        ),
        R::ForcesPrepared { .. } => say!(
            lang,
            "{node} can commit {t}. Before it says so, what it takes to go either way must be on its disk.",
            "{node} 能够提交 {t}。在表态之前，提交或中止所需的一切必须先落盘。"
        ),
        R::VotesYes { .. } => say!(
            lang,
            "{node} votes yes on {t}. From now on it is in doubt: it may neither commit nor abort until it is told, and keeps its locks.",
            "{node} 对 {t} 投赞成票。从现在起它存疑：在得知决定之前既不能提交也不能中止，并保持锁。"
        ),
        R::VotesTooEarly { .. } => say!(
            lang,
            "{node} votes yes on {t} before its promise is on disk. The rule is switched off.",
            "{node} 在承诺落盘之前就对 {t} 投赞成票。该规则已被关闭。"
        ),
        R::VotesNo { why, .. } => {
            let why = no_vote_text(why, lang);
            say!(
                lang,
                "{node} votes no on {t}: {why}. It has not promised anything, so it aborts at once.",
                "{node} 对 {t} 投反对票：{why}。它没有承诺过什么，因此立即中止。"
            )
        }
        R::VotesReadOnly { .. } => say!(
            lang,
            "{node} has only read for {t} and does not care how it ends: it gives its locks back and drops out.",
            "{node} 在 {t} 中只做了读取，结果与它无关：它释放锁并退出。"
        ),
        R::VotesAgain { .. } => {
            say!(
                lang,
                "{node} was asked again and votes on {t} as its log says.",
                "{node} 再次被问，按日志所记对 {t} 投票。"
            )
        }
        R::DecidesCommit { yes, participants, .. } => {
            let (yes_s, s) = (plural(yes), plural(participants));
            say!(
                lang,
                "{node} has {yes} yes vote{yes_s} from {participants} participant{s} and decides to commit {t}. The decision holds once its record is on disk.",
                "{node} 得到 {participants} 个参与者中 {yes} 张赞成票，决定提交 {t}。记录落盘后决定生效。"
            )
        }
        R::DecidesOnMajority { yes, participants, .. } => say!(
            lang,
            "{node} decides to commit {t} with {yes} of {participants} votes. The rule that all must agree is switched off.",
            "{node} 仅凭 {participants} 票中的 {yes} 票就决定提交 {t}。必须全体同意的规则已被关闭。"
        ),
        R::CommitsReadOnly { .. } => say!(
            lang,
            "{node} ends {t}: everybody has only read, so there is no second phase.",
            "{node} 结束 {t}：所有人都只做了读取，无需第二阶段。"
        ),
        R::DecidesAbort { cause, .. } => {
            let cause = abort_text(cause, lang);
            say!(lang, "{node} decides to abort {t}: {cause}.", "{node} 决定中止 {t}：{cause}。")
        }
        R::DecidesAlone { outcome: Outcome::Commit, .. } => say!(
            lang,
            "{node} is the only participant of {t} and decides to commit.",
            "{node} 是 {t} 唯一的参与者，决定提交。"
        ),
        R::DecidesAlone { outcome: Outcome::Abort, .. } => say!(
            lang,
            "{node} is the only participant of {t} and decides to abort.",
            "{node} 是 {t} 唯一的参与者，决定中止。"
        ),
        R::TellsDecision { outcome, .. } => {
            let outcome = outcome_text(outcome, lang);
            say!(lang, "{node} tells the decision on {t}: {outcome}.", "{node} 告知 {t} 的决定：{outcome}。")
        }
        R::TellsDecisionAgain { outcome, .. } => {
            let outcome = outcome_text(outcome, lang);
            say!(
                lang,
                "{node} tells the decision on {t} again: {outcome}.",
                "{node} 再次告知 {t} 的决定：{outcome}。"
            )
        }
        R::LearnsDecision { outcome: Outcome::Commit, from, .. } => say!(
            lang,
            "{node} learns from {from} that {t} is committed: what was changed stays.",
            "{node} 从 {from} 得知 {t} 已提交：修改保留。"
        ),
        R::LearnsDecision { outcome: Outcome::Abort, from, .. } => say!(
            lang,
            "{node} learns from {from} that {t} is aborted: what was changed is undone.",
            "{node} 从 {from} 得知 {t} 已中止：修改被撤销。"
        ),
        R::Acknowledges { .. } => say!(
            lang,
            "{node} has the decision on {t} on its disk and will never ask again, which it confirms.",
            "{node} 已将 {t} 的决定落盘，不会再问，并予以确认。"
        ),
        R::Forgets { .. } => say!(
            lang,
            "{node} has heard from everybody about {t} and may forget it.",
            "{node} 已收到所有人对 {t} 的确认，可以忘掉它。"
        ),
        R::ForgetsByPresumption { outcome, .. } => {
            let outcome = outcome_text(outcome, lang);
            say!(
                lang,
                "{node} forgets {t} at once: whoever asks later is told what is presumed, {outcome}.",
                "{node} 立即忘掉 {t}：以后谁来问，就按推定答复：{outcome}。"
            )
        }
        R::Contradiction { own, told, by, .. } => {
            let (own, told) = (outcome_text(own, lang), outcome_text(told, lang));
            say!(
                lang,
                "{node} has decided {own} on {t}, and {by} says {told}: two processes differ.",
                "{node} 对 {t} 的决定是{own}，而 {by} 说{told}：两个进程不一致。"
            )
        }
        R::LimitsDoubt { .. } => say!(
            lang,
            "{node} is in doubt about {t} and will ask if nothing comes.",
            "{node} 对 {t} 存疑，若没有消息就会去问。"
        ),
        R::AsksForDecision { asked, .. } => {
            let s = plural(asked);
            say!(
                lang,
                "{node} is in doubt about {t} and has been told nothing, so it asks {asked} other{s} what was decided.",
                "{node} 对 {t} 存疑且没有消息，于是向 {asked} 个节点询问决定。"
            )
        }
        R::Presumes { outcome, .. } => {
            let outcome = outcome_text(outcome, lang);
            say!(
                lang,
                "{node} knows nothing of {t}, and what it knows nothing of is presumed: {outcome}.",
                "{node} 对 {t} 一无所知，而一无所知就按推定：{outcome}。"
            )
        }
        R::CannotHelp { .. } => say!(
            lang,
            "{node} is asked about {t} and is in doubt itself: it cannot help.",
            "{node} 被问到 {t}，但它自己也存疑：无能为力。"
        ),
        R::Blocked { participants, .. } => say!(
            lang,
            "{node} has heard from all {participants} participants of {t}, and all are in doubt. Only the coordinator can tell; until then every lock stays.",
            "{node} 问遍了 {t} 的 {participants} 个参与者，全都存疑。只有协调者知道；在此之前所有锁都保持。"
        ),
        R::AbortsAloneInDoubt { .. } => say!(
            lang,
            "{node} aborts {t} on its own although it had voted yes. The rule is switched off.",
            "{node} 虽已投赞成票，却自行中止 {t}。该规则已被关闭。"
        ),
        R::PreCommits { participants, .. } => {
            let s = plural(participants);
            say!(
                lang,
                "{node} has all votes and tells {participants} participant{s} so before anybody commits {t}: nobody shall commit while another is uncertain.",
                "{node} 收齐选票，在任何人提交 {t} 之前先告知 {participants} 个参与者：有人不确定时，谁也不得提交。"
            )
        }
        R::LimitsPreCommit { .. } => say!(
            lang,
            "{node} waits for answers about {t}; whoever stays silent is taken for crashed.",
            "{node} 等待关于 {t} 的回音；沉默者被视为已崩溃。"
        ),
        R::AcknowledgesPreCommit { .. } => say!(
            lang,
            "{node} knows now that all have voted yes on {t}: it is committable.",
            "{node} 现在知道所有人都对 {t} 投了赞成票：可提交。"
        ),
        R::CommitsAfterPreCommit { silent: 0, .. } => say!(
            lang,
            "{node}: everybody knows that all voted yes on {t}, so it commits.",
            "{node}：所有人都知道 {t} 获全体赞成，于是提交。"
        ),
        R::CommitsAfterPreCommit { silent, .. } => {
            let s = plural(silent);
            say!(
                lang,
                "{node} commits {t} without {silent} silent participant{s}, which it takes for crashed.",
                "{node} 不再等待 {silent} 个沉默的参与者（视为已崩溃），提交 {t}。"
            )
        }
        R::Elects { candidate, silent, .. } if candidate == node => say!(
            lang,
            "{node} takes {silent} for crashed; it is the lowest that is left and leads {t} to its end.",
            "{node} 认为 {silent} 已崩溃；自己是剩下的最小者，来收尾 {t}。"
        ),
        R::Elects { candidate, silent, .. } => say!(
            lang,
            "{node} takes {silent} for crashed and turns to {candidate}, the lowest that is left, to end {t}.",
            "{node} 认为 {silent} 已崩溃，转由剩下的最小者 {candidate} 收尾 {t}。"
        ),
        R::TakesOver { .. } => say!(
            lang,
            "{node} is backup coordinator of {t} now and asks everybody how far they are.",
            "{node} 成为 {t} 的备份协调者，询问各自的状态。"
        ),
        R::TellsState { state, .. } => {
            let state = state_text(state, lang);
            say!(
                lang,
                "{node} answers that it is {state} about {t}.",
                "{node} 答复它对 {t} 的状态：{state}。"
            )
        }
        R::FollowsDecision { outcome, .. } => {
            let outcome = outcome_text(outcome, lang);
            say!(
                lang,
                "{node} hears that somebody has decided {t} already, and follows: {outcome}.",
                "{node} 得知有人已对 {t} 做出决定，于是跟随：{outcome}。"
            )
        }
        R::AllUncertain { up: 1, .. } => say!(
            lang,
            "{node}: the only participant that is left is uncertain about {t}, so nobody can have committed. It aborts.",
            "{node}：仅剩的参与者对 {t} 不确定，因此不可能有人已提交。它中止。"
        ),
        R::AllUncertain { up, .. } => say!(
            lang,
            "{node}: all {up} participants that answer are uncertain about {t}, so nobody can have committed. They abort.",
            "{node}：应答的 {up} 个参与者都对 {t} 不确定，因此不可能有人已提交。它们中止。"
        ),
        R::SomeCommittable { committable, up, .. } => say!(
            lang,
            "{node}: of {up} participants, committable: {committable}. So nobody can have aborted {t}. The others are told first, then all commit.",
            "{node}：{up} 个参与者中有 {committable} 个可提交，因此不可能有人已中止 {t}。先告知其余者，然后一起提交。"
        ),
        R::IgnoresFormerLeader { from, .. } => say!(
            lang,
            "{node} ignores {from}, which it no longer obeys in {t}.",
            "{node} 忽略 {from}，在 {t} 中已不再听从它。"
        ),
        R::TotalFailure { processes, .. } => say!(
            lang,
            "{node}: all {processes} processes of {t} have crashed and come back, and none has a decision on its disk. They abort.",
            "{node}：{t} 的 {processes} 个进程都崩溃后恢复，且磁盘上都没有决定。它们中止。"
        ),
    }
}

/// The name of an invariant, as it is printed.
pub(super) fn invariant_text(name: &'static str, lang: Lang) -> String {
    match name {
        "isolation" => word!(lang, "Isolation", "隔离性"),
        "durability" => word!(lang, "Durability", "持久性"),
        "one outcome" => word!(lang, "One outcome for one request", "一个请求一个结果"),
        "locks held in doubt" => word!(lang, "Locks held in doubt", "存疑时保持锁"),
        name => name,
    }
    .to_owned()
}
