//! One long answer, cut into pages, and resumed behind the last of them.

use erp_sync::source::{Key, Scalar, Scope};

use erp_sync_tests::tds::Value;

use super::server::{Server, ids, items};

/// How often rows were selected since the last time; the question about rights asks for none.
fn queries(server: &Server) -> usize {
    let of_rows = |sql: &&String| sql.contains("order by o.[id]") && !sql.contains("1 = 0");
    server.tds.batches().iter().filter(of_rows).count()
}

#[test]
fn everything_comes_by_key_and_in_one_query() {
    let mut server = Server::with_rows(250);
    let stream = items(None);
    server.page(&stream, Scope::Keys(vec![]), None, 1).unwrap();
    server.tds.batches();
    let pages = server.pages(&stream, &Scope::All, 100);
    let sizes: Vec<_> = pages.iter().map(|page| (page.rows.len(), page.more, page.last.clone())).collect();
    assert_eq!(
        sizes,
        [(100, true, Some(100.into())), (100, true, Some(200.into())), (50, false, Some(250.into()))]
    );
    assert_eq!(queries(&server), 1);
    let keys: Vec<Key> = pages.into_iter().flat_map(|page| page.rows.keys).collect();
    assert_eq!(keys, ids(1..=250));
}

#[test]
fn exactly_one_full_page_is_followed_by_an_empty_one() {
    let mut server = Server::with_rows(10);
    let pages = server.pages(&items(None), &Scope::All, 10);
    let sizes: Vec<_> = pages.iter().map(|page| (page.rows.len(), page.more, page.last.clone())).collect();
    assert_eq!(sizes, [(10, true, Some(10.into())), (0, false, None)]);
}

#[test]
fn an_empty_table_is_one_empty_page() {
    let mut server = Server::with_rows(0);
    let page = server.page(&items(Some("rv")), Scope::All, None, 10).unwrap();
    assert_eq!((page.rows.len(), page.more, page.last), (0, false, None));
    assert_eq!(server.count(&items(None), &Scope::All).unwrap(), 0);
    assert_eq!(server.watermark(&items(Some("changed_at"))).unwrap(), (None, None));
}

#[test]
fn a_page_that_is_asked_for_again_begins_behind_the_same_row() {
    let mut server = Server::with_rows(30);
    let stream = items(None);
    for _ in 0..2 {
        let page = server.page(&stream, Scope::All, Some(7.into()), 5).unwrap();
        assert_eq!(page.rows.keys, ids(8..=12));
    }
}

#[test]
fn changes_come_by_cursor_and_are_resumed_behind_the_last_row() {
    let mut server = Server::with_rows(30);
    let stream = items(Some("rv"));
    let from = server.mark(&stream);
    (1..=20)
        .rev()
        .for_each(|id| server.tds.execute(&format!("update items set name = 'new' where id = {id}")));
    let scope = Scope::Since { from, until: Some(server.mark(&stream)) };
    assert_eq!(server.count(&stream, &scope).unwrap(), 20);
    let page = server.page(&stream, scope.clone(), None, 8).unwrap();
    assert_eq!(page.rows.keys, ids((13..=20).rev()));
    let last = page.last.clone().unwrap();
    assert!(
        matches!(&last.0[..], [Scalar::Text(mark), Scalar::Int(13)] if mark.starts_with("0x")),
        "{last:?}"
    );
    // Another process goes on where this one was killed.
    let mut other = Server::of(server.tds, super::server::remote(0));
    other.source = erp_sync::source::open(super::server::remote(other.tds.port())).unwrap();
    let page = other.page(&stream, scope, Some(last), 100).unwrap();
    assert_eq!(page.rows.keys, ids((1..=12).rev()));
}

#[test]
fn rows_by_key_are_asked_for_between_two_pages_without_disturbing_the_stream() {
    let mut server = Server::with_rows(30);
    let stream = items(None);
    let page = server.page(&stream, Scope::All, None, 10).unwrap();
    server.tds.batches();
    let some = server.page(&stream, Scope::Keys(ids([29, 3, 99])), None, 10).unwrap();
    assert_eq!((some.rows.keys, some.more), (ids([3, 29]), false));
    let next = server.page(&stream, Scope::All, page.last, 10).unwrap();
    assert_eq!(next.rows.keys, ids(11..=20));
    assert_eq!(queries(&server), 1);
    assert!(server.tds.connections() <= 2);
}

