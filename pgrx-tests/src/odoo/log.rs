//! What the double was asked.

use std::time::Instant;

use serde_json::{Map, Value};

use super::http::Request;

/// One request, as a test counts and reads it.
#[derive(Clone, Debug)]
pub struct Logged {
    /// `common`, `object` or `db`; empty for a body that could not be read.
    pub service: String,
    /// The model of an `object` call, else empty.
    pub model: String,
    /// The model's method (not `execute_kw`), or the service's own.
    pub method: String,
    /// The method's positional arguments; for `authenticate` the database, login and secret.
    pub args: Value,
    /// The method's named arguments.
    pub kwargs: Value,
    /// When the request had been read.
    pub at: Instant,
}

impl Logged {
    pub(super) fn new() -> Self {
        Self {
            service: String::new(),
            model: String::new(),
            method: String::new(),
            args: Value::Null,
            kwargs: Value::Object(Map::new()),
            at: Instant::now(),
        }
    }
}

/// One request as it came over the wire, calls and pages alike.
#[derive(Clone, Debug)]
pub struct Heard {
    /// `POST` or `GET`.
    pub verb: String,
    /// With the query, if any.
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    /// Byte for byte.
    pub body: Vec<u8>,
}

impl Heard {
    pub(super) fn of(request: &Request) -> Self {
        let Request { verb, path, headers, body, .. } = request;
        Self { verb: verb.clone(), path: path.clone(), headers: headers.clone(), body: body.clone() }
    }
}
