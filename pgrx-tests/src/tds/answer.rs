//! The tokens of an answer (MS-TDS 2.2.7).

use super::error::SqlError;
use super::transport::Transport;
use super::wire;

/// Token of an error.
pub const ERROR: u8 = 0xAA;
/// Token of a note.
pub const INFO: u8 = 0xAB;
/// Status of `done`: more follows.
pub const MORE: u16 = 1;
/// Status of `done`: the statement failed.
pub const FAILED: u16 = 2;
/// Status of `done`: the count is valid.
pub const COUNTED: u16 = 0x10;
/// Status of `done`: the attention is acknowledged.
pub const ATTENTION: u16 = 0x20;

/// A token with its length.
pub fn token(transport: &mut Transport, kind: u8, body: &[u8]) {
    transport.out.push(kind);
    transport.out.extend_from_slice(&(body.len() as u16).to_le_bytes());
    transport.out.extend_from_slice(body);
}

/// The end of a statement.
pub fn done(transport: &mut Transport, status: u16, rows: u64) {
    transport.out.push(0xFD);
    transport.out.extend_from_slice(&status.to_le_bytes());
    transport.out.extend_from_slice(&0xC1u16.to_le_bytes());
    transport.out.extend_from_slice(&rows.to_le_bytes());
}

/// An error or a note.
pub fn message(transport: &mut Transport, kind: u8, error: &SqlError) {
    let mut body = Vec::new();
    body.extend_from_slice(&error.number.to_le_bytes());
    body.extend_from_slice(&[1, error.class]);
    wire::long_text(&mut body, &error.message);
    wire::short_text(&mut body, "DOUBLE");
    wire::short_text(&mut body, "");
    body.extend_from_slice(&1u32.to_le_bytes());
    token(transport, kind, &body);
}

/// Something of the session changed.
pub fn changed(transport: &mut Transport, what: u8, new: &str, old: &str) {
    let mut body = vec![what];
    wire::short_text(&mut body, new);
    wire::short_text(&mut body, old);
    token(transport, 0xE3, &body);
}

/// A transaction began (8), was committed (9) or rolled back (10).
pub fn transaction(transport: &mut Transport, what: u8) {
    let number = 1u64.to_le_bytes();
    let body: Vec<u8> = match what {
        8 => [&[8, 8][..], &number, &[0]].concat(),
        _ => [&[what, 0, 8][..], &number].concat(),
    };
    token(transport, 0xE3, &body);
}

/// The client is to go elsewhere: over TCP, to this port and host.
pub fn route(transport: &mut Transport, host: &str, port: u16) {
    let mut new = vec![0];
    new.extend_from_slice(&port.to_le_bytes());
    wire::long_text(&mut new, host);
    let mut body = vec![20];
    body.extend_from_slice(&(new.len() as u16).to_le_bytes());
    body.extend_from_slice(&new);
    body.extend_from_slice(&[0, 0]);
    token(transport, 0xE3, &body);
}

/// A text of the client.
pub fn text(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}
