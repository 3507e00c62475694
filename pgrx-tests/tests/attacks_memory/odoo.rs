//! An Odoo that lies, over each of its protocols, to each call that asks it something.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use erp_sync_tests::shop::Shop;
use erp_sync_tests::watch::highest_kb;
use serde_json::json;

use crate::liar::{Liar, Lie, Records};
use crate::lies;

/// What each process of the server may map.
const HARD_LIMIT_MB: u32 = 1024;

/// What a worker may take beyond one that waits for its first answer.
const MOST_KB: u64 = 64 << 10;

/// What is called, the method of the remote that is lied about, and a word that its request must not hold.
const CALLS: [(&str, &str, &str); 9] = [
    // A page; and the newest cursor value, of which the order says so.
    ("select * from sync_run('people')", "search_read", "desc"),
    ("select * from sync_run('people')", "search_read", ""),
    ("select * from sync_check()", "authenticate", ""),
    ("select * from sync_check()", "fields_get", ""),
    ("select * from sync_plan('contacts')", "search_count", ""),
    ("select * from sync_plan('contacts')", "fields_get", ""),
    ("select * from sync_discover('odoo_main')", "get_available_models", ""),
    ("select * from sync_discover('odoo_main')", "search_read", ""),
    ("select * from sync_discover('odoo_main', 'res.partner')", "fields_get", ""),
];

/// An entity whose columns are those of the records that are sent.
const NAMES: &str = r#"select sync_define('{"name": "people", "about": "Names", "source": "odoo", "streams": [{
  "table": "people", "about": "Names", "object": "res.partner", "key": ["id"], "cursor": "write_date", "columns": [
    {"name": "id", "type": "bigint", "about": "Id"}, {"name": "name", "type": "text", "about": "Name"},
    {"name": "category_id", "type": "bigint[]", "about": "Tags"}]}]}')"#;

/// Only JSON-2 asks so who the user is.
const OVER_JSON2: (&str, &str, &str) = ("select * from sync_check()", "context_get", "");

/// Looks at the memory of a database's workers until it is dropped.
struct Watch {
    highest: Arc<Mutex<u64>>,
    is_over: Arc<AtomicBool>,
}

