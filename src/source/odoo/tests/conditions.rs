//! Conditions that are relied on: asked for only where Odoo heeds them, and held against what comes back.

use super::fixture::{layout, stream};
use super::source::{UID, ask, failed, odoo};
use crate::entity::{Parent, Type};
use crate::source::http::double::block_on;
use crate::source::odoo::*;

#[test]
fn a_condition_that_odoo_would_ignore_is_refused() {
    let fields = r#""result": {"id": {"type": "integer"}, "write_date": {"type": "datetime", "searchable": true},
        "total": {"type": "float", "store": false, "searchable": false},
        "company_id": {"type": "many2one", "relation": "res.company", "searchable": true}}"#;
    let company = r#""result": {"name": {"type": "char", "searchable": true}, "rank": {"type": "integer", "searchable": false}}"#;
    let told = |filter: Value, answers: &[&str]| {
        let answers: Vec<&str> = [UID, r#""result": true"#, fields].iter().chain(answers).copied().collect();
        let (mut odoo, _double) = odoo(&answers);
        let mut stream = stream("res.partner", &[]);
        stream.filter = Some(filter);
        block_on(odoo.layout(&stream)).map(drop)
    };
    told(json!(["|", ["id", ">", 3], ["company_id.name", "=", "x"]]), &[company]).unwrap();
    let error = told(json!([["total", ">", 0]]), &[]).unwrap_err();
    assert_eq!(error.kind, Kind::Manifest);
    assert_eq!(error.message, "\"odoo_main\" cannot search \"res.partner\" by \"total\"");
    for filter in [
        json!(["!", ["company_id.rank", ">", 0]]),
        json!([["company_id", "any", ["|", ["name", "=", "x"], ["rank", ">", 0]]]]),
        json!([["company_id", "not any", [["rank", ">", 0]]]]),
    ] {
        let error = told(filter, &[company]).unwrap_err();
        assert_eq!(error.message, "\"odoo_main\" cannot search \"res.company\" by \"rank\"");
    }
    told(json!([["company_id", "any", [["name", "=", "x"]]], ["name", "in", [["rank"]]]]), &[company])
        .unwrap();
    let error = told(json!([["company_id.rank", ">", 0]]), &[company]).unwrap_err();
    assert!(error.hint.unwrap().starts_with("mend the filter in the entity's manifest"));
}

/// Lines of invoices, of which one is read that changed at `changed_at`.
fn taken(changed_at: &str, scope: Scope) -> Result<Page> {
    let mut stream = stream("account.move.line", &[("move_id", Type::Bigint)]);
    stream.parent = Some(Parent { table: "invoices".into(), column: "move_id".into() });
    let record = format!(r#""result": [{{"id": 1, "move_id": 7, "write_date": {changed_at}}}]"#);
    let fields = r#""result": {"id": {"type": "integer"}, "move_id": {"type": "many2one"}}"#;
    let answers: &[&str] = match scope {
        Scope::Parents(_) => &[UID, fields, &record],
        _ => &[UID, &record],
    };
    block_on(odoo(answers).0.page(&stream, &layout(&stream), &ask(scope, None)))
}

#[test]
fn records_that_were_not_asked_for_are_refused() {
    let since = |from: &str| Scope::Since { from: Mark(from.into()), until: None };
    let parents = |ids: &[i64]| Scope::Parents(ids.iter().map(|id| (*id).into()).collect());
    let before = "\"2026-11-20 08:52:33\"";
    for wrong in [(before, since("2026-11-20 08:52:34")), ("false", since("2026-11-20 08:52:33"))] {
        assert_eq!(failed(taken(wrong.0, wrong.1)).kind, Kind::BadAnswer);
    }
    assert_eq!(failed(taken(before, parents(&[6, 8]))).kind, Kind::BadAnswer);
    for right in [
        (before, since("2026-11-20 08:52:33")),
        ("\"2026-11-20 08:52:33.000001\"", since("2026-11-20 08:52:33")),
        // It was compared with its microseconds, and came without them.
        (before, since("2026-11-20 08:52:33.9")),
        ("\"2027-01-01 00:00:00\"", since("2026-11-20 08:52:33")),
        ("\"202-11-20 08:52:33\"", since("0001-01-01 00:00:00")),
        (before, parents(&[6, 7])),
        ("false", Scope::All),
    ] {
        taken(right.0, right.1.clone()).unwrap_or_else(|error| panic!("{right:?}: {error}"));
    }
}

#[test]
fn a_line_that_moves_between_two_requests_is_no_answer_to_another_question() {
    let mut stream = stream("account.move.line", &[("move_id", Type::Bigint)]);
    stream.parent = Some(Parent { table: "invoices".into(), column: "move_id".into() });
    let fields = r#""result": {"id": {"type": "integer"}, "move_id": {"type": "many2one"}}"#;
    let refused = r#""error": {"data": {"name": "builtins.ValueError", "message": "cannot compute"}}"#;
    let moved = r#""result": [{"id": 1, "move_id": 8, "write_date": "2026-11-20 08:52:33"}]"#;
    let (mut odoo, _double) = odoo(&[UID, fields, refused, r#""result": [1, 2]"#, moved, refused]);
    let scope = Scope::Parents(vec![7.into()]);
    let page = block_on(odoo.page(&stream, &layout(&stream), &ask(scope, None))).unwrap();
    assert_eq!((page.rows.len(), page.rejected.len()), (1, 1));
}
