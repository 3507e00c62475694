//! What Odoo says when it refuses, and what that means here.
//!
//! Decided by the status of the answer, where the protocol gives it a meaning, and by
//! the class of the remote's exception. A few times these do not tell enough and Odoo
//! sends nothing better, so its untranslated text is looked at too: see [`Fault::kind`].

use serde_json::{Map, Value};

use super::raw;
use super::refusal::{
    BAD_FILTER, OTHER_VERSION, forbidden_hint, language_hint, perhaps_wrong_database, refused_key,
    refused_login, wants_a_session,
};
use super::settings::Settings;
use crate::error::{Error, Kind};

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

    /// From the text of that member, of which only what is needed is read.
    pub(super) fn from_text(error: &str) -> Self {
        let texts = |text: &str, names: &[&str]| {
            let mut found = Map::new();
            let read = raw::members(text, |name, value| {
                if names.contains(&&*name)
                    && let Some(text) = raw::string(value)
                {
                    found.insert(name.into_owned(), Value::String(text));
                }
            });
            // What is no structure has no members.
            read.map_or_else(|_| Map::new(), |()| found)
        };
        let mut known = texts(error, &["message"]);
        let _ = raw::members(error, |name, value| {
            if name == "data" {
                known.insert("data".into(), Value::Object(texts(value, &["name", "message"])));
            }
        });
        Fault::from_json(&Value::Object(known))
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
            "odoo.exceptions.AccessDenied" | SESSION_EXPIRED => Kind::Login,
            "odoo.exceptions.AccessError" if self.is_private_method() => Kind::Remote,
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

    /// No right would help: the method is for nobody. `odoo/service/model.py`; where the
    /// text is translated it counts as a missing right.
    fn is_private_method(&self) -> bool {
        self.message.starts_with("Private methods (such as ")
    }

    /// A condition that is none, which only a filter of the entity's manifest can hold:
    /// `odoo/osv/expression.py`, `odoo/orm/domains.py`, and what PostgreSQL makes of a bad value.
    fn is_bad_domain(&self) -> bool {
        let begins = ["Invalid leaf ", "Invalid operator in condition ", "Invalid term "];
        let is_condition = begins.iter().any(|text| self.message.starts_with(text))
            || self.is_unknown_field()
                && [" in leaf (", " in condition ("].iter().any(|t| self.message.contains(t));
        self.class == "psycopg2.errors.InvalidDatetimeFormat" || self.class == "ValueError" && is_condition
    }

    /// The error a person sees.
    pub(super) fn into_error(self, settings: &Settings, asked: Asked<'_>) -> Error {
        let kind = self.kind(&settings.database, asked);
        let (server, database, user) = (&settings.server, &settings.database, &settings.username);
        let Asked { object, method } = asked;
        let original = self.said(settings);
        match kind {
            Kind::Login if self.status == 401 => refused_key(settings),
            Kind::Login if self.class == SESSION_EXPIRED => wants_a_session(settings),
            Kind::Login => refused_login(settings),
            Kind::Forbidden => {
                let message = format!("user \"{user}\" may not read \"{object}\" on \"{server}\"");
                Error { original, ..Error::new(kind, message) }.hint(forbidden_hint(settings))
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
                let message = format!("\"{server}\" lacks a field of \"{object}\"");
                let error = Error { original, ..Error::new(kind, message) };
                if self.is_bad_domain() { error.hint(BAD_FILTER) } else { error }
            }
            _ => {
                let message = format!("\"{server}\" refused {object}.{method}: {}", self.name(settings));
                let error = Error { original, ..Error::new(kind, message) };
                match (self.is_private_method(), self.is_bad_domain()) {
                    (true, _) => error.hint(OTHER_VERSION),
                    (_, true) => error.hint(BAD_FILTER),
                    _ if self.names_language(settings) => error.hint(language_hint(settings, "...")),
                    _ => error,
                }
            }
        }
    }

    /// The class without its module, and without the password.
    fn name(&self, settings: &Settings) -> String {
        match self.class.rsplit('.').next() {
            Some(name) if is_class(&self.class) => settings.way.redactor.line(name),
            _ => "an error without a class".into(),
        }
    }

    /// First line and the fields that are listed, without the password and short enough to be read; what stands
    /// where a class should be goes first. `None` where nothing is said.
    fn said(&self, settings: &Settings) -> Option<String> {
        let class = if is_class(&self.class) { "" } else { &self.class };
        let first = self.message.trim().lines().next().unwrap_or_default();
        let listed = self.message.lines().skip_while(|line| line.trim() != "Fields:");
        let listed = listed.take_while(|line| !line.trim().is_empty());
        let said: Vec<&str> = [class, first].into_iter().chain(listed).collect();
        Some(settings.way.redactor.line(said.join(" ").trim())).filter(|said| !said.is_empty())
    }
}

const SESSION_EXPIRED: &str = "odoo.http.SessionExpiredException";

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_string()
}

/// A class with its module, but without Python's own.
fn short(class: &str) -> String {
    class.trim_start_matches("builtins.").to_string()
}

/// A longer name is none of a class.
const LONGEST_CLASS: usize = 200;

fn is_class(text: &str) -> bool {
    (1..=LONGEST_CLASS).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
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
