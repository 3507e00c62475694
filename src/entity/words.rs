//! Single texts of a manifest: each function says what is wrong with one, or nothing.

use super::naming::is_name;

/// What is wrong with a text for a person.
pub(super) fn text_mistake(text: &str) -> Option<String> {
    match text.trim().is_empty() {
        true => Some("must not be empty".into()),
        false => text.contains('\0').then(|| "must not hold U+0000".into()),
    }
}

/// What is wrong with the name of a table, a column or an entity.
pub(super) fn name_mistake(text: &str) -> Option<String> {
    match is_name(text) {
        true => None,
        false => Some(format!(
            "{} is no name: letters without A to Z, digits and _, no digit in front, at most 63 bytes",
            shown(text)
        )),
    }
}

/// What is wrong with one of several words.
pub(super) fn word_mistake(text: &str, words: &[&str]) -> Option<String> {
    (!words.contains(&text)).then(|| format!("{} is none of {}", shown(text), words.join(", ")))
}

/// Units of time, with their minutes.
const UNITS: [(&str, u64); 6] =
    [("minute", 1), ("hour", 60), ("day", 1_440), ("week", 10_080), ("month", 44_640), ("year", 527_040)];

/// The longest time that is counted, in minutes: a hundred years. PostgreSQL knows no day much longer ago.
const LONGEST: u64 = 100 * 527_040;

/// What is wrong with a length of time: `30 days`, `1 day 12 hours`. A part of what PostgreSQL reads as an interval,
/// so that a manifest can be judged without it.
pub(super) fn interval_mistake(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let mut seen = Vec::new();
    let mut minutes = |pair: &[&str]| {
        let [number, unit] = pair else { return None };
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let (name, minutes) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        // PostgreSQL refuses a unit that is named twice.
        let again = seen.contains(&name);
        seen.push(name);
        let number = number.parse::<u64>().ok().filter(|n| (1..=999_999).contains(n) && !again)?;
        Some(number * minutes)
    };
    let all: Option<u64> = parts.chunks(2).map(&mut minutes).sum();
    let good = all.is_some_and(|all| (1..=LONGEST).contains(&all));
    (!good).then(|| format!("{} is no length of time such as \"30 days\" or \"12 hours\"", shown(text)))
}

/// What is wrong with a day: `2026-01-31`.
pub(super) fn day_mistake(text: &str) -> Option<String> {
    let good = text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok();
    (!good).then(|| format!("{} is no day such as \"2026-01-31\"", shown(text)))
}

/// A text of the manifest in quotes, cut to what a line can hold.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_number_and_a_unit() {
        for good in ["30 days", "1 day", "1 day 12 hours", "2 weeks"] {
            assert_eq!(interval_mistake(good), None);
        }
        for bad in [
            "",
            "days",
            "30",
            "0 days",
            "-1 days",
            "30 fortnights",
            "1 day 12",
            "9999999 years",
            "101 years",
            "1 day 1 day",
        ] {
            assert!(interval_mistake(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_name_is_what_needs_no_quotes() {
        for good in ["id", "_x", "street2", "цена", "größe", "数量", &"x".repeat(63)] {
            assert_eq!(name_mistake(good), None);
        }
        for bad in [
            "",
            "Id",
            "2nd",
            "a-b",
            "a b",
            "a\u{a0}b",
            "a\u{200f}",
            "a\"",
            "€",
            &"x".repeat(64),
            &"ä".repeat(32),
        ] {
            assert!(name_mistake(bad).is_some(), "{bad}");
        }
    }
}
