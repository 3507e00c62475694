//! Runs that find nothing new leave the tables alone, down to the last tuple.

use std::time::Duration;

use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::Shop;

#[test]
fn a_second_run_inserts_updates_and_touches_nothing() {
    let mut shop = Shop::open(Cluster::shared(), "untouched", "jsonrpc");
    shop.run("select sync_run('all')");
    let before = tuples(&mut shop);
    let written = statistics(&mut shop);
    for mode in ["incremental", "full"] {
        let sql = format!(
            "select sum(fetched) > 0, sum(inserted), sum(updated), sum(removed), sum(rejected)
                           from sync_run('all', mode => '{mode}')"
        );
        assert_eq!(shop.value(&sql), "t|0|0|0|0", "{mode}");
        assert!(tuples(&mut shop) == before, "a tuple was touched by an {mode} run");
        assert_eq!(statistics(&mut shop), written, "{mode}");
    }
}

/// Where every tuple lies and which transactions wrote or locked it.
fn tuples(shop: &mut Shop<'_>) -> Vec<String> {
    let tables = shop.rows("select tablename from pg_tables where schemaname = 'erp' order by 1");
    assert_eq!(tables.len(), 38, "{tables:?}");
    let of = |table| format!("select '{table}', tableoid, ctid, xmin, xmax, synced_at from erp.{table}");
    let sql = tables.iter().map(of).collect::<Vec<_>>().join(" union all ");
    shop.rows(&format!("{sql} order by 1, 3"))
}

/// What the tables' statistics say was ever written, once no worker is left to add to them.
fn statistics(shop: &mut Shop<'_>) -> Vec<String> {
    let workers = "select count(*) from pg_stat_activity where backend_type = 'erp_sync' and datname = current_database()";
    wait_for("the end of the workers", Duration::from_secs(10), || shop.value(workers) == "0").unwrap();
    shop.rows(
        "select relname, n_tup_ins, n_tup_upd, n_tup_del, n_dead_tup, pg_relation_size(relid)

         from pg_stat_user_tables where schemaname = 'erp' order by 1",
    )
}
