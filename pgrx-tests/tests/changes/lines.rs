//! Lines and their headers.

use serde_json::json;

use super::{NOTHING, run, synced};

const LINES: &str =
    "select id, name, quantity, discount from erp.invoice_lines where invoice_id = 4 order by id";

#[test]
fn lines_added_changed_and_removed_come_with_their_header() {
    let mut shop = synced("lines_with_header");
    let before = shop.rows("select id from erp.invoice_lines where invoice_id = 4 order by id");
    shop.odoo.advance(60);
    let (gone, changed): (i64, i64) = (before[0].parse().unwrap(), before[1].parse().unwrap());
    shop.odoo.delete("account.move.line", &[gone]);
    shop.odoo.write_silently("account.move.line", &[changed], json!({"name": "Mended", "discount": 12.5}));
    let new = shop.odoo.commit_late(
        "account.move.line",
        json!({"move_id": 4, "name": "New", "quantity": 2.0}),
        7200,
    );
    assert_eq!(run(&mut shop, "'invoices'"), NOTHING, "nothing tells of it yet");
    shop.odoo.write("account.move", &[4], json!({}));
    assert_eq!(run(&mut shop, "'invoices'"), "1 inserted, 2 updated, 1 removed, 0 left out, 0 rejected");
    let after = shop.rows(LINES);
    assert_eq!(after.len(), before.len());
    assert!(
        after.iter().any(|line| line.starts_with(&format!("{changed}|Mended|")) && line.ends_with("|12.5"))
    );
    assert!(after.contains(&format!("{new}|New|2|0")), "{after:?}");
    let kept = shop.rows("select key, stream, reason, record->>'invoice_id' from erp_sync.removed");
    assert_eq!(kept, [format!("[{gone}]|invoice_lines|no longer a line of its header|4")]);
}

#[test]
fn a_line_that_changes_alone_arrives_alone() {
    let mut shop = synced("line_alone");
    let line: i64 = shop.value("select max(id) from erp.invoice_lines where invoice_id = 4").parse().unwrap();
    shop.odoo.advance(60);
    shop.odoo.write("account.move.line", &[line], json!({"name": "Alone"}));
    assert_eq!(run(&mut shop, "'invoices'"), "0 inserted, 1 updated, 0 removed, 0 left out, 0 rejected");
    assert_eq!(shop.value(&format!("select name from erp.invoice_lines where id = {line}")), "Alone");
}

#[test]
fn lines_of_a_header_that_was_not_here_come_with_it() {
    let mut shop = synced("lines_come");
    let lines = "select count(*) from erp.invoice_lines where invoice_id = 29";
    assert_eq!(shop.value(lines), "0", "a draft");
    shop.odoo.advance(3600);
    shop.odoo.write("account.move", &[29], json!({"state": "posted", "name": "INV/2026/00099"}));
    assert_eq!(run(&mut shop, "'invoices'"), "4 inserted, 0 updated, 0 removed, 0 left out, 0 rejected");
    assert_eq!(shop.value(lines), "3");
}

#[test]
fn an_invoice_that_commits_late_comes_with_its_lines() {
    let mut shop = synced("late_invoice");
    shop.odoo.advance(600);
    shop.odoo.write("account.move", &[2], json!({}));
    shop.odoo.write("account.move.line", &[6], json!({}));
    run(&mut shop, "'invoices'");
    let values = json!({"move_type": "out_invoice", "state": "posted", "name": "INV/LATE"});
    let invoice = shop.odoo.commit_late("account.move", values, 300);
    for name in ["one", "two"] {
        shop.odoo.commit_late("account.move.line", json!({"move_id": invoice, "name": name}), 300);
    }
    assert!(run(&mut shop, "'invoices'").starts_with("3 inserted, 0 updated, 0 removed"));
    let lines = format!(
        "select string_agg(name, ' ' order by id) from erp.invoice_lines where invoice_id = {invoice}"
    );
    assert_eq!(shop.value(&lines), "one two");
}

#[test]
fn a_line_of_a_header_that_is_not_kept_is_left_out() {
    let mut shop = synced("line_of_draft");
    shop.odoo.advance(60);
    shop.odoo.create("account.move.line", json!({"move_id": 29, "name": "Of a draft"}));
    assert_eq!(run(&mut shop, "'invoices'"), "0 inserted, 0 updated, 0 removed, 1 left out, 0 rejected");
    assert_eq!(shop.value("select count(*) from erp.invoice_lines where name = 'Of a draft'"), "0");
}

#[test]
fn an_invoice_set_back_to_draft_leaves_with_its_lines_and_is_kept_aside() {
    let mut shop = synced("back_to_draft");
    shop.odoo.advance(60);
    shop.odoo.write("account.move", &[4], json!({"state": "draft"}));
    assert_eq!(run(&mut shop, "'invoices'"), "0 inserted, 0 updated, 5 removed, 1 left out, 0 rejected");
    assert_eq!(shop.rows("select id from erp.invoices where id = 4"), [""; 0]);
    assert_eq!(shop.rows(LINES), [""; 0]);
    let kept = shop.rows(
        "select stream, reason, count(*), min(record->>'number'), min(tenant) from erp_sync.removed group by 1, 2 order by 1 desc",
    );
    assert_eq!(
        kept,
        ["invoices|left keep|1|INV/2026/00004|main", "invoice_lines|deleted with its header|4||main"]
    );
    shop.odoo.write("account.move", &[4], json!({"state": "posted"}));
    assert_eq!(run(&mut shop, "'invoices'"), "5 inserted, 0 updated, 0 removed, 0 left out, 0 rejected");
}
