//! Orders, pages, rights and totals.

use std::time::{Duration, Instant};

use erp_sync_tests::odoo::Odoo;
use serde_json::{Value, json};

use super::client::{ADMIN, BUYER, PLAIN, ask, call, fault, plainly, receive, send};

#[test]
fn archived_records_are_left_out_unless_the_context_or_the_domain_says_otherwise() {
    let odoo = Odoo::start();
    let count =
        |domain: Value, kwargs: Value| call(&odoo, "res.partner", "search_count", json!([domain]), kwargs);
    assert_eq!(count(json!([]), json!({})), 61);
    assert_eq!(count(json!([]), json!({"context": {"active_test": false}})), 66);
    assert_eq!(count(json!([["active", "in", [true, false]]]), json!({})), 66);
    assert_eq!(count(json!([["active", "=", false]]), json!({})), 5);
    let archived = plainly(&odoo, "res.partner", |record| record["active"] == json!(false));
    let read = call(&odoo, "res.partner", "read", json!([archived, ["name"]]), json!({}));
    assert_eq!(read.as_array().map(Vec::len), Some(5));
}

#[test]
fn a_limit_of_zero_is_none_and_an_offset_past_the_end_finds_nothing() {
    let odoo = Odoo::start();
    let search = |kwargs: Value| call(&odoo, "uom.uom", "search", json!([[]]), kwargs);
    assert_eq!(search(json!({"limit": 0})).as_array().map(Vec::len), Some(26));
    assert_eq!(search(json!({"limit": false})).as_array().map(Vec::len), Some(26));
    assert_eq!(search(json!({"limit": "5"})).as_array().map(Vec::len), Some(5));
    assert_eq!(search(json!({"offset": 1000})), json!([]));
    let pages = [search(json!({"limit": 20})), search(json!({"offset": 20, "limit": 20}))];
    let both: Vec<_> = pages.iter().flat_map(|page| page.as_array().expect("ids").clone()).collect();
    assert_eq!(json!(both), search(json!({})));
}

#[test]
fn null_sorts_last_and_first_when_descending() {
    let odoo = Odoo::start();
    let sorted = |order: &str| {
        let rows = call(
            &odoo,
            "account.move",
            "search_read",
            json!([[], ["invoice_date"]]),
            json!({"order": order}),
        );
        rows.as_array().expect("rows").iter().map(|row| row["invoice_date"].clone()).collect::<Vec<_>>()
    };
    let (up, down) = (sorted("invoice_date, id"), sorted("invoice_date desc, id"));
    assert_eq!(up.last(), Some(&json!(false)));
    assert_eq!(down.first(), Some(&json!(false)));
    assert_eq!(up.first(), down.last());
}

#[test]
fn reading_keeps_the_order_asked_for_and_leaves_deleted_records_out() {
    let odoo = Odoo::start();
    let read = call(&odoo, "uom.uom", "read", json!([[3, 1, 999_999, 3], ["name"]]), json!({"load": ""}));
    let found: Vec<_> = read.as_array().expect("rows").iter().map(|row| row["id"].clone()).collect();
    assert_eq!(found, [3, 1, 3]);
    assert_eq!(call(&odoo, "uom.uom", "exists", json!([[3, 999_999]]), json!({})), json!([3]));
}

#[test]
fn xml_loses_control_characters_and_carries_what_no_parser_takes() {
    let odoo = Odoo::start();
    let id = odoo.create("uom.uom", json!({"name": "a\u{1}b\u{ffff}c\td"}));
    let (id, names) = (format!("<int>{id}</int>"), "<array><data><value>name</value></data></array>");
    let values = ["<string>odoo17</string>", "<int>2</int>", "admin", "uom.uom", "read", &id, names];
    let params: String =
        values.iter().map(|value| format!("<param><value>{value}</value></param>")).collect();
    let call = format!("<methodCall><methodName>execute</methodName><params>{params}</params></methodCall>");
    let answer = receive(send(&odoo, "POST", "/xmlrpc/2/object", "text/xml", call.as_bytes()));
    assert!(answer.text().contains("<string>ab\u{ffff}c\td</string>"), "{}", answer.text());
}

