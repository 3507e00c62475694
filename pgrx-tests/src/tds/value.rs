//! Values: how they are compared, shown and made into values of another type.

use std::cmp::Ordering;
use std::fmt::Write;

use super::calendar::{self, DAY, SECOND, TO_1900};
use super::codepage;
use super::error::{Result, SqlError, no_conversion};
use super::kind::Kind;

/// A value of a column or an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// `bit`.
    Bit(bool),
    /// A whole number of any size up to `bigint`.
    Int(i64),
    /// Digits and how many of them are behind the point.
    Decimal(i128, u8),
    /// `real` and `float`.
    Float(f64),
    /// Text of any kind.
    Text(String),
    /// Bytes of any kind.
    Bytes(Vec<u8>),
    /// In units of 100 ns since 0001-01-01.
    Moment(i64),
    /// The same in UTC, and the offset in minutes.
    Offset(i64, i16),
    /// Days since 0001-01-01.
    Date(i64),
    /// In units of 100 ns since midnight.
    Time(i64),
    /// In the order in which it is written.
    Guid(u128),
}

impl Value {
    /// The text, as `cast` gives it.
    pub fn text(&self) -> String {
        match self {
            Value::Null => String::new(),
            Value::Bit(flag) => u8::from(*flag).to_string(),
            Value::Int(number) => number.to_string(),
            Value::Decimal(number, scale) => point(*number, *scale),
            Value::Float(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Bytes(bytes) => bytes.iter().fold(String::from("0x"), |mut text, byte| {
                let _ = write!(text, "{byte:02X}");
                text
            }),
            Value::Moment(at) => calendar::show(*at, 7),
            Value::Offset(at, minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
                let local = calendar::show(at + i64::from(*minutes) * 60 * SECOND, 7);
                format!("{local} {sign}{hours:02}:{rest:02}")
            }
            Value::Date(days) => calendar::show_day(*days),
            Value::Time(at) => calendar::show_time(*at, 7),
            Value::Guid(guid) => {
                let hex = format!("{guid:032X}");
                format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
            }
        }
    }

    fn decimal(&self) -> Option<(i128, u8)> {
        match self {
            Value::Bit(flag) => Some((i128::from(*flag), 0)),
            Value::Int(number) => Some((i128::from(*number), 0)),
            Value::Decimal(number, scale) => Some((*number, *scale)),
            Value::Text(text) => number(text.trim()),
            _ => None,
        }
    }

    /// As a value of a column of this type.
    pub fn to(self, kind: &Kind) -> Result<Value> {
        if self == Value::Null {
            return Ok(Value::Null);
        }
        let failed = || no_conversion(&kind.name());
        match kind {
            Kind::Bit => self.decimal().map(|(n, _)| Value::Bit(n != 0)).ok_or_else(failed),
            Kind::Int(bytes) => self.whole(*bytes),
            Kind::Decimal(precision, scale) => self.scaled(*precision, *scale).ok_or_else(failed),
            Kind::Money(4) => self.scaled(10, 4).ok_or_else(failed),
            Kind::Money(_) => self.scaled(19, 4).ok_or_else(failed),
            Kind::Real | Kind::Float => match &self {
                Value::Float(number) => Ok(Value::Float(*number)),
                other => other.text().parse().map(Value::Float).map_err(|_| failed()),
            },
            Kind::Char { national: true, fixed, length, .. } => cut(self.text(), *fixed, *length),
            Kind::Char { fixed, length, collation, .. } => {
                cut(codepage::fitted(&self.text(), collation), *fixed, *length)
            }
            Kind::LongText { .. } | Kind::Xml => Ok(Value::Text(self.text())),
            Kind::Variant => Ok(self),
            Kind::Binary { .. } | Kind::Image | Kind::RowVersion => match self {
                Value::Bytes(bytes) => Ok(Value::Bytes(padded(bytes, kind))),
                Value::Int(number) => Ok(Value::Bytes(padded(number.to_be_bytes()[4..].to_vec(), kind))),
                Value::Float(number) => Ok(Value::Bytes(padded(number.to_be_bytes().to_vec(), kind))),
                _ => Err(failed()),
            },
            Kind::Guid => match &self {
                Value::Guid(_) => Ok(self),
                other => guid(&other.text()).map(Value::Guid).ok_or_else(failed),
            },
            Kind::Date
            | Kind::Time(_)
            | Kind::DateTime
            | Kind::SmallDateTime
            | Kind::DateTime2(_)
            | Kind::Offset(_) => self.when(kind),
        }
    }

    fn whole(&self, bytes: u8) -> Result<Value> {
        let overflow =
            || SqlError::new(8115, 16, "Arithmetic overflow error converting expression to data type int.");
        let conversion = || {
            SqlError::new(
                245,
                16,
                format!("Conversion failed when converting the value '{}' to data type int.", self.text()),
            )
        };
        let (number, scale) = self.decimal().ok_or_else(conversion)?;
        let number = i64::try_from(number / 10i128.pow(scale.into())).map_err(|_| overflow())?;
        let fits = match bytes {
            1 => (0..=255).contains(&number),
            2 => i16::try_from(number).is_ok(),
            4 => i32::try_from(number).is_ok(),
            _ => true,
        };
        if fits { Ok(Value::Int(number)) } else { Err(overflow()) }
    }

    fn scaled(&self, precision: u8, scale: u8) -> Option<Value> {
        let (number, has) = match self {
            Value::Float(float) => number(&format!("{float:.*}", usize::from(scale)))?,
            other => other.decimal()?,
        };
        let number = match scale.checked_sub(has) {
            Some(more) => number.checked_mul(10i128.checked_pow(more.into())?)?,
            None => {
                let unit = 10i128.pow(u32::from(has - scale));
                (number + number.signum() * unit / 2) / unit
            }
        };
        (number.unsigned_abs() < 10u128.pow(precision.into())).then_some(Value::Decimal(number, scale))
    }

    /// A `datetime` takes no more than three digits, and a blank between day and time means something
    /// else in some languages: as a French login sees it, `2026-11-21 10:00` has no month 21.
    fn when(&self, kind: &Kind) -> Result<Value> {
        let text = self.text();
        let failed = || {
            SqlError::new(
                241,
                16,
                "Conversion failed when converting date and/or time from character string.",
            )
        };
        if let (Kind::DateTime | Kind::SmallDateTime, Value::Text(text)) = (kind, self)
            && text.len() > 10
            && (!text.contains('T') || text.len() > 23)
        {
            return Err(failed());
        }
        let units = match self {
            Value::Moment(at) => *at,
            Value::Offset(at, _) => *at,
            Value::Date(days) => days * DAY,
            Value::Time(at) => TO_1900 * DAY + at,
            _ if matches!(kind, Kind::Time(_)) => calendar::time(&text).ok_or_else(failed)?,
            _ if matches!(kind, Kind::Offset(_)) => {
                return calendar::moment_with_offset(&text)
                    .map(|(at, minutes)| Value::Offset(at, minutes))
                    .ok_or_else(failed);
            }
            _ => calendar::moment(&text).ok_or_else(failed)?,
        };
        let earliest = |first: &str| units >= calendar::moment(first).unwrap_or_default();
        let range = || {
            SqlError::new(
                242,
                16,
                "The conversion of a varchar data type to a datetime data type resulted in an \
                 out-of-range value.",
            )
        };
        match kind {
            Kind::Date => Ok(Value::Date(units.div_euclid(DAY))),
            Kind::Time(scale) => Ok(Value::Time(cut_digits(units.rem_euclid(DAY), *scale))),
            Kind::DateTime if !earliest("1753-01-01") => Err(range()),
            Kind::DateTime => Ok(Value::Moment(thirds(units))),
            Kind::SmallDateTime if !earliest("1900-01-01") => Err(range()),
            Kind::SmallDateTime => Ok(Value::Moment((units + 30 * SECOND) / (60 * SECOND) * (60 * SECOND))),
            Kind::Offset(scale) => Ok(Value::Offset(cut_digits(units, *scale), 0)),
            Kind::DateTime2(scale) => Ok(Value::Moment(cut_digits(units, *scale))),
            _ => Err(failed()),
        }
    }

    /// The order, where there is one; `binary` as a binary collation has it.
    pub fn compare(&self, other: &Value, binary: bool) -> Option<Ordering> {
        match (self, other) {
            (Value::Null, _) | (_, Value::Null) => None,
            (Value::Text(a), Value::Text(b)) => Some(compare_texts(a, b, binary)),
            (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
            (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
            (Value::Guid(a), Value::Guid(b)) => Some(guid_order(*a).cmp(&guid_order(*b))),
            _ => match (self.instant(), other.instant()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => {
                    let ((a, s), (b, t)) = (self.decimal()?, other.decimal()?);
                    let scale = s.max(t);
                    let at = |n: i128, has: u8| n.checked_mul(10i128.checked_pow((scale - has).into())?);
                    Some(at(a, s)?.cmp(&at(b, t)?))
                }
            },
        }
    }

    fn instant(&self) -> Option<i64> {
        match self {
            Value::Moment(at) | Value::Offset(at, _) => Some(*at),
            Value::Date(days) => Some(days * DAY),
            Value::Time(at) => Some(*at),
            _ => None,
        }
    }
}

/// Blanks at the end count in no collation; upper and lower case do not in the default one.
fn compare_texts(a: &str, b: &str, binary: bool) -> Ordering {
    let (a, b) = (a.trim_end_matches(' '), b.trim_end_matches(' '));
    match binary {
        true => a.encode_utf16().cmp(b.encode_utf16()),
        false => a.to_lowercase().cmp(&b.to_lowercase()),
    }
}

/// SQL Server compares the last six bytes first.
fn guid_order(guid: u128) -> [u8; 16] {
    let b = guid.to_be_bytes();
    [b[10], b[11], b[12], b[13], b[14], b[15], b[8], b[9], b[7], b[6], b[5], b[4], b[3], b[2], b[1], b[0]]
}

fn number(text: &str) -> Option<(i128, u8)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = !(whole.is_empty() && fraction.is_empty())
        && whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    let number: i128 = format!("0{whole}{fraction}").parse().ok().filter(|_| is_number)?;
    Some((sign * number, u8::try_from(fraction.len()).ok()?))
}

/// A number with its point.
pub fn point(number: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{}{whole}{}{fraction}", if number < 0 { "-" } else { "" }, if scale > 0 { "." } else { "" })
}

fn guid(text: &str) -> Option<u128> {
    let hex: String = text.trim_matches(['{', '}']).chars().filter(|c| *c != '-').collect();
    u128::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == 32)
}

fn cut(text: String, fixed: bool, length: Option<u16>) -> Result<Value> {
    let Some(length) = length.map(usize::from) else { return Ok(Value::Text(text)) };
    let has = text.encode_utf16().count();
    match fixed {
        true if has < length => Ok(Value::Text(text + &" ".repeat(length - has))),
        _ if has > length => Ok(Value::Text(text.chars().take(length).collect())),
        _ => Ok(Value::Text(text)),
    }
}

fn padded(mut bytes: Vec<u8>, kind: &Kind) -> Vec<u8> {
    let length = match kind {
        Kind::Binary { length: Some(length), .. } => usize::from(*length),
        Kind::RowVersion => 8,
        _ => return bytes,
    };
    bytes.truncate(length);
    if !matches!(kind, Kind::Binary { fixed: false, .. }) {
        bytes.resize(length, 0);
    }
    bytes
}

fn cut_digits(units: i64, scale: u8) -> i64 {
    let unit = 10i64.pow(u32::from(7 - scale.min(7)));
    (units + unit / 2) / unit * unit
}

/// To the nearest 1/300 s.
fn thirds(units: i64) -> i64 {
    let third = (units.rem_euclid(DAY) * 3 + 50_000) / 100_000;
    units.div_euclid(DAY) * DAY + third * 100_000 / 3
}
