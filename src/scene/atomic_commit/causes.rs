//! Why a transaction was aborted or refused, in words.

use crate::lang::plural;
use crate::protocol::atomic_commit::transaction::VALUE_MAX;
use crate::protocol::atomic_commit::{AbortCause, GaveUp, NoVote, Outcome, ProcessState, Refusal};
use crate::scene::Lang;
use crate::{say, word};

pub(super) fn outcome_text(outcome: Outcome, lang: Lang) -> &'static str {
    match outcome {
        Outcome::Commit => word!(lang, "commit", "提交"),
        Outcome::Abort => word!(lang, "abort", "中止"),
    }
}

pub(super) fn no_vote_text(why: NoVote, lang: Lang) -> &'static str {
    match why {
        NoVote::Overdrawn => word!(lang, "an account would be overdrawn", "账户将被透支"),
        NoVote::ValueOutOfRange => word!(lang, "a value would be out of range", "数值将超出范围"),
        NoVote::WorkLost => word!(lang, "its work was lost in a crash", "它的工作在崩溃中丢失"),
        NoVote::AlreadyAborted => word!(lang, "it has already aborted on its own", "它已自行中止"),
    }
}

pub(super) fn gave_up_text(why: GaveUp, lang: Lang) -> &'static str {
    match why {
        GaveUp::WaitDie => {
            word!(lang, "an older transaction holds the lock (wait-die)", "更早的事务持有锁（wait-die）")
        }
        GaveUp::NotAsked => word!(lang, "nobody asked for its vote", "没有人来征求它的投票"),
        GaveUp::Earlier => word!(lang, "it had given up earlier", "它此前已放弃"),
        GaveUp::OldRequest => {
            word!(lang, "the request is old and was answered", "该请求是旧的，早已得到答复")
        }
    }
}

pub(super) fn abort_text(cause: AbortCause, lang: Lang) -> String {
    match cause {
        AbortCause::VotedNo { site, why } => {
            let why = no_vote_text(why, lang);
            say!(lang, "{site} voted no, {why}", "{site} 投了反对票，{why}")
        }
        AbortCause::GaveUp { site, why } => {
            let why = gave_up_text(why, lang);
            say!(lang, "{site} gave up, {why}", "{site} 放弃，{why}")
        }
        AbortCause::VoteTimeout { missing } => {
            say!(lang, "{missing} of the votes did not come in time", "有 {missing} 张票未按时到达")
        }
        AbortCause::WorkTimeout { missing } => {
            let s = plural(missing);
            say!(
                lang,
                "the work was not done in time at {missing} site{s}",
                "有 {missing} 个站点未按时完成工作"
            )
        }
        AbortCause::Deadlock => {
            word!(lang, "it was the youngest in a deadlock", "它是死锁中最年轻的").to_owned()
        }
        AbortCause::SiteRestarted { site } => {
            say!(lang, "{site} restarted during the work", "{site} 在工作期间重启")
        }
        AbortCause::CoordinatorCrashed => {
            word!(lang, "the coordinator crashed before it had decided", "协调者在做出决定之前崩溃")
                .to_owned()
        }
        AbortCause::Termination => {
            word!(lang, "the participants decided among themselves", "参与者之间自行做出了决定").to_owned()
        }
    }
}

pub(super) fn refusal_text(why: Refusal, lang: Lang) -> String {
    match why {
        Refusal::OperationCount { max } => {
            say!(lang, "a transaction has 1 to {max} operations", "一个事务包含 1 到 {max} 个操作")
        }
        Refusal::NoSuchSite { site } => say!(lang, "{site} keeps no accounts", "{site} 不保存账户"),
        Refusal::KeyLength { max_bytes } => {
            say!(lang, "a name has 1 to {max_bytes} bytes", "名称长 1 到 {max_bytes} 字节")
        }
        Refusal::ValueOutOfRange => {
            say!(lang, "a value lies within ±{VALUE_MAX}", "数值须在 ±{VALUE_MAX} 之内")
        }
        Refusal::Stale => {
            word!(lang, "the request is too old to be remembered", "请求过旧，已无法辨认").to_owned()
        }
    }
}

pub(super) fn state_text(state: ProcessState, lang: Lang) -> &'static str {
    match state {
        ProcessState::Uncertain => word!(lang, "uncertain", "不确定"),
        ProcessState::Committable => word!(lang, "committable", "可提交"),
        ProcessState::Recovered => word!(lang, "recovered", "崩溃后恢复"),
    }
}
