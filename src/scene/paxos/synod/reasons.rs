//! The Synod's reasons in sentences: what a node did, and the rule that made it do so.

use super::super::invariant_text;
use super::{ballot_text, proposal_text};
use crate::lang::time;
use crate::protocol::NodeId;
use crate::protocol::paxos::synod::{Reason, Violation};
use crate::say;
use crate::scene::Lang;

/// How much a reader wants to hear this reason, of all those of a step.
pub(super) fn weight(why: &Reason) -> u8 {
    use Reason as R;
    match why {
        R::PromiseCounted { .. } | R::AcceptanceCounted { .. } => 5,
        _ if why.is_milestone() => 9,
        R::OwnValueProposed { .. }
        | R::NothingToFinish { .. }
        | R::PrepareRefused { .. }
        | R::AcceptRefused { .. } => 8,
        R::ChosenHeard { .. } | R::OutbidAtOnce { .. } | R::FinishForLearner | R::OperatorAsks => 8,
        R::BackOff { .. } | R::Prepare { .. } => 7,
        R::BallotBegun { .. } | R::Promised { .. } | R::Accepted { .. } => 6,
        R::ValueTaken | R::ValueWaits | R::AskedAgain { .. } | R::NotProposer { .. } | R::KeepsOut => 5,
        R::ClientAnswered | R::LearnerTold { .. } | R::AcceptedToldAgain { .. } => 4,
        R::Started { .. } => 3,
        _ => 2,
    }
}

