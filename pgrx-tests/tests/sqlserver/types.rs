//! Every type with extreme values arrives exactly: the expectations are written by hand, from what the
//! types' documentation promises and what PostgreSQL reads.

use erp_sync::source::{Page, Scope, Values};
use serde_json::json;

use super::server::Server;

/// Stores one value in a column of a type and reads it as a column of ours.
fn read(server: &mut Server, kind: &str, literal: &str, local: &str) -> Result<String, String> {
    server.tds.execute("drop table t");
    server.tds.execute(&format!("create table t (id int primary key, v {kind})"));
    server.tds.execute(&format!("insert into t values (1, {literal})"));
    let stream = super::server::stream("t", &["id"], None, &[("id", "bigint"), ("v", local)]);
    let layout = server.layout(&stream).map_err(|error| error.to_string())?;
    if let Some((_, why)) = layout.left_out.first() {
        return Err(why.clone());
    }
    let ask = erp_sync::source::Ask { scope: Scope::All, after: None, limit: 10, raw: false };
    let page = server.page_of(&stream, &layout, &ask).map_err(|error| error.to_string())?;
    match page.rejected.first() {
        Some(rejected) => Err(format!("{}: {}", rejected.rule, rejected.reason)),
        None => Ok(value(&page)),
    }
}

fn value(page: &Page) -> String {
    match &page.rows.columns[1] {
        Values::Int(values) => values[0].map_or("NULL".into(), |value| value.to_string()),
        Values::Bool(values) => values[0].map_or("NULL".into(), |value| value.to_string()),
        Values::Text(values) => values[0].clone().unwrap_or("NULL".into()),
    }
}

/// Remote type, literal, local type, what arrives.
fn exact(cases: &[(&str, &str, &str, &str)]) {
    let mut server = Server::new();
    for (kind, literal, local, expected) in cases {
        let found = read(&mut server, kind, literal, local);
        assert_eq!(
            found.as_deref(),
            Ok(*expected),
            "{kind} {} as {local}",
            &literal[..literal.len().min(60)]
        );
    }
}

#[test]
fn whole_numbers_from_the_least_to_the_greatest() {
    exact(&[
        ("tinyint", "0", "bigint", "0"),
        ("tinyint", "255", "bigint", "255"),
        ("smallint", "-32768", "bigint", "-32768"),
        ("smallint", "32767", "numeric", "32767"),
        ("int", "-2147483648", "bigint", "-2147483648"),
        ("int", "2147483647", "text", "2147483647"),
        ("bigint", "'-9223372036854775808'", "bigint", "-9223372036854775808"),
        ("bigint", "9223372036854775807", "bigint", "9223372036854775807"),
        ("decimal(18,0)", "-42", "bigint", "-42"),
        ("bit", "1", "boolean", "true"),
        ("bit", "0", "boolean", "false"),
    ]);
}

#[test]
fn decimals_of_all_digits() {
    exact(&[
        (
            "decimal(38,0)",
            "99999999999999999999999999999999999999",
            "numeric",
            "99999999999999999999999999999999999999",
        ),
        (
            "decimal(38,0)",
            "-99999999999999999999999999999999999999",
            "numeric",
            "-99999999999999999999999999999999999999",
        ),
        (
            "decimal(38,38)",
            "'0.00000000000000000000000000000000000001'",
            "numeric",
            "0.00000000000000000000000000000000000001",
        ),
        (
            "numeric(38,10)",
            "-1234567890123456789012345678.0123456789",
            "numeric",
            "-1234567890123456789012345678.0123456789",
        ),
        ("decimal(9,2)", "-0.05", "numeric", "-0.05"),
        ("decimal(9,2)", "0", "numeric", "0.00"),
        ("decimal(5,0)", "-42", "numeric", "-42"),
    ]);
}

#[test]
fn money_to_the_last_digit() {
    exact(&[
        ("money", "'-922337203685477.5808'", "numeric", "-922337203685477.5808"),
        ("money", "'922337203685477.5807'", "numeric", "922337203685477.5807"),
        ("money", "0.1", "text", "0.1000"),
        ("smallmoney", "'-214748.3648'", "numeric", "-214748.3648"),
        ("smallmoney", "'214748.3647'", "numeric", "214748.3647"),
    ]);
}

#[test]
fn floats_as_the_shortest_text_that_means_them() {
    exact(&[
        ("real", "'0.1'", "numeric", "0.1"),
        ("real", "'16777216'", "numeric", "16777216"),
        ("float", "'0.1'", "numeric", "0.1"),
        ("float", "'-1.7976931348623157e308'", "numeric", &format!("-17976931348623157{}", "0".repeat(292))),
        ("float", "'1e-7'", "numeric", "0.0000001"),
    ]);
}

