//! Errors with their numbers, logins, encryption.

use erp_sync_tests::tds::{Encryption, SqlError, Tds};

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
