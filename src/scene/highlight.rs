//! Colours for a line of Rust: enough to read it by, no parser.

/// What a piece of a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Names, operators, blanks.
    Plain,
    /// A keyword.
    Keyword,
    /// A number, a string or a character.
    Literal,
    /// A comment.
    Comment,
    /// A name that begins with a capital letter.
    Type,
}

const KEYWORDS: [&str; 32] = [
    "as", "break", "const", "continue", "else", "enum", "false", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self", "static", "struct",
    "super", "trait", "true", "type", "use", "where", "while",
];

/// Splits a line into pieces. Together they are the line.
pub fn line(line: &str) -> Vec<(Kind, &str)> {
    let mut pieces: Vec<(Kind, &str)> = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = if rest.starts_with("//") {
            (Kind::Comment, rest.len())
        } else if first == '"' {
            (Kind::Literal, string(rest))
        } else if first.is_ascii_digit() {
            (Kind::Literal, rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len()))
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let word = rest.get(..length).unwrap_or_default();
            let kind = match () {
                () if KEYWORDS.contains(&word) => Kind::Keyword,
                () if first.is_uppercase() => Kind::Type,
                () => Kind::Plain,
            };
            (kind, length)
        } else {
            let other = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '/');
            (Kind::Plain, rest.get(1..).and_then(|tail| tail.find(other)).map_or(rest.len(), |at| at + 1))
        };
        // A character that is longer than one byte is taken whole.
        let length =
            (length.max(1)..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(length);
        pieces.push((kind, piece));
        rest = tail;
    }
    pieces
}

/// The length of the string that a text begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_coloured_by_its_words() {
        let text = r#"let free = self.vote == Some("n\"2", 41); // §5.4.1"#;
        let kinds: Vec<(Kind, &str)> =
            line(text).into_iter().filter(|(kind, _)| *kind != Kind::Plain).collect();
        assert_eq!(
            kinds,
            [
                (Kind::Keyword, "let"),
                (Kind::Keyword, "self"),
                (Kind::Type, "Some"),
                (Kind::Literal, r#""n\"2""#),
                (Kind::Literal, "41"),
                (Kind::Comment, "// §5.4.1"),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn the_pieces_together_are_the_line(text in "\\PC*") {
            let together: String = line(&text).into_iter().map(|(_, piece)| piece).collect();
            proptest::prop_assert_eq!(together, text);
        }
    }
}
