//! One remote is asked by one worker at a time, whoever asks.

use std::time::Duration;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::fleet;

/// Pairs of tasks of a lane that ran at the same time, and how many of different lanes did.
const OVERLAPS: &str = "
select count(*) filter (where a.lane = b.lane), count(*) filter (where a.lane <> b.lane) > 0
from erp_sync.task a
join erp_sync.task b on (a.run_id, a.server, a.entity) < (b.run_id, b.server, b.entity)
  and a.started_at < b.finished_at and b.started_at < a.finished_at";

/// Lanes in which more than one task runs now.
const CROWDS: &str = "
select lane, array_agg(server || ' ' || entity) from erp_sync.task
where state = 'running' group by lane having count(*) > 1";

/// Six servers on three hosts, whose answers take a while.
fn three_hosts<'a>(cluster: &'a Cluster, database: &str) -> Shop<'a> {
    let mut shop = fleet::open(cluster, database, 3);
    for (name, of) in [("t001", "s001"), ("t002", "s002"), ("t003", "s003")] {
        let url = shop.value(&format!(
            "select substr(o, 5) from pg_foreign_server, unnest(srvoptions) o
             where srvname = '{of}' and o like 'url=%'"
        ));
        fleet::add(&mut shop, name, &url);
    }
    shop.odoo.fault(When::any(), What::Sleep(Duration::from_millis(15)));
    shop
}

#[test]
fn servers_on_one_host_are_read_one_after_the_other_within_a_run() {
    let mut shop = three_hosts(Cluster::shared(), "lanes_of_a_run");
    let call = Call::start(&shop, "select state from sync_run('categories, employees')");
    let (mut most, mut crowds) = (0, Vec::new());
    wait_for("the run", LIMIT, || {
        most = most.max(shop.workers().len());
        crowds.extend(shop.rows(CROWDS));
        call.is_over()
    })
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(crowds, [""; 0]);
    assert_eq!(call.end().rows(), ["succeeded"; 12]);
    assert_eq!(most, 3, "more workers than hosts would only wait");
    assert_eq!(shop.value("select count(distinct lane) from erp_sync.task"), "3");
    assert_eq!(shop.value(OVERLAPS), "0|t");
    shop.is_at_rest();
}

#[test]
fn servers_on_one_host_are_read_one_after_the_other_across_runs() {
    let mut shop = three_hosts(Cluster::shared(), "lanes_of_runs");
    // Three runs of one role, with three hosts each.
    shop.admin
        .batch_execute("alter database lanes_of_runs set erp_sync.max_workers_per_role = 16")
        .expect("set");
    let calls: Vec<_> = ["categories", "employees", "currencies"]
        .iter()
        .map(|entity| Call::start(&shop, &format!("select state from sync_run('{entity}')")))
        .collect();
    for call in calls {
        assert_eq!(call.end().rows(), ["succeeded"; 6]);
    }
    assert_eq!(shop.value(OVERLAPS), "0|t");
    shop.is_at_rest();
}
