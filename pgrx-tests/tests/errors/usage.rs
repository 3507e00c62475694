//! Calls that cannot be right.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

#[test]
fn calls_that_cannot_be_right_say_what_would_be() {
    let mut shop = Shop::open(Cluster::shared(), "usage", "jsonrpc");
    let mut golden = Golden::new("usage");
    for (title, call) in [
        ("a typing error", "select * from sync_run('invoces')"),
        ("no such entity", "select * from sync_run('weather')"),
        ("one of several", "select * from sync_run('contacts, invoces')"),
        ("nothing", "select * from sync_run('')"),
        ("null", "select * from sync_run(null)"),
        ("null", "select * from sync_run(mode => null)"),
        ("null", "select * from sync_run(wait => null)"),
        ("no such mode", "select * from sync_run(mode => 'quick')"),
        ("no such server", "select * from sync_run('contacts', 'odoo_mian')"),
        ("no such server", "select * from sync_run('contacts', 'odoo_mian', wait => false)"),
        ("no such server", "select * from sync_check('odoo_mian')"),
        ("no such entity", "select sync_entity('invoce')"),
        ("null", "select sync_entity(null)"),
        ("no such run", "select sync_cancel(4711)"),
        ("null", "select sync_cancel(null)"),
        ("no such entity", "select sync_reset('invoce')"),
        ("no such server", "select sync_reset('invoices', 'odoo_mian')"),
        ("null", "select sync_reset(null)"),
        ("pg_cron elsewhere", "select sync_schedule()"),
        ("pg_cron elsewhere", "select sync_unschedule()"),
        ("never scheduled", "call sync_auto()"),
    ] {
        golden.shows(title, &shop, call);
    }
    let run = "select state from sync_run('contacts')";
    let loaded = "do $$ begin perform sync_version(); end $$;";
    golden.shows_to("shop", "not theirs", &shop, loaded, "set erp_sync.enabled = off");
    golden.shows_to("shop", "out of range", &shop, loaded, "set erp_sync.max_attempts = 0");
    golden.shows_to("shop", "in a block", &shop, "begin;", "call sync_auto()");
    golden.shows_to("shop", "after a write", &shop, "begin; create temp table t ();", run);
    golden.shows_to("shop", "with a kept snapshot", &shop, "begin isolation level repeatable read;", run);
    shop.admin
        .batch_execute("do $$ begin create role idle_hands; exception when duplicate_object then end $$; grant idle_hands to shop;
                        grant usage on foreign server odoo_main to idle_hands")
        .unwrap();
    golden.shows_to("shop", "a role that the tables are not of", &shop, "set role idle_hands;", run);
    shop.admin.batch_execute("alter database usage set erp_sync.enabled = off").unwrap();
    golden.shows("paused", &shop, run);
    golden.shows("paused", &shop, "call sync_auto()");
    golden.compare();
}
