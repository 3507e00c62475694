//! The rules of a manifest's columns: `required`, `min`, `max`. A row that breaks one is
//! rejected, whichever source it comes from.

use std::cmp::Ordering;

use serde_json::Value;

use super::cell::Cell;
use crate::entity::Column;

/// Fails with the rule that a row breaks and, for a person, why. `row` holds the columns that are read.
pub(crate) fn keep(row: &[(&Column, &Cell)]) -> Result<(), (&'static str, String)> {
    for (column, value) in row {
        if **value == Cell::Null {
            lacking(column, row)?;
            continue;
        }
        bounded(column, value)?;
    }
    Ok(())
}

fn lacking(column: &Column, row: &[(&Column, &Cell)]) -> Result<(), (&'static str, String)> {
    let excuses = |(other, value): &(&Column, &Cell)| {
        column.unless.contains(&other.name) && !matches!(value, Cell::Null | Cell::Bool(false))
    };
    match column.required && !row.iter().any(excuses) {
        true => Err(("required", format!("the column \"{}\" has no value", column.name))),
        false => Ok(()),
    }
}

fn bounded(column: &Column, value: &Cell) -> Result<(), (&'static str, String)> {
    let beyond = |bound: &Option<Value>, wrong: Ordering, word: &str| match bound {
        Some(bound) if compared(value, bound) == Some(wrong) => {
            let bound = bound.as_str().map_or_else(|| bound.to_string(), str::to_string);
            Err(("range", format!("the column \"{}\" is {word} {bound}", column.name)))
        }
        _ => Ok(()),
    };
    beyond(&column.min, Ordering::Less, "less than")?;
    beyond(&column.max, Ordering::Greater, "more than")
}

/// How a value stands to a bound; `None` where they cannot be compared.
fn compared(value: &Cell, bound: &Value) -> Option<Ordering> {
    match (value, bound) {
        (Cell::Int(number), Value::Number(bound)) => decimals(&number.to_string(), &bound.to_string()),
        (Cell::Text(text), Value::Number(bound)) => decimals(text, &bound.to_string()),
        // Years have four digits, so that text order is order in time; of a moment its day counts.
        (Cell::Text(text), Value::String(bound)) => Some(text.get(..bound.len())?.cmp(bound)),
        _ => None,
    }
}

/// Compares two decimal numbers by their digits, never through a double. NaN is beside all order.
fn decimals(a: &str, b: &str) -> Option<Ordering> {
    match (a, b) {
        ("NaN", _) => None,
        ("Infinity", _) => Some(Ordering::Greater),
        ("-Infinity", _) => Some(Ordering::Less),
        _ => {
            let (a, b) = (Decimal::read(a)?, Decimal::read(b)?);
            Some(match (a.negative, b.negative) {
                (false, true) => Ordering::Greater,
                (true, false) => Ordering::Less,
                (false, false) => a.size().cmp(&b.size()),
                (true, true) => b.size().cmp(&a.size()),
            })
        }
    }
}

/// `0.DIGITS * 10^magnitude`: the first digit is no zero, nor is the last.
struct Decimal {
    negative: bool,
    magnitude: i64,
    digits: String,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (signed, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().ok()?;
        let negative = signed.starts_with('-');
        let unsigned = signed.trim_start_matches(['-', '+']);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let digits = all.trim_start_matches('0');
        let zeros = (all.len() - digits.len()) as i64;
        let magnitude = (whole.len() as i64 - zeros).checked_add(exponent)?;
        let digits = digits.trim_end_matches('0').to_string();
        let is_zero = digits.is_empty();
        Some(Decimal {
            negative: negative && !is_zero,
            magnitude: if is_zero { i64::MIN } else { magnitude },
            digits,
        })
    }

    /// What orders numbers of one sign.
    fn size(&self) -> (i64, &str) {
        (self.magnitude, &self.digits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn column(rules: Value) -> Column {
        let mut column = json!({"name": "x", "type": "numeric", "about": "x"});
        column.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        serde_json::from_value(column).unwrap()
    }

    fn broken(rules: Value, value: Cell) -> Option<String> {
        keep(&[(&column(rules), &value)]).err().map(|(rule, why)| format!("{rule}: {why}"))
    }

    #[test]
    fn a_bound_is_inclusive_and_exact_beyond_what_a_double_holds() {
        let min = || json!({"min": 0});
        assert_eq!(broken(min(), Cell::Text("0.0".into())), None);
        assert_eq!(broken(min(), Cell::Text("-0".into())), None);
        assert_eq!(broken(min(), Cell::Int(-1)).as_deref(), Some("range: the column \"x\" is less than 0"));
        assert!(broken(min(), Cell::Text("-1e-300".into())).is_some());
        let large: Value = serde_json::from_str(r#"{"max": 9007199254740993}"#).unwrap();
        assert_eq!(broken(large.clone(), Cell::Text("9007199254740993".into())), None);
        assert!(broken(large, Cell::Text("9007199254740993.01".into())).is_some());
    }

    #[test]
    fn days_and_moments_are_compared_by_day() {
        let range = || json!({"min": "1990-01-01", "max": "2100-12-31"});
        assert_eq!(broken(range(), Cell::Text("1990-01-01".into())), None);
        assert_eq!(broken(range(), Cell::Text("2100-12-31 23:59:59+00".into())), None);
        assert!(broken(range(), Cell::Text("0202-11-20 08:00:00+00".into())).is_some());
        assert!(broken(range(), Cell::Text("2101-01-01".into())).is_some());
    }

    #[test]
    fn what_has_no_order_is_not_out_of_range() {
        assert_eq!(broken(json!({"min": 0}), Cell::Text("NaN".into())), None);
        assert!(broken(json!({"max": 0}), Cell::Text("Infinity".into())).is_some());
        assert_eq!(broken(json!({"min": 0}), Cell::Null), None);
    }

    #[test]
    fn a_required_value_may_be_excused_by_another_column() {
        let wanted = column(json!({"required": true, "unless": ["note", "flag"]}));
        let (mut note, mut flag) = (column(json!({})), column(json!({})));
        (note.name, flag.name) = ("note".into(), "flag".into());
        let says = |n, f| keep(&[(&wanted, &Cell::Null), (&note, &n), (&flag, &f)]).is_ok();
        assert!(!says(Cell::Null, Cell::Bool(false)));
        assert!(says(Cell::Text("line_note".into()), Cell::Null));
        assert!(says(Cell::Null, Cell::Bool(true)));
    }

    proptest! {
        #[test]
        fn decimals_are_ordered_as_numbers_are(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000, e in -6i32..6) {
            let text = |n: i64| format!("{n}e{e}");
            prop_assert_eq!(decimals(&text(a), &text(b)), Some(a.cmp(&b)));
            let point = |n: i64| format!("{}{}.{:03}", if n < 0 { "-" } else { "" }, n.abs() / 1000, n.abs() % 1000);
            prop_assert_eq!(decimals(&point(a), &point(b)), Some(a.cmp(&b)));
            prop_assert_eq!(decimals(&point(a), &format!("{a}e-3")), Some(Ordering::Equal));
        }
    }
}
