//! What tells rows apart: where it is looked for, and that what a draft proposes works.

use erp_sync::source::Scope;
use erp_sync_tests::tds::Face;
use serde_json::json;

use super::server::Server;

fn key(server: &mut Server, object: &str) -> (serde_json::Value, String) {
    let (manifest, _) = server.draft(object);
    (manifest["streams"][0]["key"].clone(), manifest["about"].as_str().unwrap().to_string())
}

#[test]
fn a_key_is_found_in_whichever_way_the_catalog_tells_it() {
    for face in [Face::Current, Face::Of2012, Face::WithoutFunctions] {
        for (hidden, wanted) in [
            (&[][..], json!(["shop", "no"])),
            (&["sys.indexes.is_primary_key"], json!(["shop", "no"])),
            (&["sys.indexes.has_filter", "sys.key_constraints"], json!(["shop", "no"])),
            (&["sys.indexes"], json!(["shop", "no"])),
            (&["sys.index_columns", "sys.key_constraints"], json!(["shop", "no"])),
            (&["sys.indexes", "information_schema.table_constraints"], json!(["row_key"])),
        ] {
            let mut server = Server::as_face(face);
            server
                .tds
                .execute("create table bills (total money, no int, shop varchar(9), primary key (shop, no))");
            hidden.iter().for_each(|view| server.tds.hide(view));
            let (key, about) = key(&mut server, "dbo.bills");
            assert_eq!(key, wanted, "{face:?} without {hidden:?}: {about}");
        }
    }
}

#[test]
fn a_table_never_gets_the_key_of_another_one_of_its_name() {
    for hidden in [&[][..], &["sys.indexes"]] {
        let mut server = Server::new();
        hidden.iter().for_each(|view| server.tds.hide(view));
        server.tds.execute("create table arch.dup (id int primary key, code int)");
        server.tds.execute("create table dbo.dup (id int, code int)");
        server.tds.execute("create table Archive.dbo.dup (id int, code int primary key)");
        server.tds.execute("create table arch.only (id int primary key)");
        for (object, wanted) in [
            ("dbo.dup", "row_key"),
            ("dup", "row_key"),
            ("arch.dup", "id"),
            ("Archive.dbo.dup", "code"),
            ("Archive..dup", "code"),
            ("shop.dbo.dup", "row_key"),
        ] {
            assert_eq!(key(&mut server, object).0, json!([wanted]), "{object} without {hidden:?}");
        }
        // Rows of a heap that are alike in another one's key are all read.
        server.tds.execute("insert into dbo.dup values (1, 1), (1, 2), (1, 1)");
        let (_, stream) = server.draft("dbo.dup");
        assert_eq!(server.keys(&stream, &Scope::All, 10).len(), 3);
    }
}

#[test]
fn a_unique_index_is_a_key_where_there_is_no_better_one() {
    let mut server = Server::new();
    server.tds.execute("create table t (a int, b int not null, c int not null, d float primary key)");
    let (found, about) = key(&mut server, "t");
    assert_eq!(found, json!(["row_key"]));
    assert!(about.contains("\"d\" is of type float, whose text finds no row again"), "{about}");
    for (index, wanted) in [
        ("unique index i1 on t (a)", "row_key"),
        ("unique index i2 on t (b) where b > 1", "row_key"),
        ("index i3 on t (b)", "row_key"),
        ("unique index i4 on t (c)", "c"),
    ] {
        server.tds.execute(&format!("create {index}"));
        assert_eq!(key(&mut server, "t").0, json!([wanted]), "{index}");
    }
    assert!(key(&mut server, "t").1.contains("key: c (a unique index: of the primary key, \"d\""));
}

