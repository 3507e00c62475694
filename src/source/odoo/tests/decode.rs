//! Records as columns.

use proptest::prelude::*;
use serde_json::Value;

use super::fixture::{cell, layout, page, stream};
use super::recorded;
use crate::entity::{Stream, Type};
use crate::source::cell::Cell;
use crate::source::odoo::{jsonrpc, xmlrpc};
use crate::source::{Ask, Key, Page, Scope, Values};

fn ask(after: Option<i64>, limit: usize) -> Ask {
    Ask { scope: Scope::All, after: after.map(Key::from), limit, raw: true }
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn read(stream: &Stream, records: &str) -> Page {
    page(stream, &layout(stream), &ask(None, 100), &parse(records)).unwrap()
}

/// The cell, `NULL`, or the rule that is broken.
fn one(kind: Type, json: &str) -> String {
    match cell(kind, "selection", &parse(json)) {
        Ok(Cell::Null) => "NULL".into(),
        Ok(Cell::Int(number)) => number.to_string(),
        Ok(Cell::Bool(flag)) => flag.to_string(),
        Ok(Cell::Text(text)) => text,
        Err(flaw) => format!("!{}", flaw.rule),
    }
}

fn table(kind: Type, cases: &[(&str, &str)]) {
    for (json, expected) in cases {
        assert_eq!(one(kind, json), *expected, "{kind:?} {json}");
    }
}

#[test]
fn false_is_no_value_except_for_booleans() {
    table(
        Type::Boolean,
        &[("false", "false"), ("true", "true"), ("null", "NULL"), ("0", "!type"), ("\"t\"", "!type")],
    );
    for kind in [
        Type::Text,
        Type::Date,
        Type::Timestamptz,
        Type::Bigint,
        Type::Numeric,
        Type::Jsonb,
        Type::BigintArray,
    ] {
        table(kind, &[("false", "NULL"), ("null", "NULL")]);
    }
    table(
        Type::Text,
        &[("\"\"", ""), ("\"false\"", "false"), ("true", "!type"), ("3", "3"), ("[1]", "!type")],
    );
}

#[test]
fn whole_numbers_are_whole() {
    let cases = [
        ("14", "14"),
        ("0", "0"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "!type"),
        ("14.0", "14"),
        ("-14.00", "-14"),
        ("3000000000.0", "3000000000"),
        ("1e+15", "1000000000000000"),
        ("1.5e1", "15"),
        ("1.5", "!type"),
        ("15e-1", "!type"),
        ("9007199254740992.0", "9007199254740992"),
        ("9007199254740994.0", "!type"),
        ("1e999999999999999999999", "!type"),
        ("\"14\"", "!type"),
        ("[14, \"Azure Interior\"]", "14"),
        ("[14]", "!type"),
        ("[\"14\", \"x\"]", "!type"),
    ];
    table(Type::Bigint, &cases);
}

#[test]
fn decimal_numbers_keep_their_digits() {
    let cases = [
        ("7.7700000000000005", "7.7700000000000005"),
        ("1e-05", "1e-05"),
        ("123456789012345678901234567890.12", "123456789012345678901234567890.12"),
        ("-0.0", "-0"),
        ("14.0", "14"),
        ("1e+308", "1e+308"),
        ("1e1001", "!range"),
        ("1e-99999999999999999999", "!range"),
        ("\"NaN\"", "NaN"),
        ("\"-Infinity\"", "-Infinity"),
        ("\"1\"", "!type"),
        ("[1]", "!type"),
    ];
    table(Type::Numeric, &cases);
    assert_eq!(one(Type::Numeric, &"9".repeat(1001)), "!range");
}

#[test]
fn dates_are_days_that_exist() {
    let cases = [
        ("\"1066-10-14\"", "1066-10-14"),
        ("\"202-11-20\"", "0202-11-20"),
        ("\"2026-02-30\"", "!type"),
        ("\"0000-01-01\"", "!type"),
        ("1", "!type"),
    ];
    table(Type::Date, &cases);
    let cases = [
        ("\"1899-12-31 23:59:59\"", "1899-12-31 23:59:59+00"),
        ("\"202-11-20 08:52:33\"", "0202-11-20 08:52:33+00"),
        ("\"2026-11-20 08:52:33.349431\"", "2026-11-20 08:52:33.349431+00"),
        ("\"2026-11-20\"", "!type"),
        ("\"infinity\"", "!type"),
        ("true", "!type"),
    ];
    table(Type::Timestamptz, &cases);
}

#[test]
fn lists_become_array_literals() {
    table(
        Type::BigintArray,
        &[("[]", "{}"), ("[5, 6]", "{5,6}"), ("[1.0]", "{1}"), ("[false]", "!type"), ("5", "!type")],
    );
    let texts = [
        ("[]", "{}"),
        (r#"["a", "b,c", "q\"\\", "NULL", "", null]"#, r#"{"a","b,c","q\"\\","NULL","",NULL}"#),
    ];
    table(Type::TextArray, &texts);
    table(Type::TextArray, &[("[1]", "!type"), ("{}", "!type")]);
    table(Type::Jsonb, &[(r#"{"7": 100.0}"#, r#"{"7":100.0}"#), ("[]", "[]"), ("\"a\"", "\"a\"")]);
}

#[test]
fn a_document_may_be_kept_as_text() {
    let document = parse(r#"{"7": 1e-05}"#);
    assert_eq!(cell(Type::Text, "json", &document), Ok(Cell::Text("{\"7\":1e-05}".into())));
    assert!(cell(Type::Text, "char", &document).is_err());
}

#[test]
fn rows_come_in_key_order_and_the_last_copy_wins() {
    let stream = stream("res.partner", &[("name", Type::Text)]);
    let page = read(
        &stream,
        r#"[{"id": 3, "name": "c", "write_date": false}, {"id": 1, "name": "old", "write_date": "2026-11-20 08:52:33"},
            {"id": 1, "name": "new", "write_date": "2026-11-20 08:52:34"}]"#,
    );
    assert_eq!(page.rows.keys, [Key::from(1), Key::from(3)]);
    assert_eq!(
        page.rows.columns,
        [Values::Int(vec![Some(1), Some(3)]), Values::Text(vec![Some("new".into()), Some("c".into())])]
    );
    assert_eq!(page.rows.updated_at, [Some("2026-11-20 08:52:34+00".to_string()), None]);
    assert_eq!((page.duplicates, page.last, page.more), (1, Some(3.into()), false));
    assert_eq!(parse(&page.rows.raw.unwrap()[0])["name"], "new");
}

#[test]
fn a_bad_row_is_set_aside_and_the_others_are_kept() {
    let mut stream = stream("res.partner", &[("name", Type::Text), ("amount", Type::Numeric)]);
    stream.columns[1].required = true;
    stream.columns[2].required = true;
    stream.cursor = None;
    let page = read(
        &stream,
        r#"[{"id": 1, "name": "good", "amount": 1.0}, {"id": 2, "name": false, "amount": 2.0},
            {"id": 3, "name": "secret", "amount": "much"}, {"id": 4, "name": "nul\u0000 \\u0000", "amount": 4.0},
            {"id": "5", "name": "x", "amount": 5.0}, {"name": "y", "amount": 6.0}, {"id": 7, "name": "z"}]"#,
    );
    assert_eq!(page.rows.keys, [Key::from(1)]);
    let told: Vec<_> =
        page.rejected.iter().map(|r| format!("{:?} {}: {}", r.key, r.rule, r.reason)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    None type: the id is no whole number
    None type: the id is no whole number
    Some(Key([Int(2)])) required: the column "name" has no value
    Some(Key([Int(3)])) type: the column "amount" is no number
    Some(Key([Int(4)])) nul: the field "name" holds the character U+0000, which PostgreSQL cannot store
    Some(Key([Int(7)])) type: the column "amount" was not sent
    "#);
    let nul = page.rejected.iter().find(|r| r.rule == "nul").unwrap();
    assert_eq!(parse(&nul.record)["name"], "nul\u{fffd} \\u0000");
    assert_eq!(page.last, Some(7.into()));
    assert!(page.rejected.iter().all(|r| !r.reason.contains("secret") && !r.reason.contains("much")));
}

#[test]
fn one_odd_value_hides_no_row_that_can_do_without_it() {
    let columns = [("name", Type::Text), ("due", Type::Date), ("rank", Type::Bigint), ("day", Type::Date)];
    let mut stream = stream("sale.order", &columns);
    stream.columns[4].required = true;
    let page = read(
        &stream,
        r#"[{"id": 1, "name": "a", "due": "20260-11-20", "rank": 1.5, "day": "202-11-20", "write_date": false},
            {"id": 2, "name": "b", "due": "2026-11-20", "rank": 2, "day": "2026-13-01", "write_date": false},
            {"id": "x", "name": "c", "due": false, "rank": 3, "day": "2026-11-20", "write_date": false},
            {"id": 4, "name": "d", "due": false, "rank": 4, "day": "2026-11-20", "write_date": "yesterday"}]"#,
    );
    assert_eq!(page.rows.keys, [Key::from(1)]);
    let text = |text: Option<&str>| Values::Text(vec![text.map(str::to_string)]);
    assert_eq!(page.rows.columns[1..3], [text(Some("a")), text(None)]);
    assert_eq!(page.rows.columns[3..], [Values::Int(vec![None]), text(Some("0202-11-20"))]);
    let odd: Vec<_> = page.odd.iter().map(|odd| (&odd.key, odd.column, odd.why)).collect();
    let key = Key::from(1);
    assert_eq!(odd, [(&key, 2, "is no valid date"), (&key, 3, "is no whole number of 64 bits")]);
    let rejected: Vec<_> = page.rejected.iter().map(|r| (r.rule.as_str(), r.reason.as_str())).collect();
    assert_eq!(
        rejected,
        [
            ("type", "the id is no whole number"),
            ("type", "the column \"day\" is no valid date"),
            ("type", "the field \"write_date\" is no valid date")
        ]
    );
}

#[test]
fn a_nul_is_found_in_documents_too() {
    let stream = stream("account.move.line", &[("distribution", Type::Jsonb)]);
    for document in [r#"{"a": ["\u0000"]}"#, r#"{"\u0000": 1}"#] {
        let page =
            read(&stream, &format!(r#"[{{"id": 1, "distribution": {document}, "write_date": false}}]"#));
        assert_eq!(page.rejected[0].rule, "nul");
    }
    let named = read(&stream, r#"[{"id": 1, "distribution": false, "\u0000": 1, "write_date": false}]"#);
    assert_eq!(
        named.rejected[0].reason,
        "the name of a field holds the character U+0000, which PostgreSQL cannot store"
    );
    let huge = read(&stream, r#"[{"id": 1, "distribution": {"a": 1e99999}, "write_date": false}]"#);
    assert_eq!(huge.rejected[0].rule, "range");
}

#[test]
fn a_full_page_promises_more_even_when_rows_are_rejected() {
    let stream = stream("res.partner", &[]);
    let records = parse(r#"[{"id": 1, "write_date": 5}, {"id": 2, "write_date": false}]"#);
    let of = |after, limit| page(&stream, &layout(&stream), &ask(after, limit), &records);
    let full = of(None, 2).unwrap();
    assert_eq!((full.more, full.rows.len(), full.rejected.len(), full.last), (true, 1, 1, Some(2.into())));
    assert!(!of(Some(0), 3).unwrap().more);
}

#[test]
fn a_remote_that_would_send_us_round_for_ever_is_refused() {
    let stream = stream("res.partner", &[]);
    let of = |after, records: &str| page(&stream, &layout(&stream), &ask(after, 1), &parse(records));
    assert!(of(Some(5), r#"[{"id": 5, "write_date": false}]"#).is_err());
    assert!(of(None, r#"[{"id": "x", "write_date": false}]"#).is_err());
    let asked = Ask { scope: Scope::Keys(vec![2.into(), 3.into()]), ..ask(None, 5) };
    let of_keys = |records: &str| page(&stream, &layout(&stream), &asked, &parse(records));
    assert!(of_keys(r#"[{"id": 3, "write_date": false}]"#).is_ok());
    assert!(of_keys(r#"[{"id": 3, "write_date": false}, {"id": 4, "write_date": false}]"#).is_err());
    for records in ["null", "{}", "[1]", "true"] {
        assert!(of(None, records).is_err(), "{records}");
    }
}

#[test]
fn recorded_invoices_are_the_same_over_both_protocols() {
    let kinds = [
        ("name", Type::Text),
        ("partner_id", Type::Bigint),
        ("invoice_date", Type::Date),
        ("amount_total", Type::Numeric),
        ("invoice_line_ids", Type::BigintArray),
        ("invoice_origin", Type::Text),
    ];
    let stream = stream("account.move", &kinds);
    let json =
        jsonrpc::decode(&recorded::all("17", "jsonrpc", "response")["search_read_move_page"], 1).unwrap();
    let xml = xmlrpc::decode(&recorded::all("17", "xmlrpc", "response")["search_read_move_page"]).unwrap();
    let from_json = page(&stream, &layout(&stream), &ask(None, 6), &json).unwrap();
    assert_eq!(from_json, page(&stream, &layout(&stream), &ask(None, 6), &xml).unwrap());
    assert!(from_json.more && from_json.rejected.is_empty());
    let first = |column: usize| match &from_json.rows.columns[column] {
        Values::Int(values) => values[0].map(|number| number.to_string()),
        Values::Text(values) => values[0].clone(),
        Values::Bool(_) => None,
    };
    let row: Vec<_> = (0..7).map(|column| first(column).unwrap_or("NULL".into())).collect();
    assert_eq!(row, ["1", "INV/2026/00001", "14", "2026-11-01", "36512.5", "{5,6}", "NULL"]);
    assert_eq!(from_json.rows.updated_at[0].as_deref(), Some("2026-11-20 08:54:16+00"));
}

proptest! {
    #[test]
    fn nothing_a_remote_may_send_makes_the_decoder_panic(
        id in "-?[0-9]{1,25}(\\.[0-9]{1,3})?(e[+-]?[0-9]{1,25})?",
        text in any::<String>(),
        after in any::<i64>(),
    ) {
        let id: Value = id.parse::<serde_json::Number>().map_or(Value::Null, Value::Number);
        let kinds = [Type::Bigint, Type::Numeric, Type::Text, Type::Boolean, Type::Date, Type::Timestamptz,
                     Type::Jsonb, Type::BigintArray, Type::TextArray];
        for value in [id.clone(), text.clone().into(), vec![id.clone()].into(), Value::Null] {
            for kind in kinds {
                let _ = cell(kind, "json", &value);
            }
            let stream = stream("res.partner", &[("name", Type::Text)]);
            let records = serde_json::json!([{"id": id, "name": value, "write_date": text}]);
            let _ = page(&stream, &layout(&stream), &ask(Some(after), 1), &records);
        }
    }

    #[test]
    fn a_whole_number_is_read_back_as_it_was(number in any::<i64>()) {
        prop_assert_eq!(one(Type::Bigint, &number.to_string()), number.to_string());
        let small = number >> 11;
        prop_assert_eq!(one(Type::Bigint, &format!("{small}.0")), small.to_string());
    }
}
