//! The whole source against a server that answers from a script.

use serde_json::Value;

use super::fixture::{CANARY, column, layout, remote, stream};
use super::*;
use crate::entity::{Parent, Type};
use crate::source::http::double::{Act, Double, answer, block_on, json};
use crate::source::{Key, Values};

/// An Odoo that answers these results, one connection each. The ids count up as ours do.
fn odoo(results: &[&str]) -> (Odoo, Double) {
    let answers = results
        .iter()
        .enumerate()
        .map(|(i, result)| json(&format!(r#"{{"jsonrpc": "2.0", "id": {}, {result}}}"#, i + 1)));
    let double = Double::answers(answers.collect());
    (Odoo::new(remote(&double.url)).unwrap(), double)
}

fn ask(scope: Scope, after: Option<i64>) -> Ask {
    Ask { scope, after: after.map(Key::from), limit: 2, raw: false }
}

/// What was sent as the arguments of request `number`, without the login.
fn sent(double: &Double, number: usize) -> String {
    let heard = double.heard.lock().unwrap();
    let request: Value = serde_json::from_str(&heard[number].1).unwrap();
    let args = request["params"]["args"].as_array().unwrap();
    Value::Array(args[3..].to_vec()).to_string()
}

fn assert_clean(error: &Error) {
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains(CANARY) && !shown.contains("canary"), "{shown}");
}

const UID: &str = r#""result": 2"#;

#[test]
fn a_check_tells_version_login_and_clock() {
    let (mut odoo, _double) = odoo(&[r#""result": {"server_version": "17.0-20240709"}"#, UID]);
    let about = block_on(odoo.check()).unwrap();
    assert_eq!(about.version, "17.0-20240709");
    assert_eq!(about.login, "sync@example.com (uid 2)");
    assert_eq!(about.protocol, "jsonrpc");
    let date = DateTime::parse_from_rfc2822("Fri, 20 Nov 2026 09:11:49 GMT").unwrap().to_utc();
    let expected = (date - DateTime::<Utc>::from(std::time::SystemTime::now())).num_seconds();
    assert!((about.clock_offset_s.unwrap() - expected).abs() <= 2);
}

#[test]
fn a_page_is_asked_for_by_id_and_the_login_is_kept() {
    let page = r#""result": [{"id": 11, "name": "a", "write_date": "2026-11-20 08:52:33"},
                             {"id": 12, "name": false, "write_date": "2026-11-20 08:52:33"}]"#;
    let (mut odoo, double) = odoo(&[UID, page, r#""result": []"#]);
    let stream = stream("res.partner", &[("name", Type::Text)]);
    let since = Scope::Since(Mark("2026-11-20 08:50:00".into()));
    let (first, second) = block_on(async {
        let first = odoo.page(&stream, &layout(&stream), &ask(since.clone(), Some(10))).await.unwrap();
        (first, odoo.page(&stream, &layout(&stream), &ask(since, Some(12))).await.unwrap())
    });
    assert_eq!(first.rows.keys, [Key::from(11), Key::from(12)]);
    assert_eq!(first.rows.columns[1], Values::Text(vec![Some("a".into()), None]));
    assert_eq!(first.rows.updated_at[0].as_deref(), Some("2026-11-20 08:52:33+00"));
    assert!(first.more && first.last == Some(12.into()) && first.bytes > 100);
    assert!(!second.more && second.last.is_none() && second.rows.is_empty());
    insta::assert_snapshot!(sent(&double, 1), @r#"["res.partner","search_read",[[["write_date",">=","2026-11-20 08:50:00"],["id",">",10]],["id","name","write_date"]],{"context":{"active_test":false},"limit":2,"load":"","order":"id"}]"#);
}
