//! The faults, as a client sees them on the wire.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use erp_sync_tests::odoo::{Odoo, RpcFault, What, When};
use flate2::read::GzDecoder;
use serde_json::json;

use super::client::{ADMIN, Answer, ask, fault, receive, send};

const COUNT: &str = r#"{"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "object",
    "method": "execute_kw", "args": ["odoo17", 2, "admin", "uom.uom", "search_count", [[]]]}}"#;

fn count(odoo: &Odoo) -> Answer {
    receive(send(odoo, "POST", "/jsonrpc", "application/json", COUNT.as_bytes()))
}

fn is_right(answer: &Answer) -> bool {
    answer.status() == "HTTP/1.1 200 OK"
        && answer.text() == "{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": 26}"
}

#[test]
fn a_fault_meets_only_the_calls_it_is_for() {
    let odoo = Odoo::start();
    odoo.fault(When::any().model("uom.uom").method("search_count").nth(2), What::bad_gateway());
    let other = ask(&odoo, ADMIN, "res.company", "search_count", json!([[]]), json!({}));
    assert_eq!(other.json()["result"], 2);
    let answers = [count(&odoo), count(&odoo), count(&odoo)];
    assert_eq!(answers.each_ref().map(is_right), [true, false, true]);
    assert_eq!(answers[1].status(), "HTTP/1.1 502 BAD GATEWAY");
    assert!(answers[1].text().starts_with("<html>"));
}

#[test]
fn a_rule_without_a_number_stays_until_it_is_cleared() {
    let odoo = Odoo::start();
    odoo.fault(When::any().service("object").after(1), What::throttled(7));
    let answers = [count(&odoo), count(&odoo), count(&odoo)];
    assert_eq!(answers.each_ref().map(is_right), [true, false, false]);
    assert_eq!(answers[2].status(), "HTTP/1.1 429 TOO MANY REQUESTS");
    assert_eq!(answers[2].header("Retry-After"), Some("7"));
    odoo.clear_faults();
    assert!(is_right(&count(&odoo)));
}

#[test]
fn pages_of_something_in_front_replace_the_answer() {
    let odoo = Odoo::start();
    let cases = [
        (What::gateway_timeout(), "HTTP/1.1 504 GATEWAY TIMEOUT", "504 Gateway Time-out"),
        (What::login_page(), "HTTP/1.1 200 OK", "Log in"),
        (What::redirect("http://127.0.0.1:1/web"), "HTTP/1.1 301 MOVED PERMANENTLY", "Moved"),
        (What::empty(), "HTTP/1.1 200 OK", ""),
    ];
    for (what, status, text) in cases {
        odoo.fault(When::any().once(), what);
        let answer = count(&odoo);
        assert_eq!((answer.status(), answer.text().contains(text)), (status, true));
        assert_eq!(answer.body.is_empty(), text.is_empty());
    }
    assert!(is_right(&count(&odoo)));
}

#[test]
fn an_answer_can_be_cut_in_its_head_in_its_body_or_before_it_begins() {
    let odoo = Odoo::start();
    odoo.fault(When::any().once(), What::CutHead);
    let answer = count(&odoo);
    assert!(answer.head.starts_with("HTTP/1.1 200") && !answer.head.ends_with("\r\n\r\n"));
    odoo.fault(When::any().once(), What::CutBody(10));
    let answer = count(&odoo);
    assert_eq!((answer.header("Content-Length"), answer.text()), (Some("41"), "{\"jsonrpc\""));
    odoo.fault(When::any().once(), What::Hangup);
    let answer = count(&odoo);
    assert_eq!((answer.head.as_str(), answer.body.len()), ("", 0));
}

#[test]
fn a_body_can_be_nonsense_or_far_too_long() {
    let odoo = Odoo::start();
    odoo.fault(When::any().once(), What::Garbage);
    let answer = count(&odoo);
    assert_eq!(answer.header("Content-Type"), Some("application/json; charset=utf-8"));
    assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err());
    odoo.fault(When::any().once(), What::OverLong(5_000_000));
    let answer = count(&odoo);
    assert!(answer.body.len() > 5_000_000 && answer.json()["result"].is_string());
}

#[test]
fn an_error_of_odoo_itself_can_be_asked_for() {
    let odoo = Odoo::start();
    odoo.fault(When::any().method("search_count").once(), What::Rpc(RpcFault::serialization_failure()));
    assert_eq!(fault(&count(&odoo)).0, "psycopg2.errors.SerializationFailure");
}

