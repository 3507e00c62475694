//! What a mistyped word was meant to be.

/// Most bytes of a word that is looked for.
const LONGEST: usize = 200;

/// The word that is nearest to `wrong`, when it is near enough to be meant:
/// at most a third of the letters (and at least two) differ. Of what is longer than any name nothing was meant.
pub fn nearest<'a>(wrong: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > LONGEST {
        return None;
    }
    let limit = (wrong.chars().count() / 3).max(2);
    words
        .into_iter()
        .map(|word| (distance(wrong, word), word))
        .filter(|(distance, word)| *distance <= limit && *distance < word.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many letters must be changed, added or dropped (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        let mut left = i + 1;
        for ((y, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            left = (above + 1).min(left + 1).min(diagonal + usize::from(x != *y));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_letters_that_differ() {
        for (a, b, n) in
            [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("ö", "o", 1)]
        {
            assert_eq!(distance(a, b), n, "{a} {b}");
        }
    }

    #[test]
    fn suggests_only_what_can_be_meant() {
        let words = ["invoices", "contacts", "products"];
        assert_eq!(nearest("invoice", words), Some("invoices"));
        assert_eq!(nearest("prodcuts", words), Some("products"));
        assert_eq!(nearest("stock_moves", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest("x", ["id"]), None);
        let long = "x".repeat(300);
        assert_eq!(nearest(&long, [long.as_str()]), None);
    }
}
