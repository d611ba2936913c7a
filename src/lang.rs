//! Words in the reader's language. A sentence that exists in one language only does not compile.

use serde::{Deserialize, Serialize};

/// A language that every word of the page exists in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

/// The unit of virtual times.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Units {
    /// Whatever suits the time: `94.6 ms`, `1.204 s`.
    #[default]
    Auto,
    /// Always milliseconds.
    Ms,
    /// Always microseconds, with every digit.
    Us,
}

/// How the reader is spoken to: in which language, and with times in which unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Lang {
    /// The language.
    pub language: Language,
    /// The unit of times.
    pub units: Units,
}

// Written like the variants that they stand for.
#[allow(non_upper_case_globals)]
impl Lang {
    /// English, with times in whatever unit suits them.
    pub const En: Lang = Lang { language: Language::En, units: Units::Auto };
    /// Simplified Chinese, with times in whatever unit suits them.
    pub const Zh: Lang = Lang { language: Language::Zh, units: Units::Auto };

    /// All languages, in the order in which a switch offers them.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];
}

impl Lang {
    /// The BCP 47 tag, for `lang` attributes.
    pub fn tag(self) -> &'static str {
        match self.language {
            Language::En => "en",
            Language::Zh => "zh-Hans",
        }
    }

    /// The best match for a browser's language tag.
    pub fn from_tag(tag: &str) -> Lang {
        match tag.split(['-', '_']).next() {
            Some(primary) if primary.eq_ignore_ascii_case("zh") => Lang::Zh,
            _ => Lang::En,
        }
    }

    /// The same language with times in this unit.
    pub fn with_units(self, units: Units) -> Lang {
        Lang { units, ..self }
    }

    /// The other language, with the same unit.
    pub fn other(self) -> Lang {
        let language = match self.language {
            Language::En => Language::Zh,
            Language::Zh => Language::En,
        };
        Lang { language, ..self }
    }
}

/// A sentence in the reader's language: `say!(lang, "n{x} crashed", "n{x} 崩溃了")`.
///
/// Both languages are given at the same place, so that neither can be forgotten or drift away from the other.
#[macro_export]
macro_rules! say {
    ($lang:expr, $en:literal, $zh:literal $(, $argument:expr)* $(,)?) => {
        match $lang.language {
            $crate::lang::Language::En => format!($en $(, $argument)*),
            $crate::lang::Language::Zh => format!($zh $(, $argument)*),
        }
    };
}

/// A fixed text in the reader's language: `word!(lang, "leader", "领导者")`.
#[macro_export]
macro_rules! word {
    ($lang:expr, $en:literal, $zh:literal $(,)?) => {
        match $lang.language {
            $crate::lang::Language::En => $en,
            $crate::lang::Language::Zh => $zh,
        }
    };
}

/// The ending of an English noun after this count: `{count} key{s}`. Chinese nouns have none.
pub fn plural<N: PartialEq + From<u8>>(count: N) -> &'static str {
    if count == N::from(1) { "" } else { "s" }
}

/// A time in µs as people read it: `94.6 ms`, `1.204 s`; or in the unit that the reader chose.
pub fn time(us: u64, lang: Lang) -> String {
    match (lang.units, us) {
        (Units::Us, _) => format!("{} µs", grouped(us)),
        (Units::Ms, 0..1_000) => format!("0.{us:03} ms"),
        (Units::Ms, _) => format!("{}.{} ms", grouped(us / 1_000), us % 1_000 / 100),
        (Units::Auto, 0..1_000) => format!("{us} µs"),
        (Units::Auto, 1_000..1_000_000) => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        (Units::Auto, _) => format!("{}.{:03} s", us / 1_000_000, us % 1_000_000 / 1_000),
    }
}

/// A whole number with its thousands apart: `1,204,000`.
fn grouped(number: u64) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{},{:03}", grouped(number / 1_000), number % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_chosen_by_its_primary_subtag() {
        assert_eq!(Lang::from_tag("zh-TW"), Lang::Zh);
        assert_eq!(Lang::from_tag("de-DE"), Lang::En);
    }

    #[test]
    fn times_keep_the_digits_that_matter() {
        let auto = |us| time(us, Lang::En);
        assert_eq!(
            (auto(999), auto(94_650), auto(1_204_000)),
            ("999 µs".into(), "94.6 ms".into(), "1.204 s".into())
        );
    }

    #[test]
    fn times_are_in_the_unit_that_the_reader_chose() {
        let all = [0, 999, 94_650, 1_204_000];
        assert_eq!(
            all.map(|us| time(us, Lang::Zh.with_units(Units::Ms))),
            ["0.000 ms", "0.999 ms", "94.6 ms", "1,204.0 ms"]
        );
        assert_eq!(
            all.map(|us| time(us, Lang::En.with_units(Units::Us))),
            ["0 µs", "999 µs", "94,650 µs", "1,204,000 µs"]
        );
    }

    #[test]
    fn the_language_can_be_switched_and_the_unit_stays() {
        let lang = Lang::En.with_units(Units::Us);
        assert_eq!(lang.other(), Lang::Zh.with_units(Units::Us));
        assert_eq!(lang.other().other(), lang);
    }
}
