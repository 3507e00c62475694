//! Servers that hang or fail beside others that do not.

use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::rows;

use super::fleet;

const ENDED: &str = "select server, state from erp_sync.task where finished_at is not null order by server";

#[test]
fn a_server_that_hangs_and_one_that_fails_do_not_hold_up_the_others() {
    let mut shop = fleet::open(Cluster::shared(), "hangs", 8);
    let hanging = fleet::add_own(&mut shop, "a_hanging");
    let failing = fleet::add_own(&mut shop, "a_failing");
    hanging.fault(When::any(), What::Silent);
    failing.set_password("admin", "another");
    let begun = Instant::now();
    let settings = "set erp_sync.request_timeout = '6s'; set erp_sync.max_attempts = 1;
                    set erp_sync.max_workers = 3";
    let call = Call::start_as(&shop, "shop", settings, "select * from sync_run('categories')");
    let mut expected = vec!["a_failing|failed".to_owned()];
    expected.extend((1..=8).map(|n| format!("s{n:03}|succeeded")));
    wait_for("all but one", LIMIT, || shop.rows(ENDED) == expected)
        .unwrap_or_else(|error| panic!("{error}: {:?}", shop.rows(ENDED)));
    println!("all but the one that hangs: {:?}", begun.elapsed());
    assert!(!call.is_over() && begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_eq!(shop.rows("select server from sync_progress()"), ["a_hanging"]);
    let failure = call.end().failure();
    assert!(begun.elapsed() >= Duration::from_secs(6), "{:?}", begun.elapsed());
    assert!(
        failure.message.starts_with("2 of 10 tasks failed, first categories from a_failing: "),
        "{failure:?}"
    );
    shop.is_at_rest();
}

#[test]
fn a_server_without_credentials_says_so_for_each_of_its_tasks() {
    let mut shop = fleet::open(Cluster::shared(), "no_credentials", 2);
    shop.run("drop user mapping for current_user server s002");
    shop.error("select * from sync_run('categories, employees')");
    let ends = "select server, entity, state, error from erp_sync.task order by server, ordinal";
    let missing = "role \"shop\" has no user mapping for server \"s002\"";
    assert_eq!(
        shop.rows(ends),
        [
            "s001|categories|succeeded|".to_owned(),
            "s001|employees|succeeded|".to_owned(),
            format!("s002|categories|failed|{missing}"),
            format!("s002|employees|failed|{missing}"),
        ]
    );
}

#[test]
fn a_lock_on_the_bookkeeping_holds_a_run_up_and_does_not_fail_it() {
    let mut shop = fleet::open(Cluster::shared(), "locked", 1);
    let held = fleet::add_own(&mut shop, "t001");
    held.fault(When::any().model("product.category").method("search_read"), What::Held);
    let call = Call::start(&shop, "select state from sync_run('categories')");
    // The first worker has nothing left to do but to look how the other is getting on.
    let states = "select string_agg(state, ' ' order by server) from erp_sync.task";
    wait_for("one of two", LIMIT, || shop.value(states) == "succeeded running")
        .unwrap_or_else(|e| panic!("{e}"));
    shop.admin.batch_execute("begin; lock table erp_sync.task").expect("locked");
    let mut admin = shop.cluster.client("locked", "postgres");
    let waits =
        "select 'yes' from pg_stat_activity where backend_type = 'erp_sync' and wait_event_type = 'Lock'
                 and datname = current_database() and clock_timestamp() - xact_start > '1.5 s'";
    for there in [true, false] {
        wait_for("two seconds of patience", LIMIT, || rows(&mut admin, waits).is_empty() != there)
            .unwrap_or_else(|e| panic!("{e}"));
    }
    shop.admin.batch_execute("commit").expect("unlocked");
    held.clear_faults();
    assert_eq!(call.end().rows(), ["succeeded"; 2]);
    shop.is_at_rest();
}

#[test]
fn the_caller_hears_what_every_worker_has_to_say() {
    let mut shop = fleet::open(Cluster::shared(), "hears", 0);
    let odoos: Vec<_> = (1..=4).map(|n| fleet::add_own(&mut shop, &format!("s{n:03}"))).collect();
    for odoo in &odoos {
        odoo.forbid_field("admin", "product.category", "complete_name");
        let page = When::any().model("product.category").method("search_read").nth(3);
        odoo.fault(page, What::Sleep(Duration::from_millis(2500)));
    }
    let sql = "alter server s001 options (max_page '4', min_page '4');
               alter server s002 options (max_page '4', min_page '4');
               alter server s003 options (max_page '4', min_page '4');
               alter server s004 options (max_page '4', min_page '4')";
    shop.run(sql);
    let told = shop.cluster.psql(&shop.database, "shop", "select * from sync_run('categories')");
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    println!("{told}");
    for n in 1..=4 {
        let warning = format!("WARNING:  categories from s{n:03}: not read: ");
        assert_eq!(told.matches(&warning).count(), 1, "{told}");
        assert!(told.contains(&format!("NOTICE:  categories from s{n:03}, ")), "{told}");
    }
}