#[test]
fn a_slow_answer_is_late_and_a_dripping_one_takes_its_time() {
    let odoo = Odoo::start();
    odoo.fault(When::any().once(), What::Sleep(Duration::from_millis(120)));
    let began_at = Instant::now();
    assert!(is_right(&count(&odoo)));
    assert!(began_at.elapsed() >= Duration::from_millis(120));
    odoo.fault(When::any().once(), What::Drip { bytes: 10, every: Duration::from_millis(30) });
    let began_at = Instant::now();
    assert!(is_right(&count(&odoo)));
    assert!(began_at.elapsed() >= Duration::from_millis(120));
}

#[test]
fn a_silent_connection_stays_open_until_the_faults_are_cleared() {
    let odoo = Odoo::start();
    odoo.fault(When::any().once(), What::Silent);
    let mut stream = send(&odoo, "POST", "/jsonrpc", "application/json", COUNT.as_bytes());
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a limit");
    let waited = stream.read(&mut [0; 1]).expect_err("nothing comes");
    assert!(matches!(waited.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    odoo.clear_faults();
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    assert_eq!(receive(stream).head, "");
}

#[test]
fn a_stopped_double_cuts_its_connections_and_its_port_can_be_had_again() {
    let odoo = Odoo::start();
    let port = odoo.port();
    odoo.fault(When::any(), What::Silent);
    let stream = send(&odoo, "POST", "/jsonrpc", "application/json", COUNT.as_bytes());
    drop(odoo);
    assert!(is_cut(&stream));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let again = Odoo::start_on(port).expect("the same port");
    assert!(is_right(&count(&again)));
}

#[test]
fn the_log_tells_what_was_asked() {
    let odoo = Odoo::start();
    count(&odoo);
    let login = r#"{"params": {"service": "common", "method": "authenticate", "args": ["odoo17", "admin", "x", {}]}}"#;
    receive(send(&odoo, "POST", "/jsonrpc", "application/json", login.as_bytes()));
    let kwargs = json!({"limit": 3});
    ask(&odoo, ADMIN, "uom.uom", "search", json!([[["id", ">", 4]]]), kwargs.clone());
    let calls = odoo.calls();
    let names: Vec<_> = calls.iter().map(|call| (call.model.as_str(), call.method.as_str())).collect();
    assert_eq!(names, [("uom.uom", "search_count"), ("", "authenticate"), ("uom.uom", "search")]);
    assert_eq!((&calls[2].args, &calls[2].kwargs), (&json!([[["id", ">", 4]]]), &kwargs));
    odoo.forget_calls();
    assert!(odoo.calls().is_empty());
}

#[test]
fn only_posts_to_the_rpc_addresses_are_calls() {
    let odoo = Odoo::start();
    let status =
        |verb: &str, path: &str| receive(send(&odoo, verb, path, "text/plain", b"")).status().to_owned();
    assert_eq!(status("GET", "/xmlrpc/2/common"), "HTTP/1.1 405 METHOD NOT ALLOWED");
    assert_eq!(status("GET", "/jsonrpc"), "HTTP/1.1 400 BAD REQUEST");
    assert_eq!(status("POST", "/json/2/res.partner/search"), "HTTP/1.1 404 NOT FOUND");
    assert!(odoo.calls().is_empty());
}

fn is_cut(mut stream: &TcpStream) -> bool {
    match stream.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

/// Counts over a connection that is to be kept; returns all of the answer's bytes.
fn count_over(mut stream: &TcpStream) -> Vec<u8> {
    let head = format!(
        "POST /jsonrpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{COUNT}",
        COUNT.len()
    );
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    stream.write_all(head.as_bytes()).expect("a request is sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n0\r\n\r\n") {
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).expect("an answer");
        assert!(read > 0, "the connection was not kept");
        answer.extend_from_slice(&piece[..read]);
    }
    answer
}

#[test]
fn behind_a_proxy_connections_are_kept_and_bodies_come_compressed_in_chunks() {
    let odoo = Odoo::behind_proxy();
    let stream = TcpStream::connect(("127.0.0.1", odoo.port())).expect("the double listens");
    for answer in [count_over(&stream), count_over(&stream)] {
        let text = String::from_utf8_lossy(&answer);
        for header in ["Server: nginx", "Transfer-Encoding: chunked", "Content-Encoding: gzip", "keep-alive"]
        {
            assert!(text.contains(header), "{text}");
        }
        let start = answer.windows(2).position(|two| two == [0x1f, 0x8b]).expect("gzip");
        let mut body = String::new();
        GzDecoder::new(&answer[start..]).read_to_string(&mut body).expect("a whole body");
        assert_eq!(body, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": 26}");
    }
}

#[test]
fn a_kept_connection_is_cut_when_the_double_stops() {
    let odoo = Odoo::behind_proxy();
    let stream = TcpStream::connect(("127.0.0.1", odoo.port())).expect("the double listens");
    count_over(&stream);
    drop(odoo);
    assert!(is_cut(&stream));
}
