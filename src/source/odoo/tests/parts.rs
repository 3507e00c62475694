//! A result that is taken apart while it arrives is the one that a whole answer holds, in whatever pieces it
//! comes; and nothing a remote sends is kept beyond what is allowed.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::damaged::{JSON, JSON2, XML, damaged};
use super::fixture::{layout, stream};
use crate::entity::Type;
use crate::source::odoo::parts::{Allowance, Counted, ENVELOPE, Halt, Long, Shape};
use crate::source::odoo::reading::Reading;
use crate::source::odoo::records::Records;
use crate::source::odoo::rpc::Trouble;
use crate::source::odoo::settings::Protocol;
use crate::source::odoo::{jsonrpc, raw, xmlrpc};

const ALL: Allowance = Allowance { answer: None, part: 1_000_000, parts: 100_000 };

/// The parts of an answer that comes in pieces of `size` bytes, and what it is as a whole.
fn taken(
    protocol: Protocol,
    body: &[u8],
    size: usize,
    allowance: Allowance,
) -> Result<(Vec<String>, Shape), Halt> {
    let mut found = Vec::new();
    let mut part = |json: &str| {
        found.push(json.to_string());
        Ok(())
    };
    let mut reading = Reading::new(protocol, 1, Counted::new(&mut part, allowance));
    let _ = body.chunks(size.max(1)).try_for_each(|piece| reading.take(piece));
    let shape = reading.finish()?;
    Ok((found, shape))
}

/// The same from the tree of the whole answer.
fn expected(protocol: Protocol, body: &[u8]) -> Result<Value, Trouble> {
    match protocol {
        Protocol::Json2 => jsonrpc::parse(body),
        Protocol::JsonRpc => jsonrpc::decode(body, 1),
        Protocol::XmlRpc => xmlrpc::decode(body),
    }
}

/// Puts parts together again.
fn whole(parts: &[String], shape: Shape) -> Option<Value> {
    let parts: Vec<Value> =
        parts.iter().map(|json| serde_json::from_str(json)).collect::<Result<_, _>>().ok()?;
    match shape {
        Shape::List => Some(Value::Array(parts)),
        Shape::Structure => {
            let members = parts.into_iter().filter_map(|part| part.as_object().cloned()).flatten();
            Some(Value::Object(members.collect()))
        }
        Shape::Other => None,
    }
}

fn agrees(protocol: Protocol, body: &[u8], size: usize) -> Result<(), TestCaseError> {
    let (taken, tree) = (taken(protocol, body, size, ALL), expected(protocol, body));
    match (taken, tree) {
        (Ok((parts, shape)), Ok(tree)) => match whole(&parts, shape) {
            Some(value) => prop_assert_eq!(value, tree),
            None => prop_assert!(shape == Shape::Other && !tree.is_array() && !tree.is_object(), "{}", tree),
        },
        // A part that is no JSON is found by whoever takes it.
        (Ok((parts, shape)), Err(trouble)) => {
            let is_broken = parts.iter().any(|part| serde_json::from_str::<Value>(part).is_err());
            prop_assert!(is_broken, "{:?} {:?} {:?}", parts, shape, trouble)
        }
        (Err(Halt::Trouble(Trouble::Fault(fault))), Err(tree)) => {
            prop_assert_eq!(Trouble::Fault(fault), tree)
        }
        (Err(Halt::Trouble(_)), Err(_)) => {}
        (Err(halt), tree) => prop_assert!(
            matches!(halt, Halt::Trouble(Trouble::Garbage(ref why)) if why == "two results"),
            "{:?} {:?}",
            halt,
            tree
        ),
    }
    Ok(())
}

fn value() -> impl Strategy<Value = Value> {
    let text = "[ -~\u{a0}-\u{d7ff}\u{10000}-\u{10ffff}\t\r\n]{0,12}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(text, inner, 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn rpc(result: &str) -> Vec<u8> {
    format!("{{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {result}}}").into_bytes()
}

