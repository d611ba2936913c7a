//! The checker against histories whose verdict is known: written by hand, made by a single copy of the data,
//! and small ones for which every order can be tried.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::check::key_value::KeyValue;
use crate::protocol::key_value::{Command, Outcome};
use crate::protocol::{ClientId, RequestId};

type Op = Operation<Command, Outcome>;

fn operation(client: u16, command: Command, asked: u32, answered: Option<(u32, Outcome)>) -> Op {
    Operation {
        client: ClientId(client),
        request: RequestId(u64::from(asked)),
        command,
        asked,
        reached: Vec::new(),
        answered,
    }
}

fn put(client: u16, value: &str, asked: u32, answered: u32) -> Op {
    let command = Command::Put { key: "a".into(), value: value.into() };
    operation(client, command, asked, Some((answered, Outcome::Applied)))
}

fn get(client: u16, found: Option<&str>, asked: u32, answered: u32) -> Op {
    let command = Command::Get { key: "a".into() };
    operation(client, command, asked, Some((answered, Outcome::Value(found.map(Arc::from)))))
}

fn compare_and_set(client: u16, expected: Option<&str>, value: &str, steps: (u32, u32), swapped: bool) -> Op {
    let expected = expected.map(Arc::from);
    let command = Command::CompareAndSet { key: "a".into(), expected, value: value.into() };
    operation(client, command, steps.0, Some((steps.1, Outcome::Swapped(swapped))))
}

fn unknown(op: Op) -> Op {
    Operation { answered: None, ..op }
}

fn verdict(history: &[Op]) -> Verdict<KeyValue> {
    check(&KeyValue, history, WORK_MAX)
}

fn is_linearizable(history: &[Op]) -> bool {
    matches!(verdict(history), Verdict::Linearizable)
}

