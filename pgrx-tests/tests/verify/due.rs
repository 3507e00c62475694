//! What `sync_auto()` does with each entity, and that `sync_status()` says so before.

use super::*;

fn auto(shop: &mut Shop<'_>) -> Vec<String> {
    shop.run("call sync_auto()");
    shop.rows(
        "select entity, mode, state, error from erp_sync.history
         where run_id = (select max(id) from erp_sync.run) and entity in ('contacts', 'products') order by 1",
    )
}

fn set_back(shop: &mut Shop<'_>, column: &str, by: &str) {
    let sql = format!(
        "update erp_sync.position set {column} = {column} - interval '{by}' where entity = 'contacts'"
    );
    shop.admin.batch_execute(&sql).expect("set back");
}

#[test]
fn each_entity_is_read_as_is_due_and_status_says_so_before() {
    let mut shop = Shop::open(Cluster::shared(), "verify_due", "jsonrpc");
    shop.run("select sync_schedule(elsewhere => true)");
    shop.run(r#"select sync_configure('contacts', '{"full_every": "30 days", "verify_every": "1 day"}')"#);
    shop.run(r#"select sync_configure('products', '{"full_every": "30 days", "interval": "6 hours"}')"#);
    let next =
        "select entity, next_mode from sync_status() where entity in ('contacts', 'products') order by 1";
    assert_eq!(shop.rows(next), ["contacts|full", "products|full"]);
    assert_eq!(auto(&mut shop), ["contacts|full|succeeded|", "products|full|succeeded|"]);
    let ran = auto(&mut shop);
    assert_eq!(ran[0], "contacts|incremental|succeeded|");
    assert_eq!(ran[1], "products|incremental|skipped|not due for another 324 min");

    set_back(&mut shop, "full_at", "23 hours");
    assert_eq!(shop.rows(next)[0], "contacts|verify", "a tenth of the time early, for a schedule's jitter");
    assert_eq!(auto(&mut shop)[0], "contacts|verify|succeeded|");
    assert_eq!(auto(&mut shop)[0], "contacts|incremental|succeeded|", "the look is done");
    set_back(&mut shop, "full_at", "29 days");
    assert_eq!(shop.rows(next)[0], "contacts|full");
    assert_eq!(auto(&mut shop)[0], "contacts|full|succeeded|");
    let sql = "update erp_sync.task set started_at = started_at - interval '5 hours 30 minutes'";
    shop.admin.batch_execute(sql).expect("set back");
    assert_eq!(auto(&mut shop)[1], "products|incremental|succeeded|");
    // A clock that was set back does not stop it for ever.
    shop.admin.batch_execute("update erp_sync.task set started_at = now() + interval '1 year'").expect("set");
    assert_eq!(auto(&mut shop)[1], "products|incremental|succeeded|");
}
