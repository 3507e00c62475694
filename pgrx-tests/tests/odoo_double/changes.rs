//! The hooks: what tests do to the company while somebody reads it.

use std::collections::BTreeSet;

use erp_sync_tests::odoo::{Odoo, RpcFault};
use serde_json::{Value, json};

use super::client::{ADMIN, PLAIN, ask, call, fault, ids};

fn one(odoo: &Odoo, model: &str, id: i64) -> Value {
    let mut records = odoo.records(model).into_iter();
    records.find(|record| record["id"] == json!(id)).expect("the record")
}

#[test]
fn a_created_record_is_found_by_its_write_date() {
    let odoo = Odoo::start();
    let id = odoo.create("res.partner", json!({"name": "Nova", "parent_id": 10, "color": 3}));
    assert_eq!(ids(&odoo, "res.partner", json!([["write_date", ">=", "2026-11-20 09:59:59"]])), [id]);
    let fields =
        json!(["name", "display_name", "parent_id", "color", "email", "credit_limit", "category_id"]);
    let read = call(&odoo, "res.partner", "read", json!([[id], fields]), json!({}));
    let wanted = json!([{
        "id": id, "name": "Nova", "display_name": "Nova", "parent_id": [10, "Deco Addict"], "color": 3,
        "email": false, "credit_limit": 0.0, "category_id": [],
    }]);
    assert_eq!(read, wanted);
}

#[test]
fn a_number_is_sent_with_the_digits_it_was_given() {
    let odoo = Odoo::start();
    let values =
        r#"{"name": "N", "amount_total": 7.7700000000000005, "amount_tax": 12345678901234567890.25}"#;
    let id = odoo.create("account.move", serde_json::from_str(values).expect("JSON"));
    odoo.write("account.move", &[id], json!({"amount_residual": 5}));
    let fields = json!(["amount_total", "amount_tax", "amount_residual"]);
    let answer = ask(&odoo, ADMIN, "account.move", "read", json!([[id], fields]), json!({}));
    let wanted = "\"amount_total\": 7.7700000000000005, \"amount_tax\": 12345678901234567890.25, \
                  \"amount_residual\": 5.0";
    assert!(answer.text().contains(wanted), "{}", answer.text());
}

#[test]
fn an_import_has_one_single_write_date() {
    let odoo = Odoo::start();
    let new = odoo.import("res.partner", 1000, |at| json!({"name": format!("Imported {at}")}));
    let dates: BTreeSet<_> = new.iter().take(20).map(|id| one_date(&odoo, *id)).collect();
    assert_eq!((new.len(), dates.len()), (1000, 1));
    assert_eq!(ids(&odoo, "res.partner", json!([["name", "=like", "Imported %"]])), new);
}

fn one_date(odoo: &Odoo, id: i64) -> String {
    call(odoo, "res.partner", "read", json!([[id], ["write_date"]]), json!({}))[0]["write_date"].to_string()
}

#[test]
fn a_late_commit_appears_before_what_has_been_read() {
    let odoo = Odoo::start();
    odoo.create("res.partner", json!({"name": "Second"}));
    let watermark = one_date_of_newest(&odoo);
    let late = odoo.commit_late("res.partner", json!({"name": "First"}), 30);
    odoo.write_late("res.partner", &[10], json!({"city": "Late"}), 45);
    let after = |time: &str| ids(&odoo, "res.partner", json!([["write_date", ">", time]]));
    assert!(!after(&watermark).contains(&late));
    assert_eq!(one(&odoo, "res.partner", late)["write_date"], "2026-11-20 09:59:30");
    assert_eq!(one(&odoo, "res.partner", 10)["write_date"], "2026-11-20 09:59:15");
    assert_eq!(one_date_of_newest(&odoo), watermark);
}

fn one_date_of_newest(odoo: &Odoo) -> String {
    let kwargs = json!({"order": "write_date desc, id desc", "limit": 1});
    let newest = call(odoo, "res.partner", "search_read", json!([[], ["write_date"]]), kwargs);
    newest[0]["write_date"].as_str().expect("a date").to_owned()
}

#[test]
fn raw_sql_changes_a_record_without_its_write_date() {
    let odoo = Odoo::start();
    let before = one(&odoo, "account.move", 1)["write_date"].clone();
    odoo.write_silently("account.move", &[1], json!({"partner_id": 10}));
    let after = one(&odoo, "account.move", 1);
    assert_eq!((&after["write_date"], &after["partner_id"]), (&before, &json!(10)));
}

#[test]
fn archiving_is_a_write_and_deleting_leaves_no_trace() {
    let odoo = Odoo::start();
    odoo.archive("res.partner", 10);
    assert_eq!(ids(&odoo, "res.partner", json!([["write_date", ">=", "2026-11-20 10:00:00"]])), [10]);
    let lines = odoo.records("account.move.line").len();
    odoo.delete("account.move", &[1]);
    assert_eq!(call(&odoo, "account.move", "read", json!([[1], ["name"]]), json!({})), json!([]));
    assert_eq!(odoo.records("account.move.line").len(), lines - 4);
    let next = odoo.create("account.move", json!({"name": "New"}));
    odoo.delete("account.move", &[next]);
    assert!(odoo.create("account.move", json!({"name": "Newer"})) > next, "an id is used twice");
}

