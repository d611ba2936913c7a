//! What contradicts what, where an invariant is violated.

use super::causes::outcome_text;
use crate::protocol::atomic_commit::{CommitViolation, Outcome};
use crate::say;
use crate::scene::Lang;

fn opposite(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Commit => Outcome::Abort,
        Outcome::Abort => Outcome::Commit,
    }
}

/// The invariant's name, and the two facts that contradict each other.
pub(super) fn text(violation: &CommitViolation, lang: Lang) -> (String, String) {
    use CommitViolation as V;
    let facts = match violation {
        V::SplitDecision { transaction: t, first, decided, second } => {
            let other = outcome_text(opposite(*decided), lang);
            let decided = outcome_text(*decided, lang);
            say!(
                lang,
                "{first} decided to {decided} {t}, and {second} decided to {other} it.",
                "{first} 决定{decided} {t}，而 {second} 决定{other}。"
            )
        }
        V::ReversedDecision { transaction: t, node, decided } => {
            let decided = outcome_text(*decided, lang);
            say!(
                lang,
                "{node} had decided to {decided} {t} and has changed its mind.",
                "{node} 曾决定{decided} {t}，又改变了主意。"
            )
        }
        V::CommittedWithoutVote { transaction: t, by, missing, voted_no: true } => say!(
            lang,
            "{by} decided to commit {t}, and {missing} had voted no.",
            "{by} 决定提交 {t}，而 {missing} 投了反对票。"
        ),
        V::CommittedWithoutVote { transaction: t, by, missing, voted_no: false } => say!(
            lang,
            "{by} decided to commit {t}, and {missing} has not voted.",
            "{by} 决定提交 {t}，而 {missing} 尚未投票。"
        ),
        V::NotSerialisable { circle } => {
            let circle: Vec<String> = circle.iter().map(ToString::to_string).collect();
            let circle = circle.join(" → ");
            say!(
                lang,
                "No order explains the committed transactions: {circle} depend on each other in a circle.",
                "没有任何顺序能解释已提交的事务：{circle} 循环依赖。"
            )
        }
        V::DirtyRead { reader, writer, site } => say!(
            lang,
            "{reader} is committed and has read at {site} what {writer} wrote, which was not committed.",
            "{reader} 已提交，却在 {site} 读到了未提交的 {writer} 所写的值。"
        ),
        V::LostDecision { transaction: t, node, decided } => {
            let decided = outcome_text(*decided, lang);
            say!(
                lang,
                "{node} had told that it decided to {decided} {t}, and no longer knows it after a restart.",
                "{node} 曾宣布决定{decided} {t}，重启后却不再知道。"
            )
        }
        V::LostWrite { site, key, committed, found: Some(found) } => say!(
            lang,
            "{committed} was the last to commit {key} at {site}, and after a restart the value of {found} is there.",
            "{site} 上的 {key} 最后由 {committed} 提交，重启后却是 {found} 的值。"
        ),
        V::LostWrite { site, key, committed, found: None } => say!(
            lang,
            "{committed} was the last to commit {key} at {site}, and after a restart the opening balance is there.",
            "{site} 上的 {key} 最后由 {committed} 提交，重启后却是初始余额。"
        ),
        V::TwoOutcomes { client, request, first, decided, second, outcome } => {
            let number = request.0;
            let (decided, outcome) = (outcome_text(*decided, lang), outcome_text(*outcome, lang));
            say!(
                lang,
                "Request {number} of {client} ended twice: {first}: {decided}, and {second}: {outcome}.",
                "{client} 的请求 {number} 有两个结果：{first}：{decided}；{second}：{outcome}。"
            )
        }
        V::LockReleasedInDoubt { transaction: t, site, held, left } => say!(
            lang,
            "{t} is in doubt at {site} and held {held} locks when it voted; now it holds {left}.",
            "{t} 在 {site} 存疑，投票时持有 {held} 把锁；现在只有 {left} 把。"
        ),
    };
    (super::reasons::invariant_text(violation.name(), lang), facts)
}
