//! `lamplight sentences`: every sentence that the built-in scenarios say, in both languages, to be read by people.
//!
//! A protocol's reasons are many, and each is met only at its moment; a sentence that is false or clumsy goes unnoticed
//! until somebody stumbles over it. Here they stand below each other. Sentences that differ in nothing but their
//! figures are told once.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::lang::Lang;
use crate::scene::{Workbench, catalogue, open};

/// How far a scenario is run at most.
const STEPS_MAX: u32 = 1_200;
/// How many steps of a scenario show a headline at most: those worth stopping at, and the first ones.
const HEADLINES_MAX: usize = 60;
/// How many steps lie at the beginning, before all nodes run.
const FIRST_STEPS: u32 = 8;

/// Writes the sentences, scenario by scenario.
///
/// # Errors
/// The output cannot be written.
pub fn write(output: &mut dyn Write) -> io::Result<()> {
    // A protocol says in one scenario what it has said in the one before: that is read once.
    let mut told: (&str, BTreeSet<String>) = ("", BTreeSet::new());
    for (card, zh) in catalogue(Lang::En).into_iter().zip(catalogue(Lang::Zh)) {
        if told.0 != card.protocol {
            told = (card.protocol, BTreeSet::new());
        }
        writeln!(output, "# {}: {} · {}", card.id, card.title, zh.title)?;
        writeln!(output, "  {}\n  {}", card.look_for, zh.look_for)?;
        if let Ok(mut bench) = open(&card.id) {
            bench.seek(STEPS_MAX);

            for (en, zh) in sentences(bench.as_ref()).into_iter().chain(headlines(bench.as_mut())) {
                if told.1.insert(shape(&en)) {
                    writeln!(output, "- {en}\n  {zh}")?;
                }
            }
        }
        writeln!(output)?;
    }
    Ok(())
}

/// What is said of each step.
fn sentences(bench: &dyn Workbench) -> Vec<(String, String)> {
    let last = bench.cursor();
    let in_language = |lang| bench.sentences(1, last, lang).into_iter().map(|sentence| sentence.text);
    in_language(Lang::En).zip(in_language(Lang::Zh)).collect()
}

/// How things stand at the moments that a reader stops at.
fn headlines(bench: &mut dyn Workbench) -> Vec<(String, String)> {
    let last = bench.cursor();
    let marks = bench.tape(Lang::En).marks;
    let marked = marks.iter().map(|mark| mark.step).filter(|step| *step <= last);
    let steps: Vec<u32> = (0..=FIRST_STEPS.min(last)).chain(marked).take(HEADLINES_MAX).collect();
    let at = |step| {
        bench.seek(step);
        (bench.stage(Lang::En).headline, bench.stage(Lang::Zh).headline)
    };
    steps.into_iter().map(at).collect()
}

/// A sentence without its figures: every number, and every position on the circle (`0x1fc2…`), is the same.
fn shape(sentence: &str) -> String {
    let mut shape = String::new();
    let mut is_hexadecimal = false;
    for letter in sentence.chars() {
        let continues = shape.ends_with('0');
        match letter {
            'x' if continues => is_hexadecimal = true,
            'a'..='f' if is_hexadecimal => {}
            '0'..='9' if continues => {}
            '0'..='9' => shape.push('0'),
            other => {
                is_hexadecimal = false;
                shape.push(other);
            }
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_make_no_other_sentence() {
        assert_eq!(shape("n12 commits up to index 7."), shape("n3 commits up to index 142."));
        assert_eq!(shape("the key at 0x1fcabed2 moves"), shape("the key at 0xb2f0adea moves"));
        assert_ne!(shape("the key at 0x1f face"), shape("the key at 0x1f fade"));
        assert_ne!(shape("n1 leads."), shape("n1 follows."));
    }
}
