//! What happened, in sentences: the part that is the same for every protocol.

use super::Lang;
use super::detail::Detail;
use super::model::{Sentence, SourceSpot};
use super::portray::Portray;
use crate::lang::{plural, time};
use crate::protocol::{Effect, EffectBody, Input, NodeId};
use crate::sim::{
    Address, Doer, Happening, InputKind, Intervention, InterventionOf, Jitter, LinkOptions, Problem, Unsynced,
};
use crate::{say, word};

/// What a party is called.
pub fn address_name<P: Portray>(address: Address, options: &P::Options, lang: Lang) -> String {
    match address {
        Address::Node(node) => P::name_of(node, options, lang),
        Address::Client(client) => client.to_string(),
    }
}

/// The effect whose reason says best what the step was about.
pub fn leading_effect<P: Portray>(effects: &[Effect<P>]) -> Option<&Effect<P>> {
    // Of equals the first one: what came first explains what follows.
    effects.iter().rev().max_by_key(|effect| P::reason_weight(&effect.why))
}

/// A step in one sentence.
pub fn sentence<P: Portray>(detail: &Detail<P>, options: &P::Options, lang: Lang) -> Sentence {
    let leading = leading_effect(&detail.effects);
    let node = detail.party.and_then(Address::node);
    let mut text = match (&detail.happening, leading, node) {
        (Happening::Input { .. } | Happening::Boot, Some(effect), Some(node)) => {
            P::reason_text(&effect.why, node, lang)
        }
        (happening, leading, node) => {
            let mut text = happening_text::<P>(happening, detail.party, options, lang);
            if let (Some(effect), Some(node)) = (leading, node) {
                text.push(' ');
                text.push_str(&P::reason_text(&effect.why, node, lang));
            }
            text
        }
    };
    if let Some(violation) = &detail.violation {
        let (name, facts) = P::violation_text(violation, lang);
        // A name of several words reads as a part of the sentence unless something holds it together.
        text = if name.contains(' ') {
            say!(lang, "“{name}” is violated: {facts} {text}", "违反了“{name}”：{facts}{text}")
        } else {
            say!(lang, "{name} is violated: {facts} {text}", "违反了“{name}”：{facts}{text}")
        };
    }
    let source = leading.map(|effect| P::reason_source(&effect.why)).filter(|source| !source.is_empty());
    Sentence {
        step: detail.index + 1,
        time_us: detail.time_us,
        address: detail.party,
        text,
        source: source.map(str::to_owned),
        intervention: detail.chosen
            || matches!(detail.happening, Happening::Intervention { .. } | Happening::NotPossible { .. }),
    }
}

/// The lines that acted in a step, the leading one first, each once.
pub fn source_spots<P: Portray>(detail: &Detail<P>) -> Vec<SourceSpot> {
    let mut spots: Vec<SourceSpot> = Vec::new();
    let leading = leading_effect(&detail.effects);
    for effect in leading.into_iter().chain(&detail.effects) {
        let spot = SourceSpot { file: effect.at.file().into(), line: effect.at.line() };
        if !spots.contains(&spot) {
            spots.push(spot);
        }
    }
    spots
}

