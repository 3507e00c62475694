//! Every way to stop a run of several workers, or one of them.

use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::fleet;

const SECOND: Duration = Duration::from_secs(1);

const STATES: &str = "select server, entity, state, error_kind from erp_sync.task
                      where run_id = (select max(id) from erp_sync.run) order by server, ordinal";

/// A run over six servers and two entities, whose four workers wait for an answer each.
fn waits(shop: &mut Shop<'_>) -> Call {
    shop.odoo.fault(When::any().model("product.category").method("search_read"), What::Silent);
    let call = Call::start(shop, "select * from sync_run('categories, employees')");
    let running = "select count(*) from sync_progress()";
    wait_for("four tasks", LIMIT, || shop.value(running) == "4").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(shop.workers().len(), 4);
    call
}

/// The caller has its answer and all workers are gone, both within a second.
fn is_over(shop: &mut Shop<'_>, call: Call, what: &str, begun: Instant) -> String {
    let gone_at = shop.no_worker();
    let ended = call.end();
    let (told, gone) = (ended.at.duration_since(begun), gone_at.duration_since(begun));
    println!("{what}: the caller's answer after {told:?}, the last worker's end after {gone:?}");
    assert!(told < SECOND && gone < SECOND, "{what}: {told:?}, {gone:?}");
    let failure = ended.failure();
    format!("{}|{}", failure.sqlstate, failure.message)
}

#[test]
fn a_cancel_ends_all_workers_within_a_second() {
    let mut shop = fleet::open(Cluster::shared(), "cancel_all", 6);
    for how in ["sync_cancel", "the leader", "the caller"] {
        let call = waits(&mut shop);
        let leader = shop.workers()[0];
        let sql = match how {
            "sync_cancel" => "select sync_cancel(max(id)) from erp_sync.run".to_owned(),
            "the leader" => format!("select pg_cancel_backend({leader})"),
            _ => format!("select pg_cancel_backend({})", call.pid),
        };
        let begun = Instant::now();
        assert_eq!(shop.value(&sql), "t");
        let failure = is_over(&mut shop, call, how, begun);
        assert!(
            failure.contains("57014|") && failure.contains("canceling statement due to user request"),
            "{failure}"
        );
        let states = shop.rows(STATES);
        assert_eq!(states.len(), 12);
        assert!(states.iter().all(|row| row.ends_with("|cancelled|cancelled")), "{states:?}");
        shop.odoo.clear_faults();
        shop.is_at_rest();
    }
    shop.run("select * from sync_run('categories, employees')");
}

#[test]
fn a_run_that_is_cancelled_again_and_again_is_closed_all_the_same() {
    let mut shop = fleet::open(Cluster::shared(), "cancel_often", 6);
    let call = waits(&mut shop);
    let leader = shop.workers()[0];
    // Until the process is gone, which a cancel cannot keep it from.
    shop.admin
        .batch_execute(&format!(
            "do $$ begin
               while exists (select from pg_stat_get_activity({leader})) loop
                 perform pg_cancel_backend({leader});
                 perform pg_stat_clear_snapshot(), pg_sleep(0.0005);
               end loop;
             end $$"
        ))
        .expect("cancelled");
    call.end().failure();
    assert_eq!(shop.value("select state from erp_sync.run"), "cancelled");
    shop.odoo.clear_faults();
    shop.is_at_rest();
}

#[test]
fn a_terminated_leader_takes_all_workers_with_it_within_a_second() {
    let mut shop = fleet::open(Cluster::shared(), "leader_ended", 6);
    let call = waits(&mut shop);
    let leader = shop.workers()[0];
    let begun = Instant::now();
    shop.admin.execute("select pg_terminate_backend($1)", &[&leader]).expect("terminated");
    let failure = is_over(&mut shop, call, "a terminated leader", begun);
    assert_eq!(failure, "57014|the worker was terminated");
    shop.odoo.clear_faults();
    shop.run("select * from sync_run('categories, employees')");
    let before = "select distinct state, error_kind from erp_sync.task where run_id = 1";
    assert_eq!(shop.rows(before), ["failed|interrupted"]);
    shop.is_at_rest();
}

