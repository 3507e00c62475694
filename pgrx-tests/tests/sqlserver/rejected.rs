//! Rows that cannot be stored do not stop the others.

use erp_sync::source::Scope;

use super::server::{Server, ids, stream};

#[test]
fn a_broken_row_is_rejected_with_its_key_and_record_and_the_others_arrive() {
    let mut server = Server::new();
    server.tds.execute("create table t (id int primary key, name nvarchar(20))");
    server.tds.execute("insert into t values (1, N'a'), (2, concat('x', nchar(0))), (3, N'c')");
    let stream = stream("t", &["id"], None, &[("id", "bigint"), ("name", "text")]);
    let page = server.page(&stream, Scope::All, None, 10).unwrap();
    assert_eq!(page.rows.keys, ids([1, 3]));
    let rejected = &page.rejected[0];
    assert_eq!((rejected.key.clone(), rejected.rule.as_str()), (Some(2.into()), "nul"));
    assert_eq!(rejected.record, "{\"id\":2,\"name\":\"x\u{fffd}\"}");
    assert_eq!(page.last, Some(3.into()));
}

#[test]
fn a_required_column_without_a_value_and_a_key_without_one() {
    let mut server = Server::new();
    server.tds.execute("create table t (id int, name nvarchar(20))");
    server.tds.execute("insert into t values (1, null), (null, N'b'), (3, N'c'), (3, N'again')");
    let mut stream = stream("t", &["id"], None, &[("id", "bigint"), ("name", "text")]);
    stream.columns[1].required = true;
    let page = server.page(&stream, Scope::All, None, 10).unwrap();
    let reasons: Vec<_> = page.rejected.iter().map(|r| (r.key.clone(), r.reason.as_str())).collect();
    assert_eq!(
        reasons,
        [(None, "the key column \"id\" has no value"), (Some(1.into()), "the column \"name\" has no value")]
    );
    // The key is none: the last copy counts.
    assert_eq!((page.rows.keys.clone(), page.duplicates), (ids([3]), 1));
    assert_eq!(super::server::texts(&page, 1), [Some("again")]);
}
