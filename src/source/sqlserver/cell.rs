//! One value of the remote as one value of a column: exactly, or not at all.

use std::fmt::Write;

use chrono_tz::Tz;
use tiberius::{ColumnData, numeric::Numeric};

use super::moment::{self, Moment};
use crate::entity::Type;
use crate::source::cell::{Cell, Flaw, wrong};

const NUL: Flaw = Flaw { rule: "nul", why: "holds the character U+0000, which PostgreSQL cannot store" };
const LONG_NUMBER: Flaw = Flaw { rule: "range", why: "holds a number that is too large or too long" };
const NO_MOMENT: Flaw = Flaw { rule: "range", why: "is no moment that PostgreSQL can store" };
const TOO_LARGE: Flaw = Flaw { rule: "range", why: "is no whole number of 64 bits" };

/// The value of a column of type `kind`; times without a zone are of `zone`.
pub(super) fn cell(kind: Type, data: &ColumnData<'static>, zone: Tz) -> Result<Cell, Flaw> {
    if is_null(data) {
        return Ok(Cell::Null);
    }
    match kind {
        Type::Boolean => match data {
            ColumnData::Bit(Some(flag)) => Ok(Cell::Bool(*flag)),
            _ => Err(wrong("is no boolean")),
        },
        Type::Bigint => whole(data).map(Cell::Int),
        Type::Numeric => number(data).map(Cell::Text),
        Type::Date => match data {
            ColumnData::Date(Some(date)) => moment::day(date.days()).map(Cell::Text).ok_or(NO_MOMENT),
            _ => Err(wrong("is no date")),
        },
        Type::Timestamptz => stamp(data, zone).map(Cell::Text),
        Type::Jsonb => json(data).map(Cell::Text),
        Type::Text => text(data).map(Cell::Text),
        Type::BigintArray | Type::TextArray => Err(wrong("is no list")),
    }
}

/// Whether there is no value. A missing `smalldatetime` arrives as a missing `datetime`.
pub(super) fn is_null(data: &ColumnData<'static>) -> bool {
    matches!(
        data,
        ColumnData::U8(None)
            | ColumnData::I16(None)
            | ColumnData::I32(None)
            | ColumnData::I64(None)
            | ColumnData::F32(None)
            | ColumnData::F64(None)
            | ColumnData::Bit(None)
            | ColumnData::String(None)
            | ColumnData::Guid(None)
            | ColumnData::Binary(None)
            | ColumnData::Numeric(None)
            | ColumnData::Xml(None)
            | ColumnData::DateTime(None)
            | ColumnData::SmallDateTime(None)
            | ColumnData::Time(None)
            | ColumnData::Date(None)
            | ColumnData::DateTime2(None)
            | ColumnData::DateTimeOffset(None)
    )
}

/// A whole number, whatever its size.
pub(super) fn integer(data: &ColumnData<'static>) -> Option<i128> {
    match data {
        ColumnData::U8(Some(n)) => Some((*n).into()),
        ColumnData::I16(Some(n)) => Some((*n).into()),
        ColumnData::I32(Some(n)) => Some((*n).into()),
        ColumnData::I64(Some(n)) => Some((*n).into()),
        ColumnData::Numeric(Some(n)) if n.scale() == 0 => Some(n.value()),
        _ => None,
    }
}

/// A number without a fraction that only floats have: its digits, and how many of them are behind the point.
pub(super) fn exact(data: &ColumnData<'static>) -> Option<(i128, u8)> {
    match data {
        ColumnData::Numeric(Some(n)) => Some((n.value(), n.scale())),
        data => Some((integer(data)?, 0)),
    }
}

fn whole(data: &ColumnData<'static>) -> Result<i64, Flaw> {
    let number = integer(data).ok_or(wrong("is no whole number"))?;
    i64::try_from(number).map_err(|_| TOO_LARGE)
}

fn number(data: &ColumnData<'static>) -> Result<String, Flaw> {
    match data {
        ColumnData::Numeric(Some(number)) => Ok(decimal(*number)),
        // The shortest text that gives the same float again.
        ColumnData::F32(Some(number)) => Ok(number.to_string()),
        ColumnData::F64(Some(number)) => Ok(number.to_string()),
        _ => integer(data).map(|number| number.to_string()).ok_or(wrong("is no number")),
    }
}

