//! Columns and values as they travel (MS-TDS 2.2.5 and 2.2.7).

use super::calendar::{DAY, TO_1900};
use super::codepage;
use super::kind::Kind;
use super::value::Value;

/// A text of at most 255 characters.
pub fn short_text(out: &mut Vec<u8>, text: &str) {
    out.push(text.encode_utf16().count() as u8);
    out.extend(utf16(text));
}

/// A text of at most 65,535 characters.
pub fn long_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.encode_utf16().count() as u16).to_le_bytes());
    out.extend(utf16(text));
}

/// UTF-16 as it travels.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The token that tells the columns.
pub fn columns(out: &mut Vec<u8>, columns: &[(String, Kind)]) {
    out.push(0x81);
    out.extend_from_slice(&(columns.len() as u16).to_le_bytes());
    for (name, kind) in columns {
        // User type; nullable and updatable.
        out.extend_from_slice(&[0, 0, 0, 0, 0x09, 0]);
        type_info(out, kind);
        short_text(out, name);
    }
}

fn type_info(out: &mut Vec<u8>, kind: &Kind) {
    let sized = |out: &mut Vec<u8>, code: u8, bytes: Option<u16>| {
        out.push(code);
        out.extend_from_slice(&bytes.unwrap_or(0xffff).to_le_bytes());
    };
    match kind {
        Kind::Bit => out.extend_from_slice(&[0x68, 1]),
        Kind::Int(bytes) => out.extend_from_slice(&[0x26, *bytes]),
        Kind::Real => out.extend_from_slice(&[0x6D, 4]),
        Kind::Float => out.extend_from_slice(&[0x6D, 8]),
        Kind::Decimal(precision, scale) => {
            out.extend_from_slice(&[0x6A, decimal_length(*precision), *precision, *scale]);
        }
        Kind::Money(bytes) => out.extend_from_slice(&[0x6E, *bytes]),
        Kind::DateTime => out.extend_from_slice(&[0x6F, 8]),
        Kind::SmallDateTime => out.extend_from_slice(&[0x6F, 4]),
        Kind::Date => out.push(0x28),
        Kind::Time(scale) => out.extend_from_slice(&[0x29, *scale]),
        Kind::DateTime2(scale) => out.extend_from_slice(&[0x2A, *scale]),
        Kind::Offset(scale) => out.extend_from_slice(&[0x2B, *scale]),
        Kind::Guid => out.extend_from_slice(&[0x24, 16]),
        Kind::Char { national, fixed, length, collation: name } => {
            let code = match (national, fixed) {
                (true, true) => 0xEF,
                (true, false) => 0xE7,
                (false, true) => 0xAF,
                (false, false) => 0xA7,
            };
            sized(out, code, length.map(|length| if *national { length * 2 } else { length }));
            out.extend_from_slice(&codepage::of(name).0);
        }
        Kind::Binary { fixed, length } => sized(out, if *fixed { 0xAD } else { 0xA5 }, *length),
        Kind::RowVersion => sized(out, 0xAD, Some(8)),
        Kind::LongText { national } => {
            out.push(if *national { 0x63 } else { 0x23 });
            out.extend_from_slice(&0x7fff_ffffu32.to_le_bytes());
            out.extend_from_slice(&codepage::of("").0);
            table_name(out);
        }
        Kind::Image => {
            out.push(0x22);
            out.extend_from_slice(&0x7fff_ffffu32.to_le_bytes());
            table_name(out);
        }
        Kind::Xml => out.extend_from_slice(&[0xF1, 0]),
        Kind::Variant => {
            out.push(0x62);
            out.extend_from_slice(&8009u32.to_le_bytes());
        }
    }
}

/// Large objects name their table.
fn table_name(out: &mut Vec<u8>) {
    out.push(1);
    long_text(out, "t");
}

