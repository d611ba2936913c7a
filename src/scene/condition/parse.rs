//! Reading a condition.

use super::problem::{ConditionError, ConditionProblem, Wanted, comparisons, echo};
use super::tokens::{Token, TokenKind, tokens};
use super::{CLAIMS_MAX, Condition, DEPTH_MAX, Letter, Operator, Test, Tree, Vocabulary, Who, Whom};
use crate::protocol::NodeId;
use crate::scene::facts::{
    FactKind, FactName, FactValue, OF_EVERY_CLIENT, OF_EVERY_CLUSTER, OF_EVERY_NODE, VERBS_OF_EVERY_CLIENT,
    VERBS_OF_EVERY_NODE, Verb, VerbTest,
};

type Read<T> = Result<T, ConditionError>;

/// Reads a condition, for what these names stand for.
///
/// # Errors
/// What is wrong with it, and where.
pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Condition, ConditionError> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(ConditionProblem::Empty.at(1));
    }
    let end = text.chars().count() + 1;
    let mut parser = Parser {
        tokens: &tokens,
        next: 0,
        end,
        vocabulary,
        claims: 0,
        tests: Vec::new(),
        letters: Vec::new(),
    };
    let tree = parser.either(0)?;
    if parser.peek().is_some() {
        return Err(parser.unexpected(Wanted::More));
    }
    Ok(Condition { tree, tests: parser.tests, letters: parser.letters })
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
    next: usize,
    /// The position behind the last character.
    end: usize,
    vocabulary: &'t Vocabulary,
    claims: usize,
    tests: Vec<Test>,
    letters: Vec<Letter>,
}

/// Who is spoken of, and the fact that was named with them.
struct Subject<'t> {
    who: Who,
    of: Whom,
    /// The name behind the full stop, and where it stands.
    fact: Option<(&'t str, usize)>,
}

/// A number of µs, written `500ms`, `1.5s` or `250us`.
fn time_us(text: &str) -> Option<u64> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at_checked(digits)?;
    let per_unit: u64 = match unit {
        "us" | "µs" | "μs" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        _ => return None,
    };
    let (whole, parts) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || parts.is_empty() || parts.len() > 6 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(per_unit)?;
    let scale = 10_u64.pow(u32::try_from(parts.len()).ok()?);
    let part = parts.parse::<u64>().ok()?.checked_mul(per_unit)?;
    // Less than a µs is no time that a run can have.
    if part.checked_rem(scale)? != 0 {
        return None;
    }
    whole.checked_add(part.checked_div(scale)?)
}

