//! Small charts as the data of SVG paths, in a box that is 100 wide and 100 high.

use std::fmt::Write;

/// The width and the height of the box.
pub const SIDE: f64 = 100.0;

/// How wide one value of a chart is where a scale ends at `horizon_us`.
pub fn step(bucket_us: u64, horizon_us: u64) -> f64 {
    SIDE * bucket_us as f64 / horizon_us.max(1) as f64
}

/// The outline of columns without gaps, from the ground to the ground; `peak` reaches the top. Nothing at all is
/// nothing.
pub fn area(values: &[f64], peak: f64, step: f64) -> String {
    let mut path = String::new();
    if peak <= 0.0 {
        return path;
    }
    let mut height_before = 0.0;
    for (at, value) in values.iter().enumerate() {
        let height = SIDE * (value / peak).clamp(0.0, 1.0);
        if (height - height_before).abs() > 0.001 {
            let x = at as f64 * step;
            if path.is_empty() {
                // Writing into a string cannot fail, here and below.
                let _ = write!(path, "M{} {SIDE}", short(x));
            } else {
                let _ = write!(path, "H{}", short(x));
            }
            let _ = write!(path, "V{}", short(SIDE - height));
            height_before = height;
        }
    }
    if !path.is_empty() {
        let _ = write!(path, "H{}V{SIDE}", short(values.len() as f64 * step));
    }
    path
}

/// An upright line from the lower to the upper value in the middle of each bucket that has any.
pub fn ranges(values: impl Iterator<Item = Option<(f64, f64)>>, peak: f64, step: f64) -> String {
    let mut path = String::new();
    for (at, range) in values.enumerate() {
        if let Some((low, high)) = range.filter(|_| peak > 0.0) {
            let y = |value: f64| short(SIDE * (1.0 - (value / peak).clamp(0.0, 1.0)));
            // A line without length is not drawn, so the least of them is a dot.
            let low = low.min(high - peak / SIDE);
            let _ = write!(path, "M{} {}V{}", short((at as f64 + 0.5) * step), y(low), y(high));
        }
    }
    path
}

/// A coordinate with as many digits as can be seen.
fn short(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_height_are_one_line() {
        assert_eq!(area(&[0.0, 2.0, 2.0, 1.0], 2.0, 10.0), "M10 100V0H30V50H40V100");
    }

    #[test]
    fn where_nothing_happened_nothing_is_drawn() {
        assert_eq!(area(&[0.0, 0.0], 0.0, 10.0), "");
        assert_eq!(area(&[0.0, 0.0], 3.0, 10.0), "");
        assert_eq!(ranges([None, None].into_iter(), 3.0, 10.0), "");
    }

    #[test]
    fn a_range_stands_in_the_middle_of_its_bucket_and_one_without_width_is_a_dot() {
        assert_eq!(ranges([None, Some((1.0, 2.0))].into_iter(), 4.0, 10.0), "M15 75V50");
        assert_eq!(ranges([Some((4.0, 4.0))].into_iter(), 4.0, 10.0), "M5 1V0");
    }
}
