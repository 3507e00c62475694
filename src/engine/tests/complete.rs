//! Columns that a manifest leaves open, as a server has them.

use serde_json::{Value, json};

use super::double::Double;
use super::house::*;
use crate::engine::complete;
use crate::entity::Type;
use crate::entity::open::Open;
use crate::error::Result;
use crate::source::Described;

fn field(name: &str, column: Option<Type>) -> Described {
    Described {
        name: name.into(),
        label: format!("The {name}"),
        remote_type: "char".into(),
        column,
        scale: None,
        is_key: name == "Id",
        is_cursor: false,
        note: None,
        is_of_screens: false,
    }
}

fn manifest(stream: Value) -> Value {
    json!({"name": "leads", "source": "odoo", "streams": [stream]})
}

/// The first stream of the manifest, completed.
fn completed(mut manifest: Value) -> Result<Value> {
    let house = House::new();
    house.world().put("crm.lead", 1, &[]);
    house.world().described =
        vec![field("Id", Some(Type::Bigint)), field("Price", Some(Type::Numeric)), field("image", None)];
    let open = Open::of(&manifest).expect("something to look up");
    on_paused_clock(complete(&mut Double(house.remote.clone()), "main", &mut manifest, &open))?;
    Ok(manifest["streams"][0].take())
}

#[test]
fn names_become_columns_and_the_others_stay_as_they_are() {
    let own = json!({"name": "mine", "type": "text", "path": ["note"]});
    let stream =
        json!({"table": "leads", "object": "crm.lead", "key": ["Id"], "columns": ["ID", own, "price"]});
    let stream = completed(manifest(stream)).unwrap();
    assert_eq!(
        stream["columns"],
        json!([
            {"name": "id", "type": "bigint", "about": "The Id", "path": ["Id"]},
            own,
            {"name": "price", "type": "numeric", "about": "The Price", "path": ["Price"]},
        ])
    );
    assert_eq!(stream["key"], json!(["id"]));
}

#[test]
fn without_columns_there_are_those_of_a_draft() {
    let stream = completed(manifest(json!({"table": "leads", "object": "crm.lead", "key": ["id"]}))).unwrap();
    let names: Vec<&str> =
        stream["columns"].as_array().unwrap().iter().filter_map(|column| column["name"].as_str()).collect();
    assert_eq!((names, &stream["key"]), (vec!["id", "price"], &json!(["id"])));
}

#[test]
fn what_is_no_field_or_cannot_be_kept_is_refused() {
    let of = |name: &str| {
        completed(manifest(json!({"object": "crm.lead", "key": ["id"], "columns": [name]}))).unwrap_err()
    };
    assert_eq!(of("pricee").hint_or_default(), "did you mean \"Price\"?");
    assert!(of("image").message.contains("no column can keep"), "{}", of("image"));
}

#[test]
fn a_manifest_is_open_where_it_says_no_type_and_nowhere_else() {
    let open = |value: Value| Open::of(&value).map(|open| open.streams);
    let whole = json!({"object": "crm.lead", "columns": [{"name": "id", "type": "bigint"}]});
    assert_eq!(open(manifest(whole.clone())), None);
    let two =
        json!({"name": "l", "source": "odoo", "streams": [whole, {"object": "crm.tag", "columns": ["id"]}]});
    assert_eq!(open(two), Some(vec![(1, "crm.tag".into())]));
    let extends = |columns: Value| {
        json!({"extends": "products", "streams": [
            {"table": "uoms", "indexes": [["name"]]}, {"table": "products", "columns": columns}]})
    };
    assert_eq!(open(extends(json!(["x_shelf"]))), Some(vec![(1, "product.product".into())]));
    assert_eq!(open(extends(json!([{"name": "x_shelf"}]))), None);
    // What is wrong otherwise is told where everything is told.
    for wrong in
        [json!(null), json!([]), json!({"streams": 1}), json!({"source": "odoo", "streams": ["a", {}, 1]})]
    {
        assert_eq!(open(wrong), None);
    }
    assert_eq!(open(json!({"extends": "nothing", "streams": [{"columns": ["a"]}]})), None);
}