impl Watch {
    fn begin(shop: &Shop<'_>) -> Watch {
        let mut client = shop.cluster.client(&shop.database, "postgres");
        let watch = Watch { highest: Arc::default(), is_over: Arc::default() };
        let (highest, is_over) = (Arc::clone(&watch.highest), Arc::clone(&watch.is_over));
        thread::spawn(move || {
            let sql = "select pid from pg_stat_activity where backend_type = 'erp_sync'";
            while !is_over.load(Ordering::SeqCst) {
                let Ok(workers) = client.query(sql, &[]) else { return };
                let workers: Vec<i32> = workers.iter().map(|row| row.get(0)).collect();
                for _ in 0..20 {
                    let now = workers.iter().map(|pid| highest_kb(*pid)).max().unwrap_or_default();
                    let mut highest = highest.lock().expect("no panic");
                    *highest = now.max(*highest);
                    drop(highest);
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        watch
    }

    fn end(self) -> u64 {
        self.is_over.store(true, Ordering::SeqCst);
        *self.highest.lock().expect("no panic")
    }
}

/// What a worker takes while it waits for an answer.
fn idle_kb(shop: &mut Shop<'_>, liar: &Liar) -> u64 {
    liar.lie("search_read", "", Lie { is_silent: true, ..Lie::default() });
    let call = Call::start(shop, CALLS[0].0);
    wait_for("the first question", LIMIT, || liar.told() > 0).expect("it was asked");
    let worker = shop.workers()[0];
    let idle = highest_kb(worker);
    shop.admin.execute("select pg_cancel_backend($1)", &[&worker]).expect("cancelled");
    call.end().failure();
    idle
}

fn no_lie_makes_a_worker_grow(protocol: &str, odoo: Odoo, password: &str) {
    let name = format!("attacks_memory_{protocol}");
    let cluster = Cluster::options(&name).with_memory_limit(HARD_LIMIT_MB).start().expect("a cluster");
    let mut shop = Shop::reading(&cluster, &name, odoo, &format!("protocol '{protocol}'"), password);
    let liar = Liar::before(&shop.odoo.url());
    shop.run(&format!("alter server odoo_main options (set url '{}')", liar.url));
    shop.run(NAMES);
    let idle = idle_kb(&mut shop, &liar);
    let mut witness = shop.cluster.client(&shop.database, "postgres");
    let pid: i32 = witness.query_one("select pg_backend_pid()", &[]).expect("a session").get(0);
    let calls = CALLS.into_iter().filter(|(_, method, _)| protocol != "json2" || *method != "authenticate");
    for (sql, method, unless) in calls.chain((protocol == "json2").then_some(OVER_JSON2)) {
        for lies::Named { name, lie } in lies::all(protocol) {
            liar.lie(method, unless, lie);
            let (begun, watch) = (Instant::now(), Watch::begin(&shop));
            let ended = Call::start_as(&shop, "shop", "set erp_sync.max_attempts = 1", sql).end();
            let (grown, told) = (watch.end().saturating_sub(idle), liar.told());
            let said = match ended.outcome {
                Ok(rows) => format!(
                    "{} rows, {}",
                    rows.len(),
                    rows.iter().filter(|row| row.contains("|fail|")).count()
                ),
                Err(failure) => {
                    assert!(failure.sqlstate.len() == 5, "{sql}: {name}: {failure:?}");
                    format!("{}: {}", failure.message, failure.detail)
                }
            };
            println!("{protocol} {method} {name}: {grown} kB, {told} times, {:?}: {said}", begun.elapsed());
            assert!(told > 0, "{sql} did not ask {method}");
            assert!(grown < MOST_KB, "{sql}: {name}: {grown} kB");
            let again: i32 =
                witness.query_one("select pg_backend_pid()", &[]).expect("the server lives").get(0);
            assert_eq!(again, pid);
        }
    }
    assert!(!cluster.log().contains("terminated by signal"), "a process of the server crashed");
}

/// Headers with lines.
const HEADS: &str = r#"select sync_define('{"name": "heads", "about": "Heads", "source": "odoo", "streams": [
  {"table": "heads", "about": "Heads", "object": "account.move", "key": ["id"], "cursor": "write_date", "columns": [
    {"name": "id", "type": "bigint", "about": "Id"}]},
  {"table": "head_lines", "about": "Lines", "object": "account.move.line", "key": ["id"], "cursor": "write_date",
   "parent": {"table": "heads", "column": "head_id"}, "columns": [
    {"name": "id", "type": "bigint", "about": "Id"}, {"name": "name", "type": "text", "about": "Name"},
    {"name": "head_id", "type": "bigint", "path": ["move_id"], "required": true, "about": "Head"}]}]}')"#;

/// Lines of a header.
fn lines(protocol: &str, head: i64) -> Records {
    let (time, name) = ("2027-01-01 00:00:00", "n".repeat(200));
    let (before, behind) = match protocol {
        "xmlrpc" => (
            "<value><struct><member><name>id</name><value><int>".into(),
            format!(
                "</int></value></member><member><name>write_date</name><value>{time}</value></member><member>\
                 <name>name</name><value>{name}</value></member><member><name>move_id</name><value><array><data>\
                 <value><int>{head}</int></value><value>a</value></data></array></value></member></struct></value>"
            ),
        ),
        _ => (
            r#"{"id": "#.into(),
            format!(r#", "write_date": "{time}", "name": "{name}", "move_id": [{head}, "a"]}}"#),
        ),
    };
    Records { model: "account.move.line", before, behind }
}

fn a_header_of_endless_lines_makes_no_worker_grow(protocol: &str) {
    let name = format!("attacks_memory_lines_{protocol}");
    let cluster = Cluster::options(&name).with_memory_limit(HARD_LIMIT_MB).start().expect("a cluster");
    let mut shop = Shop::reading(&cluster, &name, Odoo::start(), &format!("protocol '{protocol}'"), "admin");
    let liar = Liar::before(&shop.odoo.url());
    shop.run(&format!("alter server odoo_main options (set url '{}')", liar.url));
    shop.run(NAMES);
    shop.run(HEADS);
    let idle = idle_kb(&mut shop, &liar);
    // Only the lines of changed headers are read with them.
    liar.lie("no method", "", Lie::default());
    shop.run("select * from sync_run('heads')");
    let head = shop.odoo.records("account.move")[0]["id"].as_i64().expect("an id");
    shop.odoo.advance(3600);
    shop.odoo.write("account.move", &[head], json!({"ref": "changed"}));
    liar.lie("search_read", "", Lie { records: Some(lines(protocol, head)), ..Lie::default() });
    let watch = Watch::begin(&shop);
    let ended =
        Call::start_as(&shop, "shop", "set erp_sync.max_attempts = 1", "select * from sync_run('heads')");
    let ended = ended.end();
    let grown = watch.end().saturating_sub(idle);
    let said = format!("{:?}", ended.outcome);
    println!("{protocol}, endless lines: {grown} kB, {} times: {said}", liar.told());
    assert!(said.contains("belong together"), "{said}");
    assert!(grown < MOST_KB, "{grown} kB");
}

#[test]
fn a_header_of_endless_lines_makes_no_worker_grow_over_json_rpc() {
    a_header_of_endless_lines_makes_no_worker_grow("jsonrpc");
}

#[test]
fn a_header_of_endless_lines_makes_no_worker_grow_over_xml_rpc() {
    a_header_of_endless_lines_makes_no_worker_grow("xmlrpc");
}

#[test]
fn no_odoo_makes_a_worker_grow_over_json_rpc() {
    no_lie_makes_a_worker_grow("jsonrpc", Odoo::start(), "admin");
}

#[test]
fn no_odoo_makes_a_worker_grow_over_xml_rpc() {
    no_lie_makes_a_worker_grow("xmlrpc", Odoo::start(), "admin");
}

#[test]
fn no_odoo_makes_a_worker_grow_over_json_2() {
    no_lie_makes_a_worker_grow("json2", Odoo::start_as(19), ADMIN_KEY);
}