#[test]
fn rows_by_a_key_of_several_columns() {
    let mut server = Server::new();
    server.tds.execute(
        "create table sales (invoice varchar(20), line int, qty decimal(9,3), primary key (invoice, line))",
    );
    server.tds.execute(
        "insert into sales values ('B-2', 1, 1), ('b-1', 2, 2), ('A', 1, 3), ('A', 2, 4), \
                        ('É', 1, 5), ('a ''q''', 1, 6)",
    );
    let stream = super::server::stream(
        "sales",
        &["invoice", "line"],
        None,
        &[("invoice", "text"), ("line", "bigint"), ("qty", "numeric")],
    );
    let key = |invoice: &str, line| Key(vec![Scalar::Text(invoice.into()), Scalar::Int(line)]);
    let all = [key("A", 1), key("A", 2), key("B-2", 1), key("a 'q'", 1), key("b-1", 2), key("É", 1)];
    // As PostgreSQL sorts by "C": by the codes of the characters.
    for limit in [1, 2, 100] {
        assert_eq!(server.keys(&stream, &Scope::All, limit), all);
    }
    for (at, key) in all.iter().enumerate() {
        let page = server.page(&stream, Scope::All, Some(key.clone()), 100).unwrap();
        assert_eq!(page.rows.keys, all[at + 1..]);
    }
    let asked = vec![key("a 'q'", 1), key("A", 2), key("nope", 1)];
    assert_eq!(server.keys(&stream, &Scope::Keys(asked), 10), [key("A", 2), key("a 'q'", 1)]);
}

#[test]
fn a_key_of_another_code_page_than_the_databases_is_found_again() {
    let mut server = Server::new();
    server.tds.execute("create table t (code varchar(20) collate Arabic_CI_AS primary key)");
    server.tds.execute("insert into t values (N'فاتورة'), (N'بيع'), ('A-1')");
    let stream = super::server::stream("t", &["code"], None, &[("code", "text")]);
    let all = server.keys(&stream, &Scope::All, 1);
    assert_eq!(all.len(), 3);
    assert_eq!(server.keys(&stream, &Scope::Keys(all.clone()), 10), all);
    let behind = server.page(&stream, Scope::All, Some(all[1].clone()), 10).unwrap();
    assert_eq!(behind.rows.keys, all[2..]);
}

#[test]
fn a_page_is_cut_where_its_rows_are_large() {
    let tds = erp_sync_tests::tds::Tds::start();
    let mut patient = super::server::remote(tds.port());
    patient.limits.request_timeout = std::time::Duration::from_secs(30);
    let mut server = Server::of(tds, patient);
    server.tds.execute("create table notes (id int primary key, note nvarchar(max))");
    for id in 1..=10 {
        server.tds.execute(&format!("insert into notes values ({id}, N'{}')", "x".repeat(150_000)));
    }
    let stream = super::server::stream("notes", &["id"], None, &[("id", "bigint"), ("note", "text")]);
    let pages = server.pages(&stream, &Scope::All, 100);
    assert_eq!(pages.iter().map(|page| page.rows.len()).collect::<Vec<_>>(), [2, 2, 2, 2, 2, 0]);
}

#[test]
fn lines_are_read_by_their_header() {
    let mut server = Server::new();
    server.tds.execute("create table lines (id int primary key, header int)");
    server.tds.execute("insert into lines values (1, 10), (2, 20), (3, 10), (4, null)");
    let mut stream = super::server::stream("lines", &["id"], None, &[("id", "bigint"), ("header", "bigint")]);
    stream.parent = Some(serde_json::from_str(r#"{"table": "headers", "column": "header"}"#).unwrap());
    assert_eq!(server.keys(&stream, &Scope::Parents(ids([10])), 10), ids([1, 3]));
}

#[test]
fn a_hundred_thousand_rows_come_in_one_query_and_in_order() {
    let tds = erp_sync_tests::tds::Tds::start();
    let mut patient = super::server::remote(tds.port());
    patient.limits.request_timeout = std::time::Duration::from_secs(60);
    let mut server = Server::of(tds, patient);
    server.tds.execute("create table dbo.items (id int primary key, name nvarchar(40), rv rowversion)");
    let row = |id: i64| vec![Value::Int(id), Value::Text(format!("item {id}"))];
    server.tds.fill("items", (1..=100_000).map(row));
    let stream = items(None);
    let pages = server.pages(&stream, &Scope::All, 5000);
    assert_eq!(queries(&server), 1);
    let keys: Vec<Key> = pages.into_iter().flat_map(|page| page.rows.keys).collect();
    assert_eq!(keys, ids(1..=100_000));
    let stream = items(Some("rv"));
    assert_eq!(server.mark(&stream).0, format!("0x{:016X}", 100_001));
}
