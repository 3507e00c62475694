//! Every failure has a kind, and a message that a person understands.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use erp_sync::error::{Error, Kind};
use erp_sync::source::Scope;
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::tds::{SqlError, Tds};

use super::server::{Server, ids, items, remote, remote_with, shown};

fn refused(number: i32, class: u8) -> Error {
    let tds = Tds::start();
    tds.refuse(Some(SqlError { number, class, message: "said by the remote".into() }));
    let remote = remote(tds.port());
    Server::of(tds, remote).check().unwrap_err()
}

#[test]
fn a_login_that_is_refused_says_why_and_what_to_type() {
    for (number, wanted) in [
        (18456, "alter user mapping for current_user server pos options (set password '...')"),
        (18452, "SQL Server and Windows Authentication mode"),
        (18470, "alter login [reader] enable"),
        (18486, "unlock"),
        (18487, "alter user mapping for current_user server pos options (set password '...')"),
    ] {
        let error = refused(number, 14);
        assert_eq!(error.kind, Kind::Login, "{number}");
        let shown = shown(&error);
        assert!(shown.starts_with("\"pos\" refused user \"reader\"\nerror "), "{shown}");
        assert!(shown.contains(wanted), "{shown}");
    }
    assert_eq!(refused(18401, 14).kind, Kind::Unavailable);
}

#[test]
fn a_wrong_password_and_a_wrong_database_are_told_apart() {
    let tds = Tds::start();
    let mut wrong = remote(tds.port());
    wrong.password = Some("no".to_string().into());
    let mut server = Server::of(tds, wrong);
    assert_eq!(server.check().unwrap_err().kind, Kind::Login);
    let mut elsewhere = remote(server.tds.port());
    elsewhere.options.insert("database".into(), "nope".into());
    let error = Server::of(server.tds, elsewhere).check().unwrap_err();
    assert_eq!(error.kind, Kind::NoDatabase);
    assert!(shown(&error).contains("alter server pos options (set database '...')"));
}

#[test]
fn a_right_that_is_missing_is_told_with_the_line_that_gives_it() {
    let mut server = Server::with_rows(1);
    server.tds.deny("items", None);
    let error = server.layout(&items(None)).unwrap_err();
    assert_eq!(error.kind, Kind::Forbidden);
    assert!(shown(&error).ends_with("there: grant select on [dbo].[items] to [reader]"), "{}", shown(&error));
}

#[test]
fn a_column_that_may_not_be_read_does_not_stop_the_others() {
    let mut server = Server::with_rows(1);
    server.tds.deny("items", Some("name"));
    let layout = server.layout(&items(None)).unwrap();
    assert_eq!(layout.left_out, [("name".to_string(), "no readable column \"name\"".to_string())]);
    server.tds.deny("items", Some("id"));
    let error = server.layout(&items(None)).unwrap_err();
    assert!(matches!(error.kind, Kind::Forbidden | Kind::NoField), "{error:?}");
}

#[test]
fn a_cut_in_the_middle_of_a_row_loses_nothing_that_came_before() {
    let mut server = Server::with_rows(300);
    let stream = items(None);
    server.tds.fault("from [dbo].[items] as o\norder by", "cut", 250, 0, 1);
    let first = server.page(&stream, Scope::All, None, 50).unwrap();
    assert_eq!(first.rows.keys, ids(1..=50));
    let error = server.page(&stream, Scope::All, first.last.clone(), 200).unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable, "{error:?}");
    assert!(shown(&error).contains("closed the connection before the answer was whole"));
    let second = server.page(&stream, Scope::All, first.last, 50).unwrap();
    assert_eq!(second.rows.keys, ids(51..=100));
}

#[test]
fn an_error_behind_some_rows_is_told_and_the_stream_is_resumed() {
    for (number, kind) in
        [(1205, Kind::Unavailable), (8134, Kind::Remote), (1222, Kind::Unavailable), (40501, Kind::Throttled)]
    {
        let mut server = Server::with_rows(20);
        let stream = items(None);
        server.tds.fault("from [dbo].[items] as o\norder by", "error", 15, number, 1);
        let first = server.page(&stream, Scope::All, None, 10).unwrap();
        let error = server.page(&stream, Scope::All, first.last.clone(), 10).unwrap_err();
        assert_eq!(error.kind, kind, "{number}");
        assert!(
            shown(&error).contains(&format!("\nerror {number}\n")) && error.original.is_some(),
            "{error:?}"
        );
        assert_eq!(server.page(&stream, Scope::All, first.last, 10).unwrap().rows.keys, ids(11..=20));
    }
}

#[test]
fn a_severe_error_closes_the_connection_and_the_next_question_opens_another() {
    let mut server = Server::with_rows(20);
    let stream = items(None);
    server.tds.fault("from [dbo].[items] as o\norder by", "severe", 5, 596, 1);
    let error = server.page(&stream, Scope::All, None, 100).unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert_eq!(server.page(&stream, Scope::All, None, 100).unwrap().rows.len(), 20);
}

