//! Every type of SQL Server with extreme values, through a user's own manifest into PostgreSQL.

use erp_sync_tests::tds::Tds;
use erp_sync_tests::till;

use super::*;

/// Name, type there, type here, what is written, what is to be read.
type Case = (&'static str, &'static str, &'static str, [&'static str; 2], [&'static str; 2]);

/// Column and its type, our type, the literals of the three rows, and what the rows hold here: written by hand.
/// The last row is of nothing but NULL.
const TYPES: &[Case] = &[
    ("a_bit", "bit", "boolean", ["0", "1"], ["false", "true"]),
    ("a_tinyint", "tinyint", "bigint", ["0", "255"], ["0", "255"]),
    ("a_smallint", "smallint", "bigint", ["-32768", "32767"], ["-32768", "32767"]),
    ("an_int", "int", "bigint", ["-2147483648", "2147483647"], ["-2147483648", "2147483647"]),
    (
        "a_bigint",
        "bigint",
        "bigint",
        ["'-9223372036854775808'", "9223372036854775807"],
        ["-9223372036854775808", "9223372036854775807"],
    ),
    (
        "a_decimal",
        "decimal(38,10)",
        "numeric",
        ["-9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999"],
        ["-9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999"],
    ),
    (
        "a_fraction",
        "decimal(38,38)",
        "numeric",
        ["'-0.00000000000000000000000000000000000001'", "'0.99999999999999999999999999999999999999'"],
        ["-0.00000000000000000000000000000000000001", "0.99999999999999999999999999999999999999"],
    ),
    (
        "money",
        "money",
        "numeric",
        ["'-922337203685477.5808'", "'922337203685477.5807'"],
        ["-922337203685477.5808", "922337203685477.5807"],
    ),
    (
        "small_money",
        "smallmoney",
        "numeric",
        ["'-214748.3648'", "'214748.3647'"],
        ["-214748.3648", "214748.3647"],
    ),
    ("a_real", "real", "numeric", ["'-0.1'", "'16777216'"], ["-0.1", "16777216"]),
    ("a_float", "float", "numeric", ["'1e-7'", "'123456789.125'"], ["0.0000001", "123456789.125"]),
    ("a_date", "date", "date", ["'0001-01-01'", "'9999-12-31'"], ["0001-01-01", "9999-12-31"]),
    (
        "a_time",
        "time(7)",
        "text",
        ["'00:00:00'", "'23:59:59.9999999'"],
        ["00:00:00.0000000", "23:59:59.9999999"],
    ),
    (
        "a_datetime",
        "datetime",
        "timestamptz",
        ["'1753-01-01'", "'9999-12-31T23:59:59.997'"],
        ["1753-01-01 00:00:00+00", "9999-12-31 23:59:59.997+00"],
    ),
    (
        "a_minute",
        "smalldatetime",
        "timestamptz",
        ["'1900-01-01'", "'2079-06-06T23:59:00'"],
        ["1900-01-01 00:00:00+00", "2079-06-06 23:59:00+00"],
    ),
    (
        "a_moment",
        "datetime2(7)",
        "timestamptz",
        ["'0001-01-01'", "'2024-02-29 23:59:59.1234565'"],
        ["0001-01-01 00:00:00+00", "2024-02-29 23:59:59.123457+00"],
    ),
    (
        "an_offset",
        "datetimeoffset(7)",
        "timestamptz",
        ["'2024-02-29 23:59:59.1234560 +05:30'", "'2024-02-29 23:59:59 -08:00'"],
        ["2024-02-29 18:29:59.123456+00", "2024-03-01 07:59:59+00"],
    ),
    ("a_name", "nvarchar(50)", "text", ["N''", "N'  مرحبا 😀👍🏽  '"], ["", "  مرحبا 😀👍🏽  "]),
    ("a_code", "char(6)", "text", ["'ab'", "'café €'"], ["ab    ", "café €"]),
    ("an_xml", "xml", "text", ["N'<a b=\"c\">é</a>'", "N'<a/>'"], ["<a b=\"c\">é</a>", "<a/>"]),
    (
        "a_guid",
        "uniqueidentifier",
        "text",
        ["'00000000-0000-0000-0000-000000000000'", "'6F9619FF-8B86-D011-B42D-00C04FC964FF'"],
        ["00000000-0000-0000-0000-000000000000", "6f9619ff-8b86-d011-b42d-00c04fc964ff"],
    ),
    ("some_bytes", "varbinary(8)", "text", ["0x", "0x00ff"], ["\\x", "\\x00ff"]),
    (
        "some_json",
        "nvarchar(200)",
        "jsonb",
        ["N'{}'", "N'{\"a\": [1, 2.50, \"é\"]}'"],
        ["{}", "{\"a\": [1, 2.50, \"é\"]}"],
    ),
];

fn table(tds: &Tds) {
    let columns = |of: fn(&Case) -> String| TYPES.iter().map(of).collect::<Vec<_>>().join(", ");
    tds.execute(&format!(
        "create table dbo.every_type (id int primary key, a_long nvarchar(max), rv rowversion, {})",
        columns(|(name, kind, ..)| format!("{name} {kind}"))
    ));
    let names = columns(|(name, ..)| (*name).to_string());
    let rows = [columns(|t| t.3[0].into()), columns(|t| t.3[1].into()), columns(|_| "null".into())];
    let long = ["N'x'".to_string(), format!("N'{}'", "é".repeat(9000)), "null".into()];
    for (at, (row, long)) in rows.iter().zip(long).enumerate() {
        tds.execute(&format!("insert into every_type (id, a_long, {names}) values ({at}, {long}, {row})"));
    }
}

#[test]
fn extreme_values_of_every_type_are_in_the_table_as_they_are_in_the_till() {
    let mut shop = shop("every_type");
    let tds = Tds::start();
    table(&tds);
    till::connect(&mut shop, "pos", &tds);
    let column = |name: &str, kind: &str| json!({"name": name, "type": kind, "about": name});
    let mut columns = vec![column("id", "bigint"), column("a_long", "text")];
    columns.extend(TYPES.iter().map(|(name, _, kind, ..)| column(name, kind)));
    let manifest = json!({"name": "every_type", "about": "All types", "source": "sqlserver", "streams": [{
        "table": "every_type", "about": "All types", "object": "every_type", "key": ["id"], "cursor": "rv",
        "columns": columns}]});
    shop.run(&format!("select sync_define('{manifest}')"));
    let counts = "select state, inserted, rejected from sync_run('every_type')";
    assert_eq!(shop.rows(counts), ["succeeded|3|0"]);
    shop.run("set timezone = 'UTC'; set datestyle = 'ISO, YMD'");
    for (name, kind, local, _, expected) in TYPES {
        let sql = format!("select coalesce({name}::text, 'NULL') from erp.every_type order by id");
        assert_eq!(shop.rows(&sql), [expected[0], expected[1], "NULL"], "{name} {kind} as {local}");
    }
    let long = "select length(a_long), a_long = repeat('é', length(a_long)) from erp.every_type where id > 0 order by id";
    assert_eq!(shop.rows(long), ["9000|t", "|"]);
    // All of it compares equal the next time.
    let again = "select fetched, unchanged from sync_run('every_type', mode => 'full')";
    assert_eq!(shop.rows(again), ["3|3"]);
}
