//! Servers of other kinds and versions: what they lack is done without, and what they cannot give is said.

use std::collections::BTreeSet;

use erp_sync::engine::discover;
use erp_sync::error::Kind;
use erp_sync::source::{Key, Scope};
use erp_sync_tests::tds::Face;

use super::server::{Server, ids, stream, texts};

const FACES: [Face; 4] = [Face::Current, Face::Azure, Face::Of2012, Face::WithoutFunctions];

/// A column of every type that a draft may meet.
const EVERY: &str = "create table dbo.every (id bigint primary key, a bit, b tinyint, c smallint not null, d int, \
                     e decimal(18,4), f numeric(38,10), g money, h smallmoney, i real, j float, k char(3), \
                     l varchar(20), m varchar(max), n nchar(3), o nvarchar(20) not null, p nvarchar(max), q text, \
                     r ntext, s binary(4), t varbinary(20), u varbinary(max), v image, w uniqueidentifier, x date, \
                     y time(3), z datetime, aa smalldatetime, bb datetime2(5), cc datetimeoffset(7), dd xml, \
                     ee sql_variant)";

/// Names, types and columns of an object's fields.
fn fields(server: &mut Server, object: &str) -> Vec<String> {
    let found =
        server.block_on(async |source| discover(source, "pos", "sqlserver", Some(object)).await).unwrap();
    let field = |line: &erp_sync::engine::Discovered| {
        Some(format!("{} {} {:?} {}", line.field.as_ref()?, line.kind, line.column_type, line.label))
    };
    found.iter().filter_map(field).collect()
}

