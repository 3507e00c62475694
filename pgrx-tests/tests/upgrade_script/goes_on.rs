//! What an updated database does: everything that was under way goes on, and nothing is read anew.

use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::shop::{Shop, rows};
use erp_sync_tests::till::{self, Line};
use serde_json::{Value, json};

use super::kept::{NAME, Place, cluster, updated};
use super::remotes;

/// What was synced before, but for contacts, whose pass is open, and products, which the breaker holds.
const SETTLED: &str = "categories, employees, invoices, warehouses, inventory, sales, leads";

/// Sold in the north after the update.
const SOLD: Line<'_> = Line {
    invoice: "C-1",
    line: 1,
    branch: "WH",
    barcode: "601647855646",
    quantity: "2",
    price: "12.5",
    net: "25.0",
    sold_at: "2026-01-02T18:30:00",
    is_return: false,
};

#[test]
fn a_database_updated_with_pg_cron_goes_on_where_it_was_and_reads_nothing_anew() {
    let cluster = cluster("goes_on");
    let mut kept = updated(&cluster, Place::Home);
    let shop = &mut kept.shop;
    history_is_kept(shop);
    stored_manifests_and_settings_are_kept(shop);
    the_open_pass_goes_on(shop);
    what_was_under_way_is_closed(shop);
    nothing_is_read_anew(shop);
    the_breaker_still_holds(shop);
    a_good_version_clears_the_rejected_row(shop);
    a_waiting_sale_is_admitted(shop);
    the_schedule_goes_on(shop);
    others_go_on_too(shop);
    a_change_arrives(shop);
    till::sell(&kept.north, &SOLD);
    let sold = "select server, state, inserted from sync_run('sales') order by 1";
    assert_eq!(kept.shop.rows(sold), ["pos_north|succeeded|1", "pos_south|succeeded|0"]);
    kept.shop.is_at_rest();
}

#[test]
fn a_database_restored_elsewhere_and_updated_with_pg_cron_keeps_its_schedule_paused() {
    let cluster = cluster("restored");
    let mut kept = updated(&cluster, Place::Elsewhere);
    let shop = &mut kept.shop;
    let paused = shop.error("call sync_auto()");
    assert!(paused.message.starts_with("schedules are paused"), "{paused:?}");
    the_open_pass_goes_on(shop);
    nothing_is_read_anew(shop);
    shop.odoo.unhide("product.product");
    shop.run("select sync_schedule('15 */2 * * *')");
    shop.run("call sync_auto()");
}

fn history_is_kept(shop: &mut Shop<'_>) {
    let ended = "select run_id, entity, mode, state, fetched, inserted, updated, unchanged, rejected, removed
                 from erp_sync.history where run_id in (4, 5, 6, 8) order by 1";
    let expected = [
        "4|contacts|incremental|succeeded|2|0|1|0|1|0",
        "5|invoices|full|succeeded|74|0|0|65|0|5",
        "6|contacts|verify|succeeded|4|1|1|1|1|1",
        "8|employees|incremental|failed|0|0|0|0|0|0",
    ];
    assert_eq!(shop.rows(ended), expected);
    let failed = "select error, detail is null, original_error like '%bad gateway, tried 3 times: status 502'
                  from erp_sync.history where run_id = 8";
    assert_eq!(shop.rows(failed), ["failed before version 0.2.0: unavailable|t|t"]);
    let differences = "select differs, stream, key from erp_sync.differences where run_id = 6 order by key";
    assert_eq!(
        shop.rows(differences),
        ["extra|contacts|[30]", "stale|contacts|[32]", "missing|contacts|[33]"]
    );
    let held = "select rows, waiting from sync_status() where entity = 'products'";
    assert_eq!(shop.rows(held), ["95|54"], "candidates of the breaker");
    let removed = "select stream, count(*) from erp_sync.removed group by 1 order by 1";
    assert_eq!(shop.rows(removed), ["contacts|1", "invoice_lines|4", "invoices|1"]);
    assert_eq!(shop.rows("select stream, key, rule from erp_sync.rejections"), ["contacts|[14]|nul"]);
    let waiting =
        "select reason, value, count(*) from erp_sync.waiting where stream = 'pos_sales' group by 1, 2";
    assert_eq!(shop.rows(waiting), ["unknown branch|NEW|2"]);
}

