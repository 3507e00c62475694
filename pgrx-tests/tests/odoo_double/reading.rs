//! Domains, orders, pages and rights, held against a plain reading of the records.

use std::time::{Duration, Instant};

use erp_sync_tests::odoo::Odoo;
use serde_json::{Value, json};

use super::client::{ADMIN, BUYER, PLAIN, ask, call, fault, ids, receive, send};

/// The ids of the records that a plain Rust condition picks.
fn plainly(odoo: &Odoo, model: &str, condition: impl Fn(&Value) -> bool) -> Vec<i64> {
    let records = odoo.records(model);
    records.iter().filter(|record| condition(record)).filter_map(|record| record["id"].as_i64()).collect()
}

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
fn unequal_and_not_in_include_null() {
    let odoo = Odoo::start();
    let unequal = ids(&odoo, "res.partner", json!([["ref", "!=", "CTRL"]]));
    assert_eq!(unequal, plainly(&odoo, "res.partner", |record| record["ref"] != json!("CTRL")));
    assert_eq!(ids(&odoo, "res.partner", json!([["ref", "not in", ["CTRL"]]])), unequal);
    assert_eq!(ids(&odoo, "res.partner", json!(["!", ["ref", "=", "CTRL"]])), unequal);
    let neither = ids(&odoo, "res.partner", json!(["!", ["ref", "=like", "C%"]]));
    assert_eq!(neither, unequal);
}

#[test]
fn a_negated_comparison_leaves_null_out_of_both_halves() {
    let odoo = Odoo::start();
    let due = json!(["invoice_date", ">", "2026-11-10"]);
    let later = ids(&odoo, "account.move", json!([due]));
    let earlier = ids(&odoo, "account.move", json!(["!", due]));
    let null = ids(&odoo, "account.move", json!([["invoice_date", "=", false]]));
    assert!(!later.is_empty() && !earlier.is_empty() && !null.is_empty());
    assert_eq!(later.len() + earlier.len() + null.len(), odoo.records("account.move").len());
}

#[test]
fn an_empty_list_finds_nothing_and_its_negation_everything() {
    let odoo = Odoo::start();
    assert_eq!(ids(&odoo, "uom.uom", json!([["id", "in", []]])), Vec::<i64>::new());
    assert_eq!(ids(&odoo, "uom.uom", json!([["id", "not in", []]])).len(), odoo.records("uom.uom").len());
    let null_or_ctrl = ids(&odoo, "res.partner", json!([["ref", "in", [false, "CTRL"]]]));
    let plain = plainly(&odoo, "res.partner", |r| r["ref"] == json!(false) || r["ref"] == json!("CTRL"));
    assert_eq!(null_or_ctrl, plain);
}

#[test]
fn like_adds_percent_signs_and_knows_case_while_equal_like_adds_nothing() {
    let odoo = Odoo::start();
    let find = |operator: &str, text: &str| ids(&odoo, "res.partner", json!([["name", operator, text]]));
    let holding = |text: &'static str| {
        plainly(&odoo, "res.partner", move |r| r["name"].as_str().unwrap_or_default().contains(text))
    };
    assert_eq!(find("like", "Azure"), holding("Azure"));
    assert_eq!(find("like", "azure"), Vec::<i64>::new());
    assert_eq!(find("ilike", "aZURE"), holding("Azure"));
    assert_eq!(find("=like", "Azure"), Vec::<i64>::new());
    assert_eq!(find("=like", "Azure%"), holding("Azure"));
    assert_eq!(find("=ilike", "azure int_rior"), holding("Azure"));
    assert_eq!(find("like", "A%e Int"), holding("Azure"));
    assert_eq!(find("=", "azure interior"), Vec::<i64>::new());
}

