//! Runs that are interrupted: by a cancel, by the end of a process, by what happens to
//! the objects they work on.
mod crashes;
mod leavings;
mod moments;
mod stops;
mod under_it;
mod waits;

use std::time::{Duration, Instant};

use erp_sync_tests::shop::{Failure, Shop};

/// Within this time every interruption is answered.
const SECOND: Duration = Duration::from_secs(1);

/// Everything that a run without interruptions leaves behind.
fn ends_exact(shop: &mut Shop<'_>) {
    shop.odoo.clear_faults();
    shop.run("select * from sync_run('all')");
    for (model, table, filter) in [
        ("product.category", "categories", ""),
        ("product.product", "products", ""),
        ("res.partner", "contacts", ""),
        ("account.move", "invoices", "posted"),
    ] {
        let kept = |record: &serde_json::Value| {
            filter.is_empty() || record["state"] == filter && record["move_type"] != "entry"
        };
        let there: Vec<i64> = shop.odoo.records(model).iter().filter(|r| kept(r)).map(id).collect();
        let here = shop.rows(&format!("select id from erp.{table} order by id"));
        let here: Vec<i64> = here.iter().map(|id| id.parse().expect("a number")).collect();
        assert_eq!(here, there, "{table}");
    }
    shop.is_at_rest();
}

fn id(record: &serde_json::Value) -> i64 {
    record["id"].as_i64().expect("every record has an id")
}

/// How long after `begun` something happened, for a person to read; an error beyond a second.
fn within_a_second(what: &str, begun: Instant, at: Instant) {
    let took = at.duration_since(begun);
    println!("{what}: {} ms", took.as_millis());
    assert!(took < SECOND, "{what} took {} ms", took.as_millis());
}

/// Whether a session was ended from outside. Its client may see the end before it reads why.
fn was_terminated(failure: &Failure) -> bool {
    failure.sqlstate == "57P01" || failure.message == "connection closed"
}
