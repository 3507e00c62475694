//! How many rows are asked for at a time: as many as come in a second or two and in
//! a few megabytes, because a remote's rows differ a thousandfold in size and cost.

use std::time::Duration;

/// What a stream begins with.
const FIRST: usize = 200;
/// A faster page may grow.
const FAST: Duration = Duration::from_secs(1);
/// A slower page shrinks.
const SLOW: Duration = Duration::from_secs(2);
/// A larger page shrinks.
const LARGE: usize = 4 << 20;

/// The page size of a stream as it adapts.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    limit: usize,
    min: usize,
    max: usize,
}

impl Pages {
    /// Between the smallest and largest of `range`.
    pub(super) fn new(range: (usize, usize)) -> Self {
        let min = range.0.max(1);
        let max = range.1.max(min);
        Pages { limit: FIRST.clamp(min, max), min, max }
    }

    /// How many rows to ask for.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Learns from a page: how long it took, its size in bytes, and whether it was a whole one.
    pub(super) fn took(&mut self, elapsed: Duration, bytes: usize, whole: bool) {
        if elapsed > SLOW || bytes > LARGE {
            self.limit = (self.limit / 2).max(self.min);
        } else if whole && elapsed < FAST && bytes.saturating_mul(2) < LARGE {
            self.limit = self.limit.saturating_mul(2).min(self.max);
        }
    }

    /// After a page that was too much for the remote or for us: half of it, and never
    /// more again in this pass. False when it is the smallest already.
    pub(super) fn halve(&mut self) -> bool {
        if self.limit <= self.min {
            return false;
        }
        self.limit = (self.limit / 2).max(self.min);
        self.max = self.limit;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(300);

    #[test]
    fn a_quick_small_page_doubles_up_to_the_largest() {
        let mut pages = Pages::new((50, 1000));
        let mut seen = vec![pages.limit()];
        for _ in 0..3 {
            pages.took(QUICK, 100_000, true);
            seen.push(pages.limit());
        }
        assert_eq!(seen, [200, 400, 800, 1000]);
    }

    #[test]
    fn a_page_that_would_come_past_the_size_or_time_stays() {
        let mut pages = Pages::new((1, 1000));
        pages.took(QUICK, LARGE / 2, true);
        pages.took(Duration::from_millis(1500), 10, true);
        pages.took(QUICK, 10, false);
        assert_eq!(pages.limit(), 200);
    }

    #[test]
    fn a_slow_or_large_page_shrinks_down_to_the_smallest() {
        let mut pages = Pages::new((80, 1000));
        pages.took(Duration::from_secs(3), 10, true);
        assert_eq!(pages.limit(), 100);
        pages.took(QUICK, LARGE + 1, true);
        assert_eq!(pages.limit(), 80);
    }

    #[test]
    fn a_page_that_was_refused_is_halved_for_good() {
        let mut pages = Pages::new((60, 1000));
        assert!(pages.halve());
        pages.took(QUICK, 10, true);
        assert_eq!(pages.limit(), 100);
        assert!(pages.halve());
        assert_eq!(pages.limit(), 60);
        assert!(!pages.halve());
    }

    #[test]
    fn a_senseless_range_is_made_one() {
        assert_eq!(Pages::new((0, 0)).limit(), 1);
        assert_eq!(Pages::new((500, 100)).limit(), 500);
        assert_eq!(Pages::new((1, 100)).limit(), 100);
    }
}
