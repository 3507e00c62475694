use serde_json::{Value, json};

use crate::entity::admit::admit;
use crate::entity::define::{define, together};
use crate::entity::{Entity, Type, catalog, parse};
use crate::error::Kind;

fn product(stream: Value) -> String {
    let mut stream = stream;
    stream["table"] = json!("products");
    json!({"extends": "products", "streams": [stream]}).to_string()
}

fn shelf() -> Value {
    json!({"name": "shelf", "type": "text", "path": ["x_shelf"], "about": "Where it stands"})
}

fn mistakes(json: &str) -> String {
    let error = define(json).expect_err("a mistake");
    assert_eq!(error.kind, Kind::Manifest);
    format!("{}\n{}", error.message, error.detail.unwrap_or_default())
}

fn built_in(name: &str) -> &'static Entity {
    catalog::find(name, catalog::builtin()).unwrap()
}

#[test]
fn a_custom_field_is_added_to_a_built_in_entity_without_copying_it() {
    let entity = define(&product(json!({"columns": [shelf()]}))).unwrap();
    let base = built_in("products");
    let stream = &entity.streams[0];
    assert_eq!(entity.name, "products");
    assert_eq!(stream.columns.len(), base.streams[0].columns.len() + 1);
    assert_eq!(&stream.columns[..base.streams[0].columns.len()], &base.streams[0].columns[..]);
    let added = stream.columns.last().unwrap();
    assert_eq!((added.name.as_str(), added.kind, added.paths()), ("shelf", Type::Text, vec!["x_shelf"]));
    assert_eq!(&entity.streams[1..], &base.streams[1..]);
}

#[test]
fn extensions_add_up_name_by_name() {
    let column = |name: &str, path: &str| json!({"name": name, "type": "text", "path": [path], "about": "x"});
    let first = product(
        json!({"columns": [column("shelf", "x_shelf"), column("row", "x_row")], "indexes": [["shelf"]]}),
    );
    let second = product(json!({"columns": [column("row", "x_other_row"), column("box", "x_box")],
        "indexes": [["shelf"], ["box"]], "refers": {"id": "contacts"}}));
    let stream = &define(&together(&first, &second).unwrap()).unwrap().streams[0];
    let paths = |name: &str| stream.columns[stream.column(name).unwrap()].paths().join(",");
    assert_eq!([paths("shelf"), paths("row"), paths("box")], ["x_shelf", "x_other_row", "x_box"]);
    assert_eq!(stream.indexes.iter().filter(|index| **index == ["shelf"]).count(), 1);
    assert!(stream.indexes.contains(&vec!["box".to_string()]));

    let other =
        json!({"extends": "products", "streams": [{"table": "uoms", "columns": [column("more", "x_more")]}]});
    let both = define(&together(&first, &other.to_string()).unwrap()).unwrap();
    assert!(both.streams[0].column("shelf").is_some(), "another stream's addition takes nothing away");
    assert!(both.streams.iter().any(|stream| stream.column("more").is_some()));

    let whole = r#"{"name": "products"}"#;
    assert_eq!(together(&first, whole).unwrap(), whole, "a whole manifest replaces what was there");
}

#[test]
fn what_is_said_of_a_column_or_a_stream_is_replaced_and_lists_grow() {
    let entity = define(&product(json!({
        "object": "x.product",
        "filter": [["sale_ok", "=", true]],
        "indexes": [["barcode"], ["name", "id"]],
        "refers": {"id": "contacts"},
        "columns": [{"name": "name", "path": ["x_name"]}],
    })))
    .unwrap();
    let (stream, base) = (&entity.streams[0], &built_in("products").streams[0]);
    assert_eq!(stream.object, "x.product");
    assert_eq!(stream.filter, Some(json!([["sale_ok", "=", true]])));
    assert_eq!(stream.columns[stream.column("name").unwrap()].paths(), ["x_name"]);
    assert_eq!(stream.columns.len(), base.columns.len());
    assert_eq!(stream.refers.len(), base.refers.len() + 1);
    assert!(base.indexes.contains(&vec!["barcode".into()]), "an index that is there is not added twice");
    assert_eq!(stream.indexes.len(), base.indexes.len() + 1);
}

