//! Rows without a key: it is made from what they hold.

use erp_sync::source::{Key, Scalar, Scope};

use super::server::{Server, texts};

fn heap() -> (Server, erp_sync::entity::Stream) {
    let server = Server::new();
    server.tds.execute("create table heap (shop int, note nvarchar(max), amount money)");
    server.tds.execute(
        "insert into heap values (1, N'a', 2.5), (1, N'a', 2.5), (1, N'', 2.5), (1, null, \
                        2.5), (2, N'a', 2.5)",
    );
    let stream = serde_json::from_value(serde_json::json!({
        "table": "heap", "about": "heap", "object": "heap", "key": ["row_key"],
        "columns": [
            {"name": "row_key", "type": "text", "about": "Digest of the row", "path": ["*"]},
            {"name": "shop", "type": "bigint", "about": "Shop"},
            {"name": "note", "type": "text", "about": "Note"},
            {"name": "amount", "type": "numeric", "about": "Amount"},
        ],
    }));
    (server, stream.unwrap())
}

fn digests(keys: &[Key]) -> Vec<&str> {
    let text = |key: &Key| match &key.0[..] {
        [Scalar::Text(text)] => text.to_string(),
        other => panic!("{other:?} is no digest"),
    };
    keys.iter().map(|key| Box::leak(text(key).into_boxed_str()) as &str).collect()
}

#[test]
fn equal_rows_are_counted_and_others_differ() {
    let (mut server, stream) = heap();
    let page = server.page(&stream, Scope::All, None, 10).unwrap();
    assert_eq!(page.rows.len(), 5);
    let keys = digests(&page.rows.keys);
    let (digest, numbers): (Vec<_>, Vec<_>) = keys.iter().map(|key| key.split_once('-').unwrap()).unzip();
    assert!(digest.iter().all(|digest| digest.len() == 64));
    assert_eq!(numbers.iter().filter(|number| **number == "2").count(), 1);
    // The empty text and none are two contents.
    let distinct: std::collections::BTreeSet<_> = digest.iter().collect();
    assert_eq!(distinct.len(), 4);
    assert!(texts(&page, 3).iter().all(|amount| *amount == Some("2.5000")));
}

#[test]
fn a_digest_takes_every_type() {
    let mut server = Server::new();
    server.tds.execute(
        "create table odd (a image, b varbinary(4), c sql_variant, d ntext, e float, f datetime, g time(3), \
         h uniqueidentifier, i xml, j rowversion)",
    );
    server.tds.execute(
        "insert into odd values (0x01, 0x02, 3, N'd', '1.5', '2026-11-21', '09:00:00', \
         '6F9619FF-8B86-D011-B42D-00C04FC964FF', N'<i/>')",
    );
    let mut columns = vec![("row_key", "text")];
    columns.extend(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(|name| (name, "text")));
    let mut stream = super::server::stream("odd", &["row_key"], None, &columns);
    stream.columns[0].path = vec!["*".into()];
    let before = server.keys(&stream, &Scope::All, 10);
    server.tds.execute("update odd set b = 0x02");
    assert_eq!(server.keys(&stream, &Scope::All, 10), before);
    server.tds.execute("update odd set b = 0x03");
    assert_ne!(server.keys(&stream, &Scope::All, 10), before);
}

#[test]
fn they_are_paged_resumed_and_asked_for_by_their_digest() {
    let (mut server, stream) = heap();
    let all = server.keys(&stream, &Scope::All, 2);
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted());
    assert_eq!(server.keys(&stream, &Scope::All, 100), all);
    let behind = server.page(&stream, Scope::All, Some(all[2].clone()), 100).unwrap();
    assert_eq!(behind.rows.keys, all[3..]);
    server.tds.execute("delete from heap where shop = 2");
    assert_eq!(server.keys(&stream, &Scope::Keys(all.clone()), 10).len(), 4);
}
