//! Words in the reader's language. A sentence that exists in one language only does not compile.

use serde::{Deserialize, Serialize};

/// A language that every word of the page exists in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// All languages, in the order in which a switch offers them.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// The BCP 47 tag, for `lang` attributes.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh-Hans",
        }
    }

    /// The best match for a browser's language tag.
    pub fn from_tag(tag: &str) -> Lang {
        match tag.split(['-', '_']).next() {
            Some(primary) if primary.eq_ignore_ascii_case("zh") => Lang::Zh,
            _ => Lang::En,
        }
    }
}

/// A sentence in the reader's language: `say!(lang, "n{x} crashed", "n{x} 崩溃了")`.
///
/// Both languages are given at the same place, so that neither can be forgotten or drift away from the other.
#[macro_export]
macro_rules! say {
    ($lang:expr, $en:literal, $zh:literal $(, $argument:expr)* $(,)?) => {
        match $lang {
            $crate::lang::Lang::En => format!($en $(, $argument)*),
            $crate::lang::Lang::Zh => format!($zh $(, $argument)*),
        }
    };
}

/// A fixed text in the reader's language: `word!(lang, "leader", "领导者")`.
#[macro_export]
macro_rules! word {
    ($lang:expr, $en:literal, $zh:literal $(,)?) => {
        match $lang {
            $crate::lang::Lang::En => $en,
            $crate::lang::Lang::Zh => $zh,
        }
    };
}

/// A time in µs as people read it: `94.6 ms`, `1.204 s`.
pub fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{:03} s", us / 1_000_000, us % 1_000_000 / 1_000),
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
        assert_eq!(
            (time(999), time(94_650), time(1_204_000)),
            ("999 µs".into(), "94.6 ms".into(), "1.204 s".into())
        );
    }
}
