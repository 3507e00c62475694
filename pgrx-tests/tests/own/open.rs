//! Manifests that name columns alone or leave them out, and what people type after other tools.

use erp_sync_tests::shop::rows;
use erp_sync_tests::till;
use serde_json::json;

use super::*;

fn column_names(shop: &mut Shop<'_>, entity: &str) -> String {
    shop.value(&format!(
        "select string_agg(c ->> 'name' || ' ' || (c ->> 'type'), ', ') from jsonb_array_elements(
           sync_entity('{entity}') #> '{{streams,0,columns}}') c"
    ))
}

#[test]
fn columns_that_are_left_out_are_those_of_a_draft() {
    for protocol in ["jsonrpc", "xmlrpc"] {
        let mut shop = with_leads_over(&format!("open_{protocol}"), protocol);
        let manifest = r#"{"name": "leads", "source": "odoo", "streams": [{"table": "leads", "object": "crm.lead",
          "key": ["id"], "cursor": "write_date"}]}"#;
        assert_eq!(define(&mut shop, manifest), "leads");
        assert_eq!(
            column_names(&mut shop, "leads"),
            "id bigint, active boolean, create_date timestamptz, date_deadline date, expected_revenue numeric, \
             name text, partner_id bigint, stage text, tag_ids bigint[]",
            "{protocol}"
        );
        assert_eq!(run(&mut shop, "leads"), "incremental: 3 inserted, 0 updated, 0 removed");
        assert_eq!(shop.rows("select sum(expected_revenue) from erp.leads"), ["1200.6"]);
    }
}

#[test]
fn a_column_may_be_its_name_alone() {
    let mut shop = with_leads("open_names");
    let manifest = leads(|manifest| {
        manifest["streams"][0]["columns"] = json!(["id", "Name", "partner_id", {"name": "revenue", "type": "numeric", "path": ["expected_revenue"]}]);
    });
    define(&mut shop, &manifest);
    assert_eq!(column_names(&mut shop, "leads"), "id bigint, name text, partner_id bigint, revenue numeric");
    run(&mut shop, "leads");
    assert_eq!(
        shop.rows("select id, name, partner_id, revenue from erp.leads order by id"),
        ["1|Desks|9|1200.5", "2|Chairs|9|0.1", "3|Archived||0"]
    );
    // Of a built-in entity likewise.
    shop.odoo.add_field(
        "product.product",
        "x_shelf",
        json!({"type": "char", "string": "Shelf", "store": true}),
    );
    let shelf = r#"{"extends": "products", "streams": [{"table": "products", "columns": ["x_shelf"]}]}"#;
    assert_eq!(define(&mut shop, shelf), "products");
    shop.odoo.write_silently("product.product", &[5], json!({"x_shelf": "A-17"}));
    run(&mut shop, "products");
    assert_eq!(shop.rows("select x_shelf from erp.products where x_shelf is not null"), ["A-17"]);
}

#[test]
fn names_that_are_no_fields_get_the_right_ones_and_nothing_is_stored() {
    let mut shop = with_leads("open_wrong");
    let of = |columns: Value| leads(|manifest| manifest["streams"][0]["columns"] = columns.clone());
    let mut error = |manifest: &str| shop.error(&format!("select sync_define('{manifest}')"));
    let failed = error(&of(json!(["id", "expected_revenu"])));
    assert_eq!(failed.message, "\"crm.lead\" has no field \"expected_revenu\"");
    assert_eq!(failed.hint, "did you mean \"expected_revenue\"?");
    let failed = error(&of(json!(["id", "image"])));
    assert_eq!(failed.message, "the field \"image\" is of a type that no column can keep: binary");
    let failed = error(&leads(|manifest| {
        manifest["streams"][0]["object"] = json!("crm.laed");
        manifest["streams"][0].as_object_mut().expect("a stream").remove("columns");
    }));
    assert!(failed.message.contains("crm.laed"), "{failed:?}");
    assert_eq!(
        failed.hint,
        "did you mean 'crm.lead'? see what there is with: select object from sync_discover('odoo_main')"
    );
    // Other mistakes of the manifest are reported as for any manifest.
    let failed = error(&of(json!(["name"])));
    assert!(failed.detail.contains("\"id\" is no column of this stream"), "{failed:?}");
    let failed = error(
        r#"{"name": "till", "source": "sqlserver", "streams": [{"table": "t", "object": "dbo.T", "key": ["id"]}]}"#,
    );
    assert_eq!(failed.message, "columns are left open, and there is no server of \"sqlserver\" to look at");
    assert!(failed.hint.contains("create server ... foreign data wrapper sqlserver"), "{failed:?}");
    let wrote = format!("create table erp.t (); select sync_define('{}')", of(json!(["id"])));
    let failed = shop.error(&wrote);
    assert!(failed.hint.contains(r#"or write each column as {"name": "...", "type": "..."}"#), "{failed:?}");
    assert_eq!(shop.value("select count(*) from erp_sync.entity"), "0");
}

#[test]
fn a_table_of_the_second_server_is_found_and_its_key_may_be_called_as_there() {
    let mut shop = with_leads("open_tills");
    let (first, second) = (till::open(&mut shop, "pos_a"), till::open(&mut shop, "pos_b"));
    // The first has a table of that name without one of the columns.
    first.execute("create table dbo.Orders (OrderId int not null primary key)");
    second.execute(
        "create table dbo.Orders (OrderId int not null primary key, [Net Total] money, Stamp rowversion)",
    );
    second.execute("insert into dbo.Orders (OrderId, [Net Total]) values (7, 12.5)");
    let manifest = r#"{"name": "orders", "source": "sqlserver", "streams": [{"table": "orders", "object": "dbo.Orders",
      "key": ["OrderId"], "columns": ["OrderId", "Net Total"]}]}"#;
    assert_eq!(define(&mut shop, manifest), "orders");
    shop.run("select sync_run('orders', 'pos_b')");
    assert_eq!(shop.rows("select server, orderid, net_total from erp.orders"), ["pos_b|7|12.5000"]);
}

