//! The four kinds of cursor.

use std::time::Duration;

use erp_sync::source::{Mark, Scope};

use erp_sync_tests::tds::{Tds, Value};

use super::server::{Server, ids, items, stream};

const OVERLAP: Duration = Duration::from_secs(600);

#[test]
fn a_row_whose_rowversion_equals_the_bound_comes_next_time() {
    let mut server = Server::with_rows(3);
    let stream = items(Some("rv"));
    let from = server.mark(&stream);
    server.tds.execute("update items set name = 'new' where id = 1");
    let until = server.mark(&stream);
    // The next write gets the very value of the bound.
    server.tds.execute("update items set name = 'new' where id = 2");
    let first = Scope::Since { from, until: Some(until.clone()) };
    assert_eq!(server.keys(&stream, &first, 10), ids([1]));
    let (second, until) = server.changes(&stream, &until);
    assert_eq!(second, ids([2]));
    assert_eq!(server.changes(&stream, &until).0, ids([]));
    assert_eq!(server.source.earlier(&until, OVERLAP).unwrap(), until);
}

#[test]
fn a_late_commit_is_found_by_its_rowversion() {
    let mut server = Server::with_rows(3);
    let stream = items(Some("rv"));
    let from = server.mark(&stream);
    let mut open = server.tds.session();
    open.execute("begin tran; update items set name = 'late' where id = 1");
    server.tds.execute("update items set name = 'soon' where id = 2");
    // The open transaction holds a lower value than the committed row: both wait.
    let (while_open, until) = server.changes(&stream, &from);
    assert_eq!((while_open, &until), (ids([]), &from));
    open.execute("commit");
    assert_eq!(server.changes(&stream, &until).0, ids([1, 2]));
}

#[test]
fn a_time_of_change_is_read_inclusively_and_with_an_overlap() {
    let mut server = Server::with_rows(5);
    let stream = items(Some("changed_at"));
    let until = server.mark(&stream);
    assert_eq!(until.0, "2026-11-21 00:00:05.1234567");
    assert_eq!(server.changes(&stream, &until).0, ids([5]));
    // Committed late: its time lies before the mark.
    server.tds.execute("insert into items values (9, 'late', '2026-11-20 23:51:00')");
    let from = server.source.earlier(&until, OVERLAP).unwrap();
    assert_eq!(from.0, "2026-11-20 23:50:05.1234567");
    assert_eq!(server.changes(&stream, &from).0, ids([9, 1, 2, 3, 4, 5]));
}

#[test]
fn the_newest_datetime_is_found_again_although_it_counts_thirds_of_milliseconds() {
    let mut server = Server::new();
    server.tds.execute("create table t (id int primary key, at datetime)");
    server.tds.execute("insert into t values (1, '2026-11-21T10:00:00.123'), (2, '2026-11-21T10:00:00.127')");
    let stream = stream("t", &["id"], Some("at"), &[("id", "bigint")]);
    let until = server.mark(&stream);
    assert_eq!(until.0, "2026-11-21 10:00:00.1270000");
    assert_eq!(server.changes(&stream, &until).0, ids([2]));
    let page = server.page(&stream, Scope::All, None, 10).unwrap();
    assert_eq!(page.rows.updated_at[0].as_deref(), Some("2026-11-21 10:00:00.123+00"));
}

#[test]
fn a_row_dated_in_the_future_hides_nothing_and_is_warned_of() {
    let mut server = Server::with_rows(3);
    let stream = items(Some("changed_at"));
    server.tds.execute("insert into items values (99, 'future', '2999-01-01')");
    let (until, warning) = server.watermark(&stream).unwrap();
    let until = until.unwrap();
    assert!(until.0.as_str() < "2100", "{until:?}");
    assert_eq!(
        warning.unwrap(),
        "the newest row of \"dbo.items\" is dated after the remote's own clock: 2999-01-01 00:00:00.0000000"
    );
    server.tds.execute("update items set changed_at = sysutcdatetime() where id = 2");
    let (keys, _) = server.changes(&stream, &until);
    assert_eq!(keys, ids([2, 99]));
}

