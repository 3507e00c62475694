//! Days and times: as SQL Server keeps them, as PostgreSQL reads them.
//!
//! SQL Server counts 100 ns, PostgreSQL 1 us: the seventh digit is rounded, half of
//! the sixth and more upwards. `datetime` counts 1/300 s and shows whole milliseconds.

use std::time::Duration;

use chrono::offset::LocalResult;
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// So many units of 100 ns in a second.
pub(super) const SECOND: i64 = 10_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Clocks of one house differ by less.
const AHEAD: i64 = 60 * SECOND;
/// Days from 0001-01-01 to 1900-01-01.
const DAYS_TO_1900: i64 = 693_595;

/// A local moment in units of 100 ns since 0001-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) i64);

impl Moment {
    /// From days since 0001-01-01 and increments of 10^-scale seconds.
    pub(super) fn new(days: u32, increments: u64, scale: u8) -> Option<Self> {
        let unit = 10i64.checked_pow(7u32.checked_sub(scale.into())?)?;
        let time = i64::try_from(increments).ok()?.checked_mul(unit)?;
        i64::from(days).checked_mul(DAY)?.checked_add(time).map(Moment)
    }

    /// From a `datetime`: days since 1900-01-01 and 1/300 s, to the nearest millisecond.
    pub(super) fn of_datetime(days: i32, fragments: u32) -> Option<Self> {
        let ms = (i64::from(fragments) * 10 + 1) / 3;
        (i64::from(days) + DAYS_TO_1900).checked_mul(DAY)?.checked_add(ms * (SECOND / 1000)).map(Moment)
    }

    /// From a `smalldatetime`: days since 1900-01-01 and minutes.
    pub(super) fn of_smalldatetime(days: u16, minutes: u16) -> Self {
        Moment((i64::from(days) + DAYS_TO_1900) * DAY + i64::from(minutes) * 60 * SECOND)
    }

    /// `2026-11-21 09:05:00.1234567`, with all seven digits: its order as text is that in time.
    pub(super) fn exact(self) -> Option<String> {
        let moment = self.naive()?;
        Some(format!("{}.{:07}", moment.format("%Y-%m-%d %H:%M:%S"), self.0.rem_euclid(SECOND)))
    }

    /// From [`Moment::exact`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.')?;
        if fraction.len() != 7 {
            return None;
        }
        let moment = NaiveDateTime::parse_from_str(seconds, "%Y-%m-%d %H:%M:%S").ok()?;
        let days = i64::from(moment.num_days_from_ce()) - 1;
        let seconds = moment.signed_duration_since(moment.date().and_hms_opt(0, 0, 0)?).num_seconds();
        Some(Moment(days * DAY + seconds * SECOND + fraction.parse::<i64>().ok()?))
    }

    /// As SQL Server shows it: only the digits that are there.
    pub(super) fn shown(self) -> Option<String> {
        let exact = self.exact()?;
        Some(exact.trim_end_matches('0').trim_end_matches('.').to_string())
    }

    /// As PostgreSQL reads and shows it in UTC, when it is a time of this zone.
    pub(super) fn utc(self, zone: Tz) -> Option<String> {
        let rounded = Moment(self.0.checked_add(5)? / 10 * 10);
        let local = rounded.naive()?;
        let utc = local.checked_sub_offset(offset(zone, local))?;
        Some(written(utc, rounded.0.rem_euclid(SECOND) / 10))
    }

    /// The same, for a time that is UTC already.
    pub(super) fn of_utc(self) -> Option<String> {
        self.utc(Tz::UTC)
    }

    fn naive(self) -> Option<NaiveDateTime> {
        let days = i32::try_from(self.0.div_euclid(DAY)).ok()?.checked_add(1)?;
        let seconds = self.0.rem_euclid(DAY) / SECOND;
        let midnight = NaiveDate::from_num_days_from_ce_opt(days)?.and_hms_opt(0, 0, 0)?;
        midnight.checked_add_signed(TimeDelta::try_seconds(seconds)?)
    }
}

