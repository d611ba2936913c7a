//! A stretch of a run as a Mermaid sequence diagram: text that many sites and editors draw.
//!
//! Time is the order of the lines: a message stands where it arrives (or would have arrived, if it was lost). Every
//! text is escaped, so that nothing that a protocol or a translation says can end a line or begin a comment.

use std::fmt::Write;

use crate::scene::workbench::Workbench;
use crate::scene::{Lang, export::Told};
use crate::sim::Address;
use crate::{say, word};

/// The most steps that are drawn: a longer picture is of no use to anybody.
pub const STEPS_MAX: u32 = 500;

/// The most characters; Mermaid draws no text that is longer than 50,000.
const CHARS_MAX: usize = 48_000;

/// Draws the steps from one to another, both included and counted from 1; no more than [`STEPS_MAX`].
pub fn write(bench: &dyn Workbench, from: u32, to: u32, lang: Lang) -> String {
    let from = from.max(1);
    let to = to.min(bench.recorded()).min(from.saturating_add(STEPS_MAX - 1));
    let accounts = bench.account(from, to, lang);
    let mut parties: Vec<Address> = accounts
        .iter()
        .flat_map(|account| {
            let messages = account.arrived.iter().chain(&account.lost);
            messages.flat_map(|told| [told.from, told.to]).chain(account.sentence.address)
        })
        .collect();
    parties.sort_unstable();
    parties.dedup();
    if parties.is_empty() {
        parties.push(Address::Node(crate::protocol::NodeId(0)));
    }
    let names = bench.stage(lang).parties;

    let mut text = format!(
        "sequenceDiagram\n    %% Lamplight, {} with the seed {}, steps {from} to {to}\n",
        escape(bench.scenario()),
        bench.seed()
    );
    for party in &parties {
        // Writing into a string cannot fail, here and below.
        let _ = write!(text, "    participant {party}");
        match names.iter().find(|named| named.address == *party) {
            Some(named) if named.name != party.to_string() => {
                let _ = writeln!(text, " as {}", escape(&named.name));
            }
            _ => text.push('\n'),
        }
    }
    for account in &accounts {
        let mut lines = String::new();
        for lost in &account.lost {
            let told = Told { text: say!(lang, "{} (lost)", "{}（丢失）", lost.text), ..lost.clone() };
            lines.push_str(&arrow(&told, true));
        }
        if let Some(told) = &account.arrived {
            lines.push_str(&arrow(told, false));
        }
        if account.notable || account.sentence.intervention {
            let over = account.sentence.address.or(parties.first().copied());
            let note = escape(&account.sentence.text);
            match (account.sentence.address, parties.as_slice()) {
                (None, [first, .., last]) => {
                    let _ = writeln!(lines, "    Note over {first},{last}:wrap: {note}");
                }
                _ => {
                    let over = over.map(|party| party.to_string()).unwrap_or_default();
                    let _ = writeln!(lines, "    Note over {over}:wrap: {note}");
                }
            }
        }
        if text.len() + lines.len() > CHARS_MAX {
            let end = word!(
                lang,
                "There is more, but Mermaid draws no longer text.",
                "后面还有内容，但 Mermaid 不能绘制更长的文本。"
            );
            if let Some(first) = parties.first() {
                let _ = writeln!(text, "    Note over {first}:wrap: {end}");
            }
            break;
        }
        text.push_str(&lines);
    }
    text
}

fn arrow(told: &Told, lost: bool) -> String {
    let line = match (told.answer, lost) {
        (false, false) => "->>",
        (true, false) => "-->>",
        (false, true) => "-x",
        (true, true) => "--x",
    };
    format!("    {}{line}{}: {}\n", told.from, told.to, escape(&told.text))
}

/// A text in which no character means anything to Mermaid. A text that is empty becomes a space that can be seen by
/// the parser.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '#' | ';' | '%' | '<' | '>' | '&' | '{' | '}' | '\\' | '`' => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    if escaped.trim().is_empty() {
        escaped.push_str("#160;");
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_line_or_begins_a_comment() {
        assert_eq!(escape("a;b\nc %% d: #1 <br>"), "a#59;b c #37;#37; d: #35;1 #60;br#62;");
        assert_eq!(escape(" "), " #160;");
        assert_eq!(escape("任期 3"), "任期 3");
    }
}