fn contradiction(history: &[Op]) -> Contradiction<KeyValue> {
    match verdict(history) {
        Verdict::Contradiction(contradiction) => *contradiction,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_that_overlap_may_take_effect_in_either_order() {
    let both = [put(0, "1", 0, 10), put(1, "2", 1, 9)];
    for found in ["1", "2"] {
        let mut history = both.to_vec();
        history.push(get(2, Some(found), 11, 12));
        assert!(is_linearizable(&history), "{found}");
        // Once somebody has seen one of them, nobody sees the other afterwards.
        history.push(get(2, Some(if found == "1" { "2" } else { "1" }), 13, 14));
        assert!(!is_linearizable(&history), "{found}");
    }
}

#[test]
fn a_stale_read_is_explained_by_the_write_that_it_missed() {
    let mut history = Vec::new();
    for number in 0..50 {
        history.push(put(0, &format!("earlier {number}"), number * 4, number * 4 + 2));
        history.push(get(1, Some(&format!("earlier {number}")), number * 4 + 3, number * 4 + 3));
    }
    history.extend([put(0, "1", 300, 301), get(1, Some("1"), 302, 303), put(0, "2", 304, 305)]);
    history.extend([get(1, Some("2"), 306, 307), get(2, Some("1"), 308, 309)]);
    history.push(put(0, "later", 310, 311));
    let found = contradiction(&history);
    assert_eq!((found.part.as_ref(), found.at_step), ("a", 309));
    let steps: Vec<u32> = found.operations.iter().map(|operation| operation.asked).collect();
    // That "1" was there and then "2" was takes two operations; the read that goes back is the third. Nothing
    // about the fifty earlier values is needed.
    assert_eq!(steps.last(), Some(&308));
    assert!(steps.len() == 3 && steps.iter().all(|step| *step >= 300), "{steps:?}");
}

#[test]
fn a_command_without_an_answer_may_have_happened_and_may_not() {
    let lost = unknown(put(0, "1", 0, 0));
    assert!(is_linearizable(&[lost.clone(), get(1, None, 1, 2), get(1, Some("1"), 3, 4)]));
    assert!(is_linearizable(&[lost.clone(), get(1, None, 1, 2), get(1, None, 3, 4)]));
    let appears_and_vanishes = [lost, get(1, Some("1"), 1, 2), get(1, None, 3, 4)];
    assert!(!is_linearizable(&appears_and_vanishes));
}

#[test]
fn a_command_happens_once_however_often_it_was_sent() {
    // The compare-and-set can have succeeded once only, and it was overwritten after that.
    let history = [
        compare_and_set(0, None, "1", (0, 1), true),
        put(1, "2", 2, 3),
        get(1, Some("2"), 4, 5),
        get(1, Some("1"), 6, 7),
    ];
    assert!(!is_linearizable(&history));
}

#[test]
fn two_compare_and_sets_of_the_same_value_cannot_both_succeed() {
    let history =
        [compare_and_set(0, None, "1", (0, 10), true), compare_and_set(1, None, "2", (0, 10), true)];
    assert_eq!(contradiction(&history).operations.len(), 2);
    let one_fails =
        [compare_and_set(0, None, "1", (0, 10), true), compare_and_set(1, None, "2", (0, 10), false)];
    assert!(is_linearizable(&one_fails));
}

#[test]
fn a_session_that_forgot_its_client_is_a_contradiction() {
    let stale = operation(0, Command::Delete { key: "a".into() }, 0, Some((1, Outcome::Stale)));
    assert!(!is_linearizable(&[stale]));
}

#[test]
fn a_search_that_would_take_too_long_says_so() {
    // Many writes that overlap, and a read that nothing explains: all orders have to be tried.
    let mut history: Vec<Op> = (0..20).map(|n| put(n, &n.to_string(), u32::from(n), 100)).collect();
    history.push(get(20, Some("20"), 50, 101));
    assert!(matches!(check(&KeyValue, &history, 1_000), Verdict::Undecided { part } if &*part == "a"));
}

/// One command of a run on a single copy of the data, with how long it was under way before and after.
#[derive(Clone, Debug)]
struct Drawn {
    kind: u8,
    key: bool,
    value: u8,
    before: u32,
    after: u32,
    lost: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (0u8..4, any::<bool>(), 0u8..4, 0u32..40, 0u32..40, prop::bool::weighted(0.1))
        .prop_map(|(kind, key, value, before, after, lost)| Drawn { kind, key, value, before, after, lost })
}

fn command(drawn: &Drawn) -> Command {
    let key: Arc<str> = if drawn.key { "a".into() } else { "b".into() };
    let value: Arc<str> = drawn.value.to_string().into();
    match drawn.kind {
        0 => Command::Get { key },
        1 => Command::Put { key, value },
        2 => Command::Delete { key },
        _ => Command::CompareAndSet { key, expected: Some((drawn.value / 2).to_string().into()), value },
    }
}

/// What clients see of a single copy that takes the commands in this order, one each ten steps.
fn atomic_history(commands: &[Drawn]) -> Vec<Op> {
    let mut held: BTreeMap<Arc<str>, Option<Arc<str>>> = BTreeMap::new();
    let mut history = Vec::new();
    for (number, drawn) in (0u32..).zip(commands) {
        let moment = 100 + number * 10;
        let command = command(drawn);
        let state = held.entry(KeyValue.part(&command)).or_default();
        let answers = [
            Outcome::Value(state.clone()),
            Outcome::Applied,
            Outcome::Swapped(true),
            Outcome::Swapped(false),
        ];
        let (next, answer) = answers
            .iter()
            .find_map(|answer| {
                Some((KeyValue.apply(state, &command, Some(answer)).into_iter().next()?, answer.clone()))
            })
            .unwrap();
        *state = next;
        let answered = (!drawn.lost).then_some((moment + drawn.after, answer));
        history.push(operation(number as u16, command, moment - drawn.before, answered));
    }
    history
}

/// Tries every order: slow, and so simple that it is right.
fn brute_force(history: &[Op]) -> bool {
    fn search(history: &[Op], left: &mut Vec<usize>, held: &BTreeMap<Arc<str>, Option<Arc<str>>>) -> bool {
        if left.iter().all(|at| history[*at].answered.is_none()) {
            return true;
        }
        (0..left.len()).any(|position| {
            let candidate = &history[left[position]];
            let comes_too_early = left.iter().any(|other| {
                history[*other].answered.as_ref().is_some_and(|(step, _)| *step < candidate.asked)
            });
            if comes_too_early {
                return false;
            }
            let part = KeyValue.part(&candidate.command);
            let state = held.get(&part).cloned().flatten();
            let answer = candidate.answered.as_ref().map(|(_, answer)| answer);
            let next = KeyValue.apply(&state, &candidate.command, answer).into_iter().next();
            let Some(next) = next else { return false };
            let mut held = held.clone();
            held.insert(part, next);
            let at = left.remove(position);
            let found = search(history, left, &held);
            left.insert(position, at);
            found
        })
    }
    search(history, &mut (0..history.len()).collect(), &BTreeMap::new())
}

proptest! {
    #[test]
    fn what_a_single_copy_answers_is_linearizable(commands in prop::collection::vec(drawn(), 0..60)) {
        prop_assert!(is_linearizable(&atomic_history(&commands)));
    }

    #[test]
    fn the_search_agrees_with_trying_every_order(
        commands in prop::collection::vec(drawn(), 1..7),
        liar in any::<prop::sample::Index>(),
        lie in 0u8..4,
    ) {
        let mut history = atomic_history(&commands);
        let at = liar.index(history.len());
        if let Some((_, answer)) = &mut history[at].answered {
            *answer = match &*answer {
                Outcome::Value(_) => Outcome::Value(Some(lie.to_string().into())),
                Outcome::Swapped(swapped) => Outcome::Swapped(!*swapped),
                same => same.clone(),
            };
        }
        prop_assert_eq!(is_linearizable(&history), brute_force(&history));
    }

    /// The operations of a contradiction contradict each other by themselves, from what was there before.
    #[test]
    fn a_contradiction_stands_without_the_other_operations(
        commands in prop::collection::vec(drawn(), 2..12),
        lie in 0u8..9,
    ) {
        let mut history = atomic_history(&commands);
        history.push(get(99, Some(&format!("never written {lie}")), 5_000, 5_001));
        let found = contradiction(&history);
        prop_assert!(found.operations.iter().any(|operation| operation.asked == 5_000));
        prop_assert_eq!(found.operations.len(), 1, "nothing that was written can be blamed");
    }
}
