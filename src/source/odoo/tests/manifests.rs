//! The built-in manifests, held against the fields that real servers of each version show.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::fixture::remote;
use crate::entity::{Stream, catalog};
use crate::source::odoo::layout::{fields, of};
use crate::source::odoo::settings::Settings;

const VERSIONS: [&str; 3] = ["17", "18", "19"];

/// Columns that this version's Odoo works out when they are read, so that a change does not
/// always mark the record: they arrive with the next full pass, or with their header.
const COMPUTED: [(&str, &str); 22] = [
    // Matching changes what is open of the payment, or its journal entry, which is followed.
    ("17", "payments.invoice_ids"),
    ("17", "payments.bill_ids"),
    ("18", "payments.invoice_ids"),
    ("18", "payments.bill_ids"),
    ("19", "payments.invoice_ids"),
    ("19", "payments.bill_ids"),
    // The company's entry in the stored `code_store` of the same record.
    ("18", "accounts.code"),
    ("19", "accounts.code"),
    // A function of the stored `factor` of the same record.
    ("17", "uoms.factor"),
    ("18", "uoms.factor"),
    // The header's; lines are read whenever their header changed.
    ("19", "purchase_order_lines.state"),
    ("19", "purchase_order_lines.currency_id"),
    // A setting of the whole database.
    ("19", "uoms.rounding"),
    ("19", "departments.complete_name"),
    // These live on hr.version now, the one in force by date.
    ("19", "employees.department_id"),
    ("19", "employees.job_id"),
    ("19", "employees.job_title"),
    ("19", "employees.address_id"),
    ("19", "employees.work_location_id"),
    ("19", "employees.calendar_id"),
    ("19", "employees.employee_type"),
    ("19", "employees.departed_on"),
];

/// Paths that only Odoo 16 has, of which nothing is recorded: as its source names them.
const ONLY_IN_16: [(&str, &str); 1] = [("stock_moves.quantity", "quantity_done")];

/// What `fields_get` says of an object.
fn recorded(version: &str, object: &str) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/pgrx-tests/fixtures/odoo{version}/{object}.fields.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn streams() -> impl Iterator<Item = &'static Stream> {
    catalog::builtin().iter().filter(|entity| entity.source == "odoo").flat_map(|entity| &entity.streams)
}

/// The remote field of each column, by the column's full name.
fn chosen(stream: &Stream, answer: &Value) -> BTreeMap<String, String> {
    let settings = Settings::new(remote("https://erp.example.com")).unwrap();
    let layout = of(&settings, stream, &fields(answer).unwrap()).unwrap();
    assert!(layout.left_out.is_empty(), "{}: {:?}", stream.table, layout.left_out);
    let full = |column: usize| format!("{}.{}", stream.table, stream.columns[column].name);
    layout.columns.into_iter().map(|field| (full(field.column), field.path)).collect()
}

#[test]
fn every_version_has_a_field_of_the_right_type_for_each_column_that_is_not_optional() {
    for (version, stream) in VERSIONS.iter().flat_map(|version| streams().map(move |s| (version, s))) {
        chosen(stream, &recorded(version, &stream.object));
    }
}

#[test]
fn every_column_and_every_path_is_there_in_some_version() {
    for stream in streams() {
        let known: Vec<Value> = VERSIONS.iter().map(|version| recorded(version, &stream.object)).collect();
        for (column, path) in stream.columns.iter().flat_map(|c| c.paths().into_iter().map(move |p| (c, p))) {
            let place = format!("{}.{}", stream.table, column.name);
            let there = known.iter().any(|fields| fields.get(path).is_some());
            let earlier = ONLY_IN_16.contains(&(place.as_str(), path));
            assert!(there != earlier, "{place}: no version has {path}, or 16 is not the only one");
        }
    }
}

#[test]
fn an_optional_column_is_lacking_in_some_version_or_comes_with_a_module() {
    for (stream, column) in streams().flat_map(|s| s.columns.iter().map(move |c| (s, c))) {
        let everywhere = VERSIONS.iter().all(|version| {
            let fields = recorded(version, &stream.object);
            column.paths().iter().any(|path| fields.get(path).is_some())
        });
        // What 17 has and 16 had not, and what only some modules bring, the reader is told.
        let said = ["from Odoo 17", "with the module"];
        let told = said.iter().any(|words| column.about.contains(words));
        assert!(!(column.optional && everywhere) || told, "{}.{}", stream.table, column.name);
    }
}

/// What the remote field behind a column points to.
fn target(stream: &Stream, answer: &Value, column: &str) -> Option<String> {
    let chosen = chosen(stream, answer);
    let path = chosen.get(&format!("{}.{column}", stream.table))?;
    Some(answer[path]["relation"].as_str().unwrap_or_default().to_string())
}

#[test]
fn a_reference_points_to_the_object_of_its_table_in_every_version() {
    let object = |table: &str| streams().find(|stream| stream.table == table).map(|s| s.object.clone());
    for (version, stream) in VERSIONS.iter().flat_map(|version| streams().map(move |s| (version, s))) {
        let answer = recorded(version, &stream.object);
        let parent = stream.parent.iter().map(|parent| (&parent.column, &parent.table));
        for (column, table) in stream.refers.iter().chain(&stream.names).chain(parent) {
            let place = format!("{version}: {}.{column} -> {table}", stream.table);
            let wanted = object(table).unwrap_or_else(|| panic!("{place}: no such table"));
            let found = target(stream, &answer, column).unwrap_or_else(|| wanted.clone());
            assert_eq!(found, wanted, "{place}");
        }
    }
}

#[test]
fn a_filter_asks_for_fields_that_every_version_can_search() {
    for (version, stream) in VERSIONS.iter().flat_map(|version| streams().map(move |s| (version, s))) {
        for condition in stream.filter.iter().filter_map(Value::as_array).flatten() {
            let path = condition[0].as_str().unwrap_or_default();
            let mut object = stream.object.clone();
            for step in path.split('.') {
                let field = recorded(version, &object)[step].clone();
                assert!(says_store(&field), "{version}: {object} has no stored {step}, of {path}");
                object = field["relation"].as_str().unwrap_or_default().to_string();
            }
        }
    }
}

/// Whether a change of the field marks its record as changed, or is followed otherwise: it is
/// stored, or its record's template, header or company holds it.
fn is_followed(field: &Value) -> bool {
    let says = |key: &str| field.get(key).is_some_and(|value| *value != Value::Bool(false));
    says("store") || says("related") || says("company_dependent")
}

#[test]
fn what_odoo_works_out_on_reading_is_known() {
    let mut found = BTreeSet::new();
    for (version, stream) in VERSIONS.iter().flat_map(|version| streams().map(move |s| (*version, s))) {
        let (fields, before) = (recorded(version, &stream.object), recorded("18", &stream.object));
        for (column, path) in chosen(stream, &fields) {
            // The recording of 19 does not say what is related: what was in 18 still is.
            let related = version == "19" && before.get(&path).is_some_and(|field| !says_store(field));
            let followed = is_followed(&fields[&path]) || related && is_followed(&before[&path]);
            if !followed {
                found.insert((version, column));
            }
        }
    }
    let known = COMPUTED.iter().map(|(version, column)| (*version, column.to_string())).collect();
    assert_eq!(found, known);
}

fn says_store(field: &Value) -> bool {
    field["store"] == Value::Bool(true)
}