/// A reason as a sentence about `node`.
#[expect(clippy::too_many_lines, reason = "one sentence for each rule, side by side")]
pub(super) fn text(why: &Reason, node: NodeId, lang: Lang) -> String {
    use Reason as R;
    match *why {
        R::Started { promised: None, .. } => say!(
            lang,
            "{node} starts; it has promised and accepted nothing.",
            "{node} 启动；它没有承诺过也没有接受过任何提案。"
        ),
        R::Started { promised, accepted } => {
            let (promised, accepted) = (ballot_text(promised), ballot_text(accepted));
            say!(
                lang,
                "{node} starts and finds on its disk what it must remember: promised {promised}, accepted {accepted}.",
                "{node} 启动，并在磁盘上找到必须记住的内容：已承诺 {promised}，已接受 {accepted}。"
            )
        }
        R::DiskLost => say!(
            lang,
            "{node} finds its disk empty. It may have promised what it no longer knows, so it stays out and only learns.",
            "{node} 发现磁盘是空的。它可能做过如今已不记得的承诺，因此不再参与，只学习结果。"
        ),
        R::DiskDamaged => say!(
            lang,
            "{node} finds a damaged record that may have been a promise, so it stays out and only learns.",
            "{node} 发现一条损坏的记录，那可能是一个承诺，因此不再参与，只学习结果。"
        ),
        R::PromiseForgotten { promised } => say!(
            lang,
            "{node} forgets that it had promised {promised}: this rule is broken on purpose.",
            "{node} 忘记了曾承诺 {promised}：这条规则被故意打破。"
        ),
        R::LogShortened => say!(
            lang,
            "{node} replaces its log by the few records that still matter.",
            "{node} 把日志换成仍然重要的几条记录。"
        ),
        R::ValueTaken => say!(
            lang,
            "{node} takes the client's value for its own and will propose it.",
            "{node} 把客户端的值当作自己的值来提议。"
        ),
        R::ValueWaits => say!(
            lang,
            "{node} is busy with another client's value; this one will hear which value is chosen.",
            "{node} 正在提议另一个客户端的值；这个客户端会得知最终选定的值。"
        ),
        R::ClientAnswered => {
            say!(lang, "{node} tells the client which value is chosen.", "{node} 告诉客户端选定了哪个值。")
        }
        R::NotProposer { ask } => {
            say!(lang, "{node} does not propose; {ask} does.", "{node} 不是提议者；{ask} 是。")
        }
        R::KeepsOut => say!(
            lang,
            "{node} stays out: it promises and accepts nothing.",
            "{node} 不再参与：不承诺也不接受。"
        ),
        R::BallotBegun { ballot, above: None } => say!(
            lang,
            "{node} picks ballot {ballot}, and writes it down so that it never uses it twice.",
            "{node} 选定编号 {ballot}，先写盘，以免重复使用。"
        ),
        R::BallotBegun { ballot, above: Some(above) } => say!(
            lang,
            "{node} picks ballot {ballot}, higher than {above}, and writes it down so that it never uses it twice.",
            "{node} 选定高于 {above} 的编号 {ballot}，先写盘，以免重复使用。"
        ),
        R::BallotsUsedUp => say!(lang, "{node} has no higher ballot left.", "{node} 已没有更高的编号可用。"),
        R::Prepare { ballot } => say!(
            lang,
            "Phase 1: {node} asks all acceptors to promise {ballot} and to say what they have accepted.",
            "阶段一：{node} 请所有接受者承诺 {ballot}，并报告已接受的提案。"
        ),
        R::PromiseCounted { ballot, count, needed } => say!(
            lang,
            "{node} has {count} of the {needed} promises that it needs for {ballot}.",
            "{node} 的编号 {ballot} 已得到 {count} 个承诺，需要 {needed} 个。"
        ),
        R::AcceptedValueTakenOver { ballot, from } => say!(
            lang,
            "Phase 2: an acceptor reported a value of ballot {from}. It may have been chosen, so {node} proposes it under {ballot} instead of its own.",
            "阶段二：有接受者报告了编号 {from} 的值。它可能已被选定，因此 {node} 在 {ballot} 下提议它，而不是自己的值。"
        ),
        R::OwnValueProposed { ballot } => say!(
            lang,
            "Phase 2: no acceptor of the quorum has accepted anything, so {node} is free to propose its own value under {ballot}.",
            "阶段二：法定数的接受者都未接受过提案，因此 {node} 可以在 {ballot} 下提议自己的值。"
        ),
        R::AcceptedValueIgnored { ballot, from } => say!(
            lang,
            "{node} ignores the value reported from ballot {from} and proposes its own under {ballot}: this rule is broken on purpose.",
            "{node} 无视编号 {from} 报告的值，在 {ballot} 下提议自己的值：这条规则被故意打破。"
        ),
        R::NothingToFinish { ballot } => say!(
            lang,
            "{node} has its promises for {ballot}; nobody has accepted anything and it has no value of its own, so it stops.",
            "{node} 已得到 {ballot} 的承诺；没有人接受过提案，它自己也没有值，于是停下。"
        ),
        R::AcceptanceCounted { ballot, count, needed } => say!(
            lang,
            "{node} has {count} of the {needed} acceptances that it needs for {ballot}.",
            "{node} 的编号 {ballot} 已得到 {count} 个接受，需要 {needed} 个。"
        ),
        R::AskedAgain { ballot, silent } => say!(
            lang,
            "{node} asks the {silent} silent acceptors again, still under {ballot}: messages can be lost.",
            "{node} 仍以 {ballot} 再次询问 {silent} 个未答复的接受者：消息可能丢失。"
        ),
        R::Preempted { ballot, by } => say!(
            lang,
            "{node} gives ballot {ballot} up: {by} is under way and closes it.",
            "{node} 放弃编号 {ballot}：更高的 {by} 已经开始，使它失效。"
        ),
        R::BackOff { wait_us } => {
            let wait = time(wait_us, lang);
            say!(
                lang,
                "{node} backs off for {wait}, a random time, so that the other can finish.",
                "{node} 随机退避 {wait}，让对方得以完成。"
            )
        }
        R::OutbidAtOnce { above } => say!(
            lang,
            "{node} outbids {above} at once: back-off is switched off.",
            "{node} 立即以更高的编号压过 {above}：退避已关闭。"
        ),
        R::AnswerTooLate { ballot } => say!(
            lang,
            "{node} gets an answer to ballot {ballot}, which it needs no more.",
            "{node} 收到对编号 {ballot} 的答复，但已不再需要。"
        ),
        R::Promised { ballot, accepted: None } => say!(
            lang,
            "{node} promises to accept nothing below {ballot}. The disk holds that before the answer leaves.",
            "{node} 承诺不再接受低于 {ballot} 的提案。先写盘，再答复。"
        ),
        R::Promised { ballot, accepted: Some(accepted) } => say!(
            lang,
            "{node} promises to accept nothing below {ballot}, and reports what it accepted under {accepted}.",
            "{node} 承诺不再接受低于 {ballot} 的提案，并报告它在 {accepted} 下接受的值。"
        ),
        R::Accepted { ballot } => say!(
            lang,
            "{node} accepts the value of {ballot}: it has promised nothing higher. The disk holds that before the answer leaves.",
            "{node} 接受 {ballot} 的值：它没有承诺过更高的编号。先写盘，再答复。"
        ),
        R::PrepareRefused { ballot, promised } => say!(
            lang,
            "{node} refuses to promise {ballot}: it has promised {promised}, which is higher.",
            "{node} 拒绝承诺 {ballot}：它已承诺更高的 {promised}。"
        ),
        R::AcceptRefused { ballot, promised } => say!(
            lang,
            "{node} refuses the value of {ballot}: it has promised {promised}, which is higher.",
            "{node} 拒绝 {ballot} 的值：它已承诺更高的 {promised}。"
        ),
        R::DiskBehind => say!(
            lang,
            "The disk of {node} is so far behind that it drops this request; it will be asked again.",
            "{node} 的磁盘落后太多，因此丢弃这个请求；对方会再次询问。"
        ),
        R::PrepareTooLate { ballot } => say!(
            lang,
            "{node} has accepted {ballot} long since; the late request for a promise changes nothing.",
            "{node} 早已接受 {ballot}；迟到的承诺请求不起作用。"
        ),
        R::AcceptedToldAgain { ballot } => say!(
            lang,
            "{node} tells what it has accepted, under {ballot}.",
            "{node} 告知它在 {ballot} 下接受的值。"
        ),
        R::Chosen { ballot, count } => say!(
            lang,
            "{node} knows of {count} acceptors that have accepted {ballot}: a quorum. Its value is chosen, for good.",
            "{node} 得知已有 {count} 个接受者接受了 {ballot}：达到法定数。它的值已选定，不会再变。"
        ),
        R::ChosenHeard { ballot } => say!(
            lang,
            "{node} learns from another node what was chosen, under {ballot}.",
            "{node} 从别的节点得知在 {ballot} 下选定的值。"
        ),
        R::LearnerAsks { .. } => say!(
            lang,
            "{node} does not know what is chosen, and will ask again.",
            "{node} 还不知道选定了什么，会再次询问。"
        ),
        R::LearnerTold { ballot } => {
            say!(lang, "{node} tells what was chosen, under {ballot}.", "{node} 告知在 {ballot} 下选定的值。")
        }
        R::FinishForLearner => say!(
            lang,
            "A learner has seen votes that make no quorum. {node} begins a ballot, which will show what was chosen.",
            "有学习者见到的票不足法定数。{node} 发起新的编号，以查明选定了什么。"
        ),
        R::OperatorAsks => {
            say!(lang, "{node} is told to begin a ballot.", "{node} 被要求发起新的编号。")
        }
    }
}