#[test]
fn a_server_far_from_utc_may_write_its_local_time_or_utc() {
    for minutes in [240, -300] {
        for clock in ["sysdatetime()", "sysutcdatetime()"] {
            let mut server = Server::with_rows(2);
            server.tds.clock().set_zone(minutes);
            server.tds.execute(&format!("insert into items values (7, 'now', {clock})"));
            let stream = items(Some("changed_at"));
            assert_eq!(server.watermark(&stream).unwrap().1, None, "{minutes} {clock}");
            let until = server.mark(&stream);
            assert_eq!(server.changes(&stream, &until).0, ids([7]), "{minutes} {clock}");
        }
    }
}

#[test]
fn a_growing_key_reads_the_newest_ten_thousand_again() {
    let mut server = Server::new();
    server.tds.execute("create table t (id bigint identity primary key, name nvarchar(9))");
    server.tds.execute("insert into t (id, name) values (1, 'a'), (15000, 'b'), (24999, 'c'), (25000, 'd')");
    let stream = stream("t", &["id"], Some("id"), &[("id", "bigint"), ("name", "text")]);
    let until = server.mark(&stream);
    let from = server.source.earlier(&until, OVERLAP).unwrap();
    assert_eq!(server.changes(&stream, &from).0, ids([15000, 24999, 25000]));
    let page = server.page(&stream, Scope::Since { from, until: None }, None, 1).unwrap();
    assert_eq!(page.last.unwrap().0.len(), 2);
    assert_eq!(page.rows.updated_at, [None]);
}

#[test]
fn a_decimal_that_grows_keeps_its_digits() {
    let mut server = Server::new();
    server.tds.execute("create table t (id decimal(18,4) primary key)");
    server.tds.execute("insert into t values (-0.5), (1.25), (12345678901234.0001), (12345678901234.0002)");
    let stream = stream("t", &["id"], Some("id"), &[("id", "numeric")]);
    let until = server.mark(&stream);
    assert_eq!(until.0, format!("{:038}.0002", 12_345_678_901_234i64));
    assert_eq!(server.changes(&stream, &until).0.len(), 1);
    let from = server.source.earlier(&until, OVERLAP).unwrap();
    assert_eq!(server.changes(&stream, &from).0.len(), 2);
    let below = Mark(format!("-{}.5", "9".repeat(37) + "8"));
    assert_eq!(server.changes(&stream, &below).0.len(), 4, "-0.5 and all above it");
    let scope = Scope::Since { from: below, until: None };
    assert_eq!(server.keys(&stream, &scope, 1).len(), 4, "page by page");
}

#[test]
fn a_cursor_of_another_type_is_refused_by_name_with_the_types_that_work() {
    let mut server = Server::new();
    server.tds.execute("create table t (id int primary key, name nvarchar(9), rate float)");
    for (cursor, kind) in [("name", "nvarchar(9)"), ("rate", "float")] {
        let error = server.layout(&stream("t", &["id"], Some(cursor), &[("id", "bigint")])).unwrap_err();
        assert_eq!(error.message, format!("the cursor \"{cursor}\" of stream \"t\" is of type {kind}"));
        assert!(error.detail.unwrap().contains("decimal, numeric"));
        assert!(!error.hint.unwrap().contains("url"));
    }
}

