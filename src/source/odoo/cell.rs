//! One value of the remote as one value of a column.

use serde_json::Value;

use super::layout::is_written_plainly;
use super::mark;
use crate::entity::Type;
use crate::source::cell::{Cell, Flaw, wrong};

/// Doubles hold whole numbers exactly up to here (2^53).
const EXACT: i64 = 1 << 53;

/// Longest number and largest exponent that are passed on: PostgreSQL's numeric
/// takes 131,072 digits, and one row beyond that would fail its whole batch.
const LONGEST: usize = 1000;

/// Odoo writes `false` where there is no value, except for booleans; numbers are
/// never missing, they are 0.
pub(super) fn cell(kind: Type, remote_type: &str, value: &Value) -> Result<Cell, Flaw> {
    match (kind, value) {
        (Type::Boolean, Value::Bool(flag)) => Ok(Cell::Bool(*flag)),
        (_, Value::Null | Value::Bool(false)) => Ok(Cell::Null),
        (Type::Boolean, _) => Err(wrong("is no boolean")),
        (Type::Bigint, value) => integer(value).map(Cell::Int),
        (Type::Numeric, value) => numeric(value).map(Cell::Text),
        (Type::Text, value) => text(remote_type, value).map(Cell::Text),
        (Type::Date, value) => moment(value, mark::date, "").map(Cell::Text),
        (Type::Timestamptz, value) if remote_type == "date" => {
            moment(value, mark::date, " 00:00:00+00").map(Cell::Text)
        }
        (Type::Timestamptz, value) => moment(value, mark::datetime, "+00").map(Cell::Text),
        (Type::Jsonb, value) => Ok(Cell::Text(value.to_string())),
        (Type::BigintArray, value) => ids(value).map(Cell::Text),
        (Type::TextArray, value) => texts(value).map(Cell::Text),
    }
}

/// A whole number, or the id of a many2one (`[14, "Azure Interior"]` where names were not switched off).
pub(super) fn integer(value: &Value) -> Result<i64, Flaw> {
    match value {
        Value::Number(number) => whole(&number.to_string()).ok_or(wrong("is no whole number of 64 bits")),
        Value::Array(pair) => match pair.as_slice() {
            [id @ Value::Number(_), Value::String(_)] => integer(id),
            _ => Err(wrong("is no whole number")),
        },
        _ => Err(wrong("is no whole number")),
    }
}

/// A whole number from its text. Odoo sends what is beyond 32 bits as a double:
/// `3000000000.0`, `1e+16`.
fn whole(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<i64>().ok()?;
    let fraction = fraction.trim_end_matches('0');
    let zeros = usize::try_from(exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?).ok()?;
    if zeros > 18 {
        return None;
    }
    let number = format!("{integer}{fraction}{}", "0".repeat(zeros)).parse::<i64>().ok()?;
    (-EXACT..=EXACT).contains(&number).then_some(number)
}

fn numeric(value: &Value) -> Result<String, Flaw> {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            if is_storable(&text) {
                Ok(text)
            } else {
                Err(Flaw { rule: "range", why: "is too large or too long" })
            }
        }
        Value::String(word) if matches!(word.as_str(), "NaN" | "Infinity" | "-Infinity") => Ok(word.clone()),
        _ => Err(wrong("is no number")),
    }
}

/// Whether PostgreSQL's numeric takes this number.
pub(super) fn is_storable(number: &str) -> bool {
    let exponent = number.split_once(['e', 'E']).map_or(Ok(0), |(_, exponent)| exponent.parse::<i64>());
    number.len() <= LONGEST && exponent.is_ok_and(|exponent| exponent.unsigned_abs() <= LONGEST as u64)
}

/// Selections may have numbers for values; documents become their JSON text.
fn text(remote_type: &str, value: &Value) -> Result<String, Flaw> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) if remote_type == "selection" || is_written_plainly(remote_type) => {
            Ok(value.to_string())
        }
        Value::Array(_) | Value::Object(_) if matches!(remote_type, "json" | "properties") => {
            Ok(value.to_string())
        }
        _ => Err(wrong("is no text")),
    }
}

fn moment<T>(value: &Value, read: fn(&str) -> Option<T>, zone: &str) -> Result<String, Flaw> {
    let text = value.as_str().ok_or(wrong("is no date"))?;
    read(text).map(|_| format!("{text}{zone}")).ok_or(wrong("is no valid date"))
}

fn ids(value: &Value) -> Result<String, Flaw> {
    let items = value.as_array().ok_or(wrong("is no list"))?;
    let ids: Vec<String> =
        items.iter().map(|id| integer(id).map(|id| id.to_string())).collect::<Result<_, _>>()?;
    Ok(format!("{{{}}}", ids.join(",")))
}

fn texts(value: &Value) -> Result<String, Flaw> {
    let items = value.as_array().ok_or(wrong("is no list"))?;
    let quoted = |item: &Value| match item {
        Value::String(text) => Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        Value::Null => Ok("NULL".to_string()),
        _ => Err(wrong("is no list of texts")),
    };
    let texts: Vec<String> = items.iter().map(quoted).collect::<Result<_, _>>()?;
    Ok(format!("{{{}}}", texts.join(",")))
}
