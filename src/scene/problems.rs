//! What is wrong with the options of a run, in the reader's language.

use super::Lang;
use crate::protocol::{Invalid, Problem};
use crate::say;

/// What is wrong with one option, as a sentence that follows the option's name.
pub fn problem_text(problem: &Problem, lang: Lang) -> String {
    use Problem as P;
    match lang.language {
        // English is also what the command line says, and stands beside each problem.
        crate::lang::Language::En => problem.to_string(),
        crate::lang::Language::Zh => match problem {
            P::OutOfRange { value, low, high } => format!("{value} 不在 {low} 到 {high} 之间"),
            P::UnknownWord { known } => format!("不是 {known} 中的任何一个"),
            P::PartOutOfBounds { what, most } => format!("{what} 超出范围（最大为 {most}）"),
            P::TooFarFromZero { most } => format!("必须在 ±{most} 之内"),
            P::TooMany { count, most } => format!("有 {count} 项，最多只能有 {most} 项"),
            P::MoreThanNodes => "项数多于节点数".to_owned(),
            P::LessThan { other } => format!("不能小于 {other}"),
            P::MoreThan { other } => format!("不能大于 {other}"),
            P::TimeoutsEqual { other } => {
                format!("必须大于 {other}：超时相同的节点会一次次同时参选，瓜分选票")
            }
            P::LessThanTwice { other } => format!("至少应为 {other} 的两倍，以免丢失一条消息就引发选举"),
            P::HeartbeatTooSlow { other } => format!("必须小于 {other}，否则任何领导者都会被放弃"),
            P::LatencyTooLong { needed_us } => {
                format!("必须大于 {needed_us}，即心跳间隔与最长延迟之和")
            }
            P::TermsFall { node } => {
                format!("n{node}：任期必须从 1 开始，不能减小，并要给后来的任期留出余地")
            }
            P::LogsContradict { node, index, term } => {
                format!("n{node}：任期 {term} 的条目 {index} 在不同日志中位于不同的条目之后")
            }
            P::NobodyHasRole => "至少要有一个节点担任此角色".to_owned(),
            P::NoSuchNode { node, nodes } => {
                format!("没有节点 {node}：节点编号为 0 到 {}", nodes.saturating_sub(1))
            }
            P::NoSuchClient { client, clients } => {
                format!("没有客户端 {client}：共有 {clients} 个，从 0 开始编号")
            }
            P::CountsTooFar { offset, nodes } => {
                format!("从领导者起数 {offset} 个节点，而其前一个节点在第 {} 个", nodes.saturating_sub(1))
            }
            P::QuorumsMiss { phase_1, phase_2, acceptors } => format!(
                "在 {acceptors} 个接受者中，{phase_1} 个的阶段一法定数与 {phase_2} 个的阶段二法定数可能没有共同的接受者，\
                 于是可能选定两个值；两者之和必须大于 {acceptors}，或者设置 break_rules.allow_disjoint_quorums"
            ),
            P::NobodyKeepsValues => "至少为 2：一个协调，其余保存数据".to_owned(),
            P::AnswerTimeoutTooShort { least_us } => {
                format!("至少应为 {least_us}：一次应答最多需要两次延迟加一次同步")
            }
            P::DecisionTimeoutTooShort { least_us } => {
                format!("至少应为 {least_us}：两次应答超时、一次同步和一次延迟")
            }
            P::NoResourceManager => "那里没有资源管理器".to_owned(),
            P::KeyLength { bytes_max } => format!("键的长度为 1 到 {bytes_max} 字节"),
            P::OnlyLastLeaves => "jump 只允许最后一个节点离开，而这里任何节点都可能离开".to_owned(),
            P::DependsOnOrder => {
                "AnchorHash 取决于变更的顺序，而通过流言得知变更的节点看到的顺序可能不同".to_owned()
            }
            P::NeedsAllKeys => "有界负载按所有已放置的键来放置，而没有节点知道全部的键；\
                 请改用 read_load_factor_thousandths 限制读取"
                .to_owned(),
            P::HasNoWeights => "没有权重：每个节点的权重都必须为 1".to_owned(),
            P::TooManyPoints { points, most } => {
                format!("环上需要 {points} 个点，最多只能有 {most} 个；请降低权重或 virtual_nodes")
            }
            P::NoPlacement => "无法以这些权重在这些节点上放置键".to_owned(),
        },
    }
}

