//! When a pg_cron schedule ticks next, and what is due by then.

use std::str::FromStr;

use chrono::{NaiveDateTime, TimeDelta};

use super::Mode;

/// The first tick of a schedule after a moment, both in pg_cron's own time zone.
/// Understands what pg_cron does: five fields, or `30 seconds`. `None`: it never ticks,
/// or is written in a way we do not know.
pub fn next_tick(schedule: &str, after: NaiveDateTime) -> Option<NaiveDateTime> {
    if let Some(seconds) = every(schedule) {
        return after.checked_add_signed(TimeDelta::seconds(seconds));
    }
    // pg_cron writes the last day of a month as `$`.
    let cron = croner::Cron::from_str(&schedule.replace('$', "L")).ok()?;
    cron.find_next_occurrence(&after, false).ok()
}

/// Whether it looks like what pg_cron takes: five fields, which it judges itself, `30 seconds`, or `@hourly`.
pub fn is_schedule(schedule: &str) -> bool {
    every(schedule).is_some() || schedule.split_whitespace().count() == 5 || schedule.starts_with('@')
}

/// Whether the schedule is an interval in seconds, such as `30 seconds`.
pub fn is_of_seconds(schedule: &str) -> bool {
    every(schedule).is_some()
}

/// The seconds of `30 seconds`.
fn every(schedule: &str) -> Option<i64> {
    let (number, word) = schedule.trim().split_once(' ')?;
    let seconds = number.parse().ok().filter(|seconds| (1..60).contains(seconds));
    seconds.filter(|_| matches!(word.trim(), "second" | "seconds"))
}

/// How often something is to be done, and how long ago it was done last, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Every {
    /// How often.
    pub every: f64,
    /// How long ago; `None`: never.
    pub ago: Option<f64>,
}

/// A scheduler is not exact to the second: what is due in so small a part of its time is due.
const JITTER: f64 = 0.1;

impl Every {
    /// How long until it is due. What was done in the future was done by a clock that has been set
    /// back since: nobody knows when, so it is due.
    fn wait(&self) -> f64 {
        match self.ago {
            Some(ago) if ago >= 0.0 => (self.every * (1.0 - JITTER) - ago).max(0.0),
            _ => 0.0,
        }
    }

    fn is_due_in(&self, seconds: f64) -> bool {
        self.wait() <= seconds
    }
}

/// What `sync_auto()` goes by for an entity of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Due {
    /// The entity as a whole, since the start of its last success.
    pub any: Every,
    /// Full passes.
    pub full: Every,
    /// Looks at all keys, since the last of these or of full passes.
    pub verify: Every,
}

impl Due {
    /// How many seconds until it is due at all.
    pub fn wait(&self) -> f64 {
        self.any.wait()
    }

    /// What is to be done when it is taken along in so many seconds.
    pub fn mode_in(&self, seconds: f64) -> Mode {
        match (self.full.is_due_in(seconds), self.verify.is_due_in(seconds)) {
            (true, _) => Mode::Full,
            (_, true) => Mode::Verify,
            _ => Mode::Incremental,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    fn next(schedule: &str, after: &str) -> Option<String> {
        next_tick(schedule, at(after)).map(|tick| tick.to_string())
    }

    #[test]
    fn the_default_schedule_ticks_at_even_hours() {
        assert_eq!(next("0 */2 * * *", "2026-11-20 11:59:59").as_deref(), Some("2026-11-20 12:00:00"));
        assert_eq!(next("0 */2 * * *", "2026-11-20 12:00:00").as_deref(), Some("2026-11-20 14:00:00"));
        assert_eq!(next("0 */2 * * *", "2026-12-31 22:30:00").as_deref(), Some("2027-01-01 00:00:00"));
    }

    #[test]
    fn seconds_and_last_days_are_understood() {
        assert_eq!(next("30 seconds", "2026-11-20 11:59:59").as_deref(), Some("2026-11-20 12:00:29"));
        assert_eq!(next("0 3 $ * *", "2026-02-01 00:00:00").as_deref(), Some("2026-02-28 03:00:00"));
    }

    const HOUR: f64 = 3600.0;

    fn due(any: f64, full: f64, verify: f64) -> Due {
        let every = |every: f64, ago: f64| Every { every, ago: Some(ago) };
        Due {
            any: every(2.0 * HOUR, any),
            full: every(720.0 * HOUR, full),
            verify: every(24.0 * HOUR, verify),
        }
    }

    #[test]
    fn an_entity_is_due_a_tenth_of_its_time_early_and_not_before() {
        assert_eq!(due(1.8 * HOUR, 0.0, 0.0).wait(), 0.0);
        assert_eq!(due(1.5 * HOUR, 0.0, 0.0).wait().round(), (0.3 * HOUR).round());
        assert_eq!(Due::default().wait(), 0.0, "without a time of its own it always is");
    }

    #[test]
    fn what_comes_round_less_often_goes_first() {
        assert_eq!(due(HOUR, HOUR, HOUR).mode_in(0.0), Mode::Incremental);
        assert_eq!(due(HOUR, 25.0 * HOUR, 25.0 * HOUR).mode_in(0.0), Mode::Verify);
        assert_eq!(due(HOUR, 721.0 * HOUR, 25.0 * HOUR).mode_in(0.0), Mode::Full);
        assert_eq!(due(HOUR, HOUR, 20.0 * HOUR).mode_in(HOUR), Mode::Incremental);
        assert_eq!(due(HOUR, HOUR, 20.0 * HOUR).mode_in(2.0 * HOUR), Mode::Verify);
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        assert_eq!(due(-40.0 * HOUR, 0.0, 0.0).wait(), 0.0);
        assert_eq!(due(0.0, -HOUR, 0.0).mode_in(0.0), Mode::Full);
        assert_eq!(due(0.0, 0.0, -HOUR).mode_in(0.0), Mode::Verify);
        let never = Every { every: HOUR, ago: None };
        assert_eq!(Due { full: never, ..due(0.0, 0.0, 0.0) }.mode_in(0.0), Mode::Full);
    }

    #[test]
    fn what_is_no_schedule_never_ticks() {
        assert_eq!(next("whenever", "2026-11-20 11:59:59"), None);
        assert_eq!(next("0 0 30 2 *", "2026-11-20 11:59:59"), None);
        assert_eq!(next("90 seconds", "2026-11-20 11:59:59"), None);
    }
}