fn xml(value: &str) -> Vec<u8> {
    format!("<?xml version='1.0'?><methodResponse><params><param>{value}</param></params></methodResponse>")
        .into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_parts_are_those_of_the_whole_answer(value in value(), size in 1usize..40) {
        agrees(Protocol::Json2, value.to_string().as_bytes(), size)?;
        agrees(Protocol::JsonRpc, &rpc(&value.to_string()), size)?;
        let spread = serde_json::to_string_pretty(&json!({"result": value, "id": 1})).unwrap();
        agrees(Protocol::JsonRpc, spread.as_bytes(), size)?;
        let mut text = String::new();
        xmlrpc::value(&mut text, &value).unwrap();
        agrees(Protocol::XmlRpc, &xml(&text), size)?;
    }

    #[test]
    fn a_damaged_json_answer_means_the_same_in_pieces(body in damaged(&JSON), size in 1usize..200) {
        agrees(Protocol::JsonRpc, &body, size)?;
        agrees(Protocol::Json2, &body, size)?;
    }

    #[test]
    fn a_damaged_json_2_answer_means_the_same_in_pieces(body in damaged(&JSON2), size in 1usize..200) {
        agrees(Protocol::Json2, &body, size)?;
    }

    #[test]
    fn a_damaged_xml_answer_means_the_same_in_pieces(body in damaged(&XML), size in 1usize..200) {
        agrees(Protocol::XmlRpc, &body, size)?;
    }

    #[test]
    fn a_string_is_read_as_serde_reads_it(inner in "([a\"é]|\\\\[\"\\\\/bfnrtux]|\\\\u(0000|00e4|d83d|de00|D83D|DE00|12)){0,6}") {
        let text = format!("\"{inner}\"");
        let expected = serde_json::from_str::<String>(&text).ok();
        // One with a bare quote in it is no string, and never comes here.
        prop_assume!(raw::value(&text).is_ok());
        prop_assert_eq!(raw::string(&text), expected);
    }

    #[test]
    fn a_compact_document_means_the_same(value in value()) {
        let spread = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(raw::compact(&spread), value.to_string());
    }
}

#[test]
fn a_byte_between_parts_that_json_does_not_allow_is_found() {
    for (protocol, body) in [
        (Protocol::Json2, b"[1,\x0c1]".to_vec()),
        (Protocol::Json2, b"[\x0c]".to_vec()),
        (Protocol::JsonRpc, rpc("[1,\u{c}1]")),
    ] {
        assert!(expected(protocol, &body).is_err());
        agrees(protocol, &body, 1000).unwrap();
    }
}

#[test]
fn one_row_more_than_was_asked_for_is_one_too_many() {
    let two = Allowance { parts: 2, ..ALL };
    let xml_row = "<value><int>1</int></value>";
    let rows = |count: usize| format!("<value><array><data>{}</data></array></value>", xml_row.repeat(count));
    for (protocol, two_rows, three_rows) in [
        (Protocol::JsonRpc, rpc("[1, 1]"), rpc("[1, 1, 1]")),
        (Protocol::Json2, b"[1, 1]".to_vec(), b"[1, 1, 1]".to_vec()),
        (Protocol::XmlRpc, xml(&rows(2)), xml(&rows(3))),
    ] {
        for size in [1, 1000] {
            let both = (vec!["1".to_string(), "1".to_string()], Shape::List);
            assert_eq!(taken(protocol, &two_rows, size, two), Ok(both));
            assert_eq!(taken(protocol, &three_rows, size, two), Err(Halt::TooMany(2)));
        }
    }
}

#[test]
fn what_is_kept_of_an_answer_is_bounded() {
    let small = Allowance { part: 100, ..ALL };
    let long = "x".repeat(101);
    let record = Err(Halt::TooLong(Long::Record, 100));
    assert_eq!(taken(Protocol::JsonRpc, &rpc(&format!("[\"{long}\"]")), 64, small), record);
    assert_eq!(
        taken(Protocol::XmlRpc, &xml(&format!("<value><array><data><value>{long}")), 64, small),
        record
    );
    // Longer as JSON than as XML.
    let bells = format!("<value><array><data><value>{}</value>", "\u{7}".repeat(20));
    assert_eq!(taken(Protocol::XmlRpc, &xml(&bells), 64, small), record);
    let frame = Err(Halt::TooLong(Long::Frame, ENVELOPE));
    let long = "x".repeat(ENVELOPE);
    assert_eq!(taken(Protocol::JsonRpc, &rpc(&format!("\"{long}")), 4096, small), frame);
    assert_eq!(taken(Protocol::XmlRpc, &xml(&format!("<value>{long}")), 4096, small), frame);
    let garbage = taken(Protocol::JsonRpc, format!("<html>{long}").as_bytes(), 4096, small);
    assert!(matches!(garbage, Err(Halt::Trouble(Trouble::Garbage(_)))), "{garbage:?}");
}

