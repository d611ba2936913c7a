//! Conditions that are read, written and refused. `tests/conditions.rs` asks them of runs.

use proptest::prelude::*;

use super::problem::Wanted;
use super::*;
use crate::lang::Lang;
use crate::protocol::Participant;
use crate::protocol::paxos::synod::Synod;
use crate::protocol::raft::Raft;
use crate::scene::facts::FactKind;
use crate::scene::registry::PROTOCOLS;

fn raft() -> Vocabulary {
    Vocabulary::of::<Raft>(5, 2)
}

/// A condition in its plainest form.
fn plain(text: &str, vocabulary: &Vocabulary) -> String {
    match parse(text, vocabulary) {
        Ok(condition) => condition.to_string(),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn problem(text: &str) -> (usize, ConditionProblem) {
    let error = parse(text, &raft()).expect_err(text);
    (error.at, error.problem)
}

#[test]
fn what_is_said_in_short_stands_for_a_comparison_of_facts() {
    for (text, stands_for) in [
        ("n3 leads", "n3.role = leader"),
        ("any node leads", "any node.role = leader"),
        ("2 nodes lead", "2 nodes.role = leader"),
        ("no node leads", "no node.role = leader"),
        ("the n2 is down", "n2.up = no"),
        ("N2 IS UP", "n2.up = yes"),
        ("n1 is paused", "n1.paused = yes"),
        ("n1.paused", "n1.paused = yes"),
        ("n2 is a candidate", "n2.role = candidate"),
        ("n2 is precandidate", "n2.role = pre-candidate"),
        ("n1 voted for n3", "n1.voted_for = n3"),
        ("n1.votes >= 2", "n1.votes >= 2"),
        ("n1.votes has n2", "n1.votes has n2"),
        ("all nodes.term==2", "every node.term = 2"),
        ("a majority.commit_index ≥ 1", "a majority.commit_index >= 1"),
        ("at least 2 nodes.role = leader", "at least 2 nodes.role = leader"),
        ("at most 1 node leads", "at most 1 nodes.role = leader"),
        ("cluster.leader = n2 and the cluster.split", "cluster.leader = n2 and cluster.split = yes"),
        ("cluster.running >= 3", "cluster.running >= 3"),
        ("c1 was answered", "c1.answered >= 1"),
        ("every client waits", "every client.waiting = yes"),
        ("time >= 0.5s", "time >= 500000us"),
        ("step>=40", "step >= 40"),
        ("answers>2", "answers > 2"),
        ("at rest", "at rest"),
        ("not violated", "not violated"),
        ("delivers request_vote from n1 to n2", "delivers RequestVote to n2 from n1"),
        ("sends append-entries", "sends AppendEntries"),
        ("violated and at rest or step = 3", "violated and at rest or step = 3"),
        ("violated and (at rest or step = 3)", "violated and (at rest or step = 3)"),
        ("((violated))", "violated"),
        ("not (not violated or at rest)", "not (not violated or at rest)"),
    ] {
        assert_eq!(plain(text, &raft()), stands_for, "{text}");
    }
    let paxos = Vocabulary::of::<Synod>(3, 2);
    for (text, stands_for) in [
        ("n1 accepted tea", "n1.accepted_value = \"tea\""),
        ("any node learned \"green tea\"", "any node.chosen = \"green tea\""),
        ("cluster.chosen = tea", "cluster.chosen = \"tea\""),
        ("n1 learned none", "n1.chosen = none"),
        ("n1 learned \"none\"", "n1.chosen = \"none\""),
        ("n1 promised 2.n3", "n1.promised = 2.n3"),
        ("n1.promised > 2.n3", "n1.promised > 2.n3"),
    ] {
        assert_eq!(plain(text, &paxos), stands_for, "{text}");
    }
    let commit = PROTOCOLS.iter().find(|protocol| protocol.name == "two-phase-commit").unwrap().vocabulary();
    for (text, stands_for) in [
        ("n2 is in doubt and coordinator is down", "n2.in_doubt >= 1 and n1.up = no"),
        ("n2.in_doubt has t1.1", "n2.in_doubt has \"t1.1\""),
        ("the coordinator.phase = voting", "n1.phase = voting"),
        ("2 nodes are prepared", "2 nodes.state = prepared"),
        ("n2 is not-there", ""),
    ] {
        match parse(text, &commit) {
            Ok(condition) => assert_eq!(condition.to_string(), stands_for, "{text}"),
            Err(error) => assert_eq!(stands_for, "", "{text}: {error}"),
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_with_what_there_is() {
    let unexpected = |found: Option<&str>, wanted| ConditionProblem::Unexpected {
        found: found.map(str::to_owned),
        wanted,
    };
    assert_eq!(problem(""), (1, ConditionProblem::Empty));
    assert_eq!(problem(" \n\t"), (1, ConditionProblem::Empty));
    assert_eq!(problem(&"x".repeat(2_001)), (1, ConditionProblem::TooLong { most: 2_000 }));
    assert_eq!(problem("n1.voted_for = \"n1"), (16, ConditionProblem::OpenQuotation));
    assert_eq!(problem("n1 leads n2"), (10, unexpected(Some("n2"), Wanted::More)));
    assert_eq!(problem("n1 leads)"), (9, unexpected(Some(")"), Wanted::More)));
    assert_eq!(problem("(n1 leads"), (10, unexpected(None, Wanted::Closing)));
    assert_eq!(problem("not"), (4, unexpected(None, Wanted::Claim)));
    assert_eq!(problem("领导"), (1, unexpected(Some("领导"), Wanted::Claim)));
    assert_eq!(problem("2 leaders"), (3, unexpected(Some("leaders"), Wanted::Noun)));
    assert_eq!(problem("at n1"), (4, unexpected(Some("n1"), Wanted::Word("least"))));
    assert_eq!(problem("n1.term"), (8, unexpected(None, Wanted::Comparison)));
    assert_eq!(problem("n1.term = 1s"), (11, unexpected(Some("1s"), Wanted::Value(FactKind::Number))));
    assert_eq!(problem("time > 5"), (8, unexpected(Some("5"), Wanted::Time)));
    assert_eq!(problem("step > -1"), (8, unexpected(Some("-1"), Wanted::Number)));
    assert_eq!(problem("sends"), (6, unexpected(None, Wanted::Kind)));
    assert_eq!(problem("sends Heartbeat to c1"), (20, unexpected(Some("c1"), Wanted::Node)));
    assert_eq!(problem("cluster leads"), (9, unexpected(Some("leads"), Wanted::Fact)));
    assert_eq!(problem("n1"), (3, unexpected(None, Wanted::Word("is"))));
    assert_eq!(problem("n0 leads"), (1, ConditionProblem::NoSuchNode { name: "n0".to_owned(), nodes: 5 }));
    assert_eq!(problem("n6 leads"), (1, ConditionProblem::NoSuchNode { name: "n6".to_owned(), nodes: 5 }));
    assert_eq!(
        problem("any node.voted_for = n99999999999"),
        (22, ConditionProblem::NoSuchNode { name: "n99999999999".to_owned(), nodes: 5 })
    );
    assert_eq!(
        problem("c3 waits"),
        (1, ConditionProblem::NoSuchClient { name: "c3".to_owned(), clients: 2 })
    );
    let (at, ConditionProblem::UnknownFact { name, known }) = problem("n1.trem = 2") else { panic!() };
    assert_eq!((at, name.as_str()), (4, "trem"));
    assert!(known.contains(&"term") && known.contains(&"up"));
    let (at, ConditionProblem::UnknownVerb { name, known }) = problem("n1 is happy now") else { panic!() };
    assert_eq!((at, name.as_str()), (4, "is happy now"));
    assert!(known.contains(&"leads") && known.contains(&"is down"));
    let (at, ConditionProblem::UnknownKind { known, .. }) = problem("delivers Prepare") else { panic!() };
    assert_eq!((at, known.as_slice()), (10, Raft::MESSAGE_KINDS));
    let (at, ConditionProblem::UnknownWord { fact, known, .. }) = problem("n1.role = king") else { panic!() };
    assert_eq!((at, fact), (11, "role"));
    assert!(known.contains(&"leader"));
    let (at, ConditionProblem::NotComparable { how, .. }) = problem("n1.role < leader") else { panic!() };
    assert_eq!((at, how), (9, "<"));
}

#[test]
fn a_condition_is_bounded_in_depth_and_in_claims() {
    let nested = |depth: usize| format!("{}violated{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(32), &raft()).is_ok());
    assert_eq!(problem(&nested(33)), (33, ConditionProblem::TooDeep { most: 32 }));
    assert_eq!(problem(&"not ".repeat(400)).1, ConditionProblem::TooDeep { most: 32 });
    let many = |count: usize| vec!["violated"; count].join(" or ");
    assert!(parse(&many(64), &raft()).is_ok());
    assert_eq!(problem(&many(65)), (64 * 12 + 1, ConditionProblem::TooMany { most: 64 }));
}

/// One of each problem, to be said in both languages. The `match` does not compile when one is added and not listed.
#[test]
fn every_problem_is_a_sentence_in_both_languages() {
    use ConditionProblem as P;
    let (name, known) = ("name71".to_owned(), vec!["name72"]);
    let wanted = [
        Wanted::Claim,
        Wanted::Noun,
        Wanted::Fact,
        Wanted::Comparison,
        Wanted::Value(FactKind::Flag),
        Wanted::Value(FactKind::Number),
        Wanted::Value(FactKind::Word(&["name72"])),
        Wanted::Value(FactKind::Node),
        Wanted::Value(FactKind::Ballot),
        Wanted::Value(FactKind::Nodes),
        Wanted::Value(FactKind::Names),
        Wanted::Value(FactKind::Text),
        Wanted::Number,
        Wanted::Time,
        Wanted::Kind,
        Wanted::Node,
        Wanted::More,
        Wanted::Closing,
        Wanted::Word("name73"),
    ];
    let mut all = vec![
        P::Empty,
        P::TooLong { most: 71 },
        P::TooDeep { most: 71 },
        P::TooMany { most: 71 },
        P::OpenQuotation,
        P::Unexpected { found: Some(name.clone()), wanted: Wanted::Claim },
        P::UnknownFact { name: name.clone(), known: known.clone() },
        P::UnknownVerb { name: name.clone(), known: known.clone() },
        P::UnknownKind { name: name.clone(), known: known.clone() },
        P::UnknownWord { fact: "fact", name: name.clone(), known: known.clone() },
        P::NotComparable { fact: "fact", how: "has", known },
        P::NoSuchNode { name: name.clone(), nodes: 72 },
        P::NoSuchClient { name: name.clone(), clients: 72 },
        P::NoSuchClient { name, clients: 0 },
    ];
    all.extend(wanted.map(|wanted| P::Unexpected { found: None, wanted }));
    for problem in all {
        match &problem {
            P::Empty | P::TooLong { .. } | P::TooDeep { .. } | P::TooMany { .. } | P::OpenQuotation => {}
            P::Unexpected { .. } | P::UnknownFact { .. } | P::UnknownVerb { .. } => {}
            P::UnknownKind { .. } | P::UnknownWord { .. } | P::NotComparable { .. } => {}
            P::NoSuchNode { .. } | P::NoSuchClient { .. } => {}
        }
        let error = problem.at(77);
        let (en, zh) = (error.text(Lang::En), error.text(Lang::Zh));
        assert!(en.is_ascii() && en.ends_with('.') && !en.contains(".."), "{en}");
        assert!(zh.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)), "{zh}");
        assert!(zh.ends_with('。'), "{zh}");
        for part in ["71", "72", "73", "77", "fact"] {
            assert!(!en.contains(part) || zh.contains(part) || part == "fact", "{en} / {zh}");
        }
    }
}

/// Words that conditions are made of, for texts that are nearly right.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "n1",
        "n2.term",
        "n3.role",
        "node",
        "nodes.votes",
        "any",
        "every",
        "no",
        "a",
        "majority.up",
        "2",
        "at",
        "least",
        "most",
        "rest",
        "client",
        "c1",
        "c2.answered",
        "leads",
        "is",
        "down",
        "in",
        "doubt",
        "voted",
        "for",
        "time",
        "step",
        "answers",
        "violated",
        "delivers",
        "sends",
        "Heartbeat",
        "to",
        "from",
        "and",
        "or",
        "not",
        "(",
        ")",
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "has",
        "none",
        "leader",
        "500ms",
        "1.5s",
        "yes",
        "\"tea\"",
        "\"",
        "2.n1",
        "t1.1",
        "é",
        "领导",
        "!",
        ".",
        "n1.",
        ".term",
        "99999999999999999999",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|words| words.join(" "))
}

/// Conditions that are right, by how they are made.
fn right() -> impl Strategy<Value = String> {
    let claims = [
        "n1 leads",
        "any node.term >= 2",
        "no node.votes has n2",
        "a majority.commit_index != 3",
        "2 nodes are down",
        "at least 3 nodes follow",
        "every client.answered > 1",
        "c2 waits",
        "time < 1.25s",
        "step = 9",
        "answers <= 4",
        "violated",
        "at rest",
        "sends Heartbeat from n2",
        "delivers PreVote to n1 from n3",
        "exactly 0 nodes.voted_for = none",
        "n5.leader != n4",
    ];
    let claim = prop::sample::select(claims.to_vec()).prop_map(str::to_owned);
    claim.prop_recursive(6, 40, 4, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(") and ("))),
            prop::collection::vec(part.clone(), 2..4).prop_map(|parts| parts.join(" or ")),
            part.prop_map(|part| format!("not ({part})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_does_more_than_be_refused(text in "\\PC{0,3000}", nearly in pieces()) {
        for text in [text, nearly] {
            for protocol in PROTOCOLS {
                match parse(&text, &protocol.vocabulary()) {
                    Ok(condition) => {
                        let again = parse(&condition.to_string(), &protocol.vocabulary());
                        prop_assert_eq!(again, Ok(condition));
                    }
                    Err(error) => {
                        prop_assert!(error.at >= 1 && error.at <= text.chars().count() + 1);
                        prop_assert!(error.text(Lang::Zh).len() < 4_000);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_written_reads_as_the_same_condition(text in right()) {
        // Some are too long or too deep, which is as good.
        if let Ok(condition) = parse(&text, &raft()) {
            let written = condition.to_string();
            let again = parse(&written, &raft());
            prop_assert_eq!(again.as_ref(), Ok(&condition), "{}", written);
            prop_assert_eq!(again.unwrap().to_string(), written);
        }
    }
}

#[test]
fn every_verb_is_about_a_fact_that_there_is_and_can_be_said() {
    for protocol in PROTOCOLS {
        let vocabulary = protocol.vocabulary();
        let keys: Vec<&str> = vocabulary.facts.iter().map(|fact| fact.key).collect();
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys.get(..at).unwrap().contains(key), "{}: {key} twice", protocol.name);
            assert!(!["up", "paused"].contains(key), "{}: {key} is there already", protocol.name);
        }
        for verb in vocabulary.verbs {
            let objects = ["", " n2", " 1.n2", " tea"];
            for text in [format!("n1 {}", verb.one), format!("2 nodes {}", verb.many)] {
                let said =
                    objects.iter().find_map(|object| parse(&format!("{text}{object}"), &vocabulary).ok());
                let said = said.unwrap_or_else(|| panic!("{}: {text}", protocol.name)).to_string();
                assert!(said.contains(&format!(".{} ", verb.fact)), "{text}: {said}");
            }
        }
    }
}
