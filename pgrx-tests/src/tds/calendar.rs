//! Days and times in units of 100 ns since 0001-01-01.

use chrono::{Datelike, NaiveDate};

/// Units in a second.
pub const SECOND: i64 = 10_000_000;
/// Units in a day.
pub const DAY: i64 = 86_400 * SECOND;
/// Days from 0001-01-01 to 1900-01-01.
pub const TO_1900: i64 = 693_595;

/// `2026-11-21` as days.
pub fn day(text: &str) -> Option<i64> {
    let shaped = text.len() == 10 && text.is_char_boundary(4);
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| shaped)?;
    Some(i64::from(date.num_days_from_ce()) - 1)
}

/// `09:05:00.1234567` as units; seconds may be missing.
pub fn time(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok().filter(|_| part.len() == 2));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    if hours > 23 || minutes > 59 || seconds > 59 || fraction.len() > 7 || parts.next().is_some() {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<7}").parse().ok()?;
    Some(((hours * 60 + minutes) * 60 + seconds) * SECOND + fraction)
}

/// `2026-11-21`, with or without a time behind a blank or a `T`.
pub fn moment(text: &str) -> Option<i64> {
    let date = day(text.get(..10)?)? * DAY;
    match text.get(10..)? {
        "" => Some(date),
        rest => Some(date + time(rest.strip_prefix(['T', ' '])?)?),
    }
}

/// A moment with its offset (`+04:00`, `Z`) in minutes, as UTC; without one it is UTC.
pub fn moment_with_offset(text: &str) -> Option<(i64, i16)> {
    let at = text.get(10..)?.find(['+', '-', 'Z']).map(|at| at + 10);
    let Some(at) = at else { return Some((moment(text)?, 0)) };
    let local = moment(text.get(..at)?.trim_end())?;
    let minutes = match text.get(at..)? {
        "Z" => 0,
        offset => {
            let whole = time(offset.get(1..)?)? / SECOND / 60;
            if offset.starts_with('-') { -whole } else { whole }
        }
    };
    Some((local - minutes * 60 * SECOND, i16::try_from(minutes).ok()?))
}

/// A day as text.
pub fn show_day(days: i64) -> String {
    let date = i32::try_from(days + 1).ok().and_then(NaiveDate::from_num_days_from_ce_opt);
    date.map(|date| date.format("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// A time with `scale` digits.
pub fn show_time(units: i64, scale: u8) -> String {
    let seconds = units / SECOND;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match scale {
        0 => clock,
        scale => format!("{clock}.{}", &format!("{:07}", units % SECOND)[..usize::from(scale)]),
    }
}

/// A moment with `scale` digits.
pub fn show(units: i64, scale: u8) -> String {
    format!("{} {}", show_day(units.div_euclid(DAY)), show_time(units.rem_euclid(DAY), scale))
}
