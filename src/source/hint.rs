//! Hints that hold the very line to type.

/// Stands for a certificate in a hint.
pub(crate) const CERTIFICATE: &str = "-----BEGIN CERTIFICATE----- ...";

/// A name as SQL wants it: quoted unless it is plain lower case.
pub(crate) fn ident(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_string() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A text as SQL wants it.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The line that lists what a server holds.
pub(crate) fn models(server: &str) -> String {
    format!("see what there is with: select * from sync_discover({})", literal(server))
}

/// `set` for an option that is there, `add` for one that is not: PostgreSQL refuses the other word.
fn verb(present: bool) -> &'static str {
    if present { "set" } else { "add" }
}

/// The line that gives a server's option another value.
pub(crate) fn server(server: &str, present: bool, option: &str, value: &str) -> String {
    format!("alter server {} options ({} {option} {})", ident(server), verb(present), literal(value))
}

/// The line that gives an option of the user mapping another value.
pub(crate) fn mapping(server: &str, present: bool, option: &str) -> String {
    format!(
        "alter user mapping for current_user server {} options ({} {option} '...')",
        ident(server),
        verb(present)
    )
}

/// The line that makes a user mapping.
pub(crate) fn new_mapping(server: &str) -> String {
    format!(
        "create user mapping for current_user server {} options (username '...', password '...')",
        ident(server)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_quotes_what_must_be_quoted() {
        assert_eq!(
            server("Odoo \"main\"", true, "url", "https://o'hara.example.com"),
            r#"alter server "Odoo ""main""" options (set url 'https://o''hara.example.com')"#
        );
        assert_eq!(
            mapping("odoo_main", false, "password"),
            "alter user mapping for current_user server odoo_main options (add password '...')"
        );
    }
}
