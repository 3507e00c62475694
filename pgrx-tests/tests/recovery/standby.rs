//! A standby: what it answers, and how it goes on after its promotion.

use erp_sync_tests::call::LIMIT;
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::{Shop, failure, rows};
use postgres::Client;

use super::{exact, in_the_contacts, stored, told};

/// What needs a worker, or writes.
const REFUSED: [&str; 17] = [
    "select * from sync_run('contacts')",
    "select * from sync_run('contacts', wait => false)",
    "call sync_auto()",
    "select * from sync_check()",
    "select * from sync_plan('contacts')",
    "select * from sync_diff('contacts')",
    "select * from sync_repair('contacts')",
    "select * from sync_discover('odoo_main')",
    "select * from sync_add('odoo_main', 'res.country')",
    "select sync_cancel(1)",
    "select sync_reset('contacts')",
    "select sync_schedule()",
    "select sync_schedule(elsewhere => true)",
    "select sync_unschedule()",
    "select sync_define('{\"extends\": \"contacts\"}')",
    "select sync_undefine('contacts')",
    "select sync_configure('contacts', '{\"overlap\": \"1 hour\"}')",
];

/// What only reads.
const ANSWERED: [&str; 13] = [
    "select * from sync_status()",
    "select * from sync_progress()",
    "select * from sync_waiting()",
    "select * from sync_schedules()",
    "select * from sync_entities()",
    "select sync_entity('contacts')",
    "select sync_ready('contacts')",
    "select sync_require('contacts')",
    "select sync_configure('contacts', '{}')",
    "select sync_version()",
    "select * from erp_sync.history",
    "select * from erp_sync.errors",
    "select * from erp_sync.rejections",
];

/// Waits until a standby shows what the primary does.
fn catch_up(shop: &mut Shop<'_>, standby: &mut Client) {
    let here = rows(&mut shop.admin, "select pg_current_wal_lsn()").remove(0);
    let there = format!("select pg_last_wal_replay_lsn() >= '{here}'");
    wait_for("the standby", LIMIT, || rows(standby, &there) == ["t"])
        .unwrap_or_else(|error| panic!("{error}"));
}

/// A function that is new has to be thought of.
fn every_function_is_called(reader: &mut Client) {
    let all = "select p.proname from pg_depend d join pg_proc p on p.oid = d.objid
               join pg_extension e on e.oid = d.refobjid
               where d.classid = 'pg_proc'::regclass and e.extname = 'erp_sync' and p.proname like 'sync\\_%'";
    for name in rows(reader, all) {
        let called = REFUSED.iter().chain(&ANSWERED).any(|sql| sql.contains(&format!("{name}(")));
        assert!(called, "what does {name} do on a standby?");
    }
}

#[test]
fn a_standby_reads_and_refuses_the_rest_and_once_promoted_goes_on_from_the_same_position() {
    let primary = Cluster::start("primary");
    let mut shop = Shop::open(&primary, "primary", "jsonrpc");
    shop.run("select * from sync_run('categories')");
    shop.run("select sync_schedule(elsewhere => true)");
    let standby = Cluster::options("standby").standby_of(&primary).start().expect("a standby");
    let call = in_the_contacts(&mut shop);
    let mut reader = standby.client(&shop.database, "shop");
    catch_up(&mut shop, &mut reader);

    every_function_is_called(&mut reader);
    for sql in ANSWERED {
        let answered = reader.simple_query(sql);
        assert!(answered.is_ok() || sql.contains("sync_require"), "{sql}: {answered:?}");
    }
    assert_eq!(rows(&mut reader, "select count(*) from erp.contacts"), [stored(&mut shop).to_string()]);
    for sql in REFUSED {
        println!("{sql}");
        let refused = told(failure(&mut reader, sql));
        assert!(refused.message.contains("this server is a standby"), "{sql}: {refused:?}");
        assert!(refused.hint.contains("primary"), "{sql}: {refused:?}");
    }

    // The primary dies in the middle of the run.
    primary.kill_postmaster();
    call.end().failure();
    let mut promoter = standby.client(&shop.database, "postgres");
    assert_eq!(rows(&mut promoter, "select pg_promote()"), ["t"]);
    let mut shop = Shop { cluster: &standby, ..shop };
    shop.reconnect();
    let before = stored(&mut shop);
    shop.odoo.clear_faults();
    shop.odoo.forget_calls();
    shop.run("call sync_auto()");
    let first = "select t.state, t.error_kind from erp_sync.task t where t.entity = 'contacts' order by run_id limit 1";
    assert_eq!(shop.value(first), "failed|interrupted");
    let went_on =
        "select fetched, inserted from erp_sync.task where entity = 'contacts' order by run_id desc limit 1";
    println!("{before} contacts on the new primary, then fetched|inserted {}", shop.value(went_on));
    let asked = shop
        .odoo
        .calls()
        .into_iter()
        .find(|call| call.model == "res.partner" && call.method == "search_read");
    println!("{asked:?}");
    exact(&mut shop);
    shop.is_at_rest();
}
