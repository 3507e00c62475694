//! Numbers as the type numeric shows them.

/// A number without its exponent; with a scale rounded half away from zero, and without zeros at its end.
pub fn decimal(text: &str, scale: Option<u64>) -> String {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let negative = whole.starts_with('-');
    let digits: i128 = format!("{}{fraction}", whole.trim_start_matches('-')).parse().unwrap();
    let mut places = fraction.len() as i64 - exponent.parse::<i64>().unwrap();
    let mut digits = if places < 0 { digits * 10_i128.pow((-places) as u32) } else { digits };
    places = places.max(0);
    if let Some(scale) = scale.map(|scale| scale as i64) {
        if places > scale {
            let unit = 10_i128.pow((places - scale) as u32);
            (digits, places) = ((digits + unit / 2) / unit, scale);
        }
        while places > 0 && digits % 10 == 0 {
            (digits, places) = (digits / 10, places - 1);
        }
    }
    let sign = if negative && digits != 0 { "-" } else { "" };
    let all = format!("{digits:0>width$}", width = places as usize + 1);
    let (whole, fraction) = all.split_at(all.len() - places as usize);
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// No number of the data has more behind the point.
const ALL_DIGITS: u64 = 25;

/// A number of Odoo as a `numeric` column shows it: without zeros at its end, and without the trace that sums leave in
/// a double. Found by another way than the extension's: through a double.
pub fn of_odoo(text: &str, scale: Option<u64>) -> String {
    let number: f64 = text.parse().unwrap();
    // Fifteen digits.
    let written = format!("{number:.14e}");
    let (mantissa, _) = written.split_once('e').unwrap();
    let is_short = mantissa.trim_start_matches('-').replace('.', "").trim_end_matches('0').len() <= 12;
    decimal(if is_short { &written } else { text }, Some(scale.unwrap_or(ALL_DIGITS)))
}

#[test]
fn this_reader_rounds_as_numeric_does() {
    let cases = [
        ("31750.0", None, "31750.0"),
        ("1e-05", None, "0.00001"),
        ("1.5e+16", None, "15000000000000000"),
        ("0.0", Some(6), "0"),
        ("7.770000000000001", Some(6), "7.77"),
        ("-0.0000005", Some(6), "-0.000001"),
        ("-0.0000004", Some(6), "0"),
        ("-37.8", Some(7), "-37.8"),
        ("100.0", Some(6), "100"),
    ];
    for (text, scale, wanted) in cases {
        assert_eq!(decimal(text, scale), wanted, "{text}");
    }
}

#[test]
fn this_reader_knows_what_a_double_was_meant_to_be() {
    let cases = [
        ("31750.0", "31750"),
        ("28.316799999999997", "28.3168"),
        ("-5.1000000000000005", "-5.1"),
        ("0.016666666666666666", "0.016666666666666666"),
        ("1e-05", "0.00001"),
        ("0.0", "0"),
    ];
    for (text, wanted) in cases {
        assert_eq!(of_odoo(text, None), wanted, "{text}");
    }
}
