//! Which columns are read, and which ones a stream cannot do without.

use serde_json::json;

use super::fixture::{column, remote, stream};
use crate::entity::{Keep, Parent, Stream, Type};
use crate::error::{Error, Kind};
use crate::source::odoo::layout::{Fields, fields, of};
use crate::source::odoo::settings::Settings;
use crate::source::{Field, Layout};

fn known() -> Fields {
    let types = [
        ("id", "integer"),
        ("write_date", "datetime"),
        ("create_date", "date"),
        ("name", "char"),
        ("mobile", "char"),
        ("partner_id", "many2one"),
        ("tag_ids", "many2many"),
        ("state", "selection"),
        ("amount", "monetary"),
        ("quantity", "float"),
        ("active", "boolean"),
        ("distribution", "json"),
        ("props", "properties"),
        ("picture", "binary"),
    ];
    types.map(|(name, kind)| (name.to_string(), kind.to_string())).into()
}

fn plan(stream: &Stream) -> Result<Layout, Error> {
    of(&Settings::new(remote("https://erp.example.com")).unwrap(), stream, &known())
}

#[test]
fn the_answer_of_fields_get_becomes_names_and_types() {
    let answer = json!({"name": {"store": true, "type": "char"}, "child_ids": {"relation": "res.partner", "type": "one2many"}});
    let found = fields(&answer).unwrap();
    assert_eq!(
        found,
        Fields::from([("name".into(), "char".into()), ("child_ids".into(), "one2many".into())])
    );
    assert!(fields(&json!([])).is_none() && fields(&json!({"name": {}})).is_none());
}

#[test]
fn the_first_path_that_exists_is_read() {
    let mut stream = stream("res.partner", &[("phone", Type::Text)]);
    stream.columns[1].path = vec!["phone".into(), "mobile".into(), "name".into()];
    let layout = plan(&stream).unwrap();
    assert_eq!(layout.columns[1], Field { column: 1, path: "mobile".into(), remote_type: "char".into() });
    assert!(layout.left_out.is_empty());
}

#[test]
fn a_column_that_cannot_be_read_is_left_out_with_the_reason() {
    let columns =
        [("no_such", Type::Text), ("partner_id", Type::Text), ("picture", Type::Text), ("name", Type::Text)];
    let mut stream = stream("res.partner", &columns);
    stream.columns[1].path = vec!["no_such".into(), "nor_this".into()];
    let layout = plan(&stream).unwrap();
    let names: Vec<&str> = layout.columns.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(names, ["id", "name"]);
    let reasons = layout.left_out.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>();
    assert_eq!(
        reasons,
        [
            "no_such: no field \"no_such\" or \"nor_this\" that the user may read",
            "partner_id: field \"partner_id\" is of type many2one, which is no text",
            "picture: field \"picture\" is of type binary, which is no text",
        ]
    );
}

#[test]
fn each_type_takes_what_it_can_hold() {
    let good = [
        ("partner_id", Type::Bigint),
        ("id", Type::Numeric),
        ("amount", Type::Numeric),
        ("quantity", Type::Numeric),
        ("state", Type::Text),
        ("distribution", Type::Text),
        ("distribution", Type::Jsonb),
        ("props", Type::Jsonb),
        ("tag_ids", Type::BigintArray),
        ("active", Type::Boolean),
        ("create_date", Type::Date),
        ("write_date", Type::Timestamptz),
        // What was of another type once.
        ("amount", Type::Bigint),
        ("amount", Type::Text),
        ("id", Type::Text),
        ("create_date", Type::Text),
        ("create_date", Type::Timestamptz),
    ];
    assert!(plan(&stream("res.partner", &good)).unwrap().left_out.is_empty());
    let bad = [
        ("name", Type::Numeric),
        ("active", Type::Text),
        ("write_date", Type::Date),
        ("tag_ids", Type::Bigint),
        ("partner_id", Type::BigintArray),
        ("name", Type::Jsonb),
        ("state", Type::Boolean),
    ];
    assert_eq!(plan(&stream("res.partner", &bad)).unwrap().left_out.len(), bad.len());
}

#[test]
fn a_needed_column_must_be_readable() {
    let ready = || stream("sale.order.line", &[("absent", Type::Text)]);
    let changes: [fn(&mut Stream); 3] = [
        |s| s.columns[1].required = true,
        |s| s.keep = Some(Keep { column: "absent".into(), values: vec!["sale".into()] }),
        |s| s.parent = Some(Parent { table: "sale_orders".into(), column: "absent".into() }),
    ];
    assert!(plan(&ready()).is_ok());
    for change in changes {
        let mut stream = ready();
        change(&mut stream);
        let error = plan(&stream).unwrap_err();
        assert_eq!(error.kind, Kind::NoField);
        assert_eq!(
            error.message,
            "\"odoo_main\", object \"sale.order.line\": the column \"absent\" cannot be read"
        );
    }
}

#[test]
fn the_cursor_must_be_a_moment() {
    let mut stream = stream("stock.quant", &[]);
    for cursor in ["changed_at", "name"] {
        stream.cursor = Some(cursor.into());
        assert_eq!(plan(&stream).unwrap_err().kind, Kind::NoField, "{cursor}");
    }
    stream.cursor = None;
    plan(&stream).unwrap();
}

#[test]
fn the_key_must_be_the_id() {
    let mut stream = stream("res.partner", &[("name", Type::Text)]);
    for key in [vec![], vec!["name"], vec!["id", "name"], vec!["absent"]] {
        stream.key = key.into_iter().map(String::from).collect();
        assert_eq!(plan(&stream).unwrap_err().kind, Kind::Manifest, "{:?}", stream.key);
    }
    stream.columns[0] = column("odoo_id", Type::Bigint);
    stream.columns[0].path = vec!["id".into()];
    stream.key = vec!["odoo_id".into()];
    plan(&stream).unwrap();
}
