//! What `sync_check()` shows.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

const CHECK: &str = "select * from sync_check()";

/// Every object of a built-in entity.
const OBJECTS: [&str; 21] = [
    "product.category",
    "product.product",
    "uom.uom",
    "stock.warehouse.orderpoint",
    "res.partner",
    "res.company",
    "res.currency",
    "stock.warehouse",
    "stock.location",
    "stock.picking.type",
    "hr.department",
    "hr.employee",
    "sale.order",
    "sale.order.line",
    "purchase.order",
    "purchase.order.line",
    "stock.picking",
    "stock.move",
    "mrp.production",
    "stock.scrap",
    "account.move",
];

/// Sets the remote's clock, as far apart from this machine's as told.
fn set_clock(odoo: &Odoo, seconds: i64) {
    odoo.set_now((DateTime::<Utc>::from(SystemTime::now()) + TimeDelta::seconds(seconds)).naive_utc());
}

#[test]
fn a_check_tells_what_is_right_and_what_is_not() {
    let mut shop = Shop::open(Cluster::shared(), "checked", "jsonrpc");
    let mut golden = Golden::new("check");
    set_clock(&shop.odoo, 0);
    golden.shows("everything right", &shop, CHECK);
    for (title, seconds) in [("ahead", 600), ("behind", -600)] {
        set_clock(&shop.odoo, seconds);
        let clock = "select status, detail, hint from sync_check() where aspect = 'clock'";
        golden.shows(&format!("a clock 10 minutes {title}"), &shop, clock);
    }
    set_clock(&shop.odoo, 0);
    OBJECTS.iter().for_each(|object| shop.odoo.revoke("admin", object));
    golden.shows("a user without rights", &shop, CHECK);
    OBJECTS.iter().for_each(|object| shop.odoo.grant("admin", object));
    shop.odoo.revoke("admin", "account.move.line");
    shop.odoo.revoke("admin", "stock.warehouse.orderpoint");
    shop.odoo.forbid_field("admin", "res.partner", "vat");
    shop.odoo.forbid_field("admin", "res.partner", "credit_limit");
    shop.odoo.forbid_field("admin", "sale.order", "state");
    golden.shows("a user with some rights", &shop, "select * from sync_check() where status <> 'ok'");
    shop.odoo = Odoo::start().into();
    shop.run(&format!("alter server odoo_main options (set url '{}')", shop.odoo.url()));
    set_clock(&shop.odoo, 0);
    for object in ["sale.order", "sale.order.line", "purchase.order", "purchase.order.line"] {
        shop.odoo.uninstall(object);
    }
    golden.shows("two modules missing", &shop, "select * from sync_check() where status <> 'ok'");
    golden.compare();
}

#[test]
fn a_version_that_was_not_tested_is_told() {
    let mut golden = Golden::new("version");
    for version in [16, 17, 18, 19, 20] {
        let name = format!("version_{version}");
        let shop = Shop::reading(Cluster::shared(), &name, Odoo::start_as(version), "", "admin");
        let look = "select status, detail, hint from sync_check() where aspect = 'version'";
        golden.shows(&format!("Odoo {version}"), &shop, look);
    }
    golden.compare();
}