#[test]
fn a_mistake_of_an_extension_has_its_place_in_what_the_user_wrote() {
    let json = product(json!({
        "indexes": [["barcode"], ["shelve"]],
        "columns": [{"name": "shelf", "type": "text", "scale": 2}, {"name": "row"}],
    }));
    insta::assert_snapshot!(mistakes(&json), @r#"
    manifest "products" has 3 mistakes
    $.streams[0].columns[1].type: is missing
    $.streams[0].columns[0].scale: only a numeric column has one
    $.streams[0].indexes[1][0]: "shelve" is no column of this stream
    "#);
}

#[test]
fn an_extension_of_nothing_or_of_a_table_that_is_not_there_says_what_there_is() {
    let nothing = json!({"extends": "product", "streams": [{"table": "products"}]}).to_string();
    assert!(
        mistakes(&nothing)
            .contains("$.extends: \"product\" is no built-in entity; they are categories, products")
    );
    let table = json!({"extends": "products", "streams": [{"table": "product"}]}).to_string();
    assert!(
        mistakes(&table).contains("$.streams[0].table: products has no such table; it fills products, uoms")
    );
    let word = json!({"extends": "products", "stream": []}).to_string();
    assert!(mistakes(&word).contains("$.stream: is unknown, did you mean \"streams\"?"));
}

#[test]
fn a_whole_manifest_is_read_as_ever() {
    let json = serde_json::to_string(built_in("contacts")).unwrap();
    assert_eq!(define(&json).unwrap(), parse(&json).unwrap());
}

fn leads(change: impl Fn(&mut Value)) -> Entity {
    let mut value = json!({
        "name": "leads", "about": "Leads", "source": "odoo", "after": ["contacts"],
        "streams": [{
            "table": "leads", "about": "Leads", "object": "crm.lead", "key": ["id"], "cursor": "write_date",
            "refers": {"partner_id": "contacts"},
            "columns": [
                {"name": "id", "type": "bigint", "about": "Key"},
                {"name": "partner_id", "type": "bigint", "about": "Who"},
            ],
        }],
    });
    change(&mut value);
    parse(&value.to_string()).unwrap()
}

#[test]
fn an_entity_that_fits_is_admitted_and_may_replace_the_one_of_its_name() {
    admit(&leads(|_| ()), catalog::builtin()).unwrap();
    admit(&leads(|_| ()), &[leads(|_| ()), built_in("contacts").clone()]).unwrap();
}

#[test]
fn what_another_entity_has_already_and_what_is_not_there_is_said_at_once() {
    let entity = leads(|value| {
        value["name"] = json!("partners");
        value["aliases"] = json!(["bills", "invoices"]);
        value["after"] = json!(["contact"]);
        value["streams"][0]["table"] = json!("contacts");
        value["streams"][0]["refers"]["partner_id"] = json!("persons");
    });
    let error = admit(&entity, catalog::builtin()).unwrap_err();
    assert_eq!(error.kind, Kind::Manifest);
    insta::assert_snapshot!(error.detail.unwrap(), @r#"
    $.name: entity "contacts" is called "partners" already
    $.aliases[0]: entity "invoices" is called "bills" already
    $.aliases[1]: entity "invoices" is called "invoices" already
    $.after[0]: there is no entity "contact", did you mean "contacts"?
    $.streams[0].table: "contacts" is filled by entity "contacts"
    $.streams[0].refers.partner_id: no entity fills a table "persons"; there are categories, products, uoms, reorder_rules, contacts, companies, currencies, users, sales_teams, journals, payment_terms, countries, accounts, taxes, fiscal_positions, attributes, attribute_values, template_attribute_values, warehouses, locations, picking_types, departments, employees, sale_orders, sale_order_lines, purchase_orders, purchase_order_lines, pickings, stock_moves, stock_quants, productions, scraps, invoices, invoice_lines, payments, pos_sales
    "#);
}

#[test]
fn an_entity_that_waits_for_itself_is_refused() {
    let mut contacts = built_in("contacts").clone();
    contacts.after = vec!["leads".into()];
    let error = admit(&leads(|_| ()), &[contacts]).unwrap_err();
    assert!(error.message.ends_with("comes after itself"), "{}", error.message);
}
