//! The statements, as text: what a database administrator will see in the remote's plan cache.

use serde_json::json;

use super::fixture::{settings, stream};
use crate::entity::Stream;
use crate::error::Kind;
use crate::source::sqlserver::ability::Dialect;
use crate::source::sqlserver::column::Column;
use crate::source::sqlserver::layout;
use crate::source::sqlserver::select::Plan;
use crate::source::{Key, Mark, Scalar, Scope};

fn columns() -> Vec<Column> {
    let all = [
        ("InvoiceNo", "varchar(20)"),
        ("line", "int"),
        ("amount", "money"),
        ("updated_at", "datetime"),
        ("rv", "timestamp"),
        ("where", "geography"),
        ("any", "sql_variant"),
    ];
    all.map(|(name, kind)| Column { name: name.into(), kind: kind.into(), is_nullable: false }).into()
}

fn sales(cursor: Option<&str>) -> Stream {
    let columns = [("invoiceno", "text"), ("line", "bigint"), ("amount", "numeric")];
    let mut stream = stream("dbo.Sales", &["invoiceno", "line"], &columns);
    stream.cursor = cursor.map(str::to_string);
    stream
}

fn plan(stream: &Stream, whole: bool) -> Plan {
    let layout = layout::of(&settings(), stream, &columns()).unwrap();
    Plan::new(stream, &layout, &columns(), Dialect::Current, whole).unwrap()
}

fn key(invoice: &str, line: i64) -> Key {
    Key(vec![Scalar::Text(invoice.into()), Scalar::Int(line)])
}

#[test]
fn everything_goes_by_key_in_an_order_that_the_local_key_has_too() {
    assert_eq!(
        plan(&sales(None), false).rows(&Scope::All, None).unwrap(),
        "select o.[InvoiceNo], o.[line], cast(o.[amount] as decimal(19,4))\n\
         from [dbo].[Sales] as o\n\
         order by cast(o.[InvoiceNo] as nvarchar(4000)) collate Latin1_General_BIN2, o.[line]"
    );
}

#[test]
fn what_lies_behind_a_row_is_greater_in_the_first_column_that_differs() {
    let sql = plan(&sales(None), false).rows(&Scope::All, Some(&key("O'1", 7))).unwrap();
    let (column, value) = (
        "cast(o.[InvoiceNo] as nvarchar(4000)) collate Latin1_General_BIN2",
        "N'O''1' collate Latin1_General_BIN2",
    );
    let wanted = format!(
        "where {column} >= {value} and ({column} > {value} or ({column} = {value} and o.[line] > 7))"
    );
    assert!(sql.contains(&wanted), "{sql}");
}

#[test]
fn changes_go_by_cursor_then_key_between_two_marks() {
    let plan = plan(&sales(Some("RV")), false);
    let mark = |version: &str| Mark(format!("0x{version:0>16}"));
    let scope = Scope::Since { from: mark("7D1"), until: Some(mark("7D5")) };
    let sql = plan.rows(&scope, None).unwrap();
    assert!(
        sql.starts_with("select o.[InvoiceNo], o.[line], cast(o.[amount] as decimal(19,4)), o.[rv]\n"),
        "{sql}"
    );
    assert!(sql.contains("where o.[rv] >= 0x00000000000007D1 and o.[rv] < 0x00000000000007D5\n"), "{sql}");
    assert!(sql.contains("order by o.[rv], cast("), "{sql}");
    let mut place = key("A", 1);
    place.0.insert(0, Scalar::Text("0x00000000000007D2".into()));
    let sql = plan.rows(&scope, Some(&place)).unwrap();
    assert!(sql.contains(" and o.[rv] >= 0x00000000000007D2 and (o.[rv] > 0x00000000000007D2 or ("), "{sql}");
    assert_eq!(plan.watermark().unwrap().unwrap(), "select min_active_rowversion()");
}

