//! Every type as another client reads it.

use erp_sync_tests::tds::Tds;

use super::client::tsql;

/// Declares a column of a type, stores a value in it and reads it back.
fn read(kind: &str, literal: &str) -> String {
    let tds = Tds::start();
    tds.execute(&format!("create table t (v {kind})"));
    tds.execute(&format!("insert into t values ({literal})"));
    let said = tsql(&tds, "select v from t");
    assert!(!said.messages.contains("Msg "), "{kind}: {}", said.messages);
    said.rows.join("\n")
}

#[test]
fn numbers_are_exact() {
    for (kind, literal, shown) in [
        ("bit", "1", "1"),
        ("tinyint", "255", "255"),
        ("smallint", "-32768", "-32768"),
        ("int", "-2147483648", "-2147483648"),
        ("bigint", "'-9223372036854775808'", "-9223372036854775808"),
        (
            "decimal(38,0)",
            "-99999999999999999999999999999999999999",
            "-99999999999999999999999999999999999999",
        ),
        (
            "decimal(38,10)",
            "-1234567890123456789012345678.0123456789",
            "-1234567890123456789012345678.0123456789",
        ),
        ("money", "'-922337203685477.5808'", "-922337203685477.5808"),
        ("smallmoney", "214748.3647", "214748.3647"),
        ("real", "'1.5'", "1.5"),
        ("float", "'-2.25'", "-2.25"),
    ] {
        assert_eq!(read(kind, literal), shown, "{kind}");
    }
}

#[test]
fn texts_and_bytes_arrive_whole() {
    let long = "é".repeat(9000);
    assert_eq!(read("nvarchar(max)", &format!("N'{long}'")), long);
    assert_eq!(read("nvarchar(50)", "N'Zoë 東京 😀'"), "Zoë 東京 😀");
    assert_eq!(read("varchar(50)", "'café  '"), "café  ");
    assert_eq!(read("varchar(50) collate Arabic_CI_AS", "N'مرحبا'"), "مرحبا");
    assert_eq!(read("char(5)", "'ab'"), "ab   ");
    assert_eq!(read("ntext", "N'long ago'"), "long ago");
    assert_eq!(read("text", "'long ago'"), "long ago");
    assert_eq!(read("xml", "N'<a>é</a>'"), "<a>é</a>");
    assert_eq!(read("varbinary(9)", "0x00ff10"), "00ff10");
    assert_eq!(read("image", "0x00ff10"), "00ff10");
    assert_eq!(
        read("uniqueidentifier", "'6F9619FF-8B86-D011-B42D-00C04FC964FF'"),
        "6F9619FF-8B86-D011-B42D-00C04FC964FF"
    );
}

#[test]
fn no_value_is_none() {
    for kind in [
        "bit",
        "int",
        "decimal(9,2)",
        "money",
        "float",
        "nvarchar(9)",
        "nvarchar(max)",
        "varbinary(max)",
        "text",
        "xml",
        "datetime",
        "smalldatetime",
        "datetime2(3)",
        "date",
        "time(2)",
        "datetimeoffset(0)",
        "uniqueidentifier",
        "sql_variant",
    ] {
        assert_eq!(read(kind, "null"), "NULL", "{kind}");
    }
}

/// FreeTDS shows times in its own form, to the minute; the product's own tests read the digits.
#[test]
fn moments_are_those_that_were_stored() {
    for (kind, literal, parts) in [
        ("date", "'2024-02-29'", &["Feb 29 2024"][..]),
        ("datetime", "'2024-02-29T23:59:59.997'", &["Feb 29 2024", "11:59PM"]),
        ("smalldatetime", "'2024-02-29T12:34:00'", &["Feb 29 2024", "12:34"]),
        ("datetime2(7)", "'2024-02-29 23:59:59.1234567'", &["Feb 29 2024", "11:59PM"]),
        ("time(7)", "'23:59:59.1234567'", &["11:59PM"]),
    ] {
        let shown = read(kind, literal);
        assert!(parts.iter().all(|part| shown.contains(part)), "{kind}: {shown}");
    }
}