/// Only updates fill the time of change, as in many tables.
#[test]
fn rows_without_a_cursor_value_are_read_by_every_run() {
    let mut server = Server::with_rows(3);
    let stream = items(Some("changed_at"));
    let until = server.mark(&stream);
    server.tds.execute("insert into items values (11, 'new', null), (12, 'new', null), (10, 'new', null)");
    let all = server.changes(&stream, &until).0;
    assert_eq!(all, ids([10, 11, 12, 3]));
    for limit in [1, 2, 3, 4] {
        let scope = Scope::Since { from: until.clone(), until: Some(until.clone()) };
        assert_eq!(server.keys(&stream, &scope, limit), all, "pages of {limit}");
    }
    // Asked for behind a place, as after a break.
    let scope = Scope::Since { from: until.clone(), until: None };
    let first = server.page(&stream, scope.clone(), None, 2).unwrap();
    let mut another = Server::of(Tds::start(), super::server::remote(server.tds.port()));
    let rest = another.page(&stream, scope, first.last, 10).unwrap();
    assert_eq!(rest.rows.keys, ids([12, 3]));
    server.tds.execute("update items set name = 'newer' where id = 11");
    assert!(server.changes(&stream, &until).0.contains(&11.into()));
    let weak = server.block_on(async |source| source.weaknesses(&stream).await).unwrap();
    assert_eq!(weak[0], "the cursor \"changed_at\" may be null: rows without it are read in every run");
}

/// Sets the double's clocks to a moment of UTC, and its zone.
fn set_clock(server: &Server, utc: &str, zone: i64) {
    let Value::Moment(wanted) = server.tds.query(&format!("select cast('{utc}' as datetime2(7))"))[0][0]
    else {
        panic!("no moment")
    };
    server.tds.clock().set_ahead(0);
    server.tds.clock().set_ahead((wanted - server.tds.clock().utc()) / 10_000_000);
    server.tds.clock().set_zone(zone);
}

#[test]
fn rows_of_an_hour_that_comes_twice_are_not_late() {
    let tds = Tds::start();
    let remote = super::server::remote_with(
        tds.port(),
        &[("trust_certificate", "true"), ("timezone", "Europe/Paris")],
    );
    let mut server = Server::of(tds, remote);
    server.tds.execute("create table dbo.items (id int primary key, name nvarchar(9), changed_at datetime)");
    let stream = items(Some("changed_at"));
    set_clock(&server, "2026-10-25T00:50:00", 120);
    server.tds.execute("insert into items values (1, 'summer', getdate())");
    let summer = server.mark(&stream);
    assert!(summer.0.starts_with("2026-10-25 02:50:0"), "{summer:?}");
    // The clock was put back: it is earlier there than what was read before.
    set_clock(&server, "2026-10-25T01:10:00", 60);
    server.tds.execute("insert into items values (2, 'winter', getdate())");
    let (until, warning) = server.watermark(&stream).unwrap();
    assert_eq!((until.as_ref(), warning), (Some(&summer), None), "no row is dated in the future");
    let from = server.source.earlier(&summer, OVERLAP).unwrap();
    assert!(from.0.starts_with("2026-10-25 01:40:0"), "{from:?}");
    assert_eq!(server.changes(&stream, &from).0, ids([2, 1]));
    // An hour later nothing is widened any more.
    let later = Mark("2026-10-25 03:10:00.0000000".into());
    assert_eq!(server.source.earlier(&later, OVERLAP).unwrap().0, "2026-10-25 03:00:00.0000000");
}

#[test]
fn without_a_cursor_there_is_no_mark() {
    let mut server = Server::with_rows(2);
    assert_eq!(server.watermark(&items(None)).unwrap(), (None, None));
}

#[test]
fn an_offset_is_read_in_utc() {
    let mut server = Server::new();
    server.tds.execute("create table t (id int primary key, at datetimeoffset(7))");
    server
        .tds
        .execute("insert into t values (1, '2026-11-21 10:00:00 +04:00'), (2, '2026-11-21 07:00:00 +00:00')");
    let stream = stream("t", &["id"], Some("at"), &[("id", "bigint")]);
    let until = server.mark(&stream);
    assert_eq!(until, Mark("2026-11-21 07:00:00.0000000".into()));
    assert_eq!(server.changes(&stream, &Mark("2026-11-21 06:00:00.0000000".into())).0, ids([1, 2]));
    assert_eq!(server.changes(&stream, &Mark("2026-11-21 06:00:00.0000001".into())).0, ids([2]));
}
