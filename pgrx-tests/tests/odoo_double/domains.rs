//! Domains, held against a plain reading of the records.

use erp_sync_tests::odoo::Odoo;
use serde_json::{Value, json};

use super::client::{ADMIN, ask, call, fault, ids, plainly};

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
