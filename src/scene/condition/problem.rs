//! What is wrong with a condition, and where.

use std::fmt;

use super::Operator;
use crate::lang::Lang;
use crate::scene::facts::FactKind;
use crate::{say, word};

/// How much of what somebody has written is said again.
const ECHO_CHARS_MAX: usize = 40;

/// What is wrong with a condition, with the place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConditionError {
    /// The position of the character where it is wrong, counted from 1.
    pub at: usize,
    /// What is wrong.
    pub problem: ConditionProblem,
}

/// What is wrong with a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConditionProblem {
    /// There is nothing.
    Empty,
    /// It has more bytes than this.
    TooLong {
        /// The most.
        most: usize,
    },
    /// Parentheses and negations are nested deeper than this.
    TooDeep {
        /// The deepest.
        most: u32,
    },
    /// It makes more claims than this.
    TooMany {
        /// The most.
        most: usize,
    },
    /// A quotation does not end.
    OpenQuotation,
    /// Something else is expected.
    Unexpected {
        /// What stands there; `None` at the end.
        found: Option<String>,
        /// What is expected.
        wanted: Wanted,
    },
    /// There is no fact of this name.
    UnknownFact {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// Nothing of the kind can be said.
    UnknownVerb {
        /// The word.
        name: String,
        /// What can be said.
        known: Vec<&'static str>,
    },
    /// There is no message of this kind.
    UnknownKind {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// The fact never is this word.
    UnknownWord {
        /// The fact.
        fact: &'static str,
        /// The word.
        name: String,
        /// The words that it can be.
        known: Vec<&'static str>,
    },
    /// The fact cannot be compared like that.
    NotComparable {
        /// The fact.
        fact: &'static str,
        /// How it was to be compared.
        how: &'static str,
        /// How it can be.
        known: Vec<&'static str>,
    },
    /// There is no such node.
    NoSuchNode {
        /// The name.
        name: String,
        /// How many there are.
        nodes: u16,
    },
    /// There is no such client.
    NoSuchClient {
        /// The name.
        name: String,
        /// How many there are.
        clients: u16,
    },
}

/// What is expected at a place of a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Anything that can be claimed.
    Claim,
    /// What the number, or `any`, `every` or `no`, counts.
    Noun,
    /// A fact, behind a full stop.
    Fact,
    /// A comparison.
    Comparison,
    /// A value of this kind.
    Value(FactKind),
    /// A whole number.
    Number,
    /// A time.
    Time,
    /// The kind of a message.
    Kind,
    /// A node.
    Node,
    /// `and`, `or` or the end.
    More,
    /// A closing parenthesis.
    Closing,
    /// This word.
    Word(&'static str),
}

impl ConditionProblem {
    /// The problem at this place.
    pub(super) fn at(self, at: usize) -> ConditionError {
        ConditionError { at, problem: self }
    }
}

/// What somebody has written, in short.
pub(super) fn echo(text: &str) -> String {
    let short: String = text.chars().take(ECHO_CHARS_MAX).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

/// How a fact of this kind can be compared.
pub(super) fn comparisons(kind: FactKind) -> Vec<&'static str> {
    use Operator as O;
    let order = [O::Less, O::AtMost, O::More, O::AtLeast].map(Operator::text);
    let mut known = vec![O::Is.text(), O::IsNot.text()];
    match kind {
        FactKind::Number | FactKind::Ballot => known.extend(order),
        FactKind::Nodes | FactKind::Names => {
            known.extend(order);
            known.push(O::Has.text());
        }
        FactKind::Flag | FactKind::Word(_) | FactKind::Node | FactKind::Text => {}
    }
    known
}

fn list(known: &[&str], lang: Lang) -> String {
    let quoted: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(word!(lang, ", ", "、"))
}

fn kind_text(kind: FactKind, lang: Lang) -> String {
    match kind {
        FactKind::Flag => word!(lang, "`yes` or `no`", "`yes` 或 `no`").to_owned(),
        FactKind::Number => word!(lang, "a whole number", "整数").to_owned(),
        FactKind::Word(known) => {
            let known = list(known, lang);
            say!(lang, "one of {known}", "{known} 之一")
        }
        FactKind::Node => {
            word!(lang, "a node such as `n1`, or `none`", "节点（如 `n1`）或 `none`").to_owned()
        }
        FactKind::Ballot => {
            word!(lang, "a ballot such as `2.n1`, or `none`", "编号（如 `2.n1`）或 `none`").to_owned()
        }
        FactKind::Nodes => word!(
            lang,
            "a number of nodes, `none`, or behind `has` a node such as `n1`",
            "节点数、`none`，或在 `has` 之后的节点（如 `n1`）"
        )
        .to_owned(),
        FactKind::Names => word!(
            lang,
            "a number of names, `none`, or behind `has` a name",
            "名称数、`none`，或在 `has` 之后的名称"
        )
        .to_owned(),
        FactKind::Text => word!(lang, "a value, or `none`", "值或 `none`").to_owned(),
    }
}

impl Wanted {
    fn text(self, lang: Lang) -> String {
        let plain = |text: &'static str| text.to_owned();
        match self {
            Wanted::Claim => plain(word!(
                lang,
                "a claim such as `n1 leads`, `any node is down`, `time >= 500ms`, `violated` or `sends KIND`",
                "一个判断，例如 `n1 leads`、`any node is down`、`time >= 500ms`、`violated` 或 `sends KIND`"
            )),
            Wanted::Noun => plain(word!(lang, "`nodes` or `clients`", "`nodes` 或 `clients`")),
            Wanted::Fact => plain(word!(lang, "a full stop with a fact", "句点和一个事实")),
            Wanted::Comparison => plain(word!(
                lang,
                "a comparison: `=`, `!=`, `<`, `<=`, `>`, `>=` or `has`",
                "比较符：`=`、`!=`、`<`、`<=`、`>`、`>=` 或 `has`"
            )),
            Wanted::Value(kind) => kind_text(kind, lang),
            Wanted::Number => plain(word!(lang, "a whole number", "整数")),
            Wanted::Time => plain(word!(
                lang,
                "a time such as `500ms`, `1.5s` or `250us`",
                "时间，如 `500ms`、`1.5s` 或 `250us`"
            )),
            Wanted::Kind => plain(word!(lang, "the kind of a message", "消息的种类")),
            Wanted::Node => plain(word!(lang, "a node such as `n1`", "节点，如 `n1`")),
            Wanted::More => plain(word!(lang, "`and`, `or` or the end", "`and`、`or` 或结尾")),
            Wanted::Closing => plain(word!(lang, "a closing parenthesis", "右括号")),
            Wanted::Word(word) => format!("`{word}`"),
        }
    }
}

impl ConditionError {
    /// What is wrong and where, as a sentence.
    pub fn text(&self, lang: Lang) -> String {
        use ConditionProblem as P;
        let what = match &self.problem {
            P::Empty => return word!(lang, "The condition is empty.", "条件为空。").to_owned(),
            P::TooLong { most } => {
                return say!(lang, "The condition is longer than {most} bytes.", "条件超过 {most} 字节。");
            }
            P::TooDeep { most } => {
                say!(lang, "nested deeper than {most} levels", "嵌套超过 {most} 层")
            }
            P::TooMany { most } => say!(lang, "more than {most} claims", "判断超过 {most} 个"),
            P::OpenQuotation => word!(lang, "the quotation does not end", "引号没有结束").to_owned(),
            P::Unexpected { found: Some(found), wanted } => {
                let wanted = wanted.text(lang);
                say!(
                    lang,
                    "`{found}` stands where this is expected: {wanted}",
                    "此处是 `{found}`，而这里应为：{wanted}"
                )
            }
            P::Unexpected { found: None, wanted } => {
                let wanted = wanted.text(lang);
                say!(lang, "it ends where this is expected: {wanted}", "条件在此结束，而这里应为：{wanted}")
            }
            P::UnknownFact { name, known } => {
                let known = list(known, lang);
                say!(
                    lang,
                    "there is no fact `{name}`; there are {known}",
                    "没有事实 `{name}`；有的是 {known}"
                )
            }
            P::UnknownVerb { name, known } => {
                let known = list(known, lang);
                say!(
                    lang,
                    "`{name}` cannot be said here; what can be said is {known}, or a fact behind a full stop",
                    "这里不能说 `{name}`；可以说 {known}，或者用句点接一个事实"
                )
            }
            P::UnknownKind { name, known } => {
                let known = list(known, lang);
                say!(
                    lang,
                    "there is no message `{name}`; there are {known}",
                    "没有消息 `{name}`；有的是 {known}"
                )
            }
            P::UnknownWord { fact, name, known } => {
                let known = list(known, lang);
                say!(
                    lang,
                    "`{fact}` is never `{name}`; it can be {known}",
                    "`{fact}` 不会是 `{name}`；可以是 {known}"
                )
            }
            P::NotComparable { fact, how, known } => {
                let known = list(known, lang);
                say!(
                    lang,
                    "`{fact}` cannot be compared with `{how}`; it can be with {known}",
                    "`{fact}` 不能用 `{how}` 比较；可以用 {known}"
                )
            }
            P::NoSuchNode { name, nodes } => {
                say!(
                    lang,
                    "there is no `{name}`; nodes are `n1` to `n{nodes}`",
                    "没有 `{name}`；节点为 `n1` 到 `n{nodes}`"
                )
            }
            P::NoSuchClient { name, clients: 0 } => {
                say!(lang, "there is no `{name}`; there are no clients", "没有 `{name}`；这里没有客户端")
            }
            P::NoSuchClient { name, clients } => {
                say!(
                    lang,
                    "there is no `{name}`; clients are `c1` to `c{clients}`",
                    "没有 `{name}`；客户端为 `c1` 到 `c{clients}`"
                )
            }
        };
        let at = self.at;
        say!(
            lang,
            "The condition is wrong at character {at}: {what}.",
            "条件在第 {at} 个字符处有误：{what}。"
        )
    }
}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for ConditionError {}
