//! Names and values as SQL text. Every name is quoted, so that no list of
//! reserved words is needed: `type`, `user` and `order` are ordinary columns.

/// Longest identifier PostgreSQL keeps, in bytes.
pub(super) const NAME_MAX: usize = 63;

/// An identifier in double quotes.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal that reads the same whatever `standard_conforming_strings` says.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    match quoted.contains('\\') {
        true => format!("E'{}'", quoted.replace('\\', "\\\\")),
        false => format!("'{quoted}'"),
    }
}

/// `"schema"."table"`.
pub fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quote_ident(schema), quote_ident(table))
}

/// The parts joined by two underscores, with `suffix`: the same for the same
/// parts, and never longer than PostgreSQL keeps. What is too long is cut and
/// gets a hash of the whole, so that two names that begin alike stay apart.
pub fn object_name(parts: &[&str], suffix: &str) -> String {
    let name = format!("{}_{suffix}", parts.join("__"));
    if name.len() <= NAME_MAX {
        return name;
    }
    let tail = format!("_{:08x}_{suffix}", fnv1a(&name));
    let room = NAME_MAX.saturating_sub(tail.len());
    let cut = (0..=room).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{tail}", &name[..cut])
}

/// FNV-1a, 32 bits: a hash that never changes between versions and machines.
pub(super) fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a quoted text back as PostgreSQL does: the inverse of quoting.
    fn unquote(sql: &str, quote: char, backslashes: bool) -> Option<String> {
        let mut inner = sql.strip_prefix(quote)?.strip_suffix(quote)?.chars();
        let mut text = String::new();
        while let Some(c) = inner.next() {
            let doubled = c == quote || (backslashes && c == '\\');
            if doubled && inner.next() != Some(c) {
                return None;
            }
            text.push(c);
        }
        Some(text)
    }

    proptest! {
        #[test]
        fn an_identifier_reads_back_as_it_was(name in "[^\0]{0,40}") {
            prop_assert_eq!(unquote(&quote_ident(&name), '"', false), Some(name));
        }

        #[test]
        fn a_literal_reads_back_as_it_was(text in r#"([^\x00]|['\\"]){0,40}"#) {
            let sql = quote_literal(&text);
            let (body, escapes) = match sql.strip_prefix('E') {
                Some(body) => (body, true),
                None => (sql.as_str(), false),
            };
            prop_assert_eq!(unquote(body, '\'', escapes), Some(text.clone()));
            prop_assert!(escapes || !text.contains('\\'));
        }

        #[test]
        fn an_object_name_fits(parts in proptest::collection::vec("[a-z_][a-z0-9_é]{0,62}", 1..5)) {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let name = object_name(&parts, "idx");
            prop_assert!(name.len() <= 63 && name.ends_with("_idx"));
            prop_assert_eq!(&name, &object_name(&parts, "idx"));
        }
    }

    #[test]
    fn long_names_that_begin_alike_stay_apart() {
        let table = "t".repeat(60);
        assert_ne!(object_name(&[&table, "partner_id"], "idx"), object_name(&[&table, "product_id"], "idx"));
        assert_ne!(object_name(&["a_b", "c"], "idx"), object_name(&["a", "b_c"], "idx"));
    }
}
