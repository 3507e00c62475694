//! The extension comes and goes, and the harness keeps its promises.

use erp_sync_tests::cluster::Cluster;

#[test]
fn the_extension_is_created_and_dropped() {
    let cluster = Cluster::shared();
    cluster.create_database("comes_and_goes");
    let mut client = cluster.client("comes_and_goes", "postgres");
    client.batch_execute("create extension erp_sync").unwrap();
    client.batch_execute("drop extension erp_sync").unwrap();
    let left = "select count(*) from pg_proc where proname like 'sync\\_%'";
    assert_eq!(client.query_one(left, &[]).unwrap().get::<_, i64>(0), 0);
}

#[test]
fn sync_version_is_the_crates_version() {
    let cluster = Cluster::shared();
    cluster.create_database("version");
    let mut client = cluster.client("version", "postgres");
    client.batch_execute("create extension erp_sync").unwrap();
    let same = "select sync_version() = extversion from pg_extension where extname = 'erp_sync'";
    assert!(client.query_one(same, &[]).unwrap().get::<_, bool>(0));
}