/// What happened, without the node's reasons.
pub fn happening_text<P: Portray>(
    happening: &Happening<P>,
    party: Option<Address>,
    options: &P::Options,
    lang: Lang,
) -> String {
    let who = party.map_or_else(String::new, |party| address_name::<P>(party, options, lang));
    match happening {
        Happening::Boot => say!(lang, "{who} starts.", "{who} 启动。"),
        Happening::Input { kind, input } => match (input, kind) {
            (Some(input), _) => input_text::<P>(input, &who, options, lang),
            (None, InputKind::Message(kind)) => {
                let kind = P::MESSAGE_KINDS.get(usize::from(*kind)).copied().unwrap_or_default();
                say!(lang, "{who} gets {kind}.", "{who} 收到 {kind}。")
            }
            (None, _) => say!(lang, "{who} goes on.", "{who} 继续运行。"),
        },
        Happening::Ask { command, node, retries, .. } => {
            let (command, node) = (P::command_text(command), P::name_of(*node, options, lang));
            match retries {
                0 => say!(lang, "{who} asks {node}: {command}.", "{who} 请求 {node}：{command}。"),
                _ => say!(
                    lang,
                    "{who} asks again, now {node}: {command}.",
                    "{who} 再次请求，这次是 {node}：{command}。"
                ),
            }
        }
        Happening::Answered { command, answer, .. } => {
            let (command, answer) = (P::command_text(command), P::answer_text(answer, lang));
            say!(
                lang,
                "{who} learns the answer to {command}: {answer}.",
                "{who} 得到 {command} 的答复：{answer}。"
            )
        }
        Happening::Ignored { .. } => say!(
            lang,
            "{who} gets an answer that it no longer waits for.",
            "{who} 收到一个已不再等待的答复。"
        ),
        Happening::Intervention { act, by } => {
            let text = act_text::<P>(act, options, lang);
            match by {
                Doer::Person => text,
                Doer::Script => say!(lang, "{text} The scenario does this.", "{text}这是场景安排的。"),
                Doer::Chaos => say!(lang, "{text} Chaos does this.", "{text}这是混沌测试所为。"),
            }
        }
        Happening::NotPossible { act, problem } => {
            let act = match act {
                Intervention::DeliverNow { event } | Intervention::Choose { event } => {
                    say!(lang, "Event {} happens now", "事件 {} 立即发生", event.0)
                }
                other => act_text::<P>(other, options, lang),
            };
            let act = act.trim_end_matches(['.', '。']);
            let why = hindrance_text(problem, lang);
            say!(
                lang,
                "The scenario asks for this: “{act}”. It cannot be done: {why}.",
                "场景要求：“{act}”。但无法做到：{why}。"
            )
        }
    }
}

fn input_text<P: Portray>(input: &Input<P>, who: &str, options: &P::Options, lang: Lang) -> String {
    match input {
        Input::Message { from, message } => {
            let (from, message) = (P::name_of(*from, options, lang), P::message_text(message, lang));
            say!(lang, "{who} gets {message} from {from}.", "{who} 收到来自 {from} 的 {message}。")
        }
        Input::Timer(timer) => {
            let timer = P::timer_name(*timer, lang);
            say!(lang, "{who}: the {timer} timer expires.", "{who}：{timer}定时器到期。")
        }
        Input::Request { client, command, .. } => {
            let command = P::command_text(command);
            say!(lang, "{who} is asked by {client}: {command}.", "{who} 收到 {client} 的请求：{command}。")
        }
        Input::Synced(_) => say!(lang, "{who}'s writes are durable.", "{who} 的写入已持久化。"),
        Input::Operation(operation) => {
            let operation = P::operation_text(operation);
            say!(lang, "An operator asks {who}: {operation}.", "运维人员要求 {who}：{operation}。")
        }
    }
}

