//! Cursor values of Odoo: `YYYY-MM-DD HH:MM:SS` in UTC, cut to whole seconds.
//! Their order as text is their order in time.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::error::{Error, Kind, Result};
use crate::source::Mark;

const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// How far a row may be ahead of the web server's clock before it counts as dated
/// in the future: `write_date` comes from the database server's clock.
const TOLERANCE: TimeDelta = TimeDelta::seconds(5);

/// A moment as Odoo writes it.
pub(super) fn datetime(text: &str) -> Option<NaiveDateTime> {
    datetime_text(text).and_then(|text| NaiveDateTime::parse_from_str(text.get(..19)?, FORMAT).ok())
}

/// The same as text with a year of four digits, its fraction included. Stricter than chrono, which takes `2026-1-2`
/// and the year 0.
pub(super) fn datetime_text(text: &str) -> Option<String> {
    let text = four_digits(text)?;
    let (seconds, fraction) = (text.get(..19)?, text.get(19..)?);
    let digits = fraction.strip_prefix('.').unwrap_or("0");
    let right = shaped(seconds, "dddd-dd-dd dd:dd:dd")
        && (1..=6).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (fraction.is_empty() || fraction.starts_with('.'))
        && NaiveDateTime::parse_from_str(seconds, FORMAT).is_ok();
    right.then_some(text)
}

/// A day as Odoo writes it, as text with a year of four digits.
pub(super) fn date_text(text: &str) -> Option<String> {
    let text = four_digits(text)?;
    let right = shaped(&text, "dddd-dd-dd") && NaiveDate::parse_from_str(&text, "%Y-%m-%d").is_ok();
    right.then_some(text)
}

/// The year before 1000 has fewer digits in Odoo (Python's `strftime`): `202-11-20`, a slip of 2022.
fn four_digits(text: &str) -> Option<String> {
    let year = text.get(..text.find('-')?)?;
    let is_year = (1..=4).contains(&year.len()) && year.bytes().any(|b| b != b'0');
    is_year.then(|| format!("{}{text}", "0".repeat(4 - year.len())))
}

fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(b, s)| if s == b'd' { b.is_ascii_digit() } else { b == s })
}

/// The cursor value `by` before `mark`, rounded down to a whole second.
pub(super) fn earlier(mark: &Mark, by: Duration) -> Result<Mark> {
    let not_ours = || Error::new(Kind::Internal, "a position is no moment of Odoo").detail(mark.0.clone());
    let moment = datetime(&mark.0).ok_or_else(not_ours)?;
    let seconds =
        i64::try_from(by.as_secs()).unwrap_or(i64::MAX).saturating_add(i64::from(by.subsec_nanos() > 0));
    let first = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default().into();
    let earlier = TimeDelta::try_seconds(seconds).and_then(|by| moment.checked_sub_signed(by));
    Ok(written(earlier.unwrap_or(first).max(first)))
}

/// The newest cursor value, but not later than the remote's clock: one row dated
/// in the future would hide everything written until then. The second member is
/// how far ahead the row is, in seconds, where it is.
pub(super) fn capped(newest: NaiveDateTime, now: DateTime<Utc>) -> (Mark, Option<i64>) {
    let now = now.naive_utc();
    match newest - now {
        ahead if ahead > TOLERANCE => (written(now), Some(ahead.num_seconds())),
        _ => (written(newest), None),
    }
}

fn written(moment: NaiveDateTime) -> Mark {
    Mark(moment.format(FORMAT).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(mark: &str, by: Duration) -> String {
        earlier(&Mark(mark.into()), by).unwrap().0
    }

    #[test]
    fn an_earlier_mark_is_never_too_late() {
        assert_eq!(before("2026-03-01 00:05:00", Duration::from_secs(600)), "2026-02-28 23:55:00");
        assert_eq!(before("2026-03-01 00:05:00", Duration::from_millis(1)), "2026-03-01 00:04:59");
        assert_eq!(before("2026-03-01 00:05:00", Duration::ZERO), "2026-03-01 00:05:00");
        assert_eq!(before("2026-03-01 00:05:00", Duration::MAX), "0001-01-01 00:00:00");
        assert_eq!(earlier(&Mark("0x0001".into()), Duration::ZERO).unwrap_err().kind, Kind::Internal);
    }

    #[test]
    fn only_moments_that_postgresql_reads_are_moments() {
        for good in [
            "1899-12-31 23:59:59",
            "0001-01-01 00:00:00",
            "9999-12-31 00:00:00",
            "2026-11-20 08:52:33.349431",
        ] {
            assert!(datetime(good).is_some(), "{good}");
        }
        let bad = "2026-11-20|2026-11-20T08:52:33|2026-02-30 00:00:00|0000-01-01 00:00:00|2026-11-20 24:00:00|\
                   2026-11-20 08:52:33Z|2026-11-20 08:52:33.|2026-11-20 08:52:3é||-026-11-20 08:52:33|\
                   0-11-20 08:52:33|12026-11-20 08:52:33|2a-11-20 08:52:33";
        for bad in bad.split('|') {
            assert!(datetime(bad).is_none(), "{bad}");
        }
        assert!(date_text("1066-10-14").is_some() && date_text("2024-02-29").is_some());
        for bad in ["2026-1-2", "2026-02-29", "0000-01-01", "0-01-01", "12026-01-01", "-01-01"] {
            assert!(date_text(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_year_before_1000_is_read_as_the_year_it_is() {
        assert_eq!(date_text("202-11-20").as_deref(), Some("0202-11-20"));
        assert_eq!(date_text("5-02-28").as_deref(), Some("0005-02-28"));
        assert_eq!(datetime_text("22-11-20 08:52:33.5").as_deref(), Some("0022-11-20 08:52:33.5"));
        assert_eq!(datetime("202-11-20 08:52:33").unwrap().to_string(), "0202-11-20 08:52:33");
        assert_eq!(before("202-11-20 00:05:00", Duration::from_secs(600)), "0202-11-19 23:55:00");
    }

    #[test]
    fn a_row_of_the_future_does_not_move_the_watermark_past_the_clock() {
        let now = datetime("2026-11-20 09:11:49").unwrap().and_utc();
        let mark = |text: &str| capped(datetime(text).unwrap(), now);
        assert_eq!(mark("2026-11-20 09:11:54"), (Mark("2026-11-20 09:11:54".into()), None));
        assert_eq!(mark("2026-11-20 09:11:55"), (Mark("2026-11-20 09:11:49".into()), Some(6)));
        assert_eq!(mark("2020-01-01 00:00:00"), (Mark("2020-01-01 00:00:00".into()), None));
    }
}
