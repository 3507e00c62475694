//! One value of the remote, as JSON text, as one value of a column.

use super::decimal;
use super::layout::is_written_plainly;
use super::mark;
use super::parts::Shape;
use super::raw::{self, Broken, Seen};
use crate::entity::Type;
use crate::source::cell::{Cell, Flaw, wrong};

/// Doubles hold whole numbers exactly up to here (2^53).
const EXACT: i64 = 1 << 53;

/// Longest number and largest exponent that are passed on: PostgreSQL's numeric
/// takes 131,072 digits, and one row beyond that would fail its whole batch.
const LONGEST: usize = 1000;

/// Documents up to this length are written in one way however they came, as a tree of their values. That
/// of a longer one would take too much memory: it keeps the order of its members and its escapes, which
/// mean the same.
const LONGEST_TREE: usize = 64 * 1024;

/// Odoo writes `false` where there is no value, except for booleans; numbers are
/// never missing, they are 0. The text went through [`flaw`] before.
pub(super) fn read(kind: Type, remote_type: &str, json: &str) -> Result<Cell, Flaw> {
    match (kind, json) {
        (Type::Boolean, "true" | "false") => Ok(Cell::Bool(json == "true")),
        (_, "null" | "false") => Ok(Cell::Null),
        (Type::Boolean, _) => Err(wrong("is no boolean")),
        (Type::Bigint, _) => integer(json).map(Cell::Int),
        (Type::Numeric, _) => numeric(remote_type, json).map(Cell::Text),
        (Type::Text, _) => text(remote_type, json).map(Cell::Text),
        (Type::Date, _) => moment(json, mark::date_text, "").map(Cell::Text),
        (Type::Timestamptz, _) if remote_type == "date" => {
            moment(json, mark::date_text, " 00:00:00+00").map(Cell::Text)
        }
        (Type::Timestamptz, _) => moment(json, mark::datetime_text, "+00").map(Cell::Text),
        (Type::Jsonb, _) => Ok(Cell::Text(document(json))),
        (Type::BigintArray, _) => ids(json).map(Cell::Text),
        (Type::TextArray, _) => texts(json).map(Cell::Text),
    }
}

/// What a value holds, wherever it lies in a document, that no type of PostgreSQL takes. Fails where the
/// text is no JSON, or is nested too deep.
pub(super) fn flaw(json: &str) -> Result<Option<Flaw>, Broken> {
    let mut found = Found(None);
    match json.as_bytes() {
        [b'"', ..] if !json.contains("\\u") => {}
        [b'[' | b'{' | b'"', ..] => raw::walk(json, &mut found)?,
        _ if is_number(json) => found.number(json),
        _ => {}
    }
    Ok(found.0)
}

/// The character that PostgreSQL cannot store.
pub(super) const NUL: Flaw =
    Flaw { rule: "nul", why: "holds the character U+0000, which PostgreSQL cannot store" };

struct Found(Option<Flaw>);

impl Seen for Found {
    fn text(&mut self, text: &str) {
        if text.contains('\0') {
            self.0.get_or_insert(NUL);
        }
    }

    fn number(&mut self, number: &str) {
        if !is_storable(number) {
            self.0.get_or_insert(Flaw { rule: "range", why: "holds a number that is too large or too long" });
        }
    }
}

/// A document's JSON text.
pub(super) fn document(json: &str) -> String {
    if json.len() > LONGEST_TREE {
        return raw::compact(json);
    }
    match serde_json::from_str::<serde_json::Value>(json) {
        Ok(value) => value.to_string(),
        Err(_) => raw::compact(json),
    }
}

fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// A whole number, or the id of a many2one (`[14, "Azure Interior"]` where names were not switched off).
pub(super) fn integer(json: &str) -> Result<i64, Flaw> {
    if is_number(json) {
        return whole(json).ok_or(wrong("is no whole number of 64 bits"));
    }
    match first_two(json) {
        Some((id, name)) if is_number(id) && name.starts_with('"') => integer(id),
        _ => Err(wrong("is no whole number")),
    }
}

/// The items of a list of two.
fn first_two(json: &str) -> Option<(&str, &str)> {
    if Shape::of(json) != Shape::List {
        return None;
    }
    let (mut first, mut second, mut count) = (None, None, 0usize);
    let read = raw::items(json, |item| {
        count += 1;
        match count {
            1 => first = Some(item),
            2 => second = Some(item),
            _ => {}
        }
    });
    if read.is_ok() && count == 2 { first.zip(second) } else { None }
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

fn numeric(remote_type: &str, json: &str) -> Result<String, Flaw> {
    match json {
        "\"NaN\"" | "\"Infinity\"" | "\"-Infinity\"" => Ok(json.trim_matches('"').to_string()),
        _ if !is_number(json) => Err(wrong("is no number")),
        _ if is_storable(json) => Ok(decimal::written(json, remote_type == "float")),
        _ => Err(Flaw { rule: "range", why: "is too large or too long" }),
    }
}

/// Whether PostgreSQL's numeric takes this number.
pub(super) fn is_storable(number: &str) -> bool {
    let exponent = number.split_once(['e', 'E']).map_or(Ok(0), |(_, exponent)| exponent.parse::<i64>());
    number.len() <= LONGEST && exponent.is_ok_and(|exponent| exponent.unsigned_abs() <= LONGEST as u64)
}

/// Selections may have numbers for values; documents become their JSON text.
fn text(remote_type: &str, json: &str) -> Result<String, Flaw> {
    if let Some(text) = raw::string(json) {
        return Ok(text);
    }
    let is_plain = remote_type == "selection" || is_written_plainly(remote_type);
    let is_document = matches!(remote_type, "json" | "properties");
    match Shape::of(json) {
        Shape::Other if is_number(json) && is_plain => Ok(json.to_string()),
        Shape::List | Shape::Structure if is_document => Ok(document(json)),
        _ => Err(wrong("is no text")),
    }
}

fn moment(json: &str, read: fn(&str) -> Option<String>, zone: &str) -> Result<String, Flaw> {
    let text = raw::string(json).ok_or(wrong("is no date"))?;
    read(&text).map(|text| text + zone).ok_or(wrong("is no valid date"))
}

fn ids(json: &str) -> Result<String, Flaw> {
    array(json, |item, out| {
        out.push_str(&integer(item)?.to_string());
        Ok(())
    })
}

fn texts(json: &str) -> Result<String, Flaw> {
    array(json, |item, out| {
        match (item, raw::string(item)) {
            ("null", _) => out.push_str("NULL"),
            (_, Some(text)) => {
                out.push('"');
                out.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
                out.push('"');
            }
            _ => return Err(wrong("is no list of texts")),
        }
        Ok(())
    })
}

/// A list as the text of a PostgreSQL array. `write` puts one item to it.
fn array(json: &str, write: impl Fn(&str, &mut String) -> Result<(), Flaw>) -> Result<String, Flaw> {
    if Shape::of(json) != Shape::List {
        return Err(wrong("is no list"));
    }
    let (mut out, mut flaw) = (String::from("{"), None);
    let read = raw::items(json, |item| {
        if out.len() > 1 {
            out.push(',');
        }
        if flaw.is_none() {
            flaw = write(item, &mut out).err();
        }
    });
    match (read, flaw) {
        (_, Some(flaw)) => Err(flaw),
        (Err(_), None) => Err(wrong("is no list")),
        (Ok(()), None) => Ok(out + "}"),
    }
}