/// An intervention as a sentence.
pub fn act_text<P: Portray>(act: &InterventionOf<P>, options: &P::Options, lang: Lang) -> String {
    use Intervention as I;
    let name = |node: &NodeId| P::name_of(*node, options, lang);
    let party = |address: &Address| address_name::<P>(*address, options, lang);
    match act {
        I::Crash { node, unsent: unsent @ 1.., .. } => {
            let node = name(node);
            let s = plural(*unsent);
            say!(
                lang,
                "{node} crashes half-way through its last step; {unsent} message{s} of that step never left it.",
                "{node} 在最后一步执行到一半时崩溃，该步有 {unsent} 条消息未能发出。"
            )
        }
        I::Crash { node, unsynced, .. } => {
            let node = name(node);
            match unsynced {
                Unsynced::Torn => say!(lang, "{node} crashes.", "{node} 崩溃。"),
                Unsynced::Lost => {
                    say!(
                        lang,
                        "{node} crashes and loses what was not synced.",
                        "{node} 崩溃，未同步的写入全部丢失。"
                    )
                }
                Unsynced::Kept => {
                    say!(
                        lang,
                        "The process of {node} is killed; what it wrote can still be read.",
                        "{node} 的进程被杀死，它写入的内容仍可读取。"
                    )
                }
            }
        }
        I::Restart { node } => {
            let node = name(node);
            say!(lang, "{node} restarts from its disk.", "{node} 从磁盘重新启动。")
        }
        I::Pause { node } => {
            let node = name(node);
            say!(lang, "{node} is paused.", "{node} 被暂停。")
        }
        I::Resume { node } => {
            let node = name(node);
            say!(lang, "{node} goes on after its pause.", "{node} 恢复运行。")
        }
        I::Cut { from, to, both_ways } => {
            let (from, to) = (party(from), party(to));
            if *both_ways {
                say!(lang, "{from} and {to} no longer hear each other.", "{from} 与 {to} 互相失联。")
            } else {
                say!(lang, "{to} no longer hears {from}.", "{to} 收不到 {from} 的消息了。")
            }
        }
        I::Mend { from, to } => {
            let (from, to) = (party(from), party(to));
            say!(lang, "{from} and {to} hear each other again.", "{from} 与 {to} 恢复通信。")
        }
        I::Partition { groups } => {
            let list = |group: &Vec<NodeId>| listed(&group.iter().map(name).collect::<Vec<_>>(), lang);
            let groups = groups.iter().map(list).collect::<Vec<_>>().join(" | ");
            if groups.contains('|') {
                say!(lang, "The network splits: {groups}.", "网络分区：{groups}。")
            } else {
                say!(
                    lang,
                    "The network splits; cut off from the rest: {groups}.",
                    "网络分区：{groups} 被隔开。"
                )
            }
        }
        I::Heal => word!(lang, "All connections are mended.", "所有连接都已恢复。").to_owned(),
        I::Drop { event } => say!(lang, "Message {} is dropped.", "消息 {} 被丢弃。", event.0),
        I::Hold { event } => say!(lang, "Message {} is held.", "消息 {} 被扣住。", event.0),
        I::Release { event } => say!(lang, "Message {} goes on.", "消息 {} 被放行。", event.0),
        I::Delay { event, by_us } => {
            let by = time(*by_us, lang);
            say!(lang, "Event {} is delayed by {by}.", "事件 {} 被延迟 {by}。", event.0)
        }
        I::Duplicate { event, .. } => say!(lang, "Message {} is doubled.", "消息 {} 被复制。", event.0),
        I::DeliverNow { event } | I::Choose { event } => {
            say!(
                lang,
                "Event {} was to happen now, and was lost.",
                "事件 {} 被要求立即发生，但已丢失。",
                event.0
            )
        }
        I::Network { options } => {
            let how = connection_text(options, lang);
            say!(lang, "The network changes: {how}.", "网络特性改变：{how}。")
        }
        I::Link { from, to, options } => {
            let (from, to) = (party(from), party(to));
            match options {
                Some(options) => {
                    let how = connection_text(options, lang);
                    say!(
                        lang,
                        "The connection from {from} to {to} changes: {how}.",
                        "{from} 到 {to} 的连接改变：{how}。"
                    )
                }
                None => say!(
                    lang,
                    "The connection from {from} to {to} is like all others again.",
                    "{from} 到 {to} 的连接恢复为与其他连接相同。"
                ),
            }
        }
        I::Clock { node, skew_us, drift_ppm } => clock_text(&name(node), *skew_us, *drift_ppm, lang),
        I::Disk { node, options } => {
            let (least, most) = (time(options.sync_us_min, lang), time(options.sync_us_max, lang));
            let takes = if least == most {
                say!(lang, "{most}", "{most}")
            } else {
                say!(lang, "{least} to {most}", "{least} 到 {most}")
            };
            match node {
                Some(node) => {
                    let node = name(node);
                    say!(
                        lang,
                        "{node}'s disk takes {takes} for a sync from now on.",
                        "{node} 的磁盘从此每次同步需要 {takes}。"
                    )
                }
                None => {
                    say!(
                        lang,
                        "A sync of any disk takes {takes} from now on.",
                        "各磁盘从此每次同步需要 {takes}。"
                    )
                }
            }
        }
        I::CorruptTail { node } => {
            let node = name(node);
            say!(lang, "The end of {node}'s log on disk is damaged.", "{node} 磁盘日志的尾部损坏。")
        }
        I::LoseDisk { node } => {
            let node = name(node);
            say!(lang, "{node}'s disk is lost.", "{node} 的磁盘丢失。")
        }
        I::Command { client, command } => {
            let command = P::command_text(command);
            say!(lang, "{client} is told to ask: {command}.", "让 {client} 请求：{command}。")
        }
        I::Operation { node, operation } => {
            let (node, operation) = (name(node), P::operation_text(operation));
            say!(lang, "An operator asks {node}: {operation}.", "运维人员要求 {node}：{operation}。")
        }
        I::Workload { workload: Some(_) } => {
            word!(lang, "A steady workload runs.", "持续负载开始运行。").to_owned()
        }
        I::Workload { workload: None } => word!(lang, "The workload stops.", "负载停止。").to_owned(),
        I::Chaos { chaos: Some(_) } => word!(lang, "Chaos begins.", "混沌测试开始。").to_owned(),
        I::Chaos { chaos: None } => word!(lang, "Chaos ends.", "混沌测试结束。").to_owned(),
    }
}

