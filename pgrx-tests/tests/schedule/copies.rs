//! A copy of a database does not read the same remotes by itself.

use erp_sync_tests::shop::{Shop, failure, rows};

use super::{cluster, shop};

fn refused(shop: &Shop<'_>, database: &str, why: &str) {
    let mut client = shop.cluster.client(database, "shop");
    let failure = failure(&mut client, "call sync_auto()");
    assert_eq!(failure.message, format!("schedules are paused: sync_schedule() was {why}"));
    assert_eq!(failure.hint, "start them here with: select sync_schedule()");
}

#[test]
fn a_copy_of_a_database_stays_paused_until_it_is_scheduled_there() {
    let cluster = cluster("original");
    let mut original = shop(&cluster, "original");
    refused(&original, "original", "never called in this database");
    original.run("select sync_schedule()");
    original.run("call sync_auto()");

    // pg_cron keeps its database open, and a database that is open cannot be copied.
    original.admin.batch_execute("alter system set cron.database_name = 'copy'").expect("moved");
    cluster.restart();
    let mut elsewhere = cluster.client("postgres", "postgres");
    elsewhere.batch_execute("create database copy template original").expect("copied");
    original.reconnect();
    refused(&original, "copy", "called in the database that this is a copy of");
    original.run("call sync_auto()");

    // A day later it is meant.
    let mut copy = cluster.client("copy", "shop");
    rows(&mut copy, "select sync_schedule()");
    rows(&mut copy, "call sync_auto()");
    let runs = "select count(*) from erp_sync.run";
    assert_eq!((rows(&mut copy, runs), original.value(runs)), (vec!["2".to_owned()], "2".to_owned()));
}

#[test]
fn a_database_moved_to_another_cluster_stays_paused() {
    let cluster = cluster("moved");
    let mut shop = shop(&cluster, "moved");
    shop.run("select sync_schedule()");
    shop.run("call sync_auto()");
    // As after pg_restore or a copied data folder with an identity of its own.
    shop.admin
        .batch_execute("update erp_sync.home set system_identifier = system_identifier + 1")
        .expect("moved");
    refused(&shop, "moved", "called in another cluster than this");
    shop.admin.batch_execute("delete from erp_sync.home").expect("left out of the dump");
    refused(&shop, "moved", "never called in this database");
    shop.run("select sync_schedule()");
    shop.run("call sync_auto()");
}
