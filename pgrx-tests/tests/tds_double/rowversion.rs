//! A rowversion grows with every write, and one that an open transaction holds is the lowest active.

use erp_sync_tests::tds::Tds;

use super::client::tsql;

fn versions(tds: &Tds) -> Vec<String> {
    tsql(tds, "select id, rv from t order by rv").rows
}

fn min_active(tds: &Tds) -> String {
    tsql(tds, "select min_active_rowversion()").rows[0].clone()
}

fn table() -> Tds {
    let tds = Tds::start();
    tds.execute("create table t (id int primary key, name nvarchar(9), rv rowversion)");
    tds.execute("insert into t values (1, 'a'), (2, 'b')");
    tds
}

#[test]
fn it_grows_with_every_write() {
    let tds = table();
    assert_eq!(versions(&tds), ["1|0000000000000001", "2|0000000000000002"]);
    tds.execute("update t set name = 'c' where id = 1");
    assert_eq!(versions(&tds), ["2|0000000000000002", "1|0000000000000003"]);
}

#[test]
fn with_nothing_active_the_bound_is_the_very_value_of_the_next_write() {
    let tds = table();
    let bound = min_active(&tds);
    tds.execute("insert into t values (3, 'n')");
    assert_eq!(versions(&tds)[2], format!("3|{bound}"));
}

#[test]
fn an_open_transaction_holds_the_bound_back() {
    let tds = table();
    let mut open = tds.session();
    open.execute("begin tran; insert into t values (3, 'late')");
    tds.execute("insert into t values (4, 'soon')");
    assert_eq!(min_active(&tds), "0000000000000003");
    assert_eq!(versions(&tds).len(), 3);
    open.execute("commit");
    assert_eq!(min_active(&tds), "0000000000000005");
    assert_eq!(versions(&tds)[2], "3|0000000000000003");
}