#[test]
fn times_of_change_are_read_up_to_the_watermark_and_where_they_lie_in_the_future() {
    let plan = plan(&sales(Some("updated_at")), false);
    let mark = |time: &str| Mark(format!("2026-11-21 {time}.0000000"));
    let scope = Scope::Since { from: mark("09:00:00"), until: Some(mark("10:00:00")) };
    assert_eq!(
        plan.count(&scope).unwrap(),
        "select count_big(*)\nfrom [dbo].[Sales] as o\n\
         where o.[updated_at] >= cast('2026-11-21T09:00:00.000' as datetime) and \
         (o.[updated_at] <= cast('2026-11-21T10:00:00.000' as datetime) or \
         o.[updated_at] > dateadd(second, 5, \
         case when sysdatetime() > sysutcdatetime() then sysdatetime() else sysutcdatetime() end))"
    );
    assert_eq!(
        plan.watermark().unwrap().unwrap(),
        "select max(o.[updated_at]), sysdatetime(), sysutcdatetime()\nfrom [dbo].[Sales] as o"
    );
}

#[test]
fn a_growing_key_is_sorted_by_once() {
    let mut stream = stream("t", &["line"], &[("line", "bigint")]);
    stream.cursor = Some("line".into());
    let mark = Mark(format!("{:038}", 5));
    let sql = plan(&stream, false).rows(&Scope::Since { from: mark, until: None }, None).unwrap();
    assert_eq!(sql, "select o.[line]\nfrom [t] as o\nwhere o.[line] >= 5\norder by o.[line]");
}

#[test]
fn rows_are_asked_for_by_key_as_the_remote_compares_them() {
    let plan = plan(&sales(None), false);
    let sql = plan.count(&Scope::Keys(vec![key("A", 1), key("B", -2)])).unwrap();
    assert!(
        sql.ends_with(
            "where ((o.[InvoiceNo] = cast(N'A' as varchar(20)) and o.[line] = 1) or \
             (o.[InvoiceNo] = cast(N'B' as varchar(20)) and o.[line] = -2))"
        ),
        "{sql}"
    );
    assert!(plan.count(&Scope::Keys(vec![])).unwrap().ends_with("where 1 = 0"));
    // What the database's own code page may lack is never cast to varchar.
    let sql = plan.count(&Scope::Keys(vec![key("فاتورة", 1)])).unwrap();
    assert!(sql.ends_with("where ((o.[InvoiceNo] = N'فاتورة' and o.[line] = 1))"), "{sql}");
}

#[test]
fn what_is_not_sent_exactly_is_asked_for_in_another_form() {
    let sql = plan(&sales(None), true).rows(&Scope::All, None).unwrap();
    let list = sql.lines().next().unwrap();
    assert!(list.ends_with(
        ", o.[updated_at], o.[rv], o.[where].ToString(), \
         case when sql_variant_property(o.[any], 'BaseType') in ('money', 'smallmoney') \
         then cast(cast(o.[any] as decimal(19,4)) as sql_variant) else o.[any] end"
    ));
}

#[test]
fn a_key_that_is_no_value_of_its_column_never_gets_into_a_statement() {
    let stream = stream("t", &["line"], &[("line", "bigint")]);
    let plan = plan(&stream, false);
    for text in ["1; drop table t", "", "1 or 1=1", "--", "1e5"] {
        let error = plan.rows(&Scope::All, Some(&Key(vec![Scalar::Text(text.into())]))).unwrap_err();
        assert_eq!(error.kind, Kind::Internal, "{text}");
    }
    assert_eq!(plan.rows(&Scope::All, Some(&Key(vec![]))).unwrap_err().kind, Kind::Internal);
}

#[test]
fn rows_without_a_key_get_a_digest_and_a_number_behind_the_filter() {
    let mut stream = stream("dbo.Heap", &["row_key"], &[("row_key", "text"), ("line", "bigint")]);
    stream.columns[0].path = vec!["*".into()];
    stream.filter = Some(json!("line > 0"));
    assert_eq!(
        plan(&stream, false).rows(&Scope::All, None).unwrap(),
        "select o.[*], o.[line]\n\
         from (select d.*, concat(d.[*digest], '-', \
         row_number() over (partition by d.[*digest] order by d.[*digest])) as [*]\n\
         from (select i.*, convert(char(64), hashbytes('SHA2_256', \
         concat('', isnull(convert(nvarchar(max), i.[line]), nchar(30)))), 2) as [*digest]\n\
         from [dbo].[Heap] as i\nwhere (\nline > 0\n)) as d) as o\n\
         order by o.[*] collate Latin1_General_BIN2"
    );
}

