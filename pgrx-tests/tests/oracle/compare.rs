//! The tables as they are, held against what they should be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use erp_sync_tests::shop::Shop;
use serde_json::Value;

use super::expected::{Row, Table};

/// How a row differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// The remote has it, and it is not here.
    Missing,
    /// It is here, and the remote does not have it.
    Extra,
    /// Its values are not those of the remote.
    Stale,
}

/// One difference.
#[derive(Clone, Debug)]
pub struct Difference {
    pub loss: Loss,
    pub table: String,
    pub object: String,
    /// As JSON.
    pub key: String,
    detail: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}{}", self.loss, self.table, self.key, self.detail)
    }
}

impl Difference {
    /// The id of an Odoo record.
    pub fn id(&self) -> Option<i64> {
        serde_json::from_str::<Value>(&self.key).ok()?.get(0)?.as_i64()
    }
}

/// Holds what was found against what should be; what is rejected may be there as it was once.
pub fn differences(table: &Table, found: &BTreeMap<String, Row>) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut differ = |loss, key: &str, detail| {
        let (table, object) = (table.name.clone(), table.object.clone());
        all.push(Difference { loss, table, object, key: key.to_owned(), detail });
    };
    for (key, wanted) in &table.rows {
        let Some(row) = found.get(key) else {
            differ(Loss::Missing, key, String::new());
            continue;
        };
        let unlike =
            |name: &&String| row.contains_key(*name) && comparable(&row[*name]) != comparable(&wanted[*name]);
        let columns: BTreeSet<String> = wanted.keys().filter(unlike).cloned().collect();
        if !columns.is_empty() {
            let shown =
                columns.iter().map(|name| format!(" {name}: {:?}, not {:?}", row[name], wanted[name]));
            let shown = shown.collect::<Vec<_>>().join(";");
            differ(Loss::Stale, key, shown);
        }
    }
    for key in found.keys().filter(|key| !table.rows.contains_key(*key) && !table.rejected.contains(*key)) {
        differ(Loss::Extra, key, String::new());
    }
    all
}

/// Documents are compared by their members, everything else by its text.
fn comparable(text: &Option<String>) -> Option<String> {
    let text = text.as_ref()?;
    let document = text.starts_with('{') && text.contains(':');
    let parsed = document.then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    Some(parsed.map_or_else(|| text.clone(), |value| value.to_string()))
}

/// The rows of a table, by key as JSON; none when there is no such table.
pub fn found(shop: &mut Shop<'_>, table: &Table) -> BTreeMap<String, Row> {
    if shop.value(&format!("select to_regclass('erp.{}') is null", table.name)) == "t" {
        return BTreeMap::new();
    }
    let own: &[&str] = if table.of_servers { &[] } else { &["source_updated_at"] };
    let columns: Vec<&str> = table.columns.iter().map(String::as_str).chain(own.iter().copied()).collect();
    let key: Vec<&str> = table
        .of_servers
        .then_some("server")
        .into_iter()
        .chain(table.key.iter().map(String::as_str))
        .collect();
    let texts: Vec<String> = columns.iter().map(|name| format!("\"{name}\"::text")).collect();
    let sql = format!(
        "select jsonb_build_array({})::text, array[{}] from erp.\"{}\"",
        key.join(", "),
        texts.join(", "),
        table.name
    );
    shop.run("set timezone to 'UTC'");
    let rows = shop.client.query(&sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let row = |row: &postgres::Row| {
        let values: Vec<Option<String>> = row.get(1);
        (row.get(0), columns.iter().map(|name| (*name).to_owned()).zip(values).collect())
    };
    rows.iter().map(row).collect()
}
