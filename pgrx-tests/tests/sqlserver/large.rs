//! Rows that are larger than a row may be.

use std::time::Duration;

use erp_sync::error::Kind;
use erp_sync::source::{Scope, Source};
use erp_sync_tests::tds::Tds;

use super::server::{Server, ids, remote, stream};

/// Notes of which those with these ids are too large.
fn notes(large: &[i64]) -> Server {
    let tds = Tds::start();
    let mut patient = remote(tds.port());
    patient.limits.request_timeout = Duration::from_secs(30);
    let server = Server::of(tds, patient);
    server.tds.execute(
        "create table notes (id int primary key, note nvarchar(max), at datetime2(7), rv rowversion)",
    );
    for id in 1..=30 {
        let letters = if large.contains(&id) { 1_100_000 } else { 10 };
        server
            .tds
            .execute(&format!("insert into notes (id, note) values ({id}, N'{}')", "x".repeat(letters)));
    }
    server
}

fn all(cursor: Option<&str>) -> erp_sync::entity::Stream {
    stream("notes", &["id"], cursor, &[("id", "bigint"), ("note", "text")])
}

#[test]
fn a_row_that_is_too_large_is_rejected_by_its_key_and_the_rest_is_read() {
    for large in [vec![1], vec![7], vec![30], vec![3, 4, 29]] {
        let mut server = notes(&large);
        for (cursor, scope) in [
            (None, Scope::All),
            (
                Some("rv"),
                Scope::Since { from: erp_sync::source::Mark("0x0000000000000000".into()), until: None },
            ),
        ] {
            let pages = server.pages(&all(cursor), &scope, 10);
            let keys: Vec<_> = pages.iter().flat_map(|page| page.rows.keys.clone()).collect();
            assert_eq!(keys, ids((1..=30).filter(|id| !large.contains(id))), "{large:?}");
            let rejected: Vec<_> = pages.iter().flat_map(|page| page.rejected.clone()).collect();
            let of: Vec<_> = rejected.iter().filter_map(|rejected| rejected.key.clone()).collect();
            assert_eq!(of, ids(large.iter().copied()));
            assert_eq!(rejected[0].rule, "too_large");
            assert_eq!(rejected[0].reason, "the row takes more than 1000000 bytes");
            assert!(
                rejected[0].record.starts_with(&format!("{{\"id\":{}", large[0])),
                "{}",
                rejected[0].record
            );
        }
    }
}

#[test]
fn a_row_that_is_too_large_is_rejected_when_it_is_asked_for_by_its_key() {
    let mut server = notes(&[5]);
    let page = server.page(&all(None), Scope::Keys(ids([4, 5, 6])), None, 10).unwrap();
    assert_eq!((page.rows.keys, page.more), (ids([4]), true));
    let page = server.page(&all(None), Scope::Keys(ids([4, 5, 6])), page.last, 10).unwrap();
    assert_eq!(page.rejected[0].key, Some(5.into()));
    let page = server.page(&all(None), Scope::Keys(ids([4, 5, 6])), page.last, 10).unwrap();
    assert_eq!((page.rows.keys, page.more), (ids([6]), false));
}

#[test]
fn when_every_row_is_too_large_the_stream_stops() {
    let mut server = notes(&(1..=22).collect::<Vec<_>>());
    let mut after = None;
    for _ in 1..=20 {
        let page = server.page(&all(None), Scope::All, after, 10).unwrap();
        assert_eq!(page.rejected.len(), 1);
        after = page.last;
    }
    let error = server.page(&all(None), Scope::All, after, 10).unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge);
    assert_eq!(error.detail.as_deref(), Some("so are the 20 rows before it"));
}

#[test]
fn a_large_column_hides_no_row_from_who_compares_keys() {
    let mut server = notes(&[5]);
    let stream = all(None);
    let layout = server.layout(&stream).unwrap();
    let narrow = server.block_on(async |source: &mut dyn Source| source.narrow(&stream, &layout));
    let ask = erp_sync::source::Ask { scope: Scope::All, after: None, limit: 100, raw: false };
    assert_eq!(server.page_of(&stream, &narrow, &ask).unwrap().rows.keys, ids(1..=30));
}
