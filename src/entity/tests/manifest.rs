use proptest::prelude::*;
use serde_json::{Value, json};

use super::SHOP;
use crate::entity::{Entity, catalog, parse};
use crate::error::Kind;

/// The manifest of the shop after a change.
fn changed(change: impl Fn(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(SHOP).unwrap();
    change(&mut value);
    value.to_string()
}

/// The lines of the detail.
fn mistakes(json: &str) -> Vec<String> {
    let error = parse(json).expect_err("a mistake");
    assert_eq!(error.kind, Kind::Manifest);
    error.detail.unwrap_or_default().lines().map(String::from).collect()
}

/// What is said when the value at `pointer` is replaced.
fn said(pointer: &str, new: Value) -> Vec<String> {
    mistakes(&changed(|value| *value.pointer_mut(pointer).expect(pointer) = new.clone()))
}

#[test]
fn a_manifest_comes_back_as_it_went_in() {
    for entity in catalog::builtin() {
        let json = serde_json::to_string(entity).unwrap();
        assert_eq!(&parse(&json).unwrap(), entity);
    }
}

#[test]
fn what_is_no_json_says_where() {
    let error = parse("{\"name\": }").unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::Manifest, "manifest is no valid JSON"));
    assert_eq!(error.detail.as_deref(), Some("expected value at line 1 column 10"));
}

#[test]
fn a_key_that_occurs_twice_is_a_mistake() {
    let twice = SHOP.replacen("\"about\"", "\"about\": \"x\", \"about\"", 1);
    assert!(parse(&twice).unwrap_err().detail.unwrap().starts_with("duplicate field `about`"));
}

#[test]
fn every_mistake_is_named_at_once() {
    let json = changed(|value| {
        value["sorce"] = json!("odoo");
        value["full_every"] = json!("sometimes");
        value["streams"][0]["columns"][2]["type"] = json!("int");
        value["streams"][0]["columns"][3]["name"] = json!("Price");
        value["streams"][1].as_object_mut().unwrap().remove("object");
        value["streams"][1]["key"] = json!(["no"]);
    });
    insta::assert_snapshot!(parse(&json).unwrap_err().message, @r#"manifest "bills" has 6 mistakes"#);
    insta::assert_snapshot!(mistakes(&json).join("\n"), @r#"
    $.streams[0].columns[2].type: "int" is none of bigint, numeric, text, boolean, date, timestamptz, jsonb, bigint[], text[]
    $.streams[0].columns[3].name: "Price" is no name: letters without A to Z, digits and _, no digit in front, at most 63 bytes
    $.streams[1].object: is missing
    $.full_every: "sometimes" is no length of time such as "30 days" or "12 hours"
    $.sorce: is unknown, did you mean "source"?
    $.streams[1].key[0]: "no" is no column of this stream
    "#);
}

#[test]
fn what_nothing_is_said_of_is_called_as_what_it_is_read_from() {
    let json = r#"{"name": "leads", "source": "odoo", "streams": [{"table": "leads", "object": "crm.lead",
        "key": ["id"], "cursor": "write_date", "columns": [{"name": "id", "type": "bigint"},
          {"name": "revenue", "type": "numeric", "path": ["expected_revenue"]},
          {"name": "phone", "type": "text", "about": "Said"}]}]}"#;
    let entity = parse(json).unwrap();
    let stream = &entity.streams[0];
    assert_eq!((entity.about.as_str(), stream.about.as_str()), ("leads", "crm.lead"));
    let columns: Vec<_> = stream.columns.iter().map(|column| column.about.as_str()).collect();
    assert_eq!(columns, ["id", "expected_revenue", "Said"]);
}

#[test]
fn what_is_built_in_is_explained() {
    let folder = format!("{}/src/entity", env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let value: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let streams = value["streams"].as_array().or(value.as_array()).unwrap();
        let columns = streams.iter().flat_map(|stream| stream["columns"].as_array().unwrap());
        let entity = value.get("streams").is_some().then_some(&value);
        for one in entity.into_iter().chain(streams).chain(columns) {
            assert!(one["about"].as_str().is_some_and(|about| !about.is_empty()), "{file:?}: {one}");
        }
    }
}

