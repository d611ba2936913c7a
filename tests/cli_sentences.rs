//! The sentences of all scenarios stand in a file, so that they can be read, and what a change says anew is seen.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use lamplight::cli::sentences;

#[test]
fn the_file_of_sentences_is_current() {
    let mut now = Vec::new();
    sentences::write(&mut now).unwrap();
    let now = String::from_utf8(now).unwrap();
    let file = include_str!("../docs/sentences.txt");
    for (number, (now, kept)) in now.lines().zip(file.lines()).enumerate() {
        assert_eq!(
            now,
            kept,
            "line {}: `lamplight sentences > docs/sentences.txt` makes it anew",
            number + 1
        );
    }
    assert_eq!(now.lines().count(), file.lines().count(), "`lamplight sentences > docs/sentences.txt`");
}

/// What no sentence says: a figure with a full stop for "first", a bare name of a promise, two full stops, a name that
/// was not filled in; and in Chinese, lists with a Western comma.
#[test]
fn no_sentence_has_what_reads_badly() {
    for line in include_str!("../docs/sentences.txt").lines().filter(|line| !line.starts_with('#')) {
        let text = line.get(2..).unwrap_or_default();
        let is_chinese = text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        for wrong in [". time", "..", "  ", "to –", " ppm", "behaves differently", "{", "置身事外", "散列"]
        {
            assert!(!text.contains(wrong), "{wrong:?} in {text}");
        }
        if is_chinese {
            let letters: Vec<char> = text.chars().collect();
            let lists_nodes =
                letters.windows(3).any(|three| matches!(three, [digit, ',', ' '] if digit.is_ascii_digit()));
            assert!(!lists_nodes, "a list takes 、: {text}");
        }
    }
}
