//! What users add: entities of their own, columns of built-in ones, settings; and what helps them to it.

mod add;
mod configure;
mod define;
mod discover;
mod extend;
mod gate;
mod open;
mod plan;
mod roles;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use serde_json::{Value, json};

/// A shop whose Odoo has a module more: leads, of which there are three.
fn with_leads(name: &str) -> Shop<'static> {
    with_leads_over(name, "jsonrpc")
}

fn with_leads_over(name: &str, protocol: &str) -> Shop<'static> {
    let shop = Shop::open(Cluster::shared(), name, protocol);
    shop.odoo.install(
        "crm.lead",
        "Lead",
        json!({
            "name": {"type": "char", "string": "Opportunity", "store": true},
            "active": {"type": "boolean", "string": "Active", "store": true},
            "partner_id": {"type": "many2one", "relation": "res.partner", "string": "Customer", "store": true},
            "expected_revenue": {"type": "float", "string": "Expected Revenue", "store": true},
            "tag_ids": {"type": "many2many", "relation": "crm.tag", "string": "Tags", "store": true},
            "date_deadline": {"type": "date", "string": "Expected Closing", "store": true},
            "stage": {"type": "selection", "string": "Stage", "store": true},
            "day_open": {"type": "float", "string": "Days to Assign", "store": false},
            "image": {"type": "binary", "string": "Image", "store": true},
            "order_ids": {"type": "one2many", "relation": "sale.order", "string": "Orders", "store": true},
        }),
    );
    for (name, revenue, day) in [("Desks", 1200.5, "2026-10-01"), ("Chairs", 0.1, "2026-11-01")] {
        let lead = json!({"name": name, "expected_revenue": revenue, "date_deadline": day, "partner_id": 9});
        shop.odoo.create("crm.lead", lead);
    }
    shop.odoo.create("crm.lead", json!({"name": "Archived", "active": false}));
    shop
}

/// A manifest of leads, after a change.
fn leads(change: impl Fn(&mut Value)) -> String {
    let mut manifest = json!({
        "name": "leads", "about": "What may become an order", "source": "odoo", "after": ["contacts"],
        "streams": [{
            "table": "leads", "about": "Leads", "object": "crm.lead", "module": "crm",
            "key": ["id"], "cursor": "write_date", "date": "date_deadline",
            "refers": {"partner_id": "contacts"},
            "columns": [
                {"name": "id", "type": "bigint", "about": "Odoo's id"},
                {"name": "name", "type": "text", "about": "What it is about"},
                {"name": "partner_id", "type": "bigint", "about": "Joins contacts.id"},
                {"name": "revenue", "type": "numeric", "scale": 2, "path": ["expected_revenue"], "about": "Hoped for"},
            ],
        }],
    });
    change(&mut manifest);
    manifest.to_string().replace('\'', "''")
}

fn define(shop: &mut Shop<'_>, manifest: &str) -> String {
    shop.value(&format!("select sync_define('{manifest}')"))
}

/// Syncs an entity; mode and counts of its task.
fn run(shop: &mut Shop<'_>, arguments: &str) -> String {
    shop.run(&format!("select * from sync_run('{arguments}')"));
    shop.value(
        "select format('%s: %s inserted, %s updated, %s removed', mode, inserted, updated, removed)
         from erp_sync.history limit 1",
    )
}
