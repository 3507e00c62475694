//! Tables, views, queries; columns by path; filters; what is not there.

use erp_sync::error::Kind;
use erp_sync::source::Scope;
use serde_json::json;

use super::server::{Server, ids, shown, stream, texts};

fn shop() -> Server {
    let server = Server::new();
    server.tds.execute(
        "create table [my shop].[Sales 2024] (SaleNo int primary key, [Net Amount] money, Void bit)",
    );
    server.tds.execute("insert into [my shop].[Sales 2024] values (1, 2.5, 0), (2, 9, 1), (3, 1, 0)");
    server
}

fn sales(object: &str) -> erp_sync::entity::Stream {
    serde_json::from_value(json!({
        "table": "sales", "about": "s", "object": object, "key": ["no"],
        "columns": [
            {"name": "no", "type": "bigint", "about": "no", "path": ["sale_number", "saleno"]},
            {"name": "amount", "type": "numeric", "about": "a", "path": ["net amount"]},
            {"name": "extra", "type": "text", "about": "e", "optional": true},
        ],
    }))
    .unwrap()
}

#[test]
fn columns_are_found_by_path_whatever_their_case_and_whatever_the_table_is_called() {
    let mut server = shop();
    let stream = sales("[my shop].[Sales 2024]");
    let layout = server.layout(&stream).unwrap();
    let fields: Vec<_> = layout.columns.iter().map(|f| (f.path.as_str(), f.remote_type.as_str())).collect();
    assert_eq!(fields, [("SaleNo", "int"), ("Net Amount", "money")]);
    assert!(layout.left_out.is_empty());
    let page = server.page(&stream, Scope::All, None, 10).unwrap();
    assert_eq!(texts(&page, 1), [Some("2.5000"), Some("9.0000"), Some("1.0000")]);
}

#[test]
fn a_filter_is_a_condition_of_its_own() {
    let mut server = shop();
    let mut stream = sales("[my shop].[Sales 2024]");
    stream.filter = Some(json!("Void = 0 or SaleNo = 99 -- not the voided ones"));
    assert_eq!(server.keys(&stream, &Scope::All, 1), ids([1, 3]));
    assert_eq!(server.keys(&stream, &Scope::Keys(ids([1, 2])), 10), ids([1]));
    assert_eq!(server.count(&stream, &Scope::All).unwrap(), 2);
    stream.filter = Some(json!([["Void", "=", 0]]));
    assert_eq!(server.layout(&stream).unwrap_err().kind, Kind::Manifest);
}

#[test]
fn a_view_and_a_query_are_read_like_a_table() {
    let mut server = shop();
    server.tds.execute(
        "create view dbo.Kept as select SaleNo, [Net Amount] from [my shop].[Sales 2024] where Void = 0",
    );
    assert_eq!(server.keys(&sales("Kept"), &Scope::All, 1), ids([1, 3]));
    let query = "select SaleNo as sale_number, [Net Amount] * 2 as [net amount] from [my shop].[Sales \
                 2024] where Void = 0 -- kept";
    let page = server.page(&sales(query), Scope::All, None, 10).unwrap();
    assert_eq!(page.rows.keys, ids([1, 3]));
    assert_eq!(texts(&page, 1), [Some("5.0000"), Some("2.0000")]);
}

#[test]
fn a_table_that_is_not_there_is_told_with_the_one_that_was_meant() {
    let mut server = Server::new();
    server.tds.execute("create table dbo.INV_PointofSalesDetailTAB (id int primary key)");
    let stream = stream("INV_PointOfSaleDetailTAB", &["id"], None, &[("id", "bigint")]);
    let error = server.layout(&stream).unwrap_err();
    assert_eq!(error.kind, Kind::NoObject);
    assert_eq!(
        shown(&error),
        "\"pos\" has no object \"INV_PointOfSaleDetailTAB\"\n\
         user \"reader\" sees no such table or view in database \"shop\"\n\
         did you mean dbo.INV_PointofSalesDetailTAB?"
    );
}

#[test]
fn a_column_that_is_not_there_is_told_with_those_that_are() {
    let mut server = shop();
    let stream = stream("[my shop].[Sales 2024]", &["id"], None, &[("id", "bigint"), ("note", "text")]);
    let error = server.layout(&stream).unwrap_err();
    assert_eq!(error.kind, Kind::NoField);
    assert_eq!(
        shown(&error),
        "\"pos\", object \"[my shop].[Sales 2024]\": the column \"id\" cannot be read\n\
         no readable column \"id\"; it has: SaleNo, Net Amount, Void\n\
         set the column's \"path\" in the manifest: select sync_entity('...'), then select sync_define('...')"
    );
    let mut kept = stream.clone();
    kept.columns[0].path = vec!["SaleNo".into()];
    let layout = server.layout(&kept).unwrap();
    assert_eq!(layout.left_out, [("note".to_string(), "no readable column \"note\"".to_string())]);
    kept.cursor = Some("updated_at".into());
    let error = server.layout(&kept).unwrap_err();
    assert!(error.message.ends_with("there is no cursor \"updated_at\""), "{error}");
    kept.cursor = Some("Net Amount".into());
    assert_eq!(server.layout(&kept).unwrap_err().kind, Kind::Manifest);
}

#[test]
fn a_key_that_would_not_find_its_row_again_is_refused() {
    let mut server = Server::new();
    server.tds.execute("create table t (at datetime2(7), amount float)");
    for (key, local) in [("at", "timestamptz"), ("amount", "numeric")] {
        let error = server.layout(&stream("t", &[key], None, &[(key, local)])).unwrap_err();
        assert!(error.detail.as_deref().unwrap().contains("is no exact key"), "{error:?}");
    }
    server.tds.execute(
        "insert into t values ('2026-11-21 09:00:00.1234567', 1), ('2026-11-21 09:00:00.1234568', 2)",
    );
    let by_text = stream("t", &["at"], None, &[("at", "text")]);
    let keys = server.keys(&by_text, &Scope::All, 1);
    assert_eq!(keys.len(), 2);
    assert_eq!(server.keys(&by_text, &Scope::Keys(keys.clone()), 10), keys);
    assert_eq!(server.page(&by_text, Scope::All, Some(keys[0].clone()), 10).unwrap().rows.keys, keys[1..]);
}

#[test]
fn a_rowversion_of_another_database_is_refused_because_its_bound_is_not_known_here() {
    let mut server = Server::with_rows(1);
    let of = |object: &str| stream(object, &["id"], Some("rv"), &[("id", "bigint")]);
    assert!(server.layout(&of("shop.dbo.items")).is_ok());
    server.tds.execute("create table Archive..items (id int primary key, rv rowversion)");
    let error = server.layout(&of("Archive..items")).unwrap_err();
    assert_eq!(error.kind, Kind::Manifest);
    assert_eq!(error.message, "the rowversion of stream \"t\" is counted by another database");
}

#[test]
fn a_query_that_is_not_understood_is_told_with_the_remotes_words() {
    let mut server = shop();
    let error =
        server.layout(&sales("select SaleNo from [my shop].[Sales 2024] order by SaleNo")).unwrap_err();
    assert_eq!(error.kind, Kind::Manifest);
    assert!(error.original.as_deref().unwrap().starts_with("The ORDER BY clause is invalid"), "{error:?}");
    let shown = shown(&error);
    assert!(shown.starts_with("\"pos\" does not understand the query of \"sales\"\nerror 1033\n"), "{shown}");
}
