//! The same company over every protocol: whatever is spoken, the rows are the same.

use serde_json::{Value, json};

use super::fixture::{KEY, layout, remote, stream};
use super::recorded;
use crate::entity::{Stream, Type};
use crate::source::http::double::{Double, answer, block_on, json as json_answer};
use crate::source::odoo::{Odoo, xmlrpc};
use crate::source::{Ask, Layout, Mark, Page, Scope, Source, Values};

const PROTOCOLS: [&str; 3] = ["json2", "jsonrpc", "xmlrpc"];

/// The value as an answer of a protocol to request `id`.
fn put(protocol: &str, id: usize, value: &Value) -> Vec<u8> {
    match protocol {
        "json2" => json_answer(&value.to_string()),
        "jsonrpc" => json_answer(&json!({"jsonrpc": "2.0", "id": id, "result": value}).to_string()),
        _ => {
            let mut body = String::from("<?xml version=\"1.0\"?>\n<methodResponse>\n<params>\n<param>\n");
            xmlrpc::value(&mut body, value).unwrap();
            body.push_str("</param>\n</params>\n\n</methodResponse>\n");
            let head = "Date: Fri, 20 Nov 2026 09:11:49 GMT\r\nContent-Type: text/xml; charset=utf-8\r\n";
            answer("200 OK", head, &body)
        }
    }
}

/// An Odoo that answers these values, after the login where there is one.
fn odoo(protocol: &str, values: &[Value]) -> (Odoo, Double) {
    let login = if protocol == "json2" { None } else { Some(json!(2)) };
    let all = login.iter().chain(values).enumerate();
    let double = Double::answers(all.map(|(i, value)| put(protocol, i + 1, value)).collect());
    let mut remote = remote(&double.url);
    remote.password = Some(KEY.to_string().into());
    remote.options.insert("protocol".into(), protocol.into());
    (Odoo::new(remote).unwrap(), double)
}

fn ask(limit: usize) -> Ask {
    let scope = Scope::Since { from: Mark("2026-11-20 10:00:00".into()), until: None };
    Ask { scope, after: Some(0.into()), limit, raw: true }
}

/// Layout and page of a stream, read over a protocol.
fn read(protocol: &str, stream: &Stream, fields: &Value, records: &Value) -> (Layout, Page) {
    let (mut odoo, double) = odoo(protocol, &[json!(true), fields.clone(), records.clone()]);
    let (layout, page) = block_on(async {
        let layout = odoo.layout(stream).await.unwrap();
        let page = odoo.page(stream, &layout, &ask(records.as_array().map_or(5, Vec::len))).await.unwrap();
        (layout, page)
    });
    assert!(page.bytes > 100 && double.heads.lock().unwrap().len() >= 3);
    (layout, Page { bytes: 0, ..page })
}

fn sample(name: &str) -> Value {
    serde_json::from_slice(&recorded::all("19", "json2", "response")[name]).unwrap()
}

/// What the server would say about the fields of these columns.
fn fields(stream: &Stream) -> Value {
    let remote = |kind: Type| match kind {
        Type::Bigint => "many2one",
        Type::Numeric => "monetary",
        Type::Boolean => "boolean",
        Type::Date => "date",
        Type::Timestamptz => "datetime",
        Type::BigintArray => "many2many",
        _ => "char",
    };
    let mut all: serde_json::Map<String, Value> =
        stream.columns.iter().map(|c| (c.name.clone(), json!({"type": remote(c.kind)}))).collect();
    all.insert("id".into(), json!({"type": "integer"}));
    all.insert("write_date".into(), json!({"type": "datetime"}));
    Value::Object(all)
}