#[test]
fn a_draft_works_whatever_its_key_is_made_of() {
    for (kind, values) in [
        ("bit", ["0", "1"]),
        ("time(7)", ["'09:00:00.1234567'", "'09:00:00.1234568'"]),
        ("time(0)", ["'00:00:00'", "'23:59:59'"]),
        ("datetimeoffset(7)", ["'2026-11-21T10:00:00.1234567+04:00'", "'2026-11-21T10:00:00.1234568+04:00'"]),
        ("datetime", ["'2026-11-21T10:00:00.123'", "'2026-11-21T10:00:00.127'"]),
        ("datetime2(7)", ["'0001-01-01'", "'9999-12-31T23:59:59.9999999'"]),
        ("smalldatetime", ["'2026-11-21T10:00:00'", "'2026-11-21T10:01:00'"]),
        ("date", ["'0001-01-01'", "'2026-11-21'"]),
        ("decimal(38,10)", ["-1.0000000001", "9999999999999999999999999999.9999999999"]),
        ("money", ["-922337203685477.5808", "922337203685477.5807"]),
        ("float", ["'0.1'", "'0.2'"]),
        ("real", ["'1.5'", "'2.5'"]),
        (
            "uniqueidentifier",
            ["'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "'00000000-0000-0000-0000-000000000001'"],
        ),
        ("varbinary(8)", ["0x00", "0x0a1b"]),
        ("nvarchar(20)", ["N'ключ'", "N'O''Hara'"]),
    ] {
        let mut server = Server::new();
        server.tds.execute(&format!("create table t (k {kind} primary key, n int)"));
        let [one, other] = values;
        server.tds.execute(&format!("insert into t values ({one}, 1), ({other}, 2)"));
        let (manifest, stream) = server.draft("t");
        let all = server.keys(&stream, &Scope::All, 1);
        assert_eq!(all.len(), 2, "{kind}: {manifest}");
        assert_eq!(server.keys(&stream, &Scope::Keys(all.clone()), 10), all, "{kind} by key");
        let behind = server.page(&stream, Scope::All, Some(all[0].clone()), 10).unwrap();
        assert_eq!(behind.rows.keys, all[1..], "{kind} resumed");
    }
}

#[test]
fn a_guess_is_told_and_kept_as_a_column() {
    let mut server = Server::new();
    server
        .tds
        .execute("create table dbo.rates (id int primary key, ExchangeDate datetime, ModifiedDate datetime)");
    server.tds.execute("create table dbo.fx (id int primary key, ExchangeDate datetime)");
    let (manifest, stream) = server.draft("dbo.rates");
    assert_eq!(stream.cursor.as_deref(), Some("ModifiedDate"));
    assert!(stream.columns.iter().any(|column| column.name == "modifieddate"), "{manifest}");
    assert_eq!(
        manifest["about"],
        "rates; key: id (primary key); cursor: ModifiedDate (guessed by its name: look whether every change sets it; \
         may be null: rows without it are read in every run)"
    );
    assert_eq!(server.draft("dbo.fx").1.cursor, None);
}

#[test]
fn what_weakens_a_stream_is_known_from_its_indexes() {
    let mut server = Server::new();
    server.tds.execute("create table t (id int primary key, at datetime not null, no int)");
    let mut weak = |key: &str, cursor: Option<&str>| {
        let stream = super::server::stream("t", &[key], cursor, &[(key, "bigint")]);
        server.block_on(async |source| source.weaknesses(&stream).await).unwrap()
    };
    assert_eq!(weak("id", None), [""; 0]);
    assert_eq!(
        weak("id", Some("at")),
        ["no index begins with the cursor \"at\": every run reads the whole table there"]
    );
    assert_eq!(
        weak("no", None),
        [
            "the key \"no\" may be null: such rows are rejected",
            "no unique index on \"no\": of rows with one key the last counts"
        ]
    );
    server.tds.execute("create index i on t (at, id)");
    let stream = super::server::stream("t", &["id"], Some("at"), &[("id", "bigint")]);
    assert_eq!(server.block_on(async |source| source.weaknesses(&stream).await).unwrap(), [""; 0]);
}
