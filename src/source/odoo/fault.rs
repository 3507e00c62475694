//! What Odoo says when it refuses, and what that means here.
//!
//! Decided by the status of the answer, where the protocol gives it a meaning, and by
//! the class of the remote's exception. A few times these do not tell enough and Odoo
//! sends nothing better, so its untranslated text is looked at too: see [`Fault::kind`].

use serde_json::Value;

use super::settings::Settings;
use crate::error::{Error, Kind};
use crate::source::hint;

/// An exception of the remote.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    /// Status of the answer: 200 but for JSON-2.
    pub(super) status: u16,
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
        let data = error.get("data");
        let class = text(data.and_then(|data| data.get("name")));
        let message = match text(data.and_then(|data| data.get("message"))) {
            empty if empty.is_empty() => text(error.get("message")),
            message => message,
        };
        Fault { status: 200, class: short(&class), message }
    }

    /// From the body of a JSON-2 answer with another status than 200. Without the name
    /// of an exception it comes from something in front of Odoo, and is `None`.
    pub(super) fn from_status(status: u16, body: &Value) -> Option<Self> {
        let class = body.get("name")?.as_str()?;
        Some(Fault { status, class: short(class), message: text(body.get("message")) })
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
        Fault { status: 200, class, message: text.to_string() }
    }

    /// A Python traceback ends with `Class: message` behind the last frame; the
    /// message may have several lines.
    fn from_traceback(text: &str) -> Self {
        let frames = text.rfind("\n  File \"").map_or("", |at| text.get(at + 1..).unwrap_or_default());
        let tail: Vec<&str> = frames.lines().skip_while(|line| line.starts_with(' ')).collect();
        let last = if tail.is_empty() { text.trim_end().to_string() } else { tail.join("\n") };
        match last.split_once(": ") {
            Some((class, message)) if is_class(class) => {
                Fault { status: 200, class: class.to_string(), message: message.trim_end().to_string() }
            }
            _ => Fault { status: 200, class: last.trim_end().to_string(), message: String::new() },
        }
    }

    /// What it means here.
    pub(super) fn kind(&self, database: &str, asked: Asked<'_>) -> Kind {
        match self.class.as_str() {
            _ if self.status == 401 => Kind::Login,
            _ if self.status == 409 => Kind::Unavailable,
            _ if self.status == 400 => Kind::Internal,
            "werkzeug.exceptions.NotFound" if self.is_unknown_model(asked) => Kind::NoObject,
            "odoo.exceptions.AccessDenied" | "odoo.http.SessionExpiredException" => Kind::Login,
            "odoo.exceptions.AccessError" => Kind::Forbidden,
            "odoo.exceptions.UserError" if self.status == 200 && self.is_unknown_model(asked) => {
                Kind::NoObject
            }
            "psycopg2.OperationalError" if self.is_unknown_database(database) => Kind::NoDatabase,
            class if is_database_trouble(class) => Kind::Unavailable,
            "ValueError" if self.is_unknown_field() => Kind::NoField,
            _ => Kind::Remote,
        }
    }

    /// `odoo/service/model.py` raises a plain `UserError`, the controller of JSON-2 the
    /// same exception as for an unknown method. A question about rights or fields raises
    /// no other one; else its text has to match in full.
    fn is_unknown_model(&self, asked: Asked<'_>) -> bool {
        matches!(asked.method, "check_access_rights" | "has_access" | "fields_get")
            || self.message == format!("Object {} doesn't exist", asked.object)
            || self.message == format!("the model '{}' does not exist", asked.object)
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

    /// From 18 on a language that is not active is a plain `UserError` that names it, in whatever words.
    fn names_language(&self, settings: &Settings) -> bool {
        let named = settings.language.as_ref().is_some_and(|code| self.message.contains(code));
        named && self.class == "odoo.exceptions.UserError"
    }

    /// The error a person sees.
    pub(super) fn into_error(self, settings: &Settings, asked: Asked<'_>) -> Error {
        let kind = self.kind(&settings.database, asked);
        let (server, database, user) = (&settings.server, &settings.database, &settings.username);
        let Asked { object, method } = asked;
        let said = self.said(settings);
        match kind {
            Kind::Login if self.status == 401 => refused_key(settings),
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
                    .hint(perhaps_wrong_database(settings))
            }
            Kind::NoField => {
                Error::new(kind, format!("\"{server}\" lacks a field of \"{object}\"")).detail(said)
            }
            _ => {
                let error = Error::new(kind, format!("\"{server}\" refused {object}.{method}: {said}"));
                if self.names_language(settings) { error.hint(language_hint(settings)) } else { error }
            }
        }
    }

    /// Class and first line, without the password and short enough to be read.
    fn said(&self, settings: &Settings) -> String {
        let first = self.message.trim().lines().next().unwrap_or_default();
        let class = self.class.rsplit('.').next().unwrap_or_default();
        settings.way.redactor.line(format!("{class}: {first}").trim_end_matches([' ', ':']))
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_string()
}

/// A class with its module, but without Python's own.
fn short(class: &str) -> String {
    class.trim_start_matches("builtins.").to_string()
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
            | "odoo.exceptions.LockError"
            | "odoo.exceptions.ConcurrencyError"
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

/// The API key is not right. Odoo answers all the cases alike.
fn refused_key(settings: &Settings) -> Error {
    let Settings { server, username, .. } = settings;
    Error::new(Kind::Login, format!("\"{server}\" refused the API key of user \"{username}\""))
        .detail("it is unknown, has expired, was revoked, or is of another scope than rpc; JSON-2 takes no passwords")
        .hint(format!(
            "make a new key in Odoo (My Profile, Account Security), then: {}",
            hint::mapping(server, true, "password")
        ))
}

/// Odoo's page for a database that it does not offer, and for one that it cannot reach just now.
pub(super) fn no_database(settings: &Settings) -> Error {
    let Settings { server, database, .. } = settings;
    Error::new(
        Kind::Unavailable,
        format!("\"{server}\" does not offer or cannot reach the database \"{database}\""),
    )
    .detail("status 404 with a web page: Odoo shows the same one in both cases")
    .hint(perhaps_wrong_database(settings))
}

fn perhaps_wrong_database(settings: &Settings) -> String {
    let line = settings.way.set("database", "...");
    format!("try again later; if \"{}\" is the wrong database: {line}", settings.database)
}

fn forbidden_hint(settings: &Settings) -> String {
    let right = "give the remote user the right to read, then: select * from sync_check()";
    match settings.companies.is_empty() {
        true => right.to_string(),
        false => format!("{right}; its companies must hold those of the server option companies"),
    }
}

fn language_hint(settings: &Settings) -> String {
    let line = settings.way.set("language", "...");
    format!("activate it in Odoo (Settings, Translations, Languages), or name one that is active: {line}")
}