/// Those of a role count for it; those of a group stay stored, for the group.
fn stored_manifests_and_settings_are_kept(shop: &mut Shop<'_>) {
    let settings = [
        ("'all', '{}'", r#"{"max_attempts": 3}"#),
        ("'contacts', '{}'", r#"{"overlap": "20 minutes", "full_every": "10 days"}"#),
        ("'sales', '{}', 'pos_north'", r#"{"interval": "1 hour"}"#),
    ];
    for (arguments, stored) in settings {
        assert_eq!(shop.value(&format!("select sync_configure({arguments})")), stored);
    }
    let has_shelf = r#"$.streams[0].columns[*] ? (@.name == "shelf")"#;
    let shelf = format!("select jsonb_path_exists(sync_entity('products'), '{has_shelf}')");
    assert_eq!(shop.value(&shelf), "t");
    assert_eq!(shop.value("select sync_entity('leads') ->> 'about'"), "What may become an order");
    let unknown = shop.error("select sync_entity('offers')");
    assert!(unknown.message.contains("offers"), "a group's, {unknown:?}");
    shop.run("set role staff");
    assert_eq!(shop.value("select sync_configure('contacts', '{}')"), r#"{"interval": "6 hours"}"#);
    assert_eq!(shop.value("select sync_entity('offers') ->> 'about'"), "What may become an order");
    shop.run("reset role");
}

/// The first page that is asked for is the one behind the last that was committed.
fn the_open_pass_goes_on(shop: &mut Shop<'_>) {
    shop.odoo.forget_calls();
    shop.run("select sync_run('contacts')");
    let asked = pages(&shop.odoo, "res.partner");
    assert_eq!(asked.first(), Some(&31), "{asked:?}");
    let last =
        "select run_id > 33, inserted, removed from erp_sync.history where entity = 'contacts' limit 1";
    assert_eq!(shop.rows(last), [format!("t|{}|0", remotes::IMPORTED)]);
    let there = shop.odoo.records("res.partner").len();
    assert_eq!(shop.value("select count(*) from erp.contacts"), there.to_string());
}

/// The ids behind which pages of a model were asked for, in that order.
fn pages(odoo: &Odoo, model: &str) -> Vec<i64> {
    let calls = odoo.calls();
    let pages =
        calls.iter().filter(|c| c.model == model && c.method == "search_read" && c.kwargs["order"] == "id");
    let after = |domain: &Value| {
        let terms = domain.as_array().cloned().unwrap_or_default();
        terms.iter().find(|term| term[0] == "id" && term[1] == ">").and_then(|term| term[2].as_i64())
    };
    pages.map(|call| after(&call.args[0]).unwrap_or_default()).collect()
}

/// The killed run, and the one that never had a worker.
fn what_was_under_way_is_closed(shop: &mut Shop<'_>) {
    assert_eq!(
        shop.rows("select id, state from erp_sync.run where id in (10, 11) order by 1"),
        ["10|failed", "11|failed"]
    );
    let task = "select state, error is not null from erp_sync.history where run_id = 10";
    assert_eq!(shop.rows(task), ["failed|t"]);
}

/// Positions hold: every pass reads what its overlap shows, and writes no row.
fn nothing_is_read_anew(shop: &mut Shop<'_>) {
    shop.run(&format!("select sync_run('{SETTLED}')"));
    let last = "select server, entity, mode, state, fetched, inserted + updated + removed + rejected
                from erp_sync.history where run_id = (select max(run_id) from erp_sync.history) order by 1, 2";
    // An inventory is read whole every time, and warehouses were recorded within one minute. Invoices are read anew, whose
    // numbers were rounded before.
    let expected = [
        "odoo_main|categories|incremental|succeeded|1|0",
        "odoo_main|employees|incremental|succeeded|8|0",
        "odoo_main|inventory|incremental|succeeded|48|0",
        "odoo_main|invoices|incremental|succeeded|74|0",
        "odoo_main|leads|incremental|succeeded|2|0",
        "odoo_main|warehouses|incremental|succeeded|57|0",
        "pos_north|sales|incremental|succeeded|1|0",
        "pos_south|sales|incremental|succeeded|1|0",
    ];
    assert_eq!(shop.rows(last), expected);
}

fn the_breaker_still_holds(shop: &mut Shop<'_>) {
    let held = shop.error("select sync_run('products', mode => 'full')");
    assert!(held.message.contains("54 of 64 rows of \"products\" vanished at once"), "{held:?}");
    shop.odoo.unhide("product.product");
    let counts = "select inserted, updated, removed from sync_run('products', mode => 'full')";
    // They get the column that the new version has.
    assert_eq!(shop.rows(counts), ["0|54|0"]);
    assert_eq!(shop.value("select waiting from sync_status() where entity = 'products'"), "0");
    assert_eq!(shop.rows("select shelf from erp.shop_products where id = 5"), ["A-17"]);
}

fn a_good_version_clears_the_rejected_row(shop: &mut Shop<'_>) {
    shop.odoo.write("res.partner", &[14], json!({"city": "Lyon"}));
    shop.run("select sync_run('contacts')");
    assert_eq!(shop.rows("select key from erp_sync.rejections"), [""; 0]);
    assert_eq!(shop.value("select city from erp.contacts where id = 14"), "Lyon");
}

/// Its branch is made known here, its product there.
fn a_waiting_sale_is_admitted(shop: &mut Shop<'_>) {
    shop.run("insert into erp.branch_codes (tenant, branch_code, warehouse_id) values ('main', 'NEW', 1)");
    let pen = shop.odoo.create("product.product", json!({"name": "Pen", "barcode": "4006381333931"}));
    shop.run("select sync_run('products')");
    shop.run("select sync_run('sales', mode => 'full')");
    assert_eq!(shop.rows("select key from erp_sync.waiting where stream = 'pos_sales'"), [""; 0]);
    let moved = format!("select count(*) from erp.stock_movements where product_id = {pen}");
    assert_eq!(shop.value(&moved), "2");
}

/// Nobody has to say so: it is the database where it was made.
fn the_schedule_goes_on(shop: &mut Shop<'_>) {
    let jobs = "select schedule, role, active from erp_sync.schedule";
    assert_eq!(shop.rows(jobs), ["15 */2 * * *|shop|t"]);
    assert_ne!(shop.value("select next_due_at from sync_status() where entity = 'contacts'"), "");
    shop.run("call sync_auto()");
}

/// Another role, with another server and another schema; and one that may only use a server.
fn others_go_on_too(shop: &mut Shop<'_>) {
    let mut peer = shop.cluster.client(NAME, "peer");
    // The one category that was written since.
    let run = "select server, state, inserted, updated, removed from sync_run('categories')";
    assert_eq!(rows(&mut peer, run), ["odoo_second|succeeded|0|1|0"]);
    assert_eq!(rows(&mut peer, "select distinct server from erp_sync.history"), ["odoo_second"]);
    let mut clerk = shop.cluster.client(NAME, "clerk");
    assert_eq!(rows(&mut clerk, "select count(*) from erp_sync.history"), ["0"]);
    assert_eq!(rows(&mut clerk, "select name from erp.shop_products where id = 5").len(), 1, "as granted");
}

fn a_change_arrives(shop: &mut Shop<'_>) {
    let lamp = shop.odoo.create("product.product", json!({"name": "Lamp"}));
    assert_eq!(shop.rows("select inserted, updated from sync_run('products')"), ["1|0"]);
    assert_eq!(shop.value(&format!("select name from erp.shop_products where id = {lamp}")), "Lamp");
}
