//! What Odoo says when it refuses, and what that means here.
//!
//! Decided by the class of the remote's exception. Three times the class alone
//! does not tell enough and Odoo sends nothing better, so its untranslated text is
//! looked at too: see [`Fault::kind`].

use serde_json::Value;

use super::settings::Settings;
use crate::error::{Error, Kind};
use crate::source::hint;

/// An exception of the remote.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    /// Class of the exception with its module, without `builtins.`.
    pub(super) class: String,
    /// Its message, without the traceback.
    pub(super) message: String,
}

/// What was asked for when the fault came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Model, or the name of the service where there is no model.
    pub(super) object: &'a str,
    /// Method.
    pub(super) method: &'a str,
}

impl Fault {
    /// From the `error` member of a JSON-RPC answer. `error.code` is 200 for every
    /// exception of the application; `error.data.name` is the class.
    pub(super) fn from_json(error: &Value) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_string();
        let data = error.get("data");
        let class = text(data.and_then(|data| data.get("name")));
        let message = match text(data.and_then(|data| data.get("message"))) {
            empty if empty.is_empty() => text(error.get("message")),
            message => message,
        };
        Fault { class: class.trim_start_matches("builtins.").to_string(), message }
    }

    /// From an XML-RPC fault. The codes are those of `odoo/addons/base/controllers/rpc.py`:
    /// 1 anything unexpected (a traceback), 2 `UserError` and its kin, 3 `AccessDenied`, 4 `AccessError`.
    pub(super) fn from_xml(fault: &Value) -> Self {
        let text = fault.get("faultString").and_then(Value::as_str).unwrap_or_default();
        let class = match fault.get("faultCode") {
            Some(Value::Number(code)) => match code.to_string().as_str() {
                "1" => return Fault::from_traceback(text),
                "2" => "odoo.exceptions.UserError".to_string(),
                "3" => "odoo.exceptions.AccessDenied".to_string(),
                "4" => "odoo.exceptions.AccessError".to_string(),
                other => format!("fault {other}"),
            },
            _ => "fault without a code".to_string(),
        };
        Fault { class, message: text.to_string() }
    }

    /// A Python traceback ends with `Class: message` behind the last frame; the
    /// message may have several lines.
    fn from_traceback(text: &str) -> Self {
        let frames = text.rfind("\n  File \"").map_or("", |at| text.get(at + 1..).unwrap_or_default());
        let tail: Vec<&str> = frames.lines().skip_while(|line| line.starts_with(' ')).collect();
        let last = if tail.is_empty() { text.trim_end().to_string() } else { tail.join("\n") };
        match last.split_once(": ") {
            Some((class, message)) if is_class(class) => {
                Fault { class: class.to_string(), message: message.trim_end().to_string() }
            }
            _ => Fault { class: last.trim_end().to_string(), message: String::new() },
        }
    }

    /// What it means here.
    pub(super) fn kind(&self, database: &str, asked: Asked<'_>) -> Kind {
        match self.class.as_str() {
            "odoo.exceptions.AccessDenied" | "odoo.http.SessionExpiredException" => Kind::Login,
            "odoo.exceptions.AccessError" => Kind::Forbidden,
            "odoo.exceptions.UserError" if self.is_unknown_model(asked) => Kind::NoObject,
            "psycopg2.OperationalError" if self.is_unknown_database(database) => Kind::NoDatabase,
            class if is_database_trouble(class) => Kind::Unavailable,
            "ValueError" if self.is_unknown_field() => Kind::NoField,
            _ => Kind::Remote,
        }
    }

    /// `odoo/service/model.py` raises a plain `UserError`. A question about rights
    /// or fields raises no other one; else its text has to match in full.
    fn is_unknown_model(&self, asked: Asked<'_>) -> bool {
        matches!(asked.method, "check_access_rights" | "fields_get")
            || self.message == format!("Object {} doesn't exist", asked.object)
    }

    /// A connection that PostgreSQL refuses has no error code in psycopg2. Where its
    /// messages are translated this is not seen, and the database counts as out of order.
    fn is_unknown_database(&self, database: &str) -> bool {
        self.message.contains(&format!("database \"{database}\" does not exist"))
    }

    /// `odoo/models.py` and `odoo/osv/expression.py` raise a bare `ValueError`, never translated.
    fn is_unknown_field(&self) -> bool {
        self.message.starts_with("Invalid field ")
    }

    /// The error a person sees.
    pub(super) fn into_error(self, settings: &Settings, asked: Asked<'_>) -> Error {
        let kind = self.kind(&settings.database, asked);
        let (server, database, user) = (&settings.server, &settings.database, &settings.username);
        let Asked { object, method } = asked;
        let said = self.said(settings);
        match kind {
            Kind::Login => refused_login(settings),
            Kind::Forbidden => {
                Error::new(kind, format!("user \"{user}\" may not read \"{object}\" on \"{server}\""))
                    .detail(said)
                    .hint(forbidden_hint(settings))
            }
            Kind::NoObject => Error::new(kind, format!("\"{server}\" has no object \"{object}\"")),
            // The remote's own text names host and port of its database server.
            Kind::NoDatabase => Error::new(kind, format!("\"{server}\" has no database \"{database}\""))
                .hint(settings.way.set("database", "...")),
            Kind::Unavailable => {
                Error::new(kind, format!("the database behind \"{server}\" is out of order"))
                    .detail(self.class)
                    .hint(format!(
                        "try again later; if \"{database}\" is the wrong database: {}",
                        settings.way.set("database", "...")
                    ))
            }
            Kind::NoField => {
                Error::new(kind, format!("\"{server}\" lacks a field of \"{object}\"")).detail(said)
            }
            _ => Error::new(kind, format!("\"{server}\" refused {object}.{method}: {said}")),
        }
    }

    /// Class and first line, without the password and short enough to be read.
    fn said(&self, settings: &Settings) -> String {
        let first = self.message.trim().lines().next().unwrap_or_default();
        let class = self.class.rsplit('.').next().unwrap_or_default();
        settings.way.redactor.line(format!("{class}: {first}").trim_end_matches([' ', ':']))
    }
}

