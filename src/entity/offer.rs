//! A manifest that keeps one more field, or does without a column: what a person can store as it is.

use serde_json::{Value, json};

use super::ddl::RESERVED;
use super::{Entity, naming};

/// What its definer wrote, or an extension of the built-in entity, with one more column in the stream
/// of `table`. The column gets another name where its own is taken.
pub fn keeping(entity: &Entity, written: Option<Value>, table: &str, mut column: Value) -> Value {
    let taken = |name: &str| {
        let stream = entity.streams.iter().find(|stream| stream.table == table);
        RESERVED.contains(&name) || stream.is_some_and(|s| s.columns.iter().any(|column| column.name == name))
    };
    let field = column.get("name").and_then(Value::as_str).unwrap_or_default().to_string();
    let longer = format!("{field}_");
    let name = match taken(&field) {
        true if naming::is_name(&longer) && !taken(&longer) => longer,
        _ => naming::free(field.clone(), taken),
    };
    if name != field {
        let path = column.get("path").cloned().unwrap_or_else(|| json!([field]));
        (column["name"], column["path"]) = (json!(name), path);
    }
    let mut manifest = written.unwrap_or_else(|| json!({"extends": entity.name}));
    push(&mut manifest, table, column);
    manifest
}

fn push(manifest: &mut Value, table: &str, column: Value) {
    let Some(streams) = list(manifest, "streams") else { return };
    let index = streams.iter().position(|stream| stream.get("table").and_then(Value::as_str) == Some(table));
    let index = index.unwrap_or_else(|| {
        streams.push(json!({"table": table}));
        streams.len() - 1
    });
    if let Some(columns) = streams.get_mut(index).and_then(|stream| list(stream, "columns")) {
        columns.push(column);
    }
}

/// The list of this name, made where it is missing.
fn list<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Vec<Value>> {
    value.as_object_mut()?.entry(name).or_insert_with(|| json!([])).as_array_mut()
}

/// An extension of a built-in entity in which servers may lack these columns (table, column).
pub fn without(entity: &str, columns: &[(String, String)]) -> Value {
    let mut manifest = json!({"extends": entity});
    for (table, column) in columns {
        push(&mut manifest, table, json!({"name": column, "optional": true}));
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{catalog, define::define};

    fn products() -> &'static Entity {
        catalog::find("products", catalog::builtin()).unwrap()
    }

    fn column(name: &str) -> Value {
        json!({"name": name, "type": "text", "about": "One more"})
    }

    #[test]
    fn a_field_is_kept_by_an_extension_that_can_be_stored_as_it_is() {
        let offered = keeping(products(), None, "uoms", column("x_code"));
        let entity = define(&offered.to_string()).unwrap();
        let uoms = entity.streams.iter().find(|stream| stream.table == "uoms").unwrap();
        assert!(uoms.columns.iter().any(|column| column.name == "x_code"));
    }

    #[test]
    fn what_was_stored_before_stays_in_what_is_offered() {
        let first = keeping(products(), None, "products", column("x_shelf"));
        let extended = define(&first.to_string()).unwrap();
        let second = keeping(&extended, Some(first), "products", column("x_colour"));
        let names: Vec<_> = define(&second.to_string()).unwrap().streams[0].columns.clone();
        assert!(["x_shelf", "x_colour"].iter().all(|name| names.iter().any(|column| column.name == *name)));
    }

    #[test]
    fn a_name_that_is_taken_gets_another_and_keeps_its_path() {
        let offered = keeping(products(), None, "products", column("name"));
        assert_eq!(offered["streams"][0]["columns"][0]["name"], "name_");
        assert_eq!(offered["streams"][0]["columns"][0]["path"], json!(["name"]));
        assert_eq!(
            keeping(products(), None, "products", column("raw"))["streams"][0]["columns"][0]["name"],
            "raw_"
        );
        define(&offered.to_string()).unwrap();
    }

    #[test]
    fn a_name_that_is_taken_and_as_long_as_can_be_is_cut() {
        let long = format!("{}x", "ä".repeat(31));
        let first = keeping(products(), None, "products", column(&long));
        let extended = define(&first.to_string()).unwrap();
        let second = keeping(&extended, Some(first), "products", column(&long));
        let name = &second["streams"][0]["columns"][1]["name"];
        assert_eq!(name, &json!(format!("{}_2", "ä".repeat(30))));
        define(&second.to_string()).unwrap();
    }

    #[test]
    fn columns_that_a_server_lacks_are_done_without() {
        let lacking = [("products", "barcode"), ("uoms", "factor"), ("products", "weight")];
        let lacking = lacking.map(|(table, column)| (table.to_string(), column.to_string()));
        let entity = define(&without("products", &lacking).to_string()).unwrap();
        for (table, name) in lacking {
            let stream = entity.streams.iter().find(|stream| stream.table == table).unwrap();
            assert!(stream.columns.iter().any(|column| column.name == name && column.optional));
        }
    }
}
