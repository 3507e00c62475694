//! SQL's LIKE.

/// A pattern of `%`, `_` and plain characters; a backslash makes the next character plain.
pub(super) struct Pattern {
    parts: Vec<Part>,
    ignores_case: bool,
}

#[derive(PartialEq)]
enum Part {
    Many,
    One,
    Plain(char),
}

impl Pattern {
    pub(super) fn new(pattern: &str, ignores_case: bool) -> Self {
        let pattern = folded(pattern, ignores_case);
        let mut characters = pattern.chars();
        let mut parts = Vec::new();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '%' => Part::Many,
                '_' => Part::One,
                '\\' => Part::Plain(characters.next().unwrap_or('\\')),
                plain => Part::Plain(plain),
            });
        }
        Self { parts, ignores_case }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = folded(text, self.ignores_case).chars().collect();
        let (mut at, mut part) = (0, 0);
        // Where the last `%` stood, and how much of the text it has taken.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.parts.get(part) {
                Some(Part::Many) => {
                    star = Some((part, at));
                    part += 1;
                }
                Some(wanted) if *wanted == Part::One || *wanted == Part::Plain(text[at]) => {
                    at += 1;
                    part += 1;
                }
                _ => {
                    let Some((many, taken)) = star else { return false };
                    star = Some((many, taken + 1));
                    at = taken + 1;
                    part = many + 1;
                }
            }
        }
        self.parts[part..].iter().all(|rest| *rest == Part::Many)
    }
}

fn folded(text: &str, ignores_case: bool) -> String {
    if ignores_case { text.to_lowercase() } else { text.to_owned() }
}
