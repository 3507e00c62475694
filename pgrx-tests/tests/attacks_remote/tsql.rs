//! Transact-SQL that breaks out of its parentheses never reaches a SQL Server.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use serde_json::json;

use crate::items;

/// Ways to have a further statement run.
const HOSTILE: [&str; 8] = [
    "select 1 as id, N'x' as name) as o; delete from items; select * from (select 1 as id",
    "select 1 as id, N'x' as name) as o delete from items --",
    "select 1 as id, N'x' as name /* ) as o delete from items",
    "select 1 as id, N'x) as o delete from items --",
    "select 1 as id, [x) as o delete from items --",
    "select id, name into stolen from items",
    "select 1 as id, N'x' as name from openrowset('SQLNCLI', 'x', 'select 1')",
    "select 1 as id, N'x' as name -- \r) as o; delete from items",
];

#[test]
fn no_text_of_a_user_ends_the_statement_it_is_part_of() {
    let mut shop = Shop::open(Cluster::shared(), "tsql", "jsonrpc");
    let tds = items::open(&mut shop);
    shop.run("drop server odoo_main cascade");
    for text in HOSTILE {
        let condition = text.trim_start_matches("select ").replacen("1 as id, ", "1 = 1 or ", 1);
        for manifest in [
            items::manifest("own", text, None),
            items::manifest("own", "dbo.items", Some(&condition)),
            items::manifest("own", "select id, name from items", Some(&condition)),
        ] {
            let error = shop.error(&items::define(&manifest));
            assert_eq!(error.sqlstate, "22023", "{error:?}");
            assert!(error.detail.contains("$.streams[0]."), "{error:?}");
        }
        let quoted = text.replace('\'', "''");
        let error = shop.error(&format!("select * from sync_discover('pos', '{quoted}')"));
        assert_eq!(error.sqlstate, "22023", "{error:?}");
        assert!(error.detail.contains("$.streams[].object: "), "{error:?}");
    }
    assert!(tds.batches().iter().all(|batch| !batch.contains("delete") && !batch.contains("stolen")));
    assert_eq!(tds.query("select id from items").len(), 3);
}

#[test]
fn what_an_earlier_version_stored_is_refused_when_it_is_used() {
    let mut shop = Shop::open(Cluster::shared(), "tsql_stored", "jsonrpc");
    let tds = items::open(&mut shop);
    shop.run("drop server odoo_main cascade");
    shop.run(&items::define(&items::manifest("own", "dbo.items", None)));
    let hostile = "1 = 1) delete from items --";
    shop.admin
        .execute(
            "update erp_sync.entity set manifest = jsonb_set(manifest, '{streams,0,filter}', to_jsonb($1::text))",
            &[&hostile],
        )
        .expect("stored");
    let error = shop.error("select sync_run('own')");
    assert!(error.detail.contains("$.streams[0].filter: a \")\" closes nothing"), "{error:?}");
    assert_eq!(tds.query("select id from items").len(), 3);
}

#[test]
fn names_and_values_that_look_like_statements_are_names_and_values() {
    let mut shop = Shop::open(Cluster::shared(), "tsql_names", "jsonrpc");
    let tds = items::open(&mut shop);
    shop.run("drop server odoo_main cascade");
    for hostile in ["id] delete from items --", "id'; delete from items --", "id) as o; delete from items"] {
        for place in
            ["/streams/0/columns/1/path", "/streams/0/cursor", "/streams/0/date", "/streams/0/object"]
        {
            let mut manifest = items::manifest("own", "dbo.items", None);
            let (parent, key) = place.rsplit_once('/').expect("a path");
            let text =
                if place.ends_with("object") { json!(format!("dbo.[{hostile}")) } else { json!(hostile) };
            manifest.pointer_mut(parent).expect("a place")[key] =
                if key == "path" { json!([hostile]) } else { text };
            let sql = items::define(&manifest);
            if shop.client.simple_query(&sql).is_ok() {
                let _ = shop.client.simple_query("select sync_run('own')");
            }
        }
    }
    let bare = |batch: &String| {
        batch.contains("delete from items") && !batch.contains("[id") && !batch.contains("N'")
    };
    assert!(!tds.batches().iter().any(bare));
    assert_eq!(tds.query("select id from items").len(), 3);
}

#[test]
fn an_honest_query_and_filter_are_read() {
    let mut shop = Shop::open(Cluster::shared(), "tsql_honest", "jsonrpc");
    let tds = items::open(&mut shop);
    shop.run("drop server odoo_main cascade");
    tds.execute("insert into items values (4, N'd; delete (')");
    let filter = "id > 1 /* not ( the ; first */ and name <> N'o''hara) --'\n-- and no more: it's all";
    shop.run(&items::define(&items::manifest("own", "select id, name from items;", Some(filter))));
    shop.run("select sync_run('own')");
    assert_eq!(shop.value("select string_agg(name, '|' order by id) from erp.own"), "b|c|d; delete (");
}
