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
        Notice::NoMilestone => word!(
            lang,
            "No milestone lies ahead: the run only goes on as it does now.",
            "前方没有关键步骤：运行只会照现在这样继续。"
        )
        .to_owned(),
        Notice::NothingMore => word!(
            lang,
            "Nothing new comes in this run, so it rests here. Play goes on.",
            "这次运行不再有新的内容，因此停在这里。点击播放可以继续。"
        )
        .to_owned(),
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

/// What is missing where the browser refuses storage.
pub fn forgets(lang: Lang) -> &'static str {
    word!(
        lang,
        "This browser does not let the page store anything: language, theme and the last run are forgotten. Links to runs work.",
        "此浏览器不允许页面存储任何内容：语言、主题和上次的运行不会被记住。运行链接仍然有效。"
    )
}

/// Said while the engine of a protocol is being fetched, where that takes long.
pub fn fetches_engine(lang: Lang) -> &'static str {
    word!(lang, "The engine of this protocol is being fetched …", "正在获取此协议的引擎……")
}

/// Said where the engine of a protocol cannot be fetched or started.
pub fn no_engine(lang: Lang) -> &'static str {
    word!(
        lang,
        "The engine of this protocol could not be loaded: its file is missing, cut short or blocked. Nothing is lost.",
        "无法加载此协议的引擎：文件缺失、不完整或被拦截。没有任何内容丢失。"
    )
}

/// Said where an engine has stopped.
pub fn engine_stopped(lang: Lang) -> &'static str {
    word!(
        lang,
        "The engine of this protocol has stopped because of a fault of its own. The page goes on, and your run can be opened again.",
        "此协议的引擎因自身故障而停止。页面仍可使用，你的运行可以重新打开。"
    )
}

/// What is missing where the browser gives the page no worker.
pub fn paints_itself(lang: Lang) -> &'static str {
    word!(
        lang,
        "This browser gives the page no worker to paint with: large runs move less smoothly.",
        "此浏览器不为页面提供绘图所需的工作线程：大型运行的动画会不够流畅。"
    )
}

/// Said in a frame, where a browser may refuse to save a file without telling the page.
pub fn may_not_save(lang: Lang) -> &'static str {
    word!(
        lang,
        "The file is offered to your browser. If none arrives, the frame around this page does not allow it: open the page in a tab of its own.",
        "文件已交给浏览器。如果没有收到，说明包含本页面的框架不允许下载：请在单独的标签页中打开本页面。"
    )
}

/// Said where the browser refuses.
pub fn no_full_screen(lang: Lang) -> &'static str {
    word!(lang, "The browser does not let the page fill the screen here.", "浏览器不允许页面在这里全屏显示。")
}

/// `step 212`.
pub fn step(step: u32, lang: Lang) -> String {
    say!(lang, "step {}", "第 {} 步", step)
}
