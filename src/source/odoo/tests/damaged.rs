//! Damaged answers. These stand in for fuzz targets, which need a nightly compiler: the recorded answers of 17, 18
//! and 19 are the corpus, and each round cuts, overwrites, repeats and mixes them. Whatever comes out is a value
//! or an error of ours that a person can read.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::fixture::{CANARY, layout, page, remote, stream};
use super::recorded;
use crate::entity::{Stream, Type};
use crate::error::Kind;
use crate::source::http::Answer;
use crate::source::odoo::fault::{Asked, Fault};
use crate::source::odoo::json2::refusal;
use crate::source::odoo::rpc::{Reply, Rpc, Trouble};
use crate::source::odoo::settings::Settings;
use crate::source::odoo::version::major;
use crate::source::odoo::{jsonrpc, layout as fields, xmlrpc};
use crate::source::{Ask, Key, Page, Scope, Values};

/// What a damage is made of.
#[derive(Clone, Debug)]
enum Damage {
    Cut(Index),
    Overwrite(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    Repeat(Index, Index),
}

/// What has a meaning to one of the readers.
const TOKENS: &[&str] = &[
    "<value>",
    "</value>",
    "<nil/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "<?x",
    "<!DOCTYPE x [",
    "&#0;",
    "&#x110000;",
    "&lol;",
    "<array><data>",
    "<double>nan</double>",
    "NaN",
    "-Infinity",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "[",
    "]",
    "}",
    ":",
    ",",
    "null",
    "false",
    "1e999999999",
    "-",
    "\"error\":",
    "\"result\":",
    "\u{0}",
    "\u{feff}",
];

fn damage() -> impl Strategy<Value = Damage> {
    let token = prop::sample::select(TOKENS).prop_map(|token| token.as_bytes().to_vec());
    let bytes = prop_oneof![3 => token, 1 => prop::collection::vec(any::<u8>(), 1..5)];
    prop_oneof![
        1 => any::<Index>().prop_map(Damage::Cut),
        3 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        4 => (any::<Index>(), bytes).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        3 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Remove(from, to)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

impl Damage {
    fn apply(&self, body: &mut Vec<u8>) {
        let place = |index: &Index| index.index(body.len() + 1);
        let range = |from: &Index, to: &Index| place(from).min(place(to))..place(from).max(place(to));
        match self {
            Damage::Cut(at) => body.truncate(place(at)),
            Damage::Overwrite(at, byte) => {
                let at = place(at);
                body.splice(at..(at + 1).min(body.len()), [*byte]);
            }
            Damage::Insert(at, bytes) => {
                let at = place(at);
                body.splice(at..at, bytes.iter().copied());
            }
            Damage::Remove(from, to) => drop(body.drain(range(from, to))),
            Damage::Repeat(from, to) => {
                let range = range(from, to);
                let (at, piece) = (range.end, body[range].to_vec());
                body.splice(at..at, piece);
            }
        }
    }
}

/// The recorded answers of a protocol, without the very long ones: most of their bytes say the same.
fn corpus(protocol: &str) -> Vec<Vec<u8>> {
    let versions = if protocol == "json2" { &["19"][..] } else { &["17", "18", "19"] };
    let all = versions.iter().flat_map(|version| recorded::all(version, protocol, "response").into_values());
    all.filter(|body| body.len() < 20_000).collect()
}

/// An answer that may be damaged a few times.
pub(super) fn damaged(corpus: &'static LazyLock<Vec<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), prop::collection::vec(damage(), 0..4)).prop_map(|(sample, damages)| {
        let mut body = sample.get(corpus).clone();
        damages.iter().for_each(|damage| damage.apply(&mut body));
        body
    })
}

pub(super) static JSON: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| corpus("jsonrpc"));
pub(super) static XML: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| corpus("xmlrpc"));
pub(super) static JSON2: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| corpus("json2"));

const ASKED: Asked<'static> = Asked { object: "res.partner", method: "search_read" };

fn settings() -> Settings {
    Settings::new(remote("https://erp.example.com")).unwrap()
}

/// What a run makes of it: a value that goes through every further reader, or an error for a person.
fn holds(body: &[u8], decoded: Result<Value, Trouble>) -> Result<(), TestCaseError> {
    let answer = Answer { status: 200, body: body.to_vec(), ..Answer::default() };
    match Rpc::new(settings()).reply(answer, decoded, ASKED) {
        Ok(Reply { value, .. }) => {
            let _ = fields::fields(&value);
            is_booked(&value)
        }
        Err(error) => {
            prop_assert!(error.kind != Kind::Internal, "{error:?}");
            prop_assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error:?}");
            let told =
                [Some(error.message), error.detail, error.hint].map(Option::unwrap_or_default).join("\n");
            prop_assert!(!told.contains(CANARY) && told.len() < 2000, "{told}");
            Ok(())
        }
    }
}

