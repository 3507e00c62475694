//! Errors with their numbers, logins, encryption.

use erp_sync_tests::tds::{Encryption, Face, SqlError, Tds};

use super::client::{Login, READER, tsql, tsql_as};

fn refused(sql: &str) -> String {
    let tds = Tds::start();
    tds.execute("create table t (id int primary key, name nvarchar(20)); insert into t values (7, 'g')");
    tsql(&tds, sql).messages
}

#[test]
fn what_is_not_there_or_not_understood_is_refused_with_its_number() {
    for (sql, number) in [
        ("select * from nope", 208),
        ("select nope from t", 207),
        ("selec 1", 2812),
        ("select id from t limit 1", 102),
        ("select 'a' || 'b'", 102),
        ("select id from t order by id, id", 169),
        ("select * from (select id from t order by id) as o", 1033),
        ("select frobnicate(id) from t", 195),
        ("insert into t values (1, 'a'), (1, 'b')", 2627),
        ("select cast('2026-11-21 10:00' as datetime)", 241),
        ("select cast('x' as int)", 245),
    ] {
        let said = refused(sql);
        assert!(said.contains(&format!("Msg {number} ")), "{sql}: {said}");
    }
}

#[test]
fn every_face_refuses_what_its_server_does() {
    let concat = |arguments: usize| format!("select concat({})", vec!["'a'"; arguments].join(", "));
    let hash = "select hashbytes('SHA2_256', replicate(convert(nvarchar(max), N'x'), 4001))";
    let float = "select convert(nvarchar(40), convert(float, 1), 3)";
    let describe = "select name from sys.dm_exec_describe_first_result_set(N'select 1 as a', null, 0)";
    let bound = "select min_active_rowversion()";
    let old = [(&concat(255)[..], 189), (hash, 8152), (float, 281)];
    let bare = [(&concat(255)[..], 189), (describe, 208), (bound, 195)];
    let current = [(&concat(255)[..], 189)];
    let faces: [(Face, &[(&str, i32)]); 3] =
        [(Face::Current, &current), (Face::Of2012, &old), (Face::WithoutFunctions, &bare)];
    for (face, refuses) in faces {
        let tds = Tds::start_as(face);
        for sql in [&concat(254)[..], &concat(255), hash, float, describe, bound] {
            let said = tsql(&tds, sql).messages;
            match refuses.iter().find(|(refused, _)| *refused == sql) {
                Some((_, number)) => {
                    assert!(said.contains(&format!("Msg {number} ")), "{face:?}: {sql}: {said}")
                }
                None => assert!(said.is_empty(), "{face:?}: {sql}: {said}"),
            }
        }
    }
}

#[test]
fn the_catalog_knows_the_tables_of_a_database_by_their_number() {
    let tds = Tds::start();
    tds.execute("create table dbo.dup (id int, code nvarchar(9) not null); create table arch.dup (id int primary key)");
    tds.execute(
        "create table Archive.dbo.dup (code decimal(18,4) primary key); create unique index i on dup (code)",
    );
    let rows = |of: &str, what: &str, view: &str| {
        let (database, name) = of.split_once('!').unwrap();
        tsql(&tds, &format!("select {what} from {database}sys.{view} where object_id = object_id(N'{name}')"))
            .rows
    };
    let columns = |of| rows(of, "name, system_type_id, max_length, precision, scale, is_nullable", "columns");
    assert_eq!(columns("!dbo.dup"), ["id|56|8|0|0|1", "code|231|18|0|0|0"]);
    assert_eq!(columns("!arch.dup"), ["id|56|8|0|0|0"]);
    assert_eq!(columns("Archive.!Archive..dup"), ["code|106|17|18|4|0"]);
    let indexes = |of| rows(of, "index_id, is_unique, is_primary_key", "indexes");
    assert_eq!(indexes("!dup"), ["0|0|0", "2|1|0"]);
    assert_eq!(indexes("!arch.dup"), ["0|0|0", "1|1|1"]);
    assert_eq!(indexes("!nope"), [""; 0]);
}

#[test]
fn what_is_denied_is_refused() {
    let tds = Tds::start();
    tds.execute("create table t (id int primary key, name nvarchar(20))");
    tds.deny("t", Some("name"));
    assert!(tsql(&tds, "select name from t").messages.contains("Msg 230 "));
    assert!(tsql(&tds, "select id from t").messages.is_empty());
    tds.deny("t", None);
    assert!(tsql(&tds, "select id from t").messages.contains("Msg 229 "));
}

#[test]
fn a_login_is_refused_with_its_number() {
    let tds = Tds::start();
    let wrong = tsql_as(&tds, &Login { password: "wrong", ..READER }, "select 1");
    assert!(wrong.messages.contains("Msg 18456 "), "{}", wrong.messages);
    let nowhere = tsql_as(&tds, &Login { database: "nope", ..READER }, "select 1");
    assert!(nowhere.messages.contains("Msg 4060 "), "{}", nowhere.messages);
    tds.refuse(Some(SqlError { number: 18486, class: 14, message: "locked".into() }));
    assert!(tsql(&tds, "select 1").messages.contains("Msg 18486 "));
}

#[test]
fn a_connection_is_encrypted_as_the_client_or_the_server_wishes() {
    for (server, client, works) in [
        (Encryption::Offered, "off", true),
        (Encryption::Offered, "request", true),
        (Encryption::Offered, "require", true),
        (Encryption::Forced, "request", true),
        (Encryption::None, "off", true),
        (Encryption::None, "require", false),
        (Encryption::Broken, "require", false),
    ] {
        let tds = Tds::encrypting(server);
        let said = tsql_as(&tds, &Login { encryption: client, ..READER }, "select 42");
        assert_eq!(said.rows.contains(&"42".to_string()), works, "{server:?} {client}: {}", said.messages);
    }
}

#[test]
fn a_fault_happens_behind_so_many_rows_and_so_many_times() {
    let tds = Tds::start();
    tds.execute("create table t (id int primary key)");
    tds.execute("insert into t values (1), (2), (3)");
    tds.fault("from t", "error", 2, 1205, 1);
    let said = tsql(&tds, "select id from t");
    assert_eq!(said.rows, ["1", "2"]);
    assert!(said.messages.contains("Msg 1205 "), "{}", said.messages);
    assert_eq!(tsql(&tds, "select id from t").rows, ["1", "2", "3"]);
    tds.fault("from t", "cut", 2, 0, 1);
    assert!(!tsql(&tds, "select id from t").rows.contains(&"3".to_string()));
    assert_eq!(tsql(&tds, "select id from t").rows, ["1", "2", "3"]);
}
