//! A second reader of the recording: it knows the manifests as data and shares no code with the product's.

use std::collections::{BTreeMap, BTreeSet};

use erp_sync_tests::shop::Shop;
use serde_json::{Map, Value};

use super::decimal::of_odoo;

type Record = Map<String, Value>;

/// A row's values as text, by column; NULL is `None`.
type Row = BTreeMap<String, Option<String>>;

/// What the tables should hold.
pub struct Recording {
    tables: Vec<Table>,
}

/// What one table should hold.
pub struct Table {
    name: String,
    rows: BTreeMap<i64, Row>,
}

impl Recording {
    /// Reads the files recorded of a version, with the columns that the manifests name.
    pub fn load(shop: &mut Shop<'_>, version: u32) -> Recording {
        let mut tables: Vec<Table> = Vec::new();
        for entity in shop.rows("select entity from sync_entities() where source = 'odoo'") {
            let manifest: Value =
                serde_json::from_str(&shop.value(&format!("select sync_entity('{entity}')"))).unwrap();
            for stream in manifest["streams"].as_array().unwrap() {
                let table = Table::of(stream, version, &tables);
                tables.push(table);
            }
        }
        Recording { tables }
    }

    /// What XML cannot carry, Odoo leaves out of its answers (`OdooMarshaller` in `controllers/rpc.py`).
    pub fn carried_by_xml(mut self) -> Recording {
        let carried = |c: &char| !c.is_ascii_control() || matches!(c, '\t' | '\n' | '\r');
        for row in self.tables.iter_mut().flat_map(|table| table.rows.values_mut()) {
            row.values_mut().flatten().for_each(|text| *text = text.chars().filter(carried).collect());
        }
        self
    }

    /// The tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }
}

impl Table {
    fn of(stream: &Value, version: u32, before: &[Table]) -> Table {
        let object = stream["object"].as_str().unwrap();
        let fields: BTreeMap<String, Value> = file(version, object, "fields");
        // Of 19 there are no records: its double shows those of 18.
        let mut records = records(version.min(18), object);
        if version == 19 {
            records.iter_mut().for_each(|record| in_19(object, record));
        }
        let mut rows = BTreeMap::new();
        let usages = usages(version.min(18));
        for record in records.iter().filter(|record| is_asked_for(stream, record, &usages)) {
            let row = row(stream, &fields, record);
            if is_kept(stream, &row) && has_header(stream, &row, before) {
                rows.insert(record["id"].to_string().parse().unwrap(), row);
            }
        }
        Table { name: stream["table"].as_str().unwrap().to_owned(), rows }
    }

    /// Compares with the table; returns how many values.
    pub fn compare(&self, shop: &mut Shop<'_>) -> usize {
        let columns: Vec<&String> = self.rows.values().next().expect("recorded rows").keys().collect();
        let listed: Vec<String> = columns.iter().map(|name| format!("\"{name}\"::text")).collect();
        let sql = format!("select {} from erp.\"{}\" as t order by t.id", listed.join(", "), self.name);
        shop.run("set timezone to 'UTC'");
        let found = shop.client.query(&sql, &[]).unwrap();
        let ids: Vec<i64> = shop
            .rows(&format!("select id from erp.\"{}\" order by id", self.name))
            .iter()
            .map(|id| id.parse().unwrap())
            .collect();
        assert_eq!(ids, self.rows.keys().copied().collect::<Vec<_>>(), "rows of {}", self.name);
        for (found, (id, wanted)) in found.iter().zip(&self.rows) {
            for (at, column) in columns.iter().enumerate() {
                let found: Option<String> = found.get(at);
                let place = format!("{} {id}, column {column}", self.name);
                assert_eq!(comparable(found), comparable(wanted[*column].clone()), "{place}");
            }
        }
        found.len() * columns.len()
    }
}

/// Documents are compared by their members, everything else by its text.
fn comparable(text: Option<String>) -> Option<String> {
    let text = text?;
    match text.starts_with('{') && text.contains(':') {
        true => Some(serde_json::from_str::<Value>(&text).unwrap().to_string()),
        false => Some(text),
    }
}

/// What a record of 18 says in 19: the same under the names of 19, and one word.
fn in_19(object: &str, record: &mut Record) {
    let moved: &[(&str, &str)] = match object {
        "uom.uom" => &[("factor", "factor_inv")],
        "purchase.order" => &[("note", "notes")],
        "purchase.order.line" => &[("product_uom_id", "product_uom"), ("tax_ids", "taxes_id")],
        "sale.order.line" => &[("product_uom_id", "product_uom"), ("tax_ids", "tax_id")],
        _ => &[],
    };
    for (new, old) in moved {
        let value = record[*old].clone();
        record.insert((*new).to_owned(), value);
    }
    if object == "account.account" {
        record.insert("active".to_owned(), (record["deprecated"] == Value::Bool(false)).into());
    }
    if object == "mrp.production" {
        let lot = record["lot_producing_id"].get(0).cloned();
        record.insert("lot_producing_ids".to_owned(), lot.into_iter().collect());
    }
    if object == "product.category" && record["property_valuation"] == "manual_periodic" {
        record.insert("property_valuation".to_owned(), "periodic".into());
    }
}

