//! Which part of time is looked at: the window of the space-time diagram, and the scale of the scrubber.

/// The narrowest window, in µs.
const SPAN_US_MIN: f64 = 100.0;

/// The widest window, in µs: an hour.
const SPAN_US_MAX: f64 = 3_600e6;

/// Where the present stands in a window that follows it, as a part of its height.
const PRESENT_AT: f64 = 0.68;

/// A window on time that can be zoomed and scrolled, and that follows the cursor until it is scrolled away.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Viewport {
    from_us: f64,
    span_us: f64,
    follows: bool,
}

impl Default for Viewport {
    fn default() -> Self {
        Viewport { from_us: 0.0, span_us: 60_000.0, follows: true }
    }
}

impl Viewport {
    /// Where it begins, in µs.
    pub fn from_us(&self) -> f64 {
        self.from_us
    }

    /// How much time it shows, in µs.
    pub fn span_us(&self) -> f64 {
        self.span_us
    }

    /// Where it ends, in µs.
    pub fn to_us(&self) -> f64 {
        self.from_us + self.span_us
    }

    /// Whether it moves with the cursor.
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// Moves with the cursor from now on.
    pub fn follow(&mut self, now_us: f64) {
        self.follows = true;
        self.present(now_us);
    }

    /// The cursor is at this moment. Returns whether the window moved.
    pub fn present(&mut self, now_us: f64) -> bool {
        let from_us = (now_us - PRESENT_AT * self.span_us).max(0.0);
        if !self.follows || (from_us - self.from_us).abs() < f64::EPSILON {
            return false;
        }
        self.from_us = from_us;
        true
    }

    /// Scrolls by a part of the window, and no longer follows.
    pub fn scroll(&mut self, part: f64) {
        self.follows = false;
        self.from_us = (self.from_us + part * self.span_us).max(0.0);
    }

    /// Shows more (`factor > 1`) or less; the moment at this part of the window stays where it is.
    pub fn zoom(&mut self, factor: f64, part: f64) {
        let anchor_us = self.from_us + part * self.span_us;
        self.span_us = (self.span_us * factor).clamp(SPAN_US_MIN, SPAN_US_MAX);
        self.from_us = (anchor_us - part * self.span_us).max(0.0);
    }

    /// Zooms around the present where the window follows it, else around its middle.
    pub fn zoom_here(&mut self, factor: f64) {
        self.zoom(factor, if self.follows { PRESENT_AT } else { 0.5 });
    }

    /// Where a moment stands in the window, as a part of it: 0 is its beginning and 1 its end.
    pub fn part(&self, time_us: f64) -> f64 {
        (time_us - self.from_us) / self.span_us
    }

    /// The moment at a part of the window.
    pub fn time_us(&self, part: f64) -> u64 {
        (self.from_us + part * self.span_us).max(0.0) as u64
    }

    /// A round distance between the lines of a scale, so that about `count` fit into the window, in µs.
    pub fn tick_us(&self, count: f64) -> f64 {
        round_up(self.span_us / count.max(1.0))
    }
}

/// The end of a scale that holds this much with some room: a round figure, so that it rarely changes while a
/// run grows.
pub fn horizon_us(recorded_us: u64) -> u64 {
    const LEAST_US: f64 = 200_000.0;
    round_up((recorded_us as f64 * 1.02).max(LEAST_US)) as u64
}

/// The next of 1, 2, 3, 5, 10, 20, 30, 50, …
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1.0).log10().floor());
    let step = [1.0, 2.0, 3.0, 5.0].into_iter().find(|step| step * power >= value * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_moment_under_the_pointer() {
        let mut view = Viewport::default();
        view.scroll(3.0);
        let before = view.time_us(0.25);
        view.zoom(0.1, 0.25);
        assert!(view.time_us(0.25).abs_diff(before) <= 1);
        assert!((view.span_us() - 6_000.0).abs() < 1e-6);
    }

    #[test]
    fn a_window_that_was_scrolled_away_stays_until_it_is_told_to_follow() {
        let mut view = Viewport::default();
        assert!(view.present(1_000_000.0));
        view.scroll(-0.5);
        let from = view.from_us();
        assert!(!view.present(2_000_000.0));
        assert_eq!(view.from_us(), from);
        view.follow(2_000_000.0);
        assert!((view.part(2_000_000.0) - PRESENT_AT).abs() < 1e-9);
    }

    #[test]
    fn no_window_begins_before_time_does() {
        let mut view = Viewport::default();
        view.present(10.0);
        view.scroll(-9.0);
        view.zoom(1e9, 1.0);
        assert!(view.from_us() >= 0.0 && view.span_us() <= SPAN_US_MAX);
    }

    #[test]
    fn the_scale_of_the_tape_is_round_and_always_holds_what_is_recorded() {
        for recorded_us in [0, 1, 195_000, 199_999, 200_000, 980_000, 5_000_001, 86_400_000_000] {
            let end = horizon_us(recorded_us);
            assert!(end >= recorded_us);
            assert!(end.to_string().trim_end_matches('0').len() == 1, "{end} is round");
        }
        assert_eq!(horizon_us(0), 200_000);
    }
}
