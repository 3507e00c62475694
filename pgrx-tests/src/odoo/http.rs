//! The least of HTTP/1.1 that a request and its answer need.

use std::io::{self, BufRead, Write};
use std::net::TcpStream;

/// A request, read whole.
pub(super) struct Request {
    pub(super) verb: String,
    pub(super) path: String,
    pub(super) content_type: String,
    pub(super) authorization: String,
    /// Header `X-Odoo-Database`.
    pub(super) database: Option<String>,
    pub(super) accepts_gzip: bool,
    /// The client wants no further request on this connection.
    pub(super) closes: bool,
    /// All headers as they came, names in small letters.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Bodies beyond this are refused: a request is a call, not an upload.
const MOST_BYTES: u64 = 64 << 20;

impl Request {
    pub(super) fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(verb), Some(path)) = (words.next(), words.next()) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let mut request = Self {
            verb,
            path,
            content_type: String::new(),
            authorization: String::new(),
            database: None,
            accepts_gzip: false,
            closes: false,
            headers: Vec::new(),
            body: Vec::new(),
        };
        let mut length = 0;
        while let Some((name, value)) = header(reader)? {
            request.headers.push((name.clone(), value.clone()));
            match name.as_str() {
                "content-type" => request.content_type = value,
                "authorization" => request.authorization = value,
                "x-odoo-database" => request.database = Some(value),
                "accept-encoding" => request.accepts_gzip = value.contains("gzip"),
                "connection" => request.closes = value.eq_ignore_ascii_case("close"),
                "content-length" => length = value.parse().map_err(|_| io::ErrorKind::InvalidData)?,
                _ => {}
            }
        }
        request.body = vec![0; usize::try_from(length.min(MOST_BYTES)).unwrap_or_default()];
        reader.read_exact(&mut request.body)?;
        Ok(request)
    }
}

fn header(reader: &mut impl BufRead) -> io::Result<Option<(String, String)>> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let named = line.trim_end().split_once(':');
    Ok(named.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())))
}

/// An answer; `Server`, `Date`, `Connection` and what says the body's length are added when it is written.
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Passed on by a reverse proxy, with the body already in chunks.
    pub(super) is_proxied: bool,
}

impl Answer {
    /// An answer of Odoo's own.
    pub(super) fn new(code: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type", content_type.to_owned())];
        Self { code, headers, body: body.into(), is_proxied: false }
    }

    pub(super) fn nosniff(mut self) -> Self {
        self.headers.push(("X-Content-Type-Options", "nosniff".to_owned()));
        self
    }

    /// Everything before the body.
    pub(super) fn head(&self, date: &str) -> String {
        let length = format!("Content-Length: {}", self.body.len());
        let (server, framing, connection) = match self.is_proxied {
            true => ("nginx/1.24.0", "Transfer-Encoding: chunked", "keep-alive"),
            false => ("Werkzeug/2.2.2 Python/3.11.7", length.as_str(), "close"),
        };
        let (code, reason) = (self.code, reason(self.code));
        let mut head =
            format!("HTTP/1.1 {code} {reason}\r\nServer: {server}\r\nDate: {date}\r\n{framing}\r\n");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + &format!("Connection: {connection}\r\n\r\n")
    }

    pub(super) fn write(&self, mut stream: &TcpStream, date: &str) -> io::Result<()> {
        stream.write_all(self.head(date).as_bytes())?;
        stream.write_all(&self.body)
    }
}

fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        301 => "MOVED PERMANENTLY",
        303 => "SEE OTHER",
        400 => "BAD REQUEST",
        401 => "UNAUTHORIZED",
        403 => "FORBIDDEN",
        404 => "NOT FOUND",
        405 => "METHOD NOT ALLOWED",
        409 => "CONFLICT",
        415 => "UNSUPPORTED MEDIA TYPE",
        422 => "UNPROCESSABLE ENTITY",
        429 => "TOO MANY REQUESTS",
        500 => "INTERNAL SERVER ERROR",
        502 => "BAD GATEWAY",
        503 => "SERVICE UNAVAILABLE",
        504 => "GATEWAY TIMEOUT",
        _ => "UNKNOWN",
    }
}

/// The error page of the framework Odoo is built on.
pub(super) fn error_page(code: u16, title: &str, text: &str) -> Answer {
    let body = format!(
        "<!doctype html>\n<html lang=en>\n<title>{code} {title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n"
    );
    Answer::new(code, "text/html; charset=utf-8", body)
}
