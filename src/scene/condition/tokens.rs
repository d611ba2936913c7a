//! A condition's text, cut into words.

use super::problem::{ConditionError, ConditionProblem};
use super::{BYTES_MAX, Operator};

/// A word of a condition, and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token<'t> {
    /// The position of its first character, counted from 1.
    pub at: usize,
    /// What it is.
    pub kind: TokenKind,
    /// As it is written; what is quoted, without its quotes.
    pub text: &'t str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TokenKind {
    Word,
    Quoted,
    Open,
    Close,
    Compare(Operator),
}

/// Signs that stand by themselves, the longer ones first.
const SIGNS: &[(&str, TokenKind)] = &[
    ("(", TokenKind::Open),
    (")", TokenKind::Close),
    ("<=", TokenKind::Compare(Operator::AtMost)),
    (">=", TokenKind::Compare(Operator::AtLeast)),
    ("!=", TokenKind::Compare(Operator::IsNot)),
    ("==", TokenKind::Compare(Operator::Is)),
    ("≤", TokenKind::Compare(Operator::AtMost)),
    ("≥", TokenKind::Compare(Operator::AtLeast)),
    ("≠", TokenKind::Compare(Operator::IsNot)),
    ("<", TokenKind::Compare(Operator::Less)),
    (">", TokenKind::Compare(Operator::More)),
    ("=", TokenKind::Compare(Operator::Is)),
];

fn sign(text: &str) -> Option<(&'static str, TokenKind)> {
    SIGNS.iter().copied().find(|(sign, _)| text.starts_with(sign))
}

/// All words of a text.
///
/// # Errors
/// If it is too long, or a quotation does not end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ConditionError> {
    if text.len() > BYTES_MAX {
        return Err(ConditionProblem::TooLong { most: BYTES_MAX }.at(1));
    }
    let mut found = Vec::new();
    let (mut rest, mut at) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, text, bytes) = if first.is_whitespace() {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            at += 1;
            continue;
        } else if first == '"' {
            let quoted = rest.get(1..).and_then(|inside| inside.split_once('"'));
            let Some((quoted, _)) = quoted else { return Err(ConditionProblem::OpenQuotation.at(at)) };
            (TokenKind::Quoted, quoted, quoted.len() + 2)
        } else if let Some((sign, kind)) = sign(rest) {
            (kind, sign, sign.len())
        } else {
            let is_end = |(at, letter): &(usize, char)| {
                letter.is_whitespace()
                    || matches!(letter, '"' | '!') && *at > 0
                    || rest.get(*at..).is_some_and(|rest| sign(rest).is_some())
            };
            let end = rest.char_indices().find(is_end).map_or(rest.len(), |(end, _)| end);
            (TokenKind::Word, rest.get(..end).unwrap_or_default(), end)
        };
        found.push(Token { at, kind, text });
        let (done, left) = rest.split_at_checked(bytes).unwrap_or((rest, ""));
        at += done.chars().count();
        rest = left;
    }
    Ok(found)
}
