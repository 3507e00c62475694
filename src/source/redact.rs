//! Keeps secrets out of what a remote says.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::Remote;

/// What stands in a secret's place.
const MASK: &str = "***";

/// The longest text of a remote that is shown to a person, in characters.
const SHOWN: usize = 300;

/// What the caller wrote himself of the request that is being answered.
#[derive(Clone, Debug, Default)]
pub struct Sent(Arc<Mutex<String>>);

impl Sent {
    /// Every text of a value: of a stream, its object, its filter, its columns and their paths.
    pub(crate) fn note(&self, written: &impl Serialize) {
        let mut all = String::new();
        if let Ok(value) = serde_json::to_value(written) {
            texts(&value, &mut all);
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }

    fn with<R>(&self, body: impl FnOnce(&str) -> R) -> R {
        body(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn texts(value: &Value, all: &mut String) {
    match value {
        Value::String(text) => {
            all.push_str(text);
            all.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, all)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            all.push_str(name);
            all.push('\n');
            texts(value, all);
        }),
        other => all.push_str(&other.to_string()),
    }
}

/// Cleans texts that come from a remote before they become part of an error.
///
/// A remote repeats what it was asked. Where the caller wrote the secret himself, by chance or to try
/// it out, nothing is masked: the stars would tell him that his guess is right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    secret: Option<SecretString>,
    sent: Sent,
    /// Options of the server: its owner need not know the secret either.
    options: String,
}

impl Redactor {
    /// Keeps the password of this remote out.
    pub(crate) fn new(remote: &Remote) -> Self {
        let mut options = String::new();
        remote.options.values().chain(&remote.username).for_each(|value| {
            options.push_str(value);
            options.push('\n');
        });
        Redactor { secret: remote.password.clone(), sent: remote.sent.clone(), options }
    }

    /// Keeps this secret out, whoever wrote it.
    #[cfg(test)]
    pub(crate) fn of(secret: &str) -> Self {
        Redactor { secret: Some(secret.to_string().into()), ..Redactor::default() }
    }

    /// The text without the secret, in whichever of the usual spellings it occurs.
    pub(crate) fn clean(&self, text: &str) -> String {
        let secret = self.secret.as_ref().map_or("", |s| s.expose_secret());
        if secret.is_empty() {
            return text.to_string();
        }
        let found: Vec<String> =
            spellings(secret).into_iter().filter(|spelling| text.contains(spelling)).collect();
        if found.is_empty() || self.was_written(secret) {
            return text.to_string();
        }
        found.iter().fold(text.to_string(), |text, spelling| text.replace(spelling, MASK))
    }

    /// Whether the caller wrote the secret, or what a remote may make of it by another spelling, by
    /// putting pieces together or by changing case.
    fn was_written(&self, secret: &str) -> bool {
        let within = |text: &str| {
            let core = core(secret);
            text.contains(secret)
                || !core.is_empty() && spellings(text).iter().any(|s| self::core(s).contains(&core))
        };
        within(&self.options) || self.sent.with(within)
    }

    /// A remote's text as one short clean line.
    pub(crate) fn line(&self, text: &str) -> String {
        line(&self.clean(text))
    }
}

/// A text as one short line.
pub(crate) fn line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// Letters and digits alone, without case.
fn core(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
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
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn redactor(secret: &str) -> Redactor {
        Redactor::of(secret)
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

    /// What is shown of a text when the caller wrote this.
    fn shown(secret: &str, written: &str, said: &str) -> String {
        let redactor = redactor(secret);
        redactor.sent.note(&json!({"filter": [["name", "=", written]]}));
        redactor.clean(said)
    }

    #[test]
    fn a_guess_comes_back_as_it_was_written_whether_it_is_right_or_not() {
        for guess in ["hunter2", "hunter3", "HUNTER2", "hun,ter2", "a hunter2 b hunter3"] {
            for said in [format!("no field {guess}"), format!("value too long: {}", core(guess))] {
                assert_eq!(shown("hunter2", guess, &said), said, "{guess}");
            }
        }
        assert_eq!(shown("hunter2", "x", "args: hunter2"), "args: ***");
    }

    #[test]
    fn the_options_of_a_server_are_guesses_too() {
        let redactor = Redactor { options: "prod\nhunter2\n".into(), ..redactor("hunter2") };
        assert_eq!(redactor.clean("no database hunter2"), "no database hunter2");
    }

    proptest! {
        /// A remote that repeats what it was asked, in any usual spelling.
        #[test]
        fn no_answer_tells_whether_a_guess_is_right(
            secret in "[a-zA-Z0-9'\"\\\\&<é]{1,8}", before in ".{0,6}", after in ".{0,6}"
        ) {
            let right = format!("{before}{secret}{after}");
            for said in spellings(&right).iter().map(|said| format!("invalid: {said}")) {
                prop_assert_eq!(shown(&secret, &right, &said), said);
            }
        }

        #[test]
        fn what_is_shown_of_an_echo_depends_on_no_secret(
            one in "[a-c]{1,3}", other in "[a-c]{1,3}", written in "[a-c]{0,8}"
        ) {
            let said = format!("refused: '{written}'");
            let show = |secret: &str| shown(secret, &written, &said);
            let within = "refused: ''".contains(&one) || "refused: ''".contains(&other);
            prop_assume!(!within);
            prop_assert_eq!(show(&one), show(&other));
        }
    }
}
