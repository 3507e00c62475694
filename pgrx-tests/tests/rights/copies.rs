//! Dumped and restored.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, failure, rows};

use super::{as_admin, synced};

#[test]
fn a_restored_copy_goes_on_where_the_original_was_and_stays_paused() {
    let mut shop = synced("original");
    shop.odoo.unhide("res.partner");
    shop.run("select sync_schedule(elsewhere => true)");
    assert_eq!(rows(&mut shop.admin, "select count(*) from erp_sync.home"), ["1"]);
    let books = ["run", "task", "batch", "position", "candidate", "rejected", "removed"];
    let content = |of: &mut postgres::Client| {
        books.map(|table| rows(of, &format!("select t::text from erp_sync.{table} t order by 1")))
    };
    let before = content(&mut shop.admin);
    restore(&shop, "restored");

    let mut admin = shop.cluster.client("restored", "postgres");
    assert_eq!(content(&mut admin), before);
    assert_eq!(rows(&mut admin, "select count(*) from erp_sync.home"), ["0"], "home is not dumped");
    let mut copy = shop.cluster.client("restored", "shop");
    let paused = failure(&mut copy, "call sync_auto()");
    assert!(paused.message.starts_with("schedules are paused"), "{paused:?}");
    let last: i64 = rows(&mut copy, "select max(id) from erp_sync.run")[0].parse().unwrap();
    let batch: i64 = rows(&mut copy, "select max(id) from erp_sync.batch")[0].parse().unwrap();
    let run = rows(&mut copy, "select distinct run_id from sync_run('all')");
    assert_eq!(run, [(last + 1).to_string()]);
    assert_eq!(
        rows(&mut copy, &format!("select min(id) from erp_sync.batch where run_id > {last}")),
        [(batch + 1).to_string()]
    );
    let modes = rows(
        &mut copy,
        &format!(
            "select distinct mode, sum(inserted) from erp_sync.task where run_id > {last} and entity <> 'contacts' group by 1"
        ),
    );
    assert_eq!(modes, ["incremental|0"]);
}

/// A copy of the shop's database under another name, by pg_dump and psql.
fn restore(shop: &Shop<'_>, name: &str) {
    let dumped = shop.cluster.dump(&shop.database, "postgres", &[]);
    shop.cluster.create_database(name);
    let restored = shop.cluster.psql(name, "postgres", &dumped);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
}

#[test]
fn a_schema_dump_without_credentials_can_be_loaded() {
    let mut shop = Shop::open(Cluster::shared(), "ordinary", "jsonrpc");
    as_admin(&mut shop, "create database ordinary_copy");
    let mut copy = shop.cluster.client("ordinary_copy", "postgres");
    // What an ordinary user's dump holds of servers and mappings: no options.
    copy.batch_execute(
        "create extension erp_sync; create server odoo_main foreign data wrapper odoo;
         create user mapping for public server odoo_main",
    )
    .unwrap();
    let error = failure(&mut copy, "select sync_run('contacts')");
    assert!(error.message.contains("has no option \"url\"") && error.hint.contains("add url"), "{error:?}");
}
