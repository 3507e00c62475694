//! What the tables should hold: worked out from the doubles' own rows and the manifests as data, with none of the
//! product's code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::decimal::{decimal, of_odoo};
use super::world::World;

/// A row's values as PostgreSQL shows them, by column.
pub type Row = BTreeMap<String, Option<String>>;

/// What one table should hold, by key as JSON.
pub struct Table {
    pub entity: String,
    pub name: String,
    /// The remote object.
    pub object: String,
    pub key: Vec<String>,
    /// Whether rows are told apart by their server too.
    pub of_servers: bool,
    /// The headers' table and the column that points there.
    pub parent: Option<(String, String)>,
    pub columns: Vec<String>,
    pub rows: BTreeMap<String, Row>,
    /// Keys of rows that may not be stored.
    pub rejected: BTreeSet<String>,
}

/// What all tables of these manifests should hold.
pub fn tables(world: &World, manifests: &[Value]) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for manifest in manifests {
        for stream in manifest["streams"].as_array().expect("streams") {
            let mut table = Table::of(manifest, stream);
            match manifest["source"] == "sqlserver" {
                true => table.fill_from_till(world, stream),
                false => table.fill_from_odoo(world, stream, &tables),
            }
            tables.push(table);
        }
    }
    tables
}

impl Table {
    fn of(manifest: &Value, stream: &Value) -> Table {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let list = |value: &Value| value.as_array().into_iter().flatten().map(text).collect();
        let columns =
            stream["columns"].as_array().expect("columns").iter().map(|column| text(&column["name"]));
        Table {
            entity: text(&manifest["name"]),
            name: text(&stream["table"]),
            object: text(&stream["object"]),
            key: list(&stream["key"]),
            of_servers: manifest["source"] == "sqlserver",
            parent: stream["parent"]["table"]
                .as_str()
                .map(|table| (table.to_owned(), text(&stream["parent"]["column"]))),
            columns: columns.collect(),
            rows: BTreeMap::new(),
            rejected: BTreeSet::new(),
        }
    }

    fn put(&mut self, stream: &Value, key: String, row: Row) {
        match breaks_a_rule(stream, &row) {
            true => drop(self.rejected.insert(key)),
            false => drop(self.rows.insert(key, row)),
        }
    }

    fn fill_from_odoo(&mut self, world: &World, stream: &Value, before: &[Table]) {
        let names = paths(stream);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let by_xml = world.setup.protocol == "xmlrpc";
        for record in world.odoo.records_with(&self.object, &names) {
            let row = odoo_row(stream, &record, by_xml);
            if is_asked_for(world, stream, &record) && is_kept(stream, &row) && self.has_header(&row, before)
            {
                self.put(stream, format!("[{}]", record["id"]), row);
            }
        }
    }

    fn has_header(&self, row: &Row, before: &[Table]) -> bool {
        let Some((parent, column)) = &self.parent else { return true };
        let headers = before.iter().find(|table| table.name == *parent).expect("the headers' table");
        row[column].as_ref().is_some_and(|id| headers.rows.contains_key(&format!("[{id}]")))
    }

    fn fill_from_till(&mut self, world: &World, stream: &Value) {
        let Some(till) = &world.till else { return };
        let listed = self.columns.join(", ");
        for values in till.tds.query(&format!("select {listed} from {}", self.object)) {
            let columns = stream["columns"].as_array().expect("columns");
            let row: Row = columns
                .iter()
                .zip(&values)
                .map(|(column, value)| {
                    (column["name"].as_str().expect("a name").to_owned(), till_text(column, value))
                })
                .collect();
            let (invoice, line) = (row["invoice_no"].clone().unwrap_or_default(), row["line_no"].clone());
            self.put(stream, format!("[\"pos\", \"{invoice}\", {}]", line.unwrap_or_default()), row);
        }
    }
}

/// Every remote field that a stream may read.
pub fn paths(stream: &Value) -> BTreeSet<String> {
    let columns = stream["columns"].as_array().expect("columns").iter();
    let names = columns.flat_map(alternatives).collect::<BTreeSet<_>>();
    let filtered = stream["filter"].as_array().into_iter().flatten().filter_map(|term| term[0].as_str());
    let filtered = filtered.map(|path| path.split('.').next().unwrap_or(path).to_owned());
    names.into_iter().chain(filtered).chain(["write_date".to_owned()]).collect()
}