/// The position of a party, by its name: 0 for `n1`.
fn number_of(name: &str, letter: char) -> Option<u16> {
    let rest = name.strip_prefix([letter, letter.to_ascii_uppercase()])?;
    let digits = Some(rest).filter(|rest| is_number(rest))?;
    // A number that is too large is that of no party.
    Some(digits.parse::<u16>().ok().and_then(|number| number.checked_sub(1)).unwrap_or(u16::MAX))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of a message without what people write differently: `request_vote` is `RequestVote`.
fn folded(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-')).collect::<String>().to_ascii_lowercase()
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).copied()
    }

    /// The next word, if it is one that is not quoted.
    fn peek_word(&self, ahead: usize) -> Option<&'t str> {
        let token = self.tokens.get(self.next.checked_add(ahead)?)?;
        (token.kind == TokenKind::Word).then_some(token.text)
    }

    /// Whether this word comes next, in whatever letters; takes it then.
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.peek_word(0).is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.next += usize::from(is_next);
        is_next
    }

    fn at(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at)
    }

    fn unexpected(&self, wanted: Wanted) -> ConditionError {
        let found = self.peek().map(|token| echo(token.text));
        ConditionProblem::Unexpected { found, wanted }.at(self.at())
    }

    // ---- and, or, not ----

    fn either(&mut self, depth: u32) -> Read<Tree> {
        self.joined(depth, "or", Parser::both, Tree::Any)
    }

    fn both(&mut self, depth: u32) -> Read<Tree> {
        self.joined(depth, "and", Parser::single, Tree::All)
    }

    /// One part, or several with this word between them.
    fn joined(
        &mut self,
        depth: u32,
        between: &str,
        part: fn(&mut Self, u32) -> Read<Tree>,
        join: fn(Vec<Tree>) -> Tree,
    ) -> Read<Tree> {
        let first = part(self, depth)?;
        let mut parts = vec![first];
        while self.takes(between) {
            parts.push(part(self, depth)?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Ok(join(parts))
            }
        }
    }

    fn single(&mut self, depth: u32) -> Read<Tree> {
        let at = self.at();
        let deeper = depth + 1;
        let is_open = self.peek().is_some_and(|token| token.kind == TokenKind::Open);
        let is_not = !is_open && self.takes("not");
        if (is_open || is_not) && deeper > DEPTH_MAX {
            return Err(ConditionProblem::TooDeep { most: DEPTH_MAX }.at(at));
        }
        if is_not {
            return Ok(Tree::Not(Box::new(self.single(deeper)?)));
        }
        if is_open {
            self.next += 1;
            let inside = self.either(deeper)?;
            if self.peek().is_none_or(|token| token.kind != TokenKind::Close) {
                return Err(self.unexpected(Wanted::Closing));
            }
            self.next += 1;
            return Ok(inside);
        }
        self.claims += 1;
        if self.claims > CLAIMS_MAX {
            return Err(ConditionProblem::TooMany { most: CLAIMS_MAX }.at(at));
        }
        self.claim()
    }

    // ---- claims ----

    fn claim(&mut self) -> Read<Tree> {
        if self.takes("violated") {
            return Ok(Tree::Violated);
        }
        if self.takes("time") {
            let operator = self.order()?;
            let us = self.peek_word(0).and_then(time_us).ok_or_else(|| self.unexpected(Wanted::Time))?;
            self.next += 1;
            return Ok(Tree::Time(operator, us));
        }
        if self.takes("step") {
            return Ok(Tree::Step(self.order()?, self.count()?));
        }
        if self.takes("answers") {
            return Ok(Tree::Answers(self.order()?, self.count()?));
        }
        let is_at_rest = self.peek_word(1).is_some_and(|next| next.eq_ignore_ascii_case("rest"));
        if is_at_rest && self.takes("at") {
            self.next += 1;
            return Ok(Tree::AtRest);
        }
        if self.takes("delivers") {
            return self.letter(true);
        }
        if self.takes("sends") {
            return self.letter(false);
        }
        let subject = self.subject()?;
        let test = match subject.fact {
            Some((name, at)) => self.comparison(subject.of, name, at)?,
            None => self.verb(subject.of)?,
        };
        self.tests.push(test);
        Ok(Tree::Parties { who: subject.who, test: self.tests.len() - 1 })
    }

    /// A comparison of figures.
    fn order(&mut self) -> Read<Operator> {
        match self.peek().map(|token| token.kind) {
            Some(TokenKind::Compare(operator)) => {
                self.next += 1;
                Ok(operator)
            }
            _ => Err(self.unexpected(Wanted::Comparison)),
        }
    }

    fn count(&mut self) -> Read<u64> {
        let number = self.peek_word(0).filter(|word| is_number(word)).and_then(|word| word.parse().ok());
        let number = number.ok_or_else(|| self.unexpected(Wanted::Number))?;
        self.next += 1;
        Ok(number)
    }

    fn letter(&mut self, is_delivered: bool) -> Read<Tree> {
        let Some(name) = self.peek_word(0) else { return Err(self.unexpected(Wanted::Kind)) };
        let known = self.vocabulary.kinds;
        let wanted = folded(name);
        let found = (0_u8..).zip(known).find(|(_, kind)| folded(kind) == wanted);
        let Some((kind, name)) = found else {
            let problem = ConditionProblem::UnknownKind { name: echo(name), known: known.to_vec() };
            return Err(problem.at(self.at()));
        };
        self.next += 1;
        let mut letter = Letter { is_delivered, kind, name, from: None, to: None };
        loop {
            if letter.to.is_none() && self.takes("to") {
                letter.to = Some(self.node()?);
            } else if letter.from.is_none() && self.takes("from") {
                letter.from = Some(self.node()?);
            } else {
                break;
            }
        }
        self.letters.push(letter);
        Ok(Tree::Letter(self.letters.len() - 1))
    }

    // ---- parties ----

    /// The node that goes by this name.
    fn node_of(&self, name: &str, at: usize) -> Read<Option<NodeId>> {
        let named = self.vocabulary.named.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let number = match named {
            Some((_, node)) => Some(node.0),
            None => number_of(name, 'n'),
        };
        let nodes = self.vocabulary.nodes;
        match number {
            Some(number) if number >= nodes => {
                Err(ConditionProblem::NoSuchNode { name: echo(name), nodes }.at(at))
            }
            number => Ok(number.map(NodeId)),
        }
    }

    fn node(&mut self) -> Read<NodeId> {
        // An article is nothing but polite: `to the coordinator`.
        self.takes("the");
        let Some(name) = self.peek_word(0) else { return Err(self.unexpected(Wanted::Node)) };
        let node = self.node_of(name, self.at())?.ok_or_else(|| self.unexpected(Wanted::Node))?;
        self.next += 1;
        Ok(node)
    }

    fn subject(&mut self) -> Read<Subject<'t>> {
        let is_article = |word: &str| word.eq_ignore_ascii_case("a") || word.eq_ignore_ascii_case("the");
        if self.peek_word(0).is_some_and(is_article) {
            self.next += 1;
        }
        let counted = |operator, parser: &mut Self| -> Read<Option<Who>> {
            let number = parser.count_of_parties()?;
            Ok(Some(Who::Count(operator, number)))
        };
        let who = if self.takes("any") || self.takes("some") {
            Some(Who::Count(Operator::AtLeast, 1))
        } else if self.takes("every") || self.takes("all") {
            Some(Who::Every)
        } else if self.takes("no") {
            Some(Who::Count(Operator::Is, 0))
        } else if self.takes("exactly") || self.peek_word(0).is_some_and(is_number) {
            counted(Operator::Is, self)?
        } else if self.takes("at") {
            let operator = match (self.takes("least"), self.takes("most")) {
                (true, _) => Operator::AtLeast,
                (_, true) => Operator::AtMost,
                _ => return Err(self.unexpected(Wanted::Word("least"))),
            };
            counted(operator, self)?
        } else {
            None
        };
        let Some(Token { kind: TokenKind::Word, text, at }) = self.peek() else {
            let wanted = if who.is_some() { Wanted::Noun } else { Wanted::Claim };
            return Err(self.unexpected(wanted));
        };
        let (name, fact) = match text.split_once('.') {
            Some((name, fact)) => (name, Some((fact, at + name.chars().count() + 1))),
            None => (text, None),
        };
        let is = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
        let (who, of) = match who {
            Some(who) if is(&["node", "nodes"]) => (who, Whom::Nodes),
            Some(who) if is(&["client", "clients"]) => (who, Whom::Clients),
            Some(_) => return Err(self.unexpected(Wanted::Noun)),
            None if is(&["cluster"]) => (Who::One(0), Whom::Cluster),
            None if is(&["majority"]) => (Who::Majority, Whom::Nodes),
            None => self.party(name, at)?,
        };
        self.next += 1;
        Ok(Subject { who, of, fact })
    }

    /// How many of some parties.
    fn count_of_parties(&mut self) -> Read<u16> {
        let number = self.peek_word(0).filter(|word| is_number(word)).and_then(|word| word.parse().ok());
        let number = number.ok_or_else(|| self.unexpected(Wanted::Number))?;
        self.next += 1;
        Ok(number)
    }

    fn party(&self, name: &str, at: usize) -> Read<(Who, Whom)> {
        if let Some(node) = self.node_of(name, at)? {
            return Ok((Who::One(node.0), Whom::Nodes));
        }
        let clients = self.vocabulary.clients;
        match number_of(name, 'c') {
            Some(number) if number >= clients => {
                Err(ConditionProblem::NoSuchClient { name: echo(name), clients }.at(at))
            }
            Some(number) => Ok((Who::One(number), Whom::Clients)),
            None => Err(self.unexpected(Wanted::Claim)),
        }
    }

    // ---- what is said of them ----

    /// The facts of such parties.
    fn facts(&self, of: Whom) -> impl Iterator<Item = FactName> + 't {
        let (common, own): (&[FactName], &[FactName]) = match of {
            Whom::Nodes => (OF_EVERY_NODE, &self.vocabulary.facts),
            Whom::Clients => (OF_EVERY_CLIENT, &[]),
            Whom::Cluster => (OF_EVERY_CLUSTER, &self.vocabulary.cluster),
        };
        common.iter().chain(own).copied()
    }

    /// What is said of such parties.
    fn verbs(&self, of: Whom) -> impl Iterator<Item = &'static Verb> + use<> {
        let (common, own): (&[Verb], &[Verb]) = match of {
            Whom::Nodes => (VERBS_OF_EVERY_NODE, self.vocabulary.verbs),
            Whom::Clients => (VERBS_OF_EVERY_CLIENT, &[]),
            Whom::Cluster => (&[], &[]),
        };
        common.iter().chain(own)
    }

    fn comparison(&mut self, of: Whom, name: &str, at: usize) -> Read<Test> {
        let Some(fact) = self.facts(of).find(|fact| fact.key == name) else {
            let known = self.facts(of).map(|fact| fact.key).collect();
            return Err(ConditionProblem::UnknownFact { name: echo(name), known }.at(at));
        };
        let place = self.at();
        let operator = match self.peek().map(|token| token.kind) {
            Some(TokenKind::Compare(operator)) => {
                self.next += 1;
                operator
            }
            _ if self.takes(Operator::Has.text()) => Operator::Has,
            _ if fact.kind == FactKind::Flag => {
                let value = FactValue::Flag(true);
                return Ok(Test { of, fact: fact.key, operator: Operator::Is, value });
            }
            _ => return Err(self.unexpected(Wanted::Comparison)),
        };
        let known = comparisons(fact.kind);
        let not_comparable = ConditionProblem::NotComparable { fact: fact.key, how: operator.text(), known };
        if let ConditionProblem::NotComparable { known, .. } = &not_comparable
            && !known.contains(&operator.text())
        {
            return Err(not_comparable.at(place));
        }
        let value_at = self.at();
        let value = self.value(fact, operator)?;
        // Nothing is larger than `none`, and nothing smaller.
        if value == FactValue::None && operator.orders() {
            let problem = ConditionProblem::Unexpected {
                found: Some("none".to_owned()),
                wanted: Wanted::Value(fact.kind),
            };
            return Err(problem.at(value_at));
        }
        Ok(Test { of, fact: fact.key, operator, value })
    }

    fn value(&mut self, fact: FactName, operator: Operator) -> Read<FactValue> {
        let wanted = Wanted::Value(fact.kind);
        let Some(token) = self.peek() else { return Err(self.unexpected(wanted)) };
        let is_quoted = token.kind == TokenKind::Quoted;
        if !is_quoted && token.kind != TokenKind::Word {
            return Err(self.unexpected(wanted));
        }
        let text = token.text;
        let number = || text.parse().ok().map(FactValue::Number);
        let value = match fact.kind {
            FactKind::Text => match text {
                "none" if !is_quoted => Some(FactValue::None),
                text => Some(FactValue::Text(text.to_owned())),
            },
            FactKind::Names if operator == Operator::Has => Some(FactValue::Text(text.to_owned())),
            _ if is_quoted => None,
            FactKind::Flag => match text {
                "yes" | "true" => Some(FactValue::Flag(true)),
                "no" | "false" => Some(FactValue::Flag(false)),
                _ => None,
            },
            FactKind::Number => number(),
            FactKind::Nodes if operator == Operator::Has => {
                self.node_of(text, token.at)?.map(FactValue::Node)
            }
            _ if text == "none" => Some(FactValue::None),
            FactKind::Nodes | FactKind::Names => number(),
            FactKind::Node => self.node_of(text, token.at)?.map(FactValue::Node),
            FactKind::Ballot => match text.split_once('.') {
                Some((round, node)) => match round.parse() {
                    Ok(round) => self.node_of(node, token.at)?.map(|node| FactValue::Ballot(round, node)),
                    Err(_) => None,
                },
                None => None,
            },
            FactKind::Word(known) => {
                let Some(word) = known.iter().find(|word| folded(word) == folded(text)) else {
                    let (fact, name, known) = (fact.key, echo(text), known.to_vec());
                    return Err(ConditionProblem::UnknownWord { fact, name, known }.at(token.at));
                };
                Some(FactValue::Word(word))
            }
        };
        let value = value.ok_or_else(|| self.unexpected(wanted))?;
        self.next += 1;
        Ok(value)
    }

    /// How many words this form of a verb takes up here; `None` where something else stands.
    fn length_of(&self, form: &str) -> Option<usize> {
        let mut length = 0;
        for word in form.split(' ') {
            self.peek_word(length).filter(|next| next.eq_ignore_ascii_case(word))?;
            length += 1;
        }
        Some(length)
    }

    fn verb(&mut self, of: Whom) -> Read<Test> {
        let at = self.at();
        let spoken = self.verbs(of).filter_map(|verb| {
            let length = self.length_of(verb.one).max(self.length_of(verb.many))?;
            Some((length, verb))
        });
        if let Some((length, verb)) = spoken.max_by_key(|(length, _)| *length) {
            self.next += length;
            return self.test_of(of, verb);
        }
        if self.takes("is") || self.takes("are") {
            let article = ["a", "an", "the"].into_iter().any(|article| self.takes(article));
            // Of a word that several facts can be, the first one is meant.
            let found = self.peek_word(0).and_then(|word| {
                let wanted = folded(word);
                self.facts(of).find_map(|fact| match fact.kind {
                    FactKind::Word(known) => {
                        let word = known.iter().find(|known| folded(known) == wanted)?;
                        Some((fact.key, *word))
                    }
                    _ => None,
                })
            });
            if let Some((fact, word)) = found {
                self.next += 1;
                return Ok(Test { of, fact, operator: Operator::Is, value: FactValue::Word(word) });
            }
            self.next -= 1 + usize::from(article);
        }
        let mut known: Vec<&'static str> = self.verbs(of).map(|verb| verb.one).collect();
        known.dedup();
        let is_verb = |token: &Token<'_>| token.kind == TokenKind::Word;
        let words = self.tokens.get(self.next..).unwrap_or_default();
        let name: Vec<&str> =
            words.iter().take_while(|token| is_verb(token)).take(3).map(|t| t.text).collect();
        if name.is_empty() || known.is_empty() {
            let wanted = if known.is_empty() { Wanted::Fact } else { Wanted::Word("is") };
            return Err(self.unexpected(wanted));
        }
        Err(ConditionProblem::UnknownVerb { name: echo(&name.join(" ")), known }.at(at))
    }

    fn test_of(&mut self, of: Whom, verb: &Verb) -> Read<Test> {
        let Some(fact) = self.facts(of).find(|fact| fact.key == verb.fact) else {
            return Err(self.unexpected(Wanted::Claim));
        };
        let is_list = matches!(fact.kind, FactKind::Nodes | FactKind::Names);
        let (operator, value) = match verb.test {
            VerbTest::Is(word) => (Operator::Is, FactValue::Word(word)),
            VerbTest::Flag(flag) => (Operator::Is, FactValue::Flag(flag)),
            VerbTest::Some => (Operator::AtLeast, FactValue::Number(1)),
            VerbTest::Object => {
                let operator = if is_list { Operator::Has } else { Operator::Is };
                (operator, self.value(fact, operator)?)
            }
        };
        Ok(Test { of, fact: fact.key, operator, value })
    }
}

#[cfg(test)]
mod tests {
    use super::time_us;

    #[test]
    fn times_have_a_unit_and_no_more_than_a_microsecond() {
        for (text, us) in
            [("500ms", 500_000), ("1.5s", 1_500_000), ("250us", 250), ("0.001ms", 1), ("2µs", 2)]
        {
            assert_eq!(time_us(text), Some(us), "{text}");
        }
        for text in ["", "500", "ms", ".5s", "1.s", "1.5us", "1.0000001s", "99999999999999999999s", "1.2.3s"]
        {
            assert_eq!(time_us(text), None, "{text}");
        }
    }
}
