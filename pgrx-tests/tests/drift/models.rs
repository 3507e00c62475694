//! A module is uninstalled: its model is gone.

use super::{status, viewed, views_stand};

#[test]
fn an_uninstalled_model_is_told_in_status_and_everything_else_goes_on() {
    let mut shop = viewed("drift_model");
    shop.run("select * from sync_run('all')");
    let rows = shop.value("select count(*) from erp.scraps");
    shop.odoo.uninstall("stock.scrap");
    let states = shop.rows("select distinct state from sync_run('all') where entity not in ('wastage')");
    assert_eq!(states, ["succeeded"]);
    let status_of = status(&mut shop, "wastage");
    assert!(status_of.starts_with("succeeded||not read: "), "{status_of}");
    assert!(
        status_of.contains("stock.scrap") && status_of.contains("sync_check('odoo_main')"),
        "{status_of}"
    );
    assert_eq!(shop.value("select count(*) from erp.scraps"), rows, "what is there stays");
    shop.odoo.restore();
    shop.run("select * from sync_run('all')");
    assert_eq!(status(&mut shop, "wastage"), "succeeded||");
    views_stand(&mut shop);
}
