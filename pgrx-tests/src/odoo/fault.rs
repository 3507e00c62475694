//! The errors of Odoo's RPC, worded as recorded.

use serde_json::Value;

use super::face::Face;

/// An error as both protocols tell it: JSON-RPC by the exception's name, XML-RPC by a number.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcFault {
    /// The Python class, such as `odoo.exceptions.AccessError` or `builtins.ValueError`.
    pub name: String,
    /// The exception's own text.
    pub message: String,
}

impl RpcFault {
    /// Any exception by its Python class.
    pub fn new(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), message: message.into() }
    }

    /// A business message: XML-RPC fault 2.
    pub fn user_error(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.UserError", message)
    }

    /// A missing right: XML-RPC fault 4.
    pub fn access_error(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.AccessError", message)
    }

    /// A wrong password: XML-RPC fault 3.
    pub fn access_denied() -> Self {
        Self::new("odoo.exceptions.AccessDenied", "Access Denied")
    }

    /// A `ValueError`: XML-RPC fault 1 with a traceback.
    pub fn value_error(message: impl Into<String>) -> Self {
        Self::new("builtins.ValueError", message)
    }

    /// A `TypeError`: XML-RPC fault 1 with a traceback.
    pub fn type_error(message: impl Into<String>) -> Self {
        Self::new("builtins.TypeError", message)
    }

    /// What is left of a conflict after Odoo's own five tries.
    pub fn serialization_failure() -> Self {
        Self::new(
            "psycopg2.errors.SerializationFailure",
            "could not serialize access due to concurrent update\n",
        )
    }

    /// A database that does not exist or a PostgreSQL that is down.
    pub fn no_database(name: &str) -> Self {
        Self::new(
            "psycopg2.OperationalError",
            format!(
                "connection to server at \"localhost\" (127.0.0.1), port 5432 failed: \
                 FATAL:  database \"{name}\" does not exist\n"
            ),
        )
    }

    /// A model that is not there, or whose module is not installed.
    pub fn no_model(model: &str) -> Self {
        Self::user_error(format!("Object {model} doesn't exist"))
    }

    pub(super) fn no_field(model: &str, field: &str) -> Self {
        Self::value_error(format!("Invalid field {} on model {}", quoted(field), quoted(model)))
    }

    /// PostgreSQL does not answer.
    pub(super) fn database_down() -> Self {
        let message = "connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused\n\t\
                       Is the server running on that host and accepting TCP/IP connections?\n";
        Self::new("psycopg2.OperationalError", message)
    }

    pub(super) fn no_method(face: Face, model: &str, method: &str) -> Self {
        let message = match face.has_private_methods() {
            true => format!("The method '{model}.{method}' does not exist"),
            false => format!("The method '{method}' does not exist on the model '{model}'"),
        };
        Self::new("builtins.AttributeError", message)
    }

    /// The number XML-RPC sends as `faultCode`.
    pub(super) fn code(&self) -> i32 {
        match self.name.strip_prefix("odoo.exceptions.") {
            Some("UserError" | "ValidationError" | "MissingError" | "RedirectWarning") => 2,
            Some("AccessDenied") => 3,
            Some("AccessError") => 4,
            _ => 1,
        }
    }

    /// A traceback: its last line is the message, unless that has several lines itself. A database that is not
    /// there was first looked up in vain, and Python tells of both.
    pub(super) fn traceback(&self) -> String {
        let class = self.name.strip_prefix("builtins.").unwrap_or(&self.name);
        let frames = "Traceback (most recent call last):\n  \
                      File \"/usr/lib/python3/dist-packages/odoo/service/model.py\", line 133, in retrying\n    \
                      result = func()\n             ^^^^^^\n";
        let earlier = match self.message.split_once("FATAL:  database \"") {
            Some((_, rest)) => {
                let name = rest.split('"').next().unwrap_or_default();
                format!(
                    "{frames}KeyError: '{name}'\n\nDuring handling of the above exception, \
                     another exception occurred:\n\n"
                )
            }
            None => String::new(),
        };
        format!("{earlier}{frames}{class}: {}\n", self.message)
    }
}

/// A value as Python's `repr` shows it; error messages quote domains that way.
pub(super) fn repr(value: &Value) -> String {
    let list = |items: &[Value]| items.iter().map(repr).collect::<Vec<_>>().join(", ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", list(items)),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", quoted(name), repr(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A domain's leaf, which Odoo turns into a tuple before it shows it.
pub(super) fn repr_leaf(leaf: &Value) -> String {
    match leaf {
        Value::Array(items) => {
            format!("({})", items.iter().map(repr).collect::<Vec<_>>().join(", "))
        }
        other => repr(other),
    }
}

pub(super) fn quoted(text: &str) -> String {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(mark);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if character == mark => out.extend(['\\', mark]),
            _ => out.push(character),
        }
    }
    out.push(mark);
    out
}