#[test]
fn a_renamed_record_changes_the_names_that_point_to_it_but_not_their_rows() {
    let odoo = Odoo::start();
    let before = one(&odoo, "account.move", 1)["write_date"].clone();
    odoo.write("res.partner", &[14], json!({"name": "Azure Exterior"}));
    let read = call(&odoo, "account.move", "read", json!([[1], ["partner_id", "write_date"]]), json!({}));
    assert_eq!(read[0]["partner_id"], json!([14, "Azure Exterior"]));
    assert_eq!(read[0]["write_date"], before);
}

#[test]
fn a_restored_backup_has_what_was_recorded() {
    let odoo = Odoo::start();
    let recorded = odoo.records("res.partner");
    odoo.write("res.partner", &[10], json!({"city": "Elsewhere"}));
    odoo.create("res.partner", json!({"name": "Nova"}));
    assert_ne!(odoo.records("res.partner"), recorded);
    odoo.restore();
    assert_eq!(odoo.records("res.partner"), recorded);
}

#[test]
fn a_rule_hides_rows_without_an_error() {
    let odoo = Odoo::start();
    odoo.hide_where("account.move", json!([["state", "=", "posted"]]));
    odoo.hide("account.move", &ids(&odoo, "account.move", json!([["state", "=", "draft"]])));
    assert_eq!(ids(&odoo, "account.move", json!([])).len(), 1);
    assert_eq!(odoo.records("account.move").len(), 34);
    odoo.unhide("account.move");
    assert_eq!(ids(&odoo, "account.move", json!([])).len(), 34);
}

#[test]
fn an_administrator_can_take_away_models_fields_and_rights() {
    let odoo = Odoo::start();
    let read = |model: &str, field: &str| {
        fault(&ask(&odoo, ADMIN, model, "search_read", json!([[], [field]]), json!({"limit": 1}))).1
    };
    odoo.uninstall("stock.location");
    assert_eq!(read("stock.location", "name"), "Object stock.location doesn't exist");
    odoo.drop_field("uom.uom", "rounding");
    assert_eq!(read("uom.uom", "rounding"), "Invalid field 'rounding' on model 'uom.uom'");
    odoo.forbid_field("admin", "res.partner", "email");
    assert!(read("res.partner", "email").contains("Fields:\n- email (allowed for groups"));
    odoo.revoke("admin", "account.move");
    assert!(read("account.move", "name").starts_with("You are not allowed to access 'Journal Entry'"));
    odoo.grant("admin", "account.move");
    assert_eq!(read("account.move", "name"), "");
}

#[test]
fn a_changed_password_denies_at_once_while_the_key_still_opens() {
    let odoo = Odoo::start();
    odoo.set_password("admin", "other");
    odoo.set_api_key("plain", Some("key"));
    let count = |user| ask(&odoo, user, "uom.uom", "search_count", json!([[]]), json!({}));
    assert_eq!(fault(&count(ADMIN)).0, "odoo.exceptions.AccessDenied");
    let key = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(count((2, key)).json()["result"], 26);
    assert_eq!(count((PLAIN.0, "key")).json()["result"], 26);
    assert_eq!(fault(&count((2, "key"))).0, "odoo.exceptions.AccessDenied");
}

#[test]
fn a_poisoned_record_fails_the_page_it_is_on() {
    let odoo = Odoo::start();
    odoo.poison("uom.uom", 5, RpcFault::value_error("cannot compute"));
    let page =
        |domain: Value| ask(&odoo, ADMIN, "uom.uom", "search_read", json!([domain, ["name"]]), json!({}));
    assert_eq!(fault(&page(json!([]))), ("builtins.ValueError".to_owned(), "cannot compute".to_owned()));
    assert_eq!(page(json!([["id", "!=", 5]])).json()["result"].as_array().map(Vec::len), Some(25));
}

#[test]
fn the_date_header_follows_the_clock_and_may_be_skewed() {
    let odoo = Odoo::start();
    let date = || {
        ask(&odoo, ADMIN, "uom.uom", "search_count", json!([[]]), json!({})).header("Date").map(str::to_owned)
    };
    assert!(date().is_some_and(|date| date.starts_with("Fri, 20 Nov 2026 10:00:")), "{:?}", date());
    odoo.advance(3600);
    odoo.skew_http_date(-7200);
    assert!(date().is_some_and(|date| date.starts_with("Fri, 20 Nov 2026 09:00:")), "{:?}", date());
    assert!(odoo.now().to_string().starts_with("2026-11-20 11:00:"));
}
