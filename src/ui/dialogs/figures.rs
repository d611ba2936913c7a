//! Figures as people type them: read with their bounds, and written back.

use crate::say;
use crate::scene::Lang;

/// The longest time that a field takes, in ms.
pub const MS_MAX: f64 = 60_000.0;

/// A time in ms.
pub fn ms(us: u64) -> String {
    (us as f64 / 1000.0).to_string()
}

/// A rate in percent.
pub fn percent(ppm: u32) -> String {
    (f64::from(ppm) / 10_000.0).to_string()
}

fn number(text: &str, least: f64, most: f64) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| (least..=most).contains(number))
}

/// A typed time of so many ms, in µs.
pub fn us(text: &str, least_ms: f64) -> Option<u64> {
    number(text, least_ms, MS_MAX).map(|ms| (ms * 1000.0).round() as u64)
}

/// A typed percentage, in parts per million.
pub fn ppm(text: &str) -> Option<u32> {
    number(text, 0.0, 100.0).map(|percent| (percent * 10_000.0).round() as u32)
}

/// A typed whole number.
pub fn whole(text: &str, least: f64, most: f64) -> Option<f64> {
    number(text, least, most).filter(|number| number.fract() == 0.0)
}

/// What is said at a field whose number is none, or out of bounds.
pub fn out_of_bounds(lang: Lang, least: f64, most: f64) -> String {
    say!(lang, "A number from {} to {}.", "应为 {} 到 {} 的数字。", least, most)
}

/// What is wrong with a typed time.
pub fn wrong_ms(text: &str, least_ms: f64, lang: Lang) -> Option<String> {
    us(text, least_ms).is_none().then(|| out_of_bounds(lang, least_ms, MS_MAX))
}

/// What is wrong with a typed percentage.
pub fn wrong_percent(text: &str, lang: Lang) -> Option<String> {
    ppm(text).is_none().then(|| out_of_bounds(lang, 0.0, 100.0))
}

/// What is wrong with a typed whole number.
pub fn wrong_whole(text: &str, least: f64, most: f64, lang: Lang) -> Option<String> {
    whole(text, least, most).is_none().then(|| out_of_bounds(lang, least, most))
}
