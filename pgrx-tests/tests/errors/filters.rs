//! What a filter of one's own entity that Odoo does not take looks like.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::shop::Shop;
use serde_json::{Value, json};

use super::golden::Golden;

fn manifest(filter: &Value) -> String {
    let manifest = json!({
        "name": "people", "source": "odoo", "about": "Some contacts",
        "streams": [{
            "table": "people", "about": "Some contacts", "object": "res.partner", "filter": filter,
            "key": ["id"], "cursor": "write_date",
            "columns": [{"name": "id", "type": "bigint", "about": "Odoo's id"}]
        }]
    });
    manifest.to_string().replace('\'', "''")
}

#[test]
fn a_filter_that_odoo_does_not_take_is_told_with_where_to_mend_it() {
    let mut golden = Golden::new("filters");
    for version in [17, 19] {
        let odoo = Odoo::start_as(version);
        let mut shop = Shop::reading(Cluster::shared(), &format!("filters_{version}"), odoo, "", "admin");
        for (title, filter) in [
            ("no such operator", json!([["name", "~~", "x"]])),
            ("no such field", json!([["no_such_field", "=", 1]])),
            ("no date", json!([["write_date", ">", "not a date"]])),
        ] {
            shop.run(&format!("select sync_define('{}')", manifest(&filter)));
            golden.shows(&format!("{title}, Odoo {version}"), &shop, "select state from sync_run('people')");
        }
    }
    golden.compare();
}

#[test]
fn a_filter_that_odoo_would_ignore_stores_no_row() {
    for version in [17, 18, 19] {
        let odoo = Odoo::start_as(version);
        let name = format!("filter_ignored_{version}");
        let mut shop = Shop::reading(Cluster::shared(), &name, odoo, "", "admin");
        let computed = json!({"type": "integer", "string": "Open", "store": false, "searchable": false});
        shop.odoo.add_field("res.partner", "x_open", computed);
        shop.run(&format!("select sync_define('{}')", manifest(&json!([["x_open", ">", 0]]))));
        let error = shop.error("select state from sync_run('people')");
        let message = "people from odoo_main: \"odoo_main\" cannot search \"res.partner\" by \"x_open\"";
        assert_eq!(error.message, message, "{version}");
        assert_eq!(shop.value("select to_regclass('erp.people') is null"), "t", "{version}");
    }
}