#[test]
fn servers_that_others_let_everybody_use_are_not_looked_at() {
    let mut shop = with_leads("open_trust");
    shop.admin
        .batch_execute(
            "do $$ begin create role outsider login; exception when duplicate_object or unique_violation then end $$;
             grant usage on foreign data wrapper odoo to outsider;
             drop server odoo_main cascade",
        )
        .expect("an outsider");
    let mut outsider = shop.cluster.client(&shop.database, "outsider");
    let (url, database) = (shop.odoo.url(), shop.odoo.database());
    outsider
        .batch_execute(&format!(
            "create server theirs foreign data wrapper odoo options (url '{url}', database '{database}', protocol 'jsonrpc');
             grant usage on foreign server theirs to public;
             create user mapping for public server theirs options (username 'admin', password 'admin')"
        ))
        .expect("their server");
    // A run that names no server enrols none of others.
    let failed = shop.error("select * from sync_run('contacts')");
    assert!(failed.hint.contains("sync_run('contacts', 'theirs')"), "{failed:?}");
    shop.run(&format!(
        "create server mine foreign data wrapper odoo options (url '{url}', database '{database}', protocol 'jsonrpc');
         create user mapping for current_user server mine options (username 'admin', password 'admin')"
    ));
    assert_eq!(shop.rows("select server, state from sync_run('contacts')"), ["mine|succeeded"]);
    assert_eq!(shop.value("select sync_ready('contacts')"), "t");
    assert_eq!(rows(&mut shop.admin, "select server from erp_sync.link"), ["mine"]);
    shop.run("drop server mine cascade");
    let manifest = leads(|manifest| manifest["streams"][0]["columns"] = json!(["id"]));
    let failed = shop.error(&format!("select sync_define('{manifest}')"));
    assert_eq!(failed.message, "columns are left open, and there is no server of \"odoo\" to look at");
}

#[test]
fn what_people_type_for_foreign_tables_gets_the_line_they_meant() {
    let mut shop = with_leads("open_import");
    let failed = shop.error("import foreign schema dbo from server odoo_main into erp");
    assert_eq!(
        failed.message,
        "server \"odoo_main\" is synced into tables: no schema can be imported from it"
    );
    assert_eq!(
        failed.hint,
        "bring a table, view or model here with: select * from sync_add('odoo_main', 'dbo.NAME'); see what there is \
         with: select object from sync_discover('odoo_main')"
    );
    shop.run("create foreign table erp.there (id bigint) server odoo_main");
    for sql in [
        "select * from erp.there",
        "explain select * from erp.there",
        "update erp.there set id = 1",
        "delete from erp.there",
        "select count(*) from erp.there a join erp.there b using (id)",
        "create table x as select * from erp.there",
        "copy (select * from erp.there) to stdout",
    ] {
        let failed = shop.error(sql);
        assert_eq!(
            failed.message,
            "server \"odoo_main\" is synced into tables: a foreign table of it cannot be read"
        );
        assert!(failed.hint.contains("sync_add('odoo_main', '...')"), "{sql}: {failed:?}");
    }
    for sql in ["insert into erp.there values (1)", "truncate erp.there"] {
        assert!(shop.error(sql).message.contains("foreign table \"there\""), "{sql}");
    }
    shop.run("analyze erp.there; drop foreign table erp.there");
}
