//! Rows that are gone from the remote, and rows that only seem to be.

use serde_json::json;

use super::{NOTHING, books_agree, run, synced};

const FULL: &str = "'contacts', mode => 'full'";
const COUNT: &str = "select count(*) from erp.contacts";

#[test]
fn a_deleted_record_is_found_by_a_full_run_only_and_kept_aside() {
    let mut shop = synced("deleted");
    shop.odoo.delete("res.partner", &[30]);
    shop.odoo.delete("account.move", &[3]);
    assert_eq!(run(&mut shop, "'all'").split(", ").nth(2), Some("0 removed"));
    assert_eq!(run(&mut shop, "'contacts, invoices', mode => 'full'").split(", ").nth(2), Some("6 removed"));
    let kept = shop.rows(
        "select stream, reason, count(*), bool_and(record ? 'synced_at'), bool_and(r.id = run_id)
         from erp_sync.removed, (select max(id) as id from erp_sync.run) r group by 1, 2 order by 1",
    );
    let wanted =
        ["contacts|deleted|1|t|t", "invoice_lines|deleted with its header|4|t|t", "invoices|deleted|1|t|t"];
    assert_eq!(kept, wanted);
}

#[test]
fn what_a_lost_right_hides_is_not_removed_unless_confirmed() {
    let mut shop = synced("breaker");
    let all: i64 = shop.value(COUNT).parse().unwrap();
    let hidden: Vec<i64> = (20..40).collect();
    shop.odoo.hide("res.partner", &hidden);
    let error = shop.error(&format!("select sync_run({FULL})"));
    let message = format!(
        "contacts from odoo_main: 20 of {all} rows of \"contacts\" vanished at once, so nothing more was removed"
    );
    assert_eq!(error.message, message);
    assert_eq!(
        error.detail,
        format!("\"contacts\": 20 of {all} rows, 20 not found any more and 0 outside keep")
    );
    assert!(error.hint.contains("lost rights") && error.hint.contains("confirm => true"), "{}", error.hint);
    let task = "select state, error_kind, waiting, removed from erp_sync.task order by run_id desc limit 1";
    assert_eq!(shop.value(task), "failed|breaker|20|0");
    let status = shop.value("select rows, waiting, hint from sync_status() where entity = 'contacts'");
    assert!(status.starts_with(&format!("{all}|20|")) && status.contains("confirm => true"), "{status}");
    books_agree(&mut shop);

    shop.odoo.unhide("res.partner");
    assert_eq!(run(&mut shop, FULL), NOTHING);
    let waiting = shop.value("select waiting from sync_status() where entity = 'contacts'");
    assert_eq!((shop.value(COUNT), waiting), (all.to_string(), "0".to_owned()));
}

#[test]
fn a_hint_of_the_breaker_typed_as_it_stands_removes_and_nothing_else() {
    let mut shop = synced("confirmed");
    let all: i64 = shop.value(COUNT).parse().unwrap();
    shop.odoo.hide("res.partner", &(20..40).collect::<Vec<_>>());
    let hint = shop.error(&format!("select sync_run({FULL})")).hint;
    let (_, line) = hint.split_once("if the rows are really gone: ").expect("a line to type");
    shop.run(line);
    books_agree(&mut shop);
    assert_eq!(shop.value(COUNT), (all - 20).to_string());
    assert_eq!(shop.value("select count(*), min(reason) from erp_sync.removed"), "20|deleted");
    // The rights come back: so do the rows.
    shop.odoo.unhide("res.partner");
    assert_eq!(run(&mut shop, FULL), "20 inserted, 0 updated, 0 removed, 0 left out, 0 rejected");
}

#[test]
fn many_invoices_that_leave_at_once_wait_too() {
    let mut shop = synced("mass_draft");
    let before = shop.value("select count(*) from erp.invoices");
    shop.odoo.advance(60);
    let ids: Vec<i64> = (1..=14).filter(|id| *id != 6).collect();
    shop.odoo.write("account.move", &ids, json!({"state": "draft"}));
    let error = shop.error("select sync_run('invoices')");
    let detail = format!("\"invoices\": 13 of {before} rows, 0 not found any more and 13 outside keep");
    assert_eq!(error.detail, detail);
    assert_eq!(shop.value("select count(*) from erp.invoices"), before);
    shop.odoo.write("account.move", &ids, json!({"state": "posted"}));
    assert!(run(&mut shop, "'invoices'").contains(" 0 removed"));
    assert_eq!(shop.value("select count(*) from erp_sync.removed"), "0");
}

#[test]
fn a_right_that_is_lost_altogether_removes_nothing() {
    let mut shop = synced("all_hidden");
    let all = shop.value(COUNT);
    shop.odoo.hide_where("res.partner", json!([]));
    for mode in ["incremental", "full"] {
        let error = shop.error(&format!("select sync_run('contacts', mode => '{mode}')"));
        assert!(error.message.contains(&format!("{all} of {all} rows")), "{error:?}");
        assert_eq!(shop.value(COUNT), all);
    }
    shop.odoo.unhide("res.partner");
    assert_eq!(run(&mut shop, "'contacts'"), NOTHING);
    assert_eq!(run(&mut shop, FULL), NOTHING);
    assert_eq!(shop.value("select waiting from sync_status() where entity = 'contacts'"), "0");
}

#[test]
fn a_failure_to_ask_again_is_never_absence() {
    use erp_sync_tests::odoo::{RpcFault, What, When};
    let mut shop = synced("ask_again");
    shop.odoo.hide("res.partner", &[30]);
    // The pages come; the question for the one row that was missing fails.
    let calls = shop.odoo.count_calls("res.partner", "search_read");
    let asked_again = When::any().model("res.partner").method("search_read").after(2);
    shop.odoo.fault(asked_again, What::Rpc(RpcFault::user_error("not now")));
    let error = shop.error(&format!("select sync_run({FULL})"));
    assert!(error.message.ends_with("refused res.partner.search_read: UserError"), "{error:?}");
    assert!(shop.odoo.count_calls("res.partner", "search_read") > calls + 2);
    assert_eq!(shop.value("select count(*) from erp.contacts where id = 30"), "1");
    shop.odoo.clear_faults();
    shop.odoo.unhide("res.partner");
    assert_eq!(run(&mut shop, "'contacts'"), NOTHING);
    assert_eq!(shop.value("select count(*) from erp_sync.candidate"), "0");
}
