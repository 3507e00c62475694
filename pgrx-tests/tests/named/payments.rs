//! Payments, whose journal entry holds part of them up to 17.

use serde_json::json;

use crate::{run, synced};

const PAYMENTS: &str =
    "select number, state, payment_type, partner_name, payment_date, amount, currency_code, memo,
    invoice_ids, bill_ids, invoice_id from (
      select *, invoice_ids[1] as invoice_id from erp.payments_named) p order by id";

#[test]
fn payments_of_a_17_are_read_with_what_their_journal_entry_says() {
    let mut shop = synced(17, "payments_17", "names,currencies,contacts,invoices,payments");
    assert_eq!(
        shop.rows(PAYMENTS),
        [
            "PBNK1/2026/00001|posted|inbound|Azure Interior|2026-11-20|36512.50|USD|INV/2026/00001|{1}|{}|1",
            "PBNK1/2026/00002|posted|inbound|Deco Addict|2026-11-20|24006.25|USD|INV/2026/00002|{2}|{}|2",
        ]
    );
}

#[test]
fn payments_of_an_18_and_a_19_have_a_state_of_their_own() {
    for version in [18, 19] {
        let entities = "names,currencies,contacts,invoices,payments";
        let mut shop = synced(version, &format!("payments_{version}"), entities);
        assert_eq!(
            shop.rows("select number, state, journal_code, amount, memo, move_id from erp.payments_named order by id"),
            [
                "PBNK1/2026/00001|paid|BNK1|31750.00|INV/2026/00001|31",
                "PBNK1/2026/00002|in_process|BNK1|20875.00|INV/2026/00002|32",
                "|draft|BNK1|1000.00|Deposit|",
            ]
        );
    }
}

#[test]
fn a_change_of_the_journal_entry_alone_arrives_with_the_next_run() {
    let mut shop = synced(17, "payments_followed", "payments");
    for _ in 0..2 {
        shop.odoo.advance(3600);
        shop.odoo.write("account.payment", &[2], json!({}));
        run(&mut shop, "payments");
    }
    // Changing the journal entry changes the payment's columns, but not the payment's own write_date.
    shop.odoo.write("account.move", &[30], json!({"state": "cancel"}));
    shop.odoo.write_silently("account.payment", &[1], json!({"state": "cancel"}));
    assert_eq!(shop.value("select fetched, updated from sync_run('payments')"), "2|1");
    assert_eq!(shop.value("select state from erp.payments where id = 1"), "cancel");
}
