//! What there is to be read, and a manifest to start from.

use erp_sync::engine::discover;
use erp_sync::entity::parse;
use erp_sync::source::Scope;
use serde_json::json;

use super::server::Server;

fn shop() -> Server {
    let server = Server::new();
    server.tds.execute(
        "create table dbo.Sales (InvoiceNo varchar(20), Line int, NetAmount money, SoldOn date, \
         UpdatedAt datetime2(7), Void bit, primary key (InvoiceNo, Line))",
    );
    server.tds.execute("insert into Sales values ('A', 1, 2.5, '2026-11-21', '2026-11-21 09:00:00', 0)");
    server.tds.execute(
        "create table [my shop].[Stock 2] (Item nvarchar(20), Quantity decimal(18,3), rv rowversion)",
    );
    server.tds.execute("create view dbo.Kept as select InvoiceNo, Line from Sales");
    server
}

#[test]
fn tables_and_views_are_listed_with_their_rows() {
    let mut server = shop();
    let found = server.block_on(async |source| discover(source, "pos", "sqlserver", None).await).unwrap();
    let lines: Vec<_> =
        found.iter().map(|line| (line.object.as_str(), line.kind.as_str(), line.rows)).collect();
    assert_eq!(
        lines,
        [
            ("dbo.Kept", "view", Some(1)),
            ("dbo.Sales", "table", Some(1)),
            ("[my shop].[Stock 2]", "table", Some(0))
        ]
    );
}

#[test]
fn a_manifest_is_drafted_with_the_primary_key_and_it_reads_the_table() {
    let mut server = shop();
    let found = server
        .block_on(async |source| discover(source, "pos", "sqlserver", Some("dbo.Sales")).await)
        .unwrap();
    let manifest = found[0].manifest.clone().unwrap();
    let stream = &manifest["streams"][0];
    assert_eq!((&stream["key"], &stream["cursor"]), (&json!(["invoiceno", "line"]), &json!("UpdatedAt")));
    let types: Vec<_> = found[1..].iter().map(|line| line.column_type.as_deref().unwrap()).collect();
    assert_eq!(types, ["text", "bigint", "numeric", "date", "timestamptz", "boolean"]);
    let entity = parse(&manifest.to_string()).unwrap();
    let page = server.page(&entity.streams[0], Scope::All, None, 10).unwrap();
    assert_eq!(page.rows.len(), 1);
}

#[test]
fn rows_without_a_key_get_a_digest_for_one() {
    let mut server = shop();
    let name = "[my shop].[Stock 2]";
    let found =
        server.block_on(async |source| discover(source, "pos", "sqlserver", Some(name)).await).unwrap();
    let manifest = found[0].manifest.clone().unwrap();
    let stream = &manifest["streams"][0];
    assert_eq!((&stream["key"], &stream["cursor"]), (&json!(["row_key"]), &json!("rv")));
    server.tds.execute("insert into [my shop].[Stock 2] values (N'a', 1), (N'a', 1)");
    let entity = parse(&manifest.to_string()).unwrap();
    let page = server.page(&entity.streams[0], Scope::All, None, 10).unwrap();
    assert_eq!(page.rows.len(), 2);
}

#[test]
fn documents_are_read_from_a_day_on_and_those_without_one() {
    let mut server = Server::new();
    server.tds.execute("create table docs (id int primary key, day date, at datetime)");
    server.tds.execute(
        "insert into docs values (1, '2026-08-22', '2026-08-22T23:59:59.997'), \
         (2, '2026-08-23', '2026-08-23'), \
         (3, null, null), (4, '2026-09-01', '2026-09-01T10:00:00')",
    );
    let mut stream = super::server::stream("docs", &["id"], None, &[("id", "bigint")]);
    for date in ["day", "at"] {
        stream.date = Some(date.into());
        let keys = server.keys(&stream, &Scope::From("2026-08-23".into()), 2);
        assert_eq!(keys, super::server::ids([2, 3, 4]), "{date}");
    }
    for date in ["id", "nope"] {
        stream.date = Some(date.into());
        assert_eq!(server.layout(&stream).unwrap_err().kind, erp_sync::error::Kind::NoField);
    }
}
