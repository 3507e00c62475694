//! What is selected, filtered, sorted and counted.

use erp_sync_tests::tds::Tds;

use super::client::tsql;

fn shop() -> Tds {
    let tds = Tds::start();
    tds.execute(
        "create table dbo.Sales (no int primary key, code varchar(20), amount decimal(10,2), note \
                 nvarchar(max))",
    );
    tds.execute(
        "insert into Sales values (1, 'A', 10.50, N'one'), (2, 'b ', -3, null), (3, 'a', 0.05, \
                 N''), (10, 'C', 7, N'x|y')",
    );
    tds
}

fn rows(tds: &Tds, sql: &str) -> Vec<String> {
    let said = tsql(tds, sql);
    assert!(!said.messages.contains("Msg "), "{}", said.messages);
    said.rows
}

#[test]
fn rows_come_in_the_order_that_is_asked_for() {
    let tds = shop();
    assert_eq!(
        rows(&tds, "select top (2) [no], o.code from [dbo].[Sales] as o order by o.[no] desc"),
        ["10|C", "3|a"]
    );
    assert_eq!(rows(&tds, "select code from sales where no in (1, 2) and not (amount < 0)"), ["A"]);
    assert_eq!(
        rows(
            &tds,
            "select no from sales where amount > 0 and (no > 1 or (no = 1 and code = 'z')) order by no"
        ),
        ["3", "10"]
    );
}

#[test]
fn upper_and_lower_case_and_blanks_at_the_end_are_one_unless_a_binary_collation_is_asked_for() {
    let tds = shop();
    assert_eq!(rows(&tds, "select no from SALES where Code = 'A' order by no"), ["1", "3"]);
    assert_eq!(rows(&tds, "select no from sales where code = 'B'"), ["2"]);
    assert_eq!(
        rows(
            &tds,
            "select no from sales where code collate Latin1_General_BIN2 > 'C' order by code collate \
             Latin1_General_BIN2"
        ),
        ["3", "2"]
    );
}

#[test]
fn aggregates_count_and_find_the_newest() {
    let tds = shop();
    assert_eq!(rows(&tds, "select count_big(*), max(amount), min(no) from sales"), ["4|10.50|1"]);
    assert_eq!(rows(&tds, "select max(no) from sales where 1 = 0"), ["NULL"]);
}

#[test]
fn equal_rows_are_numbered() {
    let tds = Tds::start();
    tds.execute("create table heap (a int, b nvarchar(9))");
    tds.execute("insert into heap values (1, N'x'), (1, N'x'), (2, N'y')");
    let sql = "select d.a, row_number() over (partition by d.h order by d.h) as n from (select i.*, \
               convert(char(64), hashbytes('SHA2_256', \
               concat('', isnull(convert(nvarchar(max), i.a), nchar(30)), \
               nchar(31), i.b)), 2) as h from heap as i) as d";
    assert_eq!(rows(&tds, sql), ["1|1", "1|2", "2|1"]);
    assert_eq!(
        rows(&tds, "select convert(char(64), hashbytes('SHA2_256', 'abc'), 2)")[0].to_lowercase(),
        // SHA-256 of the six bytes of "abc" in UTF-16: printf 'a\0b\0c\0' | sha256sum
        "13e228567e8249fce53337f25d7970de3bd68ab2653424c7b8f9fd05e33caedf"
    );
}

#[test]
fn a_server_describes_tables_views_and_queries_alike() {
    let tds = shop();
    tds.execute("create view dbo.Big as select no, amount from sales where amount > 5");
    let describe = |query: &str| {
        rows(
            &tds,
            &format!(
                "select name, system_type_name from sys.dm_exec_describe_first_result_set(N'select * from \
                 {query} as o', null, 0) order by column_ordinal"
            ),
        )
    };
    assert_eq!(
        describe("Sales"),
        ["no|int", "code|varchar(20)", "amount|decimal(10,2)", "note|nvarchar(max)"]
    );
    assert_eq!(describe("[dbo].[Big]"), ["no|int", "amount|decimal(10,2)"]);
    assert_eq!(
        describe("(select cast(amount as money) as m, getdate() as at from Sales)"),
        ["m|money", "at|datetime"]
    );
    let error = "select error_number, error_message from sys.dm_exec_describe_first_result_set(N'select * \
                 from nope', null, 0)";
    assert_eq!(rows(&tds, error), ["208|Invalid object name 'nope'."]);
    assert_eq!(
        rows(&tds, "select table_name, table_type from information_schema.tables"),
        ["Sales|BASE TABLE", "Big|VIEW"]
    );
}

#[test]
fn a_transaction_shows_when_it_is_committed() {
    let tds = shop();
    let mut open = tds.session();
    open.execute("begin tran; insert into sales values (11, 'n', 1, null)");
    assert_eq!(rows(&tds, "select count(*) from sales"), ["4"]);
    open.execute("commit");
    assert_eq!(rows(&tds, "select count(*) from sales"), ["5"]);
    assert_eq!(rows(&tds, "begin tran\ndelete from sales\nrollback\nselect count(*) from sales"), ["5"]);
}