#[test]
fn missing_rights_give_an_error_for_a_model_and_fewer_rows_for_a_rule() {
    let odoo = Odoo::start();
    let args = json!([[]]);
    let answer = ask(&odoo, PLAIN, "account.move", "search", args.clone(), json!({}));
    assert_eq!(fault(&answer).0, "odoo.exceptions.AccessError");
    let answer = ask(&odoo, BUYER, "account.move", "search_count", args, json!({}));
    assert_eq!(answer.json()["result"], 6);
    let answer = ask(&odoo, BUYER, "account.move", "read", json!([[1], ["name"]]), json!({}));
    assert!(fault(&answer).1.starts_with("Uh-oh!"));
    let fields = |user| {
        let answer =
            ask(&odoo, user, "account.move", "fields_get", json!([]), json!({"attributes": ["type"]})).json();
        answer["result"].as_object().map(serde_json::Map::len)
    };
    assert_eq!((fields(ADMIN), fields(BUYER)), (Some(158), Some(154)));
}

#[test]
fn companies_in_the_context_choose_the_rows() {
    let odoo = Odoo::start();
    let count = |ids: Value| {
        let kwargs = json!({"context": {"allowed_company_ids": ids}});
        ask(&odoo, ADMIN, "stock.warehouse", "search_count", json!([[]]), kwargs)
    };
    assert_eq!(count(json!([1])).json()["result"], 1);
    assert_eq!(count(json!([2, 1])).json()["result"], 2);
    assert_eq!(fault(&count(json!([7]))).1, "Access to unauthorized or invalid companies.");
}

#[test]
fn all_fields_of_journal_items_cannot_be_read() {
    let odoo = Odoo::start();
    let answer = ask(&odoo, ADMIN, "account.move.line", "search_read", json!([[], []]), json!({"limit": 1}));
    assert_eq!(fault(&answer).0, "builtins.TypeError");
    let answer = ask(&odoo, ADMIN, "uom.uom", "search_read", json!([[], false]), json!({"limit": 1}));
    let fields = odoo.records("uom.uom")[0].as_object().map(serde_json::Map::len);
    assert!(answer.json()["result"][0].as_object().map(serde_json::Map::len) >= fields);
}

#[test]
fn totals_by_group_are_those_of_the_rows() {
    let odoo = Odoo::start();
    let posted: Vec<_> =
        odoo.records("account.move.line").into_iter().filter(|r| r["parent_state"] == "posted").collect();
    let args =
        json!([[["parent_state", "=", "posted"]], ["debit:sum", "id:max"], ["journal_id", "partner_id"]]);
    let groups = call(&odoo, "account.move.line", "read_group", args, json!({"lazy": false}));
    let groups = groups.as_array().expect("groups");
    for group in groups {
        let same = |field: &str, value: &Value| group[field].get(0).unwrap_or(&group[field]) == value;
        let rows: Vec<_> = posted
            .iter()
            .filter(|row| same("journal_id", &row["journal_id"]) && same("partner_id", &row["partner_id"]))
            .collect();
        assert_eq!(group["__count"], json!(rows.len()));
        assert_eq!(group["id"].as_i64(), rows.iter().filter_map(|row| row["id"].as_i64()).max());
        let total: i64 = rows.iter().map(|row| cents(&row["debit"])).sum();
        assert_eq!(cents(&group["debit"]), total);
        assert_eq!(group["__domain"].as_array().map(Vec::len), Some(5));
    }
    let counted: u64 = groups.iter().filter_map(|group| group["__count"].as_u64()).sum();
    assert_eq!(json!(counted), json!(posted.len()));
    assert!(groups.iter().any(|group| group["partner_id"] == json!(false)));
}

fn cents(amount: &Value) -> i64 {
    let text = format!("{:.2}", amount.as_f64().expect("an amount"));
    text.replace('.', "").parse().expect("cents")
}

#[test]
fn fifty_thousand_records_of_one_import_are_paged_by_id_in_seconds() {
    let odoo = Odoo::start();
    let began_at = Instant::now();
    odoo.import("account.move", 50_000, |at| json!({"name": format!("IMP/{at:05}"), "amount_total": at}));
    let (mut last, mut seen) = (0, 0);
    loop {
        let domain = json!([["write_date", ">=", "2026-11-20 08:00:00"], ["id", ">", last]]);
        let kwargs = json!({"limit": 500, "order": "id", "load": ""});
        let page =
            call(&odoo, "account.move", "search_read", json!([domain, ["name", "amount_total"]]), kwargs);
        let page = page.as_array().expect("a page");
        seen += page.len();
        last = page.last().map_or(last, |row| row["id"].as_i64().expect("an id"));
        if page.len() < 500 {
            break;
        }
    }
    assert_eq!(seen, 50_034);
    assert_eq!(odoo.count_calls("account.move", "search_read"), 101);
    // Three seconds on a free machine; the limit is for what grows with the square of the rows.
    assert!(began_at.elapsed() < Duration::from_secs(60), "took {:?}", began_at.elapsed());
}