/// A violation: the invariant's name, and the two facts that contradict each other.
pub(super) fn violation(violation: &Violation, lang: Lang) -> (String, String) {
    let facts = match violation {
        Violation::Agreement { first, second } => {
            let (first, second) = (proposal_text(first), proposal_text(second));
            say!(lang, "{first} was chosen, and so was {second}.", "{first} 已选定，{second} 也被选定。")
        }
        Violation::Unasked { node, proposal } => {
            let proposal = proposal_text(proposal);
            say!(
                lang,
                "{node} proposes {proposal}, which no client handed in.",
                "{node} 提议 {proposal}，但没有客户端提交过它。"
            )
        }
        Violation::TwoValues { first, second } => {
            let (first, second) = (proposal_text(first), proposal_text(second));
            say!(
                lang,
                "{first} and {second} are proposed under the same ballot.",
                "{first} 与 {second} 使用了同一个编号。"
            )
        }
        Violation::LearnedOnlyIfChosen { node, proposal } => {
            let proposal = proposal_text(proposal);
            say!(
                lang,
                "{node} holds {proposal} to be chosen, and no quorum has accepted it.",
                "{node} 认为 {proposal} 已选定，但没有达到法定数的接受者接受它。"
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
        Violation::AcceptedNeverGoesBack { node, accepted, now } => {
            let now = ballot_text(*now);
            say!(
                lang,
                "{node} had accepted {accepted}, and now says {now}.",
                "{node} 曾接受 {accepted}，现在却是 {now}。"
            )
        }
        Violation::P2c { chosen, proposed } => {
            let (chosen, proposed) = (proposal_text(chosen), proposal_text(proposed));
            say!(
                lang,
                "{chosen} was chosen, and {proposed} is proposed under a higher ballot.",
                "{chosen} 已选定，却有人以更高的编号提议 {proposed}。"
            )
        }
    };
    (invariant_text(violation.invariant(), lang), facts)
}
