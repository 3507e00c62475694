//! Why there is no answer: by the class of the driver's error, never by its text, which names
//! functions and advises a programmer.

use std::io;

use tiberius::error::Error as Driver;

use super::fault::{Asked, Fault};
use super::settings::{Encrypt, Settings};
use crate::error::{Error, Kind, Result};
use crate::source::hint;

/// Why an answer ended early.
#[derive(Debug)]
pub(super) enum Failure {
    Driver(Driver),
    /// More or other of it came than was asked for: what it is.
    Unasked(&'static str),
}

impl From<Driver> for Failure {
    fn from(error: Driver) -> Self {
        Failure::Driver(error)
    }
}

/// A failure on a connection that stands.
pub(super) fn of(settings: &Settings, failure: Failure, asked: Asked<'_>) -> Error {
    match failure {
        Failure::Driver(error) => of_driver(settings, error, asked),
        Failure::Unasked(what) => unasked(settings, what),
    }
}

fn of_driver(settings: &Settings, error: Driver, asked: Asked<'_>) -> Error {
    match error {
        Driver::Server(told) => {
            let (number, class) = (told.code(), told.class());
            Fault { number, class, message: told.message().to_string() }.into_error(settings, asked)
        }
        Driver::Io { kind: io::ErrorKind::TimedOut, .. } => slow(settings),
        Driver::Io { kind: io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput, message } => {
            strange(settings, &message)
        }
        Driver::Io { .. } => closed(settings),
        Driver::Tls(why) => insecure(settings, &why),
        other => strange(settings, &other.to_string()),
    }
}

/// An error of the driver while the connection is made secure and the login is sent.
pub(super) fn login(settings: &Settings, error: Driver) -> Error {
    match error {
        Driver::Io { kind: io::ErrorKind::TimedOut, .. } => dumb(settings),
        Driver::Io { kind: io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput, message } => {
            insecure(settings, &message)
        }
        Driver::Io { .. } => hung_up(settings),
        Driver::Protocol(why) => insecure(settings, &why),
        Driver::Routing { host, port } => {
            let target = settings.redactor.line(&host);
            Error::new(Kind::Config, format!("{} sends us on and on", settings.address()))
                .detail(format!("the last time to \"{target}:{port}\""))
                .hint(format!("name that one: {}", settings.set("host", &target)))
        }
        other => of_driver(settings, other, Asked::Session),
    }
}

/// No connection at all.
pub(super) fn unconnected(settings: &Settings, error: &io::Error) -> Error {
    use io::ErrorKind::*;
    let (why, detail) = match error.kind() {
        ConnectionRefused => (
            "connection refused",
            "nothing listens on this port, TCP is switched off there, or a firewall refuses",
        ),
        ConnectionReset | ConnectionAborted => {
            ("connection reset", "cut at once, by a firewall for instance")
        }
        HostUnreachable => ("no route to this host", "the network between is down, or the address is wrong"),
        NetworkUnreachable | NetworkDown => ("network unreachable", "this machine has no way there"),
        _ => ("no address for this name", "it is mistyped, or this machine cannot ask a name server"),
    };
    Error::new(Kind::Unreachable, format!("cannot connect to {}: {why}", settings.address()))
        .detail(detail)
        .hint(check(settings))
}

/// Nothing answered at all.
pub(super) fn silent(settings: &Settings) -> Error {
    let limit = settings.limits.connect_timeout;
    Error::new(Kind::Timeout, format!("no connection to {} within {limit:?}", settings.address()))
        .detail("nothing answered: a wrong port, or a firewall that drops packets")
        .hint(check(settings))
}

/// The connection stood, but nothing came for too long.
pub(super) fn slow(settings: &Settings) -> Error {
    let limit = settings.limits.request_timeout;
    Error::new(Kind::Timeout, format!("nothing came from {} within {limit:?}", settings.address()))
        .detail("the remote is busy, waits for a lock, or sorts the whole table because no index fits")
        .hint("wait longer: set erp_sync.request_timeout = '5min'; or make an index there on cursor and key")
}

/// A row, or what comes before the rows, that is larger than it may be.
pub(super) fn too_large(settings: &Settings, limit: usize) -> Error {
    if limit != settings.limits.longest_row() {
        return too_long(settings, limit);
    }
    Error::new(Kind::TooLarge, format!("a row of \"{}\" is larger than a row may be", settings.server))
        .detail(rest(limit))
        .hint("set erp_sync.max_response_bytes = '128MB', or leave its large column out of the manifest")
}

/// An answer that is to be short, and is not.
pub(super) fn too_long(settings: &Settings, limit: usize) -> Error {
    let address = settings.address();
    Error::new(Kind::TooLarge, format!("the answer of {address} is longer than any to this question"))
        .detail(rest(limit))
        .hint(check(settings))
}

fn rest(limit: usize) -> String {
    format!("more than {limit} bytes came, or what came took too much memory; the rest was not read")
}

/// More or other of something than was asked for.
fn unasked(settings: &Settings, what: &str) -> Error {
    Error::new(Kind::BadAnswer, format!("{} sends other {what} than were asked for", settings.address()))
        .detail("the rest was not read")
        .hint(check(settings))
}

/// Rows that do not come in the order that was asked for, or one row again and again.
pub(super) fn unordered(settings: &Settings) -> Error {
    Error::new(Kind::BadAnswer, format!("{} sends rows in another order than asked for", settings.address()))
        .detail("what came before is stored, the rest was not read")
        .hint("when the object is a view or a query, look there whether its key tells rows apart")
}

/// Whether the login may be sent on to this host, as the remote wants.
pub(super) fn may_follow(settings: &Settings, host: &str, port: u16) -> Result<()> {
    let target = settings.redactor.line(host);
    if !settings.follow_routing || !settings.is_verified() {
        let message = format!("{} wants the login sent on to another host", settings.address());
        return Err(Error::new(Kind::Config, message)
            .detail(format!(
                "to \"{target}:{port}\"; that is not done unless the option follow_routing says so"
            ))
            .hint(format!(
                "a gateway you trust: {}; or name the other host itself: {}",
                settings.set("follow_routing", "true"),
                settings.set("host", &target)
            )));
    }
    settings.hosts.admit(host, port)
}

fn closed(settings: &Settings) -> Error {
    let address = settings.address();
    Error::new(Kind::Unreachable, format!("{address} closed the connection before the answer was whole"))
        .detail("the network was cut, the remote was restarted, or somebody ended our session there")
        .hint("when it happens again, look into the remote's own error log")
}

fn dumb(settings: &Settings) -> Error {
    let (address, limit) = (settings.address(), settings.limits.connect_timeout);
    Error::new(Kind::Timeout, format!("{address} did not log us in within {limit:?}"))
        .detail("the connection stood: another service listens there, or one that speaks no TLS")
        .hint(without_tls(settings))
}

fn hung_up(settings: &Settings) -> Error {
    Error::new(Kind::Tls, format!("{} closed the connection while it was made secure", settings.address()))
        .detail("it is no SQL Server, or its TLS is too old: version 1.0, or ciphers that are given up")
        .hint(without_tls(settings))
}

fn strange(settings: &Settings, why: &str) -> Error {
    Error::new(Kind::BadAnswer, format!("{} does not answer as a SQL Server does", settings.address()))
        .detail("another service listens there, or something on the way changes what is sent")
        .original(settings.redactor.line(why))
        .hint(check(settings))
}

fn insecure(settings: &Settings, why: &str) -> Error {
    // What follows is the driver's advice to programmers.
    let why = why.split(" To connect anyway").next().unwrap_or_default();
    let error = Error::new(Kind::Tls, format!("no secure connection to {}", settings.address()));
    let error = error.detail(settings.redactor.line(why.trim_end_matches('.')));
    if is_of_versions(why) {
        return error.hint(newer_tls(settings));
    }
    match settings.encrypt {
        Encrypt::Plaintext => error.hint(format!(
            "the remote insists on encryption, so its certificate counts: {}",
            settings.set("ca", hint::CERTIFICATE)
        )),
        _ => error.hint(format!(
            "a certificate of your own authority: {}; any certificate: {}; a remote without TLS: {}",
            settings.set("ca", hint::CERTIFICATE),
            settings.set("trust_certificate", "true"),
            settings.set("encrypt", "plaintext")
        )),
    }
}

/// Whether both sides found no version of TLS, or no cipher, that both know: as our own TLS library names its alerts
/// and refusals.
fn is_of_versions(why: &str) -> bool {
    let named = [
        "ProtocolVersion",
        "HandshakeFailure",
        "InsufficientSecurity",
        "PeerIncompatible",
        "peer is incompatible",
    ];
    named.iter().any(|name| why.contains(name))
}

/// What to do about a TLS that is too old; plain text does not help where the remote insists on encryption.
fn newer_tls(settings: &Settings) -> String {
    let there = "it offers no TLS 1.2 or later: switch that on there (SQL Server 2012 and 2014 need an update for it)";
    match settings.encrypt {
        Encrypt::Plaintext => {
            format!("{there}, or set \"Force Encryption\" to No in its network configuration")
        }
        _ => format!(
            "{there}; or, in a network you trust and where it does not force encryption: {}",
            settings.set("encrypt", "plaintext")
        ),
    }
}

fn without_tls(settings: &Settings) -> String {
    match settings.encrypt {
        Encrypt::Plaintext => check(settings),
        _ => format!(
            "{}; an old remote without usable TLS, in a network you trust: {}",
            check(settings),
            settings.set("encrypt", "plaintext")
        ),
    }
}

fn check(settings: &Settings) -> String {
    format!("check host and port: {}, {}", settings.set("host", "..."), settings.set("port", "1433"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sqlserver::tests::fixture::remote;

    fn refused(encrypt: &str, why: &str) -> String {
        let mut remote = remote();
        remote.options.insert("encrypt".into(), encrypt.into());
        let settings = Settings::new(remote).unwrap();
        let error = Driver::Io { kind: io::ErrorKind::InvalidData, message: why.into() };
        login(&settings, error).hint.unwrap()
    }

    #[test]
    fn a_tls_that_is_too_old_is_no_matter_of_certificates() {
        for why in ["received fatal alert: ProtocolVersion", "received fatal alert: HandshakeFailure"] {
            for (encrypt, line) in
                [("plaintext", "\"Force Encryption\" to No"), ("require", "(set encrypt 'plaintext')")]
            {
                let hint = refused(encrypt, why);
                assert!(
                    hint.contains("TLS 1.2") && hint.contains(line) && !hint.contains("certificate"),
                    "{hint}"
                );
            }
        }
        let hint = refused("require", "invalid peer certificate: UnknownIssuer");
        assert!(hint.contains("certificate") && !hint.contains("TLS 1.2"), "{hint}");
    }
}
