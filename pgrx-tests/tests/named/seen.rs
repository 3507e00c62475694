//! Rights and row security hold for the views, and a query by key reads few pages.

use erp_sync_tests::odoo::Odoo;
use serde_json::json;

use crate::{run, synced};

#[test]
fn tenants_do_not_mix_and_row_security_holds_through_the_views() {
    let mut shop = synced(17, "sight", "contacts,currencies,invoices");
    let other = Odoo::start();
    other.write("res.partner", &[14], json!({"complete_name": "Of the other"}));
    let (url, database) = (other.url(), other.database());
    shop.run(&format!(
        "create server odoo_other foreign data wrapper odoo
           options (url '{url}', database '{database}', tenant 'other');
         create user mapping for current_user server odoo_other options (username 'admin', password 'admin')"
    ));
    run(&mut shop, "contacts,currencies,invoices");
    let names =
        "select tenant, partner_name_now, count(*) over () from erp.invoices_named where id = 1 order by 1";
    assert_eq!(shop.rows(names), ["main|Azure Interior|2", "other|Of the other|2"]);
    shop.admin
        .batch_execute("do $$ begin create role looker; exception when duplicate_object then end $$")
        .unwrap();
    shop.run(
        "grant usage on schema erp to looker;
         grant select on erp.invoices, erp.invoices_named to looker;
         alter table erp.invoices enable row level security;
         create policy own on erp.invoices for select to looker using (tenant = 'other')",
    );
    shop.admin.batch_execute("set role looker").unwrap();
    let count = |admin: &mut postgres::Client| {
        admin.query("select count(*) from erp.invoices_named where id = 1", &[])
    };
    // A reader needs the right to read each table.
    assert!(count(&mut shop.admin).unwrap_err().to_string().contains("db error"));
    shop.run("grant select on all tables in schema erp to looker");
    let rows: i64 = count(&mut shop.admin).unwrap()[0].get(0);
    assert_eq!(rows, 1);
}

#[test]
fn what_a_query_does_not_ask_for_is_not_looked_up() {
    let mut shop = synced(17, "unasked", "names,contacts,currencies,companies,products,invoices");
    let plan = shop.rows("explain select id, number, due_date from erp.invoices_named where tenant = 'main'");
    assert!(!plan.join("\n").contains("Join"), "{plan:?}");
    let plan = shop.rows("explain select id, partner_name_now from erp.invoices_named where tenant = 'main'");
    assert_eq!(plan.join("\n").matches(" on ").count(), 2, "{plan:?}");
    shop.run("set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off");
    let plan = shop.rows("explain select * from erp.invoice_lines_named where tenant = 'main' and id = 5");
    assert!(!plan.join("\n").contains("Seq Scan"), "{plan:?}");
}
