//! pg_upgrade: the upgraded cluster goes on where the old one was.
//!
//! From the server that is installed to the one that the tests are for, when that is a newer one.

mod shop;

use erp_sync_tests::cluster::{Cluster, Prepared, Server, prepare_for};
use erp_sync_tests::shop::Shop;
use serde_json::json;

use shop::{content, goes_on, remote_calls, shop_in_the_middle_of_a_pass};

/// The server to upgrade from and the one to upgrade to, with the extension in both.
fn servers() -> Option<(&'static Prepared, &'static Prepared)> {
    let (older, newer) = (Server::installed()?, Server::find()?);
    if older.major >= newer.major {
        println!("left out: PostgreSQL {} is the newest here; set PG_CONFIG to a newer one", older.major);
        return None;
    }
    println!("from PostgreSQL {} to {}", older.major, newer.major);
    let prepared = |server: &Server| prepare_for(server).unwrap_or_else(|error| panic!("{error}"));
    Some((prepared(&older), prepared(&newer)))
}

#[test]
fn what_pg_upgrade_has_made_goes_on_where_the_old_cluster_was_and_reads_nothing_anew() {
    let Some((older, newer)) = servers() else { return };
    let old = Cluster::options("upgrade").on(older).cron_database("upgrade").start().expect("a cluster");
    let with_pg_cron = older.has_pg_cron && newer.has_pg_cron;
    let mut shop = shop_in_the_middle_of_a_pass(&old, with_pg_cron);
    let before = content(&mut shop);
    let last_run: i64 = shop.value("select max(id) from erp_sync.run").parse().expect("a number");

    let new = old.upgrade(newer).unwrap_or_else(|error| panic!("{error}"));
    let mut shop = goes_on(shop, &new);
    assert_eq!(
        shop.value("select current_setting('server_version_num')::int / 10000"),
        newer.major().to_string()
    );
    for (before, after) in before.iter().zip(content(&mut shop)) {
        assert_eq!(*before, after);
    }

    the_open_pass_goes_on(&mut shop);
    assert_eq!(shop.value("select max(id) from erp_sync.run"), (last_run + 1).to_string(), "its next number");
    nothing_is_read_anew(&mut shop);
    a_change_arrives(&mut shop);
    schedules_wait_for_a_word(&mut shop, with_pg_cron);
    new.restart();
}

/// The first page asked for is the one behind the last that the old cluster has committed.
fn the_open_pass_goes_on(shop: &mut Shop<'_>) {
    let open =
        "select pass #>> '{after}' from erp_sync.position where stream = 'contacts' and pass is not null";
    let after = shop.value(open);
    assert_ne!(after, "");
    shop.odoo.forget_calls();
    shop.run("select sync_run('contacts')");
    let asked = remote_calls(shop, "res.partner");
    assert!(asked.first().is_some_and(|first| after.contains(&first.to_string())), "{after}: {asked:?}");
    assert_eq!(shop.value("select count(*) from erp_sync.position where pass is not null"), "0");
    let ids = "select count(*), count(distinct id) from erp.contacts";
    let there = shop.odoo.records("res.partner").len();
    assert_eq!(shop.rows(ids), [format!("{there}|{there}")]);
}

/// Positions hold: no pass is a full one, and no row is written.
fn nothing_is_read_anew(shop: &mut Shop<'_>) {
    shop.run("select sync_run('all')");
    let last = "from erp_sync.history where run_id = (select max(id) from erp_sync.run)";
    let modes =
        shop.rows(&format!("select mode, sum(inserted + updated + removed + rejected) {last} group by 1"));
    assert_eq!(modes, ["incremental|0"]);
    assert_eq!(shop.value(&format!("select count(*) {last} and entity = 'leads'")), "1", "an own entity");
}

fn a_change_arrives(shop: &mut Shop<'_>) {
    let lamp = shop.odoo.create("product.product", json!({ "name": "Lamp" }));
    assert_eq!(shop.rows("select inserted, updated from sync_run('products')"), ["1|0"]);
    assert_eq!(
        shop.value(&format!("select name from erp.shop_products where id = {lamp}")),
        "Lamp",
        "by the view"
    );
}

/// It is another cluster than the one where they were made, as a copy for tests would be.
fn schedules_wait_for_a_word(shop: &mut Shop<'_>, with_pg_cron: bool) {
    let paused = shop.error("call sync_auto()");
    assert_eq!(
        paused.message,
        "schedules are paused: sync_schedule() was called in another cluster than this"
    );
    assert_eq!(paused.hint, "start them here with: select sync_schedule()");
    if with_pg_cron {
        shop.admin.batch_execute("alter extension pg_cron update").expect("pg_cron has an upgrade script");
        shop.run("select sync_schedule()");
    } else {
        shop.run("select sync_schedule(elsewhere => true)");
    }
    shop.run("call sync_auto()");
}