/// The zone's offset at a local time. A time that there is twice counts as the later one, and
/// one that is skipped as if the clock had not been changed yet: PostgreSQL reads them so, too.
fn offset(zone: Tz, local: NaiveDateTime) -> FixedOffset {
    let before = || local.checked_sub_signed(TimeDelta::hours(3)).unwrap_or(local);
    let found = zone.offset_from_local_datetime(&local);
    let found = found.latest().or_else(|| zone.offset_from_local_datetime(&before()).latest());
    found.map_or(FixedOffset::east_opt(0), |offset| Some(offset.fix())).unwrap_or(chrono::Utc.fix())
}

/// How much later the clocks of the zone show this moment once more; nothing where they show it once. A clock that is
/// a little ahead counts with the hour before.
pub(super) fn repeated(moment: Moment, zone: Tz) -> Duration {
    let twice = |moment: Moment| {
        let LocalResult::Ambiguous(first, second) = zone.offset_from_local_datetime(&moment.naive()?) else {
            return None;
        };
        let apart = first.fix().local_minus_utc().abs_diff(second.fix().local_minus_utc());
        Some(Duration::from_secs(apart.into()))
    };
    twice(moment).or_else(|| twice(Moment(moment.0.saturating_sub(AHEAD)))).unwrap_or_default()
}

/// PostgreSQL knows no year 0: the year before 1 is 1 BC.
fn written(utc: NaiveDateTime, micros: i64) -> String {
    let (year, era) = match utc.year() {
        year if year > 0 => (year, ""),
        year => (1 - year, " BC"),
    };
    let fraction = format!(".{micros:06}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{year:04}-{}{fraction}+00{era}", utc.format("%m-%d %H:%M:%S"))
}

/// A day, from days since 0001-01-01.
pub(super) fn day(days: u32) -> Option<String> {
    let days = i32::try_from(days).ok()?.checked_add(1)?;
    Some(NaiveDate::from_num_days_from_ce_opt(days)?.format("%Y-%m-%d").to_string())
}

/// A time of day with the digits its type has.
pub(super) fn time(increments: u64, scale: u8) -> Option<String> {
    let Moment(ticks) = Moment::new(0, increments, scale)?;
    let seconds = ticks / SECOND;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = format!("{:07}", ticks % SECOND);
    Some(match fraction.get(..usize::from(scale)) {
        Some("") | None => clock,
        Some(digits) => format!("{clock}.{digits}"),
    })
}

