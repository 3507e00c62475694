//! The model of an entity becomes part of a URL at Odoo: nothing but a name does.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use erp_sync_tests::shop::Shop;
use serde_json::json;

const HOSTILE: [&str; 7] = [
    "res.partner/unlink?",
    "res.partner/unlink#",
    "../../web/database/drop?",
    "res.partner%2Funlink?",
    "res.partner\\unlink?",
    "..",
    "__import__('os').system('id')",
];

#[test]
fn a_model_that_is_no_name_calls_nothing() {
    let mut shop =
        Shop::reading(Cluster::shared(), "models", Odoo::start_as(19), "protocol 'json2'", ADMIN_KEY);
    for model in HOSTILE {
        let manifest = json!({
            "name": "own", "source": "odoo", "about": "x",
            "streams": [{"table": "own", "about": "x", "object": model, "key": ["id"], "cursor": "write_date",
                         "columns": [{"name": "id", "type": "bigint", "about": "x"}]}]
        });
        let quoted = manifest.to_string().replace('\'', "''");
        let error = shop.error(&format!("select sync_define('{quoted}')"));
        assert!(error.detail.contains("$.streams[0].object: must be the name of a model"), "{error:?}");
        let quoted = model.replace('\'', "''");
        let error = shop.error(&format!("select * from sync_discover('odoo_main', '{quoted}')"));
        assert_eq!(error.sqlstate, "22023", "{error:?}");
    }
    assert_eq!(shop.odoo.count_calls("res.partner", "unlink"), 0);
}
