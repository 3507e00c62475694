//! A real tick of pg_cron.

use std::time::Duration;

use erp_sync_tests::cluster::wait_for;
use serde_json::json;

use super::{cluster, shop};

/// pg_cron looks at the clock once a minute.
const TICK: Duration = Duration::from_secs(130);

#[test]
fn a_change_made_in_odoo_arrives_by_the_job_and_a_failure_is_in_its_history() {
    let cluster = cluster("tick");
    let mut shop = shop(&cluster, "tick");
    shop.run("select * from sync_run('all')");
    let lamp = shop.odoo.create("product.product", json!({ "name": "Lamp" }));
    shop.run("select sync_schedule('* * * * *')");
    let here = format!("select name from erp.products where id = {lamp}");
    wait_for("the change", TICK, || shop.value(&here) == "Lamp").unwrap_or_else(|error| panic!("{error}"));
    let last = "select last_state, last_run_at is not null from erp_sync.schedule";
    wait_for("the job's end", TICK, || shop.value(last) == "succeeded|t")
        .unwrap_or_else(|error| panic!("{error}: {:?}", shop.rows("select * from cron.job_run_details")));

    shop.odoo.set_password("admin", "another");
    wait_for("the next tick", TICK, || shop.value(last) == "failed|t")
        .unwrap_or_else(|error| panic!("{error}: {:?}", shop.rows("select * from cron.job_run_details")));
    let message = shop.value("select last_message from erp_sync.schedule");
    println!("{message}");
    assert!(message.contains("odoo_main") && message.contains("refused"), "{message}");
    assert_eq!(shop.value("select sync_unschedule()"), "t");
    assert!(!cluster.log().contains("PANIC") && !cluster.log().contains("terminated by signal"));
}