#[test]
fn days_and_times_from_the_first_to_the_last() {
    exact(&[
        ("date", "'0001-01-01'", "date", "0001-01-01"),
        ("date", "'9999-12-31'", "date", "9999-12-31"),
        ("date", "'2024-02-29'", "timestamptz", "2024-02-29 00:00:00+00"),
        ("time(7)", "'23:59:59.9999999'", "text", "23:59:59.9999999"),
        ("time(0)", "'00:00:00'", "text", "00:00:00"),
        ("datetime", "'1753-01-01'", "timestamptz", "1753-01-01 00:00:00+00"),
        ("datetime", "'9999-12-31T23:59:59.997'", "timestamptz", "9999-12-31 23:59:59.997+00"),
        ("datetime", "'2024-02-29T12:00:00.123'", "timestamptz", "2024-02-29 12:00:00.123+00"),
        ("datetime", "'2024-02-29T12:00:00.007'", "text", "2024-02-29 12:00:00.007"),
        ("smalldatetime", "'1900-01-01'", "timestamptz", "1900-01-01 00:00:00+00"),
        ("smalldatetime", "'2079-06-06T23:59:00'", "timestamptz", "2079-06-06 23:59:00+00"),
        ("datetime2(7)", "'0001-01-01'", "timestamptz", "0001-01-01 00:00:00+00"),
        ("datetime2(7)", "'9999-12-31 23:59:59.9999999'", "text", "9999-12-31 23:59:59.9999999"),
        ("datetime2(3)", "'2024-02-29 23:59:59.125'", "timestamptz", "2024-02-29 23:59:59.125+00"),
        (
            "datetimeoffset(7)",
            "'2024-02-29 23:59:59.1234560 +05:30'",
            "timestamptz",
            "2024-02-29 18:29:59.123456+00",
        ),
        ("datetimeoffset(0)", "'2024-02-29 23:59:59 -08:00'", "timestamptz", "2024-03-01 07:59:59+00"),
    ]);
}

#[test]
fn a_seventh_digit_is_rounded_half_up_where_postgresql_has_six() {
    exact(&[
        ("datetime2(7)", "'2024-02-29 23:59:59.1234565'", "timestamptz", "2024-02-29 23:59:59.123457+00"),
        ("datetime2(7)", "'2024-02-29 23:59:59.1234564'", "timestamptz", "2024-02-29 23:59:59.123456+00"),
        ("datetime2(7)", "'9999-12-31 23:59:59.9999999'", "timestamptz", "10000-01-01 00:00:00+00"),
    ]);
}

#[test]
fn texts_of_every_script_and_length() {
    let long = "é".repeat(9000);
    let quoted = format!("N'{long}'");
    exact(&[
        ("nvarchar(max)", &quoted, "text", &long),
        ("varchar(max)", &quoted, "text", &long),
        ("nvarchar(50)", "N''", "text", ""),
        ("nvarchar(50)", "N'  both ends  '", "text", "  both ends  "),
        ("nvarchar(50)", "N'مرحبا بالعالم'", "text", "مرحبا بالعالم"),
        ("nvarchar(50)", "N'😀👍🏽'", "text", "😀👍🏽"),
        ("varchar(50)", "'café €'", "text", "café €"),
        ("varchar(50) collate Arabic_CI_AS", "N'مرحبا'", "text", "مرحبا"),
        ("char(10)", "'ab'", "text", "ab        "),
        ("nchar(4)", "N'é'", "text", "é   "),
        ("text", "'long ago'", "text", "long ago"),
        ("ntext", "N'مرحبا'", "text", "مرحبا"),
        ("xml", "N'<a b=\"c\">é</a>'", "text", "<a b=\"c\">é</a>"),
        ("nvarchar(50)", "N'{\"a\": [1, 2.50]}'", "jsonb", "{\"a\":[1,2.50]}"),
    ]);
}

#[test]
fn identifiers_and_bytes() {
    let long = format!("0x{}", "00ff".repeat(5000));
    let expected = format!("\\x{}", "00ff".repeat(5000));
    exact(&[
        (
            "uniqueidentifier",
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
            "text",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        ),
        ("binary(4)", "0x00ff", "text", "\\x00ff0000"),
        ("varbinary(8)", "0x", "text", "\\x"),
        ("varbinary(max)", &long, "text", &expected),
        ("image", "0xcafe", "text", "\\xcafe"),
        ("sql_variant", "42", "text", "42"),
        ("sql_variant", "N'text'", "text", "text"),
        ("sql_variant", "cast(922337203685477.5807 as decimal(19,4))", "text", "922337203685477.5807"),
    ]);
}

#[test]
fn no_value_is_none_of_every_type() {
    let cases = [
        ("bit", "boolean"),
        ("int", "bigint"),
        ("decimal(9,2)", "numeric"),
        ("money", "numeric"),
        ("smallmoney", "numeric"),
        ("real", "numeric"),
        ("float", "numeric"),
        ("date", "date"),
        ("time(3)", "text"),
        ("datetime", "timestamptz"),
        ("smalldatetime", "timestamptz"),
        ("datetime2(7)", "timestamptz"),
        ("datetimeoffset(7)", "timestamptz"),
        ("nvarchar(9)", "text"),
        ("nvarchar(max)", "text"),
        ("char(4)", "text"),
        ("text", "text"),
        ("ntext", "text"),
        ("xml", "text"),
        ("uniqueidentifier", "text"),
        ("varbinary(9)", "text"),
        ("varbinary(max)", "text"),
        ("image", "text"),
        ("sql_variant", "text"),
        ("nvarchar(9)", "jsonb"),
    ];
    let cases: Vec<_> = cases.iter().map(|(kind, local)| (*kind, "null", *local, "NULL")).collect();
    exact(&cases);
}