/// The recorded records, and what was added to them: whole ones, and values for those that are there.
fn records(version: u32, object: &str) -> Vec<Record> {
    let mut records: Vec<Record> = file(version, object, "records");
    let added: BTreeMap<String, Vec<Record>> = json(version, "added");
    for values in added.get(object).into_iter().flatten() {
        match records.iter_mut().find(|record| record["id"] == values["id"]) {
            Some(record) => record.extend(values.clone()),
            None => records.push(values.clone()),
        }
    }
    records
}

fn file<T: serde::de::DeserializeOwned>(version: u32, model: &str, what: &str) -> T {
    json(version, &format!("{model}.{what}"))
}

fn json<T: serde::de::DeserializeOwned>(version: u32, name: &str) -> T {
    let path = format!("{}/fixtures/odoo{version}/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What each location is for.
fn usages(version: u32) -> BTreeMap<i64, Value> {
    let usage = |place: Record| (place["id"].as_i64().unwrap(), place["usage"].clone());
    records(version, "stock.location").into_iter().map(usage).collect()
}

/// Holds the manifest's conditions against the record; those of a line are its header's.
fn is_asked_for(stream: &Value, record: &Record, usages: &BTreeMap<i64, Value>) -> bool {
    let conditions = stream["filter"].as_array().cloned().unwrap_or_default();
    conditions.iter().all(|condition| {
        let (field, value) = (condition[0].as_str().unwrap(), &condition[2]);
        if field == "location_id.usage" {
            let usage = &usages[&record["location_id"][0].as_i64().unwrap()];
            return value.as_array().unwrap().contains(usage);
        }
        assert_eq!(condition[1], "!=", "this reader knows no other condition");
        field.contains('.') || record[field] != *value
    })
}

fn is_kept(stream: &Value, row: &Row) -> bool {
    let Some(column) = stream["keep"]["column"].as_str() else { return true };
    let values = stream["keep"]["values"].as_array().unwrap();
    values.iter().any(|value| value.as_str() == row[column].as_deref())
}

fn has_header(stream: &Value, row: &Row, before: &[Table]) -> bool {
    let Some(parent) = stream["parent"]["table"].as_str() else { return true };
    let headers = before.iter().find(|table| table.name == parent).expect("the headers' table");
    let header = row[stream["parent"]["column"].as_str().unwrap()].as_deref().unwrap_or_default();
    let ids: BTreeSet<String> = headers.rows.keys().map(i64::to_string).collect();
    ids.contains(header)
}

fn row(stream: &Value, fields: &BTreeMap<String, Value>, record: &Record) -> Row {
    let columns = stream["columns"].as_array().unwrap().iter().map(|column| {
        let name = column["name"].as_str().unwrap().to_owned();
        let own = vec![Value::from(name.clone())];
        let paths = column["path"].as_array().unwrap_or(&own);
        let path = paths.iter().filter_map(Value::as_str).find(|path| fields.contains_key(*path));
        (name, path.and_then(|path| text(column, &fields[path], record.get(path))))
    });
    let stamp = record[stream["cursor"].as_str().unwrap()].as_str().unwrap();
    let ours = [("tenant", "main".to_owned()), ("source_updated_at", format!("{stamp}+00"))];
    columns.chain(ours.map(|(name, value)| (name.to_owned(), Some(value)))).collect()
}

/// A value as PostgreSQL shows it in a column of the type. What was not recorded is shown by an Odoo as nothing.
fn text(column: &Value, field: &Value, value: Option<&Value>) -> Option<String> {
    let nothing = match field["type"].as_str() {
        Some("integer") => serde_json::json!(0),
        Some("float" | "monetary") => serde_json::json!(0.0),
        Some("many2many" | "one2many") => serde_json::json!([]),
        _ => Value::Bool(false),
    };
    let value = value.unwrap_or(&nothing);
    match (column["type"].as_str().unwrap(), value) {
        ("boolean", Value::Bool(flag)) => Some(flag.to_string()),
        (_, Value::Bool(false)) => None,
        ("bigint", Value::Array(pair)) => Some(pair[0].to_string()),
        ("bigint", Value::Number(number)) => Some(number.to_string()),
        ("numeric", Value::Number(number)) => Some(of_odoo(&number.to_string(), column["scale"].as_u64())),
        ("text" | "date", Value::String(text)) => Some(text.clone()),
        ("timestamptz", Value::String(text)) => Some(format!("{text}+00")),
        ("bigint[]", Value::Array(ids)) => {
            let ids: Vec<String> = ids.iter().map(Value::to_string).collect();
            Some(format!("{{{}}}", ids.join(",")))
        }
        ("jsonb", value) => Some(value.to_string()),
        (kind, value) => panic!("{kind} from {value}"),
    }
}
