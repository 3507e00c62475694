//! What the double was asked.

use std::time::Instant;

use serde_json::{Map, Value};

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