fn decimal_length(precision: u8) -> u8 {
    match precision {
        ..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

fn time_length(scale: u8) -> usize {
    match scale {
        ..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

/// One value of a row. What is longer than `textsize` is cut, as the real one does.
pub fn value(out: &mut Vec<u8>, kind: &Kind, value: &Value, textsize: usize) {
    if *value == Value::Null {
        return null(out, kind);
    }
    match (kind, value) {
        (Kind::Bit, Value::Bit(flag)) => out.extend_from_slice(&[1, u8::from(*flag)]),
        (Kind::Bit, Value::Int(number)) => out.extend_from_slice(&[1, u8::from(*number != 0)]),
        (Kind::Int(bytes), value) => {
            let number = if let Value::Int(number) = value { *number } else { 0 };
            out.push(*bytes);
            out.extend_from_slice(&number.to_le_bytes()[..usize::from(*bytes)]);
        }
        (Kind::Real, Value::Float(number)) => {
            out.push(4);
            out.extend_from_slice(&(*number as f32).to_le_bytes());
        }
        (Kind::Float, Value::Float(number)) => {
            out.push(8);
            out.extend_from_slice(&number.to_le_bytes());
        }
        (Kind::Decimal(precision, _), Value::Decimal(number, _)) => {
            decimal(out, decimal_length(*precision), *number)
        }
        (Kind::Money(4), Value::Decimal(number, _)) => {
            out.push(4);
            out.extend_from_slice(&(*number as i32).to_le_bytes());
        }
        (Kind::Money(_), Value::Decimal(number, _)) => {
            out.push(8);
            out.extend_from_slice(&money(*number as i64));
        }
        (Kind::DateTime, Value::Moment(at)) => {
            out.push(8);
            out.extend_from_slice(&((at.div_euclid(DAY) - TO_1900) as i32).to_le_bytes());
            out.extend_from_slice(&(((at.rem_euclid(DAY) * 3 + 50_000) / 100_000) as u32).to_le_bytes());
        }
        (Kind::SmallDateTime, Value::Moment(at)) => {
            out.push(4);
            out.extend_from_slice(&((at.div_euclid(DAY) - TO_1900) as u16).to_le_bytes());
            out.extend_from_slice(&((at.rem_euclid(DAY) / 600_000_000) as u16).to_le_bytes());
        }
        (Kind::Date, Value::Date(days)) => {
            out.push(3);
            out.extend_from_slice(&days.to_le_bytes()[..3]);
        }
        (Kind::Time(scale), Value::Time(at)) => {
            out.push(time_length(*scale) as u8);
            time(out, *at, *scale);
        }
        (Kind::DateTime2(scale), Value::Moment(at)) => {
            out.push(time_length(*scale) as u8 + 3);
            moment(out, *at, *scale);
        }
        (Kind::Offset(scale), Value::Offset(at, minutes)) => {
            out.push(time_length(*scale) as u8 + 5);
            moment(out, *at, *scale);
            out.extend_from_slice(&minutes.to_le_bytes());
        }
        (Kind::Guid, Value::Guid(guid)) => {
            let mut bytes = guid.to_be_bytes();
            bytes[..4].reverse();
            bytes[4..6].reverse();
            bytes[6..8].reverse();
            out.push(16);
            out.extend_from_slice(&bytes);
        }
        (Kind::Char { national, length, collation: name, .. }, value) => {
            let text = value.text();
            let bytes =
                if *national { utf16(&text) } else { codepage::of(name).1.encode(&text).0.into_owned() };
            sized(out, bytes, length.is_none(), textsize);
        }
        (Kind::Binary { length, .. }, Value::Bytes(bytes)) => {
            sized(out, bytes.clone(), length.is_none(), textsize)
        }
        (Kind::RowVersion, Value::Bytes(bytes)) => sized(out, bytes.clone(), false, textsize),
        (Kind::LongText { national }, value) => {
            let text = value.text();
            large(
                out,
                if *national { utf16(&text) } else { codepage::of("").1.encode(&text).0.into_owned() },
                textsize,
            );
        }
        (Kind::Image, Value::Bytes(bytes)) => large(out, bytes.clone(), textsize),
        (Kind::Xml, value) => sized(out, utf16(&value.text()), true, textsize),
        (Kind::Variant, value) => variant(out, value),
        // A value of another type than the column's is a fault of the double.
        (kind, value) => panic!("{value:?} is no {}", kind.name()),
    }
}

fn null(out: &mut Vec<u8>, kind: &Kind) {
    match kind {
        Kind::Char { length: None, .. } | Kind::Binary { length: None, .. } | Kind::Xml => {
            out.extend_from_slice(&[0xff; 8]);
        }
        Kind::Char { .. } | Kind::Binary { .. } | Kind::RowVersion => out.extend_from_slice(&[0xff; 2]),
        Kind::Variant => out.extend_from_slice(&[0; 4]),
        _ => out.push(0),
    }
}

fn decimal(out: &mut Vec<u8>, length: u8, number: i128) {
    out.extend_from_slice(&[length, u8::from(number >= 0)]);
    out.extend_from_slice(&number.unsigned_abs().to_le_bytes()[..usize::from(length) - 1]);
}

/// The upper half comes first.
fn money(number: i64) -> [u8; 8] {
    let bytes = number.to_le_bytes();
    let [a, b, c, d, e, f, g, h] = bytes;
    [e, f, g, h, a, b, c, d]
}

fn time(out: &mut Vec<u8>, at: i64, scale: u8) {
    let units = at / 10i64.pow(u32::from(7 - scale));
    out.extend_from_slice(&units.to_le_bytes()[..time_length(scale)]);
}

fn moment(out: &mut Vec<u8>, at: i64, scale: u8) {
    time(out, at.rem_euclid(DAY), scale);
    out.extend_from_slice(&at.div_euclid(DAY).to_le_bytes()[..3]);
}

/// With its length in two bytes; or, of `max` columns, in pieces.
fn sized(out: &mut Vec<u8>, mut bytes: Vec<u8>, max: bool, textsize: usize) {
    if !max {
        out.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
        out.extend_from_slice(&bytes);
        return;
    }
    bytes.truncate(textsize);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    for piece in bytes.chunks(3000) {
        out.extend_from_slice(&(piece.len() as u32).to_le_bytes());
        out.extend_from_slice(piece);
    }
    out.extend_from_slice(&[0; 4]);
}

/// `text`, `ntext`, `image`: behind a pointer and a time stamp that say nothing.
fn large(out: &mut Vec<u8>, mut bytes: Vec<u8>, textsize: usize) {
    bytes.truncate(textsize);
    out.push(16);
    out.extend_from_slice(&[0x64; 16]);
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(&bytes);
}

fn variant(out: &mut Vec<u8>, value: &Value) {
    let mut inner = Vec::new();
    match value {
        Value::Int(number) => {
            inner.extend_from_slice(&[0x7F, 0]);
            inner.extend_from_slice(&number.to_le_bytes());
        }
        Value::Decimal(number, scale) => {
            inner.extend_from_slice(&[0x6C, 2, 38, *scale, u8::from(*number >= 0)]);
            inner.extend_from_slice(&number.unsigned_abs().to_le_bytes());
        }
        other => {
            inner.extend_from_slice(&[0xE7, 7]);
            inner.extend_from_slice(&codepage::of("").0);
            inner.extend_from_slice(&8000u16.to_le_bytes());
            inner.extend(utf16(&other.text()));
        }
    }
    out.extend_from_slice(&(inner.len() as u32).to_le_bytes());
    out.extend_from_slice(&inner);
}
