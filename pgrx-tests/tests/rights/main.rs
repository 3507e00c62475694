//! Who may do and see what.

mod bookkeeping;
mod copies;
mod credentials;
mod identity;
mod tables;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, rows};
use postgres::Client;

/// A shop with history: runs, removed and rejected rows, a row that waits for its removal.
fn synced(name: &str) -> Shop<'static> {
    let mut shop = Shop::open(Cluster::shared(), name, "jsonrpc");
    shop.run("select sync_run('all')");
    shop.odoo.advance(3600);
    shop.odoo.delete("res.partner", &[30]);
    shop.odoo.write("res.partner", &[14], serde_json::json!({"city": "\0"}));
    shop.run("select sync_run('contacts', mode => 'full')");
    shop.odoo.hide("res.partner", &(40..60).collect::<Vec<_>>());
    shop.error("select sync_run('contacts', mode => 'full')");
    shop
}

/// A session of a role that may log in and nothing else, made when it is not there.
fn session(shop: &mut Shop<'_>, role: &str) -> Client {
    let made = format!(
        "do $$ begin create role {role} login; exception when duplicate_object or unique_violation then null; end $$"
    );
    as_admin(shop, &made);
    shop.cluster.client(&shop.database, role)
}

fn as_admin(shop: &mut Shop<'_>, sql: &str) {
    shop.admin.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// Tables and views of the bookkeeping.
fn relations(shop: &mut Shop<'_>, kind: &str) -> Vec<String> {
    let sql = format!(
        "select c.oid::regclass from pg_class c where c.relnamespace = 'erp_sync'::regnamespace and c.relkind = '{kind}' order by 1"
    );
    rows(&mut shop.admin, &sql)
}