/// What is wrong with one option, with its name.
pub fn invalid_text(invalid: &Invalid, lang: Lang) -> String {
    say!(lang, "{}: {}", "{}：{}", invalid.field, problem_text(&invalid.problem, lang))
}

/// All that is wrong.
pub fn invalid_texts(wrong: &[Invalid], lang: Lang) -> String {
    let all: Vec<String> = wrong.iter().map(|invalid| invalid_text(invalid, lang)).collect();
    all.join(crate::word!(lang, "; ", "；"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each. The `match` does not compile when a problem is added and not listed here.
    fn all() -> Vec<Problem> {
        use Problem as P;
        let other = "other_us";
        let all = vec![
            P::OutOfRange { value: 71, low: 72, high: 73 },
            P::UnknownWord { known: "`71`, `72`".to_owned() },
            P::PartOutOfBounds { what: "latency_us", most: 71 },
            P::TooFarFromZero { most: 71 },
            P::TooMany { count: 71, most: 72 },
            P::MoreThanNodes,
            P::LessThan { other },
            P::MoreThan { other },
            P::LessThanTwice { other },
            P::TimeoutsEqual { other },
            P::HeartbeatTooSlow { other },
            P::LatencyTooLong { needed_us: 71 },
            P::TermsFall { node: 71 },
            P::LogsContradict { node: 71, index: 72, term: 73 },
            P::NobodyHasRole,
            P::NoSuchNode { node: 71, nodes: 73 },
            P::NoSuchClient { client: 71, clients: 72 },
            P::CountsTooFar { offset: 71, nodes: 73 },
            P::QuorumsMiss { phase_1: 71, phase_2: 72, acceptors: 73 },
            P::NobodyKeepsValues,
            P::AnswerTimeoutTooShort { least_us: 71 },
            P::DecisionTimeoutTooShort { least_us: 71 },
            P::NoResourceManager,
            P::KeyLength { bytes_max: 71 },
            P::OnlyLastLeaves,
            P::DependsOnOrder,
            P::NeedsAllKeys,
            P::HasNoWeights,
            P::TooManyPoints { points: 71, most: 72 },
            P::NoPlacement,
        ];
        for problem in &all {
            match problem {
                P::OutOfRange { .. } | P::PartOutOfBounds { .. } | P::TooFarFromZero { .. } => {}
                P::UnknownWord { .. } => {}
                P::TooMany { .. } | P::MoreThanNodes | P::LessThan { .. } | P::MoreThan { .. } => {}
                P::TimeoutsEqual { .. } => {}
                P::LessThanTwice { .. } | P::HeartbeatTooSlow { .. } | P::LatencyTooLong { .. } => {}
                P::TermsFall { .. } | P::LogsContradict { .. } | P::NobodyHasRole => {}
                P::NoSuchClient { .. } | P::CountsTooFar { .. } => {}
                P::NoSuchNode { .. } | P::QuorumsMiss { .. } | P::NobodyKeepsValues => {}
                P::AnswerTimeoutTooShort { .. } | P::DecisionTimeoutTooShort { .. } => {}
                P::NoResourceManager | P::KeyLength { .. } | P::OnlyLastLeaves | P::DependsOnOrder => {}
                P::NeedsAllKeys | P::HasNoWeights | P::TooManyPoints { .. } | P::NoPlacement => {}
            }
        }
        all
    }

    #[test]
    fn every_problem_is_said_in_both_languages_with_the_same_figures() {
        for problem in all() {
            let (en, zh) = (problem_text(&problem, Lang::En), problem_text(&problem, Lang::Zh));
            assert!(en.is_ascii() || en.contains('±'), "{en}");
            assert!(zh.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)), "{zh}");
            for figure in ["71", "72", "73", "other_us"] {
                assert_eq!(en.contains(figure), zh.contains(figure), "{en} / {zh}");
            }
        }
    }

    #[test]
    fn a_list_of_problems_is_one_sentence() {
        let wrong = [
            Invalid::new("nodes", Problem::OutOfRange { value: 0, low: 1, high: 100 }),
            Invalid::new("weights", Problem::MoreThanNodes),
        ];
        assert_eq!(
            invalid_texts(&wrong, Lang::En),
            "nodes: 0 is not between 1 and 100; weights: has more entries than there are nodes"
        );
        assert_eq!(invalid_texts(&wrong, Lang::Zh), "nodes：0 不在 1 到 100 之间；weights：项数多于节点数");
    }
}
