//! Two hundred servers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::rows;

use super::fleet;

#[test]
fn a_run_over_two_hundred_servers_with_four_workers_ends_and_shows_progress_meanwhile() {
    let cluster = Cluster::start("two_hundred");
    let mut shop = fleet::open(&cluster, "two_hundred", 200);
    let pages = When::any().model("product.category").method("search_read");
    shop.odoo.fault(pages, What::Sleep(Duration::from_millis(20)));
    let begun = Instant::now();
    let call = Call::start(&shop, "select server, state from sync_run('categories')");
    let (mut most, mut seen, mut ended) = (0, BTreeSet::new(), BTreeSet::new());
    wait_for("two hundred servers", 10 * LIMIT, || {
        most = most.max(shop.workers().len());
        let running = shop.rows("select server from sync_progress()");
        assert!(running.len() <= 4, "{running:?}");
        seen.extend(running);
        ended.insert(shop.value("select count(*) from erp_sync.task where state = 'succeeded'"));
        call.is_over()
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let states = call.end().rows();
    println!("200 servers: {:?}; seen in progress: {}, counts: {}", begun.elapsed(), seen.len(), ended.len());
    assert_eq!(states.len(), 200);
    assert!(states.iter().all(|row| row.ends_with("|succeeded")), "{states:?}");
    assert!(states.is_sorted());
    assert_eq!(most, 4);
    assert!(seen.len() > 10 && ended.len() > 10, "{seen:?} {ended:?}");
    let expected = format!("{}|200", 200 * shop.odoo.records("product.category").len());
    assert_eq!(shop.value("select count(*), count(distinct tenant) from erp.categories"), expected);
    shop.is_at_rest();
}

#[test]
fn no_worker_has_a_transaction_open_while_the_network_is_waited_for() {
    let mut shop = fleet::open(Cluster::shared(), "quiet", 6);
    shop.odoo.fault(When::any().model("product.category").method("search_read"), What::Silent);
    let call = Call::start(&shop, "select server, state from sync_run('categories')");
    let quiet = "select count(*) from pg_stat_activity where backend_type = 'erp_sync'
                 and datname = current_database() and xact_start is null and backend_xmin is null
                 and query like 'erp_sync: categories from s00_'";
    let mut admin = shop.session();
    wait_for("four quiet workers", LIMIT, || rows(&mut admin, quiet) == ["4"])
        .unwrap_or_else(|error| panic!("{error}"));
    let working = "select server from sync_progress() order by 1";
    assert_eq!(shop.rows(working), ["s001", "s002", "s003", "s004"]);
    // They look up several times a second, and the first looks at what the others do.
    let (until, mut looks, mut loud) = (Instant::now() + Duration::from_millis(1500), 0, 0);
    while Instant::now() < until {
        looks += 1;
        loud += usize::from(rows(&mut admin, quiet) != ["4"]);
    }
    println!("a transaction was seen in {loud} of {looks} looks");
    assert!(loud * 10 < looks, "{loud} of {looks}");
    shop.odoo.clear_faults();
    assert_eq!(call.end().rows().len(), 6);
    shop.is_at_rest();
}
