//! The facts of a node of the store of consistent hashing.

use crate::protocol::consistent_hashing::store::{Dynamo, Status};
use crate::scene::facts::{FactKind, FactOf, FactValue, Verb, VerbTest};
use crate::word;

fn status(status: Status) -> &'static str {
    match status {
        Status::Outside => "outside",
        Status::Joining => "joining",
        Status::Member => "member",
        Status::Leaving => "leaving",
    }
}

pub(super) const FACTS: &[FactOf<Dynamo>] = &[
    FactOf::new(
        "status",
        FactKind::Word(&["outside", "joining", "member", "leaving"]),
        |lang| word!(lang, "how it stands to the ring", "它与环的关系"),
        |node, _| FactValue::Word(status(node.entry().status)),
    ),
    FactOf::new(
        "refilling",
        FactKind::Flag,
        |lang| {
            word!(
                lang,
                "whether it lost its disk and fetches again what it owns",
                "是否丢了磁盘、正在取回自己的键"
            )
        },
        |node, _| FactValue::Flag(node.entry().refilling),
    ),
    FactOf::new(
        "keys",
        FactKind::Number,
        |lang| word!(lang, "how many keys it holds", "持有的键数"),
        |node, _| FactValue::number(node.data().len()),
    ),
    FactOf::new(
        "hints",
        FactKind::Number,
        |lang| {
            word!(
                lang,
                "how many versions it keeps for nodes that seemed down",
                "替似乎停机的节点保管的版本数"
            )
        },
        |node, _| FactValue::number(node.data().map(|(_, held)| held.hints.len()).sum::<usize>()),
    ),
    FactOf::new(
        "conflicts",
        FactKind::Number,
        |lang| word!(lang, "how many of its keys have siblings", "有兄弟版本的键数"),
        |node, _| FactValue::number(node.data().filter(|(_, held)| held.siblings.len() > 1).count()),
    ),
    FactOf::new(
        "ring_version",
        FactKind::Number,
        |lang| word!(lang, "the version of the ring that it knows", "它所知的环的版本"),
        |node, _| FactValue::number(node.membership().era()),
    ),
    FactOf::new(
        "members",
        FactKind::Nodes,
        |lang| word!(lang, "the members of the ring as it knows it", "它所知的环的成员"),
        |node, _| FactValue::Nodes(node.ring().members().to_vec()),
    ),
    FactOf::new(
        "suspects",
        FactKind::Nodes,
        |lang| word!(lang, "whom it takes for down", "它认为谁停机了"),
        |node, options| FactValue::Nodes(node.suspects(options)),
    ),
    FactOf::new(
        "coordinates",
        FactKind::Number,
        |lang| word!(lang, "how many requests it coordinates", "正在协调的请求数"),
        |node, _| FactValue::number(node.requests().count()),
    ),
];

pub(super) const VERBS: &[Verb] = &[
    Verb { one: "joins", many: "join", fact: "status", test: VerbTest::Is("joining") },
    Verb { one: "is a member", many: "are members", fact: "status", test: VerbTest::Is("member") },
    Verb { one: "leaves", many: "leave", fact: "status", test: VerbTest::Is("leaving") },
    Verb { one: "is outside", many: "are outside", fact: "status", test: VerbTest::Is("outside") },
    Verb { one: "refills", many: "refill", fact: "refilling", test: VerbTest::Flag(true) },
    Verb { one: "suspects", many: "suspect", fact: "suspects", test: VerbTest::Object },
];
