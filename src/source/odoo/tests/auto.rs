//! Which protocol is spoken where the option leaves it open.

use super::fixture::{CANARY, KEY, remote, stream};
use super::recorded;
use crate::source::http::double::{Act, Double, answer, block_on, json};
use crate::source::odoo::*;

/// What Odoo 17 says to a page it does not have, and 18 to one below `/json`.
fn no_page() -> Vec<u8> {
    answer("404 NOT FOUND", "Content-Type: text/html; charset=utf-8\r\n", "<!doctype html>\n")
}

fn to_login() -> Vec<u8> {
    answer("303 SEE OTHER", "Location: /web/login?redirect=%2Fjson%2Fversion%3F\r\n", "<!doctype html>\n")
}

fn version(info: &str) -> Vec<u8> {
    json(&format!(r#"{{"version_info": [{info}, 0, 0, "final", 0, ""], "version": "it"}}"#))
}

fn odoo(password: &str, protocol: Option<&str>, answers: Vec<Vec<u8>>) -> (Odoo, Double) {
    let double = Double::answers(answers);
    let mut remote = remote(&double.url);
    remote.password = Some(password.to_string().into());
    remote.options.extend(protocol.map(|protocol| ("protocol".to_string(), protocol.to_string())));
    (Odoo::new(remote).unwrap(), double)
}

/// The protocol that is chosen, and how many questions that takes.
fn chosen(password: &str, answers: Vec<Vec<u8>>) -> (&'static str, usize) {
    let (mut odoo, double) = odoo(password, None, answers);
    let protocol = block_on(async {
        let first = odoo.rpc.protocol().await.unwrap();
        assert_eq!(odoo.rpc.protocol().await.unwrap(), first);
        first
    });
    let asked = double.heads.lock().unwrap().len();
    (protocol.name(), asked)
}

#[test]
fn json2_is_chosen_from_19_on_with_a_key() {
    for new in ["19", "20", "\"saas~19\"", "\"saas-20\""] {
        assert_eq!(chosen(KEY, vec![version(new)]), ("json2", 1), "{new}");
    }
    for (name, recorded) in recorded::all("19", "version", "response") {
        let recorded = json(std::str::from_utf8(&recorded).unwrap());
        assert_eq!(chosen(KEY, vec![recorded]), ("json2", 1), "{name}");
    }
    for old in [no_page(), to_login(), version("18"), version("\"saas~18\""), version("\"new\""), json("[]")]
    {
        assert_eq!(chosen(KEY, vec![old]), ("jsonrpc", 1));
    }
}

#[test]
fn a_password_is_for_jsonrpc_and_no_question_is_asked() {
    let long = format!("{KEY}0");
    for password in [CANARY, "admin", &KEY[1..], long.as_str(), &KEY.replace('0', "g")] {
        assert_eq!(chosen(password, vec![]), ("jsonrpc", 0), "{password}");
    }
}

#[test]
fn an_option_decides_without_a_question() {
    for name in ["json2", "jsonrpc", "xmlrpc"] {
        let (mut odoo, double) = odoo(KEY, Some(name), vec![]);
        assert_eq!(block_on(odoo.rpc.protocol()).unwrap().name(), name);
        assert!(double.heads.lock().unwrap().is_empty());
    }
}

#[test]
fn a_server_that_is_out_of_order_is_asked_again() {
    let gateway = answer("502 Bad Gateway", "Content-Type: text/html\r\n", "<html>");
    let throttled = answer("429 Too Many Requests", "Retry-After: 1\r\n", "<html>");
    let acts = vec![
        Act::Say(vec![gateway]),
        Act::Say(vec![throttled]),
        Act::Say(vec![]),
        Act::Say(vec![version("19")]),
    ];
    let double = Double::play(acts);
    let mut remote = remote(&double.url);
    remote.password = Some(KEY.to_string().into());
    let mut odoo = Odoo::new(remote).unwrap();
    block_on(async {
        for kind in [Kind::Unavailable, Kind::Throttled, Kind::Unreachable] {
            assert_eq!(odoo.rpc.protocol().await.unwrap_err().kind, kind);
        }
        assert_eq!(odoo.rpc.protocol().await.unwrap().name(), "json2");
    });
}

#[test]
fn a_check_tells_what_is_spoken() {
    let owner = json(r#"{"lang": "en_US", "tz": "Europe/Brussels", "uid": 2}"#);
    let (mut odoo, double) = odoo(KEY, None, vec![version("19"), version("19"), owner]);
    let about = block_on(odoo.check()).unwrap();
    assert_eq!((about.version.as_str(), about.protocol.as_str()), ("it", "json2"));
    assert_eq!(about.login, "sync@example.com (uid 2)");
    assert!(about.clock_offset_s.is_some());
    let first: Vec<String> =
        double.heads.lock().unwrap().iter().map(|head| head.lines().next().unwrap().to_string()).collect();
    let version = "GET /json/version HTTP/1.1";
    assert_eq!(first, [version, version, "POST /json/2/res.users/context_get HTTP/1.1"]);
    assert!(!double.heads.lock().unwrap()[0].contains(KEY));
}

#[test]
fn an_older_server_does_not_speak_json2() {
    for old in [no_page(), to_login()] {
        let (mut odoo, _double) = odoo(KEY, Some("json2"), vec![old]);
        let error = block_on(odoo.check()).unwrap_err();
        assert_eq!(error.kind, Kind::BadAnswer);
        assert_eq!(error.message, "\"odoo_main\" does not speak JSON-2");
        assert_eq!(error.hint.as_deref(), Some("alter server odoo_main options (set protocol 'auto')"));
    }
}

#[test]
fn a_key_that_no_header_can_carry_is_not_sent() {
    let (mut odoo, double) = odoo("line\nend", Some("json2"), vec![]);
    let error = block_on(odoo.count(&stream("res.partner", &[]), &Scope::All)).unwrap_err();
    assert_eq!(error.kind, Kind::Config);
    assert!(!format!("{error:?}").contains("end\""), "{error:?}");
    assert!(double.heads.lock().unwrap().is_empty());
}
