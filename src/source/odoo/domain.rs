//! Odoo's search conditions.

use serde_json::{Value, json};

use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Scalar, Scope};

/// The domain of the stream's filter and a scope. `parent` is the remote field
/// that holds the header's key.
///
/// Domains are joined by writing them behind each other: what no operator binds is AND.
pub(super) fn of(stream: &Stream, scope: &Scope, parent: Option<&str>) -> Result<Vec<Value>> {
    let mut domain = filter(stream)?;
    match scope {
        Scope::All => {}
        Scope::Since { from, .. } => domain.extend(since(stream, &from.0)?),
        Scope::From(day) => {
            let date = stream.date.as_deref().ok_or_else(|| missing(stream, "date"))?;
            domain.extend([json!("|"), json!([date, "=", false]), json!([date, ">=", day])]);
        }
        Scope::Keys(keys) => domain.push(json!(["id", "in", ids(keys)?])),
        Scope::Parents(keys) => {
            let path = parent.ok_or_else(|| missing(stream, "parent"))?;
            domain.push(json!([path, "in", ids(keys)?]));
        }
    }
    Ok(domain)
}

/// The records that changed since then, or one of those they follow did.
fn since(stream: &Stream, from: &str) -> Result<Vec<Value>> {
    let cursors = std::iter::once(cursor(stream)?).chain(stream.follows.iter().map(String::as_str));
    let either = stream.follows.iter().map(|_| json!("|"));
    Ok(either.chain(cursors.map(|cursor| json!([cursor, ">=", from]))).collect())
}

/// The condition that lets a page begin behind a key. Ids never change and are
/// unique, so no row between two pages is lost; offsets shift under changes.
pub(super) fn behind(key: &Key) -> Result<Value> {
    Ok(json!(["id", ">", id(key)?]))
}

/// The remote field that grows with every change.
pub(super) fn cursor(stream: &Stream) -> Result<&str> {
    stream.cursor.as_deref().ok_or_else(|| missing(stream, "cursor"))
}

fn missing(stream: &Stream, what: &str) -> Error {
    Error::new(Kind::Manifest, format!("the stream \"{}\" has no {what}", stream.table))
}

fn filter(stream: &Stream) -> Result<Vec<Value>> {
    match &stream.filter {
        None => Ok(Vec::new()),
        Some(Value::Array(terms)) if is_whole(terms) => Ok(terms.clone()),
        Some(_) => {
            Err(Error::new(Kind::Manifest, format!("the filter of stream \"{}\" is no domain", stream.table))
                .hint("write it as Odoo does: [[\"state\", \"=\", \"posted\"]]"))
        }
    }
}

/// Whether no operator lacks an operand: it would take the terms that are added
/// behind the filter instead.
fn is_whole(terms: &[Value]) -> bool {
    let mut wanted = 0usize;
    for term in terms {
        wanted = match term.as_str() {
            Some("&" | "|") => wanted.max(1) + 1,
            Some("!") => wanted.max(1),
            Some(_) => return false,
            None => wanted.saturating_sub(1),
        };
    }
    wanted == 0
}

fn ids(keys: &[Key]) -> Result<Vec<i64>> {
    keys.iter().map(id).collect()
}

fn id(key: &Key) -> Result<i64> {
    match key.0.as_slice() {
        [Scalar::Int(id)] => Ok(*id),
        _ => Err(Error::new(Kind::Internal, "a key of an Odoo stream is no id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Mark;
    use crate::source::odoo::tests::fixture::stream;

    fn text(filter: Value, scope: Scope) -> String {
        let mut stream = stream("account.move.line", &[]);
        stream.filter = Some(filter);
        Value::Array(of(&stream, &scope, Some("move_id")).unwrap()).to_string()
    }

    #[test]
    fn a_scope_goes_behind_the_filter() {
        let since = Scope::Since { from: Mark("2026-11-20 08:50:00".into()), until: None };
        assert_eq!(
            text(json!([["state", "=", "posted"]]), since),
            r#"[["state","=","posted"],["write_date",">=","2026-11-20 08:50:00"]]"#
        );
        let mut following = stream("account.payment", &[]);
        following.follows = vec!["move_id.write_date".into(), "partner_id.write_date".into()];
        let since = Scope::Since { from: Mark("2026-11-20 08:50:00".into()), until: None };
        assert_eq!(
            Value::Array(of(&following, &since, None).unwrap()).to_string(),
            r#"["|","|",["write_date",">=","2026-11-20 08:50:00"],["move_id.write_date",">=","2026-11-20 08:50:00"],["partner_id.write_date",">=","2026-11-20 08:50:00"]]"#
        );
        assert_eq!(text(json!([]), Scope::All), "[]");
        assert_eq!(text(json!([]), Scope::Keys(vec![3.into(), 1.into()])), r#"[["id","in",[3,1]]]"#);
        assert_eq!(text(json!([]), Scope::Parents(vec![7.into()])), r#"[["move_id","in",[7]]]"#);
        let mut dated = stream("account.move.line", &[]);
        dated.date = Some("move_id.invoice_date".into());
        let from = of(&dated, &Scope::From("2026-08-23".into()), None).unwrap();
        assert_eq!(
            Value::Array(from).to_string(),
            r#"["|",["move_id.invoice_date","=",false],["move_id.invoice_date",">=","2026-08-23"]]"#
        );
        assert_eq!(behind(&9.into()).unwrap().to_string(), r#"["id",">",9]"#);
    }

    #[test]
    fn a_filter_that_would_swallow_the_scope_is_refused() {
        let mut stream = stream("res.partner", &[]);
        let good = [
            json!([]),
            json!(["|", ["a", "=", 1], ["b", "=", 2], ["c", "=", 3]]),
            json!(["!", ["a", "=", 1]]),
        ];
        let bad =
            [json!({}), json!("a"), json!(["|", ["a", "=", 1]]), json!([["a", "=", 1], "!"]), json!(["a"])];
        for filter in good {
            stream.filter = Some(filter);
            of(&stream, &Scope::All, None).unwrap();
        }
        for filter in bad {
            stream.filter = Some(filter);
            assert_eq!(of(&stream, &Scope::All, None).unwrap_err().kind, Kind::Manifest);
        }
    }

    #[test]
    fn what_the_manifest_lacks_is_said() {
        let mut stream = stream("res.partner", &[]);
        stream.cursor = None;
        let since = Scope::Since { from: Mark(String::new()), until: None };
        assert_eq!(
            of(&stream, &since, None).unwrap_err().message,
            "the stream \"res_partner\" has no cursor"
        );
        let error = of(&stream, &Scope::Parents(vec![]), None).unwrap_err();
        assert_eq!(error.message, "the stream \"res_partner\" has no parent");
    }
}
