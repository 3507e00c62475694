//! The schedule: pg_cron's job, and what it calls.

mod auto;
mod contracts;
mod copies;
mod job;
mod status;
mod tick;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;

/// A cluster whose pg_cron lives in the database of the same name.
fn cluster(name: &str) -> Cluster {
    let cluster = Cluster::options(name).cron_database(name).set("cron.use_background_workers", "on").start();
    cluster.unwrap_or_else(|error| panic!("cluster {name}: {error}"))
}

/// A shop that may use pg_cron.
fn shop<'a>(cluster: &'a Cluster, name: &str) -> Shop<'a> {
    with_cron(Shop::open(cluster, name, "jsonrpc"))
}

fn with_cron(mut shop: Shop<'_>) -> Shop<'_> {
    let sql = "create extension pg_cron; grant usage on schema cron to shop";
    shop.admin.batch_execute(sql).expect("pg_cron is there");
    shop
}
