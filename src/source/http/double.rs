//! A server for tests that answers from a script, one connection after the other.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What to do with one connection.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers one request with these bytes each, then closes.
    Say(Vec<Vec<u8>>),
    /// Answers one request with these bytes and then says nothing for so long.
    SayAndHang(Vec<u8>, Duration),
    /// Says this without waiting for a request.
    Blurt(Vec<u8>),
    /// Reads the request and says nothing for so long.
    Hang(Duration),
}

/// Body of a request and number of the connection it came by.
pub(crate) type Heard = Arc<Mutex<Vec<(usize, String)>>>;

/// The heads of the requests, one for each that was heard.
pub(crate) type Heads = Arc<Mutex<Vec<String>>>;

/// A running double.
pub(crate) struct Double {
    pub(crate) url: String,
    pub(crate) heard: Heard,
    pub(crate) heads: Heads,
}

impl Double {
    /// Plays the acts, one connection each.
    pub(crate) fn play(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Heard::default();
        let heads = Heads::default();
        let log = (heard.clone(), heads.clone());
        thread::spawn(move || {
            for (number, act) in acts.into_iter().enumerate() {
                let Ok((stream, _)) = listener.accept() else { return };
                perform(stream, number, act, &log);
            }
        });
        Double { url, heard, heads }
    }

    /// One answer per connection, as Odoo does it.
    pub(crate) fn answers(answers: Vec<Vec<u8>>) -> Self {
        Double::play(answers.into_iter().map(|answer| Act::Say(vec![answer])).collect())
    }
}

fn perform(mut stream: TcpStream, number: usize, act: Act, log: &(Heard, Heads)) {
    match act {
        Act::Say(answers) => {
            for answer in answers {
                let Some((head, body)) = request(&mut stream) else { return };
                log.0.lock().unwrap().push((number, body));
                log.1.lock().unwrap().push(head);
                let _ = stream.write_all(&answer);
            }
        }
        Act::SayAndHang(answer, time) => {
            request(&mut stream);
            let _ = stream.write_all(&answer);
            thread::sleep(time);
        }
        Act::Blurt(words) => {
            let _ = stream.write_all(&words);
            let _ = stream.read_to_end(&mut Vec::new());
        }
        Act::Hang(time) => {
            request(&mut stream);
            thread::sleep(time);
        }
    }
}

/// Head and body of the next request, or `None` at the end of the connection.
pub(crate) fn request(stream: &mut impl Read) -> Option<(String, String)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let names = head.to_lowercase();
    let length = names.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

/// An answer as Odoo's own server sends it.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// A 200 answer with JSON in it, dated as the recorded ones are.
pub(crate) fn json(body: &str) -> Vec<u8> {
    answer(
        "200 OK",
        "Date: Fri, 20 Nov 2026 09:11:49 GMT\r\nContent-Type: application/json; charset=utf-8\r\n",
        body,
    )
}

/// Answers one request over TLS, with the certificate and key of this path; gives the URL.
pub(crate) fn tls(path: &str, answer: Vec<u8>) -> String {
    let certificate = CertificateDer::from_pem_file(format!("{path}.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{path}.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        if request(&mut stream).is_some() {
            let _ = stream.write_all(&answer);
        }
    });
    url
}

/// Runs a future as the worker's network thread does.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
