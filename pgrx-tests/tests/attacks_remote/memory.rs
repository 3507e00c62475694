//! A SQL Server that lies to each question: the worker does not grow, and there is one clear error.

use std::time::Instant;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::{Lie, Tds};
use erp_sync_tests::watch::memory_kb;

use crate::items;
use crate::watch::Watch;

/// What each process of the server may map.
const HARD_LIMIT_MB: u32 = 1024;

/// What a worker may take beyond one that waits for its first answer.
const MOST_KB: u64 = 64 << 10;

/// What is called, and what the question holds that is lied to.
const CALLS: [(&str, &str); 15] = [
    ("select * from sync_run('items')", "from [dbo].[items] as o\norder by"),
    ("select * from sync_run('items')", "1 = 0"),
    ("select * from sync_run('items')", "dm_exec_describe"),
    ("select * from sync_run('items')", "top (0)"),
    ("select * from sync_check()", "login"),
    ("select * from sync_check()", "set textsize"),
    ("select * from sync_check()", "ProductVersion"),
    ("select * from sync_plan('items')", "count_big"),
    ("select * from sync_discover('pos')", "information_schema.tables"),
    ("select * from sync_discover('pos', 'dbo.items')", "dm_exec_describe"),
    ("select * from sync_discover('pos', 'dbo.items')", "sys.indexes"),
    ("select * from sync_discover('pos', 'dbo.items')", "sys.index_columns"),
    ("select * from sync_discover('pos', 'dbo.items')", "sys.columns"),
    ("select * from sync_check()", "min_active_rowversion"),
    ("select * from sync_run('changing')", "select max("),
];

/// So many rows are an endless table.
const MANY: i64 = 8_000;

const SHORT: &str =
    "set erp_sync.max_attempts = 1; set erp_sync.request_timeout = '2s'; set erp_sync.connect_timeout = '2s'";

fn shop<'a>(cluster: &'a Cluster, name: &str) -> (Shop<'a>, Tds) {
    let mut shop = Shop::open(cluster, name, "jsonrpc");
    shop.run("drop server odoo_main cascade");
    let tds = items::open(&mut shop);
    shop.run(&items::define(&items::manifest("items", "dbo.items", None)));
    let mut changing = items::manifest("changing", "dbo.changing", None);
    changing["streams"][0]["cursor"] = "at".into();
    tds.execute("create table changing (id int primary key, name nvarchar(max), at datetime2(7)); insert into changing values (1, N'a', '2026-01-01')");
    shop.run(&items::define(&changing));
    (shop, tds)
}

/// What a worker takes while it waits for an answer.
fn idle_kb(shop: &mut Shop<'_>, tds: &Tds) -> u64 {
    tds.lie("dm_exec_describe", Lie::Silence);
    let call = Call::start(shop, "select * from sync_run('items')");
    wait_for("the first question", LIMIT, || tds.lies_told() > 0).expect("it was asked");
    let worker = shop.workers()[0];
    let idle = memory_kb(worker);
    shop.admin.execute("select pg_cancel_backend($1)", &[&worker]).expect("cancelled");
    call.end().failure();
    idle
}

#[test]
fn no_sql_server_makes_a_worker_grow() {
    let cluster = Cluster::options("attacks_remote_memory")
        .with_memory_limit(HARD_LIMIT_MB)
        .start()
        .expect("a cluster");
    let (mut shop, tds) = shop(&cluster, "memory");
    let idle = idle_kb(&mut shop, &tds);
    let mut witness = cluster.client(&shop.database, "postgres");
    let pid: i32 = witness.query_one("select pg_backend_pid()", &[]).expect("a session").get(0);
    let mut highest = 0;
    for (sql, about) in CALLS {
        for (name, lie) in Lie::ALL {
            if about == "set textsize" && lie == Lie::SameRow {
                // Where nothing was asked for, a row is what nobody asked for.
                continue;
            }
            tds.lie(about, lie);
            let (begun, watch) = (Instant::now(), Watch::begin(&shop));
            let ended = Call::start_as(&shop, "shop", SHORT, sql).end();
            let (grown, told) = (watch.end().saturating_sub(idle), tds.lies_told());
            highest = highest.max(grown);
            let said = match ended.outcome {
                Ok(rows) => {
                    let failed: Vec<&String> = rows.iter().filter(|row| row.contains("|fail|")).collect();
                    assert!(!failed.is_empty(), "{sql}: {about} {name}: {rows:?}");
                    format!("{failed:?}")
                }
                Err(failure) => {
                    assert!(failure.sqlstate.len() == 5, "{sql}: {about} {name}: {failure:?}");
                    assert!(!failure.hint.is_empty(), "{failure:?}");
                    format!("{}: {}", failure.message, failure.detail)
                }
            };
            println!("{about:?} {name}: {grown} kB, {told} times, {:?}: {said}", begun.elapsed());
            assert!(told > 0, "{sql} did not ask {about}");
            assert!(grown < MOST_KB, "{sql}: {about} {name}: {grown} kB");
            let again: i32 =
                witness.query_one("select pg_backend_pid()", &[]).expect("the server lives").get(0);
            assert_eq!(again, pid);
        }
    }
    println!("highest: {highest} kB over {idle} kB");
    assert!(!cluster.log().contains("terminated by signal"), "a process of the server crashed");
    tds.tell_the_truth();
    shop.run("select sync_run('items')");
    assert_eq!(shop.value("select count(*) from erp.items"), "3");
}

#[test]
fn a_table_without_end_is_read_in_bounded_memory_and_can_be_stopped() {
    let cluster = Cluster::options("attacks_remote_endless")
        .with_memory_limit(HARD_LIMIT_MB)
        .start()
        .expect("a cluster");
    let (mut shop, tds) = shop(&cluster, "endless");
    let idle = idle_kb(&mut shop, &tds);
    tds.lie("from [dbo].[items] as o\norder by", Lie::GrowingRows);
    let watch = Watch::begin(&shop);
    let call = Call::start_as(&shop, "shop", SHORT, "select * from sync_run('items')");
    let stored = "select coalesce(sum(fetched), 0)::bigint from erp_sync.batch";
    wait_for("many rows", LIMIT, || {
        let stored = shop.admin.query_one(stored, &[]).map_or(0, |row| row.get::<_, i64>(0));
        stored > MANY || call.is_over()
    })
    .expect("rows are stored while more come");
    assert!(!call.is_over(), "{:?}", call.end());
    let worker = shop.workers()[0];
    shop.admin.execute("select pg_cancel_backend($1)", &[&worker]).expect("cancelled");
    call.end().failure();
    let grown = watch.end().saturating_sub(idle);
    println!("endless: {grown} kB");
    assert!(grown < MOST_KB, "{grown} kB");
}

#[test]
fn the_ceiling_counts_whatever_the_caller_sets() {
    let cluster = Cluster::options("attacks_remote_ceiling")
        .set("erp_sync.max_response_bytes_ceiling", "1MB")
        .start()
        .expect("a cluster");
    let (mut shop, tds) = shop(&cluster, "ceiling");
    tds.lie("from [dbo].[items] as o\norder by", Lie::Text);
    let error = shop.error(
        "set erp_sync.max_response_bytes = '1GB'; set erp_sync.max_attempts = 1; select sync_run('items')",
    );
    assert!(error.message.contains("is larger than a row may be"), "{error:?}");
    assert!(error.detail.contains("more than 1048576 bytes came"), "{error:?}");
    let error = shop.error("set erp_sync.max_response_bytes_ceiling = '1GB'");
    assert_eq!(error.sqlstate, "42501");
}
