//! Collects the values that columns do not take, and tells of them once per task.

use std::collections::{BTreeMap, BTreeSet};

use crate::entity::Stream;
use crate::source::{Key, Odd, Scalar};

/// So many rows of a column are counted; more are told as "or more".
const COUNTED: usize = 1000;

/// So many of them are named.
const NAMED: usize = 5;

/// The rows that are stored without a value, by table, column and reason.
#[derive(Debug, Default)]
pub(super) struct OddValues(BTreeMap<(String, String, &'static str), BTreeSet<Key>>);

impl OddValues {
    /// Notes those of a page. A row that is read again counts once.
    pub(super) fn note(&mut self, stream: &Stream, odd: &[Odd]) {
        for Odd { key, column, why } in odd {
            let Some(column) = stream.columns.get(*column) else { continue };
            let rows = self.0.entry((stream.table.clone(), column.name.clone(), why)).or_default();
            if rows.len() < COUNTED {
                rows.insert(key.clone());
            }
        }
    }

    /// What a person should know; nothing where there is none.
    pub(super) fn told(&self) -> Option<String> {
        let lines: Vec<String> = self.0.iter().map(line).collect();
        (!lines.is_empty())
            .then(|| format!("stored without a value that cannot be read: {}", lines.join("; ")))
    }
}

fn line(((table, column, why), rows): (&(String, String, &'static str), &BTreeSet<Key>)) -> String {
    let named: Vec<String> = rows.iter().take(NAMED).map(written).collect();
    let number = match rows.len() {
        1 => "1 row".to_string(),
        COUNTED => format!("{COUNTED} rows or more"),
        several => format!("{several} rows"),
    };
    let more = if rows.len() > NAMED { ", ..." } else { "" };
    format!("\"{table}.{column}\" {why} in {number} (key {}{more})", named.join(", "))
}

fn written(key: &Key) -> String {
    let part = |part: &Scalar| match part {
        Scalar::Int(number) => number.to_string(),
        Scalar::Text(text) => text.clone(),
    };
    key.0.iter().map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::catalog;

    #[test]
    fn odd_values_are_told_by_column_with_their_rows() {
        let orders = &catalog::find("sale_orders", catalog::builtin()).unwrap().streams[0];
        let column = orders.column("valid_until").unwrap();
        let odd = |id: i64| Odd { key: id.into(), column, why: "is no valid date" };
        let mut values = OddValues::default();
        assert_eq!(values.told(), None);
        values.note(orders, &[odd(7), odd(9), odd(7)]);
        let told = "stored without a value that cannot be read: \"sale_orders.valid_until\" is no valid date in 2 rows (key 7, 9)";
        assert_eq!(values.told().unwrap(), told);
        values.note(orders, &(10..5000).map(odd).collect::<Vec<_>>());
        let told = values.told().unwrap();
        assert!(told.ends_with("in 1000 rows or more (key 7, 9, 10, 11, 12, ...)"), "{told}");
    }
}
