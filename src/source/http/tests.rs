use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::double::{Act, Double, answer, block_on, json, tls};
use super::*;

pub(super) fn way() -> Way {
    Way {
        server: "odoo_main".into(),
        limits: Limits {
            connect_timeout: Duration::from_millis(300),
            request_timeout: Duration::from_millis(300),
            max_response_bytes: 1000,
        },
        proxy: None,
        ca: None,
        hosts: Hosts::default(),
        verify_tls: true,
        present: BTreeSet::from(["url".to_string()]),
        redactor: Redactor::of("canary"),
    }
}

/// One request, its answer accepted.
pub(super) fn ask(way: Way, url: &str) -> Result<Answer> {
    block_on(async {
        let client = Client::new(way.clone())?;
        let answer = client.send(Request::post(url.into(), "application/json", b"{}".to_vec())).await?;
        accept(&way, url, answer)
    })
}

fn told(answer: &[u8]) -> Result<Answer> {
    ask(way(), &Double::answers(vec![answer.to_vec()]).url)
}

/// The error, with the changing port written as PORT.
pub(super) fn error(url: &str, answer: Result<Answer>) -> Error {
    let mut error = answer.expect_err("an error");
    let port = url.rsplit(':').next().unwrap().trim_end_matches('/').to_string();
    error.message = error.message.replace(&port, "PORT");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    error
}

pub(super) fn refused(answer: &[u8]) -> Error {
    let double = Double::answers(vec![answer.to_vec()]);
    error(&double.url, ask(way(), &double.url))
}

#[test]
fn a_good_answer_comes_with_body_date_and_type() {
    let answer = told(&json("{\"a\": 1}")).unwrap();
    assert_eq!(answer.body, b"{\"a\": 1}");
    assert_eq!(answer.date.unwrap().to_string(), "2026-11-20 09:11:49 UTC");
    assert_eq!(answer.content_type, "application/json; charset=utf-8");
    assert!(answer.closing);
}

#[test]
fn a_closed_port_is_named_with_the_line_to_type() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let error = error(&url, ask(way(), &url));
    assert_eq!(error.kind, Kind::Unreachable);
    assert_eq!(error.message, "cannot connect to \"127.0.0.1:PORT\": connection refused");
    assert_eq!(
        error.hint.as_deref(),
        Some("check host and port: alter server odoo_main options (set url 'https://...')")
    );
}

#[test]
fn a_name_without_address_is_unreachable() {
    let url = "http://no-such-host.invalid:80";
    let mut patient = way();
    patient.limits.connect_timeout = Duration::from_secs(10);
    patient.limits.request_timeout = Duration::from_secs(10);
    let error = error(url, ask(patient, url));
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.message.starts_with("cannot find \"no-such-host.invalid:"), "{error}");
}

#[test]
fn a_silent_remote_runs_into_the_limit() {
    let double = Double::play(vec![Act::Hang(Duration::from_millis(700))]);
    let begun_at = Instant::now();
    let error = error(&double.url, ask(way(), &double.url));
    assert_eq!(error.kind, Kind::Timeout);
    assert_eq!(error.message, "no whole answer from \"127.0.0.1:PORT\" within 300ms");
    assert!(begun_at.elapsed() < Duration::from_millis(600));
}

#[test]
fn a_remote_that_takes_no_connection_runs_into_its_own_limit() {
    block_on(async {
        // Linux drops the requests to connect once nobody takes those that wait.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = socket.listen(1).unwrap();
        let address = full.local_addr().unwrap();
        let wait = Duration::from_millis(50);
        let _waiting: Vec<_> = (0..4).map(|_| std::net::TcpStream::connect_timeout(&address, wait)).collect();
        let mut way = way();
        way.limits.connect_timeout = Duration::from_millis(100);
        way.limits.request_timeout = Duration::from_secs(10);
        let url = format!("http://{address}");
        let error =
            error(&url, Client::new(way).unwrap().send(Request::post(url.clone(), "text/xml", vec![])).await);
        assert_eq!(error.kind, Kind::Timeout);
        assert_eq!(error.message, "no connection to \"127.0.0.1:PORT\" within 100ms");
    });
}

