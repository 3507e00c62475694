//! Remotes that send for ever, slowly or in a way that hides how much, or send us elsewhere.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::double::{Double, answer, block_on, request};
use super::tests::{ask, error, refused, way};
use super::*;

/// A server that says this to whoever comes, then one byte after the other for ever; and how many came.
fn endless(head: &'static str, pause: Duration) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let came = Arc::new(AtomicUsize::new(0));
    let counted = came.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            counted.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                let _ = request(&mut stream);
                let _ = stream.write_all(head.as_bytes());
                while stream.write_all(b"x").is_ok() {
                    thread::sleep(pause);
                }
            });
        }
    });
    (url, came)
}

#[test]
fn one_byte_after_the_other_ends_by_the_time_of_the_whole_request() {
    let slow = Duration::from_millis(20);
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Endless: ",
    ] {
        let begun_at = Instant::now();
        let (url, _) = endless(head, slow);
        assert_eq!(error(&url, ask(way(), &url)).kind, Kind::Timeout, "{head:?}");
        assert!(begun_at.elapsed() < Duration::from_millis(900), "{head:?}: {:?}", begun_at.elapsed());
    }
    // The beginning of an error page is enough.
    let (url, _) = endless("HTTP/1.1 500 Oops\r\n\r\n", slow);
    assert_eq!(error(&url, ask(way(), &url)).kind, Kind::Unavailable);
}

#[test]
fn a_remote_that_sends_for_ever_is_read_up_to_the_budget() {
    let mut way = way();
    way.limits.request_timeout = Duration::from_secs(20);
    for (head, kind) in [
        ("HTTP/1.1 200 OK\r\n\r\n", Kind::TooLarge),
        ("HTTP/1.1 200 OK\r\nX-Endless: ", Kind::BadAnswer),
        ("HTTP/1.1 500 Oops\r\n\r\n", Kind::Unavailable),
        ("HTTP/1.1 302 Found\r\nLocation: https://erp.example.com\r\n\r\n", Kind::BadAnswer),
    ] {
        let (url, _) = endless(head, Duration::ZERO);
        assert_eq!(error(&url, ask(way.clone(), &url)).kind, kind, "{head:?}");
    }
}

#[test]
fn an_answer_in_chunks_is_counted_too() {
    let chunk = format!("200\r\n{}\r\n", "x".repeat(512));
    let body = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(3));
    assert_eq!(refused(body.as_bytes()).kind, Kind::TooLarge);
}

#[test]
fn a_smaller_budget_is_the_requests_own() {
    let double = Double::answers(vec![answer("200 OK", "", &"x".repeat(101))]);
    let request = Request::get(double.url.clone()).at_most(100);
    let error = block_on(Client::new(way()).unwrap().send(request)).unwrap_err();
    assert_eq!(error.kind, Kind::BadAnswer);
    assert!(error.message.ends_with("is longer than 100 bytes"), "{error}");
}

#[test]
fn a_body_is_handed_on_piece_by_piece_until_there_is_enough() {
    let (url, _) = endless("HTTP/1.1 200 OK\r\n\r\n", Duration::from_millis(1));
    let mut seen = 0;
    let mut take = |bytes: &[u8]| {
        seen += bytes.len();
        if seen < 20 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let answer = block_on(Client::new(way()).unwrap().stream(Request::get(url), &mut take)).unwrap();
    assert!(answer.body.is_empty() && answer.bytes == seen && seen >= 20);
}

#[test]
fn no_redirect_is_followed_and_no_other_host_hears_anything() {
    for status in
        ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let (elsewhere, came) = endless("HTTP/1.1 200 OK\r\n\r\n", Duration::from_millis(20));
        for location in
            [format!("{elsewhere}/jsonrpc"), elsewhere.replace("127.0.0.1", "localhost"), "/jsonrpc".into()]
        {
            let double = Double::answers(vec![answer(status, &format!("Location: {location}\r\n"), "")]);
            block_on(async {
                let request = Request::post(double.url.clone(), "application/json", b"secret".to_vec());
                let request = request.header("authorization", "bearer canary").unwrap();
                let answer = Client::new(way()).unwrap().send(request).await.unwrap();
                assert!(accept(&way(), &double.url, answer).is_err(), "{status}");
            });
            assert_eq!(double.heard.lock().unwrap().len(), 1, "{status} {location}");
        }
        assert_eq!(came.load(Ordering::SeqCst), 0, "{status}");
    }
}
