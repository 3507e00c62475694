//! Single texts of a manifest: each function says what is wrong with one, or nothing.

/// What is wrong with a text for a person.
pub(super) fn text_mistake(text: &str) -> Option<String> {
    match text.trim().is_empty() {
        true => Some("must not be empty".into()),
        false => text.contains('\0').then(|| "must not hold U+0000".into()),
    }
}

/// What is wrong with the name of a table, a column or an entity.
pub(super) fn name_mistake(text: &str) -> Option<String> {
    let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let rest = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match first && rest && text.len() <= 63 {
        true => None,
        false => Some(format!(
            "{} is no name: a to z, 0 to 9 and _, no digit in front, at most 63 letters",
            shown(text)
        )),
    }
}

/// What is wrong with one of several words.
pub(super) fn word_mistake(text: &str, words: &[&str]) -> Option<String> {
    (!words.contains(&text)).then(|| format!("{} is none of {}", shown(text), words.join(", ")))
}

/// What is wrong with a length of time: `30 days`, `1 day 12 hours`. A part of what PostgreSQL reads as an interval,
/// so that a manifest can be judged without it.
pub(super) fn interval_mistake(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let pair = |pair: &[&str]| match pair {
        [number, unit] => {
            let unit = unit.strip_suffix('s').unwrap_or(unit);
            number.len() <= 6
                && number.parse::<u32>().is_ok_and(|n| n > 0)
                && ["minute", "hour", "day", "week", "month", "year"].contains(&unit)
        }
        _ => false,
    };
    let good = !parts.is_empty() && parts.chunks(2).all(pair);
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
        for bad in ["", "days", "30", "0 days", "-1 days", "30 fortnights", "1 day 12", "9999999 years"] {
            assert!(interval_mistake(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_name_is_what_needs_no_quotes() {
        for good in ["id", "_x", "street2", &"x".repeat(63)] {
            assert_eq!(name_mistake(good), None);
        }
        for bad in ["", "Id", "2nd", "a-b", "a b", "ä", "a\"", &"x".repeat(64)] {
            assert!(name_mistake(bad).is_some(), "{bad}");
        }
    }
}
