//! Sentences that more than one component says.

use super::branches::branch_name;
use crate::lang::time;
use crate::scene::Lang;
use crate::scene::model::BranchView;
use crate::scene::player::Notice;
use crate::scene::telling::problem_text;
use crate::{say, word};

/// A span of time: `84.1 – 96.4 ms`.
pub fn range(from_us: u64, to_us: u64, lang: Lang) -> String {
    let (from, to) = (time(from_us, lang), time(to_us, lang));
    match (from.rsplit_once(' '), to.rsplit_once(' ')) {
        (Some((figure, unit)), Some((_, other))) if unit == other => format!("{figure} – {to}"),
        _ => format!("{from} – {to}"),
    }
}

/// How slowly the run is shown: `1/50 ×`.
pub fn speed(slowdown: u32) -> String {
    if slowdown == 1 { "1 ×".to_owned() } else { format!("1/{slowdown} ×") }
}

/// What happened by the way.
pub fn notice(notice: &Notice, branches: &[BranchView], lang: Lang) -> String {
    match notice {
        Notice::Stopped(reason) => problem_text(reason, lang),
        Notice::NothingThere => {
            word!(lang, "There is nothing further in this direction.", "这个方向上没有更多了。").to_owned()
        }
        Notice::Branched { left } => {
            let name = branches.iter().find(|branch| branch.id == *left);
            let name = name.map(|branch| branch_name(branch, lang)).unwrap_or_default();
            say!(
                lang,
                "This is a new branch. The old future stays as “{}”.",
                "这是一条新分支。原来的未来保留为“{}”。",
                name
            )
        }
        Notice::NotFound => {
            word!(lang, "No further step says that.", "没有更多步骤包含这些内容。").to_owned()
        }
        Notice::Deleted { branch, name } if name.is_empty() => {
            say!(lang, "Branch {} is deleted.", "分支 {} 已删除。", branch + 1)
        }
        Notice::Deleted { name, .. } => say!(lang, "“{}” is deleted.", "“{}”已删除。", name),
        Notice::Undone { not_repeated: 0 } => word!(
            lang,
            "This is a branch without it. All that you did later was done again.",
            "这是一条没有它的分支。之后的操作都已重做。"
        )
        .to_owned(),
        Notice::Undone { not_repeated } => say!(
            lang,
            "This is a branch without it. Of what you did later, {} could not be done again.",
            "这是一条没有它的分支。之后的操作中有 {} 项无法重做。",
            not_repeated
        ),
    }
}

/// `step 212`.
pub fn step(step: u32, lang: Lang) -> String {
    say!(lang, "step {}", "第 {} 步", step)
}
