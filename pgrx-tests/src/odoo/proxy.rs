//! The double's other face: what a reverse proxy makes of Odoo's answers.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::http::Answer;

/// An answer as nginx passes it on: compressed when the client takes that, in chunks, the connection kept.
pub(super) fn pass_on(mut answer: Answer, gzip: bool) -> Answer {
    if gzip {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        if encoder.write_all(&answer.body).is_ok() {
            answer.body = encoder.finish().unwrap_or_default();
            answer.headers.push(("Content-Encoding", "gzip".to_owned()));
        }
    }
    answer.body = chunked(&answer.body);
    answer.is_proxied = true;
    answer
}

/// nginx sends what has come from its upstream so far, often 8 kB.
fn chunked(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 64);
    for piece in body.chunks(8192) {
        out.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        out.extend(piece);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}