#[test]
fn a_rule_fits_its_column() {
    let json = changed(|value| {
        let columns = value["streams"][0]["columns"].as_array_mut().unwrap();
        columns[1]["min"] = json!(1);
        columns[3]["max"] = json!("2026-01-01");
        columns[5]["min"] = json!("yesterday");
        columns[6]["unless"] = json!(["state", "stat"]);
        columns[4]["min"] = json!(0);
        columns[5]["max"] = json!("2100-12-31");
    });
    insta::assert_snapshot!(mistakes(&json).join("\n"), @r#"
    $.streams[0].columns[5].min: "yesterday" is no day such as "2026-01-31"
    $.streams[0].columns[1].min: must be left out: only numbers, days and moments have one
    $.streams[0].columns[3].max: must be a number
    $.streams[0].columns[6].unless[1]: "stat" is no column of this stream
    $.streams[0].columns[6].unless: excuses from nothing, because the column is not required
    "#);
}

#[test]
fn a_value_of_the_wrong_kind_says_what_it_must_be() {
    assert_eq!(mistakes("[]")[0], "$: must be an object, not an array");
    assert_eq!(said("/name", json!(7)), ["$.name: must be a text, not a number"]);
    assert_eq!(said("/streams", json!({})), ["$.streams: must be an array, not an object"]);
    assert_eq!(said("/streams", json!([])), ["$.streams: must not be empty"]);
    assert_eq!(said("/about", json!("  ")), ["$.about: must not be empty"]);
    assert_eq!(said("/about", json!("a\0b")), ["$.about: must not hold U+0000"]);
    assert_eq!(said("/source", json!("sap")), ["$.source: \"sap\" is none of odoo, sqlserver"]);
    let required = said("/streams/1/columns/1/required", json!("yes"));
    assert_eq!(required, ["$.streams[1].columns[1].required: must be true or false, not a text"]);
    for scale in [json!(-1), json!(2.5), json!(31), json!(1e40)] {
        assert!(said("/streams/0/columns/3/scale", scale)[0].ends_with("is no whole number from 0 to 30"));
    }
}

#[test]
fn a_name_that_needs_quotes_is_refused() {
    for name in ["Bills", "2bills", "bills; drop table x", "", "a\u{a0}b"] {
        let said = said("/name", json!(name));
        assert!(said[0].starts_with(&format!("$.name: {name:?} is no name")), "{said:?}");
    }
    let said = said("/streams/0/refers", json!({"a b": "contacts"}));
    assert!(said[0].starts_with("$.streams[0].refers[\"a b\"]: \"a b\" is no name"), "{said:?}");
}

#[test]
fn columns_that_are_named_must_be_there_and_of_the_right_type() {
    assert_eq!(
        said("/streams/0/key", json!(["no"])),
        ["$.streams[0].key[0]: \"no\" is no column of this stream"]
    );
    assert_eq!(
        said("/streams/0/keep/column", json!("amount")),
        ["$.streams[0].keep.column: column \"amount\" must be text, not numeric"]
    );
    assert_eq!(
        said("/streams/1/parent/column", json!("bill")),
        ["$.streams[1].parent.column: \"bill\" is no column of this stream"]
    );
    assert_eq!(
        said("/streams/1/columns/1/type", json!("text")),
        ["$.streams[1].parent.column: column \"bill_id\" must be bigint, not text"]
    );
    assert_eq!(
        said("/streams/0/indexes", json!([["state", "no"]])),
        ["$.streams[0].indexes[0][1]: \"no\" is no column of this stream"]
    );
    assert_eq!(
        said("/streams/0/refers", json!({"state": "contacts"})),
        ["$.streams[0].refers.state: column \"state\" must be bigint, not text"]
    );
    assert_eq!(
        said("/streams/0/columns/3/type", json!("text")),
        ["$.streams[0].columns[3].scale: only a numeric column has one"]
    );
}

#[test]
fn a_parent_is_an_earlier_stream_of_the_same_entity() {
    let table = "$.streams[1].parent.table";
    for other in ["contacts", "bill_lines"] {
        assert_eq!(
            said("/streams/1/parent/table", json!(other)),
            [format!("{table}: \"{other}\" is the table of no earlier stream here")]
        );
    }
    let two = mistakes(&changed(|value| {
        value["source"] = json!("sqlserver");
        value["streams"][0]["key"] = json!(["id", "day"]);
    }));
    let several = [
        "$.streams[0].refers: a stream of SQL Server has none",
        "$.streams[1].parent.table: the key of \"bills\" is not one bigint column",
        "$.streams[1].parent: a stream of SQL Server has none",
    ];
    let mut two = two;
    two.sort();
    assert_eq!(two, several);
}

#[test]
fn neither_lines_nor_headers_are_optional() {
    for i in [0, 1] {
        let said = mistakes(&changed(|value| value["streams"][i]["optional"] = json!(true)));
        assert_eq!(said, [format!("$.streams[{i}].optional: lines and their headers are read together")]);
    }
    let alone = changed(|value| {
        value["streams"].as_array_mut().unwrap().truncate(1);
        value["streams"][0]["optional"] = json!(true);
    });
    assert!(parse(&alone).unwrap().streams[0].optional);
}

#[test]
fn nothing_is_named_twice() {
    assert_eq!(
        said("/streams/1/columns/1/name", json!("id")),
        [
            "$.streams[1].columns[1].name: \"id\" occurs twice",
            "$.streams[1].parent.column: \"bill_id\" is no column of this stream"
        ]
    );
    let said_of_table = said("/streams/1/table", json!("bills"));
    assert_eq!(said_of_table, ["$.streams[1].table: an earlier stream fills this table"]);
    let twice = said("/streams/0/keep/values", json!(["posted", "posted"]));
    assert_eq!(twice, ["$.streams[0].keep.values[1]: occurs twice"]);
}

#[test]
fn names_with_a_meaning_of_their_own_are_refused() {
    for name in ["tenant", "server", "synced_at", "source_updated_at", "run_id", "raw", "xmin", "ctid"] {
        let said = said("/streams/0/columns/4/name", json!(name));
        assert!(said[0].contains(&format!("\"{name}\" is kept for the table itself")), "{said:?}");
    }
    assert_eq!(said("/name", json!("all")), ["$.name: \"all\" means every entity"]);
    let own = mistakes(&changed(|value| value["after"] = json!(["bills"])));
    assert_eq!(own, ["$.after[0]: is the entity's own name"]);
}

#[test]
fn odoo_is_read_by_its_id_and_filtered_by_a_domain() {
    for (pointer, new) in
        [("/streams/0/key", json!(["partner_id"])), ("/streams/0/columns/0/type", json!("text"))]
    {
        let said = said(pointer, new);
        assert!(
            said.iter().any(|s| s.starts_with("$.streams[0].key: must be one bigint column")),
            "{said:?}"
        );
    }
    let renamed = changed(|value| {
        value["streams"][1]["columns"][0] =
            json!({"name": "line_id", "type": "bigint", "about": "Key", "path": ["id"]});
        value["streams"][1]["key"] = json!(["line_id"]);
    });
    assert!(parse(&renamed).is_ok());
    let filter = mistakes(&changed(|value| value["streams"][0]["filter"] = json!("state = 'posted'")));
    assert_eq!(filter, ["$.streams[0].filter: must be an Odoo domain, which is an array"]);
}

/// Every place of a value, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.into());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| places(v, &format!("{at}/{i}"), found));
        }
        Value::Object(map) => map.iter().for_each(|(k, v)| places(v, &format!("{at}/{k}"), found)),
        _ => {}
    }
}

#[test]
fn what_passes_the_rules_is_an_entity_and_what_does_not_has_a_reason() {
    let whole: Value = serde_json::from_str(SHOP).unwrap();
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    let wrong =
        [json!(null), json!(0), json!(true), json!(""), json!("x"), json!([]), json!({}), json!(["x"])];
    for (place, new) in all.iter().flat_map(|place| wrong.iter().map(move |new| (place, new))) {
        let mut value = whole.clone();
        *value.pointer_mut(place).unwrap() = new.clone();
        if let Err(error) = parse(&value.to_string()) {
            let detail = error.detail.unwrap_or_default();
            assert_ne!(error.message, "manifest is not valid", "{place} {new}: {detail}");
            assert!(detail.lines().all(|line| line.starts_with('$')), "{place} {new}: {detail}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in r#"[\[\]{}":,a-z0-9 \\]{0,60}"#) {
        let answer: Result<Entity, _> = parse(&text);
        prop_assert!(answer.is_err());
    }
}
