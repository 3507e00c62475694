//! Numbers as Odoo writes them: doubles, whatever the field is.

/// Significant digits that every double keeps; the 16th and 17th tell it from its neighbours.
const EXACT: usize = 15;

/// A number of so many digits was meant when a double is its neighbour.
const SHORT: usize = 12;

/// A number without zeros at its end, and, where `is_float`, without the trace that sums and products leave in a
/// double: 7.7700000000000005 is 7.77, because its first 15 digits are. Nothing else is rounded: 0.016666666666666666
/// stays as it is. Works on the digits, never through a double.
pub(super) fn written(number: &str, is_float: bool) -> String {
    let meant = if is_float { without_trace(number) } else { None };
    let number = meant.as_deref().unwrap_or(number);
    match number.contains('.') && !number.contains(['e', 'E']) {
        true => number.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => number.to_string(),
    }
}

/// The short number next to a double of 16 or 17 digits; `None` where there is none.
fn without_trace(number: &str) -> Option<String> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (sign, unsigned) = match mantissa.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", mantissa),
    };
    let (whole, fraction) = unsigned.split_once('.')?;
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    if !(EXACT + 1..=EXACT + 2).contains(&digits.len()) {
        return None;
    }
    let dropped = digits.len() - EXACT;
    let unit = 10u64.pow(dropped as u32);
    let rounded = (digits.parse::<u64>().ok()? + unit / 2) / unit;
    let (mut rounded, mut power) =
        (rounded, exponent.parse::<i64>().ok()? + dropped as i64 - fraction.len() as i64);
    while rounded > 0 && rounded % 10 == 0 {
        (rounded, power) = (rounded / 10, power + 1);
    }
    let short = rounded.to_string();
    if short.len() > SHORT {
        return None;
    }
    // A number of ordinary size is written as one.
    let within = usize::try_from(power.unsigned_abs()).ok().filter(|places| *places <= EXACT);
    Some(match within {
        Some(places) if power < 0 => {
            let padded = format!("{short:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            format!("{sign}{whole}.{fraction}")
        }
        Some(zeros) => format!("{sign}{short}{}", "0".repeat(zeros)),
        None => format!("{sign}{short}e{power}"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_meant_is_written_and_nothing_else_is_rounded() {
        let cases = [
            ("7.7700000000000005", "7.77"),
            ("-0.30000000000000004", "-0.3"),
            ("2.4699999999999998", "2.47"),
            ("0.99999999999999989", "1"),
            ("1234567.8900000001", "1234567.89"),
            ("1.1000000000000001e-05", "0.000011"),
            ("1.1000000000000001e+20", "11e19"),
            ("0.016666666666666666", "0.016666666666666666"),
            ("0.3333333333333333", "0.3333333333333333"),
            ("123456789012.34567", "123456789012.34567"),
            ("12345678901234567890123.45", "12345678901234567890123.45"),
            ("14.0", "14"),
            ("-0.0", "-0"),
            ("100", "100"),
            ("1e-05", "1e-05"),
            ("2001.50", "2001.5"),
        ];
        for (number, wanted) in cases {
            assert_eq!(written(number, true), wanted, "{number}");
        }
        assert_eq!(written("7.7700000000000005", false), "7.7700000000000005");
        assert_eq!(written("31750.0", false), "31750");
    }

    proptest! {
        #[test]
        fn a_double_is_the_same_double_or_a_neighbour_after_it(number in -1e12f64..1e12) {
            let text = written(&format!("{number:?}"), true);
            let read: f64 = text.parse().unwrap();
            prop_assert!((read - number).abs() <= number.abs() * 2e-15, "{number:?} became {text}");
        }

        #[test]
        fn a_sum_of_cents_is_a_number_of_cents(cents in proptest::collection::vec(0u32..1_000_000, 1..20)) {
            let sum: f64 = cents.iter().map(|cent| f64::from(*cent) / 100.0).sum();
            let whole: u64 = cents.iter().map(|cent| u64::from(*cent)).sum();
            let wanted = written(&format!("{}.{:02}", whole / 100, whole % 100), false);
            prop_assert_eq!(written(&format!("{sum:?}"), true), wanted);
        }
    }
}
