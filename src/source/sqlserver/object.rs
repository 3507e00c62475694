//! Names and texts as Transact-SQL writes them, and what stands behind its `from`.

use crate::entity::Stream;
use crate::entity::tsql;
pub(super) use crate::entity::tsql::is_query;
use crate::error::{Error, Kind, Result};

/// A name in brackets: whatever it holds, and whatever the session's settings are.
pub(super) fn quote(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A text of any script.
pub(super) fn text(value: &str) -> String {
    format!("N'{}'", value.replace('\'', "''"))
}

/// What the rows are selected from: a table's or view's name, or a query in parentheses on
/// lines of its own, so that a comment at its end swallows nothing.
pub(super) fn from(stream: &Stream) -> Result<String> {
    let object = stream.object.trim();
    if is_query(object) {
        return enclosed(stream, "object", tsql::trimmed(object));
    }
    let parts = parts(object).filter(|parts| (1..=3).contains(&parts.len()));
    let parts = parts.ok_or_else(|| {
        let message = format!("the object of stream \"{}\" is no name of a table or view", stream.table);
        Error::new(Kind::Manifest, message)
            .detail("a name has at most three parts, database, schema and table: one of four is on another server")
            .hint("write it as dbo.Sales or [my schema].[Sales 2024], or as a query that begins with select")
    })?;
    Ok(parts
        .iter()
        .map(|part| if part.is_empty() { String::new() } else { quote(part) })
        .collect::<Vec<_>>()
        .join("."))
}

/// A text of the user's own in parentheses, on lines of its own. It was looked at when the manifest was
/// stored, but perhaps by an earlier version, and what is discovered is in no manifest.
pub(super) fn enclosed(stream: &Stream, what: &str, text: &str) -> Result<String> {
    tsql::check(text).map(|()| format!("(\n{text}\n)")).map_err(|wrong| {
        let message = format!("the {what} of stream \"{}\" is not sent to a SQL Server", stream.table);
        Error::new(Kind::Manifest, message)
            .detail(format!("$.streams[].{what}: {wrong}"))
            .hint("write one query that begins with select, or one condition, with all its parentheses, quotes and comments closed")
    })
}

/// Schema (empty where it is left out) and name of a table or view.
pub(super) fn table(stream: &Stream) -> Result<(String, String)> {
    from(stream)?;
    let mut parts = parts(stream.object.trim()).unwrap_or_default();
    let name = parts.pop().unwrap_or_default();
    Ok((parts.pop().unwrap_or_default(), name))
}

/// The database that the object's name begins with, where it does.
pub(super) fn database(stream: &Stream) -> Option<String> {
    let mut parts = parts(stream.object.trim()).filter(|_| !is_query(&stream.object))?;
    parts.truncate(parts.len().checked_sub(2)?);
    parts.pop()
}

/// The object in a message: its name, or that it is a query.
pub(super) fn title(stream: &Stream) -> String {
    match is_query(&stream.object) {
        true => format!("the query of \"{}\"", stream.table),
        false => format!("\"{}\"", stream.object.trim()),
    }
}

/// The parts of a name: `dbo.Sales`, `[my schema]."a.b"`; `db..Sales` leaves the schema out.
fn parts(name: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = name;
    loop {
        let (part, behind) = match rest.chars().next()? {
            '[' => quoted(rest, ']')?,
            '"' => quoted(rest, '"')?,
            _ => plain(rest)?,
        };
        parts.push(part);
        match behind.strip_prefix('.') {
            Some(next) => rest = next,
            None => return behind.is_empty().then_some(parts),
        }
    }
}

/// A part between quotes, in which the closing one is doubled.
fn quoted(text: &str, close: char) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == close && chars.next_if(|(_, next)| *next == close).is_none() {
            return Some((part, text.get(at + c.len_utf8()..)?)).filter(|(part, _)| !part.is_empty());
        }
        part.push(c);
    }
    None
}

fn plain(text: &str) -> Option<(String, &str)> {
    let end = text.find('.').unwrap_or(text.len());
    let (part, behind) = text.split_at(end);
    let is_name = part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$'));
    is_name.then(|| (part.to_string(), behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sqlserver::tests::fixture::stream;

    fn name(object: &str) -> String {
        from(&stream(object, &["id"], &[])).unwrap()
    }

    #[test]
    fn a_name_is_put_in_brackets_part_by_part() {
        assert_eq!(name("INV_PointofSalesDetailTAB"), "[INV_PointofSalesDetailTAB]");
        assert_eq!(name(" dbo.Sales "), "[dbo].[Sales]");
        assert_eq!(name("[my schema].[Sales 2024]"), "[my schema].[Sales 2024]");
        assert_eq!(name("Archive..\"a.b]c\""), "[Archive]..[a.b]]c]");
        assert_eq!(name("[a]]b]"), "[a]]b]");
    }

    #[test]
    fn a_query_stands_in_parentheses_on_its_own_lines() {
        assert_eq!(name("select 1 as id -- one"), "(\nselect 1 as id -- one\n)");
        assert_eq!(name("\nSELECT(1) as id;"), "(\nSELECT(1) as id\n)");
        assert_eq!(name("selection"), "[selection]");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for object in ["a b", "a;drop table b", "a.[b", "a.b.c.d.e", "a'", "[]", "x--", "a."] {
            let error = from(&stream(object, &["id"], &[])).unwrap_err();
            assert_eq!(error.kind, Kind::Manifest, "{object}");
        }
    }

    #[test]
    fn a_quote_in_a_text_is_doubled() {
        assert_eq!(text("o'hara"), "N'o''hara'");
    }
}