/// Names as a list: `n1, n2`.
pub fn listed(names: &[String], lang: Lang) -> String {
    names.join(word!(lang, ", ", "、"))
}

/// Parts of a million as parts of a hundred.
fn share_text(ppm: u32) -> String {
    match ppm % 10_000 {
        0 => format!("{} %", ppm / 10_000),
        rest => format!("{}.{rest:04}", ppm / 10_000).trim_end_matches('0').to_owned() + " %",
    }
}

/// How a connection behaves: `3.0 ms to 6.0 ms for a message, 20 % lost`.
fn connection_text(options: &LinkOptions, lang: Lang) -> String {
    let least = time(options.latency_us_min, lang);
    let most = options.latency_us_min.saturating_add(options.jitter_us_mean.saturating_mul(2));
    let most = time(most, lang);
    let mut parts = vec![match options.jitter {
        _ if options.jitter_us_mean == 0 => say!(lang, "{least} for a message", "每条消息 {least}"),
        Jitter::Uniform => say!(lang, "{least} to {most} for a message", "每条消息 {least} 到 {most}"),
        Jitter::LongTail => {
            say!(lang, "{least} and more for a message, seldom much more", "每条消息至少 {least}，偶尔久得多")
        }
    }];
    if options.loss_ppm > 0 {
        let share = share_text(options.loss_ppm);
        parts.push(say!(lang, "{share} are lost", "{share} 丢失"));
    }
    if options.duplication_ppm > 0 {
        let share = share_text(options.duplication_ppm);
        parts.push(say!(lang, "{share} arrive twice", "{share} 重复到达"));
    }
    if !options.reordering {
        parts.push(word!(lang, "none overtakes another", "互不超越").to_owned());
    }
    parts.join(word!(lang, ", ", "，"))
}

/// What is wrong with a clock: how far it is off, and how much too fast or too slow it runs.
fn clock_text(node: &str, skew_us: i64, drift_ppm: i32, lang: Lang) -> String {
    let skew = time(skew_us.unsigned_abs(), lang);
    let drift = share_text(drift_ppm.unsigned_abs());
    let off = match skew_us.signum() {
        -1 => Some(say!(lang, "is {skew} behind", "慢了 {skew}")),
        1 => Some(say!(lang, "is {skew} ahead", "快了 {skew}")),
        _ => None,
    };
    let pace = match drift_ppm.signum() {
        -1 => Some(say!(lang, "runs {drift} too slowly", "走得慢 {drift}")),
        1 => Some(say!(lang, "runs {drift} too fast", "走得快 {drift}")),
        _ => None,
    };
    match (off, pace) {
        (Some(off), Some(pace)) => {
            say!(lang, "{node}'s clock {off} and {pace}.", "{node} 的时钟{off}，并且{pace}。")
        }
        (Some(how), None) | (None, Some(how)) => say!(lang, "{node}'s clock {how}.", "{node} 的时钟{how}。"),
        (None, None) => say!(lang, "{node}'s clock is right.", "{node} 的时钟准确无误。"),
    }
}

