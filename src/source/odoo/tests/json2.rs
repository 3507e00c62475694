//! Every recorded exchange over JSON-2: what we would have sent, and what the answer means.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::fixture::{KEY, remote};
use super::recorded;
use crate::error::{Error, Kind};
use crate::source::Remote;
use crate::source::http::Answer;
use crate::source::http::double::{Double, block_on};
use crate::source::odoo::fault::Asked;
use crate::source::odoo::json2::refusal;
use crate::source::odoo::rpc::{Reply, Rpc};
use crate::source::odoo::settings::Settings;
use crate::source::odoo::version::major;

/// What was sent and what came back, heads and bodies.
struct Sample {
    sent: String,
    request: Vec<u8>,
    came: Vec<u8>,
}

fn samples() -> BTreeMap<String, Sample> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/source/odoo/samples/19"));
    let requests = recorded::all("19", "json2", "request");
    let read = |(name, answer): (String, Vec<u8>)| {
        let heads = fs::read_to_string(folder.join(format!("json2_{name}.headers"))).unwrap();
        let (sent, came) = heads.split_once("\r\n\r\n").unwrap();
        let came = [came.trim_end().as_bytes(), b"\r\n\r\n", &answer].concat();
        let request = requests.get(&name).cloned().unwrap_or_default();
        (name, Sample { sent: sent.to_string(), request, came })
    };
    recorded::all("19", "json2", "response").into_iter().map(read).collect()
}