fn is_class(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
}

/// The remote's database is down, full, busy or was in somebody's way: Odoo has
/// already tried conflicts five times (`odoo/service/model.py`, `retrying`).
fn is_database_trouble(class: &str) -> bool {
    matches!(
        class,
        "psycopg2.OperationalError"
            | "psycopg2.InterfaceError"
            | "psycopg2.pool.PoolError"
            | "psycopg2.errors.SerializationFailure"
            | "psycopg2.errors.DeadlockDetected"
            | "psycopg2.errors.LockNotAvailable"
            | "psycopg2.errors.QueryCanceled"
            | "psycopg2.errors.AdminShutdown"
            | "psycopg2.errors.CrashShutdown"
            | "psycopg2.errors.CannotConnectNow"
            | "psycopg2.errors.TooManyConnections"
            | "psycopg2.errors.OutOfMemory"
            | "psycopg2.errors.DiskFull"
            | "MemoryError"
    )
}

/// User name or password is not right: the same error from both ways Odoo says it.
pub(super) fn refused_login(settings: &Settings) -> Error {
    let Settings { server, username, .. } = settings;
    Error::new(Kind::Login, format!("\"{server}\" refused user \"{username}\""))
        .detail("wrong user name, wrong password, or an API key that has expired or belongs to another user")
        .hint(hint::mapping(server, true, "password"))
}

fn forbidden_hint(settings: &Settings) -> String {
    let right = "give the remote user the right to read, then: select * from sync_check()";
    match settings.companies.is_empty() {
        true => right.to_string(),
        false => format!("{right}; its companies must hold those of the server option companies"),
    }
}
