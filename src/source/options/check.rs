//! What the value of an option may be.

use url::Url;

use crate::source::authority;

/// Rule for the value of one option.
#[derive(Clone, Copy)]
pub(super) enum Check {
    /// Anything but nothing.
    Text,
    /// As `Text`; a line end would be a pasting error.
    Secret,
    /// `http` or `https`, without user, password, query and fragment.
    Url,
    /// A host name or address, without port and scheme.
    Host,
    /// A whole number between two others.
    Whole(u32, u32),
    /// What PostgreSQL takes for a boolean.
    Flag,
    /// One of these.
    Word(&'static [&'static str]),
    /// Positive whole numbers with commas between them.
    Ids,
    /// `fr`, `fr_FR`, `sr@latin`.
    Language,
    /// A name of the IANA time zone database.
    Zone,
    /// An absolute path: the working directory of a database server is its data directory.
    Path,
    /// Certificates of authorities, as PEM text.
    Certificates,
}

impl Check {
    /// `Err` says what is wrong, to go behind the option's name; never the value.
    pub(super) fn run(self, value: &str) -> Result<(), String> {
        if value.trim().is_empty() {
            return Err("must not be empty".into());
        }
        let breaks = |c: char| matches!(self, Check::Certificates) && matches!(c, '\r' | '\n');
        if value.chars().any(|c| c.is_control() && !breaks(c)) {
            return Err("must not hold control characters or line ends".into());
        }
        match self {
            Check::Text | Check::Secret => Ok(()),
            Check::Url => url(value),
            Check::Host => require(host(value), || "must be a host name or address, without port".into()),
            Check::Whole(from, to) => {
                require(value.trim().parse().is_ok_and(|n| from <= n && n <= to), || {
                    format!("must be a whole number from {from} to {to}")
                })
            }
            Check::Flag => require(flag(value).is_some(), || "must be true or false".into()),
            Check::Word(words) => {
                require(words.contains(&value), || format!("must be one of: {}", words.join(", ")))
            }
            Check::Ids => require(value.split(',').all(id), || "must be company ids such as 1,2".into()),
            Check::Language => require(language(value), || "must be a language code such as fr_FR".into()),
            Check::Zone => require(value.trim().parse::<chrono_tz::Tz>().is_ok(), || {
                "must be a time zone such as Asia/Dubai".into()
            }),
            Check::Path => require(value.starts_with('/'), || "must be an absolute path".into()),
            Check::Certificates => authority::check(value),
        }
    }
}

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn url(value: &str) -> Result<(), String> {
    let url = Url::parse(value).map_err(|_| "must be a URL such as https://erp.example.com".to_string())?;
    require(matches!(url.scheme(), "http" | "https"), || "must begin with https:// or http://".into())?;
    require(url.username().is_empty() && url.password().is_none(), || {
        "must not hold a user or a password: these belong into the user mapping".into()
    })?;
    require(url.query().is_none() && url.fragment().is_none(), || {
        "must not hold a query (?...) or a fragment (#...)".into()
    })
}

fn host(value: &str) -> bool {
    // An IPv6 address has several colons, `host:port` one.
    let colons = value.matches(':').count();
    colons != 1 && !value.contains(['/', '\\', ',', ' ', '@'])
}

fn id(text: &str) -> bool {
    text.trim().parse::<i64>().is_ok_and(|n| n > 0)
}

fn language(value: &str) -> bool {
    value.len() <= 16 && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '-'))
}

/// The spellings of a boolean that PostgreSQL's own options take.
pub(crate) fn flag(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Some(true),
        "false" | "off" | "no" | "0" => Some(false),
        _ => None,
    }
}