/// The time of change may be null, and is by now for two thirds of the rows.
fn rarely_changed() -> (Stream, Plan) {
    let columns: Vec<Column> = columns()
        .into_iter()
        .map(|column| Column { is_nullable: column.name == "updated_at", ..column })
        .collect();
    let stream = sales(Some("updated_at"));
    let layout = layout::of(&settings(), &stream, &columns).unwrap();
    let plan = Plan::new(&stream, &layout, &columns, Dialect::Current, false).unwrap();
    (stream, plan)
}

#[test]
fn rows_without_a_cursor_value_are_read_each_time_and_first() {
    let (_, plan) = rarely_changed();
    let mark = |time: &str| Mark(format!("2026-11-21 {time}.0000000"));
    let scope = Scope::Since { from: mark("09:00:00"), until: None };
    let since = "(o.[updated_at] is null or o.[updated_at] >= cast('2026-11-21T09:00:00.000' as datetime))";
    assert!(plan.count(&scope).unwrap().ends_with(&format!("where {since}")));
    let mut place = key("A", 1);
    place.0.insert(0, Scalar::Text(String::new()));
    let sql = plan.rows(&scope, Some(&place)).unwrap();
    let behind = format!("where {since} and (o.[updated_at] is not null or (cast(");
    assert!(sql.contains(&behind) && sql.contains("order by o.[updated_at], cast("), "{sql}");
    place.0[0] = Scalar::Text(mark("09:30:00").0);
    let sql = plan.rows(&scope, Some(&place)).unwrap();
    assert!(
        sql.contains(&format!("where {since} and o.[updated_at] >= ")),
        "those without come before: {sql}"
    );
}

#[test]
fn of_a_row_that_is_too_large_its_place_is_asked_for_alone() {
    let (stream, plan) = rarely_changed();
    let layout = layout::of(&settings(), &stream, &columns()).unwrap();
    let keys = crate::source::Layout { columns: layout.columns[..2].to_vec(), left_out: vec![] };
    let sql = plan.only(&keys).first_row(&Scope::All, Some(&key("A", 1))).unwrap();
    assert!(
        sql.starts_with(
            "select top (1) o.[InvoiceNo], o.[line], o.[updated_at]\nfrom [dbo].[Sales] as o\nwhere "
        ),
        "{sql}"
    );
}

#[test]
fn every_part_that_a_draft_proposes_for_a_key_is_written_as_its_type() {
    for (kind, text, literal) in [
        ("bit", "true", "cast(1 as bit)"),
        ("time(7)", "09:00:00.1234567", "cast(N'09:00:00.1234567' as time(7))"),
        (
            "datetimeoffset(7)",
            "2026-11-21 09:05:00.1234567+00",
            "cast('2026-11-21T09:05:00.1234567+00:00' as datetimeoffset(7))",
        ),
    ] {
        let columns = [Column { name: "k".into(), kind: kind.into(), is_nullable: false }];
        let stream = stream("t", &["k"], &[("k", "text")]);
        let layout = layout::of(&settings(), &stream, &columns).unwrap();
        let plan = Plan::new(&stream, &layout, &columns, Dialect::Current, false).unwrap();
        let sql = plan.count(&Scope::Keys(vec![Key(vec![Scalar::Text(text.into())])])).unwrap();
        assert!(sql.ends_with(&format!("where o.[k] in ({literal})")), "{sql}");
        for bad in ["'; drop table t --", "1", "2026-11-21 09:05:00'--+00"] {
            let sql = plan.count(&Scope::Keys(vec![Key(vec![Scalar::Text(bad.into())])]));
            assert!(sql.is_err() || !sql.unwrap().replace("''", "").contains("'--"), "{kind}: {bad}");
        }
    }
}
