//! The whole source against a server that answers from a script.

use std::time::Instant;

use super::fixture::{CANARY, column, layout, remote, stream};
use super::recorded;
use crate::entity::{Parent, Type};
use crate::source::http::double::{Double, answer, block_on, json};
use crate::source::odoo::*;
use crate::source::{Key, Values};

/// An answer to request `id`.
pub(super) fn reply(id: usize, member: &str) -> Vec<u8> {
    json(&format!(r#"{{"jsonrpc": "2.0", "id": {id}, {member}}}"#))
}

/// An Odoo that answers these members, one connection each. The ids count up as ours do.
pub(super) fn odoo(members: &[&str]) -> (Odoo, Double) {
    let answers = members.iter().enumerate().map(|(i, member)| reply(i + 1, member));
    let double = Double::answers(answers.collect());
    (Odoo::new(remote(&double.url)).unwrap(), double)
}

/// The same, with options of the server.
fn odoo_with(options: &[(&str, &str)], members: &[&str]) -> (Odoo, Double) {
    let (_, double) = odoo(members);
    let mut remote = remote(&double.url);
    remote.options.extend(options.iter().map(|(name, value)| (name.to_string(), value.to_string())));
    (Odoo::new(remote).unwrap(), double)
}

pub(super) fn ask(scope: Scope, after: Option<i64>) -> Ask {
    Ask { scope, after: after.map(Key::from), limit: 2, raw: false }
}

pub(super) fn request(double: &Double, number: usize) -> Value {
    serde_json::from_str(&double.heard.lock().unwrap()[number].1).unwrap()
}

/// What was sent as the arguments of request `number`, without the login.
pub(super) fn sent(double: &Double, number: usize) -> String {
    let request = request(double, number);
    Value::Array(request["params"]["args"].as_array().unwrap()[3..].to_vec()).to_string()
}

/// The error, which must not show the password.
pub(super) fn failed<T: std::fmt::Debug>(result: Result<T>) -> Error {
    let error = result.unwrap_err();
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains(CANARY) && !shown.contains("canary"), "{shown}");
    error
}

pub(super) const UID: &str = r#""result": 2"#;

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
    let since = Scope::Since { from: Mark("2026-11-20 08:50:00".into()), until: None };
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

#[test]
fn a_wrong_password_is_told_with_user_server_and_line_but_without_the_password() {
    let (mut odoo, _double) = odoo(&[r#""result": false"#]);
    let error =
        failed(block_on(odoo.page(&stream("res.partner", &[]), &Layout::default(), &ask(Scope::All, None))));
    assert_eq!(error.kind, Kind::Login);
    assert_eq!(error.message, "\"odoo_main\" refused user \"sync@example.com\"");
    let line = "alter user mapping for current_user server odoo_main options (set password '...')";
    assert_eq!(error.hint.as_deref(), Some(line));
    assert!(error.detail.unwrap().contains("with two-factor login only an API key works"));
}

#[test]
fn a_login_that_was_taken_back_is_tried_anew() {
    let denied = r#""error": {"code": 200, "data": {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied"}}"#;
    let (mut odoo, double) = odoo(&[UID, denied, r#""result": 3"#, r#""result": 7"#]);
    let stream = stream("res.partner", &[]);
    block_on(async {
        assert_eq!(failed(odoo.count(&stream, &Scope::All).await).kind, Kind::Login);
        assert_eq!(odoo.count(&stream, &Scope::All).await.unwrap(), 7);
    });
    assert_eq!(request(&double, 3)["params"]["args"][1], 3);
}

#[test]
fn requests_are_the_recorded_ones() {
    let recorded = recorded::all("17", "jsonrpc", "request");
    let (_, double) = odoo(&[r#""result": {"server_version": "17.0"}"#, UID, r#""result": true"#]);
    let mut remote = remote(&double.url);
    remote.options.insert("database".into(), "odoo17".into());
    remote.username = Some("admin".into());
    remote.password = Some("admin".to_string().into());
    let mut odoo = Odoo::new(remote).unwrap();
    block_on(async {
        odoo.check().await.unwrap();
        assert!(odoo.may_read("account.move").await.unwrap());
    });
    for (number, name) in ["version", "authenticate_ok", "check_access_rights_true"].into_iter().enumerate() {
        let mut recorded: Value = serde_json::from_slice(&recorded[name]).unwrap();
        recorded["id"] = json!(number + 1);
        assert_eq!(request(&double, number), recorded, "{name}");
    }
}

#[test]
fn the_watermark_is_the_newest_moment_of_the_filtered_rows() {
    let newest = r#""result": [{"id": 9, "write_date": "2026-11-20 09:11:52"}]"#;
    let (mut odoo, double) = odoo(&[UID, newest, r#""result": []"#]);
    let mut stream = stream("account.move", &[]);
    stream.filter = Some(json!([["move_type", "!=", "entry"]]));
    let (first, none) =
        block_on(async { (odoo.watermark(&stream).await.unwrap(), odoo.watermark(&stream).await.unwrap()) });
    assert_eq!(first, (Some(Mark("2026-11-20 09:11:52".into())), None));
    assert_eq!(none, (None, None));
    insta::assert_snapshot!(sent(&double, 1), @r#"["account.move","search_read",[[["move_type","!=","entry"],["write_date","!=",false]],["write_date"]],{"context":{"active_test":false},"limit":1,"load":"","order":"write_date desc, id desc"}]"#);
}

#[test]
fn a_row_of_the_future_is_warned_about() {
    let (mut odoo, _double) = odoo(&[UID, r#""result": [{"id": 9, "write_date": "2099-01-01 00:00:00"}]"#]);
    let (mark, warning) = block_on(odoo.watermark(&stream("res.partner", &[]))).unwrap();
    assert_eq!(mark, Some(Mark("2026-11-20 09:11:49".into())));
    let warning = warning.unwrap();
    assert!(warning.starts_with("the newest row of \"res.partner\" (id 9) is dated "), "{warning}");
}

#[test]
fn a_stream_without_a_cursor_has_no_watermark() {
    let (mut odoo, double) = odoo(&[]);
    let mut stream = stream("stock.quant", &[]);
    stream.cursor = None;
    assert_eq!(block_on(odoo.watermark(&stream)).unwrap(), (None, None));
    assert!(double.heard.lock().unwrap().is_empty());
}

#[test]
fn language_and_companies_go_into_the_context() {
    let options = [("language", "fr_FR"), ("companies", "2, 1")];
    let (mut odoo, double) = odoo_with(&options, &[UID, r#""result": 5"#]);
    assert_eq!(block_on(odoo.count(&stream("res.partner", &[]), &Scope::All)).unwrap(), 5);
    insta::assert_snapshot!(sent(&double, 1), @r#"["res.partner","search_count",[[]],{"context":{"active_test":false,"allowed_company_ids":[2,1],"lang":"fr_FR"}}]"#);
}

#[test]
fn a_language_that_is_not_active_is_told_with_those_that_are() {
    let installed = r#""result": [["en_US", "English (US)"], ["fr_BE", "French (BE)"]]"#;
    let (mut wrong, double) = odoo_with(&[("language", "fr")], &[UID, installed]);
    let error = failed(block_on(wrong.layout(&stream("res.partner", &[]))));
    assert_eq!(error.kind, Kind::Config);
    assert_eq!(error.message, "the language \"fr\" is not active on \"odoo_main\"");
    assert_eq!(error.detail.as_deref(), Some("active are: en_US, fr_BE"));
    assert!(error.hint.unwrap().ends_with("alter server odoo_main options (set language 'fr_BE')"));
    assert_eq!(sent(&double, 1), r#"["res.lang","get_installed",[],{}]"#);

    let fields = r#""result": {"id": {"type": "integer"}, "write_date": {"type": "datetime"}}"#;
    let refused = r#""error": {"data": {"name": "odoo.exceptions.AccessError", "message": "no"}}"#;
    for told in [installed, refused] {
        let answers = [UID, told, r#""result": true"#, fields, r#""result": true"#];
        let (mut right, _double) = odoo_with(&[("language", "fr_BE")], &answers);
        let stream = stream("res.partner", &[]);
        block_on(async {
            right.layout(&stream).await.unwrap();
            right.layout(&stream).await.unwrap();
        });
    }
}

#[test]
fn lines_are_asked_for_by_the_field_that_holds_their_header() {
    let fields = r#""result": {"id": {"type": "integer"}, "move_id": {"type": "many2one"}}"#;
    let (mut odoo, double) = odoo(&[UID, fields, r#""result": []"#]);
    let mut stream = stream("account.move.line", &[]);
    let mut header = column("invoice_id", Type::Bigint);
    header.path = vec!["invoice".into(), "move_id".into()];
    stream.columns.push(header);
    stream.parent = Some(Parent { table: "invoices".into(), column: "invoice_id".into() });
    stream.cursor = None;
    let layout = Layout::default();
    let scope = Scope::Parents(vec![4.into(), 5.into()]);
    block_on(odoo.page(&stream, &layout, &ask(scope, None))).unwrap();
    insta::assert_snapshot!(sent(&double, 2), @r#"["account.move.line","search_read",[[["move_id","in",[4,5]]],["id"]],{"context":{"active_test":false},"limit":2,"load":"","order":"id"}]"#);
}

#[test]
fn a_layout_asks_for_rights_and_fields_once_per_model() {
    let fields = r#""result": {"id": {"type": "integer"}, "name": {"type": "char"}, "write_date": {"type": "datetime"}}"#;
    let (mut odoo, double) = odoo(&[UID, r#""result": true"#, fields, r#""result": true"#]);
    let stream = stream("res.partner", &[("name", Type::Text), ("vat", Type::Text)]);
    let (first, second) =
        block_on(async { (odoo.layout(&stream).await.unwrap(), odoo.layout(&stream).await.unwrap()) });
    assert_eq!(first, second);
    assert_eq!(first.columns.len(), 2);
    assert_eq!(first.left_out[0].0, "vat");
    insta::assert_snapshot!(sent(&double, 2), @r#"["res.partner","fields_get",[[]],{"attributes":["type","store","relation","company_dependent","related","searchable"]}]"#);
}

#[test]
fn a_model_that_may_not_be_read_or_is_not_there_is_said_so() {
    let (mut refusing, _double) = odoo(&[UID, r#""result": false"#]);
    let stream = stream("account.move", &[]);
    let error = failed(block_on(refusing.layout(&stream)));
    assert_eq!(error.kind, Kind::Forbidden);
    let absent = r#""error": {"data": {"name": "odoo.exceptions.UserError", "message": "Object account.move doesn't exist"}}"#;
    let (mut lacking, _double) = odoo(&[UID, absent]);
    let error = failed(block_on(lacking.layout(&stream)));
    assert_eq!(
        (error.kind, error.message.as_str()),
        (Kind::NoObject, "\"odoo_main\" has no object \"account.move\"")
    );
}

#[test]
fn xmlrpc_reads_the_same_rows() {
    let xml = |name: &str| {
        let body = String::from_utf8(recorded::all("17", "xmlrpc", "response")[name].clone()).unwrap();
        answer("200 OK", "Content-Type: text/xml; charset=utf-8\r\n", &body)
    };
    let answers =
        ["version", "authenticate_ok", "search_read_load_empty", "fault_access_error", "fault_wrong_db"];
    let double = Double::answers(answers.into_iter().map(xml).collect());
    let mut remote = remote(&double.url);
    remote.options.insert("protocol".into(), "xmlrpc".into());
    remote.options.insert("database".into(), "no_such_db".into());
    let mut odoo = Odoo::new(remote).unwrap();
    let mut stream = stream("account.move", &[("name", Type::Text), ("partner_id", Type::Bigint)]);
    stream.cursor = None;
    block_on(async {
        let about = odoo.check().await.unwrap();
        assert_eq!((about.version.as_str(), about.protocol.as_str()), ("17.0-20240709", "xmlrpc"));
        let page = odoo.page(&stream, &layout(&stream), &ask(Scope::All, None)).await.unwrap();
        assert_eq!(page.rows.columns[2], Values::Int(vec![Some(14), Some(10)]));
        assert_eq!(failed(odoo.count(&stream, &Scope::All).await).kind, Kind::Forbidden);
        assert_eq!(failed(odoo.count(&stream, &Scope::All).await).kind, Kind::NoDatabase);
    });
    let heard = double.heard.lock().unwrap();
    assert!(
        heard[1].1.contains("<methodName>authenticate</methodName>")
            && heard[2].1.contains("canary&lt;&amp;&gt;")
    );
}

#[test]
fn a_web_page_is_no_answer() {
    for protocol in ["jsonrpc", "xmlrpc"] {
        let page =
            answer("200 OK", "Content-Type: text/html\r\n", "<!doctype html><html><title>Login</title>");
        let double = Double::answers(vec![page]);
        let mut remote = remote(&double.url);
        remote.options.insert("protocol".into(), protocol.into());
        let error = failed(block_on(Odoo::new(remote).unwrap().check()));
        assert_eq!(error.kind, Kind::BadAnswer);
        assert_eq!(
            error.message,
            format!("\"odoo_main\" answered with a web page where {protocol} was expected")
        );
    }
}

#[test]
fn an_answer_without_length_that_ends_in_the_middle_is_transient() {
    let cut =
        b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"jsonrpc\": \"2.0\", \"id\": 1, \"res";
    let double = Double::answers(vec![cut.to_vec()]);
    let error = failed(block_on(Odoo::new(remote(&double.url)).unwrap().check()));
    assert_eq!(error.kind, Kind::Unreachable, "{error:?}");
}

#[test]
fn answers_that_make_no_sense_are_bad_answers() {
    for member in [r#""result": true"#, r#""result": {}"#, r#""result": "2""#, r#""no": 1"#] {
        let (mut odoo, _double) = odoo(&[UID, member]);
        let stream = stream("res.partner", &[]);
        assert_eq!(failed(block_on(odoo.count(&stream, &Scope::All))).kind, Kind::BadAnswer, "{member}");
    }
    let (mut odoo, _double) = odoo(&[r#""result": {"uid": 2}"#]);
    assert_eq!(failed(block_on(odoo.uid())).kind, Kind::BadAnswer);
}

#[test]
fn a_pause_is_kept_between_requests() {
    let (mut odoo, _double) = odoo_with(&[("request_delay_ms", "150")], &[UID, r#""result": 5"#]);
    let begun_at = Instant::now();
    block_on(odoo.count(&stream("res.partner", &[]), &Scope::All)).unwrap();
    assert!(begun_at.elapsed() >= Duration::from_millis(150));
}

#[test]
fn one_remote_has_one_identity() {
    let identity = |url: &str| Odoo::new(remote(url)).unwrap().identity();
    assert_eq!(identity("https://ERP.example.com:443/"), "https://erp.example.com/prod");
    assert_eq!(identity("https://erp.example.com"), "https://erp.example.com/prod");
    assert_eq!(identity("http://erp.example.com:8069/odoo/"), "http://erp.example.com:8069/odoo/prod");
}

#[test]
fn what_is_missing_is_told_with_the_line_to_type() {
    let change = |change: fn(&mut Remote)| {
        let mut remote = remote("https://erp.example.com");
        change(&mut remote);
        let error = failed(Odoo::new(remote).map(|_| ()));
        assert_eq!(error.kind, Kind::Config);
        format!("{} | {}", error.message, error.hint.unwrap())
    };
    let told = [
        change(|r| r.options.retain(|name, _| name != "url")),
        change(|r| r.options.retain(|name, _| name != "database")),
        change(|r| r.password = None),
        change(|r| (r.username, r.password) = (None, None)),
        change(|r| _ = r.options.insert("protocol".into(), "json3".into())),
        change(|r| _ = r.options.insert("companies".into(), "one".into())),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    server "odoo_main" has no option "url" | alter server odoo_main options (add url 'https://...')
    server "odoo_main" has no option "database" | alter server odoo_main options (add database '...')
    the user mapping for server "odoo_main" has no password | alter user mapping for current_user server odoo_main options (add password '...')
    there is no user mapping for server "odoo_main" | create user mapping for current_user server odoo_main options (username '...', password '...')
    option "protocol" of server "odoo_main" has no usable value | alter server odoo_main options (set protocol 'auto')
    option "companies" of server "odoo_main" has no usable value | alter server odoo_main options (set companies '1,2')
    "#);
}
