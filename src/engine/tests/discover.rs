//! What `sync_discover()` shows, and that its manifest is one.

use super::double::Double;
use super::house::*;
use crate::engine::{Discovered, discover};
use crate::entity::{Type, parse};
use crate::error::{Error, Kind, Result};
use crate::source::Described;

fn field(name: &str, column: Option<Type>) -> Described {
    Described {
        name: name.into(),
        label: if name == "id" { String::new() } else { format!("The {name}") },
        remote_type: "char".into(),
        column,
        scale: (column == Some(Type::Numeric)).then_some(6),
        is_key: name == "id",
        is_cursor: name == "write_date",
        note: None,
        is_of_screens: name.starts_with("message_"),
    }
}

fn house() -> House {
    let house = House::with_contacts(3);
    house.world().put("crm.lead", 1, &[]);
    house.world().described = vec![
        field("id", Some(Type::Bigint)),
        field("Full Name", Some(Type::Text)),
        field("run_id", Some(Type::Bigint)),
        field("price", Some(Type::Numeric)),
        field("image", None),
        field("write_date", Some(Type::Timestamptz)),
    ];
    house
}

fn found(house: &House, object: Option<&str>) -> Result<Vec<Discovered>> {
    on_paused_clock(discover(&mut Double(house.remote.clone()), "main", "odoo", object))
}

#[test]
fn a_server_shows_its_objects_with_their_rows() {
    let found = found(&house(), None).unwrap();
    let lines: Vec<_> = found.iter().map(|d| (d.object.as_str(), d.kind.as_str(), d.rows)).collect();
    assert_eq!(lines, [("crm.lead", "model", Some(1)), (PARTNER, "model", Some(3))]);
}

#[test]
fn an_object_whose_rows_cannot_be_counted_is_shown_without_a_number() {
    let house = house();
    house.world().broken.insert("crm.lead".into(), Error::new(Kind::Forbidden, "no"));
    assert_eq!(found(&house, None).unwrap()[0].rows, None);
    house.world().broken.insert("crm.lead".into(), Error::new(Kind::Unreachable, "down"));
    assert_eq!(found(&house, None).unwrap_err().kind, Kind::Unreachable);
}

#[test]
fn a_draft_leaves_out_what_is_private_and_names_it() {
    let house = house();
    house.world().described.extend([
        field("birthday", Some(Type::Date)),
        field("message_ids", None),
        field("message_main_attachment_id", Some(Type::Bigint)),
        field("shipping", Some(Type::Text)),
        field("password", Some(Type::Text)),
        field("pin", None),
    ]);
    let found = found(&house, Some("crm.lead")).unwrap();
    let entity = parse(&found[0].manifest.as_ref().unwrap().to_string()).unwrap();
    let columns: Vec<_> = entity.streams[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["id", "full_name", "run_id_", "price", "shipping"]);
    assert!(entity.about.ends_with("; left out as private: birthday, password"), "{}", entity.about);
    let birthday = found.iter().find(|line| line.field.as_deref() == Some("birthday")).unwrap();
    assert!(birthday.column.is_some(), "who wants it may still add it");
}

#[test]
fn an_object_shows_its_fields_and_a_manifest_that_is_valid_as_it_stands() {
    let found = found(&house(), Some("crm.lead")).unwrap();
    assert_eq!((found[0].field.as_deref(), found[0].rows), (None, Some(1)));
    let fields: Vec<_> =
        found[1..].iter().map(|d| (d.field.as_deref().unwrap(), d.column_type.as_deref())).collect();
    assert_eq!(fields[4..], [("image", None), ("write_date", Some("timestamptz"))]);
    let json = found[0].manifest.as_ref().unwrap().to_string();
    let entity = parse(&json).unwrap();
    let stream = &entity.streams[0];
    assert_eq!((entity.name.as_str(), stream.object.as_str()), ("crm_lead", "crm.lead"));
    assert_eq!((&stream.key[..], stream.cursor.as_deref()), (&["id".to_string()][..], Some("write_date")));
    let columns: Vec<_> =
        stream.columns.iter().map(|c| (c.name.as_str(), c.paths()[0], c.about.as_str(), c.scale)).collect();
    assert_eq!(
        columns,
        [
            ("id", "id", "id", None),
            ("full_name", "Full Name", "The Full Name", None),
            ("run_id_", "run_id", "The run_id", None),
            ("price", "price", "The price", Some(6)),
        ]
    );
}

#[test]
fn two_columns_never_share_a_name() {
    let house = house();
    let long = "Betrag in der Währung des Mandanten, ohne Steuer und ohne Fracht ";
    let names =
        ["ID", "id_2", "Preis €", "Preis %", "Цена", "tenant", &format!("{long}1"), &format!("{long}2")];
    house.world().described.extend(names.map(|name| field(name, Some(Type::Text))));
    let found = found(&house, Some("crm.lead")).unwrap();
    let entity = parse(&found[0].manifest.as_ref().unwrap().to_string()).unwrap();
    let columns: Vec<_> = entity.streams[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        columns[..10],
        ["id", "full_name", "run_id_", "price", "id_2", "id_2_2", "preis", "preis_2", "цена", "tenant_"]
    );
    assert!(columns[10].starts_with("betrag_in_der_währung_des_mandanten") && columns[10] != columns[11]);
    assert!(columns.iter().all(|name| name.len() <= 63));
    let offered: Vec<_> =
        found[1..].iter().filter_map(|line| line.column.as_ref()?["name"].as_str()).collect();
    assert!(
        columns.iter().all(|name| offered.contains(name)),
        "the offer of a column has its name in the draft"
    );
}

#[test]
fn two_objects_never_share_a_name_and_none_takes_a_built_in_one() {
    let house = house();
    let name = |object: &str| {
        let found = found(&house, Some(object)).unwrap();
        found[0].manifest.as_ref().unwrap()["streams"][0]["table"].as_str().unwrap().to_string()
    };
    assert_eq!(name("crm.lead"), "crm_lead");
    house.world().put("crm_lead", 1, &[]);
    house.world().put("sale orders", 1, &[]);
    let (one, other) = (name("crm.lead"), name("crm_lead"));
    assert!(one != other && one.starts_with("crm_lead_") && other.starts_with("crm_lead_"), "{one}, {other}");
    assert_eq!(name("crm.lead"), one, "the same each time");
    assert!(name("sale orders").starts_with("sale_orders_") && name("sales").starts_with("sales_"));
}

#[test]
fn a_draft_says_how_its_key_and_cursor_were_found_and_keeps_a_guess() {
    let house = house();
    let note = |field: Described, note: &str| Described { note: Some(note.into()), ..field };
    house.world().described = vec![
        note(field("id", Some(Type::Bigint)), "a unique index"),
        note(field("write_date", Some(Type::Timestamptz)), "guessed by its name"),
    ];
    let found = found(&house, Some("crm.lead")).unwrap();
    let entity = parse(&found[0].manifest.as_ref().unwrap().to_string()).unwrap();
    assert!(
        entity.about.ends_with("; key: id (a unique index); cursor: write_date (guessed by its name)"),
        "{}",
        entity.about
    );
    assert!(entity.streams[0].columns.iter().any(|column| column.name == "write_date"));
    assert_eq!(found[2].label, "The write_date (guessed by its name)");
}
