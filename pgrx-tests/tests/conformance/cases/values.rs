//! Values arrive as they are there.

use crate::bench::Bench;
use crate::remote::Row;

/// The rows are held as they were given, and arrive so: first as new ones, then read again.
fn arrive(bench: &mut Bench, rows: Vec<Row>) {
    let keys = bench.remote.add(rows.clone());
    let held = bench.remote.holds();
    for (key, row) in keys.iter().zip(&rows) {
        let holds = |given: &Option<String>, held: &Option<String>| given.is_none() || given == held;
        let held = &held[key];
        assert!(holds(&row.text, &held.text) && holds(&row.day, &held.day), "{row:?}: {held:?}");
        assert!(holds(&row.moment, &held.moment), "{row:?}: {held:?}");
    }
    let counts = bench.run("incremental");
    assert_eq!((counts.inserted, counts.rejected), (rows.len() as i64, 0));
    bench.equals();
    assert_eq!(bench.run("full").unchanged, rows.len() as i64);
}

fn texts(texts: &[&str]) -> Vec<Row> {
    texts.iter().map(|text| Row { text: Some((*text).to_owned()), ..Row::default() }).collect()
}

pub fn text_of_every_script_arrives_exactly(bench: &mut Bench) {
    let mut rows = texts(&[
        "Grüße & <Küsse> \"von\" 'O''Brien' \\ %s $1 {} []",
        "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{200f}\u{2067}RTL\u{2069}",
        "\u{65e5}\u{672c}\u{8a9e} \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{10ffff} \u{fffd}",
        "e\u{301} is not \u{e9}",
        " leading and trailing \t",
        "lines\nof\r\ntext\rand\ttabs",
        "]]> &amp; &#0; <!-- --> \\u0000 NULL false",
        "\u{feff}bom \u{a0}\u{85}\u{2028}\u{7f}",
    ]);
    rows.extend(texts(&[&"\u{1f980}\u{e9}x".repeat(3000)]));
    arrive(bench, rows);
}

pub fn no_value_is_null_and_an_empty_text_is_none(bench: &mut Bench) {
    let moment = Some("2026-01-02 03:04:05".to_owned());
    let nothing = Row { moment, ..Row::default() };
    let empty = Row { text: Some(String::new()), ..nothing.clone() };
    arrive(bench, vec![nothing, empty]);
    let table: Vec<Row> = bench.table().into_values().collect();
    assert_eq!((&table[0].text, &table[0].whole, &table[0].day), (&None, &None, &None));
    assert_eq!(table[1].text.as_deref(), Some(""));
}

pub fn zero_and_no_are_values(bench: &mut Bench) {
    let zero = |text: &str| Some(text.to_owned());
    let row =
        |text, flag| Row { text: zero("0"), whole: Some(0), decimal: zero(text), flag, ..Row::default() };
    arrive(bench, vec![row("0.0", Some(false)), row("0.00000000000001", Some(true)), row("-0.5", None)]);
    let table: Vec<Row> = bench.table().into_values().collect();
    assert_eq!(
        (table[0].whole, table[0].decimal.as_deref(), table[0].flag),
        (Some(0), Some("0"), Some(false))
    );
}

pub fn numbers_of_any_size_arrive_exactly(bench: &mut Bench) {
    let decimals = [
        "12345678901234567890.123456789012",
        "-99999999999999999999.99",
        "0.1",
        "79228162514264337593543950335.0",
        "922337203685477.5807",
        "4503599627370497.5",
    ];
    let wholes =
        [i64::from(i32::MAX) + 1, i64::from(i32::MIN) - 1, 3_000_000_000, (1 << 53) + 1, -1, i64::MAX];
    let scale = bench.remote.scale();
    let cut = |decimal: &str| match decimal.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", &fraction[..fraction.len().min(scale)]),
        None => decimal.to_owned(),
    };
    let row = |(decimal, whole): (&str, i64)| Row {
        decimal: Some(cut(decimal)),
        whole: Some(whole),
        ..Row::default()
    };
    arrive(bench, decimals.into_iter().zip(wholes).map(row).collect());
    let decimals: Vec<_> = bench.table().into_values().filter_map(|row| row.decimal).collect();
    assert_eq!(decimals[0], cut("12345678901234567890.123456789012"));
    assert_eq!(decimals[3], "79228162514264337593543950335");
}

pub fn dates_before_1900_and_far_ahead_arrive(bench: &mut Bench) {
    let cases = [
        ("1899-12-31", "1899-12-31 23:59:59"),
        ("1582-10-10", "1582-10-10 00:00:00"),
        ("1753-01-01", "1752-12-31 23:59:59"),
        ("0001-01-01", "0001-01-01 00:00:00"),
        ("9999-12-31", "9999-12-31 23:59:59"),
        ("1900-02-28", "2000-02-29 12:00:00"),
    ];
    let row = |(day, moment): (&str, &str)| Row {
        day: Some(day.to_owned()),
        moment: Some(moment.to_owned()),
        ..Row::default()
    };
    arrive(bench, cases.into_iter().map(row).collect());
    let table: Vec<Row> = bench.table().into_values().collect();
    assert_eq!(table[0].day.as_deref(), Some("1899-12-31"));
    assert_eq!(table[3].moment.as_deref(), Some("0001-01-01 00:00:00"));
}