#[test]
fn terms_without_an_operator_are_joined_by_and() {
    let odoo = Odoo::start();
    let domain =
        json!(["|", ["state", "=", "draft"], ["state", "=", "cancel"], ["move_type", "=", "out_invoice"]]);
    let plain = plainly(&odoo, "account.move", |record| {
        (record["state"] == json!("draft") || record["state"] == json!("cancel"))
            && record["move_type"] == json!("out_invoice")
    });
    assert_eq!(ids(&odoo, "account.move", domain), plain);
    assert_eq!(plain.len(), 2);
    let negated = json!(["!", "|", ["state", "=", "draft"], ["state", "=", "cancel"]]);
    assert_eq!(
        ids(&odoo, "account.move", negated),
        ids(&odoo, "account.move", json!([["state", "=", "posted"]]))
    );
}

#[test]
fn a_domain_with_an_operand_too_few_is_a_fault() {
    let odoo = Odoo::start();
    let answer = ask(&odoo, ADMIN, "uom.uom", "search", json!([["|", ["id", "=", 1]]]), json!({}));
    assert_eq!(fault(&answer).0, "builtins.ValueError");
    assert_eq!(fault(&answer).1, "Domain ['|', ['id', '=', 1]] is syntactically not correct.");
    let answer = ask(&odoo, ADMIN, "uom.uom", "search", json!([[["id", "="]]]), json!({}));
    assert_eq!(fault(&answer).1, "Invalid leaf ('id', '=')");
}

#[test]
fn a_path_and_a_name_look_into_the_other_model() {
    let odoo = Odoo::start();
    let posted = plainly(&odoo, "account.move.line", |record| record["parent_state"] == json!("posted"));
    assert_eq!(ids(&odoo, "account.move.line", json!([["move_id.state", "=", "posted"]])), posted);
    let azure = ids(&odoo, "account.move", json!([["partner_id", "ilike", "azure"]]));
    assert_eq!(azure, plainly(&odoo, "account.move", |record| record["partner_id"] == json!(14)));
    assert!(!azure.is_empty());
    let children = ids(&odoo, "product.category", json!([["parent_id", "child_of", 1]]));
    assert_eq!(children, plainly(&odoo, "product.category", |record| record["parent_id"] != json!(false)));
}

#[test]
fn what_cannot_be_searched_or_sorted_by_is_silently_ignored() {
    let odoo = Odoo::start();
    let all = odoo.records("product.product").len();
    assert_eq!(ids(&odoo, "product.product", json!([["lst_price", ">", 1_000_000]])).len(), all);
    let answer = call(&odoo, "product.product", "search", json!([[]]), json!({"order": "qty_available"}));
    assert_eq!(answer.as_array().map(Vec::len), Some(63));
}

#[test]
fn a_write_date_as_shown_is_not_the_one_that_is_kept() {
    let odoo = Odoo::start();
    let newest = call(
        &odoo,
        "product.product",
        "search_read",
        json!([[], ["write_date"]]),
        json!({"order": "write_date desc, id desc", "limit": 1}),
    );
    let (id, shown) = (newest[0]["id"].as_i64().expect("an id"), newest[0]["write_date"].clone());
    let find =
        |operator: &str, time: &Value| ids(&odoo, "product.product", json!([["write_date", operator, time]]));
    assert_eq!(shown.as_str().map(str::len), Some(19));
    assert_eq!(find("=", &shown), Vec::<i64>::new());
    assert!(find(">", &shown).contains(&id));
    assert!(find(">=", &shown).contains(&id));
    assert!(!find("<=", &shown).contains(&id));
    let end = json!(format!("{}.999999", shown.as_str().expect("a text")));
    assert!(!find(">", &end).contains(&id));
    let iso = json!(shown.as_str().expect("a text").replace(' ', "T") + "Z");
    assert!(find(">", &iso).contains(&id));
    let xml = json!(shown.as_str().expect("a text").replace(' ', "T").replace('-', ""));
    assert!(find(">", &xml).contains(&id));
}

#[test]
fn a_bare_date_means_the_end_of_its_day_for_greater_and_the_beginning_for_greater_or_equal() {
    let odoo = Odoo::start();
    let find = |operator: &str| ids(&odoo, "uom.uom", json!([["write_date", operator, "2026-11-20"]])).len();
    let all = odoo.records("uom.uom").len();
    assert_eq!([find(">"), find(">="), find("<"), find("<=")], [0, all, 0, all]);
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