/// The remote's clock as ours would show it, to compare both.
pub(super) fn clock(moment: Moment) -> Option<DateTime<chrono::Utc>> {
    moment.naive().map(|naive| naive.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn a_datetime_is_shown_in_whole_milliseconds_as_sql_server_does() {
        let at = |fragments| Moment::of_datetime(0, fragments).and_then(Moment::shown).unwrap();
        assert_eq!(at(0), "1900-01-01 00:00:00");
        assert_eq!(
            [at(1), at(2), at(3)],
            ["1900-01-01 00:00:00.003", "1900-01-01 00:00:00.007", "1900-01-01 00:00:00.01"]
        );
        assert_eq!(at(25_919_999), "1900-01-01 23:59:59.997");
        assert_eq!(Moment::of_datetime(-53_690, 0).and_then(Moment::shown).unwrap(), "1753-01-01 00:00:00");
        assert_eq!(Moment::of_smalldatetime(u16::MAX, 1439).shown().unwrap(), "2079-06-06 23:59:00");
    }

    #[test]
    fn the_seventh_digit_is_rounded_half_up() {
        let utc = |text| moment(text).of_utc().unwrap();
        assert_eq!(utc("2024-02-29 23:59:59.1234564"), "2024-02-29 23:59:59.123456+00");
        assert_eq!(utc("2024-02-29 23:59:59.1234565"), "2024-02-29 23:59:59.123457+00");
        assert_eq!(utc("2024-02-29 23:59:59.9999999"), "2024-03-01 00:00:00+00");
        assert_eq!(utc("9999-12-31 23:59:59.9999999"), "10000-01-01 00:00:00+00");
        assert_eq!(utc("0001-01-01 00:00:00.0000000"), "0001-01-01 00:00:00+00");
    }

    #[test]
    fn a_time_of_a_zone_becomes_utc() {
        let utc = |zone: Tz, text| moment(text).utc(zone).unwrap();
        assert_eq!(utc(Tz::Asia__Dubai, "2026-11-21 09:05:00.5000000"), "2026-11-21 05:05:00.5+00");
        assert_eq!(utc(Tz::Asia__Dubai, "0001-01-01 00:00:00.0000000"), "0001-12-31 20:18:48+00 BC");
        assert_eq!(utc(Tz::Europe__Paris, "2026-07-01 12:00:00.0000000"), "2026-07-01 10:00:00+00");
    }

    #[test]
    fn an_hour_that_comes_twice_is_the_later_and_one_that_is_skipped_goes_on() {
        let paris = |text| moment(text).utc(Tz::Europe__Paris).unwrap();
        assert_eq!(paris("2026-10-25 02:30:00.0000000"), "2026-10-25 01:30:00+00");
        assert_eq!(paris("2026-03-29 02:30:00.0000000"), "2026-03-29 01:30:00+00");
    }

    #[test]
    fn an_hour_that_comes_twice_is_known() {
        let minutes = |zone: Tz, text| repeated(moment(text), zone).as_secs() / 60;
        let paris = |text| minutes(Tz::Europe__Paris, text);
        assert_eq!(paris("2026-10-25 01:59:59.0000000"), 0);
        assert_eq!([paris("2026-10-25 02:00:00.0000000"), paris("2026-10-25 02:59:59.9999999")], [60, 60]);
        assert_eq!([paris("2026-10-25 03:00:20.0000000"), paris("2026-10-25 03:01:00.0000000")], [60, 0]);
        assert_eq!([paris("2026-03-29 02:30:00.0000000"), paris("2026-11-25 02:30:00.0000000")], [0, 0]);
        assert_eq!(minutes(Tz::Australia__Lord_Howe, "2026-04-05 01:45:00.0000000"), 30);
        assert_eq!(minutes(Tz::UTC, "2026-10-25 02:30:00.0000000"), 0);
    }

    #[test]
    fn a_time_of_day_has_the_digits_of_its_type() {
        assert_eq!(time(863_999_999_999, 7).unwrap(), "23:59:59.9999999");
        assert_eq!(time(0, 0).unwrap(), "00:00:00");
        assert_eq!(time(3_661_500, 3).unwrap(), "01:01:01.500");
        assert_eq!(time(0, 9), None);
        assert_eq!(day(0).unwrap(), "0001-01-01");
        assert_eq!(day(3_652_058).unwrap(), "9999-12-31");
        assert_eq!(day(u32::MAX), None);
    }

    proptest! {
        #[test]
        fn an_exact_text_is_the_moment_and_keeps_the_order(a in 0..3_652_059 * DAY, b in 0..3_652_059 * DAY) {
            let text = |ticks| Moment(ticks).exact().unwrap();
            prop_assert_eq!(Moment::parse(&text(a)), Some(Moment(a)));
            prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
        }

        #[test]
        fn no_moment_from_the_wire_is_a_panic(days: u32, increments: u64, scale: u8) {
            let moment = Moment::new(days, increments, scale);
            let _ = moment.map(|moment| (moment.shown(), moment.utc(Tz::Asia__Dubai)));
            let _ = (day(days), time(increments, scale));
            let _ = Moment::of_datetime(days as i32, increments as u32).map(Moment::shown);
        }
    }
}