#[test]
fn a_body_that_stalls_runs_into_the_limit() {
    let stalled = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab".to_vec();
    let double = Double::play(vec![Act::SayAndHang(stalled, Duration::from_millis(700))]);
    assert_eq!(error(&double.url, ask(way(), &double.url)).kind, Kind::Timeout);
}

#[test]
fn a_cut_answer_is_transient_wherever_it_is_cut() {
    let whole = json("{\"jsonrpc\": \"2.0\"}");
    let content = whole.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    let double = Double::answers((0..whole.len() - 1).map(|end| whole[..end].to_vec()).collect());
    let client = Client::new(way()).unwrap();
    block_on(async {
        for end in 0..whole.len() - 1 {
            let error = client
                .send(Request::post(double.url.clone(), "text/xml", vec![]))
                .await
                .expect_err("an error");
            assert_eq!(error.kind, Kind::Unreachable, "cut at {end}: {error:?}");
            let place = if end < content {
                "before the answer's content began"
            } else {
                "within the answer's content"
            };
            assert_eq!(error.detail, Some(format!("it ended {place}")), "cut at {end}");
        }
    });
}

#[test]
fn an_empty_answer_is_transient_only_where_the_connection_was_closed() {
    assert_eq!(refused(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").kind, Kind::Unreachable);
    assert_eq!(refused(&answer("200 OK", "", "")).kind, Kind::Unreachable);
    let kept = refused(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(
        (kept.kind, kept.message.as_str()),
        (Kind::BadAnswer, "\"127.0.0.1:PORT\" sent an empty answer")
    );
}

#[test]
fn an_answer_that_is_too_long_is_not_read() {
    let announced = refused(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
    assert_eq!(announced.kind, Kind::TooLarge);
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(5000, b'x');
    assert_eq!(refused(&endless).kind, Kind::TooLarge);
    let just = told(&answer("200 OK", "", &"x".repeat(1000))).unwrap();
    assert_eq!(just.body.len(), 1000);
}

#[test]
fn a_packed_answer_is_measured_unpacked() {
    let packed = |bytes: &[u8]| {
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: ";
        [format!("{head}{}\r\n\r\n", bytes.len()).as_bytes(), bytes].concat()
    };
    // printf '{"a": 1}' | gzip -n, and 100,000 zeros.
    let small = include_bytes!("samples/small.gz");
    let bomb = include_bytes!("samples/zeros.gz");
    assert_eq!(told(&packed(small)).unwrap().body, b"{\"a\": 1}");
    assert_eq!(refused(&packed(bomb)).kind, Kind::TooLarge);
}

#[test]
fn a_status_says_whether_to_try_again_and_when() {
    let retry = |status: &str, after: &str| refused(&answer(status, after, "busy"));
    let seconds = retry("429 Too Many Requests", "Retry-After: 7\r\n");
    assert_eq!((seconds.kind, seconds.retry_after), (Kind::Throttled, Some(Duration::from_secs(7))));
    let hint = "ask more slowly: alter server odoo_main options (add request_delay_ms '200')";
    assert_eq!(seconds.hint.as_deref(), Some(hint));
    assert_eq!(retry("429 Too Many Requests", "").retry_after, None);
    let date = retry("503 Busy", "Retry-After: Fri, 20 Nov 1998 09:11:49 GMT\r\n");
    assert_eq!((date.kind, date.retry_after), (Kind::Throttled, Some(Duration::ZERO)));
    let year = retry("503 Busy", "Retry-After: 31536000\r\n");
    assert_eq!(year.retry_after, Some(Duration::from_secs(3600)));
    assert_eq!(retry("503 Busy", "Retry-After: soon\r\n").retry_after, None);
    for status in ["500 Oops", "502 Bad Gateway", "503 Busy", "504 Gateway Timeout"] {
        assert_eq!(retry(status, "").kind, Kind::Unavailable, "{status}");
    }
    for status in ["201 Created", "400 Bad Request", "403 Forbidden", "404 Not Found", "418 Teapot"] {
        assert_eq!(retry(status, "").kind, Kind::BadAnswer, "{status}");
    }
}

#[test]
fn a_redirect_is_not_followed_but_named() {
    let error = refused(&answer("301 Moved", "Location: https://erp.example.com/jsonrpc?p=canary\r\n", ""));
    assert_eq!(error.kind, Kind::BadAnswer);
    assert_eq!(error.message, "\"127.0.0.1:PORT\" redirects to https://erp.example.com");
    let line = "alter server odoo_main options (set url 'https://erp.example.com')";
    assert!(error.hint.unwrap().ends_with(line));
    let relative = refused(&answer("302 Found", "Location: /web/login\r\n", ""));
    assert_eq!(relative.message, "\"127.0.0.1:PORT\" redirects to another page");
}

#[test]
fn a_remote_that_speaks_something_else_is_no_http() {
    let error = refused(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
    assert_eq!(
        (error.kind, error.message.as_str()),
        (Kind::BadAnswer, "\"127.0.0.1:PORT\" does not speak HTTP")
    );
}

#[test]
fn a_connection_is_used_again_where_the_remote_keeps_it() {
    let kept = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    let double = Double::play(vec![Act::Say(vec![kept.clone(), kept]), Act::Say(vec![])]);
    block_on(async {
        let client = Client::new(way()).unwrap();
        for body in ["1", "2"] {
            client.send(Request::post(double.url.clone(), "text/xml", body.into())).await.unwrap();
        }
    });
    let heard = double.heard.lock().unwrap().clone();
    assert_eq!(heard, [(0, "1".to_string()), (0, "2".to_string())]);
}

fn sample(name: &str) -> String {
    format!("{}/src/source/http/samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn authority() -> String {
    std::fs::read_to_string(sample("ca.pem")).unwrap()
}

fn secure(certificate: &str, change: impl FnOnce(&mut Way)) -> Result<Answer> {
    let url = tls(&sample(certificate), json("{}"));
    let mut way = way();
    way.limits.connect_timeout = Duration::from_secs(5);
    way.limits.request_timeout = Duration::from_secs(5);
    change(&mut way);
    ask(way, &url)
}

#[test]
fn a_certificate_is_trusted_by_its_authority() {
    secure("right", |way| way.ca = Some(authority())).unwrap();
    secure("other", |way| way.verify_tls = false).unwrap();
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let error = secure("right", |_| {}).unwrap_err();
    assert_eq!(error.kind, Kind::Tls);
    assert!(error.message.ends_with("the certificate comes from an unknown authority"), "{error:?}");
    let hint =
        "name its authority: alter server odoo_main options (add ca '-----BEGIN CERTIFICATE----- ...')";
    assert_eq!(error.hint.as_deref(), Some(hint));
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let error = secure("other", |way| way.ca = Some(authority())).unwrap_err();
    assert_eq!(error.kind, Kind::Tls);
    assert!(error.message.ends_with("the certificate is for another name"), "{error:?}");
}

#[test]
fn https_to_a_port_without_tls_is_said() {
    let double = Double::play(vec![Act::Blurt(answer("400 Bad Request", "", ""))]);
    let mut way = way();
    way.limits.connect_timeout = Duration::from_secs(5);
    way.limits.request_timeout = Duration::from_secs(5);
    let error = ask(way, &double.url.replace("http:", "https:")).unwrap_err();
    assert_eq!(error.kind, Kind::Tls, "{error:?}");
    assert!(error.message.ends_with("it does not speak TLS on this port"), "{error:?}");
}

#[test]
fn a_text_without_a_certificate_is_refused() {
    let mut way = way();
    way.ca = Some("# none".into());
    let error = Client::new(way).err().unwrap();
    assert_eq!(error.kind, Kind::Config);
    assert_eq!(error.message, "option \"ca\" of server \"odoo_main\" holds no certificate in PEM form");
}

/// A way that may go to these hosts.
fn bounded(list: &str) -> Way {
    Way { hosts: Hosts::parse(list).0, ..way() }
}

#[test]
fn a_host_that_is_not_allowed_is_refused_before_anything_is_sent() {
    let double = Double::answers(vec![json("{}")]);
    let closed = "http://127.0.0.1:1";
    let absent = "http://no-such-host.invalid";
    for url in [double.url.as_str(), closed, absent] {
        let error = ask(bounded("erp.example.com"), url).unwrap_err();
        assert_eq!(error.kind, Kind::Denied, "{url}");
        assert!(error.message.ends_with("is no host that this database may connect to"), "{error:?}");
    }
    assert!(double.heard.lock().unwrap().is_empty());
    ask(bounded("127.0.0.0/8"), &double.url).unwrap();
}

#[test]
fn a_name_that_resolves_outside_of_the_networks_is_refused() {
    let double = Double::answers(vec![json("{}")]);
    let url = double.url.replace("127.0.0.1", "localhost");
    let error = ask(bounded("localhost, 10.0.0.0/8"), &url).unwrap_err();
    assert_eq!(error.kind, Kind::Denied, "{error:?}");
    assert!(double.heard.lock().unwrap().is_empty());
    ask(bounded("localhost, 127.0.0.0/8"), &url).unwrap();
}

#[test]
fn a_proxy_that_is_not_allowed_is_refused_too() {
    let double = Double::answers(vec![json("{}")]);
    let way = Way { proxy: Some(double.url.clone()), ..bounded("erp.example.com") };
    let error = ask(way, "http://erp.example.com/jsonrpc").unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(double.heard.lock().unwrap().is_empty());
}

#[test]
fn the_proxy_is_the_one_of_the_option() {
    let proxy = Double::answers(vec![json("{}")]);
    let mut way = way();
    way.proxy = Some(proxy.url.clone());
    ask(way, "http://erp.example.com/jsonrpc").unwrap();
    assert_eq!(proxy.heard.lock().unwrap().len(), 1);
}

#[test]
fn a_get_goes_out_without_a_body_and_a_header_as_it_is() {
    let double = Double::answers(vec![json("{}"), json("{}")]);
    block_on(async {
        let client = Client::new(way()).unwrap();
        client.send(Request::get(format!("{}/json/version", double.url))).await.unwrap();
        let post = Request::post(format!("{}/json/2", double.url), "application/json", b"{}".to_vec());
        client.send(post.header("authorization", "bearer Kä").unwrap()).await.unwrap();
    });
    let heads = double.heads.lock().unwrap().clone();
    assert!(heads[0].starts_with("GET /json/version HTTP/1.1\r\n"), "{}", heads[0]);
    assert!(heads[1].starts_with("POST /json/2 HTTP/1.1\r\n"), "{}", heads[1]);
    assert!(heads[1].contains("authorization: bearer Kä\r\n"), "{}", heads[1]);
}

#[test]
fn a_header_is_not_debugged_and_cannot_end_its_line() {
    let post = || Request::post("http://127.0.0.1".into(), "application/json", Vec::new());
    assert!(post().header("authorization", "bearer a\nb").is_none());
    let shown = format!("{:?}", post().header("authorization", "bearer canary"));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_redirect_to_a_host_that_repeats_the_password_is_not_shown() {
    let location = Some("https://canary.example.com/web".to_string());
    let answer = Answer { status: 302, location, ..Answer::default() };
    let error = accept(&way(), "https://erp.example.com/jsonrpc", answer).expect_err("a redirect");
    assert_eq!(error.message, "\"erp.example.com:443\" redirects to another page");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

proptest! {
    #[test]
    fn any_head_is_taken_or_told_in_one_line_and_no_wait_is_endless(
        status in 100u16..700,
        retry_after in prop::option::of("[0-9]{1,25}|-?[0-9]{1,3}|Fri, 20 Nov [0-9]{4,6} 09:11:49 GMT|.{0,20}"),
        location in prop::option::of("(https?:)?//[a-z.:@\\[\\]0-9%/]{0,20}canary[a-z./]{0,9}|.{0,40}"),
        content_type in "text/html|.{0,40}",
        body in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let answer = Answer { status, retry_after, location, content_type, body, ..Answer::default() };
        if let Err(error) = accept(&way(), "https://erp.example.com/jsonrpc", answer) {
            prop_assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error:?}");
            prop_assert!(!format!("{error:?}").contains("canary"), "{error:?}");
            prop_assert!(error.retry_after.unwrap_or_default() <= Duration::from_secs(3600));
        }
    }
}