/// A column of every type, from fields that the recorded records have.
fn all_types() -> Stream {
    let columns = [
        ("name", Type::Text),
        ("partner_id", Type::Bigint),
        ("amount_total", Type::Numeric),
        ("invoice_date", Type::Date),
        ("create_date", Type::Timestamptz),
        ("active", Type::Boolean),
        ("line_ids", Type::BigintArray),
        ("names", Type::TextArray),
        ("document", Type::Jsonb),
    ];
    stream("account.move", &columns)
}

/// Every record of a page is a row, rejected or a duplicate, and all columns are of one length.
fn is_booked(records: &Value) -> Result<(), TestCaseError> {
    let stream = all_types();
    let ask = Ask { scope: Scope::All, after: None, limit: 3, raw: true };
    let mut layout = layout(&stream);
    // Of a recorded record some columns are missing; read with fewer it may give rows.
    for columns in (1..=layout.columns.len()).rev() {
        layout.columns.truncate(columns);
        let Ok(page) = page(&stream, &layout, &ask, records) else { continue };
        let Page { rows, rejected, duplicates, .. } = page;
        let sent = records.as_array().map_or(0, Vec::len);
        prop_assert_eq!(rows.len() + rejected.len() + duplicates as usize, sent);
        prop_assert!(rows.columns.iter().all(|column| length(column) == rows.len()));
        prop_assert_eq!(rows.updated_at.len(), rows.len());
        prop_assert!(rows.keys.is_sorted_by(|one, other: &Key| one < other));
        let texts = rows.raw.iter().flatten().chain(rejected.iter().map(|rejected| &rejected.record));
        for text in texts {
            let record: Result<Value, _> = serde_json::from_str(text);
            prop_assert!(record.is_ok_and(|record| !holds_nul(&record)), "{text}");
        }
    }
    Ok(())
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

fn length(column: &Values) -> usize {
    match column {
        Values::Int(values) => values.len(),
        Values::Bool(values) => values.len(),
        Values::Text(values) => values.len(),
    }
}

/// Any JSON, with what Odoo writes among it.
fn value() -> impl Strategy<Value = Value> {
    let number = "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,20})?(e[+-]?[0-9]{1,20})?";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        number.prop_map(|text| serde_json::from_str(&text).unwrap_or_default()),
        any::<String>().prop_map(Value::from),
        "[a\\\\\0u]{0,5}".prop_map(Value::from),
        "[0-9]{4}-[0-1][0-9]-[0-3][0-9]( [0-2][0-9]:[0-5][0-9]:[0-6][0-9])?".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Records with any values in the fields that are read.
fn record() -> impl Strategy<Value = Value> {
    let names = all_types().columns.into_iter().map(|column| column.name).chain(["write_date".to_owned()]);
    let names: Vec<String> = names.filter(|name| name != "id").collect();
    let values = prop::collection::vec(value(), names.len());
    (0i64..6, values).prop_map(move |(id, values)| {
        let mut record: serde_json::Map<_, _> = names.iter().cloned().zip(values).collect();
        record.insert("id".into(), json!(id));
        Value::Object(record)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_damaged_json_rpc_answer_is_a_value_or_an_error_of_ours(body in damaged(&JSON), id in 1u64..3) {
        holds(&body, jsonrpc::decode(&body, id))?;
        holds(&body, jsonrpc::parse(&body))?;
    }

    #[test]
    fn a_damaged_xml_rpc_answer_is_a_value_or_an_error_of_ours(body in damaged(&XML)) {
        holds(&body, xmlrpc::decode(&body))?;
    }

    #[test]
    fn a_damaged_json_2_answer_is_a_value_or_an_error_of_ours(body in damaged(&JSON2), status in 200u16..600) {
        holds(&body, jsonrpc::parse(&body))?;
        let answer = Answer { status, body, ..Answer::default() };
        let _ = major(&answer);
        if let Some(error) = refusal(&settings(), &answer, ASKED) {
            prop_assert!(status != 200 && !error.message.is_empty() && !error.message.contains('\n'));
        }
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error_of_ours(body in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(&body, jsonrpc::decode(&body, 1))?;
        holds(&body, xmlrpc::decode(&body))?;
        holds(&body, jsonrpc::parse(&body))?;
    }

    #[test]
    fn any_fault_is_told_without_the_password(class in any::<String>(), text in any::<String>(), code in 0..6) {
        let text = format!("{CANARY} {text}\n  File \"{CANARY}\"\n{class}: {CANARY} {text}");
        let xml = Fault::from_xml(&json!({"faultCode": code, "faultString": text}));
        let json = Fault::from_json(&json!({"message": text, "data": {"name": class, "message": text}}));
        for fault in [xml, json] {
            holds(&[], Err(Trouble::Fault(fault)))?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_records_are_booked_in_full(records in prop::collection::vec(record(), 0..5)) {
        is_booked(&Value::Array(records))?;
    }
}