#[test]
fn a_stall_ends_after_the_time_that_a_request_may_take() {
    let mut server = Server::with_rows(20);
    let stream = items(None);
    server.layout(&stream).unwrap();
    server.tds.fault("from [dbo].[items] as o\norder by", "stall", 0, 9000, 1);
    let began = Instant::now();
    let error = server.page(&stream, Scope::All, None, 100).unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert_eq!(server.page(&stream, Scope::All, None, 100).unwrap().rows.len(), 20);
}

#[test]
fn a_slow_stream_gives_what_has_come_when_the_time_is_up() {
    let mut server = Server::with_rows(200);
    let stream = items(None);
    server.layout(&stream).unwrap();
    server.tds.fault("from [dbo].[items] as o\norder by", "slow", 0, 10, 1);
    let page = server.page(&stream, Scope::All, None, 200).unwrap();
    assert!(page.more && !page.rows.is_empty() && page.rows.len() < 200, "{}", page.rows.len());
}

#[test]
fn garbage_and_a_text_without_an_end_are_no_answer() {
    for what in ["garbage", "endless"] {
        let mut server = Server::new();
        server.tds.execute("create table t (note nvarchar(max), id int primary key)");
        server.tds.execute("insert into t values (N'a', 1), (N'b', 2)");
        let stream = super::server::stream("t", &["id"], None, &[("note", "text"), ("id", "bigint")]);
        server.layout(&stream).unwrap();
        server.tds.fault("order by", what, 1, 0, 1);
        let began = Instant::now();
        let error = server.page(&stream, Scope::All, None, 10).unwrap_err();
        assert!(
            matches!(error.kind, Kind::BadAnswer | Kind::Unreachable | Kind::Timeout | Kind::TooLarge),
            "{what}: {error:?}"
        );
        assert!(began.elapsed() < Duration::from_secs(6), "{what}: {:?}", began.elapsed());
        shown(&error);
    }
}

#[test]
fn a_closed_port_and_a_silent_one() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let tds = Tds::start();
    let error = Server::of(tds, remote(closed)).check().unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(
        shown(&error).starts_with(&format!("cannot connect to \"127.0.0.1:{closed}\": connection refused"))
    );
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut remote = remote(silent.local_addr().unwrap().port());
    remote.limits.connect_timeout = Duration::from_millis(300);
    let error = Server::of(Tds::start(), remote).check().unwrap_err();
    assert_eq!(error.kind, Kind::Timeout, "{error:?}");
}

#[test]
fn a_gateway_that_sends_us_on_is_followed_once_where_that_is_wanted() {
    let (gateway, tds) = (Tds::start(), Tds::start());
    tds.execute(
        "create table items (id int primary key, name nvarchar(9)); insert into items values (1, 'a')",
    );
    gateway.route_to(tds.port());
    let wanted = [("ca", erp_sync_tests::tds::authority()), ("follow_routing", "true")];
    let remote = remote_with(gateway.port(), &wanted);
    let mut server = Server::of(gateway, remote);
    assert_eq!(server.page(&items(None), Scope::All, None, 10).unwrap().rows.len(), 1);
    tds.route_to(server.tds.port());
    server.tds.route_to(tds.port());
    server.source = erp_sync::source::open(remote_with(server.tds.port(), &wanted)).unwrap();
    let error = server.check().unwrap_err();
    assert_eq!(error.kind, Kind::Config);
    assert!(shown(&error).contains("sends us on and on"), "{}", shown(&error));
    server.source = erp_sync::source::open(super::server::remote(server.tds.port())).unwrap();
    let error = server.check().unwrap_err();
    assert!(shown(&error).contains("add follow_routing 'true'"), "{}", shown(&error));
}

#[test]
fn a_server_that_was_restarted_is_connected_to_again() {
    let mut server = Server::with_rows(5);
    let stream = items(None);
    assert_eq!(server.page(&stream, Scope::All, None, 10).unwrap().rows.len(), 5);
    server.tds.kill_connections();
    wait_for("the end of the connections", Duration::from_secs(5), || server.tds.connections() == 0).unwrap();
    let first = server.page(&stream, Scope::All, None, 10);
    let page = first.or_else(|_| server.page(&stream, Scope::All, None, 10)).unwrap();
    assert_eq!(page.rows.len(), 5);
}

#[test]
fn the_check_tells_version_login_and_clock() {
    let mut server = Server::new();
    server.tds.clock().set_ahead(600);
    let about = server.check().unwrap();
    assert_eq!(about.version, "16.0.4135.4 Developer Edition (64-bit)");
    assert_eq!((about.login.as_str(), about.protocol.as_str(), about.doubt), ("reader", "tds", None));
    assert!((598..=602).contains(&about.clock_offset_s.unwrap()), "{:?}", about.clock_offset_s);
    assert_eq!(server.tds.applications(), ["erp_sync"]);
    assert_eq!(server.source.identity(), format!("127.0.0.1:{}/shop", server.tds.port()));
}