fn alternatives(column: &Value) -> Vec<String> {
    let own = vec![column["name"].clone()];
    let paths = column["path"].as_array().unwrap_or(&own);
    paths.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Holds the manifest's conditions against the record; those of a line are its header's.
fn is_asked_for(world: &World, stream: &Value, record: &Value) -> bool {
    stream["filter"].as_array().into_iter().flatten().all(|condition| {
        let (field, value) = (condition[0].as_str().expect("a field"), &condition[2]);
        if field == "location_id.usage" {
            let places = world.odoo.records_with("stock.location", &["usage"]);
            let place = places.iter().find(|place| place["id"] == record["location_id"]);
            return place.is_some_and(|place| {
                value.as_array().is_some_and(|usages| usages.contains(&place["usage"]))
            });
        }
        assert_eq!(condition[1], "!=", "this reader knows no other condition");
        field.contains('.') || record[field] != *value
    })
}

fn is_kept(stream: &Value, row: &Row) -> bool {
    let Some(column) = stream["keep"]["column"].as_str() else { return true };
    let values = stream["keep"]["values"].as_array().into_iter().flatten();
    values.into_iter().any(|value| value.as_str() == row[column].as_deref())
}

fn breaks_a_rule(stream: &Value, row: &Row) -> bool {
    stream["columns"].as_array().expect("columns").iter().any(|column| {
        let value = &row[column["name"].as_str().expect("a name")];
        let lacks = column["required"] == true && value.is_none();
        let below = column["min"] == 0 && value.as_ref().is_some_and(|value| value.starts_with('-'));
        lacks || below
    })
}

/// A record as its row should be.
pub fn odoo_row(stream: &Value, record: &Value, by_xml: bool) -> Row {
    let columns = stream["columns"].as_array().expect("columns").iter().map(|column| {
        let name = column["name"].as_str().expect("a name").to_owned();
        let path = alternatives(column).into_iter().find(|path| record.get(path).is_some());
        let text = path.and_then(|path| odoo_text(column, &record[path]));
        (name, text.map(|text| if by_xml { carried_by_xml(&text) } else { text }))
    });
    let stamp = record["write_date"].as_str().map(|stamp| format!("{stamp}+00"));
    columns.chain([("source_updated_at".to_owned(), stamp)]).collect()
}

/// What XML cannot carry, Odoo leaves out of its answers (`OdooMarshaller` in `controllers/rpc.py`).
fn carried_by_xml(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_control() || matches!(c, '\t' | '\n' | '\r')).collect()
}

/// A value as PostgreSQL shows it in a column of the type.
fn odoo_text(column: &Value, value: &Value) -> Option<String> {
    match (column["type"].as_str().expect("a type"), value) {
        ("boolean", Value::Bool(flag)) => Some(flag.to_string()),
        (_, Value::Bool(false) | Value::Null) => None,
        ("bigint", Value::Number(number)) => Some(number.to_string()),
        ("numeric", Value::Number(number)) => Some(of_odoo(&number.to_string(), column["scale"].as_u64())),
        ("text" | "date", Value::String(text)) => Some(text.clone()),
        ("timestamptz", Value::String(text)) => Some(format!("{text}+00")),
        ("bigint[]", Value::Array(ids)) => {
            Some(format!("{{{}}}", ids.iter().map(Value::to_string).collect::<Vec<_>>().join(",")))
        }
        ("jsonb", value) => Some(value.to_string()),
        (kind, value) => panic!("{kind} from {value}"),
    }
}

fn till_text(column: &Value, value: &erp_sync_tests::tds::Value) -> Option<String> {
    use erp_sync_tests::tds::Value::{Bit, Null};
    match (column["type"].as_str().expect("a type"), value) {
        (_, Null) => None,
        (_, Bit(flag)) => Some(flag.to_string()),
        ("numeric", value) => Some(decimal(&value.text(), column["scale"].as_u64())),
        ("timestamptz", value) => {
            Some(format!("{}+00", value.text().trim_end_matches('0').trim_end_matches('.')))
        }
        (_, value) => Some(value.text()),
    }
}
