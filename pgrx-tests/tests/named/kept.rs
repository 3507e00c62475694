//! How the views come about: with their tables, wider with every table that gives names, and never at the cost of what
//! somebody built.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;

use crate::{columns, run, synced};

#[test]
fn names_appear_with_their_tables_whichever_come_first() {
    let mut shop = synced(17, "later", "invoices");
    let before = columns(&mut shop, "invoices_named");
    assert!(before.contains(&"reversed_invoice_number".to_owned()), "{before:?}");
    assert!(!before.iter().any(|column| column.contains("journal_name")), "{before:?}");
    shop.run("create view erp.mine as select id, amount_total from erp.invoices_named");
    run(&mut shop, "names,contacts,currencies,companies");
    let after = columns(&mut shop, "invoices_named");
    assert!(after.starts_with(&before) && after.len() > before.len() + 8, "{after:?}");
    let mut first = synced(17, "earlier", "names,contacts,currencies,companies,invoices");
    let mut wanted = columns(&mut first, "invoices_named");
    let at = wanted.iter().position(|column| column == "journal_id").unwrap();
    assert_eq!(wanted[at + 1..at + 3], ["journal_code", "journal_name"]);
    wanted.sort();
    let mut after = after;
    after.sort();
    assert_eq!(after, wanted);
    let amounts = "select id, amount_total from erp.mine order by id";
    assert_eq!(shop.rows(amounts), first.rows("select id, amount_total from erp.invoices_named order by id"));
}

#[test]
fn every_column_is_explained_and_rows_neither_vanish_nor_double() {
    let mut shop = synced(17, "whole", "all");
    let views = shop.rows(
        "select viewname from pg_views where schemaname = 'erp' and viewname like '%\\_named' order by 1",
    );
    assert!(views.len() > 30, "{views:?}");
    for view in views {
        let table = view.strip_suffix("_named").unwrap();
        let counts = format!("select (select count(*) from erp.{table}) = (select count(*) from erp.{view})");
        assert_eq!(shop.value(&counts), "t", "{view}");
        let silent = format!(
            "select string_agg(attname, ',') from pg_attribute where attrelid = 'erp.{view}'::regclass
             and attnum > 0 and col_description(attrelid, attnum) is null"
        );
        assert_eq!(shop.value(&silent), "", "{view}");
        let options =
            format!("select reloptions, pg_get_userbyid(relowner) from pg_class where relname = '{view}'");
        assert_eq!(shop.value(&options), "{security_invoker=true}|shop", "{view}");
    }
}

#[test]
fn a_run_that_finds_nothing_to_do_leaves_the_views_alone() {
    let mut shop = synced(17, "views_untouched", "all");
    let tuples = "select c.oid, c.xmin, r.oid, r.xmin from pg_class c join pg_rewrite r on r.ev_class = c.oid
                  where c.relname like '%\\_named' order by 1";
    let before = shop.rows(tuples);
    run(&mut shop, "all");
    assert_eq!(shop.rows(tuples), before);
}

#[test]
fn a_column_that_is_added_later_comes_last_and_one_that_was_dropped_comes_back() {
    let mut shop = synced(17, "wider", "currencies,invoices");
    let before = columns(&mut shop, "invoices_named");
    shop.run(
        r#"select sync_define('{"extends": "invoices", "streams": [{"table": "invoices", "names": {"campaign_id": "invoices"},
             "columns": [{"name": "campaign_id", "type": "bigint"},
                         {"name": "paid", "type": "numeric", "path": ["amount_paid"], "currency": "currency_id"}]}]}')"#,
    );
    run(&mut shop, "invoices");
    let after = columns(&mut shop, "invoices_named");
    assert_eq!(after[..before.len()], before);
    assert_eq!(after[before.len()..], ["campaign_id", "campaign_number", "paid"]);
    shop.run("alter table erp.invoices drop column ref cascade");
    run(&mut shop, "invoices");
    assert!(columns(&mut shop, "invoices_named").contains(&"ref".to_owned()));
    // A column of the owner's own is shown too.
    shop.run("alter table erp.invoices add column checked boolean");
    run(&mut shop, "invoices");
    assert_eq!(columns(&mut shop, "invoices_named").last().map(String::as_str), Some("checked"));
}

#[test]
fn a_name_whose_column_was_dropped_is_done_without_until_it_is_back() {
    let mut shop = synced(17, "nameless", "contacts,invoices");
    shop.run("alter table erp.contacts drop column complete_name cascade");
    run(&mut shop, "invoices");
    assert!(!columns(&mut shop, "invoices_named").contains(&"partner_name_now".to_owned()));
    run(&mut shop, "contacts");
    let last = columns(&mut shop, "invoices_named");
    assert!(last.contains(&"partner_name_now".to_owned()), "{last:?}");
    assert_eq!(shop.value("select partner_name_now from erp.invoices_named where id = 1"), "Azure Interior");
}

