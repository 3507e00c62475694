//! The double's own time, so that no test depends on the machine's calendar.

use std::time::Instant;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::face::Face;

/// Starts shortly after the recording and runs on at the machine's pace.
#[derive(Clone)]
pub(super) struct Clock {
    origin: NaiveDateTime,
    started_at: Instant,
    http_shift: TimeDelta,
}

impl Clock {
    pub(super) fn new(face: Face) -> Self {
        let minute = if face.place() == 0 { 0 } else { 30 };
        let origin = NaiveDate::from_ymd_opt(2026, 11, 20).and_then(|day| day.and_hms_opt(10, minute, 0));
        Self { origin: origin.unwrap_or_default(), started_at: Instant::now(), http_shift: TimeDelta::zero() }
    }

    /// PostgreSQL's `now()`, with microseconds.
    pub(super) fn now(&self) -> NaiveDateTime {
        self.origin + TimeDelta::from_std(self.started_at.elapsed()).unwrap_or_default()
    }

    /// What the web host puts into `Date`; it may be another machine than the database's.
    pub(super) fn http_date(&self) -> String {
        (self.now() + self.http_shift).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    pub(super) fn set(&mut self, now: NaiveDateTime) {
        self.origin = now;
        self.started_at = Instant::now();
    }

    pub(super) fn shift(&mut self, seconds: i64) {
        self.origin += TimeDelta::seconds(seconds);
    }

    pub(super) fn shift_http(&mut self, seconds: i64) {
        self.http_shift += TimeDelta::seconds(seconds);
    }
}

/// A datetime as it is kept: with microseconds and of one width, so that text order is time order.
pub(super) fn kept(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// What PostgreSQL accepts as a timestamp; a zone is ignored, as for a column without one.
pub(super) fn parse(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim().trim_end_matches('Z').trim_end_matches("+00:00").replace('T', " ");
    // The last is what XML-RPC's dateTime.iso8601 looks like.
    let full = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y%m%d %H:%M:%S"];
    full.iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

/// Microseconds for a recorded time, which only has seconds: the same for every row of one second (one transaction).
pub(super) fn with_microseconds(text: &str) -> Option<String> {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let microseconds = i64::try_from(hash % 999_999 + 1).ok()?;
    Some(kept(parse(text)? + TimeDelta::microseconds(microseconds)))
}
