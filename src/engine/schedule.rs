//! When a pg_cron schedule ticks next.

use std::str::FromStr;

use chrono::{NaiveDateTime, TimeDelta};

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

/// The seconds of `30 seconds`.
fn every(schedule: &str) -> Option<i64> {
    let (number, word) = schedule.trim().split_once(' ')?;
    let seconds = number.parse().ok().filter(|seconds| (1..60).contains(seconds));
    seconds.filter(|_| matches!(word.trim(), "second" | "seconds"))
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

    #[test]
    fn what_is_no_schedule_never_ticks() {
        assert_eq!(next("whenever", "2026-11-20 11:59:59"), None);
        assert_eq!(next("0 0 30 2 *", "2026-11-20 11:59:59"), None);
        assert_eq!(next("90 seconds", "2026-11-20 11:59:59"), None);
    }
}