/// Why something could not be done, as the end of a sentence.
fn hindrance_text(problem: &Problem, lang: Lang) -> String {
    match problem {
        Problem::NoSuchParty { address } => say!(lang, "there is no {address}", "没有 {address}"),
        Problem::NoSuchEvent { event } => {
            say!(lang, "event {} is not pending", "事件 {} 不在等待", event.0)
        }
        Problem::Down { node } => say!(lang, "{node} does not run", "{node} 没有在运行"),
        Problem::Running { node } => say!(lang, "{node} runs already", "{node} 已在运行"),
        Problem::OutOfBounds { what, limit } => {
            say!(lang, "{what} is out of bounds, at most {limit}", "{what} 超出范围，最大为 {limit}")
        }
        Problem::Full { what, limit } => {
            say!(lang, "there are {limit} {what} already, and no room for more", "已达上限：{limit} {what}")
        }
        Problem::AtRest => word!(lang, "nothing is pending", "没有待处理的事件").to_owned(),
    }
}

/// Why the cluster refuses something, and what to do.
pub fn problem_text(problem: &Problem, lang: Lang) -> String {
    match problem {
        Problem::NoSuchParty { address } => say!(lang, "There is no {address}.", "没有 {address}。"),
        Problem::NoSuchEvent { .. } => word!(
            lang,
            "That is no longer pending, so nothing can be done to it. Step back to act on it.",
            "该事件已不在等待，无法操作。可以先后退一步。"
        )
        .to_owned(),
        Problem::Down { node } => say!(
            lang,
            "{node} is not running. Restart or resume it first.",
            "{node} 没有在运行。请先重启或恢复它。"
        ),
        Problem::Running { node } => {
            say!(lang, "{node} is running. Crash or pause it first.", "{node} 正在运行。请先让它崩溃或暂停。")
        }
        Problem::OutOfBounds { what, limit } => {
            say!(
                lang,
                "{what} is out of bounds; at most {limit} is possible.",
                "{what} 超出范围；最大为 {limit}。"
            )
        }
        Problem::Full { what, limit } => say!(
            lang,
            "The run has reached its limit of {limit} {what}. Start again or take a step back.",
            "运行已达到上限：{limit} {what}。请重新开始或后退。"
        ),
        Problem::AtRest => {
            word!(lang, "Nothing is pending: the run has come to rest.", "没有待处理的事件：运行已静止。")
                .to_owned()
        }
    }
}

/// An effect in short, for the inspector.
pub fn effect_text<P: Portray>(effect: &Effect<P>, options: &P::Options, lang: Lang) -> String {
    let name = |node: NodeId| P::name_of(node, options, lang);
    match &effect.body {
        EffectBody::Send { to, message } => {
            let (to, message) = (name(*to), P::message_text(message, lang));
            say!(lang, "sends {to} {message}", "向 {to} 发送 {message}")
        }
        EffectBody::SetTimer { timer, after_us } => {
            let (timer, after) = (P::timer_name(*timer, lang), time(*after_us, lang));
            say!(lang, "sets the {timer} timer to {after}", "设置{timer}定时器：{after}")
        }
        EffectBody::CancelTimer { timer } => {
            let timer = P::timer_name(*timer, lang);
            say!(lang, "cancels the {timer} timer", "取消{timer}定时器")
        }
        EffectBody::Append { record } => {
            let record = P::record_text(record, lang);
            say!(lang, "writes {record}", "写入 {record}")
        }
        EffectBody::Rewrite { records } => {
            let (count, s) = (records.len(), plural(records.len()));
            say!(lang, "rewrites its log as {count} record{s}", "将日志重写为 {count} 条记录")
        }
        EffectBody::Sync { .. } => word!(lang, "syncs its disk", "同步磁盘").to_owned(),
        EffectBody::Reply { client, answer, .. } => {
            let answer = P::answer_text(answer, lang);
            say!(lang, "answers {client}: {answer}", "答复 {client}：{answer}")
        }
        EffectBody::Note => word!(lang, "notes this", "记录此事").to_owned(),
    }
}
