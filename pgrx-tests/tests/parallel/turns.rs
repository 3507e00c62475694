//! Batches of one tenant from several servers, which take turns where they fill the same tables.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::Shop;
use serde_json::json;

/// A batch of products is held up by a trigger, and holds its tenant's turn meanwhile.
#[test]
fn a_batch_waits_longer_for_its_tenants_turn_than_for_any_other_lock() {
    let mut shop = Shop::open(Cluster::shared(), "turns", "jsonrpc");
    shop.run("select sync_run('products')");
    let (url, database) = (shop.odoo.url(), shop.odoo.database());
    shop.run(&format!(
        "create function erp.hold() returns trigger language plpgsql as
           'begin
              while not pg_try_advisory_xact_lock(1) loop perform pg_sleep(0.02); end loop;
              return new;
            end';
         create trigger hold before update on erp.products for each row execute function erp.hold();
         -- A lane of its own, because it pauses between requests.
         create server patient foreign data wrapper odoo
           options (url '{url}', database '{database}', request_delay_ms '1');
         create user mapping for current_user server patient options (username 'admin', password 'admin')"
    ));
    shop.admin.batch_execute("select pg_advisory_lock(1)").expect("taken");
    shop.odoo.advance(3600);
    let product: i64 = shop.value("select min(id) from erp.products").parse().expect("a product");
    shop.odoo.write("product.product", &[product], json!({"default_code": "held"}));
    let waits = |event: &str, seconds: u32| {
        format!(
            "select 'yes' from pg_stat_activity where backend_type = 'erp_sync' and wait_event = '{event}'
               and datname = current_database() and clock_timestamp() - xact_start > '{seconds} s'"
        )
    };
    let start = |shop: &Shop<'_>, sql| Call::start_as(shop, "shop", "set erp_sync.max_attempts = 1", sql);
    let first = start(&shop, "select state from sync_run('products', 'odoo_main')");
    let held = waits("PgSleep", 0);
    wait_for("a batch that is held up", LIMIT, || shop.value(&held) == "yes")
        .unwrap_or_else(|e| panic!("{e}"));
    let second = start(&shop, "select state from sync_run('warehouses', 'patient')");
    let patient = waits("object", 3);
    wait_for("a patient worker", LIMIT, || shop.value(&patient) == "yes" || second.is_over())
        .unwrap_or_else(|e| panic!("{e}"));
    shop.admin.batch_execute("select pg_advisory_unlock(1)").expect("given back");
    assert_eq!(first.end().rows(), ["succeeded"]);
    assert_eq!(second.end().rows(), ["succeeded"]);
}