#[test]
fn a_table_is_described_alike_by_the_function_and_by_the_catalog() {
    let mut seen = BTreeSet::new();
    for face in FACES {
        let mut server = Server::as_face(face);
        server.tds.execute(EVERY);
        let fields = fields(&mut server, "dbo.every");
        assert_eq!(fields.len(), 32);
        seen.insert(fields);
        let asked = server.tds.batches().concat();
        assert_eq!(
            asked.contains("sys.columns"),
            face == Face::WithoutFunctions || asked.contains("column_id, name")
        );
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[test]
fn a_query_and_a_table_that_no_catalog_knows_are_described_by_their_own_answer() {
    for object in ["select id, o, e, bb from every", "dbo.every"] {
        let mut server = Server::as_face(Face::WithoutFunctions);
        server.tds.hide("sys.columns");
        server.tds.execute(EVERY);
        server.tds.execute(
            "insert into every (id, c, o, e, bb) values (7, 1, N'ö', 1.25, '2026-11-21T09:00:00.12345')",
        );
        let columns = [("id", "bigint"), ("o", "text"), ("e", "numeric"), ("bb", "timestamptz")];
        let stream = stream(object, &["id"], Some("bb"), &columns);
        let page = server.page(&stream, Scope::All, None, 10).unwrap();
        assert_eq!(page.rows.keys, ids([7]), "{object}");
        assert_eq!([texts(&page, 1)[0], texts(&page, 2)[0]], [Some("ö"), Some("1.2500")]);
        let mark = server.mark(&stream);
        assert_eq!(server.changes(&stream, &mark).0, ids([7]));
    }
}

#[test]
fn what_is_not_there_or_may_not_be_read_is_said_by_every_server() {
    for face in FACES {
        let mut server = Server::as_face(face);
        server.tds.execute("create table dbo.items (id int primary key, secret int)");
        let of = |object: &str| stream(object, &["id"], None, &[("id", "bigint"), ("secret", "bigint")]);
        let error = server.layout(&of("dbo.item")).unwrap_err();
        assert_eq!(
            (error.kind, error.hint.as_deref()),
            (Kind::NoObject, Some("did you mean dbo.items?")),
            "{face:?}"
        );
        assert_eq!(server.layout(&of("select no from items")).unwrap_err().kind, Kind::NoField, "{face:?}");
        server.tds.deny("items", Some("secret"));
        let layout = server.layout(&of("dbo.items")).unwrap();
        assert_eq!((layout.columns.len(), layout.left_out.len()), (1, 1), "{face:?}");
        server.tds.deny("items", None);
        assert_eq!(server.layout(&of("dbo.items")).unwrap_err().kind, Kind::Forbidden, "{face:?}");
    }
}

#[test]
fn a_server_says_which_cursors_it_cannot_give() {
    for face in FACES {
        let mut server = Server::as_face(face);
        server
            .tds
            .execute("create table t (id int primary key, rv rowversion, ModifiedAt datetime not null)");
        let gives = face != Face::WithoutFunctions;
        let about = server.check().unwrap();
        assert_eq!(about.lacks.is_none(), gives, "{about:?}");
        assert_eq!(about.doubt, None);
        let (_, drafted) = server.draft("t");
        assert_eq!(drafted.cursor.as_deref(), Some(if gives { "rv" } else { "ModifiedAt" }), "{face:?}");
        server.layout(&drafted).unwrap();
        let by_version = server.layout(&stream("t", &["id"], Some("rv"), &[("id", "bigint")]));
        match by_version {
            Ok(_) => assert!(gives),
            Err(error) => {
                assert!(!gives);
                assert_eq!(
                    error.message,
                    "the rowversion \"rv\" of stream \"t\" is no cursor on this server"
                );
                assert!(error.detail.unwrap().contains("min_active_rowversion()"));
            }
        }
    }
}

/// A heap of so many columns, with rows that differ in the last one alone, and two that do not differ.
fn heap(face: Face, columns: usize, kind: &str, values: [&str; 3]) -> Server {
    let server = Server::as_face(face);
    let names: Vec<String> = (1..=columns).map(|at| format!("c{at} {kind}")).collect();
    server.tds.execute(&format!("create table heap ({})", names.join(", ")));
    for value in values {
        let row = vec!["null"; columns - 1].join(", ");
        server.tds.execute(&format!("insert into heap values ({row}, {value})").replace("(, ", "("));
    }
    server
}

fn digests(server: &mut Server) -> Vec<Key> {
    let (_, stream) = server.draft("heap");
    let all = server.keys(&stream, &Scope::All, 2);
    assert_eq!(server.keys(&stream, &Scope::All, 100), all, "the same each time");
    assert_eq!(server.keys(&stream, &Scope::Keys(all.clone()), 100), all);
    all
}

#[test]
fn rows_of_hundreds_of_columns_get_a_digest_everywhere() {
    for face in FACES {
        for columns in [1, 127, 128, 300] {
            let mut server = heap(face, columns, "nvarchar(200)", ["N'a'", "N'b'", "N'b'"]);
            let keys: BTreeSet<Key> = digests(&mut server).into_iter().collect();
            assert_eq!(keys.len(), 3, "{face:?}, {columns} columns");
        }
    }
}

#[test]
fn long_rows_and_floats_get_a_digest_everywhere() {
    let long = |last: &str| format!("N'{}{last}'", "x".repeat(9_000));
    let texts = [long("a"), long("b"), long("b")];
    let floats = ["'0.1'", "'0.10000000000000002'", "'0.10000000000000002'"];
    for face in FACES {
        for (kind, values) in [
            ("nvarchar(max)", [texts[0].as_str(), &texts[1], &texts[2]]),
            ("ntext", [texts[0].as_str(), &texts[1], &texts[2]]),
            ("float", floats),
        ] {
            let mut server = heap(face, 2, kind, values);
            let digests: BTreeSet<String> = digests(&mut server)
                .iter()
                .map(|key| format!("{key:?}").split('-').next().unwrap_or_default().to_string())
                .collect();
            assert_eq!(digests.len(), 2, "{face:?}, {kind}: two contents");
        }
    }
}

#[test]
fn a_digest_is_the_same_as_ever_where_the_server_takes_it_as_ever() {
    for face in [Face::Current, Face::Azure] {
        let mut server = heap(face, 3, "nvarchar(max)", ["N'a'", "N'b'", "N'c'"]);
        let (_, drafted) = server.draft("heap");
        server.page(&drafted, Scope::All, None, 10).unwrap();
        let asked = server.tds.batches();
        let query =
            asked.iter().rfind(|sql| sql.contains("hashbytes") && sql.contains("order by o.")).unwrap();
        assert!(
        query.contains(
            "hashbytes('SHA2_256', concat('', isnull(convert(nvarchar(max), i.[c1]), nchar(30)), nchar(31), isnull("
        ),
        "{query}"
    );
    }
}

#[test]
fn texts_without_an_end_are_told_apart_by_their_beginning_and_length_on_an_old_server() {
    let text = |letters: usize, last: &str| format!("N'{}{last}'", "x".repeat(letters));
    for (values, contents) in [
        ([text(70_000, "a"), text(70_000, "b"), text(70_001, "a")], 2),
        ([text(63_999, "a"), text(63_999, "b"), text(64_000, "b")], 3),
    ] {
        let mut server = heap(Face::Of2012, 2, "nvarchar(max)", [&values[0], &values[1], &values[2]]);
        let keys = digests(&mut server);
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 3, "each row has a key of its own");
        let digest = |key: &Key| format!("{key:?}").split('-').next().unwrap_or_default().to_string();
        assert_eq!(keys.iter().map(digest).collect::<BTreeSet<_>>().len(), contents);
    }
}
