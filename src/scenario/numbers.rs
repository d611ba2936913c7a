//! Whole numbers in JSON, however they are written: `7.0`, `1e3` and `-0` are the same numbers as `7`, `1000` and `0`.
//!
//! JSON knows one kind of number, and programs write whole ones in all of these forms. JSON Schema takes them for
//! integers; the reader of our files wants digits and nothing else. So they are written as digits first, exactly: no
//! floating-point number stands between.

use std::borrow::Cow;

/// The most digits that are written; the largest number of a file has twenty.
const DIGITS_MAX: usize = 20;

/// The same JSON with every whole number written as digits only. Anything that is not JSON stays as it is.
pub fn plain(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let mut plain = String::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'+' | b'.' | b'0'..=b'9' => {
                let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let length = bytes.get(at..).unwrap_or_default().iter().take_while(is_part).count();
                let written = json.get(at..at + length).unwrap_or_default();
                if let Some(whole) = whole_number(written) {
                    plain.push_str(json.get(copied..at).unwrap_or_default());
                    plain.push_str(&whole);
                    copied = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    plain.push_str(json.get(copied..).unwrap_or_default());
    Cow::Owned(plain)
}

/// Where what follows a string begins.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// The digits of a whole number that is written in another way; `None` where it is written as digits already, is not
/// whole, has too many digits, or is no number.
fn whole_number(written: &str) -> Option<String> {
    if written != "-0" && !written.contains(['.', 'e', 'E']) {
        return None;
    }
    let (sign, rest) = written.strip_prefix('-').map_or(("", written), |rest| ("-", rest));
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (before, after) = match mantissa.split_once('.') {
        Some((before, after)) => (before, Some(after)),
        None => (mantissa, None),
    };
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_json = are_digits(before)
        && (before == "0" || !before.starts_with('0'))
        && after.is_none_or(are_digits)
        && exponent.is_none_or(|exponent| are_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    if !is_json {
        return None;
    }
    let after = after.unwrap_or_default();
    let digits = [before, after].concat();
    let significant = digits.trim_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    // An exponent that does not fit makes the number too long or not whole, whichever its sign is.
    let exponent: i64 = match exponent {
        None => 0,
        Some(exponent) => exponent.parse().ok()?,
    };
    let zeros_cut = digits.len() - digits.trim_end_matches('0').len();
    let zeros = exponent.checked_sub(after.len() as i64)?.checked_add(zeros_cut as i64)?;
    let zeros = usize::try_from(zeros).ok().filter(|zeros| significant.len() + zeros <= DIGITS_MAX)?;
    Some(format!("{sign}{significant}{}", "0".repeat(zeros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_as_digits() {
        for (written, digits) in [
            ("7.0", "7"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("-0", "0"),
            ("-0.0e9", "0"),
            ("1.5e1", "15"),
            ("-250e-1", "-25"),
            ("18446744073709551615.0", "18446744073709551615"),
            ("0.00018446744073709551615e23", "18446744073709551615"),
            ("1e19", "10000000000000000000"),
        ] {
            assert_eq!(plain(&format!("[{written}]")), format!("[{digits}]"), "{written}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for json in [
            "7",
            "-7",
            "0",
            "1.5",
            "1e-1",
            "1e20",
            "1e99999999999999999999",
            "01.0",
            "1.",
            ".5e1",
            "1e",
            "--0",
            "1.0.0",
            r#""1e3""#,
            r#""a\"1e3""#,
            r#"{"a.0": "-0", "b": [true, null, "é1.0"]}"#,
            r#""1e3"#,
            r#""\"#,
            "1e3x\u{e9}1",
        ] {
            if json == "1e3x\u{e9}1" {
                assert_eq!(plain(json), "1000x\u{e9}1");
            } else {
                assert!(matches!(plain(json), Cow::Borrowed(_)), "{json}");
            }
        }
        assert_eq!(plain(r#"{"a": 1.0, "b": "1.0", "c": 2e0}"#), r#"{"a": 1, "b": "1.0", "c": 2}"#);
    }
}