impl Sample {
    fn header(&self, name: &str) -> Option<&str> {
        self.sent.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Model and method; nothing where the path lacks them.
    fn called(&self) -> (&str, &str) {
        let path = self.sent.split(' ').nth(1).unwrap();
        path.strip_prefix("/json/2/").and_then(|rest| rest.split_once('/')).unwrap_or_default()
    }

    fn remote(&self, url: &str) -> Remote {
        let mut remote = remote(url);
        remote.options.insert("protocol".into(), "json2".into());
        remote.options.insert("database".into(), self.header("X-Odoo-Database").unwrap_or("odoo19").into());
        let key = self.header("Authorization").and_then(|value| value.strip_prefix("bearer "));
        remote.password = Some(key.unwrap_or(KEY).to_string().into());
        remote
    }

    /// Sends the recorded arguments with our own code and is given the recorded answer.
    fn replay(&self) -> (Double, Result<Reply, Error>) {
        let double = Double::answers(vec![self.came.clone()]);
        let mut rpc = Rpc::new(Settings::new(self.remote(&double.url)).unwrap());
        let named = serde_json::from_slice(&self.request).unwrap_or(Value::Null);
        let (model, method) = self.called();
        let reply = block_on(rpc.json2(model, method, &named));
        (double, reply)
    }
}

/// What each recorded refusal is here.
fn expected(fault: &str) -> Kind {
    match fault {
        "bad_key" | "basic_auth" | "expired_key" | "missing_key" | "scoped_key" => Kind::Login,
        "access_error" | "access_error_field_group" | "access_rule_record" | "company" => Kind::Forbidden,
        "exists_private" | "private_api" | "private_method" => Kind::Remote,
        "unknown_model" => Kind::NoObject,
        "unknown_field" | "unknown_field_domain" | "unknown_field_order" => Kind::NoField,
        "database_down" | "missing_db_header_many_dbs" | "wrong_db" => Kind::Unavailable,
        "malformed_json" => Kind::Internal,
        "wrong_content_type" => Kind::BadAnswer,
        "bad_date"
        | "bad_lang"
        | "bad_operator"
        | "bad_order_syntax"
        | "body_array"
        | "empty_body"
        | "extra_argument"
        | "foreign_key"
        | "http_get"
        | "ids_on_model_method"
        | "lang_not_active"
        | "missing_argument"
        | "missing_error"
        | "not_null"
        | "order_nonstored"
        | "path_without_method"
        | "sql_constraint"
        | "unknown_method"
        | "user_error"
        | "zone_in_date" => Kind::Remote,
        other => panic!("what does {other} mean?"),
    }
}

#[test]
fn every_recorded_answer_means_what_it_should() {
    let samples = samples();
    assert_eq!(samples.len(), 73);
    for (name, sample) in &samples {
        let (_double, reply) = sample.replay();
        match name.strip_prefix("fault_") {
            Some(fault) => {
                let error = reply.map(|reply| reply.value).expect_err(name);
                assert_eq!(error.kind, expected(fault), "{name}: {error:?}");
                let shown = format!("{error:?}");
                assert!(!shown.contains("Traceback") && !shown.contains("dist-packages"), "{name}: {shown}");
                assert!(!shown.contains(KEY), "{name}: {shown}");
            }
            None => {
                let body = sample.came.rsplitn(2, |byte| *byte == b'\n').next().unwrap();
                let recorded: Value = serde_json::from_slice(body).unwrap();
                assert_eq!(reply.unwrap().value, recorded, "{name}");
            }
        }
    }
}

/// Samples whose request was made in a way that we cannot write.
const NOT_OURS: [&str; 9] = [
    "fault_basic_auth",
    "fault_missing_key",
    "fault_missing_db_header_many_dbs",
    "no_database_header_single_db_ok",
    "fault_wrong_content_type",
    "fault_malformed_json",
    "fault_empty_body",
    "fault_http_get",
    "fault_path_without_method",
];

#[test]
fn requests_are_written_as_the_recorded_ones() {
    for (name, sample) in samples().iter().filter(|(name, _)| !NOT_OURS.contains(&name.as_str())) {
        let (double, _) = sample.replay();
        let head = double.heads.lock().unwrap()[0].clone();
        let sent = Sample { sent: head, request: Vec::new(), came: Vec::new() };
        assert_eq!(sent.sent.lines().next(), sample.sent.lines().next(), "{name}");
        for header in ["Authorization", "X-Odoo-Database", "Content-Type"] {
            assert_eq!(sent.header(&header.to_lowercase()), sample.header(header), "{name}: {header}");
        }
        let body: Value = serde_json::from_str(&double.heard.lock().unwrap()[0].1).unwrap();
        assert_eq!(body, serde_json::from_slice::<Value>(&sample.request).unwrap(), "{name}");
    }
}

fn told(name: &str) -> String {
    let (_double, reply) = samples()[name].replay();
    let error = reply.map(|reply| reply.value).unwrap_err();
    let port = error.message.split([':', '"']).find(|part| part.len() > 3 && part.parse::<u16>().is_ok());
    let message = match port {
        Some(port) => error.message.replace(port, "PORT"),
        None => error.message.clone(),
    };
    let [detail, original] = [&error.detail, &error.original].map(|text| text.as_deref().unwrap_or("-"));
    format!("{message} | {detail} | {original} | {}", error.hint_or_default())
}

#[test]
fn a_person_is_told_what_to_do() {
    let told = [
        "fault_expired_key",
        "fault_access_error",
        "fault_unknown_model",
        "fault_unknown_field",
        "fault_wrong_db",
        "fault_bad_lang",
        "fault_extra_argument",
        "fault_wrong_content_type",
    ]
    .map(told);
    insta::assert_snapshot!(told.join("\n"), @r#"
    "odoo_main" refused the API key of user "sync@example.com" | it is unknown, has expired, was revoked, or is of another scope than rpc; JSON-2 takes no passwords | - | make a new key in Odoo (My Profile, Account Security), then: alter user mapping for current_user server odoo_main options (set password '...')
    user "sync@example.com" may not read "account.move" on "odoo_main" | - | You are not allowed to access 'Journal Entry' (account.move) records. | give the remote user the right to read, then: select * from sync_check()
    "odoo_main" has no object "no.such.model" | - | - | install the module on the remote, or sync other entities
    "odoo_main" lacks a field of "res.partner" | - | Invalid field 'no_such_field' on 'res.partner' | compare with: select * from sync_check()
    "odoo_main" does not offer or cannot reach the database "no_such_db" | status 404 with a web page: Odoo shows the same one in both cases | - | try again later; if "no_such_db" is the wrong database: alter server odoo_main options (set database '...'); if this Odoo is older than 19: alter server odoo_main options (set protocol 'auto')
    "odoo_main" refused res.partner.search_read: UserError | - | Invalid language code: xx_XX | look into the remote's own log for the whole message
    "odoo_main" refused res.partner.search_read: TypeError | - | BaseModel._read_format() got an unexpected keyword argument 'nosuch' | look into the remote's own log for the whole message
    "127.0.0.1:PORT" answered /json/2/res.partner/search_count with status 415 | status 415, content type "text/html; charset=utf-8" | - | name the application itself, without a path: alter server odoo_main options (set url 'https://...')
    "#);
}

proptest! {
    #[test]
    fn nothing_a_remote_may_send_makes_the_reader_panic(
        status in 200u16..600,
        name in any::<String>(),
        message in any::<String>(),
        garbage in any::<Vec<u8>>(),
    ) {
        let settings = Settings::new(remote("https://erp.example.com")).unwrap();
        let asked = Asked { object: "res.partner", method: "search_read" };
        let formed = serde_json::json!({"name": name, "message": message, "version_info": [name]});
        for body in [formed.to_string().into_bytes(), garbage] {
            let answer = Answer { status, body, ..Answer::default() };
            let _ = major(&answer);
            prop_assert!(refusal(&settings, &answer, asked).is_none_or(|_| status != 200));
        }
    }
}