#[test]
fn a_terminated_caller_ends_all_workers() {
    let mut shop = fleet::open(Cluster::shared(), "caller_ended", 6);
    let call = waits(&mut shop);
    let begun = Instant::now();
    shop.admin.execute("select pg_terminate_backend($1)", &[&call.pid]).expect("terminated");
    is_over(&mut shop, call, "a terminated caller", begun);
    shop.odoo.clear_faults();
    shop.run("select * from sync_run('categories, employees')");
    shop.is_at_rest();
}

#[test]
fn a_worker_that_is_stopped_alone_costs_its_task_and_the_others_go_on() {
    let mut shop = fleet::open(Cluster::shared(), "hand_ended", 6);
    for (how, state, kind) in
        [("pg_terminate_backend", "failed", "interrupted"), ("pg_cancel_backend", "cancelled", "cancelled")]
    {
        let call = waits(&mut shop);
        let hand = shop.workers()[2];
        let busy_with = format!("select query from pg_stat_activity where pid = {hand}");
        let busy_with = shop.value(&busy_with);
        let server = busy_with.rsplit(' ').next().expect("a server").to_owned();
        shop.value(&format!("select {how}({hand})"));
        wait_for("its end", LIMIT, || shop.workers().len() == 3).unwrap_or_else(|e| panic!("{e}"));
        shop.odoo.clear_faults();
        let failure = call.end().failure();
        assert!(failure.message.contains(&format!("categories from {server}: ")), "{failure:?}");
        assert!(!failure.hint.is_empty(), "{failure:?}");
        let states = shop.rows(STATES);
        let (failed, fine): (Vec<_>, Vec<_>) = states.iter().partition(|row| !row.ends_with("|succeeded|"));
        assert_eq!(failed, [&format!("{server}|categories|{state}|{kind}")]);
        assert_eq!(fine.len(), 11, "the rest of its server was done by others");
        shop.is_at_rest();
    }
    shop.run("select * from sync_run('categories, employees')");
}

#[test]
fn what_comes_after_the_task_of_a_stopped_worker_is_skipped() {
    let mut shop = fleet::open(Cluster::shared(), "after_hand", 2);
    shop.odoo.fault(When::any().model("product.category").method("search_read"), What::Silent);
    let call = Call::start(&shop, "select * from sync_run('categories, products, employees')");
    let running = "select count(*) from sync_progress()";
    wait_for("two tasks", LIMIT, || shop.value(running) == "2").unwrap_or_else(|e| panic!("{e}"));
    let hand = shop.workers()[1];
    shop.value(&format!("select pg_terminate_backend({hand})"));
    wait_for("its end", LIMIT, || shop.workers().len() == 1).unwrap_or_else(|e| panic!("{e}"));
    shop.odoo.clear_faults();
    call.end().failure();
    let of_failed =
        "select b.entity, b.state, b.error from erp_sync.task a join erp_sync.task b using (run_id, server)
                     where a.state = 'failed' order by b.ordinal";
    assert_eq!(
        shop.rows(of_failed),
        [
            "categories|failed|interrupted",
            "products|skipped|after \"categories\", which failed",
            "employees|succeeded|"
        ]
    );
    shop.is_at_rest();
}

#[test]
fn a_killed_worker_leaves_nothing_open_after_the_next_start() {
    let cluster = Cluster::start("killed");
    let mut shop = fleet::open(&cluster, "killed", 6);
    for victim in [0, 3] {
        let call = waits(&mut shop);
        let worker = shop.workers()[victim];
        cluster.kill_backend(worker);
        call.end().failure();
        shop.reconnect();
        shop.odoo.clear_faults();
        shop.run("select * from sync_run('categories, employees')");
        shop.is_at_rest();
    }
    let ends = "select state, count(*) from erp_sync.run group by 1 order by 1";
    assert_eq!(shop.rows(ends), ["failed|2", "succeeded|2"]);
}