#[test]
fn a_view_that_cannot_keep_a_column_stays_and_says_so() {
    let mut shop = Shop::open(Cluster::shared(), "lost", "jsonrpc");
    let names = r#"{"extends": "invoices", "streams": [{"table": "invoices",
        "names": {"reversed_id": "invoices"}, "columns": [{"name": "reversed_id", "type": "bigint",
        "path": ["reversed_entry_id"]}]}]}"#;
    shop.run(&format!("select sync_define('{names}')"));
    run(&mut shop, "invoices");
    shop.run("select sync_undefine('invoices')");
    run(&mut shop, "invoices");
    let warned = shop.value("select warnings from erp_sync.history order by run_id desc limit 1");
    assert!(
        warned.contains("view \\\"invoices_named\\\" stays as it is: column \\\"reversed_number\\\""),
        "{warned}"
    );
    assert!(warned.contains("drop view erp.invoices_named"), "{warned}");
    shop.run("drop view erp.invoices_named");
    run(&mut shop, "invoices");
    assert_eq!(shop.value("select warnings from erp_sync.history order by run_id desc limit 1"), "{}");
    assert!(!columns(&mut shop, "invoices_named").contains(&"reversed_number".to_owned()));
}

#[test]
fn what_somebody_else_called_like_a_view_stays() {
    let mut shop = Shop::open(Cluster::shared(), "own_named", "jsonrpc");
    shop.run(
        "create table erp.contacts_named (note text);
         create view erp.currencies_named as select 1 as one;
         create view erp.companies_named as select tenant, id from (select '' as tenant, 1::bigint as id) mine",
    );
    run(&mut shop, "contacts,currencies,companies");
    assert_eq!(columns(&mut shop, "contacts_named"), ["note"]);
    assert_eq!(columns(&mut shop, "companies_named"), ["tenant", "id"]);
    // Once its comment is changed, a view belongs to the user and is not renewed.
    run(&mut shop, "warehouses");
    let before = columns(&mut shop, "warehouses_named");
    shop.run(
        "comment on view erp.warehouses_named is 'mine'; alter table erp.warehouses add column remark text",
    );
    run(&mut shop, "warehouses");
    assert_eq!(columns(&mut shop, "warehouses_named"), before);
}

#[test]
fn who_may_not_read_journals_gets_all_else() {
    let mut shop = Shop::open(Cluster::shared(), "no_journals", "jsonrpc");
    shop.odoo.revoke("admin", "account.journal");
    shop.odoo.uninstall("crm.team");
    run(&mut shop, "names,contacts,currencies,invoices");
    let columns = columns(&mut shop, "invoices_named");
    let has = |name: &str| columns.iter().any(|column| column == name);
    assert!(has("salesperson_name") && has("payment_term_name") && has("currency_code"), "{columns:?}");
    assert!(!has("journal_name") && !has("team_name"), "{columns:?}");
}

#[test]
fn a_table_that_was_put_aside_is_not_what_the_views_go_on_showing() {
    let mut shop = synced(17, "put_aside", "contacts,currencies");
    shop.run(
        "alter table erp.contacts rename to contacts_old; alter index erp.contacts_pkey rename to old_pkey;
         delete from erp.contacts_old",
    );
    run(&mut shop, "contacts");
    assert_ne!(shop.value("select count(*) from erp.contacts_named"), "0");
}

#[test]
fn a_column_that_was_renamed_by_hand_gives_its_names_again_once_it_is_back() {
    let mut shop = synced(17, "renamed_column", "contacts,invoices");
    shop.run("alter table erp.contacts rename column complete_name to full_name");
    run(&mut shop, "contacts', mode => 'full");
    let partner = shop.value("select partner_id from erp.invoices where partner_id is not null limit 1");
    let id: i64 = partner.parse().expect("an id");
    shop.odoo.advance(3600);
    shop.odoo.write(
        "res.partner",
        &[id],
        serde_json::json!({"complete_name": "renamed there", "name": "renamed there"}),
    );
    run(&mut shop, "contacts");
    let names =
        format!("select distinct partner_name_now from erp.invoices_named where partner_id = {partner}");
    assert_eq!(shop.rows(&names), ["renamed there"]);
}

#[test]
fn a_column_of_ones_own_does_not_take_the_place_of_a_name() {
    let mut shop = synced(17, "own_column", "contacts,sale_orders");
    let names = "select id, partner_name from erp.sale_orders_named order by id";
    let before = shop.rows(names);
    shop.run(
        r#"select sync_define('{"extends": "sale_orders", "streams": [{"table": "sale_orders", "columns": [
             {"name": "partner_name", "type": "text", "path": ["note"]}]}]}')"#,
    );
    run(&mut shop, "sale_orders");
    assert_eq!(shop.rows(names), before);
    let warned = shop.value("select array_to_string(warnings, '; ') from erp_sync.history limit 1");
    assert!(
        warned.contains(
            "view \"sale_orders_named\" stays as it is: column \"partner_name\" is looked up, and the table"
        ),
        "{warned}"
    );
    shop.run("drop view erp.sale_orders_named");
    run(&mut shop, "sale_orders");
    assert_eq!(shop.rows("select id, partner_name_now from erp.sale_orders_named order by id"), before);
}

#[test]
fn a_type_called_like_a_view_is_left_alone() {
    let mut shop = synced(17, "named_type", "contacts");
    shop.run("create domain erp.invoices_named as text");
    run(&mut shop, "invoices");
    assert_eq!(shop.value("select count(*) from pg_class where relname = 'invoices_named'"), "0");
}