#[test]
fn a_rowversion_is_its_eight_bytes() {
    let mut server = Server::with_rows(2);
    let stream = super::server::stream("items", &["id"], Some("rv"), &[("id", "bigint"), ("rv", "text")]);
    let page = server.page(&stream, Scope::All, None, 10).unwrap();
    assert_eq!(super::server::texts(&page, 1), [Some("\\x0000000000000001"), Some("\\x0000000000000002")]);
}

#[test]
fn times_are_of_the_zone_of_the_server() {
    let server = Server::new();
    server.tds.execute(
        "create table t (id int primary key, a datetime, b datetime2(7), c \
                        datetimeoffset(0), d nvarchar(30))",
    );
    server.tds.execute(
        "insert into t values (1, '2026-11-21T09:00:00', '0001-01-01', '2026-11-21 09:00:00 +00:00', 'x')",
    );
    let remote = super::server::remote_with(
        server.tds.port(),
        &[("timezone", "Asia/Dubai"), ("trust_certificate", "on")],
    );
    let mut server = Server::of(server.tds, remote);
    let columns = [("id", "bigint"), ("a", "timestamptz"), ("b", "timestamptz"), ("c", "timestamptz")];
    let page =
        server.page(&super::server::stream("t", &["id"], Some("a"), &columns), Scope::All, None, 10).unwrap();
    let found: Vec<_> = (1..4).map(|column| super::server::texts(&page, column)[0].unwrap()).collect();
    assert_eq!(found, ["2026-11-21 05:00:00+00", "0001-12-31 20:18:48+00 BC", "2026-11-21 09:00:00+00"]);
    assert_eq!(page.rows.updated_at[0].as_deref(), Some("2026-11-21 05:00:00+00"));
}

#[test]
fn what_does_not_fit_is_said_before_it_is_read() {
    let mut server = Server::new();
    for (kind, local, why) in [
        ("datetime", "date", "column \"v\" is of type datetime, which is no date"),
        ("nvarchar(9)", "bigint", "column \"v\" is of type nvarchar(9), which is no bigint"),
        ("money", "bigint", "column \"v\" is of type money, which is no bigint"),
    ] {
        assert_eq!(read(&mut server, kind, "null", local).unwrap_err(), why);
    }
}

#[test]
fn what_cannot_be_stored_is_rejected() {
    let mut server = Server::new();
    for (kind, literal, local, why) in [
        (
            "nvarchar(9)",
            "concat('a', nchar(0), 'b')",
            "text",
            "nul: the column \"v\" holds the character U+0000, which PostgreSQL cannot store",
        ),
        ("nvarchar(9)", "'{nope'", "jsonb", "type: the column \"v\" is no valid JSON"),
        (
            "nvarchar(20)",
            "'[1e100000]'",
            "jsonb",
            "range: the column \"v\" holds a number that is too large or too long",
        ),
        (
            "nvarchar(20)",
            "'[\"\\u0000\"]'",
            "jsonb",
            "nul: the column \"v\" holds the character U+0000, which PostgreSQL cannot store",
        ),
        (
            "decimal(38,0)",
            "9223372036854775808",
            "bigint",
            "range: the column \"v\" is no whole number of 64 bits",
        ),
        ("decimal(9,2)", "1.5", "bigint", "type: the column \"v\" is no whole number"),
    ] {
        assert_eq!(read(&mut server, kind, literal, local).unwrap_err(), why);
    }
}

/// The record as it is kept: numbers exact, all else as text.
#[test]
fn the_whole_record_is_kept_where_it_is_asked_for() {
    let mut server = Server::new();
    server.tds.execute(
        "create table t (id int primary key, price money, name nvarchar(9), flag bit, at \
                        datetime2(7), more varbinary(4))",
    );
    server.tds.execute(
        "insert into t values (1, 922337203685477.5807, N'ä', 1, '2026-11-21 09:00:00.1234567', null)",
    );
    let stream = super::server::stream("t", &["id"], None, &[("id", "bigint")]);
    let layout = server.layout(&stream).unwrap();
    let ask = erp_sync::source::Ask { scope: Scope::All, after: None, limit: 10, raw: true };
    let page = server.page_of(&stream, &layout, &ask).unwrap();
    let raw = &page.rows.raw.unwrap()[0];
    assert!(raw.contains("922337203685477.5807"), "{raw}");
    let record: serde_json::Value = serde_json::from_str(raw).unwrap();
    assert_eq!(record["at"], json!("2026-11-21 09:00:00.1234567"));
    assert_eq!(
        (&record["name"], &record["flag"], &record["more"]),
        (&json!("ä"), &json!(true), &json!(null))
    );
}
