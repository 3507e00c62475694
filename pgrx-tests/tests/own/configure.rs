//! Settings of an entity.

use super::*;

fn configure(shop: &mut Shop<'_>, arguments: &str) -> String {
    shop.value(&format!("select sync_configure({arguments})"))
}

#[test]
fn keep_raw_keeps_the_whole_record_of_every_row() {
    let mut shop = with_leads("own_raw");
    define(&mut shop, &leads(|_| ()));
    run(&mut shop, "leads");
    assert_eq!(shop.value("select count(raw) from erp.leads"), "0");
    assert_eq!(configure(&mut shop, r#"'leads', '{"keep_raw": true}'"#), r#"{"keep_raw": true}"#);
    assert_eq!(run(&mut shop, "leads"), "incremental: 0 inserted, 3 updated, 0 removed");
    let raw = "select raw->>'name', raw->>'expected_revenue', raw->'partner_id' from erp.leads where id = 2";
    assert_eq!(shop.rows(raw), ["Chairs|0.1|9"]);
}

#[test]
fn initial_range_limits_what_is_read_at_first_and_never_what_is_there() {
    let mut shop = with_leads("own_range");
    define(&mut shop, &leads(|_| ()));
    // Counted from the day of the first pass on, which is long after these.
    shop.odoo.write("crm.lead", &[2], json!({"date_deadline": "2999-01-01"}));
    configure(&mut shop, r#"'leads', '{"initial_range": "1 day"}'"#);
    assert_eq!(run(&mut shop, "leads"), "incremental: 2 inserted, 0 updated, 0 removed");
    assert_eq!(shop.rows("select id from erp.leads order by 1"), ["2", "3"], "one is undated");
    shop.odoo.advance(3600);
    shop.odoo.write("crm.lead", &[1], json!({"name": "Desks again"}));
    assert_eq!(run(&mut shop, "leads"), "incremental: 1 inserted, 0 updated, 0 removed");
    assert_eq!(run(&mut shop, "leads', mode => 'full"), "full: 0 inserted, 0 updated, 0 removed");
    let day = shop.value(
        "select initial_range || ' ' || (initial_from = current_date - 1)
                          from erp_sync.position where entity = 'leads'",
    );
    assert!(day.starts_with("1 day "), "{day}");
    configure(&mut shop, r#"'leads', '{"initial_range": null}'"#);
    run(&mut shop, "leads");
    assert_eq!(shop.value("select count(*) from erp.leads"), "3");
    let error = shop.error(r#"select sync_configure('contacts', '{"initial_range": "90 days"}')"#);
    assert_eq!(
        error.detail,
        "those that have one: sale_orders, purchases, stock_moves, manufacturing, wastage, invoices, payments, sales, leads"
    );
}

#[test]
fn the_range_of_a_document_holds_for_its_lines() {
    let mut shop = Shop::open(Cluster::shared(), "own_lines", "jsonrpc");
    configure(&mut shop, r#"'invoices', '{"initial_range": "1 day"}'"#);
    shop.odoo.write("account.move", &[1], json!({"invoice_date": "2999-01-01"}));
    run(&mut shop, "invoices");
    let of_one = shop.rows("select id from erp.invoices where invoice_date < current_date - 2");
    assert_eq!(of_one, [""; 0]);
    let strangers =
        "select count(*) from erp.invoice_lines where invoice_id not in (select id from erp.invoices)";
    assert_eq!(shop.value(strangers), "0");
    let fetched = shop.value("select fetched from erp_sync.task where entity = 'invoices'");
    let all = shop.odoo.records("account.move.line").len();
    assert!(
        fetched.parse::<usize>().unwrap() < all,
        "{fetched} of {all}: the lines of older invoices were not asked for"
    );
}

#[test]
fn what_is_set_nearer_counts_and_an_entity_that_is_off_is_left_out_by_the_schedule() {
    let mut shop = with_leads("own_near");
    configure(&mut shop, r#"'all', '{"auto": false, "full_every": "1 day"}'"#);
    configure(&mut shop, r#"'contacts', '{"auto": true}'"#);
    configure(&mut shop, r#"'categories', '{"auto": true}', 'odoo_main'"#);
    let modes = "select entity || ' ' || next_mode from sync_status() where next_mode is not null order by 1";
    assert_eq!(shop.rows(modes), ["categories full", "contacts full"]);
    shop.run("select sync_schedule(elsewhere => true)");
    shop.run("call sync_auto()");
    let ran = "select string_agg(distinct entity, ',') from erp_sync.history";
    assert_eq!(shop.value(ran), "categories,contacts");
    assert_eq!(configure(&mut shop, "'all', '{\"auto\": null, \"full_every\": null}'"), "{}");
    assert_eq!(shop.value("select count(*) from erp_sync.setting where entity = 'all'"), "0");
}

#[test]
fn a_wrong_setting_entity_or_server_says_what_there_is() {
    let mut shop = with_leads("own_settings");
    let error = shop.error(r#"select sync_configure('contacts', '{"keepraw": true, "overlap": "long"}')"#);
    assert_eq!(error.message, "the settings have mistakes");
    assert!(error.detail.contains("$.keepraw: is unknown, did you mean \"keep_raw\"?"), "{}", error.detail);
    assert!(
        error
            .hint
            .starts_with("settings are: auto, interval, full_every, verify_every, overlap, initial_range"),
        "{}",
        error.hint
    );
    let error = shop.error("select sync_configure('contact', '{}')");
    assert_eq!(error.hint, "did you mean \"contacts\"?");
    let error = shop.error("select sync_configure('contacts', '{}', 'odoo_mein')");
    assert_eq!(error.hint, "did you mean \"odoo_main\"?");
}

#[test]
fn a_wider_overlap_finds_what_was_committed_later() {
    let mut shop = with_leads("own_overlap");
    define(&mut shop, &leads(|_| ()));
    run(&mut shop, "leads");
    shop.odoo.advance(7200);
    shop.odoo.write("crm.lead", &[3], json!({}));
    run(&mut shop, "leads");
    shop.odoo.write_late("crm.lead", &[1], json!({"name": "Late"}), 3000);
    assert_eq!(run(&mut shop, "leads"), "incremental: 0 inserted, 0 updated, 0 removed");
    configure(&mut shop, r#"'leads', '{"overlap": "1 hour"}'"#);
    assert_eq!(run(&mut shop, "leads"), "incremental: 0 inserted, 1 updated, 0 removed");
}

#[test]
fn an_entity_has_its_own_number_of_attempts() {
    let mut shop = with_leads("own_attempts");
    configure(&mut shop, r#"'contacts', '{"max_attempts": 1}'"#);
    shop.odoo.take_database_down(true);
    let error = shop.error("select * from sync_run('contacts')");
    assert!(!error.message.contains("tried"), "{}", error.message);
}
