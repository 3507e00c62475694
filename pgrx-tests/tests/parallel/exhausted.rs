//! Fewer workers than wished.

use erp_sync_tests::cluster::Cluster;

use super::fleet;

#[test]
fn a_run_that_gets_fewer_workers_than_it_may_have_ends_and_says_which_setting_to_raise() {
    // pg_cron and the logical replication launcher take two: two are left of four.
    let cluster = Cluster::options("fewer").set("max_worker_processes", "4").start().expect("a cluster");
    let mut shop = fleet::open(&cluster, "fewer", 6);
    let told = shop.cluster.psql("fewer", "shop", "select server, state from sync_run('categories')");
    let (rows, warned) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    println!("{warned}");
    let expected = "only 2 of 4 workers could be had for this run, because max_worker_processes (4) is used up: \
                    alter system set max_worker_processes = 6, then restart the server";
    assert_eq!(warned.lines().collect::<Vec<_>>(), [format!("WARNING:  {expected}")]);
    assert_eq!(rows.matches("succeeded").count(), 6, "{rows}");
    // Where a person looks whose run nobody waited for.
    let found = "select distinct warnings[1] from erp_sync.history";
    assert_eq!(shop.rows(found), [expected]);
    shop.is_at_rest();

    shop.admin.batch_execute("alter system set max_worker_processes = 6").expect("raised");
    cluster.restart();
    shop.reconnect();
    let told = shop.cluster.psql("fewer", "shop", "select server, state from sync_run('categories')");
    assert_eq!(String::from_utf8_lossy(&told.stderr), "");
    assert_eq!(shop.value("select warnings from erp_sync.history limit 1"), "{}");
}
