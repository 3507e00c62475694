//! Keeps secrets out of what a remote says.

use secrecy::{ExposeSecret, SecretString};

/// What stands in a secret's place.
const MASK: &str = "***";

/// The longest text of a remote that is shown to a person, in characters.
const SHOWN: usize = 300;

/// Cleans texts that come from a remote before they become part of an error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    secret: Option<SecretString>,
}

impl Redactor {
    /// Keeps this secret out.
    pub(crate) fn new(secret: Option<SecretString>) -> Self {
        Redactor { secret }
    }

    /// The text without the secret, in whichever of the usual spellings it occurs.
    pub(crate) fn clean(&self, text: &str) -> String {
        let secret = self.secret.as_ref().map_or("", |s| s.expose_secret());
        let mut text = text.to_string();
        if secret.is_empty() {
            return text;
        }
        for spelling in spellings(secret) {
            text = text.replace(&spelling, MASK);
        }
        text
    }

    /// A remote's text as one short clean line.
    pub(crate) fn line(&self, text: &str) -> String {
        let clean = self.clean(text);
        let line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(SHOWN) {
            Some((at, _)) => format!("{}...", line.get(..at).unwrap_or_default()),
            None => line,
        }
    }
}

/// As it is, as Python's `repr` and JSON escape it (with and without what is beyond
/// ASCII), as XML and web templates do, and URLs. The longest first: a spelling may
/// contain a shorter one.
fn spellings(secret: &str) -> Vec<String> {
    let backslashed = secret.replace('\\', "\\\\");
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut all = vec![
        secret.to_string(),
        backslashed.replace('\'', "\\'"),
        backslashed.replace('"', "\\\""),
        backslashed,
        url.replace('+', "%20"),
        url,
        xml.replace('"', "&quot;").replace('\'', "&#x27;"),
        xml.replace('"', "&#34;").replace('\'', "&#39;"),
        xml.replace('"', "&quot;"),
        xml,
    ];
    all.extend(all.clone().iter().map(|spelling| ascii(spelling)));
    all.sort_by_key(|s| std::cmp::Reverse(s.len()));
    all.dedup();
    all
}

/// What is beyond ASCII as JSON escapes it.
fn ascii(text: &str) -> String {
    let mut units = [0; 2];
    let escaped = |c: char| match c.is_ascii() {
        true => c.to_string(),
        false => c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secret: &str) -> Redactor {
        Redactor::new(Some(secret.to_string().into()))
    }

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let r = redactor(r#"a<b&"c'\d e"#);
        let said = [
            r#"args: ["a<b&\"c'\\d e"]"#,
            r#"args: ('a<b&"c\'\\d e',)"#,
            "<string>a&lt;b&amp;\"c'\\d e</string>",
            "?p=a%3Cb%26%22c%27%5Cd+e",
            "?p=a%3Cb%26%22c%27%5Cd%20e",
            "a&lt;b&amp;&quot;c&#x27;\\d e",
            "a&lt;b&amp;&#34;c&#39;\\d e",
        ];
        for text in said {
            let clean = r.clean(text);
            assert!(clean.contains(MASK) && !clean.contains("d e"), "{clean}");
        }
    }

    #[test]
    fn a_secret_beyond_ascii_is_masked_as_json_writes_it() {
        assert_eq!(
            redactor("pä😀ss").clean(r#"args: ["p\u00e4\ud83d\ude00ss", "pä😀ss"]"#),
            r#"args: ["***", "***"]"#
        );
    }

    #[test]
    fn a_long_text_becomes_one_short_line() {
        let line = redactor("x1").line(&"é x1\n".repeat(200));
        assert!(line.starts_with("é *** é ***") && line.ends_with("..."));
        assert_eq!(line.chars().count(), SHOWN + 3);
    }

    #[test]
    fn an_empty_secret_changes_nothing() {
        assert_eq!(redactor("").clean("abc"), "abc");
        assert_eq!(Redactor::default().clean("abc"), "abc");
    }
}