#[test]
fn the_recorded_rows_are_equal_over_all_protocols() {
    let cases = [
        (
            "search_read_move_page",
            stream(
                "account.move",
                &[
                    ("name", Type::Text),
                    ("partner_id", Type::Bigint),
                    ("invoice_date", Type::Date),
                    ("amount_total", Type::Numeric),
                    ("invoice_line_ids", Type::BigintArray),
                    ("invoice_origin", Type::Text),
                ],
            ),
        ),
        (
            "search_read_partner_page",
            stream(
                "res.partner",
                &[
                    ("name", Type::Text),
                    ("email", Type::Text),
                    ("country_id", Type::Bigint),
                    ("is_company", Type::Boolean),
                    ("active", Type::Boolean),
                    ("create_date", Type::Timestamptz),
                    ("category_id", Type::BigintArray),
                    ("credit_limit", Type::Numeric),
                ],
            ),
        ),
        (
            "search_read_product_page",
            stream(
                "product.product",
                &[
                    ("name", Type::Text),
                    ("standard_price", Type::Numeric),
                    ("weight", Type::Numeric),
                    ("uom_id", Type::Bigint),
                ],
            ),
        ),
    ];
    for (name, stream) in cases {
        let [json2, jsonrpc, xmlrpc] =
            PROTOCOLS.map(|protocol| read(protocol, &stream, &fields(&stream), &sample(name)));
        assert!(json2.1.rows.len() >= 5 && json2.1.rejected.is_empty(), "{name}: {:?}", json2.1.rejected);
        assert_eq!(json2, jsonrpc, "{name}");
        assert_eq!(json2, xmlrpc, "{name}");
    }
}

#[test]
fn count_and_watermark_are_equal_over_all_protocols() {
    let newest = json!([{"id": 9, "write_date": "2026-11-20 09:11:40"}]);
    for protocol in PROTOCOLS {
        let (mut odoo, _double) = odoo(protocol, &[json!(63), newest.clone(), json!([])]);
        let stream = stream("res.partner", &[]);
        block_on(async {
            assert_eq!(odoo.count(&stream, &Scope::All).await.unwrap(), 63, "{protocol}");
            let mark = Mark("2026-11-20 09:11:40".into());
            assert_eq!(odoo.watermark(&stream).await.unwrap(), (Some(mark), None), "{protocol}");
            assert_eq!(odoo.watermark(&stream).await.unwrap(), (None, None), "{protocol}");
        });
    }
}

#[test]
fn json2_is_asked_by_name() {
    let stream = stream("account.move", &[("name", Type::Text)]);
    let (mut odoo, double) = odoo("json2", &[json!(true), fields(&stream), json!([]), json!(1)]);
    block_on(async {
        let layout = odoo.layout(&stream).await.unwrap();
        odoo.page(&stream, &layout, &ask(5)).await.unwrap();
        odoo.count(&stream, &Scope::All).await.unwrap();
    });
    let heads = double.heads.lock().unwrap();
    let heard = double.heard.lock().unwrap();
    let sent = heads.iter().zip(heard.iter()).map(|(head, (_, body))| {
        format!("{} {body}", head.split(' ').nth(1).unwrap().trim_start_matches("/json/2/"))
    });
    insta::assert_snapshot!(sent.collect::<Vec<_>>().join("\n"), @r#"
    account.move/has_access {"operation":"read"}
    account.move/fields_get {"allfields":[],"attributes":["type","store","relation","company_dependent","related","searchable"]}
    account.move/search_read {"context":{"active_test":false},"domain":[["write_date",">=","2026-11-20 10:00:00"],["id",">",0]],"fields":["id","name","write_date"],"limit":5,"load":"","order":"id"}
    account.move/search_count {"context":{"active_test":false},"domain":[]}
    "#);
}

#[test]
fn control_characters_arrive_over_json2() {
    let (mut odoo, _double) = odoo("json2", &[sample("search_read_unicode_control")]);
    let mut stream = stream("res.partner", &[("name", Type::Text)]);
    stream.cursor = None;
    let ask = Ask { scope: Scope::All, ..ask(2) };
    let page = block_on(odoo.page(&stream, &layout(&stream), &ask)).unwrap();
    let name = "Ctrl \u{1}\u{b}\u{1f} Tab\tNL\nCR\r End — é ü 漢字 😀 <&>\"'";
    assert_eq!(page.rows.columns[1], Values::Text(vec![Some(name.into())]));
}
