//! What is asked for, and what rows are found by: columns as Transact-SQL expressions.

use super::column::{Column, Family};
use super::layout::DIGEST;
use super::object::{self, quote};
use crate::error::{Error, Kind, Result};
use crate::source::Scalar;

/// Sorts texts by the codes of their characters, as the local key does.
const BINARY: &str = "collate Latin1_General_BIN2";

/// Something that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its name in the record.
    pub(super) name: String,
    pub(super) expression: String,
}

/// A column that rows are found by.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) expression: String,
    pub(super) kind: String,
    pub(super) family: Family,
}

impl Item {
    pub(super) fn of(column: &Column) -> Self {
        Item::new(&column.name, column.family())
    }

    /// What cannot be sent exactly is asked for in another form.
    pub(super) fn new(name: &str, family: Family) -> Self {
        let c = format!("o.{}", quote(name));
        let expression = match family {
            _ if name == DIGEST => c,
            Family::Money => format!("cast({c} as decimal(19,4))"),
            Family::Variant => format!(
                "case when sql_variant_property({c}, 'BaseType') in ('money', 'smallmoney') \
                 then cast(cast({c} as decimal(19,4)) as sql_variant) else {c} end"
            ),
            Family::Other => format!("{c}.ToString()"),
            _ => c,
        };
        Item { name: name.to_string(), expression }
    }
}

impl Part {
    /// As rows are sorted by it: texts by their characters' codes, because that is an order
    /// that the local table has, too.
    pub(super) fn sorted(&self, expression: &str) -> String {
        match self.family {
            Family::Char if self.kind.starts_with('n') => format!("{expression} {BINARY}"),
            Family::Char => format!("cast({expression} as nvarchar(4000)) {BINARY}"),
            Family::Guid => format!("cast({expression} as char(36)) {BINARY}"),
            _ => expression.to_string(),
        }
    }

    /// A value as rows are sorted by it.
    pub(super) fn sorted_literal(&self, value: &Scalar) -> Result<String> {
        match (self.family, value) {
            // It is compared as nvarchar: a detour by the database's own code page would lose letters.
            (Family::Char, Scalar::Text(text)) => Ok(format!("{} {BINARY}", object::text(text))),
            _ => Ok(self.sorted(&self.literal(value)?)),
        }
    }

    /// A value as Transact-SQL writes it.
    pub(super) fn literal(&self, value: &Scalar) -> Result<String> {
        let value = match value {
            Scalar::Int(number) => number.to_string(),
            Scalar::Text(text) => text.clone(),
        };
        let cast = || format!("cast({} as {})", object::text(&value), self.kind);
        let literal = match self.family {
            Family::Integer | Family::Decimal | Family::Money => Some(value.clone()).filter(|v| is_number(v)),
            Family::Binary | Family::Rowversion => hex(&value),
            Family::DateTime | Family::SmallDateTime | Family::DateTime2 => {
                Some(format!("cast('{}' as {})", value.replace(' ', "T").replace('\'', ""), self.kind))
            }
            // Kept as UTC, with an offset as PostgreSQL writes it.
            Family::DateTimeOffset => value.strip_suffix("+00").map(|utc| {
                let utc = utc.replace(' ', "T").replace('\'', "");
                format!("cast('{utc}+00:00' as {})", self.kind)
            }),
            Family::Bit => match value.as_str() {
                "true" => Some("cast(1 as bit)".into()),
                "false" => Some("cast(0 as bit)".into()),
                _ => None,
            },
            // `cast` goes by the database's code page, which need not be the column's.
            Family::Char if !value.is_ascii() => Some(object::text(&value)),
            _ => Some(cast()),
        };
        literal.ok_or_else(|| Error::new(Kind::Internal, "a key is no value of its column"))
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// `\x00ff` as `0x00ff`.
fn hex(text: &str) -> Option<String> {
    let digits = text.strip_prefix("\\x")?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| format!("0x{digits}"))
}
