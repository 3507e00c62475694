//! Clocks that jump, the remote's and ours.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use serde_json::json;

use super::exact;

const HOUR: i64 = 3600;

/// A shop that has read everything once, in the remote's morning.
fn synced(name: &str) -> Shop<'static> {
    let mut shop = Shop::open(Cluster::shared(), name, "jsonrpc");
    shop.run("select * from sync_run('contacts')");
    shop
}

/// Changes a contact, adds one, and lets the next run find both.
fn is_found(shop: &mut Shop<'_>, word: &str) {
    shop.odoo.write("res.partner", &[14], json!({"city": word}));
    let id = shop.odoo.create("res.partner", json!({"name": word}));
    let told = shop.value("select fetched from sync_run('contacts')");
    println!(
        "{word}: {told} fetched, warned: {}",
        shop.value("select warnings from erp_sync.task order by run_id desc limit 1")
    );
    assert_eq!(shop.value("select city from erp.contacts where id = 14"), word);
    assert_eq!(shop.value(&format!("select name from erp.contacts where id = {id}")), word);
    exact(shop);
}

#[test]
fn a_remote_whose_clock_is_set_back_by_hours_is_noticed_and_no_change_is_missed() {
    let mut shop = synced("clock_back");
    shop.odoo.advance(HOUR);
    is_found(&mut shop, "before");
    shop.odoo.advance(-4 * HOUR);
    is_found(&mut shop, "back");
    shop.odoo.advance(60);
    is_found(&mut shop, "a minute later");
    // It is read in full once; from then on by the clock as it is now.
    let modes =
        "select string_agg(distinct p.position, ',') from erp_sync.position p where stream = 'contacts'";
    println!("{}", shop.value(modes));
}

#[test]
fn a_remote_whose_clock_runs_ahead_for_a_while_hides_no_change_made_after_it_is_right_again() {
    let mut shop = synced("clock_ahead");
    shop.odoo.advance(9 * HOUR);
    is_found(&mut shop, "ahead");
    shop.odoo.advance(-9 * HOUR + 120);
    is_found(&mut shop, "right again");
    shop.odoo.advance(60);
    is_found(&mut shop, "and on");
}

#[test]
fn a_web_host_whose_clock_is_not_the_databases_hides_no_change() {
    for hours in [-5, 5] {
        let mut shop = synced(if hours < 0 { "clock_date_behind" } else { "clock_date_ahead" });
        shop.odoo.skew_http_date(hours * HOUR);
        for word in ["one", "two", "three"] {
            shop.odoo.advance(700);
            is_found(&mut shop, word);
        }
        shop.odoo.skew_http_date(-hours * HOUR);
        shop.odoo.advance(60);
        is_found(&mut shop, "agreed");
    }
}

#[test]
fn bookkeeping_of_the_future_stops_neither_the_schedule_nor_a_full_pass_nor_the_closing_of_dead_runs() {
    let mut shop = synced("clock_ours");
    shop.run("select sync_schedule(elsewhere => true)");
    // As a clock leaves it that was years ahead, and is right again.
    shop.admin
        .batch_execute(
            "update erp_sync.position set full_at = full_at + interval '9 years', finished_at = finished_at + interval '9 years';
             update erp_sync.task set started_at = started_at + interval '9 years', finished_at = finished_at + interval '9 years';
             update erp_sync.run set queued_at = queued_at + interval '9 years', started_at = started_at + interval '9 years',
               finished_at = finished_at + interval '9 years';
             insert into erp_sync.run (entity, mode, role, settings, queued_at, role_id)
               values ('contacts', 'full', 'shop', '{}', now() + interval '9 years', '')",
        )
        .expect("the future");
    let status = "select next_mode, lag < interval '0' from sync_status() where entity = 'contacts'";
    assert_eq!(shop.rows(status), ["full|f"]);
    shop.odoo.advance(HOUR);
    shop.odoo.write("res.partner", &[14], json!({"city": "Ghent"}));
    shop.run("call sync_auto()");
    assert_eq!(shop.value("select city from erp.contacts where id = 14"), "Ghent");
    assert_eq!(
        shop.value("select max(full_at) <= now() from erp_sync.position where stream = 'contacts'"),
        "t"
    );
    assert_eq!(shop.rows(status), ["incremental|f"]);
    exact(&mut shop);
}
