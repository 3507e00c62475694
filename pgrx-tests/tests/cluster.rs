//! The extension comes and goes, and the harness keeps its promises.

use std::process::Command;

use erp_sync_tests::cluster::{Cluster, prepare};

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

#[test]
fn psql_stops_at_the_first_error_as_any_role() {
    let cluster = Cluster::shared();
    let mut client = cluster.client("postgres", "postgres");
    client.batch_execute("create role \"odd name\" login").unwrap();
    let output = cluster.psql("postgres", "odd name", "select current_user;\nselect 1/0;\nselect 'after';");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout.contains("odd name") && !stdout.contains("after"), "{stdout}");
    assert!(stderr.contains("division by zero"), "{stderr}");
}

#[test]
fn pg_cron_lives_in_the_database_that_was_asked_for() {
    let cluster = Cluster::options("cron").cron_database("shop").start().unwrap();
    cluster.create_database("shop");
    cluster.client("shop", "postgres").batch_execute("create extension pg_cron").unwrap();
    assert!(cluster.client("postgres", "postgres").batch_execute("create extension pg_cron").is_err());
}

#[test]
fn a_cluster_survives_a_restart_a_power_failure_and_a_killed_backend() {
    let cluster = Cluster::options("survives").set("log_statement", "all").start().unwrap();
    let port = cluster.port();
    cluster.client("postgres", "postgres").batch_execute("create table kept (id int)").unwrap();
    cluster.restart();
    cluster.stop_immediate();
    assert!(postgres::Client::connect(&cluster.url("postgres", "postgres"), postgres::NoTls).is_err());
    cluster.start_again();

    let mut victim = cluster.client("postgres", "postgres");
    cluster.kill_backend(victim.query_one("select pg_backend_pid()", &[]).unwrap().get(0));
    assert!(victim.batch_execute("select 1").is_err());
    cluster.restart();
    cluster.client("postgres", "postgres").batch_execute("select from kept").unwrap();
    assert_eq!(cluster.port(), port);
    assert!(cluster.log().contains("statement: create table kept"), "{}", cluster.log());
}

#[test]
fn only_a_process_of_the_cluster_can_be_killed() {
    let ours = std::process::id() as i32;
    let refused = std::panic::catch_unwind(|| Cluster::shared().kill_backend(ours));
    assert!(refused.is_err());
}

#[test]
fn two_clusters_of_one_name_do_not_meet_and_end_when_dropped() {
    let (one, two) = (Cluster::start("twins"), Cluster::start("twins"));
    assert_ne!(one.port(), two.port());
    let url = one.url("postgres", "postgres");
    drop(one);
    assert!(postgres::Client::connect(&url, postgres::NoTls).is_err());
    two.client("postgres", "postgres").batch_execute("select 1").unwrap();
}

#[test]
fn a_cluster_can_have_an_identity_of_its_own() {
    let identity = |cluster: &Cluster| -> String {
        let query = "select system_identifier::text from pg_control_system()";
        cluster.client("postgres", "postgres").query_one(query, &[]).unwrap().get(0)
    };
    let other = Cluster::options("identity").own_identity().start().unwrap();
    assert_ne!(identity(Cluster::shared()), identity(&other));
}

/// The test calls itself once more as a program that dies without a word to its cluster.
#[test]
fn a_cluster_left_behind_by_a_killed_process_is_replaced() {
    const KILLED: &str = "ERP_SYNC_TEST_KILLED";
    if std::env::var_os(KILLED).is_some() {
        let cluster = Cluster::start("left_behind");
        println!("{}", cluster.url("postgres", "postgres"));
        Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status().unwrap();
    }
    // Preparing looks for clusters that were left behind: this one is to be found later.
    prepare().unwrap();
    let name = "a_cluster_left_behind_by_a_killed_process_is_replaced";
    let mut itself = Command::new(std::env::current_exe().unwrap());
    let output = itself.args(["--exact", name, "--nocapture"]).env(KILLED, "1").output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let url = stdout.lines().find_map(|line| Some(&line[line.find("postgresql://")?..])).unwrap();

    let mut left = postgres::Client::connect(url, postgres::NoTls).unwrap();
    let cluster = Cluster::start("left_behind");
    assert!(left.batch_execute("select 1").is_err());
    cluster.client("postgres", "postgres").batch_execute("select 1").unwrap();
}