/// All digits the type has. Written here: other ways go through a float or stop at 96 bits.
fn decimal(number: Numeric) -> String {
    let scale = usize::from(number.scale());
    let digits = format!("{:0>width$}", number.value().unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if number.value() < 0 { "-" } else { "" };
    let point = if scale > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{fraction}")
}

/// A moment without a zone, and whether it is UTC already.
pub(super) fn moment(data: &ColumnData<'static>) -> Option<(Moment, bool)> {
    let of = |moment: &tiberius::time::DateTime2| {
        Moment::new(moment.date().days(), moment.time().increments(), moment.time().scale())
    };
    match data {
        ColumnData::DateTime(Some(at)) => {
            Some((Moment::of_datetime(at.days(), at.seconds_fragments())?, false))
        }
        ColumnData::SmallDateTime(Some(at)) => {
            Some((Moment::of_smalldatetime(at.days(), at.seconds_fragments()), false))
        }
        ColumnData::DateTime2(Some(at)) => Some((of(at)?, false)),
        // It is sent as UTC; the offset is for the display.
        ColumnData::DateTimeOffset(Some(at)) => Some((of(&at.datetime2())?, true)),
        ColumnData::Date(Some(date)) => Some((Moment::new(date.days(), 0, 0)?, false)),
        _ => None,
    }
}

/// As PostgreSQL reads a `timestamptz`.
pub(super) fn stamp(data: &ColumnData<'static>, zone: Tz) -> Result<String, Flaw> {
    let stamp = match moment(data) {
        Some((moment, true)) => moment.of_utc(),
        Some((moment, false)) => moment.utc(zone),
        None => return Err(wrong("is no moment")),
    };
    stamp.ok_or(NO_MOMENT)
}

fn json(data: &ColumnData<'static>) -> Result<String, Flaw> {
    let text = text(data)?;
    // Checked here: one that PostgreSQL refuses would fail the whole batch.
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| wrong("is no valid JSON"))?;
    storable(&value)?;
    Ok(value.to_string())
}

/// What `jsonb` does not take, wherever it lies in a document.
fn storable(value: &serde_json::Value) -> Result<(), Flaw> {
    use serde_json::Value;
    match value {
        Value::String(text) if text.contains('\0') => Err(NUL),
        Value::Number(number) if !is_numeric(&number.to_string()) => Err(LONG_NUMBER),
        Value::Array(items) => items.iter().try_for_each(storable),
        Value::Object(members) if members.keys().any(|name| name.contains('\0')) => Err(NUL),
        Value::Object(members) => members.values().try_for_each(storable),
        _ => Ok(()),
    }
}

/// Far from the 131,072 digits that a numeric takes.
fn is_numeric(number: &str) -> bool {
    let exponent = number.split_once(['e', 'E']).map_or(Ok(0), |(_, exponent)| exponent.parse::<i64>());
    number.len() <= 1000 && exponent.is_ok_and(|exponent| exponent.unsigned_abs() <= 1000)
}

/// Any value as text, in the form in which SQL Server or PostgreSQL would write it.
pub(super) fn text(data: &ColumnData<'static>) -> Result<String, Flaw> {
    let text = match data {
        ColumnData::String(Some(text)) => text.to_string(),
        ColumnData::Xml(Some(xml)) => xml.to_string(),
        ColumnData::Guid(Some(guid)) => guid.hyphenated().to_string(),
        ColumnData::Binary(Some(bytes)) => hex(bytes),
        ColumnData::Bit(Some(flag)) => flag.to_string(),
        ColumnData::Date(Some(date)) => moment::day(date.days()).ok_or(NO_MOMENT)?,
        ColumnData::Time(Some(time)) => moment::time(time.increments(), time.scale()).ok_or(NO_MOMENT)?,
        _ => match moment(data) {
            Some((moment, utc)) => {
                let shown = moment.shown().ok_or(NO_MOMENT)?;
                if utc { format!("{shown}+00") } else { shown }
            }
            None => number(data)?,
        },
    };
    if text.contains('\0') { Err(NUL) } else { Ok(text) }
}

/// As PostgreSQL writes a `bytea`.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The value in a record that is kept as JSON: numbers and booleans as such, all else as text.
pub(super) fn record(data: &ColumnData<'static>) -> serde_json::Value {
    use serde_json::{Number, Value};
    if is_null(data) {
        return Value::Null;
    }
    if let ColumnData::Bit(Some(flag)) = data {
        return Value::Bool(*flag);
    }
    match number(data).ok().and_then(|number| number.parse::<Number>().ok()) {
        Some(number) => Value::Number(number),
        None => Value::String(raw_text(data)),
    }
}

/// The text of a value, readable also where it cannot be stored.
fn raw_text(data: &ColumnData<'static>) -> String {
    match (text(data), data) {
        (Ok(text), _) => text,
        (Err(_), ColumnData::String(Some(text))) => text.replace('\0', "\u{fffd}"),
        (Err(flaw), _) => flaw.why.to_string(),
    }
}