/// What a page is made of that holds these records, of which five are asked for.
fn page(records: &str, most: usize) -> Result<usize, Halt> {
    let stream = stream(
        "account.move",
        &[("name", Type::Text), ("line_ids", Type::BigintArray), ("doc", Type::Jsonb)],
    );
    let layout = layout(&stream);
    let mut rows = Records::new(&stream, &layout, false, most);
    let allowance = Allowance { part: most, parts: 5, answer: None };
    let mut reading = Reading::new(Protocol::JsonRpc, 1, Counted::new(&mut rows, allowance));
    let _ = rpc(records).chunks(1000).try_for_each(|piece| reading.take(piece));
    reading.finish()?;
    let ask = crate::source::Ask { scope: crate::source::Scope::All, after: None, limit: 5, raw: false };
    Ok(rows.page(&ask).map_err(Trouble::Garbage)?.rejected.len())
}

static DEEP: LazyLock<String> = LazyLock::new(|| "[".repeat(3_000_000) + &"]".repeat(3_000_000));

#[test]
fn three_million_levels_are_an_error_wherever_they_lie() {
    for records in [
        format!(r#"[{{"id": 1, "name": {}}}]"#, *DEEP),
        format!(r#"[{{"id": 1, "line_ids": {}}}]"#, *DEEP),
        format!(r#"[{{"id": 1, "doc": {}}}]"#, *DEEP),
        format!(r#"[{{"id": 1, "other": {}}}]"#, *DEEP),
    ] {
        assert!(matches!(page(&records, 32_000_000), Err(Halt::Trouble(Trouble::Garbage(_)))));
    }
    let open = format!(r#"[{{"id": 1, "name": {}"#, "[".repeat(3_000_000));
    assert!(page(&open, 32_000_000).is_err());
    assert!(page(&DEEP, 32_000_000).is_err());
    let xml = xml(&format!("<value><array><data>{}", "<value><array><data>".repeat(1_000_000)));
    assert!(taken(Protocol::XmlRpc, &xml, 4096, ALL).is_err());
}

#[test]
fn a_record_of_a_million_fields_or_ids_is_bounded() {
    let fields: Vec<String> = (0..1_000_000).map(|number| format!("\"f{number}\":0")).collect();
    assert_eq!(page(&format!("[{{\"id\":1,{}}}]", fields.join(",")), 32_000_000), Ok(1));
    let ids: Vec<String> = (0..1_000_000).map(|id| id.to_string()).collect();
    let record =
        format!(r#"[{{"id":1,"name":"a","write_date":false,"doc":false,"line_ids":[{}]}}]"#, ids.join(","));
    assert_eq!(page(&record, 32_000_000), Ok(0));
    assert_eq!(page(&record, 4_000_000), Err(Halt::TooLong(Long::Record, 4_000_000)));
    // Its items cost more than their text.
    assert_eq!(page(&record, 20_000_000), Err(Halt::TooLong(Long::Page, 20_000_000)));
}

#[test]
fn a_page_of_records_that_are_long_together_is_too_long() {
    let record = |id: usize| format!(r#"{{"id":{id},"name":"{}"}}"#, "x".repeat(400));
    let records: Vec<String> = (0..5).map(record).collect();
    let records = format!("[{}]", records.join(","));
    assert!(page(&records, 3_000).is_ok());
    assert_eq!(page(&records, 1_000), Err(Halt::TooLong(Long::Page, 1_000)));
}
